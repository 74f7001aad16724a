/* The table of analyses and the graph made from it. */
#include "core/json.h"
#include "study/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line an analysis, each after those it needs. Sections, rows and headlines follow this order.
 */
#define STUDY_STEPS_IN_ORDER(STEP)                                                                 \
  STEP(read)                                                                                       \
  STEP(calibrate)                                                                                  \
  STEP(femora)                                                                                     \
  STEP(bmd)                                                                                        \
  STEP(structure)                                                                                  \
  STEP(cortex)                                                                                     \
  STEP(projected)                                                                                  \
  STEP(fall)                                                                                       \
  STEP(screen)                                                                                     \
  STEP(vertebrae)                                                                                  \
  STEP(spine)                                                                                      \
  STEP(hu)                                                                                         \
  STEP(muscle)                                                                                     \
  STEP(heart)

#define DECLARE(name) extern const struct case_step step_##name;
STUDY_STEPS_IN_ORDER(DECLARE)
#define ADDRESS(name) &step_##name,
const struct case_step *const study_steps[] = {STUDY_STEPS_IN_ORDER(ADDRESS) NULL};

const struct case_step *study_step_find(const char *name) {
  for (int i = 0; study_steps[i]; i++)
    if (strcmp(study_steps[i]->name, name) == 0) return study_steps[i];
  return NULL;
}

/* ---- which steps ---- */

static bool in_list(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
    if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == '\0')) return true;
  return false;
}

