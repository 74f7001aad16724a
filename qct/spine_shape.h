/* The shape of vertebral bodies: heights, loss of height, Genant grade and type, Cobb angle.
 *
 *   loss = 1 - least/largest of the three heights
 *   grade 0: loss < 20 %, 1: < 25 %, 2: <= 40 %, 3: above (the grades' limits are published, which
 *   side they belong to is this toolkit's)
 *   type by the least height: wedge (front), biconcave (middle), crush (back)
 *   loss_neighbours = 1 - least height / mean of the neighbours' posterior heights: an evenly
 *   crushed body has no loss of its own. No agreed quantitative criterion exists: read the loss,
 *   not only the grade.
 *   Cobb: largest angle, in the frontal plane of the scan, between the upper end plate of one body
 *   and the lower end plate of a body below.
 *
 * Source: genant1993 (grades)
 */
#ifndef QCT_QCT_SPINE_SHAPE_H
#define QCT_QCT_SPINE_SHAPE_H

#include "core/record.h"
#include "core/vertebra_frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/** NaN when a height is not above 0. */
double qct_height_loss(double anterior_mm, double middle_mm, double posterior_mm);
/** 0..3; -1 for NaN. */
int qct_genant_grade(double loss);
/** "wedge", "biconcave", "crush". */
const char *qct_genant_type(double anterior_mm, double middle_mm, double posterior_mm);
/** Angle between two end plates' normals in the frontal plane (x, z) [deg], 0..180. */
double qct_cobb_deg(struct vec3 upper_normal, struct vec3 lower_normal);

/**
 * Append rows: per level height_anterior, height_middle, height_posterior [mm], height_loss,
 * height_loss_neighbours (shares), genant_grade; region "spine": cobb [deg]. Intervals of heights:
 * 0.776 of height_step_mm, 95 % of a difference of two roundings. A body without heights has one
 * row, height_loss, withheld with the reason.
 */
status qct_spine_shape(struct record *r, const struct vertebra_frames *frames);

#ifdef __cplusplus
}
#endif
#endif
