#include "calibration/learned_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int people_per_number = 4;
static const double reference_hu = 200; /* where degrees of freedom are combined */
static const double least_sd = 1e-3;    /* HU or mm: less than that is rounding, not variation */
static const double far_sd = 3;         /* beyond it a predictor is outside what was learned */
enum { LEAST_PEOPLE = 3 };

/* ---- the regression ---- */

struct regression {
  double a[CAL_JOINT * CAL_JOINT]; /* covariance, swept by the predictors: residual covariance,
                                      coefficients, minus the inverse of the predictors' block */
  int predictor[CAL_JOINT], count;
  double off[CAL_JOINT]; /* z - mean of each predictor, by variable */
};

/* Sweep variable k in (closed form of adding one predictor to a regression). False when it depends
 * on those before it. */
static bool sweep(double *a, int k, double variance) {
  double d = a[k * CAL_JOINT + k];
  if (!(d > 1e-9 * variance)) return false;
  for (int i = 0; i < CAL_JOINT; i++)
    for (int j = 0; j < CAL_JOINT; j++)
      if (i != k && j != k) a[i * CAL_JOINT + j] -= a[i * CAL_JOINT + k] * a[k * CAL_JOINT + j] / d;
  for (int i = 0; i < CAL_JOINT; i++)
    if (i != k) {
      a[i * CAL_JOINT + k] /= d;
      a[k * CAL_JOINT + i] /= d;
    }
  a[k * CAL_JOINT + k] = -1 / d;
  return true;
}

/* Value of a variable in the scan; NaN when the scan does not have it. */
static double value_of(const struct calibration *c, const struct cal_tissue_table *t,
                       int variable) {
  if (variable == CAL_JOINT_DIAMETER) return c->diameter_mm;
  for (int i = 0; i < c->point_count; i++)
    if (c->points[i].used && !strcmp(c->points[i].name, t->tissue[variable - CAL_JOINT_TISSUE]))
      return c->points[i].hu;
  return NAN;
}

static int tissue_variable(const struct cal_tissue_table *t, const char *name) {
  for (int i = 0; i < t->count; i++)
    if (!strcmp(t->tissue[i], name)) return CAL_JOINT_TISSUE + i;
  return -1;
}

static void add_predictor(struct regression *r, struct calibration *c,
                          const struct cal_tissue_table *t, int variable) {
  if (variable < 0 || people_per_number * (r->count + 2) > t->people) return;
  double variance = t->joint.covariance[variable * CAL_JOINT + variable];
  double off = value_of(c, t, variable) - t->joint.mean[variable];
  if (!isfinite(off) || !(variance > least_sd * least_sd) || !sweep(r->a, variable, variance))
    return;
  r->off[variable] = off;
  r->predictor[r->count++] = variable;
  if (fabs(off) <= far_sd * sqrt(variance)) return;
  bool size = variable == CAL_JOINT_DIAMETER;
  cal_warn(c, "%s %.0f %s, learned from %.0f +- %.0f: beyond the people of %s",
           size ? "size" : t->tissue[variable - CAL_JOINT_TISSUE], off + t->joint.mean[variable],
           size ? "mm" : "HU", t->joint.mean[variable], sqrt(variance), t->name);
}

static double predicted(const struct regression *r, const struct cal_joint *j, int y) {
  double value = j->mean[y];
  for (int i = 0; i < r->count; i++)
    value += r->a[y * CAL_JOINT + r->predictor[i]] * r->off[r->predictor[i]];
  return value;
}

/* 1 + 1/n + leverage of the scan among those learned. */
static double new_observation(const struct regression *r, int people) {
  double leverage = 0;
  for (int i = 0; i < r->count; i++)
    for (int j = 0; j < r->count; j++) {
      int p = r->predictor[i];
      int q = r->predictor[j];
      leverage -= r->off[p] * r->a[p * CAL_JOINT + q] * r->off[q]; /* the block is negative */
    }
  return 1 + 1.0 / people + leverage / (people - 1);
}

