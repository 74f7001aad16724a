#include "study/run.h"

#include "core/file.h"
#include "core/json.h"
#include "study/case.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  STEP_READ,
  STEP_CALIBRATE,
  STEP_FEMORA,
  STEP_BMD,
  STEP_FALL = STEP_BMD + 2,
  STEP_REPORT = 7
};

static const struct graph_step case_steps[STUDY_STEPS] = {
    {.name = "read",
     .title = "read the scan",
     .version = "1",
     .outputs = {"parts/scan.json"},
     .required = true,
     .run = step_read},
    {.name = "calibrate",
     .title = "calibrate HU to density",
     .version = "1",
     .needs = {"read"},
     .outputs = {"calibration.json", "pictures/rods.png"},
     .run = step_calibrate},
    {.name = "femora",
     .title = "find the femora",
     .version = "1",
     .needs = {"read"},
     .outputs = {"labels.nii.gz", "labels.json", "parts/femora.json", "frame_right.json",
                 "frame_left.json", "pictures/planes_right.png", "pictures/planes_left.png",
                 "pictures/femur_right.png", "pictures/femur_left.png"},
     .run = step_femora},
    {.name = "bmd_right",
     .title = "density of the regions, right",
     .version = "1",
     .needs = {"calibrate", "femora"},
     .outputs = {"parts/bmd_right.json"},
     .run = step_bmd,
     .argument = 0},
    {.name = "bmd_left",
     .title = "density of the regions, left",
     .version = "1",
     .needs = {"calibrate", "femora"},
     .outputs = {"parts/bmd_left.json"},
     .run = step_bmd,
     .argument = 1},
    {.name = "fall_right",
     .title = "strength in a fall, right",
     .version = "1",
     .needs = {"calibrate", "femora"},
     .outputs = {"parts/fall_right.json", "parts/fall_right.txt", "pictures/fall_right.png",
                 "fall_right.h5", "fall_right.xdmf"},
     .run = step_fall,
     .argument = 0},
    {.name = "fall_left",
     .title = "strength in a fall, left",
     .version = "1",
     .needs = {"calibrate", "femora"},
     .outputs = {"parts/fall_left.json", "parts/fall_left.txt", "pictures/fall_left.png",
                 "fall_left.h5", "fall_left.xdmf"},
     .run = step_fall,
     .argument = 1},
    {.name = "report",
     .title = "write the report",
     .version = "1",
     .needs = {"read"},
     .wants = {"calibrate", "femora", "bmd_right", "bmd_left", "fall_right", "fall_left"},
     .outputs = {"record.csv", "record.json", "report.html"},
     .required = true,
     .run = step_report},
};

/* ---- parameters: what decides whether a step is done again ---- */

/* Digest of an input by role; "" when there is none. */
static const char *input_digest(const cJSON *provenance, const char *role) {
  const cJSON *input;
  cJSON_ArrayForEach(input, json_find(provenance, "inputs")) {
    const cJSON *name = json_find(input, "role"), *digest = json_find(input, "sha256");
    if (cJSON_IsString(name) && cJSON_IsString(digest) && strcmp(name->valuestring, role) == 0)
      return digest->valuestring;
  }
  return "";
}

static void add_option(cJSON *json, const char *key, const char *value) {
  json_add_text(json, key, value ? value : "");
}

/* Owned by the caller: one object a step, freed by free_parameters. */
static status make_parameters(cJSON *parameters[STUDY_STEPS], const struct study_options *o,
                              const cJSON *provenance, const char *case_id) {
  status st = ST_OK;
  for (int i = 0; i < STUDY_STEPS; i++) {
    parameters[i] = cJSON_CreateObject();
    CHECK(parameters[i], ST_MEMORY, "parameters of the steps");
  }
  add_option(parameters[STEP_READ], "ct", input_digest(provenance, "ct"));
  add_option(parameters[STEP_READ], "series", o->series);
  add_option(parameters[STEP_READ], "labels", input_digest(provenance, "labels"));
  cJSON_AddBoolToObject(parameters[STEP_READ], "shear_correct", o->shear_correct);
  add_option(parameters[STEP_CALIBRATE], "phantom", o->phantom);
  add_option(parameters[STEP_CALIBRATE], "certificate", input_digest(provenance, "certificate"));
  add_option(parameters[STEP_CALIBRATE], "assume_material",
             material_name((enum material)o->assume_material));
  for (int s = 0; s < CASE_SIDES; s++) {
    add_option(parameters[STEP_BMD + s], "case", case_id);
    add_option(parameters[STEP_FALL + s], "case", case_id);
    json_add_number(parameters[STEP_FALL + s], "size_mm", o->size_mm);
    cJSON_AddBoolToObject(parameters[STEP_FALL + s], "interval", o->interval);
    json_add_number(parameters[STEP_FALL + s], "mass_kg", o->mass_kg);
    json_add_number(parameters[STEP_FALL + s], "height_m", o->height_m);
  }
  add_option(parameters[STEP_REPORT], "case", case_id);
done:
  return st;
}

