#include "fea/coupled.h"

#include <math.h>

void fea_coupled_place(const struct fea_coupled *c, double unknown, double *whole) {
  for (int64_t i = 0; i < c->count; i++) whole[c->dof[i]] = c->share[i] * unknown;
}

double fea_coupled_force(const struct fea_coupled *c, const struct mesh_system *s,
                         const double *internal) {
  double sum = 0;
  for (int64_t i = 0; i < c->count; i++) {
    const int64_t dof = mesh_system_dof(s, c->dof[i]);
    if (dof >= 0) sum += c->share[i] * internal[dof];
  }
  s->comm->sum(&sum, 1);
  return sum;
}

double fea_coupled_given(const struct fea_coupled *c, const struct mesh_system *s) {
  int64_t most = 0;
  for (int64_t i = 1; i < c->count; i++)
    if (fabs(c->share[i]) > fabs(c->share[most])) most = i;
  return s->prescribed[c->dof[most]] / c->share[most];
}

status fea_coupled_check(const struct fea_coupled *c, const struct mesh_system *s) {
  status st = ST_OK;
  double largest = 0;
  for (int64_t i = 0; i < c->count; i++) {
    const int64_t dof = c->dof[i];
    CHECK(dof >= 0 && dof < 3 * s->mesh->node_count && s->fixed[dof] && isfinite(c->share[i]),
          ST_DOMAIN,
          "nonlinear solve: coupled dof %lld with share %g; it must be a support of the mesh, and "
          "its share finite",
          (long long)dof, c->share[i]);
    largest = fmax(largest, fabs(c->share[i]));
  }
  CHECK(largest > 0, ST_DOMAIN, "nonlinear solve: %lld coupled dofs, all of share 0",
        (long long)c->count);
done:
  return st;
}
