#include "anatomy/column.h"

#include "anatomy/box.h"
#include "anatomy/mask.h"
#include "core/body.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double step_mm = 1.5, bone_hu = 150;

void column_destroy(struct column *c) {
  if (!c) return;
  free(c->canal);
  free(c->seen);
  free(c->profile_hu);
  free(c);
}

/* ---- candidates ---- */

struct candidate {
  int64_t k;   /* slice */
  double x, y; /* LPS mm */
  /* dynamic programming */
  double cost;
  int64_t before;
};

struct candidates {
  struct candidate *items;
  int64_t count, capacity;
};

static status push(struct candidates *c, struct candidate one) {
  status st = ST_OK;
  if (c->count == c->capacity) {
    int64_t capacity = c->capacity ? 2 * c->capacity : 256;
    struct candidate *items = realloc(c->items, (size_t)capacity * sizeof *items);
    CHECK(items, ST_MEMORY, "finding the spinal canal");
    c->items = items;
    c->capacity = capacity;
  }
  c->items[c->count++] = one;
done:
  return st;
}

struct middle {
  double x, y; /* of the body [mm] */
};

/* One hole of a slice, flooded from (i, j); cleared on the way. */
static status take_hole(struct candidates *c, struct mask *holes, const struct volume *box,
                        const struct middle *m, int64_t *stack, int64_t i, int64_t j, int64_t k) {
  const double least_mm2 = 25, most_mm2 = 700, low_hu = -40, high_hu = 110, side_mm = 40,
               front_mm = 5;
  const struct geometry *g = &box->grid;
  int64_t top = 0, n = 0;
  double x = 0, y = 0, sum = 0;
  stack[top++] = geometry_index(g, i, j, k);
  holes->v[stack[0]] = 0;
  while (top) {
    int64_t at = stack[--top], p = at % g->nx, q = at / g->nx % g->ny;
    n++;
    x += (double)p;
    y += (double)q;
    sum += (double)box->voxels[at];
    const int64_t next[4] = {p > 0 ? at - 1 : -1, p + 1 < g->nx ? at + 1 : -1,
                             q > 0 ? at - g->nx : -1, q + 1 < g->ny ? at + g->nx : -1};
    for (int d = 0; d < 4; d++)
      if (next[d] >= 0 && holes->v[next[d]]) {
        holes->v[next[d]] = 0;
        stack[top++] = next[d];
      }
  }
  double area = (double)n * g->spacing[0] * g->spacing[1], mean = sum / (double)n;
  struct vec3 w = box_centre_of(g, 0, 0, k);
  struct candidate one = {
      .k = k, .x = w.x + x / (double)n * g->spacing[0], .y = w.y + y / (double)n * g->spacing[1]};
  bool good = area >= least_mm2 && area <= most_mm2 && mean >= low_hu && mean <= high_hu &&
              fabs(one.x - m->x) <= side_mm && one.y >= m->y - front_mm;
  return good ? push(c, one) : ST_OK;
}

static status find_candidates(struct candidates *c, const struct volume *box,
                              const struct middle *m) {
  const double grow_mm = 3.5;
  status st = ST_OK;
  const struct geometry *g = &box->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  struct mask bone = {0}, filled = {0};
  int64_t *stack = malloc((size_t)(g->nx * g->ny) * sizeof *stack);
  CHECK(stack, ST_MEMORY, "finding the spinal canal");
  TRY(mask_create(&bone, n));
  for (int64_t i = 0; i < mask_size(&bone); i++) bone.v[i] = (double)box->voxels[i] > bone_hu;
  TRY(mask_grow(&bone, grow_mm / step_mm));
  TRY(mask_copy(&filled, &bone));
  TRY(mask_fill(&filled, 2));
  for (int64_t i = 0; i < mask_size(&bone); i++) filled.v[i] = filled.v[i] && !bone.v[i];
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++)
        if (filled.v[geometry_index(g, i, j, k)])
          TRY(take_hole(c, &filled, box, m, stack, i, j, k));
