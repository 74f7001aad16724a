#include "calibration/verify.h"

#include "calibration/cross.h"
#include "calibration/fit.h"
#include "calibration/physics.h"

#include <math.h>
#include <stdio.h>

static const char ogo[] = "Bonelab Ogo, archived tests of calibration";

static struct calibration points(const double *hu, const double *density, const double *water,
                                 int n) {
  struct calibration c;
  cal_init(&c);
  for (int i = 0; i < n; i++) {
    char name[8];
    snprintf(name, sizeof name, "%c", 'A' + i);
    struct calibration_point *p = cal_add_point(&c, name);
    p->hu = hu[i];
    p->density = density[i];
    p->water = water ? water[i] : (double)NAN;
  }
  return c;
}

static status ordinary(struct evidence *e) {
  static const double hu[] = {490.28414063, 200.31946153, 68.02660165, -77.60183361, -77.74668932};
  static const double rho[] = {375.83, 157.05, 58.88, -53.4, -51.83};
  status st = ST_OK;
  struct calibration c = points(hu, rho, NULL, 5);
  TRY(cal_fit_points(&c, NULL));
  TRY(evidence_add(e, "five rods, ordinary fit: slope", ogo, "mg/cm3/HU", 0.75397275233318, c.slope,
                   1e-9));
  TRY(evidence_add(e, "five rods, ordinary fit: intercept", ogo, "mg/cm3", 6.33441012694,
                   c.intercept, 1e-8));
  TRY(evidence_add(e, "five rods, ordinary fit: correlation", ogo, "", 0.9999866268559224,
                   sqrt(c.r2), 1e-9));
done:
  return st;
}

/* K2HPO4 rods in water-equivalent resin; the ordinary fit of the same rods is another line. */
static status water_corrected(struct evidence *e) {
  static const double k[] = {375.83, 157.05, 58.88, -53.40, -51.83};
  static const double w[] = {923.20, 1119.52, 1103.57, 1056.95, 1012.25};
  static const double hu[] = {462.93637565619906, 345.73809215407005, 176.71197512467555,
                              -35.378190313384316, -69.54917011727602};
  static const double predicted[] = {378.6028619, 284.81110752, 149.54243652, -20.18964581,
                                     -47.53608852};
  const struct cal_fit_options ordinary_line = {.method = CAL_REGRESSION_OLS};
  status st = ST_OK;
  struct calibration c = points(hu, k, w, 5);
  TRY(cal_fit_points(&c, NULL));
  TRY(evidence_add(e, "water-corrected fit: sigma_ref", ogo, "HU cm3/mg", 1.46695849554,
                   c.sigma_ref, 2e-9));
  TRY(evidence_add(e, "water-corrected fit: beta_ref", ogo, "HU", -1009.75004687, c.beta_ref,
                   1e-6));
  TRY(evidence_add(e, "water-corrected fit: slope", ogo, "mg/cm3/HU", 0.8002826626918712, c.slope,
                   1e-9));
  TRY(evidence_add(e, "water-corrected fit: intercept", ogo, "mg/cm3", 8.122906532849933,
                   c.intercept, 1e-8));
  for (int i = 0; i < 5; i++) {
    char claim[64];
    snprintf(claim, sizeof claim, "water-corrected fit: density at %.0f HU", hu[i]);
    TRY(evidence_add(e, claim, ogo, "mg/cm3", predicted[i], calibration_density(&c, hu[i]), 1e-6));
  }
  struct calibration other = points(hu, k, w, 5);
  TRY(cal_fit_points(&other, &ordinary_line));
  TRY(evidence_add(e, "the same rods by the wrong (ordinary) fit: slope", "separate script",
                   "mg/cm3/HU", 0.73343, other.slope, 5e-6));
done:
  return st;
}

enum { ADIPOSE = ATTENUATION_ADIPOSE, AIR = ATTENUATION_AIR, BLOOD = ATTENUATION_BLOOD };
enum { BONE = ATTENUATION_BONE, MUSCLE = ATTENUATION_MUSCLE };

