#include "cli/command.h"

#include "core/json.h"

#include <stdio.h>
#include <string.h>

bool context_given(const struct context *ctx, const char *name) {
  for (int i = 0; ctx->given && ctx->options[i].kind != OPTION_END; i++)
    if (strcmp(ctx->options[i].name, name) == 0) return ctx->given[i];
  return false;
}

static status record_inputs(struct context *ctx) {
  status st = ST_OK;
  const struct option *o = ctx->options;
  for (; o && o->kind != OPTION_END; o++) {
    const void *at = (const char *)ctx->params + o->offset;
    if (o->kind == OPTION_IN) {
      const char *path = *(const char *const *)at;
      if (path && strcmp(path, "-") != 0) TRY(provenance_input(ctx->provenance, o->name, path));
    } else if (o->kind == OPTION_LIST && strcmp(o->unit, "path") == 0) {
      const struct text_list *list = at;
      for (int i = 0; i < list->count; i++)
        TRY(provenance_input(ctx->provenance, o->name, list->items[i]));
    }
  }
done:
  return st;
}

status context_record_inputs(struct context *ctx) {
  status st = ST_OK;
  if (ctx->inputs_recorded) return ST_OK;
  TRY(record_inputs(ctx));
  ctx->inputs_recorded = true;
done:
  return st;
}

cJSON *context_provenance(struct context *ctx) {
  if (context_record_inputs(ctx) != ST_OK) return NULL;
  return provenance_to_json(ctx->provenance);
}

/* NULL with the reason in the thread's message. */
static status make_provenance(cJSON **out, struct context *ctx) {
  status st = ST_OK;
  TRY(context_record_inputs(ctx));
  *out = provenance_to_json(ctx->provenance);
  CHECK(*out, ST_MEMORY, "provenance: out of memory");
done:
  return st;
}

/* The name given with --case, for rows that a method made without one; the same word in all
 * commands without it, so that their tables join. */
static void name_case(const struct context *ctx, const struct record *r) {
  const char *name = NULL;
  for (const struct option *o = ctx->options; o && o->kind != OPTION_END; o++)
    if (o->kind == OPTION_TEXT && strcmp(o->name, "case") == 0) {
      name = *(const char *const *)(const void *)((const char *)ctx->params + o->offset);
      if (!name) name = "case";
    }
  for (size_t i = 0; name && i < r->count; i++)
    if (!r->rows[i].case_id[0]) snprintf(r->rows[i].case_id, sizeof r->rows[i].case_id, "%s", name);
}

status context_write_record(struct context *ctx, const struct record *r, const char *path) {
  status st = ST_OK;
  name_case(ctx, r);
  cJSON *provenance = NULL, *json = NULL;
  bool to_output = !path || strcmp(path, "-") == 0;
  if (to_output && !ctx->json) return record_write(r, "-", NULL, true);
  TRY(make_provenance(&provenance, ctx));
  if (!to_output) {
    TRY(record_write(r, path, provenance, ctx->force));
    goto done;
  }
  cJSON *rows = record_to_json(r);
  json = cJSON_CreateObject();
  CHECK(rows && json, ST_MEMORY, "record: out of memory");
  cJSON_AddItemToObject(json, "rows", rows);
  cJSON_AddItemToObject(json, "provenance", provenance);
  provenance = NULL;
  TRY(json_write(json, "-", true));
done:
  cJSON_Delete(json);
  cJSON_Delete(provenance);
  return st;
}

status context_write_json(struct context *ctx, cJSON *json, const char *path) {
  status st = ST_OK;
  cJSON *provenance = NULL;
  TRY(make_provenance(&provenance, ctx));
  cJSON_DeleteItemFromObjectCaseSensitive(json, "provenance");
  cJSON_AddItemToObject(json, "provenance", provenance);
  TRY(json_write(json, path ? path : "-", ctx->force));
done:
  return st;
}
