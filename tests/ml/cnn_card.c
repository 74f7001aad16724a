/* Model cards in three dialects, and what is wrong with them. */
#include "../check.h"

#include "core/json.h"
#include "ml/cnn_card.h"

static cJSON *parse(const char *text) {
  cJSON *json = NULL;
  assert_ok(json_parse(&json, text, strlen(text), "test"));
  return json;
}

static void our_card_goes_there_and_back(void **state) {
  (void)state;
  struct cnn_card c, back;
  cnn_card_init(&c);
  strcpy(c.name, "x");
  c.task = CNN_SURVIVAL;
  c.dims = 2;
  c.spacing_mm[0] = 0.5;
  c.shape[0] = 48, c.shape[1] = 64;
  c.channels[0].norm = CNN_NORM_SCORE;
  c.channels[0].low = -100, c.channels[0].high = 900, c.channels[0].mean = 12.25,
  c.channels[0].sd = 3;
  c.output_count = c.interval_count = 2;
  strcpy(c.outputs[1].name, "late");
  c.outputs[1].value = 7;
  c.intervals[0] = 1, c.intervals[1] = 5.5;
  c.column_count = 1;
  strcpy(c.columns[0], "age");
  c.column_mean[0] = 70, c.column_sd[0] = 9;
  c.people = 400;
  c.kv[0] = 100, c.kv[1] = 140;
  strcpy(c.licence, "CC0");
  cJSON *a = cnn_card_to_json(&c), *b;
  assert_ok(cnn_card_from_json(&back, a, "card"));
  b = cnn_card_to_json(&back);
  assert_true(cJSON_Compare(a, b, 1));
  assert_true(back.column_mean[0] == 70 && back.intervals[1] == 5.5 && back.outputs[1].value == 7);
  cJSON_Delete(a);
  cJSON_Delete(b);
}

static void our_card_in_its_short_form_is_read(void **state) {
  (void)state;
  struct cnn_card c;
  cJSON *j = parse(
      "{\"name\":\"a\",\"task\":\"segment\",\"input\":{\"channels\":[{\"hu_window\":[-200,300]}],"
      "\"multiple_of\":16},\"output\":{\"classes\":{\"0\":\"background\",\"76\":\"femur\"}}}");
  assert_ok(cnn_card_from_json(&c, j, "card"));
  assert_int_equal(c.channels[0].norm, CNN_NORM_WINDOW);
  assert_int_equal(c.multiple_of, 16);
  assert_int_equal(c.outputs[1].value, 76);
  assert_string_equal(c.outputs[1].name, "femur");
  cJSON_Delete(j);
}

static void faults_of_our_card_are_named(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {"{\"task\":\"regress\"}", "name"},
      {"{\"name\":\"a\",\"task\":\"guess\"}", "task \"guess\""},
      {"{\"name\":\"a\",\"task\":\"regress\"}", "\"input\" is absent"},
      {"{\"name\":\"a\",\"task\":\"regress\",\"input\":{}}", "channels is absent"},
      {"{\"name\":\"a\",\"task\":\"regress\",\"input\":{\"channels\":[{\"hu_window\":[5,1]}]}}",
       "not rising"},
      {"{\"name\":\"a\",\"task\":\"regress\",\"input\":{\"channels\":[{\"mean\":0,\"sd\":0}]}}",
       "not > 0"},
      {"{\"name\":\"a\",\"task\":\"regress\",\"input\":{\"channels\":[{}],\"spacing_mm\":[-1,1,1]}"
       "}",
       "spacing_mm -1"},
      {"{\"name\":\"a\",\"task\":\"regress\",\"input\":{\"channels\":[{}],\"transpose\":[0,0,1]}}",
       "input.transpose is 0, 0, 1"},
      {"{\"name\":\"a\",\"task\":\"regress\",\"input\":{\"channels\":[{}],\"transpose\":[0,1,1.5]}"
       "}",
       "once each"},
      {"{\"name\":\"a\",\"task\":\"regress\",\"input\":{\"channels\":[{}]},\"output\":{}}",
       "no value and no class"},
      {"{\"name\":\"a\",\"task\":\"segment\",\"input\":{\"channels\":[{}]},\"output\":{\"classes\":"
       "[\"femur\"]}}",
       "classes must be {"},
      {"{\"name\":\"a\",\"task\":\"segment\",\"input\":{\"channels\":[{}]},\"output\":{\"classes\":"
       "{\"76\":5}}}",
       "name of class 76 is no text"},
      {"{\"name\":\"a\",\"task\":\"segment\",\"input\":{\"channels\":[{}]},\"output\":{\"classes\":"
       "{\"femur\":\"76\"}}}",
       "class \"femur\" is no label"},
      {"{\"name\":\"a\",\"task\":\"segment\",\"input\":{\"channels\":[{}]},\"output\":{\"classes\":"
       "{\"70000\":\"femur\"}}}",
       "class \"70000\" is no label"},
      {"{\"name\":\"a\",\"task\":\"regress\",\"input\":{\"channels\":[{}]},\"output\":{\"values\":"
       "[{\"name\":\"b\"}]},\"train\":{\"n\":1888888888888888888888888888800}}",
       "train.n"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct cnn_card c;
    cJSON *j = parse(bad[i][0]);
    assert_fails(cnn_card_from_json(&c, j, "card"), ST_FORMAT, bad[i][1]);
    cJSON_Delete(j);
  }
}

