#include "cli/command.h"
#include "core/file.h"
#include "core/itk_image.h"
#include "core/progress.h"
#include "core/table.h"
#include "phantom/femurs.h"

#include <stdio.h>
#include <string.h>

struct params {
  const char *out;
  int people, seed, voxels;
  double spacing_mm;
};

static const struct params defaults = {.people = 20, .seed = 1, .voxels = 48, .spacing_mm = 2};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for images, labels and manifest.csv"),
    OPT_INT(struct params, people, "people", "people", 1, 100000, "how many"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the first; the next ones count on"),
    OPT_INT(struct params, voxels, "cube", "voxel", 8, 256, "voxels a side"),
    OPT_REAL(struct params, spacing_mm, "size", "mm", 0.3, 12, "edge of a voxel"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom femurs --people 3 --cube 24 --size 4 --out femurs", "three small ones"},
    {NULL, NULL}};

static status add_columns(struct table *t) {
  status st = ST_OK;
  static const char *const texts[] = {"id", "image", "labels"};
  static const char *const numbers[][2] = {
      {"vbmd", "mg/cm3"}, {"cortex", "mm"}, {"abmd", "g/cm2"}, {"scale", ""}};
  for (int i = 0; i < 3; i++) TRY(table_add_column(t, texts[i], "", false));
  for (int i = 0; i < 4; i++) TRY(table_add_column(t, numbers[i][0], numbers[i][1], true));
done:
  return st;
}

static status one(struct context *ctx, const struct params *p, struct table *t, int i,
                  const cJSON *provenance) {
  status st = ST_OK;
  struct volume *ct = NULL;
  struct labels *labels = NULL;
  struct femur_body b;
  char name[64], path[4096];
  uint64_t seed = (uint64_t)p->seed + (uint64_t)i;
  femur_body_draw(&b, seed);
  TRY(femur_body_render(&ct, &labels, &b, p->voxels, p->spacing_mm, seed));
  snprintf(name, sizeof name, "f%05llu", (unsigned long long)seed);
  TRY(table_set_text(t, (size_t)i, 0, name));
  snprintf(name, sizeof name, "ct_%05llu.nii.gz", (unsigned long long)seed);
  TRY(table_set_text(t, (size_t)i, 1, name));
  CHECK(snprintf(path, sizeof path, "%s/%s", p->out, name) < 4096, ST_IO, "the path is too long");
  TRY(itk_image_write(ct, path, provenance, ctx->force));
  snprintf(name, sizeof name, "labels_%05llu.nii.gz", (unsigned long long)seed);
  TRY(table_set_text(t, (size_t)i, 2, name));
  snprintf(path, sizeof path, "%s/%s", p->out, name);
  TRY(itk_labels_write(labels, path, provenance, ctx->force));
  const double values[] = {b.vbmd_mgcc, b.cortex_mm, b.abmd_gcm2, b.scale};
  for (int c = 0; c < 4; c++) t->columns[3 + c].numbers[i] = values[c];
done:
  volume_destroy(ct);
  labels_destroy(labels);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *t = NULL;
  struct progress progress;
  char path[4096];
  cJSON *provenance = context_provenance(ctx);
  TRY(file_make_directory(p->out));
  TRY(table_create(&t, (size_t)p->people));
  TRY(add_columns(t));
  progress_begin(&progress, "bodies", "people", p->people);
  for (int i = 0; i < p->people; i++) {
    TRY(one(ctx, p, t, i, provenance));
    progress_update(&progress, i + 1, NULL);
  }
  progress_end(&progress);
  CHECK(snprintf(path, sizeof path, "%s/manifest.csv", p->out) < 4096, ST_IO,
        "the path of the manifest is too long");
  TRY(table_write(t, path, ctx->force));
done:
  cJSON_Delete(provenance);
  table_destroy(t);
  return st;
}

const struct command cmd_phantom_femurs = {
    .name = "phantom femurs",
    .summary = "Make many simple femur-like bodies to train and test networks on",
    .about = "Each body is a sphere, a neck and a shaft with a shell of 900 mg/cm3 and a core of "
             "20 to 200 mg/cm3, "
             "turned by up to 10 degrees about each axis, in a round thigh, with 20 HU of noise. "
             "The manifest "
             "holds the paths and the truth: density of the core, thickness of the shell, areal "
             "density of "
             "the frontal silhouette.\n\n"
             "They show that a training loop works; they say nothing about patients. For a "
             "likeness of a "
             "hip see `qct phantom hip`.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
