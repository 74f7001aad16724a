#include "cli/scan_options.h"
#include "cli/spine_options.h"
#include "core/image.h"
#include "core/json.h"
#include "core/log.h"
#include "qct/hu.h"

#include <math.h>
#include <string.h>

struct params {
  struct image_read_options read;
  const char *ct, *labels, *frames, *organs, *whole, *out, *picture, *case_id;
  struct text_list presets;
  struct spine_region region;
  int contrast, method, convert, label;
  double erode, kvp, kev, kev_120, marrow, air, fat;
  bool anyway;
};

static const char *const contrasts[] = {"unknown", "none", "present", NULL};
static const char *const methods[] = {"plain", "c2c", NULL};
static const char *const conversions[] = {"none", "physics", NULL};

static const struct params defaults = {.case_id = "case",
                                       .region = SPINE_REGION_DEFAULTS,
                                       .erode = NAN,
                                       .kvp = NAN,
                                       .kev = NAN,
                                       .kev_120 = NAN,
                                       .marrow = NAN,
                                       .air = NAN,
                                       .fat = NAN};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    ARG_IN(struct params, labels, "labels", "vertebral bodies by level, or femora"),
    ARG_IN(struct params, frames, "frames", "frames.json of vertebrae, or the frame of a femur"),
    OPT_LIST(struct params, presets, "presets", "thresholds to judge by, e.g. l1-160,l1-110"),
    OPT_FLAG(struct params, anyway, "override",
             "give the verdict of a preset that refuses this scan, flagged"),
    SPINE_REGION_OPTIONS(struct params, region),
    OPT_REAL(struct params, erode, "erode", "mm", 0, 10,
             "taken off the label (--roi label: else 0; femur: else 3 mm)"),
    OPT_INT(struct params, label, "label", "", 0, 65535,
            "value of the femur; 0: 76 for a right frame, 75 for a left one"),
    OPT_CHOICE(struct params, contrast, "contrast", contrasts,
               "contrast medium; unknown: the header and the image are judged"),
    OPT_IN(struct params, organs, "organs", "label map with the aorta, to judge contrast medium"),
    OPT_REAL(struct params, kvp, "kvp", "kV", 40, 160, "tube voltage; else the header's"),
    OPT_CHOICE(struct params, convert, "kvp-convert", conversions,
               "physics: also HU at 120 kV by the formula above"),
    OPT_REAL(struct params, kev, "kev", "keV", 30, 160, "effective energy of this scan"),
    OPT_REAL(struct params, kev_120, "kev-120", "keV", 30, 160, "effective energy at 120 kV"),
    OPT_REAL(struct params, marrow, "marrow", "HU", -150, 100, "HU of marrow for --kvp-convert"),
    OPT_CHOICE(struct params, method, "method", methods,
               "c2c: Comp2Comp's estimate from whole vertebrae, for comparison only"),
    OPT_IN(struct params, whole, "whole", "whole vertebrae (labels 28..31) for --method c2c"),
    OPT_REAL(struct params, air, "air-hu", "HU", -1100, -900, "mean of air, for --method c2c"),
    OPT_REAL(struct params, fat, "fat-hu", "HU", -200, 0, "mean of visceral fat, for --method c2c"),
    OPT_CASE(struct params, case_id),
    OPT_OUT_AS(struct params, picture, "picture", ".png",
               "the regions, sagittal and across the bodies"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom spine --out spine --view column --spacing 1,1,3 --density L1=100 --format nifti",
     "a digital spine"},
    {"qct anatomy vertebrae spine/bodies.nii.gz --out vertebrae", "bodies and frames"},
    {"qct hu spine/ct.nii.gz vertebrae/labels.nii.gz vertebrae/frames.json --presets l1-160,l1-110",
     "HU of T12 to L5, and two verdicts on L1"},
    {NULL, NULL}};

static const char *const sources[] = {"pickhardt2013", "anderson2018", "hendrickson2018",
                                      "comp2comp",     "jang2019",     NULL};

static status fill(struct qct_hu_options *o, const struct params *p) {
  status st = ST_OK;
  const int most = (int)(sizeof o->presets / sizeof *o->presets);
  o->min_voxels = p->region.min_voxels;
  o->anyway = p->anyway;
  o->roi = spine_region_roi(&p->region, isnan(p->erode) ? 0 : p->erode);
  TRY(spine_levels(o->wanted, &p->region.levels, "levels"));
  CHECK(p->presets.count <= most, ST_USAGE, "%d presets, at most %d", p->presets.count, most);
  for (int i = 0; i < p->presets.count; i++)
    TRY(qct_hu_preset_find(&o->presets[o->preset_count++], p->presets.items[i]));
  if (!p->convert) goto done;
  CHECK(!isnan(p->kev) && !isnan(p->kev_120) && !isnan(p->marrow), ST_USAGE,
        "--kvp-convert physics needs --kev, --kev-120 and --marrow: none of them has a default");
  o->kev = p->kev;
  o->kev_120 = p->kev_120;
  o->marrow_hu = p->marrow;
done:
  return st;
}

/* A preset asked for by name that refuses this scan ends the command, unless told otherwise. */
static status check_presets(const struct qct_hu_options *o, const struct qct_hu_scan *scan) {
  status st = ST_OK;
  for (int i = 0; i < o->preset_count && !o->anyway; i++) {
    char refusal[192];
    qct_hu_preset_refusal(refusal, o->presets[i], scan);
    CHECK(!*refusal, ST_DOMAIN,
          "preset %s refuses this scan: %s. Leave the preset out for the value alone, or say "
          "--override",
          o->presets[i]->key, refusal);
  }
done:
  return st;
}

