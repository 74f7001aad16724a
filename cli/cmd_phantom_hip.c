#include "cli/phantom_options.h"

#include "core/json.h"
#include "phantom/fault.h"
#include "phantom/hip.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct params {
  const char *out, *params, *phantom, *certificate;
  struct text_list set;
  struct phantom_scan scan;
  int seed, sex, side, view, bone, depth, fault;
  double spacing[3], fov[3], size[3], direction[9], pose[6], truth_step;
  bool flip_rods, no_table, reverse_instances;
};

static const char *const sides[] = {"left", "right", NULL};
static const char *const sexes[] = {"any", "F", "M", NULL};

static const struct params defaults = {.scan = PHANTOM_SCAN_DEFAULTS,
                                       .phantom = "mindways-model3-ct",
                                       .spacing = {0.8, 0.8, 1.5},
                                       .fov = PHANTOM_NONE3,
                                       .size = PHANTOM_NONE3,
                                       .direction = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
                                       .truth_step = 2,
                                       .depth = 2};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the digital patient"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "the person; 0 is the default person"),
    OPT_CHOICE(struct params, sex, "sex", sexes, "of a person drawn from a seed"),
    OPT_LIST(struct params, set, "set", "parameter key=value"),
    OPT_IN(struct params, params, "params", "params.json of an earlier phantom to start from"),
    OPT_CHOICE(struct params, side, "side", sides, "the hip that is measured"),
    OPT_CHOICE(struct params, view, "view", hip_view_names, "one hip or the whole pelvis"),
    PHANTOM_TABLE_OPTIONS(struct params),
    OPT_REALS(struct params, direction, "direction", "", 9, -1, 1,
              "direction cosines, row by row; column a is the world axis of index a"),
    OPT_FLAG(struct params, flip_rods, "flip-rods", "calibration phantom turned end for end"),
    OPT_CHOICE(struct params, bone, "bone-kind", phantom_bones,
               "equivalent: bone reads exactly its planted density at any energy"),
    PHANTOM_SCAN_OPTIONS(struct params, scan),
    OPT_FLAG(struct params, reverse_instances, "reverse-instances",
             "instance numbers against the slice order"),
    OPT_CHOICE(struct params, fault, "fault", phantom_fault_names,
               "plant a fault in the DICOM folder"),
    OPT_INT(struct params, depth, "depth", "", 0, 5, "splits of a voxel at an interface"),
    OPT_REAL(struct params, truth_step, "truth-step", "mm", 0.5, 4,
             "coarsest step of the truth's quadrature; the finest is a quarter"),
    OPTIONS_END};

/* An option that was given (differs from its default) goes over what --params says. */
static void take(double *to, const double *given, const double *usual, int n) {
  for (int i = 0; i < n; i++)
    if (!isnan(given[i]) && given[i] != usual[i]) to[i] = given[i];
}

static void take_choice(int *to, int given, int usual) {
  if (given != usual) *to = given;
}

static void apply_scanner(struct hip_phantom *h, const struct params *p) {
  const struct phantom_scan *to = &p->scan, *usual = &defaults.scan;
  const struct scanner_options *s = &to->scanner, *d = &usual->scanner;
  take_choice(&h->preset, to->preset, usual->preset);
  take(&h->kvp, &to->kvp, &usual->kvp, 1);
  take_choice(&h->scanner.kernel, s->kernel, d->kernel);
  take(&h->scanner.noise_hu, &s->noise_hu, &d->noise_hu, 1);
  take(&h->scanner.sigma_mm, &s->sigma_mm, &d->sigma_mm, 1);
  take(&h->scanner.z_sigma_mm, &s->z_sigma_mm, &d->z_sigma_mm, 1);
  take(&h->scanner.thickness_mm, &s->thickness_mm, &d->thickness_mm, 1);
  take(&h->scanner.cup_hu, &s->cup_hu, &d->cup_hu, 1);
  take(&h->scanner.drift_slope, &s->drift_slope, &d->drift_slope, 1);
  take(&h->scanner.drift_offset_hu, &s->drift_offset_hu, &d->drift_offset_hu, 1);
  take(&h->scanner.circle_mm, &s->circle_mm, &d->circle_mm, 1);
  if (to->seed != usual->seed) h->scanner.seed = (uint64_t)to->seed;
  if (to->ideal) h->ideal = 1;
}

