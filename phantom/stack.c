#include "phantom/stack.h"

#include "core/json.h"
#include "core/statistics.h"
#include "phantom/solid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double pocket_mm = 5;     /* width of the streaks of fat in a muscle */
static const double streak_length = 4; /* times as long as wide */

struct stack_solid *stack_add(struct stack *s, int kind, struct vec3 centre, struct vec3 axes,
                              double hu, int label) {
  struct stack_solid *n = &s->solids[s->count < STACK_SOLIDS ? s->count++ : STACK_SOLIDS - 1];
  *n = (struct stack_solid){.kind = kind,
                            .centre = centre,
                            .axes = axes,
                            .hu = hu,
                            .label = label,
                            .low = -(double)INFINITY,
                            .high = (double)INFINITY};
  return n;
}

/* Signed value with a Lipschitz bound of 1 (tapers are small: 0.95 covers up to 0.1 % per mm at
 * 200 mm). */
static double value_of(const struct stack_solid *n, struct vec3 p) {
  double v = 0;
  struct vec3 d = vec3_sub(p, n->centre);
  if (n->kind == STACK_ELLIPSOID) {
    v = solid_ellipsoid_strict(d, n->axes.x, n->axes.y, n->axes.z);
  } else if (n->kind == STACK_CAPSULE) {
    v = solid_capsule(p, n->centre, n->end, n->axes.x, n->axes.x);
  } else {
    double scale = larger(0.2, 1 + n->taper * d.z);
    double a = n->axes.x * scale, b = n->axes.y * scale, u = d.x / a, w = d.y / b;
    v = (sqrt(u * u + w * w) - 1) * smaller(a, b) * 0.95;
  }
  return larger(v, larger(n->low - p.z, p.z - n->high));
}

/* The level of the noise below which a share lies, taking it for a bell of SD 0.29. */
void stack_infiltrate(struct stack_solid *n, double share, double fat_hu, int fat_label) {
  n->infiltration = share;
  n->level = 0.29 * stat_normal_quantile(share);
  n->fat_hu = fat_hu;
  n->fat_label = fat_label;
}

/* Fat between fibres lies in streaks along them, here near z. The lattice is oblique: planes of it
 * at a multiple of the slices' distance would show every slice the same part of the noise, whose
 * spread differs between its planes. */
static double streaks(struct vec3 p, unsigned seed) {
  const double tilt = 0.3;
  struct vec3 q = vec3_make(0.8 * p.x - 0.6 * p.y + tilt * p.z, 0.6 * p.x + 0.8 * p.y - tilt * p.z,
                            (p.z + tilt * (p.x + p.y)) / streak_length);
  return solid_noise(vec3_scale(q, 1 / pocket_mm), seed);
}

static void inside(const struct stack *s, const struct stack_solid *n, struct vec3 p,
                   struct paint_sample *out) {
  out->hu = n->hu;
  out->label = (uint16_t)n->label;
  if (n->infiltration <= 0) return;
  double level = streaks(p, s->seed) - n->level;
  paint_near(&out->soft, level * pocket_mm / 3);
  if (level >= 0) return;
  out->hu = n->fat_hu;
  out->label = (uint16_t)n->fat_label;
}

static void sample(const void *model, paint_parts parts, struct vec3 p, struct paint_sample *out) {
  const struct stack *s = model;
  *out = (struct paint_sample){.hu = s->air_hu, .hard = 1e9, .soft = 1e9};
  for (int i = 0; i < s->count; i++) {
    if (!(parts >> i & 1)) continue;
    double v = value_of(&s->solids[i], p);
    paint_near(&out->hard, v);
    if (v < 0) {
      inside(s, &s->solids[i], p, out);
      return;
    }
  }
}

static paint_parts near_parts(const void *model, paint_parts among, struct vec3 centre,
                              double radius) {
  const struct stack *s = model;
  paint_parts parts = 0;
  for (int i = 0; i < s->count; i++) {
    if (!(among >> i & 1)) continue;
    double v = value_of(&s->solids[i], centre);
    if (v < radius) parts |= (paint_parts)1 << i;
    if (v < -radius) break; /* nothing behind it is seen */
  }
  return parts;
}

