#include "ml/cnn_predict.h"

#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status cnn_models_agree(const struct cnn_model *a, const struct cnn_model *b) {
  status st = ST_OK;
  struct cnn_card x = a->card, y = b->card;
  cJSON *p = NULL, *q = NULL;
  /* members of an ensemble scale their columns by their own training people: compared by name */
  for (int i = 0; i < CNN_COLUMNS; i++) {
    x.column_mean[i] = y.column_mean[i] = 0;
    x.column_sd[i] = y.column_sd[i] = 1;
  }
  p = cnn_card_to_json(&x), q = cnn_card_to_json(&y);
  CHECK(p && q, ST_MEMORY, "comparing models");
  CHECK(x.task == y.task && x.output_count == y.output_count, ST_DOMAIN,
        "ensemble: %s with %d outputs and %s with %d", cnn_task_names[x.task], x.output_count,
        cnn_task_names[y.task], y.output_count);
  CHECK(cJSON_Compare(json_find(p, "input"), json_find(q, "input"), 1), ST_DOMAIN,
        "ensemble: the input blocks of \"%s\" and \"%s\" differ", x.name, y.name);
done:
  cJSON_Delete(p);
  cJSON_Delete(q);
  return st;
}

/* In the unit of the target before averaging: members have their own scale. */
static double in_unit(const struct cnn_card *c, float raw) {
  return c->task == CNN_REGRESS
             ? c->calibration_a * (c->target_mean + c->target_sd * (double)raw) + c->calibration_b
             : (double)raw;
}

static double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

struct member_values {
  double mean[CNN_OUTPUTS], sd[CNN_OUTPUTS];
};

static void average(struct member_values *v, const float *raw, struct cnn_model *const *models,
                    int count, int64_t n, int64_t row) {
  int outputs = models[0]->card.output_count;
  for (int c = 0; c < outputs; c++) {
    double sum = 0, square = 0;
    for (int k = 0; k < count; k++)
      sum += in_unit(&models[k]->card, raw[((int64_t)k * n + row) * outputs + c]);
    v->mean[c] = sum / count;
    for (int k = 0; k < count; k++) {
      double e = in_unit(&models[k]->card, raw[((int64_t)k * n + row) * outputs + c]) - v->mean[c];
      square += e * e;
    }
    v->sd[c] = count > 1 ? sqrt(square / (count - 1)) : NAN;
  }
}

static status add(struct record *r, const char *quantity, double value, const char *unit,
                  const struct cnn_card *card, int count, double sd, const char *flags) {
  status st = ST_OK;
  char name[64];
  struct measurement *m = record_add(r, "image", quantity, value, unit);
  CHECK(m, ST_MEMORY, "prediction rows");
  snprintf(m->method, sizeof m->method, "%.60s x%d", card->name, count);
  snprintf(m->flags, sizeof m->flags, "%s", flags);
  if (isnan(sd)) goto done;
  snprintf(name, sizeof name, "%.48s_members_sd", quantity);
  m = record_add(r, "image", name, sd, unit);
  CHECK(m, ST_MEMORY, "prediction rows");
  m->n = count;
done:
  return st;
}

static status add_regression(struct record *r, const struct cnn_card *card,
                             const struct member_values *v, int count, const char *flags,
                             const struct cnn_predict_options *o) {
  status st = ST_OK;
  char words[192];
  /* a model trained here knows its targets; a file from elsewhere has no scale of them */
  bool far = card->data_sha256[0] && fabs(v->mean[0] - card->target_mean) > 4 * card->target_sd;
  snprintf(words, sizeof words, "%.140s%s%s", flags, flags[0] && far ? "; " : "",
           far ? "more than 4 SD from the training targets" : "");
  for (int c = 0; c < card->output_count; c++)
    TRY(add(r, card->outputs[c].name, v->mean[c], card->outputs[c].unit, card, count, v->sd[c],
            words));
  if (isnan(o->reference_mean)) goto done;
  struct measurement *m =
      record_add(r, "image", "t_score", (v->mean[0] - o->reference_mean) / o->reference_sd, "");
  CHECK(m, ST_MEMORY, "prediction rows");
  snprintf(m->method, sizeof m->method, "%s %g +- %g", o->reference_name, o->reference_mean,
           o->reference_sd);
  snprintf(m->flags, sizeof m->flags, "%s", words);
done:
  return st;
}

static status add_classes(struct record *r, const struct cnn_card *card,
                          const struct member_values *v, int count, const char *flags) {
  status st = ST_OK;
  char name[64];
  double sum = 0, top = v->mean[0];
  for (int c = 1; c < card->output_count; c++) top = fmax(top, v->mean[c]);
  for (int c = 0; c < card->output_count; c++) sum += exp(v->mean[c] - top);
  for (int c = 0; c < card->output_count; c++) {
    double p = card->output_count == 1 ? sigmoid(v->mean[c]) : exp(v->mean[c] - top) / sum;
    snprintf(name, sizeof name, "probability_%.40s", card->outputs[c].name);
    TRY(add(r, name, p, "", card, count, NAN, flags));
  }
  if (count > 1) TRY(add(r, "logit", v->mean[0], "", card, count, v->sd[0], flags));
done:
  return st;
}

static status add_survival(struct record *r, const struct cnn_card *card,
                           const struct member_values *v, int count, const char *flags) {
  status st = ST_OK;
  char name[64];
  double alive = 1;
  if (!card->interval_count)
    return add(r, "log_hazard", v->mean[0], "", card, count, v->sd[0], flags);
  for (int j = 0; j < card->interval_count; j++) {
    alive *= 1 - sigmoid(v->mean[j]);
    snprintf(name, sizeof name, "risk_to_%g", card->intervals[j]);
    TRY(add(r, name, 1 - alive, "", card, count, NAN, flags));
  }
done:
  return st;
}

