#include "bodycomp/heart.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/body.h"
#include "core/image.h"
#include "core/itk_image.h"

#include <math.h>
#include <stdio.h>

struct params {
  const char *case_id;
  struct image_read_options read;
  const char *ct, *labels, *out, *sac, *picture;
  int inside, outside, window, limit;
  bool median;
  double fat_window[2], height_m, mass_kg, slice_z_mm;
};

static const struct params defaults = {.inside = HEART_SAC,
                                       .fat_window = {NAN, NAN},
                                       .height_m = NAN,
                                       .mass_kg = NAN,
                                       .slice_z_mm = NAN};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT of the chest: DICOM folder or image file"),
    OPT_IN(struct params, labels, "labels",
           "label map with the sac on the same grid; without it the sac is found by rule"),
    OPT_INT(struct params, inside, "label", "", 1, 65535,
            "value of the sac in --labels (TotalSegmentator trunk_cavities: 3)"),
    OPT_INT(struct params, outside, "around", "", 0, 65535,
            "value of the region around the sac in --labels (mediastinum: 4); 0: none"),
    OPT_CHOICE(struct params, window, "windows", heart_fat_window_names,
               "named window of fat: -190..-30 HU, or -190..-40 or -190..-45 on chest CT without "
               "gating"),
    OPT_REALS(struct params, fat_window, "fat-window", "HU", 2, -1000, 3000,
              "inclusive HU window of fat, instead"),
    OPT_FLAG(struct params, median, "median",
             "HU are medians of 3 x 3 x 3 voxels, as in one published way"),
    OPT_REAL(struct params, slice_z_mm, "slice-z", "mm", -1e5, 1e5,
             "also the fat of the slice at this z (LPS), such as that of the left main coronary "
             "artery"),
    OPT_CHOICE(struct params, limit, "fat-limit", heart_fat_limit_names,
               "also whether the fat inside is above 250 ml, as printed in one review"),
    OPT_REAL(struct params, height_m, "height", "m", 0.5, 3, "of the person"),
    OPT_REAL(struct params, mass_kg, "mass", "kg", 10, 400, "of the person"),
    OPT_OUT_AS(struct params, sac, "sac", ENDS_IMAGE,
               "also write the sac and what is around it, a label map"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "three planes with the sac and its fat"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    SCAN_OPTIONS(struct params, read),
    OPT_CASE(struct params, case_id),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom heart --out chest --format nifti --spacing 2.5,2.5,5",
     "a digital chest whose fat is known"},
    {"qct pericardium chest/ct.nii.gz --picture heart.png", "fat of its heart, sac by rule"},
    {"qct pericardium chest/ct.nii.gz --labels chest/labels.nii.gz --label 250 --around 251",
     "the same with the true sac"},
    {NULL, NULL}};

static const char *const sources[] = {"derstine2018", "eat_nongated2022", "mosteller1987",
                                      "heartaortanet", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *hu = NULL;
  struct labels *sac = NULL;
  struct record *record = NULL;
  struct picture *picture = NULL;
  cJSON *provenance = NULL;
  struct heart_info info = {.flags = ""};
  struct heart_fat_options o = HEART_FAT_DEFAULTS;
  char method[64] = "mask";
  int inside = p->inside, outside = p->outside;
  o.fat = heart_fat_windows[p->window];
  if (!isnan(p->fat_window[0])) {
    o.fat = (struct tissue_window){"fat", p->fat_window[0], p->fat_window[1], ""};
  }
  o.median = p->median;
  o.slice_z_mm = p->slice_z_mm;
  o.limit = (enum heart_fat_limit)p->limit;
  o.height_m = p->height_m;
  o.weight_kg = p->mass_kg;
  TRY(scan_read_hu(&hu, p->ct, &p->read));
  TRY(body_check_hu(hu, "fat of the heart"));
  TRY(body_check_axial(&hu->grid, "fat of the heart"));
  TRY(record_create(&record, ""));
  if (p->labels) {
    TRY(labels_read_on(&sac, p->labels, &hu->grid));
  } else {
    TRY(heart_find(&sac, &info, hu));
    inside = HEART_SAC;
    outside = HEART_MEDIASTINUM;
    snprintf(method, sizeof method, "rule confidence %.2g", info.confidence);
  }
  TRY(heart_fat_record(record, hu, sac, inside, outside, method, &o));
  if (!p->labels) heart_rule_flags(record, &info);
  if (p->sac) {
    provenance = context_provenance(ctx);
    TRY(itk_labels_write(sac, p->sac, provenance, ctx->force));
  }
  if (p->picture) {
    TRY(heart_picture(&picture, hu, sac, inside, outside, &o));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  TRY(context_write_record(ctx, record, p->out));
done:
  cJSON_Delete(provenance);
  picture_destroy(picture);
  record_destroy(record);
  labels_destroy(sac);
  volume_destroy(hu);
  return st;
}

const struct command cmd_pericardium = {
    .name = "pericardium",
    .summary = "Fat inside and around the sac of the heart",
    .about =
        "Volume in cm3, mean and SD in HU of the voxels inside the fat window, inside the sac "
        "and around it. The two are named so because epicardial and pericardial fat are "
        "swapped in the literature: what lies inside the sac is most often called epicardial.\n\n"
        "The sac comes from a label map; without one it is guessed by rule (between the "
        "lungs, above the diaphragm, in front of the spine) with a stated confidence, and "
        "every row says so. A reader's outline is better. Contrast raises the HU of the fat "
        "and is flagged.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
