#include "bodycomp/tissue.h"

#include "core/filter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const slice_rule_names[] = {"mid-body", "inferior-endplate", "all-slices", NULL};

enum { FIRST_LABEL = LABEL_VERTEBRA_S1, LAST_LABEL = 50, LEVELS = LAST_LABEL - FIRST_LABEL + 1 };

/* From S1 upwards, as TotalSegmentator numbers them. */
static const char *const level_names[LEVELS] = {
    "S1", "L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10", "T9", "T8", "T7", "T6",
    "T5", "T4", "T3", "T2", "T1", "C7", "C6",  "C5",  "C4",  "C3", "C2", "C1"};

int vertebra_label(const char *level) {
  for (int i = 0; i < LEVELS; i++)
    if (!strcasecmp(level_names[i], level)) return FIRST_LABEL + i;
  return 0;
}

struct extent {
  int64_t voxels, first, last;
  struct vec3 centroid; /* LPS mm */
};

static void find_extents(struct extent e[LEVELS], const struct labels *l) {
  const struct geometry *g = &l->grid;
  for (int i = 0; i < LEVELS; i++) e[i] = (struct extent){0, g->nz, -1, {0, 0, 0}};
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int v = l->voxels[geometry_index(g, i, j, k)];
        if (v < FIRST_LABEL || v > LAST_LABEL) continue;
        struct extent *x = &e[v - FIRST_LABEL];
        x->voxels++;
        if (k < x->first) x->first = k;
        if (k > x->last) x->last = k;
        x->centroid =
            vec3_add(x->centroid, geometry_to_world(g, vec3_make((double)i, (double)j, (double)k)));
      }
  for (int i = 0; i < LEVELS; i++)
    if (e[i].voxels) e[i].centroid = vec3_scale(e[i].centroid, 1.0 / (double)e[i].voxels);
}

static void flag(char flags[160], const char *text) {
  size_t used = strlen(flags);
  snprintf(flags + used, 160 - used, "%s%s", used ? "; " : "", text);
}

/* Neighbouring levels that are both there, whole, must follow each other upwards, 15 to 60 mm
 * apart. */
static void check_order(char flags[160], const struct extent e[LEVELS], int64_t nz) {
  const double least_mm = 15, most_mm = 60;
  for (int i = 1; i < LEVELS; i++) {
    if (!e[i].voxels || !e[i - 1].voxels) continue;
    if (e[i].first == 0 || e[i].last == nz - 1 || e[i - 1].first == 0 || e[i - 1].last == nz - 1)
      continue;
    double up = e[i].centroid.z - e[i - 1].centroid.z;
    char text[96];
    if (up >= least_mm && up <= most_mm) continue;
    snprintf(text, sizeof text, "level_order: %s lies %.0f mm above %s (15 to 60 expected)",
             level_names[i], up, level_names[i - 1]);
    flag(flags, text);
    return;
  }
}

/* A level in one piece: a second part of 5 % of its voxels or more is another bone under its
 * number. */
static status check_whole(char flags[160], const struct labels *l, int label) {
  status st = ST_OK;
  enum { MOST = 2 };
  const double most_share = 0.05;
  struct labels *box = NULL, *parts = NULL;
  int64_t lo[3], hi[3], sizes[MOST] = {0};
  int count = 0;
  char text[96];
  if (!labels_box(l, label, lo, hi) || lo[2] == 0 || hi[2] == l->grid.nz - 1) goto done;
  TRY(filter_crop_labels(&box, l, lo, hi));
  for (int64_t v = 0; v < geometry_voxels(&box->grid); v++)
    box->voxels[v] = box->voxels[v] == label;
  TRY(filter_components(&parts, box, 26, MOST, sizes, &count));
  double share = count > 1 ? (double)sizes[1] / (double)labels_count(l, label) : 0;
  if (share < most_share) goto done;
  snprintf(text, sizeof text, "level_order: %.0f %% of %s lie apart from it", 100 * share,
           level_names[label - FIRST_LABEL]);
  flag(flags, text);
done:
  labels_destroy(box);
  labels_destroy(parts);
  return st;
}

status tissue_level_slice(struct level_slice *out, const struct labels *vertebrae,
                          const char *level, enum slice_rule rule) {
  status st = ST_OK;
  struct level_slice s = {.flags = ""};
  const struct geometry *g = &vertebrae->grid;
  int label = vertebra_label(level);
  if (strchr(level, '-')) return tissue_hip_slice(out, vertebrae, level);
  struct extent *e = malloc(LEVELS * sizeof *e);
  CHECK(e, ST_MEMORY, "finding vertebrae");
  CHECK(label, ST_DOMAIN,
        "level \"%s\" is not known: C1 to C7, T1 to T12, L1 to L5, S1, or a hip level such as "
        "thigh-left",
        level);
  find_extents(e, vertebrae);
  const struct extent *x = &e[label - FIRST_LABEL];
  CHECK(x->voxels > 0, ST_DOMAIN, "level %s (label %d) is not in the label map", level, label);
  s.first = x->first;
  s.last = x->last;
  struct vec3 at = geometry_to_index(g, x->centroid);
  s.slice = rule == SLICE_INFERIOR_ENDPLATE ? (geometry_axis(g, 2).z > 0 ? x->first : x->last)
                                            : (int64_t)llround(at.z);
  if (s.slice < 0) s.slice = 0;
  if (s.slice >= g->nz) s.slice = g->nz - 1;
  s.z_mm = geometry_to_world(g, vec3_make(at.x, at.y, (double)s.slice)).z;
  check_order(s.flags, e, g->nz);
  for (int near = label - 1; near <= label + 1; near++)
    if (near >= FIRST_LABEL && near <= LAST_LABEL) TRY(check_whole(s.flags, vertebrae, near));
  if (s.slice < 1 || s.slice > g->nz - 2) flag(s.flags, "the slice lies at the end of the scan");
  if (x->first == 0 || x->last == g->nz - 1)
    flag(s.flags, "the vertebra is cut by the end of the scan");
  *out = s;
done:
  free(e);
  return st;
}
