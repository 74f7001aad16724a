#include "qct/structure.h"

#include "core/parallel.h"
#include "qct/structure_bone.h"
#include "qct/structure_check.h"
#include "qct/structure_cut.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const structure_shaft_names[] = {"lesser-trochanter", "neck-widths", NULL};

static const double STEP = 0.25; /* mm, pixel of a section */
static const double APART = 0.5; /* mm, of sections */
static const double WINDOW = 75; /* mm about the centre that is searched for bone */
/* Mineral counts so far outside the outline: what blur reaches [mm], and the side lobes of the
 * cubic spline [slices], which are below 5 % farther out. */
static const double BLUR_REACH = 2, LOBES = 2;
static const double RHO_HA = 1050; /* mg/cm3, beck1990 */
static const double BELOW_LESSER_MM = 20;
static const double NECK_WIDTHS = 1.5;
static const double BECK_SHARE[STRUCTURE_PLACES] = {0.6, 0.6, 0.6, 0.7, 1.0};

const char *structure_place_name(enum structure_place p) {
  static const char *const names[] = {"narrow_neck", "mid_neck", "neck_base", "intertrochanter",
                                      "shaft"};
  return names[p];
}

/* How far outside the outline mineral counts [mm]. */
static double mineral_reach(const struct structure_bone *b) {
  return BLUR_REACH + LOBES * b->slice_mm;
}

/* ---- where ---- */

static void neck_plane(struct structure_slab *s, const struct hip_frame *f, double from_head) {
  struct vec3 axes[3], n = f->neck_axis;
  hip_frame_axes(f, axes);
  double head = vec3_dot(vec3_sub(f->head, f->neck_point), n);
  s->centre = vec3_along(f->neck_point, head - from_head, n);
  s->normal = n;
  s->up = vec3_unit(vec3_along(axes[2], -vec3_dot(axes[2], n), n));
}

static struct vec3 anterior(const struct hip_frame *f) {
  struct vec3 axes[3];
  hip_frame_axes(f, axes);
  return vec3_scale(axes[1], f->side == SIDE_RIGHT ? -1 : 1);
}

static struct structure_plane plane_at(const struct structure_slab *s, double along) {
  struct structure_plane p = {vec3_along(s->centre, along, s->normal), s->front, s->up, s->normal};
  return p;
}

static void shaft_plane(struct structure_slab *s, const struct hip_frame *f, int how,
                        double neck_width) {
  struct vec3 axes[3];
  hip_frame_axes(f, axes);
  s->normal = axes[2];
  s->up = vec3_scale(axes[0], -1);
  double below = NECK_WIDTHS * neck_width; /* the origin */
  if (how == STRUCTURE_SHAFT_LESSER_TROCHANTER)
    below = vec3_dot(vec3_sub(f->origin, f->lesser_trochanter), axes[2]) + BELOW_LESSER_MM;
  if (isnan(below))
    snprintf(s->reason, sizeof s->reason,
             how == STRUCTURE_SHAFT_LESSER_TROCHANTER ? "lesser trochanter not in the scan"
                                                      : "the width of the neck is not known");
  double origin = vec3_dot(vec3_sub(f->origin, f->shaft_point), axes[2]);
  s->centre = vec3_along(f->shaft_point, origin - below, axes[2]);
}

static void place_slabs(struct qct_structure *q, const struct hip_frame *f) {
  double narrow = vec3_dot(vec3_sub(f->head, f->neck_point), f->neck_axis);
  double length = vec3_dot(vec3_sub(f->head, f->origin), f->neck_axis);
  for (int p = 0; p < STRUCTURE_PLACES; p++) {
    struct structure_slab *s = &q->slabs[p];
    s->place = (enum structure_place)p;
    s->front = anterior(f);
  }
  neck_plane(&q->slabs[STRUCTURE_NARROW_NECK], f, narrow);
  neck_plane(&q->slabs[STRUCTURE_MID_NECK], f, (narrow + length) / 2);
  neck_plane(&q->slabs[STRUCTURE_NECK_BASE], f, length);
  struct structure_slab *it = &q->slabs[STRUCTURE_INTERTROCHANTER];
  it->centre = f->origin;
  it->normal = vec3_unit(vec3_add(f->neck_axis, f->shaft_axis));
  it->up = vec3_unit(vec3_sub(f->shaft_axis, f->neck_axis));
}

/* ---- one slab ---- */

