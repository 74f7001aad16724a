/* The network engine against closed forms and against this program's own Cox regression. */
#define _POSIX_C_SOURCE 200809L
#include "../check.h"

#include "core/random.h"
#include "core/table.h"
#include "ml/cnn_fit.h"
#include "ml/cnn_segment.h"
#include "ml/regression.h"

static char words[CNN_WORDS];
static const struct cnn_torch *torch_;

static void need_module(void) {
  if (cnn_torch_open(&torch_) == ST_OK) return;
  print_message("skipped: %s\n", status_message());
  skip();
}

#define assert_torch(call)                                                                         \
  do {                                                                                             \
    if (call) fail_msg("%s: %s", #call, words);                                                    \
  } while (0)

static struct cnn_net *net_of(const struct cnn_arch *a, uint64_t seed) {
  struct cnn_net *net = NULL;
  struct cnn_device d;
  assert_torch(torch_->device(&d, "cpu", 0, 1, words));
  assert_torch(torch_->create(&net, a, &d, words));
  assert_ok(cnn_torch_initialise(torch_, net, seed));
  return net;
}

static int64_t find_tensor(struct cnn_net *net, const char *name, struct cnn_tensor *t) {
  for (int64_t i = 0; i < torch_->tensors(net, 0); i++) {
    assert_torch(torch_->tensor(t, net, i, words));
    if (!strcmp(t->name, name)) return i;
  }
  fail_msg("no tensor %s", name);
  return -1;
}

static float noise(uint64_t stream, int64_t i) {
  return (float)random_normal(5, stream, (uint64_t)i);
}

/* a network without hidden layer is a linear predictor: at the estimate of ml_cox the loss is minus
 * its log-likelihood (Efron, with ties) over the number of events */
static void cox_loss_is_the_partial_likelihood(void **state) {
  (void)state;
  need_module();
  enum { N = 60, P = 3 };
  double x[N * P], time[N], beta[P];
  float xf[N * P];
  int event[N], events = 0;
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < P; j++) {
      xf[i * P + j] = noise(1, i * P + j);
      x[i * P + j] = (double)xf[i * P + j];
    }
    time[i] = 1 + floor(8 * random_uniform(5, 2, (uint64_t)i)); /* many ties */
    event[i] = random_uniform(5, 3, (uint64_t)i) < 0.6;
    events += event[i];
  }
  struct ml_cox_fit fit;
  assert_ok(ml_cox(&fit, beta, NULL, x, time, event, N, P, 0));
  struct cnn_arch a = {.kind = CNN_TABLE, .outputs = 1, .columns = P};
  struct cnn_net *net = net_of(&a, 1);
  struct cnn_tensor t;
  assert_torch(torch_->set(net, find_tensor(net, "head.fc.weight", &t), beta, words));
  struct cnn_batch b = {.n = N, .column_count = P, .columns = xf, .time = time, .event = event};
  struct cnn_step s = {.loss = CNN_LOSS_COX, .share = 1};
  double loss;
  assert_torch(torch_->loss(&loss, net, &b, &s, words));
  assert_close(loss * events, -fit.log_likelihood, 1e-5);
  torch_->destroy(net);
}

