#include "core/eigen.h"
#include "core/filter.h"
#include "core/parallel.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>

/* ---- Euler number ---- */

/* The 2 x 2 x 2 voxels around a lattice point: bit i + 2 j + 4 k for voxel (x - 1 + i, ...). */
static void around(unsigned *bone, unsigned *inside, const struct labels *l,
                   const struct labels *voi, int64_t x, int64_t y, int64_t z) {
  *bone = *inside = 0;
  for (int c = 0; c < 8; c++) {
    int64_t i = x - 1 + (c & 1), j = y - 1 + (c >> 1 & 1), k = z - 1 + (c >> 2);
    if (!geometry_inside(&l->grid, i, j, k)) continue;
    int64_t at = geometry_index(&l->grid, i, j, k);
    if (!micro_in(voi, at)) continue;
    *inside |= 1U << c;
    if (l->voxels[at] == 1) *bone |= 1U << c;
  }
}

static int bits(unsigned x) {
  int n = 0;
  for (; x; x &= x - 1) n++;
  return n;
}

/* Share of a cell (its voxels are `mask`, out of `all`) that counts. */
static double weight(unsigned bone, unsigned inside, unsigned mask, int all, int edges) {
  if (!(bone & mask)) return 0;
  return edges ? (double)bits(inside & mask) / all : 1;
}

/* Vertex, the three edges, three faces and the voxel on the upper side of a lattice point. */
static double corner_sum(unsigned bone, unsigned inside, int edges) {
  if (!bone) return 0;
  /* edge along x going up from the point: voxels with i = 1, and so on */
  static const unsigned edge[3] = {0xAA, 0xCC, 0xF0}, face[3] = {0xC0, 0xA0, 0x88};
  double sum = weight(bone, inside, 0xFF, 8, edges);
  for (int a = 0; a < 3; a++) {
    sum -= weight(bone, inside, edge[a], 4, edges);
    sum += weight(bone, inside, face[a], 2, edges);
  }
  return sum - weight(bone, inside, 0x80, 1, edges);
}

double micro_euler(const struct labels *bone, const struct labels *voi, int edges) {
  const struct geometry *g = &bone->grid;
  double sum = 0;
  for (int64_t z = 0; z <= g->nz; z++) {
    double layer = 0; /* eighths: exact whatever the order */
#pragma omp parallel for num_threads(parallel_threads()) reduction(+ : layer)
    for (int64_t y = 0; y <= g->ny; y++)
      for (int64_t x = 0; x <= g->nx; x++) {
        unsigned b, inside;
        around(&b, &inside, bone, voi, x, y, z);
        layer += corner_sum(b, inside, edges);
      }
    sum += layer;
  }
  return sum;
}

status micro_count_parts(int64_t *bones, int64_t *cavities, const struct labels *bone) {
  status st = ST_OK;
  struct labels *parts = NULL, *marrow = NULL, *filled = NULL;
  int count;
  TRY(filter_components(&parts, bone, 26, 1, NULL, &count));
  *bones = count;
  TRY(labels_copy(&filled, bone));
  TRY(filter_fill_holes(filled, 1, -1));
  TRY(labels_create(&marrow, &bone->grid));
  for (int64_t i = 0; i < geometry_voxels(&bone->grid); i++)
    marrow->voxels[i] = filled->voxels[i] == 1 && bone->voxels[i] != 1;
  labels_destroy(parts);
  parts = NULL;
  count = 0;
  if (labels_count(marrow, 1)) TRY(filter_components(&parts, marrow, 6, 1, NULL, &count));
  *cavities = count;
done:
  labels_destroy(parts);
  labels_destroy(marrow);
  labels_destroy(filled);
  return st;
}

/* ---- mean intercept length ---- */

static const double GOLDEN = 2.39996322972865332; /* angle, radians */
enum { LINES = 40 };                              /* across the volume, each way */

static struct vec3 fixed_direction(int i) {
  double z = (i + 0.5) / MICRO_DIRECTIONS, r = sqrt(1 - z * z);
  return vec3_make(r * cos(GOLDEN * i), r * sin(GOLDEN * i), z);
}

