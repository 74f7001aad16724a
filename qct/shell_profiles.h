/* What the fits of the shell look at: densities along the normals. Private to it. */
#ifndef QCT_QCT_SHELL_PROFILES_H
#define QCT_QCT_SHELL_PROFILES_H

#include "core/profile.h"
#include "core/surface.h"

struct shell_profiles {
  struct profile *lines;       /* owned, per vertex */
  struct profile_edges *edges; /* owned, per vertex */
  struct profile_table *table; /* owned */
  double fine_mm;              /* edge of the cubic voxels that they were sampled from, linearly */
};

/** @param part  density around the bone; no data is air
 * @return ST_MEMORY */
status shell_profiles_make(struct shell_profiles *out, const struct volume *part,
                           const struct surface *surface);
void shell_profiles_free(struct shell_profiles *p);

#endif
