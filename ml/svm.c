/* Support vector machines by LIBSVM, used as a solver only: kernels are computed here once per
 * gamma and shared along C, decision values are ours, LIBSVM's own probabilities are never asked
 * for (they run a cross-validation on rand() and can turn the sign; see ml/README.md). */
#include "core/json.h"
#include "ml/learner.h"

#include <libsvm/svm.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct svm_grid {
  int linear;
  int svr;
  double c_low, c_step; /* log2 */
  int c_count;
  double gamma_low, gamma_step; /* log2 */
  int gamma_count;
  double epsilon; /* tube of the SVR, in SD of the target */
};

/* Source: LIBSVM tools/grid.py default ranges (libsvm2011). The linear kernel stops at C = 2^5:
 * above it the solver runs into its limit of ten million iterations on overlapping classes and
 * gains nothing. */
static const struct svm_grid rbf_grid = {0, 0, -5, 2, 11, -15, 2, 10, 0.1};
static const struct svm_grid linear_grid = {1, 0, -5, 2, 6, 0, 0, 1, 0.1};
static const struct svm_grid svr_rbf_grid = {0, 1, -5, 2, 11, -15, 2, 10, 0.1};
static const struct svm_grid svr_linear_grid = {1, 1, -5, 2, 6, 0, 0, 1, 0.1};

struct svm_machine {
  int linear, p, count;    /* features, support vectors */
  double gamma, rho, flip; /* flip: -1 when LIBSVM's first label is the non-event */
  double centre, scale;    /* of the SVR target; 0, 1 otherwise */
  double *vectors;         /* [count][p] */
  double *squares;         /* [count] squared length of each vector */
  double *coefficients;    /* [count] */
};

static double dot(const double *a, const double *b, int p) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int j = 0; j < p; j++) sum += a[j] * b[j];
  return sum;
}

/* The RBF form svm_train itself uses: exp(-gamma (|a|^2 + |b|^2 - 2 a.b)). */
static double kernel(int linear, double gamma, double ab, double aa, double bb) {
  return linear ? ab : exp(-gamma * (aa + bb - 2 * ab));
}

static void silent(const char *text) {
  (void)text;
}

static void silence_once(void) {
  svm_set_print_string_function(silent);
}

static void silence(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, silence_once);
}

static void point_of(const struct ml_learner *self, int point, double *c, double *gamma) {
  const struct svm_grid *g = self->config;
  /* C outermost, so that a tie goes to the smaller C */
  *c = exp2(g->c_low + g->c_step * (point / g->gamma_count));
  *gamma = exp2(g->gamma_low + g->gamma_step * (point % g->gamma_count));
}

static void describe(const struct ml_learner *self, int point, char out[96]) {
  const struct svm_grid *g = self->config;
  double c, gamma;
  point_of(self, point, &c, &gamma);
  if (g->linear)
    snprintf(out, 96, "C=%g", c);
  else
    snprintf(out, 96, "C=%g gamma=%g", c, gamma);
}

/* LIBSVM's view of a training set: rows of a precomputed kernel, first node the serial number. */
struct workspace {
  struct svm_node *nodes; /* [n][n + 2] */
  struct svm_node **rows;
  double *labels;
  double *squares;  /* |x_i|^2 */
  double *products; /* [n][n] x_i.x_j */
  double centre, scale;
  int64_t n;
};

static void workspace_free(struct workspace *w) {
  free(w->nodes);
  free(w->rows);
  free(w->labels);
  free(w->squares);
  free(w->products);
}

