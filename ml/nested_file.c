/* A finished nested run on disk. */
#include "core/json.h"
#include "ml/nested.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FOLD_NUMBERS = 8 };

cJSON *ml_nested_to_json(const struct ml_nested_result *r, const char *key) {
  cJSON *json = cJSON_CreateObject();
  int cells = (int)(r->repeats * r->n);
  if (!json) return NULL;
  json_add_text(json, "key", key);
  json_add_number(json, "repeats", r->repeats);
  json_add_number(json, "n", (double)r->n);
  json_add_number(json, "fold_count", r->fold_count);
  json_add_number(json, "platt_refused", r->platt_refused);
  json_add_numbers(json, "score", r->score, cells);
  if (r->probability) json_add_numbers(json, "probability", r->probability, cells);
  cJSON *fold = cJSON_AddArrayToObject(json, "fold");
  for (int i = 0; fold && i < cells; i++)
    cJSON_AddItemToArray(fold, cJSON_CreateNumber(r->fold[i]));
  cJSON *folds = cJSON_AddArrayToObject(json, "folds");
  for (int f = 0; folds && f < r->fold_count; f++) {
    const struct ml_nested_fold *q = &r->folds[f];
    const double numbers[FOLD_NUMBERS] = {q->repeat,       q->fold,        q->point,
                                          q->inner_score,  q->outer_score, (double)q->train,
                                          (double)q->test, q->features};
    cJSON *one = cJSON_CreateObject();
    json_add_numbers(one, "values", numbers, FOLD_NUMBERS);
    cJSON_AddItemToArray(folds, one);
  }
  return json;
}

/* Numbers of which null is NaN. */
static status get_cells(double *out, int n, const cJSON *json, const char *key, const char *what) {
  status st = ST_OK;
  const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, key), *one = NULL;
  int i = 0;
  CHECK(cJSON_IsArray(array) && cJSON_GetArraySize(array) == n, ST_FORMAT,
        "%s: %s must be a list of %d", what, key, n);
  cJSON_ArrayForEach(one, array) out[i++] = cJSON_IsNumber(one) ? one->valuedouble : NAN;
done:
  return st;
}

static status read_folds(struct ml_nested_result *r, const cJSON *json, const char *what) {
  status st = ST_OK;
  const cJSON *folds = cJSON_GetObjectItemCaseSensitive(json, "folds"), *one = NULL;
  int f = 0;
  CHECK(cJSON_IsArray(folds) && cJSON_GetArraySize(folds) == r->fold_count, ST_FORMAT,
        "%s: folds must be a list of %d", what, r->fold_count);
  cJSON_ArrayForEach(one, folds) {
    double v[FOLD_NUMBERS];
    TRY(get_cells(v, FOLD_NUMBERS, one, "values", what));
    for (int i = 0; i < FOLD_NUMBERS; i++)
      CHECK(i == 3 || i == 4 || fabs(v[i]) < 1e9, ST_FORMAT, "%s: fold %d, number %d is %g", what,
            f, i, v[i]);
    r->folds[f++] = (struct ml_nested_fold){(int)v[0], (int)v[1],     (int)v[2],     v[3],
                                            v[4],      (int64_t)v[5], (int64_t)v[6], (int)v[7]};
  }
done:
  return st;
}

status ml_nested_from_json(struct ml_nested_result *out, const cJSON *json, const char *key,
                           const char *what) {
  status st = ST_OK;
  struct ml_nested_result r = {0};
  char stored[80];
  int n;
  double *cells = NULL;
  TRY(json_get_text(stored, sizeof stored, json, "key", what));
  CHECK(!strcmp(stored, key), ST_DOMAIN, "%s was made from other data or options", what);
  TRY(json_get_whole(&r.repeats, 1, 1000, json, "repeats", what));
  TRY(json_get_whole(&n, 1, 10000000, json, "n", what));
  TRY(json_get_whole(&r.fold_count, 1, 1000000, json, "fold_count", what));
  TRY(json_get_whole(&r.platt_refused, 0, r.fold_count, json, "platt_refused", what));
  r.n = n;
  /* before memory is asked for */
  CHECK((int64_t)r.repeats * n == cJSON_GetArraySize(json_find(json, "score")) &&
            r.fold_count == cJSON_GetArraySize(json_find(json, "folds")),
        ST_FORMAT, "%s: %d repeats of %d people in %d folds are not what it holds", what, r.repeats,
        n, r.fold_count);
  int count = r.repeats * n;
  r.score = malloc((size_t)count * sizeof *r.score);
  r.fold = malloc((size_t)count * sizeof *r.fold);
  r.folds = calloc((size_t)r.fold_count, sizeof *r.folds);
  cells = malloc((size_t)count * sizeof *cells);
  CHECK(r.score && r.fold && r.folds && cells, ST_MEMORY, "%s: %d scores", what, count);
  TRY(get_cells(r.score, count, json, "score", what));
  if (cJSON_GetObjectItemCaseSensitive(json, "probability")) {
    r.probability = malloc((size_t)count * sizeof *r.probability);
    CHECK(r.probability, ST_MEMORY, "%s: %d probabilities", what, count);
    TRY(get_cells(r.probability, count, json, "probability", what));
  }
  TRY(get_cells(cells, count, json, "fold", what));
  for (int i = 0; i < count; i++) {
    CHECK(cells[i] >= 0 && cells[i] < r.fold_count, ST_FORMAT,
          "%s: fold %g of row %d is out of range", what, cells[i], i);
    r.fold[i] = (int)cells[i];
  }
  TRY(read_folds(&r, json, what));
  *out = r;
  memset(&r, 0, sizeof r);
done:
  free(cells);
  ml_nested_free(&r);
  return st;
}
