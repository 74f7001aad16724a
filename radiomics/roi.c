#include "radiomics/interpolate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 0.4999999 of a mask voxel is 0.5. */
static const double SHARE_EPSILON = 1e-6;

void rad_roi_destroy(struct rad_roi *roi) {
  if (!roi) return;
  free(roi->x);
  free(roi->morph);
  free(roi->mask);
  free(roi->level);
  free(roi);
}

static status allocate(struct rad_roi *roi) {
  status st = ST_OK;
  size_t n = (size_t)(roi->n[0] * roi->n[1] * roi->n[2]);
  roi->x = malloc(n * sizeof *roi->x);
  roi->morph = calloc(n, 1);
  roi->mask = calloc(n, 1);
  roi->level = calloc(n, sizeof *roi->level);
  CHECK(roi->x && roi->morph && roi->mask && roi->level, ST_MEMORY,
        "radiomics: no memory for a region of %lld x %lld x %lld voxels", (long long)roi->n[0],
        (long long)roi->n[1], (long long)roi->n[2]);
done:
  return st;
}

/* Intensities of the box (border included where the image has it). */
static void fill_intensities(struct rad_roi *roi) {
  for (int64_t k = 0; k < roi->n[2]; k++)
    for (int64_t j = 0; j < roi->n[1]; j++)
      for (int64_t i = 0; i < roi->n[0]; i++) {
        int64_t p = roi->lo[0] + i - 1;
        int64_t q = roi->lo[1] + j - 1;
        int64_t r = roi->lo[2] + k - 1;
        bool in = p >= 0 && q >= 0 && r >= 0 && p < roi->image_n[0] && q < roi->image_n[1] &&
                  r < roi->image_n[2];
        roi->x[rad_at(roi, i, j, k)] =
            in ? roi->image[(r * roi->image_n[1] + q) * roi->image_n[0] + p] : (double)NAN;
      }
}

static void measure(struct rad_roi *roi) {
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  roi->voxels = roi->morph_voxels = 0;
  roi->low = INFINITY;
  roi->high = -INFINITY;
  for (int64_t i = 0; i < n; i++) {
    roi->morph_voxels += roi->morph[i];
    if (!roi->mask[i]) continue;
    roi->voxels++;
    if (roi->x[i] < roi->low) roi->low = roi->x[i];
    if (roi->x[i] > roi->high) roi->high = roi->x[i];
  }
}

static void mask_box(int64_t box[3], const struct rad_roi *roi, const unsigned char *mask) {
  int64_t lo[3] = {INT64_MAX, INT64_MAX, INT64_MAX};
  int64_t hi[3] = {-1, -1, -1};
  for (int64_t k = 0; k < roi->n[2]; k++)
    for (int64_t j = 0; j < roi->n[1]; j++)
      for (int64_t i = 0; i < roi->n[0]; i++) {
        if (!mask[rad_at(roi, i, j, k)]) continue;
        int64_t p[3] = {i, j, k};
        for (int a = 0; a < 3; a++) {
          if (p[a] < lo[a]) lo[a] = p[a];
          if (p[a] > hi[a]) hi[a] = p[a];
        }
      }
  for (int a = 0; a < 3; a++) box[a] = hi[a] < 0 ? 0 : hi[a] - lo[a] + 1;
}

static void describe(struct rad_diagnostic *d, const struct rad_roi *roi, const int64_t size[3]) {
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  double sum = 0;
  memset(d, 0, sizeof *d);
  for (int a = 0; a < 3; a++) {
    d->size[a] = size[a];
    d->spacing[a] = roi->spacing[a];
  }
  mask_box(d->box, roi, roi->mask);
  mask_box(d->morph_box, roi, roi->morph);
  d->voxels = roi->voxels;
  d->morph_voxels = roi->morph_voxels;
  for (int64_t i = 0; i < n; i++)
    if (roi->mask[i]) sum += roi->x[i];
  d->mean = roi->voxels ? sum / (double)roi->voxels : (double)NAN;
  d->low = roi->voxels ? roi->low : (double)NAN;
  d->high = roi->voxels ? roi->high : (double)NAN;
}

/* Drop voxels without data from both masks; the caller has seen how many. */
static int64_t drop_no_data(struct rad_roi *roi) {
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  int64_t dropped = 0;
  for (int64_t i = 0; i < n; i++)
    if (roi->mask[i] && isnan(roi->x[i])) {
      roi->mask[i] = 0;
      dropped++;
    }
  return dropped;
}

/* Interval of the outlier filter and of a range in SD: mean +- k SD of the mask. */
static void mean_and_sd(double *mean, double *sd, const struct rad_roi *roi, const double *x) {
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  double sum = 0;
  double square = 0;
  for (int64_t i = 0; i < n; i++)
    if (roi->mask[i]) sum += x[i];
  *mean = sum / (double)roi->voxels;
  for (int64_t i = 0; i < n; i++)
    if (roi->mask[i]) square += (x[i] - *mean) * (x[i] - *mean);
  *sd = sqrt(square / (double)roi->voxels);
}

