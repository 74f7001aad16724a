#include "anatomy/mask.h"

#include "core/parallel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

status mask_create(struct mask *m, const int64_t n[3]) {
  memcpy(m->n, n, sizeof m->n);
  m->v = calloc((size_t)mask_size(m), 1);
  return m->v ? ST_OK
              : status_fail(ST_MEMORY, __FILE__, __LINE__, "mask of %lld voxels: out of memory",
                            (long long)mask_size(m));
}

status mask_copy(struct mask *out, const struct mask *from) {
  status st = mask_create(out, from->n);
  if (st == ST_OK) memcpy(out->v, from->v, (size_t)mask_size(from));
  return st;
}

void mask_free(struct mask *m) {
  free(m->v);
  m->v = NULL;
}

int64_t mask_count(const struct mask *m) {
  int64_t c = 0;
  for (int64_t i = 0, n = mask_size(m); i < n; i++) c += m->v[i] != 0;
  return c;
}

/* ---- growing: squared distance by one pass per axis, cut off above 15 voxels ---- */

enum { FAR = 255 }; /* beyond any radius; squares up to 15*15 fit below */

/* out[i] = min over |o| <= reach of in[i + o*stride] + o*o, for a run of `run` neighbours. `along`
 * is the position on the axis, `length` its size. */
static void pass_row(uint8_t *restrict out, const uint8_t *in, int64_t run, int64_t stride,
                     int64_t along, int64_t length, int reach) {
  memcpy(out, in, (size_t)run);
  for (int o = -reach; o <= reach; o++) {
    if (o == 0 || along + o < 0 || along + o >= length) continue;
    const uint8_t *from = in + o * stride;
    int add = o * o;
    for (int64_t i = 0; i < run; i++) {
      int d = from[i] + add;
      uint8_t e = (uint8_t)(d > FAR ? FAR : d);
      if (e < out[i]) out[i] = e;
    }
  }
}

static void pass_x(uint8_t *restrict out, const uint8_t *restrict in, int64_t nx, int reach) {
  for (int64_t i = 0; i < nx; i++) {
    int best = FAR;
    for (int o = -reach; o <= reach; o++) {
      if (i + o < 0 || i + o >= nx || in[i + o]) continue;
      if (o * o < best) best = o * o;
    }
    out[i] = (uint8_t)best;
  }
}

/* Squared distances to the voxels of `m` that equal `to`, cut off at FAR. */
static void distance_passes(uint8_t *a, uint8_t *b, const struct mask *m, int to, int reach) {
  int64_t nx = m->n[0], ny = m->n[1], nz = m->n[2], slice = nx * ny;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < nz; k++) {
    uint8_t *s = a + k * slice, *t = b + k * slice;
    for (int64_t i = 0; i < slice; i++)
      t[i] = (uint8_t)((m->v[k * slice + i] != 0) == to ? 0 : FAR);
    for (int64_t j = 0; j < ny; j++) pass_x(s + j * nx, t + j * nx, nx, reach);
    for (int64_t j = 0; j < ny; j++) pass_row(t + j * nx, s + j * nx, nx, nx, j, ny, reach);
  }
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < nz; k++)
    pass_row(a + k * slice, b + k * slice, slice, slice, k, nz, reach);
}

status mask_grow(struct mask *m, double radius) {
  status st = ST_OK;
  uint8_t *a = NULL, *b = NULL;
  double r = fabs(radius);
  int64_t n = mask_size(m);
  CHECK(r < 15.9, ST_DOMAIN, "growing a mask by %g voxels, permitted below 15.9", radius);
  a = malloc((size_t)n);
  b = malloc((size_t)n);
  CHECK(a && b, ST_MEMORY, "growing a mask of %lld voxels: out of memory", (long long)n);
  distance_passes(a, b, m, radius > 0, (int)r);
  for (int64_t i = 0; i < n; i++) {
    uint8_t near = a[i] <= r * r + 1e-9;
    m->v[i] = radius > 0 ? near : !near;
  }
done:
  free(a);
  free(b);
  return st;
}

status mask_depth(uint8_t *depth, const struct mask *m) {
  uint8_t *b = malloc((size_t)mask_size(m));
  if (!b) return status_fail(ST_MEMORY, __FILE__, __LINE__, "depth of a mask: out of memory");
  distance_passes(depth, b, m, 0, 15);
  free(b);
  return ST_OK;
}

/* ---- holes ---- */

/* Mark the clear voxels connected to the border of a plane with 2. */
static void flood_plane(uint8_t *p, int64_t w, int64_t h, int32_t *stack) {
  int64_t top = 0;
#define VISIT(at)                                                                                  \
  do {                                                                                             \
    if (p[at] == 0) {                                                                              \
      p[at] = 2;                                                                                   \
      stack[top++] = (int32_t)(at);                                                                \
    }                                                                                              \
  } while (0)
  for (int64_t i = 0; i < w; i++) {
    VISIT(i);
    VISIT((h - 1) * w + i);
  }
  for (int64_t j = 0; j < h; j++) {
    VISIT(j * w);
    VISIT(j * w + w - 1);
  }
  while (top) {
    int64_t at = stack[--top], i = at % w, j = at / w;
    if (i > 0) VISIT(at - 1);
    if (i + 1 < w) VISIT(at + 1);
    if (j > 0) VISIT(at - w);
    if (j + 1 < h) VISIT(at + w);
  }
#undef VISIT
}

