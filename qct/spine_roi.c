#include "qct/spine_roi.h"

#include "core/body.h"
#include "core/filter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *const qct_roi_names[] = {"ellipse", "ellipse-c2c", "sphere", "label", NULL};

static const double back_share = 0.58, width_share = 0.325, depth_share = 0.25;

void qct_roi_words(char out[48], const struct qct_roi_options *o) {
  const char *name = qct_roi_names[o->kind];
  if (o->kind == QCT_ROI_ELLIPSE)
    snprintf(out, 48, "%s %g mm", name, o->height_mm);
  else if (o->kind == QCT_ROI_SPHERE)
    snprintf(out, 48, "%s %g mm", name, o->radius_mm);
  else if (o->kind == QCT_ROI_LABEL)
    snprintf(out, 48, "%s eroded %g mm", name, o->erode_mm);
  else
    snprintf(out, 48, "%s", name);
}

/* ---- shapes in the body's frame ---- */

struct shape {
  const struct vertebra_frame *f;
  const struct qct_roi_options *o;
  struct vec3 centre; /* local */
};

static struct shape shape_of(const struct vertebra_frame *f, const struct qct_roi_options *o) {
  struct shape s = {.f = f, .o = o, .centre = {0, 0, 0}};
  if (o->kind == QCT_ROI_SPHERE) return s;
  if (!isnan(f->superior_point.x)) {
    struct vec3 middle = vec3_scale(vec3_add(f->superior_point, f->inferior_point), 0.5);
    s.centre = vertebra_to_local(f, middle); /* middle of the plan, between the plates */
  }
  s.centre.y = f->back_mm - back_share * f->depth_mm;
  return s;
}

static bool in_shape(const struct shape *s, struct vec3 world) {
  struct vec3 p = vec3_sub(vertebra_to_local(s->f, world), s->centre);
  if (s->o->kind == QCT_ROI_SPHERE) return vec3_dot(p, p) <= s->o->radius_mm * s->o->radius_mm;
  double u = p.x / (width_share * s->f->width_mm), v = p.y / (depth_share * s->f->depth_mm);
  return fabs(p.z) <= 0.5 * s->o->height_mm && u * u + v * v <= 1;
}

static void mark_shape(struct labels *out, const struct labels *inside, const struct shape *s) {
  int64_t lo[3], hi[3];
  const struct geometry *g = &out->grid;
  if (!labels_box(inside, s->f->label, lo, hi)) return;
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++) {
        int64_t n = geometry_index(g, i, j, k);
        struct vec3 w = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        if (inside->voxels[n] == s->f->label && in_shape(s, w))
          out->voxels[n] = (uint16_t)s->f->label;
      }
}

/* ---- ellipse-c2c, in voxels ---- */

/* The scan's index axes in the order left-right, front-back, head-foot, and whether the second
 * runs from back to front. */
struct axes {
  int axis[3];
  bool backwards; /* index of axis 1 grows from front to back */
};

static struct axes scan_axes(const struct geometry *g) {
  struct axes a;
  for (int w = 0; w < 3; w++) a.axis[w] = geometry_axis_nearest(g, w);
  a.backwards = geometry_axis(g, a.axis[1]).y > 0;
  return a;
}

static int64_t at(const struct geometry *g, const struct axes *a, const int64_t p[3]) {
  int64_t n[3];
  for (int w = 0; w < 3; w++) n[a->axis[w]] = p[w];
  if (!geometry_inside(g, n[0], n[1], n[2])) return -1;
  return geometry_index(g, n[0], n[1], n[2]);
}

struct run {
  double count, mean; /* voxels of the label on a line, and their mean index */
  double first, last;
};

static struct run along_line(const struct labels *l, int value, const struct axes *a, int axis,
                             int64_t p0, int64_t p1, int64_t p2) {
  const int64_t size[3] = {l->grid.nx, l->grid.ny, l->grid.nz};
  int64_t p[3] = {p0, p1, p2};
  struct run r = {0, 0, -1, -1};
  for (p[axis] = 0; p[axis] < size[a->axis[axis]]; p[axis]++) {
    int64_t n = at(&l->grid, a, p);
    if (n < 0 || l->voxels[n] != value) continue;
    if (r.first < 0) r.first = (double)p[axis];
    r.last = (double)p[axis];
    r.mean += (double)p[axis];
    r.count++;
  }
  if (r.count > 0) r.mean /= r.count;
  return r;
}

static void c2c_slice(struct labels *out, const struct labels *l, const struct labels *eroded,
                      int value, const struct axes *a, const int64_t c[3], int64_t k) {
  struct run ap = {1e9, 0, 0, 0}, lr = {1e9, 0, 0, 0};
  for (int64_t d = -1; d <= 1; d++) {
    struct run r = along_line(l, value, a, 1, c[0], 0, k + d);
    if (r.count < ap.count) ap = r;
  }
  if (ap.count < 1) return;
  double centre = a->backwards ? ap.last - back_share * ap.count : ap.first + back_share * ap.count;
  for (int64_t d = -1; d <= 1; d++) {
    struct run r = along_line(l, value, a, 0, 0, (int64_t)centre + d, k);
    if (r.count < lr.count) lr = r;
  }
  double half_lr = floor(2 * width_share * lr.count / 2),
         half_ap = floor(2 * depth_share * ap.count / 2);
  if (half_lr < 1 || half_ap < 1) return;
  for (double x = floor(lr.mean - half_lr); x <= lr.mean + half_lr; x++)
    for (double y = floor(centre - half_ap); y <= centre + half_ap; y++) {
      double u = (x - lr.mean) / half_lr, v = (y - centre) / half_ap;
      int64_t p[3] = {(int64_t)x, (int64_t)y, k}, n = at(&l->grid, a, p);
      if (u * u + v * v <= 1 && n >= 0 && eroded->voxels[n]) out->voxels[n] = (uint16_t)value;
    }
}

