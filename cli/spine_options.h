/* Levels and regions of the spine, as every command that measures vertebral bodies takes them. */
#ifndef QCT_CLI_SPINE_OPTIONS_H
#define QCT_CLI_SPINE_OPTIONS_H

#include "cli/command.h"
#include "core/picture.h"
#include "qct/spine_picture.h"
#include "qct/spine_roi.h"

struct spine_region {
  struct text_list levels;
  int roi, min_voxels;
  double height, radius, clear;
};
#define SPINE_REGION_DEFAULTS                                                                      \
  { .min_voxels = 100, .height = 7.5, .radius = 5, .clear = 2 }

/* `m` is a struct spine_region in the parameters; `erode` belongs to the command. */
#define SPINE_REGION_OPTIONS(T, m)                                                                 \
  OPT_CHOICE(T, m.roi, "roi", qct_roi_names, "region in each body"),                               \
      OPT_REAL(T, m.height, "roi-height", "mm", 2, 20, "height of the ellipse"),                   \
      OPT_REAL(T, m.radius, "roi-radius", "mm", 1, 10, "radius of the sphere"),                    \
      OPT_REAL(T, m.clear, "clear", "mm", 0, 10,                                                   \
               "least distance of the ellipse from the body's surface"),                           \
      OPT_LIST(T, m.levels, "levels", "levels to report, e.g. L1,L2; else T12 to L5"),             \
      OPT_INT(T, m.min_voxels, "least-voxels", "", 1, 1000000, "a region with fewer is withheld")

static inline struct qct_roi_options spine_region_roi(const struct spine_region *r,
                                                      double erode_mm) {
  return (struct qct_roi_options){r->roi, r->height, r->radius, erode_mm, r->clear};
}

/** The measured regions as a picture. @return as qct_spine_picture, picture_write_png */
static inline status spine_picture_write(const char *path, const struct volume *image,
                                         const struct labels *bodies, const struct labels *roi,
                                         const struct vertebra_frames *frames, bool force) {
  struct picture *picture = NULL;
  status st = qct_spine_picture(&picture, image, bodies, roi, frames);
  if (st == ST_OK) st = picture_write_png(picture, path, force);
  picture_destroy(picture);
  return st;
}

/** Mark the levels of a list. @return ST_USAGE for a word that is no level */
static inline status spine_levels(bool set[VERTEBRA_LEVELS], const struct text_list *list,
                                  const char *option) {
  status st = ST_OK;
  for (int i = 0; i < list->count; i++) {
    int level = vertebra_level_of(list->items[i]);
    CHECK(level >= 0, ST_USAGE, "--%s %s: no such level; C1 to C7, T1 to T12, L1 to L5, S1", option,
          list->items[i]);
    set[level] = true;
  }
done:
  return st;
}

#endif
