#include "anatomy/vertebra.h"

#include "core/filter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const vertebra_kind_names[] = {"auto", "whole", "bodies", NULL};

void vertebra_result_destroy(struct vertebra_result *r) {
  if (!r) return;
  labels_destroy(r->bodies);
  free(r);
}

/* ---- which label is which level ---- */

int vertebra_values(int values[VERTEBRA_LEVELS], const struct labels *l) {
  bool present[65536 / 8] = {false}; /* numbers above 8191 are no vertebrae */
  int64_t n = geometry_voxels(&l->grid);
  int count = 0;
  memset(values, 0, VERTEBRA_LEVELS * sizeof *values);
  for (int64_t i = 0; i < n; i++)
    if (l->voxels[i] < sizeof present) present[l->voxels[i]] = true;
  for (size_t i = 0; i < l->name_count; i++) {
    int level = vertebra_level_of(l->names[i].name), value = l->names[i].value;
    if (level >= 0 && value < (int)sizeof present && present[value]) values[level] = value;
  }
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    int value = vertebra_level_label(level);
    if (!values[level] && present[value] && !*labels_name(l, value)) values[level] = value;
    count += values[level] != 0;
  }
  return count;
}

static bool contains(const char *text, const char *word) {
  for (size_t n = strlen(word); *text; text++)
    if (!strncasecmp(text, word, n)) return true;
  return false;
}

static enum vertebra_kind kind_of(const struct labels *l, const int values[VERTEBRA_LEVELS]) {
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    if (values[level] && contains(labels_name(l, values[level]), "body")) return VERTEBRA_BODIES;
  return VERTEBRA_WHOLE;
}

/* The levels' voxels under their TotalSegmentator numbers; with `bodies`, only where they overlap.
 */
static status take_levels(struct labels **out, const struct labels *l, const struct labels *bodies,
                          const int values[VERTEBRA_LEVELS]) {
  status st = ST_OK;
  struct labels *work = NULL;
  uint16_t *number = calloc(65536, sizeof *number);
  bool *body = calloc(65536, sizeof *body);
  CHECK(number && body, ST_MEMORY, "reading vertebrae");
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    if (values[level]) number[values[level]] = (uint16_t)vertebra_level_label(level);
  for (int v = 1; bodies && v < 65536; v++) body[v] = true;
  for (size_t i = 0; bodies && i < bodies->name_count; i++)
    if (contains(bodies->names[i].name, "disc")) body[bodies->names[i].value] = false;
  TRY(labels_create(&work, &l->grid));
  int64_t n = geometry_voxels(&l->grid);
  for (int64_t i = 0; i < n; i++)
    if (!bodies || body[bodies->voxels[i]]) work->voxels[i] = number[l->voxels[i]];
  *out = work;
  work = NULL;
done:
  labels_destroy(work);
  free(number);
  free(body);
  return st;
}

/* ---- pieces, first axes ---- */

/* Keep the largest piece of each level; a level with more than 5 % elsewhere is flagged. */
static status keep_pieces(struct vertebra_result *r, char flags[VERTEBRA_LEVELS][96]) {
  const double stray = 0.05;
  status st = ST_OK;
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    int value = vertebra_level_label(level);
    int64_t count = labels_count(r->bodies, value), dropped = 0;
    flags[level][0] = '\0';
    if (!count) continue;
    TRY(filter_keep_largest(r->bodies, value, 26, &dropped));
    if ((double)dropped > stray * (double)count)
      snprintf(flags[level], sizeof flags[level],
               "level_order: %.0f %% of the label lies in other pieces",
               100.0 * (double)dropped / (double)count);
  }
done:
  return st;
}

/* A label of two levels is one piece by their arches; cut off, it has two bodies. */
static void flag_second_bodies(char flags[VERTEBRA_LEVELS][96],
                               const double elsewhere[VERTEBRA_LEVELS]) {
  const double second = 0.2;
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    if (elsewhere[level] > second)
      snprintf(flags[level], sizeof flags[level],
               "level_order: %.0f %% of the label before the canal lies in another body",
               100 * elsewhere[level]);
}

struct centroids {
  struct vec3 at[VERTEBRA_LEVELS];
  int64_t count[VERTEBRA_LEVELS];
  bool usable[VERTEBRA_LEVELS]; /* enough of it to give its neighbours a direction */
};

static void find_centroids(struct centroids *c, const struct labels *l) {
  const double least_mm3 = 2000;
  const struct geometry *g = &l->grid;
  double voxel = geometry_voxel_mm3(g);
  memset(c, 0, sizeof *c);
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int v = l->voxels[geometry_index(g, i, j, k)];
        if (!v) continue;
        int level = vertebra_label_level(v);
        c->at[level] = vec3_add(c->at[level], vec3_make((double)i, (double)j, (double)k));
        c->count[level]++;
      }
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    if (c->count[level]) c->usable[level] = (double)c->count[level] * voxel >= least_mm3;
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    if (c->count[level])
      c->at[level] = geometry_to_world(g, vec3_scale(c->at[level], 1.0 / (double)c->count[level]));
}

/* Caudal to cranial: between the neighbours, as far as they are there; how many are. */
static int first_axis(struct vec3 *axis, const struct centroids *c, int level) {
  int above = level > 0 && c->usable[level - 1] ? level - 1 : level;
  int below = level + 1 < VERTEBRA_LEVELS && c->usable[level + 1] ? level + 1 : level;
  *axis = vec3_make(0, 0, 1);
  if (above == below) return 0;
  *axis = vec3_unit(vec3_sub(c->at[above], c->at[below]));
  return below - above;
}

