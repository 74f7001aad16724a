#include "anatomy/head.h"

#include "anatomy/box.h"
#include "anatomy/sphere.h"
#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

enum {
  RAYS = 600,
  SAMPLES = 60,
  EDGES = 6,
  PEAKS = 30,
  STARTS = 5,
  ROUNDS = 12,
  CLIMB = 14,
  RUNNERS = 4,
  FITS = 64
};
static const double PROFILE_FROM = 12, PROFILE_STEP = 0.5;     /* mm */
static const double RADIUS_LOW = 17, RADIUS_HIGH = 31;         /* mm, of an adult head */
static const double START_RADII[STARTS] = {0, 20, 23, 26, 29}; /* mm; 0: from the edges */
static const double CAP =
    0.1; /* d.m of rays that face the socket: all of them are head, none neck */
static const double RIM_REACH = 2; /* mm, of an edge from the radius, for the score */
static const double PEAK_SPACING = 12, PATCH_HALF = 46; /* mm */
static const double WIDE_BODY = 280, SIDE_MARGIN = 35;  /* mm */

/* What marrow may read. A second search admits marrow of fat alone, where bone has gone: it is made
 * only when the first finds no head, because fat and muscle hold round things too. The density
 * inside says nothing then; that the sphere is hollow up to its rim does. */
struct marrow {
  double smoothed; /* HU, least of the image smoothed by 4 mm where a centre may lie */
  double none;     /* HU, mean within the head up to which it scores 0 */
  double full;     /* HU, from which it takes nothing off */
};
static const struct marrow bony = {60, 30, 180}, fatty = {-120, -140, -120}; /* fat reads -100 */
static const double ENOUGH = 0.25; /* score of a head, see head.h */

struct vec3 head_socket_direction(enum side side) {
  return vec3_unit(vec3_make(0.8 * (double)side, -0.15, 0.58));
}

/* ---- rays ---- */

/* Directions of the rays of a fit. */
struct fan {
  int n;
  struct vec3 d[RAYS];
};

struct ray {
  int count;
  double r[EDGES], drop[EDGES];
};

static double along(const struct volume *v, struct vec3 c, struct vec3 d, double r) {
  return box_sample(v, c.x + r * d.x, c.y + r * d.y, c.z + r * d.z);
}

/* Falling edges of a ray: local maxima of HU(r-1) - HU(r+1) above 50 with more than 130 HU within
 * 2 mm inside. `hollow`: only edges of a thin wall around fat, nothing bright before it; where the
 * joint is as narrow as a slice the wall beyond it is brighter and more complete than the head's.
 * `count`: samples that are taken, from the inside out. */
static void ray_edges(struct ray *out, const struct volume *v, struct vec3 c, struct vec3 d,
                      bool hollow, int count) {
  enum { WALL = 7 }; /* samples of 0.5 mm */
  double before = -1000;
  double p[SAMPLES];
  int n = 0;
  for (; n < count; n++) {
    p[n] = along(v, c, d, PROFILE_FROM + PROFILE_STEP * n);
    if (isnan(p[n])) break;
  }
  out->count = 0;
  for (int i = 3; i + 3 < n && out->count < EDGES; i++) {
    if (hollow && i >= WALL) before = fmax(before, p[i - WALL]);
    if (before > 150) break;
    double drop = p[i - 2] - p[i + 2];
    if (drop <= 50 || drop < p[i - 3] - p[i + 1] || drop <= p[i - 1] - p[i + 3]) continue;
    double top = p[i];
    for (int o = 1; o <= 4 && o <= i; o++) top = fmax(top, p[i - o]);
    if (top <= 130) continue;
    out->r[out->count] = PROFILE_FROM + PROFILE_STEP * i;
    out->drop[out->count++] = drop;
  }
}

/* The edges up to `far_mm` from the centre, and maybe some beyond: farther ones are not looked for.
 */
static void all_edges(struct ray rays[RAYS], const struct volume *v, struct vec3 c, double far_mm,
                      const struct fan *fan, const struct marrow *marrow) {
  int count = (int)fmin(ceil((far_mm - PROFILE_FROM) / PROFILE_STEP) + 4, SAMPLES);
  for (int i = 0; i < fan->n; i++) ray_edges(&rays[i], v, c, fan->d[i], marrow == &fatty, count);
}