static void free_parameters(cJSON *parameters[STUDY_STEPS]) {
  for (int i = 0; i < STUDY_STEPS; i++) cJSON_Delete(parameters[i]);
}

/* ---- the folder ---- */

static bool folder_is_empty(const char *folder) {
  DIR *dir = opendir(folder);
  int entries = 0;
  if (!dir) return true;
  for (struct dirent *e = readdir(dir); e; e = readdir(dir)) entries++;
  closedir(dir);
  return entries <= 2; /* . and .. */
}

/* A folder may be taken when it is new, empty, or holds results of the same scan. */
static status take_folder(const char *folder, const char *ct_digest, bool force) {
  status st = ST_OK;
  char path[CASE_PATH], held[65] = "";
  cJSON *scan = NULL;
  struct study_case c = {.folder = folder};
  TRY(case_path(path, &c, "parts/case.json"));
  if (!force && file_is_directory(folder) && !folder_is_empty(folder)) {
    CHECK(file_exists(path), ST_USAGE,
          "folder %s holds something else; give another one, or --force to use it", folder);
    TRY(json_read(&scan, path));
    TRY(json_opt_text(held, sizeof held, scan, "ct", "parts/case.json"));
    CHECK(strcmp(held, ct_digest) == 0, ST_USAGE,
          "folder %s holds the results of another scan; give another one, or --force to replace "
          "them",
          folder);
  }
  const char *const parts[] = {"", "parts", "pictures"};
  for (int i = 0; i < 3; i++) {
    TRY(case_path(path, &c, parts[i]));
    TRY(file_make_directory(path));
  }
  cJSON_Delete(scan);
  scan = cJSON_CreateObject();
  json_add_text(scan, "ct", ct_digest);
  TRY(case_path(path, &c, "parts/case.json"));
  TRY(json_write(scan, path, true));
done:
  cJSON_Delete(scan);
  return st;
}

static void count_measurements(struct study_summary *summary, const char *folder) {
  char path[CASE_PATH];
  struct record *r = NULL;
  struct study_case c = {.folder = folder};
  if (case_path(path, &c, "record.json") == ST_OK && record_read(&r, path) == ST_OK)
    for (size_t i = 0; i < r->count; i++) {
      if (isnan(r->rows[i].value))
        summary->withheld++;
      else
        summary->measured++;
    }
  else
    status_clear();
  record_destroy(r);
}

static void relay(void *user, const struct graph_step *step, const struct graph_result *result,
                  bool ended) {
  struct study_case *c = user;
  if (c->watch) c->watch(c->watch_user, step, result, ended);
}

/* A report of an earlier run must not stand beside a run that failed. */
static void remove_report(const struct study_case *c) {
  char path[CASE_PATH];
  if (case_path(path, c, "report.html") == ST_OK) remove(path);
}

status study_run(struct study_summary *summary, const struct study_options *options,
                 const char *folder, struct provenance *provenance, graph_watch watch,
                 void *watch_user) {
  status st = ST_OK;
  cJSON *parameters[STUDY_STEPS] = {NULL}, *origin = NULL;
  struct study_case c = {.options = options,
                         .folder = folder,
                         .provenance = provenance,
                         .summary = summary,
                         .watch = watch,
                         .watch_user = watch_user};
  bool taken = false;
  *summary = (struct study_summary){.measured = 0};
  origin = provenance_to_json(provenance);
  const char *digest = input_digest(origin, "ct");
  CHECK(digest[0], ST_USAGE, "the digest of the scan is missing from the provenance");
  TRY(take_folder(folder, digest, options->force));
  taken = true;
  if (options->case_id)
    snprintf(c.case_id, sizeof c.case_id, "%s", options->case_id);
  else
    snprintf(c.case_id, sizeof c.case_id, "case-%.8s", digest);
  TRY(make_parameters(parameters, options, origin, c.case_id));
  memcpy(summary->steps, case_steps, sizeof case_steps);
  for (int i = 0; i < STUDY_STEPS; i++) summary->steps[i].parameters = parameters[i];
  TRY(graph_run(summary->results, summary->steps, STUDY_STEPS, folder, &c, options->force, relay));
  TRY(case_path(summary->report, &c, "report.html"));
  count_measurements(summary, folder);
done:
  if (st != ST_OK && taken) remove_report(&c);
  for (int i = 0; i < STUDY_STEPS; i++) summary->steps[i].parameters = NULL;
  free_parameters(parameters);
  cJSON_Delete(origin);
  case_free(&c);
  return st;
}
