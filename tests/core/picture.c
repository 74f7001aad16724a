// Pictures and plots: bytes that a PNG reader accepts, anatomy the right way round, SVG that is
// well-formed XML.
#include "core/plot.h"
#include "tests/check.h"

static uint32_t colour_at(const struct picture *p, int x, int y) {
  const uint8_t *c = p->rgb + 3 * (y * p->width + x);
  return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
}

static uint32_t big_endian(const char *at) {
  const unsigned char *b = (const unsigned char *)at;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void a_png_has_its_signature_size_and_end(void **state) {
  (void)state;
  struct picture *p = NULL;
  struct text png = {0};
  assert_ok(picture_create(&p, 37, 11, COLOUR_BLUE));
  assert_ok(picture_png(&png, p));
  /* PNG specification, section 5.2 and 11.2.2 */
  assert_memory_equal(png.data, "\x89PNG\r\n\x1a\n", 8);
  assert_memory_equal(png.data + 12, "IHDR", 4);
  assert_int_equal(big_endian(png.data + 16), 37);
  assert_int_equal(big_endian(png.data + 20), 11);
  assert_memory_equal(png.data + png.length - 8, "IEND\xAE\x42\x60\x82", 8);
  text_free(&png);
  picture_destroy(p);
}

static void impossible_sizes_are_refused(void **state) {
  (void)state;
  struct picture *p = NULL;
  assert_fails(picture_create(&p, 0, 5, 0), ST_DOMAIN, "0 x 5 px");
  assert_fails(picture_create(&p, 5, 20000, 0), ST_DOMAIN, "permitted 1..16384");
}

static void drawing_outside_the_picture_does_nothing(void **state) {
  (void)state;
  struct picture *p = NULL;
  assert_ok(picture_create(&p, 8, 8, 0x102030));
  picture_pixel(p, -1, 3, 0xffffff);
  picture_line(p, -50, -50, -10, 3, 0xffffff, 2);
  picture_circle(p, 100, 100, 5, 0xffffff, 1);
  picture_rect(p, 20, 20, 5, 5, 0xffffff, true);
  picture_text(p, -200, 0, "text", 0xffffff, 1);
  for (int i = 0; i < 64; i++) assert_int_equal(colour_at(p, i % 8, i / 8), 0x102030);
  picture_destroy(p);
}

static void a_line_covers_its_pixels_and_text_its_width(void **state) {
  (void)state;
  struct picture *p = NULL;
  assert_ok(picture_create(&p, 40, 20, 0));
  picture_line(p, 2, 5, 30, 5, 0xffffff, 1);
  assert_int_equal(colour_at(p, 16, 5), 0xffffff);
  assert_int_equal(colour_at(p, 16, 8), 0);
  assert_int_equal(picture_text(p, 0, 10, "I\xC2\xB2", 0xffffff, 1), 12);
  assert_int_equal(colour_at(p, 2, 12), 0xffffff); /* the stem of the I */
  picture_destroy(p);
}

/* A body of 20 x 30 x 40 mm: bright spots at the patient's left, back and top. */
static struct volume *marked_volume(void) {
  struct volume *v = NULL;
  struct geometry g = geometry_make(20, 30, 40, 1, 1, 1);
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  v->voxels[geometry_index(&g, 18, 15, 20)] = 1000; /* left */
  v->voxels[geometry_index(&g, 10, 28, 20)] = 1000; /* posterior */
  v->voxels[geometry_index(&g, 10, 15, 38)] = 1000; /* superior */
  return v;
}

static void slices_follow_the_radiological_convention(void **state) {
  (void)state;
  struct volume *v = marked_volume();
  const struct {
    enum plane plane;
    int width, height, x, y;
  } expected[] = {{PLANE_AXIAL, 20, 30, 18, 15},  /* patient left at the right */
                  {PLANE_AXIAL, 20, 30, 10, 28},  /* posterior at the bottom */
                  {PLANE_CORONAL, 20, 40, 10, 1}, /* superior at the top */
                  {PLANE_SAGITTAL, 30, 40, 28, 19} /* posterior at the right */};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    struct picture *p = NULL;
    struct picture_plane plane =
        picture_plane_through(&v->grid, expected[i].plane, vec3_make(10, 15, 20), 1);
    assert_ok(picture_slice(&p, v, &plane, 0, 1000));
    assert_int_equal(p->width, expected[i].width);
    assert_int_equal(p->height, expected[i].height);
    assert_int_equal(colour_at(p, expected[i].x, expected[i].y), 0xffffff);
    picture_destroy(p);
  }
  volume_destroy(v);
}

