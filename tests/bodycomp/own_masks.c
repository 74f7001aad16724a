// labels: data method
/* Areas inside the (automatic) tissue masks that come with a real trunk, slice by slice. Every
 * voxel of a mask is muscle, fat or neither: what a window leaves out of a mask is told by the
 * other counts. The masks lie from the lower third of L2 to T12; none reaches L3. */
#include "bodycomp/tissue.h"
#include "core/image.h"
#include "tests/check.h"

struct sums {
  double mask, muscle, fat, worst; /* cm2; worst difference of a slice */
};

static void measure(struct sums *s, const struct volume *hu, const char *file, bool fat) {
  char path[256];
  struct labels *mask = NULL;
  *s = (struct sums){0};
  snprintf(path, sizeof path, "data/abdopelvis_totalseg/tissue_types/%s.nii.gz", file);
  assert_ok(labels_read_on(&mask, shared_path(path), &hu->grid));
  const double pixel = 0.01 * hu->grid.spacing[0] * hu->grid.spacing[1];
  for (int64_t k = 0; k < hu->grid.nz; k++) {
    struct tissue_measure m;
    assert_ok(tissue_measure(&m, hu, mask, 1, k, k, NULL));
    double got = (double)(fat ? m.fat : m.muscle + m.fat) / (double)m.voxels - 1;
    if (fabs(got) > fabs(s->worst)) s->worst = got;
    s->mask += (double)m.voxels * pixel;
    s->muscle += (double)m.muscle * pixel;
    s->fat += (double)m.fat * pixel;
  }
  labels_destroy(mask);
  print_message("%s: mask %.1f, muscle window %.1f (%+.1f %%), fat window %.1f (%+.1f %%), worst "
                "slice %+.1f %%\n",
                file, s->mask, s->muscle, 100 * (s->muscle / s->mask - 1), s->fat,
                100 * (s->fat / s->mask - 1), 100 * s->worst);
}

/* The mask of muscle takes the fat between the fibres in; the masks of fat take voxels in that
 * share an organ or muscle at 3 mm and lie above -30 HU. */
static void windows_in_the_masks_of_a_real_trunk_give_their_areas(void **state) {
  (void)state;
  struct volume *hu = NULL;
  struct image_read_options read = {.quantity = QUANTITY_HU};
  struct sums muscle, under_skin, torso;
  assert_ok(image_read(&hu, shared_path("data/abdopelvis_totalseg/example_ct_sm.nii.gz"), &read));
  measure(&muscle, hu, "skeletal_muscle", false);
  measure(&under_skin, hu, "subcutaneous_fat", true);
  measure(&torso, hu, "torso_fat", true);
  assert_near(muscle.worst, 0, 0.005); /* muscle and the fat in it, every slice */
  assert_close(under_skin.fat, under_skin.mask, 0.03);
  assert_close(torso.fat, torso.mask, 0.045);
  volume_destroy(hu);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_in_the_masks_of_a_real_trunk_give_their_areas),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
