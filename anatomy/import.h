/* Label maps made elsewhere: which labels are the femora, and may they be used?
 *
 * Values 75 (left) and 76 (right) are TotalSegmentator's femora, 77 and 78 its hip bones; a map
 * with names ("femur_right", "femur right", "Femur_R") is read by name first. The rules on each
 * femur: largest 26-connected component kept (the rest must be under 2 %), holes filled, at least
 * 20 cm3, no metal within 80 mm of its head, contact with image faces reported. The frame is made
 * from the label (anatomy/frame.h); the head need not be found in the image. Source: totalseg2023
 * (dictionary)
 */
#ifndef QCT_ANATOMY_IMPORT_H
#define QCT_ANATOMY_IMPORT_H

#include "anatomy/femur.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Values of the femora in a map: by name, else the dictionary's; 0 when absent. */
void import_femur_values(const struct labels *labels, int *right, int *left);

/** Value of the hip bone of a side, for the hip axis length: named hip_right or hip_left, else the
 * dictionary's; 0 when absent. */
int import_hip_value(const struct labels *labels, enum side side);

#ifdef __cplusplus
}
#endif
#endif
