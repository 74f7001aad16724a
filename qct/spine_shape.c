#include "qct/spine_shape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double qct_height_loss(double a, double m, double p) {
  if (!(a > 0 && m > 0 && p > 0)) return (double)NAN;
  return 1 - fmin(a, fmin(m, p)) / fmax(a, fmax(m, p));
}

int qct_genant_grade(double loss) {
  const double tiny = 1e-9; /* 1 - 20/25 is not quite 0.20 */
  if (isnan(loss)) return -1;
  return loss < 0.20 - tiny ? 0 : loss < 0.25 - tiny ? 1 : loss <= 0.40 + tiny ? 2 : 3;
}

const char *qct_genant_type(double a, double m, double p) {
  if (a <= m && a <= p) return "wedge";
  return m <= p ? "biconcave" : "crush";
}

static double coronal_deg(struct vec3 n) {
  return atan2(n.x, n.z) * 57.29577951308232;
}

double qct_cobb_deg(struct vec3 upper, struct vec3 lower) {
  double d = fabs(coronal_deg(upper) - coronal_deg(lower));
  return d > 180 ? 360 - d : d;
}

/* ---- rows ---- */

static struct measurement *add(struct record *r, const struct vertebra_frame *f, const char *what,
                               double value, const char *unit) {
  struct measurement *m = record_add(r, f->level, what, value, unit);
  if (!m) return NULL;
  snprintf(m->method, sizeof m->method, "end plates of the label/1, %s", f->method);
  if (isnan(value))
    measurement_flag(m, "%s", *f->flags ? f->flags : "no heights");
  else if (*f->flags)
    measurement_flag(m, "%s", f->flags);
  return m;
}

static status add_heights(struct record *r, const struct vertebra_frame *f) {
  static const char *const names[] = {"height_anterior", "height_middle", "height_posterior"};
  const double values[] = {f->height_anterior_mm, f->height_middle_mm, f->height_posterior_mm};
  const double share = 0.776; /* 1 - sqrt(0.05), of a triangle on +-1 step */
  status st = ST_OK;
  for (int i = 0; i < 3; i++) {
    struct measurement *m = add(r, f, names[i], values[i], "mm");
    CHECK(m, ST_MEMORY, "heights of %s", f->level);
    if (isnan(values[i])) continue;
    m->low = values[i] - share * f->height_step_mm;
    m->high = values[i] + share * f->height_step_mm;
  }
done:
  return st;
}

static const struct vertebra_frame *neighbour(const struct vertebra_frames *all, int label) {
  for (int i = 0; i < all->count; i++)
    if (all->items[i].label == label && !isnan(all->items[i].height_posterior_mm))
      return &all->items[i];
  return NULL;
}

static double neighbour_loss(const struct vertebra_frame *f, const struct vertebra_frames *all) {
  const struct vertebra_frame *above = neighbour(all, f->label + 1),
                              *below = neighbour(all, f->label - 1);
  double least = fmin(f->height_anterior_mm, fmin(f->height_middle_mm, f->height_posterior_mm));
  if (!above || !below) return (double)NAN;
  return 1 - least / (0.5 * (above->height_posterior_mm + below->height_posterior_mm));
}

static status add_loss(struct record *r, const struct vertebra_frame *f,
                       const struct vertebra_frames *all) {
  const double notable = 0.20;
  status st = ST_OK;
  double a = f->height_anterior_mm, m = f->height_middle_mm, p = f->height_posterior_mm;
  double loss = qct_height_loss(a, m, p), beside = neighbour_loss(f, all);
  int grade = qct_genant_grade(loss);
  struct measurement *row = add(r, f, "height_loss", loss, "");
  CHECK(row, ST_MEMORY, "loss of height of %s", f->level);
  row = record_add(r, f->level, "height_loss_neighbours", beside, "");
  CHECK(row, ST_MEMORY, "loss of height of %s", f->level);
  if (isnan(beside)) measurement_flag(row, "needs heights of both neighbours");
  row = add(r, f, "genant_grade", grade < 0 ? (double)NAN : grade, "");
  CHECK(row, ST_MEMORY, "grade of %s", f->level);
  measurement_source(row, "genant1993");
  if (grade > 0) measurement_flag(row, "%s", qct_genant_type(a, m, p));
  if (grade > 0 && p < a && strcmp(f->level, "L5") == 0)
    measurement_flag(row, "L5 is lower at its back in health too: look at its shape");
  if (grade == 0 && beside >= notable)
    measurement_flag(row,
                     "%.0f %% lower than its neighbours: evenly crushed, or another person's size",
                     100 * beside);
  double half = 0.776 * f->height_step_mm / fmax(a, fmax(m, p));
  if (grade >= 0 && f->height_step_mm > 0 &&
      qct_genant_grade(loss + half) != qct_genant_grade(loss - half))
    measurement_flag(row, "slices of %.2g mm leave the grade between %d and %d", f->height_step_mm,
                     qct_genant_grade(loss - half), qct_genant_grade(loss + half));
done:
  return st;
}

static status add_cobb(struct record *r, const struct vertebra_frames *all) {
  status st = ST_OK;
  double most = (double)NAN;
  const char *upper = "", *lower = "";
  for (int i = 0; i < all->count; i++)
    for (int j = i + 1; j < all->count; j++) {
      double d = qct_cobb_deg(all->items[i].superior_normal, all->items[j].inferior_normal);
      if (isnan(d) || d <= most) continue;
      most = d;
      upper = all->items[i].level;
      lower = all->items[j].level;
    }
  struct measurement *m = record_add(r, "spine", "cobb", most, "deg");
  CHECK(m, ST_MEMORY, "Cobb angle");
  if (isnan(most))
    measurement_flag(m, "needs end plates of two bodies");
  else
    snprintf(m->method, sizeof m->method, "end plates/1 %s upper to %s lower", upper, lower);
done:
  return st;
}

status qct_spine_shape(struct record *r, const struct vertebra_frames *frames) {
  status st = ST_OK;
  for (int i = 0; i < frames->count; i++) {
    const struct vertebra_frame *f = &frames->items[i];
    if (isnan(f->height_middle_mm)) {
      CHECK(add(r, f, "height_loss", (double)NAN, ""), ST_MEMORY, "heights of %s", f->level);
      continue;
    }
    TRY(add_heights(r, f));
    TRY(add_loss(r, f, frames));
  }
  TRY(add_cobb(r, frames));
done:
  return st;
}
