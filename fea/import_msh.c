/* Gmsh 4.1 text meshes. */
#include "fea/import_parts.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_VOLUMES = 4096 };

/* Volumes that carry the physical name "cap". */
struct parts {
  int64_t cap_tag; /* physical tag, -1 when there is none */
  int64_t cap_volume[MOST_VOLUMES];
  int count;
};

static bool section(const struct fea_reader *r, const char *name) {
  const size_t n = strlen(name);
  return strncmp(r->at, name, n) == 0 && (r->at[n] == '\n' || r->at[n] == '\r');
}

static status read_format(struct fea_reader *r) {
  status st = ST_OK;
  double version;
  int64_t binary;
  TRY(fea_reader_number(&version, r, false, "a version"));
  TRY(fea_reader_integer(&binary, r, false, "0 (text)"));
  CHECK(version > 4.05 && version < 4.15 && binary == 0, ST_FORMAT,
        "mesh file %s: Gmsh format %g, %s; read is 4.1 text (gmsh FILE -save -format msh41 -o OUT)",
        r->name, version, binary ? "binary" : "text");
done:
  return st;
}

static status read_names(struct parts *p, struct fea_reader *r) {
  status st = ST_OK;
  int64_t n, dim, tag;
  TRY(fea_reader_integer(&n, r, false, "a number of names"));
  for (int64_t i = 0; i < n; i++) {
    TRY(fea_reader_integer(&dim, r, false, "a dimension"));
    TRY(fea_reader_integer(&tag, r, false, "a physical tag"));
    while (*r->at == ' ') r->at++;
    if (dim == 3 && strncmp(r->at, "\"cap\"", 5) == 0) p->cap_tag = tag;
    fea_reader_next_line(r);
  }
done:
  return st;
}

/* Numbers before the physical tags: 4 for a point (tag and position), 7 for the others. */
static status read_entity(struct parts *p, struct fea_reader *r, int dim) {
  status st = ST_OK;
  int64_t tag, n, physical;
  double skipped;
  TRY(fea_reader_integer(&tag, r, false, "an entity's tag"));
  for (int i = 0; i < (dim ? 6 : 3); i++) TRY(fea_reader_number(&skipped, r, false, "a bound"));
  TRY(fea_reader_integer(&n, r, false, "a number of physical tags"));
  for (int64_t i = 0; i < n; i++) {
    TRY(fea_reader_integer(&physical, r, false, "a physical tag"));
    if (dim == 3 && physical == p->cap_tag && p->count < MOST_VOLUMES)
      p->cap_volume[p->count++] = tag;
  }
  if (!dim) return ST_OK;
  TRY(fea_reader_integer(&n, r, false, "a number of bounding entities"));
  for (int64_t i = 0; i < n; i++) TRY(fea_reader_integer(&physical, r, false, "a bounding entity"));
done:
  return st;
}

static status read_entities(struct parts *p, struct fea_reader *r) {
  status st = ST_OK;
  int64_t n[4];
  for (int d = 0; d < 4; d++) TRY(fea_reader_integer(&n[d], r, false, "a number of entities"));
  for (int d = 0; d < 4; d++)
    for (int64_t i = 0; i < n[d]; i++) TRY(read_entity(p, r, d));
done:
  return st;
}

static status read_nodes(struct fea_mesh_draft *d, struct fea_reader *r) {
  status st = ST_OK;
  int64_t blocks, skipped, n, dim, parametric, *id = NULL;
  TRY(fea_reader_integer(&blocks, r, false, "a number of blocks"));
  for (int i = 0; i < 3; i++) TRY(fea_reader_integer(&skipped, r, false, "a number of nodes"));
  for (int64_t b = 0; b < blocks; b++) {
    TRY(fea_reader_integer(&dim, r, false, "a dimension"));
    TRY(fea_reader_integer(&skipped, r, false, "an entity's tag"));
    TRY(fea_reader_integer(&parametric, r, false, "0 or 1"));
    TRY(fea_reader_integer(&n, r, false, "a number of nodes"));
    CHECK(n >= 0 && n < (int64_t)r->length, ST_FORMAT,
          "mesh file %s: line %lld announces %lld nodes, more than the file can hold", r->name,
          (long long)r->line, (long long)n);
    free(id);
    id = malloc(((size_t)n + 1) * sizeof *id);
    CHECK(id, ST_MEMORY, "mesh file: no memory for %lld nodes", (long long)n);
    for (int64_t i = 0; i < n; i++) TRY(fea_reader_integer(&id[i], r, false, "a node number"));
    for (int64_t i = 0; i < n; i++) {
      double p[3], more;
      for (int a = 0; a < 3; a++) TRY(fea_reader_number(&p[a], r, false, "a coordinate"));
      for (int64_t a = 0; parametric && a < dim; a++)
        TRY(fea_reader_number(&more, r, false, "a parameter"));
      TRY(fea_mesh_draft_node(d, id[i], p));
    }
  }
done:
  free(id);
  return st;
}

