/* Morphological features (HCUG). */
#include "radiomics/families.h"

#include "core/eigen.h"
#include "radiomics/hull.h"
#include "radiomics/mesh.h"
#include "radiomics/spatial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
/* Terms of the series of an ellipsoid's area. Source: ibsi_manual (RDD2) */
enum { ELLIPSOID_TERMS = 20 };

static const char flat_reason[] = "the region is flat in one direction";

struct axes {
  double lambda[3]; /* mm2, falling */
  double shift;     /* centre of mass shift [mm] */
};

/* Sample covariance (divisor N - 1) in the standard, N in pyradiomics. */
static void principal_axes(struct axes *out, const struct rad_roi *roi, bool population) {
  double sum[3] = {0}, square[3][3] = {{0}}, weighted[3] = {0}, weight = 0;
  for (int64_t k = 1; k < roi->n[2] - 1; k++)
    for (int64_t j = 1; j < roi->n[1] - 1; j++)
      for (int64_t i = 1; i < roi->n[0] - 1; i++) {
        int64_t at = rad_at(roi, i, j, k);
        /* about the middle of the box, so that squares stay small */
        double p[3] = {(double)(2 * i - roi->n[0]) / 2, (double)(2 * j - roi->n[1]) / 2,
                       (double)(2 * k - roi->n[2]) / 2};
        if (roi->mask[at]) {
          weight += roi->x[at];
          for (int a = 0; a < 3; a++) weighted[a] += p[a] * roi->x[at];
        }
        if (!roi->morph[at]) continue;
        for (int a = 0; a < 3; a++) {
          sum[a] += p[a];
          for (int b = a; b < 3; b++) square[a][b] += p[a] * p[b];
        }
      }
  double n = (double)roi->morph_voxels;
  double shift = 0;
  double c[3][3];
  for (int a = 0; a < 3; a++) {
    double d = roi->spacing[a] * (weighted[a] / weight - sum[a] / n);
    shift += d * d;
    for (int b = a; b < 3; b++)
      c[a][b] = c[b][a] = (square[a][b] - sum[a] * sum[b] / n) / (population ? n : n - 1) *
                          roi->spacing[a] * roi->spacing[b];
  }
  out->shift = sqrt(shift);
  double rising[3] = {0, 0, 0};
  if (roi->morph_voxels > 1) eigen_symmetric(rising, NULL, &c[0][0], 3);
  for (int a = 0; a < 3; a++) out->lambda[a] = fmax(rising[2 - a], 0);
}

/* Area of an ellipsoid with semi-axes a >= b >= c. */
static double ellipsoid_area(double a, double b, double c) {
  double alpha = sqrt(fmax(0, 1 - b * b / (a * a)));
  double beta = sqrt(fmax(0, 1 - c * c / (a * a)));
  double ab = alpha * beta;
  if (ab == 0) { /* sphere, or prolate's limit alpha = 0: only terms without alpha remain */
    double e = sqrt(fmax(0, 1 - c * c / (a * a)));
    if (e == 0) return 4 * PI * a * a;
    if (c <= 0) return 2 * PI * a * b;
    return 2 * PI * a * a * (1 + (1 - e * e) / e * atanh(e)); /* oblate */
  }
  double x = (alpha * alpha + beta * beta) / (2 * ab);
  double before = 1;
  double now = x;
  double sum = 1;
  double power = 1;
  for (int n = 1; n <= ELLIPSOID_TERMS; n++) {
    power *= ab;
    sum += power / (1 - 4.0 * n * n) * now;
    double next = ((2.0 * n + 1) * x * now - n * before) / (n + 1);
    before = now;
    now = next;
  }
  return 4 * PI * a * b * sum;
}

struct body {
  double volume, area;
  double box[3]; /* of the mesh */
  double hull_volume, hull_area, diameter;
  double diameter_plane[3]; /* within planes across x, y, z; NaN outside pyradiomics */
};

static void add_shape(struct rad_values *out, const struct body *b, const struct axes *x,
                      const struct rad_roi *roi) {
  double v = b->volume;
  double a = b->area;
  double cube = a * a * a;
  double v36 = 36 * PI * v * v;
  const double values[] = {v,
                           (double)roi->morph_voxels * roi->spacing[0] * roi->spacing[1] *
                               roi->spacing[2],
                           a,
                           a / v,
                           v / (sqrt(PI) * pow(a, 1.5)),
                           v36 / cube,
                           a / cbrt(v36),
                           cbrt(v36) / a,
                           cbrt(cube / v36) - 1,
                           x->shift,
                           b->diameter,
                           4 * sqrt(x->lambda[0]),
                           4 * sqrt(x->lambda[1]),
                           4 * sqrt(x->lambda[2]),
                           sqrt(x->lambda[1] / x->lambda[0]),
                           sqrt(x->lambda[2] / x->lambda[0])};
  rad_values_add_block(out, RAD_morph_volume, 16, RAD_NOT_AGGREGATED, values,
                       "the region has no extent");
}

