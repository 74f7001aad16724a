#include "tests/fuzz/targets.h"

#include "calibration/history.h"
#include "calibration/quality.h"
#include "calibration/tissue_line.h"
#include "core/calibration.h"
#include "core/deidentify.h"
#include "core/dicom_check.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/image_side.h"
#include "core/image_store.h"
#include "core/itk_dicom.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "core/phantom_registry.h"
#include "core/picture.h"
#include "core/radiograph.h"
#include "core/record.h"
#include "core/rtstruct.h"
#include "core/table_join.h"
#include "core/vertebra_frame.h"
#include "fea/job.h"
#include "fea/material.h"
#include "fea/mesh.h"
#include "fea/mesh_file.h"
#include "fea/parosol.h"
#include "ml/cnn_card.h"
#include "ml/cnn_model.h"
#include "ml/dataset.h"
#include "ml/nested.h"
#include "ml/prediction_table.h"
#include "ml/risk_model.h"
#include "phantom/hip.h"
#include "qct/contrast.h"
#include "qct/t_score.h"
#include "radiomics/parameters.h"
#include "study/case.h"
#include "study/manifest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_calibration(const char *path) {
  struct calibration c;
  calibration_read(&c, path);
}

static void read_frame(const char *path) {
  struct hip_frame f;
  hip_frame_read(&f, path);
}

static void read_vertebrae(const char *path) {
  struct vertebra_frames f;
  vertebra_frames_read(&f, path);
}

static void read_femora(const char *path) {
  struct femur_result *r = calloc(1, sizeof *r);
  if (r) femora_read(r, path);
  femur_result_destroy(r);
}

/* "x.json" is the side file of "x.nii" */
static void read_side(const char *path) {
  char image[4096];
  struct geometry grid = geometry_make(2, 2, 2, 1, 1, 1);
  struct volume *v = NULL;
  struct labels *l = NULL;
  int stem = (int)(strlen(path) - strlen(".json"));
  snprintf(image, sizeof image, "%.*s.nii", stem, path);
  if (volume_create(&v, &grid, QUANTITY_UNKNOWN) == ST_OK) image_side_read_volume(v, image);
  if (labels_create(&l, &grid) == ST_OK) image_side_read_labels(l, image);
  volume_destroy(v);
  labels_destroy(l);
}

static void read_tissue_table(const char *path) {
  struct cal_tissue_table t;
  struct calibration c;
  memset(&c, 0, sizeof c);
  cal_tissue_table_read(&t, path);
  cal_regression_file(&c, path, 120);
}

static void read_registry(const char *path) {
  struct phantom_registry *r = NULL;
  phantom_registry_read(&r, path);
  phantom_registry_destroy(r);
}

static void read_references(const char *path) {
  struct t_reference t;
  struct abmd_correction a;
  t_reference_read(&t, path);
  abmd_correction_read(&a, path);
  struct qct_contrast_correction c;
  qct_contrast_correction_read(&c, path, 4);
}

static void read_hip(const char *path) {
  struct hip_phantom p;
  cJSON *json = NULL;
  memset(&p, 0, sizeof p);
  if (json_read(&json, path) == ST_OK) hip_phantom_from_json(&p, json, "hip");
  cJSON_Delete(json);
}

static void read_card(const char *path) {
  struct cnn_card *card = calloc(1, sizeof *card);
  cJSON *json = NULL;
  if (card && json_read(&json, path) == ST_OK) {
    cnn_card_from_json(card, json, "card");
    cnn_card_from_monai(card, json, "metadata");
    cnn_card_from_nnunet(card, json, json, NULL, "plans");
    struct cnn_arch arch;
    cnn_arch_from_json(&arch, json, "network");
  }
  cJSON_Delete(json);
  free(card);
}

static void read_risk_model(const char *path) {
  struct ml_risk_model m;
  cJSON *json = NULL;
  memset(&m, 0, sizeof m);
  if (json_read(&json, path) == ST_OK && ml_risk_model_from_json(&m, json, "model") == ST_OK)
    ml_risk_model_free(&m);
  cJSON_Delete(json);
}

