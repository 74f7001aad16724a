#include "cli/command.h"
#include "core/file.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "core/text.h"
#include "radiomics/phantom.h"
#include "radiomics/verify.h"

#include <stdio.h>
#include <string.h>

static const char *const parts[] = {"all",  "phantom", "ct",          "diagnostics",
                                    "maps", "filters", "pyradiomics", NULL};
enum part {
  PART_ALL,
  PART_PHANTOM,
  PART_CT,
  PART_DIAGNOSTICS,
  PART_MAPS,
  PART_FILTERS,
  PART_PYRADIOMICS
};

struct params {
  const char *reference, *out, *table, *phantom, *phantom_labels;
  int part;
};
static const struct params defaults = {.out = "-"};

static const struct option options[] = {
    OPT_IN(struct params, reference, "references",
           "folder of reference tables; without it the digital phantom alone"),
    OPT_CHOICE(struct params, part, "part", parts, "which references"),
    OPT_OUT_AS(struct params, out, "out", ".csv", "scoreboard; standard output when not given"),
    OPT_OUT_AS(struct params, table, "table", ".csv", "every value beside its reference"),
    OPT_OUT_AS(struct params, phantom, "phantom-out", ENDS_IMAGE,
               "also write the digital phantom's image"),
    OPT_OUT_AS(struct params, phantom_labels, "phantom-labels", ENDS_IMAGE,
               "also write the digital phantom's mask"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct radiomics verify", "482 values of the IBSI digital phantom, built in (CC BY 4.0)"},
    {"qct radiomics verify --table values.csv", "each value beside its reference"},
    {NULL, NULL}};

static const char *const sources[] = {"ibsi1", "ibsi2", "ibsi_data", "pyradiomics", NULL};

static status write_phantom(const struct params *p, struct context *ctx) {
  status st = ST_OK;
  struct volume *image = NULL;
  struct labels *mask = NULL;
  cJSON *provenance = context_provenance(ctx);
  TRY(rad_phantom(&image, &mask));
  if (p->phantom) TRY(itk_image_write(image, p->phantom, provenance, ctx->force));
  if (p->phantom_labels) TRY(itk_labels_write(mask, p->phantom_labels, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  volume_destroy(image);
  labels_destroy(mask);
  return st;
}

static status collect(struct rad_scoreboard *b, const struct params *p) {
  status st = ST_OK;
  enum part part = (enum part)p->part;
  const char *folder = p->reference;
  CHECK(folder || part == PART_ALL || part == PART_PHANTOM, ST_USAGE,
        "--part %s needs --references", parts[part]);
  if (part == PART_ALL || part == PART_PHANTOM) TRY(rad_verify_phantom(b));
  if (!folder) return ST_OK;
  if (part == PART_ALL || part == PART_CT) TRY(rad_verify_ct(b, folder, "ABCDE"));
  if (part == PART_ALL || part == PART_DIAGNOSTICS) TRY(rad_verify_diagnostics(b, folder));
  if (part == PART_ALL || part == PART_MAPS) TRY(rad_verify_maps(b, folder));
  if (part == PART_ALL || part == PART_FILTERS) TRY(rad_verify_filters(b, folder));
  if (part == PART_ALL || part == PART_PYRADIOMICS) TRY(rad_verify_pyradiomics(b, folder));
done:
  return st;
}

/* One row a set, in order of first appearance. */
static void scoreboard(struct text *t, cJSON *json, const struct rad_scoreboard *b) {
  text_append(t, "set,passed,total\n");
  for (size_t n = 0; n < b->count; n++) {
    bool seen = false;
    for (size_t m = 0; m < n && !seen; m++) seen = !strcmp(b->rows[m].set, b->rows[n].set);
    if (seen) continue;
    size_t passed, total;
    rad_scoreboard_count(&passed, &total, b, b->rows[n].set);
    text_append(t, "%s,%zu,%zu\n", b->rows[n].set, passed, total);
    cJSON *row = cJSON_CreateObject();
    json_add_text(row, "set", b->rows[n].set);
    json_add_number(row, "passed", (double)passed);
    json_add_number(row, "total", (double)total);
    cJSON_AddItemToArray(json, row);
  }
}

static status values(const struct rad_scoreboard *b, const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  text_append(&t, "set,feature,aggregation,consensus,value,reference,tolerance,passed,note\n");
  for (size_t n = 0; n < b->count; n++) {
    const struct rad_check *r = &b->rows[n];
    text_append(&t, "%s,%s,%s,%s,", r->set, r->name, r->aggregation, r->consensus);
    text_append_number(&t, r->value);
    text_append(&t, ",");
    text_append_number(&t, r->reference);
    text_append(&t, ",");
    text_append_number(&t, r->tolerance);
    text_append(&t, ",%s,%s\n", r->passed ? "yes" : "no", r->note);
  }
  TRY(text_check(&t, "scoreboard"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct rad_scoreboard b = {0};
  struct text t = {0};
  cJSON *json = cJSON_CreateObject();
  cJSON *rows = cJSON_AddArrayToObject(json, "sets");
  size_t passed, total;
  TRY(write_phantom(p, ctx));
  TRY(collect(&b, p));
  scoreboard(&t, rows, &b);
  TRY(text_check(&t, "scoreboard"));
  if (ctx->json && !strcmp(p->out, "-"))
    TRY(context_write_json(ctx, json, NULL));
  else
    TRY(file_write(p->out, t.data, t.length, ctx->force));
  if (p->table) TRY(values(&b, p->table, ctx->force));
  rad_scoreboard_count(&passed, &total, &b, NULL);
  CHECK(passed == total, ST_NUMERIC, "%zu of %zu reference values are missed; --table lists them",
        total - passed, total);
done:
  rad_scoreboard_free(&b);
  text_free(&t);
  cJSON_Delete(json);
  return st;
}

const struct command cmd_radiomics_verify = {
    .name = "radiomics verify",
    .summary = "Compare radiomics features with published reference values",
    .about =
        "Prints how many values agree. The digital phantom of the Image Biomarker "
        "Standardisation Initiative (design A. Zwanenburg, CC BY 4.0) and its 482 values are "
        "built in. With --references also the five configurations of its CT phantom, the "
        "response maps and filtered statistics of IBSI-2, and the pyradiomics baseline.\n\n"
        "A value agrees when, rounded to three digits, it lies within the published "
        "tolerance; a response map within 1 % of its range at every voxel; a pyradiomics value "
        "within 1e-6. Exit status 1 when any is missed.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
