// labels: method slow
/* The job of every recipe, run by CalculiX (Debian package calculix-ccx), has the reactions of our
 * own solvers: each set of prescribed displacements within 1e-4 of the largest. */
#include "tests/fea/digital_femur.h"

#include "core/file.h"
#include "fea/compress.h"
#include "fea/fall.h"
#include "fea/mesh_file.h"
#include "fea/spine.h"
#include "fea/tet_fall.h"

#include <stdlib.h>

enum { SETS = 1024 }; /* a rigid turn gives every node its own value */

struct total {
  int axis;
  double value_mm, ours_n;
};

/* Our total of every set, in the order of the job: by first appearance of axis and value. */
static int add_up(struct total *set, const struct fea_mesh *m, const double *reaction) {
  int count = 0;
  for (int64_t i = 0; i < m->support_count; i++) {
    const struct fea_support *s = &m->support[i];
    int at = 0;
    while (at < count && (set[at].axis != s->axis || set[at].value_mm != s->value_mm)) at++;
    if (at == count) set[count++] = (struct total){s->axis, s->value_mm, 0};
    assert_true(count < SETS);
    set[at].ours_n += reaction[i];
  }
  return count;
}

/* @param reaction  one a support */
static void check_job(const struct fea_mesh *m, const double *reaction, const char *what) {
  struct total set[SETS];
  const int count = add_up(set, m, reaction);
  char *data = NULL;
  size_t length;
  double most = 0, worst = 0;
  assert_ok(fea_inp_write(m, "fea_job.inp", true));
  assert_int_equal(system("OMP_NUM_THREADS=1 ccx fea_job > fea_job.out 2>&1"), 0);
  assert_ok(file_read(&data, &length, "fea_job.dat", 0));
  for (int s = 0; s < count; s++) most = fmax(most, fabs(set[s].ours_n));
  for (int s = 0; s < count; s++) {
    char name[32];
    double force[3];
    snprintf(name, sizeof name, "set FIX_%c_%d ", "XYZ"[set[s].axis], s);
    const char *at = strstr(data, name);
    assert_non_null(at);
    assert_int_equal(sscanf(strchr(at, '\n'), "%lf %lf %lf", &force[0], &force[1], &force[2]), 3);
    worst = fmax(worst, fabs(force[set[s].axis] - set[s].ours_n) / most);
  }
  print_message("%s: %lld nodes, %d sets, largest %.6g N, worst difference %.1e of it\n", what,
                (long long)m->node_count, count, most, worst);
  assert_true(most > 0);
  assert_in_range(worst * 1e9, 0, 1e5);
  free(data);
  (void)system("rm -f fea_job.*");
}

static void check_voxels(const struct fea_model *model, const struct fea_solution *s,
                         const char *what) {
  struct fea_mesh *m = NULL;
  assert_ok(fea_mesh_from_model(&m, model, 0));
  check_job(m, s->reaction, what);
  fea_mesh_destroy(m);
}

static void need_ccx(void) {
  if (system("command -v ccx > /dev/null 2>&1")) {
    print_message("skipped: the program ccx is not there\n");
    skip();
  }
}

/* A notched block of three materials, sheared and pressed, with a force. */
static void check_notched_block(const struct fea_orthotropy *ratio, const char *what) {
  need_ccx();
  struct geometry grid = geometry_make(7, 6, 9, 0.8, 0.8, 0.8);
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  assert_ok(fea_model_create(&m, &grid, 0.3));
  if (ratio) assert_ok(fea_model_orthotropic(m, ratio));
  for (int64_t v = 0; v < 7 * 6 * 9; v++) {
    int64_t i = v % 7, j = v / 7 % 6, k = v / 42;
    static const float e[3] = {200, 3000.5f, 15000};
    m->modulus[v] = k >= 3 && k < 6 && i > 3 && j > 1 ? 0 : e[(i + 2 * j + k * k) % 3];
  }
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_model_fix_plane(m, 2, 9, 2, -0.05));
  assert_ok(fea_model_fix_plane(m, 2, 9, 0, 0.02));
  assert_ok(fea_model_load(m, fea_model_node(m, 0, 3, 5), 1, 40));
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, NULL));
  assert_near(s->reaction_sum[1], -40, 1e-5);
  check_voxels(m, s, what);
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

static void a_notched_block(void **state) {
  (void)state;
  check_notched_block(NULL, "notched block");
}

/* Its engineering constants E1 E2 E3 nu12 nu13 nu23 G12 G13 G23: three unequal axes. */
static void a_notched_block_of_orthotropic_voxels(void **state) {
  (void)state;
  check_notched_block(&(struct fea_orthotropy){.young = {0.5, 0.8, 1.6},
                                               .shear = {0.45, 0.3, 0.2},
                                               .poisson = {0.12, 0.15, 0.35}},
                      "orthotropic notched block");
}

static struct fea_fall_options coarse(int recipe, double size_mm) {
  struct fea_fall_options o = FEA_FALL_DEFAULTS;
  o.recipe = recipe;
  o.size_mm = size_mm;
  o.interval = false;
  if (recipe == FEA_STANCE) {
    o.tilt_deg = 20;
    o.strain = 0.01;
  }
  return o;
}