static void read_table(const char *path) {
  struct table *t = NULL;
  table_read(&t, path);
  table_destroy(t);
}

static void read_record(const char *path) {
  struct record *r = NULL;
  record_read(&r, path);
  record_destroy(r);
}

static void read_manifest(const char *path) {
  struct cohort *c = NULL;
  char **ids = NULL;
  size_t count = 0;
  cohort_read(&c, path);
  cohort_destroy(c);
  if (cohort_read_ids(&ids, &count, path) == ST_OK) cohort_free_ids(ids, count);
}

static void read_parameters(const char *path) {
  struct rad_parameters *p = malloc(sizeof *p);
  if (p) {
    rad_parameters_init(p, RAD_IBSI);
    rad_parameters_read(p, path);
  }
  free(p);
}

static void read_mesh(const char *path) {
  struct fea_mesh *m = NULL;
  struct fea_mesh_numbers numbers = {0};
  if (fea_mesh_read(&m, &numbers, path) == ST_OK) fea_mesh_numbers_clear(&numbers);
  fea_mesh_destroy(m);
}

static void read_image(const char *path) {
  struct volume *v = NULL;
  struct labels *l = NULL;
  itk_image_read(&v, path);
  itk_labels_read(&l, path);
  volume_destroy(v);
  labels_destroy(l);
}

static void read_dicom(const char *path) {
  dicom_is_damaged(path);
}

/* A job on a cube of 4 voxels an edge, density to its left and right labels 1 and 2. */
static void read_job(const char *path) {
  struct geometry grid = geometry_make(4, 4, 4, 1, 1, 1);
  struct volume *v = NULL;
  struct labels *l = NULL;
  cJSON *json = NULL;
  struct fea_job *job = NULL;
  if (volume_create(&v, &grid, QUANTITY_DENSITY) == ST_OK && labels_create(&l, &grid) == ST_OK &&
      json_read(&json, path) == ST_OK) {
    v->material = MATERIAL_K2HPO4;
    for (int at = 0; at < 64; at++) {
      v->voxels[at] = 100 + 10 * (float)at;
      l->voxels[at] = (uint16_t)(1 + at % 2);
    }
    fea_job_make(&job, v, l, json, "job", 1);
  }
  fea_job_destroy(job);
  cJSON_Delete(json);
  volume_destroy(v);
  labels_destroy(l);
}

/* A kept cross-validation; the key that it must hold is its own. */
static void read_nested(const char *path) {
  struct ml_nested_result r;
  cJSON *json = NULL;
  char key[80];
  if (json_read(&json, path) == ST_OK &&
      json_get_text(key, sizeof key, json, "key", "kept") == ST_OK &&
      ml_nested_from_json(&r, json, key, "kept") == ST_OK)
    ml_nested_free(&r);
  cJSON_Delete(json);
}

/* A table of people: their outcome and features, or what a model said of them. */
static void read_people(const char *path) {
  struct table *t = NULL, *other = NULL;
  struct ml_dataset d;
  struct ml_prediction_table p;
  const char *const group = "some=f*+g?";
  if (table_read(&t, path) != ST_OK) return;
  for (int task = ML_BINARY; task <= ML_REGRESSION; task++) {
    const struct ml_dataset_options o = {.id = table_find(t, "id") < 0 ? NULL : "id",
                                         .outcome = "outcome",
                                         .time = task == ML_SURVIVAL ? "time" : NULL,
                                         .site = table_find(t, "site") < 0 ? NULL : "site",
                                         .task = (enum ml_task)task};
    if (ml_dataset_make(&d, t, &o, &group, task & 1) == ST_OK) ml_dataset_free(&d);
  }
  const struct ml_prediction_columns columns = {
      .score = "score",
      .outcome = "outcome",
      .probability = table_find(t, "probability") < 0 ? NULL : "probability",
      .time = table_find(t, "time") < 0 ? NULL : "time"};
  if (ml_prediction_table_make(&p, t, &columns) == ST_OK) ml_prediction_table_free(&p);
  if (table_describe(&other, t) == ST_OK) table_destroy(other);
  other = NULL;
  if (table_redcap(&other, t, "form") == ST_OK) table_destroy(other);
  table_destroy(t);
}

