#include "fea/spine.h"

#include "core/filter.h"
#include "core/log.h"
#include "fea/bone_check.h"
#include "fea/cap.h"
#include "fea/femur_model.h"
#include "fea/figures.h"
#include "fea/record_rows.h"
#include "fea/sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fea_spine_options defaults = FEA_SPINE_DEFAULTS;
static const double degree = 3.14159265358979323846 / 180;

/* A model made, with the faces it is pressed at. */
struct built {
  struct femur_model *bone;
  int64_t low_face, high_face; /* node planes */
  double displacement_mm;
};

static status check_input(const struct volume *density, const struct fea_spine_labels *l,
                          const struct fea_spine_options *o) {
  status st = ST_OK;
  int64_t low[3], high[3];
  char absent[256];
  CHECK(labels_box(l->vertebra, l->value, low, high), ST_DOMAIN, "vertebra: %s",
        labels_absent(absent, l->vertebra, l->value));
  const int64_t n[3] = {density->grid.nx, density->grid.ny, density->grid.nz};
  for (int a = 0; a < 3; a++)
    CHECK(low[a] > 0 && high[a] < n[a] - 1, ST_DOMAIN,
          "vertebra: it touches the edge of the scan; its strength needs all of it");
  CHECK(o->size_mm >= 0.3 && o->size_mm <= 5, ST_DOMAIN,
        "vertebra: elements of %g mm, permitted are 0.3 .. 5 mm", o->size_mm);
  CHECK(o->strain > 0 && o->strain <= 0.2, ST_DOMAIN,
        "vertebra: shortening of %g of the height, permitted are 0 .. 0.2", o->strain);
  CHECK(fabs(o->wedge_deg) <= 5, ST_DOMAIN, "vertebra: wedge of %g degrees, permitted are -5 .. 5",
        o->wedge_deg);
done:
  return st;
}

struct column {
  struct vec3 middle; /* LPS mm */
  double height_mm;
};

static int by_height(const void *a, const void *b) {
  const double x = ((const struct column *)a)->height_mm, y = ((const struct column *)b)->height_mm;
  return x < y ? -1 : x > y;
}

/* Columns of label 1 along the image axis that lies nearest to the patient's; returns how many. */
static int64_t find_columns(struct column *columns, const struct labels *body) {
  const struct geometry *g = &body->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz}, step[3] = {1, g->nx, g->nx * g->ny};
  int up = 0;
  for (int a = 1; a < 3; a++)
    if (fabs(g->direction[6 + a]) > fabs(g->direction[6 + up])) up = a;
  const int p = (up + 1) % 3, q = (up + 2) % 3;
  int64_t count = 0;
  for (int64_t b = 0; b < n[q]; b++)
    for (int64_t a = 0; a < n[p]; a++) {
      int64_t low = -1, high = -1;
      for (int64_t c = 0; c < n[up]; c++)
        if (body->voxels[a * step[p] + b * step[q] + c * step[up]]) {
          if (low < 0) low = c;
          high = c;
        }
      if (low < 0) continue;
      double at[3];
      at[p] = (double)a, at[q] = (double)b, at[up] = (double)(low + high) / 2;
      columns[count++] = (struct column){geometry_to_world(g, vec3_make(at[0], at[1], at[2])),
                                         (double)(high - low + 1) * g->spacing[up]};
    }
  return count;
}

/* The plane halfway between the endplates: its normal is the axis, its middle the centre. Columns
 * lower than most cross the side wall and are left out. */
