// links: phantom
/* What a network sees: normalisation, geometry there and back, refusals; random changes. */
#include "../folder.h"

#include "core/filter.h"
#include "core/itk_image.h"
#include "ml/cnn_augment.h"
#include "ml/cnn_batch.h"
#include "ml/cnn_input.h"
#include "phantom/femurs.h"

static struct volume *ramp(int64_t nx, int64_t ny, int64_t nz) {
  struct geometry g = geometry_make(nx, ny, nz, 1, 1.5, 2);
  struct volume *v = NULL;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t i = 0; i < nx * ny * nz; i++) v->voxels[i] = (float)(i * 37 % 1300) - 1000;
  return v;
}

static struct cnn_card window_card(void) {
  struct cnn_card c;
  cnn_card_init(&c);
  strcpy(c.name, "test");
  c.channels[0].norm = CNN_NORM_WINDOW;
  c.channels[0].low = -200, c.channels[0].high = 800;
  return c;
}

static void values_are_normalised_by_the_card(void **state) {
  (void)state;
  struct cnn_channel h = {.norm = CNN_NORM_WINDOW, .low = -200, .high = 800};
  assert_near((double)cnn_normalise(&h, 300), 0.5, 1e-7);
  assert_near((double)cnn_normalise(&h, -900), 0, 0);
  h.norm = CNN_NORM_SCORE; /* nnU-Net's CT scheme: cut, then z-score */
  h.mean = 100, h.sd = 50;
  assert_near((double)cnn_normalise(&h, 300), 4, 1e-6);
  assert_near((double)cnn_normalise(&h, 2000), 14, 1e-6);
}

/* the first axis of MONAI's arrays is x, of ours z */
static void axes_are_ordered_by_the_card(void **state) {
  (void)state;
  struct volume *v = ramp(5, 4, 3);
  struct cnn_card c = window_card();
  struct cnn_input in;
  char flags[64] = "";
  c.channels[0].norm = CNN_NORM_NONE;
  c.channels[0].low = -INFINITY, c.channels[0].high = INFINITY;
  assert_ok(cnn_input_make(&in, (const struct volume *const *)&v, &c, true, flags, sizeof flags));
  assert_true(in.size[0] == 5 && in.size[1] == 4 && in.size[2] == 3);
  for (int i = 0; i < 60; i++) assert_true(in.values[i] == v->voxels[i]);
  cnn_input_free(&in);
  c.axes[0] = 2, c.axes[2] = 0;
  assert_ok(cnn_input_make(&in, (const struct volume *const *)&v, &c, true, flags, sizeof flags));
  assert_true(in.size[0] == 3 && in.size[1] == 4 && in.size[2] == 5);
  for (int64_t x = 0; x < 5; x++)
    for (int64_t y = 0; y < 4; y++)
      for (int64_t z = 0; z < 3; z++)
        assert_true(in.values[(x * 4 + y) * 3 + z] == v->voxels[(z * 4 + y) * 5 + x]);
  struct volume *back = NULL;
  assert_ok(cnn_input_map(&back, in.values, &in, &c));
  for (int i = 0; i < 60; i++) assert_true(back->voxels[i] == v->voxels[i]);
  volume_destroy(back);
  cnn_input_free(&in);
  volume_destroy(v);
}

static void a_fixed_shape_is_cut_or_padded_about_the_middle(void **state) {
  (void)state;
  struct volume *v = ramp(5, 4, 3);
  struct cnn_card c = window_card();
  struct cnn_input in;
  char flags[64] = "";
  c.shape[0] = 3, c.shape[1] = 8, c.shape[2] = 3;
  assert_ok(cnn_input_make(&in, (const struct volume *const *)&v, &c, false, flags, sizeof flags));
  assert_true(in.size[0] == 3 && in.size[1] == 8 && in.size[2] == 3);
  assert_true(in.offset[0] == 1 && in.offset[1] == -2 && in.offset[2] == 0);
  assert_near((double)in.values[0], 0, 0); /* air */
  assert_near((double)in.values[2 * 3], (double)cnn_normalise(&c.channels[0], v->voxels[1]), 1e-7);
  cnn_input_free(&in);
  volume_destroy(v);
}

/* to the network's spacing and back: volume within 2 % for an object more than 20 voxels across,
 * and the geometry of the CT to the bit */
