/* The options of every command that makes a CT: scanner, noise, format. */
#ifndef QCT_CLI_PHANTOM_OPTIONS_H
#define QCT_CLI_PHANTOM_OPTIONS_H

#include "cli/command.h"
#include "phantom/output.h"
#include "phantom/setup.h"

#include <math.h>

struct phantom_scan {
  struct scanner_options scanner; /* seed is not used; thickness NaN: the slice spacing */
  int preset, seed, format, padding;
  double kvp; /* NaN: the preset's */
  bool ideal, phi;
};
#define PHANTOM_SCAN_DEFAULTS                                                                      \
  {                                                                                                \
    .scanner = {.kernel = KERNEL_STANDARD,                                                         \
                .sigma_mm = NAN,                                                                   \
                .noise_hu = 14,                                                                    \
                .drift_slope = 1,                                                                  \
                .thickness_mm = NAN},                                                              \
    .seed = 1, .padding = -1024, .kvp = NAN                                                        \
  }

/* `m` is a struct phantom_scan in the parameters. */
#define PHANTOM_SCAN_OPTIONS(T, m)                                                                 \
  OPT_CHOICE(T, m.preset, "scanner", scanner_names, "preset of voltage and energy"),               \
      OPT_REAL(T, m.kvp, "kvp", "kV", 70, 150, "tube voltage; else the preset's"),                 \
      OPT_CHOICE(T, m.scanner.kernel, "kernel", kernel_names, "in-plane blur"),                    \
      OPT_REAL(T, m.scanner.sigma_mm, "sigma", "mm", 0, 3,                                         \
               "in-plane blur instead of the kernel's"),                                           \
      OPT_REAL(T, m.scanner.z_sigma_mm, "z-sigma", "mm", 0, 5, "blur along the slices' normal"),   \
      OPT_REAL(T, m.scanner.thickness_mm, "thickness", "mm", 0.1, 20,                              \
               "slice thickness; else the slice spacing"),                                         \
      OPT_REAL(T, m.scanner.noise_hu, "noise", "HU", 0, 200, "SD at the centre"),                  \
      OPT_REAL(T, m.scanner.cup_hu, "cup", "HU", 0, 80, "cupping"),                                \
      OPT_REAL(T, m.scanner.drift_slope, "drift-slope", "", 0.8, 1.2, "HU' = slope HU + offset"),  \
      OPT_REAL(T, m.scanner.drift_offset_hu, "drift-offset", "HU", -100, 100,                      \
               "see --drift-slope"),                                                               \
      OPT_REAL(T, m.scanner.circle_mm, "circle", "mm", 0, 1000,                                    \
               "reconstruction radius; 0: no padding outside a circle"),                           \
      OPT_INT(T, m.padding, "padding", "HU", -32768, -1000, "value of no data in DICOM"),          \
      OPT_INT(T, m.seed, "scan-seed", "", 0, 1e9, "of the noise"),                                 \
      OPT_CHOICE(T, m.format, "format", phantom_format_names, "of the CT"),                        \
      OPT_FLAG(T, m.ideal, "ideal", "also what is exact: the image without blur and noise"),       \
      OPT_FLAG(T, m.phi, "phi", "plant fictional identifiers in the DICOM header")

/* How a person is laid on the table and scanned. */
struct setup_options {
  struct phantom_scan scan;
  const char *phantom, *certificate;
  int bone;
  double spacing[3], fov[3], size[3], direction[9], pose[6];
  bool no_table;
};
#define SETUP_DEFAULTS(pixel, slice)                                                               \
  {                                                                                                \
    .scan = PHANTOM_SCAN_DEFAULTS, .phantom = "mindways-model3-ct",                                \
    .spacing = {pixel, pixel, slice}, .fov = {NAN, NAN, NAN}, .size = {NAN, NAN, NAN},             \
    .direction = {                                                                                 \
      NAN,                                                                                         \
      NAN,                                                                                         \
      NAN,                                                                                         \
      NAN,                                                                                         \
      NAN,                                                                                         \
      NAN,                                                                                         \
      NAN,                                                                                         \
      NAN,                                                                                         \
      NAN                                                                                          \
    }                                                                                              \
  }

/* `m` is a struct setup_options in the parameters; `bone_help` says what is equivalent. */
#define SETUP_OPTIONS(T, m, bone_help)                                                             \
  OPT_REALS(T, m.spacing, "spacing", "mm", 3, 0.1, 20, "voxel size x,y,z"),                        \
      OPT_REALS(T, m.fov, "fov", "mm", 3, 1, 2000, "field of view x,y,z; else the view's"),        \
      OPT_REALS(T, m.size, "voxels", "", 3, 1, 4096, "number of voxels x,y,z, instead of --fov"),  \
      OPT_REALS(T, m.pose, "pose", "deg,mm", 6, -400, 400,                                         \
                "turns about x,y,z and shifts of the person on the table"),                        \
      OPT_TEXT(T, m.phantom, "phantom", "calibration phantom under the patient, or none"),         \
      OPT_IN(T, m.certificate, "certificate",                                                      \
             "the phantom's own certificate (JSON), instead of the built-in densities"),           \
      OPT_FLAG(T, m.no_table, "no-table", "leave the table out"),                                  \
      OPT_CHOICE(T, m.bone, "bone-kind", phantom_bones, bone_help),                                \
      PHANTOM_SCAN_OPTIONS(T, m.scan)
static const char *const phantom_bones[] = {"real", "equivalent-k2hpo4", "equivalent-ha", NULL};

/** What was given, which is what differs from the command's defaults, goes over what `to` has. */
void setup_options_take(struct scan_setup *to, const struct setup_options *given,
                        const struct setup_options *usual);
/* The pieces of it, for a command's own options. */
void setup_take_reals(double *to, const double *given, const double *usual, int n);
void setup_take_choice(int *to, int given, int usual);

/** The scanner as asked for; what `to` has beside these options stays. */
static inline void phantom_scan_scanner(struct scanner_options *to, const struct phantom_scan *p) {
  const bool quantise = to->quantise;
  *to = p->scanner;
  to->quantise = quantise;
  to->seed = (uint64_t)p->seed;
  if (isnan(to->thickness_mm)) to->thickness_mm = 0;
}

/** Write a phantom into its folder. `uids`: seed of the DICOM UIDs, another one for each kind. */
static inline status phantom_scan_write(struct context *ctx, const struct phantom_result *r,
                                        const char *folder, const struct phantom_scan *p,
                                        uint64_t uids) {
  const struct phantom_output_options out = {
      .format = p->format, .seed = uids, .identifiers = p->phi, .padding = p->padding};
  cJSON *provenance = context_provenance(ctx);
  status st = phantom_result_write(r, folder, &out, provenance, ctx->force);
  cJSON_Delete(provenance);
  return st;
}

#endif
