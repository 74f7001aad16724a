#include "ml/risk_model.h"

#include "core/json.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char format_name[] = "qct risk model";
enum { FORMAT_VERSION = 1, MOST_FEATURES = 100000 };

/* Is the value one of a "; "-separated list? */
static bool in_list(const char *list, const char *value) {
  const size_t n = strlen(value);
  for (const char *at = strstr(list, value); n && at; at = strstr(at + 1, value)) {
    bool starts = at == list || (at - list >= 2 && strncmp(at - 2, "; ", 2) == 0);
    if (starts && (!at[n] || strncmp(at + n, "; ", 2) == 0)) return true;
  }
  return false;
}

/* Distinct values of a text column, "; "-separated. */
static status distinct_values(char out[256], const struct table *t, const char *column) {
  status st = ST_OK;
  int c = table_find(t, column);
  out[0] = '\0';
  if (c < 0 || t->columns[c].numeric) goto done;
  for (size_t i = 0; i < t->row_count; i++) {
    const char *v = t->columns[c].texts[i];
    if (!v[0] || in_list(out, v)) continue;
    size_t used = strlen(out);
    CHECK(used + strlen(v) + 3 < 256, ST_DOMAIN, "column %s has too many different values", column);
    snprintf(out + used, 256 - used, "%s%s", used ? "; " : "", v);
  }
done:
  return st;
}

static status check_values(const struct table *t, const char *column, const char *known) {
  status st = ST_OK;
  if (!known[0]) goto done;
  int c = table_find(t, column);
  CHECK(c >= 0 && !t->columns[c].numeric, ST_DOMAIN,
        "the model was trained with %s \"%s\" but the table has no text column %s", column, known,
        column);
  for (size_t i = 0; i < t->row_count; i++)
    CHECK(in_list(known, t->columns[c].texts[i]), ST_DOMAIN,
          "row %zu has %s \"%s\" but the model was trained with \"%s\": measure in the same way",
          i + 1, column, t->columns[c].texts[i], known);
done:
  return st;
}

status ml_risk_model_fit(struct ml_risk_model *out, const struct ml_learner *learner,
                         const struct ml_dataset *d, int group, const char *outcome_name,
                         const struct ml_nested_options *options, const struct ml_platt *platt) {
  status st = ST_OK;
  const struct ml_feature_group *g = &d->groups[group];
  struct ml_risk_model m = {.feature_count = g->count, .people = d->n};
  double *x = NULL;
  int64_t *rows = malloc((size_t)d->n * sizeof *rows);
  m.features = calloc((size_t)g->count, sizeof *m.features);
  CHECK(rows && m.features, ST_MEMORY, "fitting a model of %d features", g->count);
  TRY(ml_dataset_group(&x, d, group));
  for (int64_t i = 0; i < d->n; i++) {
    rows[i] = i;
    m.events += d->outcome[i] == 1;
  }
  for (int f = 0; f < g->count; f++) {
    const struct table_column *c = &d->table->columns[d->features[g->columns[f]]];
    struct ml_model_feature *feature = &m.features[f];
    snprintf(feature->name, sizeof feature->name, "%s", c->name);
    snprintf(feature->unit, sizeof feature->unit, "%s", c->unit);
    feature->low = INFINITY;
    feature->high = -INFINITY;
    for (int64_t i = 0; i < d->n; i++)
      if (isfinite(x[i * g->count + f])) {
        feature->low = fmin(feature->low, x[i * g->count + f]);
        feature->high = fmax(feature->high, x[i * g->count + f]);
      }
  }
  struct ml_data data = {x, d->n, g->count, d->outcome, d->target, d->person, d->site};
  TRY(ml_chain_fit(&m.chain, learner, &data, rows, d->n, options));
  snprintf(m.learner, sizeof m.learner, "%s", learner->name);
  learner->describe(learner, m.chain.point, m.point);
  snprintf(m.group, sizeof m.group, "%s", g->name);
  snprintf(m.outcome, sizeof m.outcome, "%s", outcome_name);
  m.prevalence = learner->task == ML_BINARY ? (double)m.events / (double)d->n : NAN;
  if (platt) {
    m.has_platt = 1;
    m.platt = *platt;
  }
  TRY(distinct_values(m.materials, d->table, "material"));
  TRY(distinct_values(m.methods, d->table, "method"));
  *out = m;
  memset(&m, 0, sizeof m);
done:
  free(rows);
  free(x);
  ml_risk_model_free(&m);
  return st;
}

