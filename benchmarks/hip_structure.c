/* Hip structure, areal density and cortical maps of digital hips against the truth of their
 * geometry. Built by the target bench_hip; run by hip_structure.sh.
 *
 * usage: bench_hip SCANS ROWS FIRST LAST BASE_MM N
 *   SCANS  folder of painted hips (tests/qct/hip_case.h), filled as needed
 *   ROWS   folder of results, a file a hip; what is there is not measured again. "-": paint only
 *   slices of N x BASE_MM; BASE_MM 0: nothing is painted or measured. At the end a table over the
 *   seeds FIRST..LAST that have a row.
 * Outline and frame are those planted, so that errors are those of the measurement.
 */
#include "qct/projected.h"
#include "qct/structure.h"
#include "tests/qct/hip_case.h"

#include <sys/stat.h>
#include <time.h>

enum { STRUCTURE = 15, CORTEX = 2 + 2 * TRUTH_BINS + 3, MEASURES = STRUCTURE + CORTEX + 4 };
enum { MOST = 2000, EACH_VERTEX = 5 };

struct measure {
  const char *name, *unit;
  double goal; /* largest absolute error; 0: none is stated */
};
static const struct measure measures[STRUCTURE] = {
    {"area narrow neck", "%", 0},  {"csmi_g narrow neck", "%", 0}, {"csa_c narrow neck", "%", 0},
    {"csa_w narrow neck", "%", 3}, {"csmi_w narrow neck", "%", 3}, {"csa_w intertroch", "%", 3},
    {"csmi_w intertroch", "%", 3}, {"csa_w shaft", "%", 3},        {"csmi_w shaft", "%", 3},
    {"abmd neck", "%", 2},         {"abmd trochanter", "%", 2},    {"abmd intertroch", "%", 2},
    {"abmd total", "%", 2},        {"bmc total", "%", 0},          {"area total", "%", 0}};

/* Name, unit and goal of a column. */
static struct measure column(int i, char room[64]) {
  static const struct measure after[] = {{"cortex outer edge", "mm", 0}, {"cortex y1", "%", 0},
                                         {"cortex rejected", "%", 0},    {"shell", "s", 0},
                                         {"structure", "s", 0},          {"projection", "s", 0},
                                         {"cortex map", "s", 0}};
  struct measure m = {room, "mm", 0};
  if (i < STRUCTURE) return measures[i];
  i -= STRUCTURE;
  if (i == 0) return (struct measure){"cortex t >= 1 mm, bias", "mm", 0.05};
  if (i == 1) return (struct measure){"cortex t >= 0.5 mm, mass", "%", 3};
  if ((i -= 2) >= 2 * TRUTH_BINS) return after[i - 2 * TRUTH_BINS];
  snprintf(room, 64, "%s t %.2f..%.2f mm", i % 2 ? "mass " : "bias ", truth_bins[i / 2],
           truth_bins[i / 2 + 1]);
  if (i % 2) m.unit = "%";
  return m;
}

static double number(const cJSON *truth, const char *key) {
  double v = NAN;
  if (json_get_number(&v, truth, key, "truth") != ST_OK) fprintf(stderr, "%s\n", status_message());
  return v;
}

