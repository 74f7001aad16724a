#include "qct/structure_check.h"

#include "core/filter.h"
#include "qct/hip_density.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const double SLICE_LIMIT = 3;                   /* mm; the neck's cortex is thinner */
static const double RADIUS_LOW = 15, RADIUS_HIGH = 32; /* mm */
static const double RMS_LIMIT = 2;                     /* mm */
static const double METAL_HU = 2500, METAL_MGCC = 2000;
static const double MARGIN = 15; /* mm around the femur */
static const double CAP = 35;    /* mm: a shaft of 30 mm cut at 45 degrees ends over this length */

double structure_slice_mm(const struct volume *image) {
  const double *s = image->grid.spacing;
  double coarsest = fmax(s[0], fmax(s[1], s[2])), stated = image->acquisition.slice_thickness_mm;
  return isnan(stated) ? coarsest : fmax(coarsest, stated);
}

static status check_frame(const struct hip_frame *f) {
  status st = ST_OK;
  CHECK(f->side != SIDE_UNKNOWN, ST_DOMAIN,
        "hip structure: the frame has no side; make it with --side left or right");
  CHECK(fabs(vec3_length(f->neck_axis) - 1) < 1e-6 && fabs(vec3_length(f->shaft_axis) - 1) < 1e-6,
        ST_DOMAIN, "hip structure: the frame has no neck or shaft axis");
  const struct vec3 *n = &f->neck_point, *h = &f->head;
  CHECK(isfinite(n->x + n->y + n->z) && isfinite(h->x + h->y + h->z), ST_DOMAIN,
        "hip structure: neck point (%g, %g, %g) mm, head centre (%g, %g, %g) mm, both must be "
        "numbers; find the frame anew",
        n->x, n->y, n->z, h->x, h->y, h->z);
  CHECK(f->head_radius_mm >= RADIUS_LOW && f->head_radius_mm <= RADIUS_HIGH, ST_DOMAIN,
        "hip structure: head radius %.1f mm, permitted %g..%g mm; everything depends on the head",
        f->head_radius_mm, RADIUS_LOW, RADIUS_HIGH);
  CHECK(!(f->head_rms_mm > RMS_LIMIT), ST_DOMAIN,
        "hip structure: the head lies %.2f mm (RMS) off its sphere, permitted %g mm",
        f->head_rms_mm, RMS_LIMIT);
  CHECK(!f->truncated, ST_DOMAIN,
        "hip structure: the frame of the %s femur says that the scan cuts its upper end; measure "
        "the other side, or scan it whole",
        side_name(f->side));
  CHECK(!f->metal, ST_DOMAIN,
        "hip structure: metal beside the head of the %s femur; measure the other side",
        side_name(f->side));
done:
  return st;
}

static status check_image(const struct volume *image, const struct structure_options *o) {
  status st = ST_OK;
  double slice = structure_slice_mm(image);
  CHECK(image->quantity == QUANTITY_DENSITY || image->quantity == QUANTITY_HU, ST_DOMAIN,
        "hip structure: the volume holds %s, density or HU is needed",
        quantity_name(image->quantity));
  CHECK(slice <= SLICE_LIMIT || o->thick_slices, ST_DOMAIN,
        "hip structure: slices of %.3g mm, permitted %g mm: the cortex of the neck is thinner; "
        "--thick-slices measures with a flag",
        slice, SLICE_LIMIT);
  CHECK(isnan(o->rho_ref) || o->rho_ref > 0, ST_DOMAIN,
        "hip structure: reference density %g mg/cm3, must be positive", o->rho_ref);
  CHECK(o->cortex != QCT_CORTEX_FIXED || !isnan(o->threshold_mgcc), ST_DOMAIN,
        "hip structure: a fixed cortex without its value; give --threshold in mg/cm3");
done:
  return st;
}

static bool has_word(const char *name, const char *word) {
  for (; *name; name++) {
    size_t i = 0;
    while (word[i] && tolower((unsigned char)name[i]) == word[i]) i++;
    if (!word[i]) return true;
  }
  return false;
}

