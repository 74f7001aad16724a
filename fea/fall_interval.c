/* How far the failure load moves with what is not known exactly: calibration, outline, mesh. Each
 * variant is solved; half the span of a pair, and the error of the mesh, are taken as 95 %
 * half-widths and joined as independent. Other material laws are solved too but stand apart, as the
 * span of their results: another law is another scale, not an uncertainty of this one.
 *
 * Mesh: an error that shrinks with the size h of the elements, e(h) = c h, is the whole difference
 * between 2 h and h, and twice that between h and h / 2. On femora it shrinks as h^1.0 to h^1.5
 * (fea/README.md), so this is on the safe side. */
#include "fea/fall_parts.h"

#include "core/filter.h"
#include "core/log.h"
#include "core/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static status variant(double *failure_n, const struct fall_input *in,
                      const struct fea_fall_options *o) {
  status st = ST_OK;
  struct fea_fall *r = NULL;
  struct fea_fall_options loose = *o;
  loose.solve.tolerance = fmax(o->solve.tolerance, 1e-6);
  if (in->variant) return in->variant(failure_n, in, &loose);
  TRY(fall_solve(&r, NULL, in, &loose));
  *failure_n = r->failure_load_n;
done:
  fea_fall_destroy(r);
  return st;
}

static status density_variants(struct fall_interval *out, const struct fall_input *in,
                               const struct calibration *c, const struct fea_fall_options *o) {
  status st = ST_OK;
  struct fall_input shifted = *in;
  const double at_0 = calibration_half_width(c, calibration_hu(c, 0));
  const double at_1000 = calibration_half_width(c, calibration_hu(c, 1000));
  CHECK(isfinite(at_0) && isfinite(at_1000), ST_DOMAIN,
        "interval: the calibration gives no half-width");
  shifted.shift_mgcc[0] = -at_0;
  shifted.shift_mgcc[1] = -at_1000;
  TRY(variant(&out->density_low, &shifted, o));
  shifted.shift_mgcc[0] = at_0;
  shifted.shift_mgcc[1] = at_1000;
  TRY(variant(&out->density_high, &shifted, o));
done:
  return st;
}

static status mask_variant(double *failure_n, const struct fall_input *in, double radius_mm,
                           const struct fea_fall_options *o) {
  status st = ST_OK;
  struct labels *labels = NULL;
  struct fall_input changed = *in;
  if (in->variant || o->outline == FEA_OUTLINE_SMOOTH) {
    changed.grow_mm = radius_mm;
    TRY(variant(failure_n, &changed, o));
    goto done;
  }
  TRY(labels_copy(&labels, in->labels));
  TRY(filter_grow(labels, in->label, radius_mm, 0));
  changed.labels = labels;
  TRY(variant(failure_n, &changed, o));
done:
  labels_destroy(labels);
  return st;
}

/* The span over the laws of the femur. None of them is used when the law is the user's own. */
static void law_variants(struct fall_interval *out, double failure_load_n,
                         const struct fall_input *in, const struct fea_fall_options *o) {
  static const char *const others[] = {"morgan2003-neck", "morgan2003-femur", "keyak1998",
                                       "keyak-three-piece", "keller1994"};
  enum { OTHERS = sizeof others / sizeof others[0] };
  size_t used = 0;
  out->law_low = out->law_high = failure_load_n;
  for (int i = 0; i < OTHERS && !o->user_law; i++) {
    struct fea_fall_options changed = *o;
    double load = NAN;
    changed.law = fea_law_find(others[i]);
    if (changed.law == o->law) continue;
    if (variant(&load, in, &changed)) {
      log_detail("fall: law %s not tried: %s", others[i], status_message());
      status_clear();
      continue;
    }
    out->law_low = fmin(out->law_low, load);
    out->law_high = fmax(out->law_high, load);
    if (used < sizeof out->laws)
      used += (size_t)snprintf(out->laws + used, sizeof out->laws - used, "%s%s %.0f N",
                               used ? ", " : "", others[i], load);
  }
  if (!used) out->law_low = out->law_high = NAN;
}

/* The failure load's error by the size of the elements [N], from a mesh twice as coarse or, where
 * those would be too large, half as coarse. */
static status mesh_error(double *error_n, struct fall_interval *out, double failure_load_n,
                         const struct fall_input *in, const struct fea_fall_options *o) {
  status st = ST_OK;
  struct fea_fall_options changed = *o;
  const bool coarser = 2 * o->size_mm <= in->coarsest_mm;
  double *load = coarser ? &out->coarse : &out->fine;
  changed.size_mm = coarser ? 2 * o->size_mm : o->size_mm / 2;
  TRY(variant(load, in, &changed));
  *error_n = (coarser ? 1 : 2) * fabs(*load - failure_load_n);
done:
  return st;
}

/* A variant that cannot be made (no calibration, no data beside the bone) is named, not an error.
 */
static void left_out(struct fall_interval *out, const char *what) {
  size_t n = strlen(out->missing);
  log_detail("fall: interval without %s: %s", what, status_message());
  status_clear();
  snprintf(out->missing + n, sizeof out->missing - n, "%s%s", n ? ", " : "", what);
}

status fall_find_interval(struct fall_interval *out, double failure_load_n,
                          const struct fall_input *in, const struct calibration *calibration,
                          const struct fea_fall_options *o) {
  const double *spacing = in->density->grid.spacing;
  const double shift = o->shift_voxels * fmin(spacing[0], fmin(spacing[1], spacing[2]));
  struct fall_interval r = {.density_low = NAN,
                            .density_high = NAN,
                            .mask_in = NAN,
                            .mask_out = NAN,
                            .coarse = NAN,
                            .fine = NAN};
  double sum = 0, mesh_n = 0;
  struct progress progress;
  progress_begin(&progress, "interval of the load", "parts", 4);
  progress_update(&progress, 0, "calibration");
  if (!calibration || density_variants(&r, in, calibration, o))
    left_out(&r, "calibration");
  else
    sum += pow((r.density_high - r.density_low) / 2, 2);
  progress_update(&progress, 1, "outline");
  if (mask_variant(&r.mask_in, in, -shift, o) || mask_variant(&r.mask_out, in, shift, o))
    left_out(&r, "outline");
  else
    sum += pow((r.mask_out - r.mask_in) / 2, 2);
  progress_update(&progress, 2, "mesh");
  if (mesh_error(&mesh_n, &r, failure_load_n, in, o))
    left_out(&r, "mesh");
  else
    sum += mesh_n * mesh_n;
  progress_update(&progress, 3, "material laws");
  law_variants(&r, failure_load_n, in, o);
  progress_update(&progress, 4, NULL);
  progress_end(&progress);
  if (sum > 0) {
    r.low = fmax(0, failure_load_n - sqrt(sum));
    r.high = failure_load_n + sqrt(sum);
  } else
    r.low = r.high = NAN;
  *out = r;
  return ST_OK;
}
