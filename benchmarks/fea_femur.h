/* A synthetic femur of any size, the same as in three other programs: shaft, neck, trochanter and
 * head of capsules, a cortex of 14000-18000 MPa with voxel noise, trabeculae of 350-1150 MPa,
 * marrow of 5 MPa; clamped below, 1000 N down and 200 N across on the head. External work known
 * from them: 224.4985 N mm at 1.85 mm, 220.80074 at 0.85. */
#ifndef QCT_BENCHMARKS_FEA_FEMUR_H
#define QCT_BENCHMARKS_FEA_FEMUR_H

#include "fea/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The finished model with voxels of h [mm]. @return as fea_model_finish */
status bench_femur(struct fea_model **out, double h);

#ifdef __cplusplus
}
#endif
#endif
