#include "study/graph.h"

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *graph_state_name(enum graph_state s) {
  static const char *const names[] = {"waiting", "done", "kept", "withheld"};
  return names[s];
}

int graph_find(const struct graph_step *steps, int count, const char *name) {
  for (int i = 0; i < count; i++)
    if (strcmp(steps[i].name, name) == 0) return i;
  return -1;
}

/* ---- keys ---- */

static status add_inputs(cJSON *key, const struct graph_step *steps, int index,
                         const char *const names[GRAPH_NEEDS], const struct graph_result *results) {
  status st = ST_OK;
  for (int i = 0; i < GRAPH_NEEDS && names[i]; i++) {
    int from = graph_find(steps, index, names[i]);
    CHECK(from >= 0, ST_USAGE, "step %s takes step %s, which does not come before it",
          steps[index].name, names[i]);
    bool there = results[from].state != GRAPH_WITHHELD;
    json_add_text(key, names[i], there ? results[from].key : results[from].reason);
  }
done:
  return st;
}

static status make_key(char hex[65], const struct graph_step *steps, int index,
                       const struct graph_result *results) {
  status st = ST_OK;
  char *text = NULL;
  const struct graph_step *s = &steps[index];
  cJSON *json = cJSON_CreateObject(), *inputs = cJSON_AddObjectToObject(json, "inputs");
  CHECK(inputs, ST_MEMORY, "key of step %s", s->name);
  json_add_text(json, "step", s->name);
  json_add_text(json, "version", s->version);
  json_add_text(json, "program", program_version());
  if (s->parameters) cJSON_AddItemToObject(json, "parameters", cJSON_Duplicate(s->parameters, 1));
  TRY(add_inputs(inputs, steps, index, s->needs, results));
  TRY(add_inputs(inputs, steps, index, s->wants, results));
  TRY(json_print(&text, json));
  bytes_sha256(hex, text, strlen(text));
done:
  free(text);
  cJSON_Delete(json);
  return st;
}

/* ---- journal ---- */

struct journal {
  char path[4096];
  const char *folder;
  cJSON *json, *steps; /* steps: object by name */
};

/* A journal that is absent or unreadable is an empty one: everything is done again. */
static status journal_open(struct journal *j, const char *folder) {
  status st = ST_OK;
  int n = snprintf(j->path, sizeof j->path, "%s/%s", folder, GRAPH_JOURNAL);
  CHECK(n > 0 && (size_t)n < sizeof j->path, ST_IO, "the path of the result folder is too long");
  j->folder = folder;
  if (file_exists(j->path) && json_read(&j->json, j->path) != ST_OK) {
    log_warning("the journal of an earlier run cannot be read; every step is done again");
    status_clear();
  }
  if (!cJSON_IsObject(json_find(j->json, "steps"))) {
    cJSON_Delete(j->json);
    j->json = cJSON_CreateObject();
    json_add_text(j->json, "format", "qct run 1");
    cJSON_AddObjectToObject(j->json, "steps");
  }
  j->steps = cJSON_GetObjectItemCaseSensitive(j->json, "steps");
  CHECK(j->steps, ST_MEMORY, "the journal of a run");
done:
  return st;
}

static status output_path(char path[4096], const char *folder, const char *name) {
  status st = ST_OK;
  int n = snprintf(path, 4096, "%s/%s", folder, name);
  CHECK(n > 0 && n < 4096, ST_IO, "the path of the result folder is too long");
done:
  return st;
}

static status journal_note(struct journal *j, const struct graph_step *s,
                           const struct graph_result *r) {
  status st = ST_OK;
  cJSON *entry = cJSON_CreateObject();
  json_add_text(entry, "key", r->key);
  json_add_text(entry, "state", r->state == GRAPH_WITHHELD ? "withheld" : "done");
  if (r->state == GRAPH_WITHHELD) {
    json_add_text(entry, "cause", status_name(r->cause));
    json_add_text(entry, "reason", r->reason);
  }
  json_add_number(entry, "seconds", r->seconds);
  cJSON *outputs = cJSON_AddObjectToObject(entry, "outputs");
  for (int i = 0; r->state == GRAPH_DONE && i < GRAPH_OUTPUTS && s->outputs[i]; i++) {
    char path[4096], hex[65];
    TRY(output_path(path, j->folder, s->outputs[i]));
    if (!file_exists(path)) continue;
    TRY(file_sha256(hex, path));
    json_add_text(outputs, s->outputs[i], hex);
  }
  cJSON_DeleteItemFromObjectCaseSensitive(j->steps, s->name);
  CHECK(cJSON_AddItemToObject(j->steps, s->name, entry), ST_MEMORY, "the journal of a run");
  entry = NULL;
  TRY(json_write(j->json, j->path, true));
done:
  cJSON_Delete(entry);
  return st;
}

/* Are the files as the step left them, and no other is there: a killed run may have begun to make
 * the step anew with other parameters? */
