#include "ml/cnn_card.h"

#include "core/json.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const cnn_task_names[] = {"classify", "regress",   "survival",
                                      "segment",  "synthesis", NULL};
static const char *const norm_names[] = {"none", "window", "score", "self", NULL};

void cnn_card_init(struct cnn_card *c) {
  memset(c, 0, sizeof *c);
  snprintf(c->dialect, sizeof c->dialect, "qct");
  snprintf(c->activation, sizeof c->activation, "none");
  c->dims = 3;
  c->multiple_of = 1;
  c->channel_count = 1;
  c->target_sd = 1;
  c->calibration_a = 1;
  for (int a = 0; a < 3; a++) c->spacing_mm[a] = NAN, c->axes[a] = a;
  for (int i = 0; i < CNN_CHANNELS; i++) {
    c->channels[i].low = -INFINITY;
    c->channels[i].high = INFINITY;
    c->channels[i].sd = 1;
  }
  for (int i = 0; i < CNN_COLUMNS; i++) c->column_sd[i] = 1;
  c->kv[0] = c->kv[1] = c->slice_mm[0] = c->slice_mm[1] = NAN;
}

int cnn_card_label(const struct cnn_card *c, int output) {
  const int value = c->outputs[output].value;
  return c->output_count == 1 && value == 0 ? 1 : value;
}

status cnn_card_take_axes(struct cnn_card *c, const double axes[3], const char *key,
                          const char *what) {
  status st = ST_OK;
  bool taken[3] = {false};
  for (int a = 0; a < 3; a++) {
    bool axis = axes[a] == 0 || axes[a] == 1 || axes[a] == 2;
    CHECK(axis && !taken[(int)axes[a]], ST_FORMAT,
          "%s: %s is %g, %g, %g; an order of axes is 0, 1 and 2, once each", what, key, axes[0],
          axes[1], axes[2]);
    taken[(int)axes[a]] = true;
    c->axes[a] = (int)axes[a];
  }
done:
  return st;
}

static int find(const char *const *names, const char *name) {
  for (int i = 0; names[i]; i++)
    if (!strcmp(names[i], name)) return i;
  return -1;
}

/* ---- writing ---- */

static cJSON *channels_json(const struct cnn_card *c) {
  cJSON *list = cJSON_CreateArray();
  for (int i = 0; i < c->channel_count; i++) {
    const struct cnn_channel *h = &c->channels[i];
    cJSON *o = cJSON_CreateObject();
    json_add_text(o, "name", h->name);
    json_add_text(o, "normalisation", norm_names[h->norm]);
    if (isfinite(h->low) && isfinite(h->high)) {
      const double window[2] = {h->low, h->high};
      json_add_numbers(o, "hu_window", window, 2);
    }
    if (h->norm == CNN_NORM_SCORE) {
      json_add_number(o, "mean", h->mean);
      json_add_number(o, "sd", h->sd);
    }
    cJSON_AddItemToArray(list, o);
  }
  return list;
}

static cJSON *columns_json(const struct cnn_card *c) {
  cJSON *list = cJSON_CreateArray();
  for (int i = 0; i < c->column_count; i++) {
    cJSON *o = cJSON_CreateObject();
    json_add_text(o, "name", c->columns[i]);
    json_add_number(o, "mean", c->column_mean[i]);
    json_add_number(o, "sd", c->column_sd[i]);
    cJSON_AddItemToArray(list, o);
  }
  return list;
}

static cJSON *input_json(const struct cnn_card *c) {
  cJSON *o = cJSON_CreateObject();
  json_add_number(o, "dims", c->dims);
  json_add_text(o, "axes", c->dims == 3 ? "zyx" : "yx");
  json_add_numbers(o, "spacing_mm", c->spacing_mm, c->dims);
  double shape[3], axes[3];
  for (int a = 0; a < 3; a++) shape[a] = (double)c->shape[a], axes[a] = c->axes[a];
  json_add_numbers(o, "shape", shape, c->dims);
  json_add_number(o, "multiple_of", c->multiple_of);
  json_add_numbers(o, "transpose", axes, 3);
  json_add_text(o, "orientation", c->orientation);
  cJSON_AddItemToObject(o, "channels", channels_json(c));
  if (c->column_count) cJSON_AddItemToObject(o, "columns", columns_json(c));
  return o;
}

