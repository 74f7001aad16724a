/* Painting a scene onto a grid with exact partial volume.
 *
 * A scene answers for any world point: HU, label, and how far the nearest interface is at least,
 * hard ones (bone, air, metal) and soft ones (fat against muscle) apart. The painter goes over
 * blocks of 8x8x8 voxels on several threads and halves them down to voxels; at each block the scene
 * may drop parts that cannot reach it. Then:
 *   block centre farther from every interface than the half diagonal, and uniform: fill the block
 *   voxel centre farther than the outermost point the voxel would be sampled at: one value (a
 *   texture is averaged over cells below 0.85 mm)
 *   else: split into 8 until the cell's points are clear, could change the voxel by less than
 *   `tolerance_hu`, or `depth` is reached; then midpoint
 * The result does not depend on the number of threads. A voxel is the box spacing x spacing x slice
 * thickness: overlapping and gapped slices come out right.
 */
#ifndef QCT_PHANTOM_PAINT_H
#define QCT_PHANTOM_PAINT_H

#include "core/volume.h"

struct paint_sample {
  double hu;
  double hard, soft; /* lower bounds of the distance to the nearest interface of each kind [mm] */
  uint16_t label;
  bool textured; /* hu varies within this tissue */
};

/* Parts of a scene that must be looked at; the meaning of bits is the scene's. */
typedef uint64_t paint_parts;

struct scene {
  const void *model;
  void (*sample)(const void *model, paint_parts parts, struct vec3 world, struct paint_sample *out);
  /** Those of the parts `among` that can matter within `radius_mm` of `centre`. */
  paint_parts (*parts)(const void *model, paint_parts among, struct vec3 centre, double radius_mm);
};

struct paint_options {
  int depth;           /* 0..5 splits of a voxel's cell */
  double tolerance_hu; /* > 0 */
  double thickness_mm; /* slice thickness; NaN or 0: the slice spacing */
  int coverage_label;  /* label whose coverage 0..1 is wanted in `coverage`, 0 none */
};
#define PAINT_DEFAULTS                                                                             \
  { .depth = 2, .tolerance_hu = 24, .thickness_mm = 0 }

struct painted {
  struct volume *hu;       /* owned; QUANTITY_HU, no noise, no blur */
  struct labels *labels;   /* owned; label at the voxel's centre, no names */
  struct volume *coverage; /* owned or NULL; volume fraction of coverage_label */
  double bound_hu;         /* largest possible error of a voxel from cells that may be cut */
  double bound_mean_hu;    /* its mean over all voxels */
};

/** Contrast assumed for an undecided leaf in the bound [HU]. */
enum { PAINT_HARD_HU = 1600, PAINT_SOFT_HU = 160 };

status paint_scene(struct painted *out, const struct scene *scene, const struct geometry *grid,
                   const struct paint_options *options);
void painted_free(struct painted *p);

static inline void paint_near(double *clear, double distance) {
  double d = distance < 0 ? -distance : distance;
  if (d < *clear) *clear = d;
}

#endif
