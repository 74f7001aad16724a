#include "anatomy/box.h"

#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

enum { MARGIN = 8 }; /* voxels read around a box: the prefilter's memory, 0.27^8 < 3e-5 */

void box_bounds(const struct geometry *g, struct vec3 *low, struct vec3 *high) {
  double lo[3] = {INFINITY, INFINITY, INFINITY}, hi[3] = {-INFINITY, -INFINITY, -INFINITY};
  for (int corner = 0; corner < 8; corner++) {
    struct vec3 at = geometry_to_world(g, vec3_make(corner & 1 ? (double)g->nx - 0.5 : -0.5,
                                                    corner & 2 ? (double)g->ny - 0.5 : -0.5,
                                                    corner & 4 ? (double)g->nz - 0.5 : -0.5));
    double p[3] = {at.x, at.y, at.z};
    for (int a = 0; a < 3; a++) {
      lo[a] = fmin(lo[a], p[a]);
      hi[a] = fmax(hi[a], p[a]);
    }
  }
  *low = vec3_make(lo[0], lo[1], lo[2]);
  *high = vec3_make(hi[0], hi[1], hi[2]);
}

/* ---- cubic B-spline ---- */

static const double POLE = -0.26794919243112270647; /* sqrt(3) - 2 */

/* Interpolation coefficients of one line, mirrored at its ends, in place. */
static void prefilter_line(float *c, int64_t n, int64_t stride) {
  if (n < 2) return;
  double sum = c[0], z = POLE;
  for (int64_t i = 1; i < n && i < 24; i++) {
    sum += z * (double)c[i * stride];
    z *= POLE;
  }
  double last = sum;
  c[0] = (float)(6 * last);
  for (int64_t i = 1; i < n; i++) {
    last = (double)c[i * stride] + POLE * last;
    c[i * stride] = (float)(6 * last);
  }
  double end = (POLE / (POLE * POLE - 1)) *
               ((double)c[(n - 1) * stride] + POLE * (double)c[(n - 2) * stride]);
  c[(n - 1) * stride] = (float)end;
  for (int64_t i = n - 2; i >= 0; i--) {
    end = POLE * (end - (double)c[i * stride]);
    c[i * stride] = (float)end;
  }
}

static void prefilter(struct volume *v) {
  int64_t nx = v->grid.nx, ny = v->grid.ny, nz = v->grid.nz;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < nz; k++) {
    float *slice = v->voxels + k * nx * ny;
    for (int64_t j = 0; j < ny; j++) prefilter_line(slice + j * nx, nx, 1);
    for (int64_t i = 0; i < nx; i++) prefilter_line(slice + i, ny, nx);
  }
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t j = 0; j < ny; j++)
    for (int64_t i = 0; i < nx; i++) prefilter_line(v->voxels + j * nx + i, nz, nx * ny);
}

static void spline_weights(float w[4], double t) {
  double u = 1 - t;
  w[0] = (float)(u * u * u / 6);
  w[1] = (float)((4 - 3 * t * t * (2 - t)) / 6);
  w[2] = (float)((4 - 3 * u * u * (2 - u)) / 6);
  w[3] = (float)(t * t * t / 6);
}

static int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  if (i < 0) i = -i;
  if (i >= n) i = 2 * (n - 1) - i;
  return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Value of the spline at a fractional index inside the grid. */
static float spline_value(const struct volume *c, const double at[3]) {
  int64_t n[3] = {c->grid.nx, c->grid.ny, c->grid.nz}, index[3][4];
  float w[3][4];
  for (int a = 0; a < 3; a++) {
    double base = floor(at[a]);
    spline_weights(w[a], at[a] - base);
    for (int o = 0; o < 4; o++) {
      int64_t i = (int64_t)base + o - 1;
      index[a][o] = i < 0 || i >= n[a] ? mirrored(i, n[a]) : i;
    }
  }
  bool run = index[0][3] == index[0][0] + 3;
  float sum = 0;
  for (int k = 0; k < 4; k++)
    for (int j = 0; j < 4; j++) {
      const float *row = c->voxels + (index[2][k] * n[1] + index[1][j]) * n[0];
      float s = 0;
      if (run) {
        const float *p = row + index[0][0];
        s = w[0][0] * p[0] + w[0][1] * p[1] + w[0][2] * p[2] + w[0][3] * p[3];
      } else {
        for (int i = 0; i < 4; i++) s += w[0][i] * row[index[0][i]];
      }
      sum += w[2][k] * w[1][j] * s;
    }
  return sum;
}

