/* T-scores of areal density, from a named reference only.
 *
 * A reference is a JSON file: {"format": "qct t-score reference 1", "key", "source", "population",
 * "sites": {"neck": {"mean", "sd"}, "total": {"mean", "sd"}}}, g/cm2. "nhanes3" is compiled in from
 * qct/t_score_reference.json: white women of 20-29 years, Hologic units (looker1998), which
 * iscd2023 uses for both sexes.
 * A correction is {"format": "qct abmd correction 1", "source", "intercept", "slope"}: areal
 * density as by DXA = intercept [g/cm2] + slope x projected; there is none without a file.
 *
 * Source: looker1998, iscd2023 (T = (value - mean)/SD, classes: normal at or above -1.0,
 * osteoporosis at or below -2.5)
 */
#ifndef QCT_QCT_T_SCORE_H
#define QCT_QCT_T_SCORE_H

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum t_site { T_NECK, T_TOTAL, T_SITES };

struct t_reference {
  char key[48], source[48], population[120];
  double mean[T_SITES], sd[T_SITES]; /* g/cm2 */
};
/** @param name  "nhanes3", or the path of a file. @return ST_IO, ST_FORMAT; ST_DOMAIN when an SD
 * is not positive */
status t_reference_read(struct t_reference *out, const char *name);

struct abmd_correction {
  char source[96];
  double intercept, slope;
};
/** @return ST_IO, ST_FORMAT; ST_DOMAIN when the slope is not positive */
status abmd_correction_read(struct abmd_correction *out, const char *path);

double t_score(const struct t_reference *r, enum t_site site, double abmd);

enum who_class { WHO_NORMAL, WHO_OSTEOPENIA, WHO_OSTEOPOROSIS };
/** -1.0 is normal, -2.5 osteoporosis; the T-score is not rounded first (1e-9 for arithmetic). */
enum who_class who_class_of(double t);
/** "normal", "osteopenia", "osteoporosis". */
const char *who_class_name(enum who_class c);

#ifdef __cplusplus
}
#endif
#endif