static void range_limits(double limits[2], const struct rad_roi *roi, const double *x,
                         const struct rad_settings *s) {
  double mean;
  double sd;
  mean_and_sd(&mean, &sd, roi, x);
  limits[0] = -INFINITY;
  limits[1] = INFINITY;
  for (int e = 0; e < 2 && s->has_range; e++) {
    limits[e] = s->range[e];
    if (s->range_mode == RAD_RANGE_RELATIVE) limits[e] = s->range[e] * roi->high;
    if (s->range_mode == RAD_RANGE_SIGMA) limits[e] = mean + s->range[e] * sd;
  }
  if (s->outlier_sd > 0) {
    limits[0] = fmax(limits[0], mean - s->outlier_sd * sd);
    limits[1] = fmin(limits[1], mean + s->outlier_sd * sd);
  }
}

/* x: intensities that decide (the unfiltered image), the region's own when not filtered. */
static status resegment(struct rad_roi *roi, const double *x, const struct rad_settings *s) {
  status st = ST_OK;
  double limits[2];
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  const int64_t before = roi->voxels;
  const double low = roi->low, high = roi->high;
  roi->range[0] = roi->range[1] = NAN;
  if (!s->has_range && s->outlier_sd <= 0) return ST_OK;
  range_limits(limits, roi, x, s);
  for (int64_t i = 0; i < n; i++)
    if (roi->mask[i] && !(x[i] >= limits[0] && x[i] <= limits[1])) roi->mask[i] = 0;
  if (s->has_range && s->range_mode == RAD_RANGE_ABSOLUTE) {
    roi->range[0] = isfinite(s->range[0]) ? s->range[0] : (double)NAN;
    roi->range[1] = isfinite(s->range[1]) ? s->range[1] : (double)NAN;
  }
  measure(roi);
  CHECK(roi->voxels > 0, ST_DOMAIN,
        "radiomics: re-segmentation to %g..%g leaves none of %lld voxels (intensities %g..%g)",
        limits[0], limits[1], (long long)before, low, high);
done:
  return st;
}

/* Mask of the label on the target grid, within the box it can reach. */
static status mask_on_grid(struct rad_roi *roi, const struct rad_stage *stage,
                           const struct labels *labels, int label, const struct rad_settings *s) {
  status st = ST_OK;
  int64_t lo[3], hi[3], target_lo[3], target_hi[3];
  struct rad_axis axes[3];
  double *share = NULL;
  double *binary = NULL;
  CHECK(labels_box(labels, label, lo, hi), ST_DOMAIN,
        "radiomics: the mask has no voxel of label %d", label);
  int64_t size[3] = {labels->grid.nx, labels->grid.ny, labels->grid.nz};
  int64_t n[3];
  for (int a = 0; a < 3; a++) {
    lo[a] = lo[a] > 0 ? lo[a] - 1 : 0;
    hi[a] = hi[a] < size[a] - 1 ? hi[a] + 1 : hi[a];
    n[a] = hi[a] - lo[a] + 1;
    axes[a] = stage->axes[a];
    /* a box at the edge of the image keeps the edge's repetition */
    double t0 = lo[a] == 0 ? 0 : ((double)lo[a] - axes[a].first) / axes[a].step;
    double t1 = hi[a] == size[a] - 1 ? (double)(axes[a].target - 1)
                                     : ((double)hi[a] - axes[a].first) / axes[a].step;
    target_lo[a] = (int64_t)fmax(0, ceil(t0 - 1e-9));
    target_hi[a] = (int64_t)fmin((double)(axes[a].target - 1), floor(t1 + 1e-9));
    CHECK(target_lo[a] <= target_hi[a], ST_DOMAIN,
          "radiomics: label %d is thinner than the grid of %g mm and falls between its points",
          label, s->spacing_mm[a]);
    axes[a].source = n[a];
    axes[a].first -= (double)lo[a];
  }
  binary = malloc((size_t)(n[0] * n[1] * n[2]) * sizeof *binary);
  CHECK(binary, ST_MEMORY, "radiomics: no memory for the mask");
  for (int64_t k = 0; k < n[2]; k++)
    for (int64_t j = 0; j < n[1]; j++)
      for (int64_t i = 0; i < n[0]; i++)
        binary[(k * n[1] + j) * n[0] + i] =
            labels->voxels[geometry_index(&labels->grid, lo[0] + i, lo[1] + j, lo[2] + k)] == label;
  TRY(rad_interpolate(&share, binary, axes, target_lo, target_hi, s->mask_interpolation));
  for (int a = 0; a < 3; a++) {
    roi->n[a] = target_hi[a] - target_lo[a] + 3;
    roi->lo[a] = target_lo[a];
  }
  TRY(allocate(roi));
  for (int64_t k = 0; k < roi->n[2] - 2; k++)
    for (int64_t j = 0; j < roi->n[1] - 2; j++)
      for (int64_t i = 0; i < roi->n[0] - 2; i++) {
        double v = share[(k * (roi->n[1] - 2) + j) * (roi->n[0] - 2) + i];
        roi->morph[rad_at(roi, i + 1, j + 1, k + 1)] = v >= s->mask_threshold - SHARE_EPSILON;
      }
done:
  free(share);
  free(binary);
  return st;
}