/* Index of the edge of a ray nearest to R within `reach`; -1 when none. */
static int nearest_edge(const struct ray *ray, double R, double reach) {
  int best = -1;
  double gap = reach;
  for (int e = 0; e < ray->count; e++)
    if (fabs(ray->r[e] - R) <= gap) {
      gap = fabs(ray->r[e] - R);
      best = e;
    }
  return best;
}

/* The radius most edges agree on. */
static double likely_radius(const struct ray *rays, const struct fan *fan, struct vec3 m) {
  double best = 0, radius = 24;
  for (double R = 18; R <= 30; R += 0.5) {
    double sum = 0;
    for (int i = 0; i < fan->n; i++)
      for (int e = 0; e < rays[i].count; e++) {
        double u = (rays[i].r[e] - R) / 1.5, w = exp(-0.5 * u * u) * fmin(rays[i].drop[e], 200);
        sum += w * (e ? 0.4 : 1) * (vec3_dot(fan->d[i], m) < -0.3 ? 0.2 : 1);
      }
    sum /= 1 + 0.02 * R;
    if (sum > best) {
      best = sum;
      radius = R;
    }
  }
  return radius;
}

/* ---- sphere fit ---- */

struct step { /* of the fit: edges within `reach` mm of R on rays with d.m > least, weighted down
                 beyond `scale` mm from R so that most agree on the sphere, not on average with the
                 neck's flare */
  double reach, least, scale;
};
static const struct step steps[ROUNDS] = {
    {4, -0.5, 9}, {4, -0.5, 9}, {3, -0.5, 9},   {3, -0.5, 9},   {2, -0.5, 2},   {2, -0.3, 1},
    {2, -0.2, 1}, {2, -0.2, 1}, {2, -0.2, 0.5}, {2, -0.2, 0.5}, {2, -0.2, 0.4}, {2, -0.2, 0.4}};

/* One weighted least-squares step on the edges near R; 0 when too few or out of range. */
static int sphere_step(struct vec3 *c, double *R, const struct ray *rays, const struct fan *fan,
                       struct vec3 m, const struct step *how) {
  struct sphere_fit fit = {.n = 0};
  struct vec3 t;
  for (int i = 0; i < fan->n; i++) {
    if (vec3_dot(fan->d[i], m) < how->least) continue;
    int e = nearest_edge(&rays[i], *R, how->reach);
    if (e < 0) continue;
    double off = (rays[i].r[e] - *R) / how->scale;
    double strong = fmin(rays[i].drop[e], 400) / 400; /* marrow has weak edges everywhere */
    sphere_add(&fit, vec3_scale(fan->d[i], rays[i].r[e]), strong * strong / (1 + off * off));
  }
  if (10 * fit.n < fan->n || !sphere_solve(&fit, &t, R)) return 0;
  double length = vec3_length(t);
  *c = vec3_along(*c, length > 4 ? 4 / length : 1, t);
  return *R >= 15 && *R <= 34;
}

static double mean_inside(const struct volume *v, struct vec3 c, double radius) {
  double sum = 0;
  int n = 0;
  for (double z = -radius; z <= radius; z += 2)
    for (double y = -radius; y <= radius; y += 2)
      for (double x = -radius; x <= radius; x += 2) {
        if (x * x + y * y + z * z > radius * radius) continue;
        double h = box_sample(v, c.x + x, c.y + y, c.z + z);
        if (isnan(h)) continue;
        sum += h;
        n++;
      }
  return n ? sum / n : -1000;
}

static int socket_beyond(const struct volume *v, struct vec3 c, struct vec3 d, double R) {
  for (double r = R + 2; r <= R + 12; r += 0.5)
    if (along(v, c, d, r) > 250) return 1;
  return 0;
}

static double clamp(double x, double low, double high) {
  return fmin(fmax(x, low), high);
}

