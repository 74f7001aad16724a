/* Strength of a vertebra in compression, from its density.
 *
 * Recipe spine-compression/1 (source parosol_py, ogo). Axes of the model: z is the axis of the
 * body, caudal to cranial; y points to the back; x to the left. PMMA caps over both endplates of
 * the body (10 mm thick, bone 6 mm deep in them); the lower face is held, the upper moved by u_z =
 * -0.0068 of the height from face to face, free across. Facets and arch are part of the model when
 * the labels hold them, but carry no cap. With `wedge_deg` the upper face also turns about its
 * left-right axis, its front edge going down. With `sliding` the lower face is held along z only
 * (and pinned against rigid motion), as in ogo.
 *
 * Failure loads: `crawford`, stiffness x height x 0.0068 (reported; vertebrae only, no wedge), and
 * the rules of fea/failure.h. PMMA caps give 22 % more ultimate force than a disc-like layer
 * (maquer2014): never mix the two in a cohort.
 */
#ifndef QCT_FEA_SPINE_H
#define QCT_FEA_SPINE_H

#include "core/calibration.h"
#include "core/picture.h"
#include "core/record.h"
#include "core/vertebra_frame.h"
#include "fea/beyond.h"
#include "fea/failure.h"
#include "fea/material.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FEA_SPINE_RECIPE "spine-compression/1"
/** Strain of the crawford rule. Source: parosol_py. */
#define FEA_CRAWFORD_STRAIN 0.0068

struct fea_spine_options {
  double size_mm;                 /* 0.3 .. 5 */
  int law;                        /* index into fea_law_names */
  int conversion;                 /* index into fea_conversion_names; 0 auto */
  const struct fea_law *user_law; /* borrowed; instead of `law` unless NULL */
  double poisson;
  double least_mpa;    /* floor of the modulus */
  double cap_mm;       /* thickness of a cap in all */
  double intrusion_mm; /* how deep the bone sits in it */
  double cap_mpa;      /* modulus of PMMA */
  double strain;       /* applied shortening, share of the height */
  double wedge_deg;    /* turn of the upper face; positive: front edge down */
  bool sliding;        /* lower face held along z only */
  bool interval;       /* solve the variants behind the interval */
  struct fea_failure_options failure;
  struct fea_solve_options solve;
  struct fea_beyond_options beyond; /* strength beyond yield, rule 0: not computed */
};
/* kopperdahl2002 is the default law of ogo and parosol_py; it takes K2HPO4. */
#define FEA_SPINE_DEFAULTS                                                                         \
  {                                                                                                \
    .size_mm = 1, .law = FEA_LAW_KOPPERDAHL, .poisson = 0.3, .least_mpa = 0.1, .cap_mm = 10,       \
    .intrusion_mm = 6, .cap_mpa = 2500, .strain = FEA_CRAWFORD_STRAIN, .interval = true,           \
    .failure = FEA_FAILURE_DEFAULTS, .solve = FEA_SOLVE_DEFAULTS, .beyond = {                      \
      .yield = FEA_YIELD_KOPPERDAHL,                                                               \
      .tension_mpa = 83,                                                                           \
      .compression_mpa = 134,                                                                      \
      .cortical_gcc = 0.6,                                                                         \
      .steps = 40,                                                                                 \
      .points = 8,                                                                                 \
      .tolerance = 1e-5                                                                            \
    }                                                                                              \
  }

struct fea_spine {
  struct record *record; /* owned; region "vertebra_<name>" */
  struct fea_model *model;
  struct fea_solution *solution;
  struct fea_fields *fields;
  struct fea_curve *curve; /* NULL without a rule beyond yield */
  struct fea_failure failure;
  struct fea_failure_options limits;
  double load_n, displacement_mm, height_mm; /* face to face */
  double stiffness_n_mm;
  double failure_load_n; /* the reported rule */
  bool crawford;         /* which rule that is; else strain-volume */
  char words[256];
};

/* Which voxels are the vertebra. */
struct fea_spine_labels {
  const struct labels *vertebra; /* on the density's grid */
  int value;                     /* of the vertebra */
  const struct labels *body;     /* on the same grid; NULL: the vertebra is its body */
  int body_value;                /* of bodies there; what lies in the vertebra is its body */
  const char *name;              /* "L1"; for the record */
};

/* Rows: spine_failure_load [N] (low, high), spine_stiffness [N/mm],
 * spine_failure_load_strain_volume, spine_failure_load_strain_limit, spine_failure_load_pistoia,
 * spine_load [N], spine_displacement, spine_height [mm], spine_mean_modulus [MPa], spine_elements
 * [], spine_dropped [], spine_residual [], spine_balance []. */

/**
 * @param frame       axis and anterior direction; NULL: the axis is the normal of the
 *                    plane halfway between the endplates, the front is the patient's front across
 *                    it
 * @param calibration for the interval; NULL: left out of it, with a flag
 * @return ST_DOMAIN when a label is absent, touches the image's upper or lower end, the material
 *         does not fit the law, or the endplates are not found; as fea_solve
 */
status fea_spine_run(struct fea_spine **out, const struct volume *density,
                     const struct fea_spine_labels *labels, const struct vertebra_frame *frame,
                     const struct calibration *calibration,
                     const struct fea_spine_options *options);
void fea_spine_destroy(struct fea_spine *s);

/** Cuts from the side and from the front at the failure load. */
status fea_spine_picture(struct picture **out, const struct fea_spine *s);

#ifdef __cplusplus
}
#endif
#endif
