#include "phantom/trabeculae.h"

#include "core/json.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/statistics.h"
#include "phantom/scanner.h"
#include "phantom/solid.h"

#include <stdlib.h>

const char *const trabeculae_names[] = {"plates", "rods", "spinodal", NULL};
static const double pi = 3.141592653589793;

struct model {
  struct trabeculae_phantom p;
  double rotation[9];
  double level; /* spinodal */
  double slope; /* bound of the gradient of the spinodal field */
  struct vec3 wave[TRABECULAE_WAVES];
  double phase[TRABECULAE_WAVES];
};

void trabeculae_defaults(struct trabeculae_phantom *p) {
  *p = (struct trabeculae_phantom){.kind = TRABECULAE_PLATES,
                                   .thickness_mm = 0.15,
                                   .gap_mm = 0.65,
                                   .radius_mm = 0.1,
                                   .period_mm = 1,
                                   .bvtv = 0.2,
                                   .waves = 200,
                                   .seed = 1,
                                   .stretch = {1, 1, 1},
                                   .size_mm = 4,
                                   .spacing_mm = 0.05,
                                   .mineral_mg_cm3 = 1000,
                                   .paint = PAINT_DEFAULTS};
}

double trabeculae_bvtv(const struct trabeculae_phantom *p) {
  double r = p->radius_mm, l = p->period_mm;
  switch ((enum trabeculae_kind)p->kind) {
  case TRABECULAE_PLATES:
    return p->thickness_mm / (p->thickness_mm + p->gap_mm);
  case TRABECULAE_RODS:
    return 3 * pi * r * r / (l * l) - 8 * sqrt(2) * r * r * r / (l * l * l);
  case TRABECULAE_SPINODAL:
    break;
  }
  return p->bvtv;
}

/* Distance of x to the nearest multiple of the period. */
static double wrap(double x, double period) {
  return x - period * floor(x / period + 0.5);
}

static double spinodal(const struct model *m, struct vec3 p) {
  double sum = 0;
  for (int i = 0; i < m->p.waves; i++) sum += cos(vec3_dot(m->wave[i], p) + m->phase[i]);
  return (sum * sqrt(2.0 / m->p.waves) - m->level) / m->slope;
}

/* Signed field in the unstretched, unturned structure. */
static double structure(const struct model *m, struct vec3 p) {
  const struct trabeculae_phantom *t = &m->p;
  if (t->kind == TRABECULAE_PLATES)
    return fabs(wrap(p.z, t->thickness_mm + t->gap_mm)) - 0.5 * t->thickness_mm;
  if (t->kind == TRABECULAE_SPINODAL) return spinodal(m, p);
  double x = wrap(p.x, t->period_mm), y = wrap(p.y, t->period_mm), z = wrap(p.z, t->period_mm);
  double d = smaller(y * y + z * z, smaller(x * x + z * z, x * x + y * y));
  return sqrt(d) - t->radius_mm;
}

static double field(const struct model *m, struct vec3 world) {
  const double *r = m->rotation, *s = m->p.stretch;
  struct vec3 p = vec3_make(r[0] * world.x + r[3] * world.y + r[6] * world.z,
                            r[1] * world.x + r[4] * world.y + r[7] * world.z,
                            r[2] * world.x + r[5] * world.y + r[8] * world.z);
  return structure(m, vec3_make(p.x / s[0], p.y / s[1], p.z / s[2]));
}

static void sample(const void *model, paint_parts parts, struct vec3 p, struct paint_sample *out) {
  (void)parts;
  const struct model *m = model;
  const double *s = m->p.stretch;
  double value = field(m, p), least = smaller(s[0], smaller(s[1], s[2]));
  *out = (struct paint_sample){.hard = fabs(value) * least, .soft = 1e9};
  out->hu = value < 0 ? m->p.mineral_mg_cm3 : 0;
  out->label = value < 0;
}

static paint_parts all_parts(const void *model, paint_parts among, struct vec3 centre,
                             double radius) {
  (void)model, (void)centre, (void)radius;
  return among;
}

