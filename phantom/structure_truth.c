#include "phantom/structure_truth.h"

#include "core/json.h"
#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

static const double SLAB_STEP = 0.5, LATTICE = 0.2, HALF = 70; /* mm */
enum { SECTIONS = 11 };
static const char *const place_names[] = {"narrow_neck", "intertrochanter", "shaft"};
static const char *const density_names[] = {"mineral", "k2hpo4_eq", "ha_eq"};

struct cut {
  struct vec3 centre, up, front, normal;
};

static void place(struct cut c[STRUCTURE_TRUTH_PLACES], const struct hip_frame *f) {
  struct vec3 axes[3], n = f->neck_axis, s = f->shaft_axis;
  hip_frame_axes(f, axes);
  for (int i = 0; i < STRUCTURE_TRUTH_PLACES; i++) c[i].front = axes[1];
  c[0].centre = f->neck_point;
  c[0].normal = n;
  c[0].up = vec3_unit(vec3_along(s, -vec3_dot(s, n), n));
  c[1].centre = f->origin;
  c[1].normal = vec3_unit(vec3_add(n, s));
  c[1].up = vec3_unit(vec3_sub(s, n));
  double below = vec3_dot(vec3_sub(f->shaft_point, f->lesser_trochanter), s) + 20;
  c[2].centre = vec3_along(f->shaft_point, -below, s);
  c[2].normal = s;
  c[2].up = vec3_scale(axes[0], -1);
}

/* ---- sections ---- */

struct lattice {
  int n;
  uint8_t *inside; /* owned, [n][n]; 2: of the piece at the centre */
  int32_t *stack;  /* owned */
};

static struct vec3 lattice_point(const struct cut *c, const struct lattice *l, double along, int i,
                                 int j) {
  double q = -HALF + (i + 0.5) * LATTICE, r = -HALF + (j + 0.5) * LATTICE;
  struct vec3 p = vec3_along(c->centre, along, c->normal);
  (void)l;
  return vec3_along(vec3_along(p, q, c->up), r, c->front);
}

/* Points of a row inside the femur: within the distance to its surface all are alike. */
static void mark_row(const struct lattice *l, const struct digital_femur *f, const struct cut *c,
                     double along, int j) {
  for (int i = 0; i < l->n;) {
    double value = digital_femur_solid(f, lattice_point(c, l, along, i, j));
    int64_t alike = 1 + (int64_t)(digital_femur_clear(value) / LATTICE);
    for (; alike > 0 && i < l->n; alike--) l->inside[j * l->n + i++] = value < 0;
  }
}

/* Mark the piece that holds the lattice's middle. */
static void mark_piece(const struct lattice *l) {
  int top = 0, middle = l->n / 2 * l->n + l->n / 2;
  if (!l->inside[middle]) return;
  l->inside[middle] = 2;
  l->stack[top++] = middle;
  while (top) {
    int at = l->stack[--top], i = at % l->n, j = at / l->n;
    const int next[4] = {i > 0 ? at - 1 : -1, i + 1 < l->n ? at + 1 : -1, j > 0 ? at - l->n : -1,
                         j + 1 < l->n ? at + l->n : -1};
    for (int k = 0; k < 4; k++) {
      if (next[k] < 0 || l->inside[next[k]] != 1) continue;
      l->inside[next[k]] = 2;
      l->stack[top++] = next[k];
    }
  }
}

struct sums {
  double w, q, qq;
};

static void add_weight(struct sums *s, double w, double q) {
  s->w += w;
  s->q += w * q;
  s->qq += w * q * q;
}

static double second_moment(const struct sums *s) {
  return s->w > 0 ? s->qq - s->q * s->q / s->w : 0;
}

static void measure_section(struct structure_truth_section *to, const struct hip_body *b,
                            const struct cut *c, double along, const struct lattice *l) {
  struct sums all = {0}, weighted[STRUCTURE_TRUTH_DENSITIES] = {{0}};
  double cortical = 0;
  for (int j = 0; j < l->n; j++) mark_row(l, &b->femur, c, along, j);
  mark_piece(l);
  for (int at = 0; at < l->n * l->n; at++) {
    if (l->inside[at] != 2) continue;
    struct vec3 p = lattice_point(c, l, along, at % l->n, at / l->n);
    struct digital_femur_point bone;
    double q = -HALF + (at % l->n + 0.5) * LATTICE;
    digital_femur_bone(&bone, &b->femur, p, digital_femur_solid(&b->femur, p));
    double hu = tissue_bone_hu(&b->tissue, bone.bvf);
    add_weight(&all, 1, q);
    cortical += bone.cortical;
    add_weight(&weighted[0], tissue_mineral_mg_cm3 * bone.bvf, q);
    add_weight(&weighted[1], tissue_k2hpo4(&b->tissue, hu), q);
    add_weight(&weighted[2], tissue_ha(&b->tissue, hu), q);
  }
  const double cell = LATTICE * LATTICE;
  to->area_mm2 += all.w * cell / SECTIONS;
  to->csmi_mm4 += second_moment(&all) * cell / SECTIONS;
  to->cortical_mm2 += cortical * cell / SECTIONS;
  for (int d = 0; d < STRUCTURE_TRUTH_DENSITIES; d++) {
    to->mineral_mg_mm[d] += weighted[d].w * cell / 1000 / SECTIONS;
    to->weighted_csmi[d] += second_moment(&weighted[d]) * cell / SECTIONS;
  }
}

