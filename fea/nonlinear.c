#include "fea/nonlinear.h"

#include "fea/curve.h"

#include <math.h>

static const struct fea_nonlinear_options defaults = FEA_NONLINEAR_DEFAULTS;

static status check_input(const struct fea_nonlinear_options *o, const struct fea_strength *s) {
  status st = ST_OK;
  CHECK(o->rule == FEA_RULE_KEYAK || s->compression, ST_USAGE,
        "nonlinear solve: no yield stress is given");
  CHECK(o->rule != FEA_RULE_DRUCKER_PRAGER || s->tension, ST_USAGE,
        "nonlinear solve: Drucker-Prager needs the yield stress in tension too");
  CHECK(o->rule != FEA_RULE_KEYAK || s->ash_gcc, ST_USAGE,
        "nonlinear solve: the four-phase law needs the ash density");
  CHECK(o->points == 1 || o->points == 8, ST_DOMAIN,
        "nonlinear solve: %d integration points, permitted are 1 and 8", o->points);
  CHECK(o->steps >= 1 && o->steps <= 10000, ST_DOMAIN,
        "nonlinear solve: %d steps, permitted are 1 .. 10000", o->steps);
  CHECK(o->tolerance >= 1e-10 && o->tolerance <= 1e-2, ST_DOMAIN,
        "nonlinear solve: tolerance %g, permitted are 1e-10 .. 1e-2", o->tolerance);
  CHECK(o->most_newton >= 1 && o->most_halvings >= 0, ST_DOMAIN,
        "nonlinear solve: %d corrections and %d halvings", o->most_newton, o->most_halvings);
done:
  return st;
}

status fea_nonlinear_run(struct fea_curve **out, const struct fea_model *model, int load_case,
                         const struct fea_strength *strength,
                         const struct fea_nonlinear_options *options) {
  status st = ST_OK;
  const struct fea_nonlinear_options *o = options ? options : &defaults;
  struct fea_solver s = {0};
  struct fea_curve *c = NULL;
  TRY(check_input(o, strength));
  TRY(fea_model_isotropic(model, "nonlinear solve"));
  TRY(fea_solver_open(&s, model, load_case, &o->solve));
  TRY(fea_curve_create(&c));
  switch (o->rule) {
  case FEA_RULE_VON_MISES:
  case FEA_RULE_DRUCKER_PRAGER:
    TRY(fea_newton_voxels(c, &s, load_case, strength, o));
    break;
  case FEA_RULE_KEYAK:
    TRY(fea_secant_voxels(c, &s, load_case, strength, o));
    break;
  }
  fea_curve_finish(c, o->offset);
  *out = c;
  c = NULL;
done:
  fea_curve_destroy(c);
  fea_solver_close(&s);
  return st;
}

status fea_mesh_nonlinear_run(struct fea_curve **out, const struct fea_mesh *mesh,
                              const struct fea_coupled *coupled,
                              const struct fea_strength *strength,
                              const struct fea_nonlinear_options *options,
                              const struct fea_mesh_solve_options *solve) {
  static const struct fea_mesh_solve_options solve_defaults = FEA_MESH_SOLVE_DEFAULTS;
  status st = ST_OK;
  const struct fea_nonlinear_options *o = options ? options : &defaults;
  struct fea_curve *c = NULL;
  TRY(check_input(o, strength));
  TRY(fea_curve_create(&c));
  switch (o->rule) {
  case FEA_RULE_VON_MISES:
  case FEA_RULE_DRUCKER_PRAGER:
    TRY(fea_newton_mesh(c, mesh, coupled, strength, o, solve ? solve : &solve_defaults));
    break;
  case FEA_RULE_KEYAK:
    TRY(fea_secant_mesh(c, mesh, coupled, strength, o, solve ? solve : &solve_defaults));
    break;
  }
  fea_curve_finish(c, o->offset);
  *out = c;
  c = NULL;
done:
  fea_curve_destroy(c);
  return st;
}
