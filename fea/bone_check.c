#include "fea/bone_check.h"

#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>

static const double most_slice_mm = 5;
static const double least_mgcc = 100, most_mgcc = 2500; /* of the densest hundredth */

static status check_slices(const struct volume *density) {
  status st = ST_OK;
  const double *spacing = density->grid.spacing;
  const double stated = density->acquisition.slice_thickness_mm;
  const double widest = fmax(spacing[0], fmax(spacing[1], spacing[2]));
  const double mm = stated > widest ? stated : widest;
  CHECK(mm <= most_slice_mm + 1e-6, ST_DOMAIN,
        "bone model: slices of %.3g mm, at most %g mm; a strength needs thinner ones", mm,
        most_slice_mm);
done:
  return st;
}

status fea_bone_check(const struct volume *density, const struct labels *labels, int label) {
  status st = ST_OK;
  const int64_t n = geometry_voxels(&density->grid);
  float *values = NULL;
  int64_t count = 0;
  TRY(check_slices(density));
  for (int64_t i = 0; i < n; i++) count += labels->voxels[i] == label;
  if (count == 0) goto done; /* said where the label is looked for */
  values = malloc((size_t)count * sizeof *values);
  CHECK(values, ST_MEMORY, "bone model: no memory for %lld voxels", (long long)count);
  count = 0;
  for (int64_t i = 0; i < n; i++)
    if (labels->voxels[i] == label && isfinite(density->voxels[i]))
      values[count++] = density->voxels[i];
  if (count == 0) goto done; /* no data: said where elements are made */
  const double densest = stat_percentile_inplace(values, count, 99);
  CHECK(densest >= least_mgcc && densest <= most_mgcc, ST_DOMAIN,
        "bone model: the densest hundredth of label %d begins at %.3g mg/cm3, permitted %g to %g: "
        "the density is not that of bone (unit mg/cm3? right label? metal?)",
        label, densest, least_mgcc, most_mgcc);
done:
  free(values);
  return st;
}

void fea_flag_inputs(struct record *record, const struct volume *density,
                     const struct fea_law *law) {
  if (record->count == 0) return;
  const char *caution = fea_law_caution(law);
  if (caution) measurement_flag(&record->rows[0], "%s", caution);
  if (density->acquisition.contrast == CONTRAST_PRESENT)
    measurement_flag(&record->rows[0], "contrast agent in the scan: densities are raised by it");
}
