#include "bodycomp/trunk_slice.h"
#include "core/filter.h"
#include "core/parallel.h"
#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RAYS = 360, FILL = 40, SMOOTH = 10 };
static const double lung_hu = -500;
static const double pi = 3.14159265358979323846;
static const double wall_least_mm = 3, wall_most_mm = 30, behind_mm = 2;
static const double spine_half_mm = 14, spine_ahead_mm = 15;
static const double wall_near_mm = 8, wall_far_mm = 24; /* of a vertebral body, from its middle */
static const double canal_last_mm = 60, canal_least_mm = 6, canal_most_mm = 25, canal_half_mm = 10;
static const double least_seen = 0.5; /* of the rays ahead: below, organs lie along the wall */
static const double least_seen_known = 0.2; /* organs that lie along it are known */
static const double bone_close_mm = 1.5;
static const double lung_share = 0.02; /* of the back half of a slice */

static bool is_inside(int label) {
  return label == FASCIA_INSIDE || label == FASCIA_BONE;
}

/* Share of lung in the back half of the inside. Gas in the bowel rises to the front, and lung
 * reaches lowest behind. */
static double lung_behind(const struct slice *s) {
  double lung = 0, count = 0;
  for (int64_t j = (int64_t)s->middle_y; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++) {
      if (!is_inside(slice_label(s, i, j))) continue;
      double hu = (double)s->hu->voxels[s->first + j * s->nx + i];
      lung += hu < lung_hu && hu > -950; /* gas is darker */
      count++;
    }
  return count > 0 ? lung / count : 0;
}

/* Middle of the inside; false when there is none, or the slice holds lung. */
static bool measure_slice(struct slice *s) {
  double x = 0, y = 0, count = 0;
  for (int64_t j = 0; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++) {
      if (!is_inside(slice_label(s, i, j))) continue;
      x += (double)i;
      y += (double)j;
      count++;
    }
  if (count < 1) return false;
  s->middle_x = x / count;
  s->middle_y = y / count;
  return lung_behind(s) < lung_share;
}

/* Bone in row j from `from` to `to` [mm] right of the middle (negative: left of it). */
static int64_t bone_between(const struct slice *s, int64_t j, double from, double to) {
  int64_t bone = 0, first = (int64_t)(s->middle_x + from / s->dx),
          last = (int64_t)(s->middle_x + to / s->dx);
  for (int64_t i = first; i <= last; i++) bone += slice_label(s, i, j) == FASCIA_BONE;
  return bone;
}

/* First row, going back, whose middle is bone, or that has the walls of a body on both sides. */
static bool find_spine(struct slice *s) {
  int64_t from = (int64_t)(s->middle_y - spine_ahead_mm / s->dy);
  double half = spine_half_mm;
  for (int64_t j = from < 0 ? 0 : from; j < s->ny; j++) {
    bool solid = (double)bone_between(s, j, -half, half) * s->dx > half;
    bool walls = bone_between(s, j, -wall_far_mm, -wall_near_mm) > 0 &&
                 bone_between(s, j, wall_near_mm, wall_far_mm) > 0;
    if (solid || walls) {
      s->spine_y = (double)j;
      return true;
    }
  }
  return false;
}

/* Index x of the middle of the vertebra. */
static int64_t spine_middle(const struct slice *s) {
  double x = 0, count = 0;
  int64_t half = (int64_t)(wall_far_mm / s->dx), middle = (int64_t)s->middle_x;
  for (int64_t j = (int64_t)s->spine_y; j < (int64_t)(s->spine_y + 2 * TRUNK_BODY_HALF / s->dy);
       j++)
    for (int64_t i = middle - half; i <= middle + half; i++)
      if (slice_label(s, i, j) == FASCIA_BONE) {
        x += (double)i;
        count++;
      }
  return count > 0 ? llround(x / count) : middle;
}

/* The marrow between the walls of the body belongs to it, though its back may be open. */
static void fill_body(struct slice *s, int64_t i0) {
  const int64_t wide = (int64_t)(wall_far_mm / s->dx);
  for (int64_t j = (int64_t)s->spine_y; j < (int64_t)(s->spine_y + 2 * TRUNK_BODY_HALF / s->dy);
       j++) {
    int64_t left = i0 - wide, right = i0 + wide;
    while (left < i0 && slice_label(s, left, j) != FASCIA_BONE) left++;
    while (right > i0 && slice_label(s, right, j) != FASCIA_BONE) right--;
    for (int64_t i = left; left < i0 && right > i0 && i <= right; i++)
      if (slice_label(s, i, j) == FASCIA_INSIDE)
        s->l->voxels[s->first + j * s->nx + i] = FASCIA_BONE;
  }
}

