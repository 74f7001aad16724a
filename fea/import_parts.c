#include "fea/import_parts.h"

#include "core/file.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

status fea_reader_open(struct fea_reader *r, const char *path) {
  status st = ST_OK;
  memset(r, 0, sizeof *r);
  r->name = file_name(path);
  TRY(file_read(&r->data, &r->length, path, (size_t)8 << 30));
  r->at = r->data;
  r->line = 1;
done:
  return st;
}

void fea_reader_close(struct fea_reader *r) {
  free(r->data);
  r->data = NULL;
}

bool fea_reader_next_line(struct fea_reader *r) {
  while (*r->at && *r->at != '\n') r->at++;
  if (!*r->at) return false;
  r->at++;
  r->line++;
  return *r->at != '\0';
}

static void skip_blanks(struct fea_reader *r, bool comma) {
  while (isspace((unsigned char)*r->at) || (comma && *r->at == ',')) {
    r->line += *r->at == '\n';
    r->at++;
  }
}

status fea_reader_number(double *out, struct fea_reader *r, bool comma, const char *what) {
  status st = ST_OK;
  char *end;
  skip_blanks(r, comma);
  CHECK(*r->at, ST_FORMAT, "mesh file %s: it ends at line %lld where %s should stand; truncated?",
        r->name, (long long)r->line, what);
  *out = strtod(r->at, &end);
  CHECK(end != r->at, ST_FORMAT, "mesh file %s: line %lld has \"%.16s\" where %s should stand",
        r->name, (long long)r->line, r->at, what);
  r->at = end;
done:
  return st;
}

status fea_reader_integer(int64_t *out, struct fea_reader *r, bool comma, const char *what) {
  status st = ST_OK;
  double value;
  TRY(fea_reader_number(&value, r, comma, what));
  CHECK(value == floor(value) && fabs(value) < 9e15, ST_FORMAT,
        "mesh file %s: line %lld has %g where %s, a whole number, should stand", r->name,
        (long long)r->line, value, what);
  *out = (int64_t)value;
done:
  return st;
}

void fea_mesh_draft_clear(struct fea_mesh_draft *d) {
  free(d->point);
  free(d->node_id);
  free(d->element);
  free(d->part);
}

status fea_mesh_draft_node(struct fea_mesh_draft *d, int64_t id, const double point[3]) {
  status st = ST_OK;
  if (d->nodes == d->node_capacity) {
    const size_t n = 2 * (size_t)d->node_capacity + 1024;
    double *p = realloc(d->point, 3 * n * sizeof *p);
    if (p) d->point = p;
    int64_t *i = realloc(d->node_id, n * sizeof *i);
    if (i) d->node_id = i;
    CHECK(p && i, ST_MEMORY, "mesh file: no memory for %zu nodes", n);
    d->node_capacity = (int64_t)n;
  }
  memcpy(d->point + 3 * d->nodes, point, 3 * sizeof *point);
  d->node_id[d->nodes++] = id;
done:
  return st;
}

status fea_mesh_draft_element(struct fea_mesh_draft *d, enum fea_element kind, int64_t id,
                              const int64_t *node_ids, enum fea_part part, const char *name) {
  status st = ST_OK;
  const int per = fea_element_nodes(kind);
  if (!d->elements) d->kind = (int)kind;
  CHECK(d->kind == (int)kind, ST_DOMAIN,
        "mesh file %s: it mixes %s and %s (element %lld); one kind of solid is permitted", name,
        fea_element_names[d->kind], fea_element_names[kind], (long long)id);
  if (d->elements == d->element_capacity) {
    const size_t n = 2 * (size_t)d->element_capacity + 1024;
    int64_t *e = realloc(d->element, n * (size_t)(per + 1) * sizeof *e);
    if (e) d->element = e;
    uint8_t *p = realloc(d->part, n);
    if (p) d->part = p;
    CHECK(e && p, ST_MEMORY, "mesh file: no memory for %zu elements", n);
    d->element_capacity = (int64_t)n;
  }
  int64_t *to = d->element + d->elements * (per + 1);
  to[0] = id;
  memcpy(to + 1, node_ids, (size_t)per * sizeof *to);
  d->part[d->elements++] = (uint8_t)part;
done:
  return st;
}

struct numbered {
  int64_t id, at;
};

static int by_id(const void *x, const void *y) {
  const struct numbered *p = x, *q = y;
  return p->id < q->id ? -1 : p->id > q->id;
}

static status sort_nodes(struct numbered **out, const struct fea_mesh_draft *d, const char *name) {
  status st = ST_OK;
  struct numbered *n = malloc(((size_t)d->nodes + 1) * sizeof *n);
  CHECK(n, ST_MEMORY, "mesh file: no memory for %lld nodes", (long long)d->nodes);
  for (int64_t i = 0; i < d->nodes; i++) n[i] = (struct numbered){d->node_id[i], i};
  qsort(n, (size_t)d->nodes, sizeof *n, by_id);
  for (int64_t i = 1; i < d->nodes; i++)
    CHECK(n[i].id != n[i - 1].id, ST_FORMAT, "mesh file %s: node %lld stands twice", name,
          (long long)n[i].id);
  *out = n;
  n = NULL;
done:
  free(n);
  return st;
}

status fea_mesh_draft_finish(struct fea_mesh **out, struct fea_mesh_numbers *numbers,
                             struct fea_mesh_draft *d, const char *name) {
  status st = ST_OK;
  struct numbered *sorted = NULL;
  struct fea_mesh *m = NULL;
  struct fea_mesh_numbers n = {NULL, NULL};
  CHECK(d->nodes > 0 && d->elements > 0, ST_DOMAIN,
        "mesh file %s: it holds %lld nodes and %lld solid elements (tetrahedra of 4 or 10 nodes, "
        "hexahedra of 8)",
        name, (long long)d->nodes, (long long)d->elements);
  const int per = fea_element_nodes((enum fea_element)d->kind);
  TRY(sort_nodes(&sorted, d, name));
  TRY(fea_mesh_create(&m, (enum fea_element)d->kind, d->nodes, d->elements));
  n.node = malloc((size_t)d->nodes * sizeof *n.node);
  n.element = malloc((size_t)d->elements * sizeof *n.element);
  CHECK(n.node && n.element, ST_MEMORY, "mesh file: no memory");
  memcpy(m->points, d->point, 3 * (size_t)d->nodes * sizeof *m->points);
  memcpy(m->part, d->part, (size_t)d->elements);
  memcpy(n.node, d->node_id, (size_t)d->nodes * sizeof *n.node);
  for (int64_t e = 0; e < d->elements; e++) {
    const int64_t *from = d->element + e * (per + 1);
    n.element[e] = from[0];
    for (int c = 0; c < per; c++) {
      const struct numbered key = {from[1 + c], 0};
      const struct numbered *found = bsearch(&key, sorted, (size_t)d->nodes, sizeof *sorted, by_id);
      CHECK(found, ST_FORMAT, "mesh file %s: element %lld names node %lld, which is not there",
            name, (long long)from[0], (long long)from[1 + c]);
      m->nodes[per * e + c] = (int32_t)found->at;
    }
  }
  *numbers = n;
  *out = m;
  n = (struct fea_mesh_numbers){NULL, NULL};
  m = NULL;
done:
  free(sorted);
  fea_mesh_numbers_clear(&n);
  fea_mesh_destroy(m);
  return st;
}
