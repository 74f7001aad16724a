#include "phantom/hip_truth.h"

#include "core/json.h"
#include "core/parallel.h"
#include "phantom/hip_frame.h"

#include <stdlib.h>
#include <string.h>

const char *truth_region_name(enum truth_region r) {
  static const char *const names[] = {"head",
                                      "neck",
                                      "trochanter",
                                      "intertrochanter",
                                      "shaft",
                                      "total",
                                      "total_no_head",
                                      "femur",
                                      "projected_neck",
                                      "projected_trochanter",
                                      "projected_intertrochanter",
                                      "projected_total"};
  return names[r];
}

static const char *const density_names[] = {"mineral", "k2hpo4_eq", "ha_eq"};

/* ---- regions ---- */

struct quadrature {
  const struct hip_body *body;
  const struct hip_frame *local;
  enum side side;
  const struct geometry *grid; /* may be NULL */
  double step;
  struct vec3 low, high;
};

static bool in_image(const struct quadrature *q, struct vec3 p) {
  if (!q->grid) return p.z > -130;
  struct vec3 i = geometry_to_index(q->grid, hip_body_to_world(q->body, q->side, p));
  const struct geometry *g = q->grid;
  return i.x > -0.5 && i.y > -0.5 && i.z > -0.5 && i.x < (double)g->nx - 0.5 &&
         i.y < (double)g->ny - 0.5 && i.z < (double)g->nz - 0.5;
}

static void add_point(struct truth_sums *s, const struct hip_body *b,
                      const struct digital_femur_point *p) {
  double hu = tissue_bone_hu(&b->tissue, p->bvf);
  const double density[TRUTH_DENSITIES] = {
      tissue_mineral_mg_cm3 * p->bvf, tissue_k2hpo4(&b->tissue, hu), tissue_ha(&b->tissue, hu)};
  s->volume++;
  s->cortical_volume += p->cortical;
  for (int d = 0; d < TRUTH_DENSITIES; d++) {
    s->content[d] += density[d];
    if (p->cortical) s->cortical_content[d] += density[d];
  }
}

static void slice_sums(const struct quadrature *q, double z, struct truth_sums s[TRUTH_REGIONS]) {
  static const enum truth_region of_region[] = {[HIP_HEAD] = TRUTH_HEAD,
                                                [HIP_NECK] = TRUTH_NECK,
                                                [HIP_TROCHANTER] = TRUTH_TROCHANTER,
                                                [HIP_INTERTROCHANTER] = TRUTH_INTERTROCHANTER,
                                                [HIP_SHAFT] = TRUTH_SHAFT};
  static const enum truth_region projected_of[] = {[HIP_NECK] = TRUTH_PROJECTED_NECK,
                                                   [HIP_TROCHANTER] = TRUTH_PROJECTED_TROCHANTER,
                                                   [HIP_INTERTROCHANTER] =
                                                       TRUTH_PROJECTED_INTERTROCHANTER};
  for (double y = q->low.y + 0.53 * q->step; y < q->high.y; y += q->step)
    for (double x = q->low.x + 0.47 * q->step; x < q->high.x; x += q->step) {
      struct vec3 p = vec3_make(x, y, z);
      double value = digital_femur_solid(&q->body->femur, p);
      if (value >= 0) {
        /* nothing inside the distance to the surface: step over it */
        double skip = floor(digital_femur_clear(value) / q->step);
        if (skip > 1) x += (skip - 1) * q->step;
        continue;
      }
      if (!in_image(q, p)) continue;
      struct digital_femur_point b;
      digital_femur_bone(&b, &q->body->femur, p, value);
      enum hip_region region = hip_frame_region(q->local, p);
      add_point(&s[of_region[region]], q->body, &b);
      region = hip_frame_projected_region(q->local, p);
      if (region == HIP_HEAD || region == HIP_SHAFT) continue;
      add_point(&s[projected_of[region]], q->body, &b);
    }
}

static void accumulate(struct truth_sums *to, const struct truth_sums *from, double scale) {
  to->volume += scale * from->volume;
  to->cortical_volume += scale * from->cortical_volume;
  for (int d = 0; d < TRUTH_DENSITIES; d++) {
    to->content[d] += scale * from->content[d];
    to->cortical_content[d] += scale * from->cortical_content[d];
  }
}

