/* Muscle and fat of labelled compartments: areas in a slice, volumes in a slab or the whole label,
 * two muscle densities, fat between the fibres.
 *
 * HU windows are inclusive at both ends and touch without a gap: HU are rounded to integers (half
 * away from zero) first, so -30 is fat, -29 is muscle, and every voxel of a compartment is muscle,
 * fat or neither exactly once. The window and the compartment are named in every row: two
 * conventions for visceral fat and two definitions of "muscle density" are in use and never called
 * by one name.
 *
 * Slices are index planes k; areas use the in-plane pixel, volumes the increment of the slices.
 */
#ifndef QCT_BODYCOMP_TISSUE_H
#define QCT_BODYCOMP_TISSUE_H

#include "core/record.h"
#include "core/volume.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tissue_window {
  const char *key;
  double low_hu, high_hu; /* inclusive */
  const char *source;     /* key of core/sources.def */
};

enum tissue_window_key {
  WINDOW_MUSCLE,          /* -29..150 */
  WINDOW_MUSCLE_THIGH,    /* -29..200 */
  WINDOW_MUSCLE_LOW,      /* 0..34 low-density ("fatty") muscle */
  WINDOW_MUSCLE_NORMAL,   /* 35..100 */
  WINDOW_FAT,             /* -190..-30: subcutaneous, intermuscular, visceral */
  WINDOW_FAT_VISCERAL_ALT /* -150..-50: the other visceral convention */
};
extern const struct tissue_window tissue_windows[];

/* What the voxels of one compartment are. */
struct tissue_measure {
  int64_t voxels; /* of the compartment, with data */
  int64_t no_data;
  int64_t muscle, fat;  /* voxels in the windows */
  int64_t low, normal;  /* low-density and normal-density muscle */
  int64_t removed;      /* fat voxels taken out by the least size of a fat component */
  int64_t metal;        /* voxels above 2500 HU */
  double muscle_sum_hu; /* over muscle voxels */
  double whole_sum_hu;  /* over all voxels */
  double fraction_sum;  /* shares of fat over all voxels, with pure HU */
};

struct tissue_options {
  struct tissue_window muscle, fat;
  int imat_min_pixels; /* fat components (8-connected, in the slice) of fewer pixels are not
                          counted; 1: none removed; tissue_measure_list: in muscle only */
  double pure_muscle_hu, pure_fat_hu; /* of this scan, for fat_fraction; NaN: not wanted */
};
#define TISSUE_DEFAULTS                                                                            \
  {                                                                                                \
    .muscle = {"muscle", -29, 150, "derstine2018"}, .fat = {"fat", -190, -30, "derstine2018"},     \
    .imat_min_pixels = 1, .pure_muscle_hu = (double)NAN, .pure_fat_hu = (double)NAN                \
  }

/**
 * Count the voxels where compartments == value in slices first..last (inclusive).
 * @return ST_DOMAIN: not HU, grids differ, slices outside the scan, windows that overlap or end
 * before they begin, the label absent there
 */
status tissue_measure(struct tissue_measure *out, const struct volume *hu,
                      const struct labels *compartments, int value, int64_t first, int64_t last,
                      const struct tissue_options *options);

/**
 * What a scan must be before areas and volumes of a body are taken from it.
 * @param volume  volumes are wanted
 * @return ST_DOMAIN: the lowest value above -500 or the highest below 100 HU (no HU, or no body in
 * air); for areas, slices that are not axial; for volumes, slices more than 5 mm apart
 */
status tissue_check_scan(const struct volume *hu, int volume);

/**
 * Rows of a muscle compartment: muscle_area [cm2] (slab of several slices: mean per slice) or
 * muscle_volume [cm3] with `volume`, smra [HU] (mean over the muscle window), compartment_mean_hu
 * [HU] (no window), imat_area, fat_infiltration (share 0..1), low and normal density areas, smi
 * [cm2/m2] and muscle_gauge with the person's height; with the pure HU fat_fraction, the mean share
 * of fat by mixing over the whole compartment (0..1).
 * @param height_m  NaN: rows that need it are withheld; > 3 is refused (centimetres?)
 */
status tissue_muscle_record(struct record *r, const char *region, const struct tissue_measure *m,
                            const struct geometry *g, int64_t slices, int volume, double height_m,
                            const struct tissue_options *options);
/** Rows of a fat compartment: fat_area [cm2] or fat_volume [cm3], fat_mean_hu is not given (windows
 * cut it). */
status tissue_fat_record(struct record *r, const char *region, const struct tissue_measure *m,
                         const struct geometry *g, int64_t slices, int volume, int truncated,
                         const struct tissue_options *options);

