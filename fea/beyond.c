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

static status check(bool has_density, const struct fea_law *law,
                    const struct fea_beyond_options *o) {
  status st = ST_OK;
  const bool wants_bone = o->rule == 3 || o->yield == FEA_YIELD_MORGAN;
  CHECK(o->rule >= 1 && o->rule <= 3 && o->yield >= 0 && o->yield <= FEA_YIELD_CONSTANT, ST_USAGE,
        "nonlinear solve: rule %d with yield law %d", o->rule, o->yield);
  CHECK(!wants_bone || (has_density && ash_per_density(law) > 0), ST_DOMAIN,
        "nonlinear solve: %s takes ash or apparent density, the model has %s; choose a modulus law "
        "of "
        "one of these, or another yield law",
        o->rule == 3 ? "keyak" : "morgan-yield", law ? material_name(law->takes) : "no density");
  if (o->rule == 3) return ST_OK;
  CHECK(o->yield != FEA_YIELD_KOPPERDAHL || (has_density && law && law->takes == MATERIAL_K2HPO4),
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

/* Arrays of fea_strength, of voxels or elements. */
struct strengths {
  float *tension, *compression, *ash, *share;
};

static status strengths_open(struct strengths *s, size_t n) {
  status st = ST_OK;
  float **array[] = {&s->tension, &s->compression, &s->ash, &s->share};
  for (int i = 0; i < 4; i++) {
    *array[i] = calloc(n, sizeof(float));
    CHECK(*array[i], ST_MEMORY, "nonlinear solve: no memory for %zu elements", n);
  }
done:
  return st;
}

static void strengths_free(struct strengths *s) {
  free(s->tension);
  free(s->compression);
  free(s->ash);
  free(s->share);
}

/* Bone of a density [g/cm3, NaN: none] and a modulus, of which a share is bone. */
static void set_strength(struct strengths *s, int64_t i, double rho, double modulus, double share,
                         double to_ash, const struct fea_beyond_options *o) {
  double tension = 0, compression = 0;
  s->share[i] = (float)share;
  if (o->rule == 3) {
    s->ash[i] = (float)(to_ash * rho);
    return;
  }
  switch ((enum fea_yield_law)o->yield) {
  case FEA_YIELD_MORGAN:
    tension = share * fea_yield_tension(rho * to_ash / FEA_ASH_PER_APPARENT);
    compression = share * fea_yield_compression(rho * to_ash / FEA_ASH_PER_APPARENT);
    break;
  case FEA_YIELD_KOPPERDAHL:
    tension = compression = rho > 0 ? share * 37.4 * pow(rho, 1.39) : 0;
    break;
  case FEA_YIELD_PPY: /* the modulus has the share already */
    tension = 0.0061 * modulus;
    compression = 0.0085 * modulus;
    break;
  case FEA_YIELD_CONSTANT:
    tension = share * o->tension_mpa;
    compression = share * o->compression_mpa;
    break;
  }
  s->tension[i] = (float)tension;
  s->compression[i] = (float)compression;
}

/* Share of an element that is bone: its modulus over that of its density, below 1 where it is
 * partly empty (fea/outline.h). Yield stresses are scaled by it like the modulus. */
static double filled(const struct fea_model *m, const struct fea_law *law, int64_t v) {
  if (!m->density || !law) return 1;
  const double whole = fea_law_modulus(law, (double)m->density[v]);
  const double share = (double)m->modulus[v] / whole;
  return share < 0.999 ? share : 1;
}

static struct fea_nonlinear_options options_of(const struct fea_beyond_options *o) {
  struct fea_nonlinear_options no = FEA_NONLINEAR_DEFAULTS;
  no.rule = rule_of(o->rule);
  no.points = o->points;
  no.steps = o->steps;
  no.tolerance = o->tolerance;
  return no;
}

static struct fea_strength borrow(const struct strengths *s, const struct fea_beyond_options *o) {
  return (struct fea_strength){s->tension, s->compression, s->ash, o->cortical_gcc, s->share};
}

status fea_beyond_run(struct fea_curve **out, const struct fea_model *m, const struct fea_law *law,
                      const struct fea_beyond_options *o, const struct fea_solve_options *solve) {
  status st = ST_OK;
  const int64_t n = geometry_voxels(&m->grid);
  struct strengths s = {0};
  struct fea_nonlinear_options no = options_of(o);
  TRY(check(m->density != NULL, law, o));
  TRY(strengths_open(&s, (size_t)n));
  for (int64_t v = 0; v < n; v++)
    if (m->part[v] == FEA_BONE)
      set_strength(&s, v, m->density ? (double)m->density[v] : NAN, (double)m->modulus[v],
                   filled(m, law, v), ash_per_density(law), o);
  const struct fea_strength strength = borrow(&s, o);
  no.solve = *solve;
  TRY(fea_nonlinear_run(out, m, 0, &strength, &no));
done:
  strengths_free(&s);
  return st;
}

status fea_beyond_mesh(struct fea_curve **out, const struct fea_mesh *m,
                       const struct fea_coupled *coupled, const struct fea_law *law,
                       const struct fea_beyond_options *o,
                       const struct fea_mesh_solve_options *solve) {
  static const struct fea_beyond_options defaults = FEA_BEYOND_DEFAULTS;
  status st = ST_OK;
  struct strengths s = {0};
  const struct fea_nonlinear_options no = options_of(o);
  TRY(check(m->density != NULL, law, o));
  CHECK(o->points == defaults.points, ST_DOMAIN,
        "nonlinear solve: %d integration points are for voxels; an element of a mesh yields at the "
        "points of its stiffness",
        o->points);
  TRY(strengths_open(&s, (size_t)m->element_count));
  for (int64_t e = 0; e < m->element_count; e++)
    if (m->part[e] == FEA_BONE)
      set_strength(&s, e, m->density ? m->density[e] : NAN, m->modulus[e], 1, ash_per_density(law),
                   o);
  const struct fea_strength strength = borrow(&s, o);
  TRY(fea_mesh_nonlinear_run(out, m, coupled, &strength, &no, solve));
done:
  strengths_free(&s);
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