void ml_risk_model_free(struct ml_risk_model *m) {
  free(m->features);
  m->features = NULL;
  ml_chain_free(&m->chain);
}

static void add_ints(cJSON *json, const char *key, const int *values, int n) {
  cJSON *array = cJSON_AddArrayToObject(json, key);
  for (int i = 0; array && i < n; i++) cJSON_AddItemToArray(array, cJSON_CreateNumber(values[i]));
}

cJSON *ml_risk_model_to_json(const struct ml_risk_model *m) {
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  const struct ml_scaling *s = &m->chain.scaling;
  json_add_text(json, "format", format_name);
  json_add_number(json, "format_version", FORMAT_VERSION);
  json_add_text(json, "learner", m->learner);
  json_add_text(json, "hyper_parameters", m->point);
  json_add_text(json, "feature_group", m->group);
  json_add_text(json, "outcome", m->outcome);
  json_add_number(json, "people", (double)m->people);
  json_add_number(json, "events", (double)m->events);
  json_add_number(json, "prevalence", m->prevalence);
  json_add_text(json, "materials", m->materials);
  json_add_text(json, "methods", m->methods);
  cJSON *features = cJSON_AddArrayToObject(json, "features");
  for (int f = 0; features && f < m->feature_count; f++) {
    cJSON *feature = cJSON_CreateObject();
    json_add_text(feature, "name", m->features[f].name);
    json_add_text(feature, "unit", m->features[f].unit);
    json_add_number(feature, "low", m->features[f].low);
    json_add_number(feature, "high", m->features[f].high);
    cJSON_AddItemToArray(features, feature);
  }
  cJSON *scaling = cJSON_AddObjectToObject(json, "scaling");
  json_add_number(scaling, "columns", s->out);
  add_ints(scaling, "from", s->from, s->out);
  add_ints(scaling, "indicator", s->indicator, s->out);
  json_add_numbers(scaling, "centre", s->centre, s->out);
  json_add_numbers(scaling, "scale", s->scale, s->out);
  json_add_numbers(scaling, "fill", s->fill, s->raw);
  json_add_number(json, "kept_count", m->chain.kept_count);
  add_ints(json, "kept", m->chain.kept, m->chain.kept_count);
  if (m->has_platt) {
    cJSON *platt = cJSON_AddObjectToObject(json, "platt");
    json_add_number(platt, "a", m->platt.a);
    json_add_number(platt, "b", m->platt.b);
  }
  cJSON_AddItemToObject(json, "model", m->chain.learner->to_json(m->chain.model));
  return json;
}

/* An array of n integers in [low, high]. */
static status get_ints(int *out, int n, const cJSON *json, const char *key, int low, int high,
                       const char *what) {
  status st = ST_OK;
  double *values = malloc((size_t)(n ? n : 1) * sizeof *values);
  CHECK(values, ST_MEMORY, "%s: reading %s", what, key);
  TRY(json_get_numbers(values, n, json, key, what));
  for (int i = 0; i < n; i++) {
    CHECK(values[i] >= low && values[i] <= high && values[i] == floor(values[i]), ST_FORMAT,
          "%s: %s[%d] is %g, must be an integer of %d to %d", what, key, i, values[i], low, high);
    out[i] = (int)values[i];
  }
done:
  free(values);
  return st;
}

static status read_features(struct ml_risk_model *m, const cJSON *json, const char *what) {
  status st = ST_OK;
  const cJSON *features = json_find(json, "features");
  CHECK(cJSON_IsArray(features), ST_FORMAT, "%s: features must be a list", what);
  int count = cJSON_GetArraySize(features);
  CHECK(count >= 1 && count <= MOST_FEATURES, ST_FORMAT, "%s: %d features, 1 to %d are possible",
        what, count, MOST_FEATURES);
  m->features = calloc((size_t)count, sizeof *m->features);
  CHECK(m->features, ST_MEMORY, "%s: %d features", what, count);
  m->feature_count = count;
  const cJSON *feature = NULL;
  int f = 0;
  cJSON_ArrayForEach(feature, features) {
    struct ml_model_feature *to = &m->features[f++];
    TRY(json_get_text(to->name, sizeof to->name, feature, "name", what));
    TRY(json_get_text(to->unit, sizeof to->unit, feature, "unit", what));
    TRY(json_get_number(&to->low, feature, "low", what));
    TRY(json_get_number(&to->high, feature, "high", what));
  }
done:
  return st;
}

