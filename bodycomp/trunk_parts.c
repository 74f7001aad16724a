/* Muscles and organs of a slice of the trunk that the straight line of trunk.c cuts wrongly. */
#include "bodycomp/pieces.h"
#include "bodycomp/trunk_slice.h"
#include "core/filter.h"

static const double psoas_mm = 65, psoas_ahead_mm = 8, psoas_open_mm = 2;
static const double vessels_mm = 20; /* before the vertebra, no psoas */
static const double quadratus_mm = 95;
static const double organ_open_mm = 4, organ_thick_mm = 6;
static const double kidney_mm2 = 1000, kidney_beside_mm = 55, kidney_behind_mm = 38;
static const double kidney_neck = 0.9; /* of its depth: shallower, another organ or muscle begins */
static const double behind_beside_mm = 25, flank_deep_mm = 80;
static const double streak_mm = 3;      /* fat in muscle as wide as twice this joins its sides */
static const double deep_share = 0.1;   /* of a part, at the depth of the muscles of the back */
static const double organ_share = 0.35; /* of a part, in front of the line */
enum { KIDNEY = TRUNK_CAVITY + 1 };     /* of the cavity, while muscles are moved */

/* Parts of the slice that `wanted` picks, closed and then opened, mm; 2-D; cut at necks narrower
 * than a share (0: not cut). */
enum { PARTS = 1024 };
typedef bool pick(const struct slice *s, int64_t i, int64_t j);

static status find_parts(struct labels **out, const struct slice *s, pick *wanted, double close_mm,
                         double open_mm, double neck) {
  status st = ST_OK;
  enum { PICKED = 1 };
  struct labels *picked = NULL;
  int count = 0;
  struct geometry g = s->l->grid;
  g.nz = 1;
  TRY(labels_create(&picked, &g));
  for (int64_t j = 0; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++) picked->voxels[j * s->nx + i] = wanted(s, i, j);
  TRY(filter_grow(picked, PICKED, close_mm, 0));
  TRY(filter_grow(picked, PICKED, -close_mm - open_mm, 0));
  TRY(filter_grow(picked, PICKED, open_mm, 0));
  if (neck > 0)
    TRY(pieces_find(out, &count, picked, neck, PARTS));
  else
    TRY(filter_components(out, picked, 6, PARTS, NULL, &count));
done:
  labels_destroy(picked);
  return st;
}

static double rounded_hu(const struct slice *s, int64_t i, int64_t j) {
  return round((double)s->hu->voxels[s->first + j * s->nx + i]);
}

/* Within the fascia and no bone; no organ of a given map. */
static bool is_parted(const struct slice *s, int64_t i, int64_t j) {
  int label = slice_label(s, i, j);
  return (label == TRUNK_CAVITY || label == TRUNK_MUSCLE) && slice_known(s, i, j) != TRUNK_CAVITY;
}

/* Muscle beside the vertebra. */
static bool beside_spine(const struct slice *s, int64_t i, int64_t j) {
  double hu = rounded_hu(s, i, j), beside = fabs((double)i - s->middle_x) * s->dx;
  double ahead = beside > vessels_mm ? psoas_ahead_mm : 0;
  return is_parted(s, i, j) && beside < psoas_mm && (double)j > s->spine_y - ahead / s->dy &&
         (double)j < slice_back(s) + 4 && hu > TRUNK_FAT_HU && hu <= 150;
}

/* Muscle of the flank behind the line: quadratus. */
static bool in_flank(const struct slice *s, int64_t i, int64_t j) {
  double hu = rounded_hu(s, i, j);
  return is_parted(s, i, j) && fabs((double)i - s->middle_x) * s->dx < quadratus_mm &&
         (double)j >= slice_back(s) && hu > TRUNK_FAT_HU && hu <= 150;
}

/* What is no fat, in front and behind. */
static bool no_fat(const struct slice *s, int64_t i, int64_t j) {
  return is_parted(s, i, j) && rounded_hu(s, i, j) > TRUNK_FAT_HU;
}

/* Fat behind the line, beside the spine, no deeper than the canal; in the flanks, where it lies
 * around the kidneys, at any depth. */
static bool fat_behind(const struct slice *s, int64_t i, int64_t j) {
  double beside = fabs((double)i - s->middle_x) * s->dx;
  double deep = beside > TRUNK_FLANK ? flank_deep_mm : TRUNK_DEEP;
  return slice_label(s, i, j) == TRUNK_MUSCLE && rounded_hu(s, i, j) <= TRUNK_FAT_HU &&
         beside > behind_beside_mm && (double)j < s->spine_y + deep / s->dy;
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
  TRY(find_parts(&parts, s, wanted, s->dx < trunk_wide_mm ? streak_mm : 0, open_mm, 0));
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
      int label = slice_label(s, i + a, j + b);
      if (label == FASCIA_SUBCUTANEOUS || label == FASCIA_SKIN || label == 0) return true;
    }
  return false;
}

