/* Learners that are small networks on the feature table: one hidden layer, trained by libtorch on
 * the whole training set at once, applied in plain C. So they enter the same folds as the support
 * vector machine, and a fitted model needs no libtorch.
 *
 * One thread a fit, so results do not depend on the number of threads.
 */
#include "core/json.h"
#include "ml/cnn_torch.h"
#include "ml/cnn_train.h"
#include "ml/learner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* hidden features and weight decay, simplest first */
static const struct {
  int hidden;
  double decay;
} grid_points[] = {{0, 1.0}, {0, 0.01}, {8, 1.0}, {8, 0.1}, {32, 1.0}, {32, 0.1}};
enum { POINTS = sizeof grid_points / sizeof *grid_points, STEPS = 150, INTERVALS = 5 };
static const double rate = 0.02;

enum deep_kind { DEEP_LOGISTIC, DEEP_COX, DEEP_TIME };

struct deep_model {
  int p, hidden, outputs;
  double *w1, *b1; /* [hidden][p], [hidden]; unused without hidden layer */
  double *w2, *b2; /* [outputs][hidden or p], [outputs] */
};

static void describe(const struct ml_learner *self, int point, char out[96]) {
  (void)self;
  snprintf(out, 96, "hidden=%d decay=%g", grid_points[point].hidden, grid_points[point].decay);
}

static void destroy(void *model) {
  struct deep_model *m = model;
  if (!m) return;
  free(m->w1);
  free(m->b1);
  free(m->w2);
  free(m->b2);
  free(m);
}

static int last_width(const struct deep_model *m) {
  return m->hidden ? m->hidden : m->p;
}

static status model_alloc(struct deep_model **out, int p, int hidden, int outputs) {
  status st = ST_OK;
  struct deep_model *m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "network on a table");
  m->p = p, m->hidden = hidden, m->outputs = outputs;
  m->w1 = calloc((size_t)(hidden * p) + 1, sizeof *m->w1);
  m->b1 = calloc((size_t)hidden + 1, sizeof *m->b1);
  m->w2 = calloc((size_t)(outputs * last_width(m)) + 1, sizeof *m->w2);
  m->b2 = calloc((size_t)outputs + 1, sizeof *m->b2);
  CHECK(m->w1 && m->b1 && m->w2 && m->b2, ST_MEMORY, "network of %d features", p);
  *out = m;
  m = NULL;
done:
  destroy(m);
  return st;
}

/* ---- applying it ---- */

static double output_of(const struct deep_model *m, const double *v, int o) {
  double y = m->b2[o];
  for (int j = 0; j < last_width(m); j++) y += m->w2[o * last_width(m) + j] * v[j];
  return y;
}

static double score_row(const struct deep_model *m, const double *x) {
  double h[64], alive = 1;
  for (int i = 0; i < m->hidden; i++) {
    h[i] = m->b1[i];
    for (int j = 0; j < m->p; j++) h[i] += m->w1[i * m->p + j] * x[j];
    if (h[i] < 0) h[i] = 0;
  }
  const double *v = m->hidden ? h : x;
  if (m->outputs == 1) return output_of(m, v, 0);
  /* discrete time: log-odds of an event by the end of the last interval */
  for (int o = 0; o < m->outputs; o++) alive *= 1 / (1 + exp(output_of(m, v, o)));
  alive = fmin(fmax(alive, 1e-12), 1 - 1e-12);
  return log((1 - alive) / alive);
}

static void score(const void *model, const double *x, int64_t n, int p, double *scores) {
  for (int64_t i = 0; i < n; i++) scores[i] = score_row(model, x + i * p);
}

/* ---- training it ---- */

struct training {
  struct cnn_batch batch;
  struct cnn_step step;
  float *x, *target, *weight;
  float class_weight[2];
  int outputs;
};

static void training_free(struct training *t) {
  free(t->x);
  free(t->target);
  free(t->weight);
}