done:
  free(stack);
  mask_free(&bone);
  mask_free(&filled);
  return st;
}

/* ---- the line ---- */

/* Cheapest chain of candidates; its last one, -1 without any. */
static int64_t join(struct candidates *c, const struct middle *m) {
  const double reward = 10, off_middle = 0.03, skipped = 0.15, free_step = 3, more_step = 0.7;
  enum { GAP = 40 };
  int64_t best = -1;
  for (int64_t n = 0; n < c->count; n++) {
    struct candidate *a = &c->items[n];
    double own = -reward + off_middle * fabs(a->x - m->x);
    a->cost = own;
    a->before = -1;
    for (int64_t p = n - 1; p >= 0 && a->k - c->items[p].k <= GAP; p--) {
      const struct candidate *b = &c->items[p];
      int64_t gap = a->k - b->k;
      double step = hypot(a->x - b->x, a->y - b->y);
      if (gap < 1 || step > free_step + more_step * (double)gap) continue;
      double cost = b->cost + own + step + skipped * (double)(gap - 1);
      if (cost >= a->cost) continue;
      a->cost = cost;
      a->before = p;
    }
    if (best < 0 || a->cost < c->items[best].cost) best = n;
  }
  return best;
}

/* Gaussian of `sigma` points along a line, ends repeated; n values `stride` apart. */
static void smooth(double *v, int n, int stride, double sigma, double *work) {
  int reach = (int)ceil(3 * sigma);
  for (int i = 0; i < n; i++) {
    double sum = 0, weight = 0;
    for (int o = -reach; o <= reach; o++) {
      int at = i + o < 0 ? 0 : i + o >= n ? n - 1 : i + o;
      double w = exp(-0.5 * o * o / (sigma * sigma));
      if (isnan(v[at * stride])) continue;
      sum += w * v[at * stride];
      weight += w;
    }
    work[i] = weight > 0 ? sum / weight : (double)NAN;
  }
  for (int i = 0; i < n; i++) v[i * stride] = work[i];
}

static status make_line(struct column *c, const struct candidates *all, int64_t last,
                        const struct geometry *g) {
  const double sigma = 8;
  status st = ST_OK;
  int64_t first = last, seen = 0;
  double *work = NULL;
  while (all->items[first].before >= 0) first = all->items[first].before;
  int64_t low = all->items[first].k;
  c->count = (int)(all->items[last].k - low + 1);
  c->canal = calloc((size_t)c->count, sizeof *c->canal);
  c->seen = calloc((size_t)c->count, sizeof *c->seen);
  c->profile_hu = calloc((size_t)c->count, sizeof *c->profile_hu);
  work = calloc((size_t)c->count, sizeof *work);
  CHECK(c->canal && c->seen && c->profile_hu && work, ST_MEMORY, "finding the spinal canal");
  for (int64_t n = last; n >= 0; n = all->items[n].before) {
    const struct candidate *a = &all->items[n];
    int64_t before = a->before >= 0 ? all->items[a->before].k : a->k;
    for (int64_t k = before; k <= a->k; k++) {
      const struct candidate *b = a->before >= 0 ? &all->items[a->before] : a;
      double t = a->k > before ? (double)(k - before) / (double)(a->k - before) : 1;
      c->canal[k - low] = vec3_make(b->x + t * (a->x - b->x), b->y + t * (a->y - b->y),
                                    box_centre_of(g, 0, 0, k).z);
    }
    c->seen[a->k - low] = 1;
    seen++;
  }
  smooth(&c->canal[0].x, c->count, 3, sigma, work);
  smooth(&c->canal[0].y, c->count, 3, sigma, work);
  c->step_mm = g->spacing[2];
  c->seen_share = (double)seen / c->count;
done:
  free(work);
  return st;
}

