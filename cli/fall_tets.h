/* What `qct fea fall` does with tetrahedra. */
#ifndef QCT_CLI_FALL_TETS_H
#define QCT_CLI_FALL_TETS_H

#include "cli/command.h"
#include "fea/tet_fall.h"

/* Outputs by path, each may be NULL. */
struct fall_tets_outputs {
  const char *out, *fields, *picture, *inp, *mesh;
  int bins;
};

status fall_with_tets(struct context *ctx, const struct volume *density,
                      const struct labels *labels, int label, const struct hip_frame *frame,
                      const struct fea_fall_options *options, const struct fea_tet_options *tets,
                      const struct fall_tets_outputs *outputs, int rank);

/** The model and its fields as a mesh file by suffix (.vtu .msh .inp .feb), bins for text jobs. */
status tet_model_write(const struct fea_mesh *m, const struct fea_mesh_solution *solution,
                       const struct fea_mesh_fields *fields, const struct tet_frame *frame,
                       int bins, const char *path, bool force);

/** A voxel model by suffix: .h5 for ParOSol, else as a mesh of hexahedra. */
status voxel_model_write(const struct fea_model *m, int bins, const char *path, bool force);

#endif
