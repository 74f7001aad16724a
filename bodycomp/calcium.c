#include "bodycomp/calcium.h"

#include "core/body.h"
#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const calcium_preset_names[] = {"agatston-120", "graeni-70",  "graeni-80", "graeni-100",
                                            "graeni-120",   "graeni-135", NULL};

static const double preset_steps[CALCIUM_PRESETS][4] = {{130, 200, 300, 400}, {207, 318, 477, 636},
                                                        {177, 271, 408, 544}, {145, 222, 334, 446},
                                                        {130, 199, 299, 399}, {119, 183, 274, 364}};
static const double preset_kvp[CALCIUM_PRESETS] = {120, 70, 80, 100, 120, 135};
static const double reference_increment_mm = 3; /* agatston1990: 3 mm contiguous slices */
static const double shell_mm = 3;

struct calcium_rules calcium_rules_of(enum calcium_preset preset) {
  struct calcium_rules r = {.preset_kvp = preset_kvp[preset],
                            .least_area_mm2 = 1,
                            .connectivity = 8,
                            .slice_scaling = 1,
                            .exclude_above_hu = INFINITY,
                            .mass_factor = NAN};
  memcpy(r.steps_hu, preset_steps[preset], sizeof r.steps_hu);
  return r;
}

status calcium_rules_at(struct calcium_rules *out, double kvp) {
  /* by rising voltage */
  static const enum calcium_preset order[] = {CALCIUM_GRAENI_70, CALCIUM_GRAENI_80,
                                              CALCIUM_GRAENI_100, CALCIUM_GRAENI_120,
                                              CALCIUM_GRAENI_135};
  status st = ST_OK;
  int n = 0;
  CHECK(kvp >= preset_kvp[order[0]] && kvp <= preset_kvp[order[4]], ST_DOMAIN,
        "calcium thresholds at %g kV: they are known from %g to %g kV", kvp, preset_kvp[order[0]],
        preset_kvp[order[4]]);
  while (n < 3 && kvp > preset_kvp[order[n + 1]]) n++;
  double low = preset_kvp[order[n]], high = preset_kvp[order[n + 1]];
  double t = (kvp - low) / (high - low);
  *out = calcium_rules_of(order[n]);
  for (int i = 0; i < 4; i++)
    out->steps_hu[i] += t * (preset_steps[order[n + 1]][i] - preset_steps[order[n]][i]);
  out->preset_kvp = kvp;
done:
  return st;
}

void calcium_rules_by_pixels(struct calcium_rules *r, double pixel_mm2) {
  r->least_area_mm2 = 0;
  r->least_pixels = (int)round(1 / pixel_mm2);
  r->connectivity = r->least_pixels >= 2 ? 8 : 1;
}

void calcium_rules_text(char out[128], const struct calcium_rules *r) {
  char pixels[24] = "";
  if (r->least_pixels) snprintf(pixels, sizeof pixels, " pixels>=%d", r->least_pixels);
  if (r->volume_only)
    snprintf(out, 128, "t%g adapted to the blood, area%s%g%s conn%d", r->steps_hu[0],
             r->strict_area ? ">" : ">=", r->least_area_mm2, pixels, r->connectivity);
  else
    snprintf(out, 128, "t%.4g/%.4g/%.4g/%.4g area%s%g%s conn%d %s%s%s", r->steps_hu[0],
             r->steps_hu[1], r->steps_hu[2], r->steps_hu[3],
             r->strict_area ? ">" : ">=", r->least_area_mm2, pixels, r->connectivity,
             r->slice_scaling ? "scaled" : "unscaled", r->peak_3d ? " peak3d" : "",
             r->drop_small_3d ? " drop-small" : "");
}

/* One score in the making. */
struct work {
  const struct volume *hu;
  const struct calcium_rules *rules;
  int64_t nx, ny, nz;
  unsigned char *hit; /* voxel is in the region and at or above the threshold */
  uint16_t *lesion;   /* 3-D lesion number, 0 none */
  int64_t *stack;     /* flood fill; as many as voxels hit */
  int64_t stack_size;
};

static double rounded(float v) {
  return round((double)v);
}

