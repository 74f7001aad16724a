#include "core/scan_info.h"

#include "core/image_side.h"
#include "core/json.h"
#include "core/parallel.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Limits. "proposed": a rule of thumb of this toolkit without a publication behind it. */
#define REFERENCE_KV 120.0          /* most reference values were made at this voltage */
#define FEMUR_STEP_TRIED_MM 3.3     /* automatic femur segmentation: thickest slices tried */
#define FEMUR_STEP_MOST_MM 5.0      /* and refused above (proposed) */
#define STRUCTURE_STEP_GOOD_MM 1.0  /* hip structure: the neck's cortex is 1 to 3 mm */
#define STRUCTURE_STEP_MOST_MM 3.0  /* hip structure: flagged beyond (proposed) */
#define STRENGTH_STEP_GOOD_MM 1.5   /* finite elements of 1 to 3 mm (proposed) */
#define SPINE_STEP_MOST_MM 5.0      /* two slices within the middle of a vertebral body */
#define PIXEL_FINE_MM 1.0           /* in-plane: a cortex is blurred beyond (proposed) */
#define CALCIUM_STEP_MM 3.0         /* the Agatston score is defined on 3 mm slices */
#define CALCIUM_STEP_THIN_MM 2.5    /* noise passes the threshold in thinner slices */
#define FEMUR_LENGTH_MM 120.0       /* head to 20 mm below the lesser trochanter (proposed) */
#define FEMUR_LENGTH_LEAST_MM 60.0  /* head and neck (proposed) */
#define SPINE_LENGTH_MM 35.0        /* one lumbar vertebra with its discs (proposed) */
#define CUT_SIDES 0.02              /* of the border is body: the field of view cuts it */
#define AIR_HU (-300.0)             /* between air and fat */
#define HU_LOWEST_EXPECTED (-500.0) /* a scan of a person in HU reaches lower than this ... */
#define HU_HIGHEST_EXPECTED 100.0   /* ... and higher than this */

static const char *const analysis_names[] = {
    "hip density",    "hip structure",    "hip strength",     "spine density",
    "spine strength", "body composition", "coronary calcium", "radiomics"};
static const char *const permission_names[] = {"yes", "caution", "no"};
static const char *const level_names[] = {"good", "note", "caution"};

const char *scan_analysis_name(enum scan_analysis a) {
  return analysis_names[a];
}
const char *scan_permission_name(enum scan_permission p) {
  return permission_names[p];
}
const char *scan_level_name(enum scan_level l) {
  return level_names[l];
}

/* ---- saying ---- */

static void remark(struct scan_info *s, enum scan_level level, const char *fmt, ...)
    QCT_PRINTF(3, 4);
static void remark(struct scan_info *s, enum scan_level level, const char *fmt, ...) {
  if (s->remark_count >= (int)(sizeof s->remarks / sizeof *s->remarks)) return;
  struct scan_remark *r = &s->remarks[s->remark_count++];
  r->level = level;
  va_list args;
  va_start(args, fmt);
  vsnprintf(r->text, sizeof r->text, fmt, args);
  va_end(args);
}

/* A stronger permission replaces the reasons of a weaker one; equal ones are joined. */
static void judge(struct scan_info *s, enum scan_analysis a, enum scan_permission p,
                  const char *fmt, ...) QCT_PRINTF(4, 5);
static void judge(struct scan_info *s, enum scan_analysis a, enum scan_permission p,
                  const char *fmt, ...) {
  struct scan_verdict *v = &s->verdicts[a];
  if (p < v->permission) return;
  if (p > v->permission) v->reason[0] = 0;
  v->permission = p;
  size_t used = strlen(v->reason);
  if (used + 3 >= sizeof v->reason) return;
  if (used) used += (size_t)snprintf(v->reason + used, 3, "; ");
  va_list args;
  va_start(args, fmt);
  vsnprintf(v->reason + used, sizeof v->reason - used, fmt, args);
  va_end(args);
}

