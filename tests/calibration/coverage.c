// labels: method slow
// links: phantom
/* Do the 95 % intervals cover the truth, and how far off are the densities? 200 seeds over 80-140
 * kV of the means of rods and tissues, drawn from a stated error model; and a few whole scans whose
 * rods are found automatically. 200 seeds of whole scans: benchmarks/calibration_coverage.sh.
 *
 *   beam      effective energy 51, 60, 68, 76 keV at 80, 100, 120, 140 kV, lower by up to 1.5 keV
 * in small and higher in large bodies (beam hardening), and 0.3 keV that size does not tell rods
 * true density differs from the certificate by 0.4 mg/cm3 (one unit, all scans); each reading by
 * 0.4 HU (place in the bore) and its sampling error scanner   gain 0.15 % and offset 0.4 HU from
 * session to session people    fat and muscle differ by 3 HU each, air by 0.5 HU; size is measured
 * to 2 %
 *
 * None of these numbers is told to the method: it has the residuals, the store and the learned
 * table. QCT_COVERAGE_SEEDS enlarges the study. */
#include "tests/check.h"

#include "calibration/history.h"
#include "calibration/learn.h"
#include "calibration/learned_line.h"
#include "core/attenuation.h"
#include "core/random.h"
#include "phantom/rods.h"

static const char *const keys[] = {"mindways-model3-ct", "qrm-bdc-3", "qrm-bdc-6",
                                   "image-analysis-qct3d", "b-mas-200"};
static const double inserts[] = {50, 100, 200};
enum { INSERTS = 3, KEYS = 5 };

struct tally {
  int n, covered, within;
  double squares, worst, width;
};

static void count(struct tally *t, double error, double half, double limit) {
  t->n++;
  t->covered += fabs(error) <= half;
  t->within += fabs(error) <= limit;
  t->squares += error * error;
  t->width += half;
  t->worst = fmax(t->worst, fabs(error));
}

static void say(const char *name, const struct tally *t, double limit) {
  print_message("%-28s n %5d  covered %.1f %%  RMS %.2f  within %.0f mg/cm3: %.1f %%  worst %.2f  "
                "mean half width %.2f mg/cm3\n",
                name, t->n, 100.0 * t->covered / t->n, sqrt(t->squares / t->n), limit,
                100.0 * t->within / t->n, t->worst, t->width / t->n);
}

static int seeds(const char *variable, int otherwise) {
  const char *text = getenv(variable);
  return text ? atoi(text) : otherwise;
}

/* ---- the error model ---- */

struct world {
  uint64_t seed;
  struct phantom_entry e;
  double kvp, kev;           /* of the room */
  double unit[PHANTOM_RODS]; /* error of the certificate [mg/cm3] */
};

struct session {
  double gain, offset, kev, size;
  uint64_t id;
};

static double draw(const struct world *w, uint64_t stream, uint64_t index) {
  return random_normal(w->seed, 1000 + stream, index);
}

static struct world make_world(uint64_t seed) {
  static const double kvp[] = {80, 100, 120, 140};
  static const double kev[] = {51, 60, 68, 76};
  struct world w = {.seed = seed};
  assert_ok(phantom_registry_find(&w.e, keys[random_below(seed, 1, 0, KEYS)], NULL));
  uint64_t v = random_below(seed, 2, 0, 4);
  w.kvp = kvp[v];
  w.kev = kev[v];
  for (int i = 0; i < w.e.rod_count; i++) w.unit[i] = 0.4 * draw(&w, 0, (uint64_t)i);
  return w;
}

/* `size` -1..1: small to large body. */
static struct session make_session(const struct world *w, uint64_t id, double size) {
  struct session s = {.id = id};
  s.gain = 1 + 0.0015 * draw(w, 1, id);
  s.offset = 0.4 * draw(w, 2, id);
  s.size = size;
  s.kev = w->kev + 1.5 * size;
  return s;
}

static double ideal_hu(const struct world *w, double rho, double kev) {
  if (w->e.material == MATERIAL_HA)
    return rho * (attenuation_ratio(ATTENUATION_CHA, kev) - 1 / 3.156);
  return -0.4 + rho * (attenuation_ratio(ATTENUATION_K2HPO4, kev) - 0.2174);
}

static double rod_hu(const struct world *w, int rod, double kev) {
  double rho = w->e.rods[rod].density + w->unit[rod];
  if (isfinite(w->e.rods[rod].water))
    return w->e.rods[rod].water - 1000 + rho * attenuation_ratio(ATTENUATION_K2HPO4, kev);
  return ideal_hu(w, rho, kev);
}

static double seen(const struct session *s, double hu) {
  return s->gain * hu + s->offset;
}

