/* Inner contract of the verification: one problem, and the list for unstructured meshes. */
#ifndef QCT_FEA_VERIFY_PARTS_H
#define QCT_FEA_VERIFY_PARTS_H

#include "core/status.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fea_problem {
  const char *name, *from, *unit;
  double expected, permitted; /* relative */
  status (*solve)(double *computed);
};

/** Problems for 4- and 10-node tetrahedra and unstructured hexahedra. */
const struct fea_problem *fea_mesh_problems(size_t *count);
/** Problems beyond yield. */
const struct fea_problem *fea_yield_problems(size_t *count);

#ifdef __cplusplus
}
#endif
#endif
