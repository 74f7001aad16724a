#include "calibration/learned_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int people_per_number = 4;
static const double least_sd = 1e-3; /* HU or mm: less than that is rounding, not variation */
static const double far_sd = 3;      /* beyond it a predictor is outside what was learned */
enum { LEAST_PEOPLE = 3, LEAST_SIZED = 8 /* people_per_number for mean and size */ };

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

/* Warn of a predictor outside what was learned. */
static void judge_far(struct calibration *c, const struct cal_tissue_table *t, int variable,
                      double off) {
  double sd = sqrt(t->joint.covariance[variable * (CAL_JOINT + 1)]);
  if (fabs(off) <= far_sd * sd) return;
  bool size = variable == CAL_JOINT_DIAMETER;
  cal_warn(c, "%s %.0f %s, learned from %.0f +- %.0f: beyond the people of %s",
           size ? "size" : t->tissue[variable - CAL_JOINT_TISSUE], off + t->joint.mean[variable],
           size ? "mm" : "HU", t->joint.mean[variable], sd, t->name);
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
  judge_far(c, t, variable, off);
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

/* Residual covariance of (intercept, slope) between people of equal predictors, times `f`. */
static void residual_covariance(double v[9], const struct regression *r, double f) {
  memset(v, 0, 9 * sizeof *v);
  v[0] = f * r->a[CAL_JOINT_INTERCEPT * CAL_JOINT + CAL_JOINT_INTERCEPT];
  v[1] = v[3] = f * r->a[CAL_JOINT_INTERCEPT * CAL_JOINT + CAL_JOINT_SLOPE];
  v[4] = f * r->a[CAL_JOINT_SLOPE * CAL_JOINT + CAL_JOINT_SLOPE];
}

/* Prediction and certificate. */
static void fill_covariance(struct calibration *c, const struct cal_tissue_table *t,
                            const struct regression *r) {
  int df = t->people - 1 - r->count;
  double v[9];
  memcpy(c->covariance, t->joint.rods, sizeof c->covariance);
  c->covariance_df = t->joint.rods_df;
  residual_covariance(v, r, new_observation(r, t->people) * (t->people - 1) / df);
  cal_add_covariance(c, v, df);
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

/* ---- the size of the body alone ---- */

status cal_learned_size(struct calibration *c, double phantom_mm,
                        const struct cal_tissue_table *t) {
  status st = ST_OK;
  struct regression r = {.count = 0};
  double v[9];
  const double *mean = t->joint.mean;
  double spread = t->joint.covariance[CAL_JOINT_DIAMETER * (CAL_JOINT + 1)]; /* variance */
  bool sized = isfinite(c->diameter_mm);
  CHECK(t->people >= LEAST_SIZED && spread > least_sd * least_sd, ST_DOMAIN,
        "size of the body: table %s holds %d people%s, at least %d whose size is known are needed",
        t->name, t->people, spread > 0 ? "" : " of unknown size", LEAST_SIZED);
  CHECK(isfinite(phantom_mm), ST_DOMAIN,
        "size of the body: the phantom scan does not state what lay in it (its field of view cuts "
        "it, or it is of an older store); add it to the store again");
  memcpy(r.a, t->joint.covariance, sizeof r.a);
  double total[9];
  residual_covariance(total, &r, 1);
  sweep(r.a, CAL_JOINT_DIAMETER, spread);
  double off = (sized ? c->diameter_mm : mean[CAL_JOINT_DIAMETER]) - phantom_mm;
  c->slope += r.a[CAL_JOINT_SLOPE * CAL_JOINT + CAL_JOINT_DIAMETER] * off;
  c->intercept += r.a[CAL_JOINT_INTERCEPT * CAL_JOINT + CAL_JOINT_DIAMETER] * off;
  double lever = off * off / ((t->people - 1) * spread);
  double own = sized ? 1 : 0;
  int df = t->people - 2;
  residual_covariance(v, &r, (own + lever) * (t->people - 1) / df);
  for (int i = 0; i < 9 && !sized; i++) v[i] += total[i];
  cal_add_covariance(c, v, df);
  if (!sized)
    cal_warn(c, "the field of view cuts the body: its size is not known, the mean of %s is taken",
             t->name);
  else
    judge_far(c, t, CAL_JOINT_DIAMETER, c->diameter_mm - mean[CAL_JOINT_DIAMETER]);
done:
  return st;
}
