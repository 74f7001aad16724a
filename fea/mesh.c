#include "fea/mesh.h"

#include "fea/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const fea_element_names[] = {"tet4", "tet10", "hex8", NULL};

int fea_element_nodes(enum fea_element element) {
  static const int n[] = {4, 10, 8};
  return n[element];
}

int fea_element_corners(enum fea_element element) {
  return element == FEA_HEX8 ? 8 : 4;
}

status fea_mesh_create(struct fea_mesh **out, enum fea_element element, int64_t nodes,
                       int64_t elements) {
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  CHECK(nodes > 0 && elements > 0, ST_DOMAIN, "mesh: %lld nodes and %lld elements; it is empty",
        (long long)nodes, (long long)elements);
  CHECK(nodes < INT32_MAX && elements < INT32_MAX, ST_DOMAIN,
        "mesh: %lld nodes and %lld elements, at most 2^31", (long long)nodes, (long long)elements);
  m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "mesh: no memory");
  const size_t n = (size_t)elements;
  m->element = element;
  m->node_count = nodes;
  m->element_count = elements;
  m->poisson = 0.3;
  m->points = calloc(3 * (size_t)nodes, sizeof *m->points);
  m->nodes = calloc(n * (size_t)fea_element_nodes(element), sizeof *m->nodes);
  m->part = malloc(n);
  m->modulus = calloc(n, sizeof *m->modulus);
  CHECK(m->points && m->nodes && m->part && m->modulus, ST_MEMORY,
        "mesh: no memory for %lld elements", (long long)elements);
  memset(m->part, FEA_BONE, n);
  *out = m;
  m = NULL;
done:
  fea_mesh_destroy(m);
  return st;
}

void fea_mesh_destroy(struct fea_mesh *m) {
  if (!m) return;
  free(m->points);
  free(m->nodes);
  free(m->part);
  free(m->modulus);
  free(m->density);
  free(m->support);
  free(m->force);
  free(m);
}

struct vec3 fea_mesh_point(const struct fea_mesh *m, int64_t node) {
  const double *p = m->points + 3 * node;
  return vec3_make(p[0], p[1], p[2]);
}

static status grow(void **array, int64_t count, int64_t *capacity, size_t size) {
  status st = ST_OK;
  if (count < *capacity) return ST_OK;
  const int64_t wanted = 2 * *capacity + 256;
  void *more = realloc(*array, (size_t)wanted * size);
  CHECK(more, ST_MEMORY, "mesh: no memory for %lld supports or forces", (long long)wanted);
  *array = more;
  *capacity = wanted;
done:
  return st;
}

static status check_dof(const struct fea_mesh *m, int64_t node, int axis, double value) {
  status st = ST_OK;
  CHECK(node >= 0 && node < m->node_count && axis >= 0 && axis < 3, ST_DOMAIN,
        "mesh: support or force on node %lld, axis %d; nodes are 0 .. %lld, axes 0 .. 2",
        (long long)node, axis, (long long)m->node_count - 1);
  CHECK(isfinite(value), ST_DOMAIN, "mesh: support or force of %g on node %lld", value,
        (long long)node);
done:
  return st;
}

status fea_mesh_fix(struct fea_mesh *m, int64_t node, int axis, double value_mm) {
  status st = ST_OK;
  TRY(check_dof(m, node, axis, value_mm));
  TRY(grow((void **)&m->support, m->support_count, &m->support_capacity, sizeof *m->support));
  m->support[m->support_count++] = (struct fea_support){node, axis, value_mm};
done:
  return st;
}

status fea_mesh_fix_plane(struct fea_mesh *m, int plane_axis, double at_mm, int axis,
                          double value_mm) {
  status st = ST_OK;
  const double near_mm = 1e-6;
  int64_t count = 0;
  for (int64_t n = 0; n < m->node_count; n++) {
    if (fabs(m->points[3 * n + plane_axis] - at_mm) > near_mm) continue;
    TRY(fea_mesh_fix(m, n, axis, value_mm));
    count++;
  }
  CHECK(count > 0, ST_DOMAIN, "mesh: no node on the plane %c = %g mm", "xyz"[plane_axis], at_mm);
done:
  return st;
}

status fea_mesh_load(struct fea_mesh *m, int64_t node, int axis, double newton) {
  status st = ST_OK;
  TRY(check_dof(m, node, axis, newton));
  TRY(grow((void **)&m->force, m->force_count, &m->force_capacity, sizeof *m->force));
  m->force[m->force_count++] = (struct fea_force){node, axis, newton};
done:
  return st;
}

double fea_mesh_element_mm3(const struct fea_mesh *m, int64_t element) {
  double x[FEA_ELEMENT_MOST][3], sum = 0;
  struct fea_quadrature q;
  fea_quadrature_get(&q, m->element);
  fea_element_points(m, element, x);
  for (int p = 0; p < q.count; p++)
    sum += q.weight[p] * fea_gradients(m->element, (const double(*)[3])x, q.at[p], NULL);
  return sum;
}

