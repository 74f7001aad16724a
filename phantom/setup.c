#include "phantom/setup.h"

#include "core/json.h"

#include <math.h>
#include <string.h>

void scan_setup_defaults(struct scan_setup *s, double pixel, double slice) {
  const double nan = (double)NAN;
  *s = (struct scan_setup){.phantom = "mindways-model3-ct",
                           .table = 1,
                           .scanner = SCANNER_DEFAULTS,
                           .kvp = nan,
                           .spacing = {pixel, pixel, slice},
                           .fov = {nan, nan, nan},
                           .size = {nan, nan, nan},
                           .paint = PAINT_DEFAULTS};
  for (int i = 0; i < 9; i++) s->direction[i] = nan;
}

/* ---- what is painted ---- */

status scan_setup_grid(struct geometry *out, const struct scan_setup *s, struct vec3 centre,
                       const double extent[3], const char *what) {
  status st = ST_OK;
  double n[3];
  for (int a = 0; a < 3; a++) {
    CHECK(s->spacing[a] >= 0.1 && s->spacing[a] <= 20, ST_DOMAIN,
          "%s: spacing %g mm, permitted 0.1..20 mm", what, s->spacing[a]);
    const double mm = isnan(s->fov[a]) ? extent[a] : s->fov[a];
    n[a] = isnan(s->size[a]) ? ceil(mm / s->spacing[a]) : s->size[a];
    CHECK(n[a] >= 1 && n[a] <= 4096, ST_DOMAIN, "%s: %g voxels, permitted 1..4096", what, n[a]);
  }
  *out = geometry_make((int64_t)n[0], (int64_t)n[1], (int64_t)n[2], s->spacing[0], s->spacing[1],
                       s->spacing[2]);
  if (!isnan(s->direction[0])) memcpy(out->direction, s->direction, sizeof out->direction);
  TRY(geometry_check(out, sizeof(float)));
  const struct vec3 half = vec3_make(0.5 * (n[0] - 1), 0.5 * (n[1] - 1), 0.5 * (n[2] - 1));
  const struct vec3 corner = vec3_sub(centre, geometry_to_world(out, half));
  out->origin[0] = corner.x;
  out->origin[1] = corner.y;
  out->origin[2] = corner.z;
done:
  return st;
}

status scan_setup_tissue(struct tissue_table *out, const struct scan_setup *s, double fat_density,
                         double marrow_yellow) {
  return tissue_table_init(out, scanner_energy(scanner_preset(s->preset), s->kvp), fat_density,
                           marrow_yellow, s->bone);
}

status scan_setup_bench(struct bench *b, const struct scan_setup *s,
                        const struct tissue_table *tissue, double top_y_mm) {
  status st = ST_OK;
  struct phantom_entry entry;
  b->table = s->table;
  b->top_y_mm = top_y_mm;
  if (!s->phantom[0] && !s->certificate[0]) goto done;
  TRY(phantom_registry_find(&entry, s->phantom[0] ? s->phantom : NULL,
                            s->certificate[0] ? s->certificate : NULL));
  bench_phantom(b, &entry, tissue);
done:
  return st;
}

status scan_setup_paint(struct painted *out, const struct scene *scene, const struct geometry *grid,
                        const struct scan_setup *s, const char *body_part) {
  status st = ST_OK;
  struct paint_options paint = s->paint;
  paint.thickness_mm = s->scanner.thickness_mm;
  TRY(paint_scene(out, scene, grid, &paint));
  scanner_acquisition(&out->hu->acquisition, &s->scanner, s->preset, s->kvp, s->spacing[2],
                      body_part);
done:
  return st;
}

cJSON *scan_setup_truth_json(const struct scan_setup *s, const struct painted *painted) {
  cJSON *json = cJSON_CreateObject();
  json_add_number(json, "in_plane_sigma_mm", scanner_sigma(&s->scanner));
  json_add_number(json, "slice_thickness_mm", painted->hu->acquisition.slice_thickness_mm);
  json_add_number(json, "noise_sd_hu", s->scanner.noise_hu);
  json_add_number(json, "partial_volume_bound_hu", painted->bound_hu);
  json_add_number(json, "partial_volume_bound_mean_hu", painted->bound_mean_hu);
  return json;
}

