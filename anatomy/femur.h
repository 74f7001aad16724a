/* The proximal femora of a CT, found without trained weights, or taken from a foreign label map.
 *
 * Both ways give the same result: per side a label on the scan's own grid, a hip frame, and what
 * stands against using it. Steps of femur_find:
 *
 *   body mask -> head search on a 2 mm grid (votes along gradients, then sphere fits scored by rim,
 *   socket and marrow) -> box around each accepted head at 1 mm -> bone candidate -> shaft tracking
 *   -> seeds -> graph cut with directed costs (bright inside is cheap, so the cut lies on the
 * femoral side of the joint) -> clean-up -> surface moved to the bone's edge -> label on the scan's
 * grid -> frame (anatomy/frame.h) -> checks
 *
 * Any orientation of the scan: all work is done in LPS. Tried on slices of 0.7 to 3.3 mm.
 * Not detected: fractures, dysplasia, cysts. Look at femur_picture.
 * Source: none published as a whole; boykov2004 for the cut, fischer2020 for the neck axis.
 */
#ifndef QCT_ANATOMY_FEMUR_H
#define QCT_ANATOMY_FEMUR_H

#include "core/frame.h"
#include "core/picture.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum femur_state {
  FEMUR_ABSENT,  /* no head was found on this side, or the label map has none */
  FEMUR_REFUSED, /* something is there that must not be measured: see `reason` */
  FEMUR_FOUND
};

struct femur {
  enum femur_state state;
  enum side side;
  int label;              /* LABEL_FEMUR_RIGHT or LABEL_FEMUR_LEFT */
  char reason[256];       /* why absent or refused; "" when found */
  struct hip_frame frame; /* head, radius, score, cut are set whenever a head was tried; all of it
                             when found */
  int frame_ok;           /* 1: neck and shaft axes are established; 0: see frame.flags */
  double label_mm3;       /* volume of the label */
  double metal_mm3; /* voxels above 2500 HU within 80 mm of the head, components over 100 mm3 */
  /* head search, all dimensionless; NaN for a label map */
  double rim;         /* share of rays with an edge within 2 mm of the radius */
  double socket;      /* share of medial rays with bone beyond the joint */
  double rim_rms_mm;  /* RMS distance of those edges from the radius; random edges give 1.15 */
  double soft_share;  /* share of voxels below 40 HU in the outer 2 mm of the label */
  int passes;         /* graph cuts made */
  double moved_mm;    /* mean shift of the cut's surface to the bone's edge, outward positive */
  double held;        /* share of that surface without a clear edge, left where the cut put it */
  int imported;       /* 1: from a label map */
  int head_truncated; /* part of the head is outside the scan: head volume, FAL and FE are withheld
                       */
  int touches;        /* bits 1 << face: faces of the scan that the label touches besides the distal
                         one (0 x-, 1 x+, 2 y-, 3 y+, 4 z-, 5 z+, by index axis of the oriented scan) */
};

struct femur_result {
  struct labels *labels; /* owned; on the scan's grid; LABEL_FEMUR_RIGHT, LABEL_FEMUR_LEFT */
  struct femur sides[2]; /* [0] right, [1] left */
};

struct femur_options {
  double score_min; /* least score of the head search, 0..1 */
  double cut_max;   /* largest share of the head outside the scan */
  double tau_hu_mm; /* scale of the edge cost of the cut [HU/mm] */
  double metal_hu;  /* what counts as metal [HU] */
  double metal_mm;  /* distance from the head within which metal refuses the side [mm] */
  double slice_max; /* largest slice distance [mm] */
  enum side only;   /* SIDE_UNKNOWN: both */
};
#define FEMUR_OPTIONS_DEFAULTS                                                                     \
  {                                                                                                \
    .score_min = 0.25, .cut_max = 0.40, .tau_hu_mm = 60, .metal_hu = 2500, .metal_mm = 80,         \
    .slice_max = 5, .only = SIDE_UNKNOWN                                                           \
  }

/**
 * Find and segment the proximal femora.
 *
 * A side that cannot be measured is not an error: its state and reason say so.
 * @param[out] out  owned by the caller: femur_result_destroy
 * @param[in]  hu   QUANTITY_HU, any orientation; no data is taken as air
 * @param[in]  opt  NULL takes the defaults
 * @return ST_DOMAIN when `hu` is not in HU or its slice distance exceeds opt->slice_max
 */
status femur_find(struct femur_result **out, const struct volume *hu,
                  const struct femur_options *opt);

/**
 * The same result from a label map (anatomy/import.h names the rules).
 *
 * @param[in] image   HU or density on the same grid, for metal and soft voxels; NULL: not checked
 * @param[in] labels  holds `right` and `left` values, or one of them; the TotalSegmentator values
 *                    LABEL_FEMUR_RIGHT and LABEL_FEMUR_LEFT when both are 0
 * @return ST_DOMAIN when neither label is present or the grids differ
 */
status femur_import(struct femur_result **out, const struct volume *image,
                    const struct labels *labels, int right, int left,
                    const struct femur_options *opt);

void femur_result_destroy(struct femur_result *r);

/** Three planes through the neck: coronal of the femur, along the neck (axial oblique) and across
 * it, with outline (orange), head sphere (sky) and axes. `image` is HU or density. */
status femur_picture(struct picture **out, const struct volume *image, const struct labels *labels,
                     const struct femur *femur);

/** Everything but the voxels, for reports: state, reason, volumes, quality, frame. Owned by caller.
 */
cJSON *femur_to_json(const struct femur *f);

/**
 * Write a result into a folder: labels.nii.gz, and per found side frame_<side>.json and
 * femur_<side>.png; femur.json with both sides and their reasons.
 *
 * @param[in] image       HU or density for the pictures, on the labels' grid; NULL: no pictures
 * @param[in] provenance  may be NULL; borrowed
 * @return ST_IO, ST_USAGE (exists, not forced)
 */
status femur_result_write(const struct femur_result *r, const struct volume *image,
                          const char *folder, const cJSON *provenance, bool force);

/** One line of why there is no femur at all, or "" when a side was found. Static per thread. */
const char *femur_result_reason(const struct femur_result *r);

#ifdef __cplusplus
}
#endif
#endif
