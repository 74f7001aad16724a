/* Writers of NIfTI, NRRD and MetaImage. Plain C: the headers are a page each, libdeflate compresses
 * about twenty times faster than ITK's gzip, and the bytes do not change from run to run. */
#include "core/colour_table.h"
#include "core/file.h"
#include "core/image_side.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "core/text.h"

#include <libdeflate.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPRESSION_LEVEL = 1, NIFTI_HEADER = 352 };

/* Voxels on their way to a file. */
struct payload {
  const struct geometry *grid;
  const void *voxels; /* borrowed */
  size_t bytes;       /* of all voxels */
  bool labels;        /* uint16, else float */
  const struct labels *names;
};

typedef size_t (*compress_call)(struct libdeflate_compressor *, const void *, size_t, void *,
                                size_t);
typedef size_t (*bound_call)(struct libdeflate_compressor *, size_t);

static status compress_bytes(void **out, size_t *length, const void *data, size_t bytes,
                             bound_call bound, compress_call compress) {
  status st = ST_OK;
  void *packed = NULL;
  struct libdeflate_compressor *c = libdeflate_alloc_compressor(COMPRESSION_LEVEL);
  CHECK(c, ST_MEMORY, "allocating a compressor");
  size_t room = bound(c, bytes);
  packed = malloc(room);
  CHECK(packed, ST_MEMORY, "allocating %.1f MB for compression", (double)room * 1e-6);
  *length = compress(c, data, bytes, packed, room);
  CHECK(*length > 0, ST_EXTERNAL, "libdeflate did not compress %zu bytes", bytes);
  *out = packed;
  packed = NULL;
done:
  free(packed);
  if (c) libdeflate_free_compressor(c);
  return st;
}

static status put(FILE *f, const void *data, size_t bytes, const char *path) {
  status st = ST_OK;
  CHECK(fwrite(data, 1, bytes, f) == bytes, ST_IO, "writing %s: the disk is full or went away",
        path);
done:
  return st;
}

/* ---- NIfTI-1 ---- */

static void put_i16(unsigned char *h, int at, int value) {
  int16_t v = (int16_t)value;
  memcpy(h + at, &v, sizeof v);
}
static void put_i32(unsigned char *h, int at, int value) {
  int32_t v = value;
  memcpy(h + at, &v, sizeof v);
}
static void put_f32(unsigned char *h, int at, double value) {
  float v = (float)value;
  memcpy(h + at, &v, sizeof v);
}

/* Unit quaternion (b, c, d; a >= 0) of a proper rotation. Source: NIfTI-1 header, method 2. */
static void quaternion(double q[3], double r[3][3]) {
  double a = 1 + r[0][0] + r[1][1] + r[2][2];
  if (a > 0.5) {
    a = sqrt(a) / 2;
    q[0] = (r[2][1] - r[1][2]) / (4 * a);
    q[1] = (r[0][2] - r[2][0]) / (4 * a);
    q[2] = (r[1][0] - r[0][1]) / (4 * a);
    return;
  }
  int i = r[1][1] > r[0][0] ? 1 : 0;
  if (r[2][2] > r[i][i]) i = 2;
  int j = (i + 1) % 3, k = (i + 2) % 3;
  double largest = sqrt(1 + r[i][i] - r[j][j] - r[k][k]) / 2;
  double scalar = (r[k][j] - r[j][k]) / (4 * largest);
  double sign = scalar < 0 ? -1 : 1;
  q[i] = sign * largest;
  q[j] = sign * (r[j][i] + r[i][j]) / (4 * largest);
  q[k] = sign * (r[k][i] + r[i][k]) / (4 * largest);
}

static void nifti_orientation(unsigned char *h, const struct geometry *g) {
  double r[3][3], q[3];
  for (int i = 0; i < 3; i++)
    for (int a = 0; a < 3; a++) r[i][a] = (i < 2 ? -1 : 1) * g->direction[3 * i + a]; /* LPS->RAS */
  for (int i = 0; i < 3; i++) {
    for (int a = 0; a < 3; a++) put_f32(h, 280 + 16 * i + 4 * a, r[i][a] * g->spacing[a]);
    put_f32(h, 280 + 16 * i + 12, (i < 2 ? -1 : 1) * g->origin[i]);
    put_f32(h, 268 + 4 * i, (i < 2 ? -1 : 1) * g->origin[i]);
  }
  double det = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
               r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
               r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
  double handed = det < 0 ? -1 : 1;
  for (int i = 0; i < 3; i++) r[i][2] *= handed;
  quaternion(q, r);
  put_f32(h, 76, handed); /* pixdim[0] = qfac */
  for (int i = 0; i < 3; i++) put_f32(h, 256 + 4 * i, q[i]);
  put_i16(h, 252, 1); /* qform: scanner */
  put_i16(h, 254, 1); /* sform: scanner */
}

