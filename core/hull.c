#include "core/hull.h"

#include <math.h>
#include <stdlib.h>

struct corner {
  int64_t row, column;
};

/* Which side of o -> a the point b lies on. */
static int64_t turn(struct corner o, struct corner a, struct corner b) {
  return (a.row - o.row) * (b.column - o.column) - (a.column - o.column) * (b.row - o.row);
}

/* One side of the hull along the rows; sign 1: the lower columns, -1: the upper. */
static int64_t chain(struct corner *out, const int64_t *end, const int64_t *low,
                     const int64_t *high, int64_t rows, int64_t sign) {
  int64_t n = 0;
  for (int64_t j = 0; j < rows; j++) {
    if (high[j] < low[j]) continue;
    struct corner next = {j, end[j]};
    while (n >= 2 && sign * turn(out[n - 2], out[n - 1], next) <= 0) n--;
    out[n++] = next;
  }
  return n;
}

/* Column of the chain at a row, rounded into the hull. */
static void lay(int64_t *span, const struct corner *c, int64_t n, int64_t sign) {
  for (int64_t s = 0; s + 1 < n; s++)
    for (int64_t j = c[s].row; j <= c[s + 1].row; j++) {
      double t = (double)(j - c[s].row) / (double)(c[s + 1].row - c[s].row);
      double x = (double)c[s].column + t * (double)(c[s + 1].column - c[s].column);
      span[j] = (int64_t)(sign > 0 ? ceil(x - 1e-9) : floor(x + 1e-9));
    }
}

status hull_fill_rows(int64_t *low, int64_t *high, int64_t rows) {
  status st = ST_OK;
  struct corner *left = malloc((size_t)(2 * rows + 2) * sizeof *left), *right = left + rows + 1;
  CHECK(left, ST_MEMORY, "convex hull of %lld rows", (long long)rows);
  int64_t n = chain(left, low, low, high, rows, 1), m = chain(right, high, low, high, rows, -1);
  lay(low, left, n, 1);
  lay(high, right, m, -1);
done:
  free(left);
  return st;
}
