#include "bodycomp/aorta.h"
#include "bodycomp/calcium_picture.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/body.h"
#include "core/filter.h"
#include "core/image.h"
#include "core/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct params {
  const char *case_id;
  struct image_read_options read;
  const char *ct, *region, *without, *blood, *name, *out, *lesions, *picture;
  int label, without_label, preset, connectivity, drop_small, mass;
  bool strict_area, unscaled, peak_3d, local_background, all_variants, anyway, by_pixels,
      interpolate, adaptive, aorta;
  int least_pixels;
  double grow_mm, grow_without_mm;
  double least_area_mm2, exclude_above_hu, insert_hu, insert_density, water_hu;
};

static const struct params defaults = {.name = "region",
                                       .label = 0,
                                       .connectivity = 1,
                                       .least_area_mm2 = 1,
                                       .exclude_above_hu = 1e6,
                                       .insert_hu = NAN,
                                       .insert_density = NAN};

static const char *const connectivity_names[] = {"4", "8", NULL};
static const char *const mass_names[] = {"threshold", "integrated", NULL};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT without contrast: DICOM folder or image file"),
    OPT_IN_REQUIRED(struct params, region, "region",
                    "label map on the same grid: coronaries, heart, aorta"),
    OPT_INT(struct params, label, "label", "", 0, 65535,
            "value of the region; 0: everything that is not background"),
    OPT_IN(struct params, without, "without",
           "label map on the same grid of what is no part of the region: aorta, spine"),
    OPT_INT(struct params, without_label, "without-label", "", 0, 65535,
            "value of what --without leaves out; 0: everything that is not background"),
    OPT_REAL(struct params, grow_mm, "grow", "mm", 0, 20,
             "widen the region first (one program: the aorta by 1)"),
    OPT_REAL(struct params, grow_without_mm, "grow-without", "mm", 0, 20,
             "widen what is left out (one program: the spine by 3)"),
    OPT_FLAG(struct params, aorta, "split-aorta",
             "the region is an aorta: also the scores of its ascending part, arch, descending and, "
             "with T12 in the same map, abdominal part"),
    OPT_TEXT(struct params, name, "name",
             "what the region is, for the record: coronary, pericardial, aorta"),
    OPT_CHOICE(struct params, preset, "preset", calcium_preset_names,
               "thresholds; the graeni ones are unverified"),
    OPT_FLAG(struct params, interpolate, "kv-interpolate",
             "graeni thresholds interpolated to the scan's tube voltage (unverified)"),
    OPT_FLAG(struct params, adaptive, "contrast-adaptive",
             "threshold from the blood of a scan with contrast, needs --blood-pool: a volume, no "
             "score"),
    OPT_CHOICE(struct params, connectivity, "connectivity", connectivity_names,
               "neighbours in the slice that belong to one lesion"),
    OPT_REAL(struct params, least_area_mm2, "least-area", "mm2", 0, 100,
             "smaller lesions are dropped"),
    OPT_INT(struct params, least_pixels, "least-pixels", "pixels", 0, 1000,
            "so are those of fewer pixels"),
    OPT_FLAG(struct params, by_pixels, "by-pixels",
             "as one program counts: at least the whole pixels of 1 mm2, each alone when that is "
             "one"),
    OPT_FLAG(struct params, strict_area, "strict-area",
             "drop lesions of exactly that area as well"),
    OPT_FLAG(struct params, unscaled, "unscaled", "no scaling by slice increment / 3 mm"),
    OPT_INT(struct params, drop_small, "drop-small", "voxels", 0, 1000,
            "3-D components of at most this many are removed first"),
    OPT_FLAG(struct params, peak_3d, "peak-3d",
             "weight by the peak of the 3-D lesion (unverified)"),
    OPT_REAL(struct params, exclude_above_hu, "exclude-above", "HU", 400, 1e6,
             "leave out metal and stents"),
    OPT_IN(struct params, blood, "blood-pool",
           "label map with the aorta as 52, to see contrast and noise"),
    OPT_REAL(struct params, insert_hu, "insert-hu", "HU", 1, 5000,
             "mean of a calcium insert on this scanner"),
    OPT_REAL(struct params, insert_density, "insert-density", "mg/cm3", 1, 2000,
             "hydroxyapatite density of that insert; with --insert-hu gives the mass"),
    OPT_REAL(struct params, water_hu, "water-hu", "HU", -50, 50, "water on this scanner"),
    OPT_CHOICE(struct params, mass, "mass-method", mass_names,
               "mass above the threshold, or integrated over the region without one"),
    OPT_FLAG(struct params, local_background, "local-background",
             "mass relative to a 3 mm shell, not to water"),
    OPT_FLAG(struct params, all_variants, "all-variants",
             "also the score under every published variant"),
    OPT_FLAG(struct params, anyway, "override",
             "score in spite of contrast or another tube voltage"),
    OPT_OUT_AS(struct params, lesions, "lesions", ".csv", "table of lesions"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "slice with the lesions"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    SCAN_OPTIONS(struct params, read),
    OPT_CASE(struct params, case_id),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --out scan --format nifti --spacing 1,1,3",
     "a cylinder with a calibration phantom"},
    {"qct calcium scan/ct.nii.gz --region scan/labels.nii.gz --label 305 --name rod --lesions "
     "lesions.csv "
     "--picture lesions.png",
     "score its densest rod"},
    {NULL, NULL}};