struct scene {
  const struct labels *bone, *voi;
  double extent[3]; /* between the first and last voxel centres, mm along the index axes */
  double step;      /* along a line [mm] */
};

/* Bone share at a place in voxels, linear between their centres; -1 outside. */
static double share_at(const struct scene *s, double f[3]) {
  const struct geometry *g = &s->bone->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int64_t at[3];
  for (int a = 0; a < 3; a++) {
    if (!(f[a] >= 0) || !(f[a] <= (double)(n[a] - 1))) return -1;
    at[a] = (int64_t)f[a];
    if (at[a] > n[a] - 2) at[a] = n[a] - 2;
    f[a] -= (double)at[a];
  }
  int64_t index = geometry_index(g, at[0], at[1], at[2]), row = g->nx, layer = g->nx * g->ny;
  int64_t nearest = index + (f[0] > 0.5) + (f[1] > 0.5) * row + (f[2] > 0.5) * layer;
  if (!micro_in(s->voi, nearest)) return -1;
  const uint16_t *v = s->bone->voxels + index;
  int corners = v[0] + v[1] + v[row] + v[row + 1] + v[layer] + v[layer + 1] + v[layer + row] +
                v[layer + row + 1];
  if (corners == 0 || corners == 8) return corners / 8;
  double low = (v[0] * (1 - f[0]) + v[1] * f[0]) * (1 - f[1]) +
               (v[row] * (1 - f[0]) + v[row + 1] * f[0]) * f[1];
  double high = (v[layer] * (1 - f[0]) + v[layer + 1] * f[0]) * (1 - f[1]) +
                (v[layer + row] * (1 - f[0]) + v[layer + row + 1] * f[0]) * f[1];
  return low * (1 - f[2]) + high * f[2];
}

/* Part of the line p + t u within the box 0..extent. */
static int box_span(double *from, double *to, const struct scene *s, struct vec3 p, struct vec3 u) {
  const double at[3] = {p.x, p.y, p.z}, d[3] = {u.x, u.y, u.z};
  *from = -INFINITY;
  *to = INFINITY;
  for (int a = 0; a < 3; a++) {
    if (fabs(d[a]) < 1e-12) {
      if (at[a] < 0 || at[a] > s->extent[a]) return 0;
      continue;
    }
    double x = -at[a] / d[a], y = (s->extent[a] - at[a]) / d[a];
    *from = fmax(*from, fmin(x, y));
    *to = fmin(*to, fmax(x, y));
  }
  return *to > *from;
}

static void walk(double *length, double *borders, const struct scene *s, struct vec3 p,
                 struct vec3 u) {
  double from, to;
  int last = -1;
  const double *edge = s->bone->grid.spacing;
  const double at[3] = {p.x / edge[0], p.y / edge[1], p.z / edge[2]};
  const double along[3] = {u.x / edge[0], u.y / edge[1], u.z / edge[2]};
  if (!box_span(&from, &to, s, p, u)) return;
  for (double t = from + 0.5 * s->step; t < to; t += s->step) {
    double f[3] = {at[0] + t * along[0], at[1] + t * along[1], at[2] + t * along[2]};
    double share = share_at(s, f);
    if (share < 0) {
      last = -1;
      continue;
    }
    int now = share >= 0.5;
    *length += s->step;
    *borders += last >= 0 && now != last;
    last = now;
  }
}

/* Borders crossed per mm along u. */
static double crossings(const struct scene *s, struct vec3 u) {
  struct vec3 a = vec3_perpendicular(u), b = vec3_cross(u, a);
  struct vec3 middle = vec3_make(s->extent[0] / 2, s->extent[1] / 2, s->extent[2] / 2);
  double reach = vec3_length(middle), gap = 2 * reach / LINES, length = 0, borders = 0;
  for (int i = 0; i < LINES; i++)
    for (int j = 0; j < LINES; j++) {
      struct vec3 p = vec3_along(middle, (i + 0.5) * gap - reach, a);
      walk(&length, &borders, s, vec3_along(p, (j + 0.5) * gap - reach, b), u);
    }
  return length > 0 ? borders / length : (double)NAN;
}

/* ---- symmetric 3 x 3 ---- */

