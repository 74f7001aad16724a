#include "core/picture.h"

#include "core/file.h"
#include "core/font.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 16384 };

status picture_create(struct picture **out, int width, int height, uint32_t colour) {
  status st = ST_OK;
  struct picture *p = NULL;
  CHECK(width >= 1 && height >= 1 && width <= LARGEST && height <= LARGEST, ST_DOMAIN,
        "making a picture of %d x %d px: permitted 1..%d", width, height, LARGEST);
  p = calloc(1, sizeof *p);
  CHECK(p, ST_MEMORY, "making a picture");
  p->rgb = malloc((size_t)width * (size_t)height * 3);
  CHECK(p->rgb, ST_MEMORY, "making a picture of %d x %d px", width, height);
  p->width = width;
  p->height = height;
  picture_rect(p, 0, 0, width, height, colour, true);
  *out = p;
  p = NULL;
done:
  picture_destroy(p);
  return st;
}

void picture_destroy(struct picture *p) {
  if (!p) return;
  free(p->rgb);
  free(p);
}

static uint8_t *at(struct picture *p, int x, int y) {
  return p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
}

void picture_pixel(struct picture *p, int x, int y, uint32_t colour) {
  if (x < 0 || y < 0 || x >= p->width || y >= p->height) return;
  uint8_t *c = at(p, x, y);
  c[0] = (uint8_t)(colour >> 16);
  c[1] = (uint8_t)(colour >> 8);
  c[2] = (uint8_t)colour;
}

void picture_blend(struct picture *p, int x, int y, uint32_t colour, double opacity) {
  if (x < 0 || y < 0 || x >= p->width || y >= p->height || !(opacity > 0)) return;
  uint8_t *c = at(p, x, y);
  if (opacity > 1) opacity = 1;
  for (int i = 0; i < 3; i++) {
    double to = (double)(colour >> (16 - 8 * i) & 255);
    c[i] = (uint8_t)lrint(c[i] + opacity * (to - c[i]));
  }
}

/* Blend with the share of the pixel that a stroke whose middle is `distance` px away covers. */
static void stroke(struct picture *p, int x, int y, double distance, double thickness,
                   uint32_t colour) {
  picture_blend(p, x, y, colour, fmin(1, 0.5 + thickness / 2 - distance));
}

void picture_line(struct picture *p, double x0, double y0, double x1, double y1, uint32_t colour,
                  double thickness) {
  double reach = thickness / 2 + 1, dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
  if (!isfinite(x0 + y0 + x1 + y1)) return;
  int left = (int)fmax(0, floor(fmin(x0, x1) - reach)),
      top = (int)fmax(0, floor(fmin(y0, y1) - reach));
  int right = (int)fmin(p->width - 1, ceil(fmax(x0, x1) + reach));
  int bottom = (int)fmin(p->height - 1, ceil(fmax(y0, y1) + reach));
  for (int y = top; y <= bottom; y++) {
    for (int x = left; x <= right; x++) {
      double share = length2 > 0 ? ((x - x0) * dx + (y - y0) * dy) / length2 : 0;
      share = fmin(1, fmax(0, share));
      stroke(p, x, y, hypot(x - x0 - share * dx, y - y0 - share * dy), thickness, colour);
    }
  }
}

void picture_circle(struct picture *p, double cx, double cy, double radius, uint32_t colour,
                    double thickness) {
  double reach = radius + thickness / 2 + 1;
  if (!isfinite(cx + cy + radius)) return;
  int left = (int)fmax(0, floor(cx - reach)), top = (int)fmax(0, floor(cy - reach));
  int right = (int)fmin(p->width - 1, ceil(cx + reach));
  int bottom = (int)fmin(p->height - 1, ceil(cy + reach));
  for (int y = top; y <= bottom; y++)
    for (int x = left; x <= right; x++)
      stroke(p, x, y, fabs(hypot(x - cx, y - cy) - radius), thickness, colour);
}

void picture_rect(struct picture *p, int x, int y, int w, int h, uint32_t colour, bool filled) {
  for (int j = 0; j < h; j++)
    for (int i = 0; i < w; i++)
      if (filled || i == 0 || j == 0 || i == w - 1 || j == h - 1)
        picture_pixel(p, x + i, y + j, colour);
}

static void glyph(struct picture *p, int x, int y, int character, uint32_t colour, int scale) {
  const unsigned char *rows = font_rows[character - FONT_FIRST];
  for (int r = 0; r < FONT_HEIGHT; r++)
    for (int c = 0; c < FONT_WIDTH; c++)
      if (rows[r] >> (FONT_WIDTH - 1 - c) & 1)
        picture_rect(p, x + c * scale, y + r * scale, scale, scale, colour, true);
}

