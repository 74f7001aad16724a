#include "fea/envelope.h"

#include "core/plot.h"
#include "fea/bone_check.h"
#include "fea/envelope_parts.h"
#include "fea/figures.h"
#include "fea/tet_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fea_envelope_options defaults = FEA_ENVELOPE_DEFAULTS;
static const double degree = 3.14159265358979323846 / 180;

static status check_input(const struct hip_frame *frame, const struct fea_envelope_options *o) {
  status st = ST_OK;
  CHECK(!frame->metal && !frame->truncated, ST_DOMAIN,
        "envelope: the proximal femur %s; its strength needs all of it: take %s",
        frame->metal ? "holds metal" : "is cut by the scan",
        frame->metal ? "the other femur" : "a scan that begins above the head");
  CHECK(frame->head_radius_mm > 0 && isfinite(frame->shaft_axis.x), ST_DOMAIN,
        "envelope: the hip frame has no head or no shaft");
  CHECK(femur_distal_limit_mm(frame) >= 60, ST_DOMAIN,
        "envelope: the bone ends %.0f mm below the head centre; at least 65 mm are needed: take a "
        "scan that goes as far down the thigh",
        frame->distal_mm);
  CHECK(o->alpha_deg >= 0 && o->alpha_deg <= 60 && o->beta_deg >= 0 && o->beta_deg <= 60 &&
            o->step_deg >= 1,
        ST_DOMAIN,
        "envelope: directions to +-%g and +-%g degrees by %g; permitted are 0 .. 60 by 1 "
        "or more",
        o->alpha_deg, o->beta_deg, o->step_deg);
  const double least = o->elements == FEA_HEX8 ? 0.3 : 0.5, most = o->elements == FEA_HEX8 ? 5 : 10;
  CHECK(o->model.size_mm >= least && o->model.size_mm <= most, ST_DOMAIN,
        "envelope: elements of %g mm, permitted are %g .. %g mm", o->model.size_mm, least, most);
  CHECK(o->elements == FEA_HEX8 || !o->model.bins, ST_DOMAIN,
        "envelope: tetrahedra take densities without bins only");
done:
  return st;
}

/* Unit force of a direction in model axes: straight down is -y. */
static void force_of(double alpha_deg, double beta_deg, double force[3]) {
  const double a = alpha_deg * degree, b = beta_deg * degree;
  force[0] = sin(b) * cos(a);
  force[1] = -cos(b) * cos(a);
  force[2] = -sin(a);
}

/* Every direction, then the weakest once more so that its fields stay. */
static status sweep(struct fea_envelope *e, const struct envelope_units *u,
                    const struct fea_envelope_options *o) {
  status st = ST_OK;
  double force[3];
  for (int i = 0; i < e->count; i++) {
    struct fea_envelope_direction *d = &e->direction[i];
    d->alpha_deg = (i / e->betas - e->alphas / 2) * o->step_deg;
    d->beta_deg = (i % e->betas - e->betas / 2) * o->step_deg;
    force_of(d->alpha_deg, d->beta_deg, force);
    TRY(envelope_judge(e, u, force, &d->failure_load_n, &d->site));
    if (d->failure_load_n < e->direction[e->weakest].failure_load_n) e->weakest = i;
  }
  struct fea_envelope_direction *w = &e->direction[e->weakest];
  force_of(w->alpha_deg, w->beta_deg, force);
  TRY(envelope_judge(e, u, force, &w->failure_load_n, &w->site));
done:
  return st;
}

static void solver_rows(struct fea_rows_writer *rows, const struct fea_envelope *e,
                        const struct envelope_units *u) {
  if (!e->tets) {
    fea_solution_rows(rows, e->model, u->cubes[1]);
    return;
  }
  fea_row(rows, "elements", (double)e->tets->mesh->element_count, "", "");
  fea_row(rows, "residual", u->tets[1]->residual, "", "");
  fea_row(rows, "balance", u->tets[1]->balance, "", "");
}