double fea_mesh_volume_mm3(const struct fea_mesh *m) {
  double sum = 0;
  for (int64_t e = 0; e < m->element_count; e++) sum += fea_mesh_element_mm3(m, e);
  return sum;
}

status fea_mesh_bin(struct fea_mesh *m, int bins) {
  status st = ST_OK;
  struct bin {
    double sum;
    int64_t count;
  } *in = NULL;
  double low = INFINITY, high = 0;
  for (int64_t e = 0; e < m->element_count; e++) {
    low = fmin(low, m->modulus[e]);
    high = fmax(high, m->modulus[e]);
  }
  if (bins < 1 || !(high > low)) return ST_OK;
  in = calloc((size_t)bins, sizeof *in);
  CHECK(in, ST_MEMORY, "mesh: no memory for %d bins of moduli", bins);
  for (int pass = 0; pass < 2; pass++)
    for (int64_t e = 0; e < m->element_count; e++) {
      const int b = (int)(bins * log(m->modulus[e] / low) / log(high / low));
      struct bin *at = &in[b >= bins ? bins - 1 : b];
      if (pass) {
        m->modulus[e] = at->sum / (double)at->count;
        continue;
      }
      at->sum += m->modulus[e];
      at->count++;
    }
done:
  free(in);
  return st;
}

/* ---- another order ---- */

static status copy_elements(struct fea_mesh *to, const struct fea_mesh *from) {
  status st = ST_OK;
  const size_t n = (size_t)from->element_count;
  memcpy(to->part, from->part, n);
  memcpy(to->modulus, from->modulus, n * sizeof *to->modulus);
  to->poisson = from->poisson;
  if (from->density) {
    to->density = malloc(n * sizeof *to->density);
    CHECK(to->density, ST_MEMORY, "mesh: no memory for densities");
    memcpy(to->density, from->density, n * sizeof *to->density);
  }
done:
  return st;
}

struct edge {
  int32_t a, b; /* a < b */
  int64_t slot; /* position in the nodes of the new mesh */
};

static int by_edge(const void *x, const void *y) {
  const struct edge *p = x, *q = y;
  if (p->a != q->a) return p->a < q->a ? -1 : 1;
  if (p->b != q->b) return p->b < q->b ? -1 : 1;
  return p->slot < q->slot ? -1 : 1;
}

status fea_mesh_quadratic(struct fea_mesh **out, const struct fea_mesh *from) {
  static const int edge_of[6][2] = {{0, 1}, {1, 2}, {0, 2}, {0, 3}, {1, 3}, {2, 3}};
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct edge *edges = malloc(6 * (size_t)from->element_count * sizeof *edges);
  int64_t unique = 0;
  const int64_t n = 6 * from->element_count;
  CHECK(from->element == FEA_TET4, ST_DOMAIN, "mesh: only 4-node tetrahedra gain mid-side nodes");
  CHECK(edges, ST_MEMORY, "mesh: no memory for %lld edges", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    const int32_t *t = from->nodes + 4 * (i / 6);
    const int32_t a = t[edge_of[i % 6][0]], b = t[edge_of[i % 6][1]];
    edges[i] = (struct edge){a < b ? a : b, a < b ? b : a, 10 * (i / 6) + 4 + i % 6};
  }
  qsort(edges, (size_t)n, sizeof *edges, by_edge);
  for (int64_t i = 0; i < n; i++)
    unique += !i || edges[i].a != edges[i - 1].a || edges[i].b != edges[i - 1].b;
  TRY(fea_mesh_create(&m, FEA_TET10, from->node_count + unique, from->element_count));
  memcpy(m->points, from->points, 3 * (size_t)from->node_count * sizeof *m->points);
  for (int64_t e = 0; e < m->element_count; e++)
    memcpy(m->nodes + 10 * e, from->nodes + 4 * e, 4 * sizeof *m->nodes);
  int64_t node = from->node_count - 1;
  for (int64_t i = 0; i < n; i++) {
    if (!i || edges[i].a != edges[i - 1].a || edges[i].b != edges[i - 1].b) {
      node++;
      for (int c = 0; c < 3; c++)
        m->points[3 * node + c] = (from->points[3 * (int64_t)edges[i].a + c] +
                                   from->points[3 * (int64_t)edges[i].b + c]) /
                                  2;
    }
    m->nodes[edges[i].slot] = (int32_t)node;
  }
  TRY(copy_elements(m, from));
  *out = m;
  m = NULL;
done:
  free(edges);
  fea_mesh_destroy(m);
  return st;
}

/* ---- order of nodes ---- */

struct place {
  double key;
  int64_t node;
};

static int by_place(const void *x, const void *y) {
  const struct place *p = x, *q = y;
  if (p->key != q->key) return p->key < q->key ? -1 : 1;
  return p->node < q->node ? -1 : 1;
}

static int longest_axis(const struct fea_mesh *m) {
  double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
  for (int64_t i = 0; i < 3 * m->node_count; i++) {
    low[i % 3] = fmin(low[i % 3], m->points[i]);
    high[i % 3] = fmax(high[i % 3], m->points[i]);
  }
  int axis = 0;
  for (int a = 1; a < 3; a++)
    if (high[a] - low[a] > high[axis] - low[axis]) axis = a;
  return axis;
}

