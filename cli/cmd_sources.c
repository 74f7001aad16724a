#include "cli/command.h"

#include "core/file.h"
#include "core/json.h"
#include "core/sources.h"
#include "core/text.h"

#include <string.h>

struct params {
  const char *key;
};

static const struct params defaults = {0};

static const struct option options[] = {
    {.kind = OPTION_TEXT,
     .name = "key",
     .unit = "",
     .help = "one key, as it stands in results; all when left out",
     .positional = true,
     .optional = true,
     .offset = OPTION_AT(struct params, key, const char *)},
    OPTIONS_END};

static cJSON *source_json(const struct source *s) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "key", s->key);
  json_add_text(json, "citation", s->citation);
  json_add_text(json, "doi", s->doi);
  return json;
}

static void append_source(struct text *t, const struct source *s) {
  const char *doi = *s->doi && !strstr(s->doi, "://") ? "doi:" : "";
  text_append(t, "%-24s %s%s%s%s\n", s->key, s->citation, *s->doi ? ". " : "", doi, s->doi);
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct text t = {0};
  size_t count = 0, shown = 0;
  const struct source *all = source_all(&count);
  cJSON *json = cJSON_CreateArray();
  for (size_t i = 0; i < count; i++) {
    if (p->key && strcmp(p->key, all[i].key) != 0) continue;
    shown++;
    append_source(&t, &all[i]);
    cJSON_AddItemToArray(json, source_json(&all[i]));
  }
  CHECK(shown || !p->key, ST_USAGE, "there is no source \"%s\"; `qct sources` lists the keys",
        p->key);
  TRY(text_check(&t, "sources"));
  if (ctx->json)
    TRY(json_write(json, "-", true));
  else
    TRY(file_write("-", t.data, t.length, true));
done:
  cJSON_Delete(json);
  text_free(&t);
  return st;
}

static const struct example examples[] = {
    {"qct sources", "every publication a method follows"},
    {"qct sources totalseg2023", "what a key in a result stands for"},
    {NULL, NULL}};

const struct command cmd_sources = {
    .name = "sources",
    .summary = "List the publications behind the methods",
    .about = "Results name the source of each method by a short key; this prints the citation and "
             "the DOI of one key or of all.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
