#include "phantom/tissue.h"

#include "core/attenuation.h"

#include <math.h>

static const double apatite_g_cm3 = 3.156; /* density of crystalline hydroxyapatite */
static const double matrix_g_cm3 = 1.10;
static const double displaced = 0.2174; /* Source: mindways2011 */
static const double water_offset = 0.4; /* 1000 - 999.6, Source: mindways2011 */
const double tissue_mineral_mg_cm3 = 1200;

const char *tissue_name(enum tissue t) {
  static const char *const names[] = {"air",        "fat",   "muscle", "skin", "cartilage",
                                      "blood",      "water", "marrow", "bone", "table_shell",
                                      "table_foam", "plate", "metal"};
  return t < TISSUE_COUNT ? names[t] : "";
}

static void soft_tissues(struct tissue_table *t, double fat_density, double yellow) {
  double *hu = t->hu, e = t->kev;
  hu[TISSUE_AIR] = attenuation_hu(ATTENUATION_AIR, attenuation_density(ATTENUATION_AIR), e);
  hu[TISSUE_FAT] = attenuation_hu(ATTENUATION_ADIPOSE, fat_density, e);
  hu[TISSUE_MUSCLE] =
      attenuation_hu(ATTENUATION_MUSCLE, attenuation_density(ATTENUATION_MUSCLE), e);
  hu[TISSUE_BLOOD] = attenuation_hu(ATTENUATION_BLOOD, attenuation_density(ATTENUATION_BLOOD), e);
  hu[TISSUE_SKIN] = hu[TISSUE_MUSCLE] - 10;
  hu[TISSUE_CARTILAGE] = hu[TISSUE_MUSCLE] + 40;
  hu[TISSUE_WATER] = 4; /* urine */
  hu[TISSUE_MARROW] = yellow * hu[TISSUE_FAT] + (1 - yellow) * hu[TISSUE_MUSCLE];
  hu[TISSUE_TABLE_SHELL] = -120;
  hu[TISSUE_TABLE_FOAM] = -930;
  hu[TISSUE_PLATE] = 40;
  hu[TISSUE_METAL] = 8000;
}

status tissue_table_init(struct tissue_table *t, double kev, double fat_density, double yellow,
                         enum bone_mode mode) {
  status st = ST_OK;
  CHECK(kev >= 30 && kev <= 160, ST_DOMAIN,
        "digital phantom: effective energy %g keV, permitted 30..160 keV (the attenuation table)",
        kev);
  *t = (struct tissue_table){.kev = kev, .mode = mode};
  soft_tissues(t, fat_density, yellow);
  double apatite = tissue_mineral_mg_cm3 / 1000, matrix = 1 - apatite / apatite_g_cm3;
  double rk = attenuation_ratio(ATTENUATION_K2HPO4, kev),
         ra = attenuation_ratio(ATTENUATION_CHA, kev);
  double rm = attenuation_ratio(ATTENUATION_MUSCLE, kev);
  t->hu[TISSUE_BONE] = 1000 * (apatite * ra + matrix * matrix_g_cm3 * rm - 1);
  t->k2hpo4_slope = 1 / (rk - displaced);
  t->k2hpo4_intercept = water_offset * t->k2hpo4_slope;
  t->ha_slope = 1 / (ra - 1 / apatite_g_cm3);
done:
  return st;
}

double tissue_bone_hu(const struct tissue_table *t, double bvf) {
  double rho = tissue_mineral_mg_cm3 * bvf;
  switch (t->mode) {
  case BONE_EQUIVALENT_K2HPO4:
    return (rho - t->k2hpo4_intercept) / t->k2hpo4_slope;
  case BONE_EQUIVALENT_HA:
    return rho / t->ha_slope;
  case BONE_REAL:
    break;
  }
  return t->hu[TISSUE_MARROW] + bvf * (t->hu[TISSUE_BONE] - t->hu[TISSUE_MARROW]);
}

double tissue_k2hpo4(const struct tissue_table *t, double hu) {
  return t->k2hpo4_slope * hu + t->k2hpo4_intercept;
}

double tissue_ha(const struct tissue_table *t, double hu) {
  return t->ha_slope * hu;
}

double tissue_rod_hu(const struct tissue_table *t, const struct phantom_entry *e, int rod) {
  const struct phantom_rod *r = &e->rods[rod];
  if (e->material == MATERIAL_HA) return r->density / t->ha_slope;
  double water = isnan(r->water) ? 999.6 - displaced * r->density : r->water;
  return water - 1000 + r->density * attenuation_ratio(ATTENUATION_K2HPO4, t->kev);
}
