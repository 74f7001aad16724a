#include "study/run.h"

#include "anatomy/column.h"
#include "core/file.h"
#include "core/json.h"
#include "core/phantom_registry.h"
#include "qct/t_score.h"
#include "study/step.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing but what a run that ended at its beginning leaves: its two folders, files without their
 * names, and which scan it could not read. */
static bool holds_nothing(const char *folder) {
  char path[CASE_PATH];
  DIR *dir = opendir(folder);
  bool nothing = true;
  for (struct dirent *e = dir ? readdir(dir) : NULL; e && nothing; e = readdir(dir)) {
    bool ours = strcmp(e->d_name, "parts") == 0 || strcmp(e->d_name, "pictures") == 0;
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    if (strncmp(e->d_name, ".part-", 6) == 0) continue;
    if (strcmp(e->d_name, "case.json") == 0) continue;
    int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    nothing = ours && n < (int)sizeof path && file_is_directory(path) && holds_nothing(path);
  }
  if (dir) closedir(dir);
  return nothing;
}

/* A folder may be taken when it is new, empty, or holds results of the same scan. */
static status take_folder(const char *folder, const char *ct_digest, bool force) {
  status st = ST_OK;
  char path[CASE_PATH], held[65] = "";
  cJSON *scan = NULL;
  struct study_case c = {.folder = folder};
  TRY(case_path(path, &c, "parts/case.json"));
  if (!force && file_is_directory(folder) && !holds_nothing(folder)) {
    CHECK(file_exists(path), ST_USAGE,
          "folder %s holds something else; give another one, or --force to use it", folder);
    TRY(json_read(&scan, path));
    TRY(json_opt_text(held, sizeof held, scan, "ct", "parts/case.json"));
    CHECK(strcmp(held, ct_digest) == 0, ST_USAGE,
          "folder %s holds the results of another scan; give another one, or --force to replace "
          "them",
          folder);
  }
  const char *const parts[] = {"", "parts", "pictures"};
  for (int i = 0; i < 3; i++) {
    TRY(case_path(path, &c, parts[i]));
    TRY(file_make_directory(path));
    file_aside_sweep(path); /* what a killed run was writing */
  }
  cJSON_Delete(scan);
  scan = cJSON_CreateObject();
  json_add_text(scan, "ct", ct_digest);
  TRY(case_path(path, &c, "parts/case.json"));
  TRY(json_write(scan, path, true));
done:
  cJSON_Delete(scan);
  return st;
}

/* What no scan can mend is said before the minutes of work, not after them. */
static status check_options(const struct study_options *o) {
  status st = ST_OK;
  struct phantom_entry entry;
  struct t_reference reference;
  if (o->levels) TRY(column_anchors_check(o->levels));
  if (o->phantom) TRY(phantom_registry_find(&entry, o->phantom, o->certificate));
  if (o->reference) {
    st = t_reference_read(&reference, o->reference);
    if (st != ST_OK) status_note("reference of T-scores: nhanes3 or a JSON file");
  }
done:
  return st;
}

static void count_measurements(struct study_summary *summary, const char *folder) {
  char path[CASE_PATH];
  struct record *r = NULL;
  struct study_case c = {.folder = folder};
  if (case_path(path, &c, "record.json") == ST_OK && record_read(&r, path) == ST_OK)
    for (size_t i = 0; i < r->count; i++) {
      if (isnan(r->rows[i].value))
        summary->withheld++;
      else
        summary->measured++;
    }
  else
    status_clear();
  record_destroy(r);
}

/* The sides that were found, without reading their outlines; NULL when none were looked for. */
static const struct femur_result *known_sides(struct femur_result *read, struct study_case *c) {
  char path[CASE_PATH];
  if (c->femora || !case_step_done(c, "femora", STEP_NO_SIDE)) return c->femora;
  if (case_path(path, c, "parts/femora.json") == ST_OK && femora_read(read, path) == ST_OK)
    return read;
  status_clear();
  return NULL;
}

/* Of a femur that is not there one line is told, not one for each of its steps. */
static void relay(void *user, const struct graph_step *step, const struct graph_result *result,
                  bool ended) {
  struct study_case *c = user;
  struct femur_result read = {.labels = NULL};
  const struct case_graph_step *g = &c->graph->made[step->argument];
  if (!c->watch) return;
  const struct femur_result *femora = g->step && g->step->of_femur ? known_sides(&read, c) : NULL;
  if (!case_step_absent(g, femora)) {
    c->watch(c->watch_user, step, result, ended);
  } else if (ended && !c->told_absent[g->side]) {
    char title[32];
    struct graph_step femur = *step;
    struct graph_result told = *result;
    snprintf(title, sizeof title, "%s femur", side_name(case_sides[g->side]));
    femur.title = title;
    snprintf(told.reason, sizeof told.reason, "%s", femora->sides[g->side].reason);
    c->told_absent[g->side] = true;
    c->watch(c->watch_user, &femur, &told, ended);
  }
}

/* A report of an earlier run must not stand beside a run that failed. */
static void remove_report(const struct study_case *c) {
  char path[CASE_PATH];
  if (case_path(path, c, "report.html") == ST_OK) remove(path);
}

static void summarise(struct study_summary *summary, const struct case_graph *graph) {
  for (int i = 0; graph && i < graph->count; i++) {
    struct study_step_outcome *o = &summary->steps[i];
    snprintf(o->name, sizeof o->name, "%s", graph->made[i].name);
    snprintf(o->title, sizeof o->title, "%s", graph->made[i].title);
    o->result = graph->results[i];
    summary->count = i + 1;
  }
}

status study_run(struct study_summary *summary, const struct study_options *options,
                 const char *folder, struct provenance *provenance, graph_watch watch,
                 void *watch_user) {
  status st = ST_OK;
  struct study_case c = {.options = options,
                         .folder = folder,
                         .provenance = provenance,
                         .origin = provenance_to_json(provenance),
                         .watch = watch,
                         .watch_user = watch_user};
  bool taken = false;
  *summary = (struct study_summary){.count = 0};
  const char *digest = case_input_digest(&c, "ct");
  CHECK(digest[0], ST_USAGE, "the digest of the scan is missing from the provenance");
  if (options->case_id)
    snprintf(c.case_id, sizeof c.case_id, "%s", options->case_id);
  else
    snprintf(c.case_id, sizeof c.case_id, "case-%.8s", digest);
  TRY(check_options(options));
  TRY(case_graph_make(&c.graph, &c));
  TRY(take_folder(folder, digest, options->force));
  taken = true;
  TRY(graph_run(c.graph->results, c.graph->steps, c.graph->count, folder, &c, options->force,
                relay));
  TRY(case_path(summary->report, &c, "report.html"));
  count_measurements(summary, folder);
done:
  if (st != ST_OK && taken) remove_report(&c);
  summarise(summary, c.graph);
  case_free(&c);
  return st;
}
