/* Finding the inserts of a phantom: a row of the lines in tracks.h, the match to the certificate.
 */
#include "calibration/plates.h"
#include "calibration/rods.h"
#include "calibration/slabs.h"
#include "calibration/tracks.h"

#include "core/attenuation.h"
#include "core/filter.h"
#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Thickness of the slabs, tried in turn: noise falls with its root, a rod that is tilted by 2
 * degrees is smeared by 0.7 mm in 20 mm and by 1.4 mm in 40 mm. */
static const double slab_mm[] = {10, 20, 40};
enum { THICKNESSES = sizeof slab_mm / sizeof slab_mm[0] };

static const double low_pitch_mm = 12;
static const double high_pitch_mm = 90;
static const double same_radius_mm = 1.6;
static const double alike = 0.10; /* two directions whose worst residuals differ less (or by less
                                     than 1 mg/cm3) are a tie */

/* A row must look like the phantom before the certificate judges it: correlation of its HU with
 * those expected at 70 keV (two neighbours swapped leave 0.9) and mean share of the circles that
 * voted. */
static const double least_likeness = 0.8;
static const double sure_likeness = 0.98; /* two rods seen of three */
static const double least_merit = 0.6;

/* ---- the row ---- */

/* What is seen in slabs of one thickness; made when first needed. */
struct level {
  struct cal_slabs slabs;
  struct cal_track *tracks; /* owned */
  int count;
  bool made;
};

struct row {
  struct cal_track rod[PHANTOM_RODS]; /* from low x to high x */
  double pitch_mm, merit;
  unsigned hidden; /* bit i: rod i has no edge, its place follows from the others */
  int unseen;      /* how many of them */
};

/* A rod whose HU are those of the plate has no edge: where the row says it is, a uniform disc in
 * every slab of its neighbour will do. */
static bool unseen_rod(struct cal_track *out, const struct cal_track *like, double x, double y,
                       const struct cal_slabs *slabs) {
  double z0 = (like->low_mm + like->high_mm) / 2;
  double hu[CAL_SLABS];
  int n = 0;
  int seen = 0;
  for (int i = 0; i < slabs->count; i++) {
    const struct cal_slab *s = &slabs->slab[i];
    double z = slabs->z_mm[i];
    double mean;
    double sd;
    if (z < like->low_mm - 1e-6 || z > like->high_mm + 1e-6) continue;
    n++;
    double px = (x + like->dx * (z - z0)) / s->pixel_mm;
    double py = (y + like->dy * (z - z0)) / s->pixel_mm;
    if (!cal_slab_disc(&mean, &sd, s, px, py, 0.7 * like->radius_mm)) return false;
    if (mean > -400 && sd < 2 * s->noise_hu + 8) hu[seen++] = mean;
  }
  if (2 * seen < n || seen == 0) return false;
  *out = *like;
  out->x0 = x - like->dx * z0;
  out->y0 = y - like->dy * z0;
  out->hu = stat_median(hu, seen);
  out->score = 0;
  return true;
}

/* A body that near to its place in the row is there [mm]. */
static double nearness(double pitch_mm) {
  return fmin(0.2 * pitch_mm, 8);
}

/* Rows in which track a is rod p and track b rod q; the others are the tracks nearest to points at
 * equal pitch. At least three rods must be seen, two of three. */
