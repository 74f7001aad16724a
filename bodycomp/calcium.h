/* Calcium scores: Agatston, volume and mass, of the voxels of a region in a non-contrast CT.
 *
 * Reference rule set "agatston-120": in each slice (index axis k, the acquisition's z) the
 * connected components of voxels >= 130 HU inside the region; a component of less than 1 mm2 is
 * dropped; its weight (1 to 4) follows its peak HU in that slice (130, 200, 300, 400); score = sum
 * of area [mm2] x weight, times slice increment / 3 mm. HU are rounded to integers (half away from
 * zero) before any comparison. Every point in which published programs differ is an option with a
 * name; the method column says which were used.
 *
 * Limits: a region mask must come from elsewhere (coronary, heart, aorta); without a mask there is
 * no score. Scores are comparable at 120 kV only. Mass needs a calibration and has no default.
 */
#ifndef QCT_BODYCOMP_CALCIUM_H
#define QCT_BODYCOMP_CALCIUM_H

#include "core/record.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum calcium_preset {
  CALCIUM_AGATSTON_120, /* 130/200/300/400 HU. Source: agatston1990, mccollough2007 */
  CALCIUM_GRAENI_70,    /* unverified: read in one program only; thresholds are the table's first
                           column */
  CALCIUM_GRAENI_80,
  CALCIUM_GRAENI_100,
  CALCIUM_GRAENI_120,
  CALCIUM_GRAENI_135,
  CALCIUM_PRESETS
};
/** "agatston-120", "graeni-70", ... with a NULL at the end. */
extern const char *const calcium_preset_names[];

struct calcium_rules {
  double steps_hu[4];    /* threshold and the three weight steps [HU], rising */
  double preset_kvp;     /* tube voltage the steps belong to */
  double least_area_mm2; /* 1 */
  int strict_area;       /* 1: a component of exactly least_area is dropped as well */
  int least_pixels;      /* a component of fewer pixels is dropped as well; 0 */
  int connectivity;      /* 4 or 8 in the slice; 1: every pixel alone */
  int slice_scaling;     /* 1: times increment / 3 mm */
  int drop_small_3d; /* 3-D components (26) of at most this many voxels are removed first; 0: none
                      */
  int peak_3d; /* 1: the weight follows the peak of the whole 3-D lesion (unverified variant) */
  double exclude_above_hu; /* voxels above are metal and left out; INFINITY: none */
  double mass_factor;      /* mg/(mm3 HU); NaN: no mass */
  double water_hu;         /* of water on this scanner, the background of a mass; 0 */
  int local_background;    /* 1: mass relative to the median of a 3 mm shell, else to water */
  int volume_only; /* 1: the threshold is none of the standard's (calcium_adaptive_threshold): the
                      score, its bands and the mass are withheld */
};
/** The rules of a preset, everything else at the reference. */
struct calcium_rules calcium_rules_of(enum calcium_preset preset);
/**
 * The steps of the graeni presets, interpolated linearly in the voltage; unverified as they are.
 * @return ST_DOMAIN outside 70..135 kV
 */
status calcium_rules_at(struct calcium_rules *out, double kvp);
/**
 * By pixels, as one program counts: at least trunc(round(1 mm2 / pixel)) of them, 8-connected when
 * that is 2 or more, else every pixel alone. Source: CalciumScoring.jl 9524ce7
 */
void calcium_rules_by_pixels(struct calcium_rules *r, double pixel_mm2);
/** "t130/200/300/400 area>=1 conn8 scaled" for the method column. */
void calcium_rules_text(char out[128], const struct calcium_rules *r);

struct calcium_lesion {
  struct vec3 centre; /* LPS mm, centroid of its voxels */
  int64_t voxels;
  int64_t first_slice, last_slice; /* index k */
  double agatston, volume_mm3, mass_mg, peak_hu, mean_hu;
  double background_hu; /* of the shell, else of water */
};

struct calcium_score {
  double agatston;
  double volume_mm3;
  double mass_mg; /* NaN without a factor */
  double peak_hu; /* NaN without a lesion */
  int64_t lesion_count;
  struct calcium_lesion *lesions; /* owned, by falling Agatston score */
  struct labels *kept;            /* owned; 1.. = lesion number of each counted voxel */
  int64_t region_voxels, metal_voxels;
  int64_t first_slice, last_slice; /* extent of the region */
  int touches_end; /* the region reaches the first or last slice of the scan: a lower bound */
};

/**
 * Score the voxels where region == value (0: any non-zero).
 * @param hu      QUANTITY_HU; no data never counts
 * @param region  same grid
 * @return ST_DOMAIN: not HU, slices not axial, grids differ, empty region ("no mask is not no
 * calcium"), steps not rising, connectivity not 4 or 8; ST_MEMORY
 */
