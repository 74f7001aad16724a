#include "calibration/fit.h"

#include "core/attenuation.h"
#include "core/statistics.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const cal_regression_names[] = {"auto", "ols", "water", NULL};

/* Mindways QCT PRO: volume displaced by dissolved K2HPO4 and density of water at 20 C, mg/cm3. */
static const double water_density = 999.6;

void cal_init(struct calibration *c) {
  memset(c, 0, sizeof *c);
  c->covariance_df = INFINITY;
  c->r2 = c->residual_sd = c->sigma_ref = c->beta_ref = c->effective_kev = NAN;
  c->diameter_mm = NAN;
}

void cal_warn(struct calibration *c, const char *fmt, ...) {
  int at = c->warning_count < CALIBRATION_WARNINGS ? c->warning_count++ : CALIBRATION_WARNINGS - 1;
  va_list args;
  va_start(args, fmt);
  vsnprintf(c->warnings[at], sizeof c->warnings[at], fmt, args);
  va_end(args);
}

struct calibration_point *cal_add_point(struct calibration *c, const char *name) {
  if (c->point_count >= CALIBRATION_POINTS) return NULL;
  struct calibration_point *p = &c->points[c->point_count++];
  memset(p, 0, sizeof *p);
  snprintf(p->name, sizeof p->name, "%s", name);
  p->hu = p->hu_sd = p->hu_se = p->density = p->water = p->residual = NAN;
  p->where = vec3_make(NAN, NAN, NAN);
  p->used = 1;
  return p;
}

void cal_propagate(double out[9], const double *x, const double *variance, int n) {
  double mean = stat_mean(x, n);
  double sxx = 0;
  for (int i = 0; i < n; i++) sxx += (x[i] - mean) * (x[i] - mean);
  memset(out, 0, 9 * sizeof *out);
  for (int i = 0; i < n; i++) {
    /* both coefficients are linear in y: slope = sum s_i y_i, intercept = sum a_i y_i */
    double s = (x[i] - mean) / sxx;
    double a = 1.0 / n - mean * s;
    out[0] += a * a * variance[i];
    out[1] += a * s * variance[i];
    out[4] += s * s * variance[i];
  }
  out[3] = out[1];
}

/* ---- the two regressions ---- */

struct arrays { /* the used points */
  double hu[CALIBRATION_POINTS], density[CALIBRATION_POINTS], reduced[CALIBRATION_POINTS];
  double variance_hu[CALIBRATION_POINTS];
  int n;
  bool water; /* every point has a water density */
};

static status gather(struct arrays *a, const struct calibration *c) {
  status st = ST_OK;
  a->n = 0;
  a->water = true;
  for (int i = 0; i < c->point_count; i++) {
    const struct calibration_point *p = &c->points[i];
    if (!p->used) continue;
    CHECK(isfinite(p->hu) && isfinite(p->density), ST_DOMAIN,
          "calibration fit: point %s has %s HU and %s density", p->name,
          isfinite(p->hu) ? "a" : "no", isfinite(p->density) ? "a" : "no");
    a->hu[a->n] = p->hu;
    a->density[a->n] = p->density;
    a->reduced[a->n] = p->hu - p->water;
    a->variance_hu[a->n] = isfinite(p->hu_se) ? p->hu_se * p->hu_se : 0;
    a->water = a->water && isfinite(p->water);
    a->n++;
  }
  CHECK(a->n >= 2, ST_DOMAIN, "calibration fit: %d usable point%s, at least 2 needed", a->n,
        a->n == 1 ? "" : "s");
done:
  return st;
}

/* (X'X)^-1 s^2 of a line, as 3x3 of (intercept, slope, quadratic). */
static void line_covariance(double out[9], const struct line_fit *fit) {
  memset(out, 0, 9 * sizeof *out);
  out[0] = fit->intercept_se * fit->intercept_se;
  out[1] = out[3] = fit->covariance;
  out[4] = fit->slope_se * fit->slope_se;
}

static status fit_ols(struct calibration *c, const struct arrays *a, double rod_sd) {
  status st = ST_OK;
  struct line_fit line;
  TRY(stat_line_fit(&line, a->hu, a->density, NULL, a->n));
  c->slope = line.slope;
  c->intercept = line.intercept;
  c->r2 = line.r * line.r;
  if (a->n > 2) {
    line_covariance(c->covariance, &line);
  } else {
    double variance[2];
    for (int i = 0; i < 2; i++)
      variance[i] = line.slope * line.slope * a->variance_hu[i] + rod_sd * rod_sd;
    cal_propagate(c->covariance, a->hu, variance, 2);
  }
  snprintf(c->method, sizeof c->method, "phantom-ols");
done:
  return st;
}

