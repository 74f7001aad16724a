/* What a radiomics analysis does, step by step, in the order of the IBSI chain:
 *   round -> interpolate -> round -> (filter) -> re-segment -> discretise -> features.
 * Filled from options or a parameter file; rad_settings_init gives the defaults. All enums and
 * numbers below are written into the JSON output. Source: ibsi_manual, chapter 2
 */
#ifndef QCT_RADIOMICS_SETTINGS_H
#define QCT_RADIOMICS_SETTINGS_H

#include "radiomics/features.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rad_convention {
  RAD_IBSI,       /* the reference manual */
  RAD_PYRADIOMICS /* that package's grid, bin edges, mesh, kurtosis and logarithm guard */
};
enum rad_interpolation { RAD_NEAREST, RAD_LINEAR, RAD_CUBIC };
enum rad_discretisation {
  RAD_AS_IS, /* voxels hold whole grey levels 1..65535 (histogram: whole intensities) */
  RAD_FBN,   /* fixed bin number */
  RAD_FBS    /* fixed bin size */
};
enum rad_range_mode { RAD_RANGE_ABSOLUTE, RAD_RANGE_RELATIVE, RAD_RANGE_SIGMA };

/* Bits of rad_settings.families and .aggregations: 1u << value of the enum. */
enum { RAD_ALL = 0xffff };
enum { RAD_MAX_DISTANCES = 8 };

struct rad_settings {
  enum rad_convention convention;
  unsigned families;     /* default: the eleven of the standard */
  unsigned aggregations; /* default: 3D merged */
  bool by_slice;         /* 2D processing: interpolate and filter in x and y only */

  double spacing_mm[3];                       /* 0: keep; z is ignored when by_slice */
  enum rad_interpolation image_interpolation; /* default linear */
  enum rad_interpolation mask_interpolation;  /* default linear; nearest in pyradiomics */
  double mask_threshold;                      /* share of a voxel, 0..1, default 0.5 */
  bool round_intensity; /* to whole numbers before and after interpolation: CT in HU */
  bool round_after;     /* after interpolation only (the input is not touched) */

  bool has_range;                 /* re-segmentation */
  double range[2];                /* closed; one bound may be infinite */
  enum rad_range_mode range_mode; /* relative: share of the ROI maximum; sigma: SD about the mean */
  double outlier_sd;              /* 0: none; IBSI uses 3 */

  enum rad_discretisation discretisation;
  double bin_width;            /* image unit, > 0 */
  int bin_count;               /* 2..65535 */
  enum rad_discretisation ivh; /* RAD_AS_IS: whole intensities, step 1 */
  double ivh_bin_width;
  int ivh_bin_count;

  int distances[RAD_MAX_DISTANCES]; /* GLCM, NGTDM (first), NGLDM (first); Chebyshev, default 1 */
  int distance_count;
  int dependence_alpha;  /* NGLDM, default 0 */
  bool asymmetric_glcm;  /* off: symmetric */
  bool skip_spatial;     /* leave out Moran's I and Geary's C */
  bool skip_global_peak; /* leave out the global intensity peak */

  /* pyradiomics only */
  bool merge_directions;     /* weightingNorm: no_weighting */
  double voxel_shift;        /* voxelArrayShift: energy, total energy, RMS */
  bool normalise;            /* whole image to mean 0, SD normalise_scale */
  double normalise_scale;    /* default 1 */
  double normalise_outliers; /* removeOutliers: clip beyond this many SD; 0: none */
  bool force_flat;           /* force2D */
  int minimum_voxels;        /* minimumROISize; 0: none */
  int minimum_dimensions;    /* minimumROIDimensions 1..3 */
};

/** Defaults of a convention: ibsi: linear 3D, FBS 25, no resampling; pyradiomics: cubic image,
 * nearest mask, FBS 25, averaged directions. */
void rad_settings_init(struct rad_settings *s, enum rad_convention convention);
/** @return ST_USAGE naming the first setting out of range */
status rad_settings_check(const struct rad_settings *s);
/** "fbs_w25", "fbn_n32", "as_is"; buffer of 32. */
void rad_settings_discretisation_tag(char out[32], const struct rad_settings *s);

#ifdef __cplusplus
}
#endif
#endif
