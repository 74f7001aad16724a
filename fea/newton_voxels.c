/* Perfect plasticity of voxels. Internal forces are K u of the elastic operator less the
 * forces of the plastic strains, so elements that never yield cost nothing beyond the elastic
 * product.
 *
 * A rank keeps the state of all elements that touch its node planes. Those between two ranks are
 * kept by both, from the same displacements, so no forces travel: every rank adds to its own nodes,
 * in the order in which one process would. */
#include "fea/newton.h"

#include "core/parallel.h"
#include "fea/petsc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 8 };

struct element {
  int64_t first_dof[4]; /* stored dof of corner x = 0, component x, of node rows q = y + 2z */
  int32_t stride[4];    /* from one component to the next */
  int32_t slot;         /* of its tangent, -1 while no point yields */
  float modulus, alpha, k;
  float secant; /* share of the elastic stress that is left */
};

struct newton {
  struct fea_solver *s;
  const struct fea_petsc *petsc; /* the tangent need not be symmetric: GMRES */
  const struct fea_drive *drive;
  const struct fea_nonlinear_options *o;
  int points;
  double gradient[MOST_POINTS][8][3]; /* of the shape functions, 1/mm */
  double weight;                      /* mm3 of a point */
  int64_t plane_low, plane_high;      /* element planes that touch this rank's nodes */
  int64_t offset, owned;              /* stored dofs before its own; its own */
  struct element *element;            /* [count]: those that can yield, in order of the grid */
  int64_t *voxel;                     /* [count] */
  int64_t *plane_start;               /* [nz + 1]; empty outside plane_low .. plane_high */
  int64_t count, able;                /* here; on all ranks */
  double *committed, *trial;          /* plastic strain, [count][points][6] */
  float *tangent;                     /* D - C of the slots, [slots][points][36] */
  int64_t slots, slot_room;
  double *seen; /* stored dofs: displacement of the trial state, then what the tangent multiplies */
  struct multigrid *aged; /* preconditioner with secant moduli; NULL: the elastic one */
};

/* ---- set-up ---- */

static void make_gradients(struct newton *n, double h) {
  for (int p = 0; p < n->points; p++)
    for (int c = 0; c < 8; c++) {
      double at[3], sign[3];
      for (int a = 0; a < 3; a++) {
        at[a] = n->points == 1 ? 0 : (p >> a & 1 ? 1 : -1) / sqrt(3);
        sign[a] = c >> a & 1 ? 1 : -1;
      }
      for (int a = 0; a < 3; a++) {
        const int b = (a + 1) % 3, d = (a + 2) % 3;
        n->gradient[p][c][a] = sign[a] * (1 + sign[b] * at[b]) * (1 + sign[d] * at[d]) / 8 * 2 / h;
      }
    }
  n->weight = h * h * h / n->points;
}

static void place_element(struct element *e, const struct newton *n, int64_t i, int64_t j,
                          int64_t k) {
  const struct fea_rows *rows = &n->s->model->rows;
  for (int q = 0; q < 4; q++) {
    const int64_t row = (k + (q >> 1)) * (rows->ny + 1) + j + (q & 1);
    e->first_dof[q] = rows->node_start[row] + i - rows->node_first[row] - n->s->first + n->offset;
    e->stride[q] = rows->node_last[row] - rows->node_first[row];
  }
}

static bool can_yield(const struct newton *n, const struct fea_strength *s, int64_t v) {
  return n->s->model->modulus[v] > 0 && s->compression[v] > 0;
}

static bool on_rank(const struct newton *n, int64_t v) {
  const int64_t k = v / (n->s->model->grid.nx * n->s->model->grid.ny);
  return k >= n->plane_low && k < n->plane_high;
}

/* A rank owns the elements above its node planes. */
static bool owns(const struct newton *n, int64_t v) {
  const int64_t k = v / (n->s->model->grid.nx * n->s->model->grid.ny);
  return k >= n->s->mg->level[0].plane_first && k < n->plane_high;
}

