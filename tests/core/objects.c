// Calibrations, frames, provenance, random numbers, threads, modules and sources.
#include "tests/folder.h" /* first */

#include "core/calibration.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/json.h"
#include "core/module.h"
#include "core/parallel.h"
#include "core/provenance.h"
#include "core/random.h"
#include "core/sources.h"
#include "core/statistics.h"

/* ---- random ---- */

static void random_numbers_depend_on_their_key_alone(void **state) {
  (void)state;
  assert_true(random_bits(1, 2, 3) == random_bits(1, 2, 3));
  assert_true(random_bits(1, 2, 3) != random_bits(1, 2, 4));
  assert_true(random_bits(1, 2, 3) != random_bits(1, 3, 3));
  assert_true(random_bits(1, 2, 3) != random_bits(2, 2, 3));
  assert_true(random_bits(1, 2, 3) != random_bits(1, 3, 2));
}

static void random_moments_are_those_of_the_distributions(void **state) {
  (void)state;
  enum { N = 200000 };
  double mean = 0, second = 0, third = 0, fourth = 0, uniform = 0, lag = 0;
  for (int i = 0; i < N; i++) {
    double z = random_normal(7, 1, (uint64_t)i);
    mean += z;
    second += z * z;
    third += z * z * z;
    fourth += z * z * z * z;
    lag += z * random_normal(7, 1, (uint64_t)i + 1);
    uniform += random_uniform(7, 2, (uint64_t)i);
  }
  /* four standard errors: sqrt(var/N) with var 1, 2, 15, 96, 1, 1/12 */
  assert_near(mean / N, 0, 4 * sqrt(1.0 / N));
  assert_near(second / N, 1, 4 * sqrt(2.0 / N));
  assert_near(third / N, 0, 4 * sqrt(15.0 / N));
  assert_near(fourth / N, 3, 4 * sqrt(96.0 / N));
  assert_near(lag / N, 0, 4 * sqrt(1.0 / N));
  assert_near(uniform / N, 0.5, 4 * sqrt(1.0 / 12 / N));
}

static void random_integers_fill_their_range_evenly(void **state) {
  (void)state;
  enum { N = 70000, K = 7 };
  int counts[K] = {0};
  double chi2 = 0;
  for (int i = 0; i < N; i++) counts[random_below(3, 0, (uint64_t)i, K)]++;
  for (int k = 0; k < K; k++) chi2 += (counts[k] - N / K) * (counts[k] - N / K) / (double)(N / K);
  assert_true(chi2 < stat_chi2_quantile(0.9999, K - 1));
  assert_true(random_below(3, 0, 5, 1) == 0);
  uint64_t large = random_below(3, 0, 5, UINT64_MAX); /* high word of bits x (2^64 - 1) */
  assert_true(large == random_bits(3, 0, 5) - 1 || large == random_bits(3, 0, 5));
}

/* ---- parallel ---- */

static void sums_do_not_depend_on_the_threads(void **state) {
  (void)state;
  enum { N = 300001 };
  static double x[N];
  static float y[N];
  for (int i = 0; i < N; i++) {
    x[i] = random_normal(1, 0, (uint64_t)i) * 1e6;
    y[i] = (float)x[i];
  }
  parallel_set_threads(1);
  double one = parallel_sum(x, N), one_float = parallel_sum_float(y, N),
         dot = parallel_dot(x, x, N);
  parallel_set_threads(5);
  assert_int_equal(parallel_threads(), 5);
  assert_true(parallel_sum(x, N) == one && parallel_sum_float(y, N) == one_float);
  assert_true(parallel_dot(x, x, N) == dot);
  assert_near(dot, N * 1e12, 0.01 * N * 1e12); /* variance of the normal numbers */
  parallel_set_threads(0);
  assert_true(parallel_threads() >= 1);
  assert_true(parallel_sum(x, 0) == 0);
}

/* ---- calibration ---- */