static void structure_errors(double *e, const struct qct_structure *s,
                             const struct qct_projected *p, const cJSON *truth) {
  static const char *const keys[STRUCTURE] = {
      "structure.narrow_neck.area_mm2",
      "structure.narrow_neck.csmi_mm4",
      "structure.narrow_neck.cortical_area_mm2",
      "structure.narrow_neck.k2hpo4_eq.mineral_mg_per_mm",
      "structure.narrow_neck.k2hpo4_eq.weighted_csmi",
      "structure.intertrochanter.k2hpo4_eq.mineral_mg_per_mm",
      "structure.intertrochanter.k2hpo4_eq.weighted_csmi",
      "structure.shaft.k2hpo4_eq.mineral_mg_per_mm",
      "structure.shaft.k2hpo4_eq.weighted_csmi",
      "projected.neck.k2hpo4_eq.abmd",
      "projected.trochanter.k2hpo4_eq.abmd",
      "projected.intertrochanter.k2hpo4_eq.abmd",
      "projected.total.k2hpo4_eq.abmd",
      "projected.total.k2hpo4_eq.bmc_g",
      "projected.total.area_mm2"};
  const double *nn = s->slabs[STRUCTURE_NARROW_NECK].mean;
  const double *it = s->slabs[STRUCTURE_INTERTROCHANTER].mean;
  const double *sh = s->slabs[STRUCTURE_SHAFT].mean;
  int area = structure_of_family(STRUCTURE_W, SF_AREA),
      csmi = structure_of_family(STRUCTURE_W, SF_CSMI);
  /* rho_ref is 1000: csa_w [mm2] is mineral [mg/mm], csmi_w x 1000 the weighted moment */
  const double got[STRUCTURE] = {nn[structure_of_family(STRUCTURE_G, SF_AREA)],
                                 nn[structure_of_family(STRUCTURE_G, SF_CSMI)],
                                 nn[structure_of_family(STRUCTURE_C, SF_AREA)],
                                 nn[area],
                                 1000 * nn[csmi],
                                 it[area],
                                 1000 * it[csmi],
                                 sh[area],
                                 1000 * sh[csmi],
                                 p->regions[HIP_NECK].abmd,
                                 p->regions[HIP_TROCHANTER].abmd,
                                 p->regions[HIP_INTERTROCHANTER].abmd,
                                 p->total.abmd,
                                 p->total.bmc_g,
                                 100 * p->total.area_cm2};
  for (int i = 0; i < STRUCTURE; i++) e[i] = 100 * (got[i] / number(truth, keys[i]) - 1);
}

static void cortex_errors(double *e, const struct cortex_map *m, const struct hip_body *body) {
  struct cortex_case c = {.body = *body};
  struct cortex_score s = {0};
  double n = 0, rejected = 0;
  c.body.femur.person = &c.body.person;
  cortex_score_add(&s, &c, m, EACH_VERTEX);
  *e++ = cortex_bias(&s, 1);
  *e++ = 100 * cortex_mass_error(&s, 0.5);
  for (int k = 0; k < TRUTH_BINS; k++) {
    const struct cortex_bin *b = &s.bins[k];
    *e++ = b->error / b->n;
    *e++ = 100 * (b->mass / b->true_mass - 1);
    n += b->n + b->rejected;
    rejected += b->rejected;
  }
  *e++ = s.outer / s.outer_n;
  *e++ = 100 * s.y1_error;
  *e++ = 100 * rejected / n;
}

static double since(clock_t before) {
  return (double)(clock() - before) / CLOCKS_PER_SEC;
}

static status measure(double e[MEASURES], struct hip_case *c, int seed, int n) {
  status st = ST_OK;
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct qct_structure *s = NULL;
  struct qct_projected *p = NULL;
  struct cortex_map *map = NULL;
  struct qct_shell *shell = NULL;
  struct structure_options o = STRUCTURE_DEFAULTS;
  double *times = e + STRUCTURE + CORTEX;
  TRY(hip_case_scan(&density, &labels, c, seed, n, 14));
  o.rho_ref = 1000;
  o.thick_slices = density->grid.spacing[2] > 3;
  clock_t before = clock();
  TRY(qct_shell_make(&shell, density, labels, LABEL_FEMUR_LEFT));
  times[0] = since(before);
  before = clock();
  TRY(qct_structure_measure(&s, density, labels, LABEL_FEMUR_LEFT, &c->frame, &o, shell));
  times[1] = since(before);
  before = clock();
  TRY(qct_projected_make(&p, density, labels, LABEL_FEMUR_LEFT, &c->frame, shell));
  times[2] = since(before);
  structure_errors(e, s, p, c->truth);
  for (int i = 0; i < CORTEX; i++) e[STRUCTURE + i] = NAN;
  before = clock();
  if (qct_cortex_map(&map, density, labels, LABEL_FEMUR_LEFT, NULL) == ST_OK)
    cortex_errors(e + STRUCTURE, map, &c->body);
  times[3] = since(before);
done:
  qct_cortex_map_destroy(map);
  qct_shell_destroy(shell);
  qct_structure_destroy(s);
  qct_projected_destroy(p);
  volume_destroy(density);
  labels_destroy(labels);
  return st;
}

