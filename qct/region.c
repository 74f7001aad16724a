#include "qct/region.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COMPARTMENTS = 3, REGIONS = 6 };
static const char *const compartment_names[COMPARTMENTS] = {"integral", "cortical", "trabecular"};
static const char *const region_names[REGIONS] = {
    "head", "neck", "trochanter", "intertrochanter", "total", "total_no_head"};

struct sums {
  int64_t voxels; /* with data */
  int64_t no_data;
  int64_t extreme; /* above 1500 mg/cm3 */
  double density;  /* sum [mg/cm3] */
};

/* Which of the six regions hold a voxel of this part of the femur. */
static bool belongs(int region, enum hip_region part) {
  if (part == HIP_SHAFT || part == HIP_OUTSIDE) return false;
  if (region == 4) return true;
  if (region == 5) return part != HIP_HEAD;
  return region == (int)part - HIP_HEAD;
}

static void add_voxel(struct sums *s, float density) {
  const float metal_mgcc = 1500; /* no bone is denser */
  if (isnan(density)) {
    s->no_data++;
    return;
  }
  s->voxels++;
  s->density += (double)density;
  s->extreme += density > metal_mgcc;
}

static void sum_regions(struct sums sums[REGIONS][COMPARTMENTS], const struct volume *density,
                        const struct labels *labels, int label, const struct labels *split,
                        const struct hip_frame *frame) {
  const struct geometry *g = &labels->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        if (labels->voxels[at] != label) continue;
        struct vec3 index = {(double)i, (double)j, (double)k};
        enum hip_region part = hip_frame_region(frame, geometry_to_world(g, index));
        for (int region = 0; region < REGIONS; region++) {
          if (!belongs(region, part)) continue;
          add_voxel(&sums[region][0], density->voxels[at]);
          add_voxel(&sums[region][split->voxels[at]], density->voxels[at]);
        }
      }
}

/* Width of the scan's voxels along their longest edge [mm]. */
static double coarsest(const struct geometry *g) {
  return fmax(g->spacing[0], fmax(g->spacing[1], g->spacing[2]));
}

static void add_flags(struct measurement *m, const struct sums *s, int compartment,
                      const struct volume *density) {
  const double fine_mm = 1.5;
  double voxel_mm = coarsest(&density->grid);
  if (s->no_data) measurement_flag(m, "%lld voxels without data left out", (long long)s->no_data);
  if (s->extreme * 1000 > s->voxels)
    measurement_flag(m, "%.1f %% above 1500 mg/cm3",
                     100.0 * (double)s->extreme / (double)s->voxels);
  if (compartment == 1 && voxel_mm > fine_mm)
    measurement_flag(m, "voxels of %.3g mm blur the cortex", voxel_mm);
  if (density->material == MATERIAL_UNSTATED) measurement_flag(m, "material not stated");
}

/* Depth below the head centre, along the shaft, at which a region ends [mm]; the bone must reach
 * it. Head and neck lie above the origin of the frame. */
static double region_end(const struct hip_frame *f, int region) {
  double origin = vec3_dot(vec3_sub(f->head, f->origin), f->shaft_axis);
  if (region <= HIP_NECK - HIP_HEAD) return -(double)INFINITY;
  if (region == HIP_TROCHANTER - HIP_HEAD) return origin;
  return isnan(f->lesser_trochanter_mm) ? origin + 2 * f->head_radius_mm
                                        : f->lesser_trochanter_mm + 10;
}

struct row {
  const char *region, *compartment, *method;
  const struct volume *density;
  const struct calibration *calibration;
  const struct qct_region_options *options;
  double distal_mm; /* where the bone ends */
  double end_mm;    /* where the region does */
};

