#include "fea/tet_remesh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Half-edge h = 3 t + c runs from the triangle's corner c to its next corner. */
struct remesh {
  struct vec3 *point;
  struct vec3 *normal; /* gradient of the level at the point */
  int32_t *leaving;    /* a half-edge that leaves the point, -1 when the point is gone */
  int32_t *from;       /* [3 triangles]: start of a half-edge, -1 when the triangle is gone */
  int32_t *opposite;   /* [3 triangles] */
  uint8_t *patch;
  int32_t points, triangles, point_capacity, triangle_capacity;
  const struct tet_domain *domain;
  const struct tet_size *size;
};

double tet_size_at(const struct tet_size *s, struct vec3 at) {
  const double growth = 0.2; /* of the edge, per mm of way */
  if (!(s->fine_mm < s->size_mm)) return s->size_mm;
  const double away = vec3_length(vec3_sub(at, s->centre)) - s->radius_mm;
  return fmin(s->size_mm, s->fine_mm + growth * fmax(0, away));
}

static int32_t next_of(int32_t h) {
  return h % 3 == 2 ? h - 2 : h + 1;
}
static int32_t before(int32_t h) {
  return h % 3 == 0 ? h + 2 : h - 1;
}
static int32_t end_of(const struct remesh *r, int32_t h) {
  return r->from[next_of(h)];
}
/* The next half-edge that leaves the same point, clockwise. */
static int32_t around(const struct remesh *r, int32_t h) {
  return r->opposite[before(h)];
}
static int patch_of(const struct remesh *r, int32_t h) {
  return r->patch[h / 3];
}
static bool is_line(const struct remesh *r, int32_t h) {
  return patch_of(r, h) != patch_of(r, r->opposite[h]);
}

static void link_up(struct remesh *r, int32_t h, int32_t o) {
  r->opposite[h] = o;
  r->opposite[o] = h;
}

static void remesh_clear(struct remesh *r) {
  free(r->point);
  free(r->normal);
  free(r->leaving);
  free(r->from);
  free(r->opposite);
  free(r->patch);
}

static status reserve(struct remesh *r, int32_t points, int32_t triangles) {
  status st = ST_OK;
  if (points > r->point_capacity) {
    const size_t n = 2 * (size_t)points;
    struct vec3 *p = realloc(r->point, n * sizeof *p);
    if (p) r->point = p;
    struct vec3 *g = realloc(r->normal, n * sizeof *g);
    if (g) r->normal = g;
    int32_t *l = realloc(r->leaving, n * sizeof *l);
    if (l) r->leaving = l;
    CHECK(p && g && l, ST_MEMORY, "surface: no memory for %zu points", n);
    r->point_capacity = (int32_t)n;
  }
  if (triangles > r->triangle_capacity) {
    const size_t n = 2 * (size_t)triangles;
    int32_t *f = realloc(r->from, 3 * n * sizeof *f);
    if (f) r->from = f;
    int32_t *o = realloc(r->opposite, 3 * n * sizeof *o);
    if (o) r->opposite = o;
    uint8_t *p = realloc(r->patch, n);
    if (p) r->patch = p;
    CHECK(f && o && p, ST_MEMORY, "surface: no memory for %zu triangles", n);
    r->triangle_capacity = (int32_t)n;
  }
done:
  return st;
}

static void place(struct remesh *r, int32_t v, struct vec3 at) {
  r->point[v] = at;
  tet_domain_level(r->domain, at, &r->normal[v]);
}

struct side {
  int32_t a, b, half; /* a < b */
};

static int by_ends(const void *x, const void *y) {
  const struct side *p = x, *q = y;
  if (p->a != q->a) return p->a < q->a ? -1 : 1;
  if (p->b != q->b) return p->b < q->b ? -1 : 1;
  return p->half < q->half ? -1 : 1;
}

