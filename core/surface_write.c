/* Surfaces to files: VTK PolyData, PLY, STL and OBJ. Little-endian hosts only, as the formats are
 * written. */
#include "core/file.h"
#include "core/surface.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* Raw array with VTK's length word in front, in base64. */
static status vtp_array(struct text *t, const char *type, const char *name, int components,
                        const void *data, size_t bytes) {
  status st = ST_OK;
  char *block = malloc(bytes + 8);
  CHECK(block, ST_MEMORY, "surface: no memory for array %s", name);
  uint64_t length = bytes;
  memcpy(block, &length, 8);
  if (bytes) memcpy(block + 8, data, bytes);
  text_append(t, "<DataArray type=\"%s\" Name=\"", type);
  text_append_html(t, name);
  text_append(t, "\" NumberOfComponents=\"%d\" format=\"binary\">\n", components);
  text_append_base64(t, block, bytes + 8);
  text_append(t, "\n</DataArray>\n");
done:
  free(block);
  return st;
}

static status vtp_cells(struct text *t, const struct surface *s) {
  status st = ST_OK;
  size_t bytes = (size_t)s->triangle_count * 3 * sizeof(int32_t);
  int32_t *offsets = malloc((size_t)(s->triangle_count + 1) * sizeof *offsets);
  CHECK(offsets, ST_MEMORY, "surface: no memory for %lld offsets", (long long)s->triangle_count);
  for (int64_t n = 0; n < s->triangle_count; n++) offsets[n] = (int32_t)(3 * n + 3);
  text_append(t, "<Polys>\n");
  TRY(vtp_array(t, "Int32", "connectivity", 1, s->triangles, bytes));
  TRY(vtp_array(t, "Int32", "offsets", 1, offsets, bytes / 3));
  text_append(t, "</Polys>\n");
done:
  free(offsets);
  return st;
}

static status write_vtp(struct text *t, const struct surface *s,
                        const struct surface_scalar *scalars, int count) {
  status st = ST_OK;
  size_t n = (size_t)s->vertex_count;
  text_append(t, "<?xml version=\"1.0\"?>\n<VTKFile type=\"PolyData\" version=\"1.0\" "
                 "byte_order=\"LittleEndian\" header_type=\"UInt64\">\n<PolyData>\n");
  text_append(t, "<Piece NumberOfPoints=\"%lld\" NumberOfPolys=\"%lld\">\n<PointData>\n",
              (long long)s->vertex_count, (long long)s->triangle_count);
  if (s->normals) TRY(vtp_array(t, "Float64", "Normals", 3, s->normals, n * sizeof *s->normals));
  for (int c = 0; c < count; c++)
    TRY(vtp_array(t, "Float64", scalars[c].name, 1, scalars[c].values, n * sizeof(double)));
  text_append(t, "</PointData>\n<Points>\n");
  TRY(vtp_array(t, "Float64", "Points", 3, s->vertices, n * sizeof *s->vertices));
  text_append(t, "</Points>\n");
  TRY(vtp_cells(t, s));
  text_append(t, "</Piece>\n</PolyData>\n</VTKFile>\n");
done:
  return st;
}

/* PLY property names may not hold blanks. */
static void ply_name(char out[64], const char *name) {
  size_t n = 0;
  for (; name[n] && n < 63; n++) out[n] = strchr(" \t\r\n", name[n]) ? '_' : name[n];
  out[n] = 0;
}

static void write_ply(struct text *t, const struct surface *s, const struct surface_scalar *scalars,
                      int count) {
  text_append(t, "ply\nformat binary_little_endian 1.0\ncomment LPS mm\nelement vertex %lld\n",
              (long long)s->vertex_count);
  text_append(t, "property double x\nproperty double y\nproperty double z\n");
  if (s->normals) text_append(t, "property double nx\nproperty double ny\nproperty double nz\n");
  for (int c = 0; c < count; c++) {
    char name[64];
    ply_name(name, scalars[c].name);
    text_append(t, "property double %s\n", name);
  }
  text_append(t, "element face %lld\nproperty list uchar int vertex_indices\nend_header\n",
              (long long)s->triangle_count);
  for (int64_t v = 0; v < s->vertex_count; v++) {
    text_append_raw(t, (const char *)&s->vertices[v], sizeof(struct vec3));
    if (s->normals) text_append_raw(t, (const char *)&s->normals[v], sizeof(struct vec3));
    for (int c = 0; c < count; c++)
      text_append_raw(t, (const char *)&scalars[c].values[v], sizeof(double));
  }
  for (int64_t n = 0; n < s->triangle_count; n++) {
    text_append_raw(t, "\3", 1);
    text_append_raw(t, (const char *)(s->triangles + 3 * n), 3 * sizeof(int32_t));
  }
}

static void write_stl(struct text *t, const struct surface *s) {
  char header[80] = "triangles, LPS mm";
  uint32_t count = (uint32_t)s->triangle_count;
  text_append_raw(t, header, sizeof header);
  text_append_raw(t, (const char *)&count, sizeof count);
  for (int64_t n = 0; n < s->triangle_count; n++) {
    const int32_t *c = s->triangles + 3 * n;
    struct vec3 p[4];
    for (int m = 0; m < 3; m++) p[m + 1] = s->vertices[c[m]];
    p[0] = vec3_unit(vec3_cross(vec3_sub(p[2], p[1]), vec3_sub(p[3], p[1])));
    float f[12];
    for (int m = 0; m < 4; m++) {
      f[3 * m] = (float)p[m].x;
      f[3 * m + 1] = (float)p[m].y;
      f[3 * m + 2] = (float)p[m].z;
    }
    text_append_raw(t, (const char *)f, sizeof f);
    text_append_raw(t, "\0\0", 2);
  }
}

static void write_obj(struct text *t, const struct surface *s) {
  text_append(t, "# LPS mm\n");
  for (int64_t v = 0; v < s->vertex_count; v++)
    text_append(t, "v %.9g %.9g %.9g\n", s->vertices[v].x, s->vertices[v].y, s->vertices[v].z);
  if (s->normals)
    for (int64_t v = 0; v < s->vertex_count; v++)
      text_append(t, "vn %.6g %.6g %.6g\n", s->normals[v].x, s->normals[v].y, s->normals[v].z);
  for (int64_t n = 0; n < s->triangle_count; n++) {
    const int32_t *c = s->triangles + 3 * n;
    if (s->normals)
      text_append(t, "f %d//%d %d//%d %d//%d\n", c[0] + 1, c[0] + 1, c[1] + 1, c[1] + 1, c[2] + 1,
                  c[2] + 1);
    else
      text_append(t, "f %d %d %d\n", c[0] + 1, c[1] + 1, c[2] + 1);
  }
}

status surface_write(const struct surface *s, const struct surface_scalar *scalars, int count,
                     const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  if (file_has_suffix(path, ".vtp"))
    TRY(write_vtp(&t, s, scalars, count));
  else if (file_has_suffix(path, ".ply"))
    write_ply(&t, s, scalars, count);
  else if (file_has_suffix(path, ".stl"))
    write_stl(&t, s);
  else if (file_has_suffix(path, ".obj"))
    write_obj(&t, s);
  else
    FAIL(ST_USAGE, "surface: %s: the suffix must be .vtp, .ply, .stl or .obj", file_name(path));
  TRY(text_check(&t, "surface"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}
