#include "anatomy/column.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/file.h"
#include "core/image.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "core/log.h"

#include <stdio.h>

struct params {
  struct image_read_options read;
  const char *ct, *out;
  const char *levels;
};

static const struct params defaults = {.out = NULL};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_TEXT(struct params, levels, "level-z",
             "levels that you name, L1=z,L2=z with the middle of each body in mm"),
    OPT_OUT_REQUIRED(struct params, out, "out",
                     "folder for proposal.json, proposal.png; with --level-z also labels.nii.gz, "
                     "frames.json"),
    SCAN_OPTIONS(struct params, read), OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom spine --out spine --spacing 1.5,1.5,2 --format nifti", "a digital patient"},
    {"qct anatomy levels spine/ct.nii.gz --out levels", "canal, discs and bodies, without names"},
    {"qct anatomy levels spine/ct.nii.gz --level-z L1=74,L2=37 --out named",
     "bodies of the levels that a person named"},
    {NULL, NULL}};

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
  if (p->levels) TRY(column_anchors_check(p->levels));
  TRY(scan_read_hu(&ct, p->ct, &p->read));
  TRY(column_find(&c, ct));
  if (p->levels) TRY(column_anchors(&labels, &frames, c, ct, p->levels));
  TRY(write_all(ctx, c, ct, labels, &frames, p->out));
  for (int i = 0; i < frames.count; i++)
    log_info("%s: middle at z %.1f mm, %.0f x %.0f mm; %s", frames.items[i].level,
             frames.items[i].centre.z, frames.items[i].width_mm, frames.items[i].depth_mm,
             frames.items[i].flags);
  for (int i = 0; i < c->body_count; i++)
    log_info("a body at z %.0f mm, disc to disc %.0f mm, confidence %.2f (no level is named)",
             c->bodies[i].at.z, c->bodies[i].height_mm, c->bodies[i].confidence);
  CHECK(
      !*c->reason || labels, ST_DOMAIN,
      "the proposal must not be relied on: %s. Look at proposal.png and name a level by --level-z, "
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
        "needs sacrum or ribs in sight of a person. With --level-z L1=z [mm, as in the picture] "
        "the "
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
