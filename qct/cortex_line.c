#include "qct/cortex_line.h"

#include <math.h>
#include <string.h>

static const double RESIDUAL = 0.15; /* of y1 - y0: above, the fit is refused */
static const double SOFTEST = 0.6;   /* of y1: what is denser outside or behind is itself cortex */
static const double EMPTIEST = -200; /* mg/cm3 behind: marrow of fat alone is at half of that */
static const double FARTHEST = 3;    /* mm, edge from the outline */
static const double ROOT_HALF = 0.70710678118654752440, PHI0 = 0.39894228040143267794;

static double normal_density(double z) {
  return PHI0 * exp(-0.5 * z * z);
}

static double normal_below(double z) {
  return 0.5 * erfc(-z * ROOT_HALF);
}

/* Integral of the normal distribution function. */
static double normal_ramp(double z) {
  return z * normal_below(z) + normal_density(z);
}

/* Gaussian when the box is too narrow to matter: folding w^2/12 into the variance is right to
 * fourth order. */
static int narrow(const struct cortex_blur *b) {
  return b->box_mm < 0.3 * b->sigma_mm;
}

static double folded(const struct cortex_blur *b) {
  return sqrt(b->sigma_mm * b->sigma_mm + b->box_mm * b->box_mm / 12);
}

double cortex_step(const struct cortex_blur *b, double x) {
  if (narrow(b)) return normal_below(x / folded(b));
  double half = b->box_mm / 2, s = b->sigma_mm;
  return s / b->box_mm * (normal_ramp((x + half) / s) - normal_ramp((x - half) / s));
}

double cortex_model_at(const struct cortex_model *m, double x) {
  return m->outside + (m->cortical - m->outside) * cortex_step(&m->blur, x - m->outer_mm) +
         (m->behind - m->cortical) * cortex_step(&m->blur, x - m->outer_mm - m->thickness_mm);
}

/* ---- the step, its slope and its change with sigma, from a table of this blur ---- */

enum { STEPS = 640 };

struct step_table { /* S and dS/dx over [-end, end] */
  double end, per_mm;
  float value[STEPS + 2], slope[STEPS + 2];
};

static double slope_at(const struct cortex_blur *b, double x) {
  if (narrow(b)) return normal_density(x / folded(b)) / folded(b);
  double half = b->box_mm / 2;
  return (normal_below((x + half) / b->sigma_mm) - normal_below((x - half) / b->sigma_mm)) /
         b->box_mm;
}

static double sigma_change(const struct cortex_blur *b, double x) {
  double s = b->sigma_mm, half = b->box_mm / 2;
  if (narrow(b)) {
    double f = folded(b);
    return -x / (f * f) * normal_density(x / f) * s / f;
  }
  return (normal_density((x + half) / s) - normal_density((x - half) / s)) / b->box_mm;
}

static void tabulate(struct step_table *t, const struct cortex_blur *b) {
  t->end = 4.5 * b->sigma_mm + b->box_mm / 2;
  t->per_mm = STEPS / (2 * t->end);
  for (int i = 0; i <= STEPS + 1; i++) {
    double x = -t->end + i / t->per_mm;
    t->value[i] = (float)cortex_step(b, x);
    t->slope[i] = (float)slope_at(b, x);
  }
}

static inline void look_up(const struct step_table *t, double x, double *value, double *slope) {
  double at = (x + t->end) * t->per_mm;
  *slope = 0;
  if (at <= 0) {
    *value = 0;
  } else if (at >= STEPS) {
    *value = 1;
  } else {
    int i = (int)at;
    double rest = at - i;
    *value = (double)t->value[i] + rest * ((double)t->value[i + 1] - (double)t->value[i]);
    *slope = (double)t->slope[i] + rest * ((double)t->slope[i + 1] - (double)t->slope[i]);
  }
}

/* ---- least squares ---- */

