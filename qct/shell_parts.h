/* What the files of the shell share. Private to it. */
#ifndef QCT_QCT_SHELL_PARTS_H
#define QCT_QCT_SHELL_PARTS_H

#include "qct/shell.h"
#include "qct/shell_profiles.h"

enum { SHELL_LEAST_EDGE = 150 }; /* mg/cm3, peak over outside */

/** Fill NaN from neighbours along the surface, the rest with `fallback`, and smooth lightly: the
 * fits' own noise is independent from vertex to vertex while the bone's surface is not. */
status shell_spread(float *value, const struct surface *s, float fallback);

/**
 * Density of cortical bone and blur of this bone, from its profiles.
 * @return ST_DOMAIN when fewer than 20 profiles show an edge; ST_MEMORY */
status shell_read_bone(struct qct_shell *s, const struct shell_profiles *seen);

/** Depth of a voxel's centre below the outer edge at vertex v [mm]. */
double shell_depth_of(const struct qct_shell *s, int64_t at, int32_t v);

/** What the model of a vertex says that blur makes of the bone at a depth [mg/cm3].
 * @param[out] share  of the bone there, blurred */
double shell_bone_at(const struct qct_shell *s, int32_t v, double depth, double *share);

/** Farthest distance from the edge at which soft tissue is read at a vertex [mm]. */
double shell_soft_reach(const struct qct_shell *s, int64_t v);

/**
 * Soft tissue of every vertex whose `outside` is NaN: the mean over its voxels from 2.5 to 3.5 SD
 * of the blur, and 0.25 mm farther for errors of the edge, without what the model says the bone
 * adds; voxels that another bone reaches are left out. Places
 * without an edge of their own take their neighbours' reading.
 *
 * Where that is less dense than around most of this bone, a layer of another tissue may lie before
 * it (s->layer): the line through this reading (3 SD) and the same from 1.5 to 2.5 SD (2 SD) is
 * followed to 1 SD, and no farther than the density around most of the bone. The nearer reading
 * also holds what the model of the bone lacks, 10 to 15 mg/cm3 over a thin cortex, so it is for
 * those to use who know that such a layer is there.
 * @param vertex  the vertex nearest to each voxel, -1: none
 * @return ST_MEMORY
 */
status shell_read_soft(struct qct_shell *s, const struct volume *part, const int32_t *vertex);

#endif
