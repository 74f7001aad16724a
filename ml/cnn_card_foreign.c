/* Cards of other programs: MONAI bundles and nnU-Net plans. */
#include "core/json.h"
#include "ml/cnn_card.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- MONAI: metadata.json ---- */

/* MONAI keeps the order of the file's axes, x first: the slowest axis of its arrays is our x. "*"
 * and expressions stand for any size, "32*n" for a multiple. */
static status monai_shape(struct cnn_card *c, const cJSON *shape, const char *what) {
  status st = ST_OK;
  int n = cJSON_GetArraySize(shape);
  c->dims = n == 2 ? 2 : 3;
  c->axes[0] = 2, c->axes[2] = 0;
  for (int a = 0; a < n && a < 3; a++) {
    const cJSON *o = cJSON_GetArrayItem(shape, a);
    double size = cJSON_IsNumber(o) ? o->valuedouble : 0;
    int multiple = cJSON_IsString(o) ? atoi(o->valuestring) : 0;
    CHECK(size >= 0 && size <= 65535 && multiple <= 1024, ST_FORMAT,
          "%s: spatial_shape %g or multiple %d; at most 65535 and 1024", what, size, multiple);
    c->shape[a] = (int64_t)size;
    if (multiple > 1) c->multiple_of = multiple;
  }
done:
  return st;
}

static status monai_channels(struct cnn_card *c, const cJSON *image, const char *what) {
  status st = ST_OK;
  c->channel_count = 1;
  TRY(json_opt_whole(&c->channel_count, 1, CNN_CHANNELS, image, "num_channels", what));
  const cJSON *names = json_find(image, "channel_def"), *range = json_find(image, "value_range");
  for (int i = 0; i < c->channel_count; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    const char *name = cJSON_GetStringValue(json_find(names, key));
    snprintf(c->channels[i].name, sizeof c->channels[i].name, "%s", name ? name : "image");
  }
  /* value_range [0, 1] is what the network sees; the window that leads there is in the bundle's
   * transforms, not in the metadata: "intensity_window" names it, as our export script writes */
  double window[2];
  bool scaled = cJSON_GetArraySize(range) == 2;
  if (json_find(image, "intensity_window")) {
    TRY(json_get_numbers(window, 2, image, "intensity_window", what));
    for (int i = 0; i < c->channel_count; i++) {
      c->channels[i].norm = CNN_NORM_WINDOW;
      c->channels[i].low = window[0], c->channels[i].high = window[1];
    }
  } else {
    CHECK(
        !scaled, ST_DOMAIN,
        "%s: the network takes values from %g to %g, but the metadata does not say which window of "
        "HU leads there; add \"intensity_window\": [low, high] to network_data_format.inputs.image",
        what, cJSON_GetArrayItem(range, 0)->valuedouble, cJSON_GetArrayItem(range, 1)->valuedouble);
  }
  if (json_find(image, "spacing"))
    TRY(json_get_numbers(c->spacing_mm, c->dims, image, "spacing", what));
done:
  return st;
}

static status monai_outputs(struct cnn_card *c, const cJSON *pred, const char *what) {
  status st = ST_OK;
  char format[32] = "", type[32] = "";
  TRY(json_get_whole(&c->output_count, 1, CNN_OUTPUTS, pred, "num_channels", what));
  TRY(json_opt_text(format, sizeof format, pred, "format", what));
  TRY(json_opt_text(type, sizeof type, pred, "type", what));
  const cJSON *names = json_find(pred, "channel_def");
  for (int i = 0; i < c->output_count; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    const char *name = cJSON_GetStringValue(json_find(names, key));
    snprintf(c->outputs[i].name, sizeof c->outputs[i].name, "%s", name ? name : key);
    c->outputs[i].value = i;
  }
  c->task = !strcmp(format, "segmentation") ? CNN_SEGMENT
            : !strcmp(type, "image")        ? CNN_SYNTHESIS
            : !strcmp(format, "regression") ? CNN_REGRESS
                                            : CNN_CLASSIFY;
  c->synthetic = c->task == CNN_SYNTHESIS;
  if (c->task == CNN_SEGMENT || c->task == CNN_CLASSIFY)
    snprintf(c->activation, sizeof c->activation, c->output_count > 1 ? "softmax" : "sigmoid");
done:
  return st;
}

