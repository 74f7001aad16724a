/* A small scan for tests: body, table, plate with rods, painted with partial volume, blur and
 * noise. Written apart from the product's digital phantoms. */
#ifndef QCT_TESTS_CALIBRATION_SCENE_H
#define QCT_TESTS_CALIBRATION_SCENE_H

#include "core/phantom_registry.h"
#include "core/random.h"
#include "core/volume.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scene {
  int nx, ny, nz;
  double sx, sz;              /* spacing in plane and along z [mm] */
  double slope, intercept;    /* truth: rho = slope*HU + intercept, ordinary phantoms */
  double sigma_ref, beta_ref; /* truth for water-corrected phantoms */
  double noise_hu, blur_mm;
  double rod_radius, pitch;
  double shift_x, shift_y, tilt; /* of the phantom [mm], tilt in mm per mm of z */
  int flipped, body, bubble_rod, swap, missing_rod;
  double saturate_hu; /* clip above; 0: none */
  uint64_t seed;
};
static const struct scene scene_defaults = {.nx = 200,
                                            .ny = 160,
                                            .nz = 16,
                                            .sx = 1.6,
                                            .sz = 3,
                                            .slope = 0.78,
                                            .intercept = -2,
                                            .sigma_ref = 1.5634,
                                            .beta_ref = -1000,
                                            .noise_hu = 12,
                                            .blur_mm = 0.8,
                                            .rod_radius = 8.5,
                                            .pitch = 50,
                                            .body = 1,
                                            .bubble_rod = -1,
                                            .missing_rod = -1,
                                            .seed = 1};

static double scene_rod_hu(const struct scene *s, const struct phantom_entry *e, int rod) {
  const struct phantom_rod *r = &e->rods[rod];
  if (isfinite(r->water)) return r->water + s->sigma_ref * r->density + s->beta_ref;
  return (r->density - s->intercept) / s->slope;
}

/* HU at a point [mm] from the image's middle; z from the first slice. */
static double scene_at(const struct scene *s, const struct phantom_entry *e, double x, double y,
                       double z) {
  double half = (double)e->rod_count * s->pitch / 2;
  double px = x - s->shift_x - s->tilt * z;
  double py = y - s->shift_y - 75;
  if (e->plates) { /* two plates side by side */
    if (fabs(py) < 14 && fabs(px) < 140) {
      if (fabs(px) < 3) return 20;
      int left = px < 0;
      return scene_rod_hu(s, e, left != s->flipped ? 0 : 1);
    }
  } else if (fabs(py) < 14 && fabs(px) < half) {
    for (int i = 0; i < e->rod_count; i++) {
      double cx = (i - (e->rod_count - 1) / 2.0) * s->pitch;
      double d = hypot(px - cx, py);
      if (d > s->rod_radius) continue;
      int rod = s->flipped ? e->rod_count - 1 - i : i;
      if (s->swap && rod < 2) rod = 1 - rod;
      if (rod == s->missing_rod) break;
      if (rod == s->bubble_rod && hypot(px - cx - 2, py) < 2.5 && z > 12 && z < 22) return -1000;
      return scene_rod_hu(s, e, rod);
    }
    return 60;
  }
  if (s->body) {
    double ex = x / 130;
    double ey = (y + 22) / 78;
    double q = sqrt(ex * ex + ey * ey);
    if (q < 0.82) {
      if (hypot(x, y + 5) < 18) return 230; /* spine */
      return 50;
    }
    if (q < 1) return -98;
  }
  if (y > 100 && y < 106 && fabs(x) < 140) return 80; /* table */
  return -1000;
}

static void scene_blur_axis(float *v, int64_t n, int64_t stride, int64_t lines, int64_t line_stride,
                            const double *kernel, int half, float *line) {
  for (int64_t l = 0; l < lines; l++) {
    float *p = v + l * line_stride;
    for (int64_t i = 0; i < n; i++) line[i] = p[i * stride];
    for (int64_t i = 0; i < n; i++) {
      double sum = 0;
      for (int64_t d = -half; d <= half; d++) {
        int64_t j = i + d < 0 ? 0 : i + d >= n ? n - 1 : i + d;
        sum += kernel[d + half] * (double)line[j];
      }
      p[i * stride] = (float)sum;
    }
  }
}

static struct volume *scene_make(const struct scene *s, const struct phantom_entry *e) {
  struct geometry g = geometry_make(s->nx, s->ny, s->nz, s->sx, s->sx, s->sz);
  struct volume *v = NULL;
  if (volume_create(&v, &g, QUANTITY_HU) != ST_OK) return NULL;
  v->acquisition.kvp = 120;
  enum { FINE = 3 };
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++) {
        double sum = 0;
        for (int b = 0; b < FINE; b++)
          for (int a = 0; a < FINE; a++)
            sum += scene_at(s, e, ((double)i - s->nx / 2 + (a + 0.5) / FINE - 0.5) * s->sx,
                            ((double)j - s->ny / 2 + (b + 0.5) / FINE - 0.5) * s->sx,
                            (double)k * s->sz);
        v->voxels[geometry_index(&g, i, j, k)] = (float)(sum / (FINE * FINE));
      }
  if (s->blur_mm > 0) {
    double kernel[15];
    int half = 7;
    double total = 0;
    for (int d = -half; d <= half; d++)
      total += kernel[d + half] = exp(-0.5 * pow(d * s->sx / s->blur_mm, 2));
    for (int d = 0; d < 15; d++) kernel[d] /= total;
    float *line = malloc((size_t)(s->nx + s->ny) * sizeof *line);
    scene_blur_axis(v->voxels, g.nx, 1, g.ny * g.nz, g.nx, kernel, half, line);
    for (int64_t k = 0; k < g.nz; k++)
      scene_blur_axis(v->voxels + k * g.nx * g.ny, g.ny, g.nx, g.nx, 1, kernel, half, line);
    free(line);
  }
  for (int64_t i = 0; i < geometry_voxels(&g); i++) {
    double noisy = (double)v->voxels[i] + s->noise_hu * random_normal(s->seed, 0, (uint64_t)i);
    if (s->saturate_hu > 0 && noisy > s->saturate_hu) noisy = s->saturate_hu;
    v->voxels[i] = (float)noisy;
  }
  return v;
}

#endif
