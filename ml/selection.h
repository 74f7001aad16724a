/* Choosing features on training rows only; see enum ml_selection in ml/nested.h. */
#ifndef QCT_ML_SELECTION_H
#define QCT_ML_SELECTION_H

#include "ml/nested.h"

/**
 * @param[out] kept   columns of `train` to keep, rising, shape [train->p]
 * @param[out] count  how many, >= 1
 * @param[in]  train  scaled training rows
 * @return ST_DOMAIN for ML_SELECT_LASSO with a task other than ML_BINARY; else what the fits return
 */
status ml_select(int *kept, int *count, enum ml_selection how, const struct ml_set *train,
                 enum ml_task task, uint64_t seed);

#endif
