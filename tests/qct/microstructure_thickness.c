/* Local thickness against closed forms: plates, bars, rods and balls of known width, and the
 * definition on finer voxels. */
#include "core/random.h"
#include "qct/microstructure.h"
#include "qct/microstructure_parts.h"
#include "tests/qct/micro_solids.h"

/* Mean of a map over bone (1) or marrow (0), away from the faces of the image by `rim` voxels. */
static double phase_mean(const struct volume *map, const struct labels *bone, int phase,
                         int64_t rim) {
  const struct geometry *g = &bone->grid;
  double sum = 0, n = 0;
  for (int64_t k = rim; k < g->nz - rim; k++)
    for (int64_t j = rim; j < g->ny - rim; j++)
      for (int64_t i = rim; i < g->nx - rim; i++) {
        int64_t at = geometry_index(g, i, j, k);
        if ((bone->voxels[at] == 1) != phase) continue;
        sum += (double)map->voxels[at];
        n++;
      }
  return sum / n;
}

/* ---- thickness ---- */

static void flat_plates_of_whole_voxels_are_exact(void **state) {
  (void)state;
  for (int t = 1; t <= 5; t++) {
    struct labels *l = fill(40, 1, 1, 1, plates, t);
    struct volume *map = NULL;
    assert_ok(micro_thickness(&map, l, MICRO_BONE | MICRO_MARROW, NULL, NAN));
    /* away from the first and last plate, whose outer side is not in the image */
    double n = 0;
    for (int64_t k = 14; k < 26; k++) {
      int64_t at = geometry_index(&l->grid, 20, 20, k);
      assert_near(map->voxels[at], l->voxels[at] ? t : 13 - t, 0.02);
      n++;
    }
    assert_near(n, 12, 0);
    volume_destroy(map);
    labels_destroy(l);
  }
}

/* A bar (or a pore) of a x b voxels along an axis; its mean, away from the faces of the image. */
static double bar_width(int axis, int64_t a, int64_t b, int phase) {
  enum { N = 15, FROM = 5 };
  struct labels *l = NULL;
  struct volume *map = NULL;
  struct geometry g = geometry_make(N, N, N, 1, 1, 1);
  double sum = 0, count = 0;
  assert_ok(labels_create(&l, &g));
  for (int turn = 0; turn < 2; turn++) { /* fill, then read */
    for (int64_t at = 0; at < geometry_voxels(&g); at++) {
      const int64_t p[3] = {at % N, at / N % N, at / N / N};
      int64_t u = p[(axis + 1) % 3] - FROM, v = p[(axis + 2) % 3] - FROM;
      int in = u >= 0 && u < a && v >= 0 && v < b;
      if (!turn) l->voxels[at] = in == phase;
      if (!turn || !in || p[axis] < FROM || p[axis] >= N - FROM) continue;
      sum += (double)map->voxels[at];
      count++;
    }
    if (!turn) assert_ok(micro_thickness(&map, l, MICRO_BONE | MICRO_MARROW, NULL, NAN));
  }
  volume_destroy(map);
  labels_destroy(l);
  return sum / count;
}

/* The largest ball in an endless bar of a x b voxels is as wide as its narrow side. */
static void bars_along_an_axis_read_their_narrow_side_within_half_a_voxel(void **state) {
  (void)state;
  for (int64_t a = 1; a <= 4; a++)
    for (int64_t b = a; b <= 4; b++)
      for (int axis = 0; axis < 3; axis++)
        for (int phase = 0; phase < 2; phase++) {
          double width = bar_width(axis, a, b, phase);
          if (!axis && phase) print_message("bar of %d x %d: %.3f\n", (int)a, (int)b, width);
          assert_near(width, (double)a, 0.5);
          if (b == 1) assert_true(width < MICRO_WITHHOLD_VOXELS); /* no plausible number of it */
        }
}

static int tilted_plates(double x, double y, double z,
                         double t) { /* across (1, 2, 2)/3, 15 apart */
  double u = (x + 2 * y + 2 * z) / 3 + 150;
  return u - 15 * floor(u / 15) < t;
}

static void tilted_plates_too_within_a_quarter_of_a_voxel(void **state) {
  (void)state;
  for (double t = 3; t < 7; t += 2.6) {
    struct labels *l = fill(60, 1, 1, 1, tilted_plates, t);
    struct volume *map = NULL;
    assert_ok(micro_thickness(&map, l, MICRO_BONE | MICRO_MARROW, NULL, NAN));
    double bone = phase_mean(map, l, 1, 16), marrow = phase_mean(map, l, 0, 16);
    print_message("tilted plates %.1f apart %.1f: %.3f, %.3f voxels\n", t, 15 - t, bone, marrow);
    assert_near(bone, t, 0.25); /* half of what is aimed at: their ledges are 1 to 2 voxels long */
    assert_near(marrow, 15 - t, 0.25);
    volume_destroy(map);
    labels_destroy(l);
  }
}

/* Height over an oblique plate: its zeros lie on its faces exactly. A sphere of 3 voxels that
 * rested on them alone would come through by 0.1 at either face, where they leave gaps of 0.55
 * voxel; discs of half a voxel leave next to none. What is left is the last step of the ascent,
 * 1/16. */
