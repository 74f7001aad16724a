#include "bodycomp/tissue.h"
#include "cli/command.h"
#include "core/body.h"
#include "core/image.h"

#include <math.h>
#include <stdio.h>

struct params {
  const char *ct, *compartments, *vertebrae, *level, *out;
  struct text_list muscle, fat;
  double height_m, muscle_window[2], fat_window[2];
  int imat_min, slice, slices, rule;
};

static const struct params defaults = {.height_m = NAN,
                                       .muscle_window = {-29, 150},
                                       .fat_window = {-190, -30},
                                       .imat_min = 1,
                                       .slice = -1,
                                       .slices = 1};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_IN_REQUIRED(struct params, compartments, "compartments",
                    "label map of compartments on the same grid"),
    OPT_LIST(struct params, muscle, "muscle",
             "labels of muscle: value or name=value, e.g. psoas=88,psoas_right=89"),
    OPT_LIST(struct params, fat, "fat", "labels of fat compartments: value or name=value"),
    OPT_IN(struct params, vertebrae, "vertebrae",
           "label map of vertebrae, or of hip bones and femora, in TotalSegmentator numbers (L3 = "
           "29)"),
    OPT_TEXT(
        struct params, level, "level",
        "vertebral level, e.g. L3, or si-joint, acetabular-roof, thigh with -left or -right; needs "
        "--vertebrae"),
    OPT_CHOICE(struct params, rule, "slice-rule", slice_rule_names, "which slice of the level"),
    OPT_INT(struct params, slice, "slice", "", -1, 100000, "slice by index, instead of a level"),
    OPT_INT(struct params, slices, "slices", "", 1, 1000, "mean over this many slices around it"),
    OPT_REAL(struct params, height_m, "height", "m", 0.5, 3, "of the person, for the muscle index"),
    OPT_REALS(struct params, muscle_window, "muscle-window", "HU", 2, -1000, 3000,
              "inclusive HU window of muscle"),
    OPT_REALS(struct params, fat_window, "fat-window", "HU", 2, -1000, 3000,
              "inclusive HU window of fat; -150,-50 is the other visceral convention"),
    OPT_INT(struct params, imat_min, "imat-min-pixels", "pixels", 1, 1000,
            "smaller fat components in muscle do not count"),
    OPT_OUT(struct params, out, "out", "record (CSV or JSON)"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out person --format nifti --seed 1 --spacing 2,2,4",
     "a digital patient with labels"},
    {"qct bodycomp slice person/ct.nii.gz --compartments person/labels.nii.gz --muscle muscle=203 "
     "--fat fat=202 "
     "--slice 20",
     "muscle and fat of one slice"},
    {NULL, NULL}};

static const char *const sources[] = {"derstine2018", "dennis2018", NULL};

static struct tissue_options tissue_options_of(const struct params *p) {
  struct tissue_options o = TISSUE_DEFAULTS;
  o.muscle.low_hu = p->muscle_window[0];
  o.muscle.high_hu = p->muscle_window[1];
  o.fat.low_hu = p->fat_window[0];
  o.fat.high_hu = p->fat_window[1];
  o.imat_min_pixels = p->imat_min;
  return o;
}

/* First and last slice to measure, and what to say about the choice. */
static status choose_slices(int64_t *first, int64_t *last, char flags[256], const struct volume *hu,
                            const struct params *p) {
  status st = ST_OK;
  struct labels *vertebrae = NULL;
  int64_t centre = p->slice;
  flags[0] = '\0';
  CHECK((p->slice >= 0) != (p->level != NULL), ST_USAGE,
        "give either --slice or --level with --vertebrae");
  if (p->level) {
    struct level_slice s;
    CHECK(p->vertebrae, ST_USAGE, "--level %s needs --vertebrae, the label map to find it in",
          p->level);
    TRY(labels_read_on(&vertebrae, p->vertebrae, &hu->grid));
    TRY(tissue_level_slice(&s, vertebrae, p->level, (enum slice_rule)p->rule));
    centre = s.slice;
    *first = s.first;
    *last = s.last;
    snprintf(flags, 256, "%s, slice %lld at z %.1f mm%s%s", p->level, (long long)s.slice, s.z_mm,
             s.flags[0] ? "; " : "", s.flags);
    if (p->rule == SLICE_ALL) goto done;
  } else {
    snprintf(flags, 256, "slice %d", p->slice);
  }
  *first = centre - (p->slices - 1) / 2;
  *last = *first + p->slices - 1;
done:
  labels_destroy(vertebrae);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *hu = NULL;
  struct labels *compartments = NULL, *body = NULL;
  struct body_info info = {0};
  struct record *record = NULL;
  const struct tissue_options o = tissue_options_of(p);
  const struct image_read_options read = {.quantity = QUANTITY_HU};
  int64_t first = 0, last = 0;
  char flags[256];
  CHECK(p->muscle.count + p->fat.count > 0, ST_USAGE,
        "name the compartments with --muscle and --fat");
  TRY(image_read(&hu, p->ct, &read));
  TRY(tissue_check_scan(hu, 0));
  TRY(labels_read_on(&compartments, p->compartments, &hu->grid));
  TRY(choose_slices(&first, &last, flags, hu, p));
  TRY(body_find(&body, &info, hu));
  TRY(record_create(&record, ""));
  const struct tissue_list muscle = {
      p->muscle.items, p->muscle.count, 0, first, last, 0, p->height_m, 0};
  const struct tissue_list fat = {p->fat.items, p->fat.count,     1, first, last, 0,
                                  NAN,          info.touches_side};
  TRY(tissue_measure_list(record, hu, compartments, &muscle, &o));
  TRY(tissue_measure_list(record, hu, compartments, &fat, &o));
  for (size_t i = 0; i < record->count; i++) measurement_flag(&record->rows[i], "%s", flags);
  TRY(context_write_record(ctx, record, p->out));
done:
  record_destroy(record);
  labels_destroy(body);
  labels_destroy(compartments);
  volume_destroy(hu);
  return st;
}

const struct command cmd_bodycomp_slice = {
    .name = "bodycomp slice",
    .summary = "Muscle and fat areas in a slice or at a vertebral level",
    .about = "Areas in cm2 of the voxels of each compartment inside the HU window; muscle density "
             "twice, over the muscle window "
             "(smra) and over the whole compartment; fat between the fibres and its share. HU are "
             "rounded to integers, "
             "windows are inclusive and named in every row.\n\n"
             "The compartments come from a label map; the level from a map of vertebrae, whose "
             "order is checked.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
