#include "cli/command.h"

#include "phantom/rods.h"

#include <math.h>
#include <stdio.h>

struct params {
  const char *out, *phantom, *certificate;
  int body, scanner, kernel, format, scan_seed, missing, bubble, padding;
  double swap[2], spacing[3], fov[3];
  double diameter, shift, tilt, rise, kvp, noise, sigma, thickness, cup, circle, drift_slope,
      drift_offset;
  bool flip, ideal, phi;
};

static const struct params defaults = {.phantom = "mindways-model3-ct",
                                       .body = RODS_SOFT_TISSUE,
                                       .diameter = 260,
                                       .kernel = KERNEL_STANDARD,
                                       .spacing = {0.9, 0.9, 3},
                                       .fov = {340, 360, 60},
                                       .swap = {0, 0},
                                       .kvp = NAN,
                                       .noise = 14,
                                       .sigma = NAN,
                                       .thickness = NAN,
                                       .drift_slope = 1,
                                       .scan_seed = 1,
                                       .padding = -1024};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the scan"),
    OPT_TEXT(struct params, phantom, "phantom", "key of the calibration phantom"),
    OPT_IN(struct params, certificate, "certificate", "densities instead of the built-in ones"),
    OPT_CHOICE(struct params, body, "body", rods_body_names, "what lies on the phantom"),
    OPT_REAL(struct params, diameter, "diameter", "mm", 100, 450, "of the body"),
    OPT_FLAG(struct params, flip, "flip", "phantom turned end for end"),
    OPT_REALS(struct params, swap, "swap", "", 2, 0, 8, "exchange two rods, counted from 1"),
    OPT_INT(struct params, missing, "missing-rod", "", 0, 8, "leave this rod out, counted from 1"),
    OPT_INT(struct params, bubble, "bubble", "", 0, 8, "air bubble of 4 mm radius in this rod"),
    OPT_REAL(struct params, shift, "shift", "mm", -400, 400, "of the phantom, towards the left"),
    OPT_REAL(struct params, tilt, "tilt", "deg", -20, 20, "of the rods in the coronal plane"),
    OPT_REAL(struct params, rise, "rise", "deg", -10, 10, "of the rods in the sagittal plane"),
    OPT_REALS(struct params, spacing, "spacing", "mm", 3, 0.1, 20, "voxel size x,y,z"),
    OPT_REALS(struct params, fov, "fov", "mm", 3, 1, 1000, "field of view x,y,z"),
    OPT_CHOICE(struct params, scanner, "scanner", scanner_names, "preset of voltage and energy"),
    OPT_REAL(struct params, kvp, "kvp", "kV", 70, 150, "tube voltage; else the preset's"),
    OPT_CHOICE(struct params, kernel, "kernel", kernel_names, "in-plane blur"),
    OPT_REAL(struct params, sigma, "sigma", "mm", 0, 3, "in-plane blur instead of the kernel's"),
    OPT_REAL(struct params, thickness, "thickness", "mm", 0.1, 20, "slice thickness"),
    OPT_REAL(struct params, noise, "noise", "HU", 0, 200, "SD at the centre"),
    OPT_REAL(struct params, cup, "cup", "HU", 0, 80, "cupping"),
    OPT_REAL(struct params, circle, "circle", "mm", 0, 1000, "reconstruction radius; 0 none"),
    OPT_REAL(struct params, drift_slope, "drift-slope", "", 0.8, 1.2, "HU' = slope HU + offset"),
    OPT_REAL(struct params, drift_offset, "drift-offset", "HU", -100, 100, "see --drift-slope"),
    OPT_INT(struct params, scan_seed, "scan-seed", "", 0, 1e9, "of the noise"),
    OPT_INT(struct params, padding, "padding", "HU", -32768, -1000, "value of no data in DICOM"),
    OPT_CHOICE(struct params, format, "format", phantom_format_names, "of the CT"),
    OPT_FLAG(struct params, ideal, "ideal", "also the image without blur and noise"),
    OPT_FLAG(struct params, phi, "phi", "plant fictional identifiers in the DICOM header"),
    OPTIONS_END};

static void fill(struct rods_phantom *r, const struct params *p) {
  snprintf(r->phantom, sizeof r->phantom, "%s", p->phantom);
  if (p->certificate) snprintf(r->certificate, sizeof r->certificate, "%s", p->certificate);
  r->body = p->body;
  r->diameter_mm = p->diameter;
  r->flipped = p->flip;
  for (int i = 0; i < 2; i++) r->swap[i] = (int)p->swap[i];
  r->missing = p->missing;
  r->bubble = p->bubble;
  r->shift_mm = p->shift;
  r->tilt_deg = p->tilt;
  r->rise_deg = p->rise;
  for (int a = 0; a < 3; a++) {
    r->spacing[a] = p->spacing[a];
    r->fov[a] = p->fov[a];
  }
  r->preset = p->scanner;
  r->kvp = p->kvp;
  r->ideal = p->ideal;
  r->scanner.kernel = p->kernel;
  r->scanner.sigma_mm = p->sigma;
  r->scanner.thickness_mm = isnan(p->thickness) ? 0 : p->thickness;
  r->scanner.noise_hu = p->noise;
  r->scanner.cup_hu = p->cup;
  r->scanner.circle_mm = p->circle;
  r->scanner.drift_slope = p->drift_slope;
  r->scanner.drift_offset_hu = p->drift_offset;
  r->scanner.seed = (uint64_t)p->scan_seed;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  cJSON *provenance = NULL;
  struct rods_phantom r;
  rods_phantom_defaults(&r);
  fill(&r, p);
  TRY(rods_phantom_make(&result, &r));
  struct phantom_output_options out = {.format = p->format,
                                       .seed = (uint64_t)p->scan_seed + 500000,
                                       .identifiers = p->phi,
                                       .padding = p->padding};
  provenance = context_provenance(ctx);
  TRY(phantom_result_write(&result, p->out, &out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
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