static status remesh_make(struct remesh *r, const struct tet_skin *s) {
  status st = ST_OK;
  const int32_t n = 3 * s->triangles;
  struct side *sides = malloc(((size_t)n + 1) * sizeof *sides);
  CHECK(sides, ST_MEMORY, "surface: no memory for %d edges", n);
  TRY(tet_skin_check(s));
  TRY(reserve(r, s->points + 1, s->triangles + 1));
  r->points = s->points;
  r->triangles = s->triangles;
  for (int32_t v = 0; v < s->points; v++) place(r, v, s->point[v]);
  memcpy(r->patch, s->patch, (size_t)s->triangles);
  memset(r->leaving, 0xff, (size_t)s->points * sizeof *r->leaving);
  for (int32_t h = 0; h < n; h++) {
    const int32_t a = s->triangle[h / 3][h % 3], b = s->triangle[h / 3][(h + 1) % 3];
    r->from[h] = a;
    r->leaving[a] = h;
    sides[h] = (struct side){a < b ? a : b, a < b ? b : a, h};
  }
  qsort(sides, (size_t)n, sizeof *sides, by_ends);
  for (int32_t i = 0; i < n; i += 2) link_up(r, sides[i].half, sides[i + 1].half);
done:
  free(sides);
  return st;
}

/* ---- geometry ---- */

static struct vec3 normal_of(struct vec3 a, struct vec3 b, struct vec3 c) {
  return vec3_cross(vec3_sub(b, a), vec3_sub(c, a));
}

static double edge_length(const struct remesh *r, int32_t h) {
  return vec3_length(vec3_sub(r->point[end_of(r, h)], r->point[r->from[h]]));
}

/* Edge length over the wanted one at its middle. */
static double relative_length(const struct remesh *r, int32_t h) {
  const struct vec3 middle =
      vec3_scale(vec3_add(r->point[end_of(r, h)], r->point[r->from[h]]), 0.5);
  return edge_length(r, h) / tet_size_at(r->size, middle);
}

/* Cosine of the smallest angle: larger is worse. */
static double worst_cosine(struct vec3 a, struct vec3 b, struct vec3 c) {
  const struct vec3 p[3] = {a, b, c};
  double worst = -1;
  for (int i = 0; i < 3; i++) {
    const struct vec3 u = vec3_unit(vec3_sub(p[(i + 1) % 3], p[i]));
    const struct vec3 v = vec3_unit(vec3_sub(p[(i + 2) % 3], p[i]));
    worst = fmax(worst, vec3_dot(u, v));
  }
  return worst;
}

/* ---- operations ---- */

static status split(struct remesh *r, int32_t h) {
  status st = ST_OK;
  TRY(reserve(r, r->points + 1, r->triangles + 2));
  const int32_t o = r->opposite[h], a = r->from[h], b = r->from[o];
  const int32_t c = r->from[before(h)], d = r->from[before(o)];
  const int32_t hb = next_of(h), od = before(o);
  const int32_t out_hb = r->opposite[hb], out_od = r->opposite[od];
  const int32_t m = r->points++, t2 = r->triangles++, t3 = r->triangles++;
  const struct vec3 middle = vec3_scale(vec3_add(r->point[a], r->point[b]), 0.5);
  place(r, m, tet_domain_project_patch(r->domain, middle, patch_of(r, h), patch_of(r, o)));
  r->patch[t2] = r->patch[h / 3];
  r->patch[t3] = r->patch[o / 3];
  /* (a m c) (m b c) and (m a d) (b m d) */
  r->from[hb] = m;
  r->from[3 * t2] = m, r->from[3 * t2 + 1] = b, r->from[3 * t2 + 2] = c;
  r->from[o] = m;
  r->from[3 * t3] = b, r->from[3 * t3 + 1] = m, r->from[3 * t3 + 2] = d;
  link_up(r, h, o);
  link_up(r, hb, 3 * t2 + 2);
  link_up(r, 3 * t2 + 1, out_hb);
  link_up(r, 3 * t2, 3 * t3);
  link_up(r, od, 3 * t3 + 1);
  link_up(r, 3 * t3 + 2, out_od);
  r->leaving[m] = hb;
  r->leaving[a] = h;
  r->leaving[b] = 3 * t3;
  r->leaving[c] = before(h);
  r->leaving[d] = before(o);
done:
  return st;
}

/* Longest side of its triangle? Splitting only such edges of both triangles ends: slivers would
 * otherwise breed slivers. */
static bool is_longest(const struct remesh *r, int32_t h) {
  const double l = edge_length(r, h);
  return l >= edge_length(r, next_of(h)) && l >= edge_length(r, before(h));
}