static int64_t mark_hits(struct work *w, struct calcium_score *s, const struct labels *region,
                         int value) {
  int64_t plane = w->nx * w->ny, count = 0;
  s->first_slice = w->nz;
  s->last_slice = -1;
  for (int64_t k = 0; k < w->nz; k++)
    for (int64_t i = k * plane; i < (k + 1) * plane; i++) {
      int in = value ? region->voxels[i] == value : region->voxels[i] != 0;
      if (!in) continue;
      s->region_voxels++;
      if (k < s->first_slice) s->first_slice = k;
      s->last_slice = k;
      float v = w->hu->voxels[i];
      if (isnan(v)) continue;
      double h = rounded(v);
      if (h > w->rules->exclude_above_hu) {
        s->metal_voxels++;
        continue;
      }
      w->hit[i] = h >= w->rules->steps_hu[0];
      count += w->hit[i];
    }
  return count;
}

/* Collect the component of `seed` into w->stack; `mark` is cleared from w->hit's low bit and set to
 * `tag`. */
static int64_t flood(struct work *w, int64_t seed, unsigned char from, unsigned char to,
                     int three_d, int neighbours) {
  int64_t plane = w->nx * w->ny, top = 0, read = 0;
  w->stack[top++] = seed;
  w->hit[seed] = to;
  while (read < top) {
    int64_t at = w->stack[read++], k = at / plane, j = at % plane / w->nx, i = at % w->nx;
    for (int dk = three_d ? -1 : 0; dk <= (three_d ? 1 : 0); dk++)
      for (int dj = -1; dj <= 1; dj++)
        for (int di = -1; di <= 1; di++) {
          if (neighbours < 8 && abs(di) + abs(dj) + abs(dk) > neighbours / 4) continue;
          int64_t a = i + di, b = j + dj, c = k + dk;
          if (a < 0 || b < 0 || c < 0 || a >= w->nx || b >= w->ny || c >= w->nz) continue;
          int64_t n = c * plane + b * w->nx + a;
          if (w->hit[n] != from) continue;
          w->hit[n] = to;
          w->stack[top++] = n;
        }
  }
  return top;
}

enum { HIT = 1, SEEN_3D = 2, SEEN_2D = 3 };

static int weight_of(const struct calcium_rules *r, double peak) {
  int weight = 0;
  while (weight < 4 && peak >= r->steps_hu[weight]) weight++;
  return weight;
}

static double peak_of(const struct work *w, int64_t count) {
  double peak = -INFINITY;
  for (int64_t n = 0; n < count; n++) peak = fmax(peak, rounded(w->hu->voxels[w->stack[n]]));
  return peak;
}

/* Number the 3-D lesions; small ones may be dropped. */
static status find_lesions(struct work *w, struct calcium_score *s) {
  status st = ST_OK;
  int64_t voxels = w->nx * w->ny * w->nz, capacity = 0;
  for (int64_t seed = 0; seed < voxels; seed++) {
    if (w->hit[seed] != HIT) continue;
    int64_t count = flood(w, seed, HIT, SEEN_3D, 1, 26);
    if (count <= w->rules->drop_small_3d) {
      for (int64_t n = 0; n < count; n++) w->hit[w->stack[n]] = 0;
      continue;
    }
    CHECK(s->lesion_count < 65535, ST_DOMAIN,
          "more than 65535 calcium lesions: is this a CT in HU?");
    if (s->lesion_count == capacity) {
      capacity = capacity ? 2 * capacity : 64;
      struct calcium_lesion *grown = realloc(s->lesions, (size_t)capacity * sizeof *grown);
      CHECK(grown, ST_MEMORY, "listing calcium lesions");
      s->lesions = grown;
    }
    s->lesions[s->lesion_count++] = (struct calcium_lesion){
        .first_slice = w->nz, .last_slice = -1, .peak_hu = peak_of(w, count)};
    for (int64_t n = 0; n < count; n++) w->lesion[w->stack[n]] = (uint16_t)s->lesion_count;
  }
done:
  return st;
}

/* Add the slice component in the stack to its lesion, or drop it for its size. */
static void score_component(struct work *w, struct calcium_score *s, int64_t count) {
  const struct calcium_rules *r = w->rules;
  const double *spacing = w->hu->grid.spacing;
  double area = (double)count * spacing[0] * spacing[1];
  const double rounding = 1e-9;
  struct calcium_lesion *l = &s->lesions[w->lesion[w->stack[0]] - 1];
  int small =
      r->strict_area ? area <= r->least_area_mm2 + rounding : area < r->least_area_mm2 - rounding;
  small |= count < r->least_pixels;
  if (small) {
    for (int64_t n = 0; n < count; n++) w->lesion[w->stack[n]] = 0;
    return;
  }
  double peak = r->peak_3d ? l->peak_hu : peak_of(w, count);
  double scale = r->slice_scaling ? spacing[2] / reference_increment_mm : 1;
  int64_t plane = w->nx * w->ny, k = w->stack[0] / plane;
  l->agatston += area * weight_of(r, peak) * scale;
  l->first_slice = k < l->first_slice ? k : l->first_slice;
  l->last_slice = k > l->last_slice ? k : l->last_slice;
  for (int64_t n = 0; n < count; n++) {
    int64_t at = w->stack[n];
    struct vec3 index = vec3_make((double)(at % w->nx), (double)(at % plane / w->nx), (double)k);
    l->centre = vec3_add(l->centre, geometry_to_world(&w->hu->grid, index));
    l->mean_hu += (double)w->hu->voxels[at];
    l->voxels++;
  }
}

