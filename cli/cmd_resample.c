#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/resample.h"

#include <math.h>

struct params {
  const char *in, *out, *like;
  struct image_read_options read;
  double size_mm, fill;
  int method;
  bool label_map;
};

static const struct params defaults = {.size_mm = NAN, .method = RESAMPLE_LINEAR, .fill = -1000};

static const char *const method_names[] = {"nearest", "linear", "cubic", "average", NULL};

static const struct option options[] = {
    ARG_IN(struct params, in, "image", "DICOM folder or file, NIfTI, NRRD or MetaImage"),
    ARG_OUT_AS(struct params, out, "result", ENDS_IMAGE, "the resampled image"),
    OPT_REAL(struct params, size_mm, "size", "mm", 0.02, 50,
             "edge of the new cubic voxels; axes left, posterior, superior"),
    OPT_IN(struct params, like, "like", "take the grid of this image instead"),
    OPT_CHOICE(struct params, method, "interpolation", method_names,
               "between voxels; average for coarser grids: the mean over each new voxel"),
    OPT_REAL(struct params, fill, "fill", "", -100000, 100000,
             "what no data are taken for by cubic interpolation; they stay without data"),
    LABEL_MAP_OPTION(struct params, label_map),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --out rods", "a phantom as a DICOM series with labels"},
    {"qct resample rods/ct coarse.nii.gz --size 3 --interpolation average", "3 mm cubes"},
    {"qct resample rods/labels.nii.gz labels.nii.gz --label-map --like coarse.nii.gz",
     "its labels on the same grid"},
    {NULL, NULL}};

static status choose_grid(struct geometry *grid, const struct params *p,
                          const struct geometry *from) {
  status st = ST_OK;
  struct volume *like = NULL;
  CHECK(!p->like != isnan(p->size_mm), ST_USAGE, "give --size or --like, one of them");
  if (p->like) {
    TRY(image_read(&like, p->like, NULL));
    *grid = like->grid;
  } else {
    *grid = geometry_isotropic(from, p->size_mm);
  }
done:
  volume_destroy(like);
  return st;
}

static status resample_labels(struct context *ctx, const struct params *p) {
  status st = ST_OK;
  struct labels *l = NULL, *r = NULL;
  struct geometry grid;
  cJSON *provenance = NULL;
  TRY(itk_labels_read(&l, p->in));
  TRY(choose_grid(&grid, p, &l->grid));
  TRY(filter_resample_labels(&r, l, &grid));
  provenance = context_provenance(ctx);
  TRY(itk_labels_write(r, p->out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  labels_destroy(l);
  labels_destroy(r);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *v = NULL, *r = NULL;
  struct geometry grid;
  cJSON *provenance = NULL;
  bool labels = false;
  TRY(scan_holds_labels(&labels, p->label_map, p->in));
  if (labels) return resample_labels(ctx, p);
  TRY(image_read(&v, p->in, &p->read));
  TRY(choose_grid(&grid, p, &v->grid));
  TRY(volume_resample(&r, v, &grid, (enum resample_method)p->method, (float)p->fill));
  provenance = context_provenance(ctx);
  TRY(itk_image_write(r, p->out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  volume_destroy(v);
  volume_destroy(r);
  return st;
}

const struct command cmd_resample = {
    .name = "resample",
    .summary = "Put a scan or a label map on another grid",
    .about = "The new grid covers the voxels of the old one. Points outside hold no data. Linear "
             "and cubic interpolation do not blur a finer grid down to a coarser one: use average "
             "there. A label map takes the nearest voxel.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
