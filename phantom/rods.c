#include "phantom/rods.h"

#include "core/json.h"
#include "phantom/physics_truth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const rods_body_names[] = {"water", "soft-tissue", "none", NULL};

static const double fat_ring_mm = 18;
static const double water_hu = 0; /* water cylinder */

struct model {
  struct bench bench;
  struct tissue_table tissue;
  int body;
  double radius;
};

void rods_phantom_defaults(struct rods_phantom *p) {
  *p = (struct rods_phantom){.phantom = "mindways-model3-ct",
                             .body = RODS_SOFT_TISSUE,
                             .diameter_mm = 260,
                             .scanner = SCANNER_DEFAULTS,
                             .kvp = (double)NAN,
                             .kev = (double)NAN,
                             .spacing = {0.9, 0.9, 3},
                             .fov = {340, 360, 60},
                             .paint = PAINT_DEFAULTS};
}

static void sample(const void *model, paint_parts parts, struct vec3 p, struct paint_sample *out) {
  (void)parts;
  const struct model *m = model;
  *out = (struct paint_sample){.hu = m->tissue.hu[TISSUE_AIR], .hard = 1e9, .soft = 1e9};
  if (m->body != RODS_NO_BODY) {
    double value = sqrt(p.x * p.x + p.y * p.y) - m->radius;
    out->hard = fabs(value);
    if (value < 0) {
      out->label = m->body == RODS_WATER ? LABEL_BODY : LABEL_MUSCLE;
      out->hu = m->body == RODS_WATER ? water_hu : m->tissue.hu[TISSUE_MUSCLE];
      if (m->body == RODS_SOFT_TISSUE) {
        out->soft = fabs(value + fat_ring_mm);
        if (value > -fat_ring_mm) {
          out->hu = m->tissue.hu[TISSUE_FAT];
          out->label = LABEL_FAT;
        }
      }
      return;
    }
  }
  bench_sample(&m->bench, p, out);
}

static paint_parts all_parts(const void *model, paint_parts among, struct vec3 centre,
                             double radius) {
  (void)model, (void)centre, (void)radius;
  return among;
}

static status check_rod(int rod, int count, const char *what) {
  status st = ST_OK;
  CHECK(rod >= 0 && rod <= count, ST_USAGE, "digital rods: %s rod %d, permitted 1..%d", what, rod,
        count);
done:
  return st;
}

static status make_model(struct model *m, const struct rods_phantom *p) {
  status st = ST_OK;
  struct phantom_entry entry;
  const double radians = 0.017453292519943295;
  double kev = isnan(p->kev) ? scanner_energy(scanner_preset(p->preset), p->kvp) : p->kev;
  *m = (struct model){.body = p->body, .radius = 0.5 * p->diameter_mm};
  TRY(tissue_table_init(&m->tissue, kev, 0.925, 0.8, BONE_REAL));
  m->tissue.hu[TISSUE_FAT] += p->fat_hu;
  m->tissue.hu[TISSUE_MUSCLE] += p->muscle_hu;
  TRY(phantom_registry_find(&entry, p->phantom[0] ? p->phantom : NULL,
                            p->certificate[0] ? p->certificate : NULL));
  TRY(check_rod(p->missing, entry.rod_count, "missing"));
  TRY(check_rod(p->bubble, entry.rod_count, "bubble in"));
  TRY(check_rod(p->swap[0], entry.rod_count, "swapped"));
  TRY(check_rod(p->swap[1], entry.rod_count, "swapped"));
  bench_init(&m->bench, &m->tissue);
  m->bench.table = 1;
  bench_phantom(&m->bench, &entry, &m->tissue);
  if (p->bare) m->bench.phantom = 0;
  if (p->flipped) bench_flip(&m->bench);
  if (p->swap[0] && p->swap[1]) bench_swap(&m->bench, p->swap[0] - 1, p->swap[1] - 1);
  m->bench.missing = p->missing - 1;
  m->bench.bubble = p->bubble - 1;
  m->bench.centre_x_mm = p->shift_mm;
  m->bench.top_y_mm = m->radius + 3;
  m->bench.tilt = tan(p->tilt_deg * radians);
  m->bench.rise = tan(p->rise_deg * radians);
done:
  return st;
}

static status make_grid(struct geometry *g, const struct rods_phantom *p) {
  status st = ST_OK;
  int64_t n[3];
  for (int a = 0; a < 3; a++) {
    CHECK(p->spacing[a] > 0.05 && p->fov[a] / p->spacing[a] <= 4096, ST_DOMAIN,
          "digital rods: %g mm in voxels of %g mm, permitted at most 4096 voxels", p->fov[a],
          p->spacing[a]);
    n[a] = (int64_t)fmax(1, ceil(p->fov[a] / p->spacing[a]));
  }
  *g = geometry_make(n[0], n[1], n[2], p->spacing[0], p->spacing[1], p->spacing[2]);
  double bottom = 0.5 * p->diameter_mm + 80; /* below the table */
  g->origin[0] = -0.5 * (double)(n[0] - 1) * p->spacing[0];
  g->origin[1] = bottom - (double)(n[1] - 1) * p->spacing[1];
  g->origin[2] = -0.5 * (double)(n[2] - 1) * p->spacing[2];
done:
  return st;
}

