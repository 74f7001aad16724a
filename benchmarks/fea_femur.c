#include "benchmarks/fea_femur.h"

#include <math.h>
#include <stdint.h>

static uint32_t noise(int x, int y, int z) {
  uint32_t h = (uint32_t)x * 73856093u ^ (uint32_t)y * 19349663u ^ (uint32_t)z * 83492791u;
  h ^= h >> 16;
  h *= 0x7feb352du;
  h ^= h >> 15;
  h *= 0x846ca68bu;
  return h ^ h >> 16;
}

static double capsule(struct vec3 p, struct vec3 a, struct vec3 b, double r) {
  struct vec3 d = vec3_sub(b, a), q = vec3_sub(p, a);
  double t = vec3_dot(q, d) / vec3_dot(d, d);
  t = t < 0 ? 0 : t > 1 ? 1 : t;
  return vec3_length(vec3_along(q, -t, d)) - r;
}

static double modulus(struct vec3 p, int i, int j, int k) {
  const struct vec3 shaft[2] = {{0, 0, -50}, {0, 0, 95}}, neck = {42, 0, 130};
  const struct vec3 trochanter[2] = {{-8, 0, 98}, {-8, 2, 104}};
  double d =
      fmin(fmin(capsule(p, shaft[0], shaft[1], 15), capsule(p, trochanter[0], trochanter[1], 20)),
           fmin(capsule(p, shaft[1], neck, 15), vec3_length(vec3_sub(p, neck)) - 23));
  double r = noise(i, j, k) / 4294967296.0;
  double wall = p.z < 80 ? 5 : p.z < 100 ? 5 - 3.2 * (p.z - 80) / 20 : 1.8;
  if (d >= 0) return 0;
  if (-d < wall) return 14000 + 4000 * r;
  if (p.z < 70) return 5;
  return 700 + 350 * sin(p.x * .21) * sin(p.y * .17) * sin(p.z * .23) + 200 * (r - .5);
}

status bench_femur(struct fea_model **out, double h) {
  status st = ST_OK;
  const double low[3] = {-30, -25, 0}, high[3] = {68, 25, 156};
  struct geometry g =
      geometry_make((int64_t)ceil((high[0] - low[0]) / h), (int64_t)ceil((high[1] - low[1]) / h),
                    (int64_t)ceil((high[2] - low[2]) / h), h, h, h);
  struct fea_model *m = NULL;
  TRY(fea_model_create(&m, &g, 0.3));
  for (int64_t v = 0; v < geometry_voxels(&g); v++) {
    int i = (int)(v % g.nx), j = (int)(v / g.nx % g.ny), k = (int)(v / (g.nx * g.ny));
    struct vec3 p = {low[0] + (i + .5) * h, low[1] + (j + .5) * h, low[2] + (k + .5) * h};
    m->modulus[v] = (float)modulus(p, i, j, k);
    m->part[v] = m->modulus[v] > 0 ? FEA_BONE : FEA_VOID;
  }
  for (int axis = 0; axis < 3; axis++) TRY(fea_model_fix_plane(m, 2, 0, axis, 0));
  int64_t count = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int64_t k = 0; k <= g.nz; k++)
      for (int64_t j = 0; j <= g.ny; j++)
        for (int64_t i = 0; i <= g.nx; i++) {
          if (!((double)k * h > 148 && low[0] + (double)i * h > 30) ||
              !fea_model_node_active(m, i, j, k))
            continue;
          count += !pass;
          if (!pass) continue;
          TRY(fea_model_load(m, fea_model_node(m, i, j, k), 2, -1000. / (double)count));
          TRY(fea_model_load(m, fea_model_node(m, i, j, k), 0, -200. / (double)count));
        }
  TRY(fea_model_finish(m));
  *out = m;
  m = NULL;
done:
  fea_model_destroy(m);
  return st;
}
