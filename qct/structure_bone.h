/* What the sections of hip structure are cut from: surfaces, and the mineral in two parts. Private
 * to this folder.
 *
 * Slices of 3 mm hold less than a slanting section of a bone asks for: a cortex that lies along the
 * section's plane is carried by one slice or by two, and between slices interpolation makes 8 %
 * more or less second moment of it (period: slice distance / cosine between slice axis and
 * section normal). What a model of the bone explains need not be interpolated. The shell gives one,
 *
 *   model = cortical density x (bone - marrow space) + marrow density x marrow space,
 *
 * sharp, from surfaces, known in any plane; blurred as the scan is (surface coverage has the
 * voxels' box, a Gaussian the rest) it is what voxels would hold of it. Their `rest`, mineral minus
 * blurred model, is small, and only it is interpolated: section = sharp model + rest. Where the
 * model is wrong the rest brings back mass and centroid. Blur adds to the second moments of the
 * rest alone.
 */
#ifndef QCT_QCT_STRUCTURE_BONE_H
#define QCT_QCT_STRUCTURE_BONE_H

#include "core/filter_cubic.h"
#include "core/frame.h"
#include "qct/shell.h"
#include "qct/structure.h"

struct structure_bone {
  const struct volume *image; /* borrowed, around the bone */
  const struct hip_frame *frame;
  struct surface outer, inner; /* vertices owned; inner.vertices NULL: none (no density) */
  struct surface *label;       /* owned: what outer is when there is no density; else NULL */
  struct volume *marrow; /* owned: share of marrow space by voxels, instead of inner; or NULL */
  double cortical_mgcc;  /* of the model */
  struct volume *level;  /* owned: density of the model's marrow space; NULL: no density */
  struct cubic *rest;    /* owned: mineral that the model leaves over, on level's grid; or NULL */
  double sigma_mm, slice_sigma_mm, slice_mm; /* blur of the mineral */
  struct vec3 slice_axis;
};

/** Fill from a shell of q->image; q gets `resolved` and `guessed`. @return ST_MEMORY, and what the
 * parting of voxels fails with */
status structure_bone_of_shell(struct structure_bone *b, const struct qct_shell *s,
                               struct qct_structure *q, const struct labels *labels, int label);
/** Outline alone, from a label. */
status structure_bone_of_label(struct structure_bone *b, const struct labels *labels, int label);
void structure_bone_free(struct structure_bone *b);

/** Variance and covariance that blur adds to rest in a plane: up up, front front, up front. */
void structure_bone_variance(double out[3], const struct structure_bone *b, struct vec3 up,
                             struct vec3 front);

#endif
