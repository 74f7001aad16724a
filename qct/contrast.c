#include "qct/contrast.h"

#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double bright_hu = 90, even_hu = 35, spot_mm = 6;

static double label_mean(const struct volume *hu, const struct labels *l, int value) {
  double sum = 0, n = 0;
  int64_t count = geometry_voxels(&hu->grid);
  for (int64_t i = 0; i < count; i++)
    if (l->voxels[i] == value && !isnan(hu->voxels[i])) {
      sum += (double)hu->voxels[i];
      n++;
    }
  return n > 0 ? sum / n : (double)NAN;
}

/* Mean and SD in a disc across the axis of a vertebra. */
static void spot(double *mean, double *sd, const struct volume *hu, const struct vertebra_frame *f,
                 struct vec3 centre) {
  const double step = 2;
  double sum = 0, square = 0, n = 0;
  for (double y = -spot_mm; y <= spot_mm; y += step)
    for (double x = -spot_mm; x <= spot_mm; x += step) {
      if (x * x + y * y > spot_mm * spot_mm) continue;
      struct vec3 p = vec3_add(centre, vec3_make(x, y, 0));
      double v = volume_sample(hu, vertebra_to_world(f, p));
      sum += v;
      square += v * v;
      n++;
    }
  *mean = sum / n;
  *sd = sqrt(fmax(0, square / n - *mean * *mean));
}

/* Brightest even spot before a body [HU]. */
static double brightest(const struct volume *hu, const struct vertebra_frame *f) {
  double best = (double)NAN, front = f->back_mm - f->depth_mm;
  for (double y = front - spot_mm - 2; y > front - 45; y -= 3)
    for (double x = -35; x <= 40; x += 3) {
      double mean, sd;
      spot(&mean, &sd, hu, f, vec3_make(x, y, 0));
      if (mean < 350 && sd < even_hu && !(mean <= best)) best = mean;
    }
  return best;
}

static void search(struct qct_contrast *c, const struct volume *hu,
                   const struct vertebra_frames *frames) {
  const double far = 1e9;
  double most = -far;
  for (int i = 0; i < frames->count; i++) {
    double v = brightest(hu, &frames->items[i]);
    c->levels += v > bright_hu;
    if (v > most) most = v;
  }
  if (most > -far) c->vessel_hu = most;
  if (c->levels < 2) return;
  c->present = 1;
  snprintf(c->reason, sizeof c->reason,
           "contrast medium suspected: a vessel of %.0f HU before %d levels (90 HU permitted)",
           most, c->levels);
}

static int aorta_value(const struct labels *l) {
  int value = labels_value(l, "aorta");
  return value || *labels_name(l, LABEL_AORTA) ? value : LABEL_AORTA;
}

status qct_contrast_judge(struct qct_contrast *out, const struct volume *hu, enum contrast said,
                          const struct labels *organs, const struct vertebra_frames *frames) {
  status st = ST_OK;
  struct qct_contrast c = {.vessel_hu = (double)NAN};
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "looking for contrast medium: the volume holds %s",
        quantity_name(hu->quantity));
  if (said == CONTRAST_UNKNOWN) said = hu->acquisition.contrast;
  if (organs) {
    TRY(geometry_match(&hu->grid, "image", &organs->grid, "organs", 1e-3));
    c.vessel_hu = label_mean(hu, organs, aorta_value(organs));
    if (c.vessel_hu > bright_hu) {
      c.present = 1;
      snprintf(c.reason, sizeof c.reason,
               "contrast medium suspected: the aorta has %.0f HU (90 HU permitted)", c.vessel_hu);
    }
  }
  if (isnan(c.vessel_hu) && frames) search(&c, hu, frames);
  if (said == CONTRAST_PRESENT) {
    c.present = c.stated = 1;
    snprintf(c.reason, sizeof c.reason, "contrast medium was given");
  }
  *out = c;
done:
  return st;
}

/* ---- a line that takes the medium off ---- */

const char *const qct_contrast_words[] = {"unknown", "none",    "present", "arterial",
                                          "portal",  "delayed", NULL};
enum { FIRST_PHASE = 3, WORDS = 6 };

enum contrast qct_contrast_of_word(int word) {
  return word >= FIRST_PHASE ? CONTRAST_PRESENT : (enum contrast)word;
}

status qct_contrast_correction_read(struct qct_contrast_correction *out, const char *path,
                                    int word) {
  status st = ST_OK;
  const char *what = "correction for contrast medium";
  struct qct_contrast_correction c = {.phase = ""};
  char format[48] = "";
  cJSON *json = NULL;
  int phase = FIRST_PHASE;
  TRY(json_read(&json, path));
  TRY(json_get_text(format, sizeof format, json, "format", what));
  CHECK(strcmp(format, "qct contrast correction 1") == 0, ST_FORMAT,
        "%s: format \"%s\", expected \"qct contrast correction 1\"", what, format);
  TRY(json_get_text(c.phase, sizeof c.phase, json, "phase", what));
  TRY(json_get_text(c.source, sizeof c.source, json, "source", what));
  TRY(json_get_number(&c.slope, json, "slope", what));
  TRY(json_get_number(&c.intercept, json, "intercept", what));
  while (phase < WORDS && strcmp(c.phase, qct_contrast_words[phase]) != 0) phase++;
  CHECK(phase < WORDS, ST_DOMAIN, "%s: phase \"%s\", permitted arterial, portal, delayed", what,
        c.phase);
  CHECK(phase == word, ST_DOMAIN,
        "%s: it is for the %s phase, the scan is stated as \"%s\"; state --contrast %s", what,
        c.phase, qct_contrast_words[word], c.phase);
  CHECK(c.slope > 0, ST_DOMAIN, "%s: slope %g, must be positive", what, c.slope);
  *out = c;
done:
  cJSON_Delete(json);
  return st;
}
