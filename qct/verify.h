/* Evidence for hip structure: sections whose area and moments have a closed form.
 * Source: beck1990
 */
#ifndef QCT_QCT_VERIFY_H
#define QCT_QCT_VERIFY_H

#include "core/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @return ST_MEMORY, or what a section that should be measured answers */
status qct_verify(struct evidence *e);

#ifdef __cplusplus
}
#endif
#endif
