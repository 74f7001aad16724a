/* The module qct_fea_petsc.so: PETSc's conjugate gradients and MPI behind fea/petsc.h. */
#include "fea/petsc.h"

#include <petsc/private/vecimpl.h>
#include <petscksp.h>
#undef I /* PETSc's complex unit */

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 65536 }; /* as PARALLEL_CHUNK of core/parallel.h: sums in fixed pieces */

static int threads = 1; /* of the solve in progress */
static double *partial; /* one sum a chunk */
static struct fea_comm comm;

/* PETSc's error text goes to the caller, not to the terminal. */
static char last_error[256];

static PetscErrorCode keep_error(MPI_Comm c, int line, const char *function, const char *file,
                                 PetscErrorCode code, PetscErrorType type, const char *message,
                                 void *context) {
  (void)c, (void)line, (void)file, (void)context;
  if (type == PETSC_ERROR_INITIAL)
    snprintf(last_error, sizeof last_error, "%s: %s", function ? function : "?",
             message ? message : "?");
  return code;
}

/* ---- processes ---- */

static void exchange(const struct fea_halo *h) {
  MPI_Request request[4];
  int n = 0;
  if (h->receive_low) {
    MPI_Irecv(h->receive_low, (int)h->receive_low_bytes, MPI_BYTE, comm.rank - 1, 1,
              PETSC_COMM_WORLD, &request[n++]);
    MPI_Isend(h->send_low, (int)h->send_low_bytes, MPI_BYTE, comm.rank - 1, 2, PETSC_COMM_WORLD,
              &request[n++]);
  }
  if (h->receive_high) {
    MPI_Irecv(h->receive_high, (int)h->receive_high_bytes, MPI_BYTE, comm.rank + 1, 2,
              PETSC_COMM_WORLD, &request[n++]);
    MPI_Isend(h->send_high, (int)h->send_high_bytes, MPI_BYTE, comm.rank + 1, 1, PETSC_COMM_WORLD,
              &request[n++]);
  }
  MPI_Waitall(n, request, MPI_STATUSES_IGNORE);
}

/* MPI counts are int: long arrays go in pieces. */
static void reduce(void *x, int64_t n, MPI_Datatype type, size_t width, MPI_Op op) {
  const int64_t most = 1 << 28;
  if (comm.ranks == 1) return;
  for (int64_t at = 0; at < n; at += most)
    MPI_Allreduce(MPI_IN_PLACE, (char *)x + (size_t)at * width,
                  (int)(n - at < most ? n - at : most), type, op, PETSC_COMM_WORLD);
}

static void sum(double *x, int64_t n) {
  reduce(x, n, MPI_DOUBLE, sizeof *x, MPI_SUM);
}
static void sum_float(float *x, int64_t n) {
  reduce(x, n, MPI_FLOAT, sizeof *x, MPI_SUM);
}
static void largest(double *x, int64_t n) {
  reduce(x, n, MPI_DOUBLE, sizeof *x, MPI_MAX);
}

static void finalize(void) {
  PetscBool done = PETSC_FALSE;
  PetscFinalized(&done);
  if (!done) PetscFinalize();
}

static int start(const struct fea_comm **out, int launched, char *words, size_t size) {
  static int started;
  if (!started) {
    if (PetscOptionsSetValue(NULL, "-no_signal_handler", "true") || PetscInitializeNoArguments()) {
      snprintf(words, size, "PetscInitialize failed");
      return 1;
    }
    PetscPushErrorHandler(keep_error, NULL);
    MPI_Comm_rank(PETSC_COMM_WORLD, &comm.rank);
    MPI_Comm_size(PETSC_COMM_WORLD, &comm.ranks);
    comm.exchange = exchange;
    comm.sum = sum;
    comm.sum_float = sum_float;
    comm.largest = largest;
    if (launched) atexit(finalize); /* alone, leaving it open saves time and is no leak */
    started = 1;
  }
  *out = &comm;
  return 0;
}

/* ---- vectors: PETSc's storage, our threaded loops ---- */

static double dot_chunk(const double *restrict x, const double *restrict y, PetscInt n) {
  double lane[16] = {0}, total = 0;
  PetscInt i = 0;
  for (; i + 16 <= n; i += 16)
    for (int s = 0; s < 16; s++) lane[s] += x[i + s] * y[i + s];
  for (; i < n; i++) total += x[i] * y[i];
  for (int s = 0; s < 16; s++) total += lane[s];
  return total;
}