static struct calibration some_calibration(void) {
  struct calibration c = {.method = "phantom-ols",
                          .phantom = "mindways-3",
                          .scanner_key = "GE|x|?|120|SOFT",
                          .material = MATERIAL_K2HPO4,
                          .slope = 0.78125,
                          .intercept = -3.5,
                          .covariance = {4, -0.01, 0, -0.01, 0.0001, 0, 0, 0, 0},
                          .covariance_df = 3,
                          .certificate_sd = 1,
                          .r2 = 0.999,
                          .residual_sd = 1.2,
                          .sigma_ref = NAN,
                          .beta_ref = NAN,
                          .effective_kev = NAN,
                          .checkable = 1,
                          .point_count = 1,
                          .warning_count = 1};
  c.points[0] = (struct calibration_point){.name = "A",
                                           .hu = 101.5,
                                           .hu_sd = 9,
                                           .hu_se = 0.5,
                                           .voxels = 1234,
                                           .slices = 12,
                                           .density = 75,
                                           .water = NAN,
                                           .residual = 0.8,
                                           .used = 1,
                                           .where = {1, 2, 3}};
  snprintf(c.warnings[0], sizeof c.warnings[0], "two rods \"touch\"");
  return c;
}

static void a_calibration_comes_back_whole(void **state) {
  (void)state;
  struct calibration c = some_calibration(), back;
  const char *path = in_folder("calibration.json");
  assert_ok(calibration_seal(&c));
  assert_int_equal(strlen(c.id), 64);
  assert_ok(calibration_write(&c, path, NULL, false));
  assert_ok(calibration_read(&back, path));
  assert_string_equal(back.id, c.id);
  assert_string_equal(back.warnings[0], c.warnings[0]);
  assert_true(back.slope == c.slope && back.covariance[1] == -0.01 && back.covariance_df == 3);
  assert_true(back.material == MATERIAL_K2HPO4 && isnan(back.sigma_ref));
  assert_true(back.points[0].voxels == 1234 && back.points[0].where.z == 3);
  assert_true(isnan(back.points[0].water) && back.points[0].used);
}

static void the_interval_is_the_formula_of_the_header(void **state) {
  (void)state;
  struct calibration c = some_calibration();
  /* at 200 HU: 4 - 2*200*0.01 + 200^2*0.0001 + 1 = 5 */
  assert_near(calibration_density_sd(&c, 200), sqrt(5), 1e-12);
  assert_near(calibration_half_width(&c, 200), 3.182446305284263 * sqrt(5), 1e-9);
  c.covariance_df = INFINITY;
  assert_near(calibration_half_width(&c, 200), 1.959963984540054 * sqrt(5), 1e-12);
}

static void density_and_hu_are_inverse(void **state) {
  (void)state;
  struct calibration c = some_calibration();
  for (int k = 0; k < 3; k++) {
    c.quadratic = k == 1 ? 1e-4 : k == 2 ? -1e-4 : 0;
    for (double hu = 0; hu <= 1500; hu += 100)
      assert_near(calibration_hu(&c, calibration_density(&c, hu)), hu, 1e-9);
  }
}

static void applying_keeps_no_data_and_tags_the_material(void **state) {
  (void)state;
  struct calibration c = some_calibration();
  struct volume *hu = NULL, *density = NULL;
  struct geometry g = geometry_make(2, 1, 1, 1, 1, 1);
  assert_ok(calibration_seal(&c));
  assert_ok(volume_create(&hu, &g, QUANTITY_HU));
  hu->voxels[0] = 100;
  hu->voxels[1] = NAN;
  assert_ok(calibration_apply(&density, &c, hu));
  assert_near((double)density->voxels[0], 74.625, 1e-5);
  assert_true(isnan(density->voxels[1]));
  assert_true(density->material == MATERIAL_K2HPO4 && density->quantity == QUANTITY_DENSITY);
  assert_string_equal(density->calibration_id, c.id);
  struct volume *twice = NULL;
  assert_fails(calibration_apply(&twice, &c, density), ST_DOMAIN, "HU are needed");
  volume_destroy(hu);
  volume_destroy(density);
}

/* A tissue without density (michalski2020, regressions) or that was not found has null in the file.
 */
static void a_point_without_numbers_comes_back(void **state) {
  (void)state;
  struct calibration c = some_calibration(), back;
  const char *path = in_folder("unknown.json");
  c.points[0].hu = c.points[0].density = NAN;
  c.points[0].used = 0;
  assert_ok(calibration_seal(&c));
  assert_ok(calibration_write(&c, path, NULL, false));
  assert_ok(calibration_read(&back, path));
  assert_string_equal(back.id, c.id);
  assert_true(isnan(back.points[0].hu) && isnan(back.points[0].density) && !back.points[0].used);
}