static bool try_row(struct row *row, const struct cal_track *tracks, int count, int a, int b, int p,
                    int q, const struct phantom_entry *e, const struct cal_slabs *slabs) {
  const struct cal_track *first = &tracks[a];
  const struct cal_track *second = &tracks[b];
  int n = e->rod_count;
  double z = (first->low_mm + first->high_mm) / 2;
  double ux = (cal_track_x(second, z) - cal_track_x(first, z)) / (q - p);
  double uy = (cal_track_y(second, z) - cal_track_y(first, z)) / (q - p);
  double pitch = hypot(ux, uy);
  if (ux <= 0 || fabs(uy) > ux || pitch < low_pitch_mm || pitch > high_pitch_mm) return false;
  if (pitch < 2 * first->radius_mm + 1 ||
      fabs(first->radius_mm - second->radius_mm) > same_radius_mm)
    return false;
  if (isfinite(e->pitch_mm) && fabs(pitch - e->pitch_mm) > 0.15 * e->pitch_mm) return false;
  *row = (struct row){.pitch_mm = pitch};
  int unseen = 0;
  for (int i = 0; i < n; i++) {
    double px = cal_track_x(first, z) + ux * (i - p);
    double py = cal_track_y(first, z) + uy * (i - p);
    double nearest = nearness(pitch);
    int best = -1;
    for (int t = 0; t < count; t++) {
      double d = hypot(cal_track_x(&tracks[t], z) - px, cal_track_y(&tracks[t], z) - py);
      if (d >= nearest || fabs(tracks[t].radius_mm - first->radius_mm) > same_radius_mm) continue;
      nearest = d;
      best = t;
    }
    if (best >= 0)
      row->rod[i] = tracks[best];
    else if (++unseen > (n == 3 ? 1 : n - 3) || !unseen_rod(&row->rod[i], first, px, py, slabs))
      return false;
    if (best < 0) row->hidden |= 1u << i;
    row->merit += row->rod[i].score - (best >= 0 ? nearest / pitch : 0);
  }
  row->merit /= n;
  row->unseen = unseen;
  return true;
}

/* HU that the certificate leads one to expect at 70 keV; only their order and rough size matter. */
static double expected_hu(const struct phantom_entry *e, int rod) {
  double rho = e->rods[rod].density;
  if (isfinite(e->rods[rod].water))
    return e->rods[rod].water - 1000 + rho * attenuation_ratio(ATTENUATION_K2HPO4, 70);
  return rho / 0.76;
}

/* Correlation of the row's HU with what is expected, in the better direction. */
static double row_likeness(const struct row *row, const struct phantom_entry *e) {
  double hu[PHANTOM_RODS];
  double want[PHANTOM_RODS];
  double back[PHANTOM_RODS];
  int n = e->rod_count;
  for (int i = 0; i < n; i++) {
    hu[i] = row->rod[i].hu;
    want[i] = expected_hu(e, i);
    back[n - 1 - i] = want[i];
  }
  struct line_fit a = {.r = -1};
  struct line_fit b = {.r = -1};
  if (stat_line_fit(&a, want, hu, NULL, n) != ST_OK ||
      stat_line_fit(&b, back, hu, NULL, n) != ST_OK)
    status_clear();
  return fmax(a.r, b.r);
}

/* A body at (x, y) [mm] from the first rod: is it in line with the rods of `u` apart, at a place of
 * the row where there is none: half-way, or up to two beyond an end (the first there may have no
 * edge)? */
static bool in_row(double x, double y, double ux, double uy, int n) {
  double square = ux * ux + uy * uy;
  double pitch = sqrt(square);
  double along = (x * ux + y * uy) / square; /* 0 at the first rod, 1 at the second */
  double place = floor(2 * along + 0.5) / 2;
  bool taken = place == floor(place) && place >= 0 && place <= n - 1;
  bool near = hypot((along - place) * pitch, (x * uy - y * ux) / pitch) < nearness(pitch) / 4;
  return near && !taken && place >= -2 && place <= n + 1;
}

/* Is there one more body like the rods, in slabs of this or a lesser thickness? Then the phantom is
 * not that of the certificate, or not in its order, and which rod is which is not known. */
static bool has_one_more(const struct row *row, int n, const struct level *levels, int count) {
  const struct cal_track *first = &row->rod[0];
  double z = (first->low_mm + first->high_mm) / 2;
  double x0 = cal_track_x(first, z);
  double y0 = cal_track_y(first, z);
  double ux = (cal_track_x(&row->rod[n - 1], z) - x0) / (n - 1);
  double uy = (cal_track_y(&row->rod[n - 1], z) - y0) / (n - 1);
  double length = first->high_mm - first->low_mm;
  double score = 0;
  for (int i = 0; i < n; i++) score += row->rod[i].score / (n - row->unseen);
  for (int l = 0; l < count; l++)
    for (int t = 0; t < levels[l].count; t++) {
      const struct cal_track *o = &levels[l].tracks[t];
      bool like_rods = fabs(o->radius_mm - first->radius_mm) <= same_radius_mm &&
                       o->score >= least_merit * score && 2 * (o->high_mm - o->low_mm) >= length;
      if (like_rods && in_row(cal_track_x(o, z) - x0, cal_track_y(o, z) - y0, ux, uy, n))
        return true;
    }
  return false;
}

