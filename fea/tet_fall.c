#include "fea/tet_fall.h"

#include "core/log.h"
#include "fea/bone_check.h"
#include "fea/fall_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fea_tet_options tet_defaults = FEA_TET_DEFAULTS;
static const struct fea_fall_options fall_defaults = FEA_FALL_DEFAULTS;

enum { PASSES = 10, HEAD = 0, GROUND = 1, MOST_MM = 10 };

static status check_input(const struct hip_frame *frame, const struct fea_fall_options *o) {
  status st = ST_OK;
  CHECK(!o->bins, ST_DOMAIN,
        "fall: tetrahedra take densities without bins only; take hex8 for bins");
  TRY(fall_check_frame(frame, o));
  CHECK(o->size_mm >= 0.5 && o->size_mm <= MOST_MM, ST_DOMAIN,
        "fall: tetrahedra of %g mm, permitted are 0.5 .. %d mm", o->size_mm, MOST_MM);
done:
  return st;
}

static const struct fea_law *law_of(const struct fea_fall_options *o) {
  return o->user_law ? o->user_law : fea_law_at(o->law);
}

/* The axis of the model that the cap moves along. */
static int load_axis(const struct fea_fall_options *o) {
  return o->recipe == FEA_STANCE ? 2 : 1;
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

static status make_mesh(struct fea_tet_fall *r, const struct fall_input *in,
                        const struct tet_cap *caps, int count, const struct fea_fall_options *o,
                        const struct fea_tet_options *t) {
  status st = ST_OK;
  struct tet_domain *domain = NULL;
  const double distal = fmin(o->distal_mm, femur_distal_limit_mm(in->frame));
  const struct femur_pose pose = femur_pose_fall(in->frame, o->tilt_deg, o->rotation_deg, distal);
  place(&r->frame, &r->cut, &pose);
  r->distal_mm = distal;
  r->cap_count = count;
  for (int c = 0; c < count; c++)
    r->caps[c] = (struct tet_cap){.axis = caps[c].axis,
                                  .side = caps[c].side,
                                  .intrusion_mm = o->intrusion_mm,
                                  .beyond_mm = o->cap_mm - o->intrusion_mm,
                                  .modulus_mpa = o->cap_mpa};
  const struct tet_mesh_options mo = {.element = (enum fea_element)t->element,
                                      .size = size_of(in->frame, &r->frame, o, t),
                                      .passes = PASSES};
  TRY(tet_domain_create(&domain, in->labels, in->label, &r->frame, &r->cut, t->smooth_mm,
                        in->grow_mm));
  TRY(tet_mesh_create(&r->mesh, &r->quality, domain, &mo, r->caps, r->cap_count));
  r->mesh->poisson = o->poisson;
done:
  tet_domain_destroy(domain);
  return st;
}

/* ---- supports ---- */

static bool on_cut(const struct fea_mesh *m, const struct tet_plane *cut, int64_t node) {
  return tet_plane_side(cut, fea_mesh_point(m, node)) <= 1e-6;
}

bool fall_tet_on_cut(const struct fea_tet_fall *r, int64_t node) {
  return on_cut(r->mesh, &r->cut, node);
}

/* Centre of the flat distal face. */
static status cut_centre(struct vec3 *out, const struct fea_mesh *m, const struct tet_plane *cut) {
  status st = ST_OK;
  struct fea_faces *f = NULL;
  struct vec3 sum = {0, 0, 0};
  double area = 0;
  TRY(fea_mesh_faces(&f, m));
  for (int64_t i = 0; i < f->count; i++) {
    const int32_t *n = f->nodes + i * f->per_face;
    if (!on_cut(m, cut, n[0]) || !on_cut(m, cut, n[1]) || !on_cut(m, cut, n[2])) continue;
    const struct vec3 a = fea_mesh_point(m, n[0]), b = fea_mesh_point(m, n[1]);
    const struct vec3 c = fea_mesh_point(m, n[2]);
    const double twice = vec3_length(vec3_cross(vec3_sub(b, a), vec3_sub(c, a)));
    sum = vec3_along(sum, twice / 3, vec3_add(a, vec3_add(b, c)));
    area += twice;
  }
  CHECK(area > 0, ST_DOMAIN, "fall: no face of the mesh lies on the distal cut");
  *out = vec3_scale(sum, 1 / area);
done:
  fea_faces_destroy(f);
  return st;
}

static double lowest_bone(const struct fea_mesh *m) {
  double low = INFINITY;
  for (int64_t n = 0; n < m->node_count; n++) low = fmin(low, m->points[3 * n + 2]);
  return low;
}

/* The cap moved by `move`, the other held; the distal face by the recipe, turned by `turn` [rad]
 * about x through `hinge` where it may turn. */
static status add_supports(struct fea_tet_fall *r, const struct fea_fall_options *o, double move,
                           double turn, struct vec3 hinge) {
  status st = ST_OK;
  struct fea_mesh *m = r->mesh;
  const int axis = load_axis(o);
  m->support_count = 0;
  TRY(fea_mesh_fix_plane(m, axis, r->caps[HEAD].face_mm, axis, -move));
  if (r->cap_count > 1) TRY(fea_mesh_fix_plane(m, axis, r->caps[GROUND].face_mm, axis, 0));
  for (int64_t n = 0; n < m->node_count; n++) {
    if (!fall_tet_on_cut(r, n)) continue;
    const struct vec3 from = vec3_sub(fea_mesh_point(m, n), hinge);
    const double value[3] = {0, -turn * from.z, turn * from.y};
    for (int a = 0; a < 3; a++)
      if (a != 1 || o->recipe != FEA_FALL_OGO)
        TRY(fea_mesh_fix(m, n, a, o->recipe == FEA_FALL_HINGE ? value[a] : 0));
  }
done:
  return st;
}

static status map_bone(struct fea_tet_fall *r, const struct fall_input *in,
                       const struct fea_fall_options *o, const struct fea_tet_options *t) {
  status st = ST_OK;
  struct fea_map_options mo = FEA_MAP_DEFAULTS;
  mo.mapping = o->mapping;
  mo.surface = t->surface;
  mo.law = o->law;
  mo.user_law = o->user_law;
  mo.conversion = o->conversion;
  mo.least_mpa = o->least_mpa;
  mo.shift_mgcc[0] = in->shift_mgcc[0];
  mo.shift_mgcc[1] = in->shift_mgcc[1];
  TRY(fea_map_density(&r->map, r->mesh, &r->frame, in->density, in->labels, in->label, &mo));
  CHECK(2 * r->map.floor_elements < r->map.mapped, ST_DOMAIN,
        "fall: %lld of %lld elements are at the floor of %g MPa: the density is not that of bone "
        "(unit mg/cm3? right label?)",
        (long long)r->map.floor_elements, (long long)r->map.mapped, o->least_mpa);
done:
  return st;
}

/* ---- solution ---- */

static struct fea_mesh_solve_options solve_options(const struct fea_fall_options *o,
                                                   const struct fea_tet_options *t) {
  return (struct fea_mesh_solve_options){
      .solver = t->solver,
      .tolerance = o->solve.tolerance,
      .most_iterations = o->solve.most_iterations > 1000 ? o->solve.most_iterations : 1000};
}

status fall_tet_solve(struct fea_mesh_solution **out, const struct fea_mesh *m,
                      const struct fea_fall_options *o, const struct fea_tet_options *t) {
  const struct fea_mesh_solve_options so = solve_options(o, t);
  return fea_mesh_solve(out, m, &so);
}

/* Moment of the distal reactions about x through the hinge. */
static double hinge_moment(const struct fea_tet_fall *r, const struct fea_mesh_solution *s,
                           struct vec3 hinge) {
  const struct fea_mesh *m = r->mesh;
  double sum = 0;
  for (int64_t n = 0; n < m->node_count; n++) {
    if (!fall_tet_on_cut(r, n)) continue;
    const struct vec3 from = vec3_sub(fea_mesh_point(m, n), hinge);
    sum += from.y * s->reaction[3 * n + 2] - from.z * s->reaction[3 * n + 1];
  }
  return sum;
}

/* The line that the distal end turns about goes along x through this point. */
static status hinge_point(struct vec3 *out, const struct fea_tet_fall *r) {
  status st = ST_OK;
  TRY(cut_centre(out, r->mesh, &r->cut));
  *out = vec3_along(*out, -FALL_HINGE_BLOCK_MM / 2., r->cut.normal);
done:
  return st;
}

/* The turn of the rigid distal end that leaves no moment about its hinge: two solves, as the model
 * is linear. */
static status find_turn(double *turn, struct vec3 *hinge, struct fea_tet_fall *r,
                        const struct fea_fall_options *o, const struct fea_tet_options *t) {
  status st = ST_OK;
  struct fea_mesh_solution *s[2] = {NULL, NULL};
  double moment[2];
  const double trial = 0.01;
  TRY(hinge_point(hinge, r));
  for (int i = 0; i < 2; i++) {
    TRY(add_supports(r, o, i ? 0 : r->displacement_mm, i ? trial : 0, *hinge));
    TRY(fall_tet_solve(&s[i], r->mesh, o, t));
    moment[i] = hinge_moment(r, s[i], *hinge);
  }
  *turn = -trial * moment[0] / moment[1];
done:
  for (int i = 0; i < 2; i++) fea_mesh_solution_destroy(s[i]);
  return st;
}

static status solve_and_judge(struct fea_tet_fall *r, const struct fea_fall_options *o,
                              const struct fea_tet_options *t) {
  status st = ST_OK;
  struct vec3 hinge = {0, 0, 0};
  const double end = r->cap_count > 1 ? r->caps[GROUND].face_mm : lowest_bone(r->mesh);
  double turn = 0, sum[3];
  r->displacement_mm = o->strain * (r->caps[HEAD].face_mm - end);
  if (o->recipe == FEA_FALL_HINGE) TRY(find_turn(&turn, &hinge, r, o, t));
  TRY(add_supports(r, o, r->displacement_mm, turn, hinge));
  TRY(fall_tet_solve(&r->solution, r->mesh, o, t));
  TRY(fea_mesh_fields_create(&r->fields, r->mesh, r->solution));
  TRY(fea_tet_failure_find(&r->failure, r->mesh, r->fields, &r->cut, &o->failure));
  r->limits = o->failure;
  r->hinge_moment_nmm = o->recipe == FEA_FALL_HINGE ? hinge_moment(r, r->solution, hinge) : 0;
  fea_mesh_plane_reaction(r->solution, r->mesh, load_axis(o), r->caps[HEAD].face_mm, sum);
  r->load_n = -sum[load_axis(o)];
  CHECK(r->load_n > 0, ST_NUMERIC, "fall: the head cap pulls (%g N); the pose is upside down",
        r->load_n);
  r->stiffness_n_mm = r->load_n / r->displacement_mm;
  r->failure_load_n = r->load_n * r->failure.factor_volume;
done:
  return st;
}

void fall_tet_words(struct fea_tet_fall *r, const char *recipe, const struct fea_fall_options *o,
                    const struct fea_tet_options *t) {
  snprintf(r->words, sizeof r->words, "%s %s %s %s %g mm %s %s", recipe, law_of(o)->key,
           r->map.map.words, fea_element_names[t->element], o->size_mm,
           fea_mapping_names[o->mapping], fea_surface_names[t->surface]);
}

status fall_tet_place(struct fea_tet_fall **out, const struct fall_input *in,
                      const struct tet_cap *caps, int count, const struct fea_fall_options *o,
                      const struct fea_tet_options *t) {
  status st = ST_OK;
  struct fea_tet_fall *r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "fall: no memory");
  TRY(make_mesh(r, in, caps, count, o, t));
  TRY(map_bone(r, in, o, t));
  *out = r;
  r = NULL;
done:
  fea_tet_fall_destroy(r);
  return st;
}

