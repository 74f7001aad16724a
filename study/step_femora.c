/* The step that finds the femora and their frames. */
#include "anatomy/import.h"
#include "core/file.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "qct/hip_interval.h"
#include "study/step.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- pictures ---- */

static void legend(struct picture *p, int x, int y, const char *text, uint32_t colour) {
  picture_rect(p, x, y, 14, 14, colour, true);
  picture_text(p, x + 20, y, text, 0xffffff, 2);
}

/* The part of a plane within `margin_mm` of the femur's box; the whole plane where that is less. */
static struct picture_plane close_up(const struct volume *hu, const struct femur_result *r,
                                     const struct femur *f, enum plane which) {
  const double margin_mm = 45;
  struct picture_plane plane = picture_plane_through(&hu->grid, which, f->frame.head, 1);
  int64_t lo[3], hi[3];
  if (!labels_box(r->labels, f->label, lo, hi)) return plane;
  double low[2] = {(double)INFINITY, (double)INFINITY};
  double high[2] = {-(double)INFINITY, -(double)INFINITY};
  for (int corner = 0; corner < 8; corner++) {
    struct vec3 index = {(double)(corner & 1 ? hi : lo)[0], (double)(corner & 2 ? hi : lo)[1],
                         (double)(corner & 4 ? hi : lo)[2]};
    struct vec3 d = vec3_sub(geometry_to_world(&hu->grid, index), plane.centre);
    double at[2] = {vec3_dot(d, plane.right), vec3_dot(d, plane.down)};
    for (int a = 0; a < 2; a++) {
      low[a] = fmin(low[a], at[a] - margin_mm);
      high[a] = fmax(high[a], at[a] + margin_mm);
    }
  }
  const double half[2] = {plane.width_mm / 2, plane.height_mm / 2};
  for (int a = 0; a < 2; a++) {
    low[a] = fmax(low[a], -half[a]);
    high[a] = fmin(high[a], half[a]);
  }
  plane.centre = vec3_along(plane.centre, (low[0] + high[0]) / 2, plane.right);
  plane.centre = vec3_along(plane.centre, (low[1] + high[1]) / 2, plane.down);
  plane.width_mm = high[0] - low[0];
  plane.height_mm = high[1] - low[1];
  return plane;
}

/* Axial, coronal and sagittal planes through the head, side by side, with the outlined femora. */
static status draw_planes(struct picture **out, const struct volume *hu,
                          const struct femur_result *r, const struct femur *f) {
  const double low_hu = -200, high_hu = 900; /* shows cortex, marrow and muscle together */
  const int gap = 8, band = 52, wanted = 440;
  status st = ST_OK;
  struct picture *planes[3] = {NULL, NULL, NULL}, *all = NULL;
  static const char *const names[] = {"axial", "coronal", "sagittal"};
  int width = gap, height = 0;
  for (int i = 0; i < 3; i++) {
    struct picture_plane plane = close_up(hu, r, f, (enum plane)i);
    plane.pixel_mm = fmax(plane.width_mm, plane.height_mm) / wanted;
    TRY(picture_slice(&planes[i], hu, &plane, low_hu, high_hu));
    picture_outline(planes[i], r->labels, LABEL_FEMUR_RIGHT, &plane, COLOUR_ORANGE);
    picture_outline(planes[i], r->labels, LABEL_FEMUR_LEFT, &plane, COLOUR_SKY);
    width += planes[i]->width + gap;
    if (planes[i]->height > height) height = planes[i]->height;
  }
  TRY(picture_create(&all, width, height + 2 * gap + band, 0x101418));
  int x = gap;
  for (int i = 0; i < 3; i++) {
    picture_place(all, planes[i], x, gap);
    picture_text(all, x + 2, height + gap + 6, names[i], 0xffffff, 2);
    picture_text(all, x + 4, gap + planes[i]->height / 2, i < 2 ? "R" : "A", 0xffffff, 2);
    x += planes[i]->width + gap;
  }
  legend(all, gap, height + gap + 32, "outline of the right femur", COLOUR_ORANGE);
  legend(all, width / 2, height + gap + 32, "outline of the left femur", COLOUR_SKY);
  *out = all;
  all = NULL;
done:
  for (int i = 0; i < 3; i++) picture_destroy(planes[i]);
  picture_destroy(all);
  return st;
}

static status write_pictures(struct study_case *c, const struct volume *hu,
                             const struct femur_result *r) {
  status st = ST_OK;
  struct picture *p = NULL;
  for (int s = 0; s < CASE_SIDES; s++) {
    const struct femur *f = &r->sides[s];
    if (f->state != FEMUR_FOUND) continue;
    TRY(draw_planes(&p, hu, r, f));
    TRY(case_write_picture(c, "pictures/planes_%s.png", s, p));
    if (!case_has_axes(f)) continue;
    TRY(femur_picture(&p, hu, r->labels, f));
    TRY(case_write_picture(c, "pictures/femur_%s.png", s, p));
  }
done:
  return st;
}

