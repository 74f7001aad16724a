#include "core/vertebra_frame.h"

#include "core/json.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- levels ---- */

static const char *const level_names[VERTEBRA_LEVELS] = {
    "C1", "C2", "C3", "C4",  "C5",  "C6",  "C7", "T1", "T2", "T3", "T4", "T5", "T6",
    "T7", "T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1"};
enum { LABEL_C1 = 50 }; /* downwards to S1 = 26 */

const char *vertebra_level_name(int level) {
  return level_names[level];
}

static bool word_end(char c) {
  return !isalnum((unsigned char)c);
}

int vertebra_level_of(const char *name) {
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    size_t n = strlen(level_names[level]);
    for (const char *at = name; *at; at++)
      if ((at == name || word_end(at[-1])) && !strncasecmp(at, level_names[level], n) &&
          word_end(at[n]))
        return level;
  }
  return -1;
}

int vertebra_level_label(int level) {
  return LABEL_C1 - level;
}

int vertebra_label_level(int label) {
  int level = LABEL_C1 - label;
  return level >= 0 && level < VERTEBRA_LEVELS ? level : -1;
}

/* ---- frame ---- */

struct vec3 vertebra_to_local(const struct vertebra_frame *f, struct vec3 world) {
  struct vec3 d = vec3_sub(world, f->centre);
  return vec3_make(vec3_dot(d, vertebra_left(f)), -vec3_dot(d, f->anterior), vec3_dot(d, f->axis));
}

struct vec3 vertebra_to_world(const struct vertebra_frame *f, struct vec3 p) {
  struct vec3 w = vec3_along(f->centre, p.x, vertebra_left(f));
  return vec3_along(vec3_along(w, -p.y, f->anterior), p.z, f->axis);
}

void vertebra_flag(struct vertebra_frame *f, const char *fmt, ...) {
  char text[192];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  size_t used = strlen(f->flags), more = strlen(text) + (used ? 2 : 0);
  if (used + more >= sizeof f->flags) return;
  if (used) memcpy(f->flags + used, "; ", 3);
  memcpy(f->flags + strlen(f->flags), text, strlen(text) + 1);
}

const struct vertebra_frame *vertebra_frames_find(const struct vertebra_frames *f,
                                                  const char *level) {
  for (int i = 0; i < f->count; i++)
    if (!strcasecmp(f->items[i].level, level)) return &f->items[i];
  return NULL;
}

/* ---- JSON ---- */

struct field {
  const char *key;
  size_t offset;
};
#define FIELD(name)                                                                                \
  { #name, offsetof(struct vertebra_frame, name) }
static const struct field vectors[] = {
    FIELD(centre),          FIELD(axis),           FIELD(anterior),       FIELD(superior_point),
    FIELD(superior_normal), FIELD(inferior_point), FIELD(inferior_normal)};
static const struct field numbers[] = {
    FIELD(width_mm),           FIELD(depth_mm),         FIELD(back_mm),
    FIELD(height_anterior_mm), FIELD(height_middle_mm), FIELD(height_posterior_mm),
    FIELD(height_step_mm),     FIELD(plate_rms_mm),     FIELD(body_mm3)};
#define COUNT(array) (sizeof(array) / sizeof *(array))

cJSON *vertebra_frame_to_json(const struct vertebra_frame *f) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "level", f->level);
  json_add_number(json, "label", f->label);
  for (size_t i = 0; i < COUNT(vectors); i++) {
    const struct vec3 *v = (const void *)((const char *)f + vectors[i].offset);
    json_add_numbers(json, vectors[i].key, &v->x, 3);
  }
  for (size_t i = 0; i < COUNT(numbers); i++)
    json_add_number(json, numbers[i].key,
                    *(const double *)(const void *)((const char *)f + numbers[i].offset));
  cJSON_AddBoolToObject(json, "truncated", f->truncated);
  json_add_text(json, "method", f->method);
  json_add_text(json, "flags", f->flags);
  return json;
}