static void make_waves(struct model *m) {
  const struct trabeculae_phantom *p = &m->p;
  double k = 2 * pi / p->period_mm;
  for (int i = 0; i < p->waves; i++) {
    uint64_t n = (uint64_t)i;
    struct vec3 d = vec3_make(random_normal(p->seed, 61, n), random_normal(p->seed, 62, n),
                              random_normal(p->seed, 63, n));
    m->wave[i] = vec3_scale(vec3_unit(d), k);
    m->phase[i] = 2 * pi * random_uniform(p->seed, 64, n);
  }
  m->level = stat_normal_quantile(p->bvtv);
  m->slope =
      3 * k; /* the gradient's length is 3 k only once in 1e6 places: SD k/sqrt3 a component */
}

static status make_model(struct model *m, const struct trabeculae_phantom *p) {
  status st = ST_OK;
  const double radians = pi / 180;
  CHECK(p->spacing_mm > 0 && p->size_mm / p->spacing_mm <= 800, ST_DOMAIN,
        "digital trabeculae: %g mm in voxels of %g mm, permitted at most 800 voxels", p->size_mm,
        p->spacing_mm);
  CHECK(p->kind != TRABECULAE_RODS || p->radius_mm < 0.35 * p->period_mm, ST_DOMAIN,
        "digital trabeculae: rod radius %g mm, permitted below 0.35 of the period %g mm",
        p->radius_mm, p->period_mm);
  CHECK(p->waves >= 20 && p->waves <= TRABECULAE_WAVES, ST_DOMAIN,
        "digital trabeculae: %d waves, permitted 20..%d", p->waves, TRABECULAE_WAVES);
  m->p = *p;
  double cx = cos(p->tilt_deg[0] * radians), sx = sin(p->tilt_deg[0] * radians);
  double cy = cos(p->tilt_deg[1] * radians), sy = sin(p->tilt_deg[1] * radians);
  const double r[9] = {cy, sy * sx, sy * cx, 0, cx, -sx, -sy, cy * sx, cy * cx};
  for (int i = 0; i < 9; i++) m->rotation[i] = r[i];
  make_waves(m);
done:
  return st;
}

/* ---- truth ---- */

/* Share of bone in the cube by the first `count` points of a Weyl sequence (additive recurrence
 * with powers of the plastic number's generalisation): a midpoint lattice would lie along the rods
 * and count circles too full. */
static double cube_share(const struct model *m, int64_t count) {
  const double g = 1.2207440846057596, size = m->p.size_mm;
  enum { PARTS = 64 };
  double parts[PARTS];
#pragma omp parallel for schedule(dynamic) num_threads(parallel_threads())
  for (int part = 0; part < PARTS; part++) {
    int64_t inside = 0;
    for (int64_t i = part; i < count; i += PARTS) {
      double n = 0.5 + (double)i, x = n / g, y = n / (g * g), z = n / (g * g * g);
      inside += field(m, vec3_make((x - floor(x) - 0.5) * size, (y - floor(y) - 0.5) * size,
                                   (z - floor(z) - 0.5) * size)) < 0;
    }
    parts[part] = (double)inside;
  }
  double sum = 0;
  for (int part = 0; part < PARTS; part++) sum += parts[part];
  return sum / (double)count;
}

static void add(cJSON *to, const char *key, double value, const char *unit) {
  cJSON *v = cJSON_AddObjectToObject(to, key);
  json_add_number(v, "value", value);
  json_add_text(v, "unit", unit);
}

static bool stretched(const struct trabeculae_phantom *p) {
  return p->stretch[0] != 1 || p->stretch[1] != 1 || p->stretch[2] != 1;
}

