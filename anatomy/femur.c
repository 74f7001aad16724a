#include "anatomy/femur.h"

#include "anatomy/box.h"
#include "anatomy/cut.h"
#include "anatomy/femur_parts.h"
#include "anatomy/head.h"
#include "core/body.h"
#include "core/log.h"
#include "core/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double ABOVE_HEAD = 16, MEDIAL = 10;                               /* mm beyond R */
static const double LATERAL = 115, ANTERIOR = 120, POSTERIOR = 85, BELOW = 260; /* mm */
static const double BELOW_JOINT = 50, WIDER = 60;                               /* mm */
static const double HEAD_TRUNCATED = 0.02; /* share of the head outside the scan */

void femur_result_destroy(struct femur_result *r) {
  if (!r) return;
  labels_destroy(r->labels);
  free(r);
}

/* ---- the body alone ---- */

static void body_extent(struct head_body *out, const struct labels *body) {
  const struct geometry *g = &body->grid;
  double sum = 0;
  int64_t count = 0;
  out->right_mm = INFINITY;
  out->left_mm = -INFINITY;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++) {
      double x0 = geometry_to_world(g, vec3_make(0, (double)j, (double)k)).x;
      double dx = g->direction[0] * g->spacing[0];
      for (int64_t i = 0; i < g->nx; i++) {
        if (body->voxels[geometry_index(g, i, j, k)] != LABEL_BODY) continue;
        double x = x0 + dx * (double)i;
        out->right_mm = fmin(out->right_mm, x);
        out->left_mm = fmax(out->left_mm, x);
        sum += x;
        count++;
      }
    }
  out->middle_mm = count ? sum / (double)count : 0;
}

/* Copy of the scan with air outside the body, and the body's extent. */
static status body_only(struct volume **out, struct head_body *extent, const struct volume *hu) {
  status st = ST_OK;
  struct volume *v = NULL;
  struct labels *body = NULL;
  TRY(body_find(&body, NULL, hu));
  body_extent(extent, body);
  volume_scanned_box(hu, extent->low, extent->high);
  TRY(volume_copy(&v, hu));
  volume_fill_no_data(v, -1000);
  for (int64_t i = 0, n = geometry_voxels(&v->grid); i < n; i++)
    if (body->voxels[i] != LABEL_BODY) v->voxels[i] = -1000;
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  labels_destroy(body);
  return st;
}

/* ---- one side ---- */

static void refuse(struct femur *f, enum femur_state state, const char *reason) {
  f->state = state;
  snprintf(f->reason, sizeof f->reason, "%s", reason);
}

void femur_init(struct femur *f, enum side side) {
  memset(f, 0, sizeof *f);
  f->side = side;
  f->label = side == SIDE_LEFT ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
  f->rim = f->socket = f->rim_rms_mm = f->soft_share = NAN;
  f->frame.side = side;
  f->frame.head = vec3_make(NAN, NAN, NAN);
  f->frame.head_radius_mm = f->frame.head_score = f->frame.head_cut = NAN;
}

/* Pushes a face of the box, which looks `out`, further when bone meets it and the scan goes on. */
static int push(double *face, int out, double end, int64_t met) {
  double room = out * (end - *face);
  if (!met || room < 1) return 0;
  *face += out * fmin(WIDER, room);
  return 1;
}

/* The shaft of a bent or turned leg may leave the box at its sides: makes it wider there. 0 when it
 * leaves nowhere, looked at from BELOW_JOINT below the head on. */
static int widen(struct vec3 *low, struct vec3 *high, const struct volume *field,
                 const struct head_fit *h, const struct geometry *scan) {
  const struct geometry *g = &field->grid;
  struct vec3 least, most;
  int64_t met[4] = {0};
  box_bounds(scan, &least, &most);
  for (int64_t k = 0; k < g->nz; k++) {
    if (g->origin[2] + g->spacing[2] * (double)k > h->centre.z - BELOW_JOINT) break;
    for (int64_t j = 0; j < g->ny; j++) {
      met[0] += field->voxels[geometry_index(g, 0, j, k)] >= 0.5F;
      met[1] += field->voxels[geometry_index(g, g->nx - 1, j, k)] >= 0.5F;
    }
    for (int64_t i = 0; i < g->nx; i++) {
      met[2] += field->voxels[geometry_index(g, i, 0, k)] >= 0.5F;
      met[3] += field->voxels[geometry_index(g, i, g->ny - 1, k)] >= 0.5F;
    }
  }
  return push(&low->x, -1, least.x, met[0]) + push(&high->x, 1, most.x, met[1]) +
         push(&low->y, -1, least.y, met[2]) + push(&high->y, 1, most.y, met[3]);
}

static status cut_side(struct cut_result *cut, const struct volume *hu, const struct head_fit *h,
                       double tau) {
  status st = ST_OK;
  struct volume *box = NULL;
  double s = (double)h->side, R = h->radius_mm;
  double medial = h->centre.x + s * (R + MEDIAL), lateral = h->centre.x - s * LATERAL;
  struct vec3 low = vec3_make(fmin(medial, lateral), h->centre.y - ANTERIOR, h->centre.z - BELOW);
  struct vec3 high =
      vec3_make(fmax(medial, lateral), h->centre.y + POSTERIOR, h->centre.z + R + ABOVE_HEAD);
  do {
    cut_free(cut);
    volume_destroy(box);
    box = NULL;
    TRY(box_cut(&box, hu, low, high, 1, -1000));
    TRY(cut_femur(cut, box, &hu->grid, h, tau));
  } while (widen(&low, &high, cut->field, h, &hu->grid));
done:
  volume_destroy(box);
  return st;
}

