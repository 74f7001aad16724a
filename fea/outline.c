#include "fea/outline.h"

#include "core/parallel.h"
#include "fea/tet_cap.h"

#include <math.h>
#include <stdlib.h>

enum { SURFACE_POINTS = 4, MOST_POINTS = 8 }; /* along one axis of an element */

struct filler {
  const struct femur_model_options *o;
  const struct fea_law *law;
  const struct fea_density_map *map;
  const struct tet_domain *domain;
  const struct volume *density;
  const struct geometry *grid;
  int points; /* along an axis of an element that is all bone */
};

/* What an element holds. */
struct content {
  double share, density_gcc, modulus_mpa; /* modulus: mean over the whole element */
  int no_data;
};

static struct vec3 local_of(const struct tet_domain *d, const struct geometry *g, double i,
                            double j, double k) {
  return tet_to_local(&d->frame, geometry_to_world(g, vec3_make(i, j, k)));
}

/* How far inside the bone [mm]: behind the surface and above the cut. */
static double depth_at(const struct tet_domain *d, struct vec3 at) {
  const double level = tet_domain_level(d, at, NULL);
  const double inside = isfinite(level) ? -level : -INFINITY;
  if (!d->has_plane[TET_CUT]) return inside;
  return fmin(inside, tet_plane_side(&d->plane[TET_CUT], at));
}

/* The edge voxels of a scan reach half a voxel beyond their centres; clamp into the centres. */
static double clamp(double x, int64_t n) {
  return x < 0 ? 0 : x > (double)(n - 1) ? (double)(n - 1) : x;
}

static double sample(const struct filler *p, struct vec3 local) {
  const struct geometry *g = &p->density->grid;
  const struct vec3 at = geometry_to_index(g, tet_to_world(&p->domain->frame, local));
  return volume_sample_index(p->density, clamp(at.x, g->nx), clamp(at.y, g->ny),
                             clamp(at.z, g->nz));
}

static double modulus_of(const struct filler *p, double density_gcc) {
  return fmax(fea_law_modulus(p->law, density_gcc), p->o->least_mpa);
}

static struct content look(const struct filler *p, int64_t i, int64_t j, int64_t k) {
  struct content c = {0, 0, 0, 0};
  const double h = p->grid->spacing[0];
  const double depth =
      depth_at(p->domain, local_of(p->domain, p->grid, (double)i, (double)j, (double)k));
  const bool whole = depth > h; /* half a diagonal is 0.87 h */
  if (depth < -h) return c;
  const int n = whole || p->points > SURFACE_POINTS ? p->points : SURFACE_POINTS;
  for (int s = 0; s < n * n * n; s++) {
    const struct vec3 at = local_of(p->domain, p->grid, (double)i + (s % n + 0.5) / n - 0.5,
                                    (double)j + (s / n % n + 0.5) / n - 0.5,
                                    (double)k + (s / (n * n) + 0.5) / n - 0.5);
    if (!whole && depth_at(p->domain, at) < 0) continue;
    double rho = sample(p, at);
    c.no_data |= isnan(rho);
    rho += p->o->shift_mgcc[0] + (p->o->shift_mgcc[1] - p->o->shift_mgcc[0]) * rho / 1000;
    const double taken = p->map->slope * rho / 1000 + p->map->intercept;
    c.share += 1;
    c.density_gcc += taken;
    c.modulus_mpa += modulus_of(p, taken);
  }
  if (c.share > 0) c.density_gcc /= c.share;
  c.share /= n * n * n;
  c.modulus_mpa /= n * n * n;
  if (p->o->mapping == FEA_MAP_V2) c.modulus_mpa = c.share * modulus_of(p, c.density_gcc);
  return c;
}

status fea_outline_fill(struct femur_model *f, const struct volume *density,
                        const struct femur_model_options *o) {
  status st = ST_OK;
  struct fea_model *m = f->model;
  const struct geometry *g = &m->grid;
  const double *ct = density->grid.spacing;
  const double finest = fmin(ct[0], fmin(ct[1], ct[2]));
  const double points = ceil(g->spacing[0] / finest - 1e-6);
  const struct filler p = {.o = o,
                           .law = o->user_law ? o->user_law : fea_law_at(o->law),
                           .map = &f->map,
                           .domain = f->domain,
                           .density = density,
                           .grid = g,
                           .points = points < 1             ? 1
                                     : points > MOST_POINTS ? MOST_POINTS
                                                            : (int)points};
  int64_t missing = 0;
  CHECK(o->mapping != FEA_MAP_V1, ST_DOMAIN,
        "bone model: mapping v1, the mean of the voxels whose centre lies in an element, is of "
        "tetrahedra; cubes with a smooth outline take v2 (mean density) or v3 (mean modulus)");
  f->share = calloc((size_t)geometry_voxels(g), sizeof *f->share);
  CHECK(f->share, ST_MEMORY, "bone model: no memory for %lld voxels",
        (long long)geometry_voxels(g));
#pragma omp parallel for schedule(dynamic, 4) num_threads(parallel_threads()) reduction(+ : missing)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        const int64_t v = geometry_index(g, i, j, k);
        const struct content c = look(&p, i, j, k);
        missing += c.no_data;
        m->density[v] = c.share > 0 ? (float)c.density_gcc : NAN;
        m->modulus[v] = (float)c.modulus_mpa;
        m->part[v] = c.share > 0 ? FEA_BONE : FEA_VOID;
        f->share[v] = (float)c.share;
      }
  CHECK(!missing, ST_DOMAIN,
        "bone model: the density has no data in %lld elements of the bone (of %g mm)",
        (long long)missing, o->size_mm);