static void score_fit(struct head_fit *f, const struct volume *v, const struct ray *rays,
                      const struct fan *fan, struct vec3 m, const struct marrow *marrow) {
  int used = 0, left = 0, rim = 0, socket = 0;
  double square = 0, cap_square = 0;
  int cap = 0;
  for (int i = 0; i < fan->n; i++) {
    double medial = vec3_dot(fan->d[i], m);
    if (medial <= -0.3) continue;
    if (isnan(along(v, f->centre, fan->d[i], f->radius_mm + 1))) {
      left++;
      continue;
    }
    used++;
    int e = nearest_edge(&rays[i], f->radius_mm, RIM_REACH);
    if (e < 0) continue;
    double off = rays[i].r[e] - f->radius_mm;
    rim++;
    square += off * off;
    if (medial > CAP) {
      cap++;
      cap_square += off * off;
    }
    socket += medial > 0 && socket_beyond(v, f->centre, fan->d[i], f->radius_mm);
  }
  f->cut = (double)left / (used + left);
  f->rim = used ? (double)rim / used : 0;
  f->rim_rms_mm = rim ? sqrt(square / rim) : 2;
  f->socket = used ? socket / (0.77 * used) : 0; /* 0.77: share of these rays with d.m > 0 */
  f->inside_hu = mean_inside(v, f->centre, 0.65 * f->radius_mm);
  f->score = f->rim * (0.3 + f->socket) *
             clamp((f->inside_hu - marrow->none) / (marrow->full - marrow->none), 0, 1) *
             clamp((1.15 - f->rim_rms_mm) / 0.45, 0.05, 1);
  if (f->radius_mm < RADIUS_LOW || f->radius_mm > RADIUS_HIGH) f->score *= 0.2;
  double sharp = cap ? sqrt(cap_square / cap) : 2;
  f->rank = f->score * clamp((1.15 - sharp) / 0.45, 1, 2.5);
}

/* Fit from one place, side and start radius (0: the likely one); score 0 when it breaks down. */
static struct head_fit fit_sphere(const struct volume *v, struct vec3 start, enum side side,
                                  double R, const struct fan *fan, const struct marrow *marrow) {
  struct head_fit f = {.side = side, .centre = start, .radius_mm = R};
  struct ray rays[RAYS];
  struct vec3 m = head_socket_direction(side);
  if (R <= 0) {
    all_edges(rays, v, f.centre, INFINITY, fan, marrow);
    f.radius_mm = likely_radius(rays, fan, m);
  }
  for (int round = 0; round < ROUNDS; round++) {
    if (round || R > 0) all_edges(rays, v, f.centre, f.radius_mm + steps[round].reach, fan, marrow);
    if (!sphere_step(&f.centre, &f.radius_mm, rays, fan, m, &steps[round])) return f;
  }
  all_edges(rays, v, f.centre, f.radius_mm + RIM_REACH, fan, marrow);
  score_fit(&f, v, rays, fan, m, marrow);
  return f;
}

/* ---- votes ---- */

static void gradient_at(double g[3], const struct volume *v, int64_t at) {
  int64_t stride[3] = {1, v->grid.nx, v->grid.nx * v->grid.ny};
  for (int a = 0; a < 3; a++)
    g[a] =
        (double)(v->voxels[at + stride[a]] - v->voxels[at - stride[a]]) / (2 * v->grid.spacing[0]);
}

static void cast_votes(struct volume *votes, const struct volume *v) {
  const struct geometry *grid = &v->grid;
  for (int64_t k = 1; k + 1 < grid->nz; k++)
    for (int64_t j = 1; j + 1 < grid->ny; j++)
      for (int64_t i = 1; i + 1 < grid->nx; i++) {
        double g[3];
        gradient_at(g, v, geometry_index(grid, i, j, k));
        double size = sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]);
        if (size < 15) continue;
        struct vec3 at = box_centre_of(grid, i, j, k);
        struct vec3 d = vec3_scale(vec3_make(g[0], g[1], g[2]), 1 / size);
        double top = -1000;
        for (double r = 1; r <= 4; r++)
          top = fmax(top, along(v, at, d, r)); /* fmax passes over NaN */
        if (top < 150) continue;
        for (double r = RADIUS_LOW; r <= RADIUS_HIGH; r++) {
          double s = r / grid->spacing[0];
          int64_t a = i + lround(s * d.x), b = j + lround(s * d.y), c = k + lround(s * d.z);
          if (geometry_inside(grid, a, b, c))
            votes->voxels[geometry_index(grid, a, b, c)] += (float)(500 / (r * r));
        }
      }
}

