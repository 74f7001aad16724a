/* What `qct fea fall` does with tetrahedra. */
#ifndef QCT_CLI_FALL_TETS_H
#define QCT_CLI_FALL_TETS_H

#include "cli/voxel_outputs.h"
#include "fea/tet_fall.h"

/* Options of a femur recipe for the kind of elements and for what only tetrahedra have. */
#define FEA_TET_MODEL(type, model, elements, tets)                                                 \
  OPT_CHOICE(type, elements, "elements", fea_element_names,                                        \
             "hex8 voxels, or smooth tetrahedra of 4 or 10 nodes (1.7 times the size of cubes)"),  \
      OPT_CHOICE(type, model.mapping, "mapping", fea_mapping_names,                                \
                 "of tetrahedra and of cubes with a smooth outline: (v1) voxel mean, "             \
                 "(v2) density over the element, (v3) modulus over the element"),                  \
      OPT_CHOICE(type, tets.surface, "bone-surface", fea_surface_names,                            \
                 "density at the surface of tetrahedra"),                                          \
      OPT_REAL(type, tets.neck_mm, "neck-size", "mm", 0.5, 10,                                     \
               "edge of tetrahedra at the neck; 2/3 of --size without"),                           \
      OPT_CHOICE(type, tets.solver, "solver", fea_mesh_solver_names,                               \
                 "of tetrahedra; auto takes a cycle over the corners for tet10")
#define FEA_TET_OPTIONS(type, model, elements, tets, mesh)                                         \
  FEA_TET_MODEL(type, model, elements, tets),                                                      \
      OPT_OUT(type, mesh, "mesh",                                                                  \
              "the model as .vtu, .msh, .inp, .feb, and voxels as ParOSol's .h5")

/** Solve and write. @param mesh  the model once more, by suffix; may be NULL
 */
status fall_with_tets(struct context *ctx, const struct volume *density,
                      const struct labels *labels, int label, const struct hip_frame *frame,
                      const struct calibration *calibration, const struct fea_fall_options *options,
                      const struct fea_tet_options *tets, const struct voxel_paths *to,
                      const char *mesh, int rank);

#endif