static void direction(struct vec3 *axis, struct vec3 *anterior, const struct column *c, int i) {
  const int span = 15;
  int a = i - span < 0 ? 0 : i - span, b = i + span >= c->count ? c->count - 1 : i + span;
  *axis = a == b ? vec3_make(0, 0, 1) : vec3_unit(vec3_sub(c->canal[b], c->canal[a]));
  struct vec3 front = vec3_make(0, -1, 0);
  *anterior = vec3_unit(vec3_along(front, -vec3_dot(front, *axis), *axis));
}

status column_at(struct vec3 *centre, struct vec3 *axis, struct vec3 *anterior,
                 const struct column *c, double z_mm) {
  status st = ST_OK;
  const double beyond_mm = 20;
  double low = c->canal[0].z, high = c->canal[c->count - 1].z;
  CHECK(z_mm >= low - beyond_mm && z_mm <= high + beyond_mm, ST_DOMAIN,
        "the spinal canal was found from z %.0f to %.0f mm, not at %.0f mm", low, high, z_mm);
  int i = (int)lround((z_mm - low) / c->step_mm);
  i = i < 0 ? 0 : i >= c->count ? c->count - 1 : i;
  direction(axis, anterior, c, i);
  *centre = vec3_along(c->canal[i], (z_mm - c->canal[i].z) / axis->z, *axis);
done:
  return st;
}

/* ---- discs ---- */

static const double plate_front_mm = 26;

static struct vec3 plate_centre(const struct column *c, int i) {
  struct vec3 axis, anterior;
  direction(&axis, &anterior, c, i);
  return vec3_along(c->canal[i], plate_front_mm, anterior);
}

static status make_profile(struct column *c, const struct volume *box) {
  const double half_width = 12.5, half_depth = 9.5, sigma = 2;
  status st = ST_OK;
  double *work = calloc((size_t)c->count, sizeof *work);
  CHECK(work, ST_MEMORY, "finding discs");
  for (int i = 0; i < c->count; i++) {
    struct vec3 axis, anterior;
    direction(&axis, &anterior, c, i);
    struct vec3 left = vec3_cross(axis, anterior), centre = plate_centre(c, i);
    double sum = 0, n = 0;
    for (double y = -half_depth; y <= half_depth; y += step_mm)
      for (double x = -half_width; x <= half_width; x += step_mm) {
        struct vec3 p = vec3_along(vec3_along(centre, x, left), y, anterior);
        double v = box_sample(box, p.x, p.y, p.z);
        if (isnan(v)) continue;
        sum += v;
        n++;
      }
    c->profile_hu[i] = n > 0 ? sum / n : (double)NAN;
  }
  smooth(c->profile_hu, c->count, 1, sigma, work);
done:
  free(work);
  return st;
}

static double highest(const struct column *c, int from, int to) {
  double best = (double)NAN;
  for (int i = from < 0 ? 0 : from; i <= to && i < c->count; i++)
    if (!(c->profile_hu[i] <= best)) best = c->profile_hu[i];
  return best;
}

static void find_discs(struct column *c) {
  const double least_hu = 25, apart_mm = 20;
  const int reach = 14;
  for (int i = 1; i + 1 < c->count && c->disc_count < COLUMN_DISCS; i++) {
    const double *p = c->profile_hu;
    if (!(p[i] <= p[i - 1] && p[i] < p[i + 1])) continue;
    double depth = fmin(highest(c, i - reach, i), highest(c, i, i + reach)) - p[i];
    if (!(depth >= least_hu)) continue;
    struct column_disc d = {plate_centre(c, i), depth};
    struct column_disc *before = c->disc_count ? &c->discs[c->disc_count - 1] : NULL;
    if (before && vec3_length(vec3_sub(d.at, before->at)) < apart_mm) {
      if (depth > before->depth_hu) *before = d;
    } else
      c->discs[c->disc_count++] = d;
  }
}

/* ---- bodies ---- */

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double seen_between(const struct column *c, double low, double high) {
  double seen = 0, n = 0;
  for (int i = 0; i < c->count; i++)
    if (c->canal[i].z >= low && c->canal[i].z <= high) {
      seen += c->seen[i];
      n++;
    }
  return n > 0 ? seen / n : 0;
}

