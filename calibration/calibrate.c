#include "calibration/calibrate.h"

#include "calibration/learned_line.h"
#include "core/body.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const cal_internal_names[] = {"tissue-line", "physics", "michalski2020",
                                          "regression",  "learned", NULL};
const char *const cal_conversion_names[] = {"faulkner1993", "goodsitt1992-80kv",
                                            "goodsitt1992-140kv", NULL};

/* What the scan itself gives reason to warn of. */
static void warn_of_scan(struct calibration *c, const struct volume *hu) {
  const struct acquisition *a = &hu->acquisition;
  if (a->slice_thickness_mm > 5)
    cal_warn(c, "slices %.1f mm thick: not for finite element models", a->slice_thickness_mm);
  if (fabs(a->gantry_tilt_deg) > 0.5) cal_warn(c, "gantry tilt %.1f degrees", a->gantry_tilt_deg);
  if (a->contrast == CONTRAST_PRESENT)
    cal_warn(c, "contrast agent: densities are raised by it; no T-scores");
  if (a->lossy) cal_warn(c, "the pixels went through a lossy codec");
}

/* Stored values without their rescale begin at 0; in HU air is -1000. */
static status check_hu(const struct volume *hu) {
  status st = ST_OK;
  double least, most;
  volume_range(hu, &least, &most);
  CHECK(least < 0, ST_DOMAIN,
        "calibration: the smallest value of the scan is %.0f, in HU air is -1000; was the rescale "
        "intercept lost?",
        least);
done:
  return st;
}

static status start(struct calibration *c, const struct volume *hu) {
  cal_init(c);
  calibration_scanner_key(c->scanner_key, &hu->acquisition);
  return check_hu(hu);
}

/* ---- phantom ---- */

status cal_from_rods(struct calibration *out, const struct volume *hu, const struct labels *rods,
                     const struct phantom_entry *entry, const struct cal_phantom_options *options) {
  status st = ST_OK;
  static const struct cal_phantom_options defaults = CAL_PHANTOM_DEFAULTS;
  const struct cal_phantom_options *o = options ? options : &defaults;
  struct calibration c;
  TRY(start(&c, hu));
  c.material = entry->material;
  snprintf(c.phantom, sizeof c.phantom, "%s", entry->key);
  TRY(cal_sample_rods(&c, hu, rods, entry, &o->sampling));
  TRY(cal_fit_points(&c, &o->fit));
  TRY(cal_accept(&c, hu->acquisition.kvp, o->fit.force));
  if (o->built_in && strcmp(entry->serial, "unknown") == 0)
    cal_warn(&c,
             "built-in densities of %s belong to one unit, whose serial is not known: compare "
             "your certificate",
             entry->key);
  else if (o->built_in)
    cal_warn(&c, "built-in densities of %s belong to serial %s: compare your certificate",
             entry->key, entry->serial);
  warn_of_scan(&c, hu);
  TRY(cal_scan_diameter(&c.diameter_mm, hu));
  TRY(calibration_seal(&c));
  *out = c;
done:
  return st;
}

/* A rod without an edge is one of the plate's HU, or there is none: what the scan reads in its
 * place must be what the line through the others makes of its certificate. */
static status judge_hidden(struct calibration *c, unsigned hidden,
                           const struct cal_fit_options *options) {
  status st = ST_OK;
  struct calibration others = *c;
  if (!hidden) goto done;
  for (int i = 0; i < c->point_count; i++)
    if (hidden >> i & 1) others.points[i].used = 0;
  TRY(cal_fit_points(&others, options));
  for (int i = 0; i < c->point_count; i++) {
    const struct calibration_point *p = &others.points[i];
    if (!(hidden >> i & 1) || !c->points[i].used) continue;
    bool fits = fabs(p->residual) <= CAL_MOST_RESIDUAL;
    CHECK(fits || options->force, ST_DOMAIN,
          "phantom %s: rod %s is not seen, and in its place the scan reads %.1f HU, by the other "
          "rods %.1f mg/cm3; its certificate says %.1f, at most %.0f off; is it missing, or the "
          "phantom another one? --override keeps it with a warning",
          c->phantom, p->name, p->hu, p->density + p->residual, p->density, CAL_MOST_RESIDUAL);
    cal_warn(c,
             "%srod %s has no edge in the scan: taken where the others say it is, %.1f mg/cm3 off",
             fits ? "" : "FORCED: ", p->name, p->residual);
  }
done:
  return st;
}

