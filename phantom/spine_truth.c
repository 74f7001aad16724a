#include "core/frame.h"
#include "core/json.h"
#include "phantom/spine.h"

#include <stdio.h>

/* ---- heights and angles ---- */

static double mean_height(const struct spine_level *v, double y) {
  double sum = 0;
  enum { N = 200 };
  for (int i = 0; i < N; i++) sum += 2 * spine_plate(v, v->a_mm * 0.5 * ((i + 0.5) / N * 2 - 1), y);
  return sum / N;
}

static void heights(struct spine_truth_level *t, const struct spine_level *v) {
  struct spine_heights *h = &t->heights;
  h->anterior_mm = mean_height(v, -0.7 * v->b_mm);
  h->middle_mm = mean_height(v, 0);
  h->posterior_mm = mean_height(v, 0.7 * v->b_mm);
  double least = fmin(h->anterior_mm, fmin(h->middle_mm, h->posterior_mm));
  double most = fmax(h->anterior_mm, fmax(h->middle_mm, h->posterior_mm));
  t->loss = 1 - least / most;
  t->grade = t->loss < 0.20 ? 0 : t->loss < 0.25 ? 1 : t->loss <= 0.40 ? 2 : 3;
}

/* Normal of an end plate in the world: the plane through its rim. */
static struct vec3 plate_normal(const struct spine_body *b, int level, int upper) {
  const struct spine_level *v = &b->column.levels[level];
  double slope = 0.25 * (v->back_mm - v->front_mm) / v->b_mm; /* of z over y, upper plate */
  struct vec3 n = vec3_along(v->up, upper ? -slope : slope, v->posterior);
  return vec3_unit(spine_direction_to_world(b, n));
}

static double coronal_deg(struct vec3 n) {
  return atan2(n.x, n.z) * 57.29577951308232;
}

static void cobb(struct spine_truth *t, const struct spine_body *b) {
  for (int i = SPINE_T12; i < SPINE_L5; i++)
    for (int j = i + 1; j <= SPINE_L5; j++) {
      double angle = fabs(coronal_deg(plate_normal(b, i, 1)) - coronal_deg(plate_normal(b, j, 0)));
      if (angle <= t->cobb_deg) continue;
      t->cobb_deg = angle;
      t->cobb_upper = i;
      t->cobb_lower = j;
    }
}

/* ---- quadrature ---- */

struct sums {
  double body, core, ellipse, core_density, ellipse_density;
};

static void add_point(struct sums *s, const struct spine_body *b, int level, struct vec3 p) {
  const struct spine_column *c = &b->column;
  const struct spine_level *v = &c->levels[level];
  if (spine_body(c, level, p, 0, 0) >= 0) return;
  s->body++;
  double x = p.x / (0.65 * v->a_mm), y = (p.y - v->b_mm + 0.58 * 2 * v->b_mm) / (0.5 * v->b_mm);
  bool inside = x * x + y * y <= 1 && fabs(p.z) <= 3.75;
  bool core = spine_body(c, level, p, c->cortex_mm, c->plate_mm) < 0;
  if (!core) return;
  double density = spine_core_density(b, level, p);
  s->core++;
  s->core_density += density;
  s->ellipse += inside;
  s->ellipse_density += inside ? density : 0;
}

static void integrate(struct spine_truth_level *t, const struct spine_body *b, int level, int pass,
                      double h) {
  const struct spine_level *v = &b->column.levels[level];
  double top = 0.5 * fmax(v->front_mm, v->back_mm);
  struct sums s = {0, 0, 0, 0, 0};
  for (double z = -top + 0.5 * h; z < top; z += h)
    for (double y = -v->b_mm + 0.5 * h; y < v->b_mm; y += h)
      for (double x = -v->a_mm + 0.5 * h; x < v->a_mm; x += h)
        add_point(&s, b, level, vec3_make(x, y, z));
  t->volume[pass] = s.body * h * h * h;
  t->core[pass] = s.core > 0 ? s.core_density / s.core : (double)NAN;
  t->ellipse[pass] = s.ellipse > 0 ? s.ellipse_density / s.ellipse : (double)NAN;
}

