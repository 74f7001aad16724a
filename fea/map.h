/* Density and modulus of the elements of an unstructured mesh from a density volume.
 *
 *   V1  mean density of the voxels whose centre lies in the element (the centroid where none does)
 *   V2  mean density over the element, then one modulus
 *   V3  modulus at every sample, then their mean (default); a convex law gives V3 >= V2
 *
 * V2 and V3 sample on a grid of midpoints, n steps along each natural coordinate (a tetrahedron at
 * n = 4 has 10), trilinear between voxels, weighted by det J. At the surface, `peel-extend` works
 * on the density before sampling: a voxel of the label's outermost layer (3 x 3 x 3 erosion) that
 * is darker than the mean of its inner neighbours takes that mean, then values grow outwards by
 * some layers, so that no sample sees soft tissue. (mitk_gem does the same on moduli.) Source:
 * taddei2007, py_bonemat_abaqus, mitk_gem
 */
#ifndef QCT_FEA_MAP_H
#define QCT_FEA_MAP_H

#include "core/volume.h"
#include "fea/material.h"
#include "fea/mesh.h"
#include "fea/tet_domain.h"

#ifdef __cplusplus
extern "C" {
#endif

enum fea_mapping { FEA_MAP_V1, FEA_MAP_V2, FEA_MAP_V3 };
enum fea_surface { FEA_SURFACE_NONE, FEA_SURFACE_PEEL };
/** "v1" "v2" "v3"; "none" "peel-extend"; for OPT_CHOICE. */
extern const char *const fea_mapping_names[];
extern const char *const fea_surface_names[];

struct fea_map_options {
  int mapping;                    /* enum fea_mapping */
  int surface;                    /* enum fea_surface; peel-extend needs labels */
  int steps;                      /* samples along a natural coordinate, 1 .. 16 */
  int layers;                     /* voxels that values grow outwards, 1 .. 20 */
  int law, conversion;            /* as in fea/material.h */
  const struct fea_law *user_law; /* borrowed; instead of `law` unless NULL */
  double least_mpa;               /* floor of the modulus */
  double shift_mgcc[2];           /* density + shift: from [0] at 0 to [1] at 1000 mg/cm3 */
};
#define FEA_MAP_DEFAULTS                                                                           \
  {                                                                                                \
    .mapping = FEA_MAP_V3, .surface = FEA_SURFACE_PEEL, .steps = 4, .layers = 3,                   \
    .law = FEA_LAW_MORGAN_NECK, .conversion = 0, .least_mpa = 0.1                                  \
  }

struct fea_map_result {
  struct fea_density_map map; /* conversion that was taken */
  int64_t mapped;             /* elements of bone */
  int64_t floor_elements;     /* at the floor of the modulus */
  int64_t without_voxel;      /* V1: elements that hold no voxel centre */
  double mean_modulus_mpa;    /* by volume */
  double mean_density_gcc;    /* of the law's kind, by volume */
};

/** The density as it is sampled: peeled and extended; NaN where nothing reaches. */
status fea_peel_extend(struct volume **out, const struct volume *density,
                       const struct labels *labels, int label, int layers);

/**
 * Fill modulus and density of the elements of part FEA_BONE.
 * @param frame   of the mesh's points against the patient; NULL: LPS
 * @param labels  on the grid of the density; may be NULL with FEA_SURFACE_NONE
 * @return ST_DOMAIN when the volume is no density or its material does not fit, the mesh reaches
 *         outside the image or into no data (first element and position named; millimetres are
 * asked for when the mesh is under 1/100 or over 100 times the size of the image), or an option is
 *         out of range; ST_MEMORY
 */
status fea_map_density(struct fea_map_result *out, struct fea_mesh *m,
                       const struct tet_frame *frame, const struct volume *density,
                       const struct labels *labels, int label,
                       const struct fea_map_options *options);

#ifdef __cplusplus
}
#endif
#endif
