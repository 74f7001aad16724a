/* The report of a cohort: what was measured and what was not, how the cases lie beside one another,
 * and (study/cohort_scanners.c) whether the scanners agree and stay as they are. From the tables
 * only; the cases are links.
 */
#include "core/statistics.h"
#include "core/text.h"
#include "study/cohort_page.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 12 };

/* ---- groups ---- */

bool cohort_group_by(struct cohort_page *p, const char *name) {
  int column = table_find(p->t->wide, name);
  if (column < 0 || p->t->wide->columns[column].numeric) return false;
  p->group_count = 0;
  for (size_t r = 0; r < p->rows; r++) {
    const char *value = p->t->wide->columns[column].texts[r];
    int g = 0;
    p->groups[r] = -1;
    if (!value[0] && cohort_outcome_of(p, r)->state != COHORT_DONE) continue;
    if (!value[0]) value = "not stated";
    while (g < p->group_count && strcmp(p->names[g], value) != 0) g++;
    if (g == REPORT_STRIP_GROUPS) return false;
    if (g == p->group_count) p->names[p->group_count++] = value;
    p->groups[r] = g;
  }
  snprintf(p->group_title, sizeof p->group_title, "%s", name);
  return p->group_count > 1;
}

void cohort_choose_groups(struct cohort_page *p) {
  static const char *const names[] = {"site", "scanner", "sex"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (cohort_group_by(p, names[i])) return;
  p->group_count = 1;
  p->names[0] = "all";
  p->group_title[0] = '\0';
  memset(p->groups, 0, p->rows * sizeof *p->groups);
}

/* ---- measures ---- */

static void add_measure(struct cohort_page *p, const char *region, const char *quantity) {
  char name[160];
  snprintf(name, sizeof name, "%s.%s", region, quantity);
  int column = table_find(p->t->wide, name);
  if (column >= 0 && p->column_count < COHORT_MEASURES) p->columns[p->column_count++] = column;
}

/* The headlines of the analyses, each side. */
static void choose_measures(struct cohort_page *p) {
  for (int i = 0; study_steps[i]; i++)
    for (int k = 0; k < STEP_HEADLINES && study_steps[i]->headlines[k].region; k++)
      for (int s = 0; s < (study_steps[i]->each_side ? CASE_SIDES : 1); s++) {
        char format[96], region[96];
        snprintf(format, sizeof format, "%.80s%s", study_steps[i]->headlines[k].region,
                 study_steps[i]->each_side ? "_%s" : "");
        case_side_text(region, sizeof region, format, s);
        add_measure(p, region, study_steps[i]->headlines[k].quantity);
      }
}

void cohort_measure_words(char out[256], const struct table_column *c) {
  char key[96], region[96], quantity[96];
  snprintf(key, sizeof key, "%s", c->name);
  char *dot = strchr(key, '.');
  if (dot) *dot = '\0';
  report_region_words(region, dot ? key : "");
  report_quantity_words(quantity, dot ? dot + 1 : key);
  snprintf(out, 256, "%s%s%s%s%s%s", region, region[0] ? ": " : "", quantity,
           c->unit[0] ? " [" : "", c->unit, c->unit[0] ? "]" : "");
}

/* Outliers of a column within the groups; their names into `list`. */
static int mark_outliers(struct cohort_page *p, int column, char *list, size_t size) {
  const double *x = p->t->wide->columns[column].numbers;
  double *own = malloc((p->rows + 1) * sizeof *own);
  int found = 0;
  if (size) list[0] = '\0';
  for (int g = 0; own && g < p->group_count; g++) {
    double low, high;
    size_t n = 0;
    for (size_t r = 0; r < p->rows; r++)
      if (p->groups[r] == g) own[n++] = x[r];
    report_fences(&low, &high, NULL, own, n);
    for (size_t r = 0; r < p->rows; r++) {
      if (p->groups[r] != g || !(x[r] < low || x[r] > high)) continue;
      p->outliers[r]++;
      if (found++ < LISTED && size)
        snprintf(list + strlen(list), size - strlen(list), "%s%s", found > 1 ? ", " : "",
                 p->labels[r]);
    }
  }
  free(own);
  return found;
}

/* Has any group enough values for fences? */
static bool has_fences(const struct cohort_page *p, const double *x) {
  for (int g = 0; g < p->group_count; g++) {
    int n = 0;
    for (size_t i = 0; i < p->rows; i++)
      n += isfinite(x[i]) && (p->groups ? p->groups[i] == g : g == 0);
    if (n >= REPORT_STRIP_FENCED) return true;
  }
  return false;
}

static void tell_measure(struct cohort_page *p, int column) {
  const struct table_column *c = &p->t->wide->columns[column];
  char words[256], list[512], good[160], bad[640];
  int found = mark_outliers(p, column, list, sizeof list);
  cohort_measure_words(words, c);
  const struct report_strip strip = {.axis = words,
                                     .count = p->rows,
                                     .values = c->numbers,
                                     .groups = p->groups,
                                     .group_names = p->names,
                                     .group_count = p->group_count,
                                     .labels = p->labels,
                                     .links = p->links};
  snprintf(good, sizeof good, "No case lies beyond the fences of its group.");
  snprintf(bad, sizeof bad, "%d beyond the fences: %s%s.", found, list,
           found > LISTED ? " and others" : "");
  bool fences = has_fences(p, c->numbers);
  if (!fences)
    snprintf(bad, sizeof bad, "No group has the %d values that fences take.", REPORT_STRIP_FENCED);
  const struct report_reading reading = {
      .good = found || !fences ? NULL : good,
      .bad = found || !fences ? bad : NULL,
      .act = !fences ? "Open every case: an outlier among so few is not marked. A click on a point "
                       "opens it."
             : found
                 ? "Open these cases and look at outline, calibration and model before the values "
                   "are used; an outlier may be an error or a person. About 0.7 % of a normal "
                   "distribution lies beyond the fences."
                 : "Nothing. A click on a point opens its case."};
  report_strips(p->report, &strip, words, &reading);
}

/* ---- sections ---- */

static void tell_top(struct cohort_page *p, const struct cohort_summary *s) {
  char text[64], title[128];
  const size_t failed = s->counts[COHORT_FAILED], refused = s->counts[COHORT_REFUSED];
  for (int i = 0; i < COHORT_STATES; i++) {
    static const char *const names[] = {"Waiting", "Measured", "Refused", "Failed", "Opted out"};
    snprintf(text, sizeof text, "%zu", s->counts[i]);
    report_fact(p->report, names[i], text);
  }
  snprintf(text, sizeof text, "%zu", p->t->measured);
  report_fact(p->report, "Values", text);
  snprintf(text, sizeof text, "%zu", p->t->withheld);
  report_fact(p->report, "Values withheld", text);
  if (failed + refused) {
    snprintf(title, sizeof title, "%zu of %zu scans %s not measured.", failed + refused, p->rows,
             failed + refused == 1 ? "was" : "were");
    report_finding(p->report, REPORT_STOP, title,
                   "Reasons stand below, the command that does a scan again in failures.csv. What "
                   "is left may be a selected cohort.");
  } else if (s->counts[COHORT_WAITING]) {
    snprintf(title, sizeof title, "%zu scan%s waiting.", s->counts[COHORT_WAITING],
             s->counts[COHORT_WAITING] == 1 ? " is" : "s are");
    report_finding(p->report, REPORT_CAUTION, title, "Go on with --resume.");
  } else {
    report_finding(p->report, REPORT_GOOD, "Every scan was measured.",
                   "What single scans do not permit is withheld and counted below.");
  }
}

struct copy {
  const char *digest;
  size_t row;
};

static int by_digest(const void *a, const void *b) {
  const struct copy *p = a, *q = b;
  int order = strcmp(p->digest, q->digest);
  return order ? order : p->row < q->row ? -1 : p->row > q->row;
}

/* One scan under several ids is one person counted several times. */
static status tell_copies(struct cohort_page *p) {
  status st = ST_OK;
  size_t n = 0, groups = 0;
  struct text names = {0};
  struct copy *sorted = malloc((p->rows + 1) * sizeof *sorted);
  CHECK(sorted, ST_MEMORY, "looking for one scan under several ids among %zu", p->rows);
  for (size_t r = 0; r < p->rows; r++)
    if (p->t->digests[r][0]) sorted[n++] = (struct copy){p->t->digests[r], r};
  qsort(sorted, n, sizeof *sorted, by_digest);
  for (size_t i = 0; i < n;) {
    size_t j = i + 1;
    while (j < n && strcmp(sorted[j].digest, sorted[i].digest) == 0) j++;
    if (j - i > 1 && ++groups <= LISTED)
      for (size_t k = i; k < j; k++)
        text_append(&names, "%s%s",
                    k > i        ? " = "
                    : groups > 1 ? "; "
                                 : "",
                    p->labels[sorted[k].row]);
    i = j;
  }
  if (!groups) goto done;
  if (groups > LISTED) text_append(&names, "; and %zu more", groups - LISTED);
  TRY(text_check(&names, "scans under several ids"));
  text_append(&names, ". The files are the same to the byte, and count as different people in all "
                      "that follows. Leave all but one out (--opt-out), or mend their paths.");
  report_finding(p->report, REPORT_STOP, "One scan under several ids.", names.data);
done:
  text_free(&names);
  free(sorted);
  return st;
}

static void tell_failures(struct cohort_page *p) {
  static const char *const columns[] = {"Case", "State", "Reason"};
  size_t ended = 0, waiting = 0;
  for (size_t r = 0; r < p->rows; r++) {
    enum cohort_state state = cohort_outcome_of(p, r)->state;
    ended += state != COHORT_DONE && state != COHORT_WAITING;
    waiting += state == COHORT_WAITING;
  }
  if (!ended && !waiting) return;
  report_section(p->report, "Missing, refused and failed");
  if (waiting)
    report_paragraph(p->report, "%zu scan%s not tried yet; status.csv names them.", waiting,
                     waiting == 1 ? " was" : "s were");
  if (!ended) return;
  report_table_begin(p->report, "Scans without values", columns, 3);
  for (size_t r = 0; r < p->rows; r++) {
    const struct cohort_outcome *o = cohort_outcome_of(p, r);
    const char *cells[] = {p->labels[r], cohort_state_name(o->state), o->reason};
    if (o->state != COHORT_DONE && o->state != COHORT_WAITING) report_table_row(p->report, cells);
  }
  report_table_end(p->report);
}

static void tell_measures(struct cohort_page *p) {
  int cases = 0;
  report_section(p->report, "The cases beside one another");
  report_paragraph(p->report,
                   "One point a case%s%s; box and line are quartiles and median. Dashed lines are "
                   "Tukey's fences, 1.5 times the distance between the quartiles outside them, in "
                   "groups of %d or more; a case beyond them is a diamond with its name. A click "
                   "opens its report.",
                   p->group_title[0] ? ", in strips by " : "", p->group_title, REPORT_STRIP_FENCED);
  for (int i = 0; i < p->column_count; i++) tell_measure(p, p->columns[i]);
  if (!p->column_count)
    report_paragraph(p->report, "None of the measures of the reports is there.");
  for (size_t r = 0; r < p->rows; r++) cases += p->outliers[r] > 0;
  if (cases) {
    char title[96];
    snprintf(title, sizeof title, "%d case%s beyond a fence.", cases,
             cases == 1 ? " lies" : "s lie");
    report_finding(p->report, REPORT_CAUTION, title,
                   "They are named beside the strips and counted in the table of cases.");
  }
}

static void tell_group_row(struct cohort_page *p, const struct table_column *c, int group) {
  double q[3], *own = malloc((p->rows + 1) * sizeof *own);
  char cells[6][32], words[256];
  size_t n = 0, all = 0;
  for (size_t r = 0; own && r < p->rows; r++) {
    if (p->groups[r] != group) continue;
    all++;
    if (isfinite(c->numbers[r])) own[n++] = c->numbers[r];
  }
  report_fences(NULL, NULL, q, own, own ? n : 0);
  cohort_measure_words(words, c);
  snprintf(cells[0], 32, "%zu", n);
  snprintf(cells[1], 32, "%zu", all - n);
  report_number(cells[2], n ? stat_mean(own, (int64_t)n) : (double)NAN, (double)NAN);
  report_number(cells[3], n > 1 ? stat_sd(own, (int64_t)n, 1) : (double)NAN, (double)NAN);
  report_number(cells[4], q[1], (double)NAN);
  char low[32], high[32], range[72];
  report_number(low, q[0], (double)NAN);
  report_number(high, q[2], (double)NAN);
  snprintf(range, sizeof range, n ? "%s to %s" : "", low, high);
  const char *row[] = {group ? "" : words, p->names[group],       cells[0],          cells[1],
                       n ? cells[2] : "",  n > 1 ? cells[3] : "", n ? cells[4] : "", range};
  report_table_row(p->report, row);
  free(own);
}

static void tell_groups(struct cohort_page *p) {
  static const char *const columns[] = {"Measure", "Group", "#n",      "#Missing",
                                        "#Mean",   "#SD",   "#Median", "#Quartiles"};
  if (!p->column_count) return;
  report_section(p->report, "Groups");
  char caption[160] = "All cases";
  if (p->group_title[0]) snprintf(caption, sizeof caption, "By %s", p->group_title);
  report_table_begin(p->report, caption, columns, 8);
  for (int i = 0; i < p->column_count; i++)
    for (int g = 0; g < p->group_count; g++)
      tell_group_row(p, &p->t->wide->columns[p->columns[i]], g);
  report_table_end(p->report);
  report_paragraph(p->report,
                   "Groups differ in more than the scanner; a difference here is no "
                   "finding. `qct crosscal` and `qct risk train --site` treat scanners.");
}

static bool same_reason(const struct cohort_tables *t, size_t a, size_t b) {
  const char *of_a = t->reasons[a] ? t->reasons[a] : "", *of_b = t->reasons[b] ? t->reasons[b] : "";
  return t->missing[a] == t->missing[b] && strcmp(of_a, of_b) == 0;
}

/* "Neck, left: Volume [cm3]; ... and 9 more" of the measures that miss in as many cases as the
 * first and for its reason. */
static void name_measures(char out[512], const struct cohort_tables *t, size_t first) {
  enum { NAMED = 2 };
  size_t count = 0, n = 0;
  for (size_t k = first; k < t->wide->column_count; k++) {
    char words[256];
    if (!t->missing[k] || !same_reason(t, first, k) || count++ >= NAMED) continue;
    cohort_measure_words(words, &t->wide->columns[k]);
    n += (size_t)snprintf(out + n, 512 - n, "%s%.200s", n ? "; " : "", words);
  }
  if (count > NAMED) snprintf(out + n, 512 - n, "; and %zu more", count - NAMED);
}

static void tell_missing(struct cohort_page *p) {
  static const char *const columns[] = {"Measures", "#Cases without", "For example"};
  const struct cohort_tables *t = p->t;
  size_t shown = 0;
  report_section(p->report, "Withheld values");
  report_table_begin(p->report, "Measures that some measured scans do not permit", columns, 3);
  for (size_t k = t->first_measure; k < t->wide->column_count; k++) {
    char words[512], count[32];
    bool before = false;
    for (size_t b = t->first_measure; b < k && !before; b++)
      before = t->missing[b] && same_reason(t, b, k);
    if (!t->missing[k] || before) continue;
    name_measures(words, t, k);
    snprintf(count, sizeof count, "%zu", t->missing[k]);
    const char *cells[] = {words, count,
                           t->reasons[k]
                               ? t->reasons[k]
                               : "its step was withheld, for a reason given in this table "
                                 "or on the page of the case"};
    report_table_row(p->report, cells);
    shown++;
  }
  report_table_end(p->report);
  if (!shown) report_paragraph(p->report, "None.");
}

static void tell_cases(struct cohort_page *p) {
  static const char *const columns[] = {"Case",      "State",           "#Values",
                                        "#Withheld", "#Beyond a fence", "Scanner"};
  const struct table *wide = p->t->wide;
  report_section(p->report, "All cases");
  if (p->rows > 60) report_fold_begin(p->report, "The table of cases");
  report_table_begin(p->report, "", columns, 6);
  for (size_t r = 0; r < p->rows; r++) {
    char cells[3][32];
    size_t values = 0, none = 0;
    bool done = cohort_outcome_of(p, r)->state == COHORT_DONE;
    for (size_t k = p->t->first_measure; k < wide->column_count; k++)
      if (isnan(wide->columns[k].numbers[r]))
        none++;
      else
        values++;
    snprintf(cells[0], 32, "%zu", values);
    snprintf(cells[1], 32, "%zu", none);
    snprintf(cells[2], 32, "%d", p->outliers[r]);
    const char *row[] = {p->labels[r],
                         cohort_state_name(cohort_outcome_of(p, r)->state),
                         done ? cells[0] : "",
                         done ? cells[1] : "",
                         done && p->outliers[r] ? cells[2] : "",
                         wide->columns[p->t->scanner].texts[r]};
    report_table_linked_row(p->report, p->links[r], row);
  }
  report_table_end(p->report);
  if (p->rows > 60) report_fold_end(p->report);
}

/* ---- the page ---- */

static status prepare(struct cohort_page *p) {
  status st = ST_OK;
  enum { PATH = 192 };
  size_t n = p->rows + 1;
  p->labels = calloc(n, sizeof *p->labels);
  p->links = calloc(n, sizeof *p->links);
  p->groups = calloc(n, sizeof *p->groups);
  p->outliers = calloc(n, sizeof *p->outliers);
  p->paths = calloc(n, PATH);
  CHECK(p->labels && p->links && p->groups && p->outliers && p->paths, ST_MEMORY,
        "report of %zu cases", p->rows);
  for (size_t r = 0; r < p->rows; r++) {
    const struct cohort_case *k = &p->t->cohort->cases[p->t->rows[r]];
    p->labels[r] = k->id;
    if (cohort_outcome_of(p, r)->state != COHORT_DONE) continue;
    snprintf(p->paths + r * PATH, PATH, "%s/report.html", k->folder);
    p->links[r] = p->paths + r * PATH;
  }
  cohort_choose_groups(p);
  choose_measures(p);
done:
  return st;
}

status cohort_report(const struct cohort_tables *t, const struct cohort_summary *summary,
                     const cJSON *provenance) {
  static const char *const keys[] = {"tukey1977", "weco1956"};
  status st = ST_OK;
  char path[4096], subtitle[64];
  struct cohort_page p = {.t = t, .rows = t->row_count};
  snprintf(subtitle, sizeof subtitle, "%zu scan%s", t->row_count, t->row_count == 1 ? "" : "s");
  TRY(report_create(&p.report, "Cohort", subtitle));
  TRY(prepare(&p));
  tell_top(&p, summary);
  TRY(tell_copies(&p));
  tell_failures(&p);
  tell_measures(&p);
  tell_groups(&p);
  TRY(cohort_tell_scanners(&p));
  tell_missing(&p);
  tell_cases(&p);
  report_section(p.report, "Sources");
  report_sources(p.report, keys, 2);
  report_section(p.report, "Provenance");
  report_provenance(p.report, provenance);
  TRY(cohort_path(path, t->folder, "cohort.html"));
  TRY(report_write(p.report, path, true));
done:
  report_destroy(p.report);
  free(p.labels);
  free(p.links);
  free(p.groups);
  free(p.outliers);
  free(p.paths);
  return st;
}
