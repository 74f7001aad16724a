/* usage: bench_calibration FOLDER FIRST LAST [LEARNED [SESSIONS [SITE]]]
 * Whole digital scans, seeds FIRST..LAST: how far off are calibrated densities, and do their 95 %
 * intervals cover the truth? What is done lies in FOLDER and is not done again, so the program may
 * be stopped and started; it ends with the table over all seeds done. Sites are worked off one
 * after the other from SITE (0..19) on, so that two programs may share a folder.
 *
 * A site has one tube voltage (80, 100, 120, 140 kV), one phantom of the registry and one unit of
 * it, whose rods differ from the certificate by 0.4 mg/cm3 SD. LEARNED people lie on the phantom
 * once (calibrate learn), and every week the phantom lies under a cylinder of water of 260 mm
 * (calibrate async), SESSIONS times. A seed draws a site and a person, who is scanned on the
 * phantom (in-scan rods) and without it. What differs from scan to scan:
 *   body      200-320 mm across, soft tissue with 18 mm of fat; fat and muscle 3 HU SD each
 *   beam      effective energy 51, 60, 68, 76 keV, rising with the water-equivalent diameter of all
 *             in the slice by what a Kramers spectrum behind 8 mm of aluminium does between 200
 *             and 320 mm of water, and 0.3 keV SD that size does not explain
 *   scanner   gain 0.15 %, offset 0.4 HU from session to session, so that an insert of 100 mg/cm3
 *             repeats within about 0.4 mg/cm3 (wang2017: 0.53-0.91 mg/cm3 with repositioning)
 *   place     phantom +-15 mm, +-2 degrees across, +-1 degree up, either way round
 *   noise     8-40 HU at the centre
 * None of it is told to the methods. The error is that of the density of inserts of 50, 100 and
 * 200 mg/cm3 at the person's beam and session, their HU taken without noise: what the calibration
 * adds. The HU of a digital insert does not depend on its place; real fields are less even.
 *
 * `rods-unit` and `learned-unit` are `rods` and `learned` with a unit of the phantom for each seed
 * instead of each site: the errors of 20 shared units are 20 draws however many seeds there are.
 * `async` is a person as large as the phantom's body whose beam differs from its by 0.91 % of
 * density (wang2017); `async-any-size` is the person of the seed, calibrated by the phantom scans
 * alone, `async-people` the same with the table of people. `learned-cut` is `learned` for a scan
 * that does not show the whole body, so that its size is not known. */
#include "calibration/calibrate.h"
#include "calibration/history.h"
#include "calibration/learn.h"
#include "calibration/learned_line.h"
#include "core/attenuation.h"
#include "core/file.h"
#include "core/random.h"
#include "core/statistics.h"
#include "phantom/rods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INSERTS = 3, KEYS = 5, VOLTAGES = 4, MOST = 64, METHODS = 9, SITES = KEYS * VOLTAGES };
static const double inserts[INSERTS] = {50, 100, 200};
static const char *const keys[KEYS] = {"mindways-model3-ct", "qrm-bdc-3", "qrm-bdc-6",
                                       "image-analysis-qct3d", "b-mas-200"};
static const struct {
  double kvp, kev, kev_per_mm;
} voltages[VOLTAGES] = {{80, 51, 0.026}, {100, 60, 0.035}, {120, 68, 0.045}, {140, 76, 0.054}};
static const struct {
  const char *name;
  double goal;
} methods[METHODS] = {{"rods", 1},           {"rods-unit", 1},    {"async", 3},
                      {"async-any-size", 3}, {"async-people", 3}, {"learned", 5},
                      {"learned-unit", 5},   {"learned-cut", 5},  {"tissue-line", 5}};
static const double middle_mm = 280; /* water-equivalent diameter at the site's energy */

static const char *folder;
static int learned_people = 25, sessions = 12;

