/* `qct phantom spine`: a digital lumbar spine in a trunk, a scanner and a grid make a CT, labels
 * (whole vertebrae, and bodies alone) and the truth. */
#ifndef QCT_PHANTOM_SPINE_H
#define QCT_PHANTOM_SPINE_H

#include "phantom/output.h"
#include "phantom/setup.h"
#include "phantom/spine_body.h"

enum spine_view { SPINE_VIEW_TRUNK, SPINE_VIEW_COLUMN };
extern const char *const spine_view_names[]; /* "trunk", "column", NULL */

struct spine_phantom {
  struct spine_shape shape;
  double texture; /* SD of the trabecular texture, share */
  double fat_mm;
  double marrow_yellow;
  double aorta_hu; /* NaN: blood without contrast medium */
  int contrast;    /* enum contrast: what the header says */
  uint64_t seed;   /* of the texture */
  struct scan_setup scan;
  int view; /* enum spine_view */
  double truth_step_mm;
};

void spine_phantom_defaults(struct spine_phantom *p);
/** Everything. *out is freed by phantom_result_free.
 * @return ST_DOMAIN naming the parameter that does not fit, its value and the permitted range */
status spine_phantom_make(struct phantom_result *out, const struct spine_phantom *p);
cJSON *spine_phantom_to_json(const struct spine_phantom *p);

/* ---- truth ---- */

/* Heights at 15, 50 and 85 % of the front-back extent, mean over the middle half of the width. */
struct spine_heights {
  double anterior_mm, middle_mm, posterior_mm;
};
struct spine_truth_level {
  struct spine_heights heights;
  double loss;       /* 1 - least/largest of the three heights */
  int grade;         /* 0..3 at 20, 25, 40 % */
  double volume[3];  /* of the body at h, h/2, h/4 [mm3] */
  double core[3];    /* mean density of the trabecular core [mg/cm3 K2HPO4-equivalent] */
  double ellipse[3]; /* the same in the elliptical cylinder of spine_truth_compute */
};
struct spine_truth {
  struct spine_truth_level levels[SPINE_LEVELS];
  double step_mm;  /* h/4 */
  double cobb_deg; /* largest angle of an upper and a lower end plate, T12 to L5, world */
  int cobb_upper, cobb_lower;
};
/**
 * Midpoint quadrature of the solids in each vertebra's frame at steps h, h/2, h/4. Ellipse: centre
 * 0.58 of the body's depth from its back, semi-axes 0.325 of the width and 0.25 of the depth,
 * 7.5 mm high about the middle.
 */
void spine_truth_compute(struct spine_truth *out, const struct spine_body *body, double step);
cJSON *spine_truth_json(const struct spine_truth *t, const struct spine_body *body);

#endif