static void find_bodies(struct column *c) {
  const double least_mm = 20, most_mm = 50, deep_hu = 50;
  double heights[COLUMN_DISCS];
  for (int i = 0; i + 1 < c->disc_count; i++) {
    const struct column_disc *a = &c->discs[i], *b = &c->discs[i + 1];
    double apart = vec3_length(vec3_sub(b->at, a->at));
    if (apart < least_mm || apart > most_mm) continue;
    struct column_body *body = &c->bodies[c->body_count];
    *body = (struct column_body){vec3_scale(vec3_add(a->at, b->at), 0.5), apart, 1};
    body->confidence = fmin(1, fmin(a->depth_hu, b->depth_hu) / deep_hu);
    body->confidence = fmin(body->confidence, seen_between(c, a->at.z, b->at.z));
    heights[c->body_count++] = apart;
  }
  if (!c->body_count) return;
  qsort(heights, (size_t)c->body_count, sizeof *heights, compare);
  double median = heights[c->body_count / 2];
  for (int i = 0; i < c->body_count; i++) {
    struct column_body *b = &c->bodies[i];
    b->confidence = fmin(b->confidence, fmax(0, 1 - 2 * fabs(b->height_mm / median - 1)));
  }
}

static void judge(struct column *c) {
  const double least_share = 0.15, least_mm = 60, sure = 0.4;
  int good = 0;
  for (int i = 0; i < c->body_count; i++) good += c->bodies[i].confidence >= sure;
  double length = c->count * c->step_mm;
  if (c->seen_share < least_share)
    snprintf(c->reason, sizeof c->reason,
             "the canal was seen in %.0f %% of its slices, at least 15 %% are needed",
             100 * c->seen_share);
  else if (length < least_mm)
    snprintf(c->reason, sizeof c->reason, "the canal is %.0f mm long, at least 60 mm are needed",
             length);
  else if (good < 2)
    snprintf(c->reason, sizeof c->reason,
             "%d bodies between discs with a confidence of 0.4 or more, at least 2 are needed",
             good);
}

/* ---- all of it ---- */

static status body_middle(struct middle *m, const struct volume *box) {
  status st = ST_OK;
  struct labels *body = NULL;
  double n = 0;
  const struct geometry *g = &box->grid;
  *m = (struct middle){0, 0};
  TRY(body_find(&body, NULL, box));
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        if (body->voxels[geometry_index(g, i, j, k)] != LABEL_BODY) continue;
        struct vec3 w = box_centre_of(g, i, j, k);
        m->x += w.x;
        m->y += w.y;
        n++;
      }
  m->x /= n;
  m->y /= n;
done:
  labels_destroy(body);
  return st;
}

status column_find(struct column **out, const struct volume *hu) {
  const double sigma_mm = 0.8;
  status st = ST_OK;
  struct column *c = calloc(1, sizeof *c);
  struct volume *filled = NULL, *box = NULL;
  struct candidates all = {0};
  struct middle middle;
  CHECK(c, ST_MEMORY, "finding the spine");
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "finding the spine: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  TRY(volume_copy(&filled, hu));
  volume_fill_no_data(filled, -1000);
  TRY(box_coarse(&box, filled, step_mm, -1000, 1500));
  TRY(body_middle(&middle, box));
  TRY(box_gaussian(box, sigma_mm));
  TRY(find_candidates(&all, box, &middle));
  int64_t last = join(&all, &middle);
  CHECK(last >= 0, ST_DOMAIN, "finding the spine: no hole in bone looks like a spinal canal");
  TRY(make_line(c, &all, last, &box->grid));
  TRY(make_profile(c, box));
  find_discs(c);
  find_bodies(c);
  judge(c);
  *out = c;
  c = NULL;
done:
  column_destroy(c);
  free(all.items);
  volume_destroy(filled);
  volume_destroy(box);
  return st;
}
