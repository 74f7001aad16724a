// labels: method
/* Job files: closed forms through their keys, and what is refused. */
#include "tests/check.h"

#include "core/json.h"
#include "fea/job.h"

static struct volume *cube(double value, enum quantity quantity) {
  struct geometry g = geometry_make(6, 6, 6, 1, 1, 1);
  struct volume *v = NULL;
  assert_ok(volume_create(&v, &g, quantity));
  for (int i = 0; i < 216; i++) v->voxels[i] = (float)value;
  return v;
}

static status make(struct fea_job **job, const struct volume *v, const struct labels *l,
                   const char *text) {
  cJSON *json = NULL;
  status st = json_parse(&json, text, strlen(text), "job");
  if (!st) st = fea_job_make(job, v, l, json, "job", 0);
  cJSON_Delete(json);
  return st;
}

/* A bar on rollers: foot by index, top by word, the sides by plane and by a box in mm. */
#define BAR_SETS                                                                                   \
  "\"sets\":{\"foot\":{\"plane\":\"z\",\"at\":0},\"top\":{\"plane\":\"z\",\"at\":\"last\"},"       \
  "\"left\":{\"plane\":\"x\",\"at\":\"first\"},"                                                   \
  "\"front\":{\"low\":[-1,-0.6,-1],\"high\":[9,-0.4,9]}"
#define BAR_SUPPORTS                                                                               \
  "\"supports\":[{\"set\":\"foot\",\"z\":0},{\"set\":\"left\",\"x\":0},{\"set\":\"front\",\"y\":"  \
  "0}],"
#define BAR BAR_SETS "}," BAR_SUPPORTS
#define MOVE "\"cases\":[{\"name\":\"move\",\"displace\":[{\"set\":\"top\",\"z\":-0.06}]}]}"

static double value_of(const struct record *r, const char *quantity) {
  const struct measurement *m = record_find(r, "move", quantity);
  if (!m) fail_msg("no row %s", quantity);
  return m->value;
}

/* Solve case 0 and keep its rows. */
static struct record *solved(const struct volume *v, const struct labels *l, const char *text) {
  static const struct fea_failure_options limits = FEA_FAILURE_DEFAULTS;
  struct fea_solve_options tight = FEA_SOLVE_DEFAULTS;
  struct fea_job *job = NULL;
  struct fea_solution *s = NULL;
  struct fea_fields *f = NULL;
  struct record *r = NULL;
  tight.tolerance = 1e-11;
  assert_ok(make(&job, v, l, text));
  assert_ok(fea_solve(&s, job->model, 0, &tight));
  assert_ok(fea_fields_create(&f, job->model, s));
  assert_ok(record_create(&r, ""));
  assert_ok(fea_job_rows(r, job, 0, s, f, &limits));
  fea_fields_destroy(f);
  fea_solution_destroy(s);
  fea_job_destroy(job);
  return r;
}

/* E A strain: 6829 x 36 x 0.01 N. */
static void moved_bar_has_the_force_of_its_closed_form(void **state) {
  (void)state;
  struct volume *v = cube(6829, QUANTITY_MODULUS);
  struct record *r = solved(v, NULL, "{\"material\":{\"modulus\":true}," BAR MOVE);
  assert_close(value_of(r, "reaction_top_z"), -2458.44, 1e-9);
  assert_close(value_of(r, "reaction_foot_z"), 2458.44, 1e-9);
  assert_near(value_of(r, "displacement_top_z"), -0.06, 1e-12);
  assert_close(value_of(r, "energy"), 2458.44 * 0.06 / 2, 1e-9);
  assert_close(value_of(r, "factor_pistoia"), 0.7, 1e-5);
  record_destroy(r);
  volume_destroy(v);
}

/* Along an axis of orthotropy: F = E young_z A strain, and across it shortens by -nu_xz / young_x
 * of the stress. With fabric, young_z = m_z^2 and nu_xz / young_x = nu0 / (m_x m_z) of the modulus.
 */
static void moved_bar_follows_its_orthotropic_constants(void **state) {
  (void)state;
  static const char *const ask[2] = {"{\"orthotropic\":{\"young\":[0.5,0.8,2],\"shear\":[0.4,0.3,0."
                                     "2],\"poisson\":[0.1,0.15,0.25]},",
                                     "{\"fabric\":{\"eigenvalues\":[0.7,0.9,1.4]},"};
  const double young_z[2] = {2, 1.4 * 1.4}, shortening[2] = {0.15 / 0.5, 0.234 / (0.7 * 1.4)};
  struct volume *v = cube(6829, QUANTITY_MODULUS);
  for (int way = 0; way < 2; way++) {
    char text[1024];
    snprintf(text, sizeof text,
             "%s\"material\":{\"modulus\":true}," BAR_SETS
             ",\"right\":{\"plane\":\"x\",\"at\":\"last\"}}," BAR_SUPPORTS MOVE,
             ask[way]);
    struct record *r = solved(v, NULL, text);
    assert_close(value_of(r, "reaction_top_z"), -2458.44 * young_z[way], 1e-9);
    assert_near(value_of(r, "displacement_right_x"), 0.06 * young_z[way] * shortening[way], 1e-11);
    record_destroy(r);
  }
  volume_destroy(v);
}

/* The force is spread evenly over nodes, so edges get twice and corners four times what a pressure
 * gives them, and the face moves a little more than the bar's -F L / (E A); the foot carries all of
 * it and the work is half of force x mean displacement of the loaded nodes. */
