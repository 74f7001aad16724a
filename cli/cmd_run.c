#include "cli/run_options.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "study/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct params {
  const char *ct, *labels, *out, *series, *case_id, *levels;
  double mass_kg, height_m;
  struct run_options run;
};

static const struct params defaults = {
    .mass_kg = (double)NAN, .height_m = (double)NAN, .run = RUN_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_OUT_REQUIRED(struct params, out, "out", "result folder; made when absent"),
    OPT_IN(struct params, labels, "labels",
           "label map on the grid of the CT (TotalSegmentator values or names) instead of the "
           "automatic outline"),
    RUN_OPTIONS(struct params, run),
    OPT_TEXT(struct params, levels, "level-z",
             "vertebrae that you name, L1=z,L2=z with the middle of each body in mm"),
    OPT_TEXT(struct params, series, "series",
             "DICOM series: UID, a unique part of it, or #2 for the second of the list"),
    OPT_REAL(struct params, mass_kg, "mass", "kg", 20, 300,
             "of the body, for the force of a fall; from the DICOM header when stated there"),
    OPT_REAL(struct params, height_m, "height", "m", 1, 2.5,
             "of the body, for the force of a fall; from the DICOM header when stated there"),
    OPT_TEXT(struct params, case_id, "case",
             "identifier put into every row, else made from the scan; never a name"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --spacing 1.5,1.5,3 --noise 10",
     "a digital patient as a DICOM series with rods"},
    {"qct run patient/ct --out result --phantom mindways-model3-ct --size 4 --no-interval",
     "everything the scan permits; then open result/report.html"},
    {"qct run patient/ct --out result --phantom mindways-model3-ct --size 4 --no-interval",
     "again: nothing changed, nothing is done twice"},
    {NULL, NULL}};

static const char *const sources[] = {"fischer2020", NULL};

/* Reasons that were told, a line each; titles of later steps that one of them withholds. */
struct told {
  struct text reasons, titles;
};

/* Was this reason told before? Remembers it. */
static bool told_before(struct told *t, const char *reason) {
  char line[sizeof((struct graph_result *)0)->reason + 3];
  snprintf(line, sizeof line, "\n%s\n", reason);
  if (t->reasons.data && strstr(t->reasons.data, line)) return true;
  text_append(&t->reasons, "%s", line);
  return false;
}

static void tell_step(void *user, const struct graph_step *step, const struct graph_result *result,
                      bool ended) {
  struct told *told = user;
  if (!ended) return;
  if (result->state == GRAPH_WITHHELD && told_before(told, result->reason))
    text_append(&told->titles, "%s%s", told->titles.length ? "; " : "", step->title);
  else if (result->state == GRAPH_WITHHELD)
    log_info("%s: withheld: %s", step->title, result->reason);
  else if (result->state == GRAPH_KEPT)
    log_info("%s: kept", step->title);
  else
    log_info("%s: %.1f s", step->title, result->seconds);
}

static void print_steps(const struct study_summary *s, const char *out) {
  printf("step,state,seconds,reason\n");
  for (int i = 0; i < s->count; i++) {
    const struct graph_result *r = &s->steps[i].result;
    printf("%s,%s,%.2f,\"", s->steps[i].name, graph_state_name(r->state), r->seconds);
    for (const char *c = r->reason; *c; c++) printf(*c == '"' ? "\"\"" : "%c", *c);
    printf("\"\n");
  }
  log_info("%d values measured, %d withheld; the report is %s/report.html", s->measured,
           s->withheld, out);
}

static status print_json(struct context *ctx, const struct study_summary *s) {
  status st = ST_OK;
  cJSON *json = cJSON_CreateObject(), *steps = cJSON_AddArrayToObject(json, "steps");
  CHECK(steps, ST_MEMORY, "summary of the run");
  for (int i = 0; i < s->count; i++) {
    const struct graph_result *r = &s->steps[i].result;
    cJSON *step = cJSON_CreateObject();
    json_add_text(step, "step", s->steps[i].name);
    json_add_text(step, "state", graph_state_name(r->state));
    json_add_number(step, "seconds", r->seconds);
    json_add_text(step, "reason", r->reason);
    cJSON_AddItemToArray(steps, step);
  }
  json_add_number(json, "measured", s->measured);
  json_add_number(json, "withheld", s->withheld);
  TRY(context_write_json(ctx, json, NULL));
done:
  cJSON_Delete(json);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct study_options o = STUDY_DEFAULTS;
  struct study_summary summary;
  struct told told = {.reasons = {0}};
  o.ct = p->ct;
  o.labels = p->labels;
  o.series = p->series;
  o.levels = p->levels;
  o.case_id = p->case_id;
  o.mass_kg = p->mass_kg;
  o.height_m = p->height_m;
  run_options_apply(&o, &p->run);
  o.force = ctx->force;
  TRY(context_record_inputs(ctx));
  TRY(study_run(&summary, &o, p->out, ctx->provenance, tell_step, &told));
  if (told.titles.length) log_info("withheld for the same reasons: %s", told.titles.data);
  if (ctx->json)
    TRY(print_json(ctx, &summary));
  else
    print_steps(&summary, p->out);
done:
  text_free(&told.reasons);
  text_free(&told.titles);
  return st;
}

const struct command cmd_run = {
    .name = "run",
    .summary = "Measure everything a CT permits and write one report",
    .about =
        "Reads the scan and calibrates HU to bone density: by the rods of the phantom that is "
        "named, or of the one known phantom that fits rods in the scan; without rods by phantom "
        "scans of other days (--from-store), or by the tissues in the scan. Outlines the proximal "
        "femora and measures density, structure, cortex, areal density and the load that a fall "
        "to the side takes. Where the scan holds them it also measures vertebrae that labels or "
        "--level-z name, muscle and fat, and the heart's fat and calcium. report.html, record.csv, "
        "record.json and what they rest on go into the folder.\n\n"
        "What the scan does not permit (a truncated head, metal, slices too thick) is withheld "
        "with the reason, in the record and in the report, and the rest goes on: the exit status "
        "is 0 when a report was written. A step whose inputs and parameters have not changed is "
        "kept, so a second run is quick and a killed one goes on where it was; --force does "
        "everything again.\n\n"
        "Units: mm, mg/cm3, N. The table of steps goes to standard output.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
