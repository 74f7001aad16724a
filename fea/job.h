// clang-format off
/* A general voxel model from a volume and a job file (JSON): the way in for research.
 *
 *   {
 *     "poisson": 0.3,                             or, along the volume's axes and in ratios to the
 *                                                 modulus (elasticity.h),
 *     "orthotropic": {"young": [1, 1, 1.6], "shear": [0.4, 0.4, 0.3], "poisson": [0.2, 0.2, 0.3]},
 *     "fabric": {"eigenvalues": [0.8, 1, 1.2]},   with exponent, poisson, shear, or those of HFE
 *     "material": {"modulus": true}               the volume is a modulus [MPa] |
 *                 {"law": "morgan2003-neck", "conversion": "auto", "least_mpa": 0.1} |
 *                 {"user_law": "ash:10500,2.29", "conversion": "auto"} |
 *                 {"above": 500, "modulus_mpa": 10000}   voxels of at least this value |
 *                 {"labels": {"1": 10000, "2": 2500}}    MPa by value of the label map,
 *     "label": 76,                                optional: elements of one label only
 *     "largest_part": true,                       optional: before supports are set
 *     "sets": {"foot": {"plane": "z", "at": "first"},   first, last: outermost with elements
 *              "pin": {"node": [0, 0, 0]},              node indices of the grid
 *              "box": {"low": [0, 0, 0], "high": [9, 9, 9]},   LPS mm
 *              "cap": {"label": 2}},                    nodes of the elements of a label
 *     "supports": [{"set": "foot", "x": 0, "y": 0, "z": 0}],   in every case, mm
 *     "cases": [{"name": "press",
 *                "displace": [{"set": "box", "z": -0.1}],   mm
 *                "force": [{"set": "cap", "z": -100}]}]     N in all, spread evenly over its nodes
 *   }
 *
 * Directions are those of the volume's own axes. A dof that one case displaces is a support in all
 * (0 where a case says nothing). Unknown keys are refused.
 */
// clang-format on
#ifndef QCT_FEA_JOB_H
#define QCT_FEA_JOB_H

#include "core/record.h"
#include "core/volume.h"
#include "fea/failure.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fea_node_set {
  char name[32];
  int64_t *node; /* owned */
  int64_t count;
};

enum { FEA_JOB_SETS = 64 };

struct fea_job {
  struct fea_model *model; /* owned, finished */
  struct fea_node_set set[FEA_JOB_SETS];
  int set_count;
  char words[96]; /* how the moduli were made */
};

/**
 * @param labels     on the volume's grid; may be NULL when the job names none
 * @param what       names the job file in messages
 * @param memory_gib refuse a larger model before it is made; 0: what the machine has free
 * @return ST_FORMAT for a missing, mistyped or unknown key; ST_DOMAIN for an empty set, a node in
 * two sets with two displacements (names it), what fea_model_finish refuses, or too large a model
 */
status fea_job_make(struct fea_job **out, const struct volume *volume, const struct labels *labels,
                    const cJSON *json, const char *what, double memory_gib);
void fea_job_destroy(struct fea_job *job);

/** Rows of a solved case, region = its name: for each set reaction_<set>_x, _y, _z [N] (0 where
 * nothing is fixed) and displacement_<set>_x, _y, _z [mm] (mean); energy [N mm], residual, balance,
 * iterations, elements, dropped; and, by the rules of fea/failure.h, the factors on the load
 * factor_strain_volume, factor_strain_limit, factor_pistoia. Appends to the record. */
status fea_job_rows(struct record *r, const struct fea_job *job, int load_case,
                    const struct fea_solution *solution, const struct fea_fields *fields,
                    const struct fea_failure_options *options);

#ifdef __cplusplus
}
#endif
#endif
