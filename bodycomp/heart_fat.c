/* Fat inside and outside the heart's sac, and the picture of both. */
#include "bodycomp/heart.h"
#include "core/body.h"
#include "core/parallel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct tissue_window heart_fat_windows[] = {
    {"fat", -190, -30, "derstine2018"},
    {"fat-non-gated-40", -190, -40, "eat_nongated2022"},
    {"fat-non-gated-45", -190, -45, "eat_nongated2022"}};
const char *const heart_fat_window_names[] = {"standard", "non-gated-40", "non-gated-45", NULL};
const char *const heart_fat_limit_names[] = {"none", "pericardial-250", NULL};

struct fat_sum {
  int64_t voxels, no_data;
  double hu, hu2;
};

/* Median of the voxels with data among the 27 around v. */
static double median_around(const struct volume *hu, int64_t v) {
  const struct geometry *g = &hu->grid;
  const int64_t i = v % g->nx, j = v / g->nx % g->ny, k = v / (g->nx * g->ny);
  double sorted[27];
  int count = 0;
  for (int64_t z = k - 1; z <= k + 1; z++)
    for (int64_t y = j - 1; y <= j + 1; y++)
      for (int64_t x = i - 1; x <= i + 1; x++) {
        if (!geometry_inside(g, x, y, z)) continue;
        double h = (double)hu->voxels[geometry_index(g, x, y, z)];
        int at = count;
        if (isnan(h)) continue;
        for (; at > 0 && sorted[at - 1] > h; at--) sorted[at] = sorted[at - 1];
        sorted[at] = h;
        count++;
      }
  return 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
}

/* In slices first..last. */
static struct fat_sum sum_fat(const struct volume *hu, const struct labels *sac, int value,
                              int64_t first, int64_t last, const struct heart_fat_options *o) {
  struct fat_sum s = {0};
  const int64_t plane = hu->grid.nx * hu->grid.ny;
  for (int64_t v = first * plane; v < (last + 1) * plane; v++) {
    if (sac->voxels[v] != value) continue;
    if (isnan(hu->voxels[v])) {
      s.no_data++;
      continue;
    }
    double whole = round(o->median ? median_around(hu, v) : (double)hu->voxels[v]);
    if (whole < o->fat.low_hu || whole > o->fat.high_hu) continue;
    s.voxels++;
    s.hu += whole;
    s.hu2 += whole * whole;
  }
  return s;
}

static void add_row(struct record *r, const char *region, const char *quantity, double value,
                    const char *unit, int64_t n, const char *method) {
  struct measurement *m = record_add(r, region, quantity, value, unit);
  if (!m) return;
  m->n = n;
  snprintf(m->method, sizeof m->method, "%s", method);
}

static void add_fat(struct record *r, const char *region, const struct fat_sum *s, double voxel_mm3,
                    const char *method, const char *source) {
  size_t first = r->count;
  double n = (double)s->voxels, mean = s->voxels ? s->hu / n : (double)NAN;
  char quantity[48];
  snprintf(quantity, sizeof quantity, "fat_%s", region);
  add_row(r, "heart", quantity, n * voxel_mm3 / 1000, "cm3", s->voxels, method);
  snprintf(quantity, sizeof quantity, "fat_%s_mean_hu", region);
  add_row(r, "heart", quantity, mean, "HU", s->voxels, method);
  snprintf(quantity, sizeof quantity, "fat_%s_sd_hu", region);
  add_row(r, "heart", quantity, s->voxels ? sqrt(fmax(0, s->hu2 / n - mean * mean)) : (double)NAN,
          "HU", s->voxels, method);
  for (size_t i = first; i < r->count; i++) measurement_source(&r->rows[i], source);
}

/* Body surface by Mosteller: sqrt(height [cm] weight [kg] / 3600) m2. */
static void add_per_surface(struct record *r, double fat_cm3, const char *method,
                            const struct heart_fat_options *o) {
  const char *quantity = "fat_inside_sac_per_bsa", *unit = "cm3/m2";
  if (isnan(o->height_m) || isnan(o->weight_kg)) {
    record_withhold(r, "heart", quantity, unit, "height and weight are not known");
    return;
  }
  double surface = sqrt(o->height_m * 100 * o->weight_kg / 3600);
  struct measurement *m = record_add(r, "heart", quantity, fat_cm3 / surface, unit);
  if (!m) return;
  snprintf(m->method, sizeof m->method, "%s", method);
  measurement_source(m, "mosteller1987");
}

/* Lowest and highest slice of the sac in the patient. */
static void add_extent(struct record *r, const struct geometry *g, int64_t first, int64_t last,
                       const char *method) {
  double a = geometry_to_world(g, vec3_make(0, 0, (double)first)).z;
  double b = geometry_to_world(g, vec3_make(0, 0, (double)last)).z;
  add_row(r, "heart", "sac_first_z", fmin(a, b), "mm", -1, method);
  add_row(r, "heart", "sac_last_z", fmax(a, b), "mm", -1, method);
}