/* The canal counts with the bone around it: the gap between body and arch where the arch is seen in
 * the middle, though it may be open at the sides. */
static void mark_canal(struct slice *s, int64_t i0) {
  int64_t from = -1, to = -1;
  int64_t first = (int64_t)(s->spine_y + TRUNK_BODY_HALF / s->dy);
  int64_t last = (int64_t)(s->spine_y + canal_last_mm / s->dy);
  for (int64_t j = first; j <= last && to < 0; j++) {
    bool bone = slice_label(s, i0, j) == FASCIA_BONE;
    if (!bone && from < 0) from = j;
    if (!bone || from < 0) continue;
    double deep = (double)(j - from) * s->dy;
    if (deep >= canal_least_mm && deep <= canal_most_mm) to = j;
    from = to < 0 ? -1 : from;
  }
  if (to < 0) return;
  double middle = 0.5 * (double)(from + to - 1), half = 0.5 * (double)(to - from);
  int64_t wide = (int64_t)(canal_half_mm / s->dx);
  for (int64_t j = from; j < to; j++)
    for (int64_t i = i0 - wide; i <= i0 + wide; i++) {
      double u = (double)(i - i0) * s->dx / canal_half_mm, v = ((double)j - middle) / half;
      if (slice_label(s, i, j) == FASCIA_INSIDE && u * u + v * v <= 1)
        s->l->voxels[s->first + j * s->nx + i] = FASCIA_BONE;
    }
}

/* Row of the front of the fascia above the middle. */
static bool find_centre(struct slice *s) {
  int64_t i = (int64_t)s->middle_x;
  for (int64_t j = 0; j < s->ny; j++)
    if (is_inside(slice_label(s, i, j))) {
      s->centre_y = 0.5 * ((double)j + s->spine_y);
      return s->spine_y - (double)j > 20 / s->dy;
    }
  return false;
}

/* ---- the wall ---- */

/* Mean of 3 x 3 pixels in the slice; of one where they are wide. */
static double smooth_hu(const struct slice *s, double x, double y) {
  int64_t i = llround(x), j = llround(y), reach = s->dx < trunk_wide_mm ? 1 : 0;
  double sum = 0;
  int count = 0;
  for (int64_t b = j - reach; b <= j + reach; b++)
    for (int64_t a = i - reach; a <= i + reach; a++) {
      if (a < 0 || b < 0 || a >= s->nx || b >= s->ny) continue;
      double hu = (double)s->hu->voxels[s->first + b * s->nx + a];
      if (isnan(hu)) continue;
      sum += hu;
      count++;
    }
  return count ? sum / count : (double)NAN;
}

struct ray {
  double fascia_mm; /* from the centre */
  double wall_mm;   /* NaN: not seen */
};

static void ray_step(const struct slice *s, int degree, double *ux, double *uy) {
  double angle = degree * pi / 180;
  *ux = cos(angle) / s->dx;
  *uy = sin(angle) / s->dy;
}

static double find_fascia(const struct slice *s, double ux, double uy, double step) {
  double last = 0, most = (double)(s->nx + s->ny) * fmax(s->dx, s->dy);
  for (double r = 0; r < most; r += step) {
    int64_t i = llround(s->middle_x + r * ux), j = llround(s->centre_y + r * uy);
    if (i < 0 || j < 0 || i >= s->nx || j >= s->ny) break;
    if (is_inside(slice_label(s, i, j))) last = r;
  }
  return last;
}

static bool is_organ(const struct slice *s, double x, double y) {
  int64_t i = llround(x), j = llround(y);
  return i >= 0 && j >= 0 && i < s->nx && j < s->ny && slice_known(s, i, j) == TRUNK_CAVITY;
}

/* From the fascia inwards: loose fat, muscle, then fat that stays. */
static double find_wall(const struct slice *s, double ux, double uy, double fascia, double step) {
  double muscle = 0, fat = 0;
  for (double depth = step; depth < wall_most_mm + TRUNK_LOOSE; depth += step) {
    double r = fascia - depth;
    if (r <= 0) break;
    double x = s->middle_x + r * ux, y = s->centre_y + r * uy;
    bool is_fat = is_organ(s, x, y) || smooth_hu(s, x, y) < TRUNK_FAT_HU;
    if (muscle < wall_least_mm && is_fat && depth > TRUNK_LOOSE + muscle) break;
    if (!is_fat) {
      muscle += step + fat; /* a thin layer of fat between the muscles of the wall belongs to it */
      fat = 0;
    } else if (muscle >= wall_least_mm) {
      fat += step;
      if (fat >= behind_mm) return depth - fat + 0.5 * step; /* the edge lies between two steps */
    }
  }
  return (double)NAN;
}

