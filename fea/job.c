#include "fea/job.h"

#include "core/json.h"
#include "fea/material.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
  struct fea_job *job;
  const struct volume *volume;
  const struct labels *labels;
  const cJSON *json;
  const char *what;
};

static const char *const axis_names[3] = {"x", "y", "z"};

/* A misspelt key must not be a silent default. */
static status only_keys(const struct reader *r, const cJSON *object, const char *where,
                        const char *const *keys) {
  status st = ST_OK;
  CHECK(cJSON_IsObject(object), ST_FORMAT, "%s: %s must be an object", r->what, where);
  for (const cJSON *item = object->child; item; item = item->next) {
    int known = 0;
    for (int i = 0; keys[i]; i++) known = known || !strcmp(item->string, keys[i]);
    CHECK(known, ST_FORMAT, "%s: %s has no key \"%s\"", r->what, where, item->string);
  }
done:
  return st;
}

/* ---- moduli ---- */

struct moduli {
  double constant, above, least;
  struct fea_user_law user;
  const struct fea_law *law;
  struct fea_density_map map;
  double of_label[65536];
  enum { BY_VOLUME, BY_LAW, BY_THRESHOLD, BY_LABEL } way;
};

static status read_law(struct moduli *m, const struct reader *r, const cJSON *material) {
  status st = ST_OK;
  char name[80] = "", conversion[40] = "auto";
  TRY(json_opt_text(conversion, sizeof conversion, material, "conversion", r->what));
  TRY(json_opt_number(&m->least, material, "least_mpa", r->what));
  if (json_find(material, "user_law")) {
    TRY(json_get_text(name, sizeof name, material, "user_law", r->what));
    TRY(fea_law_parse(&m->user, name));
    m->law = &m->user.law;
  } else {
    TRY(json_get_text(name, sizeof name, material, "law", r->what));
    m->law = fea_law_at(fea_law_find(name));
    CHECK(m->law, ST_FORMAT, "%s: material law \"%s\" is not known", r->what, name);
  }
  const int index = fea_conversion_find(conversion);
  CHECK(index >= 0, ST_FORMAT, "%s: density conversion \"%s\" is not known", r->what, conversion);
  CHECK(r->volume->quantity == QUANTITY_DENSITY, ST_DOMAIN,
        "%s: a law needs a density, the volume is %s", r->what, quantity_name(r->volume->quantity));
  TRY(fea_density_map_make(&m->map, m->law, r->volume->material, index));
  snprintf(r->job->words, sizeof r->job->words, "%.60s %.30s", m->law->key, m->map.words);
done:
  return st;
}

static status read_label_moduli(struct moduli *m, const struct reader *r, const cJSON *table) {
  status st = ST_OK;
  CHECK(r->labels, ST_USAGE, "%s: moduli by label need a label map (--labels)", r->what);
  CHECK(cJSON_IsObject(table), ST_FORMAT, "%s: material.labels must map values to MPa", r->what);
  for (const cJSON *item = table->child; item; item = item->next) {
    char *end;
    const long value = strtol(item->string, &end, 10);
    CHECK(!*end && value >= 1 && value <= 65535 && cJSON_IsNumber(item) && item->valuedouble >= 0,
          ST_FORMAT, "%s: material.labels \"%s\" must be 1 .. 65535 with a modulus >= 0 MPa",
          r->what, item->string);
    m->of_label[value] = item->valuedouble;
  }
  snprintf(r->job->words, sizeof r->job->words, "modulus by label");
done:
  return st;
}

