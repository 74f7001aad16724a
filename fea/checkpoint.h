/* A long solve on disk while it runs: the displacement reached, per load case, so that a killed run
 * goes on from there. Files <path>.case<N>.h5 (and .rank<R> under mpirun); removed when every case
 * is solved. Inner contract of fea/solve.c. */
#ifndef QCT_FEA_CHECKPOINT_H
#define QCT_FEA_CHECKPOINT_H

#include "fea/solver.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What makes two models the same problem, as text: moduli, supports, loads, ranks. */
void fea_checkpoint_key(char key[40], const struct fea_model *model, int load_case, int ranks);
status fea_checkpoint_write(const struct fea_solver *s, int load_case, const double *x);
/** Fill x from the file of this case when there is one of the same problem; else x is untouched.
 * @return ST_DOMAIN when the file is of another problem (message names the remedy) */
status fea_checkpoint_read(const struct fea_solver *s, int load_case, double *x, bool *found);
void fea_checkpoint_remove(const struct fea_solver *s);

#ifdef __cplusplus
}
#endif
#endif
