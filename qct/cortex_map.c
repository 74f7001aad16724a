#include "qct/cortex_map.h"

#include "core/filter.h"
#include "core/parallel.h"
#include "core/statistics.h"
#include "qct/cortex_gather.h"
#include "qct/near.h"
#include "qct/outline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const cortex_density_names[] = {"subject", "given", "peak", NULL};

static const double LEAST_EDGE = 150;            /* mg/cm3, peak over outside */
static const double THICK_HALF = 3, THICK = 2.5; /* mm, of places that give y1: halves, fit */
static const double BEHIND = 4;                  /* mm behind the cortex that the fit looks at */
static const double ENDOCORTICAL = 2;            /* mm */
static const double STEEP = 0.3, FLAT = 0.5;     /* |n . slice axis| that gives either sigma */
static const double LEAST_SIGMA = 0.2;           /* mm along a normal */
static const double NEAR_EDGE = 2, FARTHEST_MOVE = 1.5; /* mm */
static const double FILL = 5;                           /* mm */
static const double PEAK_DEPTH = 4.5;   /* mm; where CORTEX_PEAK looks for the peak */
static const double THICKEST_SLICE = 4; /* mm */
enum { PLACES = 50 };

void qct_cortex_map_destroy(struct cortex_map *m) {
  if (!m) return;
  surface_destroy(m->surface);
  free(m->thickness_mm);
  free(m->mass);
  free(m->trabecular);
  free(m->endocortical);
  free(m->residual);
  free(m->half_max_mm);
  free(m->flag);
  free(m);
}

struct work { /* one map being made */
  struct cortex_map *map;
  const struct cortex_options *options;
  struct gather gather;
  struct vec3 slice_axis;
  struct cortex_fit *fits; /* owned, per vertex */
  double *outer;           /* owned, per vertex: edge inward of the surface [mm] */
  char *cut;               /* owned, per vertex */
};

/* ---- samples of one vertex ---- */

struct place {
  double x[GATHER_MOST], y[GATHER_MOST];
  int n;
  struct cortex_halves halves;
};

static double slope_of(const struct work *w, int64_t vertex) {
  return fabs(vec3_dot(w->map->surface->normals[vertex], w->slice_axis));
}

static struct cortex_blur blur_at(const struct work *w, int64_t vertex) {
  double nz = slope_of(w, vertex), p = w->map->sigma_plane_mm, s = w->map->sigma_slice_mm;
  double sigma = sqrt(p * p * (1 - fmin(nz * nz, 1)) + s * s * nz * nz);
  return (struct cortex_blur){fmax(sigma, LEAST_SIGMA), w->map->slice_mm * nz};
}

/* Keep the samples of depths from..to. */
static void trim(struct place *p, double from, double to) {
  int n = 0;
  for (int i = 0; i < p->n; i++) {
    if (p->x[i] < from || p->x[i] > to) continue;
    p->x[n] = p->x[i];
    p->y[n++] = p->y[i];
  }
  p->n = n;
}

static struct cortex_samples samples_of(const struct place *p) {
  return (struct cortex_samples){p->x, p->y, p->n};
}

/* Samples of a vertex without what belongs to another bone; 0 when no edge shows. */
static int visit(struct place *p, const struct work *w, int64_t vertex) {
  const struct surface *s = w->map->surface;
  p->n = gather_samples(p->x, p->y, &w->gather, s->vertices[vertex], s->normals[vertex]);
  struct cortex_samples all = samples_of(p);
  cortex_read_halves(&p->halves, &all, LEAST_EDGE);
  if (!p->halves.ok) return 0;
  double nz = slope_of(w, vertex);
  double wide = fmax(3, 1 + 2.5 * 0.7 + 0.5 * w->map->slice_mm * nz); /* mm outside the edge */
  trim(p, fmax(p->halves.first_mm, p->halves.outer_mm - wide), GATHER_INSIDE_MM);
  return 1;
}

/* ---- y1 and blur of this bone ---- */

