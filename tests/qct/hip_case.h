/* Digital hips for studies: painted once a person and kept in a folder, scanned as often as wanted.
 *
 * A person of a seed is turned by up to 10 degrees about each axis and painted at 0.7 mm pixels on
 * slices of `base` mm, blurred in the plane by the standard kernel, without noise: what is kept,
 * cut to the femur and 30 mm. The truth is computed anew each time, so that it is that of the
 * definitions of today. A scan at slices of n x base mm is the mean of n slices each, which
 * is what painting them gives, with noise of 14 HU, whole HU, as K2HPO4 by the true line of the
 * scanner. For benchmarks/hip_structure.c and tests/qct/structure_digital.c. Files hold whatever
 * this machine writes: they are a cache, not for exchange.
 */
#ifndef QCT_TESTS_HIP_CASE_H
#define QCT_TESTS_HIP_CASE_H

#include "core/filter.h"
#include "core/json.h"
#include "tests/qct/cortex_truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct hip_case {
  struct volume *clean; /* owned; HU on base slices, float, without noise */
  struct labels *labels;
  struct hip_frame frame;
  cJSON *truth;
  struct hip_body body;
};

static inline void hip_case_free(struct hip_case *c) {
  volume_destroy(c->clean);
  labels_destroy(c->labels);
  cJSON_Delete(c->truth);
  memset(c, 0, sizeof *c);
}

static inline double hip_case_turn(unsigned seed, unsigned axis) {
  unsigned h = (seed * 3 + axis) * 2654435761u;
  return 20.0 * (h >> 8) / 16777216.0 - 10;
}

static inline void hip_case_options(struct hip_phantom *h, int seed, double base) {
  hip_phantom_defaults(h);
  person_draw(&h->person, (uint64_t)seed, 0, &h->age_years, &h->sex);
  h->scan.phantom[0] = '\0';
  h->scan.table = 0;
  h->scan.spacing[0] = h->scan.spacing[1] = 0.7;
  h->scan.spacing[2] = base;
  h->scan.fov[0] = 200;
  h->scan.fov[1] = 170;
  h->scan.scanner.noise_hu = 0;
  h->scan.scanner.quantise = false;
  for (unsigned a = 0; a < 3; a++) h->scan.pose[a] = hip_case_turn((unsigned)seed, a);
}

static inline status hip_case_body(struct hip_body *b, int seed) {
  status st = ST_OK;
  struct hip_phantom h;
  struct tissue_table tissue;
  hip_case_options(&h, seed, 1);
  TRY(scan_setup_tissue(&tissue, &h.scan, h.person.fat_density, h.person.marrow_yellow));
  hip_body_init(b, &h.person, &tissue, h.scan.pose);
done:
  return st;
}

static inline status hip_case_crop(struct hip_case *c, struct phantom_result *r) {
  status st = ST_OK;
  int64_t lo[3], hi[3];
  const double margin = 30;
  labels_box(r->labels, LABEL_FEMUR_LEFT, lo, hi);
  for (int a = 0; a < 3; a++) {
    int64_t pad = (int64_t)ceil(margin / r->ct->grid.spacing[a]);
    lo[a] -= pad;
    hi[a] += pad;
  }
  TRY(filter_crop(&c->clean, r->ct, lo, hi));
  TRY(filter_crop_labels(&c->labels, r->labels, lo, hi));
done:
  return st;
}

static inline status hip_case_paint(struct hip_case *out, int seed, double base) {
  status st = ST_OK;
  struct phantom_result r = {0};
  struct hip_phantom h;
  struct hip_case c = {0};
  hip_case_options(&h, seed, base);
  TRY(hip_phantom_make(&r, &h));
  TRY(hip_case_crop(&c, &r));
  c.frame = r.frame;
  c.truth = r.truth;
  r.truth = NULL;
  *out = c;
  c = (struct hip_case){0};
done:
  phantom_result_free(&r);
  hip_case_free(&c);
  return st;
}

static inline void hip_case_path(char out[600], const char *folder, int seed, double base,
                                 const char *what) {
  snprintf(out, 600, "%s/hip_%04d_%g.%s", folder, seed, base, what);
}

/* Written aside and renamed, so that a killed run leaves nothing half done. */
static inline status hip_case_save(const struct hip_case *c, const char *folder, int seed,
                                   double base) {
  status st = ST_OK;
  char path[600], aside[600], truth[600];
  FILE *f = NULL;
  hip_case_path(path, folder, seed, base, "bin");
  hip_case_path(aside, folder, seed, base, "part");
  hip_case_path(truth, folder, seed, base, "json");
  TRY(json_write(c->truth, truth, true));
  size_t n = (size_t)geometry_voxels(&c->clean->grid);
  f = fopen(aside, "wb");
  CHECK(f && fwrite(&c->clean->grid, sizeof c->clean->grid, 1, f) == 1 &&
            fwrite(c->clean->voxels, sizeof(float), n, f) == n &&
            fwrite(c->labels->voxels, sizeof(uint16_t), n, f) == n,
        ST_IO, "digital hip %d: cannot write into the folder of the study", seed);
done:
  if (f && fclose(f) == 0 && st == ST_OK) rename(aside, path);
  return st;
}

