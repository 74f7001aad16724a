#include "anatomy/compare.h"

#include "anatomy/femur_parts.h"
#include "anatomy/import.h"
#include "core/filter.h"
#include "core/json.h"
#include "core/log.h"
#include "core/statistics.h"
#include "core/surface.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOTH = 1, ONLY_A, ONLY_B, PANELS = 3, GAP = 6 };
static const double MARGIN = 12; /* mm around both, for the distance maps */

/* ---- numbers ---- */

static status cut_both(struct labels **pa, struct labels **pb, const struct labels *a, int va,
                       const struct labels *b, int vb) {
  status st = ST_OK;
  int64_t lo[3], hi[3], lb[3], hb[3];
  TRY(geometry_match(&a->grid, "labels", &b->grid, "the labels to compare with", 0.1));
  CHECK(labels_box(a, va, lo, hi), ST_DOMAIN, "comparing labels: value %d has no voxel", va);
  CHECK(labels_box(b, vb, lb, hb), ST_DOMAIN,
        "comparing labels: value %d of the other map has no voxel", vb);
  for (int i = 0; i < 3; i++) {
    int64_t pad = (int64_t)ceil(MARGIN / a->grid.spacing[i]);
    lo[i] = (lo[i] < lb[i] ? lo[i] : lb[i]) - pad;
    hi[i] = (hi[i] > hb[i] ? hi[i] : hb[i]) + pad;
  }
  TRY(filter_crop_labels(pa, a, lo, hi));
  TRY(filter_crop_labels(pb, b, lo, hi));
done:
  return st;
}

static void overlap(struct compare_result *c, const struct labels *a, int va,
                    const struct labels *b, int vb) {
  int64_t na = 0, nb = 0, both = 0;
  double voxel = geometry_voxel_mm3(&a->grid);
  for (int64_t i = 0, n = geometry_voxels(&a->grid); i < n; i++) {
    bool p = a->voxels[i] == va, q = b->voxels[i] == vb;
    na += p;
    nb += q;
    both += p && q;
  }
  c->dice = 2.0 * (double)both / (double)(na + nb);
  c->volume_mm3 = (double)na * voxel;
  c->other_mm3 = (double)nb * voxel;
  c->only_mm3 = (double)(na - both) * voxel;
  c->other_only_mm3 = (double)(nb - both) * voxel;
}

/* Signed distances of `from`'s surface to `to`'s, appended at d; *most and *where keep the
 * farthest. */
static int64_t surface_distances(double *d, const struct surface *from, const struct volume *to,
                                 double *most, struct vec3 *where) {
  int64_t n = 0;
  for (int64_t i = 0; i < from->vertex_count; i++) {
    struct vec3 at = geometry_to_index(&to->grid, from->vertices[i]);
    double x = volume_sample_index(to, at.x, at.y, at.z);
    if (isnan(x)) continue; /* the outer half voxel, at the edge of the scan */
    if (fabs(x) > *most) {
      *most = fabs(x);
      *where = from->vertices[i];
    }
    d[n++] = x;
  }
  return n;
}

static status distances(struct compare_result *c, const struct labels *a, int va,
                        const struct labels *b, int vb) {
  status st = ST_OK;
  struct surface *sa = NULL, *sb = NULL;
  struct volume *da = NULL, *db = NULL;
  double *d = NULL;
  TRY(surface_from_labels(&sa, a, va));
  TRY(surface_from_labels(&sb, b, vb));
  TRY(filter_distance(&da, a, va));
  TRY(filter_distance(&db, b, vb));
  d = malloc((size_t)(sa->vertex_count + sb->vertex_count + 1) * sizeof *d);
  CHECK(d, ST_MEMORY, "comparing labels: out of memory");
  c->most_mm = 0;
  int64_t n = surface_distances(d, sa, db, &c->most_mm, &c->where), all;
  c->outward_mm = stat_mean(d, n);
  all = n + surface_distances(d + n, sb, da, &c->most_mm, &c->where);
  for (int64_t i = 0; i < all; i++) d[i] = fabs(d[i]);
  c->mean_mm = stat_mean(d, all);
  c->p95_mm = stat_percentile(d, all, 95);
done:
  surface_destroy(sa);
  surface_destroy(sb);
  volume_destroy(da);
  volume_destroy(db);
  free(d);
  return st;
}

status compare_labels(struct compare_result *out, const struct labels *a, int va,
                      const struct labels *b, int vb) {
  status st = ST_OK;
  struct labels *pa = NULL, *pb = NULL;
  struct compare_result c;
  memset(&c, 0, sizeof c);
  TRY(cut_both(&pa, &pb, a, va, b, vb));
  overlap(&c, pa, va, pb, vb);
  TRY(distances(&c, pa, va, pb, vb));
  *out = c;
done:
  labels_destroy(pa);
  labels_destroy(pb);
  return st;
}

cJSON *compare_to_json(const struct compare_result *c) {
  cJSON *json = cJSON_CreateObject();
  json_add_number(json, "dice", c->dice);
  json_add_number(json, "volume_ml", c->volume_mm3 / 1000);
  json_add_number(json, "other_volume_ml", c->other_mm3 / 1000);
  json_add_number(json, "only_here_ml", c->only_mm3 / 1000);
  json_add_number(json, "only_there_ml", c->other_only_mm3 / 1000);
  json_add_number(json, "surface_mean_mm", c->mean_mm);
  json_add_number(json, "surface_p95_mm", c->p95_mm);
  json_add_number(json, "surface_most_mm", c->most_mm);
  json_add_number(json, "surface_outward_mm", c->outward_mm);
  json_add_numbers(json, "farthest_at", &c->where.x, 3);
  return json;
}

