#include "radiomics/extract.h"

#include "core/log.h"
#include "core/progress.h"
#include "radiomics/families.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below this many voxels zone and run features are unstable. */
enum { FEW_VOXELS = 100 };

static void set_text(char *out, size_t size, const char *text) {
  snprintf(out, size, "%s", text);
}

static void add_flag(struct rad_result *r, const char *text) {
  size_t n = strlen(r->flags);
  snprintf(r->flags + n, sizeof r->flags - n, "%s%s", n ? "; " : "", text);
}

/* The mask on the image as read. */
static void describe_source(struct rad_diagnostic *d, const struct volume *image,
                            const struct labels *l, int label, bool round) {
  int64_t lo[3], hi[3];
  double sum = 0;
  memset(d, 0, sizeof *d);
  d->low = INFINITY;
  d->high = -INFINITY;
  d->size[0] = l->grid.nx;
  d->size[1] = l->grid.ny;
  d->size[2] = l->grid.nz;
  if (!labels_box(l, label, lo, hi)) return;
  for (int a = 0; a < 3; a++) {
    d->spacing[a] = l->grid.spacing[a];
    d->box[a] = d->morph_box[a] = hi[a] - lo[a] + 1;
  }
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++) {
        int64_t at = geometry_index(&l->grid, i, j, k);
        double x = image->voxels[at];
        if (l->voxels[at] != label) continue;
        d->morph_voxels++;
        if (isnan(x)) continue;
        if (round) x = floor(x + 0.5);
        d->voxels++;
        sum += x;
        d->low = fmin(d->low, x);
        d->high = fmax(d->high, x);
      }
  d->mean = d->voxels ? sum / (double)d->voxels : (double)NAN;
}

/* A response map has no unit: fixed bin numbers. */
static struct rad_settings settings_for(const struct rad_settings *s, const struct rad_filter *f) {
  struct rad_settings own = *s;
  if (f->kind == RAD_FILTER_NONE || s->convention == RAD_PYRADIOMICS) return own;
  own.discretisation = RAD_FBN;
  own.ivh = RAD_FBN;
  return own;
}

static status analyse(struct rad_result *r, const struct rad_stage *stage,
                      const struct volume *image, const struct labels *labels, int label,
                      const double *response, const struct rad_filter *f,
                      const struct rad_settings *s) {
  status st = ST_OK;
  struct rad_roi *roi = NULL;
  struct rad_settings own = settings_for(s, f);
  const char *name = labels_name(labels, label);
  r->label = label;
  if (*name)
    set_text(r->roi, sizeof r->roi, name);
  else
    snprintf(r->roi, sizeof r->roi, "label_%d", label);
  rad_filter_tag(r->image, f, s->by_slice);
  rad_settings_discretisation_tag(r->discretisation, &own);
  describe_source(&r->diagnostics.steps[RAD_STEP_ROI], image, labels, label, s->round_intensity);
  TRY(rad_roi_create(&roi, stage, labels, label, response, s, &r->diagnostics));
  CHECK(roi->voxels >= s->minimum_voxels, ST_DOMAIN,
        "radiomics: %lld voxels are fewer than the minimum of %d", (long long)roi->voxels,
        s->minimum_voxels);
  const int64_t *box = r->diagnostics.steps[RAD_STEP_ROI_RESEGMENTED].morph_box;
  int dimensions = (box[0] > 1) + (box[1] > 1) + (box[2] > 1);
  CHECK(dimensions >= s->minimum_dimensions || s->minimum_dimensions <= 1, ST_DOMAIN,
        "radiomics: the region extends in %d dimensions, the minimum is %d", dimensions,
        s->minimum_dimensions);
  TRY(rad_discretise(roi, &own));
  r->diagnostics.bin_low = roi->bin_low;
  r->diagnostics.bin_width_used = roi->bin_width;
  r->diagnostics.levels = roi->levels;
  if (roi->voxels < FEW_VOXELS) {
    add_flag(r, "fewer than 100 voxels: zone and run features are unstable");
    log_warning("radiomics: %s has %lld voxels; zone and run features are unstable below %d",
                r->roi, (long long)roi->voxels, FEW_VOXELS);
  }
  if (roi->voxels < roi->morph_voxels) {
    char text[96];
    snprintf(text, sizeof text, "%lld of %lld voxels left out by no data or re-segmentation",
             (long long)(roi->morph_voxels - roi->voxels), (long long)roi->morph_voxels);
    add_flag(r, text);
  }
  if (own.discretisation == RAD_FBS && isnan(roi->range[0]) && s->convention == RAD_IBSI)
    add_flag(r, "bins start at the least intensity of the region: set a range to compare regions");
  TRY(rad_features(&r->values, roi, &own));
done:
  if (st != ST_OK) status_note("%s", r->roi);
  rad_roi_destroy(roi);
  return st;
}

