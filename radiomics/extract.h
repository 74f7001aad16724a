/* One case: features of several regions of one image, unfiltered and filtered, in one pass over the
 * image, and their tables.
 *
 *   rad_extract -> struct rad_case (results: region x image) -> rad_cases_write (.csv .json .h5)
 *
 * Response maps have no unit: they are discretised with a fixed bin number (settings.bin_count) and
 * their intensity-volume histogram with 1000 bins. Regions below 100 voxels are flagged.
 */
#ifndef QCT_RADIOMICS_EXTRACT_H
#define QCT_RADIOMICS_EXTRACT_H

#include "radiomics/filter.h"
#include "radiomics/image.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rad_result {
  char roi[64]; /* name of the label, or "label_N" */
  int label;
  char image[64]; /* "original", "log-sigma-1-5-mm-3D", ... */
  char discretisation[32];
  struct rad_values values;
  struct rad_diagnostics diagnostics;
  char flags[192]; /* "; " between; "" when all is well */
};

struct rad_case {
  char case_id[64];
  char unit[24];             /* of the image */
  char calibration_id[65];   /* of a density image, else "" */
  char kernel[64];           /* reconstruction kernel, "" unknown */
  double slice_thickness_mm; /* NaN unknown */
  struct rad_settings settings;
  struct rad_result *results; /* owned */
  size_t count;
};

/**
 * @param[in] values labels to analyse, NULL: every value that occurs
 * @param[in] filters filter_count of them; kind NONE is the image itself
 * @return ST_DOMAIN as rad_roi_create, naming the region
 */
status rad_extract(struct rad_case *out, const struct volume *image, const struct labels *labels,
                   const int *values, int value_count, const struct rad_filter *filters,
                   int filter_count, const struct rad_settings *s);
void rad_case_free(struct rad_case *c);

enum rad_names { RAD_NAMES_IBSI, RAD_NAMES_PYRADIOMICS };

/** "cm_contrast_3d_v_mrg_fbs_w25" or "original_glcm_Contrast"; falls back to the first when
 * pyradiomics has no name. */
void rad_value_name(char out[160], const struct rad_value *v, const struct rad_result *r,
                    enum rad_names names);

/**
 * Write cases: .csv long (case, roi, image, family, feature, ibsi_code, aggregation,
 * discretisation, value, unit, flags) or wide (a row for each case and region), .json (settings,
 * diagnostics and values), .h5 (values/<image>/<feature> over rows). "-" is standard output (CSV).
 */
status rad_cases_write(const struct rad_case *cases, size_t count, const char *path, bool wide,
                       enum rad_names names, const cJSON *provenance, bool force);
cJSON *rad_cases_to_json(const struct rad_case *cases, size_t count, enum rad_names names);

#ifdef __cplusplus
}
#endif
#endif
