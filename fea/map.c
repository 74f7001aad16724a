#include "fea/map.h"

#include "core/parallel.h"
#include "fea/shape.h"

#include <math.h>
#include <stdlib.h>

const char *const fea_mapping_names[] = {"v1", "v2", "v3", NULL};
const char *const fea_surface_names[] = {"none", "peel-extend", NULL};
static const struct fea_map_options defaults = FEA_MAP_DEFAULTS;

enum { MOST_STEPS = 16 };

struct mapper {
  const struct fea_map_options *o;
  const struct fea_law *law;
  struct fea_density_map map;
  struct tet_frame frame;
  const struct volume *density;
};

/* Density of the law's kind [g/cm3] from the volume's [mg/cm3]. */
static double taken(const struct mapper *p, double rho_mgcc) {
  const double *s = p->o->shift_mgcc;
  const double rho = rho_mgcc + s[0] + (s[1] - s[0]) * rho_mgcc / 1000;
  return p->map.slope * rho / 1000 + p->map.intercept;
}

static double modulus_of(const struct mapper *p, double rho_gcc) {
  return fmax(fea_law_modulus(p->law, rho_gcc), p->o->least_mpa);
}

/* The edge voxels of a scan reach half a voxel beyond their centres. */
static double clamp(double x, int64_t n) {
  if (x < 0 && x >= -0.5) return 0;
  return x > (double)(n - 1) && x <= (double)n - 0.5 ? (double)(n - 1) : x;
}

static double sample(const struct mapper *p, struct vec3 local) {
  const struct geometry *g = &p->density->grid;
  const struct vec3 at = geometry_to_index(g, tet_to_world(&p->frame, local));
  return volume_sample_index(p->density, clamp(at.x, g->nx), clamp(at.y, g->ny),
                             clamp(at.z, g->nz));
}

/* Natural coordinates of sample s of n^3, false where it is outside a tetrahedron. */
static bool sample_point(enum fea_element element, int n, int s, double at[3]) {
  const int i[3] = {s % n, s / n % n, s / (n * n)};
  for (int a = 0; a < 3; a++)
    at[a] = element == FEA_HEX8 ? (2. * i[a] + 1) / n - 1 : (i[a] + 0.5) / n;
  return element == FEA_HEX8 || at[0] + at[1] + at[2] < 1;
}

/* Means over the element: density and modulus (V2 and V3); NaN when a sample has no data. */
static void integrate(const struct mapper *p, enum fea_element element,
                      const double x[FEA_ELEMENT_MOST][3], double *rho, double *young) {
  double weight = 0, sum_rho = 0, sum_e = 0;
  const int n = p->o->steps;
  for (int s = 0; s < n * n * n; s++) {
    double at[3];
    if (!sample_point(element, n, s, at)) continue;
    const double w = fea_gradients(element, x, at, NULL);
    const double value = taken(p, sample(p, fea_position(element, x, at)));
    sum_rho += w * value;
    sum_e += w * modulus_of(p, value);
    weight += w;
    if (isnan(value)) sum_e = NAN;
  }
  *rho = sum_rho / weight;
  *young = p->o->mapping == FEA_MAP_V3 ? sum_e / weight : modulus_of(p, *rho);
  if (isnan(*rho)) *young = NAN;
}

/* Barycentric coordinates of a point in the straight tetrahedron, or cell coordinates by Newton for
 * a hexahedron: is it inside? */