struct site {
  int voltage, index;
  uint64_t seed;
  struct phantom_entry truth, certificate;
  char name[64];
};

struct visit { /* one person or phantom in one session */
  uint64_t seed;
  double diameter, fat, muscle, gain, offset, kev_off;
  bool water;
};

static double normal(uint64_t seed, uint64_t stream) {
  return random_normal(seed, 40 + stream, 0);
}

static double between(uint64_t seed, uint64_t stream, double low, double high) {
  return low + (high - low) * random_uniform(seed, 80 + stream, 0);
}

/* ---- site and visit ---- */

static status make_site(struct site *s, uint64_t seed) {
  status st = ST_OK;
  int key = (int)random_below(seed, 20, 0, KEYS);
  *s = (struct site){.voltage = (int)random_below(seed, 21, 0, VOLTAGES)};
  /* seeds below 1000 share 20 sites, seeds from 1000 on have 20 others */
  s->index = s->voltage * KEYS + key;
  s->seed = (uint64_t)(seed >= 1000 ? 1000100 : 1000000) + (uint64_t)s->index;
  TRY(phantom_registry_find(&s->truth, keys[key], NULL));
  s->certificate = s->truth;
  for (int i = 0; i < s->truth.rod_count; i++)
    s->certificate.rods[i].density += 0.4 * random_normal(s->seed, 30, (uint64_t)i);
  snprintf(s->name, sizeof s->name, "%.0fkv-%s%s", voltages[s->voltage].kvp, keys[key],
           seed >= 1000 ? "-trial" : "");
done:
  return st;
}

static struct visit make_visit(uint64_t seed, bool water) {
  struct visit v = {.seed = seed, .water = water, .diameter = 260};
  v.gain = 1 + 0.0015 * normal(seed, 1);
  v.offset = 0.4 * normal(seed, 2);
  if (water) return v;
  v.diameter = between(seed, 3, 200, 320);
  v.fat = 3 * normal(seed, 4);
  v.muscle = 3 * normal(seed, 5);
  v.kev_off = 0.3 * normal(seed, 6);
  return v;
}

/* Effective energy of what lies in the slice. */
static double energy(const struct site *s, const struct visit *v, bool phantom) {
  const double pi = 3.14159265358979323846;
  double all = pi / 4 * v->diameter * v->diameter;
  double core = pi / 4 * (v->diameter - 36) * (v->diameter - 36);
  double water = v->water ? all : core * 1.05 + (all - core) * 0.9; /* mm2 */
  if (phantom) water += 300 * 24 * 1.05;
  double diameter = 2 * sqrt(water / pi);
  return voltages[s->voltage].kev + voltages[s->voltage].kev_per_mm * (diameter - middle_mm) +
         v->kev_off;
}

static double insert_hu(const struct site *s, const struct visit *v, double rho, double kev) {
  double hu = s->truth.material == MATERIAL_HA
                  ? rho * (attenuation_ratio(ATTENUATION_CHA, kev) - 1 / 3.156)
                  : -0.4 + rho * (attenuation_ratio(ATTENUATION_K2HPO4, kev) - 0.2174);
  return v->gain * hu + v->offset;
}

static status scan(struct phantom_result *r, const struct site *s, const struct visit *v,
                   bool phantom) {
  struct rods_phantom p;
  uint64_t seed = v->seed;
  rods_phantom_defaults(&p);
  snprintf(p.phantom, sizeof p.phantom, "%s", s->truth.key);
  p.body = v->water ? RODS_WATER : RODS_SOFT_TISSUE;
  p.bare = !phantom;
  p.kvp = voltages[s->voltage].kvp;
  p.kev = energy(s, v, phantom);
  p.diameter_mm = v->diameter;
  p.fat_hu = v->fat;
  p.muscle_hu = v->muscle;
  p.flipped = between(seed, 7, 0, 1) < 0.5;
  p.shift_mm = between(seed, 8, -15, 15);
  p.tilt_deg = between(seed, 9, -2, 2);
  p.rise_deg = between(seed, 10, -1, 1);
  p.scanner.noise_hu = between(seed, 11, 8, 40);
  p.scanner.drift_slope = v->gain;
  p.scanner.drift_offset_hu = v->offset;
  p.scanner.seed = seed + (phantom ? 1 : 500000000);
  p.fov[0] = fmax(s->truth.rod_count == 6 ? 420 : 360, v->diameter + 60); /* plate and body whole */
  p.fov[1] = v->diameter + 100;
  p.fov[2] = 36;
  return rods_phantom_make(r, &p);
}

