/* Marching cubes against closed forms, Euler's formula and the IBSI digital phantom (theibsi
 * data_sets, CC BY 4.0: volume 556 +- 4 mm3, area 388 +- 3 mm2). */
#include "tests/check.h"

#include "core/random.h"
#include "core/surface.h"
#include "core/surface_table.h"

static const double PI = 3.14159265358979323846;

static struct labels *make_labels(int64_t n, double spacing) {
  struct labels *l = NULL;
  struct geometry g = geometry_make(n, n, n, spacing, spacing, spacing);
  assert_ok(labels_create(&l, &g));
  return l;
}

static int compare_edges(const void *a, const void *b) {
  const int64_t *x = a;
  const int64_t *y = b;
  return (*x > *y) - (*x < *y);
}

/* Every directed side occurs once and its reverse once: closed, consistently turned, no side shared
 * by four triangles. */
static void assert_closed_manifold(const struct surface *s) {
  int64_t n = 3 * s->triangle_count;
  int64_t *forward = malloc((size_t)(n + 1) * sizeof *forward);
  int64_t *reverse = malloc((size_t)(n + 1) * sizeof *reverse);
  for (int64_t t = 0; t < n; t++) {
    int64_t a = s->triangles[t];
    int64_t b = s->triangles[t % 3 == 2 ? t - 2 : t + 1];
    assert_true(a != b);
    forward[t] = a * s->vertex_count + b;
    reverse[t] = b * s->vertex_count + a;
  }
  qsort(forward, (size_t)n, sizeof *forward, compare_edges);
  qsort(reverse, (size_t)n, sizeof *reverse, compare_edges);
  for (int64_t t = 0; t < n; t++) assert_true(forward[t] == reverse[t]);
  for (int64_t t = 1; t < n; t++) assert_true(forward[t] != forward[t - 1]);
  free(forward);
  free(reverse);
}

static void every_case_uses_exactly_the_crossed_edges(void **state) {
  (void)state;
  for (int pattern = 0; pattern < 256; pattern++) {
    struct surface_case c;
    surface_case_make(&c, pattern);
    int used = 0;
    int crossed = 0;
    for (int n = 0; n < 3 * c.count; n++) used |= 1 << c.edges[n];
    for (int e = 0; e < 12; e++) {
      int low, high;
      surface_edge_corners(e, &low, &high);
      if (((pattern >> low) ^ (pattern >> high)) & 1) crossed |= 1 << e;
    }
    assert_int_equal(used, crossed);
  }
}

static void random_labels_give_a_closed_manifold_surface(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    struct labels *l = make_labels(12, 1);
    for (int64_t n = 0; n < 12 * 12 * 12; n++)
      l->voxels[n] = random_uniform(seed, 0, (uint64_t)n) < 0.15 * (double)(seed + 1) ? 3 : 0;
    struct surface *s = NULL;
    assert_ok(surface_from_labels(&s, l, 3));
    assert_closed_manifold(s);
    assert_true(surface_volume_mm3(s) > 0);
    surface_destroy(s);
    labels_destroy(l);
  }
}

/* Octahedron of six half-way points: volume 1/6 of a voxel, area sqrt(3). */
static void one_voxel_is_an_octahedron(void **state) {
  (void)state;
  struct labels *l = make_labels(3, 2);
  l->voxels[13] = 1;
  struct surface *s = NULL;
  assert_ok(surface_from_labels(&s, l, 0));
  assert_near(surface_volume_mm3(s), 8.0 / 6, 1e-12);
  assert_near(surface_area_mm2(s), 4 * sqrt(3.0), 1e-12);
  surface_destroy(s);
  labels_destroy(l);
}

static struct volume *ball_distance(int64_t n, double spacing, double radius) {
  struct volume *v = NULL;
  struct geometry g = geometry_make(n, n, n, spacing, spacing, spacing);
  assert_ok(volume_create(&v, &g, QUANTITY_LENGTH));
  double c = 0.5 * (double)(n - 1) * spacing;
  for (int64_t k = 0; k < n; k++)
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < n; i++) {
        struct vec3 d = {(double)i * spacing - c, (double)j * spacing - c, (double)k * spacing - c};
        v->voxels[geometry_index(&g, i, j, k)] = (float)(radius - vec3_length(d));
      }
  return v;
}

