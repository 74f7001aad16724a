#define _DEFAULT_SOURCE /* strdup */
/* One table of all cases, from their folders, in the order of the ids. Two passes over the records,
 * one case in memory at a time. */
#include "core/csv.h"
#include "core/file.h"
#include "core/json.h"
#include "core/provenance.h"
#include "core/table_join.h"
#include "study/cohort.h"
#include "study/cohort_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the tables are made of ---- */

static status read_record(struct record **out, const struct cohort_tables *t, size_t i) {
  status st = ST_OK;
  char name[256], path[4096];
  *out = NULL;
  if (t->outcomes[i].state != COHORT_DONE) return ST_OK;
  snprintf(name, sizeof name, "%s/record.json", t->cohort->cases[i].folder);
  TRY(cohort_path(path, t->folder, name));
  TRY(record_read(out, path));
done:
  return st;
}

/* Facts of the scan that are words: "Scanner", "Kernel"; its digest. */
static status read_facts(struct cohort_tables *t, size_t i) {
  status st = ST_OK;
  char name[256], path[4096];
  cJSON *scan = NULL;
  const cJSON *fact;
  if (t->outcomes[i].state != COHORT_DONE) return ST_OK;
  snprintf(name, sizeof name, "%s/parts/scan.json", t->cohort->cases[i].folder);
  TRY(cohort_path(path, t->folder, name));
  TRY(json_read(&scan, path));
  const cJSON *digest = json_find(scan, "digest"); /* absent from results of earlier versions */
  if (cJSON_IsString(digest)) snprintf(t->digests[t->row], 65, "%.64s", digest->valuestring);
  cJSON_ArrayForEach(fact, json_find(scan, "facts")) {
    char key[64], value[256];
    TRY(json_get_text(key, sizeof key, fact, "name", "parts/scan.json"));
    TRY(json_get_text(value, sizeof value, fact, "value", "parts/scan.json"));
    if (strcmp(value, "not stated") == 0) continue;
    if (strcmp(key, "Scanner") == 0) TRY(table_set_text(t->wide, t->row, t->scanner, value));
    if (strcmp(key, "Kernel") == 0) TRY(table_set_text(t->wide, t->row, t->kernel, value));
  }
done:
  cJSON_Delete(scan);
  return st;
}

/* ---- columns ---- */

static void column_name(char name[96], const struct measurement *m) {
  if (m->region[0])
    snprintf(name, 96, "%.47s.%.47s", m->region, m->quantity);
  else
    snprintf(name, 96, "%.95s", m->quantity);
}

/* The columns of one case; they come in about the same order in every case, so the search starts
 * where the last one ended. */
static int find_column(const struct table *t, const char *name, size_t *hint) {
  size_t n = t->column_count;
  for (size_t k = 0; k < n; k++) {
    size_t at = (*hint + k) % n;
    if (strcmp(t->columns[at].name, name) != 0) continue;
    *hint = at + 1 < n ? at + 1 : 0;
    return (int)at;
  }
  return -1;
}

static status add_columns(struct table *wide, const struct record *r, size_t *hint) {
  status st = ST_OK;
  for (size_t i = 0; i < r->count; i++) {
    char name[96];
    column_name(name, &r->rows[i]);
    int at = find_column(wide, name, hint);
    if (at < 0)
      TRY(table_add_column(wide, name, r->rows[i].unit, true));
    else
      CHECK(strcmp(wide->columns[at].unit, r->rows[i].unit) == 0, ST_FORMAT,
            "%s comes in %s and, in %s, in %s: the cases were measured by different programs", name,
            wide->columns[at].unit, r->case_id, r->rows[i].unit);
  }
done:
  return st;
}

static status fill_row(struct cohort_tables *t, const struct record *r, size_t *hint) {
  status st = ST_OK;
  for (size_t i = 0; i < r->count; i++) {
    char name[96];
    column_name(name, &r->rows[i]);
    int at = find_column(t->wide, name, hint);
    CHECK(at >= 0, ST_FORMAT, "%s: its record changed while the tables were made", r->case_id);
    t->wide->columns[at].numbers[t->row] = r->rows[i].value;
    if (isnan(r->rows[i].value)) {
      t->withheld++;
      if (!t->reasons[at]) t->reasons[at] = strdup(r->rows[i].flags);
    } else {
      t->measured++;
    }
  }
done:
  return st;
}

