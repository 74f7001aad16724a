/* The voxel solver on a synthetic femur of any size: one line a run. Built by the target
 * bench_fea; run by fea_solve.sh. usage: bench_fea SIZE_MM THREADS [TOLERANCE]
 *
 * Memory is given twice: the peak of the whole process, and that less what it held before there was
 * a model (program and libraries).
 */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include "benchmarks/fea_femur.h"
#include "core/parallel.h"
#include "fea/petsc.h"
#include "fea/solve.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* Of this thread alone: on a busy machine, the share of it tells how evenly threads work. */
static double thread_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double held_bytes(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (double)use.ru_maxrss * 1024;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  status st = ST_OK;
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  struct fea_solve_options o = FEA_SOLVE_DEFAULTS;
  int rank = 0, ranks = 1;
  o.tolerance = argc > 3 ? atof(argv[3]) : 1e-6;
  parallel_set_threads(atoi(argv[2]));
  TRY(fea_ranks(&rank, &ranks));
  const double before_bytes = held_bytes();
  TRY(bench_femur(&m, atof(argv[1])));
  const clock_t before = clock();
  const double thread_before = thread_seconds();
  TRY(fea_solve(&s, m, 0, &o));
  const double cpu = (double)(clock() - before) / CLOCKS_PER_SEC;
  const double first = thread_seconds() - thread_before;
  const double bytes = held_bytes(), unknowns = 3. * (double)m->node_count;
  if (rank == 0)
    printf("size %s mm, %.0f unknowns, %d ranks x %s threads: set-up %.2f s, solve %.3f s (both: "
           "processor %.2f s, first thread %.0f %% of it), %d iterations, residual %.1e, work %.8g "
           "N mm, peak %.0f MB, %.0f bytes "
           "an unknown (%.0f without the %.0f MB held before)\n",
           argv[1], unknowns, ranks, argv[2], s->setup_s, s->solve_s, cpu, 100 * first / cpu,
           s->iterations, s->residual, 2 * s->work_nmm, bytes / 1e6, bytes / unknowns,
           (bytes - before_bytes) / unknowns, before_bytes / 1e6);
done:
  if (st) fprintf(stderr, "bench_fea: %s\n", status_message());
  fea_solution_destroy(s);
  fea_model_destroy(m);
  return st != ST_OK;
}
