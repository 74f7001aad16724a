#include "bodycomp/tissue.h"
#include "cli/command.h"
#include "core/image.h"

#include <math.h>

struct params {
  const char *ct, *compartments, *out;
  struct text_list muscle, fat;
  double muscle_window[2], fat_window[2];
  int imat_min;
};

static const struct params defaults = {
    .muscle_window = {-29, 150}, .fat_window = {-190, -30}, .imat_min = 1};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_IN_REQUIRED(struct params, compartments, "compartments",
                    "label map of compartments on the same grid"),
    OPT_LIST(struct params, muscle, "muscle",
             "labels of muscle: value or name=value, e.g. psoas=88,psoas_right=89"),
    OPT_LIST(struct params, fat, "fat", "labels of fat compartments: value or name=value"),
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
    {"qct bodycomp volume person/ct.nii.gz --compartments person/labels.nii.gz --muscle muscle=203 "
     "--fat fat=202",
     "its muscle and fat"},
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

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *hu = NULL;
  struct labels *compartments = NULL;
  struct record *record = NULL;
  const struct tissue_options o = tissue_options_of(p);
  const struct image_read_options read = {.quantity = QUANTITY_HU};
  CHECK(p->muscle.count + p->fat.count > 0, ST_USAGE,
        "name the compartments with --muscle and --fat");
  TRY(image_read(&hu, p->ct, &read));
  TRY(tissue_check_scan(hu, 1));
  TRY(labels_read_on(&compartments, p->compartments, &hu->grid));
  TRY(record_create(&record, ""));
  const int64_t last = hu->grid.nz - 1;
  const struct tissue_list muscle = {p->muscle.items, p->muscle.count, 0, 0, last, 1, NAN, 0};
  const struct tissue_list fat = {p->fat.items, p->fat.count, 1, 0, last, 1, NAN, 0};
  TRY(tissue_measure_list(record, hu, compartments, &muscle, &o));
  TRY(tissue_measure_list(record, hu, compartments, &fat, &o));
  TRY(context_write_record(ctx, record, p->out));
done:
  record_destroy(record);
  labels_destroy(compartments);
  volume_destroy(hu);
  return st;
}

const struct command cmd_bodycomp_volume = {
    .name = "bodycomp volume",
    .summary = "Muscle and fat volumes of labelled compartments",
    .about = "Volumes in cm3 of the voxels of each compartment inside the HU window, muscle "
             "density twice, fat infiltration. A "
             "compartment that the scan cuts is measured as far as it goes.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
