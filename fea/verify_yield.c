/* Problems beyond yield with known answers, on voxels and on tetrahedra. */
#include "fea/block_mesh.h"
#include "fea/nonlinear.h"
#include "fea/verify_parts.h"

#include <math.h>
#include <stdlib.h>

static status block(struct fea_model **out, float **yield, int64_t nx, int64_t ny, int64_t nz,
                    double h, double modulus, double yield_mpa) {
  status st = ST_OK;
  const struct geometry grid = geometry_make(nx, ny, nz, h, h, h);
  const int64_t n = nx * ny * nz;
  TRY(fea_model_create(out, &grid, 0.3));
  *yield = malloc((size_t)n * sizeof **yield);
  CHECK(*yield, ST_MEMORY, "verification: no memory");
  for (int64_t v = 0; v < n; v++) {
    (*out)->modulus[v] = (float)modulus;
    (*out)->part[v] = FEA_BONE;
    (*yield)[v] = (float)yield_mpa;
  }
done:
  return st;
}

/* Largest stress of one element of 1 mm between smooth plates, Yt 6 and Yc 9 MPa. */
static status one_element(double *computed, enum fea_material_rule rule, double u) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  float *compression = NULL;
  const float tension = 6;
  struct fea_nonlinear_options o = FEA_NONLINEAR_DEFAULTS;
  struct fea_curve *c = NULL;
  TRY(block(&m, &compression, 1, 1, 1, 1, 1000, 9));
  const struct fea_strength strength = {.tension = &tension, .compression = compression};
  for (int a = 0; a < 3; a++) TRY(fea_model_fix_plane(m, a, 0, a, 0));
  TRY(fea_model_fix_plane(m, 2, 1, 2, u));
  TRY(fea_model_finish(m));
  o.rule = rule;
  o.steps = 10;
  o.tolerance = 1e-8;
  TRY(fea_nonlinear_run(&c, m, 0, &strength, &o));
  *computed = c->peak_n;
done:
  fea_curve_destroy(c);
  fea_model_destroy(m);
  free(compression);
  return st;
}

static status pressed_cone(double *computed) {
  return one_element(computed, FEA_RULE_DRUCKER_PRAGER, -0.03);
}
static status pulled_cone(double *computed) {
  return one_element(computed, FEA_RULE_DRUCKER_PRAGER, 0.03);
}
static status pulled_von_mises(double *computed) {
  return one_element(computed, FEA_RULE_VON_MISES, 0.03);
}

static status bent(double *computed, double newton) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  float *yield = NULL;
  const double factor[2] = {0.8, 1};
  struct fea_nonlinear_options o = FEA_NONLINEAR_DEFAULTS;
  struct fea_curve *c = NULL;
  TRY(block(&m, &yield, 200, 1, 20, 0.5, 2e5, 120));
  const struct fea_strength strength = {.compression = yield};
  for (int a = 0; a < 3; a++) TRY(fea_model_fix_plane(m, 0, 0, a, 0));
  for (int64_t k = 0; k <= 20; k++)
    for (int64_t j = 0; j <= 1; j++)
      TRY(fea_model_load(m, fea_model_node(m, 200, j, k), 2, -newton / 20 / 2 / (k % 20 ? 1 : 2)));
  TRY(fea_model_finish(m));
  o.rule = FEA_RULE_VON_MISES;
  o.factor = factor;
  o.steps = 2;
  TRY(fea_nonlinear_run(&c, m, 0, &strength, &o));
  *computed = -c->displacement[fea_rows_dof(&m->rows, 200, 0, 10, 2)];
done:
  fea_curve_destroy(c);
  fea_model_destroy(m);
  free(yield);
  return st;
}

static status bent_half_way(double *computed) {
  return bent(computed, 12);
}

/* ---- tetrahedra ---- */

static const struct fea_mesh_solve_options direct = {
    .solver = FEA_SOLVER_MUMPS, .tolerance = 1e-8, .most_iterations = 100};

/* Yield stresses of every element [MPa]. */
static status yield_of_mesh(struct fea_strength *out, float **owned, const struct fea_mesh *m,
                            float tension, float compression) {
  status st = ST_OK;
  const int64_t n = m->element_count;
  float *all = malloc(2 * (size_t)n * sizeof *all);
  CHECK(all, ST_MEMORY, "verification: no memory");
  for (int64_t e = 0; e < n; e++) {
    all[e] = tension;
    all[n + e] = compression;
  }
  *owned = all;
  *out = (struct fea_strength){.tension = all, .compression = all + n};
done:
  return st;
}

