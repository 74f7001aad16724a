#include "bodycomp/tissue.h"

#include "core/body.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct tissue_window tissue_windows[] = {
    {"muscle", -29, 150, "derstine2018"}, {"muscle-thigh", -29, 200, "dennis2018"},
    {"muscle-low", 0, 34, "dennis2018"},  {"muscle-normal", 35, 100, "dennis2018"},
    {"fat", -190, -30, "derstine2018"},   {"fat-visceral-alternative", -150, -50, "tomovision"}};

static const double metal_hu = 2500;

static int inside(const struct tissue_window *w, double hu) {
  return hu >= w->low_hu && hu <= w->high_hu;
}

static status check_input(const struct volume *hu, const struct labels *c, int64_t first,
                          int64_t last, const struct tissue_options *o) {
  status st = ST_OK;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "body composition needs HU, the image holds %s",
        quantity_name(hu->quantity));
  TRY(geometry_match(&hu->grid, "image", &c->grid, "compartments", 1e-3));
  CHECK(first >= 0 && first <= last && last < hu->grid.nz, ST_DOMAIN,
        "slices %lld to %lld: the scan has slices 0 to %lld", (long long)first, (long long)last,
        (long long)hu->grid.nz - 1);
  CHECK(o->muscle.low_hu < o->muscle.high_hu && o->fat.low_hu < o->fat.high_hu, ST_DOMAIN,
        "windows: muscle %g..%g HU, fat %g..%g HU; the lower end comes first", o->muscle.low_hu,
        o->muscle.high_hu, o->fat.low_hu, o->fat.high_hu);
  CHECK(o->muscle.low_hu > o->fat.high_hu, ST_DOMAIN,
        "windows overlap: fat up to %g HU, muscle from %g HU", o->fat.high_hu, o->muscle.low_hu);
  CHECK(isnan(o->pure_muscle_hu) || o->pure_muscle_hu > o->pure_fat_hu, ST_DOMAIN,
        "share of fat by mixing: pure muscle of %g HU must lie above pure fat of %g HU",
        o->pure_muscle_hu, o->pure_fat_hu);
done:
  return st;
}

status tissue_check_scan(const struct volume *hu, int volume) {
  status st = ST_OK;
  const double thickest_mm = 5;
  const double apart_mm = hu->grid.spacing[geometry_axis_nearest(&hu->grid, 2)];
  TRY(body_check_hu(hu, "body composition"));
  if (!volume) TRY(body_check_axial(&hu->grid, "body composition in a slice"));
  CHECK(!volume || apart_mm <= thickest_mm + 1e-3, ST_DOMAIN,
        "volumes need slices at most %g mm apart, these are %g mm apart: measure areas in a slice "
        "instead",
        thickest_mm, apart_mm);
done:
  return st;
}

/* Drop fat components below the least size in one slice; `fat` [ny][nx] holds 1 for fat. Returns
 * how many voxels. */
static int64_t drop_small(unsigned char *fat, int64_t *stack, int64_t nx, int64_t ny, int least) {
  int64_t dropped = 0;
  for (int64_t seed = 0; seed < nx * ny; seed++) {
    if (fat[seed] != 1) continue;
    int64_t top = 0;
    stack[top++] = seed;
    fat[seed] = 2;
    for (int64_t read = 0; read < top; read++) {
      int64_t j = stack[read] / nx, i = stack[read] % nx;
      for (int64_t b = j - 1; b <= j + 1; b++)
        for (int64_t a = i - 1; a <= i + 1; a++) {
          if (a < 0 || b < 0 || a >= nx || b >= ny || fat[b * nx + a] != 1) continue;
          fat[b * nx + a] = 2;
          stack[top++] = b * nx + a;
        }
    }
    if (top >= least) continue;
    for (int64_t n = 0; n < top; n++) fat[stack[n]] = 0;
    dropped += top;
  }
  return dropped;
}