static void spheres_do_not_come_through_between_the_places_of_a_face(void **state) {
  (void)state;
  for (double t = 3; t < 7; t += 2.6) {
    struct labels *l = fill(40, 1, 1, 1, tilted_plates, t);
    struct volume *height = NULL, *map = NULL;
    assert_ok(volume_create(&height, &l->grid, QUANTITY_OTHER));
    for (int64_t at = 0; at < geometry_voxels(&l->grid); at++) {
      double x = (double)(at % 40), y = (double)(at / 40 % 40), z = (double)(at / 1600);
      double u = (x + 2 * y + 2 * z - 5 * 19.5) / 3 + 150;
      u -= 15 * floor(u / 15);
      height->voxels[at] = (float)(u < t ? fmin(u, t - u) : -fmin(u - t, 15 - u));
    }
    assert_ok(micro_thickness(&map, l, MICRO_BONE, height, 0));
    double mean = phase_mean(map, l, 1, 10);
    print_message("exact faces %.1f apart: %.3f\n", t, mean);
    assert_near(mean, t, 0.0625);
    volume_destroy(height);
    volume_destroy(map);
    labels_destroy(l);
  }
}

static int oblique_rod(double x, double y, double z, double r) {
  double along = (x + y + z) / 3;
  return sqrt((x - along) * (x - along) + (y - along) * (y - along) + (z - along) * (z - along)) <
         r;
}

/* A solid with its middle anywhere in a voxel, as bone or as marrow. */
static double shifted_thickness(solid f, double r, uint64_t seed, int phase, int64_t rim) {
  int64_t n = (int64_t)ceil(2 * r) + 8 + 2 * rim;
  double c[3], middle = (double)(n - 1) / 2;
  for (int a = 0; a < 3; a++) c[a] = middle + random_uniform(seed, (uint64_t)a, 0) - 0.5;
  struct labels *l = fill(n, 1, 1, 1, ball, -1);
  struct volume *map = NULL;
  for (int64_t at = 0; at < geometry_voxels(&l->grid); at++)
    l->voxels[at] = f((double)(at % n) - c[0], (double)(at / n % n) - c[1],
                      (double)(at / n / n) - c[2], r) == phase;
  assert_ok(micro_thickness(&map, l, MICRO_BONE | MICRO_MARROW, NULL, NAN));
  double mean = phase_mean(map, l, phase, rim);
  volume_destroy(map);
  labels_destroy(l);
  return mean;
}

/* Four places each: the mean is within the half voxel that is aimed at, and from 8 voxels on, or
 * across the grid, every one. Of a smaller body a map does not tell as much
 * (microstructure_parts.h): within a voxel. */
static void check_places(const char *what, solid f, double r, int phase, int64_t rim) {
  double sum = 0, most = 0;
  for (uint64_t seed = 0; seed < 4; seed++) {
    double off = shifted_thickness(f, r, seed, phase, rim) - 2 * r;
    sum += off / 4;
    most = fmax(most, fabs(off));
  }
  print_message("%s of %.1f voxels: %+.3f, worst %.3f\n", what, 2 * r, sum, most);
  assert_near(sum, 0, 0.5);
  assert_near(most, 0, r > 4 || f == oblique_rod ? 0.5 : 1);
}

static void rods_and_balls_of_a_map_within_half_a_voxel(void **state) {
  (void)state;
  static const double radii[] = {2.65, 4.2, 6.3};
  for (int i = 0; i < 3; i++) {
    check_places("rod", rod, radii[i], i != 1, 3);
    check_places("oblique rod", oblique_rod, radii[i], i != 1, (int64_t)radii[i]);
    check_places("ball", ball, radii[i], i != 1, 0);
  }
}

/* The share of each voxel that a solid covers, by 5 x 5 x 5 points. */
static struct volume *cover(const struct labels *l, solid f, double a) {
  struct volume *v = NULL;
  const struct geometry *g = &l->grid;
  double middle = (double)(g->nx - 1) / 2;
  assert_ok(volume_create(&v, g, QUANTITY_OTHER));
  for (int64_t at = 0; at < geometry_voxels(g); at++) {
    int inside = 0;
    for (int m = 0; m < 125; m++)
      inside += f((double)(at % g->nx) - middle + (m % 5 - 2) / 5.0,
                  (double)(at / g->nx % g->ny) - middle + (m / 5 % 5 - 2) / 5.0,
                  (double)(at / g->nx / g->ny) - middle + (m / 25 - 2) / 5.0, a);
    v->voxels[at] = (float)inside / 125;
  }
  return v;
}

static void check_grey(const char *what, solid f, double r, int64_t rim, double diameter) {
  struct labels *l = fill(32, 1, 1, 1, f, r);
  struct volume *grey = cover(l, f, r), *map = NULL;
  for (int64_t i = 0; i < geometry_voxels(&l->grid); i++) l->voxels[i] = grey->voxels[i] >= 0.5F;
  assert_ok(micro_thickness(&map, l, MICRO_BONE, grey, 0.5));
  double mean = phase_mean(map, l, 1, rim);
  print_message("%s of %.1f grey voxels: %.3f\n", what, diameter, mean);
  assert_near(mean, diameter, 0.5);
  volume_destroy(map);
  volume_destroy(grey);
  labels_destroy(l);
}