/* ST_IO when it was not painted yet. */
static inline status hip_case_load(struct hip_case *out, const char *folder, int seed,
                                   double base) {
  status st = ST_OK;
  char path[600];
  struct hip_case c = {0};
  struct geometry g;
  hip_case_path(path, folder, seed, base, "bin");
  FILE *f = fopen(path, "rb");
  CHECK(f && fread(&g, sizeof g, 1, f) == 1, ST_IO, "digital hip %d: not painted", seed);
  TRY(volume_create(&c.clean, &g, QUANTITY_HU));
  TRY(labels_create(&c.labels, &g));
  size_t n = (size_t)geometry_voxels(&g);
  CHECK(fread(c.clean->voxels, sizeof(float), n, f) == n &&
            fread(c.labels->voxels, sizeof(uint16_t), n, f) == n,
        ST_IO, "digital hip %d: its file is cut", seed);
  hip_case_path(path, folder, seed, base, "json");
  TRY(json_read(&c.truth, path));
  TRY(hip_frame_from_json(&c.frame, json_find(c.truth, "frame"), "truth"));
  *out = c;
  c = (struct hip_case){0};
done:
  if (f) fclose(f);
  hip_case_free(&c);
  return st;
}

/* Frame, sections and projection of a hip painted earlier, by the definitions of today. */
static inline status hip_case_renew(struct hip_case *c) {
  status st = ST_OK;
  struct hip_phantom h;
  struct hip_truth t;
  hip_case_options(&h, 0, 1);
  TRY(hip_truth_compute(&t, &c->body, SIDE_LEFT, &c->clean->grid, h.truth_step_mm));
  c->frame = t.frame;
  cJSON_ReplaceItemInObject(c->truth, "structure", structure_truth_json(&t.structure));
  cJSON_ReplaceItemInObject(c->truth, "projected", hip_truth_projected_json(&t));
  cJSON_ReplaceItemInObject(c->truth, "frame", hip_frame_to_json(&t.frame));
done:
  return st;
}

/* Out of the folder, or painted and put there. */
static inline status hip_case_get(struct hip_case *out, const char *folder, int seed, double base) {
  status st = ST_OK;
  bool painted = false;
  if (hip_case_load(out, folder, seed, base) != ST_OK) {
    status_clear();
    painted = true;
    TRY(hip_case_paint(out, seed, base));
    TRY(hip_case_save(out, folder, seed, base));
  }
  TRY(hip_case_body(&out->body, seed));
  out->body.femur.person = &out->body.person;
  if (!painted) TRY(hip_case_renew(out));
done:
  return st;
}

/* Mean of n slices each; the label is that of the middle one. */
static inline status hip_case_slices(struct volume **hu, struct labels **labels,
                                     const struct hip_case *c, int n) {
  status st = ST_OK;
  struct geometry g = c->clean->grid;
  int64_t plane = g.nx * g.ny;
  struct vec3 first = geometry_to_world(&g, vec3_make(0, 0, 0.5 * (n - 1)));
  g.origin[0] = first.x;
  g.origin[1] = first.y;
  g.origin[2] = first.z;
  g.nz /= n;
  g.spacing[2] *= n;
  TRY(volume_create(hu, &g, QUANTITY_HU));
  TRY(labels_create(labels, &g));
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t i = 0; i < plane; i++) {
      float sum = 0;
      for (int m = 0; m < n; m++) sum += c->clean->voxels[(k * n + m) * plane + i];
      (*hu)->voxels[k * plane + i] = sum / (float)n;
      (*labels)->voxels[k * plane + i] = c->labels->voxels[(k * n + n / 2) * plane + i];
    }
  (*hu)->acquisition.slice_thickness_mm = g.spacing[2];
done:
  return st;
}

/* The scan at slices of n x base as density. */
static inline status hip_case_scan(struct volume **density, struct labels **labels,
                                   const struct hip_case *c, int seed, int n, double noise_hu) {
  status st = ST_OK;
  struct scanner_options o = SCANNER_DEFAULTS;
  double slope, intercept;
  struct volume *v = NULL;
  TRY(hip_case_slices(&v, labels, c, n));
  o.seed = (uint64_t)seed + 1;
  o.noise_hu = noise_hu;
  TRY(scanner_noise(v, &o));
  TRY(json_get_number(&slope, c->truth, "physics.calibration.k2hpo4.slope", "truth"));
  TRY(json_get_number(&intercept, c->truth, "physics.calibration.k2hpo4.intercept", "truth"));
  for (int64_t i = 0, m = geometry_voxels(&v->grid); i < m; i++)
    v->voxels[i] = (float)(slope * nearbyint((double)v->voxels[i]) + intercept);
  v->quantity = QUANTITY_DENSITY;
  v->material = MATERIAL_K2HPO4;
  *density = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}

#endif
