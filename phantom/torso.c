#include "phantom/torso.h"

#include "core/json.h"
#include "core/random.h"

#include <math.h>
#include <string.h>

enum {
  KIDNEY_RIGHT = 2,
  KIDNEY_LEFT = 3,
  LIVER = 5,
  SMALL_BOWEL = 18,
  COLON = 20,
  CAVA = 63,
  LOOPS = 9
};
static const double skin_mm = 2, taper = 3e-4;
static const double least_half_width_mm = 96, least_half_depth_mm = 56; /* of the cavity */
static const double wall_share = 0.25; /* of the infiltration of the back, in the wall */

/* Uniform in low..high by the person's seed; the middle for seed 0. */
static double draw(uint64_t seed, uint64_t what, double low, double high) {
  double t = seed ? random_uniform(seed, 70, what) : 0.5;
  return low + t * (high - low);
}

/* A slight person has no thick fat: thinned until the cavity is as wide and deep as it must be. */
static void make_room(struct torso_phantom *p) {
  double side = p->half_width_mm - p->wall_mm - least_half_width_mm;
  double share = 2 * (p->half_depth_mm - p->wall_mm - least_half_depth_mm) /
                 (p->fat_front_mm + p->fat_back_mm);
  p->fat_side_mm = fmin(p->fat_side_mm, side);
  p->fat_front_mm *= fmin(1, share);
  p->fat_back_mm *= fmin(1, share);
}

void torso_phantom_defaults(struct torso_phantom *p, uint64_t seed) {
  *p = (struct torso_phantom){.seed = seed,
                              .half_width_mm = draw(seed, 0, 150, 205),
                              .fat_side_mm = draw(seed, 1, 12, 45),
                              .fat_front_mm = draw(seed, 2, 12, 45),
                              .fat_back_mm = draw(seed, 3, 15, 50),
                              .wall_mm = draw(seed, 4, 9, 16),
                              .muscle = draw(seed, 5, 0.85, 1.1),
                              .infiltration = draw(seed, 6, 0.02, 0.25),
                              .truth_step_mm = 1,
                              .scan = STACK_SCAN_DEFAULTS};
  p->half_depth_mm = 0.7 * p->half_width_mm;
  make_room(p);
  p->scan.spacing[0] = p->scan.spacing[1] = 0.9;
  p->scan.spacing[2] = 3;
  p->scan.fov[0] = 2 * p->half_width_mm + 40;
  p->scan.fov[1] = 2 * p->half_depth_mm + 40;
  p->scan.fov[2] = 90;
  p->scan.body_part = "ABDOMEN";
}

/* Where things are, from the person's measures. */
struct layout {
  double fascia_y, fascia_a, fascia_b; /* centre and semi-axes */
  double spine_y;
  double cavity_y, cavity_a, cavity_b;
};

static status make_layout(struct layout *l, const struct torso_phantom *p) {
  status st = ST_OK;
  l->fascia_a = p->half_width_mm - p->fat_side_mm;
  l->fascia_b = p->half_depth_mm - 0.5 * (p->fat_front_mm + p->fat_back_mm);
  l->fascia_y = 0.5 * (p->fat_front_mm - p->fat_back_mm);
  l->spine_y = l->fascia_y + l->fascia_b - 72;
  l->cavity_y = l->fascia_y;
  l->cavity_b = l->fascia_b - p->wall_mm;
  l->cavity_a = l->fascia_a - p->wall_mm;
  CHECK(
      l->cavity_b >= least_half_depth_mm - 1e-9 && l->cavity_a >= least_half_width_mm - 1e-9,
      ST_DOMAIN,
      "digital torso: fat and wall leave a cavity of %.0f x %.0f mm; it needs at least %.0f x %.0f",
      2 * l->cavity_a, 2 * l->cavity_b, 2 * least_half_width_mm, 2 * least_half_depth_mm);
done:
  return st;
}

