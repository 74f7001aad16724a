/* X-ray attenuation of the tissues and compounds behind calibration and digital phantoms.
 *
 * Two tables are compiled in. `dense`: 30..160 keV in steps of 1 keV, log-log between rows; the one
 * to use. `nist`: the coarse NIST nodes 1..300 keV, LINEAR between nodes, kept only because
 * published calibrations were computed that way (wrong by about 6 % for K2HPO4 and hydroxyapatite
 * at 70 keV).
 *
 *   HU(E) = 1000*(sum_i rho_i (mu/rho)_i(E) / (mu/rho)_water(E) - 1),   rho in g/cm3, E in keV
 *
 * Energies are monochromatic equivalents ("effective energy") of a CT spectrum.
 * Source: xcom2010 (NIST tables), elam2002 (elemental data), icru44 (compositions, densities).
 */
#ifndef QCT_CORE_ATTENUATION_H
#define QCT_CORE_ATTENUATION_H

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum attenuation_material {
  ATTENUATION_ADIPOSE, /* ICRU-44 adipose tissue */
  ATTENUATION_AIR,
  ATTENUATION_BLOOD,
  ATTENUATION_BONE, /* ICRU-44 cortical bone */
  ATTENUATION_MUSCLE,
  ATTENUATION_K2HPO4,
  ATTENUATION_CHA, /* hydroxyapatite Ca10(PO4)6(OH)2 */
  ATTENUATION_TRIGLYCERIDE,
  ATTENUATION_WATER,
  ATTENUATION_MATERIALS
};

/** "adipose", "air", ... ; never NULL. */
const char *attenuation_name(enum attenuation_material m);

/** Mass attenuation [cm2/g] from the dense table, log-log between rows; NaN outside 30..160 keV. */
double attenuation_mass(enum attenuation_material m, double kev);

/** Mass attenuation [cm2/g] from the NIST nodes, linear between nodes; at an absorption edge the
 * value below it; NaN outside 1..300 keV. For michalski2020 only. */
double attenuation_mass_nist(enum attenuation_material m, double kev);

/** Nominal density [g/cm3] of the ICRU-44 tissues, air and water; NaN for the compounds. */
double attenuation_density(enum attenuation_material m);

/** (mu/rho)_m / (mu/rho)_water, dense table. */
double attenuation_ratio(enum attenuation_material m, double kev);

/** HU of material `m` alone at `density` [g/cm3]. */
double attenuation_hu(enum attenuation_material m, double density, double kev);

/**
 * The energy [keV] at which attenuation_ratio(m) equals `ratio`, by bisection of the dense table to
 * 1e-9 keV. Only for materials whose ratio falls strictly with energy: K2HPO4 and CHA.
 * @return ST_DOMAIN when `ratio` is outside the values between 30 and 160 keV, or another material
 */
status attenuation_energy(double *kev, enum attenuation_material m, double ratio);

#ifdef __cplusplus
}
#endif
#endif