status cnn_card_from_monai(struct cnn_card *out, const cJSON *metadata, const char *what) {
  status st = ST_OK;
  struct cnn_card c;
  cnn_card_init(&c);
  const cJSON *format = json_find(metadata, "network_data_format");
  const cJSON *image = json_find(format, "inputs.image"), *pred = json_find(format, "outputs.pred");
  CHECK(image && pred, ST_FORMAT, "%s: network_data_format.inputs.image or .outputs.pred is absent",
        what);
  snprintf(c.dialect, sizeof c.dialect, "monai");
  snprintf(c.orientation, sizeof c.orientation, "RAS");
  TRY(json_opt_text(c.name, sizeof c.name, metadata, "name", what));
  TRY(json_opt_text(c.version, sizeof c.version, metadata, "version", what));
  TRY(json_opt_text(c.torch_version, sizeof c.torch_version, metadata, "pytorch_version", what));
  TRY(monai_shape(&c, json_find(image, "spatial_shape"), what));
  TRY(monai_channels(&c, image, what));
  TRY(monai_outputs(&c, pred, what));
  *out = c;
done:
  return st;
}

/* ---- nnU-Net: plans.json, dataset.json ---- */

/* A key of a configuration, through its ancestors; *key* is a plain name. */
static status inherited(const cJSON **out, const cJSON *configurations, const cJSON *from,
                        const char *key, const char *what) {
  status st = ST_OK;
  for (int depth = 0; depth < 16; depth++) {
    *out = cJSON_GetObjectItemCaseSensitive(from, key);
    const char *parent =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(from, "inherits_from"));
    if (*out || !parent) return ST_OK;
    from = cJSON_GetObjectItemCaseSensitive(configurations, parent);
    CHECK(from, ST_FORMAT, "%s: a configuration inherits from \"%s\", which is absent", what,
          parent);
  }
  FAIL(ST_FORMAT, "%s: inherits_from of the configurations turns in a circle", what);
done:
  return st;
}

static status array_of(double *out, int n, const cJSON *list, const char *key, const char *what) {
  status st = ST_OK;
  CHECK(cJSON_GetArraySize(list) == n, ST_FORMAT, "%s: %s has %d entries, %d are needed", what, key,
        cJSON_GetArraySize(list), n);
  for (int i = 0; i < n; i++) out[i] = cJSON_GetArrayItem(list, i)->valuedouble;
done:
  return st;
}

static status nnunet_channel(struct cnn_channel *h, const cJSON *intensities, int i,
                             const char *scheme, const char *what) {
  status st = ST_OK;
  char key[16];
  snprintf(key, sizeof key, "%d", i);
  if (strstr(scheme, "CTNormalization")) {
    const cJSON *p = json_find(intensities, key);
    CHECK(p, ST_FORMAT, "%s: no foreground intensity properties of channel %d", what, i);
    h->norm = CNN_NORM_SCORE;
    TRY(json_get_number(&h->low, p, "percentile_00_5", what));
    TRY(json_get_number(&h->high, p, "percentile_99_5", what));
    TRY(json_get_number(&h->mean, p, "mean", what));
    TRY(json_get_number(&h->sd, p, "std", what));
    if (h->sd < 1e-8) h->sd = 1e-8;
  } else if (strstr(scheme, "ZScoreNormalization")) {
    h->norm = CNN_NORM_SELF;
  } else {
    CHECK(strstr(scheme, "NoNormalization"), ST_DOMAIN,
          "%s: normalisation %s of channel %d; CTNormalization, ZScoreNormalization and "
          "NoNormalization are known",
          what, scheme, i);
  }
done:
  return st;
}

static status nnunet_channels(struct cnn_card *c, const cJSON *plans, const cJSON *schemes,
                              const cJSON *dataset, const char *what) {
  status st = ST_OK;
  const cJSON *p = json_find(plans, "foreground_intensity_properties_per_channel");
  if (!p) p = json_find(plans, "foreground_intensity_properties_by_modality");
  const cJSON *names = json_find(dataset, "channel_names");
  if (!names) names = json_find(dataset, "modality");
  int n = cJSON_GetArraySize(schemes);
  CHECK(n >= 1 && n <= CNN_CHANNELS, ST_DOMAIN, "%s: %d channels; 1 to %d", what, n, CNN_CHANNELS);
  c->channel_count = n;
  for (int i = 0; i < n; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    const char *name = cJSON_GetStringValue(json_find(names, key));
    const char *scheme = cJSON_GetStringValue(cJSON_GetArrayItem(schemes, i));
    snprintf(c->channels[i].name, sizeof c->channels[i].name, "%s", name ? name : "image");
    TRY(nnunet_channel(&c->channels[i], p, i, scheme ? scheme : "", what));
  }
done:
  return st;
}

