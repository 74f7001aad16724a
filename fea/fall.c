#include "fea/fall.h"

#include "fea/bone_check.h"
#include "fea/cap.h"
#include "fea/fall_parts.h"
#include "fea/outline.h"
#include "fea/store_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct fea_fall_options defaults = FEA_FALL_DEFAULTS;

enum { MOST_MM = 5 }; /* largest element */

const char *const fea_fall_recipe_names[] = {"fall-ogo", "fall-hinge", NULL};
const char *const fea_outline_names[] = {"voxels", "smooth", NULL};
const char *const fea_force_rule_names[] = {"bouxsein2007", "weight-unverified", NULL};

#define HINGE_BLOCK_MPA 2e5 /* steel */

const char *fea_recipe_name(enum fea_recipe recipe, enum fea_outline outline) {
  const bool voxels = outline == FEA_OUTLINE_VOXELS;
  switch (recipe) {
  case FEA_FALL_OGO:
    return voxels ? "fall-ogo/1" : "fall-ogo/2";
  case FEA_FALL_HINGE:
    return voxels ? "fall-hinge/1" : "fall-hinge/2";
  case FEA_STANCE:
    return voxels ? "stance/1" : "stance/2";
  }
  return "";
}

status fall_add_cap(struct femur_model *f, int axis, int side, int64_t *face,
                    const struct fea_fall_options *o) {
  const struct fea_cap cap = {.axis = axis,
                              .side = side,
                              .thick_mm = o->cap_mm,
                              .intrusion_mm = o->intrusion_mm,
                              .modulus_mpa = o->cap_mpa};
  struct tet_cap smooth = {.axis = axis,
                           .side = side,
                           .intrusion_mm = o->intrusion_mm,
                           .beyond_mm = o->cap_mm - o->intrusion_mm,
                           .modulus_mpa = o->cap_mpa};
  return f->domain ? fea_outline_cap(f, &smooth, face) : fea_cap_add(f->model, &cap, face);
}

/* Head cap moved towards the held trochanter cap; the shaft by its recipe. */
static status support_fall(struct femur_model *f, double *displacement_mm,
                           const struct fea_fall_options *o) {
  status st = ST_OK;
  int64_t head_face = 0, ground_face = 0;
  TRY(fall_add_cap(f, 1, 1, &head_face, o));
  TRY(fall_add_cap(f, 1, 0, &ground_face, o));
  *displacement_mm = o->strain * (double)(head_face - ground_face) * o->size_mm;
  if (o->recipe == FEA_FALL_HINGE)
    TRY(femur_model_hinge(f, FALL_HINGE_BLOCK_MM, HINGE_BLOCK_MPA));
  else {
    TRY(femur_model_fix_distal(f, 0, 0));
    TRY(femur_model_fix_distal(f, 2, 0));
  }
  TRY(fea_model_fix_plane(f->model, 1, head_face, 1, -*displacement_mm));
  TRY(fea_model_fix_plane(f->model, 1, ground_face, 1, 0));
done:
  return st;
}

static status support_stance(struct femur_model *f, double *displacement_mm,
                             const struct fea_fall_options *o) {
  status st = ST_OK;
  int64_t face = 0, lowest = -1;
  const struct fea_model *m = f->model;
  TRY(fall_add_cap(f, 2, 1, &face, o));
  for (int64_t v = 0; v < geometry_voxels(&m->grid) && lowest < 0; v++)
    if (m->part[v] == FEA_BONE) lowest = v / (m->grid.nx * m->grid.ny);
  *displacement_mm = o->strain * (double)(face - lowest) * o->size_mm;
  TRY(fea_model_fix_plane(f->model, 2, face, 2, -*displacement_mm));
  for (int axis = 0; axis < 3; axis++) TRY(femur_model_fix_distal(f, axis, 0));
done:
  return st;
}

status fall_place(struct femur_model **out, const struct fall_input *in, double room_mm,
                  const struct fea_fall_options *o) {
  const double distal = fmin(o->distal_mm, femur_distal_limit_mm(in->frame));
  const struct femur_pose pose = femur_pose_fall(in->frame, o->tilt_deg, o->rotation_deg, distal);
  const struct femur_model_options fo = {.size_mm = o->size_mm,
                                         .poisson = o->poisson,
                                         .least_mpa = o->least_mpa,
                                         .law = o->law,
                                         .conversion = o->conversion,
                                         .user_law = o->user_law,
                                         .bins = o->bins,
                                         .outline = o->outline,
                                         .mapping = o->mapping,
                                         .smooth_mm = o->smooth_mm,
                                         .grow_mm = in->grow_mm,
                                         .shift_mgcc = {in->shift_mgcc[0], in->shift_mgcc[1]}};
  return femur_model_create(out, in->density, in->labels, in->label, &pose,
                            room_mm + 2 * o->size_mm, &fo);
}