static void labels_go_there_and_back(void **state) {
  (void)state;
  struct geometry g = geometry_make(80, 70, 60, 0.9, 0.8, 1.1);
  g.origin[0] = -33.3, g.origin[1] = 7.7, g.origin[2] = 1234.5;
  struct labels *l = NULL, *coarse = NULL, *back = NULL;
  struct volume *v = NULL;
  struct cnn_card c = window_card();
  struct cnn_input in;
  char flags[64] = "";
  assert_ok(labels_create(&l, &g));
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  int64_t before = 0;
  for (int64_t i = 0; i < geometry_voxels(&g); i++) {
    double x = ((double)(i % 80) - 40) * 0.9, y = ((double)(i / 80 % 70) - 35) * 0.8,
           z = ((double)(i / 5600) - 30) * 1.1;
    l->voxels[i] = x * x + y * y + z * z < 22 * 22 ? 76 : 0;
    before += l->voxels[i] != 0;
  }
  for (int a = 0; a < 3; a++) c.spacing_mm[a] = 1.7;
  c.output_count = 2;
  c.outputs[1].value = 76;
  uint8_t *k = NULL;
  assert_ok(cnn_input_make(&in, (const struct volume *const *)&v, &c, true, flags, sizeof flags));
  assert_ok(cnn_input_labels(&k, l, &in, &c));
  assert_ok(labels_create(&coarse, &in.grid));
  for (int64_t i = 0; i < geometry_voxels(&in.grid); i++) coarse->voxels[i] = k[i] ? 76 : 0;
  assert_ok(filter_resample_labels(&back, coarse, &g));
  assert_close((double)labels_count(back, 76), (double)before, 0.02);
  assert_memory_equal(&back->grid, &g, sizeof g);
  free(k);
  cnn_input_free(&in);
  labels_destroy(l);
  labels_destroy(coarse);
  labels_destroy(back);
  volume_destroy(v);
}

static void images_of_another_kind_are_refused(void **state) {
  (void)state;
  struct volume *v = ramp(5, 4, 3);
  struct cnn_card c = window_card();
  char flags[192] = "";
  strcpy(c.channels[0].name, "HU");
  assert_ok(cnn_input_check(v, &c, 0, flags, sizeof flags));
  assert_string_equal(flags, "");
  v->quantity = QUANTITY_DENSITY;
  assert_fails(cnn_input_check(v, &c, 0, flags, sizeof flags), ST_DOMAIN, "holds density");
  v->quantity = QUANTITY_HU;
  assert_fails(cnn_input_check(v, &c, 1, flags, sizeof flags), ST_DOMAIN, "channel 1 of 1");
  c.dims = 2;
  assert_fails(cnn_input_check(v, &c, 0, flags, sizeof flags), ST_DOMAIN, "qct drr");
  c.dims = 3;
  strcpy(v->acquisition.modality, "MR");
  assert_fails(cnn_input_check(v, &c, 0, flags, sizeof flags), ST_DOMAIN, "modality MR");
  strcpy(v->acquisition.modality, "CT");
  for (int i = 0; i < 60; i++) v->voxels[i] += 1024; /* stored values without the rescale */
  assert_fails(cnn_input_check(v, &c, 0, flags, sizeof flags), ST_DOMAIN, "not those of a CT");
  volume_destroy(v);
}

static void an_image_outside_the_training_is_flagged(void **state) {
  (void)state;
  struct volume *v = ramp(5, 4, 3);
  struct cnn_card c = window_card();
  char flags[192] = "";
  c.spacing_mm[0] = c.spacing_mm[1] = c.spacing_mm[2] = 0.7;
  c.kv[0] = c.kv[1] = 120;
  c.slice_mm[0] = 0.5, c.slice_mm[1] = 3;
  v->acquisition.kvp = 80;
  v->acquisition.slice_thickness_mm = 5;
  assert_ok(cnn_input_check(v, &c, 0, flags, sizeof flags));
  assert_non_null(strstr(flags, "spacing 1.5 mm, the network's 0.7 mm"));
  assert_non_null(strstr(flags, "80 kV, trained on 120 to 120"));
  assert_non_null(strstr(flags, "slices of 5 mm, trained on 0.5 to 3"));
  volume_destroy(v);
}

/* ---- random changes ---- */

static void no_change_asked_is_no_change(void **state) {
  (void)state;
  float v[60], w[60];
  const int64_t n[3] = {5, 4, 3};
  struct cnn_augment none = {0};
  for (int i = 0; i < 60; i++) v[i] = w[i] = (float)i;
  assert_ok(cnn_augment_apply(v, NULL, 1, n, &none, 1, 2));
  assert_memory_equal(v, w, sizeof v);
}

static void changes_are_a_function_of_seed_and_key(void **state) {
  (void)state;
  const int64_t n[3] = {16, 16, 16};
  enum { N = 16 * 16 * 16 };
  static float a[N], b[N], c[N];
  struct cnn_augment g = {true, 15, 2, 1, 0.1, 0.05, 1};
  for (int i = 0; i < N; i++) a[i] = b[i] = c[i] = (float)(i % 16) / 16;
  assert_ok(cnn_augment_apply(a, NULL, 1, n, &g, 1, 7));
  assert_ok(cnn_augment_apply(b, NULL, 1, n, &g, 1, 7));
  assert_ok(cnn_augment_apply(c, NULL, 1, n, &g, 1, 8));
  assert_memory_equal(a, b, sizeof a);
  assert_true(memcmp(a, c, sizeof a) != 0);
}