/* {== value} eroded by the 6 faces, `times` times: 1 where it remains. Outside the grid counts as
 * background. */
static status erode_faces(struct labels **out, const struct labels *l, int value, int times) {
  status st = ST_OK;
  struct labels *a = NULL, *b = NULL;
  const struct geometry *g = &l->grid;
  int64_t n = geometry_voxels(g), step[3] = {1, g->nx, g->nx * g->ny};
  TRY(labels_create(&a, g));
  TRY(labels_create(&b, g));
  for (int64_t i = 0; i < n; i++) a->voxels[i] = l->voxels[i] == value;
  for (int t = 0; t < times; t++) {
    for (int64_t k = 1; k + 1 < g->nz; k++)
      for (int64_t j = 1; j + 1 < g->ny; j++)
        for (int64_t i = 1; i + 1 < g->nx; i++) {
          int64_t p = geometry_index(g, i, j, k);
          bool all = a->voxels[p];
          for (int s = 0; s < 3; s++) all = all && a->voxels[p - step[s]] && a->voxels[p + step[s]];
          b->voxels[p] = all;
        }
    struct labels *swap = a;
    a = b;
    b = swap;
  }
  *out = a;
  a = NULL;
done:
  labels_destroy(a);
  labels_destroy(b);
  return st;
}

static status mark_c2c(struct labels *out, const struct labels *bodies,
                       const struct vertebra_frame *f) {
  const double slab_mm = 7.5, thick_mm = 3;
  status st = ST_OK;
  struct labels *eroded = NULL;
  struct axes a = scan_axes(&bodies->grid);
  const struct vec3 index = geometry_to_index(&bodies->grid, f->centre);
  double dz = bodies->grid.spacing[a.axis[2]];
  int64_t c[3];
  for (int w = 0; w < 3; w++) c[w] = (int64_t)(&index.x)[a.axis[w]];
  TRY(erode_faces(&eroded, bodies, f->label, dz >= thick_mm ? 1 : 2));
  struct run z = along_line(bodies, f->label, &a, 2, c[0], c[1], 0);
  double half = floor(slab_mm / dz / 2);
  for (int64_t k = (int64_t)(z.mean - half); z.count > 0 && k <= (int64_t)(z.mean + half); k++)
    c2c_slice(out, bodies, eroded, f->label, &a, c, k);
done:
  labels_destroy(eroded);
  return st;
}

/* ---- all of it ---- */

static status check(const struct vertebra_frame *f, const struct qct_roi_options *o) {
  const double least = 15, most = 50;
  status st = ST_OK;
  CHECK(o->height_mm >= 2 && o->height_mm <= 20, ST_DOMAIN,
        "region of %s: height %g mm, permitted 2..20 mm", f->level, o->height_mm);
  CHECK(o->radius_mm >= 1 && o->radius_mm <= 10, ST_DOMAIN,
        "region of %s: radius %g mm, permitted 1..10 mm", f->level, o->radius_mm);
  if (o->kind == QCT_ROI_LABEL || o->kind == QCT_ROI_SPHERE) goto done;
  CHECK(f->depth_mm >= least && f->depth_mm <= most, ST_DOMAIN,
        "ellipse in %s: the body is %.1f mm deep from front to back, permitted %g..%g mm; give a "
        "label of the body without the arch",
        f->level, f->depth_mm, least, most);
done:
  return st;
}

status qct_spine_roi(struct labels **out, const struct labels *bodies,
                     const struct vertebra_frames *frames, const struct qct_roi_options *o) {
  status st = ST_OK;
  struct labels *roi = NULL, *inside = NULL;
  for (int i = 0; i < frames->count; i++) TRY(check(&frames->items[i], o));
  TRY(labels_create(&roi, &bodies->grid));
  TRY(labels_copy(&inside, bodies));
  double shrink = o->kind == QCT_ROI_LABEL     ? o->erode_mm
                  : o->kind == QCT_ROI_ELLIPSE ? o->clear_mm
                                               : 0;
  for (int i = 0; i < frames->count; i++) {
    const struct vertebra_frame *f = &frames->items[i];
    struct shape s = shape_of(f, o);
    TRY(labels_set_name(roi, f->label, f->level));
    if (shrink > 0) TRY(filter_grow(inside, f->label, -shrink, 0));
    if (o->kind == QCT_ROI_ELLIPSE_C2C)
      TRY(mark_c2c(roi, bodies, f));
    else if (o->kind == QCT_ROI_LABEL) {
      int64_t n = geometry_voxels(&bodies->grid);
      for (int64_t v = 0; v < n; v++)
        if (inside->voxels[v] == f->label) roi->voxels[v] = (uint16_t)f->label;
    } else
      mark_shape(roi, inside, &s);
  }
  *out = roi;
  roi = NULL;
done:
  labels_destroy(roi);
  labels_destroy(inside);
  return st;
}
