#include "fea/parosol.h"

#include "core/file.h"
#include "core/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const fixed_names[2] = {"Image_Data/Fixed_Displacement_Coordinates",
                                           "Image_Data/Fixed_Displacement_Values"};
static const char *const force_names[2] = {"Image_Data/Loaded_Nodes_Coordinates",
                                           "Image_Data/Loaded_Nodes_Values"};

/* One condition: node, axis, value. */
struct condition {
  int64_t node;
  int axis;
  double value;
};

static status write_conditions(struct store *s, const struct fea_model *m,
                               const char *const names[2], const struct condition *c, int64_t n) {
  status st = ST_OK;
  const int64_t dims[2] = {n, 4};
  uint16_t *at = malloc((4 * (size_t)n + 1) * sizeof *at);
  float *value = malloc(((size_t)n + 1) * sizeof *value);
  CHECK(at && value, ST_MEMORY, "ParOSol file: no memory for %lld conditions", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    int64_t ijk[3];
    fea_model_node_index(m, c[i].node, ijk);
    for (int a = 0; a < 3; a++) at[4 * i + a] = (uint16_t)ijk[2 - a];
    at[4 * i + 3] = (uint16_t)c[i].axis;
    value[i] = (float)c[i].value;
  }
  if (n) {
    TRY(store_write(s, names[0], STORE_U16, 2, dims, at));
    TRY(store_write(s, names[1], STORE_F32, 1, dims, value));
  }
done:
  free(at);
  free(value);
  return st;
}

static status write_all(struct store *s, const struct fea_model *m, const struct fea_case *c) {
  status st = ST_OK;
  const int64_t dims[3] = {m->grid.nz, m->grid.ny, m->grid.nx}, one = 1;
  const int64_t most = m->fixed_count > c->force_count ? m->fixed_count : c->force_count;
  struct condition *list = malloc(((size_t)most + 1) * sizeof *list);
  CHECK(list, ST_MEMORY, "ParOSol file: no memory");
  TRY(store_write(s, "Image_Data/Image", STORE_F32, 3, dims, m->modulus));
  TRY(store_write(s, "Image_Data/Voxelsize", STORE_F64, 1, &one, &m->grid.spacing[0]));
  TRY(store_write(s, "Image_Data/Poisons_ratio", STORE_F64, 1, &one, &m->poisson));
  for (int64_t f = 0; f < m->fixed_count; f++)
    list[f] = (struct condition){m->fixed[f].node, m->fixed[f].axis, c->value_mm[f]};
  TRY(write_conditions(s, m, fixed_names, list, m->fixed_count));
  for (int64_t f = 0; f < c->force_count; f++)
    list[f] = (struct condition){c->force[f].node, c->force[f].axis, c->force[f].newton};
  TRY(write_conditions(s, m, force_names, list, c->force_count));
done:
  free(list);
  return st;
}

status fea_parosol_write(const struct fea_model *m, int load_case, const char *path, bool force) {
  status st = ST_OK;
  struct store *s = NULL;
  CHECK(m->finished && load_case >= 0 && load_case < m->case_count, ST_DOMAIN,
        "ParOSol file: the model is not finished or has no case %d", load_case);
  CHECK(m->grid.nx < 65535 && m->grid.ny < 65535 && m->grid.nz < 65535, ST_DOMAIN,
        "ParOSol file: %lld x %lld x %lld voxels, at most 65534 along an axis",
        (long long)m->grid.nx, (long long)m->grid.ny, (long long)m->grid.nz);
  TRY(store_create(&s, path, force));
  TRY(fea_model_isotropic(m, "ParOSol file"));
  TRY(write_all(s, m, &m->cases[load_case]));
  TRY(store_commit(s));
done:
  store_close(s);
  return st;
}

