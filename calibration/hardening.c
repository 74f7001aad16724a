#include "calibration/hardening.h"

#include "calibration/fit.h"
#include "core/attenuation.h"

#include <math.h>

static const double least_kev = 30; /* of the tables */
static const double step_kev = 0.5;
static const double least_mm = 100, most_mm = 500; /* a phantom alone; the widest field */
static const double told_share = 0.01;

double cal_mineral_contrast(enum material m, double kvp, double water_mm) {
  bool known = m == MATERIAL_K2HPO4 || m == MATERIAL_HA;
  enum attenuation_material mineral = m == MATERIAL_HA ? ATTENUATION_CHA : ATTENUATION_K2HPO4;
  double displacement = m == MATERIAL_HA ? CAL_HA_DISPLACEMENT : CAL_K2HPO4_DISPLACEMENT;
  if (!known || !(kvp >= 40 && kvp <= 160) || !(water_mm >= 0 && water_mm <= 1000)) return NAN;
  double of_mineral = 0;
  double of_water = 0;
  int steps = (int)((kvp - least_kev) / step_kev);
  for (int i = 0; i < steps; i++) {
    double kev = least_kev + (i + 0.5) * step_kev;
    double water = attenuation_mass(ATTENUATION_WATER, kev); /* cm2/g */
    double w = (kvp - kev) * exp(-water * water_mm / 10);
    of_mineral += w * attenuation_mass(mineral, kev);
    of_water += w * water;
  }
  return of_mineral / of_water - displacement;
}

/* Multiply densities by exp(log_factor) and add a relative error `sd`. */
static void scale(struct calibration *c, double log_factor, double sd) {
  double f = exp(log_factor);
  c->slope *= f;
  c->intercept *= f;
  for (int i = 0; i < 9; i++) c->covariance[i] *= f * f;
  double v[9] = {0};
  v[0] = sd * sd * c->intercept * c->intercept;
  v[1] = v[3] = sd * sd * c->intercept * c->slope;
  v[4] = sd * sd * c->slope * c->slope;
  cal_add_covariance(c, v, (double)INFINITY);
}

void cal_hardening_correct(struct calibration *c, double phantom_mm, double kvp) {
  bool known = isfinite(c->diameter_mm) && isfinite(phantom_mm);
  double limit = 0;
  for (int side = 0; side < 4; side++) { /* ends of the ranges; the same one when known */
    double body = isfinite(c->diameter_mm) ? c->diameter_mm : side & 1 ? most_mm : least_mm;
    double phantom = isfinite(phantom_mm) ? phantom_mm : side & 2 ? most_mm : least_mm;
    double g = log(cal_mineral_contrast(c->material, kvp, phantom) /
                   cal_mineral_contrast(c->material, kvp, body));
    if (!(fabs(g) <= fabs(limit))) limit = g;
  }
  if (!isfinite(limit)) {
    cal_warn(c, "hardening by another size than the phantom's is not in the interval (%.0f kV)",
             kvp);
    return;
  }
  double correction = known ? limit / 2 : 0;
  double sd = known ? fabs(limit) / sqrt(12) : fabs(limit) / sqrt(3);
  scale(c, correction, sd);
  if (!known)
    cal_warn(c, "size of the %s is not known: densities may be off by up to %.0f %% by hardening",
             isfinite(phantom_mm) ? "body (cut by the field of view)" : "phantom scan",
             100 * (exp(fabs(limit)) - 1));
  else if (fabs(limit) > told_share)
    cal_warn(c,
             "body %.0f mm, phantom scan %.0f mm: densities changed by %+.1f %% for hardening, "
             "which may "
             "be %+.1f to 0 %%; a table of \"qct calibrate learn\" would tell it",
             c->diameter_mm, phantom_mm, 100 * (exp(correction) - 1), 100 * (exp(limit) - 1));
}