static status renumber(struct fea_mesh *m, const int32_t *number) {
  status st = ST_OK;
  const int64_t n = m->element_count * fea_element_nodes(m->element);
  for (int64_t i = 0; i < n; i++) m->nodes[i] = number[m->nodes[i]];
  for (int64_t i = 0; i < m->support_count; i++) {
    CHECK(number[m->support[i].node] >= 0, ST_DOMAIN,
          "mesh: no element touches supported node %lld", (long long)m->support[i].node);
    m->support[i].node = number[m->support[i].node];
  }
  for (int64_t i = 0; i < m->force_count; i++) {
    CHECK(number[m->force[i].node] >= 0, ST_DOMAIN, "mesh: no element touches loaded node %lld",
          (long long)m->force[i].node);
    m->force[i].node = number[m->force[i].node];
  }
done:
  return st;
}

status fea_mesh_tidy(struct fea_mesh *m) {
  status st = ST_OK;
  const size_t n = (size_t)m->node_count;
  struct place *place = malloc(n * sizeof *place);
  int32_t *number = malloc(n * sizeof *number);
  double *points = malloc(3 * n * sizeof *points);
  int64_t kept = 0;
  CHECK(place && number && points, ST_MEMORY, "mesh: no memory to sort %zu nodes", n);
  const int axis = longest_axis(m);
  memset(number, 0xff, n * sizeof *number);
  for (int64_t i = 0; i < m->element_count * fea_element_nodes(m->element); i++)
    number[m->nodes[i]] = 0;
  for (int64_t i = 0; i < m->node_count; i++)
    if (number[i] == 0) place[kept++] = (struct place){m->points[3 * i + axis], i};
  qsort(place, (size_t)kept, sizeof *place, by_place);
  for (int64_t i = 0; i < kept; i++) {
    number[place[i].node] = (int32_t)i;
    memcpy(points + 3 * i, m->points + 3 * place[i].node, 3 * sizeof *points);
  }
  TRY(renumber(m, number));
  free(m->points);
  m->points = points;
  points = NULL;
  m->node_count = kept;
done:
  free(place);
  free(number);
  free(points);
  return st;
}

/* ---- from voxels ---- */

status fea_mesh_from_model(struct fea_mesh **out, const struct fea_model *model, int load_case) {
  static const int corner[8][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                   {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
  status st = ST_OK;
  const struct geometry *g = &model->grid;
  const int64_t box = (g->nx + 1) * (g->ny + 1) * (g->nz + 1);
  struct fea_mesh *m = NULL;
  int32_t *number = malloc((size_t)box * sizeof *number);
  int64_t count = 0, e = 0;
  CHECK(number, ST_MEMORY, "mesh: no memory for %lld nodes", (long long)box);
  CHECK(model->finished && load_case >= 0 && load_case < model->case_count, ST_DOMAIN,
        "mesh: the voxel model is not finished or has no case %d", load_case);
  TRY(fea_mesh_create(&m, FEA_HEX8, model->node_count, model->element_count));
  m->poisson = model->poisson;
  m->orthotropic = model->orthotropic;
  m->ratio = model->ratio;
  if (model->density) {
    m->density = malloc((size_t)m->element_count * sizeof *m->density);
    CHECK(m->density, ST_MEMORY, "mesh: no memory for densities");
  }
  for (int64_t n = 0; n < box; n++) {
    int64_t at[3];
    fea_model_node_index(model, n, at);
    if (!fea_model_node_active(model, at[0], at[1], at[2])) continue;
    number[n] = (int32_t)count;
    for (int a = 0; a < 3; a++) m->points[3 * count + a] = (double)at[a] * g->spacing[a];
    count++;
  }
  for (int64_t v = 0; v < geometry_voxels(g); v++) {
    if (!(model->modulus[v] > 0)) continue;
    const int64_t i = v % g->nx, j = v / g->nx % g->ny, k = v / (g->nx * g->ny);
    for (int c = 0; c < 8; c++)
      m->nodes[8 * e + c] =
          number[fea_model_node(model, i + corner[c][0], j + corner[c][1], k + corner[c][2])];
    m->modulus[e] = (double)model->modulus[v];
    m->part[e] = model->part[v];
    if (m->density) m->density[e] = (double)model->density[v];
    e++;
  }
  const struct fea_case *c = &model->cases[load_case];
  for (int64_t f = 0; f < model->fixed_count; f++)
    TRY(fea_mesh_fix(m, number[model->fixed[f].node], model->fixed[f].axis, c->value_mm[f]));
  for (int64_t f = 0; f < c->force_count; f++)
    TRY(fea_mesh_load(m, number[c->force[f].node], c->force[f].axis, c->force[f].newton));
  *out = m;
  m = NULL;
done:
  free(number);
  fea_mesh_destroy(m);
  return st;
}
