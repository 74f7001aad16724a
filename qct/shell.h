/* The cortex of a femur as a sub-voxel shell, and how much density every voxel gives to the bone.
 *
 *   1. surface of the mask, smoothed; along each normal a density profile (core/profile.h)
 *   2. where the cortex is thicker than 3 mm its plateau gives the density of cortical bone y1, and
 *      its outer edge the blur of the scan (median over the surface); slices add their thickness
 *      and the spline through them (core/profile.h)
 *   3. every profile is fitted with that y1 and blur: outer edge, thickness, density outside and
 *      behind; what cannot be fitted takes its neighbours' values. Then the
 *      thickness again, with outer edge and density behind given: a line in depth through the
 *      voxels that blur of the cortex and its tails do not reach (qct/shell_rim.h)
 *   4. outer and inner surface give each voxel its share of bone and of marrow space
 *   5. mass: a voxel at the surface holds density - (1 - share) * outside, also just outside the
 *      bone, where blur has carried mass; so the blur of the scan takes no mass away. Marrow space
 *      near the cortex takes the density of that line; what is left is cortex.
 *
 * `outside` is the soft tissue that blur mixes into the edge: the mean of the voxels 0.25 mm
 * and 2.5 to 3.5 SD of the blur from the edge, each without what the fit says the bone adds there;
 * farther out it may be another tissue. What then seems to lie before it, as a capsule before fat,
 * stands apart (`layer`, `layer_mass`) for those who know that there is one. Where the next bone
 * rises within that reach voxels hold what blur brought from both: there it is that of the fit,
 * which knows both edges (core/profile.h), and what this bone lost outward is the model's, what
 * soft tissue brought inward is taken off.
 *
 * Wide plateaus may be dense trabecular bone: a head without its shaft on 3 mm voxels had 2806 of
 * 282 mg/cm3 while 2 % of its profiles peaked above 640 (three other hips 1.10 to 1.15 times their
 * plateau, digital ones 1.02). Above 1.5 times they are not taken for cortex.
 *
 * A bone without 50 profiles of thick cortex is read where it is 2.4 mm thick and more and blur
 * still leaves it 95 % of its contrast: y1 and blur are those of the slab whose profile reads as
 * the median of those places does. Without 50 of them y1 and blur are guessed from the peaks and
 * the voxel size, and `calibrated` is 0. Source: treece2010 (model with given cortical density)
 */
#ifndef QCT_QCT_SHELL_H
#define QCT_QCT_SHELL_H

#include "core/surface.h"

#ifdef __cplusplus
extern "C" {
#endif

struct qct_shell {
  struct surface *surface; /* owned: the smoothed surface of the mask, with normals */
  float *outer_mm;       /* owned, per vertex: outer edge inward of the surface (may be negative) */
  float *thickness_mm;   /* owned, of the cortex */
  float *outside;        /* owned, soft tissue at the edge [mg/cm3] */
  float *layer;          /* owned, how much denser soft tissue seems to be at the bone than
                            `outside`, 0 or more [mg/cm3] */
  float *behind;         /* owned, density behind the cortex, at it [mg/cm3] */
  float *rms;            /* owned, residual of the fit [mg/cm3]; NaN where it was filled in */
  float *spill_mm;       /* owned, how far outside the bone blur has carried its mass */
  unsigned char *joined; /* owned, 1: another bone is so near that blur mixes the two outside; the
                            mass there is the model's */
  double cortical_mgcc;  /* y1 */
  double cortical_sd; /* of y1 over the cortex read, robust (1.4826 MAD); NaN when not calibrated */
  double sigma_mm;    /* blur of the voxels in the plane of the slices, standard deviation */
  double slice_sigma_mm;  /* along their axis, beside the box of their thickness; 0 when unknown */
  double slice_mm;        /* distance of the slices */
  struct vec3 slice_axis; /* unit */
  double resolved;        /* share of vertices fitted */
  int calibrated;         /* y1 and sigma come from cortex of this bone, 3 or 2.4 mm */
  /* per voxel of `grid`, a part of the density's grid around the bone */
  struct geometry grid;
  int64_t first[3];           /* where that part begins in the density's grid */
  struct volume *bone;        /* owned: share inside the outer surface */
  struct volume *marrow;      /* owned: share inside the inner surface */
  struct volume *mass;        /* owned: density times share, of the bone [mg/cm3]; NaN no data */
  struct volume *marrow_mass; /* owned: the same of the marrow space */
  struct volume *layer_mass;  /* owned: of `mass`, what is not bone if that layer is there */
  struct volume *depth;       /* owned: distance below the inner surface [mm], negative outside it;
                                 large far inside */
};

/**
 * @param[in] density  QUANTITY_DENSITY
 * @param[in] labels   on its grid; `label` is a periosteal mask
 * @return ST_DOMAIN when the label is absent or no profile shows an edge; ST_MEMORY
 */
status qct_shell_make(struct qct_shell **out, const struct volume *density,
                      const struct labels *labels, int label);
void qct_shell_destroy(struct qct_shell *s);

/** Blur across the surface at a vertex, SD [mm]: of the plane's blur what lies along the normal,
 * and the box of the slice thickness. */
double qct_shell_sigma(const struct qct_shell *s, int64_t vertex);
/** How far blur carries an edge across the surface at a vertex [mm]: half the box of the slice
 * thickness, which ends there, and `sd` standard deviations of the rest, which does not. */
double qct_shell_reach(const struct qct_shell *s, int64_t vertex, double sd);

#ifdef __cplusplus
}
#endif
#endif