/* The part of `from` that a world box needs, as its own volume with coefficients. */
static status coefficients(struct volume **out, const struct volume *from,
                           const struct geometry *box) {
  status st = ST_OK;
  struct volume *c = NULL;
  double lo[3] = {INFINITY, INFINITY, INFINITY}, hi[3] = {-INFINITY, -INFINITY, -INFINITY};
  int64_t n[3] = {from->grid.nx, from->grid.ny, from->grid.nz}, first[3], last[3];
  for (int corner = 0; corner < 8; corner++) {
    struct vec3 index = geometry_to_index(
        &from->grid, box_centre_of(box, corner & 1 ? box->nx - 1 : 0, corner & 2 ? box->ny - 1 : 0,
                                   corner & 4 ? box->nz - 1 : 0));
    double p[3] = {index.x, index.y, index.z};
    for (int a = 0; a < 3; a++) {
      lo[a] = fmin(lo[a], p[a]);
      hi[a] = fmax(hi[a], p[a]);
    }
  }
  for (int a = 0; a < 3; a++) {
    first[a] = (int64_t)fmax(0, floor(lo[a]) - MARGIN);
    last[a] = (int64_t)fmin((double)n[a] - 1, ceil(hi[a]) + MARGIN);
    CHECK(first[a] <= last[a], ST_DOMAIN,
          "cutting a box: it lies outside the scan along index axis %d", a);
  }
  struct geometry g = from->grid;
  struct vec3 origin = geometry_to_world(
      &from->grid, vec3_make((double)first[0], (double)first[1], (double)first[2]));
  g.nx = last[0] - first[0] + 1;
  g.ny = last[1] - first[1] + 1;
  g.nz = last[2] - first[2] + 1;
  g.origin[0] = origin.x;
  g.origin[1] = origin.y;
  g.origin[2] = origin.z;
  TRY(volume_create(&c, &g, from->quantity));
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      memcpy(c->voxels + (k * g.ny + j) * g.nx,
             from->voxels + geometry_index(&from->grid, first[0], first[1] + j, first[2] + k),
             (size_t)g.nx * sizeof(float));
  prefilter(c);
  *out = c;
  c = NULL;
done:
  volume_destroy(c);
  return st;
}

static struct geometry box_grid(struct vec3 low, struct vec3 high, double step) {
  struct geometry g =
      geometry_make((int64_t)fmax(1, floor((high.x - low.x) / step + 1e-6)),
                    (int64_t)fmax(1, floor((high.y - low.y) / step + 1e-6)),
                    (int64_t)fmax(1, floor((high.z - low.z) / step + 1e-6)), step, step, step);
  g.origin[0] = low.x + step / 2;
  g.origin[1] = low.y + step / 2;
  g.origin[2] = low.z + step / 2;
  return g;
}

/* What lies along one index axis of the spline when the box runs along it: for each of `count`
 * places the first of four coefficients' indices and their weights. */
struct taps {
  int64_t count, (*index)[4];
  float (*w)[4];
  uint8_t *in; /* owned, [count]: within the scan */
};

static void taps_free(struct taps *t) {
  free(t->index);
  free(t->w);
  free(t->in);
}

/* Places start, start + by, ... on an axis of n coefficients, of which the scan has [low, high]. */
static status taps_make(struct taps *t, double start, double by, int64_t count, int64_t n,
                        double low, double high) {
  status st = ST_OK;
  t->count = count;
  t->index = malloc((size_t)count * sizeof *t->index);
  t->w = malloc((size_t)count * sizeof *t->w);
  t->in = malloc((size_t)count);
  CHECK(t->index && t->w && t->in, ST_MEMORY, "cutting a box: out of memory");
  for (int64_t i = 0; i < count; i++) {
    double at = start + by * (double)i, base = floor(at);
    t->in[i] = at >= low - 1e-6 && at <= high + 1e-6;
    spline_weights(t->w[i], at - base);
    for (int o = 0; o < 4; o++) {
      int64_t k = (int64_t)base + o - 1;
      t->index[i][o] = k < 0 || k >= n ? mirrored(k, n) : k;
    }
  }
done:
  return st;
}