/* Elements of the whole model, so that all ranks refuse alike. */
static status count_elements(struct newton *n, const struct fea_strength *strength) {
  status st = ST_OK;
  for (int64_t v = 0; v < geometry_voxels(&n->s->model->grid); v++) {
    if (!can_yield(n, strength, v)) continue;
    CHECK(
        n->o->rule == FEA_RULE_VON_MISES || strength->tension[v] > 0, ST_DOMAIN,
        "nonlinear solve: voxel %lld has a yield stress of %g MPa in compression and %g in tension",
        (long long)v, (double)strength->compression[v], (double)strength->tension[v]);
    n->able++;
    n->count += on_rank(n, v);
  }
  CHECK(n->able > 0, ST_DOMAIN, "nonlinear solve: no element has a yield stress above 0");
done:
  return st;
}

static void fill_element(struct newton *n, struct element *e, const struct fea_strength *strength,
                         int64_t v) {
  const struct fea_model *m = n->s->model;
  const int64_t nx = m->grid.nx, ny = m->grid.ny;
  const enum fea_yield kind = n->o->rule == FEA_RULE_VON_MISES ? FEA_VON_MISES : FEA_DRUCKER_PRAGER;
  struct fea_plastic_point p;
  fea_plastic_surface(&p, kind, kind == FEA_VON_MISES ? 0 : (double)strength->tension[v],
                      (double)strength->compression[v]);
  place_element(e, n, v % nx, v / nx % ny, v / (nx * ny));
  e->modulus = m->modulus[v];
  e->alpha = (float)p.alpha;
  e->k = (float)p.k;
  e->slot = -1;
  e->secant = 1;
}

static status list_elements(struct newton *n, const struct fea_strength *strength) {
  status st = ST_OK;
  const struct geometry *g = &n->s->model->grid;
  int64_t at = 0;
  TRY(count_elements(n, strength));
  const size_t room = (size_t)n->count + 1, values = room * (size_t)n->points * 6;
  n->element = malloc(room * sizeof *n->element);
  n->voxel = malloc(room * sizeof *n->voxel);
  n->plane_start = malloc((size_t)(g->nz + 1) * sizeof *n->plane_start);
  n->committed = calloc(values, sizeof *n->committed);
  n->trial = calloc(values, sizeof *n->trial);
  CHECK(n->element && n->voxel && n->plane_start && n->committed && n->trial, ST_MEMORY,
        "nonlinear solve: no memory for %lld elements", (long long)n->count);
  for (int64_t v = 0; v < geometry_voxels(g); v++) {
    if (v % (g->nx * g->ny) == 0) n->plane_start[v / (g->nx * g->ny)] = at;
    if (!can_yield(n, strength, v) || !on_rank(n, v)) continue;
    fill_element(n, &n->element[at], strength, v);
    n->voxel[at++] = v;
  }
  n->plane_start[g->nz] = at;
done:
  return st;
}

static status newton_open(struct newton *n, const struct fea_strength *strength) {
  status st = ST_OK;
  const struct fea_model *m = n->s->model;
  const struct fea_comm *comm;
  TRY(fea_petsc_open(&n->petsc, &comm));
  const struct mg_level *l = &n->s->mg->level[0];
  n->plane_low = l->plane_first > 0 ? l->plane_first - 1 : 0;
  n->plane_high = l->plane_last < m->grid.nz ? l->plane_last : m->grid.nz;
  n->offset = multigrid_offset(n->s->mg);
  n->owned = n->s->owned;
  make_gradients(n, m->grid.spacing[0]);
  TRY(list_elements(n, strength));
  n->seen = multigrid_vector(multigrid_stored(n->s->mg));
  CHECK(n->seen, ST_MEMORY, "nonlinear solve: no memory for %lld unknowns", (long long)n->owned);
done:
  return st;
}

static void newton_close(struct newton *n) {
  multigrid_destroy(n->aged);
  free(n->element);
  free(n->voxel);
  free(n->plane_start);
  free(n->committed);
  free(n->trial);
  free(n->tangent);
  free(n->seen);
}

