#include "fea/tet_picture.h"

#include "core/surface_render.h"
#include "fea/fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Triangles of a face: corners alone, or four with the mid-sides. */
static int face_triangles(int per_face, int out[4][3]) {
  static const int six[4][3] = {{0, 3, 5}, {3, 1, 4}, {5, 4, 2}, {3, 4, 5}};
  static const int four[2][3] = {{0, 1, 2}, {0, 2, 3}};
  static const int three[1][3] = {{0, 1, 2}};
  const int n = per_face == 6 ? 4 : per_face == 4 ? 2 : 1;
  memcpy(out,
         per_face == 6   ? &six[0]
         : per_face == 4 ? &four[0]
                         : &three[0],
         (size_t)n * sizeof out[0]);
  return n;
}

status fea_mesh_surface(struct surface **out, int64_t **node, const struct fea_mesh *m,
                        const struct tet_frame *frame) {
  status st = ST_OK;
  struct fea_faces *f = NULL;
  struct surface *s = calloc(1, sizeof *s);
  int32_t *number = malloc((size_t)m->node_count * sizeof *number);
  int64_t *back = malloc((size_t)m->node_count * sizeof *back);
  int pattern[4][3];
  CHECK(s && number && back, ST_MEMORY, "mesh surface: no memory");
  TRY(fea_mesh_faces(&f, m));
  const int parts = face_triangles(f->per_face, pattern);
  const struct vec3 *axis = frame->axis;
  const bool mirrored = vec3_dot(vec3_cross(axis[0], axis[1]), axis[2]) < 0;
  s->vertices = malloc((size_t)m->node_count * sizeof *s->vertices);
  s->triangles = malloc((size_t)(f->count * parts) * 3 * sizeof *s->triangles);
  CHECK(s->vertices && s->triangles, ST_MEMORY, "mesh surface: no memory");
  memset(number, 0xff, (size_t)m->node_count * sizeof *number);
  for (int64_t i = 0; i < f->count; i++)
    for (int p = 0; p < parts; p++) {
      int32_t *to = s->triangles + 3 * s->triangle_count++;
      for (int c = 0; c < 3; c++) {
        const int32_t n = f->nodes[i * f->per_face + pattern[p][mirrored ? 2 - c : c]];
        if (number[n] < 0) {
          number[n] = (int32_t)s->vertex_count;
          back[s->vertex_count] = n;
          s->vertices[s->vertex_count++] = tet_to_world(frame, fea_mesh_point(m, n));
        }
        to[c] = number[n];
      }
    }
  *out = s;
  s = NULL;
  if (node) {
    *node = back;
    back = NULL;
  }
done:
  free(number);
  free(back);
  fea_faces_destroy(f);
  surface_destroy(s);
  return st;
}

/* Views of the load: y of the frame up. */
static void load_views(struct surface_view v[4], const struct tet_frame *f) {
  const struct vec3 *a = f->axis;
  v[0] = (struct surface_view){vec3_scale(a[0], -1), a[1], "front, head above"};
  v[1] = (struct surface_view){a[0], a[1], "back, head above"};
  v[2] = (struct surface_view){a[1], a[2], "onto the head"};
  v[3] = (struct surface_view){vec3_scale(a[1], -1), a[2], "onto the trochanter"};
}

static bool in_cap(const struct fea_mesh *m, uint8_t *mark) {
  const int n = fea_element_nodes(m->element);
  memset(mark, 0, (size_t)m->node_count);
  for (int64_t i = 0; i < m->element_count * n; i++)
    if (m->part[i / n] == FEA_CAP) mark[m->nodes[i]] = 1;
  return true;
}

status fea_tet_picture(struct picture **out, const struct fea_tet_fall *f) {
  status st = ST_OK;
  struct surface *s = NULL;
  int64_t *node = NULL;
  uint8_t *cap = malloc((size_t)f->mesh->node_count);
  double *value = NULL;
  struct surface_view views[4];
  CHECK(cap, ST_MEMORY, "mesh picture: no memory");
  TRY(fea_mesh_surface(&s, &node, f->mesh, &f->frame));
  in_cap(f->mesh, cap);
  value = malloc((size_t)s->vertex_count * sizeof *value);
  CHECK(value, ST_MEMORY, "mesh picture: no memory");
  for (int64_t v = 0; v < s->vertex_count; v++) {
    double strain[6], principal[3];
    for (int c = 0; c < 6; c++) strain[c] = (double)f->fields->node_strain[6 * node[v] + c];
    fea_principal(strain, principal);
    const double pull = principal[0] / f->limits.tension_limit;
    const double push = -principal[2] / f->limits.compression_limit;
    value[v] = cap[node[v]] ? NAN : 100 * f->failure.factor_volume * (pull > push ? pull : -push);
  }
  load_views(views, &f->frame);
  const struct surface_paint paint = {.values = value,
                                      .low = -100,
                                      .high = 100,
                                      .diverging = true,
                                      .title = "of the strain limit",
                                      .unit = "%"};
  TRY(surface_render(out, s, &paint, views, 4, 640));
done:
  free(cap);
  free(node);
  free(value);
  surface_destroy(s);
  return st;
}

status fea_mesh_picture(struct picture **out, const struct fea_mesh *m,
                        const struct tet_frame *frame) {
  status st = ST_OK;
  struct surface *s = NULL;
  struct surface_view views[4];
  const struct surface_paint plain = {.values = NULL};
  TRY(fea_mesh_surface(&s, NULL, m, frame));
  surface_views_standard(views, 0);
  TRY(surface_render(out, s, &plain, views, 4, 640));
done:
  surface_destroy(s);
  return st;
}