static bool inside(enum fea_element element, const double x[FEA_ELEMENT_MOST][3], struct vec3 p) {
  const enum fea_element straight = element == FEA_HEX8 ? FEA_HEX8 : FEA_TET4;
  double at[3] = {0, 0, 0};
  const double slack = 1e-9;
  for (int step = 0; step < (straight == FEA_HEX8 ? 8 : 1); step++) {
    double g[FEA_ELEMENT_MOST][3], move[3] = {0};
    const struct vec3 d = vec3_sub(p, fea_position(straight, x, at));
    fea_gradients(straight, x, at, g);
    for (int a = 0; a < 3; a++) /* the natural coordinate's gradient from the corners' */
      for (int c = 0; c < fea_element_corners(straight); c++) {
        double node[3];
        fea_shape_node(straight, c, node);
        move[a] += node[a] * (g[c][0] * d.x + g[c][1] * d.y + g[c][2] * d.z);
      }
    for (int a = 0; a < 3; a++) at[a] += move[a];
  }
  if (element == FEA_HEX8)
    return fabs(at[0]) <= 1 + slack && fabs(at[1]) <= 1 + slack && fabs(at[2]) <= 1 + slack;
  return at[0] >= -slack && at[1] >= -slack && at[2] >= -slack &&
         at[0] + at[1] + at[2] <= 1 + slack;
}

/* Mean of the voxels whose centres are inside; number of them. */
static int64_t mean_of_voxels(const struct mapper *p, enum fea_element element,
                              const double x[FEA_ELEMENT_MOST][3], double *mean) {
  const struct geometry *g = &p->density->grid;
  const int64_t most[3] = {g->nx - 1, g->ny - 1, g->nz - 1};
  double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
  int64_t a[3], b[3], count = 0;
  double sum = 0;
  for (int c = 0; c < fea_element_corners(element); c++) {
    const struct vec3 i =
        geometry_to_index(g, tet_to_world(&p->frame, vec3_make(x[c][0], x[c][1], x[c][2])));
    const double at[3] = {i.x, i.y, i.z};
    for (int d = 0; d < 3; d++) {
      low[d] = fmin(low[d], at[d]);
      high[d] = fmax(high[d], at[d]);
    }
  }
  for (int d = 0; d < 3; d++) {
    a[d] = low[d] < 0 ? 0 : (int64_t)ceil(low[d] - 1e-9);
    b[d] = high[d] > (double)most[d] ? most[d] : (int64_t)floor(high[d] + 1e-9);
  }
  for (int64_t k = a[2]; k <= b[2]; k++)
    for (int64_t j = a[1]; j <= b[1]; j++)
      for (int64_t i = a[0]; i <= b[0]; i++) {
        const struct vec3 w = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        if (!inside(element, x, tet_to_local(&p->frame, w))) continue;
        sum += (double)p->density->voxels[geometry_index(g, i, j, k)];
        count++;
      }
  *mean = count ? sum / (double)count : NAN;
  return count;
}

static void map_element(const struct mapper *p, const struct fea_mesh *m, int64_t e, double *rho,
                        double *young, int64_t *without) {
  double x[FEA_ELEMENT_MOST][3], mean;
  fea_element_points(m, e, x);
  const double(*points)[3] = (const double(*)[3])x;
  if (p->o->mapping != FEA_MAP_V1) {
    integrate(p, m->element, points, rho, young);
    return;
  }
  if (!mean_of_voxels(p, m->element, points, &mean)) {
    static const double tet[3] = {0.25, 0.25, 0.25}, hex[3] = {0, 0, 0};
    mean = sample(p, fea_position(m->element, points, m->element == FEA_HEX8 ? hex : tet));
    ++*without;
  }
  *rho = taken(p, mean);
  *young = isnan(*rho) ? NAN : modulus_of(p, *rho);
}

