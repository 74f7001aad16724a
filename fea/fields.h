/* What a solution means element by element: strain, stress, energy and how far each element is from
 * its limit. Values are at the element's centre, engineering strain (gamma) order xx yy zz yz xz
 * xy, along the grid's axes.
 */
#ifndef QCT_FEA_FIELDS_H
#define QCT_FEA_FIELDS_H

#include "fea/solve.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_fields {
  int64_t count;        /* elements, in order of the grid */
  int64_t *voxel;       /* owned, [count]: voxel of the grid */
  float *strain;        /* owned, [count][6] */
  float *tension;       /* owned, [count]: largest principal strain e1 */
  float *compression;   /* owned, [count]: smallest principal strain e3 (negative when shortened) */
  float *von_mises_mpa; /* owned, [count] */
  float *energy_mpa;    /* owned, [count]: strain energy density at the centre [N mm / mm3] */
};

status fea_fields_create(struct fea_fields **out, const struct fea_model *model,
                         const struct fea_solution *solution);
void fea_fields_destroy(struct fea_fields *f);

/** All other fields anew from `strain` (a sum of cases). */
void fea_fields_from_strain(struct fea_fields *f, const struct fea_model *model);

/** Eigenvalues of a symmetric strain (engineering shear), falling. */
void fea_principal(const double strain[6], double principal[3]);

#ifdef __cplusplus
}
#endif
#endif