static status measure_slab(struct structure_truth_section *to, const struct hip_body *b,
                           const struct cut *c) {
  status st = ST_OK;
  struct lattice l = {.n = (int)(2 * HALF / LATTICE) + 1};
  size_t n = (size_t)l.n * (size_t)l.n;
  l.inside = malloc(n);
  l.stack = malloc(n * sizeof *l.stack);
  CHECK(l.inside && l.stack, ST_MEMORY, "truth of a section: out of memory");
  memset(to, 0, sizeof *to);
  for (int k = 0; k < SECTIONS; k++) measure_section(to, b, c, SLAB_STEP * (k - SECTIONS / 2), &l);
done:
  free(l.inside);
  free(l.stack);
  return st;
}

/* ---- silhouette ---- */

/* Does the line through p along +-d meet the femur? Steps by the distance that is clear. */
static bool meets(const struct digital_femur *f, struct vec3 p, struct vec3 d) {
  const double far = 90, least = 0.02;
  for (double t = -far; t < far;) {
    double value = digital_femur_solid(f, vec3_along(p, t, d));
    if (value < 0) return true;
    double clear = digital_femur_clear(value);
    t += clear > least ? clear : least;
  }
  return false;
}

static void silhouette(double area[HIP_SHAFT + 1], const struct digital_femur *f,
                       const struct hip_frame *frame) {
  const double step = 0.25, side = 110, up = 80, down = 110;
  struct vec3 axes[3];
  int rows = (int)((up + down) / step);
  double(*part)[HIP_SHAFT + 1] = calloc((size_t)rows, sizeof *part);
  hip_frame_axes(frame, axes);
  memset(area, 0, (HIP_SHAFT + 1) * sizeof *area);
  if (!part) return;
#pragma omp parallel for schedule(dynamic) num_threads(parallel_threads())
  for (int j = 0; j < rows; j++)
    for (double x = -side / 2 - 10 + step / 2; x < side; x += step) {
      struct vec3 p = vec3_along(frame->origin, -down + (j + 0.5) * step, axes[2]);
      p = vec3_along(p, x, axes[0]);
      enum hip_region r = hip_frame_projected_region(frame, p);
      if (r == HIP_SHAFT || !meets(f, p, axes[1])) continue;
      part[j][r] += step * step;
    }
  for (int j = 0; j < rows; j++)
    for (int r = 0; r <= HIP_SHAFT; r++) area[r] += part[j][r];
  free(part);
}

status structure_truth_compute(struct structure_truth *out, const struct hip_body *body,
                               const struct hip_frame *local) {
  status st = ST_OK;
  struct cut cuts[STRUCTURE_TRUTH_PLACES];
  status each[STRUCTURE_TRUTH_PLACES];
  memset(out, 0, sizeof *out);
  place(cuts, local);
#pragma omp parallel for schedule(dynamic) num_threads(parallel_threads())
  for (int i = 0; i < STRUCTURE_TRUTH_PLACES; i++)
    each[i] = measure_slab(&out->section[i], body, &cuts[i]);
  for (int i = 0; i < STRUCTURE_TRUTH_PLACES; i++)
    CHECK(each[i] == ST_OK, each[i], "truth of a section: out of memory");
  silhouette(out->silhouette_mm2, &body->femur, local);
done:
  return st;
}

cJSON *structure_truth_json(const struct structure_truth *t) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "definitions",
                "means over slabs of 5 mm; csmi about the anterior-posterior axis through the "
                "centroid; weighted_csmi in mg/cm3 mm4");
  for (int i = 0; i < STRUCTURE_TRUTH_PLACES; i++) {
    const struct structure_truth_section *s = &t->section[i];
    cJSON *to = cJSON_AddObjectToObject(json, place_names[i]);
    json_add_number(to, "area_mm2", s->area_mm2);
    json_add_number(to, "csmi_mm4", s->csmi_mm4);
    json_add_number(to, "cortical_area_mm2", s->cortical_mm2);
    for (int d = 0; d < STRUCTURE_TRUTH_DENSITIES; d++) {
      cJSON *of = cJSON_AddObjectToObject(to, density_names[d]);
      json_add_number(of, "mineral_mg_per_mm", s->mineral_mg_mm[d]);
      json_add_number(of, "weighted_csmi", s->weighted_csmi[d]);
    }
  }
  return json;
}
