/* The shaft of a hip frame: its axis and the distal end of the lesser trochanter. */
#include "anatomy/box.h"
#include "anatomy/femur_parts.h"
#include "anatomy/section.h"
#include "core/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICES = 512 };
static const double SHAFT_FROM = 85;                    /* mm from the head: shaft only */
static const double SHAFT_LOW = 250, SHAFT_HIGH = 1300; /* mm2, a section of the shaft */
static const double EDGE_NEAR = 4, EDGE_FAR = 60;       /* mm from the axis */
static const double LEAST_RIDGE = 2.5;                  /* mm, of a lesser trochanter */
static const double ABOVE = 20;        /* mm below the head: nothing higher is looked at */
static const double END_GROWTH = 0.02; /* of a section's area over a mm, where the bone ends */
static const int CLEAR = 10; /* mm below the lesser trochanter that the axis keeps away from */

/* ---- shaft ---- */

struct point_set {
  double n;
  struct vec3 mean;
  double c[6]; /* xx yy zz xy xz yz, central */
};

static void point_add(struct point_set *s, struct vec3 p) {
  s->n++;
  struct vec3 d = vec3_sub(p, s->mean);
  s->mean = vec3_along(s->mean, 1 / s->n, d);
  struct vec3 e = vec3_sub(p, s->mean);
  s->c[0] += d.x * e.x;
  s->c[1] += d.y * e.y;
  s->c[2] += d.z * e.z;
  s->c[3] += d.x * e.y;
  s->c[4] += d.x * e.z;
  s->c[5] += d.y * e.z;
}

/* Direction of largest spread, by power iteration from z; pointing up. */
static struct vec3 main_direction(const struct point_set *s) {
  struct vec3 v = vec3_unit(vec3_make(0.1, 0.1, 1));
  for (int i = 0; i < 200; i++)
    v = vec3_unit(vec3_make(s->c[0] * v.x + s->c[3] * v.y + s->c[4] * v.z,
                            s->c[3] * v.x + s->c[1] * v.y + s->c[5] * v.z,
                            s->c[4] * v.x + s->c[5] * v.y + s->c[2] * v.z));
  return v.z < 0 ? vec3_scale(v, -1) : v;
}

/* Points of the mask between two distances from the head. */
static void far_points(struct point_set *s, const struct volume *field, struct vec3 head,
                       double from, double to) {
  const struct geometry *g = &field->grid;
  memset(s, 0, sizeof *s);
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        if (field->voxels[geometry_index(g, i, j, k)] < 0.5F) continue;
        struct vec3 p = box_centre_of(g, i, j, k);
        double r = vec3_length(vec3_sub(p, head));
        if (r > from && r <= to) point_add(s, p);
      }
}

struct shaft_profile { /* sections along a line through `at`, every mm from `first` mm */
  struct vec3 at, axis, medial, posterior;
  int count, first;
  struct section s[SLICES];
  double height[SLICES]; /* of the lesser trochanter's ridge [mm]; NaN unknown */
  double angle[SLICES];  /* where it is highest [degrees behind medial] */
};

static int good(const struct section *s) {
  return s->found && s->complete && s->area_mm2 > SHAFT_LOW;
}

/* ---- lesser trochanter ---- */

static struct vec3 behind_medial(const struct shaft_profile *p, double degrees) {
  double a = degrees * 3.14159265358979323846 / 180;
  return vec3_along(vec3_scale(p->medial, cos(a)), sin(a), p->posterior);
}

/* Distance from c to the mask's edge along d; NaN when none within EDGE_FAR. */
static double edge_along(const struct volume *field, struct vec3 c, struct vec3 d) {
  double before = 1;
  for (double r = EDGE_NEAR; r <= EDGE_FAR; r += 0.5) {
    struct vec3 p = vec3_along(c, r, d);
    double v = box_sample(field, p.x, p.y, p.z);
    if (isnan(v)) return NAN;
    if (v < 0.5) return r - 0.5 * (0.5 - v) / fmax(before - v, 1e-9);
    before = v;
  }
  return NAN;
}

/* Height of the ridge on section i: the edge's distance from the axis over the line between its
 * flanks. */
static void ridge_height(struct shaft_profile *p, const struct volume *field, int i) {
  struct vec3 c = vec3_along(p->at, p->first + i, p->axis);
  double middle = HIP_LESSER_BEHIND_DEG, flank = HIP_LESSER_FLANK_DEG;
  double low = edge_along(field, c, behind_medial(p, middle - flank));
  double high = edge_along(field, c, behind_medial(p, middle + flank));
  p->height[i] = p->angle[i] = NAN;
  for (double a = -HIP_LESSER_HALF_DEG; a <= HIP_LESSER_HALF_DEG; a += 3) {
    double base = low + (high - low) * (a + flank) / (2 * flank);
    double h = edge_along(field, c, behind_medial(p, middle + a)) - base;
    if (isnan(h) || h <= p->height[i]) continue;
    p->height[i] = h;
    p->angle[i] = middle + a;
  }
}

