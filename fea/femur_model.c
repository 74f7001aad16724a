#include "fea/femur_model.h"

#include "fea/bone_check.h"
#include "fea/outline.h"
#include "fea/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double degree = 3.14159265358979323846 / 180;

struct femur_pose femur_pose_fall(const struct hip_frame *frame, double tilt_deg,
                                  double rotation_deg, double distal_mm) {
  struct vec3 f[3];
  hip_frame_axes(frame, f);
  /* y of the frame points to the back on the right side, to the front on the left */
  const double back = frame->side == SIDE_UNKNOWN ? (f[1].y > 0 ? 1 : -1)
                      : frame->side == SIDE_RIGHT ? 1
                                                  : -1;
  const struct vec3 posterior = vec3_scale(f[1], back);
  const double ct = cos(tilt_deg * degree), st = sin(tilt_deg * degree);
  const double cr = cos(rotation_deg * degree), sr = sin(rotation_deg * degree);
  const struct vec3 medial = vec3_along(vec3_scale(f[0], cr), -sr, posterior);
  struct femur_pose pose = {.head = frame->head, .shaft = f[2], .distal_mm = distal_mm};
  pose.axis[0] = vec3_along(vec3_scale(posterior, cr), sr, f[0]);
  pose.axis[1] = vec3_along(vec3_scale(medial, ct), -st, f[2]);
  pose.axis[2] = vec3_along(vec3_scale(medial, st), ct, f[2]);
  return pose;
}

double femur_distal_limit_mm(const struct hip_frame *frame) {
  const double margin_mm = 5; /* a slice plane is not square to the shaft */
  return frame->distal_mm - margin_mm;
}

static bool above_cut(const struct femur_pose *pose, struct vec3 world) {
  return vec3_dot(vec3_sub(world, pose->head), pose->shaft) >= -pose->distal_mm;
}

/* Extent of the label above the cut in pose coordinates relative to the head [mm]. */
static status find_extent(double low[3], double high[3], const struct labels *labels, int label,
                          const struct femur_pose *pose) {
  status st = ST_OK;
  const struct geometry *g = &labels->grid;
  int64_t a[3], b[3], count = 0;
  char absent[256];
  CHECK(labels_box(labels, label, a, b), ST_DOMAIN, "bone model: %s",
        labels_absent(absent, labels, label));
  for (int d = 0; d < 3; d++) {
    low[d] = INFINITY;
    high[d] = -INFINITY;
  }
  for (int64_t k = a[2]; k <= b[2]; k++)
    for (int64_t j = a[1]; j <= b[1]; j++)
      for (int64_t i = a[0]; i <= b[0]; i++) {
        if (labels->voxels[geometry_index(g, i, j, k)] != label) continue;
        struct vec3 w = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        if (!above_cut(pose, w)) continue;
        count++;
        for (int d = 0; d < 3; d++) {
          double at = vec3_dot(vec3_sub(w, pose->head), pose->axis[d]);
          low[d] = fmin(low[d], at);
          high[d] = fmax(high[d], at);
        }
      }
  CHECK(count > 0, ST_DOMAIN,
        "bone model: no voxel of label %d lies within %.0f mm below the head centre; the frame and "
        "the labels do not belong together",
        label, pose->distal_mm);
done:
  return st;
}

/* Lattice through the head centre that covers the extent. */
static struct geometry make_grid(const double low[3], const double high[3], double margin_mm,
                                 const struct femur_pose *pose, double h, double ct_mm) {
  struct geometry g = geometry_make(1, 1, 1, h, h, h);
  int64_t n[3];
  struct vec3 origin = pose->head;
  for (int d = 0; d < 3; d++) {
    double margin = ct_mm + margin_mm;
    int64_t a = (int64_t)floor((low[d] - margin) / h), b = (int64_t)ceil((high[d] + margin) / h);
    n[d] = b - a + 1;
    origin = vec3_along(origin, (double)a * h, pose->axis[d]);
    g.direction[d] = pose->axis[d].x;
    g.direction[3 + d] = pose->axis[d].y;
    g.direction[6 + d] = pose->axis[d].z;
  }
  g.nx = n[0], g.ny = n[1], g.nz = n[2];
  g.origin[0] = origin.x, g.origin[1] = origin.y, g.origin[2] = origin.z;
  return g;
}

/* Compatibility with FAIM and Ogo: equal bins between the least and the largest non-zero density of
 * the bone, each value replaced by the centre of its bin. Source: ogo. */
static void bin_densities(float *density, const uint8_t *inside, int64_t n, int bins) {
  double low = INFINITY, high = -INFINITY;
  for (int64_t v = 0; v < n; v++) {
    if (!inside[v] || density[v] == 0) continue;
    low = fmin(low, (double)density[v]);
    high = fmax(high, (double)density[v]);
  }
  const double width = (high - low) / bins;
  if (!(width > 0)) return;
  for (int64_t v = 0; v < n; v++) {
    if (!inside[v] || density[v] == 0) continue;
    const double bin = fmin(floor(((double)density[v] - low) / width), bins - 1);
    density[v] = (float)(low + (bin + 0.5) * width);
  }
}

