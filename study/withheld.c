/* What the report says of values that are missing: steps withheld as a whole, and single rows. */
#include "study/step.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Remedies that hold for every step, and for every step of a femur; a step's own come first. */
static const struct step_remedy common_remedies[] = {
    {"height and weight", "--height and --mass."},
    {"person's height", "--height."},
    {"contrast", "A scan without contrast medium."},
    {"tube voltage not", "The scan's DICOM series, which states it."},
    {"by the header", "The scan's DICOM series, when it states it."},
    {"are needed", "Thinner slices, or a scan that holds more of it."},
    {NULL, NULL}};
#define HIP_COVERAGE                                                                               \
  "A scan from above the hip joint to 5 cm below the lesser trochanter, with the whole hip in "    \
  "the field of view."
static const struct step_remedy femur_remedies[] = {
    {"give labels", "A scan of the hip, or --labels that name the femora."},
    {"etal", "The other hip, or a scan without the implant."},
    {"no femur of this side", "A label map that names this femur, if the scan shows it."},
    {"in the scan", HIP_COVERAGE},
    {"outside the scan", HIP_COVERAGE},
    {"end of the bone", HIP_COVERAGE},
    {"the bone ends", HIP_COVERAGE},
    {"no bone within", HIP_COVERAGE},
    {"edge", HIP_COVERAGE},
    {"cut", HIP_COVERAGE},
    {"are needed", "Thinner slices, or a scan that holds more of it."},
    {"shaft", HIP_COVERAGE},
    {NULL, NULL}};

static const char *look_up(const struct step_remedy *list, int most, const char *reason) {
  for (int i = 0; i < most && list[i].reason_has; i++)
    if (strstr(reason, list[i].reason_has)) return list[i].remedy;
  return NULL;
}

static const char *remedy_for(const struct case_step *step, status cause, const char *reason) {
  bool of_femur = step && (step->of_femur || strcmp(step->name, "femora") == 0);
  const char *remedy = step ? look_up(step->remedies, STEP_REMEDIES, reason) : NULL;
  if (cause == ST_UNSUPPORTED) return "A build with that module.";
  if (!remedy && of_femur) remedy = look_up(femur_remedies, INT_MAX, reason);
  if (!remedy) remedy = look_up(common_remedies, INT_MAX, reason);
  return remedy ? remedy : "See the reason.";
}

/* A step withheld because one that it needs is withheld is told with that one's remedy. */
static const struct case_step *first_cause(const struct case_graph *g, int index) {
  for (int i = 0; i < index; i++)
    if (g->results[i].state == GRAPH_WITHHELD &&
        strcmp(g->results[i].reason, g->results[index].reason) == 0)
      return g->made[i].step;
  return g->made[index].step;
}

static bool same_withheld(const struct case_graph *g, int a, int b) {
  return g->results[b].state == GRAPH_WITHHELD && g->made[b].step &&
         g->made[a].side == g->made[b].side &&
         strcmp(g->results[a].reason, g->results[b].reason) == 0;
}

/* One line for all steps of a side that are withheld for one reason. */
static void withheld_steps(struct case_page *page) {
  const struct case_graph *g = page->c->graph;
  for (int i = 0; i < g->count; i++) {
    const struct graph_result *r = &g->results[i];
    bool absent = case_step_absent(&g->made[i], page->c->femora);
    char what[512] = "";
    bool before = false;
    int n = 0;
    if (r->state != GRAPH_WITHHELD || !g->made[i].step) continue;
    for (int k = 0; k < i; k++) before |= same_withheld(g, i, k);
    if (before) continue;
    for (int k = i; !absent && k < g->count; k++)
      if (same_withheld(g, i, k) && n < (int)sizeof what)
        n += snprintf(what + n, sizeof what - (size_t)n, "%s%s", n ? "; " : "",
                      g->made[k].step->title);
    if (absent)
      snprintf(what, sizeof what, "%s femur: all of it", side_name(case_sides[g->made[i].side]));
    else if (g->made[i].side != STEP_NO_SIDE && n < (int)sizeof what)
      snprintf(what + n, sizeof what - (size_t)n, ": %s", side_name(case_sides[g->made[i].side]));
    what[0] = (char)toupper((unsigned char)what[0]);
    report_withheld(page->report, what, r->reason,
                    remedy_for(first_cause(g, i), r->cause, r->reason));
  }
}

