#include "cli/command.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "core/log.h"
#include "core/radiograph.h"
#include "ml/drr_picture.h"

#include <math.h>

struct params {
  const char *image, *out, *picture;
  double pixel_mm;
  bool mirror;
};

static const struct params defaults = {.pixel_mm = NAN};

static const struct option options[] = {
    ARG_IN(struct params, image, "image", "DICOM image (CR, DX) or grey PNG"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ENDS_IMAGE,
                        "image of one slice, as networks take it"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "grey picture"),
    OPT_REAL(struct params, pixel_mm, "pixel", "mm", 0.01, 20,
             "edge of a pixel instead of what the file states"),
    OPT_FLAG(struct params, mirror, "mirror-image",
             "turn left and right round, on record in the side file"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom femurs --people 1 --out f", "a simple body"},
    {"qct drr f/ct_00001.nii.gz --out p.nii.gz --picture p.png", "a picture of it"},
    {"qct radiograph p.png --pixel 1 --out r.nii.gz", "the picture as input of a network"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *v = NULL;
  struct picture *picture = NULL;
  cJSON *provenance = NULL;
  TRY(radiograph_read(&v, p->image, p->pixel_mm));
  struct geometry *g = &v->grid;
  for (int64_t j = 0; p->mirror && j < g->ny; j++)
    for (int64_t i = 0; i < g->nx / 2; i++) {
      float *a = &v->voxels[j * g->nx + i], *b = &v->voxels[j * g->nx + g->nx - 1 - i], x = *a;
      *a = *b;
      *b = x;
    }
  log_info("%lld x %lld pixels of %g x %g mm", (long long)g->nx, (long long)g->ny, g->spacing[0],
           g->spacing[1]);
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance");
  cJSON_AddBoolToObject(provenance, "mirrored", p->mirror);
  TRY(itk_image_write(v, p->out, provenance, ctx->force));
  if (p->picture) {
    TRY(ml_drr_picture(&picture, NULL, NULL, v, false));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
done:
  cJSON_Delete(provenance);
  picture_destroy(picture);
  volume_destroy(v);
  return st;
}

const struct command cmd_radiograph = {.name = "radiograph",
                                       .summary = "Read a plain radiograph as input of a network",
                                       .about =
                                           "One frame of a DICOM image that is no CT, or a grey "
                                           "PNG of 8 or 16 bits. Larger values are denser: "
                                           "MONOCHROME1 is turned round. The edge of a pixel comes "
                                           "from the file (on the detector, which "
                                           "enlarges the patient) or from --pixel.",
                                       .options = options,
                                       .defaults = &defaults,
                                       .params_size = sizeof(struct params),
                                       .examples = examples,
                                       .run = run};
