/* The single measures of microstructure, on a map of bone and marrow. Private to this folder, and
 * to its tests.
 *
 * `bone` holds 1 where there is bone; `voi` holds 1 in the volume of interest, on the same grid
 * (NULL: all). Any spacing; the edges of a voxel may differ.
 */
#ifndef QCT_QCT_MICROSTRUCTURE_PARTS_H
#define QCT_QCT_MICROSTRUCTURE_PARTS_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MICRO_BONE = 1, MICRO_MARROW = 2 }; /* phases, by bits */

/** Where the surface runs, and how it lies there. @param[in,out] places  [count][3], mm along the
 * index axes: one between each pair of centres of bone and of marrow that are neighbours along an
 * axis, by voxel and then axis. With `ledges` they are the middles and the surface is that of the
 * map of voxels: each is moved by half an edge at most along each axis. @param[out] normals
 * [count][3], of length 1 towards marrow; 0 where the surface has none.
 * @return ST_DOMAIN when they are not as many as `count`; ST_MEMORY. A proposal of this toolkit. */
status micro_place(float *places, float *normals, int64_t count, const struct labels *bone,
                   int ledges);

/**
 * Local thickness of bone and of marrow [mm]: at each voxel the diameter of the largest sphere that
 * holds it and fits in its phase. The border of the image is no surface. One map serves both.
 *
 * The surface is known by its crossings with the lines between voxel centres: where the grey values
 * of `image` pass `threshold`, to less than a tenth of a voxel when voxels hold what they cover;
 * or, without an image, where micro_place puts them. Each crossing stands for a disc of half an
 * edge about it, as crossings are a voxel apart and a sphere that rests on points comes through
 * between them, h^2/2r at either end where they leave a gap of h. Each voxel knows its nearest
 * crossing. Spheres start at voxels that no neighbour's holds and climb to a place between voxels,
 * to 1/16 of one; each takes the voxels of its phase within half an edge of it. No value is below
 * the sphere in a voxel's own box. Nothing is added to a radius.
 *
 * Half a voxel, from a map: held on average by rods, balls and plates of 3 to 18 voxels in any
 * place and direction (48 each; benchmarks/micro_thickness.sh), and by every single plate whose
 * ledges are no longer than 8 voxels (0.19 at worst), rod across the grid (0.40), and, but for
 * 0.01, ball and rod along an axis from 8 voxels up. What a map cannot tell:
 * - A plate along the grid that holds n layers of centres is n - 1 to n + 1 voxels thick, and reads
 *   n. One tilted so little that its ledges are longer than a sphere sees has columns of n and of
 *   n + 1, and reads up to n + 1: less than 1 too much (0.74 found).
 * - Discs that hold the same centres differ in diameter by up to 1.7 (3 voxels), 1.0 (4), 1.1 (5.3)
 *   and 0.9 (8.4), so of rods along an axis below 6 voxels no reading can promise half a voxel
 * (0.94 and 0.62 found at 3 and 5.3); balls so only below 4 voxels (1.4 at 3; 0.70 found). From
 * grey values all are within 0.4, plates within 0.2.
 * @param image  whose values at or above `threshold` are the bone, on its grid; NULL: a map only
 * @return ST_DOMAIN when there is only bone or only marrow; ST_MEMORY
 * Source: hildebrand1997
 */
status micro_thickness(struct volume **out, const struct labels *bone, int phases,
                       const struct volume *image, double threshold);

/**
 * Euler number of the bone in the volume of interest, voxels as closed boxes: 26-connected bone,
 * 6-connected marrow. With `edges`, vertices, edges and faces on the border of the volume count by
 * the share of their neighbours that lies in it: what the volume adds to the Euler number of the
 * endless structure. Source: odgaard1993
 */
double micro_euler(const struct labels *bone, const struct labels *voi, int edges);

/** Parts of bone (26-connected) and closed cavities of marrow (6-connected) in the image. */
status micro_count_parts(int64_t *bones, int64_t *cavities, const struct labels *bone);

struct micro_surface {
  double area_mm2; /* of the border of bone within the volume of interest */
  double smi;      /* 6 BV (dBS/dr) / BS^2 */
};
/**
 * Marching cubes of the grey image at `threshold` (grey NULL: of the bone map smoothed by 0.6
 * voxels), smoothed, without the cut faces; dBS/dr by moving the vertices along their normals by
 * +-0.1 voxel. @param bone_mm3  volume of bone in the volume of interest
 * Source: hildebrand1997b
 */
status micro_surface(struct micro_surface *out, const struct labels *bone, const struct labels *voi,
                     const struct volume *grey, double threshold, double bone_mm3);

enum { MICRO_DIRECTIONS = 256 };
struct micro_fabric {
  double mil_mm[3];    /* mean intercept lengths of the ellipsoid, falling; infinite for none */
  struct vec3 axis[3]; /* unit, world */
  double da_ratio;     /* longest over shortest, >= 1 */
  double da_share;     /* 1 - (shortest over longest)^2 of the ellipsoid's axes: 0..1 */
  double rms;          /* of the fit, relative to the mean of 1/MIL^2 */
};
/**
 * Mean intercept length: along each of MICRO_DIRECTIONS fixed directions (a Fibonacci spiral on
 * half a sphere; no random number) parallel lines cross the volume, and the borders they cross per
 * length are counted, on the bone map interpolated linearly at one half. 1/MIL^2 = u' A u is fitted
 * by least squares; MIL_i = 1/sqrt(eigenvalue). A stack of plates has exactly two eigenvalues of 0.
 * @return ST_DOMAIN when no line crosses a border
 * Source: harrigan1984
 */
status micro_fabric(struct micro_fabric *out, const struct labels *bone, const struct labels *voi);

/** Threshold that parts the values best in two classes (largest variance between them), from 1024
 * steps between the lowest and the highest. @return ST_DOMAIN when all are equal. Source: otsu1979
 */
status micro_otsu(double *out, const struct volume *image, const struct labels *voi);

/**
 * Cortical (1) and trabecular (2) compartment of a periosteal mask: marrow in which a sphere of
 * `pore_mm` radius fits, closed by `strut_mm` (so that it takes in trabeculae thinner than twice
 * that), is the trabecular compartment; the rest is cortex, with the pores in it.
 * Proposed for this toolkit, after the idea of buie2007.
 */
status micro_compartments(struct labels **out, const struct labels *bone,
                          const struct labels *periosteal, double pore_mm, double strut_mm);

static inline int micro_in(const struct labels *voi, int64_t at) {
  return !voi || voi->voxels[at] != 0;
}

#ifdef __cplusplus
}
#endif
#endif