static void a_distance_field_gives_the_ball(void **state) {
  (void)state;
  struct volume *v = ball_distance(41, 0.5, 8.3);
  struct surface *s = NULL;
  assert_ok(surface_from_volume(&s, v, 0, 1));
  assert_closed_manifold(s);
  assert_int_equal(s->vertex_count - s->triangle_count / 2, 2); /* Euler: V - E + F = 2 */
  /* facets lie inside the ball by at most the sagitta of a cell's diagonal, 0.866^2/(8*8.3) mm */
  assert_close(surface_volume_mm3(s), 4 * PI / 3 * pow(8.3, 3), 3 * 0.0113 / 8.3);
  assert_close(surface_area_mm2(s), 4 * PI * 8.3 * 8.3, 2 * 0.0113 / 8.3);
  assert_ok(surface_normals(s));
  struct vec3 centre = {10, 10, 10};
  for (int64_t n = 0; n < s->vertex_count; n++) {
    struct vec3 radial = vec3_sub(s->vertices[n], centre);
    assert_near(vec3_length(radial), 8.3, 0.01);
    assert_true(vec3_angle_deg(radial, s->normals[n]) < 4);
  }
  surface_destroy(s);
  volume_destroy(v);
}

static void a_mirrored_grid_keeps_outward_triangles(void **state) {
  (void)state;
  struct labels *l = make_labels(4, 1);
  l->grid.direction[0] = -1;
  l->voxels[21] = l->voxels[22] = l->voxels[37] = 1;
  struct surface *s = NULL;
  assert_ok(surface_from_labels(&s, l, 1));
  assert_true(surface_volume_mm3(s) > 0);
  surface_destroy(s);
  labels_destroy(l);
}

static void digital_phantom_reproduces_ibsi_mesh(void **state) {
  (void)state;
  static const char rows[] = "11111111111111111111" /* z = 0, y = 0..3 */
                             "11111111110111111111"
                             "11100111111101111111"
                             "11100111111111111111";
  struct labels *l = NULL;
  struct geometry g = geometry_make(5, 4, 4, 2, 2, 2);
  assert_ok(labels_create(&l, &g));
  for (int n = 0; n < 80; n++) l->voxels[n] = rows[n] == '1';
  assert_int_equal(labels_count(l, 1), 74);
  struct surface *s = NULL;
  assert_ok(surface_from_labels(&s, l, 1));
  assert_near(surface_volume_mm3(s), 556, 4);
  assert_near(surface_area_mm2(s), 388, 3);
  surface_destroy(s);
  labels_destroy(l);
}

/* Taubin's pair of steps keeps the size where plain averaging shrinks. */
static void smoothing_keeps_the_volume_of_a_voxel_ball(void **state) {
  (void)state;
  struct volume *v = ball_distance(31, 1, 11);
  struct labels *l = make_labels(31, 1);
  for (int64_t n = 0; n < 31 * 31 * 31; n++) l->voxels[n] = v->voxels[n] >= 0;
  struct surface *s = NULL;
  assert_ok(surface_from_labels(&s, l, 1));
  double before = surface_volume_mm3(s);
  double area = surface_area_mm2(s);
  assert_ok(surface_smooth(s, 20));
  assert_close(surface_volume_mm3(s), before, 0.02);
  assert_true(surface_area_mm2(s) < 0.97 * area);
  assert_close(surface_area_mm2(s), 4 * PI * 121, 0.03);
  surface_destroy(s);
  labels_destroy(l);
  volume_destroy(v);
}

static void every_format_is_written_and_others_refused(void **state) {
  (void)state;
  struct labels *l = make_labels(3, 2);
  l->voxels[13] = 1;
  struct surface *s = NULL;
  assert_ok(surface_from_labels(&s, l, 0));
  double values[6] = {1, 2, 3, 4, 5, 6};
  struct surface_scalar scalar = {"thickness_mm", values};
  const char *paths[] = {"surface.vtp", "surface.ply", "surface.stl", "surface.obj"};
  for (int n = 0; n < 4; n++) {
    assert_ok(surface_write(s, &scalar, 1, paths[n], true));
    FILE *f = fopen(paths[n], "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    fclose(f);
    assert_true(size > 100);
    if (n == 2) assert_int_equal(size, 84 + 50 * 8); /* the binary STL record is 50 bytes */
    remove(paths[n]);
  }
  assert_fails(surface_write(s, NULL, 0, "surface.xyz", true), ST_USAGE, ".vtp");
  surface_destroy(s);
  labels_destroy(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_case_uses_exactly_the_crossed_edges),
      cmocka_unit_test(random_labels_give_a_closed_manifold_surface),
      cmocka_unit_test(one_voxel_is_an_octahedron),
      cmocka_unit_test(a_distance_field_gives_the_ball),
      cmocka_unit_test(a_mirrored_grid_keeps_outward_triangles),
      cmocka_unit_test(digital_phantom_reproduces_ibsi_mesh),
      cmocka_unit_test(smoothing_keeps_the_volume_of_a_voxel_ball),
      cmocka_unit_test(every_format_is_written_and_others_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
