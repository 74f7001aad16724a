#include "anatomy/import.h"

#include "anatomy/box.h"
#include "anatomy/femur_parts.h"
#include "anatomy/mask.h"
#include "core/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double LEAST_ML = 20;                           /* of a femur label */
static const double PIECES_FLAG = 0.02, PIECES_REFUSE = 0.2; /* share outside the largest piece */

/* ---- which labels ---- */

/* Does a name hold "femur" and mean this side? "Femur R", "femur_right", "right femur". */
static int names_femur(const char *name, enum side side) {
  char low[64];
  size_t n = 0;
  for (; name[n] && n + 1 < sizeof low; n++)
    low[n] = isalnum((unsigned char)name[n]) ? (char)tolower((unsigned char)name[n]) : '_';
  low[n] = '\0';
  const char *word = side == SIDE_RIGHT ? "right" : "left";
  char letter = side == SIDE_RIGHT ? 'r' : 'l';
  if (!strstr(low, "femur")) return 0;
  if (strstr(low, word)) return 1;
  return (n > 2 && low[n - 2] == '_' && low[n - 1] == letter) ||
         (low[0] == letter && low[1] == '_');
}

static int value_by_name(const struct labels *labels, enum side side) {
  for (size_t i = 0; i < labels->name_count; i++)
    if (names_femur(labels->names[i].name, side)) return labels->names[i].value;
  return 0;
}

void import_femur_values(const struct labels *labels, int *right, int *left) {
  *right = value_by_name(labels, SIDE_RIGHT);
  *left = value_by_name(labels, SIDE_LEFT);
  if (*right || *left) return;
  if (labels_count(labels, LABEL_FEMUR_RIGHT)) *right = LABEL_FEMUR_RIGHT;
  if (labels_count(labels, LABEL_FEMUR_LEFT)) *left = LABEL_FEMUR_LEFT;
}

int import_hip_value(const struct labels *labels, enum side side) {
  const char *name = side == SIDE_LEFT ? "hip_left" : "hip_right";
  int value = side == SIDE_LEFT ? LABEL_HIP_LEFT : LABEL_HIP_RIGHT;
  for (size_t i = 0; i < labels->name_count; i++)
    if (strcmp(labels->names[i].name, name) == 0) return labels->names[i].value;
  return labels_count(labels, value) ? value : 0;
}

/* ---- one side ---- */

/* Copy one label: largest face-connected piece, holes filled, under our own value. *rest: share of
 * voxels in other pieces. */
static status take_label(struct labels *out, double *rest, const struct labels *in, int from,
                         int to) {
  status st = ST_OK;
  struct mask m = {{0}, NULL};
  const struct geometry *g = &in->grid;
  int64_t lo[3], hi[3], dropped = 0, at = 0;
  labels_box(in, from, lo, hi);
  TRY(mask_create(&m, (int64_t[3]){hi[0] - lo[0] + 1, hi[1] - lo[1] + 1, hi[2] - lo[2] + 1}));
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++)
        m.v[at++] = in->voxels[geometry_index(g, i, j, k)] == from;
  int64_t all = mask_count(&m);
  TRY(mask_keep_largest(&m, &dropped));
  TRY(mask_fill(&m, -1));
  *rest = (double)dropped / (double)all;
  at = 0;
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++)
        if (m.v[at++]) out->voxels[geometry_index(g, i, j, k)] = (uint16_t)to;
done:
  mask_free(&m);
  return st;
}

static void clear_label(struct labels *l, int value) {
  for (int64_t i = 0, n = geometry_voxels(&l->grid); i < n; i++)
    if (l->voxels[i] == value) l->voxels[i] = 0;
}

static void refuse(struct femur *f, struct labels *labels, const char *fmt, double a, double b) {
  f->state = FEMUR_REFUSED;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(f->reason, sizeof f->reason, fmt, a, b);
#pragma GCC diagnostic pop
  clear_label(labels, f->label);
}

static void check_side(struct femur *f) {
  double medial = (f->frame.head.x - f->frame.shaft_point.x) * (double)f->side;
  size_t used = strlen(f->frame.flags);
  if (medial < 0)
    snprintf(f->frame.flags + used, sizeof f->frame.flags - used,
             "%slabelled %s but the head lies on the other side of the shaft", used ? "; " : "",
             side_name(f->side));
}