static void score_slices(struct work *w, struct calcium_score *s) {
  int64_t voxels = w->nx * w->ny * w->nz;
  for (int64_t seed = 0; seed < voxels; seed++)
    if (w->hit[seed] == SEEN_3D)
      score_component(w, s, flood(w, seed, SEEN_3D, SEEN_2D, 0, w->rules->connectivity));
}

/* Median HU of the voxels within 3 mm of a lesion that belong to none. */
static status shell_median(double *out, const struct work *w, const struct calcium_score *s,
                           int number) {
  status st = ST_OK;
  const double *spacing = w->hu->grid.spacing;
  int64_t reach[3], lo[3], hi[3], m = 0;
  float *values = NULL;
  const int64_t n[3] = {w->nx, w->ny, w->nz};
  if (!labels_box(s->kept, number, lo, hi)) goto done;
  int64_t most = 1;
  for (int a = 0; a < 3; a++) {
    reach[a] = (int64_t)ceil(shell_mm / spacing[a]);
    lo[a] = lo[a] - reach[a] > 0 ? lo[a] - reach[a] : 0;
    hi[a] = hi[a] + reach[a] < n[a] - 1 ? hi[a] + reach[a] : n[a] - 1;
    most *= hi[a] - lo[a] + 1;
  }
  values = malloc((size_t)most * sizeof *values);
  CHECK(values, ST_MEMORY, "background of a calcium lesion");
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++) {
        int64_t at = geometry_index(&w->hu->grid, i, j, k);
        int near = 0;
        if (s->kept->voxels[at] || isnan(w->hu->voxels[at])) continue;
        for (int64_t c = -reach[2]; c <= reach[2] && !near; c++)
          for (int64_t b = -reach[1]; b <= reach[1] && !near; b++)
            for (int64_t a = -reach[0]; a <= reach[0] && !near; a++) {
              double x = (double)a * spacing[0], y = (double)b * spacing[1],
                     z = (double)c * spacing[2];
              if (x * x + y * y + z * z > shell_mm * shell_mm) continue;
              near = geometry_inside(&w->hu->grid, i + a, j + b, k + c) &&
                     s->kept->voxels[geometry_index(&w->hu->grid, i + a, j + b, k + c)] == number;
            }
        if (near) values[m++] = w->hu->voxels[at];
      }
  if (m) *out = stat_percentile_inplace(values, m, 50);
done:
  free(values);
  return st;
}

struct ranked {
  struct calcium_lesion lesion;
  int64_t was;
};

static int by_falling_score(const void *a, const void *b) {
  const struct ranked *p = a, *q = b;
  if (p->lesion.agatston != q->lesion.agatston)
    return p->lesion.agatston > q->lesion.agatston ? -1 : 1;
  return p->was < q->was ? -1 : p->was > q->was;
}

/* List by falling score; the label map keeps pace. */
static status sort_lesions(struct calcium_score *s) {
  status st = ST_OK;
  size_t count = (size_t)s->lesion_count;
  int64_t voxels = geometry_voxels(&s->kept->grid);
  struct ranked *order = malloc((count + 1) * sizeof *order);
  uint16_t *to = calloc(count + 1, sizeof *to);
  CHECK(order && to, ST_MEMORY, "sorting calcium lesions");
  for (size_t n = 0; n < count; n++) order[n] = (struct ranked){s->lesions[n], (int64_t)n};
  qsort(order, count, sizeof *order, by_falling_score);
  for (size_t n = 0; n < count; n++) {
    s->lesions[n] = order[n].lesion;
    to[order[n].was + 1] = (uint16_t)(n + 1);
  }
  for (int64_t i = 0; i < voxels; i++) s->kept->voxels[i] = to[s->kept->voxels[i]];
done:
  free(order);
  free(to);
  return st;
}

