#include "core/surface_render.h"
#include "qct/microstructure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double voxels_across(const struct microstructure *m) {
  return m->th[0] / m->voxel_mm;
}

const char *qct_microstructure_gate(const struct microstructure *m) {
  static _Thread_local char text[200];
  double v = voxels_across(m);
  text[0] = '\0';
  if (v < MICRO_WITHHOLD_VOXELS)
    snprintf(text, sizeof text,
             "mean thickness is %.2f voxels of %.3g mm, below %.3g: shape is withheld", v,
             m->voxel_mm, MICRO_WITHHOLD_VOXELS);
  else if (v < MICRO_FLAG_VOXELS)
    snprintf(
        text, sizeof text,
        "mean thickness is %.2f voxels of %.3g mm, below %.3g: the voxels share in deciding it", v,
        m->voxel_mm, MICRO_FLAG_VOXELS);
  return text;
}

struct row {
  const char *region, *quantity, *unit, *method, *source;
  double value;
  int shape; /* under the gate */
};

static status add(struct record *r, const struct microstructure *m, const struct row *row) {
  status st = ST_OK;
  char threshold[64];
  const char *gate = row->shape ? qct_microstructure_gate(m) : "";
  int withhold = row->shape && voxels_across(m) < MICRO_WITHHOLD_VOXELS;
  int infinite = isinf(row->value);
  struct measurement *out = NULL;
  snprintf(threshold, sizeof threshold, m->method == MICRO_MASK ? "mask" : "%s %.6g",
           micro_method_names[m->method], m->threshold);
  if (withhold || infinite)
    out = record_withhold(r, row->region, row->quantity, row->unit,
                          withhold ? gate : "no border is crossed along one axis: infinite");
  else
    out = record_add(r, row->region, row->quantity, row->value, row->unit);
  CHECK(out, ST_MEMORY, "rows of microstructure");
  snprintf(out->method, sizeof out->method, "%s; %s", row->method, threshold);
  snprintf(out->source, sizeof out->source, "%s", row->source);
  if (gate[0] && !withhold) measurement_flag(out, "%s", gate);
done:
  return st;
}

static status add_all(struct record *r, const struct microstructure *m, const struct row *rows,
                      size_t count) {
  status st = ST_OK;
  for (size_t i = 0; i < count; i++)
    if (!isnan(rows[i].value)) TRY(add(r, m, &rows[i]));
done:
  return st;
}

#define TB "trabecular"
#define SPHERE "largest sphere", "hildebrand1997"
#define MIL "mil-tensor/256", "harrigan1984"

static status trabecular_rows(struct record *r, const struct microstructure *m) {
  double tv = m->volume_mm3, bv = m->bv_tv * tv;
  const struct row rows[] = {
      {TB, "tv", "mm3", "voxels", "", tv, 0},
      {TB, "bv_tv", "", "voxels", "", m->bv_tv, 0},
      {TB, "tb_th", "mm", SPHERE, m->th[0], 1},
      {TB, "tb_th_sd", "mm", SPHERE, m->th[1], 1},
      {TB, "tb_th_max", "mm", SPHERE, m->th[2], 1},
      {TB, "tb_sp", "mm", SPHERE, m->sp[0], 1},
      {TB, "tb_sp_sd", "mm", SPHERE, m->sp[1], 1},
      {TB, "tb_sp_max", "mm", SPHERE, m->sp[2], 1},
      {TB, "tb_n", "1/mm", "1/(tb_th + tb_sp)", "", 1 / (m->th[0] + m->sp[0]), 1},
      {TB, "bs_tv", "1/mm", "marching cubes", "", m->bs_mm2 / tv, 1},
      {TB, "bs_bv", "1/mm", "marching cubes", "", m->bs_mm2 / bv, 1},
      {TB, "smi", "", "moved surface", "hildebrand1997b", m->smi, 1},
      {TB, "euler", "", "26/6, edges corrected, largest piece", "odgaard1993", m->euler, 1},
      {TB, "conn_d", "1/mm3", "(1 - euler)/tv", "odgaard1993", m->conn_d, 1},
      {TB, "pieces", "", "26-connected", "", (double)m->pieces, 0},
      {TB, "cavities", "", "6-connected", "", (double)m->cavities, 0},
      {TB, "da_ratio", "", MIL, m->da_ratio, 1},
      {TB, "da_share", "", MIL, m->da_share, 1},
      {TB, "mil_longest", "mm", MIL, m->mil_mm[0], 1},
      {TB, "mil_middle", "mm", MIL, m->mil_mm[1], 1},
      {TB, "mil_shortest", "mm", MIL, m->mil_mm[2], 1},
      {TB, "tb_bmd", "mg/cm3", "mean", "", m->tb_bmd, 0}};
  return add_all(r, m, rows, sizeof rows / sizeof *rows);
}