static status find_middle_plane(struct vec3 *centre, struct vec3 *axis, const struct labels *body) {
  status st = ST_OK;
  const struct geometry *g = &body->grid;
  int64_t low[3], high[3];
  struct column *columns = NULL;
  labels_box(body, 1, low, high);
  struct column *c = columns = malloc((size_t)((high[0] - low[0] + 1) * (high[1] - low[1] + 1) +
                                               (high[1] - low[1] + 1) * (high[2] - low[2] + 1) +
                                               (high[2] - low[2] + 1) * (high[0] - low[0] + 1)) *
                                      sizeof *columns);
  CHECK(columns, ST_MEMORY, "vertebra: no memory");
  const int64_t all = find_columns(columns, body);
  qsort(columns, (size_t)all, sizeof *columns, by_height);
  const double voxel_mm = fmax(g->spacing[0], fmax(g->spacing[1], g->spacing[2]));
  const double least = columns[all / 2].height_mm - 1.01 * voxel_mm;
  double n = 0, x = 0, y = 0, z = 0, xx = 0, xy = 0, yy = 0, xz = 0, yz = 0;
  for (int64_t i = 0; i < all; i++, c++) {
    if (c->height_mm < least) continue;
    n++;
    x += c->middle.x, y += c->middle.y, z += c->middle.z;
  }
  x /= n, y /= n, z /= n;
  for (c = columns; c < columns + all; c++) {
    if (c->height_mm < least) continue;
    const double dx = c->middle.x - x, dy = c->middle.y - y, dz = c->middle.z - z;
    xx += dx * dx, xy += dx * dy, yy += dy * dy, xz += dx * dz, yz += dy * dz;
  }
  const double determinant = xx * yy - xy * xy;
  CHECK(
      n >= 20 && determinant > 1e-6 * xx * yy, ST_DOMAIN,
      "vertebra: the body has %.0f columns of voxels of %g mm; its endplates cannot be found, give "
      "a frame",
      n, g->spacing[0]);
  const double slope_x = (xz * yy - yz * xy) / determinant;
  const double slope_y = (yz * xx - xz * xy) / determinant;
  *axis = vec3_unit(vec3_make(-slope_x, -slope_y, 1));
  *centre = vec3_make(x, y, z);
  CHECK(axis->z > 0.7, ST_DOMAIN,
        "vertebra: the endplates lie %.0f degrees off the patient's axis; give a frame, or a label "
        "of the body alone",
        acos(axis->z) / degree);
done:
  free(columns);
  return st;
}

static status find_pose(struct femur_pose *pose, const struct labels *body,
                        const struct vertebra_frame *frame) {
  status st = ST_OK;
  struct vec3 axis, front = {0, -1, 0};
  TRY(find_middle_plane(&pose->head, &axis, body));
  if (frame) {
    axis = frame->axis;
    front = frame->anterior;
  }
  front = vec3_unit(vec3_along(front, -vec3_dot(front, axis), axis));
  pose->axis[2] = pose->shaft = axis;
  pose->axis[1] = vec3_scale(front, -1);
  pose->axis[0] = vec3_cross(pose->axis[1], axis);
  pose->distal_mm = INFINITY; /* nothing is cut off */
done:
  return st;
}

/* Voxels of the vertebra's body as label 1. */
static status body_labels(struct labels **out, const struct fea_spine_labels *l) {
  status st = ST_OK;
  int64_t count = 0;
  TRY(labels_copy(out, l->vertebra));
  for (int64_t v = 0; v < geometry_voxels(&(*out)->grid); v++) {
    const bool body =
        l->vertebra->voxels[v] == l->value && (!l->body || l->body->voxels[v] == l->body_value);
    (*out)->voxels[v] = body ? 1 : 0;
    count += body;
  }
  CHECK(count > 0, ST_DOMAIN,
        "vertebra: no voxel of label %d is body (%d in the map of the bodies)", l->value,
        l->body_value);
done:
  return st;
}

/* A node of a cap's face: arch and facets may cross its plane beside it. */
static bool on_cap(const struct fea_model *m, int64_t i, int64_t j, int64_t k) {
  for (int c = 0; c < 8; c++) {
    const int64_t a = i - (c & 1), b = j - (c >> 1 & 1), d = k - (c >> 2);
    if (geometry_inside(&m->grid, a, b, d) && m->part[geometry_index(&m->grid, a, b, d)] == FEA_CAP)
      return true;
  }
  return false;
}

static status hold(struct built *b, int axis) {
  status st = ST_OK;
  struct fea_model *m = b->bone->model;
  for (int64_t j = 0; j <= m->grid.ny; j++)
    for (int64_t i = 0; i <= m->grid.nx; i++)
      if (on_cap(m, i, j, b->low_face))
        TRY(fea_model_fix(m, fea_model_node(m, i, j, b->low_face), axis, 0));
done:
  return st;
}