static status read_moduli(struct moduli *m, const struct reader *r) {
  static const char *const keys[] = {"modulus",     "law",       "user_law",
                                     "conversion",  "least_mpa", "above",
                                     "modulus_mpa", "labels",    NULL};
  status st = ST_OK;
  const cJSON *material = json_find(r->json, "material");
  CHECK(material, ST_FORMAT, "%s: no material", r->what);
  TRY(only_keys(r, material, "material", keys));
  if (json_find(material, "labels")) {
    m->way = BY_LABEL;
    TRY(read_label_moduli(m, r, json_find(material, "labels")));
  } else if (json_find(material, "above")) {
    m->way = BY_THRESHOLD;
    TRY(json_get_number(&m->above, material, "above", r->what));
    TRY(json_get_number(&m->constant, material, "modulus_mpa", r->what));
    CHECK(m->constant >= 1e-3 && m->constant <= 1e6, ST_DOMAIN,
          "%s: modulus_mpa is %g MPa, permitted 0.001 to 1000000", r->what, m->constant);
    snprintf(r->job->words, sizeof r->job->words, "above %g E %g MPa", m->above, m->constant);
  } else if (json_find(material, "law") || json_find(material, "user_law")) {
    m->way = BY_LAW;
    TRY(read_law(m, r, material));
  } else {
    CHECK(cJSON_IsTrue(json_find(material, "modulus")), ST_FORMAT,
          "%s: material needs one of modulus, law, user_law, above, labels", r->what);
    snprintf(r->job->words, sizeof r->job->words, "modulus volume");
  }
done:
  return st;
}

static double modulus_of(const struct moduli *m, const struct reader *r, int64_t v) {
  const double value = (double)r->volume->voxels[v];
  switch (m->way) {
  case BY_VOLUME:
    return isnan(value) ? 0 : value;
  case BY_THRESHOLD:
    return value >= m->above ? m->constant : 0;
  case BY_LABEL:
    return m->of_label[r->labels->voxels[v]];
  case BY_LAW:
    break;
  }
  const double rho = m->map.slope * value / 1000 + m->map.intercept;
  return isnan(value) ? 0 : fmax(m->least, fea_law_modulus(m->law, rho));
}

/* Constants along the axes of the volume instead of one Poisson's ratio. */
static status read_orthotropy(const struct reader *r) {
  static const char *const keys[] = {"young", "shear", "poisson", NULL};
  static const char *const fabric_keys[] = {"eigenvalues", "exponent", "poisson", "shear", NULL};
  status st = ST_OK;
  const cJSON *given = json_find(r->json, "orthotropic"), *fabric = json_find(r->json, "fabric");
  struct fea_orthotropy ratio;
  struct fea_fabric f = FEA_FABRIC_HFE;
  if (!given && !fabric) return ST_OK;
  CHECK(!json_find(r->json, "poisson") && !(given && fabric), ST_FORMAT,
        "%s: give one of poisson, orthotropic, fabric", r->what);
  if (given) {
    TRY(only_keys(r, given, "orthotropic", keys));
    TRY(json_get_numbers(ratio.young, 3, given, "young", r->what));
    TRY(json_get_numbers(ratio.shear, 3, given, "shear", r->what));
    TRY(json_get_numbers(ratio.poisson, 3, given, "poisson", r->what));
  } else {
    TRY(only_keys(r, fabric, "fabric", fabric_keys));
    TRY(json_get_numbers(f.eigenvalue, 3, fabric, "eigenvalues", r->what));
    TRY(json_opt_number(&f.exponent, fabric, "exponent", r->what));
    TRY(json_opt_number(&f.poisson, fabric, "poisson", r->what));
    TRY(json_opt_number(&f.shear, fabric, "shear", r->what));
    TRY(fea_orthotropy_fabric(&ratio, &f));
  }
  TRY(fea_model_orthotropic(r->job->model, &ratio));
done:
  return st;
}