static status workspace_make(struct workspace *w, const struct ml_set *train, int svr) {
  status st = ST_OK;
  int64_t n = w->n = train->n;
  size_t m = (size_t)(n > 0 ? n : 1);
  w->nodes = malloc(m * (m + 2) * sizeof *w->nodes);
  w->rows = malloc(m * sizeof *w->rows);
  w->labels = malloc(m * sizeof *w->labels);
  w->squares = malloc(m * sizeof *w->squares);
  w->products = malloc(m * m * sizeof *w->products);
  CHECK(w->nodes && w->rows && w->labels && w->squares && w->products, ST_MEMORY,
        "kernel of %lld people", (long long)n);
  w->centre = 0;
  w->scale = 1;
  if (svr) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < n; i++) sum += train->target[i];
    w->centre = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
      square += (train->target[i] - w->centre) * (train->target[i] - w->centre);
    CHECK(square > 0, ST_DOMAIN, "support vector regression: the target of %lld people is constant",
          (long long)n);
    w->scale = sqrt(square / (double)n);
  }
  for (int64_t i = 0; i < n; i++) {
    w->rows[i] = w->nodes + i * (n + 2);
    w->labels[i] = svr ? (train->target[i] - w->centre) / w->scale : train->outcome[i] ? 1 : -1;
    for (int64_t j = 0; j <= i; j++) {
      double v = dot(train->x + i * train->p, train->x + j * train->p, train->p);
      w->products[i * n + j] = w->products[j * n + i] = v;
    }
    w->squares[i] = w->products[i * n + i];
  }
done:
  return st;
}

static void fill_kernel(struct workspace *w, int linear, double gamma) {
  int64_t n = w->n;
  for (int64_t i = 0; i < n; i++) {
    struct svm_node *row = w->rows[i];
    row[0] = (struct svm_node){0, (double)(i + 1)};
    for (int64_t j = 0; j < n; j++)
      row[j + 1] = (struct svm_node){(int)(j + 1), kernel(linear, gamma, w->products[i * n + j],
                                                          w->squares[i], w->squares[j])};
    row[n + 1] = (struct svm_node){-1, 0};
  }
}

static status train_once(struct svm_model **model, const struct ml_learner *self,
                         struct workspace *w, const struct ml_set *train, double c) {
  status st = ST_OK;
  const struct svm_grid *g = self->config;
  int labels[2] = {1, -1};
  double weights[2] = {1, 1};
  int64_t events = 0;
  for (int64_t i = 0; !g->svr && i < train->n; i++) events += train->outcome[i] == 1;
  CHECK(g->svr || (events > 0 && events < train->n), ST_DOMAIN,
        "support vector machine: %lld events among %lld training people, both outcomes are needed",
        (long long)events, (long long)train->n);
  if (self->balanced && !g->svr) {
    weights[0] = (double)train->n / (2 * (double)events);
    weights[1] = (double)train->n / (2 * (double)(train->n - events));
  }
  struct svm_problem problem = {(int)w->n, w->labels, w->rows};
  struct svm_parameter parameter = {.svm_type = g->svr ? EPSILON_SVR : C_SVC,
                                    .kernel_type = PRECOMPUTED,
                                    .cache_size = 100,
                                    .eps = 1e-3,
                                    .C = c,
                                    .nr_weight = g->svr ? 0 : 2,
                                    .weight_label = labels,
                                    .weight = weights,
                                    .p = g->epsilon,
                                    .shrinking = 1};
  const char *wrong = svm_check_parameter(&problem, &parameter);
  CHECK(!wrong, ST_EXTERNAL, "support vector machine: %s", wrong);
  silence();
  *model = svm_train(&problem, &parameter);
  CHECK(*model, ST_EXTERNAL, "support vector machine: LIBSVM gave no model");
done:
  return st;
}

static double sign_of(const struct svm_model *model, int svr) {
  return svr || model->label[0] == 1 ? 1 : -1;
}

/* Scores of the test rows from the cross products with the training rows, [test n][train n]. */
static void score_rows(const struct svm_model *model, const struct svm_grid *g, double gamma,
                       const struct workspace *w, const double *cross, const double *test_squares,
                       int64_t test_n, double *scores) {
  double sign = sign_of(model, g->svr);
  for (int64_t i = 0; i < test_n; i++) {
    double f = -model->rho[0];
    for (int s = 0; s < model->l; s++) {
      int64_t j = model->sv_indices[s] - 1;
      f += model->sv_coef[0][s] *
           kernel(g->linear, gamma, cross[i * w->n + j], test_squares[i], w->squares[j]);
    }
    scores[i] = g->svr ? f * w->scale + w->centre : sign * f;
  }
}