static const char *const sources[] = {"agatston1990",  "mccollough2007", "graeni2018",
                                      "callister1998", "hecht2018",      NULL};

/* The rules asked for, for this scan. */
static status find_rules(struct calcium_rules *out, const struct volume *hu,
                         const struct labels *blood, const struct params *p) {
  status st = ST_OK;
  struct calcium_rules r = calcium_rules_of((enum calcium_preset)p->preset);
  if (p->interpolate) TRY(calcium_rules_at(&r, hu->acquisition.kvp));
  r.connectivity = p->connectivity ? 8 : 4;
  r.least_area_mm2 = p->least_area_mm2;
  r.least_pixels = p->least_pixels;
  if (p->by_pixels) calcium_rules_by_pixels(&r, hu->grid.spacing[0] * hu->grid.spacing[1]);
  r.strict_area = p->strict_area;
  r.slice_scaling = !p->unscaled;
  r.drop_small_3d = p->drop_small;
  r.peak_3d = p->peak_3d;
  r.exclude_above_hu = p->exclude_above_hu;
  r.local_background = p->local_background;
  if (p->adaptive) {
    CHECK(blood, ST_USAGE, "--contrast-adaptive needs --blood-pool, the map with the aorta");
    TRY(calcium_adaptive_threshold(&r.steps_hu[0], hu, blood));
    for (int n = 1; n < 4; n++) r.steps_hu[n] = r.steps_hu[0] + n; /* no weights */
    r.volume_only = 1;
  }
  CHECK(isnan(p->insert_hu) == isnan(p->insert_density), ST_USAGE,
        "--insert-hu and --insert-density describe one insert: give both for a mass");
  r.water_hu = p->water_hu;
  if (!isnan(p->insert_hu))
    TRY(calcium_mass_factor(&r.mass_factor, p->insert_density, p->insert_hu, p->water_hu));
  *out = r;
done:
  return st;
}

static status write_lesions(const struct calcium_score *s, const char *path, bool force) {
  status st = ST_OK;
  struct table *t = NULL;
  static const struct {
    const char *name, *unit;
  } columns[] = {{"lesion", ""},      {"x", "mm"},        {"y", "mm"},      {"z", "mm"},
                 {"first slice", ""}, {"last slice", ""}, {"agatston", ""}, {"volume", "mm3"},
                 {"mass", "mg"},      {"peak", "HU"},     {"mean", "HU"},   {"background", "HU"}};
  TRY(table_create(&t, (size_t)s->lesion_count));
  for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
    TRY(table_add_column(t, columns[c].name, columns[c].unit, true));
  for (int64_t n = 0; n < s->lesion_count; n++) {
    const struct calcium_lesion *l = &s->lesions[n];
    const double values[] = {(double)n + 1,
                             l->centre.x,
                             l->centre.y,
                             l->centre.z,
                             (double)l->first_slice,
                             (double)l->last_slice,
                             l->agatston,
                             l->volume_mm3,
                             l->mass_mg,
                             l->peak_hu,
                             l->mean_hu,
                             l->background_hu};
    for (size_t c = 0; c < sizeof values / sizeof *values; c++)
      t->columns[c].numbers[n] = values[c];
  }
  TRY(table_write(t, path, force));
done:
  table_destroy(t);
  return st;
}

/* Only the region's value is kept; widened, and less the voxels of another map. */
static status shape_region(struct labels *region, const struct volume *hu, const struct params *p) {
  status st = ST_OK;
  struct labels *without = NULL;
  if (p->grow_mm > 0) {
    CHECK(p->label > 0, ST_USAGE, "--grow needs --label, the value to widen");
    TRY(filter_grow(region, p->label, p->grow_mm, 0));
  }
  if (!p->without) goto done;
  TRY(labels_read_on(&without, p->without, &hu->grid));
  for (int64_t v = 0; v < geometry_voxels(&region->grid); v++)
    without->voxels[v] =
        p->without_label ? without->voxels[v] == p->without_label : without->voxels[v] != 0;
  TRY(filter_grow(without, 1, p->grow_without_mm, 0));
  for (int64_t v = 0; v < geometry_voxels(&region->grid); v++)
    if (without->voxels[v]) region->voxels[v] = 0;
done:
  labels_destroy(without);
  return st;
}

