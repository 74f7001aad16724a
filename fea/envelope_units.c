/* Unit forces on the head, on cubes and on tetrahedra. */
#include "fea/envelope_parts.h"

#include "fea/shape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double distance(struct vec3 a, struct vec3 b) {
  return vec3_length(vec3_sub(a, b));
}

static struct vec3 voxel_world(const struct geometry *g, int64_t v) {
  return geometry_to_world(g, vec3_make((double)(v % g->nx), (double)(v / g->nx % g->ny),
                                        (double)(v / (g->nx * g->ny))));
}

/* ---- cubes ---- */

/* One newton along `axis`, spread over the nodes of the head. */
static status load_cubes(struct femur_model *f, double radius_mm, int axis) {
  status st = ST_OK;
  struct fea_model *m = f->model;
  const int64_t nodes = (m->grid.nx + 1) * (m->grid.ny + 1) * (m->grid.nz + 1);
  int64_t count = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int64_t node = 0; node < nodes; node++) {
      int64_t at[3];
      if (distance(fea_model_node_world(m, node), f->pose.head) > radius_mm) continue;
      fea_model_node_index(m, node, at);
      if (!fea_model_node_active(m, at[0], at[1], at[2])) continue;
      if (pass)
        TRY(fea_model_load(m, node, axis, 1. / (double)count));
      else
        count++;
    }
  CHECK(count > 0, ST_DOMAIN, "envelope: no bone within %.0f mm of the head centre", radius_mm);
done:
  return st;
}

static status support_cubes(struct femur_model *f, double head_radius_mm,
                            const struct fea_fall_options *o) {
  static const char *const names[3] = {"x", "y", "z"};
  status st = ST_OK;
  int64_t face;
  TRY(fall_add_cap(f, 1, 0, &face, o));
  TRY(fea_model_fix_plane(f->model, 1, face, 1, 0));
  TRY(femur_model_fix_distal(f, 0, 0));
  TRY(femur_model_fix_distal(f, 2, 0));
  for (int axis = 0; axis < 3; axis++) {
    if (axis) TRY(fea_model_add_case(f->model, names[axis]));
    TRY(load_cubes(f, ENVELOPE_LOADED_SHARE * head_radius_mm, axis));
  }
  TRY(fea_model_finish(f->model));
done:
  return st;
}

static status solve_cubes(struct envelope_units *u, struct fea_envelope *e,
                          const struct fall_input *in, const struct fea_fall_options *o) {
  status st = ST_OK;
  struct femur_model *f = NULL;
  TRY(fall_place(&f, in, o->cap_mm - o->intrusion_mm, o));
  TRY(support_cubes(f, in->frame->head_radius_mm, o));
  TRY(fea_solve_all(u->cubes, f->model, &o->solve));
  for (int a = 0; a < 3; a++) TRY(fea_fields_create(&u->fields[a], f->model, u->cubes[a]));
  TRY(fea_fields_create(&e->fields, f->model, u->cubes[0]));
  const int64_t n = geometry_voxels(&f->model->grid);
  u->exclude = malloc((size_t)n);
  CHECK(u->exclude, ST_MEMORY, "envelope: no memory");
  for (int64_t v = 0; v < n; v++) /* thin elements, and the head */
    u->exclude[v] =
        (f->share && f->share[v] < 0.5f) ||
        distance(voxel_world(&f->model->grid, v), f->pose.head) < in->frame->head_radius_mm;
  snprintf(e->words, sizeof e->words, "%s %s %s hex %g mm%s",
           o->outline == FEA_OUTLINE_SMOOTH ? "envelope/2" : "envelope/1",
           o->user_law ? o->user_law->key : fea_law_names[o->law], f->map.words, o->size_mm,
           fall_mapping_words(o));
  e->model = f->model;
  f->model = NULL;
done:
  femur_model_destroy(f);
  return st;
}

static status judge_cubes(struct fea_envelope *e, const struct envelope_units *u,
                          const double force[3], double *failure_n, struct vec3 *site) {
  status st = ST_OK;
  struct fea_fields *to = e->fields;
  for (int64_t i = 0; i < 6 * to->count; i++) {
    double strain = 0;
    for (int a = 0; a < 3; a++) strain += force[a] * (double)u->fields[a]->strain[i];
    to->strain[i] = (float)strain;
  }
  fea_fields_from_strain(to, e->model);
  TRY(fea_failure_find(&e->failure, e->model, to, &u->judge));
  *failure_n = e->failure.factor_volume;
  *site = voxel_world(&e->model->grid, e->failure.site_voxel);
done:
  return st;
}

/* ---- tetrahedra ---- */

static struct vec3 centroid(const struct fea_mesh *m, int64_t e) {
  const int n = fea_element_nodes(m->element);
  struct vec3 sum = {0, 0, 0};
  for (int c = 0; c < 4; c++) sum = vec3_add(sum, fea_mesh_point(m, m->nodes[n * e + c]));
  return vec3_scale(sum, 0.25);
}