static status run_model(struct fea_tet_fall **out, const struct fall_input *in,
                        const struct fea_fall_options *o, const struct fea_tet_options *t) {
  status st = ST_OK;
  const int axis = load_axis(o);
  const struct tet_cap caps[2] = {
      [HEAD] = {.axis = axis, .side = 1}, [GROUND] = {.axis = axis, .side = 0}};
  struct fea_tet_fall *r = NULL;
  char recipe[48];
  TRY(fall_tet_place(&r, in, caps, o->recipe == FEA_STANCE ? 1 : 2, o, t));
  TRY(solve_and_judge(r, o, t));
  snprintf(recipe, sizeof recipe, "%s",
           fea_recipe_name((enum fea_recipe)o->recipe, FEA_OUTLINE_SMOOTH));
  if (o->recipe == FEA_STANCE)
    snprintf(recipe + strlen(recipe), sizeof recipe - strlen(recipe), " %g deg", o->tilt_deg);
  fall_tet_words(r, recipe, o, t);
  *out = r;
  r = NULL;
done:
  fea_tet_fall_destroy(r);
  return st;
}

/* What a variant starts from. */
struct base {
  const struct fea_tet_fall *fall;
  const struct fea_fall_options *options;
  const struct fea_tet_options *tets;
};

/* The base's mesh with moduli, densities and supports of its own; the rest is borrowed. */
static status borrow_mesh(struct fea_mesh *out, const struct fea_mesh *m) {
  status st = ST_OK;
  *out = *m;
  out->density = NULL;
  out->support = NULL;
  out->support_count = out->support_capacity = 0;
  out->modulus = malloc((size_t)m->element_count * sizeof *out->modulus);
  CHECK(out->modulus, ST_MEMORY, "fall: no memory for a variant");
  memcpy(out->modulus, m->modulus, (size_t)m->element_count * sizeof *out->modulus);
done:
  return st;
}

