#include "fea/multigrid.h"

#include "core/parallel.h"
#include "core/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  BOTTOM_DOFS = 700,      /* stop coarsening at this size: dense Cholesky */
  REPLICATE_DOFS = 40000, /* with several ranks, hold levels below this size everywhere */
  POWER_STEPS = 10,
  TWICE_DOFS = 8000, /* levels above this size are visited twice a cycle */
  CHUNK_PLANES = 4,
  CHUNK_DOFS = 6144
};

int mg_chunks(const struct multigrid *mg, const struct mg_level *l) {
  int64_t most = (l->plane_last - l->plane_first) / CHUNK_PLANES;
  if (most > l->length / CHUNK_DOFS) most = l->length / CHUNK_DOFS;
  if (most > mg->threads) most = mg->threads;
  return most < 1 ? 1 : (int)most;
}

int64_t mg_cut(const struct mg_level *l, int chunk, int chunks) {
  const int64_t *start = l->rows.plane_start;
  int64_t low = l->plane_first, high = l->plane_last;
  const int64_t wanted = start[low] + (start[high] - start[low]) / chunks * chunk;
  if (chunk == chunks) return high;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (start[middle] < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static int alone(const struct multigrid *mg, const struct mg_level *l) {
  return !mg->comm || mg->comm->ranks == 1 || l->replicated;
}

/* First node plane of each rank so that all own about the same number of dofs. */
static void partition(const struct fea_rows *rows, int ranks, int64_t *first) {
  int64_t total = fea_rows_dofs(rows), plane = 0;
  for (int r = 0; r < ranks; r++) {
    while (plane < rows->nz + 1 && rows->plane_start[plane] < total / ranks * r) plane++;
    first[r] = plane;
  }
  first[ranks] = rows->nz + 1;
}

static int64_t thinnest(const int64_t *first, int ranks) {
  int64_t least = INT64_MAX;
  for (int r = 0; r < ranks; r++)
    if (first[r + 1] - first[r] < least) least = first[r + 1] - first[r];
  return least;
}

static int compare_index(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static status finest_fixed(struct mg_level *l, const struct fea_model *model) {
  status st = ST_OK;
  const int64_t planes = l->rows.nz + 1;
  l->fixed = malloc((size_t)model->fixed_count * sizeof *l->fixed);
  l->fixed_start = malloc((size_t)(planes + 1) * sizeof *l->fixed_start);
  CHECK(l->fixed && l->fixed_start, ST_MEMORY, "multigrid: no memory for %lld supports",
        (long long)model->fixed_count);
  for (int64_t f = 0; f < model->fixed_count; f++) {
    int64_t at[3];
    fea_model_node_index(model, model->fixed[f].node, at);
    l->fixed[f] = fea_rows_dof(&l->rows, at[0], at[1], at[2], model->fixed[f].axis);
  }
  qsort(l->fixed, (size_t)model->fixed_count, sizeof *l->fixed, compare_index);
  for (int64_t k = 0, f = 0; k <= planes; k++) {
    while (f < model->fixed_count && l->fixed[f] < l->rows.plane_start[k]) f++;
    l->fixed_start[k] = f;
  }
done:
  return st;
}

/* All levels; the modulus box of each is made from the one before. */
static status make_levels(struct multigrid *mg) {
  status st = ST_OK;
  const struct fea_model *model = mg->model;
  const int ranks = mg->comm ? mg->comm->ranks : 1, rank = mg->comm ? mg->comm->rank : 0;
  const float *box = model->modulus;
  float *coarse_box = NULL;
  int64_t *first = malloc(((size_t)ranks + 1) * sizeof *first);
  struct fea_rows rows = model->rows;
  double h = model->grid.spacing[0];
  int replicated = ranks == 1;

  CHECK(first, ST_MEMORY, "multigrid: no memory");
  partition(&rows, ranks, first);
  CHECK(ranks == 1 || thinnest(first, ranks) >= 2, ST_DOMAIN,
        "multigrid: %d ranks for %lld node planes; every rank needs 2, use fewer", ranks,
        (long long)rows.nz + 1);
  for (int n = 0; n < MG_LEVELS; n++) {
    struct mg_level *l = &mg->level[n];
    l->replicated = replicated;
    l->borrowed_rows = n == 0;
    TRY(mg_level_create(l, &rows, box, h, &model->unit, replicated ? 0 : first[rank],
                        replicated ? rows.nz + 1 : first[rank + 1]));
    if (n == 0)
      TRY(finest_fixed(l, model));
    else
      TRY(mg_coarsen_fixed(l, l - 1));
    mg->levels = n + 1;
    if (fea_rows_dofs(&rows) <= BOTTOM_DOFS || n == MG_LEVELS - 1) break;
    if (rows.nx < 2 && rows.ny < 2 && rows.nz < 2) break;
    float *next = NULL;
    TRY(mg_coarsen_modulus(&next, box, rows.nx, rows.ny, rows.nz));
    int64_t nx = (rows.nx + 1) / 2, ny = (rows.ny + 1) / 2, nz = (rows.nz + 1) / 2;
    free(coarse_box);
    box = coarse_box = next;
    TRY(fea_rows_create(&rows, box, nx, ny, nz));
    for (int r = 0; r < ranks; r++) first[r] = (first[r] + 1) / 2;
    first[ranks] = nz + 1;
    if (thinnest(first, ranks) < 2 || fea_rows_dofs(&rows) <= REPLICATE_DOFS) replicated = 1;
    h *= 2;
  }
done:
  free(first);
  free(coarse_box);
  return st;
}

static status make_scratch(struct multigrid *mg) {
  status st = ST_OK;
  int64_t plane = 0, widest = mg->level[0].rows.nx;
  int chunks = 1;
  for (int n = 0; n < mg->levels; n++) { /* thin structures widen on coarse levels */
    const struct fea_rows *rows = &mg->level[n].rows;
    if (mg_chunks(mg, &mg->level[n]) > chunks) chunks = mg_chunks(mg, &mg->level[n]);
    for (int64_t k = 0; k <= rows->nz; k++)
      if (rows->plane_start[k + 1] - rows->plane_start[k] > plane)
        plane = rows->plane_start[k + 1] - rows->plane_start[k];
  }
  for (int c = 0; c < chunks; c++) {
    struct mg_scratch *s = &mg->scratch[c];
    s->apart = plane + 2 * MG_PADDING;
    for (int side = 0; side < 2; side++) {
      s->sums[side] = calloc((size_t)(2 * s->apart + MG_PADDING), sizeof(double));
      s->edge[side] = calloc((size_t)(plane + MG_PADDING), sizeof(float));
      CHECK(s->sums[side] && s->edge[side], ST_MEMORY, "multigrid: no memory for %d threads",
            chunks);
    }
    s->row = malloc((size_t)(widest + MG_PADDING) * sizeof(float));
    CHECK(s->row, ST_MEMORY, "multigrid: no memory for %d threads", chunks);
  }
done:
  return st;
}

/* x = beta D^-1 b */
static void scale_by_diagonal(const struct multigrid *mg, struct mg_level *l, float beta) {
  const struct fea_rows *rows = &l->rows;
  const int chunks = mg_chunks(mg, l);
#pragma omp parallel for schedule(static, 1) num_threads(chunks) if (chunks > 1)
  for (int c = 0; c < chunks; c++) {
    const int64_t first = mg_cut(l, c, chunks), last = mg_cut(l, c + 1, chunks);
    for (int64_t row = first * (rows->ny + 1); row < last * (rows->ny + 1); row++) {
      const int64_t n = rows->node_last[row] - rows->node_first[row];
      int64_t t = rows->node_start[row] - l->base;
      const float *restrict inverse = l->inverse_diagonal + t / 3;
      for (int axis = 0; axis < 3; axis++, t += n) {
        float *restrict x = l->x + t;
        const float *restrict b = l->b + t, factor = beta * l->diagonal_share[axis];
#pragma GCC ivdep
        for (int64_t i = 0; i < n; i++) x[i] = factor * inverse[i] * b[i];
      }
    }
  }
}

/* What each owned plane left in plane_dot. */
static double added_planes(const struct multigrid *mg, const struct mg_level *l) {
  double sum = 0;
  for (int64_t k = l->plane_first; k < l->plane_last; k++) sum += mg->plane_dot[k];
  return sum;
}

/* x . y over the owned planes, one partial sum a plane. */
static double dot_planes(const struct multigrid *mg, const struct mg_level *l, const float *x,
                         const float *y) {
  const int64_t *start = l->rows.plane_start;
  const int chunks = mg_chunks(mg, l);
#pragma omp parallel for schedule(static, 1) num_threads(chunks) if (chunks > 1)
  for (int c = 0; c < chunks; c++)
    for (int64_t k = mg_cut(l, c, chunks); k < mg_cut(l, c + 1, chunks); k++) {
      double plane = 0;
      for (int64_t i = start[k] - l->base; i < start[k + 1] - l->base; i++)
        plane += (double)x[i] * (double)y[i];
      mg->plane_dot[k] = plane;
    }
  return added_planes(mg, l);
}

static double square_norm(const struct multigrid *mg, const struct mg_level *l, const float *x) {
  double sum = dot_planes(mg, l, x, x);
  if (!alone(mg, l)) mg->comm->sum(&sum, 1);
  return sum;
}

static void fill_at_random(const struct multigrid *mg, const struct mg_level *l, float *x) {
  const int64_t *start = l->rows.plane_start;
  const int chunks = mg_chunks(mg, l);
#pragma omp parallel for schedule(static, 1) num_threads(chunks) if (chunks > 1)
  for (int c = 0; c < chunks; c++)
    for (int64_t k = mg_cut(l, c, chunks); k < mg_cut(l, c + 1, chunks); k++)
      for (int64_t i = start[k]; i < start[k + 1] - FEA_ROW_PADDING; i++)
        x[i - l->base] = (float)(random_uniform(1, 0, (uint64_t)i) - 0.5);
  for (int64_t f = l->fixed_start[l->plane_first]; f < l->fixed_start[l->plane_last]; f++)
    x[l->fixed[f] - l->base] = 0;
}

/* Largest eigenvalue of D^-1 K by power steps x = D^-1 K x with a margin, never above the element
 * bound. Six steps come within 12 % of fifteen on femora of whole voxels, but left the cycle
 * indefinite on one with thin shares at its surface; ten did not. The bound is below 10, so x stays
 * within single precision. */
static double estimate_eigenvalue(struct multigrid *mg, struct mg_level *l) {
  const double bound = mg_eigenvalue_bound(&l->unit);
  double before = 0, after;
  fill_at_random(mg, l, l->x);
  for (int step = 0; step < POWER_STEPS; step++) {
    if (step == POWER_STEPS - 1) before = square_norm(mg, l, l->x);
    mg_exchange(mg, l, l->x, sizeof(float));
    mg_slab_float(mg, l, &(struct mg_job_float){.mode = MG_APPLY, .x = l->x, .y = l->b});
    scale_by_diagonal(mg, l, 1);
  }
  after = square_norm(mg, l, l->x);
  memset(l->b, 0, (size_t)l->length * sizeof(float));
  return before > 0 && after > 0 ? fmin(bound, 1.25 * sqrt(after / before)) : bound;
}

/* Assemble and factor the coarsest level. */
static status make_bottom(struct multigrid *mg) {
  status st = ST_OK;
  const struct mg_level *l = &mg->level[mg->levels - 1];
  const struct fea_rows *rows = &l->rows;
  const int64_t n = fea_rows_dofs(rows);
  double unit[24][24], *a = calloc((size_t)(n * n), sizeof *a);
  mg->bottom = malloc((size_t)(n * n) * sizeof *mg->bottom);
  mg->bottom_n = n;
  CHECK(a && mg->bottom, ST_MEMORY, "multigrid: no memory for a coarsest level of %lld unknowns",
        (long long)n);
  fea_hex_stiffness(l->size_mm, &l->unit, unit);
  for (int64_t k = 0; k < rows->nz; k++)
    for (int64_t j = 0; j < rows->ny; j++)
      for (int64_t i = 0; i < rows->nx; i++) {
        const double e = (double)mg_modulus_at(l, i, j, k);
        int64_t dof[24];
        if (!(e > 0)) continue;
        for (int c = 0; c < 24; c++)
          dof[c] =
              fea_rows_dof(rows, i + (c / 3 & 1), j + (c / 3 >> 1 & 1), k + (c / 3 >> 2), c % 3);
        for (int p = 0; p < 24; p++)
          for (int q = 0; q < 24; q++) a[dof[p] * n + dof[q]] += e * unit[p][q];
      }
  for (int64_t f = 0; f < l->fixed_start[rows->nz + 1]; f++)
    for (int64_t i = 0; i < n; i++) a[l->fixed[f] * n + i] = a[i * n + l->fixed[f]] = 0;
  for (int64_t i = 0; i < n; i++) a[i * n + i] *= 1 + 1e-9;
  mg_cholesky(a, n);
  for (int64_t i = 0; i < n * n; i++) mg->bottom[i] = (float)a[i];
done:
  free(a);
  return st;
}

status multigrid_create(struct multigrid **out, const struct fea_model *model,
                        const struct fea_comm *comm) {
  status st = ST_OK;
  struct multigrid *mg = calloc(1, sizeof *mg);
  CHECK(mg, ST_MEMORY, "multigrid: no memory");
  mg->model = model;
  mg->comm = comm;
  mg->threads = parallel_threads() < MG_THREADS ? parallel_threads() : MG_THREADS;
  TRY(make_levels(mg));
  /* the bottom is solved by every rank */
  CHECK(!comm || comm->ranks == 1 || mg->level[mg->levels - 1].replicated, ST_DOMAIN,
        "multigrid: %d ranks for a model of %lld unknowns; use one", comm->ranks,
        (long long)fea_rows_dofs(&model->rows));
  TRY(make_scratch(mg));
  TRY(make_bottom(mg));
  mg->plane_dot = calloc((size_t)mg->level[0].rows.nz + 1, sizeof *mg->plane_dot);
  CHECK(mg->plane_dot, ST_MEMORY, "multigrid: no memory");
  for (int n = 0; n < mg->levels - 1; n++)
    mg->level[n].eigenvalue = estimate_eigenvalue(mg, &mg->level[n]);
  if (comm && comm->ranks > 1) {
    mg->ghosted = multigrid_vector(mg->level[0].length);
    CHECK(mg->ghosted, ST_MEMORY, "multigrid: no memory for halo planes");
  }
  *out = mg;
  mg = NULL;
done:
  multigrid_destroy(mg);
  return st;
}

void multigrid_destroy(struct multigrid *mg) {
  if (!mg) return;
  for (int n = 0; n < MG_LEVELS; n++) mg_level_clear(&mg->level[n]);
  for (int t = 0; t < MG_THREADS; t++) {
    for (int side = 0; side < 2; side++) {
      free(mg->scratch[t].sums[side]);
      free(mg->scratch[t].edge[side]);
    }
    free(mg->scratch[t].row);
  }
  free(mg->bottom);
  free(mg->ghosted);
  free(mg->plane_dot);
  free(mg);
}

int64_t multigrid_first(const struct multigrid *mg) {
  return mg->level[0].rows.plane_start[mg->level[0].plane_first];
}

int64_t multigrid_owned(const struct multigrid *mg) {
  return mg->level[0].rows.plane_start[mg->level[0].plane_last] - multigrid_first(mg);
}

int64_t multigrid_stored(const struct multigrid *mg) {
  return mg->level[0].length;
}

int64_t multigrid_offset(const struct multigrid *mg) {
  return multigrid_first(mg) - mg->level[0].base;
}

void multigrid_spread(const struct multigrid *mg, const double *x, double *stored) {
  memcpy(stored + multigrid_offset(mg), x, (size_t)multigrid_owned(mg) * sizeof *x);
  mg_exchange(mg, &mg->level[0], stored, sizeof *x);
}

double multigrid_apply(struct multigrid *mg, enum mg_mode mode, const double *x, double *y) {
  const struct mg_level *l = &mg->level[0];
  const int64_t offset = multigrid_offset(mg);
  double *in = (double *)x; /* only MG_SMOOTH writes to it */
  if (mg->ghosted) {
    multigrid_spread(mg, x, mg->ghosted);
    in = mg->ghosted;
  }
  mg_slab_double(
      mg, l, &(struct mg_job_double){.mode = mode, .x = in, .y = y - offset, .dot = mg->plane_dot});
  return added_planes(mg, l);
}

/* Two steps of the fourth-kind Chebyshev iteration; dot: as in mg_job. Source: lottes2023, eq. 27.
 */
static void smooth(struct multigrid *mg, struct mg_level *l, bool from_zero, double *dot) {
  const float beta[2] = {(float)(4. / 3 / l->eigenvalue), (float)(12. / 5 / l->eigenvalue)};
  struct mg_job_float job = {
      .mode = MG_SMOOTH, .x = l->x, .b = l->b, .beta = beta[0], .d_out = l->r};
  if (from_zero) /* x is the step too */
    scale_by_diagonal(mg, l, beta[0]);
  else {
    mg_exchange(mg, l, l->x, sizeof(float));
    mg_slab_float(mg, l, &job);
  }
  job.d_in = from_zero ? l->x : l->r;
  job.d_out = NULL;
  job.dot = dot;
  job.alpha = 1.f / 5;
  job.beta = beta[1];
  mg_exchange(mg, l, l->x, sizeof(float));
  mg_slab_float(mg, l, &job);
}

/* Bring the residual of level n down to b of level n + 1. */
static void descend(struct multigrid *mg, int n) {
  struct mg_level *fine = &mg->level[n], *coarse = fine + 1;
  int64_t first = coarse->plane_first, last = coarse->plane_last;
  mg_exchange(mg, fine, fine->x, sizeof(float));
  mg_slab_float(
      mg, fine,
      &(struct mg_job_float){.mode = MG_RESIDUAL, .x = fine->x, .b = fine->b, .y = fine->r});
  mg_exchange(mg, fine, fine->r, sizeof(float));
  if (coarse->replicated && !alone(mg, fine)) { /* each rank its part, then the sum of all */
    first = (fine->plane_first + 1) / 2;
    last = fine->plane_last > fine->rows.nz ? coarse->rows.nz + 1 : (fine->plane_last + 1) / 2;
    memset(coarse->b, 0, (size_t)coarse->length * sizeof(float));
    mg_restrict(mg, fine, coarse, first, last);
    mg->comm->sum_float(coarse->b, coarse->length);
    return;
  }
  mg_restrict(mg, fine, coarse, first, last);
}

/* Twice on coarse levels that are worth it: once each takes 20 iterations for 16 on a femur; twice
 * on the small ones too, which visits the smallest 2^n times by one thread, takes no fewer. */
static void cycle(struct multigrid *mg, int n, double *dot) {
  struct mg_level *l = &mg->level[n];
  if (n == mg->levels - 1) {
    memcpy(l->x, l->b, (size_t)l->length * sizeof(float));
    mg_cholesky_solve(mg->bottom, mg->bottom_n, l->x);
    return;
  }
  const int visits = n && fea_rows_dofs(&l->rows) > TWICE_DOFS ? 2 : 1;
  smooth(mg, l, true, NULL);
  for (int visit = 0; visit < visits; visit++) {
    descend(mg, n);
    cycle(mg, n + 1, NULL);
    mg_exchange(mg, l + 1, l[1].x, sizeof(float));
    mg_prolong(mg, l + 1, l);
    smooth(mg, l, false, visit == visits - 1 ? dot : NULL);
  }
}

float *multigrid_rhs(struct multigrid *mg) {
  return mg->level[0].b + multigrid_offset(mg);
}

const float *multigrid_cycle(struct multigrid *mg, double *dot) {
  const struct mg_level *l = &mg->level[0];
  cycle(mg, 0, dot ? mg->plane_dot : NULL);
  if (dot) *dot = mg->levels > 1 ? added_planes(mg, l) : dot_planes(mg, l, l->b, l->x);
  return mg->level[0].x + multigrid_offset(mg);
}

/* A size of r for scaling: its largest among every 61st value, of all when these vanish. */
static double size_of(const struct multigrid *mg, const double *r, int64_t n) {
  double largest = 0;
  for (int64_t step = 61; step >= 1 && !(largest > 0); step -= 60)
    for (int64_t i = 0; i < n; i += step)
      if (fabs(r[i]) > largest) largest = fabs(r[i]);
  if (!alone(mg, &mg->level[0])) mg->comm->largest(&largest, 1);
  return largest;
}

void multigrid_precondition(struct multigrid *mg, const double *r, double *z) {
  const int64_t n = multigrid_owned(mg);
  float *restrict b = multigrid_rhs(mg);
  const double size = size_of(mg, r, n);
  const double scale = size > 0 ? 1 / size : 1; /* keeps the range of single precision */
#pragma omp parallel for schedule(static) num_threads(mg->threads)
  for (int64_t i = 0; i < n; i++) b[i] = (float)(r[i] * scale);
  const float *restrict x = multigrid_cycle(mg, NULL);
#pragma omp parallel for schedule(static) num_threads(mg->threads)
  for (int64_t i = 0; i < n; i++) z[i] = (double)x[i] * size;
}
