/* The numbers of a recipe on tetrahedra as rows. */
#include "fea/fall_parts.h"

#include <math.h>
#include <string.h>

static void add_failure(struct fea_rows_writer *w, const struct fea_tet_fall *r,
                        const struct hip_frame *frame, const struct fall_interval *interval,
                        const struct fea_fall_options *o) {
  struct measurement *m = fea_row(w, "failure_load", r->failure_load_n, "N", "schileo2014");
  m->low = interval->low;
  m->high = interval->high;
  fall_flag_site(m, frame, tet_to_world(&r->frame, fea_mesh_point(r->mesh, r->failure.site_node)));
  if (r->distal_mm < o->distal_mm - 0.01)
    measurement_flag(m, "shaft cut %.0f mm below the head, the recipe wants %.0f mm", r->distal_mm,
                     o->distal_mm);
  if (strcmp(frame->method, "reference") == 0) measurement_flag(m, "%s", frame->flags);
  if (r->caps[0].contact_mm2 < 50)
    measurement_flag(m, "head touches its cap on %.0f mm2", r->caps[0].contact_mm2);
  if (o->interval && interval->missing[0])
    measurement_flag(m, "interval without %s", interval->missing);
  if (r->failure_load_n < 500 || r->failure_load_n > 12000)
    measurement_flag(m, "outside the range of tested femora (about 1000-9000 N)");
}

static void add_mesh(struct fea_rows_writer *w, const struct fea_tet_fall *r) {
  fea_row(w, "elements", (double)r->mesh->element_count, "", "");
  fea_row(w, "cube_edge", cbrt(r->quality.mesh_mm3 / (double)r->map.mapped), "mm", "");
  fea_row(w, "nodes", (double)r->mesh->node_count, "", "");
  fea_row(w, "bone_volume", r->quality.mesh_mm3, "mm3", "");
  fea_row(w, "scaled_jacobian_least", r->quality.least, "", "");
  fea_row(w, "straightened", (double)r->quality.straightened, "", "");
  fea_row(w, "residual", r->solution->residual, "", "");
  fea_row(w, "balance", r->solution->balance, "", "");
}

status fall_tet_record(struct fea_tet_fall *r, const struct hip_frame *frame,
                       const struct fall_interval *interval, const struct fea_fall_options *o) {
  status st = ST_OK;
  const struct fea_law *law = o->user_law ? o->user_law : fea_law_at(o->law);
  struct fea_rows_writer w = {.prefix = o->recipe == FEA_STANCE ? "stance" : "fall",
                              .region = fall_region(frame),
                              .method = r->words};
  TRY(record_create(&w.record, ""));
  add_failure(&w, r, frame, interval, o);
  fall_contact_row(&w, r->failure_load_n, r->off_contact_n, o);
  fea_row(&w, "stiffness", r->stiffness_n_mm, "N/mm", "ogo");
  fea_row(&w, "failure_load_strain_limit", r->load_n * r->failure.factor_limit, "N", "schileo2014");
  measurement_flag(fea_row(&w, "failure_load_pistoia", r->load_n * r->failure.factor_pistoia, "N",
                           "pistoia2002"),
                   "rule made for micro-FE of the radius; for comparison only");
  fea_row(&w, "load", r->load_n, "N", "ogo");
  fea_row(&w, "displacement", r->displacement_mm, "mm", "ogo");
  fea_row(&w, "element_size", o->size_mm, "mm", "");
  fea_row(&w, "mean_modulus", r->map.mean_modulus_mpa, "MPa", law->source);
  add_mesh(&w, r);
  fall_interval_rows(&w, r->failure_load_n, interval, o);
  if (o->recipe != FEA_STANCE) fall_force_rows(&w, r->failure_load_n, interval, o);
  CHECK(!w.failed, ST_MEMORY, "fall: no memory for the record");
  r->record = w.record;
  w.record = NULL;
done:
  record_destroy(w.record);
  return st;
}
