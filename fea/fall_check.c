/* What a femur must be for its strength to be computed, before anything is built. */
#include "fea/fall_parts.h"

#include <math.h>
#include <string.h>

/* Less bone below the head does not hold the lesser trochanter; smallest head of a frame. */
enum { LEAST_DISTAL_MM = 60, LEAST_RADIUS_MM = 15 };
/* Frame against label, beside half a voxel for each surface that is met. Of their own labels, 19
 * frames of 11 digital and real femora on voxels of 1 to 3 mm were at most 1.2 and 1.0 mm off. */
static const double MOST_HEAD_MM = 1.5, MOST_AXIS_MM = 2;

status fall_check_frame(const struct hip_frame *frame, const struct fea_fall_options *o) {
  status st = ST_OK;
  CHECK(!frame->metal, ST_DOMAIN,
        "fall: metal within 80 mm of the femoral head; its density is not that of bone");
  CHECK(!frame->truncated, ST_DOMAIN,
        "fall: the scan cuts the proximal femur (head or trochanter); its strength needs all of "
        "it: take a scan that begins above the head and ends below the lesser trochanter");
  CHECK(isfinite(frame->head.x) && isfinite(frame->shaft_axis.x) && isfinite(frame->distal_mm),
        ST_DOMAIN, "fall: the hip frame has no head, shaft or distal end");
  CHECK(femur_distal_limit_mm(frame) >= LEAST_DISTAL_MM, ST_DOMAIN,
        "fall: the bone ends %.0f mm below the head centre; at least %d mm are needed to hold the "
        "shaft: take a scan that goes as far down the thigh",
        frame->distal_mm, LEAST_DISTAL_MM + 5);
  CHECK(isfinite(o->tilt_deg), ST_USAGE,
        "stance: the angle of the load to the shaft is not given (--angle); 20 degrees are in use "
        "elsewhere, unverified");
  CHECK(!o->bins || o->outline == FEA_OUTLINE_VOXELS, ST_DOMAIN,
        "fall: density bins go with whole voxels; take outline voxels");
  CHECK(!o->interval || (o->shift_voxels >= 0.1 && o->shift_voxels <= 2), ST_DOMAIN,
        "fall: outline moved by %g voxels for the interval, permitted are 0.1 .. 2",
        o->shift_voxels);
  CHECK(o->strain > 0 && o->strain <= 0.2, ST_DOMAIN,
        "fall: shortening of %g of the extent, permitted are 0 .. 0.2", o->strain);
  CHECK(o->cap_mm > o->intrusion_mm && o->intrusion_mm > 0, ST_DOMAIN,
        "fall: cap of %g mm with %g mm intrusion; the cap must be thicker", o->cap_mm,
        o->intrusion_mm);
done:
  return st;
}

static bool is_label(const struct labels *l, int label, int64_t i, int64_t j, int64_t k) {
  return geometry_inside(&l->grid, i, j, k) &&
         l->voxels[geometry_index(&l->grid, i, j, k)] == label;
}

/* Distance to the nearest voxel centre between `low` and `high` that is of the label, or is not;
 * `most` when none is nearer. */
static double nearest(const struct labels *l, int label, bool wanted, struct vec3 at,
                      const int64_t low[3], const int64_t high[3], double most) {
  for (int64_t k = low[2]; k <= high[2]; k++)
    for (int64_t j = low[1]; j <= high[1]; j++)
      for (int64_t i = low[0]; i <= high[0]; i++) {
        if (is_label(l, label, i, j, k) != wanted) continue;
        const struct vec3 w =
            geometry_to_world(&l->grid, vec3_make((double)i, (double)j, (double)k));
        most = fmin(most, vec3_length(vec3_sub(w, at)));
      }
  return most;
}

/* How far a point lies inside the label [mm], up to `most`; outside, less than 0. */
static double depth_in_label(const struct labels *l, int label, struct vec3 at, double most) {
  const struct vec3 index = geometry_to_index(&l->grid, at);
  const int64_t centre[3] = {lround(index.x), lround(index.y), lround(index.z)};
  int64_t low[3], high[3];
  if (!is_label(l, label, centre[0], centre[1], centre[2])) {
    labels_box(l, label, low, high);
    return -nearest(l, label, true, at, low, high, INFINITY);
  }
  for (int a = 0; a < 3; a++) {
    const int64_t reach = (int64_t)ceil(most / l->grid.spacing[a]);
    low[a] = centre[a] - reach;
    high[a] = centre[a] + reach;
  }
  return nearest(l, label, false, at, low, high, most);
}

/* Where a ray from a point leaves the label for the last time within `most` [mm]; 0: it is never in
 * it. */
