#include "radiomics/map.h"

#include "core/parallel.h"
#include "core/progress.h"
#include "radiomics/families.h"
#include "radiomics/glcm.h"
#include "radiomics/ranks.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTIONS = 13, WIDE = RAD_GLCM_FEATURES + 1 };

struct work {
  const struct rad_roi *roi;
  const struct rad_settings *s;
  const enum rad_feature *features;
  int count, radius;
  enum rad_aggregation aggregation;
  struct rad_ranks ranks;
  float *values; /* [count][nz][ny][nx] of the region */
};

/* ---- co-occurrence, sliding ---- */

struct lane {
  uint32_t *m;      /* [matrices][R + 1][R + 1], full counts of the current box */
  int32_t *present; /* [R + 1] voxels of a rank in the box */
  double *local;    /* [k + 1][k + 1] of the ranks present */
  int *level;       /* [R + 2] */
  int *rank;        /* [R + 2] */
  double *scratch;  /* of the formulas */
};

struct box {
  int64_t lo[3], hi[3];
};

static int64_t clamp(int64_t v, int64_t high) {
  return v < 0 ? 0 : v > high ? high : v;
}

static void box_around(struct box *b, const struct work *w, int64_t i, int64_t j, int64_t k) {
  int64_t p[3] = {i, j, k};
  for (int a = 0; a < 3; a++) {
    b->lo[a] = clamp(p[a] - w->radius, w->roi->n[a] - 1);
    b->hi[a] = clamp(p[a] + w->radius, w->roi->n[a] - 1);
  }
}

/* Take plane x of the box in (+1) or out (-1): pairs within it, and with the plane at x + side. */
static void move_plane(struct lane *l, const struct work *w, const struct box *b, int64_t x,
                       int side, int sign, bool beside) {
  const uint16_t *rank = w->ranks.rank;
  size_t stride = (size_t)w->ranks.count + 1;
  size_t cells = stride * stride;
  bool averaged = w->aggregation == RAD_3D_AVERAGED;
  for (int64_t k = b->lo[2]; k <= b->hi[2]; k++)
    for (int64_t j = b->lo[1]; j <= b->hi[1]; j++) {
      uint16_t a = rank[rad_at(w->roi, x, j, k)];
      if (!a) continue;
      l->present[a] += sign;
      for (int d = 0; d < DIRECTIONS; d++) {
        int dx = rad_directions[d][0];
        if (dx != 0 && !beside) continue;
        int turn = dx != 0 && dx != side ? -1 : 1; /* towards the neighbouring plane */
        int64_t jj = j + turn * rad_directions[d][1];
        int64_t kk = k + turn * rad_directions[d][2];
        int64_t xx = x + turn * dx;
        if (jj < b->lo[1] || jj > b->hi[1] || kk < b->lo[2] || kk > b->hi[2]) continue;
        uint16_t c = rank[rad_at(w->roi, xx, jj, kk)];
        if (!c) continue;
        uint32_t *m = l->m + (averaged ? (size_t)d * cells : 0);
        m[a * stride + c] += (uint32_t)sign;
        m[c * stride + a] += (uint32_t)sign;
      }
    }
}

/* Features over the levels present; with `averaged` the mean over directions with pairs. */
static void box_features(double *out, struct lane *l, const struct work *w) {
  size_t stride = (size_t)w->ranks.count + 1;
  int matrices = w->aggregation == RAD_3D_AVERAGED ? DIRECTIONS : 1;
  int used = 0;
  int k = 0;
  double f[WIDE];
  for (int r = 1; r <= w->ranks.count; r++)
    if (l->present[r]) {
      l->rank[++k] = r;
      l->level[k] = w->ranks.level[r];
    }
  struct rad_glcm g = {
      k, l->level,  w->roi->levels, w->s->convention == RAD_PYRADIOMICS ? 0x1p-52 : 0,
      0, l->scratch};
  for (int n = 0; n < RAD_GLCM_FEATURES; n++) out[n] = 0;
  for (int d = 0; d < matrices; d++) {
    const uint32_t *m = l->m + (size_t)d * stride * stride;
    for (int a = 1; a <= k; a++)
      for (int b = 1; b <= k; b++)
        l->local[a * (k + 1) + b] = m[(size_t)l->rank[a] * stride + (size_t)l->rank[b]];
    rad_glcm_features(f, &g, l->local);
    if (isnan(f[0])) continue;
    used++;
    for (int n = 0; n < RAD_GLCM_FEATURES; n++) out[n] += f[n];
  }
  for (int n = 0; n < RAD_GLCM_FEATURES; n++) out[n] = used ? out[n] / used : (double)NAN;
}