/* ---- element kernels ---- */

static void point_strain(const struct newton *n, const struct element *e, int p, double strain[6]) {
  double g[3][3] = {{0}};
  for (int q = 0; q < 4; q++)
    for (int x = 0; x < 2; x++) {
      const double *d = n->gradient[p][2 * q + x];
      for (int a = 0; a < 3; a++) {
        const double value = n->seen[e->first_dof[q] + a * (int64_t)e->stride[q] + x];
        for (int b = 0; b < 3; b++) g[a][b] += value * d[b];
      }
    }
  for (int a = 0; a < 3; a++) {
    const int b = (a + 1) % 3, c = (a + 2) % 3;
    strain[a] = g[a][a];
    strain[3 + a] = g[b][c] + g[c][b];
  }
}

/* y += scale * B' stress, on the rank's own dofs; a row of nodes is all its own or not at all */
static void add_point_force(const struct newton *n, const struct element *e, int p,
                            const double stress[6], double scale, double *y) {
  const double s[3][3] = {{stress[0], stress[5], stress[4]},
                          {stress[5], stress[1], stress[3]},
                          {stress[4], stress[3], stress[2]}};
  for (int q = 0; q < 4; q++) {
    const int64_t first = e->first_dof[q] - n->offset;
    if (first < 0 || first >= n->owned) continue;
    for (int x = 0; x < 2; x++) {
      const double *d = n->gradient[p][2 * q + x];
      for (int a = 0; a < 3; a++)
        y[first + a * (int64_t)e->stride[q] + x] +=
            scale * (s[a][0] * d[0] + s[a][1] * d[1] + s[a][2] * d[2]);
    }
  }
}

/* Element planes of one parity share no node: they may run at once, and every node adds its planes
 * in one order, whatever the number of threads. */
// clang-format off
#define FOR_PLANES(n, k)                                                                           \
  for (int parity = 0; parity < 2; parity++)                                                       \
    _Pragma("omp parallel for schedule(dynamic, 1) num_threads(parallel_threads())")               \
    for (int64_t k = (n)->plane_low + (((n)->plane_low ^ parity) & 1); k < (n)->plane_high; k += 2)
// clang-format on

/* One element of a state: its plastic strains from the displacement, and what they take off the
 * elastic forces. Returns whether a point yields. */
static bool update_element(struct newton *n, int64_t i, double *internal) {
  struct element *e = &n->element[i];
  const struct fea_plastic_point point = {(double)e->modulus, n->s->model->poisson,
                                          (double)e->alpha, (double)e->k};
  bool yields = false;
  double kept = 0, elastic_work = 0, c[6][6];
  for (int p = 0; p < n->points; p++) {
    double *plastic = n->trial + (i * n->points + p) * 6, strain[6], stress[6];
    memcpy(plastic, n->committed + (i * n->points + p) * 6, 6 * sizeof *plastic);
    point_strain(n, e, p, strain);
    yields |= fea_plastic_return(&point, strain, plastic, stress, NULL) != 0;
    bool any = false;
    for (int a = 0; a < 6; a++) any = any || plastic[a] != 0;
    if (!any) continue;
    fea_elastic_matrix(point.young, point.poisson, c);
    double lost[6] = {0};
    for (int a = 0; a < 6; a++) {
      for (int b = 0; b < 6; b++) lost[a] += c[a][b] * plastic[b];
      kept += stress[a] * strain[a];
      elastic_work += (stress[a] + lost[a]) * strain[a];
    }
    add_point_force(n, e, p, lost, -n->weight, internal);
  }
  e->secant =
      elastic_work > 0 ? (float)fmin(1, fmax(FEA_NEWTON_LEAST_SECANT, kept / elastic_work)) : 1;
  return yields;
}

static void trial_forces(void *context, const double *u, double *internal) {
  struct newton *n = context;
  multigrid_spread(n->s->mg, u, n->seen);
  multigrid_apply(n->s->mg, MG_REACTION, n->seen + n->offset, internal);
  FOR_PLANES(n, k) {
    for (int64_t i = n->plane_start[k]; i < n->plane_start[k + 1]; i++)
      n->element[i].slot = update_element(n, i, internal) ? 0 : -1;
  }
}

