#include "ml/cnn_input.h"

#include "core/filter.h"
#include "core/parallel.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void flag(char *flags, size_t size, const char *fmt, ...) QCT_PRINTF(3, 4);
static void flag(char *flags, size_t size, const char *fmt, ...) {
  size_t n = strlen(flags);
  if (!size || n + 3 >= size) return;
  if (n) {
    memcpy(flags + n, "; ", 3);
    n += 2;
  }
  va_list list;
  va_start(list, fmt);
  vsnprintf(flags + n, size - n, fmt, list);
  va_end(list);
}

/* ---- checks ---- */

static bool wants_hu(const struct cnn_channel *h, const struct cnn_card *card) {
  return !strcmp(h->name, "HU") || !strcmp(h->name, "CT") || !strcmp(card->dialect, "nnunet");
}

static status check_kind(const struct volume *v, const struct cnn_card *card, int channel) {
  status st = ST_OK;
  const struct cnn_channel *h = &card->channels[channel];
  int q = quantity_from_name(h->name);
  bool hu = wants_hu(h, card);
  CHECK(q < 0 || q == QUANTITY_UNKNOWN || v->quantity == QUANTITY_UNKNOWN ||
            (enum quantity)q == v->quantity,
        ST_DOMAIN, "input of %s: the image holds %s, channel %d takes %s", card->name,
        quantity_name(v->quantity), channel, h->name);
  CHECK(!hu || v->quantity == QUANTITY_HU || v->quantity == QUANTITY_UNKNOWN, ST_DOMAIN,
        "input of %s: the image holds %s, a CT [HU] is needed", card->name,
        quantity_name(v->quantity));
  CHECK(!v->acquisition.modality[0] || !hu || !strcmp(v->acquisition.modality, "CT"), ST_DOMAIN,
        "input of %s: the image is of modality %s, a CT is needed", card->name,
        v->acquisition.modality);
  double low, high;
  volume_range(v, &low, &high);
  CHECK(high >= low, ST_DOMAIN, "input of %s: the image has no voxel with a value", card->name);
  CHECK(!hu || card->dims == 2 || (high > -200 && low >= -4096 && high <= 65535 && low < 0),
        ST_DOMAIN,
        "input of %s: values from %g to %g are not those of a CT in HU (air near -1000, tissue "
        "near 0)",
        card->name, low, high);
done:
  return st;
}

static void check_scope(const struct volume *v, const struct cnn_card *card, char *flags,
                        size_t size) {
  const struct acquisition *a = &v->acquisition;
  for (int i = 0; i < card->dims; i++) {
    double ratio = v->grid.spacing[i] / card->spacing_mm[i];
    if (ratio > 2 || ratio < 0.5) {
      flag(flags, size, "spacing %.3g mm, the network's %.3g mm", v->grid.spacing[i],
           card->spacing_mm[i]);
      break;
    }
  }
  if (!isnan(card->kv[0]) && !isnan(a->kvp) && (a->kvp < card->kv[0] || a->kvp > card->kv[1]))
    flag(flags, size, "%g kV, trained on %g to %g", a->kvp, card->kv[0], card->kv[1]);
  if (!isnan(card->slice_mm[0]) && !isnan(a->slice_thickness_mm) &&
      (a->slice_thickness_mm < card->slice_mm[0] - 1e-6 ||
       a->slice_thickness_mm > card->slice_mm[1] + 1e-6))
    flag(flags, size, "slices of %g mm, trained on %g to %g", a->slice_thickness_mm,
         card->slice_mm[0], card->slice_mm[1]);
}

status cnn_input_check(const struct volume *v, const struct cnn_card *card, int channel,
                       char *flags, size_t size) {
  status st = ST_OK;
  CHECK(channel < card->channel_count, ST_DOMAIN, "input of %s: channel %d of %d", card->name,
        channel, card->channel_count);
  CHECK((v->grid.nz == 1) == (card->dims == 2), ST_DOMAIN,
        "input of %s: the image has %lld slices, the network takes %s", card->name,
        (long long)v->grid.nz,
        card->dims == 2 ? "a picture of one slice (qct drr)" : "a volume of several");
  TRY(check_kind(v, card, channel));
  if (channel == 0) check_scope(v, card, flags, size);
done:
  return st;
}

/* ---- grid ---- */

/* The image's box at the network's spacing, edge to edge: the spacing is the box over a whole
 * number. */
