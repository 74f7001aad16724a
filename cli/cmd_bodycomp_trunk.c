#include "bodycomp/slice_picture.h"
#include "bodycomp/trunk.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/body.h"
#include "core/filter.h"
#include "core/image.h"
#include "core/itk_image.h"
#include "core/json.h"

struct params {
  struct image_read_options read;
  const char *ct, *out, *labels, *picture;
  int slice;
};

static const struct params defaults = {.slice = -1};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    ARG_OUT_AS(struct params, out, "out", ENDS_IMAGE, "label map of the compartments"),
    OPT_IN(struct params, labels, "labels",
           "label map with organs (TotalSegmentator numbers) or a part named abdominal_cavity, on "
           "the same grid: the rule then only finds the wall"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "a slice with its compartments"),
    OPT_INT(struct params, slice, "slice", "", -1, 100000,
            "slice of the picture by index; -1: the middle one"),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom torso --out trunk --spacing 1.5,1.5,5 --length 30 --format nifti",
     "a digital trunk"},
    {"qct bodycomp trunk trunk/ct.nii.gz parts.nii.gz --picture parts.png",
     "its compartments by rule"},
    {"qct bodycomp slice trunk/ct.nii.gz --compartments parts.nii.gz --muscle muscle=5 "
     "--fat subcutaneous=2,visceral=6 --slice 3",
     "muscle and fat areas in a slice of it"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *read_hu = NULL, *hu = NULL;
  struct labels *l = NULL, *back = NULL, *given = NULL, *known = NULL;
  struct picture *picture = NULL;
  struct trunk_info info;
  cJSON *provenance = NULL, *json = NULL;
  TRY(scan_read_hu(&read_hu, p->ct, &p->read));
  TRY(body_check_hu(read_hu, "parting the trunk"));
  TRY(filter_orient(&hu, read_hu));
  if (p->labels) {
    TRY(labels_read_on(&given, p->labels, &read_hu->grid));
    TRY(filter_orient_labels(&known, given));
  }
  TRY(trunk_compartments(&l, &info, hu, known, NULL));
  TRY(filter_resample_labels(&back, l, &read_hu->grid));
  provenance = context_provenance(ctx);
  if (p->picture) {
    TRY(trunk_picture(&picture, hu, l, p->slice < 0 ? hu->grid.nz / 2 : p->slice));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  TRY(itk_labels_write(back, p->out, provenance, ctx->force));
  json = cJSON_CreateObject();
  json_add_number(json, "slices_parted", (double)info.parted);
  json_add_number(json, "slices_not_parted", (double)info.unparted);
  json_add_number(json, "share_of_wall_seen", info.wall_seen);
  cJSON_AddBoolToObject(json, "body_leaves_image_sideways", info.body.touches_side);
  TRY(context_write_json(ctx, json, NULL));
done:
  cJSON_Delete(provenance);
  cJSON_Delete(json);
  picture_destroy(picture);
  labels_destroy(l);
  labels_destroy(back);
  labels_destroy(given);
  labels_destroy(known);
  volume_destroy(hu);
  volume_destroy(read_hu);
  return st;
}

const struct command cmd_bodycomp_trunk = {
    .name = "bodycomp trunk",
    .summary = "Skin, fat, muscle, bone and abdominal cavity of the trunk by rule",
    .about =
        "For scans without a label map: subcutaneous fat (2), bone (4), muscles with the fat "
        "between them (5) and the abdominal cavity (6), skin (1), slice by slice. The wall is "
        "followed on rays to the fat behind it, the cavity ends at the middle of the vertebral "
        "body, the psoas counts with the muscles. Slices with lung or without a vertebra "
        "keep one inside (3).\n\n"
        "With --labels the organs of a map bound the cavity where they lie against the wall: by "
        "rule alone kidneys and liver that touch it count as muscle, so use it at L3 and below.\n\n"
        "A rule, not an outline: share_of_wall_seen tells how much of the wall had fat behind "
        "it. Feed the result to bodycomp slice or bodycomp volume.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