/* Means, volumes and masses; lesions whose components were all dropped go. */
static status finish_lesions(struct work *w, struct calcium_score *s) {
  status st = ST_OK;
  double voxel = geometry_voxel_mm3(&w->hu->grid);
  int64_t voxels = w->nx * w->ny * w->nz, kept = 0;
  uint16_t *renumber = calloc((size_t)s->lesion_count + 1, sizeof *renumber);
  CHECK(renumber, ST_MEMORY, "numbering calcium lesions");
  for (int64_t n = 0; n < s->lesion_count; n++) {
    struct calcium_lesion l = s->lesions[n];
    if (!l.voxels) continue;
    l.mean_hu /= (double)l.voxels;
    l.centre = vec3_scale(l.centre, 1.0 / (double)l.voxels);
    l.volume_mm3 = (double)l.voxels * voxel;
    s->lesions[kept++] = l;
    renumber[n + 1] = (uint16_t)kept;
  }
  s->lesion_count = kept;
  TRY(labels_create(&s->kept, &w->hu->grid));
  for (int64_t i = 0; i < voxels; i++) s->kept->voxels[i] = renumber[w->lesion[i]];
  s->mass_mg = isnan(w->rules->mass_factor) ? NAN : 0;
  s->peak_hu = kept ? -INFINITY : NAN;
  for (int64_t n = 0; n < kept; n++) {
    struct calcium_lesion *l = &s->lesions[n];
    l->background_hu = w->rules->water_hu;
    if (w->rules->local_background) TRY(shell_median(&l->background_hu, w, s, (int)n + 1));
    l->mass_mg = w->rules->mass_factor * (l->mean_hu - l->background_hu) * l->volume_mm3;
    s->agatston += l->agatston;
    s->volume_mm3 += l->volume_mm3;
    s->mass_mg += l->mass_mg;
    s->peak_hu = fmax(s->peak_hu, l->peak_hu);
  }
done:
  free(renumber);
  return st;
}

static status check_input(const struct volume *hu, const struct labels *region,
                          const struct calcium_rules *r) {
  status st = ST_OK;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "calcium scoring needs HU, the image holds %s",
        quantity_name(hu->quantity));
  TRY(body_check_axial(&hu->grid, "calcium scoring"));
  TRY(geometry_match(&hu->grid, "image", &region->grid, "region", 1e-3));
  for (int i = 1; i < 4; i++)
    CHECK(r->steps_hu[i] > r->steps_hu[i - 1], ST_DOMAIN,
          "calcium weight steps %g and %g HU must rise", r->steps_hu[i - 1], r->steps_hu[i]);
  CHECK(r->connectivity == 4 || r->connectivity == 8 || r->connectivity == 1, ST_DOMAIN,
        "connectivity %d in the slice: must be 4 or 8, or 1 for every pixel alone",
        r->connectivity);
done:
  return st;
}

status calcium_score(struct calcium_score *out, const struct volume *hu,
                     const struct labels *region, int value, const struct calcium_rules *rules) {
  status st = ST_OK;
  struct calcium_score s = {0};
  struct work w = {
      .hu = hu, .rules = rules, .nx = hu->grid.nx, .ny = hu->grid.ny, .nz = hu->grid.nz};
  TRY(check_input(hu, region, rules));
  size_t voxels = (size_t)geometry_voxels(&hu->grid);
  w.hit = calloc(voxels, 1);
  w.lesion = calloc(voxels, sizeof *w.lesion);
  CHECK(w.hit && w.lesion, ST_MEMORY, "calcium scoring of %zu voxels", voxels);
  int64_t hits = mark_hits(&w, &s, region, value);
  CHECK(s.region_voxels > 0, ST_DOMAIN,
        "the region (label %d) is empty: no mask is not the same as no calcium", value);
  w.stack = malloc(((size_t)hits + 1) * sizeof *w.stack);
  CHECK(w.stack, ST_MEMORY, "calcium scoring of %lld voxels", (long long)hits);
  s.touches_end = s.first_slice == 0 || s.last_slice == hu->grid.nz - 1;
  TRY(find_lesions(&w, &s));
  score_slices(&w, &s);
  TRY(finish_lesions(&w, &s));
  TRY(sort_lesions(&s));
  *out = s;
  memset(&s, 0, sizeof s);
done:
  free(w.hit);
  free(w.lesion);
  free(w.stack);
  calcium_score_free(&s);
  return st;
}

void calcium_score_free(struct calcium_score *s) {
  free(s->lesions);
  labels_destroy(s->kept);
  memset(s, 0, sizeof *s);
}
