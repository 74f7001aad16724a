/* A calibration: the map from HU to bone density, with what it rests on.
 *
 *   linear:     rho = slope*HU + intercept          [mg/cm3 of `material`]
 *   quadratic:  rho = quadratic*HU^2 + slope*HU + intercept      (michalski2020 only)
 *
 * Made by calibration/, applied by anyone, stored as calibration.json. The interval of a density
 * follows from `covariance` of the coefficients (fit and sampling), `certificate_sd` and
 * `model_sd`: var(rho(HU)) = g' C g + certificate_sd^2 + model_sd^2,   g = (1, HU, HU^2)
 */
#ifndef QCT_CORE_CALIBRATION_H
#define QCT_CORE_CALIBRATION_H

#include "core/volume.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CALIBRATION_POINTS = 16, CALIBRATION_WARNINGS = 16 };

struct calibration_point {
  char name[32]; /* rod or tissue */
  double hu;     /* mean [HU], NaN when it could not be sampled */
  double hu_sd;  /* within the sample [HU] */
  double hu_se;  /* standard error of the mean [HU], NaN when unknown */
  int64_t voxels;
  int slices;
  double density; /* reference [mg/cm3], NaN when the method has none */
  double water;   /* water-equivalent density [mg/cm3] of water-corrected phantoms, NaN otherwise */
  double residual;   /* fitted - reference [mg/cm3] */
  int used;          /* 0 when it was left out of the fit */
  char reason[96];   /* why it was left out, or a warning about it */
  struct vec3 where; /* LPS mm, NaN when unknown */
};

struct calibration {
  char method[32]; /* "phantom-ols", "phantom-water", "tissue-line", "physics", "michalski2020", ...
                    */
  char phantom[48];      /* registry key, or "" */
  char scanner_key[256]; /* manufacturer|model|serial or station|kVp|kernel */
  enum material material;
  double quadratic, slope, intercept;
  double covariance[9];  /* of (intercept, slope, quadratic), row-major; zeros where not fitted */
  double covariance_df;  /* degrees of freedom of the covariance; INFINITY when known */
  double certificate_sd; /* mg/cm3 */
  double model_sd;       /* mg/cm3; of the method itself (tissue line) */
  double r2;
  double residual_sd;         /* mg/cm3, NaN when not checkable */
  double sigma_ref, beta_ref; /* water-corrected fits, else NaN */
  double effective_kev;       /* NaN when not known */
  double diameter_mm;         /* water-equivalent, of what lay in the scan; NaN when not known */
  int checkable;              /* 0: two points, the fit cannot be checked */
  struct calibration_point points[CALIBRATION_POINTS];
  int point_count;
  char warnings[CALIBRATION_WARNINGS][160];
  int warning_count;
  char id[65]; /* SHA-256 of the serialised calibration without provenance */
};

/** Density [mg/cm3] of a HU value; NaN stays NaN. */
double calibration_density(const struct calibration *c, double hu);
/** Standard deviation of the density at `hu` [mg/cm3] from the formula above. */
double calibration_density_sd(const struct calibration *c, double hu);
/** Half-width of the 95 % interval at `hu` (t quantile with covariance_df). */
double calibration_half_width(const struct calibration *c, double hu);
/** HU of a density on the branch that holds 0..1500 HU. */
double calibration_hu(const struct calibration *c, double density);
/** "GE|Discovery|serial|140|SOFT" from an acquisition; unknown parts are "?". */
void calibration_scanner_key(char out[256], const struct acquisition *a);

/** New density volume; no data stays no data. @return ST_DOMAIN if `hu` is not QUANTITY_HU */
status calibration_apply(struct volume **density, const struct calibration *c,
                         const struct volume *hu);

status calibration_read(struct calibration *out, const char *path);
/**
 * The same, for the intervals of a density.
 * @return also ST_DOMAIN when the density names another calibration that made it, or is of another
 *         material
 */
status calibration_read_of(struct calibration *out, const char *path, const struct volume *density);
status calibration_write(const struct calibration *c, const char *path, const cJSON *provenance,
                         bool force);
cJSON *calibration_to_json(const struct calibration *c);
status calibration_from_json(struct calibration *out, const cJSON *json, const char *what);
/** Set c->id from the content. Makers call it last. */
status calibration_seal(struct calibration *c);

#ifdef __cplusplus
}
#endif
#endif
