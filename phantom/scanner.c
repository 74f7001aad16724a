#include "phantom/scanner.h"

#include "core/parallel.h"
#include "core/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const kernel_names[] = {"smooth", "standard", "sharp", NULL};
const char *const scanner_names[] = {"A", "B", "C", "D", NULL};

const struct scanner_preset *scanner_preset(int index) {
  static const struct scanner_preset presets[] = {{"A", "QCT", "Digital A", 120, 70},
                                                  {"B", "QCT", "Digital B", 140, 75},
                                                  {"C", "QCT", "Digital C", 100, 65},
                                                  {"D", "QCT", "Digital D", 120, 78}};
  return &presets[index];
}

double scanner_energy(const struct scanner_preset *p, double kvp) {
  return isnan(kvp) || kvp == p->kvp ? p->kev : 70 + (kvp - 120) / 4;
}

double scanner_sigma(const struct scanner_options *o) {
  static const double sigma[] = {0.7, 0.55, 0.40};
  return isnan(o->sigma_mm) ? sigma[o->kernel] : o->sigma_mm;
}

void scanner_acquisition(struct acquisition *out, const struct scanner_options *o, int preset,
                         double kvp, double slice_mm, const char *body_part) {
  const struct scanner_preset *s = scanner_preset(preset);
  acquisition_init(out);
  snprintf(out->modality, sizeof out->modality, "CT");
  snprintf(out->manufacturer, sizeof out->manufacturer, "%s", s->manufacturer);
  snprintf(out->model, sizeof out->model, "%s", s->model);
  snprintf(out->serial, sizeof out->serial, "1000%s", s->name);
  snprintf(out->kernel, sizeof out->kernel, "%s", kernel_names[o->kernel]);
  snprintf(out->patient_position, sizeof out->patient_position, "HFS");
  snprintf(out->body_part, sizeof out->body_part, "%s", body_part);
  out->kvp = isnan(kvp) ? s->kvp : kvp;
  out->slice_thickness_mm = o->thickness_mm > 0 ? o->thickness_mm : slice_mm;
  out->gantry_tilt_deg = 0;
  out->contrast = CONTRAST_NONE;
}

/* exp(-v) I_n(v) from the trapezoidal rule on its integral, which converges geometrically. */
static double bessel_weight(int n, double variance) {
  enum { POINTS = 256 };
  double sum = 0;
  for (int i = 0; i < POINTS; i++) {
    double angle = 6.283185307179586 * i / POINTS;
    sum += exp(variance * (cos(angle) - 1)) * cos(n * angle);
  }
  return sum / POINTS;
}

/* From 0.7 voxel^2 on, samples of the Gaussian have its variance to 1e-5 and its shape. */
static const double sampled_from = 0.7;

void scanner_gaussian(double w[SCANNER_REACH + 1], int *reach, double variance) {
  *reach = 0;
  for (int n = 0; n <= SCANNER_REACH; n++) {
    w[n] = variance < sampled_from ? bessel_weight(n, variance) : exp(-0.5 * n * n / variance);
    if (w[n] < 1e-7) break;
    *reach = n;
  }
  double total = w[0];
  for (int n = 1; n <= *reach; n++) total += 2 * w[n];
  for (int n = 0; n <= *reach; n++) w[n] /= total;
}

struct kernel1 {
  double w[SCANNER_REACH + 1];
  int reach;
};

