#include "ml/cnn_explain.h"

#include "core/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const cnn_explain_names[] = {"gradcam", "occlusion", "gradient", "contrast", NULL};

enum { WINDOW = 7 };

static struct cnn_batch batch_of(const struct cnn_model *m, const struct cnn_input *in,
                                 const float *values, const float *columns) {
  return (struct cnn_batch){.n = 1,
                            .size = {in->size[0], in->size[1], in->size[2]},
                            .channels = m->card.channel_count,
                            .image = values,
                            .column_count = m->card.column_count,
                            .columns = m->card.column_count ? columns : NULL};
}

static status output_of(double *y, struct cnn_model *m, const struct cnn_input *in,
                        const float *values, const float *columns, int index) {
  status st = ST_OK;
  float *raw = NULL;
  int64_t count;
  char words[CNN_WORDS] = "";
  const struct cnn_batch b = batch_of(m, in, values, columns);
  if (m->torch->forward(&raw, &count, m->net, &b, 0, words))
    TRY(cnn_torch_failed("running the network", words));
  CHECK(index < count && isfinite(raw[index]), ST_NUMERIC,
        "explaining: output %d is absent or not a finite number", index);
  *y = (double)raw[index];
done:
  free(raw);
  return st;
}

/* ---- the maps ---- */

/* trilinear from a coarse grid that spans the same box, edge to edge */
static void upsample(float *to, const int64_t n[3], const float *from, const int64_t g[3]) {
  for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++) {
    const int64_t e[3] = {i % n[0], i / n[0] % n[1], i / (n[0] * n[1])};
    int64_t lo[3];
    double f[3], sum = 0;
    for (int a = 0; a < 3; a++) {
      double x = ((double)e[a] + 0.5) * (double)g[a] / (double)n[a] - 0.5;
      x = fmin(fmax(x, 0), (double)(g[a] - 1));
      lo[a] = (int64_t)x;
      f[a] = x - (double)lo[a];
    }
    for (int c = 0; c < 8; c++) {
      double part = 1;
      int64_t at[3];
      for (int a = 0; a < 3; a++) {
        int up = c >> a & 1;
        part *= up ? f[a] : 1 - f[a];
        at[a] = up && lo[a] + 1 < g[a] ? lo[a] + 1 : lo[a];
      }
      sum += part * (double)from[(at[2] * g[1] + at[1]) * g[0] + at[0]];
    }
    to[i] = (float)sum;
  }
}

static status map_gradcam(float *map, struct cnn_model *m, const struct cnn_input *in,
                          const float *values, const float *columns, int index) {
  status st = ST_OK;
  float *coarse = NULL;
  int64_t grid[3], channels;
  char words[CNN_WORDS] = "";
  const struct cnn_batch b = batch_of(m, in, values, columns);
  if (m->torch->map(&coarse, grid, NULL, &channels, m->net, &b, index, CNN_MAP_GRADCAM, words))
    TRY(cnn_torch_failed("Grad-CAM", words));
  upsample(map, in->size, coarse, grid);
done:
  free(coarse);
  return st;
}

/* The image's mean everywhere. */
static void make_flat(float *to, const float *values, int64_t n, int channels) {
  for (int c = 0; c < channels; c++) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)values[c * n + i];
    for (int64_t i = 0; i < n; i++) to[c * n + i] = (float)(sum / (double)n);
  }
}

/* Less the map of an image in which there is nothing to see: what is left adds up, of a linear
 * head, to the difference of the two answers. */
static status map_contrast(float *map, struct cnn_model *m, const struct cnn_input *in,
                           const float *columns, int index) {
  status st = ST_OK;
  int64_t n = in->size[0] * in->size[1] * in->size[2];
  float *flat = malloc((size_t)(n * m->card.channel_count) * sizeof *flat);
  float *under = malloc((size_t)n * sizeof *under);
  CHECK(flat && under, ST_MEMORY, "a map of %lld voxels", (long long)n);
  make_flat(flat, in->values, n, m->card.channel_count);
  TRY(map_gradcam(map, m, in, in->values, columns, index));
  TRY(map_gradcam(under, m, in, flat, columns, index));
  for (int64_t i = 0; i < n; i++) map[i] -= under[i];
done:
  free(flat);
  free(under);
  return st;
}