static cJSON *truth_json(const struct model *m) {
  const struct trabeculae_phantom *p = &m->p;
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom truth 1");
  json_add_text(json, "kind", "trabeculae");
  json_add_text(json, "structure", trabeculae_names[p->kind]);
  cJSON *ideal = cJSON_AddObjectToObject(json, "endless");
  add(ideal, "bvtv", trabeculae_bvtv(p), "");
  if (p->kind == TRABECULAE_PLATES) {
    double s = p->stretch[2], t = p->thickness_mm * s, period = t + p->gap_mm * s;
    add(ideal, "tb_th", t, "mm");
    add(ideal, "tb_sp", p->gap_mm * s, "mm");
    add(ideal, "tb_n", 1 / period, "1/mm");
    add(ideal, "bs_tv", 2 / period, "1/mm");
    add(ideal, "conn_d", 0, "1/mm3");
  } else if (p->kind == TRABECULAE_RODS) {
    double volume = p->stretch[0] * p->stretch[1] * p->stretch[2] * pow(p->period_mm, 3);
    add(ideal, "conn_d", 2 / volume, "1/mm3");
    if (!stretched(p)) add(ideal, "rod_diameter", 2 * p->radius_mm, "mm");
  }
  int64_t points = p->kind == TRABECULAE_SPINODAL ? 400000 : 6000000;
  double half = cube_share(m, points / 2), all = cube_share(m, points);
  cJSON *cube = cJSON_AddObjectToObject(json, "cube");
  cJSON *share = cJSON_AddObjectToObject(cube, "bvtv");
  json_add_number(share, "value", all);
  json_add_number(share, "error", fabs(all - half));
  json_add_number(share, "points", (double)points);
  json_add_text(share, "unit", "");
  return json;
}

static cJSON *params_json(const struct trabeculae_phantom *p) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct phantom trabeculae 1");
  json_add_text(json, "structure", trabeculae_names[p->kind]);
  json_add_number(json, "thickness_mm", p->thickness_mm);
  json_add_number(json, "gap_mm", p->gap_mm);
  json_add_number(json, "radius_mm", p->radius_mm);
  json_add_number(json, "period_mm", p->period_mm);
  json_add_number(json, "bvtv", p->bvtv);
  json_add_number(json, "waves", p->waves);
  json_add_number(json, "seed", (double)p->seed);
  json_add_numbers(json, "stretch", p->stretch, 3);
  json_add_numbers(json, "tilt_deg", p->tilt_deg, 2);
  json_add_number(json, "size_mm", p->size_mm);
  json_add_number(json, "spacing_mm", p->spacing_mm);
  json_add_number(json, "mineral_mg_cm3", p->mineral_mg_cm3);
  json_add_number(json, "blur_mm", p->blur_mm);
  json_add_number(json, "noise_mg_cm3", p->noise_mg_cm3);
  return json;
}

/* ---- image ---- */

static struct geometry cube_grid(const struct trabeculae_phantom *p) {
  int64_t n = (int64_t)fmax(1, floor(p->size_mm / p->spacing_mm + 0.5));
  struct geometry g = geometry_make(n, n, n, p->spacing_mm, p->spacing_mm, p->spacing_mm);
  for (int a = 0; a < 3; a++) g.origin[a] = -0.5 * (double)(n - 1) * p->spacing_mm;
  return g;
}

/* White noise: reconstruction noise of micro-CT at this scale is not modelled. */
static void add_noise(struct volume *v, double sd, uint64_t seed) {
  int64_t n = geometry_voxels(&v->grid);
  for (int64_t i = 0; i < n && sd > 0; i++)
    v->voxels[i] += (float)(sd * random_normal(seed, 65, (uint64_t)i));
}

status trabeculae_make(struct phantom_result *out, const struct trabeculae_phantom *p) {
  status st = ST_OK;
  struct painted painted = {0};
  struct phantom_result r = {0};
  struct model *m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "digital trabeculae: no memory");
  TRY(make_model(m, p));
  struct geometry grid = cube_grid(p);
  struct scene scene = {.model = m, .sample = sample, .parts = all_parts};
  TRY(paint_scene(&painted, &scene, &grid, &p->paint));
  struct volume *v = painted.hu;
  v->quantity = QUANTITY_DENSITY;
  v->material = MATERIAL_HA;
  if (p->blur_mm > 0) {
    struct scanner_options blur = SCANNER_DEFAULTS;
    blur.sigma_mm = blur.z_sigma_mm = p->blur_mm;
    TRY(scanner_blur(v, &blur));
  }
  add_noise(v, p->noise_mg_cm3, p->seed);
  TRY(labels_set_name(painted.labels, 1, "bone"));
  r.truth = truth_json(m);
  r.params = params_json(p);
  phantom_result_take(&r, &painted);
  *out = r;
  r = (struct phantom_result){0};
done:
  free(m);
  painted_free(&painted);
  phantom_result_free(&r);
  return st;
}
