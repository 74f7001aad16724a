#include "tests/fuzz/targets.h"

#include "calibration/tissue_line.h"
#include "core/calibration.h"
#include "core/dicom_check.h"
#include "core/frame.h"
#include "core/image_side.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "core/phantom_registry.h"
#include "core/record.h"
#include "core/table.h"
#include "core/vertebra_frame.h"
#include "fea/job.h"
#include "fea/mesh.h"
#include "fea/mesh_file.h"
#include "ml/cnn_card.h"
#include "ml/cnn_model.h"
#include "ml/risk_model.h"
#include "phantom/hip.h"
#include "qct/contrast.h"
#include "qct/t_score.h"
#include "radiomics/parameters.h"
#include "study/case.h"
#include "study/manifest.h"

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
                                           {NULL, NULL, NULL}};