/* Several compartments at once, each named "name=value" or "value" (then by the map's own name). */
struct tissue_list {
  const char *const *items; /* borrowed */
  int count;
  int fat;             /* fat compartments, else muscle */
  int64_t first, last; /* slices, inclusive */
  int volume;          /* volumes, else areas */
  double height_m;     /* NaN when not known */
  int truncated;       /* fat: the body leaves the image */
};
struct tissue_compartment {
  char name[48];
  int value;
};
/** One of its items. @return ST_USAGE for a text that is neither form */
status tissue_compartment_parse(struct tissue_compartment *c, const char *text,
                                const struct labels *l);
/** Measure and add the rows of every compartment. @return ST_USAGE for a text that is neither form,
 * two compartments of one name; else as above */
status tissue_measure_list(struct record *r, const struct volume *hu, const struct labels *l,
                           const struct tissue_list *list, const struct tissue_options *options);

/** On the rows since `first` that rest on the HU of muscle: contrast medium, when it was given. */
void tissue_flag_contrast(struct record *r, size_t first, const struct volume *hu);

/** Row vat_sat_ratio of region "visceral", when the record holds fat_area or fat_volume of regions
 * named visceral and subcutaneous; withheld when there is no subcutaneous fat. Else nothing. */
status tissue_fat_ratio(struct record *r);

/** Share of fat by two-compartment mixing: clamp((muscle - hu)/(muscle - fat), 0, 1); the two pure
 * HU from the same scan. */
double tissue_fat_fraction(double hu, double muscle_hu, double fat_hu);

/* ---- which slice ---- */

enum slice_rule { SLICE_MID_BODY, SLICE_INFERIOR_ENDPLATE, SLICE_ALL };
extern const char *const slice_rule_names[];

struct level_slice {
  int64_t slice;       /* chosen index k */
  double z_mm;         /* patient z of its centre */
  int64_t first, last; /* extent of the vertebra */
  char flags[160];     /* "level_order ...", "near the end of the scan" */
};
/**
 * Slice of a vertebral level ("L3") in a map of TotalSegmentator numbers (C1 = 50 ... T1 = 43 ...
 * T12 = 32, L1 = 31 ... L5 = 27, S1 = 26). Whole levels must be ordered along the patient's z with
 * neighbouring centroids 15 to 60 mm apart, and this one and its neighbours, where whole, in one
 * piece (no second of 5 % of the voxels): else the flag level_order is set, never silently.
 * mid-body is the slice of the label's centroid: a map of vertebral bodies gives the body's, one of
 * whole vertebrae theirs.
 * @return ST_DOMAIN: unknown level name, level not in the map
 */
status tissue_level_slice(struct level_slice *out, const struct labels *vertebrae,
                          const char *level, enum slice_rule rule);
/**
 * Slice of a level of the hip, for which there is no consensus: own rules after those in use, on a
 * map of TotalSegmentator numbers (sacrum 25, femora 75, 76, hip bones 77, 78), each "-left" or
 * "-right":
 *   si-joint         the slice below the lowest in which sacrum and hip bone lie within 6 mm of
 * each other: gluteus medius and minimus acetabular-roof  the slice above the femur: gluteus
 * maximus thigh            10 mm below the lesser trochanter, above which the section of the femur
 * first exceeds 1.15 times its median over the lowest 20 mm: muscles of the thigh The slice is
 * flagged as not standardised.
 * @return ST_DOMAIN: unknown name, a bone not in the map, the level beyond the scan, less than 30
 * mm of shaft; ST_MEMORY
 */
status tissue_hip_slice(struct level_slice *out, const struct labels *bones, const char *level);
/** Label number of a level name, 0 when unknown. */
int vertebra_label(const char *level);

/* ---- soft tissue over the greater trochanter ---- */

/**
 * Shortest way from the greater trochanter to the skin in an axial slice [mm], for the force of a
 * fall: over the slices from the trochanter's tip to 40 mm below, between the centres of the
 * outermost pixels of bone and body, which both surfaces lie half a pixel beyond. (From the tip
 * itself the way is longer, by 17 mm in a man: it lies behind and inside the face that strikes the
 * ground.)
 *
 * Not seen: an arm that lies against the hip counts as its soft tissue.
 * @param body   LABEL_BODY; @param bones  `femur` on the same grid; @param tip  LPS mm
 * @return ST_DOMAIN: grids differ, less than 30 mm of femur below the tip, the body leaves the
 * image nearer than its skin; ST_MEMORY
 * Source: robinovitch1995 (what it is for); 40 and 30 mm are our own
 */
status tissue_trochanter_thickness(double *mm, const struct labels *body,
                                   const struct labels *bones, int femur, struct vec3 tip);

#ifdef __cplusplus
}
#endif
#endif
