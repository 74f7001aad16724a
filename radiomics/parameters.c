#include "radiomics/parameters.h"

#include "core/file.h"
#include "core/log.h"
#include "radiomics/yaml_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

void rad_parameters_init(struct rad_parameters *p, enum rad_convention convention) {
  memset(p, 0, sizeof *p);
  rad_settings_init(&p->settings, convention);
  p->kernel_radius = 1;
  p->initial_value = NAN;
}

enum { MOST = 1000 }; /* voxels of a distance, grey levels of a difference: beyond any use */

struct reader {
  struct rad_yaml y;
  struct rad_parameters *p;
};

enum setting_key {
  KEY_BIN_WIDTH,
  KEY_BIN_COUNT,
  KEY_LABEL,
  KEY_SPACING,
  KEY_INTERPOLATOR,
  KEY_RANGE,
  KEY_RANGE_MODE,
  KEY_RANGE_SHAPE,
  KEY_FORCE_2D,
  KEY_FORCE_2D_DIMENSION,
  KEY_DISTANCES,
  KEY_SYMMETRICAL,
  KEY_WEIGHTING,
  KEY_ALPHA,
  KEY_SHIFT,
  KEY_NORMALIZE,
  KEY_NORMALIZE_SCALE,
  KEY_OUTLIERS,
  KEY_DIMENSIONS,
  KEY_MINIMUM,
  KEY_TOLERANCE,
  KEY_CORRECT,
  KEY_IGNORED_FIRST
};
static const char *const setting_keys[] = {"binWidth",
                                           "binCount",
                                           "label",
                                           "resampledPixelSpacing",
                                           "interpolator",
                                           "resegmentRange",
                                           "resegmentMode",
                                           "resegmentShape",
                                           "force2D",
                                           "force2Ddimension",
                                           "distances",
                                           "symmetricalGLCM",
                                           "weightingNorm",
                                           "gldm_a",
                                           "voxelArrayShift",
                                           "normalize",
                                           "normalizeScale",
                                           "removeOutliers",
                                           "minimumROIDimensions",
                                           "minimumROISize",
                                           "geometryTolerance",
                                           "correctMask",
                                           "preCrop",
                                           "padDistance",
                                           "additionalInfo",
                                           "enableCExtensions",
                                           NULL};

static status set_range(struct rad_settings *s, const struct reader *r, const yaml_node_t *key,
                        const yaml_node_t *value) {
  status st = ST_OK;
  double v[2];
  int n;
  TRY(rad_yaml_numbers(v, 2, &n, &r->y, key, value));
  if (!n) return ST_OK;
  s->has_range = true;
  s->range[0] = n == 2 ? fmin(v[0], v[1]) : v[0];
  s->range[1] = n == 2 ? fmax(v[0], v[1]) : INFINITY;
done:
  return st;
}

static status set_distances(struct rad_settings *s, const struct reader *r, const yaml_node_t *key,
                            const yaml_node_t *value) {
  status st = ST_OK;
  double v[RAD_MAX_DISTANCES];
  int n;
  TRY(rad_yaml_numbers(v, RAD_MAX_DISTANCES, &n, &r->y, key, value));
  if (!n) return ST_OK;
  for (int d = 0; d < n; d++) TRY(rad_yaml_whole(&s->distances[d], 1, MOST, &r->y, key, v[d]));
  s->distance_count = n;
done:
  return st;
}

