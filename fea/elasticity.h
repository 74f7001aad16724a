/* Elasticity of a voxel: isotropic, or orthotropic along the axes of the grid. The same for every
 * voxel but for a factor, its modulus; so caps of another material share the ratios of the bone.
 */
#ifndef QCT_FEA_ELASTICITY_H
#define QCT_FEA_ELASTICITY_H

#include "core/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Stress by strain for a modulus of 1: sigma_i = normal[i][j] epsilon_j, tau_i = shear[i] gamma_i.
 */
struct fea_elasticity {
  double normal[3][3];
  double shear[3]; /* yz, xz, xy */
};

/* Ratios to the modulus. Pairs of axes in the order yz, xz, xy: poisson[2] is nu_xy, the shortening
 * along y over the stretch along x under stress along x; nu_yx = nu_xy young_y / young_x. */
struct fea_orthotropy {
  double young[3], shear[3], poisson[3];
};

/** E = 1, shear modulus 1 / (2 (1 + nu)). */
void fea_elasticity_isotropic(struct fea_elasticity *out, double poisson);
/** The same along all axes and in all planes, to the last bit (cubic symmetry). */
bool fea_elasticity_is_cubic(const struct fea_elasticity *e);
/** @return ST_DOMAIN naming a ratio that is not above 0 (young, shear) or not finite, or Poisson's
 * ratios that would let a strain gain energy */
status fea_elasticity_orthotropic(struct fea_elasticity *out, const struct fea_orthotropy *ratio);

/* Constants by the fabric of trabecular bone (Zysset and Curnier): with m the eigenvalues of the
 * fabric tensor along the axes, young_i = m_i^(2 l), nu_ij = nu0 (m_i / m_j)^l, shear_ij = mu0
 * (m_i m_j)^l. */
struct fea_fabric {
  double eigenvalue[3]; /* sum 3; 1, 1, 1 is isotropic but for mu0 */
  double exponent;      /* l */
  double poisson;       /* nu0 */
  double shear;         /* mu0 / E0 */
};
/* Trabecular bone of the HFE material: E0 8632, mu0 3115 MPa, nu0 0.234, l 1; its modulus grows as
 * BV/TV^1.6. Source: hfe. An option, never a default: clinical CT shows no fabric. */
#define FEA_FABRIC_HFE                                                                             \
  { .eigenvalue = {1, 1, 1}, .exponent = 1, .poisson = 0.234, .shear = 3115. / 8632 }

/** @return ST_DOMAIN for an eigenvalue not above 0 or a sum off 3 by more than 1 % */
status fea_orthotropy_fabric(struct fea_orthotropy *out, const struct fea_fabric *fabric);

#ifdef __cplusplus
}
#endif
#endif
