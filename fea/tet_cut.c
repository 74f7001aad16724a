#include "fea/tet_cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void tet_skin_destroy(struct tet_skin *s) {
  if (!s) return;
  free(s->point);
  free(s->triangle);
  free(s->patch);
  free(s);
}

static status reserve(struct tet_skin *s, int64_t points, int64_t triangles) {
  status st = ST_OK;
  CHECK(points < INT32_MAX / 4 && triangles < INT32_MAX / 4, ST_DOMAIN,
        "surface: %lld triangles are too many", (long long)triangles);
  if (points > s->point_capacity) {
    struct vec3 *more = realloc(s->point, (size_t)(2 * points) * sizeof *more);
    CHECK(more, ST_MEMORY, "surface: no memory for %lld points", (long long)points);
    s->point = more;
    s->point_capacity = (int32_t)(2 * points);
  }
  if (triangles > s->triangle_capacity) {
    int32_t(*more)[3] = realloc(s->triangle, (size_t)(2 * triangles) * sizeof *more);
    if (more) s->triangle = more;
    uint8_t *patch = realloc(s->patch, (size_t)(2 * triangles));
    if (patch) s->patch = patch;
    CHECK(more && patch, ST_MEMORY, "surface: no memory for %lld triangles", (long long)triangles);
    s->triangle_capacity = (int32_t)(2 * triangles);
  }
done:
  return st;
}

status tet_skin_from_surface(struct tet_skin **out, const struct surface *from) {
  status st = ST_OK;
  struct tet_skin *s = calloc(1, sizeof *s);
  CHECK(s, ST_MEMORY, "surface: no memory");
  TRY(reserve(s, from->vertex_count + 1, from->triangle_count + 1));
  s->points = (int32_t)from->vertex_count;
  s->triangles = (int32_t)from->triangle_count;
  memcpy(s->point, from->vertices, (size_t)s->points * sizeof *s->point);
  memcpy(s->triangle, from->triangles, (size_t)s->triangles * sizeof *s->triangle);
  memset(s->patch, TET_FREE, (size_t)s->triangles);
  *out = s;
  s = NULL;
done:
  tet_skin_destroy(s);
  return st;
}

struct crossing {
  int32_t a, b; /* a < b */
  int32_t point;
};

static int by_ends(const void *x, const void *y) {
  const struct crossing *p = x, *q = y;
  if (p->a != q->a) return p->a < q->a ? -1 : 1;
  return p->b < q->b ? -1 : p->b > q->b;
}

/* The corner furthest from the plane, of a triangle that would lie in it, keeps its side. */
static void keep_one_off(signed char *side, const struct tet_skin *s, int32_t t,
                         const struct tet_plane *plane) {
  const int32_t *c = s->triangle[t];
  int32_t far = c[0];
  if (side[c[0]] || side[c[1]] || side[c[2]]) return;
  for (int i = 1; i < 3; i++)
    if (fabs(tet_plane_side(plane, s->point[c[i]])) > fabs(tet_plane_side(plane, s->point[far])))
      far = c[i];
  side[far] = (signed char)(tet_plane_side(plane, s->point[far]) < 0 ? -1 : 1);
}

/* Side of every point; points nearer than a tenth of the mean edge move onto the plane, but never
 * all three of a triangle. */
static signed char *find_sides(struct tet_skin *s, const struct tet_plane *plane) {
  signed char *side = malloc((size_t)s->points + 1);
  double sum = 0;
  if (!side) return NULL;
  for (int32_t t = 0; t < s->triangles; t++)
    sum += vec3_length(vec3_sub(s->point[s->triangle[t][0]], s->point[s->triangle[t][1]]));
  const double near_mm = s->triangles ? 0.1 * sum / s->triangles : 0;
  for (int32_t v = 0; v < s->points; v++) {
    const double at = tet_plane_side(plane, s->point[v]);
    side[v] = (signed char)(at > near_mm ? 1 : at < -near_mm ? -1 : 0);
  }
  for (int32_t t = 0; t < s->triangles; t++) keep_one_off(side, s, t, plane);
  for (int32_t v = 0; v < s->points; v++)
    if (!side[v])
      s->point[v] = vec3_along(s->point[v], -tet_plane_side(plane, s->point[v]), plane->normal);
  return side;
}

