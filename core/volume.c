#include "core/volume.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const quantity_names[] = {"unknown",     "HU",     "density", "modulus",
                                             "probability", "length", "other"};
static const char *const quantity_units[] = {"", "HU", "mg/cm3", "MPa", "", "mm", ""};
static const char *const material_names[] = {"none", "unstated", "K2HPO4", "HA", "ash", "apparent"};

const char *quantity_name(enum quantity q) {
  return quantity_names[q];
}
const char *quantity_unit(enum quantity q) {
  return quantity_units[q];
}
const char *material_name(enum material m) {
  return material_names[m];
}

static int find_name(const char *const *names, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (!strcasecmp(names[i], name)) return (int)i;
  return -1;
}

int quantity_from_name(const char *name) {
  return find_name(quantity_names, sizeof quantity_names / sizeof *quantity_names, name);
}

int material_from_name(const char *name) {
  return find_name(material_names, sizeof material_names / sizeof *material_names, name);
}

void acquisition_init(struct acquisition *a) {
  memset(a, 0, sizeof *a);
  a->kvp = a->tube_current_ma = a->exposure_mas = a->slice_thickness_mm = NAN;
  a->reconstruction_diameter_mm = a->table_height_mm = a->gantry_tilt_deg = NAN;
  a->age_years = a->weight_kg = a->height_m = NAN;
  a->contrast = CONTRAST_UNKNOWN;
  a->acquired_days = INT64_MIN;
}

status volume_create(struct volume **out, const struct geometry *grid, enum quantity quantity) {
  status st = ST_OK;
  struct volume *v = NULL;
  TRY(geometry_check(grid, sizeof *v->voxels));
  v = calloc(1, sizeof *v);
  CHECK(v, ST_MEMORY, "allocating a volume header");
  v->grid = *grid;
  v->quantity = quantity;
  acquisition_init(&v->acquisition);
  int64_t n = geometry_voxels(grid);
  v->voxels = calloc((size_t)n, sizeof *v->voxels);
  CHECK(v->voxels, ST_MEMORY, "allocating a volume of %lld x %lld x %lld voxels (%.1f MB)",
        (long long)grid->nx, (long long)grid->ny, (long long)grid->nz, (double)n * 4e-6);
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}

status volume_create_like(struct volume **out, const struct volume *like) {
  status st = ST_OK;
  struct volume *v = NULL;
  TRY(volume_create(&v, &like->grid, like->quantity));
  v->material = like->material;
  v->acquisition = like->acquisition;
  memcpy(v->calibration_id, like->calibration_id, sizeof v->calibration_id);
  *out = v;
done:
  return st;
}

status volume_copy(struct volume **out, const struct volume *from) {
  status st = ST_OK;
  struct volume *v = NULL;
  TRY(volume_create_like(&v, from));
  memcpy(v->voxels, from->voxels, (size_t)geometry_voxels(&v->grid) * sizeof *v->voxels);
  *out = v;
done:
  return st;
}

void volume_destroy(struct volume *v) {
  if (!v) return;
  free(v->voxels);
  free(v);
}

void volume_range(const struct volume *v, double *low, double *high) {
  *low = INFINITY;
  *high = -INFINITY;
  for (int64_t i = 0, n = geometry_voxels(&v->grid); i < n; i++) {
    double x = (double)v->voxels[i];
    if (x < *low) *low = x; /* NaN is neither */
    if (x > *high) *high = x;
  }
}

int64_t volume_drop_padding(struct volume *v) {
  int64_t dropped = 0, n = geometry_voxels(&v->grid);
  for (int64_t i = 0; i < n && v->quantity == QUANTITY_HU; i++)
    if (v->voxels[i] <= VOLUME_PADDING_HU) {
      v->voxels[i] = NAN;
      dropped++;
    }
  return dropped;
}

