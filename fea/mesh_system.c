#include "fea/mesh_system.h"

#include "core/module.h"
#include "core/parallel.h"
#include "fea/corner_cycle.h"
#include "fea/solver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Up to so many nodes MUMPS is quicker than GAMG, and its memory grows faster. */
enum { DIRECT_NODES = 50000 };

int64_t mesh_system_owned(const struct mesh_system *s) {
  return 3 * (s->k->last - s->k->first);
}

int64_t mesh_system_first(const struct mesh_system *s) {
  return 3 * s->k->first;
}

int64_t mesh_system_dof(const struct mesh_system *s, int64_t dof) {
  const int64_t at = dof - mesh_system_first(s);
  return at >= 0 && at < mesh_system_owned(s) ? at : -1;
}

void mesh_system_join(const struct mesh_system *s, const double *x, double *all) {
  memset(all, 0, 3 * (size_t)s->mesh->node_count * sizeof *all);
  memcpy(all + mesh_system_first(s), x, (size_t)mesh_system_owned(s) * sizeof *x);
  s->comm->sum(all, 3 * s->mesh->node_count);
}

static int choose(const struct fea_mesh *m, int solver) {
  if (solver != FEA_SOLVER_AUTO) return solver;
  if (m->element == FEA_TET10) return FEA_SOLVER_CORNERS;
  return m->node_count <= DIRECT_NODES ? FEA_SOLVER_MUMPS : FEA_SOLVER_GAMG;
}

static status open_modules(struct mesh_system *s) {
  status st = ST_OK;
  const void *symbol = NULL;
  TRY(fea_petsc_open(&s->petsc, &s->comm));
  TRY(module_open(&symbol, "fea_petsc", "fea_petsc_sparse_module", "libpetsc-real3.18"));
  s->sparse = symbol;
  CHECK(s->sparse->version == FEA_PETSC_VERSION, ST_UNSUPPORTED,
        "mesh solve: module fea_petsc has version %d, the program needs %d; build both anew",
        s->sparse->version, FEA_PETSC_VERSION);
done:
  return st;
}

/* Prescribed dofs and forces of the mesh. */
static status read_load(struct mesh_system *s) {
  status st = ST_OK;
  const struct fea_mesh *m = s->mesh;
  const size_t dofs = 3 * (size_t)m->node_count;
  s->fixed = calloc(dofs, 1);
  s->prescribed = calloc(dofs, sizeof *s->prescribed);
  s->force = calloc(dofs, sizeof *s->force);
  s->whole = malloc(dofs * sizeof *s->whole);
  CHECK(s->fixed && s->prescribed && s->force && s->whole, ST_MEMORY,
        "mesh solve: no memory for %zu unknowns", dofs);
  for (int64_t i = 0; i < m->support_count; i++) {
    const int64_t dof = 3 * m->support[i].node + m->support[i].axis;
    s->fixed[dof] = 1;
    s->prescribed[dof] = m->support[i].value_mm;
  }
  for (int64_t i = 0; i < m->force_count; i++)
    s->force[3 * m->force[i].node + m->force[i].axis] += m->force[i].newton;
done:
  return st;
}

status mesh_system_open(struct mesh_system *s, const struct fea_mesh *m,
                        const struct fea_mesh_solve_options *options) {
  status st = ST_OK;
  *s = (struct mesh_system){.mesh = m, .options = options, .solver = choose(m, options->solver)};
  CHECK(options->tolerance >= 1e-14 && options->tolerance <= 1e-2, ST_DOMAIN,
        "mesh solve: tolerance %g is outside 1e-14 .. 1e-2", options->tolerance);
  CHECK(s->solver != FEA_SOLVER_CORNERS || m->element == FEA_TET10, ST_DOMAIN,
        "mesh solve: solver corners is for 10-node tetrahedra, these are %s; take auto",
        fea_element_names[m->element]);
  TRY(fea_mesh_check(m));
  TRY(open_modules(s));
  const int64_t share = (m->node_count + s->comm->ranks - 1) / s->comm->ranks;
  const int64_t first =
      share * s->comm->rank < m->node_count ? share * s->comm->rank : m->node_count;
  TRY(fea_sparse_assemble(&s->k, m, first,
                          first + share < m->node_count ? first + share : m->node_count));
  TRY(read_load(s));
done:
  return st;
}

static void drop_preconditioner(struct mesh_system *s) {
  corner_cycle_destroy(s->cycle);
  s->cycle = NULL;
  if (s->held) s->sparse->release(s->held);
  s->held = NULL;
}

void mesh_system_close(struct mesh_system *s) {
  drop_preconditioner(s);
  fea_sparse_destroy(s->k);
  free(s->fixed);
  free(s->prescribed);
  free(s->force);
  free(s->whole);
}

