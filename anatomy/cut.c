#include "anatomy/cut.h"

#include "anatomy/box.h"
#include "anatomy/max_flow.h"
#include "core/body.h"
#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

enum { FREE, FEMUR, REST };          /* seeds */
static const double SHARP_RIM = 0.5; /* mm; the head's surface is known well enough to hold to it */

static const double CROSSED = 1.5; /* radii of the section: the shaft of a bent, crossed leg */

enum { SCALE = 10000, PASSES = 3 }; /* costs are integers of 1 / SCALE */

struct scene {            /* what one cut needs; borrowed */
  const struct volume *g; /* smoothed HU */
  const struct mask *candidate;
  const struct head_fit *head;
  const struct shaft *shaft;
  double tau;
  struct vec3 neck;  /* unit, to the head */
  struct vec3 troch; /* end of the neck path */
  uint8_t *seed;     /* [voxels] */
  int32_t *node;     /* [voxels], node of a free voxel */
};

/* ---- seeds ---- */

static double path_distance(struct vec3 p, struct vec3 a, struct vec3 b) {
  struct vec3 ab = vec3_sub(b, a), ap = vec3_sub(p, a);
  double t = fmin(fmax(vec3_dot(ap, ab) / vec3_dot(ab, ab), 0), 1);
  return vec3_length(vec3_along(ap, -t, ab));
}

static double shaft_radius(const struct scene *s, int64_t k) {
  return s->shaft->present ? sqrt(s->shaft->area_mm2[k] / 3.14159265358979323846) : 0;
}

static double from_shaft(const struct scene *s, struct vec3 p) {
  struct vec3 c = shaft_at(s->shaft, p.z);
  return hypot(p.x - c.x, p.y - c.y);
}

static int shaft_seed(const struct scene *s, struct vec3 p, int64_t k, float hu) {
  double radius = shaft_radius(s, k);
  if (radius <= 0) return FREE;
  double d = from_shaft(s, p);
  if (d < 0.8 * radius) return FEMUR;
  double medial = (p.x - shaft_at(s->shaft, p.z).x) * (double)s->head->side;
  return hu > 250 && medial > 0 && d > 1.9 * radius + 6 ? REST : FREE;
}

/* The first rule that applies. lat: lateral of the head, up: above it, dn: along the neck. */
static int seed_of(const struct scene *s, struct vec3 p, int64_t k, float hu, int bone) {
  const struct head_fit *h = s->head;
  double R = h->radius_mm;
  struct vec3 d = vec3_sub(p, h->centre);
  double r = vec3_length(d), dn = vec3_dot(d, s->neck);
  double lat = -d.x * (double)h->side, up = d.z;
  if (r < R - 2.5) return FEMUR;
  if (!bone && r > R + 1) return REST;
  bool beyond = r > R + (h->rim_rms_mm < SHARP_RIM ? 1.5 : 2.5);
  if (beyond && dn > -0.26 * r && (r < R + 12 || dn > 0)) return REST; /* only the neck cone */
  if (lat < -(R + 2.5) || up > R + 2.5) return REST;
  /* the roof of the joint; within 53 degrees (cosine 0.6) of the line from the head down the neck a
   * trochanter may stand as high */
  if (beyond && up > 0.3 * R && lat < R + 8 && dn > -0.6 * r) return REST;
  if (up < -R - 4 && lat < -5 && from_shaft(s, p) > CROSSED * shaft_radius(s, k)) return REST;
  if (hu > 220 && lat > 0.9 * R && up < 5) return FEMUR; /* no pelvic bone lies there */
  if (path_distance(p, h->centre, s->troch) < 7) return FEMUR;
  return shaft_seed(s, p, k, hu);
}

static int32_t place_seeds(struct scene *s) {
  const struct geometry *g = &s->g->grid;
  int32_t nodes = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        int seed = seed_of(s, box_centre_of(g, i, j, k), k, s->g->voxels[at], s->candidate->v[at]);
        s->seed[at] = (uint8_t)seed;
        s->node[at] = seed == FREE ? nodes++ : -1;
      }
  return nodes;
}

/* ---- costs ---- */

/* Cost of p femur, q rest; a before p and b after q on the same line (p, q at the box's faces). */
static int32_t edge_cost(float a, float p, float q, float b, double spacing, double tau) {
  double near = (double)p - (double)q, wide = 1.2 * ((double)a - (double)b) / 3;
  double fall = fmax(near, wide) / spacing;
  return fall <= 0 ? SCALE : (int32_t)lround(SCALE * (exp(-fall / tau) + 0.01));
}

static void add_terminals(struct max_flow *flow, const struct scene *s, int64_t at, struct vec3 p) {
  struct vec3 d = vec3_sub(p, s->head->centre);
  double r = vec3_length(d), R = s->head->radius_mm;
  double femur = r < R ? 0.2 * (R - r) : 0; /* cost of calling it rest */
  double rest = r > R && vec3_dot(d, s->neck) > 0 ? 0.15 * (r - R) : 0;
  if (s->g->voxels[at] < 60) rest += 0.02;
  max_flow_terminal(flow, s->node[at], (int32_t)lround(SCALE * femur),
                    (int32_t)lround(SCALE * rest));
}