static void a_projected_point_lands_on_its_pixel(void **state) {
  (void)state;
  struct volume *v = marked_volume();
  struct picture_plane plane =
      picture_plane_through(&v->grid, PLANE_SAGITTAL, vec3_make(10, 15, 20), 0.5);
  double x, y;
  picture_project(&plane, vec3_make(10, 28, 20), &x, &y);
  struct picture *p = NULL;
  assert_ok(picture_slice(&p, v, &plane, 0, 1000));
  assert_near(x, 28 * 2 + 0.5, 1e-9);
  assert_near(y, (39 - 20) * 2 + 0.5, 1e-9);
  assert_true(colour_at(p, (int)x, (int)y) > 0x404040);
  picture_destroy(p);
  volume_destroy(v);
}

static void no_data_is_drawn_in_its_own_colour(void **state) {
  (void)state;
  struct volume *v = marked_volume();
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) v->voxels[i] = NAN;
  struct picture_plane plane =
      picture_plane_through(&v->grid, PLANE_AXIAL, vec3_make(10, 15, 20), 1);
  struct picture *p = NULL;
  assert_ok(picture_slice(&p, v, &plane, 0, 1000));
  assert_int_equal(colour_at(p, 10, 15), 0x202028);
  picture_destroy(p);
  assert_fails(picture_slice(&p, v, &plane, 5, 5), ST_DOMAIN, "window 5..5 is empty");
  volume_destroy(v);
}

static void an_outline_is_the_rim_of_its_label(void **state) {
  (void)state;
  struct labels *l = NULL;
  struct geometry g = geometry_make(20, 20, 3, 1, 1, 1);
  assert_ok(labels_create(&l, &g));
  for (int j = 5; j < 15; j++)
    for (int i = 5; i < 15; i++) l->voxels[geometry_index(&g, i, j, 1)] = 7;
  struct picture *p = NULL;
  struct picture_plane plane = picture_plane_through(&g, PLANE_AXIAL, vec3_make(10, 10, 1), 1);
  assert_ok(picture_create(&p, 20, 20, 0));
  picture_outline(p, l, 7, &plane, COLOUR_ORANGE);
  int count = 0;
  for (int i = 0; i < 400; i++) count += colour_at(p, i % 20, i / 20) == COLOUR_ORANGE;
  assert_int_equal(count, 36); /* rim of a 10 x 10 square */
  assert_int_equal(colour_at(p, 5, 5), COLOUR_ORANGE);
  assert_int_equal(colour_at(p, 10, 10), 0);
  picture_destroy(p);
  labels_destroy(l);
}

/* Tags nest, attributes are quoted, no bare & or <: what an XML parser asks of an SVG. */
static void assert_well_formed(const char *xml) {
  const char *stack[64];
  size_t lengths[64];
  int depth = 0;
  for (const char *at = xml; *at;) {
    if (*at == '&') {
      assert_non_null(strchr(at, ';'));
      assert_true(strchr(at, ';') - at <= 5);
    }
    if (*at != '<') {
      at++;
      continue;
    }
    bool closing = at[1] == '/';
    const char *name = at + 1 + closing;
    size_t length = strcspn(name, " >/\n");
    const char *end = name;
    for (bool quoted = false; quoted || *end != '>'; end++) {
      assert_true(*end != '\0' && *end != '<');
      quoted ^= *end == '"';
    }
    if (closing) {
      assert_true(depth > 0 && lengths[depth - 1] == length);
      assert_memory_equal(stack[depth - 1], name, length);
      depth--;
    } else if (end[-1] != '/') {
      assert_true(depth < 64);
      stack[depth] = name;
      lengths[depth++] = length;
    }
    at = end + 1;
  }
  assert_int_equal(depth, 0);
}

static void a_plot_is_well_formed_and_escapes_its_texts(void **state) {
  (void)state;
  struct plot *p = NULL;
  struct text svg = {0};
  double x[5] = {-2, 40, 90, NAN, 210}, y[5] = {1, 52, 99, 5, 198};
  double low[5] = {0, 50, 95, 1, 190}, high[5] = {3, 55, 105, 9, 205};
  assert_ok(plot_create(&p, 480, 320, "HU", "density <mg/cm3> & \"more\""));
  plot_title(p, "rods & line");
  plot_band(p, x, low, high, 5, COLOUR_SKY, "95 %");
  plot_line(p, x, y, 5, COLOUR_BLUE, "fit");
  plot_dashed(p, x, low, 5, COLOUR_RED, NULL);
  plot_steps(p, x, high, 5, COLOUR_GREEN, "steps");
  plot_points(p, x, y, 5, COLOUR_ORANGE, "rods");
  plot_error_bars(p, x, low, high, 5, COLOUR_ORANGE);
  plot_note(p, 90, 99, "rod <3>");
  assert_ok(plot_svg(p, &svg));
  assert_well_formed(svg.data);
  assert_null(strstr(svg.data, "nan"));
  assert_null(strstr(svg.data, "<3>"));
  assert_non_null(strstr(svg.data, "currentColor"));
  text_free(&svg);
  plot_destroy(p);
}

