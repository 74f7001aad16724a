/* The levels that a person names, from one text. */
#include "anatomy/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct anchor {
  int level;
  double z_mm;
};

/* The anchor that starts at `text`; *end: behind it. */
static status read_anchor(struct anchor *out, const char *text, char **end) {
  status st = ST_OK;
  char name[16] = "";
  const char *equals = strchr(text, '=');
  size_t n = equals ? (size_t)(equals - text) : 0;
  if (n && n < sizeof name) memcpy(name, text, n);
  out->level = vertebra_level_of(name);
  CHECK(out->level >= 0, ST_USAGE, "level %s: expected LEVEL=z, LEVEL one of C1 ... T12 L1 ... S1",
        text);
  out->z_mm = strtod(equals + 1, end);
  CHECK(*end != equals + 1 && (!**end || **end == ',') && isfinite(out->z_mm), ST_USAGE,
        "level %s: \"%s\" is not a height in mm", text, equals + 1);
done:
  return st;
}

/* All anchors of a text; each level once, and in the order of the body. */
static status read_anchors(struct anchor anchors[VERTEBRA_LEVELS], int *count, const char *text) {
  status st = ST_OK;
  char *end = NULL;
  for (*count = 0; *text; text = *end ? end + 1 : end) {
    struct anchor *a = &anchors[*count];
    CHECK(*count < VERTEBRA_LEVELS, ST_USAGE, "levels: more than %d levels", VERTEBRA_LEVELS);
    TRY(read_anchor(a, text, &end));
    for (const struct anchor *b = anchors; b < a; b++) {
      CHECK(a->level != b->level, ST_USAGE, "level names %s twice", vertebra_level_name(a->level));
      CHECK((a->level > b->level) == (a->z_mm < b->z_mm), ST_USAGE,
            "levels: %s at z %g mm and %s at z %g mm are in the wrong order",
            vertebra_level_name(a->level), a->z_mm, vertebra_level_name(b->level), b->z_mm);
    }
    (*count)++;
  }
done:
  return st;
}

status column_anchors_check(const char *text) {
  struct anchor anchors[VERTEBRA_LEVELS];
  int count;
  return read_anchors(anchors, &count, text);
}

status column_anchors(struct labels **out, struct vertebra_frames *frames, const struct column *c,
                      const struct volume *ct, const char *text) {
  status st = ST_OK;
  struct labels *labels = NULL;
  struct vertebra_frames named = {.count = 0};
  struct anchor anchors[VERTEBRA_LEVELS];
  int count;
  TRY(read_anchors(anchors, &count, text));
  TRY(labels_create(&labels, &ct->grid));
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    for (int i = 0; i < count; i++) {
      if (anchors[i].level != level) continue;
      struct vertebra_frame *f = &named.items[named.count];
      TRY(column_anchor(f, labels, c, ct, level, anchors[i].z_mm));
      TRY(labels_set_name(labels, f->label, f->level));
      named.count++;
    }
  *out = labels;
  *frames = named;
  labels = NULL;
done:
  labels_destroy(labels);
  return st;
}
