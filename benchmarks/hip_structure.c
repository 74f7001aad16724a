/* Hip structure and areal density of digital hips against the truth of their geometry: one line a
 * hip, then bias, SD and worst of the relative errors. Built by the target bench_hip; run by
 * hip_structure.sh. usage: bench_hip truth|found SLICE_MM FIRST LAST [PIXEL_MM]
 *
 * Each seed is a person, turned by up to 10 degrees about each axis, scanned at 0.7 mm pixels with
 * the standard kernel and 14 HU of noise; density by the true line of the scanner. "truth": outline
 * and frame as planted, so that errors are those of the sections; "found": both by femur_find.
 */
#include "anatomy/femur.h"
#include "core/json.h"
#include "phantom/hip.h"
#include "qct/projected.h"
#include "qct/structure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MEASURES = 15, MOST = 1000 };
static const char *const names[MEASURES] = {
    "area narrow neck",   "csmi_g narrow neck", "csa_c narrow neck", "csa_w narrow neck",
    "csmi_w narrow neck", "csa_w intertroch",   "csmi_w intertroch", "csa_w shaft",
    "csmi_w shaft",       "abmd neck",          "abmd trochanter",   "abmd intertroch",
    "abmd total",         "bmc total",          "area total"};

static double turn(unsigned seed, unsigned axis) {
  unsigned h = (seed * 3 + axis) * 2654435761u;
  return 20.0 * (h >> 8) / 16777216.0 - 10;
}

static status make_hip(struct phantom_result *out, int seed, double slice_mm, double pixel_mm) {
  status st = ST_OK;
  struct hip_phantom h;
  hip_phantom_defaults(&h);
  person_draw(&h.person, (uint64_t)seed, 0, &h.age_years, &h.sex);
  h.phantom[0] = '\0';
  h.table = 0;
  h.spacing[0] = h.spacing[1] = pixel_mm;
  h.spacing[2] = slice_mm;
  h.fov[0] = 200;
  h.fov[1] = 170;
  h.scanner.seed = (uint64_t)seed + 1;
  h.scanner.noise_hu = 14;
  for (unsigned a = 0; a < 3; a++) h.pose[a] = turn((unsigned)seed, a);
  TRY(hip_phantom_make(out, &h));
done:
  return st;
}

/* The scan as K2HPO4 density, by the true line. */
static status to_density(struct volume *v, const cJSON *truth) {
  status st = ST_OK;
  double slope, intercept;
  TRY(json_get_number(&slope, truth, "physics.calibration.k2hpo4.slope", "truth"));
  TRY(json_get_number(&intercept, truth, "physics.calibration.k2hpo4.intercept", "truth"));
  for (int64_t i = 0, n = geometry_voxels(&v->grid); i < n; i++)
    v->voxels[i] = (float)(slope * (double)v->voxels[i] + intercept);
  v->quantity = QUANTITY_DENSITY;
  v->material = MATERIAL_K2HPO4;
done:
  return st;
}

static double number(const cJSON *truth, const char *key) {
  double v = NAN;
  if (json_get_number(&v, truth, key, "truth") != ST_OK) fprintf(stderr, "%s\n", status_message());
  return v;
}

static void errors(double e[MEASURES], const struct qct_structure *s, const struct qct_projected *p,
                   const cJSON *truth) {
  static const char *const keys[MEASURES] = {
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
  const double got[MEASURES] = {nn[structure_of_family(STRUCTURE_G, SF_AREA)],
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
  for (int i = 0; i < MEASURES; i++) e[i] = 100 * (got[i] / number(truth, keys[i]) - 1);
}

/* One hip; *done 0 when it could not be measured, with the reason printed. */
static status measure(double e[MEASURES], int *done, int seed, double slice_mm, double pixel_mm,
                      int found) {
  status st = ST_OK;
  struct phantom_result hip = {0};
  struct femur_result *femora = NULL;
  struct qct_structure *s = NULL;
  struct qct_projected *p = NULL;
  struct structure_options o = STRUCTURE_DEFAULTS;
  *done = 0;
  o.rho_ref = 1000;
  o.thick_slices = slice_mm > 3;
  TRY(make_hip(&hip, seed, slice_mm, pixel_mm));
  struct hip_frame frame = hip.frame;
  const struct labels *labels = hip.labels;
  if (found) {
    TRY(femur_find(&femora, hip.ct, NULL));
    const struct femur *f = &femora->sides[1];
    CHECK(f->state == FEMUR_FOUND && f->frame_ok, ST_DOMAIN, "not found: %s %s", f->reason,
          f->frame.flags);
    frame = f->frame;
    labels = femora->labels;
  }
  TRY(to_density(hip.ct, hip.truth));
  clock_t before = clock();
  TRY(qct_structure_measure(&s, hip.ct, labels, LABEL_FEMUR_LEFT, &frame, &o));
  double structure_s = (double)(clock() - before) / CLOCKS_PER_SEC;
  before = clock();
  TRY(qct_projected_make(&p, hip.ct, labels, LABEL_FEMUR_LEFT, &frame));
  double projected_s = (double)(clock() - before) / CLOCKS_PER_SEC;
  errors(e, s, p, hip.truth);
  printf("%d", seed);
  for (int i = 0; i < MEASURES; i++) printf(",%.2f", e[i]);
  printf(",%.2f,%.2f\n", structure_s, projected_s);
  *done = 1;
done:
  if (st != ST_OK) printf("%d,%s\n", seed, status_message());
  fflush(stdout);
  qct_structure_destroy(s);
  qct_projected_destroy(p);
  femur_result_destroy(femora);
  phantom_result_free(&hip);
  return st == ST_MEMORY ? st : ST_OK;
}

int main(int argc, char **argv) {
  static double all[MOST][MEASURES];
  int n = 0;
  if (argc < 5) {
    fprintf(stderr, "usage: bench_hip truth|found SLICE_MM FIRST LAST [PIXEL_MM]\n");
    return 2;
  }
  printf("seed");
  for (int i = 0; i < MEASURES; i++) printf(",%s %%", names[i]);
  printf(",structure s of processor,projection s of processor\n");
  for (int seed = atoi(argv[3]); seed <= atoi(argv[4]) && n < MOST; seed++) {
    int done;
    if (measure(all[n], &done, seed, atof(argv[2]), argc > 5 ? atof(argv[5]) : 0.7,
                strcmp(argv[1], "found") == 0) != ST_OK)
      return 1;
    n += done;
  }
  for (int i = 0; i < MEASURES; i++) {
    double sum = 0, square = 0, worst = 0;
    for (int k = 0; k < n; k++) {
      sum += all[k][i];
      square += all[k][i] * all[k][i];
      if (fabs(all[k][i]) > fabs(worst)) worst = all[k][i];
    }
    printf("# %-20s mean %+.2f %%, SD %.2f, worst %+.2f, of %d\n", names[i], sum / n,
           sqrt((square - sum * sum / n) / (n - 1)), worst, n);
  }
  return 0;
}
