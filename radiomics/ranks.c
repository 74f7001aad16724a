#include "radiomics/ranks.h"

#include <stdlib.h>
#include <string.h>

void rad_ranks_free(struct rad_ranks *r) {
  free(r->level);
  free(r->rank);
  free(r->voxels);
  memset(r, 0, sizeof *r);
}

status rad_ranks_create(struct rad_ranks *out, const struct rad_roi *roi) {
  status st = ST_OK;
  struct rad_ranks r = {0};
  size_t n = (size_t)(roi->n[0] * roi->n[1] * roi->n[2]);
  int top = roi->top_level;
  int64_t *counts = calloc((size_t)top + 1, sizeof *counts);
  uint16_t *rank_of = calloc((size_t)top + 1, sizeof *rank_of);
  CHECK(counts && rank_of, ST_MEMORY, "radiomics: no memory for grey levels");
  for (size_t i = 0; i < n; i++) counts[roi->level[i]]++;
  for (int l = 1; l <= top; l++)
    if (counts[l]) rank_of[l] = (uint16_t)++r.count;
  r.level = calloc((size_t)r.count + 1, sizeof *r.level);
  r.voxels = calloc((size_t)r.count + 1, sizeof *r.voxels);
  r.rank = malloc(n * sizeof *r.rank);
  CHECK(r.level && r.voxels && r.rank, ST_MEMORY, "radiomics: no memory for %zu voxels", n);
  for (int l = 1; l <= top; l++)
    if (counts[l]) {
      r.level[rank_of[l]] = l;
      r.voxels[rank_of[l]] = counts[l];
    }
  for (size_t i = 0; i < n; i++) r.rank[i] = rank_of[roi->level[i]];
  *out = r;
  memset(&r, 0, sizeof r);
done:
  free(counts);
  free(rank_of);
  rad_ranks_free(&r);
  return st;
}