enum { X0, T, Y0, Y2, SIGMA, Y1, MOST }; /* the first four are fitted always */

struct problem {
  const struct cortex_samples *s;
  const struct step_table *table; /* NULL: the blur is fitted, no table */
  double box_mm;
  int free; /* 4; 5: sigma too; 6: y1 too */
};

static double residual(const struct problem *p, const double a[MOST], int i,
                       double gradient[MOST]) {
  double outer = p->s->x[i] - a[X0], inner = outer - a[T], s0, s1, d0, d1;
  struct cortex_blur b = {a[SIGMA], p->box_mm};
  if (p->table) {
    look_up(p->table, outer, &s0, &d0);
    look_up(p->table, inner, &s1, &d1);
  } else {
    s0 = cortex_step(&b, outer);
    s1 = cortex_step(&b, inner);
    d0 = slope_at(&b, outer);
    d1 = slope_at(&b, inner);
    gradient[Y1] = s0 - s1;
    gradient[SIGMA] =
        (a[Y1] - a[Y0]) * sigma_change(&b, outer) + (a[Y2] - a[Y1]) * sigma_change(&b, inner);
  }
  gradient[T] = -(a[Y2] - a[Y1]) * d1;
  gradient[X0] = -(a[Y1] - a[Y0]) * d0 + gradient[T];
  gradient[Y0] = 1 - s0;
  gradient[Y2] = s1;
  return a[Y0] + (a[Y1] - a[Y0]) * s0 + (a[Y2] - a[Y1]) * s1 - p->s->y[i];
}

/* Sum of squares; the normal equations when `h` is given. */
static double squares(const struct problem *p, const double a[MOST], double h[MOST][MOST],
                      double g[MOST]) {
  double sum = 0, d[MOST];
  int n = p->free;
  if (h) memset(h, 0, MOST * sizeof *h);
  if (h) memset(g, 0, MOST * sizeof *g);
  for (int i = 0; i < p->s->n; i++) {
    double r = residual(p, a, i, d);
    sum += r * r;
    if (!h) continue;
    for (int u = 0; u < n; u++) {
      g[u] += d[u] * r;
      for (int v = 0; v <= u; v++) h[u][v] += d[u] * d[v];
    }
  }
  return sum;
}

/* Solve (H + lambda diag H) step = -g by Cholesky; 0 when not positive definite. */
static int solve(double step[MOST], double h[MOST][MOST], const double g[MOST], int n,
                 double lambda) {
  double l[MOST][MOST], z[MOST];
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      double sum = h[i][j] + (i == j ? lambda * h[i][i] + 1e-9 : 0);
      for (int k = 0; k < j; k++) sum -= l[i][k] * l[j][k];
      if (i == j && !(sum > 0)) return 0;
      l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
    }
  for (int i = 0; i < n; i++) {
    z[i] = -g[i];
    for (int k = 0; k < i; k++) z[i] -= l[i][k] * z[k];
    z[i] /= l[i][i];
  }
  for (int i = n - 1; i >= 0; i--) {
    step[i] = z[i];
    for (int k = i + 1; k < n; k++) step[i] -= l[k][i] * step[k];
    step[i] /= l[i][i];
  }
  return 1;
}