static bool names_step(const char *const names[STEP_LINKS], const char *name) {
  for (int i = 0; i < STEP_LINKS && names[i]; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

/* Asked for: by default all but the optional ones; with `only`, those named and what they need. */
static bool asked_for(const struct case_step *s, const struct study_options *o) {
  if (!o->only) return !s->optional || in_list(o->add, s->name);
  if (s->required || in_list(o->only, s->name) || in_list(o->add, s->name)) return true;
  for (int i = 0; study_steps[i]; i++)
    if (names_step(study_steps[i]->needs, s->name) && asked_for(study_steps[i], o)) return true;
  return false;
}

/* What needs a step that is left out is left out with it. */
static bool wanted(const struct case_step *s, const struct study_options *o) {
  if (in_list(o->skip, s->name) || !asked_for(s, o)) return false;
  for (int i = 0; i < STEP_LINKS && s->needs[i]; i++) {
    const struct case_step *need = study_step_find(s->needs[i]);
    if (need && !wanted(need, o)) return false;
  }
  return true;
}

enum list_kind { LIST_SKIP, LIST_ADD, LIST_ONLY };

static bool may_be_named(const struct case_step *s, enum list_kind kind) {
  return kind == LIST_ADD ? s->optional : kind == LIST_SKIP ? !s->required : true;
}

static status check_list(const char *option, const char *list, enum list_kind kind) {
  static const char *const verbs[] = {"left out", "added", "asked for"};
  status st = ST_OK;
  struct text names = {0};
  for (int i = 0; study_steps[i]; i++)
    if (may_be_named(study_steps[i], kind))
      text_append(&names, "%s%s", names.length ? ", " : "", study_steps[i]->name);
  for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    char name[48];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
    const struct case_step *s = study_step_find(name);
    CHECK(s && may_be_named(s, kind), ST_USAGE,
          "--%s \"%s\" is no analysis that can be %s; those are: %s", option, name, verbs[kind],
          names.length ? names.data : "none");
  }
done:
  text_free(&names);
  return st;
}

/* An empty report is no answer to a question for analyses. */
static status check_some_left(const struct study_options *o) {
  status st = ST_OK;
  bool left = !o->only;
  for (int i = 0; study_steps[i]; i++)
    left |= in_list(o->only, study_steps[i]->name) && wanted(study_steps[i], o);
  CHECK(left, ST_USAGE, "--analyses %s asks for nothing that --skip %s does not leave out",
        o->only ? o->only : "", o->skip ? o->skip : "");
done:
  return st;
}

/* ---- making the graph ---- */

static void side_title(struct case_graph_step *g) {
  const struct case_step *s = g->step;
  const char *side = g->side == STEP_NO_SIDE ? "" : side_name(case_sides[g->side]);
  snprintf(g->name, sizeof g->name, "%s%s%s", s->name, *side ? "_" : "", side);
  snprintf(g->title, sizeof g->title, "%s%s%s", s->title, *side ? ", " : "", side);
}

/* One name of a declaration becomes one or two names of the graph. */
static status add_links(struct case_graph_step *g, int kind, int *count, const char *name,
                        const struct study_options *o) {
  status st = ST_OK;
  const struct case_step *to = study_step_find(name);
  CHECK(to, ST_USAGE, "step %s names step %s, which is not in the table", g->step->name, name);
  if (!wanted(to, o)) return st; /* one that is only useful */
  for (int s = 0; s < (to->each_side ? CASE_SIDES : 1); s++) {
    if (to->each_side && g->side != STEP_NO_SIDE && g->side != s) continue;
    CHECK(*count < GRAPH_NEEDS, ST_USAGE, "step %s names too many steps", g->step->name);
    struct case_graph_step end = {.step = to, .side = to->each_side ? s : STEP_NO_SIDE};
    side_title(&end);
    snprintf(g->links[kind][(*count)++], sizeof g->links[0][0], "%s", end.name);
  }
done:
  return st;
}

static status run_step(void *user, int argument) {
  struct study_case *c = user;
  struct case_graph_step *g = &c->graph->made[argument];
  return g->step ? g->step->run(c, g->side) : step_report(c);
}

/* Point the graph's step at the texts that were made for it. */
static void connect(struct case_graph *graph, int index) {
  struct case_graph_step *g = &graph->made[index];
  struct graph_step *s = &graph->steps[index];
  *s = (struct graph_step){.name = g->name,
                           .title = g->title,
                           .version = g->step ? g->step->version : "5",
                           .required = g->step ? g->step->required : true,
                           .run = run_step,
                           .argument = index,
                           .parameters = g->parameters};
  for (int i = 0; i < GRAPH_NEEDS && g->links[0][i][0]; i++) s->needs[i] = g->links[0][i];
  for (int i = 0; i < GRAPH_NEEDS && g->links[1][i][0]; i++) s->wants[i] = g->links[1][i];
  for (int i = 0; i < GRAPH_OUTPUTS && g->outputs[i][0]; i++) s->outputs[i] = g->outputs[i];
}

/* The next free step, NULL when there is none or no memory for its parameters. */
static struct case_graph_step *start_step(struct case_graph *graph, struct study_case *c) {
  if (graph->count >= STUDY_STEPS) return NULL;
  struct case_graph_step *g = &graph->made[graph->count];
  g->c = c;
  g->side = STEP_NO_SIDE;
  g->parameters = cJSON_CreateObject();
  if (!g->parameters) return NULL;
  graph->count++;
  return g;
}

static status add_step(struct case_graph *graph, const struct case_step *step, int side,
                       struct study_case *c) {
  status st = ST_OK;
  int counts[2] = {0, 0};
  struct case_graph_step *g = start_step(graph, c);
  CHECK(g, ST_MEMORY, "step %s of a case; at most %d steps", step->name, STUDY_STEPS);
  g->step = step;
  g->side = side;
  side_title(g);
  for (int i = 0; i < STEP_LINKS && step->needs[i]; i++)
    TRY(add_links(g, 0, &counts[0], step->needs[i], c->options));
  for (int i = 0; i < STEP_LINKS && step->wants[i]; i++)
    TRY(add_links(g, 1, &counts[1], step->wants[i], c->options));
  for (int i = 0; i < STEP_OUTPUTS && step->outputs[i]; i++)
    case_side_text(g->outputs[i], sizeof g->outputs[i], step->outputs[i], side);
  if (step->parameters) step->parameters(g->parameters, c);
  connect(graph, graph->count - 1);
done:
  return st;
}

/* The report takes whatever there is. */
static status add_report(struct case_graph *graph, struct study_case *c) {
  static const char *const outputs[] = {"record.csv", "record.json", "report.html"};
  status st = ST_OK;
  int before = graph->count;
  struct case_graph_step *g = start_step(graph, c);
  CHECK(g, ST_MEMORY, "the report of a case; at most %d steps", STUDY_STEPS);
  snprintf(g->name, sizeof g->name, "report");
  snprintf(g->title, sizeof g->title, "write the report");
  for (int i = 0; i < before; i++)
    snprintf(g->links[1][i], sizeof g->links[1][i], "%s", graph->made[i].name);
  for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
    snprintf(g->outputs[i], sizeof g->outputs[i], "%s", outputs[i]);
  case_add_text(g->parameters, "case", c->case_id);
  connect(graph, before);
done:
  return st;
}

status case_graph_make(struct case_graph **out, struct study_case *c) {
  status st = ST_OK;
  struct case_graph *graph = calloc(1, sizeof *graph);
  CHECK(graph, ST_MEMORY, "steps of a case");
  TRY(check_list("skip", c->options->skip, LIST_SKIP));
  TRY(check_list("add", c->options->add, LIST_ADD));
  TRY(check_list("analyses", c->options->only, LIST_ONLY));
  TRY(check_some_left(c->options));
  for (int i = 0; study_steps[i]; i++) {
    const struct case_step *step = study_steps[i];
    if (!wanted(step, c->options)) continue;
    for (int s = 0; s < (step->each_side ? CASE_SIDES : 1); s++)
      TRY(add_step(graph, step, step->each_side ? s : STEP_NO_SIDE, c));
  }
  TRY(add_report(graph, c));
  *out = graph;
  graph = NULL;
done:
  case_graph_free(graph);
  return st;
}

void case_graph_free(struct case_graph *g) {
  if (!g) return;
  for (int i = 0; i < g->count; i++) cJSON_Delete(g->made[i].parameters);
  free(g);
}

/* ---- asking about a step ---- */

bool case_step_absent(const struct case_graph_step *g, const struct femur_result *femora) {
  return g->step && g->step->of_femur && g->side >= 0 && femora &&
         femora->sides[g->side].state == FEMUR_ABSENT;
}

bool case_step_done(const struct study_case *c, const char *name, int side) {
  for (int i = 0; i < c->graph->count; i++) {
    const struct case_graph_step *g = &c->graph->made[i];
    enum graph_state state = c->graph->results[i].state;
    if (!g->step || strcmp(g->step->name, name) != 0) continue;
    if (side != STEP_NO_SIDE && g->side != STEP_NO_SIDE && g->side != side) continue;
    if (state == GRAPH_DONE || state == GRAPH_KEPT) return true;
  }
  return false;
}

/* ---- parameters ---- */

void case_add_text(cJSON *parameters, const char *key, const char *value) {
  json_add_text(parameters, key, value ? value : "");
}

void case_add_digest(cJSON *parameters, const struct study_case *c, const char *role) {
  case_add_text(parameters, role, case_input_digest(c, role));
}
