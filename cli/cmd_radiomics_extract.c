#include "cli/radiomics_options.h"
#include "core/calibration.h"
#include "core/filter.h"
#include "core/image.h"
#include "core/log.h"
#include "core/table.h"
#include "radiomics/extract.h"
#include "radiomics/parameters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const conventions[] = {"ibsi", "pyradiomics", NULL};
static const char *const layouts[] = {"long", "wide", NULL};
static const char *const interpolations[] = {"nearest", "linear", "cubic", NULL};
static const char *const discretisations[] = {"as-is", "fbn", "fbs", NULL};
static const char *const roundings[] = {"auto", "yes", "no", NULL};

struct params {
  const char *image, *labels, *manifest, *parameters, *calibration, *out, *case_id;
  struct text_list label, families, aggregations;
  int convention, names, layout, interpolation, discretisation, ivh, rounding, bin_count;
  double size_mm, mask_threshold, range[2], outlier_sd, bin_width, ivh_width;
  bool by_slice, resample_labels, skip_spatial, skip_global_peak;
  struct filter_options filter;
};

static const struct params defaults = {.case_id = "case",
                                       .out = "-",
                                       .interpolation = RAD_LINEAR,
                                       .discretisation = RAD_FBS,
                                       .ivh = RAD_AS_IS,
                                       .bin_count = 32,
                                       .bin_width = 25,
                                       .ivh_width = 2.5,
                                       .mask_threshold = 0.5,
                                       .size_mm = NAN,
                                       .range = {NAN, NAN},
                                       .filter = FILTER_DEFAULTS};

static const struct option options[] = {
    ARG_IN_OPTIONAL(struct params, image, "image", "CT or density volume: DICOM folder or file"),
    ARG_IN_OPTIONAL(struct params, labels, "labels", "label map on the grid of the image"),
    OPT_IN(struct params, manifest, "manifest",
           "table with columns case, image, labels: all of them instead of one image"),
    OPT_IN(struct params, parameters, "parameters", "pyradiomics parameter file (YAML)"),
    OPT_IN(struct params, calibration, "calibration",
           "analyse density in mg/cm3 by this calibration instead of HU"),
    OPT_OUT_AS(struct params, out, "out", ".csv .json .h5",
               "table; standard output when not given"),
    OPT_CASE(struct params, case_id),
    OPT_LIST(struct params, label, "regions",
             "label values or names; all that occur when not given"),
    OPT_LIST(struct params, families, "families",
             "morphology, local_intensity, statistics, histogram, ivh, glcm, glrlm, glszm, gldzm, "
             "ngtdm, ngldm, shape2D; the eleven first when not given"),
    OPT_LIST(struct params, aggregations, "aggregations",
             "2d_avg, 2d_s_mrg, 2.5d_d_mrg, 2.5d_v_mrg, 3d_avg, 3d_v_mrg or all; 3d_v_mrg when not "
             "given"),
    OPT_CHOICE(struct params, convention, "convention", conventions, "whose rules to follow"),
    OPT_CHOICE(struct params, names, "names", conventions, "whose feature names to write"),
    OPT_CHOICE(struct params, layout, "layout", layouts,
               "of a CSV: a row a value, or a row a region"),
    OPT_FLAG(struct params, by_slice, "by-slice", "2D: interpolate and filter within slices"),
    OPT_REAL(struct params, size_mm, "size", "mm", 0.01, 50, "resample to voxels of this edge"),
    OPT_CHOICE(struct params, interpolation, "interpolation", interpolations, "of the image"),
    OPT_REAL(struct params, mask_threshold, "mask-threshold", "", 0.01, 1,
             "share of a voxel that makes it part of a region"),
    OPT_CHOICE(struct params, rounding, "round", roundings,
               "intensities to whole numbers; auto: when they are HU"),
    OPT_REALS(struct params, range, "range", "", 2, -1e9, 1e9,
              "re-segment to intensities low,high in the unit of the image"),
    OPT_REAL(struct params, outlier_sd, "outliers", "", 0, 100,
             "leave out beyond this many SD about the mean; 0 none"),
    OPT_CHOICE(struct params, discretisation, "bins", discretisations,
               "grey levels: fixed bin number, fixed bin size"),
    OPT_REAL(struct params, bin_width, "bin-width", "", 1e-9, 1e9,
             "of fbs, in the unit of the image"),
    OPT_INT(struct params, bin_count, "bin-count", "", 1, 65535, "of fbn"),
    OPT_CHOICE(struct params, ivh, "ivh-bins", discretisations,
               "intensity-volume histogram: as-is steps by 1, fbn has 1000 bins"),
    OPT_REAL(struct params, ivh_width, "ivh-bin-width", "", 1e-9, 1e9, "of its fbs"),
    FILTER_OPTIONS(struct params, filter),
    OPT_FLAG(struct params, resample_labels, "resample-labels",
             "put a label map of another grid onto the image's (nearest neighbour)"),
    OPT_FLAG(struct params, skip_spatial, "skip-spatial", "leave out Moran's I and Geary's C"),
    OPT_FLAG(struct params, skip_global_peak, "skip-global-peak", "leave out that feature"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct radiomics verify --phantom-out phantom.nii.gz --phantom-labels roi.nii.gz",
     "writes the IBSI digital phantom (CC BY 4.0)"},
    {"qct radiomics extract phantom.nii.gz roi.nii.gz --bins as-is --out features.csv",
     "every feature of the standard, a row each"},
    {"qct radiomics extract phantom.nii.gz roi.nii.gz --bins fbn --bin-count 4 --families glcm,"
     "glrlm --aggregations all --layout wide --out texture.csv",
     "two families in six aggregations, one row"},
    {"qct radiomics extract phantom.nii.gz roi.nii.gz --filter log --sigma 3 --families "
     "statistics --out log.json",
     "statistics of a filtered image, with settings and diagnostics"},
    {NULL, NULL}};

