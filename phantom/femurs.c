#include "phantom/femurs.h"

#include "core/parallel.h"
#include "core/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double tissue_hu = 40, air_hu = -1000, hu_per_density = 1.2, cortex_mgcc = 900;
static const double thigh_mm = 44; /* radius; 44 of the 48 mm half field */
enum { SUB = 2 };

static double within(uint64_t seed, uint64_t draw, double low, double high) {
  return low + (high - low) * random_uniform(seed, 4100, draw);
}

void femur_body_draw(struct femur_body *b, uint64_t seed) {
  memset(b, 0, sizeof *b);
  b->vbmd_mgcc = within(seed, 0, 20, 200);
  b->cortex_mm = within(seed, 1, 1.5, 3);
  b->scale = within(seed, 2, 0.92, 1.08);
  for (int a = 0; a < 3; a++) {
    b->turn_deg[a] = within(seed, 10 + (uint64_t)a, -10, 10);
    b->shift_mm[a] = within(seed, 20 + (uint64_t)a, -4, 4);
  }
  b->noise_hu = 20;
  b->abmd_gcm2 = NAN;
}

/* distance of a point to a segment */
static double segment(struct vec3 p, struct vec3 a, struct vec3 b) {
  struct vec3 u = vec3_sub(b, a), w = vec3_sub(p, a);
  double t = vec3_dot(w, u) / vec3_dot(u, u);
  t = t < 0 ? 0 : t > 1 ? 1 : t;
  return vec3_length(vec3_sub(w, vec3_scale(u, t)));
}

/* depth below the surface of the joined body at scale 1, > 0 inside; frame of the bone: x medial, z
 * up
 */
static double depth(struct vec3 p) {
  const struct vec3 head = {18, 0, 24}, corner = {-14, 0, 4}, end = {-14, 0, -80};
  double d = 17 - vec3_length(vec3_sub(p, head));
  d = fmax(d, 11 - segment(p, head, corner));
  return fmax(d, 13 - segment(p, corner, end));
}

struct pose {
  double turn[9];
  struct vec3 shift;
  double scale;
};

static void pose_make(struct pose *o, const struct femur_body *b) {
  const double deg = 3.14159265358979323846 / 180;
  double c[3], s[3];
  for (int a = 0; a < 3; a++) c[a] = cos(b->turn_deg[a] * deg), s[a] = sin(b->turn_deg[a] * deg);
  const double r[9] = {c[1] * c[2],
                       c[2] * s[0] * s[1] - c[0] * s[2],
                       c[0] * c[2] * s[1] + s[0] * s[2],
                       c[1] * s[2],
                       c[0] * c[2] + s[0] * s[1] * s[2],
                       c[0] * s[1] * s[2] - c[2] * s[0],
                       -s[1],
                       c[1] * s[0],
                       c[0] * c[1]};
  memcpy(o->turn, r, sizeof r);
  o->shift = vec3_make(b->shift_mm[0], b->shift_mm[1], b->shift_mm[2]);
  o->scale = b->scale;
}

/* density at a world point, and whether it is bone, thigh or air (2, 1, 0) */
static int at_point(double *density, struct vec3 p, const struct pose *o,
                    const struct femur_body *b) {
  struct vec3 q = vec3_sub(p, o->shift);
  const double *r = o->turn;
  struct vec3 local = vec3_scale(vec3_make(r[0] * q.x + r[3] * q.y + r[6] * q.z,
                                           r[1] * q.x + r[4] * q.y + r[7] * q.z,
                                           r[2] * q.x + r[5] * q.y + r[8] * q.z),
                                 1 / o->scale);
  double d = depth(local) * o->scale;
  *density = d <= 0 ? 0 : d < b->cortex_mm ? cortex_mgcc : b->vbmd_mgcc;
  if (d > 0) return 2;
  return p.x * p.x + p.y * p.y < thigh_mm * thigh_mm;
}

