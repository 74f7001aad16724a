/* The report of a cohort: whether its scanners agree and stay as they are. */
#include "calibration/quality.h"
#include "study/cohort_page.h"
#include "study/page_calibration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The calibrations of cases with a phantom and a day, for the control charts of calibration. */
static status read_history(struct cal_history **out, struct cohort_page *p, int day) {
  status st = ST_OK;
  struct cal_history *h = calloc(1, sizeof *h);
  CHECK(h, ST_MEMORY, "calibrations of a cohort");
  h->scans = calloc(p->rows + 1, sizeof *h->scans);
  CHECK(h->scans, ST_MEMORY, "calibrations of a cohort");
  for (size_t r = 0; r < p->rows; r++) {
    char name[256], path[4096];
    struct cal_scan *scan = &h->scans[h->count];
    double days = p->t->wide->columns[day].numbers[r];
    if (cohort_outcome_of(p, r)->state != COHORT_DONE || isnan(days)) continue;
    snprintf(name, sizeof name, "%s/calibration.json", p->t->cohort->cases[p->t->rows[r]].folder);
    TRY(cohort_path(path, p->t->folder, name));
    if (calibration_read(&scan->calibration, path) != ST_OK) {
      status_clear(); /* withheld in that case */
      continue;
    }
    if (strncmp(scan->calibration.method, "phantom", 7) != 0) continue;
    scan->days = (int64_t)days;
    h->count++;
  }
  *out = h;
  h = NULL;
done:
  cal_history_destroy(h);
  return st;
}

static int by_key_and_day(const void *a, const void *b) {
  const struct cal_scan *x = a, *y = b;
  int k = strcmp(x->calibration.scanner_key, y->calibration.scanner_key);
  if (!k) k = strcmp(x->calibration.phantom, y->calibration.phantom);
  return k ? k : (x->days > y->days) - (x->days < y->days);
}

static void tell_calibration_strip(struct cohort_page *p) {
  int column = table_find(p->t->wide, "scan.calibration_slope");
  char words[256];
  if (column < 0) return;
  /* a single scanner is a group too; too many to show are none */
  const bool by_scanner = cohort_group_by(p, "scanner") ||
                          (p->group_count == 1 && strcmp(p->group_title, "scanner") == 0);
  if (!by_scanner) cohort_choose_groups(p);
  cohort_measure_words(words, &p->t->wide->columns[column]);
  const struct report_strip strip = {.axis = words,
                                     .count = p->rows,
                                     .values = p->t->wide->columns[column].numbers,
                                     .groups = p->groups,
                                     .group_names = p->names,
                                     .group_count = p->group_count,
                                     .labels = p->labels,
                                     .links = p->links};
  const struct report_reading reading = {
      .good = "In a good picture the points of one scanner lie close together.",
      .bad =
          "A scanner apart from the others measures other densities for the same HU; that is what "
          "the calibration takes out. A point apart from its scanner is a calibration to look at.",
      .act = "Open a point beyond the fences and look at its rods or tissue samples."};
  report_strips(p->report, &strip,
                by_scanner ? "Slope of the calibration by scanner." : "Slope of the calibration.",
                &reading);
  cohort_choose_groups(p);
}

status cohort_tell_scanners(struct cohort_page *p) {
  status st = ST_OK;
  struct cal_history *h = NULL;
  int day = table_find(p->t->wide, "day");
  report_section(p->report, "Scanners");
  tell_calibration_strip(p);
  report_subsection(p->report, "Drift");
  if (day < 0 || !p->t->wide->columns[day].numeric) {
    report_paragraph(p->report,
                     "Not judged: the manifest has no column day [d], the day of each scan "
                     "counted from any start.");
    return st;
  }
  TRY(read_history(&h, p, day));
  qsort(h->scans, h->count, sizeof *h->scans, by_key_and_day);
  size_t begin = 0, end = 0;
  while (cal_history_next(h, &begin, &end))
    TRY(page_drift(p->report, h->scans + begin, end - begin));
  if (!h->count) report_paragraph(p->report, "No scan has both a phantom and a day.");
done:
  cal_history_destroy(h);
  return st;
}
