/* The numbers of a fall as rows. */
#include "fea/fall_parts.h"
#include "fea/record_rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void fall_flag_site(struct measurement *m, const struct hip_frame *frame, struct vec3 site) {
  measurement_flag(m, "weakest in the %s", hip_region_name(hip_frame_region(frame, site)));
}

static void add_failure(struct fea_rows_writer *w, const struct fea_fall *r,
                        const struct femur_model *f, const struct hip_frame *frame,
                        const struct fall_interval *interval, const struct fea_fall_options *o) {
  struct measurement *m = fea_row(w, "failure_load", r->failure_load_n, "N", "schileo2014");
  m->low = interval->low;
  m->high = interval->high;
  m->n = r->failure.judged;
  const struct geometry *g = &r->model->grid;
  const int64_t v = r->failure.site_voxel;
  fall_flag_site(m, frame,
                 geometry_to_world(g, vec3_make((double)(v % g->nx), (double)(v / g->nx % g->ny),
                                                (double)(v / (g->nx * g->ny)))));
  const double share = (double)f->floor_voxels / (double)f->bone_voxels;
  if (f->pose.distal_mm < o->distal_mm - 0.01)
    measurement_flag(m, "shaft cut %.0f mm below the head, the recipe wants %.0f mm",
                     f->pose.distal_mm, o->distal_mm);
  if (share > 0.05) measurement_flag(m, "%.0f %% of elements at the modulus floor", 100 * share);
  if (strcmp(frame->method, "reference") == 0) measurement_flag(m, "%s", frame->flags);
  if (frame->head_cut > 0.02) measurement_flag(m, "%.0f %% of the head cut", 100 * frame->head_cut);
  if (o->interval && interval->missing[0])
    measurement_flag(m, "interval without %s", interval->missing);
  if (o->interval && isfinite(interval->law_low))
    measurement_flag(m, "%.0f to %.0f N over the modulus laws of the femur, not in the interval",
                     interval->law_low, interval->law_high);
  if (r->failure_load_n < 500 || r->failure_load_n > 12000)
    measurement_flag(m, "outside the range of tested femora (about 1000-9000 N)");
}

/* The row of the failure load is the first. */
void fall_contact_row(struct fea_rows_writer *w, double failure_load_n, double off_contact_n,
                      const struct fea_fall_options *o) {
  if (o->failure.contact_mm > 0) return;
  struct measurement *m = fea_row(w, "failure_load_off_contact", off_contact_n, "N", "schileo2014");
  if (isnan(off_contact_n)) {
    measurement_flag(m, "no bone is left beyond %g mm from a cap", o->intrusion_mm);
    return;
  }
  const double percent = 100 * (off_contact_n / failure_load_n - 1);
  measurement_flag(m, "bone within %g mm of a cap is not judged: %+.0f %%", o->intrusion_mm,
                   percent);
  measurement_flag(&w->record->rows[0], "%.0f N (%+.0f %%) without bone within %g mm of a cap",
                   off_contact_n, percent, o->intrusion_mm);
}

void fall_interval_rows(struct fea_rows_writer *w, double failure_load_n,
                        const struct fall_interval *interval, const struct fea_fall_options *o) {
  if (!o->interval) return;
  fea_row(w, "failure_load_outline_in", interval->mask_in, "N", "");
  fea_row(w, "failure_load_outline_out", interval->mask_out, "N", "");
  if (isfinite(interval->fine))
    fea_row(w, "failure_load_fine_mesh", interval->fine, "N", "");
  else
    fea_row(w, "failure_load_coarse_mesh", interval->coarse, "N", "");
  fea_row(w, "failure_load_density_low", interval->density_low, "N", "");
  fea_row(w, "failure_load_density_high", interval->density_high, "N", "");
  for (size_t i = w->record->count - 5; i < w->record->count; i++)
    if (isnan(w->record->rows[i].value)) measurement_flag(&w->record->rows[i], "not made");
  if (isfinite(interval->law_low)) {
    struct measurement *m = fea_row(w, "failure_load_laws", failure_load_n, "N", "knowles2016");
    m->low = interval->law_low;
    m->high = interval->law_high;
    measurement_flag(m, "low and high over other laws: %s", interval->laws);
  }
}

void fall_force_rows(struct fea_rows_writer *w, double failure_load_n,
                     const struct fall_interval *interval, const struct fea_fall_options *o) {
  double force = o->fall_force_n;
  const char *source = "";
  if (isnan(force) && !isnan(o->mass_kg) && !isnan(o->height_m)) {
    force = o->force_rule ? fea_fall_force_by_weight(o->mass_kg, o->height_m)
                          : fea_fall_force(o->mass_kg, o->height_m);
    source = o->force_rule ? "" : "bouxsein2007";
  }
  if (isnan(force)) return;
  struct measurement *impact = fea_row(w, "force", force, "N", source);
  if (o->force_rule && isnan(o->fall_force_n))
    measurement_flag(impact, "8.25 x weight x sqrt(height/1.7 m), unverified");
  if (!isnan(o->tissue_mm) && isnan(o->fall_force_n)) {
    force = fea_fall_force_attenuated(force, o->tissue_mm);
    struct measurement *left = fea_row(w, "force_attenuated", force, "N", "robinovitch1995");
    if (force <= 0) {
      left->value = force = NAN;
      measurement_flag(left,
                       "%.0f mm of soft tissue would take more than the whole force: the rule "
                       "of 71 N per mm does not reach so far",
                       o->tissue_mm);
    }
  }
  struct measurement *m = fea_row(w, "factor_of_risk", force / failure_load_n, "", "bouxsein2007");
  m->low = force / interval->high;
  m->high = force / interval->low;
  if (isnan(force)) measurement_flag(m, "no force is left by the rule for soft tissue");
  if (isnan(o->tissue_mm) && isnan(o->fall_force_n))
    measurement_flag(m, "fall force not reduced by soft tissue (thickness not given)");
}

status fall_record(struct record **out, const struct fea_fall *r, const struct femur_model *f,
                   const char *region, const struct hip_frame *frame,
                   const struct fall_interval *interval, const struct fea_fall_options *o) {
  status st = ST_OK;
  struct fea_rows_writer w = {.prefix = r->recipe_kind == FEA_STANCE ? "stance" : "fall",
                              .region = region,
                              .method = r->words};
  TRY(record_create(&w.record, ""));
  add_failure(&w, r, f, frame, interval, o);
  fall_contact_row(&w, r->failure_load_n, r->off_contact_n, o);
  fea_row(&w, "stiffness", r->stiffness_n_mm, "N/mm", "ogo");
  fea_failure_rows(&w, &r->failure, r->load_n);
  fea_row(&w, "load", r->load_n, "N", "ogo")->n = -1;
  fea_row(&w, "displacement", r->displacement_mm, "mm", "ogo");
  fea_row(&w, "element_size", o->size_mm, "mm", "");
  fea_row(&w, "mean_modulus", f->mean_modulus_mpa, "MPa",
          o->user_law ? o->user_law->source : fea_law_at(o->law)->source);
  fea_solution_rows(&w, r->model, r->solution);
  fall_interval_rows(&w, r->failure_load_n, interval, o);
  if (r->recipe_kind != FEA_STANCE) fall_force_rows(&w, r->failure_load_n, interval, o);
  CHECK(!w.failed, ST_MEMORY, "fall: no memory for the record");
  *out = w.record;
  w.record = NULL;
done:
  record_destroy(w.record);
  return st;
}
