/* A voxel finite element model: a grid of cubes with moduli, supports and load cases.
 *
 * Elements are 8-node hexahedra, one a voxel with modulus > 0; nu is one number for all. Units mm,
 * N, MPa. Nodes are the corners: node (i, j, k) lies at index (i-1/2, j-1/2, k-1/2) of the grid,
 * 0 <= i <= nx and so on; its number is (k*(ny+1) + j)*(nx+1) + i. Displacements and forces are
 * along the grid's own axes (its direction may be any rotation, also a mirrored one).
 *
 *   struct fea_model *m;
 *   fea_model_create(&m, &grid, 0.3);   fill m->modulus (and m->part)
 *   fea_model_fix(m, node, axis, value) ...  fea_model_load(...)      case 0
 *   fea_model_finish(m)                  keeps what hangs on the supports, checks, numbers
 *   fea_solve(...)                       fea/solve.h
 */
#ifndef QCT_FEA_MODEL_H
#define QCT_FEA_MODEL_H

#include "core/volume.h"
#include "fea/elasticity.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a voxel is made of. */
enum fea_part { FEA_VOID, FEA_BONE, FEA_CAP };

/* A displacement prescribed in a case; raw, in the order given. */
struct fea_prescription {
  int64_t node;
  int axis; /* 0, 1, 2 */
  int load_case;
  double value_mm;
};

/* A supported dof: fixed in every case, at a value of each. Sorted by node and axis. */
struct fea_fixed {
  int64_t node;
  int axis;
};

/* A force on one node in one direction. */
struct fea_force {
  int64_t node;
  int axis;
  double newton;
};

struct fea_case {
  char name[32];
  double *value_mm;        /* owned, [fixed_count], set by finish: prescribed displacement */
  struct fea_force *force; /* owned */
  int64_t force_count, force_capacity;
};

enum { FEA_CASES = 16 };

/* Elements of a row take a multiple of this many places in element arrays, and a plane of nodes has
 * this many zeros behind it, so that the vectors of the kernels need no end of their own and read
 * no plane that another thread may be writing. */
enum { FEA_ROW_PADDING = 16 };

/* Rows of elements and nodes along x: where material is. Only the span from the first to the last
 * element of each row is stored; a dof array holds, for each node row, x, y and z components one
 * after the other. */
struct fea_rows {
  int64_t nx, ny, nz;     /* elements of the box */
  int32_t *element_first; /* [nz*ny]; span [first, last) */
  int32_t *element_last;  /* [nz*ny] */
  int64_t *element_start; /* [nz*ny + 1]: position of the span in element arrays */
  int32_t *node_first;    /* [(nz+1)*(ny+1)] */
  int32_t *node_last;     /* [(nz+1)*(ny+1)] */
  int64_t *node_start;    /* [(nz+1)*(ny+1)]: dof index of the row's first x component */
  int64_t *plane_start;   /* [nz + 2]: first dof index of each node plane, padding behind it */
};

struct fea_model {
  struct geometry grid; /* isotropic */
  double poisson;
  bool orthotropic; /* then `ratio` holds and `poisson` does not */
  struct fea_orthotropy ratio;
  struct fea_elasticity unit; /* of a voxel of modulus 1 */
  float *modulus;             /* owned, MPa, [nz][ny][nx]; 0 is void */
  uint8_t *part;              /* owned, enum fea_part, [nz][ny][nx] */
  float *density;             /* owned or NULL: density the law took, g/cm3, NaN outside the bone */
  struct fea_prescription *prescribed; /* owned */
  int64_t prescribed_count, prescribed_capacity;
  struct fea_case cases[FEA_CASES];
  int case_count;
  /* set by fea_model_finish */
  int finished;
  struct fea_fixed *fixed; /* owned */
  int64_t fixed_count;
  int64_t element_count, node_count;
  int64_t dropped_bone, dropped_cap; /* voxels not face-connected to a support */
  struct fea_rows rows;
};

/**
 * @param grid    isotropic to 1e-6 of the spacing
 * @param poisson -0.99 .. 0.499
 * @return ST_DOMAIN for another grid or poisson, ST_MEMORY
 */
status fea_model_create(struct fea_model **out, const struct geometry *grid, double poisson);
void fea_model_destroy(struct fea_model *m);
/** Orthotropic along the axes of the grid, every voxel in the same ratios to its modulus.
 * @return as fea_elasticity_orthotropic */
status fea_model_orthotropic(struct fea_model *m, const struct fea_orthotropy *ratio);
/** What only isotropic models can have. @return ST_UNSUPPORTED for an orthotropic one, naming
 * `what` */
status fea_model_isotropic(const struct fea_model *m, const char *what);

/** Number of a node from its indices. */
static inline int64_t fea_model_node(const struct fea_model *m, int64_t i, int64_t j, int64_t k) {
  return (k * (m->grid.ny + 1) + j) * (m->grid.nx + 1) + i;
}
/** Indices of a node. */
void fea_model_node_index(const struct fea_model *m, int64_t node, int64_t ijk[3]);
/** Does an element touch the node? */
bool fea_model_node_active(const struct fea_model *m, int64_t i, int64_t j, int64_t k);
/** LPS mm of a node. */
struct vec3 fea_model_node_world(const struct fea_model *m, int64_t node);

/** Begin a further load case (the first exists). A dof prescribed in one case is a support in all,
 * at 0 where a case says nothing. @return ST_DOMAIN above FEA_CASES */
status fea_model_add_case(struct fea_model *m, const char *name);

/** Drop all but the largest face-connected part, before any support is set (micro-CT: specks on the
 * loaded faces). @return ST_DOMAIN when there is no element or a modulus is not a number >= 0;
 * ST_USAGE after supports were set; ST_MEMORY */
status fea_model_keep_largest(struct fea_model *m);

/** Prescribe a displacement [mm] in the current case. @return ST_DOMAIN when the node is outside,
 * no element touches it, or the value is not finite */
status fea_model_fix(struct fea_model *m, int64_t node, int axis, double value_mm);
/** Prescribe all active nodes of the plane axis = index (node planes, 0..n). */
status fea_model_fix_plane(struct fea_model *m, int plane_axis, int64_t index, int axis,
                           double value_mm);
/** Add a force [N] in the current case. @return ST_DOMAIN as above */
status fea_model_load(struct fea_model *m, int64_t node, int axis, double newton);

/**
 * Make the model ready: remove what is not face-connected to a supported element, number the rest.
 * @return ST_DOMAIN when a modulus is NaN, infinite or negative (first such voxel is named), when
 *         there is no element, no support, or a force or a non-zero displacement sits on a part
 *         that was dropped, or one dof has two values in a case (names node and both);
 *         ST_NUMERIC when the supports leave a rigid motion free (the message
 *         names it); ST_MEMORY
 */
status fea_model_finish(struct fea_model *m);

/** dof index of a node in arrays of the model's rows, -1 where the rows do not store it. */
int64_t fea_rows_dof(const struct fea_rows *rows, int64_t i, int64_t j, int64_t k, int axis);
status fea_rows_create(struct fea_rows *out, const float *modulus, int64_t nx, int64_t ny,
                       int64_t nz);
void fea_rows_clear(struct fea_rows *rows);
static inline int64_t fea_rows_dofs(const struct fea_rows *rows) {
  return rows->plane_start[rows->nz + 1];
}

#ifdef __cplusplus
}
#endif
#endif