static void muscle(struct stack *s, const struct torso_phantom *p, const struct tissue_table *t,
                   double x, double y, double a, double b, int label) {
  struct stack_solid *m =
      stack_add(s, STACK_CYLINDER, vec3_make(x, y, 0), vec3_make(a * p->muscle, b * p->muscle, 1),
                t->hu[TISSUE_MUSCLE], label);
  m->taper = taper;
  stack_infiltrate(m, p->infiltration, t->hu[TISSUE_FAT], TORSO_INTERMUSCULAR);
}

static void spine(struct stack *s, const struct layout *l, const struct tissue_table *t) {
  const double cortex = tissue_bone_hu(t, 0.6), core = tissue_bone_hu(t, 0.16);
  double y = l->spine_y;
  stack_add(s, STACK_CYLINDER, vec3_make(0, y, 0), vec3_make(21, 15, 1), core, LABEL_VERTEBRA_L3);
  stack_add(s, STACK_CYLINDER, vec3_make(0, y, 0), vec3_make(22, 16, 1), cortex, LABEL_VERTEBRA_L3);
  stack_add(s, STACK_CYLINDER, vec3_make(0, y + 25, 0), vec3_make(9, 9, 1), t->hu[TISSUE_WATER],
            LABEL_SPINAL_CORD);
  stack_add(s, STACK_CYLINDER, vec3_make(0, y + 25, 0), vec3_make(14, 13, 1), cortex,
            LABEL_VERTEBRA_L3);
  stack_add(s, STACK_CYLINDER, vec3_make(0, y + 44, 0), vec3_make(3.5, 13, 1), cortex,
            LABEL_VERTEBRA_L3);
}

static void muscles(struct stack *s, const struct torso_phantom *p, const struct layout *l,
                    const struct tissue_table *t) {
  double y = l->spine_y;
  for (int side = 0; side < 2; side++) {
    double x = side ? -1 : 1; /* left first */
    muscle(s, p, t, x * 43, y + 2, 18, 22, LABEL_ILIOPSOAS_LEFT + side);
    muscle(s, p, t, x * 36, y + 40, 30, 24, LABEL_AUTOCHTHON_LEFT + side);
    muscle(s, p, t, x * 74, y + 20, 20, 13, LABEL_MUSCLE);
  }
}

static void organs(struct stack *s, const struct torso_phantom *p, const struct layout *l,
                   const struct tissue_table *t) {
  const double soft = t->hu[TISSUE_MUSCLE], gas = t->hu[TISSUE_AIR];
  double y = l->cavity_y - 0.28 * l->cavity_b, a = l->cavity_a, b = 0.6 * l->cavity_b;
  struct vec3 colon = vec3_make(0.72 * a, y + 0.2 * b, -120);
  stack_add(s, STACK_CYLINDER, vec3_make(8, l->spine_y - 27, 0), vec3_make(10, 10, 1),
            t->hu[TISSUE_BLOOD], LABEL_AORTA);
  stack_add(s, STACK_CYLINDER, vec3_make(-15, l->spine_y - 28, 0), vec3_make(11, 10, 1),
            t->hu[TISSUE_BLOOD], CAVA);
  for (int side = 0; side < 2; side++) {
    double x = side ? -1 : 1;
    stack_add(s, STACK_ELLIPSOID, vec3_make(x * 0.58 * a, y + 0.9 * b, 25),
              vec3_make(0.17 * a, 0.35 * b, 52), soft, side ? KIDNEY_RIGHT : KIDNEY_LEFT);
    stack_add(s, STACK_CAPSULE, vec3_make(x * colon.x, colon.y, colon.z), vec3_make(8, 0, 0), gas,
              TORSO_GAS)
        ->end = vec3_make(x * colon.x, colon.y, 120);
    stack_add(s, STACK_CAPSULE, vec3_make(x * colon.x, colon.y, colon.z), vec3_make(15, 0, 0), soft,
              COLON)
        ->end = vec3_make(x * colon.x, colon.y, 120);
  }
  for (int n = 0; n < LOOPS; n++) { /* loops of small bowel in the front half */
    double u = draw(p->seed + 1, 20 + 3 * (uint64_t)n, -0.45, 0.45);
    double v = draw(p->seed + 1, 21 + 3 * (uint64_t)n, -0.5, -0.1);
    double z = draw(p->seed + 1, 22 + 3 * (uint64_t)n, -60, 60);
    stack_add(s, STACK_ELLIPSOID, vec3_make(u * a, y + v * b, z), vec3_make(20, 0.22 * b, 16), soft,
              SMALL_BOWEL);
  }
  stack_add(s, STACK_ELLIPSOID, vec3_make(-0.55 * a, y - 0.1 * b, 110),
            vec3_make(0.3 * a, 0.6 * b, 80), soft, LIVER);
}