struct inputs {
  struct volume *ct;
  struct labels *labels, *organs, *whole;
  struct vertebra_frames vertebrae;
  struct hip_frame hip;
  bool femur;
};

static status read_frames(struct inputs *in, const char *path) {
  status st = ST_OK;
  cJSON *json = NULL;
  char format[40] = "";
  TRY(json_read(&json, path));
  TRY(json_get_text(format, sizeof format, json, "format", "frames"));
  in->femur = !strncmp(format, "qct hip frame", 13);
  if (in->femur)
    TRY(hip_frame_from_json(&in->hip, json, "frames"));
  else
    TRY(vertebra_frames_from_json(&in->vertebrae, json, "frames"));
done:
  cJSON_Delete(json);
  return st;
}

static status load(struct inputs *in, const struct params *p) {
  status st = ST_OK;
  TRY(read_frames(in, p->frames));
  TRY(scan_read_hu(&in->ct, p->ct, &p->read));
  TRY(labels_read_on(&in->labels, p->labels, &in->ct->grid));
  if (p->organs) TRY(labels_read_on(&in->organs, p->organs, &in->ct->grid));
  if (p->whole) TRY(labels_read_on(&in->whole, p->whole, &in->ct->grid));
  CHECK(!p->method || p->whole, ST_USAGE,
        "--method c2c measures whole vertebrae: give their label map with --whole");
done:
  return st;
}

static status measure_spine(struct record *r, const struct inputs *in,
                            const struct qct_hu_scan *scan, const struct qct_hu_options *o,
                            const char *picture, bool force) {
  status st = ST_OK;
  struct labels *roi = NULL;
  TRY(qct_spine_roi(&roi, in->labels, &in->vertebrae, &o->roi));
  TRY(qct_hu_spine(r, in->ct, roi, &in->vertebrae, scan, o));
  if (picture) TRY(spine_picture_write(picture, in->ct, in->labels, roi, &in->vertebrae, force));
done:
  labels_destroy(roi);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct qct_hu_options o = QCT_HU_DEFAULTS;
  struct inputs in = {0};
  struct record *r = NULL;
  struct qct_contrast contrast;
  TRY(fill(&o, p));
  TRY(load(&in, p));
  if (in.femur) {
    o.roi.kind = QCT_ROI_LABEL;
    if (isnan(p->erode)) o.roi.erode_mm = 3;
  }
  enum contrast said = (enum contrast)p->contrast;
  if (said == CONTRAST_NONE)
    contrast = (struct qct_contrast){.vessel_hu = (double)NAN};
  else
    TRY(qct_contrast_judge(&contrast, in.ct, said, in.organs, in.femur ? NULL : &in.vertebrae));
  struct qct_hu_scan scan = {isnan(p->kvp) ? in.ct->acquisition.kvp : p->kvp, &contrast, o.roi};
  TRY(check_presets(&o, &scan));
  TRY(record_create(&r, p->case_id));
  if (in.femur) {
    int label = p->label;
    if (!label) label = in.hip.side == SIDE_LEFT ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
    TRY(qct_hu_femur(r, in.ct, in.labels, label, &in.hip, &scan, &o));
  } else
    TRY(measure_spine(r, &in, &scan, &o, p->picture, ctx->force));
  if (p->method) TRY(qct_hu_c2c(r, in.ct, in.whole, p->air, p->fat));
  TRY(context_write_record(ctx, r, p->out));
done:
  volume_destroy(in.ct);
  labels_destroy(in.labels);
  labels_destroy(in.organs);
  labels_destroy(in.whole);
  record_destroy(r);
  return st;
}

const struct command cmd_hu = {
    .name = "hu",
    .summary = "Opportunistic HU of vertebrae or a femur, with verdicts of named presets",
    .about =
        "Mean, median and SD [HU] of a region in each vertebral body, or of the regions of a "
        "femur. HU, not density: they move with tube voltage, contrast medium and scanner.\n\n"
        "A verdict is apart from the value and belongs to a preset: l1-160 (about 90 % sensitive), "
        "l1-110 (over 90 % specific for DXA osteoporosis), l1-135 (one risk threshold), "
        "l1-169-british, l1-104-british, totalseg-90; unverified: l1-100, l1-90, femur-112. A "
        "preset refuses a scan whose voltage is not stated or not 120 kV (+-1), with contrast "
        "medium stated or suspected (aorta above 90 HU), or whose region follows another rule.\n\n"
        "t_hu is (HU - 236)/42 at L1 and (HU - 227)/42 at L3, women of 20 to 30 years; it is no "
        "DXA T-score. At L1 and 120 kV, 20374 people had 226 +- 44 HU below 30 years, 2.5 HU less "
        "with each year, 89 +- 38 HU from 90 years.\n\n"
        "--kvp-convert physics: HU_120 = m + (HU - m)(R(E120) - 0.2174)/(R(E) - 0.2174), m marrow, "
        "R attenuation of K2HPO4 against water. --method c2c: BMD = 0.00253381 HU + 0.229802 "
        "g/cm2 over whole L1 to L4, as another program estimates it.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