static status add_slice(struct record *r, const struct volume *hu, const struct labels *sac,
                        int inside, const int64_t extent[2], const char *method,
                        const struct heart_fat_options *o) {
  status st = ST_OK;
  const struct geometry *g = &hu->grid;
  struct vec3 origin = geometry_to_world(g, vec3_make(0, 0, 0));
  double along = geometry_axis(g, 2).z * g->spacing[2];
  if (isnan(o->slice_z_mm)) goto done;
  int64_t k = llround((o->slice_z_mm - origin.z) / along);
  CHECK(k >= extent[0] && k <= extent[1], ST_DOMAIN,
        "fat of the heart: no slice of the sac lies at z %.1f mm; it reaches from %.1f to %.1f mm",
        o->slice_z_mm, origin.z + along * (double)extent[0], origin.z + along * (double)extent[1]);
  struct fat_sum s = sum_fat(hu, sac, inside, k, k, o);
  double area = (double)s.voxels * g->spacing[0] * g->spacing[1];
  add_row(r, "heart", "fat_inside_sac_slice_area", area / 100, "cm2", s.voxels, method);
  add_row(r, "heart", "fat_inside_sac_slice_volume", area * g->spacing[2] / 1000, "cm3", s.voxels,
          method);
  for (size_t i = r->count - 2; i < r->count; i++) {
    measurement_source(&r->rows[i], o->fat.source);
    measurement_flag(&r->rows[i], "slice %lld at z %.1f mm, as told", (long long)k,
                     origin.z + along * (double)k);
  }
done:
  return st;
}

static void add_limit(struct record *r, double fat_cm3, const char *method,
                      const struct heart_fat_options *o) {
  const double limit_cm3 = 250;
  if (o->limit == HEART_FAT_NO_LIMIT) return;
  struct measurement *m =
      record_add(r, "heart", "fat_inside_sac_above_limit", fat_cm3 > limit_cm3, "");
  if (!m) return;
  snprintf(m->method, sizeof m->method, "%s; %.70s", heart_fat_limit_names[o->limit], method);
  measurement_source(m, "heartaortanet");
  measurement_flag(m,
                   "%g ml of \"pericardial\" fat, taken as the fat inside the sac: a preset, no "
                   "diagnosis",
                   limit_cm3);
}

/* What the scan does to these numbers, on every row added since `first`. */
static void flag_scan(struct record *r, size_t first, const struct volume *hu, int64_t no_data,
                      bool cut) {
  const struct acquisition *a = &hu->acquisition;
  for (size_t i = first; i < r->count; i++) {
    struct measurement *m = &r->rows[i];
    if (a->contrast == CONTRAST_PRESENT) measurement_flag(m, "contrast raises the HU of fat");
    if (a->contrast == CONTRAST_UNKNOWN) measurement_flag(m, "contrast not recorded");
    if (isnan(a->kvp)) measurement_flag(m, "tube voltage not recorded");
    if (cut) measurement_flag(m, "the mask reaches the end of the scan: a lower bound");
    if (no_data) measurement_flag(m, "%lld voxels without data", (long long)no_data);
  }
}

status heart_fat_record(struct record *r, const struct volume *hu, const struct labels *sac,
                        int inside, int outside, const char *method,
                        const struct heart_fat_options *options) {
  static const struct heart_fat_options defaults = HEART_FAT_DEFAULTS;
  status st = ST_OK;
  const struct heart_fat_options *o = options ? options : &defaults;
  double voxel = geometry_voxel_mm3(&hu->grid);
  const double thickest_mm = 5; /* bodycomp volumes */
  size_t first = r->count;
  char how[96];
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "fat of the heart: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  TRY(geometry_match(&hu->grid, "CT", &sac->grid, "sac", 1e-3));
  TRY(body_check_axial(&hu->grid, "fat of the heart"));
  CHECK(o->fat.low_hu < o->fat.high_hu, ST_DOMAIN,
        "fat of the heart: window %g..%g HU; the lower end comes first", o->fat.low_hu,
        o->fat.high_hu);
  CHECK(isnan(o->height_m) || (o->height_m >= 0.5 && o->height_m <= 3), ST_DOMAIN,
        "fat of the heart: a height of %g m; permitted are 0.5 to 3 m (was it in cm?)",
        o->height_m);
  CHECK(isnan(o->weight_kg) || (o->weight_kg > 0 && o->weight_kg <= 500), ST_DOMAIN,
        "fat of the heart: a weight of %g kg; permitted are above 0 to 500 kg", o->weight_kg);
  CHECK(hu->grid.spacing[2] <= thickest_mm + 1e-3, ST_DOMAIN,
        "fat of the heart: slices %g mm apart; a volume needs at most %g mm", hu->grid.spacing[2],
        thickest_mm);
  int64_t voxels = labels_count(sac, inside), lo[3], hi[3], slices = hu->grid.nz;
  CHECK(labels_box(sac, inside, lo, hi), ST_DOMAIN,
        "fat of the heart: label %d of the sac is not in the map; no mask is not no fat", inside);
  snprintf(how, sizeof how, "%s; %s %g..%g HU%s", method, o->fat.key, o->fat.low_hu, o->fat.high_hu,
           o->median ? " of medians of 3 x 3 x 3" : "");
  struct fat_sum in = sum_fat(hu, sac, inside, 0, slices - 1, o);
  add_row(r, "heart", "sac_volume", (double)voxels * voxel / 1000, "cm3", voxels, method);
  add_extent(r, &hu->grid, lo[2], hi[2], method);
  add_fat(r, "inside_sac", &in, voxel, how, o->fat.source);
  add_per_surface(r, (double)in.voxels * voxel / 1000, how, o);
  add_limit(r, (double)in.voxels * voxel / 1000, how, o);
  TRY(add_slice(r, hu, sac, inside, (const int64_t[]){lo[2], hi[2]}, how, o));
  if (outside && labels_count(sac, outside) > 0) {
    struct fat_sum out = sum_fat(hu, sac, outside, 0, slices - 1, o);
    add_fat(r, "outside_sac", &out, voxel, how, o->fat.source);
  } else {
    record_withhold(r, "heart", "fat_outside_sac", "cm3", "the map has no region around the sac");
  }
  /* a sac by rule that is cut says so itself */
  bool cut = (lo[2] == 0 || hi[2] == slices - 1) && strncmp(method, "rule", 4) != 0;
  flag_scan(r, first, hu, in.no_data, cut);
done:
  return st;
}

