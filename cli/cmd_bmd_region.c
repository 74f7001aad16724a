#include "cli/command.h"
#include "core/image.h"
#include "qct/region.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *image, *labels, *calibration, *out, *case_id;
  struct text_list regions;
  double erode_mm, clip[2];
  int min_voxels;
  bool keep_largest;
};

static const struct params defaults = {.case_id = "case", .min_voxels = 200};

static const struct option options[] = {
    ARG_IN(struct params, image, "image", "density volume, or an image in HU or another unit"),
    ARG_IN(struct params, labels, "labels", "label map on the same grid"),
    OPT_LIST(struct params, regions, "regions",
             "label values or names; all that occur when not given"),
    OPT_REAL(struct params, erode_mm, "erode", "mm", 0, 20,
             "taken off the label, as a Euclidean distance"),
    OPT_FLAG(struct params, keep_largest, "keep-largest", "then only the largest part joined"),
    OPT_REALS(struct params, clip, "clip-z", "%", 2, 0, 90,
              "then cut off the caudal and the cranial end, of the extent along the label's own "
              "axis"),
    OPT_INT(struct params, min_voxels, "least-voxels", "", 1, 1000000,
            "a region with fewer is withheld"),
    OPT_IN(struct params, calibration, "calibration", "calibration.json, for intervals"),
    OPT_CASE(struct params, case_id),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --spacing 2,2,3 --phantom none --format nifti --ideal",
     "a digital patient with its density"},
    {"qct bmd region patient/density.nii.gz patient/labels.nii.gz --regions femur_left",
     "what its left femur holds"},
    {"qct bmd region patient/density.nii.gz patient/labels.nii.gz --regions 75 --erode 4 "
     "--keep-largest --clip-z 0,20",
     "inside, without the head's end"},
    {NULL, NULL}};

static const char *const sources[] = {NULL};

/* Value of a label by number or name; 0 when the map has neither. */
static int value_of(const struct labels *l, const char *asked) {
  char *end = NULL;
  long value = strtol(asked, &end, 10);
  if (end == asked || *end) return labels_value(l, asked);
  return value > 0 && value <= UINT16_MAX ? (int)value : 0;
}

static status add_region(struct record *r, const struct params *p, const char *asked, int value,
                         const struct volume *image, const struct labels *l,
                         const struct calibration *calibration) {
  const struct qct_region_options o = {.erode_mm = p->erode_mm,
                                       .keep_largest = p->keep_largest,
                                       .clip_caudal = p->clip[0],
                                       .clip_cranial = p->clip[1],
                                       .min_voxels = p->min_voxels};
  char name[64];
  if (value && *labels_name(l, value))
    snprintf(name, sizeof name, "%s", labels_name(l, value));
  else if (value)
    snprintf(name, sizeof name, "label_%d", value);
  else
    snprintf(name, sizeof name, "%s", asked);
  return qct_region_rows(r, name, image, l, value, calibration, &o);
}

/* Every value that occurs. */
static status add_all(struct record *r, const struct params *p, const struct volume *image,
                      const struct labels *l, const struct calibration *calibration) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&l->grid);
  bool *seen = calloc(UINT16_MAX + 1, sizeof *seen);
  CHECK(seen, ST_MEMORY, "statistics of all labels");
  for (int64_t i = 0; i < n; i++) seen[l->voxels[i]] = true;
  for (int value = 1; value <= UINT16_MAX; value++)
    if (seen[value]) TRY(add_region(r, p, "", value, image, l, calibration));
  CHECK(r->count, ST_DOMAIN, "%s: no voxel carries a label", p->labels);
done:
  free(seen);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options read = {.quantity = QUANTITY_UNKNOWN};
  const char *absent = NULL;
  struct volume *image = NULL;
  struct labels *labels = NULL;
  struct record *r = NULL;
  struct calibration calibration;
  TRY(image_read(&image, p->image, &read));
  TRY(labels_read_on(&labels, p->labels, &image->grid));
  if (p->calibration) TRY(calibration_read_of(&calibration, p->calibration, image));
  const struct calibration *c = p->calibration ? &calibration : NULL;
  TRY(record_create(&r, p->case_id));
  for (int i = 0; i < p->regions.count; i++) {
    int value = value_of(labels, p->regions.items[i]);
    if (!labels_count(labels, value) || !value) absent = p->regions.items[i];
    TRY(add_region(r, p, p->regions.items[i], value, image, labels, c));
  }
  if (!p->regions.count) TRY(add_all(r, p, image, labels, c));
  TRY(context_write_record(ctx, r, p->out));
  CHECK(!absent, ST_USAGE,
        "%s: no voxel carries the label %s that was asked for; its rows are empty", p->labels,
        absent);
done:
  volume_destroy(image);
  labels_destroy(labels);
  record_destroy(r);
  return st;
}

const struct command cmd_bmd_region = {
    .name = "bmd region",
    .summary = "Statistics of any label of any map",
    .about =
        "Volume, mineral content, mean, median, SD (of the population), percentiles, extremes and "
        "the share below 0 (yellow marrow) and above 1500 mg/cm3 (metal) of every label asked for; "
        "of an image in HU or another unit without those of a density. A voxel of exactly 0 "
        "counts; one without data does not. Trimming is applied in the order erosion, largest "
        "part, ends.\n\n"
        "A label that touches the edge of the scan is flagged. A region with fewer than 200 voxels "
        "left is withheld with the reason. A label that was asked for and is absent gives empty "
        "rows with n = 0 and exit status 2.\n\n"
        "Regions of a femur by the planes of its frame: bmd hip.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
