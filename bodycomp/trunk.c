#include "bodycomp/trunk.h"

#include "core/itk_filter.h"
#include "core/parallel.h"
#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RAYS = 360, FILL = 40, SMOOTH = 10 };
static const double pi = 3.14159265358979323846;
static const double fat_hu = -30, lung_hu = -500;
static const double wall_least_mm = 3, wall_most_mm = 30, behind_mm = 2, loose_mm = 5;
static const double wide_mm = 1.6;
static const double spine_half_mm = 14, spine_ahead_mm = 15, body_half_mm = 16;
static const double wall_near_mm = 8, wall_far_mm = 24; /* of a vertebral body, from its middle */
static const double psoas_mm = 65, psoas_ahead_mm = 8, psoas_open_mm = 2;
static const double quadratus_mm = 95;
static const double organ_open_mm = 4;
static const double organ_share = 0.35; /* of a part, in front of the line */
static const double flank_mm = 62;      /* beside the muscles of the back */
static const double behind_beside_mm = 25, behind_deep_mm = 45;
static const double least_seen = 0.5; /* of the rays ahead: below, organs lie along the wall */
static const double bone_close_mm = 1.5;
static const double lung_share = 0.02; /* of a slice of the body */

struct slice {
  const struct volume *hu;
  struct labels *l;
  int64_t k, first; /* index of voxel (0, 0, k) */
  int64_t nx, ny;
  double dx, dy;
  double middle_x, middle_y; /* of the inside, index */
  double spine_y;            /* front of the vertebra, index */
  double centre_y;           /* of the cavity, index */
};

static int label_at(const struct slice *s, int64_t i, int64_t j) {
  return i >= 0 && j >= 0 && i < s->nx && j < s->ny ? s->l->voxels[s->first + j * s->nx + i] : 0;
}

static bool is_inside(int label) {
  return label == FASCIA_INSIDE || label == FASCIA_BONE;
}

/* Middle of the inside; false when there is none, or the slice holds lung. */
static bool measure_slice(struct slice *s) {
  double x = 0, y = 0, count = 0, lung = 0;
  for (int64_t j = 0; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++) {
      if (!is_inside(label_at(s, i, j))) continue;
      x += (double)i;
      y += (double)j;
      count++;
      double hu = (double)s->hu->voxels[s->first + j * s->nx + i];
      lung += hu < lung_hu && hu > -950; /* gas in the bowel is darker */
    }
  if (count < 1) return false;
  s->middle_x = x / count;
  s->middle_y = y / count;
  return lung < lung_share * count;
}

/* Bone in row j from `from` to `to` [mm] right of the middle (negative: left of it). */
static int64_t bone_between(const struct slice *s, int64_t j, double from, double to) {
  int64_t bone = 0, first = (int64_t)(s->middle_x + from / s->dx),
          last = (int64_t)(s->middle_x + to / s->dx);
  for (int64_t i = first; i <= last; i++) bone += label_at(s, i, j) == FASCIA_BONE;
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

/* Row of the front of the fascia above the middle. */
static bool find_centre(struct slice *s) {
  int64_t i = (int64_t)s->middle_x;
  for (int64_t j = 0; j < s->ny; j++)
    if (is_inside(label_at(s, i, j))) {
      s->centre_y = 0.5 * ((double)j + s->spine_y);
      return s->spine_y - (double)j > 20 / s->dy;
    }
  return false;
}

/* ---- the wall ---- */

/* Mean of 3 x 3 pixels in the slice; of one where they are wide. */
static double smooth_hu(const struct slice *s, double x, double y) {
  int64_t i = llround(x), j = llround(y), reach = s->dx < wide_mm ? 1 : 0;
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
    if (is_inside(label_at(s, i, j))) last = r;
  }
  return last;
}