/* ---- the step ---- */

static status find_or_import(struct femur_result **out, struct study_case *c,
                             const struct volume *hu) {
  status st = ST_OK;
  const struct labels *given = NULL;
  int right = 0, left = 0;
  if (!c->options->labels) return femur_find(out, hu, NULL);
  TRY(case_given_labels(&given, c));
  import_femur_values(given, &right, &left);
  TRY(femur_import(out, hu, given, right, left, NULL));
done:
  return st;
}

static status write_frames(const struct study_case *c, const struct femur_result *r,
                           const cJSON *provenance) {
  status st = ST_OK;
  char path[CASE_PATH];
  for (int s = 0; s < CASE_SIDES; s++) {
    if (r->sides[s].state != FEMUR_FOUND || !case_has_axes(&r->sides[s])) continue;
    TRY(case_side_path(path, c, "frame_%s.json", s));
    TRY(hip_frame_write(&r->sides[s].frame, path, provenance, true));
  }
done:
  return st;
}

static status run(struct study_case *c, int side) {
  (void)side;
  status st = ST_OK;
  const struct volume *hu = NULL;
  cJSON *provenance = NULL;
  char path[CASE_PATH];
  TRY(case_hu(&hu, c));
  TRY(find_or_import(&c->femora, c, hu));
  provenance = provenance_to_json(c->provenance);
  TRY(labels_set_name(c->femora->labels, LABEL_FEMUR_RIGHT, "femur_right"));
  TRY(labels_set_name(c->femora->labels, LABEL_FEMUR_LEFT, "femur_left"));
  TRY(case_path(path, c, "labels.nii.gz"));
  TRY(itk_labels_write(c->femora->labels, path, provenance, true));
  TRY(case_path(path, c, "parts/femora.json"));
  TRY(femora_write(c->femora, path));
  TRY(write_frames(c, c->femora, provenance));
  TRY(write_pictures(c, hu, c->femora));
  TRY(case_write_slices(c, hu, c->femora));
done:
  cJSON_Delete(provenance);
  return st;
}

/* ---- rows ---- */

