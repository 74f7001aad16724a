/* Vertebral bodies from a label map made elsewhere: which label is which level, the body without
 * its arch, and a frame for each (core/vertebra_frame.h).
 *
 *   names or TotalSegmentator's numbers -> level
 *   whole vertebrae and a map of bodies -> the overlap of both
 *   whole vertebrae alone               -> what lies in front of the spinal canal: the canal is the
 *     hole that the labels close in axial slices; the cut is a plane at its front edge, across the
 *     body's own front-back direction
 *   bodies alone                        -> as they are
 * Frame: axis from the neighbours' centroids, then (on slices up to 1.6 mm, or at the end of the
 * column) the bisector of the fitted end plates. End plates: the outline's crossings of 0.5 along
 * the axis in columns 1 mm apart, within 0.85 of the plan's ellipse, fitted by a surface of second
 * order twice, the second time without columns 2.5 SD off. Heights are read from those surfaces, so
 * rounding to voxels averages out where a plate is tilted against the voxels; where it is not, a
 * height is off by at most height_step_mm.
 *
 * Checks (flag level_order, never silent): levels in order along the spine, neighbours 15 to 60 mm
 * apart, each label in one piece above 5 % of its volume, and in front of the canal above 20 %. A
 * level's name is never guessed: it comes from the label map or from the user. Source: totalseg2023
 * (dictionary); totalseg_spine (heights at 15, 50 and 85 % in the middle half)
 */
#ifndef QCT_ANATOMY_VERTEBRA_H
#define QCT_ANATOMY_VERTEBRA_H

#include "core/picture.h"
#include "core/vertebra_frame.h"

#ifdef __cplusplus
extern "C" {
#endif

enum vertebra_kind { VERTEBRA_AUTO, VERTEBRA_WHOLE, VERTEBRA_BODIES };
/** "auto", "whole", "bodies", NULL. Auto: bodies when the labels' names hold "body". */
extern const char *const vertebra_kind_names[];

struct vertebra_result {
  struct labels *bodies; /* owned; on the input's grid, TotalSegmentator's number of each level */
  struct vertebra_frames frames;
  struct vec3 canal[VERTEBRA_LEVELS]; /* centre of the canal by level, NaN unknown */
  char refused[VERTEBRA_LEVELS][160]; /* why a level of the map has no frame; "" */
};

/**
 * @param[out] out     owned by the caller: vertebra_result_destroy
 * @param[in]  labels  vertebrae by level; any orientation
 * @param[in]  bodies  map of bodies on the same grid (any value but those named "disc"); NULL: none
 * @param[in]  image   the scan on the same grid, which tells where it ends; NULL: at the grid's end
 * @return ST_DOMAIN when the map names no level, when the grids differ, or when no level gives a
 *         body (the reasons are in the message)
 */
status vertebrae_from_labels(struct vertebra_result **out, const struct labels *labels,
                             const struct labels *bodies, const struct volume *image,
                             enum vertebra_kind kind);
void vertebra_result_destroy(struct vertebra_result *r);

/** Values of the levels in a map, by name, else by TotalSegmentator's numbers; 0 where absent.
 * @return how many levels there are */
int vertebra_values(int values[VERTEBRA_LEVELS], const struct labels *labels);

/** The body with the arch cut off at the canal, for several levels at once, in place: `work` holds
 * the levels' numbers. Levels without a canal are cleared and get a reason. `elsewhere`: share of
 * what lies in front of the canal that hangs not together with the body. */
status vertebra_cut_arches(struct vertebra_result *r, double elsewhere[VERTEBRA_LEVELS]);

/**
 * Fit a frame to one body. On input f->axis and f->anterior hold first guesses, f->label the value.
 * @param image       the scan of the labels, or NULL: a body that meets the end of what was scanned
 *                    of it (volume_scanned_box) is cut
 * @param neighbours  how many neighbouring bodies the axis rests on; with two, and slices thicker
 *                    than 1.6 mm, it is kept
 * @return ST_DOMAIN when the label is too small, its depth lies outside 15..50 mm, or it is higher
 *         than 45 mm (two levels in one)
 */
status vertebra_fit_frame(struct vertebra_frame *f, const struct labels *bodies,
                          const struct volume *image, int neighbours);

/** Sagittal plane along the bodies, frontal plane, with outlines, axes, end plates and names. */
status vertebra_picture(struct picture **out, const struct volume *image,
                        const struct vertebra_result *r);
/** labels.nii.gz, frames.json and, with an image, vertebrae.png into a folder. */
status vertebra_result_write(const struct vertebra_result *r, const struct volume *image,
                             const char *folder, const cJSON *provenance, bool force);

#ifdef __cplusplus
}
#endif
#endif
