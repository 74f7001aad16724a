#include "fea/mesh_solve.h"

#include "core/log.h"
#include "core/module.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "fea/assemble.h"
#include "fea/corner_cycle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 10-node femora: MUMPS 4.0 s against 5.4 s of processor time at 21 k nodes, 26 s against 28 s at
 * 74 k, and its memory grows faster. */
enum { DIRECT_NODES = 50000 };

const char *const fea_mesh_solver_names[] = {"auto", "gamg", "mumps", "corners", NULL};
static const struct fea_mesh_solve_options defaults = FEA_MESH_SOLVE_DEFAULTS;

struct work {
  const struct fea_mesh *mesh;
  const struct fea_mesh_solve_options *options;
  const struct fea_petsc *petsc;
  const struct fea_comm *comm;
  struct fea_sparse *k;
  struct corner_cycle *cycle;
  double *whole;      /* [3 nodes], of all ranks, scratch */
  uint8_t *fixed;     /* [3 nodes] */
  double *prescribed; /* [3 nodes] */
  double *force;      /* [3 nodes] */
  double *u;          /* [3 nodes] */
  double *b, *x;      /* owned rows */
  struct progress progress;
};

static void report(void *context, int iteration, double residual) {
  struct work *w = context;
  char words[64];
  snprintf(words, sizeof words, "residual %.1e", residual);
  progress_update(&w->progress, iteration, words);
}

static void work_clear(struct work *w) {
  corner_cycle_destroy(w->cycle);
  free(w->whole);
  fea_sparse_destroy(w->k);
  free(w->fixed);
  free(w->prescribed);
  free(w->force);
  free(w->u);
  free(w->b);
  free(w->x);
}

static status work_make(struct work *w) {
  status st = ST_OK;
  const struct fea_mesh *m = w->mesh;
  const size_t dofs = 3 * (size_t)m->node_count;
  const int64_t share = (m->node_count + w->comm->ranks - 1) / w->comm->ranks;
  const int64_t first =
      share * w->comm->rank < m->node_count ? share * w->comm->rank : m->node_count;
  const int64_t last = first + share < m->node_count ? first + share : m->node_count;
  TRY(fea_sparse_assemble(&w->k, m, first, last));
  w->fixed = calloc(dofs, 1);
  w->prescribed = calloc(dofs, sizeof *w->prescribed);
  w->force = calloc(dofs, sizeof *w->force);
  w->u = calloc(dofs, sizeof *w->u);
  w->b = calloc(3 * (size_t)(last - first) + 1, sizeof *w->b);
  w->x = calloc(3 * (size_t)(last - first) + 1, sizeof *w->x);
  CHECK(w->fixed && w->prescribed && w->force && w->u && w->b && w->x, ST_MEMORY,
        "mesh solve: no memory for %zu unknowns", dofs);
  for (int64_t s = 0; s < m->support_count; s++) {
    const int64_t dof = 3 * m->support[s].node + m->support[s].axis;
    w->fixed[dof] = 1;
    w->prescribed[dof] = m->support[s].value_mm;
  }
  for (int64_t f = 0; f < m->force_count; f++)
    w->force[3 * m->force[f].node + m->force[f].axis] += m->force[f].newton;
done:
  return st;
}

static double norm2(const struct work *w, const double *x) {
  const int64_t n = 3 * (w->k->last - w->k->first);
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
  w->comm->sum(&sum, 1);
  return sqrt(sum);
}

/* b = f - K u_prescribed on free dofs, 0 on fixed ones. */
static void make_right_hand_side(struct work *w) {
  const int64_t from = 3 * w->k->first, n = 3 * (w->k->last - w->k->first);
  fea_sparse_apply(w->k, w->prescribed, w->b);
  for (int64_t i = 0; i < n; i++) w->b[i] = w->fixed[from + i] ? 0 : w->force[from + i] - w->b[i];
}

/* y = K x on free dofs; x is 0 on fixed ones and stays so. */
static void apply_free(void *context, const double *x, double *y) {
  struct work *w = context;
  const int64_t from = 3 * w->k->first, n = 3 * (w->k->last - w->k->first);
  const double *all = x;
  if (w->comm->ranks > 1) {
    memset(w->whole, 0, 3 * (size_t)w->mesh->node_count * sizeof *w->whole);
    memcpy(w->whole + from, x, (size_t)n * sizeof *x);
    w->comm->sum(w->whole, 3 * w->mesh->node_count);
    all = w->whole;
  }
  fea_sparse_apply(w->k, all, y);
  for (int64_t i = 0; i < n; i++)
    if (w->fixed[from + i]) y[i] = 0;
}

