/* Local intensity peaks (9ST6): means over spheres of 1 cm3, whatever lies in them. A sphere is a
 * set of rows; running sums along x make each row two look-ups. */
#include "core/parallel.h"
#include "radiomics/families.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

/* Row of the sphere: offsets in y and z, half width in x. */
struct chord {
  int64_t y, z, half;
};

struct sphere {
  struct chord *chords; /* owned */
  int64_t count;
  int64_t reach[3];
};

static status sphere_make(struct sphere *s, const double spacing[3]) {
  status st = ST_OK;
  double radius = 10 * cbrt(3 / (4 * PI)); /* mm: 1 cm3 */
  double limit = radius * radius * (1 + 1e-12);
  for (int a = 0; a < 3; a++) s->reach[a] = (int64_t)floor(radius / spacing[a]);
  int64_t rows = (2 * s->reach[1] + 1) * (2 * s->reach[2] + 1);
  s->chords = malloc((size_t)rows * sizeof *s->chords);
  CHECK(s->chords, ST_MEMORY, "radiomics: no memory for a sphere of %lld rows", (long long)rows);
  for (int64_t z = -s->reach[2]; z <= s->reach[2]; z++)
    for (int64_t y = -s->reach[1]; y <= s->reach[1]; y++) {
      double dy = (double)y * spacing[1];
      double dz = (double)z * spacing[2];
      double left = limit - dy * dy - dz * dz;
      if (left >= 0)
        s->chords[s->count++] = (struct chord){y, z, (int64_t)floor(sqrt(left) / spacing[0])};
    }
done:
  return st;
}

/* Running sums over the box that the spheres reach: sum[i] holds x[0..i-1]; no data counts as
 * absent. */
struct running {
  int64_t lo[3], n[3]; /* box in the image; rows have n[0] + 1 entries */
  double *sum;         /* owned */
  int32_t *valid;      /* owned */
};

static status running_make(struct running *r, const struct rad_roi *roi, const struct sphere *s) {
  status st = ST_OK;
  for (int a = 0; a < 3; a++) {
    int64_t lo = roi->lo[a] - s->reach[a];
    int64_t hi = roi->lo[a] + roi->n[a] - 3 + s->reach[a];
    r->lo[a] = lo > 0 ? lo : 0;
    if (hi > roi->image_n[a] - 1) hi = roi->image_n[a] - 1;
    r->n[a] = hi - r->lo[a] + 1;
  }
  size_t n = (size_t)((r->n[0] + 1) * r->n[1] * r->n[2]);
  r->sum = malloc(n * sizeof *r->sum);
  r->valid = malloc(n * sizeof *r->valid);
  CHECK(r->sum && r->valid, ST_MEMORY, "radiomics: no memory for %zu running sums", n);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t row = 0; row < r->n[1] * r->n[2]; row++) {
    int64_t j = r->lo[1] + row % r->n[1];
    int64_t k = r->lo[2] + row / r->n[1];
    const double *x = roi->image + (k * roi->image_n[1] + j) * roi->image_n[0] + r->lo[0];
    double *sum = r->sum + row * (r->n[0] + 1);
    int32_t *valid = r->valid + row * (r->n[0] + 1);
    sum[0] = 0;
    valid[0] = 0;
    for (int64_t i = 0; i < r->n[0]; i++) {
      bool has = !isnan(x[i]);
      sum[i + 1] = sum[i] + (has ? x[i] : 0);
      valid[i + 1] = valid[i] + has;
    }
  }
done:
  return st;
}

