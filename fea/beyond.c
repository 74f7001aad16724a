#include "fea/beyond.h"

#include "fea/record_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *const fea_beyond_names[] = {"none", "drucker-prager", "von-mises", "keyak", NULL};
const char *const fea_yield_names[] = {"morgan-yield", "kopperdahl-yield", "ppy-hip", "constant",
                                       NULL};

static enum fea_material_rule rule_of(int rule) {
  return rule == 1 ? FEA_RULE_DRUCKER_PRAGER : rule == 2 ? FEA_RULE_VON_MISES : FEA_RULE_KEYAK;
}

/* Factor from the law's density to ash density; 0 when there is no way. */
static double ash_per_density(const struct fea_law *law) {
  if (!law) return 0;
  return law->takes == MATERIAL_ASH        ? 1
         : law->takes == MATERIAL_APPARENT ? FEA_ASH_PER_APPARENT
                                           : 0;
}

static status check(const struct fea_model *m, const struct fea_law *law,
                    const struct fea_beyond_options *o) {
  status st = ST_OK;
  const bool wants_bone = o->rule == 3 || o->yield == FEA_YIELD_MORGAN;
  CHECK(o->rule >= 1 && o->rule <= 3 && o->yield >= 0 && o->yield <= FEA_YIELD_CONSTANT, ST_USAGE,
        "nonlinear solve: rule %d with yield law %d", o->rule, o->yield);
  CHECK(!wants_bone || (m->density && ash_per_density(law) > 0), ST_DOMAIN,
        "nonlinear solve: %s takes ash or apparent density, the model has %s; choose a modulus law "
        "of "
        "one of these, or another yield law",
        o->rule == 3 ? "keyak" : "morgan-yield", law ? material_name(law->takes) : "no density");
  if (o->rule == 3) return ST_OK;
  CHECK(o->yield != FEA_YIELD_KOPPERDAHL || (m->density && law && law->takes == MATERIAL_K2HPO4),
        ST_DOMAIN, "nonlinear solve: kopperdahl-yield takes a density of K2HPO4, the model has %s",
        law ? material_name(law->takes) : "no density");
  CHECK(o->yield != FEA_YIELD_KOPPERDAHL || o->rule == 2, ST_DOMAIN,
        "nonlinear solve: kopperdahl-yield gives the compressive yield stress only; use it with "
        "von-mises");
  CHECK(o->yield != FEA_YIELD_CONSTANT || (o->tension_mpa > 0 && o->compression_mpa > 0), ST_DOMAIN,
        "nonlinear solve: yield stresses of %g and %g MPa; both must be above 0", o->tension_mpa,
        o->compression_mpa);
done:
  return st;
}

static void yield_of(const struct fea_model *m, double to_ash, int64_t v,
                     const struct fea_beyond_options *o, double *tension, double *compression) {
  const double rho = m->density ? (double)m->density[v] : NAN;
  switch ((enum fea_yield_law)o->yield) {
  case FEA_YIELD_MORGAN:
    *tension = fea_yield_tension(rho * to_ash / FEA_ASH_PER_APPARENT);
    *compression = fea_yield_compression(rho * to_ash / FEA_ASH_PER_APPARENT);
    break;
  case FEA_YIELD_KOPPERDAHL:
    *tension = *compression = rho > 0 ? 37.4 * pow(rho, 1.39) : 0;
    break;
  case FEA_YIELD_PPY:
    *tension = 0.0061 * (double)m->modulus[v];
    *compression = 0.0085 * (double)m->modulus[v];
    break;
  case FEA_YIELD_CONSTANT:
    *tension = o->tension_mpa;
    *compression = o->compression_mpa;
    break;
  }
}

/* Share of an element that is bone: its modulus over that of its density, below 1 where it is
 * partly empty (fea/outline.h). Yield stresses are scaled by it like the modulus. */
static double filled(const struct fea_model *m, const struct fea_law *law, int64_t v) {
  if (!m->density || !law) return 1;
  const double whole = fea_law_modulus(law, (double)m->density[v]);
  const double share = (double)m->modulus[v] / whole;
  return share < 0.999 ? share : 1;
}