/* One new point on every edge that crosses. */
static status cross_edges(struct crossing **out, int64_t *count, struct tet_skin *s,
                          const struct tet_plane *plane, const signed char *side) {
  status st = ST_OK;
  const size_t most = s->triangles > 0 ? 3 * (size_t)s->triangles : 1;
  struct crossing *c = malloc(most * sizeof *c);
  int64_t n = 0, unique = 0;
  CHECK(c, ST_MEMORY, "surface: no memory for a cut");
  for (int32_t t = 0; t < s->triangles; t++)
    for (int e = 0; e < 3; e++) {
      const int32_t a = s->triangle[t][e], b = s->triangle[t][(e + 1) % 3];
      if (side[a] * side[b] < 0) c[n++] = (struct crossing){a < b ? a : b, a < b ? b : a, -1};
    }
  qsort(c, (size_t)n, sizeof *c, by_ends);
  for (int64_t i = 0; i < n; i++)
    if (!unique || by_ends(&c[unique - 1], &c[i])) c[unique++] = c[i];
  TRY(reserve(s, s->points + unique, s->triangles + 2 * unique + 16));
  for (int64_t i = 0; i < unique; i++) {
    const struct vec3 p = s->point[c[i].a], q = s->point[c[i].b];
    const double sp = tet_plane_side(plane, p), sq = tet_plane_side(plane, q);
    c[i].point = s->points;
    s->point[s->points++] = vec3_along(p, sp / (sp - sq), vec3_sub(q, p));
  }
  *out = c;
  *count = unique;
  c = NULL;
done:
  free(c);
  return st;
}

static int32_t crossing_of(const struct crossing *c, int64_t count, int32_t a, int32_t b) {
  const struct crossing key = {a < b ? a : b, a < b ? b : a, -1};
  const struct crossing *found = bsearch(&key, c, (size_t)count, sizeof *c, by_ends);
  return found ? found->point : -1;
}

static void add_triangle(struct tet_skin *s, int32_t a, int32_t b, int32_t c, int patch) {
  s->triangle[s->triangles][0] = a;
  s->triangle[s->triangles][1] = b;
  s->triangle[s->triangles][2] = c;
  s->patch[s->triangles++] = (uint8_t)patch;
}

/* Split a triangle along the plane; the parts follow at the end of the list. */
static void split_triangle(struct tet_skin *s, int32_t t, const signed char *side,
                           const struct crossing *cross, int64_t count) {
  int32_t polygon[2][4]; /* below, above */
  int n[2] = {0, 0};
  const int patch = s->patch[t];
  for (int e = 0; e < 3; e++) {
    const int32_t a = s->triangle[t][e], b = s->triangle[t][(e + 1) % 3];
    if (side[a] <= 0) polygon[0][n[0]++] = a;
    if (side[a] >= 0) polygon[1][n[1]++] = a;
    if (side[a] * side[b] >= 0) continue;
    const int32_t middle = crossing_of(cross, count, a, b);
    polygon[0][n[0]++] = middle;
    polygon[1][n[1]++] = middle;
  }
  bool first = true;
  for (int half = 0; half < 2; half++)
    for (int c = 2; c < n[half]; c++) {
      const int32_t *p = polygon[half];
      if (first) {
        s->triangle[t][0] = p[0], s->triangle[t][1] = p[c - 1], s->triangle[t][2] = p[c];
        first = false;
      } else
        add_triangle(s, p[0], p[c - 1], p[c], patch);
    }
}

/* Make the plane follow edges. */
static status cut(struct tet_skin *s, const struct tet_plane *plane) {
  status st = ST_OK;
  struct crossing *cross = NULL;
  int64_t count = 0;
  signed char *side = find_sides(s, plane);
  CHECK(side, ST_MEMORY, "surface: no memory for a cut");
  TRY(cross_edges(&cross, &count, s, plane, side));
  const int32_t before = s->triangles;
  for (int32_t t = 0; t < before; t++) {
    const int32_t *c = s->triangle[t];
    const int low = side[c[0]] < 0 || side[c[1]] < 0 || side[c[2]] < 0;
    const int high = side[c[0]] > 0 || side[c[1]] > 0 || side[c[2]] > 0;
    if (low && high) split_triangle(s, t, side, cross, count);
  }
done:
  free(side);
  free(cross);
  return st;
}

