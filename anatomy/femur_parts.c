#include "anatomy/femur_parts.h"

#include "anatomy/box.h"
#include "anatomy/mask.h"
#include "core/parallel.h"

#include <stdio.h>
#include <string.h>

/* ---- metal ---- */

/* Index box of the voxels within `reach` mm of a point, clipped. 0 when empty. */
static int index_box(const struct geometry *g, struct vec3 at, double reach, int64_t lo[3],
                     int64_t hi[3]) {
  struct vec3 index = geometry_to_index(g, at);
  double c[3] = {index.x, index.y, index.z};
  int64_t n[3] = {g->nx, g->ny, g->nz};
  for (int a = 0; a < 3; a++) {
    double r = reach / g->spacing[a];
    lo[a] = (int64_t)fmax(0, floor(c[a] - r));
    hi[a] = (int64_t)fmin((double)n[a] - 1, ceil(c[a] + r));
    if (lo[a] > hi[a]) return 0;
  }
  return 1;
}

status femur_metal(double *mm3, const struct volume *image, struct vec3 head,
                   const struct femur_options *opt) {
  status st = ST_OK;
  struct mask m = {{0}, NULL};
  const struct geometry *g = &image->grid;
  int64_t lo[3], hi[3], near = 0;
  double voxel = geometry_voxel_mm3(g);
  *mm3 = 0;
  if (!index_box(g, head, opt->metal_mm + 20, lo, hi)) return ST_OK;
  TRY(mask_create(&m, (int64_t[3]){hi[0] - lo[0] + 1, hi[1] - lo[1] + 1, hi[2] - lo[2] + 1}));
  int64_t at = 0;
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++, at++)
        m.v[at] = (double)image->voxels[geometry_index(g, i, j, k)] > opt->metal_hu;
  TRY(mask_drop_small(&m, (int64_t)floor(100 / voxel) + 1));
  at = 0;
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++, at++) {
        if (!m.v[at]) continue;
        struct vec3 p = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        near += vec3_length(vec3_sub(p, head)) <= opt->metal_mm;
      }
  *mm3 = (double)near * voxel;
done:
  mask_free(&m);
  return st;
}

/* ---- from the field to the scan's grid and back ---- */

static double field_at(const struct volume *f, struct vec3 p) {
  const struct geometry *g = &f->grid;
  double last[3] = {(double)g->nx - 1.000001, (double)g->ny - 1.000001, (double)g->nz - 1.000001};
  double s = g->spacing[0], w[3] = {p.x, p.y, p.z};
  for (int a = 0; a < 3; a++) {
    double i = (w[a] - g->origin[a]) / s;
    if (i < -0.75 || i > last[a] + 0.75) return 0;
    w[a] = g->origin[a] + s * fmin(fmax(i, 0), last[a]);
  }
  return box_sample(f, w[0], w[1], w[2]);
}

/* Share of the voxel's sub-samples that lie inside the 0.5 surface. */
static double occupancy(const struct volume *field, const struct geometry *g, int64_t i, int64_t j,
                        int64_t k, const int sub[3]) {
  struct vec3 c = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
  double middle = field_at(field, c);
  int inside = 0;
  if (middle < 1e-6) return 0;
  if (middle > 1 - 1e-6) return 1;
  for (int z = 0; z < sub[2]; z++)
    for (int y = 0; y < sub[1]; y++)
      for (int x = 0; x < sub[0]; x++) {
        struct vec3 p = geometry_to_world(g, vec3_make((double)i + (x + 0.5) / sub[0] - 0.5,
                                                       (double)j + (y + 0.5) / sub[1] - 0.5,
                                                       (double)k + (z + 0.5) / sub[2] - 0.5));
        inside += field_at(field, p) >= 0.5;
      }
  return (double)inside / (sub[0] * sub[1] * sub[2]);
}

void femur_paint(struct labels *labels, int label, const struct volume *field) {
  const struct geometry *g = &labels->grid, *b = &field->grid;
  struct vec3 c = box_centre_of(b, b->nx / 2, b->ny / 2, b->nz / 2);
  double half = b->spacing[0] * (double)(b->nx > b->ny ? b->nx : b->ny) / 2;
  half = fmax(half, b->spacing[0] * (double)b->nz / 2);
  int64_t lo[3], hi[3];
  int sub[3];
  if (!index_box(g, c, half * 1.75, lo, hi)) return;
  for (int a = 0; a < 3; a++) sub[a] = (int)fmin(ceil(g->spacing[a] / 0.5), 8);
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++)
        if (occupancy(field, g, i, j, k, sub) >= 0.5)
          labels->voxels[geometry_index(g, i, j, k)] = (uint16_t)label;
}

