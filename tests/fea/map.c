// labels: method
/* Density and modulus of elements: linear fields give the centroid's value (Taddei's sampling is
 * exact for them), a convex law gives V3 >= V2, a linear law V3 = V2. */
#include "tests/check.h"

#include "fea/block_mesh.h"
#include "fea/map.h"
#include "fea/shape.h"

enum { N = 24 };

/* density [mg/cm3] = 300 + 12 x - 7 y + 5 z on voxels of 1 mm. */
static double field(struct vec3 p) {
  return 300 + 12 * p.x - 7 * p.y + 5 * p.z;
}

static struct volume *linear_volume(void) {
  struct volume *v = NULL;
  struct geometry g = geometry_make(N, N, N, 1, 1, 1);
  assert_ok(volume_create(&v, &g, QUANTITY_DENSITY));
  v->material = MATERIAL_K2HPO4;
  for (int64_t i = 0; i < N * N * N; i++)
    v->voxels[i] =
        (float)field(vec3_make((double)(i % N), (double)(i / N % N), (double)(i / N / N)));
  return v;
}

static struct vec3 to_block(struct vec3 at, const void *context) {
  (void)context;
  return vec3_make(4 + 14 * at.x + 2 * at.y, 5 + 13 * at.y, 6 + 12 * at.z + at.x);
}

static struct fea_map_options plain(int mapping) {
  struct fea_map_options o = FEA_MAP_DEFAULTS;
  o.mapping = mapping;
  o.surface = FEA_SURFACE_NONE;
  o.law = fea_law_find("crawford2003"); /* linear, takes the K2HPO4 density as it is */
  return o;
}

static void a_linear_field_gives_the_value_at_the_centroid(void **state) {
  (void)state;
  struct volume *v = linear_volume();
  for (int e = FEA_TET4; e <= FEA_HEX8; e++) {
    struct fea_mesh *m = NULL;
    struct fea_map_result r;
    double moduli[2] = {0, 0};
    assert_ok(fea_block_mesh(&m, (enum fea_element)e, 2, 2, 2, to_block, NULL, 1));
    for (int mapping = FEA_MAP_V2; mapping <= FEA_MAP_V3; mapping++) {
      const struct fea_map_options o = plain(mapping);
      assert_ok(fea_map_density(&r, m, NULL, v, NULL, 0, &o));
      for (int64_t i = 0; i < m->element_count; i++) {
        double x[FEA_ELEMENT_MOST][3];
        static const double tet[3] = {0.25, 0.25, 0.25}, hex[3] = {0, 0, 0};
        fea_element_points(m, i, x);
        const struct vec3 c =
            fea_position(m->element, (const double(*)[3])x, e == FEA_HEX8 ? hex : tet);
        /* voxels are single precision */
        assert_close(m->density[i], field(c) / 1000, 1e-6);
        assert_close(m->modulus[i], 3230 * field(c) / 1000 - 34.7, 1e-6);
      }
      moduli[mapping - FEA_MAP_V2] = r.mean_modulus_mpa;
      assert_int_equal(r.mapped, m->element_count);
    }
    assert_close(moduli[1], moduli[0], 1e-12);
    fea_mesh_destroy(m);
  }
  volume_destroy(v);
}

static void a_convex_law_gives_more_by_modulus_than_by_density(void **state) {
  (void)state;
  struct volume *v = linear_volume();
  struct fea_mesh *m = NULL;
  struct fea_map_result r;
  double *by_density = NULL;
  struct fea_map_options o = plain(FEA_MAP_V2);
  o.law = FEA_LAW_MORGAN_NECK; /* exponent 1.49 */
  assert_ok(fea_block_mesh(&m, FEA_TET10, 2, 2, 2, to_block, NULL, 1));
  assert_ok(fea_map_density(&r, m, NULL, v, NULL, 0, &o));
  by_density = malloc((size_t)m->element_count * sizeof *by_density);
  memcpy(by_density, m->modulus, (size_t)m->element_count * sizeof *by_density);
  o.mapping = FEA_MAP_V3;
  assert_ok(fea_map_density(&r, m, NULL, v, NULL, 0, &o));
  for (int64_t e = 0; e < m->element_count; e++) assert_true(m->modulus[e] > by_density[e]);
  free(by_density);
  fea_mesh_destroy(m);
  volume_destroy(v);
}

/* V1 of a cell that holds exactly 3 x 3 x 3 voxel centres is their mean; of one that holds none,
 * the value at its centroid. */
