#include "ml/cnn_train.h"

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/statistics.h"
#include "ml/cnn_batch.h"
#include "ml/nested.h"
#include "ml/survival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

struct trainer {
  struct cnn_model *m;
  struct cnn_data *d;
  const int64_t *train, *valid;
  int64_t train_count, valid_count;
  const struct cnn_train_options *o;
  struct batch_buffers buffers;
  float class_weight[CNN_OUTPUTS + 1];
  int weighted;
  double **best; /* copy of the best weights, one array a tensor */
  int64_t tensors, steps;
  double best_value;
  struct cnn_training *t;
};

/* ---- measures ---- */

const char *cnn_measure_name(const struct cnn_card *card, int loss) {
  if (loss == CNN_LOSS_DICE) return "dice";
  if (card->task == CNN_SURVIVAL) return "c";
  if (card->task == CNN_REGRESS) return "r";
  return loss == CNN_LOSS_LOGISTIC ? "auc" : "accuracy";
}

double cnn_score(const struct cnn_card *card, const float *raw) {
  if (card->interval_count) { /* risk by the last interval */
    double alive = 1;
    for (int j = 0; j < card->interval_count; j++) alive *= 1 / (1 + exp((double)raw[j]));
    return 1 - alive;
  }
  if (card->task == CNN_REGRESS)
    return card->calibration_a * (card->target_mean + card->target_sd * (double)raw[0]) +
           card->calibration_b;
  if (card->task == CNN_CLASSIFY && card->output_count == 2) return (double)(raw[1] - raw[0]);
  return (double)raw[0];
}

static int arg_max(const float *x, int n) {
  int best = 0;
  for (int i = 1; i < n; i++)
    if (x[i] > x[best]) best = i;
  return best;
}

status cnn_outputs(float *out, struct cnn_model *m, struct cnn_data *d, const int64_t *rows,
                   int64_t n, int batch, int half) {
  status st = ST_OK;
  struct batch_buffers buffers = {0};
  struct cnn_train_options o = CNN_TRAIN_DEFAULTS;
  float *raw = NULL;
  char words[CNN_WORDS] = "";
  o.loss = CNN_LOSS_SQUARED;
  int64_t outputs = m->card.output_count;
  double *target = d->target;
  d->target = NULL; /* outcomes are not needed and may not fit the loss above */
  for (int64_t i = 0; i < n; i += batch) {
    struct cnn_batch b;
    int64_t count, k = n - i < batch ? n - i : batch;
    TRY(batch_fill(&b, &buffers, m, d, rows + i, k, &o, -1));
    if (m->torch->forward(&raw, &count, m->net, &b, half, words))
      TRY(cnn_torch_failed("running the network", words));
    CHECK(count == k * outputs, ST_DOMAIN,
          "running the network: %lld values come out for %lld images, the card names %lld outputs",
          (long long)count, (long long)k, (long long)outputs);
    for (int64_t v = 0; v < count; v++)
      CHECK(isfinite(raw[v]), ST_NUMERIC,
            "running the network: output \"%s\" of row %lld is not a finite number",
            m->card.outputs[v % outputs].name, (long long)rows[i + v / outputs] + 1);
    memcpy(out + i * outputs, raw, (size_t)count * sizeof *raw);
    free(raw);
    raw = NULL;
  }
done:
  d->target = target;
  free(raw);
  batch_buffers_free(&buffers);
  return st;
}

static double measure_rows(const struct trainer *r, const float *raw) {
  const struct cnn_card *card = &r->m->card;
  int64_t n = r->valid_count;
  double value = NAN, right = 0;
  double *score = malloc((size_t)(n + 1) * sizeof *score);
  double *target = malloc((size_t)(n + 1) * sizeof *target);
  int *event = malloc((size_t)(n + 1) * sizeof *event);
  for (int64_t i = 0; score && target && event && i < n; i++) {
    int64_t row = r->valid[i];
    const float *y = raw + i * card->output_count;
    score[i] = cnn_score(card, y);
    target[i] = card->task == CNN_SURVIVAL ? r->d->time[row] : r->d->target[row];
    event[i] = r->d->event ? r->d->event[row] : 0;
    right += arg_max(y, card->output_count) == event[i];
  }
  if (score && target && event) {
    struct line_fit fit;
    struct ml_concordance c;
    if (card->task == CNN_REGRESS) {
      if (stat_line_fit(&fit, target, score, NULL, (int)n) == ST_OK) value = fit.r;
    } else if (card->task == CNN_SURVIVAL) {
      if (ml_harrell(&c, score, target, event, n) == ST_OK) value = c.c;
    } else if (r->o->loss == CNN_LOSS_LOGISTIC) {
      value = ml_criterion(ML_BINARY, score, event, NULL, n);
    } else {
      value = right / (double)n;
    }
    status_clear();
  }
  free(score);
  free(target);
  free(event);
  return value;
}