static void precondition(void *context, const double *r, double *z) {
  corner_cycle_apply(((struct work *)context)->cycle, r, z);
}

static status solve_by_corners(struct work *w, const struct fea_petsc_sparse *petsc,
                               struct fea_mesh_solution *out) {
  status st = ST_OK;
  const struct fea_mesh *m = w->mesh;
  struct fea_cg_result cg;
  const struct fea_cg problem = {.owned = 3 * (w->k->last - w->k->first),
                                 .context = w,
                                 .apply = apply_free,
                                 .precondition = precondition,
                                 .progress = report,
                                 .tolerance = w->options->tolerance * 0.9,
                                 .most_iterations = w->options->most_iterations,
                                 .threads = parallel_threads()};
  CHECK(m->element == FEA_TET10, ST_DOMAIN,
        "mesh solve: solver corners is for 10-node tetrahedra, these are %s; take auto",
        fea_element_names[m->element]);
  w->whole = malloc(3 * (size_t)m->node_count * sizeof *w->whole);
  CHECK(w->whole, ST_MEMORY, "mesh solve: no memory for %lld nodes", (long long)m->node_count);
  TRY(corner_cycle_create(&w->cycle, m, w->k, w->fixed, w->comm, petsc,
                          w->options->direct_corners));
  progress_begin(&w->progress, "solve", "iterations", 0);
  const int failed = w->petsc->conjugate_gradients(&cg, &problem, w->b, w->x);
  progress_end(&w->progress);
  CHECK(!failed, ST_EXTERNAL, "mesh solve: %s", cg.words);
  CHECK(!corner_cycle_failed(w->cycle), ST_EXTERNAL,
        "mesh solve: PETSc failed on the corners; take --solver mumps");
  out->iterations = cg.iterations;
  out->solver = fea_mesh_solver_names[FEA_SOLVER_CORNERS];
done:
  return st;
}

static status solve_petsc(struct work *w, struct fea_mesh_solution *out) {
  status st = ST_OK;
  const void *symbol = NULL;
  const struct fea_mesh *m = w->mesh;
  struct fea_cg_result cg;
  const int solver = w->options->solver;
  const int direct =
      solver == FEA_SOLVER_MUMPS || (solver == FEA_SOLVER_AUTO && m->node_count <= DIRECT_NODES);
  const struct fea_sparse_problem problem = {.matrix = w->k,
                                             .fixed = w->fixed,
                                             .points = m->points,
                                             .direct = direct,
                                             .tolerance = w->options->tolerance * 0.9,
                                             .most_iterations = w->options->most_iterations,
                                             .context = w,
                                             .progress = report};
  TRY(module_open(&symbol, "fea_petsc", "fea_petsc_sparse_module", "libpetsc-real3.18"));
  const struct fea_petsc_sparse *petsc = symbol;
  CHECK(petsc->version == FEA_PETSC_VERSION, ST_UNSUPPORTED,
        "mesh solve: module fea_petsc has version %d, the program needs %d; build both anew",
        petsc->version, FEA_PETSC_VERSION);
  if (solver == FEA_SOLVER_CORNERS || (solver == FEA_SOLVER_AUTO && m->element == FEA_TET10)) {
    TRY(solve_by_corners(w, petsc, out));
    goto done;
  }
  progress_begin(&w->progress, "solve", "iterations", 0);
  const int failed = petsc->solve(&cg, &problem, w->b, w->x);
  progress_end(&w->progress);
  CHECK(!failed, ST_EXTERNAL, "mesh solve: %s", cg.words);
  out->iterations = cg.iterations;
  out->solver = fea_mesh_solver_names[direct ? FEA_SOLVER_MUMPS : FEA_SOLVER_GAMG];
done:
  return st;
}

