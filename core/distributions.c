#include "core/statistics.h"

#include <math.h>

#define SQRT_HALF 0.70710678118654752440
#define TWO_PI 6.28318530717958647692
#define HALF_LOG_TWO_PI 0.91893853320467274178
#define TINY 1e-300

enum { MOST_TERMS = 200000 };

double stat_normal_cdf(double z) {
  return 0.5 * erfc(-z * SQRT_HALF);
}

static double ratio(double r, const double top[8], const double bottom[8]) {
  double a = top[7], b = bottom[7];
  for (int i = 6; i >= 0; i--) {
    a = a * r + top[i];
    b = b * r + bottom[i];
  }
  return a / b;
}

/* Algorithm AS 241, PPND16; relative error about 1e-16. Source: wichura1988 */
double stat_normal_quantile(double p) {
  static const double a[8] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                              1.9715909503065514427e3, 1.3731693765509461125e4,
                              4.5921953931549871457e4, 6.7265770927008700853e4,
                              3.3430575583588128105e4, 2.5090809287301226727e3};
  static const double b[8] = {1,
                              4.2313330701600911252e1,
                              6.8718700749205790830e2,
                              5.3941960214247511077e3,
                              2.1213794301586595867e4,
                              3.9307895800092710610e4,
                              2.8729085735721942674e4,
                              5.2264952788528545610e3};
  static const double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                              5.76949722146069140550e0,  3.64784832476320460504e0,
                              1.27045825245236838258e0,  2.41780725177450611770e-1,
                              2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static const double d[8] = {1,
                              2.05319162663775882187e0,
                              1.67638483018380384940e0,
                              6.89767334985100004550e-1,
                              1.48103976427480074590e-1,
                              1.51986665636164571966e-2,
                              5.47593808499534494600e-4,
                              1.05075007164441684324e-9};
  static const double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                              1.78482653991729133580e0,  2.96560571828504891230e-1,
                              2.65321895265761230930e-2, 1.24266094738807843860e-3,
                              2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static const double f[8] = {1,
                              5.99832206555887937690e-1,
                              1.36929880922735805310e-1,
                              1.48753612908506148525e-2,
                              7.86869131145613259100e-4,
                              1.84631831751005468180e-5,
                              1.42151175831644588870e-7,
                              2.04426310338993978564e-15};
  if (!(p >= 0 && p <= 1)) return (double)NAN;
  if (p == 0 || p == 1) return p == 0 ? -(double)INFINITY : (double)INFINITY;
  double q = p - 0.5;
  if (fabs(q) <= 0.425) return q * ratio(0.180625 - q * q, a, b);
  double r = sqrt(-log(q < 0 ? p : 1 - p));
  double z = r <= 5 ? ratio(r - 1.6, c, d) : ratio(r - 5, e, f);
  return q < 0 ? -z : z;
}

/* ---- incomplete gamma and beta. Prefactors by Loader's saddle-point form, which keeps full
 * relative accuracy where differences of lgamma lose it. Source: loader2000 ---- */

/* log Gamma(z) - [(z - 1/2) log z - z + log(2 pi)/2] */
static double stirling_rest(double z) {
  if (z < 16) return lgamma(z) - ((z - 0.5) * log(z) - z + HALF_LOG_TWO_PI);
  double w = 1 / (z * z);
  return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w / 1188)))) / z;
}

/* x log(x/m) + m - x */
static double deviance(double x, double m) {
  if (fabs(x - m) >= 0.1 * (x + m)) return x > 0 ? x * log(x / m) + m - x : m;
  double v = (x - m) / (x + m), s = (x - m) * v, term = 2 * x * v;
  for (int j = 1; j < 1000; j++) {
    term *= v * v;
    double next = s + term / (2 * j + 1);
    if (next == s) break;
    s = next;
  }
  return s;
}

/* x^a exp(-x) / Gamma(a) */
static double gamma_front(double a, double x) {
  return sqrt(a / TWO_PI) * exp(-deviance(a, x) - stirling_rest(a));
}

/* x^a y^b / B(a, b), y = 1 - x */
static double beta_front(double a, double b, double x, double y) {
  double n = a + b;
  return sqrt(a * (b / n) / TWO_PI) * exp(-deviance(a, n * x) - deviance(b, n * y) +
                                          stirling_rest(n) - stirling_rest(a) - stirling_rest(b));
}

/* lower P(a, x) and upper Q(a, x), the smaller one computed */
static void gamma_tails(double a, double x, double *lower, double *upper) {
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (int i = 1; i < MOST_TERMS && term > sum * 1e-17; i++) {
      term *= x / (a + i);
      sum += term;
    }
    *lower = fmin(sum * gamma_front(a, x), 1);
    *upper = 1 - *lower;
    return;
  }
  double b = x + 1 - a, c = 1 / TINY, d = 1 / b, h = d; /* modified Lentz */
  for (int i = 1; i < MOST_TERMS; i++) {
    double an = -i * (i - a);
    b += 2;
    d = 1 / (fabs(an * d + b) < TINY ? TINY : an * d + b);
    c = fabs(b + an / c) < TINY ? TINY : b + an / c;
    h *= d * c;
    if (fabs(d * c - 1) < 1e-16) break;
  }
  *upper = fmin(h * gamma_front(a, x), 1);
  *lower = 1 - *upper;
}