static status split_long(struct remesh *r) {
  enum { MOST_SWEEPS = 30 };
  status st = ST_OK;
  int32_t done_now = 1;
  for (int sweep = 0; sweep < MOST_SWEEPS && done_now; sweep++) {
    const int32_t n = 3 * r->triangles;
    done_now = 0;
    for (int32_t h = 0; h < n; h++) {
      if (r->from[h] < 0 || h > r->opposite[h]) continue;
      if (relative_length(r, h) <= 4. / 3) continue;
      if (!is_longest(r, h) || !is_longest(r, r->opposite[h])) continue;
      TRY(split(r, h));
      done_now++;
    }
  }
done:
  return st;
}

/* Number of lines that meet at a point: 0 inside a patch, 2 on a line. */
static int lines_at(const struct remesh *r, int32_t v) {
  int n = 0;
  int32_t h = r->leaving[v];
  do {
    n += is_line(r, h);
    h = around(r, h);
  } while (h != r->leaving[v]);
  return n;
}

static bool joined(const struct remesh *r, int32_t a, int32_t b) {
  int32_t h = r->leaving[a];
  do {
    if (end_of(r, h) == b) return true;
    h = around(r, h);
  } while (h != r->leaving[a]);
  return false;
}

/* Exactly the two opposite corners are neighbours of both ends. */
static bool may_join(const struct remesh *r, int32_t a, int32_t b) {
  int common = 0;
  int32_t h = r->leaving[a];
  do {
    common += joined(r, end_of(r, h), b);
    h = around(r, h);
  } while (h != r->leaving[a]);
  return common == 2;
}

/* Cosine between the normal n of a triangle and the outward direction there: the
 * gradient, or the normal of the flat face. */
static double facing(const struct remesh *r, int patch, const int32_t corner[3], struct vec3 n) {
  struct vec3 out = {0, 0, 0};
  if (patch == TET_CUT)
    out = vec3_scale(r->domain->plane[TET_CUT].normal, -1);
  else
    for (int c = 0; c < 3; c++) out = vec3_add(out, r->normal[corner[c]]);
  const double lengths = vec3_length(n) * vec3_length(out);
  return lengths > 0 ? vec3_dot(n, out) / lengths : -1;
}

/* A triangle may turn from n_old to n_new when it looks outwards, or more so than before. */
static bool turns_well(const struct remesh *r, int patch, const int32_t corner[3],
                       struct vec3 n_old, struct vec3 n_new) {
  const double least = 0.4, now = facing(r, patch, corner, n_new);
  if (vec3_dot(n_old, n_new) > 0.95 * vec3_length(n_old) * vec3_length(n_new)) return true;
  return now > least || now > facing(r, patch, corner, n_old);
}

/* Is the triangle (v p q) of half-edge h still good when v moves to `to`: not folded, not much
 * thinner? Crumbs have no direction worth keeping; they go when their edges are joined. */
static bool stays_good(const struct remesh *r, int32_t h, struct vec3 to) {
  const double crumb = 0.02, size_mm = tet_size_at(r->size, to);
  const int32_t corner[3] = {r->from[h], end_of(r, h), r->from[before(h)]};
  const struct vec3 v = r->point[corner[0]], p = r->point[corner[1]], q = r->point[corner[2]];
  const struct vec3 old = normal_of(v, p, q), new = normal_of(to, p, q);
  if (fmax(vec3_length(old), vec3_length(new)) < crumb * size_mm * size_mm) return true;
  if (!turns_well(r, patch_of(r, h), corner, old, new)) return false;
  const double worst = worst_cosine(to, p, q);
  return worst <= 0.999 || worst <= worst_cosine(v, p, q);
}

/* May point v move to `to`, judged by its triangles (other than those that hold `skip`) and, if
 * wanted, the length of its edges? */
static bool moves_well(const struct remesh *r, int32_t v, int32_t skip, struct vec3 to,
                       bool limit_length) {
  int32_t h = r->leaving[v];
  do {
    const int32_t p = end_of(r, h), q = r->from[before(h)];
    if (p != skip && q != skip && !stays_good(r, h, to)) return false;
    if (limit_length && p != skip &&
        vec3_length(vec3_sub(to, r->point[p])) > 4. / 3 * tet_size_at(r->size, to))
      return false;
    h = around(r, h);
  } while (h != r->leaving[v]);
  return true;
}