/* Tangents of the points that yield in the state just evaluated, which n->seen still holds. */
static status make_tangents(struct newton *n) {
  status st = ST_OK;
  n->slots = 0;
  for (int64_t i = 0; i < n->count; i++)
    if (n->element[i].slot >= 0) n->element[i].slot = (int32_t)n->slots++;
  if (n->slots > n->slot_room) {
    float *more = realloc(n->tangent, (size_t)(n->slots * n->points * 36) * sizeof *more);
    CHECK(more, ST_MEMORY, "nonlinear solve: no memory for the tangents of %lld elements",
          (long long)n->slots);
    n->tangent = more;
    n->slot_room = n->slots;
  }
#pragma omp parallel for schedule(dynamic, 256) num_threads(parallel_threads())
  for (int64_t i = 0; i < n->count; i++) {
    const struct element *e = &n->element[i];
    if (e->slot < 0) continue;
    const struct fea_plastic_point point = {(double)e->modulus, n->s->model->poisson,
                                            (double)e->alpha, (double)e->k};
    double c[6][6], d[6][6], strain[6], plastic[6], stress[6];
    fea_elastic_matrix(point.young, point.poisson, c);
    for (int p = 0; p < n->points; p++) {
      memcpy(plastic, n->committed + (i * n->points + p) * 6, sizeof plastic);
      point_strain(n, e, p, strain);
      fea_plastic_return(&point, strain, plastic, stress, d);
      float *out = n->tangent + ((int64_t)e->slot * n->points + p) * 36;
      for (int a = 0; a < 36; a++) out[a] = (float)(d[a / 6][a % 6] - c[a / 6][a % 6]);
    }
  }
done:
  return st;
}

/* ---- the linear system of a Newton step ---- */

static void apply_tangent(void *context, const double *x, double *y) {
  struct newton *n = context;
  multigrid_spread(n->s->mg, x, n->seen);
  multigrid_apply(n->s->mg, MG_APPLY, n->seen + n->offset, y); /* PETSc's array has no padding */
  FOR_PLANES(n, k) {
    for (int64_t i = n->plane_start[k]; i < n->plane_start[k + 1]; i++) {
      const struct element *e = &n->element[i];
      if (e->slot < 0) continue;
      for (int p = 0; p < n->points; p++) {
        const float *d = n->tangent + ((int64_t)e->slot * n->points + p) * 36;
        double strain[6], stress[6] = {0};
        point_strain(n, e, p, strain);
        for (int a = 0; a < 6; a++)
          for (int b = 0; b < 6; b++) stress[a] += (double)d[6 * a + b] * strain[b];
        add_point_force(n, e, p, stress, n->weight, y);
      }
    }
  }
  for (int64_t f = 0; f < n->drive->supports; f++) y[n->drive->support[f].dof] = 0;
}

static void precondition(void *context, const double *r, double *z) {
  struct newton *n = context;
  multigrid_precondition(n->aged ? n->aged : n->s->mg, r, z);
}

/* A preconditioner of the secant moduli reached, on all ranks. */
static status renew_preconditioner(struct newton *n) {
  status st = ST_OK;
  struct fea_model softened = *n->s->model;
  const int64_t voxels = geometry_voxels(&softened.grid);
  softened.modulus = calloc((size_t)voxels, sizeof *softened.modulus);
  CHECK(softened.modulus, ST_MEMORY, "nonlinear solve: no memory");
  for (int64_t i = 0; i < n->count; i++) /* what is lost */
    if (owns(n, n->voxel[i]))
      softened.modulus[n->voxel[i]] = n->element[i].modulus * (n->element[i].secant - 1);
  n->s->comm->sum_float(softened.modulus, voxels);
  for (int64_t v = 0; v < voxels; v++) softened.modulus[v] += n->s->model->modulus[v];
  multigrid_destroy(n->aged);
  n->aged = NULL;
  TRY(multigrid_create(&n->aged, &softened, n->s->comm));
  n->aged->model = n->s->model;
done:
  free(softened.modulus);
  return st;
}

