#include "phantom/chest.h"

#include "core/json.h"
#include "core/random.h"

#include <math.h>
#include <string.h>

enum { LUNG_LEFT = 10, LUNG_RIGHT = 12, TRACHEA = 16, LIVER = 5, LESIONS = 6 };
static const double skin_mm = 2;
static const double half_width_mm = 172, half_depth_mm = 118, fat_mm = 16, wall_mm = 12;
static const double lung_hu = -850;
static const double pericardium_mm = 1.5;
static const struct vec3 heart = {18, -22, 0};

static double draw(uint64_t seed, uint64_t what, double low, double high) {
  double t = seed ? random_uniform(seed, 71, what) : 0.5;
  return low + t * (high - low);
}

void chest_phantom_defaults(struct chest_phantom *p, uint64_t seed) {
  *p = (struct chest_phantom){
      .seed = seed,
      .heart_mm = {draw(seed, 0, 42, 52), draw(seed, 1, 36, 44), draw(seed, 2, 48, 60)},
      .fat_mm = draw(seed, 3, 3, 9),
      .calcium = 1,
      .truth_step_mm = 1,
      .scan = STACK_SCAN_DEFAULTS};
  p->scan.spacing[0] = p->scan.spacing[1] = 0.9;
  p->scan.spacing[2] = 3;
  p->scan.fov[0] = 2 * half_width_mm + 30;
  p->scan.fov[1] = 2 * half_depth_mm + 30;
  p->scan.fov[2] = 270;
  p->scan.centre = vec3_make(0, 0, 25);
  p->scan.body_part = "CHEST";
}

/* A calcified sphere. In the sac's fat it lies on the surface of the heart. */
struct lesion {
  const char *where;
  double radius_mm, density_mg_cm3;
  struct vec3 at; /* direction from the heart's middle (in the sac), else a place */
  bool in_sac;
};
static const struct lesion lesions[LESIONS] = {
    {"coronary_1", 2.5, 400, {0.5, -0.6, 0.5}, true},
    {"coronary_2", 2.0, 800, {-0.6, -0.6, 0.3}, true},
    {"coronary_3", 1.5, 600, {0.3, -0.8, -0.2}, true},
    {"coronary_4", 1.5, 300, {0.85, 0.2, 0.1}, true},
    {"valve", 3, 500, {0.05, 0.1, 0.35}, true},
    {"ascending_aorta", 2, 500, {-6, -30, 80}, false},
};

static struct vec3 place(const struct lesion *l, const struct chest_phantom *p) {
  if (!l->in_sac) return l->at;
  struct vec3 d = vec3_unit(l->at);
  double k = 1 / sqrt(pow(d.x / p->heart_mm[0], 2) + pow(d.y / p->heart_mm[1], 2) +
                      pow(d.z / p->heart_mm[2], 2));
  /* the valve lies inside, by its own length of direction */
  return vec3_along(heart, vec3_length(l->at) < 0.5 ? vec3_length(l->at) * k : k, d);
}

static double sphere_mm3(double r) {
  return 4.0 / 3 * 3.14159265358979323846 * r * r * r;
}

static void add_calcium(struct stack *s, const struct chest_phantom *p,
                        const struct tissue_table *t) {
  for (int i = 0; i < LESIONS && p->calcium > 0; i++) {
    double r = lesions[i].radius_mm;
    stack_add(s, STACK_ELLIPSOID, place(&lesions[i], p), vec3_make(r, r, r),
              t->hu[TISSUE_BLOOD] + lesions[i].density_mg_cm3 / t->ha_slope,
              lesions[i].in_sac ? CHEST_SAC : LABEL_AORTA);
  }
}

static struct stack_solid *capsule(struct stack *s, struct vec3 a, struct vec3 b, double r,
                                   double hu, int label) {
  struct stack_solid *n = stack_add(s, STACK_CAPSULE, a, vec3_make(r, 0, 0), hu, label);
  n->end = b;
  return n;
}

