/* Marrow space beside the cortex of a shell, where blur mixes the two. */
#ifndef QCT_QCT_SHELL_RIM_H
#define QCT_QCT_SHELL_RIM_H

#include "qct/shell.h"

/* Density of the marrow space as a line in the depth below the inner surface, at every vertex: the
 * regression over the voxels of 3 mm from where blur of the cortex ends, of the surface within
 * about 6 mm. A density fitted together with the cortex takes what the model of the blur leaves
 * over: 3 mm slices at an angle made it 30 % too large in the rim of a neck (dev person 1003). */
struct shell_rim {
  float *depth_mm, *mean, *slope; /* owned: middle of the line, density there, change per mm */
};

/** @param depth   of every voxel of s->grid below the inner surface at its vertex
 * @param vertex   the vertex nearest to it, -1: none
 * @return ST_MEMORY */
status shell_rim_make(struct shell_rim *out, const struct qct_shell *s, const struct volume *part,
                      const int32_t *vertex);
void shell_rim_free(struct shell_rim *r);

/** Depth below the inner surface [mm] at which nothing of the cortex is left that matters: half the
 * box of a slice and 4 SD of the rest. At 3 SD a normal distribution leaves 0.13 % of it, but blur
 * with tails, as pixels of about its size give it, 0.5 %: 2 mg/cm3 too much in the rim. */
double shell_rim_end(const struct qct_shell *s, int64_t vertex);

/** Density at a depth. */
double shell_rim_at(const struct shell_rim *r, int64_t vertex, double depth_mm);

#endif
