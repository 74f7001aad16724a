/* Microstructure of trabecular bone and cortex from micro-CT and HR-pQCT, any spacing.
 *
 * Bone is told from marrow by a threshold that the caller names: a fixed value, Otsu's method, or
 * the image is a mask already. Nothing is smoothed.
 *
 * Trabecular measures over the volume of interest (a label, the trabecular compartment, or the
 * whole image): bv_tv               bone voxels over voxels tb_th, tb_sp [mm]   mean, SD and
 * largest of the local thickness of bone and of marrow, by volume tb_n [1/mm]         1/(tb_th +
 * tb_sp): exact for plates; not the spacing of mid-axes bs_tv [1/mm]        border of bone over
 * volume smi                 0 plates, 3 rods, 4 balls; falls with bone volume where surfaces are
 * hollow euler, conn_d [1/mm3]  of the largest piece of bone, its cavities filled; conn_d = (1 -
 * euler)/volume, euler corrected for the edges da_ratio, da_share  longest over shortest mean
 * intercept length; 1 - (shortest/longest)^2 tb_bmd [mg/cm3]     mean density, when the image is
 * one
 *
 * With a periosteal mask: cortical and trabecular compartment (micro_compartments, or a label for
 * the cortex), and
 *   ct_th [mm] mean local thickness of the cortex, pores filled; ct_po pores over cortex;
 *   ct_bmd, tt_bmd [mg/cm3]; ct_ar, tb_ar, tt_ar [mm2]: volumes over the height of the mask along
 *   the third axis.
 *
 * Gate (a rule of this toolkit): voxels longer than 0.25 mm are refused, as trabeculae are thinner
 * than that. Where the mean thickness found is below 2 voxels the measures of shape carry a flag,
 * below 1.25 they are withheld: the voxels then decide them.
 *
 * Source: hildebrand1997, hildebrand1997b, odgaard1993, harrigan1984, otsu1979; conventions of
 * conn_d and da_share as in doube2010.
 */
#ifndef QCT_QCT_MICROSTRUCTURE_H
#define QCT_QCT_MICROSTRUCTURE_H

#include "core/picture.h"
#include "core/record.h"
#include "core/volume.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

enum micro_method { MICRO_UNNAMED, MICRO_FIXED, MICRO_OTSU, MICRO_MASK };
/** "none", "fixed", "otsu", "mask", NULL. */
extern const char *const micro_method_names[];

#define MICRO_VOXEL_MOST_MM 0.25
#define MICRO_FLAG_VOXELS 2.0
#define MICRO_WITHHOLD_VOXELS 1.25

struct microstructure_options {
  int method;               /* enum micro_method; MICRO_UNNAMED is refused */
  double threshold;         /* of MICRO_FIXED: bone is >= it [unit of the image] */
  int voi;                  /* label of the volume of interest, 0 none */
  int periosteal;           /* label of the whole bone, 0 none */
  int cortical;             /* label of the cortex within it, 0: parted by the two radii */
  double pore_mm, strut_mm; /* micro_compartments */
};
/* The radii are choices of this toolkit. */
#define MICROSTRUCTURE_DEFAULTS                                                                    \
  { .threshold = (double)NAN, .pore_mm = 0.15, .strut_mm = 0.3 }

struct microstructure {
  struct labels *bone;         /* owned; 1 bone */
  struct labels *voi;          /* owned or NULL (all); 1 in the volume of interest */
  struct labels *compartments; /* owned or NULL; 1 cortex, 2 trabecular */
  struct volume *thickness;    /* owned; local thickness of either phase [mm] */
  double threshold;            /* used; NaN for a mask */
  int method, density;         /* density: the image is one */
  double voxel_mm;             /* longest edge */
  double volume_mm3, bv_tv;
  double th[3], sp[3]; /* mean, SD, largest [mm] */
  double bs_mm2, smi;
  double euler, conn_d;
  int64_t pieces, cavities;
  double da_ratio, da_share, mil_mm[3], fabric_rms;
  double tb_bmd;
  double ct_th[3], ct_po, ct_bmd, tt_bmd, ct_ar, tb_ar, tt_ar; /* NaN without a periosteal mask */
};

/**
 * @param image   micro-CT grey values, a density, or a mask (non-zero: bone)
 * @param labels  on its grid, or NULL when no label is named
 * @return ST_USAGE: no method named, or labels named without a map; ST_DOMAIN: voxels too large, a
 *         label absent, no bone or no marrow, a threshold outside the values; ST_MEMORY
 */
status qct_microstructure(struct microstructure **out, const struct volume *image,
                          const struct labels *labels,
                          const struct microstructure_options *options);
void qct_microstructure_destroy(struct microstructure *m);

/** Rows, region "trabecular" and, with a mask, "cortical" and "total". */
status qct_microstructure_rows(struct record *r, const struct microstructure *m);

/** What the gate says about this image in one line; "" when all is well. Borrowed, static text per
 * call. */
const char *qct_microstructure_gate(const struct microstructure *m);

/** Middle slice: the image, and the local thickness of bone on it, with its colour scale. */
status qct_microstructure_picture(struct picture **out, const struct microstructure *m,
                                  const struct volume *image);

#ifdef __cplusplus
}
#endif
#endif
