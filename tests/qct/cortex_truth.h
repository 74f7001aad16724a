/* Digital hips against their cortical maps: for every vertex the true thickness by a ray and the
 * true density, summed up in bins of true thickness. For tests/qct/cortex_map.c and
 * benchmarks/cortex_digital.c. */
#ifndef QCT_TESTS_CORTEX_TRUTH_H
#define QCT_TESTS_CORTEX_TRUTH_H

#include "phantom/hip.h"
#include "qct/cortex_map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRUTH_BINS = 7 };
/* Lower ends of the bins of true thickness [mm]. Below 1.2 mm the phantom's cortex is 12 % less
 * dense than its thick cortex. */
static const double truth_bins[TRUTH_BINS + 1] = {0.5, 0.75, 1, 1.2, 1.5, 2, 3, 8};

struct cortex_bin {
  double error, error2;   /* sums of thickness errors [mm] */
  double mass, true_mass; /* sums [mg/cm2] */
  double half_error, halves;
  double n, rejected;
};

struct cortex_score {
  struct cortex_bin bins[TRUTH_BINS];
  double y1_error;               /* of y1 against the thick cortex [relative] */
  double outer, outer2, outer_n; /* distance of the surface to the true one [mm] */
};

struct cortex_case {
  struct phantom_result phantom;
  struct hip_body body;
  struct volume *density; /* perfect calibration of the CT */
};

static inline status cortex_case_make(struct cortex_case *c, uint64_t seed, double pixel,
                                      double slice) {
  status st = ST_OK;
  struct hip_phantom h;
  struct tissue_table tissue;
  hip_phantom_defaults(&h);
  person_draw(&h.person, seed, 0, &h.age_years, &h.sex);
  h.person.thin_cortex = 0.12; /* below 1.2 mm less dense than the thick cortex, as is likely */
  h.scan.bone = BONE_EQUIVALENT_K2HPO4;
  h.scan.phantom[0] = '\0';
  h.scan.table = 0;
  h.scan.spacing[0] = h.scan.spacing[1] = pixel;
  h.scan.spacing[2] = slice;
  h.scan.fov[0] = 200; /* this femur and what lies near it */
  h.scan.fov[1] = 170;
  h.truth_step_mm = 4;
  h.scan.scanner.seed = seed + 1;
  TRY(hip_phantom_make(&c->phantom, &h));
  TRY(scan_setup_tissue(&tissue, &h.scan, h.person.fat_density, h.person.marrow_yellow));
  hip_body_init(&c->body, &h.person, &tissue, h.scan.pose);
  TRY(volume_copy(&c->density, c->phantom.ct));
  c->density->quantity = QUANTITY_DENSITY;
  c->density->material = MATERIAL_K2HPO4;
  int64_t n = geometry_voxels(&c->density->grid);
  for (int64_t i = 0; i < n; i++)
    c->density->voxels[i] = (float)tissue_k2hpo4(&tissue, (double)c->density->voxels[i]);
done:
  return st;
}

static inline void cortex_case_free(struct cortex_case *c) {
  phantom_result_free(&c->phantom);
  volume_destroy(c->density);
  memset(c, 0, sizeof *c);
}

/* Foot of p on the true surface and the outward normal there, side frame. */
static inline struct vec3 true_foot(struct vec3 *normal, const struct digital_femur *f,
                                    struct vec3 p) {
  for (int i = 0; i < 12; i++) {
    struct vec3 g = digital_femur_gradient(f, p);
    p = vec3_along(p, -digital_femur_solid(f, p) / vec3_dot(g, g), g);
  }
  *normal = vec3_unit(digital_femur_gradient(f, p));
  return p;
}

static inline int still_cortex(const struct digital_femur *f, struct vec3 p) {
  return digital_femur_depth(f, p, digital_femur_solid(f, p)) < digital_femur_cortex(f, p);
}

