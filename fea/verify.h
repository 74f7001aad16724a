/* The solver's own evidence: problems with known answers, solved anew, as a table of errors. */
#ifndef QCT_FEA_VERIFY_H
#define QCT_FEA_VERIFY_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One row a problem: problem, answer from, unit, expected, computed, relative_error, permitted,
 * verdict ("ok" or "missed"). *missed counts the latter. @return as fea_solve */
status fea_verify(struct table **out, int *missed);

#ifdef __cplusplus
}
#endif
#endif
