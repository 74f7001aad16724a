/* Slices to a volume in HU: decoded in parallel, each straight into its place. */
#define _DEFAULT_SOURCE /* madvise */
#define _POSIX_C_SOURCE 200809L
#include "core/dicom_slice.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"

#include <fcntl.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PADDING_BELIEVED_HU (-1000.0) /* a stated padding above this is tissue: not believed */

/* ---- pixels of one slice ---- */

static size_t frame_bytes(const struct dicom_slice *s) {
  return (size_t)s->rows * (size_t)s->columns * (size_t)(s->bits_allocated / 8);
}

static bool padding_believed(const struct dicom_slice *s) {
  double a = s->slope * s->padding + s->intercept, b = s->slope * s->padding_limit + s->intercept;
  return s->has_padding && fmax(a, b) <= PADDING_BELIEVED_HU;
}

/* Stored pixel -> its value: the bits below high_bit, sign-extended. */
static inline int pixel_value(uint16_t raw, int drop_high, int drop_low, bool is_signed) {
  uint16_t top = (uint16_t)(raw << drop_high);
  return is_signed ? (int16_t)top >> (drop_high + drop_low) : top >> (drop_high + drop_low);
}

/* Padding becomes NaN where it is taken for that: values `low` to `high`, and `none` and below. */
static void rescale(float *restrict out, const unsigned char *restrict raw,
                    const struct dicom_slice *s, int low, int high, float none) {
  int64_t n = (int64_t)s->rows * s->columns;
  const double slope = s->slope, intercept = s->intercept;
  const int drop_high = 15 - s->high_bit, drop_low = s->high_bit + 1 - s->bits_stored;
  const bool wide = s->bits_allocated == 16, is_signed = s->is_signed;
  for (int64_t i = 0; i < n; i++) {
    uint16_t word;
    if (wide)
      memcpy(&word, raw + 2 * i, sizeof word);
    else
      word = raw[i];
    int value = pixel_value(word, drop_high, drop_low, is_signed);
    float hu = (float)(slope * value + intercept);
    out[i] = (value >= low && value <= high) || hu <= none ? NAN : hu;
  }
}

static void to_hu(float *restrict out, const unsigned char *restrict raw,
                  const struct dicom_slice *s) {
  const bool believed = padding_believed(s);
  rescale(out, raw, s, believed ? s->padding : 1, believed ? s->padding_limit : 0,
          VOLUME_PADDING_HU);
}

static void swap_bytes(unsigned char *raw, size_t bytes) {
  for (size_t i = 0; i + 1 < bytes; i += 2) {
    unsigned char first = raw[i];
    raw[i] = raw[i + 1];
    raw[i + 1] = first;
  }
}

/* Plain pixel data, read past GDCM. */
static status read_plain(unsigned char *raw, const struct dicom_slice *s) {
  status st = ST_OK;
  size_t bytes = frame_bytes(s), have = 0;
  int fd = open(s->path, O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0, ST_IO, "cannot be opened");
  off_t at = (off_t)s->pixel_offset + (off_t)s->frame * (off_t)bytes;
  while (have < bytes) {
    ssize_t got = pread(fd, raw + have, bytes - have, at + (off_t)have);
    CHECK(got > 0, ST_FORMAT, "pixel data cut short: %zu of %zu bytes", have, bytes);
    have += (size_t)got;
  }
  if (s->big_endian && s->bits_allocated == 16) swap_bytes(raw, bytes);
done:
  if (fd >= 0) close(fd);
  return st;
}

static status read_slice(float *out, unsigned char *raw, const struct dicom_slice *s) {
  status st = ST_OK;
  TRY(s->pixel_offset >= 0 ? read_plain(raw, s) : dicom_file_decode(raw, frame_bytes(s), s));
  to_hu(out, raw, s);
done:
  return st;
}

status dicom_slice_values(float *out, const struct dicom_slice *s) {
  status st = ST_OK;
  size_t bytes = frame_bytes(s);
  unsigned char *raw = NULL;
  CHECK(s->pixel_offset < 0 || s->pixel_bytes >= (int64_t)bytes, ST_FORMAT,
        "pixel data cut short: %lld of %zu bytes", (long long)s->pixel_bytes, bytes);
  raw = malloc(bytes);
  CHECK(raw, ST_MEMORY, "a picture of %d x %d pixels", s->columns, s->rows);
  TRY(s->pixel_offset >= 0 ? read_plain(raw, s) : dicom_file_decode(raw, bytes, s));
  rescale(out, raw, s, 1, 0, -INFINITY);
done:
  free(raw);
  return st;
}

/* ---- all slices ---- */

/* A fresh volume is not in memory yet: half the time of reading a large one goes into its pages
 * unless they are large. A hint only. */
static void ask_for_large_pages(void *voxels, size_t bytes) {
#ifdef MADV_HUGEPAGE
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = ((uintptr_t)voxels + page - 1) / page * page, to = (uintptr_t)voxels + bytes;
  if (to > from) madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
  (void)voxels;
  (void)bytes;
#endif
}

/* The first failure in slice order, whatever the order of the threads. */
struct failure {
  int slice;
  status st;
  char text[256];
};