struct scene stack_scene(const struct stack *s) {
  return (struct scene){.model = s, .sample = sample, .parts = near_parts};
}

/* ---- quadrature ---- */

static void sum_slice(struct stack_sum *out, const struct stack *s, struct vec3 lo, struct vec3 hi,
                      double h, double z, double weight) {
  int64_t nx = (int64_t)ceil((hi.x - lo.x) / h), ny = (int64_t)ceil((hi.y - lo.y) / h);
  for (int64_t j = 0; j < ny; j++)
    for (int64_t i = 0; i < nx; i++) {
      struct paint_sample t;
      struct vec3 p = vec3_make(lo.x + ((double)i + 0.5) * h, lo.y + ((double)j + 0.5) * h, z);
      sample(s, ~(paint_parts)0, p, &t);
      out->mm3[t.label] += weight;
      out->hu[t.label] += weight * t.hu;
    }
}

void stack_quadrature(struct stack_sum *out, const struct stack *s, struct vec3 lo, struct vec3 hi,
                      double h) {
  memset(out, 0, sizeof *out);
  if (hi.z <= lo.z) {
    sum_slice(out, s, lo, hi, h, lo.z, h * h);
    return;
  }
  int64_t nz = (int64_t)ceil((hi.z - lo.z) / h);
  double step = (hi.z - lo.z) / (double)nz;
  for (int64_t k = 0; k < nz; k++)
    sum_slice(out, s, lo, hi, h, lo.z + ((double)k + 0.5) * step, h * h * step);
}

void stack_scan_json(cJSON *to, const struct stack_scan *scan) {
  json_add_numbers(to, "spacing", scan->spacing, 3);
  json_add_numbers(to, "fov", scan->fov, 3);
  json_add_number(to, "noise_hu", scan->scanner.noise_hu);
  json_add_number(to, "sigma_mm", scanner_sigma(&scan->scanner));
  json_add_number(to, "scan_seed", (double)scan->scanner.seed);
}

void stack_truth_add(cJSON *to, const char *key, double value, double before, const char *unit) {
  cJSON *item = cJSON_AddObjectToObject(to, key);
  json_add_number(item, "value", value);
  json_add_number(item, "error", fabs(value - before));
  json_add_text(item, "unit", unit);
}

/* ---- scan ---- */

static status make_grid(struct geometry *g, const struct stack_scan *scan) {
  status st = ST_OK;
  int64_t n[3];
  const double centre[3] = {scan->centre.x, scan->centre.y, scan->centre.z};
  for (int a = 0; a < 3; a++) {
    CHECK(scan->spacing[a] > 0.05 && scan->fov[a] / scan->spacing[a] <= 4096, ST_DOMAIN,
          "digital body: %g mm in voxels of %g mm, permitted at most 4096 voxels", scan->fov[a],
          scan->spacing[a]);
    n[a] = (int64_t)fmax(1, ceil(scan->fov[a] / scan->spacing[a]));
  }
  *g = geometry_make(n[0], n[1], n[2], scan->spacing[0], scan->spacing[1], scan->spacing[2]);
  for (int a = 0; a < 3; a++)
    g->origin[a] = centre[a] - 0.5 * (double)(n[a] - 1) * scan->spacing[a];
done:
  return st;
}

status stack_make(struct phantom_result *out, const struct stack *s,
                  const struct stack_scan *scan) {
  status st = ST_OK;
  struct geometry grid;
  struct painted painted = {0};
  struct paint_options paint = scan->paint;
  struct scene scene = stack_scene(s);
  TRY(make_grid(&grid, scan));
  paint.thickness_mm = scan->scanner.thickness_mm;
  TRY(paint_scene(&painted, &scene, &grid, &paint));
  scanner_acquisition(&painted.hu->acquisition, &scan->scanner, scan->preset, scan->kvp,
                      scan->spacing[2], scan->body_part);
  if (scan->ideal) TRY(volume_copy(&out->ideal, painted.hu));
  TRY(scanner_apply(painted.hu, &scan->scanner));
  TRY(phantom_name_labels(painted.labels, 0));
  phantom_result_take(out, &painted);
done:
  painted_free(&painted);
  return st;
}