/* ---- picture ---- */

static status difference_map(struct labels **out, const struct labels *a, int va,
                             const struct labels *b, int vb) {
  status st = ST_OK;
  struct labels *l = NULL;
  TRY(labels_create(&l, &a->grid));
  for (int64_t i = 0, n = geometry_voxels(&a->grid); i < n; i++) {
    bool p = a->voxels[i] == va, q = b->voxels[i] == vb;
    l->voxels[i] = (uint16_t)(p && q ? BOTH : p ? ONLY_A : q ? ONLY_B : 0);
  }
  *out = l;
done:
  return st;
}

static status difference_panel(struct picture **out, const struct volume *image,
                               const struct labels *map, const struct picture_plane *plane,
                               const char *title) {
  status st = ST_OK;
  bool density = image->quantity == QUANTITY_DENSITY;
  TRY(picture_slice(out, image, plane, density ? -150 : -200, density ? 900 : 1200));
  picture_shade(*out, map, ONLY_A, plane, COLOUR_ORANGE, 0.6);
  picture_shade(*out, map, ONLY_B, plane, COLOUR_SKY, 0.6);
  picture_outline(*out, map, BOTH, plane, 0xFFFFFF);
  picture_text(*out, 6, 6, title, 0xFFFFFF, 2);
done:
  return st;
}

status compare_picture(struct picture **out, const struct volume *image, const struct labels *a,
                       int va, const struct labels *b, int vb, const struct femur *femur,
                       const struct compare_result *c) {
  static const char *const titles[2 * PANELS] = {"frontal, neck and shaft", "along the neck",
                                                 "across the neck",         "farthest: axial",
                                                 "farthest: coronal",       "farthest: sagittal"};
  status st = ST_OK;
  struct labels *map = NULL;
  struct picture *all = NULL, *panel = NULL;
  struct picture_plane planes[2 * PANELS];
  TRY(difference_map(&map, a, va, b, vb));
  femur_planes(planes, &femur->frame);
  int side = (int)lround(planes[0].width_mm / planes[0].pixel_mm);
  for (int i = 0; i < PANELS; i++) {
    planes[PANELS + i] =
        picture_plane_through(&image->grid, (enum plane)i, c->where, planes[0].pixel_mm);
    planes[PANELS + i].centre = c->where;
    planes[PANELS + i].width_mm = planes[PANELS + i].height_mm = planes[0].width_mm;
  }
  TRY(picture_create(&all, PANELS * side + (PANELS - 1) * GAP, 2 * side + GAP, 0xFFFFFF));
  for (int i = 0; i < 2 * PANELS; i++) {
    TRY(difference_panel(&panel, image, map, &planes[i], titles[i]));
    picture_place(all, panel, i % PANELS * (side + GAP), i / PANELS * (side + GAP));
    picture_destroy(panel);
    panel = NULL;
  }
  *out = all;
  all = NULL;
done:
  labels_destroy(map);
  picture_destroy(panel);
  picture_destroy(all);
  return st;
}

/* ---- a whole result ---- */

static status compare_side(cJSON *sides, const struct femur_result *r, int side, int value,
                           const struct volume *image, const struct labels *other,
                           const char *folder, bool force) {
  status st = ST_OK;
  const struct femur *f = &r->sides[side];
  struct compare_result c;
  struct picture *picture = NULL;
  char path[4096];
  TRY(compare_labels(&c, r->labels, f->label, other, value));
  cJSON *json = compare_to_json(&c);
  json_add_text(json, "side", side_name(f->side));
  cJSON_AddItemToArray(sides, json);
  log_info("%s femur against the other map: Dice %.3f, surfaces %.2f mm apart, 95 %% within %.1f "
           "mm, at most %.1f mm",
           side_name(f->side), c.dice, c.mean_mm, c.p95_mm, c.most_mm);
  if (!image) goto done;
  TRY(compare_picture(&picture, image, r->labels, f->label, other, value, f, &c));
  snprintf(path, sizeof path, "%s/difference_%s.png", folder, side_name(f->side));
  TRY(picture_write_png(picture, path, force));
done:
  picture_destroy(picture);
  return st;
}

status compare_write(const struct femur_result *r, const struct volume *image,
                     const struct labels *other, const char *folder, const cJSON *provenance,
                     bool force) {
  status st = ST_OK;
  char path[4096];
  int values[2] = {0, 0};
  cJSON *json = cJSON_CreateObject(), *sides = cJSON_AddArrayToObject(json, "femora");
  import_femur_values(other, &values[0], &values[1]);
  for (int i = 0; i < 2; i++) {
    if (r->sides[i].state != FEMUR_FOUND) continue;
    CHECK(values[i], ST_DOMAIN, "comparing femora: the other map has no %s femur by name or number",
          side_name(r->sides[i].side));
    TRY(compare_side(sides, r, i, values[i], image, other, folder, force));
  }
  if (provenance) cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, true));
  snprintf(path, sizeof path, "%s/compare.json", folder);
  TRY(json_write(json, path, force));
done:
  cJSON_Delete(json);
  return st;
}