/* one output y = w.x + b; loss of each kind by hand */
static void losses_have_their_closed_forms(void **state) {
  (void)state;
  need_module();
  const float x[] = {1, 2, -1, 0.5F};
  const float target[] = {0.5F, 0, 1, 3};
  struct cnn_arch a = {.kind = CNN_TABLE, .outputs = 1, .columns = 1};
  struct cnn_net *net = net_of(&a, 1);
  struct cnn_tensor t;
  const double w = 0.7, bias = 0.2;
  assert_torch(torch_->set(net, find_tensor(net, "head.fc.weight", &t), &w, words));
  assert_torch(torch_->set(net, find_tensor(net, "head.fc.bias", &t), &bias, words));
  struct cnn_batch b = {.n = 4, .column_count = 1, .columns = x, .target = target};
  const float class_weight[] = {0.5F, 2};
  double squared = 0, huber = 0, logistic = 0, got;
  for (int i = 0; i < 4; i++) {
    double y = w * (double)x[i] + bias, e = y - (double)target[i], c = i % 2;
    squared += e * e / 4;
    huber += (fabs(e) <= 1 ? e * e / 2 : fabs(e) - 0.5) / 4;
    logistic += (c > 0 ? 2 : 0.5) * (log1p(exp(y)) - c * y) / 4;
  }
  struct cnn_step s = {.loss = CNN_LOSS_SQUARED, .share = 1, .huber = 1};
  assert_torch(torch_->loss(&got, net, &b, &s, words));
  assert_near(got, squared, 1e-6);
  s.loss = CNN_LOSS_HUBER;
  assert_torch(torch_->loss(&got, net, &b, &s, words));
  assert_near(got, huber, 1e-6);
  const float classes[] = {0, 1, 0, 1};
  b.target = classes;
  s.loss = CNN_LOSS_LOGISTIC;
  s.class_weight = class_weight;
  assert_torch(torch_->loss(&got, net, &b, &s, words));
  assert_near(got, logistic, 1e-6);
  torch_->destroy(net);
}

/* the product over intervals of (1 - h) until the event, h in it: minus its log is the masked
 * logistic loss summed over the intervals */
static void discrete_time_loss_is_the_likelihood_of_hazards(void **state) {
  (void)state;
  struct cnn_card card;
  cnn_card_init(&card);
  card.interval_count = 3;
  card.intervals[0] = 1, card.intervals[1] = 2, card.intervals[2] = 5;
  float died[3], at_risk[3];
  cnn_discrete_target(died, at_risk, &card, 1.5, 1);
  assert_true(at_risk[0] == 1 && at_risk[1] == 1 && at_risk[2] == 0 && died[1] == 1 &&
              died[0] == 0);
  cnn_discrete_target(died, at_risk, &card, 1.5,
                      0); /* censored inside: that interval says nothing */
  assert_true(at_risk[0] == 1 && at_risk[1] == 0 && died[1] == 0);
  cnn_discrete_target(died, at_risk, &card, 2, 0);
  assert_true(at_risk[1] == 1 && died[1] == 0 && at_risk[2] == 0);
  cnn_discrete_target(died, at_risk, &card, 9, 1); /* after the last end: survived all */
  assert_true(at_risk[2] == 1 && died[2] == 0);
  const float raw[] = {0, 0, 0}; /* hazards of one half: risk 1 - 1/8 */
  assert_near(cnn_score(&card, raw), 0.875, 1e-12);
}

/* parameters of the 3-D residual network of ten layers with a 7-wide stem (he2016 in three
 * dimensions): stem 64 c 343 + 128; blocks 2 convolutions of 27 and their norms, a 1-wide shortcut
 * in stages 2-4 */
static void resnet10_has_its_number_of_weights(void **state) {
  (void)state;
  struct cnn_card card;
  struct cnn_model *m = NULL;
  need_module();
  cnn_card_init(&card);
  card.output_count = 1;
  struct cnn_arch a = {.kind = CNN_RESNET,
                       .dims = 3,
                       .channels = 1,
                       .outputs = 1,
                       .width = 64,
                       .stages = 4,
                       .blocks = {1, 1, 1, 1},
                       .stem = 7};
  assert_ok(cnn_model_create(&m, &a, &card, "cpu", 1, 1));
  int64_t expected = 64 * 343 + 128, in = 64;
  for (int s = 0; s < 4; s++) {
    int64_t out = 64 << s;
    expected += 27 * (in * out + out * out) + 4 * out;
    if (s) expected += in * out + 2 * out;
    in = out;
  }
  expected += 512 + 1;
  assert_int_equal(m->parameters, expected);
  cnn_model_destroy(m);
}

/* Behind a global mean and one linear layer alpha_k = w_k / positions, and the sum of the map plus
 * the bias is the output: Grad-CAM equals CAM. */