static void case_name(struct record *r, const struct cnn_data *d, int64_t row, const char *column) {
  int c = column ? table_find(d->table, column) : -1;
  char number[32];
  if (c < 0)
    snprintf(r->case_id, sizeof r->case_id, "row %lld", (long long)row + 1);
  else
    snprintf(r->case_id, sizeof r->case_id, "%s", table_cell(number, d->table, c, (size_t)row));
}

static double rising(const struct cnn_card *card, const struct member_values *v) {
  float raw[CNN_OUTPUTS];
  if (card->task == CNN_REGRESS) return v->mean[0];
  for (int c = 0; c < card->output_count; c++) raw[c] = (float)v->mean[c];
  return cnn_score(card, raw);
}

static status model_rows(struct record *record, const struct member_values *v,
                         const struct cnn_card *card, int count, const char *flags,
                         const struct cnn_predict_options *o) {
  if (card->task == CNN_REGRESS) return add_regression(record, card, v, count, flags, o);
  if (card->task == CNN_SURVIVAL) return add_survival(record, card, v, count, flags);
  return add_classes(record, card, v, count, flags);
}

static status case_rows(struct record *record, const struct member_values *v,
                        struct cnn_model *const *models, int count, struct cnn_data *d, int64_t row,
                        const struct cnn_predict_options *o) {
  status st = ST_OK;
  const struct cnn_card *card = &models[0]->card;
  char flags[192];
  struct cnn_sample s = {.flags = ""};
  if (models[0]->arch.kind != CNN_TABLE) TRY(cnn_data_get(&s, d, row));
  snprintf(flags, sizeof flags, "%s", s.flags);
  case_name(record, d, row, o->case_column);
  TRY(model_rows(record, v, card, count, flags, o));
done:
  cnn_sample_free(&s);
  return st;
}

status cnn_predict_image(struct record *record, struct cnn_model *m, const struct volume *image) {
  status st = ST_OK;
  struct cnn_input in = {0};
  struct member_values v;
  const struct cnn_predict_options o = {.reference_mean = NAN, .reference_sd = NAN};
  float *raw = NULL;
  int64_t count;
  char flags[192] = "", words[CNN_WORDS] = "";
  CHECK(m->card.column_count == 0, ST_DOMAIN,
        "model \"%s\" joins %d columns of a table: use qct cnn predict", m->card.name,
        m->card.column_count);
  CHECK(m->card.task != CNN_SEGMENT && m->card.task != CNN_SYNTHESIS && m->card.channel_count == 1,
        ST_DOMAIN, "model \"%s\" does not give a value of one image", m->card.name);
  TRY(cnn_input_make(&in, &image, &m->card, false, flags, sizeof flags));
  const struct cnn_batch b = {
      .n = 1, .size = {in.size[0], in.size[1], in.size[2]}, .channels = 1, .image = in.values};
  if (m->torch->forward(&raw, &count, m->net, &b, 0, words))
    TRY(cnn_torch_failed("running the network", words));
  CHECK(count == m->card.output_count, ST_DOMAIN,
        "model \"%s\" gives %lld values, its card names %d", m->card.name, (long long)count,
        m->card.output_count);
  for (int64_t i = 0; i < count; i++)
    CHECK(isfinite(raw[i]), ST_NUMERIC, "model \"%s\": output \"%s\" is not a finite number",
          m->card.name, m->card.outputs[i].name);
  average(&v, raw, &m, 1, 1, 0);
  TRY(model_rows(record, &v, &m->card, 1, flags, &o));
done:
  free(raw);
  cnn_input_free(&in);
  return st;
}

status cnn_predict(struct record *record, double *value, struct cnn_model *const *models, int count,
                   struct cnn_data *d, const struct cnn_predict_options *o) {
  status st = ST_OK;
  const struct cnn_card *card = &models[0]->card;
  int64_t n = d->n, *rows = malloc((size_t)(n + 1) * sizeof *rows);
  float *raw = malloc((size_t)(n * count * card->output_count + 1) * sizeof *raw);
  CHECK(rows && raw, ST_MEMORY, "predictions of %lld cases", (long long)n);
  CHECK(card->task != CNN_SEGMENT && card->task != CNN_SYNTHESIS, ST_DOMAIN,
        "prediction: model \"%s\" is for %s; use qct cnn segment", card->name,
        cnn_task_names[card->task]);
  CHECK(isnan(o->reference_mean) || (o->reference_sd > 0 && o->reference_name), ST_DOMAIN,
        "T-score: its reference needs a mean, an SD > 0 and a name");
  for (int64_t i = 0; i < n; i++) rows[i] = i;
  for (int k = 0; k < count; k++) {
    TRY(cnn_models_agree(models[0], models[k]));
    /* columns were scaled by the first card; each member wants its own scale */
    for (int64_t i = 0; i < n * card->column_count; i++) {
      int c = (int)(i % card->column_count);
      const struct cnn_card *from = k ? &models[k - 1]->card : card, *to = &models[k]->card;
      double x = from->column_mean[c] + from->column_sd[c] * (double)d->columns[i];
      d->columns[i] = (float)((x - to->column_mean[c]) / to->column_sd[c]);
    }
    TRY(cnn_outputs(raw + (int64_t)k * n * card->output_count, models[k], d, rows, n, o->batch,
                    o->half));
  }
  for (int64_t i = 0; i < n; i++) {
    struct member_values v;
    average(&v, raw, models, count, n, i);
    if (value) value[i] = rising(card, &v);
    TRY(case_rows(record, &v, models, count, d, i, o));
  }
done:
  free(rows);
  free(raw);
  return st;
}
