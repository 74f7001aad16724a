/* The calibration in the report: the line with its samples, their table, its warnings. */
#include "study/page_calibration.h"

#include "calibration/figures.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CURVE = 101 };

bool page_by_phantom(const struct calibration *k) {
  return strncmp(k->method, "phantom", 7) == 0;
}

bool page_by_other_days(const struct calibration *k) {
  return strncmp(k->method, "async", 5) == 0;
}

static const char *samples_word(const struct calibration *k) {
  return page_by_phantom(k) || page_by_other_days(k) ? "rods" : "tissues";
}

static status draw_calibration(struct plot **out, const struct calibration *k) {
  status st = ST_OK;
  struct plot *p = NULL;
  double x[CURVE], y[CURVE], low[CURVE], high[CURVE];
  double used_x[CALIBRATION_POINTS], used_y[CALIBRATION_POINTS];
  double left_x[CALIBRATION_POINTS], left_y[CALIBRATION_POINTS];
  int used = 0, left = 0;
  double least = 0, most = 1000; /* bone lies in 0..1000 HU */
  char label[64];
  for (int i = 0; i < k->point_count; i++) {
    const struct calibration_point *point = &k->points[i];
    if (isnan(point->hu) || isnan(point->density)) continue;
    least = fmin(least, point->hu);
    most = fmax(most, point->hu);
    double *to_x = point->used ? &used_x[used] : &left_x[left];
    double *to_y = point->used ? &used_y[used++] : &left_y[left++];
    *to_x = point->hu;
    *to_y = point->density;
  }
  for (int i = 0; i < CURVE; i++) {
    x[i] = least + (most - least) * i / (CURVE - 1);
    y[i] = calibration_density(k, x[i]);
    double half = calibration_half_width(k, x[i]);
    low[i] = y[i] - half;
    high[i] = y[i] + half;
  }
  snprintf(label, sizeof label, "density [mg/cm3 of %s]", material_name(k->material));
  TRY(plot_create(&p, 640, 380, "CT number [HU]", label));
  plot_band(p, x, low, high, CURVE, COLOUR_SKY, "95 % interval of a density");
  plot_line(p, x, y, CURVE, COLOUR_BLUE, "calibration");
  plot_points(p, used_x, used_y, used, COLOUR_RED, samples_word(k));
  if (left) plot_points(p, left_x, left_y, left, COLOUR_PINK, "left out");
  for (int i = 0; i < k->point_count; i++)
    if (!isnan(k->points[i].hu) && !isnan(k->points[i].density))
      plot_note(p, k->points[i].hu, k->points[i].density, k->points[i].name);
  *out = p;
  p = NULL;
done:
  plot_destroy(p);
  return st;
}

/* The water-corrected regression is on densities, not on CT numbers: rods that displace different
 * amounts of water do not lie on one line of HU. Shown as it was fitted. */
static status draw_water_fit(struct plot **out, const struct calibration *k) {
  status st = ST_OK;
  struct plot *p = NULL;
  double x[CALIBRATION_POINTS], y[CALIBRATION_POINTS];
  double ends[2] = {(double)INFINITY, -(double)INFINITY}, line[2];
  int n = 0;
  char label[64];
  for (int i = 0; i < k->point_count; i++) {
    const struct calibration_point *point = &k->points[i];
    if (!point->used || isnan(point->hu) || isnan(point->water)) continue;
    x[n] = point->density;
    y[n++] = point->hu - point->water;
    ends[0] = fmin(ends[0], point->density);
    ends[1] = fmax(ends[1], point->density);
  }
  for (int i = 0; i < 2; i++) line[i] = k->sigma_ref * ends[i] + k->beta_ref;
  snprintf(label, sizeof label, "certified density [mg/cm3 of %s]", material_name(k->material));
  TRY(plot_create(&p, 640, 380, label, "CT number less water equivalent [HU]"));
  plot_line(p, ends, line, 2, COLOUR_BLUE, "water-corrected line");
  plot_points(p, x, y, n, COLOUR_RED, "rods");
  for (int i = 0; i < k->point_count; i++)
    plot_note(p, k->points[i].density, k->points[i].hu - k->points[i].water, k->points[i].name);
  *out = p;
  p = NULL;
done:
  plot_destroy(p);
  return st;
}

