#include "core/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status labels_create(struct labels **out, const struct geometry *grid) {
  status st = ST_OK;
  struct labels *l = NULL;
  TRY(geometry_check(grid, sizeof *l->voxels));
  l = calloc(1, sizeof *l);
  CHECK(l, ST_MEMORY, "allocating a label header");
  l->grid = *grid;
  int64_t n = geometry_voxels(grid);
  l->voxels = calloc((size_t)n, sizeof *l->voxels);
  CHECK(l->voxels, ST_MEMORY, "allocating labels of %lld x %lld x %lld voxels (%.1f MB)",
        (long long)grid->nx, (long long)grid->ny, (long long)grid->nz, (double)n * 2e-6);
  *out = l;
  l = NULL;
done:
  labels_destroy(l);
  return st;
}

status labels_copy(struct labels **out, const struct labels *from) {
  status st = ST_OK;
  struct labels *l = NULL;
  TRY(labels_create(&l, &from->grid));
  memcpy(l->voxels, from->voxels, (size_t)geometry_voxels(&l->grid) * sizeof *l->voxels);
  for (size_t i = 0; i < from->name_count; i++)
    TRY(labels_set_name(l, from->names[i].value, from->names[i].name));
  *out = l;
  l = NULL;
done:
  labels_destroy(l);
  return st;
}

void labels_destroy(struct labels *l) {
  if (!l) return;
  free(l->voxels);
  free(l->names);
  free(l);
}

status labels_set_name(struct labels *l, int value, const char *name) {
  status st = ST_OK;
  CHECK(value >= 1 && value <= 65535, ST_DOMAIN, "naming label %d: values are 1..65535", value);
  struct label_name *slot = NULL;
  for (size_t i = 0; i < l->name_count; i++)
    if (l->names[i].value == value) slot = &l->names[i];
  if (!slot) {
    struct label_name *grown = realloc(l->names, (l->name_count + 1) * sizeof *grown);
    CHECK(grown, ST_MEMORY, "naming label %d", value);
    l->names = grown;
    slot = &l->names[l->name_count++];
  }
  slot->value = value;
  snprintf(slot->name, sizeof slot->name, "%s", name);
done:
  return st;
}

const char *labels_name(const struct labels *l, int value) {
  for (size_t i = 0; i < l->name_count; i++)
    if (l->names[i].value == value) return l->names[i].name;
  return "";
}

int labels_value(const struct labels *l, const char *name) {
  for (size_t i = 0; i < l->name_count; i++)
    if (!strcmp(l->names[i].name, name)) return l->names[i].value;
  return 0;
}

int64_t labels_count(const struct labels *l, int value) {
  int64_t count = 0, n = geometry_voxels(&l->grid);
  for (int64_t i = 0; i < n; i++) count += l->voxels[i] == value;
  return count;
}

bool labels_box(const struct labels *l, int value, int64_t lo[3], int64_t hi[3]) {
  const struct geometry *g = &l->grid;
  bool found = false;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++) {
      const uint16_t *row = l->voxels + geometry_index(g, 0, j, k);
      int any = 0;
      for (int64_t i = 0; i < g->nx; i++) any |= row[i] == value; /* many at once */
      if (!any) continue;
      int64_t first = 0, last = g->nx - 1;
      while (row[first] != value) first++;
      while (row[last] != value) last--;
      const int64_t low[3] = {first, j, k}, high[3] = {last, j, k};
      for (int a = 0; a < 3; a++) {
        if (!found || low[a] < lo[a]) lo[a] = low[a];
        if (!found || high[a] > hi[a]) hi[a] = high[a];
      }
      found = true;
    }
  return found;
}

const char *labels_absent(char out[256], const struct labels *l, int value) {
  enum { SIZE = 256, NAMED = 6 };
  int64_t n = geometry_voxels(&l->grid);
  int named = 0;
  bool *held = calloc(65536, sizeof *held);
  for (int64_t i = 0; held && i < n; i++) held[l->voxels[i]] = true;
  int used = snprintf(out, SIZE, "label %d is not in the label map", value);
  for (int v = 1; held && v < 65536; v++) {
    if (!held[v]) continue;
    const char *name = labels_name(l, v), *before = named ? ", " : ", which holds ";
    if (++named > NAMED) {
      snprintf(out + used, (size_t)(SIZE - used), " and others");
      break;
    }
    used += snprintf(out + used, (size_t)(SIZE - used), *name ? "%s%d (%.20s)" : "%s%d", before, v,
                     name);
  }
  if (held && !named) snprintf(out + used, (size_t)(SIZE - used), ", which is empty");
  free(held);
  return out;
}
