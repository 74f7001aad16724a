/* The last step: the record of all that was measured or withheld, and the report. It reads only
 * what the other steps wrote, by way of their tables. */
#include "core/file.h"
#include "core/log.h"
#include "core/sources.h"
#include "core/vertebra_frame.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the record ---- */

static status append_part(struct record *all, const struct study_case *c, const char *name,
                          int side) {
  status st = ST_OK;
  struct record *part = NULL;
  TRY(case_read_part(&part, c, name, side));
  TRY(record_append(all, part));
done:
  record_destroy(part);
  return st;
}

static void withheld_rows(struct record *r, const struct case_step *step, int side,
                          const char *reason) {
  for (int i = 0; i < STEP_WITHHELD && step->withheld[i].region; i++) {
    char name[64], region[64];
    snprintf(name, sizeof name, "%.50s%s", step->withheld[i].region, side < 0 ? "" : "_%s");
    case_side_text(region, sizeof region, name, side);
    record_withhold(r, region, step->withheld[i].quantity, step->withheld[i].unit, reason);
  }
}

/* The rows of one step, done or withheld. */
static status collect_step(struct record *r, struct study_case *c, int index) {
  status st = ST_OK;
  const struct case_graph_step *g = &c->graph->made[index];
  const struct graph_result *result = &c->graph->results[index];
  if (result->state == GRAPH_WITHHELD) {
    withheld_rows(r, g->step, g->side, result->reason);
  } else {
    if (g->step->part) TRY(append_part(r, c, g->step->name, g->side));
    if (g->step->rows) TRY(g->step->rows(r, c, g->side));
  }
done:
  return st;
}

static status collect(struct record **out, size_t row_ends[STUDY_STEPS], struct study_case *c) {
  status st = ST_OK;
  struct record *r = NULL;
  const struct femur_result *femora = NULL;
  TRY(record_create(&r, c->case_id));
  if (case_step_done(c, "femora", STEP_NO_SIDE)) TRY(case_femora(&femora, c));
  for (int i = 0; i < c->graph->count; i++) {
    const struct case_graph_step *g = &c->graph->made[i];
    if (g->step && !case_step_absent(g, femora))
      TRY(collect_step(r, c, i)); /* without step: this one */
    row_ends[i] = r->count;
  }
  *out = r;
  r = NULL;
done:
  record_destroy(r);
  return st;
}

/* ---- the report ---- */

static void headlines_of(struct case_page *page, const struct case_step *step, int side) {
  for (int i = 0; i < STEP_HEADLINES && step->headlines[i].region; i++) {
    char name[96], region[64], words[96];
    const char *given = step->headlines[i].words;
    snprintf(name, sizeof name, "%.50s%s", step->headlines[i].region, side < 0 ? "" : "_%s");
    case_side_text(region, sizeof region, name, side);
    snprintf(name, sizeof name, "%.80s%s", given, side < 0 ? "" : ", %s");
    case_side_text(words, sizeof words, name, side);
    const struct measurement *m = record_find(page->record, region, step->headlines[i].quantity);
    if (m) report_headline(page->report, words, m, step->headlines[i].interval);
  }
}

/* Those of one side together. */
static void tell_headlines(struct case_page *page) {
  for (int side = STEP_NO_SIDE; side < CASE_SIDES; side++)
    for (int i = 0; study_steps[i]; i++)
      if ((side == STEP_NO_SIDE) != study_steps[i]->each_side)
        headlines_of(page, study_steps[i], side);
}

static bool in_graph(const struct study_case *c, const struct case_step *step) {
  for (int i = 0; i < c->graph->count; i++)
    if (c->graph->made[i].step == step) return true;
  return false;
}

static status tell_step(struct case_page *page, const struct case_step *step) {
  status st = ST_OK;
  struct study_case *c = page->c;
  if (!in_graph(c, step) || (!step->section && !step->tell)) return st;
  if (!case_step_done(c, step->name, STEP_NO_SIDE)) return st; /* told above, under "Withheld" */
  if (step->section) report_section(page->report, step->section);
  if (!step->tell) return st;
  if (!step->each_side) return step->tell(page, STEP_NO_SIDE);
  for (int side = 0; side < CASE_SIDES; side++) {
    if (!case_step_done(c, step->name, side)) continue;
    report_subsection(page->report, side == 0 ? "Right femur" : "Left femur");
    TRY(step->tell(page, side));
  }
done:
  return st;
}

static void tell_methods(struct case_page *page) {
  report_section(page->report, "Methods");
  for (int i = 0; study_steps[i]; i++)
    if (study_steps[i]->methods && case_step_done(page->c, study_steps[i]->name, STEP_NO_SIDE))
      study_steps[i]->methods(page);
  report_subsection(page->report, "Sources");
  for (size_t i = 0; i < page->record->count; i++) page_source(page, page->record->rows[i].source);
  report_sources(page->report, page->keys, page->key_count);
  for (int i = 0; i < page->key_count; i++)
    if (source_find(page->keys[i])) provenance_source(page->c->provenance, page->keys[i]);
}