/* out[r][i][s] = sum over o of w[i][o] in[r][index[i][o]][s], r < rows, s < run. */
static void interpolate_axis(float *out, const float *in, const struct taps *t, int64_t rows,
                             int64_t length, int64_t run) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < t->count; i++) {
      const float *w = t->w[i], *p[4];
      float *to = out + (r * t->count + i) * run;
      for (int o = 0; o < 4; o++) p[o] = in + (r * length + t->index[i][o]) * run;
      for (int64_t s = 0; s < run; s++)
        to[s] = w[0] * p[0][s] + w[1] * p[1][s] + w[2] * p[2][s] + w[3] * p[3][s];
    }
}

/* A box whose axes run along those of the spline (axis[a] of the spline for axis a of the box): one
 * axis after the other, four coefficients each, in place of 64 for every voxel. */
static status evaluate_aligned(struct volume *box, const struct volume *c, const int axis[3],
                               const struct taps taps[3], float outside) {
  status st = ST_OK;
  const struct geometry *g = &box->grid;
  int64_t n[3] = {c->grid.nx, c->grid.ny, c->grid.nz}, m[3];
  float *step[3] = {NULL, NULL, NULL};
  const float *from = c->voxels;
  for (int a = 0; a < 3; a++) m[axis[a]] = taps[a].count;
  for (int pass = 0; pass < 3; pass++) { /* x, y, z of the spline */
    int a = axis[0] == pass ? 0 : axis[1] == pass ? 1 : 2;
    int64_t run = pass == 0 ? 1 : pass == 1 ? m[0] : m[0] * m[1];
    int64_t rows = pass == 0 ? n[1] * n[2] : pass == 1 ? n[2] : 1;
    step[pass] = malloc((size_t)(rows * m[pass] * run) * sizeof(float));
    CHECK(step[pass], ST_MEMORY, "cutting a box: out of memory");
    interpolate_axis(step[pass], from, &taps[a], rows, n[pass], run);
    from = step[pass];
  }
  const int64_t stride[3] = {1, m[0], m[0] * m[1]};
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++) {
      const float *row = from + k * stride[axis[2]] + j * stride[axis[1]];
      float *to = box->voxels + (k * g->ny + j) * g->nx;
      bool in = taps[1].in[j] && taps[2].in[k];
      for (int64_t i = 0; i < g->nx; i++)
        to[i] = in && taps[0].in[i] ? row[i * stride[axis[0]]] : outside;
    }
done:
  for (int pass = 0; pass < 3; pass++) free(step[pass]);
  return st;
}

/* The spline's axis along which a box axis runs, -1 when it runs along none. */
static int axis_of(struct vec3 by) {
  double b[3] = {fabs(by.x), fabs(by.y), fabs(by.z)}, all = b[0] + b[1] + b[2];
  for (int a = 0; a < 3; a++)
    if (b[a] > (1 - 1e-9) * all) return a;
  return -1;
}

static void evaluate_oblique(struct volume *box, const struct volume *c, struct vec3 shift,
                             const int64_t scan[3], float outside) {
  const struct geometry *g = &box->grid;
  double back[3] = {shift.x, shift.y, shift.z};
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++) {
      struct vec3 start = geometry_to_index(&c->grid, box_centre_of(g, 0, j, k));
      struct vec3 next = geometry_to_index(&c->grid, box_centre_of(g, 1, j, k));
      struct vec3 by = vec3_sub(next, start);
      float *row = box->voxels + (k * g->ny + j) * g->nx;
      for (int64_t i = 0; i < g->nx; i++) {
        struct vec3 p = vec3_along(start, (double)i, by);
        double at[3] = {p.x, p.y, p.z};
        bool in = true;
        for (int a = 0; a < 3; a++)
          in = in && at[a] + back[a] >= -0.5 - 1e-6 &&
               at[a] + back[a] <= (double)scan[a] - 0.5 + 1e-6;
        row[i] = in ? spline_value(c, at) : outside;
      }
    }
}