/* Does a pixel of the section lie at the end of the bone or within a voxel of the scan's edge? */
static bool is_cut(const struct structure_bone *b, const struct structure_plane *p,
                   const struct structure_window *w, const float *share) {
  const struct geometry *g = &b->image->grid;
  const struct hip_frame *f = b->frame;
  const double n[3] = {(double)g->nx, (double)g->ny, (double)g->nz};
  double end = f->distal_mm - b->slice_mm / 2;
  for (int j = 0; j < w->ny; j++)
    for (int i = 0; i < w->nx; i++) {
      if (share[(int64_t)j * w->nx + i] < 0.5F) continue;
      struct vec3 at = structure_world(p, w, i, j, 0), x = geometry_to_index(g, at);
      const double index[3] = {x.x, x.y, x.z};
      for (int a = 0; a < 3; a++)
        if (index[a] < 0.25 || index[a] > n[a] - 1.25) return true;
      if (vec3_dot(vec3_sub(f->head, at), f->shaft_axis) > end) return true;
    }
  return false;
}

/* The part of the plane that holds the bone of all sections of a slab. */
static status fit_window(struct structure_window *w, const struct structure_bone *b,
                         const struct structure_slab *s) {
  status st = ST_OK;
  const double margin = mineral_reach(b) + 5;
  struct structure_window wide = structure_window_about(WINDOW, 1);
  struct structure_plane p = plane_at(s, 0);
  int box[4];
  float *share = malloc((size_t)wide.nx * (size_t)wide.ny * sizeof *share);
  CHECK(share, ST_MEMORY, "section: out of memory");
  TRY(structure_cut(share, &wide, &b->outer, &p));
  TRY(structure_keep_piece(share, NULL, box, &wide, 0));
  w->step = STEP;
  w->front0 = floor((wide.front0 + box[0] - margin) / STEP) * STEP;
  w->up0 = floor((wide.up0 + box[1] - margin) / STEP) * STEP;
  w->nx = (int)ceil((box[2] - box[0] + 2 * margin) / STEP) + 1;
  w->ny = (int)ceil((box[3] - box[1] + 2 * margin) / STEP) + 1;
done:
  free(share);
  return st;
}

/* Fractional indices in a grid of the pixels of a section. */
struct pixel_places {
  const struct geometry *grid;
  struct vec3 first, right, above; /* the first pixel, steps to the next in its row and column */
};

static struct pixel_places places_make(const struct geometry *g, const struct structure_plane *p,
                                       const struct structure_window *w) {
  struct pixel_places x = {.grid = g};
  x.first = geometry_to_index(g, structure_world(p, w, 0, 0, 0));
  x.right = vec3_sub(geometry_to_index(g, structure_world(p, w, 1, 0, 0)), x.first);
  x.above = vec3_sub(geometry_to_index(g, structure_world(p, w, 0, 1, 0)), x.first);
  return x;
}

/* False outside the grid's voxels. */
static bool place_of(struct vec3 *at, const struct pixel_places *x, int i, int j) {
  *at = vec3_along(vec3_along(x->first, (double)j, x->above), (double)i, x->right);
  return geometry_clamp_inside(x->grid, at);
}

static void raster_free(struct structure_raster *r) {
  free(r->bone);
  free(r->marrow);
  free(r->mineral);
  r->bone = r->marrow = r->mineral = NULL;
}

/* The marrow space of a section, within its bone. */
static status cut_marrow(float *marrow, const struct structure_raster *r,
                         const struct structure_bone *b, const struct structure_window *w,
                         const struct structure_plane *p) {
  status st = ST_OK;
  TRY(structure_cut(marrow, w, &b->inner, p));
  for (int64_t i = 0, n = (int64_t)r->nx * r->ny; i < n; i++)
    marrow[i] = fminf(marrow[i], r->bone[i]);
done:
  return st;
}

