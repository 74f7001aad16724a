#include "calibration/circles.h"

#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double step_mm = 0.5;      /* of the radius */
static const double edge_hu_per_mm = 5; /* weakest edge that votes */
static const double least_score = 0.45;

double cal_slab_noise(const struct cal_slab *s) {
  size_t n = (size_t)s->width * (size_t)s->height;
  float *second = malloc(n * sizeof *second);
  if (!second) return NAN;
  int64_t count = 0;
  for (int y = 0; y < s->height; y++)
    for (int x = 1; x + 1 < s->width; x++) {
      const float *p = s->hu + (size_t)y * (size_t)s->width + x;
      if (p[-1] > -300 && p[0] > -300 && p[1] > -300)
        second[count++] = fabsf(p[-1] - 2 * p[0] + p[1]);
    }
  /* |second difference| of white noise has median 0.6745 sqrt(6) SD */
  double noise = count < 100 ? 0 : stat_percentile_inplace(second, count, 50) / (0.6745 * sqrt(6));
  free(second);
  return noise;
}

int cal_slab_disc(double *mean, double *sd, const struct cal_slab *s, double x, double y,
                  double radius_mm) {
  double r = radius_mm / s->pixel_mm;
  if (x - r < 0 || y - r < 0 || x + r > s->width - 1 || y + r > s->height - 1) return 0;
  double sum = 0;
  double squares = 0;
  int n = 0;
  for (int v = (int)ceil(y - r); v <= (int)floor(y + r); v++)
    for (int u = (int)ceil(x - r); u <= (int)floor(x + r); u++) {
      if ((u - x) * (u - x) + (v - y) * (v - y) > r * r) continue;
      double value = (double)s->hu[(size_t)v * (size_t)s->width + (size_t)u];
      sum += value;
      squares += value * value;
      n++;
    }
  if (n < 3) return 0;
  *mean = sum / n;
  *sd = sqrt(fmax(0, squares / n - *mean * *mean));
  return 1;
}

/* ---- votes ---- */

struct votes {
  int radii;
  double low_mm;
  float *v; /* [radii][height][width] */
};

/* Sobel gradient [HU/mm]. */
static void gradient(double *gx, double *gy, const struct cal_slab *s, int x, int y) {
  const float *p = s->hu + (size_t)y * (size_t)s->width + x;
  int w = s->width;
  double f = 1 / (8 * s->pixel_mm);
  *gx = f * (double)(p[1 - w] + 2 * p[1] + p[1 + w] - p[-1 - w] - 2 * p[-1] - p[-1 + w]);
  *gy = f * (double)(p[w - 1] + 2 * p[w] + p[w + 1] - p[-w - 1] - 2 * p[-w] - p[-w + 1]);
}

/* Is the gradient here at least as steep as its neighbours' along its own direction? Keeps one
 * pixel of an edge. */
static int on_ridge(const struct cal_slab *s, int x, int y, double gx, double gy) {
  double length = hypot(gx, gy);
  int dx = (int)lround(gx / length);
  int dy = (int)lround(gy / length);
  for (int side = -1; side <= 1; side += 2) {
    double nx;
    double ny;
    gradient(&nx, &ny, s, x + side * dx, y + side * dy);
    if (hypot(nx, ny) > length * 1.0001) return 0;
  }
  return 1;
}

static void splat(struct votes *votes, const struct cal_slab *s, int r, double x, double y) {
  int u = (int)floor(x);
  int v = (int)floor(y);
  if (u < 0 || v < 0 || u + 1 >= s->width || v + 1 >= s->height) return;
  double fx = x - u;
  double fy = y - v;
  float *p = votes->v + ((size_t)r * (size_t)s->height + (size_t)v) * (size_t)s->width + u;
  p[0] += (float)((1 - fx) * (1 - fy));
  p[1] += (float)(fx * (1 - fy));
  p[s->width] += (float)((1 - fx) * fy);
  p[s->width + 1] += (float)(fx * fy);
}

static void cast_votes(struct votes *votes, const struct cal_slab *s, double noise) {
  double least = fmax(edge_hu_per_mm, 2.5 * noise * 0.35 / s->pixel_mm);
  for (int y = 2; y + 2 < s->height; y++)
    for (int x = 2; x + 2 < s->width; x++) {
      double gx;
      double gy;
      gradient(&gx, &gy, s, x, y);
      double length = hypot(gx, gy);
      if (length < least || !on_ridge(s, x, y, gx, gy)) continue;
      for (int r = 0; r < votes->radii; r++) {
        double d = (votes->low_mm + step_mm * r) / s->pixel_mm;
        splat(votes, s, r, x + d * gx / length, y + d * gy / length);
        splat(votes, s, r, x - d * gx / length, y - d * gy / length);
      }
    }
}