static int64_t held(int64_t i, int64_t n) {
  return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* One line of n values `step` apart, edges held. */
static void filter_line(float *x, int64_t n, int64_t step, const struct kernel1 *k, double *line) {
  for (int64_t i = 0; i < n; i++) line[i] = (double)x[i * step];
  for (int64_t i = 0; i < n; i++) {
    double sum = k->w[0] * line[i];
    bool inner = i >= k->reach && i + k->reach < n;
    for (int j = 1; j <= k->reach; j++)
      sum += k->w[j] *
             (inner ? line[i - j] + line[i + j] : line[held(i - j, n)] + line[held(i + j, n)]);
    x[i * step] = (float)sum;
  }
}

/* Rows then columns of an nx x ny plane; columns are walked row by row so that memory is read in
 * order. */
static void filter_plane(float *plane, int64_t nx, int64_t ny, const struct kernel1 *kx,
                         const struct kernel1 *ky, double *line, float *copy) {
  for (int64_t j = 0; j < ny; j++) filter_line(plane + j * nx, nx, 1, kx, line);
  memcpy(copy, plane, sizeof *plane * (size_t)(nx * ny));
  for (int64_t j = 0; j < ny; j++) {
    float *row = plane + j * nx;
    float centre = (float)ky->w[0];
    for (int64_t i = 0; i < nx; i++) row[i] = centre * copy[j * nx + i];
    for (int m = 1; m <= ky->reach; m++) {
      const float *a = copy + held(j - m, ny) * nx, *b = copy + held(j + m, ny) * nx;
      float w = (float)ky->w[m];
      for (int64_t i = 0; i < nx; i++) row[i] += w * (a[i] + b[i]);
    }
  }
}

/* ---- blur ---- */

static status plane_kernels(struct kernel1 k[2], const struct geometry *g, double sigma) {
  status st = ST_OK;
  for (int a = 0; a < 2; a++) {
    double variance = sigma * sigma / (g->spacing[a] * g->spacing[a]) - 1.0 / 12;
    CHECK(variance < 200, ST_DOMAIN, "blur: sigma %g mm is %.1f pixels, permitted below 14", sigma,
          sigma / g->spacing[a]);
    scanner_gaussian(k[a].w, &k[a].reach, fmax(variance, 0));
  }
done:
  return st;
}

static status blur_z(struct volume *v, double sigma) {
  status st = ST_OK;
  const struct geometry *g = &v->grid;
  struct kernel1 k;
  double variance = sigma * sigma / (g->spacing[2] * g->spacing[2]);
  CHECK(variance < 200, ST_DOMAIN, "blur: z sigma %g mm is %.1f slices, permitted below 14", sigma,
        sigma / g->spacing[2]);
  scanner_gaussian(k.w, &k.reach, variance);
  int64_t plane = g->nx * g->ny;
  double *lines = calloc((size_t)(g->ny * g->nz), sizeof *lines);
  CHECK(lines, ST_MEMORY, "blur: no memory for a line");
#pragma omp parallel for num_threads(parallel_threads())
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++)
      filter_line(v->voxels + j * g->nx + i, g->nz, plane, &k, lines + j * g->nz);
  free(lines);
done:
  return st;
}

struct scratch {
  float *copy, *wide;
  double *line;
};

static void blur_slice(float *plane, int64_t nx, int64_t ny, const struct kernel1 narrow[2],
                       const struct kernel1 wide[2], bool sharp, struct scratch *s) {
  if (sharp) {
    memcpy(s->wide, plane, sizeof *plane * (size_t)(nx * ny));
    filter_plane(s->wide, nx, ny, &wide[0], &wide[1], s->line, s->copy);
  }
  filter_plane(plane, nx, ny, &narrow[0], &narrow[1], s->line, s->copy);
  if (!sharp) return;
  for (int64_t i = 0; i < nx * ny; i++) plane[i] += 0.35F * (plane[i] - s->wide[i]);
}

