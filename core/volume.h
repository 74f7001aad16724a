/* A CT volume or a volume of a derived quantity, and the labels that go with it.
 *
 * Voxels are float (quantity named) or uint16_t (labels); order as in core/geometry.h. "No data"
 * (padding outside the reconstruction circle, outside a resampled field) is NaN, so that it can
 * never be taken for a number; a step that needs every voxel calls volume_fill_no_data with the
 * value that suits it, by name. The material of a density travels with it and is never dropped or
 * converted silently.
 */
#ifndef QCT_CORE_VOLUME_H
#define QCT_CORE_VOLUME_H

#include "core/geometry.h"

#ifdef __cplusplus
extern "C" {
#endif

enum quantity {
  QUANTITY_UNKNOWN,
  QUANTITY_HU,          /* HU */
  QUANTITY_DENSITY,     /* mg/cm3 of `material` */
  QUANTITY_MODULUS,     /* MPa */
  QUANTITY_PROBABILITY, /* 0..1 */
  QUANTITY_LENGTH,      /* mm (distance or thickness maps) */
  QUANTITY_OTHER        /* named by `unit` in the side file */
};

enum material {
  MATERIAL_NONE,     /* not a density */
  MATERIAL_UNSTATED, /* a density whose calibration material is not stated */
  MATERIAL_K2HPO4,
  MATERIAL_HA,
  MATERIAL_ASH,     /* ash density, from a named conversion */
  MATERIAL_APPARENT /* apparent density, from a named conversion */
};

/** "HU", "density", ... ; never NULL. quantity_unit gives "HU", "mg/cm3", "MPa", "", "mm", "". */
const char *quantity_name(enum quantity q);
const char *quantity_unit(enum quantity q);
/** "none", "unstated", "K2HPO4", "HA", "ash", "apparent". */
const char *material_name(enum material m);
/** The inverse; -1 when the name is unknown. Case-insensitive. */
int quantity_from_name(const char *name);
int material_from_name(const char *name);

enum contrast { CONTRAST_UNKNOWN, CONTRAST_NONE, CONTRAST_PRESENT };

/* How the scan was made. Numbers that the header does not state are NaN, texts are "". Holds no
 * name and no identifier of a person. The date is kept for drift and asynchronous calibration only
 * and is written nowhere unless a user asks. */
struct acquisition {
  char modality[8]; /* "CT"; "" for formats that do not say */
  char manufacturer[64];
  char model[64];
  char serial[64];  /* device serial number, or "" */
  char station[64]; /* station name, or "" */
  char kernel[64];  /* convolution kernel */
  char filter[32];
  char patient_position[8]; /* HFS, FFS, ... */
  char body_part[32];
  char laterality[4]; /* side of a paired part by the header: "R", "L", "B"; "" not stated */
  char sex[4];        /* M, F, O or "" */
  double kvp;         /* kV */
  double tube_current_ma;
  double exposure_mas;
  double slice_thickness_mm; /* as stated by the header: the slice profile, not the spacing */
  double reconstruction_diameter_mm;
  double table_height_mm;
  double gantry_tilt_deg; /* as measured from orientation and positions; 0 when orthogonal */
  double age_years;
  double weight_kg;
  double height_m;
  enum contrast contrast;
  char contrast_agent[64];
  char gating[24]; /* by the heartbeat: "NONE", "PROSPECTIVE", ... as recorded, "PHASE" when only a
                      phase of the heart is; "" not recorded */
  int lossy;       /* 1 if the pixel data went through a lossy codec */
  int64_t acquired_days; /* days since 1970-01-01, INT64_MIN when unknown; never serialised by
                            default */
};

/** All numbers NaN, all texts empty, contrast unknown. */
void acquisition_init(struct acquisition *a);

struct volume {
  struct geometry grid;
  float *voxels; /* owned, [nz][ny][nx] */
  enum quantity quantity;
  enum material material;
  struct acquisition acquisition;
  char calibration_id[65]; /* id of the calibration that made this density, "" if none */
};

/**
 * Allocate a volume on `grid`, voxels zero.
 * @return ST_DOMAIN from geometry_check, ST_MEMORY naming the size asked for
 */
status volume_create(struct volume **out, const struct geometry *grid, enum quantity quantity);
/** A new volume like `like` (grid, quantity, material, acquisition, id), voxels zero. */
status volume_create_like(struct volume **out, const struct volume *like);
status volume_copy(struct volume **out, const struct volume *from);
void volume_destroy(struct volume *v);

/* HU of this and below (-2000, -2048, -3024) are padding outside the reconstruction circle: noise
 * and metal streaks do not reach that far. */
#define VOLUME_PADDING_HU (-1500.0F)
/** Padding of a volume in HU becomes no data; returns how many. */
int64_t volume_drop_padding(struct volume *v);

/** Index box, ends included, of what was scanned: planes at the ends of an axis that hold no data,
 * or one value only, were added to the scan (padding, empty slices). The whole grid when nothing is
 * left. @return whether planes were left out */
bool volume_scanned_box(const struct volume *v, int64_t low[3], int64_t high[3]);

/** Lowest and highest value; no data is neither. Infinity and -infinity when there is no other. */
void volume_range(const struct volume *v, double *low, double *high);

/**
 * State the material of a density that states none.
 * @return ST_USAGE when it states another: a conversion must be named
 */
status volume_assume_material(struct volume *density, enum material m);

/** Replace NaN by `value`; returns how many. */
int64_t volume_fill_no_data(struct volume *v, float value);

/**
 * Trilinear sample at a world position [LPS mm]; NaN when outside the grid of voxel centres (by
 * more than 1e-6 voxel) or when a contributing voxel (weight > 0) is no data.
 */
double volume_sample(const struct volume *v, struct vec3 world);
/** The same at a fractional index. */
double volume_sample_index(const struct volume *v, double i, double j, double k);

/* ---- labels ---- */

struct label_name {
  int value;
  char name[48];
};

struct labels {
  struct geometry grid;
  uint16_t *voxels;         /* owned, [nz][ny][nx]; 0 is background */
  struct label_name *names; /* owned */
  size_t name_count;
};

status labels_create(struct labels **out, const struct geometry *grid);
status labels_copy(struct labels **out, const struct labels *from);
void labels_destroy(struct labels *l);

/** Add or replace the name of a value (1..65535; name cut at 47 bytes). */
status labels_set_name(struct labels *l, int value, const char *name);
/** Name of a value, "" when it has none. Borrowed. */
const char *labels_name(const struct labels *l, int value);
/** "label 3 is not in the label map, which holds 75 (femur_left)": for refusals. Returns `out`. */
const char *labels_absent(char out[256], const struct labels *l, int value);
/** Value of a name, 0 when absent. */
int labels_value(const struct labels *l, const char *name);
/** Voxels that carry the value. */
int64_t labels_count(const struct labels *l, int value);
/** Inclusive index box of a value; false when absent. lo and hi are i, j, k. */
bool labels_box(const struct labels *l, int value, int64_t lo[3], int64_t hi[3]);

/* Numbers of the TotalSegmentator v2 `total` dictionary that this toolkit uses, so that foreign
 * label maps can be read as they are. Source: totalseg2023. */
enum {
  LABEL_AORTA = 52,
  LABEL_HEART = 51,
  LABEL_SACRUM = 25,
  LABEL_VERTEBRA_S1 = 26,
  LABEL_VERTEBRA_L5 = 27,
  LABEL_VERTEBRA_L4 = 28,
  LABEL_VERTEBRA_L3 = 29,
  LABEL_VERTEBRA_L2 = 30,
  LABEL_VERTEBRA_L1 = 31,
  LABEL_VERTEBRA_T12 = 32,
  LABEL_VERTEBRA_T11 = 33,
  LABEL_FEMUR_LEFT = 75,
  LABEL_FEMUR_RIGHT = 76,
  LABEL_HIP_LEFT = 77,
  LABEL_HIP_RIGHT = 78,
  LABEL_SPINAL_CORD = 79,
  LABEL_GLUTEUS_MAXIMUS_LEFT = 80,
  LABEL_GLUTEUS_MAXIMUS_RIGHT = 81,
  LABEL_GLUTEUS_MEDIUS_LEFT = 82,
  LABEL_GLUTEUS_MEDIUS_RIGHT = 83,
  LABEL_GLUTEUS_MINIMUS_LEFT = 84,
  LABEL_GLUTEUS_MINIMUS_RIGHT = 85,
  LABEL_AUTOCHTHON_LEFT = 86,
  LABEL_AUTOCHTHON_RIGHT = 87,
  LABEL_ILIOPSOAS_LEFT = 88,
  LABEL_ILIOPSOAS_RIGHT = 89,
  /* ours, outside that dictionary */
  LABEL_BODY = 200,
  LABEL_TABLE = 201,
  LABEL_FAT = 202,
  LABEL_MUSCLE = 203,
  LABEL_SKIN = 204,
  LABEL_CARTILAGE = 205,
  LABEL_ROD_PLATE = 300,
  LABEL_ROD_1 = 301 /* rods are 301, 302, ... in the order of the registry entry */
};

#ifdef __cplusplus
}
#endif
#endif
