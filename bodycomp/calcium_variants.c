/* One region under every published departure from the reference rules. */
#include "bodycomp/calcium.h"

#include <math.h>
#include <stdio.h>

enum { VARIANTS = 10 };
static const char *const names[VARIANTS] = {
    "reference",        "area above 1 mm2",    "connectivity 4",
    "no slice scaling", "steps 199/299/399",   "small 3-D components dropped",
    "peak in 3-D",      "threshold above 128", "at least 3 face-linked pixels",
    "counted by pixels"};

static struct calcium_rules rules_of(int v, double pixel_mm2) {
  struct calcium_rules r = calcium_rules_of(v == 4 ? CALCIUM_GRAENI_120 : CALCIUM_AGATSTON_120);
  r.strict_area = v == 1;
  r.connectivity = v == 2 || v == 8 ? 4 : 8;
  r.slice_scaling = v != 3;
  r.drop_small_3d = v == 5 ? 3 : 0;
  r.peak_3d = v == 6;
  if (v == 7) r.steps_hu[0] = 129; /* the first whole HU above */
  if (v == 8) {
    r.least_area_mm2 = 0;
    r.least_pixels = 3;
  }
  if (v == 9) calcium_rules_by_pixels(&r, pixel_mm2);
  return r;
}

static status add(struct record *r, const char *name, const char *quantity, double value,
                  const char *unit, const char *method, const char *source) {
  status st = ST_OK;
  struct measurement *m = record_add(r, name, quantity, value, unit);
  CHECK(m, ST_MEMORY, "adding a variant");
  snprintf(m->method, sizeof m->method, "%s", method);
  measurement_source(m, source);
done:
  return st;
}

/* Mass of what holds at least 100 mg/cm3 of hydroxyapatite, instead of 130 HU; weights play no
 * part. */
static status add_dense_mass(struct record *r, const char *name, const struct volume *hu,
                             const struct labels *region, int value, double mass_factor,
                             double water_hu) {
  status st = ST_OK;
  const double least_mgcc = 100;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct calcium_score s;
  char method[96];
  if (isnan(mass_factor)) goto done;
  double threshold = water_hu + least_mgcc / 1000 / mass_factor;
  for (int n = 0; n < 4; n++) rules.steps_hu[n] = threshold + n;
  rules.mass_factor = mass_factor;
  rules.water_hu = water_hu;
  TRY(calcium_score(&s, hu, region, value, &rules));
  snprintf(method, sizeof method, "at least %g mg/cm3 HA = %.1f HU", least_mgcc, threshold);
  st = add(r, name, "calcium_mass_variant", s.mass_mg, "mg", method, "mccollough2007");
  calcium_score_free(&s);
done:
  return st;
}

status calcium_variants_record(struct record *r, const char *name, const struct volume *hu,
                               const struct labels *region, int value, double mass_factor,
                               double water_hu) {
  status st = ST_OK;
  const double pixel_mm2 = hu->grid.spacing[0] * hu->grid.spacing[1];
  for (int v = 0; v < VARIANTS; v++) {
    struct calcium_rules rules = rules_of(v, pixel_mm2);
    struct calcium_score s;
    TRY(calcium_score(&s, hu, region, value, &rules));
    st = add(r, name, "agatston_score_variant", s.agatston, "", names[v], "");
    calcium_score_free(&s);
    if (st != ST_OK) goto done;
  }
  double isotropic = (double)NAN;
  char method[96];
  const double threshold_hu = calcium_rules_of(CALCIUM_AGATSTON_120).steps_hu[0];
  TRY(calcium_volume_isotropic(&isotropic, hu, region, value, threshold_hu));
  snprintf(method, sizeof method, "isotropic voxels, >= %g HU", threshold_hu);
  TRY(add(r, name, "calcium_volume_isotropic", isotropic, "mm3", method, "callister1998"));
  TRY(add_dense_mass(r, name, hu, region, value, mass_factor, water_hu));
done:
  return st;
}