/* ---- the calibration ---- */

static void fill_points(struct calibration *c, const struct cal_tissue_table *t) {
  double squares = 0;
  int n = 0;
  for (int i = 0; i < c->point_count; i++) {
    struct calibration_point *p = &c->points[i];
    int variable = tissue_variable(t, p->name);
    p->density = variable >= 0 ? t->density[variable - CAL_JOINT_TISSUE] : NAN;
    p->residual = c->slope * p->hu + c->intercept - p->density;
    if (!p->used || !isfinite(p->residual)) continue;
    squares += p->residual * p->residual;
    n++;
  }
  c->residual_sd = n > 0 ? sqrt(squares / n) : NAN;
  c->checkable = n > 0;
}

static double variance_at(const double v[9], double hu) {
  return v[0] + 2 * hu * v[1] + hu * hu * v[4];
}

/* Prediction and certificate; their degrees of freedom are combined (Welch and Satterthwaite) at a
 * density of trabecular bone. */
static void fill_covariance(struct calibration *c, const struct cal_tissue_table *t,
                            const struct regression *r) {
  int df = t->people - 1 - r->count;
  double f = new_observation(r, t->people) * (t->people - 1) / df;
  double v[9] = {0};
  v[0] = f * r->a[CAL_JOINT_INTERCEPT * CAL_JOINT + CAL_JOINT_INTERCEPT];
  v[1] = v[3] = f * r->a[CAL_JOINT_INTERCEPT * CAL_JOINT + CAL_JOINT_SLOPE];
  v[4] = f * r->a[CAL_JOINT_SLOPE * CAL_JOINT + CAL_JOINT_SLOPE];
  double people = variance_at(v, reference_hu);
  double rods = variance_at(t->joint.rods, reference_hu);
  double terms = people * people / df;
  if (isfinite(t->joint.rods_df)) terms += rods * rods / t->joint.rods_df;
  for (int i = 0; i < 9; i++) c->covariance[i] = v[i] + t->joint.rods[i];
  c->covariance_df = (people + rods) * (people + rods) / terms;
}

status cal_learned_line(struct calibration *c, const struct cal_tissue_table *t, double kvp) {
  static const char *const tissues[] = {"muscle", "adipose", "air", "blood"};
  status st = ST_OK;
  struct regression r = {.count = 0};
  CHECK(t->people >= LEAST_PEOPLE && t->joint.mean[CAL_JOINT_SLOPE] > 0, ST_DOMAIN,
        "learned line: the table %s holds no regression of %d people or more; make it with \"qct "
        "calibrate learn\", or use --method tissue-line",
        t->name, LEAST_PEOPLE);
  memcpy(r.a, t->joint.covariance, sizeof r.a);
  add_predictor(&r, c, t, CAL_JOINT_DIAMETER);
  if (isnan(c->diameter_mm) && t->joint.covariance[CAL_JOINT_DIAMETER * (CAL_JOINT + 1)] > 0)
    cal_warn(c, "the field of view cuts the body: its size, which hardens the beam, is not used");
  for (int i = 0; i < 4; i++) add_predictor(&r, c, t, tissue_variable(t, tissues[i]));
  c->quadratic = 0;
  c->slope = predicted(&r, &t->joint, CAL_JOINT_SLOPE);
  c->intercept = predicted(&r, &t->joint, CAL_JOINT_INTERCEPT);
  CHECK(c->slope > 0, ST_NUMERIC, "learned line: slope %.4f mg/cm3 per HU, it must be positive",
        c->slope);
  fill_covariance(c, t, &r);
  c->material = t->material;
  fill_points(c, t);
  cal_tissue_judge_kvp(c, t, kvp);
  if (r.count == 0)
    cal_warn(c,
             "%d people were learned from: the mean of the scanner is taken, nothing of this "
             "scan enters",
             t->people);
  snprintf(c->method, sizeof c->method, "learned");
  snprintf(c->phantom, sizeof c->phantom, "%s", t->name);
done:
  return st;
}
