/* Measurements as a DICOM structured report: an enhanced SR after template 1500 (imaging
 * measurement report), one measurement group a region, one NUM a measurement.
 *
 * Each NUM has its value as a number of 64 bits and as the decimal that a DICOM string holds, its
 * unit in UCUM (a unit without a UCUM code as an annotation, {unit}), method, publication, both
 * ends of the interval, and the flags as a comment. A withheld value has no number but the
 * qualifier "Measurement failure", and its reason as the comment. Quantities, regions and methods
 * are codes of this program's own scheme, 99QCT: their values are the keys of record.csv.
 *
 * Nothing of a person is written unless the document names it (core/dicom_document.h); the case of
 * the record is the tracking identifier of each group.
 *
 * Source: DICOM PS3.3 A.35.2 (enhanced SR), C.17 (SR modules); PS3.16 TID 1500, 1501, 300, 1001,
 * 1004, 1204, CID 42 (qualifiers); UCUM for units.
 */
#ifndef QCT_REPORT_DICOM_REPORT_H
#define QCT_REPORT_DICOM_REPORT_H

#include "core/dicom_document.h"
#include "core/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param r  of one case
 * @return ST_DOMAIN for a record without rows or of several cases; ST_USAGE when there is a file
 *         and !force, or for what dicom_document_begin refuses; ST_IO; ST_MEMORY
 */
status dicom_report_write(const struct record *r, const char *path,
                          const struct dicom_document *document, bool force);

/** UCUM code of a unit of the record. */
void dicom_report_unit(char out[40], const char *unit);

#ifdef __cplusplus
}
#endif
#endif
