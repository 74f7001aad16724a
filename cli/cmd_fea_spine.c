#include "cli/voxel_outputs.h"

#include "core/image.h"
#include "core/log.h"
#include "fea/spine.h"

#include <stdio.h>

static const char *const materials[] = {"as stated", "K2HPO4", "HA", "ash", "apparent", NULL};
static const enum material material_of[] = {MATERIAL_NONE, MATERIAL_K2HPO4, MATERIAL_HA,
                                            MATERIAL_ASH, MATERIAL_APPARENT};

struct params {
  const char *density, *labels, *bodies, *frame, *calibration, *user_law;
  struct voxel_paths to;
  int material, label, body_label;
  bool no_interval;
  struct fea_spine_options spine;
};

static const struct params defaults = {.spine = FEA_SPINE_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, density, "density",
           "calibrated bone density [mg/cm3] with its side file"),
    ARG_IN(struct params, labels, "labels", "label map on the same grid"),
    OPT_INT(struct params, label, "label", "", 0, 65535,
            "value of the vertebra, or of its body alone"),
    OPT_IN(struct params, bodies, "bodies",
           "label map of the bodies alone, when the vertebra holds its arch"),
    OPT_INT(struct params, body_label, "body-label", "", 0, 65535, "value of the body there"),
    OPT_IN(struct params, frame, "frame",
           "frames.json of anatomy vertebrae: axis and front; else from the body"),
    OPT_IN(struct params, calibration, "calibration", "calibration.json, for intervals"),
    VOXEL_OUTPUTS(struct params, to),
    OPT_CHOICE(struct params, material, "material", materials,
               "material of a density that does not state it"),
    OPT_REAL(struct params, spine.size_mm, "size", "mm", 0.3, 5, "edge of an element"),
    OPT_CHOICE(struct params, spine.law, "law", fea_law_names, "density to modulus"),
    OPT_TEXT(struct params, user_law, "user-law",
             "a law of your own instead: ash:10500,2.29 is 10500 MPa x ash^2.29"),
    OPT_CHOICE(struct params, spine.conversion, "conversion", fea_conversion_names,
               "calibrated density to ash density; auto: by the material"),
    OPT_REAL(struct params, spine.wedge_deg, "wedge", "deg", -5, 5,
             "turn of the upper face, positive: front edge down"),
    OPT_FLAG(struct params, spine.sliding, "sliding-foot", "lower face held along the axis only"),
    OPT_REAL(struct params, spine.failure.volume_share, "share", "", 0.0001, 0.5,
             "share of the bone volume beyond its limit, for the strain-volume rule"),
    OPT_REAL(struct params, spine.solve.memory_gib, "memory", "GiB", 0, 10000,
             "refuse a larger model; 0: what the machine has free"),
    OPT_FLAG(struct params, no_interval, "no-interval",
             "do not solve the variants behind the interval of the failure load"),
    FEA_BEYOND_OPTIONS(struct params, spine.beyond, to),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom spine --out spine --spacing 1.2,1.2,3 --density L1=110 --format nifti",
     "a digital patient with a calibration phantom"},
    {"qct calibrate phantom spine/ct.nii.gz --phantom mindways-model3-ct --rods "
     "spine/labels.nii.gz "
     "--out calibration.json",
     "its calibration"},
    {"qct calibrate apply spine/ct.nii.gz calibration.json --out density.nii.gz", "its density"},
    {"qct anatomy vertebrae spine/bodies.nii.gz --out vertebrae", "bodies and frames"},
    {"qct fea spine density.nii.gz vertebrae/labels.nii.gz --label 31 --frame "
     "vertebrae/frames.json --size 2 --no-interval --picture strain.png",
     "failure load and stiffness of L1 (31 in TotalSegmentator's numbers)"},
    {NULL, NULL}};

static const char *const sources[] = {
    "parosol_py", "ogo", "kopperdahl2002", "schileo2014", "pistoia2002", "maquer2014", NULL};