/* A density keeps the id of the calibration that made it. */
static void the_calibration_of_another_density_is_refused(void **state) {
  (void)state;
  struct calibration c = some_calibration(), back;
  struct volume *v = NULL;
  struct geometry g = geometry_make(2, 1, 1, 1, 1, 1);
  const char *path = in_folder("of.json");
  assert_ok(calibration_seal(&c));
  assert_ok(calibration_write(&c, path, NULL, false));
  assert_ok(volume_create(&v, &g, QUANTITY_DENSITY));
  v->material = c.material;
  assert_ok(calibration_read_of(&back, path, v)); /* made elsewhere */
  snprintf(v->calibration_id, sizeof v->calibration_id, "%s", c.id);
  assert_ok(calibration_read_of(&back, path, v));
  v->calibration_id[0] ^= 1;
  assert_fails(calibration_read_of(&back, path, v), ST_DOMAIN, "did not make this density");
  v->calibration_id[0] = '\0';
  v->material = MATERIAL_HA;
  assert_fails(calibration_read_of(&back, path, v), ST_DOMAIN, "is of K2HPO4, the density of HA");
  volume_destroy(v);
}

static void a_calibration_without_its_material_is_refused(void **state) {
  (void)state;
  struct calibration c;
  const char *texts[] = {
      "{\"slope\": 1, \"intercept\": 0, \"unit\": \"mg/cm3\"}",
      "{\"slope\": 1, \"intercept\": 0, \"unit\": \"mg/cm3\", \"material\": \"chalk\"}",
      "{\"slope\": 1, \"intercept\": 0, \"unit\": \"g/cm3\", \"material\": \"HA\"}",
      "{\"slope\": 0, \"intercept\": 0, \"unit\": \"mg/cm3\", \"material\": \"HA\"}"};
  const char *words[] = {"\"material\" is absent", "\"chalk\"", "\"g/cm3\"", "cannot turn HU"};
  for (int i = 0; i < 4; i++) {
    cJSON *json = NULL;
    assert_ok(json_parse(&json, texts[i], strlen(texts[i]), "t"));
    assert_fails(calibration_from_json(&c, json, "t"), i == 3 ? ST_DOMAIN : ST_FORMAT, words[i]);
    cJSON_Delete(json);
  }
}

static void the_scanner_key_marks_what_is_unknown(void **state) {
  (void)state;
  struct acquisition a;
  char key[256];
  acquisition_init(&a);
  snprintf(a.manufacturer, sizeof a.manufacturer, "GE");
  snprintf(a.kernel, sizeof a.kernel, "SOFT");
  calibration_scanner_key(key, &a);
  assert_string_equal(key, "GE|?|?|?|SOFT");
  a.kvp = 140;
  snprintf(a.station, sizeof a.station, "CT1");
  calibration_scanner_key(key, &a);
  assert_string_equal(key, "GE|?|CT1|140|SOFT");
}

/* ---- frames ---- */

static struct hip_frame some_frame(enum side side) {
  struct hip_frame f = {.side = side, .head = {0, 0, 0}, .head_radius_mm = 24};
  double lateral = side == SIDE_LEFT ? 1 : -1;
  f.shaft_axis = vec3_make(0, 0, 1);
  f.neck_axis = vec3_unit(vec3_make(-lateral, 0, 1));
  f.neck_point = vec3_scale(f.neck_axis, -30);
  f.origin = vec3_scale(f.neck_axis, -60);
  f.shaft_point = vec3_make(f.origin.x, 0, 0);
  f.lesser_trochanter = f.greater_trochanter = f.origin;
  f.lesser_trochanter_mm = 70;
  f.hal_mm = NAN;
  return f;
}

static void a_frame_comes_back_whole(void **state) {
  (void)state;
  struct hip_frame f = some_frame(SIDE_LEFT), back;
  f.truncated = 1;
  snprintf(f.flags, sizeof f.flags, "head cut by 3 %%");
  assert_ok(hip_frame_write(&f, in_folder("frame.json"), NULL, false));
  assert_ok(hip_frame_read(&back, in_folder("frame.json")));
  assert_true(back.side == SIDE_LEFT && back.truncated && !back.metal && isnan(back.hal_mm));
  assert_true(back.neck_point.x == f.neck_point.x && back.head_radius_mm == 24);
  assert_string_equal(back.flags, f.flags);
}

