/* Keyak's four-phase law by secant moduli: in each step the modulus of an element is the effective
 * stress over the effective strain it reached, and never rises again. One linear solve a
 * correction; the corrections of a step end when no modulus changes by more than the tolerance
 * allows. */
#include "fea/curve.h"
#include "fea/fields.h"
#include "fea/post_yield.h"

#include "core/log.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How far the force may still move in a step that counts as settled. */
#define SETTLED 1e-3

struct secant {
  const struct fea_model *model;
  const struct fea_strength *strength;
  const struct fea_nonlinear_options *o;
  struct fea_model softened; /* the model with its own moduli; rows and supports are shared */
  int64_t able;              /* elements that follow the law */
};

static bool follows(const struct secant *c, int64_t v) {
  return c->model->modulus[v] > 0 && c->strength->ash_gcc[v] > 0;
}

static double share_of(const struct secant *c, int64_t v) {
  return c->strength->share ? (double)c->strength->share[v] : 1;
}

static status law_at(struct fea_post_yield *law, const struct secant *c, int64_t v) {
  const double rho = (double)c->strength->ash_gcc[v];
  return fea_post_yield_make(law, rho, rho >= c->strength->cortical_gcc, c->model->grid.spacing[0]);
}

/* Effective strain at the centre: uniaxial stress gives its axial strain. */
static double effective_strain(const float *strain, double poisson) {
  double e[6], mean = 0, sum = 0;
  for (int a = 0; a < 6; a++) e[a] = (double)strain[a];
  mean = (e[0] + e[1] + e[2]) / 3;
  for (int a = 0; a < 3; a++) sum += (e[a] - mean) * (e[a] - mean) + e[3 + a] * e[3 + a] / 2;
  return sqrt(1.5 * sum) / (1 + poisson);
}

/* Moduli start at the law's own; they may differ from the model's elastic law. */
static status start(struct secant *c) {
  status st = ST_OK;
  const int64_t n = geometry_voxels(&c->model->grid);
  c->softened = *c->model;
  c->softened.modulus = malloc((size_t)n * sizeof *c->softened.modulus);
  CHECK(c->softened.modulus, ST_MEMORY, "nonlinear solve: no memory");
  memcpy(c->softened.modulus, c->model->modulus, (size_t)n * sizeof *c->softened.modulus);
  for (int64_t v = 0; v < n; v++) {
    struct fea_post_yield law;
    if (!follows(c, v)) continue;
    TRY(law_at(&law, c, v));
    c->softened.modulus[v] = (float)fmax(share_of(c, v) * law.modulus, 0.1);
    c->able++;
  }
  CHECK(c->able > 0, ST_DOMAIN, "nonlinear solve: no element has an ash density");
done:
  return st;
}

/* Lower the moduli to the secants at a factor; returns how many fell by more than the tolerance. */
static status soften(struct secant *c, const struct fea_fields *f, double factor, int64_t *fallen,
                     int64_t *yielded, uint8_t *marks) {
  status st = ST_OK;
  *fallen = *yielded = 0;
  for (int64_t e = 0; e < f->count; e++) {
    const int64_t v = f->voxel[e];
    struct fea_post_yield law;
    if (!follows(c, v)) continue;
    TRY(law_at(&law, c, v));
    const double strain = factor * effective_strain(f->strain + 6 * e, c->model->poisson);
    if (strain > law.yield) {
      const float secant =
          (float)fmax(share_of(c, v) * fea_post_yield_stress(&law, strain) / strain, 0.1);
      if (secant < c->softened.modulus[v]) {
        *fallen += secant < (1 - 1e-3) * (double)c->softened.modulus[v];
        c->softened.modulus[v] = secant;
      }
    }
    marks[v] = (double)c->softened.modulus[v] < share_of(c, v) * law.modulus * (1 - 1e-6);
    *yielded += marks[v];
  }
done:
  return st;
}

static status one_step(struct secant *c, int load_case, const struct fea_drive *drive,
                       double factor, struct fea_curve *curve) {
  status st = ST_OK;
  struct fea_curve_point point = {0};
  struct fea_solver s = {0};
  struct fea_solution *solution = NULL;
  struct fea_fields *fields = NULL;
  double *internal = NULL, before = 0;
  int64_t fallen = 1, yielded = 0;
  while (fallen && point.corrections < c->o->most_newton) {
    fea_solution_destroy(solution);
    fea_fields_destroy(fields);
    fea_solver_close(&s);
    solution = NULL;
    fields = NULL;
    TRY(fea_solver_open(&s, &c->softened, load_case, &c->o->solve));
    TRY(fea_solver_case(&solution, &s, load_case));
    TRY(fea_fields_create(&fields, &c->softened, solution));
    free(internal);
    internal = calloc((size_t)s.owned + 1, sizeof *internal);
    CHECK(internal, ST_MEMORY, "nonlinear solve: no memory");
    for (int64_t i = 0; i < s.owned; i++) solution->displacement[i] *= factor;
    multigrid_apply(s.mg, MG_REACTION, solution->displacement, internal);
    fea_drive_read(drive, &s, &c->softened.cases[load_case], factor, internal,
                   solution->displacement, &point);
    if (curve->count == 1 && !point.corrections)
      curve->stiffness_n_mm = point.force_n / point.displacement_mm;
    point.corrections++;
    point.iterations += solution->iterations;
    TRY(soften(c, fields, factor, &fallen, &yielded, curve->yielded));
    const double off = fabs(point.force_n - before) / fmax(point.force_n, 1e-30);
    before = point.force_n;
    if (point.corrections > 1 && off < SETTLED) break;
  }
  point.yielded = (double)yielded / (double)c->able;
  TRY(fea_curve_add(curve, &point));
  log_detail("nonlinear solve: factor %.4g, %.5g mm, %.6g N, %.2f %% softened, %d corrections",
             factor, point.displacement_mm, point.force_n, 100 * point.yielded, point.corrections);
  if (c->o->step) c->o->step(c->o->user, factor, solution->displacement);
  free(curve->displacement);
  curve->displacement = solution->displacement;
  solution->displacement = NULL;
done:
  free(internal);
  fea_fields_destroy(fields);
  fea_solution_destroy(solution);
  fea_solver_close(&s);
  return st;
}

status fea_secant_run(struct fea_curve *curve, struct fea_solver *s, int load_case,
                      const struct fea_strength *strength, const struct fea_nonlinear_options *o) {
  status st = ST_OK;
  struct secant c = {.model = s->model, .strength = strength, .o = o};
  struct fea_drive drive;
  struct progress progress;
  CHECK(strength->ash_gcc, ST_USAGE, "nonlinear solve: the four-phase law needs the ash density");
  TRY(fea_drive_make(&drive, s->model, &s->model->cases[load_case]));
  CHECK(drive.largest_mm > 0, ST_DOMAIN,
        "nonlinear solve: the four-phase law softens; drive it by displacements, not by forces");
  curve->yielded = calloc((size_t)geometry_voxels(&s->model->grid), 1);
  CHECK(curve->yielded, ST_MEMORY, "nonlinear solve: no memory");
  TRY(start(&c));
  progress_begin(&progress, "load", "steps", o->steps);
  for (int step = 0; step < o->steps && !curve->fell; step++) {
    const double factor = o->factor ? o->factor[step] : (step + 1.) / o->steps;
    TRY(one_step(&c, load_case, &drive, factor, curve));
    curve->fell = fea_curve_has_fallen(curve, o->drop);
    progress_update(&progress, step + 1, NULL);
  }
  progress_end(&progress);
done:
  free(c.softened.modulus);
  return st;
}