status cal_from_phantom(struct calibration *out, struct labels **rods, struct cal_rods_found *info,
                        const struct volume *hu, const struct phantom_entry *entry,
                        const struct cal_phantom_options *options) {
  status st = ST_OK;
  struct labels *found = NULL;
  static const struct cal_fit_options fit = CAL_FIT_DEFAULTS;
  struct cal_rods_found f;
  struct calibration c;
  TRY(cal_find_rods(&found, &f, hu, entry));
  TRY(cal_from_rods(&c, hu, found, entry, options));
  TRY(judge_hidden(&c, f.hidden, options ? &options->fit : &fit));
  TRY(calibration_seal(&c));
  *out = c;
  if (info) *info = f;
  if (rods) {
    *rods = found;
    found = NULL;
  }
done:
  labels_destroy(found);
  return st;
}

/* ---- tissues ---- */

double cal_water_diameter(const struct volume *hu, const struct labels *body) {
  const struct geometry *g = &hu->grid;
  const int64_t n = geometry_voxels(g);
  const double pi = 3.14159265358979323846;
  int axial = geometry_axis_nearest(g, 2);
  const int64_t slices[3] = {g->nx, g->ny, g->nz};
  double water = 0; /* mm3 */
  for (int64_t i = 0; i < n; i++)
    if (body->voxels[i] && isfinite(hu->voxels[i])) water += (double)hu->voxels[i] / 1000 + 1;
  water *= g->spacing[0] * g->spacing[1] * g->spacing[2];
  return 2 * sqrt(fmax(0, water) / ((double)slices[axial] * g->spacing[axial]) / pi);
}

status cal_scan_diameter(double *mm, const struct volume *hu) {
  status st = ST_OK;
  struct labels *body = NULL;
  struct body_info info;
  TRY(body_find(&body, &info, hu));
  bool whole = !info.touches_side && !info.touches_front;
  *mm = whole ? cal_water_diameter(hu, body) : (double)NAN;
done:
  labels_destroy(body);
  return st;
}

int cal_method_of_table(const struct cal_tissue_table *table) {
  return table->joint.mean[CAL_JOINT_SLOPE] > 0 ? CAL_LEARNED : CAL_TISSUE_LINE;
}

static void warn_of_scanner(struct calibration *c, const struct cal_tissue_table *table) {
  if (!table->scanner_key[0]) return;
  struct cal_key_match m = cal_compare_keys(table->scanner_key, c->scanner_key);
  if (!m.scanner) cal_warn(c, "table %s was learned on another scanner than this one", table->name);
}

/* No tissue within the HU expected of it is farther than 46 mg/cm3 from the line of the published
 * table (air -1030 to -980, fat -130 to -70, muscle -5 to 150 HU): one that is has a wrong density.
 */
static status judge_tissues(const struct calibration *c, bool force) {
  static const double most = 50;
  status st = ST_OK;
  for (int i = 0; i < c->point_count && !force; i++) {
    const struct calibration_point *p = &c->points[i];
    CHECK(!p->used || !(fabs(p->residual) > most), ST_DOMAIN,
          "tissue line: %s of %.1f HU reads %.0f mg/cm3 on the line, %.0f in the table %s, at most "
          "%.0f off; is the table of these tissues and in mg/cm3? --override takes it all the same",
          p->name, p->hu, p->density + p->residual, p->density, c->phantom, most);
  }
done:
  return st;
}

