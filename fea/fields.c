#include "fea/fields.h"

#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Displacement gradient at the centre of element (i, j, k), times its edge. */
static void centre_gradient(const struct fea_model *m, const double *u, int64_t i, int64_t j,
                            int64_t k, double g[3][3]) {
  const struct fea_rows *rows = &m->rows;
  memset(g, 0, 3 * sizeof g[0]);
  for (int q = 0; q < 4; q++) {
    const int64_t row = (k + (q >> 1)) * (rows->ny + 1) + j + (q & 1);
    const int64_t stride = rows->node_last[row] - rows->node_first[row];
    const double *at = u + rows->node_start[row] + i - rows->node_first[row];
    const double sy = q & 1 ? 0.25 : -0.25, sz = q >> 1 ? 0.25 : -0.25;
    for (int a = 0; a < 3; a++, at += stride) {
      g[a][0] += 0.25 * (at[1] - at[0]);
      g[a][1] += sy * (at[0] + at[1]);
      g[a][2] += sz * (at[0] + at[1]);
    }
  }
}

void fea_principal(const double strain[6], double principal[3]) {
  const double a = strain[0], b = strain[1], c = strain[2];
  const double yz = strain[3] / 2, xz = strain[4] / 2, xy = strain[5] / 2;
  const double mean = (a + b + c) / 3, off = xy * xy + xz * xz + yz * yz;
  const double p2 =
      ((a - mean) * (a - mean) + (b - mean) * (b - mean) + (c - mean) * (c - mean) + 2 * off) / 6;
  const double p = sqrt(p2);
  if (!(p > 0)) {
    principal[0] = principal[1] = principal[2] = mean;
    return;
  }
  const double x = (a - mean) / p, y = (b - mean) / p, z = (c - mean) / p;
  const double u = yz / p, v = xz / p, w = xy / p;
  double half = (x * (y * z - u * u) - w * (w * z - u * v) + v * (w * u - y * v)) / 2;
  if (half > 1) half = 1;
  if (half < -1) half = -1;
  const double angle = acos(half) / 3, third = 2 * 3.14159265358979323846 / 3;
  principal[0] = mean + 2 * p * cos(angle);
  principal[2] = mean + 2 * p * cos(angle + third);
  principal[1] = 3 * mean - principal[0] - principal[2];
}

/* What follows from the strain of element e. */
static void derive(struct fea_fields *f, const struct fea_model *m, int64_t e) {
  const double modulus = (double)m->modulus[f->voxel[e]];
  double strain[6], stress[6], principal[3], energy = 0;
  for (int a = 0; a < 6; a++) strain[a] = (double)f->strain[6 * e + a];
  for (int a = 0; a < 3; a++) {
    const double *c = m->unit.normal[a];
    stress[a] = modulus * (c[0] * strain[0] + c[1] * strain[1] + c[2] * strain[2]);
    stress[3 + a] = modulus * m->unit.shear[a] * strain[3 + a];
  }
  for (int a = 0; a < 6; a++) energy += stress[a] * strain[a] / 2;
  fea_principal(strain, principal);
  f->tension[e] = (float)principal[0];
  f->compression[e] = (float)principal[2];
  f->energy_mpa[e] = (float)energy;
  const double dx = stress[0] - stress[1], dy = stress[1] - stress[2], dz = stress[2] - stress[0];
  const double shear = stress[3] * stress[3] + stress[4] * stress[4] + stress[5] * stress[5];
  f->von_mises_mpa[e] = (float)sqrt((dx * dx + dy * dy + dz * dz) / 2 + 3 * shear);
}

static void fill_strain(struct fea_fields *f, const struct fea_model *m, const double *u,
                        int64_t e) {
  const int64_t v = f->voxel[e], nx = m->grid.nx, ny = m->grid.ny;
  const double h = m->grid.spacing[0];
  double g[3][3];
  centre_gradient(m, u, v % nx, v / nx % ny, v / (nx * ny), g);
  for (int a = 0; a < 3; a++) {
    const int b = (a + 1) % 3, c = (a + 2) % 3;
    f->strain[6 * e + a] = (float)(g[a][a] / h);
    f->strain[6 * e + 3 + a] = (float)((g[b][c] + g[c][b]) / h); /* yz, xz, xy */
  }
}

void fea_fields_from_strain(struct fea_fields *f, const struct fea_model *model) {
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t e = 0; e < f->count; e++) derive(f, model, e);
}

status fea_fields_create(struct fea_fields **out, const struct fea_model *model,
                         const struct fea_solution *solution) {
  status st = ST_OK;
  struct fea_fields *f = calloc(1, sizeof *f);
  const size_t n = (size_t)model->element_count;
  CHECK(f, ST_MEMORY, "strain fields: no memory");
  f->count = model->element_count;
  f->voxel = malloc(n * sizeof *f->voxel);
  f->strain = malloc(6 * n * sizeof *f->strain);
  f->tension = malloc(n * sizeof *f->tension);
  f->compression = malloc(n * sizeof *f->compression);
  f->von_mises_mpa = malloc(n * sizeof *f->von_mises_mpa);
  f->energy_mpa = malloc(n * sizeof *f->energy_mpa);
  CHECK(f->voxel && f->strain && f->tension && f->compression && f->von_mises_mpa && f->energy_mpa,
        ST_MEMORY, "strain fields: no memory for %lld elements", (long long)f->count);
  int64_t e = 0;
  for (int64_t v = 0; v < geometry_voxels(&model->grid); v++)
    if (model->modulus[v] > 0) f->voxel[e++] = v;
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t i = 0; i < f->count; i++) fill_strain(f, model, solution->displacement, i);
  fea_fields_from_strain(f, model);
  *out = f;
  f = NULL;
done:
  fea_fields_destroy(f);
  return st;
}

void fea_fields_destroy(struct fea_fields *f) {
  if (!f) return;
  free(f->voxel);
  free(f->strain);
  free(f->tension);
  free(f->compression);
  free(f->von_mises_mpa);
  free(f->energy_mpa);
  free(f);
}
