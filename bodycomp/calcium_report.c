#include "bodycomp/calcium.h"

#include "core/filter.h"
#include "core/statistics.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void say(char text[512], const char *fmt, ...) QCT_PRINTF(2, 3);

static void say(char text[512], const char *fmt, ...) {
  size_t used = strlen(text);
  va_list args;
  if (used) used += (size_t)snprintf(text + used, 512 - used, "; ");
  if (used >= 512) return;
  va_start(args, fmt);
  vsnprintf(text + used, 512 - used, fmt, args);
  va_end(args);
}

/* HU of the aorta eroded 7 mm; *count 0 when nothing is left. */
static status blood_pool(double **values, int64_t *count, const struct volume *hu,
                         const struct labels *blood) {
  status st = ST_OK;
  struct labels *core = NULL;
  const double erode_mm = 7; /* Source: Comp2Comp fa617e2, as cited in the method */
  int64_t voxels = geometry_voxels(&hu->grid);
  *count = 0;
  TRY(geometry_match(&hu->grid, "image", &blood->grid, "blood label", 1e-3));
  if (!labels_count(blood, LABEL_AORTA)) goto done;
  TRY(labels_copy(&core, blood));
  TRY(filter_grow(core, LABEL_AORTA, -erode_mm, 0));
  *values = malloc(((size_t)labels_count(core, LABEL_AORTA) + 1) * sizeof **values);
  CHECK(*values, ST_MEMORY, "blood pool");
  for (int64_t i = 0; i < voxels; i++)
    if (core->voxels[i] == LABEL_AORTA && !isnan(hu->voxels[i]))
      (*values)[(*count)++] = (double)hu->voxels[i];
done:
  labels_destroy(core);
  return st;
}

/* Mean and SD of the blood pool; NaN when nothing is left. */
static status blood_level(double *mean, double *sd, const struct volume *hu,
                          const struct labels *blood) {
  status st = ST_OK;
  double *values = NULL;
  int64_t count = 0;
  *mean = *sd = NAN;
  TRY(blood_pool(&values, &count, hu, blood));
  if (count < 2) goto done;
  *mean = stat_mean(values, count);
  *sd = stat_sd(values, count, 1);
done:
  free(values);
  return st;
}

status calcium_adaptive_threshold(double *threshold_hu, const struct volume *hu,
                                  const struct labels *blood) {
  status st = ST_OK;
  const double low_percent = 15.8, spreads = 3;
  double *values = NULL;
  int64_t count = 0;
  TRY(blood_pool(&values, &count, hu, blood));
  CHECK(count > 1, ST_DOMAIN,
        "a threshold adapted to the blood: nothing is left of the aorta (label %d) eroded by 7 mm",
        LABEL_AORTA);
  double low = stat_percentile(values, count, low_percent), median = stat_median(values, count);
  *threshold_hu = median + spreads * (median - low);
done:
  free(values);
  return st;
}

static int sharp_kernel(const char *kernel) {
  /* names under which vendors sell edge-enhancing kernels: GE, Siemens B/Br 50 and up, Philips,
   * Canon */
  static const char *const names[] = {"BONE", "LUNG", "EDGE", "YB",   "YC",
                                      "YD",   "FC50", "FC51", "FC52", "FC30"};
  int number = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strncasecmp(kernel, names[i], strlen(names[i]))) return 1;
  return (sscanf(kernel, "B%d", &number) == 1 || sscanf(kernel, "Br%d", &number) == 1) &&
         number >= 50;
}