static status grid_scores(const struct ml_learner *self, const struct ml_set *train,
                          const struct ml_set *test, double *scores) {
  status st = ST_OK;
  const struct svm_grid *g = self->config;
  struct workspace w = {0};
  struct svm_model *model = NULL;
  double *cross = NULL, *squares = NULL;
  TRY(workspace_make(&w, train, g->svr));
  cross = malloc((size_t)test->n * (size_t)train->n * sizeof *cross);
  squares = malloc((size_t)test->n * sizeof *squares);
  CHECK(cross && squares, ST_MEMORY, "kernel of %lld test people", (long long)test->n);
  for (int64_t i = 0; i < test->n; i++) {
    const double *row = test->x + i * test->p;
    squares[i] = dot(row, row, test->p);
    for (int64_t j = 0; j < train->n; j++)
      cross[i * train->n + j] = dot(row, train->x + j * train->p, train->p);
  }
  for (int k = 0; k < g->gamma_count; k++) {
    double c, gamma;
    point_of(self, k, &c, &gamma);
    fill_kernel(&w, g->linear, gamma);
    for (int m = 0; m < g->c_count; m++) {
      int point = m * g->gamma_count + k;
      point_of(self, point, &c, &gamma);
      TRY(train_once(&model, self, &w, train, c));
      score_rows(model, g, gamma, &w, cross, squares, test->n, scores + (int64_t)point * test->n);
      svm_free_and_destroy_model(&model);
    }
  }
done:
  if (model) svm_free_and_destroy_model(&model);
  workspace_free(&w);
  free(cross);
  free(squares);
  return st;
}

static void machine_destroy(void *model) {
  struct svm_machine *m = model;
  if (!m) return;
  free(m->vectors);
  free(m->squares);
  free(m->coefficients);
  free(m);
}

static status machine_alloc(struct svm_machine **out, int p, int count) {
  status st = ST_OK;
  struct svm_machine *m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "support vector machine");
  m->p = p;
  m->count = count;
  m->vectors = malloc((size_t)(count ? count : 1) * (size_t)(p ? p : 1) * sizeof *m->vectors);
  m->squares = malloc((size_t)(count ? count : 1) * sizeof *m->squares);
  m->coefficients = malloc((size_t)(count ? count : 1) * sizeof *m->coefficients);
  CHECK(m->vectors && m->squares && m->coefficients, ST_MEMORY,
        "support vector machine of %d vectors", count);
  *out = m;
  m = NULL;
done:
  machine_destroy(m);
  return st;
}

static void square_vectors(struct svm_machine *m) {
  for (int s = 0; s < m->count; s++) {
    const double *v = m->vectors + (size_t)s * (size_t)m->p;
    m->squares[s] = dot(v, v, m->p);
  }
}

static status fit(void **out, const struct ml_learner *self, const struct ml_set *train,
                  int point) {
  status st = ST_OK;
  const struct svm_grid *g = self->config;
  struct workspace w = {0};
  struct svm_model *model = NULL;
  struct svm_machine *m = NULL;
  double c, gamma;
  point_of(self, point, &c, &gamma);
  TRY(workspace_make(&w, train, g->svr));
  fill_kernel(&w, g->linear, gamma);
  TRY(train_once(&model, self, &w, train, c));
  TRY(machine_alloc(&m, train->p, model->l));
  m->linear = g->linear;
  m->gamma = gamma;
  m->rho = model->rho[0];
  m->flip = sign_of(model, g->svr);
  m->centre = w.centre;
  m->scale = w.scale;
  for (int s = 0; s < model->l; s++) {
    const double *row = train->x + (int64_t)(model->sv_indices[s] - 1) * train->p;
    memcpy(m->vectors + (size_t)s * (size_t)m->p, row, (size_t)m->p * sizeof *row);
    m->coefficients[s] = model->sv_coef[0][s];
  }
  square_vectors(m);
  *out = m;
  m = NULL;
done:
  machine_destroy(m);
  if (model) svm_free_and_destroy_model(&model);
  workspace_free(&w);
  return st;
}

