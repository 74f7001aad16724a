/* An unstructured finite element mesh: 4- or 10-node tetrahedra, or 8-node hexahedra, one modulus
 * an element, one Poisson's ratio, with supports and forces of one load case. Units mm, N, MPa.
 *
 * Nodes of an element are in VTK's order, which is that of Abaqus and CalculiX (C3D4, C3D10, C3D8):
 * mid-side nodes 4..9 of a 10-node tetrahedron lie on edges 01 12 02 03 13 23. Positive volume
 * means that node 3 is on the side to which (1-0) x (2-0) points. Displacements and forces are
 * along the axes of the points.
 */
#ifndef QCT_FEA_MESH_H
#define QCT_FEA_MESH_H

#include "core/geometry.h"
#include "fea/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum fea_element { FEA_TET4, FEA_TET10, FEA_HEX8 };
enum { FEA_ELEMENT_MOST = 10, FEA_FACE_MOST = 6 }; /* nodes of an element, of a face */

/** "tet4", "tet10", "hex8" for OPT_CHOICE, NULL-terminated; index = enum. */
extern const char *const fea_element_names[];
/** Nodes of an element: 4, 10, 8. */
int fea_element_nodes(enum fea_element element);
/** Corner nodes: 4, 4, 8. */
int fea_element_corners(enum fea_element element);

/* A displacement prescribed on one node in one direction. */
struct fea_support {
  int64_t node;
  int axis; /* 0, 1, 2 */
  double value_mm;
};

struct fea_mesh {
  enum fea_element element;
  int64_t node_count, element_count;
  double *points;  /* owned, [node_count][3], mm */
  int32_t *nodes;  /* owned, [element_count][fea_element_nodes], from 0 */
  uint8_t *part;   /* owned, [element_count], enum fea_part; FEA_BONE at first */
  double *modulus; /* owned, [element_count], MPa; 0 until set */
  double *density; /* owned or NULL, [element_count], g/cm3, NaN where none */
  double poisson;
  bool orthotropic; /* of voxels: `ratio` along the axes holds and `poisson` does not; only Abaqus
                       and CalculiX files can say so, and no mesh is solved with it */
  struct fea_orthotropy ratio;
  struct fea_support *support; /* owned */
  int64_t support_count, support_capacity;
  struct fea_force *force; /* owned */
  int64_t force_count, force_capacity;
};

/** Allocate; points, nodes and moduli are to be filled in. Poisson's ratio 0.3.
 * @return ST_DOMAIN without nodes or elements or above 2^31 of them; ST_MEMORY */
status fea_mesh_create(struct fea_mesh **out, enum fea_element element, int64_t nodes,
                       int64_t elements);
void fea_mesh_destroy(struct fea_mesh *m);

/** Prescribe a displacement. @return ST_DOMAIN for a node or axis that is not there, or a value
 * that is not finite; ST_MEMORY */
status fea_mesh_fix(struct fea_mesh *m, int64_t node, int axis, double value_mm);
/** Prescribe on all nodes with |point[plane_axis] - at_mm| <= 1e-6 mm. @return ST_DOMAIN when there
 * is none */
status fea_mesh_fix_plane(struct fea_mesh *m, int plane_axis, double at_mm, int axis,
                          double value_mm);
/** Add a force [N]. @return as fea_mesh_fix */
status fea_mesh_load(struct fea_mesh *m, int64_t node, int axis, double newton);
struct vec3 fea_mesh_point(const struct fea_mesh *m, int64_t node);

/* Faces that belong to one element only. */
struct fea_faces {
  int64_t count;
  int per_face;     /* nodes of a face: 3, 6 (corners, then mid-sides 01 12 20), 4 */
  int32_t *nodes;   /* owned, [count][per_face], outward */
  int32_t *element; /* owned, [count] */
};
/** Outer faces in the order of the elements. @return ST_DOMAIN when more than two elements share a
 * face; ST_MEMORY */
status fea_mesh_faces(struct fea_faces **out, const struct fea_mesh *m);
void fea_faces_destroy(struct fea_faces *f);
/** Consistent nodal forces of a pressure [MPa, pushing inward] on face f of the list. */
status fea_mesh_press(struct fea_mesh *m, const struct fea_faces *faces, int64_t face,
                      double pressure_mpa);

/** Drop nodes that no element uses and sort the rest along the longest side of the mesh (rank slabs
 * and caches like that); supports and forces follow. Deterministic. @return ST_MEMORY; ST_DOMAIN
 * when a support or force sits on a node that goes */
status fea_mesh_tidy(struct fea_mesh *m);

/** Mid-side nodes put on the middle of straight edges. Supports and forces must not be there yet.
 */
status fea_mesh_quadratic(struct fea_mesh **out, const struct fea_mesh *tet4);

/** Ready to be solved? @return ST_DOMAIN naming the first element with a modulus that is not
 * positive and finite, a node out of range or a point that is not finite, an element that is
 * inverted (and how many are), pieces that do not hang together, two values on one dof; ST_NUMERIC
 * when the supports leave a rigid motion free (named) */
status fea_mesh_check(const struct fea_mesh *m);

/** Volume of the mesh, and of one element [mm3] (quadrature). */
double fea_mesh_volume_mm3(const struct fea_mesh *m);
double fea_mesh_element_mm3(const struct fea_mesh *m, int64_t element);

/** Replace moduli by the means of `bins` geometric bins between the least and the largest, for
 * programs that take one material a group; 0 leaves them. A modulus that has a bin to itself, as
 * PMMA's has, stays what it is. @return ST_MEMORY */
status fea_mesh_bin(struct fea_mesh *m, int bins);

/** The elements of a finished voxel model with the supports and forces of a case; points along the
 * grid's axes [mm], node (0,0,0) at the origin. */
status fea_mesh_from_model(struct fea_mesh **out, const struct fea_model *model, int load_case);

#ifdef __cplusplus
}
#endif
#endif