static status set_interpolator(struct rad_settings *s, const struct reader *r,
                               const yaml_node_t *key, const yaml_node_t *value) {
  static const char *const names[] = {
      "sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "1", "2", "3", NULL};
  status st = ST_OK;
  const char *t = rad_yaml_scalar(value);
  if (t && rad_yaml_is_null(t)) return ST_OK;
  int k = rad_yaml_find(t, names);
  CHECK(k >= 0, ST_FORMAT,
        "%s: line %d: interpolator \"%s\" is not supported; use sitkNearestNeighbor, sitkLinear or "
        "sitkBSpline",
        r->y.name, rad_yaml_line(key), t ? t : "");
  s->image_interpolation = (enum rad_interpolation)(k % 3);
done:
  return st;
}

static status set_mode(struct rad_settings *s, const struct reader *r, const yaml_node_t *key,
                       const yaml_node_t *value) {
  static const char *const modes[] = {"absolute", "relative", "sigma", NULL};
  status st = ST_OK;
  int k = rad_yaml_find(rad_yaml_scalar(value), modes);
  CHECK(k >= 0, ST_FORMAT, "%s: line %d: resegmentMode must be absolute, relative or sigma",
        r->y.name, rad_yaml_line(key));
  s->range_mode = (enum rad_range_mode)k;
done:
  return st;
}

static status set_weighting(struct rad_settings *s, const struct reader *r, const yaml_node_t *key,
                            const yaml_node_t *value) {
  status st = ST_OK;
  const char *t = rad_yaml_scalar(value);
  if (t && rad_yaml_is_null(t)) return ST_OK;
  CHECK(t && !strcmp(t, "no_weighting"), ST_FORMAT,
        "%s: line %d: weightingNorm \"%s\" is not supported; use no_weighting or leave it out",
        r->y.name, rad_yaml_line(key), t ? t : "");
  s->merge_directions = true;
done:
  return st;
}

/* pyradiomics counts 0 as the slowest axis (z). */
static status check_dimension(const struct reader *r, const yaml_node_t *key, double v) {
  status st = ST_OK;
  CHECK(v == 0, ST_FORMAT,
        "%s: line %d: force2Ddimension %g is not supported: only 0, slices along z; reorient the "
        "image with qct convert",
        r->y.name, rad_yaml_line(key), v);
done:
  return st;
}

/* Settings that are one number. */
static status set_number(struct rad_settings *s, const struct reader *r, int k,
                         const yaml_node_t *key, const yaml_node_t *value) {
  status st = ST_OK;
  double v = 0;
  TRY(rad_yaml_number(&v, &r->y, key, value));
  switch ((enum setting_key)k) {
  case KEY_BIN_WIDTH:
    s->bin_width = v;
    break;
  case KEY_BIN_COUNT:
    s->discretisation = RAD_FBN;
    TRY(rad_yaml_whole(&s->bin_count, 2, 65535, &r->y, key, v));
    break;
  case KEY_LABEL:
    TRY(rad_yaml_whole(&r->p->label, 1, 65535, &r->y, key, v));
    break;
  case KEY_ALPHA:
    TRY(rad_yaml_whole(&s->dependence_alpha, 0, MOST, &r->y, key, v));
    break;
  case KEY_SHIFT:
    s->voxel_shift = v;
    break;
  case KEY_NORMALIZE_SCALE:
    s->normalise_scale = v;
    break;
  case KEY_OUTLIERS:
    s->normalise_outliers = v;
    break;
  case KEY_DIMENSIONS:
    TRY(rad_yaml_whole(&s->minimum_dimensions, 1, 3, &r->y, key, v));
    break;
  case KEY_MINIMUM:
    TRY(rad_yaml_whole(&s->minimum_voxels, 0, 1000000000, &r->y, key, v));
    break;
  case KEY_FORCE_2D_DIMENSION:
    TRY(check_dimension(r, key, v));
    break;
  default:
    break;
  }
done:
  return st;
}

static status apply_setting(struct rad_settings *s, const struct reader *r, int k,
                            const yaml_node_t *key, const yaml_node_t *value) {
  status st = ST_OK;
  int n;
  bool null = rad_yaml_scalar(value) && rad_yaml_is_null(rad_yaml_scalar(value));
  if (null && k != KEY_WEIGHTING) return ST_OK;
  switch ((enum setting_key)k) {
  case KEY_SPACING:
    TRY(rad_yaml_numbers(s->spacing_mm, 3, &n, &r->y, key, value));
    CHECK(n == 3, ST_FORMAT, "%s: line %d: resampledPixelSpacing needs 3 numbers, not %d",
          r->y.name, rad_yaml_line(key), n);
    return ST_OK;
  case KEY_INTERPOLATOR:
    return set_interpolator(s, r, key, value);
  case KEY_RANGE:
    return set_range(s, r, key, value);
  case KEY_RANGE_MODE:
    return set_mode(s, r, key, value);
  case KEY_DISTANCES:
    return set_distances(s, r, key, value);
  case KEY_WEIGHTING:
    return set_weighting(s, r, key, value);
  case KEY_FORCE_2D:
    return rad_yaml_flag(&s->force_flat, &r->y, key, value);
  case KEY_NORMALIZE:
    return rad_yaml_flag(&s->normalise, &r->y, key, value);
  case KEY_SYMMETRICAL: {
    bool on = true;
    TRY(rad_yaml_flag(&on, &r->y, key, value));
    s->asymmetric_glcm = !on;
    return ST_OK;
  }
  case KEY_RANGE_SHAPE: {
    bool on = false;
    TRY(rad_yaml_flag(&on, &r->y, key, value));
    CHECK(!on, ST_FORMAT, "%s: line %d: resegmentShape true is not supported", r->y.name,
          rad_yaml_line(key));
    return ST_OK;
  }
  default:
    break;
  }
  if (k >= KEY_TOLERANCE) {
    log_info("%s: %s changes nothing here", r->y.name, setting_keys[k]);
    return ST_OK;
  }
  return set_number(s, r, k, key, value);
done:
  return st;
}

/* Call `each` on the pairs of a mapping; an empty node has none. */
typedef status (*pair_reader)(struct reader *r, yaml_node_t *key, yaml_node_t *value);

static status read_map(struct reader *r, const yaml_node_t *map, const char *section,
                       pair_reader each) {
  status st = ST_OK;
  if (map->type == YAML_SCALAR_NODE && rad_yaml_is_null(rad_yaml_scalar(map))) return ST_OK;
  CHECK(map->type == YAML_MAPPING_NODE, ST_FORMAT, "%s: line %d: %s must be a mapping", r->y.name,
        rad_yaml_line(map), section);
  for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
    TRY(each(r, rad_yaml_node(&r->y, p->key), rad_yaml_node(&r->y, p->value)));
done:
  return st;
}

static status read_setting(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  int k = rad_yaml_find(rad_yaml_scalar(key), setting_keys);
  if (k < 0) return rad_yaml_unknown(&r->y, key, "setting", setting_keys);
  return apply_setting(&r->p->settings, r, k, key, value);
}

static status read_voxel_setting(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  static const char *const known[] = {"kernelRadius", "maskedKernel", "initValue", "voxelBatch",
                                      NULL};
  status st = ST_OK;
  double v = 1;
  switch (rad_yaml_find(rad_yaml_scalar(key), known)) {
  case 0:
    TRY(rad_yaml_number(&v, &r->y, key, value));
    TRY(rad_yaml_whole(&r->p->kernel_radius, 1, 20, &r->y, key, v));
    break;
  case 1: {
    bool masked = true;
    TRY(rad_yaml_flag(&masked, &r->y, key, value));
    CHECK(masked, ST_FORMAT, "%s: line %d: maskedKernel false is not supported", r->y.name,
          rad_yaml_line(key));
    break;
  }
  case 2:
    TRY(rad_yaml_number(&r->p->initial_value, &r->y, key, value));
    break;
  case 3:
    log_info("%s: voxelBatch changes nothing here", r->y.name);
    break;
  default:
    return rad_yaml_unknown(&r->y, key, "voxelSetting", known);
  }
done:
  return st;
}

static status select_names(struct reader *r, const yaml_node_t *key, const yaml_node_t *value) {
  status st = ST_OK;
  const char *family = rad_yaml_scalar(key);
  for (yaml_node_item_t *i = value->data.sequence.items.start; i < value->data.sequence.items.top;
       i++) {
    const yaml_node_t *item = rad_yaml_node(&r->y, *i);
    const char *name = rad_yaml_scalar(item);
    int f = name ? rad_feature_from_pyradiomics(family, name) : -1;
    if (f < 0) {
      const char *names[RAD_FEATURE_COUNT + 1];
      int n = 0;
      for (int k = 0; k < RAD_FEATURE_COUNT; k++) {
        const struct rad_feature_info *info = rad_feature_info((enum rad_feature)k);
        if (!strcmp(info->py_class, family)) names[n++] = info->py_name;
      }
      names[n] = NULL;
      return rad_yaml_unknown(&r->y, item, family, names);
    }
    r->p->selected[f] = true;
  }
  return st;
}

static const char *const classes[] = {"shape", "firstorder", "glcm",    "glrlm", "glszm",
                                      "ngtdm", "gldm",       "shape2D", NULL};

static status read_class(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  const char *name = rad_yaml_scalar(key);
  if (rad_yaml_find(name, classes) < 0)
    return rad_yaml_unknown(&r->y, key, "featureClass", classes);
  r->p->settings.families |= 1u << rad_family_from_name(name);
  if (!strcmp(name, "firstorder")) r->p->settings.families |= 1u << RAD_HISTOGRAM;
  if (value->type == YAML_SEQUENCE_NODE) return select_names(r, key, value);
  for (int f = 0; f < RAD_FEATURE_COUNT; f++)
    if (!strcmp(rad_feature_info((enum rad_feature)f)->py_class, name)) r->p->selected[f] = true;
  return ST_OK;
}

static status add_filter(struct reader *r, const struct rad_filter *f) {
  status st = ST_OK;
  CHECK(r->p->filter_count < RAD_MAX_FILTERS, ST_FORMAT, "%s: more than %d filtered images",
        r->y.name, RAD_MAX_FILTERS);
  r->p->filters[r->p->filter_count++] = *f;
done:
  return st;
}

static status read_log(struct reader *r, const yaml_node_t *key, yaml_node_t *value) {
  status st = ST_OK;
  double sigma[32];
  int n = 0;
  struct rad_filter f;
  CHECK(value->type == YAML_MAPPING_NODE, ST_FORMAT, "%s: line %d: LoG needs `sigma: [..]`",
        r->y.name, rad_yaml_line(key));
  for (yaml_node_pair_t *p = value->data.mapping.pairs.start; p < value->data.mapping.pairs.top;
       p++) {
    static const char *const known[] = {"sigma", NULL};
    yaml_node_t *k = rad_yaml_node(&r->y, p->key);
    if (rad_yaml_find(rad_yaml_scalar(k), known) < 0)
      return rad_yaml_unknown(&r->y, k, "LoG", known);
    TRY(rad_yaml_numbers(sigma, 32, &n, &r->y, k, rad_yaml_node(&r->y, p->value)));
  }
  log_warning(
      "%s: LoG and Wavelet are filtered as IBSI-2 standardises them, not as pyradiomics does",
      r->y.name);
  for (int i = 0; i < n; i++) {
    rad_filter_init(&f);
    f.kind = RAD_FILTER_LOG;
    f.sigma_mm = sigma[i];
    TRY(add_filter(r, &f));
  }
done:
  return st;
}

/* Eight bands of one level; pyradiomics' default wavelet is coif1. */
static status read_wavelet(struct reader *r) {
  status st = ST_OK;
  log_warning(
      "%s: LoG and Wavelet are filtered as IBSI-2 standardises them, not as pyradiomics does",
      r->y.name);
  for (int band = 0; band < 8; band++) {
    struct rad_filter f;
    rad_filter_init(&f);
    f.kind = RAD_FILTER_WAVELET;
    f.boundary = RAD_BOUNDARY_PERIODIC;
    snprintf(f.wavelet, sizeof f.wavelet, "coif1");
    for (int a = 0; a < 3; a++) f.band[a] = (band >> (2 - a)) & 1 ? 'H' : 'L';
    TRY(add_filter(r, &f));
  }
done:
  return st;
}

static status read_image_type(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  static const char *const known[] = {"Original",   "LoG",       "Wavelet",     "Square",
                                      "SquareRoot", "Logarithm", "Exponential", "Gradient",
                                      "LBP2D",      "LBP3D",     NULL};
  status st = ST_OK;
  struct rad_filter none = {.kind = RAD_FILTER_NONE};
  int k = rad_yaml_find(rad_yaml_scalar(key), known);
  if (k < 0) return rad_yaml_unknown(&r->y, key, "imageType", known);
  if (k == 0) return add_filter(r, &none);
  if (k == 1) return read_log(r, key, value);
  if (k == 2) return read_wavelet(r);
  FAIL(ST_FORMAT, "%s: line %d: imageType %s is not supported; Original, LoG and Wavelet are",
       r->y.name, rad_yaml_line(key), known[k]);
done:
  return st;
}

static status read_section(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  static const char *const known[] = {"imageType", "featureClass", "setting", "voxelSetting", NULL};
  switch (rad_yaml_find(rad_yaml_scalar(key), known)) {
  case 0:
    return read_map(r, value, known[0], read_image_type);
  case 1:
    r->p->settings.families = 0;
    return read_map(r, value, known[1], read_class);
  case 2:
    return read_map(r, value, known[2], read_setting);
  case 3:
    return read_map(r, value, known[3], read_voxel_setting);
  default:
    return rad_yaml_unknown(&r->y, key, "the file", known);
  }
}

/* Options that belong together once all sections are read. */
static void settle(struct rad_parameters *p) {
  struct rad_settings *s = &p->settings;
  bool flat = s->force_flat;
  s->aggregations = 1u << (flat ? (s->merge_directions ? RAD_25D_MERGED : RAD_25D_DIRECTION)
                                : (s->merge_directions ? RAD_3D_MERGED : RAD_3D_AVERAGED));
  s->skip_spatial = s->skip_global_peak = true;
}

status rad_parameters_read(struct rad_parameters *p, const char *path) {
  status st = ST_OK;
  char *data = NULL;
  size_t length = 0;
  yaml_parser_t parser;
  yaml_document_t document;
  bool parsing = false;
  bool loaded = false;
  struct rad_parameters *own = malloc(sizeof *own);
  struct reader r = {{&document, file_name(path)}, own};
  CHECK(own, ST_MEMORY, "%s: no memory", r.y.name);
  rad_parameters_init(own, RAD_PYRADIOMICS);
  own->settings.families &= ~(1u << RAD_LOCAL | 1u << RAD_IVH | 1u << RAD_GLDZM);
  TRY(file_read(&data, &length, path, 1 << 20));
  CHECK(yaml_parser_initialize(&parser), ST_MEMORY, "%s: no memory", r.y.name);
  parsing = true;
  yaml_parser_set_input_string(&parser, (const unsigned char *)data, length);
  loaded = yaml_parser_load(&parser, &document);
  CHECK(loaded, ST_FORMAT, "%s: line %d: not YAML: %s", r.y.name, (int)parser.problem_mark.line + 1,
        parser.problem ? parser.problem : "cannot be read");
  yaml_node_t *root = yaml_document_get_root_node(&document);
  CHECK(root, ST_FORMAT, "%s: the file is empty", r.y.name);
  TRY(read_map(&r, root, "the file", read_section));
  settle(own);
  TRY(rad_settings_check(&own->settings));
  *p = *own;
done:
  if (loaded) yaml_document_delete(&document);
  if (parsing) yaml_parser_delete(&parser);
  free(data);
  free(own);
  return st;
}

void rad_parameters_select(struct rad_values *v, const struct rad_parameters *p) {
  bool any = false;
  size_t kept = 0;
  for (int f = 0; f < RAD_FEATURE_COUNT; f++) any |= p->selected[f];
  for (size_t n = 0; any && n < v->count; n++)
    if (p->selected[v->items[n].feature]) v->items[kept++] = v->items[n];
  if (any) v->count = kept;
}