/* Solve A x = b, n = 6, by elimination with pivots. 0 when singular. */
static int solve6(double a[6][7]) {
  for (int i = 0; i < 6; i++) {
    int pivot = i;
    for (int r = i + 1; r < 6; r++)
      if (fabs(a[r][i]) > fabs(a[pivot][i])) pivot = r;
    if (fabs(a[pivot][i]) < 1e-14) return 0;
    for (int c = 0; c < 7; c++) {
      double swap = a[i][c];
      a[i][c] = a[pivot][c];
      a[pivot][c] = swap;
    }
    for (int r = 0; r < 6; r++) {
      double factor = r == i ? 0 : a[r][i] / a[i][i];
      for (int c = i; c < 7; c++) a[r][c] -= factor * a[i][c];
    }
  }
  return 1;
}

static void quadratic(double row[6], struct vec3 u) {
  const double q[6] = {u.x * u.x,     u.y * u.y,     u.z * u.z,
                       2 * u.x * u.y, 2 * u.x * u.z, 2 * u.y * u.z};
  for (int i = 0; i < 6; i++) row[i] = q[i];
}

static status fit_tensor(double m[6], double *rms, const double rate[MICRO_DIRECTIONS]) {
  status st = ST_OK;
  double a[6][7] = {{0}}, mean = 0, square = 0;
  for (int i = 0; i < MICRO_DIRECTIONS; i++) {
    double row[6], y = rate[i] * rate[i];
    quadratic(row, fixed_direction(i));
    mean += y / MICRO_DIRECTIONS;
    for (int r = 0; r < 6; r++) {
      for (int c = 0; c < 6; c++) a[r][c] += row[r] * row[c];
      a[r][6] += row[r] * y;
    }
  }
  CHECK(mean > 0, ST_DOMAIN, "mean intercept length: no line crosses a border of bone");
  CHECK(solve6(a), ST_NUMERIC, "mean intercept length: the tensor is not determined");
  for (int i = 0; i < 6; i++) m[i] = a[i][6] / a[i][i];
  for (int i = 0; i < MICRO_DIRECTIONS; i++) {
    double row[6], sum = -rate[i] * rate[i];
    quadratic(row, fixed_direction(i));
    for (int c = 0; c < 6; c++) sum += row[c] * m[c];
    square += sum * sum / MICRO_DIRECTIONS;
  }
  *rms = sqrt(square) / mean;
done:
  return st;
}

status micro_fabric(struct micro_fabric *out, const struct labels *bone, const struct labels *voi) {
  status st = ST_OK;
  const struct geometry *g = &bone->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  struct scene s = {.bone = bone, .voi = voi, .step = INFINITY};
  double rate[MICRO_DIRECTIONS], m[6] = {0}, value[3], vector[3][3];
  for (int a = 0; a < 3; a++) {
    CHECK(n[a] >= 2, ST_DOMAIN, "mean intercept length: %lld voxels along an axis, at least 2",
          (long long)n[a]);
    s.extent[a] = (double)(n[a] - 1) * g->spacing[a];
    s.step = fmin(s.step, 0.5 * g->spacing[a]);
  }
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 1)
  for (int i = 0; i < MICRO_DIRECTIONS; i++) rate[i] = crossings(&s, fixed_direction(i));
  TRY(fit_tensor(m, &out->rms, rate));
  double tensor[3][3] = {{m[0], m[3], m[4]}, {m[3], m[1], m[5]}, {m[4], m[5], m[2]}};
  eigen_symmetric(value, &vector[0][0], &tensor[0][0], 3);
  for (int i = 0; i < 3; i++) {
    double v = fmax(value[i], 0);
    out->mil_mm[i] = v > 0 ? 1 / sqrt(v) : INFINITY;
    out->axis[i] = vec3_make(0, 0, 0);
    const double along[3] = {vector[0][i], vector[1][i], vector[2][i]};
    for (int a = 0; a < 3; a++)
      out->axis[i] = vec3_along(out->axis[i], along[a], geometry_axis(g, a));
  }
  out->da_ratio = value[0] > 0 ? sqrt(value[2] / value[0]) : INFINITY;
  out->da_share = 1 - fmax(value[0], 0) / value[2];
done:
  return st;
}
