/* A simple femur of capsules for tests: head, neck, trochanter and shaft with a dense shell. LPS
 * mm, right femur (medial is +x); `left` mirrors it in x. The frame is exact. */
#ifndef QCT_TESTS_FEA_DIGITAL_FEMUR_H
#define QCT_TESTS_FEA_DIGITAL_FEMUR_H

#include "core/frame.h"
#include "core/volume.h"
#include "tests/check.h"

struct digital_femur {
  struct volume *density;
  struct labels *labels;
  struct hip_frame frame;
};

static inline double capsule(struct vec3 p, struct vec3 a, struct vec3 b, double ra, double rb) {
  struct vec3 d = vec3_sub(b, a);
  double t = vec3_dot(vec3_sub(p, a), d) / vec3_dot(d, d);
  t = t < 0 ? 0 : t > 1 ? 1 : t;
  return vec3_length(vec3_sub(p, vec3_along(a, t, d))) - (ra + t * (rb - ra));
}

/* mm inside the bone (negative outside); right femur, head centre at (0, 0, 0). */
static inline double femur_depth(struct vec3 p, double *shell_mm) {
  const struct vec3 head = {0, 0, 0}, joint = {-38, 0, -32}, end = {-42, 0, -200};
  const struct vec3 tip = {-50, 0, -12}, root = {-44, 0, -40};
  double d = vec3_length(p) - 24;
  d = fmin(d, capsule(p, joint, head, 17, 16));
  d = fmin(d, capsule(p, end, joint, 14, 17));
  d = fmin(d, capsule(p, root, tip, 20, 13));
  *shell_mm = p.z < -60 ? 5 : p.z < -30 ? 3 : 1.8;
  return -d;
}

/* From the head centre along the neck axis to the lateral surface, to 0.1 mm. */
static inline double femur_lateral_mm(void) {
  const struct vec3 lateral = vec3_unit(vec3_make(-38, 0, -32));
  double shell, last = 0;
  for (double r = 0; r < 110; r += 0.1)
    if (femur_depth(vec3_scale(lateral, r), &shell) >= 0) last = r;
  return last;
}

static inline void digital_femur_make(struct digital_femur *f, double spacing, int left) {
  const double lo[3] = {-72, -30, -120}, hi[3] = {30, 30, 30};
  struct geometry g =
      geometry_make((int64_t)((hi[0] - lo[0]) / spacing), (int64_t)((hi[1] - lo[1]) / spacing),
                    (int64_t)((hi[2] - lo[2]) / spacing), spacing, spacing, spacing);
  g.origin[0] = left ? -(lo[0] + (double)(g.nx - 1) * spacing) : lo[0];
  g.origin[1] = lo[1];
  g.origin[2] = lo[2];
  memset(f, 0, sizeof *f);
  assert_ok(volume_create(&f->density, &g, QUANTITY_DENSITY));
  assert_ok(labels_create(&f->labels, &g));
  f->density->material = MATERIAL_K2HPO4;
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++) {
        struct vec3 p = geometry_to_world(&g, vec3_make((double)i, (double)j, (double)k));
        if (left) p.x = -p.x;
        double shell, depth = femur_depth(p, &shell);
        double rho = depth < 0 ? 0 : depth < shell ? 1000 : p.z < -70 ? 20 : 220 + 2 * p.z;
        f->density->voxels[geometry_index(&g, i, j, k)] = (float)rho;
        if (depth >= 0)
          f->labels->voxels[geometry_index(&g, i, j, k)] =
              left ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
      }
  const double m = left ? -1 : 1;
  struct vec3 shaft = vec3_unit(vec3_make(m * (-38 + 42), 0, -32 + 200));
  f->frame = (struct hip_frame){.side = left ? SIDE_LEFT : SIDE_RIGHT,
                                .head_radius_mm = 24,
                                .neck_axis = vec3_unit(vec3_make(m * 38, 0, 32)),
                                .neck_point = {m * -19, 0, -16},
                                .shaft_axis = shaft,
                                .shaft_point = {m * -38, 0, -20},
                                .origin = {m * -38, 0, -32},
                                .lesser_trochanter_mm = 60,
                                .distal_mm = 118,
                                .fal_mm = 24 + femur_lateral_mm()};
}

static inline void digital_femur_free(struct digital_femur *f) {
  volume_destroy(f->density);
  labels_destroy(f->labels);
}

#endif