/* Covariance of (beta_ref, sigma_ref) carried to (intercept, slope) = (-beta/sigma, 1/sigma). */
static void water_covariance(double out[9], const double raw[9], double sigma, double beta) {
  double ib = -1 / sigma;
  double is = beta / (sigma * sigma);
  double ss = -1 / (sigma * sigma);
  double bb = raw[0];
  double bs = raw[1];
  double vs = raw[4];
  memset(out, 0, 9 * sizeof *out);
  out[0] = ib * ib * bb + 2 * ib * is * bs + is * is * vs;
  out[1] = out[3] = ss * (ib * bs + is * vs);
  out[4] = ss * ss * vs;
}

static status fit_water(struct calibration *c, const struct arrays *a, double rod_sd) {
  status st = ST_OK;
  struct line_fit line;
  TRY(stat_line_fit(&line, a->density, a->reduced, NULL, a->n));
  double sigma = line.slope - CAL_K2HPO4_DISPLACEMENT;
  double beta = line.intercept + water_density;
  CHECK(sigma > 0, ST_NUMERIC,
        "water-corrected fit: sigma_ref %.4f is not above %.4f, so density would fall with HU; are "
        "the rods matched to the right certificate values?",
        line.slope, CAL_K2HPO4_DISPLACEMENT);
  c->sigma_ref = line.slope;
  c->beta_ref = line.intercept;
  c->slope = 1 / sigma;
  c->intercept = -beta / sigma;
  c->r2 = line.r * line.r;
  double raw[9];
  if (a->n > 2) {
    line_covariance(raw, &line);
  } else {
    double variance[2];
    for (int i = 0; i < 2; i++)
      variance[i] = a->variance_hu[i] + line.slope * line.slope * rod_sd * rod_sd;
    cal_propagate(raw, a->density, variance, 2);
  }
  water_covariance(c->covariance, raw, sigma, beta);
  if (attenuation_energy(&c->effective_kev, ATTENUATION_K2HPO4, c->sigma_ref) != ST_OK) {
    c->effective_kev = NAN;
    status_clear();
  }
  snprintf(c->method, sizeof c->method, "phantom-water");
done:
  return st;
}

/* What a point would read on the fitted line minus its certificate. For the water-corrected fit the
 * rod itself is no aqueous solution: its density is read as (HU - w - beta_ref)/sigma_ref. */
static double point_residual(const struct calibration *c, const struct calibration_point *p) {
  if (isfinite(c->sigma_ref)) return (p->hu - p->water - c->beta_ref) / c->sigma_ref - p->density;
  return c->slope * p->hu + c->intercept - p->density;
}

static void fill_residuals(struct calibration *c) {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < c->point_count; i++) {
    struct calibration_point *p = &c->points[i];
    p->residual = point_residual(c, p);
    if (!p->used) continue;
    sum += p->residual * p->residual;
    n++;
  }
  c->checkable = n > 2;
  c->residual_sd = n > 2 ? sqrt(sum / (n - 2)) : NAN;
  c->covariance_df = n > 2 ? (double)(n - 2) : (double)INFINITY;
}

status cal_fit_points(struct calibration *c, const struct cal_fit_options *options) {
  status st = ST_OK;
  static const struct cal_fit_options defaults = CAL_FIT_DEFAULTS;
  const struct cal_fit_options *o = options ? options : &defaults;
  struct arrays a;
  TRY(gather(&a, c));
  int method = o->method;
  if (method == CAL_REGRESSION_AUTO) method = a.water ? CAL_REGRESSION_WATER : CAL_REGRESSION_OLS;
  CHECK(method != CAL_REGRESSION_WATER || a.water, ST_DOMAIN,
        "water-corrected fit: not every rod has a water-equivalent density; use the ordinary fit "
        "or a certificate that states them");
  double spread = 0;
  for (int i = 1; i < a.n; i++) spread = fmax(spread, fabs(a.hu[i] - a.hu[0]));
  CHECK(spread > 1e-6, ST_NUMERIC, "degenerate fit: all %d points have the same HU (%.3f)", a.n,
        a.hu[0]);
  c->sigma_ref = c->beta_ref = c->effective_kev = NAN;
  c->quadratic = 0;
  c->certificate_sd = o->certificate_sd;
  TRY(method == CAL_REGRESSION_WATER ? fit_water(c, &a, o->rod_sd) : fit_ols(c, &a, o->rod_sd));
  CHECK(c->slope > 0, ST_NUMERIC,
        "calibration fit: the slope is %.4f mg/cm3 per HU, it must be positive; are the rods "
        "matched to the right certificate values?",
        c->slope);
  fill_residuals(c);
done:
  if (st != ST_OK && status_message()[0]) status_note("fitting %d points", c->point_count);
  return st;
}

/* ---- acceptance ---- */

/* The two used rods whose exchange makes every residual smaller than 5 mg/cm3. */
static bool swapped_pair(const struct calibration *c, int *first, int *second) {
  for (int i = 0; i < c->point_count; i++)
    for (int j = i + 1; j < c->point_count; j++) {
      if (!c->points[i].used || !c->points[j].used) continue;
      struct calibration trial = *c;
      trial.points[i].hu = c->points[j].hu;
      trial.points[j].hu = c->points[i].hu;
      struct cal_fit_options o = CAL_FIT_DEFAULTS;
      o.method = isfinite(c->sigma_ref) ? CAL_REGRESSION_WATER : CAL_REGRESSION_OLS;
      if (cal_fit_points(&trial, &o) != ST_OK) {
        status_clear();
        continue;
      }
      double worst = 0;
      for (int p = 0; p < trial.point_count; p++)
        if (trial.points[p].used) worst = fmax(worst, fabs(trial.points[p].residual));
      if (worst < 5) {
        *first = i;
        *second = j;
        return true;
      }
    }
  return false;
}