static const char *const sources[] = {"ibsi1",       "ibsi2",     "ibsi_manual", "ibsi_filters",
                                      "pyradiomics", "ibsi_data", NULL};

static status list_families(struct rad_settings *s, const struct text_list *list) {
  status st = ST_OK;
  if (!list->count) return ST_OK;
  s->families = 0;
  for (int n = 0; n < list->count; n++) {
    int f = rad_family_from_name(list->items[n]);
    CHECK(f >= 0, ST_USAGE, "--families: unknown family \"%s\"", list->items[n]);
    s->families |= 1u << f;
  }
done:
  return st;
}

static status list_aggregations(struct rad_settings *s, const struct text_list *list) {
  status st = ST_OK;
  if (!list->count) return ST_OK;
  s->aggregations = 0;
  for (int n = 0; n < list->count; n++) {
    bool all = !strcmp(list->items[n], "all");
    unsigned found = all ? (unsigned)RAD_ALL : 0;
    for (int a = 1; a < RAD_AGGREGATION_COUNT && !all; a++)
      if (!strcmp(list->items[n], rad_aggregation_tag((enum rad_aggregation)a, RAD_GLCM)))
        found |= 1u << a;
    CHECK(found, ST_USAGE,
          "--aggregations: unknown \"%s\"; known are 2d_avg, 2d_s_mrg, 2.5d_d_mrg, 2.5d_v_mrg, "
          "3d_avg, 3d_v_mrg, all",
          list->items[n]);
    s->aggregations |= found;
  }
done:
  return st;
}

