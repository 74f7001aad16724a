/* Inner contract of the nonlinear solutions: building the curve. */
#ifndef QCT_FEA_CURVE_H
#define QCT_FEA_CURVE_H

#include "fea/nonlinear.h"
#include "fea/solver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Force and displacement of a load case that is driven by a factor. */
struct fea_drive {
  double largest_mm;   /* of the prescribed displacements at factor 1 */
  double total_newton; /* sum of the sizes of the forces at factor 1 */
};

status fea_drive_make(struct fea_drive *out, const struct fea_model *m, const struct fea_case *c);
/** From internal forces (all dofs) and displacements at a factor. */
void fea_drive_read(const struct fea_drive *d, const struct fea_solver *s, const struct fea_case *c,
                    double factor, const double *internal, const double *u,
                    struct fea_curve_point *point);
status fea_curve_create(struct fea_curve **out);
status fea_curve_add(struct fea_curve *c, const struct fea_curve_point *p);
/** Peak, offset strength, fall. @param drop share of the peak at which it has fallen */
void fea_curve_finish(struct fea_curve *c, double offset);
/** Has the force fallen from its peak by the share? */
bool fea_curve_has_fallen(const struct fea_curve *c, double drop);

status fea_newton_run(struct fea_curve *curve, struct fea_solver *s, int load_case,
                      const struct fea_strength *strength, const struct fea_nonlinear_options *o);
status fea_secant_run(struct fea_curve *curve, struct fea_solver *s, int load_case,
                      const struct fea_strength *strength, const struct fea_nonlinear_options *o);

#ifdef __cplusplus
}
#endif
#endif
