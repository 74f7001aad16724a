/* Was contrast medium given? From the header, from what the user says, and from the image.
 *
 * In the image: the mean of an aorta label above 90 HU; without such a label, a round bright spot
 * (6 mm radius, mean above 90 HU, SD below 35 HU) within 45 mm before the bodies of at least two
 * levels. Blood without contrast medium reads 30 to 60 HU. A suspicion is no proof: calcified or
 * filled bowel may cause it; it withholds verdicts, never values.
 * Source: none published; the limit of 90 HU is a proposal of this toolkit
 *
 * Medium adds to the density of marrow. A line from the user's own paired scans takes it off again:
 * density without medium = slope x density + intercept, of one phase. None is built in: a published
 * pair of lines could not be confirmed.
 */
#ifndef QCT_QCT_CONTRAST_H
#define QCT_QCT_CONTRAST_H

#include "core/vertebra_frame.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct qct_contrast {
  int present;      /* 1: stated or suspected; verdicts must be withheld */
  int stated;       /* 1: by the header or the user */
  double vessel_hu; /* mean of the aorta or of the brightest spot; NaN when not looked at */
  int levels;       /* levels before which a bright spot lies */
  char reason[160]; /* for a person; "" when nothing speaks for contrast medium */
};

/**
 * @param hu      QUANTITY_HU
 * @param said    CONTRAST_UNKNOWN: the header's word counts
 * @param organs  label map with an aorta (by name, or 52), on the same grid; NULL: none
 * @param frames  NULL: the image is not searched
 * @return ST_DOMAIN when `hu` is not in HU or the grids differ
 */
status qct_contrast_judge(struct qct_contrast *out, const struct volume *hu, enum contrast said,
                          const struct labels *organs, const struct vertebra_frames *frames);

/** "unknown", "none", "present", "arterial", "portal", "delayed"; NULL. The last three are phases
 * of a medium that was given. */
extern const char *const qct_contrast_words[];
enum contrast qct_contrast_of_word(int word);

struct qct_contrast_correction {
  char phase[16];   /* arterial, portal or delayed */
  char source[96];  /* where the line comes from */
  double slope;     /* > 0 */
  double intercept; /* mg/cm3 */
};

/**
 * From {"format": "qct contrast correction 1", "phase", "source", "slope", "intercept"}.
 * @param word  what is stated of the scan, an index of qct_contrast_words
 * @return ST_IO, ST_FORMAT; ST_DOMAIN: unknown phase, not the phase of the scan, slope not positive
 */
status qct_contrast_correction_read(struct qct_contrast_correction *out, const char *path,
                                    int word);

#ifdef __cplusplus
}
#endif
#endif
