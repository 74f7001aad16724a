/* How much a body of another size than the phantom's can change what bone mineral reads.
 *
 * Water takes the soft part of a beam away, so mineral reads fewer HU in a stout body. The most
 * that this can be is what the bare spectrum of a tube does (Kramers, (kVp - E)/E photons of energy
 * E) with nothing before the body and nothing corrected behind it. With D mm of water in the beam
 * and a detector that sums energy,
 *
 *   w(E) = (kVp - E) exp(-mu_water(E) D),        contrast(D) = <mu/rho of mineral>_w / <mu/rho of
 *   water>_w - displacement                      [HU per mg/cm3]
 *
 * Filters, bow ties and the makers' corrections take some of it away, never more than all, how much
 * is not told: between phantom and patient densities err by a share between 0 and 1 of
 * g = ln contrast(phantom) - ln contrast(patient). The middle is corrected for and g/sqrt(12), the
 * SD of a rectangular distribution, is the uncertainty (as usual for an effect of known sign and
 * limit).
 *
 * Energies below 30 keV are left out: 100 mm of water leave 2 % of them.
 * Source: xcom2010; closed form (Kramers spectrum, rectangular distribution)
 */
#ifndef QCT_CALIBRATION_HARDENING_H
#define QCT_CALIBRATION_HARDENING_H

#include "core/calibration.h"

#ifdef __cplusplus
extern "C" {
#endif

/** HU per mg/cm3 of K2HPO4 or HA behind `water_mm` of water; NaN for another material, kVp outside
 * 40..160 or water_mm not in 0..1000. */
double cal_mineral_contrast(enum material m, double kvp, double water_mm);

/**
 * Correct `c`, fitted on a phantom scan of `phantom_mm` water-equivalent diameter, for the body in
 * c->diameter_mm and widen its covariance, as above. Where one of them is not known (NaN) it may
 * lie anywhere in 100..500 mm (a phantom alone; the widest field): nothing is corrected and the
 * larger end of that range is taken as the limit of an error of either sign. Warns of whatever it
 * does to a density by more than 1 %.
 */
void cal_hardening_correct(struct calibration *c, double phantom_mm, double kvp);

#ifdef __cplusplus
}
#endif
#endif