static void gradcam_has_its_closed_form(void **state) {
  (void)state;
  need_module();
  for (int dims = 2; dims <= 3; dims++) {
    struct cnn_arch a = {.kind = CNN_RESNET,
                         .dims = dims,
                         .channels = 1,
                         .outputs = 2,
                         .width = 4,
                         .stages = 2,
                         .blocks = {1, 1},
                         .stem = 3};
    struct cnn_net *net = net_of(&a, 7);
    float image[12 * 12 * 12];
    for (int i = 0; i < 12 * 12 * 12; i++) image[i] = noise(4, i);
    struct cnn_batch b = {
        .n = 1, .size = {12, 12, dims == 3 ? 12 : 1}, .channels = 1, .image = image};
    float *map = NULL, *alpha = NULL, *out = NULL;
    int64_t grid[3], channels, count;
    struct cnn_tensor t;
    double weight[16], bias[2], sum = 0;
    assert_torch(torch_->map(&map, grid, &alpha, &channels, net, &b, 1, CNN_MAP_GRADCAM, words));
    assert_torch(torch_->forward(&out, &count, net, &b, 0, words));
    assert_torch(torch_->get(weight, net, find_tensor(net, "head.fc.weight", &t), words));
    assert_torch(torch_->get(bias, net, find_tensor(net, "head.fc.bias", &t), words));
    int64_t positions = grid[0] * grid[1] * grid[2];
    assert_int_equal(channels, 8);
    assert_int_equal(positions, dims == 3 ? 216 : 36);
    for (int k = 0; k < 8; k++)
      assert_near((double)alpha[k], weight[8 + k] / (double)positions, 2e-9);
    for (int64_t i = 0; i < positions; i++) sum += (double)map[i];
    assert_near(sum + bias[1], (double)out[1], 1e-5);
    free(map);
    free(alpha);
    free(out);
    torch_->destroy(net);
  }
}

/* ---- training ---- */

enum { PEOPLE = 120 };

static struct table *people(void) {
  struct table *t = NULL;
  assert_ok(table_create(&t, PEOPLE));
  static const char *const names[] = {"a", "b", "y"};
  for (int c = 0; c < 3; c++) assert_ok(table_add_column(t, names[c], "", true));
  for (int i = 0; i < PEOPLE; i++) {
    double a = random_normal(9, 1, (uint64_t)i), b = random_normal(9, 2, (uint64_t)i);
    t->columns[0].numbers[i] = a;
    t->columns[1].numbers[i] = b;
    t->columns[2].numbers[i] = 3 * a - b + 0.5 * a * b + 0.1 * random_normal(9, 3, (uint64_t)i);
  }
  return t;
}

static void weights_of(const struct cnn_model *m, double *out) {
  for (int64_t i = 0; i < m->torch->tensors(m->net, 0); i++) {
    struct cnn_tensor t;
    assert_torch(m->torch->tensor(&t, m->net, i, words));
    assert_torch(m->torch->get(out, m->net, i, words));
    out += t.count;
  }
}

/* A network of the columns a and b, and their data; columns of the card are learnt here. */
static void make_regression(struct cnn_model **m, struct cnn_data **d, const struct table *t,
                            double dropout, uint64_t seed) {
  static const char *const columns[] = {"a", "b"};
  struct cnn_card card;
  cnn_card_init(&card);
  card.task = CNN_REGRESS;
  card.output_count = 1;
  struct cnn_data_options data = {.target = "y", .columns = columns, .column_count = 2};
  struct cnn_arch a = {
      .kind = CNN_TABLE, .outputs = 1, .columns = 2, .hidden = 12, .stages = 2, .dropout = dropout};
  assert_ok(cnn_data_open(d, t, &card, true, &data));
  assert_ok(cnn_model_create(m, &a, &card, "cpu", 1, seed));
}

static void run_training(double *weights, struct cnn_training *log, const struct table *t,
                         const struct cnn_train_options *o) {
  struct cnn_data *d = NULL;
  struct cnn_model *m = NULL;
  int64_t rows[PEOPLE];
  make_regression(&m, &d, t, 0.2, o->seed);
  for (int i = 0; i < PEOPLE; i++) rows[i] = i;
  assert_ok(cnn_train(log, m, d, rows, 90, rows + 90, 30, o));
  weights_of(m, weights);
  cnn_model_destroy(m);
  cnn_data_close(d);
}

