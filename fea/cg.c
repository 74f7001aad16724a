#include "fea/cg.h"

#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>

struct cg {
  const struct fea_cg_task *t;
  int64_t n, chunks;
  double *p, *w;   /* direction, K p */
  double *partial; /* [chunks] */
  float *rhs;      /* of the cycle: scale * r */
  const float *z;  /* result of the cycle */
  double scale;    /* 1 / rms of an earlier r: keeps the range of single precision */
  double alpha, beta, unscale;
};

enum { LANES = 16 };

static double added(const double lane[LANES], double rest) {
  for (int s = 0; s < LANES; s++) rest += lane[s];
  return rest;
}

/* ---- one pass each, over [first, first + n) ---- */

/* rhs = scale * r; |r|^2 */
static double scale_chunk(const struct cg *c, int64_t first, int64_t n) {
  const double *restrict r = c->t->r + first, scale = c->scale;
  float *restrict rhs = c->rhs + first;
  double lane[LANES] = {0}, rest = 0;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int s = 0; s < LANES; s++) {
      rhs[i + s] = (float)(scale * r[i + s]);
      lane[s] += r[i + s] * r[i + s];
    }
  for (; i < n; i++) {
    rhs[i] = (float)(scale * r[i]);
    rest += r[i] * r[i];
  }
  return added(lane, rest);
}

/* x += alpha p, r -= alpha K p, rhs = scale * r; |r|^2 */
static double advance_chunk(const struct cg *c, int64_t first, int64_t n) {
  double *restrict x = c->t->x + first, *restrict r = c->t->r + first;
  const double *restrict p = c->p + first, *restrict w = c->w + first;
  const double alpha = c->alpha;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) {
    x[i] += alpha * p[i];
    r[i] -= alpha * w[i];
  }
  return scale_chunk(c, first, n);
}

/* p = z + beta p */
static double turn_chunk(const struct cg *c, int64_t first, int64_t n) {
  double *restrict p = c->p + first;
  const float *restrict z = c->z + first;
  const double beta = c->beta, unscale = c->unscale;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) p[i] = unscale * (double)z[i] + beta * p[i];
  return 0;
}

/* r -= K x */
static double residual_chunk(const struct cg *c, int64_t first, int64_t n) {
  double *restrict r = c->t->r + first;
  const double *restrict w = c->w + first;
  for (int64_t i = 0; i < n; i++) r[i] -= w[i];
  return 0;
}

/* A pass over all, small pieces so that a second look at them finds them in the cache. */
static double pass(struct cg *c, double (*chunk)(const struct cg *c, int64_t first, int64_t n)) {
  enum { PIECE = 4096 };
  double total = 0;
#pragma omp parallel for schedule(static) num_threads(parallel_threads()) if (c->chunks > 1)
  for (int64_t k = 0; k < c->chunks; k++) {
    const int64_t last = (k + 1) * PARALLEL_CHUNK < c->n ? (k + 1) * PARALLEL_CHUNK : c->n;
    double sum = 0;
    for (int64_t i = k * PARALLEL_CHUNK; i < last; i += PIECE)
      sum += chunk(c, i, last - i < PIECE ? last - i : PIECE);
    c->partial[k] = sum;
  }
  for (int64_t k = 0; k < c->chunks; k++) total += c->partial[k];
  c->t->comm->sum(&total, 1);
  return total;
}

/* ---- the iteration ---- */

static double rms_scale(const struct cg *c, double square) {
  double n = (double)c->n;
  c->t->comm->sum(&n, 1);
  return square > 0 ? sqrt(n / square) : 1;
}

/* r from the start x; whether x is 0 all ranks decide together. Returns |r|^2. */
static double begin(struct cg *c) {
  double moved = 0;
  for (int64_t i = 0; i < c->n && moved == 0; i++) moved = c->t->x[i] != 0;
  c->t->comm->largest(&moved, 1);
  if (moved != 0) {
    multigrid_apply(c->t->mg, MG_APPLY, c->t->x, c->w);
    pass(c, residual_chunk);
  }
  return pass(c, scale_chunk);
}

static void iterate(struct cg *c, struct fea_cg_outcome *out) {
  double square = pass(c, scale_chunk), rho_before = 0;
  out->rhs_norm = sqrt(square);
  square = begin(c);
  for (;; out->iterations++) {
    out->residual = out->rhs_norm > 0 ? sqrt(square) / out->rhs_norm : 0;
    if (c->t->progress) c->t->progress(c->t->context, out->iterations, out->residual);
    if (!(out->residual > c->t->tolerance) || out->iterations == c->t->most_iterations) return;
    if (!out->iterations) {
      c->scale = rms_scale(c, square);
      pass(c, scale_chunk);
    }
    c->unscale = 1 / c->scale;
    double rho; /* z . r */
    c->z = multigrid_cycle(c->t->mg, &rho);
    c->t->comm->sum(&rho, 1);
    rho *= c->unscale * c->unscale;
    c->beta = out->iterations ? rho / rho_before : 0;
    rho_before = rho;
    pass(c, turn_chunk);
    double curvature = multigrid_apply(c->t->mg, MG_APPLY, c->p, c->w);
    c->t->comm->sum(&curvature, 1);
    if (!(curvature > 0)) {
      out->indefinite = true;
      return;
    }
    c->alpha = rho / curvature;
    c->scale = rms_scale(c, square);
    square = pass(c, advance_chunk);
  }
}

status fea_cg_run(struct fea_cg_outcome *out, const struct fea_cg_task *task) {
  status st = ST_OK;
  struct cg c = {.t = task, .n = multigrid_owned(task->mg), .scale = 1};
  c.chunks = (c.n + PARALLEL_CHUNK - 1) / PARALLEL_CHUNK;
  c.rhs = multigrid_rhs(task->mg);
  c.p = multigrid_vector(c.n);
  c.w = multigrid_vector(c.n);
  c.partial = malloc((size_t)(c.chunks + 1) * sizeof *c.partial);
  *out = (struct fea_cg_outcome){0};
  CHECK(c.p && c.w && c.partial, ST_MEMORY, "voxel solve: no memory for %lld unknowns",
        (long long)c.n);
  iterate(&c, out);
done:
  free(c.p);
  free(c.w);
  free(c.partial);
  return st;
}