/* A variant of density or law keeps the mesh. */
static status remap(double *failure_n, const struct fall_input *in,
                    const struct fea_fall_options *o, const struct base *base) {
  status st = ST_OK;
  struct fea_mesh mesh = {.modulus = NULL};
  struct fea_tet_fall r = *base->fall;
  r.record = NULL;
  r.solution = NULL;
  r.fields = NULL;
  r.curve = NULL;
  r.mesh = &mesh;
  TRY(borrow_mesh(&mesh, base->fall->mesh));
  TRY(map_bone(&r, in, o, base->tets));
  TRY(solve_and_judge(&r, o, base->tets));
  *failure_n = r.failure_load_n;
done:
  free(mesh.modulus);
  free(mesh.density);
  free(mesh.support);
  fea_mesh_solution_destroy(r.solution);
  fea_mesh_fields_destroy(r.fields);
  return st;
}

static status variant(double *failure_n, const struct fall_input *in,
                      const struct fea_fall_options *o) {
  status st = ST_OK;
  const struct base *base = in->context;
  struct fea_tet_options tets = *base->tets;
  struct fea_tet_fall *r = NULL;
  if (in->grow_mm == 0 && o->size_mm == base->options->size_mm)
    return remap(failure_n, in, o, base);
  tets.neck_mm *= o->size_mm / base->options->size_mm; /* NaN stays: a share of the size */
  TRY(run_model(&r, in, o, &tets));
  *failure_n = r->failure_load_n;
done:
  fea_tet_fall_destroy(r);
  return st;
}

