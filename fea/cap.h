/* Caps of PMMA over the bone at one end of a model axis, made of the columns that touch bone. Inner
 * contract of the load recipes. */
#ifndef QCT_FEA_CAP_H
#define QCT_FEA_CAP_H

#include "fea/model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_cap {
  int axis, side;         /* model axis 0, 1, 2; its low (0) or high (1) end */
  double thick_mm;        /* in all */
  double intrusion_mm;    /* how deep the bone sits in it */
  double modulus_mpa;     /* of PMMA: 2500 (ogo) */
  const uint8_t *contact; /* voxels that may touch the cap, borrowed; NULL: all bone */
};

/**
 * Fill, in every column that holds such bone within intrusion_mm of its extreme, the void from the
 * bone's surface out to a flat face thick_mm - intrusion_mm beyond the extreme. Columns with fewer
 * than five of eight neighbours that touch too are left out: a ragged outline would leave single
 * columns, which press into one element each.
 * @param[out] face  node plane of the outer face
 * @return ST_DOMAIN when less than one element lies in or out of the bone, nothing touches, or the
 *         grid has no room; ST_MEMORY
 */
status fea_cap_add(struct fea_model *m, const struct fea_cap *cap, int64_t *face);

#ifdef __cplusplus
}
#endif
#endif