/* Model, caps, supports, load: ready to solve. */
static status make_model(struct femur_model **out, double *displacement_mm,
                         const struct fall_input *in, const struct fea_fall_options *o) {
  status st = ST_OK;
  struct femur_model *f = NULL;
  const double room =
      o->recipe == FEA_FALL_HINGE ? FALL_HINGE_BLOCK_MM : o->cap_mm - o->intrusion_mm;
  TRY(fall_place(&f, in, room, o));
  if (o->recipe == FEA_STANCE)
    TRY(support_stance(f, displacement_mm, o));
  else
    TRY(support_fall(f, displacement_mm, o));
  TRY(fea_model_finish(f->model));
  *out = f;
  f = NULL;
done:
  femur_model_destroy(f);
  return st;
}

/* Force of the head cap against the movement: the reactions on nodes that move. */
static double head_force(const struct fea_model *m, const struct fea_solution *s) {
  double sum = 0;
  for (int64_t f = 0; f < m->fixed_count; f++)
    if (m->cases[0].value_mm[f] != 0) sum -= s->reaction[f];
  return sum;
}

const char *fall_mapping_words(const struct fea_fall_options *o) {
  return o->outline == FEA_OUTLINE_SMOOTH && o->mapping == FEA_MAP_V2 ? " v2" : "";
}

static void name_recipe(struct fea_fall *r, const struct femur_model *f,
                        const struct fea_fall_options *o) {
  char bins[24] = "";
  const char *name = fea_recipe_name(r->recipe_kind, (enum fea_outline)o->outline);
  const char *law = o->user_law ? o->user_law->key : fea_law_names[o->law];
  if (o->bins > 0) snprintf(bins, sizeof bins, " bins %d", o->bins);
  if (r->recipe_kind == FEA_STANCE)
    snprintf(r->recipe, sizeof r->recipe, "%s %g deg", name, o->tilt_deg);
  else
    snprintf(r->recipe, sizeof r->recipe, "%s", name);
  snprintf(r->words, sizeof r->words, "%s %s %s hex %g mm%s%s", r->recipe, law, f->map.words,
           o->size_mm, bins, fall_mapping_words(o));
}

/* Elements less than half full are not judged. */
static status mark_thin(uint8_t **out, const struct femur_model *f, const struct geometry *grid) {
  status st = ST_OK;
  const int64_t n = geometry_voxels(grid);
  uint8_t *thin = f->share ? malloc((size_t)n) : NULL;
  CHECK(thin || !f->share, ST_MEMORY, "fall: no memory for %lld voxels", (long long)n);
  for (int64_t v = 0; thin && v < n; v++) thin[v] = f->share[v] < 0.5f;
  *out = thin;
done:
  return st;
}

status fall_solve(struct fea_fall **out, struct femur_model **femur, const struct fall_input *in,
                  const struct fea_fall_options *o) {
  status st = ST_OK;
  struct fea_failure_options limits = o->failure;
  uint8_t *thin = NULL;
  struct femur_model *f = NULL;
  struct fea_fall *r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "fall: no memory");
  TRY(make_model(&f, &r->displacement_mm, in, o));
  TRY(fea_solve(&r->solution, f->model, 0, &o->solve));
  TRY(fea_fields_create(&r->fields, f->model, r->solution));
  TRY(mark_thin(&thin, f, &f->model->grid));
  if (thin) limits.exclude = thin;
  TRY(fea_failure_find(&r->failure, f->model, r->fields, &limits));
  r->limits = o->failure;
  r->load_n = head_force(f->model, r->solution);
  CHECK(r->load_n > 0, ST_NUMERIC, "fall: the head cap pulls (%g N); the pose is upside down",
        r->load_n);
  r->stiffness_n_mm = r->load_n / r->displacement_mm;
  r->failure_load_n = r->load_n * r->failure.factor_volume;
  r->model = f->model;
  f->model = NULL;
  r->recipe_kind = (enum fea_recipe)o->recipe;
  name_recipe(r, f, o);
  *out = r;
  r = NULL;
  if (femur) {
    *femur = f;
    f = NULL;
  }