/* Gmsh's order of a 10-node tetrahedron has edge 23 before 13. */
static status read_block(struct fea_mesh_draft *d, const struct parts *p, struct fea_reader *r) {
  status st = ST_OK;
  int64_t dim, tag, type, n, id, nodes[FEA_ELEMENT_MOST];
  TRY(fea_reader_integer(&dim, r, false, "a dimension"));
  TRY(fea_reader_integer(&tag, r, false, "an entity's tag"));
  TRY(fea_reader_integer(&type, r, false, "an element type"));
  TRY(fea_reader_integer(&n, r, false, "a number of elements"));
  const int kind = type == 4 ? FEA_TET4 : type == 11 ? FEA_TET10 : type == 5 ? FEA_HEX8 : -1;
  CHECK(kind >= 0 || dim < 3, ST_FORMAT,
        "mesh file %s: line %lld has solids of Gmsh type %lld; read are 4, 11 (tetrahedra) and 5 "
        "(hexahedra)",
        r->name, (long long)r->line, (long long)type);
  enum fea_part part = FEA_BONE;
  for (int i = 0; i < p->count; i++)
    if (p->cap_volume[i] == tag) part = FEA_CAP;
  fea_reader_next_line(r);
  for (int64_t i = 0; i < n; i++) {
    if (kind < 0) {
      CHECK(fea_reader_next_line(r), ST_FORMAT, "mesh file %s: it ends at line %lld; truncated?",
            r->name, (long long)r->line);
      continue;
    }
    TRY(fea_reader_integer(&id, r, false, "an element number"));
    for (int c = 0; c < fea_element_nodes((enum fea_element)kind); c++)
      TRY(fea_reader_integer(&nodes[kind == FEA_TET10 && c > 7 ? 17 - c : c], r, false,
                             "a node number of an element"));
    TRY(fea_mesh_draft_element(d, (enum fea_element)kind, id, nodes, part, r->name));
    if (i + 1 < n) fea_reader_next_line(r);
  }
  if (kind >= 0) fea_reader_next_line(r);
done:
  return st;
}

static status read_elements(struct fea_mesh_draft *d, const struct parts *p, struct fea_reader *r) {
  status st = ST_OK;
  int64_t blocks, skipped;
  TRY(fea_reader_integer(&blocks, r, false, "a number of blocks"));
  for (int i = 0; i < 3; i++) TRY(fea_reader_integer(&skipped, r, false, "a number of elements"));
  for (int64_t b = 0; b < blocks; b++) TRY(read_block(d, p, r));
done:
  return st;
}

status fea_msh_read(struct fea_mesh **out, struct fea_mesh_numbers *numbers, const char *path) {
  status st = ST_OK;
  struct fea_reader r;
  struct fea_mesh_draft d = {.kind = -1};
  struct parts *parts = calloc(1, sizeof *parts);
  TRY(fea_reader_open(&r, path));
  CHECK(parts, ST_MEMORY, "mesh file: no memory");
  parts->cap_tag = -1;
  CHECK(section(&r, "$MeshFormat"), ST_FORMAT,
        "mesh file %s: it does not begin with $MeshFormat; not a Gmsh mesh", r.name);
  do {
    const bool format = section(&r, "$MeshFormat"), names = section(&r, "$PhysicalNames");
    const bool entities = section(&r, "$Entities"), nodes = section(&r, "$Nodes");
    const bool elements = section(&r, "$Elements");
    if (!format && !names && !entities && !nodes && !elements) continue;
    fea_reader_next_line(&r);
    if (format) TRY(read_format(&r));
    if (names) TRY(read_names(parts, &r));
    if (entities) TRY(read_entities(parts, &r));
    if (nodes) TRY(read_nodes(&d, &r));
    if (elements) {
      TRY(read_elements(&d, parts, &r));
      CHECK(strncmp(r.at, "$EndElements", 12) == 0, ST_FORMAT,
            "mesh file %s: line %lld should be $EndElements; truncated?", r.name,
            (long long)r.line);
    }
  } while (fea_reader_next_line(&r));
  TRY(fea_mesh_draft_finish(out, numbers, &d, r.name));
done:
  free(parts);
  fea_mesh_draft_clear(&d);
  fea_reader_close(&r);
  return st;
}