static status add_covariates(struct cohort_tables *t) {
  status st = ST_OK;
  const struct table *from = t->cohort->covariates;
  for (size_t k = 0; k < from->column_count; k++) {
    const struct table_column *c = &from->columns[k];
    size_t at = t->wide->column_count;
    TRY(table_add_column(t->wide, c->name, c->unit, c->numeric));
    for (size_t row = 0; row < t->wide->row_count; row++) {
      size_t i = t->rows[row];
      if (c->numeric)
        t->wide->columns[at].numbers[row] = c->numbers[i];
      else
        TRY(table_set_text(t->wide, row, at, c->texts[i]));
    }
  }
done:
  return st;
}

static status add_text_column(size_t *at, struct table *t, const char *name) {
  *at = t->column_count;
  return table_add_column(t, name, "", false);
}

/* ---- the tables ---- */

static status make_wide(struct cohort_tables *t) {
  status st = ST_OK;
  struct record *r = NULL;
  size_t id = 0, state = 0, hint = 0;
  TRY(table_create(&t->wide, t->row_count));
  TRY(add_text_column(&id, t->wide, "case"));
  TRY(add_covariates(t));
  TRY(add_text_column(&state, t->wide, "state"));
  TRY(add_text_column(&t->scanner, t->wide, "scanner"));
  TRY(add_text_column(&t->kernel, t->wide, "kernel"));
  t->first_measure = t->wide->column_count;
  t->digests = calloc(t->row_count + 1, sizeof *t->digests);
  CHECK(t->digests, ST_MEMORY, "table of %zu cases", t->row_count);
  for (t->row = 0; t->row < t->row_count; t->row++) {
    TRY(read_record(&r, t, t->rows[t->row]));
    if (r) TRY(add_columns(t->wide, r, &hint));
    record_destroy(r);
    r = NULL;
  }
  hint = 0;
  t->missing = calloc(t->wide->column_count + 1, sizeof *t->missing);
  t->reasons = calloc(t->wide->column_count + 1, sizeof *t->reasons);
  CHECK(t->missing && t->reasons, ST_MEMORY, "table of %zu cases", t->row_count);
  for (t->row = 0; t->row < t->row_count; t->row++) {
    size_t i = t->rows[t->row];
    TRY(table_set_text(t->wide, t->row, id, t->cohort->cases[i].id));
    TRY(table_set_text(t->wide, t->row, state, cohort_state_name(t->outcomes[i].state)));
    TRY(read_facts(t, i));
    TRY(read_record(&r, t, i));
    if (r) TRY(fill_row(t, r, &hint));
    for (size_t k = t->first_measure; r && k < t->wide->column_count; k++)
      if (isnan(t->wide->columns[k].numbers[t->row])) t->missing[k]++;
    record_destroy(r);
    r = NULL;
  }
done:
  record_destroy(r);
  return st;
}

/* record.csv: the records of the cases, one after the other. */
static status write_long(struct cohort_tables *t) {
  status st = ST_OK;
  char path[4096], name[256], *data = NULL;
  size_t length = 0;
  FILE *f = NULL;
  struct file_aside aside = {.open = false};
  bool headed = false;
  TRY(cohort_path(path, t->folder, "record.csv"));
  TRY(file_aside_begin(&aside, path, true));
  f = fopen(aside.temporary, "wb");
  CHECK(f, ST_IO, "record.csv of the cohort cannot be written");
  for (size_t row = 0; row < t->row_count; row++) {
    size_t i = t->rows[row];
    if (t->outcomes[i].state != COHORT_DONE) continue;
    snprintf(name, sizeof name, "%s/record.csv", t->cohort->cases[i].folder);
    TRY(cohort_path(path, t->folder, name));
    TRY(file_read(&data, &length, path, 0));
    const char *from = data;
    if (headed && strchr(from, '\n')) from = strchr(from, '\n') + 1;
    fwrite(from, 1, length - (size_t)(from - data), f);
    headed = true;
    free(data);
    data = NULL;
  }
  if (!headed) fputs("case,region,quantity,value,unit,low,high,n,method,source,flags\n", f);
  int failed = ferror(f) | fclose(f);
  f = NULL;
  CHECK(!failed, ST_IO, "record.csv of the cohort cannot be written whole");
  TRY(file_aside_commit(&aside));
done:
  if (f) fclose(f);
  file_aside_abandon(&aside);
  free(data);
  return st;
}

