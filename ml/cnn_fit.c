#include "ml/cnn_fit.h"

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/statistics.h"
#include "ml/assessment.h"
#include "ml/folds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fit {
  struct cnn_fit_options *o;
  struct cnn_fit_result *r;
  struct record *record;
  struct cnn_data *d;
  int *role; /* [n]: 0 train, 1 validation, 2 test (with a split column) */
};

/* ---- who learns, who is kept apart ---- */

static status read_split(struct fit *f, const struct table *t) {
  status st = ST_OK;
  static const char *const words[] = {"train", "validation", "test"};
  int c = table_find(t, f->o->split);
  CHECK(c >= 0 && !t->columns[c].numeric, ST_DOMAIN,
        "the manifest has no column \"%s\" with train, validation and test", f->o->split);
  for (int64_t i = 0; i < f->r->n; i++) {
    f->role[i] = -1;
    for (int k = 0; k < 3; k++)
      if (!strcmp(t->columns[c].texts[i], words[k])) f->role[i] = k;
    CHECK(f->role[i] >= 0, ST_DOMAIN,
          "row %lld of the manifest: \"%s\" is \"%s\"; train, validation "
          "or test",
          (long long)i + 1, f->o->split, t->columns[c].texts[i]);
    f->r->fold[i] = f->role[i] == 1 ? 0 : -1;
  }
  TRY(ml_folds_check(f->role, f->d->person, f->r->n));
done:
  return st;
}

static status make_folds(struct fit *f) {
  status st = ST_OK;
  struct cnn_fit_options *o = f->o;
  const int *stratum =
      o->card.task == CNN_CLASSIFY || o->card.task == CNN_SURVIVAL ? f->d->event : NULL;
  CHECK(o->members >= 1 && o->members <= o->folds, ST_DOMAIN, "%d members of %d folds; 1 to %d",
        o->members, o->folds, o->folds);
  TRY(ml_folds(f->r->fold, f->d->person, stratum, f->r->n, o->folds, o->train.seed, 0));
done:
  return st;
}

/* Rows of one member: those it learns from, then those that judge it. */
static void rows_of(int64_t *train, int64_t *n_train, int64_t *valid, int64_t *n_valid,
                    const struct fit *f, int member) {
  *n_train = *n_valid = 0;
  for (int64_t i = 0; i < f->r->n; i++) {
    bool judges = f->r->fold[i] == member;
    bool learns = f->role ? f->role[i] == 0 : !judges;
    if (judges)
      valid[(*n_valid)++] = i;
    else if (learns)
      train[(*n_train)++] = i;
  }
}

/* ---- what the card learns from the training rows ---- */

static void learn_target(struct cnn_card *card, const struct cnn_data *d, const int64_t *rows,
                         int64_t n) {
  double sum = 0, square = 0;
  if (card->task != CNN_REGRESS) return;
  for (int64_t i = 0; i < n; i++) sum += d->target[rows[i]];
  card->target_mean = sum / (double)n;
  for (int64_t i = 0; i < n; i++) {
    double e = d->target[rows[i]] - card->target_mean;
    square += e * e;
  }
  card->target_sd = n > 1 && square > 0 ? sqrt(square / (double)(n - 1)) : 1;
}

static status training_seed_differs(struct cnn_train_options *t, const struct fit *f, int member,
                                    char checkpoint[4096]) {
  status st = ST_OK;
  t->seed = f->o->train.seed + 1000003u * (uint64_t)member;
  CHECK(snprintf(checkpoint, 4096, "%s/checkpoint_%d.h5", f->o->folder, member) < 4096, ST_IO,
        "the path of the checkpoint is too long");
  t->checkpoint = checkpoint;
done:
  return st;
}

