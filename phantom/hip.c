#include "phantom/hip.h"

#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "phantom/physics_truth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const hip_view_names[] = {"hip", "pelvis", NULL};

void hip_phantom_defaults(struct hip_phantom *p) {
  *p = (struct hip_phantom){.sex = 'M', .age_years = 55, .side = SIDE_LEFT, .truth_step_mm = 2};
  scan_setup_defaults(&p->scan, 0.8, 1.5);
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
  struct vec3 centre;
  double extent[3];
  field_of_view(&centre, extent, p);
  return scan_setup_grid(out, &p->scan, centre, extent, "digital hip");
}

static status make_body(struct hip_body *b, const struct hip_phantom *p) {
  status st = ST_OK;
  struct tissue_table tissue;
  TRY(person_check(&p->person));
  TRY(scan_setup_tissue(&tissue, &p->scan, p->person.fat_density, p->person.marrow_yellow));
  hip_body_init(b, &p->person, &tissue, p->scan.pose);
  if (p->person.implant > 0) b->implant_side = p->side;
  TRY(scan_setup_bench(&b->bench, &p->scan, &tissue, back_level(p)));
  if (b->bench.phantom && p->rods_flipped) bench_flip(&b->bench);
  if (b->bench.phantom && p->view == HIP_VIEW_HIP)
    b->bench.centre_x_mm = (p->side == SIDE_LEFT ? 1 : -1) * p->person.midline_mm;
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
  cJSON_AddItemToObject(json, "scanner", scan_setup_truth_json(&p->scan, painted));
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
  struct scan_setup scan = p->scan;
  struct progress progress;
  progress_begin(&progress, "digital hip", "stages", 3);
  TRY(hip_phantom_grid(&grid, p));
  TRY(make_body(&body, p));
  body.femur.person = &body.person; /* the body may have been copied */
  if (scan.ideal)
    scan.paint.coverage_label = p->side == SIDE_LEFT ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
  struct scene scene = hip_scene(&body);
  TRY(scan_setup_paint(&painted, &scene, &grid, &scan, "PELVIS"));
  struct acquisition *header = &painted.hu->acquisition;
  if (p->sex) snprintf(header->sex, sizeof header->sex, "%c", p->sex);
  header->age_years = p->age_years;
  progress_update(&progress, 1, "painted");
  if (scan.ideal) {
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
  TRY(scanner_apply(painted.hu, &scan.scanner));
  TRY(phantom_name_labels(painted.labels, body.bench.phantom ? body.bench.entry.rod_count : 0));
  phantom_result_take(&r, &painted);
  *out = r;
  r = (struct phantom_result){0};
done:
  if (st == ST_OK) progress_update(&progress, 3, NULL);
  progress_end(&progress);
  painted_free(&painted);
  phantom_result_free(&r);
  return st;
}

/* ---- params.json ---- */

cJSON *hip_phantom_to_json(const struct hip_phantom *p) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom hip 1");
  cJSON_AddItemToObject(json, "person", person_to_json(&p->person));
  json_add_text(json, "side", side_name(p->side));
  json_add_text(json, "sex", p->sex == 'F' ? "F" : p->sex == 'M' ? "M" : "");
  json_add_number(json, "age_years", p->age_years);
  json_add_number(json, "rods_flipped", p->rods_flipped);
  json_add_number(json, "view", p->view);
  json_add_number(json, "truth_step_mm", p->truth_step_mm);
  scan_setup_to_json(json, &p->scan);
  return json;
}

status hip_phantom_from_json(struct hip_phantom *p, const cJSON *json, const char *what) {
  status st = ST_OK;
  char format[32] = "", side[16] = "", sex[4] = "";
  TRY(json_get_text(format, sizeof format, json, "format", what));
  CHECK(strcmp(format, "qct phantom hip 1") == 0, ST_FORMAT,
        "%s: format \"%s\", expected \"qct phantom hip 1\"", what, format);
  if (json_find(json, "person")) TRY(person_from_json(&p->person, json_find(json, "person"), what));
  TRY(json_opt_text(side, sizeof side, json, "side", what));
  if (side[0]) p->side = side[0] == 'r' ? SIDE_RIGHT : SIDE_LEFT;
  TRY(json_opt_text(sex, sizeof sex, json, "sex", what));
  if (sex[0]) p->sex = sex[0];
  TRY(json_opt_number(&p->age_years, json, "age_years", what));
  TRY(json_opt_whole(&p->rods_flipped, 0, 1, json, "rods_flipped", what));
  TRY(json_opt_whole(&p->view, 0, HIP_VIEW_PELVIS, json, "view", what));
  TRY(json_opt_number(&p->truth_step_mm, json, "truth_step_mm", what));
  TRY(scan_setup_from_json(&p->scan, json, what));
done:
  return st;
}
