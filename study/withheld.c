/* What the report says of values that are missing: steps withheld as a whole, and single rows. */
#include "study/step.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Remedies that hold for every step; those of a step's own table come first. */
static const struct {
  const char *reason_has, *remedy;
} common_remedies[] = {{"give labels", "A scan of the hip, or --labels that name the femora."},
                       {"height and weight", "--height and --mass."},
                       {"contrast agent", "A scan without contrast medium."},
                       {"are needed", "Thinner slices, or a scan that holds more of it."},
                       {"etal", "The other hip, or a scan without the implant."},
                       {"in the scan", NULL},
                       {"outside the scan", NULL},
                       {"edge", NULL},
                       {"cut", NULL},
                       {"shaft", NULL}};
static const char hip_coverage[] =
    "A scan from above the hip joint to 5 cm below the lesser trochanter, with the whole hip in "
    "the field of view.";

static const char *remedy_of_step(const struct case_step *step, const char *reason) {
  for (int i = 0; i < STEP_REMEDIES && step->remedies[i].reason_has; i++)
    if (strstr(reason, step->remedies[i].reason_has)) return step->remedies[i].remedy;
  return NULL;
}

/* `step` NULL: of a row, whichever step it came from. */
static const char *remedy_for(const struct case_step *step, status cause, const char *reason) {
  const char *remedy = step ? remedy_of_step(step, reason) : NULL;
  if (cause == ST_UNSUPPORTED) return "A build with that module.";
  for (int i = 0; !step && !remedy && study_steps[i]; i++)
    remedy = remedy_of_step(study_steps[i], reason);
  if (remedy) return remedy;
  for (size_t i = 0; i < sizeof common_remedies / sizeof *common_remedies; i++)
    if (strstr(reason, common_remedies[i].reason_has))
      return common_remedies[i].remedy ? common_remedies[i].remedy : hip_coverage;
  return "See the reason.";
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
    char what[512] = "";
    bool before = false;
    int n = 0;
    if (r->state != GRAPH_WITHHELD || !g->made[i].step) continue;
    for (int k = 0; k < i; k++) before |= same_withheld(g, i, k);
    if (before) continue;
    for (int k = i; k < g->count; k++)
      if (same_withheld(g, i, k) && n < (int)sizeof what)
        n += snprintf(what + n, sizeof what - (size_t)n, "%s%s", n ? "; " : "",
                      g->made[k].step->title);
    if (g->made[i].side != STEP_NO_SIDE && n < (int)sizeof what)
      snprintf(what + n, sizeof what - (size_t)n, ": %s", side_name(case_sides[g->made[i].side]));
    what[0] = (char)toupper((unsigned char)what[0]);
    report_withheld(page->report, what, r->reason,
                    remedy_for(first_cause(g, i), r->cause, r->reason));
  }
}

/* Rows of a step that was withheld as a whole are told with the step. */
static bool told_with_step(const struct case_graph *g, const struct measurement *m) {
  for (int i = 0; i < g->count; i++) {
    const struct graph_result *r = &g->results[i];
    if (r->state == GRAPH_WITHHELD && strncmp(r->reason, m->flags, strlen(m->flags)) == 0)
      return true;
  }
  return false;
}

static bool same_cause(const struct measurement *a, const struct measurement *b) {
  return isnan(b->value) && strcmp(a->flags, b->flags) == 0;
}

/* One line for all values that are missing for one reason. */
static void withheld_rows(struct case_page *page) {
  const struct record *record = page->record;
  for (size_t i = 0; i < record->count; i++) {
    const struct measurement *m = &record->rows[i];
    char region[96], quantity[96], what[256];
    bool before = false;
    int more = 0;
    if (!isnan(m->value) || told_with_step(page->c->graph, m)) continue;
    for (size_t k = 0; k < i; k++) before |= same_cause(m, &record->rows[k]);
    for (size_t k = i + 1; k < record->count; k++) more += same_cause(m, &record->rows[k]);
    if (before) continue;
    report_region_words(region, m->region);
    report_quantity_words(quantity, m->quantity);
    int n = snprintf(what, sizeof what, "%s: %s", region, quantity);
    if (more) snprintf(what + n, sizeof what - (size_t)n, " and %d more", more);
    report_withheld(page->report, what, m->flags, remedy_for(NULL, ST_DOMAIN, m->flags));
  }
}

void page_withheld(struct case_page *page) {
  withheld_steps(page);
  withheld_rows(page);
}
