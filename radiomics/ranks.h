/* Grey levels that occur, numbered 1.. without gaps (0: outside the mask), so that matrices are as
 * small as the region allows. */
#ifndef QCT_RADIOMICS_RANKS_H
#define QCT_RADIOMICS_RANKS_H

#include "radiomics/image.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rad_ranks {
  int count;       /* levels that occur */
  int *level;      /* owned, [count + 1]; level[0] = 0 */
  uint16_t *rank;  /* owned, [nz][ny][nx] of the region */
  int64_t *voxels; /* owned, [count + 1]: voxels of a rank */
};
status rad_ranks_create(struct rad_ranks *out, const struct rad_roi *roi);
void rad_ranks_free(struct rad_ranks *r);

#ifdef __cplusplus
}
#endif
#endif