static struct calibration phantom_scan(const struct world *w, const struct session *s) {
  struct calibration c;
  cal_init(&c);
  for (int i = 0; i < w->e.rod_count; i++) {
    struct calibration_point *p = cal_add_point(&c, w->e.rods[i].label);
    uint64_t k = s->id * 16 + (uint64_t)i;
    p->density = w->e.rods[i].density;
    p->water = w->e.rods[i].water;
    p->hu_se = 0.3;
    p->hu = seen(s, rod_hu(w, i, s->kev)) + 0.4 * draw(w, 3, k) + p->hu_se * draw(w, 4, k);
  }
  c.material = w->e.material;
  snprintf(c.phantom, sizeof c.phantom, "%s", w->e.key);
  snprintf(c.scanner_key, sizeof c.scanner_key, "Maker|One|1|%.0f|SOFT", w->kvp);
  c.diameter_mm = 260 + 60 * s->size;
  assert_ok(cal_fit_points(&c, NULL));
  return c;
}

static struct calibration person(const struct world *w, const struct session *s) {
  static const char *const names[] = {"air", "adipose", "muscle"};
  static const double spread[] = {0.5, 3, 3};
  static const enum attenuation_material m[] = {ATTENUATION_AIR, ATTENUATION_ADIPOSE,
                                                ATTENUATION_MUSCLE};
  static const double density[] = {0.001205, 0.925, 1.05};
  struct calibration c;
  cal_init(&c);
  for (int i = 0; i < 3; i++) {
    struct calibration_point *p = cal_add_point(&c, names[i]);
    double hu =
        attenuation_hu(m[i], density[i], s->kev) + spread[i] * draw(w, 5, s->id * 4 + (uint64_t)i);
    p->hu_se = 0.3;
    p->hu = seen(s, hu) + p->hu_se * draw(w, 6, s->id * 4 + (uint64_t)i);
  }
  c.diameter_mm = (260 + 60 * s->size) * (1 + 0.02 * draw(w, 9, s->id));
  return c;
}

static void judge(struct tally *t, const struct world *w, const struct session *s,
                  const struct calibration *c, double limit) {
  for (int i = 0; i < INSERTS; i++) {
    double hu = seen(s, ideal_hu(w, inserts[i], s->kev));
    count(t, calibration_density(c, hu) - inserts[i], calibration_half_width(c, hu), limit);
  }
}

static double size_of(const struct world *w, uint64_t id) {
  return 2 * random_uniform(w->seed, 7, id) - 1;
}

static void in_scan(struct tally *t, const struct world *w) {
  struct session s = make_session(w, 500, size_of(w, 500));
  struct calibration c = phantom_scan(w, &s);
  judge(t, w, &s, &c, 1);
}

enum method { IN_SCAN, ASYNC, ASYNC_SIZE, ASYNC_PEOPLE, LINE, REGRESSION, REGRESSION_CUT, METHODS };
static const struct {
  const char *name;
  double limit;
} methods[METHODS] = {{"rods in the scan", 1},       {"asynchronous", 3},
                      {"asynchronous, any size", 3}, {"asynchronous, people", 3},
                      {"learned tissue line", 5},    {"learned regression", 5},
                      {"learned, size not seen", 5}};

/* `o` says whom it is for. */
static void asynchronous(struct tally *t, const struct world *w, const struct session *s,
                         const struct cal_async_options *o) {
  enum { SCANS = 16 };
  struct cal_scan scans[SCANS];
  for (uint64_t i = 0; i < SCANS; i++) {
    struct session phantom = make_session(w, i, 0); /* the phantom alone: one size */
    scans[i] = (struct cal_scan){(int64_t)i * 7, phantom_scan(w, &phantom)};
  }
  struct cal_history h = {scans, SCANS};
  struct calibration c;
  assert_ok(cal_async(&c, &h, scans[0].calibration.scanner_key, 60, o));
  judge(t, w, s, &c, 3);
}

/* What the phantom cannot see in a body of its size: 0.91 % of the density from person to person
 * (wang2017: 0.91 mg/cm3 at 100 mg/cm3), as an energy. */
static struct session like_the_phantom(const struct world *w) {
  double by_kev = (ideal_hu(w, 100, w->kev + 0.5) - ideal_hu(w, 100, w->kev - 0.5)) /
                  (ideal_hu(w, 100, w->kev) - ideal_hu(w, 0, w->kev));
  return make_session(w, 600, 0.0091 / fabs(by_kev) / 1.5 * draw(w, 8, 0));
}

static struct cal_tissue_table learn(const struct world *w) {
  enum { PEOPLE = 25 };
  struct calibration phantom[PEOPLE];
  struct calibration tissues[PEOPLE];
  struct cal_tissue_table table;
  for (uint64_t i = 0; i < PEOPLE; i++) {
    struct session s = make_session(w, 100 + i, size_of(w, 100 + i));
    s.kev += 0.3 * draw(w, 10, s.id);
    phantom[i] = phantom_scan(w, &s);
    tissues[i] = person(w, &s);
  }
  assert_ok(cal_learn(&table, phantom, tissues, PEOPLE));
  return table;
}