static status read_scaling(struct ml_chain *c, int raw, const cJSON *json, const char *what) {
  status st = ST_OK;
  double columns, kept;
  struct ml_scaling *s = &c->scaling;
  TRY(json_get_number(&columns, json, "scaling.columns", what));
  TRY(json_get_number(&kept, json, "kept_count", what));
  CHECK(columns >= 1 && columns <= 2.0 * raw && kept >= 1 && kept <= columns, ST_FORMAT,
        "%s: %g columns of which %g are kept do not fit %d features", what, columns, kept, raw);
  s->raw = raw;
  s->out = (int)columns;
  c->kept_count = (int)kept;
  s->from = calloc((size_t)s->out, sizeof *s->from);
  s->indicator = calloc((size_t)s->out, sizeof *s->indicator);
  s->centre = calloc((size_t)s->out, sizeof *s->centre);
  s->scale = calloc((size_t)s->out, sizeof *s->scale);
  s->fill = calloc((size_t)raw, sizeof *s->fill);
  c->kept = calloc((size_t)c->kept_count, sizeof *c->kept);
  CHECK(s->from && s->indicator && s->centre && s->scale && s->fill && c->kept, ST_MEMORY,
        "%s: scaling of %d columns", what, s->out);
  TRY(get_ints(s->from, s->out, json, "scaling.from", 0, raw - 1, what));
  TRY(get_ints(s->indicator, s->out, json, "scaling.indicator", 0, 1, what));
  TRY(json_get_numbers(s->centre, s->out, json, "scaling.centre", what));
  TRY(json_get_numbers(s->scale, s->out, json, "scaling.scale", what));
  TRY(get_ints(c->kept, c->kept_count, json, "kept", 0, s->out - 1, what));
  const cJSON *fill = json_find(json, "scaling.fill"), *one = NULL;
  CHECK(cJSON_IsArray(fill) && cJSON_GetArraySize(fill) == raw, ST_FORMAT,
        "%s: scaling.fill must be a list of %d", what, raw);
  int f = 0;
  cJSON_ArrayForEach(one, fill) s->fill[f++] = cJSON_IsNumber(one) ? one->valuedouble : NAN;
  for (int i = 0; i < s->out; i++) {
    CHECK(s->scale[i] > 0, ST_FORMAT, "%s: scaling.scale[%d] is %g, must be greater than 0", what,
          i, s->scale[i]);
    CHECK(s->indicator[i] || isfinite(s->fill[s->from[i]]), ST_FORMAT,
          "%s: feature %d has no value to fill gaps with", what, s->from[i]);
  }
done:
  return st;
}

status ml_risk_model_from_json(struct ml_risk_model *out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct ml_risk_model m = {.prevalence = NAN};
  char format[32];
  double version, model_features;
  int people, events;
  TRY(json_get_text(format, sizeof format, json, "format", what));
  CHECK(!strcmp(format, format_name), ST_FORMAT, "%s: format is \"%s\", not \"%s\"", what, format,
        format_name);
  TRY(json_get_number(&version, json, "format_version", what));
  CHECK(version == FORMAT_VERSION, ST_FORMAT, "%s: format version %g, this program reads %d", what,
        version, FORMAT_VERSION);
  TRY(json_get_text(m.learner, sizeof m.learner, json, "learner", what));
  m.chain.learner = ml_learner_find(m.learner);
  CHECK(m.chain.learner, ST_FORMAT, "%s: learner \"%s\" is not known to this program", what,
        m.learner);
  TRY(json_get_text(m.point, sizeof m.point, json, "hyper_parameters", what));
  TRY(json_get_text(m.group, sizeof m.group, json, "feature_group", what));
  TRY(json_get_text(m.outcome, sizeof m.outcome, json, "outcome", what));
  TRY(json_get_text(m.materials, sizeof m.materials, json, "materials", what));
  TRY(json_get_text(m.methods, sizeof m.methods, json, "methods", what));
  TRY(json_get_whole(&people, 1, INT_MAX, json, "people", what));
  TRY(json_get_whole(&events, 0, people, json, "events", what));
  TRY(json_opt_number(&m.prevalence, json, "prevalence", what));
  m.people = people;
  m.events = events;
  TRY(read_features(&m, json, what));
  TRY(read_scaling(&m.chain, m.feature_count, json, what));
  if (json_find(json, "platt")) {
    TRY(json_get_number(&m.platt.a, json, "platt.a", what));
    TRY(json_get_number(&m.platt.b, json, "platt.b", what));
    CHECK(m.platt.a < 0, ST_FORMAT, "%s: platt.a is %g, must be below 0", what, m.platt.a);
    m.has_platt = 1;
  }
  const cJSON *model = json_find(json, "model");
  CHECK(cJSON_IsObject(model), ST_FORMAT, "%s: model must be an object", what);
  TRY(json_get_number(&model_features, model, "features", what));
  CHECK(model_features == m.chain.kept_count, ST_FORMAT,
        "%s: the model takes %g columns but %d are kept", what, model_features, m.chain.kept_count);
  TRY(m.chain.learner->from_json(&m.chain.model, model, what));
  *out = m;
  memset(&m, 0, sizeof m);
done:
  ml_risk_model_free(&m);
  return st;
}

