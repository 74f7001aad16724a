/* One vertebral body at a height that a person named: end plates along the axis, outline of the
 * middle plane. */
#include "anatomy/column.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RAYS = 72, RADII = 61 };
static const double first_mm = 6, radius_step_mm = 0.5;

struct body_axes {
  struct vec3 at, axis, anterior, left;
};

static struct vec3 place(const struct body_axes *a, double x, double y, double z) {
  struct vec3 p = vec3_along(a->at, x, a->left);
  return vec3_along(vec3_along(p, -y, a->anterior), z, a->axis);
}

/* ---- end plates ---- */

enum { HALF = 50, LENGTH = 2 * HALF + 1 }; /* 0.5 mm apart, 25 mm each way */
static const double along_mm = 0.5;

/* Mean HU of a disc of 8 mm radius across the axis, every 0.5 mm. */
static void axis_profile(double p[LENGTH], const struct volume *hu, const struct body_axes *a) {
  const double radius = 8, step = 2;
  for (int i = 0; i < LENGTH; i++) {
    double sum = 0, n = 0;
    for (double y = -radius; y <= radius; y += step)
      for (double x = -radius; x <= radius; x += step) {
        if (x * x + y * y > radius * radius) continue;
        double v = volume_sample(hu, place(a, x, y, (i - HALF) * along_mm));
        if (isnan(v)) continue;
        sum += v;
        n++;
      }
    p[i] = n > 0 ? sum / n : (double)NAN;
  }
}

/* Where the HU falls steepest on the way to the disc, going by `d` from the middle [mm]; NaN
 * without a disc at least 25 HU darker than the middle. */
static double end_plate(const double p[LENGTH], int d) {
  const double darker = 25;
  const int nearest = 12, slope = 2;
  double middle = 0, least = (double)INFINITY, steepest = 0, at = (double)NAN;
  int low = 0;
  for (int i = -4; i <= 4; i++) middle += p[HALF + i] / 9;
  for (int i = nearest; i <= HALF; i++)
    if (p[HALF + d * i] < least) {
      least = p[HALF + d * i];
      low = i;
    }
  if (!(middle - least >= darker)) return (double)NAN;
  for (int i = nearest - 6; i + slope <= low; i++) {
    double fall = p[HALF + d * (i - slope)] - p[HALF + d * (i + slope)];
    if (fall > steepest) {
      steepest = fall;
      at = i * along_mm;
    }
  }
  return at;
}

/* ---- outline ---- */

/* Mean over 8 mm along the axis. */
static double slab(const struct volume *hu, const struct body_axes *a, double x, double y) {
  double sum = 0;
  for (int i = -2; i <= 2; i++) sum += volume_sample(hu, place(a, x, y, 2.0 * i));
  return sum / 5;
}

/* Fall of the HU across each radius of each ray [HU], 0..300. */
static void ray_edges(double gain[RAYS][RADII], const struct volume *hu,
                      const struct body_axes *a) {
  const double most = 300, solid_hu = 100;
  for (int r = 0; r < RAYS; r++) {
    double angle = 2 * 3.14159265358979323846 * r / RAYS, c = cos(angle), s = sin(angle);
    double v[RADII + 8];
    for (int i = 0; i < RADII + 8; i++) {
      double radius = first_mm + (i - 4) * radius_step_mm;
      v[i] = slab(hu, a, radius * c, radius * s);
    }
    for (int i = 0; i < RADII; i++) {
      double inside = v[i + 2], outside = v[i + 7], fall = inside - outside;
      bool bone = fmax(v[i], fmax(v[i + 1], inside)) > solid_hu;
      gain[r][i] = bone && fall > 0 ? fmin(fall, most) : 0;
    }
  }
}

/* The closed path of radii with the largest sum of falls; neighbours differ by at most 1 mm. Two
 * rounds, of which the middle is kept, close it. */
static status best_outline(int path[RAYS], double gain[RAYS][RADII]) {
  enum { ROUNDS = 2, STEPS = ROUNDS * RAYS, JUMP = 2 };
  const double roughness = 8; /* HU a step */
  status st = ST_OK;
  double(*best)[RADII] = calloc(STEPS, sizeof *best);
  int(*from)[RADII] = calloc(STEPS, sizeof *from);
  int last = 0;
  CHECK(best && from, ST_MEMORY, "outlining a vertebral body");
  for (int s = 0; s < STEPS; s++)
    for (int i = 0; i < RADII; i++) {
      double most = s ? -(double)INFINITY : 0;
      for (int j = i - JUMP; s && j <= i + JUMP; j++) {
        if (j < 0 || j >= RADII) continue;
        double value = best[s - 1][j] - roughness * abs(i - j);
        if (value <= most) continue;
        most = value;
        from[s][i] = j;
      }
      best[s][i] = most + gain[s % RAYS][i];
    }
  for (int i = 1; i < RADII; i++)
    if (best[STEPS - 1][i] > best[STEPS - 1][last]) last = i;
  for (int s = STEPS - 1; s >= 0; s--) {
    if (s < STEPS - RAYS / 2 && s >= STEPS - RAYS / 2 - RAYS) path[s % RAYS] = last;
    last = from[s][last];
  }
done:
  free(best);
  free(from);
  return st;
}

static double radius_of(int i) {
  return first_mm + i * radius_step_mm + 0.25; /* between the two samples of the fall */
}