static void point_table(struct report *page, const struct calibration *k) {
  static const char *const columns[] = {
      "Sample", "#HU", "#SD [HU]", "#Voxels", "#Reference [mg/cm3]", "#Residual [mg/cm3]",
      "Remark"};
  report_table_begin(page, "Samples and residuals (fitted minus reference)", columns, 7);
  for (int i = 0; i < k->point_count; i++) {
    const struct calibration_point *point = &k->points[i];
    char hu[32] = "", sd[32] = "", voxels[32], density[32] = "", residual[32] = "";
    if (!isnan(point->hu)) snprintf(hu, sizeof hu, "%.1f", point->hu);
    if (!isnan(point->hu_sd)) snprintf(sd, sizeof sd, "%.1f", point->hu_sd);
    snprintf(voxels, sizeof voxels, "%lld", (long long)point->voxels);
    if (!isnan(point->density)) snprintf(density, sizeof density, "%.1f", point->density);
    if (!isnan(point->residual)) snprintf(residual, sizeof residual, "%+.2f", point->residual);
    const char *cells[] = {point->name,
                           hu,
                           sd,
                           voxels,
                           density,
                           residual,
                           point->used ? point->reason
                                       : (point->reason[0] ? point->reason : "left out")};
    report_table_row(page, cells);
  }
  report_table_end(page);
}

/* One finding for the kind of calibration and all its warnings, so that they do not bury others. */
static void tell_warnings(struct report *page, const struct calibration *k) {
  struct text all = {0};
  bool tissues = !page_by_phantom(k) && !page_by_other_days(k);
  if (tissues)
    text_append(&all, "Density comes from air, fat and muscle in the scan; intervals are wide for "
                      "that reason. ");
  for (int i = 0; i < k->warning_count; i++)
    text_append(&all, "%c%s%s", i ? k->warnings[i][0] : toupper((unsigned char)k->warnings[i][0]),
                k->warnings[i] + 1, i + 1 < k->warning_count ? "; " : ".");
  if (tissues)
    report_finding(page, REPORT_CAUTION, "Calibrated without a phantom.", all.data ? all.data : "");
  else if (page_by_other_days(k))
    report_finding(page, REPORT_CAUTION, "Calibrated by phantom scans of other days.",
                   all.data ? all.data : "");
  else if (k->warning_count)
    report_finding(page, REPORT_CAUTION, "Calibration.", all.data ? all.data : "");
  else
    report_finding(page, REPORT_GOOD, "Calibrated by the rods in the scan.",
                   "The line fits every rod within its limits.");
  text_free(&all);
}

static void tell_origin(struct report *page, const struct calibration *k) {
  if (page_by_phantom(k))
    report_paragraph(page, "Density comes from the calibration phantom in the scan (%s).",
                     k->phantom);
  else if (page_by_other_days(k))
    report_paragraph(page,
                     "Density comes from scans of the phantom %s on other days, on this scanner at "
                     "this tube voltage.",
                     k->phantom);
  else
    report_paragraph(page,
                     "No rods were used: density comes from the patient's own tissues (%s). Its "
                     "error is larger than that of a phantom and is carried into every interval.",
                     k->method);
  report_paragraph(page, "Density = %.4g \xC3\x97 HU %c %.4g mg/cm3 of %s%s.", k->slope,
                   k->intercept < 0 ? '-' : '+', fabs(k->intercept), material_name(k->material),
                   k->quadratic != 0 ? ", with a quadratic term" : "");
}

static status tell_residuals(struct report *page, const struct calibration *k) {
  status st = ST_OK;
  struct text svg = {0};
  struct report_reading reading = {
      .good = "In a good picture the rods scatter about zero within the dashed limits, without a "
              "bend or a slope.",
      .bad = "Two rods off by the same amount in opposite directions are exchanged; a bend is a "
             "wrong certificate.",
      .act = "Compare the certificate, or outline the rods."};
  TRY(cal_figure_residuals(&svg, k, 640, 240));
  report_svg(page, &svg, "Residuals of the rods: fitted density minus certificate.", &reading);
done:
  text_free(&svg);
  return st;
}

