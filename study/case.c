#include "study/case.h"

#include "core/body.h"
#include "core/filter.h"
#include "core/image.h"
#include "core/json.h"
#include "core/log.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const enum side case_sides[CASE_SIDES] = {SIDE_RIGHT, SIDE_LEFT};

void case_drop_shells(struct study_case *c) {
  for (int side = 0; side < CASE_SIDES; side++) {
    qct_shell_destroy(c->shells[side]);
    c->shells[side] = NULL;
  }
}

void case_free(struct study_case *c) {
  case_drop_shells(c);
  volume_destroy(c->hu);
  volume_destroy(c->density);
  femur_result_destroy(c->femora);
  labels_destroy(c->given);
  labels_destroy(c->bodies);
  free(c->vertebrae);
  case_graph_free(c->graph);
  cJSON_Delete(c->origin);
  c->graph = NULL;
  c->origin = NULL;
  c->given = NULL;
  c->bodies = NULL;
  c->vertebrae = NULL;
  c->hu = c->density = NULL;
  c->femora = NULL;
}

status case_path(char path[CASE_PATH], const struct study_case *c, const char *name) {
  status st = ST_OK;
  int n = snprintf(path, CASE_PATH, "%s/%s", c->folder, name);
  CHECK(n > 0 && n < CASE_PATH, ST_IO, "the path of the result folder is too long");
done:
  return st;
}

void case_side_text(char *out, size_t size, const char *name, int side) {
  const char *at = side < 0 ? NULL : strstr(name, "%s");
  if (at)
    snprintf(out, size, "%.*s%s%s", (int)(at - name), name, side_name(case_sides[side]), at + 2);
  else
    snprintf(out, size, "%s", name);
}

status case_side_path(char path[CASE_PATH], const struct study_case *c, const char *name,
                      int side) {
  char text[256];
  case_side_text(text, sizeof text, name, side);
  return case_path(path, c, text);
}

const char *case_input_digest(const struct study_case *c, const char *role) {
  const cJSON *input;
  cJSON_ArrayForEach(input, json_find(c->origin, "inputs")) {
    const cJSON *name = json_find(input, "role"), *digest = json_find(input, "sha256");
    if (cJSON_IsString(name) && cJSON_IsString(digest) && strcmp(name->valuestring, role) == 0)
      return digest->valuestring;
  }
  return "";
}

/* Files in sagittal or coronal order: every step may take index axis 2 for that of the slices. */
static status put_upright(struct study_case *c) {
  status st = ST_OK;
  struct volume *upright = NULL;
  TRY(filter_orient(&upright, c->hu));
  log_info("the scan is not stored in axial slices: its axes are put in that order");
  volume_destroy(c->hu);
  c->hu = upright;
done:
  return st;
}

status case_hu(const struct volume **out, struct study_case *c) {
  status st = ST_OK;
  struct image_read_options options = {.series_uid = c->options->series,
                                       .dicom = {.shear_correct = c->options->shear_correct},
                                       .quantity = QUANTITY_HU};
  if (!c->hu) TRY(image_read(&c->hu, c->options->ct, &options));
  if (geometry_axis_nearest(&c->hu->grid, 2) != 2) TRY(put_upright(c));
  CHECK(c->hu->quantity == QUANTITY_HU, ST_DOMAIN,
        "the scan holds %s, the main job needs HU; for a density volume use the single commands",
        quantity_name(c->hu->quantity));
  *out = c->hu;
done:
  return st;
}

status case_given_labels(const struct labels **out, struct study_case *c) {
  status st = ST_OK;
  const struct volume *hu = NULL;
  if (c->options->labels && !c->given) {
    TRY(case_hu(&hu, c));
    TRY(labels_read_on(&c->given, c->options->labels, &hu->grid));
  }
  *out = c->given;
done:
  return st;
}