/* Without seconds: two runs give the same page but for the time in its provenance. */
static void list_steps(struct report *page, const struct study_case *c) {
  const struct case_graph *g = c->graph;
  static const char *const columns[] = {"Step", "Outcome"};
  report_table_begin(page, "Steps of this run; run.json has their seconds", columns, 2);
  for (int i = 0; i < g->count; i++) {
    bool absent = case_step_absent(&g->made[i], c->femora);
    const char *cells[] = {g->made[i].title, absent ? "no such femur"
                                             : g->results[i].state == GRAPH_WITHHELD ? "withheld"
                                                                                     : "done"};
    if (g->made[i].step) report_table_row(page, cells);
  }
  report_table_end(page);
}

static status fill_report(struct case_page *page, cJSON **provenance) {
  status st = ST_OK;
  struct report *r = page->report;
  tell_headlines(page);
  page_withheld(page);
  for (int i = 0; study_steps[i]; i++) TRY(tell_step(page, study_steps[i]));
  tell_methods(page);
  *provenance = provenance_to_json(page->c->provenance); /* with the sources of the methods */
  CHECK(*provenance, ST_MEMORY, "provenance of the report");
  report_section(r, "Provenance");
  list_steps(r, page->c);
  report_provenance(r, *provenance);
  /* last: some hundred rows, behind which nothing would be found */
  report_section(r, "All measurements");
  report_paragraph(r,
                   "The same rows, with all digits, are in record.csv and record.json beside "
                   "this page. A withheld value is an empty cell there, never a zero. The interval "
                   "of what rests on density holds the error of the calibration. For the hip it "
                   "also holds what outline, frame, sections and cortex of digital people were off "
                   "in slices like these, whose bone is more regular than a person's: what a real "
                   "bone adds, and another scan of the same person, is not in it. The interval of "
                   "a failure load also moves outline and mesh.");
  report_measurements(r, page->record, NULL);
done:
  return st;
}

status step_report(struct study_case *c) {
  status st = ST_OK;
  struct record *record = NULL;
  struct report *report = NULL;
  cJSON *provenance = NULL;
  char path[CASE_PATH];
  struct case_page page = {.c = c};
  TRY(collect(&record, page.row_ends, c));
  TRY(report_create(&report, "Quantitative CT report", c->case_id));
  page.report = report;
  page.record = record;
  TRY(fill_report(&page, &provenance));
  TRY(case_path(path, c, "record.csv"));
  TRY(record_write(record, path, NULL, true));
  TRY(case_path(path, c, "record.json"));
  TRY(record_write(record, path, provenance, true));
  TRY(case_path(path, c, "report.html"));
  TRY(report_write(report, path, true));
done:
  record_destroy(record);
  report_destroy(report);
  cJSON_Delete(provenance);
  return st;
}

/* ---- for the steps ---- */

/* Cells of one row; false when the record has none of them. */
static bool table_row(char text[PAGE_COLUMNS][32], const struct record *record, const char *region,
                      const struct page_column *columns, int count) {
  bool any = false;
  for (int i = 0; i < count; i++) {
    const struct measurement *m = record_find(record, region, columns[i].quantity);
    report_number(text[i], m ? m->value : (double)NAN, m ? measurement_half_width(m) : (double)NAN);
    any |= m != NULL;
  }
  return any;
}

void page_table(struct case_page *page, int side, const char *title, const char *first,
                const struct page_row *rows, int row_count, const struct page_column *columns,
                int column_count) {
  char heads[PAGE_COLUMNS][64], text[PAGE_COLUMNS][32], region[96];
  const char *cells[1 + PAGE_COLUMNS] = {first};
  for (int i = 0; i < column_count; i++) {
    snprintf(heads[i], sizeof heads[i], "#%s", columns[i].head); /* "#": numbers, to the right */
    cells[1 + i] = heads[i];
  }
  report_table_begin(page->report, title, cells, (size_t)column_count + 1);
  for (int i = 0; i < column_count; i++) cells[1 + i] = text[i];
  for (int r = 0; r < row_count; r++) {
    snprintf(region, sizeof region, "%s%s%s", rows[r].region, side == STEP_NO_SIDE ? "" : "_",
             side == STEP_NO_SIDE ? "" : side_name(case_sides[side]));
    if (!table_row(text, page->record, region, columns, column_count)) continue;
    cells[0] = rows[r].name;
    report_table_row(page->report, cells);
  }
  report_table_end(page->report);
}

void page_levels(struct case_page *page, const char *title, const struct page_column *columns,
                 int column_count) {
  struct page_row rows[VERTEBRA_LEVELS];
  for (int i = 0; i < VERTEBRA_LEVELS; i++)
    rows[i] = (struct page_row){vertebra_level_name(i), vertebra_level_name(i)};
  page_table(page, STEP_NO_SIDE, title, "Level", rows, VERTEBRA_LEVELS, columns, column_count);
}

status page_image(struct case_page *page, const char *format, int side, const char *alt,
                  const char *caption, const struct report_reading *reading) {
  status st = ST_OK;
  char path[CASE_PATH], *data = NULL;
  size_t length = 0;
  TRY(case_side_path(path, page->c, format, side));
  if (!file_exists(path)) return ST_OK;
  TRY(file_read(&data, &length, path, 0));
  report_image(page->report, data, length, alt, caption, reading);
done:
  free(data);
  return st;
}

void page_source(struct case_page *page, const char *key) {
  for (int i = 0; i < page->key_count; i++)
    if (strcmp(page->keys[i], key) == 0) return;
  if (page->key_count < STEP_PAGE_KEYS && key[0]) page->keys[page->key_count++] = key;
}
