/* usage: bench_femur FOLDER
 * FOLDER holds a digital patient (`qct phantom hip --format nifti`). Prints one CSV row per figure:
 *   folder,quantity,unit,found,truth
 * of the femur found from the CT alone: overlap, surface, frame, and the density of its regions
 * under the ideal calibration of truth.json. NAME_error_in_intervals is the error of a density,
 * content or volume, by the rods in the scan, over the half-width of its printed 95 % interval. A
 * refusal prints the quantity "refused" with its reason. What an error comes from: with
 * --true-frame before FOLDER the regions are those of the true frame, with --given outline and
 * frame are the truth's (and `qct phantom hip --noise 0` has no noise). */
#include "anatomy/compare.h"
#include "anatomy/femur.h"
#include "anatomy/frame.h"
#include "calibration/calibrate.h"
#include "core/image.h"
#include "core/json.h"
#include "core/phantom_registry.h"
#include "core/status.h"
#include "qct/hip_density.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *folder;

static void row(const char *quantity, const char *unit, double found, double truth) {
  printf("%s,%s,%s,%.6g,%.6g\n", folder, quantity, unit, found, truth);
}

static status print_outline(const struct labels *found, const struct labels *truth, int femur) {
  status st = ST_OK;
  int pelvis = femur == LABEL_FEMUR_LEFT ? LABEL_HIP_LEFT : LABEL_HIP_RIGHT;
  int64_t n = 0;
  struct compare_result c;
  TRY(compare_labels(&c, found, femur, truth, femur));
  for (int64_t i = 0; i < geometry_voxels(&truth->grid); i++)
    n += found->voxels[i] == femur && truth->voxels[i] == pelvis;
  row("dice", "", c.dice, 1);
  row("surface_mean", "mm", c.mean_mm, 0);
  row("surface_p95", "mm", c.p95_mm, 0);
  row("surface_most", "mm", c.most_mm, 0);
  row("pelvis_voxels", "", (double)n, 0);
done:
  return st;
}

/* Against the frame that its definitions give on the exact solid; once more the neck-shaft angle,
 * against that of the planted neck axis. */
static status print_frame(const struct hip_frame *f, const struct hip_frame *truth,
                          const cJSON *json) {
  status st = ST_OK;
  double planted;
  TRY(json_get_number(&planted, json_find(json, "hip"), "neck_shaft_planted_deg", "truth"));
  row("head_centre", "mm", vec3_length(vec3_sub(f->head, truth->head)), 0);
  row("head_radius", "mm", f->head_radius_mm, truth->head_radius_mm);
  row("narrow_neck", "mm", vec3_length(vec3_sub(f->head, f->neck_point)),
      vec3_length(vec3_sub(truth->head, truth->neck_point)));
  row("neck_shaft", "deg", f->neck_shaft_deg, truth->neck_shaft_deg);
  row("neck_shaft_planted", "deg", f->neck_shaft_deg, planted);
  row("neck_axis", "deg", vec3_angle_deg(f->neck_axis, truth->neck_axis), 0);
  row("shaft_axis", "deg", vec3_angle_deg(f->shaft_axis, truth->shaft_axis), 0);
  row("offset", "mm", f->offset_mm, truth->offset_mm);
  row("femoral_axis_length", "mm", f->fal_mm, truth->fal_mm);
  row("lesser_trochanter", "mm", f->lesser_trochanter_mm, truth->lesser_trochanter_mm);
done:
  return st;
}

/* The errors of a compartment in half-widths of their intervals. A density of the ideal line is
 * first put on the rods' line: all of the measurement goes with an affine map of HU. */
static void print_intervals(const char *region, const char *part,
                            const struct measurement *const found[3], const double truth[3],
                            const cJSON *ideal, const struct calibration *rods) {
  static const char *const kinds[] = {"vbmd", "bmc", "volume"};
  double slope, intercept;
  if (!found[0] || isnan(found[0]->value) || json_get_number(&slope, ideal, "slope", "truth") ||
      json_get_number(&intercept, ideal, "intercept", "truth"))
    return;
  double density = calibration_density(rods, (found[0]->value - intercept) / slope);
  const double values[] = {density, density * found[2]->value, found[2]->value};
  for (int k = 0; k < 3; k++) {
    char quantity[80];
    snprintf(quantity, sizeof quantity, "%s_%s_%s_error_in_intervals", region, part, kinds[k]);
    row(quantity, "", (values[k] - truth[k]) / ((found[k]->high - found[k]->low) / 2), 0);
  }
}