static void vessels_and_airway(struct stack *s, const struct chest_phantom *p,
                               const struct tissue_table *t) {
  const double blood = t->hu[TISSUE_BLOOD], air = t->hu[TISSUE_AIR];
  double top = p->heart_mm[2] + p->fat_mm; /* of the sac */
  struct vec3 fork = vec3_make(0, 22, top + 22);
  capsule(s, fork, vec3_make(0, 18, 300), 8, air, TRACHEA);
  capsule(s, fork, vec3_make(-42, 26, top - 2), 6.5, air, TRACHEA);
  capsule(s, fork, vec3_make(42, 26, top - 2), 6.5, air, TRACHEA);
  capsule(s, fork, vec3_make(-42, 26, top - 2), 8.5, t->hu[TISSUE_MUSCLE], CHEST_MEDIASTINUM);
  capsule(s, fork, vec3_make(42, 26, top - 2), 8.5, t->hu[TISSUE_MUSCLE], CHEST_MEDIASTINUM);
  capsule(s, fork, vec3_make(0, 18, 300), 9.5, t->hu[TISSUE_MUSCLE], CHEST_MEDIASTINUM);
  capsule(s, vec3_make(2, -18, top - 6), vec3_make(-4, -20, top + 42), 15, blood, LABEL_AORTA);
  capsule(s, vec3_make(-4, -20, top + 42), vec3_make(26, 46, top + 40), 13, blood, LABEL_AORTA);
  capsule(s, vec3_make(26, 46, top + 40), vec3_make(22, 50, -250), 11.5, blood, LABEL_AORTA);
  capsule(s, vec3_make(4, 44, 300), vec3_make(6, 42, -250), 7, t->hu[TISSUE_MUSCLE],
          CHEST_MEDIASTINUM);
}

static void wall_and_lungs(struct stack *s, const struct tissue_table *t) {
  const double muscle = t->hu[TISSUE_MUSCLE], bone = tissue_bone_hu(t, 0.2);
  double a = half_width_mm - skin_mm, b = half_depth_mm - skin_mm;
  double fa = half_width_mm - fat_mm, fb = half_depth_mm - fat_mm;
  stack_add(s, STACK_CYLINDER, vec3_make(0, 74, 0), vec3_make(18, 16, 1), bone, 36);
  stack_add(s, STACK_CYLINDER, vec3_make(0, -half_depth_mm + fat_mm + 9, 0), vec3_make(20, 6, 1),
            bone, 116);
  stack_add(s, STACK_ELLIPSOID, vec3_make(-72, 0, -178), vec3_make(88, 92, 118), muscle, LIVER);
  stack_add(s, STACK_ELLIPSOID, vec3_make(70, 0, -182), vec3_make(88, 92, 112), muscle,
            LABEL_MUSCLE);
  stack_add(s, STACK_CYLINDER, vec3_make(0, 0, -160), vec3_make(90, 90, 1), muscle, LABEL_MUSCLE)
      ->high = -62;
  stack_add(s, STACK_ELLIPSOID, vec3_make(20, -34, 0), vec3_make(64, 54, 76), t->hu[TISSUE_FAT],
            CHEST_MEDIASTINUM);
  stack_add(s, STACK_CYLINDER, vec3_make(4, 0, 0), vec3_make(26, 120, 1), t->hu[TISSUE_FAT],
            CHEST_MEDIASTINUM);
  stack_add(s, STACK_ELLIPSOID, vec3_make(-70, 0, 0), vec3_make(74, 92, 210), lung_hu, LUNG_RIGHT);
  stack_add(s, STACK_ELLIPSOID, vec3_make(70, 0, 0), vec3_make(74, 92, 210), lung_hu, LUNG_LEFT);
  stack_add(s, STACK_CYLINDER, vec3_make(0, 0, 0), vec3_make(fa - wall_mm, fb - wall_mm, 1),
            t->hu[TISSUE_FAT], CHEST_MEDIASTINUM);
  stack_add(s, STACK_CYLINDER, vec3_make(0, 0, 0), vec3_make(fa, fb, 1), muscle, LABEL_MUSCLE);
  stack_add(s, STACK_CYLINDER, vec3_make(0, 0, 0), vec3_make(a, b, 1), t->hu[TISSUE_FAT],
            LABEL_FAT);
  stack_add(s, STACK_CYLINDER, vec3_make(0, 0, 0), vec3_make(half_width_mm, half_depth_mm, 1),
            t->hu[TISSUE_SKIN], LABEL_SKIN);
}

static void make_stack(struct stack *s, const struct chest_phantom *p,
                       const struct tissue_table *t) {
  const double *h = p->heart_mm, f = p->fat_mm;
  *s = (struct stack){.air_hu = t->hu[TISSUE_AIR], .seed = (unsigned)p->seed};
  add_calcium(s, p, t);
  stack_add(s, STACK_ELLIPSOID, heart, vec3_make(h[0], h[1], h[2]), t->hu[TISSUE_MUSCLE],
            CHEST_SAC);
  stack_add(s, STACK_ELLIPSOID, heart, vec3_make(h[0] + f, h[1] + f, h[2] + f), t->hu[TISSUE_FAT],
            CHEST_SAC);
  double m = f + pericardium_mm;
  stack_add(s, STACK_ELLIPSOID, heart, vec3_make(h[0] + m, h[1] + m, h[2] + m),
            t->hu[TISSUE_MUSCLE], CHEST_MEDIASTINUM);
  vessels_and_airway(s, p, t);
  wall_and_lungs(s, t);
}