static struct cnn_train_options training(void) {
  struct cnn_train_options o = CNN_TRAIN_DEFAULTS;
  o.loss = CNN_LOSS_SQUARED;
  o.epochs = 8;
  o.batch = 16;
  o.accumulate = 2;
  o.rate = 0.02;
  o.clip = 5;
  strcpy(o.key, "k");
  return o;
}

/* 8 epochs at once, and the same stopped after the third and taken up: every bit of weights and log
 */
static void resumed_training_is_bit_equal(void **state) {
  (void)state;
  need_module();
  struct table *t = people();
  double whole[512], parts[512];
  struct cnn_training a, b, c;
  char path[] = "/tmp/qct_cnn_XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  unlink(path);
  memset(whole, 0, sizeof whole);
  memset(parts, 0, sizeof parts);
  struct cnn_train_options o = training();
  run_training(whole, &a, t, &o);
  o.checkpoint = path;
  o.pause = 3;
  run_training(parts, &b, t, &o);
  assert_false(b.finished);
  assert_true(memcmp(whole, parts, sizeof whole) != 0);
  o.pause = 0;
  o.resume = 1;
  run_training(parts, &c, t, &o);
  assert_true(c.finished);
  assert_memory_equal(whole, parts, sizeof whole);
  assert_int_equal(a.count, c.count);
  assert_int_equal(a.best, c.best);
  for (int i = 0; i < a.count; i++) {
    assert_true(a.epochs[i].train_loss == c.epochs[i].train_loss);
    assert_true(a.epochs[i].validation_loss == c.epochs[i].validation_loss);
  }
  assert_true(a.epochs[a.count - 1].train_loss < 0.5 * a.epochs[0].train_loss);
  cnn_training_free(&a);
  cnn_training_free(&b);
  cnn_training_free(&c);
  unlink(path);
  table_destroy(t);
}

static void a_checkpoint_of_another_run_is_refused(void **state) {
  (void)state;
  need_module();
  struct table *t = people();
  double weights[512];
  struct cnn_training log;
  char path[] = "/tmp/qct_cnn_XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  struct cnn_train_options o = training();
  o.checkpoint = path;
  o.epochs = 1;
  run_training(weights, &log, t, &o);
  cnn_training_free(&log);
  strcpy(o.key, "other");
  o.resume = 1;
  struct cnn_data *d = NULL;
  struct cnn_model *m = NULL;
  int64_t rows[PEOPLE];
  for (int i = 0; i < PEOPLE; i++) rows[i] = i;
  make_regression(&m, &d, t, 0, 1);
  assert_fails(cnn_train(&log, m, d, rows, 90, rows + 90, 30, &o), ST_DOMAIN,
               "other data or options");
  cnn_model_destroy(m);
  cnn_data_close(d);
  unlink(path);
  table_destroy(t);
}

/* ---- files ---- */

static struct cnn_model *linear_model(double w, double b) {
  struct cnn_card card;
  struct cnn_model *m = NULL;
  struct cnn_tensor t;
  cnn_card_init(&card);
  strcpy(card.name, "line");
  card.task = CNN_REGRESS;
  card.output_count = 1;
  strcpy(card.outputs[0].name, "y");
  card.column_count = 1;
  strcpy(card.columns[0], "x");
  struct cnn_arch a = {.kind = CNN_TABLE, .outputs = 1, .columns = 1};
  assert_ok(cnn_model_create(&m, &a, &card, "cpu", 1, 1));
  assert_torch(m->torch->set(m->net, find_tensor(m->net, "head.fc.weight", &t), &w, words));
  assert_torch(m->torch->set(m->net, find_tensor(m->net, "head.fc.bias", &t), &b, words));
  return m;
}

/* mcmahan2017: (1, 2) of 10 people and (3, 6) of 30 give (2.5, 5.0) */
static void federated_average_weighs_by_people(void **state) {
  (void)state;
  need_module();
  struct cnn_model *m[2] = {linear_model(1, 2), linear_model(3, 6)};
  const int64_t n[] = {10, 30};
  struct cnn_tensor t;
  double w, b;
  assert_ok(cnn_model_average(m, n, 2));
  assert_torch(torch_->get(&w, m[0]->net, find_tensor(m[0]->net, "head.fc.weight", &t), words));
  assert_torch(torch_->get(&b, m[0]->net, find_tensor(m[0]->net, "head.fc.bias", &t), words));
  assert_true(w == 2.5 && b == 5.0);
  assert_int_equal(m[0]->card.people, 40);
  strcpy(m[1]->card.columns[0], "z");
  assert_fails(cnn_model_average(m, n, 2), ST_DOMAIN, "input blocks");
  cnn_model_destroy(m[0]);
  cnn_model_destroy(m[1]);
}