static void note_head(struct femur *f, const struct head_fit *h) {
  f->frame.head = h->centre;
  f->frame.head_radius_mm = h->radius_mm;
  f->frame.head_score = h->score;
  f->frame.head_cut = h->cut;
  f->rim = h->rim;
  f->socket = h->socket;
  f->rim_rms_mm = h->rim_rms_mm;
}

/* May this head be used? Sets state and reason when not. */
static int head_accepted(struct femur *f, const struct femur_options *opt) {
  char text[256];
  if (f->metal_mm3 > 0) {
    snprintf(text, sizeof text,
             "metal: %.1f ml above %g HU within %g mm of the femoral head; use the other side",
             f->metal_mm3 / 1000, opt->metal_hu, opt->metal_mm);
    f->frame.metal = 1;
    refuse(f, FEMUR_REFUSED, text);
  } else if (f->frame.head_score < opt->score_min) {
    snprintf(
        text, sizeof text,
        "no femoral head was recognised in this scan: best score %.2f, at least %.2f needed; if "
        "it holds one, give labels",
        f->frame.head_score, opt->score_min);
    refuse(f, FEMUR_ABSENT, text);
  } else if (f->frame.head_cut > opt->cut_max) {
    snprintf(text, sizeof text,
             "%.0f %% of the femoral head lies outside the scan, at most %.0f %% permitted",
             100 * f->frame.head_cut, 100 * opt->cut_max);
    refuse(f, FEMUR_REFUSED, text);
  } else {
    return 1;
  }
  return 0;
}

static status find_side(struct femur *f, struct labels *labels, const struct volume *hu,
                        const struct volume *body, const struct head_fit *h,
                        const struct femur_options *opt) {
  status st = ST_OK;
  struct cut_result cut = {.field = NULL};
  note_head(f, h);
  TRY(femur_metal(&f->metal_mm3, hu, h->centre, opt));
  if (!head_accepted(f, opt)) goto done;
  st = cut_side(&cut, body, h, opt->tau_hu_mm);
  if (st == ST_NUMERIC) {
    refuse(f, FEMUR_REFUSED, status_message());
    status_clear();
    st = ST_OK;
    goto done;
  }
  TRY(st);
  f->state = FEMUR_FOUND;
  f->passes = cut.passes;
  f->soft_share = cut.soft_share;
  f->moved_mm = cut.refined.moved_mm;
  f->held = cut.refined.held;
  f->head_truncated = h->cut > HEAD_TRUNCATED;
  femur_paint(labels, f->label, cut.field);
  TRY(femur_finish(f, labels, cut.field, hu, h->centre, h->radius_mm, NULL, 0));
  femur_check_laterality(f, hu);
done:
  cut_free(&cut);
  return st;
}

static status check_scan(const struct volume *hu, const struct femur_options *opt) {
  status st = ST_OK;
  double slice = hu->grid.spacing[geometry_axis_nearest(&hu->grid, 2)];
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "femur: the image is %s, HU are needed",
        quantity_name(hu->quantity));
  CHECK(slice <= opt->slice_max, ST_DOMAIN,
        "femur: slice distance %.2f mm, at most %.1f mm; use thinner slices or give labels", slice,
        opt->slice_max);
done:
  return st;
}

status femur_find(struct femur_result **out, const struct volume *hu,
                  const struct femur_options *opt) {
  static const struct femur_options defaults = FEMUR_OPTIONS_DEFAULTS;
  status st = ST_OK;
  struct femur_result *r = NULL;
  struct volume *body = NULL;
  struct head_body extent;
  struct head_fit heads[2];
  struct progress progress;
  if (!opt) opt = &defaults;
  progress_begin(&progress, "outline of the femora", "steps", 4);
  TRY(check_scan(hu, opt));
  r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "femur: out of memory");
  TRY(labels_create(&r->labels, &hu->grid));
  femur_init(&r->sides[0], SIDE_RIGHT);
  femur_init(&r->sides[1], SIDE_LEFT);
  TRY(body_only(&body, &extent, hu));
  progress_update(&progress, 1, "body found");
  TRY(head_search(&heads[0], &heads[1], body, &extent, opt->only));
  for (int i = 0; i < 2; i++) {
    struct femur *f = &r->sides[i];
    progress_update(&progress, 2 + i, side_name(f->side));
    if (heads[i].side == SIDE_UNKNOWN)
      refuse(f, FEMUR_ABSENT, "no femoral head of this side is in the scan");
    else
      TRY(find_side(f, r->labels, hu, body, &heads[i], opt));
    if (f->state == FEMUR_FOUND)
      TRY(labels_set_name(r->labels, f->label, i ? "femur_left" : "femur_right"));
  }
  progress_update(&progress, 4, NULL);
  *out = r;
  r = NULL;
done:
  progress_end(&progress);
  volume_destroy(body);
  femur_result_destroy(r);
  return st;
}
