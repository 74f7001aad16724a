/* How far two label maps of one bone agree, in numbers and in a picture.
 *
 * Overlap counts voxels. Distances run from the surface of each (marching cubes at half a voxel) to
 * the surface of the other, taken from an exact distance map of its voxels: oblique faces read up
 * to a fifth of a voxel short. Source: meijster2000 (distance map)
 */
#ifndef QCT_ANATOMY_COMPARE_H
#define QCT_ANATOMY_COMPARE_H

#include "anatomy/femur.h"

#ifdef __cplusplus
extern "C" {
#endif

struct compare_result {
  double dice;                     /* 2 |A and B| / (|A| + |B|), 0..1 */
  double volume_mm3, other_mm3;    /* of A, of B */
  double only_mm3, other_only_mm3; /* in A alone, in B alone */
  double mean_mm, p95_mm, most_mm; /* absolute distance of the surfaces, both ways together */
  double outward_mm; /* mean signed distance of A's surface from B's; positive: A is larger */
  struct vec3 where; /* LPS mm: where A's or B's surface is farthest from the other */
};

/**
 * @param[in] a, b    on one grid; values `va` of `a` and `vb` of `b` are the bone
 * @return ST_DOMAIN when the grids differ or one of the labels has no voxel
 */
status compare_labels(struct compare_result *out, const struct labels *a, int va,
                      const struct labels *b, int vb);

/** {"dice", "volume_ml", ...}; owned by the caller. */
cJSON *compare_to_json(const struct compare_result *c);

/**
 * The planes of femur_picture, and three planes through `c->where` under them: orange where only A
 * is bone, sky where only B is, the outline of what both hold in white.
 * @param[in] image  HU or density
 */
status compare_picture(struct picture **out, const struct volume *image, const struct labels *a,
                       int va, const struct labels *b, int vb, const struct femur *femur,
                       const struct compare_result *c);

/**
 * Compare every found side of a result with the femur of the same side in another map (by name,
 * else 76 and 75; see anatomy/import.h) and write compare.json and, with an image,
 * difference_<side>.png into a folder that is there.
 *
 * @param[in] other  on the grid of the result
 * @return ST_DOMAIN when `other` has no femur of a found side, ST_IO, ST_USAGE (exists, not forced)
 */
status compare_write(const struct femur_result *r, const struct volume *image,
                     const struct labels *other, const char *folder, const cJSON *provenance,
                     bool force);

#ifdef __cplusplus
}
#endif
#endif
