/* Where the femoral heads are.
 *
 *   1. on a 2 mm grid every strong gradient votes for centres 17..31 mm along it, towards the
 * bright side; the smoothed votes give up to 30 places per side
 *   2. from each place, spheres of several start radii are fitted to the edges along 600 rays
 *   3. a fit is scored by its rim, the scatter of that rim, the socket beyond the joint on the
 *      medial side, and the marrow inside; the best of a side wins
 *
 * The strongest vote alone is often the greater trochanter or the shaft; the score decides.
 * Source: none published; tried on real scans of 0.9 to 3.3 mm slices.
 */
#ifndef QCT_ANATOMY_HEAD_H
#define QCT_ANATOMY_HEAD_H

#include "core/frame.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct head_fit {
  enum side side;     /* SIDE_UNKNOWN: nothing was fitted */
  struct vec3 centre; /* LPS mm */
  double radius_mm;
  double rim;        /* share of the rays inside the scan with an edge within 2 mm of the radius */
  double rim_rms_mm; /* RMS distance of those edges */
  double socket;     /* share of medial rays with such an edge and bone 2..12 mm beyond */
  double inside_hu;  /* mean within 0.65 radii */
  double cut;        /* share of the rays that leave the scan */
  double score;      /* 0 (nothing) to about 1.3 (a clean, complete head); 0.25 is needed */
  double rank;       /* score times the sharpness of the rim: decides between fits */
};

/* The body's extent along x, which decides whether both hips can be in the scan, and that of the
 * scan. */
struct head_body {
  double left_mm, right_mm; /* LPS x of the leftmost and the rightmost point */
  double middle_mm;         /* x of the centroid */
  int64_t low[3], high[3];  /* voxels that were scanned (volume_scanned_box): a ray that leaves them
                               leaves the scan */
};

/** Direction from the head to its socket. */
struct vec3 head_socket_direction(enum side side);

/**
 * Search both sides.
 *
 * @param[out] right,left  side is SIDE_UNKNOWN where nothing was fitted. A body narrower than 280
 * mm has one side only: that of the better fit
 * @param[in]  hu          body only (air elsewhere), no no-data voxels, any direction
 * @param[in]  only        SIDE_UNKNOWN: both
 * @return ST_MEMORY
 */
status head_search(struct head_fit *right, struct head_fit *left, const struct volume *hu,
                   const struct head_body *body, enum side only);

#ifdef __cplusplus
}
#endif
#endif
