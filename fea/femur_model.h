/* The voxel model of a proximal femur in a pose: grid, density, modulus, caps and the distal end.
 * Inner contract of the femur recipes (fall, stance). Pose axes are those of fea/fall.h.
 */
#ifndef QCT_FEA_FEMUR_MODEL_H
#define QCT_FEA_FEMUR_MODEL_H

#include "core/frame.h"
#include "fea/fall.h"
#include "fea/material.h"
#include "fea/model.h"
#include "fea/tet_domain.h"

#ifdef __cplusplus
extern "C" {
#endif

struct femur_pose {
  struct vec3 head;    /* LPS mm, a lattice point of the grid */
  struct vec3 axis[3]; /* LPS unit vectors of the model's x, y, z */
  struct vec3 shaft;   /* LPS unit vector, proximal */
  double distal_mm;    /* cut this far below the head centre along the shaft */
};

struct femur_model_options {
  double size_mm, poisson, least_mpa;
  int outline;               /* enum fea_outline */
  int mapping;               /* of a smooth outline: FEA_MAP_V2 or FEA_MAP_V3 (fea/map.h) */
  double smooth_mm, grow_mm; /* of a smooth outline (tet_domain_create) */
  int law, conversion;
  const struct fea_law *user_law; /* borrowed; NULL: the law of the table */
  int bins;                       /* 0: every density its own modulus */
  double shift_mgcc[2]; /* density + shift: interpolated from [0] at 0 to [1] at 1000 mg/cm3 */
};

struct femur_model {
  struct fea_model *model; /* not finished: caps, supports and loads are to be added */
  struct femur_pose pose;
  struct tet_domain *domain; /* owned; the smooth outline, NULL with voxels */
  float *share;              /* owned; of bone in each element, NULL with voxels */
  struct fea_density_map map;
  int64_t bone_voxels, floor_voxels; /* elements of bone; those at the floor of the modulus */
  double mean_modulus_mpa;
};

/** Pose of the fall: shaft tilted against z, neck in the y-z plane turned by rotation. */
struct femur_pose femur_pose_fall(const struct hip_frame *frame, double tilt_deg,
                                  double rotation_deg, double distal_mm);

/** How far below the head centre the bone may be cut, 5 mm short of its end. */
double femur_distal_limit_mm(const struct hip_frame *frame);

/** @return ST_DOMAIN when the label is absent, the density touches no data, the material does not
 * fit the law, or nearly all bone is at the floor (not a bone density) */
status femur_model_create(struct femur_model **out, const struct volume *density,
                          const struct labels *labels, int label, const struct femur_pose *pose,
                          double margin_mm, const struct femur_model_options *options);
void femur_model_destroy(struct femur_model *f);

/** A stiff block below the distal cut, thick_mm deep and as wide as the bone there, held on a line
 * of nodes along model axis x through its middle: the distal end may only turn about x.
 * @return ST_DOMAIN when there is no bone at the cut or no room below it */
status femur_model_hinge(struct femur_model *f, double thick_mm, double modulus_mpa);

/** Prescribe `value` along `axis` on all nodes within one element of the distal cut. */
status femur_model_fix_distal(struct femur_model *f, int axis, double value_mm);

#ifdef __cplusplus
}
#endif
#endif