void spine_truth_compute(struct spine_truth *out, const struct spine_body *body, double step) {
  *out = (struct spine_truth){.step_mm = step / 4, .cobb_upper = SPINE_T12, .cobb_lower = SPINE_L5};
  for (int level = SPINE_T12; level <= SPINE_L5; level++) {
    struct spine_truth_level *t = &out->levels[level];
    heights(t, &body->column.levels[level]);
    for (int pass = 0; pass < 3; pass++) integrate(t, body, level, pass, step / (1 << pass));
  }
  cobb(out, body);
}

/* ---- JSON ---- */

static void add_value(cJSON *json, const char *key, const double values[3], const char *unit) {
  cJSON *item = cJSON_AddObjectToObject(json, key);
  json_add_number(item, "value", values[2]);
  json_add_number(item, "error", fabs(values[2] - values[1]));
  json_add_text(item, "unit", unit);
}

static cJSON *level_json(const struct spine_truth_level *t, const struct spine_body *b, int level) {
  const struct spine_level *v = &b->column.levels[level];
  struct vec3 centre = spine_person_to_world(b, v->centre);
  struct vec3 up = spine_direction_to_world(b, v->up);
  struct vec3 anterior = vec3_scale(spine_direction_to_world(b, v->posterior), -1);
  struct vec3 superior = plate_normal(b, level, 1), inferior = plate_normal(b, level, 0);
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "level", spine_level_name(level));
  json_add_number(json, "label", spine_label(level));
  json_add_numbers(json, "centre", &centre.x, 3);
  json_add_numbers(json, "axis", &up.x, 3);
  json_add_numbers(json, "anterior", &anterior.x, 3);
  json_add_numbers(json, "superior_normal", &superior.x, 3);
  json_add_numbers(json, "inferior_normal", &inferior.x, 3);
  json_add_number(json, "width_mm", 2 * v->a_mm);
  json_add_number(json, "depth_mm", 2 * v->b_mm);
  json_add_number(json, "rim_height_anterior_mm", v->front_mm);
  json_add_number(json, "rim_height_posterior_mm", v->back_mm);
  json_add_number(json, "rim_height_middle_mm", 0.5 * (v->front_mm + v->back_mm) - 2 * v->cave_mm);
  json_add_number(json, "height_anterior_mm", t->heights.anterior_mm);
  json_add_number(json, "height_middle_mm", t->heights.middle_mm);
  json_add_number(json, "height_posterior_mm", t->heights.posterior_mm);
  json_add_number(json, "height_loss", t->loss);
  json_add_number(json, "genant_grade", t->grade);
  json_add_number(json, "planted_density", v->density);
  add_value(json, "volume", t->volume, "mm3");
  add_value(json, "core_k2hpo4_eq", t->core, "mg/cm3");
  add_value(json, "ellipse_k2hpo4_eq", t->ellipse, "mg/cm3");
  return json;
}

cJSON *spine_truth_json(const struct spine_truth *t, const struct spine_body *b) {
  cJSON *json = cJSON_CreateObject();
  char pair[16];
  json_add_text(
      json, "definitions",
      "heights at 15, 50, 85 % of the depth, mean over the middle half of the width, "
      "along the body's axis; ellipse: 0.58 of the depth from the back, semi-axes 0.325 "
      "of the width and 0.25 of the depth, 7.5 mm high; cobb: largest coronal angle of an "
      "upper and a lower end plate");
  json_add_number(json, "quadrature_step_mm", t->step_mm);
  json_add_number(json, "cobb_deg", t->cobb_deg);
  snprintf(pair, sizeof pair, "%s-%s", spine_level_name(t->cobb_upper),
           spine_level_name(t->cobb_lower));
  json_add_text(json, "cobb_levels", pair);
  cJSON *list = cJSON_AddArrayToObject(json, "levels");
  for (int level = SPINE_T12; level <= SPINE_L5; level++)
    cJSON_AddItemToArray(list, level_json(&t->levels[level], b, level));
  return json;
}