/* ---- stores. HDF5's own reading of bytes is not what is tried: a document says what the store
 * holds, {"arrays": {NAME: {"type", "dims", "values" | "text" | "json"}},
 *         "attributes": {NAME: {KEY: number | text}}}. ---- */

static void put_array(struct store *s, const cJSON *array) {
  int64_t dims[8] = {0}, n = 1;
  int type = 0, rank = 0, k = 0;
  const cJSON *values = json_find(array, "values"), *text = json_find(array, "text"), *item;
  char *printed = NULL;
  if (json_get_whole(&type, STORE_F32, STORE_U16, array, "type", "array") != ST_OK) return;
  cJSON_ArrayForEach(item, json_find(array, "dims")) if (rank < 8) {
    double extent = cJSON_IsNumber(item) && item->valuedouble >= 0 ? item->valuedouble : 0;
    dims[rank] = (int64_t)fmin(extent, 4096);
    n *= dims[rank++];
    if (n > 4096) return;
  }
  if (json_find(array, "json")) json_print(&printed, json_find(array, "json"));
  const char *bytes = printed ? printed : cJSON_IsString(text) ? text->valuestring : NULL;
  if (bytes) {
    type = STORE_U8;
    rank = 1;
    n = dims[0] = (int64_t)strlen(bytes) + !printed;
  }
  double *data = calloc((size_t)n + 1, sizeof *data);
  cJSON_ArrayForEach(item, values) if (data && k < n) {
    double v = cJSON_IsNumber(item) ? fmax(-32768, fmin(32767, item->valuedouble)) : 0;
    if (type == STORE_F64) data[k] = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    if (type == STORE_F32) ((float *)data)[k] = (float)v;
    if (type == STORE_I64) ((int64_t *)data)[k] = (int64_t)v;
    if (type == STORE_I32) ((int32_t *)data)[k] = (int32_t)v;
    if (type == STORE_U16) ((uint16_t *)data)[k] = (uint16_t)(int)v;
    if (type == STORE_U8) ((uint8_t *)data)[k] = (uint8_t)(int)v;
    k++;
  }
  if (data)
    store_write(s, array->string, (enum store_type)type, rank, dims,
                bytes ? bytes : (const void *)data);
  free(printed);
  free(data);
}

static void put_attribute(struct store *s, const char *name, const cJSON *value) {
  char *printed = NULL;
  if (cJSON_IsNumber(value)) store_set_number(s, name, value->string, value->valuedouble);
  if (cJSON_IsNull(value)) store_set_number(s, name, value->string, NAN);
  if (cJSON_IsString(value)) store_set_text(s, name, value->string, value->valuestring);
  if (cJSON_IsObject(value) && json_print(&printed, value) == ST_OK)
    store_set_text(s, name, value->string, printed);
  free(printed);
}

static status make_store(const char *path, const cJSON *json) {
  status st = ST_OK;
  struct store *s = NULL;
  const cJSON *one, *value;
  TRY(store_create(&s, path, true));
  cJSON_ArrayForEach(one, json_find(json, "arrays")) if (one->string) put_array(s, one);
  cJSON_ArrayForEach(one, json_find(json, "attributes"))
      cJSON_ArrayForEach(value, one) if (one->string && value->string)
          put_attribute(s, one->string, value);
  TRY(store_commit(s));
done:
  store_close(s);
  return st;
}

static void read_history(const char *path) {
  struct cal_history *h = NULL;
  struct cal_quality *q = NULL;
  struct table *t = NULL;
  struct calibration c;
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  char day[16];
  o.force = true;
  o.diameter_mm = 300;
  if (cal_history_read(&h, path) != ST_OK) return;
  for (size_t i = 0; i < h->count; i++) {
    cal_date_from_days(day, h->scans[i].days);
    cal_async(&c, h, h->scans[i].calibration.scanner_key, h->scans[i].days + 5, &o);
  }
  if (cal_quality_judge(&q, h->scans, h->count) == ST_OK) cal_quality_destroy(q);
  if (cal_quality_table(&t, h) == ST_OK) table_destroy(t);
  cal_history_destroy(h);
}