static status read_conditions(struct condition **out, int64_t *count, const struct store *s,
                              const char *const names[2], const struct geometry *g,
                              const char *file) {
  status st = ST_OK;
  enum store_type type;
  int rank;
  int64_t dims[8];
  int32_t *at = NULL;
  float *value = NULL;
  struct condition *c = NULL;
  *count = 0;
  if (!store_has(s, names[0])) return ST_OK;
  TRY(store_shape(s, names[0], &type, &rank, dims));
  CHECK(rank == 2 && dims[1] == 4, ST_FORMAT, "ParOSol file %s: %s must be [k][4]", file, names[0]);
  const int64_t n = dims[0];
  at = malloc((4 * (size_t)n + 1) * sizeof *at);
  value = malloc(((size_t)n + 1) * sizeof *value);
  c = malloc(((size_t)n + 1) * sizeof *c);
  CHECK(at && value && c, ST_MEMORY, "ParOSol file: no memory for %lld conditions", (long long)n);
  TRY(store_read(s, names[0], STORE_I32, at, 4 * n));
  TRY(store_read(s, names[1], STORE_F32, value, n));
  for (int64_t i = 0; i < n; i++) {
    const int32_t *p = at + 4 * i;
    CHECK(p[0] >= 0 && p[0] <= g->nz && p[1] >= 0 && p[1] <= g->ny && p[2] >= 0 && p[2] <= g->nx &&
              p[3] >= 0 && p[3] < 3,
          ST_FORMAT, "ParOSol file %s: condition %lld is at node (%d, %d, %d), direction %d", file,
          (long long)i, p[2], p[1], p[0], p[3]);
    c[i].node = (p[0] * (g->ny + 1) + p[1]) * (g->nx + 1) + p[2];
    c[i].axis = p[3];
    c[i].value = (double)value[i];
  }
  *out = c;
  *count = n;
  c = NULL;
done:
  free(at);
  free(value);
  free(c);
  return st;
}

static status read_model(struct fea_model **out, const struct store *s, const char *file) {
  status st = ST_OK;
  enum store_type type;
  int rank;
  int64_t dims[8];
  double size, poisson;
  TRY(store_shape(s, "Image_Data/Image", &type, &rank, dims));
  CHECK(rank == 3, ST_FORMAT, "ParOSol file %s: Image has %d axes, not 3", file, rank);
  TRY(store_read(s, "Image_Data/Voxelsize", STORE_F64, &size, 1));
  TRY(store_read(s, "Image_Data/Poisons_ratio", STORE_F64, &poisson, 1));
  const struct geometry g = geometry_make(dims[2], dims[1], dims[0], size, size, size);
  TRY(geometry_check(&g, sizeof(float)));
  TRY(fea_model_create(out, &g, poisson));
  TRY(store_read(s, "Image_Data/Image", STORE_F32, (*out)->modulus, geometry_voxels(&g)));
  for (int64_t v = 0; v < geometry_voxels(&g); v++)
    (*out)->part[v] = (*out)->modulus[v] > 0 ? FEA_BONE : FEA_VOID;
done:
  return st;
}

status fea_parosol_read(struct fea_model **out, const char *path) {
  status st = ST_OK;
  struct store *s = NULL;
  struct fea_model *m = NULL;
  struct condition *c = NULL;
  int64_t n;
  TRY(store_open(&s, path));
  TRY(read_model(&m, s, file_name(path)));
  TRY(read_conditions(&c, &n, s, fixed_names, &m->grid, file_name(path)));
  for (int64_t i = 0; i < n; i++) TRY(fea_model_fix(m, c[i].node, c[i].axis, c[i].value));
  free(c);
  c = NULL;
  TRY(read_conditions(&c, &n, s, force_names, &m->grid, file_name(path)));
  for (int64_t i = 0; i < n; i++) TRY(fea_model_load(m, c[i].node, c[i].axis, c[i].value));
  *out = m;
  m = NULL;
done:
  if (st) status_note("ParOSol file %s", file_name(path));
  free(c);
  fea_model_destroy(m);
  store_close(s);
  return st;
}
