#include "core/surface_table.h"

#include <limits.h>
#include <string.h>

enum { LOOP_MAX = 12 };

void surface_edge_corners(int edge, int *low, int *high) {
  int axis = edge / 4;
  int u = edge & 1;
  int v = (edge >> 1) & 1;
  int first = axis == 0 ? 1 : 0;
  int second = axis == 2 ? 1 : 2;
  *low = (u << first) | (v << second);
  *high = *low | (1 << axis);
}

/* Edge between two neighbouring corners. */
static int edge_between(int a, int b) {
  for (int e = 0; e < 12; e++) {
    int low;
    int high;
    surface_edge_corners(e, &low, &high);
    if ((low == a && high == b) || (low == b && high == a)) return e;
  }
  return -1;
}

/* Corners of face (axis, side), counter-clockwise seen from outside the cell. */
static void face_corners(int corners[4], int axis, int side) {
  static const int around[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  int b = (axis + 1) % 3;
  int c = (axis + 2) % 3;
  for (int n = 0; n < 4; n++) {
    int m = side ? n : 3 - n;
    corners[n] = (side << axis) | (around[m][0] << b) | (around[m][1] << c);
  }
}

/* Directed segments of one face into next[]: from the crossing that enters the inside corners to
 * the crossing that leaves them, so that each inside stretch is cut off by one segment. */
static void face_segments(int next[12], int pattern, int axis, int side) {
  int corner[4];
  face_corners(corner, axis, side);
  for (int n = 0; n < 4; n++) {
    int before = corner[(n + 3) & 3];
    if (!((pattern >> corner[n]) & 1) || ((pattern >> before) & 1)) continue;
    int m = n;
    while ((pattern >> corner[(m + 1) & 3]) & 1) m++;
    int entered = edge_between(before, corner[n]);
    int left = edge_between(corner[m & 3], corner[(m + 1) & 3]);
    next[entered] = left;
  }
}

/* Bits of the faces that hold an edge's midpoint. */
static int edge_faces(int edge) {
  int low;
  int high;
  surface_edge_corners(edge, &low, &high);
  int faces = 0;
  for (int axis = 0; axis < 3; axis++)
    if (axis != edge / 4) faces |= 1 << (2 * axis + ((low >> axis) & 1));
  return faces;
}

/* Four times the squared distance of two edge midpoints. */
static int midpoint_distance(int a, int b) {
  int sum = 0;
  int al, ah, bl, bh;
  surface_edge_corners(a, &al, &ah);
  surface_edge_corners(b, &bl, &bh);
  for (int axis = 0; axis < 3; axis++) {
    int pa = ((al >> axis) & 1) + ((ah >> axis) & 1);
    int pb = ((bl >> axis) & 1) + ((bh >> axis) & 1);
    sum += (pa - pb) * (pa - pb);
  }
  return sum;
}

/* The longest diagonals reproduce the IBSI mesh volumes (the shortest give 551 instead of 556 mm3
 * on the digital phantom). A diagonal inside a face could meet the neighbour's: dear. */
static int diagonal_cost(int a, int b) {
  return -midpoint_distance(a, b) + ((edge_faces(a) & edge_faces(b)) ? 1000 : 0);
}

static void emit(struct surface_case *out, int a, int b, int c) {
  signed char *t = out->edges + 3 * out->count++;
  t[0] = (signed char)a;
  t[1] = (signed char)b;
  t[2] = (signed char)c;
}

static void emit_span(struct surface_case *out, const int *loop, signed char split[][LOOP_MAX],
                      int i, int j) {
  if (j - i < 2) return;
  int k = split[i][j];
  emit_span(out, loop, split, i, k);
  emit(out, loop[i], loop[k], loop[j]);
  emit_span(out, loop, split, k, j);
}

/* Cheapest triangulation of a loop of n edges (dynamic programme over spans). */
void surface_loop_triangulate(struct surface_case *out, const int *loop, int n) {
  int cost[LOOP_MAX][LOOP_MAX] = {{0}};
  signed char split[LOOP_MAX][LOOP_MAX] = {{0}};
  for (int length = 2; length < n; length++)
    for (int i = 0; i + length < n; i++) {
      int j = i + length;
      int best = INT_MAX;
      for (int k = i + 1; k < j; k++) {
        int c = cost[i][k] + cost[k][j];
        if (k > i + 1) c += diagonal_cost(loop[i], loop[k]);
        if (j > k + 1) c += diagonal_cost(loop[k], loop[j]);
        if (c < best) {
          best = c;
          split[i][j] = (signed char)k;
        }
      }
      cost[i][j] = best;
    }
  emit_span(out, loop, split, 0, n - 1);
}

int surface_case_loops(int loops[4][12], int lengths[4], int pattern) {
  int next[12];
  int count = 0;
  for (int e = 0; e < 12; e++) next[e] = -1;
  for (int axis = 0; axis < 3; axis++)
    for (int side = 0; side < 2; side++) face_segments(next, pattern, axis, side);
  for (int e = 0; e < 12; e++) {
    int n = 0;
    for (int at = e; next[at] >= 0;) {
      int to = next[at];
      loops[count][n++] = at;
      next[at] = -1;
      at = to;
    }
    if (n) lengths[count++] = n;
  }
  return count;
}

void surface_case_make(struct surface_case *out, int pattern) {
  int loops[4][12];
  int lengths[4];
  int count = surface_case_loops(loops, lengths, pattern);
  memset(out, 0, sizeof *out);
  for (int l = 0; l < count; l++) surface_loop_triangulate(out, loops[l], lengths[l]);
}