/* The pair of neighbours at and at + stride, of which at least one is free. */
static void add_pair(struct max_flow *flow, const struct scene *s, int64_t at, int64_t stride,
                     int has_before, int has_after) {
  const float *v = s->g->voxels;
  int64_t q = at + stride;
  float a = v[has_before ? at - stride : at], b = v[has_after ? q + stride : q];
  double step = s->g->grid.spacing[0];
  int32_t forward = edge_cost(a, v[at], v[q], b, step, s->tau);
  int32_t backward = edge_cost(b, v[q], v[at], a, step, s->tau);
  if (s->node[at] >= 0 && s->node[q] >= 0)
    max_flow_edge(flow, s->node[at], s->node[q], forward, backward);
  else if (s->node[at] >= 0)
    max_flow_terminal(flow, s->node[at], s->seed[q] == FEMUR ? backward : 0,
                      s->seed[q] == REST ? forward : 0);
  else
    max_flow_terminal(flow, s->node[q], s->seed[at] == FEMUR ? forward : 0,
                      s->seed[at] == REST ? backward : 0);
}

static void build_graph(struct max_flow *flow, const struct scene *s) {
  const struct geometry *g = &s->g->grid;
  int64_t n[3] = {g->nx, g->ny, g->nz}, stride[3] = {1, g->nx, g->nx * g->ny};
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k), index[3] = {i, j, k};
        if (s->node[at] >= 0) add_terminals(flow, s, at, box_centre_of(g, i, j, k));
        for (int a = 0; a < 3; a++) {
          if (index[a] + 1 >= n[a]) continue;
          if (s->node[at] < 0 && s->node[at + stride[a]] < 0) continue;
          add_pair(flow, s, at, stride[a], index[a] > 0, index[a] + 2 < n[a]);
        }
      }
}

static status cut_once(struct mask *label, struct scene *s) {
  status st = ST_OK;
  struct max_flow *flow = NULL;
  int64_t n = geometry_voxels(&s->g->grid);
  int32_t nodes = place_seeds(s);
  TRY(max_flow_create(&flow, nodes > 0 ? nodes : 1, 3 * (int64_t)nodes));
  build_graph(flow, s);
  max_flow_solve(flow);
  for (int64_t i = 0; i < n; i++)
    label->v[i] =
        s->node[i] >= 0 ? max_flow_on_source(flow, s->node[i]) : (uint8_t)(s->seed[i] == FEMUR);
done:
  max_flow_destroy(flow);
  return st;
}

/* ---- neck direction ---- */

static void start_path(struct scene *s) {
  struct vec3 h = s->head->centre;
  struct vec3 typical = vec3_unit(vec3_make(0.78 * (double)s->head->side, -0.2, 0.59));
  s->neck = typical;
  s->troch = vec3_along(h, -45, typical);
  if (!s->shaft->present || s->shaft->tracked_mm < 25) return;
  struct vec3 u = vec3_unit(vec3_make(s->shaft->dx, s->shaft->dy, 1));
  struct vec3 to = vec3_sub(h, s->shaft->at);
  double d = vec3_length(vec3_along(to, -vec3_dot(to, u), u));
  if (d < 20 || d > 75) return;
  s->troch = shaft_at(s->shaft, h.z - 0.7 * d);
  s->neck = vec3_unit(vec3_sub(h, s->troch));
}

/* Direction of the label's voxels just beyond the head, turned towards the head. */
static struct vec3 seen_neck(const struct scene *s, const struct mask *label) {
  const struct geometry *g = &s->g->grid;
  double R = s->head->radius_mm;
  struct vec3 sum = vec3_make(0, 0, 0);
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        if (!label->v[geometry_index(g, i, j, k)]) continue;
        struct vec3 d = vec3_sub(box_centre_of(g, i, j, k), s->head->centre);
        double r = vec3_length(d);
        if (r > R + 1 && r < R + 8) sum = vec3_along(sum, -1 / r, d);
      }
  return vec3_length(sum) > 0 ? vec3_unit(sum) : s->neck;
}

static status cut_passes(struct mask *label, struct scene *s, int *passes) {
  status st = ST_OK;
  start_path(s);
  for (*passes = 1;; ++*passes) {
    TRY(cut_once(label, s));
    struct vec3 neck = seen_neck(s, label);
    double turn = vec3_angle_deg(neck, s->neck);
    double length = fmin(vec3_length(vec3_sub(s->head->centre, s->troch)), 40);
    if (turn <= 6 || *passes == PASSES) {
      s->neck = neck;
      break;
    }
    s->neck = neck;
    s->troch = vec3_along(s->head->centre, -length, neck);
  }
done:
  return st;
}

/* ---- clean-up ---- */

