// labels: method
/* Tetrahedra from labels: volume and faces of known solids, quality, determinism, what Gmsh must
 * leave as it was, and what is refused. */
#include "tests/fea/digital_femur.h"

#include "fea/shape.h"
#include "fea/tet_mesh.h"

#include <locale.h>
#include <omp.h>

static const double pi = 3.14159265358979323846;

/* A ball of 20 mm around (40, 42, 41) in voxels of 1.5 x 1 x 2 mm. */
static struct labels *ball(void) {
  struct labels *l = NULL;
  struct geometry g = geometry_make(54, 84, 42, 1.5, 1, 2);
  assert_ok(labels_create(&l, &g));
  for (int64_t v = 0; v < geometry_voxels(&g); v++) {
    const struct vec3 p = geometry_to_world(
        &g, vec3_make((double)(v % 54), (double)(v / 54 % 84), (double)(v / 4536)));
    l->voxels[v] = vec3_length(vec3_sub(p, vec3_make(40, 42, 41))) < 20 ? 7 : 0;
  }
  return l;
}

static const struct tet_mesh_options coarse = {
    .element = FEA_TET10, .size = {.size_mm = 4, .fine_mm = 4}, .passes = 10};

static void a_ball_keeps_its_volume_and_shape(void **state) {
  (void)state;
  struct labels *l = ball();
  const struct tet_frame lps = tet_frame_lps();
  struct tet_domain *d = NULL;
  struct fea_mesh *m = NULL;
  struct fea_faces *f = NULL;
  struct tet_quality q;
  assert_ok(tet_domain_create(&d, l, 7, &lps, NULL, 1, 0));
  assert_ok(tet_mesh_create(&m, &q, d, &coarse, NULL, 0));
  /* the label's own volume differs from the ball's by the lattice, here 0.1 % */
  assert_close(q.mesh_mm3, 4. / 3 * pi * 8000, 0.005);
  assert_close(q.mesh_mm3, q.label_mm3, 0.005);
  assert_close(fea_mesh_volume_mm3(m), q.mesh_mm3, 1e-12);
  assert_true(q.least > 0.02 && q.least_angle_deg > 20);
  /* no node of the surface is further from the sphere than half a slice */
  assert_ok(fea_mesh_faces(&f, m));
  assert_int_equal(f->count, q.triangles);
  for (int64_t i = 0; i < f->count * f->per_face; i++)
    assert_near(vec3_length(vec3_sub(fea_mesh_point(m, f->nodes[i]), vec3_make(40, 42, 41))), 20.,
                1.);
  int64_t in_bins = 0;
  for (int b = 0; b < TET_BINS; b++) in_bins += q.histogram[b];
  assert_int_equal(in_bins, q.elements);
  fea_faces_destroy(f);
  fea_mesh_destroy(m);
  tet_domain_destroy(d);
  labels_destroy(l);
}

