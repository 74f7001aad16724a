/* What every DICOM file of ours that is no image of the scan starts with: patient, study, series,
 * equipment. For the writers of reports, pictures and the like.
 *
 * Nothing of a person is written unless the caller gives it here; dates are fixed and UIDs come
 * from the seed, so that bytes are the same in every run. The study is that of a series that
 * dicom_series_write makes with the same seed, or the one that is named.
 *
 * Source: DICOM PS3.3 C.7.1.1 (patient), C.7.2.1 (study), C.7.5.1 (equipment).
 */
#ifndef QCT_CORE_DICOM_DOCUMENT_H
#define QCT_CORE_DICOM_DOCUMENT_H

#include "core/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

struct dicom_document {
  uint64_t seed;           /* of the UIDs */
  const char *patient_id;  /* NULL: empty */
  const char *study;       /* study instance UID; NULL: from the seed */
  const char *description; /* of the series; NULL: what the writer calls it */
};

/* What a writer adds. */
struct dicom_document_kind {
  const char *sop_class, *modality;
  const char *purpose; /* of the UIDs; also the description of the series */
  int series_number;
  const char *image_type, *conversion; /* of pictures; NULL: none */
  bool coded;                          /* names the coding scheme of this program, 99QCT */
};
#define DICOM_OWN_SCHEME "99QCT"

/** The head of the file and all attributes of groups 0008 to 0020 in their order.
 * @return ST_USAGE for a study that is no UID (digits and dots, at most 64) or a patient id of more
 *         than 64 bytes */
status dicom_document_begin(struct text *t, const struct dicom_document *d,
                            const struct dicom_document_kind *kind);

/**
 * A picture as a DICOM secondary capture: 8 bit RGB.
 * Source: DICOM PS3.3 A.8.1, C.8.6 (SC equipment and image).
 * @return as dicom_document_begin; ST_DOMAIN for more than 65535 rows or columns; ST_USAGE when
 *         there is a file and !force; ST_IO; ST_MEMORY
 */
status dicom_capture_write(const struct picture *p, const char *path,
                           const struct dicom_document *document, bool force);

#ifdef __cplusplus
}
#endif
#endif