status scanner_blur(struct volume *image, const struct scanner_options *options) {
  status st = ST_OK;
  const struct geometry *g = &image->grid;
  struct kernel1 narrow[2], wide[2];
  double sigma = scanner_sigma(options);
  int64_t plane = g->nx * g->ny;
  int failed = 0;
  TRY(plane_kernels(narrow, g, sigma));
  TRY(plane_kernels(wide, g, options->kernel == KERNEL_SHARP ? 2 * sigma : sigma));
#pragma omp parallel num_threads(parallel_threads())
  {
    struct scratch s = {malloc(sizeof(float) * (size_t)plane),
                        malloc(sizeof(float) * (size_t)plane),
                        malloc(sizeof(double) * (size_t)(g->nx > g->ny ? g->nx : g->ny))};
    bool ready = s.copy && s.wide && s.line;
    if (!ready) {
#pragma omp atomic write
      failed = 1;
    }
#pragma omp for
    for (int64_t k = 0; k < g->nz; k++)
      if (ready)
        blur_slice(image->voxels + k * plane, g->nx, g->ny, narrow, wide,
                   options->kernel == KERNEL_SHARP, &s);
    free(s.copy);
    free(s.wide);
    free(s.line);
  }
  CHECK(!failed, ST_MEMORY, "blur: no memory for a slice of %lld voxels", (long long)plane);
  if (options->z_sigma_mm > 0) TRY(blur_z(image, options->z_sigma_mm));
done:
  return st;
}

/* ---- noise ---- */

static const double noise_narrow_mm = 0.45, noise_wide_mm = 1.1;

/* SD of white unit noise after the difference of the two separable filters. */
static double difference_norm(const struct kernel1 narrow[2], const struct kernel1 wide[2]) {
  double nn = 1, ww = 1, nw = 1;
  for (int a = 0; a < 2; a++) {
    double n2 = 0, w2 = 0, cross = 0;
    for (int i = 0; i <= SCANNER_REACH; i++) {
      double n = i <= narrow[a].reach ? narrow[a].w[i] : 0,
             w = i <= wide[a].reach ? wide[a].w[i] : 0;
      int twice = i ? 2 : 1;
      n2 += twice * n * n;
      w2 += twice * w * w;
      cross += twice * n * w;
    }
    nn *= n2;
    ww *= w2;
    nw *= cross;
  }
  return sqrt(nn - 2 * nw + ww);
}

/* White noise of one slice on a margin-wide larger plane: the overlap of neighbouring slices'
 * boxes adds their numbers. Indices count from the grid's corner, so a voxel's number is its own.
 */
static void white_plane(float *out, int64_t nx, int64_t ny, int64_t k, int margin, int reach_z,
                        const double *z_weights, uint64_t seed) {
  int64_t wide = nx + 2 * margin, high = ny + 2 * margin;
  for (int64_t i = 0; i < wide * high; i++) out[i] = 0;
  for (int m = -reach_z; m <= reach_z; m++) {
    uint64_t stream = (uint64_t)(k + m + 1024);
    float w = (float)z_weights[abs(m)];
    for (int64_t i = 0; i < wide * high; i++)
      out[i] += w * (float)random_normal(seed, stream, (uint64_t)i);
  }
}

/* Weights of the overlap of boxes of the slice thickness, unit sum of squares. */
static int z_overlap(double w[9], double thickness, double spacing) {
  int reach = 0;
  double squares = 0;
  for (int m = 0; m < 9; m++) {
    w[m] = m ? fmax(0, thickness / spacing - m) / (thickness / spacing) : 1;
    if (w[m] > 0) reach = m;
    squares += (m ? 2 : 1) * w[m] * w[m];
  }
  for (int m = 0; m < 9; m++) w[m] /= sqrt(squares);
  return reach;
}

struct noise_plan {
  struct kernel1 narrow[2], wide[2];
  int margin, reach_z;
  double z_weights[9], scale;
};

static void noise_slice(float *image, const struct geometry *g, int64_t k,
                        const struct noise_plan *n, const struct scanner_options *o, float *a,
                        struct scratch *s) {
  int64_t wide = g->nx + 2 * n->margin, high = g->ny + 2 * n->margin;
  white_plane(a, g->nx, g->ny, k, n->margin, n->reach_z, n->z_weights, o->seed);
  memcpy(s->wide, a, sizeof *a * (size_t)(wide * high));
  filter_plane(a, wide, high, &n->narrow[0], &n->narrow[1], s->line, s->copy);
  filter_plane(s->wide, wide, high, &n->wide[0], &n->wide[1], s->line, s->copy);
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      int64_t from = (j + n->margin) * wide + i + n->margin;
      double x = ((double)i - 0.5 * (double)(g->nx - 1)) * g->spacing[0];
      double y = ((double)j - 0.5 * (double)(g->ny - 1)) * g->spacing[1];
      double sd = o->noise_hu * (0.55 + 0.45 * exp(-(x * x + y * y) / (2 * 130.0 * 130)));
      image[j * g->nx + i] += (float)(sd * n->scale * (double)(a[from] - s->wide[from]));
    }
}