static void judge_all(struct scan_info *s, enum scan_permission p, const char *reason) {
  for (int a = 0; a < ANALYSIS_COUNT; a++) judge(s, (enum scan_analysis)a, p, "%s", reason);
}

/* ---- facts ---- */

static int body_axis(const struct geometry *g) {
  int best = 0;
  for (int a = 1; a < 3; a++)
    if (fabs(geometry_axis(g, a).z) > fabs(geometry_axis(g, best).z)) best = a;
  return best;
}

/* Lowest, highest, share without data. */
static void scan_values(struct scan_info *s, const struct volume *v) {
  int64_t n = geometry_voxels(&v->grid), empty = 0, broken = 0;
  float lowest = INFINITY, highest = -INFINITY;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)                          \
    reduction(+ : empty, broken) reduction(min : lowest) reduction(max : highest)
  for (int64_t i = 0; i < n; i++) {
    float x = v->voxels[i];
    if (isnan(x)) {
      empty++;
      continue;
    }
    broken += x != floorf(x);
    if (x < lowest) lowest = x;
    if (x > highest) highest = x;
  }
  s->no_data = (double)empty / (double)n;
  s->whole = broken == 0;
  s->lowest = empty < n ? (double)lowest : NAN;
  s->highest = empty < n ? (double)highest : NAN;
}

/* How much of the border across the body axis is tissue: a body cut by the field of view. */
static void scan_border(struct scan_info *s, const struct volume *v) {
  const int64_t n[3] = {v->grid.nx, v->grid.ny, v->grid.nz};
  const int axis = body_axis(&v->grid);
  int64_t border = 0, tissue = 0;
  for (int64_t k = 0; k < n[2]; k++)
    for (int64_t j = 0; j < n[1]; j++)
      for (int64_t i = 0; i < n[0]; i++) {
        const int64_t at[3] = {i, j, k};
        bool edge = false;
        for (int a = 0; a < 3; a++) edge |= a != axis && (at[a] == 0 || at[a] == n[a] - 1);
        if (!edge) {
          if (axis != 0) i = n[0] - 2 > i ? n[0] - 2 : i; /* jump to the other end of the row */
          continue;
        }
        border++;
        tissue += (double)v->voxels[geometry_index(&v->grid, i, j, k)] > AIR_HU;
      }
  s->cut_sides = border ? (double)tissue / (double)border : 0;
}

static bool sharp_kernel(const char *kernel) {
  static const char *const sharp[] = {"BONE", "LUNG", "EDGE", "DETAIL", "B60", "B70", "B80", "Br6",
                                      "Br7",  "Bl6",  "FC30", "FC5",    "FC8", "YC",  "YD"};
  for (size_t i = 0; i < sizeof sharp / sizeof *sharp; i++)
    if (strstr(kernel, sharp[i])) return true;
  return false;
}

/* ---- rules ---- */

static void judge_values(struct scan_info *s) {
  if (s->quantity != QUANTITY_HU && s->quantity != QUANTITY_UNKNOWN) {
    remark(s, SCAN_CAUTION, "this is no CT in HU but a volume of %s", quantity_name(s->quantity));
    judge_all(s, SCAN_WITHHELD, "not in HU");
    return;
  }
  if (isnan(s->lowest)) {
    remark(s, SCAN_CAUTION, "no voxel holds data");
    judge_all(s, SCAN_WITHHELD, "no voxel holds data");
    return;
  }
  if (s->lowest > HU_LOWEST_EXPECTED || s->highest < HU_HIGHEST_EXPECTED) {
    remark(s, SCAN_CAUTION,
           "values from %g to %g do not look like HU of a person (expected below %g to above %g)",
           s->lowest, s->highest, HU_LOWEST_EXPECTED, HU_HIGHEST_EXPECTED);
    if (s->whole && s->lowest == 0 && s->highest > 0)
      remark(s, SCAN_NOTE, "whole numbers from 0: if these are labels, --label-map lists them");
    judge_all(s, SCAN_WITHHELD, "the values do not look like HU");
  } else if (s->quantity == QUANTITY_UNKNOWN) {
    remark(s, SCAN_NOTE, "the file does not say that its values are HU; they look like it");
  }
  if (s->no_data > 0)
    remark(s, SCAN_NOTE, "%.1f %% of the voxels hold no data (padding outside the reconstruction)",
           100 * s->no_data);
  if (s->highest > 2500)
    remark(s, SCAN_CAUTION, "values up to %.0f HU: metal is likely somewhere", s->highest);
}