static int rising(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Interval ends at quantiles of the times of events, so that each holds as many. */
static status intervals_of(struct cnn_card *card, const struct ml_set *set) {
  status st = ST_OK;
  int64_t events = 0;
  double *time = malloc((size_t)(set->n + 1) * sizeof *time);
  CHECK(time, ST_MEMORY, "intervals of follow-up");
  for (int64_t i = 0; i < set->n; i++)
    if (set->outcome[i] == 1) time[events++] = set->target[i];
  CHECK(events > 0, ST_DOMAIN, "discrete-time network: no event to learn from");
  qsort(time, (size_t)events, sizeof *time, rising);
  card->interval_count = 0;
  for (int j = 1; j <= INTERVALS; j++) {
    double end = time[(events * j - 1) / INTERVALS];
    if (!card->interval_count || end > card->intervals[card->interval_count - 1])
      card->intervals[card->interval_count++] = end;
  }
done:
  free(time);
  return st;
}

static status discrete_targets(struct training *t, const struct ml_set *set) {
  status st = ST_OK;
  struct cnn_card card;
  cnn_card_init(&card);
  TRY(intervals_of(&card, set));
  t->outputs = card.interval_count;
  size_t n = (size_t)(set->n * t->outputs) + 1;
  t->target = malloc(n * sizeof *t->target);
  t->weight = malloc(n * sizeof *t->weight);
  CHECK(t->target && t->weight, ST_MEMORY, "discrete-time targets");
  for (int64_t i = 0; i < set->n; i++)
    cnn_discrete_target(t->target + i * t->outputs, t->weight + i * t->outputs, &card,
                        set->target[i], set->outcome[i]);
  t->step.loss = CNN_LOSS_LOGISTIC;
done:
  return st;
}

static status class_targets(struct training *t, const struct ml_set *set, int balanced) {
  status st = ST_OK;
  int64_t events = 0;
  t->target = malloc((size_t)(set->n + 1) * sizeof *t->target);
  CHECK(t->target, ST_MEMORY, "targets");
  for (int64_t i = 0; i < set->n; i++) {
    t->target[i] = set->outcome[i] == 1;
    events += set->outcome[i] == 1;
  }
  CHECK(events > 0 && events < set->n, ST_DOMAIN, "network on a table: one class only");
  t->class_weight[0] = (float)((double)set->n / (2 * (double)(set->n - events)));
  t->class_weight[1] = (float)((double)set->n / (2 * (double)events));
  if (balanced) t->step.class_weight = t->class_weight;
  t->step.loss = CNN_LOSS_LOGISTIC;
done:
  return st;
}

static status training_make(struct training *t, const struct ml_learner *self,
                            const struct ml_set *set) {
  status st = ST_OK;
  const enum deep_kind kind = *(const enum deep_kind *)self->config;
  t->outputs = 1;
  t->x = malloc((size_t)(set->n * set->p + 1) * sizeof *t->x);
  CHECK(t->x, ST_MEMORY, "network on a table");
  for (int64_t i = 0; i < set->n * set->p; i++) t->x[i] = (float)set->x[i];
  t->step =
      (struct cnn_step){.share = 1, .apply = 1, .rate = rate, .loss = CNN_LOSS_COX, .clip = 10};
  if (kind == DEEP_LOGISTIC) TRY(class_targets(t, set, self->balanced));
  if (kind == DEEP_TIME) TRY(discrete_targets(t, set));
  t->batch = (struct cnn_batch){.n = set->n,
                                .column_count = set->p,
                                .columns = t->x,
                                .target = t->target,
                                .weight = t->weight,
                                .time = set->target,
                                .event = set->outcome};
done:
  return st;
}

/* Weights out of the network by name. */
static status take(double *to, const struct cnn_torch *torch, struct cnn_net *net,
                   const char *name) {
  status st = ST_OK;
  char words[CNN_WORDS] = "";
  for (int64_t i = 0; i < torch->tensors(net, 0); i++) {
    struct cnn_tensor t;
    if (torch->tensor(&t, net, i, words)) TRY(cnn_torch_failed("network on a table", words));
    if (!strcmp(t.name, name) && torch->get(to, net, i, words))
      TRY(cnn_torch_failed("network on a table", words));
  }
done:
  return st;
}

static status train(struct cnn_net *net, const struct cnn_torch *torch, struct training *t,
                    double decay, uint64_t seed) {
  status st = ST_OK;
  char words[CNN_WORDS] = "";
  double loss = 0;
  TRY(cnn_torch_initialise(torch, net, seed));
  if (torch->optimise(net, 0, 0, words)) TRY(cnn_torch_failed("network on a table", words));
  t->step.decay = decay;
  for (int i = 0; i < STEPS; i++) {
    t->step.seed = seed + (uint64_t)i;
    t->step.rate = rate * 0.5 * (1 + cos(3.14159265358979323846 * i / STEPS));
    if (torch->step(&loss, net, &t->batch, &t->step, words))
      TRY(cnn_torch_failed("network on a table", words));
  }
  CHECK(isfinite(loss), ST_NUMERIC, "network on a table: the loss is not a number after %d steps",
        STEPS);
done:
  return st;
}

/* Cox's likelihood does not know the level of the predictor, so it is anyone's in each fold: put
 * the mean of the training people at 0, or scores of different folds could not be pooled. */
static void centre(struct deep_model *m, const struct ml_set *set) {
  double sum = 0;
  for (int64_t i = 0; i < set->n; i++) sum += score_row(m, set->x + i * set->p);
  m->b2[0] -= sum / (double)set->n;
}

static status fit(void **out, const struct ml_learner *self, const struct ml_set *set, int point) {
  status st = ST_OK;
  const struct cnn_torch *torch;
  struct deep_model *m = NULL;
  struct cnn_net *net = NULL;
  struct cnn_device device;
  struct training t = {0};
  char words[CNN_WORDS] = "";
  TRY(cnn_torch_open(&torch));
  if (torch->device(&device, "cpu", 0, 1, words))
    TRY(cnn_torch_failed("network on a table", words));
  TRY(training_make(&t, self, set));
  int hidden = grid_points[point].hidden;
  const struct cnn_arch arch = {.kind = CNN_TABLE,
                                .outputs = t.outputs,
                                .columns = set->p,
                                .hidden = hidden,
                                .stages = hidden > 0};
  if (torch->create(&net, &arch, &device, words))
    TRY(cnn_torch_failed("network on a table", words));
  TRY(train(net, torch, &t, grid_points[point].decay, self->seed));
  TRY(model_alloc(&m, set->p, hidden, t.outputs));
  TRY(take(m->w1, torch, net, "head.hidden1.weight"));
  TRY(take(m->b1, torch, net, "head.hidden1.bias"));
  TRY(take(m->w2, torch, net, "head.fc.weight"));
  TRY(take(m->b2, torch, net, "head.fc.bias"));
  if (t.step.loss == CNN_LOSS_COX) centre(m, set);
  *out = m;
  m = NULL;
done:
  if (net) torch->destroy(net);
  training_free(&t);
  destroy(m);
  return st;
}

/* ---- files ---- */

static cJSON *to_json(const void *model) {
  const struct deep_model *m = model;
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  json_add_number(json, "features", m->p);
  json_add_number(json, "hidden", m->hidden);
  json_add_number(json, "outputs", m->outputs);
  json_add_numbers(json, "hidden_weights", m->w1, m->hidden * m->p);
  json_add_numbers(json, "hidden_biases", m->b1, m->hidden);
  json_add_numbers(json, "weights", m->w2, m->outputs * last_width(m));
  json_add_numbers(json, "biases", m->b2, m->outputs);
  return json;
}

static status from_json(void **out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct deep_model *m = NULL;
  double p, hidden, outputs;
  TRY(json_get_number(&p, json, "features", what));
  TRY(json_get_number(&hidden, json, "hidden", what));
  TRY(json_get_number(&outputs, json, "outputs", what));
  CHECK(p >= 1 && p <= 1e5 && hidden >= 0 && hidden <= 64 && outputs >= 1 && outputs <= INTERVALS,
        ST_FORMAT, "%s: a network of %g features, %g hidden, %g outputs is out of range", what, p,
        hidden, outputs);
  TRY(model_alloc(&m, (int)p, (int)hidden, (int)outputs));
  TRY(json_get_numbers(m->w1, m->hidden * m->p, json, "hidden_weights", what));
  TRY(json_get_numbers(m->b1, m->hidden, json, "hidden_biases", what));
  TRY(json_get_numbers(m->w2, m->outputs * last_width(m), json, "weights", what));
  TRY(json_get_numbers(m->b2, m->outputs, json, "biases", what));
  *out = m;
  m = NULL;
done:
  destroy(m);
  return st;
}

static const enum deep_kind logistic_kind = DEEP_LOGISTIC, cox_kind = DEEP_COX,
                            time_kind = DEEP_TIME;

#define DEEP(learner_name, learner_task, learner_kind)                                             \
  {                                                                                                \
    .name = learner_name, .task = learner_task, .grid = POINTS, .seed = 1,                         \
    .config = &learner_kind, .describe = describe, .fit = fit, .score = score, .destroy = destroy, \
    .to_json = to_json, .from_json = from_json                                                     \
  }
const struct ml_learner ml_learner_deep = DEEP("deep", ML_BINARY, logistic_kind);
const struct ml_learner ml_learner_deep_cox = DEEP("deep-cox", ML_SURVIVAL, cox_kind);
const struct ml_learner ml_learner_deep_time = DEEP("deep-time", ML_SURVIVAL, time_kind);