/* Three numbers, or nulls where nothing is known. */
static status get_vector(struct vec3 *out, const cJSON *json, const char *key, const char *what) {
  status st = ST_OK;
  double *v = &out->x;
  const cJSON *array = json_find(json, key);
  CHECK(cJSON_IsArray(array) && cJSON_GetArraySize(array) == 3, ST_FORMAT,
        "%s: %s is not an array of 3 numbers", what, key);
  for (int i = 0; i < 3; i++) {
    const cJSON *item = cJSON_GetArrayItem(array, i);
    CHECK(cJSON_IsNumber(item) || cJSON_IsNull(item), ST_FORMAT, "%s: %s[%d] is not a number", what,
          key, i);
    v[i] = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
  }
done:
  return st;
}

status vertebra_frame_from_json(struct vertebra_frame *out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct vertebra_frame f = {.level = ""};
  TRY(json_get_text(f.level, sizeof f.level, json, "level", what));
  TRY(json_opt_whole(&f.label, 0, UINT16_MAX, json, "label", what));
  for (size_t i = 0; i < COUNT(vectors); i++)
    TRY(get_vector((void *)((char *)&f + vectors[i].offset), json, vectors[i].key, what));
  for (size_t i = 0; i < COUNT(numbers); i++) {
    double *number = (void *)((char *)&f + numbers[i].offset);
    *number = (double)NAN;
    TRY(json_opt_number(number, json, numbers[i].key, what));
  }
  CHECK(fabs(vec3_length(f.axis) - 1) < 1e-6 && fabs(vec3_length(f.anterior) - 1) < 1e-6 &&
            fabs(vec3_dot(f.axis, f.anterior)) < 1e-6,
        ST_FORMAT, "%s: the axes of %s are not perpendicular unit vectors", what, f.level);
  f.truncated = cJSON_IsTrue(json_find(json, "truncated"));
  TRY(json_opt_text(f.method, sizeof f.method, json, "method", what));
  TRY(json_opt_text(f.flags, sizeof f.flags, json, "flags", what));
  *out = f;
done:
  return st;
}

cJSON *vertebra_frames_to_json(const struct vertebra_frames *f) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct vertebra frames 1");
  json_add_text(json, "coordinates", "LPS mm");
  json_add_text(json, "flags", f->flags);
  cJSON *list = cJSON_AddArrayToObject(json, "vertebrae");
  for (int i = 0; i < f->count; i++)
    cJSON_AddItemToArray(list, vertebra_frame_to_json(&f->items[i]));
  return json;
}

status vertebra_frames_from_json(struct vertebra_frames *out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct vertebra_frames f = {.count = 0};
  const cJSON *list = json_find(json, "vertebrae"), *item;
  CHECK(cJSON_IsArray(list), ST_FORMAT, "%s: no array \"vertebrae\"", what);
  cJSON_ArrayForEach(item, list) {
    CHECK(f.count < VERTEBRA_LEVELS, ST_FORMAT, "%s: more than %d vertebrae", what,
          VERTEBRA_LEVELS);
    TRY(vertebra_frame_from_json(&f.items[f.count], item, what));
    CHECK(!vertebra_frames_find(&f, f.items[f.count].level), ST_FORMAT, "%s: level %s twice", what,
          f.items[f.count].level);
    f.count++;
  }
  TRY(json_opt_text(f.flags, sizeof f.flags, json, "flags", what));
  *out = f;
done:
  return st;
}

status vertebra_frames_read(struct vertebra_frames *out, const char *path) {
  status st = ST_OK;
  cJSON *json = NULL;
  char what[512];
  snprintf(what, sizeof what, "vertebra frames %.480s", path);
  TRY(json_read(&json, path));
  TRY(vertebra_frames_from_json(out, json, what));
done:
  cJSON_Delete(json);
  return st;
}

status vertebra_frames_write(const struct vertebra_frames *f, const char *path,
                             const cJSON *provenance, bool force) {
  status st = ST_OK;
  cJSON *json = vertebra_frames_to_json(f);
  CHECK(json, ST_MEMORY, "writing vertebra frames %s", path);
  if (provenance) cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, 1));
  TRY(json_write(json, path, force));
done:
  cJSON_Delete(json);
  return st;
}
