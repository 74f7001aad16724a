#include "ml/drr.h"

#include "core/json.h"
#include "core/parallel.h"
#include "ml/drr_ray.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ml_drr_view_names[] = {"frontal", "lateral", "axial", NULL};
const char *const ml_drr_value_names[] = {"line-integral", "transmission", "mean",
                                          "max",           "abmd",         NULL};
const char *const ml_drr_beam_names[] = {"parallel", "cone", NULL};
const char *const ml_drr_path_names[] = {"exact", "trilinear", NULL};
const char *const ml_drr_mirror_names[] = {"left", "no", "yes", NULL};

enum { MOST_PIXELS = 8192 };

/* Picture x, picture y, direction of the rays, and the box in them. */
struct view {
  struct vec3 axis[3];
  double lo[3], hi[3]; /* world positions projected on the axes [mm] */
};

/* ---- axes ---- */

static void patient_axes(struct vec3 *right, struct vec3 *back, struct vec3 *up) {
  *right = vec3_make(1, 0, 0);
  *back = vec3_make(0, 1, 0);
  *up = vec3_make(0, 0, 1);
}

/* Axes of the leg that point as the patient's do: the frame's x leads to the head of the femur,
 * which is the patient's left in a right hip and the patient's right in a left one. */
static void leg_axes(struct vec3 *right, struct vec3 *back, struct vec3 *up,
                     const struct hip_frame *frame) {
  struct vec3 axes[3];
  hip_frame_axes(frame, axes);
  double sign = frame->side == SIDE_LEFT ? -1 : 1;
  *right = vec3_scale(axes[0], sign);
  *back = vec3_scale(axes[1], sign);
  *up = axes[2];
}

static void choose_axes(struct ml_drr *d, struct view *w, const struct hip_frame *frame,
                        const struct ml_drr_options *o) {
  struct vec3 right, back, up;
  patient_axes(&right, &back, &up);
  if (frame) {
    struct vec3 before = back;
    leg_axes(&right, &back, &up, frame);
    d->rotation_deg = vec3_angle_deg(before, back);
  }
  if (o->view == ML_DRR_FRONTAL) {
    w->axis[0] = right, w->axis[1] = vec3_scale(up, -1), w->axis[2] = back;
  } else if (o->view == ML_DRR_LATERAL) {
    w->axis[0] = back, w->axis[1] = vec3_scale(up, -1), w->axis[2] = right;
  } else {
    w->axis[0] = right, w->axis[1] = back, w->axis[2] = up;
  }
  enum side side = o->side == SIDE_UNKNOWN && frame ? frame->side : o->side;
  d->mirrored =
      o->mirror == ML_DRR_MIRROR_YES || (o->mirror == ML_DRR_MIRROR_LEFT && side == SIDE_LEFT);
  /* a left hip seen from its own outer side is the mirror image of a right one */
  if (d->mirrored && o->view == ML_DRR_LATERAL)
    w->axis[2] = vec3_scale(w->axis[2], -1);
  else if (d->mirrored)
    w->axis[0] = vec3_scale(w->axis[0], -1);
}

/* ---- box ---- */

static void box_point(struct view *w, const struct geometry *g, double i, double j, double k) {
  struct vec3 p = geometry_to_world(g, vec3_make(i, j, k));
  for (int a = 0; a < 3; a++) {
    double x = vec3_dot(p, w->axis[a]);
    w->lo[a] = fmin(w->lo[a], x);
    w->hi[a] = fmax(w->hi[a], x);
  }
}

static void box_corners(struct view *w, const struct geometry *g, const double lo[3],
                        const double hi[3]) {
  for (int c = 0; c < 8; c++)
    box_point(w, g, c & 1 ? hi[0] : lo[0], c & 2 ? hi[1] : lo[1], c & 4 ? hi[2] : lo[2]);
}

static void box_whole(struct view *w, const struct geometry *g) {
  const double lo[3] = {-0.5, -0.5, -0.5};
  const double hi[3] = {(double)g->nx - 0.5, (double)g->ny - 0.5, (double)g->nz - 0.5};
  box_corners(w, g, lo, hi);
}