static void count_slice(struct tissue_measure *m, const struct volume *hu, const struct labels *c,
                        int value, int64_t k, const struct tissue_options *o, unsigned char *fat) {
  int64_t plane = hu->grid.nx * hu->grid.ny;
  const struct tissue_window *low = &tissue_windows[WINDOW_MUSCLE_LOW];
  const struct tissue_window *normal = &tissue_windows[WINDOW_MUSCLE_NORMAL];
  for (int64_t i = 0; i < plane; i++) {
    fat[i] = 0;
    if (c->voxels[k * plane + i] != value) continue;
    float v = hu->voxels[k * plane + i];
    if (isnan(v)) {
      m->no_data++;
      continue;
    }
    double h = round((double)v);
    m->voxels++;
    m->whole_sum_hu += (double)v;
    if (!isnan(o->pure_muscle_hu))
      m->fraction_sum += tissue_fat_fraction((double)v, o->pure_muscle_hu, o->pure_fat_hu);
    m->metal += h > metal_hu;
    m->low += inside(low, h);
    m->normal += inside(normal, h);
    fat[i] = (unsigned char)inside(&o->fat, h);
    if (!inside(&o->muscle, h)) continue;
    m->muscle++;
    m->muscle_sum_hu += (double)v;
  }
}

status tissue_measure(struct tissue_measure *out, const struct volume *hu,
                      const struct labels *compartments, int value, int64_t first, int64_t last,
                      const struct tissue_options *options) {
  static const struct tissue_options defaults = TISSUE_DEFAULTS;
  status st = ST_OK;
  const struct tissue_options *o = options ? options : &defaults;
  struct tissue_measure m = {0};
  size_t plane = (size_t)(hu->grid.nx * hu->grid.ny);
  unsigned char *fat = malloc(plane);
  int64_t *stack = malloc(plane * sizeof *stack);
  CHECK(fat && stack, ST_MEMORY, "body composition of a slice of %zu pixels", plane);
  TRY(check_input(hu, compartments, first, last, o));
  for (int64_t k = first; k <= last; k++) {
    count_slice(&m, hu, compartments, value, k, o, fat);
    if (o->imat_min_pixels > 1)
      m.removed += drop_small(fat, stack, hu->grid.nx, hu->grid.ny, o->imat_min_pixels);
    for (size_t i = 0; i < plane; i++) m.fat += fat[i] != 0;
  }
  CHECK(m.voxels > 0, ST_DOMAIN, "compartment %d has no voxel with data in slices %lld to %lld",
        value, (long long)first, (long long)last);
  *out = m;
done:
  free(fat);
  free(stack);
  return st;
}

/* cm2 (mean per slice) or cm3 of a count. */
static double extent(int64_t count, const struct geometry *g, int64_t slices, int volume) {
  double pixel = g->spacing[0] * g->spacing[1];
  return volume ? (double)count * pixel * g->spacing[2] / 1000
                : (double)count * pixel / 100 / (double)slices;
}

static struct measurement *row(struct record *r, const char *region, const char *quantity,
                               double value, const char *unit, int64_t n,
                               const struct tissue_window *w) {
  struct measurement *m = record_add(r, region, quantity, value, unit);
  if (!m) return NULL;
  m->n = n;
  if (w) {
    snprintf(m->method, sizeof m->method, "%s %g..%g HU", w->key, w->low_hu, w->high_hu);
    measurement_source(m, w->source);
  }
  return m;
}

/* What is wrong with the voxels behind the rows since `first`. */
static void flag_voxels(struct record *r, size_t first, const struct tissue_measure *m) {
  for (size_t i = first; i < r->count; i++) {
    if (m->no_data)
      measurement_flag(&r->rows[i], "%lld of %lld voxels of the compartment hold no data",
                       (long long)m->no_data, (long long)(m->voxels + m->no_data));
    if (m->metal)
      measurement_flag(&r->rows[i], "%lld voxels of metal above %g HU", (long long)m->metal,
                       metal_hu);
  }
}

static status mixing_row(struct record *r, const char *region, const struct tissue_measure *m,
                         const struct tissue_options *o) {
  status st = ST_OK;
  if (isnan(o->pure_muscle_hu)) goto done;
  struct measurement *share =
      row(r, region, "fat_fraction", m->fraction_sum / (double)m->voxels, "", m->voxels, NULL);
  CHECK(share, ST_MEMORY, "adding fat_fraction");
  snprintf(share->method, sizeof share->method, "mixing of muscle at %g and fat at %g HU",
           o->pure_muscle_hu, o->pure_fat_hu);
done:
  return st;
}

