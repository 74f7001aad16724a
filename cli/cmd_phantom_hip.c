#include "cli/phantom_options.h"

#include "core/json.h"
#include "phantom/fault.h"
#include "phantom/hip.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct params {
  const char *out, *params;
  struct text_list set;
  struct setup_options setup;
  int seed, sex, side, view, depth, fault;
  double truth_step;
  bool flip_rods, reverse_instances;
};

static const char *const sides[] = {"left", "right", NULL};
static const char *const sexes[] = {"any", "F", "M", NULL};

static const struct params defaults = {
    .setup = SETUP_DEFAULTS(0.8, 1.5), .truth_step = 2, .depth = 2};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the digital patient"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "the person; 0 is the default person"),
    OPT_CHOICE(struct params, sex, "sex", sexes, "of a person drawn from a seed"),
    OPT_LIST(struct params, set, "set", "parameter key=value"),
    OPT_IN(struct params, params, "params", "params.json of an earlier phantom to start from"),
    OPT_CHOICE(struct params, side, "side", sides, "the hip that is measured"),
    OPT_CHOICE(struct params, view, "view", hip_view_names, "one hip or the whole pelvis"),
    OPT_REALS(struct params, setup.direction, "direction", "", 9, -1, 1,
              "direction cosines, row by row; column a is the world axis of index a"),
    OPT_FLAG(struct params, flip_rods, "flip-rods", "calibration phantom turned end for end"),
    SETUP_OPTIONS(struct params, setup,
                  "equivalent: bone reads exactly its planted density at any energy"),
    OPT_FLAG(struct params, reverse_instances, "reverse-instances",
             "instance numbers against the slice order"),
    OPT_CHOICE(struct params, fault, "fault", phantom_fault_names,
               "plant a fault in the DICOM folder"),
    OPT_INT(struct params, depth, "depth", "", 0, 5, "splits of a voxel at an interface"),
    OPT_REAL(struct params, truth_step, "truth-step", "mm", 0.5, 4,
             "coarsest step of the truth's quadrature; the finest is a quarter"),
    OPTIONS_END};

static status apply_options(struct hip_phantom *h, const struct params *p) {
  status st = ST_OK;
  const struct params *d = &defaults;
  setup_options_take(&h->scan, &p->setup, &d->setup);
  setup_take_reals(&h->truth_step_mm, &p->truth_step, &d->truth_step, 1);
  setup_take_choice(&h->view, p->view, d->view);
  setup_take_choice(&h->scan.paint.depth, p->depth, d->depth);
  if (p->side) h->side = SIDE_RIGHT;
  if (p->flip_rods) h->rods_flipped = 1;
  for (int i = 0; i < p->set.count; i++) TRY(person_set(&h->person, p->set.items[i]));
done:
  return st;
}

static status plant_fault(const struct params *p) {
  status st = ST_OK;
  char folder[4096];
  if (p->fault == FAULT_NONE) goto done;
  CHECK(p->setup.scan.format == PHANTOM_DICOM, ST_USAGE, "--fault %s needs --format dicom",
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
  struct phantom_output_options out = {.format = p->setup.scan.format,
                                       .seed = (uint64_t)p->seed * 1000003 + h.scan.scanner.seed,
                                       .identifiers = p->setup.scan.phi,
                                       .padding = p->setup.scan.padding,
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
