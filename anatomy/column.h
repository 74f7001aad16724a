/* The spine from the scan alone: a proposal, not a level finder.
 *
 *   1. box of 1.5 mm; bone above 150 HU, grown by 3.5 mm, filled slice by slice: the holes of 25 to
 *      700 mm2 with -40 to 110 HU, within 40 mm of the body's mid-line and no more than 5 mm before
 *      its middle, are canal candidates
 *   2. dynamic programming through the slices joins them: -10 a slice, +0.03 a mm from the
 * mid-line, +1 a mm of step, +0.15 a slice skipped; gaps of up to 40 slices with steps of at most
 *      3 + 0.7 gap mm. Between candidates the line is straight, then smoothed.
 *   3. mean HU of a plate of 25 x 19 mm, 26 mm before the canal and tilted with it, along the
 * canal: discs are minima at least 25 HU below both sides within 21 mm; of two nearer than 20 mm
 * the deeper stays. Between two discs 20 to 50 mm apart lies a body, with a confidence 0..1: the
 *      least of the share of its slices in which the canal was seen, the shallower disc over 50 HU,
 *      and how far its height is from the median of all.
 *
 * Levels are NEVER named by this: names need an anchor that only a person gives (--level-z L1=z).
 * An anchor asks for one body at one height; it does not name its neighbours. Limits: tried on
 * three scans; discs come out 3 to 8 mm low; slices of 5 mm and contrast medium lose discs. Source:
 * none published; the rules are this toolkit's.
 */
#ifndef QCT_ANATOMY_COLUMN_H
#define QCT_ANATOMY_COLUMN_H

#include "core/picture.h"
#include "core/vertebra_frame.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { COLUMN_DISCS = 40 };

struct column_disc {
  struct vec3 at;  /* in the plate before the canal */
  double depth_hu; /* below the lower of both sides */
};

struct column_body {
  struct vec3 at;   /* middle between its discs, in the plate before the canal */
  double height_mm; /* from disc to disc along the canal */
  double confidence;
};

struct column {
  struct vec3 *canal; /* owned; smoothed line, caudal to cranial, one a slice of step_mm */
  uint8_t *seen;      /* owned; 1: a hole was found in this slice */
  double *profile_hu; /* owned; the plate's mean, NaN outside the scan */
  int count;
  double step_mm;
  double seen_share; /* of the slices between the ends of the line */
  struct column_disc discs[COLUMN_DISCS];
  int disc_count;
  struct column_body bodies[COLUMN_DISCS];
  int body_count;
  char reason[200]; /* why the proposal must not be relied on; "" when it may be looked at */
};

/** A proposal is refused (`reason`) when the canal was seen in less than 15 % of its slices, when
 * its line is shorter than 60 mm, or when fewer than two bodies have a confidence of 0.4 or more.
 * @return ST_DOMAIN when `hu` is not in HU, holds no body, or no canal candidate at all */
status column_find(struct column **out, const struct volume *hu);
void column_destroy(struct column *c);

/** Canal centre, axis (caudal to cranial) and anterior direction at height z.
 * @return ST_DOMAIN when the line does not reach z */
status column_at(struct vec3 *centre, struct vec3 *axis, struct vec3 *anterior,
                 const struct column *c, double z_mm);

/**
 * The body at a height that a person named: outline of its middle plane by the strongest closed
 * edge around the point 26 mm before the canal, in the mean of 8 mm along the axis; end plates as
 * the steepest falls of the HU along the axis within 25 mm, when both sides have a disc 25 HU
 * darker; else the height stays as given and is flagged. The label is a slab of the middle: 3 mm
 * off the end plates, or 5 mm to each side; heights are not measured.
 *
 * @param labels  the body is written here under its level's number; on the grid of `hu`
 * @return ST_DOMAIN when the canal does not reach z, or when less than half of the outline has an
 *         edge of 60 HU (no vertebral body recognised there)
 */
status column_anchor(struct vertebra_frame *out, struct labels *labels, const struct column *c,
                     const struct volume *hu, int level, double z_mm);

/**
 * The bodies of several levels, "L1=z,L2=z" with z in mm.
 * @param[out] labels  owned by the caller, on the grid of `hu`
 * @param[out] frames  cranial to caudal
 * @return ST_USAGE for a text that is no such list, a level twice or levels out of order; else as
 *         column_anchor
 */
status column_anchors(struct labels **labels, struct vertebra_frames *frames,
                      const struct column *c, const struct volume *hu, const char *text);

/** Is the text such a list? To refuse a wrong one before the work. @return ST_USAGE */
status column_anchors_check(const char *text);

/** Sagittal and frontal plane with the canal line, discs and bodies with their z [mm]. */
status column_picture(struct picture **out, const struct volume *hu, const struct column *c,
                      const struct labels *anchored, const struct vertebra_frames *frames);
cJSON *column_to_json(const struct column *c);

#ifdef __cplusplus
}
#endif
#endif