static void score(const void *model, const double *x, int64_t n, int p, double *scores) {
  const struct svm_machine *m = model;
  for (int64_t i = 0; i < n; i++) {
    const double *row = x + i * p;
    double f = -m->rho, square = dot(row, row, p);
    for (int s = 0; s < m->count; s++) {
      const double *v = m->vectors + (size_t)s * (size_t)p;
      f += m->coefficients[s] * kernel(m->linear, m->gamma, dot(row, v, p), square, m->squares[s]);
    }
    scores[i] = m->flip * f * m->scale + m->centre;
  }
}

static cJSON *to_json(const void *model) {
  const struct svm_machine *m = model;
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  json_add_text(json, "kernel", m->linear ? "linear" : "rbf");
  json_add_number(json, "gamma", m->gamma);
  json_add_number(json, "rho", m->rho);
  json_add_number(json, "sign", m->flip);
  json_add_number(json, "target_centre", m->centre);
  json_add_number(json, "target_scale", m->scale);
  json_add_number(json, "features", m->p);
  json_add_number(json, "vector_count", m->count);
  json_add_numbers(json, "coefficients", m->coefficients, m->count);
  json_add_numbers(json, "vectors", m->vectors, m->count * m->p);
  return json;
}

static status from_json(void **out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct svm_machine *m = NULL;
  char kind[16];
  double p, count;
  const double most = 1e6;
  TRY(json_get_text(kind, sizeof kind, json, "kernel", what));
  TRY(json_get_number(&p, json, "features", what));
  TRY(json_get_number(&count, json, "vector_count", what));
  CHECK(p >= 1 && p <= most && count >= 0 && count <= most && p * count <= 1e8, ST_FORMAT,
        "%s: %g support vectors of %g features are out of range", what, count, p);
  TRY(machine_alloc(&m, (int)p, (int)count));
  m->linear = !strcmp(kind, "linear");
  TRY(json_get_number(&m->gamma, json, "gamma", what));
  TRY(json_get_number(&m->rho, json, "rho", what));
  TRY(json_get_number(&m->flip, json, "sign", what));
  TRY(json_get_number(&m->centre, json, "target_centre", what));
  TRY(json_get_number(&m->scale, json, "target_scale", what));
  TRY(json_get_numbers(m->coefficients, m->count, json, "coefficients", what));
  TRY(json_get_numbers(m->vectors, m->count * m->p, json, "vectors", what));
  square_vectors(m);
  *out = m;
  m = NULL;
done:
  machine_destroy(m);
  return st;
}

#define SVM_LEARNER(symbol, text, kind, table, points)                                             \
  const struct ml_learner symbol = {.name = text,                                                  \
                                    .task = kind,                                                  \
                                    .grid = points,                                                \
                                    .balanced = 1,                                                 \
                                    .config = &table,                                              \
                                    .describe = describe,                                          \
                                    .grid_scores = grid_scores,                                    \
                                    .fit = fit,                                                    \
                                    .score = score,                                                \
                                    .destroy = machine_destroy,                                    \
                                    .to_json = to_json,                                            \
                                    .from_json = from_json}

SVM_LEARNER(ml_learner_svm_linear, "svm-linear", ML_BINARY, linear_grid, 6);
SVM_LEARNER(ml_learner_svm_rbf, "svm-rbf", ML_BINARY, rbf_grid, 110);
SVM_LEARNER(ml_learner_svr_linear, "svr-linear", ML_REGRESSION, svr_linear_grid, 6);
SVM_LEARNER(ml_learner_svr_rbf, "svr-rbf", ML_REGRESSION, svr_rbf_grid, 110);
