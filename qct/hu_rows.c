/* Rows of opportunistic HU. */
#include "core/filter.h"
#include "qct/hu.h"
#include "qct/spine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct job {
  struct record *r;
  const struct qct_hu_scan *scan;
  const struct qct_hu_options *o;
  char method[96];
};

static void start(struct job *job, const char *what) {
  snprintf(job->method, sizeof job->method, "%s/1; HU, not density", what);
}

static struct measurement *add(struct job *job, const char *region, const char *what, double value,
                               const char *unit, int64_t n) {
  struct measurement *m = record_add(job->r, region, what, value, unit);
  if (!m) return NULL;
  m->n = n;
  snprintf(m->method, sizeof m->method, "%s", job->method);
  if (isnan(job->scan->kvp))
    measurement_flag(m, "tube voltage not stated");
  else if (fabs(job->scan->kvp - 120) > 1)
    measurement_flag(m, "%g kV", job->scan->kvp);
  if (job->scan->contrast && job->scan->contrast->present)
    measurement_flag(m, "%s", job->scan->contrast->reason);
  return m;
}

static bool applies(const struct qct_hu_preset *p, const char *region) {
  if (!strcmp(p->region, "*")) return vertebra_level_of(region) >= 0;
  size_t n = strlen(p->region);
  return !strncmp(region, p->region, n) && (!region[n] || region[n] == '_');
}

static status add_verdict(struct job *job, const char *region, const struct qct_hu_preset *p,
                          const struct qct_roi_stats *s) {
  status st = ST_OK;
  char name[48] = "verdict_", refusal[192];
  size_t used = strlen(name);
  for (const char *c = p->key; *c && used + 1 < sizeof name; c++)
    name[used++] = *c == '-' ? '_' : *c;
  name[used] = '\0';
  qct_hu_preset_refusal(refusal, p, job->scan);
  double value = p->median ? s->median : s->mean;
  bool low = p->inclusive ? value <= p->threshold_hu : value < p->threshold_hu;
  bool given = !*refusal || job->o->anyway;
  struct measurement *m =
      record_add(job->r, region, name, given && !isnan(value) ? low : (double)NAN, "");
  CHECK(m, ST_MEMORY, "verdict on %s", region);
  m->n = s->n;
  snprintf(m->method, sizeof m->method, "%s %g HU: %s", p->inclusive ? "<=" : "<", p->threshold_hu,
           p->meaning);
  measurement_source(m, p->source);
  if (!p->verified) measurement_flag(m, "unverified preset");
  if (*refusal) measurement_flag(m, "%s%s", job->o->anyway ? "against its refusal: " : "", refusal);
done:
  return st;
}

static status add_converted(struct job *job, const char *region, const struct qct_roi_stats *s) {
  status st = ST_OK;
  const struct qct_hu_options *o = job->o;
  double hu;
  if (isnan(o->kev)) goto done;
  TRY(qct_hu_to_120(&hu, s->mean, o->marrow_hu, o->kev, o->kev_120));
  struct measurement *m = add(job, region, "hu_120", hu, "HU", s->n);
  CHECK(m, ST_MEMORY, "HU of %s", region);
  snprintf(m->method, sizeof m->method, "physics, %g to %g keV, marrow %g HU; HU, not density",
           o->kev, o->kev_120, o->marrow_hu);
  measurement_source(m, "xcom2010");
done:
  return st;
}

static status add_t(struct job *job, const char *region, const struct qct_roi_stats *s) {
  status st = ST_OK;
  double t = qct_t_hu(region, s->mean);
  bool contrast = job->scan->contrast && job->scan->contrast->present;
  bool voltage = fabs(job->scan->kvp - 120) <= 1;
  if (isnan(t)) goto done;
  struct measurement *m =
      add(job, region, "t_hu", voltage && !contrast ? t : (double)NAN, "", s->n);
  CHECK(m, ST_MEMORY, "T of %s", region);
  snprintf(m->method, sizeof m->method, "(HU - %d)/42, women of 20 to 30 years; not a DXA T-score",
           strcmp(region, "L1") ? 227 : 236);
  measurement_source(m, "hendrickson2018");
done:
  return st;
}

static status add_region(struct job *job, const char *region, const struct qct_roi_stats *s,
                         const char *flags, const char *withheld) {
  status st = ST_OK;
  const double spot_hu = 20; /* a choice of this toolkit */
  static const char *const names[] = {"hu_mean", "hu_median", "hu_sd"};
  const double values[] = {s->mean, s->median, s->sd};
  char few[96] = "";
  if (s->n < job->o->min_voxels)
    snprintf(few, sizeof few, "%lld voxels, at least %d are needed", (long long)s->n,
             job->o->min_voxels);
  if (!*withheld) withheld = few;
  for (int i = 0; i < 3; i++) {
    struct measurement *m =
        add(job, region, names[i], *withheld ? (double)NAN : values[i], "HU", s->n);
    CHECK(m, ST_MEMORY, "HU of %s", region);
    if (*withheld) measurement_flag(m, "%s", withheld);
    if (*flags) measurement_flag(m, "%s", flags);
    if (!*withheld && fabs(s->mean - s->median) > spot_hu)
      measurement_flag(m, "mean and median %.0f HU apart: a dense spot or a hole in the region?",
                       fabs(s->mean - s->median));
  }
  if (*withheld) goto done;
  TRY(add_t(job, region, s));
  TRY(add_converted(job, region, s));
  for (int i = 0; i < job->o->preset_count; i++)
    if (applies(job->o->presets[i], region)) TRY(add_verdict(job, region, job->o->presets[i], s));
done:
  return st;
}

/* ---- spine ---- */

