#include "qct/spine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *qct_bmd_class_name(enum qct_bmd_class c) {
  static const char *const names[] = {"normal", "low", "osteoporosis", "severe osteoporosis"};
  return names[c];
}

enum qct_bmd_class qct_spine_class(double mg_cm3, bool fracture) {
  const double normal_above = 120, osteoporosis_below = 80;
  return mg_cm3 > normal_above          ? QCT_NORMAL
         : mg_cm3 >= osteoporosis_below ? QCT_LOW
         : fracture                     ? QCT_SEVERE
                                        : QCT_OSTEOPOROSIS;
}

/* ---- rows ---- */

struct level {
  const struct vertebra_frame *frame;
  struct qct_roi_stats stats;
  char withheld[160]; /* why there is no value; "" when there is one */
};

struct job {
  struct record *r;
  const struct volume *density;
  const struct calibration *calibration;
  const struct qct_contrast *contrast;
  const struct qct_spine_options *o;
  char method[96];
  struct level levels[VERTEBRA_LEVELS]; /* by level; frame NULL when not asked for or absent */
};

static void judge(struct level *l, int level, const struct job *job) {
  const struct qct_spine_options *o = job->o;
  l->withheld[0] = '\0';
  if (o->excluded[level])
    snprintf(l->withheld, sizeof l->withheld, "excluded by the user");
  else if (l->frame->truncated)
    snprintf(l->withheld, sizeof l->withheld, "the body is cut by the edge of the scan");
  else if (l->stats.n < o->min_voxels)
    snprintf(l->withheld, sizeof l->withheld, "%lld voxels, at least %d are needed",
             (long long)l->stats.n, o->min_voxels);
}

static struct measurement *add(struct job *job, const char *region, const char *what, double value,
                               int64_t n) {
  struct measurement *m = record_add(job->r, region, what, value, "mg/cm3");
  if (!m) return NULL;
  m->n = n;
  snprintf(m->method, sizeof m->method, "%s", job->method);
  if (job->density->material == MATERIAL_UNSTATED) measurement_flag(m, "material not stated");
  if (job->contrast && job->contrast->present) measurement_flag(m, "%s", job->contrast->reason);
  const struct qct_contrast_correction *c = job->o->correction;
  if (c)
    measurement_flag(m, "corrected for contrast medium (%s): %g x %+g mg/cm3, %.60s", c->phase,
                     c->slope, c->intercept, c->source);
  return m;
}

static void set_interval(struct measurement *m, const struct job *job) {
  if (!job->calibration || isnan(m->value)) return;
  const struct qct_contrast_correction *c = job->o->correction;
  double slope = c ? c->slope : 1, measured = c ? (m->value - c->intercept) / slope : m->value;
  double half =
      slope * calibration_half_width(job->calibration, calibration_hu(job->calibration, measured));
  m->low = m->value - half;
  m->high = m->value + half;
}

static bool has_value(const struct job *job, int level) {
  return level >= 0 && level < VERTEBRA_LEVELS && job->levels[level].frame &&
         !*job->levels[level].withheld;
}

static void add_flags(struct measurement *m, const struct job *job, int level) {
  const double metal_hu = 1200, apart = 40, spot = 20;
  const struct level *l = &job->levels[level];
  if (*l->frame->flags) measurement_flag(m, "%s", l->frame->flags);
  if (l->stats.no_data)
    measurement_flag(m, "%lld voxels without data left out", (long long)l->stats.no_data);
  if (job->calibration && calibration_hu(job->calibration, l->stats.p99) > metal_hu)
    measurement_flag(m, "99th percentile above 1200 HU: metal, cement or sclerosis?");
  if (fabs(l->stats.mean - l->stats.median) > spot)
    measurement_flag(m, "mean and median %.0f mg/cm3 apart: a dense spot or a hole in the region?",
                     fabs(l->stats.mean - l->stats.median));
  if (!has_value(job, level - 1) || !has_value(job, level + 1)) return;
  double beside = 0.5 * (job->levels[level - 1].stats.mean + job->levels[level + 1].stats.mean);
  if (fabs(l->stats.mean - beside) > apart)
    measurement_flag(m, "%+.0f mg/cm3 against its neighbours: fracture, sclerosis?",
                     l->stats.mean - beside);
}

static status add_level(struct job *job, int level) {
  status st = ST_OK;
  const struct level *l = &job->levels[level];
  const char *names[] = {"vbmd_trabecular", "vbmd_sd", "vbmd_median"};
  const double values[] = {l->stats.mean, l->stats.sd, l->stats.median};
  for (int i = 0; i < 3; i++) {
    bool withheld = *l->withheld != '\0';
    struct measurement *m =
        add(job, l->frame->level, names[i], withheld ? (double)NAN : values[i], l->stats.n);
    CHECK(m, ST_MEMORY, "density of %s", l->frame->level);
    if (withheld)
      measurement_flag(m, "%s", l->withheld);
    else
      add_flags(m, job, level);
    if (i != 1) set_interval(m, job);
  }
done:
  return st;
}

/* ---- mean of two, class ---- */

/* Two levels in the order of preference; how many were found. */
static int choose_two(int out[2], const struct job *job) {
  static const char *const order[] = {"L1", "L2", "T12", "L3"};
  int n = 0;
  for (int i = 0; i < 4 && n < 2; i++) {
    int level = vertebra_level_of(order[i]);
    if (has_value(job, level)) out[n++] = level;
  }
  return n;
}

