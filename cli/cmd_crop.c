#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/filter.h"
#include "core/log.h"

#include <math.h>

struct params {
  const char *in, *out, *labels;
  struct image_read_options read;
  double low[3], high[3], margin_mm;
  int label;
  bool label_map;
};

static const struct params defaults = {
    .low = {NAN, NAN, NAN}, .high = {NAN, NAN, NAN}, .margin_mm = 10, .label = 0};

static const struct option options[] = {
    ARG_IN(struct params, in, "image", "DICOM folder or file, NIfTI, NRRD or MetaImage"),
    ARG_OUT_AS(struct params, out, "result", ENDS_IMAGE, "the part that is kept"),
    OPT_REALS(struct params, low, "low", "voxel", 3, 0, 1e6, "first voxel kept, i,j,k from 0"),
    OPT_REALS(struct params, high, "high", "voxel", 3, 0, 1e6, "last voxel kept, i,j,k"),
    OPT_IN(struct params, labels, "labels", "crop to a label of this map instead"),
    OPT_INT(struct params, label, "label", "", 0, 65535, "value of the label; 0: all of them"),
    OPT_REAL(struct params, margin_mm, "margin", "mm", 0, 1000, "room left around the label"),
    LABEL_MAP_OPTION(struct params, label_map),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --out rods", "a phantom as a DICOM series with labels"},
    {"qct crop rods/ct part.nii.gz --low 10,10,0 --high 59,59,4", "a box of voxels"},
    {"qct crop rods/ct rod.nii.gz --labels rods/labels.nii.gz --label 301 --margin 5",
     "the first rod and 5 mm around it"},
    {NULL, NULL}};

/* Box of a label (0: of all) with its margin. */
static status label_box(int64_t lo[3], int64_t hi[3], const struct params *p,
                        const struct geometry *grid) {
  status st = ST_OK;
  struct labels *l = NULL;
  TRY(labels_read_on(&l, p->labels, grid));
  int64_t n = geometry_voxels(&l->grid);
  for (int64_t i = 0; !p->label && i < n; i++) l->voxels[i] = l->voxels[i] != 0;
  CHECK(labels_box(l, p->label ? p->label : 1, lo, hi), ST_DOMAIN,
        "cropping to label %d: no voxel carries it", p->label);
  for (int a = 0; a < 3; a++) {
    int64_t margin = (int64_t)ceil(p->margin_mm / grid->spacing[a] - 1e-9);
    lo[a] -= margin;
    hi[a] += margin;
  }
done:
  labels_destroy(l);
  return st;
}

static status choose_box(int64_t lo[3], int64_t hi[3], const struct params *p,
                         const struct geometry *grid) {
  status st = ST_OK;
  bool low = !isnan(p->low[0]), high = !isnan(p->high[0]);
  CHECK((p->labels && !low && !high) || (!p->labels && low && high), ST_USAGE,
        "give --low and --high, or --labels");
  if (p->labels) return label_box(lo, hi, p, grid);
  for (int a = 0; a < 3; a++) {
    CHECK(p->low[a] == floor(p->low[a]) && p->high[a] == floor(p->high[a]), ST_USAGE,
          "--low and --high are whole voxels");
    lo[a] = (int64_t)p->low[a];
    hi[a] = (int64_t)p->high[a];
  }
done:
  return st;
}

static status crop_labels(struct context *ctx, const struct params *p) {
  status st = ST_OK;
  struct labels *l = NULL, *part = NULL;
  cJSON *provenance = NULL;
  int64_t lo[3], hi[3];
  TRY(itk_labels_read(&l, p->in));
  TRY(choose_box(lo, hi, p, &l->grid));
  TRY(filter_crop_labels(&part, l, lo, hi));
  provenance = context_provenance(ctx);
  TRY(itk_labels_write(part, p->out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  labels_destroy(l);
  labels_destroy(part);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *v = NULL, *part = NULL;
  cJSON *provenance = NULL;
  int64_t lo[3], hi[3];
  bool labels = false;
  TRY(scan_holds_labels(&labels, p->label_map, p->in));
  if (labels) return crop_labels(ctx, p);
  TRY(image_read(&v, p->in, &p->read));
  TRY(choose_box(lo, hi, p, &v->grid));
  TRY(filter_crop(&part, v, lo, hi));
  log_info("%lld x %lld x %lld of %lld x %lld x %lld voxels kept", (long long)part->grid.nx,
           (long long)part->grid.ny, (long long)part->grid.nz, (long long)v->grid.nx,
           (long long)v->grid.ny, (long long)v->grid.nz);
  provenance = context_provenance(ctx);
  TRY(itk_image_write(part, p->out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  volume_destroy(v);
  volume_destroy(part);
  return st;
}

const struct command cmd_crop = {
    .name = "crop",
    .summary = "Cut a box out of a scan or a label map",
    .about =
        "The box is given in voxels, or is that of a label with a margin; it is clipped to the "
        "image. Voxels keep their value and their place in the patient. A crop hides from "
        "later steps that bone was cut: they judge by the border of what they are given.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