static const struct {
  const char *tissues;
  int n, material[5];
  double hu[5], kev;
  double density[6]; /* at HU -100, 0, 100, 200, 300, 1000 */
} phantomless[] = {
    {"fat, air, blood, bone, muscle",
     5,
     {ADIPOSE, AIR, BLOOD, BONE, MUSCLE},
     {-100, -1000, 40, 1200, 55},
     98.5,
     {-12.2267, 32.0290, 84.7986, 146.0820, 215.8793, 942.8464}},
    {"air, bone, muscle",
     3,
     {AIR, BONE, MUSCLE},
     {-1000, 1200, 55},
     99.5,
     {-31.6160, 11.1301, 62.7777, 123.3267, 192.7771, 928.1699}},
    {"fat, air, blood, muscle",
     4,
     {ADIPOSE, AIR, BLOOD, MUSCLE},
     {-100, -1000, 40, 55},
     83.0,
     {13.4271, 38.7208, 68.7700, 103.5746, 143.1346, 553.2070}},
    {"air, fat, muscle",
     3,
     {AIR, ADIPOSE, MUSCLE},
     {-1000, -100, 55},
     79.5,
     {14.3322, 36.5594, 62.9098, 93.3833, 127.9799, 485.6044}},
};

static status michalski(struct evidence *e) {
  static const double hu[] = {-100, 0, 100, 200, 300, 1000};
  static const char from[] = "Bonelab Ogo a7e74fc, run on these tissues";
  status st = ST_OK;
  char claim[128];
  for (size_t row = 0; row < sizeof phantomless / sizeof phantomless[0]; row++) {
    struct cal_michalski m;
    const char *tissues = phantomless[row].tissues;
    TRY(cal_michalski_numbers(&m, phantomless[row].material, phantomless[row].hu,
                              phantomless[row].n));
    snprintf(claim, sizeof claim, "michalski2020 from %s: energy", tissues);
    TRY(evidence_add(e, claim, from, "keV", phantomless[row].kev, m.kev, 1e-9));
    for (int i = 0; i < 6; i++) {
      snprintf(claim, sizeof claim, "michalski2020 from %s: density at %.0f HU", tissues, hu[i]);
      TRY(evidence_add(e, claim, from, "mg/cm3", phantomless[row].density[i],
                       cal_michalski_density(&m, hu[i]), 5.1e-5));
    }
  }
done:
  return st;
}

static status fixed_energy(struct evidence *e) {
  static const double rows[][2] = {{65, 0.67207}, {70, 0.74292}, {75, 0.80945}};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct calibration c;
    struct cal_physics_options o = CAL_PHYSICS_DEFAULTS;
    char claim[64];
    cal_init(&c);
    o.kev = rows[i][0];
    TRY(cal_physics(&c, &o));
    snprintf(claim, sizeof claim, "ideal line of K2HPO4 at %.0f keV: slope", o.kev);
    TRY(evidence_add(e, claim, "separate script on the NIST XCOM tables", "mg/cm3/HU", rows[i][1],
                     c.slope, 5.1e-6));
  }
done:
  return st;
}

static status repeats(struct evidence *e) {
  static const double twice[] = {100, 102, 150, 147, 80, 80.8};
  static const int who[] = {1, 1, 2, 2, 3, 3};
  static const double nominal[] = {50, 100, 200}, measured[] = {48, 101, 207};
  status st = ST_OK;
  struct cal_precision p;
  struct cal_cross c;
  TRY(cal_precision(&p, twice, who, 6));
  TRY(evidence_add(e, "three people measured twice: RMS-SD", "by hand", "mg/cm3", 1.507758,
                   p.rms_sd, 5.1e-7));
  TRY(evidence_add(e, "three people measured twice: RMS-CV", "by hand", "%", 1.224233, p.rms_cv,
                   5.1e-7));
  TRY(evidence_add(e, "three people measured twice: least significant change", "by hand", "mg/cm3",
                   4.176489, p.lsc, 5.1e-7));
  TRY(evidence_add(e, "27 degrees of freedom: upper limit over the estimate", "Gluer et al. 1995",
                   "", 1.30, sqrt(27 / stat_chi2_quantile(0.05, 27)), 0.01));
  TRY(cal_cross_phantom(&c, nominal, measured, 3));
  TRY(evidence_add(e, "spine phantom on another scanner: slope", "by hand", "", 1.06, c.a, 1e-12));
  TRY(evidence_add(e, "spine phantom on another scanner: 120 mg/cm3 becomes", "by hand", "mg/cm3",
                   117.924528, cal_cross_apply(&c, 120), 5.1e-7));
done:
  return st;
}

status calibration_verify(struct evidence *e) {
  status st = ST_OK;
  e->area = "calibration";
  TRY(ordinary(e));
  TRY(water_corrected(e));
  TRY(michalski(e));
  TRY(fixed_energy(e));
  TRY(repeats(e));
done:
  return st;
}
