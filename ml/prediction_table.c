#define _POSIX_C_SOURCE 200809L /* strdup */
#include "ml/prediction_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cell {
  size_t row; /* of the table */
  double repeat;
  char who[96];
};

static int by_repeat_and_who(const void *a, const void *b) {
  const struct cell *p = a, *q = b;
  if (p->repeat != q->repeat) return p->repeat < q->repeat ? -1 : 1;
  int order = strcmp(p->who, q->who);
  return order ? order : p->row < q->row ? -1 : p->row > q->row;
}

static void cell_text(char *out, size_t size, const struct table *t, int column, size_t row) {
  if (t->columns[column].numeric)
    snprintf(out, size, "%012.15g", t->columns[column].numbers[row]);
  else
    snprintf(out, size, "%s", t->columns[column].texts[row]);
}

/* Rows of the wanted run, sorted by repeat and person. */
static status choose_rows(struct cell **out, size_t *count, const struct table *t,
                          const char *run_name) {
  status st = ST_OK;
  int run = table_find(t, "run"), repeat = table_find(t, "repeat"), who = table_find(t, "row");
  if (who < 0) who = table_find(t, "person");
  size_t n = 0;
  char first[96] = "";
  struct cell *cells = malloc((t->row_count + 1) * sizeof *cells);
  CHECK(cells, ST_MEMORY, "reading %zu predictions", t->row_count);
  CHECK(!run_name || run >= 0, ST_DOMAIN, "the table has no column \"run\" to find \"%s\" in",
        run_name);
  for (size_t i = 0; i < t->row_count; i++) {
    char text[96] = "";
    if (run >= 0) cell_text(text, sizeof text, t, run, i);
    if (run_name && strcmp(text, run_name) != 0) continue;
    if (!n) snprintf(first, sizeof first, "%s", text);
    CHECK(!strcmp(first, text), ST_DOMAIN,
          "the table holds several runs (\"%s\", \"%s\", ...): name one with --run", first, text);
    cells[n].row = i;
    cells[n].repeat = repeat >= 0 && t->columns[repeat].numeric ? t->columns[repeat].numbers[i] : 1;
    if (who >= 0)
      cell_text(cells[n].who, sizeof cells[n].who, t, who, i);
    else
      snprintf(cells[n].who, sizeof cells[n].who, "%012zu", i + 1);
    n++;
  }
  CHECK(n > 0, ST_DOMAIN, "no prediction%s%s", run_name ? " of run " : "",
        run_name ? run_name : "");
  qsort(cells, n, sizeof *cells, by_repeat_and_who);
  *out = cells;
  *count = n;
  cells = NULL;
done:
  free(cells);
  return st;
}

static status numeric_values(const double **out, const struct table *t, const char *name) {
  status st = ST_OK;
  *out = NULL;
  if (!name) goto done;
  int c = table_find(t, name);
  CHECK(c >= 0, ST_DOMAIN, "the predictions have no column \"%s\"", name);
  if (!t->columns[c].numeric) { /* a column without a single value reads as text */
    for (size_t i = 0; i < t->row_count; i++)
      CHECK(!t->columns[c].texts[i][0], ST_DOMAIN, "column \"%s\" holds text, numbers are needed",
            name);
    goto done;
  }
  *out = t->columns[c].numbers;
done:
  return st;
}

static int all_missing(const double *values, const struct cell *cells, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isnan(values[cells[i].row])) return 0;
  return 1;
}

static status allocate(struct ml_prediction_table *p, size_t count, size_t n, int probability,
                       int time) {
  status st = ST_OK;
  p->score = malloc(count * sizeof *p->score);
  p->outcome = malloc(n * sizeof *p->outcome);
  p->person = malloc(n * sizeof *p->person);
  p->names = calloc(n, sizeof *p->names);
  if (probability) p->probability = malloc(count * sizeof *p->probability);
  if (time) p->target = malloc(n * sizeof *p->target);
  CHECK(p->score && p->outcome && p->person && p->names && (!probability || p->probability) &&
            (!time || p->target),
        ST_MEMORY, "reading %zu predictions", count);
done:
  return st;
}

status ml_prediction_table_make(struct ml_prediction_table *out, const struct table *t,
                                const struct ml_prediction_columns *columns) {
  status st = ST_OK;
  struct ml_prediction_table p = {0};
  struct cell *cells = NULL;
  size_t count = 0, n = 0;
  const double *score, *probability, *outcome, *time;
  TRY(choose_rows(&cells, &count, t, columns->run));
  TRY(numeric_values(&score, t, columns->score));
  TRY(numeric_values(&probability, t, columns->probability));
  TRY(numeric_values(&outcome, t, columns->outcome));
  TRY(numeric_values(&time, t, columns->time));
  CHECK(score && outcome, ST_DOMAIN, "columns \"%s\" and \"%s\" must hold numbers", columns->score,
        columns->outcome);
  if (probability && all_missing(probability, cells, count)) probability = NULL;
  if (time && all_missing(time, cells, count)) time = NULL;
  while (n < count && cells[n].repeat == cells[0].repeat) n++;
  CHECK(count % n == 0, ST_DOMAIN, "%zu predictions do not make whole repeats of %zu people", count,
        n);
  TRY(allocate(&p, count, n, probability != NULL, time != NULL));
  p.view.n = (int64_t)n; /* so that a failure below frees what is there */
  for (size_t i = 0; i < count; i++) {
    size_t who = i % n;
    CHECK(!strcmp(cells[i].who, cells[who].who) && cells[i].repeat == cells[i - who].repeat,
          ST_DOMAIN, "repeat %g does not hold the same people as the first repeat",
          cells[i].repeat);
    CHECK(!who || strcmp(cells[i].who, cells[i - 1].who), ST_DOMAIN,
          "a person stands twice in repeat %g", cells[i].repeat);
    p.score[i] = score[cells[i].row];
    if (probability) p.probability[i] = probability[cells[i].row];
  }
  for (size_t i = 0; i < n; i++) {
    double y = outcome[cells[i].row];
    CHECK(y == 0 || y == 1 || (time && y == 2), ST_DOMAIN,
          "outcome of prediction %zu is %g: must be 0 or 1%s", i + 1, y, time ? " or 2" : "");
    p.outcome[i] = (int)y;
    p.person[i] = (int64_t)i;
    if (time) p.target[i] = time[cells[i].row];
    p.names[i] = strdup(cells[i].who);
    CHECK(p.names[i], ST_MEMORY, "reading %zu predictions", count);
  }
  p.view = (struct ml_predictions){time ? ML_SURVIVAL : ML_BINARY,
                                   (int64_t)n,
                                   (int)(count / n),
                                   p.score,
                                   p.probability,
                                   p.outcome,
                                   p.target,
                                   NULL};
  *out = p;
  memset(&p, 0, sizeof p);
done:
  free(cells);
  ml_prediction_table_free(&p);
  return st;
}

void ml_prediction_table_free(struct ml_prediction_table *p) {
  for (int64_t i = 0; p->names && i < p->view.n; i++) free(p->names[i]);
  free(p->score);
  free(p->probability);
  free(p->target);
  free(p->outcome);
  free(p->person);
  free(p->names);
  memset(p, 0, sizeof *p);
}
