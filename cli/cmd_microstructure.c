#include "cli/command.h"
#include "core/image.h"
#include "core/log.h"
#include "qct/microstructure.h"

#include <math.h>

struct params {
  const char *image, *labels, *out, *picture, *thickness_map, *case_id;
  int method, label, periosteal, cortical;
  double threshold, pore_mm, strut_mm;
};

static const struct params defaults = {
    .case_id = "case", .threshold = (double)NAN, .pore_mm = 0.15, .strut_mm = 0.3};

static const struct option options[] = {
    ARG_IN(struct params, image, "image", "micro-CT grey values, a density volume, or a mask"),
    OPT_CHOICE(struct params, method, "threshold-by", micro_method_names,
               "how bone is told from marrow; must be named: fixed, otsu, or mask (non-zero is "
               "bone)"),
    OPT_REAL(struct params, threshold, "bone-threshold", "", -100000, 100000,
             "of fixed, in the unit of the image: bone is at least it"),
    OPT_IN(struct params, labels, "labels", "label map on the same grid"),
    OPT_INT(struct params, label, "label", "", 0, 65535,
            "value of the volume of interest; 0: trabecular compartment, or the whole image"),
    OPT_INT(struct params, periosteal, "periosteal-label", "", 0, 65535,
            "value of the whole bone: also measure the cortex"),
    OPT_INT(struct params, cortical, "cortical-label", "", 0, 65535,
            "value of the cortex; 0: part the periosteal mask by --pore and --strut"),
    OPT_REAL(struct params, pore_mm, "pore", "mm", 0, 2,
             "radius: marrow in which no such sphere fits is a pore of the cortex"),
    OPT_REAL(struct params, strut_mm, "strut", "mm", 0, 3,
             "radius: what marrow grown by it closes is trabecular"),
    OPT_OUT_AS(struct params, thickness_map, "thickness-map", ENDS_IMAGE,
               "image of the local thickness of bone and marrow, mm"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "middle slice with the thickness map"),
    OPT_CASE(struct params, case_id),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom trabeculae rods --out rods --rod-radius 0.06 --period 0.5 --edge 2 --size 0.025",
     "a lattice of rods whose measures are known"},
    {"qct microstructure rods/ct.nii.gz --threshold-by fixed --bone-threshold 500 --picture "
     "rods.png "
     "--out rods.csv",
     "its microstructure"},
    {"qct microstructure rods/labels.nii.gz --threshold-by mask", "the same from a mask"},
    {NULL, NULL}};

static const char *const sources[] = {
    "hildebrand1997", "hildebrand1997b", "odgaard1993", "harrigan1984",
    "otsu1979",       "doube2010",       "buie2007",    NULL};

static status write_all(struct context *ctx, const struct params *p, const struct microstructure *m,
                        const struct volume *image) {
  status st = ST_OK;
  struct record *r = NULL;
  struct picture *picture = NULL;
  cJSON *provenance = NULL;
  if (p->picture) {
    TRY(qct_microstructure_picture(&picture, m, image));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  if (p->thickness_map) {
    provenance = context_provenance(ctx);
    TRY(itk_image_write(m->thickness, p->thickness_map, provenance, ctx->force));
  }
  TRY(record_create(&r, p->case_id));
  TRY(qct_microstructure_rows(r, m));
  TRY(context_write_record(ctx, r, p->out));
done:
  cJSON_Delete(provenance);
  record_destroy(r);
  picture_destroy(picture);
  return st;
}

/* An image, or a mask of labels as one. */
static status read_input(struct volume **out, const struct params *p,
                         const struct image_read_options *read) {
  status st = ST_OK;
  struct labels *mask = NULL;
  if (p->method != MICRO_MASK) {
    TRY(image_read(out, p->image, read));
    goto done;
  }
  TRY(labels_read_on(&mask, p->image, NULL));
  TRY(volume_create(out, &mask->grid, QUANTITY_OTHER));
  for (int64_t i = 0; i < geometry_voxels(&mask->grid); i++)
    (*out)->voxels[i] = mask->voxels[i] != 0;
done:
  labels_destroy(mask);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options read = {.quantity = QUANTITY_UNKNOWN};
  struct microstructure_options o = MICROSTRUCTURE_DEFAULTS;
  struct volume *image = NULL;
  struct labels *labels = NULL;
  struct microstructure *m = NULL;
  o.method = p->method;
  o.threshold = p->threshold;
  o.voi = p->label;
  o.periosteal = p->periosteal;
  o.cortical = p->cortical;
  o.pore_mm = p->pore_mm;
  o.strut_mm = p->strut_mm;
  TRY(read_input(&image, p, &read));
  if (p->labels) TRY(labels_read_on(&labels, p->labels, &image->grid));
  TRY(qct_microstructure(&m, image, labels, &o));
  log_info("bone by %s%s; mean thickness %.3g mm is %.2f voxels of %.3g mm",
           micro_method_names[m->method], m->method == MICRO_MASK ? "" : " threshold", m->th[0],
           m->th[0] / m->voxel_mm, m->voxel_mm);
  if (qct_microstructure_gate(m)[0]) log_warning("%s", qct_microstructure_gate(m));
  TRY(write_all(ctx, p, m, image));
done:
  volume_destroy(image);
  labels_destroy(labels);
  qct_microstructure_destroy(m);
  return st;
}

const struct command cmd_microstructure = {
    .name = "microstructure",
    .summary = "Trabecular and cortical microstructure of micro-CT and HR-pQCT",
    .about =
        "Bone volume fraction, thickness and separation by the largest sphere, number, surface, "
        "structure model index, connectivity density (Euler number, 26-connected bone, corrected "
        "for the edges) and degree of anisotropy (mean intercept length in 256 fixed directions: "
        "da_ratio is longest over shortest, da_share 1 - (shortest/longest)^2). With a periosteal "
        "mask also thickness, porosity, density and area of the cortex.\n\n"
        "How bone is told from marrow must be named; nothing is smoothed. Voxels above 0.25 mm are "
        "refused; where bone is thinner than 2 voxels on the mean its shape is flagged, below 1.25 "
        "withheld. These limits, --pore and --strut are choices of this toolkit. Lengths in mm.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
