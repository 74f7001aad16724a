#include "phantom/hip.h"

#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "phantom/physics_truth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const hip_view_names[] = {"hip", "pelvis", NULL};
static const char *const bone_mode_names[] = {"real", "equivalent-k2hpo4", "equivalent-ha"};

void hip_phantom_defaults(struct hip_phantom *p) {
  const double nan = (double)NAN;
  *p = (struct hip_phantom){.sex = 'M',
                            .age_years = 55,
                            .side = SIDE_LEFT,
                            .phantom = "mindways-model3-ct",
                            .table = 1,
                            .scanner = SCANNER_DEFAULTS,
                            .kvp = nan,
                            .spacing = {0.8, 0.8, 1.5},
                            .fov = {nan, nan, nan},
                            .size = {nan, nan, nan},
                            .truth_step_mm = 2,
                            .paint = PAINT_DEFAULTS};
  for (int i = 0; i < 9; i++) p->direction[i] = nan;
  person_defaults(&p->person);
}

/* Half depth of the trunk at the skin, and the level of its back [mm]. */
static double trunk_depth(const struct hip_person *h) {
  return 92 + 0.8 * (h->fat_mm + 18);
}

static double back_level(const struct hip_phantom *p) {
  return 10 + trunk_depth(&p->person) + 3;
}

/* Middle and extent of the field of view: skin in front to below the calibration phantom. */
static void field_of_view(struct vec3 *centre, double extent[3], const struct hip_phantom *p) {
  double front = 10 - trunk_depth(&p->person) - 12, under = back_level(p) + 40;
  bool pelvis = p->view == HIP_VIEW_PELVIS;
  double low = -135 * p->person.head_radius_mm / 24.5, high = pelvis ? 120 : 60;
  centre->x = pelvis ? 0 : p->side == SIDE_LEFT ? p->person.midline_mm : -p->person.midline_mm;
  centre->y = 0.5 * (front + under);
  centre->z = 0.5 * (low + high);
  extent[0] = pelvis ? 2 * (158 + p->person.fat_mm + 18 + 14) : 250;
  extent[1] = under - front;
  extent[2] = high - low;
}

status hip_phantom_grid(struct geometry *out, const struct hip_phantom *p) {
  status st = ST_OK;
  struct vec3 centre;
  double extent[3], n[3];
  field_of_view(&centre, extent, p);
  for (int a = 0; a < 3; a++) {
    CHECK(p->spacing[a] > 0.05 && p->spacing[a] <= 20, ST_DOMAIN,
          "digital hip: spacing %g mm, permitted 0.05..20 mm", p->spacing[a]);
    n[a] = !isnan(p->size[a]) ? p->size[a]
                              : ceil((isnan(p->fov[a]) ? extent[a] : p->fov[a]) / p->spacing[a]);
    CHECK(n[a] >= 1 && n[a] <= 4096, ST_DOMAIN, "digital hip: %g voxels, permitted 1..4096", n[a]);
  }
  *out = geometry_make((int64_t)n[0], (int64_t)n[1], (int64_t)n[2], p->spacing[0], p->spacing[1],
                       p->spacing[2]);
  if (!isnan(p->direction[0])) memcpy(out->direction, p->direction, sizeof out->direction);
  TRY(geometry_check(out, sizeof(float)));
  struct vec3 half = vec3_make(0.5 * (n[0] - 1), 0.5 * (n[1] - 1), 0.5 * (n[2] - 1));
  struct vec3 corner = vec3_sub(centre, geometry_to_world(out, half));
  out->origin[0] = corner.x;
  out->origin[1] = corner.y;
  out->origin[2] = corner.z;
done:
  return st;
}