static void one_world(struct tally t[METHODS], const struct world *w) {
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  struct cal_tissue_table table = learn(w);
  struct session same = like_the_phantom(w);
  struct session s = make_session(w, 700, size_of(w, 700));
  in_scan(&t[IN_SCAN], w);
  o.diameter_mm = 260;
  asynchronous(&t[ASYNC], w, &same, &o);
  s.kev += 0.3 * draw(w, 10, s.id);
  struct calibration c = person(w, &s);
  o.diameter_mm = c.diameter_mm;
  asynchronous(&t[ASYNC_SIZE], w, &s, &o);
  o.people = &table;
  asynchronous(&t[ASYNC_PEOPLE], w, &s, &o);
  assert_ok(cal_tissue_line(&c, &table, w->kvp));
  judge(&t[LINE], w, &s, &c, 5);
  c = person(w, &s);
  assert_ok(cal_learned_line(&c, &table, w->kvp));
  judge(&t[REGRESSION], w, &s, &c, 5);
  c = person(w, &s);
  c.diameter_mm = NAN;
  assert_ok(cal_learned_line(&c, &table, w->kvp));
  judge(&t[REGRESSION_CUT], w, &s, &c, 5);
}

static void samples_are_covered(void **state) {
  (void)state;
  int n = seeds("QCT_COVERAGE_SEEDS", 200);
  int first = seeds("QCT_COVERAGE_FIRST", 0);
  struct tally t[METHODS] = {{0}};
  for (int i = 0; i < n; i++) {
    struct world w = make_world((uint64_t)(first + i));
    one_world(t, &w);
  }
  for (int m = 0; m < METHODS; m++) {
    char name[48];
    snprintf(name, sizeof name, "samples: %s", methods[m].name);
    say(name, &t[m], methods[m].limit);
    double share = (double)t[m].covered / t[m].n;
    /* 93-97 % with two standard errors of a share of n seeds (inserts of a seed are not
     * independent); a size whose effect was not learned is covered whatever the scanner corrects */
    double slack = 2 * sqrt(0.05 * 0.95 / n);
    assert_true(share > 0.93 - slack && (m == ASYNC_SIZE || share < 0.97 + slack));
    assert_true(sqrt(t[m].squares / t[m].n) < methods[m].limit);
  }
  /* the line through tissues cannot see the beam harden with size: four in five only */
  assert_true(t[REGRESSION].within > 0.98 * t[REGRESSION].n);
  assert_true(t[LINE].within > 0.75 * t[LINE].n);
}

/* ---- whole scans ---- */

static void rendered_scans_are_recovered(void **state) {
  (void)state;
  enum { SCANS = 4 };
  struct tally t = {0};
  int refused = 0;
  for (int i = 0; i < SCANS; i++) {
    uint64_t seed = (uint64_t)i;
    static const double kvp[] = {80, 100, 120, 140};
    struct rods_phantom p;
    struct phantom_result r = {0};
    struct phantom_entry e;
    struct calibration c;
    rods_phantom_defaults(&p);
    snprintf(p.phantom, sizeof p.phantom, "%s", keys[random_below(seed, 20, 0, KEYS)]);
    assert_ok(phantom_registry_find(&e, p.phantom, NULL));
    p.kvp = kvp[random_below(seed, 21, 0, 4)];
    p.diameter_mm = 200 + 120 * random_uniform(seed, 22, 0);
    p.flipped = random_below(seed, 23, 0, 2) == 1;
    p.shift_mm = 30 * random_uniform(seed, 24, 0) - 15;
    p.tilt_deg = 4 * random_uniform(seed, 25, 0) - 2;
    p.scanner.noise_hu = 8 + 32 * random_uniform(seed, 26, 0);
    p.scanner.seed = seed + 1;
    p.fov[0] = e.rod_count == 6 ? 420 : 360; /* a wide plate must be in the field of view */
    p.fov[2] = 36;
    assert_ok(rods_phantom_make(&r, &p));
    double kev = scanner_energy(scanner_preset(p.preset), p.kvp);
    if (cal_from_phantom(&c, NULL, NULL, r.ct, &e, NULL) != ST_OK) {
      print_message("seed %d, %s: %s\n", i, e.key, status_message());
      refused++;
    } else {
      struct world w = {.e = e};
      for (int k = 0; k < INSERTS; k++) {
        double hu = ideal_hu(&w, inserts[k], kev);
        count(&t, calibration_density(&c, hu) - inserts[k], calibration_half_width(&c, hu), 1);
      }
    }
    phantom_result_free(&r);
  }
  say("rendered: rods found", &t, 1);
  print_message("%d of %d scans refused\n", refused, SCANS);
  assert_int_equal(refused, 0);
  assert_true(sqrt(t.squares / t.n) < 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_are_covered),
      cmocka_unit_test(rendered_scans_are_recovered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
