#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/body.h"
#include "core/image.h"
#include "core/json.h"

struct params {
  struct image_read_options read;
  const char *ct, *out;
};

static const struct params defaults = {.out = NULL};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ENDS_IMAGE,
                        "label map: 200 body, 201 table and other objects"),
    SCAN_OPTIONS(struct params, read), OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 2,2,2", "a digital patient"},
    {"qct anatomy body patient/ct.nii.gz --out body.nii.gz", "the body without the table"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *ct = NULL;
  struct labels *labels = NULL;
  struct body_info info;
  cJSON *provenance = NULL;
  TRY(scan_read_hu(&ct, p->ct, &p->read));
  TRY(body_find(&labels, &info, ct));
  TRY(labels_set_name(labels, LABEL_BODY, "body"));
  TRY(labels_set_name(labels, LABEL_TABLE, "table"));
  provenance = context_provenance(ctx);
  TRY(itk_labels_write(labels, p->out, provenance, ctx->force));
  cJSON *json = cJSON_CreateObject();
  json_add_number(json, "body_ml", info.body_mm3 / 1000);
  json_add_number(json, "table_ml", info.table_mm3 / 1000);
  json_add_number(json, "no_data_voxels", (double)info.no_data);
  cJSON_AddBoolToObject(json, "touches_side", info.touches_side);
  cJSON_AddBoolToObject(json, "touches_front", info.touches_front);
  TRY(context_write_json(ctx, json, NULL));
done:
  volume_destroy(ct);
  labels_destroy(labels);
  cJSON_Delete(provenance);
  return st;
}

const struct command cmd_anatomy_body = {
    .name = "anatomy body",
    .summary = "Separate the body from the table and the air",
    .about = "Body: what is above -300 HU, survives an erosion of 4 mm and hangs together, with "
             "holes filled slice by slice. A calibration phantom that lies against the skin counts "
             "as body. Volumes are printed in ml; touches_side says that the body reaches the left "
             "or right edge of the image, or no data there (the reconstruction circle), so its "
             "outline is not the patient's.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
