#include "cli/command.h"

#include "core/json.h"
#include "phantom/fault.h"
#include "phantom/hip.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct params {
  const char *out, *params, *phantom, *certificate;
  struct text_list set;
  int seed, scan_seed, sex, side, view, scanner, kernel, bone, format, depth, padding, fault;
  double spacing[3], fov[3], size[3], direction[9], pose[6];
  double kvp, noise, sigma, z_sigma, thickness, cup, drift_slope, drift_offset, circle, truth_step;
  bool ideal, phi, flip_rods, no_table, reverse_instances;
};

static const char *const sides[] = {"L", "R", NULL};
static const char *const sexes[] = {"any", "F", "M", NULL};
static const char *const bones[] = {"real", "equivalent-k2hpo4", "equivalent-ha", NULL};

#define NONE3                                                                                      \
  { NAN, NAN, NAN }
static const struct params defaults = {.seed = 0,
                                       .scan_seed = 1,
                                       .phantom = "mindways-model3-ct",
                                       .spacing = {0.8, 0.8, 1.5},
                                       .fov = NONE3,
                                       .size = NONE3,
                                       .direction = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
                                       .kvp = NAN,
                                       .kernel = KERNEL_STANDARD,
                                       .noise = 14,
                                       .sigma = NAN,
                                       .thickness = NAN,
                                       .drift_slope = 1,
                                       .truth_step = 2,
                                       .format = PHANTOM_DICOM,
                                       .depth = 2,
                                       .padding = -1024};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the digital patient"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "the person; 0 is the default person"),
    OPT_CHOICE(struct params, sex, "sex", sexes, "of a person drawn from a seed"),
    OPT_LIST(struct params, set, "set", "parameter key=value; may be repeated"),
    OPT_IN(struct params, params, "params", "params.json of an earlier phantom to start from"),
    OPT_CHOICE(struct params, side, "side", sides, "the hip that is measured"),
    OPT_CHOICE(struct params, view, "view", hip_view_names, "one hip or the whole pelvis"),
    OPT_REALS(struct params, spacing, "spacing", "mm", 3, 0.1, 20, "voxel size x,y,z"),
    OPT_REALS(struct params, fov, "fov", "mm", 3, 1, 2000, "field of view x,y,z; else the view's"),
    OPT_REALS(struct params, size, "voxels", "", 3, 1, 4096,
              "number of voxels x,y,z, instead of --fov"),
    OPT_REALS(struct params, direction, "direction", "", 9, -1, 1,
              "direction cosines, row by row; column a is the world axis of index a"),
    OPT_REALS(struct params, pose, "pose", "deg,mm", 6, -400, 400,
              "turns about x,y,z and shifts of the person on the table"),
    OPT_TEXT(struct params, phantom, "phantom", "calibration phantom under the patient, or none"),
    OPT_IN(struct params, certificate, "certificate", "densities of the calibration phantom"),
    OPT_FLAG(struct params, flip_rods, "flip-rods", "calibration phantom turned end for end"),
    OPT_FLAG(struct params, no_table, "no-table", "leave the table out"),
    OPT_CHOICE(struct params, bone, "bone-kind", bones,
               "equivalent: bone reads exactly its planted density at any energy"),
    OPT_CHOICE(struct params, scanner, "scanner", scanner_names, "preset of voltage and energy"),
    OPT_REAL(struct params, kvp, "kvp", "kV", 70, 150, "tube voltage; else the preset's"),
    OPT_CHOICE(struct params, kernel, "kernel", kernel_names, "in-plane blur"),
    OPT_REAL(struct params, sigma, "sigma", "mm", 0, 3, "in-plane blur instead of the kernel's"),
    OPT_REAL(struct params, z_sigma, "z-sigma", "mm", 0, 5, "blur along the slices' normal"),
    OPT_REAL(struct params, thickness, "thickness", "mm", 0.1, 20,
             "slice thickness; else the slice spacing"),
    OPT_REAL(struct params, noise, "noise", "HU", 0, 200, "SD at the centre"),
    OPT_REAL(struct params, cup, "cup", "HU", 0, 80, "cupping"),
    OPT_REAL(struct params, drift_slope, "drift-slope", "", 0.8, 1.2, "HU' = slope HU + offset"),
    OPT_REAL(struct params, drift_offset, "drift-offset", "HU", -100, 100, "see --drift-slope"),
    OPT_REAL(struct params, circle, "circle", "mm", 0, 1000,
             "reconstruction radius; 0: no padding outside a circle"),
    OPT_INT(struct params, padding, "padding", "HU", -32768, -1000, "value of no data in DICOM"),
    OPT_INT(struct params, scan_seed, "scan-seed", "", 0, 1e9, "of the noise"),
    OPT_CHOICE(struct params, format, "format", phantom_format_names, "of the CT"),
    OPT_FLAG(struct params, ideal, "ideal",
             "also the image without blur and noise, its density and the femur's coverage"),
    OPT_FLAG(struct params, phi, "phi", "plant fictional identifiers in the DICOM header"),
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
  const struct params *d = &defaults;
  take_choice(&h->preset, p->scanner, d->scanner);
  take_choice(&h->scanner.kernel, p->kernel, d->kernel);
  take(&h->kvp, &p->kvp, &d->kvp, 1);
  take(&h->scanner.noise_hu, &p->noise, &d->noise, 1);
  take(&h->scanner.sigma_mm, &p->sigma, &d->sigma, 1);
  take(&h->scanner.z_sigma_mm, &p->z_sigma, &d->z_sigma, 1);
  take(&h->scanner.thickness_mm, &p->thickness, &d->thickness, 1);
  take(&h->scanner.cup_hu, &p->cup, &d->cup, 1);
  take(&h->scanner.drift_slope, &p->drift_slope, &d->drift_slope, 1);
  take(&h->scanner.drift_offset_hu, &p->drift_offset, &d->drift_offset, 1);
  take(&h->scanner.circle_mm, &p->circle, &d->circle, 1);
  if (p->scan_seed != d->scan_seed) h->scanner.seed = (uint64_t)p->scan_seed;
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
  if (p->ideal) h->ideal = 1;
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
  CHECK(p->format == PHANTOM_DICOM, ST_USAGE, "--fault %s needs --format dicom",
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
  struct phantom_output_options out = {.format = p->format,
                                       .seed = (uint64_t)p->seed * 1000003 + h.scanner.seed,
                                       .identifiers = p->phi,
                                       .padding = p->padding,
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
    {"qct phantom hip --out right --spacing 1.5,1.5,3 --params patient/params.json --side R "
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