static void pushed_bar_carries_its_force(void **state) {
  (void)state;
  struct volume *v = cube(6829, QUANTITY_MODULUS);
  struct record *r =
      solved(v, NULL,
             "{\"poisson\":0,\"material\":{\"modulus\":true}," BAR
             "\"cases\":[{\"name\":\"move\",\"force\":[{\"set\":\"top\",\"z\":-100}]}]}");
  assert_close(value_of(r, "reaction_foot_z"), 100.0, 1e-9);
  assert_close(value_of(r, "energy"), -50 * value_of(r, "displacement_top_z"), 1e-9);
  const double bar = -100 * 6 / (6829. * 36), moved = value_of(r, "displacement_top_z");
  assert_true(moved < bar && moved > 1.1 * bar);
  record_destroy(r);
  volume_destroy(v);
}

/* Materials by label, in series: F = A u / (3/1000 + 3/4000), nu 0. */
static void moduli_by_label_stand_in_series(void **state) {
  (void)state;
  struct volume *v = cube(1, QUANTITY_OTHER);
  struct labels *l = NULL;
  assert_ok(labels_create(&l, &v->grid));
  for (int i = 0; i < 216; i++) l->voxels[i] = i < 108 ? 1 : 2;
  struct record *r =
      solved(v, l, "{\"poisson\":0,\"material\":{\"labels\":{\"1\":1000,\"2\":4000}}," BAR MOVE);
  assert_close(value_of(r, "reaction_top_z"), -36 * 0.06 / (3. / 1000 + 3. / 4000), 1e-9);
  record_destroy(r);
  labels_destroy(l);
  volume_destroy(v);
}

/* keyak1994: ash = 1.06 x 0.5 + 0.0389; keller1994: 10500 ash^2.29. */
static void moduli_by_law_take_the_density(void **state) {
  (void)state;
  struct volume *v = cube(500, QUANTITY_DENSITY);
  v->material = MATERIAL_K2HPO4;
  struct record *r = solved(v, NULL, "{\"material\":{\"law\":\"keller1994\"}," BAR MOVE);
  const double e = 10500 * pow(1.06 * 0.5 + 0.0389, 2.29);
  assert_close(value_of(r, "reaction_top_z"), -e * 36 * 0.01, 1e-6);
  record_destroy(r);
  v->material = MATERIAL_UNSTATED;
  struct fea_job *job = NULL;
  assert_fails(make(&job, v, NULL, "{\"material\":{\"law\":\"keller1994\"}," BAR MOVE), ST_DOMAIN,
               "does not state");
  volume_destroy(v);
}

static void jobs_that_make_no_sense_are_refused(void **state) {
  (void)state;
  struct volume *v = cube(1000, QUANTITY_MODULUS);
  struct fea_job *job = NULL;
  assert_fails(make(&job, v, NULL, "{\"material\":{\"modulus\":true}}"), ST_FORMAT, "no sets");
  assert_fails(make(&job, v, NULL, "{\"materail\":{}}"), ST_FORMAT, "no key \"materail\"");
  assert_fails(make(&job, v, NULL, "{\"material\":{}," BAR MOVE), ST_FORMAT, "material needs one");
  assert_fails(make(&job, v, NULL,
                    "{\"material\":{\"modulus\":true},\"sets\":{\"a\":{\"plane\":\"w\",\"at\":0}},"
                    "\"cases\":[]}"),
               ST_FORMAT, "there are x, y, z");
  assert_fails(make(&job, v, NULL,
                    "{\"material\":{\"modulus\":true},\"sets\":{\"a\":{\"low\":[50,50,50]}},"
                    "\"cases\":[]}"),
               ST_DOMAIN, "holds no node");
  assert_fails(make(&job, v, NULL,
                    "{\"material\":{\"modulus\":true},\"sets\":{\"a\":{\"node\":[0,1e80,0]}},"
                    "\"cases\":[]}"),
               ST_FORMAT, "node holds 1e+80, a whole number expected");
  assert_fails(
      make(&job, v, NULL,
           "{\"material\":{\"modulus\":true},\"sets\":{\"a\":{\"plane\":\"z\",\"at\":1.5}},"
           "\"cases\":[]}"),
      ST_FORMAT, "node plane 1.5 along z, a whole number expected");
  assert_fails(make(&job, v, NULL, "{\"label\":1e80,\"material\":{\"modulus\":true}," BAR MOVE),
               ST_FORMAT, "label");
  /* one node, two displacements */
  assert_fails(make(&job, v, NULL,
                    "{\"material\":{\"modulus\":true}," BAR
                    "\"cases\":[{\"name\":\"a\",\"displace\":[{\"set\":\"left\",\"x\":1}]}]}"),
               ST_DOMAIN, "two displacements");
  /* free to turn */
  assert_fails(make(&job, v, NULL,
                    "{\"material\":{\"modulus\":true},\"sets\":{\"a\":{\"node\":[0,0,0]}},"
                    "\"supports\":[{\"set\":\"a\",\"x\":0,\"y\":0,\"z\":0}],"
                    "\"cases\":[{\"name\":\"a\"}]}"),
               ST_NUMERIC, "turn about");
  v->voxels[7] = -5;
  assert_fails(make(&job, v, NULL, "{\"material\":{\"modulus\":true}," BAR MOVE), ST_DOMAIN,
               "finite and >= 0");
  v->voxels[7] = NAN; /* no data is void */
  assert_ok(make(&job, v, NULL, "{\"material\":{\"modulus\":true}," BAR MOVE));
  assert_int_equal(job->model->element_count, 215);
  fea_job_destroy(job);
  volume_destroy(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(moved_bar_has_the_force_of_its_closed_form),
      cmocka_unit_test(moved_bar_follows_its_orthotropic_constants),
      cmocka_unit_test(pushed_bar_carries_its_force),
      cmocka_unit_test(moduli_by_label_stand_in_series),
      cmocka_unit_test(moduli_by_law_take_the_density),
      cmocka_unit_test(jobs_that_make_no_sense_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
