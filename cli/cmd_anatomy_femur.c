#include "anatomy/compare.h"
#include "anatomy/femur.h"
#include "cli/command.h"
#include "core/image.h"
#include "core/log.h"

static const char *const side_names[] = {"both", "right", "left", NULL};

struct params {
  const char *ct, *out, *against;
  int side;
  double score_min, cut_max, tau;
};

static const struct params defaults = {.side = 0, .score_min = 0.25, .cut_max = 0.40, .tau = 60};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT volume: DICOM folder or image file"),
    OPT_OUT_REQUIRED(struct params, out, "out",
                     "folder for labels.nii.gz, frame_<side>.json, femur_<side>.png, femur.json"),
    OPT_CHOICE(struct params, side, "side", side_names, "which femur to look for"),
    OPT_REAL(struct params, score_min, "least-score", "", 0, 1,
             "least score of the femoral head search"),
    OPT_REAL(struct params, cut_max, "cut", "", 0, 1,
             "largest share of the head that may lie outside the scan"),
    OPT_REAL(struct params, tau, "tau", "HU/mm", 5, 500, "scale of the edge cost of the cut"),
    OPT_IN(struct params, against, "compare-with",
           "another label map on the same grid: adds compare.json (Dice, surface distances) and "
           "difference_<side>.png"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 1.5,1.5,1.5", "a digital patient"},
    {"qct anatomy femur patient/ct.nii.gz --out femur", "label, frame and picture of its femur"},
    {NULL, NULL}};

static const char *const sources[] = {"boykov2004", "fischer2020", NULL};

static status run(struct context *ctx, const void *params) {
  static const enum side sides[] = {SIDE_UNKNOWN, SIDE_RIGHT, SIDE_LEFT};
  status st = ST_OK;
  const struct params *p = params;
  struct femur_options opt = FEMUR_OPTIONS_DEFAULTS;
  struct volume *ct = NULL;
  struct femur_result *r = NULL;
  struct labels *against = NULL;
  cJSON *provenance = NULL;
  opt.score_min = p->score_min;
  opt.cut_max = p->cut_max;
  opt.tau_hu_mm = p->tau;
  opt.only = sides[p->side];
  TRY(image_read(&ct, p->ct, &(struct image_read_options){.quantity = QUANTITY_HU}));
  TRY(femur_find(&r, ct, &opt));
  CHECK(!*femur_result_reason(r), ST_DOMAIN, "no femur can be measured: %s",
        femur_result_reason(r));
  provenance = context_provenance(ctx);
  if (p->against) TRY(labels_read_on(&against, p->against, &r->labels->grid));
  TRY(femur_result_write(r, ct, p->out, provenance, ctx->force));
  if (against) TRY(compare_write(r, ct, against, p->out, provenance, ctx->force));
  for (int i = 0; i < 2; i++) {
    const struct femur *f = &r->sides[i];
    if (f->state != FEMUR_FOUND)
      log_info("%s femur: %s", side_name(f->side), f->reason);
    else
      log_info("%s femur: %.0f ml, head radius %.1f mm, score %.2f%s%s", side_name(f->side),
               f->label_mm3 / 1000, f->frame.head_radius_mm, f->frame.head_score,
               *f->frame.flags ? "; " : "", f->frame.flags);
  }
done:
  volume_destroy(ct);
  labels_destroy(against);
  femur_result_destroy(r);
  cJSON_Delete(provenance);
  return st;
}

const struct command cmd_anatomy_femur = {
    .name = "anatomy femur",
    .summary = "Segment the proximal femora of a CT, with a hip frame for each",
    .about =
        "Works from the scan alone, on one or both sides, in any orientation, for slices up to "
        "5 mm (tried on 0.7 to 3.3 mm). The femur is separated from the pelvis by a minimum "
        "cut around the fitted head sphere.\n\n"
        "A side is refused when no head is recognised (score below --least-score), when more than "
        "--cut of the head lies outside the scan, or when metal lies within 80 mm of it. A "
        "femur that touches the edge of the scan other than distally is flagged: strength, "
        "axis length and head volume are then withheld by later steps.\n\n"
        "Fractures, dysplasia and cysts are not detected. Look at the picture; a corrected "
        "mask re-enters through anatomy import.\n\n"
        "--compare-with compares the result with another outline of the same femora: overlap, "
        "distances "
        "of the surfaces, and a picture of where they differ (orange: here alone, sky: there "
        "alone).",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
