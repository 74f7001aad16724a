#include "fea/tet_fall.h"

#include "core/log.h"
#include "fea/femur_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct fea_tet_options tet_defaults = FEA_TET_DEFAULTS;
static const struct fea_fall_options fall_defaults = FEA_FALL_DEFAULTS;

enum { LEAST_DISTAL_MM = 60, PASSES = 10, HEAD = 0, GROUND = 1 };

static status check_input(const struct hip_frame *frame, const struct fea_fall_options *o) {
  status st = ST_OK;
  CHECK(!frame->metal, ST_DOMAIN,
        "fall: metal within 80 mm of the femoral head; its density is not that of bone");
  CHECK(
      !frame->truncated, ST_DOMAIN,
      "fall: the scan cuts the proximal femur (head or trochanter); its strength needs all of it");
  CHECK(isfinite(frame->head.x) && isfinite(frame->shaft_axis.x) && isfinite(frame->distal_mm),
        ST_DOMAIN, "fall: the hip frame has no head, shaft or distal end");
  CHECK(femur_distal_limit_mm(frame) >= LEAST_DISTAL_MM, ST_DOMAIN,
        "fall: the bone ends %.0f mm below the head centre; at least %d mm are needed to hold the "
        "shaft",
        frame->distal_mm, LEAST_DISTAL_MM + 5);
  CHECK(o->recipe == FEA_FALL_OGO && !o->bins, ST_DOMAIN,
        "fall: tetrahedra have recipe %s without density bins only; take hex8 for %s",
        fea_recipe_name(FEA_FALL_OGO),
        o->bins ? "bins" : fea_recipe_name((enum fea_recipe)o->recipe));
  CHECK(o->size_mm >= 0.5 && o->size_mm <= 10, ST_DOMAIN,
        "fall: tetrahedra of %g mm, permitted are 0.5 .. 10 mm", o->size_mm);
done:
  return st;
}

static const struct fea_law *law_of(const struct fea_fall_options *o) {
  return o->user_law ? o->user_law : fea_law_at(o->law);
}

/* Where the fall's model lies, and its cut. */
static void place(struct tet_frame *frame, struct tet_plane *cut, const struct femur_pose *pose) {
  frame->origin = pose->head;
  for (int a = 0; a < 3; a++) frame->axis[a] = pose->axis[a];
  cut->normal =
      vec3_make(vec3_dot(pose->shaft, pose->axis[0]), vec3_dot(pose->shaft, pose->axis[1]),
                vec3_dot(pose->shaft, pose->axis[2]));
  cut->offset = -pose->distal_mm;
}

static struct tet_size size_of(const struct hip_frame *frame, const struct tet_frame *local,
                               const struct fea_fall_options *o, const struct fea_tet_options *t) {
  struct tet_size size = {.size_mm = o->size_mm, .fine_mm = o->size_mm};
  if (!isfinite(frame->neck_point.x)) return size;
  size.fine_mm = isnan(t->neck_mm) ? fmax(0.5, o->size_mm * 2 / 3) : fmin(t->neck_mm, o->size_mm);
  size.centre = tet_to_local(local, frame->neck_point);
  size.radius_mm = isfinite(frame->head_radius_mm) ? frame->head_radius_mm : 20;
  return size;
}

