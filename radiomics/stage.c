#include "radiomics/interpolate.h"

#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whole numbers, halves up as the reference values need. */
static void round_all(double *x, int64_t n) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < n; i++) x[i] = floor(x[i] + 0.5);
}

/* pyradiomics resamples an image of integers into integers, cut towards zero. */
static bool all_whole(const double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (x[i] != floor(x[i]) && !isnan(x[i])) return false;
  return true;
}

static void truncate_all(double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = trunc(x[i]);
}

static void describe_image(struct rad_diagnostic *d, const double *x, const struct geometry *g) {
  int64_t n = geometry_voxels(g);
  double low = INFINITY;
  double high = -INFINITY;
  double sum = 0;
  int64_t valid = 0;
  for (int64_t i = 0; i < n; i++)
    if (!isnan(x[i])) {
      low = fmin(low, x[i]);
      high = fmax(high, x[i]);
      sum += x[i];
      valid++;
    }
  *d = (struct rad_diagnostic){.size = {g->nx, g->ny, g->nz},
                               .spacing = {g->spacing[0], g->spacing[1], g->spacing[2]},
                               .mean = valid ? sum / (double)valid : (double)NAN,
                               .low = valid ? low : (double)NAN,
                               .high = valid ? high : (double)NAN};
}

/* pyradiomics: (x - mean) / SD(n - 1) of the whole image, clipped, scaled. */
static void normalise(double *x, int64_t n, const struct rad_settings *s) {
  double sum = 0;
  double square = 0;
  int64_t valid = 0;
  for (int64_t i = 0; i < n; i++)
    if (!isnan(x[i])) {
      sum += x[i];
      valid++;
    }
  double mean = sum / (double)valid;
  for (int64_t i = 0; i < n; i++)
    if (!isnan(x[i])) square += (x[i] - mean) * (x[i] - mean);
  double sd = sqrt(square / (double)(valid - 1));
  double limit = s->normalise_outliers > 0 ? s->normalise_outliers : INFINITY;
  for (int64_t i = 0; i < n; i++) {
    double z = sd > 0 ? (x[i] - mean) / sd : 0;
    if (!isnan(x[i])) x[i] = s->normalise_scale * fmin(fmax(z, -limit), limit);
  }
}

static struct geometry target_grid(const struct geometry *source, const struct rad_axis axes[3]) {
  struct geometry g = *source;
  struct vec3 first = {axes[0].first, axes[1].first, axes[2].first};
  struct vec3 origin = geometry_to_world(source, first);
  g.nx = axes[0].target;
  g.ny = axes[1].target;
  g.nz = axes[2].target;
  for (int a = 0; a < 3; a++) g.spacing[a] = source->spacing[a] * axes[a].step;
  g.origin[0] = origin.x;
  g.origin[1] = origin.y;
  g.origin[2] = origin.z;
  return g;
}

static bool same_axes(const struct rad_axis axes[3]) {
  for (int a = 0; a < 3; a++)
    if (axes[a].step != 1 || axes[a].first != 0) return false;
  return true;
}

/* Cubic needs every voxel: no data takes the least valid intensity for the filter's sake and the
 * result is put back to no data where the nearest voxel has none. */
static status interpolate_image(struct rad_stage *stage, const struct rad_settings *s) {
  status st = ST_OK;
  int64_t lo[3] = {0, 0, 0};
  int64_t hi[3] = {stage->grid.nx - 1, stage->grid.ny - 1, stage->grid.nz - 1};
  int64_t n = geometry_voxels(&stage->source);
  int64_t missing = 0;
  double low = INFINITY;
  double *out = NULL;
  double *near = NULL;
  for (int64_t i = 0; i < n; i++) {
    missing += isnan(stage->x[i]);
    if (stage->x[i] < low) low = stage->x[i];
  }
  if (missing && s->image_interpolation == RAD_CUBIC) {
    TRY(rad_interpolate(&near, stage->x, stage->axes, lo, hi, RAD_NEAREST));
    for (int64_t i = 0; i < n; i++)
      if (isnan(stage->x[i])) stage->x[i] = low;
  }
  TRY(rad_interpolate(&out, stage->x, stage->axes, lo, hi, s->image_interpolation));
  for (int64_t i = 0; near && i < geometry_voxels(&stage->grid); i++)
    if (isnan(near[i])) out[i] = NAN;
  free(stage->x);
  stage->x = out;
  out = NULL;
done:
  free(out);
  free(near);
  return st;
}

status rad_stage_create(struct rad_stage **out, const struct volume *image,
                        const struct rad_settings *s, struct rad_diagnostics *d) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&image->grid);
  struct rad_stage *stage = calloc(1, sizeof *stage);
  CHECK(stage, ST_MEMORY, "radiomics: no memory");
  stage->source = image->grid;
  stage->unit = quantity_unit(image->quantity);
  rad_axes_make(stage->axes, &image->grid, s);
  stage->grid = target_grid(&image->grid, stage->axes);
  TRY(geometry_check(&stage->grid, sizeof(double)));
  stage->x = malloc((size_t)n * sizeof *stage->x);
  CHECK(stage->x, ST_MEMORY, "radiomics: no memory for %lld voxels in double", (long long)n);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < n; i++) stage->x[i] = image->voxels[i];
  if (s->round_intensity) round_all(stage->x, n);
  if (s->normalise) normalise(stage->x, n, s);
  if (d) describe_image(&d->steps[RAD_STEP_IMAGE], stage->x, &stage->source);
  if (!same_axes(stage->axes)) {
    bool whole = s->convention == RAD_PYRADIOMICS && all_whole(stage->x, n);
    TRY(interpolate_image(stage, s));
    if (whole) truncate_all(stage->x, geometry_voxels(&stage->grid));
    if (s->round_intensity || s->round_after) round_all(stage->x, geometry_voxels(&stage->grid));
  }
  if (d) describe_image(&d->steps[RAD_STEP_GRID], stage->x, &stage->grid);
  *out = stage;
  stage = NULL;
done:
  rad_stage_destroy(stage);
  return st;
}

void rad_stage_destroy(struct rad_stage *stage) {
  if (!stage) return;
  free(stage->x);
  free(stage);
}
