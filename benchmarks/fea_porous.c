/* Porous bone at full size: voxels above a threshold get one modulus, pressed between plates that
 * hold them across, once with empty pores and once with marrow of a ten-thousandth of that modulus
 * (every voxel is then an element). One line a run. Built by the target bench_fea_porous; run by
 * fea_porous.sh. usage: bench_fea_porous IMAGE ABOVE THREADS [TOLERANCE] */
#include "core/image.h"
#include "core/parallel.h"
#include "fea/solve.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static const double bone_mpa = 18000, strain = -0.01;

static status make(struct fea_model **out, const struct volume *grey, double above,
                   double marrow_mpa) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  const double edge = grey->grid.spacing[0]; /* the file's may differ in the last digit */
  const struct geometry g =
      geometry_make(grey->grid.nx, grey->grid.ny, grey->grid.nz, edge, edge, edge);
  TRY(fea_model_create(&m, &g, 0.3));
  for (int64_t v = 0; v < geometry_voxels(&grey->grid); v++) {
    m->modulus[v] = (float)((double)grey->voxels[v] >= above ? bone_mpa : marrow_mpa);
    m->part[v] = m->modulus[v] > 0 ? FEA_BONE : FEA_VOID;
  }
  TRY(fea_model_keep_largest(m));
  for (int axis = 0; axis < 3; axis++) {
    const double moved = axis == 2 ? strain * grey->grid.spacing[2] * (double)grey->grid.nz : 0;
    TRY(fea_model_fix_plane(m, 2, 0, axis, 0));
    TRY(fea_model_fix_plane(m, 2, grey->grid.nz, axis, moved));
  }
  TRY(fea_model_finish(m));
  *out = m;
  m = NULL;
done:
  fea_model_destroy(m);
  return st;
}

static status run(const struct volume *grey, double above, double marrow_mpa, double tolerance) {
  status st = ST_OK;
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  struct fea_solve_options o = FEA_SOLVE_DEFAULTS;
  struct rusage use;
  double sum[3];
  o.tolerance = tolerance;
  TRY(make(&m, grey, above, marrow_mpa));
  const clock_t before = clock();
  TRY(fea_solve(&s, m, 0, &o));
  getrusage(RUSAGE_SELF, &use);
  fea_solution_plane_reaction(s, m, 2, 0, sum);
  printf("%s: %lld elements, %lld dropped, %lld unknowns, %d iterations to %.1e, "
         "set-up %.1f s, solve %.1f s (processor %.1f s), force %.6g N, balance %.1e, peak %.0f "
         "MB\n",
         marrow_mpa > 0 ? "pores of marrow, 1 : 10000" : "empty pores", (long long)m->element_count,
         (long long)m->dropped_bone, 3 * (long long)m->node_count, s->iterations, s->residual,
         s->setup_s, s->solve_s, (double)(clock() - before) / CLOCKS_PER_SEC, sum[2], s->balance,
         (double)use.ru_maxrss * 1024 / 1e6);
done:
  fea_solution_destroy(s);
  fea_model_destroy(m);
  return st;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  status st = ST_OK;
  struct volume *grey = NULL;
  const struct image_read_options other = {.quantity = QUANTITY_OTHER};
  const double tolerance = argc > 4 ? atof(argv[4]) : 1e-6;
  parallel_set_threads(atoi(argv[3]));
  TRY(image_read(&grey, argv[1], &other));
  TRY(run(grey, atof(argv[2]), 0, tolerance));
  fflush(stdout);
  TRY(run(grey, atof(argv[2]), bone_mpa * 1e-4, tolerance));
done:
  if (st) fprintf(stderr, "bench_fea_porous: %s\n", status_message());
  volume_destroy(grey);
  return st != ST_OK;
}