static status make_elements(const struct reader *r, double memory_gib) {
  status st = ST_OK;
  double poisson = 0.3;
  int label = 0;
  int64_t elements = 0, no_data = 0;
  const int64_t n = geometry_voxels(&r->volume->grid);
  struct moduli *m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "job: no memory");
  TRY(json_opt_number(&poisson, r->json, "poisson", r->what));
  TRY(json_opt_whole(&label, 0, UINT16_MAX, r->json, "label", r->what));
  CHECK(label == 0 || r->labels, ST_USAGE, "%s: \"label\" needs a label map (--labels)", r->what);
  TRY(read_moduli(m, r));
  for (int64_t v = 0; v < n; v++) {
    elements += (label == 0 || r->labels->voxels[v] == label) && modulus_of(m, r, v) != 0;
    no_data += isnan(r->volume->voxels[v]);
  }
  CHECK(elements > 0, ST_DOMAIN,
        "%s: none of %lld voxels becomes an element: %lld hold no data (NaN), the rest has no "
        "modulus by \"material\" or another label",
        r->what, (long long)n, (long long)no_data);
  TRY(fea_memory_check(&r->volume->grid, elements, memory_gib));
  TRY(fea_model_create(&r->job->model, &r->volume->grid, poisson));
  TRY(read_orthotropy(r));
  for (int64_t v = 0; v < n; v++) {
    if (label != 0 && r->labels->voxels[v] != label) continue;
    r->job->model->modulus[v] = (float)modulus_of(m, r, v);
    if (r->job->model->modulus[v] != 0) r->job->model->part[v] = FEA_BONE;
  }
  if (cJSON_IsTrue(json_find(r->json, "largest_part"))) TRY(fea_model_keep_largest(r->job->model));
done:
  free(m);
  return st;
}

/* ---- sets ---- */

static status add_node(struct fea_node_set *s, int64_t *room, int64_t node) {
  status st = ST_OK;
  if (s->count == *room) {
    *room = *room ? 2 * *room : 256;
    int64_t *more = realloc(s->node, (size_t)*room * sizeof *more);
    CHECK(more, ST_MEMORY, "job: no memory for a set of %lld nodes", (long long)*room);
    s->node = more;
  }
  s->node[s->count++] = node;
done:
  return st;
}

static bool plane_active(const struct fea_model *m, const int64_t low[3], const int64_t high[3]) {
  for (int64_t k = low[2]; k <= high[2]; k++)
    for (int64_t j = low[1]; j <= high[1]; j++)
      for (int64_t i = low[0]; i <= high[0]; i++)
        if (fea_model_node_active(m, i, j, k)) return true;
  return false;
}

/* Node indices of a plane: an index, or the outermost one that an element touches. */
static status read_plane(const struct reader *r, const cJSON *json, int64_t low[3],
                         int64_t high[3]) {
  status st = ST_OK;
  const struct fea_model *m = r->job->model;
  char axis_name[8], word[8] = "";
  const cJSON *at = json_find(json, "at");
  int axis = -1;
  TRY(json_get_text(axis_name, sizeof axis_name, json, "plane", r->what));
  for (int a = 0; a < 3; a++)
    if (!strcmp(axis_name, axis_names[a])) axis = a;
  CHECK(axis >= 0, ST_FORMAT, "%s: plane \"%s\", there are x, y, z", r->what, axis_name);
  if (cJSON_IsNumber(at)) {
    CHECK(at->valuedouble >= 0 && at->valuedouble <= (double)high[axis], ST_DOMAIN,
          "%s: node plane %g along %s, there are 0 .. %lld", r->what, at->valuedouble, axis_name,
          (long long)high[axis]);
    CHECK(at->valuedouble == floor(at->valuedouble), ST_FORMAT,
          "%s: node plane %g along %s, a whole number expected", r->what, at->valuedouble,
          axis_name);
    low[axis] = high[axis] = (int64_t)at->valuedouble;
    return ST_OK;
  }
  TRY(json_get_text(word, sizeof word, json, "at", r->what));
  CHECK(!strcmp(word, "first") || !strcmp(word, "last"), ST_FORMAT,
        "%s: \"at\" is a number, \"first\" or \"last\", not \"%s\"", r->what, word);
  const int64_t end = high[axis], step = word[0] == 'f' ? 1 : -1;
  int64_t plane = word[0] == 'f' ? 0 : end;
  for (; plane >= 0 && plane <= end; plane += step) {
    low[axis] = high[axis] = plane;
    if (plane_active(m, low, high)) break;
  }
done:
  return st;
}