static double median_around(const struct ray rays[RAYS], int ray, int reach) {
  double list[2 * FILL + 1];
  int count = 0;
  for (int n = -reach; n <= reach; n++) {
    double w = rays[(ray + n + RAYS) % RAYS].wall_mm;
    if (!isnan(w)) list[count++] = w;
  }
  return count ? stat_median(list, count) : (double)NAN;
}

/* Thickness of the wall on every ray; returns the share that was seen. */
static double find_walls(struct ray rays[RAYS], const struct slice *s) {
  const double step = 0.5 * fmin(s->dx, s->dy);
  struct ray raw[RAYS];
  int seen = 0, front = 0;
  for (int n = 0; n < RAYS; n++) {
    double ux, uy;
    ray_step(s, n, &ux, &uy);
    raw[n].fascia_mm = find_fascia(s, ux, uy, step);
    raw[n].wall_mm = find_wall(s, ux, uy, raw[n].fascia_mm, step);
    bool ahead = uy <= 0;
    front += ahead;
    seen += ahead && !isnan(raw[n].wall_mm);
  }
  memcpy(rays, raw, sizeof raw);
  for (int n = 0; n < RAYS; n++)
    if (isnan(raw[n].wall_mm)) rays[n].wall_mm = median_around(raw, n, FILL);
  memcpy(raw, rays, sizeof raw);
  for (int n = 0; n < RAYS; n++) {
    double w = median_around(raw, n, SMOOTH);
    rays[n].wall_mm = isnan(w) ? 0 : w;
  }
  return (double)seen / front;
}

/* ---- parting ---- */

/* Pixels of the slice that are inside, before the middle of the vertebra and within the wall. */
static void mark_cavity(struct slice *s, const struct ray rays[RAYS]) {
  double back = slice_back(s);
  for (int64_t j = 0; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++) {
      int64_t v = s->first + j * s->nx + i;
      if (s->l->voxels[v] != FASCIA_INSIDE) continue;
      double x = ((double)i - s->middle_x) * s->dx, y = ((double)j - s->centre_y) * s->dy;
      int n = (int)floor(atan2(y, x) * 180 / pi + 0.5);
      const struct ray *r = &rays[(n + RAYS) % RAYS];
      bool within = sqrt(x * x + y * y) < r->fascia_mm - r->wall_mm;
      bool flank = fabs(x) > TRUNK_FLANK && (double)j < s->spine_y + TRUNK_DEEP / s->dy;
      s->l->voxels[v] = within && ((double)j < back || flank) ? TRUNK_CAVITY : TRUNK_MUSCLE;
    }
}

static status part_slice(bool *parted, double *seen, struct labels *l, const struct volume *hu,
                         const struct labels *known, int64_t k) {
  status st = ST_OK;
  const struct geometry *g = &l->grid;
  struct ray rays[RAYS];
  struct slice s = {.hu = hu,
                    .known = known,
                    .l = l,
                    .k = k,
                    .first = k * g->nx * g->ny,
                    .nx = g->nx,
                    .ny = g->ny,
                    .dx = g->spacing[0],
                    .dy = g->spacing[1]};
  int cavity = known ? labels_value(known, "abdominal_cavity") : 0;
  if (cavity) {
    *parted = slice_part_by_cavity(&s, cavity);
    *seen = 1;
    goto done;
  }
  *parted = measure_slice(&s) && find_spine(&s) && find_centre(&s);
  if (!*parted) goto done;
  *seen = find_walls(rays, &s);
  *parted = *seen >= (known ? least_seen_known : least_seen);
  if (!*parted) goto done;
  int64_t spine_x = spine_middle(&s);
  fill_body(&s, spine_x);
  mark_canal(&s, spine_x);
  mark_cavity(&s, rays);
  TRY(slice_sort_parts(&s));
  slice_mark_known(&s);
done:
  return st;
}

