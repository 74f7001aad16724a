/* Geometric multigrid for voxel elasticity, matrix-free, in single precision; and the double
 * precision operator of its finest level. Inner contract of fea/, used through fea/solve.h.
 *
 * Level 0 is the model. A coarser level has voxels of twice the edge whose modulus is the mean of
 * the eight (void counts as 0); its operator is rediscretised. A coarse dof is fixed when a fixed
 * dof of the finer level lies in its support, so that corrections vanish where displacements are
 * prescribed. Smoother: fourth-kind Chebyshev of degree 2 on the diagonal (lottes2023); W cycle
 * below the finest level; dense Cholesky at the bottom.
 *
 * Parallel: node planes are owned in slabs [plane_first, plane_last) by MPI rank; a rank stores one
 * halo plane on each side. Levels with few planes are replicated: every rank holds all of it and
 * computes the same. Inside a rank the slab is cut into chunks of planes, one a thread; a chunk
 * computes the element plane below its first node plane again, so every node sums its elements in
 * the same order whatever the chunks are: the result has the same bits for any thread count.
 */
#ifndef QCT_FEA_MULTIGRID_H
#define QCT_FEA_MULTIGRID_H

#include "fea/comm.h"
#include "fea/model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mg_level {
  struct fea_rows rows;
  int borrowed_rows; /* level 0 uses the model's */
  double size_mm;
  struct fea_elasticity unit;      /* of a voxel of modulus 1 */
  bool cubic;                      /* alike along all axes */
  float diagonal_share[3];         /* diagonal of axis 0 over that of the axis: 1 when isotropic */
  int64_t plane_first, plane_last; /* node planes owned; [plane_first, plane_last) */
  int replicated;                  /* every rank owns all planes */
  int64_t base, length;            /* first dof stored (halo included) and number stored */
  float *modulus;                  /* element spans of the stored element planes */
  int64_t modulus_base;            /* element_start of modulus[0] */
  float *inverse_diagonal; /* [length/3], of axis 0, one a node; 0 where no element touches */
  int64_t *fixed;          /* sorted dof indices of all planes */
  int64_t *fixed_start;    /* [nz + 2], by node plane */
  float *x, *b, *r;        /* [length + MG_PADDING]; r: residual, or the smoother's step */
  double eigenvalue;       /* bound of the spectrum of D^-1 K */
};

/* Scratch of one chunk of planes. */
struct mg_scratch {
  void *sums[2];  /* of two node planes: sums, then differences `apart` numbers further */
  int64_t apart;  /* (kernel_template.h) */
  float *edge[2]; /* copies of the node planes below and above the chunk */
  float *row;     /* of a transfer */
};

/* MG_PADDING: numbers behind an array of nodes that may be read, and are finite. */
enum { MG_LEVELS = 16, MG_THREADS = 256, MG_PADDING = 32 };

struct multigrid {
  const struct fea_model *model;
  const struct fea_comm *comm; /* NULL: alone */
  struct mg_level level[MG_LEVELS];
  int levels;
  int threads;
  struct mg_scratch scratch[MG_THREADS];
  float *bottom; /* Cholesky factor of the coarsest level, row-major lower, [n][n] */
  int64_t bottom_n;
  double *ghosted;   /* x with halo planes for the double operator; only with several ranks */
  double *plane_dot; /* [nz + 1] of the finest level */
};

enum mg_mode {
  MG_APPLY,    /* y = K x, fixed dofs 0 */
  MG_REACTION, /* y = K x, fixed dofs kept */
  MG_RESIDUAL, /* y = b - K x, fixed dofs 0 */
  MG_SMOOTH    /* x += v, v = alpha*d_in + beta*D^-1 (b - K x); fixed dofs of x and v are 0 */
};

/* One pass over a level; what the mode does not use is NULL or 0. */
#define MG_JOB(real)                                                                               \
  struct mg_job_##real {                                                                           \
    enum mg_mode mode;                                                                             \
    real *x; /* [length + MG_PADDING]; only MG_SMOOTH writes to it */                              \
    const real *b;                                                                                 \
    real *y;                                                                                       \
    const real *d_in; /* may be x; only without d_out */                                           \
    real *d_out;      /* v is kept here; then alpha counts as 0 */                                 \
    real alpha, beta;                                                                              \
    double *dot; /* of every node plane, or NULL: x . y, with MG_SMOOTH b . x; not MG_RESIDUAL */  \
  }
MG_JOB(float);
MG_JOB(double);

