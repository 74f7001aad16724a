/* Measures of microstructure against closed forms: plates, rods and balls of known thickness,
 * solids of known Euler number, a stack of plates and a stretched sponge of known anisotropy. */
#include "qct/microstructure_parts.h"
#include "core/itk_filter.h"
#include "core/random.h"
#include "qct/microstructure.h"
#include "tests/check.h"

typedef int (*solid)(double x, double y, double z, double a);

static struct labels *fill(int64_t n, double sx, double sy, double sz, solid f, double a) {
  struct labels *l = NULL;
  struct geometry g = geometry_make(n, n, n, sx, sy, sz);
  assert_ok(labels_create(&l, &g));
  double middle = (double)(n - 1) / 2;
  for (int64_t k = 0, at = 0; k < n; k++)
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < n; i++, at++)
        l->voxels[at] = (uint16_t)f(((double)i - middle) * sx, ((double)j - middle) * sy,
                                    ((double)k - middle) * sz, a);
  return l;
}

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

static int plates(double x, double y, double z, double t) { /* 13 apart */
  (void)x, (void)y;
  double u = z + 100.25;
  return u - 13 * floor(u / 13) < t;
}

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

static int rod(double x, double y, double z, double r) {
  (void)z;
  return hypot(x, y) < r;
}

static int oblique_rod(double x, double y, double z, double r) {
  double along = (x + y + z) / 3;
  return sqrt((x - along) * (x - along) + (y - along) * (y - along) + (z - along) * (z - along)) <
         r;
}