static status make_mesh(struct fea_tet_fall *r, struct tet_plane *cut, const struct labels *labels,
                        int label, const struct hip_frame *frame, const struct fea_fall_options *o,
                        const struct fea_tet_options *t) {
  status st = ST_OK;
  struct tet_domain *domain = NULL;
  const double distal = fmin(o->distal_mm, femur_distal_limit_mm(frame));
  const struct femur_pose pose = femur_pose_fall(frame, o->tilt_deg, o->rotation_deg, distal);
  place(&r->frame, cut, &pose);
  for (int c = HEAD; c <= GROUND; c++)
    r->caps[c] = (struct tet_cap){.axis = 1,
                                  .side = c == HEAD,
                                  .intrusion_mm = o->intrusion_mm,
                                  .beyond_mm = o->cap_mm - o->intrusion_mm,
                                  .modulus_mpa = o->cap_mpa};
  const struct tet_mesh_options mo = {.element = (enum fea_element)t->element,
                                      .size = size_of(frame, &r->frame, o, t),
                                      .passes = PASSES};
  TRY(tet_domain_create(&domain, labels, label, &r->frame, cut, t->smooth_mm));
  TRY(tet_mesh_create(&r->mesh, &r->quality, domain, &mo, r->caps, 2));
  r->mesh->poisson = o->poisson;
done:
  tet_domain_destroy(domain);
  return st;
}

static status add_supports(struct fea_tet_fall *r, const struct tet_plane *cut,
                           const struct fea_fall_options *o) {
  status st = ST_OK;
  struct fea_mesh *m = r->mesh;
  r->displacement_mm = o->strain * (r->caps[HEAD].face_mm - r->caps[GROUND].face_mm);
  TRY(fea_mesh_fix_plane(m, 1, r->caps[HEAD].face_mm, 1, -r->displacement_mm));
  TRY(fea_mesh_fix_plane(m, 1, r->caps[GROUND].face_mm, 1, 0));
  for (int64_t n = 0; n < m->node_count; n++) {
    if (tet_plane_side(cut, fea_mesh_point(m, n)) > 1e-6) continue;
    TRY(fea_mesh_fix(m, n, 0, 0));
    TRY(fea_mesh_fix(m, n, 2, 0));
  }
done:
  return st;
}

static status map_bone(struct fea_tet_fall *r, const struct volume *density,
                       const struct labels *labels, int label, const struct fea_fall_options *o,
                       const struct fea_tet_options *t) {
  status st = ST_OK;
  struct fea_map_options mo = FEA_MAP_DEFAULTS;
  mo.mapping = t->mapping;
  mo.surface = t->surface;
  mo.law = o->law;
  mo.user_law = o->user_law;
  mo.conversion = o->conversion;
  mo.least_mpa = o->least_mpa;
  TRY(fea_map_density(&r->map, r->mesh, &r->frame, density, labels, label, &mo));
  CHECK(2 * r->map.floor_elements < r->map.mapped, ST_DOMAIN,
        "fall: %lld of %lld elements are at the floor of %g MPa: the density is not that of bone "
        "(unit mg/cm3? right label?)",
        (long long)r->map.floor_elements, (long long)r->map.mapped, o->least_mpa);
done:
  return st;
}

/* ---- rows ---- */

static status add_rows(struct fea_tet_fall *r, const struct hip_frame *frame,
                       const struct fea_fall_options *o) {
  status st = ST_OK;
  const char *region = frame->side == SIDE_RIGHT  ? "femur_right"
                       : frame->side == SIDE_LEFT ? "femur_left"
                                                  : "femur";
  const struct {
    const char *quantity, *unit, *source;
    double value;
  } rows[] = {
      {"fall_failure_load", "N", "schileo2014", r->failure_load_n},
      {"fall_stiffness", "N/mm", "ogo", r->stiffness_n_mm},
      {"fall_failure_load_strain_limit", "N", "schileo2014", r->load_n * r->failure.factor_limit},
      {"fall_failure_load_pistoia", "N", "pistoia2002", r->load_n * r->failure.factor_pistoia},
      {"fall_load", "N", "ogo", r->load_n},
      {"fall_displacement", "mm", "ogo", r->displacement_mm},
      {"fall_element_size", "mm", "", o->size_mm},
      {"fall_elements", "", "", (double)r->mesh->element_count},
      {"fall_nodes", "", "", (double)r->mesh->node_count},
      {"fall_mean_modulus", "MPa", law_of(o)->source, r->map.mean_modulus_mpa},
      {"fall_bone_volume", "mm3", "", r->quality.mesh_mm3},
      {"fall_scaled_jacobian_least", "", "", r->quality.least},
      {"fall_straightened", "", "", (double)r->quality.straightened},
      {"fall_residual", "", "", r->solution->residual},
      {"fall_balance", "", "", r->solution->balance},
  };
  TRY(record_create(&r->record, ""));
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct measurement *m =
        record_add(r->record, region, rows[i].quantity, rows[i].value, rows[i].unit);
    CHECK(m, ST_MEMORY, "fall: no memory for the record");
    snprintf(m->method, sizeof m->method, "%.95s", r->words);
    snprintf(m->source, sizeof m->source, "%s", rows[i].source);
    if (i == 0 && o->interval) measurement_flag(m, "no interval with tetrahedra");
    if (i == 0 && r->caps[HEAD].contact_mm2 < 50)
      measurement_flag(m, "head touches its cap on %.0f mm2", r->caps[HEAD].contact_mm2);
    if (i == 3) measurement_flag(m, "rule made for micro-FE of the radius; for comparison only");
  }
