/* Intensities to grey levels 1, 2, ... Sources: ibsi_manual (K15C fixed bin number, Q3RU fixed bin
 * size); pyradiomics (edges by accumulation from a multiple of the width). */
#include "radiomics/image.h"

#include <math.h>

enum { LEVEL_LIMIT = 65535 };

struct edges {
  double low, width;
  int bins; /* number of bins; the top one is closed */
};

static status plan_size(struct edges *e, const struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  e->width = s->bin_width;
  e->low = isnan(roi->range[0]) ? roi->low : roi->range[0];
  if (s->convention == RAD_PYRADIOMICS) e->low = e->width * floor(roi->low / e->width);
  double top = floor((roi->high - e->low) / e->width) + 1;
  CHECK(top <= LEVEL_LIMIT, ST_DOMAIN,
        "radiomics: bins of %g over %g..%g are %.0f levels, above %d; use a wider bin", e->width,
        e->low, roi->high, top, LEVEL_LIMIT);
  e->bins = (int)top;
done:
  return st;
}

static int level_of(double x, const struct edges *e, const struct rad_settings *s,
                    const struct rad_roi *roi) {
  double b;
  if (s->discretisation == RAD_FBS) {
    b = floor((x - e->low) / e->width) + 1;
  } else if (roi->high <= roi->low) {
    b = 1;
  } else if (s->convention == RAD_PYRADIOMICS) {
    b = floor((x - e->low) / e->width) + 1;
    if (b > 1 && x < e->low + (b - 1) * e->width) b -= 1; /* the edges as numpy makes them */
    if (b < e->bins && x >= e->low + b * e->width) b += 1;
  } else {
    b = floor(e->bins * (x - roi->low) / (roi->high - roi->low)) + 1;
  }
  if (b > e->bins) b = e->bins;
  return (int)b;
}

static status as_is(struct rad_roi *roi) {
  status st = ST_OK;
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  for (int64_t i = 0; i < n; i++) {
    if (!roi->mask[i]) continue;
    double x = roi->x[i];
    CHECK(x >= 1 && x <= LEVEL_LIMIT && x == floor(x), ST_DOMAIN,
          "radiomics: without discretisation intensities must be whole numbers within 1..%d, not "
          "%g; choose fixed bin size or number",
          LEVEL_LIMIT, x);
    roi->level[i] = (uint16_t)x;
  }
  roi->levels = roi->top_level = (int)roi->high;
  roi->bin_low = 1;
  roi->bin_width = NAN;
done:
  return st;
}

status rad_discretise(struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  struct edges e = {0};
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  if (s->discretisation == RAD_AS_IS) return as_is(roi);
  if (s->discretisation == RAD_FBS) {
    TRY(plan_size(&e, roi, s));
  } else {
    e.bins = roi->high > roi->low ? s->bin_count : 1;
    e.low = roi->low;
    e.width = (roi->high - roi->low) / e.bins;
  }
  roi->top_level = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!roi->mask[i]) continue;
    int level = level_of(roi->x[i], &e, s, roi);
    roi->level[i] = (uint16_t)level;
    if (level > roi->top_level) roi->top_level = level;
  }
  roi->levels = s->discretisation == RAD_FBN ? e.bins : roi->top_level;
  roi->bin_low = e.low;
  roi->bin_width = e.width;
done:
  return st;
}
