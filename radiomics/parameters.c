#include "radiomics/parameters.h"

#include "core/file.h"
#include "core/log.h"

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

/* The document and its name, for messages. */
struct reader {
  yaml_document_t *document;
  const char *name;
  struct rad_parameters *p;
};

static yaml_node_t *node_at(const struct reader *r, int id) {
  return yaml_document_get_node(r->document, id);
}

static const char *scalar(const yaml_node_t *n) {
  return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static int line_of(const yaml_node_t *n) {
  return (int)n->start_mark.line + 1;
}

/* Edit distance, for "did you mean". */
static int distance(const char *a, const char *b) {
  int row[64];
  int n = (int)strlen(b);
  if (n > 63) return 99;
  for (int j = 0; j <= n; j++) row[j] = j;
  for (int i = 1; a[i - 1]; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= n; j++) {
      int best = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  return row[n];
}

static status unknown(const struct reader *r, const yaml_node_t *key, const char *section,
                      const char *const *known) {
  status st = ST_OK;
  const char *word = scalar(key) ? scalar(key) : "(not a word)";
  const char *best = known[0];
  for (int k = 0; known[k]; k++)
    if (distance(word, known[k]) < distance(word, best)) best = known[k];
  FAIL(ST_FORMAT, "%s: line %d: unknown key `%s` in %s; did you mean `%s`?", r->name, line_of(key),
       word, section, best);
done:
  return st;
}

static int find(const char *word, const char *const *known) {
  for (int k = 0; word && known[k]; k++)
    if (!strcmp(word, known[k])) return k;
  return -1;
}

static bool is_null(const char *t) {
  return !*t || !strcmp(t, "null") || !strcmp(t, "None") || !strcmp(t, "~");
}

static status get_number(double *out, const struct reader *r, const yaml_node_t *key,
                         const yaml_node_t *value) {
  status st = ST_OK;
  const char *t = scalar(value);
  char *end = NULL;
  if (t) *out = strtod(t, &end);
  CHECK(t && end != t && !*end, ST_FORMAT, "%s: line %d: `%s` must be a number, not \"%s\"",
        r->name, line_of(key), scalar(key), t ? t : "a list");
done:
  return st;
}

static status get_whole(int *out, int low, int high, const struct reader *r, const yaml_node_t *key,
                        double v) {
  status st = ST_OK;
  CHECK(v >= low && v <= high && v == floor(v), ST_FORMAT,
        "%s: line %d: `%s` is %g, permitted are whole numbers from %d to %d", r->name, line_of(key),
        scalar(key), v, low, high);
  *out = (int)v;
done:
  return st;
}

static status get_flag(bool *out, const struct reader *r, const yaml_node_t *key,
                       const yaml_node_t *value) {
  static const char *const yes[] = {"true", "True", "TRUE", "yes", "1", NULL};
  static const char *const no[] = {"false", "False", "FALSE", "no", "0", NULL};
  status st = ST_OK;
  const char *t = scalar(value);
  bool on = find(t, yes) >= 0;
  CHECK(on || find(t, no) >= 0, ST_FORMAT, "%s: line %d: `%s` must be true or false, not \"%s\"",
        r->name, line_of(key), scalar(key), t ? t : "a list");
  *out = on;
done:
  return st;
}

/* A number or a list of numbers. */
static status get_numbers(double *out, int most, int *count, const struct reader *r,
                          const yaml_node_t *key, const yaml_node_t *value) {
  status st = ST_OK;
  *count = 0;
  if (value->type == YAML_SCALAR_NODE) {
    if (is_null(scalar(value))) return ST_OK;
    TRY(get_number(out, r, key, value));
    *count = 1;
    return ST_OK;
  }
  CHECK(value->type == YAML_SEQUENCE_NODE, ST_FORMAT, "%s: line %d: `%s` must be a list", r->name,
        line_of(key), scalar(key));
  for (yaml_node_item_t *i = value->data.sequence.items.start; i < value->data.sequence.items.top;
       i++) {
    CHECK(*count < most, ST_FORMAT, "%s: line %d: `%s` has more than %d entries", r->name,
          line_of(key), scalar(key), most);
    TRY(get_number(&out[(*count)++], r, key, node_at(r, *i)));
  }
done:
  return st;
}

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
  TRY(get_numbers(v, 2, &n, r, key, value));
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
  TRY(get_numbers(v, RAD_MAX_DISTANCES, &n, r, key, value));
  if (!n) return ST_OK;
  for (int d = 0; d < n; d++) TRY(get_whole(&s->distances[d], 1, MOST, r, key, v[d]));
  s->distance_count = n;
done:
  return st;
}

static status set_interpolator(struct rad_settings *s, const struct reader *r,
                               const yaml_node_t *key, const yaml_node_t *value) {
  static const char *const names[] = {
      "sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "1", "2", "3", NULL};
  status st = ST_OK;
  const char *t = scalar(value);
  if (t && is_null(t)) return ST_OK;
  int k = find(t, names);
  CHECK(k >= 0, ST_FORMAT,
        "%s: line %d: interpolator \"%s\" is not supported; use sitkNearestNeighbor, sitkLinear or "
        "sitkBSpline",
        r->name, line_of(key), t ? t : "");
  s->image_interpolation = (enum rad_interpolation)(k % 3);
done:
  return st;
}

static status set_mode(struct rad_settings *s, const struct reader *r, const yaml_node_t *key,
                       const yaml_node_t *value) {
  static const char *const modes[] = {"absolute", "relative", "sigma", NULL};
  status st = ST_OK;
  int k = find(scalar(value), modes);
  CHECK(k >= 0, ST_FORMAT, "%s: line %d: resegmentMode must be absolute, relative or sigma",
        r->name, line_of(key));
  s->range_mode = (enum rad_range_mode)k;
done:
  return st;
}

static status set_weighting(struct rad_settings *s, const struct reader *r, const yaml_node_t *key,
                            const yaml_node_t *value) {
  status st = ST_OK;
  const char *t = scalar(value);
  if (t && is_null(t)) return ST_OK;
  CHECK(t && !strcmp(t, "no_weighting"), ST_FORMAT,
        "%s: line %d: weightingNorm \"%s\" is not supported; use no_weighting or leave it out",
        r->name, line_of(key), t ? t : "");
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
        r->name, line_of(key), v);
done:
  return st;
}

/* Settings that are one number. */
static status set_number(struct rad_settings *s, const struct reader *r, int k,
                         const yaml_node_t *key, const yaml_node_t *value) {
  status st = ST_OK;
  double v = 0;
  TRY(get_number(&v, r, key, value));
  switch ((enum setting_key)k) {
  case KEY_BIN_WIDTH:
    s->bin_width = v;
    break;
  case KEY_BIN_COUNT:
    s->discretisation = RAD_FBN;
    TRY(get_whole(&s->bin_count, 2, 65535, r, key, v));
    break;
  case KEY_LABEL:
    TRY(get_whole(&r->p->label, 1, 65535, r, key, v));
    break;
  case KEY_ALPHA:
    TRY(get_whole(&s->dependence_alpha, 0, MOST, r, key, v));
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
    TRY(get_whole(&s->minimum_dimensions, 1, 3, r, key, v));
    break;
  case KEY_MINIMUM:
    TRY(get_whole(&s->minimum_voxels, 0, 1000000000, r, key, v));
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
  bool null = scalar(value) && is_null(scalar(value));
  if (null && k != KEY_WEIGHTING) return ST_OK;
  switch ((enum setting_key)k) {
  case KEY_SPACING:
    TRY(get_numbers(s->spacing_mm, 3, &n, r, key, value));
    CHECK(n == 3, ST_FORMAT, "%s: line %d: resampledPixelSpacing needs 3 numbers, not %d", r->name,
          line_of(key), n);
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
    return get_flag(&s->force_flat, r, key, value);
  case KEY_NORMALIZE:
    return get_flag(&s->normalise, r, key, value);
  case KEY_SYMMETRICAL: {
    bool on = true;
    TRY(get_flag(&on, r, key, value));
    s->asymmetric_glcm = !on;
    return ST_OK;
  }
  case KEY_RANGE_SHAPE: {
    bool on = false;
    TRY(get_flag(&on, r, key, value));
    CHECK(!on, ST_FORMAT, "%s: line %d: resegmentShape true is not supported", r->name,
          line_of(key));
    return ST_OK;
  }
  default:
    break;
  }
  if (k >= KEY_TOLERANCE) {
    log_info("%s: %s changes nothing here", r->name, setting_keys[k]);
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
  if (map->type == YAML_SCALAR_NODE && is_null(scalar(map))) return ST_OK;
  CHECK(map->type == YAML_MAPPING_NODE, ST_FORMAT, "%s: line %d: %s must be a mapping", r->name,
        line_of(map), section);
  for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
    TRY(each(r, node_at(r, p->key), node_at(r, p->value)));
done:
  return st;
}

static status read_setting(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  int k = find(scalar(key), setting_keys);
  if (k < 0) return unknown(r, key, "setting", setting_keys);
  return apply_setting(&r->p->settings, r, k, key, value);
}

static status read_voxel_setting(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  static const char *const known[] = {"kernelRadius", "maskedKernel", "initValue", "voxelBatch",
                                      NULL};
  status st = ST_OK;
  double v = 1;
  switch (find(scalar(key), known)) {
  case 0:
    TRY(get_number(&v, r, key, value));
    TRY(get_whole(&r->p->kernel_radius, 1, 20, r, key, v));
    break;
  case 1: {
    bool masked = true;
    TRY(get_flag(&masked, r, key, value));
    CHECK(masked, ST_FORMAT, "%s: line %d: maskedKernel false is not supported", r->name,
          line_of(key));
    break;
  }
  case 2:
    TRY(get_number(&r->p->initial_value, r, key, value));
    break;
  case 3:
    log_info("%s: voxelBatch changes nothing here", r->name);
    break;
  default:
    return unknown(r, key, "voxelSetting", known);
  }
done:
  return st;
}

static status select_names(struct reader *r, const yaml_node_t *key, const yaml_node_t *value) {
  status st = ST_OK;
  const char *family = scalar(key);
  for (yaml_node_item_t *i = value->data.sequence.items.start; i < value->data.sequence.items.top;
       i++) {
    const yaml_node_t *item = node_at(r, *i);
    const char *name = scalar(item);
    int f = name ? rad_feature_from_pyradiomics(family, name) : -1;
    if (f < 0) {
      const char *names[RAD_FEATURE_COUNT + 1];
      int n = 0;
      for (int k = 0; k < RAD_FEATURE_COUNT; k++) {
        const struct rad_feature_info *info = rad_feature_info((enum rad_feature)k);
        if (!strcmp(info->py_class, family)) names[n++] = info->py_name;
      }
      names[n] = NULL;
      return unknown(r, item, family, names);
    }
    r->p->selected[f] = true;
  }
  return st;
}

static const char *const classes[] = {"shape", "firstorder", "glcm",    "glrlm", "glszm",
                                      "ngtdm", "gldm",       "shape2D", NULL};

static status read_class(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  const char *name = scalar(key);
  if (find(name, classes) < 0) return unknown(r, key, "featureClass", classes);
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
        r->name, RAD_MAX_FILTERS);
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
        r->name, line_of(key));
  for (yaml_node_pair_t *p = value->data.mapping.pairs.start; p < value->data.mapping.pairs.top;
       p++) {
    static const char *const known[] = {"sigma", NULL};
    yaml_node_t *k = node_at(r, p->key);
    if (find(scalar(k), known) < 0) return unknown(r, k, "LoG", known);
    TRY(get_numbers(sigma, 32, &n, r, k, node_at(r, p->value)));
  }
  log_warning(
      "%s: LoG and Wavelet are filtered as IBSI-2 standardises them, not as pyradiomics does",
      r->name);
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
      r->name);
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
  int k = find(scalar(key), known);
  if (k < 0) return unknown(r, key, "imageType", known);
  if (k == 0) return add_filter(r, &none);
  if (k == 1) return read_log(r, key, value);
  if (k == 2) return read_wavelet(r);
  FAIL(ST_FORMAT, "%s: line %d: imageType %s is not supported; Original, LoG and Wavelet are",
       r->name, line_of(key), known[k]);
done:
  return st;
}

static status read_section(struct reader *r, yaml_node_t *key, yaml_node_t *value) {
  static const char *const known[] = {"imageType", "featureClass", "setting", "voxelSetting", NULL};
  switch (find(scalar(key), known)) {
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
    return unknown(r, key, "the file", known);
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
  struct reader r = {&document, file_name(path), own};
  CHECK(own, ST_MEMORY, "%s: no memory", r.name);
  rad_parameters_init(own, RAD_PYRADIOMICS);
  own->settings.families &= ~(1u << RAD_LOCAL | 1u << RAD_IVH | 1u << RAD_GLDZM);
  TRY(file_read(&data, &length, path, 1 << 20));
  CHECK(yaml_parser_initialize(&parser), ST_MEMORY, "%s: no memory", r.name);
  parsing = true;
  yaml_parser_set_input_string(&parser, (const unsigned char *)data, length);
  loaded = yaml_parser_load(&parser, &document);
  CHECK(loaded, ST_FORMAT, "%s: line %d: not YAML: %s", r.name, (int)parser.problem_mark.line + 1,
        parser.problem ? parser.problem : "cannot be read");
  yaml_node_t *root = yaml_document_get_root_node(&document);
  CHECK(root, ST_FORMAT, "%s: the file is empty", r.name);
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
