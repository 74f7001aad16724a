/* Straight lines of circles through the slabs of a scan: what may be a rod (rods.h). */
#ifndef QCT_CALIBRATION_TRACKS_H
#define QCT_CALIBRATION_TRACKS_H

#include "calibration/slabs.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CAL_TRACKS = 192 };

struct cal_track {
  double x0, y0, dx, dy; /* centre [mm in plane] = x0 + dx*z, z [mm] along the axis */
  double radius_mm, hu, score;
  double low_mm, high_mm; /* extent in z */
  int slabs;
  double last_x, last_y;
  double zs[CAL_SLABS], xs[CAL_SLABS], ys[CAL_SLABS], hus[CAL_SLABS], rs[CAL_SLABS];
};

/**
 * Lines of circles of 4-15 mm radius that are uniform inside and near the front or back of what
 * lies in the scan, seen in at least three slabs (two of two or three, one of one).
 * @param[out] tracks  shape [CAL_TRACKS]
 * @return ST_MEMORY
 */
status cal_find_tracks(struct cal_track *tracks, int *count, const struct cal_slabs *slabs);

/** Centre in plane [mm] at z [mm]. */
double cal_track_x(const struct cal_track *t, double z);
double cal_track_y(const struct cal_track *t, double z);

#ifdef __cplusplus
}
#endif
#endif