static cJSON *params_json(const struct rods_phantom *p) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom rods 1");
  json_add_text(json, "phantom", p->phantom);
  json_add_text(json, "body", rods_body_names[p->body]);
  cJSON_AddBoolToObject(json, "bare", p->bare);
  json_add_number(json, "diameter_mm", p->diameter_mm);
  cJSON_AddBoolToObject(json, "flipped", p->flipped);
  json_add_number(json, "swap_first", p->swap[0]);
  json_add_number(json, "swap_second", p->swap[1]);
  json_add_number(json, "missing", p->missing);
  json_add_number(json, "bubble", p->bubble);
  json_add_number(json, "saturate_hu", p->saturate_hu);
  json_add_number(json, "shift_mm", p->shift_mm);
  json_add_number(json, "tilt_deg", p->tilt_deg);
  json_add_number(json, "rise_deg", p->rise_deg);
  json_add_numbers(json, "spacing", p->spacing, 3);
  json_add_numbers(json, "fov", p->fov, 3);
  json_add_number(json, "fat_shift_hu", p->fat_hu);
  json_add_number(json, "muscle_shift_hu", p->muscle_hu);
  json_add_number(json, "noise_hu", p->scanner.noise_hu);
  json_add_number(json, "sigma_mm", scanner_sigma(&p->scanner));
  json_add_number(json, "cup_hu", p->scanner.cup_hu);
  json_add_number(json, "drift_slope", p->scanner.drift_slope);
  json_add_number(json, "drift_offset_hu", p->scanner.drift_offset_hu);
  json_add_number(json, "scan_seed", (double)p->scanner.seed);
  return json;
}

static cJSON *truth_json(const struct model *m, const struct rods_phantom *p) {
  cJSON *json = cJSON_CreateObject();
  const struct scanner_options *s = &p->scanner;
  json_add_text(json, "format", "qct phantom truth 1");
  json_add_text(json, "kind", "rods");
  cJSON_AddItemToObject(json, "physics", tissue_truth_json(&m->tissue, &m->bench));
  /* what a fit to this scan's HU must give: drift changes slope and intercept */
  cJSON *scan = cJSON_AddObjectToObject(json, "scan_calibration");
  bool ha = m->bench.entry.material == MATERIAL_HA;
  double slope = (ha ? m->tissue.ha_slope : m->tissue.k2hpo4_slope) / s->drift_slope;
  double intercept = (ha ? 0 : m->tissue.k2hpo4_intercept) - slope * s->drift_offset_hu;
  json_add_text(scan, "material", material_name(m->bench.entry.material));
  json_add_number(scan, "slope", slope);
  json_add_number(scan, "intercept", intercept);
  json_add_number(json, "noise_sd_hu", s->noise_hu);
  return json;
}

static void saturate(struct volume *ct, double limit_hu) {
  int64_t n = geometry_voxels(&ct->grid);
  for (int64_t i = 0; i < n && limit_hu > 0; i++)
    if (ct->voxels[i] > (float)limit_hu) ct->voxels[i] = (float)limit_hu;
}

status rods_phantom_make(struct phantom_result *out, const struct rods_phantom *p) {
  status st = ST_OK;
  struct model model;
  struct geometry grid;
  struct painted painted = {0};
  struct phantom_result r = {0};
  struct paint_options paint = p->paint;
  TRY(make_model(&model, p));
  TRY(make_grid(&grid, p));
  paint.thickness_mm = p->scanner.thickness_mm;
  struct scene scene = {.model = &model, .sample = sample, .parts = all_parts};
  TRY(paint_scene(&painted, &scene, &grid, &paint));
  scanner_acquisition(&painted.hu->acquisition, &p->scanner, p->preset, p->kvp, p->spacing[2], "");
  if (p->ideal) TRY(volume_copy(&r.ideal, painted.hu));
  TRY(scanner_apply(painted.hu, &p->scanner));
  saturate(painted.hu, p->saturate_hu);
  TRY(phantom_name_labels(painted.labels, p->bare ? 0 : model.bench.entry.rod_count));
  r.params = params_json(p);
  r.truth = truth_json(&model, p);
  phantom_result_take(&r, &painted);
  *out = r;
  r = (struct phantom_result){0};
done:
  painted_free(&painted);
  phantom_result_free(&r);
  return st;
}