static status write_member(const struct cnn_model *m, const struct cnn_training *t, struct fit *f,
                           int member) {
  status st = ST_OK;
  struct table *log = NULL;
  char path[4096];
  CHECK(snprintf(path, sizeof path, "%s/model_%d.h5", f->o->folder, member) < 4096, ST_IO,
        "the path of the model is too long");
  TRY(cnn_model_write(m, path, f->o->provenance, f->o->force || f->o->train.resume));
  snprintf(path, sizeof path, "%s/log_%d.csv", f->o->folder, member);
  TRY(cnn_training_table(&log, t, cnn_measure_name(&m->card, f->o->train.loss)));
  TRY(table_write(log, path, true));
done:
  table_destroy(log);
  return st;
}

static status report_member(struct fit *f, const struct cnn_model *m, const struct cnn_training *t,
                            int member, int64_t judged) {
  status st = ST_OK;
  char region[32];
  const struct cnn_epoch *e = &t->epochs[t->best];
  snprintf(region, sizeof region, "member_%d", member);
  struct measurement *row =
      record_add(f->record, region, cnn_measure_name(&m->card, f->o->train.loss), e->measure, "");
  CHECK(row, ST_MEMORY, "record of a training");
  row->n = judged;
  measurement_flag(row, "epoch %g of %d", e->epoch, t->count);
  row = record_add(f->record, region, "validation_loss", e->validation_loss, "");
  CHECK(row, ST_MEMORY, "record of a training");
done:
  return st;
}

/* Cox's likelihood does not know the level of the predictor: the mean of the training people is put
 * at 0, in the last bias, so that members can be averaged and folds pooled. */
static status centre(struct cnn_model *m, struct cnn_data *d, const int64_t *rows, int64_t n,
                     int batch) {
  status st = ST_OK;
  float *raw = malloc((size_t)(n + 1) * sizeof *raw);
  double bias, mean = 0;
  char words[CNN_WORDS] = "";
  struct cnn_tensor t;
  CHECK(raw, ST_MEMORY, "level of a Cox network");
  TRY(cnn_outputs(raw, m, d, rows, n, batch, 0));
  for (int64_t i = 0; i < n; i++) mean += (double)raw[i] / (double)n;
  for (int64_t i = 0; i < m->torch->tensors(m->net, 0); i++) {
    if (m->torch->tensor(&t, m->net, i, words)) TRY(cnn_torch_failed("weights", words));
    if (!t.last || t.role != CNN_BIAS) continue;
    if (m->torch->get(&bias, m->net, i, words)) TRY(cnn_torch_failed("weights", words));
    bias -= mean;
    if (m->torch->set(m->net, i, &bias, words)) TRY(cnn_torch_failed("weights", words));
  }
done:
  free(raw);
  return st;
}

static status train_member(struct fit *f, int member, int64_t *train, int64_t *valid) {
  status st = ST_OK;
  struct cnn_model *m = NULL;
  struct cnn_training t = {0};
  struct cnn_card card = f->o->card;
  struct cnn_train_options options = f->o->train;
  float *raw = NULL;
  int64_t n_train, n_valid;
  char checkpoint[4096], stage[32];
  rows_of(train, &n_train, valid, &n_valid, f, member);
  CHECK(n_train > 0, ST_DOMAIN, "training: no case to learn from in fold %d", member + 1);
  learn_target(&card, f->d, train, n_train);
  card.people = n_train;
  f->d->card = card;
  TRY(training_seed_differs(&options, f, member, checkpoint));
  snprintf(stage, sizeof stage, "network %d", member + 1);
  options.stage = stage;
  TRY(cnn_model_create(&m, &f->o->arch, &card, f->o->device, f->o->threads, options.seed));
  if (member == 0) log_info("device: %s; %lld weights", m->device.words, (long long)m->parameters);
  snprintf(f->r->device, sizeof f->r->device, "%s", m->device.words);
  TRY(cnn_train(&t, m, f->d, train, n_train, valid, n_valid, &options));
  f->r->finished &= t.finished;
  if (options.loss == CNN_LOSS_COX) TRY(centre(m, f->d, train, n_train, options.batch));
  TRY(write_member(m, &t, f, member));
  TRY(report_member(f, m, &t, member, n_valid));
  if (card.task == CNN_SEGMENT) goto done;
  raw = malloc((size_t)(n_valid * card.output_count + 1) * sizeof *raw);
  CHECK(raw, ST_MEMORY, "predictions of fold %d", member + 1);
  TRY(cnn_outputs(raw, m, f->d, valid, n_valid, options.batch, options.half));
  for (int64_t i = 0; i < n_valid; i++)
    for (int c = 0; c < card.output_count; c++) {
      float *to = &f->r->raw[valid[i] * card.output_count + c];
      *to = raw[i * card.output_count + c];
      /* regression: in the unit of the target, since each member has its own scale */
      if (card.task == CNN_REGRESS) *to = (float)(card.target_mean + card.target_sd * (double)*to);
    }
done:
  if (st != ST_OK) status_note("network %d", member + 1);
  free(raw);
  cnn_training_free(&t);
  cnn_model_destroy(m);
  return st;
}

