/* Phantomless calibration by what was learned on the scanner: slope and intercept are predicted
 * from the size of the body and the HU of its tissues.
 *
 * cal_learn (calibration/learn.h) keeps, of n people scanned on a phantom, mean and covariance of
 * (slope, intercept) of their phantom's calibration and of z = (water-equivalent diameter, HU of
 * muscle, adipose, air, blood). For a new scan both coefficients are predicted by their linear
 * regression on z, which is the best linear prediction when all are jointly normal:
 *
 *   (slope, intercept) = mean + B (z - mean_z),            B = S_yz S_zz^-1
 *   covariance = (1 + 1/n + (z - mean_z)' S_zz^-1 (z - mean_z)/(n - 1)) R,
 *   R = (n - 1)/(n - 1 - p) (S_yy - B S_zy),               n - 1 - p degrees of freedom
 *   + mean covariance of the phantom's fits (an error of its certificate is in all of them)
 *
 * that is the interval of a new observation of a regression with p predictors: it holds what people
 * differ in, the sampling error of tissues and rods, and how far the body lies from those learned.
 * Two tissues alone cannot fix the slope (their own spread is carried from -100 HU up to bone);
 * here people who read alike lend it. A body hardens the beam, so size is the first predictor.
 *
 * Predictors enter in the order size, muscle, adipose, air, blood while the learned set has 4
 * people for each number fitted: with few people the mean of the scanner is the better prediction.
 * Nothing is chosen by the data, so the interval keeps its meaning.
 *
 * Limits: holds for the scanner, kVp and region of the body that were learned.
 * Source: opportunistic_review (regression of coefficients on internal values against simultaneous
 * calibration), bonaretti2014 (density falls with body size), aapm220 (water-equivalent diameter);
 * closed form of the prediction interval
 */
#ifndef QCT_CALIBRATION_LEARNED_LINE_H
#define QCT_CALIBRATION_LEARNED_LINE_H

#include "calibration/tissue_line.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Slope, intercept, covariance and degrees of freedom from `table` and the points and diameter of
 * `c`. Tissues that are unused, a diameter that is not known or a predictor that did not vary when
 * learned are left out of the prediction.
 * @param kvp  of the scan [kV], NaN when unknown
 * @return ST_DOMAIN when the table holds no regression, or fewer than 3 people; ST_NUMERIC when the
 *         predicted slope is not positive
 */
status cal_learned_line(struct calibration *c, const struct cal_tissue_table *table, double kvp);

/**
 * Carry a line fitted on a phantom scan of `phantom_mm` water-equivalent diameter over to the body
 * of `c` (c->diameter_mm) by the regression on size alone, B of the formula above:
 *
 *   (slope, intercept) += B off,   off = diameter - phantom_mm
 *   covariance         += (1 + off^2/S_zz/(n - 1)) R,   n - 2 degrees of freedom
 *
 * R is what people of equal size differ in, their sessions included. When the diameter is not known
 * that of the mean person is taken, the spread S_yy between people replaces R once, and a warning
 * says so.
 * @return ST_DOMAIN for a table of fewer than 8 people or without their sizes, or phantom_mm NaN
 */
status cal_learned_size(struct calibration *c, double phantom_mm,
                        const struct cal_tissue_table *table);

#ifdef __cplusplus
}
#endif
#endif