static bool asked(const struct qct_hu_options *o, int level) {
  bool any = false;
  for (int i = 0; i < VERTEBRA_LEVELS; i++) any = any || o->wanted[i];
  if (any) return o->wanted[level];
  return level >= vertebra_level_of("T12") && level <= vertebra_level_of("L5");
}

status qct_hu_spine(struct record *r, const struct volume *hu, const struct labels *roi,
                    const struct vertebra_frames *frames, const struct qct_hu_scan *scan,
                    const struct qct_hu_options *options) {
  status st = ST_OK;
  struct job job = {.r = r, .scan = scan, .o = options};
  char words[48];
  int count = 0;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "HU of the spine: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  TRY(geometry_match(&hu->grid, "image", &roi->grid, "labels", 1e-3));
  qct_roi_words(words, &options->roi);
  start(&job, words);
  for (int i = 0; i < frames->count; i++) {
    const struct vertebra_frame *f = &frames->items[i];
    int level = vertebra_level_of(f->level);
    struct qct_roi_stats s;
    if (level < 0 || !asked(options, level)) continue;
    count++;
    TRY(qct_roi_measure(&s, hu, roi, f->label));
    TRY(add_region(&job, f->level, &s, f->truncated ? "" : f->flags,
                   f->truncated ? "the body is cut by the edge of the scan" : ""));
  }
  CHECK(count, ST_DOMAIN, "HU of the spine: none of the levels asked for has a frame");
done:
  return st;
}

/* ---- femur ---- */

static void take_region(struct labels *out, const struct labels *inside, int label,
                        const struct hip_frame *frame, enum hip_region region) {
  const struct geometry *g = &inside->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t n = geometry_index(g, i, j, k);
        out->voxels[n] = 0;
        if (inside->voxels[n] != label) continue;
        struct vec3 w = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        enum hip_region here = hip_frame_region(frame, w);
        bool total = region == HIP_OUTSIDE && here != HIP_OUTSIDE && here != HIP_SHAFT;
        out->voxels[n] = total || here == region;
      }
}

status qct_hu_femur(struct record *r, const struct volume *hu, const struct labels *labels,
                    int label, const struct hip_frame *frame, const struct qct_hu_scan *scan,
                    const struct qct_hu_options *options) {
  status st = ST_OK;
  struct labels *inside = NULL, *part = NULL;
  struct job job = {.r = r, .scan = scan, .o = options};
  static const enum hip_region regions[] = {HIP_HEAD, HIP_NECK, HIP_TROCHANTER, HIP_INTERTROCHANTER,
                                            HIP_OUTSIDE};
  char words[48], name[64];
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "HU of the femur: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  TRY(geometry_match(&hu->grid, "image", &labels->grid, "labels", 1e-3));
  CHECK(labels_count(labels, label) > 0, ST_DOMAIN, "HU of the femur: label %d is not in the map",
        label);
  qct_roi_words(words, &options->roi);
  start(&job, words);
  TRY(labels_copy(&inside, labels));
  TRY(labels_create(&part, &labels->grid));
  if (options->roi.erode_mm > 0) TRY(filter_grow(inside, label, -options->roi.erode_mm, 0));
  for (int i = 0; i < 5; i++) {
    struct qct_roi_stats s;
    take_region(part, inside, label, frame, regions[i]);
    TRY(qct_roi_measure(&s, hu, part, 1));
    snprintf(name, sizeof name, "%s_%s", regions[i] ? hip_region_name(regions[i]) : "total",
             side_name(frame->side));
    TRY(add_region(&job, name, &s, frame->flags, ""));
  }
done:
  labels_destroy(inside);
  labels_destroy(part);
  return st;
}

/* ---- the peer's bone density ---- */

status qct_hu_c2c(struct record *r, const struct volume *hu, const struct labels *labels,
                  double air_hu, double fat_hu) {
  status st = ST_OK;
  double sum = 0;
  int64_t n = 0;
  CHECK(isnan(air_hu) || (air_hu >= -1050 && air_hu <= -950), ST_DOMAIN,
        "c2c: air of %g HU, permitted -1050..-950 HU", air_hu);
  for (int level = vertebra_level_of("L1"); level <= vertebra_level_of("L4"); level++) {
    struct qct_roi_stats s;
    TRY(qct_roi_measure(&s, hu, labels, vertebra_level_label(level)));
    CHECK(s.n > 0, ST_DOMAIN, "c2c: %s (label %d) is not in the map; L1 to L4 are needed",
          vertebra_level_name(level), vertebra_level_label(level));
    sum += s.mean * (double)s.n;
    n += s.n;
  }
  bool rescaled = !isnan(air_hu) && !isnan(fat_hu);
  double mean = sum / (double)n;
  if (rescaled) mean = qct_c2c_rescale(mean, air_hu, fat_hu);
  const char *names[] = {"c2c_hu", "c2c_bmd", "c2c_t"}, *units[] = {"HU", "g/cm2", ""};
  const double values[] = {mean, qct_c2c_bmd(mean), qct_c2c_t(mean)};
  for (int i = 0; i < 3; i++) {
    struct measurement *m = record_add(r, "spine", names[i], values[i], units[i]);
    CHECK(m, ST_MEMORY, "c2c");
    m->n = n;
    snprintf(m->method, sizeof m->method, "whole labels L1 to L4%s; %s",
             rescaled ? ", rescaled by air and fat" : "",
             i ? "an estimate, not cleared; for comparison only" : "below 300 HU abnormal");
    measurement_source(m, "comp2comp");
    if (!rescaled) measurement_flag(m, "not rescaled by air and visceral fat");
  }
done:
  return st;
}
