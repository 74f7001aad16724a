#include "anatomy/frame.h"
#include "anatomy/import.h"
#include "cli/reference_options.h"
#include "core/image.h"

#include <math.h>

static const char *const side_names[] = {"auto", "right", "left", NULL};

struct params {
  const char *labels, *out;
  int value, side, neck;
  double shaft_min;
  struct reference_paths reference;
};

static const struct params defaults = {
    .value = 0, .neck = NECK_MINPERIM, .shaft_min = 20, .reference.options = REFERENCE_DEFAULTS};
static const char *const neck_names[] = {"minperim", "area", NULL};

static const struct option options[] = {
    ARG_IN(struct params, labels, "labels", "label map with one periosteal femur mask"),
    OPT_OUT_AS(struct params, out, "out", ".json", "frame; standard output when not given"),
    OPT_INT(struct params, value, "label", "", 0, 65535,
            "value of the femur; 0: the right, else the left femur of the map"),
    OPT_CHOICE(struct params, side, "side", side_names, "side; auto: from the label or its shape"),
    OPT_CHOICE(struct params, neck, "neck", neck_names,
               "what is smallest across the neck axis: perimeter or area"),
    OPT_REAL(struct params, shaft_min, "shaft", "mm", 5, 200,
             "shaft needed below the lesser trochanter for shaft outputs"),
    REFERENCE_OPTIONS(struct params, reference),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 1.5,1.5,1.5", "a digital patient"},
    {"qct anatomy frame patient/labels.nii.gz --out frame.json", "its head, neck and shaft axes"},
    {"qct anatomy frame patient/labels.nii.gz --align-to patient/labels.nii.gz --align-frame "
     "patient/frame.json",
     "the axes of a reference femur instead, here of itself"},
    {NULL, NULL}};

static const char *const sources[] = {"fischer2020", "bonej_nsa", "besl1992", "chen1992", NULL};

static status run(struct context *ctx, const void *params) {
  static const enum side sides[] = {SIDE_UNKNOWN, SIDE_RIGHT, SIDE_LEFT};
  status st = ST_OK;
  const struct params *p = params;
  struct labels *labels = NULL;
  struct frame_options opt = FRAME_OPTIONS_DEFAULTS;
  struct hip_frame frame;
  cJSON *json = NULL;
  int value = p->value, right = 0, left = 0;
  enum side side = sides[p->side];
  TRY(labels_read_on(&labels, p->labels, NULL));
  import_femur_values(labels, &right, &left);
  if (!value) value = side != SIDE_LEFT && right ? right : left;
  if (value && side == SIDE_UNKNOWN)
    side = value == right ? SIDE_RIGHT : value == left ? SIDE_LEFT : SIDE_UNKNOWN;
  CHECK(value, ST_DOMAIN, "hip frame: the map has no femur by name or number; give --label");
  opt.neck = p->neck;
  opt.shaft_min_mm = p->shaft_min;
  TRY(femur_frame(&frame, labels, value, side, &opt));
  TRY(reference_apply(&frame, labels, value, &p->reference));
  json = hip_frame_to_json(&frame);
  TRY(context_write_json(ctx, json, p->out));
done:
  cJSON_Delete(json);
  labels_destroy(labels);
  return st;
}

const struct command cmd_anatomy_frame = {
    .name = "anatomy frame",
    .summary = "Find head sphere, neck axis, shaft axis and landmarks of a femur label",
    .about =
        "Angles in degrees, lengths in mm, positions in LPS mm. The neck-shaft angle needs "
        "--shaft mm of shaft below the lesser trochanter; outside 100 to 160 degrees the frame "
        "is refused. Anteversion needs the condyles and is not reported.\n\n"
        "With --align-to the surface is laid on that of a reference femur by closest points, from "
        "the landmarks on, and takes its axes; a reference of the other side is mirrored.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