/* labels {"background": 0, "femur": 1}; outputs in rising order of their value */
static status nnunet_labels(struct cnn_card *c, const cJSON *labels, const char *what) {
  status st = ST_OK;
  int n = cJSON_GetArraySize(labels);
  const cJSON *o;
  CHECK(cJSON_IsObject(labels), ST_FORMAT, "%s: labels must be {\"name\": value, ...}", what);
  CHECK(n >= 2 && n <= CNN_OUTPUTS, ST_DOMAIN, "%s: %d labels; 2 to %d", what, n, CNN_OUTPUTS);
  c->output_count = n;
  cJSON_ArrayForEach(o, labels) {
    double value = cJSON_IsNumber(o) ? o->valuedouble : -1;
    if (cJSON_IsNumber(o) && !strcmp(o->string, "ignore")) {
      c->output_count--;
      continue;
    }
    CHECK(cJSON_IsNumber(o), ST_DOMAIN,
          "%s: label \"%s\" is a region of several values; region-based models are not read", what,
          o->string);
    CHECK(value >= 0 && value < n, ST_FORMAT, "%s: label \"%s\" has value %g; 0 to %d", what,
          o->string, value, n - 1);
    struct cnn_output *to = &c->outputs[(int)value];
    snprintf(to->name, sizeof to->name, "%s", o->string);
    to->value = (int)value;
  }
done:
  return st;
}

status cnn_card_from_nnunet(struct cnn_card *out, const cJSON *plans, const cJSON *dataset,
                            const char *configuration, const char *what) {
  status st = ST_OK;
  struct cnn_card c;
  double spacing[3], patch[3], forward[3] = {0, 1, 2};
  const cJSON *part;
  cnn_card_init(&c);
  const cJSON *all = json_find(plans, "configurations");
  CHECK(cJSON_IsObject(all) && all->child, ST_FORMAT, "%s: configurations are absent", what);
  const cJSON *chosen = json_find(all, configuration ? configuration : "3d_fullres");
  CHECK(chosen || !configuration, ST_FORMAT, "%s: configuration \"%s\" is absent", what,
        configuration);
  if (!chosen) chosen = all->child;
  TRY(inherited(&part, all, chosen, "spacing", what));
  int dims = cJSON_GetArraySize(part);
  CHECK(dims == 3, ST_DOMAIN, "%s: configuration %s has %d dimensions; 3 are read", what,
        chosen->string, dims);
  TRY(array_of(spacing, 3, part, "spacing", what));
  TRY(inherited(&part, all, chosen, "patch_size", what));
  TRY(array_of(patch, 3, part, "patch_size", what));
  if (json_find(plans, "transpose_forward"))
    TRY(json_get_numbers(forward, 3, plans, "transpose_forward", what));
  /* nnU-Net's arrays are z, y, x; spacing and patch are after transpose_forward: back to x, y, z */
  TRY(cnn_card_take_axes(&c, forward, "transpose_forward", what));
  for (int a = 0; a < 3; a++) {
    CHECK(patch[a] >= 1 && patch[a] <= 65535, ST_FORMAT, "%s: patch_size %g; 1 to 65535", what,
          patch[a]);
    c.spacing_mm[2 - c.axes[a]] = spacing[a];
    c.shape[2 - c.axes[a]] = (int64_t)patch[a];
  }
  TRY(inherited(&part, all, chosen, "normalization_schemes", what));
  TRY(nnunet_channels(&c, plans, part, dataset, what));
  TRY(nnunet_labels(&c, json_find(dataset, "labels"), what));
  snprintf(c.dialect, sizeof c.dialect, "nnunet");
  snprintf(c.activation, sizeof c.activation, "softmax");
  c.task = CNN_SEGMENT;
  TRY(json_opt_text(c.name, sizeof c.name, plans, "dataset_name", what));
  TRY(json_opt_text(c.licence, sizeof c.licence, dataset, "licence", what));
  TRY(json_opt_text(c.licence, sizeof c.licence, dataset, "license", what));
  *out = c;
done:
  return st;
}
