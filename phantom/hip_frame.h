/* The true frame of a digital hip (core/frame.h), from its parameters, in the side frame. */
#ifndef QCT_PHANTOM_HIP_FRAME_H
#define QCT_PHANTOM_HIP_FRAME_H

#include "core/frame.h"
#include "phantom/neck_truth.h"

/**
 * Axes, landmarks, angles and lengths. The shaft axis is the straight line fitted to the bowed
 * centre line from 10 mm below the lesser trochanter to `distal_t` (what a measurement fits); when
 * less than 20 mm are there, the tangent at P0.
 * @param neck       by the definition (phantom/neck_truth.h)
 * @param distal_t   end of the imaged shaft, along the shaft below P0 [mm]
 * @param pelvis     value of the pelvic solid, for the hip axis length
 */
void hip_frame_true(struct hip_frame *out, const struct digital_femur *f,
                    const struct neck_truth *neck, double distal_t,
                    double (*pelvis)(const struct hip_person *, struct vec3));

#endif