static status make_places(struct place **places) {
  status st = ST_OK;
  *places = malloc((size_t)parallel_threads() * sizeof **places);
  CHECK(*places, ST_MEMORY, "cortical map: out of memory");
done:
  return st;
}

#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_thread_num(void) {
  return 0;
}
#endif

/* Mean of the samples where neither edge's blur reaches; NaN when there are fewer than 3. */
static double plateau(const struct place *p, const struct cortex_model *m) {
  double reach = 2.5 * m->blur.sigma_mm + m->blur.box_mm / 2, sum = 0;
  int n = 0;
  for (int i = 0; i < p->n; i++) {
    if (p->x[i] < m->outer_mm + reach || p->x[i] > m->outer_mm + m->thickness_mm - reach) continue;
    sum += p->y[i];
    n++;
  }
  return n >= 3 ? sum / n : (double)NAN;
}

static int visit_thick(struct place *p, const struct work *w, int64_t v) {
  if (w->cut[v] || !visit(p, w, v)) return 0;
  if (!(p->halves.inner_mm - p->halves.outer_mm >= THICK_HALF)) return 0;
  trim(p, -1e9, p->halves.inner_mm + BEHIND);
  return 1;
}

/* First pass: everything free; outer[v] takes the density of the plateau. */
static void fit_thick(struct work *w, struct place *p, int64_t v) {
  w->fits[v].flag = CORTEX_NO_EDGE;
  w->outer[v] = (double)NAN;
  if (!visit_thick(p, w, v)) return;
  struct cortex_model start = {.outer_mm = p->halves.outer_mm,
                               .thickness_mm = p->halves.inner_mm - p->halves.outer_mm,
                               .outside = p->halves.outside,
                               .cortical = p->halves.peak,
                               .behind = p->halves.behind,
                               .blur = {0.7, w->map->slice_mm * slope_of(w, v)}};
  struct cortex_samples s = samples_of(p);
  cortex_fit_free(&w->fits[v], &s, &start);
  w->outer[v] = plateau(p, &w->fits[v].model);
}

/* Second pass, with the density of this bone: its blur. */
static void fit_thick_blur(struct work *w, struct place *p, int64_t v) {
  struct cortex_model start = w->fits[v].model;
  if (w->fits[v].flag || !visit_thick(p, w, v)) return;
  struct cortex_samples s = samples_of(p);
  if (!isnan(w->map->cortical)) start.cortical = w->map->cortical;
  cortex_fit_blur(&w->fits[v], &s, &start);
}

static double robust_sd(double *x, int64_t n, double median) {
  for (int64_t i = 0; i < n; i++) x[i] = fabs(x[i] - median);
  return 1.4826 * stat_percentile(x, n, 50);
}

static int is_thick(const struct cortex_fit *f) {
  return f->flag == CORTEX_FITTED && f->model.thickness_mm >= THICK;
}

/* y1: median over places whose plateau shows. */
static void read_density(struct work *w, double *room) {
  struct cortex_map *m = w->map;
  m->thick = 0;
  for (int64_t v = 0; v < m->surface->vertex_count; v++)
    if (is_thick(&w->fits[v]) && !isnan(w->outer[v])) room[m->thick++] = w->outer[v];
  if (m->thick < PLACES || w->options->density != CORTEX_FROM_SUBJECT) return;
  m->cortical = stat_percentile(room, m->thick, 50);
  m->cortical_sd = robust_sd(room, m->thick, m->cortical);
}

static void read_blur(struct work *w, double *room) {
  struct cortex_map *m = w->map;
  int64_t n = m->surface->vertex_count, steep = 0, flat = 0;
  for (int64_t v = 0; v < n; v++)
    if (is_thick(&w->fits[v]) && slope_of(w, v) < STEEP)
      room[steep++] = w->fits[v].model.blur.sigma_mm;
  if (steep >= PLACES) m->sigma_plane_mm = stat_percentile(room, steep, 50);
  double plane2 = m->sigma_plane_mm * m->sigma_plane_mm;
  for (int64_t v = 0; v < n; v++) {
    double nz = slope_of(w, v), s = w->fits[v].model.blur.sigma_mm;
    if (is_thick(&w->fits[v]) && nz > FLAT)
      room[flat++] = (s * s - plane2 * (1 - nz * nz)) / (nz * nz);
  }
  m->sigma_slice_mm = flat >= PLACES ? sqrt(fmax(0, stat_percentile(room, flat, 50))) : 0;
}

