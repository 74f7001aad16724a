/* Dilation and erosion by a Euclidean distance.
 *
 * The distance is the one of filter_distance.c, the mean of those to the two sheets of centres on
 * either side of the surface, but it is needed up to the radius only: with a few voxels of reach
 * the lower envelope along a line is the smallest of 2 reach + 1 shifted copies, which runs over
 * whole rows at once, and rows that no sheet is near are skipped. */
#include "core/filter.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INNER, OUTER, SHEETS };

/* The part of a map that can change. */
struct band {
  struct labels *l; /* borrowed */
  int value;
  int64_t lo[3], n[3]; /* box in l */
  int64_t reach[3];    /* voxels; a sheet farther away than these is beyond the radius */
  double w2[3];        /* squared spacing */
  float *d2[SHEETS];   /* [n2][n1][n0] squared distance to a sheet; INFINITY: beyond reach */
  bool *near[SHEETS];  /* [n2][n1] the row holds a finite value */
};

static void band_free(struct band *b) {
  for (int s = 0; s < SHEETS; s++) {
    free(b->d2[s]);
    free(b->near[s]);
  }
}

/* A sheet lies within half a voxel beyond the mean of both. */
static status band_create(struct band *b, struct labels *l, int value, double radius_mm) {
  status st = ST_OK;
  const double *spacing = l->grid.spacing;
  double beyond =
      fabs(radius_mm) + 0.5 * fmax(spacing[0], fmax(spacing[1], spacing[2])) + 1e-3; /* rounding */
  for (int a = 0; a < 3; a++) {
    b->reach[a] = (int64_t)floor(beyond / spacing[a]);
    b->w2[a] = spacing[a] * spacing[a];
  }
  b->l = l;
  b->value = value;
  size_t rows = (size_t)(b->n[1] * b->n[2]), voxels = rows * (size_t)b->n[0];
  for (int s = 0; s < SHEETS; s++) {
    b->d2[s] = malloc(voxels * sizeof *b->d2[s]);
    b->near[s] = calloc(rows, sizeof *b->near[s]);
    CHECK(b->d2[s] && b->near[s], ST_MEMORY, "growing label %d in %zu voxels", value, voxels);
  }
done:
  return st;
}

static const uint16_t *label_row(const struct band *b, int64_t j, int64_t k) {
  return b->l->voxels + geometry_index(&b->l->grid, b->lo[0], b->lo[1] + j, b->lo[2] + k);
}

/* on[s][i]: voxel i of the row lies on sheet s, having a face neighbour of the other kind. */
static void find_sheets(unsigned char *on[SHEETS], unsigned char *differs, const struct band *b,
                        int64_t j, int64_t k) {
  const int64_t n = b->n[0];
  const uint16_t *row = label_row(b, j, k);
  const int v = b->value;
  const struct { int64_t j, k; } beside[4] = {{j - 1, k}, {j + 1, k}, {j, k - 1}, {j, k + 1}};
  memset(differs, 0, (size_t)n);
  for (int64_t i = 1; i < n; i++) {
    bool change = (row[i] == v) != (row[i - 1] == v);
    differs[i - 1] = (unsigned char)(differs[i - 1] | change);
    differs[i] = (unsigned char)(differs[i] | change);
  }
  for (int d = 0; d < 4; d++) {
    if (beside[d].j < 0 || beside[d].j >= b->n[1] || beside[d].k < 0 || beside[d].k >= b->n[2])
      continue;
    const uint16_t *other = label_row(b, beside[d].j, beside[d].k);
    for (int64_t i = 0; i < n; i++)
      differs[i] = (unsigned char)(differs[i] | ((row[i] == v) != (other[i] == v)));
  }
  for (int64_t i = 0; i < n; i++) {
    on[INNER][i] = (unsigned char)(differs[i] & (row[i] == v));
    on[OUTER][i] = (unsigned char)(differs[i] & (row[i] != v));
  }
}

/* Squared distances along a row to the marked voxels. @return whether any is within reach */
static bool row_distance(float *out, const unsigned char *on, int64_t n, int64_t reach, double w2) {
  const int64_t far = reach + 1;
  bool any = false;
  int64_t d = far;
  for (int64_t i = 0; i < n; i++) {
    d = on[i] ? 0 : d < far ? d + 1 : far;
    any |= on[i];
    out[i] = (float)d;
  }
  d = far;
  for (int64_t i = n - 1; any && i >= 0; i--) {
    d = on[i] ? 0 : d < far ? d + 1 : far;
    float least = (float)d < out[i] ? (float)d : out[i];
    out[i] = least > (float)reach ? INFINITY : (float)w2 * least * least;
  }
  return any;
}

static status along_rows(struct band *b) {
  status st = ST_OK;
  int failed = 0;
#pragma omp parallel num_threads(parallel_threads())
  {
    unsigned char *work = malloc(3 * (size_t)b->n[0]);
    unsigned char *on[SHEETS] = {work, work + b->n[0]};
    if (!work) {
#pragma omp atomic write
      failed = 1;
    }
#pragma omp for schedule(static)
    for (int64_t r = 0; r < b->n[1] * b->n[2]; r++) {
      if (!work) continue;
      find_sheets(on, work + 2 * b->n[0], b, r % b->n[1], r / b->n[1]);
      for (int s = 0; s < SHEETS; s++)
        b->near[s][r] = row_distance(b->d2[s] + r * b->n[0], on[s], b->n[0], b->reach[0], b->w2[0]);
    }
    free(work);
  }
  CHECK(!failed, ST_MEMORY, "growing label %d along rows of %lld voxels", b->value,
        (long long)b->n[0]);
done:
  return st;
}

