/* Do these slices make a volume? Positions and orientations only; no GDCM here. */
#include "core/dicom_slice.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  unsigned bit;
  const char *name;
} problem_names[] = {
    {DICOM_MISSING_SLICE, "missing slice"},    {DICOM_DUPLICATE_POSITION, "duplicate position"},
    {DICOM_UNEVEN_SPACING, "uneven spacing"},  {DICOM_TILT, "gantry tilt"},
    {DICOM_TRUNCATED, "pixel data cut short"}, {DICOM_NOT_CT, "not CT"},
    {DICOM_NO_RESCALE, "no rescale to HU"},    {DICOM_MIXED_ORIENTATION, "mixed orientation"},
    {DICOM_MIXED_SIZE, "mixed size"},          {DICOM_MULTIFRAME, "multi-frame without geometry"},
    {DICOM_SINGLE_SLICE, "single slice"},      {DICOM_NOT_AXIAL, "not axial"},
    {DICOM_LOSSY, "lossy compression"},        {DICOM_UNDECODABLE, "cannot be decoded"},
    {DICOM_NO_GEOMETRY, "no geometry"},        {DICOM_LOCALIZER, "localizer"},
    {DICOM_MIXED_SCAN, "mixed acquisition"},
};

const char *dicom_problem_name(enum dicom_problem bit) {
  for (size_t i = 0; i < sizeof problem_names / sizeof *problem_names; i++)
    if (problem_names[i].bit == (unsigned)bit) return problem_names[i].name;
  return "unknown problem";
}

void dicom_series_problem(struct dicom_series *s, unsigned bit, const char *fmt, ...) {
  if (s->problems & bit) return;
  s->problems |= bit;
  size_t used = strlen(s->problem_text);
  if (used + 3 >= sizeof s->problem_text) return;
  if (used) used += (size_t)snprintf(s->problem_text + used, 3, "; ");
  va_list args;
  va_start(args, fmt);
  vsnprintf(s->problem_text + used, sizeof s->problem_text - used, fmt, args);
  va_end(args);
}

/* ---- one slice at a time ---- */

static struct vec3 normal_of(const struct dicom_slice *s) {
  return vec3_unit(vec3_cross(s->row, s->column));
}

static bool orthonormal(const struct dicom_slice *s) {
  const double tolerance = 1e-3; /* six digits of a DS are far better */
  return fabs(vec3_length(s->row) - 1) < tolerance &&
         fabs(vec3_length(s->column) - 1) < tolerance &&
         fabs(vec3_dot(s->row, s->column)) < tolerance;
}

static void judge_content(struct dicom_series *s) {
  const struct dicom_slice *a = s->slices;
  for (int k = 0; k < s->slice_count; k++) {
    const struct dicom_slice *b = &s->slices[k];
    int64_t wanted = (int64_t)b->frames * b->rows * b->columns * (b->bits_allocated / 8);
    if (b->pixel_bytes >= 0 && b->pixel_bytes < wanted)
      dicom_series_problem(
          s, DICOM_TRUNCATED,
          "pixel data cut short: %lld of %lld bytes in file %d of %d; fetch the file again",
          (long long)b->pixel_bytes, (long long)wanted, k + 1, s->slice_count);
    if (b->cut)
      dicom_series_problem(
          s, DICOM_TRUNCATED,
          "pixel data cut short: the compressed data of file %d of %d have no end; fetch the "
          "file again",
          k + 1, s->slice_count);
    if (!b->has_rescale)
      dicom_series_problem(
          s, DICOM_NO_RESCALE,
          "slice %d of %d states no rescale slope and intercept: its values are not HU", k + 1,
          s->slice_count);
    else if (b->rescale_type[0] && strcmp(b->rescale_type, "HU"))
      dicom_series_problem(s, DICOM_NO_RESCALE, "slice %d of %d rescales to \"%s\", not to HU",
                           k + 1, s->slice_count, b->rescale_type);
    if (b->localizer)
      dicom_series_problem(s, DICOM_LOCALIZER, "a localizer (projection image), no volume");
    if (b->rows != a->rows || b->columns != a->columns ||
        fabs(b->spacing_x / a->spacing_x - 1) > 1e-4 ||
        fabs(b->spacing_y / a->spacing_y - 1) > 1e-4)
      dicom_series_problem(
          s, DICOM_MIXED_SIZE,
          "slices of different size in one series: %d x %d pixels of %g x %g mm and %d x %d of "
          "%g x %g mm",
          a->columns, a->rows, a->spacing_x, a->spacing_y, b->columns, b->rows, b->spacing_x,
          b->spacing_y);
  }
}

