#include "calibration/physics.h"

#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const double water_deficit = 0.4; /* 1000 - 999.6 HU: density of water at 20 C */
static const double published_sd = 13.2; /* bartenschlager2023, method without precalibration */

int cal_tissue_material(const char *name) {
  static const struct {
    const char *name;
    enum attenuation_material m;
  } names[] = {{"air", ATTENUATION_AIR},       {"adipose", ATTENUATION_ADIPOSE},
               {"fat", ATTENUATION_ADIPOSE},   {"blood", ATTENUATION_BLOOD},
               {"muscle", ATTENUATION_MUSCLE}, {"bone", ATTENUATION_BONE},
               {"cortical", ATTENUATION_BONE}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcasecmp(name, names[i].name)) return (int)names[i].m;
  return -1;
}

/* ---- michalski2020 ---- */

/* r2 of mu/rho at `kev` on HU; the line in *fit. */
static status correlate(struct line_fit *fit, double kev, const int *material, const double *hu,
                        int n) {
  double mu[ATTENUATION_MATERIALS];
  for (int t = 0; t < n; t++)
    mu[t] = attenuation_mass_nist((enum attenuation_material)material[t], kev);
  return stat_line_fit(fit, hu, mu, NULL, n);
}

status cal_michalski_numbers(struct cal_michalski *out, const int *material, const double *hu,
                             int n) {
  status st = ST_OK;
  struct cal_michalski m = {.r2 = -1};
  CHECK(n >= 3 && n <= ATTENUATION_MATERIALS, ST_DOMAIN,
        "michalski2020: %d tissue%s, at least 3 of adipose, air, blood, cortical, muscle needed", n,
        n == 1 ? "" : "s");
  struct line_fit fit;
  for (int step = 3; step <= 400; step++) { /* 1.5 to 200 keV */
    TRY(correlate(&fit, step * 0.5, material, hu, n));
    if (fit.r * fit.r <= m.r2) continue; /* ties: the first */
    m.r2 = fit.r * fit.r;
    m.kev = step * 0.5;
  }
  TRY(correlate(&fit, m.kev, material, hu, n));
  m.a1 = fit.slope;
  m.b1 = fit.intercept;
  double density[ATTENUATION_MATERIALS];
  double water = attenuation_mass_nist(ATTENUATION_WATER, m.kev);
  for (int t = 0; t < n; t++)
    density[t] = (hu[t] / 1000 + 1) * water /
                 attenuation_mass_nist((enum attenuation_material)material[t], m.kev);
  TRY(stat_line_fit(&fit, hu, density, NULL, n));
  m.a2 = fit.slope;
  m.b2 = fit.intercept;
  m.u_k = attenuation_mass_nist(ATTENUATION_K2HPO4, m.kev);
  m.u_tg = attenuation_mass_nist(ATTENUATION_TRIGLYCERIDE, m.kev);
  *out = m;
done:
  return st;
}

double cal_michalski_density(const struct cal_michalski *m, double hu) {
  double u = m->a1 * hu + m->b1;
  double density = m->a2 * hu + m->b2;
  return 1000 * density * (u - m->u_tg) / (m->u_k - m->u_tg);
}

/* Tissues and HU of the used points. */
static status tissues(int *material, double *hu, int *n, const struct calibration *c) {
  status st = ST_OK;
  *n = 0;
  for (int i = 0; i < c->point_count; i++) {
    if (!c->points[i].used) continue;
    int m = cal_tissue_material(c->points[i].name);
    CHECK(m >= 0 && *n < ATTENUATION_MATERIALS, ST_DOMAIN,
          "internal calibration: tissue \"%s\" is none of air, adipose, blood, muscle, cortical",
          c->points[i].name);
    material[*n] = m;
    hu[(*n)++] = c->points[i].hu;
  }
done:
  return st;
}

status cal_michalski(struct calibration *c) {
  status st = ST_OK;
  int material[CALIBRATION_POINTS];
  double hu[CALIBRATION_POINTS];
  int n;
  struct cal_michalski m;
  TRY(tissues(material, hu, &n, c));
  TRY(cal_michalski_numbers(&m, material, hu, n));
  double scale = 1000 / (m.u_k - m.u_tg);
  c->quadratic = scale * m.a2 * m.a1;
  c->slope = scale * (m.a2 * (m.b1 - m.u_tg) + m.b2 * m.a1);
  c->intercept = scale * m.b2 * (m.b1 - m.u_tg);
  c->material = MATERIAL_K2HPO4;
  c->effective_kev = m.kev;
  c->r2 = m.r2;
  c->model_sd = published_sd;
  c->checkable = 0;
  snprintf(c->method, sizeof c->method, "michalski2020");
  cal_warn(c,
           "michalski2020 is kept for comparability: published bias 12.6 +- 13.2 mg/cm3; water "
           "reads %.1f mg/cm3 here",
           c->intercept);
done:
  return st;
}

/* ---- physics ---- */

