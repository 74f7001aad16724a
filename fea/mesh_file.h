/* Unstructured meshes on disk, in the forms of other programs, by suffix:
 *
 *   .vtu  VTK (ParaView, meshio): cells of type 10, 24, 12; moduli, densities, parts, supports
 *         (prescribed_mm, NaN where free) and forces (force_n) with it, so that it is a whole model
 *   .msh  Gmsh 4.1 text: volume 1 bone, 2 cap; modulus and density as element data (the last two
 *         mid-side nodes of a 10-node tetrahedron are swapped there, and back when read)
 *   .inp  CalculiX and Abaqus, a complete job: C3D4, C3D10, C3D8, one material a modulus, node
 * sets, supports, forces, totals of the reactions .feb  FEBio 4.0: tet4, tet10, hex8, modulus of
 * every element as a map
 *
 * All hold millimetres, newtons and MPa. Read are .vtu (text, or uncompressed base64), .msh 4.1
 * text, and the mesh of an .inp.
 */
#ifndef QCT_FEA_MESH_FILE_H
#define QCT_FEA_MESH_FILE_H

#include "fea/mesh.h"
#include "fea/mesh_solve.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values to be written with a mesh. */
struct fea_mesh_field {
  const char *name;      /* "displacement_mm" */
  int components;        /* 1, 3, 6 */
  bool on_nodes;         /* else on elements */
  const double *doubles; /* borrowed; or */
  const float *floats;   /* borrowed */
};

/** @return ST_USAGE for another suffix or an existing file without force; ST_DOMAIN when a job
 * would have more than 5000 materials (bin them) or no supports; ST_IO; ST_MEMORY */
status fea_mesh_write(const struct fea_mesh *m, const struct fea_mesh_field *fields, int count,
                      const char *path, bool force);

/** A finished voxel model with the supports and forces of a case: .h5 for ParOSol, else as a mesh
 * of hexahedra along the grid's axes, its moduli in so many geometric bins (0: as they are). */
status fea_model_write(const struct fea_model *model, int load_case, int bins, const char *path,
                       bool force);

status fea_vtu_write(const struct fea_mesh *m, const struct fea_mesh_field *fields, int count,
                     const char *path, bool force);
status fea_msh_write(const struct fea_mesh *m, const char *path, bool force);
status fea_inp_write(const struct fea_mesh *m, const char *path, bool force);
status fea_feb_write(const struct fea_mesh *m, const char *path, bool force);

/* A mesh from elsewhere with the numbers it had there. */
struct fea_mesh_numbers {
  int64_t *node, *element; /* owned, [node_count], [element_count] */
};
void fea_mesh_numbers_clear(struct fea_mesh_numbers *n);

/**
 * @param numbers  may be NULL; else filled, to be cleared by the caller
 * @return ST_USAGE for another suffix; ST_IO; ST_FORMAT naming the line (or array) and what was
 *         expected: unknown element, truncated file, node that is not there; ST_DOMAIN when
 * elements of several kinds are mixed, or none is a solid
 */
status fea_mesh_read(struct fea_mesh **out, struct fea_mesh_numbers *numbers, const char *path);

status fea_vtu_read(struct fea_mesh **out, struct fea_mesh_numbers *numbers, const char *path);
status fea_msh_read(struct fea_mesh **out, struct fea_mesh_numbers *numbers, const char *path);
status fea_inp_read(struct fea_mesh **out, struct fea_mesh_numbers *numbers, const char *path);

/** Moduli into a job made elsewhere: all lines of `from` are kept but the *SOLID SECTION blocks,
 * which become comments; element sets, materials (bins geometric bins, 1 .. 5000) and sections are
 * put before the first *STEP, or at the end. Units of the job must be mm and MPa.
 * @return ST_FORMAT, ST_IO, ST_USAGE, ST_DOMAIN */
status fea_inp_insert_moduli(const struct fea_mesh *m, const struct fea_mesh_numbers *numbers,
                             int bins, const char *from, const char *to, bool force);

/** Sorted distinct moduli, at most 5000. @param[out] value  owned by the caller */
status fea_mesh_materials(double **value, int *count, const struct fea_mesh *m);
/** Position of a modulus among them. */
int fea_mesh_material_of(const double *value, int count, double modulus);

#ifdef __cplusplus
}
#endif
#endif
