/* The four-phase law on voxels. */
#include "fea/fields.h"
#include "fea/secant.h"

#include <stdlib.h>

struct voxels {
  const struct fea_solve_options *solve;
  int load_case;
  struct fea_model softened; /* the model with its own moduli; rows and supports are shared */
};

static status solve(struct fea_secant_state *out, const struct fea_secant *c, double factor) {
  status st = ST_OK;
  struct voxels *v = c->context;
  struct fea_solver s = {0};
  struct fea_solution *solution = NULL;
  struct fea_fields *fields = NULL;
  struct fea_curve_point point = {0};
  double *internal = NULL;
  for (int64_t i = 0; i < c->count; i++) v->softened.modulus[i] = (float)c->modulus[i];
  TRY(fea_solver_open(&s, &v->softened, v->load_case, v->solve));
  TRY(fea_solver_case(&solution, &s, v->load_case));
  for (int64_t i = 0; i < fea_rows_dofs(&v->softened.rows); i++)
    solution->displacement[i] *= factor;
  TRY(fea_fields_create(&fields, &v->softened, solution));
  for (int64_t e = 0; e < fields->count; e++)
    c->effective[fields->voxel[e]] =
        fea_effective_strain(fields->strain + 6 * e, v->softened.poisson);
  internal = multigrid_vector(s.owned);
  CHECK(internal, ST_MEMORY, "nonlinear solve: no memory");
  const double *own = solution->displacement + s.first;
  multigrid_apply(s.mg, MG_REACTION, own, internal);
  fea_drive_read(c->drive, factor, internal, own, &point);
  out->force_n = point.force_n;
  out->displacement_mm = point.displacement_mm;
  out->iterations = solution->iterations;
  out->displacement = solution->displacement;
  solution->displacement = NULL;
done:
  free(internal);
  fea_fields_destroy(fields);
  fea_solution_destroy(solution);
  fea_solver_close(&s);
  return st;
}

status fea_secant_voxels(struct fea_curve *curve, struct fea_solver *s, int load_case,
                         const struct fea_strength *strength,
                         const struct fea_nonlinear_options *o) {
  status st = ST_OK;
  struct voxels v = {.solve = &o->solve, .load_case = load_case, .softened = *s->model};
  struct fea_drive drive = {0};
  struct fea_secant c = {.o = o,
                         .drive = &drive,
                         .strength = strength,
                         .count = geometry_voxels(&s->model->grid),
                         .edge_mm = s->model->grid.spacing[0],
                         .context = &v,
                         .solve = solve};
  v.softened.modulus = malloc((size_t)c.count * sizeof *v.softened.modulus);
  c.modulus = malloc((size_t)c.count * sizeof *c.modulus);
  CHECK(v.softened.modulus && c.modulus, ST_MEMORY, "nonlinear solve: no memory");
  for (int64_t i = 0; i < c.count; i++) c.modulus[i] = (double)s->model->modulus[i];
  TRY(fea_drive_of_model(&drive, s, &s->model->cases[load_case]));
  TRY(fea_secant_walk(curve, &c));
done:
  fea_drive_free(&drive);
  free(v.softened.modulus);
  free(c.modulus);
  return st;
}