static status fill_faces(struct mask *m) {
  status st = ST_OK;
  for (int a = 0; a < 3; a++) {
    TRY(mask_fill_slice(m, a, 0));
    TRY(mask_fill_slice(m, a, m->n[a] - 1));
  }
  TRY(mask_fill(m, -1)); /* in 3-D, so a notch that closes in one slice only stays open */
done:
  return st;
}

static status smooth_mask(struct volume **field, const struct mask *m, const struct volume *like) {
  status st = ST_OK;
  struct volume *f = NULL;
  struct mask big = {{0}, NULL};
  TRY(volume_create(&f, &like->grid, QUANTITY_PROBABILITY));
  for (int64_t i = 0, n = mask_size(m); i < n; i++) f->voxels[i] = (float)m->v[i];
  TRY(box_gaussian(f, 0.9));
  TRY(mask_create(&big, m->n));
  for (int64_t i = 0, n = mask_size(m); i < n; i++) big.v[i] = f->voxels[i] >= 0.5F;
  TRY(mask_keep_largest(&big, NULL));
  TRY(mask_grow(&big, 3));
  for (int64_t i = 0, n = mask_size(m); i < n; i++)
    if (!big.v[i]) f->voxels[i] = 0;
  *field = f;
  f = NULL;
done:
  volume_destroy(f);
  mask_free(&big);
  return st;
}

static status clean_up(struct volume **field, struct mask *label, const struct volume *like) {
  status st = ST_OK;
  struct mask core = {{0}, NULL};
  double step = like->grid.spacing[0];
  TRY(mask_copy(&core, label));
  TRY(mask_grow(&core, -1.6 / step)); /* thin bridges go */
  TRY(mask_keep_largest(&core, NULL));
  TRY(mask_grow(&core, 2.6 / step));
  for (int64_t i = 0, n = mask_size(label); i < n; i++) label->v[i] = label->v[i] && core.v[i];
  TRY(fill_faces(label));
  TRY(smooth_mask(field, label, like));
done:
  mask_free(&core);
  return st;
}

static status soft_share(double *share, const struct volume *field, const struct volume *hu) {
  status st = ST_OK;
  struct mask inside = {{0}, NULL}, deep = {{0}, NULL};
  int64_t soft = 0, all = 0, n = geometry_voxels(&hu->grid);
  TRY(mask_create(&inside, (int64_t[3]){hu->grid.nx, hu->grid.ny, hu->grid.nz}));
  for (int64_t i = 0; i < n; i++) inside.v[i] = field->voxels[i] >= 0.5F;
  TRY(mask_copy(&deep, &inside));
  TRY(mask_grow(&deep, -2 / hu->grid.spacing[0]));
  for (int64_t i = 0; i < n; i++)
    if (inside.v[i] && !deep.v[i]) {
      all++;
      soft += hu->voxels[i] < 40;
    }
  *share = all ? (double)soft / (double)all : 1;
done:
  mask_free(&inside);
  mask_free(&deep);
  return st;
}

status cut_femur(struct cut_result *out, const struct volume *box, const struct geometry *scan,
                 const struct head_fit *head, double tau) {
  status st = ST_OK;
  struct volume *g = NULL;
  struct mask candidate = {{0}, NULL}, label = {{0}, NULL};
  struct cut_result r = {.field = NULL};
  int64_t n = geometry_voxels(&box->grid);
  struct scene s = {.head = head, .tau = tau};
  s.seed = malloc((size_t)n);
  s.node = malloc((size_t)n * sizeof *s.node);
  CHECK(s.seed && s.node, ST_MEMORY, "femur cut: out of memory for %lld voxels", (long long)n);
  TRY(volume_copy(&g, box));
  for (int64_t i = 0; i < n; i++) g->voxels[i] = fminf(fmaxf(g->voxels[i], -200), 1500);
  TRY(box_gaussian(g, 0.7));
  TRY(shaft_bone_candidate(&candidate, g));
  TRY(shaft_track(&r.shaft, g, head));
  TRY(mask_create(&label, candidate.n));
  s.g = g;
  s.candidate = &candidate;
  s.shaft = &r.shaft;
  TRY(cut_passes(&label, &s, &r.passes));
  r.neck = s.neck;
  TRY(clean_up(&r.field, &label, g));
  double at = box_sample(r.field, head->centre.x, head->centre.y, head->centre.z);
  CHECK(at >= 0.5, ST_NUMERIC, "femur cut: the largest piece does not hold the head centre");
  TRY(soft_share(&r.soft_share, r.field, g));
  int across = geometry_axis_nearest(scan, 2);
  TRY(refine_surface(r.field, box, geometry_axis(scan, across), scan->spacing[across], &r.refined));
  *out = r;
  memset(&r, 0, sizeof r);
done:
  cut_free(&r);
  free(s.seed);
  free(s.node);
  volume_destroy(g);
  mask_free(&candidate);
  mask_free(&label);
  return st;
}

void cut_free(struct cut_result *r) {
  volume_destroy(r->field);
  r->field = NULL;
  shaft_free(&r->shaft);
}