static double beta_fraction(double a, double b, double x) {
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (fabs(d) < TINY ? TINY : d);
  double h = d;
  for (int m = 1; m < MOST_TERMS; m++) {
    double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (fabs(1 + even * d) < TINY ? TINY : 1 + even * d);
    c = fabs(1 + even / c) < TINY ? TINY : 1 + even / c;
    h *= d * c;
    double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (fabs(1 + odd * d) < TINY ? TINY : 1 + odd * d);
    c = fabs(1 + odd / c) < TINY ? TINY : 1 + odd / c;
    h *= d * c;
    if (fabs(d * c - 1) < 1e-16) break;
  }
  return h;
}

/* I_x(a, b) and its complement, y = 1 - x given apart so that neither end loses digits */
static void beta_tails(double a, double b, double x, double y, double *lower, double *upper) {
  if (x <= 0 || y <= 0) {
    *lower = x <= 0 ? 0 : 1;
    *upper = 1 - *lower;
  } else if (x < (a + 1) / (a + b + 2)) {
    *lower = fmin(beta_front(a, b, x, y) * beta_fraction(a, b, x) / a, 1);
    *upper = 1 - *lower;
  } else {
    *upper = fmin(beta_front(a, b, x, y) * beta_fraction(b, a, y) / b, 1);
    *lower = 1 - *upper;
  }
}

/* ---- distribution functions ---- */

double stat_t_cdf(double t, double df) {
  if (isnan(t) || !(df > 0)) return (double)NAN;
  if (isinf(df)) return stat_normal_cdf(t);
  if (isinf(t)) return t > 0;
  double lower, upper, scale = df + t * t;
  beta_tails(df / 2, 0.5, df / scale, t * t / scale, &lower, &upper);
  return t > 0 ? 1 - lower / 2 : lower / 2;
}

double stat_chi2_cdf(double x, double df) {
  if (isnan(x) || !(df > 0)) return (double)NAN;
  if (x <= 0 || isinf(x)) return x > 0;
  double lower, upper;
  gamma_tails(df / 2, x / 2, &lower, &upper);
  return lower;
}

double stat_chi2_beyond(double x, double df) {
  if (isnan(x) || !(df > 0)) return (double)NAN;
  if (x <= 0 || isinf(x)) return x <= 0;
  double lower, upper;
  gamma_tails(df / 2, x / 2, &lower, &upper);
  return upper;
}

/* ---- quantiles: the root of an increasing function by bracket and bisection, in the logarithm of
 * x for x > 0, so that both small and large quantiles keep their digits ---- */

typedef double (*distribution)(double x, const double *parameters);

static double invert(distribution cdf, const double *parameters, double p) {
  double low = 1, high = 1;
  while (cdf(high, parameters) < p && high < 1e300) high *= 4;
  while (cdf(low, parameters) > p && low > 1e-300) low /= 4;
  if (low <= 1e-300) return 0;
  for (int i = 0; i < 200; i++) {
    double middle = high > 2 * low ? sqrt(low) * sqrt(high) : low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (cdf(middle, parameters) < p)
      low = middle;
    else
      high = middle;
  }
  return low + (high - low) / 2;
}

/* mass between 0 and t, twice: increasing, 0 at 0, exact for small t */
static double t_two_sided(double t, const double *df) {
  double lower, upper, scale = *df + t * t;
  beta_tails(*df / 2, 0.5, *df / scale, t * t / scale, &lower, &upper);
  return upper;
}

/* minus the mass beyond t, twice: increasing, exact for large t */
static double t_outside(double t, const double *df) {
  double lower, upper, scale = *df + t * t;
  beta_tails(*df / 2, 0.5, *df / scale, t * t / scale, &lower, &upper);
  return -lower;
}

double stat_t_quantile(double p, double df) {
  if (!(p >= 0 && p <= 1) || !(df > 0)) return (double)NAN;
  if (isinf(df)) return stat_normal_quantile(p);
  if (p == 0 || p == 1) return p == 0 ? -(double)INFINITY : (double)INFINITY;
  if (p == 0.5) return 0;
  double tail = p < 0.5 ? p : 1 - p;
  double t =
      tail > 0.25 ? invert(t_two_sided, &df, 1 - 2 * tail) : invert(t_outside, &df, -2 * tail);
  return p < 0.5 ? -t : t;
}

static double chi2_at(double x, const double *df) {
  return stat_chi2_cdf(x, *df);
}

static double chi2_outside(double x, const double *df) {
  return -stat_chi2_beyond(x, *df);
}

double stat_chi2_quantile(double p, double df) {
  if (!(p >= 0 && p <= 1) || !(df > 0)) return (double)NAN;
  if (p == 0 || p == 1) return p == 0 ? 0 : (double)INFINITY;
  return p < 0.5 ? invert(chi2_at, &df, p) : invert(chi2_outside, &df, p - 1);
}

/* odds x/(1-x) of a beta variable: I at x = odds/(1 + odds) */
static double beta_odds(double odds, const double *ab) {
  double lower, upper;
  beta_tails(ab[0], ab[1], odds / (1 + odds), 1 / (1 + odds), &lower, &upper);
  return lower;
}

static double beta_quantile(double p, double a, double b) {
  double ab[2] = {a, b}, odds = invert(beta_odds, ab, p);
  return odds / (1 + odds);
}

/* Source: clopper1934 */
double stat_binomial_low(int64_t k, int64_t n, double alpha) {
  if (n < 1 || k < 0 || k > n || !(alpha > 0 && alpha < 1)) return (double)NAN;
  return k == 0 ? 0 : beta_quantile(alpha / 2, (double)k, (double)(n - k + 1));
}

double stat_binomial_high(int64_t k, int64_t n, double alpha) {
  if (n < 1 || k < 0 || k > n || !(alpha > 0 && alpha < 1)) return (double)NAN;
  return k == n ? 1 : beta_quantile(1 - alpha / 2, (double)(k + 1), (double)(n - k));
}
