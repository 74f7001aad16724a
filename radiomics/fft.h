/* Complex Fourier transforms of any length, many lines at a time: Stockham's self-sorting form with
 * radices 4, 2, 3, 5 and any other prime (slow in the prime). Real and imaginary parts in separate
 * arrays [n][lines], lines fastest, so that the loops vectorise over lines. Unnormalised:
 * forward then inverse gives n times the input. Inverse: swap the two arrays.
 * (closed form of the discrete transform)
 */
#ifndef QCT_RADIOMICS_FFT_H
#define QCT_RADIOMICS_FFT_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rad_fft; /* plan: read-only while it runs, so threads may share it */

status rad_fft_create(struct rad_fft **out, int64_t n);
void rad_fft_destroy(struct rad_fft *plan);
/** Least length >= n with no prime above 5. */
int64_t rad_fft_good_length(int64_t n);
/** Transform in place; work arrays of the same size. */
void rad_fft_run(const struct rad_fft *plan, double *re, double *im, double *work_re,
                 double *work_im, int64_t lines);
/** All three axes of [nz][ny][nx] in place; sign -1 forward, +1 inverse (unnormalised). */
status rad_fft_volume(double *re, double *im, const int64_t n[3], int sign);

#ifdef __cplusplus
}
#endif
#endif