/* ---- truth ---- */

/* The lesions that lie on the heart's surface take fat away: half of each sphere, to first order;
 * by quadrature instead. */
static void fat_truth(cJSON *json, const struct stack *s, const struct chest_phantom *p,
                      const struct tissue_table *t) {
  const double *h = p->heart_mm, f = p->fat_mm, pi = 3.14159265358979323846;
  double outer = 4.0 / 3 * pi * (h[0] + f) * (h[1] + f) * (h[2] + f);
  double shell = outer - 4.0 / 3 * pi * h[0] * h[1] * h[2], around[2];
  struct stack_sum sum;
  json_add_number(json, "sac_cm3", outer / 1000);
  json_add_number(json, "fat_inside_sac_without_calcium_cm3", shell / 1000);
  json_add_number(json, "fat_hu", t->hu[TISSUE_FAT]);
  struct vec3 lo = vec3_make(-half_width_mm, -half_depth_mm, heart.z - h[2] - f);
  struct vec3 hi = vec3_make(half_width_mm, half_depth_mm, heart.z + h[2] + f);
  for (int n = 0; n < 2; n++) {
    stack_quadrature(&sum, s, lo, hi, p->truth_step_mm * (n ? 1 : 2));
    /* of the region around the sac only fat: its HU tell it from airway wall and oesophagus */
    double muscle = t->hu[TISSUE_MUSCLE], fat = t->hu[TISSUE_FAT];
    double mean = sum.hu[CHEST_MEDIASTINUM] / sum.mm3[CHEST_MEDIASTINUM];
    around[n] = sum.mm3[CHEST_MEDIASTINUM] * (muscle - mean) / (muscle - fat);
  }
  stack_truth_add(json, "fat_around_sac", around[1] / 1000, around[0] / 1000, "cm3");
}

static cJSON *truth_json(const struct stack *s, const struct chest_phantom *p,
                         const struct tissue_table *t) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom truth 1");
  json_add_text(json, "kind", "heart");
  json_add_number(json, "energy_kev", t->kev);
  fat_truth(json, s, p, t);
  json_add_number(json, "ha_hu_per_mg_cm3", 1 / t->ha_slope);
  json_add_number(json, "blood_hu", t->hu[TISSUE_BLOOD]);
  cJSON *list = cJSON_AddArrayToObject(json, "lesions");
  for (int i = 0; i < LESIONS && p->calcium > 0; i++) {
    cJSON *item = cJSON_CreateObject();
    struct vec3 at = place(&lesions[i], p);
    double volume = sphere_mm3(lesions[i].radius_mm);
    json_add_text(item, "name", lesions[i].where);
    json_add_numbers(item, "at", (const double[]){at.x, at.y, at.z}, 3);
    json_add_number(item, "volume_mm3", volume);
    json_add_number(item, "mass_mg", volume * lesions[i].density_mg_cm3 / 1000);
    cJSON_AddItemToArray(list, item);
  }
  return json;
}

static cJSON *params_json(const struct chest_phantom *p) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom heart 1");
  json_add_number(json, "seed", (double)p->seed);
  json_add_numbers(json, "heart_mm", p->heart_mm, 3);
  json_add_number(json, "fat_mm", p->fat_mm);
  json_add_number(json, "calcium", p->calcium);
  stack_scan_json(json, &p->scan);
  return json;
}

status chest_phantom_make(struct phantom_result *out, const struct chest_phantom *p) {
  static const struct label_name names[] = {
      {CHEST_SAC, "heart_sac"}, {CHEST_MEDIASTINUM, "mediastinum"},
      {LUNG_LEFT, "lung_left"}, {LUNG_RIGHT, "lung_right"},
      {TRACHEA, "trachea"},     {LABEL_AORTA, "aorta"},
      {LIVER, "liver"},         {36, "vertebrae_T8"},
      {116, "sternum"}};
  status st = ST_OK;
  struct phantom_result r = {0};
  struct tissue_table tissue;
  struct stack s;
  double kev = scanner_energy(scanner_preset(p->scan.preset), p->scan.kvp);
  TRY(tissue_table_init(&tissue, kev, 0.925, 0.8, BONE_REAL));
  make_stack(&s, p, &tissue);
  TRY(stack_make(&r, &s, &p->scan));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (labels_count(r.labels, names[i].value))
      TRY(labels_set_name(r.labels, names[i].value, names[i].name));
  r.params = params_json(p);
  r.truth = truth_json(&s, p, &tissue);
  *out = r;
  r = (struct phantom_result){0};
done:
  phantom_result_free(&r);
  return st;
}
