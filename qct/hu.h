/* Opportunistic HU: attenuation of bone in a routine CT, without calibration. HU, not density.
 *
 * A value and a verdict are two things. The verdict belongs to a preset: a threshold with its site,
 * region rule, tube voltage, and source. It is withheld when the voltage is not stated or differs
 * from the preset's by more than 1 kV, when contrast medium was given or is suspected, or when the
 * region was drawn by another rule. Presets whose number was not read in its publication are marked
 * unverified and say so in every row.
 *
 *   T_HU = (HU - 236)/42 at L1, (HU - 227)/42 at L3: women of 20 to 30 years, n = 190. Not a DXA
 *          T-score.                                                    Source: hendrickson2018
 *   physics: HU_120 = m + (HU_V - m) (R_K(E_120) - 0.2174)/(R_K(E_V) - 0.2174), with m the HU of
 *          marrow and R_K the attenuation of K2HPO4 against water at an effective energy; all three
 *          are inputs, none has a default.                             Source: xcom2010
 *   c2c:   rescaled HU = the line through (air, -1000) and (visceral fat, -95);
 *          BMD = 0.002533809257151385 HU + 0.2298020483820905 g/cm2, T = (BMD
 * - 1.0723233)/0.1206653, below 300 HU abnormal; whole vertebrae L1 to L4. For comparison only: the
 * peer prints these as not cleared.                                       Source: comp2comp
 */
#ifndef QCT_QCT_HU_H
#define QCT_QCT_HU_H

#include "core/frame.h"
#include "core/record.h"
#include "qct/contrast.h"
#include "qct/spine_roi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct qct_hu_preset {
  const char *key;    /* "l1-160" */
  const char *region; /* "L1"; "*" any vertebra; "total" a femur */
  unsigned rois;      /* bits 1 << enum qct_roi that the threshold belongs to */
  double erode_mm;    /* of QCT_ROI_LABEL, NaN when it does not matter */
  bool median;        /* else the mean is judged */
  bool inclusive;     /* <= or < */
  double threshold_hu, kvp;
  const char *meaning; /* of a value on the low side */
  const char *source;
  bool verified;
};
/** All presets; *count of them. */
const struct qct_hu_preset *qct_hu_presets(int *count);
/** @return ST_USAGE for an unknown key; the message lists all */
status qct_hu_preset_find(const struct qct_hu_preset **out, const char *key);

struct qct_hu_scan {                   /* what verdicts depend on */
  double kvp;                          /* NaN: not stated */
  const struct qct_contrast *contrast; /* NULL: none */
  struct qct_roi_options roi;
};
/** Why the preset does not apply, "" when it does. */
void qct_hu_preset_refusal(char out[192], const struct qct_hu_preset *p,
                           const struct qct_hu_scan *scan);

/** NaN for levels other than L1 and L3. */
double qct_t_hu(const char *level, double hu);
/** @return ST_DOMAIN for energies outside 30..160 keV or marrow outside -150..100 HU */
status qct_hu_to_120(double *out, double hu, double marrow_hu, double kev, double kev_120);
double qct_c2c_rescale(double hu, double air_hu, double fat_hu);
double qct_c2c_bmd(double hu); /* g/cm2 */
double qct_c2c_t(double hu);

struct qct_hu_options {
  struct qct_roi_options roi;
  bool wanted[VERTEBRA_LEVELS]; /* none: T12 to L5 */
  int min_voxels;
  const struct qct_hu_preset *presets[16];
  int preset_count;
  bool anyway;                    /* give verdicts against their refusal, flagged */
  double marrow_hu, kev, kev_120; /* physics conversion when kev is a number */
};
#define QCT_HU_DEFAULTS                                                                            \
  {                                                                                                \
    .roi = QCT_ROI_DEFAULTS, .min_voxels = 100, .marrow_hu = (double)NAN, .kev = (double)NAN,      \
    .kev_120 = (double)NAN                                                                         \
  }

/**
 * Append rows, region "L1" ...: hu_mean, hu_median, hu_sd [HU], t_hu at L1 and L3,
 * verdict_<preset> (1 low side, 0 not), and with a conversion hu_120 [HU].
 * @param roi  of qct_spine_roi on the grid of `hu`
 * @return ST_DOMAIN when `hu` is not in HU, grids differ, or no wanted level has a frame
 */
status qct_hu_spine(struct record *r, const struct volume *hu, const struct labels *roi,
                    const struct vertebra_frames *frames, const struct qct_hu_scan *scan,
                    const struct qct_hu_options *options);

/** The same for a femur: regions head, neck, trochanter, intertrochanter and total of the frame,
 * with "_<side>", inside the label eroded by roi.erode_mm. */
status qct_hu_femur(struct record *r, const struct volume *hu, const struct labels *labels,
                    int label, const struct hip_frame *frame, const struct qct_hu_scan *scan,
                    const struct qct_hu_options *options);

/** c2c over the whole labels of L1 to L4 in `labels`: region "spine", c2c_hu [HU], c2c_bmd [g/cm2],
 * c2c_t. air_hu and fat_hu NaN: not rescaled, flagged.
 * @return ST_DOMAIN for an air mean outside -1050..-950 HU, or when a level of L1 to L4 is missing
 */
status qct_hu_c2c(struct record *r, const struct volume *hu, const struct labels *labels,
                  double air_hu, double fat_hu);

#ifdef __cplusplus
}
#endif
#endif