/* Slope of density on true HU and its derivative by energy. */
static double physics_slope(const struct cal_physics_options *o, double kev) {
  if (o->material == MATERIAL_HA) return 1 / (attenuation_ratio(ATTENUATION_CHA, kev) - o->s_ha);
  return 1 / (attenuation_ratio(ATTENUATION_K2HPO4, kev) - CAL_K2HPO4_DISPLACEMENT);
}

struct drift {
  double a, b;          /* HU_true = a HU + b */
  double covariance[9]; /* of (b, a) */
  double df;
};

static status drift_line(struct drift *d, struct calibration *c, double kev) {
  status st = ST_OK;
  double x[CALIBRATION_POINTS];
  double y[CALIBRATION_POINTS];
  double variance[CALIBRATION_POINTS];
  int n = 0;
  bool air = false;
  *d = (struct drift){.a = 1, .df = INFINITY};
  for (int i = 0; i < c->point_count; i++) {
    struct calibration_point *p = &c->points[i];
    int m = cal_tissue_material(p->name);
    CHECK(m >= 0, ST_DOMAIN, "physics calibration: tissue \"%s\" is unknown", p->name);
    if (m == ATTENUATION_BONE && p->used) {
      p->used = 0;
      snprintf(p->reason, sizeof p->reason, "a patient's cortex has no known density");
    }
    if (!p->used) continue;
    air = air || m == ATTENUATION_AIR;
    enum attenuation_material tissue = (enum attenuation_material)m;
    x[n] = p->hu;
    y[n] = attenuation_hu(tissue, attenuation_density(tissue), kev);
    variance[n++] = isfinite(p->hu_se) ? p->hu_se * p->hu_se : 0;
  }
  if (n == 0) {
    cal_warn(c, "no tissue was sampled: HU are taken as they are, without a check for drift");
    goto done;
  }
  CHECK(
      n >= 2 && air, ST_DOMAIN,
      "physics calibration: the drift line needs air and at least one soft tissue, %d tissue%s %s "
      "air given",
      n, n == 1 ? "" : "s", air ? "with" : "without");
  struct line_fit fit;
  TRY(stat_line_fit(&fit, x, y, NULL, n));
  d->a = fit.slope;
  d->b = fit.intercept;
  if (n > 2) {
    d->covariance[0] = fit.intercept_se * fit.intercept_se;
    d->covariance[1] = d->covariance[3] = fit.covariance;
    d->covariance[4] = fit.slope_se * fit.slope_se;
    d->df = n - 2;
    c->checkable = 1;
  } else {
    cal_propagate(d->covariance, x, variance, n);
  }
  c->r2 = fit.r * fit.r;
  if (d->a < 0.97 || d->a > 1.03) cal_warn(c, "drift of HU: %.3f times, usual 0.97 to 1.03", d->a);
done:
  return st;
}

status cal_physics(struct calibration *c, const struct cal_physics_options *options) {
  status st = ST_OK;
  static const struct cal_physics_options defaults = CAL_PHYSICS_DEFAULTS;
  const struct cal_physics_options *o = options ? options : &defaults;
  CHECK(o->kev >= 31 && o->kev <= 159, ST_DOMAIN,
        "physics calibration: effective energy %.4g keV, permitted 31 to 159; take it from a "
        "water-corrected phantom fit of the same scanner and kVp",
        o->kev);
  CHECK(o->material == MATERIAL_K2HPO4 || o->material == MATERIAL_HA, ST_DOMAIN,
        "physics calibration: material %s, permitted K2HPO4 or HA",
        material_name((enum material)o->material));
  struct drift d;
  TRY(drift_line(&d, c, o->kev));
  double slope = physics_slope(o, o->kev);
  double offset = o->material == MATERIAL_K2HPO4 ? water_deficit : 0;
  c->quadratic = 0;
  c->slope = slope * d.a;
  c->intercept = slope * (d.b + offset);
  c->material = (enum material)o->material;
  c->effective_kev = o->kev;
  for (int i = 0; i < 9; i++) c->covariance[i] = slope * slope * d.covariance[i];
  double by_energy = (physics_slope(o, o->kev + 0.5) - physics_slope(o, o->kev - 0.5)) * o->kev_sd;
  double g0 = by_energy * (d.b + offset);
  double g1 = by_energy * d.a;
  c->covariance[0] += g0 * g0;
  c->covariance[1] += g0 * g1;
  c->covariance[3] += g0 * g1;
  c->covariance[4] += g1 * g1;
  c->covariance_df = d.df;
  snprintf(c->method, sizeof c->method, "physics");
  for (int i = 0; i < c->point_count; i++) {
    struct calibration_point *p = &c->points[i];
    enum attenuation_material m = (enum attenuation_material)cal_tissue_material(p->name);
    p->density = slope * (attenuation_hu(m, attenuation_density(m), o->kev) + offset);
    p->residual = c->slope * p->hu + c->intercept - p->density;
  }
  if (o->kev_sd <= 0) cal_warn(c, "the interval lacks the uncertainty of the effective energy");
  if (o->material == MATERIAL_HA)
    cal_warn(c, "HA displacement %.4f is assumed: it differs between HA phantoms", o->s_ha);
done:
  return st;
}