/* Extent of the outline, and its middle. */
static void extents(double low[2], double high[2], const int path[RAYS]) {
  low[0] = low[1] = 1e9;
  high[0] = high[1] = -1e9;
  for (int r = 0; r < RAYS; r++) {
    double angle = 2 * 3.14159265358979323846 * r / RAYS, radius = radius_of(path[r]);
    double p[2] = {radius * cos(angle), radius * sin(angle)};
    for (int a = 0; a < 2; a++) {
      low[a] = fmin(low[a], p[a]);
      high[a] = fmax(high[a], p[a]);
    }
  }
}

static bool in_outline(const int path[RAYS], double x, double y) {
  double t = atan2(y, x) / (2 * 3.14159265358979323846) * RAYS;
  if (t < 0) t += RAYS;
  int a = (int)t % RAYS, b = (a + 1) % RAYS;
  double f = t - floor(t), radius = (1 - f) * radius_of(path[a]) + f * radius_of(path[b]);
  return hypot(x, y) <= radius;
}

static int64_t fill_label(struct labels *l, const struct body_axes *a, const int path[RAYS],
                          double half_mm, int value) {
  const struct geometry *g = &l->grid;
  int64_t n = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        struct vec3 d =
            vec3_sub(geometry_to_world(g, vec3_make((double)i, (double)j, (double)k)), a->at);
        if (fabs(vec3_dot(d, a->axis)) > half_mm) continue;
        if (!in_outline(path, vec3_dot(d, a->left), -vec3_dot(d, a->anterior))) continue;
        l->voxels[geometry_index(g, i, j, k)] = (uint16_t)value;
        n++;
      }
  return n;
}

/* ---- all of it ---- */

/* Move the middle between the end plates; half of the slab that the label fills. */
static double centre_between_plates(struct body_axes *a, struct vertebra_frame *f,
                                    const struct volume *hu) {
  const double least_mm = 15, most_mm = 40, margin_mm = 3, unknown_mm = 5;
  double p[LENGTH];
  axis_profile(p, hu, a);
  double up = end_plate(p, 1), down = end_plate(p, -1), height = up + down;
  if (!(height >= least_mm && height <= most_mm)) {
    vertebra_flag(f, "end plates not found: the height is the one given");
    return unknown_mm;
  }
  a->at = vec3_along(a->at, 0.5 * (up - down), a->axis);
  return 0.5 * height - margin_mm;
}

static double clear_share(const int path[RAYS], double gain[RAYS][RADII]) {
  const double clear_hu = 60;
  double n = 0;
  for (int r = 0; r < RAYS; r++) n += gain[r][path[r]] >= clear_hu;
  return n / RAYS;
}

static void fill_frame(struct vertebra_frame *f, const struct body_axes *a, const int path[RAYS],
                       const struct labels *l, int64_t voxels) {
  const double nan = (double)NAN;
  const struct vec3 none = {nan, nan, nan};
  double low[2], high[2];
  extents(low, high, path);
  struct vec3 centre = place(a, 0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1]), 0);
  f->centre = centre;
  f->axis = a->axis;
  f->anterior = a->anterior;
  f->width_mm = high[0] - low[0];
  f->depth_mm = high[1] - low[1];
  f->back_mm = 0.5 * f->depth_mm;
  f->height_anterior_mm = f->height_middle_mm = f->height_posterior_mm = nan;
  f->height_step_mm = f->plate_rms_mm = nan;
  f->superior_point = f->superior_normal = f->inferior_point = f->inferior_normal = none;
  f->body_mm3 = (double)voxels * geometry_voxel_mm3(&l->grid);
  snprintf(f->method, sizeof f->method, "anchor");
}

status column_anchor(struct vertebra_frame *out, struct labels *labels, const struct column *c,
                     const struct volume *hu, int level, double z_mm) {
  const double front_mm = 26, least_clear = 0.5;
  status st = ST_OK;
  struct body_axes a;
  struct vertebra_frame f = {.label = vertebra_level_label(level)};
  double(*gain)[RADII] = calloc(RAYS, sizeof *gain);
  int path[RAYS];
  const char *name = vertebra_level_name(level);
  CHECK(gain, ST_MEMORY, "outlining %s", name);
  snprintf(f.level, sizeof f.level, "%s", name);
  TRY(column_at(&a.at, &a.axis, &a.anterior, c, z_mm));
  a.left = vec3_cross(a.axis, a.anterior);
  a.at = vec3_along(a.at, front_mm, a.anterior);
  a.at = vec3_along(a.at, (z_mm - a.at.z) / a.axis.z, a.axis);
  double half = centre_between_plates(&a, &f, hu);
  ray_edges(gain, hu, &a);
  TRY(best_outline(path, gain));
  double clear = clear_share(path, gain);
  CHECK(clear >= least_clear, ST_DOMAIN,
        "%s at z %.0f mm: %.0f %% of the outline has a clear edge, at least %.0f %% are needed; is "
        "there the middle of a body?",
        name, z_mm, 100 * clear, 100 * least_clear);
  int64_t voxels = fill_label(labels, &a, path, half, f.label);
  fill_frame(&f, &a, path, labels, voxels);
  vertebra_flag(&f, "level named by the user at z %.0f mm, %.0f %% of the outline clear", z_mm,
                100 * clear);
  *out = f;
done:
  free(gain);
  return st;
}