static status make_body(struct hip_body *b, const struct hip_phantom *p) {
  status st = ST_OK;
  struct tissue_table tissue;
  TRY(person_check(&p->person));
  double kev = scanner_energy(scanner_preset(p->preset), p->kvp);
  TRY(tissue_table_init(&tissue, kev, p->person.fat_density, p->person.marrow_yellow, p->bone));
  hip_body_init(b, &p->person, &tissue, p->pose);
  if (p->person.implant > 0) b->implant_side = p->side;
  b->bench.table = p->table;
  b->bench.top_y_mm = back_level(p);
  if (p->phantom[0] || p->certificate[0]) {
    struct phantom_entry entry;
    TRY(phantom_registry_find(&entry, p->phantom[0] ? p->phantom : NULL,
                              p->certificate[0] ? p->certificate : NULL));
    bench_phantom(&b->bench, &entry, &tissue);
    if (p->rods_flipped) bench_flip(&b->bench);
    if (p->view == HIP_VIEW_HIP)
      b->bench.centre_x_mm = (p->side == SIDE_LEFT ? 1 : -1) * p->person.midline_mm;
  }
done:
  return st;
}

/* ---- truth.json ---- */

static cJSON *truth_json(const struct hip_truth *t, const struct hip_body *b,
                         const struct hip_phantom *p, const struct painted *painted) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom truth 1");
  json_add_text(json, "kind", "hip");
  json_add_text(json, "side", side_name(p->side));
  cJSON_AddItemToObject(json, "physics", tissue_truth_json(&b->tissue, &b->bench));
  cJSON *scan = cJSON_AddObjectToObject(json, "scanner");
  json_add_number(scan, "in_plane_sigma_mm", scanner_sigma(&p->scanner));
  json_add_number(scan, "slice_thickness_mm", painted->hu->acquisition.slice_thickness_mm);
  json_add_number(scan, "noise_sd_hu", p->scanner.noise_hu);
  json_add_number(scan, "partial_volume_bound_hu", painted->bound_hu);
  json_add_number(scan, "partial_volume_bound_mean_hu", painted->bound_mean_hu);
  cJSON *hip = cJSON_AddObjectToObject(json, "hip");
  json_add_number(hip, "neck_shaft_tangent_deg", t->neck_shaft_tangent_deg);
  json_add_number(hip, "neck_shaft_deg", t->frame.neck_shaft_deg);
  json_add_number(hip, "neck_shaft_planted_deg", t->neck_shaft_planted_deg);
  json_add_number(hip, "neck_shaft_projected_deg", t->frame.neck_shaft_projected_deg);
  json_add_number(hip, "anteversion_deg", b->person.anteversion_deg);
  json_add_number(hip, "head_radius_mm", b->person.head_radius_mm);
  json_add_numbers(hip, "head_centre", &t->frame.head.x, 3);
  json_add_number(hip, "offset_mm", t->frame.offset_mm);
  json_add_number(hip, "fal_mm", t->frame.fal_mm);
  json_add_number(hip, "hal_mm", t->frame.hal_mm);
  json_add_text(hip, "definitions",
                "neck_shaft_deg: neck axis by its definition on the exact solid, with the line "
                "fitted to the bowed shaft in the image; neck_shaft_planted_deg: the planted neck "
                "axis with that line; neck_shaft_tangent_deg: the planted axis with the shaft's "
                "tangent at the neck (the parameter)");
  cJSON_AddItemToObject(json, "narrow_neck", hip_truth_section_json(t));
  cJSON_AddItemToObject(json, "structure", structure_truth_json(&t->structure));
  cJSON_AddItemToObject(json, "projected", hip_truth_projected_json(t));
  json_add_number(json, "quadrature_step_mm", t->step_mm);
  cJSON_AddItemToObject(json, "regions", hip_truth_regions_json(t));
  cJSON_AddItemToObject(json, "frame", hip_frame_to_json(&t->frame));
  return json;
}

/* ---- all of it ---- */

static status ideal_density(struct volume **out, const struct volume *ideal,
                            const struct tissue_table *t) {
  status st = ST_OK;
  struct volume *v = NULL;
  TRY(volume_create_like(&v, ideal));
  v->quantity = QUANTITY_DENSITY;
  v->material = MATERIAL_K2HPO4;
  int64_t n = geometry_voxels(&v->grid);
  for (int64_t i = 0; i < n; i++) v->voxels[i] = (float)tissue_k2hpo4(t, (double)ideal->voxels[i]);
  *out = v;
done:
  return st;
}

