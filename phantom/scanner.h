/* From an ideal image to what a scanner gives:
 *
 *   cup -> blur -> noise -> drift -> circle -> quantise
 *
 * - cup: -C (1 - r^2/Rb^2) inside the body [HU]
 * - blur, in plane: variance sigma^2 in all, of which the pixel's box made spacing^2/12; the
 *   rest by a Gaussian on the pixels, below 0.7 pixel^2 the discrete Gaussian exp(-v) I_n(v). Its
 *   variance is exactly v, its tails are heavier: 0.55 mm on pixels of 0.7 mm leave 0.19 % of an
 *   edge at 1.8 mm, a Gaussian 0.05 %. The sum is 1, so mass is kept. Sharp kernels add 0.35 of
 *   the difference to the blur of 2 sigma
 * - blur, through plane: the box of the slice thickness (made by painting), optionally a Gaussian
 * - noise: white normal numbers, one per (scan seed, voxel), through the difference of two
 *   Gaussians (0.45 and 1.1 mm), so the power rises from zero at low frequency; correlated in z
 *   by the overlap of slices; scaled by the filter's norm to the asked SD at the centre of the
 *   image, falling to 0.55 of it far out
 * - drift: HU' = a HU + b
 * - circle: outside the reconstruction radius no data
 * - quantise: to whole HU, half to even, -1024..3071
 *
 * Source: nps_fan_beam (noise power of filtered back projection); rest: choices of this toolkit.
 */
#ifndef QCT_PHANTOM_SCANNER_H
#define QCT_PHANTOM_SCANNER_H

#include "core/volume.h"

enum kernel { KERNEL_SMOOTH, KERNEL_STANDARD, KERNEL_SHARP };
extern const char *const kernel_names[]; /* "smooth", "standard", "sharp", NULL */

/* A scanner: how its header reads and its effective energy at its voltage. */
struct scanner_preset {
  const char *name; /* "A" */
  const char *manufacturer, *model;
  double kvp;
  double kev; /* effective energy (unverified default; the energy used is in truth.json) */
};
extern const char *const scanner_names[]; /* "A".."D", NULL */
const struct scanner_preset *scanner_preset(int index);
/** Effective energy at a voltage: the preset's when it is its own, else linear between 65, 70 and
 * 75 keV at 100, 120 and 140 kVp. */
double scanner_energy(const struct scanner_preset *p, double kvp);

struct scanner_options {
  int kernel;
  double sigma_mm;    /* NaN: the kernel's 0.7, 0.55, 0.40 */
  double z_sigma_mm;  /* 0 */
  double noise_hu;    /* SD at the centre; 0 none */
  double cup_hu;      /* 0 */
  double drift_slope; /* 1 */
  double drift_offset_hu;
  double circle_mm; /* reconstruction radius about the grid's centre; 0 none */
  double thickness_mm;
  uint64_t seed; /* of the scan */
  bool quantise;
};
#define SCANNER_DEFAULTS                                                                           \
  {                                                                                                \
    .kernel = KERNEL_STANDARD, .sigma_mm = NAN, .noise_hu = 14, .drift_slope = 1, .seed = 1,       \
    .quantise = true                                                                               \
  }

/** In-plane sigma [mm] of the options. */
double scanner_sigma(const struct scanner_options *o);
/** What the header of a scan says: supine, head first, no tilt, no contrast medium; age and sex are
 * left unknown. `preset` of scanner_names; kvp NaN: the preset's; slice_mm: distance of slices. */
void scanner_acquisition(struct acquisition *out, const struct scanner_options *o, int preset,
                         double kvp, double slice_mm, const char *body_part);
/** Weights of the discrete Gaussian of variance v [voxels^2], w[0..*reach] for n = 0..reach. */
enum { SCANNER_REACH = 64 };
void scanner_gaussian(double w[SCANNER_REACH + 1], int *reach, double variance);

/** In place. @return ST_DOMAIN for a blur too wide for the grid, ST_MEMORY */
status scanner_apply(struct volume *image, const struct scanner_options *options);
/** The steps, for tests: in place. */
status scanner_blur(struct volume *image, const struct scanner_options *options);
status scanner_noise(struct volume *image, const struct scanner_options *options);

#endif
