#include "radiomics/hull.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COORDINATE_LIMIT = 1 << 19 };

struct face {
  int32_t v[3];      /* corners */
  int32_t across[3]; /* face beyond the side v[i] -> v[i+1] */
  int64_t normal[3], offset;
  int64_t first;    /* first point above this face, -1 none; linked by next[] */
  int64_t farthest; /* point */
  int64_t distance; /* of the farthest, in units of |normal| */
  char alive, visible;
};

struct builder {
  const int32_t (*p)[3];
  int64_t n;
  int64_t *next;
  struct face *faces;
  int64_t face_count, face_capacity;
  int64_t *stack, *seen; /* work lists of faces */
  int64_t stack_count, list_capacity;
  int32_t *start_face; /* new face that starts at a point */
};

static int64_t above(const struct face *f, const int32_t p[3]) {
  return f->normal[0] * p[0] + f->normal[1] * p[1] + f->normal[2] * p[2] - f->offset;
}

static void plane_of(struct face *f, const int32_t (*p)[3]) {
  int64_t a[3];
  int64_t b[3];
  for (int c = 0; c < 3; c++) {
    a[c] = (int64_t)p[f->v[1]][c] - p[f->v[0]][c];
    b[c] = (int64_t)p[f->v[2]][c] - p[f->v[0]][c];
  }
  f->normal[0] = a[1] * b[2] - a[2] * b[1];
  f->normal[1] = a[2] * b[0] - a[0] * b[2];
  f->normal[2] = a[0] * b[1] - a[1] * b[0];
  f->offset =
      f->normal[0] * p[f->v[0]][0] + f->normal[1] * p[f->v[0]][1] + f->normal[2] * p[f->v[0]][2];
}

static status reserve(struct builder *b, int64_t faces) {
  status st = ST_OK;
  if (faces <= b->face_capacity) return ST_OK;
  int64_t wanted = 2 * faces + 64;
  struct face *f = realloc(b->faces, (size_t)wanted * sizeof *f);
  CHECK(f, ST_MEMORY, "convex hull: no memory for %lld faces", (long long)wanted);
  b->faces = f;
  int64_t *stack = realloc(b->stack, (size_t)wanted * sizeof *stack);
  CHECK(stack, ST_MEMORY, "convex hull: no memory");
  b->stack = stack;
  int64_t *seen = realloc(b->seen, (size_t)wanted * sizeof *seen);
  CHECK(seen, ST_MEMORY, "convex hull: no memory");
  b->seen = seen;
  b->face_capacity = wanted;
done:
  return st;
}

static int64_t add_face(struct builder *b, int32_t v0, int32_t v1, int32_t v2) {
  struct face *f = &b->faces[b->face_count];
  *f = (struct face){.v = {v0, v1, v2}, .first = -1, .farthest = -1, .alive = 1};
  plane_of(f, b->p);
  return b->face_count++;
}

static void give_point(struct builder *b, struct face *f, int64_t p, int64_t distance) {
  b->next[p] = f->first;
  f->first = p;
  if (distance > f->distance) {
    f->distance = distance;
    f->farthest = p;
  }
}

/* Four points that span a volume. @return 0 when there are none */
static int first_four(int32_t v[4], const struct builder *b) {
  v[0] = v[1] = 0;
  for (int64_t i = 1; i < b->n; i++)
    if (memcmp(b->p[i], b->p[0], sizeof b->p[0])) v[1] = (int32_t)i;
  if (v[1] == v[0]) return 0;
  struct face f = {.v = {v[0], v[1], 0}};
  int found = 0;
  for (int64_t i = 1; i < b->n && !found; i++) {
    f.v[2] = (int32_t)i;
    plane_of(&f, b->p);
    found = f.normal[0] || f.normal[1] || f.normal[2];
  }
  if (!found) return 0;
  v[2] = f.v[2];
  int64_t best = 0;
  for (int64_t i = 0; i < b->n; i++) {
    int64_t d = above(&f, b->p[i]);
    if (llabs(d) > llabs(best)) {
      best = d;
      v[3] = (int32_t)i;
    }
  }
  if (best > 0) { /* the fourth point goes below the first face */
    int32_t swap = v[1];
    v[1] = v[2];
    v[2] = swap;
  }
  return best != 0;
}

