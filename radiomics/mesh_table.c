#include "radiomics/mesh_table.h"

#include <string.h>

/* The corner whose patterns are looked up as their complement: x = 0, y = 1, z = 1. */
enum { LAST_CORNER = 1 << 6 };

/* Of two equally long triangulations of a skew hexagon the package takes the other one here. */
static int takes_other(int pattern) {
  return pattern == 29 || pattern == 58 || pattern == 139 || pattern == 184;
}

/* Is corner `c` an end of edge `e`? */
static int touches(int e, int c) {
  int low;
  int high;
  surface_edge_corners(e, &low, &high);
  return low == c || high == c;
}

/* A loop of seven goes round one corner alone (three edges) and round a pair (two each). It becomes
 * a fan from the middle one of the three. */
static void add_fan(struct surface_case *out, const int loop[7]) {
  int root = 0;
  for (int r = 0; r < 7; r++)
    for (int c = 0; c < 8; c++)
      if (touches(loop[r], c) && touches(loop[(r + 1) % 7], c) && touches(loop[(r + 6) % 7], c))
        root = r;
  for (int n = 1; n < 6; n++) {
    signed char *t = out->edges + 3 * out->count++;
    t[0] = (signed char)loop[root];
    t[1] = (signed char)loop[(root + n) % 7];
    t[2] = (signed char)loop[(root + n + 1) % 7];
  }
}

static void add_loop(struct surface_case *out, const int *loop, int n, int pattern) {
  int turned[12];
  if (n == 7) {
    add_fan(out, loop);
    return;
  }
  int turn = n == 6 && takes_other(pattern);
  for (int i = 0; i < n; i++) turned[i] = loop[(i + turn) % n];
  surface_loop_triangulate(out, turned, n);
}

void rad_mesh_case(struct surface_case *out, int pattern) {
  int loops[4][12];
  int lengths[4];
  int flip = pattern & LAST_CORNER;
  if (flip) pattern ^= 255;
  int count = surface_case_loops(loops, lengths, pattern);
  memset(out, 0, sizeof *out);
  for (int l = 0; l < count; l++) add_loop(out, loops[l], lengths[l], pattern);
  for (int t = 0; t < out->count && flip; t++) {
    signed char swap = out->edges[3 * t + 1];
    out->edges[3 * t + 1] = out->edges[3 * t + 2];
    out->edges[3 * t + 2] = swap;
  }
}
