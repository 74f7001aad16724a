/* The features: what they are called, and the list of values that the families fill.
 *
 * A feature has one row in features.def; its id is RAD_<tag> of enum rad_feature. A value carries
 * the aggregation it was made with (IBSI manual section 3.6) and, when it could not be had, NaN
 * with a reason in words. Source: ibsi1, ibsi_manual
 */
#ifndef QCT_RADIOMICS_FEATURES_H
#define QCT_RADIOMICS_FEATURES_H

#include "core/status.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rad_family {
  RAD_MORPHOLOGY,
  RAD_LOCAL,
  RAD_STATISTICS,
  RAD_HISTOGRAM,
  RAD_IVH,
  RAD_GLCM,
  RAD_GLRLM,
  RAD_GLSZM,
  RAD_GLDZM,
  RAD_NGTDM,
  RAD_NGLDM,
  RAD_FLAT, /* shape of a one-slice ROI, outside the standard */
  RAD_FAMILY_COUNT
};

#define FEATURE(family, tag, code, name, unit, py_class, py_name) RAD_##tag,
enum rad_feature {
#include "radiomics/features.def"
  RAD_FEATURE_COUNT
};
#undef FEATURE

/* How matrices of slices and directions become one value. */
enum rad_aggregation {
  RAD_NOT_AGGREGATED,  /* DHQ4: no slices or directions are involved */
  RAD_2D_AVERAGED,     /* BTW3 (8QNN without directions) */
  RAD_2D_SLICE_MERGED, /* SUJT */
  RAD_25D_DIRECTION,   /* JJUI */
  RAD_25D_MERGED,      /* ZW7Z (62GR without directions) */
  RAD_3D_AVERAGED,     /* ITBB */
  RAD_3D_MERGED,       /* IAZD (KOBO without directions) */
  RAD_AGGREGATION_COUNT
};

struct rad_feature_info {
  enum rad_family family;
  const char *tag;      /* "cm_contrast" */
  const char *code;     /* "ACUI", "" outside the standard */
  const char *name;     /* "Contrast" */
  const char *unit;     /* I stands for the unit of the image */
  const char *py_class; /* "glcm", "" when pyradiomics lacks it */
  const char *py_name;  /* "Contrast" */
};

const struct rad_feature_info *rad_feature_info(enum rad_feature f);
/** "morphology", "local_intensity", ..., "ngldm", "shape2D". */
const char *rad_family_name(enum rad_family f);
/** Family of a name (also pyradiomics' class names), -1 when unknown. */
int rad_family_from_name(const char *name);
/** Feature of a tag, -1 when unknown. */
int rad_feature_from_tag(const char *tag);
/** Feature of a pyradiomics class and name, -1 when it has no counterpart. */
int rad_feature_from_pyradiomics(const char *py_class, const char *py_name);
/** "2D_averaged", ..., "3D_merged", "3D" for features without directions (`family` decides). */
const char *rad_aggregation_name(enum rad_aggregation a, enum rad_family family);
/** The four-character code of an aggregation for a family. */
const char *rad_aggregation_code(enum rad_aggregation a, enum rad_family family);
/** "2d_avg", "2d_s_mrg", "2.5d_d_mrg", "2.5d_v_mrg", "3d_avg", "3d_v_mrg"; "2d", "2.5d", "3d" for
 * families without directions; "" for the rest. */
const char *rad_aggregation_tag(enum rad_aggregation a, enum rad_family family);
/** Do matrices of this family have directions (GLCM and GLRLM)? */
int rad_family_directed(enum rad_family family);

struct rad_value {
  enum rad_feature feature;
  enum rad_aggregation aggregation;
  double value;       /* NaN: withheld */
  const char *reason; /* constant text, "" when there is a value */
};

/* Values in the order the families made them. */
struct rad_values {
  struct rad_value *items; /* owned */
  size_t count, capacity;
  int failed; /* an append ran out of memory */
};

/** Append; a NaN value takes `reason` (NULL: "not defined for this region"). */
void rad_values_add(struct rad_values *v, enum rad_feature f, enum rad_aggregation a, double value,
                    const char *reason);
/** Append n features that follow each other in features.def. */
void rad_values_add_block(struct rad_values *v, enum rad_feature first, int n,
                          enum rad_aggregation a, const double *values, const char *reason);
/** NULL when absent. Borrowed. */
const struct rad_value *rad_values_find(const struct rad_values *v, enum rad_feature f,
                                        enum rad_aggregation a);
status rad_values_check(const struct rad_values *v);
void rad_values_free(struct rad_values *v);

#ifdef __cplusplus
}
#endif
#endif