static status start(struct builder *b) {
  static const int corners[4][3] = {{0, 1, 2}, {0, 3, 1}, {1, 3, 2}, {2, 3, 0}};
  static const int beyond[4][3] = {{1, 2, 3}, {3, 2, 0}, {1, 3, 0}, {2, 1, 0}};
  status st = ST_OK;
  int32_t v[4];
  CHECK(first_four(v, b), ST_NUMERIC, "convex hull: the points lie in one plane");
  TRY(reserve(b, 4));
  for (int f = 0; f < 4; f++) {
    add_face(b, v[corners[f][0]], v[corners[f][1]], v[corners[f][2]]);
    for (int e = 0; e < 3; e++) b->faces[f].across[e] = beyond[f][e];
  }
  for (int64_t i = 0; i < b->n; i++)
    for (int f = 0; f < 4; f++) {
      int64_t d = above(&b->faces[f], b->p[i]);
      if (d <= 0) continue;
      give_point(b, &b->faces[f], i, d);
      break;
    }
  for (int f = 0; f < 4; f++) b->stack[b->stack_count++] = f;
done:
  return st;
}

/* Faces that see point p, into seen[]; @return how many */
static int64_t visible_faces(struct builder *b, int64_t from, const int32_t p[3]) {
  int64_t count = 0;
  b->seen[count++] = from;
  b->faces[from].visible = 1;
  for (int64_t n = 0; n < count; n++)
    for (int e = 0; e < 3; e++) {
      int64_t g = b->faces[b->seen[n]].across[e];
      if (b->faces[g].visible || above(&b->faces[g], p) <= 0) continue;
      b->faces[g].visible = 1;
      b->seen[count++] = g;
    }
  return count;
}

/* Replace the seen faces by a fan from p over their horizon. */
static status replace_faces(struct builder *b, int64_t seen, int64_t p) {
  status st = ST_OK;
  TRY(reserve(b, b->face_count + 3 * seen + 3));
  int64_t first = b->face_count;
  for (int64_t n = 0; n < seen; n++) {
    for (int e = 0; e < 3; e++) {
      const struct face *f = &b->faces[b->seen[n]];
      int32_t g = f->across[e];
      if (b->faces[g].visible) continue;
      int32_t a = f->v[e];
      int32_t c = f->v[(e + 1) % 3];
      int64_t made = add_face(b, a, c, (int32_t)p);
      b->faces[made].across[0] = g;
      for (int h = 0; h < 3; h++)
        if (b->faces[g].v[h] == c && b->faces[g].v[(h + 1) % 3] == a)
          b->faces[g].across[h] = (int32_t)made;
      b->start_face[a] = (int32_t)made;
    }
  }
  for (int64_t m = first; m < b->face_count; m++) {
    int32_t after = b->start_face[b->faces[m].v[1]];
    b->faces[m].across[1] = after;
    b->faces[after].across[2] = (int32_t)m;
  }
  for (int64_t n = 0; n < seen; n++) {
    struct face *f = &b->faces[b->seen[n]];
    f->alive = 0;
    for (int64_t q = f->first; q >= 0;) {
      int64_t following = b->next[q];
      for (int64_t m = first; m < b->face_count; m++) {
        int64_t d = above(&b->faces[m], b->p[q]);
        if (d <= 0) continue;
        give_point(b, &b->faces[m], q, d);
        break;
      }
      q = following;
    }
  }
  for (int64_t m = first; m < b->face_count; m++)
    if (b->faces[m].first >= 0) b->stack[b->stack_count++] = m;
done:
  return st;
}

