/* Shaded pictures of surfaces against what a ball must look like. */
#include "core/surface_render.h"
#include "core/parallel.h"
#include "tests/check.h"

static struct surface *ball(double radius) {
  struct geometry g = geometry_make(48, 48, 48, 1, 1, 1);
  struct volume *v = NULL;
  struct surface *s = NULL;
  g.origin[0] = g.origin[1] = g.origin[2] = -23.5;
  assert_ok(volume_create(&v, &g, QUANTITY_OTHER));
  for (int64_t k = 0, at = 0; k < 48; k++)
    for (int64_t j = 0; j < 48; j++)
      for (int64_t i = 0; i < 48; i++, at++)
        v->voxels[at] =
            (float)vec3_length(geometry_to_world(&g, vec3_make((double)i, (double)j, (double)k)));
  assert_ok(surface_from_volume(&s, v, radius, 0));
  volume_destroy(v);
  return s;
}

static uint32_t pixel(const struct picture *p, int x, int y) {
  const uint8_t *c = p->rgb + 3 * (y * p->width + x);
  return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
}

static const struct surface_view front = {{0, -1, 0}, {0, 0, 1}, "anterior"};

static void a_ball_covers_the_area_of_its_disc(void **state) {
  (void)state;
  struct surface *s = ball(20);
  struct surface_paint plain = {0};
  struct picture *p = NULL;
  assert_ok(surface_render(&p, s, &plain, &front, 1, 400));
  double covered = 0;
  for (int y = 26; y < p->height - 32; y++) /* between the name and the bar of length */
    for (int x = 0; x < p->width; x++) covered += pixel(p, x, y) != 0xFFFFFF;
  /* a disc 400 px across; pixels half covered by its edge count whole: + pi r / r^2 */
  assert_close(covered, 3.14159265 * 200 * 200, 0.012);
  struct picture *bare = NULL;
  assert_ok(
      surface_render(&bare, s, NULL, &front, 1, 400)); /* no paint is the same as a plain one */
  assert_int_equal(bare->width, p->width);
  assert_memory_equal(bare->rgb, p->rgb, 3 * (size_t)p->width * (size_t)p->height);
  picture_destroy(bare);
  picture_destroy(p);
  surface_destroy(s);
}

static void colours_follow_the_value_and_the_near_side_hides_the_far(void **state) {
  (void)state;
  struct surface *s = ball(20);
  double *value = malloc((size_t)s->vertex_count * sizeof *value);
  struct picture *p = NULL;
  for (int64_t i = 0; i < s->vertex_count; i++) value[i] = s->vertices[i].y < 0 ? 4 : 0;
  struct surface_paint paint = {.values = value, .high = 4, .title = "thickness", .unit = "mm"};
  struct surface_view views[2] = {front, {{0, 1, 0}, {0, 0, 1}, "posterior"}};
  assert_ok(surface_render(&p, s, &paint, views, 2, 200));
  uint32_t near = pixel(p, 14 + 100, 26 + 100), far = pixel(p, 14 + 202 + 14 + 100, 26 + 100);
  assert_true((near >> 16) > 150 && (near & 255) < 100);   /* yellow end */
  assert_true((far >> 16) < 100 && (far >> 8 & 255) < 50); /* violet end */
  picture_destroy(p);
  free(value);
  surface_destroy(s);
}

static void vertices_without_a_value_are_grey(void **state) {
  (void)state;
  struct surface *s = ball(20);
  double *value = malloc((size_t)s->vertex_count * sizeof *value);
  struct picture *p = NULL;
  for (int64_t i = 0; i < s->vertex_count; i++) value[i] = (double)NAN;
  struct surface_paint paint = {.values = value, .high = 4, .title = "thickness", .unit = "mm"};
  assert_ok(surface_render(&p, s, &paint, &front, 1, 200));
  uint32_t c = pixel(p, 14 + 100, 26 + 100);
  assert_true((c >> 16) == (c & 255) && (c >> 8 & 255) == (c & 255) && (c & 255) < 200);
  picture_destroy(p);
  free(value);
  surface_destroy(s);
}

static void light_from_the_upper_left_leaves_the_lower_right_darker(void **state) {
  (void)state;
  struct surface *s = ball(20);
  struct surface_paint plain = {0};
  struct picture *p = NULL;
  assert_ok(surface_render(&p, s, &plain, &front, 1, 200));
  int lit = pixel(p, 14 + 60, 26 + 60) & 255, dark = pixel(p, 14 + 150, 26 + 150) & 255;
  assert_true(lit > dark + 20);
  picture_destroy(p);
  surface_destroy(s);
}

static void any_number_of_threads_gives_the_same_picture(void **state) {
  (void)state;
  struct surface *s = ball(20);
  struct surface_paint plain = {0};
  struct surface_view views[4];
  struct picture *one = NULL, *three = NULL;
  surface_views_standard(views, 1);
  parallel_set_threads(1);
  assert_ok(surface_render(&one, s, &plain, views, 4, 200));
  parallel_set_threads(3);
  assert_ok(surface_render(&three, s, &plain, views, 4, 200));
  parallel_set_threads(0);
  assert_int_equal(one->width, three->width);
  assert_memory_equal(one->rgb, three->rgb, (size_t)one->width * (size_t)one->height * 3);
  picture_destroy(one);
  picture_destroy(three);
  surface_destroy(s);
}

static void medial_is_seen_from_the_middle_of_the_body(void **state) {
  (void)state;
  struct surface_view v[4];
  surface_views_standard(v, 1); /* right side lies at negative x: medial is +x */
  assert_string_equal(v[2].name, "medial");
  assert_near(v[2].eye.x, 1, 0);
  surface_views_standard(v, -1);
  assert_near(v[2].eye.x, -1, 0);
}

static void what_cannot_be_drawn_is_refused(void **state) {
  (void)state;
  struct surface *s = ball(20);
  struct surface empty = {0};
  double one = 1;
  struct surface_paint plain = {0}, flat = {.values = &one, .low = 2, .high = 2};
  struct surface_view along = {{0, 0, 1}, {0, 0, 1}, "top"};
  struct picture *p = NULL;
  assert_fails(surface_render(&p, &empty, &plain, &front, 1, 200), ST_DOMAIN, "no triangle");
  assert_fails(surface_render(&p, s, &plain, &front, 0, 200), ST_DOMAIN, "0 views");
  assert_fails(surface_render(&p, s, &plain, &along, 1, 200), ST_DOMAIN, "line of sight");
  assert_fails(surface_render(&p, s, &flat, &front, 1, 200), ST_DOMAIN, "2..2 is empty");
  assert_fails(surface_render(&p, s, &plain, &front, 1, 20), ST_DOMAIN, "20 px");
  assert_null(p);
  surface_destroy(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ball_covers_the_area_of_its_disc),
      cmocka_unit_test(colours_follow_the_value_and_the_near_side_hides_the_far),
      cmocka_unit_test(vertices_without_a_value_are_grey),
      cmocka_unit_test(light_from_the_upper_left_leaves_the_lower_right_darker),
      cmocka_unit_test(any_number_of_threads_gives_the_same_picture),
      cmocka_unit_test(medial_is_seen_from_the_middle_of_the_body),
      cmocka_unit_test(what_cannot_be_drawn_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