static status check_options(const struct fea_mesh *m, const struct volume *density,
                            const struct labels *labels, const struct fea_map_options *o) {
  status st = ST_OK;
  double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
  double mesh_mm = 0, image_mm = 0;
  CHECK(density->quantity == QUANTITY_DENSITY, ST_DOMAIN,
        "material mapping: the volume is of %s, needed is a density [mg/cm3]; calibrate it first",
        quantity_name(density->quantity));
  CHECK(o->user_law || fea_law_at(o->law), ST_USAGE, "material mapping: law %d is not in the table",
        o->law);
  CHECK(o->steps >= 1 && o->steps <= MOST_STEPS, ST_DOMAIN,
        "material mapping: %d samples along a coordinate, permitted are 1 .. %d", o->steps,
        MOST_STEPS);
  CHECK(labels || o->surface == FEA_SURFACE_NONE, ST_DOMAIN,
        "material mapping: peel-extend needs the label map of the bone; give it, or take surface "
        "none");
  for (int64_t i = 0; i < 3 * m->node_count; i++) {
    low[i % 3] = fmin(low[i % 3], m->points[i]);
    high[i % 3] = fmax(high[i % 3], m->points[i]);
  }
  const struct geometry *g = &density->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  for (int a = 0; a < 3; a++) {
    mesh_mm = fmax(mesh_mm, high[a] - low[a]);
    image_mm = fmax(image_mm, (double)n[a] * g->spacing[a]);
  }
  CHECK(mesh_mm > image_mm / 100 && mesh_mm < image_mm * 100, ST_DOMAIN,
        "material mapping: the mesh is %g long, the image %g mm; is the mesh in millimetres?",
        mesh_mm, image_mm);
  if (labels) TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.01));
done:
  return st;
}

static status map_all(struct fea_map_result *out, struct fea_mesh *m, const struct mapper *p) {
  status st = ST_OK;
  int64_t without = 0, missing = -1;
  double volume = 0, sum_e = 0, sum_rho = 0;
#pragma omp parallel for schedule(dynamic, 256) num_threads(parallel_threads()) reduction(+ : without)
  for (int64_t e = 0; e < m->element_count; e++) {
    m->density[e] = NAN;
    if (m->part[e] == FEA_BONE) map_element(p, m, e, &m->density[e], &m->modulus[e], &without);
  }
  for (int64_t e = 0; e < m->element_count && missing < 0; e++)
    if (m->part[e] == FEA_BONE && isnan(m->modulus[e])) missing = e;
  if (missing >= 0) {
    const struct vec3 w = tet_to_world(
        &p->frame, fea_mesh_point(m, m->nodes[missing * fea_element_nodes(m->element)]));
    FAIL(ST_DOMAIN,
         "material mapping: element %lld near (%.1f, %.1f, %.1f) mm reaches outside the image or "
         "into no data; the mesh and the image do not lie in the same place, or the label is far "
         "from the mesh's surface",
         (long long)missing, w.x, w.y, w.z);
  }
  for (int64_t e = 0; e < m->element_count; e++) {
    if (m->part[e] != FEA_BONE) continue;
    const double v = fea_mesh_element_mm3(m, e);
    volume += v;
    sum_e += v * m->modulus[e];
    sum_rho += v * m->density[e];
    out->mapped++;
    out->floor_elements += m->modulus[e] <= p->o->least_mpa;
  }
  out->without_voxel = without;
  out->mean_modulus_mpa = sum_e / volume;
  out->mean_density_gcc = sum_rho / volume;
done:
  return st;
}

status fea_map_density(struct fea_map_result *out, struct fea_mesh *m,
                       const struct tet_frame *frame, const struct volume *density,
                       const struct labels *labels, int label,
                       const struct fea_map_options *options) {
  status st = ST_OK;
  const struct fea_map_options *o = options ? options : &defaults;
  struct volume *peeled = NULL;
  struct fea_map_result r = {.mapped = 0};
  struct mapper p = {.o = o, .frame = frame ? *frame : tet_frame_lps(), .density = density};
  TRY(check_options(m, density, labels, o));
  p.law = o->user_law ? o->user_law : fea_law_at(o->law);
  TRY(fea_density_map_make(&p.map, p.law, density->material, o->conversion));
  if (o->surface == FEA_SURFACE_PEEL) {
    TRY(fea_peel_extend(&peeled, density, labels, label, o->layers));
    p.density = peeled;
  }
  if (!m->density) m->density = malloc((size_t)m->element_count * sizeof *m->density);
  CHECK(m->density, ST_MEMORY, "material mapping: no memory for %lld elements",
        (long long)m->element_count);
  TRY(map_all(&r, m, &p));
  r.map = p.map;
  *out = r;
done:
  volume_destroy(peeled);
  return st;
}