static status map_gradient(float *map, struct cnn_model *m, const struct cnn_input *in,
                           const float *columns, int index) {
  status st = ST_OK;
  float *gradient = NULL;
  int64_t grid[3], channels, n = in->size[0] * in->size[1] * in->size[2];
  char words[CNN_WORDS] = "";
  const struct cnn_batch b = batch_of(m, in, in->values, columns);
  if (m->torch->map(&gradient, grid, NULL, &channels, m->net, &b, index, CNN_MAP_GRADIENT, words))
    TRY(cnn_torch_failed("input gradient", words));
  for (int64_t i = 0; i < n; i++) {
    map[i] = 0;
    for (int c = 0; c < m->card.channel_count; c++)
      map[i] += gradient[c * n + i] * in->values[c * n + i];
  }
done:
  free(gradient);
  return st;
}

struct box {
  int64_t lo[3], hi[3]; /* hi is one past */
};

static struct box box_at(const int64_t at[3], int64_t patch, const int64_t n[3]) {
  struct box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = at[a] < 0 ? 0 : at[a];
    b.hi[a] = at[a] + patch > n[a] ? n[a] : at[a] + patch;
  }
  return b;
}

static double mean_in(const float *v, const int64_t n[3], const struct box *b) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t k = b->lo[2]; k < b->hi[2]; k++)
    for (int64_t j = b->lo[1]; j < b->hi[1]; j++)
      for (int64_t i = b->lo[0]; i < b->hi[0]; i++, count++)
        sum += (double)v[(k * n[1] + j) * n[0] + i];
  return count ? sum / (double)count : 0;
}

static void fill_in(float *v, const int64_t n[3], const struct box *b, float value) {
  for (int64_t k = b->lo[2]; k < b->hi[2]; k++)
    for (int64_t j = b->lo[1]; j < b->hi[1]; j++)
      for (int64_t i = b->lo[0]; i < b->hi[0]; i++) v[(k * n[1] + j) * n[0] + i] = value;
}

static status map_occlusion(float *map, struct cnn_model *m, const struct cnn_input *in,
                            const float *columns, double y, const struct cnn_explain_options *o) {
  status st = ST_OK;
  const int64_t *n = in->size;
  int64_t voxels = n[0] * n[1] * n[2], at[3];
  bool flat = n[2] == 1;
  float *hidden = malloc((size_t)(voxels * m->card.channel_count) * sizeof *hidden);
  int *count = calloc((size_t)voxels, sizeof *count);
  CHECK(hidden && count, ST_MEMORY, "occlusion map");
  memset(map, 0, (size_t)voxels * sizeof *map);
  for (at[2] = 0; at[2] < n[2]; at[2] += o->stride)
    for (at[1] = 0; at[1] < n[1]; at[1] += o->stride)
      for (at[0] = 0; at[0] < n[0]; at[0] += o->stride) {
        struct box b = box_at(at, o->patch, n);
        const int64_t around[3] = {at[0] - o->patch / 2, at[1] - o->patch / 2,
                                   flat ? 0 : at[2] - o->patch / 2};
        struct box wide = box_at(around, 2 * o->patch, n);
        double changed;
        memcpy(hidden, in->values, (size_t)(voxels * m->card.channel_count) * sizeof *hidden);
        for (int c = 0; c < m->card.channel_count; c++)
          fill_in(hidden + c * voxels, n, &b, (float)mean_in(in->values + c * voxels, n, &wide));
        TRY(output_of(&changed, m, in, hidden, columns, o->index));
        for (int64_t k = b.lo[2]; k < b.hi[2]; k++)
          for (int64_t j = b.lo[1]; j < b.hi[1]; j++)
            for (int64_t i = b.lo[0]; i < b.hi[0]; i++) {
              map[(k * n[1] + j) * n[0] + i] += (float)(y - changed);
              count[(k * n[1] + j) * n[0] + i]++;
            }
      }
  for (int64_t i = 0; i < voxels; i++)
    if (count[i]) map[i] /= (float)count[i];
done:
  free(hidden);
  free(count);
  return st;
}

static double scale_map(float *map, int64_t n, int both_signs) {
  double most = 0;
  for (int64_t i = 0; i < n; i++) {
    map[i] = both_signs ? fabsf(map[i]) : fmaxf(map[i], 0);
    most = fmax(most, (double)map[i]);
  }
  for (int64_t i = 0; most > 0 && i < n; i++) map[i] = (float)((double)map[i] / most);
  return most;
}

