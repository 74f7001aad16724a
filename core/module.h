/* Heavy libraries live in modules (shared objects) that are opened only when a command needs them:
 * dicom (GDCM) and fea_petsc (PETSc, MPI). A module exports one table of functions under a known
 * symbol; the table's type is in the owning folder's C header and names no foreign type.
 *
 * Search order: $QCT_MODULE_PATH, the folder of the executable, its ../lib/qct, its ../bin, the
 * folder qct beside libqct.so.
 */
#ifndef QCT_CORE_MODULE_H
#define QCT_CORE_MODULE_H

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Open qct_<name>.so and return the address of `symbol`. Opened once, kept open.
 * @param package what to install when it is absent, named in the message ("libpetsc-real3.18")
 * @return ST_UNSUPPORTED when the file is absent or a library it needs is missing
 */
status module_open(const void **table, const char *name, const char *symbol, const char *package);

/** Is the module's file there? (Does not open it.) */
int module_present(const char *name);

#ifdef __cplusplus
}
#endif
#endif