/* Upper face down, turned by the wedge about the middle of its nodes. */
static status press(struct built *b, const struct fea_spine_options *o) {
  status st = ST_OK;
  struct fea_model *m = b->bone->model;
  double middle = 0;
  int64_t count = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int64_t j = 0; j <= m->grid.ny; j++)
      for (int64_t i = 0; i <= m->grid.nx; i++) {
        if (!on_cap(m, i, j, b->high_face)) continue;
        if (!pass) {
          middle += (double)j;
          count++;
          continue;
        }
        const double back_mm = ((double)j - middle / (double)count) * m->grid.spacing[1];
        TRY(fea_model_fix(m, fea_model_node(m, i, j, b->high_face), 2,
                          -b->displacement_mm + tan(o->wedge_deg * degree) * back_mm));
      }
done:
  return st;
}

/* Against rigid motion of a sliding foot: the node nearest to its middle across, another one along
 * one direction. */
static status pin(struct built *b) {
  status st = ST_OK;
  struct fea_model *m = b->bone->model;
  int64_t first = -1, second = -1, first_i = 0;
  for (int64_t j = m->grid.ny / 2; j <= m->grid.ny && second < 0; j++)
    for (int64_t i = 0; i <= m->grid.nx; i++) {
      if (!on_cap(m, i, j, b->low_face)) continue;
      if (first < 0) {
        first = fea_model_node(m, i, j, b->low_face);
        first_i = i;
      } else if (i > first_i)
        second = fea_model_node(m, i, j, b->low_face);
    }
  CHECK(first >= 0 && second >= 0, ST_DOMAIN, "vertebra: the lower cap has no two nodes to pin");
  TRY(fea_model_fix(m, first, 0, 0));
  TRY(fea_model_fix(m, first, 1, 0));
  TRY(fea_model_fix(m, second, 1, 0));
done:
  return st;
}

static status build(struct built *b, const struct volume *density, const struct fea_spine_labels *l,
                    const struct femur_pose *pose, const double shift_mgcc[2],
                    const struct fea_spine_options *o) {
  status st = ST_OK;
  uint8_t *body = NULL;
  float *unused = NULL;
  int64_t no_data;
  const struct femur_model_options fo = {.size_mm = o->size_mm,
                                         .poisson = o->poisson,
                                         .least_mpa = o->least_mpa,
                                         .law = o->law,
                                         .conversion = o->conversion,
                                         .user_law = o->user_law,
                                         .shift_mgcc = {shift_mgcc[0], shift_mgcc[1]}};
  TRY(femur_model_create(&b->bone, density, l->vertebra, l->value, pose,
                         o->cap_mm - o->intrusion_mm + 2 * o->size_mm, &fo));
  struct fea_model *m = b->bone->model;
  const size_t n = (size_t)geometry_voxels(&m->grid);
  body = malloc(n);
  unused = malloc(n * sizeof *unused);
  CHECK(body && unused, ST_MEMORY, "vertebra: no memory for %zu voxels", n);
  TRY(fea_sample(unused, body, &no_data, &m->grid, density, l->body, 1));
  for (int side = 0; side < 2; side++) {
    const struct fea_cap cap = {2, side, o->cap_mm, o->intrusion_mm, o->cap_mpa, body};
    TRY(fea_cap_add(m, &cap, side ? &b->high_face : &b->low_face));
  }
  b->displacement_mm = o->strain * (double)(b->high_face - b->low_face) * o->size_mm;
  TRY(press(b, o));
  TRY(hold(b, 2));
  if (o->sliding)
    TRY(pin(b));
  else
    for (int a = 0; a < 2; a++) TRY(hold(b, a));
  TRY(fea_model_finish(m));
done:
  free(body);
  free(unused);
  return st;
}

