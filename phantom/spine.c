#include "phantom/spine.h"

#include "core/json.h"
#include "core/progress.h"
#include "phantom/physics_truth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const spine_view_names[] = {"trunk", "column", NULL};

void spine_phantom_defaults(struct spine_phantom *p) {
  *p = (struct spine_phantom){.texture = 0.1,
                              .fat_mm = 16,
                              .marrow_yellow = 0.5,
                              .aorta_hu = (double)NAN,
                              .contrast = CONTRAST_NONE,
                              .truth_step_mm = 2.4};
  scan_setup_defaults(&p->scan, 0.9, 2);
  spine_shape_defaults(&p->shape);
}

/* ---- checks ---- */

static status in_range(double value, double low, double high, const char *name, const char *unit) {
  status st = ST_OK;
  CHECK(value >= low && value <= high, ST_DOMAIN, "digital spine: %s %g %s, permitted %g..%g %s",
        name, value, unit, low, high, unit);
done:
  return st;
}

static status check(const struct spine_phantom *p) {
  status st = ST_OK;
  const struct spine_shape *s = &p->shape;
  TRY(in_range(s->cobb_deg, -80, 80, "cobb", "deg"));
  TRY(in_range(s->lordosis_deg, -20, 70, "lordosis", "deg"));
  TRY(in_range(s->disc_mm, 3, 16, "disc height", "mm"));
  TRY(in_range(s->scale, 0.7, 1.3, "scale", ""));
  TRY(in_range(s->cortex_mm, 0.2, 3, "cortex", "mm"));
  TRY(in_range(s->plate_mm, 0.2, 3, "end plate", "mm"));
  TRY(in_range(s->cave_mm, 0, 4, "end-plate hollow", "mm"));
  TRY(in_range(p->texture, 0, 0.5, "texture", ""));
  TRY(in_range(p->fat_mm, 2, 60, "fat", "mm"));
  TRY(in_range(p->truth_step_mm, 0.4, 4, "truth step", "mm"));
  for (int i = 0; i < SPINE_LEVELS; i++) {
    TRY(in_range(s->density[i], -50, 600, "density", "mg/cm3"));
    TRY(in_range(s->loss[i], 0, 0.7, "loss of height", ""));
  }
done:
  return st;
}

/* ---- grid ---- */

static double back_level(const struct spine_body *b) {
  double w, d, y;
  spine_trunk(b, &w, &d, &y);
  return y + d + 3;
}

static void field_of_view(struct vec3 *centre, double extent[3], const struct spine_body *b,
                          int view) {
  const struct spine_level *top = &b->column.levels[SPINE_T12], *low = &b->column.levels[SPINE_L5];
  const double end_mm = 30; /* half a body, the disc and part of the next */
  double w, d, y;
  spine_trunk(b, &w, &d, &y);
  extent[0] = 2 * (w + 12);
  double front = y - d - 10, under = y + d + (b->bench.table || b->bench.phantom ? 45 : 10);
  *centre = vec3_make(0, 0, 0.5 * (top->centre.z + low->centre.z));
  extent[2] = top->centre.z - low->centre.z + 2 * end_mm;
  if (view == SPINE_VIEW_COLUMN) {
    extent[0] = 110 + fabs(top->centre.x - low->centre.x);
    front = -50;
    under = 78;
  }
  centre->y = 0.5 * (front + under);
  extent[1] = under - front;
}

/* ---- body ---- */

static status make_body(struct spine_body *b, const struct spine_phantom *p) {
  status st = ST_OK;
  struct tissue_table tissue;
  TRY(scan_setup_tissue(&tissue, &p->scan, 0.925, p->marrow_yellow));
  spine_body_init(b, &p->shape, &tissue, p->scan.pose);
  b->fat_mm = p->fat_mm;
  b->texture = p->texture;
  b->seed = (unsigned)p->seed;
  if (!isnan(p->aorta_hu)) b->aorta_hu = p->aorta_hu;
  TRY(scan_setup_bench(&b->bench, &p->scan, &tissue, back_level(b)));
done:
  return st;
}

/* ---- labels ---- */

/* Bodies alone; and in `all` the arches under the value of their vertebra. */
static status part_labels(struct labels **bodies, struct labels *all) {
  status st = ST_OK;
  struct labels *b = NULL;
  TRY(labels_create(&b, &all->grid));
  int64_t n = geometry_voxels(&all->grid);
  for (int64_t i = 0; i < n; i++) {
    int v = all->voxels[i];
    if (v > SPINE_ARCH_OFFSET)
      all->voxels[i] = (uint16_t)(v - SPINE_ARCH_OFFSET);
    else if (v >= LABEL_VERTEBRA_L5 && v <= LABEL_VERTEBRA_T11)
      b->voxels[i] = (uint16_t)v;
  }
  for (int level = 0; level < SPINE_LEVELS; level++) {
    char name[24];
    int value = spine_label(level);
    if (level == SPINE_S1 || !labels_count(all, value)) continue;
    snprintf(name, sizeof name, "vertebrae_%s", spine_level_name(level));
    TRY(labels_set_name(all, value, name));
    snprintf(name, sizeof name, "body_%s", spine_level_name(level));
    if (labels_count(b, value)) TRY(labels_set_name(b, value, name));
  }
  *bodies = b;
  b = NULL;
done:
  labels_destroy(b);
  return st;
}