/* ---- what they are worth ---- */

static struct measurement *agreement_row(struct record *r, const char *region, const char *name,
                                         double value, const char *unit, int64_t n,
                                         const char *source) {
  struct measurement *m =
      isnan(value)
          ? record_withhold(r, region, name, unit, "all predictions are equal, or all true values")
          : record_add(r, region, name, value, unit);
  if (!m) return NULL;
  m->n = n;
  measurement_source(m, source);
  return m;
}

status cnn_agreement(struct record *record, const char *region, const char *unit,
                     const double *predicted, const double *truth, int64_t n) {
  status st = ST_OK;
  double *x = malloc((size_t)(n + 1) * sizeof *x), *y = malloc((size_t)(n + 1) * sizeof *y);
  double *e = malloc((size_t)(n + 1) * sizeof *e), square = 0;
  int64_t m = 0;
  struct line_fit line = {.slope = NAN, .intercept = NAN, .r = NAN};
  CHECK(x && y && e, ST_MEMORY, "agreement of %lld predictions", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    if (isnan(predicted[i]) || isnan(truth[i])) continue;
    x[m] = predicted[i], y[m] = truth[i], e[m] = x[m] - y[m];
    square += e[m] * e[m];
    m++;
  }
  CHECK(m >= 3, ST_DOMAIN, "agreement of predictions: %lld pairs, at least 3 are needed",
        (long long)m);
  if (stat_line_fit(&line, x, y, NULL, (int)m) != ST_OK) status_clear(); /* no spread: stays NaN */
  double bias = stat_mean(e, m), sd = stat_sd(e, m, 1), sx = stat_sd(x, m, 0),
         sy = stat_sd(y, m, 0);
  double gap = stat_mean(x, m) - stat_mean(y, m);
  bool spread = sx > 0 && sy > 0;
  double r = spread ? line.r : (double)NAN, together = spread ? r * sx * sy : 0;
  double ccc = 2 * together / (sx * sx + sy * sy + gap * gap); /* NaN: all of one value */
  const double z = 1.959963984540054;
  bool ok = agreement_row(record, region, "r", r, "", m, "") &&
            agreement_row(record, region, "ccc", ccc, "", m, "lin1989") &&
            agreement_row(record, region, "bias", bias, unit, m, "bland1986") &&
            agreement_row(record, region, "limits_low", bias - z * sd, unit, m, "bland1986") &&
            agreement_row(record, region, "limits_high", bias + z * sd, unit, m, "bland1986") &&
            agreement_row(record, region, "rmse", sqrt(square / (double)m), unit, m, "") &&
            agreement_row(record, region, "calibration_slope", line.slope, "", m, "") &&
            agreement_row(record, region, "calibration_intercept", line.intercept, unit, m, "");
  CHECK(ok, ST_MEMORY, "agreement rows");
done:
  free(x);
  free(y);
  free(e);
  return st;
}

