// labels: method data
/* Rods put into real scans with partial volume, blur and that scan's own noise; a real phantom. */
#include "tests/check.h"

#include "calibration/calibrate.h"
#include "core/body.h"
#include "core/image.h"
#include "core/random.h"

static const double sigma_ref = 1.5634; /* 70 keV */

static double rod_hu(const struct phantom_entry *e, int rod) {
  if (isfinite(e->rods[rod].water))
    return e->rods[rod].water - 1000 + sigma_ref * e->rods[rod].density;
  return e->rods[rod].density / 0.76;
}

struct insertion {
  double radius, pitch, plate_half, blur; /* mm */
  double x, y;                            /* of the middle rod, in mm from the first voxel */
};

/* HU of plate and rods at an in-plane point relative to the middle; NaN outside the plate. */
static double inserted(const struct insertion *in, const struct phantom_entry *e, double x,
                       double y) {
  double half = e->rod_count * in->pitch / 2;
  if (fabs(y) > in->plate_half || fabs(x) > half) return NAN;
  for (int i = 0; i < e->rod_count; i++)
    if (hypot(x - (i - (e->rod_count - 1) / 2.0) * in->pitch, y) < in->radius) return rod_hu(e, i);
  return 40;
}

/* High-pass noise of the scan itself, taken from its soft tissue: the patch beside, minus its local
 * mean, laid over the phantom. */
static double noise_at(const struct volume *v, int64_t i, int64_t j, int64_t k) {
  const struct geometry *g = &v->grid;
  double sum = 0;
  int n = 0;
  for (int64_t b = -3; b <= 3; b++)
    for (int64_t a = -3; a <= 3; a++) {
      if (!geometry_inside(g, i + a, j + b, k)) return NAN;
      double x = v->voxels[geometry_index(g, i + a, j + b, k)];
      if (!(x > -60 && x < 180)) return NAN; /* one tissue only */
      sum += x;
      n++;
    }
  return (v->voxels[geometry_index(g, i, j, k)] - sum / n) * sqrt(n / (n - 1.0));
}

/* One patch of noise per slice, found once, tiled by reflection. */
struct patch {
  int64_t i, j, size;
};

static bool find_patch(struct patch *p, const struct volume *v, int64_t k) {
  for (int64_t j = 20; j + 40 < v->grid.ny; j += 3)
    for (int64_t i = 20; i + 40 < v->grid.nx; i += 3) {
      bool good = true;
      for (int64_t b = 0; b < 20 && good; b += 4)
        for (int64_t a = 0; a < 20 && good; a += 4) good = isfinite(noise_at(v, i + a, j + b, k));
      if (good) {
        *p = (struct patch){i, j, 20};
        return true;
      }
    }
  return false;
}

/* The inserted noise must not shift the rods: its mean over the patch is taken off. */
static double patch_mean(const struct volume *v, const struct patch *p, int64_t k) {
  double sum = 0;
  int count = 0;
  for (int64_t b = 0; b < p->size; b++)
    for (int64_t a = 0; a < p->size; a++) {
      double n = noise_at(v, p->i + a, p->j + b, k);
      if (!isfinite(n)) continue;
      sum += n;
      count++;
    }
  return count ? sum / count : 0;
}

static int64_t fold(int64_t x, int64_t n) {
  int64_t m = ((x % (2 * n)) + 2 * n) % (2 * n);
  return m < n ? m : 2 * n - 1 - m;
}

static void insert(struct volume *v, const struct phantom_entry *e, const struct insertion *in) {
  const struct geometry *g = &v->grid;
  enum { FINE = 5, KERNEL = 3 };
  struct volume *copy = NULL;
  assert_ok(volume_copy(&copy, v));
  double *ideal = malloc((size_t)(g->nx * g->ny) * sizeof *ideal);
  double *cover = malloc((size_t)(g->nx * g->ny) * sizeof *cover);
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      double sum = 0;
      double weight = 0;
      double all = 0;
      /* box of the voxel and Gaussian blur in one quadrature */
      int reach = (int)ceil(3 * in->blur / g->spacing[0]);
      for (int b = -reach * FINE; b <= reach * FINE; b++)
        for (int a = -reach * FINE; a <= reach * FINE; a++) {
          double dx = (double)a / FINE * g->spacing[0];
          double dy = (double)b / FINE * g->spacing[1];
          double w = exp(-(dx * dx + dy * dy) / (2 * in->blur * in->blur));
          double hu = inserted(in, e, (double)i * g->spacing[0] + dx - in->x,
                               (double)j * g->spacing[1] + dy - in->y);
          all += w;
          if (isnan(hu)) continue;
          sum += w * hu;
          weight += w;
        }
      ideal[j * g->nx + i] = weight > 0 ? sum / weight : 0;
      cover[j * g->nx + i] = weight / all;
    }
  struct patch patch = {0, 0, 0};
  for (int64_t k = 0; k < g->nz; k++) {
    find_patch(&patch, copy, k); /* keeps the last one where there is none */
    assert_true(patch.size > 0);
    double mean = patch_mean(copy, &patch, k);
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        double c = cover[j * g->nx + i];
        if (c <= 0) continue;
        double n = noise_at(copy, patch.i + fold(i, patch.size), patch.j + fold(j, patch.size), k);
        int64_t at = geometry_index(g, i, j, k);
        double old = isfinite(copy->voxels[at]) ? copy->voxels[at] : -1000;
        v->voxels[at] =
            (float)(c * (ideal[j * g->nx + i] + (isfinite(n) ? n - mean : 0)) + (1 - c) * old);
      }
  }
  free(ideal);
  free(cover);
  volume_destroy(copy);
}

