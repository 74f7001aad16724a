/* The true frame of a digital hip (core/frame.h), from its parameters, in the side frame. */
#ifndef QCT_PHANTOM_HIP_FRAME_H
#define QCT_PHANTOM_HIP_FRAME_H

#include "core/frame.h"
#include "phantom/femur.h"

/**
 * Axes, landmarks, angles and lengths. The shaft axis is the straight line fitted to the bowed
 * centre line from 10 mm below the lesser trochanter to `distal_t` (what a measurement fits); when
 * less than 20 mm are there, the tangent at P0.
 * @param narrow_u   neck coordinate of the narrowest section [mm], narrow_area its area [mm2]
 * @param distal_t   end of the imaged shaft, along the shaft below P0 [mm]
 * @param pelvis     value of the pelvic solid, for the hip axis length
 */
void hip_frame_true(struct hip_frame *out, const struct digital_femur *f, double narrow_u,
                    double narrow_area, double distal_t,
                    double (*pelvis)(const struct hip_person *, struct vec3));

#endif
