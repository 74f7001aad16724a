#include "anatomy/column.h"
#include "cli/command.h"
#include "core/file.h"
#include "core/image.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "core/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *ct, *out;
  const char *levels;
};

static const struct params defaults = {.out = NULL};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT volume: DICOM folder or image file"),
    OPT_TEXT(struct params, levels, "level",
             "levels that you name, L1=z,L2=z with the middle of each body in mm"),
    OPT_OUT_REQUIRED(struct params, out, "out",
                     "folder for proposal.json, proposal.png; with --level also labels.nii.gz, "
                     "frames.json"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom spine --out spine --spacing 1.5,1.5,2 --format nifti", "a digital patient"},
    {"qct anatomy levels spine/ct.nii.gz --out levels", "canal, discs and bodies, without names"},
    {"qct anatomy levels spine/ct.nii.gz --level L1=74,L2=37 --out named",
     "bodies of the levels that a person named"},
    {NULL, NULL}};

struct anchor {
  int level;
  double z_mm;
};

/* The anchor that starts at `text`; *end: behind it. */
static status read_anchor(struct anchor *out, const char *text, char **end) {
  status st = ST_OK;
  char name[16] = "";
  const char *equals = strchr(text, '=');
  size_t n = equals ? (size_t)(equals - text) : 0;
  if (n && n < sizeof name) memcpy(name, text, n);
  out->level = vertebra_level_of(name);
  CHECK(out->level >= 0, ST_USAGE,
        "--level %s: expected LEVEL=z, LEVEL one of C1 ... T12 L1 ... S1", text);
  out->z_mm = strtod(equals + 1, end);
  CHECK(*end != equals + 1 && (!**end || **end == ','), ST_USAGE,
        "--level %s: \"%s\" is not a height in mm", text, equals + 1);
done:
  return st;
}

/* All anchors of a text; each level once, and in the order of the body. */
static status read_anchors(struct anchor anchors[VERTEBRA_LEVELS], int *count, const char *text) {
  status st = ST_OK;
  char *end = NULL;
  for (*count = 0; *text; text = *end ? end + 1 : end) {
    struct anchor *a = &anchors[*count];
    CHECK(*count < VERTEBRA_LEVELS, ST_USAGE, "--level: more than %d levels", VERTEBRA_LEVELS);
    TRY(read_anchor(a, text, &end));
    for (const struct anchor *b = anchors; b < a; b++) {
      CHECK(a->level != b->level, ST_USAGE, "--level names %s twice",
            vertebra_level_name(a->level));
      CHECK((a->level > b->level) == (a->z_mm < b->z_mm), ST_USAGE,
            "--level: %s at z %g mm and %s at z %g mm are in the wrong order",
            vertebra_level_name(a->level), a->z_mm, vertebra_level_name(b->level), b->z_mm);
    }
    (*count)++;
  }
done:
  return st;
}

/* Bodies of the anchors, cranial to caudal. */
static status make_anchors(struct labels **out, struct vertebra_frames *frames,
                           const struct column *c, const struct volume *ct, const char *text) {
  status st = ST_OK;
  struct labels *labels = NULL;
  struct anchor anchors[VERTEBRA_LEVELS];
  int count;
  TRY(read_anchors(anchors, &count, text));
  TRY(labels_create(&labels, &ct->grid));
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    for (int i = 0; i < count; i++) {
      if (anchors[i].level != level) continue;
      struct vertebra_frame *f = &frames->items[frames->count];
      TRY(column_anchor(f, labels, c, ct, level, anchors[i].z_mm));
      TRY(labels_set_name(labels, f->label, f->level));
      log_info("%s: middle at z %.1f mm, %.0f x %.0f mm; %s", f->level, f->centre.z, f->width_mm,
               f->depth_mm, f->flags);
      frames->count++;
    }
  *out = labels;
  labels = NULL;
done:
  labels_destroy(labels);
  return st;
}

static status write_all(struct context *ctx, const struct column *c, const struct volume *ct,
                        const struct labels *labels, const struct vertebra_frames *frames,
                        const char *folder) {
  status st = ST_OK;
  struct picture *picture = NULL;
  char path[4096];
  cJSON *json = column_to_json(c), *provenance = context_provenance(ctx);
  TRY(file_make_directory(folder));
  snprintf(path, sizeof path, "%s/proposal.json", folder);
  TRY(context_write_json(ctx, json, path));
  TRY(column_picture(&picture, ct, c, labels, frames));
  snprintf(path, sizeof path, "%s/proposal.png", folder);
  TRY(picture_write_png(picture, path, ctx->force));
  if (!labels) goto done;
  snprintf(path, sizeof path, "%s/labels.nii.gz", folder);
  TRY(itk_labels_write(labels, path, provenance, ctx->force));
  snprintf(path, sizeof path, "%s/frames.json", folder);
  TRY(vertebra_frames_write(frames, path, provenance, ctx->force));
done:
  cJSON_Delete(json);
  cJSON_Delete(provenance);
  picture_destroy(picture);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *ct = NULL;
  struct column *c = NULL;
  struct labels *labels = NULL;
  struct vertebra_frames frames = {.count = 0};
  TRY(image_read(&ct, p->ct, &(struct image_read_options){.quantity = QUANTITY_HU}));
  TRY(column_find(&c, ct));
  if (p->levels) TRY(make_anchors(&labels, &frames, c, ct, p->levels));
  TRY(write_all(ctx, c, ct, labels, &frames, p->out));
  for (int i = 0; i < c->body_count; i++)
    log_info("a body at z %.0f mm, disc to disc %.0f mm, confidence %.2f (no level is named)",
             c->bodies[i].at.z, c->bodies[i].height_mm, c->bodies[i].confidence);
  CHECK(!*c->reason || labels, ST_DOMAIN,
        "the proposal must not be relied on: %s. Look at proposal.png and name a level by --level, "
        "or give labels to anatomy vertebrae",
        c->reason);
  if (*c->reason) log_warning("only the anchors count: %s", c->reason);
done:
  volume_destroy(ct);
  column_destroy(c);
  labels_destroy(labels);
  return st;
}

const struct command cmd_anatomy_levels = {
    .name = "anatomy levels",
    .summary =
        "Propose spinal canal, discs and bodies from the scan alone; take levels a person names",
    .about =
        "Draws a proposal: the canal (green where seen, pink between), discs as dark minima before "
        "it, bodies between discs with a confidence from 0 to 1. It never names a level: that "
        "needs sacrum or ribs in sight of a person. With --level L1=z [mm, as in the picture] the "
        "body at that height is outlined in its middle plane and enters bmd spine or hu; "
        "neighbours are not named from it.\n\n"
        "Refused (status 3, the picture is written) when the canal was seen in less than 15 % of "
        "its slices, is shorter than 60 mm, or fewer than two bodies have a confidence of 0.4. An "
        "anchor is refused where the canal was not found or where less than half of the outline "
        "has a clear edge. Anchored bodies have no heights.\n\n"
        "Tried on three scans only; discs come out some mm low, slices of 5 mm or contrast medium "
        "lose discs.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
