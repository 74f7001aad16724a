/* The femoral shaft below a known head, slice by slice, and the bone candidate around it. */
#ifndef QCT_ANATOMY_SHAFT_H
#define QCT_ANATOMY_SHAFT_H

#include "anatomy/head.h"
#include "anatomy/mask.h"

#ifdef __cplusplus
extern "C" {
#endif

struct shaft {
  int present;         /* at least 12 mm tracked */
  struct vec3 at;      /* point of the line at the head's height */
  double dx, dy;       /* slope of the line: mm per mm of z */
  double tracked_mm;   /* length tracked */
  int64_t first, last; /* slices tracked, of the box */
  double *area_mm2;    /* owned, [nz]; 0 where not tracked */
};

/**
 * Follow the round section of dense bone from the lowest slice to 35 mm below the head.
 *
 * @param[out] s    free with shaft_free; present 0 when no shaft was found
 * @param[in]  box  smoothed HU, cubic voxels, LPS
 */
status shaft_track(struct shaft *s, const struct volume *box, const struct head_fit *head);
void shaft_free(struct shaft *s);

/** Point of the shaft line at height z. */
struct vec3 shaft_at(const struct shaft *s, double z);

/**
 * Where bone may be: HU > 160 in pieces of 1.5 ml and more, closed by 3 mm, filled across two pairs
 * of planes, 1.5 mm wider.
 */
status shaft_bone_candidate(struct mask *out, const struct volume *box);

#ifdef __cplusplus
}
#endif
#endif