status page_calibration(struct report *page, const struct calibration *k) {
  status st = ST_OK;
  struct plot *p = NULL;
  const double residual_limit_mgcc = 5; /* of a warning in cal_accept */
  char known[256] = "";
  double half = calibration_half_width(k, 250); /* about trabecular bone of the hip */
  tell_origin(page, k);
  if (!isnan(k->residual_sd))
    snprintf(known, sizeof known,
             "Residual SD %.1f mg/cm3; a density near 250 HU is known to \xC2\xB1"
             "%.2g "
             "mg/cm3 (95 %%).",
             k->residual_sd, half);
  else
    snprintf(known, sizeof known,
             "A density near 250 HU is known to \xC2\xB1"
             "%.2g mg/cm3 (95 %%).",
             half);
  bool scatters = k->residual_sd > residual_limit_mgcc;
  struct report_reading reading = {
      .good = scatters ? NULL : known,
      .bad = scatters       ? known
             : k->checkable ? NULL
                            : "Too few points to check the line by its residuals.",
      .act = page_by_phantom(k)
                 ? "Compare the reference values with the certificate of your phantom."
                 : "For follow-up or comparison between scanners, scan with a phantom."};
  if (isnan(k->sigma_ref)) {
    TRY(draw_calibration(&p, k));
    report_plot(page, p, "Density on CT number: the calibration with its samples.", &reading);
  } else {
    TRY(draw_water_fit(&p, k));
    report_plot(page, p,
                "The regression through the rods, corrected for the water that their solutions "
                "displace; density follows from its slope and intercept.",
                &reading);
  }
  if (k->checkable && !strcmp(samples_word(k), "rods")) TRY(tell_residuals(page, k));
  point_table(page, k);
  tell_warnings(page, k);
done:
  plot_destroy(p);
  return st;
}

/* ---- drift ---- */

static status count_alarmed(size_t *alarmed, const struct cal_scan *scans, size_t n) {
  status st = ST_OK;
  struct cal_quality *q = NULL;
  TRY(cal_quality_judge(&q, scans, n));
  *alarmed = 0;
  for (size_t scan = 0; scan < n; scan++) {
    bool alarm = false;
    for (size_t i = 0; i < q->count; i++)
      alarm = alarm || (q->alarms[i].scan == scan && !q->alarms[i].notice);
    *alarmed += alarm;
  }
done:
  cal_quality_destroy(q);
  return st;
}

status page_drift(struct report *page, const struct cal_scan *scans, size_t n) {
  status st = ST_OK;
  enum { FEWEST = 9 }; /* as calibration/quality.h */
  struct text svg = {0};
  char key[300], bad[200];
  size_t alarmed = 0;
  snprintf(key, sizeof key, "%s", scans->calibration.scanner_key);
  for (char *c = key; *c; c++)
    if (*c == '|') *c = ' ';
  if (n < FEWEST) {
    report_paragraph(page, "%s: %zu scan%s with a phantom and a day; %d are needed to judge.", key,
                     n, n == 1 ? "" : "s", FEWEST);
    goto done;
  }
  TRY(count_alarmed(&alarmed, scans, n));
  TRY(cal_figure_drift(&svg, scans, n, 720, 340));
  snprintf(bad, sizeof bad, "In %zu of %zu scans the calibration left its baseline.", alarmed, n);
  const struct report_reading reading = {
      .good = alarmed ? NULL : "The calibration stays within the limits of its own baseline.",
      .bad = alarmed ? bad : NULL,
      .act = alarmed
                 ? "Look at the scans from the marked day on; `qct calibrate check` lists them. "
                   "Slope and intercept of each scan correct for it where the rods lie in "
                   "every scan."
                 : NULL};
  report_svg(page, &svg, key, &reading);
  if (alarmed) report_finding(page, REPORT_CAUTION, "A scanner drifted.", bad);
done:
  text_free(&svg);
  return st;
}
