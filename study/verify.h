/* The evidence of the whole program: each folder's, and one digital patient taken from the scan to
 * the density of the femur, beside the truth that made the scan.
 */
#ifndef QCT_STUDY_VERIFY_H
#define QCT_STUDY_VERIFY_H

#include "core/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * About a minute of processor time. An area whose module is not built is left out, with a message.
 * @return ST_MEMORY; the first failure of a computation that should succeed
 */
status study_verify(struct evidence *e);

#ifdef __cplusplus
}
#endif
#endif