/** Build the hierarchy. @param comm borrowed or NULL. @return ST_MEMORY; ST_DOMAIN when there are
 * more ranks than node planes / 2 */
status multigrid_create(struct multigrid **out, const struct fea_model *model,
                        const struct fea_comm *comm);
void multigrid_destroy(struct multigrid *mg);

/** Owned dofs: first index and number. */
int64_t multigrid_first(const struct multigrid *mg);
int64_t multigrid_owned(const struct multigrid *mg);

/** Zeroed array for n numbers and MG_PADDING more; NULL without memory. free() it. */
double *multigrid_vector(int64_t n);
/** Dofs stored by this rank, the planes beside its own included; how many come before its own. */
int64_t multigrid_stored(const struct multigrid *mg);
int64_t multigrid_offset(const struct multigrid *mg);
/** Owned dofs and the neighbours' planes beside them. @param stored  multigrid_vector of that many
 */
void multigrid_spread(const struct multigrid *mg, const double *x, double *stored);
/** y = K x on owned dofs in double; `mode` MG_APPLY or MG_REACTION. x: multigrid_vector.
 * @return x . y over the owned dofs */
double multigrid_apply(struct multigrid *mg, enum mg_mode mode, const double *x, double *y);
/** z = M^-1 r on owned dofs: one multigrid cycle. */
void multigrid_precondition(struct multigrid *mg, const double *r, double *z);
/** The same on single precision in place: fill the owned dofs of multigrid_rhs(), about 1 in size,
 * and find z in the returned array. @param dot  rhs . z over the owned dofs, summed while z is in
 * the cache; may be NULL */
float *multigrid_rhs(struct multigrid *mg);
const float *multigrid_cycle(struct multigrid *mg, double *dot);

/* ---- inner functions, shared by the files of the solver ---- */

void mg_slab_float(const struct multigrid *mg, const struct mg_level *l,
                   const struct mg_job_float *job);
void mg_slab_double(const struct multigrid *mg, const struct mg_level *l,
                    const struct mg_job_double *job);
/** Chunks of a level, one a thread: at least 4 planes and 6144 dofs each, about 20 microseconds of
 * a pass: some times what two threads that are awake take to meet. Levels of a femur below 12 k
 * dofs are one thread's. */
int mg_chunks(const struct multigrid *mg, const struct mg_level *l);
/** First node plane of a chunk, so that all have the same number of dofs to within a plane (a femur
 * has two thirds of them in its upper half); plane_last for chunk == chunks. */
int64_t mg_cut(const struct mg_level *l, int chunk, int chunks);

status mg_level_create(struct mg_level *l, const struct fea_rows *rows, const float *modulus,
                       double size_mm, const struct fea_elasticity *unit, int64_t plane_first,
                       int64_t plane_last);
void mg_level_clear(struct mg_level *l);
/** No eigenvalue of D^-1 K is above that of an element. */
double mg_eigenvalue_bound(const struct fea_elasticity *unit);
/** Modulus of the next coarser box, owned by the caller, sizes (n+1)/2. */
status mg_coarsen_modulus(float **out, const float *modulus, int64_t nx, int64_t ny, int64_t nz);
/** fixed and fixed_start of a coarse level from the finer one's. */
status mg_coarsen_fixed(struct mg_level *coarse, const struct mg_level *fine);
float mg_modulus_at(const struct mg_level *l, int64_t i, int64_t j, int64_t k);

/** coarse->b = P' fine->r (fine halo valid). Only coarse planes [first, last). */
void mg_restrict(const struct multigrid *mg, const struct mg_level *fine, struct mg_level *coarse,
                 int64_t first, int64_t last);
/** fine->x += P coarse->x (coarse halo valid). */
void mg_prolong(const struct multigrid *mg, const struct mg_level *coarse, struct mg_level *fine);
/** Swap halo planes of a float or double array of the level. */
void mg_exchange(const struct multigrid *mg, const struct mg_level *l, void *x, size_t width);

/** 24 x 24 stiffness of a cube of edge h [mm] and unit modulus by 2x2x2 Gauss points; node n has
 * corner bits x 1, y 2, z 4; dof 3n + axis. */
void fea_hex_stiffness(double h, const struct fea_elasticity *unit, double k[24][24]);
/** In place Cholesky of a symmetric n x n matrix (lower, row-major); a pivot that vanishes is
 * replaced by an identity row. */
void mg_cholesky(double *a, int64_t n);
void mg_cholesky_solve(const float *factor, int64_t n, float *b);

#ifdef __cplusplus
}
#endif
#endif