/* Length of the ray inward through cortex, to 0.001 mm; mass along it [mg/cm2]. */
static inline double true_thickness(double *mass, const struct hip_body *b, struct vec3 at,
                                    struct vec3 normal) {
  const struct digital_femur *f = &b->femur;
  double t = 0.05, step = 0.05, sum = 0;
  for (; t < 9; t += step) {
    struct vec3 p = vec3_along(at, -t, normal);
    if (!still_cortex(f, p)) break;
    double bvf = digital_femur_cortical(f, digital_femur_cortex(f, p));
    sum += step * tissue_k2hpo4(&b->tissue, tissue_bone_hu(&b->tissue, bvf));
  }
  double low = t - step, high = t;
  for (int i = 0; i < 7; i++) {
    double middle = (low + high) / 2;
    if (still_cortex(f, vec3_along(at, -middle, normal)))
      low = middle;
    else
      high = middle;
  }
  *mass = t > step ? sum / (t - step) * low / 10 : 0;
  return low;
}

static inline void cortex_score_vertex(struct cortex_score *s, const struct cortex_case *c,
                                       const struct cortex_map *m, int64_t v) {
  struct vec3 normal, p = hip_body_to_side(&c->body, SIDE_LEFT, m->surface->vertices[v]);
  struct vec3 at = true_foot(&normal, &c->body.femur, p);
  double mass, off = vec3_dot(vec3_sub(p, at), normal);
  double t = true_thickness(&mass, &c->body, at, normal);
  for (int k = 0; k < TRUTH_BINS; k++) {
    struct cortex_bin *b = &s->bins[k];
    if (t < truth_bins[k] || t >= truth_bins[k + 1]) continue;
    if (m->flag[v] != CORTEX_FITTED) {
      b->rejected++;
      continue;
    }
    double error = m->thickness_mm[v] - t;
    b->error += error;
    b->error2 += error * error;
    b->mass += m->mass[v];
    b->true_mass += mass;
    b->n++;
    if (isnan(m->half_max_mm[v])) continue;
    b->half_error += m->half_max_mm[v] - t;
    b->halves++;
  }
  if (m->flag[v] != CORTEX_FITTED) return;
  s->outer += off;
  s->outer2 += off * off;
  s->outer_n++;
}

/* Add every vertex of a map to the score, or every `each`-th. */
static inline void cortex_score_add(struct cortex_score *s, const struct cortex_case *c,
                                    const struct cortex_map *m, int64_t each) {
  const struct hip_body *b = &c->body;
  double y1 = tissue_k2hpo4(&b->tissue, tissue_bone_hu(&b->tissue, b->person.cortical_bvf));
  s->y1_error += m->cortical / y1 - 1;
  for (int64_t v = 0; v < m->surface->vertex_count; v += each)
    if (!isnan(m->flag[v])) cortex_score_vertex(s, c, m, v);
}

static inline void cortex_score_print(const struct cortex_score *s, int cases) {
  printf("  true t [mm]     n  bias [mm]  RMS [mm]  mass [%%]  rejected [%%]  half-max bias\n");
  for (int k = 0; k < TRUTH_BINS; k++) {
    const struct cortex_bin *b = &s->bins[k];
    printf("  %.2f..%.2f %8.0f %+9.3f %9.3f %+9.2f %9.1f %+13.2f\n", truth_bins[k],
           truth_bins[k + 1], b->n, b->error / b->n, sqrt(b->error2 / b->n),
           100 * (b->mass / b->true_mass - 1), 100 * b->rejected / (b->n + b->rejected),
           b->half_error / b->halves);
  }
  double mean = s->outer / s->outer_n;
  printf("  outer surface %+.3f +- %.3f mm, y1 %+.2f %%\n", mean,
         sqrt(s->outer2 / s->outer_n - mean * mean), 100 * s->y1_error / cases);
}

/* Bias of thickness and relative error of mass over bins from `low` mm on. */
static inline double cortex_bias(const struct cortex_score *s, double low) {
  double error = 0, n = 0;
  for (int k = 0; k < TRUTH_BINS; k++)
    if (truth_bins[k] >= low - 1e-9) error += s->bins[k].error, n += s->bins[k].n;
  return error / n;
}

static inline double cortex_mass_error(const struct cortex_score *s, double low) {
  double mass = 0, truth = 0;
  for (int k = 0; k < TRUTH_BINS; k++)
    if (truth_bins[k] >= low - 1e-9) mass += s->bins[k].mass, truth += s->bins[k].true_mass;
  return mass / truth - 1;
}

#endif