static bool row_has_voxels(const struct work *w, int64_t j, int64_t k) {
  const uint16_t *rank = w->ranks.rank + rad_at(w->roi, 0, j, k);
  for (int64_t i = 0; i < w->roi->n[0]; i++)
    if (rank[i]) return true;
  return false;
}

static void store(const struct work *w, int64_t at, const double *f) {
  int64_t size = w->roi->n[0] * w->roi->n[1] * w->roi->n[2];
  for (int n = 0; n < w->count; n++) {
    int k = (int)w->features[n] - (int)RAD_cm_joint_max;
    if (k >= 0 && k < RAD_GLCM_FEATURES) w->values[n * size + at] = (float)f[k];
  }
}

static void slide_row(struct lane *l, const struct work *w, int64_t j, int64_t k) {
  size_t stride = (size_t)w->ranks.count + 1;
  int matrices = w->aggregation == RAD_3D_AVERAGED ? DIRECTIONS : 1;
  double f[WIDE];
  int64_t entered = 0; /* planes 0..entered-1 have been in the box */
  int64_t left = 0;    /* planes 0..left-1 have gone */
  if (!row_has_voxels(w, j, k)) return;
  memset(l->m, 0, (size_t)matrices * stride * stride * sizeof *l->m);
  memset(l->present, 0, stride * sizeof *l->present);
  for (int64_t i = 0; i < w->roi->n[0]; i++) {
    struct box b;
    box_around(&b, w, i, j, k);
    for (; entered <= b.hi[0]; entered++) move_plane(l, w, &b, entered, -1, +1, entered > left);
    for (; left < b.lo[0]; left++) move_plane(l, w, &b, left, +1, -1, left + 1 < entered);
    int64_t at = rad_at(w->roi, i, j, k);
    if (!w->ranks.rank[at]) continue;
    box_features(f, l, w);
    store(w, at, f);
  }
}

static void lane_free(struct lane *l) {
  free(l->m);
  free(l->present);
  free(l->local);
  free(l->level);
  free(l->rank);
  free(l->scratch);
}

static status lane_init(struct lane *l, const struct work *w) {
  status st = ST_OK;
  size_t stride = (size_t)w->ranks.count + 1;
  size_t side = 2 * (size_t)w->radius + 1;
  size_t most = side * side * side; /* ranks in a box */
  size_t matrices = w->aggregation == RAD_3D_AVERAGED ? DIRECTIONS : 1;
  if (most > stride) most = stride;
  CHECK((double)(matrices * stride * stride) * 4 < 4e9, ST_DOMAIN,
        "feature map: %d grey levels need more than 4 GB of matrices; use wider bins",
        w->ranks.count);
  l->m = malloc(matrices * stride * stride * sizeof *l->m);
  l->present = malloc(stride * sizeof *l->present);
  l->local = malloc((most + 1) * (most + 1) * sizeof *l->local);
  l->level = malloc((stride + 1) * sizeof *l->level);
  l->rank = malloc((stride + 1) * sizeof *l->rank);
  l->scratch = malloc((2 * (stride + 1) + 3 * (size_t)w->roi->top_level + 8) * sizeof *l->scratch);
  CHECK(l->m && l->present && l->local && l->level && l->rank && l->scratch, ST_MEMORY,
        "feature map: no memory for matrices of %d grey levels", w->ranks.count);
done:
  return st;
}

/* ---- progress shared by both ways ---- */

static void report(struct progress *p, int64_t *finished) {
  int64_t now;
#pragma omp atomic capture
  now = ++*finished;
  if (omp_get_thread_num() == 0) progress_update(p, now, NULL);
}