static void the_cut_is_flat_and_the_cap_is_a_cylinder(void **state) {
  (void)state;
  struct labels *l = ball();
  const struct tet_frame frame = {{40, 42, 41}, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const struct tet_plane cut = {{0, 0, 1}, -15};
  struct tet_domain *d = NULL;
  struct fea_mesh *m = NULL;
  struct fea_faces *f = NULL;
  struct tet_quality q;
  struct tet_cap cap = {
      .axis = 1, .side = 1, .intrusion_mm = 6, .beyond_mm = 4, .modulus_mpa = 2500};
  double flat = 0, top = 0;
  assert_ok(tet_domain_create(&d, l, 7, &frame, &cut, 1, 0));
  assert_ok(tet_mesh_create(&m, &q, d, &coarse, &cap, 1));
  /* 4 mm beyond the surface, which is that of the ball to half a voxel of 1 mm */
  assert_near(cap.face_mm, 24, 0.5);
  const double plane = cap.face_mm - 10; /* 6 mm within the surface's extreme */
  /* ball less the part below the cut, height 5: pi h^2 (3 r - h) / 3 */
  assert_close(q.mesh_mm3, 4. / 3 * pi * 8000 - pi * 25 * 55 / 3, 0.01);
  /* contact is the calotte above the plane: 2 pi r h */
  assert_close(cap.contact_mm2, 2 * pi * 20 * (20 - plane), 0.05);
  assert_ok(fea_mesh_faces(&f, m));
  for (int64_t i = 0; i < f->count; i++) {
    struct vec3 p[3];
    for (int c = 0; c < 3; c++) p[c] = fea_mesh_point(m, f->nodes[i * f->per_face + c]);
    const double area = vec3_length(vec3_cross(vec3_sub(p[1], p[0]), vec3_sub(p[2], p[0]))) / 2;
    if (fabs(p[0].z + 15) < 1e-6 && fabs(p[1].z + 15) < 1e-6 && fabs(p[2].z + 15) < 1e-6)
      flat += area;
    if (p[0].y == cap.face_mm && p[1].y == cap.face_mm && p[2].y == cap.face_mm) top += area;
    for (int c = 0; c < 3; c++) assert_true(p[c].z > -15 - 1e-6);
  }
  assert_close(flat, pi * (400 - 225), 0.03);
  assert_close(top, pi * (400 - plane * plane), 0.05);
  fea_faces_destroy(f);
  fea_mesh_destroy(m);
  tet_domain_destroy(d);
  labels_destroy(l);
}

/* Triangles that the cut leaves flat in its plane must go: the face that closes it takes their
 * place.
 */
static void every_cut_is_watertight(void **state) {
  (void)state;
  struct labels *l = ball();
  const struct tet_frame frame = {{40, 42, 41}, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  struct tet_domain *d = NULL;
  struct surface *s = NULL;
  assert_ok(tet_domain_create(&d, l, 7, &frame, NULL, 1, 0));
  assert_ok(tet_domain_surface(&s, d));
  for (int i = 0; i < 60; i++) {
    const struct tet_plane cut = {vec3_unit(vec3_make(0.3, -0.02 * i, 1)), -16 + 0.5 * i};
    struct tet_skin *skin = NULL;
    assert_ok(tet_skin_from_surface(&skin, s));
    assert_ok(tet_skin_close(skin, &cut));
    assert_ok(tet_skin_check(skin));
    tet_skin_destroy(skin);
  }
  surface_destroy(s);
  tet_domain_destroy(d);
  labels_destroy(l);
}

static void a_femur_meshes_alike_each_time_and_finer_at_the_neck(void **state) {
  (void)state;
  struct digital_femur f;
  const struct tet_frame lps = tet_frame_lps();
  const struct tet_plane cut = {{0, 0, 1}, -90};
  struct tet_domain *d = NULL;
  struct fea_mesh *m[2] = {NULL};
  struct tet_quality q[2];
  struct tet_mesh_options o = {
      .element = FEA_TET4, .size = {6, 3, {-19, 0, -16}, 20}, .passes = 10};
  digital_femur_make(&f, 2, 0);
  assert_ok(tet_domain_create(&d, f.labels, LABEL_FEMUR_RIGHT, &lps, &cut, 1, 0));
  assert_non_null(setlocale(LC_ALL, "C"));
  omp_set_num_threads(2);
  for (int i = 0; i < 2; i++) assert_ok(tet_mesh_create(&m[i], &q[i], d, &o, NULL, 0));
  assert_int_equal(omp_get_max_threads(), 2); /* Gmsh would leave 1 */
  assert_string_equal(setlocale(LC_ALL, NULL), "C");
  assert_int_equal(m[0]->node_count, m[1]->node_count);
  assert_int_equal(m[0]->element_count, m[1]->element_count);
  assert_memory_equal(m[0]->points, m[1]->points, 24 * (size_t)m[0]->node_count);
  assert_memory_equal(m[0]->nodes, m[1]->nodes, 16 * (size_t)m[0]->element_count);
  /* elements of the neck are smaller: volume of a regular one of edge h is h^3 / (6 sqrt 2) */
  double near_mm3 = 0, far_mm3 = 0;
  int64_t near_count = 0, far_count = 0;
  for (int64_t e = 0; e < m[0]->element_count; e++) {
    double x[FEA_ELEMENT_MOST][3];
    fea_element_points(m[0], e, x);
    const struct vec3 c =
        fea_position(FEA_TET4, (const double(*)[3])x, (double[3]){0.25, 0.25, 0.25});
    const double away = vec3_length(vec3_sub(c, vec3_make(-19, 0, -16)));
    if (away < 18) {
      near_mm3 += fea_mesh_element_mm3(m[0], e);
      near_count++;
    } else if (away > 45) {
      far_mm3 += fea_mesh_element_mm3(m[0], e);
      far_count++;
    }
  }
  assert_true(far_mm3 / (double)far_count > 3 * near_mm3 / (double)near_count);
  for (int i = 0; i < 2; i++) fea_mesh_destroy(m[i]);
  tet_domain_destroy(d);
  digital_femur_free(&f);
}

/* Where a cap's line meets coarse triangles, mid-side nodes on the surface fold elements. */
static void curved_elements_that_fold_are_straightened_and_counted(void **state) {
  (void)state;
  struct digital_femur f;
  const struct tet_frame lps = tet_frame_lps();
  const struct tet_plane cut = {{0, 0, 1}, -90};
  struct tet_domain *d = NULL;
  struct fea_mesh *m = NULL;
  struct tet_quality q;
  const struct tet_mesh_options o = {
      .element = FEA_TET10, .size = {.size_mm = 7, .fine_mm = 7}, .passes = 10};
  struct tet_cap caps[2] = {
      {.axis = 0, .side = 1, .intrusion_mm = 6, .beyond_mm = 4, .modulus_mpa = 2500},
      {.axis = 0, .side = 0, .intrusion_mm = 6, .beyond_mm = 4, .modulus_mpa = 2500}};
  digital_femur_make(&f, 2, 0);
  assert_ok(tet_domain_create(&d, f.labels, LABEL_FEMUR_RIGHT, &lps, &cut, 1, 0));
  assert_ok(tet_mesh_create(&m, &q, d, &o, caps, 2));
  assert_true(q.inverted > 0 && q.straightened > 0); /* one may mend its neighbours */
  assert_true(q.least > 0);
  for (int64_t e = 0; e < m->element_count; e++) {
    double x[FEA_ELEMENT_MOST][3];
    fea_element_points(m, e, x);
    assert_true(fea_least_jacobian(FEA_TET10, (const double(*)[3])x) > 0);
  }
  fea_mesh_destroy(m);
  tet_domain_destroy(d);
  digital_femur_free(&f);
}

static void what_cannot_be_meshed_is_refused(void **state) {
  (void)state;
  struct labels *l = ball();
  const struct tet_frame lps = tet_frame_lps();
  struct tet_plane cut = {{0, 0, 1}, 100};
  struct tet_domain *d = NULL;
  struct fea_mesh *m = NULL;
  struct tet_quality q;
  struct surface *s = NULL;
  struct tet_skin *skin = NULL;
  assert_fails(tet_domain_create(&d, l, 3, &lps, NULL, 1, 0), ST_DOMAIN,
               "label 3 is not in the label map");
  assert_fails(tet_domain_create(&d, l, 7, &lps, &cut, 1, 0), ST_DOMAIN, "kept side of the cut");
  assert_fails(tet_domain_create(&d, l, 7, &lps, NULL, 9, 0), ST_DOMAIN, "smoothing of 9 mm");
  cut.offset = 5; /* below the ball: nothing to cut */
  assert_ok(tet_domain_create(&d, l, 7, &lps, &cut, 1, 0));
  assert_fails(tet_mesh_create(&m, &q, d, &coarse, NULL, 0), ST_DOMAIN, "does not meet the bone");
  tet_domain_destroy(d);
  assert_ok(tet_domain_create(&d, l, 7, &lps, NULL, 1, 0));
  struct tet_mesh_options o = coarse;
  o.size.size_mm = 0.1;
  assert_fails(tet_mesh_create(&m, &q, d, &o, NULL, 0), ST_DOMAIN, "edges of 0.1 mm");
  assert_ok(tet_domain_surface(&s, d));
  assert_ok(tet_skin_from_surface(&skin, s));
  assert_ok(tet_skin_check(skin));
  skin->triangles--;
  assert_fails(tet_fill(&m, skin, &coarse.size), ST_DOMAIN, "not watertight: 3 edges");
  assert_null(m);
  tet_skin_destroy(skin);
  surface_destroy(s);
  tet_domain_destroy(d);
  labels_destroy(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ball_keeps_its_volume_and_shape),
      cmocka_unit_test(the_cut_is_flat_and_the_cap_is_a_cylinder),
      cmocka_unit_test(every_cut_is_watertight),
      cmocka_unit_test(a_femur_meshes_alike_each_time_and_finer_at_the_neck),
      cmocka_unit_test(curved_elements_that_fold_are_straightened_and_counted),
      cmocka_unit_test(what_cannot_be_meshed_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
