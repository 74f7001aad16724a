/* The formulas that GLRLM, GLSZM, GLDZM and NGLDM share: a sparse matrix of counts over grey level
 * i and a second index j (run length, zone size, distance, dependence). Source: ibsi_manual */
#ifndef QCT_RADIOMICS_MATRIX_H
#define QCT_RADIOMICS_MATRIX_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rad_cell {
  int32_t level;  /* grey level i >= 1 */
  int64_t second; /* j >= 1 */
  double count;
};

/* In the order of features.def. */
enum rad_matrix_feature {
  RAD_M_SHORT,
  RAD_M_LONG,
  RAD_M_LOW,
  RAD_M_HIGH,
  RAD_M_SHORT_LOW,
  RAD_M_SHORT_HIGH,
  RAD_M_LONG_LOW,
  RAD_M_LONG_HIGH,
  RAD_M_LEVEL_NU,
  RAD_M_LEVEL_NU_NORM,
  RAD_M_SECOND_NU,
  RAD_M_SECOND_NU_NORM,
  RAD_M_PERCENTAGE,
  RAD_M_LEVEL_VARIANCE,
  RAD_M_SECOND_VARIANCE,
  RAD_M_ENTROPY,
  RAD_M_ENERGY,
  RAD_M_COUNT
};

/** Sort by level, then second index, and join equal cells; returns the new number. */
size_t rad_cells_join(struct rad_cell *cells, size_t n);

/**
 * All 17 (energy is NGLDM's alone).
 * @param[in] cells joined, n of them; reordered by this call
 * @param[in] voxels N_v of the percentage
 * @param[in] epsilon added inside the logarithm (0; pyradiomics: 2^-52)
 * NaN throughout when the matrix is empty.
 */
void rad_matrix_features(double out[RAD_M_COUNT], struct rad_cell *cells, size_t n, double voxels,
                         double epsilon);

#ifdef __cplusplus
}
#endif
#endif
