#include "cli/fall_run.h"

static const struct fall_params defaults = {.femur.reference.options = REFERENCE_DEFAULTS,
                                            .elements = FEA_HEX8,
                                            .tets = FEA_TET_DEFAULTS,
                                            .model = {.recipe = FEA_STANCE,
                                                      .size_mm = 1,
                                                      .outline = FEA_OUTLINE_SMOOTH,
                                                      .mapping = FEA_MAP_V3,
                                                      .smooth_mm = 1,
                                                      .law = FEA_LAW_MORGAN_NECK,
                                                      .poisson = 0.3,
                                                      .least_mpa = 0.1,
                                                      .tilt_deg = (double)NAN,
                                                      .distal_mm = 80,
                                                      .cap_mm = 10,
                                                      .intrusion_mm = 6,
                                                      .cap_mpa = 2500,
                                                      .strain = 0.01,
                                                      .interval = true,
                                                      .shift_voxels = 0.5,
                                                      .mass_kg = (double)NAN,
                                                      .height_m = (double)NAN,
                                                      .tissue_mm = (double)NAN,
                                                      .fall_force_n = (double)NAN,
                                                      .failure = FEA_FAILURE_DEFAULTS,
                                                      .solve = FEA_SOLVE_DEFAULTS,
                                                      .beyond = FEA_BEYOND_DEFAULTS}};

static const struct option options[] = {
    FEMUR_ARGUMENTS(struct fall_params, femur), FALL_OUTPUTS(struct fall_params),
    FALL_MODEL(struct fall_params),
    OPT_REAL(struct fall_params, model.tilt_deg, "angle", "deg", -40, 60,
             "load to the shaft in the frontal plane; must be given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 2,2,2", "a digital patient"},
    {"qct calibrate phantom patient/ct.nii.gz --phantom mindways-model3-ct --out calibration.json",
     "the calibration from the rods in the scan"},
    {"qct calibrate apply patient/ct.nii.gz calibration.json --out density.nii.gz", "its density"},
    {"qct fea stance density.nii.gz patient/labels.nii.gz patient/frame.json --angle 20 --size 2 "
     "--no-interval --picture strain.png",
     "failure load and stiffness in standing, and the strain picture"},
    {NULL, NULL}};

static const char *const sources[] = {"morgan2003", "schileo2014", "bayraktar2004", NULL};

const struct command cmd_fea_stance = {
    .name = "fea stance",
    .summary = "Strength and stiffness of a femur in standing",
    .about =
        "Voxel finite elements from the calibrated density, load recipe stance/2: a PMMA cap "
        "over the head pressed along the joint load, which is tilted by --angle from the shaft "
        "in the frontal plane; the distal end is held. Failure load as in `fea fall`.\n\n"
        "The angle has no default: 20 degrees are in use elsewhere, but were not traced to a "
        "publication. It is part of the recipe's name in the output.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct fall_params),
    .examples = examples,
    .sources = sources,
    .run = fall_command};