static status target_grid(struct geometry *out, const struct volume *v,
                          const struct cnn_card *card) {
  status st = ST_OK;
  struct volume *oriented = NULL;
  struct geometry g = v->grid;
  if (card->orientation[0] && card->dims == 3) {
    TRY(filter_orient(&oriented, v));
    g = oriented->grid;
    bool ras = !strcmp(card->orientation, "RAS");
    CHECK(ras || !strcmp(card->orientation, "LPS"), ST_DOMAIN,
          "input of %s: orientation \"%s\"; LPS or RAS are known", card->name, card->orientation);
    for (int a = 0; ras && a < 2; a++) { /* start from the other end and turn round */
      int64_t n = a ? g.ny : g.nx;
      struct vec3 axis = geometry_axis(&g, a);
      const double d[3] = {axis.x, axis.y, axis.z};
      for (int r = 0; r < 3; r++) {
        g.origin[r] += (double)(n - 1) * g.spacing[a] * d[r];
        g.direction[3 * r + a] = -d[r];
      }
    }
  }
  int64_t *n[3] = {&g.nx, &g.ny, &g.nz};
  for (int a = 0; a < card->dims; a++) {
    if (isnan(card->spacing_mm[a])) continue;
    double extent = (double)*n[a] * g.spacing[a];
    double count = fmax(1, round(extent / card->spacing_mm[a]));
    double shift = (extent / count - g.spacing[a]) / 2;
    struct vec3 axis = geometry_axis(&g, a);
    g.origin[0] += shift * axis.x, g.origin[1] += shift * axis.y, g.origin[2] += shift * axis.z;
    *n[a] = (int64_t)count;
    g.spacing[a] = extent / count;
  }
  *out = g;
done:
  volume_destroy(oriented);
  return st;
}

/* Which part of the grid the array holds, along x, y, z. */
static void choose_window(struct cnn_input *in, int64_t window[3], const struct cnn_card *card,
                          bool whole) {
  const int64_t n[3] = {in->grid.nx, in->grid.ny, in->grid.nz};
  for (int a = 0; a < 3; a++) {
    int64_t size = n[a], m = card->multiple_of;
    if (!whole && a < card->dims) {
      if (card->shape[a] > 0)
        size = card->shape[a];
      else
        size = (size + m - 1) / m * m;
    }
    window[a] = size;
    /* the middle stays in the middle, rounded down whether cut or padded */
    int64_t spare = n[a] - size;
    in->offset[a] = spare >= 0 ? spare / 2 : -((-spare + 1) / 2);
  }
}

/* ---- values ---- */

float cnn_normalise(const struct cnn_channel *h, float x) {
  double y = fmin(fmax((double)x, h->low), h->high);
  if (h->norm == CNN_NORM_WINDOW) return (float)((y - h->low) / (h->high - h->low));
  if (h->norm == CNN_NORM_SCORE || h->norm == CNN_NORM_SELF) return (float)((y - h->mean) / h->sd);
  return (float)y;
}

/* element of the array -> voxel of the grid: element indices e are along the array's x, y, z */
static void voxel_of(int64_t at[3], const int64_t e[3], const struct cnn_input *in,
                     const struct cnn_card *card) {
  for (int slow = 0; slow < 3; slow++) { /* array axis, slowest first */
    int image_axis = 2 - card->axes[slow];
    if (card->dims == 2) image_axis = card->axes[0] == 2 ? (slow == 0 ? 2 : slow - 1) : 2 - slow;
    at[image_axis] = e[2 - slow] + in->offset[image_axis];
  }
}

static void array_size(int64_t size[3], const int64_t window[3], const struct cnn_card *card) {
  const int64_t none[3] = {0, 0, 0};
  struct cnn_input zero = {.offset = {none[0], none[1], none[2]}};
  for (int a = 0; a < 3; a++) { /* along which image axis does array axis a run? */
    int64_t e[3] = {0, 0, 0}, at[3] = {0, 0, 0};
    e[a] = 1;
    voxel_of(at, e, &zero, card);
    for (int b = 0; b < 3; b++)
      if (at[b]) size[a] = window[b];
  }
}

static struct cnn_channel channel_for(const struct volume *v, const struct cnn_channel *h) {
  struct cnn_channel c = *h;
  if (c.norm != CNN_NORM_SELF) return c;
  double sum = 0, square = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) {
    if (isnan(v->voxels[i])) continue;
    sum += (double)v->voxels[i];
    count++;
  }
  c.mean = count ? sum / (double)count : 0;
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    if (!isnan(v->voxels[i]))
      square += ((double)v->voxels[i] - c.mean) * ((double)v->voxels[i] - c.mean);
  c.sd = fmax(count ? sqrt(square / (double)count) : 1, 1e-8);
  return c;
}

static void fill_channel(float *to, const struct volume *v, const struct cnn_channel *h, float air,
                         const struct cnn_input *in, const struct cnn_card *card) {
  int threads = parallel_threads();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t k = 0; k < in->size[2]; k++)
    for (int64_t j = 0; j < in->size[1]; j++)
      for (int64_t i = 0; i < in->size[0]; i++) {
        const int64_t e[3] = {i, j, k};
        int64_t at[3];
        voxel_of(at, e, in, card);
        float x = geometry_inside(&v->grid, at[0], at[1], at[2])
                      ? v->voxels[geometry_index(&v->grid, at[0], at[1], at[2])]
                      : air;
        to[(k * in->size[1] + j) * in->size[0] + i] = cnn_normalise(h, isnan(x) ? air : x);
      }
}