static status evaluate(struct volume *box, const struct volume *c, const struct geometry *scan,
                       float outside) {
  status st = ST_OK;
  const struct geometry *g = &box->grid;
  int64_t n[3] = {c->grid.nx, c->grid.ny, c->grid.nz}, count[3] = {g->nx, g->ny, g->nz};
  int64_t size[3] = {scan->nx, scan->ny, scan->nz};
  struct taps taps[3] = {{0, NULL, NULL, NULL}, {0, NULL, NULL, NULL}, {0, NULL, NULL, NULL}};
  struct vec3 shift =
      geometry_to_index(scan, vec3_make(c->grid.origin[0], c->grid.origin[1], c->grid.origin[2]));
  struct vec3 start = geometry_to_index(&c->grid, box_centre_of(g, 0, 0, 0));
  double from[3] = {start.x, start.y, start.z}, back[3] = {shift.x, shift.y, shift.z};
  int axis[3];
  for (int a = 0; a < 3; a++) {
    struct vec3 next = geometry_to_index(&c->grid, box_centre_of(g, a == 0, a == 1, a == 2));
    double by[3] = {next.x - start.x, next.y - start.y, next.z - start.z};
    axis[a] = axis_of(vec3_sub(next, start));
    if (axis[a] < 0) {
      evaluate_oblique(box, c, shift, size, outside);
      goto done;
    }
    int s = axis[a];
    TRY(taps_make(&taps[a], from[s], by[s], count[a], n[s], -0.5 - back[s],
                  (double)size[s] - 0.5 - back[s]));
  }
  TRY(evaluate_aligned(box, c, axis, taps, outside));
done:
  for (int a = 0; a < 3; a++) taps_free(&taps[a]);
  return st;
}

status box_cut(struct volume **out, const struct volume *from, struct vec3 low, struct vec3 high,
               double step, float outside) {
  status st = ST_OK;
  struct volume *box = NULL, *c = NULL;
  struct vec3 least, most;
  box_bounds(&from->grid, &least, &most);
  low = vec3_make(fmax(low.x, least.x), fmax(low.y, least.y), fmax(low.z, least.z));
  high = vec3_make(fmin(high.x, most.x), fmin(high.y, most.y), fmin(high.z, most.z));
  CHECK(high.x > low.x && high.y > low.y && high.z > low.z, ST_DOMAIN,
        "cutting a box: it lies outside the scan");
  struct geometry g = box_grid(low, high, step);
  TRY(volume_create(&box, &g, from->quantity));
  TRY(coefficients(&c, from, &g));
  TRY(evaluate(box, c, &from->grid, outside));
  box->material = from->material;
  *out = box;
  box = NULL;
done:
  volume_destroy(c);
  volume_destroy(box);
  return st;
}

/* ---- coarse copy ---- */

/* Mean of clamped values over blocks of f voxels; the last, incomplete blocks are left out. */
static status block_mean(struct volume **out, const struct volume *v, const int64_t f[3], float low,
                         float high) {
  status st = ST_OK;
  struct volume *m = NULL;
  struct geometry g = v->grid;
  g.nx /= f[0];
  g.ny /= f[1];
  g.nz /= f[2];
  struct vec3 origin = geometry_to_world(
      &v->grid, vec3_make((double)(f[0] - 1) / 2, (double)(f[1] - 1) / 2, (double)(f[2] - 1) / 2));
  g.origin[0] = origin.x;
  g.origin[1] = origin.y;
  g.origin[2] = origin.z;
  for (int a = 0; a < 3; a++) g.spacing[a] *= (double)f[a];
  TRY(volume_create(&m, &g, v->quantity));
  float scale = 1.0F / (float)(f[0] * f[1] * f[2]);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t kk = k * f[2]; kk < (k + 1) * f[2]; kk++)
      for (int64_t jj = 0; jj < g.ny * f[1]; jj++) {
        const float *in = v->voxels + geometry_index(&v->grid, 0, jj, kk);
        float *row = m->voxels + (k * g.ny + jj / f[1]) * g.nx;
        for (int64_t i = 0; i < g.nx; i++)
          for (int64_t ii = 0; ii < f[0]; ii++)
            row[i] += scale * fminf(fmaxf(in[i * f[0] + ii], low), high);
      }
  *out = m;
  m = NULL;
done:
  volume_destroy(m);
  return st;
}