/* The best row in the last of `count` levels. With `alone` there may be no further body like the
 * rods in line with them. */
static int best_row(struct row *best, const struct level *levels, int count,
                    const struct phantom_entry *e, bool alone) {
  const struct level *last = &levels[count - 1];
  int found = 0;
  int n = e->rod_count;
  for (int a = 0; a < last->count; a++)
    for (int b = 0; b < last->count; b++) {
      if (a == b) continue;
      /* the ends, or all but one end when that one is unseen */
      const int ends[3][2] = {{0, n - 1}, {0, n - 2}, {1, n - 1}};
      for (int k = 0; k < (n >= 3 ? 3 : 1); k++) {
        struct row row;
        if (!try_row(&row, last->tracks, last->count, a, b, ends[k][0], ends[k][1], e,
                     &last->slabs))
          continue;
        double likeness = n > 2 ? row_likeness(&row, e) : 1;
        double least = n == 3 && row.unseen ? sure_likeness : least_likeness;
        if (likeness < least || row.merit < least_merit) continue;
        row.merit += 0.5 * fmin(4, -log10(1 - likeness + 1e-9)); /* 0.99: 1, 0.999: 1.5 */
        if (found && row.merit <= best->merit) continue;
        if (alone && has_one_more(&row, n, levels, count)) continue;
        *best = row;
        found = 1;
      }
    }
  return found;
}

/* How many of the inserts can be seen in a row: for the message. */
static int longest_row(const struct level *level, const struct phantom_entry *e) {
  struct phantom_entry fewer = *e;
  struct row row;
  for (fewer.rod_count = e->rod_count - 1; fewer.rod_count >= 2; fewer.rod_count--)
    if (best_row(&row, level, 1, &fewer, false)) return fewer.rod_count;
  return level->count > 0;
}

/* ---- the direction ---- */

/* Worst residual [mg/cm3] when the row is read in one direction; INFINITY when no fit is possible.
 */
static double direction_residual(const double *hu, const struct phantom_entry *e, int flipped) {
  struct calibration c;
  cal_init(&c);
  int n = e->rod_count;
  for (int i = 0; i < n; i++) {
    struct calibration_point *p = cal_add_point(&c, e->rods[i].label);
    p->hu = hu[flipped ? n - 1 - i : i];
    p->density = e->rods[i].density;
    p->water = e->rods[i].water;
  }
  if (cal_fit_points(&c, NULL) != ST_OK) {
    status_clear();
    return INFINITY;
  }
  double worst = n > 2 ? 0 : fabs(c.slope - 0.8); /* two inserts: nearness to a usual slope */
  for (int i = 0; i < n && n > 2; i++) worst = fmax(worst, fabs(c.points[i].residual));
  return worst;
}

static status choose_direction(int *flipped, const double *hu, const struct phantom_entry *e) {
  status st = ST_OK;
  double forward = direction_residual(hu, e, 0);
  double backward = direction_residual(hu, e, 1);
  CHECK(isfinite(forward) || isfinite(backward), ST_DOMAIN,
        "phantom %s: the HU of the inserts found rise in neither direction of the row; is this "
        "another phantom?",
        e->key);
  double better = fmin(forward, backward);
  double other = fmax(forward, backward);
  CHECK(other > better * (1 + alike) + 1, ST_DOMAIN,
        "phantom %s: both directions of the row fit (worst residual %.2f and %.2f mg/cm3); label "
        "the rods and give the label map",
        e->key, forward, backward);
  *flipped = backward < forward;
done:
  return st;
}

/* ---- painting ---- */

/* The stretch of slices around the row in which the disc of a rod still reads its HU; short gaps
 * (a bubble) are bridged. */
