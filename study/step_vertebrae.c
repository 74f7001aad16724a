/* The step that takes the vertebrae from the given labels or from the heights that the user names;
 * without either it draws a proposal and names nothing. */
#include "anatomy/column.h"
#include "anatomy/vertebra.h"
#include "core/itk_image.h"
#include "study/step.h"

#include <stdio.h>
#include <stdlib.h>

static const char picture_path[] = "pictures/vertebrae.png";
static const char proposal_path[] = "pictures/spine_proposal.png";

static status write_vertebrae(struct study_case *c, const struct vertebra_frames *frames,
                              const struct labels *bodies) {
  status st = ST_OK;
  char path[CASE_PATH];
  TRY(case_path(path, c, "vertebra_frames.json"));
  TRY(vertebra_frames_write(frames, path, c->origin, true));
  if (bodies) {
    TRY(case_path(path, c, "vertebrae.nii.gz"));
    TRY(itk_labels_write(bodies, path, c->origin, true));
  }
done:
  return st;
}

static status from_labels(struct study_case *c, const struct volume *hu,
                          const struct labels *given) {
  status st = ST_OK;
  struct vertebra_result *r = NULL;
  struct picture *p = NULL;
  TRY(vertebrae_from_labels(&r, given, NULL, hu, VERTEBRA_AUTO));
  TRY(vertebra_picture(&p, hu, r));
  TRY(case_write_picture(c, picture_path, STEP_NO_SIDE, p));
  TRY(write_vertebrae(c, &r->frames, r->bodies));
done:
  vertebra_result_destroy(r);
  return st;
}

/* A canal shorter than this, and no body one could rely on, is no spine but a hole in the pelvis.
 */
static const double spine_mm = 100;

static status from_scan(struct study_case *c, const struct volume *hu) {
  status st = ST_OK;
  struct column *column = NULL;
  struct labels *bodies = NULL;
  struct picture *p = NULL;
  struct vertebra_frames frames = {.count = 0};
  const char *levels = c->options->levels;
  TRY(column_find(&column, hu));
  CHECK(levels || !*column->reason || column->count * column->step_mm >= spine_mm, ST_DOMAIN,
        "no spine to propose levels in: %s", column->reason);
  if (levels) TRY(column_anchors(&bodies, &frames, column, hu, levels));
  TRY(column_picture(&p, hu, column, bodies, &frames));
  TRY(case_write_picture(c, proposal_path, STEP_NO_SIDE, p));
  if (!bodies) snprintf(frames.flags, sizeof frames.flags, "%s", column->reason);
  TRY(write_vertebrae(c, &frames, bodies));
done:
  column_destroy(column);
  labels_destroy(bodies);
  return st;
}

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  const struct volume *hu = NULL;
  const struct labels *given = NULL;
  int values[VERTEBRA_LEVELS];
  (void)side;
  TRY(case_hu(&hu, c));
  TRY(case_given_labels(&given, c));
  if (given && !c->options->levels && vertebra_values(values, given))
    TRY(from_labels(c, hu, given));
  else
    TRY(from_scan(c, hu));
done:
  return st;
}

/* ---- the report ---- */

static status tell(struct case_page *page, int side) {
  status st = ST_OK;
  const struct labels *bodies;
  const struct vertebra_frames *frames;
  struct report_reading reading = {.act = "Count the levels yourself, from the sacrum or the last "
                                          "rib."};
  if (case_vertebrae(&bodies, &frames, page->c)) {
    status_clear();
    reading.bad = "No level has a name, so nothing of the spine is measured.";
    reading.act =
        "Give labels of vertebrae, or name levels by their height: --level-z L1=z,L2=z with "
        "z in mm from this picture.";
  } else {
    reading.good = "Outlines follow the bodies and leave the arches out.";
    if (*frames->flags) reading.bad = frames->flags;
  }
  TRY(page_image(page, picture_path, side, "vertebrae with their outlines",
                 "Vertebral bodies, end plates and names.", &reading));
  TRY(page_image(page, proposal_path, side, "proposal of canal, discs and bodies",
                 "Canal (green where seen), discs (yellow) and bodies (blue) as proposed from the "
                 "scan alone; named bodies in orange.",
                 &reading));
done:
  return st;
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_digest(out, c, "labels");
  case_add_text(out, "levels", c->options->levels);
}

const struct case_step step_vertebrae = {
    .name = "vertebrae",
    .title = "vertebrae",
    .version = "3",
    .needs = {"read"},
    .outputs = {"vertebra_frames.json", "vertebrae.nii.gz", "vertebrae.json",
                "pictures/vertebrae.png", "pictures/spine_proposal.png"},
    .parameters = parameters,
    .run = run,
    .section = "Vertebrae",
    .tell = tell,
    .remedies = {{"no spine to propose", "A scan that holds the lumbar spine."},
                 {"canal", "A scan that holds the lumbar spine, or labels of vertebrae."}}};
