/* What a scan is, what is wrong with it, and which analyses it permits: rules of thumb that need no
 * segmentation, from the header, the grid and the histogram. Each analysis judges again, and more
 * strictly, by what it finds in the image.
 *
 * Limits used, with the analysis they come from, are constants of core/scan_info.c. Nothing here
 * holds a name, an identifier or a date.
 */
#ifndef QCT_CORE_SCAN_INFO_H
#define QCT_CORE_SCAN_INFO_H

#include "core/volume.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

enum scan_level { SCAN_GOOD, SCAN_NOTE, SCAN_CAUTION };

struct scan_remark {
  enum scan_level level;
  char text[240];
};

enum scan_analysis {
  ANALYSIS_HIP_DENSITY,
  ANALYSIS_HIP_STRUCTURE,
  ANALYSIS_HIP_STRENGTH,
  ANALYSIS_SPINE_DENSITY,
  ANALYSIS_SPINE_STRENGTH,
  ANALYSIS_BODY_COMPOSITION,
  ANALYSIS_CALCIUM,
  ANALYSIS_RADIOMICS,
  ANALYSIS_COUNT
};

enum scan_permission { SCAN_PERMITTED, SCAN_WITH_CAUTION, SCAN_WITHHELD };

struct scan_verdict {
  enum scan_permission permission;
  char reason[400]; /* "; "-separated; of the strongest permission only; "" when permitted */
};

struct scan_info {
  struct geometry grid;
  struct acquisition acquisition;
  enum quantity quantity;
  double slice_step_mm;   /* spacing along the index axis nearest to the body's */
  double length_mm;       /* extent of the voxels along the body */
  double lowest, highest; /* of the voxels with data; NaN when there are none */
  bool whole;             /* every value is a whole number */
  double no_data;         /* share of voxels without data, 0..1 */
  double cut_sides;       /* share of the voxels on the in-plane border that are no air, 0..1 */
  struct scan_remark remarks[16];
  int remark_count;
  struct scan_verdict verdicts[ANALYSIS_COUNT];
};

/** "hip density", ... ; never NULL. scan_permission_name: "yes", "caution", "no". */
const char *scan_analysis_name(enum scan_analysis a);
const char *scan_permission_name(enum scan_permission p);
const char *scan_level_name(enum scan_level l);

/** Judge a volume in HU (or of unknown quantity, which is said). */
void scan_info_of_volume(struct scan_info *out, const struct volume *v);

/** Size, spacing, origin and direction; owned by the caller, NULL when out of memory. */
cJSON *scan_grid_to_json(const struct geometry *g);
/** All of it; owned by the caller, NULL when out of memory. */
cJSON *scan_info_to_json(const struct scan_info *s);

/** How the person lay: "head first, on the back" of HFS; a code without words as it is. Borrowed.
 */
const char *scan_position_words(const struct acquisition *a);

#ifdef __cplusplus
}
#endif
#endif