static status read_subject(struct work *w) {
  status st = ST_OK;
  int64_t n = w->map->surface->vertex_count;
  struct place *places = NULL;
  double *room = malloc((size_t)n * sizeof *room);
  TRY(make_places(&places));
  CHECK(room, ST_MEMORY, "cortical map: out of memory");
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 64)
  for (int64_t v = 0; v < n; v++) fit_thick(w, &places[omp_get_thread_num()], v);
  read_density(w, room);
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 64)
  for (int64_t v = 0; v < n; v++) fit_thick_blur(w, &places[omp_get_thread_num()], v);
  read_blur(w, room);
done:
  free(places);
  free(room);
  return st;
}

static status know_bone(struct work *w) {
  status st = ST_OK;
  struct cortex_map *m = w->map;
  const struct cortex_options *o = w->options;
  m->cortical = o->density == CORTEX_GIVEN ? o->cortical : (double)NAN;
  m->cortical_sd = m->sigma_plane_mm = (double)NAN;
  TRY(read_subject(w));
  if (!isnan(o->sigma_mm)) m->sigma_plane_mm = o->sigma_mm;
  CHECK(o->density != CORTEX_FROM_SUBJECT || m->thick >= PLACES, ST_DOMAIN,
        "cortical map: %lld places have a cortex of %g mm or more, %d are needed to read the "
        "cortical density of this bone; give it",
        (long long)m->thick, THICK, PLACES);
  CHECK(!isnan(m->sigma_plane_mm), ST_DOMAIN,
        "cortical map: too few places with a cortex of %g mm or more to read the blur of the scan; "
        "give its standard deviation",
        THICK);
done:
  return st;
}

/* ---- the fit of every vertex ---- */

/* Density just behind the cortex freed of blur: y2 and the mean residual there. */
static double endocortical(const struct place *p, const struct cortex_model *m) {
  double sum = 0, from = m->outer_mm + m->thickness_mm;
  int n = 0;
  for (int i = 0; i < p->n; i++) {
    if (p->x[i] < from || p->x[i] > from + ENDOCORTICAL) continue;
    sum += p->y[i] - cortex_model_at(m, p->x[i]);
    n++;
  }
  return n >= 3 ? m->behind + sum / n : m->behind;
}

static void fit_vertex(struct work *w, struct place *p, int64_t v) {
  struct cortex_map *m = w->map;
  struct cortex_fit *f = &w->fits[v];
  *f = (struct cortex_fit){.flag = CORTEX_NO_EDGE};
  m->half_max_mm[v] = m->endocortical[v] = (double)NAN;
  if (w->cut[v] || !visit(p, w, v)) return;
  struct cortex_blur blur = blur_at(w, v);
  double outer = p->halves.outer_mm, y1 = m->cortical;
  m->half_max_mm[v] = p->halves.inner_mm - outer;
  if (w->options->density == CORTEX_PEAK) {
    y1 = 0;
    for (int i = 0; i < p->n; i++)
      if (p->x[i] < PEAK_DEPTH) y1 = fmax(y1, p->y[i]);
  }
  double width = isnan(m->half_max_mm[v]) ? 3 : m->half_max_mm[v];
  trim(p, -1e9, outer + width + BEHIND);
  struct cortex_samples s = samples_of(p);
  cortex_fit_given(f, &s, outer, y1, &blur);
  if (f->flag == CORTEX_NO_EDGE) return;
  double end = f->model.outer_mm + f->model.thickness_mm +
               fmax(BEHIND, 2.5 * blur.sigma_mm + blur.box_mm / 2);
  if (end < outer + width + BEHIND - 0.5) {
    trim(p, -1e9, end);
    s = samples_of(p);
    cortex_fit_given(f, &s, outer, y1, &blur);
    if (f->flag == CORTEX_NO_EDGE) return;
  }
  m->endocortical[v] = endocortical(p, &f->model);
}

