/* Rows of the steps: their files, and what limits each number. */
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static status part_path(char path[CASE_PATH], const struct study_case *c, const char *name,
                        int side) {
  char text[96];
  snprintf(text, sizeof text, "parts/%s%s.json", name, side < 0 ? "" : "_%s");
  return case_side_path(path, c, text, side);
}

status case_write_part(const struct study_case *c, struct record *rows, const char *name,
                       int side) {
  status st = ST_OK;
  char path[CASE_PATH];
  for (size_t i = 0; i < rows->count; i++)
    snprintf(rows->rows[i].case_id, sizeof rows->rows[i].case_id, "%s", c->case_id);
  TRY(part_path(path, c, name, side));
  TRY(record_write(rows, path, NULL, true));
done:
  return st;
}

status case_write_picture(const struct study_case *c, const char *format, int side,
                          struct picture *p) {
  status st = ST_OK;
  char path[CASE_PATH];
  TRY(case_side_path(path, c, format, side));
  TRY(picture_write_png(p, path, true));
done:
  picture_destroy(p);
  return st;
}

status case_read_part(struct record **out, const struct study_case *c, const char *name, int side) {
  status st = ST_OK;
  char path[CASE_PATH];
  TRY(part_path(path, c, name, side));
  TRY(record_read(out, path));
done:
  return st;
}

void case_flag_forced(struct measurement *m, const struct calibration *k) {
  for (int i = 0; i < k->warning_count; i++)
    if (strncmp(k->warnings[i], "FORCED: ", 8) == 0)
      measurement_flag(m, "calibration beyond its limits: %s", k->warnings[i] + 8);
}

void case_flag_calibration(struct measurement *m, const struct calibration *k, double kvp) {
  const double reference_kv = 120;
  case_flag_forced(m, k);
  if (strncmp(k->method, "phantom", 7) == 0) return;
  if (strncmp(k->method, "async", 5) == 0) {
    measurement_flag(m, "phantom of another day");
    return;
  }
  measurement_flag(m, "phantomless");
  if (!isnan(kvp) && kvp != reference_kv) measurement_flag(m, "%g kV", kvp);
}

static bool starts_with(const char *s, const char *start) {
  return strncmp(s, start, strlen(start)) == 0;
}

void case_judge_cuts(struct record *r, const struct femur *f) {
  for (size_t i = 0; i < r->count; i++) {
    struct measurement *m = &r->rows[i];
    bool has_head = starts_with(m->region, "head_") ||
                    (starts_with(m->region, "total_") && !starts_with(m->region, "total_no_head"));
    if (f->head_truncated && has_head) {
      m->value = m->low = m->high = (double)NAN;
      measurement_flag(m, "part of the head is outside the scan");
    } else if (f->touches) {
      measurement_flag(m, "the femur meets the edge of the scan");
    }
  }
}

status case_flag_femur_rows(struct record *r, struct study_case *c, const struct femur *f) {
  const double thick_mm = 2.5;
  status st = ST_OK;
  const struct volume *density = NULL;
  const struct calibration *calibration = NULL;
  TRY(case_density(&density, c));
  TRY(case_calibration(&calibration, c));
  double kvp = density->acquisition.kvp, slice_mm = density->grid.spacing[2];
  for (size_t i = 0; i < r->count; i++) {
    struct measurement *m = &r->rows[i];
    if (isnan(m->value) || strcmp(m->unit, "") == 0 || strcmp(m->unit, "mm") == 0) continue;
    case_flag_calibration(m, calibration, kvp);
    if (slice_mm > thick_mm && !strstr(m->flags, "blur") && !strstr(m->flags, "slices of"))
      measurement_flag(m, "slices of %.3g mm", slice_mm);
    if (!f->frame_ok && f->frame.flags[0]) measurement_flag(m, "%.120s", f->frame.flags);
  }
done:
  return st;
}
