#include "core/evidence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status evidence_add(struct evidence *e, const char *claim, const char *from, const char *unit,
                    double expected, double computed, double permitted) {
  status st = ST_OK;
  if (e->count == e->capacity) {
    const size_t capacity = e->capacity ? 2 * e->capacity : 64;
    struct evidence_row *grown = realloc(e->rows, capacity * sizeof *grown);
    CHECK(grown, ST_MEMORY, "listing %zu rows of evidence", capacity);
    e->rows = grown;
    e->capacity = capacity;
  }
  struct evidence_row *r = &e->rows[e->count++];
  *r = (struct evidence_row){.expected = expected,
                             .computed = computed,
                             .permitted = permitted,
                             .agrees = fabs(computed - expected) <= permitted};
  snprintf(r->area, sizeof r->area, "%s", e->area ? e->area : "");
  snprintf(r->claim, sizeof r->claim, "%s", claim);
  snprintf(r->from, sizeof r->from, "%s", from);
  snprintf(r->unit, sizeof r->unit, "%s", unit);
done:
  return st;
}

void evidence_free(struct evidence *e) {
  free(e->rows);
  *e = (struct evidence){0};
}

size_t evidence_missed(const struct evidence *e, const char *area, size_t *rows) {
  size_t missed = 0, all = 0;
  for (size_t i = 0; i < e->count; i++) {
    if (area && strcmp(area, e->rows[i].area)) continue;
    all++;
    missed += !e->rows[i].agrees;
  }
  if (rows) *rows = all;
  return missed;
}

status evidence_table(struct table **out, const struct evidence *e) {
  static const struct {
    const char *name;
    bool numeric;
  } columns[] = {{"area", false},      {"claim", false},    {"answer from", false},
                 {"unit", false},      {"expected", true},  {"computed", true},
                 {"difference", true}, {"permitted", true}, {"verdict", false}};
  status st = ST_OK;
  struct table *t = NULL;
  TRY(table_create(&t, e->count));
  for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++)
    TRY(table_add_column(t, columns[c].name, "", columns[c].numeric));
  for (size_t i = 0; i < e->count; i++) {
    const struct evidence_row *r = &e->rows[i];
    const char *const texts[] = {r->area, r->claim, r->from, r->unit};
    const double numbers[] = {r->expected, r->computed, r->computed - r->expected, r->permitted};
    for (size_t c = 0; c < 4; c++) {
      TRY(table_set_text(t, i, c, texts[c]));
      t->columns[4 + c].numbers[i] = numbers[c];
    }
    TRY(table_set_text(t, i, 8, r->agrees ? "ok" : "missed"));
  }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  return st;
}