static status fit_all(struct work *w) {
  status st = ST_OK;
  struct place *places = NULL;
  int64_t n = w->map->surface->vertex_count;
  TRY(make_places(&places));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 64)
  for (int64_t v = 0; v < n; v++) fit_vertex(w, &places[omp_get_thread_num()], v);
done:
  free(places);
  return st;
}

/* ---- accepted neighbours ---- */

enum { NEAR_MOST = 1024 };

struct collect {
  const struct work *work;
  double *values[4];
  const double *from[4];
  int count, n; /* arrays, values in each */
};

static void collect_accepted(void *user, int32_t point, double distance2) {
  struct collect *c = user;
  (void)distance2;
  if (c->work->cut[point] || c->work->fits[point].flag || c->n >= NEAR_MOST) return;
  for (int a = 0; a < c->count; a++) c->values[a][c->n] = c->from[a][point];
  c->n++;
}

/* ---- moving the surface to the edge ---- */

/* Mean over the neighbours of each vertex, `rounds` times; NaN takes what its neighbours have. */
static status smooth_over(double *value, const struct surface *s, int rounds) {
  status st = ST_OK;
  size_t n = (size_t)s->vertex_count;
  double *sum = malloc(n * sizeof *sum), *count = malloc(n * sizeof *count);
  CHECK(sum && count, ST_MEMORY, "cortical map: out of memory");
  for (int round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++) {
      count[i] = !isnan(value[i]);
      sum[i] = count[i] > 0 ? value[i] : 0;
    }
    for (int64_t t = 0; t < 3 * s->triangle_count; t++) {
      int32_t a = s->triangles[t], b = s->triangles[t % 3 == 2 ? t - 2 : t + 1];
      if (!isnan(value[b])) sum[a] += value[b], count[a] += 1;
    }
    for (size_t i = 0; i < n; i++)
      if (count[i] > 0) value[i] = sum[i] / count[i];
  }
  for (size_t i = 0; i < n; i++)
    if (isnan(value[i])) value[i] = 0;
done:
  free(sum);
  free(count);
  return st;
}

/* To the fitted edge, the median of it over accepted neighbours, at most 1.5 mm: one place that
 * took another bone's edge must not draw the surface there. */
static status move_to_edge(struct work *w, int rounds) {
  status st = ST_OK;
  struct surface *s = w->map->surface;
  struct near cells = {.size_mm = 0};
  double room[NEAR_MOST];
  struct collect c = {.work = w, .count = 1, .values = {room}};
  double *edge = malloc((size_t)s->vertex_count * sizeof *edge);
  CHECK(edge, ST_MEMORY, "cortical map: out of memory");
  TRY(near_make(&cells, s, NEAR_EDGE));
  for (int64_t v = 0; v < s->vertex_count; v++)
    edge[v] = w->cut[v] || w->fits[v].flag ? (double)NAN : w->fits[v].model.outer_mm;
  c.from[0] = edge;
  for (int64_t v = 0; v < s->vertex_count; v++) {
    c.n = 0;
    near_visit(&cells, s->vertices[v], NEAR_EDGE, collect_accepted, &c);
    double move = c.n && !w->cut[v] ? stat_median(room, c.n) : 0;
    w->outer[v] = fmin(fmax(move, -FARTHEST_MOVE), FARTHEST_MOVE);
  }
  TRY(smooth_over(w->outer, s, rounds));
  for (int64_t v = 0; v < s->vertex_count; v++)
    s->vertices[v] = vec3_along(s->vertices[v], -w->outer[v], s->normals[v]);
done:
  free(edge);
  near_free(&cells);
  return st;
}

/* ---- what became of it ---- */

