/* Strains and stresses of a solved mesh. */
#include "core/parallel.h"
#include "fea/fields.h"
#include "fea/mesh_solve.h"
#include "fea/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Strain of element e at natural coordinates; returns det J. */
static double strain_at(const struct fea_mesh *m, const double *u, int64_t e, const double at[3],
                        double strain[6]) {
  const int n = fea_element_nodes(m->element);
  double x[FEA_ELEMENT_MOST][3], g[FEA_ELEMENT_MOST][3], grad[3][3] = {{0}};
  fea_element_points(m, e, x);
  const double det = fea_gradients(m->element, (const double(*)[3])x, at, g);
  for (int c = 0; c < n; c++) {
    const double *d = u + 3 * (int64_t)m->nodes[n * e + c];
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) grad[a][b] += d[a] * g[c][b];
  }
  for (int a = 0; a < 3; a++) {
    strain[a] = grad[a][a];
    strain[3 + a] = grad[(a + 1) % 3][(a + 2) % 3] + grad[(a + 2) % 3][(a + 1) % 3];
  }
  return det;
}

static void stress_of(double young, double nu, const double strain[6], double stress[6]) {
  const double lambda = young * nu / ((1 + nu) * (1 - 2 * nu)), mu = young / (2 * (1 + nu));
  const double trace = strain[0] + strain[1] + strain[2];
  for (int a = 0; a < 3; a++) {
    stress[a] = lambda * trace + 2 * mu * strain[a];
    stress[3 + a] = mu * strain[3 + a];
  }
}

static void fill_element(struct fea_mesh_fields *f, const struct fea_mesh *m, const double *u,
                         int64_t e) {
  struct fea_quadrature q;
  double mean[6] = {0}, volume = 0, energy = 0, stress[6], principal[3];
  fea_quadrature_get(&q, m->element);
  for (int p = 0; p < q.count; p++) {
    double strain[6];
    const double w = q.weight[p] * strain_at(m, u, e, q.at[p], strain);
    stress_of(m->modulus[e], m->poisson, strain, stress);
    for (int c = 0; c < 6; c++) {
      mean[c] += w * strain[c];
      energy += w * strain[c] * stress[c] / 2;
    }
    volume += w;
  }
  for (int c = 0; c < 6; c++) f->strain[6 * e + c] = (float)(mean[c] /= volume);
  fea_principal(mean, principal);
  stress_of(m->modulus[e], m->poisson, mean, stress);
  f->tension[e] = (float)principal[0];
  f->compression[e] = (float)principal[2];
  f->energy_mpa[e] = (float)(energy / volume);
  const double dx = stress[0] - stress[1], dy = stress[1] - stress[2], dz = stress[2] - stress[0];
  const double shear = stress[3] * stress[3] + stress[4] * stress[4] + stress[5] * stress[5];
  f->von_mises_mpa[e] = (float)sqrt((dx * dx + dy * dy + dz * dz) / 2 + 3 * shear);
}

/* Strain at the nodes of each element of bone, averaged with the volumes of the elements. */
static status fill_nodes(struct fea_mesh_fields *f, const struct fea_mesh *m, const double *u) {
  status st = ST_OK;
  const int n = fea_element_nodes(m->element);
  double *sum = calloc(7 * (size_t)m->node_count, sizeof *sum);
  CHECK(sum, ST_MEMORY, "strain fields: no memory for %lld nodes", (long long)m->node_count);
  for (int64_t e = 0; e < m->element_count; e++) {
    if (m->part[e] != FEA_BONE) continue;
    const double volume = fea_mesh_element_mm3(m, e);
    for (int c = 0; c < n; c++) {
      double at[3], strain[6], *to = sum + 7 * (int64_t)m->nodes[n * e + c];
      fea_shape_node(m->element, c, at);
      strain_at(m, u, e, at, strain);
      for (int i = 0; i < 6; i++) to[i] += volume * strain[i];
      to[6] += volume;
    }
  }
  for (int64_t i = 0; i < 6 * m->node_count; i++) {
    const double *from = sum + 7 * (i / 6);
    f->node_strain[i] = from[6] > 0 ? (float)(from[i % 6] / from[6]) : NAN;
  }
done:
  free(sum);
  return st;
}

status fea_mesh_fields_create(struct fea_mesh_fields **out, const struct fea_mesh *m,
                              const struct fea_mesh_solution *solution) {
  status st = ST_OK;
  struct fea_mesh_fields *f = calloc(1, sizeof *f);
  const size_t n = (size_t)m->element_count;
  CHECK(f, ST_MEMORY, "strain fields: no memory");
  f->strain = malloc(6 * n * sizeof *f->strain);
  f->tension = malloc(n * sizeof *f->tension);
  f->compression = malloc(n * sizeof *f->compression);
  f->von_mises_mpa = malloc(n * sizeof *f->von_mises_mpa);
  f->energy_mpa = malloc(n * sizeof *f->energy_mpa);
  f->node_strain = malloc(6 * (size_t)m->node_count * sizeof *f->node_strain);
  CHECK(f->strain && f->tension && f->compression && f->von_mises_mpa && f->energy_mpa &&
            f->node_strain,
        ST_MEMORY, "strain fields: no memory for %zu elements", n);
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t e = 0; e < m->element_count; e++) fill_element(f, m, solution->displacement, e);
  TRY(fill_nodes(f, m, solution->displacement));
  *out = f;
  f = NULL;
done:
  fea_mesh_fields_destroy(f);
  return st;
}

void fea_mesh_fields_destroy(struct fea_mesh_fields *f) {
  if (!f) return;
  free(f->strain);
  free(f->tension);
  free(f->compression);
  free(f->von_mises_mpa);
  free(f->energy_mpa);
  free(f->node_strain);
  free(f);
}

void fea_mesh_node_stress(const struct fea_mesh *m, const struct fea_mesh_solution *solution,
                          int64_t node, double stress[6]) {
  const int n = fea_element_nodes(m->element);
  int64_t count = 0;
  memset(stress, 0, 6 * sizeof *stress);
  for (int64_t i = 0; i < m->element_count * n; i++) {
    if (m->nodes[i] != node) continue;
    double at[3], strain[6], one[6];
    fea_shape_node(m->element, (int)(i % n), at);
    strain_at(m, solution->displacement, i / n, at, strain);
    stress_of(m->modulus[i / n], m->poisson, strain, one);
    for (int c = 0; c < 6; c++) stress[c] += one[c];
    count++;
  }
  for (int c = 0; count && c < 6; c++) stress[c] /= (double)count;
}