/* Ends of each run of the label along x: their boxes hold those of all its voxels. */
static int64_t box_label(struct view *w, const struct labels *l, int value) {
  const struct geometry *g = &l->grid;
  int64_t count = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++) {
      int64_t first = -1, last = -1;
      for (int64_t i = 0; i < g->nx; i++) {
        if (l->voxels[geometry_index(g, i, j, k)] != value) continue;
        if (first < 0) first = i;
        last = i;
        count++;
      }
      if (first < 0) continue;
      const double lo[3] = {(double)first - 0.5, (double)j - 0.5, (double)k - 0.5};
      const double hi[3] = {(double)last + 0.5, (double)j + 0.5, (double)k + 0.5};
      box_corners(w, g, lo, hi);
    }
  return count;
}

static status choose_box(struct ml_drr *d, struct view *w, const struct volume *v,
                         const struct labels *labels, const struct ml_drr_options *o) {
  status st = ST_OK;
  for (int a = 0; a < 3; a++) w->lo[a] = INFINITY, w->hi[a] = -INFINITY;
  d->label_voxels = -1;
  if (o->label) {
    d->label_voxels = box_label(w, labels, o->label);
    CHECK(d->label_voxels > 0, ST_DOMAIN, "projecting label %d: no voxel carries it", o->label);
    for (int a = 0; a < 3; a++) w->lo[a] -= o->margin_mm, w->hi[a] += o->margin_mm;
  } else {
    box_whole(w, &v->grid);
  }
  for (int a = 0; a < 3; a++) d->box_mm[a] = w->hi[a] - w->lo[a];
done:
  return st;
}

/* ---- what is summed ---- */

static float value_of(float x, bool attenuation, double mu_water) {
  if (!attenuation) return x;
  if (isnan(x)) return 0;
  return (float)(mu_water * fmax(0, 1 + (double)x / 1000));
}

static status field_make(struct volume **out, const struct volume *v, const struct labels *labels,
                         const struct ml_drr_options *o) {
  status st = ST_OK;
  struct volume *f = NULL;
  bool attenuation = o->value == ML_DRR_LINE || o->value == ML_DRR_TRANSMISSION;
  bool sum = attenuation || o->value == ML_DRR_AREAL;
  TRY(volume_create_like(&f, v));
  int64_t n = geometry_voxels(&v->grid);
  int threads = parallel_threads();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t i = 0; i < n; i++) {
    bool out_of_mask = o->only_mask && labels->voxels[i] != o->label;
    float x = value_of(v->voxels[i], attenuation, o->mu_water_per_mm);
    if (out_of_mask) x = NAN;
    f->voxels[i] = sum && isnan(x) ? 0 : x;
  }
  *out = f;
done:
  return st;
}

/* ---- rays ---- */

struct beam {
  struct geometry image; /* of the detector */
  struct vec3 source;    /* cone */
  double depth;          /* of the box, from its near face [mm] */
};

static status beam_make(struct ml_drr *d, struct beam *b, const struct view *w,
                        const struct ml_drr_options *o) {
  status st = ST_OK;
  double middle[3], size[2];
  bool cone = o->beam == ML_DRR_CONE;
  for (int a = 0; a < 3; a++) middle[a] = (w->lo[a] + w->hi[a]) / 2;
  b->depth = w->hi[2] - w->lo[2];
  double behind = isnan(o->object_detector_mm) ? b->depth / 2 : o->object_detector_mm;
  double front = o->source_detector_mm - behind;
  CHECK(!cone || front > b->depth / 2, ST_DOMAIN,
        "cone projection: the source, %g mm before the middle of the box, lies inside it (%g mm "
        "deep); raise --source-detector or lower --object-detector",
        front, b->depth);
  d->magnification = cone ? o->source_detector_mm / front : 1;
  for (int a = 0; a < 2; a++) {
    /* the near face is enlarged most */
    double most = cone ? o->source_detector_mm / (front - b->depth / 2) : 1;
    size[a] = ceil((w->hi[a] - w->lo[a]) * most / o->pixel_mm - 1e-6);
    CHECK(size[a] >= 1 && size[a] <= MOST_PIXELS, ST_DOMAIN,
          "projecting: %g pixels of %g mm; 1 to %d are permitted on a side, change --pixel",
          size[a], o->pixel_mm, MOST_PIXELS);
  }
  double at[3] = {middle[0] - (size[0] - 1) / 2 * o->pixel_mm,
                  middle[1] - (size[1] - 1) / 2 * o->pixel_mm, middle[2] + (cone ? behind : 0)};
  struct vec3 origin = vec3_make(0, 0, 0);
  b->source = vec3_make(0, 0, 0);
  middle[2] -= front;
  for (int a = 0; a < 3; a++) {
    origin = vec3_along(origin, at[a], w->axis[a]);
    b->source = vec3_along(b->source, middle[a], w->axis[a]);
  }
  b->image =
      geometry_make((int64_t)size[0], (int64_t)size[1], 1, o->pixel_mm, o->pixel_mm, b->depth);
  const double origins[3] = {origin.x, origin.y, origin.z};
  memcpy(b->image.origin, origins, sizeof origins);
  for (int a = 0; a < 3; a++) {
    b->image.direction[a] = w->axis[a].x;
    b->image.direction[3 + a] = w->axis[a].y;
    b->image.direction[6 + a] = w->axis[a].z;
  }
done:
  return st;
}