static status calibrate_tissues(struct calibration *c, const struct cal_internal_options *o,
                                double kvp) {
  status st = ST_OK;
  struct cal_tissue_table published;
  cal_tissue_table_published(&published);
  const struct cal_tissue_table *table = o->table ? o->table : &published;
  struct calibration_point *bone;
  switch ((enum cal_internal_method)o->method) {
  case CAL_TISSUE_LINE:
    TRY(cal_tissue_line(c, table, kvp));
    TRY(judge_tissues(c, o->tissues.force));
    warn_of_scanner(c, table);
    break;
  case CAL_LEARNED:
    CHECK(o->table, ST_USAGE,
          "learned line: a table of tissues is needed; make it with \"qct calibrate learn\"");
    TRY(cal_learned_line(c, table, kvp));
    warn_of_scanner(c, table);
    break;
  case CAL_PHYSICS:
    TRY(cal_physics(c, &o->physics));
    break;
  case CAL_MICHALSKI:
    if (isfinite(o->bone_hu)) {
      bone = cal_add_point(c, "cortical");
      CHECK(bone, ST_DOMAIN, "michalski2020: too many tissues");
      bone->hu = o->bone_hu;
    }
    TRY(cal_michalski(c));
    break;
  case CAL_REGRESSION:
    CHECK(o->regression, ST_USAGE, "internal calibration: no regression file is given");
    TRY(cal_regression_file(c, o->regression, kvp));
    break;
  }
done:
  return st;
}

status cal_from_tissues(struct calibration *out, struct labels **where, const struct volume *hu,
                        const struct labels *body, const struct cal_internal_options *options) {
  status st = ST_OK;
  static const struct cal_internal_options defaults = CAL_INTERNAL_DEFAULTS;
  const struct cal_internal_options *o = options ? options : &defaults;
  struct labels *own = NULL;
  struct labels *map = NULL;
  struct body_info info = {.touches_side = 0};
  struct calibration c;
  TRY(start(&c, hu));
  if (!body) {
    TRY(body_find(&own, &info, hu));
    body = own;
  }
  if (own && !info.touches_side && !info.touches_front)
    c.diameter_mm = cal_water_diameter(hu, body);
  TRY(cal_sample_tissues(&c, where ? &map : NULL, hu, body, &o->tissues));
  TRY(calibrate_tissues(&c, o, hu->acquisition.kvp));
  bool linear = o->method != CAL_MICHALSKI;
  CHECK(!linear || (c.slope > 0.4 && c.slope < 1.4), ST_DOMAIN,
        "internal calibration: slope %.3f mg/cm3 per HU, permitted 0.4 to 1.4", c.slope);
  if (o->assume_material != MATERIAL_NONE)
    TRY(cal_assume_material(&c, (enum material)o->assume_material));
  warn_of_scan(&c, hu);
  TRY(calibration_seal(&c));
  *out = c;
  if (where) {
    *where = map;
    map = NULL;
  }
done:
  labels_destroy(own);
  labels_destroy(map);
  return st;
}

status cal_assume_material(struct calibration *c, enum material m) {
  status st = ST_OK;
  CHECK(m == MATERIAL_K2HPO4 || m == MATERIAL_HA, ST_USAGE,
        "assuming a material: %s, permitted K2HPO4 or HA", material_name(m));
  CHECK(c->material == MATERIAL_UNSTATED, ST_USAGE,
        "assuming a material: the calibration states %s already; a conversion must be named",
        material_name(c->material));
  c->material = m;
  cal_warn(c,
           "ASSUMED material %s: its source does not state one (K2HPO4 and HA differ by 8 "
           "to 24 %%)",
           material_name(m));
  TRY(calibration_seal(c));
done:
  return st;
}

/* ---- keys and application ---- */

/* Field of "maker|model|serial|kVp|kernel". */
static void key_field(char out[128], const char *key, int field) {
  for (; field > 0 && key; field--) {
    key = strchr(key, '|');
    if (key) key++;
  }
  size_t n = key ? strcspn(key, "|") : 0;
  if (n > 127) n = 127;
  if (n) memcpy(out, key, n);
  out[n] = '\0';
  if (n == 0) snprintf(out, 128, "?");
}

struct cal_key_match cal_compare_keys(const char *a, const char *b) {
  bool equal[5];
  bool known[5];
  for (int f = 0; f < 5; f++) {
    char x[128];
    char y[128];
    key_field(x, a, f);
    key_field(y, b, f);
    known[f] = strcmp(x, "?") && strcmp(y, "?");
    equal[f] = known[f] && !strcmp(x, y);
  }
  struct cal_key_match m = {.scanner = equal[0] && equal[1] && equal[2],
                            .kvp = equal[3],
                            .kernel = equal[4],
                            .unknown = !(known[0] && known[1] && known[2] && known[3])};
  return m;
}

