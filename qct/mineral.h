/* Mineral that belongs to a bone, voxel by voxel, with the soft tissue read close to it.
 *
 * The shell's own mass (qct/shell.h) takes off the lowest density within 4 mm outside the bone.
 * That is right between two bones; where fat lies behind a thin layer of muscle, or in noise, it is
 * lower than what blur really mixed into the edge, and the mass at the rim of a section reads too
 * large: a percent of mass, but several percent of a second moment. Here the soft tissue is the
 * mean along 1.5 mm just beyond the reach of the blur, smoothed over neighbouring places; between
 * bones it stays the lowest. Private to this folder. */
#ifndef QCT_QCT_MINERAL_H
#define QCT_QCT_MINERAL_H

#include "core/volume.h"
#include "qct/shell.h"

/** @param[out] out      mg/cm3 on the shell's grid, 0 away from the bone and where there is no data
 * @param[in]  density  the density that made the shell
 * @return ST_MEMORY */
status qct_bone_mineral(struct volume **out, const struct qct_shell *shell,
                        const struct volume *density);

#endif
