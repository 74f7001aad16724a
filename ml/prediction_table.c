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
    CHECK(isfinite(cells[n].repeat), ST_DOMAIN,
          "column \"repeat\" holds no number in row %zu: give each prediction its repeat, or leave "
          "the column out",
          i + 1);
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
  size_t row, numbers;
  *out = NULL;
  if (!name) goto done;
  int c = table_find(t, name);
  /* a column without a single value reads as text */
  if (c >= 0 && !t->columns[c].numeric && !table_first_text(&row, &numbers, t, c)) goto done;
  TRY(table_numbers(out, t, name, "prediction"));
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
  p->place = malloc(n * sizeof *p->place);
  p->names = calloc(n, sizeof *p->names);
  if (probability) p->probability = malloc(count * sizeof *p->probability);
  if (time) p->target = malloc(n * sizeof *p->target);
  CHECK(p->score && p->outcome && p->person && p->place && p->names &&
            (!probability || p->probability) && (!time || p->target),
        ST_MEMORY, "reading %zu predictions", count);
done:
  return st;
}

/* The numbers of one prediction; the message counts the rows of the table. */
static status take_row(struct ml_prediction_table *p, size_t at, size_t n, size_t row,
                       const double *score, const double *probability, const double *outcome,
                       const double *time) {
  status st = ST_OK;
  const size_t who = at % n, line = row + 1;
  const double y = outcome[row];
  CHECK(isfinite(score[row]), ST_DOMAIN, "score of row %zu is %g: a finite number is needed", line,
        score[row]);
  p->score[at] = score[row];
  if (probability) {
    p->probability[at] = probability[row];
    CHECK(!(probability[row] < 0 || probability[row] > 1), ST_DOMAIN,
          "probability of row %zu is %g: must be 0 to 1%s", line, probability[row],
          probability[row] > 1 && probability[row] <= 100 ? " (per cent? divide by 100)" : "");
  }
  CHECK(y == 0 || y == 1 || (time && y == 2), ST_DOMAIN,
        "outcome of row %zu is %g: must be 0 or 1%s", line, y, time ? " or 2" : "");
  CHECK(at < n || p->outcome[who] == (int)y, ST_DOMAIN,
        "outcome of row %zu is %g, in the first repeat it was %d", line, y, p->outcome[who]);
  p->outcome[who] = (int)y;
  if (!time) goto done;
  CHECK(time[row] > 0 && isfinite(time[row]), ST_DOMAIN,
        "time of row %zu is %g: must be greater than 0", line, time[row]);
  CHECK(at < n || p->target[who] == time[row], ST_DOMAIN,
        "time of row %zu is %g, in the first repeat it was %g", line, time[row], p->target[who]);
  p->target[who] = time[row];
done:
  return st;
}

struct named {
  char who[96];
  size_t at;
};

static int by_person(const void *a, const void *b) {
  const struct named *p = a, *q = b;
  int order = strcmp(p->who, q->who);
  return order ? order : p->at < q->at ? -1 : p->at > q->at;
}

/* Rows of one person carry the number of its first; a row without a name is a person. */
static status group_people(struct ml_prediction_table *p, const struct table *t,
                           const struct cell *cells, size_t n) {
  status st = ST_OK;
  const int person = table_find(t, "person");
  struct named *sorted = malloc((n + 1) * sizeof *sorted);
  CHECK(sorted, ST_MEMORY, "grouping %zu predictions", n);
  for (size_t i = 0; i < n; i++) {
    p->person[i] = (int64_t)i;
    sorted[i] = (struct named){.who = "", .at = i};
    if (person >= 0) cell_text(sorted[i].who, sizeof sorted[i].who, t, person, cells[i].row);
  }
  qsort(sorted, n, sizeof *sorted, by_person);
  for (size_t i = 1; i < n; i++)
    if (sorted[i].who[0] && strcmp(sorted[i].who, sorted[i - 1].who) == 0)
      p->person[sorted[i].at] = p->person[sorted[i - 1].at];
done:
  free(sorted);
  return st;
}

/* Where each stood in the table the predictions were made from. */
static status find_places(struct ml_prediction_table *p, const struct table *t,
                          const struct cell *cells, size_t n) {
  status st = ST_OK;
  const int row = table_find(t, "row");
  size_t first = SIZE_MAX;
  for (size_t i = 0; i < n; i++) first = cells[i].row < first ? cells[i].row : first;
  for (size_t i = 0; i < n; i++) {
    double number = row >= 0 && t->columns[row].numeric ? t->columns[row].numbers[cells[i].row] - 1
                                                        : (double)(cells[i].row - first);
    CHECK(number >= 0 && number == floor(number) && number < 1e9, ST_DOMAIN,
          "column \"row\" holds %g in row %zu: whole numbers from 1 are needed", number + 1,
          cells[i].row + 1);
    p->place[i] = (size_t)number;
  }
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
  for (size_t i = 1; i < count; i++)
    CHECK(cells[i].repeat != cells[i - 1].repeat || strcmp(cells[i].who, cells[i - 1].who),
          ST_DOMAIN,
          "\"%s\" stands twice in repeat %g, in rows %zu and %zu: when a person has several rows, "
          "number them in a column \"row\"",
          cells[i].who, cells[i].repeat, cells[i - 1].row + 1, cells[i].row + 1);
  CHECK(count % n == 0, ST_DOMAIN, "%zu predictions do not make whole repeats of %zu people", count,
        n);
  TRY(allocate(&p, count, n, probability != NULL, time != NULL));
  p.view.n = (int64_t)n; /* so that a failure below frees what is there */
  for (size_t i = 0; i < count; i++) {
    CHECK(!strcmp(cells[i].who, cells[i % n].who) && cells[i].repeat == cells[i - i % n].repeat,
          ST_DOMAIN, "repeat %g does not hold the same people as the first repeat",
          cells[i].repeat);
    TRY(take_row(&p, i, n, cells[i].row, score, probability, outcome, time));
  }
  for (size_t i = 0; i < n; i++) {
    p.names[i] = strdup(cells[i].who);
    CHECK(p.names[i], ST_MEMORY, "reading %zu predictions", count);
  }
  TRY(group_people(&p, t, cells, n));
  TRY(find_places(&p, t, cells, n));
  p.view = (struct ml_predictions){time ? ML_SURVIVAL : ML_BINARY,
                                   (int64_t)n,
                                   (int)(count / n),
                                   p.score,
                                   p.probability,
                                   p.outcome,
                                   p.target,
                                   p.person};
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
  free(p->place);
  free(p->names);
  memset(p, 0, sizeof *p);
}
