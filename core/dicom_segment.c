#include "core/dicom_segment.h"

#include "core/dicom_element.h"
#include "core/file.h"
#include "core/provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char segmentation_storage[] = "1.2.840.10008.5.1.4.1.1.66.4";
enum { MOST_LABELS = 65535 };

/* A label and the slices it is in. */
struct segment {
  int value;
  int64_t lo[3], hi[3];
};

struct object {
  const struct labels *l;
  struct segment *segments; /* owned */
  int count;
  int64_t frames;
  char study[64], series[64], frame[64], instance[64], dimension[64];
};

/* ---- which frames ---- */

static bool in_slice(const struct object *o, int value, int64_t k) {
  const int64_t n = o->l->grid.nx * o->l->grid.ny;
  const uint16_t *slice = o->l->voxels + k * n;
  for (int64_t i = 0; i < n; i++)
    if (slice[i] == value) return true;
  return false;
}

static status find_segments(struct object *o) {
  status st = ST_OK;
  int64_t voxels = geometry_voxels(&o->l->grid);
  bool *seen = calloc(MOST_LABELS + 1, sizeof *seen);
  CHECK(seen, ST_MEMORY, "DICOM segmentation: out of memory");
  for (int64_t i = 0; i < voxels; i++) seen[o->l->voxels[i]] = true;
  for (int v = 1; v <= MOST_LABELS; v++) o->count += seen[v];
  CHECK(o->count, ST_DOMAIN, "DICOM segmentation: the map holds no label");
  o->segments = calloc((size_t)o->count, sizeof *o->segments);
  CHECK(o->segments, ST_MEMORY, "DICOM segmentation: out of memory");
  struct segment *s = o->segments;
  for (int v = 1; v <= MOST_LABELS; v++) {
    if (!seen[v]) continue;
    s->value = v;
    labels_box(o->l, v, s->lo, s->hi);
    for (int64_t k = s->lo[2]; k <= s->hi[2]; k++) o->frames += in_slice(o, v, k);
    s++;
  }
done:
  free(seen);
  return st;
}

/* ---- attributes ---- */

static void put_identity(struct text *t, const struct object *o) {
  dicom_put_text(t, 0x00080008, "CS", "DERIVED\\PRIMARY");
  dicom_put_text(t, 0x00080016, "UI", segmentation_storage);
  dicom_put_text(t, 0x00080018, "UI", o->instance);
  dicom_put_text(t, 0x00080020, "DA", "20200101");
  dicom_put_text(t, 0x00080023, "DA", "20200101");
  dicom_put_text(t, 0x00080030, "TM", "120000");
  dicom_put_text(t, 0x00080033, "TM", "120000");
  dicom_put_text(t, 0x00080050, "SH", "");
  dicom_put_text(t, 0x00080060, "CS", "SEG");
  dicom_put_text(t, 0x00080070, "LO", "qct");
  dicom_put_text(t, 0x00080090, "PN", "");
  dicom_put_text(t, 0x0008103e, "LO", "labels");
  dicom_put_text(t, 0x00081090, "LO", "qct");
  dicom_put_text(t, 0x00100010, "PN", "");
  dicom_put_text(t, 0x00100020, "LO", "");
  dicom_put_text(t, 0x00100030, "DA", "");
  dicom_put_text(t, 0x00100040, "CS", "");
  dicom_put_text(t, 0x00181000, "LO", "0");
  dicom_put_text(t, 0x00181020, "LO", program_version());
  dicom_put_text(t, 0x0020000d, "UI", o->study);
  dicom_put_text(t, 0x0020000e, "UI", o->series);
  dicom_put_text(t, 0x00200010, "SH", "1");
  dicom_put_integer(t, 0x00200011, 2);
  dicom_put_integer(t, 0x00200013, 1);
  dicom_put_text(t, 0x00200052, "UI", o->frame);
  dicom_put_text(t, 0x00201040, "LO", "");
}

