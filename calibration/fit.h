/* From the mean HU of rods of known density to a calibration: regression, acceptance, interval.
 *
 *   1. the caller fills calibration.points (name, hu, hu_se, density, water, used); the rods come
 *      from calibration/rods.h, the certificate from core/phantom_registry.h
 *   2. cal_fit_points      ordinary or water-corrected line through the used points
 *   3. cal_accept          the acceptance table; refuses or warns
 *   4. calibration_seal    by whoever finishes the calibration
 *
 * Ordinary least squares (solid phantoms):   rho = slope*HU + intercept, certificate density on HU.
 * Water-corrected (Mindways, K2HPO4 in resin): HU - w = sigma_ref*k + beta_ref over the rods, then
 *   sigma_CT = sigma_ref - 0.2174,  beta_CT = beta_ref + 999.6,  rho = (HU - beta_CT)/sigma_CT
 * because an aqueous K2HPO4 solution displaces water, w = 999.6 - 0.2174 k.
 *
 * Interval. With three points or more the covariance of the line is the residual variance times the
 * design (n - 2 degrees of freedom, Student quantile): the residuals hold sampling error, the rods'
 * own certificate errors and beam hardening alike. With two points nothing can be checked: the
 * covariance is propagated from the sampling errors and `rod_sd`, and the calibration says so.
 * `certificate_sd` is an error common to all rods that no residual can show; it is added.
 *
 * Units: HU, mg/cm3. Limits: see cal_accept.
 */
#ifndef QCT_CALIBRATION_FIT_H
#define QCT_CALIBRATION_FIT_H

#include "core/calibration.h"

/* What mineral takes from the water it displaces [HU cm3/mg]: K2HPO4 in solution (Source:
 * mindways2011); apatite as an ideal mixture with water, density 3.156 g/cm3. */
#define CAL_K2HPO4_DISPLACEMENT 0.2174
#define CAL_HA_DISPLACEMENT (1 / 3.156)

#ifdef __cplusplus
extern "C" {
#endif

enum cal_regression {
  CAL_REGRESSION_AUTO, /* water-corrected when every used point has a water density */
  CAL_REGRESSION_OLS,
  CAL_REGRESSION_WATER
};
/** "auto", "ols", "water"; NULL-terminated. */
extern const char *const cal_regression_names[];

/* Largest residual of a rod that is accepted, mg/cm3 (proposal of this toolkit). */
#define CAL_MOST_RESIDUAL 15.0

struct cal_fit_options {
  int method;            /* enum cal_regression */
  double certificate_sd; /* common error of the certificate [mg/cm3] */
  double rod_sd;         /* error of one rod's certificate [mg/cm3]; used with two points only */
  bool force;            /* turn refusals of cal_accept into warnings */
};
#define CAL_FIT_DEFAULTS                                                                           \
  { .method = CAL_REGRESSION_AUTO }

/** Zero everything, NaN where a number is not known, empty texts. */
void cal_init(struct calibration *c);
/** Append a warning; beyond CALIBRATION_WARNINGS the last one says how many are missing. */
void cal_warn(struct calibration *c, const char *fmt, ...) QCT_PRINTF(2, 3);
/** Append a point and return it, used, numbers NaN; NULL when there are CALIBRATION_POINTS. */
struct calibration_point *cal_add_point(struct calibration *c, const char *name);

/**
 * Fit the line through the used points of `c`; fills method, slope, intercept, covariance, r2 (of
 * the regression that was done), residual of every point, residual_sd, checkable, and for the
 * water-corrected fit sigma_ref, beta_ref and effective_kev.
 *
 * @return ST_DOMAIN with fewer than two used points, or a water fit without water densities;
 *         ST_NUMERIC when all HU are equal ("degenerate fit") or the slope is not positive
 * Source: mindways2011 (water-corrected), closed form (OLS)
 */
status cal_fit_points(struct calibration *c, const struct cal_fit_options *options);

/**
 * Judge a fit:
 *   quantity                                 warns            refuses
 *   R2                                       < 0.98           < 0.90
 *   any residual of a used rod [mg/cm3]      > 5              > 15
 *   beta_ref + 1000 [HU]                     > 15             > 40
 *   slope [mg/cm3 per HU]                    0.65-0.95 at 120 kV    0.4-1.4
 *   HU of 0 mg/cm3, ordinary fit             > 40             > 100
 *   effective energy [keV]                   60-85 at 120 kV        45-110
 * A swapped pair of low rods keeps R2 above 0.98: the residual is the real gate, and a refusal says
 * which two rods, exchanged, would fit. Without mineral a rod is its base, which is near water:
 * rods of another certificate can lie on a line of a possible slope, but not there. Limits other
 * than R2 are proposals of this toolkit.
 *
 * @param kvp  tube voltage [kV], NaN when unknown (then the ranges for 120 kV are not tested)
 * @return ST_DOMAIN naming the first violated limit, unless `force`
 */
status cal_accept(struct calibration *c, double kvp, bool force);

/**
 * Covariance of (intercept, slope) for y = intercept + slope*x fitted by OLS when each y has its
 * own variance: (X'X)^-1 X' W X (X'X)^-1, W = diag(variance). Row-major 3x3 in `out`, quadratic
 * zero.
 */
void cal_propagate(double out[9], const double *x, const double *variance, int n);

/**
 * Add an independent error of (intercept, slope) with `df` degrees of freedom (INFINITY: known) to
 * the covariance of `c`; the degrees of freedom are combined (Welch and Satterthwaite) at 200 HU, a
 * density of trabecular bone.
 */
void cal_add_covariance(struct calibration *c, const double covariance[9], double df);

#ifdef __cplusplus
}
#endif
#endif