static void row_path(char out[600], const char *rows, int seed) {
  snprintf(out, 600, "%s/%04d.csv", rows, seed);
}

static int read_row(double e[MEASURES], const char *rows, int seed) {
  char path[600];
  row_path(path, rows, seed);
  FILE *f = fopen(path, "r");
  int n = 0;
  while (f && n < MEASURES && fscanf(f, "%lf%*c", &e[n]) == 1) n++;
  if (f) fclose(f);
  return n == MEASURES;
}

static void write_row(const double e[MEASURES], const char *rows, int seed) {
  char path[600], aside[640];
  row_path(path, rows, seed);
  snprintf(aside, sizeof aside, "%s.part", path);
  FILE *f = fopen(aside, "w");
  if (!f) return;
  for (int i = 0; i < MEASURES; i++) fprintf(f, "%.5g,", e[i]);
  fprintf(f, "\n");
  if (fclose(f) == 0) rename(aside, path);
}

static void print_table(const char *rows, int first, int last) {
  static double all[MOST][MEASURES];
  int n = 0;
  for (int seed = first; seed <= last && n < MOST; seed++) n += read_row(all[n], rows, seed);
  printf("%d hips\n%-28s %5s %9s %9s %9s %9s %9s\n", n, "", "unit", "mean", "SD", "worst", "goal",
         "within");
  for (int i = 0; i < MEASURES; i++) {
    char room[64];
    struct measure m = column(i, room);
    double sum = 0, square = 0, worst = 0, within = 0, count = 0;
    for (int k = 0; k < n; k++) {
      double x = all[k][i];
      if (isnan(x)) continue;
      sum += x;
      square += x * x;
      if (fabs(x) > fabs(worst)) worst = x;
      within += fabs(x) <= m.goal;
      count++;
    }
    printf("%-28s %5s %+9.3f %9.3f %+9.3f", m.name, m.unit, sum / count,
           sqrt(fmax(square - sum * sum / count, 0) / (count - 1)), worst);
    if (m.goal > 0)
      printf(" %9g %4.0f/%.0f\n", m.goal, within, count);
    else
      printf(" %9s %9s\n", "-", "");
  }
}

int main(int argc, char **argv) {
  if (argc < 7) {
    fprintf(stderr, "usage: bench_hip SCANS ROWS FIRST LAST BASE_MM N\n");
    return 2;
  }
  const char *scans = argv[1], *rows = argv[2];
  int first = atoi(argv[3]), last = atoi(argv[4]), n = atoi(argv[6]), paint = !strcmp(rows, "-");
  double base = atof(argv[5]);
  mkdir(scans, 0777);
  if (!paint) mkdir(rows, 0777);
  for (int seed = first; seed <= last && base > 0; seed++) {
    struct hip_case c = {0};
    double e[MEASURES];
    if (!paint && read_row(e, rows, seed)) continue;
    if (hip_case_get(&c, scans, seed, base) != ST_OK ||
        (!paint && measure(e, &c, seed, n) != ST_OK))
      fprintf(stderr, "hip %d: %s\n", seed, status_message());
    else if (!paint)
      write_row(e, rows, seed);
    hip_case_free(&c);
  }
  if (!paint) print_table(rows, first, last);
  return 0;
}
