/* Hip structural analysis: sections of the proximal femur in the hip frame and what they could
 * bear.
 *
 * Places, each a slab of 5 mm with a section every 0.5 mm:
 *
 * - narrow_neck: perpendicular to the neck axis at the neck point of the frame, the middle of the
 *   neck's narrow stretch (core/frame.h); the narrowest section itself has no place that can be
 *   measured, while the mineral changes by 1-3 % in a mm there
 * - mid_neck, neck_base: perpendicular to the neck axis, half and all of the way from there to the
 *   origin of the frame
 * - intertrochanter: through the origin, along the bisector of neck and shaft axis and across the
 *   front; that published analyses use this plane is unverified
 * - shaft: perpendicular to the shaft axis, 20 mm below the tip of the lesser trochanter; or 1.5
 *   neck widths below the origin (unverified)
 *
 * The cortex and the mineral are those of the fitted shell (qct/shell.h): outlines are its surfaces
 * cut by the plane, mineral is what belongs to the bone with what blur carried out of it, resampled
 * by cubic B-splines (qct/structure_bone.h); in the neck without the layer of soft tissue on it,
 * the joint's capsule, where fat behind it was read as the soft tissue (qct/shell.h). With cortex
 * half-max or fixed only the endosteal outline is another: that of qct_cortex_split
 * (qct/hip_density.h). Sections that meet the end of the bone or of the scan are left out and
 * counted; with fewer than half of them the place is withheld.
 *
 * Family w needs the density of fully mineralised bone in the material of the scan: 1050 mg/cm3 for
 * HA (beck1990), no default for another material. An image in HU gives family g only.
 *
 * Source: beck1990, treece2010 (the shell); places as said above
 */
#ifndef QCT_QCT_STRUCTURE_H
#define QCT_QCT_STRUCTURE_H

#include "core/calibration.h"
#include "core/frame.h"
#include "core/picture.h"
#include "core/record.h"
#include "core/volume.h"
#include "qct/shell.h"
#include "qct/structure_section.h"

#ifdef __cplusplus
extern "C" {
#endif

enum structure_place {
  STRUCTURE_NARROW_NECK,
  STRUCTURE_MID_NECK,
  STRUCTURE_NECK_BASE,
  STRUCTURE_INTERTROCHANTER,
  STRUCTURE_SHAFT,
  STRUCTURE_PLACES
};
/** "narrow_neck", ... */
const char *structure_place_name(enum structure_place p);

enum { STRUCTURE_SHAFT_LESSER_TROCHANTER, STRUCTURE_SHAFT_NECK_WIDTHS };
/** "lesser-trochanter", "neck-widths"; NULL-terminated. */
extern const char *const structure_shaft_names[];

struct structure_options {
  double rho_ref;        /* mg/cm3; NaN: 1050 when the material is HA, else family w is withheld */
  int cortex;            /* enum qct_cortex (qct/hip_density.h) */
  double threshold_mgcc; /* of a fixed cortex */
  int shaft;             /* where the shaft's section lies */
  bool thick_slices;     /* also measure slices above 3 mm, flagged */
};
#define STRUCTURE_DEFAULTS                                                                         \
  { .rho_ref = (double)NAN, .threshold_mgcc = (double)NAN }

enum { STRUCTURE_SECTIONS = 11 };

struct structure_slab {
  enum structure_place place;
  struct vec3 centre;            /* LPS mm */
  struct vec3 front, up, normal; /* unit; up is lateral for the shaft, superior elsewhere */
  int measured;                  /* sections that are whole; 0: reason */
  bool whole[STRUCTURE_SECTIONS];
  double values[STRUCTURE_SECTIONS][STRUCTURE_VALUES]; /* mm, mg; NaN where not whole */
  double mean[STRUCTURE_VALUES], sd[STRUCTURE_VALUES]; /* sd with n - 1 */
  struct structure_raster middle; /* owned arrays: the section at the slab's middle; bone NULL when
                                     there is none */
  char reason[160];               /* why nothing was measured */
};

struct qct_structure {
  struct structure_slab slabs[STRUCTURE_PLACES];
  struct structure_options options; /* rho_ref as used */
  enum side side;
  enum material material;
  bool has_density; /* false: an image in HU, family g only */
  double slice_mm;
  double resolved; /* share of the surface where the cortex was fitted, or its half-maximum found */
  bool guessed;    /* no thick cortex: the model's cortical density is a guess */
  double cortical_spread; /* SD of cortical density over this bone's thick cortex, as a share */
  struct volume *image;   /* owned: the part around the bone, for pictures */
};

/**
 * @param image   QUANTITY_DENSITY, or QUANTITY_HU for family g alone
 * @param labels  on its grid; `label` is the periosteal mask of one femur, holes are filled
 * @param frame   of the same femur
 * @param shell   qct_shell_make of the same density and label, whose mask has neither holes nor
 *                loose pieces; NULL: fitted here, after these are mended
 * @return ST_DOMAIN: label absent, in more than one large piece, or meeting the edge of the scan
 *         above its distal end; side unknown; neck point or head centre no numbers; head radius
 *         outside 15..32 mm or its residual above
 *         2 mm; metal (frame, above 2500 HU or 2000 mg/cm3); a label named fracture, cyst, metal
 *         or implant beside the femur; slices above 3 mm without thick_slices; a fixed cortex
 *         without its threshold; another quantity than density or HU. ST_MEMORY
 */
status qct_structure_measure(struct qct_structure **out, const struct volume *image,
                             const struct labels *labels, int label, const struct hip_frame *frame,
                             const struct structure_options *options,
                             const struct qct_shell *shell);
void qct_structure_destroy(struct qct_structure *s);

/** Is the inner surface of the cortex known at half of the bone's surface at least? Where it is
 * not, rows and picture withhold what rests on it: family c, thickness, buckling ratios. */
static inline bool qct_structure_cortex_known(const struct qct_structure *s) {
  return s->has_density && !(s->resolved < 0.5);
}

/**
 * Rows "<place>_<side>": every quantity of qct/structure_section.h, mean over the slab, and the
 * same with "_sd" (SD over the slab). n counts sections. Withheld with the reason: places,
 * families. The 95 % interval is what such figures of digital people were off (qct/hip_interval.h),
 * of those that rest on mineral joined with the calibration's at the section's mean density, of
 * those that rest on the cortex with how far its density varies over this bone: a thickness goes as
 * its inverse, and the model takes one density for all. None
 * for theta and ixy, for another cortex than the model's, where the blur is a guess, or where the
 * shaft's section lies elsewhere.
 * @param calibration  for intervals of what rests on mineral; NULL: none of those
 */
status qct_structure_rows(struct record *r, const struct qct_structure *s,
                          const struct calibration *calibration);

/** Every section a line: place, offset_mm, then all quantities in the units of their names
 * ("csmi_w_cm4"); .csv or "-". */
status qct_structure_write_sections(const struct qct_structure *s, const char *path, bool force);

/** A sheet: the places on the femur from the front, and each section with outlines, centroid,
 * principal axes and its main values. */
status qct_structure_picture(struct picture **out, const struct qct_structure *s,
                             const struct hip_frame *frame);

#ifdef __cplusplus
}
#endif
#endif
