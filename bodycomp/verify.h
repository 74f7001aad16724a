/* Evidence for calcium scores: lesions of known area and peak.
 * Source: agatston1990, graeni2018
 */
#ifndef QCT_BODYCOMP_VERIFY_H
#define QCT_BODYCOMP_VERIFY_H

#include "core/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @return ST_MEMORY, or what a score that should exist answers */
status bodycomp_verify(struct evidence *e);

#ifdef __cplusplus
}
#endif
#endif