static double dot_owned(const double *x, const double *y, PetscInt n) {
  const PetscInt chunks = (n + CHUNK - 1) / CHUNK;
  double total = 0;
#pragma omp parallel for schedule(static) num_threads(threads) if (chunks > 1)
  for (PetscInt c = 0; c < chunks; c++) {
    PetscInt first = c * CHUNK, length = n - first < CHUNK ? n - first : CHUNK;
    partial[c] = dot_chunk(x + first, y + first, length);
  }
  for (PetscInt c = 0; c < chunks; c++) total += partial[c];
  sum(&total, 1);
  return total;
}

static PetscErrorCode vector_dot(Vec x, Vec y, PetscScalar *value) {
  const PetscScalar *a, *b;
  PetscCall(VecGetArrayRead(x, &a));
  PetscCall(VecGetArrayRead(y, &b));
  *value = dot_owned(a, b, x->map->n);
  PetscCall(VecRestoreArrayRead(y, &b));
  return VecRestoreArrayRead(x, &a);
}

static PetscErrorCode vector_norm(Vec x, NormType type, PetscReal *value) {
  PetscCheck(type == NORM_2, PETSC_COMM_SELF, PETSC_ERR_SUP, "only the 2-norm is provided");
  PetscCall(vector_dot(x, x, value));
  *value = sqrt(*value);
  return 0;
}

/* y = a*x + b*y */
static PetscErrorCode vector_combine(Vec y, PetscScalar a, Vec x, PetscScalar b) {
  const PetscScalar *in;
  PetscScalar *out;
  const PetscInt n = y->map->n;
  PetscCall(VecGetArrayRead(x, &in));
  PetscCall(VecGetArray(y, &out));
#pragma omp parallel for schedule(static) num_threads(threads) if (n > CHUNK)
  for (PetscInt i = 0; i < n; i++) out[i] = a * in[i] + b * out[i];
  PetscCall(VecRestoreArray(y, &out));
  return VecRestoreArrayRead(x, &in);
}

static PetscErrorCode vector_axpy(Vec y, PetscScalar a, Vec x) {
  return vector_combine(y, a, x, 1);
}

static PetscErrorCode vector_aypx(Vec y, PetscScalar b, Vec x) {
  return vector_combine(y, 1, x, b);
}

static void use_our_loops(Vec v) {
  v->ops->dot = vector_dot;
  v->ops->tdot = vector_dot;
  v->ops->norm = vector_norm;
  v->ops->axpy = vector_axpy;
  v->ops->aypx = vector_aypx;
}

/* ---- conjugate gradients ---- */

static PetscErrorCode shell_apply(Mat a, Vec x, Vec y) {
  const struct fea_cg *p;
  const PetscScalar *in;
  PetscScalar *out;
  PetscCall(MatShellGetContext(a, &p));
  PetscCall(VecGetArrayRead(x, &in));
  PetscCall(VecGetArrayWrite(y, &out));
  p->apply(p->context, in, out);
  PetscCall(VecRestoreArrayWrite(y, &out));
  return VecRestoreArrayRead(x, &in);
}

static PetscErrorCode shell_precondition(PC pc, Vec r, Vec z) {
  const struct fea_cg *p;
  const PetscScalar *in;
  PetscScalar *out;
  PetscCall(PCShellGetContext(pc, &p));
  PetscCall(VecGetArrayRead(r, &in));
  PetscCall(VecGetArrayWrite(z, &out));
  p->precondition(p->context, in, out);
  PetscCall(VecRestoreArrayWrite(z, &out));
  return VecRestoreArrayRead(r, &in);
}

struct monitor {
  const struct fea_cg *problem;
  double first;
};

static PetscErrorCode monitor(KSP ksp, PetscInt iteration, PetscReal norm, void *context) {
  struct monitor *m = context;
  (void)ksp;
  if (m->problem->progress)
    m->problem->progress(m->problem->context, (int)iteration, m->first > 0 ? norm / m->first : 0);
  return 0;
}

struct system {
  Vec b, x;
  Mat a;
  KSP ksp;
};