static status apply_options(struct hip_phantom *h, const struct params *p) {
  status st = ST_OK;
  const struct params *d = &defaults;
  apply_scanner(h, p);
  take(h->spacing, p->spacing, d->spacing, 3);
  take(h->fov, p->fov, d->fov, 3);
  take(h->size, p->size, d->size, 3);
  take(h->pose, p->pose, d->pose, 6);
  take(h->direction, p->direction, d->direction, 9);
  take(&h->truth_step_mm, &p->truth_step, &d->truth_step, 1);
  take_choice(&h->view, p->view, d->view);
  take_choice(&h->paint.depth, p->depth, d->depth);
  if (p->bone != d->bone) h->bone = (enum bone_mode)p->bone;
  if (p->side) h->side = SIDE_RIGHT;
  if (p->flip_rods) h->rods_flipped = 1;
  if (p->no_table) h->table = 0;
  if (strcmp(p->phantom, d->phantom) != 0)
    snprintf(h->phantom, sizeof h->phantom, "%s",
             strcmp(p->phantom, "none") == 0 ? "" : p->phantom);
  if (p->certificate) {
    snprintf(h->certificate, sizeof h->certificate, "%s", p->certificate);
    if (strcmp(p->phantom, d->phantom) == 0) h->phantom[0] = '\0'; /* the file's own key */
  }
  for (int i = 0; i < p->set.count; i++) TRY(person_set(&h->person, p->set.items[i]));
done:
  return st;
}

static status plant_fault(const struct params *p) {
  status st = ST_OK;
  char folder[4096];
  if (p->fault == FAULT_NONE) goto done;
  CHECK(p->scan.format == PHANTOM_DICOM, ST_USAGE, "--fault %s needs --format dicom",
        phantom_fault_names[p->fault]);
  snprintf(folder, sizeof folder, "%s/ct", p->out);
  TRY(phantom_fault_plant(folder, (enum phantom_fault)p->fault));
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  cJSON *json = NULL, *provenance = NULL;
  struct hip_phantom h;
  hip_phantom_defaults(&h);
  person_draw(&h.person, (uint64_t)p->seed, "\0FM"[p->sex], &h.age_years, &h.sex);
  if (p->params) {
    TRY(json_read(&json, p->params));
    TRY(hip_phantom_from_json(&h, json, "params"));
  }
  TRY(apply_options(&h, p));
  TRY(hip_phantom_make(&result, &h));
  struct phantom_output_options out = {.format = p->scan.format,
                                       .seed = (uint64_t)p->seed * 1000003 + h.scanner.seed,
                                       .identifiers = p->scan.phi,
                                       .padding = p->scan.padding,
                                       .reverse_instances = p->reverse_instances};
  provenance = context_provenance(ctx);
  TRY(phantom_result_write(&result, p->out, &out, provenance, ctx->force));
  TRY(plant_fault(p));
done:
  cJSON_Delete(provenance);
  cJSON_Delete(json);
  phantom_result_free(&result);
  return st;
}

static const struct example examples[] = {
    {"qct phantom hip --out patient --spacing 1.5,1.5,3 --seed 7",
     "a small digital patient as a DICOM series, with labels and truth"},
    {"qct phantom hip --out right --spacing 1.5,1.5,3 --params patient/params.json --side right "
     "--format nifti",
     "the same person's other hip, as NIfTI"},
    {"qct phantom hip --out thin --spacing 1.5,1.5,3 --set cortex=0.6 --set trabecular=0.5 "
     "--phantom none",
     "the default person with thin cortices and no calibration phantom"},
    {NULL, NULL}};

static const char *const sources[] = {"xcom2010",     "icru44",       "mindways2011",
                                      "carmona_hips", "totalseg2023", NULL};

const struct command cmd_phantom_hip = {
    .name = "phantom hip",
    .summary = "Make a digital patient's hip CT whose every answer is known",
    .about =
        "Femora, pelvis, muscles, fat, skin, table and a calibration phantom as exact solids, "
        "painted with partial volume, blurred, with correlated noise. Lengths in mm, HU at the "
        "scanner's effective energy. The folder holds ct/ (DICOM) or ct.nii.gz, labels.nii.gz "
        "(TotalSegmentator's numbers), params.json (enough to make it again), truth.json and "
        "frame.json.\n\n"
        "truth.json comes from quadrature of the solids at three steps, never from voxels: each "
        "value has the change from the step before as its error. Densities are given three ways: "
        "`mineral` (hydroxyapatite really there), `k2hpo4_eq` and `ha_eq` (what a perfect scanner "
        "with a perfect calibration reads; marrow fat hides mineral).\n\n"
        "A seed gives the person (geometry, cortex, trabecular bone, fat), a scan seed the noise: "
        "the same person may be scanned again, turned (--pose) or with another scanner. "
        "Population values marked unverified in the phantom folder's README are choices of this "
        "toolkit. Shapes are stylised: this is no atlas.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