status cnn_explain(struct cnn_explanation *out, struct cnn_model *m, const struct cnn_input *in,
                   const float *columns, const struct cnn_explain_options *o) {
  status st = ST_OK;
  struct cnn_explanation e = {0};
  int64_t n = in->size[0] * in->size[1] * in->size[2];
  CHECK(m->card.task != CNN_SEGMENT && m->card.task != CNN_SYNTHESIS && m->arch.kind != CNN_TABLE,
        ST_DOMAIN, "explaining: model \"%s\" gives no value of an image", m->card.name);
  CHECK(o->index >= 0 && o->index < m->card.output_count, ST_DOMAIN,
        "explaining output %d: the model has %d, counted from 0", o->index, m->card.output_count);
  CHECK(o->patch >= 1 && o->stride >= 1 && o->stride <= o->patch, ST_DOMAIN,
        "occlusion: patch %d, stride %d; the stride may not exceed the patch", o->patch, o->stride);
  memcpy(e.size, in->size, sizeof e.size);
  e.map = malloc((size_t)n * sizeof *e.map);
  CHECK(e.map, ST_MEMORY, "a map of %lld voxels", (long long)n);
  TRY(output_of(&e.output, m, in, in->values, columns, o->index));
  if (o->kind == CNN_EXPLAIN_GRADCAM)
    TRY(map_gradcam(e.map, m, in, in->values, columns, o->index));
  else if (o->kind == CNN_EXPLAIN_CONTRAST)
    TRY(map_contrast(e.map, m, in, columns, o->index));
  else if (o->kind == CNN_EXPLAIN_GRADIENT)
    TRY(map_gradient(e.map, m, in, columns, o->index));
  else
    TRY(map_occlusion(e.map, m, in, columns, e.output, o));
  e.raw_max = scale_map(e.map, n, o->both_signs);
  *out = e;
  e.map = NULL;
done:
  cnn_explanation_free(&e);
  return st;
}

void cnn_explanation_free(struct cnn_explanation *e) {
  free(e->map);
  e->map = NULL;
}

double cnn_focus_ratio(const float *map, const uint8_t *mask, int64_t n) {
  double inside = 0, all = 0;
  for (int64_t i = 0; i < n; i++) {
    double x = fmax((double)map[i], 0);
    all += x;
    if (mask[i]) inside += x;
  }
  return all > 0 ? inside / all : NAN;
}

/* ---- can it be believed? ---- */

static double ssim_window(const float *a, const float *b, const int64_t n[3], const struct box *w) {
  const double c1 = 1e-4, c2 = 9e-4; /* (0.01 L)^2, (0.03 L)^2 with L = 1 */
  double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, count = 0;
  for (int64_t k = w->lo[2]; k < w->hi[2]; k++)
    for (int64_t j = w->lo[1]; j < w->hi[1]; j++)
      for (int64_t i = w->lo[0]; i < w->hi[0]; i++) {
        double x = (double)a[(k * n[1] + j) * n[0] + i], y = (double)b[(k * n[1] + j) * n[0] + i];
        sa += x, sb += y, saa += x * x, sbb += y * y, sab += x * y, count++;
      }
  double ma = sa / count, mb = sb / count;
  double va = saa / count - ma * ma, vb = sbb / count - mb * mb, cov = sab / count - ma * mb;
  return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
}

double cnn_ssim(const float *a, const float *b, const int64_t size[3]) {
  double sum = 0;
  int64_t count = 0, last[3];
  for (int d = 0; d < 3; d++) last[d] = size[d] > WINDOW ? size[d] - WINDOW : 0;
  for (int64_t k = 0; k <= last[2]; k++)
    for (int64_t j = 0; j <= last[1]; j++)
      for (int64_t i = 0; i <= last[0]; i++) {
        const int64_t at[3] = {i, j, k};
        struct box w = box_at(at, WINDOW, size);
        sum += ssim_window(a, b, size, &w);
        count++;
      }
  return sum / (double)count;
}

