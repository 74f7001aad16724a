#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/scan_info.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *image;
  struct image_read_options read;
  bool descriptions, label_map;
};

static const struct params defaults = {0};

static const struct option options[] = {
    ARG_IN(struct params, image, "image", "DICOM folder or file, NIfTI, NRRD or MetaImage"),
    SCAN_OPTIONS(struct params, read),
    OPT_FLAG(struct params, descriptions, "descriptions",
             "show UIDs and descriptions of series, which may hold personal data"),
    LABEL_MAP_OPTION(struct params, label_map), OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --out rods", "a phantom as a DICOM series"},
    {"qct info rods/ct", "what it is and what it permits"},
    {"qct info rods/ct --json", "the same for scripts"},
    {"qct calibrate phantom rods/ct --phantom mindways-model3-ct --out calibration.json "
     "--rods-out rods.nii.gz && qct info rods.nii.gz",
     "what a label map holds"},
    {NULL, NULL}};

/* ---- series of a DICOM folder ---- */

static cJSON *series_to_json(const struct dicom_series *s, bool descriptions) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "modality", s->acquisition.modality);
  json_add_number(json, "files", s->files);
  json_add_number(json, "slices", s->slice_count);
  json_add_numbers(json, "spacing_mm", s->grid.spacing, 3);
  json_add_text(json, "transfer_syntax", s->transfer_syntax);
  cJSON *problems = cJSON_AddArrayToObject(json, "problems");
  for (unsigned bit = 1; bit && bit <= s->problems; bit <<= 1)
    if (s->problems & bit)
      cJSON_AddItemToArray(problems,
                           cJSON_CreateString(dicom_problem_name((enum dicom_problem)bit)));
  json_add_text(json, "problem", s->problem_text);
  if (descriptions) json_add_text(json, "uid", s->uid);
  if (descriptions) json_add_text(json, "description", s->description);
  return json;
}

static void print_series(const struct dicom_folder *f, bool descriptions) {
  printf("series\n");
  for (size_t i = 0; i < f->count; i++) {
    const struct dicom_series *s = &f->series[i];
    printf("  #%-3zu %s, %d slice%s of %lld x %lld", i + 1, s->acquisition.modality, s->slice_count,
           s->slice_count == 1 ? "" : "s", (long long)s->grid.nx, (long long)s->grid.ny);
    if (s->grid.spacing[2] > 0) printf(", every %.4g mm", s->grid.spacing[2]);
    printf("%s%s\n", s->problem_text[0] ? ": " : "", s->problem_text);
    if (descriptions) printf("       %s \"%s\"\n", s->uid, s->description);
  }
  if (f->unreadable)
    printf("  %d other file%s, the first: %s\n", f->unreadable, f->unreadable == 1 ? "" : "s",
           f->unreadable_text);
}

/* ---- the scan ---- */

static const char *plane_words(const struct geometry *g) {
  struct vec3 n = geometry_axis(g, 2);
  double x = fabs(n.x), y = fabs(n.y), z = fabs(n.z), most = fmax(x, fmax(y, z));
  bool oblique = most < 0.9999;
  if (z == most) return oblique ? "oblique axial" : "axial";
  if (y == most) return oblique ? "oblique coronal" : "coronal";
  return oblique ? "oblique sagittal" : "sagittal";
}

static void print_number(const char *before, double value, const char *after) {
  if (!isnan(value)) printf("%s%g%s", before, value, after);
}

static void print_scan(const struct scan_info *s) {
  const struct acquisition *a = &s->acquisition;
  const struct geometry *g = &s->grid;
  printf("scan\n  %s", a->modality[0] ? a->modality : "modality not stated");
  if (a->manufacturer[0] || a->model[0]) printf(", %s %s", a->manufacturer, a->model);
  print_number(", ", a->kvp, " kV");
  print_number(", ", a->exposure_mas, " mAs");
  if (a->kernel[0]) printf(", kernel %s", a->kernel);
  if (a->patient_position[0]) printf(", %s", scan_position_words(a));
  print_number(", slices ", a->slice_thickness_mm, " mm thick");
  printf("\n  %lld x %lld x %lld voxels of %.4g x %.4g x %.4g mm, %s, %.0f mm along the body\n",
         (long long)g->nx, (long long)g->ny, (long long)g->nz, g->spacing[0], g->spacing[1],
         g->spacing[2], plane_words(g), s->length_mm);
  const char *unit = quantity_unit(s->quantity);
  printf("  values from %g to %g%s%s\n", s->lowest, s->highest, *unit ? " " : "", unit);
  if (s->remark_count) printf("remarks\n");
  for (int i = 0; i < s->remark_count; i++)
    printf("  %-8s %s\n", scan_level_name(s->remarks[i].level), s->remarks[i].text);
  printf("analyses it permits (by header and grid; what is in the picture is judged later)\n");
  for (int i = 0; i < ANALYSIS_COUNT; i++) {
    const struct scan_verdict *v = &s->verdicts[i];
    printf("  %-8s %-17s%s\n", scan_permission_name(v->permission),
           scan_analysis_name((enum scan_analysis)i), v->reason);
  }
}

/* ---- a label map ---- */

static double voxel_ml(const struct geometry *g) {
  return g->spacing[0] * g->spacing[1] * g->spacing[2] / 1000;
}

/* Voxels of every value. */
static void count_values(int64_t counts[65536], const struct labels *l) {
  for (int64_t i = 0; i < geometry_voxels(&l->grid); i++) counts[l->voxels[i]]++;
}

