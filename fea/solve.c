#include "fea/solve.h"

#include "core/log.h"
#include "core/parallel.h"
#include "fea/cg.h"
#include "fea/checkpoint.h"
#include "fea/petsc.h"
#include "fea/solver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fea_solve_options defaults = FEA_SOLVE_DEFAULTS;

double fea_solve_memory(const struct fea_model *model, int ranks) {
  const double dofs = (double)fea_rows_dofs(&model->rows) / ranks;
  const double vectors = 4 * sizeof(double);                        /* of conjugate gradients */
  const double finest = 3 * sizeof(float) + 2 * sizeof(float) / 3.; /* x b r, diagonal, modulus */
  return dofs * (vectors + finest * 8 / 7 + (ranks > 1 ? 2 * sizeof(double) : 0)) + 8e6;
}

static status check_options(const struct fea_model *model, int load_case,
                            const struct fea_solve_options *o, int ranks) {
  status st = ST_OK;
  const double gib = 1024. * 1024 * 1024;
  CHECK(model->finished, ST_DOMAIN, "voxel solve: the model is not finished (fea_model_finish)");
  CHECK(load_case >= 0 && load_case < model->case_count, ST_DOMAIN,
        "voxel solve: load case %d, the model has %d", load_case, model->case_count);
  CHECK(o->tolerance >= 1e-14 && o->tolerance <= 1e-2, ST_DOMAIN,
        "voxel solve: tolerance %g is outside 1e-14 .. 1e-2", o->tolerance);
  CHECK(o->most_iterations >= 1, ST_DOMAIN, "voxel solve: %d iterations permitted, at least 1",
        o->most_iterations);
  const double need = fea_solve_memory(model, ranks);
  const double limit = o->memory_gib > 0 ? o->memory_gib * gib : fea_memory_free();
  CHECK(need <= limit, ST_DOMAIN,
        "voxel solve: %lld unknowns need about %.1f GiB, %s %.1f GiB; use larger elements, or more "
        "ranks (mpirun) on several machines",
        (long long)fea_rows_dofs(&model->rows), need / gib,
        o->memory_gib > 0 ? "permitted are" : "the machine has free", limit / gib);
done:
  return st;
}

static void keep(struct fea_solver *s) {
  if (!s->options->checkpoint || clock_seconds() - s->kept_s < s->options->checkpoint_s) return;
  if (fea_checkpoint_write(s, s->load_case, s->iterate)) {
    log_warning("checkpoint not written: %s", status_message());
    status_clear();
  }
  s->kept_s = clock_seconds();
}

void fea_report_residual(struct progress *p, int iteration, double residual, double tolerance) {
  char words[96];
  const double seconds = clock_seconds() - p->started_s;
  const double gained = -log10(residual), wanted = -log10(tolerance);
  if (iteration > 2 && gained > 0.1 && gained < wanted)
    snprintf(words, sizeof words, "residual %.1e, about %.0f s left", residual,
             seconds * (wanted - gained) / gained);
  else
    snprintf(words, sizeof words, "residual %.1e", residual);
  progress_update(p, iteration, words);
}

static void report(void *context, int iteration, double residual) {
  struct fea_solver *s = context;
  keep(s);
  fea_report_residual(&s->progress, iteration, residual, s->options->tolerance);
}

void fea_solver_close(struct fea_solver *s) {
  multigrid_destroy(s->mg);
  memset(s, 0, sizeof *s);
}

status fea_solver_open(struct fea_solver *s, const struct fea_model *model, int load_case,
                       const struct fea_solve_options *options) {
  status st = ST_OK;
  s->model = model;
  s->options = options ? options : &defaults;
  TRY(check_options(model, load_case, s->options, 1 << 20));
  TRY(fea_comm_open(&s->comm));
  TRY(check_options(model, load_case, s->options, s->comm->ranks));
  s->started_s = clock_seconds();
  TRY(multigrid_create(&s->mg, model, s->comm));
  s->first = multigrid_first(s->mg);
  s->owned = multigrid_owned(s->mg);
  s->setup_s = clock_seconds() - s->started_s;
done:
  return st;
}

/* Position of a dof in the owned part, -1 when another rank owns it. */
int64_t fea_solver_dof(const struct fea_solver *s, int64_t node, int axis) {
  int64_t at[3];
  fea_model_node_index(s->model, node, at);
  int64_t dof = fea_rows_dof(&s->model->rows, at[0], at[1], at[2], axis) - s->first;
  return dof >= 0 && dof < s->owned ? dof : -1;
}

static void set_prescribed(const struct fea_solver *s, const struct fea_case *c, double scale,
                           double *x) {
  for (int64_t f = 0; f < s->model->fixed_count; f++) {
    int64_t dof = fea_solver_dof(s, s->model->fixed[f].node, s->model->fixed[f].axis);
    if (dof >= 0) x[dof] = scale * c->value_mm[f];
  }
}