static status withhold(struct job *job, const char *what, const char *unit, const char *why) {
  status st = ST_OK;
  struct measurement *m = record_withhold(job->r, "spine", what, unit, why);
  CHECK(m, ST_MEMORY, "density of the spine");
  snprintf(m->method, sizeof m->method, "%s", job->method);
done:
  return st;
}

static status add_class(struct job *job, double mean) {
  status st = ST_OK;
  char why[192] = "";
  enum material material = job->density->material;
  if (job->contrast && job->contrast->present && !job->o->correction)
    snprintf(why, sizeof why, "%s", job->contrast->reason);
  else if (material != MATERIAL_K2HPO4 && !job->o->any_material)
    snprintf(why, sizeof why,
             "threshold basis mismatch: 120 and 80 mg/cm3 are for K2HPO4, this density is of %s "
             "material",
             material_name(material));
  if (*why) {
    TRY(withhold(job, "bmd_class", "", why));
    goto done;
  }
  enum qct_bmd_class c = qct_spine_class(mean, job->o->fracture);
  struct measurement *m = record_add(job->r, "spine", "bmd_class", c, "");
  CHECK(m, ST_MEMORY, "class of the spine");
  snprintf(m->method, sizeof m->method,
           "%s (normal > 120, low 80..120, osteoporosis < 80 mg/cm3, severe with an insufficiency "
           "fracture)",
           qct_bmd_class_name(c));
  if (job->o->fracture && c < QCT_OSTEOPOROSIS)
    measurement_flag(m, "an insufficiency fracture was stated: the class is that of the density "
                        "alone, and fracture risk is not told by it");
  measurement_source(m, "chinese_qct_2020");
  if (material != MATERIAL_K2HPO4)
    measurement_flag(m, "threshold basis mismatch: %s material, classified on demand",
                     material_name(material));
done:
  return st;
}

static status add_spine(struct job *job) {
  const double apart = 40;
  status st = ST_OK;
  int two[2], n = choose_two(two, job);
  if (n < 2) {
    const char *why = "fewer than two of L1, L2, T12 and L3 have a value";
    TRY(withhold(job, "vbmd_trabecular", "mg/cm3", why));
    TRY(withhold(job, "bmd_class", "", why));
    goto done;
  }
  const struct level *a = &job->levels[two[0]], *b = &job->levels[two[1]];
  double mean = 0.5 * (a->stats.mean + b->stats.mean);
  struct measurement *m = add(job, "spine", "vbmd_trabecular", mean, a->stats.n + b->stats.n);
  CHECK(m, ST_MEMORY, "density of the spine");
  snprintf(m->method, sizeof m->method, "mean of %s and %s, %.60s", a->frame->level,
           b->frame->level, job->method);
  measurement_source(m, "chinese_qct_2020");
  set_interval(m, job);
  if (fabs(a->stats.mean - b->stats.mean) > apart)
    measurement_flag(m, "its two levels differ by %.0f mg/cm3: fracture, sclerosis?",
                     fabs(a->stats.mean - b->stats.mean));
  TRY(add_class(job, mean));
done:
  return st;
}

/* ---- all of it ---- */

static bool asked(const struct qct_spine_options *o, int level) {
  bool any = false;
  for (int i = 0; i < VERTEBRA_LEVELS; i++) any = any || o->wanted[i];
  if (any) return o->wanted[level];
  return level >= vertebra_level_of("T12") && level <= vertebra_level_of("L5");
}

/* Mean, median and SD of a level freed of contrast medium. */
static void correct(struct qct_roi_stats *s, const struct qct_contrast_correction *c) {
  if (!c) return;
  s->mean = c->slope * s->mean + c->intercept;
  s->median = c->slope * s->median + c->intercept;
  s->sd *= c->slope;
}

static status measure(struct job *job, const struct labels *roi,
                      const struct vertebra_frames *frames) {
  status st = ST_OK;
  int count = 0;
  for (int i = 0; i < frames->count; i++) {
    int level = vertebra_level_of(frames->items[i].level);
    if (level < 0 || !asked(job->o, level)) continue;
    struct level *l = &job->levels[level];
    l->frame = &frames->items[i];
    TRY(qct_roi_measure(&l->stats, job->density, roi, l->frame->label));
    correct(&l->stats, job->o->correction);
    judge(l, level, job);
    count++;
  }
  CHECK(count, ST_DOMAIN, "density of the spine: none of the levels asked for has a frame");
done:
  return st;
}

status qct_spine_vbmd(struct record *r, const struct volume *density, const struct labels *roi,
                      const struct vertebra_frames *frames, const struct calibration *calibration,
                      const struct qct_contrast *contrast,
                      const struct qct_spine_options *options) {
  status st = ST_OK;
  char words[48];
  struct job job = {
      .r = r, .density = density, .calibration = calibration, .contrast = contrast, .o = options};
  CHECK(density->quantity == QUANTITY_DENSITY, ST_DOMAIN,
        "density of the spine: the volume holds %s; calibrate it first (or see qct hu)",
        quantity_name(density->quantity));
  TRY(geometry_match(&density->grid, "density", &roi->grid, "labels", 1e-3));
  qct_roi_words(words, &options->roi);
  snprintf(job.method, sizeof job.method, "%s/1, %s", words, material_name(density->material));
  TRY(measure(&job, roi, frames));
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    if (job.levels[level].frame) TRY(add_level(&job, level));
  TRY(add_spine(&job));
done:
  return st;
}
