#include "fea/material.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define POWER(f, e)                                                                                \
  {                                                                                                \
    { 0, f, e, 0 }                                                                                 \
  }

static const struct fea_law laws[] = {
    {"keller1994", MATERIAL_ASH, POWER(10500, 2.29), 1, "spine and femur pooled", "keller1994"},
    {"keyak1998", MATERIAL_ASH, POWER(14900, 1.86), 1, "femur", "keyak2005"},
    {"dragomir2011", MATERIAL_ASH, POWER(14664, 1.49), 1, "femur", "knowles2016"},
    {"keyak1994-cort", MATERIAL_ASH, POWER(10200, 2.01), 1, "femur cortex", "knowles2016"},
    {"keyak-three-piece",
     MATERIAL_ASH,
     {{0, 33900, 2.20, 0}, {0.27, 5307, 1, 469}, {0.6, 10200, 2.01, 0}},
     3,
     "femur",
     "knowles2016"},
    {"morgan2003-neck", MATERIAL_APPARENT, POWER(6850, 1.49), 1, "femoral neck", "morgan2003"},
    {"morgan2003-troch", MATERIAL_APPARENT, POWER(15010, 2.18), 1, "greater trochanter",
     "morgan2003"},
    {"morgan2003-spine", MATERIAL_APPARENT, POWER(4730, 1.56), 1, "vertebra", "morgan2003"},
    {"kopperdahl2002", MATERIAL_K2HPO4, POWER(2980, 1.05), 1, "vertebra", "kopperdahl2002"},
    {"crawford2003",
     MATERIAL_K2HPO4,
     {{0, 3230, 1, -34.7}},
     1,
     "vertebra, voxel models",
     "crawford2003"},
    {"keyak1994-trab", MATERIAL_ASH, {{0, 5307, 1, 469}}, 1, "femur, trabecular", "knowles2016"},
    {"morgan2003-femur",
     MATERIAL_APPARENT,
     {{0, 15010, 2.18, 0}, {0.280, 6850, 1.49, 0}},
     2,
     "femur: trochanter law below 0.280, neck law above",
     "morgan2003"},
    {"mulder2007", /* floor of 2 MPa */
     MATERIAL_HA,
     {{0, 0, 1, 2}, {0.23328, 25000, 1, -5830}},
     2,
     "micro-CT",
     "mulder2007"},
};
enum { LAWS = sizeof laws / sizeof laws[0] };

const char *const fea_law_names[] = {"keller1994",        "keyak1998",
                                     "dragomir2011",      "keyak1994-cort",
                                     "keyak-three-piece", "morgan2003-neck",
                                     "morgan2003-troch",  "morgan2003-spine",
                                     "kopperdahl2002",    "crawford2003",
                                     "keyak1994-trab",    "morgan2003-femur",
                                     "mulder2007",        NULL};

static const struct fea_conversion conversions[] = {
    {"auto", MATERIAL_NONE, MATERIAL_NONE, 1, 0, ""},
    {"keyak1994-k2hpo4", MATERIAL_K2HPO4, MATERIAL_ASH, 1.06, 0.0389, "keyak1994"},
    {"kaneko2004-cha", MATERIAL_HA, MATERIAL_ASH, 0.839, 0.0698, "kaneko2004"},
    {"schileo2008-cha", MATERIAL_HA, MATERIAL_ASH, 1 / 1.14, 0.09 / 1.14, "schileo2008"},
    {"yosibash-k2hpo4", MATERIAL_K2HPO4, MATERIAL_ASH, 1.22, 0.0523, "knowles2016"},
    {"ash-is-cha", MATERIAL_HA, MATERIAL_ASH, 1, 0, "knowles2016"},
};
enum { CONVERSIONS = sizeof conversions / sizeof conversions[0] };

const char *const fea_conversion_names[] = {"auto",
                                            "keyak1994-k2hpo4",
                                            "kaneko2004-cha",
                                            "schileo2008-cha",
                                            "yosibash-k2hpo4",
                                            "ash-is-cha",
                                            NULL};

const struct fea_law *fea_law_at(int index) {
  return index >= 0 && index < LAWS ? &laws[index] : NULL;
}

const struct fea_conversion *fea_conversion_at(int index) {
  return index > 0 && index < CONVERSIONS ? &conversions[index] : NULL;
}