done:
  return st;
}

/* ---- caps ---- */

/* Height of the outermost bone over the line at `at` along the cap's axis, between `top` and
 * `bottom` (measured outwards); NaN when there is none. Steps by the level, which is close to a
 * distance. */
static double surface_height(const struct tet_domain *d, const struct tet_cap *cap, struct vec3 at,
                             double top, double bottom) {
  static const double least_mm = 0.02, trust = 0.8;
  const double out = cap->side ? 1 : -1;
  double height = top;
  while (height >= bottom) {
    struct vec3 p = at;
    if (cap->axis == 0) p.x = out * height;
    if (cap->axis == 1) p.y = out * height;
    if (cap->axis == 2) p.z = out * height;
    const double depth = depth_at(d, p);
    if (depth >= 0) return height;
    height -= fmax(least_mm, isfinite(depth) ? -trust * depth : 1);
  }
  return NAN;
}

/* PMMA of one thread of the column (i, j at the cap's layer 0) from height s outwards. */
static void fill_line(struct femur_model *f, const struct tet_cap *cap, float *pmma, int64_t column,
                      int64_t step, int64_t n, double low, double s, double face, double part) {
  const double h = f->model->grid.spacing[0], out = cap->side ? 1 : -1;
  const double from = fmin(out * s, out * face), to = fmax(out * s, out * face);
  const int64_t first = (int64_t)fmax(0, floor((from - low) / h));
  for (int64_t v = first; v < n && low + (double)v * h < to; v++) {
    const double a = fmax(from, low + (double)v * h), b = fmin(to, low + (double)(v + 1) * h);
    pmma[column + v * step] += (float)(part * fmax(0, b - a) / h);
  }
}

status fea_outline_cap(struct femur_model *f, struct tet_cap *cap, int64_t *face) {
  status st = ST_OK;
  struct fea_model *m = f->model;
  const struct geometry *g = &m->grid;
  const double h = g->spacing[0], out = cap->side ? 1 : -1;
  const int64_t extent[3] = {g->nx, g->ny, g->nz}, step[3] = {1, g->nx, g->nx * g->ny};
  const int axis = cap->axis, p = (axis + 1) % 3, q = (axis + 2) % 3;
  const struct tet_plane plane = tet_cap_plane(cap, f->domain);
  const double top = out * cap->face_mm, bottom = plane.offset;
  const struct vec3 corner = local_of(f->domain, g, -0.5, -0.5, -0.5);
  const double low = axis == 0 ? corner.x : axis == 1 ? corner.y : corner.z;
  float *pmma = calloc((size_t)geometry_voxels(g), sizeof *pmma);
  enum { SIDE = SURFACE_POINTS };
  int64_t touching = 0;
  CHECK(pmma, ST_MEMORY, "cap: no memory");
  CHECK(cap->intrusion_mm >= h && cap->beyond_mm >= h, ST_DOMAIN,
        "cap: %g mm thick with %g mm intrusion leaves less than one element of %g mm in or out; "
        "take elements of at most %g mm",
        cap->intrusion_mm + cap->beyond_mm, cap->intrusion_mm, h,
        fmin(cap->intrusion_mm, cap->beyond_mm));
  *face = (int64_t)lround((cap->face_mm - low) / h);
  CHECK(*face >= 0 && *face <= extent[axis], ST_DOMAIN, "cap: no room in the grid beyond the bone");
  cap->face_mm = low + (double)*face * h;
#pragma omp parallel for schedule(dynamic, 1) num_threads(parallel_threads()) reduction(+ : touching)
  for (int64_t b = 0; b < extent[q]; b++)
    for (int64_t a = 0; a < extent[p]; a++)
      for (int s = 0; s < SIDE * SIDE; s++) {
        double index[3] = {0, 0, 0};
        index[p] = (double)a + (s % SIDE + 0.5) / SIDE - 0.5;
        index[q] = (double)b + (s / SIDE + 0.5) / SIDE - 0.5;
        const struct vec3 at = local_of(f->domain, g, index[0], index[1], index[2]);
        const double height = surface_height(f->domain, cap, at, top, bottom);
        if (isnan(height)) continue;
        fill_line(f, cap, pmma, a * step[p] + b * step[q], step[axis], extent[axis], low, height,
                  out * cap->face_mm, 1. / (SIDE * SIDE));
        touching++;
      }
  CHECK(touching > 0, ST_DOMAIN, "cap: it touches no bone within %g mm of the end",
        cap->intrusion_mm);
  cap->contact_mm2 = (double)touching * h * h / (SIDE * SIDE);
  for (int64_t v = 0; v < geometry_voxels(g); v++) {
    if (!(pmma[v] > 0)) continue;
    m->modulus[v] += (float)cap->modulus_mpa * pmma[v];
    if (f->share[v] <= 0.5f) m->part[v] = FEA_CAP;
  }
done:
  free(pmma);
  return st;
}