static status nifti_header(unsigned char h[NIFTI_HEADER], const struct payload *p) {
  status st = ST_OK;
  const struct geometry *g = p->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  memset(h, 0, NIFTI_HEADER);
  put_i32(h, 0, 348);
  put_i16(h, 40, 3);
  for (int a = 0; a < 7; a++) put_i16(h, 42 + 2 * a, 1);
  for (int a = 0; a < 3; a++) {
    CHECK(n[a] <= 32767, ST_DOMAIN,
          "a NIfTI file holds at most 32767 voxels along an axis, not %lld: write .nrrd",
          (long long)n[a]);
    put_i16(h, 42 + 2 * a, (int)n[a]);
    put_f32(h, 80 + 4 * a, g->spacing[a]);
  }
  put_i16(h, 68, p->labels ? 1002 : 0); /* intent: label */
  put_i16(h, 70, p->labels ? 512 : 16); /* uint16 or float32 */
  put_i16(h, 72, p->labels ? 16 : 32);  /* bits */
  put_f32(h, 108, NIFTI_HEADER);        /* vox_offset */
  put_f32(h, 112, 1);                   /* scl_slope */
  h[123] = 2;                           /* mm */
  nifti_orientation(h, g);
  memcpy(h + 344, "n+1", 4);
done:
  return st;
}

static status write_nifti(FILE *f, const struct payload *p, const char *path) {
  status st = ST_OK;
  unsigned char header[NIFTI_HEADER];
  unsigned char *whole = NULL;
  void *packed = NULL;
  size_t length;
  TRY(nifti_header(header, p));
  if (file_has_suffix(path, ".nii")) {
    TRY(put(f, header, sizeof header, path));
    TRY(put(f, p->voxels, p->bytes, path));
    goto done;
  }
  /* one gzip member for all: some readers stop after the first */
  whole = malloc(sizeof header + p->bytes);
  CHECK(whole, ST_MEMORY, "allocating %.1f MB to compress %s", (double)p->bytes * 1e-6, path);
  memcpy(whole, header, sizeof header);
  memcpy(whole + sizeof header, p->voxels, p->bytes);
  TRY(compress_bytes(&packed, &length, whole, sizeof header + p->bytes,
                     libdeflate_gzip_compress_bound, libdeflate_gzip_compress));
  TRY(put(f, packed, length, path));
done:
  free(whole);
  free(packed);
  return st;
}

/* ---- NRRD and MetaImage ---- */

static void append_vector(struct text *t, const double v[3], double scale, const char *open,
                          const char *between, const char *close) {
  text_append(t, "%s", open);
  for (int i = 0; i < 3; i++) {
    if (i) text_append(t, "%s", between);
    text_append_number(t, v[i] * scale);
  }
  text_append(t, "%s", close);
}

static void axis_of(double v[3], const struct geometry *g, int axis) {
  for (int i = 0; i < 3; i++) v[i] = g->direction[3 * i + axis];
}

static void segment_fields(struct text *t, const struct payload *p) {
  text_append(t, "Segmentation_ContainedRepresentationNames:=Binary labelmap|\n"
                 "Segmentation_MasterRepresentation:=Binary labelmap\n"
                 "Segmentation_ReferenceImageExtentOffset:=0 0 0\n");
  for (size_t i = 0; i < p->names->name_count; i++) {
    const struct label_name *n = &p->names->names[i];
    double c[3];
    colour_of_label(c, i);
    text_append(t, "Segment%zu_ID:=segment_%d\nSegment%zu_Name:=", i, n->value, i);
    for (const char *s = n->name; *s; s++) text_append(t, "%c", *s == '\n' ? ' ' : *s);
    text_append(t, "\nSegment%zu_NameAutoGenerated:=0\nSegment%zu_LabelValue:=%d\n", i, i,
                n->value);
    text_append(t, "Segment%zu_Layer:=0\nSegment%zu_Extent:=0 %lld 0 %lld 0 %lld\n", i, i,
                (long long)p->grid->nx - 1, (long long)p->grid->ny - 1, (long long)p->grid->nz - 1);
    text_append(t, "Segment%zu_Color:=", i);
    append_vector(t, c, 1, "", " ", "\n");
    text_append(t, "Segment%zu_ColorAutoGenerated:=1\nSegment%zu_Tags:=\n", i, i);
  }
}

static status write_nrrd(FILE *f, const struct payload *p, const char *path) {
  status st = ST_OK;
  const struct geometry *g = p->grid;
  struct text t = {0};
  void *packed = NULL;
  size_t length;
  double axis[3];
  text_append(&t, "NRRD0004\ntype: %s\ndimension: 3\nspace: left-posterior-superior\n",
              p->labels ? "unsigned short" : "float");
  text_append(&t, "sizes: %lld %lld %lld\nspace directions:", (long long)g->nx, (long long)g->ny,
              (long long)g->nz);
  for (int a = 0; a < 3; a++) {
    axis_of(axis, g, a);
    append_vector(&t, axis, g->spacing[a], " (", ",", ")");
  }
  text_append(&t, "\nkinds: domain domain domain\nendian: little\nencoding: gzip\nspace origin: ");
  append_vector(&t, g->origin, 1, "(", ",", ")\n");
  if (p->labels && file_has_suffix(path, ".seg.nrrd")) segment_fields(&t, p);
  text_append(&t, "\n");
  TRY(text_check(&t, "NRRD header"));
  TRY(compress_bytes(&packed, &length, p->voxels, p->bytes, libdeflate_gzip_compress_bound,
                     libdeflate_gzip_compress));
  TRY(put(f, t.data, t.length, path));
  TRY(put(f, packed, length, path));
done:
  text_free(&t);
  free(packed);
  return st;
}

