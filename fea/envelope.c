#include "fea/envelope.h"

#include "core/plot.h"
#include "fea/cap.h"
#include "fea/femur_model.h"
#include "fea/figures.h"
#include "fea/record_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fea_envelope_options defaults = FEA_ENVELOPE_DEFAULTS;
static const double degree = 3.14159265358979323846 / 180;
#define LOADED_SHARE 0.8 /* of the head's radius */

static status check_input(const struct hip_frame *frame, const struct fea_envelope_options *o) {
  status st = ST_OK;
  CHECK(!frame->metal && !frame->truncated, ST_DOMAIN,
        "envelope: the proximal femur %s; its strength needs all of it",
        frame->metal ? "holds metal" : "is cut by the scan");
  CHECK(frame->head_radius_mm > 0 && isfinite(frame->shaft_axis.x), ST_DOMAIN,
        "envelope: the hip frame has no head or no shaft");
  CHECK(femur_distal_limit_mm(frame) >= 60, ST_DOMAIN,
        "envelope: the bone ends %.0f mm below the head centre; at least 65 mm are needed",
        frame->distal_mm);
  CHECK(o->alpha_deg >= 0 && o->alpha_deg <= 60 && o->beta_deg >= 0 && o->beta_deg <= 60 &&
            o->step_deg >= 1,
        ST_DOMAIN,
        "envelope: directions to +-%g and +-%g degrees by %g; permitted are 0 .. 60 by 1 "
        "or more",
        o->alpha_deg, o->beta_deg, o->step_deg);
done:
  return st;
}

static double head_distance(const struct femur_model *f, struct vec3 world) {
  return vec3_length(vec3_sub(world, f->pose.head));
}