/* Strides of the two axes that span the slices across `axis`, and of the axis itself. */
static void plane_of(const struct mask *m, int axis, int64_t size[2], int64_t stride[3]) {
  int64_t strides[3] = {1, m->n[0], m->n[0] * m->n[1]};
  int u = axis == 0 ? 1 : 0, v = axis == 2 ? 1 : 2;
  size[0] = m->n[u];
  size[1] = m->n[v];
  stride[0] = strides[u];
  stride[1] = strides[v];
  stride[2] = strides[axis];
}

static void fill_one(struct mask *m, int axis, int64_t at, uint8_t *plane, int32_t *stack) {
  int64_t size[2], stride[3];
  plane_of(m, axis, size, stride);
  uint8_t *base = m->v + at * stride[2];
  for (int64_t j = 0; j < size[1]; j++)
    for (int64_t i = 0; i < size[0]; i++)
      plane[j * size[0] + i] = base[i * stride[0] + j * stride[1]] != 0;
  flood_plane(plane, size[0], size[1], stack);
  for (int64_t j = 0; j < size[1]; j++)
    for (int64_t i = 0; i < size[0]; i++)
      base[i * stride[0] + j * stride[1]] = plane[j * size[0] + i] != 2;
}

static status fill_range(struct mask *m, int axis, int64_t first, int64_t last) {
  status st = ST_OK;
  int64_t size[2], stride[3];
  plane_of(m, axis, size, stride);
  uint8_t *plane = malloc((size_t)(size[0] * size[1]));
  int32_t *stack = malloc((size_t)(size[0] * size[1]) * sizeof *stack);
  CHECK(plane && stack, ST_MEMORY, "filling holes: out of memory");
  for (int64_t at = first; at <= last; at++) fill_one(m, axis, at, plane, stack);
done:
  free(plane);
  free(stack);
  return st;
}

/* ---- components ---- */

/* Flood from `start` over voxels that hold `from`, writing `to`; returns how many. */
static int64_t flood(struct mask *m, uint8_t *v, int64_t start, uint8_t from, uint8_t to,
                     int64_t *stack) {
  int64_t nx = m->n[0], ny = m->n[1], nz = m->n[2], slice = nx * ny, top = 0, count = 0;
  v[start] = to;
  stack[top++] = start;
  while (top) {
    int64_t at = stack[--top], i = at % nx, j = at / nx % ny, k = at / slice;
    int64_t next[6] = {i > 0 ? at - 1 : -1,     i + 1 < nx ? at + 1 : -1,
                       j > 0 ? at - nx : -1,    j + 1 < ny ? at + nx : -1,
                       k > 0 ? at - slice : -1, k + 1 < nz ? at + slice : -1};
    count++;
    for (int a = 0; a < 6; a++)
      if (next[a] >= 0 && v[next[a]] == from) {
        v[next[a]] = to;
        stack[top++] = next[a];
      }
  }
  return count;
}

static int64_t *flood_stack(const struct mask *m) {
  return malloc((size_t)mask_size(m) * sizeof(int64_t));
}

static status fill_solid(struct mask *m) {
  status st = ST_OK;
  int64_t nx = m->n[0], ny = m->n[1], nz = m->n[2];
  int64_t *stack = flood_stack(m);
  CHECK(stack, ST_MEMORY, "filling holes: out of memory");
  for (int64_t k = 0; k < nz; k++)
    for (int64_t j = 0; j < ny; j++)
      for (int64_t i = 0; i < nx; i++) {
        bool edge = i == 0 || j == 0 || k == 0 || i == nx - 1 || j == ny - 1 || k == nz - 1;
        int64_t at = (k * ny + j) * nx + i;
        if (edge && m->v[at] == 0) flood(m, m->v, at, 0, 2, stack);
      }
  for (int64_t i = 0, n = mask_size(m); i < n; i++) m->v[i] = m->v[i] != 2;
done:
  free(stack);
  return st;
}

status mask_fill(struct mask *m, int axis) {
  return axis < 0 ? fill_solid(m) : fill_range(m, axis, 0, m->n[axis] - 1);
}

status mask_fill_slice(struct mask *m, int axis, int64_t at) {
  return fill_range(m, axis, at, at);
}

status mask_drop_small(struct mask *m, int64_t least) {
  status st = ST_OK;
  int64_t n = mask_size(m), *stack = flood_stack(m);
  CHECK(stack, ST_MEMORY, "components: out of memory");
  for (int64_t i = 0; i < n; i++)
    if (m->v[i] == 1) {
      int64_t size = flood(m, m->v, i, 1, 2, stack);
      if (size < least) flood(m, m->v, i, 2, 0, stack);
    }
  for (int64_t i = 0; i < n; i++) m->v[i] = m->v[i] != 0;
done:
  free(stack);
  return st;
}

status mask_keep_largest(struct mask *m, int64_t *dropped) {
  status st = ST_OK;
  int64_t n = mask_size(m), *stack = flood_stack(m), best = 0, where = -1, all = 0;
  CHECK(stack, ST_MEMORY, "components: out of memory");
  for (int64_t i = 0; i < n; i++)
    if (m->v[i] == 1) {
      int64_t size = flood(m, m->v, i, 1, 2, stack);
      all += size;
      if (size > best) {
        best = size;
        where = i;
      }
    }
  if (where >= 0) flood(m, m->v, where, 2, 3, stack);
  for (int64_t i = 0; i < n; i++) m->v[i] = m->v[i] == 3;
  if (dropped) *dropped = all - best;
done:
  free(stack);
  return st;
}