static status write_mha(FILE *f, const struct payload *p, const char *path) {
  status st = ST_OK;
  const struct geometry *g = p->grid;
  struct text t = {0};
  void *packed = NULL;
  size_t length;
  double axis[3];
  TRY(compress_bytes(&packed, &length, p->voxels, p->bytes, libdeflate_zlib_compress_bound,
                     libdeflate_zlib_compress));
  text_append(&t,
              "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
              "CompressedData = True\nCompressedDataSize = %zu\nTransformMatrix =",
              length);
  for (int a = 0; a < 3; a++) {
    axis_of(axis, g, a);
    append_vector(&t, axis, 1, " ", " ", "");
  }
  append_vector(&t, g->origin, 1, "\nOffset = ", " ", "\nCenterOfRotation = 0 0 0\n");
  append_vector(&t, g->spacing, 1, "ElementSpacing = ", " ", "\n");
  text_append(&t, "DimSize = %lld %lld %lld\nElementType = %s\nElementDataFile = LOCAL\n",
              (long long)g->nx, (long long)g->ny, (long long)g->nz,
              p->labels ? "MET_USHORT" : "MET_FLOAT");
  TRY(text_check(&t, "MetaImage header"));
  TRY(put(f, t.data, t.length, path));
  TRY(put(f, packed, length, path));
done:
  text_free(&t);
  free(packed);
  return st;
}

/* ---- both files, aside, then renamed ---- */

static status write_pair(const struct payload *p, const cJSON *side, const char *path, bool force) {
  status st = ST_OK;
  struct file_aside image = {0}, json = {0};
  FILE *f = NULL;
  char *text = NULL;
  char side_path[4096];
  bool nifti = file_has_suffix(path, ".nii") || file_has_suffix(path, ".nii.gz");
  bool nrrd = file_has_suffix(path, ".nrrd"), mha = file_has_suffix(path, ".mha");
  CHECK(nifti || nrrd || mha, ST_USAGE,
        "%s: images are written as .nii.gz, .nii, .nrrd or .mha, chosen by the file name", path);
  CHECK(side, ST_MEMORY, "making the side file of %s", path);
  TRY(image_side_path(side_path, sizeof side_path, path));
  TRY(geometry_check(p->grid, 4));
  TRY(file_aside_begin(&image, path, force));
  TRY(file_aside_begin(&json, side_path, force));
  f = fopen(image.temporary, "wb");
  CHECK(f, ST_IO, "writing %s: the file cannot be made", path);
  TRY(nifti ? write_nifti(f, p, path) : nrrd ? write_nrrd(f, p, path) : write_mha(f, p, path));
  int closed = fclose(f);
  f = NULL;
  CHECK(!closed, ST_IO, "writing %s: the disk is full or went away", path);
  TRY(json_print(&text, side));
  f = fopen(json.temporary, "wb");
  CHECK(f, ST_IO, "writing %s: the file cannot be made", side_path);
  TRY(put(f, text, strlen(text), side_path));
  closed = fclose(f);
  f = NULL;
  CHECK(!closed, ST_IO, "writing %s: the disk is full or went away", side_path);
  TRY(file_aside_commit(&json));
  TRY(file_aside_commit(&image));
done:
  if (f) fclose(f);
  free(text);
  file_aside_abandon(&json);
  file_aside_abandon(&image);
  return st;
}

status itk_image_write(const struct volume *v, const char *path, const cJSON *provenance,
                       bool force) {
  struct payload p = {.grid = &v->grid,
                      .voxels = v->voxels,
                      .bytes = (size_t)geometry_voxels(&v->grid) * sizeof *v->voxels};
  cJSON *side = image_side_of_volume(v, provenance);
  status st = write_pair(&p, side, path, force);
  cJSON_Delete(side);
  return st;
}

status itk_labels_write(const struct labels *l, const char *path, const cJSON *provenance,
                        bool force) {
  struct payload p = {.grid = &l->grid,
                      .voxels = l->voxels,
                      .bytes = (size_t)geometry_voxels(&l->grid) * sizeof *l->voxels,
                      .labels = true,
                      .names = l};
  cJSON *side = image_side_of_labels(l, provenance);
  status st = write_pair(&p, side, path, force);
  cJSON_Delete(side);
  return st;
}
