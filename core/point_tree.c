/* k-d tree over points: the middle of each range splits it along the axis of its largest extent. */
#include "core/align.h"

#include <math.h>
#include <stdlib.h>

struct point_tree {
  const struct vec3 *points;
  int64_t count;
  int64_t *order; /* of the points; the middle of a range is its node */
  uint8_t *axis;  /* of each node */
};

static double along(struct vec3 p, int axis) {
  return axis == 0 ? p.x : axis == 1 ? p.y : p.z;
}

static int widest(const struct point_tree *t, int64_t from, int64_t to) {
  double low[3], high[3];
  int best = 0;
  for (int a = 0; a < 3; a++) low[a] = INFINITY, high[a] = -INFINITY;
  for (int64_t i = from; i < to; i++)
    for (int a = 0; a < 3; a++) {
      const double x = along(t->points[t->order[i]], a);
      low[a] = fmin(low[a], x);
      high[a] = fmax(high[a], x);
    }
  for (int a = 1; a < 3; a++)
    if (high[a] - low[a] > high[best] - low[best]) best = a;
  return best;
}

static void swap(int64_t *a, int64_t *b) {
  const int64_t kept = *a;
  *a = *b;
  *b = kept;
}

/* order[middle] becomes what it would be when sorted (quickselect). */
static void select_middle(struct point_tree *t, int64_t from, int64_t to, int64_t middle,
                          int axis) {
  int64_t low = from, high = to - 1;
  while (low < high) {
    const double pivot = along(t->points[t->order[(low + high) / 2]], axis);
    int64_t i = low, j = high;
    while (i <= j) {
      while (along(t->points[t->order[i]], axis) < pivot) i++;
      while (along(t->points[t->order[j]], axis) > pivot) j--;
      if (i <= j) swap(&t->order[i++], &t->order[j--]);
    }
    if (middle <= j)
      high = j;
    else if (middle >= i)
      low = i;
    else
      return;
  }
}

static void split(struct point_tree *t, int64_t from, int64_t to) {
  if (to - from < 2) return;
  const int64_t middle = (from + to) / 2;
  const int axis = widest(t, from, to);
  select_middle(t, from, to, middle, axis);
  t->axis[middle] = (uint8_t)axis;
  split(t, from, middle);
  split(t, middle + 1, to);
}

status point_tree_create(struct point_tree **out, const struct vec3 *points, int64_t count) {
  status st = ST_OK;
  struct point_tree *t = NULL;
  CHECK(count > 0, ST_DOMAIN, "nearest points: there are none");
  t = calloc(1, sizeof *t);
  CHECK(t, ST_MEMORY, "nearest points: no memory");
  t->points = points;
  t->count = count;
  t->order = malloc((size_t)count * sizeof *t->order);
  t->axis = calloc((size_t)count, 1);
  CHECK(t->order && t->axis, ST_MEMORY, "nearest points: no memory for %lld points",
        (long long)count);
  for (int64_t i = 0; i < count; i++) t->order[i] = i;
  split(t, 0, count);
  *out = t;
  t = NULL;
done:
  point_tree_destroy(t);
  return st;
}

void point_tree_destroy(struct point_tree *t) {
  if (!t) return;
  free(t->order);
  free(t->axis);
  free(t);
}

static void search(const struct point_tree *t, int64_t from, int64_t to, struct vec3 at,
                   int64_t *best, double *least) {
  if (from >= to) return;
  const int64_t middle = (from + to) / 2, point = t->order[middle];
  const struct vec3 d = vec3_sub(at, t->points[point]);
  const double square = vec3_dot(d, d), beside = along(d, t->axis[middle]);
  if (square < *least) {
    *least = square;
    *best = point;
  }
  const bool low_first = beside < 0;
  search(t, low_first ? from : middle + 1, low_first ? middle : to, at, best, least);
  if (beside * beside < *least)
    search(t, low_first ? middle + 1 : from, low_first ? to : middle, at, best, least);
}

int64_t point_tree_nearest(const struct point_tree *t, struct vec3 at, double *distance_mm) {
  int64_t best = t->order[0];
  double least = INFINITY;
  search(t, 0, t->count, at, &best, &least);
  if (distance_mm) *distance_mm = sqrt(least);
  return best;
}