static cJSON *output_json(const struct cnn_card *c) {
  cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "values");
  json_add_text(o, "activation", c->activation);
  for (int i = 0; i < c->output_count; i++) {
    cJSON *v = cJSON_CreateObject();
    json_add_text(v, "name", c->outputs[i].name);
    json_add_text(v, "unit", c->outputs[i].unit);
    json_add_number(v, "value", c->outputs[i].value);
    cJSON_AddItemToArray(list, v);
  }
  json_add_number(o, "target_mean", c->target_mean);
  json_add_number(o, "target_sd", c->target_sd);
  if (c->interval_count) json_add_numbers(o, "interval_ends", c->intervals, c->interval_count);
  if (c->synthetic) cJSON_AddBoolToObject(o, "synthetic", 1);
  return o;
}

cJSON *cnn_card_to_json(const struct cnn_card *c) {
  cJSON *json = cJSON_CreateObject(), *train;
  if (!json) return NULL;
  const double calibration[2] = {c->calibration_a, c->calibration_b};
  json_add_text(json, "format", "qct-model-card");
  json_add_text(json, "name", c->name);
  json_add_text(json, "version", c->version);
  json_add_text(json, "task", cnn_task_names[c->task]);
  cJSON_AddItemToObject(json, "input", input_json(c));
  cJSON_AddItemToObject(json, "output", output_json(c));
  train = cJSON_AddObjectToObject(json, "train");
  json_add_number(train, "n", (double)c->people);
  json_add_text(train, "sites", c->sites);
  json_add_numbers(train, "kV", c->kv, 2);
  json_add_numbers(train, "slice_mm", c->slice_mm, 2);
  json_add_text(train, "licence", c->licence);
  json_add_text(train, "sha256", c->data_sha256);
  json_add_text(train, "external", c->external[0] ? c->external : "no");
  json_add_numbers(json, "calibration", calibration, 2);
  json_add_text(json, "torch_version", c->torch_version);
  json_add_text(json, "export_date", c->exported);
  return json;
}

/* ---- reading ---- */

/* numbers of an array of up to n; null is NaN; absent leaves them */
static int numbers(double *out, int n, const cJSON *json, const char *key) {
  const cJSON *list = json_find(json, key), *item;
  int i = 0;
  if (!cJSON_IsArray(list)) return 0;
  cJSON_ArrayForEach(item, list) {
    if (i == n) return n + 1;
    out[i++] = cJSON_IsNumber(item) ? item->valuedouble : NAN;
  }
  return i;
}

static status read_channel(struct cnn_channel *h, const cJSON *o, const char *what) {
  status st = ST_OK;
  char norm[16] = "";
  double window[2] = {h->low, h->high};
  TRY(json_opt_text(h->name, sizeof h->name, o, "name", what));
  TRY(json_opt_text(norm, sizeof norm, o, "normalisation", what));
  int given = numbers(window, 2, o, "hu_window");
  TRY(json_opt_number(&h->mean, o, "mean", what));
  TRY(json_opt_number(&h->sd, o, "sd", what));
  h->low = window[0], h->high = window[1];
  h->norm = norm[0]              ? find(norm_names, norm)
            : json_find(o, "sd") ? CNN_NORM_SCORE
            : given == 2         ? CNN_NORM_WINDOW
                                 : CNN_NORM_NONE;
  CHECK(h->norm >= 0, ST_FORMAT, "%s: normalisation \"%s\"; none, window, score or self", what,
        norm);
  CHECK(h->norm != CNN_NORM_SCORE || h->sd > 0, ST_FORMAT, "%s: sd of a channel is %g, not > 0",
        what, h->sd);
  CHECK(h->norm != CNN_NORM_WINDOW || h->high > h->low, ST_FORMAT,
        "%s: hu_window %g, %g of a channel is not rising", what, h->low, h->high);
done:
  return st;
}