static void note_failure(struct failure *f, int slice, status st) {
#pragma omp critical(dicom_failure)
  if (f->st == ST_OK || slice < f->slice) {
    f->slice = slice;
    f->st = st;
    snprintf(f->text, sizeof f->text, "%s", status_message());
  }
}

/* A compressed multi-frame file is decoded once. */
static status read_frames(float *out, const struct dicom_slice *slices, int count) {
  status st = ST_OK;
  size_t frame = frame_bytes(slices), pixels = (size_t)slices->rows * (size_t)slices->columns;
  size_t all = frame * (size_t)slices->frames;
  unsigned char *raw = malloc(all);
  CHECK(raw, ST_MEMORY, "allocating %.1f MB to decode %d frames", (double)all * 1e-6,
        slices->frames);
  TRY(dicom_file_decode(raw, all, slices));
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int k = 0; k < count; k++)
    to_hu(out + (size_t)k * pixels, raw + (size_t)slices[k].frame * frame, &slices[k]);
done:
  free(raw);
  return st;
}

static status read_slices(float *out, const struct dicom_slice *slices, int count) {
  status st = ST_OK;
  size_t pixels = (size_t)slices->rows * (size_t)slices->columns;
  struct failure failure = {.st = ST_OK};
  struct progress p;
  int done_count = 0;
  progress_begin(&p, "read", "slices", count);
#pragma omp parallel num_threads(parallel_threads())
  {
    unsigned char *raw = malloc(pixels * 2);
#pragma omp for schedule(dynamic, 4)
    for (int k = 0; k < count; k++) {
      status mine = raw ? read_slice(out + (size_t)k * pixels, raw, &slices[k]) : ST_MEMORY;
      if (mine != ST_OK) note_failure(&failure, k, mine);
#pragma omp atomic
      done_count++;
      if (omp_get_thread_num() == 0) progress_update(&p, done_count, NULL);
    }
    free(raw);
  }
  progress_end(&p);
  CHECK(failure.st == ST_OK, failure.st, "slice %d of %d: %s", failure.slice + 1, count,
        failure.text);
done:
  return st;
}

static status read_all(float *out, const struct dicom_series *s) {
  status st = ST_OK;
  const struct dicom_slice *slices = s->slices;
  size_t pixels = (size_t)slices->rows * (size_t)slices->columns;
  bool packed_frames = slices->frames > 1 && slices->pixel_offset < 0;
  ask_for_large_pages(out, pixels * (size_t)s->slice_count * sizeof *out);
  if (!packed_frames) {
    TRY(read_slices(out, slices, s->slice_count));
    goto done;
  }
  for (int first = 0, next; first < s->slice_count; first = next) {
    for (next = first; next < s->slice_count && !strcmp(slices[next].path, slices[first].path);)
      next++;
    TRY(read_frames(out + (size_t)first * pixels, slices + first, next - first));
  }
done:
  return st;
}

/* ---- tilted and uneven stacks: resampled to an orthogonal grid ---- */

/* Place of a slice relative to the first: across [mm along x, y of the slice], along the normal. */
struct place {
  double x, y, along;
};

static struct place place_of(const struct dicom_series *s, int k) {
  struct vec3 d = vec3_sub(s->slices[k].position, s->slices[0].position);
  return (struct place){vec3_dot(d, geometry_axis(&s->grid, 0)),
                        vec3_dot(d, geometry_axis(&s->grid, 1)),
                        vec3_dot(d, geometry_axis(&s->grid, 2))};
}

/* The grid of the first slice, grown sideways to hold all slices, at the series' step. */
static struct geometry straight_grid(const struct dicom_series *s) {
  struct geometry g = s->grid;
  struct place lo = {0, 0, 0}, hi = {0, 0, 0};
  for (int k = 0; k < s->slice_count; k++) {
    struct place p = place_of(s, k);
    lo = (struct place){fmin(lo.x, p.x), fmin(lo.y, p.y), 0};
    hi = (struct place){fmax(hi.x, p.x), fmax(hi.y, p.y), fmax(hi.along, p.along)};
  }
  const double slack = 1e-3; /* pixel */
  int64_t left = (int64_t)ceil(-lo.x / g.spacing[0] - slack);
  int64_t up = (int64_t)ceil(-lo.y / g.spacing[1] - slack);
  g.nx += left + (int64_t)ceil(hi.x / g.spacing[0] - slack);
  g.ny += up + (int64_t)ceil(hi.y / g.spacing[1] - slack);
  g.nz = (int64_t)floor(hi.along / g.spacing[2] + 0.01) + 1;
  struct vec3 o = geometry_to_world(&s->grid, vec3_make(-(double)left, -(double)up, 0));
  g.origin[0] = o.x;
  g.origin[1] = o.y;
  g.origin[2] = o.z;
  return g;
}

