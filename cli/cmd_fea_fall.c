#include "cli/fall_run.h"

static const struct fall_params defaults = {.model = FEA_FALL_DEFAULTS,
                                            .tets = FEA_TET_DEFAULTS,
                                            .femur.reference.options = REFERENCE_DEFAULTS,
                                            .elements = FEA_HEX8};

static const struct option options[] = {
    FEMUR_ARGUMENTS(struct fall_params, femur),
    FALL_OUTPUTS(struct fall_params),
    FALL_MODEL(struct fall_params),
    OPT_REAL(struct fall_params, model.cap_mpa, "cap-modulus", "MPa", 1, 1e6, "modulus of PMMA"),
    OPT_REAL(struct fall_params, model.intrusion_mm, "intrusion", "mm", 0.5, 50,
             "how deep the bone sits in a cap"),
    OPT_CHOICE(struct fall_params, model.recipe, "recipe", fea_fall_recipe_names, "load recipe"),
    OPT_INT(struct fall_params, model.bins, "density-bins", "", 0, 5000,
            "densities in so many bins, as Ogo does with 128; 0: none"),
    OPT_REAL(struct fall_params, model.poisson, "poisson", "", 0, 0.45, "Poisson's ratio"),
    OPT_REAL(struct fall_params, model.tilt_deg, "tilt", "deg", -30, 45,
             "shaft against the ground"),
    OPT_REAL(struct fall_params, model.rotation_deg, "rotation", "deg", -45, 45,
             "neck out of the plane of the fall; positive turns the head to the back"),
    OPT_REAL(struct fall_params, model.strain, "strain", "", 0.0001, 0.2,
             "applied shortening, share of the model's extent"),
    OPT_REAL(struct fall_params, model.failure.tension_limit, "tension", "", 0.0001, 0.1,
             "limit of the largest principal strain"),
    OPT_REAL(struct fall_params, model.failure.compression_limit, "compression", "", 0.0001, 0.1,
             "limit of the smallest principal strain"),
    OPT_REAL(struct fall_params, model.failure.contact_mm, "contact", "mm", 0, 50,
             "bone nearer to a cap is not judged"),
    OPT_REAL(struct fall_params, model.mass_kg, "mass", "kg", 20, 300,
             "of the body, for the force of a fall"),
    OPT_REAL(struct fall_params, model.height_m, "height", "m", 0.8, 2.5,
             "of the body, for the force of a fall"),
    OPT_REAL(struct fall_params, model.tissue_mm, "soft-tissue", "mm", 0, 200,
             "soft tissue over the trochanter"),
    OPT_REAL(struct fall_params, model.fall_force_n, "fall-force", "N", 1, 50000,
             "impact force, instead of mass and height"),
    OPT_CHOICE(struct fall_params, model.force_rule, "fall-force-rule", fea_force_rule_names,
               "impact force from mass and height"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 2,2,2", "a digital patient"},
    {"qct calibrate phantom patient/ct.nii.gz --phantom mindways-model3-ct --out calibration.json",
     "the calibration from the rods in the scan"},
    {"qct calibrate apply patient/ct.nii.gz calibration.json --out density.nii.gz", "its density"},
    {"qct fea fall density.nii.gz patient/labels.nii.gz patient/frame.json --size 2 --no-interval "
     "--picture strain.png",
     "failure load and stiffness, and the strain picture"},
    {NULL, NULL}};

static const char *const sources[] = {
    "ogo",         "pmc3045472",    "keller1994",   "keyak1994",       "kaneko2004",
    "schileo2014", "bayraktar2004", "bouxsein2007", "robinovitch1995", NULL};

const struct command cmd_fea_fall = {
    .name = "fea fall",
    .summary = "Strength and stiffness of a femur in a fall to the side",
    .about =
        "Voxel finite elements from the calibrated density, PMMA caps over head and trochanter, "
        "load recipe fall-ogo/2 or fall-hinge/2. The failure load is the load at which 1 % of the "
        "bone "
        "volume exceeds 0.73 % strain in tension or 1.04 % in compression; its interval joins the "
        "calibration, half a voxel of outline, and a mesh twice (or half) as coarse.\n\n"
        "Stiffness and strength hold for the recipe, the material law and the element size; do not "
        "compare them across these. Heads or trochanters that the scan cuts, metal, and a "
        "frame that does not lie in the label are refused.\n\n"
        "With --elements tet10 (or tet4) the same recipe is solved on a smooth mesh of Gmsh with a "
        "--size of about 3 mm; --fields is then one .vtu file, and fall_failure_load_strain_limit "
        "is "
        "the published rule at the nodes of the bone's surface.\n\n"
        "Under `mpirun -n N` the solve uses N processes and the first writes the results.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct fall_params),
    .examples = examples,
    .sources = sources,
    .run = fall_command};