/* ---- scans that are kept ---- */

/* Calibration by rods and, for a person, by published tissue densities whose points carry the HU;
 * kept as two files. */
static status scan_on_phantom(struct calibration *rods, struct calibration *tissues,
                              const struct site *s, const struct visit *v, const char *name) {
  status st = ST_OK;
  struct phantom_result r = {0};
  struct labels *found = NULL;
  struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
  char a[512], b[512];
  snprintf(a, sizeof a, "%s/%s.rods.json", folder, name);
  snprintf(b, sizeof b, "%s/%s.tissues.json", folder, name);
  if (file_exists(a) && (v->water || file_exists(b))) {
    TRY(calibration_read(rods, a));
    if (!v->water) TRY(calibration_read(tissues, b));
    goto done;
  }
  TRY(scan(&r, s, v, true));
  TRY(cal_from_phantom(rods, &found, NULL, r.ct, &s->certificate, NULL));
  if (!v->water) {
    o.tissues.labels = found;
    TRY(cal_from_tissues(tissues, NULL, r.ct, NULL, &o));
    TRY(calibration_write(tissues, b, NULL, true));
  }
  TRY(calibration_write(rods, a, NULL, true));
done:
  if (st != ST_OK) status_note("scan %s", name);
  labels_destroy(found);
  phantom_result_free(&r);
  return st;
}

/* The same scan with the certificate of another unit, that of the seed. */
static status another_unit(struct calibration *c, const struct site *s, uint64_t seed) {
  for (int i = 0; i < c->point_count; i++)
    c->points[i].density = s->truth.rods[i].density + 0.4 * random_normal(seed, 31, (uint64_t)i);
  return cal_fit_points(c, NULL);
}

/* From the people of the site, on the unit of the site or on that of the seed. */
static status learn(struct cal_tissue_table *table, const struct site *s, const uint64_t *seed) {
  status st = ST_OK;
  static struct calibration rods[MOST], tissues[MOST];
  for (int i = 0; i < learned_people; i++) {
    char name[128];
    struct visit v = make_visit(s->seed * 1000 + (uint64_t)i, false);
    snprintf(name, sizeof name, "%s.person%02d", s->name, i);
    TRY(scan_on_phantom(&rods[i], &tissues[i], s, &v, name));
    if (seed) TRY(another_unit(&rods[i], s, *seed));
  }
  TRY(cal_learn(table, rods, tissues, learned_people));
done:
  return st;
}

static status history(struct cal_scan *scans, const struct site *s) {
  status st = ST_OK;
  for (int i = 0; i < sessions; i++) {
    char name[128];
    struct visit v = make_visit(s->seed * 1000 + 500 + (uint64_t)i, true);
    snprintf(name, sizeof name, "%s.week%02d", s->name, i);
    scans[i].days = 7 * i;
    TRY(scan_on_phantom(&scans[i].calibration, NULL, s, &v, name));
  }
done:
  return st;
}

/* ---- one seed ---- */

static void judge(FILE *f, uint64_t seed, const struct site *s, const struct visit *v, double kev,
                  const char *method, const struct calibration *c) {
  for (int i = 0; i < INSERTS; i++) {
    double hu = insert_hu(s, v, inserts[i], kev);
    fprintf(f, "%llu,%s,%s,%.0f,%g,%.4f,%.4f\n", (unsigned long long)seed, method, s->name,
            v->diameter, inserts[i], calibration_density(c, hu) - inserts[i],
            calibration_half_width(c, hu));
  }
}

