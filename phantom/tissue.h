/* From tissue to HU, and what a perfect calibration reads.
 *
 *   HU = 1000 (sum_i rho_i (mu/rho)_i(E) / mu_water(E) - 1)          E: effective energy [keV]
 *   bone voxel: HU = HU_marrow + bvf (HU_bone - HU_marrow)           bvf: bone volume fraction
 *
 * Bone tissue holds 1200 mg/cm3 of hydroxyapatite (3.156 g/cm3); the rest is soft matrix of 1.10
 * g/cm3 with the attenuation of muscle. Marrow is a share `yellow` of adipose and muscle. Because
 * marrow fat hides mineral, three densities are kept apart [mg/cm3]:
 *   mineral    hydroxyapatite really there, 1200 bvf
 *   k2hpo4_eq  (HU + 0.4)/(R_K - 0.2174): a perfect scanner with a perfect Mindways calibration
 *   ha_eq      HU/(R_HA - 1/3.156):       the same with a hydroxyapatite phantom
 * with R = (mu/rho of the material)/(mu/rho of water). In the mode `equivalent` bone is painted
 * marrow-free so that k2hpo4_eq (or ha_eq) equals the planted 1200 bvf exactly, at any energy.
 *
 * Rods: K2HPO4, HU = w - 1000 + k R_K; HA, HU = rho (R_HA - 1/3.156).
 * Source: xcom2010 (attenuation), mindways2011 (0.2174, 999.6), icru44 (tissues). The share of
 * apatite, the matrix density and the adipose density 0.925 g/cm3 (real scans read about -100 HU
 * where ICRU's 0.95 g/cm3 gives -76) are choices of this toolkit and are written to truth.json.
 */
#ifndef QCT_PHANTOM_TISSUE_H
#define QCT_PHANTOM_TISSUE_H

#include "core/phantom_registry.h"
#include "core/volume.h"

enum tissue {
  TISSUE_AIR,
  TISSUE_FAT,
  TISSUE_MUSCLE,
  TISSUE_SKIN,
  TISSUE_CARTILAGE,
  TISSUE_BLOOD,
  TISSUE_WATER,
  TISSUE_MARROW,
  TISSUE_BONE, /* bone tissue without marrow */
  TISSUE_TABLE_SHELL,
  TISSUE_TABLE_FOAM,
  TISSUE_PLATE, /* body of a calibration phantom */
  TISSUE_METAL,
  TISSUE_COUNT
};
/** "air", "fat", ...; never NULL. */
const char *tissue_name(enum tissue t);

enum bone_mode { BONE_REAL, BONE_EQUIVALENT_K2HPO4, BONE_EQUIVALENT_HA };

extern const double tissue_mineral_mg_cm3; /* hydroxyapatite in bone tissue */

struct tissue_table {
  double kev;
  double hu[TISSUE_COUNT];
  enum bone_mode mode;
  double k2hpo4_slope, k2hpo4_intercept; /* the ideal calibrations [mg/cm3 per HU], [mg/cm3] */
  double ha_slope;
};

/**
 * @param kev         30..160
 * @param fat_density adipose [g/cm3]
 * @param yellow      share of fat in marrow, 0..1
 * @return ST_DOMAIN when kev is outside the attenuation table
 */
status tissue_table_init(struct tissue_table *t, double kev, double fat_density, double yellow,
                         enum bone_mode mode);
/** HU of bone with this bone volume fraction. */
double tissue_bone_hu(const struct tissue_table *t, double bvf);
double tissue_k2hpo4(const struct tissue_table *t, double hu);
double tissue_ha(const struct tissue_table *t, double hu);
/** HU of a certified rod at the table's energy. */
double tissue_rod_hu(const struct tissue_table *t, const struct phantom_entry *e, int rod);

#endif
