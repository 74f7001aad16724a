/* The feature families, one file each. Every function appends its features to `out`; values that
 * the region does not define are withheld with a reason. The region must be discretised for the
 * matrix families and the histogram. Threads: results do not depend on their number.
 * Sources: ibsi_manual (chapter 3), ibsi1
 */
#ifndef QCT_RADIOMICS_FAMILIES_H
#define QCT_RADIOMICS_FAMILIES_H

#include "radiomics/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/** HCUG. Mesh, principal axes, hull, densities; Moran and Geary unless s->skip_spatial. */
status rad_morphology(struct rad_values *out, const struct rad_roi *roi,
                      const struct rad_settings *s);
/** 9ST6. Spheres of 1 cm3; the image around the region counts. */
status rad_local_intensity(struct rad_values *out, const struct rad_roi *roi,
                           const struct rad_settings *s);
/** UHIW, on undiscretised intensities. */
status rad_statistics(struct rad_values *out, const struct rad_roi *roi,
                      const struct rad_settings *s);
/** ZVCW, on grey levels. */
status rad_histogram(struct rad_values *out, const struct rad_roi *roi,
                     const struct rad_settings *s);
/** P88C, with its own discretisation. */
status rad_ivh(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s);
/** LFYI. Six aggregations. */
status rad_glcm(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s);
/** TP0I. Six aggregations. */
status rad_glrlm(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s);
/** 9SAK and VMDZ from the same zones; families left out of s->families are not written. */
status rad_zones(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s);
/** IPET. */
status rad_ngtdm(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s);
/** REK0. */
status rad_ngldm(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s);
/** Shape of a one-slice region (pyradiomics' shape2D). */
status rad_flat_shape(struct rad_values *out, const struct rad_roi *roi,
                      const struct rad_settings *s);

/** All families of s->families in the order of features.def. */
status rad_features(struct rad_values *out, const struct rad_roi *roi,
                    const struct rad_settings *s);

/* Is an aggregation asked for? */
static inline bool rad_wants(const struct rad_settings *s, enum rad_aggregation a) {
  return (s->aggregations >> a) & 1u;
}

/** Mean of the rows that hold a value (first entry not NaN), NaN when none does; shape [n][width].
 */
void rad_mean_rows(double *out, const double *rows, int64_t n, int width);

/* Forward half of the 26 neighbours, the four in-plane directions first. */
extern const int rad_directions[13][3];

#ifdef __cplusplus
}
#endif
#endif
