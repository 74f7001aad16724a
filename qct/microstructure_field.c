#include "qct/microstructure_field.h"

#include "core/parallel.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16 }; /* layers that are swept together */

int micro_push(struct micro_list *l, const void *item) {
  if (l->count == l->capacity) {
    int64_t more = l->capacity ? 2 * l->capacity : 4096;
    char *items = realloc(l->items, (size_t)more * l->size);
    if (!items) return 0;
    l->items = items;
    l->capacity = more;
  }
  memcpy(l->items + (size_t)l->count++ * l->size, item, l->size);
  return 1;
}

/* ---- the surface ---- */

/* Where the field passes zero between a voxel and the next along an axis, by a straight line. */
static int cross(struct micro_field *f, const float *side, int64_t at, int64_t next,
                 struct micro_point here, int axis) {
  const struct geometry *g = &f->bone->grid;
  if ((side[at] >= 0) == (side[next] >= 0)) return 1;
  double a = (double)side[at], b = (double)side[next];
  float along = (float)(g->spacing[axis] * a / (a - b));
  if (axis == 0) here.x += along;
  if (axis == 1) here.y += along;
  if (axis == 2) here.z += along;
  int32_t index = (int32_t)f->points.count;
  if (!micro_push(&f->points, &here)) return 0;
  f->nearest[at] = index; /* any: the sweeps choose */
  f->nearest[next] = index;
  return 1;
}

static int cross_all(struct micro_field *f, const float *side) {
  const struct geometry *g = &f->bone->grid;
  const int64_t step[3] = {1, g->nx, g->nx * g->ny};
  for (int64_t k = 0, at = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++, at++) {
        const int inner[3] = {i + 1 < g->nx, j + 1 < g->ny, k + 1 < g->nz};
        const struct micro_point here = {(float)((double)i * g->spacing[0]),
                                         (float)((double)j * g->spacing[1]),
                                         (float)((double)k * g->spacing[2])};
        for (int a = 0; a < 3; a++)
          if (inner[a] && !cross(f, side, at, at + step[a], here, a)) return 0;
      }
  return 1;
}

/* Grey values over the threshold; no data is marrow. Where rounding disagrees with the map, it has
 * the word. */
static status take_sides(float **out, const struct micro_field *f) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&f->bone->grid);
  float *side = malloc((size_t)n * sizeof *side);
  CHECK(side, ST_MEMORY, "local thickness: out of memory");
  for (int64_t i = 0; i < n; i++) {
    float v = f->image ? f->image->voxels[i] : NAN;
    int in = f->bone->voxels[i] == 1;
    side[i] = isnan(v) ? -0.5F : (float)((double)v - f->threshold);
    if ((side[i] >= 0) != in) side[i] = in ? 0.5F : -0.5F;
  }
  *out = side;
done:
  return st;
}

static status find_surface(struct micro_field *f) {
  status st = ST_OK;
  const struct geometry *g = &f->bone->grid;
  float *side = NULL;
  int64_t all = labels_count(f->bone, 1);
  CHECK(all > 0 && all < geometry_voxels(g), ST_DOMAIN,
        "local thickness: the image is all bone or all marrow, there is no surface");
  TRY(take_sides(&side, f));
  for (int64_t i = 0; i < geometry_voxels(g); i++) f->nearest[i] = -1;
  CHECK(cross_all(f, side), ST_MEMORY, "local thickness: out of memory for the surface");
  CHECK(f->points.count < INT32_MAX, ST_DOMAIN, "local thickness: %lld places of the surface",
        (long long)f->points.count);
  f->normals = malloc(3 * (size_t)f->points.count * sizeof *f->normals);
  CHECK(f->normals, ST_MEMORY, "local thickness: out of memory for the surface");
  TRY(micro_place((float *)(void *)f->points.items, f->normals, f->points.count, f->bone,
                  !f->image));
done:
  free(side);
  return st;
}

/* ---- nearest place of the surface ---- */

struct sweep {
  struct micro_field *f;
  int64_t offset[13];
  int d[13][3];
};

/* The 13 neighbours that come before a voxel in the order of the sweep. */
static void make_sweep(struct sweep *s, struct micro_field *f, int turn) {
  const struct geometry *g = &f->bone->grid;
  s->f = f;
  for (int index = 0; index < 13; index++) {
    s->d[index][0] = turn * (index % 3 - 1);
    s->d[index][1] = turn * (index / 3 % 3 - 1);
    s->d[index][2] = turn * (index / 9 - 1);
    s->offset[index] = (s->d[index][2] * g->ny + s->d[index][1]) * g->nx + s->d[index][0];
  }
}

/* `inner`: all neighbours lie in the image. */
static inline int take_nearest(const struct sweep *s, int64_t at, int64_t i, int64_t j, int64_t k,
                               int inner) {
  const struct geometry *g = &s->f->bone->grid;
  int32_t *nearest = s->f->nearest, best = nearest[at], own = best, last = best;
  double x = (double)i * g->spacing[0], y = (double)j * g->spacing[1],
         z = (double)k * g->spacing[2];
  double least = best < 0 ? (double)INFINITY : micro_apart(micro_point_at(s->f, best), x, y, z);
  for (int n = 0; n < 13; n++) {
    int64_t u = i + s->d[n][0], v = j + s->d[n][1], w = k + s->d[n][2];
    if (!inner && (u < 0 || v < 0 || w < 0 || u >= g->nx || v >= g->ny || w >= g->nz)) continue;
    int32_t other = nearest[at + s->offset[n]];
    if (other < 0 || other == last || other == best) continue;
    last = other;
    double d = micro_apart(micro_point_at(s->f, other), x, y, z);
    if (d < least) {
      least = d;
      best = other;
    }
  }
  nearest[at] = best;
  return best != own;
}