/* ---- batches of an epoch ---- */

static struct cnn_step step_of(const struct trainer *r, double rate) {
  return (struct cnn_step){.loss = r->o->loss,
                           .huber = r->o->huber,
                           .class_weight = r->weighted ? r->class_weight : NULL,
                           .share = 1.0 / r->o->accumulate,
                           .sgd = r->o->sgd,
                           .rate = rate,
                           .decay = r->o->decay,
                           .clip = r->o->clip,
                           .half = r->o->half};
}

/* Fisher-Yates of the rows, each as often as it has patches. */
static status shuffled(int64_t **out, int64_t *count, const struct trainer *r, int epoch) {
  status st = ST_OK;
  int64_t copies = r->o->loss == CNN_LOSS_DICE && r->o->patches > 1 ? r->o->patches : 1;
  int64_t n = r->train_count * copies;
  int64_t *order = malloc((size_t)(n + 1) * sizeof *order);
  CHECK(order, ST_MEMORY, "order of an epoch");
  for (int64_t i = 0; i < n; i++) order[i] = r->train[i % r->train_count];
  for (int64_t i = n - 1; i > 0; i--) {
    int64_t j =
        (int64_t)random_below(r->o->seed, 9000 + (uint64_t)epoch, (uint64_t)i, (uint64_t)i + 1);
    int64_t kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  *out = order;
  *count = n;
done:
  return st;
}

static double rate_of(const struct cnn_train_options *o, int epoch) {
  if (o->steady) return o->rate;
  return o->rate * 0.5 * (1 + cos(pi * epoch / o->epochs));
}

static status run_epoch(double *loss, struct trainer *r, int epoch) {
  status st = ST_OK;
  int64_t *order = NULL, n = 0, done = 0, in_step = 0;
  double sum = 0, value;
  char words[CNN_WORDS] = "", stage[64], detail[64];
  struct progress p;
  struct cnn_step s = step_of(r, rate_of(r->o, epoch));
  snprintf(stage, sizeof stage, "%s epoch %d", r->o->stage ? r->o->stage : "training", epoch + 1);
  TRY(shuffled(&order, &n, r, epoch));
  progress_begin(&p, stage, "cases", n);
  while (done < n) {
    struct cnn_batch b;
    int64_t k = n - done < r->o->batch ? n - done : r->o->batch;
    if (n - done - k == 1) k++; /* no batch of one: batch statistics need two */
    TRY(batch_fill(&b, &r->buffers, r->m, r->d, order + done, k, r->o, epoch));
    s.apply = ++in_step == r->o->accumulate || done + k == n;
    s.seed = r->o->seed * 0x9E3779B9u + (uint64_t)r->steps++;
    if (r->m->torch->step(&value, r->m->net, &b, &s, words))
      TRY(cnn_torch_failed("a training step", words));
    CHECK(isfinite(value), ST_NUMERIC,
          "training: the loss is not a number in epoch %d; lower the learning rate (%g) or give "
          "--clip",
          epoch + 1, s.rate);
    if (s.apply) in_step = 0;
    sum += value * (double)k;
    done += k;
    snprintf(detail, sizeof detail, "loss %.4g", sum / (double)done);
    progress_update(&p, done, detail);
  }
  progress_end(&p);
  *loss = sum / (double)n;
done:
  free(order);
  return st;
}

/* Dice of the classes but 0 over all validation patches, from the outputs. */
static status dense_measure(double *measure, double inter[CNN_OUTPUTS], double total[CNN_OUTPUTS],
                            struct trainer *r, const struct cnn_batch *b) {
  status st = ST_OK;
  float *raw = NULL;
  char words[CNN_WORDS] = "";
  int64_t count, voxels = b->size[0] * b->size[1] * b->size[2];
  int classes = r->m->card.output_count;
  if (r->m->torch->forward(&raw, &count, r->m->net, b, r->o->half, words))
    TRY(cnn_torch_failed("running the network", words));
  for (int64_t i = 0; i < b->n * voxels; i++) {
    const float *at = raw + i / voxels * voxels * classes + i % voxels;
    int top = 0;
    for (int c = 1; c < classes; c++)
      if (at[c * voxels] > at[top * voxels]) top = c;
    total[top]++;
    total[b->klass[i]]++;
    if (top == b->klass[i]) inter[top]++;
  }
  *measure = 0;
  for (int c = 1; c < classes; c++)
    *measure += (total[c] > 0 ? 2 * inter[c] / total[c] : 1) / (classes - 1);
done:
  free(raw);
  return st;
}

static status validate(double *loss, double *measure, struct trainer *r) {
  status st = ST_OK;
  double sum = 0, value, inter[CNN_OUTPUTS] = {0}, total[CNN_OUTPUTS] = {0};
  float *raw = NULL;
  char words[CNN_WORDS] = "";
  struct cnn_step s = step_of(r, 0);
  bool dense = r->o->loss == CNN_LOSS_DICE;
  /* Cox's likelihood compares people: all in one batch when there are few enough */
  int64_t batch = r->o->loss == CNN_LOSS_COX && r->valid_count <= 256 ? 256 : r->o->batch;
  *loss = *measure = NAN;
  if (!r->valid_count) return ST_OK;
  for (int64_t i = 0; i < r->valid_count; i += batch) {
    struct cnn_batch b;
    int64_t k = r->valid_count - i < batch ? r->valid_count - i : batch;
    TRY(batch_fill(&b, &r->buffers, r->m, r->d, r->valid + i, k, r->o, -1));
    if (r->m->torch->loss(&value, r->m->net, &b, &s, words))
      TRY(cnn_torch_failed("the validation loss", words));
    sum += value * (double)k;
    if (dense) TRY(dense_measure(measure, inter, total, r, &b));
  }
  *loss = sum / (double)r->valid_count;
  if (dense) goto done;
  raw = malloc((size_t)(r->valid_count * r->m->card.output_count + 1) * sizeof *raw);
  CHECK(raw, ST_MEMORY, "validation outputs");
  TRY(cnn_outputs(raw, r->m, r->d, r->valid, r->valid_count, r->o->batch, r->o->half));
  *measure = measure_rows(r, raw);
done:
  free(raw);
  return st;
}

/* ---- the best weights ---- */

static status keep_best(struct trainer *r) {
  status st = ST_OK;
  char words[CNN_WORDS] = "";
  struct cnn_tensor t;
  if (!r->best) {
    r->tensors = r->m->torch->tensors(r->m->net, 0);
    r->best = calloc((size_t)r->tensors, sizeof *r->best);
    CHECK(r->best, ST_MEMORY, "keeping the best weights");
  }
  for (int64_t i = 0; i < r->tensors; i++) {
    if (r->m->torch->tensor(&t, r->m->net, i, words)) TRY(cnn_torch_failed("weights", words));
    if (!r->best[i]) r->best[i] = malloc((size_t)(t.count + 1) * sizeof **r->best);
    CHECK(r->best[i], ST_MEMORY, "keeping the best weights");
    if (r->m->torch->get(r->best[i], r->m->net, i, words)) TRY(cnn_torch_failed("weights", words));
  }
done:
  return st;
}

/* Exchange the network's weights with the kept ones. */
static status swap_best(struct trainer *r) {
  status st = ST_OK;
  double *now = NULL;
  char words[CNN_WORDS] = "";
  struct cnn_tensor t;
  for (int64_t i = 0; r->best && i < r->tensors; i++) {
    if (r->m->torch->tensor(&t, r->m->net, i, words)) TRY(cnn_torch_failed("weights", words));
    now = malloc((size_t)(t.count + 1) * sizeof *now);
    CHECK(now, ST_MEMORY, "weights");
    if (r->m->torch->get(now, r->m->net, i, words) ||
        r->m->torch->set(r->m->net, i, r->best[i], words))
      TRY(cnn_torch_failed("weights", words));
    free(r->best[i]);
    r->best[i] = now;
    now = NULL;
  }
done:
  free(now);
  return st;
}

/* ---- checkpoint ---- */

static status write_checkpoint(struct trainer *r) {
  status st = ST_OK;
  struct store *s = NULL;
  const struct cnn_training *t = r->t;
  const int64_t dims[2] = {t->count, 6};
  TRY(store_create(&s, r->o->checkpoint, true));
  TRY(store_set_text(s, "", "key", r->o->key));
  TRY(store_set_number(s, "", "steps", (double)r->steps));
  TRY(store_set_number(s, "", "best", t->best));
  TRY(store_set_number(s, "", "best_value", r->best_value));
  TRY(store_write(s, "epochs", STORE_F64, 2, dims, t->epochs));
  TRY(cnn_model_store_weights(r->m, s, "now", 1));
  TRY(store_set_number(s, "now", "steps", (double)r->m->torch->steps(r->m->net)));
  TRY(swap_best(r));
  st = cnn_model_store_weights(r->m, s, "best", 0);
  TRY(swap_best(r));
  if (st == ST_OK) TRY(store_commit(s));
done:
  store_close(s);
  if (st != ST_OK) status_note("writing the checkpoint");
  return st;
}

static status read_checkpoint(struct trainer *r) {
  status st = ST_OK;
  struct store *s = NULL;
  char key[65] = "", words[CNN_WORDS] = "";
  double steps, best;
  int rank;
  enum store_type type;
  int64_t dims[8];
  struct cnn_training *t = r->t;
  TRY(store_open(&s, r->o->checkpoint));
  TRY(store_get_text(s, "", "key", key, sizeof key));
  CHECK(!strcmp(key, r->o->key), ST_DOMAIN,
        "going on with a training: the checkpoint was made with other data or options; leave out "
        "--resume to start anew");
  TRY(store_get_number(s, "", "steps", &steps));
  TRY(store_get_number(s, "", "best", &best));
  TRY(store_get_number(s, "", "best_value", &r->best_value));
  TRY(store_shape(s, "epochs", &type, &rank, dims));
  CHECK(rank == 2 && dims[1] == 6 && dims[0] >= 1 && dims[0] <= r->o->epochs, ST_FORMAT,
        "the checkpoint holds %lld epochs; 1 to %d", (long long)dims[0], r->o->epochs);
  t->count = (int)dims[0];
  t->best = (int)best;
  r->steps = (int64_t)steps;
  TRY(store_read(s, "epochs", STORE_F64, t->epochs, dims[0] * 6));
  TRY(cnn_model_load_weights(r->m, s, "best", 0));
  TRY(keep_best(r));
  /* a step of the optimiser follows `accumulate` batches; the count that matters is its own */
  double optimiser_steps = 0;
  TRY(store_get_number(s, "now", "steps", &optimiser_steps));
  if (r->m->torch->optimise(r->m->net, r->o->sgd, (int64_t)optimiser_steps, words))
    TRY(cnn_torch_failed("the optimiser", words));
  TRY(cnn_model_load_weights(r->m, s, "now", 1));
  log_info("going on after epoch %d", t->count);
done:
  store_close(s);
  return st;
}

/* ---- the run ---- */

static status weigh_classes(struct trainer *r) {
  status st = ST_OK;
  int64_t count[CNN_OUTPUTS + 1] = {0};
  if (r->o->loss != CNN_LOSS_LOGISTIC && r->o->loss != CNN_LOSS_CLASSES) return ST_OK;
  if (r->m->card.task != CNN_CLASSIFY) return ST_OK;
  int classes = r->o->loss == CNN_LOSS_LOGISTIC ? 2 : r->m->card.output_count;
  for (int64_t i = 0; i < r->train_count; i++) count[r->d->event[r->train[i]]]++;
  for (int c = 0; c < classes; c++) {
    CHECK(count[c] > 0, ST_DOMAIN, "training: no case of class %d among the %lld to learn from", c,
          (long long)r->train_count);
    r->class_weight[c] = (float)((double)r->train_count / (double)(classes * count[c]));
  }
  r->weighted = r->o->balanced;
done:
  return st;
}

static status start(struct trainer *r) {
  status st = ST_OK;
  char words[CNN_WORDS] = "";
  int64_t events = 0;
  const struct cnn_train_options *o = r->o;
  CHECK(r->train_count >= 2, ST_DOMAIN, "training: %lld cases to learn from, at least 2 are needed",
        (long long)r->train_count);
  if (r->m->card.task == CNN_SURVIVAL)
    for (int64_t i = 0; i < r->train_count; i++) events += r->d->event[r->train[i]] == 1;
  CHECK(r->m->card.task != CNN_SURVIVAL || events > 0, ST_DOMAIN,
        "training: no event among the cases to learn from");
  TRY(weigh_classes(r));
  r->t->epochs = calloc((size_t)o->epochs + 1, sizeof *r->t->epochs);
  CHECK(r->t->epochs, ST_MEMORY, "log of a training");
  r->best_value = INFINITY;
  if (o->resume && o->checkpoint && file_exists(o->checkpoint)) {
    TRY(read_checkpoint(r));
  } else {
    if (r->m->torch->optimise(r->m->net, o->sgd, 0, words))
      TRY(cnn_torch_failed("the optimiser", words));
  }
done:
  return st;
}

static status one_epoch(struct trainer *r) {
  status st = ST_OK;
  struct cnn_training *t = r->t;
  struct cnn_epoch *e = &t->epochs[t->count];
  double began = clock_seconds();
  TRY(run_epoch(&e->train_loss, r, t->count));
  TRY(validate(&e->validation_loss, &e->measure, r));
  e->epoch = t->count + 1;
  e->rate = rate_of(r->o, t->count);
  e->seconds = clock_seconds() - began;
  double value = !r->valid_count                   ? -e->epoch
                 : r->m->card.task == CNN_SURVIVAL ? 1 - e->measure
                                                   : e->validation_loss;
  if (isnan(value)) value = e->validation_loss;
  if (value < r->best_value || !r->best) {
    r->best_value = value;
    t->best = t->count;
    TRY(keep_best(r));
  }
  t->count++;
  log_info("epoch %d: loss %.4g, validation %.4g, %s %.4g, %.1f s%s", t->count, e->train_loss,
           e->validation_loss, cnn_measure_name(&r->m->card, r->o->loss), e->measure, e->seconds,
           t->best == t->count - 1 ? " (best)" : "");
  if (r->o->checkpoint) TRY(write_checkpoint(r));
done:
  return st;
}

static bool has_ended(const struct trainer *r) {
  const struct cnn_training *t = r->t;
  return t->count >= r->o->epochs ||
         (r->o->patience > 0 && r->valid_count && t->count - 1 - t->best >= r->o->patience);
}

status cnn_train(struct cnn_training *out, struct cnn_model *m, struct cnn_data *d,
                 const int64_t *train, int64_t train_count, const int64_t *valid,
                 int64_t valid_count, const struct cnn_train_options *o) {
  status st = ST_OK;
  struct cnn_training t = {0};
  struct trainer r = {.m = m,
                      .d = d,
                      .train = train,
                      .train_count = train_count,
                      .valid = valid,
                      .valid_count = valid_count,
                      .o = o,
                      .t = &t};
  TRY(start(&r));
  while (!has_ended(&r) && !(o->pause && t.count >= o->pause)) TRY(one_epoch(&r));
  t.finished = has_ended(&r);
  TRY(swap_best(&r));
  *out = t;
  t.epochs = NULL;
done:
  for (int64_t i = 0; r.best && i < r.tensors; i++) free(r.best[i]);
  free(r.best);
  batch_buffers_free(&r.buffers);
  cnn_training_free(&t);
  return st;
}

void cnn_training_free(struct cnn_training *t) {
  free(t->epochs);
  t->epochs = NULL;
}

status cnn_training_table(struct table **out, const struct cnn_training *t, const char *measure) {
  status st = ST_OK;
  struct table *table = NULL;
  const char *const names[] = {"epoch", "train_loss", "validation_loss",
                               measure, "rate",       "seconds"};
  TRY(table_create(&table, (size_t)t->count));
  for (int c = 0; c < 6; c++) {
    TRY(table_add_column(table, names[c], c == 5 ? "s" : "", true));
    for (int i = 0; i < t->count; i++)
      table->columns[c].numbers[i] = ((const double *)&t->epochs[i])[c];
  }
  *out = table;
  table = NULL;
done:
  table_destroy(table);
  return st;
}