static void add_densities(struct rad_values *out, const struct body *b, const struct axes *x) {
  double semi[3];
  for (int n = 0; n < 3; n++) semi[n] = 2 * sqrt(x->lambda[n]);
  double box_area = 2 * (b->box[0] * b->box[1] + b->box[1] * b->box[2] + b->box[2] * b->box[0]);
  bool solid = semi[2] > 0;
  double none = NAN;
  const double values[] = {b->volume / (b->box[0] * b->box[1] * b->box[2]),
                           b->area / box_area,
                           solid ? b->volume / (4 * PI / 3 * semi[0] * semi[1] * semi[2]) : none,
                           solid ? b->area / ellipsoid_area(semi[0], semi[1], semi[2]) : none,
                           b->volume / b->hull_volume,
                           b->area / b->hull_area};
  rad_values_add_block(out, RAD_morph_vol_dens_aabb, 6, RAD_NOT_AGGREGATED, values, flat_reason);
}

static status measure_body(struct body *b, const struct rad_roi *roi, bool planes) {
  status st = ST_OK;
  struct rad_mesh mesh = {0};
  struct rad_hull hull = {0};
  double unit[3];
  for (int a = 0; a < 3; a++) unit[a] = 0.5 * roi->spacing[a];
  TRY(rad_mesh_create(&mesh, roi, planes));
  b->volume = mesh.volume;
  b->area = mesh.area;
  TRY(rad_hull_create(&hull, (const int32_t(*)[3])mesh.points, mesh.point_count));
  int32_t lo[3] = {INT32_MAX, INT32_MAX, INT32_MAX};
  int32_t hi[3] = {INT32_MIN, INT32_MIN, INT32_MIN};
  for (int32_t n = 0; n < hull.point_count; n++)
    for (int a = 0; a < 3; a++) {
      if (hull.points[n][a] < lo[a]) lo[a] = hull.points[n][a];
      if (hull.points[n][a] > hi[a]) hi[a] = hull.points[n][a];
    }
  for (int a = 0; a < 3; a++) b->box[a] = unit[a] * (hi[a] - lo[a]);
  rad_hull_measure(&b->hull_volume, &b->hull_area, &hull, unit);
  b->diameter = rad_hull_diameter(&hull, unit);
  if (planes) TRY(rad_mesh_plane_diameters(b->diameter_plane, &mesh, unit));
done:
  rad_mesh_free(&mesh);
  rad_hull_free(&hull);
  return st;
}

static double intensity_mean(const struct rad_roi *roi) {
  double sum = 0;
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  for (int64_t i = 0; i < n; i++)
    if (roi->mask[i]) sum += roi->x[i];
  return sum / (double)roi->voxels;
}

status rad_morphology(struct rad_values *out, const struct rad_roi *roi,
                      const struct rad_settings *s) {
  status st = ST_OK;
  struct body b = {0};
  struct axes x;
  bool py = s->convention == RAD_PYRADIOMICS;
  principal_axes(&x, roi, py);
  TRY(measure_body(&b, roi, py));
  add_shape(out, &b, &x, roi);
  add_densities(out, &b, &x);
  rad_values_add(out, RAD_morph_integ_int, RAD_NOT_AGGREGATED, intensity_mean(roi) * b.volume,
                 NULL);
  if (!s->skip_spatial) {
    double moran;
    double geary;
    TRY(rad_spatial(&moran, &geary, roi, RAD_SPATIAL_AUTO));
    rad_values_add(out, RAD_morph_moran_i, RAD_NOT_AGGREGATED, moran,
                   "needs two voxels of different intensity");
    rad_values_add(out, RAD_morph_geary_c, RAD_NOT_AGGREGATED, geary,
                   "needs two voxels of different intensity");
  }
  if (py) {
    rad_values_add(out, RAD_morph_diam_slice, RAD_NOT_AGGREGATED, b.diameter_plane[2], NULL);
    rad_values_add(out, RAD_morph_diam_row, RAD_NOT_AGGREGATED, b.diameter_plane[0], NULL);
    rad_values_add(out, RAD_morph_diam_column, RAD_NOT_AGGREGATED, b.diameter_plane[1], NULL);
  }
done:
  return st;
}
