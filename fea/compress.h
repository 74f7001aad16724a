/* Uniaxial compression of a cube of bone (micro-CT): apparent modulus and failure load.
 *
 * Recipe compress-<kind>/1, the cube between the first and the last layer along `axis`:
 *   glued     both faces held across, the upper moved along the axis (as FAIM's axial test)
 *   sliding   faces move along the axis only where they are pressed, free across (smooth plates)
 *   confined  as sliding, and the four sides held along their normals
 * Only the largest face-connected part carries load; the rest is dropped and counted.
 */
#ifndef QCT_FEA_COMPRESS_H
#define QCT_FEA_COMPRESS_H

#include "core/picture.h"
#include "core/record.h"
#include "fea/beyond.h"
#include "fea/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum fea_compress_kind { FEA_GLUED, FEA_SLIDING, FEA_CONFINED };
/** "glued", "sliding", "confined", NULL. */
extern const char *const fea_compress_names[];

struct fea_compress_options {
  int kind;      /* enum fea_compress_kind */
  int axis;      /* 0, 1, 2 of the grid */
  double strain; /* shortening, share of the length */
  struct fea_failure_options failure;
  struct fea_solve_options solve;
  struct fea_beyond_options beyond; /* strength beyond yield, rule 0: not computed */
};
/* Pistoia's 2 % and 0.007 are in FEA_FAILURE_DEFAULTS. */
#define FEA_COMPRESS_DEFAULTS                                                                      \
  {                                                                                                \
    .kind = FEA_GLUED, .axis = 2, .strain = 0.01, .failure = FEA_FAILURE_DEFAULTS,                 \
    .solve = FEA_SOLVE_DEFAULTS, .beyond = {                                                       \
      .yield = FEA_YIELD_CONSTANT,                                                                 \
      .tension_mpa = 83,                                                                           \
      .compression_mpa = 134,                                                                      \
      .cortical_gcc = 0.6,                                                                         \
      .steps = 40,                                                                                 \
      .points = 8,                                                                                 \
      .tolerance = 1e-5                                                                            \
    }                                                                                              \
  }

struct fea_compress {
  struct record *record; /* region "cube" */
  struct fea_model *model;
  struct fea_solution *solution;
  struct fea_fields *fields;
  struct fea_curve *curve; /* NULL without a rule beyond yield */
  struct fea_failure failure;
  struct fea_failure_options limits;
  double load_n, displacement_mm, stiffness_n_mm, apparent_modulus_mpa;
  char words[128];
};

/* Rows: compress_failure_load [N] (pistoia), compress_apparent_modulus [MPa] (force / area of the
 * box / strain), compress_stiffness [N/mm], compress_failure_load_strain_volume and
 * compress_failure_load_strain_limit [N], compress_load [N], compress_displacement [mm],
 * compress_fraction [] (volume of the elements / box), compress_elements, compress_dropped,
 * compress_residual, compress_balance []. */

/**
 * @param model  not finished, without supports; on success it is taken over by *out
 * @param words  how the moduli were made, for the record ("threshold 500 E 10000 MPa")
 * @return ST_DOMAIN when the largest part does not reach both faces; as fea_model_finish, fea_solve
 */
status fea_compress_run(struct fea_compress **out, struct fea_model *model, const char *words,
                        const struct fea_compress_options *options);
void fea_compress_destroy(struct fea_compress *c);
/** Cuts through the middle and the largest measure through the cube, at the failure load. */
status fea_compress_picture(struct picture **out, const struct fea_compress *c);

#ifdef __cplusplus
}
#endif
#endif
