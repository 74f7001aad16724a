/* Radiograph-like images from a CT: sums along straight rays (digitally reconstructed radiographs).
 *
 * Steps: choose the axes of the view (patient axes, or the axes of a hip frame, so that the neck
 * lies in the picture's plane); box of the label plus a margin, or of the whole volume; turn each
 * voxel into what is summed; one ray a pixel through the box, parallel or from a point source.
 *
 *   line integral  P = sum mu dl, mu = mu_water max(0, 1 + HU/1000)      no unit
 *   transmission   exp(-P)                                               0..1
 *   mean, max      of the voxels on the ray, weighted by length          HU or mg/cm3
 *   areal density  sum of density [mg/cm3] x dl [cm] / 1000              g/cm2
 *
 * World is LPS mm. Pictures: frontal is seen from the front (patient's right at the left), lateral
 * from the patient's right (front at the left), axial from the feet; up is the head, in axial the
 * front. No data counts as air in the first two and the last, and is left out of mean and max. Each
 * ray is summed by one thread in the order of its path, so results do not depend on the thread
 * count.
 *
 * Not modelled: scatter, beam hardening (one energy), detector blur, noise.
 */
#ifndef QCT_ML_DRR_H
#define QCT_ML_DRR_H

#include "core/frame.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum ml_drr_view { ML_DRR_FRONTAL, ML_DRR_LATERAL, ML_DRR_AXIAL };
enum ml_drr_value { ML_DRR_LINE, ML_DRR_TRANSMISSION, ML_DRR_MEAN, ML_DRR_MAX, ML_DRR_AREAL };
enum ml_drr_beam { ML_DRR_PARALLEL, ML_DRR_CONE };
/* Exact lengths in voxels of constant value (siddon1985), or steps of half the smallest spacing
 * with trilinear values (border values repeated in the outer half voxel). */
enum ml_drr_path { ML_DRR_EXACT, ML_DRR_TRILINEAR };
enum ml_drr_mirror { ML_DRR_MIRROR_LEFT, ML_DRR_MIRROR_NO, ML_DRR_MIRROR_YES };

/* Names of the values above in their order, NULL-terminated, for command lines. */
extern const char *const ml_drr_view_names[],
    *const ml_drr_value_names[], *const ml_drr_beam_names[], *const ml_drr_path_names[],
                                                                 *const ml_drr_mirror_names[];

struct ml_drr_options {
  int view, value, beam, path; /* enums above */
  double pixel_mm;             /* edge of a pixel, on the detector */
  double mu_water_per_mm;      /* attenuation of water at the effective energy */
  double source_detector_mm;   /* cone: source to detector */
  double object_detector_mm;   /* cone: middle of the box to detector; NaN: the detector touches the
                                  box */
  double margin_mm;            /* around the box of the label */
  int label;                   /* value of the bone in `labels`; 0: the whole volume */
  bool only_mask;              /* leave out every voxel that does not carry `label` */
  int mirror;                  /* MIRROR_LEFT: when `side` is left, so that all hips look right */
  enum side side;              /* of the hip; UNKNOWN: of the frame, if given */
};
/* mu_water 0.02 /mm is water at 64 keV: xcom2010; source to detector 1000..1800 mm. */
#define ML_DRR_DEFAULTS                                                                            \
  {                                                                                                \
    .pixel_mm = 1, .mu_water_per_mm = 0.02, .source_detector_mm = 1000, .object_detector_mm = NAN, \
    .margin_mm = 20                                                                                \
  }

struct ml_drr {
  struct volume *image; /* owned; nz = 1; lies where the detector is, its third axis along the
                           rays; NaN: no voxel on the ray (mean, max) */
  char unit[16];        /* "", "HU", "mg/cm3" or "g/cm2" */
  bool mirrored;        /* the picture's x axis was turned round */
  double rotation_deg;  /* by which the frame turned the view about its ray-free axis; 0
                           without a frame */
  double magnification; /* of the middle of the box; 1 for parallel rays */
  int64_t label_voxels; /* -1 without a label */
  double box_mm[3];     /* extent of the box along picture x, picture y and the rays */
};

/**
 * Project.
 * @param labels  on the grid of the volume; NULL when options->label is 0
 * @param frame   NULL: patient axes
 * @return ST_DOMAIN: areal density of something not a density, line integral or transmission of
 * something not HU; the label does not occur; --only-mask without label; a grid that differs; more
 * than 8192 pixels a side; the source inside the box
 */
status ml_drr_project(struct ml_drr *out, const struct volume *v, const struct labels *labels,
                      const struct hip_frame *frame, const struct ml_drr_options *options);
void ml_drr_free(struct ml_drr *d);

/** What was done, for the side file: keys named after DICOM's radiograph attributes where there is
 * one (ViewPosition, ImagerPixelSpacing, DistanceSourceToDetector, ImageLaterality). Owned by the
 * caller; NULL when out of memory. */
cJSON *ml_drr_describe(const struct ml_drr *d, const struct ml_drr_options *options);

#ifdef __cplusplus
}
#endif
#endif
