/* Phantomless calibration by reference tissues: the densities that air, fat, muscle and blood read
 * in scans that had a phantom are known; in a new scan the line goes through (HU_t, e_t).
 *
 * The table of e_t comes from cal_learn (calibration/learn.h) for the scanner at hand, or from one
 * published set. >= 2 tissues, air must be one of them.
 *
 * Interval. Learned table: the spread of e_t between people (its covariance, n - 1 degrees of
 * freedom) and the sampling error of HU_t are carried through the line, which is linear in e_t.
 * Published table: one number from literature for the whole method (model_sd).
 *
 * Limits: a table is valid for its kVp and scanner only. Density of trabecular bone changes by
 * about 10 % between tube voltages; another kVp than the table's gets a warning and 0.5 % of slope
 * uncertainty per kV, an unknown one that of the voltages of CT, 80 to 140 kV (root mean square).
 */
#ifndef QCT_CALIBRATION_TISSUE_LINE_H
#define QCT_CALIBRATION_TISSUE_LINE_H

#include "calibration/fit.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CAL_TISSUES = 4 };

/* Variables of the regression of learned_line.h; the HU of tissue i of the table is
 * CAL_JOINT_TISSUE + i. */
enum {
  CAL_JOINT_SLOPE,
  CAL_JOINT_INTERCEPT,
  CAL_JOINT_DIAMETER, /* water-equivalent, mm */
  CAL_JOINT_TISSUE,
  CAL_JOINT = CAL_JOINT_TISSUE + CAL_TISSUES
};

struct cal_joint { /* mean and covariance (n - 1) over people; zeros when not learned */
  double mean[CAL_JOINT], covariance[CAL_JOINT * CAL_JOINT];
  double rods[9]; /* mean covariance of the phantom's fits, as in struct calibration: an error of
                     the certificate is common to all people */
  double rods_df; /* degrees of freedom of one fit */
};

struct cal_tissue_table {
  char name[48];                /* "szyszko2024", or the scanner it was learned on */
  char scanner_key[256];        /* "" for a published table */
  double kvp;                   /* kV, NaN when not stated */
  enum material material;       /* MATERIAL_UNSTATED when the source does not say */
  int count;                    /* tissues, <= CAL_TISSUES */
  char tissue[CAL_TISSUES][16]; /* "air", "adipose", "muscle", "blood" */
  double density[CAL_TISSUES];  /* mean e_t [mg/cm3] */
  double covariance[CAL_TISSUES * CAL_TISSUES]; /* of e_t between people, [count][count] rows of
                                                   CAL_TISSUES; zeros when not known */
  int people;             /* n behind mean and covariance; 0 when not learned here */
  struct cal_joint joint; /* learned_line.h */
  double model_sd;        /* mg/cm3; of the method when the covariance is not known */
};

/**
 * The published table: air -797, adipose -95, muscle 38 mg/cm3, 41 postmenopausal women. Phantom
 * material and kVp are not stated in what was read: MATERIAL_UNSTATED, 120 kV assumed. model_sd
 * 10.6 mg/cm3: the mean absolute error of 8.42 mg/cm3 of table methods over 11 protocols times
 * sqrt(pi/2).
 * Source: szyszko2024
 */
void cal_tissue_table_published(struct cal_tissue_table *table);

status cal_tissue_table_read(struct cal_tissue_table *out, const char *path);
cJSON *cal_tissue_table_to_json(const struct cal_tissue_table *table);
status cal_tissue_table_from_json(struct cal_tissue_table *out, const cJSON *json,
                                  const char *what);

/**
 * The line through the used points of `c` that the table knows ("fat" = "adipose"). Points without
 * a row are set unused with the reason.
 * @param kvp  of the scan [kV], NaN when unknown
 * @return ST_DOMAIN with fewer than 2 tissues or without air; ST_NUMERIC for a degenerate fit
 */
status cal_tissue_line(struct calibration *c, const struct cal_tissue_table *table, double kvp);

/** Warn of a scan at another kVp than the table's and widen the slope's variance by it. */
void cal_tissue_judge_kvp(struct calibration *c, const struct cal_tissue_table *table, double kvp);

/* ---- coefficients of the user ---- */

/**
 * A calibration from a file of coefficients: fixed, or a multiple regression on tissue HU.
 *
 *   {"method": "name", "source": "...", "material": "K2HPO4" | "HA" | "unstated", "kvp": 120,
 *    "model_sd": 5,
 *    "slope":     {"constant": 0.8, "muscle": -0.001},
 *    "intercept": {"constant": 2.0, "air": 0.01, "adipose": -0.05}}
 *
 * slope = constant + sum(coefficient * HU of the tissue), intercept the same; a plain number stands
 * for {"constant": number}. Tissues come from the used points of `c`.
 * @return ST_FORMAT for a malformed file; ST_DOMAIN when a tissue it needs was not sampled, or the
 *         slope is not positive
 */
status cal_regression_file(struct calibration *c, const char *path, double kvp);

#ifdef __cplusplus
}
#endif
#endif