static status make_settings(struct rad_parameters *out, const struct params *p) {
  status st = ST_OK;
  if (p->parameters) {
    TRY(rad_parameters_read(out, p->parameters));
    TRY(list_families(&out->settings, &p->families));
    return ST_OK;
  }
  rad_parameters_init(out, (enum rad_convention)p->convention);
  struct rad_settings *s = &out->settings;
  TRY(list_families(s, &p->families));
  TRY(list_aggregations(s, &p->aggregations));
  s->by_slice = p->by_slice;
  for (int a = 0; a < 3 && !isnan(p->size_mm); a++) s->spacing_mm[a] = p->size_mm;
  if (s->convention == RAD_IBSI) s->image_interpolation = (enum rad_interpolation)p->interpolation;
  s->mask_threshold = p->mask_threshold;
  s->has_range = !isnan(p->range[0]) || !isnan(p->range[1]);
  if (!isnan(p->range[0])) s->range[0] = p->range[0];
  if (!isnan(p->range[1])) s->range[1] = p->range[1];
  s->outlier_sd = p->outlier_sd;
  s->discretisation = (enum rad_discretisation)p->discretisation;
  s->bin_width = p->bin_width;
  s->bin_count = p->bin_count;
  s->ivh = (enum rad_discretisation)p->ivh;
  s->ivh_bin_width = p->ivh_width;
  s->skip_spatial = p->skip_spatial;
  s->skip_global_peak = p->skip_global_peak;
  filter_from_options(&out->filters[0], &p->filter, p->by_slice);
  out->filter_count = 1;
done:
  return st;
}

static status list_labels(int **out, int *count, const struct labels *l,
                          const struct text_list *list, int from_file) {
  status st = ST_OK;
  int n = list->count ? list->count : from_file ? 1 : 0;
  int *values = NULL;
  *out = NULL;
  *count = n;
  if (!n) return ST_OK;
  values = malloc((size_t)n * sizeof *values);
  CHECK(values, ST_MEMORY, "reading --regions");
  for (int i = 0; i < n; i++) {
    char *end = NULL;
    values[i] = list->count ? (int)strtol(list->items[i], &end, 10) : from_file;
    if (list->count && (end == list->items[i] || *end)) values[i] = labels_value(l, list->items[i]);
    CHECK(values[i] > 0, ST_USAGE, "--regions: the label map has no label named \"%s\"",
          list->items[i]);
  }
  *out = values;
  values = NULL;
done:
  free(values);
  return st;
}

static status read_labels(struct labels **out, const char *path, const struct volume *image,
                          bool resample) {
  status st = ST_OK;
  struct labels *l = NULL;
  if (!resample) return labels_read_on(out, path, &image->grid);
  TRY(itk_labels_read(&l, path));
  TRY(filter_resample_labels(out, l, &image->grid));
  log_info("radiomics: the label map was put onto the grid of the image");
done:
  labels_destroy(l);
  return st;
}

static status one_case(struct rad_case *out, const struct params *p,
                       const struct rad_parameters *base, const char *case_id, const char *image,
                       const char *labels) {
  status st = ST_OK;
  /* what is to be calibrated is taken for HU where its file does not say */
  const struct image_read_options how = {.quantity =
                                             p->calibration ? QUANTITY_HU : QUANTITY_UNKNOWN};
  struct volume *v = NULL;
  struct volume *density = NULL;
  struct labels *l = NULL;
  int *values = NULL;
  int count = 0;
  struct rad_settings s = base->settings;
  struct calibration c;
  TRY(image_read(&v, image, &how));
  TRY(read_labels(&l, labels, v, p->resample_labels));
  if (p->calibration) {
    TRY(calibration_read(&c, p->calibration));
    TRY(calibration_apply(&density, &c, v));
  }
  if (s.convention == RAD_IBSI && p->rounding == 0 && v->quantity == QUANTITY_UNKNOWN)
    log_warning("the image does not say what it holds: intensities are not rounded to whole "
                "numbers and have no unit; of a CT give --round yes");
  if (s.convention == RAD_IBSI)
    s.round_intensity =
        p->rounding == 1 || (p->rounding == 0 && !density && v->quantity == QUANTITY_HU);
  TRY(list_labels(&values, &count, l, &p->label, base->label));
  TRY(rad_extract(out, density ? density : v, l, values, count, base->filters, base->filter_count,
                  &s));
  for (size_t r = 0; r < out->count; r++) rad_parameters_select(&out->results[r].values, base);
  snprintf(out->case_id, sizeof out->case_id, "%s", case_id);
done:
  if (st != ST_OK) status_note("case %s", case_id);
  volume_destroy(v);
  volume_destroy(density);
  labels_destroy(l);
  free(values);
  return st;
}