static status sliding(struct work *w) {
  status st = ST_OK;
  int threads = parallel_threads();
  int64_t ny = w->roi->n[1];
  int64_t rows = ny * w->roi->n[2];
  int64_t finished = 0;
  struct progress p;
  struct lane *lanes = calloc((size_t)threads, sizeof *lanes);
  CHECK(lanes, ST_MEMORY, "feature map: no memory");
  for (int t = 0; t < threads; t++) TRY(lane_init(&lanes[t], w));
  progress_begin(&p, "co-occurrence map", "rows", rows);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int64_t r = 0; r < rows; r++) {
    slide_row(&lanes[omp_get_thread_num()], w, r % ny, r / ny);
    report(&p, &finished);
  }
  progress_end(&p);
done:
  for (int t = 0; lanes && t < threads; t++) lane_free(&lanes[t]);
  free(lanes);
  return st;
}

/* ---- any other family, box by box ---- */

/* A region of the box alone, grey levels as they are. */
static status box_roi(struct rad_roi **out, const struct work *w, const struct box *b,
                      double *image, unsigned char *mask) {
  status st = ST_OK;
  const struct rad_roi *roi = w->roi;
  int64_t n[3];
  struct rad_roi *small = NULL;
  struct rad_settings plain = *w->s;
  plain.has_range = false;
  plain.outlier_sd = 0;
  int64_t c = 0;
  for (int a = 0; a < 3; a++) n[a] = b->hi[a] - b->lo[a] + 1;
  for (int64_t k = b->lo[2]; k <= b->hi[2]; k++)
    for (int64_t j = b->lo[1]; j <= b->hi[1]; j++)
      for (int64_t i = b->lo[0]; i <= b->hi[0]; i++, c++) {
        int64_t at = rad_at(roi, i, j, k);
        image[c] = roi->x[at];
        mask[c] = roi->mask[at];
      }
  TRY(rad_roi_from_arrays(&small, n, roi->spacing, image, mask, &plain));
  small->top_level = 0;
  for (int64_t k = 0; k < n[2]; k++)
    for (int64_t j = 0; j < n[1]; j++)
      for (int64_t i = 0; i < n[0]; i++) {
        int64_t at = rad_at(small, i + 1, j + 1, k + 1);
        uint16_t l = roi->level[rad_at(roi, b->lo[0] + i, b->lo[1] + j, b->lo[2] + k)];
        small->level[at] = small->mask[at] ? l : 0;
        if (small->level[at] > small->top_level) small->top_level = small->level[at];
      }
  small->levels = roi->levels;
  small->bin_low = roi->bin_low;
  small->bin_width = roi->bin_width;
  *out = small;
  small = NULL;
done:
  rad_roi_destroy(small);
  return st;
}

static status box_families(const struct work *w, int64_t i, int64_t j, int64_t k, double *image,
                           unsigned char *mask) {
  status st = ST_OK;
  struct rad_roi *small = NULL;
  struct rad_values values = {0};
  struct rad_settings s = *w->s;
  struct box b;
  int64_t size = w->roi->n[0] * w->roi->n[1] * w->roi->n[2];
  s.families = 0;
  s.aggregations = 1u << w->aggregation;
  for (int n = 0; n < w->count; n++) {
    enum rad_family f = rad_feature_info(w->features[n])->family;
    if (f != RAD_GLCM || w->features[n] == RAD_cm_mcc) s.families |= 1u << f;
  }
  box_around(&b, w, i, j, k);
  TRY(box_roi(&small, w, &b, image, mask));
  TRY(rad_features(&values, small, &s));
  for (int n = 0; n < w->count; n++)
    for (size_t v = 0; v < values.count; v++)
      if (values.items[v].feature == w->features[n])
        w->values[n * size + rad_at(w->roi, i, j, k)] = (float)values.items[v].value;
done:
  rad_values_free(&values);
  rad_roi_destroy(small);
  return st;
}