static status read_triple(int64_t out[3], const struct reader *r, const cJSON *json,
                          const char *key) {
  status st = ST_OK;
  double number[3];
  TRY(json_get_numbers(number, 3, json, key, r->what));
  for (int a = 0; a < 3; a++) {
    CHECK(fabs(number[a]) < INT32_MAX && number[a] == floor(number[a]), ST_FORMAT,
          "%s: %s holds %g, a whole number expected", r->what, key, number[a]);
    out[a] = (int64_t)number[a];
  }
done:
  return st;
}

/* Does an element of the label touch the node? */
static bool touches_label(const struct reader *r, int label, int64_t i, int64_t j, int64_t k) {
  const struct fea_model *m = r->job->model;
  for (int c = 0; c < 8; c++) {
    const int64_t a = i - (c & 1), b = j - (c >> 1 & 1), d = k - (c >> 2);
    if (!geometry_inside(&m->grid, a, b, d)) continue;
    const int64_t v = geometry_index(&m->grid, a, b, d);
    if (m->modulus[v] > 0 && r->labels->voxels[v] == label) return true;
  }
  return false;
}

static status read_set(const struct reader *r, const cJSON *json, struct fea_node_set *s) {
  static const char *const keys[] = {"plane", "at", "node", "low", "high", "label", NULL};
  status st = ST_OK;
  const struct fea_model *m = r->job->model;
  int64_t low[3] = {0, 0, 0}, high[3] = {m->grid.nx, m->grid.ny, m->grid.nz}, room = 0;
  double box[2][3] = {{-INFINITY, -INFINITY, -INFINITY}, {INFINITY, INFINITY, INFINITY}};
  int label = 0;
  TRY(only_keys(r, json, s->name, keys));
  CHECK(json->child, ST_FORMAT, "%s: set %s is empty; give plane, node, low and high, or label",
        r->what, s->name);
  if (json_find(json, "plane")) TRY(read_plane(r, json, low, high));
  if (json_find(json, "node")) {
    TRY(read_triple(low, r, json, "node"));
    memcpy(high, low, sizeof high);
  }
  if (json_find(json, "low")) TRY(json_get_numbers(box[0], 3, json, "low", r->what));
  if (json_find(json, "high")) TRY(json_get_numbers(box[1], 3, json, "high", r->what));
  TRY(json_opt_whole(&label, 0, UINT16_MAX, json, "label", r->what));
  CHECK(label == 0 || r->labels, ST_USAGE, "%s: set %s needs a label map (--labels)", r->what,
        s->name);
  for (int64_t k = low[2]; k <= high[2]; k++)
    for (int64_t j = low[1]; j <= high[1]; j++)
      for (int64_t i = low[0]; i <= high[0]; i++) {
        if (!fea_model_node_active(m, i, j, k)) continue;
        const struct vec3 w = fea_model_node_world(m, fea_model_node(m, i, j, k));
        const double at[3] = {w.x, w.y, w.z};
        bool inside = label == 0 || touches_label(r, label, i, j, k);
        for (int a = 0; a < 3; a++) inside = inside && at[a] >= box[0][a] && at[a] <= box[1][a];
        if (inside) TRY(add_node(s, &room, fea_model_node(m, i, j, k)));
      }
  CHECK(s->count > 0, ST_DOMAIN, "%s: set %s holds no node that an element touches", r->what,
        s->name);
done:
  return st;
}

static status read_sets(const struct reader *r) {
  status st = ST_OK;
  const cJSON *sets = json_find(r->json, "sets");
  CHECK(cJSON_IsObject(sets), ST_FORMAT, "%s: no sets", r->what);
  for (const cJSON *item = sets->child; item; item = item->next) {
    CHECK(r->job->set_count < FEA_JOB_SETS, ST_FORMAT, "%s: more than %d sets", r->what,
          FEA_JOB_SETS);
    struct fea_node_set *s = &r->job->set[r->job->set_count++];
    CHECK(strlen(item->string) < sizeof s->name, ST_FORMAT,
          "%s: the name of set \"%s\" has more than %zu characters", r->what, item->string,
          sizeof s->name - 1);
    snprintf(s->name, sizeof s->name, "%s", item->string);
    TRY(read_set(r, item, s));
  }
done:
  return st;
}

