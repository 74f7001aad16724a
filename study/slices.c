/* The small volume that the report lets its reader move through: HU around the outlined femora on
 * an even grid, with the outlines, as one mosaic picture. */
#include "core/file.h"
#include "core/json.h"
#include "core/resample.h"
#include "study/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double margin_mm = 30, finest_mm = 1.5, most_voxels = 9e5;
static const double low_hu = -200, high_hu = 900; /* as the still pictures */
enum { LABEL_GREEN = 40 };                        /* as report/report.h has it */

struct box {
  double low[3], high[3]; /* LPS mm */
};

static void widen(struct box *b, struct vec3 p) {
  const double at[3] = {p.x, p.y, p.z};
  for (int a = 0; a < 3; a++) {
    b->low[a] = fmin(b->low[a], at[a]);
    b->high[a] = fmax(b->high[a], at[a]);
  }
}

/* Around both femora, within the scan. */
static bool femora_box(struct box *out, const struct volume *hu, const struct labels *labels) {
  struct box b = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}}, scan = b;
  const int values[] = {LABEL_FEMUR_RIGHT, LABEL_FEMUR_LEFT};
  const int64_t first[3] = {0, 0, 0};
  const int64_t last[3] = {hu->grid.nx - 1, hu->grid.ny - 1, hu->grid.nz - 1};
  bool any = false;
  for (int corner = 0; corner < 8; corner++) {
    int64_t lo[3], hi[3];
    for (int v = 0; v < 2; v++) {
      if (!labels_box(labels, values[v], lo, hi)) continue;
      any = true;
      struct vec3 i = {(double)(corner & 1 ? hi : lo)[0], (double)(corner & 2 ? hi : lo)[1],
                       (double)(corner & 4 ? hi : lo)[2]};
      widen(&b, geometry_to_world(&hu->grid, i));
    }
    struct vec3 i = {(double)(corner & 1 ? last : first)[0], (double)(corner & 2 ? last : first)[1],
                     (double)(corner & 4 ? last : first)[2]};
    widen(&scan, geometry_to_world(&hu->grid, i));
  }
  for (int a = 0; a < 3; a++) {
    out->low[a] = fmax(b.low[a] - margin_mm, scan.low[a]);
    out->high[a] = fmin(b.high[a] + margin_mm, scan.high[a]);
  }
  return any;
}

/* An even grid over the box along the body's axes, no finer than the page needs. */
static struct geometry even_grid(const struct box *b) {
  double volume = 1;
  for (int a = 0; a < 3; a++) volume *= b->high[a] - b->low[a];
  double step = fmax(finest_mm, cbrt(volume / most_voxels));
  int64_t n[3];
  for (int a = 0; a < 3; a++) n[a] = (int64_t)floor((b->high[a] - b->low[a]) / step) + 1;
  struct geometry g = geometry_make(n[0], n[1], n[2], step, step, step);
  memcpy(g.origin, b->low, sizeof g.origin);
  return g;
}

static int label_at(const struct labels *l, struct vec3 world) {
  struct vec3 i = geometry_to_index(&l->grid, world);
  int64_t x = llround(i.x), y = llround(i.y), z = llround(i.z);
  if (x < 0 || y < 0 || z < 0 || x >= l->grid.nx || y >= l->grid.ny || z >= l->grid.nz) return 0;
  int value = l->voxels[geometry_index(&l->grid, x, y, z)];
  return value == LABEL_FEMUR_RIGHT ? 1 : value == LABEL_FEMUR_LEFT ? 2 : 0;
}

static status draw_mosaic(struct picture **out, const struct volume *even,
                          const struct labels *labels, int columns) {
  status st = ST_OK;
  const struct geometry *g = &even->grid;
  int rows = (int)((g->nz + columns - 1) / columns);
  TRY(picture_create(out, (int)g->nx * columns, (int)g->ny * rows, 0));
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        double hu = (double)even->voxels[geometry_index(g, i, j, k)];
        double share = isnan(hu) ? 0 : fmin(1, fmax(0, (hu - low_hu) / (high_hu - low_hu)));
        struct vec3 index = {(double)i, (double)j, (double)k};
        uint32_t grey = (uint32_t)lrint(255 * share);
        uint32_t label = (uint32_t)label_at(labels, geometry_to_world(g, index));
        picture_pixel(*out, (int)(k % columns * g->nx + i), (int)(k / columns * g->ny + j),
                      grey << 16 | label * LABEL_GREEN << 8);
      }
