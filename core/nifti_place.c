#include "core/geometry.h"
#include "core/image_place.h"
#include "core/nifti_voxels.h"

#include <math.h>
#include <zlib.h>

enum {
  AT_AXES = 40,
  AT_PIXDIM = 76,
  AT_UNITS = 123,
  AT_QFORM_CODE = 252,
  AT_SFORM_CODE = 254,
  AT_QUATERN = 256,
  AT_QOFFSET = 268,
  AT_SFORM = 280
};
enum { SCANNER = 1, ALIGNED = 2 }; /* forms in the space of a scanner, by their code */

static const double pi = 3.14159265358979323846;

/* What one form says: the direction of each axis, the first voxel. In the header's unit, RAS. */
struct form {
  struct vec3 axis[3], first;
};

struct header {
  unsigned char bytes[NIFTI_HEADER];
  bool swapped;
  size_t axes;
  int qform, sform; /* codes */
};

static double number(const struct header *h, size_t at) {
  return nifti_header_float(h->bytes, at, h->swapped);
}

/* ITK 5.2: the sform of code 1, or one without a qform; else the qform. */
static bool sform_in_use(const struct header *h) {
  return h->sform == SCANNER || (h->sform > 0 && h->qform <= 0);
}

static struct form sform_of(const struct header *h, double edge[3]) {
  struct form f;
  for (size_t a = 0; a < 3; a++) {
    struct vec3 v = {number(h, AT_SFORM + 4 * a), number(h, AT_SFORM + 16 + 4 * a),
                     number(h, AT_SFORM + 32 + 4 * a)};
    edge[a] = vec3_length(v);
    f.axis[a] = vec3_unit(v);
  }
  f.first = vec3_make(number(h, AT_SFORM + 12), number(h, AT_SFORM + 28), number(h, AT_SFORM + 44));
  return f;
}

/* NIfTI-1, method 2: the rotation of the quaternion, its third axis turned round by qfac < 0. */
static struct form qform_of(const struct header *h) {
  const double b = number(h, AT_QUATERN), c = number(h, AT_QUATERN + 4),
               d = number(h, AT_QUATERN + 8), a = sqrt(fmax(0, 1 - b * b - c * c - d * d)),
               third = number(h, AT_PIXDIM) < 0 ? -1 : 1;
  struct form f;
  f.axis[0] = vec3_make(a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c));
  f.axis[1] = vec3_make(2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b));
  f.axis[2] = vec3_make(third * 2 * (b * d + a * c), third * 2 * (c * d - a * b),
                        third * (a * a + d * d - b * b - c * c));
  f.first = vec3_make(number(h, AT_QOFFSET), number(h, AT_QOFFSET + 4), number(h, AT_QOFFSET + 8));
  return f;
}

/* ITK makes the nearest rotation of a sform that shears without a word, and its search for the
 * singular values of one with overflowing squares does not end. */
static status check_sform(const struct form *f, const double edge[3], const char *path) {
  static const double least_mm = 1e-6, most_mm = 1e6; /* of a voxel's edge, with room to spare */
  status st = ST_OK;
  const double first[3] = {f->first.x, f->first.y, f->first.z};
  for (int a = 0; a < 3; a++) {
    CHECK(edge[a] >= least_mm && edge[a] <= most_mm, ST_DOMAIN,
          "%s: column %d of its sform gives voxels of %g mm, permitted is %g to %g: its header is "
          "damaged or in another unit",
          path, a, edge[a], least_mm, most_mm);
    CHECK(fabs(first[a]) <= most_mm, ST_DOMAIN,
          "%s: its sform puts the first voxel %g mm along axis %d, permitted is %g: its header is "
          "damaged or in another unit",
          path, first[a], a, most_mm);
  }
  for (int a = 0; a < 3; a++) {
    const int b = (a + 1) % 3;
    const double cosine = vec3_dot(f->axis[a], f->axis[b]);
    CHECK(fabs(cosine) < 1e-3, ST_DOMAIN,
          "%s: its sform is not orthonormal: axes %d and %d meet at %.3f degrees, expected 90; "
          "resample it to an orthogonal grid first",
          path, a, b, acos(fmin(1, fmax(-1, cosine))) * 180 / pi);
  }
done:
  return st;
}