static void profile_cut(struct shaft_profile *p, const struct volume *field, struct vec3 at,
                        struct vec3 axis, const struct hip_frame *f, int to) {
  struct vec3 d = vec3_sub(f->head, at);
  p->at = at;
  p->axis = axis;
  p->medial = vec3_unit(vec3_along(d, -vec3_dot(d, axis), axis));
  p->posterior = vec3_scale(vec3_cross(axis, p->medial), (double)f->side);
  p->first = -(SLICES / 2);
  p->count = 0;
  for (int t = p->first; t <= to && p->count < SLICES; t++) {
    int i = p->count++;
    section_cut(&p->s[i], field, vec3_along(at, t, axis), axis, 0.7, 12);
    p->height[i] = NAN;
    if (good(&p->s[i])) ridge_height(p, field, i);
  }
}

/* Distal end and tip of the lesser trochanter (core/frame.h) among whole sections, from `start` on:
 * what the end of the scan cuts obliquely has ridges of its own. *end as a fraction of sections,
 * *tip a section. 0 when there is none with its end in the scan. */
static int lesser_trochanter(const struct shaft_profile *p, int start, double *end, int *tip) {
  *tip = -1;
  if (start < 0) return 0;
  for (int i = start; i < p->count; i++)
    if (p->height[i] > LEAST_RIDGE && (*tip < 0 || p->height[i] > p->height[*tip])) *tip = i;
  if (*tip < 0) return 0;
  double level = HIP_LESSER_END_SHARE * p->height[*tip];
  for (int i = *tip - 1; i >= start && !isnan(p->height[i]); i--) {
    double above = p->height[i + 1], here = p->height[i];
    if (here >= level) continue;
    *end = i + (level - here) / (above - here);
    return 1;
  }
  return 0;
}

/* The lowest section that the end of the scan or of the bone does not cut: an oblique one loses
 * area there, and its centroid moves by millimetres, before its outline is seen to be open. A whole
 * section of a shaft grows by 1 % a mm. */
static int first_whole(const struct shaft_profile *p) {
  for (int i = 0; i + 1 < p->count; i++)
    if (good(&p->s[i]) && p->s[i + 1].area_mm2 < (1 + END_GROWTH) * p->s[i].area_mm2) return i;
  return -1;
}

/* Line through the centroids of sections [from, to], dropping those beyond 3 MAD once. */
static int line_through(const struct shaft_profile *p, int from, int to, struct vec3 *at,
                        struct vec3 *axis) {
  double limit = INFINITY;
  struct point_set set;
  for (int round = 0; round < 2; round++) {
    double off[SLICES];
    int n = 0;
    struct vec3 mean = *at, dir = *axis;
    memset(&set, 0, sizeof set);
    for (int i = from; i <= to; i++) {
      if (!good(&p->s[i]) || p->s[i].area_mm2 > SHAFT_HIGH) continue;
      struct vec3 d = vec3_sub(p->s[i].centroid, mean);
      double miss = vec3_length(vec3_along(d, -vec3_dot(d, dir), dir));
      if (round && miss > limit) continue;
      point_add(&set, p->s[i].centroid);
    }
    if (set.n < 6) return 0;
    *at = set.mean;
    *axis = main_direction(&set);
    if (vec3_dot(*axis, p->axis) < 0) *axis = vec3_scale(*axis, -1);
    for (int i = from; i <= to; i++) {
      if (!good(&p->s[i]) || p->s[i].area_mm2 > SHAFT_HIGH) continue;
      struct vec3 d = vec3_sub(p->s[i].centroid, *at);
      off[n++] = vec3_length(vec3_along(d, -vec3_dot(d, *axis), *axis));
    }
    limit = fmax(3 * 1.4826 * stat_median(off, n), 0.3);
  }
  return 1;
}

/* First guess of the axis: spread of the far part when it is long, else the line between the parts
 * nearer and farther than SHAFT_FROM. 0 when there is too little bone. */
