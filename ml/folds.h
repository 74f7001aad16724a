/* Splits of people for validation: stratified by outcome, grouped by person, repeated; or by site.
 *
 * Rows with the same group id always fall into the same fold, so the two hips of a person cannot be
 * on both sides. The assignment is a pure function of (seed, repeat), independent of threads.
 */
#ifndef QCT_ML_FOLDS_H
#define QCT_ML_FOLDS_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Assign rows to k folds.
 * @param[out] fold    shape [n], 0..k-1
 * @param[in]  group   person of each row, shape [n]; any integers; NULL: every row its own person
 * @param[in]  stratum stratum of each row (the outcome), shape [n], 0..; a person counts with the
 * largest of its rows' strata; NULL: no stratification
 * @return ST_DOMAIN when k < 2 or there are fewer people than folds, or fewer people of a stratum
 * than 2
 */
status ml_folds(int *fold, const int64_t *group, const int *stratum, int64_t n, int k,
                uint64_t seed, int repeat);

/** One fold a site: fold[i] = index of the site in order of first appearance. *k is the number of
 * sites.
 *  @return ST_DOMAIN when there is one site only, or a person appears at two sites */
status ml_folds_by_site(int *fold, int *k, const int64_t *group, const int64_t *site, int64_t n);

/** @return ST_DOMAIN naming the person when a group lies in two folds */
status ml_folds_check(const int *fold, const int64_t *group, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
