/* Eigenvalues and eigenvectors of small symmetric matrices: principal axes of a region, tensors of
 * a structure, rank of a set of supports. */
#ifndef QCT_CORE_EIGEN_H
#define QCT_CORE_EIGEN_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * By cyclic Jacobi rotations until the off-diagonal is lost in rounding.
 * @param[out] value   eigenvalues, rising, shape [n]
 * @param[out] vector  unit eigenvectors as columns, in the order of `value`, shape [n][n], row by
 *                     row; NULL: not wanted
 * @param      a       symmetric matrix, shape [n][n]; destroyed
 */
void eigen_symmetric(double *value, double *vector, double *a, int n);

#ifdef __cplusplus
}
#endif
#endif