static double triangle_side(const struct tet_skin *s, int32_t t, const struct tet_plane *plane) {
  double sum = 0;
  for (int c = 0; c < 3; c++) sum += tet_plane_side(plane, s->point[s->triangle[t][c]]);
  return sum;
}

status tet_skin_mark(struct tet_skin *s, const struct tet_plane *plane, int patch) {
  status st = ST_OK;
  TRY(cut(s, plane));
  for (int32_t t = 0; t < s->triangles; t++)
    if (s->patch[t] == TET_FREE && triangle_side(s, t, plane) > 0) s->patch[t] = (uint8_t)patch;
done:
  return st;
}

/* ---- the flat end ---- */

/* next[v]: the point after v on the border of the hole, -1 elsewhere. */
static status find_border(int32_t *next, int32_t *start, int64_t *length,
                          const struct tet_skin *s) {
  status st = ST_OK;
  struct crossing *edges = malloc((3 * (size_t)s->triangles + 1) * sizeof *edges);
  int64_t n = 0;
  *length = 0;
  *start = -1;
  CHECK(edges, ST_MEMORY, "surface: no memory for the border of a cut");
  for (int32_t v = 0; v < s->points; v++) next[v] = -1;
  for (int32_t t = 0; t < s->triangles; t++)
    for (int e = 0; e < 3; e++) {
      const int32_t a = s->triangle[t][e], b = s->triangle[t][(e + 1) % 3];
      edges[n++] = (struct crossing){a < b ? a : b, a < b ? b : a, a};
    }
  qsort(edges, (size_t)n, sizeof *edges, by_ends);
  for (int64_t i = 0; i < n; i++) {
    if (i + 1 < n && by_ends(&edges[i], &edges[i + 1]) == 0) {
      i++;
      continue;
    }
    const int32_t from = edges[i].point == edges[i].a ? edges[i].b : edges[i].a; /* turned round */
    CHECK(next[from] < 0, ST_DOMAIN,
          "surface: the flat cut touches itself; cut elsewhere or smooth more");
    next[from] = edges[i].point;
    *start = from;
    ++*length;
  }
done:
  free(edges);
  return st;
}

