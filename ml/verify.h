/* Evidence for the statistics of risk models: small samples whose answers other programs print.
 * Source: delong1988, harrell1982, uno2011, kaplan1958, brier1950
 */
#ifndef QCT_ML_VERIFY_H
#define QCT_ML_VERIFY_H

#include "core/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @return ST_MEMORY, or what a statistic that should exist answers */
status ml_verify(struct evidence *e);

#ifdef __cplusplus
}
#endif
#endif