static void judge_voltage(struct scan_info *s) {
  double kv = s->acquisition.kvp;
  if (isnan(kv)) {
    remark(s, SCAN_CAUTION, "tube voltage not stated; densities without a phantom depend on it");
    judge(s, ANALYSIS_SPINE_DENSITY, SCAN_WITH_CAUTION,
          "tube voltage not stated: HU cut-offs are withheld");
    judge(s, ANALYSIS_CALCIUM, SCAN_WITHHELD, "tube voltage not stated, the score needs 120 kV");
  } else if (fabs(kv - REFERENCE_KV) > 1) {
    remark(s, SCAN_CAUTION, "%g kV, not the %g kV of most reference values", kv, REFERENCE_KV);
    judge(s, ANALYSIS_SPINE_DENSITY, SCAN_WITH_CAUTION, "%g kV: HU cut-offs are withheld", kv);
    judge(s, ANALYSIS_CALCIUM, SCAN_WITHHELD, "%g kV, the score needs %g kV", kv, REFERENCE_KV);
    judge(s, ANALYSIS_HIP_DENSITY, SCAN_WITH_CAUTION,
          "%g kV: compare only with scans at the same voltage unless a phantom is in the scan", kv);
  }
}

static void judge_contrast(struct scan_info *s) {
  switch (s->acquisition.contrast) {
  case CONTRAST_PRESENT:
    remark(s, SCAN_CAUTION, "contrast medium was given: it raises density of marrow and muscle");
    judge(s, ANALYSIS_SPINE_DENSITY, SCAN_WITH_CAUTION,
          "contrast medium: values are given, classification is withheld");
    judge(s, ANALYSIS_HIP_DENSITY, SCAN_WITH_CAUTION, "contrast medium raises density");
    judge(s, ANALYSIS_BODY_COMPOSITION, SCAN_WITH_CAUTION, "contrast medium raises muscle density");
    judge(s, ANALYSIS_CALCIUM, SCAN_WITHHELD, "contrast medium was given");
    break;
  case CONTRAST_UNKNOWN:
    remark(s, SCAN_NOTE, "the header does not say whether contrast medium was given");
    judge(s, ANALYSIS_CALCIUM, SCAN_WITH_CAUTION, "contrast not stated; it must be absent");
    break;
  case CONTRAST_NONE:
    break;
  }
}

