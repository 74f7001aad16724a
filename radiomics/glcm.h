/* Features of one co-occurrence matrix; used by the family and by the maps. */
#ifndef QCT_RADIOMICS_GLCM_H
#define QCT_RADIOMICS_GLCM_H

#include "radiomics/features.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RAD_GLCM_FEATURES = RAD_cm_info_corr2 - RAD_cm_joint_max + 1 };

/* What the formulas need beside the matrix; scratch is reused between calls. */
struct rad_glcm {
  int ranks;        /* R: levels that occur */
  const int *level; /* borrowed, [R + 1], level[0] unused */
  int levels;       /* N_g of the normalised features */
  double epsilon;   /* inside logarithms: 0, or 2^-52 as pyradiomics */
  int with_mcc;     /* also the maximal correlation coefficient, after the 25 */
  double *scratch;  /* owned */
};

/** @return ST_MEMORY */
status rad_glcm_init(struct rad_glcm *g, int ranks, const int *level, int levels, double epsilon,
                     int with_mcc);
void rad_glcm_free(struct rad_glcm *g);

/**
 * @param[out] out RAD_GLCM_FEATURES (+ 1 with_mcc) values in the order of features.def; all NaN
 *             when the matrix is empty
 * @param[in] p counts, shape [R + 1][R + 1] with row and column 0 unused
 */
void rad_glcm_features(double *out, struct rad_glcm *g, const double *p);

#ifdef __cplusplus
}
#endif
#endif