static status read_channels(struct cnn_card *c, const cJSON *input, const char *what) {
  status st = ST_OK;
  const cJSON *list = json_find(input, "channels"), *o;
  CHECK(cJSON_IsArray(list), ST_FORMAT, "%s: input.channels is absent", what);
  c->channel_count = 0;
  cJSON_ArrayForEach(o, list) {
    CHECK(c->channel_count < CNN_CHANNELS, ST_DOMAIN, "%s: more than %d channels", what,
          CNN_CHANNELS);
    TRY(read_channel(&c->channels[c->channel_count++], o, what));
  }
  list = json_find(input, "columns");
  cJSON_ArrayForEach(o, list) {
    int i = c->column_count;
    CHECK(i < CNN_COLUMNS, ST_DOMAIN, "%s: more than %d columns", what, CNN_COLUMNS);
    TRY(json_get_text(c->columns[i], sizeof c->columns[i], o, "name", what));
    TRY(json_opt_number(&c->column_mean[i], o, "mean", what));
    TRY(json_opt_number(&c->column_sd[i], o, "sd", what));
    c->column_count++;
  }
done:
  return st;
}

static status read_input(struct cnn_card *c, const cJSON *input, const char *what) {
  status st = ST_OK;
  double shape[3] = {0, 0, 0}, axes[3] = {0, 1, 2};
  CHECK(cJSON_IsObject(input), ST_FORMAT, "%s: \"input\" is absent", what);
  TRY(json_opt_whole(&c->dims, 2, 3, input, "dims", what));
  TRY(json_opt_whole(&c->multiple_of, 1, 1024, input, "multiple_of", what));
  numbers(c->spacing_mm, 3, input, "spacing_mm");
  numbers(shape, 3, input, "shape");
  numbers(axes, 3, input, "transpose");
  for (int a = 0; a < 3; a++) {
    CHECK(shape[a] >= 0 && shape[a] <= 4096, ST_FORMAT, "%s: input.shape %g; 0 to 4096", what,
          shape[a]);
    CHECK(isnan(c->spacing_mm[a]) || c->spacing_mm[a] > 0, ST_FORMAT,
          "%s: input.spacing_mm %g is not > 0", what, c->spacing_mm[a]);
    c->shape[a] = (int64_t)shape[a];
  }
  TRY(cnn_card_take_axes(c, axes, "input.transpose", what));
  TRY(json_opt_text(c->orientation, sizeof c->orientation, input, "orientation", what));
  TRY(read_channels(c, input, what));
done:
  return st;
}

static status add_output(struct cnn_card *c, const char *name, const char *unit, int value,
                         const char *what) {
  status st = ST_OK;
  CHECK(c->output_count < CNN_OUTPUTS, ST_DOMAIN, "%s: more than %d outputs", what, CNN_OUTPUTS);
  struct cnn_output *o = &c->outputs[c->output_count++];
  snprintf(o->name, sizeof o->name, "%s", name);
  snprintf(o->unit, sizeof o->unit, "%s", unit);
  o->value = value;
done:
  return st;
}

/* {"0": "background", "1": ...}: names by value */
static status read_classes(struct cnn_card *c, const cJSON *classes, const char *what) {
  status st = ST_OK;
  const cJSON *o;
  CHECK(!classes || cJSON_IsObject(classes), ST_FORMAT,
        "%s: classes must be {\"value\": \"name\", ...}", what);
  cJSON_ArrayForEach(o, classes) {
    char *end = NULL;
    long value = strtol(o->string, &end, 10);
    CHECK(cJSON_IsString(o), ST_FORMAT, "%s: name of class %s is no text", what, o->string);
    CHECK(*o->string && !*end && value >= 0 && value <= UINT16_MAX, ST_FORMAT,
          "%s: class \"%s\" is no label, a whole number 0..65535", what, o->string);
    TRY(add_output(c, o->valuestring, "", (int)value, what));
  }
done:
  return st;
}