struct turns {
  struct sweep sweep[2]; /* there, back */
  int16_t *changed;      /* [voxel]: the last turn in which it did */
  int16_t *latest;       /* [block][nx + 2]: room for a row */
};

/* The last change of each voxel of a row or of one beside it in the rows that touch; a border of
 * none at either end. 0 when all of it is older than the last turn of this direction. */
static int find_latest(int16_t *latest, const struct turns *t, int turn, int64_t j, int64_t k) {
  const struct geometry *g = &t->sweep[0].f->bone->grid;
  int busy = 0;
  for (int64_t i = 0; i < g->nx + 2; i++) latest[i] = -1;
  for (int64_t w = k > 0 ? k - 1 : 0; w <= k + 1 && w < g->nz; w++)
    for (int64_t v = j > 0 ? j - 1 : 0; v <= j + 1 && v < g->ny; v++) {
      const int16_t *row = t->changed + geometry_index(g, 0, v, w);
      for (int64_t i = 0; i < g->nx; i++)
        latest[i + 1] = row[i] > latest[i + 1] ? row[i] : latest[i + 1];
    }
  for (int64_t i = 1; i <= g->nx; i++) busy |= latest[i] >= turn - 2;
  return busy;
}

/* Only what has changed about a voxel since its last turn of this direction can change it.
 * @return did anything? */
static int turn_row(const struct turns *t, int turn, int64_t j, int64_t k, const int16_t *latest) {
  const struct sweep *s = &t->sweep[turn % 2];
  const struct geometry *g = &s->f->bone->grid;
  int64_t row = geometry_index(g, 0, j, k);
  int inner = j > 0 && k > 0 && j < g->ny - 1 && k < g->nz - 1, before = 0;
  int changed = 0;
  for (int64_t n = 0; n < g->nx; n++) {
    int64_t i = turn % 2 ? g->nx - 1 - n : n;
    const int16_t *about = latest + i;
    int since = turn - 2;
    if (!before && about[0] < since && about[1] < since && about[2] < since) continue;
    if (inner && i > 0 && i < g->nx - 1)
      before = take_nearest(s, row + i, i, j, k, 1);
    else
      before = take_nearest(s, row + i, i, j, k, 0);
    if (before) t->changed[row + i] = (int16_t)turn;
    changed |= before;
  }
  return changed;
}

/* @return did anything change? */
static int turn_block(const struct turns *t, int turn, int64_t block) {
  const struct geometry *g = &t->sweep[0].f->bone->grid;
  int16_t *latest = t->latest + block * (g->nx + 2);
  int changed = 0;
  int64_t first = block * BLOCK, count = first + BLOCK < g->nz ? BLOCK : g->nz - first;
  for (int64_t c = 0; c < count; c++)
    for (int64_t b = 0; b < g->ny; b++) {
      int64_t k = turn % 2 ? first + count - 1 - c : first + c;
      int64_t j = turn % 2 ? g->ny - 1 - b : b;
      if (find_latest(latest, t, turn, j, k)) changed |= turn_row(t, turn, j, k, latest);
    }
  return changed;
}

/* Each voxel takes the nearest among its own and its neighbours' places, there and back, until two
 * turns change nothing. Blocks of layers take turns, the even ones and then the odd, so that none
 * reads what another writes. */
static status find_nearest(struct micro_field *f) {
  status st = ST_OK;
  const struct geometry *g = &f->bone->grid;
  int64_t n = geometry_voxels(g), blocks = (g->nz + BLOCK - 1) / BLOCK;
  struct turns t = {.changed = malloc((size_t)n * sizeof *t.changed),
                    .latest = malloc((size_t)(blocks * (g->nx + 2)) * sizeof *t.latest)};
  int busy = 1, before = 1; /* did the last turn change anything, and the one before it? */
  CHECK(t.changed && t.latest, ST_MEMORY, "local thickness: out of memory for %lld voxels",
        (long long)n);
  for (int64_t at = 0; at < n; at++) t.changed[at] = -1;
  make_sweep(&t.sweep[0], f, 1);
  make_sweep(&t.sweep[1], f, -1);
  for (int turn = 0; (busy || before) && turn < INT16_MAX; turn++) {
    before = turn == 0 || busy;
    busy = 0;
    for (int odd = 0; odd < 2; odd++) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 1) reduction(| : busy)
      for (int64_t block = odd; block < blocks; block += 2) busy |= turn_block(&t, turn, block);
    }
  }
  CHECK(!busy && !before, ST_NUMERIC, "local thickness: nearest places not settled in %d turns",
        INT16_MAX);
done:
  free(t.changed);
  free(t.latest);
  return st;
}

status micro_field_make(struct micro_field *out, const struct labels *bone,
                        const struct volume *image, double threshold) {
  status st = ST_OK;
  const double *e = bone->grid.spacing;
  struct micro_field f = {.bone = bone,
                          .image = image,
                          .threshold = threshold,
                          .points = {NULL, sizeof(struct micro_point), 0, 0},
                          .edge = fmin(e[0], fmin(e[1], e[2]))};
  f.nearest = malloc((size_t)geometry_voxels(&bone->grid) * sizeof *f.nearest);
  CHECK(f.nearest, ST_MEMORY, "local thickness: out of memory");
  TRY(find_surface(&f));
  TRY(find_nearest(&f));
  *out = f;
  memset(&f, 0, sizeof f);
done:
  micro_field_free(&f);
  return st;
}

void micro_field_free(struct micro_field *f) {
  free(f->nearest);
  free(f->points.items);
  free(f->normals);
}