#define MONAI(extra)                                                                               \
  "{\"version\":\"0.1\",\"network_data_format\":{\"inputs\":{\"image\":{\"num_channels\":1," extra \
  "\"spatial_shape\":[\"16*n\",96,\"*\"],\"value_range\":[0,1],\"channel_def\":{\"0\":\"CT\"}}},"  \
  "\"outputs\":{\"pred\":{\"format\":\"segmentation\",\"num_channels\":2,\"channel_def\":"         \
  "{\"0\":\"background\",\"1\":\"spleen\"}}}}}"

static void a_monai_bundle_needs_its_window(void **state) {
  (void)state;
  struct cnn_card c;
  cJSON *j = parse(MONAI(""));
  assert_fails(cnn_card_from_monai(&c, j, "metadata.json"), ST_DOMAIN, "intensity_window");
  cJSON_Delete(j);
  j = parse(MONAI("\"intensity_window\":[-57,164],"));
  assert_ok(cnn_card_from_monai(&c, j, "metadata.json"));
  assert_int_equal(c.task, CNN_SEGMENT);
  assert_int_equal(c.multiple_of, 16);
  assert_true(c.shape[0] == 0 && c.shape[1] == 96 && c.shape[2] == 0);
  assert_true(c.channels[0].low == -57 && c.channels[0].high == 164);
  assert_true(c.axes[0] == 2 && c.axes[2] == 0); /* x first */
  assert_string_equal(c.outputs[1].name, "spleen");
  cJSON_Delete(j);
}

#define PLANS(configurations)                                                                      \
  "{\"dataset_name\":\"D\",\"transpose_forward\":[1,0,2],\"configurations\":" configurations       \
  ",\"foreground_intensity_properties_by_modality\":{\"0\":{\"mean\":1,\"std\":2,"                 \
  "\"percentile_00_5\":-5,\"percentile_99_5\":9}}}"
static const char labels[] = "{\"labels\":{\"background\":0,\"a\":1,\"b\":2,\"ignore\":3}}";

/* spacing and patch are in the network's order of axes, after transpose_forward */
static void nnunet_plans_inherit_and_transpose(void **state) {
  (void)state;
  struct cnn_card c;
  cJSON *p = parse(PLANS("{\"base\":{\"spacing\":[1,2,3],\"patch_size\":[16,32,48],"
                         "\"normalization_schemes\":[\"CTNormalization\"]},"
                         "\"3d_fullres\":{\"inherits_from\":\"base\"}}"));
  cJSON *d = parse(labels);
  assert_ok(cnn_card_from_nnunet(&c, p, d, NULL, "plans.json"));
  /* network axes 0, 1, 2 are the image's y, z, x: spacing of z is 2, of y 1, of x 3 */
  assert_true(c.spacing_mm[0] == 3 && c.spacing_mm[1] == 1 && c.spacing_mm[2] == 2);
  assert_true(c.shape[0] == 48 && c.shape[1] == 16 && c.shape[2] == 32);
  assert_int_equal(c.output_count, 3);
  assert_int_equal(c.channels[0].norm, CNN_NORM_SCORE);
  assert_true(c.channels[0].low == -5 && c.channels[0].sd == 2);
  cJSON_Delete(p);
  cJSON_Delete(d);
}

static void faults_of_nnunet_plans_are_named(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {PLANS("{\"3d_fullres\":{\"inherits_from\":\"3d_fullres\"}}"), "turns in a circle"},
      {PLANS("{\"3d_fullres\":{\"inherits_from\":\"gone\"}}"), "which is absent"},
      {PLANS("{\"2d\":{\"spacing\":[1,1],\"patch_size\":[1,1]}}"), "2 dimensions"},
      {PLANS("{\"a\":{\"spacing\":[1,1,1],\"patch_size\":[8,8,8],\"normalization_schemes\":["
             "\"Rescale\"]}}"),
       "normalisation Rescale"},
      {"{\"transpose_forward\":[0,0,2],\"configurations\":{\"a\":{\"spacing\":[1,1,1],"
       "\"patch_size\":[8,8,8]}}}",
       "transpose_forward is 0, 0, 2"},
      {"{}", "configurations are absent"},
  };
  cJSON *d = parse(labels);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct cnn_card c;
    cJSON *p = parse(bad[i][0]);
    assert_int_not_equal(cnn_card_from_nnunet(&c, p, d, NULL, "plans.json"), ST_OK);
    if (!strstr(status_message(), bad[i][1]))
      fail_msg("\"%s\" lacks \"%s\"", status_message(), bad[i][1]);
    cJSON_Delete(p);
  }
  cJSON_Delete(d);
  struct cnn_card c;
  cJSON *p = parse(PLANS("{\"a\":{\"spacing\":[1,1,1],\"patch_size\":[8,8,8],"
                         "\"normalization_schemes\":[\"NoNormalization\"]}}"));
  d = parse("{\"labels\":{\"background\":0,\"whole\":[1,2]}}");
  assert_fails(cnn_card_from_nnunet(&c, p, d, NULL, "plans.json"), ST_DOMAIN, "region");
  cJSON_Delete(d);
  d = parse("{\"labels\":[0,1,2]}");
  assert_fails(cnn_card_from_nnunet(&c, p, d, NULL, "plans.json"), ST_FORMAT, "labels must be {");
  cJSON_Delete(p);
  cJSON_Delete(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(our_card_goes_there_and_back),
      cmocka_unit_test(our_card_in_its_short_form_is_read),
      cmocka_unit_test(faults_of_our_card_are_named),
      cmocka_unit_test(a_monai_bundle_needs_its_window),
      cmocka_unit_test(nnunet_plans_inherit_and_transpose),
      cmocka_unit_test(faults_of_nnunet_plans_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
