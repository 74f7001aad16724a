/* Assembled systems in the module qct_fea_petsc.so (fea/sparse.h). PETSc has been started by the
 * module's first table. */
#include "fea/sparse.h"

#include <petscksp.h>
#undef I /* PETSc's complex unit */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct system {
  Mat a;
  Vec b, x;
  KSP ksp;
};

/* Expand the blocks into scalar rows; fixed dofs keep only their diagonal. */
static PetscErrorCode fill(PetscInt *row, PetscInt *column, PetscScalar *value,
                           const struct fea_sparse_problem *p) {
  const struct fea_sparse *m = p->matrix;
  PetscInt at = 0;
  row[0] = 0;
  for (int64_t n = m->first; n < m->last; n++)
    for (int a = 0; a < 3; a++) {
      for (int64_t k = m->row[n - m->first]; k < m->row[n - m->first + 1]; k++)
        for (int b = 0; b < 3; b++) {
          const int64_t i = 3 * n + a, j = 3 * (int64_t)m->column[k] + b;
          if (i != j && (p->fixed[i] || p->fixed[j])) continue;
          column[at] = (PetscInt)j;
          value[at++] = m->block[9 * k + 3 * a + b];
        }
      row[3 * (n - m->first) + a + 1] = at;
    }
  return 0;
}

static PetscErrorCode create_matrix(struct system *s, const struct fea_sparse_problem *p) {
  const struct fea_sparse *m = p->matrix;
  const int64_t local = 3 * (m->last - m->first), entries = 9 * m->row[m->last - m->first];
  PetscCheck(
      entries < PETSC_MAX_INT, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
      "%lld entries on one rank, PETSc here counts to %lld; use more ranks or a coarser mesh",
      (long long)entries, (long long)PETSC_MAX_INT);
  PetscInt *row, *column;
  PetscScalar *value;
  PetscCall(PetscMalloc3(local + 1, &row, entries, &column, entries, &value));
  PetscCall(fill(row, column, value, p));
  PetscCall(MatCreate(PETSC_COMM_WORLD, &s->a));
  PetscCall(MatSetSizes(s->a, (PetscInt)local, (PetscInt)local, PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetBlockSize(s->a, 3));
  PetscCall(MatSetType(s->a, MATAIJ)); /* GAMG refuses BAIJ in this version */
  PetscCall(MatSeqAIJSetPreallocationCSR(s->a, row, column, value));
  PetscCall(MatMPIAIJSetPreallocationCSR(s->a, row, column, value));
  PetscCall(PetscFree3(row, column, value));
  PetscCall(MatSetOption(s->a, MAT_SYMMETRIC, PETSC_TRUE));
  return MatSetOption(s->a, MAT_SPD, PETSC_TRUE);
}

/* The six rigid motions, by the coordinates of the nodes. */
static PetscErrorCode set_near_null_space(Mat a, const struct fea_sparse_problem *p) {
  const struct fea_sparse *m = p->matrix;
  Vec points;
  PetscScalar *to;
  MatNullSpace rigid;
  PetscCall(MatCreateVecs(a, &points, NULL));
  PetscCall(VecSetBlockSize(points, 3));
  PetscCall(VecGetArrayWrite(points, &to));
  memcpy(to, p->points + 3 * m->first, 3 * (size_t)(m->last - m->first) * sizeof *to);
  PetscCall(VecRestoreArrayWrite(points, &to));
  PetscCall(MatNullSpaceCreateRigidBody(points, &rigid));
  PetscCall(MatSetNearNullSpace(a, rigid));
  PetscCall(MatNullSpaceDestroy(&rigid));
  return VecDestroy(&points);
}

static PetscErrorCode use_multigrid(KSP ksp) {
  PC pc;
  PetscCall(KSPSetType(ksp, KSPCG));
  PetscCall(KSPSetNormType(ksp, KSP_NORM_UNPRECONDITIONED));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCGAMG));
  PetscReal threshold[] = {0};
  PetscCall(PCGAMGSetThreshold(pc, threshold, 1));
  PetscCall(KSPSetOptionsPrefix(ksp, "tet_"));
  PetscCall(PetscOptionsSetValue(NULL, "-tet_mg_levels_ksp_type", "chebyshev"));
  PetscCall(PetscOptionsSetValue(NULL, "-tet_mg_levels_ksp_max_it", "2"));
  PetscCall(PetscOptionsSetValue(NULL, "-tet_mg_levels_pc_type", "jacobi"));
  return KSPSetFromOptions(ksp);
}

static PetscErrorCode use_factorisation(KSP ksp) {
  PC pc;
  PetscCall(KSPSetType(ksp, KSPCG)); /* one step when the factor is exact, a second refines it */
  PetscCall(KSPSetNormType(ksp, KSP_NORM_UNPRECONDITIONED));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCCHOLESKY));
  return PCFactorSetMatSolverType(pc, MATSOLVERMUMPS);
}

struct monitor {
  const struct fea_sparse_problem *problem;
  double first;
};

