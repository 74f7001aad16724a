/* Femur-like bodies in great number, cheap to make: what a learning machine needs to show that its
 * loop works, with a truth known exactly. They prove the loop, not clinical value.
 *
 * A body is a sphere (head), a capsule (neck) and a capsule (shaft) joined; a shell of cortex_mm at
 * 900 mg/cm3 around a core of vbmd, drawn in 20..200 mg/cm3; sizes vary by 8 %, the pose by up to
 * 10 degrees about each axis and 4 mm. Around it tissue of 40 HU in a round thigh, air outside. HU
 * = 40 + 1.2 x density in bone (a definition of this phantom). Partial volume by 2 x 2 x 2 samples,
 * white noise of 20 HU.
 */
#ifndef QCT_PHANTOM_FEMURS_H
#define QCT_PHANTOM_FEMURS_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct femur_body {
  double vbmd_mgcc;   /* of the core */
  double cortex_mm;   /* 1.5..3 */
  double scale;       /* of all lengths */
  double turn_deg[3]; /* about x, y, z */
  double shift_mm[3];
  double
      abmd_gcm2; /* mass over the area of its frontal silhouette at the drawn pose, without noise */
  double noise_hu;
};

/** The body of a seed: a pure function of it. abmd_gcm2 is NaN until it is rendered. */
void femur_body_draw(struct femur_body *b, uint64_t seed);

/**
 * CT [HU] and label (LABEL_FEMUR_RIGHT where bone fills half of the voxel) on a cube of `voxels` a
 * side.
 * @param spacing_mm > 0; the field of view is 96 mm x 96 mm x 96 mm at the usual 48 x 2 mm
 * @return ST_DOMAIN: voxels outside 8..256, spacing outside 0.3..12 mm
 */
status femur_body_render(struct volume **ct, struct labels **labels, struct femur_body *b,
                         int voxels, double spacing_mm, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
