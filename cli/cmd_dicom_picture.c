#include "cli/dicom_options.h"

struct params {
  const char *picture, *out;
  struct dicom_options dicom;
};

static const struct params defaults = {.dicom = DICOM_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, picture, "picture", "PNG picture"),
    ARG_OUT_AS(struct params, out, "result", ".dcm", "secondary capture"),
    DICOM_OPTIONS(struct params, dicom), OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --out rods", "a phantom as a DICOM series"},
    {"qct calibrate phantom rods/ct --phantom mindways-model3-ct --out calibration.json --picture "
     "rods.png",
     "its calibration and a picture of it"},
    {"qct dicom picture rods.png rods.dcm", "the picture for a picture archive"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct picture *picture = NULL;
  const struct dicom_document document = dicom_options_document(&p->dicom);
  TRY(picture_read_png(&picture, p->picture));
  TRY(dicom_capture_write(picture, p->out, &document, ctx->force));
done:
  picture_destroy(picture);
  return st;
}

const struct command cmd_dicom_picture = {
    .name = "dicom picture",
    .summary = "Write a picture as a DICOM secondary capture",
    .about =
        "Colours of 8 bit, pixel by pixel as in the PNG. Nothing of a person is in it but what "
        "--patient-id and --study say, and what can be seen; dates are fixed, so that its "
        "bytes can be reproduced. Pictures of this program show no name, number or date.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