static void judge_resolution(struct scan_info *s) {
  double step = s->slice_step_mm, thickness = s->acquisition.slice_thickness_mm;
  double pixel = fmax(s->grid.spacing[0], s->grid.spacing[1]);
  if (step > FEMUR_STEP_MOST_MM) {
    remark(s, SCAN_CAUTION, "slices every %.3g mm: too coarse for bone", step);
    judge(s, ANALYSIS_HIP_DENSITY, SCAN_WITHHELD,
          "slices every %.3g mm; the femur is segmented up to %g mm", step, FEMUR_STEP_MOST_MM);
    judge(s, ANALYSIS_HIP_STRENGTH, SCAN_WITHHELD,
          "slices every %.3g mm; the femur is segmented up to %g mm", step, FEMUR_STEP_MOST_MM);
    judge(s, ANALYSIS_SPINE_STRENGTH, SCAN_WITHHELD, "slices every %.3g mm, at most %g mm", step,
          SPINE_STEP_MOST_MM);
    judge(s, ANALYSIS_SPINE_DENSITY, SCAN_WITH_CAUTION,
          "slices every %.3g mm: few lie within a vertebral body", step);
  } else if (step > FEMUR_STEP_TRIED_MM) {
    judge(s, ANALYSIS_HIP_DENSITY, SCAN_WITH_CAUTION,
          "slices every %.3g mm, thicker than any tried (%g mm)", step, FEMUR_STEP_TRIED_MM);
  }
  if (step > STRENGTH_STEP_GOOD_MM && step <= FEMUR_STEP_MOST_MM) {
    remark(s, SCAN_NOTE, "slices every %.3g mm blur a cortex of 1 to 3 mm", step);
    judge(s, ANALYSIS_HIP_STRENGTH, SCAN_WITH_CAUTION,
          "slices every %.3g mm; %g mm or thinner settle the cortex", step, STRENGTH_STEP_GOOD_MM);
    judge(s, ANALYSIS_SPINE_STRENGTH, SCAN_WITH_CAUTION, "slices every %.3g mm", step);
  }
  if (step > FEMUR_STEP_MOST_MM)
    judge(s, ANALYSIS_HIP_STRUCTURE, SCAN_WITHHELD,
          "slices every %.3g mm; the neck's cortex needs at most %g mm", step, FEMUR_STEP_MOST_MM);
  else if (step > STRUCTURE_STEP_MOST_MM)
    judge(s, ANALYSIS_HIP_STRUCTURE, SCAN_WITH_CAUTION,
          "slices every %.3g mm, meant for %g mm or less: every row is flagged", step,
          STRUCTURE_STEP_MOST_MM);
  else if (step > STRUCTURE_STEP_GOOD_MM)
    judge(s, ANALYSIS_HIP_STRUCTURE, SCAN_WITH_CAUTION, "slices every %.3g mm; %g mm is good", step,
          STRUCTURE_STEP_GOOD_MM);
  if (step > CALCIUM_STEP_MM || step < CALCIUM_STEP_THIN_MM)
    judge(s, ANALYSIS_CALCIUM, SCAN_WITH_CAUTION,
          "slices every %.3g mm; the score is defined for %g mm", step, CALCIUM_STEP_MM);
  if (pixel > PIXEL_FINE_MM) {
    remark(s, SCAN_NOTE, "pixels of %.3g mm blur thin cortices", pixel);
    judge(s, ANALYSIS_HIP_STRENGTH, SCAN_WITH_CAUTION, "pixels of %.3g mm", pixel);
    judge(s, ANALYSIS_HIP_STRUCTURE, SCAN_WITH_CAUTION, "pixels of %.3g mm", pixel);
  }
  if (thickness > 1.05 * step)
    remark(s, SCAN_NOTE, "overlapping slices: %.3g mm thick, every %.3g mm", thickness, step);
  if (step > 1.05 * thickness)
    remark(s, SCAN_CAUTION, "slices %.3g mm thick, every %.3g mm: what lies between was not seen",
           thickness, step);
}