/* Linear, held constant over the outer half voxel; `outside` further out. */
static double linear_or(const struct volume *v, struct vec3 world, double outside) {
  struct vec3 index = geometry_to_index(&v->grid, world);
  double p[3] = {index.x, index.y, index.z};
  double last[3] = {(double)v->grid.nx - 1, (double)v->grid.ny - 1, (double)v->grid.nz - 1};
  for (int a = 0; a < 3; a++) {
    if (p[a] < -1 || p[a] > last[a] + 1) return outside;
    p[a] = fmin(fmax(p[a], 0), last[a]);
  }
  return volume_sample_index(v, p[0], p[1], p[2]);
}

status box_coarse(struct volume **out, const struct volume *from, double step, float low,
                  float high) {
  status st = ST_OK;
  struct volume *blocks = NULL, *box = NULL;
  int64_t n[3] = {from->grid.nx, from->grid.ny, from->grid.nz}, f[3];
  for (int a = 0; a < 3; a++) {
    f[a] = (int64_t)fmax(1, floor(step * 1.05 / from->grid.spacing[a]));
    if (f[a] > n[a]) f[a] = n[a];
  }
  TRY(block_mean(&blocks, from, f, low, high));
  struct vec3 least, most;
  box_bounds(&from->grid, &least, &most);
  struct geometry g = box_grid(least, most, step);
  TRY(volume_create(&box, &g, from->quantity));
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++)
        box->voxels[(k * g.ny + j) * g.nx + i] =
            (float)linear_or(blocks, box_centre_of(&g, i, j, k), low);
  *out = box;
  box = NULL;
done:
  volume_destroy(blocks);
  volume_destroy(box);
  return st;
}

/* ---- smoothing ---- */

/* out = sum over o of w[|o|] in[clamped(at + o)] for a run of `run` values. */
static void smooth_row(float *restrict out, const float *in, int64_t run, int64_t stride,
                       int64_t at, int64_t length, const float *w, int reach) {
  for (int64_t i = 0; i < run; i++) out[i] = w[0] * in[i];
  for (int o = 1; o <= reach; o++) {
    int64_t up = at + o < length ? o : length - 1 - at, down = at - o >= 0 ? -o : -at;
    const float *p = in + up * stride, *q = in + down * stride;
    for (int64_t i = 0; i < run; i++) out[i] += w[o] * (p[i] + q[i]);
  }
}

static void smooth_x(float *restrict out, const float *restrict in, int64_t n, const float *w,
                     int reach) {
  for (int64_t i = 0; i < n; i++) {
    float s = w[0] * in[i];
    for (int o = 1; o <= reach; o++)
      s += w[o] * (in[i + o < n ? i + o : n - 1] + in[i - o >= 0 ? i - o : 0]);
    out[i] = s;
  }
}

status box_gaussian(struct volume *v, double sigma_mm) {
  status st = ST_OK;
  double sigma = sigma_mm / v->grid.spacing[0], sum = 1;
  int reach = (int)ceil(4 * sigma);
  int64_t nx = v->grid.nx, ny = v->grid.ny, nz = v->grid.nz, slice = nx * ny;
  float *w = malloc((size_t)(reach + 1) * sizeof *w), *a = NULL;
  a = malloc((size_t)(slice * nz) * sizeof *a);
  CHECK(w && a, ST_MEMORY, "smoothing a box of %lld voxels: out of memory",
        (long long)(slice * nz));
  for (int o = 1; o <= reach; o++) sum += 2 * exp(-0.5 * o * o / (sigma * sigma));
  for (int o = 0; o <= reach; o++) w[o] = (float)(exp(-0.5 * o * o / (sigma * sigma)) / sum);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < nz; k++)
    smooth_row(a + k * slice, v->voxels + k * slice, slice, slice, k, nz, w, reach);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < nz; k++)
    for (int64_t j = 0; j < ny; j++)
      smooth_row(v->voxels + k * slice + j * nx, a + k * slice + j * nx, nx, nx, j, ny, w, reach);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t r = 0; r < ny * nz; r++) {
    smooth_x(a + r * nx, v->voxels + r * nx, nx, w, reach);
    memcpy(v->voxels + r * nx, a + r * nx, (size_t)nx * sizeof *a);
  }
done:
  free(w);
  free(a);
  return st;
}