status hip_phantom_make(struct phantom_result *out, const struct hip_phantom *p) {
  status st = ST_OK;
  struct phantom_result r = {0};
  struct painted painted = {0};
  struct geometry grid;
  struct hip_body body;
  struct hip_truth truth;
  struct paint_options paint = p->paint;
  struct progress progress;
  progress_begin(&progress, "digital hip", "stages", 3);
  TRY(hip_phantom_grid(&grid, p));
  TRY(make_body(&body, p));
  body.femur.person = &body.person; /* the body may have been copied */
  paint.thickness_mm = p->scanner.thickness_mm;
  if (p->ideal) paint.coverage_label = p->side == SIDE_LEFT ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
  struct scene scene = hip_scene(&body);
  TRY(paint_scene(&painted, &scene, &grid, &paint));
  struct acquisition *header = &painted.hu->acquisition;
  scanner_acquisition(header, &p->scanner, p->preset, p->kvp, p->spacing[2], "PELVIS");
  if (p->sex) snprintf(header->sex, sizeof header->sex, "%c", p->sex);
  header->age_years = p->age_years;
  progress_update(&progress, 1, "painted");
  if (p->ideal) {
    TRY(volume_copy(&r.ideal, painted.hu));
    TRY(ideal_density(&r.density, painted.hu, &body.tissue));
    r.coverage = painted.coverage;
    painted.coverage = NULL;
  }
  TRY(hip_truth_compute(&truth, &body, p->side, &grid, p->truth_step_mm));
  progress_update(&progress, 2, "truth");
  r.truth = truth_json(&truth, &body, p, &painted);
  r.params = hip_phantom_to_json(p);
  r.frame = truth.frame;
  r.has_frame = 1;
  TRY(scanner_apply(painted.hu, &p->scanner));
  TRY(phantom_name_labels(painted.labels, body.bench.phantom ? body.bench.entry.rod_count : 0));
  phantom_result_take(&r, &painted);
  *out = r;
  r = (struct phantom_result){0};
done:
  progress_end(&progress);
  painted_free(&painted);
  phantom_result_free(&r);
  return st;
}

/* ---- params.json ---- */

struct number_key {
  const char *name;
  size_t offset;
};
#define NUMBER(name, member)                                                                       \
  { name, offsetof(struct hip_phantom, member) }
static const struct number_key numbers[] = {NUMBER("age_years", age_years),
                                            NUMBER("kvp", kvp),
                                            NUMBER("sigma_mm", scanner.sigma_mm),
                                            NUMBER("z_sigma_mm", scanner.z_sigma_mm),
                                            NUMBER("noise_hu", scanner.noise_hu),
                                            NUMBER("cup_hu", scanner.cup_hu),
                                            NUMBER("drift_slope", scanner.drift_slope),
                                            NUMBER("drift_offset_hu", scanner.drift_offset_hu),
                                            NUMBER("circle_mm", scanner.circle_mm),
                                            NUMBER("thickness_mm", scanner.thickness_mm),
                                            NUMBER("truth_step_mm", truth_step_mm)};
static const struct number_key triples[] = {NUMBER("spacing", spacing), NUMBER("fov", fov),
                                            NUMBER("size", size)};
static const struct number_key integers[] = {
    NUMBER("rods_flipped", rods_flipped), NUMBER("table", table),   NUMBER("bone", bone),
    NUMBER("kernel", scanner.kernel),     NUMBER("preset", preset), NUMBER("view", view),
    NUMBER("paint_depth", paint.depth),   NUMBER("ideal", ideal)};
#undef NUMBER
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void *at(const struct hip_phantom *p, size_t offset) {
  return (void *)((char *)(size_t)p + offset);
}

