/* The side file of an image: `<path without suffix>.json`, holding what the image format cannot.
 *
 *   {"format": "qct-image", "version": 1, "quantity": "HU", "unit": "HU", "material": "none",
 *    "calibration_id": "", "acquisition": {...}, "labels": {"75": "femur_left"}, "provenance": {}}
 *
 * A .json of another program at that place (BIDS, dcm2niix) is left unread. Dates and names of
 * persons are never in it. For core's image files; study/scrub.c knows its name.
 */
#ifndef QCT_CORE_IMAGE_SIDE_H
#define QCT_CORE_IMAGE_SIDE_H

#include "core/volume.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Length of `path` without its image suffix (.nii.gz, .seg.nrrd, .nii, .nrrd, .nhdr, .mha, .mhd);
 * -1 when it has none of them. */
int image_stem_length(const char *path);

/** "ct.nii.gz" -> "ct.json". @return ST_IO when the path is too long */
status image_side_path(char *out, size_t size, const char *path);

/** Fill quantity, material, calibration id and acquisition from the side file if there is one. */
status image_side_read_volume(struct volume *v, const char *image_path);
status image_side_read_labels(struct labels *l, const char *image_path);

/** Does the side file, if there is one, say that the image is a label map? */
status image_side_says_labels(bool *labels, const char *image_path);

/** The same from a document that was read already; `what` names it. */
status image_side_to_volume(struct volume *v, const cJSON *json, const char *what);
status image_side_to_labels(struct labels *l, const cJSON *json, const char *what);

/** The document for an image; owned by the caller, NULL when out of memory. `provenance` may be
 * NULL; it is copied. */
cJSON *image_side_of_volume(const struct volume *v, const cJSON *provenance);
cJSON *image_side_of_labels(const struct labels *l, const cJSON *provenance);

/** What the header said about the scan, as JSON; unknown values are left out. Owned by the caller.
 */
cJSON *acquisition_to_json(const struct acquisition *a);
/** The inverse; absent keys leave `a` as it is. @return ST_FORMAT naming the key of a wrong type */
status acquisition_from_json(struct acquisition *a, const cJSON *json, const char *what);

#ifdef __cplusplus
}
#endif
#endif
