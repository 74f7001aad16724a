#include "anatomy/section.h"

#include "anatomy/box.h"

#include <string.h>

enum { N = SECTION_SIDE, HALF = SECTION_SIDE / 2 };

struct plane { /* sampled where it is looked at; `mark` is 1 for the piece */
  const struct volume *field;
  struct vec3 centre, u, v; /* u, v: steps between samples */
  int low[2], high[2];      /* of the piece, samples */
  float value[N][N];
  uint8_t known[N][N], mark[N][N];
};

static float plane_value(struct plane *p, int i, int j) {
  if (!p->known[j][i]) {
    struct vec3 at = vec3_along(vec3_along(p->centre, i - HALF, p->u), j - HALF, p->v);
    p->value[j][i] = (float)box_sample(p->field, at.x, at.y, at.z);
    p->known[j][i] = 1;
  }
  return p->value[j][i];
}

/* Nearest sample inside the mask, ring by ring (squares) around the centre. */
static int nearest_inside(struct plane *p, double reach, int *bi, int *bj) {
  for (int ring = 0; ring <= HALF && ring <= reach; ring++) {
    double best = reach * reach + 1;
    for (int j = HALF - ring; j <= HALF + ring; j++) {
      int step = j == HALF - ring || j == HALF + ring ? 1 : 2 * ring;
      for (int i = HALF - ring; i <= HALF + ring; i += step > 0 ? step : 1) {
        double d = (i - HALF) * (i - HALF) + (j - HALF) * (j - HALF);
        if (d >= best || !(plane_value(p, i, j) >= 0.5F)) continue;
        best = d;
        *bi = i;
        *bj = j;
      }
    }
    if (best <= reach * reach) return 1;
  }
  return 0;
}

/* Mark the piece that holds (i, j); 0 when it meets the edge of the square or of the box. */
static int flood_piece(struct plane *p, int i, int j) {
  static const int di[4] = {1, -1, 0, 0}, dj[4] = {0, 0, 1, -1};
  int16_t stack[N * N][2];
  int top = 0, complete = 1;
  p->mark[j][i] = 1;
  stack[top][0] = (int16_t)i;
  stack[top++][1] = (int16_t)j;
  p->low[0] = p->high[0] = i;
  p->low[1] = p->high[1] = j;
  while (top) {
    i = stack[--top][0];
    j = stack[top][1];
    p->low[0] = i < p->low[0] ? i : p->low[0];
    p->high[0] = i > p->high[0] ? i : p->high[0];
    p->low[1] = j < p->low[1] ? j : p->low[1];
    p->high[1] = j > p->high[1] ? j : p->high[1];
    for (int a = 0; a < 4; a++) {
      int x = i + di[a], y = j + dj[a];
      if (x < 0 || y < 0 || x >= N || y >= N || isnan(plane_value(p, x, y))) {
        complete = 0;
      } else if (p->value[y][x] >= 0.5F && !p->mark[y][x]) {
        p->mark[y][x] = 1;
        stack[top][0] = (int16_t)x;
        stack[top++][1] = (int16_t)y;
      }
    }
  }
  return complete;
}

/* ---- contour of the piece: marching squares, area and moments by Green's theorem ---- */

struct contour {
  double area, length, mx, my;
};

static void add_segment(struct contour *c, const double a[2], const double b[2]) {
  double cross = a[0] * b[1] - b[0] * a[1];
  c->area += cross / 2;
  c->mx += (a[0] + b[0]) * cross / 6;
  c->my += (a[1] + b[1]) * cross / 6;
  c->length += hypot(b[0] - a[0], b[1] - a[1]);
}

/* Crossing of the 0.5 level on side s of the cell (0 bottom, 1 right, 2 top, 3 left). */
static void crossing(double out[2], int s, const double f[4], int i, int j) {
  static const int from[4] = {0, 1, 3, 0}, to[4] = {1, 2, 2, 3};
  static const double corner[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  double a = f[from[s]], b = f[to[s]], t = (0.5 - a) / (b - a);
  for (int k = 0; k < 2; k++)
    out[k] = corner[from[s]][k] + t * (corner[to[s]][k] - corner[from[s]][k]);
  out[0] += i - HALF;
  out[1] += j - HALF;
}

/* Segments keep the inside on their left. Corner bits 1, 2, 4, 8 run counter-clockwise. */
static void add_cell(struct contour *c, struct plane *p, int i, int j) {
  static const int table[16][4] = {
      {-1, -1, -1, -1}, {0, 3, -1, -1}, {1, 0, -1, -1}, {1, 3, -1, -1},
      {2, 1, -1, -1},   {0, 3, 2, 1},   {2, 0, -1, -1}, {2, 3, -1, -1},
      {3, 2, -1, -1},   {0, 2, -1, -1}, {1, 0, 3, 2},   {1, 2, -1, -1},
      {3, 1, -1, -1},   {0, 1, -1, -1}, {3, 0, -1, -1}, {-1, -1, -1, -1}};
  static const int di[4] = {0, 1, 1, 0}, dj[4] = {0, 0, 1, 1};
  double f[4];
  int code = 0;
  for (int k = 0; k < 4; k++) {
    int x = i + di[k], y = j + dj[k], in = p->mark[y][x];
    double value = plane_value(p, x, y);
    f[k] = in ? value : isnan(value) ? 0 : fmin(value, 0.4999);
    code |= in << k;
  }
  for (int s = 0; s < 4 && table[code][s] >= 0; s += 2) {
    double a[2], b[2];
    crossing(a, table[code][s], f, i, j);
    crossing(b, table[code][s + 1], f, i, j);
    add_segment(c, a, b);
  }
}

void section_cut(struct section *out, const struct volume *field, struct vec3 centre,
                 struct vec3 normal, double step, double reach_mm) {
  struct plane p = {.field = field, .centre = centre};
  struct contour c = {0, 0, 0, 0};
  struct vec3 u = vec3_perpendicular(normal), v = vec3_cross(normal, u);
  int i = 0, j = 0;
  memset(out, 0, sizeof *out);
  p.u = vec3_scale(u, step);
  p.v = vec3_scale(v, step);
  memset(p.known, 0, sizeof p.known);
  memset(p.mark, 0, sizeof p.mark);
  if (!nearest_inside(&p, reach_mm / step, &i, &j)) return;
  out->complete = flood_piece(&p, i, j);
  for (j = p.low[1] ? p.low[1] - 1 : 0; j <= p.high[1] && j + 1 < N; j++)
    for (i = p.low[0] ? p.low[0] - 1 : 0; i <= p.high[0] && i + 1 < N; i++) add_cell(&c, &p, i, j);
  if (c.area <= 0) return;
  out->found = 1;
  out->area_mm2 = c.area * step * step;
  out->perimeter_mm = c.length * step;
  out->centroid = vec3_along(vec3_along(centre, c.mx / c.area * step, u), c.my / c.area * step, v);
}
