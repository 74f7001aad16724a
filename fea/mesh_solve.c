#include "fea/mesh_solve.h"

#include "core/log.h"
#include "core/progress.h"
#include "fea/mesh_system.h"

#include <math.h>
#include <stdlib.h>

const char *const fea_mesh_solver_names[] = {"auto", "gamg", "mumps", "corners", NULL};
static const struct fea_mesh_solve_options defaults = FEA_MESH_SOLVE_DEFAULTS;

static void balance(struct fea_mesh_solution *out, const struct mesh_system *s) {
  double difference = 0, largest = 0, plus[3] = {0};
  for (int64_t dof = 0; dof < 3 * s->mesh->node_count; dof++) {
    out->reaction_sum[dof % 3] += out->reaction[dof];
    out->force_sum[dof % 3] += s->force[dof];
    plus[dof % 3] += (fabs(out->reaction[dof]) + fabs(s->force[dof])) / 2;
  }
  for (int a = 0; a < 3; a++) {
    difference = fmax(difference, fabs(out->reaction_sum[a] + out->force_sum[a]));
    largest = fmax(largest, plus[a]);
  }
  out->balance = largest > 0 ? difference / largest : 0;
}

/* Reactions, energy and the true residual from K u. */
static status evaluate(struct fea_mesh_solution *out, struct mesh_system *s, double rhs_norm) {
  status st = ST_OK;
  const int64_t from = mesh_system_first(s), n = mesh_system_owned(s);
  const double *u = out->displacement;
  double sums[3] = {0}; /* energy, work, residual squared */
  double *ku = calloc((size_t)n + 1, sizeof *ku);
  CHECK(ku, ST_MEMORY, "mesh solve: no memory");
  fea_sparse_apply(s->k, u, ku);
  for (int64_t i = 0; i < n; i++) {
    const int64_t dof = from + i;
    const double off = ku[i] - s->force[dof];
    sums[0] += u[dof] * ku[i];
    sums[1] += u[dof] * (s->fixed[dof] ? ku[i] : s->force[dof]);
    if (s->fixed[dof])
      out->reaction[dof] = off;
    else
      sums[2] += off * off;
  }
  s->comm->sum(out->reaction, 3 * s->mesh->node_count);
  s->comm->sum(sums, 3);
  out->energy_nmm = sums[0] / 2;
  out->work_nmm = sums[1] / 2;
  out->residual = rhs_norm > 0 ? sqrt(sums[2]) / rhs_norm : 0;
  balance(out, s);
done:
  free(ku);
  return st;
}

static status solve_into(struct fea_mesh_solution *out, struct mesh_system *s,
                         const struct fea_mesh *m, const struct fea_mesh_solve_options *o) {
  status st = ST_OK;
  const double started = clock_seconds();
  double rhs_norm;
  TRY(mesh_system_open(s, m, o));
  out->assembly_s = clock_seconds() - started;
  out->solver = fea_mesh_solver_names[s->solver];
  out->reaction = calloc(3 * (size_t)m->node_count, sizeof *out->reaction);
  out->displacement = calloc(3 * (size_t)m->node_count, sizeof *out->displacement);
  CHECK(out->reaction && out->displacement, ST_MEMORY, "mesh solve: no memory for %lld nodes",
        (long long)m->node_count);
  TRY(mesh_system_prepare(s, m));
  TRY(mesh_system_elastic(s, out->displacement, &rhs_norm, &out->iterations));
  TRY(evaluate(out, s, rhs_norm));
  CHECK(out->residual <= o->tolerance, ST_NUMERIC,
        "mesh solve: residual %.2e after %d iterations (%s), wanted %.1e; raise the tolerance or "
        "the iterations, or look for elements of bad shape",
        out->residual, out->iterations, out->solver, o->tolerance);
  out->solve_s = clock_seconds() - started - out->assembly_s;
  log_detail("mesh solve: %lld unknowns, %s, %d iterations, residual %.1e, balance %.1e, work %.9g "
             "and energy %.9g N mm, assembly %.2f s, solve %.2f s",
             (long long)(3 * m->node_count), out->solver, out->iterations, out->residual,
             out->balance, out->work_nmm, out->energy_nmm, out->assembly_s, out->solve_s);
done:
  return st;
}

status fea_mesh_solve(struct fea_mesh_solution **out, const struct fea_mesh *mesh,
                      const struct fea_mesh_solve_options *options) {
  status st = ST_OK;
  struct mesh_system system = {.mesh = mesh};
  struct fea_mesh_solution *s = calloc(1, sizeof *s);
  CHECK(s, ST_MEMORY, "mesh solve: no memory");
  TRY(solve_into(s, &system, mesh, options ? options : &defaults));
  *out = s;
  s = NULL;
done:
  mesh_system_close(&system);
  fea_mesh_solution_destroy(s);
  return st;
}

void fea_mesh_solution_destroy(struct fea_mesh_solution *s) {
  if (!s) return;
  free(s->displacement);
  free(s->reaction);
  free(s);
}

void fea_mesh_plane_reaction(const struct fea_mesh_solution *s, const struct fea_mesh *m,
                             int plane_axis, double at_mm, double sum[3]) {
  sum[0] = sum[1] = sum[2] = 0;
  for (int64_t n = 0; n < m->node_count; n++)
    if (fabs(m->points[3 * n + plane_axis] - at_mm) <= 1e-6)
      for (int a = 0; a < 3; a++) sum[a] += s->reaction[3 * n + a];
}