/* All slices, which do not know of each other. */
static status part_slices(struct trunk_info *t, struct labels *l, const struct volume *hu,
                          const struct labels *known) {
  status st = ST_OK;
  const int64_t nz = l->grid.nz;
  int failed = 0;
  double *seen = malloc((size_t)nz * sizeof *seen); /* NaN: not parted */
  CHECK(seen, ST_MEMORY, "parting %lld slices of the trunk", (long long)nz);
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = 0; k < nz; k++) {
    bool parted = false;
    if (part_slice(&parted, &seen[k], l, hu, known, k) != ST_OK) {
#pragma omp atomic write
      failed = 1;
    }
    if (!parted) seen[k] = (double)NAN;
  }
  CHECK(!failed, ST_MEMORY, "parting %lld slices of the trunk", (long long)nz);
  t->wall_seen = 0;
  for (int64_t k = 0; k < nz; k++) {
    t->parted += !isnan(seen[k]);
    t->wall_seen += isnan(seen[k]) ? 0 : seen[k];
  }
  t->unparted = nz - t->parted;
  t->wall_seen /= (double)t->parted;
done:
  free(seen);
  return st;
}

/* The marrow of a vertebra belongs to it: what bone encloses in a slice is bone. */
static status fill_bone(struct labels *l) {
  status st = ST_OK;
  struct labels *bone = NULL;
  int64_t n = geometry_voxels(&l->grid);
  TRY(labels_create(&bone, &l->grid));
  for (int64_t v = 0; v < n; v++) bone->voxels[v] = l->voxels[v] == FASCIA_BONE;
  TRY(filter_grow(bone, 1, bone_close_mm, 0));
  TRY(filter_fill_holes(bone, 1, 2));
  TRY(filter_grow(bone, 1, -bone_close_mm, 0));
  for (int64_t v = 0; v < n; v++)
    if (bone->voxels[v] && l->voxels[v] == FASCIA_INSIDE) l->voxels[v] = FASCIA_BONE;
done:
  labels_destroy(bone);
  return st;
}

static status part_trunk(struct labels **out, struct trunk_info *info, const struct volume *hu,
                         const struct labels *known, const struct fascia_options *options) {
  status st = ST_OK;
  struct labels *l = NULL;
  struct trunk_info t = {.parted = 0};
  TRY(fascia_compartments(&l, &t.body, hu, options));
  TRY(fill_bone(l));
  if (known) trunk_mark_known(l, known);
  TRY(part_slices(&t, l, hu, known));
  CHECK(t.parted > 0, ST_DOMAIN,
        "parting the trunk: no slice without lung has a vertebra in its middle");
  TRY(labels_set_name(l, TRUNK_MUSCLE, "muscle_compartment"));
  TRY(labels_set_name(l, TRUNK_CAVITY, "abdominal_cavity"));
  if (info) *info = t;
  *out = l;
  l = NULL;
done:
  labels_destroy(l);
  return st;
}

/* The labels of slices `first` and on, on the grid of all. */
static status among_all_slices(struct labels **out, const struct labels *l, int64_t first,
                               const struct geometry *g) {
  status st = ST_OK;
  struct labels *all = NULL;
  TRY(labels_create(&all, g));
  memcpy(all->voxels + first * g->nx * g->ny, l->voxels,
         (size_t)geometry_voxels(&l->grid) * sizeof *l->voxels);
  for (size_t i = 0; i < l->name_count; i++)
    TRY(labels_set_name(all, l->names[i].value, l->names[i].name));
  *out = all;
  all = NULL;
done:
  labels_destroy(all);
  return st;
}

/* Slices without a scan at the ends are left out: closing in 3-D would take them for air that the
 * body ends at, and its last slices for fat. */
status trunk_compartments(struct labels **out, struct trunk_info *info, const struct volume *hu,
                          const struct labels *known, const struct fascia_options *options) {
  status st = ST_OK;
  struct volume *scanned = NULL;
  struct labels *some = NULL, *l = NULL;
  const struct geometry *g = &hu->grid;
  int64_t low[3], high[3];
  if (known) TRY(geometry_match(g, "image", &known->grid, "labels", 1e-3));
  volume_scanned_box(hu, low, high);
  if (low[2] == 0 && high[2] == g->nz - 1) return part_trunk(out, info, hu, known, options);
  low[0] = low[1] = 0;
  high[0] = g->nx - 1;
  high[1] = g->ny - 1;
  TRY(filter_crop(&scanned, hu, low, high));
  if (known) TRY(filter_crop_labels(&some, known, low, high));
  TRY(part_trunk(&l, info, scanned, some, options));
  TRY(among_all_slices(out, l, low[2], g));
done:
  volume_destroy(scanned);
  labels_destroy(some);
  labels_destroy(l);
  return st;
}
