/* The commands that press one femur between caps (`fea fall`, `fea stance`): they differ in recipe,
 * options and words only. */
#ifndef QCT_CLI_FALL_RUN_H
#define QCT_CLI_FALL_RUN_H

#include "cli/fall_tets.h"
#include "cli/femur_options.h"
#include "fea/fall.h"

struct fall_params {
  struct femur_paths femur;
  struct voxel_paths to;
  const char *user_law, *mesh;
  int elements;
  bool no_interval;
  struct fea_fall_options model;
  struct fea_tet_options tets;
};

/* What is written, and on which elements. */
#define FALL_OUTPUTS(T)                                                                            \
  VOXEL_OUTPUTS(T, to), FEA_TET_OPTIONS(T, model, elements, tets, mesh),                           \
      OPT_CHOICE(                                                                                  \
          T, model.outline, "outline", fea_outline_names,                                          \
          "bone on cubes: whole voxels of the label, or a smooth surface by shares of volume"),    \
      OPT_REAL(T, model.smooth_mm, "smooth", "mm", 0, 5,                                           \
               "Gaussian that smooths the surface of tetrahedra and of the smooth outline")

/* Material, failure rule and solver. */
#define FALL_MODEL(T)                                                                              \
  FEMUR_MATERIAL(T, femur), FEMUR_CALIBRATION(T, femur), REFERENCE_OPTIONS(T, femur.reference),    \
      OPT_REAL(T, model.size_mm, "size", "mm", 0.3, 10, "edge of an element"),                     \
      OPT_CHOICE(T, model.law, "law", fea_law_names, "density to modulus"),                        \
      OPT_TEXT(T, user_law, "user-law",                                                            \
               "a law of your own instead: ash:10500,2.29 is 10500 MPa x ash^2.29"),               \
      OPT_CHOICE(T, model.conversion, "conversion", fea_conversion_names,                          \
                 "calibrated density to ash density; auto: by the material"),                      \
      OPT_REAL(T, model.distal_mm, "distal", "mm", 60, 300,                                        \
               "cut of the shaft below the head centre"),                                          \
      OPT_REAL(T, model.failure.volume_share, "share", "", 0.0001, 0.5,                            \
               "share of the bone volume beyond its limit at failure"),                            \
      OPT_REAL(T, model.solve.tolerance, "tolerance", "", 1e-13, 1e-3,                             \
               "relative residual of the solve"),                                                  \
      OPT_REAL(T, model.solve.memory_gib, "memory", "GiB", 0, 10000,                               \
               "refuse a larger model; 0: what the machine has free"),                             \
      OPT_FLAG(T, no_interval, "no-interval",                                                      \
               "do not solve the variants behind the interval of the failure load"),               \
      OPT_REAL(T, model.shift_voxels, "outline-shift", "voxel", 0.1, 2,                            \
               "of the interval: the outline in and out by so many of the finest voxels"),         \
      FEA_BEYOND_OPTIONS(T, model.beyond, to)

/** The `run` of both; params is a struct fall_params. */
status fall_command(struct context *ctx, const void *params);

#endif
