#include "fea/fall.h"

#include "fea/fall_parts.h"
#include "fea/store_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct fea_fall_options defaults = FEA_FALL_DEFAULTS;

enum { LEAST_DISTAL_MM = 60 }; /* less bone below the head does not hold the lesser trochanter */

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
  CHECK(o->size_mm >= 0.3 && o->size_mm <= 5, ST_DOMAIN,
        "fall: elements of %g mm, permitted are 0.3 .. 5 mm", o->size_mm);
  CHECK(o->strain > 0 && o->strain <= 0.2, ST_DOMAIN,
        "fall: shortening of %g of the extent, permitted are 0 .. 0.2", o->strain);
  CHECK(o->cap_mm > o->intrusion_mm && o->intrusion_mm > 0, ST_DOMAIN,
        "fall: cap of %g mm with %g mm intrusion; the cap must be thicker", o->cap_mm,
        o->intrusion_mm);
done:
  return st;
}

/* Model, caps, supports, load: ready to solve. */
static status make_model(struct femur_model **out, double *displacement_mm,
                         const struct fall_input *in, const struct fea_fall_options *o) {
  status st = ST_OK;
  struct femur_model *f = NULL;
  double distal = fmin(o->distal_mm, femur_distal_limit_mm(in->frame));
  int64_t head_face = 0, ground_face = 0;
  const struct femur_pose pose = femur_pose_fall(in->frame, o->tilt_deg, o->rotation_deg, distal);
  const struct femur_options fo = {.size_mm = o->size_mm,
                                   .poisson = o->poisson,
                                   .least_mpa = o->least_mpa,
                                   .law = o->law,
                                   .conversion = o->conversion,
                                   .shift_mgcc = {in->shift_mgcc[0], in->shift_mgcc[1]}};
  TRY(femur_model_create(&f, in->density, in->labels, in->label, &pose,
                         o->cap_mm - o->intrusion_mm + 2 * o->size_mm, &fo));
  TRY(femur_model_cap(f, 1, 1, o->cap_mm, o->intrusion_mm, o->cap_mpa, &head_face));
  TRY(femur_model_cap(f, 1, 0, o->cap_mm, o->intrusion_mm, o->cap_mpa, &ground_face));
  *displacement_mm = o->strain * (double)(head_face - ground_face) * o->size_mm;
  TRY(fea_model_fix_plane(f->model, 1, head_face, 1, -*displacement_mm));
  TRY(fea_model_fix_plane(f->model, 1, ground_face, 1, 0));
  TRY(femur_model_fix_distal(f, 0, 0));
  TRY(femur_model_fix_distal(f, 2, 0));
  TRY(fea_model_finish(f->model));
  *out = f;
  f = NULL;
done:
  femur_model_destroy(f);
  return st;
}

/* Force of the head cap against the movement: the reactions along y on nodes that move. */
static double head_force(const struct fea_model *m, const struct fea_solution *s) {
  double sum = 0;
  for (int64_t f = 0; f < m->fixed_count; f++)
    if (m->cases[0].value_mm[f] != 0) sum -= s->reaction[f];
  return sum;
}

status fall_solve(struct fea_fall **out, struct femur_model **femur, const struct fall_input *in,
                  const struct fea_fall_options *o) {
  status st = ST_OK;
  struct femur_model *f = NULL;
  struct fea_fall *r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "fall: no memory");
  TRY(make_model(&f, &r->displacement_mm, in, o));
  TRY(fea_solve(&r->solution, f->model, 0, &o->solve));
  TRY(fea_fields_create(&r->fields, f->model, r->solution));
  TRY(fea_failure_find(&r->failure, f->model, r->fields, &o->failure));
  r->limits = o->failure;
  r->load_n = head_force(f->model, r->solution);
  CHECK(r->load_n > 0, ST_NUMERIC, "fall: the head cap pulls (%g N); the pose is upside down",
        r->load_n);
  r->stiffness_n_mm = r->load_n / r->displacement_mm;
  r->failure_load_n = r->load_n * r->failure.factor_volume;
  r->model = f->model;
  f->model = NULL;
  snprintf(r->recipe, sizeof r->recipe, "%s", FEA_FALL_RECIPE);
  snprintf(r->words, sizeof r->words, "%s %s %s hex %g mm", FEA_FALL_RECIPE, fea_law_names[o->law],
           f->map.words, o->size_mm);
  *out = r;
  r = NULL;
  if (femur) {
    *femur = f;
    f = NULL;
  }
done:
  femur_model_destroy(f);
  fea_fall_destroy(r);
  return st;
}

static const char *region_name(const struct hip_frame *frame) {
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

status fea_fall_run(struct fea_fall **out, const struct volume *density,
                    const struct labels *labels, int label, const struct hip_frame *frame,
                    const struct calibration *calibration, const struct fea_fall_options *options) {
  status st = ST_OK;
  const struct fea_fall_options *o = options ? options : &defaults;
  const struct fall_input in = {
      .density = density, .labels = labels, .label = label, .frame = frame};
  struct fea_fall *r = NULL;
  struct femur_model *f = NULL;
  struct fall_interval interval = {.low = NAN, .high = NAN};

  TRY(check_input(frame, o));
  TRY(fall_solve(&r, &f, &in, o));
  if (o->interval) TRY(fall_find_interval(&interval, r, &in, calibration, o));
  TRY(fall_record(&r->record, r, f, region_name(frame), frame, &interval, o));
  *out = r;
  r = NULL;
done:
  if (st) status_note("finite elements");
  femur_model_destroy(f);
  fea_fall_destroy(r);
  return st;
}

void fea_fall_destroy(struct fea_fall *f) {
  if (!f) return;
  record_destroy(f->record);
  fea_fields_destroy(f->fields);
  fea_solution_destroy(f->solution);
  fea_model_destroy(f->model);
  free(f);
}

double fea_fall_force(double mass_kg, double height_m) {
  /* sqrt(2 g h k m): h centre of gravity 0.51 x height, m 7/20 of body mass, k 71 kN/m */
  return sqrt(2 * 9.81 * 0.51 * height_m * 71e3 * 0.35 * mass_kg);
}

double fea_fall_force_attenuated(double force_n, double tissue_mm) {
  return fmax(0, force_n - 71 * tissue_mm);
}

status fea_fall_write(const struct fea_fall *f, const char *stem, const cJSON *provenance,
                      bool force) {
  return fea_store_fields(f->model, f->solution, f->fields, &f->failure, f->words, stem, provenance,
                          force);
}