/* From the fascia inwards: loose fat, muscle, then fat that stays. */
static double find_wall(const struct slice *s, double ux, double uy, double fascia, double step) {
  double muscle = 0, fat = 0;
  for (double depth = step; depth < wall_most_mm + loose_mm; depth += step) {
    double r = fascia - depth;
    if (r <= 0) break;
    bool is_fat = smooth_hu(s, s->middle_x + r * ux, s->centre_y + r * uy) < fat_hu;
    if (muscle < wall_least_mm && is_fat && depth > loose_mm + muscle) break;
    if (!is_fat) {
      muscle += step + fat; /* a thin layer of fat between the muscles of the wall belongs to it */
      fat = 0;
    } else if (muscle >= wall_least_mm) {
      fat += step;
      if (fat >= behind_mm) return depth - fat;
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

/* The middle of the vertebral body, where the cavity ends. */
static double back_row(const struct slice *s) {
  return s->spine_y + body_half_mm / s->dy;
}

/* Pixels of the slice that are inside, before the middle of the vertebra and within the wall. */
static void mark_cavity(struct slice *s, const struct ray rays[RAYS]) {
  double back = back_row(s);
  for (int64_t j = 0; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++) {
      int64_t v = s->first + j * s->nx + i;
      if (s->l->voxels[v] != FASCIA_INSIDE) continue;
      double x = ((double)i - s->middle_x) * s->dx, y = ((double)j - s->centre_y) * s->dy;
      int n = (int)floor(atan2(y, x) * 180 / pi + 0.5);
      const struct ray *r = &rays[(n + RAYS) % RAYS];
      bool within = sqrt(x * x + y * y) < r->fascia_mm - r->wall_mm;
      bool flank = fabs(x) > flank_mm && (double)j < s->spine_y + behind_deep_mm / s->dy;
      s->l->voxels[v] = within && ((double)j < back || flank) ? TRUNK_CAVITY : TRUNK_MUSCLE;
    }
}

/* Parts of the slice that `wanted` picks, opened by `open_mm`; 2-D. */
enum { PARTS = 128 };
typedef bool pick(const struct slice *s, int64_t i, int64_t j);

static status find_parts(struct labels **out, const struct slice *s, pick *wanted, double open_mm) {
  status st = ST_OK;
  enum { PICKED = 1 };
  struct labels *picked = NULL;
  int count = 0;
  struct geometry g = s->l->grid;
  g.nz = 1;
  TRY(labels_create(&picked, &g));
  for (int64_t j = 0; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++) picked->voxels[j * s->nx + i] = wanted(s, i, j);
  TRY(filter_grow(picked, PICKED, -open_mm, 0));
  TRY(filter_grow(picked, PICKED, open_mm, 0));
  TRY(filter_components(out, picked, 6, PARTS, NULL, &count));
done:
  labels_destroy(picked);
  return st;
}

static double rounded_hu(const struct slice *s, int64_t i, int64_t j) {
  return round((double)s->hu->voxels[s->first + j * s->nx + i]);
}

static bool is_parted(int label) {
  return label == TRUNK_CAVITY || label == TRUNK_MUSCLE;
}

/* Muscle beside the vertebra. */
static bool beside_spine(const struct slice *s, int64_t i, int64_t j) {
  double hu = rounded_hu(s, i, j);
  return is_parted(label_at(s, i, j)) && fabs((double)i - s->middle_x) * s->dx < psoas_mm &&
         (double)j > s->spine_y - psoas_ahead_mm / s->dy && (double)j < back_row(s) + 4 &&
         hu > fat_hu && hu <= 150;
}

/* Muscle of the flank behind the line: quadratus. */
static bool in_flank(const struct slice *s, int64_t i, int64_t j) {
  double hu = rounded_hu(s, i, j);
  return is_parted(label_at(s, i, j)) && fabs((double)i - s->middle_x) * s->dx < quadratus_mm &&
         (double)j >= back_row(s) && hu > fat_hu && hu <= 150;
}

/* What is no fat, in front and behind. */
static bool no_fat(const struct slice *s, int64_t i, int64_t j) {
  return is_parted(label_at(s, i, j)) && rounded_hu(s, i, j) > fat_hu;
}

/* Fat behind the line, beside the spine, no deeper than the canal. */
static bool fat_behind(const struct slice *s, int64_t i, int64_t j) {
  return label_at(s, i, j) == TRUNK_MUSCLE && rounded_hu(s, i, j) <= fat_hu &&
         fabs((double)i - s->middle_x) * s->dx > behind_beside_mm &&
         (double)j < s->spine_y + behind_deep_mm / s->dy;
}

/* Give the pixels of the kept parts a label, where they have `from`. */
static void move_parts(struct slice *s, const struct labels *parts, const bool keep[PARTS + 1],
                       int from, int to) {
  for (int64_t n = 0; n < s->nx * s->ny; n++)
    if (parts->voxels[n] && keep[parts->voxels[n]] && s->l->voxels[s->first + n] == from)
      s->l->voxels[s->first + n] = (uint16_t)to;
}

/* Muscle in the cavity (psoas, quadratus) that hangs together with the muscle behind goes there. */
static status move_muscle(struct slice *s, pick *wanted, double open_mm) {
  status st = ST_OK;
  struct labels *parts = NULL;
  bool keep[PARTS + 1] = {false};
  TRY(find_parts(&parts, s, wanted, open_mm));
  for (int64_t n = 0; n < s->nx * s->ny; n++)
    if (parts->voxels[n] && s->l->voxels[s->first + n] == TRUNK_MUSCLE)
      keep[parts->voxels[n]] = true;
  move_parts(s, parts, keep, TRUNK_CAVITY, TRUNK_MUSCLE);
done:
  labels_destroy(parts);
  return st;
}

/* Is a pixel within `reach` pixels of what lies outside the fascia? */
static bool near_fascia(const struct slice *s, int64_t i, int64_t j, int64_t reach) {
  for (int64_t b = -reach; b <= reach; b += reach)
    for (int64_t a = -reach; a <= reach; a += reach) {
      int label = label_at(s, i + a, j + b);
      if (label == FASCIA_SUBCUTANEOUS || label == FASCIA_SKIN || label == 0) return true;
    }
  return false;
}

/* An organ that reaches behind the line (a kidney) goes to the cavity whole. What touches the
 * fascia is wall, and no organ. */
static status move_organs(struct slice *s) {
  status st = ST_OK;
  struct labels *parts = NULL;
  int64_t front[PARTS + 1] = {0}, all[PARTS + 1] = {0};
  bool keep[PARTS + 1] = {false}, wall[PARTS + 1] = {false};
  const int64_t reach = (int64_t)ceil(loose_mm / s->dx);
  TRY(find_parts(&parts, s, no_fat, organ_open_mm));
  for (int64_t n = 0; n < s->nx * s->ny; n++) {
    if (!parts->voxels[n]) continue;
    all[parts->voxels[n]]++;
    front[parts->voxels[n]] += s->l->voxels[s->first + n] == TRUNK_CAVITY;
    if (near_fascia(s, n % s->nx, n / s->nx, reach)) wall[parts->voxels[n]] = true;
  }
  for (int p = 1; p <= PARTS; p++)
    keep[p] = all[p] && !wall[p] && (double)front[p] > organ_share * (double)all[p];
  move_parts(s, parts, keep, TRUNK_MUSCLE, TRUNK_CAVITY);
done:
  labels_destroy(parts);
  return st;
}

/* Fat behind the line that hangs together with the cavity's goes to it. */
static status move_fat(struct slice *s) {
  status st = ST_OK;
  struct labels *parts = NULL;
  bool keep[PARTS + 1] = {false};
  TRY(find_parts(&parts, s, fat_behind, psoas_open_mm));
  for (int64_t j = 1; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++)
      if (parts->voxels[j * s->nx + i] && label_at(s, i, j - 1) == TRUNK_CAVITY)
        keep[parts->voxels[j * s->nx + i]] = true;
  move_parts(s, parts, keep, TRUNK_MUSCLE, TRUNK_CAVITY);
done:
  labels_destroy(parts);
  return st;
}

static status part_slice(bool *parted, double *seen, struct labels *l, const struct volume *hu,
                         int64_t k) {
  status st = ST_OK;
  const struct geometry *g = &l->grid;
  struct ray rays[RAYS];
  struct slice s = {.hu = hu,
                    .l = l,
                    .k = k,
                    .first = k * g->nx * g->ny,
                    .nx = g->nx,
                    .ny = g->ny,
                    .dx = g->spacing[0],
                    .dy = g->spacing[1]};
  *parted = measure_slice(&s) && find_spine(&s) && find_centre(&s);
  if (!*parted) goto done;
  *seen = find_walls(rays, &s);
  *parted = *seen >= least_seen;
  if (!*parted) goto done;
  mark_cavity(&s, rays);
  TRY(move_muscle(&s, beside_spine, psoas_open_mm));
  TRY(move_muscle(&s, in_flank, organ_open_mm));
  TRY(move_organs(&s));
  TRY(move_fat(&s));
done:
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

status trunk_compartments(struct labels **out, struct trunk_info *info, const struct volume *hu,
                          const struct fascia_options *options) {
  status st = ST_OK;
  struct labels *l = NULL;
  struct trunk_info t = {.parted = 0};
  double seen = 0;
  TRY(fascia_compartments(&l, &t.body, hu, options));
  TRY(fill_bone(l));
  for (int64_t k = 0; k < l->grid.nz; k++) {
    bool parted = false;
    double share = 0;
    TRY(part_slice(&parted, &share, l, hu, k));
    t.parted += parted;
    t.unparted += !parted;
    if (parted) seen += share;
  }
  CHECK(t.parted > 0, ST_DOMAIN,
        "parting the trunk: no slice without lung has a vertebra in its middle");
  t.wall_seen = seen / (double)t.parted;
  TRY(labels_set_name(l, TRUNK_MUSCLE, "muscle_compartment"));
  TRY(labels_set_name(l, TRUNK_CAVITY, "abdominal_cavity"));
  if (info) *info = t;
  *out = l;
  l = NULL;
done:
  labels_destroy(l);
  return st;
}