static status name_labels(struct labels *l, int rods) {
  static const struct {
    int value;
    const char *name;
  } names[] = {{1, "spleen"},
               {2, "kidney_right"},
               {3, "kidney_left"},
               {5, "liver"},
               {LABEL_AORTA, "aorta"},
               {63, "inferior_vena_cava"},
               {LABEL_SPINAL_CORD, "spinal_cord"},
               {LABEL_AUTOCHTHON_LEFT, "autochthon_left"},
               {LABEL_AUTOCHTHON_RIGHT, "autochthon_right"}};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (labels_count(l, names[i].value)) TRY(labels_set_name(l, names[i].value, names[i].name));
  TRY(phantom_name_labels(l, rods));
done:
  return st;
}

/* ---- all of it ---- */

static cJSON *truth_json(const struct spine_truth *t, const struct spine_body *b,
                         const struct spine_phantom *p, const struct painted *painted) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom truth 1");
  json_add_text(json, "kind", "spine");
  cJSON_AddItemToObject(json, "physics", tissue_truth_json(&b->tissue, &b->bench));
  cJSON *scan = scan_setup_truth_json(&p->scan, painted);
  json_add_number(scan, "aorta_hu", b->aorta_hu);
  cJSON_AddItemToObject(json, "scanner", scan);
  cJSON_AddItemToObject(json, "spine", spine_truth_json(t, b));
  return json;
}

status spine_phantom_make(struct phantom_result *out, const struct spine_phantom *p) {
  status st = ST_OK;
  struct phantom_result r = {0};
  struct painted painted = {0};
  struct geometry grid;
  struct spine_body body;
  struct spine_truth truth;
  struct vec3 centre;
  double extent[3];
  struct progress progress;
  progress_begin(&progress, "digital spine", "stages", 3);
  TRY(check(p));
  TRY(make_body(&body, p));
  field_of_view(&centre, extent, &body, p->view);
  TRY(scan_setup_grid(&grid, &p->scan, centre, extent, "digital spine"));
  struct scene scene = spine_scene(&body);
  TRY(scan_setup_paint(&painted, &scene, &grid, &p->scan, "LSPINE"));
  painted.hu->acquisition.contrast = (enum contrast)p->contrast;
  progress_update(&progress, 1, "painted");
  if (p->scan.ideal) TRY(volume_copy(&r.ideal, painted.hu));
  spine_truth_compute(&truth, &body, p->truth_step_mm);
  progress_update(&progress, 2, "truth");
  r.truth = truth_json(&truth, &body, p, &painted);
  r.params = spine_phantom_to_json(p);
  TRY(scanner_apply(painted.hu, &p->scan.scanner));
  TRY(part_labels(&r.bodies, painted.labels));
  TRY(name_labels(painted.labels, body.bench.phantom ? body.bench.entry.rod_count : 0));
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

cJSON *spine_phantom_to_json(const struct spine_phantom *p) {
  const struct spine_shape *s = &p->shape;
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom spine 1");
  json_add_number(json, "cobb_deg", s->cobb_deg);
  json_add_number(json, "lordosis_deg", s->lordosis_deg);
  json_add_number(json, "disc_mm", s->disc_mm);
  json_add_number(json, "scale", s->scale);
  json_add_number(json, "cortex_mm", s->cortex_mm);
  json_add_number(json, "plate_mm", s->plate_mm);
  json_add_number(json, "hollow_mm", s->cave_mm);
  cJSON *levels = cJSON_AddObjectToObject(json, "levels");
  for (int i = 0; i < SPINE_LEVELS; i++) {
    cJSON *level = cJSON_AddObjectToObject(levels, spine_level_name(i));
    json_add_number(level, "density", s->density[i]);
    json_add_text(level, "deformity", spine_deformity_names[s->deformity[i]]);
    json_add_number(level, "loss", s->loss[i]);
  }
  json_add_number(json, "texture", p->texture);
  json_add_number(json, "fat_mm", p->fat_mm);
  json_add_number(json, "marrow_yellow", p->marrow_yellow);
  json_add_number(json, "aorta_hu", p->aorta_hu);
  json_add_number(json, "seed", (double)p->seed);
  json_add_text(json, "view", spine_view_names[p->view]);
  scan_setup_to_json(json, &p->scan);
  return json;
}
