#define _POSIX_C_SOURCE 200809L
#include "core/provenance.h"

#include "core/file.h"
#include "core/json.h"
#include "core/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct provenance {
  cJSON *root;                          /* what provenance_to_json copies */
  cJSON *parameters, *inputs, *sources; /* borrowed members of root */
};

const char *program_version(void) {
  return QCT_VERSION;
}

const char *program_features(void) {
  return QCT_FEATURES;
}

static void now_utc(char out[32]) {
  const char *fixed = getenv("SOURCE_DATE_EPOCH"); /* reproducible-builds.org */
  time_t t = fixed && *fixed ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
  struct tm utc;
  if (!gmtime_r(&t, &utc) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc)) out[0] = '\0';
}

status provenance_create(struct provenance **out, const char *command) {
  status st = ST_OK;
  char created[32];
  struct provenance *p = calloc(1, sizeof *p);
  CHECK(p, ST_MEMORY, "recording provenance");
  p->root = cJSON_CreateObject();
  now_utc(created);
  json_add_text(p->root, "program", "qct");
  json_add_text(p->root, "version", program_version());
  json_add_text(p->root, "command", command);
  json_add_text(p->root, "created", created);
  p->parameters = cJSON_AddObjectToObject(p->root, "parameters");
  p->inputs = cJSON_AddArrayToObject(p->root, "inputs");
  p->sources = cJSON_AddArrayToObject(p->root, "sources");
  cJSON *build = cJSON_AddObjectToObject(p->root, "build");
  json_add_text(build, "features", program_features());
  json_add_text(build, "compiler", QCT_COMPILER);
  CHECK(p->parameters && p->inputs && p->sources && build, ST_MEMORY, "recording provenance");
  *out = p;
  p = NULL;
done:
  provenance_destroy(p);
  return st;
}

void provenance_destroy(struct provenance *p) {
  if (!p) return;
  cJSON_Delete(p->root);
  free(p);
}

status provenance_parameter(struct provenance *p, const char *name, cJSON *value) {
  status st = ST_OK;
  CHECK(value, ST_MEMORY, "recording parameter %s", name);
  cJSON_DeleteItemFromObjectCaseSensitive(p->parameters, name);
  CHECK(cJSON_AddItemToObject(p->parameters, name, value), ST_MEMORY, "recording parameter %s",
        name);
done:
  return st;
}

status provenance_input(struct provenance *p, const char *role, const char *path) {
  status st = ST_OK;
  char hex[65];
  TRY(file_sha256(hex, path));
  cJSON *input = cJSON_CreateObject();
  json_add_text(input, "role", role);
  json_add_text(input, "sha256", hex);
  CHECK(cJSON_AddItemToArray(p->inputs, input), ST_MEMORY, "recording input %s", role);
done:
  return st;
}

status provenance_source(struct provenance *p, const char *key) {
  status st = ST_OK;
  const cJSON *known;
  const struct source *s = source_find(key);
  CHECK(s, ST_DOMAIN, "recording source \"%s\": it is not in core/sources.def", key);
  cJSON_ArrayForEach(known, p->sources) {
    const cJSON *name = json_find(known, "key");
    if (cJSON_IsString(name) && strcmp(name->valuestring, key) == 0) return ST_OK;
  }
  cJSON *item = cJSON_CreateObject();
  json_add_text(item, "key", s->key);
  json_add_text(item, "citation", s->citation);
  json_add_text(item, "doi", s->doi);
  CHECK(cJSON_AddItemToArray(p->sources, item), ST_MEMORY, "recording source %s", key);
done:
  return st;
}

cJSON *provenance_to_json(const struct provenance *p) {
  return cJSON_Duplicate(p->root, 1);
}