/* The step that a row came from: its place in the graph. */
static int step_of_row(const struct case_page *page, size_t row) {
  int i = 0;
  while (row >= page->row_ends[i]) i++;
  return i;
}

/* What would permit a row's value; NULL when it has one, or is told with its step. */
static const char *remedy_of_row(const struct case_page *page, size_t row) {
  const struct measurement *m = &page->record->rows[row];
  if (!isnan(m->value)) return NULL;
  int from = step_of_row(page, row);
  if (page->c->graph->results[from].state == GRAPH_WITHHELD) return NULL;
  return remedy_for(page->c->graph->made[from].step, ST_DOMAIN, m->flags);
}

/* Rows of one step that the same would permit are told in one line. */
static bool told_together(const struct case_page *page, size_t a, size_t b) {
  const char *of_a = remedy_of_row(page, a), *of_b = remedy_of_row(page, b);
  return of_a && of_b && strcmp(of_a, of_b) == 0 && step_of_row(page, a) == step_of_row(page, b);
}

/* "Neck, right; Trochanter, right: 12 values"; of one region "Shaft, right: Area and 3 more". No
 * region is begun behind character 380, so that one (97) and the end fit. */
static void name_rows(char what[512], const struct case_page *page, size_t first) {
  const struct record *record = page->record;
  char region[96], quantity[96];
  const char *last = "";
  int n = 0, regions = 0, rows = 0;
  for (size_t i = first; i < record->count; i++) {
    if (!told_together(page, first, i)) continue;
    rows++;
    if (strcmp(record->rows[i].region, last) == 0 || n >= 380) continue;
    last = record->rows[i].region;
    report_region_words(region, last);
    n += snprintf(what + n, 512 - (size_t)n, "%s%s", regions++ ? "; " : "", region);
  }
  report_quantity_words(quantity, record->rows[first].quantity);
  if (regions > 1)
    snprintf(what + n, 512 - (size_t)n, ": %d values", rows);
  else if (rows > 1)
    snprintf(what + n, 512 - (size_t)n, ": %s and %d more", quantity, rows - 1);
  else
    snprintf(what + n, 512 - (size_t)n, ": %s", quantity);
}

/* The reason of the first row; how many others there are, which stand beside the values. */
static void join_reasons(char why[640], const struct case_page *page, size_t first) {
  const struct measurement *rows = page->record->rows;
  int others = 0;
  for (size_t i = first + 1; i < page->record->count; i++) {
    bool before = !told_together(page, first, i);
    for (size_t k = first; !before && k < i; k++)
      before = told_together(page, first, k) && strcmp(rows[k].flags, rows[i].flags) == 0;
    others += !before;
  }
  int n = snprintf(why, 640, "%s", rows[first].flags);
  if (others)
    snprintf(why + n, 640 - (size_t)n,
             "; %d other reason%s beside the values under All measurements", others,
             others == 1 ? "" : "s");
}

static void withheld_rows(struct case_page *page) {
  for (size_t i = 0; i < page->record->count; i++) {
    char what[512], why[640];
    const char *remedy = remedy_of_row(page, i);
    bool before = !remedy;
    for (size_t k = 0; !before && k < i; k++) before = told_together(page, k, i);
    if (before) continue;
    name_rows(what, page, i);
    join_reasons(why, page, i);
    report_withheld(page->report, what, why, remedy);
  }
}

void page_withheld(struct case_page *page) {
  withheld_steps(page);
  withheld_rows(page);
}