/* A label of damage or metal in the box of the femur refuses it. */
static status check_others(const struct labels *part) {
  static const char *const words[] = {"fracture", "cyst", "metal", "implant"};
  status st = ST_OK;
  for (size_t k = 0; k < part->name_count; k++)
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
      CHECK(!has_word(part->names[k].name, words[w]) ||
                labels_count(part, part->names[k].value) == 0,
            ST_DOMAIN, "hip structure: label \"%s\" lies at this femur; measure the other side",
            part->names[k].name);
done:
  return st;
}

static status check_pieces(struct labels *mask, int label, const struct hip_frame *f) {
  status st = ST_OK;
  struct labels *pieces = NULL;
  int64_t sizes[2] = {0, 0};
  int count = 0;
  TRY(filter_components(&pieces, mask, 26, 2, sizes, &count));
  CHECK(sizes[1] * 100 < sizes[0], ST_DOMAIN,
        "hip structure: label %d is in %d pieces, the second has %.0f %% of the first; are two "
        "femora in one label?",
        label, count, 100.0 * (double)sizes[1] / (double)sizes[0]);
  TRY(filter_keep_largest(mask, label, 26, NULL));
  const struct geometry *g = &mask->grid;
  for (int64_t k = 0, at = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++, at++) {
        bool face =
            i == 0 || j == 0 || k == 0 || i == g->nx - 1 || j == g->ny - 1 || k == g->nz - 1;
        if (!face || !mask->voxels[at]) continue;
        struct vec3 p = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        double below = vec3_dot(vec3_sub(f->head, p), f->shaft_axis);
        CHECK(below > f->distal_mm - CAP, ST_DOMAIN,
              "hip structure: the femur meets the edge of the scan %.0f mm %s the head centre, "
              "which it may only at its distal end (%.0f mm below)",
              fabs(below), below < 0 ? "above" : "below", f->distal_mm);
      }
done:
  labels_destroy(pieces);
  return st;
}

static status check_metal(const struct volume *part, const struct labels *mask) {
  status st = ST_OK;
  double limit = part->quantity == QUANTITY_HU ? METAL_HU : METAL_MGCC;
  for (int64_t i = 0, n = geometry_voxels(&part->grid); i < n; i++)
    CHECK(
        !mask->voxels[i] || !((double)part->voxels[i] > limit), ST_DOMAIN,
        "hip structure: a voxel of %.0f %s in the femur, permitted %.0f: metal; measure the other "
        "side",
        (double)part->voxels[i], quantity_unit(part->quantity), limit);
done:
  return st;
}

status structure_check(struct volume **part, struct labels **mask, const struct volume *image,
                       const struct labels *labels, int label, const struct hip_frame *frame,
                       const struct structure_options *options) {
  status st = ST_OK;
  const struct geometry *g = &image->grid;
  int64_t lo[3], hi[3];
  TRY(check_frame(frame));
  TRY(check_image(image, options));
  TRY(geometry_match(g, "density", &labels->grid, "labels", 0.1));
  CHECK(labels_box(labels, label, lo, hi), ST_DOMAIN,
        "hip structure: label %d is not in the label map", label);
  for (int a = 0; a < 3; a++) {
    int64_t pad = (int64_t)ceil(MARGIN / g->spacing[a]);
    lo[a] -= pad;
    hi[a] += pad;
  }
  TRY(filter_crop(part, image, lo, hi));
  TRY(filter_crop_labels(mask, labels, lo, hi));
  TRY(check_others(*mask));
  for (int64_t i = 0, n = geometry_voxels(&(*mask)->grid); i < n; i++)
    if ((*mask)->voxels[i] != label) (*mask)->voxels[i] = 0;
  TRY(check_pieces(*mask, label, frame));
  TRY(filter_fill_holes(*mask, label, -1));
  TRY(check_metal(*part, *mask));
done:
  return st;
}
