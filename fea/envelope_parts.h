/* Inner contract of the envelope: three unit forces on the head, each solved once, and what any
 * force does as their sum. */
#ifndef QCT_FEA_ENVELOPE_PARTS_H
#define QCT_FEA_ENVELOPE_PARTS_H

#include "fea/envelope.h"
#include "fea/fall_parts.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENVELOPE_LOADED_SHARE 0.8 /* of the head's radius */

struct envelope_units { /* solved unit forces along the model's x, y, z */
  struct fea_solution *cubes[FEA_CASES];
  struct fea_fields *fields[3];
  struct fea_mesh_solution *tets[3];
  uint8_t *exclude;
  struct fea_failure_options judge;
};

/** Makes e->model and e->fields, or e->tets, and e->words; solves. */
status envelope_solve(struct envelope_units *u, struct fea_envelope *e, const struct fall_input *in,
                      const struct fea_envelope_options *o);
void envelope_units_clear(struct envelope_units *u);

/** The fields and failure of e under a unit force; its failure load [N] and site [LPS mm]. */
status envelope_judge(struct fea_envelope *e, const struct envelope_units *u, const double force[3],
                      double *failure_n, struct vec3 *site);

#ifdef __cplusplus
}
#endif
#endif