static void judge_coverage(struct scan_info *s) {
  if (s->length_mm < FEMUR_LENGTH_LEAST_MM) {
    for (int a = ANALYSIS_HIP_DENSITY; a <= ANALYSIS_HIP_STRENGTH; a++)
      judge(s, (enum scan_analysis)a, SCAN_WITHHELD,
            "%.0f mm along the body hold no femoral head and neck (%g mm)", s->length_mm,
            FEMUR_LENGTH_LEAST_MM);
  } else if (s->length_mm < FEMUR_LENGTH_MM) {
    judge(s, ANALYSIS_HIP_STRENGTH, SCAN_WITH_CAUTION,
          "%.0f mm along the body; a proximal femur with its shaft takes about %g mm", s->length_mm,
          FEMUR_LENGTH_MM);
    judge(s, ANALYSIS_HIP_STRUCTURE, SCAN_WITH_CAUTION, "%.0f mm along the body", s->length_mm);
  }
  if (s->length_mm < SPINE_LENGTH_MM) {
    judge(s, ANALYSIS_SPINE_STRENGTH, SCAN_WITHHELD, "%.0f mm along the body hold no vertebra",
          s->length_mm);
    judge(s, ANALYSIS_CALCIUM, SCAN_WITHHELD, "%.0f mm along the body do not cover the heart",
          s->length_mm);
  }
  if (s->cut_sides > CUT_SIDES) {
    remark(s, SCAN_CAUTION,
           "the field of view cuts the body or a small field was reconstructed (%.0f %% of its "
           "border is tissue)",
           100 * s->cut_sides);
    judge(s, ANALYSIS_BODY_COMPOSITION, SCAN_WITH_CAUTION,
          "the field of view cuts the body: areas are lower bounds");
  }
}

/* The stated body part is often wrong, so it only cautions. */
static void judge_body_part(struct scan_info *s) {
  static const struct {
    const char *word;
    bool hip, spine, heart; /* may be in such a scan */
  } parts[] = {{"HEAD", 0, 0, 0},   {"BRAIN", 0, 0, 0}, {"SKULL", 0, 0, 0},  {"NECK", 0, 0, 0},
               {"HEART", 0, 1, 1},  {"CHEST", 0, 1, 1}, {"THORAX", 0, 1, 1}, {"HIP", 1, 0, 0},
               {"PELVIS", 1, 1, 0}, {"FEMUR", 1, 0, 0}, {"THIGH", 1, 0, 0},  {"LEG", 1, 0, 0},
               {"KNEE", 0, 0, 0},   {"HAND", 0, 0, 0},  {"WRIST", 0, 0, 0},  {"FOOT", 0, 0, 0}};
  const char *stated = s->acquisition.body_part;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (strcmp(stated, parts[i].word)) continue;
    for (int a = 0; a < ANALYSIS_COUNT; a++) {
      bool hip = a <= ANALYSIS_HIP_STRENGTH, heart = a == ANALYSIS_CALCIUM;
      bool spine = a == ANALYSIS_SPINE_DENSITY || a == ANALYSIS_SPINE_STRENGTH;
      if ((hip && !parts[i].hip) || (spine && !parts[i].spine) || (heart && !parts[i].heart))
        judge(s, (enum scan_analysis)a, SCAN_WITH_CAUTION, "the header calls the body part %s",
              stated);
    }
  }
}

static void judge_rest(struct scan_info *s) {
  const struct acquisition *a = &s->acquisition;
  if (a->lossy) {
    remark(s, SCAN_CAUTION, "lossy compression changed the values");
    judge(s, ANALYSIS_RADIOMICS, SCAN_WITHHELD, "lossy compression changes texture");
    judge(s, ANALYSIS_HIP_STRENGTH, SCAN_WITH_CAUTION, "lossy compression");
    judge(s, ANALYSIS_HIP_STRUCTURE, SCAN_WITH_CAUTION, "lossy compression");
    judge(s, ANALYSIS_CALCIUM, SCAN_WITH_CAUTION, "lossy compression");
  }
  if (!a->kernel[0]) {
    judge(s, ANALYSIS_RADIOMICS, SCAN_WITH_CAUTION, "reconstruction kernel not stated");
  } else if (sharp_kernel(a->kernel)) {
    remark(s, SCAN_CAUTION, "kernel %s is sharp: it raises noise and overshoots at the cortex",
           a->kernel);
    judge(s, ANALYSIS_HIP_STRENGTH, SCAN_WITH_CAUTION,
          "sharp kernel %s; kernels move strength by up to 20 %%", a->kernel);
    judge(s, ANALYSIS_CALCIUM, SCAN_WITH_CAUTION, "sharp kernel %s", a->kernel);
  }
  if (a->gantry_tilt_deg > 0.1) {
    remark(s, SCAN_NOTE, "the gantry was tilted by %.2f degrees and the volume resampled",
           a->gantry_tilt_deg);
    judge(s, ANALYSIS_RADIOMICS, SCAN_WITH_CAUTION, "resampled by the correction of gantry tilt");
  }
  if (strcmp(a->modality, "CT") && a->modality[0]) judge_all(s, SCAN_WITHHELD, "not a CT");
  if (!a->modality[0])
    remark(s, SCAN_NOTE, "no acquisition data: give the DICOM series when there is one");
}