static status collect(struct rad_hull *out, const struct builder *b) {
  status st = ST_OK;
  int32_t *index = b->start_face;
  int32_t points = 0;
  int32_t triangles = 0;
  struct rad_hull hull = {0};
  for (int64_t i = 0; i < b->n; i++) index[i] = -1;
  for (int64_t f = 0; f < b->face_count; f++) triangles += b->faces[f].alive;
  hull.triangles = malloc((size_t)triangles * sizeof *hull.triangles);
  hull.points = malloc(3 * (size_t)triangles * sizeof *hull.points);
  CHECK(hull.triangles && hull.points, ST_MEMORY, "convex hull: no memory");
  for (int64_t f = 0; f < b->face_count; f++) {
    if (!b->faces[f].alive) continue;
    for (int c = 0; c < 3; c++) {
      int32_t v = b->faces[f].v[c];
      if (index[v] < 0) {
        memcpy(hull.points[points], b->p[v], sizeof hull.points[0]);
        index[v] = points++;
      }
      hull.triangles[hull.triangle_count][c] = index[v];
    }
    hull.triangle_count++;
  }
  hull.point_count = points;
  *out = hull;
  memset(&hull, 0, sizeof hull);
done:
  rad_hull_free(&hull);
  return st;
}

status rad_hull_create(struct rad_hull *out, const int32_t (*points)[3], int64_t n) {
  status st = ST_OK;
  struct builder b = {.p = points, .n = n};
  for (int64_t i = 0; i < n; i++)
    for (int c = 0; c < 3; c++)
      CHECK(labs(points[i][c]) <= COORDINATE_LIMIT, ST_DOMAIN,
            "convex hull: coordinate %d exceeds %d", points[i][c], COORDINATE_LIMIT);
  b.next = malloc((size_t)(n + 1) * sizeof *b.next);
  b.start_face = malloc((size_t)(n + 1) * sizeof *b.start_face);
  CHECK(b.next && b.start_face, ST_MEMORY, "convex hull: no memory for %lld points", (long long)n);
  CHECK(n >= 4, ST_NUMERIC, "convex hull: %lld points span no volume", (long long)n);
  TRY(start(&b));
  while (b.stack_count) {
    int64_t f = b.stack[--b.stack_count];
    if (!b.faces[f].alive || b.faces[f].first < 0) continue;
    int64_t p = b.faces[f].farthest;
    TRY(replace_faces(&b, visible_faces(&b, f, points[p]), p));
  }
  TRY(collect(out, &b));
done:
  free(b.next);
  free(b.start_face);
  free(b.faces);
  free(b.stack);
  free(b.seen);
  return st;
}

void rad_hull_free(struct rad_hull *hull) {
  free(hull->points);
  free(hull->triangles);
  memset(hull, 0, sizeof *hull);
}

void rad_hull_measure(double *volume, double *area, const struct rad_hull *hull,
                      const double unit[3]) {
  double v = 0;
  double s = 0;
  for (int32_t t = 0; t < hull->triangle_count; t++) {
    double p[3][3];
    for (int c = 0; c < 3; c++)
      for (int k = 0; k < 3; k++)
        p[c][k] = unit[k] * (hull->points[hull->triangles[t][c]][k] - hull->points[0][k]);
    double a[3], b[3], n[3];
    for (int k = 0; k < 3; k++) {
      a[k] = p[1][k] - p[0][k];
      b[k] = p[2][k] - p[0][k];
    }
    n[0] = a[1] * b[2] - a[2] * b[1];
    n[1] = a[2] * b[0] - a[0] * b[2];
    n[2] = a[0] * b[1] - a[1] * b[0];
    v += n[0] * p[0][0] + n[1] * p[0][1] + n[2] * p[0][2];
    s += sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
  }
  *volume = v / 6;
  *area = s / 2;
}

double rad_hull_diameter(const struct rad_hull *hull, const double unit[3]) {
  double best = 0;
  for (int32_t i = 0; i < hull->point_count; i++)
    for (int32_t j = i + 1; j < hull->point_count; j++) {
      double d2 = 0;
      for (int k = 0; k < 3; k++) {
        double d = unit[k] * (hull->points[i][k] - hull->points[j][k]);
        d2 += d * d;
      }
      if (d2 > best) best = d2;
    }
  return sqrt(best);
}
