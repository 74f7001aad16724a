#include "ml/simulate.h"

#include "core/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum stream {
  AGE,
  SEX,
  SITE,
  COMMON,
  MISSING,
  OUTCOME,
  EVENT_TIME,
  DEATH_TIME,
  LOSS_TIME,
  FEATURE
};

static const double weibull_shape = 1.6;

static double feature_of(const struct ml_simulation *s, int64_t i, int j, int site) {
  double common = random_normal(s->seed, COMMON, (uint64_t)i);
  double own = random_normal(s->seed, FEATURE + (uint64_t)j, (uint64_t)i);
  return sqrt(s->correlation) * common + sqrt(1 - s->correlation) * own +
         (site == 2) * s->site_shift;
}

static int is_male(const struct ml_simulation *s, int64_t i) {
  return random_uniform(s->seed, SEX, (uint64_t)i) < 0.5;
}

static int site_of(const struct ml_simulation *s, int64_t i) {
  return random_uniform(s->seed, SITE, (uint64_t)i) < 0.5 ? 1 : 2;
}

/* The truth does not know the site: its shift is a measurement artefact. */
static double predictor(const struct ml_simulation *s, int64_t i) {
  double sum = 0;
  for (int j = 0; j < s->effects; j++) sum += s->effect * feature_of(s, i, j, 1);
  return is_male(s, i) ? sum * s->male_signal : sum;
}

/* x with mean over people of link(x + eta) = target, by bisection; link rises with x. */
static double calibrate(const double *eta, int64_t n, double target, int survival) {
  double low = -40, high = 40;
  for (int step = 0; step < 200; step++) {
    double middle = 0.5 * (low + high), mean = 0;
    for (int64_t i = 0; i < n; i++)
      mean +=
          (survival ? -expm1(-exp(middle + eta[i])) : 1 / (1 + exp(-middle - eta[i]))) / (double)n;
    if (mean < target)
      low = middle;
    else
      high = middle;
  }
  return 0.5 * (low + high);
}

static status check_range(const char *name, double value, double low, double high) {
  status st = ST_OK;
  CHECK(value >= low && value <= high, ST_DOMAIN, "simulating people: %s is %g, must be %g to %g",
        name, value, low, high);
done:
  return st;
}

static status check(const struct ml_simulation *s) {
  status st = ST_OK;
  TRY(check_range("people", s->people, 20, 1e6));
  TRY(check_range("features", s->features, 1, ML_SIMULATED_FEATURES));
  TRY(check_range("effects", s->effects, 0, s->features));
  TRY(check_range("correlation", s->correlation, 0, 0.95));
  TRY(check_range("prevalence", s->prevalence, 0.01, 0.99));
  TRY(check_range("missing", s->missing, 0, 0.5));
  TRY(check_range("horizon [y]", s->horizon, 0.1, 100));
  TRY(check_range("death", s->death, 0, 0.9));
  TRY(check_range("loss", s->loss, 0, 0.9));
done:
  return st;
}

/* Outcome columns: fracture, time, event, truth. */
static void draw_outcome(const struct ml_simulation *s, int64_t i, double eta, double base,
                         double base_survival, double out[4]) {
  double u = random_uniform(s->seed, EVENT_TIME, (uint64_t)i);
  /* cumulative hazard exp(base + eta) (t / horizon)^shape */
  double t = s->horizon * pow(-log(u) / exp(base_survival + eta), 1 / weibull_shape);
  double death_rate = -log(1 - s->death) / s->horizon;
  double death = death_rate > 0
                     ? -log(random_uniform(s->seed, DEATH_TIME, (uint64_t)i)) / death_rate
                     : INFINITY;
  double lost = random_uniform(s->seed, LOSS_TIME, (uint64_t)i);
  double loss = lost < s->loss ? s->horizon * lost / s->loss : INFINITY;
  double end = fmin(fmin(t, death), fmin(loss, s->horizon));
  out[0] = random_uniform(s->seed, OUTCOME, (uint64_t)i) < 1 / (1 + exp(-base - eta));
  out[1] = fmax(end, 1e-3);
  out[2] = end == t ? 1 : end == death ? 2 : 0;
  out[3] = eta;
}

static status add_columns(struct table *t, const struct ml_simulation *s) {
  status st = ST_OK;
  char name[16];
  TRY(table_add_column(t, "id", "", false));
  TRY(table_add_column(t, "age", "y", true));
  TRY(table_add_column(t, "sex", "", false));
  TRY(table_add_column(t, "site", "", true));
  for (int j = 0; j < s->features; j++) {
    snprintf(name, sizeof name, "f%d", j + 1);
    TRY(table_add_column(t, name, "SD", true));
  }
  TRY(table_add_column(t, "fracture", "", true));
  TRY(table_add_column(t, "time", "y", true));
  TRY(table_add_column(t, "event", "", true));
  TRY(table_add_column(t, "truth", "", true));
done:
  return st;
}

status ml_simulate(struct table **out, const struct ml_simulation *s) {
  status st = ST_OK;
  struct table *t = NULL;
  double *eta = NULL;
  TRY(check(s));
  int64_t n = s->people;
  eta = malloc((size_t)n * sizeof *eta);
  CHECK(eta, ST_MEMORY, "simulating %lld people", (long long)n);
  for (int64_t i = 0; i < n; i++) eta[i] = predictor(s, i);
  double base = calibrate(eta, n, s->prevalence, 0),
         base_survival = calibrate(eta, n, s->prevalence, 1);
  TRY(table_create(&t, (size_t)n));
  TRY(add_columns(t, s));
  for (int64_t i = 0; i < n; i++) {
    char id[16];
    double outcome[4];
    int site = site_of(s, i);
    size_t row = (size_t)i;
    snprintf(id, sizeof id, "P%05lld", (long long)i + 1);
    TRY(table_set_text(t, row, 0, id));
    t->columns[1].numbers[row] =
        round(10 * (70 + 8 * random_normal(s->seed, AGE, (uint64_t)i))) / 10;
    TRY(table_set_text(t, row, 2, is_male(s, i) ? "M" : "F"));
    t->columns[3].numbers[row] = site;
    for (int j = 0; j < s->features; j++) {
      uint64_t cell = (uint64_t)i * ML_SIMULATED_FEATURES + (uint64_t)j;
      int gone = random_uniform(s->seed, MISSING, cell) < s->missing;
      t->columns[4 + j].numbers[row] = gone ? NAN : feature_of(s, i, j, site);
    }
    draw_outcome(s, i, eta[i], base, base_survival, outcome);
    for (int k = 0; k < 4; k++) t->columns[4 + s->features + k].numbers[row] = outcome[k];
  }
  *out = t;
  t = NULL;
done:
  free(eta);
  table_destroy(t);
  return st;
}
