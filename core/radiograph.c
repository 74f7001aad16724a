#include "core/radiograph.h"

#include "core/dicom_slice.h"
#include "core/file.h"
#include "core/picture.h"

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static status make_volume(struct volume **out, int64_t nx, int64_t ny, double sx, double sy,
                          const char *what) {
  status st = ST_OK;
  CHECK(sx > 0 && sy > 0 && sx < 100 && sy < 100, ST_DOMAIN,
        "reading %s: it states no edge of a pixel, or an impossible one; give --pixel", what);
  struct geometry g = geometry_make(nx, ny, 1, sx, sy, 1);
  const double direction[9] = {1, 0, 0, 0, 0, 1, 0, -1, 0}; /* x left, y down, rays backwards */
  memcpy(g.direction, direction, sizeof direction);
  TRY(volume_create(out, &g, QUANTITY_OTHER));
done:
  return st;
}

static status check_size(double nx, double ny, const char *what) {
  status st = ST_OK;
  CHECK(nx * ny <= PICTURE_PIXELS, ST_DOMAIN, "reading %s: %g x %g pixels, at most %d in all", what,
        nx, ny, PICTURE_PIXELS);
done:
  return st;
}

/* ---- PNG ---- */

struct png_state {
  png_structp png;
  png_infop info;
  png_bytep *rows;
  png_bytep bytes;
  char why[128];
};

static void png_failed(png_structp png, png_const_charp message) {
  struct png_state *s = png_get_error_ptr(png);
  snprintf(s->why, sizeof s->why, "%s", message);
  longjmp(png_jmpbuf(png), 1);
}
static void png_warned(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

/* Decode into s->rows: 16 bits a channel, big endian. False with s->why. */
static bool png_decode(struct png_state *s, FILE *f, png_uint_32 *w, png_uint_32 *h, int *channels,
                       double *mm) {
  if (setjmp(png_jmpbuf(s->png))) return false;
  png_init_io(s->png, f);
  png_read_info(s->png, s->info);
  *w = png_get_image_width(s->png, s->info);
  *h = png_get_image_height(s->png, s->info);
  if ((double)*w * *h > PICTURE_PIXELS) return true; /* for the caller to refuse */
  png_set_expand(s->png);                            /* palettes to colours */
  png_set_expand_16(s->png);
  png_set_strip_alpha(s->png);
  png_read_update_info(s->png, s->info);
  *channels = png_get_channels(s->png, s->info);
  size_t row = png_get_rowbytes(s->png, s->info);
  s->bytes = malloc(row * *h + 1);
  s->rows = malloc(((size_t)*h + 1) * sizeof *s->rows);
  if (!s->bytes || !s->rows) png_error(s->png, "out of memory");
  for (png_uint_32 j = 0; j < *h; j++) s->rows[j] = s->bytes + row * j;
  png_read_image(s->png, s->rows);
  png_uint_32 x = 0, y = 0;
  int unit = 0;
  if (png_get_pHYs(s->png, s->info, &x, &y, &unit) && unit == PNG_RESOLUTION_METER && x > 0)
    *mm = 1000.0 / x;
  return true;
}

static status read_png(struct volume **out, const char *path, double pixel_mm) {
  status st = ST_OK;
  struct png_state s = {0};
  struct volume *v = NULL;
  png_uint_32 w = 0, h = 0;
  double mm = NAN;
  int channels = 1;
  FILE *f = fopen(path, "rb");
  CHECK(f, ST_IO, "reading %s: it cannot be opened", file_name(path));
  s.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, png_failed, png_warned);
  s.info = s.png ? png_create_info_struct(s.png) : NULL;
  CHECK(s.info, ST_MEMORY, "reading a PNG");
  CHECK(png_decode(&s, f, &w, &h, &channels, &mm), ST_FORMAT, "reading %s: %s", file_name(path),
        s.why);
  TRY(check_size(w, h, file_name(path)));
  if (!isnan(pixel_mm)) mm = pixel_mm;
  TRY(make_volume(&v, w, h, mm, mm, file_name(path)));
  for (png_uint_32 j = 0; j < h; j++)
    for (png_uint_32 i = 0; i < w; i++) {
      const png_byte *p = s.rows[j] + 2 * (size_t)channels * i;
      CHECK(channels < 3 || (!memcmp(p, p + 2, 2) && !memcmp(p, p + 4, 2)), ST_FORMAT,
            "reading %s: a grey image is needed, this is in colour", file_name(path));
      v->voxels[(size_t)j * w + i] = (float)(p[0] * 256 + p[1]) / 257; /* 0..255 in both depths */
    }
  *out = v;
  v = NULL;
done:
  if (s.png) png_destroy_read_struct(&s.png, &s.info, NULL);
  free(s.bytes);
  free(s.rows);
  volume_destroy(v);
  if (f) fclose(f);
  return st;
}

/* ---- DICOM ---- */

static status read_dicom(struct volume **out, const char *path, double pixel_mm) {
  status st = ST_OK;
  struct dicom_file f = {0};
  struct volume *v = NULL;
  float most = -INFINITY;
  TRY(dicom_file_header(&f, path));
  CHECK(f.count == 1 && strcmp(f.acquisition.modality, "CT"), ST_DOMAIN,
        "reading a radiograph: the file holds %d frames of modality %s; one frame that is no CT is "
        "needed",
        f.count, f.acquisition.modality[0] ? f.acquisition.modality : "unstated");
  const struct dicom_slice *s = &f.slices[0];
  CHECK(f.samples == 1 && f.decodable && (s->bits_allocated == 8 || s->bits_allocated == 16),
        ST_FORMAT, "reading a radiograph: colour, or pixel data that cannot be decoded");
  int64_t n = (int64_t)s->rows * s->columns;
  TRY(check_size(s->columns, s->rows, "a radiograph"));
  TRY(make_volume(&v, s->columns, s->rows, isnan(pixel_mm) ? s->spacing_x : pixel_mm,
                  isnan(pixel_mm) ? s->spacing_y : pixel_mm, "a radiograph"));
  v->acquisition = f.acquisition;
  TRY(dicom_slice_values(v->voxels, s));
  for (int64_t i = 0; i < n; i++) most = fmaxf(most, v->voxels[i]);
  /* MONOCHROME1 shows low values bright: turned round, larger is denser in either kind */
  for (int64_t i = 0; s->inverted && i < n; i++) v->voxels[i] = most - v->voxels[i];
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  dicom_file_free(&f);
  return st;
}

status radiograph_read(struct volume **out, const char *path, double pixel_mm) {
  return file_has_suffix(path, ".png") ? read_png(out, path, pixel_mm)
                                       : read_dicom(out, path, pixel_mm);
}