static status vote_map(struct volume **out, const struct volume *coarse,
                       const struct marrow *marrow) {
  status st = ST_OK;
  struct volume *votes = NULL, *soft = NULL;
  TRY(volume_create_like(&votes, coarse));
  cast_votes(votes, coarse);
  TRY(box_gaussian(votes, 3));
  TRY(volume_copy(&soft, coarse));
  TRY(box_gaussian(soft, 4));
  for (int64_t i = 0, n = geometry_voxels(&votes->grid); i < n; i++)
    if (soft->voxels[i] < marrow->smoothed) votes->voxels[i] = 0;
  *out = votes;
  votes = NULL;
done:
  volume_destroy(votes);
  volume_destroy(soft);
  return st;
}

static int on_side(struct vec3 p, enum side side, const struct head_body *body) {
  return side == SIDE_UNKNOWN || (p.x - body->middle_mm) * (double)side < -SIDE_MARGIN;
}

/* Strongest places in falling order, PEAK_SPACING apart. Consumes `votes` around them. */
static int find_peaks(struct vec3 peaks[PEAKS], struct volume *votes, enum side side,
                      const struct head_body *body) {
  const struct geometry *g = &votes->grid;
  int64_t reach = (int64_t)ceil(PEAK_SPACING / g->spacing[0]);
  int count = 0;
  while (count < PEAKS) {
    float best = 0;
    int64_t bi = 0, bj = 0, bk = 0;
    for (int64_t k = 0; k < g->nz; k++)
      for (int64_t j = 0; j < g->ny; j++)
        for (int64_t i = 0; i < g->nx; i++) {
          float x = votes->voxels[geometry_index(g, i, j, k)];
          if (x > best && on_side(box_centre_of(g, i, j, k), side, body)) {
            best = x;
            bi = i;
            bj = j;
            bk = k;
          }
        }
    if (best <= 0) break;
    peaks[count++] = box_centre_of(g, bi, bj, bk);
    for (int64_t k = bk - reach; k <= bk + reach; k++)
      for (int64_t j = bj - reach; j <= bj + reach; j++)
        for (int64_t i = bi - reach; i <= bi + reach; i++) {
          int64_t q = (i - bi) * (i - bi) + (j - bj) * (j - bj) + (k - bk) * (k - bk);
          if (geometry_inside(g, i, j, k) && (double)q < (double)(reach * reach))
            votes->voxels[geometry_index(g, i, j, k)] = 0;
        }
  }
  return count;
}

/* ---- search ---- */

/* All fits from `places`, sides and radii; the best into *best when it beats what is there. */
static void fit_all(struct head_fit *best, const struct volume *patch, const struct vec3 *places,
                    int count, enum side side, const double *radii, int radius_count,
                    const struct fan *fan, const struct marrow *marrow) {
  struct head_fit fits[FITS];
  int sides = side == SIDE_UNKNOWN ? 2 : 1, per = sides * radius_count, n = count * per;
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int t = 0; t < n; t++) {
    enum side s = sides == 1 ? side : t % 2 ? SIDE_LEFT : SIDE_RIGHT;
    fits[t] = fit_sphere(patch, places[t / per], s, radii[t % per / sides], fan, marrow);
  }
  for (int t = 0; t < n; t++)
    if (fits[t].rank > best->rank) *best = fits[t];
}

/* Was the voxel about this place scanned? */
static bool scanned(const struct geometry *g, const struct head_body *body, struct vec3 at) {
  struct vec3 i = geometry_to_index(g, at);
  const double index[3] = {i.x, i.y, i.z};
  for (int a = 0; a < 3; a++)
    if (index[a] < (double)body->low[a] - 0.5 || index[a] > (double)body->high[a] + 0.5)
      return false;
  return true;
}

/* NaN where nothing was scanned. */
static status cut_patch(struct volume **patch, const struct volume *hu,
                        const struct head_body *body, struct vec3 at) {
  struct vec3 half = vec3_make(PATCH_HALF, PATCH_HALF, PATCH_HALF);
  status st = box_cut(patch, hu, vec3_sub(at, half), vec3_add(at, half), 1, NAN);
  if (st != ST_OK) return st;
  const struct geometry *g = &(*patch)->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++)
        if (!scanned(&hu->grid, body, box_centre_of(g, i, j, k)))
          (*patch)->voxels[geometry_index(g, i, j, k)] = NAN;
  return ST_OK;
}