cJSON *hip_phantom_to_json(const struct hip_phantom *p) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom hip 1");
  cJSON_AddItemToObject(json, "person", person_to_json(&p->person));
  json_add_text(json, "side", side_name(p->side));
  json_add_text(json, "sex", p->sex == 'F' ? "F" : p->sex == 'M' ? "M" : "");
  json_add_text(json, "phantom", p->phantom);
  json_add_text(json, "bone_meaning", bone_mode_names[p->bone]);
  for (size_t i = 0; i < COUNT(numbers); i++)
    json_add_number(json, numbers[i].name, *(double *)at(p, numbers[i].offset));
  for (size_t i = 0; i < COUNT(integers); i++)
    json_add_number(json, integers[i].name, *(int *)at(p, integers[i].offset));
  for (size_t i = 0; i < COUNT(triples); i++)
    json_add_numbers(json, triples[i].name, at(p, triples[i].offset), 3);
  json_add_numbers(json, "pose", p->pose, 6);
  json_add_numbers(json, "direction", p->direction, 9);
  json_add_number(json, "scan_seed", (double)p->scanner.seed);
  return json;
}

/* Arrays may hold null for "not given". */
static status numbers_or_null(double *out, int n, const cJSON *json, const char *key,
                              const char *what) {
  status st = ST_OK;
  const cJSON *array = json_find(json, key);
  if (!array) goto done;
  CHECK(cJSON_IsArray(array) && cJSON_GetArraySize(array) == n, ST_FORMAT,
        "%s: %s is not an array of %d numbers", what, key, n);
  for (int i = 0; i < n; i++) {
    const cJSON *item = cJSON_GetArrayItem(array, i);
    CHECK(cJSON_IsNumber(item) || cJSON_IsNull(item), ST_FORMAT, "%s: %s[%d] is not a number", what,
          key, i);
    out[i] = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
  }
done:
  return st;
}

/* Highest value of each integer key; the lowest is 0. */
static const int integer_limit[] = {1, 1, BONE_EQUIVALENT_HA, KERNEL_SHARP, 3, HIP_VIEW_PELVIS,
                                    5, 1};

static status read_integers(struct hip_phantom *p, const cJSON *json, const char *what) {
  status st = ST_OK;
  for (size_t i = 0; i < COUNT(integers); i++) {
    int *member = at(p, integers[i].offset);
    double value = *member;
    TRY(json_opt_number(&value, json, integers[i].name, what));
    CHECK(value >= 0 && value <= integer_limit[i], ST_FORMAT, "%s: %s is %g, permitted 0..%d", what,
          integers[i].name, value, integer_limit[i]);
    *member = (int)value;
  }
done:
  return st;
}

status hip_phantom_from_json(struct hip_phantom *p, const cJSON *json, const char *what) {
  status st = ST_OK;
  char format[32] = "", side[16] = "", sex[4] = "";
  double seed = (double)p->scanner.seed;
  TRY(json_get_text(format, sizeof format, json, "format", what));
  CHECK(strcmp(format, "qct phantom hip 1") == 0, ST_FORMAT,
        "%s: format \"%s\", expected \"qct phantom hip 1\"", what, format);
  if (json_find(json, "person")) TRY(person_from_json(&p->person, json_find(json, "person"), what));
  TRY(json_opt_text(side, sizeof side, json, "side", what));
  if (side[0]) p->side = side[0] == 'r' ? SIDE_RIGHT : SIDE_LEFT;
  TRY(json_opt_text(sex, sizeof sex, json, "sex", what));
  if (sex[0]) p->sex = sex[0];
  TRY(json_opt_text(p->phantom, sizeof p->phantom, json, "phantom", what));
  for (size_t i = 0; i < COUNT(numbers); i++)
    TRY(json_opt_number(at(p, numbers[i].offset), json, numbers[i].name, what));
  TRY(read_integers(p, json, what));
  for (size_t i = 0; i < COUNT(triples); i++)
    TRY(numbers_or_null(at(p, triples[i].offset), 3, json, triples[i].name, what));
  TRY(numbers_or_null(p->pose, 6, json, "pose", what));
  TRY(numbers_or_null(p->direction, 9, json, "direction", what));
  TRY(json_opt_number(&seed, json, "scan_seed", what));
  p->scanner.seed = (uint64_t)seed;
done:
  return st;
}