static bool outputs_intact(const struct journal *j, const struct graph_step *s,
                           const cJSON *entry) {
  const cJSON *output, *outputs = cJSON_GetObjectItemCaseSensitive(entry, "outputs");
  for (int i = 0; i < GRAPH_OUTPUTS && s->outputs[i]; i++) {
    char path[4096];
    if (!cJSON_GetObjectItemCaseSensitive(outputs, s->outputs[i]) &&
        output_path(path, j->folder, s->outputs[i]) == ST_OK && file_exists(path))
      return false;
  }
  cJSON_ArrayForEach(output, outputs) {
    char path[4096], hex[65];
    bool same = cJSON_IsString(output) && output->string &&
                output_path(path, j->folder, output->string) == ST_OK && file_exists(path) &&
                file_sha256(hex, path) == ST_OK && strcmp(hex, output->valuestring) == 0;
    if (!same) return false;
  }
  return true;
}

static status status_from_name(const char *name) {
  for (int s = ST_OK; s <= ST_PARTIAL; s++)
    if (strcmp(status_name((status)s), name) == 0) return (status)s;
  return ST_DOMAIN;
}

/* Was the step done before, with this key? Fills state, reason and seconds. */
static bool recall(const struct journal *j, const struct graph_step *s, struct graph_result *r) {
  char key[65] = "", state[16] = "", cause[16] = "";
  const cJSON *entry = cJSON_GetObjectItemCaseSensitive(j->steps, s->name);
  if (s->always || !cJSON_IsObject(entry)) return false;
  if (json_get_text(key, sizeof key, entry, "key", "journal") != ST_OK ||
      json_get_text(state, sizeof state, entry, "state", "journal") != ST_OK) {
    status_clear();
    return false;
  }
  /* what a missing module withheld may be there now */
  json_opt_text(cause, sizeof cause, entry, "cause", "journal");
  if (strcmp(cause, status_name(ST_UNSUPPORTED)) == 0) return false;
  if (strcmp(key, r->key) != 0 || !outputs_intact(j, s, entry)) return false;
  json_opt_text(r->reason, sizeof r->reason, entry, "reason", "journal");
  json_opt_number(&r->seconds, entry, "seconds", "journal");
  bool withheld = strcmp(state, "withheld") == 0;
  r->state = withheld ? GRAPH_WITHHELD : GRAPH_KEPT;
  r->cause = withheld ? status_from_name(cause) : ST_OK;
  return true;
}

/* ---- running ---- */

static bool is_refusal(status st) {
  return st == ST_DOMAIN || st == ST_NUMERIC || st == ST_UNSUPPORTED || st == ST_EXTERNAL;
}

/* A needed step that is withheld withholds this one. */
static bool blocked(const struct graph_step *steps, int index, struct graph_result *results) {
  const struct graph_step *s = &steps[index];
  for (int i = 0; i < GRAPH_NEEDS && s->needs[i]; i++) {
    int from = graph_find(steps, index, s->needs[i]);
    if (from < 0 || results[from].state != GRAPH_WITHHELD) continue;
    results[index].state = GRAPH_WITHHELD;
    results[index].cause = results[from].cause;
    snprintf(results[index].reason, sizeof results[index].reason, "%.1000s", results[from].reason);
    return true;
  }
  return false;
}

static void remove_outputs(const struct journal *j, const struct graph_step *s) {
  char path[4096];
  for (int i = 0; i < GRAPH_OUTPUTS && s->outputs[i]; i++)
    if (output_path(path, j->folder, s->outputs[i]) == ST_OK) remove(path);
}

static status do_step(struct graph_result *r, const struct graph_step *s, void *user) {
  struct progress p;
  progress_begin(&p, s->title, "", 0);
  double start = clock_seconds();
  status st = s->run(user, s->argument);
  r->seconds = clock_seconds() - start;
  progress_end(&p);
  r->state = st == ST_OK ? GRAPH_DONE : GRAPH_WITHHELD;
  r->cause = st;
  if (st == ST_OK) return st;
  snprintf(r->reason, sizeof r->reason, "%s", status_message());
  if (s->required || !is_refusal(st)) {
    status_note("%s", s->title);
    return st;
  }
  status_clear();
  return ST_OK;
}

static status one_step(struct graph_result *results, struct journal *j,
                       const struct graph_step *steps, int index, void *user, bool force,
                       graph_watch watch) {
  status st = ST_OK;
  const struct graph_step *s = &steps[index];
  struct graph_result *r = &results[index];
  TRY(make_key(r->key, steps, index, results));
  bool withheld = blocked(steps, index, results);
  if (!withheld && !force && recall(j, s, r)) goto done;
  remove_outputs(j, s); /* nothing of an earlier run may stand beside the new results */
  if (!withheld) {
    if (watch) watch(user, s, r, false);
    TRY(do_step(r, s, user));
    if (r->state == GRAPH_WITHHELD) remove_outputs(j, s);
  }
  TRY(journal_note(j, s, r));
done:
  if (watch && st == ST_OK) watch(user, s, r, true);
  return st;
}

status graph_run(struct graph_result *results, const struct graph_step *steps, int count,
                 const char *folder, void *user, bool force, graph_watch watch) {
  status st = ST_OK;
  struct journal j = {.json = NULL};
  memset(results, 0, (size_t)count * sizeof *results);
  TRY(journal_open(&j, folder));
  for (int i = 0; i < count; i++) TRY(one_step(results, &j, steps, i, user, force, watch));
done:
  cJSON_Delete(j.json);
  return st;
}
