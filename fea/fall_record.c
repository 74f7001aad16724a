/* The numbers of a fall as rows. */
#include "fea/fall_parts.h"

#include <math.h>
#include <stdio.h>

struct writer {
  struct record *record;
  const char *region, *method;
  int failed;
};

static struct measurement *add(struct writer *w, const char *quantity, double value,
                               const char *unit, const char *source) {
  static struct measurement lost; /* takes the writes when memory ran out; checked at the end */
  struct measurement *m = record_add(w->record, w->region, quantity, value, unit);
  if (!m) {
    w->failed = 1;
    return &lost;
  }
  snprintf(m->method, sizeof m->method, "%s", w->method);
  snprintf(m->source, sizeof m->source, "%s", source);
  return m;
}

static void add_failure(struct writer *w, const struct fea_fall *r, const struct femur_model *f,
                        const struct hip_frame *frame, const struct fall_interval *interval,
                        const struct fea_fall_options *o) {
  struct measurement *m = add(w, "fall_failure_load", r->failure_load_n, "N", "schileo2014");
  m->low = interval->low;
  m->high = interval->high;
  m->n = r->failure.judged;
  const double share = (double)f->floor_voxels / (double)f->bone_voxels;
  if (f->pose.distal_mm < o->distal_mm - 0.01)
    measurement_flag(m, "shaft cut %.0f mm below the head, the recipe wants %.0f mm",
                     f->pose.distal_mm, o->distal_mm);
  if (share > 0.05) measurement_flag(m, "%.0f %% of elements at the modulus floor", 100 * share);
  if (frame->head_cut > 0.02) measurement_flag(m, "%.0f %% of the head cut", 100 * frame->head_cut);
  if (o->interval && interval->missing[0])
    measurement_flag(m, "interval without %s", interval->missing);
  if (r->failure_load_n < 500 || r->failure_load_n > 12000)
    measurement_flag(m, "outside the range of tested femora (about 1000-9000 N)");
}

static void add_force(struct writer *w, const struct fea_fall *r,
                      const struct fall_interval *interval, const struct fea_fall_options *o) {
  double force = o->fall_force_n;
  const char *source = "";
  if (isnan(force) && !isnan(o->mass_kg) && !isnan(o->height_m)) {
    force = fea_fall_force(o->mass_kg, o->height_m);
    source = "bouxsein2007";
  }
  if (isnan(force)) return;
  add(w, "fall_force", force, "N", source);
  if (!isnan(o->tissue_mm) && isnan(o->fall_force_n)) {
    force = fea_fall_force_attenuated(force, o->tissue_mm);
    add(w, "fall_force_attenuated", force, "N", "robinovitch1995");
  }
  struct measurement *m =
      add(w, "fall_factor_of_risk", force / r->failure_load_n, "", "bouxsein2007");
  m->low = force / interval->high;
  m->high = force / interval->low;
  if (isnan(o->tissue_mm) && isnan(o->fall_force_n))
    measurement_flag(m, "fall force not reduced by soft tissue (thickness not given)");
}

status fall_record(struct record **out, const struct fea_fall *r, const struct femur_model *f,
                   const char *region, const struct hip_frame *frame,
                   const struct fall_interval *interval, const struct fea_fall_options *o) {
  status st = ST_OK;
  struct writer w = {.region = region, .method = r->words};
  TRY(record_create(&w.record, ""));
  add_failure(&w, r, f, frame, interval, o);
  add(&w, "fall_stiffness", r->stiffness_n_mm, "N/mm", "ogo");
  struct measurement *m = add(&w, "fall_failure_load_strain_limit",
                              r->load_n * r->failure.factor_limit, "N", "schileo2014");
  measurement_flag(m, "decided by a single element");
  m = add(&w, "fall_failure_load_pistoia", r->load_n * r->failure.factor_pistoia, "N",
          "pistoia2002");
  measurement_flag(m, "rule made for micro-FE of the radius; for comparison only");
  add(&w, "fall_load", r->load_n, "N", "ogo")->n = -1;
  add(&w, "fall_displacement", r->displacement_mm, "mm", "ogo");
  add(&w, "fall_element_size", o->size_mm, "mm", "");
  add(&w, "fall_elements", (double)r->model->element_count, "", "");
  add(&w, "fall_mean_modulus", f->mean_modulus_mpa, "MPa", fea_law_at(o->law)->source);
  add(&w, "fall_dropped", (double)(r->model->dropped_bone + r->model->dropped_cap), "", "");
  add(&w, "fall_residual", r->solution->residual, "", "");
  add(&w, "fall_balance", r->solution->balance, "", "");
  if (o->interval) {
    add(&w, "fall_failure_load_outline_in", interval->mask_in, "N", "");
    add(&w, "fall_failure_load_outline_out", interval->mask_out, "N", "");
    add(&w, "fall_failure_load_coarse_mesh", interval->coarse, "N", "");
    add(&w, "fall_failure_load_density_low", interval->density_low, "N", "");
    add(&w, "fall_failure_load_density_high", interval->density_high, "N", "");
    for (size_t i = w.record->count - 5; i < w.record->count; i++)
      if (isnan(w.record->rows[i].value)) measurement_flag(&w.record->rows[i], "not made");
  }
  add_force(&w, r, interval, o);
  CHECK(!w.failed, ST_MEMORY, "fall: no memory for the record");
  *out = w.record;
  w.record = NULL;
done:
  record_destroy(w.record);
  return st;
}