done:
  return st;
}

static double head_force(const struct fea_tet_fall *r) {
  double sum[3];
  fea_mesh_plane_reaction(r->solution, r->mesh, 1, r->caps[HEAD].face_mm, sum);
  return -sum[1];
}

static status solve_and_judge(struct fea_tet_fall *r, const struct tet_plane *cut,
                              const struct fea_fall_options *o, const struct fea_tet_options *t) {
  status st = ST_OK;
  const struct fea_mesh_solve_options so = {
      .solver = t->solver,
      .tolerance = o->solve.tolerance,
      .most_iterations = o->solve.most_iterations > 1000 ? o->solve.most_iterations : 1000};
  TRY(fea_mesh_solve(&r->solution, r->mesh, &so));
  TRY(fea_mesh_fields_create(&r->fields, r->mesh, r->solution));
  TRY(fea_tet_failure_find(&r->failure, r->mesh, r->fields, cut, &o->failure));
  r->limits = o->failure;
  r->load_n = head_force(r);
  CHECK(r->load_n > 0, ST_NUMERIC, "fall: the head cap pulls (%g N); the pose is upside down",
        r->load_n);
  r->stiffness_n_mm = r->load_n / r->displacement_mm;
  r->failure_load_n = r->load_n * r->failure.factor_volume;
done:
  return st;
}

status fea_tet_fall_run(struct fea_tet_fall **out, const struct volume *density,
                        const struct labels *labels, int label, const struct hip_frame *frame,
                        const struct fea_fall_options *options, const struct fea_tet_options *tet) {
  status st = ST_OK;
  const struct fea_fall_options *o = options ? options : &fall_defaults;
  const struct fea_tet_options *t = tet ? tet : &tet_defaults;
  struct tet_plane cut;
  struct fea_tet_fall *r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "fall: no memory");
  TRY(check_input(frame, o));
  TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.01));
  TRY(make_mesh(r, &cut, labels, label, frame, o, t));
  TRY(map_bone(r, density, labels, label, o, t));
  TRY(add_supports(r, &cut, o));
  TRY(solve_and_judge(r, &cut, o, t));
  snprintf(r->words, sizeof r->words, "%s %s %s %s %g mm %s %s", fea_recipe_name(FEA_FALL_OGO),
           law_of(o)->key, r->map.map.words, fea_element_names[t->element], o->size_mm,
           fea_mapping_names[t->mapping], fea_surface_names[t->surface]);
  TRY(add_rows(r, frame, o));
  *out = r;
  r = NULL;
done:
  if (st) status_note("finite elements");
  fea_tet_fall_destroy(r);
  return st;
}

void fea_tet_fall_destroy(struct fea_tet_fall *f) {
  if (!f) return;
  record_destroy(f->record);
  fea_mesh_destroy(f->mesh);
  fea_mesh_solution_destroy(f->solution);
  fea_mesh_fields_destroy(f->fields);
  free(f);
}