static void rod_extent(double *low, double *high, const struct cal_track *t, const struct volume *v,
                       double fallback_low, double fallback_high) {
  const struct geometry *g = &v->grid;
  double inner = 0.6 * t->radius_mm;
  int ru = (int)floor(inner / g->spacing[0]);
  int rv = (int)floor(inner / g->spacing[1]);
  float *values = malloc((size_t)(2 * ru + 1) * (size_t)(2 * rv + 1) * sizeof *values);
  *low = fallback_low;
  *high = fallback_high;
  if (!values) return;
  double start = (fallback_low + fallback_high) / 2;
  for (int way = -1; way <= 1; way += 2) {
    double gap = 0;
    int64_t k0 = (int64_t)lround(start / g->spacing[2]);
    for (int64_t k = k0; k >= 0 && k < g->nz && gap <= 12; k += way) {
      double z = (double)k * g->spacing[2];
      int64_t ci = (int64_t)lround(cal_track_x(t, z) / g->spacing[0]);
      int64_t cj = (int64_t)lround(cal_track_y(t, z) / g->spacing[1]);
      int64_t n = 0;
      for (int64_t j = cj - rv; j <= cj + rv; j++)
        for (int64_t i = ci - ru; i <= ci + ru; i++)
          if (geometry_inside(g, i, j, k) && isfinite(v->voxels[geometry_index(g, i, j, k)]) &&
              hypot((double)(i - ci) * g->spacing[0], (double)(j - cj) * g->spacing[1]) <= inner)
            values[n++] = v->voxels[geometry_index(g, i, j, k)];
      double median = n ? stat_percentile_inplace(values, n, 50) : NAN;
      double spread = n > 20 ? stat_percentile_inplace(values, n, 84.1) - median : 50;
      if (fabs(median - t->hu) < 15 + 4 * spread / sqrt(fmax(1, (double)n / 6))) {
        *(way < 0 ? low : high) = z;
        gap = 0;
      } else {
        gap += g->spacing[2];
      }
    }
  }
  free(values);
}

static void paint_rod(struct labels *l, const struct cal_track *t, int value, double low,
                      double high) {
  const struct geometry *g = &l->grid;
  for (int64_t k = 0; k < g->nz; k++) {
    double z = (double)k * g->spacing[2];
    if (z < low - 1e-6 || z > high + 1e-6) continue;
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++)
        if (hypot((double)i * g->spacing[0] - cal_track_x(t, z),
                  (double)j * g->spacing[1] - cal_track_y(t, z)) <= t->radius_mm)
          l->voxels[geometry_index(g, i, j, k)] = (uint16_t)value;
  }
}

/* ---- the search ---- */

struct cal_rod_search {
  struct volume *oriented; /* owned */
  struct geometry grid;    /* of the scan */
  struct level level[THICKNESSES];
};

/* Drop lines of circles that lie in a larger one which more votes made: parts of a rod. */
static void drop_parts(struct level *l) {
  int kept = 0;
  for (int i = 0; i < l->count; i++) {
    struct cal_track t = l->tracks[i];
    double z = (t.low_mm + t.high_mm) / 2;
    bool part = false;
    for (int j = 0; j < l->count && !part; j++) {
      const struct cal_track *o = &l->tracks[j];
      if (j >= kept && j <= i) continue; /* moved down, or itself */
      double apart =
          hypot(cal_track_x(o, z) - cal_track_x(&t, z), cal_track_y(o, z) - cal_track_y(&t, z));
      part = o->score > t.score && apart + t.radius_mm < o->radius_mm + same_radius_mm / 2 &&
             z >= o->low_mm && z <= o->high_mm;
    }
    if (!part) l->tracks[kept++] = t;
  }
  l->count = kept;
}

static status make_level(struct cal_rod_search *s, int i) {
  status st = ST_OK;
  struct level *l = &s->level[i];
  if (l->made) goto done;
  if (!l->slabs.count) TRY(cal_slabs_make(&l->slabs, s->oriented, slab_mm[i]));
  if (!l->tracks) l->tracks = malloc(CAL_TRACKS * sizeof *l->tracks);
  CHECK(l->tracks, ST_MEMORY, "looking for rods");
  TRY(cal_find_tracks(l->tracks, &l->count, &l->slabs));
  drop_parts(l);
  l->made = true;
done:
  return st;
}

static status find_row(struct row *row, const struct level *levels, int count,
                       const struct phantom_entry *e) {
  status st = ST_OK;
  const struct level *last = &levels[count - 1];
  CHECK(
      best_row(row, levels, count, e, true), ST_DOMAIN,
      "phantom %s: no row of %d rods found (%d round uniform bodies near the table, longest row "
      "%d); is the whole phantom in the scan, and no other one? Otherwise label the rods and give "
      "the label map",
      e->key, e->rod_count, last->count, longest_row(last, e));
done:
  return st;
}

