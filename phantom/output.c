#include "phantom/output.h"

#include "core/file.h"
#include "core/itk_dicom.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "core/random.h"

#include <stdio.h>

const char *const phantom_format_names[] = {"dicom", "nifti", NULL};

void phantom_result_free(struct phantom_result *r) {
  volume_destroy(r->ct);
  labels_destroy(r->labels);
  labels_destroy(r->bodies);
  volume_destroy(r->ideal);
  volume_destroy(r->density);
  volume_destroy(r->coverage);
  cJSON_Delete(r->params);
  cJSON_Delete(r->truth);
  *r = (struct phantom_result){0};
}

void phantom_result_take(struct phantom_result *r, struct painted *p) {
  r->ct = p->hu;
  r->labels = p->labels;
  p->hu = NULL;
  p->labels = NULL;
}

status phantom_name_labels(struct labels *l, int rods) {
  static const struct {
    int value;
    const char *name;
  } names[] = {{20, "colon"},
               {21, "urinary_bladder"},
               {LABEL_SACRUM, "sacrum"},
               {65, "iliac_artery_left"},
               {66, "iliac_artery_right"},
               {67, "iliac_vena_left"},
               {68, "iliac_vena_right"},
               {LABEL_FEMUR_LEFT, "femur_left"},
               {LABEL_FEMUR_RIGHT, "femur_right"},
               {LABEL_HIP_LEFT, "hip_left"},
               {LABEL_HIP_RIGHT, "hip_right"},
               {LABEL_GLUTEUS_MAXIMUS_LEFT, "gluteus_maximus_left"},
               {LABEL_GLUTEUS_MAXIMUS_RIGHT, "gluteus_maximus_right"},
               {LABEL_GLUTEUS_MEDIUS_LEFT, "gluteus_medius_left"},
               {LABEL_GLUTEUS_MEDIUS_RIGHT, "gluteus_medius_right"},
               {LABEL_GLUTEUS_MINIMUS_LEFT, "gluteus_minimus_left"},
               {LABEL_GLUTEUS_MINIMUS_RIGHT, "gluteus_minimus_right"},
               {LABEL_ILIOPSOAS_LEFT, "iliopsoas_left"},
               {LABEL_ILIOPSOAS_RIGHT, "iliopsoas_right"},
               {LABEL_BODY, "body"},
               {LABEL_TABLE, "table"},
               {LABEL_FAT, "fat"},
               {LABEL_MUSCLE, "muscle"},
               {LABEL_SKIN, "skin"},
               {LABEL_CARTILAGE, "cartilage"}};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (labels_count(l, names[i].value)) TRY(labels_set_name(l, names[i].value, names[i].name));
  if (labels_count(l, LABEL_ROD_PLATE)) TRY(labels_set_name(l, LABEL_ROD_PLATE, "rod_plate"));
  for (int i = 0; i < rods; i++) {
    char name[16];
    snprintf(name, sizeof name, "rod_%d", i + 1);
    TRY(labels_set_name(l, LABEL_ROD_1 + i, name));
  }
done:
  return st;
}

void phantom_identity_make(struct phantom_identity *out, uint64_t seed) {
  static const char *const families[] = {"Testperson", "Musterfrau", "Beispiel", "Fictional"};
  static const char *const given[] = {"Alex", "Kim", "Robin", "Sascha"};
  const char *family = families[random_below(seed, 40, 0, 4)];
  const char *first = given[random_below(seed, 40, 1, 4)];
  snprintf(out->name, sizeof out->name, "%s^%s", family, first);
  snprintf(out->id, sizeof out->id, "FICT-%06llu",
           (unsigned long long)random_below(seed, 40, 2, 1000000));
  snprintf(out->birth_date, sizeof out->birth_date, "19%02llu0%llu1%llu",
           (unsigned long long)(20 + random_below(seed, 40, 3, 60)),
           (unsigned long long)(1 + random_below(seed, 40, 4, 9)),
           (unsigned long long)random_below(seed, 40, 5, 9));
  snprintf(out->description, sizeof out->description, "Hip of %s %s", first, family);
}

static status write_dicom(const struct phantom_result *r, const char *folder,
                          const struct phantom_output_options *o, bool force) {
  struct dicom_write_options w = DICOM_WRITE_DEFAULTS;
  struct phantom_identity person;
  w.seed = o->seed;
  w.padding = o->padding;
  w.reverse_instance_numbers = o->reverse_instances != 0;
  w.series_description = "digital phantom";
  if (o->identifiers) {
    phantom_identity_make(&person, o->seed);
    w.patient_name = person.name;
    w.patient_id = person.id;
    w.birth_date = person.birth_date;
    w.study_description = person.description;
    cJSON *plants = cJSON_AddArrayToObject(r->truth, "planted_identifiers");
    const char *all[] = {person.name, person.id, person.birth_date, person.description};
    for (int i = 0; i < 4; i++) cJSON_AddItemToArray(plants, cJSON_CreateString(all[i]));
  }
  return dicom_series_write(r->ct, folder, &w, force);
}

static status write_image(const struct volume *v, const char *folder, const char *name,
                          const cJSON *provenance, bool force) {
  char path[4096];
  if (!v) return ST_OK;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return itk_image_write(v, path, provenance, force);
}

static status write_json(cJSON *json, const char *folder, const char *name, const cJSON *provenance,
                         bool force) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (provenance && !cJSON_GetObjectItem(json, "provenance"))
    cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, true));
  return json_write(json, path, force);
}

status phantom_result_write(const struct phantom_result *r, const char *folder,
                            const struct phantom_output_options *options, const cJSON *provenance,
                            bool force) {
  status st = ST_OK;
  char path[4096];
  CHECK(force || !file_exists(folder), ST_USAGE,
        "the result folder %s exists; give --force to write into it", file_name(folder));
  CHECK(snprintf(path, sizeof path, "%s/labels.nii.gz", folder) < (int)sizeof path, ST_USAGE,
        "the name of the result folder is too long");
  TRY(file_make_directory(folder));
  TRY(itk_labels_write(r->labels, path, provenance, force));
  snprintf(path, sizeof path, "%s/bodies.nii.gz", folder);
  if (r->bodies) TRY(itk_labels_write(r->bodies, path, provenance, force));
  if (options->format == PHANTOM_DICOM) {
    snprintf(path, sizeof path, "%s/ct", folder);
    TRY(write_dicom(r, path, options, force));
  } else
    TRY(write_image(r->ct, folder, "ct.nii.gz", provenance, force));
  TRY(write_image(r->ideal, folder, "ideal.nii.gz", provenance, force));
  TRY(write_image(r->density, folder, "density.nii.gz", provenance, force));
  TRY(write_image(r->coverage, folder, "coverage.nii.gz", provenance, force));
  TRY(write_json(r->params, folder, "params.json", NULL, force));
  TRY(write_json(r->truth, folder, "truth.json", provenance, force));
  if (r->has_frame) {
    snprintf(path, sizeof path, "%s/frame.json", folder);
    TRY(hip_frame_write(&r->frame, path, provenance, force));
  }
done:
  return st;
}
