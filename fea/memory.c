/* How much memory a model takes, before it is made, and how much there is. */
#include "fea/solve.h"

#include <math.h>
#include <stdio.h>

double fea_memory_estimate(const struct geometry *grid, int64_t elements) {
  const double voxels = (double)geometry_voxels(grid);
  /* modulus, part, density; part numbers and the stack of their search; coarse boxes (1/7 of 4) */
  const double box = voxels * (4 + 1 + 4 + 4 + 8 + 0.6);
  const double dofs = 3 * 1.15 * (double)elements; /* porous models have more nodes an element */
  return box + dofs * (4 * sizeof(double) + 18) + 64e6;
}

double fea_memory_free(void) {
  char line[128];
  double kib = INFINITY;
  FILE *f = fopen("/proc/meminfo", "r");
  if (!f) return INFINITY;
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "MemAvailable: %lf kB", &kib) == 1) break;
  fclose(f);
  return kib * 1024;
}

status fea_memory_check(const struct geometry *grid, int64_t elements, double limit_gib) {
  status st = ST_OK;
  const double gib = 1024. * 1024 * 1024, need = fea_memory_estimate(grid, elements);
  const double limit = limit_gib > 0 ? limit_gib * gib : fea_memory_free();
  CHECK(need <= limit, ST_DOMAIN,
        "voxel model: %lld elements in %lld x %lld x %lld voxels need about %.1f GiB, %s %.1f GiB; "
        "crop the volume or use larger elements",
        (long long)elements, (long long)grid->nx, (long long)grid->ny, (long long)grid->nz,
        need / gib, limit_gib > 0 ? "permitted are" : "the machine has free", limit / gib);
done:
  return st;
}
