#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/json.h"
#include "core/log.h"
#include "ml/drr_picture.h"

#include <math.h>
#include <string.h>

static const char *const side_names[] = {"unknown", "right", "left", NULL};
static const enum side side_of[] = {SIDE_UNKNOWN, SIDE_RIGHT, SIDE_LEFT};

struct params {
  const char *case_id;
  const char *ct, *out, *picture, *labels, *frame;
  struct image_read_options read;
  int label, side;
  struct ml_drr_options drr;
};

static const struct params defaults = {.drr = ML_DRR_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT [HU], or a density [mg/cm3] for --value abmd"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ENDS_IMAGE,
                        "the projection, an image of one slice"),
    OPT_OUT_AS(struct params, picture, "picture", ".png",
               "the same as a grey picture, bone bright"),
    OPT_CHOICE(struct params, drr.view, "view", ml_drr_view_names, "direction of the rays"),
    OPT_CHOICE(struct params, drr.value, "value", ml_drr_value_names, "what a pixel holds"),
    OPT_CHOICE(struct params, drr.beam, "beam", ml_drr_beam_names, "parallel, or from a point"),
    OPT_CHOICE(struct params, drr.path, "path", ml_drr_path_names,
               "exact lengths in voxels, or trilinear steps of half a voxel"),
    OPT_REAL(struct params, drr.pixel_mm, "pixel", "mm", 0.1, 20,
             "edge of a pixel, on the detector"),
    OPT_REAL(struct params, drr.mu_water_per_mm, "mu-water", "1/mm", 0.01, 0.1,
             "attenuation of water at the effective energy; 0.02 is 64 keV"),
    OPT_REAL(struct params, drr.source_detector_mm, "source-detector", "mm", 1000, 1800,
             "cone: distance of source and detector"),
    OPT_REAL(struct params, drr.object_detector_mm, "object-detector", "mm", 0, 1000,
             "cone: middle of the box to the detector; default: the detector touches the box"),
    OPT_IN(struct params, labels, "labels", "label map on the grid of the CT; crops to --label"),
    OPT_INT(struct params, label, "label", "", 0, 65535,
            "value of the bone; 0: the femur of --side by its TotalSegmentator number"),
    OPT_REAL(struct params, drr.margin_mm, "margin", "mm", 0, 500, "room around the label"),
    OPT_FLAG(struct params, drr.only_mask, "only-mask",
             "project the bone alone: no table, contrast or other bone"),
    OPT_IN(struct params, frame, "frame",
           "frame.json of the hip: turns the leg so that the neck lies in the frontal plane"),
    OPT_CHOICE(struct params, side, "side", side_names, "of the hip; default: of the frame"),
    OPT_CHOICE(struct params, drr.mirror, "mirror", ml_drr_mirror_names,
               "turn the picture round, so that every hip looks like a right one"),
    SCAN_OPTIONS(struct params, read),
    OPT_CASE(struct params, case_id),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 3,3,3 --truth-step 4",
     "a digital patient"},
    {"qct drr patient/ct.nii.gz --out frontal.nii.gz --picture frontal.png",
     "the hip as in a radiograph"},
    {"qct drr patient/ct.nii.gz --labels patient/labels.nii.gz --frame patient/frame.json "
     "--only-mask --view lateral --out femur.nii.gz",
     "the femur alone from the side, neck in the frontal plane, left hips mirrored"},
    {NULL, NULL}};

static const char *const sources[] = {"siddon1985", "xcom2010", "kim2024", NULL};