status mesh_system_prepare(struct mesh_system *s, const struct fea_mesh *m) {
  status st = ST_OK;
  char words[256] = "";
  const struct fea_sparse_problem problem = {.matrix = s->k,
                                             .fixed = s->fixed,
                                             .points = m->points,
                                             .direct = s->solver == FEA_SOLVER_MUMPS};
  drop_preconditioner(s);
  if (s->solver == FEA_SOLVER_CORNERS)
    TRY(corner_cycle_create(&s->cycle, m, s->k, s->fixed, s->comm, s->sparse,
                            s->options->direct_corners));
  else
    CHECK(!s->sparse->hold(&s->held, words, &problem), ST_EXTERNAL, "mesh solve: %s", words);
done:
  return st;
}

void mesh_system_precondition(void *system, const double *r, double *z) {
  struct mesh_system *s = system;
  if (s->cycle) {
    corner_cycle_apply(s->cycle, r, z);
    s->failed |= corner_cycle_failed(s->cycle);
    return;
  }
  s->failed |= s->sparse->apply(s->held, r, z) != 0;
  const int64_t from = mesh_system_first(s), n = mesh_system_owned(s);
  for (int64_t i = 0; i < n; i++) /* aggregates hold fixed dofs too */
    if (s->fixed[from + i]) z[i] = 0;
}

void mesh_system_apply(struct mesh_system *s, const struct fea_sparse *a, const double *x,
                       double *y) {
  const int64_t from = mesh_system_first(s), n = mesh_system_owned(s);
  const double *all = x;
  if (s->comm->ranks > 1) {
    mesh_system_join(s, x, s->whole);
    all = s->whole;
  }
  fea_sparse_apply(a, all, y);
  for (int64_t i = 0; i < n; i++)
    if (s->fixed[from + i]) y[i] = 0;
}

/* ---- the elastic solution ---- */

struct elastic {
  struct mesh_system *s;
  struct progress progress;
};

static void apply(void *context, const double *x, double *y) {
  struct mesh_system *s = ((struct elastic *)context)->s;
  mesh_system_apply(s, s->k, x, y);
}

static void precondition(void *context, const double *r, double *z) {
  mesh_system_precondition(((struct elastic *)context)->s, r, z);
}

static void report(void *context, int iteration, double residual) {
  struct elastic *e = context;
  fea_report_residual(&e->progress, iteration, residual, e->s->options->tolerance);
}

/* f - K u_prescribed on free dofs, 0 on fixed ones; its norm. */
static double right_hand_side(struct mesh_system *s, double *b) {
  const int64_t from = mesh_system_first(s), n = mesh_system_owned(s);
  double sum = 0;
  fea_sparse_apply(s->k, s->prescribed, b);
  for (int64_t i = 0; i < n; i++) {
    b[i] = s->fixed[from + i] ? 0 : s->force[from + i] - b[i];
    sum += b[i] * b[i];
  }
  s->comm->sum(&sum, 1);
  return sqrt(sum);
}

status mesh_system_elastic(struct mesh_system *s, double *u, double *rhs_norm, int *iterations) {
  status st = ST_OK;
  struct elastic e = {.s = s};
  struct fea_cg_result cg;
  const int64_t from = mesh_system_first(s), n = mesh_system_owned(s);
  double *b = calloc((size_t)n + 1, sizeof *b), *x = calloc((size_t)n + 1, sizeof *x);
  const struct fea_cg problem = {.owned = n,
                                 .context = &e,
                                 .apply = apply,
                                 .precondition = precondition,
                                 .progress = report,
                                 .tolerance = s->options->tolerance * 0.9,
                                 .most_iterations = s->options->most_iterations,
                                 .threads = parallel_threads()};
  CHECK(b && x, ST_MEMORY, "mesh solve: no memory for %lld unknowns", (long long)n);
  *rhs_norm = right_hand_side(s, b);
  progress_begin(&e.progress, "solve", "iterations", 0);
  const int failed = s->petsc->conjugate_gradients(&cg, &problem, b, x);
  progress_end(&e.progress);
  CHECK(!failed, ST_EXTERNAL, "mesh solve: %s", cg.words);
  CHECK(!s->failed, ST_EXTERNAL, "mesh solve: PETSc failed in the preconditioner; take %s",
        s->solver == FEA_SOLVER_MUMPS ? "gamg" : "mumps");
  *iterations = cg.iterations;
  memset(u, 0, 3 * (size_t)s->mesh->node_count * sizeof *u);
  for (int64_t i = 0; i < n; i++) u[from + i] = s->fixed[from + i] ? s->prescribed[from + i] : x[i];
  s->comm->sum(u, 3 * s->mesh->node_count);
done:
  free(b);
  free(x);
  return st;
}