status qct_microstructure_rows(struct record *r, const struct microstructure *m) {
  status st = ST_OK;
  const struct row cortex[] = {{"cortical", "ct_th", "mm", SPHERE, m->ct_th[0], 0},
                               {"cortical", "ct_th_sd", "mm", SPHERE, m->ct_th[1], 0},
                               {"cortical", "ct_po", "", "voxels", "", m->ct_po, 0},
                               {"cortical", "ct_ar", "mm2", "volume over height", "", m->ct_ar, 0},
                               {"cortical", "ct_bmd", "mg/cm3", "mean", "", m->ct_bmd, 0},
                               {"total", "tb_ar", "mm2", "volume over height", "", m->tb_ar, 0},
                               {"total", "tt_ar", "mm2", "volume over height", "", m->tt_ar, 0},
                               {"total", "tt_bmd", "mg/cm3", "mean", "", m->tt_bmd, 0}};
  TRY(trabecular_rows(r, m));
  TRY(add_all(r, m, cortex, sizeof cortex / sizeof *cortex));
done:
  return st;
}

/* ---- picture ---- */

static status bone_only(struct volume **out, const struct microstructure *m) {
  status st = ST_OK;
  TRY(volume_copy(out, m->thickness));
  for (int64_t i = 0; i < geometry_voxels(&m->bone->grid); i++)
    if (!m->bone->voxels[i] || (m->voi && !m->voi->voxels[i])) (*out)->voxels[i] = NAN;
done:
  return st;
}

static void grey_range(double *low, double *high, const struct volume *v) {
  *low = INFINITY;
  *high = -INFINITY;
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) {
    *low = fmin(*low, (double)v->voxels[i]);
    *high = fmax(*high, (double)v->voxels[i]);
  }
}

status qct_microstructure_picture(struct picture **out, const struct microstructure *m,
                                  const struct volume *image) {
  enum { GAP = 12, ROOM = 150, BAND = 24 };
  status st = ST_OK;
  struct picture *left = NULL, *right = NULL;
  struct volume *map = NULL;
  const struct geometry *g = &image->grid;
  double low, high, top = m->th[0] + 3 * m->th[1];
  struct vec3 middle = geometry_to_world(
      g, vec3_make((double)(g->nx - 1) / 2, (double)(g->ny - 1) / 2, (double)(g->nz - 1) / 2));
  double widest = fmax((double)g->nx * g->spacing[0], (double)g->ny * g->spacing[1]);
  struct picture_plane plane = picture_plane_through(g, PLANE_AXIAL, middle, widest / 480);
  grey_range(&low, &high, image);
  TRY(bone_only(&map, m));
  TRY(picture_slice(&left, image, &plane, low, high));
  TRY(picture_slice(&right, image, &plane, low, low + 3 * (high - low)));
  picture_field(right, map, &plane, 0, top, 1);
  TRY(picture_create(out, left->width + right->width + 3 * GAP + ROOM, left->height + 2 * BAND,
                     0xFFFFFF));
  picture_text(*out, GAP, 8, "image, middle slice", 0x202428, 1);
  picture_text(*out, left->width + 2 * GAP, 8, "local thickness of bone", 0x202428, 1);
  picture_place(*out, left, GAP, BAND);
  picture_place(*out, right, left->width + 2 * GAP, BAND);
  picture_colour_scale(*out, left->width + right->width + 3 * GAP, BAND, 240, 0, top, false,
                       "thickness", "mm");
  double bar = widest >= 4 ? 1 : 0.1;
  char label[24];
  snprintf(label, sizeof label, "%g mm", bar);
  int px = (int)lrint(bar / plane.pixel_mm);
  picture_rect(*out, GAP, left->height + BAND + 8, px, 3, 0x202428, true);
  picture_text(*out, GAP + px + 6, left->height + BAND + 6, label, 0x202428, 1);
done:
  picture_destroy(left);
  picture_destroy(right);
  volume_destroy(map);
  return st;
}