/* Values that occur, in rising order. */
static status list_labels(int **out, int *count, const struct labels *l) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&l->grid);
  bool *seen = calloc(65536, sizeof *seen);
  int *values = malloc(65536 * sizeof *values);
  CHECK(seen && values, ST_MEMORY, "radiomics: no memory");
  for (int64_t i = 0; i < n; i++) seen[l->voxels[i]] = true;
  *count = 0;
  for (int v = 1; v < 65536; v++)
    if (seen[v]) values[(*count)++] = v;
  CHECK(*count > 0, ST_DOMAIN, "radiomics: the mask is empty: all %lld voxels are 0", (long long)n);
  *out = values;
  values = NULL;
done:
  free(seen);
  free(values);
  return st;
}

static status fill_case(struct rad_case *c, const struct volume *image, const struct labels *labels,
                        const int *values, int value_count, const struct rad_filter *filters,
                        int filter_count, const struct rad_settings *s) {
  status st = ST_OK;
  struct rad_stage *stage = NULL;
  struct rad_diagnostics d = {0};
  struct progress p;
  double *response = NULL;
  int done_count = 0;
  progress_begin(&p, "radiomics", "regions", (int64_t)value_count * filter_count);
  TRY(rad_stage_create(&stage, image, s, &d));
  for (int f = 0; f < filter_count; f++) {
    if (filters[f].kind != RAD_FILTER_NONE)
      TRY(rad_filter_apply(&response, stage->x, &stage->grid, &filters[f], s->by_slice));
    for (int v = 0; v < value_count; v++) {
      struct rad_result *r = &c->results[c->count++];
      r->diagnostics = d;
      TRY(analyse(r, stage, image, labels, values[v], response, &filters[f], s));
      progress_update(&p, ++done_count, r->roi);
    }
    free(response);
    response = NULL;
  }
done:
  progress_end(&p);
  free(response);
  rad_stage_destroy(stage);
  return st;
}

status rad_extract(struct rad_case *out, const struct volume *image, const struct labels *labels,
                   const int *values, int value_count, const struct rad_filter *filters,
                   int filter_count, const struct rad_settings *s) {
  static const struct rad_filter none = {.kind = RAD_FILTER_NONE};
  status st = ST_OK;
  struct rad_case c = {.settings = *s, .slice_thickness_mm = image->acquisition.slice_thickness_mm};
  int *all = NULL;
  set_text(c.unit, sizeof c.unit, quantity_unit(image->quantity));
  set_text(c.calibration_id, sizeof c.calibration_id, image->calibration_id);
  set_text(c.kernel, sizeof c.kernel, image->acquisition.kernel);
  TRY(rad_settings_check(s));
  for (int f = 0; f < filter_count; f++) TRY(rad_filter_check(&filters[f], s->by_slice));
  TRY(geometry_match(&image->grid, "image", &labels->grid, "mask", 1e-3));
  if (!values) {
    TRY(list_labels(&all, &value_count, labels));
    values = all;
  }
  if (!filter_count) {
    filters = &none;
    filter_count = 1;
  }
  c.results = calloc((size_t)value_count * (size_t)filter_count, sizeof *c.results);
  CHECK(c.results, ST_MEMORY, "radiomics: no memory for %d regions", value_count);
  TRY(fill_case(&c, image, labels, values, value_count, filters, filter_count, s));
  *out = c;
  memset(&c, 0, sizeof c);
done:
  rad_case_free(&c);
  free(all);
  return st;
}

void rad_case_free(struct rad_case *c) {
  for (size_t n = 0; n < c->count; n++) rad_values_free(&c->results[n].values);
  free(c->results);
  memset(c, 0, sizeof *c);
}
