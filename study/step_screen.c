/* The step that projects each hip as in a radiograph and, when a network is given, lets it judge
 * the frontal picture and shows what its answer rests on. */
#include "core/json.h"
#include "ml/cnn_explain.h"
#include "ml/cnn_predict.h"
#include "ml/drr_picture.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static status project(struct ml_drr *out, struct study_case *c, const struct femur *femur,
                      int view) {
  status st = ST_OK;
  const struct volume *hu = NULL;
  const struct femur_result *femora = NULL;
  struct ml_drr_options o = ML_DRR_DEFAULTS;
  o.view = view;
  o.label = femur->label;
  o.side = femur->frame.side;
  TRY(case_hu(&hu, c));
  TRY(case_femora(&femora, c));
  TRY(ml_drr_project(out, hu, femora->labels, &femur->frame, &o));
done:
  return st;
}

static status write_grey(struct study_case *c, const struct volume *image, const char *format,
                         int side) {
  status st = ST_OK;
  struct picture *picture = NULL;
  TRY(ml_drr_picture(&picture, NULL, NULL, image, false));
  TRY(case_write_picture(c, format, side, picture));
done:
  return st;
}

/* Grad-CAM in colour over what the network saw. */
static status write_map(struct study_case *c, struct cnn_model *m, const struct volume *image,
                        struct record *r, int side) {
  status st = ST_OK;
  struct cnn_input in = {0};
  struct cnn_explanation e = {0};
  struct volume *map = NULL, *grey = NULL;
  struct picture *picture = NULL;
  struct cnn_sanity sanity;
  const struct cnn_explain_options how = {
      .kind = CNN_EXPLAIN_GRADCAM, .both_signs = 1, .patch = 16, .stride = 8};
  char path[CASE_PATH], flags[192] = "";
  TRY(cnn_input_make(&in, &image, &m->card, false, flags, sizeof flags));
  TRY(cnn_explain(&e, m, &in, NULL, &how));
  TRY(cnn_explain_sanity(&sanity, m, &in, NULL, &e, &how, 10, 1));
  struct measurement *row = record_add(r, "image", "map_ssim_random_head", sanity.ssim, "");
  CHECK(row, ST_MEMORY, "rows of a map");
  if (!(sanity.ssim < 0.5)) measurement_flag(row, "the map hardly depends on what was learnt");
  TRY(cnn_input_map(&map, e.map, &in, &m->card));
  TRY(cnn_input_map(&grey, in.values, &in, &m->card));
  TRY(ml_drr_picture(&picture, NULL, NULL, grey, false));
  for (int64_t i = 0; i < map->grid.nx * map->grid.ny; i++) {
    double x = (double)map->voxels[i];
    if (!isnan(x) && x > 0.05)
      picture_blend(picture, (int)(i % map->grid.nx), (int)(i / map->grid.nx), colour_sequential(x),
                    0.6 * fmin(1, x + 0.2));
  }
  TRY(case_side_path(path, c, "pictures/screen_map_%s.png", side));
  TRY(picture_write_png(picture, path, true));
done:
  picture_destroy(picture);
  volume_destroy(map);
  volume_destroy(grey);
  cnn_explanation_free(&e);
  cnn_input_free(&in);
  return st;
}

static status judge(struct study_case *c, const struct volume *image, struct record *r, int side) {
  status st = ST_OK;
  struct cnn_model *m = NULL;
  TRY(cnn_model_read(&m, c->options->screen_model, "auto", 0));
  TRY(cnn_predict_image(r, m, image));
  TRY(write_map(c, m, image, r, side));
  for (size_t i = 0; i < r->count; i++) {
    snprintf(r->rows[i].region, sizeof r->rows[i].region, "screen_%s", side_name(case_sides[side]));
    measurement_flag(&r->rows[i], "external test: %s",
                     m->card.external[0] ? m->card.external : "no");
  }
done:
  cnn_model_destroy(m);
  return st;
}

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  const struct femur *femur = NULL;
  struct ml_drr frontal = {0}, lateral = {0};
  struct record *r = NULL;
  TRY(case_femur(&femur, c, side));
  TRY(project(&frontal, c, femur, ML_DRR_FRONTAL));
  TRY(project(&lateral, c, femur, ML_DRR_LATERAL));
  TRY(write_grey(c, frontal.image, "pictures/screen_frontal_%s.png", side));
  TRY(write_grey(c, lateral.image, "pictures/screen_lateral_%s.png", side));
  TRY(record_create(&r, c->case_id));
  if (c->options->screen_model) TRY(judge(c, frontal.image, r, side));
  TRY(case_write_part(c, r, "screen", side));
done:
  record_destroy(r);
  ml_drr_free(&frontal);
  ml_drr_free(&lateral);
  return st;
}

/* ---- the report ---- */

static status tell(struct case_page *page, int side) {
  status st = ST_OK;
  const struct report_reading reading = {
      .good = "The whole proximal femur is in the picture.",
      .bad = "The bone is cut, turned, or hidden by metal.",
      .act = "Do not take them for radiographs: they are projections of the CT, without scatter, "
             "at one energy."};
  const struct report_reading map = {
      .good = "The colour lies on the bone.",
      .bad = "The colour lies on the border or on soft tissue: do not use the answer.",
      .act = "Use the answer for people like those it was trained on alone; see its card."};
  TRY(page_image(page, "pictures/screen_frontal_%s.png", side, "Frontal projection of the hip",
                 "Frontal projection, neck in the plane of the picture; left hips are mirrored.",
                 &reading));
  TRY(page_image(page, "pictures/screen_lateral_%s.png", side, "Lateral projection of the hip",
                 "Lateral projection.", &reading));
  TRY(page_image(page, "pictures/screen_map_%s.png", side, "What the network's answer rests on",
                 "Grad-CAM over what the network saw.", &map));
done:
  return st;
}

static void methods(struct case_page *page) {
  report_text(page->report,
              "Screening. The hip and 20 mm around it are projected along parallel rays with an "
              "attenuation of water of 0.02 per mm (64 keV); a network, where one was given, gives "
              "its value of the frontal picture.");
  page_source(page, "siddon1985");
  page_source(page, "selvaraju2017");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
  case_add_digest(out, c, "screen-model");
}

const struct case_step step_screen = {
    .name = "screen",
    .title = "projections and screening",
    .version = "1",
    .each_side = true,
    .optional = true,
    .of_femur = true,
    .needs = {"femora"},
    .outputs = {"parts/screen_%s.json", "pictures/screen_frontal_%s.png",
                "pictures/screen_lateral_%s.png", "pictures/screen_map_%s.png"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .section = "Projections and screening",
    .tell = tell,
    .methods = methods,
    .remedies = {{"libtorch", "Install libtorch-dev and build again."},
                 {"joins", "Use qct cnn predict with the columns."}}};