/* Largest stress of a cube of 1 mm in six tetrahedra between smooth plates, by Drucker-Prager. */
static status cube_of(double *computed, enum fea_element element, double u) {
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct fea_strength strength;
  float *owned = NULL;
  struct fea_nonlinear_options o = FEA_NONLINEAR_DEFAULTS;
  struct fea_curve *c = NULL;
  TRY(fea_block_mesh(&m, element, 1, 1, 1, NULL, NULL, 1000));
  TRY(yield_of_mesh(&strength, &owned, m, 6, 9));
  for (int a = 0; a < 3; a++) TRY(fea_mesh_fix_plane(m, a, 0, a, 0));
  TRY(fea_mesh_fix_plane(m, 2, 1, 2, u));
  o.steps = 4;
  o.tolerance = 1e-8;
  TRY(fea_mesh_nonlinear_run(&c, m, NULL, &strength, &o, &direct));
  *computed = c->peak_n;
done:
  fea_curve_destroy(c);
  fea_mesh_destroy(m);
  free(owned);
  return st;
}

static status pressed_tet4(double *computed) {
  return cube_of(computed, FEA_TET4, -0.03);
}
static status pulled_tet4(double *computed) {
  return cube_of(computed, FEA_TET4, 0.03);
}
static status pressed_tet10(double *computed) {
  return cube_of(computed, FEA_TET10, -0.03);
}
static status pulled_tet10(double *computed) {
  return cube_of(computed, FEA_TET10, 0.03);
}

/* The cantilever in `along` x 1 x `up` cells of tetrahedra; tip deflection [mm] at 14.5 N. */
static status bent_mesh(double *computed, enum fea_element element, int along, int up) {
  static const double lengths[3] = {100, 0.5, 10}, factor[3] = {0.8, 0.95, 1};
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct fea_strength strength;
  float *owned = NULL;
  struct fea_nonlinear_options o = FEA_NONLINEAR_DEFAULTS;
  struct fea_curve *c = NULL;
  int64_t at_end = 0;
  TRY(fea_block_mesh(&m, element, along, 1, up, fea_block_box, lengths, 2e5));
  TRY(yield_of_mesh(&strength, &owned, m, 120, 120));
  for (int a = 0; a < 3; a++) TRY(fea_mesh_fix_plane(m, 0, 0, a, 0));
  for (int64_t n = 0; n < m->node_count; n++) at_end += m->points[3 * n] > 100 - 1e-6;
  for (int64_t n = 0; n < m->node_count; n++)
    if (m->points[3 * n] > 100 - 1e-6) TRY(fea_mesh_load(m, n, 2, -14.5 / (double)at_end));
  o.rule = FEA_RULE_VON_MISES;
  o.factor = factor;
  o.steps = 3;
  TRY(fea_mesh_nonlinear_run(&c, m, NULL, &strength, &o, &direct));
  *computed = c->point[c->count - 1].displacement_mm;
done:
  fea_curve_destroy(c);
  fea_mesh_destroy(m);
  free(owned);
  return st;
}

static status bent_tet4(double *computed) {
  return bent_mesh(computed, FEA_TET4, 100, 10);
}
static status bent_tet10(double *computed) {
  return bent_mesh(computed, FEA_TET10, 50, 6);
}

const struct fea_problem *fea_yield_problems(size_t *count) {
  static const struct fea_problem problems[] = {
      {"one element pressed, Drucker-Prager", "Yc A", "N", 9, 1e-6, pressed_cone},
      {"one element pulled, Drucker-Prager", "Yt A", "N", 6, 1e-6, pulled_cone},
      {"one element pulled, von Mises", "Y A", "N", 9, 1e-6, pulled_von_mises},
      {"cantilever beyond yield, against the beam", "elastoplastic beam at 12 N", "mm", 0.4852,
       0.006, bent_half_way},
      {"cantilever beyond yield, against FAIM", "FAIM manual 10.0, 7.7, 12 N", "mm", 0.4869, 0.01,
       bent_half_way},
      {"tet4: cube pressed, Drucker-Prager", "Yc A", "N", 9, 1e-6, pressed_tet4},
      {"tet4: cube pulled, Drucker-Prager", "Yt A", "N", 6, 1e-6, pulled_tet4},
      {"tet10: cube pressed, Drucker-Prager", "Yc A", "N", 9, 1e-6, pressed_tet10},
      {"tet10: cube pulled, Drucker-Prager", "Yt A", "N", 6, 1e-6, pulled_tet10},
      {"tet4: cantilever beyond yield, against the beam", "elastoplastic beam at 14.5 N", "mm",
       0.6835, 0.12, bent_tet4},
      {"tet10: cantilever beyond yield, against the beam", "elastoplastic beam at 14.5 N", "mm",
       0.6835, 0.02, bent_tet10},
  };
  *count = sizeof problems / sizeof problems[0];
  return problems;
}