/* What fat there is behind the psoas, between the muscles of the back and the spine, is no fat of
 * the cavity. */
static void between_muscles(struct stack *s, const struct layout *l, const struct tissue_table *t) {
  stack_add(s, STACK_CYLINDER, vec3_make(0, l->spine_y + 36, 0), vec3_make(70, 28, 1),
            t->hu[TISSUE_FAT], TORSO_INTERMUSCULAR);
}

static void layers(struct stack *s, const struct torso_phantom *p, const struct layout *l,
                   const struct tissue_table *t) {
  struct stack_solid *n =
      stack_add(s, STACK_CYLINDER, vec3_make(0, l->cavity_y, 0),
                vec3_make(l->cavity_a, l->cavity_b, 1), t->hu[TISSUE_FAT], TORSO_VISCERAL);
  n->taper = taper;
  n = stack_add(s, STACK_CYLINDER, vec3_make(0, l->fascia_y, 0),
                vec3_make(l->fascia_a, l->fascia_b, 1), t->hu[TISSUE_MUSCLE], LABEL_MUSCLE);
  n->taper = taper;
  stack_infiltrate(n, wall_share * p->infiltration, t->hu[TISSUE_FAT], TORSO_INTERMUSCULAR);
  n = stack_add(s, STACK_CYLINDER, vec3_make(0, 0, 0),
                vec3_make(p->half_width_mm - skin_mm, p->half_depth_mm - skin_mm, 1),
                t->hu[TISSUE_FAT], TORSO_SUBCUTANEOUS);
  n->taper = taper;
  n = stack_add(s, STACK_CYLINDER, vec3_make(0, 0, 0),
                vec3_make(p->half_width_mm, p->half_depth_mm, 1), t->hu[TISSUE_SKIN], LABEL_SKIN);
  n->taper = taper;
}

/* ---- truth ---- */

/* Labels that make a compartment. */
struct compartment {
  const char *key;
  int labels[8];
};
static const struct compartment compartments[] = {
    {"skin", {LABEL_SKIN}},
    {"subcutaneous_fat", {TORSO_SUBCUTANEOUS}},
    {"visceral_fat", {TORSO_VISCERAL}},
    {"intermuscular_fat", {TORSO_INTERMUSCULAR}},
    {"muscle",
     {LABEL_MUSCLE, LABEL_ILIOPSOAS_LEFT, LABEL_ILIOPSOAS_RIGHT, LABEL_AUTOCHTHON_LEFT,
      LABEL_AUTOCHTHON_RIGHT}},
    {"psoas", {LABEL_ILIOPSOAS_LEFT, LABEL_ILIOPSOAS_RIGHT}},
    {"erector", {LABEL_AUTOCHTHON_LEFT, LABEL_AUTOCHTHON_RIGHT}},
    {"bone", {LABEL_VERTEBRA_L3}},
};
enum { COMPARTMENTS = sizeof compartments / sizeof *compartments };

static double total(const struct stack_sum *sum, const struct compartment *c) {
  double all = 0;
  for (int i = 0; i < 8 && c->labels[i]; i++) all += sum->mm3[c->labels[i]];
  return all;
}

static void add_compartments(cJSON *to, const struct stack *s, struct vec3 lo, struct vec3 hi,
                             double h, double scale, const char *unit) {
  struct stack_sum coarse, fine;
  stack_quadrature(&coarse, s, lo, hi, h);
  stack_quadrature(&fine, s, lo, hi, h / 2);
  for (int i = 0; i < COMPARTMENTS; i++)
    stack_truth_add(to, compartments[i].key, total(&fine, &compartments[i]) * scale,
                    total(&coarse, &compartments[i]) * scale, unit);
}

