#include "calibration/tracks.h"

#include "core/parallel.h"
#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>

static const double low_radius_mm = 4;
static const double high_radius_mm = 15;
static const double shallow_mm = 75; /* matter between a rod and the front or back of the image */
enum { CIRCLES = 96 };

static void track_add(struct cal_track *t, const struct cal_circle *c, const struct cal_slab *s,
                      double z) {
  int n = t->slabs++;
  t->zs[n] = z;
  t->xs[n] = t->last_x = c->x * s->pixel_mm;
  t->ys[n] = t->last_y = c->y * s->pixel_mm;
  t->hus[n] = c->hu;
  t->rs[n] = c->radius_mm;
  t->score += c->score;
}

static struct cal_track *nearest_track(struct cal_track *tracks, int n, const struct cal_circle *c,
                                       const struct cal_slab *s, double z) {
  struct cal_track *best = NULL;
  double best_distance = 4; /* mm */
  for (int i = 0; i < n; i++) {
    struct cal_track *t = &tracks[i];
    if (t->zs[t->slabs - 1] >= z || fabs(t->rs[t->slabs - 1] - c->radius_mm) > 1.6) continue;
    if (fabs(t->hus[t->slabs - 1] - c->hu) > 40) continue;
    double d = hypot(c->x * s->pixel_mm - t->last_x, c->y * s->pixel_mm - t->last_y);
    if (d < best_distance) {
      best_distance = d;
      best = t;
    }
  }
  return best;
}

static void track_finish(struct cal_track *t) {
  struct line_fit x = {.intercept = t->xs[0]};
  struct line_fit y = {.intercept = t->ys[0]};
  if (t->slabs > 1 && (stat_line_fit(&x, t->zs, t->xs, NULL, t->slabs) != ST_OK ||
                       stat_line_fit(&y, t->zs, t->ys, NULL, t->slabs) != ST_OK))
    status_clear();
  t->x0 = x.intercept;
  t->dx = x.slope;
  t->y0 = y.intercept;
  t->dy = y.slope;
  t->radius_mm = stat_median(t->rs, t->slabs);
  t->hu = stat_median(t->hus, t->slabs);
  t->score /= t->slabs;
  t->low_mm = t->zs[0];
  t->high_mm = t->zs[t->slabs - 1];
}

/* Matter (above -300 HU) between the centre and the nearer of the front and back of the image. */
static double covering_mm(const struct cal_slab *s, const struct cal_circle *c) {
  int x = (int)lround(c->x);
  int y0 = (int)lround(c->y);
  int above = 0;
  int below = 0;
  for (int y = 0; y < s->height; y++) {
    int matter = s->hu[(size_t)y * (size_t)s->width + (size_t)x] > -300;
    above += matter && y < y0;
    below += matter && y > y0;
  }
  return (above < below ? above : below) * s->pixel_mm;
}

status cal_find_tracks(struct cal_track *tracks, int *count, const struct cal_slabs *slabs) {
  status st = ST_OK;
  struct cal_circle(*circles)[CIRCLES] = malloc((size_t)slabs->count * sizeof *circles);
  int found[CAL_SLABS] = {0};
  status each[CAL_SLABS];
  int n = 0;
  CHECK(circles, ST_MEMORY, "looking for rods");
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int i = 0; i < slabs->count; i++)
    each[i] = cal_find_circles(circles[i], &found[i], CIRCLES, &slabs->slab[i], low_radius_mm,
                               high_radius_mm);
  for (int i = 0; i < slabs->count; i++) {
    TRY(each[i]);
    const struct cal_slab *s = &slabs->slab[i];
    for (int j = 0; j < found[i]; j++) {
      const struct cal_circle *c = &circles[i][j];
      if (covering_mm(s, c) > shallow_mm) continue;
      struct cal_track *t = nearest_track(tracks, n, c, s, slabs->z_mm[i]);
      if (!t && n < CAL_TRACKS) {
        t = &tracks[n++];
        *t = (struct cal_track){0};
      }
      if (t) track_add(t, c, s, slabs->z_mm[i]);
    }
  }
  int kept = 0;
  int least = slabs->count >= 4 ? 3 : slabs->count >= 2 ? 2 : 1;
  for (int i = 0; i < n; i++) {
    if (tracks[i].slabs < least) continue;
    track_finish(&tracks[i]);
    tracks[kept++] = tracks[i];
  }
  *count = kept;
done:
  free(circles);
  return st;
}

double cal_track_x(const struct cal_track *t, double z) {
  return t->x0 + t->dx * z;
}

double cal_track_y(const struct cal_track *t, double z) {
  return t->y0 + t->dy * z;
}
