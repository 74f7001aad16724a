#include "fea/petsc.h"

#include "core/module.h"
#include "fea/solve.h"

#include <stdlib.h>

/* setenv is POSIX, not C11 */
int setenv(const char *name, const char *value, int overwrite);

static bool under_mpirun(void) {
  return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
}

/* Alone, Open MPI would look for ssh and network cards: aborts without the one, 0.3 s for the
 * other.
 */
static void stay_alone(void) {
  setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  setenv("OMPI_MCA_pml", "ob1", 0);
  setenv("OMPI_MCA_btl", "self", 0);
}

status fea_petsc_open(const struct fea_petsc **out, const struct fea_comm **comm) {
  status st = ST_OK;
  const void *symbol = NULL;
  char words[256] = "";
  if (!under_mpirun()) stay_alone();
  TRY(module_open(&symbol, "fea_petsc", "fea_petsc_module", "libpetsc-real3.18"));
  const struct fea_petsc *petsc = symbol;
  CHECK(petsc->version == FEA_PETSC_VERSION, ST_UNSUPPORTED,
        "finite elements: module fea_petsc has version %d, the program needs %d; build both anew",
        petsc->version, FEA_PETSC_VERSION);
  CHECK(!petsc->start(comm, under_mpirun(), words, sizeof words), ST_EXTERNAL,
        "finite elements: PETSc does not start: %s", words);
  *out = petsc;
done:
  return st;
}

static void no_exchange(const struct fea_halo *halo) {
  (void)halo;
}
static void no_sum(double *x, int64_t n) {
  (void)x, (void)n;
}
static void no_sum_float(float *x, int64_t n) {
  (void)x, (void)n;
}

status fea_comm_open(const struct fea_comm **comm) {
  static const struct fea_comm alone = {0, 1, no_exchange, no_sum, no_sum_float, no_sum};
  const struct fea_petsc *petsc;
  *comm = &alone;
  return under_mpirun() ? fea_petsc_open(&petsc, comm) : ST_OK;
}

status fea_ranks(int *rank, int *ranks) {
  status st = ST_OK;
  const struct fea_comm *comm;
  TRY(fea_comm_open(&comm));
  *rank = comm->rank;
  *ranks = comm->ranks;
done:
  return st;
}
