/* Keyak's law of femoral bone beyond yield: effective stress by effective strain, in four phases.
 *
 *   1 elastic to S = 102 rho^1.80 with E = 14900 rho^1.86
 *   2 plateau at S
 *   3 softening
 *   4 plateau at 43.1 rho^1.81
 *
 * rho is ash density [g/cm3]. Plateau and softening were measured on specimens of length b (15 mm
 * trabecular, 5 mm cortical) and are scaled to the element size a: the law holds for the size it is
 * scaled to, and softening is mesh-dependent. Source: keyak2005.
 */
#ifndef QCT_FEA_POST_YIELD_H
#define QCT_FEA_POST_YIELD_H

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_post_yield {
  double modulus;   /* E, MPa */
  double strength;  /* S, MPa */
  double yield;     /* strain at the end of phase 1 */
  double plateau;   /* strain width of phase 2 */
  double softening; /* slope of phase 3, MPa, negative */
  double residual;  /* stress of phase 4, MPa */
  double end;       /* strain at which phase 4 begins */
};

/** @param cortical  0: trabecular constants @param size_mm element edge
 * @return ST_DOMAIN for a density <= 0, or when E b <= |(b - a) Ep| (no softening can be scaled) */
status fea_post_yield_make(struct fea_post_yield *out, double rho_ash_gcc, int cortical,
                           double size_mm);
/** Effective stress [MPa] of an effective strain >= 0. */
double fea_post_yield_stress(const struct fea_post_yield *law, double strain);

#ifdef __cplusplus
}
#endif
#endif