static cJSON *truth_json(const struct stack *s, const struct torso_phantom *p,
                         const struct tissue_table *t) {
  cJSON *json = cJSON_CreateObject();
  double a = p->half_width_mm * 1.1, b = p->half_depth_mm * 1.1;
  double slices = ceil(p->scan.fov[2] / p->scan.spacing[2]) * p->scan.spacing[2];
  double half = 0.5 * slices;
  json_add_text(json, "format", "qct phantom truth 1");
  json_add_text(json, "kind", "torso");
  json_add_number(json, "muscle_hu", t->hu[TISSUE_MUSCLE]);
  json_add_number(json, "fat_hu", t->hu[TISSUE_FAT]);
  json_add_number(json, "energy_kev", t->kev);
  add_compartments(cJSON_AddObjectToObject(json, "area_z0"), s, vec3_make(-a, -b, 0),
                   vec3_make(a, b, 0), 0.25 * p->truth_step_mm, 1e-2, "cm2");
  add_compartments(cJSON_AddObjectToObject(json, "volume"), s, vec3_make(-a, -b, -half),
                   vec3_make(a, b, half), 2 * p->truth_step_mm, 1e-3, "cm3");
  return json;
}

static cJSON *params_json(const struct torso_phantom *p) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom torso 1");
  json_add_number(json, "seed", (double)p->seed);
  json_add_number(json, "half_width_mm", p->half_width_mm);
  json_add_number(json, "half_depth_mm", p->half_depth_mm);
  json_add_number(json, "fat_side_mm", p->fat_side_mm);
  json_add_number(json, "fat_front_mm", p->fat_front_mm);
  json_add_number(json, "fat_back_mm", p->fat_back_mm);
  json_add_number(json, "wall_mm", p->wall_mm);
  json_add_number(json, "muscle", p->muscle);
  json_add_number(json, "infiltration", p->infiltration);
  stack_scan_json(json, &p->scan);
  return json;
}

static status name_labels(struct labels *l) {
  static const struct {
    int value;
    const char *name;
  } names[] = {{TORSO_SUBCUTANEOUS, "subcutaneous_fat"},
               {TORSO_VISCERAL, "visceral_fat"},
               {TORSO_INTERMUSCULAR, "intermuscular_fat"},
               {TORSO_GAS, "bowel_gas"},
               {KIDNEY_RIGHT, "kidney_right"},
               {KIDNEY_LEFT, "kidney_left"},
               {LIVER, "liver"},
               {SMALL_BOWEL, "small_bowel"},
               {LABEL_VERTEBRA_L3, "vertebrae_L3"},
               {LABEL_SPINAL_CORD, "spinal_cord"},
               {LABEL_AORTA, "aorta"},
               {CAVA, "inferior_vena_cava"},
               {LABEL_AUTOCHTHON_LEFT, "autochthon_left"},
               {LABEL_AUTOCHTHON_RIGHT, "autochthon_right"}};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (labels_count(l, names[i].value)) TRY(labels_set_name(l, names[i].value, names[i].name));
done:
  return st;
}

status torso_phantom_make(struct phantom_result *out, const struct torso_phantom *p) {
  status st = ST_OK;
  struct phantom_result r = {0};
  struct tissue_table tissue;
  struct layout layout;
  struct stack s = {.seed = (unsigned)p->seed + 11};
  double kev = scanner_energy(scanner_preset(p->scan.preset), p->scan.kvp);
  TRY(tissue_table_init(&tissue, kev, 0.925, 0.8, BONE_REAL));
  TRY(make_layout(&layout, p));
  s.air_hu = tissue.hu[TISSUE_AIR];
  spine(&s, &layout, &tissue);
  muscles(&s, p, &layout, &tissue);
  organs(&s, p, &layout, &tissue);
  between_muscles(&s, &layout, &tissue);
  layers(&s, p, &layout, &tissue);
  TRY(stack_make(&r, &s, &p->scan));
  TRY(name_labels(r.labels));
  r.params = params_json(p);
  r.truth = truth_json(&s, p, &tissue);
  *out = r;
  r = (struct phantom_result){0};
done:
  phantom_result_free(&r);
  return st;
}
