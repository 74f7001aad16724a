/* The IBSI digital phantom and its 482 reference values, compiled in so that the program can prove
 * itself anywhere. Design A. Zwanenburg, licence CC BY 4.0. Source: ibsi_data, ibsi1 */
#ifndef QCT_RADIOMICS_PHANTOM_H
#define QCT_RADIOMICS_PHANTOM_H

#include "radiomics/image.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rad_reference {
  enum rad_feature feature;
  enum rad_aggregation aggregation;
  double value, tolerance;
};

/** Image (grey levels) and mask (label 1) of 5 x 4 x 4 voxels of 2 mm. */
status rad_phantom(struct volume **image, struct labels **mask);
const struct rad_reference *rad_phantom_reference(size_t *count);
/** Settings of its reference values: no discretisation, every aggregation. */
void rad_phantom_settings(struct rad_settings *s);

#ifdef __cplusplus
}
#endif
#endif