status calcium_gates(unsigned *gates, char text[512], const struct volume *hu,
                     const struct calcium_rules *rules, const struct labels *blood,
                     const struct calcium_score *score) {
  status st = ST_OK;
  const struct acquisition *a = &hu->acquisition;
  const double most_blood_hu = 100, most_mm = 3, metal_hu = 2000;
  unsigned g = 0;
  double mean = NAN, sd = NAN;
  text[0] = '\0';
  if (blood) {
    CHECK(labels_count(blood, LABEL_AORTA) > 0, ST_DOMAIN,
          "blood pool: the map has no aorta (label %d), so that contrast cannot be seen",
          LABEL_AORTA);
    TRY(blood_level(&mean, &sd, hu, blood));
  }
  if (blood && isnan(mean)) {
    g |= CALCIUM_BLOOD_UNSEEN;
    say(text, "nothing is left of the aorta eroded by 7 mm: contrast and noise were not looked for "
              "in the blood");
  }
  if (a->contrast == CONTRAST_PRESENT || mean > most_blood_hu) {
    g |= CALCIUM_CONTRAST;
    if (mean > most_blood_hu)
      say(text, "the blood pool reads %.0f HU (at most %.0f): contrast agent", mean, most_blood_hu);
    else
      say(text, "a contrast agent is recorded");
  }
  if (a->contrast == CONTRAST_UNKNOWN && isnan(mean)) {
    g |= CALCIUM_CONTRAST_UNKNOWN;
    say(text, "whether a contrast agent was given is not recorded, and no blood was looked at");
  }
  if (isnan(a->kvp)) {
    g |= CALCIUM_KVP_UNKNOWN;
    say(text, "the tube voltage is not recorded");
  } else if (fabs(a->kvp - rules->preset_kvp) > 1) {
    g |= CALCIUM_KVP_MISMATCH;
    say(text, "scanned at %g kV, the rules are for %g kV", a->kvp, rules->preset_kvp);
  }
  if (a->slice_thickness_mm > most_mm || hu->grid.spacing[2] > most_mm + 1e-3) {
    g |= CALCIUM_SLICES;
    say(text, "non-standard slices: %g mm thick every %g mm (3 mm is the standard)",
        a->slice_thickness_mm, hu->grid.spacing[2]);
  }
  double gap = hu->grid.spacing[2] - a->slice_thickness_mm;
  if (gap > 1e-3 * hu->grid.spacing[2]) {
    g |= CALCIUM_SLICES;
    say(text, "gaps of %.3g mm between slices of %g mm", gap, a->slice_thickness_mm);
  }
  if (!a->gating[0] || !strcmp(a->gating, "NONE")) {
    g |= CALCIUM_GATING;
    say(text, "%s: motion blurs calcium of the heart",
        a->gating[0] ? "not gated by the heartbeat" : "gating by the heartbeat is not recorded");
  }
  if (mean + 3 * sd > rules->steps_hu[0]) {
    g |= CALCIUM_NOISE;
    say(text, "noise limited: blood pool %.0f +- %.0f HU reaches the threshold", mean, sd);
  }
  int64_t metal = score->metal_voxels, voxels = geometry_voxels(&hu->grid);
  for (int64_t i = 0; i < voxels && !metal; i++)
    metal += score->kept->voxels[i] && (double)hu->voxels[i] > metal_hu;
  if (metal) {
    g |= CALCIUM_METAL;
    say(text, "metal or stent above %.0f HU in the region", metal_hu);
  }
  if (score->touches_end) {
    g |= CALCIUM_TRUNCATED;
    say(text, "the region reaches the end of the scan: a lower bound");
  }
  if (sharp_kernel(a->kernel)) {
    g |= CALCIUM_SHARP;
    say(text, "sharp kernel %s", a->kernel);
  }
  *gates = g;
done:
  return st;
}

struct band {
  double low; /* inclusive, except that band 0 is exactly 0 */
  const char *name;
};

static const struct band risk_bands[] = {
    {0, "low"}, {0, "borderline"}, {100, "intermediate"}, {400, "high"}, {1000, "very high"}};
static const struct band drs_bands[] = {{0, "A0"}, {0, "A1"}, {100, "A2"}, {300, "A3"}};

/* Index of the band of a score, and the distance to the nearest edge above 0. */
static int band_of(double *margin, double score, const struct band *bands, int count) {
  int b = score > 0 ? 1 : 0;
  while (b > 0 && b + 1 < count && score >= bands[b + 1].low) b++;
  *margin = INFINITY;
  for (int i = 1; i < count; i++) *margin = fmin(*margin, fabs(score - bands[i].low));
  return b;
}

static status add_band(struct record *r, const char *region, const char *quantity, double score,
                       const struct band *bands, int count, const char *source, bool verified) {
  status st = ST_OK;
  double margin;
  int b = band_of(&margin, score, bands, count);
  struct measurement *m = record_add(r, region, quantity, b, "");
  CHECK(m, ST_MEMORY, "adding %s", quantity);
  measurement_source(m, source);
  measurement_flag(m, "%s; %.4g from the nearest edge; not a diagnosis", bands[b].name, margin);
  if (!verified) measurement_flag(m, "edges 100 and 300 as commonly quoted, not checked");
  if (!strstr(region, "coronary"))
    measurement_flag(m, "the bands are of coronary scores, which this is not");
done:
  return st;
}

static status add_row(struct record *r, const char *region, const char *quantity, double value,
                      const char *unit, int64_t n, const char *method, const char *source,
                      const char *reason, const char *flags) {
  status st = ST_OK;
  struct measurement *m = reason ? record_withhold(r, region, quantity, unit, reason)
                                 : record_add(r, region, quantity, value, unit);
  CHECK(m, ST_MEMORY, "adding %s", quantity);
  m->n = n;
  snprintf(m->method, sizeof m->method, "%.95s", method);
  measurement_source(m, source);
  if (!reason && flags[0]) measurement_flag(m, "%s", flags);
done:
  return st;
}

