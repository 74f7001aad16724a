/* Cortical maps of digital hips against their truth: cortex_digital SEEDS SLICE_MM [PIXEL_MM].
 * Prints bias, RMS and mass error by true thickness, and the worst person. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/qct/cortex_truth.h"

static double processor_seconds(void) {
  return (double)clock() / CLOCKS_PER_SEC;
}

int main(int argc, char **argv) {
  struct cortex_score all = {0};
  int seeds = argc > 1 ? atoi(argv[1]) : 4, done = 0, failed = 0;
  double slice = argc > 2 ? atof(argv[2]) : 1, pixel = argc > 3 ? atof(argv[3]) : 0.7;
  double seconds = 0, worst_bias = 0, worst_mass = 0;
  for (int seed = 0; seed < seeds; seed++) {
    struct cortex_case c = {0};
    struct cortex_map *map = NULL;
    struct cortex_score one = {0};
    if (cortex_case_make(&c, (uint64_t)seed, pixel, slice) != ST_OK) {
      fprintf(stderr, "person %d: %s\n", seed, status_message());
      return 1;
    }
    double before = processor_seconds();
    if (qct_cortex_map(&map, c.density, c.phantom.labels, LABEL_FEMUR_LEFT, NULL) != ST_OK) {
      printf("person %d: no map: %s\n", seed, status_message());
      failed++;
    } else {
      seconds += processor_seconds() - before;
      cortex_score_add(&one, &c, map, 1);
      cortex_score_add(&all, &c, map, 1);
      done++;
      double bias = cortex_bias(&one, 1), mass = cortex_mass_error(&one, 0.5);
      if (fabs(bias) > fabs(worst_bias)) worst_bias = bias;
      if (fabs(mass) > fabs(worst_mass)) worst_mass = mass;
      if (getenv("CORTEX_EACH")) {
        printf("person %d: %lld vertices, sigma %.3f / %.3f mm, rejected %lld\n", seed,
               (long long)map->surface->vertex_count, map->sigma_plane_mm, map->sigma_slice_mm,
               (long long)map->rejected);
        cortex_score_print(&one, 1);
      }
    }
    qct_cortex_map_destroy(map);
    cortex_case_free(&c);
  }
  printf("%d digital hips, %g mm pixels, %g mm slices; %d without a map; %.1f s of processor time "
         "a map\n",
         done, pixel, slice, failed, seconds / done);
  cortex_score_print(&all, done);
  printf("  t >= 1 mm: bias %+.3f mm, worst person %+.3f; t >= 0.5 mm: mass %+.2f %%, worst person "
         "%+.2f %%\n",
         cortex_bias(&all, 1), worst_bias, 100 * cortex_mass_error(&all, 0.5), 100 * worst_mass);
  return 0;
}
