/* Evidence for calibration: the two regressions, the published phantomless method, the ideal line
 * of a fixed energy, precision and cross-calibration, against another program and worked examples.
 * Source: ogo, gluer1995
 */
#ifndef QCT_CALIBRATION_VERIFY_H
#define QCT_CALIBRATION_VERIFY_H

#include "core/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @return ST_MEMORY, or what a fit that should succeed answers */
status calibration_verify(struct evidence *e);

#ifdef __cplusplus
}
#endif
#endif
