#include "cli/command.h"
#include "core/deidentify.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

struct params {
  const char *in, *out, *key, *handled;
  int dates;
};

static const struct params defaults = {0};

static const char *const dates_names[] = {"remove", "shift", NULL};

static const struct option options[] = {
    ARG_IN(struct params, in, "dicom", "folder of DICOM files, of one or many people"),
    ARG_OUT(struct params, out, "result", "new folder for the de-identified files"),
    OPT_IN_REQUIRED(struct params, key, "key",
                    "file with the secret that pseudonyms are made with, at least 16 random bytes"),
    OPT_CHOICE(struct params, dates, "dates", dates_names,
               "remove them, or shift all of a person by the same secret number of days"),
    OPT_OUT_AS(struct params, handled, "handled", ".csv",
               "also write the list of elements handled"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --out rods && head -c 32 /dev/urandom > secret.key",
     "a phantom as a DICOM series, and a key of random bytes: keep it apart from the files"},
    {"qct deidentify rods/ct anonymous --key secret.key --dates shift --handled handled.csv",
     "only listed elements come through"},
    {NULL, NULL}};

static status write_list(const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  size_t count;
  const struct deidentify_rule *rules = deidentify_rules(&count);
  text_append(&t, "tag,keyword,action\n");
  for (size_t i = 0; i < count; i++)
    text_append(&t, "%04X%04X,%s,%s\n", rules[i].group, rules[i].element, rules[i].name,
                deidentify_action_name(rules[i].action));
  text_append(&t, "any other,,removed\n");
  TRY(text_check(&t, "list of elements"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}

static status print_counts(struct context *ctx, const struct deidentify_counts *c) {
  status st = ST_OK;
  cJSON *json = NULL;
  if (!ctx->json) {
    printf("%d of %d files written; left out: %d no DICOM image, %d no CT image, %d with "
           "annotation in their pixels or secondary captures\n",
           c->written, c->files, c->not_dicom, c->not_ct, c->burned_in);
    printf("elements: %d kept, %d changed, %d removed\n", c->elements_kept, c->elements_changed,
           c->elements_removed);
    goto done;
  }
  json = cJSON_CreateObject();
  CHECK(json, ST_MEMORY, "counting files");
  json_add_number(json, "files", c->files);
  json_add_number(json, "written", c->written);
  json_add_number(json, "not_dicom", c->not_dicom);
  json_add_number(json, "not_ct", c->not_ct);
  json_add_number(json, "burned_in", c->burned_in);
  json_add_number(json, "elements_kept", c->elements_kept);
  json_add_number(json, "elements_changed", c->elements_changed);
  json_add_number(json, "elements_removed", c->elements_removed);
  TRY(json_write(json, "-", true)); /* no provenance: it would hold the digest of the originals */
done:
  cJSON_Delete(json);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  char *key = NULL;
  struct deidentify_options o = {.shift_dates = p->dates == 1};
  struct deidentify_counts counts;
  TRY(file_read(&key, &o.key_length, p->key, 1 << 20));
  o.key = key;
  TRY(deidentify_folder(&counts, p->in, p->out, &o));
  if (p->handled) TRY(write_list(p->handled, ctx->force));
  TRY(print_counts(ctx, &counts));
done:
  free(key);
  return st;
}

const struct command cmd_deidentify = {
    .name = "deidentify",
    .summary = "Remove the person from DICOM CT images, with keyed pseudonyms",
    .about =
        "Only elements on a list come through (--handled writes it): geometry, acquisition, "
        "pixels, "
        "sex, age, size and weight. Names and identifiers become pseudonyms and UIDs new UIDs, "
        "made "
        "with the key, the same in every run; whoever holds the key can link them. Dates are "
        "removed or shifted. Private elements, overlays, descriptions and everything else are "
        "removed. This is stricter than the basic profile of DICOM PS3.15.\n\n"
        "Pixels are not looked at: images that state burned-in annotation, secondary captures and "
        "other objects are left out and counted. A head scan shows the face: it is not altered.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
