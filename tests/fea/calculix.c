// labels: method
/* Exported jobs run by CalculiX (Debian package calculix-ccx) must give the same reactions. */
#include "tests/check.h"

#include "core/file.h"
#include "fea/calculix.h"
#include "fea/solve.h"

/* Totals of CalculiX for the set whose name ends in _<number>. */
static void read_total(const char *data, const char *axis, int number, double force[3]) {
  char name[32];
  snprintf(name, sizeof name, "set FIX_%s_%d ", axis, number);
  const char *at = strstr(data, name);
  assert_non_null(at);
  at = strchr(at, '\n');
  assert_int_equal(sscanf(at, "%lf %lf %lf", &force[0], &force[1], &force[2]), 3);
}

/* A notched block of three materials, sheared and pressed, with a force. */
static struct fea_model *notched(void) {
  struct geometry grid = geometry_make(7, 6, 9, 0.8, 0.8, 0.8);
  struct fea_model *m = NULL;
  assert_ok(fea_model_create(&m, &grid, 0.3));
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
  return m;
}

static void calculix_gives_the_same_reactions(void **state) {
  (void)state;
  if (system("command -v ccx > /dev/null 2>&1")) {
    print_message("skipped: the program ccx is not there\n");
    skip();
  }
  struct fea_model *m = notched();
  struct fea_solution *s = NULL;
  char *data = NULL;
  size_t length;
  double force[3], top[3];
  assert_ok(fea_calculix_write(m, 0, 0, "fea_job.inp", true));
  assert_int_equal(system("OMP_NUM_THREADS=1 ccx fea_job > fea_job.out 2>&1"), 0);
  assert_ok(file_read(&data, &length, "fea_job.dat", 0));
  assert_ok(fea_solve(&s, m, 0, NULL));
  fea_solution_plane_reaction(s, m, 2, 9, top);
  /* sets by first appearance: x 0, y 0, z 0 of the bottom, then x 0.02, z -0.05 of the top */
  read_total(data, "X", 3, force);
  assert_close(top[0], force[0], 1e-4);
  read_total(data, "Z", 4, force);
  assert_close(top[2], force[2], 1e-4);
  read_total(data, "Y", 1, force);
  assert_close(s->reaction_sum[1], force[1], 1e-4);
  assert_near(force[1], -40, 0.01);
  (void)system("rm -f fea_job.*");
  free(data);
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

static void too_many_moduli_ask_for_bins(void **state) {
  (void)state;
  struct geometry grid = geometry_make(20, 20, 20, 1, 1, 1);
  struct fea_model *m = NULL;
  assert_ok(fea_model_create(&m, &grid, 0.3));
  for (int64_t v = 0; v < 8000; v++) m->modulus[v] = (float)(100 + v);
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_model_finish(m));
  assert_fails(fea_calculix_write(m, 0, 0, "fea_job_bins.inp", true), ST_DOMAIN,
               "8000 different moduli");
  assert_false(file_exists("fea_job_bins.inp"));
  assert_ok(fea_calculix_write(m, 0, 50, "fea_job_bins.inp", true));
  remove("fea_job_bins.inp");
  fea_model_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calculix_gives_the_same_reactions),
      cmocka_unit_test(too_many_moduli_ask_for_bins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