void heart_rule_flags(struct record *r, const struct heart_info *info) {
  for (size_t i = 0; i < r->count; i++) {
    struct measurement *m = &r->rows[i];
    if (info->flags[0]) measurement_flag(m, "%s", info->flags);
    if (strcmp(m->quantity, "fat_inside_sac") == 0)
      measurement_flag(m, "error of the rule in digital chests: -18 to +1 %%");
  }
}

/* ---- picture ---- */

/* 1 where fat inside, 2 where fat outside. */
static status fat_labels(struct labels **out, const struct volume *hu, const struct labels *sac,
                         int inside, int outside, const struct tissue_window *w) {
  status st = ST_OK;
  struct labels *l = NULL;
  TRY(labels_create(&l, &hu->grid));
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < geometry_voxels(&hu->grid); v++) {
    double whole = round((double)hu->voxels[v]);
    if (!(whole >= w->low_hu && whole <= w->high_hu)) continue;
    if (sac->voxels[v] == inside) l->voxels[v] = 1;
    if (outside && sac->voxels[v] == outside) l->voxels[v] = 2;
  }
  *out = l;
done:
  return st;
}

status heart_picture(struct picture **out, const struct volume *hu, const struct labels *sac,
                     int inside, int outside, const struct heart_fat_options *options) {
  static const struct heart_fat_options defaults = HEART_FAT_DEFAULTS;
  static const enum plane planes[] = {PLANE_AXIAL, PLANE_CORONAL, PLANE_SAGITTAL};
  status st = ST_OK;
  const struct heart_fat_options *o = options ? options : &defaults;
  struct picture *sheet = NULL, *one = NULL;
  struct labels *fat = NULL;
  int64_t lo[3], hi[3];
  const double pixel_mm = 1, low_hu = -200, high_hu = 250, shade = 0.55;
  CHECK(labels_box(sac, inside, lo, hi), ST_DOMAIN, "picture of the heart: no sac in the map");
  struct vec3 middle = geometry_to_world(&hu->grid, vec3_make(0.5 * (double)(lo[0] + hi[0]),
                                                              0.5 * (double)(lo[1] + hi[1]),
                                                              0.5 * (double)(lo[2] + hi[2])));
  TRY(fat_labels(&fat, hu, sac, inside, outside, &o->fat));
  for (int n = 0; n < 3; n++) {
    struct picture_plane plane = picture_plane_through(&hu->grid, planes[n], middle, pixel_mm);
    plane.centre = middle;
    plane.width_mm = fmin(plane.width_mm, 300);
    plane.height_mm = fmin(plane.height_mm, 260);
    TRY(picture_slice(&one, hu, &plane, low_hu, high_hu));
    picture_shade(one, fat, 1, &plane, COLOUR_ORANGE, shade);
    picture_shade(one, fat, 2, &plane, COLOUR_SKY, shade);
    picture_outline(one, sac, inside, &plane, COLOUR_YELLOW);
    if (!sheet) TRY(picture_create(&sheet, 3 * 304, 290, 0x101018));
    picture_place(sheet, one, n * 304, 0);
    picture_destroy(one);
    one = NULL;
  }
  int x = picture_text(sheet, 6, 270, "outline: sac", COLOUR_YELLOW, 2) + 30;
  x += picture_text(sheet, x, 270, "fat inside the sac", COLOUR_ORANGE, 2) + 30;
  picture_text(sheet, x, 270, "fat around it", COLOUR_SKY, 2);
  *out = sheet;
  sheet = NULL;
done:
  picture_destroy(sheet);
  picture_destroy(one);
  labels_destroy(fat);
  return st;
}