done:
  return st;
}

/* The planes begin at the first femoral head, where an outline fails first. */
static void add_start(cJSON *json, const struct geometry *g, const struct femur_result *r) {
  static const char *const keys[] = {"x", "y", "z"};
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  double at[3];
  for (int a = 0; a < 3; a++) at[a] = (double)(n[a] / 2);
  for (int s = CASE_SIDES - 1; s >= 0; s--) {
    const struct femur *f = &r->sides[s];
    if (f->state != FEMUR_FOUND || isnan(f->frame.head.x)) continue;
    struct vec3 i = geometry_to_index(g, f->frame.head);
    at[0] = i.x, at[1] = i.y, at[2] = i.z;
  }
  for (int a = 0; a < 3; a++)
    json_add_number(json, keys[a], fmin(fmax(nearbyint(at[a]), 0), (double)(n[a] - 1)));
}

status case_write_slices(const struct study_case *c, const struct volume *hu,
                         const struct femur_result *r) {
  status st = ST_OK;
  const struct labels *labels = r->labels;
  char path[CASE_PATH];
  struct box box;
  struct volume *even = NULL;
  struct picture *mosaic = NULL;
  cJSON *json = NULL;
  if (!femora_box(&box, hu, labels)) return ST_OK;
  struct geometry grid = even_grid(&box);
  int columns = (int)ceil(sqrt((double)grid.nz));
  TRY(volume_resample(&even, hu, &grid, RESAMPLE_LINEAR, NAN));
  TRY(draw_mosaic(&mosaic, even, labels, columns));
  TRY(case_write_picture(c, "pictures/slices.png", STEP_NO_SIDE, mosaic));
  json = cJSON_CreateObject();
  json_add_number(json, "nx", (double)grid.nx);
  json_add_number(json, "ny", (double)grid.ny);
  json_add_number(json, "nz", (double)grid.nz);
  json_add_number(json, "columns", columns);
  json_add_number(json, "spacing_mm", grid.spacing[0]);
  add_start(json, &grid, r);
  TRY(case_path(path, c, "parts/slices.json"));
  TRY(json_write(json, path, true));
done:
  volume_destroy(even);
  cJSON_Delete(json);
  return st;
}

status page_slices(struct case_page *page, const struct report_reading *reading) {
  status st = ST_OK;
  char path[CASE_PATH], *png = NULL;
  size_t length = 0;
  cJSON *json = NULL;
  static const char *const keys[] = {"nx", "ny", "nz", "columns", "x", "y", "z"};
  int n[7];
  TRY(case_path(path, page->c, "parts/slices.json"));
  if (!file_exists(path)) return ST_OK;
  TRY(json_read(&json, path));
  for (int i = 0; i < 7; i++)
    TRY(json_get_whole(&n[i], i < 4 ? 1 : 0, i < 4 ? 65535 : n[i - 4] - 1, json, keys[i],
                       "parts/slices.json"));
  TRY(case_path(path, page->c, "pictures/slices.png"));
  TRY(file_read(&png, &length, path, 0));
  const struct report_slices s = {.png = png,
                                  .length = length,
                                  .nx = n[0],
                                  .ny = n[1],
                                  .nz = n[2],
                                  .columns = n[3],
                                  .start = {n[4], n[5], n[6]},
                                  .low_hu = low_hu,
                                  .high_hu = high_hu};
  report_slices(
      page->report, &s,
      "The scan around the hips with the outlines, the right of the body at the left: click into a "
      "slice, move a slider, or turn the wheel and press the arrow keys over a slice that "
      "was clicked.",
      reading);
done:
  free(png);
  cJSON_Delete(json);
  return st;
}
