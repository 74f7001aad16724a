/* Inner contract of the fall recipe's files: one solve, its interval, its rows. */
#ifndef QCT_FEA_FALL_PARTS_H
#define QCT_FEA_FALL_PARTS_H

#include "fea/fall.h"
#include "fea/femur_model.h"
#include "fea/record_rows.h"
#include "fea/tet_fall.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FALL_HINGE_BLOCK_MM = 20 }; /* of fall-hinge: the line it turns about is half way down */

struct fall_input {
  const struct volume *density;
  const struct labels *labels;
  int label;
  const struct hip_frame *frame;
  double shift_mgcc[2]; /* as in struct femur_model_options */
  double grow_mm;       /* a smooth outline moved outwards */
  /* failure load of a variant, for the interval; NULL: voxels */
  status (*variant)(double *failure_n, const struct fall_input *in,
                    const struct fea_fall_options *o);
  const void *context; /* of variant */
  double coarsest_mm;  /* largest element of the interval's coarser mesh */
};

/* Failure load of the variants [N], NaN where not made; low and high join them. */
struct fall_interval {
  double low, high;
  double density_low, density_high; /* calibration interval */
  double mask_in, mask_out;         /* outline moved by shift_voxels */
  double coarse, fine;              /* elements twice or, of coarse ones, half as large */
  double law_low, law_high;         /* over the laws that may stand in for the one used */
  char laws[160];                   /* their failure loads in words */
  char missing[96];                 /* what was left out, in words */
};

/** The bone in its pose with room_mm beyond it, without caps and supports. */
status fall_place(struct femur_model **out, const struct fall_input *in, double room_mm,
                  const struct fea_fall_options *o);
/** A cap of the outline's kind at the end (side 0 low, 1 high) of an axis; its outer node plane. */
status fall_add_cap(struct femur_model *f, int axis, int side, int64_t *face,
                    const struct fea_fall_options *o);

/** One model made and solved; `femur` (may be NULL) takes what is left of it. */
status fall_solve(struct fea_fall **out, struct femur_model **femur, const struct fall_input *in,
                  const struct fea_fall_options *o);

status fall_find_interval(struct fall_interval *out, double failure_load_n,
                          const struct fall_input *in, const struct calibration *calibration,
                          const struct fea_fall_options *o);

/** Refusals that do not depend on the kind of elements: metal, cut bone, too short a shaft, no
 * angle.
 */
status fall_check_frame(const struct hip_frame *frame, const struct fea_fall_options *o);
/** Do frame and label belong together? The head centre must lie at least half the head's radius
 * inside the label, the neck point not further than a voxel outside; the label's head within 1.5 mm
 * and half a voxel (RMS) of the head sphere, and the bone along the neck axis within 2 mm and a
 * voxel of fal_mm. 19 frames of 11 femora (digital at 1 and 3 mm, three real) are at most 1.2
 * and 1.0 mm off their own labels; of 56 frames of other digital people whose heads were put into
 * the same place 45 are noticed. Unknown lengths, and lengths of a frame laid on by a reference's
 * surface, are not compared. @return ST_DOMAIN with how far off the frame is */
status fall_check_place(const struct labels *labels, int label, const struct hip_frame *frame);
const char *fall_region(const struct hip_frame *frame);
/** " v2" for cubes with a smooth outline and that mapping, else "": words name what is no default.
 */
const char *fall_mapping_words(const struct fea_fall_options *o);

/** "weakest in the neck": which region holds the site [LPS mm], as a flag. */
void fall_flag_site(struct measurement *m, const struct hip_frame *frame, struct vec3 site);

/** How the load changes when bone beside the caps is not judged: a row, and a flag of the failure
 * load's row. @param off_contact_n  NaN: no bone is left to judge */
void fall_contact_row(struct fea_rows_writer *w, double failure_load_n, double off_contact_n,
                      const struct fea_fall_options *o);

/** Rows of the interval's variants and of other laws, and of fall force and factor of risk. */
void fall_interval_rows(struct fea_rows_writer *w, double failure_load_n,
                        const struct fall_interval *interval, const struct fea_fall_options *o);
void fall_force_rows(struct fea_rows_writer *w, double failure_load_n,
                     const struct fall_interval *interval, const struct fea_fall_options *o);

/** The bone as tetrahedra with caps and moduli, without supports. @param caps  axis and side of
 * `count` caps, copied */
status fall_tet_place(struct fea_tet_fall **out, const struct fall_input *in,
                      const struct tet_cap *caps, int count, const struct fea_fall_options *o,
                      const struct fea_tet_options *t);
/** Is the node on the flat distal end? */
bool fall_tet_on_cut(const struct fea_tet_fall *r, int64_t node);
status fall_tet_solve(struct fea_mesh_solution **out, const struct fea_mesh *m,
                      const struct fea_fall_options *o, const struct fea_tet_options *t);
/** r->words: recipe, law, density, elements, mapping. */
void fall_tet_words(struct fea_tet_fall *r, const char *recipe, const struct fea_fall_options *o,
                    const struct fea_tet_options *t);

/** r->record from what was solved with tetrahedra. */
status fall_tet_record(struct fea_tet_fall *r, const struct hip_frame *frame,
                       const struct fall_interval *interval, const struct fea_fall_options *o);

status fall_record(struct record **out, const struct fea_fall *r, const struct femur_model *f,
                   const char *region, const struct hip_frame *frame,
                   const struct fall_interval *interval, const struct fea_fall_options *o);

#ifdef __cplusplus
}
#endif
#endif
