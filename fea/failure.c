#include "fea/failure.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

double fea_quantile(float *values, int64_t n, double quantile) {
  qsort(values, (size_t)n, sizeof *values, by_value);
  double at = quantile * (double)(n - 1);
  int64_t low = (int64_t)at;
  if (low >= n - 1) return (double)values[n - 1];
  return (double)values[low] + (at - (double)low) * ((double)values[low + 1] - (double)values[low]);
}

void fea_failure_measure(float *measure, const struct fea_fields *fields,
                         const struct fea_failure_options *o) {
  for (int64_t e = 0; e < fields->count; e++)
    measure[e] = (float)fmax((double)fields->tension[e] / o->tension_limit,
                             -(double)fields->compression[e] / o->compression_limit);
}

/* Spread marks by `reach` voxels both ways along one axis. */
static void spread(uint8_t *mark, const struct geometry *g, int axis, int64_t reach) {
  const int64_t n[3] = {g->nx, g->ny, g->nz}, step[3] = {1, g->nx, g->nx * g->ny};
  const int p = (axis + 1) % 3, q = (axis + 2) % 3;
  for (int64_t b = 0; b < n[q]; b++)
    for (int64_t a = 0; a < n[p]; a++) {
      uint8_t *row = mark + a * step[p] + b * step[q];
      for (int way = 0; way < 2; way++) { /* 1: marked by itself, 2 and up: steps left to spread */
        int64_t left = 0;
        for (int64_t i = 0; i < n[axis]; i++) {
          uint8_t *at = row + (way ? n[axis] - 1 - i : i) * step[axis];
          if (*at == 1)
            left = reach;
          else if (left > 0) {
            *at = *at ? *at : 2;
            left--;
          }
        }
      }
      for (int64_t i = 0; i < n[axis]; i++)
        if (row[i * step[axis]]) row[i * step[axis]] = 1;
    }
}

status fea_failure_judged(uint8_t *judged, const struct fea_model *m,
                          const struct fea_failure_options *o) {
  status st = ST_OK;
  const int64_t n = geometry_voxels(&m->grid);
  const int64_t reach = (int64_t)floor(o->contact_mm / m->grid.spacing[0] + 0.5);
  uint8_t *near_cap = calloc((size_t)n, 1);
  CHECK(near_cap, ST_MEMORY, "failure load: no memory for %lld voxels", (long long)n);
  for (int64_t v = 0; v < n; v++) near_cap[v] = m->part[v] == FEA_CAP;
  for (int axis = 0; axis < 3 && reach > 0; axis++) spread(near_cap, &m->grid, axis, reach);
  for (int64_t v = 0; v < n; v++)
    judged[v] = m->part[v] == FEA_BONE && (double)m->modulus[v] >= o->least_modulus_mpa &&
                (reach == 0 || !near_cap[v]) && (!o->exclude || !o->exclude[v]);
done:
  free(near_cap);
  return st;
}

/* Effective strain sqrt(2 U / E) of bone at the share from the top. */
static double pistoia_factor(const struct fea_model *m, const struct fea_fields *f, float *work,
                             const struct fea_failure_options *o) {
  int64_t n = 0;
  for (int64_t e = 0; e < f->count; e++)
    if (m->part[f->voxel[e]] == FEA_BONE)
      work[n++] = (float)sqrt(2 * (double)f->energy_mpa[e] / (double)m->modulus[f->voxel[e]]);
  if (!n) return NAN;
  double strain = fea_quantile(work, n, 1 - o->pistoia_share);
  return strain > 0 ? o->pistoia_strain / strain : NAN;
}

/* Where the mean measure of the judged bone in 5x5x5 voxels is largest. */
static int64_t find_site(const struct fea_model *m, const struct fea_fields *f,
                         const float *measure, float *box) {
  const int64_t nx = m->grid.nx, ny = m->grid.ny;
  double most = -1;
  int64_t site = -1;
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) box[v] = NAN;
  for (int64_t e = 0; e < f->count; e++) box[f->voxel[e]] = measure[e];
  for (int64_t e = 0; e < f->count; e++) {
    if (isnan(box[f->voxel[e]]) || !(measure[e] > 0)) continue;
    const int64_t v = f->voxel[e], i = v % nx, j = v / nx % ny, k = v / (nx * ny);
    double sum = 0;
    for (int64_t dk = -2; dk <= 2; dk++)
      for (int64_t dj = -2; dj <= 2; dj++)
        for (int64_t di = -2; di <= 2; di++) {
          if (!geometry_inside(&m->grid, i + di, j + dj, k + dk)) continue;
          float at = box[geometry_index(&m->grid, i + di, j + dj, k + dk)];
          if (!isnan(at)) sum += (double)at;
        }
    if (sum > most) {
      most = sum;
      site = v;
    }
  }
  return site;
}

status fea_failure_find(struct fea_failure *out, const struct fea_model *model,
                        const struct fea_fields *fields, const struct fea_failure_options *o) {
  status st = ST_OK;
  struct fea_failure result = {.site_voxel = -1};
  const size_t n = (size_t)fields->count;
  float *measure = malloc(n * sizeof *measure), *work = malloc(n * sizeof *work);
  float *box = malloc((size_t)geometry_voxels(&model->grid) * sizeof *box);
  uint8_t *judged = malloc((size_t)geometry_voxels(&model->grid));
  CHECK(measure && work && box && judged, ST_MEMORY, "failure load: no memory");
  TRY(fea_failure_judged(judged, model, o));
  fea_failure_measure(measure, fields, o);
  for (int64_t e = 0; e < fields->count; e++) {
    if (!judged[fields->voxel[e]])
      measure[e] = NAN;
    else
      work[result.judged++] = measure[e];
  }
  CHECK(
      result.judged > 0, ST_DOMAIN,
      "failure load: no bone element has a modulus of %g MPa or more; the density or the material "
      "law is not that of bone",
      o->least_modulus_mpa);
  const double at_share = fea_quantile(work, result.judged, 1 - o->volume_share);
  const double most = (double)work[result.judged - 1];
  CHECK(at_share > 0, ST_NUMERIC, "failure load: the model is not strained; no load was applied");
  result.factor_volume = 1 / at_share;
  result.factor_limit = 1 / most;
  result.factor_pistoia = pistoia_factor(model, fields, work, o);
  result.site_voxel = find_site(model, fields, measure, box);
  for (int64_t e = 0; e < fields->count; e++)
    if (fields->voxel[e] == result.site_voxel)
      result.site_tension = (double)fields->tension[e] / o->tension_limit >
                            -(double)fields->compression[e] / o->compression_limit;
  *out = result;
done:
  free(measure);
  free(work);
  free(box);
  free(judged);
  return st;
}
