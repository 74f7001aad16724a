/* The recipes of fea/fall.h with tetrahedra: the same pose, caps, supports and law on a smooth
 * mesh.
 *
 * What is equal: the solid (tet_domain.h; with `outline` smooth the cubes fill it too), pose, cut,
 * displacement (the share of the extent along the load), PMMA over the outermost bone within the
 * intrusion depth of each end out to a flat face, what is held. What differs by nature: a cap is
 * the contact triangles extruded along the load (triangles that face away by more than 80 degrees,
 * and islands under a twentieth of the contact, are not covered), the distal support is the cut's
 * own face (cubes hold nodes within one element of it), and the density at the surface is peeled
 * and extended unless asked otherwise. The block of fall-hinge is rigid here (200 GPa there): the
 * distal face turns about x through the point 10 mm below its centre by the angle that leaves no
 * moment there.
 *
 * Failure: `strain-volume` by volume of elements, as for voxels; `strain-limit` at the nodes of the
 * bone's free surface (averaged strains; not under a cap, not on the cut), the published rule.
 */
#ifndef QCT_FEA_TET_FALL_H
#define QCT_FEA_TET_FALL_H

#include "fea/fall.h"
#include "fea/map.h"
#include "fea/mesh_solve.h"
#include "fea/tet_mesh.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_tet_options {
  int element;      /* FEA_TET4 or FEA_TET10 */
  int surface;      /* enum fea_surface */
  int solver;       /* enum fea_mesh_solver */
  double smooth_mm; /* sigma of the surface's smoothing */
  double neck_mm;   /* edge at the neck; NaN: 2/3 of the size */
};
#define FEA_TET_DEFAULTS                                                                           \
  {                                                                                                \
    .element = FEA_TET10, .surface = FEA_SURFACE_PEEL, .solver = FEA_SOLVER_AUTO, .smooth_mm = 1,  \
    .neck_mm = (double)NAN                                                                         \
  }

struct fea_tet_failure {
  double factor_volume, factor_limit, factor_pistoia; /* as in fea/failure.h */
  double judged_mm3;
  int64_t judged_nodes;
  int64_t site_node; /* weakest node of the surface */
  int site_tension;
};

struct fea_tet_fall {
  struct record *record; /* owned; rows of fea_fall, and of the mesh's quality */
  struct fea_mesh *mesh; /* owned; local frame */
  struct fea_mesh_solution *solution;
  struct fea_mesh_fields *fields;
  struct fea_curve *curve; /* NULL without a rule beyond yield */
  struct tet_frame frame;  /* of the mesh */
  struct tet_plane cut;    /* its flat distal end */
  struct tet_quality quality;
  struct tet_cap caps[2]; /* head, ground */
  int cap_count;          /* 1 in stance */
  struct fea_map_result map;
  struct fea_tet_failure failure;
  struct fea_failure_options limits;
  double load_n, displacement_mm, stiffness_n_mm, failure_load_n;
  double off_contact_n;    /* as in struct fea_fall */
  double distal_mm;        /* cut below the head centre */
  double hinge_moment_nmm; /* left over at the hinge of fall-hinge */
  char words[256];
};

/** @param calibration  for the interval, as in fea_fall_run; may be NULL
 * @param tet  NULL takes FEA_TET_DEFAULTS
 * @return ST_DOMAIN for density bins; else as fea_fall_run,
 * tet_mesh_create, fea_map_density, fea_mesh_solve, fea_beyond_mesh */
status fea_tet_fall_run(struct fea_tet_fall **out, const struct volume *density,
                        const struct labels *labels, int label, const struct hip_frame *frame,
                        const struct calibration *calibration,
                        const struct fea_fall_options *options, const struct fea_tet_options *tet);
void fea_tet_fall_destroy(struct fea_tet_fall *f);

/** Failure factors of a solved mesh. @param distal  nodes with side < 1e-6 mm are not judged; NULL:
 * no cut */
status fea_tet_failure_find(struct fea_tet_failure *out, const struct fea_mesh *m,
                            const struct fea_mesh_fields *fields, const struct tet_plane *distal,
                            const struct fea_failure_options *options);

#ifdef __cplusplus
}
#endif
#endif
