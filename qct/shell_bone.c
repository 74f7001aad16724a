#include "core/statistics.h"
#include "qct/shell_parts.h"
#include "qct/shell_profiles.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double LEAST_SIGMA = 0.2;       /* mm */
static const double STEEP = 0.3, FLAT = 0.5; /* |normal . slice axis| where either blur is read */
/* Peaks over the plateau of thick cortex, at most: no cortex of a bone is half as dense again as
 * its thick cortex, but it is over dense trabecular bone that looks as wide. */
static const double DENSER = 1.5;
static const double NARROW_MM = 2.4; /* of a cortex that tells where none is 3 mm thick */
enum { THICK_LEAST = 50, ROUNDS = 50 };

/* SD of the normal part that with slices so far apart makes a profile rise from a quarter to three
 * of its height in `rise` mm; 0 when the slices alone take longer. Both ends of the height exceed
 * the plateaus. */
static double sigma_of_rise(const struct profile_table *table, double rise, double slice_mm) {
  double low = 0, high = rise;
  for (int i = 0; i < 30; i++) {
    double middle = (low + high) / 2;
    struct profile_blur b = {middle, slice_mm};
    if (profile_step(table, &b, rise / 2) > 0.75 + profile_overshoot(table, &b) / 2)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* What profiles were blurred by, without the blur of reading them. */
static double plane_sigma(double sigma_mm, double fine_mm) {
  return sqrt(fmax(sigma_mm * sigma_mm - fine_mm * fine_mm / 6, LEAST_SIGMA * LEAST_SIGMA));
}

/* Blur along the slice axis, from thick cortex that slices cut at an angle. */
static void read_slice_blur(struct qct_shell *s, const struct shell_profiles *seen, double *room) {
  const struct profile_edges *edges = seen->edges;
  int64_t flat = 0;
  s->slice_sigma_mm = 0;
  for (int64_t i = 0; i < s->surface->vertex_count; i++) {
    double n = fabs(vec3_dot(s->surface->normals[i], s->slice_axis));
    if (!edges[i].ok || isnan(edges[i].plateau) || isnan(edges[i].rise_mm) || n < FLAT) continue;
    double sigma = sigma_of_rise(seen->table, edges[i].rise_mm, s->slice_mm * n);
    double plane = s->sigma_mm * s->sigma_mm * (1 - fmin(n * n, 1));
    room[flat++] = (sigma * sigma - seen->fine_mm * seen->fine_mm / 6 - plane) / (n * n);
  }
  if (flat >= THICK_LEAST) s->slice_sigma_mm = sqrt(fmax(stat_percentile(room, flat, 50), 0));
}

/* Medians of what the steep places of a narrow cortex read. */
struct narrow {
  double wide, rise, middle, outside, behind;
};

static void line_of_slab(struct profile *line, const struct narrow *n,
                         const struct profile_table *t, double y1, double wide, double sigma) {
  const struct profile_blur b = {sigma, 0};
  for (int i = 0; i < PROFILE_SAMPLES; i++) {
    double x = PROFILE_FROM_MM + PROFILE_STEP_MM * i;
    line->y[i] = n->outside + (y1 - n->outside) * profile_step(t, &b, x) +
                 (n->behind - y1) * profile_step(t, &b, x - wide);
  }
}

/* The slab that reads as the cortex does: blur takes some 5 % off its middle and steepens the rise
 * to what is left. */
static bool fit_slab(double *y1, double *sigma, const struct narrow *n,
                     const struct profile_table *table) {
  double wide = n->wide;
  struct profile line;
  struct profile_edges e = {0};
  *y1 = n->middle;
  *sigma = n->rise / 1.34898;
  for (int round = 0; round < ROUNDS; round++) {
    line_of_slab(&line, n, table, *y1, wide, *sigma);
    profile_edges(&e, &line, SHELL_LEAST_EDGE);
    if (isnan(e.middle) || isnan(e.rise_mm)) return false;
    *y1 *= n->middle / e.middle;
    *sigma *= n->rise / e.rise_mm;
    wide += n->wide - (e.inner_mm - e.outer_mm);
  }
  return fabs(e.middle / n->middle - 1) < 1e-3 && fabs(e.rise_mm / n->rise - 1) < 0.01;
}

static bool narrow_place(const struct qct_shell *s, const struct profile_edges *e, int64_t vertex) {
  double across = vec3_dot(s->surface->normals[vertex], s->slice_axis);
  return e->ok && !e->next && !isnan(e->middle) && !isnan(e->rise_mm) &&
         e->inner_mm - e->outer_mm >= NARROW_MM && fabs(across) < STEEP;
}

/* Where no cortex is thick: the same from the widest there is. */
static status read_narrow(struct qct_shell *s, const struct shell_profiles *seen, double most) {
  enum { READ = 5 };
  status st = ST_OK;
  int64_t n = s->surface->vertex_count, count = 0;
  double *read[READ] = {NULL}, *room = malloc((size_t)n * READ * sizeof *room), median[READ];
  CHECK(room, ST_MEMORY, "cortical shell: out of memory");
  for (int q = 0; q < READ; q++) read[q] = room + q * n;
  for (int64_t i = 0; i < n; i++) {
    const struct profile_edges *e = &seen->edges[i];
    if (!narrow_place(s, e, i)) continue;
    const double value[READ] = {e->inner_mm - e->outer_mm, e->rise_mm, e->middle, e->outside,
                                e->behind};
    for (int q = 0; q < READ; q++) read[q][count] = value[q];
    count++;
  }
  if (count < THICK_LEAST) goto done;
  for (int q = 0; q < READ; q++) median[q] = stat_percentile(read[q], count, 50);
  const struct narrow m = {median[0], median[1], median[2], median[3], median[4]};
  double y1, sigma;
  if (!fit_slab(&y1, &sigma, &m, seen->table) || most > DENSER * y1) goto done;
  s->calibrated = 1;
  s->cortical_mgcc = y1;
  for (int64_t i = 0; i < count; i++) read[2][i] = fabs(read[2][i] - m.middle);
  s->cortical_sd = 1.4826 * stat_percentile(read[2], count, 50);
  s->sigma_mm = plane_sigma(sigma, seen->fine_mm);
  s->slice_sigma_mm = 0;
done:
  free(room);
  return st;
}

status shell_read_bone(struct qct_shell *s, const struct shell_profiles *seen) {
  status st = ST_OK;
  const struct profile_edges *edges = seen->edges;
  int64_t n = s->surface->vertex_count, thick = 0, steep = 0, peaks = 0;
  double *a = malloc((size_t)n * sizeof *a), *b = malloc((size_t)n * sizeof *b);
  double *c = malloc((size_t)n * sizeof *c);
  CHECK(a && b && c, ST_MEMORY, "cortical shell: out of memory");
  for (int64_t i = 0; i < n; i++) {
    if (!edges[i].ok) continue;
    c[peaks++] = edges[i].peak;
    if (isnan(edges[i].plateau)) continue;
    a[thick++] = edges[i].plateau;
    if (fabs(vec3_dot(s->surface->normals[i], s->slice_axis)) < STEEP && !isnan(edges[i].rise_mm))
      b[steep++] = edges[i].rise_mm;
  }
  CHECK(peaks >= 20, ST_DOMAIN,
        "cortical shell: %lld profiles show an edge of %d mg/cm3, at least 20 are needed",
        (long long)peaks, SHELL_LEAST_EDGE);
  double most = stat_percentile(c, peaks, 98);
  double plateau = thick >= THICK_LEAST ? stat_percentile(a, thick, 50) : NAN;
  s->calibrated = steep >= THICK_LEAST && most <= DENSER * plateau;
  if (s->calibrated) {
    s->cortical_mgcc = plateau;
    for (int64_t i = 0; i < thick; i++) a[i] = fabs(a[i] - plateau);
    s->cortical_sd = 1.4826 * stat_percentile(a, thick, 50);
    double sigma = stat_percentile(b, steep, 50) / 1.34898; /* quartiles of a normal edge */
    s->sigma_mm = plane_sigma(sigma, seen->fine_mm);
    read_slice_blur(s, seen, a);
  } else {
    s->cortical_mgcc = fmax(most, 900);
    s->cortical_sd = NAN;
    s->sigma_mm = fmax(0.5, 0.5 * fmin(s->grid.spacing[0], s->grid.spacing[1]));
    s->slice_sigma_mm = s->sigma_mm;
    TRY(read_narrow(s, seen, most));
  }
done:
  free(a);
  free(b);
  free(c);
  return st;
}
