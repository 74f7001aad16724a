/* Removing the person from DICOM CT images.
 *
 * Only elements on the list of core/deidentify_tags.def come through; everything else goes: all
 * private elements, overlays, curves, descriptions, names of people and places, unknown sequences.
 * That is stricter than the basic profile of DICOM PS3.15 annex E, with its options "retain patient
 * characteristics" (sex, age, size, weight) and, on request, "retain longitudinal information with
 * modified dates".
 *
 *   identifiers    PatientID, PatientName: pseudonym from HMAC-SHA-256(key, original id)
 *   UIDs           2.25.<number> from HMAC(key, UID): the same everywhere, so series stay together
 *   device         serial number and station: pseudonyms, so that drift of a scanner can be
 * followed dates          removed, or shifted by a number of days that depends on key and person
 *   ages           above 89 years become 90
 *   kept values    must look like what they are (numbers, code strings), else they go as well
 *
 * Pixels are not looked at: images that state burned-in annotation, secondary captures and anything
 * that is no CT image are left out and counted. Comments inside compressed pixel streams stay.
 * Who holds the key can link pseudonyms to identifiers: keep it where the identifiers are.
 */
#ifndef QCT_CORE_DEIDENTIFY_H
#define QCT_CORE_DEIDENTIFY_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct deidentify_options {
  const char *key; /* secret, at least 16 bytes */
  size_t key_length;
  bool shift_dates; /* else dates are removed */
};

struct deidentify_counts {
  int files, written;
  int not_dicom; /* no DICOM image */
  int not_ct;    /* another kind of image or object */
  int burned_in; /* states annotation in its pixels, or is a secondary capture */
  int elements_kept, elements_changed, elements_removed;
};

/**
 * De-identify every DICOM image below `folder` into `out`, a new folder:
 * <pseudonym>/<series>/<instance>.dcm, names made of pseudonyms. Made aside and renamed.
 * @return ST_USAGE when out exists; ST_DOMAIN when the key is too short, when nothing could be
 *         written, or when an identifier is found in the bytes of a result (nothing is kept then)
 */
status deidentify_folder(struct deidentify_counts *counts, const char *folder, const char *out,
                         const struct deidentify_options *options);

/* What happens to an element. */
enum deidentify_action {
  DEIDENTIFY_KEEP,     /* as it is, if it is a number, code or UID of the standard */
  DEIDENTIFY_UID,      /* replaced, consistently */
  DEIDENTIFY_DATE,     /* shifted or emptied */
  DEIDENTIFY_PERSON,   /* the person's pseudonym */
  DEIDENTIFY_DEVICE,   /* a pseudonym of the device */
  DEIDENTIFY_AGE,      /* kept up to 89 years */
  DEIDENTIFY_EMPTY,    /* emptied (type 2: must be there) */
  DEIDENTIFY_CONTRAST, /* "CONTRAST" or "NONE" instead of free text */
  DEIDENTIFY_SEQUENCE  /* its items are treated by this list */
};

struct deidentify_rule {
  unsigned group, element;
  enum deidentify_action action;
  const char *name; /* keyword of the standard */
};

/** The list, ordered by tag; everything not on it is removed. */
const struct deidentify_rule *deidentify_rules(size_t *count);
const char *deidentify_action_name(enum deidentify_action a);

/* ---- for core/module_deidentify.cc ---- */

/** HMAC-SHA-256 of purpose and text under the key, as hex. Source: RFC 2104 */
void deidentify_hmac(char hex[65], const struct deidentify_options *o, const char *purpose,
                     const char *text);

struct deidentify_result {
  char person[24], series[24], instance[40]; /* parts of the name of the result */
};

enum deidentify_outcome { DEIDENTIFIED, NOT_DICOM, NOT_CT, BURNED_IN };

/** One file. Writes `path_out` only when the outcome is DEIDENTIFIED. */
status deidentify_file(enum deidentify_outcome *outcome, struct deidentify_result *result,
                       struct deidentify_counts *counts, const char *path, const char *path_out,
                       const struct deidentify_options *o);

#ifdef __cplusplus
}
#endif
#endif