/* Sphere sums of voxels i0..i1 (running-sum indices) of one row of centres. */
static void row_spheres(double *total, double *number, const struct running *r,
                        const struct sphere *s, int64_t j, int64_t k, int64_t i0, int64_t i1) {
  int64_t stride = r->n[0] + 1;
  memset(total, 0, (size_t)(i1 - i0 + 1) * sizeof *total);
  memset(number, 0, (size_t)(i1 - i0 + 1) * sizeof *number);
  for (int64_t c = 0; c < s->count; c++) {
    int64_t y = j + s->chords[c].y;
    int64_t z = k + s->chords[c].z;
    int64_t h = s->chords[c].half;
    if (y < 0 || z < 0 || y >= r->n[1] || z >= r->n[2]) continue;
    const double *sum = r->sum + (z * r->n[1] + y) * stride;
    const int32_t *valid = r->valid + (z * r->n[1] + y) * stride;
    int64_t from = i0 - h < 0 ? h : i0; /* centres whose chord starts inside */
    int64_t to = i1 + h + 1 > r->n[0] ? r->n[0] - h - 1 : i1;
    for (int64_t i = i0; i <= i1; i++) {
      if (i == from && from <= to) i = to + 1;
      if (i > i1) break;
      int64_t a = i - h < 0 ? 0 : i - h;
      int64_t b = i + h + 1 > r->n[0] ? r->n[0] : i + h + 1;
      total[i - i0] += sum[b] - sum[a];
      number[i - i0] += valid[b] - valid[a];
    }
    for (int64_t i = from; i <= to; i++) {
      total[i - i0] += sum[i + h + 1] - sum[i - h];
      number[i - i0] += valid[i + h + 1] - valid[i - h];
    }
  }
}

struct peaks {
  double local, global;
};

/* Peaks of one row of the region; only rows with a voxel at the maximum unless `all`. */
static struct peaks row_peaks(const struct rad_roi *roi, const struct running *r,
                              const struct sphere *s, int64_t j, int64_t k, bool all,
                              double *work) {
  struct peaks p = {-INFINITY, -INFINITY};
  int64_t first = -1;
  int64_t last = -1;
  for (int64_t i = 1; i < roi->n[0] - 1; i++) {
    int64_t at = rad_at(roi, i, j, k);
    if (!roi->mask[at] || (!all && roi->x[at] < roi->high)) continue;
    if (first < 0) first = i;
    last = i;
  }
  if (first < 0) return p;
  int64_t shift = roi->lo[0] - 1 - r->lo[0];
  double *total = work;
  double *number = work + roi->n[0];
  row_spheres(total, number, r, s, roi->lo[1] + j - 1 - r->lo[1], roi->lo[2] + k - 1 - r->lo[2],
              first + shift, last + shift);
  for (int64_t i = first; i <= last; i++) {
    int64_t at = rad_at(roi, i, j, k);
    if (!roi->mask[at]) continue;
    double mean = total[i - first] / number[i - first];
    if (mean > p.global) p.global = mean;
    if (roi->x[at] >= roi->high && mean > p.local) p.local = mean;
  }
  return p;
}

status rad_local_intensity(struct rad_values *out, const struct rad_roi *roi,
                           const struct rad_settings *s) {
  status st = ST_OK;
  struct sphere sphere = {0};
  struct running r = {0};
  bool all = !s->skip_global_peak;
  double local = -INFINITY;
  double global = -INFINITY;
  int threads = parallel_threads();
  double *work = malloc((size_t)(2 * roi->n[0]) * (size_t)roi->n[2] * sizeof *work);
  CHECK(work, ST_MEMORY, "radiomics: no memory");
  TRY(sphere_make(&sphere, roi->spacing));
  TRY(running_make(&r, roi, &sphere));
#pragma omp parallel for num_threads(threads) schedule(dynamic) reduction(max : local, global)
  for (int64_t k = 1; k < roi->n[2] - 1; k++)
    for (int64_t j = 1; j < roi->n[1] - 1; j++) {
      struct peaks p = row_peaks(roi, &r, &sphere, j, k, all, work + 2 * roi->n[0] * k);
      if (p.local > local) local = p.local;
      if (p.global > global) global = p.global;
    }
  rad_values_add(out, RAD_loc_peak_loc, RAD_NOT_AGGREGATED, local, NULL);
  if (all) rad_values_add(out, RAD_loc_peak_glob, RAD_NOT_AGGREGATED, global, NULL);
done:
  free(work);
  free(sphere.chords);
  free(r.sum);
  free(r.valid);
  return st;
}
