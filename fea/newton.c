/* Perfect plasticity by Newton steps. Internal forces are K u of the elastic operator less the
 * forces of the plastic strains, so elements that never yield cost nothing beyond the elastic
 * product. */
#include "fea/curve.h"

#include "core/log.h"
#include "core/parallel.h"
#include "fea/petsc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 8, AGED_ITERATIONS = 30 };
#define LEAST_SECANT 0.02 /* of the modulus, in the preconditioner */

struct element {
  int64_t first_dof[4]; /* dof of corner x = 0, component x, of node rows q = y + 2z */
  int32_t stride[4];    /* from one component to the next */
  int32_t slot;         /* of its tangent, -1 while no point yields */
  float modulus, alpha, k;
  float secant; /* share of the elastic stress that is left */
};

struct newton {
  struct fea_solver *s;
  const struct fea_petsc *petsc; /* the tangent need not be symmetric: GMRES */
  const struct fea_case *load;
  const struct fea_nonlinear_options *o;
  int points;
  double gradient[MOST_POINTS][8][3]; /* of the shape functions, 1/mm */
  double weight;                      /* mm3 of a point */
  struct element *element;            /* [count]: those that can yield, in order of the grid */
  int64_t *voxel;                     /* [count] */
  int64_t *plane_start;               /* [nz + 1] */
  int64_t count;
  double *committed, *trial; /* plastic strain, [count][points][6] */
  float *tangent;            /* D - C of the slots, [slots][points][36] */
  int64_t slots, slot_room;
  int64_t *fixed_dof;
  double *u, *next, *before, *elastic; /* displacement: reached, tried, one step before, unit */
  double *internal, *residual, *step, *direction;
  struct multigrid *aged; /* preconditioner with secant moduli; NULL: the elastic one */
  int iterations;         /* of the last linear solve */
  double scale;           /* largest force norm so far: residuals are relative to it */
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

static void place_element(struct element *e, const struct fea_rows *rows, int64_t i, int64_t j,
                          int64_t k) {
  for (int q = 0; q < 4; q++) {
    const int64_t row = (k + (q >> 1)) * (rows->ny + 1) + j + (q & 1);
    e->first_dof[q] = rows->node_start[row] + i - rows->node_first[row];
    e->stride[q] = rows->node_last[row] - rows->node_first[row];
  }
}

static status list_elements(struct newton *n, const struct fea_strength *strength) {
  status st = ST_OK;
  const struct fea_model *m = n->s->model;
  const int64_t nx = m->grid.nx, ny = m->grid.ny, voxels = geometry_voxels(&m->grid);
  const enum fea_yield kind = n->o->rule == FEA_RULE_VON_MISES ? FEA_VON_MISES : FEA_DRUCKER_PRAGER;
  for (int64_t v = 0; v < voxels; v++)
    n->count += m->modulus[v] > 0 && strength->compression[v] > 0;
  CHECK(n->count > 0, ST_DOMAIN, "nonlinear solve: no element has a yield stress above 0");
  n->element = malloc((size_t)n->count * sizeof *n->element);
  n->voxel = malloc((size_t)n->count * sizeof *n->voxel);
  n->plane_start = malloc((size_t)(m->grid.nz + 1) * sizeof *n->plane_start);
  n->committed = calloc((size_t)(n->count * n->points * 6), sizeof *n->committed);
  n->trial = calloc((size_t)(n->count * n->points * 6), sizeof *n->trial);
  CHECK(n->element && n->voxel && n->plane_start && n->committed && n->trial, ST_MEMORY,
        "nonlinear solve: no memory for %lld elements", (long long)n->count);
  int64_t at = 0;
  for (int64_t v = 0; v < voxels; v++) {
    if (v % (nx * ny) == 0) n->plane_start[v / (nx * ny)] = at;
    if (!(m->modulus[v] > 0) || !(strength->compression[v] > 0)) continue;
    struct fea_plastic_point p;
    CHECK(
        kind == FEA_VON_MISES || strength->tension[v] > 0, ST_DOMAIN,
        "nonlinear solve: voxel %lld has a yield stress of %g MPa in compression and %g in tension",
        (long long)v, (double)strength->compression[v], (double)strength->tension[v]);
    fea_plastic_surface(&p, kind, kind == FEA_VON_MISES ? 0 : (double)strength->tension[v],
                        (double)strength->compression[v]);
    struct element *e = &n->element[at];
    place_element(e, &m->rows, v % nx, v / nx % ny, v / (nx * ny));
    e->modulus = m->modulus[v];
    e->alpha = (float)p.alpha;
    e->k = (float)p.k;
    e->slot = -1;
    e->secant = 1;
    n->voxel[at++] = v;
  }
  n->plane_start[m->grid.nz] = at;
done:
  return st;
}

static status newton_open(struct newton *n, const struct fea_strength *strength) {
  status st = ST_OK;
  const struct fea_model *m = n->s->model;
  const struct fea_comm *comm;
  TRY(fea_petsc_open(&n->petsc, &comm));
  make_gradients(n, m->grid.spacing[0]);
  TRY(list_elements(n, strength));
  n->fixed_dof = malloc((size_t)m->fixed_count * sizeof *n->fixed_dof);
  double **vectors[] = {&n->u,        &n->next,     &n->before, &n->direction,
                        &n->internal, &n->residual, &n->step};
  for (size_t v = 0; v < sizeof vectors / sizeof vectors[0]; v++) {
    *vectors[v] = multigrid_vector(n->s->owned);
    CHECK(*vectors[v], ST_MEMORY, "nonlinear solve: no memory for %lld unknowns",
          (long long)n->s->owned);
  }
  CHECK(n->fixed_dof, ST_MEMORY, "nonlinear solve: no memory");
  for (int64_t f = 0; f < m->fixed_count; f++)
    n->fixed_dof[f] = fea_solver_dof(n->s, m->fixed[f].node, m->fixed[f].axis);
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
  free(n->fixed_dof);
  free(n->u);
  free(n->next);
  free(n->before);
  free(n->elastic);
  free(n->internal);
  free(n->residual);
  free(n->step);
  free(n->direction);
}

/* ---- element kernels ---- */

static void point_strain(const struct newton *n, const struct element *e, int p, const double *u,
                         double strain[6]) {
  double g[3][3] = {{0}};
  for (int q = 0; q < 4; q++)
    for (int x = 0; x < 2; x++) {
      const double *d = n->gradient[p][2 * q + x];
      for (int a = 0; a < 3; a++) {
        const double value = u[e->first_dof[q] + a * (int64_t)e->stride[q] + x];
        for (int b = 0; b < 3; b++) g[a][b] += value * d[b];
      }
    }
  for (int a = 0; a < 3; a++) {
    const int b = (a + 1) % 3, c = (a + 2) % 3;
    strain[a] = g[a][a];
    strain[3 + a] = g[b][c] + g[c][b];
  }
}

/* y += scale * B' stress */
static void add_point_force(const struct newton *n, const struct element *e, int p,
                            const double stress[6], double scale, double *y) {
  const double s[3][3] = {{stress[0], stress[5], stress[4]},
                          {stress[5], stress[1], stress[3]},
                          {stress[4], stress[3], stress[2]}};
  for (int q = 0; q < 4; q++)
    for (int x = 0; x < 2; x++) {
      const double *d = n->gradient[p][2 * q + x];
      for (int a = 0; a < 3; a++)
        y[e->first_dof[q] + a * (int64_t)e->stride[q] + x] +=
            scale * (s[a][0] * d[0] + s[a][1] * d[1] + s[a][2] * d[2]);
    }
}

/* Element planes of one parity share no node: they may run at once, and every node adds its planes
 * in one order, whatever the number of threads. */
#define FOR_PLANES(n, k)                                                                           \
  for (int parity = 0; parity < 2; parity++)                                                       \
  _Pragma(                                                                                         \
      "omp parallel for schedule(dynamic, 1) num_threads(parallel_threads())") for (int64_t k =    \
                                                                                        parity;    \
                                                                                    k <            \
                                                                                    (n)->s->model  \
                                                                                        ->grid.nz; \
                                                                                    k += 2)

/* One element of a state: its plastic strains from the displacement, and what they take off the
 * elastic forces. Returns whether a point yields. */
static bool update_element(struct newton *n, int64_t i, const double *u, double *internal) {
  struct element *e = &n->element[i];
  const struct fea_plastic_point point = {(double)e->modulus, n->s->model->poisson,
                                          (double)e->alpha, (double)e->k};
  bool yields = false;
  double kept = 0, elastic_work = 0, c[6][6];
  for (int p = 0; p < n->points; p++) {
    double *plastic = n->trial + (i * n->points + p) * 6, strain[6], stress[6];
    memcpy(plastic, n->committed + (i * n->points + p) * 6, 6 * sizeof *plastic);
    point_strain(n, e, p, u, strain);
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
  e->secant = elastic_work > 0 ? (float)fmin(1, fmax(LEAST_SECANT, kept / elastic_work)) : 1;
  return yields;
}

/* Internal forces of n->next; residual on free dofs. Returns |residual| / |largest force so far|.
 */
static double evaluate(struct newton *n, double factor) {
  const struct fea_model *m = n->s->model;
  double sum = 0, reference = 0, applied = 0;
  multigrid_apply(n->s->mg, MG_REACTION, n->next, n->internal);
  FOR_PLANES(n, k) {
    for (int64_t i = n->plane_start[k]; i < n->plane_start[k + 1]; i++)
      n->element[i].slot = update_element(n, i, n->next, n->internal) ? 0 : -1;
  }
  for (int64_t i = 0; i < n->s->owned; i++) n->residual[i] = -n->internal[i];
  for (int64_t f = 0; f < n->load->force_count; f++) {
    const struct fea_force *one = &n->load->force[f];
    n->residual[fea_solver_dof(n->s, one->node, one->axis)] += factor * one->newton;
    applied += factor * one->newton * factor * one->newton;
  }
  for (int64_t f = 0; f < m->fixed_count; f++) {
    reference += n->internal[n->fixed_dof[f]] * n->internal[n->fixed_dof[f]];
    n->residual[n->fixed_dof[f]] = 0;
  }
  for (int64_t i = 0; i < n->s->owned; i++) sum += n->residual[i] * n->residual[i];
  n->scale = fmax(n->scale, sqrt(fmax(reference, applied)));
  return n->scale > 0 ? sqrt(sum) / n->scale : 0;
}

/* Tangents of the points that yield in the state just evaluated. */
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
      point_strain(n, e, p, n->next, strain);
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
  memcpy(n->direction, x, (size_t)n->s->owned * sizeof *x); /* PETSc's array has no padding */
  multigrid_apply(n->s->mg, MG_APPLY, n->direction, y);
  FOR_PLANES(n, k) {
    for (int64_t i = n->plane_start[k]; i < n->plane_start[k + 1]; i++) {
      const struct element *e = &n->element[i];
      if (e->slot < 0) continue;
      for (int p = 0; p < n->points; p++) {
        const float *d = n->tangent + ((int64_t)e->slot * n->points + p) * 36;
        double strain[6], stress[6] = {0};
        point_strain(n, e, p, x, strain);
        for (int a = 0; a < 6; a++)
          for (int b = 0; b < 6; b++) stress[a] += (double)d[6 * a + b] * strain[b];
        add_point_force(n, e, p, stress, n->weight, y);
      }
    }
  }
  for (int64_t f = 0; f < n->s->model->fixed_count; f++) y[n->fixed_dof[f]] = 0;
}

static void precondition(void *context, const double *r, double *z) {
  struct newton *n = context;
  multigrid_precondition(n->aged ? n->aged : n->s->mg, r, z);
}

/* A preconditioner of the secant moduli reached. */
static status renew_preconditioner(struct newton *n) {
  status st = ST_OK;
  struct fea_model softened = *n->s->model;
  const size_t voxels = (size_t)geometry_voxels(&softened.grid);
  softened.modulus = malloc(voxels * sizeof *softened.modulus);
  CHECK(softened.modulus, ST_MEMORY, "nonlinear solve: no memory");
  memcpy(softened.modulus, n->s->model->modulus, voxels * sizeof *softened.modulus);
  for (int64_t i = 0; i < n->count; i++) softened.modulus[n->voxel[i]] *= n->element[i].secant;
  multigrid_destroy(n->aged);
  n->aged = NULL;
  TRY(multigrid_create(&n->aged, &softened, NULL));
  n->aged->model = n->s->model;
done:
  free(softened.modulus);
  return st;
}

static status solve_tangent(struct newton *n, double tolerance) {
  status st = ST_OK;
  struct fea_cg_result result;
  const struct fea_cg problem = {.owned = n->s->owned,
                                 .context = n,
                                 .apply = apply_tangent,
                                 .precondition = precondition,
                                 .tolerance = tolerance,
                                 .most_iterations = 300,
                                 .threads = parallel_threads(),
                                 .unsymmetric =
                                     n->slots > 0 && n->o->rule == FEA_RULE_DRUCKER_PRAGER};
  memset(n->step, 0, (size_t)n->s->owned * sizeof *n->step);
  CHECK(!n->petsc->conjugate_gradients(&result, &problem, n->residual, n->step), ST_EXTERNAL,
        "nonlinear solve: %s", result.words);
  n->iterations = result.iterations;
done:
  return st;
}

/* ---- steps ---- */

/* n->next += share of the step that lowers the residual; returns the residual there. */
static double search_line(struct newton *n, double factor, double before) {
  double share = 1, reached = 0;
  for (int turn = 0; turn < 4; turn++) {
    for (int64_t i = 0; i < n->s->owned; i++) n->next[i] += share * n->step[i];
    reached = evaluate(n, factor);
    if (reached < (1 - 0.1 * share) * before || turn == 3) break;
    for (int64_t i = 0; i < n->s->owned; i++) n->next[i] -= share * n->step[i];
    share /= 2;
  }
  return reached;
}

/* Equilibrium at `factor` from the prediction in n->next. */
static status correct(struct newton *n, double factor, struct fea_curve_point *point,
                      bool *converged) {
  status st = ST_OK;
  double off = evaluate(n, factor), least = off;
  int without_gain = 0;
  *converged = false;
  for (int turn = 0; turn <= n->o->most_newton; turn++) {
    if (off <= n->o->tolerance) {
      *converged = true;
      return ST_OK;
    }
    if (turn == n->o->most_newton || !isfinite(off) || without_gain > 3) return ST_OK;
    TRY(make_tangents(n));
    TRY(solve_tangent(n, fmin(1e-2, fmax(1e-4, 0.1 * off))));
    point->corrections++;
    point->iterations += n->iterations;
    if (n->iterations > AGED_ITERATIONS) TRY(renew_preconditioner(n));
    off = search_line(n, factor, off);
    without_gain = off < 0.9 * least ? 0 : without_gain + 1;
    least = fmin(least, off);
  }
done:
  return st;
}

/* Along the way of the last step when it went the same way, else along the elastic solution. */
static void predict(struct newton *n, double from, double to, double last_from) {
  const double by = to - from, last = from - last_from;
  const bool along = last != 0 && by / last > 0 && by / last <= 2;
  for (int64_t i = 0; i < n->s->owned; i++)
    n->next[i] = n->u[i] + (along ? by / last * (n->u[i] - n->before[i]) : by * n->elastic[i]);
}

/* Force and displacement at n->next, which is in equilibrium; it becomes n->u. */
static status accept(struct newton *n, struct fea_curve *curve, const struct fea_drive *drive,
                     double factor, struct fea_curve_point *point) {
  status st = ST_OK;
  int64_t yielded = 0;
  memcpy(n->committed, n->trial, (size_t)(n->count * n->points * 6) * sizeof *n->committed);
  double *oldest = n->before;
  n->before = n->u;
  n->u = n->next;
  n->next = oldest;
  fea_drive_read(drive, n->s, n->load, factor, n->internal, n->u, point);
  for (int64_t i = 0; i < n->count; i++) {
    bool any = false;
    for (int a = 0; a < 6 * n->points; a++) any = any || n->committed[i * n->points * 6 + a] != 0;
    yielded += any;
    curve->yielded[n->voxel[i]] = any;
  }
  point->yielded = (double)yielded / (double)n->count;
  TRY(fea_curve_add(curve, point));
  log_detail("nonlinear solve: factor %.4g, %.5g mm, %.6g N, %.2f %% yielded, %d corrections, %d "
             "iterations",
             factor, point->displacement_mm, point->force_n, 100 * point->yielded,
             point->corrections, point->iterations);
  if (n->o->step) n->o->step(n->o->user, factor, n->u);
done:
  return st;
}

static status walk(struct newton *n, struct fea_curve *curve, const struct fea_drive *drive) {
  status st = ST_OK;
  struct progress progress;
  double reached = 0, last = 0;
  progress_begin(&progress, "load", "steps", n->o->steps);
  for (int step = 0; step < n->o->steps && !curve->stuck && !curve->fell; step++) {
    const double target = n->o->factor ? n->o->factor[step] : (step + 1.) / n->o->steps;
    double by = target - reached;
    int halvings = 0;
    while (reached != target && !curve->stuck) {
      struct fea_curve_point point = {0};
      const double to = fabs(target - reached) <= fabs(by) * (1 + 1e-9) ? target : reached + by;
      bool converged;
      predict(n, reached, to, last);
      TRY(correct(n, to, &point, &converged));
      if (converged) {
        TRY(accept(n, curve, drive, to, &point));
        last = reached;
        reached = to;
      } else if (halvings++ < n->o->most_halvings)
        by /= 2;
      else
        curve->stuck = true;
    }
    if (fea_curve_has_fallen(curve, n->o->drop) && !n->o->factor) curve->fell = true;
    progress_update(&progress, step + 1, NULL);
  }
  progress_end(&progress);
done:
  return st;
}

status fea_newton_run(struct fea_curve *curve, struct fea_solver *s, int load_case,
                      const struct fea_strength *strength, const struct fea_nonlinear_options *o) {
  status st = ST_OK;
  struct newton n = {.s = s, .load = &s->model->cases[load_case], .o = o, .points = o->points};
  struct fea_solution *elastic = NULL;
  struct fea_drive drive;
  struct fea_curve_point unit = {0};
  CHECK(strength->compression, ST_USAGE, "nonlinear solve: no yield stress is given");
  CHECK(o->rule == FEA_RULE_VON_MISES || strength->tension, ST_USAGE,
        "nonlinear solve: Drucker-Prager needs the yield stress in tension too");
  TRY(fea_drive_make(&drive, s->model, n.load));
  TRY(newton_open(&n, strength));
  TRY(fea_solver_case(&elastic, s, load_case));
  n.elastic = elastic->displacement;
  elastic->displacement = NULL;
  curve->yielded = calloc((size_t)geometry_voxels(&s->model->grid), 1);
  CHECK(curve->yielded, ST_MEMORY, "nonlinear solve: no memory");
  multigrid_apply(s->mg, MG_REACTION, n.elastic, n.internal);
  fea_drive_read(&drive, s, n.load, 1, n.internal, n.elastic, &unit);
  curve->stiffness_n_mm = unit.force_n / unit.displacement_mm;
  TRY(walk(&n, curve, &drive));
  curve->displacement = n.u;
  n.u = NULL;
done:
  fea_solution_destroy(elastic);
  newton_close(&n);
  return st;
}
