/* Connected components, holes, thresholds. */
#include "core/filter.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- union of provisional numbers ---- */

struct forest {
  uint32_t *parent; /* [capacity], parent[i] <= i */
  uint32_t count, capacity;
};

static uint32_t root_of(struct forest *f, uint32_t a) {
  while (f->parent[a] != a) {
    f->parent[a] = f->parent[f->parent[a]];
    a = f->parent[a];
  }
  return a;
}

static uint32_t join(struct forest *f, uint32_t a, uint32_t b) {
  a = root_of(f, a);
  b = root_of(f, b);
  if (a > b) {
    uint32_t swap = a;
    a = b;
    b = swap;
  }
  f->parent[b] = a;
  return a;
}

static status plant(struct forest *f, uint32_t *number) {
  status st = ST_OK;
  if (f->count == f->capacity) {
    uint32_t capacity = f->capacity ? f->capacity * 2 : 4096;
    CHECK(capacity > f->capacity, ST_DOMAIN, "more than %u provisional components", f->capacity);
    uint32_t *grown = realloc(f->parent, capacity * sizeof *grown);
    CHECK(grown, ST_MEMORY, "numbering %u components", capacity);
    f->parent = grown;
    f->capacity = capacity;
  }
  f->parent[f->count] = f->count;
  *number = f->count++;
done:
  return st;
}

/* Neighbours that come before a voxel in memory order: 3 by faces, 13 in all. */
struct neighbour {
  int i, j, k;
};

static int earlier_neighbours(struct neighbour *list, int connectivity) {
  int count = 0;
  for (int k = -1; k <= 0; k++)
    for (int j = -1; j <= 1; j++)
      for (int i = -1; i <= 1; i++) {
        bool earlier = k < 0 || (k == 0 && (j < 0 || (j == 0 && i < 0)));
        if (!earlier || (connectivity == 6 && abs(i) + abs(j) + abs(k) > 1)) continue;
        list[count++] = (struct neighbour){i, j, k};
      }
  return count;
}

/* number[v]: provisional component + 1, 0 for background. */
static status number_voxels(uint32_t *number, struct forest *f, const struct labels *in,
                            int connectivity) {
  status st = ST_OK;
  struct neighbour list[13];
  int count = earlier_neighbours(list, connectivity);
  const struct geometry *g = &in->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        if (!in->voxels[at]) continue;
        uint32_t mine = 0;
        for (int c = 0; c < count; c++) {
          if (!geometry_inside(g, i + list[c].i, j + list[c].j, k + list[c].k)) continue;
          uint32_t its = number[geometry_index(g, i + list[c].i, j + list[c].j, k + list[c].k)];
          if (its && mine && its != mine) mine = join(f, mine - 1, its - 1) + 1;
          if (its && !mine) mine = its;
        }
        if (!mine) {
          TRY(plant(f, &mine));
          mine++;
        }
        number[at] = mine;
      }
done:
  return st;
}

struct part {
  int64_t size;
  uint32_t root;
};

/* Larger first; of equal ones the earlier in memory. */
static int by_size(const void *a, const void *b) {
  const struct part *p = a, *q = b;
  if (p->size != q->size) return p->size < q->size ? 1 : -1;
  return p->root > q->root ? 1 : p->root < q->root ? -1 : 0;
}

/* Sizes of the roots, largest first; *count of them. */
static status rank_parts(struct part **out, uint32_t *count, struct forest *f,
                         const uint32_t *number, int64_t n) {
  status st = ST_OK;
  struct part *parts = calloc((size_t)f->count + 1, sizeof *parts);
  CHECK(parts, ST_MEMORY, "ranking %u components", f->count);
  for (int64_t v = 0; v < n; v++)
    if (number[v]) parts[root_of(f, number[v] - 1)].size++;
  uint32_t kept = 0;
  for (uint32_t r = 0; r < f->count; r++)
    if (parts[r].size) {
      int64_t size = parts[r].size;
      parts[kept++] = (struct part){size, r};
    }
  qsort(parts, kept, sizeof *parts, by_size);
  *count = kept;
  *out = parts;
done:
  return st;
}