/* A world point as mm along the grid's axes from its outer corner; a direction without the shift.
 */
static void to_grid(double out[3], const struct geometry *g, struct vec3 p, bool is_point) {
  for (int a = 0; a < 3; a++) {
    struct vec3 axis = geometry_axis(g, a);
    struct vec3 from = vec3_make(g->origin[0], g->origin[1], g->origin[2]);
    out[a] = vec3_dot(is_point ? vec3_sub(p, from) : p, axis) + (is_point ? g->spacing[a] / 2 : 0);
  }
}

static double pixel_value(const struct drr_sum *s, int value) {
  switch (value) {
  case ML_DRR_TRANSMISSION:
    return exp(-s->integral);
  case ML_DRR_MEAN:
    return s->length > 0 ? s->integral / s->length : NAN;
  case ML_DRR_MAX:
    return s->length > 0 ? s->largest : NAN;
  case ML_DRR_AREAL:
    return s->integral / 10 / 1000; /* mm -> cm, mg -> g */
  default:
    return s->integral;
  }
}

/* Two ends of the ray of a pixel inside the slab of the box. */
static void ray_of(struct vec3 *start, struct vec3 *u, double *t0, double *t1, struct vec3 pixel,
                   const struct beam *b, const struct view *w, bool cone) {
  *start = cone ? b->source : pixel;
  *u = cone ? vec3_unit(vec3_sub(pixel, b->source)) : w->axis[2];
  double along = vec3_dot(*u, w->axis[2]), at = vec3_dot(*start, w->axis[2]);
  *t0 = (w->lo[2] - at) / along;
  *t1 = (w->hi[2] - at) / along;
}

static void project(float *pixels, const struct beam *b, const struct view *w,
                    const struct volume *field, const struct ml_drr_options *o) {
  const struct geometry *g = &field->grid;
  const struct drr_field f = {
      field->voxels, {g->nx, g->ny, g->nz}, {g->spacing[0], g->spacing[1], g->spacing[2]}};
  double step = 0.5 * fmin(g->spacing[0], fmin(g->spacing[1], g->spacing[2]));
  int64_t n = b->image.nx * b->image.ny;
  int threads = parallel_threads();
#pragma omp parallel for num_threads(threads) schedule(dynamic, 64)
  for (int64_t i = 0; i < n; i++) {
    struct vec3 start, u;
    double t0, t1, s[3], d[3];
    struct vec3 index = vec3_make((double)(i % b->image.nx), (double)(i / b->image.nx), 0);
    ray_of(&start, &u, &t0, &t1, geometry_to_world(&b->image, index), b, w, o->beam == ML_DRR_CONE);
    to_grid(s, g, start, true);
    to_grid(d, g, u, false);
    struct drr_sum sum = o->path == ML_DRR_EXACT ? drr_ray_exact(&f, s, d, t0, t1)
                                                 : drr_ray_trilinear(&f, s, d, t0, t1, step);
    pixels[i] = (float)pixel_value(&sum, o->value);
  }
}

/* ---- the whole ---- */

