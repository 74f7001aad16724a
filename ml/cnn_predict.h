/* Networks applied to cases: an ensemble's mean with the spread of its members, as measurement
 * rows.
 *
 * Raw outputs (logits) are averaged over the networks, then the activation is applied. Rows, region
 * "image": regression      <output>, with a T-score when a reference is named classification
 * probability_<class> survival        log_hazard (Cox), or risk_to_<end> (discrete time) Each row's
 * low and high are empty: the spread over members (row <name>_members_sd) is not an interval.
 */
#ifndef QCT_ML_CNN_PREDICT_H
#define QCT_ML_CNN_PREDICT_H

#include "core/record.h"
#include "ml/cnn_train.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_predict_options {
  double reference_mean, reference_sd; /* of a T-score; NaN: none */
  const char *reference_name;          /* who that is; required with them */
  const char *case_column;             /* column that names the case; NULL: "row <n>" */
  int batch, half;
};

/**
 * @param models  count >= 1, of one task with the same outputs and the same input block
 * @param value   [n] the first number of each case as one that rises with value or risk; may be
 * NULL
 * @return ST_DOMAIN: models that differ; a segmentation model; statuses of cnn_data
 */
status cnn_predict(struct record *record, double *value, struct cnn_model *const *models, int count,
                   struct cnn_data *d, const struct cnn_predict_options *o);

/** Rows for one image that is in memory, by one model without joined columns; the case is the
 * record's.
 * @return ST_DOMAIN: the model joins columns, or is for label maps; cnn_input_check */
status cnn_predict_image(struct record *record, struct cnn_model *m, const struct volume *image);

/** Do two models take and give the same? @return ST_DOMAIN naming the difference */
status cnn_models_agree(const struct cnn_model *a, const struct cnn_model *b);

#ifdef __cplusplus
}
#endif
#endif