status rad_roi_create(struct rad_roi **out, const struct rad_stage *stage,
                      const struct labels *labels, int label, const double *response,
                      const struct rad_settings *s, struct rad_diagnostics *d) {
  status st = ST_OK;
  struct rad_roi *roi = calloc(1, sizeof *roi);
  double *own = NULL;
  CHECK(roi, ST_MEMORY, "radiomics: no memory");
  TRY(geometry_match(&stage->source, "image", &labels->grid, "mask", 1e-3));
  TRY(mask_on_grid(roi, stage, labels, label, s));
  int64_t size[3] = {stage->grid.nx, stage->grid.ny, stage->grid.nz};
  for (int a = 0; a < 3; a++) {
    roi->spacing[a] = stage->grid.spacing[a];
    roi->image_n[a] = size[a];
  }
  size_t n = (size_t)(roi->n[0] * roi->n[1] * roi->n[2]);
  roi->image = stage->x;
  fill_intensities(roi);
  memcpy(roi->mask, roi->morph, n);
  int64_t dropped = drop_no_data(roi);
  measure(roi);
  CHECK(roi->morph_voxels > 0, ST_DOMAIN,
        "radiomics: label %d has no voxel on the grid of %g x %g x %g mm; use a finer grid", label,
        roi->spacing[0], roi->spacing[1], roi->spacing[2]);
  CHECK(roi->voxels > 0, ST_DOMAIN, "radiomics: all %lld voxels of label %d are no data",
        (long long)dropped, label);
  if (d) describe(&d->steps[RAD_STEP_ROI_GRID], roi, size);
  if (response) {
    own = malloc(n * sizeof *own);
    CHECK(own, ST_MEMORY, "radiomics: no memory for a region");
    memcpy(own, roi->x, n * sizeof *own);
  }
  TRY(resegment(roi, response ? own : roi->x, s));
  if (response) {
    roi->image = response;
    fill_intensities(roi);
    drop_no_data(roi);
    measure(roi);
    roi->range[0] = roi->range[1] = NAN; /* the range speaks of the unfiltered image */
    CHECK(roi->voxels > 0, ST_DOMAIN, "radiomics: the filter has no value inside label %d", label);
  }
  if (d) describe(&d->steps[RAD_STEP_ROI_RESEGMENTED], roi, size);
  *out = roi;
  roi = NULL;
done:
  free(own);
  rad_roi_destroy(roi);
  return st;
}

status rad_roi_from_arrays(struct rad_roi **out, const int64_t n[3], const double spacing[3],
                           const double *image, const unsigned char *mask,
                           const struct rad_settings *s) {
  status st = ST_OK;
  struct rad_roi *roi = calloc(1, sizeof *roi);
  CHECK(roi, ST_MEMORY, "radiomics: no memory");
  for (int a = 0; a < 3; a++) {
    roi->n[a] = n[a] + 2;
    roi->image_n[a] = n[a];
    roi->spacing[a] = spacing[a];
  }
  roi->image = image;
  TRY(allocate(roi));
  fill_intensities(roi);
  for (int64_t k = 0; k < n[2]; k++)
    for (int64_t j = 0; j < n[1]; j++)
      for (int64_t i = 0; i < n[0]; i++)
        roi->morph[rad_at(roi, i + 1, j + 1, k + 1)] = mask[(k * n[1] + j) * n[0] + i] != 0;
  memcpy(roi->mask, roi->morph, (size_t)(roi->n[0] * roi->n[1] * roi->n[2]));
  drop_no_data(roi);
  measure(roi);
  CHECK(roi->voxels > 0, ST_DOMAIN, "radiomics: the mask is empty");
  TRY(resegment(roi, roi->x, s));
  *out = roi;
  roi = NULL;
done:
  rad_roi_destroy(roi);
  return st;
}

status rad_roi_values(double **out, const struct rad_roi *roi) {
  status st = ST_OK;
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  double *values = malloc((size_t)roi->voxels * sizeof *values);
  CHECK(values, ST_MEMORY, "radiomics: no memory for %lld values", (long long)roi->voxels);
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++)
    if (roi->mask[i]) values[count++] = roi->x[i];
  *out = values;
done:
  return st;
}