/* Remove the start of h: it becomes the end, which moves to `to`. */
static void join(struct remesh *r, int32_t h, struct vec3 to) {
  const int32_t o = r->opposite[h], a = r->from[h], b = r->from[o];
  const int32_t c = r->from[before(h)], d = r->from[before(o)];
  const int32_t bc = r->opposite[next_of(h)], ca = r->opposite[before(h)];
  const int32_t ad = r->opposite[next_of(o)], db = r->opposite[before(o)];
  int32_t g = r->leaving[a];
  do { /* the ring is read through `opposite`, which does not change here */
    r->from[g] = b;
    g = around(r, g);
  } while (g != r->leaving[a]);
  link_up(r, bc, ca);
  link_up(r, ad, db);
  for (int e = 0; e < 3; e++) r->from[h / 3 * 3 + e] = r->from[o / 3 * 3 + e] = -1;
  r->leaving[a] = -1;
  place(r, b, to);
  r->leaving[b] = ca; /* the half-edges outside the two triangles: b to c, c to b, d to b */
  r->leaving[c] = bc;
  r->leaving[d] = ad;
}

static bool try_join(struct remesh *r, int32_t h) {
  const int32_t a = r->from[h], b = end_of(r, h);
  const int at_a = lines_at(r, a), at_b = lines_at(r, b);
  const bool line = is_line(r, h);
  struct vec3 to = r->point[b];
  if (at_a != 0 && !(line && at_a == 2)) return false; /* a would leave its line */
  if (at_a == 2 && at_b == 2)
    to = tet_domain_project_patch(r->domain, vec3_scale(vec3_add(r->point[a], r->point[b]), 0.5),
                                  patch_of(r, h), patch_of(r, r->opposite[h]));
  else if (at_b == 0)
    to = tet_domain_project_patch(r->domain, vec3_scale(vec3_add(r->point[a], r->point[b]), 0.5),
                                  patch_of(r, h), patch_of(r, h));
  if (!may_join(r, a, b) || !moves_well(r, a, b, to, true) || !moves_well(r, b, a, to, true))
    return false;
  join(r, h, to);
  return true;
}

static void join_short(struct remesh *r) {
  for (int32_t h = 0; h < 3 * r->triangles; h++) {
    if (r->from[h] < 0 || relative_length(r, h) >= 4. / 5) continue;
    try_join(r, h); /* the other direction has its turn too */
  }
}

/* Turn the edge of h when that makes the smallest angle of its two triangles larger. */
static void try_flip(struct remesh *r, int32_t h) {
  const int32_t o = r->opposite[h], a = r->from[h], b = r->from[o];
  const int32_t c = r->from[before(h)], d = r->from[before(o)];
  const struct vec3 pa = r->point[a], pb = r->point[b], pc = r->point[c], pd = r->point[d];
  if (is_line(r, h)) return;
  const double old = fmax(worst_cosine(pa, pb, pc), worst_cosine(pb, pa, pd));
  const double new = fmax(worst_cosine(pc, pa, pd), worst_cosine(pd, pb, pc));
  if (!(new < old - 1e-6) || joined(r, c, d)) return;
  const int32_t first[3] = {c, a, d}, second[3] = {d, b, c};
  if (!turns_well(r, patch_of(r, h), first, normal_of(pa, pb, pc), normal_of(pc, pa, pd)) ||
      !turns_well(r, patch_of(r, h), second, normal_of(pb, pa, pd), normal_of(pd, pb, pc)))
    return;
  const int32_t bc = r->opposite[next_of(h)], ca = r->opposite[before(h)];
  const int32_t ad = r->opposite[next_of(o)], db = r->opposite[before(o)];
  const int32_t s = h / 3 * 3, t = o / 3 * 3;
  r->from[s] = c, r->from[s + 1] = a, r->from[s + 2] = d;
  r->from[t] = d, r->from[t + 1] = b, r->from[t + 2] = c;
  link_up(r, s, ca);
  link_up(r, s + 1, ad);
  link_up(r, t, db);
  link_up(r, t + 1, bc);
  link_up(r, s + 2, t + 2);
  r->leaving[a] = s + 1;
  r->leaving[b] = t + 1;
  r->leaving[c] = s;
  r->leaving[d] = t;
}

static void flip_edges(struct remesh *r) {
  for (int32_t h = 0; h < 3 * r->triangles; h++)
    if (r->from[h] >= 0 && h < r->opposite[h]) try_flip(r, h);
}

