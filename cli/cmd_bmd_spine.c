#include "cli/spine_options.h"
#include "core/image.h"
#include "core/log.h"
#include "qct/spine.h"
#include "qct/spine_shape.h"

#include <math.h>
#include <stdio.h>

struct params {
  const char *density, *labels, *frames, *calibration, *organs, *correction, *out, *picture,
      *case_id;
  struct text_list exclude;
  struct spine_region region;
  int contrast;
  double erode;
  bool any_material, fracture;
};

static const struct params defaults = {.case_id = "case", .region = SPINE_REGION_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, density, "density",
           "calibrated bone density [mg/cm3] with its side file"),
    ARG_IN(struct params, labels, "labels", "vertebral bodies by level on the same grid"),
    ARG_IN(struct params, frames, "frames", "frames of the vertebrae (frames.json)"),
    SPINE_REGION_OPTIONS(struct params, region),
    OPT_REAL(struct params, erode, "erode", "mm", 0, 10, "taken off the label (--roi label)"),
    OPT_LIST(struct params, exclude, "exclude",
             "levels with fracture, metal, sclerosis or cement, e.g. L2"),
    OPT_IN(struct params, calibration, "calibration", "calibration.json, for intervals"),
    OPT_CHOICE(struct params, contrast, "contrast", qct_contrast_words,
               "contrast medium, or its phase; unknown: the header and the image are judged"),
    OPT_IN(struct params, correction, "contrast-correction",
           "your own line for the phase given by --contrast (.json)"),
    OPT_IN(struct params, organs, "organs", "label map with the aorta, to judge contrast medium"),
    OPT_FLAG(struct params, any_material, "any-material",
             "classify by 120/80 mg/cm3 though the density is not of K2HPO4"),
    OPT_FLAG(struct params, fracture, "insufficiency-fracture",
             "the person had one, by your own knowledge: below 80 mg/cm3 the class is severe"),
    OPT_CASE(struct params, case_id),
    OPT_OUT_AS(struct params, picture, "picture", ".png",
               "the regions, sagittal and across the bodies"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom spine --out spine --spacing 1.2,1.2,3 --density L1=110 --format nifti",
     "a digital patient with a calibration phantom"},
    {"qct calibrate phantom spine/ct.nii.gz --phantom mindways-model3-ct --rods "
     "spine/labels.nii.gz --out calibration.json",
     "its calibration"},
    {"qct calibrate apply spine/ct.nii.gz calibration.json --out density.nii.gz", "its density"},
    {"qct anatomy vertebrae spine/bodies.nii.gz --out vertebrae", "bodies and frames"},
    {"qct bmd spine density.nii.gz vertebrae/labels.nii.gz vertebrae/frames.json --calibration "
     "calibration.json --picture spine.png",
     "density, class, heights and grades"},
    {NULL, NULL}};

static const char *const sources[] = {"chinese_qct_2020", "comp2comp", "genant1993", NULL};

/* HU from a density, for the judgement of contrast medium. */
static status back_to_hu(struct volume **out, const struct volume *density,
                         const struct calibration *c) {
  status st = ST_OK;
  struct volume *v = NULL;
  TRY(volume_create_like(&v, density));
  v->quantity = QUANTITY_HU;
  v->material = MATERIAL_NONE;
  int64_t n = geometry_voxels(&v->grid);
  for (int64_t i = 0; i < n; i++)
    v->voxels[i] = (float)calibration_hu(c, (double)density->voxels[i]);
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}