static status solve(struct fea_spine **out, double *mean_mpa, const struct volume *density,
                    const struct fea_spine_labels *l, const struct femur_pose *pose,
                    const double shift_mgcc[2], const struct fea_spine_options *o) {
  status st = ST_OK;
  struct built b = {0};
  double sum[3];
  struct fea_spine *s = calloc(1, sizeof *s);
  CHECK(s, ST_MEMORY, "vertebra: no memory");
  TRY(build(&b, density, l, pose, shift_mgcc, o));
  TRY(fea_solve(&s->solution, b.bone->model, 0, &o->solve));
  TRY(fea_fields_create(&s->fields, b.bone->model, s->solution));
  TRY(fea_failure_find(&s->failure, b.bone->model, s->fields, &o->failure));
  fea_solution_plane_reaction(s->solution, b.bone->model, 2, b.high_face, sum);
  s->limits = o->failure;
  s->load_n = -sum[2];
  s->displacement_mm = b.displacement_mm;
  s->height_mm = (double)(b.high_face - b.low_face) * o->size_mm;
  CHECK(s->load_n > 0, ST_NUMERIC, "vertebra: the upper cap pulls (%g N)", s->load_n);
  s->stiffness_n_mm = s->load_n / s->displacement_mm;
  s->crawford = o->wedge_deg == 0;
  s->failure_load_n = s->crawford ? s->stiffness_n_mm * s->height_mm * FEA_CRAWFORD_STRAIN
                                  : s->load_n * s->failure.factor_volume;
  snprintf(s->words, sizeof s->words, "%s%s %s %s hex %g mm", FEA_SPINE_RECIPE,
           o->sliding ? " sliding" : "", o->user_law ? o->user_law->key : fea_law_names[o->law],
           b.bone->map.words, o->size_mm);
  if (o->wedge_deg != 0)
    snprintf(s->words + strlen(s->words), sizeof s->words - strlen(s->words), " wedge %g deg",
             o->wedge_deg);
  if (mean_mpa) *mean_mpa = b.bone->mean_modulus_mpa;
  s->model = b.bone->model;
  b.bone->model = NULL;
  *out = s;
  s = NULL;
done:
  femur_model_destroy(b.bone);
  fea_spine_destroy(s);
  return st;
}

/* Failure load of one variant, NaN with the reason in the log when it cannot be made. */
static double variant(const char *what, const struct volume *density,
                      const struct fea_spine_labels *l, const struct femur_pose *pose,
                      double shift_0, double shift_1000, const struct fea_spine_options *o) {
  struct fea_spine *s = NULL;
  struct fea_spine_options loose = *o;
  const double shift[2] = {shift_0, shift_1000};
  loose.solve.tolerance = fmax(o->solve.tolerance, 1e-6);
  if (solve(&s, NULL, density, l, pose, shift, &loose)) {
    log_detail("vertebra: interval without %s: %s", what, status_message());
    status_clear();
    return NAN;
  }
  const double load = s->failure_load_n;
  fea_spine_destroy(s);
  return load;
}

static double outline_variant(const struct volume *density, const struct fea_spine_labels *l,
                              const struct femur_pose *pose, double radius_mm,
                              const struct fea_spine_options *o) {
  struct labels *changed = NULL;
  struct fea_spine_labels other = *l;
  double load = NAN;
  if (labels_copy(&changed, l->vertebra) == ST_OK &&
      filter_grow(changed, l->value, radius_mm, 0) == ST_OK) {
    other.vertebra = changed;
    load = variant("outline", density, &other, pose, 0, 0, o);
  } else
    status_clear();
  labels_destroy(changed);
  return load;
}

/* As the interval of a fall (fall_interval.c): half spans joined as independent. */
static void find_interval(struct measurement *m, const struct fea_spine *s,
                          const struct volume *density, const struct fea_spine_labels *l,
                          const struct femur_pose *pose, const struct calibration *c,
                          const struct fea_spine_options *o) {
  const double *spacing = density->grid.spacing;
  const double half_voxel = 0.5 * fmin(spacing[0], fmin(spacing[1], spacing[2]));
  struct fea_spine_options coarse = *o;
  coarse.size_mm = 1.5 * o->size_mm;
  double part[3] = {NAN, NAN, NAN}, sum = 0;
  static const char *const words[3] = {"calibration", "outline", "mesh"};
  if (c) {
    const double a = calibration_half_width(c, calibration_hu(c, 0));
    const double b = calibration_half_width(c, calibration_hu(c, 1000));
    part[0] = (variant(words[0], density, l, pose, a, b, o) -
               variant(words[0], density, l, pose, -a, -b, o)) /
              2;
  }
  /* the body keeps its outline: it only says where the caps may touch */
  part[1] = (outline_variant(density, l, pose, half_voxel, o) -
             outline_variant(density, l, pose, -half_voxel, o)) /
            2;
  if (coarse.size_mm <= 5)
    part[2] = variant(words[2], density, l, pose, 0, 0, &coarse) - s->failure_load_n;
  for (int i = 0; i < 3; i++)
    if (isfinite(part[i]))
      sum += part[i] * part[i];
    else
      measurement_flag(m, "interval without %s", words[i]);
  if (!(sum > 0)) return;
  m->low = fmax(0, s->failure_load_n - sqrt(sum));
  m->high = s->failure_load_n + sqrt(sum);
}