status filter_components(struct labels **out, const struct labels *in, int connectivity, int most,
                         int64_t *sizes, int *count) {
  status st = ST_OK;
  struct labels *l = NULL;
  struct forest f = {0};
  struct part *parts = NULL;
  uint32_t *number = NULL, found = 0;
  uint16_t *rank = NULL;
  int64_t n = geometry_voxels(&in->grid);
  CHECK(connectivity == 6 || connectivity == 26, ST_USAGE,
        "components by connectivity %d: 6 (faces) or 26 (all neighbours)", connectivity);
  CHECK(most >= 1 && most <= 65535, ST_USAGE, "keeping %d components: 1..65535", most);
  TRY(labels_create(&l, &in->grid));
  number = calloc((size_t)n, sizeof *number);
  CHECK(number, ST_MEMORY, "numbering %lld voxels", (long long)n);
  TRY(number_voxels(number, &f, in, connectivity));
  TRY(rank_parts(&parts, &found, &f, number, n));
  rank = calloc((size_t)f.count + 1, sizeof *rank);
  CHECK(rank, ST_MEMORY, "ranking %u components", f.count);
  for (uint32_t p = 0; p < found && p < (uint32_t)most; p++)
    rank[parts[p].root] = (uint16_t)(p + 1);
  for (int64_t v = 0; v < n; v++)
    if (number[v]) l->voxels[v] = rank[root_of(&f, number[v] - 1)];
  for (int p = 0; sizes && p < most; p++) sizes[p] = p < (int)found ? parts[p].size : 0;
  if (count) *count = (int)found;
  *out = l;
  l = NULL;
done:
  labels_destroy(l);
  free(f.parent);
  free(parts);
  free(number);
  free(rank);
  return st;
}

/* The box of a value with a margin of one voxel where the grid allows, as 0/1. False: absent. */
static status mask_of(struct labels **out, const struct labels *l, int value, int64_t lo[3]) {
  status st = ST_OK;
  int64_t hi[3];
  *out = NULL;
  if (!labels_box(l, value, lo, hi)) goto done;
  for (int a = 0; a < 3; a++) {
    lo[a] = lo[a] > 0 ? lo[a] - 1 : 0;
    hi[a]++;
  }
  TRY(filter_crop_labels(out, l, lo, hi));
  int64_t n = geometry_voxels(&(*out)->grid);
  for (int64_t i = 0; i < n; i++) (*out)->voxels[i] = (*out)->voxels[i] == value;
done:
  return st;
}

status filter_keep_largest(struct labels *l, int value, int connectivity, int64_t *dropped) {
  status st = ST_OK;
  struct labels *mask = NULL, *largest = NULL;
  int64_t lo[3], lost = 0;
  CHECK(value >= 1 && value <= 65535, ST_DOMAIN, "largest part of label %d: values are 1..65535",
        value);
  TRY(mask_of(&mask, l, value, lo));
  if (mask) {
    const struct geometry *g = &mask->grid;
    TRY(filter_components(&largest, mask, connectivity, 1, NULL, NULL));
    for (int64_t k = 0; k < g->nz; k++)
      for (int64_t j = 0; j < g->ny; j++)
        for (int64_t i = 0; i < g->nx; i++) {
          int64_t at = geometry_index(g, i, j, k);
          if (!mask->voxels[at] || largest->voxels[at]) continue;
          l->voxels[geometry_index(&l->grid, lo[0] + i, lo[1] + j, lo[2] + k)] = 0;
          lost++;
        }
  }
  if (dropped) *dropped = lost;
done:
  labels_destroy(mask);
  labels_destroy(largest);
  return st;
}

/* ---- holes ---- */

struct stack {
  int64_t *items;
  size_t count, capacity;
};

static status push(struct stack *s, int64_t item) {
  status st = ST_OK;
  if (s->count == s->capacity) {
    size_t capacity = s->capacity ? 2 * s->capacity : 4096;
    int64_t *grown = realloc(s->items, capacity * sizeof *grown);
    CHECK(grown, ST_MEMORY, "filling holes");
    s->items = grown;
    s->capacity = capacity;
  }
  s->items[s->count++] = item;
done:
  return st;
}

enum { HOLE = 0, INSIDE = 1, OUTSIDE = 2 };

