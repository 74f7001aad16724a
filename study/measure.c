/* The steps that measure one side: density of the regions, strength in a fall. */
#include "core/file.h"
#include "fea/fall.h"
#include "qct/region.h"
#include "study/case.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static status write_part(const struct study_case *c, const struct record *r, const char *format,
                         enum side side) {
  status st = ST_OK;
  char path[CASE_PATH];
  TRY(case_side_path(path, c, format, side));
  TRY(record_write(r, path, NULL, true));
done:
  return st;
}

static bool starts_with(const char *s, const char *start) {
  return strncmp(s, start, strlen(start)) == 0;
}

/* Regions that the edge of the scan cuts are withheld; the others are flagged. */
static void judge_cuts(struct record *r, const struct femur *f) {
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

/* What limits every number of a side, in few words. */
static void flag_rows(struct record *r, const struct study_case *c, const struct femur *f,
                      const struct calibration *calibration) {
  const double reference_kv = 120, thick_mm = 2.5;
  const struct volume *density = c->density;
  double kvp = density->acquisition.kvp, slice_mm = density->grid.spacing[2];
  bool phantomless = strncmp(calibration->method, "phantom", 7) != 0;
  for (size_t i = 0; i < r->count; i++) {
    struct measurement *m = &r->rows[i];
    if (isnan(m->value) || strcmp(m->unit, "") == 0 || strcmp(m->unit, "mm") == 0) continue;
    if (phantomless) measurement_flag(m, "phantomless");
    if (phantomless && !isnan(kvp) && kvp != reference_kv) measurement_flag(m, "%g kV", kvp);
    if (slice_mm > thick_mm && !strstr(m->flags, "blur"))
      measurement_flag(m, "slices of %.3g mm", slice_mm);
    if (!f->frame_ok && f->frame.flags[0]) measurement_flag(m, "%.90s", f->frame.flags);
  }
}

status step_bmd(void *user, int s) {
  status st = ST_OK;
  struct study_case *c = user;
  const struct femur *femur = NULL;
  const struct femur_result *femora = NULL;
  const struct volume *density = NULL;
  const struct calibration *calibration = NULL;
  struct record *r = NULL;
  TRY(case_femur(&femur, c, s));
  TRY(case_femora(&femora, c));
  TRY(case_density(&density, c));
  TRY(case_calibration(&calibration, c));
  TRY(record_create(&r, c->case_id));
  TRY(qct_hip_regions(r, density, femora->labels, femur->label, &femur->frame, calibration, NULL));
  judge_cuts(r, femur);
  flag_rows(r, c, femur, calibration);
  TRY(write_part(c, r, "parts/bmd_%s.json", femur->side));
done:
  record_destroy(r);
  return st;
}

static status write_fall_files(struct study_case *c, const struct fea_fall *fall,
                               const struct fea_fall_options *options, enum side side) {
  status st = ST_OK;
  struct picture *p = NULL;
  struct text words = {0};
  cJSON *provenance = NULL;
  char path[CASE_PATH];
  TRY(fea_fall_picture(&p, fall));
  TRY(case_side_path(path, c, "pictures/fall_%s.png", side));
  TRY(picture_write_png(p, path, true));
  fea_fall_methods(&words, fall, options);
  TRY(text_check(&words, "methods of the fall"));
  TRY(case_side_path(path, c, "parts/fall_%s.txt", side));
  TRY(file_write(path, words.data ? words.data : "", words.length, true));
  provenance = provenance_to_json(c->provenance);
  TRY(case_side_path(path, c, "fall_%s", side));
  TRY(fea_fall_write(fall, path, provenance, true));
done:
  picture_destroy(p);
  text_free(&words);
  cJSON_Delete(provenance);
  return st;
}

static double given_or(double given, double header) {
  return isnan(given) ? header : given;
}

status step_fall(void *user, int s) {
  status st = ST_OK;
  struct study_case *c = user;
  const struct femur *femur = NULL;
  const struct femur_result *femora = NULL;
  const struct volume *density = NULL;
  const struct calibration *calibration = NULL;
  struct fea_fall_options options = FEA_FALL_DEFAULTS;
  struct fea_fall *fall = NULL;
  TRY(case_femur(&femur, c, s));
  TRY(case_femora(&femora, c));
  TRY(case_density(&density, c));
  TRY(case_calibration(&calibration, c));
  CHECK(!femur->head_truncated, ST_DOMAIN,
        "%s femur: part of the head is outside the scan; the load of a fall acts on it",
        side_name(femur->side));
  options.size_mm = c->options->size_mm;
  options.interval = c->options->interval;
  options.mass_kg = given_or(c->options->mass_kg, density->acquisition.weight_kg);
  options.height_m = given_or(c->options->height_m, density->acquisition.height_m);
  TRY(fea_fall_run(&fall, density, femora->labels, femur->label, &femur->frame, calibration,
                   &options));
  TRY(write_fall_files(c, fall, &options, femur->side));
  for (size_t i = 0; i < fall->record->count; i++)
    snprintf(fall->record->rows[i].case_id, sizeof c->case_id, "%s", c->case_id);
  flag_rows(fall->record, c, femur, calibration);
  TRY(write_part(c, fall->record, "parts/fall_%s.json", femur->side));
done:
  fea_fall_destroy(fall);
  return st;
}
