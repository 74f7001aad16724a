#include "core/filter.h"
#include "core/surface.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>

static const double SOFTEN = 0.6; /* voxels: blur that rounds the steps of a bone map */
static const double MOVE = 0.1;   /* voxels */
enum { ROUNDS = 5 };

static double triangle_area(const struct vec3 v[3]) {
  return vec3_length(vec3_cross(vec3_sub(v[1], v[0]), vec3_sub(v[2], v[0]))) / 2;
}

/* Is the middle of a triangle in the volume of interest, and not on a face of the image? */
static int counts(const struct labels *bone, const struct labels *voi, const struct vec3 v[3]) {
  struct vec3 middle = vec3_scale(vec3_add(v[0], vec3_add(v[1], v[2])), 1.0 / 3);
  struct vec3 at = geometry_to_index(&bone->grid, middle);
  int64_t i = (int64_t)floor(at.x + 0.5), j = (int64_t)floor(at.y + 0.5);
  int64_t k = (int64_t)floor(at.z + 0.5);
  return geometry_inside(&bone->grid, i, j, k) &&
         micro_in(voi, geometry_index(&bone->grid, i, j, k));
}

/* Area of the counted triangles as it is and with the vertices moved along their normals. */
static void areas(double out[3], const struct surface *s, const struct labels *bone,
                  const struct labels *voi, double move) {
  out[0] = out[1] = out[2] = 0;
  for (int64_t t = 0; t < s->triangle_count; t++) {
    const int32_t *n = s->triangles + 3 * t;
    struct vec3 v[3], in[3], more[3];
    for (int e = 0; e < 3; e++) {
      v[e] = s->vertices[n[e]];
      in[e] = vec3_along(v[e], -move, s->normals[n[e]]);
      more[e] = vec3_along(v[e], move, s->normals[n[e]]);
    }
    if (!counts(bone, voi, v)) continue;
    out[0] += triangle_area(v);
    out[1] += triangle_area(in);
    out[2] += triangle_area(more);
  }
}

/* The bone map blurred; border voxels are repeated, so the surface is open at the image's faces. */
static status softened(struct volume **out, const struct labels *bone) {
  status st = ST_OK;
  struct volume *map = NULL;
  const double *edge = bone->grid.spacing;
  TRY(volume_create(&map, &bone->grid, QUANTITY_PROBABILITY));
  for (int64_t i = 0; i < geometry_voxels(&bone->grid); i++) map->voxels[i] = bone->voxels[i] == 1;
  TRY(filter_gaussian(out, map, SOFTEN * fmin(edge[0], fmin(edge[1], edge[2]))));
done:
  volume_destroy(map);
  return st;
}

status micro_surface(struct micro_surface *out, const struct labels *bone, const struct labels *voi,
                     const struct volume *grey, double threshold, double bone_mm3) {
  status st = ST_OK;
  struct volume *soft = NULL;
  struct surface *s = NULL;
  const double *edge = bone->grid.spacing;
  double area[3], move = MOVE * fmin(edge[0], fmin(edge[1], edge[2]));
  if (!grey) TRY(softened(&soft, bone));
  TRY(surface_from_volume(&s, grey ? grey : soft, grey ? threshold : 0.5, 1));
  CHECK(s->triangle_count > 0, ST_DOMAIN, "surface of bone: there is none");
  TRY(surface_smooth(s, ROUNDS));
  TRY(surface_normals(s));
  areas(area, s, bone, voi, move);
  CHECK(area[0] > 0, ST_DOMAIN, "surface of bone: none in the volume of interest");
  out->area_mm2 = area[0];
  out->smi = 6 * bone_mm3 * (area[2] - area[1]) / (2 * move) / (area[0] * area[0]);
done:
  volume_destroy(soft);
  surface_destroy(s);
  return st;
}
