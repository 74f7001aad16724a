#include "cli/tissue_options.h"

struct params {
  struct tissue_params tissue;
};

static const struct params defaults = {.tissue = TISSUE_PARAMS};

static const struct option options[] = {TISSUE_ARGUMENTS(struct params, tissue),
                                        TISSUE_WINDOWS(struct params, tissue), OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out person --format nifti --seed 1 --spacing 2,2,4",
     "a digital patient with labels"},
    {"qct bodycomp volume person/ct.nii.gz --compartments person/labels.nii.gz --muscle muscle=203 "
     "--fat fat=202",
     "its muscle and fat"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *hu = NULL;
  struct labels *compartments = NULL;
  struct record *record = NULL;
  TRY(tissue_inputs_read(&hu, &compartments, &p->tissue, 1));
  TRY(record_create(&record, ""));
  const struct tissue_list range = {.last = hu->grid.nz - 1, .volume = 1, .height_m = NAN};
  TRY(tissue_rows(record, hu, compartments, &p->tissue, &range));
  TRY(context_write_record(ctx, record, p->tissue.out));
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
    .sources = tissue_sources,
    .run = run};
