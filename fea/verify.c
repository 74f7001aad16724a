#include "fea/verify.h"

#include "fea/solve.h"
#include "fea/verify_parts.h"

#include <math.h>

static const struct fea_solve_options tight = {.tolerance = 1e-12, .most_iterations = 400};

static status block(struct fea_model **out, int64_t nx, int64_t ny, int64_t nz, double h,
                    double modulus, double poisson) {
  status st = ST_OK;
  const struct geometry grid = geometry_make(nx, ny, nz, h, h, h);
  TRY(fea_model_create(out, &grid, poisson));
  for (int64_t v = 0; v < nx * ny * nz; v++) {
    (*out)->modulus[v] = (float)modulus;
    (*out)->part[v] = FEA_BONE;
  }
done:
  return st;
}

/* Finish, solve, and sum the reactions along `axis` on the last node plane of that axis. */
static status end_force(double *force, struct fea_model *m, int axis) {
  status st = ST_OK;
  struct fea_solution *s = NULL;
  const int64_t last[3] = {m->grid.nx, m->grid.ny, m->grid.nz};
  double sum[3];
  TRY(fea_model_finish(m));
  TRY(fea_solve(&s, m, 0, &tight));
  fea_solution_plane_reaction(s, m, axis, last[axis], sum);
  *force = sum[axis];
done:
  fea_solution_destroy(s);
  return st;
}

static status bar(double *computed) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  TRY(block(&m, 6, 6, 6, 1, 6829, 0.3));
  TRY(fea_model_fix_plane(m, 2, 0, 2, 0));
  TRY(fea_model_fix_plane(m, 2, 6, 2, -0.06));
  TRY(fea_model_fix_plane(m, 0, 0, 0, 0));
  TRY(fea_model_fix_plane(m, 1, 0, 1, 0));
  TRY(end_force(computed, m, 2));
done:
  fea_model_destroy(m);
  return st;
}

static status confined_bar(double *computed) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  TRY(block(&m, 6, 6, 6, 1, 6829, 0.3));
  TRY(fea_model_fix_plane(m, 2, 0, 2, 0));
  TRY(fea_model_fix_plane(m, 2, 6, 2, -0.06));
  for (int a = 0; a < 2; a++) {
    TRY(fea_model_fix_plane(m, a, 0, a, 0));
    TRY(fea_model_fix_plane(m, a, 6, a, 0));
  }
  TRY(end_force(computed, m, 2));
done:
  fea_model_destroy(m);
  return st;
}

static status glued_cube(double *computed) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  TRY(block(&m, 6, 6, 6, 1, 6829, 0.3));
  for (int a = 0; a < 3; a++) {
    TRY(fea_model_fix_plane(m, 2, 0, a, 0));
    TRY(fea_model_fix_plane(m, 2, 6, a, a == 2 ? -0.06 : 0));
  }
  TRY(end_force(computed, m, 2));
done:
  fea_model_destroy(m);
  return st;
}

static status series(double *computed) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  TRY(block(&m, 6, 6, 12, 1, 1000, 0));
  for (int64_t v = 6 * 36; v < 12 * 36; v++) m->modulus[v] = 4000;
  for (int a = 0; a < 3; a++) TRY(fea_model_fix_plane(m, 2, 0, a, 0));
  TRY(fea_model_fix_plane(m, 2, 12, 2, -0.12));
  TRY(end_force(computed, m, 2));
done:
  fea_model_destroy(m);
  return st;
}

static status parallel_bars(double *computed) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  TRY(block(&m, 6, 6, 12, 1, 1000, 0));
  for (int64_t v = 0; v < 12 * 36; v++)
    if (v % 6 >= 3) m->modulus[v] = 4000;
  for (int a = 0; a < 3; a++) TRY(fea_model_fix_plane(m, 2, 0, a, 0));
  TRY(fea_model_fix_plane(m, 2, 12, 2, -0.12));
  TRY(end_force(computed, m, 2));
done:
  fea_model_destroy(m);
  return st;
}

/* Largest error of a linear field inside a block whose surface is prescribed, relative to its
 * largest displacement, plus 1 (so that the expected value is 1). */