int picture_text(struct picture *p, int x, int y, const char *s, uint32_t colour, int scale) {
  int start = x;
  for (; *s; s++, x += FONT_ADVANCE * scale) {
    int character = (unsigned char)*s;
    if ((character & 0xC0) == 0x80) { /* the rest of a UTF-8 character takes no room */
      x -= FONT_ADVANCE * scale;
      continue;
    }
    glyph(p, x, y, character < FONT_FIRST || character > FONT_LAST ? '?' : character, colour,
          scale);
  }
  return x - start;
}

void picture_place(struct picture *p, const struct picture *from, int x, int y) {
  for (int j = 0; j < from->height; j++) {
    for (int i = 0; i < from->width; i++) {
      const uint8_t *c = from->rgb + 3 * ((size_t)j * (size_t)from->width + (size_t)i);
      picture_pixel(p, x + i, y + j, (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2]);
    }
  }
}

/* ---- colour maps ---- */

static uint32_t between(const uint32_t *stops, int count, double t) {
  if (!(t > 0)) return stops[0];
  if (t >= 1) return stops[count - 1];
  double position = t * (count - 1);
  int i = (int)position;
  uint32_t colour = 0;
  for (int shift = 16; shift >= 0; shift -= 8) {
    double a = (double)(stops[i] >> shift & 255), b = (double)(stops[i + 1] >> shift & 255);
    colour |= (uint32_t)lrint(a + (position - i) * (b - a)) << shift;
  }
  return colour;
}

uint32_t colour_sequential(double t) {
  /* ten stops of viridis (van der Walt and Smith 2015, CC0) */
  static const uint32_t stops[] = {0x440154, 0x482878, 0x3E4A89, 0x31688E, 0x26828E,
                                   0x1F9E89, 0x35B779, 0x6DCD59, 0xB4DE2C, 0xFDE725};
  return between(stops, 10, t);
}

uint32_t colour_diverging(double t) {
  static const uint32_t stops[] = {0x00446A, COLOUR_BLUE, 0x8FC3E6, 0xF5F5F2,
                                   0xF0B48A, COLOUR_RED,  0x7F3800};
  return between(stops, 7, t);
}

/* ---- PNG ---- */

status picture_png(struct text *out, const struct picture *p) {
  status st = ST_OK;
  png_image image = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)p->width,
                     .height = (png_uint_32)p->height,
                     .format = PNG_FORMAT_RGB};
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  char *bytes = malloc(size);
  CHECK(bytes, ST_MEMORY, "writing a picture of %d x %d px", p->width, p->height);
  CHECK(png_image_write_to_memory(&image, bytes, &size, 0, p->rgb, 0, NULL), ST_EXTERNAL,
        "writing a picture: %s", image.message);
  text_append_raw(out, bytes, size);
  TRY(text_check(out, "a picture"));
done:
  png_image_free(&image);
  free(bytes);
  return st;
}

status picture_read_png(struct picture **out, const char *path) {
  status st = ST_OK;
  char *data = NULL;
  size_t length = 0;
  struct picture *p = NULL;
  png_image image = {.version = PNG_IMAGE_VERSION};
  const png_color black = {0, 0, 0};
  TRY(file_read(&data, &length, path, 0));
  CHECK(png_image_begin_read_from_memory(&image, data, length), ST_FORMAT,
        "%s: it is no PNG picture: %s", path, image.message);
  image.format = PNG_FORMAT_RGB;
  CHECK((double)image.width * image.height <= PICTURE_PIXELS, ST_DOMAIN,
        "%s: a picture of %u x %u px, at most %d px in all", path, image.width, image.height,
        PICTURE_PIXELS);
  TRY(picture_create(&p, (int)image.width, (int)image.height, 0));
  CHECK(png_image_finish_read(&image, &black, p->rgb, 0, NULL), ST_FORMAT,
        "%s: the PNG picture is damaged: %s", path, image.message);
  *out = p;
  p = NULL;
done:
  png_image_free(&image);
  picture_destroy(p);
  free(data);
  return st;
}

status picture_write_png(const struct picture *p, const char *path, bool force) {
  status st = ST_OK;
  struct text bytes = {0};
  TRY(picture_png(&bytes, p));
  TRY(file_write(path, bytes.data, bytes.length, force));
done:
  text_free(&bytes);
  return st;
}
