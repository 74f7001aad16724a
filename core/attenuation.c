#include "core/attenuation.h"

#include <math.h>
#include <stddef.h>

static const struct {
  double kev;
  double mass[ATTENUATION_MATERIALS];
} dense[] = {
#include "core/attenuation_dense.inc"
};

static const struct {
  enum attenuation_material material;
  double kev, mass;
} nist[] = {
#include "core/attenuation_nist.inc"
};

enum { DENSE_ROWS = sizeof dense / sizeof dense[0], NIST_ROWS = sizeof nist / sizeof nist[0] };

const char *attenuation_name(enum attenuation_material m) {
  static const char *const names[] = {"adipose", "air", "blood",        "bone", "muscle",
                                      "K2HPO4",  "CHA", "triglyceride", "water"};
  return m < ATTENUATION_MATERIALS ? names[m] : "unknown";
}

double attenuation_mass(enum attenuation_material m, double kev) {
  if (!(kev >= dense[0].kev && kev <= dense[DENSE_ROWS - 1].kev)) return NAN;
  int row = (int)floor(kev - dense[0].kev); /* rows are exactly 1 keV apart */
  if (row > DENSE_ROWS - 2) row = DENSE_ROWS - 2;
  double e0 = dense[row].kev;
  double e1 = dense[row + 1].kev;
  double t = log(kev / e0) / log(e1 / e0);
  double a = log(dense[row].mass[m]);
  double b = log(dense[row + 1].mass[m]);
  return exp(a + t * (b - a));
}

double attenuation_mass_nist(enum attenuation_material m, double kev) {
  for (int i = 1; i < NIST_ROWS; i++) {
    if (nist[i].material != m || nist[i - 1].material != m) continue;
    double e0 = nist[i - 1].kev;
    double e1 = nist[i].kev;
    if (kev < e0 || kev > e1) continue;
    if (e1 == e0) return nist[i - 1].mass;
    return nist[i - 1].mass + (nist[i].mass - nist[i - 1].mass) * (kev - e0) / (e1 - e0);
  }
  return NAN;
}

double attenuation_density(enum attenuation_material m) {
  static const double density[] = {0.95, 0.001205, 1.06, 1.92, 1.05, NAN, NAN, NAN, 1.0};
  return m < ATTENUATION_MATERIALS ? density[m] : NAN;
}

double attenuation_ratio(enum attenuation_material m, double kev) {
  return attenuation_mass(m, kev) / attenuation_mass(ATTENUATION_WATER, kev);
}

double attenuation_hu(enum attenuation_material m, double density, double kev) {
  return 1000 * (density * attenuation_ratio(m, kev) - 1);
}

status attenuation_energy(double *kev, enum attenuation_material m, double ratio) {
  status st = ST_OK;
  double low = dense[0].kev;
  double high = dense[DENSE_ROWS - 1].kev;
  CHECK(m == ATTENUATION_K2HPO4 || m == ATTENUATION_CHA, ST_DOMAIN,
        "effective energy from %s: only K2HPO4 and CHA are monotone against water",
        attenuation_name(m));
  double at_low = attenuation_ratio(m, low);
  double at_high = attenuation_ratio(m, high);
  CHECK(ratio <= at_low && ratio >= at_high, ST_DOMAIN,
        "effective energy: attenuation of %s relative to water is %.5g, possible %.4f (160 keV) to "
        "%.4f (30 keV)",
        attenuation_name(m), ratio, at_high, at_low);
  while (high - low > 1e-9) {
    double mid = (low + high) / 2;
    if (attenuation_ratio(m, mid) > ratio)
      low = mid;
    else
      high = mid;
  }
  *kev = (low + high) / 2;
done:
  return st;
}