static status read_output(struct cnn_card *c, const cJSON *output, const char *what) {
  status st = ST_OK;
  const cJSON *o, *names, *units;
  CHECK(cJSON_IsObject(output), ST_FORMAT, "%s: \"output\" is absent", what);
  TRY(json_opt_text(c->activation, sizeof c->activation, output, "activation", what));
  cJSON_ArrayForEach(o, json_find(output, "values")) {
    struct cnn_output v = {0};
    v.value = c->output_count;
    TRY(json_get_text(v.name, sizeof v.name, o, "name", what));
    TRY(json_opt_text(v.unit, sizeof v.unit, o, "unit", what));
    TRY(json_opt_whole(&v.value, 0, UINT16_MAX, o, "value", what));
    TRY(add_output(c, v.name, v.unit, v.value, what));
  }
  names = json_find(output, "names"), units = json_find(output, "units");
  for (int i = 0; !c->output_count && i < cJSON_GetArraySize(names); i++) {
    const char *unit = cJSON_GetStringValue(cJSON_GetArrayItem(units, i));
    const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(names, i));
    CHECK(name, ST_FORMAT, "%s: output.names[%d] is no text", what, i);
    TRY(add_output(c, name, unit ? unit : "", i, what));
  }
  if (!c->output_count) TRY(read_classes(c, json_find(output, "classes"), what));
  CHECK(c->output_count > 0, ST_FORMAT, "%s: output names no value and no class", what);
  TRY(json_opt_number(&c->target_mean, output, "target_mean", what));
  TRY(json_opt_number(&c->target_sd, output, "target_sd", what));
  c->interval_count = numbers(c->intervals, CNN_INTERVALS, output, "interval_ends");
  CHECK(c->interval_count <= CNN_INTERVALS, ST_DOMAIN, "%s: more than %d intervals", what,
        CNN_INTERVALS);
  c->synthetic = cJSON_IsTrue(json_find(output, "synthetic"));
done:
  return st;
}

status cnn_card_from_json(struct cnn_card *out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct cnn_card c;
  char task[16];
  int people = 0;
  double calibration[2] = {1, 0};
  cnn_card_init(&c);
  TRY(json_get_text(c.name, sizeof c.name, json, "name", what));
  TRY(json_opt_text(c.version, sizeof c.version, json, "version", what));
  TRY(json_get_text(task, sizeof task, json, "task", what));
  c.task = find(cnn_task_names, task);
  CHECK(c.task >= 0, ST_FORMAT,
        "%s: task \"%s\"; classify, regress, survival, segment or synthesis", what, task);
  TRY(read_input(&c, json_find(json, "input"), what));
  TRY(read_output(&c, json_find(json, "output"), what));
  TRY(json_opt_whole(&people, 0, INT_MAX, json, "train.n", what));
  c.people = people;
  TRY(json_opt_text(c.sites, sizeof c.sites, json, "train.sites", what));
  TRY(json_opt_text(c.licence, sizeof c.licence, json, "train.licence", what));
  TRY(json_opt_text(c.data_sha256, sizeof c.data_sha256, json, "train.sha256", what));
  TRY(json_opt_text(c.external, sizeof c.external, json, "train.external", what));
  numbers(c.kv, 2, json, "train.kV");
  numbers(c.slice_mm, 2, json, "train.slice_mm");
  numbers(calibration, 2, json, "calibration");
  c.calibration_a = calibration[0], c.calibration_b = calibration[1];
  TRY(json_opt_text(c.torch_version, sizeof c.torch_version, json, "torch_version", what));
  TRY(json_opt_text(c.exported, sizeof c.exported, json, "export_date", what));
  *out = c;
done:
  return st;
}
