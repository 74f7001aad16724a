// Outlines to labels: areas in closed form, and a real RTSTRUCT against the mask its authors made.
#include "core/rtstruct.h"
#include "core/filter.h"
#include "core/image.h"
#include "tests/check.h"

enum { POINTS = 360 };

/* One ROI per contour unless `roi` says otherwise; circles in slice k of a 1 mm grid. */
static void add_circle(struct roi_set *s, int roi, double x, double y, double z, double radius) {
  struct roi_contour *c = &s->contours[s->contour_count++];
  c->roi = roi;
  c->count = POINTS;
  c->point = malloc(POINTS * 3 * sizeof *c->point);
  assert_non_null(c->point);
  for (int p = 0; p < POINTS; p++) {
    double t = 2 * acos(-1.0) * p / POINTS;
    c->point[3 * p] = x + radius * cos(t);
    c->point[3 * p + 1] = y + radius * sin(t);
    c->point[3 * p + 2] = z;
  }
}

static struct roi_set *rois(int count) {
  struct roi_set *s = calloc(1, sizeof *s);
  assert_non_null(s);
  s->rois = calloc((size_t)count, sizeof *s->rois);
  s->contours = calloc(16, sizeof *s->contours);
  assert_non_null(s->rois);
  assert_non_null(s->contours);
  s->roi_count = count;
  for (int r = 0; r < count; r++) {
    s->rois[r].value = r + 1;
    snprintf(s->rois[r].name, sizeof s->rois[r].name, "roi %d", r + 1);
  }
  return s;
}

static void a_ring_keeps_its_hole(void **state) {
  (void)state;
  struct geometry g = geometry_make(100, 90, 5, 0.5, 0.6, 2);
  struct roi_set *s = rois(1);
  struct labels *l;
  add_circle(s, 0, 24, 26, 4, 15);
  add_circle(s, 0, 25, 26, 4, 6);
  assert_ok(rtstruct_to_labels(&l, s, &g));
  double area = (double)labels_count(l, 1) * 0.5 * 0.6;
  /* the count of pixel centres differs from the area by about the square root of the boundary */
  assert_near(area, acos(-1.0) * (225 - 36), 3);
  assert_int_equal(l->voxels[geometry_index(&g, 50, 43, 2)], 0);
  int64_t lo[3], hi[3];
  assert_true(labels_box(l, 1, lo, hi));
  assert_int_equal(lo[2], 2);
  assert_int_equal(hi[2], 2);
  assert_string_equal(labels_name(l, 1), "roi 1");
  labels_destroy(l);
  roi_set_destroy(s);
}

static void a_later_roi_wins_where_two_overlap(void **state) {
  (void)state;
  struct geometry g = geometry_make(40, 40, 2, 1, 1, 1);
  struct roi_set *s = rois(2);
  struct labels *l;
  add_circle(s, 0, 15, 15, 0, 8.3);
  add_circle(s, 1, 20, 15, 0, 8.3);
  assert_ok(rtstruct_to_labels(&l, s, &g));
  assert_int_equal(l->voxels[geometry_index(&g, 18, 15, 0)], 2);
  assert_int_equal(l->voxels[geometry_index(&g, 10, 15, 0)], 1);
  labels_destroy(l);
  roi_set_destroy(s);
}

static void contours_that_are_in_no_slice_are_refused(void **state) {
  (void)state;
  struct geometry g = geometry_make(40, 40, 3, 1, 1, 2);
  struct roi_set *s = rois(1);
  struct labels *l;
  assert_fails(rtstruct_to_labels(&l, s, &g), ST_DOMAIN, "no closed contour");
  add_circle(s, 0, 20, 20, 1, 5); /* half way between slices 0 and 1 */
  assert_fails(rtstruct_to_labels(&l, s, &g), ST_DOMAIN, "lies between slices");
  s->contours[0].point[2] = 4;
  assert_fails(rtstruct_to_labels(&l, s, &g), ST_DOMAIN, "oblique to the slices");
  for (int p = 0; p < POINTS; p++) s->contours[0].point[3 * p + 2] = 200;
  assert_fails(rtstruct_to_labels(&l, s, &g), ST_DOMAIN, "none of 1 contours");
  roi_set_destroy(s);
}

/* The same ROI as mask, from the IBSI data set. */
static void a_real_rtstruct_equals_the_published_mask(void **state) {
  (void)state;
  struct volume *scan;
  struct labels *drawn, *mask;
  assert_ok(image_read(&scan, shared_path("data/ibsi1_ct_phantom/dicom/image"), NULL));
  assert_ok(labels_read_on(&drawn, shared_path("data/ibsi1_ct_phantom/dicom/mask/DCM_RS_00060.dcm"),
                           &scan->grid));
  assert_ok(
      labels_read_on(&mask, shared_path("data/ibsi1_ct_phantom/nifti/mask/mask.nii.gz"), NULL));
  struct labels *turned;
  assert_ok(filter_resample_labels(&turned, mask, &scan->grid));
  int64_t a = 0, b = 0, both = 0;
  for (int64_t i = 0; i < geometry_voxels(&scan->grid); i++) {
    a += drawn->voxels[i] == 1;
    b += turned->voxels[i] != 0;
    both += drawn->voxels[i] == 1 && turned->voxels[i] != 0;
  }
  assert_int_equal(both, a);
  assert_int_equal(both, b);
  assert_true(a > 100000);
  volume_destroy(scan);
  labels_destroy(drawn);
  labels_destroy(mask);
  labels_destroy(turned);
}

static void other_files_are_no_rtstruct(void **state) {
  (void)state;
  struct roi_set *s;
  const char *ct = shared_path("data/dicom_edge/odd_and_broken/CT_small.dcm");
  assert_false(rtstruct_is(ct));
  assert_fails(rtstruct_read(&s, ct), ST_FORMAT, "no readable RTSTRUCT");
  struct labels *l;
  assert_fails(
      labels_read_on(&l, shared_path("data/ibsi1_ct_phantom/dicom/mask/DCM_RS_00060.dcm"), NULL),
      ST_USAGE, "need the scan");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ring_keeps_its_hole),
      cmocka_unit_test(a_later_roi_wins_where_two_overlap),
      cmocka_unit_test(contours_that_are_in_no_slice_are_refused),
      cmocka_unit_test(a_real_rtstruct_equals_the_published_mask),
      cmocka_unit_test(other_files_are_no_rtstruct),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