/* Mean of the neighbours, weighted by the area around each; along the line for points on one. */
static bool middle_of_neighbours(struct vec3 *out, const struct remesh *r, int32_t v, int lines,
                                 int patches[2]) {
  struct vec3 sum = {0, 0, 0};
  double weight = 0;
  int32_t h = r->leaving[v];
  do {
    const int32_t p = end_of(r, h), q = r->from[before(h)];
    if (lines == 0) {
      const double area = vec3_length(normal_of(r->point[v], r->point[p], r->point[q]));
      sum = vec3_along(sum, area, r->point[p]);
      sum = vec3_along(sum, area, r->point[q]);
      weight += 2 * area;
      patches[0] = patches[1] = patch_of(r, h);
    } else if (is_line(r, h)) {
      sum = vec3_add(sum, r->point[p]);
      weight += 1;
      patches[0] = patch_of(r, h);
      patches[1] = patch_of(r, r->opposite[h]);
    }
    h = around(r, h);
  } while (h != r->leaving[v]);
  if (!(weight > 0)) return false;
  *out = vec3_scale(sum, 1 / weight);
  return true;
}

static void relax(struct remesh *r) {
  for (int32_t v = 0; v < r->points; v++) {
    struct vec3 to;
    int patches[2];
    if (r->leaving[v] < 0) continue;
    const int lines = lines_at(r, v);
    if ((lines != 0 && lines != 2) || !middle_of_neighbours(&to, r, v, lines, patches)) continue;
    to = vec3_along(r->point[v], 0.7, vec3_sub(to, r->point[v]));
    to = tet_domain_project_patch(r->domain, to, patches[0], patches[1]);
    if (moves_well(r, v, -1, to, false)) place(r, v, to);
  }
}

/* Back to lists without gaps. */
static status store(struct tet_skin *s, const struct remesh *r) {
  status st = ST_OK;
  int32_t *number = malloc(((size_t)r->points + 1) * sizeof *number);
  struct vec3 *point = malloc(((size_t)r->points + 1) * sizeof *point);
  int32_t(*triangle)[3] = malloc(((size_t)r->triangles + 1) * sizeof *triangle);
  uint8_t *patch = malloc((size_t)r->triangles + 1);
  int32_t points = 0, triangles = 0;
  CHECK(number && point && triangle && patch, ST_MEMORY, "surface: no memory");
  for (int32_t v = 0; v < r->points; v++) {
    if (r->leaving[v] < 0) continue;
    number[v] = points;
    point[points++] = r->point[v];
  }
  for (int32_t t = 0; t < r->triangles; t++) {
    if (r->from[3 * t] < 0) continue;
    for (int c = 0; c < 3; c++) triangle[triangles][c] = number[r->from[3 * t + c]];
    patch[triangles++] = r->patch[t];
  }
  free(s->point), free(s->triangle), free(s->patch);
  *s = (struct tet_skin){.point = point,
                         .triangle = triangle,
                         .patch = patch,
                         .points = points,
                         .triangles = triangles,
                         .point_capacity = r->points + 1,
                         .triangle_capacity = r->triangles + 1};
  point = NULL, triangle = NULL, patch = NULL;
done:
  free(number);
  free(point);
  free(triangle);
  free(patch);
  return st;
}

status tet_remesh(struct tet_skin *s, const struct tet_domain *domain, const struct tet_size *size,
                  int passes) {
  status st = ST_OK;
  struct remesh r = {.domain = domain, .size = size};
  TRY(remesh_make(&r, s));
  for (int pass = 0; pass < passes; pass++) {
    TRY(split_long(&r));
    join_short(&r);
    flip_edges(&r);
    relax(&r);
  }
  for (int pass = 0; pass < 3; pass++) {
    flip_edges(&r);
    relax(&r);
  }
  TRY(store(s, &r));
  TRY(tet_skin_check(s));
done:
  remesh_clear(&r);
  return st;
}

double tet_skin_least_angle(const struct tet_skin *s, int64_t *below_20) {
  const double degree = 3.14159265358979323846 / 180;
  double worst = -1;
  *below_20 = 0;
  for (int32_t t = 0; t < s->triangles; t++) {
    const int32_t *c = s->triangle[t];
    const double cosine = worst_cosine(s->point[c[0]], s->point[c[1]], s->point[c[2]]);
    *below_20 += cosine > cos(20 * degree);
    worst = fmax(worst, cosine);
  }
  return acos(fmin(1, worst)) / degree;
}