/* labels move with their image: bright voxels carry the label before and after */
static void labels_follow_the_image(void **state) {
  (void)state;
  const int64_t n[3] = {24, 24, 24};
  enum { N = 24 * 24 * 24 };
  static float v[N];
  static uint8_t k[N];
  struct cnn_augment g = {.rotate_deg = 30, .shift_vox = 2, .elastic_vox = 1, .flip = true};
  int wrong = 0, marked = 0;
  for (int i = 0; i < N; i++) {
    int x = i % 24 - 12, y = i / 24 % 24 - 12, z = i / 576 - 12;
    k[i] = x * x + 2 * y * y + z * z < 64;
    v[i] = k[i];
  }
  assert_ok(cnn_augment_apply(v, k, 1, n, &g, 3, 4));
  for (int i = 0; i < N; i++) {
    marked += k[i];
    if (v[i] < 0.01F || v[i] > 0.99F) wrong += k[i] != (v[i] > 0.5F); /* away from the edge */
  }
  assert_int_equal(wrong, 0);
  assert_true(marked > 500);
}

/* ---- the bodies ---- */

/* mean core density is what was drawn: HU = 40 + 1.2 x density, noise averages out */
static void femur_bodies_hold_their_truth(void **state) {
  (void)state;
  struct femur_body b;
  struct volume *ct = NULL;
  struct labels *l = NULL;
  femur_body_draw(&b, 11);
  assert_true(b.vbmd_mgcc >= 20 && b.vbmd_mgcc <= 200 && isnan(b.abmd_gcm2));
  for (int a = 0; a < 3; a++) b.turn_deg[a] = b.shift_mm[a] = 0;
  assert_ok(femur_body_render(&ct, &l, &b, 48, 2, 11));
  double sum = 0;
  int count = 0;
  for (int64_t k = 0; k < 48; k++)
    for (int64_t j = 0; j < 48; j++)
      for (int64_t i = 0; i < 48; i++) {
        struct vec3 p = geometry_to_world(&ct->grid, vec3_make((double)i, (double)j, (double)k));
        struct vec3 head = {18 * b.scale, 0, 24 * b.scale};
        if (vec3_length(vec3_sub(p, head)) > 9) continue;
        sum += (double)ct->voxels[geometry_index(&ct->grid, i, j, k)];
        count++;
      }
  /* 20 HU of noise over ~380 voxels: SD of the mean 1 HU */
  assert_near(sum / count, 40 + 1.2 * b.vbmd_mgcc, 4);
  assert_true(b.abmd_gcm2 > 0.2 && b.abmd_gcm2 < 2);
  volume_destroy(ct);
  labels_destroy(l);
}

/* Any size is allowed: a large image, then many small ones that take fewer bytes. */
static void a_batch_has_room_for_more_and_smaller_images(void **state) {
  (void)state;
  enum { CASES = 41, LARGE = 24, SMALL = 3 };
  struct cnn_model m = {.card = window_card(), .arch = {.kind = CNN_RESNET}};
  struct table *t = NULL;
  struct cnn_data *d = NULL;
  struct batch_buffers buffers = {0};
  struct cnn_batch b;
  struct cnn_train_options o = CNN_TRAIN_DEFAULTS;
  int64_t rows[CASES];
  m.card.output_count = 1;
  m.card.task = CNN_REGRESS;
  o.loss = CNN_LOSS_SQUARED;
  assert_ok(table_create(&t, CASES));
  assert_ok(table_add_column(t, "image", "", false));
  assert_ok(table_add_column(t, "y", "", true));
  for (int i = 0; i < CASES; i++) {
    const char *name = i ? "small.nii" : "large.nii";
    struct volume *v = i ? ramp(SMALL, SMALL, SMALL) : ramp(LARGE, LARGE, LARGE);
    if (i < 2) assert_ok(itk_image_write(v, in_folder(name), NULL, true));
    assert_ok(table_set_text(t, (size_t)i, 0, in_folder(name)));
    rows[i] = i;
    t->columns[1].numbers[i] = i;
    volume_destroy(v);
  }
  const struct cnn_data_options options = {.image = "image", .target = "y", .memory_gib = 1};
  assert_ok(cnn_data_open(&d, t, &m.card, false, &options));
  assert_ok(batch_fill(&b, &buffers, &m, d, rows, 1, &o, -1));
  assert_int_equal(b.size[0], LARGE);
  assert_ok(batch_fill(&b, &buffers, &m, d, rows + 1, CASES - 1, &o, -1));
  assert_true(b.n == CASES - 1 && b.size[0] == SMALL && buffers.cases >= b.n);
  for (int i = 0; i < CASES - 1; i++) assert_true(b.target[i] == (float)(i + 1));
  batch_buffers_free(&buffers);
  cnn_data_close(d);
  table_destroy(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_normalised_by_the_card),
      cmocka_unit_test(axes_are_ordered_by_the_card),
      cmocka_unit_test(a_fixed_shape_is_cut_or_padded_about_the_middle),
      cmocka_unit_test(labels_go_there_and_back),
      cmocka_unit_test(images_of_another_kind_are_refused),
      cmocka_unit_test(an_image_outside_the_training_is_flagged),
      cmocka_unit_test(no_change_asked_is_no_change),
      cmocka_unit_test(changes_are_a_function_of_seed_and_key),
      cmocka_unit_test(labels_follow_the_image),
      cmocka_unit_test(femur_bodies_hold_their_truth),
      cmocka_unit_test(a_batch_has_room_for_more_and_smaller_images),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
