#include "fea/cap.h"

#include <math.h>
#include <stdlib.h>

static bool touches(const struct fea_model *m, const struct fea_cap *cap, int64_t v) {
  return m->part[v] == FEA_BONE && (!cap->contact || cap->contact[v]);
}

/* Outermost voxel layer along the axis that may touch, -1 when there is none. */
static int64_t extreme_layer(const struct fea_model *m, const struct fea_cap *cap) {
  const int64_t n = geometry_voxels(&m->grid);
  int64_t best = -1;
  for (int64_t v = 0; v < n; v++) {
    if (!touches(m, cap, v)) continue;
    const int64_t at[3] = {v % m->grid.nx, v / m->grid.nx % m->grid.ny,
                           v / (m->grid.nx * m->grid.ny)};
    if (best < 0 || (cap->side ? at[cap->axis] > best : at[cap->axis] < best)) best = at[cap->axis];
  }
  return best;
}

/* Layer of the outermost bone of every column within reach of the extreme, -1 where there is none
 * or what comes first may not touch. */
static void find_contact(const struct fea_model *m, const struct fea_cap *cap, int64_t extreme,
                         int64_t out, int64_t deep, int32_t *contact) {
  const int64_t extent[3] = {m->grid.nx, m->grid.ny, m->grid.nz};
  const int64_t step[3] = {1, m->grid.nx, m->grid.nx * m->grid.ny};
  const int p = (cap->axis + 1) % 3, q = (cap->axis + 2) % 3;
  for (int64_t b = 0; b < extent[q]; b++)
    for (int64_t a = 0; a < extent[p]; a++) {
      int64_t at = extreme;
      const int64_t column = a * step[p] + b * step[q], end = extreme - out * deep;
      while (at != end && at >= 0 && at < extent[cap->axis] &&
             m->part[column + at * step[cap->axis]] != FEA_BONE)
        at -= out;
      const bool found = at != end && at >= 0 && at < extent[cap->axis] &&
                         touches(m, cap, column + at * step[cap->axis]);
      contact[b * extent[p] + a] = found ? (int32_t)at : -1;
    }
}

/* Six or more of the 3 x 3 columns around touch bone. */
static bool backed(const int32_t *contact, int64_t wide, int64_t high, int64_t a, int64_t b) {
  int n = 0;
  for (int64_t y = b - 1; y <= b + 1; y++)
    for (int64_t x = a - 1; x <= a + 1; x++)
      n += x >= 0 && y >= 0 && x < wide && y < high && contact[y * wide + x] >= 0;
  return n >= 6;
}

status fea_cap_add(struct fea_model *m, const struct fea_cap *cap, int64_t *face) {
  status st = ST_OK;
  const int64_t extent[3] = {m->grid.nx, m->grid.ny, m->grid.nz};
  const int64_t step[3] = {1, m->grid.nx, m->grid.nx * m->grid.ny};
  const double h = m->grid.spacing[0];
  const int64_t deep = (int64_t)lround(cap->intrusion_mm / h);
  const int64_t beyond = (int64_t)lround((cap->thick_mm - cap->intrusion_mm) / h);
  const int64_t extreme = extreme_layer(m, cap), out = cap->side ? 1 : -1;
  const int64_t last = extreme + out * beyond; /* outermost layer of the cap */
  const int p = (cap->axis + 1) % 3, q = (cap->axis + 2) % 3;
  int64_t filled = 0;
  int32_t *contact = malloc((size_t)(extent[p] * extent[q]) * sizeof *contact);
  CHECK(contact, ST_MEMORY, "cap: no memory");
  CHECK(deep >= 1 && beyond >= 1, ST_DOMAIN,
        "cap: %g mm thick with %g mm intrusion leaves less than one element of %g mm in or out",
        cap->thick_mm, cap->intrusion_mm, h);
  CHECK(extreme >= 0, ST_DOMAIN, "cap: no bone that it could touch");
  CHECK(last >= 0 && last < extent[cap->axis], ST_DOMAIN,
        "cap: no room in the grid beyond the bone");
  find_contact(m, cap, extreme, out, deep, contact);
  for (int64_t b = 0; b < extent[q]; b++)
    for (int64_t a = 0; a < extent[p]; a++) {
      const int64_t column = a * step[p] + b * step[q];
      int64_t at = contact[b * extent[p] + a];
      if (at < 0 || !backed(contact, extent[p], extent[q], a, b)) continue;
      for (at += out; at != last + out; at += out) {
        const int64_t v = column + at * step[cap->axis];
        if (m->part[v] != FEA_VOID) continue;
        m->part[v] = FEA_CAP;
        m->modulus[v] = (float)cap->modulus_mpa;
        filled++;
      }
    }
  CHECK(filled > 0, ST_DOMAIN,
        "cap: the bone within %g mm of its extreme is too narrow for a cap on elements of %g mm",
        cap->intrusion_mm, h);
  *face = cap->side ? last + 1 : last;
done:
  free(contact);
  return st;
}