status volume_assume_material(struct volume *density, enum material m) {
  status st = ST_OK;
  const enum material stated = density->material;
  CHECK(stated == m || stated == MATERIAL_NONE || stated == MATERIAL_UNSTATED, ST_USAGE,
        "the density states %s, so it cannot be taken for %s; convert its calibration by a named "
        "relation (\"qct calibrate convert\")",
        material_name(stated), material_name(m));
  density->material = m;
done:
  return st;
}

/* Do all voxels of the plane at `index` along `axis` have one value, those without data left out?
 */
static bool plane_is_empty(const struct volume *v, int axis, int64_t index) {
  const struct geometry *g = &v->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz}, step[3] = {1, g->nx, g->nx * g->ny};
  const int a = (axis + 1) % 3, b = (axis + 2) % 3;
  float one = (float)NAN;
  for (int64_t j = 0; j < n[b]; j++)
    for (int64_t i = 0; i < n[a]; i++) {
      float x = v->voxels[index * step[axis] + i * step[a] + j * step[b]];
      if (isnan(x)) continue;
      if (isnan(one)) one = x;
      if (x < one || x > one) return false;
    }
  return true;
}

bool volume_scanned_box(const struct volume *v, int64_t low[3], int64_t high[3]) {
  const int64_t n[3] = {v->grid.nx, v->grid.ny, v->grid.nz};
  bool less = false;
  for (int a = 0; a < 3; a++) {
    low[a] = 0;
    high[a] = n[a] - 1;
    while (low[a] <= high[a] && plane_is_empty(v, a, low[a])) low[a]++;
    while (high[a] > low[a] && plane_is_empty(v, a, high[a])) high[a]--;
    if (low[a] > high[a]) { /* an empty image */
      for (int b = 0; b < 3; b++) low[b] = 0, high[b] = n[b] - 1;
      return false;
    }
    less = less || low[a] > 0 || high[a] < n[a] - 1;
  }
  return less;
}

int64_t volume_fill_no_data(struct volume *v, float value) {
  int64_t filled = 0, n = geometry_voxels(&v->grid);
  for (int64_t i = 0; i < n; i++)
    if (isnan(v->voxels[i])) {
      v->voxels[i] = value;
      filled++;
    }
  return filled;
}

double volume_sample_index(const struct volume *v, double i, double j, double k) {
  const double at[3] = {i, j, k};
  const int64_t n[3] = {v->grid.nx, v->grid.ny, v->grid.nz};
  const int64_t step[3] = {1, v->grid.nx, v->grid.nx * v->grid.ny};
  const double tolerance = 1e-6; /* voxel; absorbs rounding of world -> index */
  int64_t base = 0;
  double w[3];
  for (int a = 0; a < 3; a++) {
    if (!(at[a] >= -tolerance && at[a] <= (double)(n[a] - 1) + tolerance)) return NAN;
    int64_t c = (int64_t)floor(at[a]);
    if (c < 0) c = 0;
    if (c > n[a] - 2) c = n[a] > 1 ? n[a] - 2 : 0;
    w[a] = at[a] - (double)c;
    if (w[a] < tolerance) w[a] = 0;
    if (w[a] > 1 - tolerance && n[a] > 1) w[a] = 1;
    base += c * step[a];
  }
  double sum = 0;
  for (int c = 0; c < 8; c++) {
    double weight =
        (c & 1 ? w[0] : 1 - w[0]) * (c & 2 ? w[1] : 1 - w[1]) * (c & 4 ? w[2] : 1 - w[2]);
    if (weight == 0) continue;
    sum +=
        weight *
        (double)
            v->voxels[base + (c & 1 ? step[0] : 0) + (c & 2 ? step[1] : 0) + (c & 4 ? step[2] : 0)];
  }
  return sum;
}

double volume_sample(const struct volume *v, struct vec3 world) {
  struct vec3 at = geometry_to_index(&v->grid, world);
  return volume_sample_index(v, at.x, at.y, at.z);
}