/* One newton along `axis`, spread over the nodes of the head. */
static status load_head(struct femur_model *f, double radius_mm, int axis) {
  status st = ST_OK;
  struct fea_model *m = f->model;
  int64_t count = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int64_t node = 0; node < (m->grid.nx + 1) * (m->grid.ny + 1) * (m->grid.nz + 1); node++) {
      int64_t at[3];
      if (head_distance(f, fea_model_node_world(m, node)) > radius_mm) continue;
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

static status make_model(struct femur_model **out, const struct volume *density,
                         const struct labels *labels, int label, const struct hip_frame *frame,
                         const struct fea_fall_options *o) {
  static const char *const names[3] = {"x", "y", "z"};
  status st = ST_OK;
  struct femur_model *f = NULL;
  int64_t face;
  const double distal = fmin(o->distal_mm, femur_distal_limit_mm(frame));
  const struct femur_pose pose = femur_pose_fall(frame, o->tilt_deg, o->rotation_deg, distal);
  const struct femur_model_options fo = {.size_mm = o->size_mm,
                                         .poisson = o->poisson,
                                         .least_mpa = o->least_mpa,
                                         .law = o->law,
                                         .conversion = o->conversion,
                                         .user_law = o->user_law,
                                         .bins = o->bins};
  const struct fea_cap cap = {1, 0, o->cap_mm, o->intrusion_mm, o->cap_mpa, NULL};
  TRY(femur_model_create(&f, density, labels, label, &pose,
                         o->cap_mm - o->intrusion_mm + 2 * o->size_mm, &fo));
  TRY(fea_cap_add(f->model, &cap, &face));
  TRY(fea_model_fix_plane(f->model, 1, face, 1, 0));
  TRY(femur_model_fix_distal(f, 0, 0));
  TRY(femur_model_fix_distal(f, 2, 0));
  for (int axis = 0; axis < 3; axis++) {
    if (axis) TRY(fea_model_add_case(f->model, names[axis]));
    TRY(load_head(f, LOADED_SHARE * frame->head_radius_mm, axis));
  }
  TRY(fea_model_finish(f->model));
  *out = f;
  f = NULL;
done:
  femur_model_destroy(f);
  return st;
}

/* Unit force of a direction in model axes: straight down is -y. */
static void force_of(double alpha_deg, double beta_deg, double force[3]) {
  const double a = alpha_deg * degree, b = beta_deg * degree;
  force[0] = sin(b) * cos(a);
  force[1] = -cos(b) * cos(a);
  force[2] = -sin(a);
}

/* Bone around the head's centre is not judged. */
static status exclude_head(uint8_t **out, const struct femur_model *f, double radius_mm) {
  status st = ST_OK;
  const struct geometry *g = &f->model->grid;
  uint8_t *exclude = malloc((size_t)geometry_voxels(g));
  CHECK(exclude, ST_MEMORY, "envelope: no memory");
  for (int64_t v = 0; v < geometry_voxels(g); v++) {
    const struct vec3 index = {(double)(v % g->nx), (double)(v / g->nx % g->ny),
                               (double)(v / (g->nx * g->ny))};
    exclude[v] = head_distance(f, geometry_to_world(g, index)) < radius_mm;
  }
  *out = exclude;
done:
  return st;
}

static void combine(struct fea_fields *to, struct fea_fields *const unit[3], const double force[3],
                    const struct fea_model *m) {
  for (int64_t i = 0; i < 6 * to->count; i++)
    to->strain[i] =
        (float)(force[0] * (double)unit[0]->strain[i] + force[1] * (double)unit[1]->strain[i] +
                force[2] * (double)unit[2]->strain[i]);
  fea_fields_from_strain(to, m);
}

static status sweep(struct fea_envelope *e, struct fea_fields *const unit[3],
                    const struct fea_failure_options *judge, const struct fea_envelope_options *o) {
  status st = ST_OK;
  double least = INFINITY;
  for (int i = 0; i < e->count; i++) {
    struct fea_envelope_direction *d = &e->direction[i];
    struct fea_failure failure;
    double force[3];
    d->alpha_deg = (i / e->betas - e->alphas / 2) * o->step_deg;
    d->beta_deg = (i % e->betas - e->betas / 2) * o->step_deg;
    force_of(d->alpha_deg, d->beta_deg, force);
    combine(e->fields, unit, force, e->model);
    TRY(fea_failure_find(&failure, e->model, e->fields, judge));
    d->failure_load_n = failure.factor_volume; /* of 1 N */
    d->site_voxel = failure.site_voxel;
    if (d->failure_load_n >= least) continue;
    least = d->failure_load_n;
    e->weakest = i;
    e->failure = failure;
  }
  double force[3];
  force_of(e->direction[e->weakest].alpha_deg, e->direction[e->weakest].beta_deg, force);
  combine(e->fields, unit, force, e->model);
done:
  return st;
}

static status make_record(struct fea_envelope *e, const struct hip_frame *frame,
                          const struct fea_solution *solution) {
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
  m->n = e->failure.judged;
  if (fabs(w->alpha_deg) == fabs(e->direction[0].alpha_deg) ||
      fabs(w->beta_deg) == fabs(e->direction[0].beta_deg))
    measurement_flag(m, "the weakest direction is at the edge of the grid");
  fea_row(&rows, "alpha_min", w->alpha_deg, "deg", "");
  fea_row(&rows, "beta_min", w->beta_deg, "deg", "");
  fea_row(&rows, "failure_load_straight", e->direction[e->count / 2].failure_load_n, "N",
          "schileo2014");
  fea_row(&rows, "failure_load_max", most, "N", "schileo2014");
  fea_solution_rows(&rows, e->model, solution);
  CHECK(!rows.failed, ST_MEMORY, "envelope: no memory for the record");
done:
  return st;
}

status fea_envelope_run(struct fea_envelope **out, const struct volume *density,
                        const struct labels *labels, int label, const struct hip_frame *frame,
                        const struct fea_envelope_options *options) {
  status st = ST_OK;
  const struct fea_envelope_options *o = options ? options : &defaults;
  const struct fea_fall_options *mo = &o->model;
  struct femur_model *f = NULL;
  struct fea_solution *solution[FEA_CASES] = {NULL};
  struct fea_fields *unit[3] = {NULL};
  uint8_t *exclude = NULL;
  struct fea_failure_options judge = mo->failure;
  struct fea_envelope *e = calloc(1, sizeof *e);
  CHECK(e, ST_MEMORY, "envelope: no memory");
  TRY(check_input(frame, o));
  e->alphas = 2 * (int)floor(o->alpha_deg / o->step_deg + 1e-9) + 1;
  e->betas = 2 * (int)floor(o->beta_deg / o->step_deg + 1e-9) + 1;
  e->count = e->alphas * e->betas;
  e->frame = *frame;
  e->direction = calloc((size_t)e->count, sizeof *e->direction);
  CHECK(e->direction, ST_MEMORY, "envelope: no memory for %d directions", e->count);
  TRY(make_model(&f, density, labels, label, frame, mo));
  TRY(fea_solve_all(solution, f->model, &mo->solve));
  TRY(exclude_head(&exclude, f, frame->head_radius_mm));
  judge.exclude = exclude;
  for (int a = 0; a < 3; a++) TRY(fea_fields_create(&unit[a], f->model, solution[a]));
  TRY(fea_fields_create(&e->fields, f->model, solution[0]));
  snprintf(e->words, sizeof e->words, "%s %s %s hex %g mm", FEA_ENVELOPE_RECIPE,
           mo->user_law ? mo->user_law->key : fea_law_names[mo->law], f->map.words, mo->size_mm);
  e->model = f->model;
  f->model = NULL;
  e->limits = mo->failure;
  TRY(sweep(e, unit, &judge, o));
  TRY(make_record(e, frame, solution[1]));
  *out = e;
  e = NULL;
done:
  if (st) status_note("finite elements, %s", FEA_ENVELOPE_RECIPE);
  for (int a = 0; a < 3; a++) fea_fields_destroy(unit[a]);
  for (int c = 0; c < FEA_CASES; c++) fea_solution_destroy(solution[c]);
  free(exclude);
  femur_model_destroy(f);
  fea_envelope_destroy(e);
  return st;
}

void fea_envelope_destroy(struct fea_envelope *e) {
  if (!e) return;
  record_destroy(e->record);
  fea_fields_destroy(e->fields);
  fea_model_destroy(e->model);
  free(e->direction);
  free(e);
}

static struct vec3 voxel_world(const struct geometry *g, int64_t v) {
  return geometry_to_world(g, vec3_make((double)(v % g->nx), (double)(v / g->nx % g->ny),
                                        (double)(v / (g->nx * g->ny))));
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
    const struct vec3 at = voxel_world(&e->model->grid, d->site_voxel);
    const double row[6] = {d->alpha_deg, d->beta_deg, d->failure_load_n, at.x, at.y, at.z};
    for (int c = 0; c < 6; c++) t->columns[c].numbers[i] = row[c];
    TRY(table_set_text(t, (size_t)i, 6, hip_region_name(hip_frame_region(&e->frame, at))));
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
  const struct geometry *g = &e->model->grid;
  const int64_t site = e->failure.site_voxel;
  const struct fea_envelope_direction *w = &e->direction[e->weakest];
  char caption[160];
  const struct fea_view views[3] = {
      {.right = 2, .up = 1, .cut = site % g->nx, .title = "cut at the site, ground below"},
      {.right = 2, .up = 1, .cut = -1, .title = "largest through the bone"},
      {.right = 0, .up = 1, .cut = site / (g->nx * g->ny), .title = "across"}};
  snprintf(caption, sizeof caption,
           "weakest direction alpha %g, beta %g deg: %.0f N; red tension, blue compression",
           w->alpha_deg, w->beta_deg, w->failure_load_n);
  return fea_figure(out, e->model, e->fields, &e->failure, &e->limits, w->failure_load_n, views, 3,
                    1200, caption);
}
