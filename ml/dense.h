/* Symmetric positive definite systems, small and dense (up to a few thousand unknowns), row-major.
 */
#ifndef QCT_ML_DENSE_H
#define QCT_ML_DENSE_H

#include "core/status.h"

/** Factor a in place (lower triangle of L; the upper triangle is left as it was).
 *  @return ST_NUMERIC when a pivot is not above 1e-12 of its diagonal (singular) */
status ml_cholesky(double *a, int n);
/** Solve L L' x = b in place. */
void ml_cholesky_solve(const double *l, double *b, int n);
/** Diagonal of the inverse of L L' into d, shape [n]. @return ST_MEMORY */
status ml_cholesky_inverse_diagonal(double *d, const double *l, int n);

#endif
