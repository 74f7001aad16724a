#include "cli/command.h"
#include "core/file.h"
#include "core/image.h"
#include "radiomics/map.h"
#include "radiomics/parameters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const conventions[] = {"ibsi", "pyradiomics", NULL};
static const char *const discretisations[] = {"as-is", "fbn", "fbs", NULL};

struct params {
  const char *image, *labels, *parameters, *out;
  struct text_list features;
  int label, radius, convention, discretisation, bin_count;
  double size_mm, bin_width, outside, range[2];
};

static const struct params defaults = {.label = 1,
                                       .radius = 1,
                                       .discretisation = RAD_FBS,
                                       .bin_count = 32,
                                       .bin_width = 25,
                                       .size_mm = NAN,
                                       .outside = NAN,
                                       .range = {NAN, NAN}};

static const struct option options[] = {
    ARG_IN(struct params, image, "image", "CT or density volume: DICOM folder or file"),
    ARG_IN(struct params, labels, "labels", "label map on the grid of the image"),
    OPT_LIST(struct params, features, "tags",
             "tags such as cm_contrast, ngl_lde, stat_mean, or pyradiomics names such as "
             "glcm_Contrast"),
    OPT_IN(struct params, parameters, "parameters",
           "pyradiomics parameter file (YAML): its settings, radius and outer value"),
    OPT_OUT_REQUIRED(struct params, out, "out",
                     "map (image file); with several features a folder of them"),
    OPT_INT(struct params, label, "label", "", 1, 65535, "value of the region"),
    OPT_INT(struct params, radius, "radius", "voxels", 1, 10,
            "half side of the box: 1 is 3 x 3 x 3"),
    OPT_CHOICE(struct params, convention, "convention", conventions,
               "ibsi merges the directions, pyradiomics averages them"),
    OPT_CHOICE(struct params, discretisation, "bins", discretisations,
               "grey levels: fixed bin number, fixed bin size"),
    OPT_REAL(struct params, bin_width, "bin-width", "", 1e-9, 1e9,
             "of fbs, in the unit of the image"),
    OPT_INT(struct params, bin_count, "bin-count", "", 1, 65535, "of fbn"),
    OPT_REALS(struct params, range, "range", "", 2, -1e9, 1e9,
              "re-segment to intensities low,high in the unit of the image"),
    OPT_REAL(struct params, size_mm, "size", "mm", 0.01, 50, "resample to voxels of this edge"),
    OPT_REAL(struct params, outside, "outside", "", -1e9, 1e9,
             "value beyond the mask; no data when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct radiomics verify --phantom-out phantom.nii.gz --phantom-labels roi.nii.gz",
     "writes the IBSI digital phantom (CC BY 4.0)"},
    {"qct radiomics map phantom.nii.gz roi.nii.gz --tags cm_contrast --bins as-is --out "
     "contrast.nii.gz",
     "co-occurrence contrast of the 3 x 3 x 3 box around each voxel"},
    {NULL, NULL}};

static const char *const sources[] = {"ibsi_manual", "pyradiomics", NULL};

static status list_features(enum rad_feature *out, const struct text_list *list) {
  status st = ST_OK;
  CHECK(list->count >= 1 && list->count <= RAD_MAP_FEATURES, ST_USAGE,
        "--tags: give 1 to %d features", RAD_MAP_FEATURES);
  for (int n = 0; n < list->count; n++) {
    char family[32] = "";
    const char *name = list->items[n];
    int f = rad_feature_from_tag(name);
    const char *split = strchr(name, '_');
    if (f < 0 && split && split - name < 31) {
      memcpy(family, name, (size_t)(split - name));
      f = rad_feature_from_pyradiomics(family, split + 1);
    }
    CHECK(f >= 0, ST_USAGE, "--tags: unknown feature \"%s\"", name);
    out[n] = (enum rad_feature)f;
  }
done:
  return st;
}

static status write_maps(struct volume *const *maps, const enum rad_feature *features, int n,
                         const char *out, struct context *ctx) {
  status st = ST_OK;
  cJSON *provenance = context_provenance(ctx);
  if (n == 1) {
    TRY(itk_image_write(maps[0], out, provenance, ctx->force));
  } else {
    TRY(file_make_directory(out));
    for (int f = 0; f < n; f++) {
      char path[4096];
      snprintf(path, sizeof path, "%s/%s.nii.gz", out, rad_feature_info(features[f])->tag);
      TRY(itk_image_write(maps[f], path, provenance, ctx->force));
    }
  }
done:
  cJSON_Delete(provenance);
  return st;
}

static void make_settings(struct rad_settings *s, const struct params *p,
                          const struct volume *image) {
  rad_settings_init(s, (enum rad_convention)p->convention);
  s->discretisation = (enum rad_discretisation)p->discretisation;
  s->bin_width = p->bin_width;
  s->bin_count = p->bin_count;
  s->round_intensity = s->convention == RAD_IBSI && image->quantity == QUANTITY_HU;
  for (int a = 0; a < 3 && !isnan(p->size_mm); a++) s->spacing_mm[a] = p->size_mm;
  s->has_range = !isnan(p->range[0]) || !isnan(p->range[1]);
  if (!isnan(p->range[0])) s->range[0] = p->range[0];
  if (!isnan(p->range[1])) s->range[1] = p->range[1];
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct image_read_options how = {0};
  struct volume *image = NULL;
  struct labels *labels = NULL;
  struct rad_stage *stage = NULL;
  struct rad_roi *roi = NULL;
  struct volume *maps[RAD_MAP_FEATURES] = {NULL};
  enum rad_feature features[RAD_MAP_FEATURES];
  struct rad_settings s;
  int radius = p->radius;
  double outside = p->outside;
  struct rad_parameters *file = calloc(1, sizeof *file);
  CHECK(file, ST_MEMORY, "feature map");
  TRY(list_features(features, &p->features));
  TRY(image_read(&image, p->image, &how));
  TRY(labels_read_on(&labels, p->labels, &image->grid));
  make_settings(&s, p, image);
  if (p->parameters) {
    TRY(rad_parameters_read(file, p->parameters));
    s = file->settings;
    radius = file->kernel_radius;
    outside = file->initial_value;
  }
  TRY(rad_settings_check(&s));
  TRY(rad_stage_create(&stage, image, &s, NULL));
  TRY(rad_roi_create(&roi, stage, labels, p->label, NULL, &s, NULL));
  TRY(rad_discretise(roi, &s));
  TRY(rad_map(maps, stage, roi, features, p->features.count, radius, outside, &s));
  TRY(write_maps(maps, features, p->features.count, p->out, ctx));
done:
  free(file);
  for (int n = 0; n < RAD_MAP_FEATURES; n++) volume_destroy(maps[n]);
  rad_roi_destroy(roi);
  rad_stage_destroy(stage);
  labels_destroy(labels);
  volume_destroy(image);
  return st;
}

const struct command cmd_radiomics_map = {
    .name = "radiomics map",
    .summary = "Write maps of radiomics features, voxel by voxel",
    .about = "Each voxel of the region holds the feature of the box around it, cut to the region. "
             "Grey levels are those of the whole region. Co-occurrence features slide along rows "
             "and run on all threads; other families are computed box by box and take longer.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
