#include "fea/store_fields.h"

#include "core/file.h"
#include "core/json.h"
#include "core/store.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status fea_mesh_arrays(const struct fea_model *m, float **points, int32_t **elements,
                       int32_t **node_of, int64_t *point_count) {
  status st = ST_OK;
  const int64_t nodes = (m->grid.nx + 1) * (m->grid.ny + 1) * (m->grid.nz + 1);
  int32_t *number = malloc((size_t)nodes * sizeof *number);
  int32_t *hex = malloc((size_t)m->element_count * 8 * sizeof *hex);
  float *xyz = malloc((size_t)m->node_count * 3 * sizeof *xyz);
  int64_t count = 0, e = 0;
  CHECK(number && hex && xyz, ST_MEMORY, "mesh: no memory for %lld elements",
        (long long)m->element_count);
  CHECK(m->node_count < INT32_MAX, ST_DOMAIN, "mesh: %lld nodes are too many for the file",
        (long long)m->node_count);
  for (int64_t n = 0; n < nodes; n++) {
    int64_t at[3];
    fea_model_node_index(m, n, at);
    number[n] = -1;
    if (!fea_model_node_active(m, at[0], at[1], at[2])) continue;
    const struct vec3 w = fea_model_node_world(m, n);
    xyz[3 * count] = (float)w.x, xyz[3 * count + 1] = (float)w.y, xyz[3 * count + 2] = (float)w.z;
    number[n] = (int32_t)count++;
  }
  static const int corner[8][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                   {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
    if (!(m->modulus[v] > 0)) continue;
    const int64_t i = v % m->grid.nx, j = v / m->grid.nx % m->grid.ny;
    const int64_t k = v / (m->grid.nx * m->grid.ny);
    for (int c = 0; c < 8; c++)
      hex[8 * e + c] =
          number[fea_model_node(m, i + corner[c][0], j + corner[c][1], k + corner[c][2])];
    e++;
  }
  *points = xyz, *elements = hex, *node_of = number, *point_count = count;
  xyz = NULL, hex = NULL, number = NULL;
done:
  free(number);
  free(hex);
  free(xyz);
  return st;
}

/* A vector along the grid's axes as LPS. */
static void to_lps(const struct geometry *g, const double v[3], float out[3]) {
  for (int r = 0; r < 3; r++)
    out[r] = (float)(g->direction[3 * r] * v[0] + g->direction[3 * r + 1] * v[1] +
                     g->direction[3 * r + 2] * v[2]);
}

static status write_nodes(struct store *s, const struct fea_model *m,
                          const struct fea_solution *solution, const int32_t *node_of,
                          int64_t count) {
  status st = ST_OK;
  const int64_t nodes = (m->grid.nx + 1) * (m->grid.ny + 1) * (m->grid.nz + 1);
  const int64_t dims[2] = {count, 3};
  float *u = calloc((size_t)count * 3, sizeof *u), *r = calloc((size_t)count * 3, sizeof *r);
  CHECK(u && r, ST_MEMORY, "fields: no memory for %lld nodes", (long long)count);
  for (int64_t n = 0; n < nodes; n++) {
    if (node_of[n] < 0) continue;
    int64_t at[3];
    double d[3];
    fea_model_node_index(m, n, at);
    fea_solution_at(solution, m, at[0], at[1], at[2], d);
    to_lps(&m->grid, d, u + 3 * node_of[n]);
  }
  for (int64_t f = 0; f < m->fixed_count; f++) {
    double d[3] = {0};
    float lps[3];
    d[m->fixed[f].axis] = solution->reaction[f];
    to_lps(&m->grid, d, lps);
    for (int a = 0; a < 3; a++) r[3 * node_of[m->fixed[f].node] + a] += lps[a];
  }
  TRY(store_write(s, "node/displacement_mm", STORE_F32, 2, dims, u));
  TRY(store_write(s, "node/reaction_n", STORE_F32, 2, dims, r));
done:
  free(u);
  free(r);
  return st;
}

static status write_elements(struct store *s, const struct fea_model *m,
                             const struct fea_fields *f) {
  status st = ST_OK;
  const int64_t dims[2] = {f->count, 6};
  float *value = malloc((size_t)f->count * sizeof *value);
  uint8_t *part = malloc((size_t)f->count);
  CHECK(value && part, ST_MEMORY, "fields: no memory for %lld elements", (long long)f->count);
  for (int64_t e = 0; e < f->count; e++) {
    value[e] = m->modulus[f->voxel[e]];
    part[e] = m->part[f->voxel[e]];
  }
  TRY(store_write(s, "element/modulus_mpa", STORE_F32, 1, dims, value));
  TRY(store_write(s, "element/part", STORE_U8, 1, dims, part));
  TRY(store_set_text(s, "element/part", "values", "1 bone, 2 cap"));
  if (m->density) {
    for (int64_t e = 0; e < f->count; e++) value[e] = m->density[f->voxel[e]];
    TRY(store_write(s, "element/density_gcc", STORE_F32, 1, dims, value));
  }
  TRY(store_write(s, "element/strain", STORE_F32, 2, dims, f->strain));
  TRY(store_set_text(s, "element/strain", "components",
                     "xx yy zz yz xz xy along the grid's axes, engineering shear"));
  TRY(store_write(s, "element/tension", STORE_F32, 1, dims, f->tension));
  TRY(store_write(s, "element/compression", STORE_F32, 1, dims, f->compression));
  TRY(store_write(s, "element/von_mises_mpa", STORE_F32, 1, dims, f->von_mises_mpa));
  TRY(store_write(s, "element/energy_mpa", STORE_F32, 1, dims, f->energy_mpa));
done:
  free(value);
  free(part);
  return st;
}

static status write_orthotropy(struct store *s, const struct fea_orthotropy *r) {
  status st = ST_OK;
  static const char *const pair[3] = {"yz", "xz", "xy"};
  char key[32];
  for (int a = 0; a < 3; a++) {
    snprintf(key, sizeof key, "young_ratio_%c", "xyz"[a]);
    TRY(store_set_number(s, "", key, r->young[a]));
    snprintf(key, sizeof key, "shear_ratio_%s", pair[a]);
    TRY(store_set_number(s, "", key, r->shear[a]));
    snprintf(key, sizeof key, "poisson_%s", pair[a]);
    TRY(store_set_number(s, "", key, r->poisson[a]));
  }
done:
  return st;
}

static status write_attributes(struct store *s, const struct fea_model *m,
                               const struct fea_solution *solution,
                               const struct fea_failure *failure, const char *words,
                               const cJSON *provenance) {
  status st = ST_OK;
  char *json = NULL, key[32];
  TRY(store_set_text(s, "", "model", words));
  TRY(store_set_number(s, "", "size_mm", m->grid.spacing[0]));
  if (m->orthotropic)
    TRY(write_orthotropy(s, &m->ratio));
  else
    TRY(store_set_number(s, "", "poisson", m->poisson));
  TRY(store_set_number(s, "", "residual", solution->residual));
  TRY(store_set_number(s, "", "energy_nmm", solution->energy_nmm));
  for (int i = 0; i < 9; i++) {
    snprintf(key, sizeof key, "direction_%d", i);
    TRY(store_set_number(s, "", key, m->grid.direction[i]));
  }
  if (failure) {
    TRY(store_set_number(s, "", "factor_strain_volume", failure->factor_volume));
    TRY(store_set_number(s, "", "factor_strain_limit", failure->factor_limit));
    TRY(store_set_number(s, "", "factor_pistoia", failure->factor_pistoia));
  }
  if (provenance) {
    TRY(json_print(&json, provenance));
    TRY(store_set_text(s, "", "provenance", json));
  }
done:
  free(json);
  return st;
}

static void xdmf_attribute(struct text *t, const char *name, const char *path, const char *file,
                           const char *centre, int64_t count, int components) {
  const char *kind = components == 1 ? "Scalar" : components == 3 ? "Vector" : "Tensor6";
  text_append(t, "   <Attribute Name=\"%s\" AttributeType=\"%s\" Center=\"%s\">\n", name, kind,
              centre);
  text_append(t,
              "    <DataItem Format=\"HDF\" NumberType=\"Float\" Precision=\"4\" Dimensions=\"%lld",
              (long long)count);
  if (components > 1) text_append(t, " %d", components);
  text_append(t, "\">%s:/%s</DataItem>\n   </Attribute>\n", file, path);
}

static status write_xdmf(const char *path, const char *h5, const struct fea_model *m,
                         int64_t points, bool force) {
  status st = ST_OK;
  struct text t = {0};
  const long long n = (long long)points, e = (long long)m->element_count;
  text_append(&t, "<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\">\n <Domain>\n"
                  "  <Grid Name=\"model\" GridType=\"Uniform\">\n");
  text_append(&t,
              "   <Topology TopologyType=\"Hexahedron\" NumberOfElements=\"%lld\">\n"
              "    <DataItem Format=\"HDF\" NumberType=\"Int\" Precision=\"4\" "
              "Dimensions=\"%lld 8\">%s:/mesh/elements</DataItem>\n   </Topology>\n",
              e, e, h5);
  text_append(&t,
              "   <Geometry GeometryType=\"XYZ\">\n    <DataItem Format=\"HDF\" "
              "NumberType=\"Float\" Precision=\"4\" Dimensions=\"%lld 3\">%s:/mesh/points"
              "</DataItem>\n   </Geometry>\n",
              n, h5);
  xdmf_attribute(&t, "displacement [mm]", "node/displacement_mm", h5, "Node", points, 3);
  xdmf_attribute(&t, "reaction [N]", "node/reaction_n", h5, "Node", points, 3);
  xdmf_attribute(&t, "modulus [MPa]", "element/modulus_mpa", h5, "Cell", e, 1);
  xdmf_attribute(&t, "tension e1", "element/tension", h5, "Cell", e, 1);
  xdmf_attribute(&t, "compression e3", "element/compression", h5, "Cell", e, 1);
  xdmf_attribute(&t, "von Mises [MPa]", "element/von_mises_mpa", h5, "Cell", e, 1);
  xdmf_attribute(&t, "energy density [MPa]", "element/energy_mpa", h5, "Cell", e, 1);
  if (m->density) xdmf_attribute(&t, "density [g/cm3]", "element/density_gcc", h5, "Cell", e, 1);
  text_append(&t, "  </Grid>\n </Domain>\n</Xdmf>\n");
  TRY(text_check(&t, "XDMF"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}

status fea_store_fields(const struct fea_model *model, const struct fea_solution *solution,
                        const struct fea_fields *fields, const struct fea_failure *failure,
                        const char *words, const char *stem, const cJSON *provenance, bool force) {
  status st = ST_OK;
  struct store *s = NULL;
  float *points = NULL;
  int32_t *elements = NULL, *node_of = NULL;
  int64_t count = 0, dims[2];
  char h5[4096], xdmf[4096];
  CHECK((size_t)snprintf(h5, sizeof h5, "%s.h5", stem) < sizeof h5 - 8, ST_IO,
        "fields: the path is too long");
  snprintf(xdmf, sizeof xdmf, "%s.xdmf", stem);
  CHECK(force || !file_exists(xdmf), ST_USAGE, "%s exists; use --force to replace it", xdmf);
  TRY(fea_mesh_arrays(model, &points, &elements, &node_of, &count));
  TRY(store_create(&s, h5, force));
  dims[0] = count, dims[1] = 3;
  TRY(store_write(s, "mesh/points", STORE_F32, 2, dims, points));
  dims[0] = model->element_count, dims[1] = 8;
  TRY(store_write(s, "mesh/elements", STORE_I32, 2, dims, elements));
  TRY(write_nodes(s, model, solution, node_of, count));
  TRY(write_elements(s, model, fields));
  TRY(write_attributes(s, model, solution, failure, words, provenance));
  TRY(store_commit(s));
  TRY(write_xdmf(xdmf, file_name(h5), model, count, force));
done:
  store_close(s);
  free(points);
  free(elements);
  free(node_of);
  return st;
}
