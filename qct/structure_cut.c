#include "qct/structure_cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 4 }; /* scan lines to a pixel */

struct structure_window structure_window_about(double half, double step) {
  int n = 2 * (int)ceil(half / step) + 1;
  struct structure_window w = {n, n, step, -(n / 2) * step, -(n / 2) * step};
  return w;
}

/* ---- filling ---- */

struct crossing {
  int line;  /* scan line */
  int turn;  /* +1 entering, -1 leaving, going along front */
  double at; /* pixels along front */
};

struct crossings {
  struct crossing *c; /* owned */
  int64_t count, capacity;
};

static status add_crossing(struct crossings *all, int line, double at, int turn) {
  status st = ST_OK;
  if (all->count == all->capacity) {
    int64_t capacity = all->capacity ? 2 * all->capacity : 4096;
    struct crossing *grown = realloc(all->c, (size_t)capacity * sizeof *grown);
    CHECK(grown, ST_MEMORY, "cutting a surface: out of memory");
    all->c = grown;
    all->capacity = capacity;
  }
  all->c[all->count++] = (struct crossing){line, turn, at};
done:
  return st;
}

/* One segment of the cut, the inside at its left, in pixels. */
static status add_segment(struct crossings *all, const struct structure_window *w,
                          const double a[2], const double b[2]) {
  status st = ST_OK;
  double low = fmin(a[1], b[1]), high = fmax(a[1], b[1]);
  /* line l lies at pixel height (l + 0.5)/LINES - 0.5 */
  double first = ceil((low + 0.5) * LINES - 0.5), last = ceil((high + 0.5) * LINES - 0.5) - 1;
  if (high <= low) goto done;
  for (int l = (int)fmax(first, 0); l <= (int)fmin(last, w->ny * LINES - 1); l++) {
    double y = (l + 0.5) / LINES - 0.5, t = (y - a[1]) / (b[1] - a[1]);
    TRY(add_crossing(all, l, a[0] + t * (b[0] - a[0]), b[1] < a[1] ? 1 : -1));
  }
done:
  return st;
}

/* Where the plane meets the edge from v to u. */
static void meet(double out[2], const struct structure_window *w, const struct surface *s,
                 const struct structure_plane *p, const double *height, int32_t v, int32_t u) {
  double t = height[v] / (height[v] - height[u]);
  struct vec3 at = vec3_add(vec3_scale(s->vertices[v], 1 - t), vec3_scale(s->vertices[u], t));
  struct vec3 d = vec3_sub(at, p->centre);
  out[0] = (vec3_dot(d, p->front) - w->front0) / w->step;
  out[1] = (vec3_dot(d, p->up) - w->up0) / w->step;
}

/* A triangle seen from outside counter-clockwise leaves the plane's upper side along its cut with
 * the inside at the left, when the plane's normal is front x up; else it is turned. */
static status cut_triangle(struct crossings *all, const struct structure_window *w,
                           const struct surface *s, const struct structure_plane *p,
                           const double *height, const int32_t *t, bool mirrored) {
  status st = ST_OK;
  bool above[3] = {height[t[0]] > 0, height[t[1]] > 0, height[t[2]] > 0};
  int n = above[0] + above[1] + above[2];
  if (n == 0 || n == 3) goto done;
  int alone = 0; /* the corner on a side of its own */
  for (int k = 0; k < 3; k++)
    if (above[k] == (n == 1)) alone = k;
  double a[2], b[2];
  meet(a, w, s, p, height, t[alone], t[(alone + 1) % 3]);
  meet(b, w, s, p, height, t[alone], t[(alone + 2) % 3]);
  if ((n == 1) != mirrored)
    TRY(add_segment(all, w, a, b));
  else
    TRY(add_segment(all, w, b, a));
done:
  return st;
}

static int compare_crossings(const void *x, const void *y) {
  const struct crossing *a = x, *b = y;
  if (a->line != b->line) return a->line < b->line ? -1 : 1;
  return (a->at > b->at) - (a->at < b->at);
}

/* Cover pixels from `from` to `to` (pixel borders lie at halves) on one line. */
static void cover(float *row, int nx, double from, double to) {
  from = fmax(from, -0.5);
  to = fmin(to, nx - 0.5);
  for (int i = (int)floor(from + 0.5); i < nx && i - 0.5 < to; i++) {
    double part = fmin(to, i + 0.5) - fmax(from, i - 0.5);
    if (part > 0) row[i] += (float)(part / LINES);
  }
}