static status write_text(struct cohort_tables *t, const char *name, struct text *text) {
  status st = ST_OK;
  char path[4096];
  TRY(text_check(text, name));
  TRY(cohort_path(path, t->folder, name));
  TRY(file_write(path, text->data ? text->data : "", text->length, true));
done:
  return st;
}

static status write_status(struct cohort_tables *t) {
  struct text s = {0};
  text_append(&s, "case,state,exit,seconds,memory [MiB],reason\n");
  for (size_t row = 0; row < t->row_count; row++) {
    const struct cohort_outcome *o = &t->outcomes[t->rows[row]];
    csv_append_cell(&s, t->cohort->cases[t->rows[row]].id);
    text_append(&s, ",%s,", cohort_state_name(o->state));
    if (o->state == COHORT_WAITING)
      text_append(&s, ",,,");
    else
      text_append(&s, "%d,%.1f,%.0f,", o->exit, o->seconds, o->peak_mib);
    csv_append_cell(&s, o->reason);
    text_append(&s, "\n");
  }
  status st = write_text(t, "status.csv", &s);
  text_free(&s);
  return st;
}

static status write_failures(struct cohort_tables *t, const char *const again[2]) {
  struct text s = {0}, line = {0};
  text_append(&s, "case,state,reason,again\n");
  for (size_t row = 0; row < t->row_count; row++) {
    const struct cohort_case *k = &t->cohort->cases[t->rows[row]];
    const struct cohort_outcome *o = &t->outcomes[t->rows[row]];
    if (o->state != COHORT_FAILED && o->state != COHORT_REFUSED) continue;
    line.length = 0;
    text_append(&line, "%s%s%s", again[0], k->id, again[1]);
    csv_append_cell(&s, k->id);
    text_append(&s, ",%s,", cohort_state_name(o->state));
    csv_append_cell(&s, o->reason);
    text_append(&s, ",");
    csv_append_cell(&s, line.data ? line.data : "");
    text_append(&s, "\n");
  }
  status st = write_text(t, "failures.csv", &s);
  text_free(&s);
  text_free(&line);
  return st;
}

/* ---- BIDS ---- */

/* A cell of a TSV, which knows no quotes: what would part it becomes a blank. */
static void append_tsv(struct text *s, const char *cell) {
  for (; *cell; cell++) text_append_raw(s, strchr("\t\r\n", *cell) ? " " : cell, 1);
}

static status write_participants(struct cohort_tables *t) {
  struct text s = {0};
  const struct table *c = t->cohort->covariates;
  text_append(&s, "participant_id");
  for (size_t k = 0; k < c->column_count; k++) {
    text_append(&s, "\t");
    append_tsv(&s, c->columns[k].name);
  }
  text_append(&s, "\n");
  for (size_t row = 0; row < t->row_count; row++) {
    size_t i = t->rows[row];
    text_append(&s, "%s", t->cohort->cases[i].folder);
    for (size_t k = 0; k < c->column_count; k++) {
      const struct table_column *column = &c->columns[k];
      text_append(&s, "\t");
      if (!column->numeric)
        append_tsv(&s, column->texts[i][0] ? column->texts[i] : "n/a");
      else if (isnan(column->numbers[i]))
        text_append(&s, "n/a");
      else
        text_append_number(&s, column->numbers[i]);
    }
    text_append(&s, "\n");
  }
  status st = write_text(t, "participants.tsv", &s);
  text_free(&s);
  return st;
}