/* Regions of a record against those of truth.json. */
static status print_regions(const struct record *r, const cJSON *truth, enum side side,
                            const struct calibration *rods) {
  static const char *const regions[] = {"head",  "neck",         "trochanter", "intertrochanter",
                                        "total", "total_no_head"};
  static const char *const parts[] = {"integral", "cortical", "trabecular"};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
    const cJSON *region = json_find(json_find(truth, "regions"), regions[i]);
    const cJSON *density = json_find(region, "k2hpo4_eq");
    double all, cortex;
    char name[64], quantity[64];
    TRY(json_get_number(&all, json_find(region, "volume"), "value", "truth"));
    TRY(json_get_number(&cortex, json_find(region, "cortical_volume"), "value", "truth"));
    const double volume[] = {all / 1000, cortex / 1000, (all - cortex) / 1000};
    snprintf(name, sizeof name, "%s_%s", regions[i], side_name(side));
    for (int k = 0; k < 3; k++) {
      double vbmd;
      TRY(json_get_number(&vbmd, json_find(density, parts[k]), "value", "truth"));
      const struct measurement *found[3];
      static const char *const kinds[] = {"vbmd", "bmc", "volume"};
      for (int q = 0; q < 3; q++) {
        snprintf(quantity, sizeof quantity, "%s_%s", kinds[q], parts[k]);
        found[q] = record_find(r, name, quantity);
      }
      snprintf(quantity, sizeof quantity, "%s_%s_vbmd", regions[i], parts[k]);
      row(quantity, "mg/cm3", found[0] ? found[0]->value : NAN, vbmd);
      snprintf(quantity, sizeof quantity, "%s_%s_volume", regions[i], parts[k]);
      row(quantity, "cm3", found[2] ? found[2]->value : NAN, volume[k]);
      const double truths[] = {vbmd, vbmd * volume[k], volume[k]};
      print_intervals(regions[i], parts[k], found, truths,
                      json_find(json_find(json_find(truth, "physics"), "calibration"), "k2hpo4"),
                      rods);
    }
  }
done:
  return st;
}

/* The ideal calibration of the digital scanner, in place. */
static status calibrate(struct volume *ct, const cJSON *truth) {
  status st = ST_OK;
  const cJSON *line = json_find(json_find(json_find(truth, "physics"), "calibration"), "k2hpo4");
  double slope, intercept;
  TRY(json_get_number(&slope, line, "slope", "truth"));
  TRY(json_get_number(&intercept, line, "intercept", "truth"));
  int64_t n = geometry_voxels(&ct->grid);
  for (int64_t i = 0; i < n; i++)
    ct->voxels[i] = (float)(slope * (double)ct->voxels[i] + intercept);
  ct->quantity = QUANTITY_DENSITY;
  ct->material = MATERIAL_K2HPO4;
done:
  return st;
}

enum { FOUND, TRUE_FRAME, GIVEN };

static status measure(int how) {
  status st = ST_OK;
  char path[4096];
  struct volume *ct = NULL;
  struct labels *labels = NULL;
  struct femur_result *r = NULL;
  struct record *record = NULL;
  struct hip_frame truth;
  struct phantom_entry entry;
  struct calibration rods;
  cJSON *json = NULL;
  snprintf(path, sizeof path, "%s/ct.nii.gz", folder);
  TRY(image_read(&ct, path, &(struct image_read_options){.quantity = QUANTITY_HU}));
  snprintf(path, sizeof path, "%s/labels.nii.gz", folder);
  TRY(labels_read_on(&labels, path, &ct->grid));
  snprintf(path, sizeof path, "%s/frame.json", folder);
  TRY(hip_frame_read(&truth, path));
  snprintf(path, sizeof path, "%s/truth.json", folder);
  TRY(json_read(&json, path));
  TRY(record_create(&record, "digital"));
  double start = seconds();
  int side = truth.side == SIDE_LEFT ? 1 : 0;
  int label = side ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
  if (how != GIVEN) {
    TRY(femur_find(&r, ct, NULL));
    row("find_time", "s", seconds() - start, 0);
    if (r->sides[side].state != FEMUR_FOUND) {
      printf("%s,refused,%s,,\n", folder, r->sides[side].reason);
      goto done;
    }
    TRY(print_outline(r->labels, labels, label));
    TRY(print_frame(&r->sides[side].frame, &truth, json));
  }
  TRY(phantom_registry_find(&entry, "mindways-model3-ct", NULL)); /* of qct phantom hip */
  TRY(cal_from_rods(&rods, ct, labels, &entry, NULL));
  TRY(calibrate(ct, json));
  start = seconds();
  TRY(qct_hip_regions(record, ct, how == GIVEN ? labels : r->labels, label,
                      how == FOUND ? &r->sides[side].frame : &truth, &rods, NULL, NULL));
  row("density_time", "s", seconds() - start, 0);
  TRY(print_regions(record, json, truth.side, &rods));
done:
  volume_destroy(ct);
  labels_destroy(labels);
  femur_result_destroy(r);
  record_destroy(record);
  cJSON_Delete(json);
  return st;
}

int main(int argc, char **argv) {
  int how = argc != 3                              ? FOUND
            : strcmp(argv[1], "--given") == 0      ? GIVEN
            : strcmp(argv[1], "--true-frame") == 0 ? TRUE_FRAME
                                                   : -1;
  if (argc < 2 || argc > 3 || how < 0) {
    fprintf(stderr, "usage: bench_femur [--given | --true-frame] FOLDER\n");
    return 2;
  }
  folder = argv[argc - 1];
  if (measure(how) == ST_OK) return 0;
  fprintf(stderr, "%s: %s\n", folder, status_message());
  return 1;
}