static status make_record(struct fea_spine *s, const char *name, double mean_mpa,
                          const struct fea_spine_options *o) {
  status st = ST_OK;
  char region[64];
  snprintf(region, sizeof region, "vertebra_%s", name && *name ? name : "unnamed");
  struct fea_rows_writer w = {.prefix = "spine", .region = region, .method = s->words};
  TRY(record_create(&w.record, ""));
  s->record = w.record;
  struct measurement *m = fea_row(&w, "failure_load", s->failure_load_n, "N",
                                  s->crawford ? "parosol_py" : "schileo2014");
  measurement_flag(m, s->crawford ? "rule crawford: stiffness x height x 0.0068"
                                  : "rule strain-volume: crawford holds without wedge only");
  m->n = s->failure.judged;
  fea_row(&w, "stiffness", s->stiffness_n_mm, "N/mm", "parosol_py");
  fea_row(&w, "failure_load_strain_volume", s->load_n * s->failure.factor_volume, "N",
          "schileo2014");
  fea_failure_rows(&w, &s->failure, s->load_n);
  fea_row(&w, "load", s->load_n, "N", "parosol_py");
  fea_row(&w, "displacement", s->displacement_mm, "mm", "parosol_py");
  fea_row(&w, "height", s->height_mm, "mm", "");
  fea_row(&w, "element_size", o->size_mm, "mm", "");
  fea_row(&w, "mean_modulus", mean_mpa, "MPa", "");
  fea_solution_rows(&w, s->model, s->solution);
  CHECK(!w.failed, ST_MEMORY, "vertebra: no memory for the record");
done:
  return st;
}

status fea_spine_run(struct fea_spine **out, const struct volume *density,
                     const struct fea_spine_labels *labels, const struct vertebra_frame *frame,
                     const struct calibration *calibration,
                     const struct fea_spine_options *options) {
  static const double none[2] = {0, 0};
  status st = ST_OK;
  const struct fea_spine_options *o = options ? options : &defaults;
  struct fea_spine *s = NULL;
  struct femur_pose pose;
  struct labels *body = NULL;
  struct fea_spine_labels of = *labels;
  double mean_mpa = NAN;
  TRY(check_input(density, labels, o));
  TRY(body_labels(&body, labels));
  of.body = body;
  of.body_value = 1;
  TRY(find_pose(&pose, body, frame));
  TRY(solve(&s, &mean_mpa, density, &of, &pose, none, o));
  TRY(make_record(s, labels->name, mean_mpa, o));
  fea_flag_inputs(s->record, density, o->user_law ? o->user_law : fea_law_at(o->law));
  if (o->beyond.rule) {
    TRY(fea_beyond_run(&s->curve, s->model, o->user_law ? o->user_law : fea_law_at(o->law),
                       &o->beyond, &o->solve));
    TRY(fea_beyond_rows(s->record, "spine", s->record->rows[0].region, s->words, s->curve,
                        &o->beyond, o->size_mm));
  }
  if (o->interval) find_interval(&s->record->rows[0], s, density, &of, &pose, calibration, o);
  *out = s;
  s = NULL;
done:
  if (st) status_note("finite elements, %s", FEA_SPINE_RECIPE);
  labels_destroy(body);
  fea_spine_destroy(s);
  return st;
}

void fea_spine_destroy(struct fea_spine *s) {
  if (!s) return;
  record_destroy(s->record);
  fea_curve_destroy(s->curve);
  fea_fields_destroy(s->fields);
  fea_solution_destroy(s->solution);
  fea_model_destroy(s->model);
  free(s);
}
