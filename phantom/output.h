/* What a phantom gives, and writing it into a folder:
 *   ct/ (DICOM) or ct.nii.gz, labels.nii.gz, params.json, truth.json, frame.json (hips),
 *   bodies.nii.gz (spines: the vertebral bodies alone),
 *   with --ideal also ideal.nii.gz (HU), density.nii.gz (K2HPO4) and coverage.nii.gz
 */
#ifndef QCT_PHANTOM_OUTPUT_H
#define QCT_PHANTOM_OUTPUT_H

#include "core/frame.h"
#include "core/volume.h"
#include "phantom/paint.h"

#include <cjson/cJSON.h>

struct phantom_result {
  struct volume *ct;       /* owned; HU as scanned */
  struct labels *labels;   /* owned, named */
  struct labels *bodies;   /* owned or NULL, named; vertebral bodies alone */
  struct volume *ideal;    /* owned or NULL; HU without blur and noise */
  struct volume *density;  /* owned or NULL; of ideal, mg/cm3 of K2HPO4 */
  struct volume *coverage; /* owned or NULL; volume fraction of the measured label */
  cJSON *params;           /* owned */
  cJSON *truth;            /* owned */
  struct hip_frame frame;
  int has_frame;
};
void phantom_result_free(struct phantom_result *r);
/** Image and labels go over from `p`. */
void phantom_result_take(struct phantom_result *r, struct painted *p);

enum phantom_format { PHANTOM_DICOM, PHANTOM_NIFTI };
extern const char *const phantom_format_names[];

struct phantom_output_options {
  int format;      /* enum phantom_format */
  uint64_t seed;   /* of the DICOM UIDs */
  int identifiers; /* 1: plant fictional identifiers (--phi); truth lists them */
  int padding;     /* value for no data */
  int reverse_instances;
};

/** Fictional identifiers of a seed; all obviously invented. */
struct phantom_identity {
  char name[64], id[32], birth_date[12], description[64];
};
void phantom_identity_make(struct phantom_identity *out, uint64_t seed);

/** @return ST_USAGE when the folder exists and !force */
status phantom_result_write(const struct phantom_result *r, const char *folder,
                            const struct phantom_output_options *options, const cJSON *provenance,
                            bool force);

/** Names for the labels of digital patients (TotalSegmentator's where it has one). */
status phantom_name_labels(struct labels *l, int rods);

#endif
