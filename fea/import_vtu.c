/* VTK unstructured grids: arrays as text, base64 in place, or appended raw; not compressed. */
#include "fea/import_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 64 };

struct vtu {
  struct fea_reader r;
  const char *appended; /* first byte after "_", NULL */
  int header;           /* bytes of a length: 4 or 8 */
};

/* Value of an attribute of the tag that begins at `tag`; "" when it is not there. */
static void attribute(char out[WORD], const char *tag, const char *name) {
  const char *end = strchr(tag, '>');
  const size_t n = strlen(name);
  out[0] = '\0';
  for (const char *at = tag; end && at < end; at++) {
    if (at == tag || at[-1] > ' ' || strncmp(at, name, n) != 0) continue;
    const char *from = at + n;
    while (*from == ' ') from++;
    if (*from != '=') continue;
    from++;
    while (*from == ' ') from++;
    if (*from != '"' && *from != '\'') continue;
    size_t length = strcspn(from + 1, *from == '"' ? "\"" : "'");
    if (length >= WORD) length = WORD - 1;
    memcpy(out, from + 1, length);
    out[length] = '\0';
    return;
  }
}

static int digit(char c) {
  static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = c ? strchr(set, c) : NULL;
  return at ? (int)(at - set) : -1;
}

/* Bytes of base64 up to '<'; blanks are passed over. */
static unsigned char *decode(const char *from, size_t *length) {
  const size_t room = strcspn(from, "<");
  unsigned char *out = malloc(room / 4 * 3 + 4);
  unsigned bits = 0;
  int held = 0;
  *length = 0;
  for (size_t i = 0; out && i < room; i++) {
    const int d = digit(from[i]);
    if (from[i] == '=') held = 0, bits = 0; /* a length may be padded apart from its data */
    if (d < 0) continue;
    bits = bits << 6 | (unsigned)d;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out[(*length)++] = (unsigned char)(bits >> held);
  }
  return out;
}

static double value_at(const unsigned char *p, const char *type, int bytes) {
  union {
    float f;
    double d;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint64_t u64;
  } v = {.u64 = 0};
  memcpy(&v, p, (size_t)bytes);
  if (strcmp(type, "Float32") == 0) return (double)v.f;
  if (strcmp(type, "Float64") == 0) return v.d;
  if (type[0] == 'U') return (double)v.u64;
  return (double)(bytes == 1 ? v.i8 : bytes == 2 ? v.i16 : bytes == 4 ? v.i32 : v.i64);
}

static status from_bytes(double *out, int64_t n, const unsigned char *bytes, size_t have,
                         const struct vtu *v, const char *type, const char *name) {
  status st = ST_OK;
  const char *digits = type + strcspn(type, "0123456789");
  const int width = atoi(digits) / 8;
  uint64_t length = 0;
  CHECK(width == 1 || width == 2 || width == 4 || width == 8, ST_FORMAT,
        "mesh file %s: array %s has type \"%s\"", v->r.name, name, type);
  CHECK(have >= (size_t)v->header, ST_FORMAT, "mesh file %s: array %s has no data; truncated?",
        v->r.name, name);
  memcpy(&length, bytes, (size_t)v->header);
  CHECK(length == (uint64_t)n * (uint64_t)width && have - (size_t)v->header >= length, ST_FORMAT,
        "mesh file %s: array %s holds %llu of %llu bytes; truncated?", v->r.name, name,
        (unsigned long long)(have - (size_t)v->header), (unsigned long long)n * (unsigned)width);
  for (int64_t i = 0; i < n; i++) out[i] = value_at(bytes + v->header + i * width, type, width);
done:
  return st;
}

/* The tag of an array in a part of the file ("<Points", "<Cells", "<CellData", ...); NULL without.
 */
static const char *find_array(const struct vtu *v, const char *group, const char *name) {
  const char *at = strstr(v->r.data, group);
  const char *end = at ? strchr(at + 1, '>') : NULL;
  char closing[WORD], word[WORD];
  if (!end) return NULL;
  snprintf(closing, sizeof closing, "</%s", group + 1);
  end = strstr(at, closing);
  for (at = strstr(at, "<DataArray"); at && (!end || at < end); at = strstr(at + 1, "<DataArray")) {
    attribute(word, at, "Name");
    if (!name || strcmp(word, name) == 0) return at;
  }
  return NULL;
}