/* One newton along `axis`, spread evenly over the volume of the head (its centre is the origin). */
static status load_tets(struct fea_mesh *m, double radius_mm, int axis) {
  status st = ST_OK;
  const int n = fea_element_nodes(m->element);
  struct fea_quadrature q;
  double volume = 0;
  fea_quadrature_get(&q, m->element);
  m->force_count = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int64_t e = 0; e < m->element_count; e++) {
      double x[FEA_ELEMENT_MOST][3], shape[FEA_ELEMENT_MOST];
      if (m->part[e] != FEA_BONE || vec3_length(centroid(m, e)) > radius_mm) continue;
      fea_element_points(m, e, x);
      for (int p = 0; p < q.count; p++) {
        const double w =
            q.weight[p] * fea_gradients(m->element, (const double(*)[3])x, q.at[p], NULL);
        fea_shape(m->element, q.at[p], shape, NULL);
        volume += pass ? 0 : w;
        for (int c = 0; pass && c < n; c++)
          TRY(fea_mesh_load(m, m->nodes[n * e + c], axis, w * shape[c] / volume));
      }
    }
  CHECK(volume > 0, ST_DOMAIN, "envelope: no bone within %.0f mm of the head centre", radius_mm);
done:
  return st;
}

static status solve_tets(struct envelope_units *u, struct fea_envelope *e,
                         const struct fall_input *in, const struct fea_fall_options *o,
                         const struct fea_tet_options *t) {
  status st = ST_OK;
  const struct tet_cap ground = {.axis = 1, .side = 0};
  TRY(fall_tet_place(&e->tets, in, &ground, 1, o, t));
  struct fea_mesh *m = e->tets->mesh;
  TRY(fea_mesh_fix_plane(m, 1, e->tets->caps[0].face_mm, 1, 0));
  for (int64_t n = 0; n < m->node_count; n++)
    for (int a = 0; a < 3; a += 2)
      if (fall_tet_on_cut(e->tets, n)) TRY(fea_mesh_fix(m, n, a, 0));
  for (int a = 0; a < 3; a++) {
    TRY(load_tets(m, ENVELOPE_LOADED_SHARE * in->frame->head_radius_mm, a));
    TRY(fall_tet_solve(&u->tets[a], m, o, t));
  }
  u->exclude = malloc((size_t)m->element_count);
  CHECK(u->exclude, ST_MEMORY, "envelope: no memory");
  for (int64_t i = 0; i < m->element_count; i++)
    u->exclude[i] = vec3_length(centroid(m, i)) < in->frame->head_radius_mm;
  fall_tet_words(e->tets, "envelope/2", o, t);
  snprintf(e->words, sizeof e->words, "%s", e->tets->words);
  e->tets->limits = o->failure;
done:
  return st;
}

static status judge_tets(struct fea_envelope *e, const struct envelope_units *u,
                         const double force[3], double *failure_n, struct vec3 *site) {
  status st = ST_OK;
  struct fea_tet_fall *r = e->tets;
  const size_t n = 3 * (size_t)r->mesh->node_count;
  struct fea_mesh_solution sum = {.displacement = calloc(n, sizeof *sum.displacement)};
  CHECK(sum.displacement, ST_MEMORY, "envelope: no memory");
  for (size_t i = 0; i < n; i++)
    for (int a = 0; a < 3; a++) sum.displacement[i] += force[a] * u->tets[a]->displacement[i];
  fea_mesh_fields_destroy(r->fields);
  r->fields = NULL;
  TRY(fea_mesh_fields_create(&r->fields, r->mesh, &sum));
  TRY(fea_tet_failure_find(&r->failure, r->mesh, r->fields, &r->cut, &u->judge));
  *failure_n = r->failure.factor_volume;
  *site = tet_to_world(&r->frame, fea_mesh_point(r->mesh, r->failure.site_node));
done:
  free(sum.displacement);
  return st;
}

/* ---- both ---- */

status envelope_solve(struct envelope_units *u, struct fea_envelope *e, const struct fall_input *in,
                      const struct fea_envelope_options *o) {
  status st = ST_OK;
  u->judge = e->limits = o->model.failure;
  if (o->elements == FEA_HEX8)
    TRY(solve_cubes(u, e, in, &o->model));
  else
    TRY(solve_tets(u, e, in, &o->model, &o->tets));
  u->judge.exclude = u->exclude;
done:
  return st;
}

void envelope_units_clear(struct envelope_units *u) {
  for (int c = 0; c < FEA_CASES; c++) fea_solution_destroy(u->cubes[c]);
  for (int a = 0; a < 3; a++) {
    fea_fields_destroy(u->fields[a]);
    fea_mesh_solution_destroy(u->tets[a]);
  }
  free(u->exclude);
}

status envelope_judge(struct fea_envelope *e, const struct envelope_units *u, const double force[3],
                      double *failure_n, struct vec3 *site) {
  return e->tets ? judge_tets(e, u, force, failure_n, site)
                 : judge_cubes(e, u, force, failure_n, site);
}