static void a_model_file_reads_back_and_refuses_nan(void **state) {
  (void)state;
  need_module();
  struct cnn_model *m = linear_model(0.1, -2), *back = NULL;
  struct cnn_tensor t;
  double w, bad = NAN;
  char path[] = "/tmp/qct_cnn_XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  m->card.kv[0] = 100, m->card.kv[1] = 140;
  assert_ok(cnn_model_write(m, path, NULL, true));
  assert_ok(cnn_model_read(&back, path, "cpu", 1));
  assert_torch(torch_->get(&w, back->net, find_tensor(back->net, "head.fc.weight", &t), words));
  assert_true(w == (double)0.1F);
  assert_string_equal(back->card.columns[0], "x");
  assert_true(back->card.kv[1] == 140 && isnan(back->card.slice_mm[0]));
  cnn_model_destroy(back);
  assert_torch(torch_->set(m->net, find_tensor(m->net, "head.fc.bias", &t), &bad, words));
  assert_ok(cnn_model_write(m, path, NULL, true));
  assert_fails(cnn_model_read(&back, path, "cpu", 1), ST_DOMAIN, "head.fc.bias");
  cnn_model_destroy(m);
  unlink(path);
}

/* weights that are finite and an output that is not: 3e38 x 10 in single precision */
static void an_output_that_is_no_number_fails_by_name(void **state) {
  (void)state;
  need_module();
  struct cnn_model *m = linear_model(3e38, 0);
  struct table *t = NULL;
  struct cnn_data *d = NULL;
  const int64_t rows[] = {0, 1};
  float out[2];
  assert_ok(table_create(&t, 2));
  assert_ok(table_add_column(t, "x", "", true));
  t->columns[0].numbers[0] = 0.5;
  t->columns[0].numbers[1] = 10;
  const struct cnn_data_options o = {.image = NULL};
  assert_ok(cnn_data_open(&d, t, &m->card, false, &o));
  assert_fails(cnn_outputs(out, m, d, rows, 2, 8, 0), ST_NUMERIC, "output \"y\" of row 2");
  cnn_data_close(d);
  table_destroy(t);
  cnn_model_destroy(m);
}

/* a MONAI bundle of one channel calls it 0, which would be background */
static void a_single_output_of_value_0_is_label_1(void **state) {
  (void)state;
  need_module();
  const struct geometry g = geometry_make(8, 8, 8, 1, 1, 1);
  const struct cnn_arch a = {
      .kind = CNN_UNET, .dims = 3, .channels = 1, .outputs = 1, .width = 2, .stages = 2};
  const struct cnn_segment_options o = {.overlap = 0.5, .largest = 1};
  struct cnn_card card;
  struct cnn_model *m = NULL;
  struct cnn_segmentation s;
  struct cnn_tensor t;
  struct volume *v = NULL;
  const double sure = 50;
  cnn_card_init(&card);
  card.task = CNN_SEGMENT;
  card.output_count = 1;
  strcpy(card.outputs[0].name, "bone");
  for (int d = 0; d < 3; d++) card.shape[d] = 8;
  assert_ok(cnn_model_create(&m, &a, &card, "cpu", 1, 3));
  for (int64_t i = 0; i < torch_->tensors(m->net, 0); i++) {
    assert_torch(torch_->tensor(&t, m->net, i, words));
    if (t.last && t.role == CNN_BIAS) assert_torch(torch_->set(m->net, i, &sure, words));
  }
  assert_ok(volume_create(&v, &g, QUANTITY_UNKNOWN));
  for (int64_t i = 0; i < geometry_voxels(&g); i++) v->voxels[i] = noise(9, i);
  const struct volume *in = v;
  assert_ok(cnn_segment(&s, &m, 1, &in, &o));
  assert_int_equal(labels_count(s.labels, 1), 512);
  assert_string_equal(labels_name(s.labels, 1), "bone");
  assert_near(record_find(s.record, "bone", "volume")->value, 0.512, 1e-12);
  assert_near(record_find(s.record, "bone", "confidence")->value, 1, 1e-6);
  cnn_segmentation_free(&s);
  volume_destroy(v);
  cnn_model_destroy(m);
}