/* ---- params.json ---- */

struct setup_key {
  const char *name;
  size_t offset;
  int most; /* integers: the highest value, the lowest is 0; arrays: how many */
};
#define KEY(name, member, most)                                                                    \
  { name, offsetof(struct scan_setup, member), most }
static const struct setup_key numbers[] = {KEY("kvp", kvp, 0),
                                           KEY("sigma_mm", scanner.sigma_mm, 0),
                                           KEY("z_sigma_mm", scanner.z_sigma_mm, 0),
                                           KEY("noise_hu", scanner.noise_hu, 0),
                                           KEY("cup_hu", scanner.cup_hu, 0),
                                           KEY("drift_slope", scanner.drift_slope, 0),
                                           KEY("drift_offset_hu", scanner.drift_offset_hu, 0),
                                           KEY("circle_mm", scanner.circle_mm, 0),
                                           KEY("thickness_mm", scanner.thickness_mm, 0)};
static const struct setup_key integers[] = {KEY("table", table, 1),
                                            KEY("bone", bone, BONE_EQUIVALENT_HA),
                                            KEY("kernel", scanner.kernel, KERNEL_SHARP),
                                            KEY("preset", preset, 3),
                                            KEY("paint_depth", paint.depth, 5),
                                            KEY("ideal", ideal, 1)};
static const struct setup_key arrays[] = {KEY("spacing", spacing, 3), KEY("fov", fov, 3),
                                          KEY("size", size, 3), KEY("pose", pose, 6),
                                          KEY("direction", direction, 9)};
#undef KEY
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void *at(const struct scan_setup *s, const struct setup_key *key) {
  return (void *)((char *)(size_t)s + key->offset);
}

void scan_setup_to_json(cJSON *to, const struct scan_setup *s) {
  static const char *const bones[] = {"real", "equivalent-k2hpo4", "equivalent-ha"};
  json_add_text(to, "phantom", s->phantom);
  json_add_text(to, "scanner", scanner_names[s->preset]);
  json_add_text(to, "kernel_meaning", kernel_names[s->scanner.kernel]);
  json_add_text(to, "bone_meaning", bones[s->bone]);
  for (size_t i = 0; i < COUNT(numbers); i++)
    json_add_number(to, numbers[i].name, *(double *)at(s, &numbers[i]));
  for (size_t i = 0; i < COUNT(integers); i++)
    json_add_number(to, integers[i].name, *(int *)at(s, &integers[i]));
  for (size_t i = 0; i < COUNT(arrays); i++)
    json_add_numbers(to, arrays[i].name, at(s, &arrays[i]), arrays[i].most);
  json_add_number(to, "scan_seed", (double)s->scanner.seed);
}

status scan_setup_from_json(struct scan_setup *s, const cJSON *json, const char *what) {
  status st = ST_OK;
  double seed = (double)s->scanner.seed;
  TRY(json_opt_text(s->phantom, sizeof s->phantom, json, "phantom", what));
  for (size_t i = 0; i < COUNT(numbers); i++)
    TRY(json_opt_number(at(s, &numbers[i]), json, numbers[i].name, what));
  for (size_t i = 0; i < COUNT(integers); i++)
    TRY(json_opt_whole(at(s, &integers[i]), 0, integers[i].most, json, integers[i].name, what));
  for (size_t i = 0; i < COUNT(arrays); i++)
    if (json_find(json, arrays[i].name)) /* null: not given */
      TRY(json_get_numbers(at(s, &arrays[i]), arrays[i].most, json, arrays[i].name, what));
  TRY(json_opt_number(&seed, json, "scan_seed", what));
  CHECK(seed >= 0 && seed <= 9007199254740992.0, ST_FORMAT,
        "%s: scan_seed is %g, permitted 0..2^53", what, seed);
  s->scanner.seed = (uint64_t)seed;
done:
  return st;
}
