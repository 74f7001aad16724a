#include "fea/calculix.h"

#include "core/file.h"
#include "core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MATERIALS = 5000, MOST_SETS = 64 };

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

/* Sorted distinct moduli, or the centres of geometric bins. */
static status find_materials(float **out, int *count, const struct fea_model *m, int bins) {
  status st = ST_OK;
  float *value = malloc((size_t)m->element_count * sizeof *value);
  int64_t n = 0, unique = 0;
  CHECK(value, ST_MEMORY, "CalculiX job: no memory");
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++)
    if (m->modulus[v] > 0) value[n++] = m->modulus[v];
  qsort(value, (size_t)n, sizeof *value, by_value);
  const double low = (double)value[0], high = (double)value[n - 1];
  for (int64_t i = 0; i < n; i++)
    if (!i || value[i] != value[i - 1]) value[unique++] = value[i];
  if (bins > 0 && unique > bins) {
    for (int b = 0; b < bins; b++) value[b] = (float)(low * pow(high / low, (b + 0.5) / bins));
    unique = bins;
  }
  CHECK(unique <= MOST_MATERIALS, ST_DOMAIN,
        "CalculiX job: %lld different moduli, at most %d materials; give a number of bins",
        (long long)unique, MOST_MATERIALS);
  *out = value;
  *count = (int)unique;
  value = NULL;
done:
  free(value);
  return st;
}

static int material_of(const float *value, int count, float modulus) {
  int low = 0, high = count - 1;
  while (low < high) {
    int middle = (low + high) / 2;
    if (value[middle] < modulus)
      low = middle + 1;
    else
      high = middle;
  }
  if (low > 0 && fabs(log((double)modulus / (double)value[low - 1])) <
                     fabs(log((double)modulus / (double)value[low])))
    low--;
  return low;
}

static void write_nodes(struct text *t, const struct fea_model *m) {
  const double h = m->grid.spacing[0];
  text_append(t, "*NODE, NSET=ALL\n");
  for (int64_t k = 0; k <= m->grid.nz; k++)
    for (int64_t j = 0; j <= m->grid.ny; j++)
      for (int64_t i = 0; i <= m->grid.nx; i++)
        if (fea_model_node_active(m, i, j, k))
          text_append(t, "%lld, %.9g, %.9g, %.9g\n", (long long)fea_model_node(m, i, j, k) + 1,
                      (double)i * h, (double)j * h, (double)k * h);
}

static void write_elements(struct text *t, const struct fea_model *m, const float *value,
                           int count) {
  static const int corner[8][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                   {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
  for (int material = 0; material < count; material++) {
    bool begun = false;
    for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
      if (!(m->modulus[v] > 0) || material_of(value, count, m->modulus[v]) != material) continue;
      if (!begun) text_append(t, "*ELEMENT, TYPE=C3D8, ELSET=E%d\n", material);
      begun = true;
      const int64_t i = v % m->grid.nx, j = v / m->grid.nx % m->grid.ny;
      const int64_t k = v / (m->grid.nx * m->grid.ny);
      text_append(t, "%lld", (long long)v + 1);
      for (int c = 0; c < 8; c++)
        text_append(
            t, ", %lld",
            (long long)fea_model_node(m, i + corner[c][0], j + corner[c][1], k + corner[c][2]) + 1);
      text_append(t, "\n");
    }
    if (!begun) continue;
    text_append(t, "*MATERIAL, NAME=M%d\n*ELASTIC\n%.9g, %.9g\n", material, (double)value[material],
                m->poisson);
    text_append(t, "*SOLID SECTION, ELSET=E%d, MATERIAL=M%d\n", material, material);
  }
}

struct node_set {
  int axis;
  double value_mm;
};

static status find_sets(struct node_set *set, int *count, const struct fea_model *m,
                        const struct fea_case *c) {
  status st = ST_OK;
  *count = 0;
  for (int64_t f = 0; f < m->fixed_count; f++) {
    int s = 0;
    while (s < *count && (set[s].axis != m->fixed[f].axis || set[s].value_mm != c->value_mm[f]))
      s++;
    if (s < *count) continue;
    CHECK(*count < MOST_SETS, ST_DOMAIN,
          "CalculiX job: more than %d different prescribed displacements", MOST_SETS);
    set[(*count)++] = (struct node_set){.axis = m->fixed[f].axis, .value_mm = c->value_mm[f]};
  }
done:
  return st;
}

static void write_supports(struct text *t, const struct fea_model *m, const struct fea_case *c,
                           const struct node_set *set, int count) {
  for (int s = 0; s < count; s++) {
    text_append(t, "*NSET, NSET=FIX_%c_%d\n", "XYZ"[set[s].axis], s);
    for (int64_t f = 0; f < m->fixed_count; f++)
      if (m->fixed[f].axis == set[s].axis && c->value_mm[f] == set[s].value_mm)
        text_append(t, "%lld,\n", (long long)m->fixed[f].node + 1);
  }
  text_append(t, "*STEP\n*STATIC\n");
  for (int s = 0; s < count; s++)
    text_append(t, "*BOUNDARY\nFIX_%c_%d, %d, %d, %.13g\n", "XYZ"[set[s].axis], s, set[s].axis + 1,
                set[s].axis + 1, set[s].value_mm);
  if (c->force_count) text_append(t, "*CLOAD\n");
  for (int64_t f = 0; f < c->force_count; f++)
    text_append(t, "%lld, %d, %.13g\n", (long long)c->force[f].node + 1, c->force[f].axis + 1,
                c->force[f].newton);
  for (int s = 0; s < count; s++)
    text_append(t, "*NODE PRINT, NSET=FIX_%c_%d, TOTALS=ONLY\nRF\n", "XYZ"[set[s].axis], s);
  text_append(t, "*NODE FILE\nU, RF\n*EL FILE\nS, E\n*END STEP\n");
}

status fea_calculix_write(const struct fea_model *m, int load_case, int bins, const char *path,
                          bool force) {
  status st = ST_OK;
  struct text t = {0};
  float *value = NULL;
  struct node_set set[MOST_SETS];
  int materials = 0, sets = 0;
  CHECK(m->finished && load_case >= 0 && load_case < m->case_count, ST_DOMAIN,
        "CalculiX job: the model is not finished or has no case %d", load_case);
  TRY(find_materials(&value, &materials, m, bins));
  TRY(find_sets(set, &sets, m, &m->cases[load_case]));
  text_append(&t, "** voxel model, %lld elements of %g mm; units mm, N, MPa; axes of the grid\n",
              (long long)m->element_count, m->grid.spacing[0]);
  write_nodes(&t, m);
  write_elements(&t, m, value, materials);
  write_supports(&t, m, &m->cases[load_case], set, sets);
  TRY(text_check(&t, "CalculiX job"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  free(value);
  return st;
}
