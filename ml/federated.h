/* Learning across sites without sharing people: averaging of equal models, and pooling of site
 * AUCs.
 *
 * Coefficients of models that were standardised differently mean different things:
 * ml_federated_model refuses them. Support vector machines cannot be averaged by coefficients.
 */
#ifndef QCT_ML_FEDERATED_H
#define QCT_ML_FEDERATED_H

#include "ml/risk_model.h"

/**
 * w = sum n_k w_k / sum n_k.
 * @param weights [sites][count]; @param people > 0 each
 * @return ST_DOMAIN: no site, a site without people
 * Source: mcmahan2017
 */
status ml_federated_average(double *out, const double *const *weights, const int64_t *people,
                            int sites, int count);

/**
 * Average linear risk models (logistic, lasso, cox) of several sites into one.
 * @return ST_DOMAIN: learners, features (name, unit, order), kept columns or scaling differ
 * (named), or a learner that cannot be averaged
 */
status ml_federated_model(struct ml_risk_model *out, const struct ml_risk_model *models, int sites);

struct ml_pooled_auc {
  double fixed, fixed_low, fixed_high;    /* inverse-variance on the logit scale */
  double random, random_low, random_high; /* DerSimonian and Laird */
  double q, i2, tau2;                     /* heterogeneity; i2 in 0..1 */
};
/** @return ST_DOMAIN: fewer than 2 sites, an AUC of 0 or 1, a variance that is not positive.
 * Source: dersimonian1986 */
status ml_pool_auc(struct ml_pooled_auc *out, const double *auc, const double *variance, int sites);

#endif
