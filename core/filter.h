/* Filters on our types; results are new objects owned by the caller unless said otherwise. Binary
 * inputs: non-zero is inside. Physical units: mm. Deterministic and independent of the thread
 * count.
 *
 * They keep "no data" apart, measure to the surface of voxels and move voxels exactly:
 * filter_grid.c, filter_cubic.c, filter_smooth.c, filter_distance.c, filter_grow.c,
 * filter_components.c.
 */
#ifndef QCT_CORE_FILTER_H
#define QCT_CORE_FILTER_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum interpolation {
  INTERPOLATE_NEAREST,
  INTERPOLATE_LINEAR,
  INTERPOLATE_CUBIC
}; /* cubic B-spline */

/** Value on `grid`; points outside the boxes of the input's voxels get `outside` (NaN allowed); in
 * the outer half voxel the border value is repeated. Linear: no data where a contributing voxel has
 * none. No data must have been filled first for INTERPOLATE_CUBIC (@return ST_DOMAIN otherwise). */
status filter_resample(struct volume **out, const struct volume *in, const struct geometry *grid,
                       enum interpolation how, float outside);
/** Nearest neighbour for labels. */
status filter_resample_labels(struct labels **out, const struct labels *in,
                              const struct geometry *grid);
/** Mean over each output voxel's box (exact volume average), for coarser output grids of the same
 * direction. `outside` where less than half of the box lies in the grid; voxels without data are
 * left out, and where they are more than half the result has none.
 * @return ST_DOMAIN when the directions differ */
status filter_average_to(struct volume **out, const struct volume *in, const struct geometry *grid,
                         float outside);
/** The grid that covers the boxes of `g`'s voxels at isotropic `spacing_mm`, identity direction,
 * same outer corner (lowest x, y, z). */
struct geometry geometry_isotropic(const struct geometry *g, double spacing_mm);

/** Permute and flip axes so that the direction is nearest to identity (LPS). Exact copy of voxels.
 */
status filter_orient(struct volume **out, const struct volume *in);
status filter_orient_labels(struct labels **out, const struct labels *in);
/** Box [lo, hi] inclusive, clipped to the grid. */
status filter_crop(struct volume **out, const struct volume *in, const int64_t lo[3],
                   const int64_t hi[3]);
status filter_crop_labels(struct labels **out, const struct labels *in, const int64_t lo[3],
                          const int64_t hi[3]);

/** Gaussian smoothing, sigma in mm (0: copy): discrete Gaussian kernel, whose variance is sigma^2
 * at any width; border voxels repeated. Voxels without data stay so and lend no weight. Source:
 * lindeberg1990 */
status filter_gaussian(struct volume **out, const struct volume *in, double sigma_mm);
/** The same with a sigma [mm] for each index axis. */
status filter_gaussian_axes(struct volume **out, const struct volume *in, const double sigma_mm[3]);
/** Signed Euclidean distance [mm] from voxel centres to the surface of {voxels == value} (0: any
 * non-zero), negative inside: exact at flat faces (the first voxel has -spacing/2), about a fifth
 * of a voxel short at oblique ones. The border of the grid is no surface; -infinity when the whole
 * grid is inside.
 * @return ST_DOMAIN when no voxel is. Source: meijster2000 */
status filter_distance(struct volume **out, const struct labels *in, int value);
/** Dilate (radius > 0) or erode (radius < 0) {== value} by a Euclidean distance in mm, in place:
 * voxels whose centre lies within it of the surface. A dilation takes background and, besides, the
 * value `over` (0: only background), reaching past other labels. The border of the grid does not
 * erode. An absent value is left as it is. */
status filter_grow(struct labels *l, int value, double radius_mm, int over);
/** Face- (connectivity 6) or full-connected (26) components of non-zero voxels, numbered 1.. by
 * falling size; keeps at most `most`. sizes (voxels) may be NULL, else holds `most`. *count: how
 * many were found. */
status filter_components(struct labels **out, const struct labels *in, int connectivity, int most,
                         int64_t *sizes, int *count);
/** Keep only the largest component of a value, in place; returns dropped voxels in *dropped (NULL
 * ok). */
status filter_keep_largest(struct labels *l, int value, int connectivity, int64_t *dropped);
/** Fill holes of a value in 3-D (axis -1), or slice by slice across index axis 0, 1, 2, in place:
 * background that faces do not join to the border. Other labels in a hole stay. */
status filter_fill_holes(struct labels *l, int value, int axis);

#ifdef __cplusplus
}
#endif
#endif