static status height_rows(struct record *r, const char *region, const struct tissue_measure *m,
                          double area, double height_m, const struct tissue_options *o) {
  status st = ST_OK;
  if (isnan(height_m)) {
    CHECK(record_withhold(r, region, "smi", "cm2/m2", "the person's height is not known"),
          ST_MEMORY, "adding smi");
    CHECK(
        record_withhold(r, region, "muscle_gauge", "cm2 HU/m2", "the person's height is not known"),
        ST_MEMORY, "adding muscle_gauge");
    goto done;
  }
  CHECK(height_m > 0.5 && height_m < 3, ST_DOMAIN,
        "height %g m: must be 0.5 to 3 m (was it given in centimetres?)", height_m);
  double smi = area / (height_m * height_m);
  CHECK(row(r, region, "smi", smi, "cm2/m2", m->muscle, &o->muscle), ST_MEMORY, "adding smi");
  if (m->muscle)
    CHECK(row(r, region, "muscle_gauge", smi * m->muscle_sum_hu / (double)m->muscle, "cm2 HU/m2",
              m->muscle, &o->muscle),
          ST_MEMORY, "adding muscle_gauge");
done:
  return st;
}

status tissue_muscle_record(struct record *r, const char *region, const struct tissue_measure *m,
                            const struct geometry *g, int64_t slices, int volume, double height_m,
                            const struct tissue_options *options) {
  static const struct tissue_options defaults = TISSUE_DEFAULTS;
  status st = ST_OK;
  const struct tissue_options *o = options ? options : &defaults;
  const char *unit = volume ? "cm3" : "cm2";
  const size_t start = r->count;
  double area = extent(m->muscle, g, slices, volume);
  struct measurement *first =
      row(r, region, volume ? "muscle_volume" : "muscle_area", area, unit, m->muscle, &o->muscle);
  CHECK(first, ST_MEMORY, "adding rows of %s", region);
  if (m->removed)
    measurement_flag(first, "%lld fat pixels in components of fewer than %d left out",
                     (long long)m->removed, o->imat_min_pixels);
  CHECK(m->muscle ? row(r, region, "smra", m->muscle_sum_hu / (double)m->muscle, "HU", m->muscle,
                        &o->muscle)
                  : record_withhold(r, region, "smra", "HU", "no voxel in the muscle window"),
        ST_MEMORY, "adding smra");
  CHECK(row(r, region, "compartment_mean_hu", m->whole_sum_hu / (double)m->voxels, "HU", m->voxels,
            NULL) &&
            row(r, region, volume ? "imat_volume" : "imat_area", extent(m->fat, g, slices, volume),
                unit, m->fat, &o->fat) &&
            row(r, region, "fat_infiltration", (double)m->fat / (double)m->voxels, "", m->voxels,
                &o->fat) &&
            row(r, region, volume ? "muscle_low_volume" : "muscle_low_area",
                extent(m->low, g, slices, volume), unit, m->low,
                &tissue_windows[WINDOW_MUSCLE_LOW]) &&
            row(r, region, volume ? "muscle_normal_volume" : "muscle_normal_area",
                extent(m->normal, g, slices, volume), unit, m->normal,
                &tissue_windows[WINDOW_MUSCLE_NORMAL]),
        ST_MEMORY, "adding rows of %s", region);
  TRY(mixing_row(r, region, m, o));
  if (!volume) TRY(height_rows(r, region, m, area, height_m, o));
  flag_voxels(r, start, m);
done:
  return st;
}

status tissue_fat_record(struct record *r, const char *region, const struct tissue_measure *m,
                         const struct geometry *g, int64_t slices, int volume, int truncated,
                         const struct tissue_options *options) {
  static const struct tissue_options defaults = TISSUE_DEFAULTS;
  status st = ST_OK;
  const struct tissue_options *o = options ? options : &defaults;
  struct measurement *fat =
      row(r, region, volume ? "fat_volume" : "fat_area", extent(m->fat, g, slices, volume),
          volume ? "cm3" : "cm2", m->fat, &o->fat);
  CHECK(fat, ST_MEMORY, "adding rows of %s", region);
  if (truncated) measurement_flag(fat, "fov_truncated: the body leaves the image, a lower bound");
  flag_voxels(r, r->count - 1, m);
done:
  return st;
}

double tissue_fat_fraction(double hu, double muscle_hu, double fat_hu) {
  double share = (muscle_hu - hu) / (muscle_hu - fat_hu);
  return share < 0 ? 0 : share > 1 ? 1 : share;
}