static status frame_rows(struct record *r, const struct femur *f, const double spacing[3]) {
  status st = ST_OK;
  const struct hip_frame *h = &f->frame;
  char region[32];
  snprintf(region, sizeof region, "femur_%s", side_name(f->side));
  const struct {
    const char *quantity, *unit;
    double value;
    bool needs_head;
  } rows[] = {{"neck_shaft_angle", "deg", h->neck_shaft_deg, false},
              {"head_radius", "mm", h->head_radius_mm, false},
              {"femoral_offset", "mm", h->offset_mm, false},
              {"femoral_axis_length", "mm", h->fal_mm, true},
              {"neck_area_narrowest", "mm2", h->neck_area_mm2, false},
              {"volume_outlined", "cm3", f->label_mm3 / 1000, true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool cut = rows[i].needs_head && f->head_truncated;
    struct measurement *m =
        record_add(r, region, rows[i].quantity, cut ? (double)NAN : rows[i].value, rows[i].unit);
    CHECK(m, ST_MEMORY, "rows of a femur's frame");
    snprintf(m->method, sizeof m->method, "frame %s", h->method);
    double half = f->frame_ok ? qct_hip_half_width(spacing, "femur", rows[i].quantity, m->value)
                              : (double)NAN;
    m->low = m->value - half;
    m->high = m->value + half;
    if (cut) measurement_flag(m, "part of the head is outside the scan");
    if (!cut && isnan(rows[i].value)) measurement_flag(m, "%.150s", h->flags);
  }
done:
  return st;
}

static status rows(struct record *r, struct study_case *c, int side) {
  (void)side;
  status st = ST_OK;
  const struct femur_result *femora = NULL;
  TRY(case_femora(&femora, c));
  for (int s = 0; s < CASE_SIDES; s++) {
    const struct femur *f = &femora->sides[s];
    if (f->state == FEMUR_FOUND && case_has_axes(f))
      TRY(frame_rows(r, f, femora->labels->grid.spacing));
  }
done:
  return st;
}

/* ---- the report ---- */

/* A reason as a sentence of its own. */
static void tell_reason(struct report *page, enum report_level level, const char *title,
                        const char *reason) {
  char text[640];
  snprintf(text, sizeof text, "%s.", reason);
  text[0] = (char)toupper((unsigned char)text[0]);
  report_finding(page, level, title, text);
}

static void tell_limits(struct report *page, const struct femur_result *femora) {
  for (int s = 0; s < CASE_SIDES; s++) {
    const struct femur *f = &femora->sides[s];
    char title[96];
    if (f->state == FEMUR_REFUSED) {
      snprintf(title, sizeof title, "The %s femur is not measured.", side_name(f->side));
      tell_reason(page, REPORT_STOP, title, f->reason);
    }
    if (f->state != FEMUR_FOUND) continue;
    if (f->head_truncated) {
      snprintf(title, sizeof title, "The %s femoral head is cut.", side_name(f->side));
      report_finding(page, REPORT_STOP, title,
                     "Part of it lies outside the scan. Head, total hip, axis length and strength "
                     "are withheld.");
    }
    if (!f->frame_ok) {
      snprintf(title, sizeof title, "The %s femur is incomplete.", side_name(f->side));
      tell_reason(page, REPORT_CAUTION, title, f->frame.flags);
    }
  }
}

static status tell_femur(struct case_page *page, const struct femur *f, int side) {
  status st = ST_OK;
  char title[64], bad[512], flags[sizeof f->frame.flags];
  snprintf(flags, sizeof flags, "%s", f->frame.flags);
  flags[0] = (char)toupper((unsigned char)flags[0]);
  snprintf(title, sizeof title, "%c%s femur", f->side == SIDE_RIGHT ? 'R' : 'L',
           side_name(f->side) + 1);
  report_subsection(page->report, title);
  bool cut = f->head_truncated || f->touches;
  snprintf(bad, sizeof bad, "%s%s%s%s",
           f->head_truncated ? "Part of the head lies outside the scan. " : "",
           f->touches ? "The outline meets the edge of the scan. " : "",
           f->frame.flags[0] ? flags : "", f->frame.flags[0] ? "." : "");
  struct report_reading planes = {
      .good = "A good outline follows the outer edge of the bone and stops at the joint.",
      .bad = cut ? "The bone is cut: what needs the missing part is withheld." : NULL,
      .act = "Fractures, prostheses, cysts and dysplasia are not detected: look for them here. If "
             "pelvis lies inside the outline, or femur outside it, correct the label map and run "
             "again with --labels."};
  TRY(page_image(page, "pictures/planes_%s.png", side,
                 "Axial, coronal and sagittal slices through the femoral head with the outline",
                 "Slices through the centre of the femoral head. Orange: right femur; sky: left.",
                 &planes));
  struct report_reading axes = {
      .good = f->frame_ok ? "In a good picture the circle lies on the head and the lines run along "
                            "neck and shaft."
                          : NULL,
      .bad = bad[0] ? bad : NULL,
      .act = "If they do not, correct the label map and run again with --labels: regions and load "
             "follow these axes."};
  TRY(page_image(
      page, "pictures/femur_%s.png", side,
      "Planes along and across the femoral neck with outline, head sphere and axes",
      "Planes of the femur itself. Orange: outline; sky: head sphere; yellow: neck axis; "
      "green: shaft axis.",
      &axes));
done:
  return st;
}

static status tell(struct case_page *page, int side) {
  (void)side;
  status st = ST_OK;
  const struct femur_result *femora = NULL;
  TRY(case_femora(&femora, page->c));
  tell_limits(page->report, femora);
  const struct report_reading moving = {
      .good =
          "In every slice the outline follows the outer edge of the bone and stops at the joint.",
      .bad = "Pelvis inside the outline, often at the rim of the socket, or femur outside it.",
      .act =
          "Go through all slices of the head once. If the outline is wrong, correct the label map "
          "and run again with --labels."};
  TRY(page_slices(page, &moving));
  for (int s = 0; s < CASE_SIDES; s++) {
    const struct femur *f = &femora->sides[s];
    if (f->state == FEMUR_FOUND)
      TRY(tell_femur(page, f, s));
    else
      report_paragraph(page->report, "%s femur: %s.", s == 0 ? "Right" : "Left",
                       f->reason[0] ? f->reason : "not in this scan");
  }
done:
  return st;
}

static void methods(struct case_page *page) {
  if (page->c->options->labels) {
    report_text(page->report, "Femora. Taken from the label map that was given; largest component, "
                              "holes filled; head sphere, neck axis (smallest perimeter) and shaft "
                              "axis from its surface.");
    page_source(page, "totalseg2023");
  } else {
    report_text(page->report, "Femora. Heads were found by votes along gradients and sphere fits, "
                              "the bone cut from the pelvis by a graph cut with directed costs; "
                              "head sphere, neck axis (smallest perimeter) and shaft axis from its "
                              "surface.");
    page_source(page, "boykov2004");
  }
  page_source(page, "fischer2020");
}

const struct case_step step_femora = {
    .name = "femora",
    .title = "find the femora",
    .version = "7",
    .needs = {"read"},
    .outputs = {"labels.nii.gz", "labels.json", "parts/femora.json", "frame_right.json",
                "frame_left.json", "pictures/planes_right.png", "pictures/planes_left.png",
                "pictures/femur_right.png", "pictures/femur_left.png", "pictures/slices.png",
                "parts/slices.json"},
    .run = run,
    .rows = rows,
    .section = "Where the femora are",
    .tell = tell,
    .methods = methods,
    .remedies = {{"label map", "A label map that holds that femur."}}};