void scan_info_of_volume(struct scan_info *out, const struct volume *v) {
  memset(out, 0, sizeof *out);
  int axis = body_axis(&v->grid);
  const int64_t n[3] = {v->grid.nx, v->grid.ny, v->grid.nz};
  out->grid = v->grid;
  out->acquisition = v->acquisition;
  out->quantity = v->quantity;
  out->slice_step_mm = v->grid.spacing[axis];
  out->length_mm = v->grid.spacing[axis] * (double)n[axis];
  scan_values(out, v);
  scan_border(out, v);
  judge_values(out);
  judge_voltage(out);
  judge_contrast(out);
  judge_resolution(out);
  judge_coverage(out);
  judge_body_part(out);
  judge_rest(out);
}

cJSON *scan_grid_to_json(const struct geometry *g) {
  const double size[3] = {(double)g->nx, (double)g->ny, (double)g->nz};
  cJSON *grid = cJSON_CreateObject();
  json_add_numbers(grid, "size", size, 3);
  json_add_numbers(grid, "spacing_mm", g->spacing, 3);
  json_add_numbers(grid, "origin_mm", g->origin, 3);
  json_add_numbers(grid, "direction", g->direction, 9);
  return grid;
}

cJSON *scan_info_to_json(const struct scan_info *s) {
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  cJSON_AddItemToObject(json, "grid", scan_grid_to_json(&s->grid));
  cJSON_AddItemToObject(json, "acquisition", acquisition_to_json(&s->acquisition));
  json_add_text(json, "quantity", quantity_name(s->quantity));
  json_add_number(json, "slice_step_mm", s->slice_step_mm);
  json_add_number(json, "length_mm", s->length_mm);
  json_add_number(json, "lowest", s->lowest);
  json_add_number(json, "highest", s->highest);
  json_add_number(json, "no_data_share", s->no_data);
  json_add_number(json, "tissue_on_border_share", s->cut_sides);
  cJSON *remarks = cJSON_AddArrayToObject(json, "remarks");
  for (int i = 0; i < s->remark_count; i++) {
    cJSON *r = cJSON_CreateObject();
    json_add_text(r, "level", scan_level_name(s->remarks[i].level));
    json_add_text(r, "text", s->remarks[i].text);
    cJSON_AddItemToArray(remarks, r);
  }
  cJSON *analyses = cJSON_AddArrayToObject(json, "analyses");
  for (int a = 0; a < ANALYSIS_COUNT; a++) {
    cJSON *v = cJSON_CreateObject();
    json_add_text(v, "analysis", scan_analysis_name((enum scan_analysis)a));
    json_add_text(v, "permitted", scan_permission_name(s->verdicts[a].permission));
    json_add_text(v, "reason", s->verdicts[a].reason);
    cJSON_AddItemToArray(analyses, v);
  }
  return json;
}

const char *scan_position_words(const struct acquisition *a) {
  static const char *const words[][2] = {
      {"HFS", "head first, on the back"},       {"FFS", "feet first, on the back"},
      {"HFP", "head first, face down"},         {"FFP", "feet first, face down"},
      {"HFDL", "head first, on the left side"}, {"HFDR", "head first, on the right side"},
      {"FFDL", "feet first, on the left side"}, {"FFDR", "feet first, on the right side"}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(a->patient_position, words[i][0]) == 0) return words[i][1];
  return a->patient_position;
}