status case_calibration(const struct calibration **out, struct study_case *c) {
  status st = ST_OK;
  char path[CASE_PATH];
  if (!c->calibrated) {
    TRY(case_path(path, c, "calibration.json"));
    TRY(calibration_read(&c->calibration, path));
    c->calibrated = true;
  }
  *out = &c->calibration;
done:
  return st;
}

status case_density(const struct volume **out, struct study_case *c) {
  status st = ST_OK;
  const struct volume *hu = NULL;
  const struct calibration *calibration = NULL;
  if (!c->density) {
    TRY(case_hu(&hu, c));
    TRY(case_calibration(&calibration, c));
    TRY(calibration_apply(&c->density, calibration, hu));
  }
  *out = c->density;
done:
  return st;
}

status case_femora(const struct femur_result **out, struct study_case *c) {
  status st = ST_OK;
  struct femur_result *r = NULL;
  char path[CASE_PATH];
  if (!c->femora) {
    r = calloc(1, sizeof *r);
    CHECK(r, ST_MEMORY, "reading the femora");
    TRY(case_path(path, c, "parts/femora.json"));
    TRY(femora_read(r, path));
    TRY(case_path(path, c, "labels.nii.gz"));
    TRY(itk_labels_read(&r->labels, path));
    c->femora = r;
    r = NULL;
  }
  *out = c->femora;
done:
  femur_result_destroy(r);
  return st;
}

status case_vertebrae(const struct labels **bodies, const struct vertebra_frames **frames,
                      struct study_case *c) {
  status st = ST_OK;
  struct vertebra_frames *read = NULL;
  char path[CASE_PATH];
  if (!c->vertebrae) {
    read = calloc(1, sizeof *read);
    CHECK(read, ST_MEMORY, "reading the vertebrae");
    TRY(case_path(path, c, "vertebra_frames.json"));
    TRY(vertebra_frames_read(read, path));
    if (read->count) {
      TRY(case_path(path, c, "vertebrae.nii.gz"));
      TRY(itk_labels_read(&c->bodies, path));
    }
    c->vertebrae = read;
    read = NULL;
  }
  CHECK(c->vertebrae->count, ST_DOMAIN,
        "no vertebra has a name: levels are never named automatically");
  *bodies = c->bodies;
  *frames = c->vertebrae;
done:
  free(read);
  return st;
}

bool case_has_axes(const struct femur *f) {
  return fabs(vec3_length(f->frame.neck_axis) - 1) < 1e-6 &&
         fabs(vec3_length(f->frame.shaft_axis) - 1) < 1e-6;
}

status case_femur(const struct femur **out, struct study_case *c, int side_index) {
  status st = ST_OK;
  const struct femur_result *femora = NULL;
  TRY(case_femora(&femora, c));
  const struct femur *f = &femora->sides[side_index];
  const char *side = side_name(case_sides[side_index]);
  CHECK(f->state == FEMUR_FOUND, ST_DOMAIN, "%s femur: %s", side,
        f->reason[0] ? f->reason : "it is not in the scan");
  CHECK(case_has_axes(f), ST_DOMAIN, "%s femur: its axes could not be established: %s", side,
        f->frame.flags[0] ? f->frame.flags : "no reason given");
  *out = f;
done:
  return st;
}

status case_hip(struct case_hip *out, struct study_case *c, int side_index) {
  status st = ST_OK;
  TRY(case_femur(&out->femur, c, side_index));
  TRY(case_density(&out->density, c));
  TRY(case_calibration(&out->calibration, c));
  out->labels = c->femora->labels;
done:
  return st;
}

status case_shell(const struct qct_shell **out, struct study_case *c, int side_index) {
  status st = ST_OK;
  struct case_hip h;
  struct qct_shell **shell = &c->shells[side_index];
  TRY(case_hip(&h, c, side_index));
  if (!*shell) TRY(qct_shell_make(shell, h.density, h.labels, h.femur->label));
  *out = *shell;
done:
  return st;
}