status calcium_score(struct calcium_score *out, const struct volume *hu,
                     const struct labels *region, int value, const struct calcium_rules *rules);
void calcium_score_free(struct calcium_score *s);

/**
 * Volume [mm3] of region voxels at or above `threshold_hu` after linear interpolation to isotropic
 * voxels of the in-plane spacing. The interpolation is ours: the source's abstract does not state
 * it. Lesion area is not looked at.
 * @return ST_DOMAIN: not HU, grids differ
 * Source: callister1998
 */
status calcium_volume_isotropic(double *mm3, const struct volume *hu, const struct labels *region,
                                int value, double threshold_hu);

/* What the scan permits. Bits of calcium_gates. */
enum calcium_gate {
  CALCIUM_CONTRAST = 1 << 0,    /* contrast agent recorded, or blood pool above 100 HU: refuse */
  CALCIUM_KVP_UNKNOWN = 1 << 1, /* refuse */
  CALCIUM_KVP_MISMATCH =
      1 << 2,                 /* the scan's kVp differs by more than 1 from the preset's: refuse */
  CALCIUM_SLICES = 1 << 3,    /* thickness or increment above 3 mm, gaps between slices: flag */
  CALCIUM_NOISE = 1 << 4,     /* blood pool mean + 3 SD above 130 HU: flag */
  CALCIUM_METAL = 1 << 5,     /* above 2000 HU in the region: flag */
  CALCIUM_TRUNCATED = 1 << 6, /* region at the scan's end: flag */
  CALCIUM_SHARP = 1 << 7,     /* kernel of a name known to be sharp: flag */
  CALCIUM_GATING = 1 << 8,    /* not gated by the heartbeat, or not recorded to be: flag */
  CALCIUM_BLOOD_UNSEEN =
      1 << 9, /* nothing is left of the aorta: contrast and noise not seen: flag */
  CALCIUM_CONTRAST_UNKNOWN =
      1 << 10 /* contrast not recorded, and no blood pool to see it in: flag */
};
enum { CALCIUM_REFUSALS = CALCIUM_CONTRAST | CALCIUM_KVP_UNKNOWN | CALCIUM_KVP_MISMATCH };

/**
 * Gates of a scan for a rule set.
 * @param blood        label map with the aorta (LABEL_AORTA), eroded 7 mm for the blood pool, or
 * NULL
 * @param[out] text    the gates in words, "; "-separated
 * @return ST_DOMAIN: another grid, no aorta in `blood`; ST_MEMORY
 */
status calcium_gates(unsigned *gates, char text[512], const struct volume *hu,
                     const struct calcium_rules *rules, const struct labels *blood,
                     const struct calcium_score *score);

/**
 * Threshold for a scan with contrast: median + 3 (median - 15.8th percentile) of the blood pool
 * [HU]. A volume above it is no Agatston score.
 * @param blood  as above
 * @return ST_DOMAIN when no blood pool is left
 * Source: Comp2Comp fa617e2, as cited in the method
 */
status calcium_adaptive_threshold(double *threshold_hu, const struct volume *hu,
                                  const struct labels *blood);

/** Rows agatston_score, calcium_volume [mm3], calcium_mass [mg], lesion_count, risk band and
 * CAC-DRS category (a number in value, the words in flags) with the distance to the nearest band
 * edge. Withheld with the reason when `gates` refuses and !force. */
status calcium_record(struct record *r, const char *region, const struct calcium_score *s,
                      const struct calcium_rules *rules, unsigned gates, const char *gate_text,
                      int force);

/**
 * Mass factor c [mg/(mm3 HU)] from an insert of known density: density / (HU of the insert - HU of
 * water).
 * @param density_mgcc  mg/cm3 HA
 * @return ST_DOMAIN when the insert is not above water
 * Source: mccollough2007
 */
status calcium_mass_factor(double *c, double density_mgcc, double insert_hu, double water_hu);

/**
 * Integrated mass [mg] of an object in a region, without a threshold: N = (I - n S_b)/(S_o - S_b),
 * mass = N v rho.
 * @param object_hu, density_mgcc  HU and density of pure object (a known insert); @param
 * background_hu HU beside it Source: dale2023
 */
status calcium_mass_integrated(double *mass_mg, const struct volume *hu,
                               const struct labels *region, int value, double object_hu,
                               double background_hu, double density_mgcc);

/**
 * The region under every published departure from the reference rules: rows
 * agatston_score_variant, calcium_volume_isotropic and, with a mass factor (not NaN),
 * calcium_mass_variant above 100 mg/cm3; the method column names each.
 */
status calcium_variants_record(struct record *r, const char *name, const struct volume *hu,
                               const struct labels *region, int value, double mass_factor,
                               double water_hu);

#ifdef __cplusplus
}
#endif
#endif
