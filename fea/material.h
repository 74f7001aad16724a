/* Material laws: bone density -> Young's modulus, and the density conversions that lead there.
 *
 * Two tables, each entry with a key, the kind of density it takes and its source. A law refuses a
 * density of another kind: nothing here converts silently. Densities are g/cm3 inside this header
 * (mg/cm3 in volumes), moduli MPa.
 *
 *   QCT density (K2HPO4 or HA, of the calibration) --conversion--> ash --/0.6--> apparent --law-->
 * E
 *
 * Laws that take the QCT density itself (spine) name the material they were made with. Absolute
 * stiffness differs several times between laws (knowles2016): compare nothing across laws.
 */
#ifndef QCT_FEA_MATERIAL_H
#define QCT_FEA_MATERIAL_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One piece of a law, used for rho >= from: E = offset + factor * rho^exponent, at least 0. */
struct fea_law_piece {
  double from; /* g/cm3 */
  double factor, exponent, offset;
};

enum { FEA_LAW_PIECES = 3 };

struct fea_law {
  const char *key;
  enum material takes; /* MATERIAL_ASH, _APPARENT, _K2HPO4 or _HA */
  struct fea_law_piece piece[FEA_LAW_PIECES];
  int pieces;
  const char *bone;   /* what it was measured on */
  const char *source; /* key of core/sources.def */
};

/* A law of the user's own. */
struct fea_user_law {
  struct fea_law law; /* law.key points into `key`: do not copy the struct */
  char key[80];
};

struct fea_conversion {
  const char *key;
  enum material from, to;
  double slope, intercept; /* g/cm3: to = slope * from + intercept */
  const char *source;
};

/** Keys for OPT_CHOICE, NULL-terminated; index = index of the entry. */
extern const char *const fea_law_names[];
/** First name is "auto": by the material of the volume (K2HPO4 keyak1994-k2hpo4, HA
 * kaneko2004-cha). */
extern const char *const fea_conversion_names[];

/* Defaults of the femur and of the spine recipes: morgan2003-neck, kopperdahl2002. */
enum { FEA_LAW_MORGAN_NECK = 5, FEA_LAW_KOPPERDAHL = 8 };

/** NULL when the index is out of range. */
const struct fea_law *fea_law_at(int index);
/** Index 0 ("auto") gives NULL; so does one out of range. */
const struct fea_conversion *fea_conversion_at(int index);
/**
 * A law from words: `MATERIAL:PIECE[;PIECE...]`, a piece `FACTOR,EXPONENT[,OFFSET][@FROM]` in MPa
 * and g/cm3, E = OFFSET + FACTOR * rho^EXPONENT for rho >= FROM. "ash:10500,2.29" is a power law,
 * "HA:25000,1,-5830" a line, "apparent:0,1,12000" a constant,
 * "ash:33900,2.2;5307,1,469@0.27;10200,2.01@0.6" three pieces. `MATERIAL:homminga,EMAX,RHOMAX` is
 * EMAX * (rho / RHOMAX)^1.7 (faim10). MATERIAL is K2HPO4, HA, ash or apparent.
 * @return ST_USAGE naming what cannot be read, pieces out of order, or a negative factor
 */
status fea_law_parse(struct fea_user_law *out, const char *words);

/** -1 when unknown. */
int fea_law_find(const char *key);
int fea_conversion_find(const char *key);

/** Young's modulus [MPa] of a density of the kind the law takes [g/cm3]; 0 at and below zero
 * density. */
double fea_law_modulus(const struct fea_law *law, double rho_gcc);
/** Where a law of the table does not hold, for whoever reads its results; NULL: nothing to say. */
const char *fea_law_caution(const struct fea_law *law);

/* The whole way from the density volume to the law's density: rho_law = slope * rho + intercept,
 * in g/cm3 on both sides. */
struct fea_density_map {
  double slope, intercept;
  const struct fea_conversion *conversion; /* NULL when none was needed */
  char words[96];                          /* "kaneko2004-cha" , "none" */
};

/** rho_ash / rho_app. Source: knowles2016. */
#define FEA_ASH_PER_APPARENT 0.6

/**
 * Join a density of material `have` to what `law` takes.
 * @param conversion index into fea_conversion_names
 * @return ST_DOMAIN when the material is not stated, the conversion takes another material, or the
 *         law wants a QCT density of another material (message names the remedy)
 */
status fea_density_map_make(struct fea_density_map *out, const struct fea_law *law,
                            enum material have, int conversion);

/* Yield stress of bone by apparent density [g/cm3 -> MPa], femoral neck. Source: morgan2001 as
 * quoted by a study that used it. */
double fea_yield_compression(double rho_app_gcc);
double fea_yield_tension(double rho_app_gcc);

#ifdef __cplusplus
}
#endif
#endif
