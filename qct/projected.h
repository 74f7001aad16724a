/* Areal density of the proximal femur, projected from CT along the front of the hip frame.
 *
 * Neck and shaft axis lie in the plane of the picture, so the neck is not seen turned and a rigid
 * motion of the patient changes nothing. Only what belongs to the femur is projected: the mineral
 * of the fitted shell (qct/shell.h), with what blur carried out of it; acetabulum and soft tissue
 * are not there. Each voxel's mineral is spread over the pixels it covers, so that mass is kept.
 *
 *   image   g/cm2 of the calibration's material, pixels of 1 mm
 *   area    of the outer surface's silhouette, in pixels of 0.25 mm whose centre it covers
 *   bmc     sum of the mineral of a region; abmd = bmc / area
 * Regions: hip_frame_projected_region (core/frame.h): neck (15 mm of the neck about the neck
 * point), trochanter, intertrochanter, total (these three).
 *
 * This is a projection of K2HPO4 or HA, not DXA: rows say so unless a correction is given by the
 * user. T-scores need a named reference.
 * Source: cann2014 (the idea and its agreement with DXA); looker1998, iscd2023 by qct/t_score.h
 */
#ifndef QCT_QCT_PROJECTED_H
#define QCT_QCT_PROJECTED_H

#include "core/calibration.h"
#include "core/frame.h"
#include "core/picture.h"
#include "core/record.h"
#include "qct/shell.h"
#include "qct/t_score.h"

#ifdef __cplusplus
extern "C" {
#endif

struct projected_amount {
  double bmc_g, area_cm2, abmd; /* g/cm2; NaN when the area is 0 */
  double volume_cm3;            /* of bone, whose mean density the interval is taken at */
};

struct qct_projected {
  /* the image: pixel (i, j) has its centre at x0 + i mm along the frame's x, z0 + j mm along z */
  int nx, nz;
  double x0, z0;
  float *abmd;    /* owned, [nz][nx], g/cm2 */
  float *covered; /* owned, share of the pixel inside the silhouette, 0..1 */
  struct projected_amount regions[HIP_SHAFT + 1]; /* by enum hip_region */
  struct projected_amount total;
  double slice_mm, spacing[3];
  enum material material;
  /* along the shaft below the head centre: where the bone ends, the frame's origin, the deepest
   * part of the neck box, the end of the total */
  double distal_mm, origin_mm, neck_mm, end_mm;
};

/**
 * @param density QUANTITY_DENSITY
 * @param labels  on its grid; `label` is the periosteal mask of one femur
 * @param shell   qct_shell_make of the same density and label; NULL: fitted here
 * @return ST_DOMAIN: no density, grids differ, label absent, frame without axes or side, metal in
 *         the frame; ST_MEMORY
 */
status qct_projected_make(struct qct_projected **out, const struct volume *density,
                          const struct labels *labels, int label, const struct hip_frame *frame,
                          const struct qct_shell *shell);
void qct_projected_destroy(struct qct_projected *p);

/**
 * Rows "projected_<region>_<side>": area_projected [cm2], bmc_projected [g], abmd [g/cm2]; with a
 * reference t_score and who_class (0 normal, 1 osteopenia, 2 osteoporosis; in words in the flags)
 * of neck and total. Regions that the end of the bone cuts are withheld.
 * 95 % intervals: of an area, what those of digital people were off (qct/hip_interval.h); of
 * content and abmd joined with the calibration's; a T-score's is that of its abmd.
 * @param calibration  for intervals of content and abmd; NULL: none of those
 * @param reference    NULL: no T-score
 * @param correction   NULL: none, and the rows say "uncorrected <material> projection"
 */
status qct_projected_rows(struct record *r, const struct qct_projected *p,
                          const struct hip_frame *frame, const struct calibration *calibration,
                          const struct t_reference *reference,
                          const struct abmd_correction *correction);

/** Why a region (HIP_NECK, HIP_TROCHANTER, HIP_INTERTROCHANTER; 0: total) is withheld; "" when it
 * is not: the end of the bone or of the scan cuts it. */
void qct_projected_reason(char out[160], const struct qct_projected *p, int region);

/** The projection with the outlines of its regions and their values; withheld ones say so. */
status qct_projected_picture(struct picture **out, const struct qct_projected *p,
                             const struct hip_frame *frame);

#ifdef __cplusplus
}
#endif
#endif