/* The sharp model, and the rest where this bone is nearest; blur is of the rest's mass alone. */
static void fill_mineral(struct structure_raster *r, const struct structure_bone *b,
                         const struct structure_slab *s, const struct pixel_places *places,
                         const uint8_t *owner) {
  double sum = 0, blurred = 0;
  for (int j = 0; j < r->ny; j++)
    for (int i = 0; i < r->nx; i++) {
      int64_t p = (int64_t)j * r->nx + i;
      double marrow = (double)r->marrow[p], cortex = (double)r->bone[p] - marrow;
      double level = 0, rest = 0;
      struct vec3 at;
      if ((owner[p] || marrow > 0) && place_of(&at, places, i, j)) {
        if (owner[p]) rest = (double)cubic_value(b->rest, at.x, at.y, at.z);
        if (marrow > 0) level = (double)(float)volume_sample_index(b->level, at.x, at.y, at.z);
      }
      double model = b->cortical_mgcc * cortex + level * marrow;
      r->mineral[p] = (float)(model + rest);
      sum += model + rest;
      blurred += rest;
    }
  structure_bone_variance(r->variance, b, s->up, s->front);
  for (int a = 0; a < 3 && sum > 0; a++) r->variance[a] *= blurred / sum;
}

/* Marrow space by the parting of voxels, in place of the model's. */
static void take_parting(struct structure_raster *r, const struct volume *marrow,
                         const struct pixel_places *places) {
  for (int j = 0; j < r->ny; j++)
    for (int i = 0; i < r->nx; i++) {
      int64_t p = (int64_t)j * r->nx + i;
      struct vec3 at;
      bool inside = r->bone[p] > 0 && place_of(&at, places, i, j) &&
                    volume_sample_index(marrow, at.x, at.y, at.z) >= 0.5;
      r->marrow[p] = inside ? r->bone[p] : 0;
    }
}

/* Section k of a slab; *whole false and nothing filled when it is cut. */
static status make_raster(struct structure_raster *r, bool *whole, const struct structure_bone *b,
                          const struct structure_slab *s, const struct structure_window *w, int k) {
  status st = ST_OK;
  struct structure_plane p = plane_at(s, APART * (k - STRUCTURE_SECTIONS / 2));
  size_t n = (size_t)w->nx * (size_t)w->ny;
  uint8_t *owner = NULL;
  memset(r, 0, sizeof *r);
  r->nx = w->nx;
  r->ny = w->ny;
  r->step = w->step;
  r->front0 = w->front0;
  r->up0 = w->up0;
  r->bone = malloc(n * sizeof *r->bone);
  owner = malloc(n);
  CHECK(r->bone && owner, ST_MEMORY, "section: out of memory");
  TRY(structure_cut(r->bone, w, &b->outer, &p));
  TRY(structure_keep_piece(r->bone, owner, NULL, w, mineral_reach(b)));
  *whole = !is_cut(b, &p, w, r->bone);
  if (!b->rest) goto done;
  r->marrow = malloc(n * sizeof *r->marrow);
  r->mineral = malloc(n * sizeof *r->mineral);
  CHECK(r->marrow && r->mineral, ST_MEMORY, "section: out of memory");
  TRY(cut_marrow(r->marrow, r, b, w, &p));
  struct pixel_places places = places_make(&b->level->grid, &p, w);
  fill_mineral(r, b, s, &places, owner);
  if (b->marrow) {
    places = places_make(&b->marrow->grid, &p, w);
    take_parting(r, b->marrow, &places);
  }
done:
  free(owner);
  return st;
}

static status measure_section(struct structure_slab *s, const struct structure_bone *b,
                              const struct structure_window *w, double rho_ref, int k) {
  status st = ST_OK;
  struct structure_raster r;
  TRY(make_raster(&r, &s->whole[k], b, s, w, k));
  TRY(structure_values(s->values[k], &r, rho_ref, BECK_SHARE[s->place]));
  if (k == STRUCTURE_SECTIONS / 2) {
    s->middle = r;
    memset(&r, 0, sizeof r);
  }
done:
  raster_free(&r);
  return st;
}

/* Mean and SD of one value over the whole sections; an angle is an axis, equal to itself + 180. */
static void summarise(struct structure_slab *s, int value) {
  double sum = 0, square = 0, first = (double)NAN;
  bool axis = value < STRUCTURE_FAMILIES * SF_COUNT && value % SF_COUNT == SF_THETA;
  int n = 0;
  for (int k = 0; k < STRUCTURE_SECTIONS; k++) {
    double v = s->values[k][value];
    if (!s->whole[k] || isnan(v)) continue;
    if (isnan(first)) first = v;
    if (axis) v -= 180 * round((v - first) / 180);
    sum += v - first;
    square += (v - first) * (v - first);
    n++;
  }
  s->mean[value] = n ? first + sum / n : (double)NAN;
  s->sd[value] = n > 1 ? sqrt(fmax(square - sum * sum / n, 0) / (n - 1)) : (double)NAN;
}