status structure_cut(float *share, const struct structure_window *w, const struct surface *s,
                     const struct structure_plane *plane) {
  status st = ST_OK;
  struct crossings all = {NULL, 0, 0};
  double *height = malloc((size_t)s->vertex_count * sizeof *height);
  CHECK(height, ST_MEMORY, "cutting a surface: out of memory");
  bool mirrored = vec3_dot(vec3_cross(plane->front, plane->up), plane->normal) < 0;
  memset(share, 0, (size_t)w->nx * (size_t)w->ny * sizeof *share);
  for (int64_t i = 0; i < s->vertex_count; i++) {
    height[i] = vec3_dot(vec3_sub(s->vertices[i], plane->centre), plane->normal);
    if (height[i] == 0) height[i] = 1e-9;
  }
  for (int64_t t = 0; t < s->triangle_count; t++)
    TRY(cut_triangle(&all, w, s, plane, height, s->triangles + 3 * t, mirrored));
  if (all.count) qsort(all.c, (size_t)all.count, sizeof *all.c, compare_crossings);
  for (int64_t i = 0, turns = 0; i < all.count; i++) {
    if (i && all.c[i].line != all.c[i - 1].line) turns = 0;
    turns += all.c[i].turn;
    if (turns > 0 && i + 1 < all.count && all.c[i + 1].line == all.c[i].line)
      cover(share + (int64_t)(all.c[i].line / LINES) * w->nx, w->nx, all.c[i].at, all.c[i + 1].at);
  }
done:
  free(all.c);
  free(height);
  return st;
}

/* ---- pieces ---- */

/* Number the pieces of share >= 0.5 in `piece` (0 none). */
static int number_pieces(int32_t *piece, int32_t *stack, const float *bone, int nx, int ny) {
  int count = 0;
  for (int64_t start = 0, n = (int64_t)nx * ny; start < n; start++) {
    if (bone[start] < 0.5F || piece[start]) continue;
    int64_t top = 0;
    piece[start] = ++count;
    stack[top++] = (int32_t)start;
    while (top) {
      int at = stack[--top], i = at % nx, j = at / nx;
      const int next[4] = {i > 0 ? at - 1 : -1, i + 1 < nx ? at + 1 : -1, j > 0 ? at - nx : -1,
                           j + 1 < ny ? at + nx : -1};
      for (int k = 0; k < 4; k++) {
        if (next[k] < 0 || bone[next[k]] < 0.5F || piece[next[k]]) continue;
        piece[next[k]] = count;
        stack[top++] = next[k];
      }
    }
  }
  return count;
}

/* Pieces spread to the pixels around them, nearest first (chamfer distance, two sweeps). */
static void spread_pieces(int32_t *piece, float *distance, int nx, int ny) {
  static const int di[4] = {-1, -1, 0, 1}, dj[4] = {0, -1, -1, -1};
  static const float cost[4] = {1, 1.41421356F, 1, 1.41421356F};
  for (int64_t i = 0, n = (int64_t)nx * ny; i < n; i++) distance[i] = piece[i] ? 0 : 1e9F;
  for (int sweep = 0; sweep < 2; sweep++)
    for (int64_t m = 0, n = (int64_t)nx * ny; m < n; m++) {
      int64_t at = sweep ? n - 1 - m : m;
      int i = (int)(at % nx), j = (int)(at / nx);
      for (int k = 0; k < 4; k++) {
        int x = i + (sweep ? -di[k] : di[k]), y = j + (sweep ? -dj[k] : dj[k]);
        if (x < 0 || y < 0 || x >= nx || y >= ny) continue;
        int64_t from = (int64_t)y * nx + x;
        if (distance[from] + cost[k] >= distance[at]) continue;
        distance[at] = distance[from] + cost[k];
        piece[at] = piece[from];
      }
    }
}

static int nearest_piece(const int32_t *piece, const struct structure_window *w) {
  const double reach = 15;
  double best = reach * reach;
  int found = 0;
  for (int j = 0; j < w->ny; j++)
    for (int i = 0; i < w->nx; i++) {
      double x = w->front0 + i * w->step, y = w->up0 + j * w->step, d = x * x + y * y;
      if (!piece[(int64_t)j * w->nx + i] || d >= best) continue;
      best = d;
      found = piece[(int64_t)j * w->nx + i];
    }
  return found;
}

status structure_keep_piece(float *bone, uint8_t *owner, int box[4],
                            const struct structure_window *w, double reach_mm) {
  status st = ST_OK;
  size_t n = (size_t)w->nx * (size_t)w->ny;
  int32_t *piece = calloc(n, sizeof *piece), *stack = malloc(n * sizeof *stack);
  float *distance = malloc(n * sizeof *distance);
  int b[4] = {w->nx, w->ny, -1, -1};
  CHECK(piece && stack && distance, ST_MEMORY, "section: out of memory");
  number_pieces(piece, stack, bone, w->nx, w->ny);
  int kept = nearest_piece(piece, w);
  CHECK(kept, ST_DOMAIN, "section: no bone within 15 mm of its centre");
  spread_pieces(piece, distance, w->nx, w->ny);
  for (size_t i = 0; i < n; i++) {
    bool mine = piece[i] == kept;
    int x = (int)(i % (size_t)w->nx), y = (int)(i / (size_t)w->nx);
    if (!mine || distance[i] > 2) bone[i] = 0;
    if (owner) owner[i] = mine && (double)distance[i] * w->step <= reach_mm;
    if (bone[i] <= 0) continue;
    b[0] = x < b[0] ? x : b[0];
    b[1] = y < b[1] ? y : b[1];
    b[2] = x > b[2] ? x : b[2];
    b[3] = y > b[3] ? y : b[3];
  }
  if (box) memcpy(box, b, sizeof b);
done:
  free(piece);
  free(stack);
  free(distance);
  return st;
}
