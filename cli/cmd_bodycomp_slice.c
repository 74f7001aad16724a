#include "bodycomp/slice_picture.h"
#include "cli/tissue_options.h"
#include "core/body.h"

#include <stdio.h>

struct params {
  struct tissue_params tissue;
  const char *vertebrae, *level, *picture;
  double height_m;
  int slice, slices, rule;
};

static const struct params defaults = {
    .tissue = TISSUE_PARAMS, .height_m = NAN, .slice = -1, .slices = 1};

static const struct option options[] = {
    TISSUE_ARGUMENTS(struct params, tissue),
    OPT_IN(struct params, vertebrae, "vertebrae",
           "label map of vertebrae, or of hip bones and femora, in TotalSegmentator numbers (L3 = "
           "29)"),
    OPT_TEXT(
        struct params, level, "level",
        "vertebral level, e.g. L3, or si-joint, acetabular-roof, thigh with -left or -right; needs "
        "--vertebrae"),
    OPT_CHOICE(struct params, rule, "slice-rule", slice_rule_names, "which slice of the level"),
    OPT_INT(struct params, slice, "slice", "", -1, 100000,
            "slice by index from 0, instead of a level; -1: by --level"),
    OPT_INT(struct params, slices, "slices", "", 1, 1000, "mean over this many slices around it"),
    OPT_REAL(struct params, height_m, "height", "m", 0.5, 3, "of the body, for the muscle index"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "the slice with what is counted of it"),
    TISSUE_WINDOWS(struct params, tissue),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out person --format nifti --seed 1 --spacing 2,2,4",
     "a digital patient with labels"},
    {"qct bodycomp slice person/ct.nii.gz --compartments person/labels.nii.gz --muscle muscle=203 "
     "--fat fat=202 "
     "--slice 20",
     "muscle and fat of one slice"},
    {NULL, NULL}};

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
    snprintf(flags, 256, "%s by %s, slice %lld at z %.1f mm, of its slices %lld to %lld%s%s",
             p->level, slice_rule_names[p->rule], (long long)s.slice, s.z_mm, (long long)s.first,
             (long long)s.last, s.flags[0] ? "; " : "", s.flags);
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

static status draw(const struct volume *hu, const struct labels *compartments,
                   const struct tissue_list *range, const struct params *p, bool force) {
  status st = ST_OK;
  struct picture *picture = NULL;
  const struct tissue_options o = tissue_options_of(&p->tissue);
  const struct tissue_list muscle = tissue_list_of(&p->tissue, 0, range),
                           fat = tissue_list_of(&p->tissue, 1, range);
  TRY(tissue_picture(&picture, hu, compartments, &muscle, &fat, (range->first + range->last) / 2,
                     &o));
  TRY(picture_write_png(picture, p->picture, force));
done:
  picture_destroy(picture);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *hu = NULL;
  struct labels *compartments = NULL, *body = NULL;
  struct body_info info = {0};
  struct record *record = NULL;
  struct tissue_list range = {.height_m = p->height_m};
  char flags[256];
  TRY(tissue_inputs_read(&hu, &compartments, &p->tissue, 0));
  TRY(choose_slices(&range.first, &range.last, flags, hu, p));
  TRY(body_find(&body, &info, hu));
  range.truncated = info.touches_side;
  TRY(record_create(&record, ""));
  TRY(tissue_rows(record, hu, compartments, &p->tissue, &range));
  for (size_t i = 0; i < record->count; i++) measurement_flag(&record->rows[i], "%s", flags);
  if (p->picture) TRY(draw(hu, compartments, &range, p, ctx->force));
  TRY(context_write_record(ctx, record, p->tissue.out));
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
    .sources = tissue_sources,
    .run = run};
