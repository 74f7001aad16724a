/* What every command that solves one voxel model writes, and its options beyond yield. */
#ifndef QCT_CLI_VOXEL_OUTPUTS_H
#define QCT_CLI_VOXEL_OUTPUTS_H

#include "cli/command.h"
#include "core/picture.h"
#include "core/record.h"
#include "fea/beyond.h"
#include "fea/failure.h"

struct voxel_paths {
  const char *case_id, *out, *fields, *picture, *inp, *curve, *curve_picture;
  int bins;
};

/* `to` is the struct voxel_paths of struct T. */
#define VOXEL_OUTPUTS(T, to)                                                                       \
  OPT_OUT_AS(T, to.out, "out", ENDS_RECORD, "record; standard output when not given"),             \
      OPT_CASE(T, to.case_id),                                                                     \
      OPT_OUT(T, to.fields, "fields", "stem of <stem>.h5 and <stem>.xdmf with all fields"),        \
      OPT_OUT_AS(T, to.picture, "picture", ".png", "strain picture"),                              \
      OPT_OUT_AS(T, to.inp, "inp", ".inp", "the model as a complete CalculiX job"),                \
      OPT_INT(T, to.bins, "inp-bins", "", 0, 5000,                                                 \
              "materials of the CalculiX job; 0: every modulus its own")

/* `member` is the struct fea_beyond_options of struct T. */
#define FEA_BEYOND_OPTIONS(T, member, to)                                                          \
  OPT_CHOICE(T, member.rule, "nonlinear", fea_beyond_names,                                        \
             "load beyond yield too: rule of the material"),                                       \
      OPT_CHOICE(T, member.yield, "yield", fea_yield_names, "yield stress by density"),            \
      OPT_REAL(T, member.tension_mpa, "yield-tension", "MPa", 0.001, 1e4, "of --yield constant"),  \
      OPT_REAL(T, member.compression_mpa, "yield-compression", "MPa", 0.001, 1e4,                  \
               "of --yield constant"),                                                             \
      OPT_REAL(T, member.cortical_gcc, "cortical-ash", "g/cm3", 0, 3,                              \
               "of the rule keyak: ash density from which bone counts as cortical"),               \
      OPT_INT(T, member.steps, "load-steps", "", 1, 1000, "steps to the full displacement"),       \
      OPT_REAL(T, member.tolerance, "load-tolerance", "", 1e-10, 1e-2,                             \
               "force out of balance, of all, that ends the corrections of a step"),               \
      OPT_OUT_AS(T, to.curve, "curve", ".csv", "force-displacement curve beyond yield"),           \
      OPT_OUT_AS(T, to.curve_picture, "curve-picture", ".svg", "the same as a plot")

/* A solved model; all borrowed. */
struct voxel_result {
  const struct record *record;
  const struct fea_model *model;
  const struct fea_solution *solution;
  const struct fea_fields *fields;
  const struct fea_failure *failure;
  const struct fea_curve *curve; /* NULL without a rule beyond yield */
  const char *words;
};
/* `s` is a solved model of fea/: fall, spine or compress. */
#define VOXEL_RESULT(s)                                                                            \
  { (s)->record, (s)->model, (s)->solution, (s)->fields, &(s)->failure, (s)->curve, (s)->words }

/** What tells whether the solution can be believed, and what lies beyond yield (curve may be NULL).
 */
void solution_say(double residual, double balance, double energy_nmm, double work_nmm,
                  const struct fea_curve *curve);

/** Before anything is solved. @return ST_USAGE when a curve is asked for and no rule beyond yield
 */
status curve_paths_check(const struct voxel_paths *to, const struct fea_beyond_options *beyond);

/** @param picture  of to->picture, NULL when that is NULL
 * @return ST_USAGE, ST_IO from the files */
status voxel_outputs_write(struct context *ctx, const struct voxel_paths *to,
                           const struct voxel_result *result, const struct picture *picture);

/** The curve alone, for models that are not voxels. `curve` may be NULL when no path of it is
 * given.
 * @return as above */
status curve_outputs_write(const struct context *ctx, const struct voxel_paths *to,
                           const struct fea_curve *curve);

/** Which process of an MPI run this is; all but the first fall silent. */
status fea_command_rank(int *rank);

#endif
