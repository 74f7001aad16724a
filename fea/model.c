#include "fea/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status fea_model_create(struct fea_model **out, const struct geometry *grid, double poisson) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  const double *h = grid->spacing;

  TRY(geometry_check(grid, 16));
  CHECK(fabs(h[1] - h[0]) <= 1e-6 * h[0] && fabs(h[2] - h[0]) <= 1e-6 * h[0], ST_DOMAIN,
        "voxel model: elements are cubes, the grid has spacing %g x %g x %g mm; resample it first",
        h[0], h[1], h[2]);
  CHECK(grid->nx < INT32_MAX / 4 && grid->ny < INT32_MAX / 4 && grid->nz < INT32_MAX / 4, ST_DOMAIN,
        "voxel model: %lld x %lld x %lld voxels are too many along one axis", (long long)grid->nx,
        (long long)grid->ny, (long long)grid->nz);
  CHECK(poisson >= -0.99 && poisson <= 0.499, ST_DOMAIN,
        "voxel model: Poisson's ratio %g is outside -0.99 .. 0.499", poisson);
  m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "voxel model: no memory");
  m->grid = *grid;
  m->poisson = poisson;
  fea_elasticity_isotropic(&m->unit, poisson);
  m->modulus = calloc((size_t)geometry_voxels(grid), sizeof *m->modulus);
  m->part = calloc((size_t)geometry_voxels(grid), sizeof *m->part);
  CHECK(m->modulus && m->part, ST_MEMORY, "voxel model: no memory for %lld voxels",
        (long long)geometry_voxels(grid));
  snprintf(m->cases[0].name, sizeof m->cases[0].name, "1");
  m->case_count = 1;
  *out = m;
  m = NULL;
done:
  fea_model_destroy(m);
  return st;
}

status fea_model_orthotropic(struct fea_model *m, const struct fea_orthotropy *ratio) {
  status st = ST_OK;
  TRY(fea_elasticity_orthotropic(&m->unit, ratio));
  m->ratio = *ratio;
  m->orthotropic = true;
done:
  return st;
}

status fea_model_isotropic(const struct fea_model *m, const char *what) {
  status st = ST_OK;
  CHECK(!m->orthotropic, ST_UNSUPPORTED, "%s: the model is orthotropic, only isotropic ones can",
        what);
done:
  return st;
}

void fea_model_destroy(struct fea_model *m) {
  if (!m) return;
  for (int c = 0; c < FEA_CASES; c++) {
    free(m->cases[c].value_mm);
    free(m->cases[c].force);
  }
  fea_rows_clear(&m->rows);
  free(m->prescribed);
  free(m->fixed);
  free(m->modulus);
  free(m->part);
  free(m->density);
  free(m);
}

void fea_model_node_index(const struct fea_model *m, int64_t node, int64_t ijk[3]) {
  int64_t nx = m->grid.nx + 1, ny = m->grid.ny + 1;
  ijk[0] = node % nx;
  ijk[1] = node / nx % ny;
  ijk[2] = node / (nx * ny);
}

bool fea_model_node_active(const struct fea_model *m, int64_t i, int64_t j, int64_t k) {
  for (int c = 0; c < 8; c++) {
    int64_t a = i - (c & 1), b = j - (c >> 1 & 1), d = k - (c >> 2);
    if (geometry_inside(&m->grid, a, b, d) && m->modulus[geometry_index(&m->grid, a, b, d)] > 0)
      return true;
  }
  return false;
}

struct vec3 fea_model_node_world(const struct fea_model *m, int64_t node) {
  int64_t at[3];
  fea_model_node_index(m, node, at);
  return geometry_to_world(
      &m->grid, vec3_make((double)at[0] - 0.5, (double)at[1] - 0.5, (double)at[2] - 0.5));
}

status fea_model_add_case(struct fea_model *m, const char *name) {
  status st = ST_OK;
  CHECK(m->case_count < FEA_CASES, ST_DOMAIN, "voxel model: more than %d load cases", FEA_CASES);
  snprintf(m->cases[m->case_count].name, sizeof m->cases[0].name, "%s", name);
  m->case_count++;
done:
  return st;
}