/* A part of a slice that is no fat, in pixels. */
struct organ {
  int64_t all;
  int64_t front;    /* in the cavity */
  int64_t back;     /* at the depth of the muscles of the back, beside the spine */
  double beside_mm; /* sum of the distances from the middle */
  double behind_mm; /* sum of the distances behind the front of the spine */
  bool wall;        /* touches the fascia */
};

static void measure_organs(struct organ organs[PARTS + 1], const struct slice *s,
                           const struct labels *parts) {
  const int64_t reach = (int64_t)ceil(TRUNK_LOOSE / s->dx);
  const double deep = s->spine_y + TRUNK_DEEP / s->dy;
  for (int64_t n = 0; n < s->nx * s->ny; n++) {
    if (!parts->voxels[n]) continue;
    struct organ *o = &organs[parts->voxels[n]];
    int64_t i = n % s->nx, j = n / s->nx;
    double beside = fabs((double)i - s->middle_x) * s->dx;
    o->all++;
    o->front += s->l->voxels[s->first + n] == TRUNK_CAVITY;
    o->back += (double)j > deep && beside < TRUNK_FLANK;
    o->beside_mm += beside;
    o->behind_mm += ((double)j - s->spine_y) * s->dy;
    o->wall |= near_fascia(s, i, j, reach);
  }
}

/* Mostly in front, and what touches the fascia is wall. */
static bool is_organ(const struct organ *o) {
  return !o->wall && (double)o->front > organ_share * (double)o->all &&
         (double)o->back <= deep_share * (double)o->all;
}

/* Larger than the quadratus, farther out than the psoas, before the muscles of the back. */
static bool is_kidney(const struct organ *o, double pixel_mm2) {
  return !o->wall && (double)o->all * pixel_mm2 > kidney_mm2 &&
         o->beside_mm > kidney_beside_mm * (double)o->all &&
         o->behind_mm < kidney_behind_mm * (double)o->all &&
         (double)o->back <= deep_share * (double)o->all;
}

/* An organ that reaches behind the line goes to the cavity whole; first the kidneys, which are kept
 * from the muscles that are moved then. */
static status move_organs(struct slice *s, bool kidneys) {
  status st = ST_OK;
  struct labels *parts = NULL;
  struct organ organs[PARTS + 1] = {{0}};
  bool keep[PARTS + 1] = {false};
  TRY(find_parts(&parts, s, no_fat, 0, organ_thick_mm, kidneys ? kidney_neck : 0));
  measure_organs(organs, s, parts);
  for (int p = 1; p <= PARTS; p++)
    keep[p] = kidneys ? is_kidney(&organs[p], s->dx * s->dy) : is_organ(&organs[p]);
  move_parts(s, parts, keep, TRUNK_MUSCLE, kidneys ? KIDNEY : TRUNK_CAVITY);
  if (kidneys) move_parts(s, parts, keep, TRUNK_CAVITY, KIDNEY);
done:
  labels_destroy(parts);
  return st;
}

/* Fat behind the line that hangs together with the cavity's goes to it. */
static status move_fat(struct slice *s) {
  status st = ST_OK;
  struct labels *parts = NULL;
  bool keep[PARTS + 1] = {false};
  TRY(find_parts(&parts, s, fat_behind, 0, psoas_open_mm, 0));
  for (int64_t j = 1; j < s->ny; j++)
    for (int64_t i = 0; i < s->nx; i++)
      if (parts->voxels[j * s->nx + i] && slice_label(s, i, j - 1) == TRUNK_CAVITY)
        keep[parts->voxels[j * s->nx + i]] = true;
  move_parts(s, parts, keep, TRUNK_MUSCLE, TRUNK_CAVITY);
done:
  labels_destroy(parts);
  return st;
}

static void relabel(struct slice *s, int from, int to) {
  for (int64_t n = s->first; n < s->first + s->nx * s->ny; n++)
    if (s->l->voxels[n] == from) s->l->voxels[n] = (uint16_t)to;
}

status slice_sort_parts(struct slice *s) {
  status st = ST_OK;
  TRY(move_organs(s, true));
  TRY(move_muscle(s, beside_spine, psoas_open_mm));
  TRY(move_muscle(s, in_flank, organ_open_mm));
  TRY(move_organs(s, false));
  relabel(s, KIDNEY, TRUNK_CAVITY);
  TRY(move_fat(s));
done:
  return st;
}