static int guess_axis(const struct volume *field, struct vec3 head, struct vec3 *at,
                      struct vec3 *axis) {
  struct point_set far, near;
  far_points(&far, field, head, SHAFT_FROM, 1e9);
  if (far.n < 4000) return 0;
  struct vec3 spread = main_direction(&far);
  double along = 0, all = far.c[0] + far.c[1] + far.c[2];
  along = spread.x * spread.x * far.c[0] + spread.y * spread.y * far.c[1] +
          spread.z * spread.z * far.c[2] +
          2 * (spread.x * spread.y * far.c[3] + spread.x * spread.z * far.c[4] +
               spread.y * spread.z * far.c[5]);
  *at = far.mean;
  *axis = spread;
  if (along > 0.6 * all) return 1;
  far_points(&near, field, head, SHAFT_FROM - 20, SHAFT_FROM);
  *axis = vec3_unit(vec3_sub(near.mean, far.mean));
  if (axis->z < 0) *axis = vec3_scale(*axis, -1);
  return near.n > 1000;
}

/* No usable shaft: the vertical through the lowest lateral part of the label stands in for it. */
static void assume_shaft(struct hip_frame *f, const struct volume *field) {
  const struct geometry *g = &field->grid;
  struct point_set set;
  double s = (double)f->side;
  memset(&set, 0, sizeof set);
  for (int64_t k = 0; k < g->nz && set.n < 4000; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        struct vec3 p = box_centre_of(g, i, j, k);
        if (field->voxels[geometry_index(g, i, j, k)] < 0.5F) continue;
        if (-(p.x - f->head.x) * s > f->head_radius_mm) point_add(&set, p);
      }
  f->shaft_axis = vec3_make(0, 0, 1);
  f->shaft_point = set.n > 0 ? set.mean : vec3_along(f->head, -40 * s, vec3_make(1, 0, 0));
  f->shaft_point.z = f->head.z;
  f->shaft_length_mm = 0;
  frame_flag(f, "shaft not in the scan: vertical assumed, no neck-shaft angle or offset");
}

static void settle_shaft(struct hip_frame *f, struct vec3 at, struct vec3 axis) {
  struct vec3 d = vec3_sub(f->head, at);
  f->shaft_axis = axis;
  f->shaft_point = vec3_along(at, vec3_dot(d, axis), axis);
  f->offset_mm = vec3_length(vec3_sub(f->head, f->shaft_point));
}

static void settle_trochanter(struct hip_frame *f, const struct shaft_profile *p,
                              const struct volume *field, double end, int tip) {
  struct vec3 c = vec3_along(p->at, p->first + tip, p->axis), d = behind_medial(p, p->angle[tip]);
  f->lesser_trochanter_mm =
      vec3_dot(vec3_sub(f->head, vec3_along(p->at, p->first + end, p->axis)), f->shaft_axis);
  f->lesser_trochanter = vec3_along(c, edge_along(field, c, d), d);
}

/* Axis through the sections below the lesser trochanter, which is looked for along the axis: four
 * rounds. */
static int shaft_and_trochanter(struct shaft_profile *p, const struct hip_frame *f,
                                const struct volume *field, struct vec3 *at, struct vec3 *axis,
                                double *end, int *tip, int *start) {
  int found = 0;
  for (int round = 0; round < 4; round++) {
    double head = vec3_dot(vec3_sub(f->head, *at), *axis);
    profile_cut(p, field, *at, *axis, f, (int)fmin(head - ABOVE, SLICES / 2 - 1));
    *start = first_whole(p);
    found = lesser_trochanter(p, *start, end, tip);
    int last = found ? (int)*end : p->count - 1;
    if (last - *start > 2 * CLEAR) last -= CLEAR;
    if (*start < 0 || !line_through(p, *start, last, at, axis)) return 0;
  }
  return found;
}

status frame_find_shaft(struct hip_frame *f, const struct volume *field, double least_mm) {
  status st = ST_OK;
  struct shaft_profile *p = malloc(sizeof *p);
  struct vec3 at, axis;
  double end = 0;
  int start = -1, tip = -1;
  CHECK(p, ST_MEMORY, "hip frame: out of memory");
  if (!guess_axis(field, f->head, &at, &axis) ||
      !shaft_and_trochanter(p, f, field, &at, &axis, &end, &tip, &start)) {
    assume_shaft(f, field);
    goto done;
  }
  settle_shaft(f, at, axis);
  settle_trochanter(f, p, field, end, tip);
  f->shaft_length_mm = end - start;
  if (f->shaft_length_mm < least_mm) {
    char text[96];
    snprintf(text, sizeof text, "%.0f mm of shaft below the lesser trochanter, %g needed",
             f->shaft_length_mm, least_mm);
    frame_flag(f, text);
  }
done:
  free(p);
  return st;
}