/* Voxels that hold what they cover tell the surface below their size. */
static void from_grey_values_rods_and_balls_within_half_a_voxel(void **state) {
  (void)state;
  for (double r = 2.65; r < 9; r += 2.45) {
    check_grey("rod", rod, r, 6, 2 * r);
    check_grey("oblique rod", oblique_rod, r, 10, 2 * r);
    check_grey("ball", ball, r, 0, 2 * r);
  }
  check_grey("tilted plates", tilted_plates, 5.6, 9, 5.6);
}

static void voxels_need_not_be_cubes(void **state) {
  (void)state;
  struct labels *l = fill(48, 0.5, 0.5, 1, rod, 5);
  struct volume *map = NULL;
  assert_ok(micro_thickness(&map, l, MICRO_BONE | MICRO_MARROW, NULL, NAN));
  assert_near(phase_mean(map, l, 1, 6), 10, 0.5); /* one of the voxels across the rod */
  volume_destroy(map);
  labels_destroy(l);
}

/* Balls that overlap, in no order, of 2.5 voxels; at `fine` times as many voxels a side. */
static struct labels *heap(int n, int fine) {
  struct labels *l = fill((int64_t)n * fine, 1, 1, 1, ball, -1);
  int wide = n * fine;
  for (int i = 0; i < 6; i++) {
    double c[3];
    for (int a = 0; a < 3; a++) c[a] = n * random_uniform(3, (uint64_t)a, (uint64_t)i);
    for (int64_t at = 0; at < geometry_voxels(&l->grid); at++) {
      double x = ((double)(at % wide) + 0.5) / fine, y = ((double)(at / wide % wide) + 0.5) / fine;
      double z = ((double)(at / wide / wide) + 0.5) / fine;
      if (hypot(hypot(x - c[0], y - c[1]), z - c[2]) < 2.5) l->voxels[at] = 1;
    }
  }
  return l;
}

/* By definition, in voxels of the fine map: the largest sphere about any voxel's centre, up to the
 * nearest centre of the other phase (less than a voxel too large at each end), that holds one. */
static double slow_mean(const struct labels *l, int n) {
  int64_t all = (int64_t)n * n * n;
  double sum = 0, count = 0;
  double *free_of = malloc((size_t)all * sizeof *free_of);
  assert_non_null(free_of);
  for (int64_t p = 0; p < all; p++) {
    double least = 1e9;
    for (int64_t q = 0; q < all && l->voxels[p] == 1; q++) {
      double x = (double)(q % n - p % n), y = (double)(q / n % n - p / n % n);
      double z = (double)(q / n / n - p / n / n), d = x * x + y * y + z * z;
      if (l->voxels[q] != 1 && d < least) least = d;
    }
    free_of[p] = sqrt(least);
  }
  for (int64_t p = 0; p < all; p++) {
    double best = 0;
    if (l->voxels[p] != 1) continue;
    for (int64_t q = 0; q < all; q++) {
      double x = (double)(q % n - p % n), y = (double)(q / n % n - p / n % n);
      double z = (double)(q / n / n - p / n / n), r = free_of[q];
      if (l->voxels[q] == 1 && r > best && x * x + y * y + z * z <= r * r) best = r;
    }
    sum += 2 * best;
    count++;
  }
  free(free_of);
  return sum / count;
}

static void the_definition_on_finer_voxels_agrees(void **state) {
  (void)state;
  enum { N = 10, FINE = 3 };
  struct labels *coarse = heap(N, 1), *fine = heap(N, FINE);
  struct volume *map = NULL;
  assert_ok(micro_thickness(&map, coarse, MICRO_BONE, NULL, NAN));
  double ours = phase_mean(map, coarse, 1, 0), slow = slow_mean(fine, N * FINE) / FINE;
  print_message("ours %.3f, by definition on a third of the voxel %.3f\n", ours, slow);
  /* half a voxel on either side for ours, and up to a fine voxel on either side for the other */
  assert_near(ours, slow, 1 + 2.0 / FINE);
  volume_destroy(map);
  labels_destroy(coarse);
  labels_destroy(fine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flat_plates_of_whole_voxels_are_exact),
      cmocka_unit_test(bars_along_an_axis_read_their_narrow_side_within_half_a_voxel),
      cmocka_unit_test(tilted_plates_too_within_a_quarter_of_a_voxel),
      cmocka_unit_test(spheres_do_not_come_through_between_the_places_of_a_face),
      cmocka_unit_test(rods_and_balls_of_a_map_within_half_a_voxel),
      cmocka_unit_test(from_grey_values_rods_and_balls_within_half_a_voxel),
      cmocka_unit_test(voxels_need_not_be_cubes),
      cmocka_unit_test(the_definition_on_finer_voxels_agrees),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
