/* Preconditioners of assembled systems in the module qct_fea_petsc.so (fea/sparse.h). PETSc has
 * been started by the module's first table. */
#include "fea/sparse.h"

#include <petscksp.h>
#undef I /* PETSc's complex unit */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fea_held {
  Mat a;
  Vec b, x; /* without storage */
  KSP ksp;  /* for its preconditioner only */
  PC pc;
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

static PetscErrorCode create_matrix(struct fea_held *h, const struct fea_sparse_problem *p) {
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
  PetscCall(MatCreate(PETSC_COMM_WORLD, &h->a));
  PetscCall(MatSetSizes(h->a, (PetscInt)local, (PetscInt)local, PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetBlockSize(h->a, 3));
  PetscCall(MatSetType(h->a, MATAIJ)); /* GAMG refuses BAIJ in this version */
  PetscCall(MatSeqAIJSetPreallocationCSR(h->a, row, column, value));
  PetscCall(MatMPIAIJSetPreallocationCSR(h->a, row, column, value));
  PetscCall(PetscFree3(row, column, value));
  PetscCall(MatSetOption(h->a, MAT_SYMMETRIC, PETSC_TRUE));
  return MatSetOption(h->a, MAT_SPD, PETSC_TRUE);
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
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCCHOLESKY));
  return PCFactorSetMatSolverType(pc, MATSOLVERMUMPS);
}

static PetscErrorCode prepare(struct fea_held *h, const struct fea_sparse_problem *p) {
  const PetscInt n = (PetscInt)(3 * (p->matrix->last - p->matrix->first));
  PetscCall(create_matrix(h, p));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, 3, n, PETSC_DETERMINE, NULL, &h->b));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, 3, n, PETSC_DETERMINE, NULL, &h->x));
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &h->ksp));
  PetscCall(KSPSetOperators(h->ksp, h->a, h->a));
  if (p->direct)
    PetscCall(use_factorisation(h->ksp));
  else {
    PetscCall(set_near_null_space(h->a, p));
    PetscCall(use_multigrid(h->ksp));
  }
  PetscCall(KSPGetPC(h->ksp, &h->pc));
  return KSPSetUp(h->ksp);
}

static void release(struct fea_held *h) {
  if (!h) return;
  KSPDestroy(&h->ksp);
  MatDestroy(&h->a);
  VecDestroy(&h->x);
  VecDestroy(&h->b);
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
  PetscCall(VecPlaceArray(h->b, r));
  PetscCall(VecPlaceArray(h->x, z));
  PetscCall(PCApply(h->pc, h->b, h->x));
  PetscCall(VecResetArray(h->b));
  return VecResetArray(h->x);
}

static int apply(struct fea_held *h, const double *r, double *z) {
  return apply_held(h, r, z) != 0;
}

__attribute__((visibility("default"))) const struct fea_petsc_sparse fea_petsc_sparse_module = {
    .version = FEA_PETSC_VERSION, .hold = hold, .apply = apply, .release = release};
