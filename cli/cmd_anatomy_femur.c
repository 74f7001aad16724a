#include "cli/femur_write.h"
#include "cli/scan_options.h"

static const char *const side_names[] = {"both", "right", "left", NULL};

struct params {
  struct image_read_options read;
  const char *ct, *out, *against;
  int side;
  double score_min, cut_max, tau;
};

static const struct params defaults = {.side = 0, .score_min = 0.25, .cut_max = 0.40, .tau = 60};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_CHOICE(struct params, side, "side", side_names, "which femur to look for"),
    OPT_REAL(struct params, score_min, "least-score", "", 0, 1,
             "least score of the femoral head search"),
    OPT_REAL(struct params, cut_max, "cut", "", 0, 1,
             "largest share of the head that may lie outside the scan"),
    OPT_REAL(struct params, tau, "tau", "HU/mm", 5, 500, "scale of the edge cost of the cut"),
    FEMUR_WRITE_OPTIONS(struct params, out, against),
    SCAN_OPTIONS(struct params, read),
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
  opt.score_min = p->score_min;
  opt.cut_max = p->cut_max;
  opt.tau_hu_mm = p->tau;
  opt.only = sides[p->side];
  TRY(scan_read_hu(&ct, p->ct, &p->read));
  TRY(femur_find(&r, ct, &opt));
  TRY(femur_write(ctx, r, ct, p->against, p->out));
done:
  volume_destroy(ct);
  femur_result_destroy(r);
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