/* u whole on every rank; K u on owned rows into w->x; reactions, energy, residual. */
static void evaluate(struct work *w, double rhs_norm, struct fea_mesh_solution *out) {
  const struct fea_mesh *m = w->mesh;
  const int64_t from = 3 * w->k->first, n = 3 * (w->k->last - w->k->first);
  double energy = 0, work = 0, largest = 0, difference = 0, plus[3] = {0};
  for (int64_t i = 0; i < n; i++)
    w->u[from + i] = w->fixed[from + i] ? w->prescribed[from + i] : w->x[i];
  w->comm->sum(w->u, 3 * m->node_count);
  fea_sparse_apply(w->k, w->u, w->x);
  for (int64_t i = 0; i < n; i++) {
    const int64_t dof = from + i;
    energy += w->u[dof] * w->x[i];
    work += w->u[dof] * (w->fixed[dof] ? w->x[i] : w->force[dof]);
    w->x[i] -= w->force[dof];
    if (!w->fixed[dof]) continue;
    out->reaction[dof] = w->x[i];
    w->x[i] = 0;
  }
  w->comm->sum(out->reaction, 3 * m->node_count);
  double sums[2] = {energy, work};
  w->comm->sum(sums, 2);
  out->energy_nmm = sums[0] / 2;
  out->work_nmm = sums[1] / 2;
  out->residual = rhs_norm > 0 ? norm2(w, w->x) / rhs_norm : 0;
  for (int64_t dof = 0; dof < 3 * m->node_count; dof++) {
    out->reaction_sum[dof % 3] += out->reaction[dof];
    out->force_sum[dof % 3] += w->force[dof];
    plus[dof % 3] += (fabs(out->reaction[dof]) + fabs(w->force[dof])) / 2;
  }
  for (int a = 0; a < 3; a++) {
    difference = fmax(difference, fabs(out->reaction_sum[a] + out->force_sum[a]));
    largest = fmax(largest, plus[a]);
  }
  out->balance = largest > 0 ? difference / largest : 0;
}

static status solve_work(struct fea_mesh_solution *s, struct work *w) {
  status st = ST_OK;
  const struct fea_mesh *m = w->mesh;
  const double started = clock_seconds();
  s->reaction = calloc(3 * (size_t)m->node_count, sizeof *s->reaction);
  CHECK(s->reaction, ST_MEMORY, "mesh solve: no memory for reactions");
  TRY(work_make(w));
  s->assembly_s = clock_seconds() - started;
  make_right_hand_side(w);
  const double rhs_norm = norm2(w, w->b);
  TRY(solve_petsc(w, s));
  evaluate(w, rhs_norm, s);
  CHECK(s->residual <= w->options->tolerance, ST_NUMERIC,
        "mesh solve: residual %.2e after %d iterations (%s), wanted %.1e; raise the tolerance or "
        "the iterations, or look for elements of bad shape",
        s->residual, s->iterations, s->solver, w->options->tolerance);
  s->displacement = w->u;
  w->u = NULL;
  s->solve_s = clock_seconds() - started - s->assembly_s;
  log_detail("mesh solve: %lld unknowns, %s, %d iterations, residual %.1e, balance %.1e, work %.9g "
             "and energy %.9g N mm, assembly %.2f s, solve %.2f s",
             (long long)(3 * m->node_count), s->solver, s->iterations, s->residual, s->balance,
             s->work_nmm, s->energy_nmm, s->assembly_s, s->solve_s);
done:
  return st;
}

status fea_mesh_solve(struct fea_mesh_solution **out, const struct fea_mesh *mesh,
                      const struct fea_mesh_solve_options *options) {
  status st = ST_OK;
  struct work w = {.mesh = mesh, .options = options ? options : &defaults};
  struct fea_mesh_solution *s = NULL;
  CHECK(w.options->tolerance >= 1e-14 && w.options->tolerance <= 1e-2, ST_DOMAIN,
        "mesh solve: tolerance %g is outside 1e-14 .. 1e-2", w.options->tolerance);
  TRY(fea_mesh_check(mesh));
  TRY(fea_petsc_open(&w.petsc, &w.comm));
  s = calloc(1, sizeof *s);
  CHECK(s, ST_MEMORY, "mesh solve: no memory");
  TRY(solve_work(s, &w));
  *out = s;
  s = NULL;
done:
  work_clear(&w);
  fea_mesh_solution_destroy(s);
  return st;
}

void fea_mesh_solution_destroy(struct fea_mesh_solution *s) {
  if (!s) return;
  free(s->displacement);
  free(s->reaction);
  free(s);
}

void fea_mesh_plane_reaction(const struct fea_mesh_solution *s, const struct fea_mesh *m,
                             int plane_axis, double at_mm, double sum[3]) {
  sum[0] = sum[1] = sum[2] = 0;
  for (int64_t n = 0; n < m->node_count; n++)
    if (fabs(m->points[3 * n + plane_axis] - at_mm) <= 1e-6)
      for (int a = 0; a < 3; a++) sum[a] += s->reaction[3 * n + a];
}