static void femora_of_cubes_by_every_recipe(void **state) {
  (void)state;
  need_ccx();
  struct digital_femur f;
  digital_femur_make(&f, 2, 0);
  for (int recipe = FEA_FALL_OGO; recipe <= FEA_STANCE; recipe++)
    for (int outline = FEA_OUTLINE_VOXELS; outline <= FEA_OUTLINE_SMOOTH; outline++) {
      struct fea_fall_options o = coarse(recipe, 4);
      struct fea_fall *r = NULL;
      o.outline = outline;
      if (outline == FEA_OUTLINE_VOXELS && recipe != FEA_FALL_OGO) continue;
      assert_ok(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o));
      check_voxels(r->model, r->solution, r->words);
      fea_fall_destroy(r);
    }
  digital_femur_free(&f);
}

static void femora_of_tetrahedra_by_every_recipe(void **state) {
  (void)state;
  need_ccx();
  struct digital_femur f;
  digital_femur_make(&f, 2, 0);
  for (int recipe = FEA_FALL_OGO; recipe <= FEA_STANCE; recipe++)
    for (int element = FEA_TET4; element <= FEA_TET10; element++) {
      const struct fea_fall_options o = coarse(recipe, 9);
      struct fea_tet_options t = FEA_TET_DEFAULTS;
      struct fea_tet_fall *r = NULL;
      t.element = element;
      assert_ok(
          fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o, &t));
      double *reaction = malloc((size_t)r->mesh->support_count * sizeof *reaction);
      assert_non_null(reaction);
      for (int64_t i = 0; i < r->mesh->support_count; i++)
        reaction[i] =
            r->solution->reaction[3 * r->mesh->support[i].node + r->mesh->support[i].axis];
      check_job(r->mesh, reaction, r->words);
      free(reaction);
      fea_tet_fall_destroy(r);
    }
  digital_femur_free(&f);
}

/* A barrel of bone between caps, pressed straight and with a wedge. */
static void a_vertebra_straight_and_wedged(void **state) {
  (void)state;
  need_ccx();
  const struct geometry g = geometry_make(24, 20, 20, 2, 2, 2);
  struct volume *density = NULL;
  struct labels *labels = NULL;
  assert_ok(volume_create(&density, &g, QUANTITY_DENSITY));
  assert_ok(labels_create(&labels, &g));
  density->material = MATERIAL_K2HPO4;
  for (int64_t v = 0; v < geometry_voxels(&g); v++) {
    const double x = (double)(v % 24) - 11.5, y = (double)(v / 24 % 20) - 9.5;
    const double z = (double)(v / 480) - 9.5;
    density->voxels[v] = (float)(150 + 20 * ((v % 7) + (v / 480) % 3));
    labels->voxels[v] = x * x / 81 + y * y / 49 < 1 && fabs(z) < 7 ? 31 : 0;
  }
  const struct fea_spine_labels of = {labels, 31, NULL, 0, "L1"};
  for (int wedge = 0; wedge < 2; wedge++) {
    struct fea_spine_options o = FEA_SPINE_DEFAULTS;
    struct fea_spine *s = NULL;
    o.size_mm = 2;
    o.interval = false;
    o.wedge_deg = wedge;
    assert_ok(fea_spine_run(&s, density, &of, NULL, NULL, &o));
    check_voxels(s->model, s->solution, s->words);
    fea_spine_destroy(s);
  }
  volume_destroy(density);
  labels_destroy(labels);
}

static void a_porous_cube_by_every_boundary(void **state) {
  (void)state;
  need_ccx();
  for (int kind = FEA_GLUED; kind <= FEA_CONFINED; kind++) {
    const struct geometry g = geometry_make(10, 10, 10, 0.1, 0.1, 0.1);
    struct fea_compress_options o = FEA_COMPRESS_DEFAULTS;
    struct fea_model *m = NULL;
    struct fea_compress *c = NULL;
    assert_ok(fea_model_create(&m, &g, 0.3));
    for (int64_t v = 0; v < 1000; v++) {
      const int64_t i = v % 10, j = v / 10 % 10, k = v / 100;
      if ((i / 2 + j / 2) % 2 && k % 5) continue; /* posts and floors */
      m->modulus[v] = 10000;
      m->part[v] = FEA_BONE;
    }
    o.kind = kind;
    assert_ok(fea_compress_run(&c, m, "E 10000 MPa", &o));
    check_voxels(c->model, c->solution, c->words);
    fea_compress_destroy(c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_notched_block),
      cmocka_unit_test(a_notched_block_of_orthotropic_voxels),
      cmocka_unit_test(femora_of_cubes_by_every_recipe),
      cmocka_unit_test(femora_of_tetrahedra_by_every_recipe),
      cmocka_unit_test(a_vertebra_straight_and_wedged),
      cmocka_unit_test(a_porous_cube_by_every_boundary),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
