#include "radiomics/families.h"

static bool wants(const struct rad_settings *s, enum rad_family f) {
  return (s->families >> f) & 1u;
}

status rad_features(struct rad_values *out, const struct rad_roi *roi,
                    const struct rad_settings *s) {
  status st = ST_OK;
  if (wants(s, RAD_MORPHOLOGY)) TRY(rad_morphology(out, roi, s));
  if (wants(s, RAD_LOCAL)) TRY(rad_local_intensity(out, roi, s));
  if (wants(s, RAD_STATISTICS)) TRY(rad_statistics(out, roi, s));
  if (wants(s, RAD_HISTOGRAM)) TRY(rad_histogram(out, roi, s));
  if (wants(s, RAD_IVH)) TRY(rad_ivh(out, roi, s));
  if (wants(s, RAD_GLCM)) TRY(rad_glcm(out, roi, s));
  if (wants(s, RAD_GLRLM)) TRY(rad_glrlm(out, roi, s));
  if (wants(s, RAD_GLSZM) || wants(s, RAD_GLDZM)) TRY(rad_zones(out, roi, s));
  if (wants(s, RAD_NGTDM)) TRY(rad_ngtdm(out, roi, s));
  if (wants(s, RAD_NGLDM)) TRY(rad_ngldm(out, roi, s));
  if (wants(s, RAD_FLAT)) TRY(rad_flat_shape(out, roi, s));
  TRY(rad_values_check(out));
done:
  return st;
}