/* The node exists and an element touches it. */
static status check_node(const struct fea_model *m, int64_t node, int axis, double value,
                         const char *what) {
  status st = ST_OK;
  int64_t at[3], nodes = (m->grid.nx + 1) * (m->grid.ny + 1) * (m->grid.nz + 1);
  CHECK(!m->finished, ST_USAGE, "voxel model: a %s was added after the model was finished", what);
  CHECK(node >= 0 && node < nodes, ST_DOMAIN, "voxel model: %s on node %lld, there are %lld nodes",
        what, (long long)node, (long long)nodes);
  CHECK(axis >= 0 && axis < 3, ST_DOMAIN, "voxel model: %s along axis %d, there are 0, 1, 2", what,
        axis);
  fea_model_node_index(m, node, at);
  CHECK(isfinite(value), ST_DOMAIN, "voxel model: %s of %g on node (%lld, %lld, %lld)", what, value,
        (long long)at[0], (long long)at[1], (long long)at[2]);
  CHECK(fea_model_node_active(m, at[0], at[1], at[2]), ST_DOMAIN,
        "voxel model: %s on node (%lld, %lld, %lld), which no element touches", what,
        (long long)at[0], (long long)at[1], (long long)at[2]);
done:
  return st;
}

status fea_model_fix(struct fea_model *m, int64_t node, int axis, double value_mm) {
  status st = ST_OK;
  TRY(check_node(m, node, axis, value_mm, "displacement [mm]"));
  if (m->prescribed_count == m->prescribed_capacity) {
    int64_t capacity = m->prescribed_capacity ? 2 * m->prescribed_capacity : 1024;
    struct fea_prescription *more =
        realloc(m->prescribed, (size_t)capacity * sizeof *m->prescribed);
    CHECK(more, ST_MEMORY, "voxel model: no memory for %lld supports", (long long)capacity);
    m->prescribed = more;
    m->prescribed_capacity = capacity;
  }
  m->prescribed[m->prescribed_count++] = (struct fea_prescription){
      .node = node, .axis = axis, .load_case = m->case_count - 1, .value_mm = value_mm};
done:
  return st;
}

status fea_model_fix_plane(struct fea_model *m, int plane_axis, int64_t index, int axis,
                           double value_mm) {
  status st = ST_OK;
  int64_t low[3] = {0, 0, 0}, high[3] = {m->grid.nx, m->grid.ny, m->grid.nz};
  int64_t before = m->prescribed_count;
  CHECK(index >= 0 && index <= high[plane_axis], ST_DOMAIN,
        "voxel model: node plane %lld along axis %d, there are 0 .. %lld", (long long)index,
        plane_axis, (long long)high[plane_axis]);
  low[plane_axis] = high[plane_axis] = index;
  for (int64_t k = low[2]; k <= high[2]; k++)
    for (int64_t j = low[1]; j <= high[1]; j++)
      for (int64_t i = low[0]; i <= high[0]; i++)
        if (fea_model_node_active(m, i, j, k))
          TRY(fea_model_fix(m, fea_model_node(m, i, j, k), axis, value_mm));
  CHECK(m->prescribed_count > before, ST_DOMAIN,
        "voxel model: no element touches node plane %lld along axis %d", (long long)index,
        plane_axis);
done:
  return st;
}

status fea_model_load(struct fea_model *m, int64_t node, int axis, double newton) {
  status st = ST_OK;
  struct fea_case *c = &m->cases[m->case_count - 1];
  TRY(check_node(m, node, axis, newton, "force [N]"));
  if (c->force_count == c->force_capacity) {
    int64_t capacity = c->force_capacity ? 2 * c->force_capacity : 256;
    struct fea_force *more = realloc(c->force, (size_t)capacity * sizeof *c->force);
    CHECK(more, ST_MEMORY, "voxel model: no memory for %lld forces", (long long)capacity);
    c->force = more;
    c->force_capacity = capacity;
  }
  c->force[c->force_count++] = (struct fea_force){.node = node, .axis = axis, .newton = newton};
done:
  return st;
}