/* Position, orientation and pixel spacing there and sound in every slice? */
static bool judge_presence(struct dicom_series *s) {
  for (int k = 0; k < s->slice_count; k++) {
    const struct dicom_slice *a = &s->slices[k];
    const char *lack = !a->has_position                             ? "position"
                       : !a->has_orientation                        ? "orientation"
                       : !(a->spacing_x > 0) || !(a->spacing_y > 0) ? "pixel spacing"
                       : !orthonormal(a)                            ? "orthonormal orientation"
                                                                    : NULL;
    if (!lack) continue;
    if (a->frames > 1)
      dicom_series_problem(s, DICOM_MULTIFRAME, "multi-frame image: frame %d of %d has no %s",
                           a->frame + 1, a->frames, lack);
    else
      dicom_series_problem(s, DICOM_NO_GEOMETRY, "slice %d of %d states no %s", k + 1,
                           s->slice_count, lack);
    return false;
  }
  return true;
}

static bool judge_orientation(struct dicom_series *s) {
  const struct dicom_slice *a = s->slices;
  for (int k = 1; k < s->slice_count; k++) {
    double row = vec3_angle_deg(a->row, s->slices[k].row);
    double column = vec3_angle_deg(a->column, s->slices[k].column);
    if (fmax(row, column) <= DICOM_ANGLE_TOLERANCE_DEG) continue;
    dicom_series_problem(
        s, DICOM_MIXED_ORIENTATION,
        "slices of different orientation in one series: slice %d of %d is turned by %.3g "
        "degrees",
        k + 1, s->slice_count, fmax(row, column));
    return false;
  }
  struct vec3 n = normal_of(a);
  if (fabs(n.z) < sqrt(0.5))
    dicom_series_problem(s, DICOM_NOT_AXIAL, "not axial: the slice normal is (%.3f, %.3f, %.3f)",
                         n.x, n.y, n.z);
  return true;
}

/* ---- the stack ---- */

struct placed {
  double along; /* mm along the normal */
  int index;
};

static int by_place(const void *a, const void *b) {
  const struct placed *p = a, *q = b;
  if (p->along != q->along) return p->along < q->along ? -1 : 1;
  return p->index - q->index;
}

