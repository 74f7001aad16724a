/* Shape of a region of one slice (pyradiomics' shape2D; outside the standard): marching squares on
 * the half-pixel lattice. A pixel pattern with two opposite corners inside keeps them apart.
 * Source: pyradiomics */
#include "radiomics/families.h"

#include <math.h>
#include <stdlib.h>

static const double PI = 3.14159265358979323846;
enum { WIDTH = RAD_flat_elongation - RAD_flat_area + 1 };

struct outline {
  double area, perimeter, diameter;
  double (*points)[2]; /* owned; crossings [mm] */
  int64_t count;
};

/* Crossings of one square of pixel centres (i, j)..(i+1, j+1), in turn around it. */
static void square(struct outline *o, const struct rad_roi *roi, int64_t i, int64_t j, int64_t k) {
  static const int corner[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  int in[4];
  int inside = 0;
  for (int c = 0; c < 4; c++) {
    in[c] = roi->morph[rad_at(roi, i + corner[c][0], j + corner[c][1], k)];
    inside += in[c];
  }
  if (inside == 0 || inside == 4) return;
  for (int c = 0; c < 4; c++) {
    if (!in[c] || in[(c + 3) & 3]) continue;
    int m = c; /* last of this stretch of inside corners */
    while (in[(m + 1) & 3]) m++;
    const int ends[2][2] = {{(c + 3) & 3, c}, {m & 3, (m + 1) & 3}};
    double p[2][2];
    for (int e = 0; e < 2; e++) {
      const int *a = corner[ends[e][0]];
      const int *b = corner[ends[e][1]];
      p[e][0] = ((double)i + 0.5 * (a[0] + b[0])) * roi->spacing[0];
      p[e][1] = ((double)j + 0.5 * (a[1] + b[1])) * roi->spacing[1];
    }
    o->perimeter += hypot(p[1][0] - p[0][0], p[1][1] - p[0][1]);
    o->area += 0.5 * (p[1][0] * p[0][1] - p[0][0] * p[1][1]);
    for (int e = 0; e < 2; e++) {
      o->points[o->count][0] = p[e][0];
      o->points[o->count++][1] = p[e][1];
    }
  }
}

static void largest_distance(struct outline *o) {
  for (int64_t a = 0; a < o->count; a++)
    for (int64_t b = a + 1; b < o->count; b++)
      o->diameter = fmax(
          o->diameter, hypot(o->points[a][0] - o->points[b][0], o->points[a][1] - o->points[b][1]));
}

/* Eigenvalues of the population covariance of pixel centres. */
static void axes(double lambda[2], const struct rad_roi *roi, int64_t k) {
  double n = 0, sx = 0, sy = 0, xx = 0, xy = 0, yy = 0;
  for (int64_t j = 1; j < roi->n[1] - 1; j++)
    for (int64_t i = 1; i < roi->n[0] - 1; i++) {
      if (!roi->morph[rad_at(roi, i, j, k)]) continue;
      double x = (double)i * roi->spacing[0];
      double y = (double)j * roi->spacing[1];
      n += 1;
      sx += x;
      sy += y;
      xx += x * x;
      xy += x * y;
      yy += y * y;
    }
  xx = xx / n - sx * sx / n / n;
  xy = xy / n - sx * sy / n / n;
  yy = yy / n - sy * sy / n / n;
  double root = sqrt(0.25 * (xx - yy) * (xx - yy) + xy * xy);
  lambda[0] = 0.5 * (xx + yy) + root;
  lambda[1] = fmax(0, 0.5 * (xx + yy) - root);
}

/* The only slice with voxels, -1 when there are several. */
static int64_t only_slice(const struct rad_roi *roi) {
  int64_t found = -1;
  int64_t plane = roi->n[0] * roi->n[1];
  for (int64_t k = 0; k < roi->n[2]; k++) {
    int64_t any = 0;
    for (int64_t i = 0; i < plane && !any; i++) any = roi->morph[k * plane + i];
    if (!any) continue;
    if (found >= 0) return -1;
    found = k;
  }
  return found;
}

status rad_flat_shape(struct rad_values *out, const struct rad_roi *roi,
                      const struct rad_settings *s) {
  status st = ST_OK;
  struct outline o = {0};
  double lambda[2];
  double values[WIDTH];
  int64_t k = only_slice(roi);
  (void)s;
  for (int f = 0; f < WIDTH; f++) values[f] = NAN;
  if (k >= 0) {
    o.points = malloc((size_t)(4 * roi->n[0] * roi->n[1]) * sizeof *o.points);
    CHECK(o.points, ST_MEMORY, "radiomics: no memory for an outline");
    for (int64_t j = 0; j + 1 < roi->n[1]; j++)
      for (int64_t i = 0; i + 1 < roi->n[0]; i++) square(&o, roi, i, j, k);
    largest_distance(&o);
    axes(lambda, roi, k);
    double area = fabs(o.area);
    double round = 2 * sqrt(PI * area) / o.perimeter;
    const double found[WIDTH] = {area,
                                 (double)roi->morph_voxels * roi->spacing[0] * roi->spacing[1],
                                 o.perimeter,
                                 o.perimeter / area,
                                 round,
                                 1 / round,
                                 o.diameter,
                                 4 * sqrt(lambda[0]),
                                 4 * sqrt(lambda[1]),
                                 sqrt(lambda[1] / lambda[0])};
    for (int f = 0; f < WIDTH; f++) values[f] = found[f];
  }
  rad_values_add_block(out, RAD_flat_area, WIDTH, RAD_NOT_AGGREGATED, values,
                       k < 0 ? "the region spans several slices" : "the region has no extent");
done:
  free(o.points);
  return st;
}
