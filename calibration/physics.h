/* Calibrations that need no phantom in the scan and no phantom scans: from X-ray physics.
 *
 * michalski2020, the published internal calibration as it is coded in Bonelab Ogo, for
 * comparability:
 *   1. E_eff: the energy 1.5, 2.0 ... 200.0 keV with the largest r2 of mu/rho on HU over the
 * tissues
 *   2. a1, b1: mu/rho(E_eff) on HU;  d_t = (HU_t/1000 + 1) muw/(mu/rho)_t;  a2, b2: d_t on HU
 *   3. K2HPO4 = 1000 D (u - u_TG)/(u_K - u_TG),  u = a1 HU + b1,  D = a2 HU + b2: QUADRATIC in HU
 * Known defects: step 1 correlates HU with MASS attenuation although HU is linear attenuation
 * (exact ICRU tissues at 70 keV return 93 keV); linear interpolation between NIST nodes is wrong by
 * 6 % at 70 keV; water reads tens of mg/cm3 (bias 12.6 +- 13.2 mg/cm3 in people,
 * bartenschlager2023).
 *
 * physics, the corrected variant: the effective energy is given (a measured water-corrected fit of
 * the same scanner and kVp, or the user's table), never fitted from the patient's cortex.
 *   1. drift line HU_true = a HU + b from air and soft tissues (a within 0.97-1.03 or a warning)
 *   2. K2HPO4: slope 1/(R_K(E) - 0.2174), intercept 0.4*slope;  HA: slope 1/(R_HA(E) - s_HA),
 *      intercept 0, s_HA the displacement of the HA phantom meant (1/3.156 for an ideal mixture; no
 *      universal value)
 */
#ifndef QCT_CALIBRATION_PHYSICS_H
#define QCT_CALIBRATION_PHYSICS_H

#include "calibration/fit.h"
#include "core/attenuation.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A tissue sample by the name of its point: "air", "adipose" ("fat"), "blood", "muscle", "bone"
 * ("cortical"). -1 when the name is none of these. */
int cal_tissue_material(const char *name);

struct cal_michalski {
  double kev;    /* E_eff */
  double r2;     /* of step 1 */
  double a1, b1; /* mu/rho [cm2/g] on HU */
  double a2, b2; /* density [g/cm3] on HU */
  double u_k, u_tg;
};

/**
 * The numbers of michalski2020 for tissues with mean HU.
 * @param[in] material  enum attenuation_material of each tissue, shape [n]
 * @param[in] hu        mean HU of each tissue, shape [n]
 * @return ST_DOMAIN with fewer than 3 tissues; ST_NUMERIC when all HU are equal
 * Source: michalski2020, as coded in Bonelab Ogo a7e74fc
 */
status cal_michalski_numbers(struct cal_michalski *out, const int *material, const double *hu,
                             int n);

/** K2HPO4 [mg/cm3] of a voxel. */
double cal_michalski_density(const struct cal_michalski *m, double hu);

/**
 * Turn the used points of `c` (tissues, mean HU) into a michalski2020 calibration: quadratic,
 * slope, intercept. The interval holds the published spread (model_sd 13.2 mg/cm3); the published
 * bias of 12.6 mg/cm3 is a warning, not a correction.
 * @return as cal_michalski_numbers; ST_DOMAIN for an unknown tissue
 */
status cal_michalski(struct calibration *c);

struct cal_physics_options {
  double kev;    /* effective energy [keV], 30..160; required */
  double kev_sd; /* its standard deviation [keV]; 0 warns that the interval lacks it */
  int material;  /* enum material: MATERIAL_K2HPO4 or MATERIAL_HA */
  double s_ha;   /* displacement of the HA phantom; 1/3.156 by default */
};
#define CAL_PHYSICS_DEFAULTS                                                                       \
  { .kev = (double)NAN, .kev_sd = 2, .material = MATERIAL_K2HPO4, .s_ha = CAL_HA_DISPLACEMENT }

/**
 * The physics calibration from the used points of `c` (air and soft tissues; bone is left out).
 * With no point at all there is no drift correction and a warning. The points' reference density is
 * what the ICRU tissue reads; the interval holds the scatter of the drift line and kev_sd.
 * @return ST_DOMAIN for an energy out of range, another material, one point only, or no air among
 *         the points
 * Source: xcom2010, icru44, mindways2011 (displacement)
 */
status cal_physics(struct calibration *c, const struct cal_physics_options *options);

#ifdef __cplusplus
}
#endif
#endif