static status boxwise(struct work *w) {
  status st = ST_OK;
  int threads = parallel_threads();
  size_t side = 2 * (size_t)w->radius + 1;
  size_t each = side * side * side;
  int64_t rows = w->roi->n[1] * w->roi->n[2];
  int64_t finished = 0;
  int failed = ST_OK;
  struct progress p;
  double *image = malloc((size_t)threads * each * sizeof *image);
  unsigned char *mask = malloc((size_t)threads * each);
  CHECK(image && mask, ST_MEMORY, "feature map: no memory");
  progress_begin(&p, "feature map", "rows", rows);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int64_t r = 0; r < rows; r++) {
    size_t t = (size_t)omp_get_thread_num();
    int64_t j = r % w->roi->n[1];
    int64_t k = r / w->roi->n[1];
    for (int64_t i = 0; i < w->roi->n[0]; i++) {
      if (!w->roi->mask[rad_at(w->roi, i, j, k)]) continue;
      status one = box_families(w, i, j, k, image + t * each, mask + t * each);
      if (one != ST_OK) {
#pragma omp atomic write
        failed = (int)one;
      }
    }
    report(&p, &finished);
  }
  progress_end(&p);
  CHECK(failed == ST_OK, (status)failed, "feature map: a box could not be analysed");
done:
  free(image);
  free(mask);
  return st;
}

static status to_volumes(struct volume **out, const struct rad_stage *stage, const struct work *w,
                         double outside) {
  status st = ST_OK;
  const struct rad_roi *roi = w->roi;
  int64_t size = roi->n[0] * roi->n[1] * roi->n[2];
  for (int n = 0; n < w->count; n++) {
    TRY(volume_create(&out[n], &stage->grid, QUANTITY_OTHER));
    for (int64_t i = 0; i < geometry_voxels(&stage->grid); i++) out[n]->voxels[i] = (float)outside;
    for (int64_t k = 1; k < roi->n[2] - 1; k++)
      for (int64_t j = 1; j < roi->n[1] - 1; j++)
        for (int64_t i = 1; i < roi->n[0] - 1; i++) {
          int64_t at = rad_at(roi, i, j, k);
          if (roi->mask[at])
            out[n]->voxels[geometry_index(&stage->grid, roi->lo[0] + i - 1, roi->lo[1] + j - 1,
                                          roi->lo[2] + k - 1)] = w->values[n * size + at];
        }
  }
done:
  for (int n = 0; st != ST_OK && n < w->count; n++) {
    volume_destroy(out[n]);
    out[n] = NULL;
  }
  return st;
}

static status check(const struct work *w) {
  status st = ST_OK;
  CHECK(w->radius >= 1 && w->radius <= 10, ST_USAGE,
        "feature map: radius %d voxels is not within 1..10", w->radius);
  CHECK(w->count >= 1 && w->count <= RAD_MAP_FEATURES, ST_USAGE,
        "feature map: %d features; 1 to %d are possible", w->count, RAD_MAP_FEATURES);
  for (int n = 0; n < w->count; n++) {
    const struct rad_feature_info *info = rad_feature_info(w->features[n]);
    CHECK(info->family != RAD_MORPHOLOGY && info->family != RAD_LOCAL && info->family != RAD_FLAT,
          ST_USAGE, "feature map: %s describes a whole region, not a box", info->tag);
  }
done:
  return st;
}

status rad_map(struct volume **out, const struct rad_stage *stage, const struct rad_roi *roi,
               const enum rad_feature *features, int n, int radius, double outside,
               const struct rad_settings *s) {
  status st = ST_OK;
  struct work w = {.roi = roi, .s = s, .features = features, .count = n, .radius = radius};
  bool pairs = false;
  bool others = false;
  w.aggregation = rad_wants(s, RAD_3D_MERGED) ? RAD_3D_MERGED : RAD_3D_AVERAGED;
  TRY(check(&w));
  TRY(rad_ranks_create(&w.ranks, roi));
  size_t size = (size_t)(roi->n[0] * roi->n[1] * roi->n[2]);
  w.values = malloc((size_t)n * size * sizeof *w.values);
  CHECK(w.values, ST_MEMORY, "feature map: no memory for %d maps of %zu voxels", n, size);
  for (size_t i = 0; i < (size_t)n * size; i++) w.values[i] = NAN;
  for (int f = 0; f < n; f++) {
    bool glcm = rad_feature_info(features[f])->family == RAD_GLCM && features[f] != RAD_cm_mcc;
    pairs |= glcm;
    others |= !glcm;
  }
  if (pairs) TRY(sliding(&w));
  if (others) TRY(boxwise(&w));
  TRY(to_volumes(out, stage, &w, outside));
done:
  free(w.values);
  rad_ranks_free(&w.ranks);
  return st;
}