static status region_sums(struct truth_sums out[TRUTH_REGIONS], const struct quadrature *q) {
  status st = ST_OK;
  int64_t slices = (int64_t)ceil((q->high.z - q->low.z) / q->step);
  struct truth_sums(*part)[TRUTH_REGIONS] = calloc((size_t)slices, sizeof *part);
  CHECK(part, ST_MEMORY, "truth: no memory for %lld slices", (long long)slices);
#pragma omp parallel for schedule(dynamic) num_threads(parallel_threads())
  for (int64_t k = 0; k < slices; k++)
    slice_sums(q, q->low.z + ((double)k + 0.51) * q->step, part[k]);
  memset(out, 0, sizeof *out * TRUTH_REGIONS);
  double mm3 = q->step * q->step * q->step;
  for (int64_t k = 0; k < slices; k++)
    for (int r = TRUTH_HEAD; r < TRUTH_PROJECTED_TOTAL; r++) {
      struct truth_sums scaled = {0};
      if (r > TRUTH_SHAFT && r < TRUTH_PROJECTED_NECK) continue; /* sums of others */
      accumulate(&scaled, &part[k][r], mm3);
      for (int d = 0; d < TRUTH_DENSITIES; d++) { /* mg/cm3 x mm3 -> mg */
        scaled.content[d] /= 1000;
        scaled.cortical_content[d] /= 1000;
      }
      accumulate(&out[r], &scaled, 1);
      if (r >= TRUTH_PROJECTED_NECK) {
        accumulate(&out[TRUTH_PROJECTED_TOTAL], &scaled, 1);
        continue;
      }
      accumulate(&out[TRUTH_FEMUR], &scaled, 1);
      if (r != TRUTH_SHAFT) accumulate(&out[TRUTH_TOTAL], &scaled, 1);
      if (r != TRUTH_SHAFT && r != TRUTH_HEAD) accumulate(&out[TRUTH_TOTAL_NO_HEAD], &scaled, 1);
    }
done:
  free(part);
  return st;
}

/* ---- frame ---- */

/* Level along the shaft where its centre line leaves the image. */
static double imaged_shaft(const struct hip_body *b, enum side side, const struct geometry *grid) {
  struct quadrature q = {.body = b, .side = side, .grid = grid};
  double t = 0;
  while (t < 200 && in_image(&q, digital_femur_shaft_centre(&b->femur, t))) t += 0.05;
  return t;
}

static void world_frame(struct hip_frame *w, const struct hip_frame *local,
                        const struct hip_body *b, enum side side) {
  *w = *local;
  w->side = side;
  struct vec3 *points[] = {&w->head,   &w->neck_point,        &w->shaft_point,
                           &w->origin, &w->lesser_trochanter, &w->greater_trochanter};
  for (size_t i = 0; i < sizeof points / sizeof *points; i++)
    *points[i] = hip_body_to_world(b, side, *points[i]);
  w->neck_axis = hip_body_direction(b, side, w->neck_axis);
  w->shaft_axis = hip_body_direction(b, side, w->shaft_axis);
  w->metal = b->implant_side == side;
}

status hip_truth_compute(struct hip_truth *out, const struct hip_body *body, enum side side,
                         const struct geometry *grid, double step) {
  status st = ST_OK;
  struct hip_truth t;
  memset(&t, 0, sizeof t);
  CHECK(step >= 0.5 && step <= 4, ST_DOMAIN, "truth: step %g mm, permitted 0.5..4 mm", step);
  const struct digital_femur *f = &body->femur;
  struct neck_truth neck;
  neck_truth_find(&neck, f);
  neck_truth_section(&t.section, &neck, f);
  hip_frame_true(&t.local, f, &neck, imaged_shaft(body, side, grid), hip_pelvis);
  t.local.side = side;
  world_frame(&t.frame, &t.local, body, side);
  TRY(structure_truth_compute(&t.structure, body, &t.local));
  t.neck_shaft_planted_deg = vec3_angle_deg(f->neck, vec3_scale(t.local.shaft_axis, -1));
  t.neck_shaft_tangent_deg = vec3_angle_deg(f->neck, vec3_scale(f->shaft, -1));
  struct quadrature q = {.body = body, .local = &t.local, .side = side, .grid = grid};
  double top = t.local.head_radius_mm + 20, bottom = -220;
  q.low = vec3_make(-40, -55, bottom);
  q.high = vec3_make(100, 60, top);
  for (int level = 0; level < 3; level++) {
    q.step = step / (1 << level);
    TRY(region_sums(t.sums[level], &q));
  }
  t.step_mm = q.step;
  *out = t;
done:
  return st;
}

