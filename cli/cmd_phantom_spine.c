#include "cli/phantom_options.h"
#include "phantom/spine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *out;
  struct text_list density, deform;
  struct setup_options setup;
  int seed, view, contrast;
  double cobb, lordosis, disc, scale, cortex, plate, hollow, texture, fat, aorta;
};

static const char *const contrasts[] = {"unknown", "none", "present", NULL};

static const struct params defaults = {.setup = SETUP_DEFAULTS(0.9, 2),
                                       .contrast = CONTRAST_NONE,
                                       .lordosis = 30,
                                       .disc = 9,
                                       .scale = 1,
                                       .cortex = 0.6,
                                       .plate = 0.8,
                                       .hollow = 1.5,
                                       .texture = 0.1,
                                       .fat = 16,
                                       .aorta = NAN};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the digital patient"),
    OPT_LIST(struct params, density, "density",
             "trabecular density of a level, LEVEL=mg/cm3 of K2HPO4"),
    OPT_LIST(struct params, deform, "deform",
             "LEVEL=wedge:LOSS, biconcave:LOSS or crush:LOSS, loss as a share"),
    OPT_REAL(struct params, cobb, "cobb", "deg", -80, 80, "scoliosis: angle from T12 to L5"),
    OPT_REAL(struct params, lordosis, "lordosis", "deg", -20, 70, "from T12 to L5"),
    OPT_REAL(struct params, disc, "disc", "mm", 3, 16, "height of the discs"),
    OPT_REAL(struct params, scale, "scale", "", 0.7, 1.3, "of the column"),
    OPT_REAL(struct params, cortex, "wall", "mm", 0.2, 3, "thickness of the bodies' wall"),
    OPT_REAL(struct params, plate, "plate", "mm", 0.2, 3, "thickness of the end plates"),
    OPT_REAL(struct params, hollow, "hollow", "mm", 0, 4, "depth of an end plate's hollow"),
    OPT_REAL(struct params, texture, "texture", "", 0, 0.5, "SD of trabecular texture, share"),
    OPT_REAL(struct params, fat, "fat-layer", "mm", 2, 60, "subcutaneous fat"),
    OPT_REAL(struct params, aorta, "aorta", "HU", -50, 600,
             "HU of the aorta, for contrast medium; else blood"),
    OPT_CHOICE(struct params, contrast, "contrast-header", contrasts,
               "what the header says of contrast medium"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the trabecular texture"),
    OPT_CHOICE(struct params, view, "view", spine_view_names,
               "the whole trunk, or a box about the column"),
    SETUP_OPTIONS(struct params, setup,
                  "equivalent: cortical bone reads exactly its planted density at any energy"),
    OPTIONS_END};

/* "L1=REST": the level, and where REST starts. */
static status split(int *level, const char **rest, const char *text, const char *option) {
  status st = ST_OK;
  const char *equals = strchr(text, '=');
  *level = equals ? spine_level_from_name(text, (size_t)(equals - text)) : -1;
  CHECK(*level >= 0, ST_USAGE, "--%s %s: expected LEVEL=..., LEVEL one of T11 T12 L1 ... L5 S1",
        option, text);
  *rest = equals + 1;
done:
  return st;
}

static status number(double *out, const char *text, const char *what) {
  status st = ST_OK;
  char *end;
  *out = strtod(text, &end);
  CHECK(end != text && !*end, ST_USAGE, "%s: \"%s\" is not a number", what, text);
done:
  return st;
}

static status deform_level(struct spine_shape *s, const char *text) {
  status st = ST_OK;
  int level = 0, kind = 0;
  const char *rest = "";
  TRY(split(&level, &rest, text, "deform"));
  const char *colon = strchr(rest, ':');
  size_t length = colon ? (size_t)(colon - rest) : 0;
  for (int i = 1; spine_deformity_names[i]; i++)
    if (strlen(spine_deformity_names[i]) == length &&
        !strncmp(spine_deformity_names[i], rest, length))
      kind = i;
  CHECK(kind, ST_USAGE, "--deform %s: expected wedge:LOSS, biconcave:LOSS or crush:LOSS", text);
  s->deformity[level] = kind;
  TRY(number(&s->loss[level], colon + 1, "--deform"));
done:
  return st;
}

static status fill_shape(struct spine_shape *s, const struct params *p) {
  status st = ST_OK;
  s->cobb_deg = p->cobb;
  s->lordosis_deg = p->lordosis;
  s->disc_mm = p->disc;
  s->scale = p->scale;
  s->cortex_mm = p->cortex;
  s->plate_mm = p->plate;
  s->cave_mm = p->hollow;
  for (int i = 0; i < p->density.count; i++) {
    int level = 0;
    const char *rest = "";
    TRY(split(&level, &rest, p->density.items[i], "density"));
    TRY(number(&s->density[level], rest, "--density"));
  }
  for (int i = 0; i < p->deform.count; i++) TRY(deform_level(s, p->deform.items[i]));
done:
  return st;
}

static status fill(struct spine_phantom *s, const struct params *p) {
  status st = ST_OK;
  TRY(fill_shape(&s->shape, p));
  setup_options_take(&s->scan, &p->setup, &defaults.setup);
  s->texture = p->texture;
  s->fat_mm = p->fat;
  s->aorta_hu = p->aorta;
  s->contrast = p->contrast;
  s->seed = (uint64_t)p->seed;
  s->view = p->view;
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  struct spine_phantom s;
  spine_phantom_defaults(&s);
  TRY(fill(&s, p));
  TRY(spine_phantom_make(&result, &s));
  TRY(phantom_scan_write(ctx, &result, p->out, &p->setup.scan,
                         (uint64_t)p->seed * 1000003 + s.scan.scanner.seed + 7));
done:
  phantom_result_free(&result);
  return st;
}

static const struct example examples[] = {
    {"qct phantom spine --out spine --view column --spacing 1,1,3", "a lumbar spine as DICOM"},
    {"qct phantom spine --out fractured --view column --spacing 1,1,3 --deform L2=wedge:0.35 "
     "--density L1=70 --cobb 20 --format nifti",
     "scoliosis, one wedge fracture, one level of low density"},
    {NULL, NULL}};

static const char *const sources[] = {"xcom2010", "icru44",       "mindways2011",
                                      "cook2021", "totalseg2023", NULL};

const struct command cmd_phantom_spine = {
    .name = "phantom spine",
    .summary = "Make a digital lumbar spine CT whose every answer is known",
    .about =
        "Vertebrae T12 to L5 (and parts of T11 and S1) with end plates, cortex and a trabecular "
        "core of planted density, arches, canal and discs, in a trunk with psoas, back muscles, "
        "aorta, organs, fat and skin, on a table with a calibration phantom. Lengths in mm, HU at "
        "the scanner's effective energy.\n\n"
        "The folder holds ct/ (DICOM) or ct.nii.gz, labels.nii.gz (TotalSegmentator's numbers), "
        "bodies.nii.gz (vertebral bodies alone), params.json and truth.json. Densities are planted "
        "as what a perfect K2HPO4 calibration reads; truth.json gives per level centre, axes, "
        "end-plate normals, heights, loss, Genant grade, volume, mean density of the core and of "
        "an ellipse, each from the solids, never from voxels.\n\n"
        "Shapes are stylised: no ribs, bowel or osteophytes; sizes without a source are choices "
        "of this toolkit.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