static double clamped(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

static void into_bounds(double a[MOST]) {
  a[X0] = clamped(a[X0], -FARTHEST - 1, FARTHEST + 1);
  a[T] = clamped(a[T], CORTEX_THIN_MM, CORTEX_THICK_MM);
  a[SIGMA] = clamped(a[SIGMA], 0.1, 4);
  a[Y0] = fmin(a[Y0], SOFTEST * a[Y1]);
  a[Y2] = clamped(a[Y2], EMPTIEST, SOFTEST * a[Y1]);
}

static double descend(const struct problem *p, double a[MOST], int rounds) {
  double h[MOST][MOST], g[MOST], step[MOST], lambda = 1e-2;
  double best = squares(p, a, h, g);
  for (int round = 0; round < rounds; round++) {
    double b[MOST];
    memcpy(b, a, sizeof b);
    if (!solve(step, h, g, p->free, lambda)) break;
    for (int u = 0; u < p->free; u++) b[u] += step[u];
    into_bounds(b);
    double now = squares(p, b, NULL, NULL);
    if (now < best) {
      int done = best - now < 1e-7 * best;
      memcpy(a, b, sizeof b);
      best = now;
      if (done) break;
      squares(p, a, h, g);
      lambda = fmax(lambda / 10, 1e-7);
    } else {
      lambda *= 8;
      if (lambda > 1e6) break;
    }
  }
  return best;
}

static void conclude(struct cortex_fit *out, const double a[MOST], double box, double square,
                     int n) {
  out->model = (struct cortex_model){.outer_mm = a[X0],
                                     .thickness_mm = a[T],
                                     .outside = a[Y0],
                                     .cortical = a[Y1],
                                     .behind = a[Y2],
                                     .blur = {a[SIGMA], box}};
  out->rms = sqrt(square / n);
  out->flag = CORTEX_FITTED;
  double top = SOFTEST * a[Y1];
  if (a[T] <= CORTEX_THIN_MM || a[T] >= CORTEX_THICK_MM || a[Y0] >= top || a[Y2] >= top ||
      a[Y2] <= EMPTIEST)
    out->flag = CORTEX_BOUND;
  if (!(out->rms <= RESIDUAL * (a[Y1] - a[Y0]))) out->flag = CORTEX_RESIDUAL;
  if (!(fabs(a[X0]) <= FARTHEST)) out->flag = CORTEX_FAR;
}

static double mean_between(const struct cortex_samples *s, double from, double to, double none) {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < s->n; i++) {
    if (s->x[i] < from || s->x[i] > to) continue;
    sum += s->y[i];
    n++;
  }
  return n ? sum / n : none;
}

void cortex_fit_given(struct cortex_fit *out, const struct cortex_samples *s, double start,
                      double cortical, const struct cortex_blur *blur) {
  static const double guesses[] = {0.5, 1.2, 2.5, 5};
  struct step_table table;
  struct problem p = {s, &table, blur->box_mm, 4};
  double best = INFINITY, won[MOST] = {0};
  *out = (struct cortex_fit){.flag = CORTEX_NO_EDGE};
  if (s->n < CORTEX_LINE_LEAST) return;
  tabulate(&table, blur);
  double reach = 2 * folded(blur);
  double outside = mean_between(s, -1e9, start - reach, 0), behind = outside;
  for (unsigned i = 0; i < sizeof guesses / sizeof *guesses; i++) {
    behind = mean_between(s, start + guesses[i] + reach, 1e9, behind);
    /* a cortex thinner than the blur shows its edge outside its own by half its width less */
    double a[MOST] = {
        start + 0.3 * folded(blur), guesses[i], outside, behind, blur->sigma_mm, cortical};
    double square = descend(&p, a, 6);
    if (square >= best) continue;
    best = square;
    memcpy(won, a, sizeof won);
  }
  best = descend(&p, won, 20);
  conclude(out, won, blur->box_mm, best, s->n);
}

static void fit_blur(struct cortex_fit *out, const struct cortex_samples *s,
                     const struct cortex_model *m, int free) {
  struct problem p = {s, NULL, m->blur.box_mm, free};
  double a[MOST] = {m->outer_mm, m->thickness_mm,  m->outside,
                    m->behind,   m->blur.sigma_mm, m->cortical};
  *out = (struct cortex_fit){.flag = CORTEX_NO_EDGE};
  if (s->n < CORTEX_LINE_LEAST) return;
  into_bounds(a);
  double square = descend(&p, a, 30);
  conclude(out, a, m->blur.box_mm, square, s->n);
}