/* b = f - K u_prescribed on free dofs, 0 on fixed ones; x is left 0. */
static void make_right_hand_side(const struct fea_solver *s, const struct fea_case *c, double *b,
                                 double *x) {
  bool moved = false;
  for (int64_t f = 0; f < s->model->fixed_count; f++) moved = moved || c->value_mm[f] != 0;
  if (moved) {
    set_prescribed(s, c, 1, x);
    multigrid_apply(s->mg, MG_APPLY, x, b);
    for (int64_t i = 0; i < s->owned; i++) b[i] = -b[i];
    set_prescribed(s, c, 0, x);
  }
  for (int64_t f = 0; f < c->force_count; f++) {
    int64_t dof = fea_solver_dof(s, c->force[f].node, c->force[f].axis);
    if (dof >= 0) b[dof] += c->force[f].newton;
  }
  for (int64_t f = 0; f < s->model->fixed_count; f++) {
    int64_t dof = fea_solver_dof(s, s->model->fixed[f].node, s->model->fixed[f].axis);
    if (dof >= 0) b[dof] = 0;
  }
}

static double norm2(const struct fea_solver *s, const double *x) {
  double sum = parallel_dot(x, x, s->owned);
  s->comm->sum(&sum, 1);
  return sqrt(sum);
}

/* Energy, reactions and the true residual from K u, which is overwritten by the residual, and
 * u . K u. */
static void evaluate(const struct fea_solver *s, const struct fea_case *c, double rhs_norm,
                     const double *u, double *ku, double energy, struct fea_solution *out) {
  const struct fea_model *m = s->model;
  double work = 0;
  for (int64_t f = 0; f < c->force_count; f++) {
    int64_t dof = fea_solver_dof(s, c->force[f].node, c->force[f].axis);
    out->force_sum[c->force[f].axis] += c->force[f].newton;
    if (dof < 0) continue;
    work += c->force[f].newton * u[dof];
    ku[dof] -= c->force[f].newton;
  }
  for (int64_t f = 0; f < m->fixed_count; f++) {
    int64_t dof = fea_solver_dof(s, m->fixed[f].node, m->fixed[f].axis);
    if (dof < 0) continue;
    out->reaction[f] = ku[dof];
    work += ku[dof] * c->value_mm[f];
    ku[dof] = 0;
  }
  s->comm->sum(out->reaction, m->fixed_count);
  double sums[2] = {energy, work};
  s->comm->sum(sums, 2);
  out->energy_nmm = sums[0] / 2;
  out->work_nmm = sums[1] / 2;
  out->residual = rhs_norm > 0 ? norm2(s, ku) / rhs_norm : 0;
  double difference = 0, largest = 0;
  for (int64_t f = 0; f < m->fixed_count; f++)
    out->reaction_sum[m->fixed[f].axis] += out->reaction[f];
  double plus[3] = {fabs(out->force_sum[0]), fabs(out->force_sum[1]), fabs(out->force_sum[2])};
  for (int64_t f = 0; f < m->fixed_count; f++) plus[m->fixed[f].axis] += fabs(out->reaction[f]) / 2;
  for (int a = 0; a < 3; a++) {
    difference = fmax(difference, fabs(out->reaction_sum[a] + out->force_sum[a]));
    largest = fmax(largest, plus[a]);
  }
  out->balance = largest > 0 ? difference / largest : 0;
}

status fea_solver_whole(double **whole, const struct fea_solver *s, const double *owned) {
  status st = ST_OK;
  const int64_t n = fea_rows_dofs(&s->model->rows);
  double *all = calloc((size_t)n, sizeof *all);
  CHECK(all, ST_MEMORY, "voxel solve: no memory for %lld displacements", (long long)n);
  memcpy(all + s->first, owned, (size_t)s->owned * sizeof *all);
  s->comm->sum(all, n);
  *whole = all;
done:
  return st;
}

/* With several ranks every rank gets the whole displacement; alone it is already whole. */
static status gather(const struct fea_solver *s, double **displacement, double **owned) {
  if (s->comm->ranks > 1) return fea_solver_whole(displacement, s, *owned);
  *displacement = *owned;
  *owned = NULL;
  return ST_OK;
}

/* How it was solved, for the caller and the log. */
static void describe(struct fea_solution *out, const struct fea_solver *s, int iterations,
                     double started) {
  const struct fea_model *m = s->model;
  out->iterations = iterations;
  out->setup_s = s->setup_s;
  out->solve_s = clock_seconds() - started;
  out->memory_bytes = fea_solve_memory(m, s->comm->ranks);
  out->levels = s->mg->levels;
  out->ranks = s->comm->ranks;
  out->threads = parallel_threads();
  log_detail(
      "voxel solve: %lld unknowns, %d iterations, residual %.1e, balance %.1e, work %.9g and "
      "energy %.9g N mm, set-up %.2f s, solve %.2f s",
      (long long)fea_rows_dofs(&m->rows), iterations, out->residual, out->balance, out->work_nmm,
      out->energy_nmm, out->setup_s, out->solve_s);
}