/* ---- JSON ---- */

static void add_value(cJSON *to, const char *key, double fine, double coarse, const char *unit) {
  cJSON *v = cJSON_AddObjectToObject(to, key);
  json_add_number(v, "value", fine);
  json_add_number(v, "error", fabs(fine - coarse));
  json_add_text(v, "unit", unit);
}

static double per_cm3(double content_mg, double volume_mm3) {
  return volume_mm3 > 0 ? 1000 * content_mg / volume_mm3 : (double)NAN;
}

static cJSON *density_json(const struct truth_sums *a, const struct truth_sums *b, int d) {
  cJSON *json = cJSON_CreateObject();
  add_value(json, "bmc", a->content[d], b->content[d], "mg");
  add_value(json, "integral", per_cm3(a->content[d], a->volume), per_cm3(b->content[d], b->volume),
            "mg/cm3");
  add_value(json, "cortical", per_cm3(a->cortical_content[d], a->cortical_volume),
            per_cm3(b->cortical_content[d], b->cortical_volume), "mg/cm3");
  add_value(json, "trabecular",
            per_cm3(a->content[d] - a->cortical_content[d], a->volume - a->cortical_volume),
            per_cm3(b->content[d] - b->cortical_content[d], b->volume - b->cortical_volume),
            "mg/cm3");
  return json;
}

cJSON *hip_truth_regions_json(const struct hip_truth *t) {
  cJSON *json = cJSON_CreateObject();
  for (int r = 0; r < TRUTH_REGIONS; r++) {
    const struct truth_sums *a = &t->sums[2][r], *b = &t->sums[1][r];
    if (!(a->volume > 0)) continue;
    cJSON *region = cJSON_AddObjectToObject(json, truth_region_name((enum truth_region)r));
    add_value(region, "volume", a->volume, b->volume, "mm3");
    add_value(region, "cortical_volume", a->cortical_volume, b->cortical_volume, "mm3");
    for (int d = 0; d < TRUTH_DENSITIES; d++)
      cJSON_AddItemToObject(region, density_names[d], density_json(a, b, d));
  }
  return json;
}

cJSON *hip_truth_section_json(const struct hip_truth *t) {
  cJSON *json = cJSON_CreateObject();
  json_add_number(json, "from_head_centre_mm", t->section.along_mm);
  json_add_number(json, "area_mm2", t->section.area_mm2);
  json_add_number(json, "cortical_area_mm2", t->section.cortical_area_mm2);
  json_add_number(json, "inertia_mm4", t->section.inertia_mm4);
  json_add_number(json, "subperiosteal_width_mm", t->section.width_mm);
  json_add_numbers(json, "cortex_mm", t->section.cortex_mm, 8);
  json_add_text(json, "cortex_directions", "every 45 deg from superior, by ray");
  return json;
}

cJSON *hip_truth_projected_json(const struct hip_truth *t) {
  static const char *const names[] = {"neck", "trochanter", "intertrochanter", "total"};
  static const enum hip_region regions[] = {HIP_NECK, HIP_TROCHANTER, HIP_INTERTROCHANTER};
  cJSON *json = cJSON_CreateObject();
  double total = 0;
  for (int i = 0; i < 4; i++) {
    const struct truth_sums *sums = &t->sums[2][TRUTH_PROJECTED_NECK + i];
    double area = i < 3 ? t->structure.silhouette_mm2[regions[i]] : total;
    total += area;
    cJSON *to = cJSON_AddObjectToObject(json, names[i]);
    json_add_number(to, "area_mm2", area);
    for (int d = 0; d < TRUTH_DENSITIES; d++) {
      cJSON *of = cJSON_AddObjectToObject(to, density_names[d]);
      json_add_number(of, "bmc_g", sums->content[d] / 1000);
      json_add_number(of, "abmd", sums->content[d] / 10 / area); /* mg/mm2 -> g/cm2 */
    }
  }
  return json;
}