static void check_scan(const char *path, double x, double y, double radius, double pitch,
                       const char *key) {
  struct volume *v = NULL;
  struct phantom_entry e;
  struct image_read_options o = {.quantity = QUANTITY_HU};
  assert_ok(image_read(&v, path, &o));
  assert_ok(phantom_registry_find(&e, key, NULL));
  struct insertion in = {radius, pitch, radius + 3.5, 0.7, x, y};
  insert(v, &e, &in);
  struct calibration c;
  struct cal_rods_found info;
  struct cal_phantom_options po = CAL_PHANTOM_DEFAULTS;
  assert_ok(cal_from_phantom(&c, NULL, &info, v, &e, &po));
  bool water = isfinite(e.rods[0].water);
  double slope = water ? 1 / (sigma_ref - 0.2174) : 0.76;
  double intercept = water ? 0.4 * slope : 0;
  double worst = 0;
  for (int i = 0; i < e.rod_count; i++) {
    double hu = water ? (e.rods[i].density - intercept) / slope : rod_hu(&e, i);
    double off = calibration_density(&c, hu) - e.rods[i].density;
    worst = fmax(worst, fabs(off));
    assert_near(calibration_density(&c, hu), e.rods[i].density, 2);
  }
  print_message("%s in %s: slope %.4f (%.4f), intercept %.2f (%.2f), worst %.2f mg/cm3\n", key,
                strrchr(path, '/') ? "the scan" : path, c.slope, slope, c.intercept, intercept,
                worst);
  volume_destroy(v);
}

static void rods_in_a_real_hip_are_found_and_recovered(void **state) {
  (void)state;
  /* 234 x 216 voxels of 0.977 mm; the crop is narrow, so the rods are close */
  const char *path = shared_path("data/hip_right_sts044/dicom");
  check_scan(path, 114, 196, 8, 40, "b-mas-200");
  check_scan(path, 114, 196, 8, 40, "mindways-model3-ct");
}

static void rods_in_a_real_abdomen_are_found_and_recovered(void **state) {
  (void)state;
  const char *path = shared_path("data/abdomen_crlm1004/dicom");
  struct volume *v = NULL;
  struct image_read_options o = {.quantity = QUANTITY_HU};
  assert_ok(image_read(&v, path, &o));
  double spacing = v->grid.spacing[0];
  /* under the back: below the body's lowest point in the middle column */
  struct labels *body = NULL;
  assert_ok(body_find(&body, NULL, v));
  int64_t lowest = 0;
  int64_t middle = v->grid.nx / 2;
  for (int64_t j = 0; j < v->grid.ny; j++)
    if (body->voxels[geometry_index(&v->grid, middle, j, v->grid.nz / 2)] == LABEL_BODY) lowest = j;
  labels_destroy(body);
  volume_destroy(v);
  check_scan(path, (double)middle * spacing, (double)lowest * spacing + 14, 8.5, 50, "b-mas-200");
  check_scan(path, (double)middle * spacing, (double)lowest * spacing + 14, 8.5, 50,
             "mindways-model3-ct");
}

/* No phantom in these scans: none may be found. */
static void no_phantom_is_found_where_there_is_none(void **state) {
  (void)state;
  static const char *const scans[] = {"hip_right_sts044", "hip_right_sts046", "pelvis_sts007",
                                      "abdomen_crlm1004"};
  for (int i = 0; i < 4; i++) {
    char name[64];
    snprintf(name, sizeof name, "data/%s/dicom", scans[i]);
    struct volume *v = NULL;
    struct image_read_options o = {.quantity = QUANTITY_HU};
    assert_ok(image_read(&v, shared_path(name), &o));
    struct phantom_registry *r = NULL;
    struct cal_rod_search *search = NULL;
    assert_ok(phantom_registry_read(&r, NULL));
    assert_ok(cal_rod_search_open(&search, v));
    for (size_t p = 0; p < r->count; p++) {
      struct labels *rods = NULL;
      struct calibration c;
      status st = cal_rod_search_find(&rods, NULL, search, &r->entries[p]);
      if (st == ST_OK) st = cal_from_rods(&c, v, rods, &r->entries[p], NULL);
      if (st == ST_OK)
        fail_msg("%s was found in %s: slope %.3f", r->entries[p].key, scans[i], c.slope);
      assert_int_not_equal(st, ST_MEMORY);
      labels_destroy(rods);
    }
    cal_rod_search_close(search);
    phantom_registry_destroy(r);
    volume_destroy(v);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rods_in_a_real_hip_are_found_and_recovered),
      cmocka_unit_test(rods_in_a_real_abdomen_are_found_and_recovered),
      cmocka_unit_test(no_phantom_is_found_where_there_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