static bool same_grid(const struct geometry *a, const struct geometry *b) {
  bool same = geometry_match(a, "", b, "", 1e-6) == ST_OK;
  status_clear();
  return same;
}

/* The volume on the network's grid: NULL in *own when it is there already. */
static status resampled(const struct volume **out, struct volume **own, const struct volume *v,
                        const struct cnn_input *in, const struct cnn_card *card, float air) {
  status st = ST_OK;
  struct volume *filled = NULL;
  bool cubic = !strcmp(card->dialect, "nnunet");
  *out = v;
  if (same_grid(&v->grid, &in->grid)) return ST_OK;
  if (cubic) {
    TRY(volume_copy(&filled, v));
    volume_fill_no_data(filled, air);
  }
  TRY(filter_resample(own, cubic ? filled : v, &in->grid,
                      cubic ? INTERPOLATE_CUBIC : INTERPOLATE_LINEAR, NAN));
  *out = *own;
done:
  volume_destroy(filled);
  return st;
}

status cnn_input_make(struct cnn_input *out, const struct volume *const *volumes,
                      const struct cnn_card *card, bool whole, char *flags, size_t flag_size) {
  status st = ST_OK;
  struct cnn_input in = {0};
  struct volume *own = NULL;
  int64_t window[3];
  for (int c = 0; c < card->channel_count; c++) {
    TRY(cnn_input_check(volumes[c], card, c, flags, flag_size));
    TRY(geometry_match(&volumes[0]->grid, "channel 0", &volumes[c]->grid, "another channel", 1e-3));
  }
  TRY(target_grid(&in.grid, volumes[0], card));
  choose_window(&in, window, card, whole);
  array_size(in.size, window, card);
  int64_t voxels = in.size[0] * in.size[1] * in.size[2];
  in.values = malloc((size_t)(voxels * card->channel_count) * sizeof *in.values);
  CHECK(in.values, ST_MEMORY, "input of %s: %lld values", card->name,
        (long long)(voxels * card->channel_count));
  for (int c = 0; c < card->channel_count; c++) {
    const struct volume *on_grid;
    float air = volumes[c]->quantity == QUANTITY_HU ? -1000 : 0;
    struct cnn_channel h = channel_for(volumes[c], &card->channels[c]);
    TRY(resampled(&on_grid, &own, volumes[c], &in, card, air));
    fill_channel(in.values + c * voxels, on_grid, &h, air, &in, card);
    volume_destroy(own);
    own = NULL;
  }
  *out = in;
  in.values = NULL;
done:
  volume_destroy(own);
  cnn_input_free(&in);
  return st;
}

status cnn_input_labels(uint8_t **out, const struct labels *labels, const struct cnn_input *like,
                        const struct cnn_card *card) {
  status st = ST_OK;
  struct labels *own = NULL;
  uint8_t *k = NULL, value_of[65536];
  const struct labels *l = labels;
  memset(value_of, 0, sizeof value_of);
  for (int c = 0; c < card->output_count; c++)
    if (card->outputs[c].value > 0 && card->outputs[c].value < 65536)
      value_of[card->outputs[c].value] = (uint8_t)c;
  if (!same_grid(&labels->grid, &like->grid)) {
    TRY(filter_resample_labels(&own, labels, &like->grid));
    l = own;
  }
  int64_t n = like->size[0] * like->size[1] * like->size[2];
  k = calloc((size_t)n, 1);
  CHECK(k, ST_MEMORY, "labels of an input");
  for (int64_t i = 0; i < n; i++) {
    const int64_t e[3] = {i % like->size[0], i / like->size[0] % like->size[1],
                          i / (like->size[0] * like->size[1])};
    int64_t at[3];
    voxel_of(at, e, like, card);
    if (geometry_inside(&l->grid, at[0], at[1], at[2]))
      k[i] = value_of[l->voxels[geometry_index(&l->grid, at[0], at[1], at[2])]];
  }
  *out = k;
  k = NULL;
done:
  free(k);
  labels_destroy(own);
  return st;
}

status cnn_input_map(struct volume **out, const float *map, const struct cnn_input *in,
                     const struct cnn_card *card) {
  status st = ST_OK;
  TRY(volume_create(out, &in->grid, QUANTITY_OTHER));
  for (int64_t i = 0; i < geometry_voxels(&in->grid); i++) (*out)->voxels[i] = NAN;
  int64_t n = in->size[0] * in->size[1] * in->size[2];
  for (int64_t i = 0; i < n; i++) {
    const int64_t e[3] = {i % in->size[0], i / in->size[0] % in->size[1],
                          i / (in->size[0] * in->size[1])};
    int64_t at[3];
    voxel_of(at, e, in, card);
    if (geometry_inside(&in->grid, at[0], at[1], at[2]))
      (*out)->voxels[geometry_index(&in->grid, at[0], at[1], at[2])] = map[i];
  }
done:
  return st;
}

void cnn_input_free(struct cnn_input *in) {
  free(in->values);
  in->values = NULL;
}
