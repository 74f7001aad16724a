/* VTK unstructured grids, base64 with an 8-byte length in front. Little-endian hosts only. */
#include "core/file.h"
#include "core/text.h"
#include "fea/mesh_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static status array(struct text *t, const char *type, const char *name, int components,
                    const void *data, size_t bytes) {
  status st = ST_OK;
  char *block = malloc(bytes + 8);
  const uint64_t length = bytes;
  CHECK(block, ST_MEMORY, "VTU: no memory for array %s", name);
  memcpy(block, &length, 8);
  memcpy(block + 8, data, bytes);
  text_append(t,
              "<DataArray type=\"%s\" Name=\"%s\" NumberOfComponents=\"%d\" format=\"binary\">\n",
              type, name, components);
  text_append_base64(t, block, bytes + 8);
  text_append(t, "\n</DataArray>\n");
done:
  free(block);
  return st;
}

static status given_fields(struct text *t, const struct fea_mesh *m,
                           const struct fea_mesh_field *fields, int count, bool on_nodes) {
  status st = ST_OK;
  const size_t n = (size_t)(on_nodes ? m->node_count : m->element_count);
  for (int f = 0; f < count; f++) {
    if (fields[f].on_nodes != on_nodes) continue;
    const size_t values = n * (size_t)fields[f].components;
    if (fields[f].doubles)
      TRY(array(t, "Float64", fields[f].name, fields[f].components, fields[f].doubles, 8 * values));
    else
      TRY(array(t, "Float32", fields[f].name, fields[f].components, fields[f].floats, 4 * values));
  }
done:
  return st;
}

/* Supports (NaN: free) and forces of every node. */
static status node_conditions(struct text *t, const struct fea_mesh *m) {
  status st = ST_OK;
  const size_t n = 3 * (size_t)m->node_count;
  double *value = malloc(n * sizeof *value);
  CHECK(value, ST_MEMORY, "VTU: no memory for %zu supports", n);
  for (size_t i = 0; i < n; i++) value[i] = NAN;
  for (int64_t s = 0; s < m->support_count; s++)
    value[3 * m->support[s].node + m->support[s].axis] = m->support[s].value_mm;
  if (m->support_count) TRY(array(t, "Float64", "prescribed_mm", 3, value, 8 * n));
  memset(value, 0, n * sizeof *value);
  for (int64_t f = 0; f < m->force_count; f++)
    value[3 * m->force[f].node + m->force[f].axis] += m->force[f].newton;
  if (m->force_count) TRY(array(t, "Float64", "force_n", 3, value, 8 * n));
done:
  free(value);
  return st;
}

static status cells(struct text *t, const struct fea_mesh *m) {
  static const uint8_t types[] = {10, 24, 12};
  status st = ST_OK;
  const size_t n = (size_t)m->element_count, per = (size_t)fea_element_nodes(m->element);
  int32_t *offset = malloc(n * sizeof *offset);
  uint8_t *type = malloc(n);
  CHECK(offset && type, ST_MEMORY, "VTU: no memory for %zu cells", n);
  for (size_t e = 0; e < n; e++) offset[e] = (int32_t)(per * (e + 1));
  memset(type, types[m->element], n);
  CHECK(n * per < INT32_MAX, ST_DOMAIN, "VTU: %zu cells are too many for the file", n);
  text_append(t, "<Cells>\n");
  TRY(array(t, "Int32", "connectivity", 1, m->nodes, 4 * n * per));
  TRY(array(t, "Int32", "offsets", 1, offset, 4 * n));
  TRY(array(t, "UInt8", "types", 1, type, n));
  text_append(t, "</Cells>\n");
done:
  free(offset);
  free(type);
  return st;
}

status fea_vtu_write(const struct fea_mesh *m, const struct fea_mesh_field *fields, int count,
                     const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  const size_t n = (size_t)m->element_count;
  text_append(&t, "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" version=\"1.0\" "
                  "byte_order=\"LittleEndian\" header_type=\"UInt64\">\n<UnstructuredGrid>\n");
  text_append(&t,
              "<FieldData>\n<DataArray type=\"Float64\" Name=\"poisson\" NumberOfTuples=\"1\" "
              "format=\"ascii\">%.17g</DataArray>\n</FieldData>\n",
              m->poisson);
  text_append(&t, "<Piece NumberOfPoints=\"%lld\" NumberOfCells=\"%lld\">\n<PointData>\n",
              (long long)m->node_count, (long long)m->element_count);
  TRY(node_conditions(&t, m));
  TRY(given_fields(&t, m, fields, count, true));
  text_append(&t, "</PointData>\n<CellData>\n");
  TRY(array(&t, "UInt8", "part", 1, m->part, n));
  TRY(array(&t, "Float64", "modulus_mpa", 1, m->modulus, 8 * n));
  if (m->density) TRY(array(&t, "Float64", "density_gcc", 1, m->density, 8 * n));
  TRY(given_fields(&t, m, fields, count, false));
  text_append(&t, "</CellData>\n<Points>\n");
  TRY(array(&t, "Float64", "Points", 3, m->points, 24 * (size_t)m->node_count));
  text_append(&t, "</Points>\n");
  TRY(cells(&t, m));
  text_append(&t, "</Piece>\n</UnstructuredGrid>\n</VTKFile>\n");
  TRY(text_check(&t, "VTU"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}