static void print_labels(const struct labels *l, const int64_t counts[65536]) {
  const struct geometry *g = &l->grid;
  printf("label map\n  %lld x %lld x %lld voxels of %.4g x %.4g x %.4g mm, %s\n", (long long)g->nx,
         (long long)g->ny, (long long)g->nz, g->spacing[0], g->spacing[1], g->spacing[2],
         plane_words(g));
  printf("  first voxel at %.4g, %.4g, %.4g mm (left, posterior, superior)\n", g->origin[0],
         g->origin[1], g->origin[2]);
  printf("  %6s  %-30s %12s %12s\n", "value", "name", "voxels", "volume [ml]");
  for (int value = 1; value < 65536; value++)
    if (counts[value] || labels_name(l, value)[0])
      printf("  %6d  %-30s %12lld %12.4g\n", value, labels_name(l, value), (long long)counts[value],
             (double)counts[value] * voxel_ml(g));
}

static status print_labels_json(struct context *ctx, const struct labels *l,
                                const int64_t counts[65536]) {
  status st = ST_OK;
  cJSON *json = cJSON_CreateObject();
  cJSON *list = cJSON_AddArrayToObject(json, "labels");
  CHECK(list, ST_MEMORY, "describing the label map");
  cJSON_AddItemToObject(json, "grid", scan_grid_to_json(&l->grid));
  json_add_text(json, "quantity", "labels");
  for (int value = 1; value < 65536; value++) {
    if (!counts[value] && !labels_name(l, value)[0]) continue;
    cJSON *item = cJSON_CreateObject();
    json_add_number(item, "value", value);
    json_add_text(item, "name", labels_name(l, value));
    json_add_number(item, "voxels", (double)counts[value]);
    json_add_number(item, "volume_ml", (double)counts[value] * voxel_ml(&l->grid));
    cJSON_AddItemToArray(list, item);
  }
  TRY(context_write_json(ctx, json, NULL));
done:
  cJSON_Delete(json);
  return st;
}

static status describe_labels(struct context *ctx, const char *path) {
  status st = ST_OK;
  struct labels *l = NULL;
  int64_t *counts = calloc(65536, sizeof *counts);
  CHECK(counts, ST_MEMORY, "describing the label map");
  TRY(labels_read_on(&l, path, NULL));
  count_values(counts, l);
  if (ctx->json)
    TRY(print_labels_json(ctx, l, counts));
  else
    print_labels(l, counts);
done:
  labels_destroy(l);
  free(counts);
  return st;
}

/* ---- either ---- */

static status list_series(cJSON *json, const struct dicom_folder *folder, bool descriptions) {
  status st = ST_OK;
  cJSON *list = cJSON_AddArrayToObject(json, "series");
  CHECK(list, ST_MEMORY, "describing the scan");
  for (size_t i = 0; folder && i < folder->count; i++)
    cJSON_AddItemToArray(list, series_to_json(&folder->series[i], descriptions));
done:
  return st;
}

/* A scan that cannot be read is described as well, then refused with the same words. */
static status describe_refusal(struct context *ctx, const struct dicom_folder *folder,
                               bool descriptions, status refusal) {
  status st = ST_OK;
  char why[1024];
  cJSON *json = cJSON_CreateObject();
  snprintf(why, sizeof why, "%s", status_message());
  CHECK(json, ST_MEMORY, "describing the scan");
  cJSON_AddBoolToObject(json, "readable", false);
  json_add_text(json, "problem", why);
  TRY(list_series(json, folder, descriptions));
  TRY(context_write_json(ctx, json, NULL));
  FAIL(refusal, "%s", why);
done:
  cJSON_Delete(json);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct dicom_folder *folder = NULL;
  struct volume *v = NULL;
  struct scan_info info;
  cJSON *json = NULL;
  bool labels = p->label_map;
  if (!labels) TRY(image_holds_labels(&labels, p->image));
  if (labels) return describe_labels(ctx, p->image);
  if (image_is_dicom(p->image)) TRY(dicom_folder_scan(&folder, p->image));
  if (folder && folder->count && !ctx->json) print_series(folder, p->descriptions);
  fflush(stdout);
  st = folder ? image_read_folder(&v, folder, p->image, &p->read)
              : image_read(&v, p->image, &p->read);
  if (st == ST_DOMAIN && ctx->json) st = describe_refusal(ctx, folder, p->descriptions, st);
  if (st != ST_OK) goto done;
  scan_info_of_volume(&info, v);
  if (!ctx->json) {
    print_scan(&info);
    goto done;
  }
  json = scan_info_to_json(&info);
  CHECK(json, ST_MEMORY, "describing the scan");
  cJSON_AddBoolToObject(json, "readable", true);
  TRY(list_series(json, folder, p->descriptions));
  TRY(context_write_json(ctx, json, NULL));
done:
  cJSON_Delete(json);
  volume_destroy(v);
  dicom_folder_destroy(folder);
  return st;
}

const struct command cmd_info = {
    .name = "info",
    .summary = "Say what a scan is, what is wrong with it and which analyses it permits",
    .about =
        "Reads the scan as every other command would. Positions, orientation and lengths of all "
        "slices are checked; missing slices, duplicate positions, uneven spacing, gantry tilt, "
        "pixel data cut short and values that are not HU are said and refused (status 3).\n\n"
        "The permissions are rules of thumb from slice distance, tube voltage, contrast, kernel, "
        "compression and extent. They do not know what body part is in the picture: each analysis "
        "looks for its bone and refuses when it is not there.\n\n"
        "Of a label map it says which values it holds, their names, voxels and volumes.\n\n"
        "Names, identifiers and dates of persons are never shown.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
