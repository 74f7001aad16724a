#include "core/filter_lines.h"

#include "core/parallel.h"

#include <stdlib.h>

enum { LANES = FILTER_LANES };

/* Lines that stand side by side: places of one are `step` apart, neighbouring lines `beside`. */
struct bundle {
  int64_t n, step, beside;
  int lanes;
};

static void filter_bundle(float *v, const struct bundle *b, line_filter filter, const void *user,
                          double *room) {
  double *in = room, *out = room + b->n * LANES;
  for (int64_t k = 0; k < b->n; k++)
    for (int c = 0; c < b->lanes; c++) in[k * LANES + c] = (double)v[k * b->step + c * b->beside];
  filter(out, in, b->n, user);
  for (int64_t k = 0; k < b->n; k++)
    for (int c = 0; c < b->lanes; c++) v[k * b->step + c * b->beside] = (float)out[k * LANES + c];
}

/* Lines along x stand side by side over y, all others over x. */
status filter_lines(float *voxels, const int64_t size[3], int axis, line_filter filter,
                    const void *user) {
  status st = ST_OK;
  const int64_t stride[3] = {1, size[0], size[0] * size[1]};
  int over = axis == 0 ? 1 : 0, outer = 3 - axis - over, failed = 0;
  int64_t bundles = (size[over] + LANES - 1) / LANES;
#pragma omp parallel num_threads(parallel_threads())
  {
    double *room = calloc(2 * (size_t)size[axis] * LANES, sizeof *room);
    if (!room) {
#pragma omp atomic write
      failed = 1;
    }
#pragma omp for schedule(static) collapse(2)
    for (int64_t o = 0; o < size[outer]; o++)
      for (int64_t g = 0; g < bundles; g++) {
        int64_t first = g * LANES, left = size[over] - first;
        const struct bundle b = {size[axis], stride[axis], stride[over],
                                 left < LANES ? (int)left : LANES};
        if (room)
          filter_bundle(voxels + o * stride[outer] + first * stride[over], &b, filter, user, room);
      }
    free(room);
  }
  CHECK(!failed, ST_MEMORY, "filtering lines of %lld voxels: out of memory", (long long)size[axis]);
done:
  return st;
}