status calcium_record(struct record *r, const char *region, const struct calcium_score *s,
                      const struct calcium_rules *rules, unsigned gates, const char *gate_text,
                      int force) {
  status st = ST_OK;
  char method[128];
  int64_t voxels = 0;
  /* a threshold above the contrast is what a scan with contrast is given it for */
  unsigned refusals = CALCIUM_REFUSALS;
  if (rules->volume_only) refusals = 0;
  int refused = (gates & refusals) && !force;
  const char *reason = refused ? gate_text : NULL;
  const char *no_score = reason               ? reason
                         : rules->volume_only ? "the threshold is adapted to contrast: a volume "
                                                "only"
                                              : NULL;
  calcium_rules_text(method, rules);
  for (int64_t n = 0; n < s->lesion_count; n++) voxels += s->lesions[n].voxels;
  TRY(add_row(r, region, "agatston_score", s->agatston, "", voxels, method, "agatston1990",
              no_score, gate_text));
  TRY(add_row(r, region, "calcium_volume", s->volume_mm3, "mm3", voxels, method, "callister1998",
              reason, gate_text));
  TRY(add_row(r, region, "calcium_mass", s->mass_mg, "mg", voxels, method, "mccollough2007",
              no_score            ? no_score
              : isnan(s->mass_mg) ? "no calibration: a mass needs the HU of a known insert"
                                  : NULL,
              gate_text));
  TRY(add_row(r, region, "calcium_lesion_count", (double)s->lesion_count, "", voxels, method, "",
              reason, gate_text));
  if (no_score) goto done;
  TRY(add_band(r, region, "agatston_band", s->agatston, risk_bands, 5, "heartaortanet", true));
  TRY(add_band(r, region, "cac_drs_category", s->agatston, drs_bands, 4, "hecht2018", false));
done:
  return st;
}

status calcium_mass_factor(double *c, double density_mgcc, double insert_hu, double water_hu) {
  status st = ST_OK;
  CHECK(density_mgcc > 0, ST_DOMAIN, "mass factor: insert density %g mg/cm3 must be greater than 0",
        density_mgcc);
  CHECK(insert_hu > water_hu, ST_DOMAIN,
        "mass factor: the insert reads %g HU, water %g HU; it must be above", insert_hu, water_hu);
  *c = density_mgcc / 1000 / (insert_hu - water_hu);
done:
  return st;
}

status calcium_mass_integrated(double *mass_mg, const struct volume *hu,
                               const struct labels *region, int value, double object_hu,
                               double background_hu, double density_mgcc) {
  status st = ST_OK;
  int64_t voxels = geometry_voxels(&hu->grid), n = 0;
  double sum = 0;
  CHECK(object_hu > background_hu, ST_DOMAIN,
        "integrated mass: object at %g HU must be above its background at %g HU", object_hu,
        background_hu);
  TRY(geometry_match(&hu->grid, "image", &region->grid, "region", 1e-3));
  for (int64_t i = 0; i < voxels; i++) {
    int in = value ? region->voxels[i] == value : region->voxels[i] != 0;
    if (!in) continue;
    CHECK(!isnan(hu->voxels[i]), ST_DOMAIN,
          "integrated mass: the region holds voxels without data");
    sum += (double)hu->voxels[i] - background_hu;
    n++;
  }
  CHECK(n > 0, ST_DOMAIN, "integrated mass: the region (label %d) is empty", value);
  *mass_mg =
      sum / (object_hu - background_hu) * geometry_voxel_mm3(&hu->grid) * density_mgcc / 1000;
done:
  return st;
}

status calcium_volume_isotropic(double *mm3, const struct volume *hu, const struct labels *region,
                                int value, double threshold_hu) {
  status st = ST_OK;
  struct volume *fine = NULL, *filled = NULL;
  struct labels *mask = NULL;
  struct geometry g = hu->grid;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "isotropic calcium volume: the volume holds %s",
        quantity_name(hu->quantity));
  TRY(geometry_match(&hu->grid, "image", &region->grid, "region", 1e-3));
  double edge = 0.5 * (g.spacing[0] + g.spacing[1]);
  int64_t *n[3] = {&g.nx, &g.ny, &g.nz};
  for (int a = 0; a < 3; a++) {
    double length = g.spacing[a] * (double)*n[a];
    *n[a] = (int64_t)fmax(1, floor(length / edge + 0.5));
    /* the same outer corner: the first centre moves by half the change of a voxel's edge */
    for (int w = 0; w < 3; w++)
      g.origin[w] += hu->grid.direction[3 * w + a] * 0.5 * (edge - hu->grid.spacing[a]);
    g.spacing[a] = edge;
  }
  TRY(volume_copy(&filled, hu));
  volume_fill_no_data(filled, -1000);
  TRY(filter_resample(&fine, filled, &g, INTERPOLATE_LINEAR, -1000));
  TRY(filter_resample_labels(&mask, region, &g));
  int64_t count = 0;
  for (int64_t v = 0; v < geometry_voxels(&g); v++)
    count += (value ? mask->voxels[v] == value : mask->voxels[v] != 0) &&
             round((double)fine->voxels[v]) >= threshold_hu;
  *mm3 = (double)count * geometry_voxel_mm3(&g);
done:
  volume_destroy(fine);
  volume_destroy(filled);
  labels_destroy(mask);
  return st;
}
