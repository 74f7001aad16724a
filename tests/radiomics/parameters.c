/* Parameter files of pyradiomics: what each key sets, and the line and words of what is refused. */
#include "tests/folder.h" /* first */

#include "core/file.h"
#include "radiomics/parameters.h"

static status read_text(struct rad_parameters *p, const char *text) {
  assert_ok(file_write(in_folder("p.yaml"), text, strlen(text), true));
  return rad_parameters_read(p, in_folder("p.yaml"));
}

static void keys_set_what_pyradiomics_says(void **state) {
  (void)state;
  struct rad_parameters p;
  assert_ok(read_text(&p, "imageType:\n  Original: {}\n  LoG: {sigma: [1, 2.5]}\n  Wavelet: {}\n"
                          "featureClass:\n  firstorder: [Mean, Kurtosis]\n  glcm:\n"
                          "setting:\n  binWidth: 12.5\n  label: 3\n  interpolator: sitkLinear\n"
                          "  resampledPixelSpacing: [1, 1, 2]\n  resegmentRange: [300, -50]\n"
                          "  resegmentMode: sigma\n  distances: [1, 2]\n  symmetricalGLCM: false\n"
                          "  weightingNorm: no_weighting\n  force2D: true\n  force2Ddimension: 0\n"
                          "  normalize: yes\n  normalizeScale: 100\n  removeOutliers: 3\n"
                          "  voxelArrayShift: 1000\n  gldm_a: 2\n  minimumROISize: 10\n"
                          "  minimumROIDimensions: 2\n  geometryTolerance: null\n  preCrop: true\n"
                          "voxelSetting:\n  kernelRadius: 2\n  maskedKernel: true\n"
                          "  initValue: -1\n  voxelBatch: 100\n"));
  const struct rad_settings *s = &p.settings;
  assert_int_equal(p.filter_count, 1 + 2 + 8);
  assert_int_equal(p.filters[2].kind, RAD_FILTER_LOG);
  assert_near(p.filters[2].sigma_mm, 2.5, 0);
  assert_int_equal(p.filters[10].kind, RAD_FILTER_WAVELET);
  assert_memory_equal(p.filters[4].band, "LLH", 3);
  assert_near(s->bin_width, 12.5, 0);
  assert_int_equal(p.label, 3);
  assert_near(s->spacing_mm[2], 2, 0);
  assert_near(s->range[0], -50, 0); /* either order */
  assert_near(s->range[1], 300, 0);
  assert_int_equal(s->range_mode, RAD_RANGE_SIGMA);
  assert_int_equal(s->distance_count, 2);
  assert_int_equal(s->distances[1], 2);
  assert_true(s->asymmetric_glcm && s->merge_directions && s->force_flat && s->normalise);
  assert_near(s->normalise_scale, 100, 0);
  assert_near(s->normalise_outliers, 3, 0);
  assert_near(s->voxel_shift, 1000, 0);
  assert_int_equal(s->dependence_alpha, 2);
  assert_int_equal(s->minimum_voxels, 10);
  assert_int_equal(s->minimum_dimensions, 2);
  assert_int_equal(s->aggregations, 1u << RAD_25D_MERGED);
  assert_int_equal(p.kernel_radius, 2);
  assert_near(p.initial_value, -1, 0);
  int selected = 0;
  for (int f = 0; f < RAD_FEATURE_COUNT; f++) selected += p.selected[f];
  int glcm = 0;
  for (int f = 0; f < RAD_FEATURE_COUNT; f++)
    glcm += !strcmp(rad_feature_info((enum rad_feature)f)->py_class, "glcm");
  assert_int_equal(selected, 2 + glcm); /* a list takes its features, an empty class all */
}

static void what_is_wrong_is_named_with_its_line(void **state) {
  (void)state;
  static const struct {
    const char *text, *words;
  } cases[] = {
      {"", "the file is empty"},
      {"setting: [\n", "not YAML"},
      {"- 1\n", "line 1: the file must be a mapping"},
      {"settings:\n  binWidth: 25\n", "unknown key `settings` in the file; did you mean `setting`"},
      {"setting:\n  binWidht: 25\n", "line 2: unknown key `binWidht` in setting"},
      {"setting:\n  binWidth: wide\n", "`binWidth` must be a number, not \"wide\""},
      {"setting:\n  binWidth: [1]\n", "not \"a list\""},
      {"setting:\n  binCount: 1e300\n", "`binCount` is 1e+300, permitted are whole numbers from 2"},
      {"setting:\n  label: nan\n", "`label` is nan"},
      {"setting:\n  label: 1.5\n", "`label` is 1.5"},
      {"setting:\n  distances: [0]\n", "`distances` is 0, permitted are whole numbers from 1"},
      {"setting:\n  distances: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", "has more than 8 entries"},
      {"setting:\n  resampledPixelSpacing: [1, 1]\n", "needs 3 numbers, not 2"},
      {"setting:\n  interpolator: sitkGaussian\n", "interpolator \"sitkGaussian\" is not"},
      {"setting:\n  resegmentMode: often\n", "resegmentMode must be"},
      {"setting:\n  resegmentShape: true\n", "resegmentShape true is not supported"},
      {"setting:\n  weightingNorm: euclidean\n", "weightingNorm \"euclidean\" is not"},
      {"setting:\n  force2Ddimension: 1\n", "only 0, slices along z"},
      {"setting:\n  normalize: maybe\n", "`normalize` must be true or false, not \"maybe\""},
      {"voxelSetting:\n  kernelRadius: 0\n", "`kernelRadius` is 0, permitted"},
      {"voxelSetting:\n  maskedKernel: false\n", "maskedKernel false is not supported"},
      {"voxelSetting:\n  kernel: 1\n", "unknown key `kernel` in voxelSetting"},
      {"imageType:\n  Square: {}\n", "imageType Square is not supported"},
      {"qqqqqq: 1\n", "line 1: unknown key `qqqqqq` in the file"}, /* nothing is near */
      {"imageType:\n  Orginal: {}\n", "did you mean `Original`"},
      {"imageType:\n  LoG: 3\n", "LoG needs `sigma: [..]`"},
      {"imageType:\n  LoG: {sigmas: [1]}\n", "unknown key `sigmas` in LoG"},
      {"featureClass:\n  glcn:\n", "did you mean `glcm`"},
      {"featureClass:\n  firstorder: [Means]\n", "did you mean `Mean`"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct rad_parameters p = {.label = 77};
    assert_fails(read_text(&p, cases[i].text), ST_FORMAT, cases[i].words);
    assert_int_equal(p.label, 77); /* nothing of it is taken */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_set_what_pyradiomics_says),
      cmocka_unit_test(what_is_wrong_is_named_with_its_line),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