/* Mask [size 2][size 1][size 0] in any memory order; what spreads runs along axis 0. */
struct flood {
  uint16_t *mask;
  int64_t size[3], step[3];
  struct stack stack; /* (c * size[1] + b) * size[0] + a */
};

/* One entry for every run of holes between a0 and a1 of a row. */
static status push_runs(struct flood *f, int64_t a0, int64_t a1, int64_t b, int64_t c) {
  status st = ST_OK;
  if (b < 0 || c < 0 || b >= f->size[1] || c >= f->size[2]) goto done;
  const uint16_t *row = f->mask + b * f->step[1] + c * f->step[2];
  for (int64_t a = a0; a <= a1; a++)
    if (row[a * f->step[0]] == HOLE && (a == a0 || row[(a - 1) * f->step[0]] != HOLE))
      TRY(push(&f->stack, (c * f->size[1] + b) * f->size[0] + a));
done:
  return st;
}

/* Whole runs at a time. */
static status spread(struct flood *f, bool across) {
  status st = ST_OK;
  while (f->stack.count) {
    int64_t at = f->stack.items[--f->stack.count], a = at % f->size[0], low = a, high = a;
    int64_t b = at / f->size[0] % f->size[1], c = at / (f->size[0] * f->size[1]);
    uint16_t *row = f->mask + b * f->step[1] + c * f->step[2];
    if (row[a * f->step[0]] != HOLE) continue;
    while (low > 0 && row[(low - 1) * f->step[0]] == HOLE) low--;
    while (high < f->size[0] - 1 && row[(high + 1) * f->step[0]] == HOLE) high++;
    for (a = low; a <= high; a++) row[a * f->step[0]] = OUTSIDE;
    TRY(push_runs(f, low, high, b - 1, c));
    TRY(push_runs(f, low, high, b + 1, c));
    if (!across) continue;
    TRY(push_runs(f, low, high, b, c - 1));
    TRY(push_runs(f, low, high, b, c + 1));
  }
done:
  return st;
}

/* Mark what can be reached from the border without crossing the mask; `closed` is the axis along
 * which nothing spreads, -1 for none. */
static status flood_outside(struct labels *mask, int closed) {
  status st = ST_OK;
  const struct geometry *g = &mask->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz}, stride[3] = {1, g->nx, g->nx * g->ny};
  const int axis[3] = {closed == 0 ? 1 : 0, closed == 0 || closed == 1 ? 2 : 1,
                       closed < 0 ? 2 : closed};
  struct flood f = {.mask = mask->voxels};
  for (int d = 0; d < 3; d++) {
    f.size[d] = n[axis[d]];
    f.step[d] = stride[axis[d]];
  }
  for (int64_t c = 0; c < f.size[2]; c++)
    for (int64_t b = 0; b < f.size[1]; b++) {
      bool border = b == 0 || b == f.size[1] - 1;
      border |= closed < 0 && (c == 0 || c == f.size[2] - 1);
      TRY(push_runs(&f, 0, border ? f.size[0] - 1 : 0, b, c));
      TRY(push_runs(&f, f.size[0] - 1, f.size[0] - 1, b, c));
      TRY(spread(&f, closed < 0));
    }
done:
  free(f.stack.items);
  return st;
}

status filter_fill_holes(struct labels *l, int value, int axis) {
  status st = ST_OK;
  struct labels *mask = NULL;
  int64_t lo[3];
  CHECK(axis >= -1 && axis <= 2, ST_USAGE, "filling holes along axis %d: -1 (3-D), 0, 1 or 2",
        axis);
  CHECK(value >= 1 && value <= 65535, ST_DOMAIN, "filling holes of label %d: values are 1..65535",
        value);
  TRY(mask_of(&mask, l, value, lo));
  if (!mask) goto done;
  TRY(flood_outside(mask, axis));
  const struct geometry *g = &mask->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++) {
      uint16_t *row = l->voxels + geometry_index(&l->grid, lo[0], lo[1] + j, lo[2] + k);
      const uint16_t *found = mask->voxels + geometry_index(g, 0, j, k);
      for (int64_t i = 0; i < g->nx; i++)
        if (found[i] == HOLE && row[i] == 0) row[i] = (uint16_t)value;
    }
done:
  labels_destroy(mask);
  return st;
}
