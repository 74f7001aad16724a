/* Keyak's four-phase law by secant moduli, for any kind of elements. Inner contract of
 * fea/nonlinear.h.
 *
 * In each step the modulus of an element is the effective stress over the effective strain it
 * reached, and never rises again. One linear solve a correction; the corrections of a step end when
 * no modulus changes by more than the tolerance allows.
 */
#ifndef QCT_FEA_SECANT_H
#define QCT_FEA_SECANT_H

#include "fea/curve.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One linear solution with given moduli. */
struct fea_secant_state {
  double *displacement; /* owned, at the factor asked for */
  double force_n, displacement_mm;
  int iterations;
};

struct fea_secant {
  const struct fea_nonlinear_options *o;
  const struct fea_strength *strength;
  const struct fea_drive *drive;
  int64_t count;    /* voxels or elements, those without bone too */
  double *modulus;  /* [count], MPa: those of the model on entry; 0 where there is no element */
  double *size_mm;  /* [count]: what the law is scaled to; NULL: all `edge_mm` */
  double edge_mm;   /* of all elements */
  float *effective; /* [count]: effective strain, filled in by `solve` */
  void *context;
  /** Solve with problem->modulus; strains, forces and displacement at `factor`. */
  status (*solve)(struct fea_secant_state *out, const struct fea_secant *problem, double factor);
};

/** Effective strain: uniaxial stress gives its axial strain. */
float fea_effective_strain(const float strain[6], double poisson);

/** Through all load factors; fills the curve. `modulus` ends at the secants.
 * @return ST_DOMAIN when no element has an ash density, one is too large for the law, or the case
 * is driven by forces */
status fea_secant_walk(struct fea_curve *curve, struct fea_secant *problem);

#ifdef __cplusplus
}
#endif
#endif