static status write_image(struct context *ctx, const struct params *p, const struct ml_drr *d,
                          const struct ml_drr_options *o) {
  status st = ST_OK;
  struct picture *picture = NULL;
  cJSON *provenance = context_provenance(ctx), *what = ml_drr_describe(d, o);
  CHECK(provenance && what, ST_MEMORY, "describing the projection");
  if (p->picture) {
    double low, high;
    TRY(ml_drr_picture(&picture, &low, &high, d->image, o->value == ML_DRR_TRANSMISSION));
    json_add_number(what, "picture_low", low);
    json_add_number(what, "picture_high", high);
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  cJSON_AddItemToObject(provenance, "projection", what);
  what = NULL;
  TRY(itk_image_write(d->image, p->out, provenance, ctx->force));
done:
  cJSON_Delete(what);
  cJSON_Delete(provenance);
  picture_destroy(picture);
  return st;
}

/* Rows for a person: highest value, the sum over the area, where it was turned. */
static status report(struct context *ctx, const struct ml_drr *d, const struct ml_drr_options *o) {
  status st = ST_OK;
  struct record *r = NULL;
  const struct geometry *g = &d->image->grid;
  double sum = 0, most = -INFINITY;
  int64_t count = 0, n = g->nx * g->ny;
  for (int64_t i = 0; i < n; i++) {
    if (isnan(d->image->voxels[i])) continue;
    sum += (double)d->image->voxels[i];
    most = fmax(most, (double)d->image->voxels[i]);
    count++;
  }
  TRY(record_create(&r, ""));
  const char *region = ml_drr_view_names[o->view];
  struct measurement *m = record_add(r, region, "projection_max", most, d->unit);
  CHECK(m, ST_MEMORY, "projection record");
  m->n = count;
  if (d->mirrored) measurement_flag(m, "mirrored");
  if (o->value == ML_DRR_AREAL)
    record_add(r, region, "projection_mass", sum * o->pixel_mm * o->pixel_mm / 100, "g");
  record_add(r, region, "projection_mean", count ? sum / (double)count : NAN, d->unit);
  record_add(r, region, "mirrored", d->mirrored, "");
  record_add(r, region, "frame_rotation", d->rotation_deg, "deg");
  TRY(context_write_record(ctx, r, NULL));
done:
  record_destroy(r);
  return st;
}

/* Numbers of the scanner start at 0, and air would weigh as much as water. */
static void warn_no_air(const struct volume *v) {
  double low, high;
  volume_range(v, &low, &high);
  if (low >= 0)
    log_warning("no value lies below 0 HU: neither air nor fat is in the scan, or its values are "
                "not HU but numbers of the scanner (mostly 1024 too high)");
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct ml_drr_options o = p->drr;
  struct image_read_options read = p->read;
  struct volume *v = NULL;
  struct labels *labels = NULL;
  struct hip_frame frame;
  struct ml_drr d = {0};
  if (o.value == ML_DRR_LINE || o.value == ML_DRR_TRANSMISSION) read.quantity = QUANTITY_HU;
  TRY(image_read(&v, p->ct, &read));
  if (read.quantity == QUANTITY_HU) warn_no_air(v);
  if (p->labels) TRY(labels_read_on(&labels, p->labels, &v->grid));
  if (p->frame) TRY(hip_frame_read(&frame, p->frame));
  o.side = side_of[p->side] || !p->frame ? side_of[p->side] : frame.side;
  CHECK(!labels || p->label || o.side != SIDE_UNKNOWN, ST_USAGE,
        "which bone of the label map? give --label, --side or --frame");
  if (labels)
    o.label = p->label ? p->label : o.side == SIDE_LEFT ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
  TRY(ml_drr_project(&d, v, labels, p->frame ? &frame : NULL, &o));
  TRY(write_image(ctx, p, &d, &o));
  TRY(report(ctx, &d, &o));
done:
  ml_drr_free(&d);
  labels_destroy(labels);
  volume_destroy(v);
  return st;
}

const struct command cmd_drr = {
    .name = "drr",
    .summary = "Project a CT into a radiograph-like image",
    .about =
        "Sums along straight rays: line integral of the attenuation mu = mu_water max(0, 1 + "
        "HU/1000), transmission exp(-integral), mean or largest value on the path, or areal bone "
        "density [g/cm2] of a calibrated density volume. Frontal is seen from the front with the "
        "patient's right at the left, lateral from the patient's right, axial from the feet.\n\n"
        "With --labels the box of the bone and a margin is projected, in depth too; --only-mask "
        "leaves out everything else. With --frame the view follows the leg: the neck lies in the "
        "frontal plane. Left hips are mirrored; the side file says so and keeps the true place of "
        "each pixel in the patient.\n\n"
        "One energy, no scatter, no noise: this is not a simulation of a radiograph. Identical for "
        "any number of threads.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