static status assess(struct fit *f, const char *unit) {
  status st = ST_OK;
  const struct cnn_card *card = &f->o->card;
  int64_t n = f->r->n, m = 0;
  double *score = malloc((size_t)(n + 1) * sizeof *score);
  double *target = malloc((size_t)(n + 1) * sizeof *target);
  int *event = malloc((size_t)(n + 1) * sizeof *event);
  int64_t *person = malloc((size_t)(n + 1) * sizeof *person);
  CHECK(score && target && event && person, ST_MEMORY, "assessing predictions");
  for (int64_t i = 0; i < n; i++) {
    const float *raw = f->r->raw + i * card->output_count;
    if (isnan(raw[0])) continue;
    score[m] = card->task == CNN_REGRESS ? (double)raw[0] : cnn_score(card, raw);
    target[m] = card->task == CNN_SURVIVAL ? f->d->time[i] : f->d->target[i];
    event[m] = f->d->event ? f->d->event[i] : 0;
    person[m++] = f->d->person[i];
  }
  if (card->task == CNN_REGRESS) {
    if (m >= 3) TRY(cnn_agreement(f->record, "out_of_fold", unit, score, target, m));
  } else if (card->task == CNN_SURVIVAL || card->output_count <= 2) {
    struct ml_predictions p = {.task = card->task == CNN_SURVIVAL ? ML_SURVIVAL : ML_BINARY,
                               .n = m,
                               .repeats = 1,
                               .score = score,
                               .outcome = event,
                               .target = card->task == CNN_SURVIVAL ? target : NULL,
                               .group = person};
    struct ml_assessment_options a = {.seed = f->o->train.seed, .method = "out-of-fold"};
    TRY(ml_assess(f->record, "out_of_fold", &p, &a));
  }
done:
  free(score);
  free(target);
  free(event);
  free(person);
  return st;
}

/* ---- the whole ---- */

static status start(struct fit *f, const struct table *manifest) {
  status st = ST_OK;
  struct cnn_fit_options *o = f->o;
  TRY(cnn_data_open(&f->d, manifest, &o->card, true, &o->data));
  f->r->n = f->d->n;
  f->r->outputs = o->card.output_count;
  o->arch.channels = o->card.channel_count;
  o->arch.outputs = o->card.output_count;
  o->arch.columns = o->card.column_count;
  o->arch.dims = o->card.dims;
  size_t n = (size_t)f->r->n, count = n * (size_t)o->card.output_count;
  f->r->raw = malloc((count + 1) * sizeof *f->r->raw);
  f->r->fold = malloc((n + 1) * sizeof *f->r->fold);
  CHECK(f->r->raw && f->r->fold, ST_MEMORY, "predictions of %zu cases", n);
  for (size_t i = 0; i < count; i++) f->r->raw[i] = NAN;
  if (!o->split) {
    TRY(make_folds(f));
    goto done;
  }
  f->role = malloc((n + 1) * sizeof *f->role);
  CHECK(f->role, ST_MEMORY, "split of %zu cases", n);
  TRY(read_split(f, manifest));
  o->members = 1;
done:
  return st;
}

status cnn_fit_run(struct cnn_fit_result *out, struct record *record, const struct table *manifest,
                   struct cnn_fit_options *o) {
  status st = ST_OK;
  struct cnn_fit_result r = {.finished = 1};
  struct fit f = {.o = o, .r = &r, .record = record};
  int64_t *rows = NULL;
  double began = clock_seconds();
  TRY(start(&f, manifest));
  TRY(file_make_directory(o->folder));
  rows = malloc((size_t)(2 * r.n + 2) * sizeof *rows);
  CHECK(rows, ST_MEMORY, "rows of %lld cases", (long long)r.n);
  for (int k = 0; k < o->members; k++) TRY(train_member(&f, k, rows, rows + r.n + 1));
  if (o->card.task != CNN_SEGMENT) TRY(assess(&f, o->card.outputs[0].unit));
  r.seconds = clock_seconds() - began;
  *out = r;
  r.raw = NULL;
  r.fold = NULL;
done:
  free(rows);
  free(f.role);
  cnn_data_close(f.d);
  cnn_fit_free(&r);
  return st;
}

void cnn_fit_free(struct cnn_fit_result *r) {
  free(r->raw);
  free(r->fold);
  r->raw = NULL;
  r->fold = NULL;
}