/* Rows of one sheet in a line across rows: row x starts at d2 + x * step, its flag at near + x. */
struct rows {
  float *d2;
  bool *near;
  int64_t count, width, step, flag_step;
};

/* Every row becomes the smallest of its neighbours' rows within reach, each raised by its distance.
 * `copy` holds count rows, `was` count flags. */
static void across_rows(const struct rows *r, float *copy, bool *was, int64_t reach, double w2) {
  const size_t bytes = (size_t)r->width * sizeof *copy;
  for (int64_t x = 0; x < r->count; x++) {
    was[x] = r->near[x * r->flag_step];
    if (was[x]) memcpy(copy + x * r->width, r->d2 + x * r->step, bytes);
  }
  for (int64_t x = 0; x < r->count; x++) {
    float *out = r->d2 + x * r->step;
    bool any = was[x];
    for (int64_t d = -reach; d <= reach; d++) {
      if (d == 0 || x + d < 0 || x + d >= r->count || !was[x + d]) continue;
      const float *in = copy + (x + d) * r->width;
      const float rise = (float)((double)(d * d) * w2);
      if (any)
        for (int64_t i = 0; i < r->width; i++)
          out[i] = in[i] + rise < out[i] ? in[i] + rise : out[i];
      else
        for (int64_t i = 0; i < r->width; i++) out[i] = in[i] + rise;
      any = true;
    }
    r->near[x * r->flag_step] = any;
  }
}

/* Axis 1 within every slice, or axis 2 within every row index. */
static status along_axis(struct band *b, int axis) {
  status st = ST_OK;
  const int64_t other = axis == 1 ? b->n[2] : b->n[1], plane = b->n[0] * b->n[1];
  int failed = 0;
#pragma omp parallel num_threads(parallel_threads())
  {
    float *copy = malloc((size_t)(b->n[axis] * b->n[0]) * sizeof *copy);
    bool *was = malloc((size_t)b->n[axis] * sizeof *was);
    if (!copy || !was) {
#pragma omp atomic write
      failed = 1;
    }
#pragma omp for schedule(static)
    for (int64_t line = 0; line < other; line++)
      for (int s = 0; copy && was && s < SHEETS; s++) {
        struct rows r = {.count = b->n[axis], .width = b->n[0]};
        r.step = axis == 1 ? b->n[0] : plane;
        r.flag_step = axis == 1 ? 1 : b->n[1];
        r.d2 = b->d2[s] + line * (axis == 1 ? plane : b->n[0]);
        r.near = b->near[s] + line * (axis == 1 ? b->n[1] : 1);
        across_rows(&r, copy, was, b->reach[axis], b->w2[axis]);
      }
    free(copy);
    free(was);
  }
  CHECK(!failed, ST_MEMORY, "growing label %d along axis %d", b->value, axis);
done:
  return st;
}

static void change_voxels(const struct band *b, double radius_mm, int over) {
  const float reach = (float)(2 * (fabs(radius_mm) + 1e-4)); /* a centre on the limit is within */
  const int64_t rows = b->n[1] * b->n[2];
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t r = 0; r < rows; r++) {
    if (!b->near[INNER][r] || !b->near[OUTER][r]) continue;
    const float *inner = b->d2[INNER] + r * b->n[0], *outer = b->d2[OUTER] + r * b->n[0];
    uint16_t *row = b->l->voxels + (label_row(b, r % b->n[1], r / b->n[1]) - b->l->voxels);
    for (int64_t i = 0; i < b->n[0]; i++) {
      bool inside = row[i] == b->value;
      if (inside != (radius_mm < 0) || sqrtf(inner[i]) + sqrtf(outer[i]) > reach) continue;
      if (inside)
        row[i] = 0;
      else if (row[i] == 0 || row[i] == over)
        row[i] = (uint16_t)b->value;
    }
  }
}

status filter_grow(struct labels *l, int value, double radius_mm, int over) {
  status st = ST_OK;
  struct band b = {.l = l};
  int64_t hi[3];
  const int64_t n[3] = {l->grid.nx, l->grid.ny, l->grid.nz};
  CHECK(value >= 1 && value <= 65535, ST_DOMAIN, "growing label %d: values are 1..65535", value);
  CHECK(isfinite(radius_mm), ST_DOMAIN, "growing label %d by %g mm: not a finite number", value,
        radius_mm);
  if (radius_mm == 0 || !labels_box(l, value, b.lo, hi)) goto done;
  for (int a = 0; a < 3; a++) {
    int64_t margin = 1 + (radius_mm > 0 ? (int64_t)ceil(radius_mm / l->grid.spacing[a]) : 0);
    b.lo[a] = b.lo[a] > margin ? b.lo[a] - margin : 0;
    hi[a] = hi[a] + margin < n[a] ? hi[a] + margin : n[a] - 1;
    b.n[a] = hi[a] - b.lo[a] + 1;
  }
  TRY(band_create(&b, l, value, radius_mm));
  TRY(along_rows(&b));
  TRY(along_axis(&b, 1));
  TRY(along_axis(&b, 2));
  change_voxels(&b, radius_mm, over);
done:
  band_free(&b);
  return st;
}