static status make_record(struct fea_envelope *e, const struct hip_frame *frame,
                          const struct envelope_units *u) {
  status st = ST_OK;
  char region[32];
  const struct fea_envelope_direction *w = &e->direction[e->weakest];
  double most = 0;
  snprintf(region, sizeof region, "femur_%s", side_name(frame->side));
  struct fea_rows_writer rows = {.prefix = "envelope", .region = region, .method = e->words};
  for (int i = 0; i < e->count; i++) {
    if (e->direction[i].failure_load_n > most) most = e->direction[i].failure_load_n;
  }
  TRY(record_create(&rows.record, ""));
  e->record = rows.record;
  struct measurement *m = fea_row(&rows, "failure_load_min", w->failure_load_n, "N", "schileo2014");
  if (!e->tets) m->n = e->failure.judged;
  if (fabs(w->alpha_deg) == fabs(e->direction[0].alpha_deg) ||
      fabs(w->beta_deg) == fabs(e->direction[0].beta_deg))
    measurement_flag(m, "the weakest direction is at the edge of the grid");
  fea_row(&rows, "alpha_min", w->alpha_deg, "deg", "");
  fea_row(&rows, "beta_min", w->beta_deg, "deg", "");
  fea_row(&rows, "failure_load_straight", e->direction[e->count / 2].failure_load_n, "N",
          "schileo2014");
  fea_row(&rows, "failure_load_max", most, "N", "schileo2014");
  solver_rows(&rows, e, u);
  CHECK(!rows.failed, ST_MEMORY, "envelope: no memory for the record");
done:
  return st;
}

status fea_envelope_run(struct fea_envelope **out, const struct volume *density,
                        const struct labels *labels, int label, const struct hip_frame *frame,
                        const struct fea_envelope_options *options) {
  status st = ST_OK;
  const struct fea_envelope_options *o = options ? options : &defaults;
  const struct fall_input in = {
      .density = density, .labels = labels, .label = label, .frame = frame};
  struct envelope_units units = {.exclude = NULL};
  struct fea_envelope *e = calloc(1, sizeof *e);
  CHECK(e, ST_MEMORY, "envelope: no memory");
  TRY(check_input(frame, o));
  TRY(fall_check_place(labels, label, frame));
  e->alphas = 2 * (int)floor(o->alpha_deg / o->step_deg + 1e-9) + 1;
  e->betas = 2 * (int)floor(o->beta_deg / o->step_deg + 1e-9) + 1;
  e->count = e->alphas * e->betas;
  e->frame = *frame;
  e->direction = calloc((size_t)e->count, sizeof *e->direction);
  CHECK(e->direction, ST_MEMORY, "envelope: no memory for %d directions", e->count);
  TRY(envelope_solve(&units, e, &in, o));
  TRY(sweep(e, &units, o));
  TRY(make_record(e, frame, &units));
  fea_flag_inputs(e->record, density,
                  o->model.user_law ? o->model.user_law : fea_law_at(o->model.law));
  *out = e;
  e = NULL;
done:
  if (st) status_note("finite elements, envelope");
  envelope_units_clear(&units);
  fea_envelope_destroy(e);
  return st;
}

void fea_envelope_destroy(struct fea_envelope *e) {
  if (!e) return;
  record_destroy(e->record);
  fea_fields_destroy(e->fields);
  fea_model_destroy(e->model);
  fea_tet_fall_destroy(e->tets);
  free(e->direction);
  free(e);
}