/* Fits stop in local optima where slices are thick: start again around a fit until it stands. */
static status climb(struct head_fit *fit, const struct volume *hu, const struct head_body *body,
                    const struct fan *fan, const struct marrow *marrow) {
  status st = ST_OK;
  struct volume *patch = NULL;
  const double radii[2] = {0, fit->radius_mm};
  TRY(cut_patch(&patch, hu, body, fit->centre));
  for (int round = 0; round < 4; round++) {
    struct vec3 places[CLIMB];
    double before = fit->rank;
    sphere_directions(places, CLIMB);
    for (int i = 0; i < CLIMB; i++) places[i] = vec3_along(fit->centre, 4, places[i]);
    fit_all(fit, patch, places, CLIMB, fit->side, radii, 2, fan, marrow);
    if (fit->rank < before * 1.02) break;
  }
done:
  volume_destroy(patch);
  return st;
}

/* Best fit over places and start radii for the sides asked (SIDE_UNKNOWN: either). The best few
 * climb before they are compared. */
static status best_fit(struct head_fit *best, const struct volume *hu, const struct head_body *body,
                       const struct vec3 *peaks, int count, enum side side,
                       const struct marrow *marrow) {
  status st = ST_OK;
  struct fan all = {.n = RAYS};
  struct head_fit fits[PEAKS];
  sphere_directions(all.d, RAYS);
  memset(fits, 0, sizeof fits);
  for (int p = 0; p < count; p++) {
    struct volume *patch = NULL;
    TRY(cut_patch(&patch, hu, body, peaks[p]));
    fit_all(&fits[p], patch, &peaks[p], 1, side, START_RADII, STARTS, &all, marrow);
    volume_destroy(patch);
  }
  for (int round = 0; round < RUNNERS; round++) {
    int top = -1;
    for (int p = 0; p < count; p++)
      if (fits[p].rank > 0 && (top < 0 || fits[p].rank > fits[top].rank)) top = p;
    if (top < 0) break;
    struct head_fit fit = fits[top];
    for (int p = 0; p < count; p++)
      if (vec3_length(vec3_sub(fits[p].centre, fit.centre)) < 6) fits[p].rank = 0;
    TRY(climb(&fit, hu, body, &all, marrow));
    if (fit.rank > best->rank) *best = fit;
  }
done:
  return st;
}

static status search_side(struct head_fit *best, const struct volume *hu,
                          const struct volume *coarse, const struct head_body *body,
                          enum side region, enum side side) {
  const struct marrow *const kinds[2] = {&bony, &fatty};
  status st = ST_OK;
  struct volume *votes = NULL;
  for (int k = 0; k < 2 && best->score < ENOUGH; k++) {
    struct vec3 peaks[PEAKS];
    struct head_fit found = {.side = SIDE_UNKNOWN};
    TRY(vote_map(&votes, coarse, kinds[k]));
    int count = find_peaks(peaks, votes, region, body);
    TRY(best_fit(&found, hu, body, peaks, count, side, kinds[k]));
    if (k == 0 || found.score >= ENOUGH) *best = found;
    volume_destroy(votes);
    votes = NULL;
  }
done:
  volume_destroy(votes);
  return st;
}

status head_search(struct head_fit *right, struct head_fit *left, const struct volume *hu,
                   const struct head_body *body, enum side only) {
  status st = ST_OK;
  struct volume *coarse = NULL;
  struct head_fit one = {.side = SIDE_UNKNOWN};
  memset(right, 0, sizeof *right);
  memset(left, 0, sizeof *left);
  TRY(box_coarse(&coarse, hu, 2, -150, 600));
  TRY(box_gaussian(coarse, 1.05)); /* with the averaging about 1.2 mm in all */
  if (body->left_mm - body->right_mm > WIDE_BODY) {
    if (only != SIDE_LEFT) TRY(search_side(right, hu, coarse, body, SIDE_RIGHT, SIDE_RIGHT));
    if (only != SIDE_RIGHT) TRY(search_side(left, hu, coarse, body, SIDE_LEFT, SIDE_LEFT));
  } else {
    TRY(search_side(&one, hu, coarse, body, SIDE_UNKNOWN, only));
    if (one.side == SIDE_RIGHT) *right = one;
    if (one.side == SIDE_LEFT) *left = one;
  }
done:
  volume_destroy(coarse);
  return st;
}