static void close_slab(struct structure_slab *s) {
  s->measured = 0;
  for (int k = 0; k < STRUCTURE_SECTIONS; k++) {
    s->measured += s->whole[k];
    for (int v = 0; v < STRUCTURE_VALUES && !s->whole[k]; v++) s->values[k][v] = (double)NAN;
  }
  if (s->measured <= STRUCTURE_SECTIONS / 2) {
    if (!s->reason[0])
      snprintf(s->reason, sizeof s->reason,
               "%d of %d sections meet the end of the bone or of the scan",
               STRUCTURE_SECTIONS - s->measured, (int)STRUCTURE_SECTIONS);
    s->measured = 0;
  }
  for (int v = 0; v < STRUCTURE_VALUES; v++) {
    summarise(s, v);
    if (!s->measured) s->mean[v] = s->sd[v] = (double)NAN;
  }
}

static status measure_slab(struct structure_slab *s, const struct structure_bone *b,
                           double rho_ref) {
  status st = ST_OK;
  struct structure_window window;
  status each[STRUCTURE_SECTIONS];
  TRY(fit_window(&window, b, s));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int k = 0; k < STRUCTURE_SECTIONS; k++) each[k] = measure_section(s, b, &window, rho_ref, k);
  for (int k = 0; k < STRUCTURE_SECTIONS; k++) {
    if (each[k] == ST_DOMAIN) s->whole[k] = false; /* the plane missed the bone */
    CHECK(each[k] == ST_OK || each[k] == ST_DOMAIN, each[k], "%s: section %d could not be measured",
          structure_place_name(s->place), k);
  }
  close_slab(s);
done:
  if (st == ST_DOMAIN) { /* no bone where the slab should be */
    snprintf(s->reason, sizeof s->reason, "%.150s", status_message());
    status_clear();
    st = ST_OK;
    close_slab(s);
  }
  return st;
}

/* ---- all places ---- */

static status measure_places(struct qct_structure *q, const struct structure_bone *b) {
  status st = ST_OK;
  place_slabs(q, b->frame);
  for (int p = 0; p < STRUCTURE_PLACES; p++) {
    struct structure_slab *s = &q->slabs[p];
    if (p == STRUCTURE_SHAFT)
      shaft_plane(s, b->frame, q->options.shaft,
                  q->slabs[STRUCTURE_NARROW_NECK].mean[structure_of_section(SQ_SPW)]);
    if (s->reason[0])
      close_slab(s);
    else
      TRY(measure_slab(s, b, q->options.rho_ref));
  }
done:
  return st;
}

status qct_structure_measure(struct qct_structure **out, const struct volume *image,
                             const struct labels *labels, int label, const struct hip_frame *frame,
                             const struct structure_options *options,
                             const struct qct_shell *shell) {
  static const struct structure_options defaults = STRUCTURE_DEFAULTS;
  status st = ST_OK;
  struct qct_structure *q = calloc(1, sizeof *q);
  struct labels *mask = NULL;
  struct qct_shell *own = NULL;
  struct structure_bone b = {.frame = frame};
  CHECK(q, ST_MEMORY, "sections of the femur: out of memory");
  q->options = options ? *options : defaults;
  q->side = frame->side;
  q->material = image->material;
  q->has_density = image->quantity == QUANTITY_DENSITY;
  q->slice_mm = structure_slice_mm(image);
  if (isnan(q->options.rho_ref) && image->material == MATERIAL_HA) q->options.rho_ref = RHO_HA;
  TRY(structure_check(&q->image, &mask, image, labels, label, frame, &q->options));
  b.image = q->image;
  b.slice_mm = q->slice_mm;
  if (q->has_density && !shell) TRY(qct_shell_make(&own, q->image, mask, label));
  if (q->has_density)
    TRY(structure_bone_of_shell(&b, shell ? shell : own, q, mask, label));
  else
    TRY(structure_bone_of_label(&b, mask, label));
  TRY(measure_places(q, &b));
  *out = q;
  q = NULL;
done:
  if (q && b.rest) status_note("hip structure");
  structure_bone_free(&b);
  qct_shell_destroy(own);
  labels_destroy(mask);
  qct_structure_destroy(q);
  return st;
}

void qct_structure_destroy(struct qct_structure *s) {
  if (!s) return;
  for (int p = 0; p < STRUCTURE_PLACES; p++) raster_free(&s->slabs[p].middle);
  volume_destroy(s->image);
  free(s);
}
