/* Rules of opportunistic HU: presets, refusals, formulas. */
#include "qct/hu.h"

#include "core/attenuation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSES (1U << QCT_ROI_ELLIPSE | 1U << QCT_ROI_ELLIPSE_C2C)
#define LABEL_ROI (1U << QCT_ROI_LABEL)

static const struct qct_hu_preset presets[] = {
    {"l1-160", "L1", ELLIPSES, NAN, false, true, 160, 120,
     "low by a threshold about 90 % sensitive for DXA osteoporosis", "pickhardt2013", true},
    {"l1-135", "L1", ELLIPSES, NAN, false, false, 135, 120, "below a single risk threshold",
     "anderson2018", true},
    {"l1-110", "L1", ELLIPSES, NAN, false, true, 110, 120,
     "low by a threshold over 90 % specific for DXA osteoporosis", "pickhardt2013", true},
    {"l1-169-british", "L1", ELLIPSES, NAN, false, true, 169, 120,
     "low by a threshold 90 % sensitive in a British cohort (AUC 0.74)", "british_l1", true},
    {"l1-104-british", "L1", ELLIPSES, NAN, false, true, 104, 120,
     "low by a threshold 90 % specific in a British cohort (AUC 0.74)", "british_l1", true},
    {"totalseg-90", "*", LABEL_ROI, 4, true, false, 90.25, 120,
     "below the limit of TotalSegmentator's spine report (median, eroded 4 mm)", "totalseg_spine",
     true},
    {"l1-100", "L1", ELLIPSES, NAN, false, true, 100, 120, "low by a rule quoted in a review", "",
     false},
    {"l1-90", "L1", ELLIPSES, NAN, false, true, 90, 120, "high risk, origin not read", "", false},
    {"femur-112", "total", LABEL_ROI, NAN, false, true, 112, 120,
     "low by a threshold 80 % sensitive for any fracture in ten years; its region rule was not "
     "read",
     "femur_hu_2020", false},
};
enum { PRESETS = sizeof presets / sizeof *presets };

const struct qct_hu_preset *qct_hu_presets(int *count) {
  *count = PRESETS;
  return presets;
}

status qct_hu_preset_find(const struct qct_hu_preset **out, const char *key) {
  status st = ST_OK;
  char known[256] = "";
  for (int i = 0; i < PRESETS; i++) {
    size_t used = strlen(known);
    if (!strcmp(presets[i].key, key)) {
      *out = &presets[i];
      goto done;
    }
    snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", presets[i].key);
  }
  FAIL(ST_USAGE, "no preset \"%s\"; known: %s", key, known);
done:
  return st;
}

void qct_hu_preset_refusal(char out[192], const struct qct_hu_preset *p,
                           const struct qct_hu_scan *scan) {
  const double near_kv = 1;
  char words[48];
  qct_roi_words(words, &scan->roi);
  out[0] = '\0';
  if (isnan(scan->kvp))
    snprintf(out, 192, "tube voltage not stated; %s is for %g kV", p->key, p->kvp);
  else if (fabs(scan->kvp - p->kvp) > near_kv)
    snprintf(out, 192, "%g kV; %s is for %g kV (+-1)", scan->kvp, p->key, p->kvp);
  else if (scan->contrast && scan->contrast->present)
    snprintf(out, 192, "%s; %s is for scans without", scan->contrast->reason, p->key);
  else if (!(p->rois >> scan->roi.kind & 1) ||
           (scan->roi.kind == QCT_ROI_LABEL && !isnan(p->erode_mm) &&
            fabs(scan->roi.erode_mm - p->erode_mm) > 0.01))
    snprintf(out, 192, "region %s; %s belongs to %s", words, p->key,
             p->rois & LABEL_ROI ? "the label eroded as published" : "an ellipse in the body");
}

/* ---- formulas ---- */

double qct_t_hu(const char *level, double hu) {
  const double sd = 42;
  if (!strcmp(level, "L1")) return (hu - 236) / sd;
  if (!strcmp(level, "L3")) return (hu - 227) / sd;
  return (double)NAN;
}

status qct_hu_to_120(double *out, double hu, double marrow_hu, double kev, double kev_120) {
  const double displaced = 0.2174; /* Source: mindways2011 */
  status st = ST_OK;
  CHECK(kev >= 30 && kev <= 160 && kev_120 >= 30 && kev_120 <= 160, ST_DOMAIN,
        "conversion to 120 kV: effective energies %g and %g keV, permitted 30..160 keV", kev,
        kev_120);
  CHECK(marrow_hu >= -150 && marrow_hu <= 100, ST_DOMAIN,
        "conversion to 120 kV: marrow %g HU, permitted -150..100 HU", marrow_hu);
  double to = attenuation_ratio(ATTENUATION_K2HPO4, kev_120) - displaced;
  double from = attenuation_ratio(ATTENUATION_K2HPO4, kev) - displaced;
  *out = marrow_hu + (hu - marrow_hu) * to / from;
done:
  return st;
}

double qct_c2c_rescale(double hu, double air_hu, double fat_hu) {
  const double air = -1000, fat = -95;
  return air + (hu - air_hu) * (fat - air) / (fat_hu - air_hu);
}

double qct_c2c_bmd(double hu) {
  return 0.002533809257151385 * hu + 0.2298020483820905;
}

double qct_c2c_t(double hu) {
  return (qct_c2c_bmd(hu) - 1.0723233) / 0.1206653;
}
