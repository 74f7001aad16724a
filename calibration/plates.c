#include "calibration/plates.h"

#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double window_mm = 5;   /* of the local SD */
static const double least_mm2 = 300; /* of a plate's section */
static const double shallow_mm = 75; /* matter between plate and front or back of the image */
static const double beside_mm = 60;  /* largest gap between the plates */
static const double water_hu = 45;   /* the light plate lies within this of its nominal HU */
static const double drift_hu = 15;   /* between slabs of one plate */

struct region {
  int *pixels; /* owned, [count] indices into the slab */
  int count;
  double hu;
  int x0, x1, y0, y1;
  double area_mm2;
};

/* 1 where the window around a pixel is uniform, reads low..high HU, and lies near the table. */
static void mark_uniform(unsigned char *mark, const struct cal_slab *s, double low, double high,
                         double noise) {
  int h = (int)ceil(window_mm / 2 / s->pixel_mm);
  for (int y = 0; y < s->height; y++)
    for (int x = 0; x < s->width; x++) {
      size_t i = (size_t)y * (size_t)s->width + (size_t)x;
      double mean;
      double sd;
      mark[i] = 0;
      if ((double)s->hu[i] < low - 100 || (double)s->hu[i] > high + 100) continue;
      if (!cal_slab_disc(&mean, &sd, s, x, y, h * s->pixel_mm)) continue;
      mark[i] = mean >= low && mean <= high && sd < 2 * noise + 6;
    }
  for (int x = 0; x < s->width; x++) {
    int total = 0;
    for (int y = 0; y < s->height; y++)
      total += s->hu[(size_t)y * (size_t)s->width + (size_t)x] > -300;
    int above = 0;
    for (int y = 0; y < s->height; y++) {
      size_t i = (size_t)y * (size_t)s->width + (size_t)x;
      int below = total - above;
      if ((above < below ? above : below) * s->pixel_mm > shallow_mm) mark[i] = 0;
      above += s->hu[i] > -300;
    }
  }
}

/* Grow one region from a marked pixel; neighbours join while within 20 HU of the mean so far. */
static void grow(struct region *r, unsigned char *mark, const struct cal_slab *s, int seed,
                 int *stack) {
  int top = 0;
  double sum = 0;
  *r = (struct region){.pixels = r->pixels, .x0 = s->width, .y0 = s->height, .x1 = -1, .y1 = -1};
  stack[top++] = seed;
  mark[seed] = 2;
  while (top) {
    int i = stack[--top];
    int x = i % s->width;
    int y = i / s->width;
    r->pixels[r->count++] = i;
    sum += (double)s->hu[i];
    r->x0 = x < r->x0 ? x : r->x0;
    r->x1 = x > r->x1 ? x : r->x1;
    r->y0 = y < r->y0 ? y : r->y0;
    r->y1 = y > r->y1 ? y : r->y1;
    const int next[4] = {x > 0 ? i - 1 : -1, x + 1 < s->width ? i + 1 : -1,
                         y > 0 ? i - s->width : -1, y + 1 < s->height ? i + s->width : -1};
    for (int n = 0; n < 4; n++)
      if (next[n] >= 0 && mark[next[n]] == 1) {
        mark[next[n]] = 2;
        stack[top++] = next[n];
      }
  }
  r->hu = sum / r->count;
  r->area_mm2 = r->count * s->pixel_mm * s->pixel_mm;
}

static double gap_mm(const struct region *a, const struct region *b, double pixel) {
  double gx = fmax(0, fmax(a->x0 - b->x1, b->x0 - a->x1));
  double gy = fmax(0, fmax(a->y0 - b->y1, b->y0 - a->y1));
  return hypot(gx, gy) * pixel;
}

/* The largest uniform region in low..high HU, beside `near` when given. */
static status largest(struct region *out, const struct cal_slab *s, double low, double high,
                      const struct region *near) {
  status st = ST_OK;
  size_t n = (size_t)s->width * (size_t)s->height;
  unsigned char *mark = malloc(n);
  int *stack = malloc(n * sizeof *stack);
  struct region r = {0};
  struct region best = {0};
  r.pixels = malloc(n * sizeof *r.pixels);
  best.pixels = malloc(n * sizeof *best.pixels);
  CHECK(mark && stack && r.pixels && best.pixels, ST_MEMORY, "looking for plates");
  mark_uniform(mark, s, low, high, s->noise_hu);
  for (size_t i = 0; i < n; i++) {
    if (mark[i] != 1) continue;
    grow(&r, mark, s, (int)i, stack);
    if (r.area_mm2 < least_mm2 || r.area_mm2 <= best.area_mm2) continue;
    if (near && (gap_mm(&r, near, s->pixel_mm) > beside_mm || r.area_mm2 > 8 * near->area_mm2))
      continue;
    struct region swap = best;
    best = r;
    r = swap;
  }
  *out = best;
  best.pixels = NULL;
done:
  free(mark);
  free(stack);
  free(r.pixels);
  free(best.pixels);
  return st;
}

