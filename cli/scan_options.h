/* The options of every command that reads a scan, so that they are the same everywhere. `m` is a
 * struct image_read_options in the parameters. */
#ifndef QCT_CLI_SCAN_OPTIONS_H
#define QCT_CLI_SCAN_OPTIONS_H

#include "core/image.h"

#define SCAN_OPTIONS(T, m)                                                                         \
  OPT_TEXT(T, m.series_uid, "series",                                                              \
           "DICOM series: UID, a unique part of it, or #2 for the second of the list"),            \
      OPT_FLAG(T, m.dicom.shear_correct, "shear-correct",                                          \
               "resample a tilted gantry instead of refusing"),                                    \
      OPT_FLAG(T, m.dicom.allow_gaps, "allow-gaps",                                                \
               "interpolate missing or unevenly spaced slices instead of refusing")

/** A scan whose numbers are HU where its file does not say. @return as image_read */
static inline status scan_read_hu(struct volume **out, const char *path,
                                  const struct image_read_options *options) {
  struct image_read_options read = *options;
  read.quantity = QUANTITY_HU;
  return image_read(out, path, &read);
}

/* Of commands that take an image or a label map. */
#define LABEL_MAP_OPTION(T, m)                                                                     \
  OPT_FLAG(T, m, "label-map",                                                                      \
           "the image holds labels; known without when its side file says so, or of a .seg.nrrd")

static inline status scan_holds_labels(bool *labels, bool asked, const char *path) {
  *labels = asked;
  return asked ? ST_OK : image_holds_labels(labels, path);
}

#endif
