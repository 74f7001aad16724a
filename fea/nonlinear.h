/* Loading a model beyond yield, voxels or a mesh of tetrahedra or hexahedra: displacement- or
 * force-controlled steps with perfect plasticity or with Keyak's four-phase law, and the
 * force-displacement curve.
 *
 * Plasticity (von Mises, Drucker-Prager): Newton steps with the consistent tangent, return mapping
 * implicit at the integration points, the elastic system's preconditioner throughout (made anew
 * with secant moduli when it has aged), step halving. Elements whose yield stress is 0 stay elastic
 * (caps). Keyak's law: secant moduli that only fall, solved until they settle in each step.
 *
 * One load case: its displacements and forces times a factor that goes from 0 to 1, or through a
 * list of factors. Under mpirun the ranks share the elements as in the linear solution. Their
 * number changes the rounding of the preconditioner, and so where within `tolerance` the
 * corrections end: one rank and two agree about a hundred times closer than that, far beyond yield
 * too (1e-5: 1e-7 at worst; 1e-8: 2e-11 on cubes with Drucker-Prager at 12 % shortening).
 *
 * Strength: the largest force reached. Perfect plasticity has no peak but a plateau, so the curve
 * says how it ended, and the offset strength is given beside: the force at which the curve is
 * `offset` of the full displacement away from its elastic line.
 */
#ifndef QCT_FEA_NONLINEAR_H
#define QCT_FEA_NONLINEAR_H

#include "core/table.h"
#include "core/text.h"
#include "fea/mesh_solve.h"
#include "fea/plastic.h"
#include "fea/solve.h"

#ifdef __cplusplus
extern "C" {
#endif

enum fea_material_rule { FEA_RULE_VON_MISES, FEA_RULE_DRUCKER_PRAGER, FEA_RULE_KEYAK };

/* What each voxel of the grid or element of a mesh yields at; arrays, borrowed. */
struct fea_strength {
  const float *tension, *compression; /* MPa; 0: elastic for ever */
  const float *ash_gcc;               /* for FEA_RULE_KEYAK; NaN or 0: elastic for ever */
  double cortical_gcc;                /* ash density from which bone counts as cortical */
  const float *share; /* for FEA_RULE_KEYAK: of an element that is bone; NULL: all of it */
};

struct fea_nonlinear_options {
  enum fea_material_rule rule;
  int points;           /* of a voxel for yield: 1 (centre) or 8; elements of a mesh yield at the
                           points of their stiffness (tet10 4, tet4 1, hex8 8) */
  int steps;            /* to the full load */
  const double *factor; /* borrowed; load factors instead of even steps, `steps` of them; or NULL */
  double tolerance;     /* out-of-balance force / force */
  int most_newton;      /* corrections in a step before it is halved */
  int most_halvings;
  double drop;                    /* stop when the force has fallen by this share of its peak */
  double offset;                  /* of the offset strength, share of the full displacement */
  struct fea_solve_options solve; /* of the first, elastic solution of voxels */
  void (*step)(void *user, double factor,
               const double *displacement); /* after each step; or NULL */
  void *user;
};
/* Steps, drop: fe-models. Offset 0.002: the 0.2 % of yield tests, for uniaxial cases. */
#define FEA_NONLINEAR_DEFAULTS                                                                     \
  {                                                                                                \
    .rule = FEA_RULE_DRUCKER_PRAGER, .points = 8, .steps = 40, .tolerance = 1e-5,                  \
    .most_newton = 20, .most_halvings = 5, .drop = 0.1, .offset = 0.05,                            \
    .solve = FEA_SOLVE_DEFAULTS                                                                    \
  }

struct fea_curve_point {
  double factor;
  double displacement_mm; /* of the loaded faces: work-conjugate mean */
  double force_n;
  double yielded; /* share of the elements that can yield */
  int corrections, iterations;
};

struct fea_curve {
  struct fea_curve_point *point; /* owned; point[0] is the unloaded model */
  int count, capacity;
  double stiffness_n_mm; /* elastic */
  double peak_n, peak_mm;
  double offset_n;      /* NaN when the curve does not leave its elastic line far enough */
  bool fell;            /* the force dropped after its peak */
  bool stuck;           /* no equilibrium was found beyond the last point */
  double *displacement; /* owned, [fea_rows_dofs] or [3 nodes], at the last point */
  uint8_t *yielded;     /* owned, per voxel or element, at the last point */
};

/** @return ST_DOMAIN for options outside their range, a case
 *          without load, or a density the four-phase law cannot take; as fea_solve for the elastic
 *          solution. A model that finds no equilibrium beyond some load is no error: `stuck`. */
status fea_nonlinear_run(struct fea_curve **out, const struct fea_model *model, int load_case,
                         const struct fea_strength *strength,
                         const struct fea_nonlinear_options *options);
/* Supports of a mesh that move together: the displacement of dof[i] is share[i] times one unknown,
 * along which no force acts. A flat end that turns on a hinge moves so. */
struct fea_coupled {
  int64_t *dof; /* owned, [count]: 3 node + axis */
  double *share;
  int64_t count;
};

/** The same for a mesh with its supports and forces. With Keyak's law an element counts as a cube
 * of its volume. @param coupled  supports of the mesh, whose displacements there are those of its
 * elastic solution; NULL: none. @return as above, from fea_mesh_check, and ST_DOMAIN for coupled
 * dofs that are no supports or have no share */
status fea_mesh_nonlinear_run(struct fea_curve **out, const struct fea_mesh *mesh,
                              const struct fea_coupled *coupled,
                              const struct fea_strength *strength,
                              const struct fea_nonlinear_options *options,
                              const struct fea_mesh_solve_options *solve);
void fea_curve_destroy(struct fea_curve *c);

/** factor, displacement [mm], force [N], yielded, corrections, iterations. */
status fea_curve_table(struct table **out, const struct fea_curve *c);
/** Force against displacement with the elastic line, the peak and the offset strength (SVG). */
status fea_curve_svg(struct text *out, const struct fea_curve *c);

#ifdef __cplusplus
}
#endif
#endif