static struct vec3 perpendicular(struct vec3 v, struct vec3 axis) {
  return vec3_unit(vec3_along(v, -vec3_dot(v, axis), axis));
}

/* ---- checks of the set ---- */

static void check_order(struct vertebra_frames *f) {
  const double least_mm = 15, most_mm = 60;
  for (int i = 0; i + 1 < f->count; i++) {
    struct vertebra_frame *a = &f->items[i], *b = &f->items[i + 1];
    if (b->label + 1 != a->label || a->truncated || b->truncated) continue;
    struct vec3 d = vec3_sub(a->centre, b->centre);
    double apart = vec3_length(d);
    if (d.z > 0 && apart >= least_mm && apart <= most_mm) continue;
    snprintf(f->flags, sizeof f->flags,
             "level_order: %s lies %.0f mm %s %s (15 to 60 mm above expected)", a->level, apart,
             d.z > 0 ? "above" : "below", b->level);
    vertebra_flag(a, "level_order");
    vertebra_flag(b, "level_order");
  }
}

/* ---- all of it ---- */

static void fit_levels(struct vertebra_result *r, const struct volume *image,
                       char flags[VERTEBRA_LEVELS][96], const char *method) {
  struct centroids c;
  find_centroids(&c, r->bodies);
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    if (!c.count[level]) continue;
    struct vertebra_frame f = {.label = vertebra_level_label(level)};
    snprintf(f.level, sizeof f.level, "%s", vertebra_level_name(level));
    snprintf(f.method, sizeof f.method, "%s", method);
    int neighbours = first_axis(&f.axis, &c, level);
    bool canal = !isnan(r->canal[level].x);
    struct vec3 front = canal ? vec3_sub(c.at[level], r->canal[level]) : vec3_make(0, -1, 0);
    f.anterior = perpendicular(front, f.axis);
    if (!neighbours) vertebra_flag(&f, "no neighbour: axis from the end plates alone");
    if (canal && neighbours < 2)
      vertebra_flag(&f, "arch cut with one neighbour only: heights uncertain, give a body label");
    if (*flags[level]) vertebra_flag(&f, "%s", flags[level]);
    if (vertebra_fit_frame(&f, r->bodies, image, neighbours)) {
      snprintf(r->refused[level], sizeof r->refused[level], "%s", status_message());
      status_clear();
      continue;
    }
    r->frames.items[r->frames.count++] = f;
  }
}

/* Levels of the map without a frame, among the flags of the set. */
static void tell_refused(struct vertebra_result *r) {
  char *flags = r->frames.flags;
  const size_t size = sizeof r->frames.flags;
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    size_t used = strlen(flags);
    if (*r->refused[level] && used + 32 < size)
      snprintf(flags + used, size - used, "%s%s refused: %s", used ? "; " : "",
               vertebra_level_name(level), r->refused[level]);
  }
}

static status none_found(const struct vertebra_result *r) {
  status st = ST_OK;
  char why[400] = "";
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    size_t used = strlen(why);
    if (*r->refused[level])
      snprintf(why + used, sizeof why - used, "%s%s: %s", used ? "; " : "",
               vertebra_level_name(level), r->refused[level]);
  }
  FAIL(ST_DOMAIN, "no vertebral body can be measured: %s", why);
done:
  return st;
}

status vertebrae_from_labels(struct vertebra_result **out, const struct labels *labels,
                             const struct labels *bodies, const struct volume *image,
                             enum vertebra_kind kind) {
  status st = ST_OK;
  struct vertebra_result *r = NULL;
  int values[VERTEBRA_LEVELS];
  char flags[VERTEBRA_LEVELS][96];
  CHECK(vertebra_values(values, labels) > 0, ST_DOMAIN,
        "vertebrae: the map has no level, by name (vertebrae_L1, L1) or by TotalSegmentator's "
        "numbers (26 S1, 27 L5 ... 50 C1); a level is never guessed");
  if (bodies) TRY(geometry_match(&labels->grid, "vertebrae", &bodies->grid, "bodies", 1e-3));
  if (image) TRY(geometry_match(&labels->grid, "vertebrae", &image->grid, "scan", 1e-3));
  if (kind == VERTEBRA_AUTO) kind = kind_of(labels, values);
  r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "reading vertebrae");
  for (int i = 0; i < VERTEBRA_LEVELS; i++)
    r->canal[i] = vec3_make((double)NAN, (double)NAN, (double)NAN);
  TRY(take_levels(&r->bodies, labels, bodies, values));
  TRY(keep_pieces(r, flags));
  bool cut = !bodies && kind == VERTEBRA_WHOLE;
  if (cut) {
    double elsewhere[VERTEBRA_LEVELS];
    TRY(vertebra_cut_arches(r, elsewhere));
    flag_second_bodies(flags, elsewhere);
  }
  fit_levels(r, image, flags, cut ? "cut at the canal" : "body label");
  check_order(&r->frames);
  tell_refused(r);
  if (!r->frames.count) TRY(none_found(r));
  *out = r;
  r = NULL;
done:
  vertebra_result_destroy(r);
  return st;
}