static status asynchronous(FILE *f, uint64_t seed, const struct site *s, const struct visit *v,
                           double diameter_mm, const struct cal_tissue_table *people) {
  status st = ST_OK;
  static struct cal_scan scans[MOST];
  struct cal_history h = {scans, (size_t)sessions};
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  struct calibration c;
  int64_t day = (int64_t)between(seed, 12, 0, 7 * (sessions - 1));
  TRY(history(scans, s));
  const char *key = scans[0].calibration.scanner_key;
  o.diameter_mm = scans[0].calibration.diameter_mm;
  TRY(cal_async(&c, &h, key, day, &o));
  struct visit w = make_visit(seed + 700000, true); /* the beam of the phantom scans */
  double kev = energy(s, &w, true);
  double step = insert_hu(s, &w, 100, kev + 0.5) - insert_hu(s, &w, 100, kev - 0.5);
  double all = insert_hu(s, &w, 100, kev) - insert_hu(s, &w, 0, kev);
  judge(f, seed, s, &w, kev + 0.0091 * all / step * normal(seed, 13), "async", &c);
  o.diameter_mm = diameter_mm;
  TRY(cal_async(&c, &h, key, day, &o));
  judge(f, seed, s, v, energy(s, v, false), "async-any-size", &c);
  o.people = people;
  TRY(cal_async(&c, &h, key, day, &o));
  judge(f, seed, s, v, energy(s, v, false), "async-people", &c);
done:
  return st;
}

static status without_phantom(FILE *f, uint64_t seed, const struct site *s, const struct visit *v) {
  status st = ST_OK;
  struct phantom_result r = {0};
  struct cal_tissue_table table;
  struct calibration c;
  struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
  TRY(learn(&table, s, NULL));
  TRY(scan(&r, s, v, false));
  o.table = &table;
  o.method = CAL_LEARNED;
  TRY(cal_from_tissues(&c, NULL, r.ct, NULL, &o));
  double diameter_mm = c.diameter_mm;
  judge(f, seed, s, v, energy(s, v, false), "learned", &c);
  TRY(asynchronous(f, seed, s, v, diameter_mm, &table));
  c.diameter_mm = NAN;
  TRY(cal_learned_line(&c, &table, voltages[s->voltage].kvp));
  judge(f, seed, s, v, energy(s, v, false), "learned-cut", &c);
  TRY(cal_tissue_line(&c, &table, voltages[s->voltage].kvp));
  judge(f, seed, s, v, energy(s, v, false), "tissue-line", &c);
  c.diameter_mm = diameter_mm;
  TRY(learn(&table, s, &seed));
  TRY(cal_learned_line(&c, &table, voltages[s->voltage].kvp));
  judge(f, seed, s, v, energy(s, v, false), "learned-unit", &c);
done:
  phantom_result_free(&r);
  return st;
}

static status one(uint64_t seed) {
  status st = ST_OK;
  char path[512], aside[520];
  FILE *f = NULL;
  struct site s;
  struct calibration rods, tissues;
  snprintf(path, sizeof path, "%s/seed%05llu.csv", folder, (unsigned long long)seed);
  snprintf(aside, sizeof aside, "%s.part", path);
  if (file_exists(path)) return ST_OK;
  TRY(make_site(&s, seed));
  struct visit v = make_visit(seed, false);
  char name[64];
  snprintf(name, sizeof name, "seed%05llu", (unsigned long long)seed);
  f = fopen(aside, "w");
  CHECK(f, ST_IO, "writing %s", aside);
  TRY(scan_on_phantom(&rods, &tissues, &s, &v, name));
  judge(f, seed, &s, &v, energy(&s, &v, true), "rods", &rods);
  TRY(another_unit(&rods, &s, seed));
  judge(f, seed, &s, &v, energy(&s, &v, true), "rods-unit", &rods);
  TRY(without_phantom(f, seed, &s, &v));
done:
  if (f) fclose(f);
  if (st == ST_OK) rename(aside, path);
  return st;
}