/* Give the last layer's weights random values of the same size; `kept` gets what was there. */
static status randomise_last(double **kept, int64_t *which, struct cnn_model *m, uint64_t seed) {
  status st = ST_OK;
  double *now = NULL;
  char words[CNN_WORDS] = "";
  int64_t found = -1;
  struct cnn_tensor t;
  for (int64_t i = 0; i < m->torch->tensors(m->net, 0); i++) {
    if (m->torch->tensor(&t, m->net, i, words)) TRY(cnn_torch_failed("weights", words));
    if (t.role == CNN_WEIGHT && t.rank > 1) found = i; /* the last matrix */
  }
  CHECK(found >= 0, ST_DOMAIN, "sanity of a map: the network has no weights to randomise");
  if (m->torch->tensor(&t, m->net, found, words)) TRY(cnn_torch_failed("weights", words));
  *kept = malloc((size_t)(t.count + 1) * sizeof **kept);
  now = malloc((size_t)(t.count + 1) * sizeof *now);
  CHECK(*kept && now, ST_MEMORY, "sanity of a map");
  if (m->torch->get(*kept, m->net, found, words)) TRY(cnn_torch_failed("weights", words));
  double square = 0;
  for (int64_t i = 0; i < t.count; i++) square += (*kept)[i] * (*kept)[i];
  double sd = sqrt(square / (double)t.count);
  for (int64_t i = 0; i < t.count; i++) now[i] = sd * random_normal(seed, 77, (uint64_t)i);
  if (m->torch->set(m->net, found, now, words)) TRY(cnn_torch_failed("weights", words));
  *which = found;
done:
  free(now);
  return st;
}

static status ssim_of_random(double *ssim, struct cnn_model *m, const struct cnn_input *in,
                             const float *columns, const struct cnn_explanation *e,
                             const struct cnn_explain_options *o, uint64_t seed) {
  status st = ST_OK;
  double *kept = NULL;
  int64_t which = 0;
  char words[CNN_WORDS] = "";
  struct cnn_explanation other = {0};
  TRY(randomise_last(&kept, &which, m, seed));
  st = cnn_explain(&other, m, in, columns, o);
  if (m->torch->set(m->net, which, kept, words)) TRY(cnn_torch_failed("weights", words));
  if (st == ST_OK) *ssim = cnn_ssim(e->map, other.map, e->size);
done:
  free(kept);
  cnn_explanation_free(&other);
  return st;
}

struct ranked {
  float value;
  int64_t at;
};

static int falling(const void *a, const void *b) {
  const struct ranked *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? 1 : -1;
  return x->at < y->at ? -1 : x->at > y->at;
}

/* |Y - Y(these voxels at the image's mean)| */
static status change_without(double *change, struct cnn_model *m, const struct cnn_input *in,
                             const float *columns, const struct ranked *which, int64_t count,
                             double y, int index) {
  status st = ST_OK;
  int64_t n = in->size[0] * in->size[1] * in->size[2];
  int channels = m->card.channel_count;
  double changed;
  float *v = malloc((size_t)(n * channels) * sizeof *v);
  CHECK(v, ST_MEMORY, "sanity of a map");
  memcpy(v, in->values, (size_t)(n * channels) * sizeof *v);
  for (int c = 0; c < channels; c++) {
    double mean = 0;
    for (int64_t i = 0; i < n; i++) mean += (double)in->values[c * n + i] / (double)n;
    for (int64_t i = 0; i < count; i++) v[c * n + which[i].at] = (float)mean;
  }
  TRY(output_of(&changed, m, in, v, columns, index));
  *change = fabs(y - changed);
done:
  free(v);
  return st;
}

status cnn_explain_sanity(struct cnn_sanity *out, struct cnn_model *m, const struct cnn_input *in,
                          const float *columns, const struct cnn_explanation *e,
                          const struct cnn_explain_options *o, int draws, uint64_t seed) {
  status st = ST_OK;
  struct cnn_sanity s = {0};
  int64_t n = e->size[0] * e->size[1] * e->size[2], tenth = n / 10 > 0 ? n / 10 : 1;
  struct ranked *order = malloc((size_t)n * sizeof *order);
  CHECK(order, ST_MEMORY, "sanity of a map");
  TRY(ssim_of_random(&s.ssim, m, in, columns, e, o, seed));
  for (int64_t i = 0; i < n; i++) order[i] = (struct ranked){e->map[i], i};
  qsort(order, (size_t)n, sizeof *order, falling);
  TRY(change_without(&s.top_change, m, in, columns, order, tenth, e->output, o->index));
  for (int k = 0; k < draws; k++) {
    double change;
    for (int64_t i = 0; i < tenth; i++) { /* the first tenth of a shuffle */
      int64_t j =
          i + (int64_t)random_below(seed, 100 + (uint64_t)k, (uint64_t)i, (uint64_t)(n - i));
      struct ranked kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    TRY(change_without(&change, m, in, columns, order, tenth, e->output, o->index));
    s.random_change += change / draws;
    s.top_wins += (change < s.top_change) / (double)draws;
  }
  *out = s;
done:
  free(order);
  return st;
}