status fea_envelope_table(struct table **out, const struct fea_envelope *e) {
  static const struct {
    const char *name, *unit;
    bool numeric;
  } columns[] = {{"alpha", "deg", true}, {"beta", "deg", true},  {"failure_load", "N", true},
                 {"site_x", "mm", true}, {"site_y", "mm", true}, {"site_z", "mm", true},
                 {"region", "", false}};
  status st = ST_OK;
  struct table *t = NULL;
  TRY(table_create(&t, (size_t)e->count));
  for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++)
    TRY(table_add_column(t, columns[c].name, columns[c].unit, columns[c].numeric));
  for (int i = 0; i < e->count; i++) {
    const struct fea_envelope_direction *d = &e->direction[i];
    const double row[6] = {d->alpha_deg, d->beta_deg, d->failure_load_n,
                           d->site.x,    d->site.y,   d->site.z};
    for (int c = 0; c < 6; c++) t->columns[c].numbers[i] = row[c];
    TRY(table_set_text(t, (size_t)i, 6, hip_region_name(hip_frame_region(&e->frame, d->site))));
  }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  return st;
}

status fea_envelope_svg(struct text *out, const struct fea_envelope *e) {
  static const uint32_t colours[] = {COLOUR_BLUE, COLOUR_SKY,  COLOUR_GREEN, COLOUR_ORANGE,
                                     COLOUR_RED,  COLOUR_PINK, COLOUR_YELLOW};
  status st = ST_OK;
  struct plot *p = NULL;
  double *x = malloc(2 * (size_t)e->alphas * sizeof *x), *y = x ? x + e->alphas : NULL;
  double most = 0;
  char label[48];
  CHECK(x, ST_MEMORY, "envelope: no memory for the picture");
  TRY(plot_create(&p, 640, 520, "across the fall, failure load x sin alpha [N]",
                  "along the fall, failure load x cos alpha [N]"));
  plot_title(p, "failure load by direction: distance from the origin, at angle alpha");
  for (int b = 0; b < e->betas; b++) {
    for (int a = 0; a < e->alphas; a++) {
      const struct fea_envelope_direction *d = &e->direction[a * e->betas + b];
      x[a] = d->failure_load_n * sin(d->alpha_deg * degree);
      y[a] = d->failure_load_n * cos(d->alpha_deg * degree);
      if (d->failure_load_n > most) most = d->failure_load_n;
    }
    snprintf(label, sizeof label, "beta %g deg", e->direction[b].beta_deg);
    plot_line(p, x, y, e->alphas, colours[b % 7], label);
    plot_points(p, x, y, e->alphas, colours[b % 7], NULL);
  }
  for (int a = 0; a < e->alphas; a++) { /* rays */
    const double angle = e->direction[a * e->betas].alpha_deg * degree;
    const double ray[2][2] = {{0, most * sin(angle)}, {0, most * cos(angle)}};
    plot_dashed(p, ray[0], ray[1], 2, 0xB0B0B0, NULL);
  }
  plot_range_y(p, 0, 1.05 * most);
  plot_range_x(p, -0.7 * most, 0.7 * most);
  TRY(plot_svg(p, out));
done:
  plot_destroy(p);
  free(x);
  return st;
}

status fea_envelope_picture(struct picture **out, const struct fea_envelope *e) {
  if (e->tets) return fea_tet_picture(out, e->tets);
  const struct geometry *g = &e->model->grid;
  const int64_t site = e->failure.site_voxel;
  const struct fea_envelope_direction *w = &e->direction[e->weakest];
  char caption[160];
  const struct fea_view views[3] = {
      {.right = 2, .up = 1, .cut = site % g->nx, .title = "cut at the site, ground below"},
      {.right = 2, .up = 1, .cut = -1, .title = "largest through the bone"},
      {.right = 0, .up = 1, .cut = site / (g->nx * g->ny), .title = "across"}};
  snprintf(caption, sizeof caption,
           "weakest direction alpha %g, beta %g deg: %.0f N; orange tension, blue compression",
           w->alpha_deg, w->beta_deg, w->failure_load_n);
  return fea_figure(out, e->model, e->fields, &e->failure, &e->limits, w->failure_load_n, views, 3,
                    1200, caption);
}
