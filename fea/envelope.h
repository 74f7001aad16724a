/* The weakest direction of a fall: failure load of a proximal femur over a grid of directions of
 * the force on its head, from three solves.
 *
 * Recipe envelope/2: pose of fall-ogo (fea/fall.h), PMMA cap over the trochanter with its outer
 * face held along y, the distal end held in x and z, and a force spread over the head within 0.8 of
 * its radius (over the nodes of cubes, the volume of tetrahedra). The supports do not move with the
 * direction and the model is linear, so unit forces along x, y and z are solved once and every
 * direction is their sum. Direction (0, 0) is the fall of fall-ogo, straight down; `alpha` turns
 * the force about x (positive: from the head towards the shaft's distal end, adduction), `beta`
 * about z (positive: towards the back). Version 1 (outline voxels) takes whole voxels, as
 * fall-ogo/1 does; loads of the two are not comparable.
 *
 * Bone within one radius of the head's centre is not judged, because the force is spread there.
 */
#ifndef QCT_FEA_ENVELOPE_H
#define QCT_FEA_ENVELOPE_H

#include "core/table.h"
#include "fea/fall.h"
#include "fea/tet_fall.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_envelope_options {
  double alpha_deg;              /* from -alpha to alpha, 0..60 */
  double beta_deg;               /* from -beta to beta, 0..60 */
  double step_deg;               /* 1..60 */
  struct fea_fall_options model; /* size, law, pose, caps, failure, solve; the rest is not used */
  int elements;                  /* enum fea_element: FEA_HEX8, or tetrahedra */
  struct fea_tet_options tets;
};
/* Grid source: proposed, CT2S-like; the published grid was not found. */
#define FEA_ENVELOPE_DEFAULTS                                                                      \
  {                                                                                                \
    .alpha_deg = 30, .beta_deg = 30, .step_deg = 15, .model = FEA_FALL_DEFAULTS,                   \
    .elements = FEA_HEX8, .tets = FEA_TET_DEFAULTS                                                 \
  }

struct fea_envelope_direction {
  double alpha_deg, beta_deg;
  double failure_load_n;
  struct vec3 site; /* LPS mm: weakest surroundings; of tetrahedra the weakest surface node */
};

struct fea_envelope {
  struct record *record; /* envelope_failure_load_min [N], envelope_alpha_min, envelope_beta_min
                            [deg], envelope_failure_load_straight, envelope_failure_load_max [N] */
  struct fea_envelope_direction *direction; /* owned, [count], beta fastest */
  int count, alphas, betas;
  int weakest;               /* index */
  struct fea_model *model;   /* of cubes, else NULL */
  struct fea_fields *fields; /* of the weakest direction, per newton */
  struct fea_failure failure;
  struct fea_tet_fall *tets; /* mesh, and fields and failure of the weakest direction; or NULL */
  struct fea_failure_options limits; /* limits.exclude is NULL: it belonged to the run */
  struct hip_frame frame;
  char words[256];
};

/** @return as fea_fall_run */
status fea_envelope_run(struct fea_envelope **out, const struct volume *density,
                        const struct labels *labels, int label, const struct hip_frame *frame,
                        const struct fea_envelope_options *options);
void fea_envelope_destroy(struct fea_envelope *e);

/** alpha_deg, beta_deg, failure_load_n, site_x, site_y, site_z [LPS mm], region. */
status fea_envelope_table(struct table **out, const struct fea_envelope *e);
/** Polar picture (SVG): failure load as distance from the centre, direction alpha as angle, one
 * line for each beta. */
status fea_envelope_svg(struct text *out, const struct fea_envelope *e);
/** Strain picture of the weakest direction. */
status fea_envelope_picture(struct picture **out, const struct fea_envelope *e);

#ifdef __cplusplus
}
#endif
#endif