/* n numbers of an array. @return ST_FORMAT */
static status read_array(double **out, struct vtu *v, const char *tag, int64_t n,
                         const char *name) {
  status st = ST_OK;
  char format[WORD], type[WORD], offset[WORD];
  unsigned char *bytes = NULL;
  double *value = NULL;
  CHECK(n >= 0 && (size_t)n <= v->r.length, ST_FORMAT,
        "mesh file %s: array %s would hold %lld numbers in a file of %zu bytes", v->r.name, name,
        (long long)n, v->r.length);
  value = malloc(((size_t)n + 1) * sizeof *value);
  CHECK(value, ST_MEMORY, "mesh file: no memory for array %s", name);
  attribute(format, tag, "format");
  attribute(type, tag, "type");
  attribute(offset, tag, "offset");
  const char *content = strchr(tag, '>');
  CHECK(content, ST_FORMAT, "mesh file %s: array %s is not closed; truncated?", v->r.name, name);
  content++;
  if (strcmp(format, "ascii") == 0) {
    v->r.at = content;
    for (int64_t i = 0; i < n; i++) TRY(fea_reader_number(&value[i], &v->r, false, name));
  } else if (strcmp(format, "binary") == 0) {
    size_t have;
    bytes = decode(content, &have);
    CHECK(bytes, ST_MEMORY, "mesh file: no memory for array %s", name);
    TRY(from_bytes(value, n, bytes, have, v, type, name));
  } else {
    const size_t at = (size_t)strtoull(offset, NULL, 10);
    CHECK(v->appended && strcmp(format, "appended") == 0 &&
              at < (size_t)(v->r.data + v->r.length - v->appended),
          ST_FORMAT, "mesh file %s: array %s has format \"%s\" or lies beyond the end", v->r.name,
          name, format);
    TRY(from_bytes(value, n, (const unsigned char *)v->appended + at,
                   (size_t)(v->r.data + v->r.length - v->appended) - at, v, type, name));
  }
  *out = value;
  value = NULL;
done:
  free(bytes);
  free(value);
  return st;
}

static status open_vtu(struct vtu *v, const char *path) {
  status st = ST_OK;
  char word[WORD];
  TRY(fea_reader_open(&v->r, path));
  const char *root = strstr(v->r.data, "<VTKFile"), *data;
  CHECK(root && strstr(root, "<UnstructuredGrid"), ST_FORMAT,
        "mesh file %s: it is no VTK UnstructuredGrid", v->r.name);
  attribute(word, root, "compressor");
  CHECK(!word[0], ST_FORMAT,
        "mesh file %s: its arrays are compressed (%s); write it without compression (ParaView: "
        "data mode ASCII; meshio: binary=False or compression=None)",
        v->r.name, word);
  attribute(word, root, "byte_order");
  CHECK(strcmp(word, "BigEndian") != 0, ST_FORMAT, "mesh file %s: big-endian data", v->r.name);
  attribute(word, root, "header_type");
  v->header = strcmp(word, "UInt64") == 0 ? 8 : 4;
  data = strstr(root, "<AppendedData");
  if (data) {
    attribute(word, data, "encoding");
    CHECK(strcmp(word, "raw") == 0, ST_FORMAT, "mesh file %s: appended data in %s; read is raw",
          v->r.name, word);
    data = strchr(data, '_');
    v->appended = data ? data + 1 : NULL;
  }
done:
  return st;
}

static status required(const char **tag, const struct vtu *v, const char *group, const char *name) {
  status st = ST_OK;
  *tag = find_array(v, group, name);
  CHECK(*tag, ST_FORMAT, "mesh file %s: array %s of %s is not there; truncated?", v->r.name,
        name ? name : "of positions", group + 1);
done:
  return st;
}

/* n whole numbers from 0 to most that do not fall where they must rise. @return ST_FORMAT */
static status read_counts(double **out, struct vtu *v, const char *tag, int64_t n, double most,
                          bool rising, const char *name) {
  status st = ST_OK;
  double *value = NULL;
  TRY(read_array(&value, v, tag, n, name));
  for (int64_t i = 0; i < n; i++) {
    CHECK(value[i] >= 0 && value[i] <= most && value[i] == floor(value[i]), ST_FORMAT,
          "mesh file %s: array %s has %g at place %lld, a whole number from 0 to %.0f expected",
          v->r.name, name, value[i], (long long)i, most);
    CHECK(!rising || !i || value[i] >= value[i - 1], ST_FORMAT,
          "mesh file %s: array %s falls from %.0f to %.0f at place %lld", v->r.name, name,
          value[i - 1], value[i], (long long)i);
  }
  *out = value;
  value = NULL;
done:
  free(value);
  return st;
}