status fea_beyond_run(struct fea_curve **out, const struct fea_model *m, const struct fea_law *law,
                      const struct fea_beyond_options *o, const struct fea_solve_options *solve) {
  status st = ST_OK;
  const size_t n = (size_t)geometry_voxels(&m->grid);
  const double to_ash = ash_per_density(law);
  float *tension = calloc(n, sizeof *tension), *compression = calloc(n, sizeof *compression);
  float *ash = calloc(n, sizeof *ash), *share = calloc(n, sizeof *share);
  struct fea_nonlinear_options no = FEA_NONLINEAR_DEFAULTS;
  TRY(check(m, law, o));
  CHECK(tension && compression && ash && share, ST_MEMORY,
        "nonlinear solve: no memory for %zu voxels", n);
  for (size_t v = 0; v < n; v++) {
    double yield[2] = {0, 0};
    if (m->part[v] != FEA_BONE) continue;
    if (o->rule == 3)
      ash[v] = (float)(to_ash * (double)m->density[v]);
    else
      yield_of(m, to_ash, (int64_t)v, o, &yield[0], &yield[1]);
    share[v] = (float)filled(m, law, (int64_t)v);
    if (o->yield != FEA_YIELD_PPY) { /* there the modulus has it already */
      yield[0] *= (double)share[v];
      yield[1] *= (double)share[v];
    }
    tension[v] = (float)yield[0];
    compression[v] = (float)yield[1];
  }
  const struct fea_strength strength = {tension, compression, ash, o->cortical_gcc, share};
  no.rule = rule_of(o->rule);
  no.points = o->points;
  no.steps = o->steps;
  no.solve = *solve;
  TRY(fea_nonlinear_run(out, m, 0, &strength, &no));
done:
  free(tension);
  free(compression);
  free(ash);
  free(share);
  return st;
}

void fea_beyond_words(char *out, size_t size, const struct fea_beyond_options *o) {
  if (o->rule == 3)
    snprintf(out, size, "keyak cortical from %g g/cm3 ash", o->cortical_gcc);
  else if (o->yield == FEA_YIELD_CONSTANT)
    snprintf(out, size, "%s %g/%g MPa", fea_beyond_names[o->rule], o->tension_mpa,
             o->compression_mpa);
  else
    snprintf(out, size, "%s %s", fea_beyond_names[o->rule], fea_yield_names[o->yield]);
}

status fea_beyond_rows(struct record *r, const char *prefix, const char *region, const char *method,
                       const struct fea_curve *c, const struct fea_beyond_options *o,
                       double size_mm) {
  status st = ST_OK;
  char words[96];
  fea_beyond_words(words, sizeof words, o);
  struct fea_rows_writer w = {.record = r, .prefix = prefix, .region = region, .method = method};
  const char *source = o->rule == 3                       ? "keyak2005"
                       : o->yield == FEA_YIELD_MORGAN     ? "morgan2001"
                       : o->yield == FEA_YIELD_KOPPERDAHL ? "kopperdahl2002"
                                                          : "";
  struct measurement *m = fea_row(&w, "failure_load_nonlinear", c->peak_n, "N", source);
  measurement_flag(m, "%s", words);
  if (c->fell)
    measurement_flag(m, "peak at %.3g mm", c->peak_mm);
  else
    measurement_flag(m, "%s: largest force, at %.3g mm",
                     c->stuck ? "no equilibrium beyond" : "no peak within the displacement",
                     c->peak_mm);
  if (o->rule == 3 && fabs(size_mm - 3) > 1e-6)
    measurement_flag(m, "softening scaled from elements of 3 mm to %g mm: mesh-dependent", size_mm);
  fea_row(&w, "nonlinear_displacement", c->peak_mm, "mm", source);
  m = fea_row(&w, "nonlinear_offset_load", c->offset_n, "N", source);
  if (isnan(c->offset_n)) measurement_flag(m, "the curve stays on its elastic line");
  measurement_flag(m, "force 5 %% of the displacement away from the elastic line");
  CHECK(!w.failed, ST_MEMORY, "nonlinear solve: no memory for the record");
done:
  return st;
}