static int ball(double x, double y, double z, double r) {
  return sqrt(x * x + y * y + z * z) < r;
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

/* ---- Euler number ---- */

static int torus_at(double x, double y, double z) {
  return hypot(hypot(x, y) - 7, z) < 2.5;
}
static int torus(double x, double y, double z, double a) {
  (void)a;
  return torus_at(x, y, z);
}
static int double_torus(double x, double y, double z, double a) {
  (void)a;
  return torus_at(x - 7.5, y, z) || torus_at(x + 7.5, y, z);
}
static int hollow_ball(double x, double y, double z, double r) {
  double d = sqrt(x * x + y * y + z * z);
  return d < r && d > r - 4;
}
static int two_balls(double x, double y, double z, double r) {
  return ball(x - 9, y, z, r) || ball(x + 9, y, z, r);
}
static int hollow_torus(double x, double y, double z, double a) {
  (void)a;
  double d = hypot(hypot(x, y) - 10, z);
  return d < 5 && d > 2;
}
static int diagonal_pair(double x, double y, double z, double a) {
  (void)a;
  return (x == 0.5 && y == 0.5 && z == 0.5) || (x == 1.5 && y == 1.5 && z == 1.5);
}

static double euler_of(solid f, double a) {
  struct labels *l = fill(36, 1, 1, 1, f, a);
  double e = micro_euler(l, NULL, 0);
  labels_destroy(l);
  return e;
}

static void known_solids_have_their_euler_numbers(void **state) {
  (void)state;
  assert_near(euler_of(ball, 8), 1, 0);
  assert_near(euler_of(torus, 0), 0, 0);
  assert_near(euler_of(double_torus, 0), -1, 0);
  assert_near(euler_of(hollow_ball, 12), 2, 0);
  assert_near(euler_of(two_balls, 6), 2, 0);
  assert_near(euler_of(hollow_torus, 0), 0, 0);  /* 1 piece, 2 tunnels, 1 cavity */
  assert_near(euler_of(diagonal_pair, 0), 1, 0); /* joined at a corner: 26-connected */
  assert_near(euler_of(rod, 5), 1, 0);
}

static int lattice(double x, double y, double z, double r) { /* rods along all axes, period 9 */
  double u = x + 90, v = y + 90, w = z + 90;
  u -= 9 * floor(u / 9 + 0.5);
  v -= 9 * floor(v / 9 + 0.5);
  w -= 9 * floor(w / 9 + 0.5);
  return hypot(u, v) < r || hypot(v, w) < r || hypot(u, w) < r;
}

static void edges_are_corrected_to_the_endless_structure(void **state) {
  (void)state;
  /* each cell of the lattice: 1 node, 3 struts: Euler number -2, so -128 for 4 x 4 x 4 cells */
  struct labels *l = fill(36, 1, 1, 1, lattice, 1.8);
  assert_near(micro_euler(l, NULL, 1), -128, 1e-9);
  assert_true(fabs(micro_euler(l, NULL, 0) + 128) > 10); /* the cut alone is not */
  struct labels *voi = NULL;
  assert_ok(labels_create(&voi, &l->grid));
  for (int64_t k = 9; k < 27; k++)
    for (int64_t j = 9; j < 27; j++)
      for (int64_t i = 0; i < 36; i++) voi->voxels[geometry_index(&l->grid, i, j, k)] = 1;
  assert_near(micro_euler(l, voi, 1), -2 * 2 * 2 * 4, 1e-9);
  labels_destroy(l);
  labels_destroy(voi);
}

static void parts_and_cavities_are_counted(void **state) {
  (void)state;
  int64_t bones, cavities;
  struct labels *l = fill(36, 1, 1, 1, two_balls, 6);
  l->voxels[geometry_index(&l->grid, 9, 18, 18)] = 0;
  assert_ok(micro_count_parts(&bones, &cavities, l));
  assert_int_equal(bones, 2);
  assert_int_equal(cavities, 1);
  labels_destroy(l);
}

/* ---- fabric ---- */

static void a_stack_of_plates_has_one_direction(void **state) {
  (void)state;
  struct labels *l = fill(52, 1, 1, 1, plates, 4);
  struct micro_fabric f;
  assert_ok(micro_fabric(&f, l, NULL));
  print_message("plates 4 of 13: MIL %.3f, share %.4f, rms %.3f\n", f.mil_mm[2], f.da_share, f.rms);
  assert_near(f.mil_mm[2], 6.5,
              0.15); /* two borders in 13; the image holds 8 in 51 along z: 6.375 */
  assert_near(f.da_share, 1, 0.01);
  assert_near(fabs(f.axis[2].z), 1, 1e-3);
  labels_destroy(l);
}

static int sponge(double x, double y, double z, double k) {
  static double wave[60][4];
  static int made;
  for (; made < 60; made++) {
    uint64_t n = (uint64_t)made;
    double u = 2 * random_uniform(8, 1, n) - 1, a = 6.283185307 * random_uniform(8, 2, n);
    double s = sqrt(1 - u * u), q = 6.283185307 / 9;
    wave[made][0] = q * s * cos(a);
    wave[made][1] = q * s * sin(a);
    wave[made][2] = q * u;
    wave[made][3] = 6.283185307 * random_uniform(8, 3, n);
  }
  double sum = 0;
  for (int i = 0; i < 60; i++)
    sum += cos(wave[i][0] * x + wave[i][1] * y + wave[i][2] * z / k + wave[i][3]);
  return sum > 3;
}

static double form(const struct micro_fabric *f, struct vec3 u) { /* u' A u = 1/MIL(u)^2 */
  double sum = 0;
  for (int i = 0; i < 3; i++) sum += pow(vec3_dot(u, f->axis[i]) / f->mil_mm[i], 2);
  return sum;
}

static void stretching_a_sponge_stretches_its_intercepts(void **state) {
  (void)state;
  struct labels *l = fill(72, 1, 1, 1, sponge, 1);
  struct micro_fabric plain, stretched;
  assert_ok(micro_fabric(&plain, l, NULL));
  l->grid.spacing[2] = 1.6; /* the same voxels, longer along z: A becomes S^-1 A S^-1 */
  assert_ok(micro_fabric(&stretched, l, NULL));
  print_message("sponge: ratio %.3f, stretched by 1.6 %.3f\n", plain.da_ratio, stretched.da_ratio);
  assert_true(plain.da_ratio < 1.25); /* 60 waves are not quite isotropic */
  for (int i = 0; i < 40; i++) {
    struct vec3 u =
        vec3_unit(vec3_make(random_normal(5, 1, (uint64_t)i), random_normal(5, 2, (uint64_t)i),
                            random_normal(5, 3, (uint64_t)i)));
    double expected = form(&plain, vec3_make(u.x, u.y, u.z / 1.6));
    assert_close(form(&stretched, u), expected, 0.07); /* other lines cross other places */
  }
  assert_true(fabs(stretched.axis[0].z) > 0.9);
  labels_destroy(l);
}

/* ---- surface and SMI ---- */

static void check_smi(solid f, double a, double expected, double tolerance, int shell) {
  struct labels *l = fill(44, 1, 1, 1, f, a), *voi = NULL;
  struct micro_surface s;
  double mm3 = 0;
  assert_ok(labels_create(&voi, &l->grid));
  for (int64_t k = 0, at = 0; k < 44; k++)
    for (int64_t j = 0; j < 44; j++)
      for (int64_t i = 0; i < 44; i++, at++) {
        voi->voxels[at] =
            (uint16_t)(!shell || (i > 3 && j > 3 && k > 3 && i < 40 && j < 40 && k < 40));
        mm3 += voi->voxels[at] && l->voxels[at];
      }
  assert_ok(micro_surface(&s, l, voi, NULL, 0, mm3));
  print_message("area %.1f mm2, SMI %.3f (%g)\n", s.area_mm2, s.smi, expected);
  assert_near(s.smi, expected, tolerance);
  labels_destroy(l);
  labels_destroy(voi);
}

static int one_plate(double x, double y, double z, double t) {
  (void)x, (void)y;
  return fabs(z) < t / 2;
}

static void smi_is_0_of_plates_3_of_rods_4_of_balls(void **state) {
  (void)state;
  check_smi(one_plate, 6, 0, 0.02, 1);
  check_smi(rod, 7, 3, 0.15, 1);
  check_smi(ball, 12, 4, 0.2, 0);
}

static void the_area_of_a_ball_is_4_pi_r2(void **state) {
  (void)state;
  struct labels *l = fill(44, 1, 1, 1, ball, 15);
  struct micro_surface s;
  assert_ok(micro_surface(&s, l, NULL, NULL, 0, 1));
  assert_close(s.area_mm2, 4 * 3.14159265 * 225, 0.03); /* steps of voxels, smoothed */
  labels_destroy(l);
}

/* ---- threshold and compartments ---- */

static void otsu_parts_two_heaps(void **state) {
  (void)state;
  struct geometry g = geometry_make(20, 20, 20, 1, 1, 1);
  struct volume *v = NULL;
  double t;
  assert_ok(volume_create(&v, &g, QUANTITY_OTHER));
  assert_fails(micro_otsu(&t, v, NULL), ST_DOMAIN, "two kinds");
  for (int64_t i = 0; i < 8000; i++)
    v->voxels[i] = (float)((i % 4 ? 50 : 200) + 10 * random_normal(4, 1, (uint64_t)i));
  assert_ok(micro_otsu(&t, v, NULL));
  /* both heaps have SD 10 and lie 15 SD apart; the largest variance between classes is reached
   * anywhere in the empty gap, the first step of it is taken */
  assert_true(t > 80 && t < 170);
  volume_destroy(v);
}

static int tube_with_pores(double x, double y, double z, double a) { /* R 20, wall 5, pores r 1 */
  (void)z, (void)a;
  double r = hypot(x, y);
  for (int p = 0; p < 8; p++)
    if (hypot(x - 17.5 * cos(p * 0.7853981634), y - 17.5 * sin(p * 0.7853981634)) < 1) return 0;
  if (fabs(x) < 0.9 && r < 16) return 1; /* a strut through the marrow */
  return r < 20 && r > 15;
}

static int disc(double x, double y, double z, double r) {
  (void)z;
  return hypot(x, y) < r;
}

static void cortex_keeps_its_pores_and_loses_its_struts(void **state) {
  (void)state;
  struct labels *bone = fill(46, 1, 1, 1, tube_with_pores, 0), *mask = fill(46, 1, 1, 1, disc, 20);
  struct labels *parts = NULL;
  assert_ok(micro_compartments(&parts, bone, mask, 1.5, 2));
  double cortex = 0, pores = 0;
  for (int64_t i = 0; i < geometry_voxels(&bone->grid); i++) {
    cortex += parts->voxels[i] == 1;
    pores += parts->voxels[i] == 1 && !bone->voxels[i];
  }
  cortex /= 46;
  pores /= 46;
  print_message("cortex %.1f of %.1f, pores %.1f of %.1f voxels a slice\n", cortex,
                3.14159265 * (400 - 225), pores, 8 * 3.14159265);
  assert_close(cortex, 3.14159265 * (400 - 225), 0.04);
  assert_close(pores, 8 * 3.14159265, 0.35); /* and the corners at the feet of the strut */
  labels_destroy(bone);
  labels_destroy(mask);
  labels_destroy(parts);
}

/* ---- what cannot be measured ---- */

static int everything(double x, double y, double z, double a) {
  (void)x, (void)y, (void)z, (void)a;
  return 1;
}

static int thin_strut(double x, double y, double z, double a) {
  (void)z;
  return fabs(x) < a && fabs(y) < a;
}

static int ball_shell(double x, double y, double z, double r) { /* a hole of one voxel */
  double d = sqrt(x * x + y * y + z * z);
  return d < r && d > 0.9;
}

/* A ball of bone (1000) of 2.5 voxels in marrow (0), voxels of 0.1 mm. */
static void refuse(struct microstructure_options o, const struct labels *labels, double all,
                   status st, const char *why) {
  struct labels *bone = fill(8, 0.1, 0.1, 0.1, ball, 0.25);
  struct volume *image = NULL;
  struct microstructure *m = NULL;
  assert_ok(volume_create(&image, &bone->grid, QUANTITY_OTHER));
  for (int64_t i = 0; i < geometry_voxels(&bone->grid); i++)
    image->voxels[i] = isnan(all) ? 1000.0F * (float)bone->voxels[i] : (float)all;
  assert_fails(qct_microstructure(&m, image, labels, &o), st, why);
  assert_null(m);
  volume_destroy(image);
  labels_destroy(bone);
}

static void requests_that_mean_nothing_are_refused(void **state) {
  (void)state;
  struct microstructure_options o = MICROSTRUCTURE_DEFAULTS;
  struct labels *mask = fill(8, 0.1, 0.1, 0.1, ball, 0.35),
                *other = fill(9, 0.1, 0.1, 0.1, ball, 1);
  refuse(o, NULL, NAN, ST_USAGE, "name how bone is told from marrow");
  o.method = MICRO_FIXED;
  refuse(o, NULL, NAN, ST_USAGE, "needs its value");
  o.threshold = 500;
  refuse(o, NULL, 400, ST_DOMAIN, "no voxel is bone");
  refuse(o, NULL, 500, ST_DOMAIN, "every voxel is bone");
  o.voi = 7;
  refuse(o, NULL, NAN, ST_USAGE, "no label map is given");
  refuse(o, mask, NAN, ST_DOMAIN, "label 7 has no voxel");
  refuse(o, other, NAN, ST_DOMAIN, "labels");
  o.voi = 0;
  o.cortical = 1;
  refuse(o, mask, NAN, ST_USAGE, "needs the periosteal one");
  o.periosteal = 1;
  o.cortical = 7;
  refuse(o, mask, NAN, ST_DOMAIN, "cortical label 7 has no voxel");
  o = (struct microstructure_options)MICROSTRUCTURE_DEFAULTS;
  o.method = MICRO_OTSU;
  refuse(o, NULL, 3, ST_DOMAIN, "two kinds are needed");
  labels_destroy(mask);
  labels_destroy(other);
}

/* Nothing but bone, voxels above 0.25 mm, three slices. */
static void images_without_the_structure_are_refused(void **state) {
  (void)state;
  struct microstructure_options o = MICROSTRUCTURE_DEFAULTS;
  struct labels *block = fill(8, 0.1, 0.1, 0.1, everything, 0);
  struct microstructure *m = NULL;
  struct volume *map = NULL, *image = NULL;
  struct micro_fabric fabric;
  struct geometry g = geometry_make(8, 8, 8, 0.1, 0.1, 0.26),
                  flat = geometry_make(8, 8, 3, 0.1, 0.1, 0.1);
  assert_fails(micro_thickness(&map, block, MICRO_BONE, NULL, NAN), ST_DOMAIN,
               "there is no surface");
  assert_null(map);
  o.method = MICRO_OTSU;
  assert_ok(volume_create(&image, &g, QUANTITY_OTHER));
  assert_fails(qct_microstructure(&m, image, NULL, &o), ST_DOMAIN, "voxels of 0.26 mm");
  volume_destroy(image);
  assert_ok(volume_create(&image, &flat, QUANTITY_OTHER));
  assert_fails(qct_microstructure(&m, image, NULL, &o), ST_DOMAIN, "8 x 8 x 3 voxels");
  labels_destroy(block);
  block = NULL;
  flat.nz = 1;
  assert_ok(labels_create(&block, &flat));
  assert_fails(micro_fabric(&fabric, block, NULL), ST_DOMAIN, "1 voxels along an axis");
  volume_destroy(image);
  labels_destroy(block);
}

static void a_block_of_bone_has_no_intercepts(void **state) {
  (void)state;
  struct labels *bone = fill(8, 1, 1, 1, everything, 0);
  struct micro_fabric fabric;
  assert_fails(micro_fabric(&fabric, bone, NULL), ST_DOMAIN, "no line crosses a border of bone");
  labels_destroy(bone);
}

static void a_mask_without_marrow_space_is_not_parted(void **state) {
  (void)state;
  struct labels *bone = fill(17, 1, 1, 1, ball_shell, 7), *mask = fill(17, 1, 1, 1, ball, 7);
  struct labels *parts = NULL;
  assert_fails(micro_compartments(&parts, bone, mask, 2, 2), ST_DOMAIN,
               "no marrow space holds a sphere of 2 mm radius");
  assert_null(parts);
  labels_destroy(bone);
  labels_destroy(mask);
}

static void a_mask_of_struts_alone_has_no_cortex(void **state) {
  (void)state;
  struct labels *bone = fill(21, 0.1, 0.1, 0.1, thin_strut, 0.06),
                *mask = fill(21, 0.1, 0.1, 0.1, everything, 0);
  struct microstructure_options o = MICROSTRUCTURE_DEFAULTS;
  struct microstructure *m = NULL;
  struct volume *image = NULL;
  assert_ok(volume_create(&image, &bone->grid, QUANTITY_OTHER));
  for (int64_t i = 0; i < geometry_voxels(&bone->grid); i++) image->voxels[i] = bone->voxels[i];
  o.method = MICRO_MASK;
  o.periosteal = 1;
  assert_fails(qct_microstructure(&m, image, mask, &o), ST_DOMAIN, "no cortex is left in the mask");
  assert_null(m);
  volume_destroy(image);
  labels_destroy(bone);
  labels_destroy(mask);
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
      cmocka_unit_test(known_solids_have_their_euler_numbers),
      cmocka_unit_test(edges_are_corrected_to_the_endless_structure),
      cmocka_unit_test(parts_and_cavities_are_counted),
      cmocka_unit_test(a_stack_of_plates_has_one_direction),
      cmocka_unit_test(stretching_a_sponge_stretches_its_intercepts),
      cmocka_unit_test(smi_is_0_of_plates_3_of_rods_4_of_balls),
      cmocka_unit_test(the_area_of_a_ball_is_4_pi_r2),
      cmocka_unit_test(otsu_parts_two_heaps),
      cmocka_unit_test(cortex_keeps_its_pores_and_loses_its_struts),
      cmocka_unit_test(requests_that_mean_nothing_are_refused),
      cmocka_unit_test(images_without_the_structure_are_refused),
      cmocka_unit_test(a_block_of_bone_has_no_intercepts),
      cmocka_unit_test(a_mask_without_marrow_space_is_not_parted),
      cmocka_unit_test(a_mask_of_struts_alone_has_no_cortex),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