/* Sort along the normal and drop exact copies of a slice. */
static void sort_slices(struct dicom_series *s, double *along) {
  int n = s->slice_count, kept = 0;
  struct vec3 normal = normal_of(s->slices);
  struct placed *order = malloc((size_t)n * sizeof *order);
  struct dicom_slice *sorted = malloc((size_t)n * sizeof *sorted);
  if (!order || !sorted) {
    dicom_series_problem(s, DICOM_NO_GEOMETRY, "out of memory while sorting %d slices", n);
    free(order);
    free(sorted);
    return;
  }
  for (int k = 0; k < n; k++)
    order[k] = (struct placed){vec3_dot(s->slices[k].position, normal), k};
  qsort(order, (size_t)n, sizeof *order, by_place);
  for (int k = 0; k < n; k++) {
    struct dicom_slice *slice = &s->slices[order[k].index];
    bool copy =
        kept && slice->uid[0] && slice->frames == 1 && !strcmp(slice->uid, sorted[kept - 1].uid);
    if (copy) {
      free(slice->path);
      continue;
    }
    sorted[kept] = *slice;
    along[kept++] = order[k].along;
  }
  memcpy(s->slices, sorted, (size_t)kept * sizeof *sorted);
  s->slice_count = kept;
  free(order);
  free(sorted);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_step(const double *along, int n) {
  double *steps = malloc((size_t)n * sizeof *steps), median = NAN;
  if (!steps) return NAN;
  for (int k = 1; k < n; k++) steps[k - 1] = along[k] - along[k - 1];
  qsort(steps, (size_t)n - 1, sizeof *steps, by_value);
  median = steps[(n - 1) / 2];
  free(steps);
  return median;
}

/* Gaps, copies of a place, uneven steps. Sets the spacing of even stacks to the mean step, else to
 * the median. */
static void judge_steps(struct dicom_series *s, const double *along) {
  int n = s->slice_count, missing = 0, gap_at = 0, uneven_at = 0, same_at = 0, same = 0;
  double step = median_step(along, n);
  double tolerance = fmax(DICOM_STEP_TOLERANCE * step, DICOM_STEP_TOLERANCE_MM);
  for (int k = 1; k < n; k++) {
    double d = along[k] - along[k - 1], times = round(d / step);
    if (d < DICOM_SAME_POSITION_MM) {
      if (!same++) same_at = k;
    } else if (fabs(d - step) <= tolerance) {
      continue;
    } else if (step > DICOM_SAME_POSITION_MM && times >= 2 &&
               fabs(d - times * step) <= tolerance * times) {
      if (!missing) gap_at = k;
      missing += (int)times - 1;
    } else if (!uneven_at) {
      uneven_at = k;
    }
  }
  if (same)
    dicom_series_problem(
        s, DICOM_DUPLICATE_POSITION,
        "%d of %d slices lie where another lies: slices %d and %d are both at %.3f mm along the "
        "normal",
        same, n, same_at, same_at + 1, along[same_at]);
  if (missing)
    dicom_series_problem(
        s, DICOM_MISSING_SLICE,
        "%d slice%s missing: gap of %.4g mm between %.3f and %.3f mm, where the step is %.4g mm",
        missing, missing > 1 ? "s" : "", along[gap_at] - along[gap_at - 1], along[gap_at - 1],
        along[gap_at], step);
  if (uneven_at)
    dicom_series_problem(
        s, DICOM_UNEVEN_SPACING,
        "uneven spacing: a step of %.4g mm between %.3f and %.3f mm, where the median is %.4g "
        "mm",
        along[uneven_at] - along[uneven_at - 1], along[uneven_at - 1], along[uneven_at], step);
  bool even = !same && !missing && !uneven_at;
  s->grid.spacing[2] = even ? (along[n - 1] - along[0]) / (n - 1) : step;
}

/* Angle between the normal and the line through the positions, and how straight that line is. */
static void judge_tilt(struct dicom_series *s, const double *along) {
  const struct dicom_slice *a = s->slices, *b = &s->slices[s->slice_count - 1];
  struct vec3 n = normal_of(a), run = vec3_sub(b->position, a->position);
  double height = along[s->slice_count - 1] - along[0];
  if (height < DICOM_SAME_POSITION_MM) return;
  struct vec3 side = vec3_along(run, -height, n);
  double tilt = atan2(vec3_length(side), height) * 180 / acos(-1.0);
  s->acquisition.gantry_tilt_deg = 0;
  if (tilt > DICOM_ANGLE_TOLERANCE_DEG && vec3_length(side) > DICOM_SIDE_TOLERANCE_MM) {
    s->acquisition.gantry_tilt_deg = tilt;
    dicom_series_problem(
        s, DICOM_TILT,
        "gantry tilt: the slices are stacked at %.2f degrees to their normal (perpendicular "
        "step %.4g mm); a shear correction resamples them",
        tilt, s->grid.spacing[2]);
  } else if (fabs(a->tilt_tag_deg) > DICOM_ANGLE_TOLERANCE_DEG && fabs(vec3_unit(run).z) > 0.9999 &&
             fabs(n.z) > 0.9999) {
    dicom_series_problem(
        s, DICOM_TILT,
        "the header states a gantry tilt of %.2f degrees that orientation and positions do not "
        "show; it cannot be corrected",
        a->tilt_tag_deg);
  }
  for (int k = 1; k + 1 < s->slice_count; k++) {
    struct vec3 straight = vec3_along(a->position, (along[k] - along[0]) / height, run);
    double off = vec3_length(vec3_sub(s->slices[k].position, straight));
    double ahead = fabs(vec3_dot(vec3_sub(s->slices[k].position, straight), n));
    off = sqrt(fmax(0, off * off - ahead * ahead));
    if (off > DICOM_SIDE_TOLERANCE_MM)
      dicom_series_problem(s, DICOM_UNEVEN_SPACING,
                           "slice %d of %d lies %.3g mm beside the straight stack", k + 1,
                           s->slice_count, off);
  }
}

static void set_grid(struct dicom_series *s) {
  const struct dicom_slice *a = s->slices;
  struct vec3 row = vec3_unit(a->row), n = normal_of(a), column = vec3_cross(n, row);
  const double d[9] = {row.x, column.x, n.x, row.y, column.y, n.y, row.z, column.z, n.z};
  s->grid = geometry_make(a->columns, a->rows, s->slice_count, a->spacing_x, a->spacing_y, 0);
  s->grid.origin[0] = a->position.x;
  s->grid.origin[1] = a->position.y;
  s->grid.origin[2] = a->position.z;
  memcpy(s->grid.direction, d, sizeof d);
}

void dicom_series_judge(struct dicom_series *s) {
  double *along = NULL;
  const char *modality = s->acquisition.modality;
  if (strcmp(modality, "CT"))
    dicom_series_problem(s, DICOM_NOT_CT, "not CT: the modality is %s",
                         modality[0] ? modality : "not stated");
  judge_content(s);
  bool sound = judge_presence(s) && judge_orientation(s) && !(s->problems & DICOM_MIXED_SIZE);
  s->grid.nx = s->slices[0].columns;
  s->grid.ny = s->slices[0].rows;
  s->grid.nz = s->slice_count;
  if (!sound) return;
  along = malloc((size_t)s->slice_count * sizeof *along);
  if (!along) {
    dicom_series_problem(s, DICOM_NO_GEOMETRY, "out of memory while sorting %d slices",
                         s->slice_count);
    return;
  }
  sort_slices(s, along);
  set_grid(s);
  if (s->slice_count > 1) {
    judge_steps(s, along);
    judge_tilt(s, along);
  } else {
    double thickness = s->slices[0].thickness_mm;
    s->grid.spacing[2] = thickness > 0 ? thickness : 1;
    dicom_series_problem(s, DICOM_SINGLE_SLICE, "a single slice, %s",
                         thickness > 0 ? "as thick as its header states"
                                       : "of unknown thickness (1 mm taken)");
  }
  free(along);
}