static double y_of_label(const char *svg, const char *word) {
  char end[32];
  snprintf(end, sizeof end, ">%s</text>", word);
  const char *at = strstr(svg, end);
  assert_non_null(at);
  while (at > svg && strncmp(at, " y=\"", 4) != 0) at--;
  return atof(at + 4);
}

static void notes_of_neighbours_do_not_lie_on_each_other(void **state) {
  (void)state;
  struct plot *p = NULL;
  struct text svg = {0};
  const double x[3] = {0, 0.2, 50}, y[3] = {0, 0.1, 0};
  assert_ok(plot_create(&p, 400, 200, "x", "y"));
  plot_points(p, x, y, 3, COLOUR_RED, NULL);
  plot_range_y(p, -5, 5);
  plot_note(p, x[0], y[0], "AA");
  plot_note(p, x[1], y[1], "BB");
  plot_note(p, x[2], y[2], "CC");
  assert_ok(plot_svg(p, &svg));
  assert_true(y_of_label(svg.data, "BB") - y_of_label(svg.data, "AA") > 12); /* letters are 12 px */
  assert_close(y_of_label(svg.data, "CC"), y_of_label(svg.data, "AA"), 0.01);
  text_free(&svg);
  plot_destroy(p);
}

static void bars_and_lines_with_gaps_are_well_formed(void **state) {
  (void)state;
  const char *names[3] = {"head", "neck <fem>", "shaft"};
  double values[3] = {3, -1, 2}, x[4] = {0, 1, 10, 1000}, y[4] = {1, 2, NAN, 4};
  for (int i = 0; i < 2; i++) {
    struct plot *p = NULL;
    struct text svg = {0};
    assert_ok(plot_create(&p, 400, 200, "value", "y"));
    if (i)
      plot_line(p, x, y, 4, COLOUR_BLUE, "line");
    else
      plot_bars(p, names, values, 3, COLOUR_GREEN);
    assert_ok(plot_svg(p, &svg));
    assert_well_formed(svg.data);
    text_free(&svg);
    plot_destroy(p);
  }
}

static void a_plot_of_nothing_is_refused(void **state) {
  (void)state;
  struct plot *p = NULL;
  struct text svg = {0};
  double x[2] = {NAN, NAN};
  assert_ok(plot_create(&p, 480, 320, "x", "force [N]"));
  plot_points(p, x, x, 2, COLOUR_BLUE, NULL);
  assert_fails(plot_svg(p, &svg), ST_DOMAIN, "force [N]");
  plot_destroy(p);
  text_free(&svg);
  assert_fails(plot_create(&p, 10, 10, "", ""), ST_DOMAIN, "10 x 10 px");
}

/* Left in $QCT_PICTURES for a look at them by eye. */
static void pictures_can_be_looked_at(void **state) {
  (void)state;
  const char *folder = getenv("QCT_PICTURES");
  if (!folder) return;
  char path[512];
  struct picture *p = NULL;
  assert_ok(picture_create(&p, 600, 120, 0x101018));
  char line[60];
  for (int row = 0; row < 3; row++) {
    int n = 0;
    for (int c = 32 + 32 * row; c < 64 + 32 * row && c < 127; c++) line[n++] = (char)c;
    line[n] = '\0';
    picture_text(p, 4, 6 + 20 * row, line, 0xffffff, 2);
  }
  for (int x = 0; x < 600; x++)
    for (int y = 0; y < 20; y++) {
      picture_pixel(p, x, 70 + y, colour_sequential(x / 599.0));
      picture_pixel(p, x, 95 + y, colour_diverging(x / 599.0));
    }
  snprintf(path, sizeof path, "%s/font.png", folder);
  assert_ok(picture_write_png(p, path, true));
  picture_destroy(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_png_has_its_signature_size_and_end),
      cmocka_unit_test(impossible_sizes_are_refused),
      cmocka_unit_test(drawing_outside_the_picture_does_nothing),
      cmocka_unit_test(a_line_covers_its_pixels_and_text_its_width),
      cmocka_unit_test(slices_follow_the_radiological_convention),
      cmocka_unit_test(a_projected_point_lands_on_its_pixel),
      cmocka_unit_test(no_data_is_drawn_in_its_own_colour),
      cmocka_unit_test(an_outline_is_the_rim_of_its_label),
      cmocka_unit_test(a_plot_is_well_formed_and_escapes_its_texts),
      cmocka_unit_test(notes_of_neighbours_do_not_lie_on_each_other),
      cmocka_unit_test(bars_and_lines_with_gaps_are_well_formed),
      cmocka_unit_test(a_plot_of_nothing_is_refused),
      cmocka_unit_test(pictures_can_be_looked_at),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
