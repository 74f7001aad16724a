/* Strength of a proximal femur under a named load recipe (a fall to the side, standing), from its
 * density.
 *
 * Steps: pose from the hip frame -> grid of cubes of `size_mm` in that pose -> the bone's smooth
 * solid, cut square to the shaft, on these cubes by share of volume -> mean modulus by a named
 * conversion and law -> PMMA caps over head and trochanter -> load
 * recipe -> linear solve -> failure load by strain-volume (fea/failure.h) with its interval.
 *
 * Recipe fall-ogo/2 (source ogo, with the supports of its public fixture). Axes of the model:
 * y is the direction of the fall, from the trochanter on the ground (y low) to the head (y high);
 * the shaft is tilted `tilt_deg` so that its distal end is off the ground; the neck lies in the
 * y-z plane unless turned by `rotation_deg`; x points to the back on both sides, so a left and a
 * right femur that mirror each other give the same model.
 *   head cap, outer face:        u_y = -strain * extent of the model along y
 *   trochanter cap, outer face:  u_y = 0
 *   distal end of the shaft:     u_x = u_z = 0
 *
 * Recipe fall-hinge/2 (source pmc3045472): the same pose, caps and displacement; the distal end is
 * glued to a stiff block (20 mm, 200 GPa) that may only turn about x, on a line through its middle.
 * Recipe stance/2: z is the direction of the load, in the frontal plane `tilt_deg` from the shaft;
 * a cap over the head, its outer face moved by u_z = -strain * extent along z (x and y free); the
 * distal end held in all components. The published angle of 20 degrees is unverified, so the angle
 * has no default.
 *
 * Version 2 fills the smooth solid of fea/tet_domain.h, as tetrahedra do, each element by its share
 * of volume, with caps over the surface within the intrusion depth of its extreme. Version 1
 * (`outline` voxels) takes elements whose points lie at least half on the label, whole, and caps of
 * whole columns, whose contact then changes with the size of the elements. Results of the two are
 * not comparable: on a digital hip version 2 is 10 to 15 % stiffer.
 *
 * Strength and stiffness depend on recipe, law and element size: compare within one set only.
 */
#ifndef QCT_FEA_FALL_H
#define QCT_FEA_FALL_H

#include "core/calibration.h"
#include "core/frame.h"
#include "core/picture.h"
#include "core/record.h"
#include "core/text.h"
#include "fea/beyond.h"
#include "fea/failure.h"
#include "fea/map.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bone on cubes: whole voxels of the label, or the smooth solid of fea/tet_domain.h by shares
 * of volume (fea/outline.h). */
enum fea_outline { FEA_OUTLINE_VOXELS, FEA_OUTLINE_SMOOTH };

/* Load recipes; the first two are falls. */
enum fea_recipe { FEA_FALL_OGO, FEA_FALL_HINGE, FEA_STANCE };
/** "fall-ogo", "fall-hinge", NULL: for OPT_CHOICE. */
extern const char *const fea_fall_recipe_names[];
/** "voxels", "smooth", NULL: for OPT_CHOICE; index = enum fea_outline. */
extern const char *const fea_outline_names[];
/** Name with version: "fall-ogo/2", with whole voxels "fall-ogo/1". */
const char *fea_recipe_name(enum fea_recipe recipe, enum fea_outline outline);

struct fea_fall_options {
  int recipe;                     /* enum fea_recipe */
  double size_mm;                 /* edge of an element, 0.3 .. 5 */
  int law;                        /* index into fea_law_names */
  int conversion;                 /* index into fea_conversion_names; 0 auto */
  const struct fea_law *user_law; /* borrowed; instead of `law` unless NULL */
  int bins;                       /* 0 none; 128: densities in bins, as FAIM and Ogo do */
  int outline;                    /* enum fea_outline (fea/femur_model.h) */
  int mapping;      /* enum fea_mapping: of tetrahedra, and V2 or V3 of a smooth outline on cubes;
                       whole voxels have one density each */
  double smooth_mm; /* of a smooth outline, 0 .. 5 */
  double poisson;   /* 0.2 .. 0.4 */
  double least_mpa; /* floor of the modulus */
  double tilt_deg;  /* shaft to the ground; stance: load to the shaft, NaN is refused */
  double rotation_deg; /* neck out of the y-z plane; positive turns the head to the back */
  double distal_mm;    /* cut below the head centre along the shaft; nearer when bone ends */
  double cap_mm;       /* thickness of a cap in all */
  double intrusion_mm; /* how deep the bone sits in it */
  double cap_mpa;      /* modulus of PMMA */
  double strain;       /* applied shortening, share of the model's extent along y */
  bool interval;       /* solve the variants behind the interval of the failure load */
  double shift_voxels; /* the outline moved in and out by so many of the scan's finest voxels,
                          0.1..2 */
  double mass_kg;      /* body mass, NaN: no fall force */
  double height_m;     /* body height, NaN: no fall force */
  double tissue_mm;    /* soft tissue over the trochanter, NaN: not attenuated */
  double fall_force_n; /* impact force given outright, NaN: from mass and height */
  int force_rule;      /* index into fea_force_rule_names */
  struct fea_failure_options failure;
  struct fea_solve_options solve;
  struct fea_beyond_options beyond; /* strength beyond yield, rule 0: not computed */
};
#define FEA_FALL_DEFAULTS                                                                          \
  {                                                                                                \
    .size_mm = 1, .law = FEA_LAW_MORGAN_NECK, .conversion = 0, .outline = FEA_OUTLINE_SMOOTH,      \
    .mapping = FEA_MAP_V3, .smooth_mm = 1, .poisson = 0.3, .least_mpa = 0.1, .tilt_deg = 15,       \
    .rotation_deg = 0, .distal_mm = 80, .cap_mm = 10, .intrusion_mm = 6, .cap_mpa = 2500,          \
    .strain = 0.04, .interval = true, .shift_voxels = 0.5, .mass_kg = (double)NAN,                 \
    .height_m = (double)NAN, .tissue_mm = (double)NAN, .fall_force_n = (double)NAN,                \
    .failure = FEA_FAILURE_DEFAULTS, .solve = FEA_SOLVE_DEFAULTS, .beyond = FEA_BEYOND_DEFAULTS    \
  }