void cortex_fit_free(struct cortex_fit *out, const struct cortex_samples *s,
                     const struct cortex_model *start) {
  fit_blur(out, s, start, 6);
}

void cortex_fit_blur(struct cortex_fit *out, const struct cortex_samples *s,
                     const struct cortex_model *start) {
  fit_blur(out, s, start, 5);
}

/* ---- by halves ---- */

enum { BINS = 48 };
static const double BIN = 0.33, BIN_FROM = -5.94; /* mm; bin 18 begins at the outline */
static const double PEAK_FROM = -1.5, PEAK_TO = 4.5;

static double bin_middle(int i) {
  return BIN_FROM + BIN * (i + 0.5);
}

/* Means of the samples in bins; empty ones between two others take their mean. */
static void bin_samples(double mean[BINS], const struct cortex_samples *s) {
  int count[BINS] = {0}, last = -1;
  memset(mean, 0, BINS * sizeof *mean);
  for (int i = 0; i < s->n; i++) {
    int b = (int)floor((s->x[i] - BIN_FROM) / BIN);
    if (b < 0 || b >= BINS) continue;
    mean[b] += s->y[i];
    count[b]++;
  }
  for (int b = 0; b < BINS; b++) mean[b] = count[b] ? mean[b] / count[b] : (double)NAN;
  for (int b = 0; b < BINS; b++) {
    if (!count[b]) continue;
    for (int e = last + 1; last >= 0 && e < b; e++)
      mean[e] = mean[last] + (mean[b] - mean[last]) * (e - last) / (b - last);
    last = b;
  }
}

static double median_range(const double *mean, double from, double to) {
  double sorted[BINS];
  int n = 0;
  for (int b = 0; b < BINS; b++) {
    if (isnan(mean[b]) || bin_middle(b) < from || bin_middle(b) > to) continue;
    int k = n++;
    for (; k > 0 && sorted[k - 1] > mean[b]; k--) sorted[k] = sorted[k - 1];
    sorted[k] = mean[b];
  }
  return n ? sorted[n / 2] : (double)NAN;
}

static double crossing(const double *mean, int a, int b, double level) {
  return bin_middle(a) + (level - mean[a]) / (mean[b] - mean[a]) * (bin_middle(b) - bin_middle(a));
}

void cortex_read_halves(struct cortex_halves *out, const struct cortex_samples *s, double least) {
  double mean[BINS];
  int peak = -1, low;
  *out = (struct cortex_halves){.inner_mm = (double)NAN, .outer_mm = (double)NAN};
  bin_samples(mean, s);
  for (int b = 0; b < BINS; b++)
    if (!isnan(mean[b]) && bin_middle(b) > PEAK_FROM && bin_middle(b) < PEAK_TO &&
        (peak < 0 || mean[b] > mean[peak]))
      peak = b;
  if (peak < 1) return;
  low = peak;
  for (int b = peak - 1; b >= 0 && !isnan(mean[b]); b--) {
    if (mean[b] < mean[low]) low = b;
    if (mean[b] > mean[low] + least) break; /* the next bone */
  }
  out->peak = mean[peak];
  out->outside = mean[low];
  out->first_mm = bin_middle(low) - BIN;
  if (!(out->peak - out->outside >= least)) return;
  double level = (out->peak + out->outside) / 2;
  for (int b = peak; b > low; b--)
    if (mean[b] >= level && mean[b - 1] < level) {
      out->outer_mm = crossing(mean, b - 1, b, level);
      break;
    }
  out->ok = !isnan(out->outer_mm);
  out->behind = median_range(mean, 5, 8);
  level = (out->peak + out->behind) / 2;
  if (!(out->peak - out->behind >= least)) return;
  for (int b = peak; b + 1 < BINS && !isnan(mean[b + 1]); b++)
    if (mean[b] >= level && mean[b + 1] < level) {
      out->inner_mm = crossing(mean, b, b + 1, level);
      return;
    }
}