static PetscErrorCode create(struct system *s, const struct fea_cg *p, const double *b, double *x) {
  PC pc;
  const PetscInt n = (PetscInt)p->owned;
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, 1, n, PETSC_DETERMINE, b, &s->b));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, 1, n, PETSC_DETERMINE, x, &s->x));
  use_our_loops(s->b);
  use_our_loops(s->x);
  PetscCall(
      MatCreateShell(PETSC_COMM_WORLD, n, n, PETSC_DETERMINE, PETSC_DETERMINE, (void *)p, &s->a));
  PetscCall(MatShellSetOperation(s->a, MATOP_MULT, (void (*)(void))shell_apply));
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &s->ksp));
  PetscCall(KSPSetType(s->ksp, p->unsymmetric ? KSPGMRES : KSPCG));
  if (p->unsymmetric) {
    PetscInt all;
    PetscCall(MatGetSize(s->a, &all, NULL)); /* of all ranks, so that they agree */
    PetscCall(KSPSetPCSide(s->ksp, PC_RIGHT));
    /* a restart costs half of what was gained; kept directions take 0.8 GB a rank at most */
    PetscCall(KSPGMRESSetRestart(s->ksp, all / comm.ranks <= 1000000 ? 100 : 30));
  }
  PetscCall(KSPSetOperators(s->ksp, s->a, s->a));
  PetscCall(KSPSetNormType(s->ksp, KSP_NORM_UNPRECONDITIONED));
  PetscCall(KSPSetInitialGuessNonzero(s->ksp, PETSC_TRUE));
  PetscCall(KSPGetPC(s->ksp, &pc));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, (void *)p));
  return PCShellSetApply(pc, shell_precondition);
}

static PetscErrorCode solve(struct fea_cg_result *result, struct system *s, const struct fea_cg *p,
                            const double *b) {
  struct monitor m = {p, sqrt(dot_owned(b, b, (PetscInt)p->owned))};
  KSPConvergedReason reason;
  PetscInt iterations;
  PetscReal norm;
  /* the true residual is held against |b| by the caller too: stop there, not at |r0| */
  PetscCall(KSPSetTolerances(s->ksp, 0, p->tolerance * m.first, 1e10, p->most_iterations));
  PetscCall(KSPMonitorSet(s->ksp, monitor, &m, NULL));
  PetscCall(KSPSolve(s->ksp, s->b, s->x));
  PetscCall(KSPGetConvergedReason(s->ksp, &reason));
  PetscCall(KSPGetIterationNumber(s->ksp, &iterations));
  PetscCall(KSPGetResidualNorm(s->ksp, &norm));
  result->iterations = (int)iterations;
  result->residual = m.first > 0 ? norm / m.first : 0;
  result->converged = reason > 0;
  snprintf(result->words, sizeof result->words, "%s", KSPConvergedReasons[reason]);
  return 0;
}

static int conjugate_gradients(struct fea_cg_result *result, const struct fea_cg *problem,
                               const double *b, double *x) {
  struct system s = {0};
  memset(result, 0, sizeof *result);
  last_error[0] = 0;
  threads = problem->threads > 0 ? problem->threads : 1;
  if (problem->owned > PETSC_MAX_INT) {
    snprintf(result->words, sizeof result->words,
             "%lld unknowns on one rank, PETSc here counts to "
             "%lld; use more ranks",
             (long long)problem->owned, (long long)PETSC_MAX_INT);
    return 1;
  }
  partial = malloc(((size_t)problem->owned / CHUNK + 1) * sizeof *partial);
  PetscErrorCode code = partial ? create(&s, problem, b, x) : PETSC_ERR_MEM;
  if (!code) code = solve(result, &s, problem, b);
  if (code)
    snprintf(result->words, sizeof result->words, "%s", last_error[0] ? last_error : "PETSc error");
  KSPDestroy(&s.ksp);
  MatDestroy(&s.a);
  VecDestroy(&s.x);
  VecDestroy(&s.b);
  free(partial);
  partial = NULL;
  return code != 0;
}

__attribute__((visibility("default"))) const struct fea_petsc fea_petsc_module = {
    .version = FEA_PETSC_VERSION, .start = start, .conjugate_gradients = conjugate_gradients};