/* ---- the table ---- */

struct tally {
  int n, covered, within, refused;
  double squares, worst, width;
};

static void count(struct tally t[METHODS], const char *path) {
  char line[256], method[32];
  double error, half;
  FILE *f = fopen(path, "r");
  while (f && fgets(line, sizeof line, f)) {
    if (sscanf(line, "%*d,%31[^,],%*[^,],%*f,%*f,%lf,%lf", method, &error, &half) != 3) continue;
    for (int m = 0; m < METHODS; m++) {
      if (strcmp(method, methods[m].name)) continue;
      t[m].n++;
      t[m].covered += fabs(error) <= half;
      t[m].within += fabs(error) <= methods[m].goal;
      t[m].squares += error * error;
      t[m].worst = fmax(t[m].worst, fabs(error));
      t[m].width += half;
    }
  }
  if (f) fclose(f);
}

static void print_table(const struct tally t[METHODS]) {
  printf("%-16s %6s %6s %6s %6s %9s %9s %18s %6s\n", "method", "scans", "RMS", "worst", "goal",
         "within", "covered", "(95 % of share)", "half");
  for (int m = 0; m < METHODS; m++) {
    if (!t[m].n) continue;
    /* the inserts of a scan are not independent: the interval of the share counts scans */
    int scans = t[m].n / INSERTS;
    int64_t k = lround((double)t[m].covered / INSERTS);
    printf("%-16s %6d %6.2f %6.2f %6.0f %8.1f%% %8.1f%% (%6.1f to %6.1f%%) %6.2f\n",
           methods[m].name, scans, sqrt(t[m].squares / t[m].n), t[m].worst, methods[m].goal,
           100.0 * t[m].within / t[m].n, 100.0 * t[m].covered / t[m].n,
           100 * stat_binomial_low(k, scans, 0.05), 100 * stat_binomial_high(k, scans, 0.05),
           t[m].width / t[m].n);
  }
}

/* A seed when it is of this site; 1 when a method refused its scan. */
static int do_seed(struct tally t[METHODS], int seed, int site) {
  struct site s;
  char path[512];
  bool done = make_site(&s, (uint64_t)seed) == ST_OK;
  if (done && s.index != site) return 0;
  done = done && one((uint64_t)seed) == ST_OK;
  if (!done) printf("seed %d refused: %s\n", seed, status_message());
  status_clear();
  snprintf(path, sizeof path, "%s/seed%05d.csv", folder, seed);
  count(t, path);
  fflush(stdout);
  return !done;
}

int main(int argc, char **argv) {
  int start = 0;
  struct tally t[METHODS] = {{0}};
  int refused = 0;
  if (argc < 4) {
    fprintf(stderr, "usage: bench_calibration FOLDER FIRST LAST [LEARNED [SESSIONS [SITE]]]\n");
    return 2;
  }
  folder = argv[1];
  if (argc > 4) learned_people = atoi(argv[4]);
  if (argc > 5) sessions = atoi(argv[5]);
  if (learned_people < 3 || learned_people > MOST || sessions < 1 || sessions > MOST) return 2;
  if (argc > 6) start = atoi(argv[6]);
  for (int i = 0; i < SITES; i++) /* what a site needs is made once, then all its seeds */
    for (int seed = atoi(argv[2]); seed <= atoi(argv[3]); seed++)
      refused += do_seed(t, seed, (start + i) % SITES);
  print_table(t);
  printf("%d seeds refused; errors and half widths in mg/cm3\n", refused);
  return 0;
}