status femur_field(struct volume **field, const struct labels *labels, int value) {
  status st = ST_OK;
  struct volume *part = NULL, *box = NULL;
  const struct geometry *g = &labels->grid;
  int64_t lo[3], hi[3], n[3] = {g->nx, g->ny, g->nz};
  CHECK(labels_box(labels, value, lo, hi), ST_DOMAIN, "hip frame: label %d has no voxel", value);
  for (int a = 0; a < 3; a++) { /* room for smoothing, as far as the image goes */
    int64_t pad = (int64_t)ceil(4 / g->spacing[a]);
    lo[a] = lo[a] > pad ? lo[a] - pad : 0;
    hi[a] = hi[a] + pad < n[a] ? hi[a] + pad : n[a] - 1;
  }
  struct geometry pg = *g;
  struct vec3 origin = geometry_to_world(g, vec3_make((double)lo[0], (double)lo[1], (double)lo[2]));
  pg.nx = hi[0] - lo[0] + 1;
  pg.ny = hi[1] - lo[1] + 1;
  pg.nz = hi[2] - lo[2] + 1;
  pg.origin[0] = origin.x;
  pg.origin[1] = origin.y;
  pg.origin[2] = origin.z;
  TRY(volume_create(&part, &pg, QUANTITY_PROBABILITY));
  for (int64_t k = 0; k < pg.nz; k++)
    for (int64_t j = 0; j < pg.ny; j++)
      for (int64_t i = 0; i < pg.nx; i++)
        part->voxels[geometry_index(&pg, i, j, k)] =
            labels->voxels[geometry_index(g, lo[0] + i, lo[1] + j, lo[2] + k)] == value;
  struct vec3 low, high;
  box_bounds(&pg, &low, &high);
  TRY(box_cut(&box, part, low, high, 1, 0));
  double coarse = fmax(fmax(g->spacing[0], g->spacing[1]), g->spacing[2]);
  TRY(box_gaussian(box, fmax(0.9, 0.45 * coarse)));
  *field = box;
  box = NULL;
done:
  volume_destroy(part);
  volume_destroy(box);
  return st;
}

/* ---- checks and frame ---- */

/* World face (0 x-, 1 x+, 2 y-, ...) that index axis `a`, end `end` (0 low, 1 high) looks at. */
static int world_face(const struct geometry *g, int a, int end) {
  struct vec3 d = geometry_axis(g, a);
  double c[3] = {d.x, d.y, d.z};
  int w = 0;
  for (int i = 1; i < 3; i++)
    if (fabs(c[i]) > fabs(c[w])) w = i;
  return 2 * w + (c[w] > 0 ? end : 1 - end);
}

/* Faces of what was scanned that the label touches nearer than 85 mm to the head, the inferior one
 * and what lies below the head by more than two radii left out. Without an image: of the grid. */
static int touched_faces(const struct femur *f, const struct labels *labels,
                         const struct volume *image) {
  const struct geometry *g = &labels->grid;
  int64_t lo[3], hi[3], first[3] = {0, 0, 0}, last[3] = {g->nx - 1, g->ny - 1, g->nz - 1};
  int faces = 0;
  if (!labels_box(labels, f->label, lo, hi)) return 0;
  if (image) volume_scanned_box(image, first, last);
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++) {
        int64_t at[3] = {i, j, k};
        if (labels->voxels[geometry_index(g, i, j, k)] != f->label) continue;
        for (int a = 0; a < 3; a++)
          for (int end = 0; end < 2; end++) {
            if (end ? at[a] < last[a] : at[a] > first[a]) continue;
            struct vec3 p = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
            struct vec3 d = vec3_sub(p, f->frame.head);
            int face = world_face(g, a, end);
            bool distal = face == 4 && d.z < 0;
            if (!distal && vec3_length(d) < 85) faces |= 1 << face;
          }
      }
  return faces;
}

void frame_flag(struct hip_frame *frame, const char *text) {
  size_t used = strlen(frame->flags);
  snprintf(frame->flags + used, sizeof frame->flags - used, "%s%s", used ? "; " : "", text);
}

void femur_check_laterality(struct femur *f, const struct volume *image) {
  const char *said = image->acquisition.laterality;
  const char *other = f->side == SIDE_LEFT ? "R" : "L";
  if (!strcmp(said, other))
    frame_flag(&f->frame, f->side == SIDE_LEFT ? "left femur, but the header says right"
                                               : "right femur, but the header says left");
}

status femur_finish(struct femur *f, const struct labels *labels, const struct volume *field,
                    const struct volume *image, struct vec3 head, double radius_mm,
                    const struct labels *pelvis, int pelvis_value) {
  status st = ST_OK;
  struct frame_options opt = FRAME_OPTIONS_DEFAULTS;
  struct hip_frame frame = f->frame;
  double score = f->frame.head_score, cut = f->frame.head_cut;
  opt.head = head;
  opt.head_radius_mm = radius_mm;
  opt.pelvis = pelvis;
  opt.pelvis_value = pelvis_value;
  f->label_mm3 = (double)labels_count(labels, f->label) * geometry_voxel_mm3(&labels->grid);
  st = frame_from_field(&frame, field, f->side, &opt);
  if (st == ST_MEMORY) return st;
  f->frame_ok = st == ST_OK && !isnan(frame.neck_shaft_deg);
  if (st != ST_OK) {
    frame = f->frame;
    frame.flags[0] = '\0';
    frame_flag(&frame, status_message());
    status_clear();
  }
  frame.head_score = score;
  frame.head_cut = cut;
  frame.metal = f->metal_mm3 > 0;
  f->frame = frame;
  f->touches = touched_faces(f, labels, image);
  f->frame.truncated = f->touches != 0 || f->head_truncated;
  if (f->head_truncated) f->frame.fal_mm = f->frame.hal_mm = NAN;
  if (f->frame.truncated)
    frame_flag(&f->frame,
               f->head_truncated
                   ? "head cut by the edge of the scan: strength, axis length and head volume "
                     "withheld"
                   : "femur touches the edge of the scan: strength withheld");
  return ST_OK;
}