/* Votes in a 5x5 window and neighbouring radii against the pixels of the circle (~0.9 of the
 * circumference in pixels carries one ridge pixel each). */
static double peak_score(const struct votes *votes, const struct cal_slab *s, int r, int x, int y) {
  double sum = 0;
  for (int v = y - 2; v <= y + 2; v++)
    for (int u = x - 2; u <= x + 2; u++)
      sum +=
          (double)
              votes->v[((size_t)r * (size_t)s->height + (size_t)v) * (size_t)s->width + (size_t)u];
  double circumference = 6.2832 * (votes->low_mm + step_mm * r) / s->pixel_mm;
  return sum / (0.9 * circumference);
}

static int by_significance(const void *a, const void *b) {
  const struct cal_circle *p = a;
  const struct cal_circle *q = b;
  /* a short circle is easily voted for by chance: rank by significance, score*sqrt(votes expected)
   */
  double a2 = p->score * p->score * p->radius_mm;
  double b2 = q->score * q->score * q->radius_mm;
  if (a2 != b2) return a2 < b2 ? 1 : -1;
  return p->y != q->y ? (p->y < q->y ? -1 : 1) : (p->x < q->x ? -1 : p->x > q->x);
}

/* Keep the best of circles whose centres lie within 3 mm. */
static int suppress(struct cal_circle *c, int n, int most, double pixel_mm) {
  qsort(c, (size_t)n, sizeof *c, by_significance);
  int kept = 0;
  for (int i = 0; i < n && kept < most; i++) {
    int close = 0;
    for (int j = 0; j < kept && !close; j++)
      close = hypot(c[i].x - c[j].x, c[i].y - c[j].y) * pixel_mm < 3;
    if (!close) c[kept++] = c[i];
  }
  return kept;
}

/* Centre of the votes around a peak. */
static void refine(struct cal_circle *c, const struct votes *votes, const struct cal_slab *s, int r,
                   int x, int y) {
  double sum = 0;
  double sx = 0;
  double sy = 0;
  for (int v = y - 2; v <= y + 2; v++)
    for (int u = x - 2; u <= x + 2; u++) {
      double w =
          (double)
              votes->v[((size_t)r * (size_t)s->height + (size_t)v) * (size_t)s->width + (size_t)u];
      sum += w;
      sx += w * u;
      sy += w * v;
    }
  c->x = sum > 0 ? sx / sum : x;
  c->y = sum > 0 ? sy / sum : y;
}

enum { CANDIDATES = 4096 };

static int collect(struct cal_circle *found, const struct votes *votes, const struct cal_slab *s,
                   double noise) {
  int n = 0;
  for (int r = 0; r < votes->radii; r++)
    for (int y = 4; y + 4 < s->height; y++)
      for (int x = 4; x + 4 < s->width; x++) {
        const float *p =
            votes->v + ((size_t)r * (size_t)s->height + (size_t)y) * (size_t)s->width + x;
        if (p[0] < 2 || p[0] < p[1] || p[0] < p[-1] || p[0] < p[s->width] || p[0] < p[-s->width])
          continue;
        double score = peak_score(votes, s, r, x, y);
        if (score < least_score || n == CANDIDATES) continue;
        struct cal_circle c = {.radius_mm = votes->low_mm + step_mm * r, .score = fmin(score, 1.5)};
        refine(&c, votes, s, r, x, y);
        if (!cal_slab_disc(&c.hu, &c.hu_sd, s, c.x, c.y, 0.7 * c.radius_mm)) continue;
        if (c.hu < -400 || c.hu > 2500) continue;
        if (c.hu_sd > 2 * noise + 8 + 0.02 * fabs(c.hu)) continue;
        found[n++] = c;
      }
  return n;
}

status cal_find_circles(struct cal_circle *circles, int *count, int most, const struct cal_slab *s,
                        double low_mm, double high_mm) {
  status st = ST_OK;
  struct votes votes = {.radii = (int)floor((high_mm - low_mm) / step_mm) + 1, .low_mm = low_mm};
  struct cal_circle *found = malloc(CANDIDATES * sizeof *found);
  votes.v = calloc((size_t)votes.radii * (size_t)s->width * (size_t)s->height, sizeof *votes.v);
  CHECK(found && votes.v, ST_MEMORY, "looking for circles in a slab of %d x %d pixels", s->width,
        s->height);
  cast_votes(&votes, s, s->noise_hu);
  int n = collect(found, &votes, s, s->noise_hu);
  *count = suppress(found, n, most, s->pixel_mm);
  memcpy(circles, found, (size_t)*count * sizeof *circles);
done:
  free(found);
  free(votes.v);
  return st;
}