static void read_images(const char *path) {
  struct store *s = NULL;
  struct volume *v = NULL;
  struct labels *l = NULL;
  if (store_open(&s, path) != ST_OK) return;
  image_store_read_volume(&v, s, "images/a");
  image_store_read_labels(&l, s, "images/a");
  volume_destroy(v);
  labels_destroy(l);
  store_close(s);
}

static void read_store(const char *path) {
  char store[4096];
  cJSON *json = NULL;
  struct table *t = NULL;
  struct fea_model *m = NULL;
  snprintf(store, sizeof store, "%s.h5", path);
  if (json_read(&json, path) == ST_OK && make_store(store, json) == ST_OK) {
    read_history(store);
    if (table_store_read(&t, store) == ST_OK) table_destroy(t);
    if (fea_parosol_read(&m, store) == ST_OK) fea_model_destroy(m);
    read_images(store);
  }
  cJSON_Delete(json);
  remove(store);
}

/* ---- pictures, scans, outlines ---- */

static void read_picture(const char *path) {
  struct picture *p = NULL;
  struct volume *v = NULL;
  picture_read_png(&p, path);
  radiograph_read(&v, path, NAN);
  picture_destroy(p);
  volume_destroy(v);
}

static void read_scan(const char *path) {
  struct dicom_folder *f = NULL;
  struct volume *v = NULL;
  struct roi_set *r = NULL;
  struct labels *l = NULL;
  struct geometry grid = geometry_make(8, 8, 4, 1, 1, 1);
  enum deidentify_outcome outcome;
  struct deidentify_result result;
  struct deidentify_counts counts = {0};
  const struct deidentify_options key = {.key = "sixteen letters.", .key_length = 16};
  char clean[4096];
  if (dicom_folder_scan(&f, path) == ST_OK && f->count > 0)
    dicom_series_read(&v, &f->series[0], NULL);
  dicom_folder_destroy(f);
  volume_destroy(v);
  v = NULL;
  radiograph_read(&v, path, 0.2);
  volume_destroy(v);
  snprintf(clean, sizeof clean, "%s.clean", path);
  deidentify_file(&outcome, &result, &counts, path, clean, &key);
  remove(clean);
  if (rtstruct_is(path) && rtstruct_read(&r, path) == ST_OK) {
    rtstruct_to_labels(&l, r, &grid);
    labels_destroy(l);
    roi_set_destroy(r);
  }
}

/* A law as a person writes it on the command line. */
static void read_law(const char *path) {
  char *words = NULL;
  size_t length = 0;
  struct fea_user_law law;
  if (file_read(&words, &length, path, 4096) == ST_OK) fea_law_parse(&law, words);
  free(words);
}

const struct fuzz_target fuzz_targets[] = {{"calibration", ".json", read_calibration},
                                           {"frame", ".json", read_frame},
                                           {"vertebrae", ".json", read_vertebrae},
                                           {"femora", ".json", read_femora},
                                           {"side", ".json", read_side},
                                           {"tissues", ".json", read_tissue_table},
                                           {"registry", ".json", read_registry},
                                           {"references", ".json", read_references},
                                           {"hip", ".json", read_hip},
                                           {"card", ".json", read_card},
                                           {"risk", ".json", read_risk_model},
                                           {"job", ".json", read_job},
                                           {"table", ".csv", read_table},
                                           {"record", ".csv", read_record},
                                           {"manifest", ".csv", read_manifest},
                                           {"parameters", ".yaml", read_parameters},
                                           {"vtu", ".vtu", read_mesh},
                                           {"msh", ".msh", read_mesh},
                                           {"inp", ".inp", read_mesh},
                                           {"nifti", ".nii", read_image},
                                           {"nrrd", ".nrrd", read_image},
                                           {"meta", ".mha", read_image},
                                           {"dicom", ".dcm", read_dicom},
                                           {"nested", ".json", read_nested},
                                           {"people", ".csv", read_people},
                                           {"store", ".json", read_store},
                                           {"picture", ".png", read_picture},
                                           {"scan", ".dcm", read_scan},
                                           {"law", ".txt", read_law},
                                           {NULL, NULL, NULL}};
