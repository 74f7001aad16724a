/* Failure load from a linear solution: by how much the load may grow until a criterion is met.
 *
 *   strain-volume  a share (default 1 %) of the bone's volume is beyond its strain limit
 *   strain-limit   the first element is (a single voxel decides)
 *   pistoia        a share (2 %) has effective strain sqrt(2U/E) above 0.007; made for micro-FE of
 *                  the distal radius, shown for comparison only
 *
 * Limits 0.73 % in tension and 1.04 % in compression (schileo2014, from bayraktar2004). The measure
 * of an element is max(e1/0.0073, -e3/0.0104) at its centre. Only bone is judged: caps, and
 * elements softer than `least_modulus_mpa` (marrow and fat inside the outline carry no load and
 * stretch freely), are left out; the share is of the judged volume.
 */
#ifndef QCT_FEA_FAILURE_H
#define QCT_FEA_FAILURE_H

#include "fea/fields.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_failure_options {
  double tension_limit;     /* strain */
  double compression_limit; /* strain, positive */
  double volume_share;      /* 0..1 */
  double least_modulus_mpa; /* MPa */
  double contact_mm;    /* bone nearer to a cap is not judged: contact crushes, it does not break */
  double pistoia_share; /* 0..1 */
  double pistoia_strain;  /* effective strain */
  const uint8_t *exclude; /* voxels (of a mesh: elements) not judged, borrowed; NULL: none */
};
#define FEA_FAILURE_DEFAULTS                                                                       \
  {                                                                                                \
    .tension_limit = 0.0073, .compression_limit = 0.0104, .volume_share = 0.01,                    \
    .least_modulus_mpa = 100, .contact_mm = 0, .pistoia_share = 0.02, .pistoia_strain = 0.007      \
  }

struct fea_failure {
  double factor_volume;  /* failure load / applied load: strain-volume */
  double factor_limit;   /* strain-limit, all judged elements */
  double factor_pistoia; /* all bone elements */
  int64_t judged;        /* elements */
  int64_t site_voxel;    /* where the strain-volume criterion is met first: the voxel with the
                            largest mean measure in its 5x5x5 surroundings */
  int site_tension;      /* 1 when tension decides there */
};

/** @return ST_NUMERIC when nothing is strained, ST_DOMAIN when no element can be judged */
status fea_failure_find(struct fea_failure *out, const struct fea_model *model,
                        const struct fea_fields *fields, const struct fea_failure_options *options);
/** Which voxels the strain criteria judge, 0 or 1, [nz][ny][nx]. */
status fea_failure_judged(uint8_t *judged, const struct fea_model *model,
                          const struct fea_failure_options *options);
/** max(e1/tension, -e3/compression) per element, [fields->count]. */
void fea_failure_measure(float *measure, const struct fea_fields *fields,
                         const struct fea_failure_options *options);
/** Value below which a share `quantile` of n values lies, linear between neighbours; sorts
 * `values`. */
double fea_quantile(float *values, int64_t n, double quantile);

#ifdef __cplusplus
}
#endif
#endif