/* Bilinear value of one slice at fractional pixel (x, y); NaN outside. */
static double slice_value(const float *slice, int nx, int ny, double x, double y) {
  const double slack = 1e-6;
  if (!(x >= -slack && y >= -slack && x <= nx - 1 + slack && y <= ny - 1 + slack)) return NAN;
  int i = (int)fmin(fmax(floor(x + slack), 0), nx - 1),
      j = (int)fmin(fmax(floor(y + slack), 0), ny - 1);
  double u = x - i, v = y - j, sum = 0;
  for (int c = 0; c < 4; c++) {
    double w = (c & 1 ? u : 1 - u) * (c & 2 ? v : 1 - v);
    if (w < slack) continue;
    int a = i + (c & 1), b = j + (c >> 1);
    if (a >= nx || b >= ny) return NAN;
    sum += w * (double)slice[(size_t)b * (size_t)nx + (size_t)a];
  }
  return sum;
}

/* One output plane between source slices `below` and `below + 1`, weight `w` on the upper. */
static void straighten_plane(struct volume *v, int64_t k, const float *source,
                             const struct dicom_series *s, int below, double w) {
  const struct geometry *g = &v->grid, *from = &s->grid;
  size_t pixels = (size_t)(from->nx * from->ny);
  struct vec3 first = geometry_to_index(from, vec3_make(g->origin[0], g->origin[1], g->origin[2]));
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      double sum = 0;
      for (int side = 0; side < 2; side++) {
        double weight = side ? w : 1 - w;
        if (weight <= 0) continue;
        struct place p = place_of(s, below + side);
        double x = (double)i + first.x - p.x / from->spacing[0];
        double y = (double)j + first.y - p.y / from->spacing[1];
        sum += weight * slice_value(source + (size_t)(below + side) * pixels, (int)from->nx,
                                    (int)from->ny, x, y);
      }
      v->voxels[geometry_index(g, i, j, k)] = (float)sum;
    }
}

static status read_straightened(struct volume **out, const struct dicom_series *s) {
  status st = ST_OK;
  struct volume *v = NULL, *source = NULL;
  struct geometry g = straight_grid(s);
  int between = 0;
  TRY(volume_create(&v, &g, QUANTITY_HU));
  TRY(volume_create(&source, &s->grid, QUANTITY_HU));
  TRY(read_all(source->voxels, s));
#pragma omp parallel for num_threads(parallel_threads()) schedule(static) reduction(+ : between)
  for (int64_t k = 0; k < g.nz; k++) {
    double at = (double)k * g.spacing[2];
    int below = 0;
    while (below + 2 < s->slice_count && place_of(s, below + 1).along <= at) below++;
    double lower = place_of(s, below).along, upper = place_of(s, below + 1).along;
    double w = fmin(fmax((at - lower) / (upper - lower), 0), 1);
    const double on_slice = 0.01; /* of the gap: taken for the slice itself */
    if (w < on_slice) w = 0;
    if (w > 1 - on_slice) w = 1;
    between += w > 0 && w < 1;
    straighten_plane(v, k, source->voxels, s, below, w);
  }
  if (s->problems & DICOM_TILT)
    log_warning("gantry tilt of %.2f degrees: the volume was shear-corrected by resampling",
                s->acquisition.gantry_tilt_deg);
  if (between)
    log_warning("%d of %lld slices were interpolated because slices are missing or unevenly spaced",
                between, (long long)g.nz);
  *out = v;
  v = NULL;
done:
  volume_destroy(source);
  volume_destroy(v);
  return st;
}

/* ---- the way in ---- */

static unsigned allowed_problems(const struct dicom_series *s, const struct dicom_read_options *o) {
  unsigned allowed = DICOM_WARNINGS;
  if (o && o->shear_correct && s->acquisition.gantry_tilt_deg > 0) allowed |= DICOM_TILT;
  if (o && o->allow_gaps) allowed |= DICOM_MISSING_SLICE | DICOM_UNEVEN_SPACING;
  return allowed;
}

static void warn(const struct dicom_series *s) {
  const struct dicom_slice *a = s->slices;
  if (s->problems & DICOM_LOSSY)
    log_warning("the scan went through lossy compression: densities and texture are changed by it");
  if (a->has_padding && !padding_believed(a))
    log_warning("the header calls stored value %d padding, which is %g HU: not believed",
                a->padding, a->slope * a->padding + a->intercept);
}

status dicom_series_read(struct volume **out, const struct dicom_series *series,
                         const struct dicom_read_options *options) {
  status st = ST_OK;
  struct volume *v = NULL;
  unsigned refused = series->problems & ~allowed_problems(series, options);
  CHECK(!refused, ST_DOMAIN, "this DICOM series cannot be read as a volume: %s%s",
        series->problem_text,
        refused & (DICOM_MISSING_SLICE | DICOM_UNEVEN_SPACING) ? " (--allow-gaps interpolates)"
        : refused & DICOM_TILT && series->acquisition.gantry_tilt_deg > 0
            ? " (--shear-correct resamples)"
            : "");
  if (series->problems & (DICOM_TILT | DICOM_MISSING_SLICE | DICOM_UNEVEN_SPACING)) {
    TRY(read_straightened(&v, series));
  } else {
    TRY(volume_create(&v, &series->grid, QUANTITY_HU));
    TRY(read_all(v->voxels, series));
  }
  v->acquisition = series->acquisition;
  warn(series);
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}