/** "bouxsein2007", "weight-unverified", NULL. */
extern const char *const fea_force_rule_names[];

struct fea_fall {
  struct record *record; /* owned; rows below, region "femur_right" or "femur_left" */
  struct fea_model *model;
  struct fea_solution *solution;
  struct fea_fields *fields;
  struct fea_curve *curve; /* NULL without a rule beyond yield */
  struct fea_failure failure;
  struct fea_failure_options limits; /* that it was found with */
  enum fea_recipe recipe_kind;
  double load_n; /* reaction of the head cap at the applied displacement */
  double displacement_mm;
  double stiffness_n_mm;
  double failure_load_n; /* strain-volume */
  double off_contact_n;  /* the same without bone within intrusion_mm of a cap; NaN: not found */
  char recipe[32];
  char words[256]; /* "fall-ogo/2 keller1994 kaneko2004-cha hex 1 mm" */
};

/* Rows of the record (stance_... for stance): fall_failure_load [N] (low, high: the interval),
 * fall_failure_load_off_contact [N] (bone within intrusion_mm of a cap not judged; not there when
 * failure.contact_mm says what is not judged),
 * fall_stiffness [N/mm], fall_failure_load_strain_limit [N], fall_failure_load_pistoia [N],
 * fall_load [N], fall_displacement [mm], fall_elements [], fall_element_size [mm], fall_residual
 * [], fall_balance [], fall_dropped [], fall_mean_modulus [MPa], fall_failure_load_laws [N] (low
 * and high: over the laws of the femur that this one may be exchanged for), and with mass and
 * height fall_force [N], fall_force_attenuated [N], fall_factor_of_risk []. */

/**
 * @param density     mg/cm3, material stated; no-data voxels inside the bone are refused
 * @param labels      on the density's grid
 * @param label       value of the femur in labels
 * @param frame       of the same femur
 * @param calibration interval of the density; NULL: it is left out of the interval, with a flag
 * @param options     NULL takes FEA_FALL_DEFAULTS
 * @return ST_DOMAIN naming what the scan does not permit: label absent, head or trochanter cut
 *         (frame->truncated), metal, less than 60 mm of bone below the head centre, a head centre
 *         less than half the head's radius inside the label, a neck point more than a voxel outside
 *         it, a head or a length along the neck axis some mm off (a frame of another femur),
 * material not stated, no data in the bone; ST_NUMERIC, ST_UNSUPPORTED, ST_EXTERNAL from fea_solve
 */
status fea_fall_run(struct fea_fall **out, const struct volume *density,
                    const struct labels *labels, int label, const struct hip_frame *frame,
                    const struct calibration *calibration, const struct fea_fall_options *options);
void fea_fall_destroy(struct fea_fall *f);

/** The strain picture: two cuts through head, neck and shaft (load plane, and across the neck)
 * showing the measure of fea/failure.h at the failure load, tension and compression apart, caps,
 * supports, and the failure site. At least 1000 px wide. */
status fea_fall_picture(struct picture **out, const struct fea_fall *f);

/** Paragraph for the methods section of a report (plain text). */
void fea_fall_methods(struct text *out, const struct fea_fall *f,
                      const struct fea_fall_options *options);

/** Write <stem>.h5 and <stem>.xdmf with the fields (fea/store_fields.h). */
status fea_fall_write(const struct fea_fall *f, const char *stem, const cJSON *provenance,
                      bool force);

/** Impact force [N] of a fall from standing, sqrt(2 g h k m). Source: bouxsein2007. */
double fea_fall_force(double mass_kg, double height_m);
/** The same by body weight, 8.25 x weight x sqrt(height / 1.70 m): unverified (its origin was not
 * found); within 5 % of the other at 70 kg and 1.70 m. */
double fea_fall_force_by_weight(double mass_kg, double height_m);
/** After the soft tissue over the trochanter, 71 N per mm, at least 0. Source: robinovitch1995. */
double fea_fall_force_attenuated(double force_n, double tissue_mm);

#ifdef __cplusplus
}
#endif
#endif
