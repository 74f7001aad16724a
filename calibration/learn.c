#include "calibration/learn.h"

#include "calibration/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct calibration_point *used_point(const struct calibration *c, const char *name) {
  for (int i = 0; i < c->point_count; i++)
    if (c->points[i].used && !strcmp(c->points[i].name, name)) return &c->points[i];
  return NULL;
}

/* Slope, intercept, diameter and HU of the table's tissues in scan i; a diameter that one scan does
 * not know is 0 in all, so that its variance is 0 and it predicts nothing. */
static void variables_of(double v[CAL_JOINT], const struct cal_tissue_table *t,
                         const struct calibration *phantom, const struct calibration *tissues,
                         bool sized) {
  v[CAL_JOINT_SLOPE] = phantom->slope;
  v[CAL_JOINT_INTERCEPT] = phantom->intercept;
  v[CAL_JOINT_DIAMETER] = sized ? tissues->diameter_mm : 0;
  for (int k = 0; k < t->count; k++)
    v[CAL_JOINT_TISSUE + k] = used_point(tissues, t->tissue[k])->hu;
}

static void learn_joint(struct cal_tissue_table *t, const struct calibration *phantom,
                        const struct calibration *tissues, int n) {
  struct cal_joint *j = &t->joint;
  int count = CAL_JOINT_TISSUE + t->count;
  bool sized = true;
  double v[CAL_JOINT];
  j->rods_df = phantom[0].covariance_df;
  for (int i = 0; i < n; i++) {
    sized = sized && isfinite(tissues[i].diameter_mm);
    j->rods_df = fmin(j->rods_df, phantom[i].covariance_df);
    for (int k = 0; k < 9; k++) j->rods[k] += phantom[i].covariance[k] / n;
  }
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < n; i++) {
      variables_of(v, t, &phantom[i], &tissues[i], sized);
      for (int a = 0; a < count; a++) {
        if (pass == 0) j->mean[a] += v[a] / n;
        for (int b = 0; b < count && pass == 1; b++)
          j->covariance[a * CAL_JOINT + b] += (v[a] - j->mean[a]) * (v[b] - j->mean[b]) / (n - 1);
      }
    }
}

static status check_scans(const struct calibration *phantom, int n) {
  status st = ST_OK;
  CHECK(n >= 3, ST_DOMAIN, "learning tissues: %d scans, at least 3 needed (20 or more advised)", n);
  for (int i = 1; i < n; i++) {
    struct cal_key_match m = cal_compare_keys(phantom[0].scanner_key, phantom[i].scanner_key);
    bool same = strcmp(phantom[0].scanner_key, phantom[i].scanner_key) == 0;
    CHECK(same || (m.scanner && m.kvp), ST_DOMAIN,
          "learning tissues: scan %d is of %s, the first of %s; a table holds for one scanner and "
          "kVp",
          i + 1, phantom[i].scanner_key, phantom[0].scanner_key);
    CHECK(phantom[i].material == phantom[0].material, ST_DOMAIN,
          "learning tissues: scan %d was calibrated to %s, the first to %s", i + 1,
          material_name(phantom[i].material), material_name(phantom[0].material));
  }
done:
  return st;
}

status cal_learn(struct cal_tissue_table *out, const struct calibration *phantom,
                 const struct calibration *tissues, int n) {
  status st = ST_OK;
  static const char *const names[CAL_TISSUES] = {"air", "adipose", "muscle", "blood"};
  struct cal_tissue_table t = {.people = n};
  double *e[CAL_TISSUES] = {NULL};
  TRY(check_scans(phantom, n));
  for (int k = 0; k < CAL_TISSUES; k++) {
    int have = 0;
    for (int i = 0; i < n; i++) have += used_point(&tissues[i], names[k]) != NULL;
    if (have < n) continue; /* only tissues that every scan has */
    double *values = malloc((size_t)n * sizeof *values);
    CHECK(values, ST_MEMORY, "learning tissues");
    for (int i = 0; i < n; i++)
      values[i] = calibration_density(&phantom[i], used_point(&tissues[i], names[k])->hu);
    snprintf(t.tissue[t.count], sizeof t.tissue[0], "%s", names[k]);
    e[t.count++] = values;
  }
  CHECK(t.count >= 2 && !strcmp(t.tissue[0], "air"), ST_DOMAIN,
        "learning tissues: %d tissues in every scan%s, at least air and one more needed", t.count,
        t.count && !strcmp(t.tissue[0], "air") ? "" : ", air not among them");
  for (int k = 0; k < t.count; k++) {
    for (int i = 0; i < n; i++) t.density[k] += e[k][i] / n;
    for (int l = 0; l <= k; l++) {
      double sum = 0;
      for (int i = 0; i < n; i++) sum += (e[k][i] - t.density[k]) * (e[l][i] - t.density[l]);
      t.covariance[k * CAL_TISSUES + l] = t.covariance[l * CAL_TISSUES + k] = sum / (n - 1);
    }
  }
  learn_joint(&t, phantom, tissues, n);
  t.material = phantom[0].material;
  t.kvp = cal_key_kvp(phantom[0].scanner_key);
  snprintf(t.scanner_key, sizeof t.scanner_key, "%s", phantom[0].scanner_key);
  snprintf(t.name, sizeof t.name, "learned from %d scans", n);
  *out = t;
done:
  for (int k = 0; k < CAL_TISSUES; k++) free(e[k]);
  return st;
}