done:
  free(thin);
  femur_model_destroy(f);
  fea_fall_destroy(r);
  return st;
}

const char *fall_region(const struct hip_frame *frame) {
  switch (frame->side) {
  case SIDE_RIGHT:
    return "femur_right";
  case SIDE_LEFT:
    return "femur_left";
  case SIDE_UNKNOWN:
    break;
  }
  return "femur";
}

/* The load once more, without bone beside the caps. */
static status judge_off_contact(struct fea_fall *r, const struct femur_model *f,
                                const struct fea_fall_options *o) {
  status st = ST_OK;
  struct fea_failure_options limits = o->failure;
  struct fea_failure found;
  uint8_t *thin = NULL;
  r->off_contact_n = NAN;
  TRY(mark_thin(&thin, f, &r->model->grid));
  if (thin) limits.exclude = thin;
  limits.contact_mm = o->intrusion_mm;
  if (fea_failure_find(&found, r->model, r->fields, &limits))
    status_clear(); /* nothing is left; the row says so */
  else
    r->off_contact_n = r->load_n * found.factor_volume;
done:
  free(thin);
  return st;
}

status fea_fall_run(struct fea_fall **out, const struct volume *density,
                    const struct labels *labels, int label, const struct hip_frame *frame,
                    const struct calibration *calibration, const struct fea_fall_options *options) {
  status st = ST_OK;
  const struct fea_fall_options *o = options ? options : &defaults;
  const struct fall_input in = {
      .density = density, .labels = labels, .label = label, .frame = frame, .coarsest_mm = 3};
  struct fea_fall *r = NULL;
  struct femur_model *f = NULL;
  struct fall_interval interval = {.low = NAN, .high = NAN};

  TRY(fall_check_frame(frame, o));
  TRY(fall_check_place(labels, label, frame));
  CHECK(o->size_mm >= 0.3 && o->size_mm <= MOST_MM, ST_DOMAIN,
        "fall: elements of %g mm, permitted are 0.3 .. %d mm", o->size_mm, MOST_MM);
  TRY(fall_solve(&r, &f, &in, o));
  TRY(judge_off_contact(r, f, o));
  if (o->interval) TRY(fall_find_interval(&interval, r->failure_load_n, &in, calibration, o));
  TRY(fall_record(&r->record, r, f, fall_region(frame), frame, &interval, o));
  fea_flag_inputs(r->record, density, o->user_law ? o->user_law : fea_law_at(o->law));
  if (o->beyond.rule) {
    TRY(fea_beyond_run(&r->curve, r->model, o->user_law ? o->user_law : fea_law_at(o->law),
                       &o->beyond, &o->solve));
    TRY(fea_beyond_rows(r->record, o->recipe == FEA_STANCE ? "stance" : "fall", fall_region(frame),
                        r->words, r->curve, &o->beyond, o->size_mm));
  }
  *out = r;
  r = NULL;
done:
  if (st)
    status_note("finite elements, %s",
                fea_recipe_name((enum fea_recipe)o->recipe, (enum fea_outline)o->outline));
  femur_model_destroy(f);
  fea_fall_destroy(r);
  return st;
}

void fea_fall_destroy(struct fea_fall *f) {
  if (!f) return;
  record_destroy(f->record);
  fea_curve_destroy(f->curve);
  fea_fields_destroy(f->fields);
  fea_solution_destroy(f->solution);
  fea_model_destroy(f->model);
  free(f);
}

double fea_fall_force(double mass_kg, double height_m) {
  /* sqrt(2 g h k m): h centre of gravity 0.51 x height, m 7/20 of body mass, k 71 kN/m */
  return sqrt(2 * 9.81 * 0.51 * height_m * 71e3 * 0.35 * mass_kg);
}

double fea_fall_force_by_weight(double mass_kg, double height_m) {
  return 8.25 * mass_kg * 9.81 * sqrt(height_m / 1.70);
}

double fea_fall_force_attenuated(double force_n, double tissue_mm) {
  return fmax(0, force_n - 71 * tissue_mm);
}

status fea_fall_write(const struct fea_fall *f, const char *stem, const cJSON *provenance,
                      bool force) {
  return fea_store_fields(f->model, f->solution, f->fields, &f->failure, f->words, stem, provenance,
                          force);
}