static status patch(double *computed) {
  static const double g[3][3] = {{1e-3, 4e-4, -2e-4}, {-3e-4, -7e-4, 5e-4}, {6e-4, 2e-4, 3e-4}};
  status st = ST_OK;
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  const int64_t n = 8;
  double worst = 0, most = 0;
  TRY(block(&m, n, n, n, 0.5, 5000, 0.3));
  for (int64_t node = 0; node < (n + 1) * (n + 1) * (n + 1); node++) {
    int64_t at[3];
    bool inside = true;
    fea_model_node_index(m, node, at);
    for (int a = 0; a < 3; a++) inside = inside && at[a] > 0 && at[a] < n;
    for (int a = 0; a < 3 && !inside; a++)
      TRY(fea_model_fix(
          m, node, a, g[a][0] * (double)at[0] + g[a][1] * (double)at[1] + g[a][2] * (double)at[2]));
  }
  TRY(fea_model_finish(m));
  TRY(fea_solve(&s, m, 0, &tight));
  for (int64_t node = 0; node < (n + 1) * (n + 1) * (n + 1); node++) {
    int64_t at[3];
    double u[3];
    fea_model_node_index(m, node, at);
    fea_solution_at(s, m, at[0], at[1], at[2], u);
    for (int a = 0; a < 3; a++) {
      const double exact =
          g[a][0] * (double)at[0] + g[a][1] * (double)at[1] + g[a][2] * (double)at[2];
      worst = fmax(worst, fabs(u[a] - exact));
      most = fmax(most, fabs(exact));
    }
  }
  *computed = 1 + worst / most;
done:
  fea_solution_destroy(s);
  fea_model_destroy(m);
  return st;
}

/* Length 100, height 10 (z), width 0.5 (y), 10 N along z at the free end: tip deflection. */
static status cantilever(double *computed) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  double u[3];
  TRY(block(&m, 200, 1, 20, 0.5, 2e5, 0.3));
  for (int a = 0; a < 3; a++) TRY(fea_model_fix_plane(m, 0, 0, a, 0));
  for (int64_t k = 0; k <= 20; k++)
    for (int64_t j = 0; j <= 1; j++)
      TRY(fea_model_load(m, fea_model_node(m, 200, j, k), 2, -10. / 20 / 2 / (k % 20 ? 1 : 2)));
  TRY(fea_model_finish(m));
  TRY(fea_solve(&s, m, 0, NULL));
  fea_solution_at(s, m, 200, 0, 10, u);
  *computed = -u[2];
done:
  fea_solution_destroy(s);
  fea_model_destroy(m);
  return st;
}

static const struct fea_problem problems[] = {
    {"bar, free sides", "E A strain", "N", -2458.44, 1e-9, bar},
    {"bar, confined sides", "E A strain (1-nu)/((1+nu)(1-2nu))", "N",
     -6829 * 36 * 0.01 * 0.7 / (1.3 * 0.4), 1e-9, confined_bar},
    {"cube glued to plates", "FAIM manual 10.0, 7.1", "N", -2651, 4e-4, glued_cube},
    {"two materials in series", "A u / (l1/E1 + l2/E2)", "N", -576, 1e-9, series},
    {"two materials in parallel", "sum E A u / L", "N", -0.01 * 18 * 5000, 1e-9, parallel_bars},
    {"patch test, six strains (1 + error)", "linear field", "", 1, 1e-9, patch},
    {"cantilever, against the beam", "F L3 / (3 E I)", "mm", 0.4, 0.01, cantilever},
    {"cantilever, against FAIM", "FAIM manual 10.0, 7.6 (point not stated)", "mm", 0.4018, 2e-3,
     cantilever},
};
enum { PROBLEMS = sizeof problems / sizeof problems[0] };

status fea_verify(struct evidence *e) {
  status st = ST_OK;
  size_t others, yielding;
  const struct fea_problem *on_meshes = fea_mesh_problems(&others);
  const struct fea_problem *beyond = fea_yield_problems(&yielding);
  e->area = "finite elements";
  for (size_t p = 0; p < PROBLEMS + yielding + others; p++) {
    const struct fea_problem *one = p < PROBLEMS              ? &problems[p]
                                    : p < PROBLEMS + yielding ? &beyond[p - PROBLEMS]
                                                              : &on_meshes[p - PROBLEMS - yielding];
    double computed = NAN;
    st = one->solve(&computed);
    if (st) status_note("%s", one->name);
    TRY(st);
    TRY(evidence_add(e, one->name, one->from, one->unit, one->expected, computed,
                     one->permitted * fabs(one->expected)));
  }
done:
  return st;
}