/* Mean of a region's pixels in another slab. */
static double region_mean(const struct region *r, const struct cal_slab *s) {
  double sum = 0;
  for (int i = 0; i < r->count; i++) sum += (double)s->hu[r->pixels[i]];
  return sum / r->count;
}

static void paint(struct labels *l, const struct region *r, const struct cal_slab *s, int value,
                  double low, double high) {
  const struct geometry *g = &l->grid;
  /* the marked pixels are the plate eroded by half the window; grow back half of it, so that the
   * sampling's own erosion stays inside the plate */
  for (int p = 0; p < r->count; p++) {
    double x = (r->pixels[p] % s->width) * s->pixel_mm;
    double y = (r->pixels[p] / s->width) * s->pixel_mm;
    int64_t i0 = (int64_t)ceil((x - s->pixel_mm) / g->spacing[0]);
    int64_t i1 = (int64_t)floor((x + s->pixel_mm) / g->spacing[0]);
    int64_t j0 = (int64_t)ceil((y - s->pixel_mm) / g->spacing[1]);
    int64_t j1 = (int64_t)floor((y + s->pixel_mm) / g->spacing[1]);
    for (int64_t k = 0; k < g->nz; k++) {
      double z = (double)k * g->spacing[2];
      if (z < low || z > high) continue;
      for (int64_t j = j0; j <= j1; j++)
        for (int64_t i = i0; i <= i1; i++)
          if (geometry_inside(g, i, j, k)) l->voxels[geometry_index(g, i, j, k)] = (uint16_t)value;
    }
  }
}

static void extent(double *low, double *high, const struct region *r, const struct cal_slabs *slabs,
                   int middle) {
  int a = middle;
  int b = middle;
  while (a > 0 && fabs(region_mean(r, &slabs->slab[a - 1]) - r->hu) < drift_hu) a--;
  while (b + 1 < slabs->count && fabs(region_mean(r, &slabs->slab[b + 1]) - r->hu) < drift_hu) b++;
  double half = slabs->count > 1 ? (slabs->z_mm[1] - slabs->z_mm[0]) / 2 : 1e9;
  half = fmin(half, 5);
  *low = slabs->z_mm[a] - half;
  *high = slabs->z_mm[b] + half;
}

status cal_find_plates(struct labels *l, struct cal_rods_found *info, const struct volume *v,
                       const struct cal_slabs *slabs, const struct phantom_entry *entry) {
  status st = ST_OK;
  struct region dense = {0};
  struct region light = {0};
  (void)v;
  CHECK(entry->rod_count == 2, ST_DOMAIN, "phantom %s: %d plates, two are looked for", entry->key,
        entry->rod_count);
  int d = entry->rods[1].density > entry->rods[0].density;
  double rho = entry->rods[d].density;
  double water = entry->rods[1 - d].density / 0.8;
  int middle = slabs->count / 2;
  const struct cal_slab *s = &slabs->slab[middle];
  /* slopes from 0.5 to 1.25 mg/cm3 per HU: 80 to 140 kV and beyond */
  TRY(largest(&dense, s, rho / 1.25, rho / 0.5, NULL));
  CHECK(
      dense.count > 0, ST_DOMAIN,
      "phantom %s: no uniform plate of %.0f to %.0f HU near the table; is the phantom in the scan? "
      "Otherwise label the plates and give the label map",
      entry->key, rho / 1.25, rho / 0.5);
  TRY(largest(&light, s, water - water_hu, water + water_hu, &dense));
  CHECK(
      light.count > 0, ST_DOMAIN,
      "phantom %s: the dense plate was found (%.0f HU, %.0f mm2) but no plate near water beside it",
      entry->key, dense.hu, dense.area_mm2);
  *info = (struct cal_rods_found){.radius_mm = NAN, .pitch_mm = NAN, .score = NAN};
  double low[2];
  double high[2];
  extent(&low[0], &high[0], &light, slabs, middle);
  extent(&low[1], &high[1], &dense, slabs, middle);
  info->low_mm = fmax(low[0], low[1]);
  info->high_mm = fmin(high[0], high[1]);
  info->flipped = (d == 1) == (dense.x0 + dense.x1 < light.x0 + light.x1);
  paint(l, &light, s, LABEL_ROD_1 + 1 - d, low[0], high[0]);
  paint(l, &dense, s, LABEL_ROD_1 + d, low[1], high[1]);
done:
  free(dense.pixels);
  free(light.pixels);
  return st;
}