/* One row of the table: value against warn and refuse limits; ST_DOMAIN beyond refuse. */
struct limit {
  const char *what, *unit;
  double value;
  double warn_low, warn_high, refuse_low, refuse_high;
  const char *remedy;
};

static status judge(struct calibration *c, const struct limit *l, bool force) {
  status st = ST_OK;
  if (isnan(l->value)) goto done;
  bool refuse = l->value < l->refuse_low || l->value > l->refuse_high;
  CHECK(!refuse || force, ST_DOMAIN,
        "calibration refused: %s is %.4g%s%s, permitted %.4g to %.4g%s; --override keeps it with a "
        "warning",
        l->what, l->value, l->unit, l->remedy, l->refuse_low, l->refuse_high, l->unit);
  if (refuse)
    cal_warn(c, "FORCED: %s is %.4g%s, permitted %.4g to %.4g", l->what, l->value, l->unit,
             l->refuse_low, l->refuse_high);
  else if (l->value < l->warn_low || l->value > l->warn_high)
    cal_warn(c, "%s is %.4g%s, usual %.4g to %.4g", l->what, l->value, l->unit, l->warn_low,
             l->warn_high);
done:
  return st;
}

static const struct calibration_point *worst_point(const struct calibration *c) {
  const struct calibration_point *worst = NULL;
  for (int i = 0; i < c->point_count; i++)
    if (c->points[i].used && (!worst || fabs(c->points[i].residual) > fabs(worst->residual)))
      worst = &c->points[i];
  return worst;
}

status cal_accept(struct calibration *c, double kvp, bool force) {
  status st = ST_OK;
  bool usual_kvp = kvp >= 115 && kvp <= 125;
  const struct calibration_point *worst = worst_point(c);
  char rod[96] = "residual of a rod";
  char remedy[160] = "";
  if (worst) snprintf(rod, sizeof rod, "residual of %s", worst->name);
  int a = 0;
  int b = 0;
  if (worst && fabs(worst->residual) > CAL_MOST_RESIDUAL) {
    if (swapped_pair(c, &a, &b))
      snprintf(remedy, sizeof remedy, " (%s and %s look swapped)", c->points[a].name,
               c->points[b].name);
    else
      snprintf(remedy, sizeof remedy, " (wrong certificate or wrong rods?)");
  }
  /* a ratio that no energy of the tables has */
  bool beyond = isfinite(c->sigma_ref) && isnan(c->effective_kev);
  double kev = beyond ? (c->sigma_ref < 1.5 ? (double)INFINITY : 0) : c->effective_kev;
  double zero_hu = isfinite(c->sigma_ref) ? (double)NAN : -c->intercept / c->slope;
  const struct limit limits[] = {
      {rod, " mg/cm3", worst && c->checkable ? worst->residual : NAN, -5, 5, -CAL_MOST_RESIDUAL,
       CAL_MOST_RESIDUAL, remedy},
      {"R2 of the fit", "", c->checkable ? c->r2 : NAN, 0.98, 1, 0.90, 1.0000001, ""},
      {"beta_ref + 1000", " HU", c->beta_ref + 1000, -15, 15, -40, 40, ""},
      {"the slope", " mg/cm3 per HU", c->slope, usual_kvp ? 0.65 : 0.4, usual_kvp ? 0.95 : 1.4, 0.4,
       1.4, ""},
      {"the HU of no mineral", " HU", zero_hu, -40, 40, -100, 100, " (wrong certificate?)"},
      {"the effective energy", " keV", kev, usual_kvp ? 60 : 45, usual_kvp ? 85 : 110, 45, 110,
       ""}};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) TRY(judge(c, &limits[i], force));
  if (!c->checkable)
    cal_warn(c, "two points only: the fit is not checkable, its interval holds the sampling error "
                "and the certificate's alone");
done:
  return st;
}

static double variance_at(const double v[9], double hu) {
  return v[0] + 2 * hu * v[1] + hu * hu * v[4];
}

void cal_add_covariance(struct calibration *c, const double covariance[9], double df) {
  const double reference_hu = 200;
  double old = variance_at(c->covariance, reference_hu);
  double added = variance_at(covariance, reference_hu);
  double terms = 0;
  if (isfinite(c->covariance_df)) terms += old * old / c->covariance_df;
  if (isfinite(df)) terms += added * added / df;
  for (int i = 0; i < 9; i++) c->covariance[i] += covariance[i];
  c->covariance_df = terms > 0 ? (old + added) * (old + added) / terms : (double)INFINITY;
}