static int find(const char *const *names, const char *key) {
  for (int i = 0; names[i]; i++)
    if (!strcmp(names[i], key)) return i;
  return -1;
}

int fea_law_find(const char *key) {
  return find(fea_law_names, key);
}

int fea_conversion_find(const char *key) {
  return find(fea_conversion_names, key);
}

double fea_law_modulus(const struct fea_law *law, double rho_gcc) {
  if (!(rho_gcc > 0)) return 0;
  const struct fea_law_piece *p = &law->piece[0];
  for (int i = 1; i < law->pieces && rho_gcc >= law->piece[i].from; i++) p = &law->piece[i];
  return fmax(0, p->offset + p->factor * pow(rho_gcc, p->exponent));
}

const char *fea_law_caution(const struct fea_law *law) {
  if (!strcmp(law->key, "keyak1994-trab"))
    return "law of 0.27 to 0.6 g/cm3 ash, used for all of the bone: 469 MPa where there is no "
           "mineral";
  if (!strcmp(law->key, "keyak1994-cort"))
    return "law of cortex, from 0.6 g/cm3 ash, used for all of the bone";
  return NULL;
}

static const struct fea_conversion *conversion_for(enum material have) {
  switch (have) {
  case MATERIAL_K2HPO4:
    return &conversions[1];
  case MATERIAL_HA:
    return &conversions[2];
  case MATERIAL_NONE:
  case MATERIAL_UNSTATED:
  case MATERIAL_ASH:
  case MATERIAL_APPARENT:
    break;
  }
  return NULL;
}

status fea_density_map_make(struct fea_density_map *out, const struct fea_law *law,
                            enum material have, int conversion) {
  status st = ST_OK;
  struct fea_density_map map = {1, 0, NULL, "none"};
  enum material kind = have;

  CHECK(have != MATERIAL_NONE && have != MATERIAL_UNSTATED, ST_DOMAIN,
        "material law %s: the density volume does not state its calibration material; it must be "
        "K2HPO4, HA, ash or apparent (K2HPO4 and HA numbers differ for the same bone); state it "
        "in the side file or by --material",
        law->key);
  bool wants_bone = law->takes == MATERIAL_ASH || law->takes == MATERIAL_APPARENT;
  if (wants_bone && (conversion > 0 || conversion_for(have))) {
    map.conversion = conversion > 0 ? fea_conversion_at(conversion) : conversion_for(have);
    CHECK(map.conversion, ST_USAGE, "density conversion %d is not in the table", conversion);
    CHECK(map.conversion->from == have, ST_DOMAIN,
          "density conversion %s takes a density of %s, the volume is a density of %s",
          map.conversion->key, material_name(map.conversion->from), material_name(have));
    map.slope = map.conversion->slope;
    map.intercept = map.conversion->intercept;
    kind = map.conversion->to;
    snprintf(map.words, sizeof map.words, "%s", map.conversion->key);
  }
  if (kind == MATERIAL_ASH && law->takes == MATERIAL_APPARENT) {
    map.slope /= FEA_ASH_PER_APPARENT;
    map.intercept /= FEA_ASH_PER_APPARENT;
    kind = MATERIAL_APPARENT;
  } else if (kind == MATERIAL_APPARENT && law->takes == MATERIAL_ASH) {
    map.slope *= FEA_ASH_PER_APPARENT;
    kind = MATERIAL_ASH;
  }
  CHECK(kind == law->takes, ST_DOMAIN,
        "material law %s takes a density of %s, the volume is a density of %s and no conversion "
        "leads there; choose another law, or convert the density by a named conversion first",
        law->key, material_name(law->takes), material_name(have));
  *out = map;
done:
  return st;
}

double fea_yield_compression(double rho_app_gcc) {
  if (!(rho_app_gcc > 0)) return 0;
  return rho_app_gcc <= 0.355 ? 85.5 * pow(rho_app_gcc, 2.26) : 38.5 * pow(rho_app_gcc, 1.48);
}

double fea_yield_tension(double rho_app_gcc) {
  if (!(rho_app_gcc > 0)) return 0;
  return rho_app_gcc <= 0.355 ? 50.1 * pow(rho_app_gcc, 2.04) : 22.6 * pow(rho_app_gcc, 1.26);
}