status ml_risk_model_rows(double **x, const struct ml_risk_model *m, const struct table *t) {
  status st = ST_OK;
  double *rows = malloc((t->row_count * (size_t)m->feature_count + 1) * sizeof *rows);
  CHECK(t->row_count > 0, ST_DOMAIN, "the table holds nobody: a header and at least one row");
  CHECK(rows, ST_MEMORY, "reading %zu rows of %d features", t->row_count, m->feature_count);
  TRY(check_values(t, "material", m->materials));
  TRY(check_values(t, "method", m->methods));
  for (int f = 0; f < m->feature_count; f++) {
    const struct ml_model_feature *feature = &m->features[f];
    int c = table_find(t, feature->name);
    CHECK(c >= 0, ST_DOMAIN, "the model needs feature \"%s\" [%s], which the table does not have",
          feature->name, feature->unit);
    const struct table_column *col = &t->columns[c];
    const double *numbers = NULL;
    TRY(table_numbers(&numbers, t, feature->name, "feature"));
    CHECK(!strcmp(col->unit, feature->unit), ST_DOMAIN,
          "feature \"%s\" is in [%s] but the model was trained in [%s]", feature->name, col->unit,
          feature->unit);
    for (size_t i = 0; i < t->row_count; i++) {
      CHECK(!isinf(numbers[i]), ST_DOMAIN,
            "feature \"%s\" of row %zu is infinite; an unknown value is an empty cell",
            feature->name, i + 1);
      rows[i * (size_t)m->feature_count + (size_t)f] = numbers[i];
    }
  }
  *x = rows;
  rows = NULL;
done:
  free(rows);
  return st;
}

static void note(char flags[192], const char *what, const char *name) {
  size_t used = strlen(flags);
  snprintf(flags + used, 192 - used, "%s%s %s", used ? "; " : "", name, what);
}

status ml_risk_model_predict(struct ml_prediction *out, const struct ml_risk_model *m,
                             const double *row, double prevalence) {
  status st = ST_OK;
  struct ml_prediction p = {.probability = NAN, .shifted = NAN};
  CHECK(isnan(prevalence) || (prevalence > 0 && prevalence < 1), ST_DOMAIN,
        "prevalence %g: must lie between 0 and 1", prevalence);
  CHECK(isnan(prevalence) || isfinite(m->prevalence), ST_DOMAIN,
        "this model has no training prevalence to shift from");
  for (int f = 0; f < m->feature_count; f++) {
    const struct ml_model_feature *feature = &m->features[f];
    if (!isfinite(row[f])) {
      p.missing++;
      note(p.flags, "missing", feature->name);
    } else if (row[f] < feature->low || row[f] > feature->high) {
      p.out_of_range++;
      note(p.flags, "outside the training range", feature->name);
    }
  }
  TRY(ml_chain_score(&m->chain, row, 1, &p.score));
  if (m->has_platt) {
    p.probability = ml_platt_probability(&m->platt, p.score);
    if (!isnan(prevalence))
      p.shifted = ml_shift_prevalence(p.probability, m->prevalence, prevalence);
  }
  *out = p;
done:
  return st;
}