status fea_solver_case(struct fea_solution **out, struct fea_solver *s, int load_case) {
  status st = ST_OK;
  const struct fea_model *m = s->model;
  const struct fea_case *c = &m->cases[load_case];
  struct fea_solution *solution = calloc(1, sizeof *solution);
  double *b = multigrid_vector(s->owned), *x = multigrid_vector(s->owned);
  const double started = clock_seconds();
  struct fea_cg_outcome cg;
  const struct fea_cg_task task = {.mg = s->mg,
                                   .comm = s->comm,
                                   .x = x,
                                   .r = b,
                                   .tolerance = s->options->tolerance * 0.9,
                                   .most_iterations = s->options->most_iterations,
                                   .progress = report,
                                   .context = s};

  CHECK(solution && b && x, ST_MEMORY, "voxel solve: no memory for %lld unknowns",
        (long long)s->owned);
  solution->reaction = calloc((size_t)m->fixed_count, sizeof(double));
  CHECK(solution->reaction, ST_MEMORY, "voxel solve: no memory for reactions");
  make_right_hand_side(s, c, b, x);
  s->load_case = load_case;
  s->iterate = x;
  s->kept_s = started;
  if (s->options->checkpoint) {
    bool found;
    TRY(fea_checkpoint_read(s, load_case, x, &found));
    if (found) log_info("voxel solve: load case %s goes on from its checkpoint", c->name);
  }
  progress_begin(&s->progress, "solve", "iterations", 0);
  TRY(fea_cg_run(&cg, &task));
  progress_end(&s->progress);
  if (s->options->checkpoint) TRY(fea_checkpoint_write(s, load_case, x));
  set_prescribed(s, c, 1, x);
  const double energy = multigrid_apply(s->mg, MG_REACTION, x, b);
  evaluate(s, c, cg.rhs_norm, x, b, energy, solution);
  CHECK(solution->residual <= s->options->tolerance, ST_NUMERIC,
        "voxel solve: residual %.2e after %d iterations, wanted %.1e (%s); the model may hang on "
        "almost free parts, or raise the tolerance or the iterations",
        solution->residual, cg.iterations, s->options->tolerance,
        cg.indefinite ? "the stiffness is not positive along a direction" : "no end in sight");
  TRY(gather(s, &solution->displacement, &x));
  describe(solution, s, cg.iterations, started);
  *out = solution;
  solution = NULL;
done:
  free(b);
  free(x);
  fea_solution_destroy(solution);
  return st;
}

status fea_solve(struct fea_solution **out, const struct fea_model *model, int load_case,
                 const struct fea_solve_options *options) {
  status st = ST_OK;
  struct fea_solver s = {0};
  TRY(fea_solver_open(&s, model, load_case, options));
  TRY(fea_solver_case(out, &s, load_case));
  if (s.options->checkpoint) fea_checkpoint_remove(&s);
done:
  fea_solver_close(&s);
  return st;
}

status fea_solve_all(struct fea_solution *out[FEA_CASES], const struct fea_model *model,
                     const struct fea_solve_options *options) {
  status st = ST_OK;
  struct fea_solver s = {0};
  struct fea_solution *solved[FEA_CASES] = {NULL};
  TRY(fea_solver_open(&s, model, 0, options));
  for (int c = 0; c < model->case_count; c++) {
    st = fea_solver_case(&solved[c], &s, c);
    if (st) status_note("load case %s", model->cases[c].name);
    TRY(st);
  }
  if (s.options->checkpoint) fea_checkpoint_remove(&s);
  for (int c = 0; c < model->case_count; c++) {
    out[c] = solved[c];
    solved[c] = NULL;
  }
done:
  for (int c = 0; c < FEA_CASES; c++) fea_solution_destroy(solved[c]);
  fea_solver_close(&s);
  return st;
}

void fea_solution_destroy(struct fea_solution *s) {
  if (!s) return;
  free(s->displacement);
  free(s->reaction);
  free(s);
}

void fea_solution_at(const struct fea_solution *s, const struct fea_model *m, int64_t i, int64_t j,
                     int64_t k, double u[3]) {
  for (int axis = 0; axis < 3; axis++) {
    int64_t dof = fea_rows_dof(&m->rows, i, j, k, axis);
    u[axis] = dof < 0 ? 0 : s->displacement[dof];
  }
}

void fea_solution_plane_reaction(const struct fea_solution *s, const struct fea_model *m,
                                 int plane_axis, int64_t index, double sum[3]) {
  sum[0] = sum[1] = sum[2] = 0;
  for (int64_t f = 0; f < m->fixed_count; f++) {
    int64_t at[3];
    fea_model_node_index(m, m->fixed[f].node, at);
    if (at[plane_axis] == index) sum[m->fixed[f].axis] += s->reaction[f];
  }
}
