#include "bodycomp/calcium_picture.h"
#include "cli/command.h"
#include "core/image.h"
#include "core/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct params {
  const char *ct, *region, *without, *blood, *name, *out, *lesions, *picture;
  int label, without_label, preset, connectivity, drop_small, mass;
  bool strict_area, unscaled, peak_3d, local_background, all_variants, anyway;
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
            "its value; 0: everything that is not background"),
    OPT_IN(struct params, without, "without",
           "label map on the same grid of what is no part of the region: aorta, spine"),
    OPT_INT(struct params, without_label, "without-label", "", 0, 65535,
            "its value; 0: everything that is not background"),
    OPT_TEXT(struct params, name, "name",
             "what the region is, for the record: coronary, pericardial, aorta"),
    OPT_CHOICE(struct params, preset, "preset", calcium_preset_names,
               "thresholds; the graeni ones are unverified"),
    OPT_CHOICE(struct params, connectivity, "connectivity", connectivity_names,
               "neighbours in the slice that belong to one lesion"),
    OPT_REAL(struct params, least_area_mm2, "least-area", "mm2", 0, 100,
             "smaller lesions are dropped"),
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
    OPT_FLAG(struct params, anyway, "anyway", "score in spite of contrast or another tube voltage"),
    OPT_OUT(struct params, lesions, "lesions", "table of lesions (CSV)"),
    OPT_OUT(struct params, picture, "picture", "slice with the lesions (PNG)"),
    OPT_OUT(struct params, out, "out", "record (CSV or JSON)"),
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

static struct calcium_rules rules_of(const struct params *p) {
  struct calcium_rules r = calcium_rules_of((enum calcium_preset)p->preset);
  r.connectivity = p->connectivity ? 8 : 4;
  r.least_area_mm2 = p->least_area_mm2;
  r.strict_area = p->strict_area;
  r.slice_scaling = !p->unscaled;
  r.drop_small_3d = p->drop_small;
  r.peak_3d = p->peak_3d;
  r.exclude_above_hu = p->exclude_above_hu;
  r.local_background = p->local_background;
  return r;
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

/* Take the voxels of another map out of the region. */
static status leave_out(struct labels *region, const struct volume *hu, const struct params *p) {
  status st = ST_OK;
  struct labels *without = NULL;
  if (!p->without) goto done;
  TRY(labels_read_on(&without, p->without, &hu->grid));
  for (int64_t v = 0; v < geometry_voxels(&region->grid); v++)
    if (p->without_label ? without->voxels[v] == p->without_label : without->voxels[v] != 0)
      region->voxels[v] = 0;
done:
  labels_destroy(without);
  return st;
}

/* ---- published variants ---- */

enum { VARIANTS = 8 };
static const char *const variant_names[VARIANTS] = {
    "reference",        "area above 1 mm2",   "connectivity 4",
    "no slice scaling", "steps 199/299/399",  "small 3-D components dropped",
    "peak in 3-D",      "threshold above 128"};

static struct calcium_rules variant_rules(int v) {
  struct calcium_rules r = calcium_rules_of(v == 4 ? CALCIUM_GRAENI_120 : CALCIUM_AGATSTON_120);
  r.strict_area = v == 1;
  r.connectivity = v == 2 ? 4 : 8;
  r.slice_scaling = v != 3;
  r.drop_small_3d = v == 5 ? 3 : 0;
  r.peak_3d = v == 6;
  if (v == 7) r.steps_hu[0] = 129; /* the first whole HU above */
  return r;
}

static status add_variant(struct record *r, const struct params *p, const char *quantity,
                          double value, const char *unit, const char *method, const char *source) {
  status st = ST_OK;
  struct measurement *m = record_add(r, p->name, quantity, value, unit);
  CHECK(m, ST_MEMORY, "adding a variant");
  snprintf(m->method, sizeof m->method, "%s", method);
  measurement_source(m, source);
done:
  return st;
}

/* Mass of what holds at least 100 mg/cm3 of hydroxyapatite, instead of 130 HU; weights play no
 * part. */
static status add_dense_mass(struct record *r, const struct volume *hu, const struct labels *region,
                             const struct params *p, double mass_factor) {
  status st = ST_OK;
  const double least_mgcc = 100;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct calcium_score s;
  char method[96];
  if (isnan(mass_factor)) goto done;
  double threshold = p->water_hu + least_mgcc / 1000 / mass_factor;
  for (int n = 0; n < 4; n++) rules.steps_hu[n] = threshold + n;
  rules.mass_factor = mass_factor;
  TRY(calcium_score(&s, hu, region, p->label, &rules));
  snprintf(method, sizeof method, "at least %g mg/cm3 HA = %.1f HU", least_mgcc, threshold);
  st = add_variant(r, p, "calcium_mass_variant", s.mass_mg, "mg", method, "mccollough2007");
  calcium_score_free(&s);
done:
  return st;
}

/* The same region under each published departure from the reference rules. */
static status add_variants(struct record *r, const struct volume *hu, const struct labels *region,
                           const struct params *p, double mass_factor) {
  status st = ST_OK;
  for (int v = 0; v < VARIANTS; v++) {
    struct calcium_rules rules = variant_rules(v);
    struct calcium_score s;
    TRY(calcium_score(&s, hu, region, p->label, &rules));
    st = add_variant(r, p, "agatston_score_variant", s.agatston, "", variant_names[v], "");
    calcium_score_free(&s);
    if (st != ST_OK) goto done;
  }
  double isotropic = NAN;
  char method[96];
  const double threshold_hu = calcium_rules_of(CALCIUM_AGATSTON_120).steps_hu[0];
  TRY(calcium_volume_isotropic(&isotropic, hu, region, p->label, threshold_hu));
  snprintf(method, sizeof method, "isotropic voxels, >= %g HU", threshold_hu);
  TRY(add_variant(r, p, "calcium_volume_isotropic", isotropic, "mm3", method, "callister1998"));
  TRY(add_dense_mass(r, hu, region, p, mass_factor));
done:
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
  struct calcium_rules rules = rules_of(p);
  unsigned gates = 0;
  char text[512];
  const struct image_read_options read = {.quantity = QUANTITY_HU};
  TRY(image_read(&hu, p->ct, &read));
  TRY(labels_read_on(&region, p->region, &hu->grid));
  TRY(leave_out(region, hu, p));
  if (p->blood) TRY(labels_read_on(&blood, p->blood, &hu->grid));
  if (!isnan(p->insert_hu) && !isnan(p->insert_density))
    TRY(calcium_mass_factor(&rules.mass_factor, p->insert_density, p->insert_hu, p->water_hu));
  TRY(calcium_score(&s, hu, region, p->label, &rules));
  if (p->mass) TRY(integrated_mass(&s.mass_mg, hu, region, p));
  TRY(calcium_gates(&gates, text, hu, &rules, blood, &s));
  TRY(record_create(&record, ""));
  TRY(calcium_record(record, p->name, &s, &rules, gates, text, p->anyway));
  if (p->all_variants && (!(gates & CALCIUM_REFUSALS) || p->anyway))
    TRY(add_variants(record, hu, region, p, rules.mass_factor));
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
             "thick slices, noise, "
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