/* Gates and rows of one region. */
static status add_region(struct record *r, unsigned *gates, const char *name,
                         const struct volume *hu, const struct calcium_score *s,
                         const struct calcium_rules *rules, const struct labels *blood,
                         const struct params *p) {
  status st = ST_OK;
  char text[512];
  TRY(calcium_gates(gates, text, hu, rules, blood, s));
  if (p->interpolate) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%sthresholds interpolated to %g kV, unverified",
             used ? "; " : "", rules->preset_kvp);
  }
  TRY(calcium_record(r, name, s, rules, *gates, text, p->anyway));
done:
  return st;
}

static status add_aorta(struct record *r, const struct volume *hu, const struct labels *region,
                        const struct calcium_rules *rules, const struct labels *blood,
                        const struct params *p) {
  status st = ST_OK;
  struct labels *parts = NULL;
  struct calcium_score s = {0};
  CHECK(p->label > 0, ST_USAGE, "--split-aorta needs --label, the value of the aorta");
  TRY(aorta_split(&parts, region, p->label));
  for (int part = AORTA_ASCENDING; part < AORTA_PARTS; part++) {
    char name[64];
    unsigned gates;
    if (!labels_count(parts, part)) continue;
    snprintf(name, sizeof name, "%.40s_%s", p->name, aorta_part_names[part]);
    TRY(calcium_score(&s, hu, parts, part, rules));
    TRY(add_region(r, &gates, name, hu, &s, rules, blood, p));
    calcium_score_free(&s);
  }
done:
  calcium_score_free(&s);
  labels_destroy(parts);
  return st;
}

static status integrated_mass(double *mass, const struct volume *hu, const struct labels *region,
                              const struct params *p) {
  status st = ST_OK;
  CHECK(!isnan(p->insert_hu) && !isnan(p->insert_density), ST_USAGE,
        "an integrated mass needs --insert-hu and --insert-density");
  TRY(calcium_mass_integrated(mass, hu, region, p->label, p->insert_hu, p->water_hu,
                              p->insert_density));
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *hu = NULL;
  struct labels *region = NULL, *blood = NULL;
  struct calcium_score s = {0};
  struct record *record = NULL;
  struct picture *picture = NULL;
  struct calcium_rules rules;
  unsigned gates = 0;
  TRY(scan_read_hu(&hu, p->ct, &p->read));
  TRY(body_check_hu(hu, "calcium scoring"));
  TRY(labels_read_on(&region, p->region, &hu->grid));
  TRY(shape_region(region, hu, p));
  if (p->blood) TRY(labels_read_on(&blood, p->blood, &hu->grid));
  TRY(find_rules(&rules, hu, blood, p));
  TRY(calcium_score(&s, hu, region, p->label, &rules));
  if (p->mass) TRY(integrated_mass(&s.mass_mg, hu, region, p));
  TRY(record_create(&record, ""));
  TRY(add_region(record, &gates, p->name, hu, &s, &rules, blood, p));
  if (p->aorta) TRY(add_aorta(record, hu, region, &rules, blood, p));
  if (p->all_variants && (!(gates & CALCIUM_REFUSALS) || p->anyway))
    TRY(calcium_variants_record(record, p->name, hu, region, p->label, rules.mass_factor,
                                p->water_hu));
  if (p->lesions) TRY(write_lesions(&s, p->lesions, ctx->force));
  if (p->picture) {
    TRY(calcium_picture(&picture, hu, region, p->label, &s));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  TRY(context_write_record(ctx, record, p->out));
done:
  calcium_score_free(&s);
  picture_destroy(picture);
  record_destroy(record);
  labels_destroy(region);
  labels_destroy(blood);
  volume_destroy(hu);
  return st;
}

const struct command cmd_calcium = {
    .name = "calcium",
    .summary = "Agatston, volume and mass score of calcium in a region",
    .about = "Reference rules: per slice, components of at least 130 HU and 1 mm2 with 8 "
             "neighbours, weight 1 to 4 by "
             "their peak (130, 200, 300, 400 HU), times area, times slice increment / 3 mm. Points "
             "in which "
             "programs differ are options; --all-variants prints the score under each.\n\n"
             "The region must be given: what is called coronary must be a coronary mask; inside "
             "the pericardium "
             "valves count too (--without takes the aorta out). Contrast, an unknown or other tube "
             "voltage withhold the score; "
             "contrast that is not recorded, thick or gapped slices, noise, a scan not gated by "
             "the heartbeat, "
             "metal, a sharp kernel and a region cut by the scan's end are flagged.\n\n"
             "A mass in mg needs a calibration of this scanner: the HU of an insert of known "
             "density. There is no "
             "default.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