static double last_exit(const struct labels *l, int label, struct vec3 from, struct vec3 direction,
                        double most) {
  const double *h = l->grid.spacing, step = fmin(h[0], fmin(h[1], h[2])) / 4;
  double surface = 0;
  for (double r = step; r <= most; r += step) {
    const struct vec3 at = geometry_to_index(&l->grid, vec3_along(from, r, direction));
    if (is_label(l, label, lround(at.x), lround(at.y), lround(at.z))) surface = r + step / 2;
  }
  return surface;
}

/* RMS distance of the label's surface from the frame's head sphere [mm], along rays that leave the
 * head within 75 degrees of the neck axis, where no neck is: what a ray meets last within 1.5
 * radii.
 */
static double head_misfit(const struct labels *l, int label, const struct hip_frame *f) {
  enum { RAYS = 200 };
  const double pi = 3.14159265358979323846;
  const double turn = pi * (3 - sqrt(5)), least = cos(75 * pi / 180);
  const struct vec3 out = isfinite(f->neck_axis.x) ? f->neck_axis : f->shaft_axis;
  const struct vec3 u = vec3_perpendicular(out), v = vec3_cross(out, u);
  double sum = 0;
  for (int ray = 0; ray < RAYS; ray++) {
    const double c = 1 - (1 - least) * (ray + 0.5) / RAYS, s = sqrt(1 - c * c);
    const struct vec3 d =
        vec3_along(vec3_along(vec3_scale(out, c), s * cos(turn * ray), u), s * sin(turn * ray), v);
    const double off = last_exit(l, label, f->head, d, 1.5 * f->head_radius_mm) - f->head_radius_mm;
    sum += off * off;
  }
  return sqrt(sum / RAYS);
}

/* Bone along the neck axis, from the head's surface to the lateral cortex, less what the frame says
 * it is [mm]. */
static double axis_misfit(const struct labels *l, int label, const struct hip_frame *f) {
  const double head = vec3_dot(vec3_sub(f->head, f->neck_point), f->neck_axis) + f->head_radius_mm;
  return last_exit(l, label, f->neck_point, f->neck_axis, head + 8) +
         last_exit(l, label, f->neck_point, vec3_scale(f->neck_axis, -1), 110) - f->fal_mm;
}

status fall_check_place(const struct labels *labels, int label, const struct hip_frame *frame) {
  static const char *const remedy =
      "is it of another person or another scan? Make the frame from these labels (qct anatomy "
      "frame), or name the right label";
  status st = ST_OK;
  const double *h = labels->grid.spacing, voxel = fmax(h[0], fmax(h[1], h[2]));
  const double radius = isfinite(frame->head_radius_mm) ? frame->head_radius_mm : LEAST_RADIUS_MM;
  int64_t low[3], high[3];
  char absent[256];
  CHECK(labels_box(labels, label, low, high), ST_DOMAIN, "bone model: %s",
        labels_absent(absent, labels, label));
  const double head = depth_in_label(labels, label, frame->head, radius);
  CHECK(
      head >= radius / 2, ST_DOMAIN,
      "fall: the head centre of the frame is %.1f mm %s label %d, and should be %.1f mm inside it, "
      "its radius: the frame is at least %.0f mm off, permitted is half a radius; %s",
      fabs(head), head < 0 ? "outside" : "inside", label, radius, radius - head, remedy);
  /* a frame laid on by a reference's surface has the reference's head and neck */
  const bool sized = isfinite(frame->head_radius_mm) && strcmp(frame->method, "reference") != 0;
  if (sized) {
    const double off = head_misfit(labels, label, frame);
    CHECK(off <= MOST_HEAD_MM + voxel / 2, ST_DOMAIN,
          "fall: the head of label %d lies %.1f mm (RMS) from the head sphere of the frame, "
          "permitted are %.1f mm; %s",
          label, off, MOST_HEAD_MM + voxel / 2, remedy);
  }
  if (!isfinite(frame->neck_point.x)) return ST_OK;
  const double neck = depth_in_label(labels, label, frame->neck_point, voxel);
  CHECK(neck >= -voxel, ST_DOMAIN,
        "fall: the neck point of the frame is %.1f mm outside label %d, permitted is a voxel "
        "(%.1f mm); %s",
        -neck, label, voxel, remedy);
  if (sized && isfinite(frame->fal_mm) && isfinite(frame->neck_axis.x)) {
    const double off = axis_misfit(labels, label, frame);
    CHECK(fabs(off) <= MOST_AXIS_MM + voxel, ST_DOMAIN,
          "fall: along the neck axis label %d measures %.1f mm, the frame says %.1f mm, permitted "
          "are %.1f mm of difference; %s",
          label, frame->fal_mm + off, frame->fal_mm, MOST_AXIS_MM + voxel, remedy);
  }
done:
  return st;
}
