/* Elements of a DICOM file, explicit little endian, appended to a buffer; for the writers in this
 * folder. Want of memory shows in text_check at the end. Source: DICOM PS3.5 7.1.2 (explicit VR),
 * 7.5 (sequences, written with their lengths), B.2 (UIDs from a UUID), PS3.10 7.1 (meta elements).
 */
#ifndef QCT_CORE_DICOM_ELEMENT_H
#define QCT_CORE_DICOM_ELEMENT_H

#include "core/text.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Tag, VR, length, value padded to an even length: with a space; UIDs, OB and OW with NUL. */
void dicom_put_element(struct text *t, uint32_t tag, const char *vr, const void *value,
                       size_t length);
/** NULL is the empty value. */
void dicom_put_text(struct text *t, uint32_t tag, const char *vr, const char *value);
/** US or SS. */
void dicom_put_short(struct text *t, uint32_t tag, const char *vr, int value);
/** IS; NaN is the empty value. */
void dicom_put_integer(struct text *t, uint32_t tag, double value);
/** DS, as many digits as its 16 characters hold; ends before the first NaN. */
void dicom_put_decimals(struct text *t, uint32_t tag, const double *values, int count);
void dicom_put_decimal(struct text *t, uint32_t tag, double value);
/** AT: the value is a tag. */
void dicom_put_tag(struct text *t, uint32_t tag, uint32_t value);
/** FD: one number of 64 bits. */
void dicom_put_double(struct text *t, uint32_t tag, double value);
/** UL, at most 16. */
void dicom_put_longs(struct text *t, uint32_t tag, const uint32_t *values, int count);

/** One item of a sequence out of `body`, which is freed and empty afterwards. */
void dicom_put_item(struct text *items, struct text *body);
/** The sequence of `items`, which are freed and empty afterwards. */
void dicom_put_sequence(struct text *t, uint32_t tag, struct text *items);

/** A sequence of one coded entry. A value of more than 16 bytes goes into the long code value; the
 * meaning is cut at 64 bytes. */
void dicom_put_code(struct text *t, uint32_t tag, const char *value, const char *scheme,
                    const char *meaning);

/** Preamble and meta elements. */
void dicom_put_file_head(struct text *t, const char *sop_class, const char *uid);

/** 2.25.<128-bit number> from a digest of seed, purpose and number: the same in every run. */
void dicom_derive_uid(char out[64], uint64_t seed, const char *purpose, int64_t number);

#ifdef __cplusplus
}
#endif
#endif