/* Frames are ordered by segment, then by place. */
static void put_dimensions(struct text *t, const struct object *o) {
  static const uint32_t pointers[2][2] = {{0x0062000b, 0x0062000a}, {0x00200032, 0x00209113}};
  struct text items = {0}, body = {0};
  dicom_put_text(&body, 0x00209164, "UI", o->dimension);
  dicom_put_item(&items, &body);
  dicom_put_sequence(t, 0x00209221, &items);
  for (int i = 0; i < 2; i++) {
    dicom_put_text(&body, 0x00209164, "UI", o->dimension);
    dicom_put_tag(&body, 0x00209165, pointers[i][0]);
    dicom_put_tag(&body, 0x00209167, pointers[i][1]);
    dicom_put_item(&items, &body);
  }
  dicom_put_sequence(t, 0x00209222, &items);
}

static void put_format(struct text *t, const struct object *o) {
  dicom_put_short(t, 0x00280002, "US", 1);
  dicom_put_text(t, 0x00280004, "CS", "MONOCHROME2");
  dicom_put_integer(t, 0x00280008, (double)o->frames);
  dicom_put_short(t, 0x00280010, "US", (int)o->l->grid.ny);
  dicom_put_short(t, 0x00280011, "US", (int)o->l->grid.nx);
  dicom_put_short(t, 0x00280100, "US", 1);
  dicom_put_short(t, 0x00280101, "US", 1);
  dicom_put_short(t, 0x00280102, "US", 0);
  dicom_put_short(t, 0x00280103, "US", 0);
  dicom_put_text(t, 0x00282110, "CS", "00");
  dicom_put_text(t, 0x00620001, "CS", "BINARY");
}

/* A label's name is free text here, so the coded kind stays general: tissue. */
static void put_segments(struct text *t, const struct object *o) {
  struct text items = {0}, body = {0};
  for (int i = 0; i < o->count; i++) {
    char name[64];
    const char *given = labels_name(o->l, o->segments[i].value);
    snprintf(name, sizeof name, given[0] ? "%s" : "%s%d", given, o->segments[i].value);
    dicom_put_code(&body, 0x00620003, "85756007", "SCT", "Tissue");
    dicom_put_short(&body, 0x00620004, "US", i + 1);
    dicom_put_text(&body, 0x00620005, "LO", name);
    dicom_put_text(&body, 0x00620008, "CS", "SEMIAUTOMATIC");
    dicom_put_text(&body, 0x00620009, "LO", "qct");
    dicom_put_code(&body, 0x0062000f, "85756007", "SCT", "Tissue");
    dicom_put_item(&items, &body);
  }
  dicom_put_sequence(t, 0x00620002, &items);
  dicom_put_text(t, 0x00700080, "CS", "LABELS");
  dicom_put_text(t, 0x00700081, "LO", "");
  dicom_put_text(t, 0x00700084, "PN", "");
}

static void put_shared_groups(struct text *t, const struct object *o) {
  const struct geometry *g = &o->l->grid;
  struct vec3 row = geometry_axis(g, 0), column = geometry_axis(g, 1);
  const double orientation[6] = {row.x, row.y, row.z, column.x, column.y, column.z};
  const double spacing[2] = {g->spacing[1], g->spacing[0]};
  struct text all = {0}, group = {0}, items = {0}, body = {0};
  dicom_put_decimals(&body, 0x00200037, orientation, 6);
  dicom_put_item(&items, &body);
  dicom_put_sequence(&group, 0x00209116, &items);
  dicom_put_decimal(&body, 0x00180050, g->spacing[2]);
  dicom_put_decimal(&body, 0x00180088, g->spacing[2]);
  dicom_put_decimals(&body, 0x00280030, spacing, 2);
  dicom_put_item(&items, &body);
  dicom_put_sequence(&group, 0x00289110, &items);
  dicom_put_item(&all, &group);
  dicom_put_sequence(t, 0x52009229, &all);
}