/* A cell of a column; NULL when there is no such column. */
static const char *cell(char number[32], const struct table *t, const char *column, size_t row) {
  int c = table_find(t, column);
  return c < 0 ? NULL : table_cell(number, t, c, row);
}

static status run_manifest(struct rad_case **out, size_t *count, size_t *failed,
                           const struct params *p, const struct rad_parameters *base) {
  status st = ST_OK;
  struct table *t = NULL;
  struct rad_case *cases = NULL;
  TRY(table_read(&t, p->manifest));
  CHECK(table_find(t, "image") >= 0 && table_find(t, "labels") >= 0, ST_FORMAT,
        "%s: needs the columns case, image, labels", "manifest");
  cases = calloc(t->row_count + 1, sizeof *cases);
  CHECK(cases, ST_MEMORY, "manifest of %zu cases", t->row_count);
  for (size_t row = 0; row < t->row_count; row++) {
    char name[32], image[32], labels[32];
    const char *id = cell(name, t, "case", row);
    status one = one_case(&cases[*count], p, base, id ? id : "case", cell(image, t, "image", row),
                          cell(labels, t, "labels", row));
    if (one == ST_OK) {
      ++*count;
    } else {
      ++*failed;
      log_warning("%s", status_message());
    }
  }
  *out = cases;
  cases = NULL;
done:
  free(cases);
  table_destroy(t);
  return st;
}

static status save(struct context *ctx, const struct params *p, const struct rad_case *cases,
                   size_t count) {
  status st = ST_OK;
  cJSON *provenance = context_provenance(ctx);
  if (ctx->json && !strcmp(p->out, "-")) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "cases", rad_cases_to_json(cases, count, (enum rad_names)p->names));
    st = context_write_json(ctx, json, NULL);
    cJSON_Delete(json);
  } else {
    st = rad_cases_write(cases, count, p->out, p->layout == 1, (enum rad_names)p->names, provenance,
                         ctx->force);
  }
  cJSON_Delete(provenance);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct rad_parameters *base = calloc(1, sizeof *base);
  struct rad_case *cases = NULL;
  size_t count = 0;
  size_t failed = 0;
  CHECK(base, ST_MEMORY, "radiomics");
  CHECK(p->manifest || (p->image && p->labels), ST_USAGE,
        "give an image and its label map, or --manifest");
  TRY(make_settings(base, p));
  if (p->manifest) {
    TRY(run_manifest(&cases, &count, &failed, p, base));
  } else {
    cases = calloc(1, sizeof *cases);
    CHECK(cases, ST_MEMORY, "radiomics");
    TRY(one_case(cases, p, base, p->case_id, p->image, p->labels));
    count = 1;
  }
  CHECK(count, ST_DOMAIN, "none of %zu cases could be analysed", failed);
  TRY(save(ctx, p, cases, count));
  CHECK(!failed, ST_PARTIAL, "%zu of %zu cases failed; the others were written", failed,
        failed + count);
done:
  for (size_t c = 0; c < count; c++) rad_case_free(&cases[c]);
  free(cases);
  free(base);
  return st;
}

const struct command cmd_radiomics_extract = {
    .name = "radiomics extract",
    .summary = "Measure radiomics features of the regions of a label map",
    .about = "The eleven families of the Image Biomarker Standardisation Initiative in six "
             "aggregations, with its whole processing chain: rounding, interpolation on a grid "
             "aligned with the image centre, re-segmentation, discretisation. Every label is a "
             "region; all are measured in one pass.\n\n"
             "--convention pyradiomics follows that package's grid, bin edges, mesh and kurtosis; "
             "a parameter file implies it, and its options replace those given here. A response "
             "map has no unit, so it is discretised with --bin-count bins.\n\n"
             "An image and a label map on different grids are refused with both geometries; "
             "--resample-labels resamples explicitly. A value that the region does not define is "
             "an empty cell with its reason. Kernel and slice thickness change texture more than "
             "disease does; both are written to the JSON output.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