static void impossible_networks_are_refused(void **state) {
  (void)state;
  struct cnn_arch a = {.kind = CNN_RESNET,
                       .dims = 3,
                       .channels = 1,
                       .outputs = 1,
                       .width = 8,
                       .stages = 2,
                       .blocks = {1, 1},
                       .stem = 7};
  assert_ok(cnn_arch_check(&a));
  a.stem = 5;
  assert_fails(cnn_arch_check(&a), ST_DOMAIN, "stem 5");
  a.stem = 7;
  a.channels = 9;
  assert_fails(cnn_arch_check(&a), ST_DOMAIN, "9 channels");
  a.channels = 1;
  a.dims = 4;
  assert_fails(cnn_arch_check(&a), ST_DOMAIN, "4 dimensions");
}

static double agreed(const struct record *r, const char *name) {
  return record_find(r, "a", name)->value;
}

/* By numpy: e = x - y, SD of n - 1, ccc = 2 cov / (var + var + gap^2) of n. */
static void agreement_has_its_closed_forms(void **state) {
  (void)state;
  const double x[] = {1, 2, 4, NAN, 3}, y[] = {1.5, 2, 3, 9, 5}, one[] = {2, 2, 2, 2, 2};
  struct record *r = NULL;
  assert_ok(record_create(&r, "all"));
  assert_ok(cnn_agreement(r, "a", "SD", x, y, 5));
  assert_int_equal(record_find(r, "a", "r")->n, 4);
  assert_near(agreed(r, "r"), 0.6255432, 1e-6);
  assert_near(agreed(r, "ccc"), 0.5882353, 1e-6);
  assert_near(agreed(r, "bias"), -0.375, 1e-12);
  assert_near(agreed(r, "limits_low"), -2.8249550, 1e-6);
  assert_near(agreed(r, "limits_high"), 2.0749550, 1e-6);
  assert_near(agreed(r, "rmse"), 1.1456439, 1e-6);
  assert_near(agreed(r, "calibration_slope"), 0.75, 1e-12);
  assert_near(agreed(r, "calibration_intercept"), 1, 1e-12);
  record_destroy(r);
  /* what cannot be had says why; predictions all equal agree by 0 */
  assert_ok(record_create(&r, "all"));
  assert_ok(cnn_agreement(r, "a", "SD", one, y, 3));
  assert_near(agreed(r, "ccc"), 0, 0);
  assert_true(isnan(agreed(r, "r")) && isnan(agreed(r, "calibration_slope")));
  assert_non_null(strstr(record_find(r, "a", "r")->flags, "all predictions are equal"));
  assert_fails(cnn_agreement(r, "a", "SD", x, y, 2), ST_DOMAIN, "2 pairs, at least 3");
  record_destroy(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agreement_has_its_closed_forms),
      cmocka_unit_test(cox_loss_is_the_partial_likelihood),
      cmocka_unit_test(losses_have_their_closed_forms),
      cmocka_unit_test(discrete_time_loss_is_the_likelihood_of_hazards),
      cmocka_unit_test(resnet10_has_its_number_of_weights),
      cmocka_unit_test(gradcam_has_its_closed_form),
      cmocka_unit_test(resumed_training_is_bit_equal),
      cmocka_unit_test(a_checkpoint_of_another_run_is_refused),
      cmocka_unit_test(federated_average_weighs_by_people),
      cmocka_unit_test(a_model_file_reads_back_and_refuses_nan),
      cmocka_unit_test(an_output_that_is_no_number_fails_by_name),
      cmocka_unit_test(a_single_output_of_value_0_is_label_1),
      cmocka_unit_test(impossible_networks_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
