#include "anatomy/import.h"
#include "cli/femur_write.h"

struct params {
  const char *labels, *ct, *out, *against;
  int right, left;
};

static const struct params defaults = {.right = 0};

static const struct option options[] = {
    ARG_IN(struct params, labels, "labels", "label map: .nii.gz, .nrrd, .mha, .seg.nrrd"),
    OPT_IN(struct params, ct, "ct", "CT or density on the same grid, for metal and the pictures"),
    OPT_INT(struct params, right, "right", "", 0, 65535,
            "value of the right femur; 0: by name, else TotalSegmentator's 76"),
    OPT_INT(struct params, left, "left", "", 0, 65535,
            "value of the left femur; 0: by name, else TotalSegmentator's 75"),
    FEMUR_WRITE_OPTIONS(struct params, out, against),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 1.5,1.5,1.5", "a digital patient"},
    {"qct anatomy import patient/labels.nii.gz --ct patient/ct.nii.gz --out femur",
     "frame and checks for the femur of a label map"},
    {NULL, NULL}};

static const char *const sources[] = {"totalseg2023", "fischer2020", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *ct = NULL;
  struct labels *labels = NULL;
  struct femur_result *r = NULL;
  if (p->ct) TRY(image_read(&ct, p->ct, &(struct image_read_options){.quantity = QUANTITY_HU}));
  TRY(labels_read_on(&labels, p->labels, ct ? &ct->grid : NULL));
  TRY(femur_import(&r, ct, labels, p->right, p->left, NULL));
  TRY(femur_write(ctx, r, ct, p->against, p->out));
done:
  volume_destroy(ct);
  labels_destroy(labels);
  femur_result_destroy(r);
  return st;
}

const struct command cmd_anatomy_import = {
    .name = "anatomy import",
    .summary = "Take the femora from a label map made elsewhere, check them and frame them",
    .about = "Reads TotalSegmentator's `total` dictionary as it is (75 left, 76 right femur), maps "
             "with segment names, or the values given. Keeps the largest piece, fills holes, and "
             "makes the hip frame from the label alone.\n\n"
             "Refused: a label under 20 ml, one in several pieces (more than 20 % outside the "
             "largest), one without a spherical head, and, when --ct is given, metal within 80 mm "
             "of the head. A hand-corrected mask re-enters here; --compare-with with the "
             "outline it came from records what the edit changed. With the hip bone of the side in "
             "the map (77, 78 or "
             "by name) the hip axis length is measured too.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