static status import_side(struct femur *f, struct labels *out, const struct volume *image,
                          const struct labels *in, int value, const struct femur_options *opt) {
  status st = ST_OK;
  struct volume *field = NULL;
  double rest = 0;
  f->imported = 1;
  TRY(take_label(out, &rest, in, value, f->label));
  f->label_mm3 = (double)labels_count(out, f->label) * geometry_voxel_mm3(&out->grid);
  if (f->label_mm3 < 1000 * LEAST_ML) {
    refuse(f, out, "the label holds %.1f ml, a proximal femur has at least %g ml",
           f->label_mm3 / 1000, LEAST_ML);
    goto done;
  }
  if (rest > PIECES_REFUSE) {
    refuse(f, out, "%.0f %% of the label lies outside its largest piece, at most %.0f %% permitted",
           100 * rest, 100 * PIECES_REFUSE);
    goto done;
  }
  TRY(femur_field(&field, out, f->label));
  int pelvis = import_hip_value(in, f->side);
  TRY(femur_finish(f, out, field, image, vec3_make(NAN, NAN, NAN), NAN, pelvis ? in : NULL,
                   pelvis));
  if (isnan(f->frame.head_radius_mm)) {
    f->state = FEMUR_REFUSED;
    snprintf(f->reason, sizeof f->reason, "%s", f->frame.flags);
    clear_label(out, f->label);
    goto done;
  }
  if (image) TRY(femur_metal(&f->metal_mm3, image, f->frame.head, opt));
  f->frame.metal = f->metal_mm3 > 0;
  if (f->frame.metal) {
    refuse(f, out, "metal: %.1f ml within %g mm of the femoral head; use the other side",
           f->metal_mm3 / 1000, opt->metal_mm);
    goto done;
  }
  f->state = FEMUR_FOUND;
  check_side(f);
  if (image) femur_check_laterality(f, image);
  if (rest > PIECES_FLAG) {
    size_t used = strlen(f->frame.flags);
    snprintf(f->frame.flags + used, sizeof f->frame.flags - used,
             "%s%.1f %% of the label in loose pieces, dropped", used ? "; " : "", 100 * rest);
  }
done:
  volume_destroy(field);
  return st;
}

status femur_import(struct femur_result **out, const struct volume *image,
                    const struct labels *labels, int right, int left,
                    const struct femur_options *opt) {
  static const struct femur_options defaults = FEMUR_OPTIONS_DEFAULTS;
  status st = ST_OK;
  struct femur_result *r = NULL;
  int values[2] = {right, left};
  if (!opt) opt = &defaults;
  if (image) TRY(geometry_match(&image->grid, "image", &labels->grid, "labels", 0.1));
  if (!right && !left) import_femur_values(labels, &values[0], &values[1]);
  CHECK((values[0] && labels_count(labels, values[0])) ||
            (values[1] && labels_count(labels, values[1])),
        ST_DOMAIN,
        "importing femora: the label map has neither value %d (right) nor %d (left), nor a "
        "label named femur_right or femur_left",
        values[0] ? values[0] : LABEL_FEMUR_RIGHT, values[1] ? values[1] : LABEL_FEMUR_LEFT);
  r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "importing femora: out of memory");
  TRY(labels_create(&r->labels, &labels->grid));
  for (int i = 0; i < 2; i++) {
    struct femur *f = &r->sides[i];
    enum side side = i ? SIDE_LEFT : SIDE_RIGHT;
    femur_init(f, side);
    if (values[i] && labels_count(labels, values[i]) &&
        (opt->only == SIDE_UNKNOWN || opt->only == side))
      TRY(import_side(f, r->labels, image, labels, values[i], opt));
    else
      snprintf(f->reason, sizeof f->reason, "the label map has no femur of this side");
    if (f->state == FEMUR_FOUND)
      TRY(labels_set_name(r->labels, f->label, i ? "femur_left" : "femur_right"));
  }
  *out = r;
  r = NULL;
done:
  femur_result_destroy(r);
  return st;
}
