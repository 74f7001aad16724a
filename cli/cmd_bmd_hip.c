#include "cli/femur_options.h"
#include "core/image.h"
#include "qct/hip_density.h"

#include <math.h>

struct params {
  struct femur_paths femur;
  const char *out, *case_id;
  int cortex, min_voxels;
  double threshold_mgcc, peel_mm;
  bool as_is;
};

static const struct params defaults = {
    .case_id = "case", .min_voxels = 200, .threshold_mgcc = (double)NAN, .peel_mm = 3};

static const struct option options[] = {
    FEMUR_ARGUMENTS(struct params, femur),
    FEMUR_CALIBRATION(struct params, femur),
    OPT_CHOICE(struct params, cortex, "cortex", qct_cortex_names, "how the cortex is parted"),
    OPT_REAL(struct params, threshold_mgcc, "threshold", "mg/cm3", 0, 2000,
             "least density of a fixed cortex"),
    OPT_REAL(struct params, peel_mm, "peel", "mm", 0, 10,
             "taken off the trabecular compartment for the peeled one"),
    OPT_FLAG(struct params, as_is, "no-edge",
             "half-max or fixed: plain sums of the voxels inside the outline, without the mineral "
             "that blur carries over it"),
    OPT_INT(struct params, min_voxels, "least-voxels", "", 1, 1000000,
            "a region with fewer is withheld"),
    OPT_CASE(struct params, case_id),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --spacing 1.5,1.5,3 --phantom none --format nifti --ideal",
     "a digital patient with its density"},
    {"qct bmd hip patient/density.nii.gz patient/labels.nii.gz patient/frame.json --out hip.csv",
     "densities of its regions, the cortex by the model"},
    {"qct bmd hip patient/density.nii.gz patient/labels.nii.gz patient/frame.json --cortex fixed "
     "--threshold 600",
     "the cortex by a fixed density"},
    {NULL, NULL}};

static const char *const sources[] = {"treece2010", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options read = {.quantity = QUANTITY_UNKNOWN};
  struct qct_hip_options region = QCT_HIP_DEFAULTS;
  struct femur_inputs in = {0};
  struct record *r = NULL;
  region.cortex = p->cortex;
  region.threshold_mgcc = p->threshold_mgcc;
  region.min_voxels = p->min_voxels;
  region.peel_mm = p->peel_mm;
  region.as_is = p->as_is;
  TRY(femur_inputs_read(&in, &p->femur, &read));
  TRY(record_create(&r, p->case_id));
  TRY(qct_hip_regions(r, in.density, in.labels, in.label, &in.frame, in.calibration, &region,
                      NULL));
  TRY(context_write_record(ctx, r, p->out));
done:
  femur_inputs_free(&in);
  record_destroy(r);
  return st;
}

const struct command cmd_bmd_hip = {
    .name = "bmd hip",
    .summary = "Volumetric density of the regions of a femur",
    .about = "Volume, mineral content and density of head, neck, trochanter, intertrochanter and "
             "total hip, each integral, cortical, trabecular and peeled (trabecular, --peel "
             "below its surface). Regions are cut by planes of the hip "
             "frame.\n\n"
             "--cortex model fits the surface and the cortex below the size of a voxel, with the "
             "cortical density and blur of this bone, and counts the mineral that blur carried "
             "over the outline. half-max and fixed part whole voxels; they too add that mineral "
             "back unless --no-edge is given. With them a cortex thinner than the blur of the scan "
             "reads too thick and not dense enough; such rows carry a flag. Units: cm3, mg, mg/cm3 "
             "of the calibration's material.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
