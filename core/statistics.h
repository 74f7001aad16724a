/* Small statistics used by more than one method folder: summaries, the straight line,
 * distributions. Every array is plain doubles without NaN unless said. Sources: closed forms;
 * distribution functions by the incomplete gamma and beta functions (continued fractions, relative
 * error below 1e-12).
 */
#ifndef QCT_CORE_STATISTICS_H
#define QCT_CORE_STATISTICS_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

double stat_mean(const double *x, int64_t n);
/** Standard deviation with divisor n - ddof. */
double stat_sd(const double *x, int64_t n, int ddof);
/** Percentile p in 0..100 of unsorted x, linear interpolation between order statistics (numpy
 * default, Hyndman-Fan type 7). Leaves x unchanged. NaN when n = 0 or out of memory. */
double stat_percentile(const double *x, int64_t n, double p);
double stat_median(const double *x, int64_t n);
/** The same on floats, reordering x in place; no allocation. */
double stat_percentile_inplace(float *x, int64_t n, double p);

/* y = intercept + slope x by ordinary (weights NULL) or weighted least squares */
struct line_fit {
  double slope, intercept;
  double slope_se, intercept_se, covariance; /* NaN when n = 2 */
  double residual_sd;                        /* sqrt(SSR/(n-2)); NaN when n = 2 */
  double r;                                  /* correlation of x and y */
  int n;
};
/** @return ST_NUMERIC when x has no spread, ST_DOMAIN when n < 2 or a value is not finite */
status stat_line_fit(struct line_fit *fit, const double *x, const double *y, const double *weights,
                     int n);
/** Half-width of the 95 % interval of the fitted mean at x0 (prediction: of a new observation). */
double stat_line_half_width(const struct line_fit *fit, const double *x, int n, double x0,
                            int prediction);

double stat_normal_cdf(double z);
double stat_normal_quantile(double p);
double stat_t_cdf(double t, double df);
double stat_t_quantile(double p, double df);
double stat_chi2_cdf(double x, double df);
/** The mass beyond x, with all its digits: a p of 1e-18 is no 0. */
double stat_chi2_beyond(double x, double df);
double stat_chi2_quantile(double p, double df);
double stat_binomial_low(int64_t k, int64_t n, double alpha); /* Clopper-Pearson */
double stat_binomial_high(int64_t k, int64_t n, double alpha);

#ifdef __cplusplus
}
#endif
#endif
