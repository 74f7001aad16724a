/* The image and the region on the analysis grid.
 *
 *   volume, labels --rad_stage_create--> stage (image on the target grid, in double)
 *   stage, label   --rad_roi_create-->   roi (masks, intensities, grey levels, 1-voxel border)
 *
 * The target grid is aligned with the centre of the image (IBSI 3WE3) or, in the pyradiomics
 * convention, with its corner. Interpolation is separable: exact cubic B-spline (Source:
 * unser1993), linear or nearest; beyond the outermost voxel centres the edge voxel is repeated. A
 * mask voxel belongs to the region when its interpolated share reaches the threshold within 1e-6.
 * Arrays are [nz][ny][nx]; no data is NaN.
 */
#ifndef QCT_RADIOMICS_IMAGE_H
#define QCT_RADIOMICS_IMAGE_H

#include "core/volume.h"
#include "radiomics/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One axis of the target grid in source index units: source = first + step*target. */
struct rad_axis {
  int64_t source, target; /* points */
  double first, step;
};

struct rad_stage {
  struct geometry source; /* of the volume */
  struct geometry grid;   /* of the whole target grid */
  struct rad_axis axes[3];
  double *x;        /* owned, [nz][ny][nx] of grid */
  const char *unit; /* of the intensities: "HU", "mg/cm3", "" */
};

/* Size and intensities after a step, for the record. */
struct rad_diagnostic {
  int64_t size[3];   /* of the grid */
  double spacing[3]; /* mm */
  int64_t box[3];    /* of the mask, 0 for an image */
  int64_t morph_box[3];
  int64_t voxels, morph_voxels; /* of the masks */
  double mean, low, high;       /* of the image or within the intensity mask */
};
enum rad_step {
  RAD_STEP_IMAGE,           /* as read, rounded */
  RAD_STEP_GRID,            /* interpolated image */
  RAD_STEP_ROI,             /* mask on the image as read */
  RAD_STEP_ROI_GRID,        /* mask on the target grid */
  RAD_STEP_ROI_RESEGMENTED, /* after range and outlier filter */
  RAD_STEP_COUNT
};
struct rad_diagnostics {
  struct rad_diagnostic steps[RAD_STEP_COUNT];
  double bin_low, bin_width_used; /* first edge and width of the grey levels */
  int levels;
};

struct rad_roi {
  int64_t n[3];        /* with a border of one voxel on every side */
  int64_t lo[3];       /* index in the stage of voxel (1,1,1) */
  double spacing[3];   /* mm */
  const double *image; /* borrowed: the whole image on the grid (response map when filtered) */
  int64_t image_n[3];
  double *x;            /* owned; NaN outside the grid */
  unsigned char *morph; /* owned; morphological mask */
  unsigned char *mask;  /* owned; intensity mask */
  uint16_t *level;      /* owned; grey level 1.. inside the intensity mask, else 0 */
  int levels;           /* N_g of the method: bins asked (FBN) or highest bin (FBS) */
  int top_level;        /* highest level that occurs */
  int64_t voxels, morph_voxels;
  double low, high;          /* intensity mask */
  double bin_low, bin_width; /* first edge, width (NaN: levels as is) */
  double range[2];           /* of re-segmentation; NaN when there was none */
};

status rad_stage_create(struct rad_stage **out, const struct volume *image,
                        const struct rad_settings *s, struct rad_diagnostics *d);
void rad_stage_destroy(struct rad_stage *stage);

/**
 * Region of one label on the stage's grid with masks, re-segmented on the stage's image.
 *
 * @param[in] response intensities to analyse on the same grid (filtered image), NULL: the stage's
 * @return ST_DOMAIN when the mask is empty (before or after interpolation or re-segmentation: the
 *         message says which and with how many voxels), when it holds no-data voxels only, or when
 *         the grids differ
 */
status rad_roi_create(struct rad_roi **out, const struct rad_stage *stage,
                      const struct labels *labels, int label, const double *response,
                      const struct rad_settings *s, struct rad_diagnostics *d);
/** A region straight from arrays (for the digital phantom and maps): copies. */
status rad_roi_from_arrays(struct rad_roi **out, const int64_t n[3], const double spacing[3],
                           const double *image, const unsigned char *mask,
                           const struct rad_settings *s);
void rad_roi_destroy(struct rad_roi *roi);

/** Fill level[], levels, bin_low, bin_width. @return ST_DOMAIN when more than 65535 levels are
 * needed or, as is, an intensity is no whole number >= 1 */
status rad_discretise(struct rad_roi *roi, const struct rad_settings *s);

static inline int64_t rad_at(const struct rad_roi *r, int64_t i, int64_t j, int64_t k) {
  return (k * r->n[1] + j) * r->n[0] + i;
}

/** Intensities of the mask in voxel order; owned by the caller, roi->voxels of them. */
status rad_roi_values(double **out, const struct rad_roi *roi);

#ifdef __cplusplus
}
#endif
#endif
