#include "fea/secant.h"

#include "core/log.h"
#include "fea/post_yield.h"

#include <math.h>
#include <stdlib.h>

/* How far the force may still move in a step that counts as settled. */
#define SETTLED 1e-3

static const double least_mpa = 0.1;

static bool follows(const struct fea_secant *c, int64_t e) {
  return c->modulus[e] > 0 && c->strength->ash_gcc[e] > 0;
}

static double share_of(const struct fea_secant *c, int64_t e) {
  return c->strength->share ? (double)c->strength->share[e] : 1;
}

static status law_at(struct fea_post_yield *law, const struct fea_secant *c, int64_t e) {
  const double rho = (double)c->strength->ash_gcc[e];
  return fea_post_yield_make(law, rho, rho >= c->strength->cortical_gcc,
                             c->size_mm ? c->size_mm[e] : c->edge_mm);
}

float fea_effective_strain(const float strain[6], double poisson) {
  double e[6], mean = 0, sum = 0;
  for (int a = 0; a < 6; a++) e[a] = (double)strain[a];
  mean = (e[0] + e[1] + e[2]) / 3;
  for (int a = 0; a < 3; a++) sum += (e[a] - mean) * (e[a] - mean) + e[3 + a] * e[3 + a] / 2;
  return (float)(sqrt(1.5 * sum) / (1 + poisson));
}

/* Moduli start at the law's own; they may differ from the model's elastic law. */
static status start(struct fea_secant *c, int64_t *able) {
  status st = ST_OK;
  *able = 0;
  for (int64_t e = 0; e < c->count; e++) {
    struct fea_post_yield law;
    if (!follows(c, e)) continue;
    TRY(law_at(&law, c, e));
    c->modulus[e] = fmax(share_of(c, e) * law.modulus, least_mpa);
    ++*able;
  }
  CHECK(*able > 0, ST_DOMAIN, "nonlinear solve: no element has an ash density");
done:
  return st;
}

/* Lower the moduli to the secants of the strains; how many fell by more than the tolerance, and how
 * many are beyond yield. */
static status soften(struct fea_secant *c, int64_t *fallen, int64_t *yielded, uint8_t *marks) {
  status st = ST_OK;
  *fallen = *yielded = 0;
  for (int64_t e = 0; e < c->count; e++) {
    struct fea_post_yield law;
    if (!follows(c, e)) continue;
    TRY(law_at(&law, c, e));
    const double strain = (double)c->effective[e];
    if (strain > law.yield) {
      const double secant =
          fmax(share_of(c, e) * fea_post_yield_stress(&law, strain) / strain, least_mpa);
      if (secant < c->modulus[e]) {
        *fallen += secant < (1 - 1e-3) * c->modulus[e];
        c->modulus[e] = secant;
      }
    }
    marks[e] = c->modulus[e] < share_of(c, e) * law.modulus * (1 - 1e-6);
    *yielded += marks[e];
  }
done:
  return st;
}

static status one_step(struct fea_secant *c, double factor, int64_t able, struct fea_curve *curve) {
  status st = ST_OK;
  struct fea_curve_point point = {.factor = factor};
  struct fea_secant_state s = {NULL, 0, 0, 0};
  double before = 0;
  int64_t fallen = 1, yielded = 0;
  while (fallen && point.corrections < c->o->most_newton) {
    free(s.displacement);
    s.displacement = NULL;
    TRY(c->solve(&s, c, factor));
    point.force_n = s.force_n;
    point.displacement_mm = s.displacement_mm;
    point.iterations += s.iterations;
    if (curve->count == 1 && !point.corrections)
      curve->stiffness_n_mm = point.force_n / point.displacement_mm;
    point.corrections++;
    TRY(soften(c, &fallen, &yielded, curve->yielded));
    const double off = fabs(point.force_n - before) / fmax(point.force_n, 1e-30);
    before = point.force_n;
    if (point.corrections > 1 && off < SETTLED) break;
  }
  point.yielded = (double)yielded / (double)able;
  TRY(fea_curve_add(curve, &point));
  log_detail("nonlinear solve: factor %.4g, %.5g mm, %.6g N, %.2f %% softened, %d corrections",
             factor, point.displacement_mm, point.force_n, 100 * point.yielded, point.corrections);
  if (c->o->step) c->o->step(c->o->user, factor, s.displacement);
  free(curve->displacement);
  curve->displacement = s.displacement;
  s.displacement = NULL;
done:
  free(s.displacement);
  return st;
}

status fea_secant_walk(struct fea_curve *curve, struct fea_secant *c) {
  status st = ST_OK;
  const struct fea_nonlinear_options *o = c->o;
  struct progress progress;
  int64_t able;
  CHECK(c->drive->largest_mm > 0, ST_DOMAIN,
        "nonlinear solve: the four-phase law softens; drive it by displacements, not by forces");
  c->effective = calloc((size_t)c->count, sizeof *c->effective);
  curve->yielded = calloc((size_t)c->count, 1);
  CHECK(c->effective && curve->yielded, ST_MEMORY, "nonlinear solve: no memory");
  TRY(start(c, &able));
  progress_begin(&progress, "load", "steps", o->steps);
  for (int step = 0; step < o->steps && !curve->fell; step++) {
    TRY(one_step(c, o->factor ? o->factor[step] : (step + 1.) / o->steps, able, curve));
    curve->fell = fea_curve_has_fallen(curve, o->drop);
    fea_report_steps(&progress, step + 1, o->steps);
  }
  progress_end(&progress);
done:
  free(c->effective);
  c->effective = NULL;
  return st;
}