static status solve_tangent(void *context, const double *residual, double tolerance, double *step,
                            int *iterations) {
  status st = ST_OK;
  struct newton *n = context;
  struct fea_cg_result result;
  TRY(make_tangents(n));
  double slots = (double)n->slots;
  n->s->comm->sum(&slots, 1);
  const struct fea_cg problem = {.owned = n->s->owned,
                                 .context = n,
                                 .apply = apply_tangent,
                                 .precondition = precondition,
                                 .tolerance = tolerance,
                                 .most_iterations = 300,
                                 .threads = parallel_threads(),
                                 .unsymmetric = slots > 0 && n->o->rule == FEA_RULE_DRUCKER_PRAGER};
  CHECK(!n->petsc->conjugate_gradients(&result, &problem, residual, step), ST_EXTERNAL,
        "nonlinear solve: %s", result.words);
  *iterations = result.iterations;
  if (result.iterations > FEA_NEWTON_AGED) TRY(renew_preconditioner(n));
done:
  return st;
}

static double commit(void *context, uint8_t *marks) {
  struct newton *n = context;
  double yielded = 0;
  memcpy(n->committed, n->trial, (size_t)(n->count * n->points * 6) * sizeof *n->committed);
  for (int64_t i = 0; i < n->count; i++) {
    bool any = false;
    if (!owns(n, n->voxel[i])) continue;
    for (int a = 0; a < 6 * n->points; a++) any = any || n->committed[i * n->points * 6 + a] != 0;
    yielded += any;
    marks[n->voxel[i]] = any;
  }
  n->s->comm->sum(&yielded, 1);
  return yielded / (double)n->able;
}

static status whole(void *context, const double *u, double **out) {
  return fea_solver_whole(out, ((struct newton *)context)->s, u);
}

/* Force over displacement of the linear solution. */
static status elastic_stiffness(double *out, const struct newton *n, const double *elastic) {
  status st = ST_OK;
  struct fea_curve_point unit = {0};
  double *internal = multigrid_vector(n->s->owned);
  CHECK(internal, ST_MEMORY, "nonlinear solve: no memory");
  multigrid_apply(n->s->mg, MG_REACTION, elastic, internal);
  fea_drive_read(n->drive, 1, internal, elastic, &unit);
  *out = unit.force_n / unit.displacement_mm;
done:
  free(internal);
  return st;
}

status fea_newton_voxels(struct fea_curve *curve, struct fea_solver *s, int load_case,
                         const struct fea_strength *strength,
                         const struct fea_nonlinear_options *o) {
  status st = ST_OK;
  struct fea_drive drive = {0};
  struct newton n = {.s = s, .drive = &drive, .o = o, .points = o->points};
  struct fea_solution *elastic = NULL;
  TRY(fea_drive_of_model(&drive, s, &s->model->cases[load_case]));
  TRY(newton_open(&n, strength));
  TRY(fea_solver_case(&elastic, s, load_case));
  const double *own = elastic->displacement + s->first;
  curve->yielded = calloc((size_t)geometry_voxels(&s->model->grid), 1);
  CHECK(curve->yielded, ST_MEMORY, "nonlinear solve: no memory");
  TRY(elastic_stiffness(&curve->stiffness_n_mm, &n, own));
  const struct fea_newton problem = {.o = o,
                                     .drive = &drive,
                                     .unknowns = s->owned,
                                     .elastic = own,
                                     .context = &n,
                                     .forces = trial_forces,
                                     .solve = solve_tangent,
                                     .commit = commit,
                                     .whole = whole};
  TRY(fea_newton_walk(curve, &problem));
  TRY(fea_curve_join(curve, geometry_voxels(&s->model->grid), s->comm));
done:
  fea_solution_destroy(elastic);
  newton_close(&n);
  fea_drive_free(&drive);
  return st;
}