static double turn(const double *a, const double *b, const double *c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

static bool is_ear(const double (*xy)[2], const int32_t *ring, int n, int i) {
  const double *a = xy[ring[(i + n - 1) % n]], *b = xy[ring[i]], *c = xy[ring[(i + 1) % n]];
  if (!(turn(a, b, c) > 0)) return false;
  for (int k = 0; k < n; k++) {
    if (k == i || k == (i + 1) % n || k == (i + n - 1) % n) continue;
    const double *p = xy[ring[k]];
    if (turn(a, b, p) >= 0 && turn(b, c, p) >= 0 && turn(c, a, p) >= 0) return false;
  }
  return true;
}

/* Clip the ear with the widest smallest angle first: fewer slivers. */
static double ear_quality(const double (*xy)[2], const int32_t *ring, int n, int i) {
  const double *a = xy[ring[(i + n - 1) % n]], *b = xy[ring[i]], *c = xy[ring[(i + 1) % n]];
  const double area = turn(a, b, c), ab = hypot(b[0] - a[0], b[1] - a[1]);
  const double bc = hypot(c[0] - b[0], c[1] - b[1]), ca = hypot(a[0] - c[0], a[1] - c[1]);
  return area / (ab * ab + bc * bc + ca * ca);
}

static status fill_ring(struct tet_skin *s, int32_t *name, double (*xy)[2], int n) {
  status st = ST_OK;
  int32_t *ring = malloc((size_t)n * sizeof *ring);
  CHECK(ring, ST_MEMORY, "surface: no memory for a flat face");
  for (int i = 0; i < n; i++) ring[i] = i;
  TRY(reserve(s, s->points, s->triangles + n));
  for (int left = n; left >= 3; left--) {
    int best = -1;
    double most = -1;
    for (int i = 0; i < left; i++) {
      const double q = ear_quality((const double(*)[2])xy, ring, left, i);
      if (q > most && (left == 3 || is_ear((const double(*)[2])xy, ring, left, i))) {
        most = q;
        best = i;
      }
    }
    CHECK(best >= 0, ST_DOMAIN, "surface: the section at the flat cut crosses itself");
    add_triangle(s, name[ring[(best + left - 1) % left]], name[ring[best]],
                 name[ring[(best + 1) % left]], TET_CUT);
    memmove(ring + best, ring + best + 1, (size_t)(left - 1 - best) * sizeof *ring);
  }
done:
  free(ring);
  return st;
}

static status fill_hole(struct tet_skin *s, const struct tet_plane *plane, const int32_t *next,
                        int32_t start, int64_t length) {
  status st = ST_OK;
  int32_t *name = malloc((size_t)length * sizeof *name);
  double(*xy)[2] = malloc((size_t)length * sizeof *xy);
  const struct vec3 out = vec3_scale(plane->normal, -1); /* outward normal of the new face */
  const struct vec3 u = vec3_perpendicular(out), v = vec3_cross(out, u);
  int n = 0;
  CHECK(name && xy, ST_MEMORY, "surface: no memory for a flat face");
  int32_t at = start;
  do {
    CHECK(at >= 0 && n < length, ST_DOMAIN, "surface: the section at the flat cut is not closed");
    name[n] = at;
    xy[n][0] = vec3_dot(s->point[at], u);
    xy[n++][1] = vec3_dot(s->point[at], v);
    at = next[at];
  } while (at != start);
  CHECK(n == length, ST_DOMAIN,
        "surface: the section at the flat cut has more than one outline (%d of %lld points in the "
        "first); fill the label's hollows or cut elsewhere",
        n, (long long)length);
  TRY(fill_ring(s, name, xy, n));
done:
  free(name);
  free(xy);
  return st;
}

status tet_skin_close(struct tet_skin *s, const struct tet_plane *plane) {
  status st = ST_OK;
  int32_t *next = NULL, start, kept = 0;
  int64_t length;
  TRY(cut(s, plane));
  for (int32_t t = 0; t < s->triangles; t++) {
    if (triangle_side(s, t, plane) < 0) continue;
    memmove(s->triangle[kept], s->triangle[t], sizeof s->triangle[t]);
    s->patch[kept++] = s->patch[t];
  }
  CHECK(kept > 0 && kept < s->triangles, ST_DOMAIN,
        "surface: the flat cut does not meet the bone; the label ends before it or lies beyond");
  s->triangles = kept;
  next = malloc((size_t)s->points * sizeof *next);
  CHECK(next, ST_MEMORY, "surface: no memory for a flat face");
  TRY(find_border(next, &start, &length, s));
  CHECK(length >= 3, ST_DOMAIN, "surface: the flat cut has no outline");
  TRY(fill_hole(s, plane, next, start, length));
done:
  free(next);
  return st;
}

status tet_skin_check(const struct tet_skin *s) {
  status st = ST_OK;
  struct crossing *edges = malloc((3 * (size_t)s->triangles + 1) * sizeof *edges);
  int64_t n = 0, bad = 0;
  CHECK(edges, ST_MEMORY, "surface: no memory to check it");
  for (int32_t t = 0; t < s->triangles; t++)
    for (int e = 0; e < 3; e++) {
      const int32_t a = s->triangle[t][e], b = s->triangle[t][(e + 1) % 3];
      edges[n++] = (struct crossing){a < b ? a : b, a < b ? b : a, a};
    }
  qsort(edges, (size_t)n, sizeof *edges, by_ends);
  for (int64_t i = 0; i < n;) {
    int64_t end = i + 1;
    while (end < n && by_ends(&edges[i], &edges[end]) == 0) end++;
    bad += end - i != 2 || edges[i].point == edges[i + 1].point;
    i = end;
  }
  CHECK(!bad && n > 0, ST_DOMAIN,
        "surface: it is not watertight: %lld edges are not shared by two triangles that agree",
        (long long)bad);
done:
  free(edges);
  return st;
}