static status check_input(const struct volume *v, const struct labels *labels,
                          const struct ml_drr_options *o) {
  status st = ST_OK;
  bool attenuation = o->value == ML_DRR_LINE || o->value == ML_DRR_TRANSMISSION;
  CHECK(!attenuation || v->quantity == QUANTITY_HU, ST_DOMAIN,
        "projecting attenuation: the volume holds %s, HU are needed", quantity_name(v->quantity));
  CHECK(
      o->value != ML_DRR_AREAL || v->quantity == QUANTITY_DENSITY, ST_DOMAIN,
      "projecting areal density: the volume holds %s, a density [mg/cm3] that says so in its side "
      "file is needed (qct calibrate apply)",
      quantity_name(v->quantity));
  CHECK(!o->label == !labels, ST_DOMAIN,
        "projecting: a label map and the value of a label go "
        "together");
  CHECK(!o->only_mask || labels, ST_DOMAIN, "projecting the bone alone needs its label");
  CHECK(o->pixel_mm > 0 && o->margin_mm >= 0, ST_DOMAIN,
        "projecting: pixel %g mm, margin %g mm; they must be > 0 and >= 0", o->pixel_mm,
        o->margin_mm);
  if (labels) TRY(geometry_match(&v->grid, "image", &labels->grid, "labels", 1e-3));
done:
  return st;
}

static enum quantity image_quantity(int value, enum quantity of) {
  return value == ML_DRR_MEAN || value == ML_DRR_MAX ? of : QUANTITY_OTHER;
}

status ml_drr_project(struct ml_drr *out, const struct volume *v, const struct labels *labels,
                      const struct hip_frame *frame, const struct ml_drr_options *options) {
  status st = ST_OK;
  struct ml_drr d = {0};
  struct view w;
  struct beam b;
  struct volume *field = NULL;
  TRY(check_input(v, labels, options));
  choose_axes(&d, &w, frame, options);
  TRY(choose_box(&d, &w, v, labels, options));
  TRY(beam_make(&d, &b, &w, options));
  TRY(field_make(&field, v, labels, options));
  enum quantity q = image_quantity(options->value, v->quantity);
  TRY(volume_create(&d.image, &b.image, q));
  d.image->acquisition = v->acquisition;
  if (v->quantity == QUANTITY_DENSITY) d.image->material = v->material;
  memcpy(d.image->calibration_id, v->calibration_id, sizeof v->calibration_id);
  snprintf(d.unit, sizeof d.unit, "%s",
           options->value == ML_DRR_AREAL ? "g/cm2" : quantity_unit(q));
  project(d.image->voxels, &b, &w, field, options);
  *out = d;
  d.image = NULL;
done:
  volume_destroy(field);
  ml_drr_free(&d);
  return st;
}

void ml_drr_free(struct ml_drr *d) {
  volume_destroy(d->image);
  d->image = NULL;
}

cJSON *ml_drr_describe(const struct ml_drr *d, const struct ml_drr_options *o) {
  static const char *const positions[] = {"AP", "LAT", "CC"};
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  const double pixel[2] = {o->pixel_mm, o->pixel_mm};
  json_add_text(json, "format", "qct-projection");
  json_add_text(json, "view", ml_drr_view_names[o->view]);
  json_add_text(json, "ViewPosition", positions[o->view]);
  json_add_text(json, "value", ml_drr_value_names[o->value]);
  json_add_text(json, "unit", d->unit);
  json_add_text(json, "beam", ml_drr_beam_names[o->beam]);
  json_add_text(json, "path", ml_drr_path_names[o->path]);
  json_add_numbers(json, "ImagerPixelSpacing", pixel, 2);
  if (o->beam == ML_DRR_CONE)
    json_add_number(json, "DistanceSourceToDetector", o->source_detector_mm);
  json_add_number(json, "EstimatedRadiographicMagnificationFactor", d->magnification);
  if (o->value == ML_DRR_LINE || o->value == ML_DRR_TRANSMISSION)
    json_add_number(json, "mu_water_per_mm", o->mu_water_per_mm);
  json_add_text(json, "ImageLaterality",
                o->side == SIDE_LEFT    ? "L"
                : o->side == SIDE_RIGHT ? "R"
                                        : "U");
  cJSON_AddBoolToObject(json, "mirrored", d->mirrored);
  cJSON_AddBoolToObject(json, "only_mask", o->only_mask);
  json_add_number(json, "label", o->label);
  json_add_number(json, "rotation_deg", d->rotation_deg);
  json_add_numbers(json, "box_mm", d->box_mm, 3);
  return json;
}