/* Rejected vertices take the median of accepted ones within 5 mm; NaN when there is none. */
static status fill_rejected(struct work *w) {
  status st = ST_OK;
  struct cortex_map *m = w->map;
  struct near cells = {.size_mm = 0};
  double room[4][NEAR_MOST];
  double *all[4] = {m->thickness_mm, m->mass, m->trabecular, m->endocortical};
  struct collect c = {.work = w, .count = 4};
  TRY(near_make(&cells, m->surface, FILL));
  for (int a = 0; a < 4; a++) {
    c.values[a] = room[a];
    c.from[a] = all[a];
  }
  for (int64_t v = 0; v < m->surface->vertex_count; v++) {
    if (w->cut[v] || !w->fits[v].flag) continue;
    c.n = 0;
    near_visit(&cells, m->surface->vertices[v], FILL, collect_accepted, &c);
    for (int a = 0; a < 4; a++) all[a][v] = stat_median(room[a], c.n);
  }
done:
  near_free(&cells);
  return st;
}

static status conclude(struct work *w) {
  status st = ST_OK;
  struct cortex_map *m = w->map;
  m->measured = m->rejected = 0;
  for (int64_t v = 0; v < m->surface->vertex_count; v++) {
    const struct cortex_fit *f = &w->fits[v];
    m->thickness_mm[v] = m->mass[v] = m->trabecular[v] = (double)NAN;
    m->residual[v] = f->flag == CORTEX_NO_EDGE ? (double)NAN : f->rms;
    m->flag[v] = w->cut[v] ? (double)NAN : f->flag;
    if (w->cut[v]) continue;
    m->measured++;
    m->rejected += f->flag != CORTEX_FITTED;
    if (f->flag) continue;
    m->thickness_mm[v] = f->model.thickness_mm;
    m->mass[v] = f->model.thickness_mm * f->model.cortical / 10; /* mm mg/cm3 -> mg/cm2 */
    m->trabecular[v] = f->model.behind;
  }
  CHECK(m->measured > m->rejected, ST_DOMAIN,
        "cortical map: the model fits nowhere on %lld vertices", (long long)m->measured);
  TRY(fill_rejected(w));
  m->warning = m->rejected * 5 > m->measured;
done:
  return st;
}

/* ---- the whole ---- */

/* Vertices within a voxel and 2 mm of a face of the image that the label reaches. */
static void find_cut(struct work *w, const struct labels *labels, int label) {
  const struct geometry *g = &labels->grid;
  const struct surface *s = w->map->surface;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int64_t lo[3], hi[3];
  labels_box(labels, label, lo, hi);
  for (int64_t v = 0; v < s->vertex_count; v++) {
    struct vec3 at = geometry_to_index(g, s->vertices[v]);
    const double index[3] = {at.x, at.y, at.z};
    for (int a = 0; a < 3; a++) {
      double zone = 1 + 2 / g->spacing[a];
      w->cut[v] |= (char)((lo[a] == 0 && index[a] < zone) ||
                          (hi[a] == n[a] - 1 && index[a] > (double)(n[a] - 1) - zone));
    }
  }
}

static status check_input(const struct volume *density, const struct labels *labels, int label,
                          const struct cortex_options *o) {
  status st = ST_OK;
  struct labels *part = NULL, *pieces = NULL;
  int64_t lo[3], hi[3], sizes[2] = {0, 0};
  int count;
  CHECK(density->quantity == QUANTITY_DENSITY, ST_DOMAIN,
        "cortical map: the volume holds %s, a calibrated density in mg/cm3 is needed",
        quantity_name(density->quantity));
  TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.1));
  CHECK(o->density != CORTEX_GIVEN || (o->cortical >= 300 && o->cortical <= 2000), ST_DOMAIN,
        "cortical map: cortical density %g mg/cm3, permitted 300..2000", o->cortical);
  CHECK(isnan(o->sigma_mm) || (o->sigma_mm >= 0.1 && o->sigma_mm <= 4), ST_DOMAIN,
        "cortical map: blur of SD %g mm, permitted 0.1..4", o->sigma_mm);
  CHECK(o->vertex_mm >= 0.5 && o->vertex_mm <= 3, ST_DOMAIN,
        "cortical map: vertices every %g mm, permitted 0.5..3", o->vertex_mm);
  CHECK(labels_box(labels, label, lo, hi), ST_DOMAIN, "cortical map: label %d has no voxel", label);
  TRY(filter_crop_labels(&part, labels, lo, hi));
  for (int64_t i = 0; i < geometry_voxels(&part->grid); i++)
    part->voxels[i] = part->voxels[i] == label;
  TRY(filter_components(&pieces, part, 26, 2, sizes, &count));
  CHECK(sizes[1] * 20 < sizes[0], ST_DOMAIN,
        "cortical map: label %d is in pieces of %lld and %lld voxels; one bone is needed", label,
        (long long)sizes[0], (long long)sizes[1]);
