#include "fea/mesh_file.h"

#include "core/file.h"
#include "fea/parosol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MATERIALS = 5000 };

status fea_mesh_write(const struct fea_mesh *m, const struct fea_mesh_field *fields, int count,
                      const char *path, bool force) {
  status st = ST_OK;
  if (file_has_suffix(path, ".inp")) return fea_inp_write(m, path, force);
  CHECK(!m->orthotropic, ST_UNSUPPORTED,
        "mesh file %s: orthotropic constants are written to .inp files only", file_name(path));
  if (file_has_suffix(path, ".vtu")) return fea_vtu_write(m, fields, count, path, force);
  if (file_has_suffix(path, ".msh")) return fea_msh_write(m, path, force);
  if (file_has_suffix(path, ".feb")) return fea_feb_write(m, path, force);
  FAIL(ST_USAGE, "mesh file %s: the suffix must be .vtu, .msh, .inp or .feb", file_name(path));
done:
  return st;
}

status fea_model_write(const struct fea_model *model, int load_case, int bins, const char *path,
                       bool force) {
  status st = ST_OK;
  struct fea_mesh *mesh = NULL;
  if (file_has_suffix(path, ".h5")) return fea_parosol_write(model, load_case, path, force);
  TRY(fea_mesh_from_model(&mesh, model, load_case));
  TRY(fea_mesh_bin(mesh, bins));
  TRY(fea_mesh_write(mesh, NULL, 0, path, force));
done:
  fea_mesh_destroy(mesh);
  return st;
}

status fea_mesh_read(struct fea_mesh **out, struct fea_mesh_numbers *numbers, const char *path) {
  status st = ST_OK;
  struct fea_mesh_numbers own = {NULL, NULL};
  struct fea_mesh_numbers *n = numbers ? numbers : &own;
  if (file_has_suffix(path, ".vtu"))
    TRY(fea_vtu_read(out, n, path));
  else if (file_has_suffix(path, ".msh"))
    TRY(fea_msh_read(out, n, path));
  else if (file_has_suffix(path, ".inp"))
    TRY(fea_inp_read(out, n, path));
  else
    FAIL(ST_USAGE, "mesh file %s: the suffix must be .vtu, .msh or .inp", file_name(path));
done:
  fea_mesh_numbers_clear(&own);
  return st;
}

void fea_mesh_numbers_clear(struct fea_mesh_numbers *n) {
  free(n->node);
  free(n->element);
  n->node = NULL;
  n->element = NULL;
}

static int by_value(const void *x, const void *y) {
  const double a = *(const double *)x, b = *(const double *)y;
  return a < b ? -1 : a > b;
}

status fea_mesh_materials(double **out, int *count, const struct fea_mesh *m) {
  status st = ST_OK;
  int64_t unique = 0;
  double *value = malloc((size_t)m->element_count * sizeof *value);
  CHECK(value, ST_MEMORY, "mesh file: no memory for moduli");
  memcpy(value, m->modulus, (size_t)m->element_count * sizeof *value);
  qsort(value, (size_t)m->element_count, sizeof *value, by_value);
  for (int64_t i = 0; i < m->element_count; i++)
    if (!unique || value[i] != value[unique - 1]) value[unique++] = value[i];
  CHECK(unique <= MOST_MATERIALS, ST_DOMAIN,
        "mesh file: %lld different moduli, at most %d materials; give a number of bins",
        (long long)unique, MOST_MATERIALS);
  *out = value;
  *count = (int)unique;
  value = NULL;
done:
  free(value);
  return st;
}

int fea_mesh_material_of(const double *value, int count, double modulus) {
  int low = 0, high = count - 1;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (value[middle] < modulus)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}
