/* Parameter files of pyradiomics (YAML): sections imageType, featureClass, setting, voxelSetting.
 *
 * A file selects the pyradiomics convention unless told otherwise. Keys that change nothing here
 * (preCrop, padDistance, additionalInfo, enableCExtensions, voxelBatch) are accepted and logged. An
 * unknown key is an error that names its line and the nearest known key. Source: pyradiomics
 */
#ifndef QCT_RADIOMICS_PARAMETERS_H
#define QCT_RADIOMICS_PARAMETERS_H

#include "radiomics/filter.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RAD_MAX_FILTERS = 64 };

struct rad_parameters {
  struct rad_settings settings;
  struct rad_filter filters[RAD_MAX_FILTERS];
  int filter_count;
  int label;                        /* 0: not given */
  bool selected[RAD_FEATURE_COUNT]; /* features asked for; all false: all of the families */
  int kernel_radius;                /* voxelSetting; default 1 */
  double initial_value;             /* outside the mask of a map, default NaN */
};

void rad_parameters_init(struct rad_parameters *p, enum rad_convention convention);
/** @return ST_IO; ST_FORMAT naming line, key and the nearest known key */
status rad_parameters_read(struct rad_parameters *p, const char *path);
/** Drop the values that were not selected. */
void rad_parameters_select(struct rad_values *v, const struct rad_parameters *p);

#ifdef __cplusplus
}
#endif
#endif
