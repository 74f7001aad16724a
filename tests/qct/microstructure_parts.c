/* Measures of microstructure against closed forms: solids of known
 * Euler number, a stack of plates and a stretched sponge of known anisotropy. */
#include "qct/microstructure_parts.h"
#include "core/filter.h"
#include "core/random.h"
#include "qct/microstructure.h"
#include "tests/qct/micro_solids.h"

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
