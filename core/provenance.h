/* Where an output came from: command, version, every parameter with defaults filled in, SHA-256 of
 * each input, sources, build features. Written into every side file, record, store and report.
 *
 * Paths may hold a person's name, so they are not recorded: an input is its role ("ct", "labels")
 * and its digest, and path-valued parameters read "<role>". Two identical runs give identical bytes
 * except for the field `created`.
 */
#ifndef QCT_CORE_PROVENANCE_H
#define QCT_CORE_PROVENANCE_H

#include "core/status.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

struct provenance;

/** @param command the command's name, e.g. "fea fall" */
status provenance_create(struct provenance **out, const char *command);
void provenance_destroy(struct provenance *p);

/** Record a parameter; the JSON value is taken over (owned). */
status provenance_parameter(struct provenance *p, const char *name, cJSON *value);
/** Record an input by role; reads the file or folder for its digest. */
status provenance_input(struct provenance *p, const char *role, const char *path);
/** Record a source key (once). */
status provenance_source(struct provenance *p, const char *key);
/** {"program","version","command","created","parameters","inputs","sources","build"}; owned by
 * caller. */
cJSON *provenance_to_json(const struct provenance *p);

/** "0.1.0" and the list of features that were built in ("petsc hdf5 ..."). */
const char *program_version(void);
const char *program_features(void);

#ifdef __cplusplus
}
#endif
#endif
