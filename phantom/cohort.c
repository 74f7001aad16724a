#include "phantom/cohort.h"

#include "core/progress.h"
#include "core/random.h"
#include "core/statistics.h"
#include "phantom/hip_truth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double shape = 1.6, women_factor = 2, loss_per_year = 0.03;
static const double death_per_year = 0.02, death_growth = 0.09, death_age = 68;

enum { CORTEX, NECK, TRABECULAR, MEASURES };
/* log hazard ratio per SD lower. Source: black2008 */
static const double hazard_ratio[MEASURES] = {3.2, 1.6, 1.7};

struct people {
  double *measure[MEASURES]; /* [n] each */
  double *age, *eta;
  char *sex;
};

static status measure_person(const struct people *p, int i, const struct phantom_cohort *c) {
  status st = ST_OK;
  struct hip_person person;
  struct tissue_table tissue;
  struct hip_body body;
  struct hip_truth truth;
  person_draw(&person, c->first_seed + (uint64_t)i, c->sex, &p->age[i], &p->sex[i]);
  TRY(person_check(&person));
  TRY(tissue_table_init(&tissue, 70, person.fat_density, person.marrow_yellow, BONE_REAL));
  hip_body_init(&body, &person, &tissue, NULL);
  TRY(hip_truth_compute(&truth, &body, SIDE_LEFT, NULL, c->truth_step_mm));
  const struct truth_sums *s = &truth.sums[2][TRUTH_TOTAL];
  p->measure[CORTEX][i] = 100 * s->cortical_volume / s->volume;
  p->measure[NECK][i] = truth.section.area_mm2;
  p->measure[TRABECULAR][i] = 1000 *
                              (s->content[TRUTH_K2HPO4] - s->cortical_content[TRUTH_K2HPO4]) /
                              (s->volume - s->cortical_volume);
done:
  if (st != ST_OK) status_note("digital cohort: person %d", i + 1);
  return st;
}

static void linear_predictor(const struct people *p, int n, int null) {
  for (int i = 0; i < n; i++) p->eta[i] = 0;
  for (int m = 0; m < MEASURES && !null; m++) {
    double mean = stat_mean(p->measure[m], n), sd = stat_sd(p->measure[m], n, 1);
    for (int i = 0; i < n && sd > 0; i++)
      p->eta[i] -= log(hazard_ratio[m]) * (p->measure[m][i] - mean) / sd;
  }
}

double phantom_cohort_best_concordance(const double *eta, int n) {
  double sum = 0, pairs = 0;
  for (int i = 0; i < n; i++)
    for (int j = i + 1; j < n; j++) {
      sum += 1 / (1 + exp(-fabs(eta[i] - eta[j])));
      pairs++;
    }
  return pairs > 0 ? sum / pairs : (double)NAN;
}

/* Earliest of fracture, death, loss and the end. */
static void follow(double *time, double *event, const struct people *p, int i, double mean_risk,
                   const struct phantom_cohort *c) {
  uint64_t seed = c->first_seed + (uint64_t)i;
  double rate = c->rate / 1000 * (p->sex[i] == 'F' ? women_factor : 1);
  double scale =
      rate * pow(c->years, 1 - shape) * exp(p->eta[i]) / mean_risk; /* H = scale t^shape */
  double fracture = pow(-log(random_uniform(seed, 71, 0)) / scale, 1 / shape);
  double dying = death_per_year * exp(death_growth * (p->age[i] - death_age));
  double death = -log(random_uniform(seed, 71, 1)) / dying;
  double loss = -log(random_uniform(seed, 71, 2)) / loss_per_year;
  double end = fmin(loss, c->years);
  *time = fmin(fracture, fmin(death, end));
  *event = *time == fracture ? 1 : *time == death ? 2 : 0;
}

static status fill_table(struct table *t, const struct people *p, const struct phantom_cohort *c) {
  static const struct {
    const char *name, *unit;
    int numeric;
  } columns[] = {{"case", "", 0},
                 {"person_seed", "", 1},
                 {"sex", "", 0},
                 {"age", "y", 1},
                 {"percent_cortical_volume", "%", 1},
                 {"narrow_neck_area", "mm2", 1},
                 {"trabecular_density", "mg/cm3", 1},
                 {"eta", "", 1},
                 {"time", "y", 1},
                 {"event", "", 1},
                 {"best_concordance", "", 1}};
  status st = ST_OK;
  for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
    TRY(table_add_column(t, columns[k].name, columns[k].unit, columns[k].numeric != 0));
  double risk = 0, best = phantom_cohort_best_concordance(p->eta, c->people);
  for (int i = 0; i < c->people; i++) risk += exp(p->eta[i]) / c->people;
  for (int i = 0; i < c->people; i++) {
    char name[32], sex[2] = {p->sex[i], '\0'};
    snprintf(name, sizeof name, "P%06d", i + 1);
    TRY(table_set_text(t, (size_t)i, 0, name));
    TRY(table_set_text(t, (size_t)i, 2, sex));
    t->columns[1].numbers[i] = (double)(c->first_seed + (uint64_t)i);
    t->columns[3].numbers[i] = p->age[i];
    for (int m = 0; m < MEASURES; m++) t->columns[4 + m].numbers[i] = p->measure[m][i];
    t->columns[7].numbers[i] = p->eta[i];
    follow(&t->columns[8].numbers[i], &t->columns[9].numbers[i], p, i, risk, c);
    t->columns[10].numbers[i] = best;
  }
done:
  return st;
}

status phantom_cohort_make(struct table **out, const struct phantom_cohort *c) {
  status st = ST_OK;
  struct table *t = NULL;
  struct people p = {{NULL}, NULL, NULL, NULL};
  struct progress progress;
  size_t n = (size_t)c->people;
  progress_begin(&progress, "digital cohort", "people", c->people);
  CHECK(c->people >= 2 && c->people <= 100000, ST_DOMAIN,
        "digital cohort: %d people, permitted 2..100000", c->people);
  CHECK(c->years > 0 && c->rate > 0, ST_DOMAIN,
        "digital cohort: %g years at %g fractures a 1000 person-years, both must be above 0",
        c->years, c->rate);
  double *numbers = calloc(n * (MEASURES + 2), sizeof *numbers);
  p.sex = calloc(n, 1);
  p.measure[0] = numbers;
  CHECK(numbers && p.sex, ST_MEMORY, "digital cohort: no memory for %d people", c->people);
  for (int m = 0; m < MEASURES; m++) p.measure[m] = numbers + (size_t)m * n;
  p.age = numbers + MEASURES * n;
  p.eta = p.age + n;
  for (int i = 0; i < c->people; i++) {
    TRY(measure_person(&p, i, c));
    progress_update(&progress, i + 1, NULL);
  }
  linear_predictor(&p, c->people, c->null);
  TRY(table_create(&t, n));
  TRY(fill_table(t, &p, c));
  *out = t;
  t = NULL;
done:
  progress_end(&progress);
  table_destroy(t);
  free(p.measure[0]);
  free(p.sex);
  return st;
}
