/* What a density must be before the strength of a bone is computed from it.
 *
 * A number of the wrong unit makes a model that solves: a density in g/cm3 taken for mg/cm3 leaves
 * the constant of the ash conversion everywhere and breaks at 400 N. So the bone is looked at.
 */
#ifndef QCT_FEA_BONE_CHECK_H
#define QCT_FEA_BONE_CHECK_H

#include "core/record.h"
#include "core/volume.h"
#include "fea/material.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param density  QUANTITY_DENSITY, mg/cm3
 * @param labels   on the same grid
 * @param label    value of the bone
 * @return ST_DOMAIN when slices are thicker or farther apart than 5 mm, or the densest hundredth of
 *         the bone begins outside 100 to 2500 mg/cm3 (cortex is 500 to 2000 by kind of density,
 *         less by partial volume; a proposal of this toolkit)
 */
status fea_bone_check(const struct volume *density, const struct labels *labels, int label);

/** Flag the first row where the scan was made with contrast agent, or the law was measured on
 * another part of the bone than it is used for (fea_law_caution). */
void fea_flag_inputs(struct record *record, const struct volume *density,
                     const struct fea_law *law);

#ifdef __cplusplus
}
#endif
#endif