static void put_frame_group(struct text *all, const struct object *o, int segment, int64_t k) {
  struct vec3 p = geometry_to_world(&o->l->grid, vec3_make(0, 0, (double)k));
  const double position[3] = {p.x, p.y, p.z};
  const uint32_t index[2] = {(uint32_t)segment + 1, (uint32_t)k + 1};
  struct text group = {0}, items = {0}, body = {0};
  dicom_put_longs(&body, 0x00209157, index, 2);
  dicom_put_item(&items, &body);
  dicom_put_sequence(&group, 0x00209111, &items);
  dicom_put_decimals(&body, 0x00200032, position, 3);
  dicom_put_item(&items, &body);
  dicom_put_sequence(&group, 0x00209113, &items);
  dicom_put_short(&body, 0x0062000b, "US", segment + 1);
  dicom_put_item(&items, &body);
  dicom_put_sequence(&group, 0x0062000a, &items);
  dicom_put_item(all, &group);
}

/* ---- pixels ---- */

/* The frame's bits after `at` earlier ones: the first pixel is the lowest bit of a byte, and frames
 * follow each other without a gap. */
static void pack(unsigned char *bits, int64_t at, const struct object *o, int value, int64_t k) {
  const int64_t n = o->l->grid.nx * o->l->grid.ny;
  const uint16_t *slice = o->l->voxels + k * n;
  for (int64_t i = 0; i < n; i++)
    if (slice[i] == value) bits[(at + i) / 8] |= (unsigned char)(1u << ((at + i) % 8));
}

static status put_frames(struct text *t, const struct object *o) {
  status st = ST_OK;
  const int64_t n = o->l->grid.nx * o->l->grid.ny;
  const size_t bytes = (size_t)((n * o->frames + 7) / 8);
  struct text groups = {0};
  int64_t at = 0;
  unsigned char *bits = calloc(bytes, 1);
  CHECK(bits, ST_MEMORY, "DICOM segmentation: %.1f MB of pixels", 1e-6 * (double)bytes);
  for (int i = 0; i < o->count; i++) {
    const struct segment *s = &o->segments[i];
    for (int64_t k = s->lo[2]; k <= s->hi[2]; k++) {
      if (!in_slice(o, s->value, k)) continue;
      put_frame_group(&groups, o, i, k);
      pack(bits, at, o, s->value, k);
      at += n;
    }
  }
  dicom_put_sequence(t, 0x52009230, &groups);
  dicom_put_element(t, 0x7fe00010, "OB", bits, bytes);
done:
  free(bits);
  return st;
}

status dicom_segment_write(const struct labels *l, const char *path, uint64_t seed, bool force) {
  status st = ST_OK;
  const double most_bytes = 4e9;
  const struct geometry *g = &l->grid;
  struct object o = {.l = l};
  struct text t = {0};
  TRY(geometry_check(g, sizeof *l->voxels));
  CHECK(g->nx <= 65535 && g->ny <= 65535, ST_DOMAIN,
        "a DICOM frame has at most 65535 x 65535 pixels, not %lld x %lld", (long long)g->nx,
        (long long)g->ny);
  TRY(find_segments(&o));
  CHECK((double)g->nx * (double)g->ny * (double)o.frames / 8 < most_bytes, ST_DOMAIN,
        "DICOM segmentation: %lld frames are more than a file of %g bytes holds: write the labels "
        "as .nii.gz or .seg.nrrd",
        (long long)o.frames, most_bytes);
  dicom_derive_uid(o.study, seed, "study", 0);
  dicom_derive_uid(o.series, seed, "segmentation series", 0);
  dicom_derive_uid(o.frame, seed, "frame of reference", 0);
  dicom_derive_uid(o.instance, seed, "segmentation", 0);
  dicom_derive_uid(o.dimension, seed, "segmentation dimensions", 0);
  dicom_put_file_head(&t, segmentation_storage, o.instance);
  dicom_put_text(&t, 0x00080005, "CS", "ISO_IR 192");
  put_identity(&t, &o);
  put_dimensions(&t, &o);
  put_format(&t, &o);
  put_segments(&t, &o);
  put_shared_groups(&t, &o);
  TRY(put_frames(&t, &o));
  TRY(text_check(&t, "DICOM segmentation"));
  TRY(file_write(path, t.data, t.length, force));
done:
  free(o.segments);
  text_free(&t);
  return st;
}