static status write_description(struct cohort_tables *t, const cJSON *provenance) {
  status st = ST_OK;
  char path[4096];
  cJSON *json = cJSON_CreateObject(), *by = cJSON_CreateObject();
  cJSON *list = cJSON_AddArrayToObject(json, "GeneratedBy");
  CHECK(json && by && list, ST_MEMORY, "description of the result folder");
  json_add_text(json, "Name", "qct cohort");
  json_add_text(json, "BIDSVersion", "1.8.0");
  json_add_text(json, "DatasetType", "derivative");
  json_add_text(by, "Name", "qct");
  json_add_text(by, "Version", program_version());
  cJSON_AddItemToArray(list, by);
  by = NULL;
  cJSON *copy = cJSON_Duplicate(provenance, 1);
  cJSON_DeleteItemFromObjectCaseSensitive(copy, "created");
  cJSON_AddItemToObject(json, "Provenance", copy);
  TRY(cohort_path(path, t->folder, "dataset_description.json"));
  TRY(json_write(json, path, true));
done:
  cJSON_Delete(json);
  cJSON_Delete(by);
  return st;
}

static status write_store(struct cohort_tables *t, const cJSON *provenance) {
  status st = ST_OK;
  char path[4096], *text = NULL;
  cJSON *copy = cJSON_Duplicate(provenance, 1);
  CHECK(copy, ST_MEMORY, "provenance of the table");
  cJSON_DeleteItemFromObjectCaseSensitive(copy, "created"); /* the same bytes each time */
  TRY(json_print(&text, copy));
  TRY(cohort_path(path, t->folder, "measurements.h5"));
  TRY(table_store_write(t->wide, path, text, true));
done:
  cJSON_Delete(copy);
  free(text);
  return st;
}

/* ---- all ---- */

static status collect(struct cohort_tables *t, const struct cohort_options *o,
                      struct cohort_summary *summary) {
  status st = ST_OK;
  size_t n = t->cohort->count;
  t->outcomes = calloc(n + 1, sizeof *t->outcomes);
  t->rows = calloc(n + 1, sizeof *t->rows);
  CHECK(t->outcomes && t->rows, ST_MEMORY, "tables of %zu scans", n);
  memset(summary->counts, 0, sizeof summary->counts);
  for (size_t i = 0; i < n; i++) {
    if (cohort_is_opted_out(o, t->cohort->cases[i].id))
      t->outcomes[i].state = COHORT_OPTED_OUT;
    else
      TRY(cohort_outcome_read(&t->outcomes[i], t->folder, &t->cohort->cases[i]));
    if (t->outcomes[i].state != COHORT_OPTED_OUT) t->rows[t->row_count++] = i;
    summary->counts[t->outcomes[i].state]++;
  }
done:
  return st;
}

status cohort_gather(struct cohort_summary *summary, const struct cohort *c, const char *folder,
                     const struct cohort_options *options, const cJSON *provenance) {
  status st = ST_OK;
  char path[4096];
  struct cohort_tables t = {.cohort = c, .folder = folder};
  TRY(cohort_path(path, folder, "status"));
  CHECK(file_is_directory(path), ST_USAGE, "the folder %s holds no cohort to gather", folder);
  file_aside_sweep(folder);
  TRY(cohort_drop_opted_out(c, folder, options));
  TRY(collect(&t, options, summary));
  TRY(make_wide(&t));
  TRY(cohort_path(path, folder, "measurements.csv"));
  TRY(table_write(t.wide, path, true));
  TRY(write_store(&t, provenance));
  TRY(write_long(&t));
  TRY(write_status(&t));
  TRY(write_failures(&t, options->again));
  TRY(write_participants(&t));
  TRY(write_description(&t, provenance));
  TRY(cohort_report(&t, summary, provenance));
  summary->measured = t.measured;
  summary->withheld = t.withheld;
done:
  for (size_t k = 0; t.reasons && k < t.wide->column_count; k++) free(t.reasons[k]);
  free(t.reasons);
  free(t.missing);
  free(t.digests);
  table_destroy(t.wide);
  free(t.outcomes);
  free(t.rows);
  return st;
}