static status judge_contrast(struct qct_contrast *out, const struct volume *density,
                             const struct calibration *c, const struct vertebra_frames *frames,
                             const struct params *p) {
  status st = ST_OK;
  struct volume *hu = NULL;
  struct labels *organs = NULL;
  enum contrast said = qct_contrast_of_word(p->contrast);
  *out = (struct qct_contrast){.vessel_hu = (double)NAN};
  if (p->organs) TRY(labels_read_on(&organs, p->organs, &density->grid));
  if (c && said == CONTRAST_UNKNOWN) {
    TRY(back_to_hu(&hu, density, c));
    TRY(qct_contrast_judge(out, hu, said, organs, frames));
  } else if (said == CONTRAST_PRESENT ||
             (said == CONTRAST_UNKNOWN && density->acquisition.contrast == CONTRAST_PRESENT)) {
    out->present = out->stated = 1;
    snprintf(out->reason, sizeof out->reason, "contrast medium was given");
  } else if (!c && said == CONTRAST_UNKNOWN)
    log_info(
        "contrast medium: only the header was asked; give --calibration to look at the vessels");
done:
  volume_destroy(hu);
  labels_destroy(organs);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct qct_spine_options o = QCT_SPINE_DEFAULTS;
  struct volume *density = NULL;
  struct labels *bodies = NULL, *roi = NULL;
  struct record *r = NULL;
  struct vertebra_frames frames;
  struct calibration calibration, *c = NULL;
  struct qct_contrast contrast;
  struct qct_contrast_correction correction;
  o.roi = spine_region_roi(&p->region, p->erode);
  o.min_voxels = p->region.min_voxels;
  o.any_material = p->any_material;
  o.fracture = p->fracture;
  TRY(spine_levels(o.wanted, &p->region.levels, "levels"));
  TRY(spine_levels(o.excluded, &p->exclude, "exclude"));
  TRY(image_read(&density, p->density, &(struct image_read_options){0}));
  TRY(labels_read_on(&bodies, p->labels, &density->grid));
  TRY(vertebra_frames_read(&frames, p->frames));
  if (p->calibration) {
    TRY(calibration_read_of(&calibration, p->calibration, density));
    c = &calibration;
  }
  if (p->correction) {
    TRY(qct_contrast_correction_read(&correction, p->correction, p->contrast));
    o.correction = &correction;
  }
  TRY(judge_contrast(&contrast, density, c, &frames, p));
  TRY(qct_spine_roi(&roi, bodies, &frames, &o.roi));
  TRY(record_create(&r, p->case_id));
  TRY(qct_spine_vbmd(r, density, roi, &frames, c, &contrast, &o));
  TRY(qct_spine_shape(r, &frames));
  if (p->picture) TRY(spine_picture_write(p->picture, density, bodies, roi, &frames, ctx->force));
  TRY(context_write_record(ctx, r, p->out));
done:
  volume_destroy(density);
  labels_destroy(bodies);
  labels_destroy(roi);
  record_destroy(r);
  return st;
}

const struct command cmd_bmd_spine = {
    .name = "bmd spine",
    .summary = "Trabecular density of vertebral bodies, their heights and grades",
    .about =
        "Mean, SD and median density [mg/cm3 of the calibration's material] in a region of each "
        "body; the mean of two levels (L1 and L2, in their place T12, then L3) and its class: "
        "normal above 120, low from 80 to 120, osteoporosis below 80 mg/cm3, severe with an "
        "insufficiency fracture (--insufficiency-fracture; never told by the image). The limits "
        "are "
        "for postmenopausal women and elderly men and for "
        "K2HPO4 calibrations: with another or an unstated material the class is withheld; with "
        "contrast medium, stated or suspected, too, unless --contrast-correction gives a line from "
        "your own paired scans: {\"format\": \"qct contrast correction 1\", \"phase\", "
        "\"source\", \"slope\", \"intercept\"}, for density without medium = slope x density + "
        "intercept; none is built in. A DXA T-score of -2.5 does not apply.\n\n"
        "Heights [mm] and their loss, Genant grade and type, loss against the neighbours and the "
        "Cobb angle [deg] come from the frames. Levels with fracture, metal, sclerosis or cement "
        "are excluded by --exclude; what looks like it is flagged, never removed.\n\n"
        "The ellipse lies 0.58 of the depth from the posterior wall with semi-axes of 0.325 of the "
        "width and 0.25 of the depth. ellipse-c2c makes the same in whole voxels as Comp2Comp "
        "does.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