static void a_frame_without_unit_axes_is_refused(void **state) {
  (void)state;
  struct hip_frame f = some_frame(SIDE_RIGHT), back;
  f.neck_axis = vec3_make(0, 0, 2);
  assert_ok(hip_frame_write(&f, in_folder("bad.json"), NULL, false));
  assert_fails(hip_frame_read(&back, in_folder("bad.json")), ST_FORMAT, "lengths 2 (neck)");
}

static void local_coordinates_mirror_left_to_right(void **state) {
  (void)state;
  struct hip_frame right = some_frame(SIDE_RIGHT), left = some_frame(SIDE_LEFT);
  struct vec3 p = {5, 7, -20}, q = {-5, 7, -20}; /* mirrored about the sagittal plane */
  struct vec3 a = hip_frame_to_local(&right, p, 1), b = hip_frame_to_local(&left, q, 1);
  assert_near(vec3_length(vec3_sub(a, b)), 0, 1e-12);
  struct vec3 back = hip_frame_to_world(&left, b, 1);
  assert_near(vec3_length(vec3_sub(back, q)), 0, 1e-12);
}

static void regions_follow_the_planes(void **state) {
  (void)state;
  struct hip_frame f = some_frame(SIDE_LEFT);
  const struct {
    struct vec3 at;
    enum hip_region region;
  } cases[] = {{{0, 0, 5}, HIP_HEAD},
               {{0, 0, 0}, HIP_HEAD},
               {{30 / sqrt(2), 0, -30 / sqrt(2)}, HIP_NECK},
               {{60, 0, -20}, HIP_TROCHANTER},
               {{45, 0, -60}, HIP_INTERTROCHANTER},
               {{45, 0, -81}, HIP_SHAFT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(hip_region_name(hip_frame_region(&f, cases[i].at)),
                        hip_region_name(cases[i].region));
}

/* ---- provenance, sources, modules ---- */

static void provenance_has_digests_and_no_path(void **state) {
  (void)state;
  struct provenance *p = NULL;
  char *text = NULL;
  const char *path = in_folder("DOE_JANE_ct.nii");
  assert_ok(file_write(path, "abc", 3, false));
  assert_ok(provenance_create(&p, "run"));
  assert_ok(provenance_parameter(p, "size", cJSON_CreateNumber(1)));
  assert_ok(provenance_parameter(p, "size", cJSON_CreateNumber(2)));
  assert_ok(provenance_input(p, "ct", path));
  assert_ok(provenance_source(p, "totalseg2023"));
  assert_ok(provenance_source(p, "totalseg2023"));
  assert_fails(provenance_source(p, "nobody1900"), ST_DOMAIN, "nobody1900");
  cJSON *json = provenance_to_json(p);
  assert_ok(json_print(&text, json));
  assert_null(strstr(text, "JANE"));
  assert_null(strstr(text, "/tmp"));
  assert_non_null(strstr(text, "ba7816bf8f01cfea"));
  assert_int_equal(cJSON_GetArraySize(json_find(json, "sources")), 1);
  assert_near(json_find(json, "parameters.size")->valuedouble, 2, 0);
  assert_string_equal(json_find(json, "version")->valuestring, program_version());
  free(text);
  cJSON_Delete(json);
  provenance_destroy(p);
}

static void identical_runs_differ_in_nothing_but_created(void **state) {
  (void)state;
  char *text[2] = {NULL, NULL};
  setenv("SOURCE_DATE_EPOCH", "86400", 1);
  for (int i = 0; i < 2; i++) {
    struct provenance *p = NULL;
    assert_ok(provenance_create(&p, "run"));
    cJSON *json = provenance_to_json(p);
    assert_string_equal(json_find(json, "created")->valuestring, "1970-01-02T00:00:00Z");
    assert_ok(json_print(&text[i], json));
    cJSON_Delete(json);
    provenance_destroy(p);
  }
  unsetenv("SOURCE_DATE_EPOCH");
  assert_string_equal(text[0], text[1]);
  free(text[0]);
  free(text[1]);
}

static void sources_are_sorted_and_unique(void **state) {
  (void)state;
  size_t count;
  const struct source *all = source_all(&count);
  for (size_t i = 1; i < count; i++) assert_true(strcmp(all[i - 1].key, all[i].key) < 0);
  assert_non_null(source_find("wichura1988"));
  assert_null(source_find("nobody1900"));
}

static void an_absent_module_names_its_package(void **state) {
  (void)state;
  const void *table = NULL;
  assert_false(module_present("no_such_module"));
  assert_fails(module_open(&table, "no_such_module", "table", "libnothing-dev"), ST_UNSUPPORTED,
               "Install libnothing-dev");
  assert_ok(file_write(in_folder("qct_broken.so"), "not a library", 13, false));
  setenv("QCT_MODULE_PATH", folder, 1);
  assert_true(module_present("broken"));
  assert_fails(module_open(&table, "broken", "table", "libnothing-dev"), ST_UNSUPPORTED,
               "install libnothing-dev");
  assert_null(table);
}

static void an_absent_label_is_told_with_those_there_are(void **state) {
  (void)state;
  struct geometry g = geometry_make(3, 3, 1, 1, 1, 1);
  struct labels *l = NULL;
  char words[256];
  assert_ok(labels_create(&l, &g));
  assert_string_equal(labels_absent(words, l, 3),
                      "label 3 is not in the label map, which is empty");
  l->voxels[0] = 75;
  l->voxels[1] = 65535;
  assert_ok(labels_set_name(l, 75, "femur_left"));
  assert_string_equal(labels_absent(words, l, 3),
                      "label 3 is not in the label map, which holds 75 (femur_left), 65535");
  for (int i = 0; i < 9; i++) {
    l->voxels[i] = (uint16_t)(60000 + i);
    char name[64];
    snprintf(name, sizeof name, "a name of a part that is long %d", i);
    assert_ok(labels_set_name(l, 60000 + i, name));
  }
  assert_non_null(strstr(labels_absent(words, l, 3), " and others"));
  labels_destroy(l);
}

static void planes_of_one_value_or_without_data_were_not_scanned(void **state) {
  (void)state;
  struct geometry g = geometry_make(6, 5, 7, 1, 1, 1);
  struct volume *v = NULL;
  int64_t low[3], high[3];
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t i = 0; i < geometry_voxels(&g); i++) v->voxels[i] = (float)(i % 11);
  assert_false(volume_scanned_box(v, low, high));
  for (int a = 0; a < 3; a++) assert_int_equal(low[a], 0);
  assert_int_equal(high[0] * 100 + high[1] * 10 + high[2], 546);
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++) {
        float *x = &v->voxels[geometry_index(&g, i, j, k)];
        if (k > 4) *x = k == 5 ? (i ? -1024 : NAN) : -1000; /* two slices, two values */
        if (k == 2) *x = -1000;                             /* one between the others counts */
        if (i == 0) *x = NAN;
      }
  assert_true(volume_scanned_box(v, low, high));
  assert_int_equal(low[0] * 100 + low[1] * 10 + low[2], 100);
  assert_int_equal(high[0] * 100 + high[1] * 10 + high[2], 544);
  for (int64_t i = 0; i < geometry_voxels(&g); i++) v->voxels[i] = -1000;
  assert_false(volume_scanned_box(v, low, high));
  assert_int_equal(high[0] * 100 + high[1] * 10 + high[2], 546);
  volume_destroy(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(planes_of_one_value_or_without_data_were_not_scanned),
      cmocka_unit_test(random_numbers_depend_on_their_key_alone),
      cmocka_unit_test(random_moments_are_those_of_the_distributions),
      cmocka_unit_test(random_integers_fill_their_range_evenly),
      cmocka_unit_test(sums_do_not_depend_on_the_threads),
      cmocka_unit_test(a_calibration_comes_back_whole),
      cmocka_unit_test(the_interval_is_the_formula_of_the_header),
      cmocka_unit_test(density_and_hu_are_inverse),
      cmocka_unit_test(applying_keeps_no_data_and_tags_the_material),
      cmocka_unit_test(a_point_without_numbers_comes_back),
      cmocka_unit_test(the_calibration_of_another_density_is_refused),
      cmocka_unit_test(a_calibration_without_its_material_is_refused),
      cmocka_unit_test(the_scanner_key_marks_what_is_unknown),
      cmocka_unit_test(a_frame_comes_back_whole),
      cmocka_unit_test(a_frame_without_unit_axes_is_refused),
      cmocka_unit_test(local_coordinates_mirror_left_to_right),
      cmocka_unit_test(regions_follow_the_planes),
      cmocka_unit_test(provenance_has_digests_and_no_path),
      cmocka_unit_test(identical_runs_differ_in_nothing_but_created),
      cmocka_unit_test(sources_are_sorted_and_unique),
      cmocka_unit_test(an_absent_label_is_told_with_those_there_are),
      cmocka_unit_test(an_absent_module_names_its_package),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