static void voxel_means_count_the_centres_inside(void **state) {
  (void)state;
  struct volume *v = linear_volume();
  struct fea_mesh *m = NULL;
  struct fea_map_result r;
  const struct fea_map_options o = plain(FEA_MAP_V1);
  assert_ok(fea_block_mesh(&m, FEA_HEX8, 1, 1, 1, NULL, NULL, 1));
  for (int64_t n = 0; n < 8; n++)
    for (int a = 0; a < 3; a++) m->points[3 * n + a] = 5.5 + 3 * m->points[3 * n + a];
  assert_ok(fea_map_density(&r, m, NULL, v, NULL, 0, &o));
  assert_close(m->density[0], field(vec3_make(7, 7, 7)) / 1000, 1e-6);
  assert_int_equal(r.without_voxel, 0);
  for (int64_t n = 0; n < 24; n++) m->points[n] = 7.2 + (m->points[n] - 5.5) / 6;
  assert_ok(fea_map_density(&r, m, NULL, v, NULL, 0, &o));
  assert_close(m->density[0], field(vec3_make(7.45, 7.45, 7.45)) / 1000, 1e-6);
  assert_int_equal(r.without_voxel, 1);
  fea_mesh_destroy(m);
  volume_destroy(v);
}

/* A ball of 800 with a dark rim (half bone) in air: peeled, the whole of it reads 800; a bright rim
 * (cortex) is kept. */
static void a_dark_rim_is_peeled_and_a_bright_one_kept(void **state) {
  (void)state;
  struct volume *v = linear_volume(), *p = NULL;
  struct labels *l = NULL;
  assert_ok(labels_create(&l, &v->grid));
  for (int bright = 0; bright < 2; bright++) {
    for (int64_t i = 0; i < N * N * N; i++) {
      const double r =
          vec3_length(vec3_sub(vec3_make((double)(i % N), (double)(i / N % N), (double)(i / N / N)),
                               vec3_make(12, 12, 12)));
      l->voxels[i] = r < 8.5;
      v->voxels[i] = r < 6.5 ? 800 : r < 8.5 ? (bright ? 1200 : 400) : -1000;
    }
    assert_ok(fea_peel_extend(&p, v, l, 1, 2));
    double high = -1e9;
    for (int64_t i = 0; i < geometry_voxels(&p->grid); i++) {
      if (isnan(p->voxels[i])) continue;
      assert_true(p->voxels[i] >= 400); /* no air in it */
      high = fmax(high, (double)p->voxels[i]);
    }
    /* two layers beyond the label at (20.., 12, 12): filled from inside */
    const double outside = volume_sample(p, vec3_make(22, 12, 12));
    assert_true(bright ? outside > 1000 : outside >= 400);
    assert_near(high, bright ? 1200. : 800., 1e-3);
    assert_true(isnan(volume_sample(p, vec3_make(12, 12, 23)))); /* beyond the layers */
    volume_destroy(p);
    p = NULL;
  }
  labels_destroy(l);
  volume_destroy(v);
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  struct volume *v = linear_volume();
  struct fea_mesh *m = NULL;
  struct fea_map_result r;
  struct fea_map_options o = plain(FEA_MAP_V3);
  assert_ok(fea_block_mesh(&m, FEA_TET4, 2, 2, 2, to_block, NULL, 1));
  for (int64_t i = 0; i < 3 * m->node_count; i++) m->points[i] += 10;
  assert_fails(fea_map_density(&r, m, NULL, v, NULL, 0, &o), ST_DOMAIN, "outside the image");
  for (int64_t i = 0; i < 3 * m->node_count; i++) m->points[i] = (m->points[i] - 10) / 1000;
  assert_fails(fea_map_density(&r, m, NULL, v, NULL, 0, &o), ST_DOMAIN,
               "is the mesh in millimetres?");
  for (int64_t i = 0; i < 3 * m->node_count; i++) m->points[i] *= 1000;
  o.surface = FEA_SURFACE_PEEL;
  assert_fails(fea_map_density(&r, m, NULL, v, NULL, 0, &o), ST_DOMAIN,
               "peel-extend needs the label map");
  o.surface = FEA_SURFACE_NONE;
  o.steps = 40;
  assert_fails(fea_map_density(&r, m, NULL, v, NULL, 0, &o), ST_DOMAIN, "40 samples");
  o.steps = 4;
  v->material = MATERIAL_UNSTATED;
  assert_fails(fea_map_density(&r, m, NULL, v, NULL, 0, &o), ST_DOMAIN, "does not state");
  v->quantity = QUANTITY_HU;
  assert_fails(fea_map_density(&r, m, NULL, v, NULL, 0, &o), ST_DOMAIN, "calibrate it first");
  fea_mesh_destroy(m);
  volume_destroy(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_linear_field_gives_the_value_at_the_centroid),
      cmocka_unit_test(a_convex_law_gives_more_by_modulus_than_by_density),
      cmocka_unit_test(voxel_means_count_the_centres_inside),
      cmocka_unit_test(a_dark_rim_is_peeled_and_a_bright_one_kept),
      cmocka_unit_test(what_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