static const struct fea_law *law_of(const struct femur_model_options *o) {
  return o->user_law ? o->user_law : fea_law_at(o->law);
}

/* The bone as a smooth solid in pose coordinates. */
static status make_domain(struct femur_model *f, const struct labels *labels, int label,
                          const struct femur_model_options *o) {
  const struct femur_pose *pose = &f->pose;
  const struct tet_frame frame = {pose->head, {pose->axis[0], pose->axis[1], pose->axis[2]}};
  const struct tet_plane cut = {vec3_make(vec3_dot(pose->shaft, pose->axis[0]),
                                          vec3_dot(pose->shaft, pose->axis[1]),
                                          vec3_dot(pose->shaft, pose->axis[2])),
                                -pose->distal_mm};
  return tet_domain_create(&f->domain, labels, label, &frame, &cut, o->smooth_mm, o->grow_mm);
}

static void count_bone(struct femur_model *f, double least_mpa) {
  const struct fea_model *m = f->model;
  double sum = 0;
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
    if (!(f->share[v] >= 0.5f)) continue;
    f->bone_voxels++;
    f->floor_voxels += (double)m->modulus[v] <= 1.0001 * least_mpa * (double)f->share[v];
    sum += (double)(m->modulus[v] / f->share[v]);
  }
  if (f->bone_voxels) f->mean_modulus_mpa = sum / (double)f->bone_voxels;
}

/* density [mg/cm3] -> the law's density [g/cm3] and modulus; `density` is replaced. */
static void fill_moduli(struct femur_model *f, float *density, const uint8_t *inside,
                        const struct femur_model_options *o) {
  struct fea_model *m = f->model;
  const struct fea_law *law = law_of(o);
  const int64_t n = geometry_voxels(&m->grid);
  double sum = 0;
  for (int64_t v = 0; v < n; v++) {
    const int64_t i = v % m->grid.nx, j = v / m->grid.nx % m->grid.ny;
    const int64_t k = v / (m->grid.nx * m->grid.ny);
    struct vec3 w = geometry_to_world(&m->grid, vec3_make((double)i, (double)j, (double)k));
    if (!inside[v] || !above_cut(&f->pose, w)) {
      density[v] = NAN;
      continue;
    }
    double rho = (double)density[v];
    rho += o->shift_mgcc[0] + (o->shift_mgcc[1] - o->shift_mgcc[0]) * rho / 1000;
    const double taken = f->map.slope * rho / 1000 + f->map.intercept;
    double e = fea_law_modulus(law, taken);
    f->floor_voxels += e <= o->least_mpa;
    if (e < o->least_mpa) e = o->least_mpa;
    density[v] = (float)taken;
    m->modulus[v] = (float)e;
    m->part[v] = FEA_BONE;
    f->bone_voxels++;
    sum += e;
  }
  if (f->bone_voxels) f->mean_modulus_mpa = sum / (double)f->bone_voxels;
}

status femur_model_create(struct femur_model **out, const struct volume *density,
                          const struct labels *labels, int label, const struct femur_pose *pose,
                          double margin_mm, const struct femur_model_options *o) {
  status st = ST_OK;
  struct femur_model *f = calloc(1, sizeof *f);
  uint8_t *inside = NULL;
  double low[3], high[3];
  int64_t no_data = 0;
  const double *ct = density->grid.spacing;

  CHECK(f, ST_MEMORY, "bone model: no memory");
  CHECK(density->quantity == QUANTITY_DENSITY, ST_DOMAIN,
        "bone model: the volume is of %s, needed is a density [mg/cm3]; calibrate it first",
        quantity_name(density->quantity));
  CHECK(law_of(o), ST_USAGE, "bone model: material law %d is not in the table", o->law);
  f->pose = *pose;
  TRY(fea_density_map_make(&f->map, law_of(o), density->material, o->conversion));
  TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.01));
  TRY(fea_bone_check(density, labels, label));
  TRY(find_extent(low, high, labels, label, pose));
  struct geometry grid =
      make_grid(low, high, margin_mm, pose, o->size_mm, fmax(ct[0], fmax(ct[1], ct[2])));
  TRY(fea_model_create(&f->model, &grid, o->poisson));
  const size_t n = (size_t)geometry_voxels(&grid);
  f->model->density = malloc(n * sizeof *f->model->density);
  if (o->outline == FEA_OUTLINE_SMOOTH) {
    CHECK(f->model->density, ST_MEMORY, "bone model: no memory for %zu voxels", n);
    TRY(make_domain(f, labels, label, o));
    TRY(fea_outline_fill(f, density, o));
    count_bone(f, o->least_mpa);
    goto filled;
  }
  inside = malloc(n);
  CHECK(f->model->density && inside, ST_MEMORY, "bone model: no memory for %zu voxels", n);
  TRY(fea_sample(f->model->density, inside, &no_data, &grid, density, labels, label));
  CHECK(!no_data, ST_DOMAIN,
        "bone model: the density has no data in %lld elements of the bone (of %g mm)",
        (long long)no_data, o->size_mm);
  if (o->bins > 0) bin_densities(f->model->density, inside, (int64_t)n, o->bins);
  fill_moduli(f, f->model->density, inside, o);