static PetscErrorCode monitor(KSP ksp, PetscInt iteration, PetscReal norm, void *context) {
  struct monitor *m = context;
  (void)ksp;
  if (m->problem->progress)
    m->problem->progress(m->problem->context, (int)iteration, m->first > 0 ? norm / m->first : 0);
  return 0;
}

static PetscErrorCode run(struct fea_cg_result *result, struct system *s,
                          const struct fea_sparse_problem *p, const double *b, double *x) {
  const PetscInt n = (PetscInt)(3 * (p->matrix->last - p->matrix->first));
  KSPConvergedReason reason;
  PetscInt iterations;
  PetscReal norm, first;
  PetscCall(create_matrix(s, p));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, 3, n, PETSC_DETERMINE, b, &s->b));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, 3, n, PETSC_DETERMINE, x, &s->x));
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &s->ksp));
  PetscCall(KSPSetOperators(s->ksp, s->a, s->a));
  if (p->direct)
    PetscCall(use_factorisation(s->ksp));
  else {
    PetscCall(set_near_null_space(s->a, p));
    PetscCall(use_multigrid(s->ksp));
  }
  PetscCall(VecNorm(s->b, NORM_2, &first));
  struct monitor m = {p, first};
  PetscCall(KSPSetTolerances(s->ksp, 0, p->tolerance * first, 1e10, p->most_iterations));
  PetscCall(KSPMonitorSet(s->ksp, monitor, &m, NULL));
  PetscCall(KSPSolve(s->ksp, s->b, s->x));
  PetscCall(KSPGetConvergedReason(s->ksp, &reason));
  PetscCall(KSPGetIterationNumber(s->ksp, &iterations));
  PetscCall(KSPGetResidualNorm(s->ksp, &norm));
  result->iterations = (int)iterations;
  result->residual = first > 0 ? norm / first : 0;
  result->converged = reason > 0;
  snprintf(result->words, sizeof result->words, "%s", KSPConvergedReasons[reason]);
  return 0;
}

static int solve(struct fea_cg_result *result, const struct fea_sparse_problem *problem,
                 const double *b, double *x) {
  struct system s = {0};
  memset(result, 0, sizeof *result);
  const PetscErrorCode code = run(result, &s, problem, b, x);
  if (code) {
    const char *words = NULL;
    PetscErrorMessage(code, &words, NULL);
    snprintf(result->words, sizeof result->words, "PETSc error %d: %s", (int)code,
             words ? words : "?");
  }
  KSPDestroy(&s.ksp);
  MatDestroy(&s.a);
  VecDestroy(&s.x);
  VecDestroy(&s.b);
  return code != 0;
}

/* ---- kept preconditioners ---- */

struct fea_held {
  struct system s; /* b and x without storage */
  PC pc;
};

static PetscErrorCode prepare(struct fea_held *h, const struct fea_sparse_problem *p) {
  const PetscInt n = (PetscInt)(3 * (p->matrix->last - p->matrix->first));
  PetscCall(create_matrix(&h->s, p));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, 3, n, PETSC_DETERMINE, NULL, &h->s.b));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, 3, n, PETSC_DETERMINE, NULL, &h->s.x));
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &h->s.ksp));
  PetscCall(KSPSetOperators(h->s.ksp, h->s.a, h->s.a));
  if (p->direct)
    PetscCall(use_factorisation(h->s.ksp));
  else {
    PetscCall(set_near_null_space(h->s.a, p));
    PetscCall(use_multigrid(h->s.ksp));
  }
  PetscCall(KSPGetPC(h->s.ksp, &h->pc));
  return KSPSetUp(h->s.ksp);
}

static void release(struct fea_held *h) {
  if (!h) return;
  KSPDestroy(&h->s.ksp);
  MatDestroy(&h->s.a);
  VecDestroy(&h->s.x);
  VecDestroy(&h->s.b);
  free(h);
}

static int hold(struct fea_held **out, char words[256], const struct fea_sparse_problem *p) {
  struct fea_held *h = calloc(1, sizeof *h);
  const PetscErrorCode code = h ? prepare(h, p) : PETSC_ERR_MEM;
  if (code) {
    const char *text = NULL;
    PetscErrorMessage(code, &text, NULL);
    snprintf(words, 256, "PETSc error %d: %s", (int)code, text ? text : "?");
    release(h);
    return 1;
  }
  *out = h;
  return 0;
}

static PetscErrorCode apply_held(struct fea_held *h, const double *r, double *z) {
  PetscCall(VecPlaceArray(h->s.b, r));
  PetscCall(VecPlaceArray(h->s.x, z));
  PetscCall(PCApply(h->pc, h->s.b, h->s.x));
  PetscCall(VecResetArray(h->s.b));
  return VecResetArray(h->s.x);
}

static int apply(struct fea_held *h, const double *r, double *z) {
  return apply_held(h, r, z) != 0;
}

__attribute__((visibility("default"))) const struct fea_petsc_sparse fea_petsc_sparse_module = {
    .version = FEA_PETSC_VERSION, .solve = solve, .hold = hold, .apply = apply, .release = release};