static status plan_noise(struct noise_plan *n, const struct geometry *g,
                         const struct scanner_options *o) {
  status st = ST_OK;
  for (int axis = 0; axis < 2; axis++) {
    double a = noise_narrow_mm / g->spacing[axis], b = noise_wide_mm / g->spacing[axis];
    CHECK(b < 14, ST_DOMAIN, "noise: pixels of %g mm, permitted above %g mm", g->spacing[axis],
          noise_wide_mm / 14);
    scanner_gaussian(n->narrow[axis].w, &n->narrow[axis].reach, a * a);
    scanner_gaussian(n->wide[axis].w, &n->wide[axis].reach, b * b);
    if (n->wide[axis].reach > n->margin) n->margin = n->wide[axis].reach;
  }
  double thickness = o->thickness_mm > 0 ? o->thickness_mm : g->spacing[2];
  n->reach_z = z_overlap(n->z_weights, thickness, g->spacing[2]);
  n->scale = 1 / difference_norm(n->narrow, n->wide);
done:
  return st;
}

status scanner_noise(struct volume *image, const struct scanner_options *options) {
  status st = ST_OK;
  const struct geometry *g = &image->grid;
  struct noise_plan plan = {.margin = 0};
  int failed = 0;
  if (!(options->noise_hu > 0)) goto done;
  TRY(plan_noise(&plan, g, options));
  size_t high = (size_t)(g->ny + 2 * plan.margin), wide = (size_t)(g->nx + 2 * plan.margin);
#pragma omp parallel num_threads(parallel_threads())
  {
    struct scratch s = {malloc(sizeof(float) * wide * high), malloc(sizeof(float) * wide * high),
                        malloc(sizeof(double) * (wide > high ? wide : high))};
    float *a = malloc(sizeof *a * wide * high);
    bool ready = s.copy && s.wide && s.line && a;
    if (!ready) {
#pragma omp atomic write
      failed = 1;
    }
#pragma omp for schedule(dynamic)
    for (int64_t k = 0; k < g->nz; k++)
      if (ready) noise_slice(image->voxels + k * g->nx * g->ny, g, k, &plan, options, a, &s);
    free(a);
    free(s.copy);
    free(s.wide);
    free(s.line);
  }
  CHECK(!failed, ST_MEMORY, "noise: no memory for a slice");
done:
  return st;
}

/* ---- the rest, voxel by voxel ---- */

static void point_steps(struct volume *v, const struct scanner_options *o) {
  const struct geometry *g = &v->grid;
  const double body_radius = 180;
#pragma omp parallel for num_threads(parallel_threads())
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        double x = ((double)i - 0.5 * (double)(g->nx - 1)) * g->spacing[0];
        double y = ((double)j - 0.5 * (double)(g->ny - 1)) * g->spacing[1], r2 = x * x + y * y;
        float *voxel = &v->voxels[geometry_index(g, i, j, k)];
        double hu = o->drift_slope * (double)*voxel + o->drift_offset_hu;
        if (o->cup_hu > 0 && hu > -500)
          hu -= o->cup_hu * fmax(0, 1 - r2 / (body_radius * body_radius));
        if (o->quantise) hu = fmin(fmax(nearbyint(hu), -1024), 3071);
        if (o->circle_mm > 0 && r2 > o->circle_mm * o->circle_mm) hu = (double)NAN;
        *voxel = (float)hu;
      }
}

status scanner_apply(struct volume *image, const struct scanner_options *options) {
  status st = ST_OK;
  TRY(scanner_blur(image, options));
  TRY(scanner_noise(image, options));
  point_steps(image, options);
done:
  return st;
}