done:
  labels_destroy(part);
  labels_destroy(pieces);
  return st;
}

static status slice_of(struct work *w) {
  status st = ST_OK;
  const struct volume *d = w->gather.density;
  double distance = d->grid.spacing[w->gather.slice], header = d->acquisition.slice_thickness_mm;
  w->slice_axis = geometry_axis(&d->grid, w->gather.slice);
  memcpy(w->map->spacing, d->grid.spacing, sizeof w->map->spacing);
  w->map->slice_mm = !isnan(w->options->thickness_mm) ? w->options->thickness_mm
                     : header > 0                     ? header
                                                      : distance;
  CHECK(w->map->slice_mm > 0 && w->map->slice_mm <= THICKEST_SLICE, ST_DOMAIN,
        "cortical map: slices of %g mm, permitted up to %g mm: at 5 mm a third of the thin cortex "
        "finds no fit and the rest reads 10 to 17 %% too heavy (digital hips)",
        w->map->slice_mm, THICKEST_SLICE);
  CHECK(distance <= THICKEST_SLICE, ST_DOMAIN,
        "cortical map: slices every %g mm, permitted up to %g mm", distance, THICKEST_SLICE);
done:
  return st;
}

static status make_room(struct work *w) {
  status st = ST_OK;
  struct cortex_map *m = w->map;
  size_t n = (size_t)m->surface->vertex_count;
  double **arrays[] = {&m->thickness_mm, &m->mass,        &m->trabecular, &m->endocortical,
                       &m->residual,     &m->half_max_mm, &m->flag,       &w->outer};
  for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++) {
    *arrays[a] = malloc(n * sizeof(double));
    CHECK(*arrays[a], ST_MEMORY, "cortical map: out of memory for %zu vertices", n);
  }
  w->fits = calloc(n, sizeof *w->fits);
  w->cut = calloc(n, 1);
  CHECK(w->fits && w->cut, ST_MEMORY, "cortical map: out of memory for %zu vertices", n);
done:
  return st;
}

status qct_cortex_map(struct cortex_map **out, const struct volume *density,
                      const struct labels *labels, int label,
                      const struct cortex_options *options) {
  static const struct cortex_options defaults = CORTEX_OPTIONS_DEFAULTS;
  status st = ST_OK;
  struct work w = {.options = options ? options : &defaults};
  TRY(check_input(density, labels, label, w.options));
  w.map = calloc(1, sizeof *w.map);
  CHECK(w.map, ST_MEMORY, "cortical map: out of memory");
  gather_init(&w.gather, density);
  TRY(slice_of(&w));
  TRY(qct_outline_surface(&w.map->surface, labels, label, w.options->vertex_mm));
  TRY(make_room(&w));
  find_cut(&w, labels, label);
  TRY(know_bone(&w));
  TRY(fit_all(&w));
  TRY(move_to_edge(&w, 4));
  TRY(surface_smooth(w.map->surface, 4));
  TRY(surface_normals(w.map->surface));
  TRY(fit_all(&w));
  TRY(conclude(&w));
  TRY(move_to_edge(&w, 2));
  TRY(surface_normals(w.map->surface));
  *out = w.map;
  w.map = NULL;
done:
  free(w.fits);
  free(w.outer);
  free(w.cut);
  qct_cortex_map_destroy(w.map);
  return st;
}
