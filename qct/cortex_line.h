/* The three-density model of one place of the cortex, and its fit.
 *
 *   y(x) = y0 + (y1 - y0) S(x - x0) + (y2 - y1) S(x - x0 - t)          x inward [mm]
 *
 * y0 outside, y1 in the cortex, y2 behind it [mg/cm3]. S is the step after blur: a Gaussian of
 * standard deviation sigma and a box of width w. The box is what the thickness of a slice does to
 * an edge that it cuts at an angle: w = thickness * |normal . slice axis|, along the normal.
 *
 * Thickness and density of a cortex thinner than the blur cannot both be had from one place: y1 and
 * sigma are given, x0, t, y0, y2 fitted. Where the cortex is thick all six can be fitted; that is
 * how y1 and sigma of a bone are found (qct/cortex_map.h). The mass t*y1 is robust where t is not.
 * Fit: least squares by Levenberg and Marquardt's method from the half-maximum reading and from
 * several thicknesses, the best of which wins.
 * Source: treece2010
 */
#ifndef QCT_QCT_CORTEX_LINE_H
#define QCT_QCT_CORTEX_LINE_H

#ifdef __cplusplus
extern "C" {
#endif

struct cortex_blur {
  double sigma_mm; /* > 0 */
  double box_mm;   /* >= 0 */
};

/** S(x): the step from 0 to 1 at x = 0. Error below 1e-5. */
double cortex_step(const struct cortex_blur *b, double x);

struct cortex_model {
  double outer_mm, thickness_mm; /* x0, t */
  double outside, cortical, behind;
  struct cortex_blur blur;
};
double cortex_model_at(const struct cortex_model *m, double x);

#define CORTEX_THIN_MM 0.2 /* bounds of t */
#define CORTEX_THICK_MM 8.0
enum { CORTEX_LINE_LEAST = 8 }; /* samples a fit needs */

struct cortex_samples { /* in any order; no NaN */
  const double *x, *y;  /* borrowed: depth [mm], density [mg/cm3] */
  int n;
};

enum cortex_flag { /* why a place has no value of its own */
                   CORTEX_FITTED = 0,
                   CORTEX_NO_EDGE = 1,  /* too few samples, or no rise towards the bone */
                   CORTEX_RESIDUAL = 2, /* RMS above 15 % of y1 - y0 */
                   CORTEX_BOUND = 3, /* t at 0.2 or 8 mm, y0 or y2 at 0.6 y1, or y2 at -200 mg/cm3,
                                        which no marrow is: dry bone in air is not measured */
                   CORTEX_FAR = 4    /* the edge is more than 3 mm from the outline */
};

struct cortex_fit {
  struct cortex_model model;
  double rms; /* of the residuals [mg/cm3] */
  int flag;   /* enum cortex_flag; the model is meaningless for CORTEX_NO_EDGE */
};

/**
 * Fit x0, t, y0, y2 with y1 and the blur given.
 * @param start  outer edge guessed [mm]
 */
void cortex_fit_given(struct cortex_fit *out, const struct cortex_samples *s, double start,
                      double cortical, const struct cortex_blur *blur);

/** Fit all of x0, t, y0, y1, y2 and sigma, for a cortex thicker than the blur; `start` holds the
 * guess of everything. flag as above. */
void cortex_fit_free(struct cortex_fit *out, const struct cortex_samples *s,
                     const struct cortex_model *start);

/** The same with y1 as `start` has it. */
void cortex_fit_blur(struct cortex_fit *out, const struct cortex_samples *s,
                     const struct cortex_model *start);

/* What the samples say by halves, without a model: for comparison and as a start. */
struct cortex_halves {
  int ok;
  double peak;     /* largest mean over a millimetre's third 1.5 mm outside to 4.5 mm inside */
  double outside;  /* lowest before it, before the next bone begins */
  double behind;   /* median 5 to 8 mm behind the outline */
  double first_mm; /* samples outside this depth belong to something else */
  double outer_mm; /* (outside + peak)/2 */
  double inner_mm; /* (behind + peak)/2, NaN when nothing falls */
};
/** @param least  smallest peak - outside that counts as an edge [mg/cm3] */
void cortex_read_halves(struct cortex_halves *out, const struct cortex_samples *s, double least);

#ifdef __cplusplus
}
#endif
#endif
