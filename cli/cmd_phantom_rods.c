#include "cli/phantom_options.h"

#include "phantom/rods.h"

#include <math.h>
#include <stdio.h>

struct params {
  const char *out, *phantom, *certificate;
  struct phantom_scan scan;
  int body, missing, bubble;
  double swap[2], spacing[3], fov[3];
  double diameter, shift, tilt, rise, energy, fat, muscle, saturate;
  bool bare, flip;
};

static const struct params defaults = {.phantom = "mindways-model3-ct",
                                       .scan = PHANTOM_SCAN_DEFAULTS,
                                       .body = RODS_SOFT_TISSUE,
                                       .diameter = 260,
                                       .energy = NAN,
                                       .spacing = {0.9, 0.9, 3},
                                       .fov = {340, 360, 60}};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the scan"),
    OPT_TEXT(struct params, phantom, "phantom", "key of the calibration phantom"),
    OPT_IN(struct params, certificate, "certificate",
           "the phantom's own certificate (JSON), instead of the built-in densities"),
    OPT_CHOICE(struct params, body, "body", rods_body_names, "what lies on the phantom"),
    OPT_REAL(struct params, diameter, "diameter", "mm", 100, 450, "of the body"),
    OPT_FLAG(struct params, bare, "no-phantom", "the body alone on the table: a patient"),
    OPT_FLAG(struct params, flip, "flip", "phantom turned end for end"),
    OPT_REALS(struct params, swap, "swap", "", 2, 0, 8, "exchange two rods, counted from 1"),
    OPT_INT(struct params, missing, "missing-rod", "", 0, 8, "leave this rod out, counted from 1"),
    OPT_INT(struct params, bubble, "bubble", "", 0, 8, "air bubble of 4 mm radius in this rod"),
    OPT_REAL(struct params, saturate, "saturate", "HU", 0, 3000,
             "values above it read it, as where a scanner's range ends; 0: none"),
    OPT_REAL(struct params, shift, "shift", "mm", -400, 400, "of the phantom, towards the left"),
    OPT_REAL(struct params, tilt, "tilt", "deg", -20, 20, "of the rods in the coronal plane"),
    OPT_REAL(struct params, rise, "rise", "deg", -10, 10, "of the rods in the sagittal plane"),
    OPT_REALS(struct params, spacing, "spacing", "mm", 3, 0.1, 20, "voxel size x,y,z"),
    OPT_REALS(struct params, fov, "fov", "mm", 3, 1, 1000, "field of view x,y,z"),
    OPT_REAL(struct params, energy, "energy", "keV", 30, 160,
             "effective energy; else that of scanner and voltage. A larger body hardens the beam"),
    OPT_REAL(struct params, fat, "fat-shift", "HU", -50, 50, "added to fat: people differ"),
    OPT_REAL(struct params, muscle, "muscle-shift", "HU", -50, 50, "added to muscle"),
    PHANTOM_SCAN_OPTIONS(struct params, scan),
    OPTIONS_END};

static void fill(struct rods_phantom *r, const struct params *p) {
  snprintf(r->phantom, sizeof r->phantom, "%s", p->phantom);
  if (p->certificate) snprintf(r->certificate, sizeof r->certificate, "%s", p->certificate);
  r->body = p->body;
  r->diameter_mm = p->diameter;
  r->bare = p->bare;
  r->kev = p->energy;
  r->fat_hu = p->fat;
  r->muscle_hu = p->muscle;
  r->flipped = p->flip;
  for (int i = 0; i < 2; i++) r->swap[i] = (int)p->swap[i];
  r->missing = p->missing;
  r->bubble = p->bubble;
  r->saturate_hu = p->saturate;
  r->shift_mm = p->shift;
  r->tilt_deg = p->tilt;
  r->rise_deg = p->rise;
  for (int a = 0; a < 3; a++) {
    r->spacing[a] = p->spacing[a];
    r->fov[a] = p->fov[a];
  }
  r->preset = p->scan.preset;
  r->kvp = p->scan.kvp;
  r->ideal = p->scan.ideal;
  phantom_scan_scanner(&r->scanner, &p->scan);
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  struct rods_phantom r;
  rods_phantom_defaults(&r);
  fill(&r, p);
  TRY(rods_phantom_make(&result, &r));
  TRY(phantom_scan_write(ctx, &result, p->out, &p->scan, (uint64_t)p->scan.seed + 500000));
done:
  phantom_result_free(&result);
  return st;
}

static const struct example examples[] = {
    {"qct phantom rods --out rods", "a DICOM series of a calibration phantom under soft tissue"},
    {"qct phantom rods --out ha --phantom qrm-bdc-6 --flip --kvp 140 --format nifti",
     "hydroxyapatite rods, turned end for end, at 140 kV"},
    {NULL, NULL}};

static const char *const sources[] = {"xcom2010", "mindways2011", "ogo2020", NULL};

const struct command cmd_phantom_rods = {
    .name = "phantom rods",
    .summary = "Make a CT of a calibration phantom whose rods are known exactly",
    .about =
        "A cylinder of water or soft tissue on the plate of a calibration phantom, on the table. "
        "Rod HU follow from the certified densities and the attenuation of K2HPO4 or "
        "hydroxyapatite at the scanner's effective energy [keV], so truth.json states the line "
        "that a perfect calibration finds [mg/cm3 per HU]. Faults of real scans can be had: rods "
        "in another order, missing, with a bubble, tilted, partly outside the image.\n\n"
        "Rod radius 8.5 mm, pitch 56 mm and the plate 300 x 24 mm are assumed where no "
        "certificate gives them; labels 301, 302, ... follow the certificate's order.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
