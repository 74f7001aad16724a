/* Where the time of a voxel solve goes, and what share of the machine's memory rate that is. Built
 * by the target bench_fea_kernels; run by fea_solve.sh. usage: bench_fea_kernels SIZE_MM THREADS
 *
 * Bytes are counted as the program moves them when caches hold two node planes and nothing else: a
 * number read once a pass, a number written counted twice unless it was read. The limit is the
 * triad of STREAM, a = b + s c, on three arrays of 256 MB, counted in the same way (32 bytes a
 * number).
 */
#include "benchmarks/fea_femur.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "fea/multigrid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { REPEATS = 8 };

static double triad(void) {
  const int64_t n = (256 << 20) / 8;
  double *a = multigrid_vector(n), *b = multigrid_vector(n), *c = multigrid_vector(n), best = 0;
  if (!a || !b || !c) return 0;
  for (int turn = 0; turn < REPEATS; turn++) {
    const double start = clock_seconds();
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
    for (int64_t i = 0; i < n; i++) a[i] = b[i] + 3 * c[i];
    const double rate = 32. * (double)n / (clock_seconds() - start);
    best = rate > best ? rate : best;
    b[turn] = a[n - 1 - turn];
  }
  free(a), free(b), free(c);
  return best;
}

struct bench {
  struct multigrid *mg;
  double *x, *y;
};

static void apply(struct bench *b) {
  multigrid_apply(b->mg, MG_APPLY, b->x, b->y);
}
static void residual(struct bench *b) {
  struct mg_level *l = &b->mg->level[0];
  mg_slab_float(b->mg, l,
                &(struct mg_job_float){.mode = MG_RESIDUAL, .x = l->x, .b = l->b, .y = l->r});
}
static void first_step(struct bench *b) {
  struct mg_level *l = &b->mg->level[0];
  mg_slab_float(b->mg, l,
                &(struct mg_job_float){
                    .mode = MG_SMOOTH, .x = l->x, .b = l->b, .d_out = l->r, .beta = 1e-3f});
}
static void second_step(struct bench *b) {
  struct mg_level *l = &b->mg->level[0];
  mg_slab_float(
      b->mg, l,
      &(struct mg_job_float){
          .mode = MG_SMOOTH, .x = l->x, .b = l->b, .d_in = l->r, .alpha = 0.2f, .beta = 1e-3f});
}
static void down(struct bench *b) {
  struct mg_level *l = &b->mg->level[1];
  mg_restrict(b->mg, l - 1, l, 0, l->rows.nz + 1);
}
static void up(struct bench *b) {
  mg_prolong(b->mg, &b->mg->level[1], &b->mg->level[0]);
}
static void whole(struct bench *b) {
  struct mg_level *l = &b->mg->level[0];
  for (int64_t i = 0; i < l->length; i++) l->b[i] = 1;
  multigrid_cycle(b->mg, NULL);
}

static const struct {
  const char *name;
  void (*run)(struct bench *b);
  double bytes; /* an unknown; 0: not counted */
} kernels[] = {{"K p in double precision with p . K p", apply, 8 + 16 + 4 / 3.},
               {"residual", residual, 4 + 4 + 8 + 4 / 3.},
               {"smoother, first step", first_step, 8 + 4 + 8 + 8 / 3.},
               {"smoother, second step", second_step, 8 + 4 + 4 + 8 / 3.},
               {"to the coarse level", down, 4 + 1},
               {"from the coarse level", up, 8 + 0.5},
               {"whole cycle", whole, 0}};

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  status st = ST_OK;
  struct fea_model *m = NULL;
  struct bench b = {0};
  parallel_set_threads(atoi(argv[2]));
  TRY(bench_femur(&m, atof(argv[1])));
  TRY(multigrid_create(&b.mg, m, NULL));
  const int64_t n = multigrid_owned(b.mg);
  b.x = multigrid_vector(n);
  b.y = multigrid_vector(n);
  CHECK(b.x && b.y, ST_MEMORY, "no memory for %lld unknowns", (long long)n);
  const double limit = triad();
  printf("%lld unknowns, %s threads, triad %.1f GB/s\n", (long long)n, argv[2], limit / 1e9);
  for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
    double best = 1e30;
    for (int turn = 0; turn < REPEATS; turn++) {
      const double start = clock_seconds();
      kernels[k].run(&b);
      const double seconds = clock_seconds() - start;
      best = seconds < best ? seconds : best;
    }
    printf("  %-38s %6.2f ns an unknown", kernels[k].name, best * 1e9 / (double)n);
    if (kernels[k].bytes > 0)
      printf(", %5.1f bytes, %5.1f GB/s, %3.0f %% of the triad", kernels[k].bytes,
             kernels[k].bytes * (double)n / best / 1e9,
             100 * kernels[k].bytes * (double)n / best / limit);
    printf("\n");
  }
done:
  if (st) fprintf(stderr, "bench_fea_kernels: %s\n", status_message());
  free(b.x);
  free(b.y);
  multigrid_destroy(b.mg);
  fea_model_destroy(m);
  return st != ST_OK;
}
