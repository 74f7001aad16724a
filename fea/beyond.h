/* Strength beyond yield for the recipes: which rule, yield stresses by density, and the curve.
 *
 *   drucker-prager  the recommended rule: weaker in tension; perfect plasticity, flow without
 * dilation von-mises       tension as strong as compression; for comparison, and for laws that give
 * one yield stress keyak           the four-phase law (fea/post_yield.h) by secant moduli, with its
 * own modulus
 *
 * Yield stresses: `morgan-yield` by apparent density (femoral neck, morgan2001); `kopperdahl-yield`
 * by K2HPO4 density of vertebrae (von Mises only); `ppy-hip`, 0.85 % and 0.61 % of the modulus, as
 * in parosol-py and for comparison with it only (they are total strains at the 0.2 % offset, so
 * times the modulus they overstate the yield stress 1.4 to 1.8 times); `constant`, given in MPa
 * (tissue).
 */
#ifndef QCT_FEA_BEYOND_H
#define QCT_FEA_BEYOND_H

#include "core/record.h"
#include "fea/material.h"
#include "fea/nonlinear.h"

#ifdef __cplusplus
extern "C" {
#endif

/** "none", "drucker-prager", "von-mises", "keyak", NULL. */
extern const char *const fea_beyond_names[];
/** "morgan-yield", "kopperdahl-yield", "ppy-hip", "constant", NULL. */
extern const char *const fea_yield_names[];
enum fea_yield_law { FEA_YIELD_MORGAN, FEA_YIELD_KOPPERDAHL, FEA_YIELD_PPY, FEA_YIELD_CONSTANT };

struct fea_beyond_options {
  int rule;                            /* index into fea_beyond_names; 0: linear only */
  int yield;                           /* index into fea_yield_names */
  double tension_mpa, compression_mpa; /* of FEA_YIELD_CONSTANT */
  double cortical_gcc;                 /* keyak: ash density from which bone counts as cortical */
  int steps, points;                   /* as in fea/nonlinear.h; points of voxels only */
  double tolerance;                    /* out-of-balance force that ends a step's corrections */
};
/* Tissue 83 and 134 MPa: bayraktar2004. 0.6 g/cm3: where the cortical law of knowles2016 begins. */
#define FEA_BEYOND_DEFAULTS                                                                        \
  {                                                                                                \
    .rule = 0, .yield = FEA_YIELD_MORGAN, .tension_mpa = 83, .compression_mpa = 134,               \
    .cortical_gcc = 0.6, .steps = 40, .points = 8, .tolerance = 1e-5                               \
  }

/**
 * The curve of case 0 of a finished model whose `density` is what `law` takes.
 * @param law  NULL when the moduli come from no density (then only `constant` and `ppy-hip` fit)
 * @return ST_DOMAIN when the yield law takes another density than the model has; as
 *         fea_nonlinear_run
 */
status fea_beyond_run(struct fea_curve **out, const struct fea_model *model,
                      const struct fea_law *law, const struct fea_beyond_options *options,
                      const struct fea_solve_options *solve);

/** The same for a mesh with supports and forces. Yield stresses are those of each element's mean
 * density. @param coupled  as in fea_mesh_nonlinear_run, may be NULL. @return as above; ST_DOMAIN
 * for other than the default `points`, which are of voxels */
status fea_beyond_mesh(struct fea_curve **out, const struct fea_mesh *mesh,
                       const struct fea_coupled *coupled, const struct fea_law *law,
                       const struct fea_beyond_options *options,
                       const struct fea_mesh_solve_options *solve);

/** "drucker-prager morgan-yield" for a method column. */
void fea_beyond_words(char *out, size_t size, const struct fea_beyond_options *options);

/** Rows <prefix>_failure_load_nonlinear (largest force), <prefix>_nonlinear_displacement [mm] and
 * <prefix>_nonlinear_offset_load [N], flagged with how the curve ended. */
status fea_beyond_rows(struct record *r, const char *prefix, const char *region, const char *method,
                       const struct fea_curve *c, const struct fea_beyond_options *options,
                       double size_mm);

#ifdef __cplusplus
}
#endif
#endif
