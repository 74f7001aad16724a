#include "cli/radiomics_options.h"
#include "core/image.h"
#include "radiomics/image.h"

#include <math.h>
#include <stdlib.h>

struct params {
  const char *image, *out;
  double size_mm;
  bool by_slice;
  struct filter_options filter;
};

static const struct params defaults = {.size_mm = NAN, .filter = FILTER_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, image, "image", "CT or density volume: DICOM folder or file"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ENDS_IMAGE, "response map"),
    FILTER_OPTIONS(struct params, filter),
    OPT_FLAG(struct params, by_slice, "by-slice", "2D: interpolate and filter within slices"),
    OPT_REAL(struct params, size_mm, "size", "mm", 0.01, 50,
             "resample (cubic) to voxels of this edge first"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct radiomics verify --phantom-out phantom.nii.gz --phantom-labels roi.nii.gz",
     "writes the IBSI digital phantom (CC BY 4.0)"},
    {"qct radiomics filter phantom.nii.gz --filter log --sigma 3 --out log.nii.gz",
     "Laplacian of Gaussian"},
    {"qct radiomics filter phantom.nii.gz --filter wavelet --band HHL --pooling mean --out "
     "wavelet.nii.gz",
     "rotation-invariant wavelet"},
    {NULL, NULL}};

static const char *const sources[] = {"ibsi2", "ibsi_filters", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct image_read_options how = {0};
  struct volume *image = NULL;
  struct volume *out = NULL;
  struct rad_stage *stage = NULL;
  struct rad_filter f;
  struct rad_settings s;
  double *response = NULL;
  cJSON *provenance = NULL;
  filter_from_options(&f, &p->filter, p->by_slice);
  TRY(rad_filter_check(&f, p->by_slice));
  rad_settings_init(&s, RAD_IBSI);
  s.by_slice = p->by_slice;
  s.image_interpolation = RAD_CUBIC;
  for (int a = 0; a < 3 && !isnan(p->size_mm); a++) s.spacing_mm[a] = p->size_mm;
  TRY(image_read(&image, p->image, &how));
  s.round_intensity = image->quantity == QUANTITY_HU;
  TRY(rad_stage_create(&stage, image, &s, NULL));
  TRY(rad_filter_apply(&response, stage->x, &stage->grid, &f, p->by_slice));
  TRY(volume_create(&out, &stage->grid, QUANTITY_OTHER));
  for (int64_t i = 0; i < geometry_voxels(&stage->grid); i++) out->voxels[i] = (float)response[i];
  provenance = context_provenance(ctx);
  TRY(itk_image_write(out, p->out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  volume_destroy(image);
  volume_destroy(out);
  rad_stage_destroy(stage);
  free(response);
  return st;
}

const struct command cmd_radiomics_filter = {
    .name = "radiomics filter",
    .summary = "Write the response map of a convolutional filter",
    .about = "Mean, Laplacian of Gaussian, Laws, Gabor, separable and Simoncelli wavelets and the "
             "Riesz transform as standardised by IBSI-2. The whole image is filtered after "
             "interpolation. Response maps have no unit. Filters made in Fourier space are "
             "periodic by nature: --boundary periodic reproduces the consensus maps.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
