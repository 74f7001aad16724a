#include "core/image_store.h"

#include "core/image_side.h"
#include "core/json.h"

#include <stdlib.h>
#include <string.h>

enum { ATTRIBUTE_SIZE = 65536 };
static const char attribute[] = "image";

static status write_attribute(struct store *s, const char *name, cJSON *json,
                              const struct geometry *g) {
  status st = ST_OK;
  char *text = NULL;
  CHECK(json, ST_MEMORY, "storing %s", name);
  json_add_numbers(json, "spacing_mm", g->spacing, 3);
  json_add_numbers(json, "origin_mm", g->origin, 3);
  json_add_numbers(json, "direction", g->direction, 9);
  TRY(json_print(&text, json));
  TRY(store_set_text(s, name, attribute, text));
done:
  free(text);
  cJSON_Delete(json);
  return st;
}

status image_store_write_volume(struct store *s, const char *name, const struct volume *v) {
  status st = ST_OK;
  const int64_t dims[3] = {v->grid.nz, v->grid.ny, v->grid.nx};
  TRY(store_write(s, name, STORE_F32, 3, dims, v->voxels));
  TRY(write_attribute(s, name, image_side_of_volume(v, NULL), &v->grid));
done:
  return st;
}

status image_store_write_labels(struct store *s, const char *name, const struct labels *l) {
  status st = ST_OK;
  const int64_t dims[3] = {l->grid.nz, l->grid.ny, l->grid.nx};
  TRY(store_write(s, name, STORE_U16, 3, dims, l->voxels));
  TRY(write_attribute(s, name, image_side_of_labels(l, NULL), &l->grid));
done:
  return st;
}

/* What stands beside the voxels: the grid, and the attribute for the rest. */
static status read_attribute(cJSON **out, struct geometry *g, const struct store *s,
                             const char *name) {
  status st = ST_OK;
  enum store_type type;
  int rank;
  int64_t dims[8];
  cJSON *json = NULL;
  char *text = malloc(ATTRIBUTE_SIZE);
  CHECK(text, ST_MEMORY, "reading %s", name);
  TRY(store_shape(s, name, &type, &rank, dims));
  CHECK(rank == 2 || rank == 3, ST_FORMAT, "%s has %d axes; an image has 2 or 3", name, rank);
  TRY(store_get_text(s, name, attribute, text, ATTRIBUTE_SIZE));
  TRY(json_parse(&json, text, strlen(text), name));
  *g = geometry_make(dims[rank - 1], dims[rank - 2], rank == 3 ? dims[0] : 1, 1, 1, 1);
  TRY(json_get_numbers(g->spacing, 3, json, "spacing_mm", name));
  if (json_find(json, "origin_mm")) TRY(json_get_numbers(g->origin, 3, json, "origin_mm", name));
  if (json_find(json, "direction")) TRY(json_get_numbers(g->direction, 9, json, "direction", name));
  TRY(geometry_check(g, sizeof(float)));
  *out = json;
  json = NULL;
done:
  free(text);
  cJSON_Delete(json);
  return st;
}

status image_store_read_volume(struct volume **out, const struct store *s, const char *name) {
  status st = ST_OK;
  struct geometry g;
  cJSON *json = NULL;
  struct volume *v = NULL;
  TRY(read_attribute(&json, &g, s, name));
  TRY(volume_create(&v, &g, QUANTITY_UNKNOWN));
  TRY(image_side_to_volume(v, json, name));
  TRY(store_read(s, name, STORE_F32, v->voxels, geometry_voxels(&g)));
  *out = v;
  v = NULL;
done:
  cJSON_Delete(json);
  volume_destroy(v);
  return st;
}

status image_store_read_labels(struct labels **out, const struct store *s, const char *name) {
  status st = ST_OK;
  struct geometry g;
  cJSON *json = NULL;
  struct labels *l = NULL;
  TRY(read_attribute(&json, &g, s, name));
  TRY(labels_create(&l, &g));
  TRY(image_side_to_labels(l, json, name));
  TRY(store_read(s, name, STORE_U16, l->voxels, geometry_voxels(&g)));
  *out = l;
  l = NULL;
done:
  cJSON_Delete(json);
  labels_destroy(l);
  return st;
}
