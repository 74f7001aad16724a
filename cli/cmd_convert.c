#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/colour_table.h"
#include "core/dicom_segment.h"
#include "core/file.h"
#include "core/filter.h"
#include "core/image_side.h"
#include "core/surface.h"

#include <string.h>

struct params {
  const char *in, *out, *like;
  struct image_read_options read;
  bool label_map, orient;
  int quantity, seed, label, rounds;
};

static const struct params defaults = {.seed = 1};

/* the first is what enum quantity calls unknown */
static const char *const quantity_names[] = {"as-stated", "HU", NULL};

static const struct option options[] = {
    ARG_IN(struct params, in, "image", "DICOM folder or file, NIfTI, NRRD or MetaImage"),
    ARG_OUT(
        struct params, out, "result",
        "image file (.nii.gz .nii .nrrd .mha, label maps also .seg.nrrd, .dcm for a DICOM "
        "segmentation, .ctbl or .txt for the colour table of 3D Slicer, .stl .ply .vtp .obj for "
        "a surface), or a folder for a DICOM series"),
    SCAN_OPTIONS(struct params, read),
    LABEL_MAP_OPTION(struct params, label_map),
    OPT_IN(struct params, like, "like",
           "the scan that the outlines of a DICOM RTSTRUCT were drawn on; gives their grid"),
    OPT_FLAG(struct params, orient, "orient",
             "permute and flip the axes towards left, posterior, superior; voxels stay exact"),
    OPT_CHOICE(struct params, quantity, "quantity", quantity_names,
               "what to take an image file for that does not say"),
    OPT_INT(struct params, label, "label", "", 0, 65535,
            "value of the label whose surface is wanted; 0: all labels as one"),
    OPT_INT(struct params, rounds, "rounds", "", 0, 1000,
            "rounds of smoothing of a surface (Taubin: keeps the volume)"),
    OPT_INT(struct params, seed, "seed", "", 0, 2147483647,
            "of the UIDs of a DICOM series or segmentation; the same in both lays them over each "
            "other"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --out rods", "a phantom as a DICOM series with labels"},
    {"qct convert rods/ct ct.nii.gz", "DICOM to NIfTI with a side file"},
    {"qct convert ct.nii.gz series", "and back to a DICOM series"},
    {"qct convert rods/labels.nii.gz rods.seg.nrrd", "a segmentation for 3D Slicer"},
    {"qct convert rods/labels.nii.gz rods.ctbl", "its colours and names, a table"},
    {"qct convert rods/labels.nii.gz rods.dcm", "a DICOM segmentation of it"},
    {"qct convert rods/labels.nii.gz rod.stl --label 301 --rounds 10", "the surface of one rod"},
    {NULL, NULL}};

static bool is_surface(const char *path) {
  return file_has_suffix(path, ".stl") || file_has_suffix(path, ".ply") ||
         file_has_suffix(path, ".vtp") || file_has_suffix(path, ".obj");
}

static status write_surface(const struct labels *l, const struct params *p, bool force) {
  status st = ST_OK;
  struct surface *s = NULL;
  CHECK(p->label == 0 || labels_count(l, p->label), ST_DOMAIN, "%s: no voxel has label %d", p->in,
        p->label);
  TRY(surface_from_labels(&s, l, p->label));
  CHECK(s->triangle_count > 0, ST_DOMAIN, "%s: the map holds no label", p->in);
  TRY(surface_smooth(s, p->rounds));
  TRY(surface_normals(s));
  TRY(surface_write(s, NULL, 0, p->out, force));
done:
  surface_destroy(s);
  return st;
}

static status write_labels(struct context *ctx, const struct labels *l, const struct params *p) {
  status st = ST_OK;
  cJSON *provenance = NULL;
  CHECK(is_surface(p->out) || !(p->label || p->rounds), ST_USAGE,
        "--label and --rounds are for surfaces (.stl .ply .vtp .obj), not for %s", p->out);
  if (is_surface(p->out)) return write_surface(l, p, ctx->force);
  if (file_has_suffix(p->out, ".dcm"))
    return dicom_segment_write(l, p->out, (uint64_t)p->seed, ctx->force);
  if (file_has_suffix(p->out, ".ctbl") || file_has_suffix(p->out, ".txt"))
    return colour_table_write(l, p->out, ctx->force);
  provenance = context_provenance(ctx);
  TRY(itk_labels_write(l, p->out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  return st;
}

static status convert_labels(struct context *ctx, const struct params *p) {
  status st = ST_OK;
  struct labels *l = NULL, *turned = NULL;
  struct volume *scan = NULL;
  if (p->like) TRY(image_read(&scan, p->like, &p->read));
  TRY(labels_read_on(&l, p->in, scan ? &scan->grid : NULL));
  if (p->orient) TRY(filter_orient_labels(&turned, l));
  TRY(write_labels(ctx, turned ? turned : l, p));
done:
  volume_destroy(scan);
  labels_destroy(l);
  labels_destroy(turned);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct image_read_options read = p->read;
  struct volume *v = NULL, *turned = NULL;
  cJSON *provenance = NULL;
  bool labels = false;
  TRY(scan_holds_labels(&labels, p->label_map || p->like, p->in));
  if (labels) return convert_labels(ctx, p);
  read.quantity = p->quantity ? QUANTITY_HU : QUANTITY_UNKNOWN;
  TRY(image_read(&v, p->in, &read));
  if (p->orient) TRY(filter_orient(&turned, v));
  if (image_stem_length(p->out) >= 0 || strchr(file_name(p->out), '.')) {
    provenance = context_provenance(ctx);
    TRY(itk_image_write(turned ? turned : v, p->out, provenance, ctx->force));
  } else {
    struct dicom_write_options write = DICOM_WRITE_DEFAULTS;
    write.seed = (uint64_t)p->seed;
    TRY(dicom_series_write(turned ? turned : v, p->out, &write, ctx->force));
  }
done:
  cJSON_Delete(provenance);
  volume_destroy(v);
  volume_destroy(turned);
  return st;
}

const struct command cmd_convert = {
    .name = "convert",
    .summary =
        "Convert a scan, labels or outlines between DICOM, NIfTI, NRRD, MetaImage and surfaces",
    .about = "Voxels keep their values: integers become floats exactly, padding becomes no data "
             "(NaN; in DICOM the padding value). What the image format cannot hold (quantity, "
             "material, acquisition, label names, provenance) goes into a side file of the same "
             "name ending in .json. A DICOM series written here holds whole HU, no personal data, "
             "fixed dates and UIDs made from --seed, so that its bytes can be reproduced.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