/* The load once more, without bone beside the caps. */
static void judge_off_contact(struct fea_tet_fall *r, const struct fea_fall_options *o) {
  struct fea_failure_options limits = o->failure;
  struct fea_tet_failure found;
  limits.contact_mm = o->intrusion_mm;
  r->off_contact_n = NAN;
  if (fea_tet_failure_find(&found, r->mesh, r->fields, &r->cut, &limits))
    status_clear(); /* nothing is left; the row says so */
  else
    r->off_contact_n = r->load_n * found.factor_volume;
}

/* The distal face as one unknown, its turn about the hinge; shares are lengths over the longest. */
static status couple(struct fea_coupled *out, const struct fea_tet_fall *r) {
  status st = ST_OK;
  const int64_t nodes = r->mesh->node_count;
  struct vec3 hinge;
  double longest = 0;
  out->dof = malloc(2 * (size_t)nodes * sizeof *out->dof);
  out->share = malloc(2 * (size_t)nodes * sizeof *out->share);
  CHECK(out->dof && out->share, ST_MEMORY, "fall: no memory for its hinge");
  TRY(hinge_point(&hinge, r));
  for (int64_t n = 0; n < nodes; n++) {
    if (!fall_tet_on_cut(r, n)) continue;
    const struct vec3 from = vec3_sub(fea_mesh_point(r->mesh, n), hinge);
    const double turned[2] = {-from.z, from.y};
    for (int a = 0; a < 2; a++) {
      out->dof[out->count] = 3 * n + 1 + a;
      out->share[out->count++] = turned[a];
      longest = fmax(longest, fabs(turned[a]));
    }
  }
  for (int64_t i = 0; i < out->count; i++) out->share[i] /= longest;
done:
  return st;
}

