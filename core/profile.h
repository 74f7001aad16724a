/* One line through the cortex: three densities, two edges, one blur.
 *
 *   y(x) = y0 + (y1 - y0) P((x - x0)/s) + (y2 - y1) P((x - x0 - t)/s),   x inward [mm]
 *
 * with P the normal distribution function: y0 outside, y1 in the cortex, y2 behind it. y1 and s are
 * given (thickness and density of a cortex thinner than the blur cannot both be had from one line);
 * x0, t, y0, y2 are fitted; y2 may be given as a line in the depth behind the cortex. The mass t*y1
 * is robust where t is not. Where another bone follows outside, its edge at xn belongs to the
 * model,
 *
 *   y(x) + (y1 - y0) P((xn - x)/s)
 *
 * and is fitted to what rises of it up to a quarter of this bone's height, which its thickness and
 * density hardly change. Where the two are too near, that does not tell y0 from the bones: it is
 * given then, as read where the same bone borders on soft tissue alone, and the fit is of this bone
 * from the lowest density between the two on.
 *
 * Of a scan in slices P is no normal distribution's. Voxels hold means over the thickness of a
 * slice and a line is read from a cubic spline through them; on average over where slices happen to
 * lie, a step then rises as a normal one seen through a box of the slices' distance and the
 * spline's own response, along the line both as wide as the distance times |line . axis of the
 * slices|. That response has no variance, but its main lobe is half as wide again as the box and
 * has lobes of other sign beside it: a thin cortex fitted with a normal edge of the same variance
 * has its edge a tenth to a third of a mm too far in on slices of 3 mm. Slices are taken to be as
 * thick as they are apart. Source: treece2010 (model; slice thickness as a box along the normal),
 * unser1993 (cardinal cubic spline)
 */
#ifndef QCT_CORE_PROFILE_H
#define QCT_CORE_PROFILE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PROFILE_SAMPLES = 49 };
#define PROFILE_FROM_MM (-4.0) /* outside */
#define PROFILE_STEP_MM 0.25

struct profile { /* densities along the line [mg/cm3]; NaN outside the scan */
  double y[PROFILE_SAMPLES];
};

struct profile_edges { /* the half-maximum reading, also the start of the fit */
  int ok;
  int first; /* first sample that belongs to this bone: the lowest outside it */
  int next;  /* 1: beyond it another bone rises by more than `least` */
  int reach; /* next: outermost sample at which it has not risen by a quarter of peak - outside */
  double peak, outside, behind;
  double outer_mm, inner_mm; /* half-maximum crossings; inner NaN when nothing falls */
  double rise_mm;            /* distance from 25 to 75 % of the outer edge */
  /* mean of the middle millimetre of a cortex of 3 mm and more in which blur leaves a plateau: that
   * is wider than 2.906 rises (3.92 SD of the blur: the middle has 95 % of the cortex's contrast);
   * else NaN. On coarse voxels a thin cortex is 3 mm wide by blur alone, which is 2.60 rises. */
  double plateau;
  double middle; /* the same of any cortex wider than 2.906 rises */
};

struct profile_fit {
  int ok;
  double outer_mm;        /* x0 */
  double thickness_mm;    /* t, 0.1..8 */
  double outside, behind; /* y0, y2 */
  double rms;             /* of the residuals [mg/cm3] */
};

/** @param least  smallest peak - outside that counts as an edge [mg/cm3] */
void profile_edges(struct profile_edges *out, const struct profile *p, double least);

struct profile_table; /* of blurred steps, shared by all fits */
/** *out is NULL when out of memory. Free with profile_table_free. */
void profile_prepare(struct profile_table **out);
void profile_table_free(struct profile_table *table);

struct profile_blur {
  double sigma_mm; /* of the normal part, > 0 */
  double slice_mm; /* distance of the slices along the line, 0: no slices */
};
/** Standard deviation of both [mm]. */
double profile_blur_sigma(const struct profile_blur *b);
/** P: the step from 0 to 1 at x = 0; error below 1e-3. */
double profile_step(const struct profile_table *table, const struct profile_blur *b, double x);
/** How far the step exceeds 1 at most, and 0 on its other side. */
double profile_overshoot(const struct profile_table *table, const struct profile_blur *b);

struct profile_known {
  double y1;
  struct profile_blur blur;
  double y0; /* density outside where it cannot be fitted beside another bone; NaN: fitted */
  int box;   /* 1: a box is most of the blur, so its tails are no normal edge's: y0 stays as given
              */
  /* Where density behind is known: at the cortex, its change per mm, and the outer edge, which
   * stays as it is; y2 NaN: fitted, and x0 with it. */
  double y2, y2_slope, x0;
};

/** Fit from the edges; ok 0 when the residual exceeds 15 % of y1 - y0 or t hits a bound. */
void profile_fit(struct profile_fit *out, const struct profile *p,
                 const struct profile_edges *start, const struct profile_table *table,
                 const struct profile_known *known);

/** Density outside a bone: the median y0 of n fits that saw no other bone; NaN with fewer than 50.
 * @return 0 when out of memory */
int profile_soft(double *y0, const struct profile_fit *fits, const struct profile_edges *edges,
                 int64_t n);

#ifdef __cplusplus
}
#endif
#endif