filled:
  CHECK(f->bone_voxels > 0, ST_DOMAIN,
        "bone model: label %d fills no element of %g mm; use smaller elements", label, o->size_mm);
  CHECK(2 * f->floor_voxels < f->bone_voxels, ST_DOMAIN,
        "bone model: %lld of %lld elements are at the floor of %g MPa: the density is not that of "
        "bone (unit mg/cm3? right label?)",
        (long long)f->floor_voxels, (long long)f->bone_voxels, o->least_mpa);
  *out = f;
  f = NULL;
done:
  free(inside);
  femur_model_destroy(f);
  return st;
}

void femur_model_destroy(struct femur_model *f) {
  if (!f) return;
  fea_model_destroy(f->model);
  tet_domain_destroy(f->domain);
  free(f->share);
  free(f);
}

/* Centroid and reach, across the shaft, of the bone within two elements of the distal cut. */
static void distal_section(const struct femur_model *f, struct vec3 *centre, double *radius_mm) {
  const struct fea_model *m = f->model;
  const double low = -f->pose.distal_mm, high = low + 2 * m->grid.spacing[0];
  struct vec3 sum = {0, 0, 0};
  int64_t count = 0;
  *radius_mm = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
      if (m->part[v] != FEA_BONE) continue;
      const int64_t i = v % m->grid.nx, j = v / m->grid.nx % m->grid.ny;
      const int64_t k = v / (m->grid.nx * m->grid.ny);
      const struct vec3 w = geometry_to_world(&m->grid, vec3_make((double)i, (double)j, (double)k));
      const double d = vec3_dot(vec3_sub(w, f->pose.head), f->pose.shaft);
      if (d < low || d > high) continue;
      const struct vec3 flat = vec3_along(w, low - d, f->pose.shaft); /* onto the cut */
      if (pass)
        *radius_mm = fmax(*radius_mm, vec3_length(vec3_sub(flat, *centre)));
      else
        sum = vec3_add(sum, flat), count++;
    }
    if (!pass && count) *centre = vec3_scale(sum, 1. / (double)count);
  }
}

status femur_model_hinge(struct femur_model *f, double thick_mm, double modulus_mpa) {
  status st = ST_OK;
  struct fea_model *m = f->model;
  struct vec3 centre = f->pose.head;
  double radius = 0;
  int64_t count = 0;
  distal_section(f, &centre, &radius);
  CHECK(radius > 0, ST_DOMAIN, "hinge: no bone at the distal cut, %.0f mm below the head",
        f->pose.distal_mm);
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
    const int64_t i = v % m->grid.nx, j = v / m->grid.nx % m->grid.ny;
    const int64_t k = v / (m->grid.nx * m->grid.ny);
    const struct vec3 w = geometry_to_world(&m->grid, vec3_make((double)i, (double)j, (double)k));
    const struct vec3 from = vec3_sub(w, centre);
    const double d = vec3_dot(from, f->pose.shaft);
    if (d >= 0 || d < -thick_mm || m->part[v] != FEA_VOID) continue;
    if (vec3_length(vec3_along(from, -d, f->pose.shaft)) > radius) continue;
    m->part[v] = FEA_CAP;
    m->modulus[v] = (float)modulus_mpa;
  }
  const struct vec3 at =
      geometry_to_index(&m->grid, vec3_along(centre, -thick_mm / 2, f->pose.shaft));
  const int64_t j = (int64_t)floor(at.y + 1), k = (int64_t)floor(at.z + 1); /* nearest node */
  for (int64_t i = 0; i <= m->grid.nx; i++) {
    if (!fea_model_node_active(m, i, j, k)) continue;
    for (int axis = 0; axis < 3; axis++) TRY(fea_model_fix(m, fea_model_node(m, i, j, k), axis, 0));
    count++;
  }
  CHECK(count > 1, ST_DOMAIN, "hinge: no room in the grid below the distal cut");
done:
  return st;
}

status femur_model_fix_distal(struct femur_model *f, int axis, double value_mm) {
  status st = ST_OK;
  struct fea_model *m = f->model;
  const double reach = m->grid.spacing[0] - f->pose.distal_mm;
  int64_t count = 0;
  for (int64_t k = 0; k <= m->grid.nz; k++)
    for (int64_t j = 0; j <= m->grid.ny; j++)
      for (int64_t i = 0; i <= m->grid.nx; i++) {
        const int64_t node = fea_model_node(m, i, j, k);
        const struct vec3 from_head = vec3_sub(fea_model_node_world(m, node), f->pose.head);
        if (vec3_dot(from_head, f->pose.shaft) > reach || !fea_model_node_active(m, i, j, k))
          continue;
        TRY(fea_model_fix(m, node, axis, value_mm));
        count++;
      }
  CHECK(count > 0, ST_DOMAIN, "bone model: no node at the distal cut, %.0f mm below the head",
        f->pose.distal_mm);
done:
  return st;
}