double cal_key_kvp(const char *key) {
  char text[128];
  char *end;
  key_field(text, key, 3);
  double kvp = strtod(text, &end);
  return end != text && *end == '\0' ? kvp : (double)NAN;
}

status cal_apply(struct volume **density, const struct calibration *c, const struct volume *hu,
                 bool force) {
  status st = ST_OK;
  char key[256];
  calibration_scanner_key(key, &hu->acquisition);
  struct cal_key_match m = cal_compare_keys(c->scanner_key, key);
  char of_scan[128];
  char of_calibration[128];
  key_field(of_scan, key, 3);
  key_field(of_calibration, c->scanner_key, 3);
  bool kvp_known = strcmp(of_scan, "?") && strcmp(of_calibration, "?");
  CHECK(
      m.kvp || !kvp_known, ST_DOMAIN,
      "applying a calibration: it was made at %s kV, the scan at %s kV; tube voltage changes slope "
      "and intercept, so make one at the scan's own",
      of_calibration, of_scan);
  CHECK(
      m.scanner || m.unknown || force, ST_DOMAIN,
      "applying a calibration: it is of scanner %s, the scan of %s; --override applies it all the "
      "same",
      c->scanner_key, key);
  CHECK(
      !m.unknown || force || !strcmp(c->scanner_key, key), ST_DOMAIN,
      "applying a calibration: scanner or tube voltage is not known (calibration %s, scan %s), so "
      "they cannot be matched; --override applies it all the same",
      c->scanner_key, key);
  if (!force) TRY(check_hu(hu));
  TRY(calibration_apply(density, c, hu));
done:
  return st;
}

/* ---- conversion ---- */

status cal_convert(struct calibration *c, enum material to, enum cal_conversion by) {
  status st = ST_OK;
  /* HA = factor*K2HPO4 + offset */
  static const struct {
    double factor, offset;
  } rules[] = {{1.15, -7.32}, {1 / 0.86, 0}, {1 / 0.81, 0}};
  CHECK(to == MATERIAL_K2HPO4 || to == MATERIAL_HA, ST_DOMAIN,
        "converting a calibration to %s: permitted K2HPO4 or HA", material_name(to));
  CHECK((c->material == MATERIAL_K2HPO4 || c->material == MATERIAL_HA) && c->material != to,
        ST_DOMAIN, "converting a calibration of %s to %s: it must be of the other of K2HPO4 and HA",
        material_name(c->material), material_name(to));
  static const char *const marks[] = {"faulkner1993", "goodsitt-80kv", "goodsitt-140kv"};
  char *converted = strchr(c->method, '>');
  CHECK(!converted || !strcmp(converted + 1, marks[by]), ST_DOMAIN,
        "converting a calibration: it was converted already (%s), by another relation; convert the "
        "first one",
        c->method);
  double f = rules[by].factor;
  double o = rules[by].offset;
  if (to == MATERIAL_K2HPO4) {
    o = -o / f;
    f = 1 / f;
  }
  c->quadratic *= f;
  c->slope *= f;
  c->intercept = f * c->intercept + o;
  for (int i = 0; i < 9; i++) c->covariance[i] *= f * f;
  c->certificate_sd *= f;
  c->model_sd *= f;
  c->residual_sd *= f;
  for (int i = 0; i < c->point_count; i++) {
    c->points[i].density = f * c->points[i].density + o;
    c->points[i].residual *= f;
  }
  c->material = to;
  cal_warn(c, "converted to %s by %s; published relations disagree", material_name(to),
           cal_conversion_names[by]);
  double kvp = cal_key_kvp(c->scanner_key);
  double of = by == CAL_GOODSITT_80 ? 80 : 140;
  if (by != CAL_FAULKNER1993 && fabs(kvp - of) > 5)
    cal_warn(c, "%s holds at %.0f kV, the calibration is of %.0f kV", cal_conversion_names[by], of,
             kvp);
  char method[32];
  if (converted) *converted = '\0'; /* back to what it was */
  snprintf(method, sizeof method, converted ? "%.31s" : "%.14s>%s", c->method, marks[by]);
  snprintf(c->method, sizeof c->method, "%s", method);
  TRY(calibration_seal(c));
done:
  return st;
}
