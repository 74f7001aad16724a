#include "bodycomp/membrane.h"

#include "core/parallel.h"
#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>

enum { LONG = 90, LAT = 45, RAYS = LONG * LAT, AROUND = 3, LEAST_SEEN = 5 };
static const double pi = 3.14159265358979323846;
static const double first_mm = 1.5, last_mm = 15, step_mm = 0.5;
static const double side_near_mm = 2, side_far_mm = 3.5, fat_hu = -50, ridge_hu = 15;
static const double outlier_mm = 3;

static struct vec3 direction(int ray) {
  double lat = ((ray / LONG) + 0.5) * pi / LAT, lon = (ray % LONG) * 2 * pi / LONG;
  return vec3_make(sin(lat) * cos(lon), sin(lat) * sin(lon), cos(lat));
}

static struct vec3 middle_of(const struct labels *l, int value) {
  const struct geometry *g = &l->grid;
  struct vec3 sum = {0, 0, 0};
  double count = 0;
  for (int64_t v = 0; v < geometry_voxels(g); v++)
    if (l->voxels[v] == value) {
      sum = vec3_add(sum, vec3_make((double)(v % g->nx), (double)(v / g->nx % g->ny),
                                    (double)(v / (g->nx * g->ny))));
      count++;
    }
  return geometry_to_world(g, vec3_scale(sum, count > 0 ? 1 / count : 0));
}

static int label_at(const struct labels *l, struct vec3 world) {
  struct vec3 at = geometry_to_index(&l->grid, world);
  int64_t i = llround(at.x), j = llround(at.y), k = llround(at.z);
  return geometry_inside(&l->grid, i, j, k) ? l->voxels[geometry_index(&l->grid, i, j, k)] : 0;
}

/* Distance at which a ray leaves the region. */
static double leave(const struct labels *l, int value, struct vec3 from, struct vec3 d) {
  const double most_mm = 200;
  double r = 0;
  while (r < most_mm && label_at(l, vec3_along(from, r, d)) == value) r += step_mm;
  return r;
}

static double mean_hu(const struct volume *hu, struct vec3 from, struct vec3 d, double near,
                      double far) {
  double sum = 0;
  int n = 0;
  for (double r = near; r <= far + 1e-9; r += step_mm, n++)
    sum += volume_sample(hu, vec3_along(from, r, d));
  return sum / n; /* NaN outside the scan: no ridge there */
}

/* Offset of the strongest ridge outside the hull; NaN when there is none. *fat: the ray leaves the
 * hull into fat. */
static double find_ridge(bool *fat, const struct volume *hu, struct vec3 from, struct vec3 d,
                         double hull) {
  double best = ridge_hu, at = (double)NAN;
  *fat = mean_hu(hu, from, d, hull + side_near_mm, hull + side_far_mm) < fat_hu;
  for (double off = first_mm; off <= last_mm; off += step_mm) {
    double r = hull + off, top = volume_sample(hu, vec3_along(from, r, d));
    double in = mean_hu(hu, from, d, r - side_far_mm, r - side_near_mm);
    double out = mean_hu(hu, from, d, r + side_near_mm, r + side_far_mm);
    double air = -250; /* lung on the outer side is no fat */
    if (!(in < fat_hu && out < fat_hu && in > air && out > air)) continue;
    double height = top - fmax(in, out);
    if (height > best) {
      best = height;
      at = off;
    }
  }
  return at;
}

/* Offsets seen around a ray, itself included; longitude wraps. */
static int gather(double list[], const double *offset, int ray) {
  int count = 0;
  for (int a = -AROUND; a <= AROUND; a++)
    for (int b = -AROUND; b <= AROUND; b++) {
      int lat = ray / LONG + a, lon = (ray % LONG + b + LONG) % LONG;
      if (lat < 0 || lat >= LAT || isnan(offset[lat * LONG + lon])) continue;
      list[count++] = offset[lat * LONG + lon];
    }
  return count;
}

static void clean(double *out, const double *offset) {
  double list[(2 * AROUND + 1) * (2 * AROUND + 1)];
  for (int ray = 0; ray < RAYS; ray++) {
    int count = gather(list, offset, ray);
    double median = count ? stat_median(list, count) : (double)NAN;
    if (count < LEAST_SEEN)
      out[ray] = 0;
    else if (isnan(offset[ray]) || fabs(offset[ray] - median) > outlier_mm)
      out[ray] = median;
    else
      out[ray] = offset[ray];
  }
}

static void smooth(double *out, const double *in) {
  for (int ray = 0; ray < RAYS; ray++) {
    double sum = 0;
    int count = 0;
    for (int a = -1; a <= 1; a++)
      for (int b = -1; b <= 1; b++) {
        int lat = ray / LONG + a, lon = (ray % LONG + b + LONG) % LONG;
        if (lat < 0 || lat >= LAT) continue;
        sum += in[lat * LONG + lon];
        count++;
      }
    out[ray] = sum / count;
  }
}

/* Radius of the surface towards a point, between the four rays around it. */
static double radius_towards(const double *radius, struct vec3 d) {
  double r = vec3_length(d);
  double lat = acos(fmax(-1, fmin(1, d.z / r))) * LAT / pi - 0.5;
  double lon = atan2(d.y, d.x) * LONG / (2 * pi);
  if (lon < 0) lon += LONG;
  int a = (int)floor(lat), b = (int)floor(lon);
  double u = lat - a, v = lon - b, sum = 0;
  for (int n = 0; n < 4; n++) {
    int row = a + (n >> 1);
    row = row < 0 ? 0 : row >= LAT ? LAT - 1 : row;
    double w = ((n >> 1) ? u : 1 - u) * ((n & 1) ? v : 1 - v);
    sum += w * radius[row * LONG + (b + (n & 1)) % LONG];
  }
  return sum;
}

static void fill(struct labels *l, const double *radius, int value, int from, struct vec3 middle) {
  const struct geometry *g = &l->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t v = geometry_index(g, i, j, k);
        if (l->voxels[v] != from) continue;
        struct vec3 d =
            vec3_sub(geometry_to_world(g, vec3_make((double)i, (double)j, (double)k)), middle);
        if (vec3_length(d) <= radius_towards(radius, d)) l->voxels[v] = (uint16_t)value;
      }
}

status membrane_widen(struct labels *sac, double *seen, int value, int from,
                      const struct volume *hu) {
  status st = ST_OK;
  double *work = malloc(3 * RAYS * sizeof *work), *hull = work + RAYS, *clear = hull + RAYS;
  struct vec3 middle = middle_of(sac, value);
  int fat_rays = 0, found = 0;
  CHECK(work, ST_MEMORY, "finding the pericardium on %d rays", RAYS);
  CHECK(labels_count(sac, value) > 0, ST_DOMAIN, "finding the pericardium: no heart is marked");
  for (int ray = 0; ray < RAYS; ray++) {
    struct vec3 d = direction(ray);
    bool fat = false;
    hull[ray] = leave(sac, value, middle, d);
    work[ray] = find_ridge(&fat, hu, middle, d, hull[ray]);
    fat_rays += fat;
    found += fat && !isnan(work[ray]);
  }
  *seen = fat_rays ? (double)found / fat_rays : 0;
  clean(clear, work);
  smooth(work, clear);
  for (int ray = 0; ray < RAYS; ray++) work[ray] += hull[ray];
  fill(sac, work, value, from, middle);
done:
  free(work);
  return st;
}