/* One voxel: mean HU and density and share of bone over its samples. */
static void voxel_mean(double *hu, double *density, double *bone, struct vec3 centre,
                       double spacing, const struct pose *o, const struct femur_body *b) {
  *hu = *density = *bone = 0;
  for (int s = 0; s < SUB * SUB * SUB; s++) {
    double f[3] = {(s % SUB + 0.5) / SUB - 0.5, (s / SUB % SUB + 0.5) / SUB - 0.5,
                   (s / (SUB * SUB) + 0.5) / SUB - 0.5};
    struct vec3 p =
        vec3_make(centre.x + f[0] * spacing, centre.y + f[1] * spacing, centre.z + f[2] * spacing);
    double rho;
    int what = at_point(&rho, p, o, b);
    *density += rho / (SUB * SUB * SUB);
    *bone += (what == 2) / (double)(SUB * SUB * SUB);
    *hu += (what ? tissue_hu + hu_per_density * rho : air_hu) / (SUB * SUB * SUB);
  }
}

/* mass over the area of the columns (along y) that hold bone, weighted by their largest share */
static double areal(const double *density, const double *bone, int n, double spacing) {
  double mass = 0, area = 0;
  for (int k = 0; k < n; k++)
    for (int i = 0; i < n; i++) {
      double most = 0;
      for (int j = 0; j < n; j++) {
        int64_t at = ((int64_t)k * n + j) * n + i;
        mass += density[at] * spacing * spacing * spacing / 1000; /* mg */
        most = fmax(most, bone[at]);
      }
      area += most * spacing * spacing / 100; /* cm2 */
    }
  return mass / 1000 / area;
}

status femur_body_render(struct volume **ct, struct labels **labels, struct femur_body *b,
                         int voxels, double spacing_mm, uint64_t seed) {
  status st = ST_OK;
  struct volume *v = NULL;
  struct labels *l = NULL;
  double *density = NULL, *bone = NULL;
  struct pose o;
  CHECK(voxels >= 8 && voxels <= 256, ST_DOMAIN, "femur body: %d voxels a side; 8 to 256", voxels);
  CHECK(spacing_mm >= 0.3 && spacing_mm <= 12, ST_DOMAIN, "femur body: spacing %g mm; 0.3 to 12",
        spacing_mm);
  struct geometry g = geometry_make(voxels, voxels, voxels, spacing_mm, spacing_mm, spacing_mm);
  for (int a = 0; a < 3; a++) g.origin[a] = -(voxels - 1) * spacing_mm / 2;
  TRY(volume_create(&v, &g, QUANTITY_HU));
  TRY(labels_create(&l, &g));
  TRY(labels_set_name(l, LABEL_FEMUR_RIGHT, "femur_right"));
  int64_t n = geometry_voxels(&g);
  density = malloc((size_t)n * sizeof *density);
  bone = malloc((size_t)n * sizeof *bone);
  CHECK(density && bone, ST_MEMORY, "femur body of %lld voxels", (long long)n);
  pose_make(&o, b);
  int threads = parallel_threads();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t i = 0; i < n; i++) {
    struct vec3 index = vec3_make((double)(i % voxels), (double)(i / voxels % voxels),
                                  (double)(i / ((int64_t)voxels * voxels)));
    double hu;
    voxel_mean(&hu, &density[i], &bone[i], geometry_to_world(&g, index), spacing_mm, &o, b);
    v->voxels[i] = (float)round(hu + b->noise_hu * random_normal(seed, 4200, (uint64_t)i));
    l->voxels[i] = bone[i] >= 0.5 ? LABEL_FEMUR_RIGHT : 0;
  }
  b->abmd_gcm2 = areal(density, bone, voxels, spacing_mm);
  *ct = v;
  *labels = l;
  v = NULL;
  l = NULL;
done:
  free(density);
  free(bone);
  volume_destroy(v);
  labels_destroy(l);
  return st;
}