/* ---- supports and loads ---- */

static status find_set(const struct fea_node_set **out, const struct reader *r,
                       const cJSON *entry) {
  static const char *const keys[] = {"set", "x", "y", "z", NULL};
  status st = ST_OK;
  char name[32];
  TRY(only_keys(r, entry, "a support or load", keys));
  TRY(json_get_text(name, sizeof name, entry, "set", r->what));
  *out = NULL;
  for (int s = 0; s < r->job->set_count; s++)
    if (!strcmp(r->job->set[s].name, name)) *out = &r->job->set[s];
  CHECK(*out, ST_FORMAT, "%s: there is no set \"%s\"", r->what, name);
done:
  return st;
}

/* Displacements, or forces spread over the nodes, in the case that was begun last. */
static status apply(const struct reader *r, const cJSON *list, bool force) {
  status st = ST_OK;
  if (!list) return ST_OK;
  CHECK(cJSON_IsArray(list), ST_FORMAT, "%s: supports, displace and force are lists", r->what);
  for (const cJSON *entry = list->child; entry; entry = entry->next) {
    const struct fea_node_set *s;
    TRY(find_set(&s, r, entry));
    for (int a = 0; a < 3; a++) {
      double value;
      if (!json_find(entry, axis_names[a])) continue;
      TRY(json_get_number(&value, entry, axis_names[a], r->what));
      for (int64_t n = 0; n < s->count; n++)
        TRY(force ? fea_model_load(r->job->model, s->node[n], a, value / (double)s->count)
                  : fea_model_fix(r->job->model, s->node[n], a, value));
    }
  }
done:
  return st;
}

static status read_cases(const struct reader *r) {
  static const char *const keys[] = {"name", "displace", "force", NULL};
  status st = ST_OK;
  const cJSON *cases = json_find(r->json, "cases");
  struct fea_model *m = r->job->model;
  CHECK(cJSON_IsArray(cases) && cases->child, ST_FORMAT, "%s: no cases", r->what);
  for (const cJSON *item = cases->child; item; item = item->next) {
    char name[32];
    TRY(only_keys(r, item, "a case", keys));
    TRY(json_get_text(name, sizeof name, item, "name", r->what));
    if (item == cases->child)
      snprintf(m->cases[0].name, sizeof m->cases[0].name, "%s", name);
    else
      TRY(fea_model_add_case(m, name));
    TRY(apply(r, json_find(r->json, "supports"), false));
    TRY(apply(r, json_find(item, "displace"), false));
    TRY(apply(r, json_find(item, "force"), true));
  }
done:
  return st;
}

status fea_job_make(struct fea_job **out, const struct volume *volume, const struct labels *labels,
                    const cJSON *json, const char *what, double memory_gib) {
  static const char *const keys[] = {"poisson",      "orthotropic", "fabric",   "material", "label",
                                     "largest_part", "sets",        "supports", "cases",    NULL};
  status st = ST_OK;
  struct fea_job *job = calloc(1, sizeof *job);
  const struct reader r = {job, volume, labels, json, what};
  CHECK(job, ST_MEMORY, "job: no memory");
  TRY(only_keys(&r, json, "the job", keys));
  if (labels) TRY(geometry_match(&volume->grid, "volume", &labels->grid, "labels", 0.01));
  TRY(make_elements(&r, memory_gib));
  if (job->model->orthotropic)
    strncat(job->words, " orthotropic", sizeof job->words - strlen(job->words) - 1);
  TRY(read_sets(&r));
  TRY(read_cases(&r));
  TRY(fea_model_finish(job->model));
  *out = job;
  job = NULL;
done:
  fea_job_destroy(job);
  return st;
}

void fea_job_destroy(struct fea_job *job) {
  if (!job) return;
  for (int s = 0; s < job->set_count; s++) free(job->set[s].node);
  fea_model_destroy(job->model);
  free(job);
}
