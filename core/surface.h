/* Triangle surfaces: from a label or a level set (marching cubes), smoothing, measures, files.
 *
 * Vertices in LPS mm, triangles counter-clockwise seen from outside.
 */
#ifndef QCT_CORE_SURFACE_H
#define QCT_CORE_SURFACE_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct surface {
  struct vec3 *vertices; /* owned */
  int32_t *triangles;    /* owned, 3 vertex indices each */
  struct vec3 *normals;  /* owned or NULL; unit, outward, one a vertex */
  int64_t vertex_count, triangle_count;
};

/** Marching cubes of {== value} (0: non-zero) at 0.5, zero-padded, so it is closed. Watertight:
 * ambiguous faces are resolved the same way on both sides. */
status surface_from_labels(struct surface **out, const struct labels *l, int value);
/** Marching cubes of a field at `level`; inside is >= level when `inside_high`. Open at the grid's
 * edge unless the field is outside there. */
status surface_from_volume(struct surface **out, const struct volume *v, double level,
                           int inside_high);
void surface_destroy(struct surface *s);

/** Taubin smoothing (lambda 0.5, mu -0.53), in place. */
status surface_smooth(struct surface *s, int iterations);
/** Area-weighted vertex normals into s->normals. */
status surface_normals(struct surface *s);
/** Enclosed volume [mm3] (closed surface, sign positive outward) and area [mm2]. */
double surface_volume_mm3(const struct surface *s);
double surface_area_mm2(const struct surface *s);

/* A named scalar per vertex for surface_write. */
struct surface_scalar {
  const char *name;     /* "thickness_mm" */
  const double *values; /* borrowed, [vertex_count] */
};
/** .vtp (VTK XML PolyData), .ply, .stl (binary), .obj by suffix; scalars in .vtp and .ply. */
status surface_write(const struct surface *s, const struct surface_scalar *scalars, int count,
                     const char *path, bool force);

#ifdef __cplusplus
}
#endif
#endif
