/* Scoreboard against published reference values: the IBSI-1 digital phantom (compiled in), the
 * IBSI-1 CT configurations A to E, IBSI-2 phase 2 and response maps, and the pyradiomics baseline,
 * read from a folder of reference tables. A value passes when, rounded to three digits, it lies
 * within the tolerance of the table; a pyradiomics value when it agrees within 1e-6; a response map
 * when every voxel is within 1 % of the reference map's range.
 * Sources: ibsi1, ibsi2, pyradiomics
 */
#ifndef QCT_RADIOMICS_VERIFY_H
#define QCT_RADIOMICS_VERIFY_H

#include "radiomics/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rad_check {
  char set[32];  /* "digital phantom", "CT A", ... */
  char name[64]; /* tag or map */
  char aggregation[24];
  char consensus[16];                 /* "very strong" ... "weak", "none", "" */
  double value, reference, tolerance; /* map: largest deviation as a share of the range, 0, 0.01 */
  bool passed;
  char note[96];
};

struct rad_scoreboard {
  struct rad_check *rows; /* owned */
  size_t count, capacity;
};

void rad_scoreboard_free(struct rad_scoreboard *b);
/** Passed and total rows of a set (NULL: all). */
void rad_scoreboard_count(size_t *passed, size_t *total, const struct rad_scoreboard *b,
                          const char *set);

status rad_verify_phantom(struct rad_scoreboard *b);
/** `folder` holds ibsi1_ct_config*.csv and ibsi1_phantoms/ct. @param configurations e.g. "ABCDE" */
status rad_verify_ct(struct rad_scoreboard *b, const char *folder, const char *configurations);
/** `folder` holds ibsi1_ct_diagnostics.csv: sizes, counts and intensities after each step. */
status rad_verify_diagnostics(struct rad_scoreboard *b, const char *folder);
/** `folder` holds ibsi2_phase2_reference_values.csv and ibsi1_phantoms/ct. */
status rad_verify_filters(struct rad_scoreboard *b, const char *folder);
/** `folder` holds ibsi2_response_maps and ibsi2_phantoms. */
status rad_verify_maps(struct rad_scoreboard *b, const char *folder);
/** `folder` holds pyradiomics_baseline. Four rows of it that the package itself has left behind are
 * replaced by what its version 3.1.0 prints; their note says so. */
status rad_verify_pyradiomics(struct rad_scoreboard *b, const char *folder);

/** The settings of a CT configuration 'A'..'E'. */
void rad_ct_settings(struct rad_settings *s, char configuration);
/** To three significant digits, as the tables print. */
double rad_round(double value);
/** Round, then |value - reference| <= tolerance. */
bool rad_value_agrees(double value, double reference, double tolerance);

#ifdef __cplusplus
}
#endif
#endif