/* ITK takes the directions of a sform and the sizes of pixdim, and 1 for a size of 0. */
static status check_size(const struct header *h, const double edge[3], const char *path) {
  static const double tolerance = 1e-3; /* of the size; single precision is far better */
  status st = ST_OK;
  for (size_t a = 0; a < 3 && a < h->axes; a++) {
    const double size = fabs(number(h, AT_PIXDIM + 4 + 4 * a));
    CHECK(size > 0 || sform_in_use(h), ST_FORMAT,
          "%s: its header states no size of the voxels along axis %zu (pixdim 0)", path, a);
    CHECK(!sform_in_use(h) || fabs(size - edge[a]) <= tolerance * edge[a], ST_DOMAIN,
          "%s: its header contradicts itself: along axis %zu its voxels measure %g (pixdim) and %g "
          "(sform); make both alike",
          path, a, size, edge[a]);
  }
done:
  return st;
}

static double handedness(const struct form *f) {
  return vec3_dot(vec3_cross(f->axis[0], f->axis[1]), f->axis[2]);
}

static status check_forms(const struct form *s, const struct form *q, const struct header *h,
                          double unit_mm, const char *path) {
  static const double angle_deg = 1,
                      shift_mm = 1; /* wider than rounding, narrower than a mistake */
  status st = ST_OK;
  if (h->sform > ALIGNED || h->qform > ALIGNED) goto done; /* one of a standard space */
  CHECK(handedness(s) * handedness(q) > 0, ST_DOMAIN,
        "%s: its header contradicts itself: qform and sform are mirror images of each other, so "
        "right and left cannot be told; set the code of the wrong one to 0",
        path);
  if (h->sform != h->qform) goto done; /* a scan laid on another: both may be true */
  for (int a = 0; a < 3; a++) {
    const double angle = vec3_angle_deg(s->axis[a], q->axis[a]);
    CHECK(angle <= angle_deg, ST_DOMAIN,
          "%s: its header contradicts itself: axis %d of its qform lies %.3g degrees from that of "
          "its sform, though both have code %d; set the code of the wrong one to 0",
          path, a, angle, h->sform);
  }
  const double shift = vec3_length(vec3_sub(s->first, q->first)) * unit_mm;
  CHECK(shift <= shift_mm, ST_DOMAIN,
        "%s: its header contradicts itself: the first voxel of its qform lies %.3g mm from that of "
        "its sform, though both have code %d; set the code of the wrong one to 0",
        path, shift, h->sform);
done:
  return st;
}

static status read_header(struct header *h, const char *path) {
  /* pixdim 1 to 3, quaternion and offset, the three rows of the sform */
  static const struct {
    size_t at, count;
  } parts[] = {{AT_PIXDIM + 4, 3}, {AT_QUATERN, 6}, {AT_SFORM, 12}};
  status st = ST_OK;
  gzFile f = gzopen(path, "rb");
  CHECK(f, ST_IO, "%s: cannot be opened", path);
  CHECK(gzread(f, h->bytes, NIFTI_HEADER) == NIFTI_HEADER, ST_FORMAT,
        "%s: shorter than a NIfTI header", path);
  /* the order of bytes as the NIfTI library finds it: from the number of axes */
  int axes = nifti_header_short(h->bytes, AT_AXES, false);
  h->swapped = axes < 1 || axes > 7;
  for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
    for (size_t i = 0; i < parts[p].count; i++) {
      size_t at = parts[p].at + 4 * i;
      CHECK(isfinite(number(h, at)), ST_FORMAT,
            "%s: byte %zu of its NIfTI header, where the image lies in space, is no number", path,
            at);
    }
  h->axes = (size_t)nifti_header_short(h->bytes, AT_AXES, h->swapped);
  h->qform = nifti_header_short(h->bytes, AT_QFORM_CODE, h->swapped);
  h->sform = nifti_header_short(h->bytes, AT_SFORM_CODE, h->swapped);
done:
  if (f) gzclose(f);
  return st;
}

status nifti_place_read(struct image_place *out, const char *path) {
  static const double units_mm[8] = {1, 1000, 1, 1e-3, 1, 1, 1, 1}; /* not stated, m, mm, um */
  status st = ST_OK;
  struct header h;
  double edge[3] = {0, 0, 0};
  TRY(read_header(&h, path));
  const double unit = units_mm[h.bytes[AT_UNITS] & 7];
  if (h.sform > 0) {
    struct form s = sform_of(&h, edge), q = qform_of(&h);
    TRY(check_sform(&s, edge, path));
    if (h.qform > 0) TRY(check_forms(&s, &q, &h, unit, path));
  }
  TRY(check_size(&h, edge, path));
  *out = (struct image_place){unit, 1, h.sform > 0 || h.qform > 0};
done:
  return st;
}