/* Cells of solids; flat ones are passed over. */
static status read_cells(struct fea_mesh_draft *d, struct vtu *v, int64_t cells) {
  status st = ST_OK;
  double *offset = NULL, *type = NULL, *connectivity = NULL;
  const char *tag;
  TRY(required(&tag, v, "<Cells", "offsets"));
  TRY(read_counts(&offset, v, tag, cells, (double)v->r.length, true, "offsets"));
  TRY(required(&tag, v, "<Cells", "types"));
  TRY(read_counts(&type, v, tag, cells, UINT8_MAX, false, "types"));
  TRY(required(&tag, v, "<Cells", "connectivity"));
  TRY(read_counts(&connectivity, v, tag, (int64_t)offset[cells - 1], INT32_MAX, false,
                  "connectivity"));
  for (int64_t e = 0; e < cells; e++) {
    const int t = (int)type[e];
    const int kind = t == 10 ? FEA_TET4 : t == 24 ? FEA_TET10 : t == 12 ? FEA_HEX8 : -1;
    const bool flat = t <= 9 || (t >= 21 && t <= 23);
    const int64_t from = e ? (int64_t)offset[e - 1] : 0;
    int64_t nodes[FEA_ELEMENT_MOST];
    CHECK(kind >= 0 || flat, ST_FORMAT,
          "mesh file %s: cell %lld has VTK type %d; read are 10, 24 (tetrahedra) and 12 "
          "(hexahedra)",
          v->r.name, (long long)e, t);
    if (kind < 0) continue;
    const int per = fea_element_nodes((enum fea_element)kind);
    CHECK((int64_t)offset[e] - from == per, ST_FORMAT, "mesh file %s: cell %lld has %lld nodes",
          v->r.name, (long long)e, (long long)offset[e] - (long long)from);
    for (int c = 0; c < per; c++) nodes[c] = (int64_t)connectivity[from + c];
    TRY(fea_mesh_draft_element(d, (enum fea_element)kind, e, nodes, FEA_BONE, v->r.name));
  }
done:
  free(offset);
  free(type);
  free(connectivity);
  return st;
}

/* What this program's own files hold beside the mesh: moduli, parts, supports, forces. */
static status read_model(struct fea_mesh *m, const struct fea_mesh_numbers *numbers, struct vtu *v,
                         int64_t cells) {
  status st = ST_OK;
  double *value = NULL;
  const char *tag = find_array(v, "<CellData", "modulus_mpa");
  if (tag) {
    TRY(read_array(&value, v, tag, cells, "modulus_mpa"));
    for (int64_t e = 0; e < m->element_count; e++) m->modulus[e] = value[numbers->element[e]];
    free(value), value = NULL;
  }
  if ((tag = find_array(v, "<CellData", "part"))) {
    TRY(read_counts(&value, v, tag, cells, UINT8_MAX, false, "part"));
    for (int64_t e = 0; e < m->element_count; e++) m->part[e] = (uint8_t)value[numbers->element[e]];
    free(value), value = NULL;
  }
  if ((tag = find_array(v, "<FieldData", "poisson"))) {
    TRY(read_array(&value, v, tag, 1, "poisson"));
    m->poisson = value[0];
    free(value), value = NULL;
  }
  if ((tag = find_array(v, "<PointData", "prescribed_mm"))) {
    TRY(read_array(&value, v, tag, 3 * m->node_count, "prescribed_mm"));
    for (int64_t i = 0; i < 3 * m->node_count; i++)
      if (!isnan(value[i])) TRY(fea_mesh_fix(m, i / 3, (int)(i % 3), value[i]));
    free(value), value = NULL;
  }
  if ((tag = find_array(v, "<PointData", "force_n"))) {
    TRY(read_array(&value, v, tag, 3 * m->node_count, "force_n"));
    for (int64_t i = 0; i < 3 * m->node_count; i++)
      if (value[i] != 0) TRY(fea_mesh_load(m, i / 3, (int)(i % 3), value[i]));
  }
done:
  free(value);
  return st;
}

status fea_vtu_read(struct fea_mesh **out, struct fea_mesh_numbers *numbers, const char *path) {
  status st = ST_OK;
  struct vtu v = {.header = 4};
  struct fea_mesh_draft d = {.kind = -1};
  struct fea_mesh_numbers n = {NULL, NULL};
  struct fea_mesh *m = NULL;
  double *points = NULL;
  char word[WORD];
  const char *tag;
  TRY(open_vtu(&v, path));
  const char *piece = strstr(v.r.data, "<Piece");
  CHECK(piece && !strstr(piece + 1, "<Piece"), ST_FORMAT,
        "mesh file %s: it must hold one piece; truncated or written in parallel?", v.r.name);
  attribute(word, piece, "NumberOfPoints");
  const int64_t nodes = strtoll(word, NULL, 10);
  attribute(word, piece, "NumberOfCells");
  const int64_t cells = strtoll(word, NULL, 10);
  CHECK(nodes > 0 && cells > 0 && nodes < INT32_MAX && cells < INT32_MAX, ST_FORMAT,
        "mesh file %s: %lld points and %lld cells", v.r.name, (long long)nodes, (long long)cells);
  TRY(required(&tag, &v, "<Points", NULL));
  TRY(read_array(&points, &v, tag, 3 * nodes, "Points"));
  for (int64_t i = 0; i < nodes; i++) TRY(fea_mesh_draft_node(&d, i, points + 3 * i));
  TRY(read_cells(&d, &v, cells));
  TRY(fea_mesh_draft_finish(&m, &n, &d, v.r.name));
  TRY(read_model(m, &n, &v, cells));
  *out = m;
  *numbers = n;
  m = NULL;
  n = (struct fea_mesh_numbers){NULL, NULL};
done:
  free(points);
  fea_mesh_numbers_clear(&n);
  fea_mesh_destroy(m);
  fea_mesh_draft_clear(&d);
  fea_reader_close(&v.r);
  return st;
}