/* The curve of the solved model, and its rows. */
static status go_beyond(struct fea_tet_fall *r, const struct hip_frame *frame,
                        const struct fea_fall_options *o, const struct fea_tet_options *t) {
  status st = ST_OK;
  const struct fea_mesh_solve_options so = solve_options(o, t);
  struct fea_coupled hinge = {NULL, NULL, 0};
  if (o->recipe == FEA_FALL_HINGE) TRY(couple(&hinge, r));
  TRY(fea_beyond_mesh(&r->curve, r->mesh, hinge.count ? &hinge : NULL, law_of(o), &o->beyond, &so));
  TRY(fea_beyond_rows(r->record, o->recipe == FEA_STANCE ? "stance" : "fall", fall_region(frame),
                      r->words, r->curve, &o->beyond,
                      cbrt(r->quality.mesh_mm3 / (double)r->map.mapped)));
done:
  free(hinge.dof);
  free(hinge.share);
  return st;
}

status fea_tet_fall_run(struct fea_tet_fall **out, const struct volume *density,
                        const struct labels *labels, int label, const struct hip_frame *frame,
                        const struct calibration *calibration,
                        const struct fea_fall_options *options, const struct fea_tet_options *tet) {
  status st = ST_OK;
  const struct fea_fall_options *o = options ? options : &fall_defaults;
  const struct fea_tet_options *t = tet ? tet : &tet_defaults;
  struct base base = {.options = o, .tets = t};
  const struct fall_input in = {.density = density,
                                .labels = labels,
                                .label = label,
                                .frame = frame,
                                .variant = variant,
                                .coarsest_mm = MOST_MM,
                                .context = &base};
  struct fall_interval interval = {.low = NAN, .high = NAN};
  struct fea_tet_fall *r = NULL;
  TRY(check_input(frame, o));
  TRY(fall_check_place(labels, label, frame));
  TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.01));
  TRY(fea_bone_check(density, labels, label));
  TRY(run_model(&r, &in, o, t));
  base.fall = r;
  judge_off_contact(r, o);
  if (o->interval) TRY(fall_find_interval(&interval, r->failure_load_n, &in, calibration, o));
  TRY(fall_tet_record(r, frame, &interval, o));
  fea_flag_inputs(r->record, density, o->user_law ? o->user_law : fea_law_at(o->law));
  if (o->beyond.rule) TRY(go_beyond(r, frame, o, t));
  *out = r;
  r = NULL;
done:
  if (st)
    status_note("finite elements, %s",
                fea_recipe_name((enum fea_recipe)o->recipe, FEA_OUTLINE_SMOOTH));
  fea_tet_fall_destroy(r);
  return st;
}

void fea_tet_fall_destroy(struct fea_tet_fall *f) {
  if (!f) return;
  record_destroy(f->record);
  fea_curve_destroy(f->curve);
  fea_mesh_destroy(f->mesh);
  fea_mesh_solution_destroy(f->solution);
  fea_mesh_fields_destroy(f->fields);
  free(f);
}