static status add_row(struct record *r, const struct row *w, const struct sums *s, int compartment,
                      const char *kind, double value, const char *unit, double half_width) {
  const double tolerance_mm = 5; /* a thick slice */
  status st = ST_OK;
  char quantity[64];
  snprintf(quantity, sizeof quantity, "%s_%s", kind, w->compartment);
  bool enough = s->voxels >= w->options->min_voxels;
  bool whole = !(w->distal_mm < w->end_mm - tolerance_mm);
  struct measurement *m =
      record_add(r, w->region, quantity, enough && whole ? value : (double)NAN, unit);
  CHECK(m, ST_MEMORY, "density of the %s", w->region);
  m->n = s->voxels;
  snprintf(m->method, sizeof m->method, "%s", w->method);
  snprintf(m->source, sizeof m->source, "%s", compartment ? "treece2010" : "");
  if (!enough)
    measurement_flag(m, "%lld voxels, at least %d are needed", (long long)s->voxels,
                     w->options->min_voxels);
  if (!whole)
    measurement_flag(m, "the bone ends %.0f mm below the head centre, the region at %.0f mm",
                     w->distal_mm, w->end_mm);
  if (enough && whole && half_width > 0) {
    m->low = value - half_width;
    m->high = value + half_width;
  }
  add_flags(m, s, compartment, w->density);
done:
  return st;
}

static status add_compartment(struct record *r, const struct row *w, const struct sums *s,
                              int compartment) {
  status st = ST_OK;
  double volume = (double)s->voxels * geometry_voxel_mm3(&w->density->grid) / 1000; /* cm3 */
  double mean = s->voxels ? s->density / (double)s->voxels : (double)NAN;
  double half = (double)NAN;
  if (w->calibration && s->voxels)
    half = calibration_half_width(w->calibration, calibration_hu(w->calibration, mean));
  TRY(add_row(r, w, s, compartment, "volume", volume, "cm3", (double)NAN));
  TRY(add_row(r, w, s, compartment, "bmc", mean * volume, "mg", half * volume));
  TRY(add_row(r, w, s, compartment, "vbmd", mean, "mg/cm3", half));
done:
  return st;
}

static status check_inputs(const struct volume *density, const struct labels *labels, int label,
                           const struct hip_frame *frame) {
  status st = ST_OK;
  CHECK(density->quantity == QUANTITY_DENSITY, ST_DOMAIN,
        "density of the femur's regions: the volume holds %s; calibrate it first",
        quantity_name(density->quantity));
  TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.1));
  CHECK(labels_count(labels, label) > 0, ST_DOMAIN,
        "density of the femur's regions: label %d is not in the label map", label);
  CHECK(fabs(vec3_length(frame->neck_axis) - 1) < 1e-6 &&
            fabs(vec3_length(frame->shaft_axis) - 1) < 1e-6,
        ST_DOMAIN, "density of the femur's regions: the frame has no neck or shaft axis");
done:
  return st;
}

status qct_hip_regions(struct record *r, const struct volume *density, const struct labels *labels,
                       int label, const struct hip_frame *frame,
                       const struct calibration *calibration,
                       const struct qct_region_options *options) {
  static const struct qct_region_options defaults = QCT_REGION_DEFAULTS;
  status st = ST_OK;
  struct labels *split = NULL;
  struct sums sums[REGIONS][COMPARTMENTS];
  double resolved = 1;
  char method[96];
  if (!options) options = &defaults;
  memset(sums, 0, sizeof sums);
  TRY(check_inputs(density, labels, label, frame));
  TRY(qct_cortex_split(&split, &resolved, density, labels, label, options));
  sum_regions(sums, density, labels, label, split, frame);
  for (int region = 0; region < REGIONS; region++)
    for (int k = 0; k < COMPARTMENTS; k++) {
      char name[64];
      snprintf(name, sizeof name, "%s_%s", region_names[region], side_name(frame->side));
      snprintf(method, sizeof method, "frame planes/1%s%s, %s", k ? " cortex " : "",
               k ? qct_cortex_names[options->cortex] : "", material_name(density->material));
      struct row w = {.region = name,
                      .compartment = compartment_names[k],
                      .method = method,
                      .density = density,
                      .calibration = calibration,
                      .options = options,
                      .distal_mm = frame->distal_mm,
                      .end_mm = region_end(frame, region)};
      TRY(add_compartment(r, &w, &sums[region][k], k));
      bool doubtful = k && resolved < 0.5;
      for (int back = 1; doubtful && back <= 3; back++)
        measurement_flag(&r->rows[r->count - (size_t)back],
                         "cortex resolved at %.0f %% of the surface", 100 * resolved);
    }
done:
  labels_destroy(split);
  return st;
}
