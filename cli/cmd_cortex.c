#include "cli/command.h"
#include "core/image.h"
#include "core/log.h"
#include "qct/cortex_map.h"

#include <math.h>

struct params {
  const char *density, *labels, *frame, *calibration, *out, *surface, *picture, *case_id;
  int label, side, method;
  double cortical, sigma_mm, thickness_mm, vertex_mm;
};

static const char *const sides[] = {"unknown", "right", "left", NULL};

static const struct params defaults = {.case_id = "case",
                                       .cortical = (double)NAN,
                                       .sigma_mm = (double)NAN,
                                       .thickness_mm = (double)NAN,
                                       .vertex_mm = 1};

static const struct option options[] = {
    ARG_IN(struct params, density, "density",
           "calibrated bone density [mg/cm3] with its side file"),
    ARG_IN(struct params, labels, "labels", "label map on the same grid"),
    OPT_IN(struct params, frame, "frame", "hip frame, for rows by region (frame.json)"),
    OPT_IN(struct params, calibration, "calibration", "calibration.json, for intervals"),
    OPT_INT(struct params, label, "label", "", 0, 65535,
            "value of the bone; 0: of the femur of the frame's side, or of --side"),
    OPT_CHOICE(struct params, side, "side", sides, "of the body, when there is no frame"),
    OPT_CHOICE(struct params, method, "cortical-density-from", cortex_density_names,
               "subject: read from thick cortex; given: --cortical-density; peak: the highest of "
               "each line, for comparison only"),
    OPT_REAL(struct params, cortical, "cortical-density", "mg/cm3", 300, 2000,
             "density of cortical bone"),
    OPT_REAL(struct params, sigma_mm, "sigma", "mm", 0.1, 4,
             "blur in the plane of the slices (SD); else read from thick cortex"),
    OPT_REAL(struct params, thickness_mm, "thickness", "mm", 0.1, 5,
             "slice thickness; else the header's, else the slice distance"),
    OPT_REAL(struct params, vertex_mm, "vertex-distance", "mm", 0.5, 3, "of the surface"),
    OPT_OUT_AS(struct params, surface, "surface", ".vtp .ply .stl .obj",
               "map as a surface; .vtp and .ply hold the values"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "shaded views coloured by thickness"),
    OPT_CASE(struct params, case_id),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --spacing 1.2,1.2,1.5 --format nifti --ideal",
     "a digital patient with its density"},
    {"qct cortex patient/density.nii.gz patient/labels.nii.gz --frame patient/frame.json "
     "--surface cortex.vtp --picture cortex.png --out cortex.csv",
     "thickness of its cortex: rows, a surface for ParaView, a picture"},
    {NULL, NULL}};

static const char *const sources[] = {"treece2010", NULL};

static int choose_label(const struct params *p, int side) {
  if (p->label) return p->label;
  return side < 0 ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
}

static status write_all(struct context *ctx, const struct params *p, const struct cortex_map *m,
                        const struct hip_frame *frame, int side, const struct calibration *c) {
  status st = ST_OK;
  struct record *r = NULL;
  struct picture *picture = NULL;
  if (p->surface) TRY(qct_cortex_write(m, p->surface, ctx->force));
  if (p->picture) {
    TRY(qct_cortex_picture(&picture, m, side));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  TRY(record_create(&r, p->case_id));
  TRY(qct_cortex_rows(r, m, frame, c));
  TRY(context_write_record(ctx, r, p->out));
done:
  record_destroy(r);
  picture_destroy(picture);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options read = {.quantity = QUANTITY_UNKNOWN};
  struct cortex_options o = {.density = p->method,
                             .cortical = p->cortical,
                             .sigma_mm = p->sigma_mm,
                             .thickness_mm = p->thickness_mm,
                             .vertex_mm = p->vertex_mm};
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct cortex_map *map = NULL;
  struct hip_frame frame;
  struct calibration calibration;
  if (!isnan(p->cortical) && !context_given(ctx, "cortical-density-from")) o.density = CORTEX_GIVEN;
  CHECK(o.density != CORTEX_GIVEN || !isnan(p->cortical), ST_USAGE,
        "--cortical-density-from given needs --cortical-density");
  CHECK(p->label || p->frame || p->side, ST_USAGE, "which bone? Give --label, --side or --frame");
  if (p->frame) TRY(hip_frame_read(&frame, p->frame));
  int side = p->frame ? (int)frame.side : p->side == 1 ? 1 : p->side == 2 ? -1 : 0;
  TRY(image_read(&density, p->density, &read));
  TRY(labels_read_on(&labels, p->labels, &density->grid));
  if (p->calibration) TRY(calibration_read_of(&calibration, p->calibration, density));
  TRY(qct_cortex_map(&map, density, labels, choose_label(p, side), &o));
  log_info("cortical density %.4g mg/cm3, blur %.3g mm in plane and %.3g mm across it beside "
           "slices of %.3g mm, from %lld places",
           map->cortical, map->sigma_plane_mm, map->sigma_slice_mm, map->slice_mm,
           (long long)map->thick);
  if (map->warning)
    log_warning("the model was rejected at %.0f %% of the surface: read the map with care",
                100.0 * (double)map->rejected / (double)map->measured);
  TRY(write_all(ctx, p, map, p->frame ? &frame : NULL, side, p->calibration ? &calibration : NULL));
done:
  volume_destroy(density);
  labels_destroy(labels);
  qct_cortex_map_destroy(map);
  return st;
}

const struct command cmd_cortex = {
    .name = "cortex",
    .summary = "Map the thickness and mass of the cortex over a bone's surface",
    .about =
        "Cortical bone mapping: at every vertex of the surface a model of three densities and two "
        "blurred edges is fitted to the voxels along the normal. Values per vertex: thickness "
        "[mm], mass [mg/cm2], density just behind the cortex and of the trabecular bone [mg/cm3], "
        "residual, thickness by half-maximum for comparison, and a flag (0 fitted; 1 no edge, 2 "
        "residual, 3 bound, 4 far from the outline: these take the median of their "
        "neighbourhood).\n\n"
        "A cortex thinner than the blur does not show its density, so density and thickness cannot "
        "both be had there. Unless --cortical-density gives it, the density is the median over "
        "places with a thick cortex of this bone; it is refused when there are too few. Where thin "
        "cortex is really less dense, thickness reads low in proportion and mass is still right.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