/* The frame of the label in a frames.json of several levels. */
static status read_frame(struct vertebra_frame *frame, const char *path, int label) {
  status st = ST_OK;
  struct vertebra_frames all;
  TRY(vertebra_frames_read(&all, path));
  for (int i = 0; i < all.count; i++)
    if (all.items[i].label == label) {
      *frame = all.items[i];
      goto done;
    }
  FAIL(ST_DOMAIN, "vertebra: the frames hold no label %d", label);
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options as_density = {.quantity = QUANTITY_DENSITY};
  struct fea_spine_options o = p->spine;
  struct volume *density = NULL;
  struct labels *labels = NULL, *bodies = NULL;
  struct fea_spine *s = NULL;
  struct picture *picture = NULL;
  struct vertebra_frame frame;
  struct calibration calibration;
  struct fea_user_law user_law;
  char name[48];
  int rank;
  TRY(curve_paths_check(&p->to, &p->spine.beyond));
  TRY(fea_command_rank(&rank));
  CHECK(p->label > 0, ST_USAGE,
        "vertebra: --label is needed (27 to 31 are L5 to L1 in "
        "TotalSegmentator's numbers)");
  CHECK(!p->bodies || p->body_label > 0, ST_USAGE, "vertebra: --bodies needs --body-label");
  TRY(image_read(&density, p->density, &as_density));
  if (p->material) TRY(volume_assume_material(density, material_of[p->material]));
  TRY(labels_read_on(&labels, p->labels, &density->grid));
  if (p->bodies) TRY(labels_read_on(&bodies, p->bodies, &density->grid));
  if (p->frame) TRY(read_frame(&frame, p->frame, p->label));
  if (p->calibration) TRY(calibration_read_of(&calibration, p->calibration, density));
  if (p->user_law) {
    TRY(fea_law_parse(&user_law, p->user_law));
    o.user_law = &user_law.law;
  }
  o.interval = !p->no_interval;
  if (*labels_name(labels, p->label))
    snprintf(name, sizeof name, "%s", labels_name(labels, p->label));
  else if (p->label >= LABEL_VERTEBRA_L5 && p->label <= LABEL_VERTEBRA_L1)
    snprintf(name, sizeof name, "L%d", 5 - (p->label - LABEL_VERTEBRA_L5));
  else
    snprintf(name, sizeof name, "label_%d", p->label);
  const struct fea_spine_labels of = {labels, p->label, bodies, p->body_label, name};
  TRY(fea_spine_run(&s, density, &of, p->frame ? &frame : NULL,
                    p->calibration ? &calibration : NULL, &o));
  log_info("failure load %.0f N, stiffness %.0f N/mm (%s)", s->failure_load_n, s->stiffness_n_mm,
           s->words);
  if (rank > 0) goto done;
  const struct voxel_result r = VOXEL_RESULT(s);
  if (p->to.picture) TRY(fea_spine_picture(&picture, s));
  TRY(voxel_outputs_write(ctx, &p->to, &r, picture));
done:
  picture_destroy(picture);
  fea_spine_destroy(s);
  labels_destroy(bodies);
  labels_destroy(labels);
  volume_destroy(density);
  return st;
}

const struct command cmd_fea_spine = {
    .name = "fea spine",
    .summary = "Strength and stiffness of a vertebra in compression",
    .about =
        "Voxel finite elements from the calibrated density, PMMA caps over both endplates, load "
        "recipe spine-compression/1. The failure load is stiffness x height x 0.0068 (the rule "
        "crawford, as in parosol-py); with --wedge it is the load at which 1 % of the bone "
        "volume exceed their strain limit.\n\n"
        "The default law, kopperdahl2002, takes a density of K2HPO4; for one of HA name another "
        "law, such as morgan2003-spine. Without --bodies the label is taken for the body; with "
        "it, arch and facets are in the model but carry no cap. A vertebra at the edge of the "
        "scan is refused.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
