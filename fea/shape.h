/* Shape functions, quadrature and Jacobians of the elements of fea/mesh.h. Natural coordinates
 * (r, s, t): tetrahedra 0 <= r, s, t, r + s + t <= 1; hexahedra -1 .. 1. */
#ifndef QCT_FEA_SHAPE_H
#define QCT_FEA_SHAPE_H

#include "fea/mesh.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FEA_QUADRATURE_MOST = 8 };

/* Quadrature for the stiffness: exact for straight elements (tet4 1 point, tet10 4, hex8 2x2x2). */
struct fea_quadrature {
  int count;
  double at[FEA_QUADRATURE_MOST][3], weight[FEA_QUADRATURE_MOST];
};
void fea_quadrature_get(struct fea_quadrature *out, enum fea_element element);

/** Shape functions and their derivatives by r, s, t; either may be NULL. */
void fea_shape(enum fea_element element, const double at[3], double n[FEA_ELEMENT_MOST],
               double dn[FEA_ELEMENT_MOST][3]);
/** Natural coordinates of a node of the element. */
void fea_shape_node(enum fea_element element, int node, double at[3]);

/** Points of an element, [nodes][3]. */
void fea_element_points(const struct fea_mesh *m, int64_t element, double x[FEA_ELEMENT_MOST][3]);
/** Derivatives of the shape functions by x, y, z at `at`; returns det J. `g` may be NULL. */
double fea_gradients(enum fea_element element, const double x[FEA_ELEMENT_MOST][3],
                     const double at[3], double g[FEA_ELEMENT_MOST][3]);
/** Mean of a position over natural coordinates: where `at` lies. */
struct vec3 fea_position(enum fea_element element, const double x[FEA_ELEMENT_MOST][3],
                         const double at[3]);

/** Lower bound of det J over the element: tet4 exact; tet10 the least Bernstein coefficient of the
 * cubic (so > 0 proves that it is not inverted); hex8 the least of 27 points. */
double fea_least_jacobian(enum fea_element element, const double x[FEA_ELEMENT_MOST][3]);
/** Scaled Jacobian, 1 for the regular shape, <= 0 for an inverted one: over the corners, the least
 * of det / product of the three edge lengths, times sqrt 2 for tetrahedra (whose det is the same at
 * all corners); 10-node elements times fea_least_jacobian over the straight one, at most 1. */
double fea_scaled_jacobian(enum fea_element element, const double x[FEA_ELEMENT_MOST][3]);

#ifdef __cplusplus
}
#endif
#endif
