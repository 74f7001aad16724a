/* Tiles joined with Gaussian weights: exact where every tile says the same. */
#include "../check.h"

#include "core/random.h"
#include "ml/cnn_tiles.h"

struct volume_size {
  int64_t n[3], tile[3];
};

struct joined {
  const struct cnn_tiles *t;
  float *out;
  int64_t next;
  float constant;
  int64_t calls;
};

static status identity(void *user, const float *in, float *out) {
  struct joined *j = user;
  int64_t n = j->t->tile[0] * j->t->tile[1] * j->t->tile[2];
  memcpy(out, in, (size_t)(n * j->t->channels) * sizeof *out);
  j->calls++;
  return ST_OK;
}

static status constant(void *user, const float *in, float *out) {
  struct joined *j = user;
  int64_t n = j->t->tile[0] * j->t->tile[1] * j->t->tile[2] * j->t->outputs;
  (void)in;
  for (int64_t i = 0; i < n; i++) out[i] = j->constant;
  return ST_OK;
}

static status take(void *user, int64_t z, const float *values) {
  struct joined *j = user;
  int64_t plane = j->t->size[0] * j->t->size[1], whole = plane * j->t->size[2];
  assert_int_equal(z, j->next++);
  for (int c = 0; c < j->t->outputs; c++)
    memcpy(j->out + c * whole + z * plane, values + c * plane, (size_t)plane * sizeof *values);
  return ST_OK;
}

static void a_network_that_returns_its_input_gives_back_the_volume(void **state) {
  (void)state;
  static const struct volume_size cases[] = {
      {{23, 17, 29}, {8, 8, 8}},   {{23, 17, 29}, {16, 5, 7}}, {{10, 10, 10}, {10, 10, 10}},
      {{5, 40, 9}, {16, 16, 16}},  {{1, 1, 30}, {4, 4, 4}},    {{31, 31, 1}, {8, 8, 1}},
      {{33, 12, 64}, {32, 32, 8}},
  };
  static const double overlaps[] = {0, 0.25, 0.5, 0.75};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    for (size_t o = 0; o < 4; o++) {
      struct cnn_tiles t = {
          .overlap = overlaps[o], .channels = 2, .outputs = 2, .run = identity, .slice = take};
      memcpy(t.size, cases[k].n, sizeof t.size);
      memcpy(t.tile, cases[k].tile, sizeof t.tile);
      int64_t n = 2 * t.size[0] * t.size[1] * t.size[2];
      float *in = malloc((size_t)n * sizeof *in), *out = calloc((size_t)n, sizeof *out);
      assert_true(in && out);
      for (int64_t i = 0; i < n; i++) in[i] = (float)random_normal(1, k, (uint64_t)i);
      struct joined j = {&t, out, 0, 0, 0};
      t.user = &j;
      assert_ok(cnn_tiles_run(&t, in));
      assert_int_equal(j.next, t.size[2]);
      assert_int_equal(j.calls, cnn_tiles_count(&t));
      for (int64_t i = 0; i < n; i++) assert_near((double)out[i], (double)in[i], 1e-6);
      free(in);
      free(out);
    }
}

static void constant_outputs_stay_constant(void **state) {
  (void)state;
  struct cnn_tiles t = {.size = {20, 21, 22},
                        .tile = {9, 8, 7},
                        .overlap = 0.5,
                        .channels = 1,
                        .outputs = 3,
                        .run = constant,
                        .slice = take};
  int64_t n = 20 * 21 * 22;
  float *in = calloc((size_t)n, sizeof *in), *out = calloc((size_t)(3 * n), sizeof *out);
  assert_true(in && out);
  struct joined j = {&t, out, 0, 0.3F, 0};
  t.user = &j;
  assert_ok(cnn_tiles_run(&t, in));
  for (int64_t i = 0; i < 3 * n; i++) assert_near((double)out[i], (double)0.3F, 1e-7);
  free(in);
  free(out);
}

static void impossible_tiles_are_refused(void **state) {
  (void)state;
  const float in[1] = {0};
  struct cnn_tiles t = {.size = {1, 1, 1}, .tile = {0, 1, 1}, .channels = 1, .outputs = 1};
  assert_fails(cnn_tiles_run(&t, in), ST_DOMAIN, "at least 1 voxel");
  t.tile[0] = 1;
  t.overlap = 0.95;
  assert_fails(cnn_tiles_run(&t, in), ST_DOMAIN, "overlap 0.95");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_network_that_returns_its_input_gives_back_the_volume),
      cmocka_unit_test(constant_outputs_stay_constant),
      cmocka_unit_test(impossible_tiles_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
