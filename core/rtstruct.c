#include "core/rtstruct.h"

#include "core/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLANE_TOLERANCE 0.2 /* of the slice distance: how far a contour may lie from its slice */

void roi_set_destroy(struct roi_set *s) {
  if (!s) return;
  for (size_t c = 0; c < s->contour_count; c++) free(s->contours[c].point);
  free(s->contours);
  free(s->rois);
  free(s);
}

/* A contour in index coordinates of the grid. */
struct outline {
  size_t count;
  double *x, *y; /* [count] */
  int64_t k;
};

/* ST_DOMAIN when the contour is in no slice; k may lie outside the grid. */
static status outline_make(struct outline *o, const struct roi_contour *c, const struct geometry *g,
                           const char *name) {
  status st = ST_OK;
  double lowest = INFINITY, highest = -INFINITY;
  for (size_t p = 0; p < c->count; p++) {
    const double *w = c->point + 3 * p;
    struct vec3 at = geometry_to_index(g, vec3_make(w[0], w[1], w[2]));
    o->x[p] = at.x;
    o->y[p] = at.y;
    lowest = fmin(lowest, at.z);
    highest = fmax(highest, at.z);
  }
  o->count = c->count;
  o->k = (int64_t)llround((lowest + highest) / 2);
  CHECK(highest - lowest <= PLANE_TOLERANCE, ST_DOMAIN,
        "a contour of ROI \"%s\" is oblique to the slices: it spans %.2f of them", name,
        highest - lowest);
  CHECK(fabs((lowest + highest) / 2 - (double)o->k) <= PLANE_TOLERANCE, ST_DOMAIN,
        "a contour of ROI \"%s\" lies between slices, at %.2f: is this the scan it was drawn on?",
        name, (lowest + highest) / 2);
done:
  return st;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Toggle the bits of the pixels whose centre is inside: rows are crossed at their centre line, and
 * a crossing counts for edges half open in y. cross: [count] of scratch. */
static void toggle_inside(unsigned char *mask, const struct geometry *g, const struct outline *o,
                          double *cross) {
  for (int64_t j = 0; j < g->ny; j++) {
    size_t n = 0;
    double y = (double)j;
    for (size_t p = 0; p < o->count; p++) {
      size_t q = p + 1 < o->count ? p + 1 : 0;
      if ((o->y[p] <= y) == (o->y[q] <= y)) continue;
      cross[n++] = o->x[p] + (y - o->y[p]) / (o->y[q] - o->y[p]) * (o->x[q] - o->x[p]);
    }
    qsort(cross, n, sizeof *cross, by_value);
    for (size_t c = 0; c + 1 < n; c += 2) {
      double from = fmax(ceil(cross[c]), 0), to = fmin(ceil(cross[c + 1]), (double)g->nx);
      for (int64_t i = (int64_t)from; i < (int64_t)to; i++) mask[j * g->nx + i] ^= 1;
    }
  }
}

/* All contours of one ROI in one slice. */
static void fill_slice(struct labels *l, const unsigned char *mask, int64_t k, int value,
                       int64_t *overlaps) {
  int64_t n = l->grid.nx * l->grid.ny;
  uint16_t *slice = l->voxels + k * n;
  for (int64_t i = 0; i < n; i++) {
    if (!mask[i]) continue;
    *overlaps += slice[i] && slice[i] != value;
    slice[i] = (uint16_t)value;
  }
}

struct scratch {
  unsigned char *mask; /* one slice */
  double *x, *y, *cross;
};

static status scratch_make(struct scratch *s, const struct roi_set *set, const struct geometry *g) {
  status st = ST_OK;
  size_t most = 1;
  for (size_t c = 0; c < set->contour_count; c++)
    if (set->contours[c].count > most) most = set->contours[c].count;
  s->mask = malloc((size_t)(g->nx * g->ny));
  s->x = malloc(most * sizeof(double));
  s->y = malloc(most * sizeof(double));
  s->cross = malloc(most * sizeof(double));
  CHECK(s->mask && s->x && s->y && s->cross, ST_MEMORY, "filling outlines");
done:
  return st;
}

static status fill_roi(struct labels *l, const struct roi_set *set, int roi, struct scratch *s,
                       int64_t *overlaps, int *inside) {
  status st = ST_OK;
  const struct geometry *g = &l->grid;
  const char *name = set->rois[roi].name;
  for (int64_t k = 0; k < g->nz; k++) {
    bool any = false;
    for (size_t c = 0; c < set->contour_count; c++) {
      if (set->contours[c].roi != roi) continue;
      struct outline o = {0, s->x, s->y, 0};
      TRY(outline_make(&o, &set->contours[c], g, name));
      if (o.k != k) continue;
      if (!any) memset(s->mask, 0, (size_t)(g->nx * g->ny));
      any = true;
      toggle_inside(s->mask, g, &o, s->cross);
      (*inside)++;
    }
    if (any) fill_slice(l, s->mask, k, set->rois[roi].value, overlaps);
  }
  TRY(labels_set_name(l, set->rois[roi].value, name));
done:
  return st;
}

status rtstruct_to_labels(struct labels **out, const struct roi_set *set,
                          const struct geometry *grid) {
  status st = ST_OK;
  struct labels *l = NULL;
  struct scratch s = {0};
  int64_t overlaps = 0;
  int inside = 0;
  CHECK(set->contour_count, ST_DOMAIN, "the RTSTRUCT holds no closed contour (%zu points or lines)",
        set->other_contours);
  TRY(labels_create(&l, grid));
  TRY(scratch_make(&s, set, grid));
  for (int roi = 0; roi < set->roi_count; roi++) TRY(fill_roi(l, set, roi, &s, &overlaps, &inside));
  CHECK(inside, ST_DOMAIN, "none of %zu contours lies in a slice of the scan", set->contour_count);
  if ((size_t)inside < set->contour_count)
    log_warning("%zu of %zu contours lie outside the scan", set->contour_count - (size_t)inside,
                set->contour_count);
  if (overlaps)
    log_warning("ROIs overlap in %lld voxels: the later one in the file was kept",
                (long long)overlaps);
  *out = l;
  l = NULL;
done:
  free(s.mask);
  free(s.x);
  free(s.y);
  free(s.cross);
  labels_destroy(l);
  return st;
}
