/* The four-phase law on tetrahedra and unstructured hexahedra. An element counts as a cube of its
 * volume: the law is scaled to the edge of that. */
#include "fea/coupled.h"
#include "fea/mesh_system.h"
#include "fea/secant.h"

#include <math.h>
#include <stdlib.h>

struct meshed {
  struct mesh_system system;
  struct fea_mesh softened;          /* the mesh with its own moduli; the rest is borrowed */
  double *internal;                  /* [3 nodes] */
  const struct fea_coupled *coupled; /* NULL: none */
  double *mode, *zero;               /* [3 nodes]: its shares; no force */
};

/* u += what the coupled unknown adds, so that no force is left along it: the model is linear. */
static status add_coupled(struct meshed *s, double *u, int *iterations) {
  status st = ST_OK;
  int more;
  double norm, *given = s->system.prescribed, *force = s->system.force;
  double *response = calloc(3 * (size_t)s->softened.node_count, sizeof *response);
  CHECK(response, ST_MEMORY, "nonlinear solve: no memory");
  s->system.prescribed = s->mode;
  s->system.force = s->zero;
  TRY(mesh_system_elastic(&s->system, response, &norm, &more));
  *iterations += more;
  fea_sparse_apply(s->system.k, u, s->internal);
  const double before = fea_coupled_force(s->coupled, &s->system, s->internal);
  fea_sparse_apply(s->system.k, response, s->internal);
  const double by = -before / fea_coupled_force(s->coupled, &s->system, s->internal);
  for (int64_t i = 0; i < 3 * s->softened.node_count; i++) u[i] += by * response[i];
done:
  s->system.prescribed = given;
  s->system.force = force;
  free(response);
  return st;
}

static status solve(struct fea_secant_state *out, const struct fea_secant *c, double factor) {
  status st = ST_OK;
  struct meshed *s = c->context;
  const struct fea_mesh *m = &s->softened;
  struct fea_mesh_fields *fields = NULL;
  struct fea_mesh_solution scaled = {0};
  struct fea_curve_point point = {0};
  double norm, *u = calloc(3 * (size_t)m->node_count, sizeof *u);
  CHECK(u, ST_MEMORY, "nonlinear solve: no memory");
  TRY(fea_sparse_fill(s->system.k, m, fea_elastic_element, m));
  TRY(mesh_system_prepare(&s->system, m));
  TRY(mesh_system_elastic(&s->system, u, &norm, &out->iterations));
  if (s->coupled) TRY(add_coupled(s, u, &out->iterations));
  for (int64_t i = 0; i < 3 * m->node_count; i++) u[i] *= factor;
  scaled.displacement = u;
  TRY(fea_mesh_fields_create(&fields, m, &scaled));
  for (int64_t e = 0; e < m->element_count; e++)
    c->effective[e] = fea_effective_strain(fields->strain + 6 * e, m->poisson);
  fea_sparse_apply(s->system.k, u, s->internal);
  fea_drive_read(c->drive, factor, s->internal, u + mesh_system_first(&s->system), &point);
  out->force_n = point.force_n;
  out->displacement_mm = point.displacement_mm;
  out->displacement = u;
  u = NULL;
done:
  free(u);
  fea_mesh_fields_destroy(fields);
  return st;
}

status fea_secant_mesh(struct fea_curve *curve, const struct fea_mesh *m,
                       const struct fea_coupled *coupled, const struct fea_strength *strength,
                       const struct fea_nonlinear_options *o,
                       const struct fea_mesh_solve_options *options) {
  status st = ST_OK;
  struct meshed s = {.softened = *m, .coupled = coupled};
  struct fea_drive drive = {0};
  struct fea_secant c = {.o = o,
                         .drive = &drive,
                         .strength = strength,
                         .count = m->element_count,
                         .context = &s,
                         .solve = solve};
  c.modulus = malloc((size_t)m->element_count * sizeof *c.modulus);
  c.size_mm = malloc((size_t)m->element_count * sizeof *c.size_mm);
  s.internal = malloc(3 * (size_t)m->node_count * sizeof *s.internal);
  s.mode = calloc(3 * (size_t)m->node_count, sizeof *s.mode);
  s.zero = calloc(3 * (size_t)m->node_count, sizeof *s.zero);
  s.softened.modulus = c.modulus;
  CHECK(c.modulus && c.size_mm && s.internal && s.mode && s.zero, ST_MEMORY,
        "nonlinear solve: no memory");
  for (int64_t e = 0; e < m->element_count; e++) {
    c.modulus[e] = m->modulus[e];
    c.size_mm[e] = cbrt(fea_mesh_element_mm3(m, e));
  }
  TRY(mesh_system_open(&s.system, m, options));
  if (coupled) {
    TRY(fea_coupled_check(coupled, &s.system));
    fea_coupled_place(coupled, 1, s.mode);
  }
  TRY(fea_drive_of_mesh(&drive, &s.system, coupled));
  TRY(fea_secant_walk(curve, &c));
done:
  fea_drive_free(&drive);
  mesh_system_close(&s.system);
  free(s.internal);
  free(s.mode);
  free(s.zero);
  free(c.modulus);
  free(c.size_mm);
  return st;
}
