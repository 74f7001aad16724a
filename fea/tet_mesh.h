/* A label as tetrahedra: smooth watertight surface (tet_domain, tet_cut, tet_remesh), volume by
 * Gmsh (gmsh.h), caps of extruded contact triangles, mid-side nodes on the curved surface, quality.
 *
 * A 10-node element whose least Jacobian falls under a tenth of the straight one's gets its
 * mid-side nodes back on straight edges (counted), so that no element is inverted. Deterministic.
 */
#ifndef QCT_FEA_TET_MESH_H
#define QCT_FEA_TET_MESH_H

#include "fea/mesh.h"
#include "fea/tet_remesh.h"

#ifdef __cplusplus
extern "C" {
#endif

/* PMMA on one end of the bone along a local axis: over the surface within intrusion_mm of the
 * extreme that faces outwards, out to a flat face beyond_mm past it. */
struct tet_cap {
  int axis, side; /* 0 low end, 1 high end */
  double intrusion_mm, beyond_mm;
  double modulus_mpa;
  /* set by tet_mesh_create */
  double face_mm;     /* local position of the flat face along the axis */
  double contact_mm2; /* area of bone it covers */
  int64_t elements;
};

struct tet_mesh_options {
  enum fea_element element; /* FEA_TET4 or FEA_TET10 */
  struct tet_size size;
  int passes; /* of the surface remeshing */
};

enum { TET_BINS = 10 };
struct tet_quality {
  int64_t nodes, elements, triangles;
  double least, mean;          /* scaled Jacobian (shape.h) */
  int64_t histogram[TET_BINS]; /* of the scaled Jacobian, 0 .. 1 */
  int64_t inverted;           /* curved elements that were inverted before they were straightened */
  int64_t straightened;       /* elements with mid-side nodes put back */
  double label_mm3, mesh_mm3; /* bone */
  double least_angle_deg;     /* of the surface's triangles */
};

/**
 * @param caps  at most 2; results are written into them; NULL: none
 * @return ST_UNSUPPORTED without the Gmsh module; ST_DOMAIN when the surface is not watertight or
 *         crosses itself, a cap touches nothing, or an option is out of range; ST_EXTERNAL with
 *         Gmsh's words; ST_NUMERIC when an element stays inverted
 */
status tet_mesh_create(struct fea_mesh **out, struct tet_quality *quality,
                       const struct tet_domain *domain, const struct tet_mesh_options *options,
                       struct tet_cap *caps, int cap_count);

/** Fill any closed surface (kept as it is) with 4-node tetrahedra; the skin's points come first. */
status tet_fill(struct fea_mesh **out, const struct tet_skin *skin, const struct tet_size *size);

/** Scaled Jacobians of a mesh into the fields least, mean, histogram, nodes, elements. */
void tet_quality_find(struct tet_quality *q, const struct fea_mesh *m);

#ifdef __cplusplus
}
#endif
#endif
