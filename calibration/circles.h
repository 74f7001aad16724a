/* Circles in one averaged slab of a scan: the first stage of finding rods (rods.h).
 *
 * Each edge pixel votes at every radius for the two centres along its gradient; a peak of votes,
 * relative to the pixels on the circle, is a candidate. A candidate must be uniform inside: its SD
 * is compared with the noise of the slab itself. Positions in pixels of the slab image.
 */
#ifndef QCT_CALIBRATION_CIRCLES_H
#define QCT_CALIBRATION_CIRCLES_H

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cal_slab {
  int width, height;
  double pixel_mm; /* square */
  float *hu;       /* owned by the caller, [height][width]; no data as -1000 */
  double noise_hu; /* cal_slab_noise */
};

struct cal_circle {
  double x, y; /* pixels */
  double radius_mm;
  double score;     /* share of the circumference that voted, 0..1 */
  double hu, hu_sd; /* within 0.7 of the radius */
};

/** SD of the noise of a slab [HU]: median absolute second difference above -300 HU. */
double cal_slab_noise(const struct cal_slab *s);

/**
 * The best circles of `low_mm`..`high_mm` radius, by falling score, at most `most`.
 * @return ST_MEMORY
 */
status cal_find_circles(struct cal_circle *circles, int *count, int most, const struct cal_slab *s,
                        double low_mm, double high_mm);

/** Mean and SD of the disc of `radius_mm` around (x, y); 0 when it leaves the image. */
int cal_slab_disc(double *mean, double *sd, const struct cal_slab *s, double x, double y,
                  double radius_mm);

#ifdef __cplusplus
}
#endif
#endif
