/* The physics of a digital scan as JSON, for truth.json. */
#ifndef QCT_PHANTOM_PHYSICS_TRUTH_H
#define QCT_PHANTOM_PHYSICS_TRUTH_H

#include "phantom/bench.h"

#include <cjson/cJSON.h>

/** Effective energy, HU of tissues, ideal calibrations, and the rods when there are any. Owned by
 * the caller. */
cJSON *tissue_truth_json(const struct tissue_table *t, const struct bench *b);

#endif