/* The row in the thinnest slabs that show one; a scan of one slab has no thicker ones. */
static status find_in_levels(struct row *row, struct cal_rod_search *s,
                             const struct phantom_entry *e) {
  status st = ST_OK;
  for (int i = 0; i < THICKNESSES; i++) {
    TRY(make_level(s, i));
    st = find_row(row, s->level, i + 1, e);
    if (st != ST_DOMAIN || s->level[i].slabs.count == 1 || i + 1 == THICKNESSES) break;
    status_clear();
  }
done:
  return st;
}

static status find_rods(struct labels *l, struct cal_rods_found *info, struct cal_rod_search *s,
                        const struct phantom_entry *e) {
  status st = ST_OK;
  struct row row;
  double hu[PHANTOM_RODS];
  TRY(find_in_levels(&row, s, e));
  *info = (struct cal_rods_found){.pitch_mm = row.pitch_mm, .low_mm = 0, .high_mm = INFINITY};
  for (int i = 0; i < e->rod_count; i++) hu[i] = row.rod[i].hu;
  TRY(choose_direction(&info->flipped, hu, e));
  for (int i = 0; i < e->rod_count; i++) {
    int at = info->flipped ? e->rod_count - 1 - i : i;
    const struct cal_track *t = &row.rod[at];
    if (row.hidden >> at & 1) info->hidden |= 1u << i;
    double low;
    double high;
    rod_extent(&low, &high, t, s->oriented, t->low_mm, t->high_mm);
    paint_rod(l, t, LABEL_ROD_1 + i, low, high);
    info->radius_mm += t->radius_mm / e->rod_count;
    info->score += t->score / e->rod_count;
    info->low_mm = fmax(info->low_mm, low);
    info->high_mm = fmin(info->high_mm, high);
  }
done:
  return st;
}

static status find_plates(struct labels *l, struct cal_rods_found *info, struct cal_rod_search *s,
                          const struct phantom_entry *e) {
  status st = ST_OK;
  struct cal_slabs *slabs = &s->level[0].slabs;
  if (!slabs->count) TRY(cal_slabs_make(slabs, s->oriented, slab_mm[0]));
  TRY(cal_find_plates(l, info, s->oriented, slabs, e));
done:
  return st;
}

status cal_rod_search_open(struct cal_rod_search **out, const struct volume *hu) {
  status st = ST_OK;
  struct cal_rod_search *s = NULL;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "looking for rods: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  s = calloc(1, sizeof *s);
  CHECK(s, ST_MEMORY, "looking for rods");
  s->grid = hu->grid;
  TRY(filter_orient(&s->oriented, hu));
  *out = s;
  s = NULL;
done:
  cal_rod_search_close(s);
  return st;
}

void cal_rod_search_close(struct cal_rod_search *s) {
  if (!s) return;
  for (int i = 0; i < THICKNESSES; i++) {
    cal_slabs_free(&s->level[i].slabs);
    free(s->level[i].tracks);
  }
  volume_destroy(s->oriented);
  free(s);
}

status cal_rod_search_find(struct labels **out, struct cal_rods_found *info,
                           struct cal_rod_search *s, const struct phantom_entry *entry) {
  status st = ST_OK;
  struct labels *l = NULL;
  struct labels *back = NULL;
  struct cal_rods_found found = {0};
  TRY(labels_create(&l, &s->oriented->grid));
  if (entry->plates)
    TRY(find_plates(l, &found, s, entry));
  else
    TRY(find_rods(l, &found, s, entry));
  TRY(filter_resample_labels(&back, l, &s->grid));
  for (int i = 0; i < entry->rod_count; i++)
    TRY(labels_set_name(back, LABEL_ROD_1 + i, entry->rods[i].label));
  if (info) *info = found;
  *out = back;
  back = NULL;
done:
  labels_destroy(l);
  labels_destroy(back);
  return st;
}

status cal_find_rods(struct labels **out, struct cal_rods_found *info, const struct volume *hu,
                     const struct phantom_entry *entry) {
  status st = ST_OK;
  struct cal_rod_search *s = NULL;
  TRY(cal_rod_search_open(&s, hu));
  TRY(cal_rod_search_find(out, info, s, entry));
done:
  cal_rod_search_close(s);
  return st;
}
