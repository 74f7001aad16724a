/* Plasticity at a point: yield surfaces, return mapping, consistent tangent. Small strains, perfect
 * plasticity. Inner contract of fea/nonlinear.h.
 *
 *   von Mises        sqrt(3 J2) <= Y; Y is the compressive yield stress
 *   Drucker-Prager   sqrt(J2) + alpha I1 <= k, alpha = (Yc - Yt) / (sqrt3 (Yc + Yt)),
 *                    k = 2 Yc Yt / (sqrt3 (Yc + Yt)): uniaxial tension and compression return Yt
 * and Yc
 *
 * Plastic flow does not change the volume (dilation 0), so it is associated for von Mises only, and
 * the tangent of Drucker-Prager is not symmetric. Mean tension beyond the cone's tip returns to the
 * tip. Strains are engineering strains xx yy zz yz xz xy; stresses MPa in the same order.
 */
#ifndef QCT_FEA_PLASTIC_H
#define QCT_FEA_PLASTIC_H

#ifdef __cplusplus
extern "C" {
#endif

enum fea_yield { FEA_VON_MISES, FEA_DRUCKER_PRAGER };

struct fea_plastic_point {
  double young, poisson;
  double alpha, k; /* f = sqrt(J2) + alpha I1 - k */
};

/** alpha and k from the uniaxial yield stresses [MPa], both > 0. */
void fea_plastic_surface(struct fea_plastic_point *p, enum fea_yield kind, double tension,
                         double compression);
/** f of a stress [MPa]; > 0 is beyond yield. */
double fea_plastic_function(const struct fea_plastic_point *p, const double stress[6]);

/**
 * Stress of a total strain, from the plastic strain so far.
 * @param plastic  in: plastic strain before; out: after
 * @param tangent  [6][6] d stress / d strain (of engineering strains), or NULL
 * @return 1 when the point yields in this step, 0 when it stays elastic (tangent is then elastic)
 */
int fea_plastic_return(const struct fea_plastic_point *p, const double strain[6], double plastic[6],
                       double stress[6], double tangent[6][6]);

/** Elastic matrix for engineering strains. */
void fea_elastic_matrix(double young, double poisson, double c[6][6]);

#ifdef __cplusplus
}
#endif
#endif
