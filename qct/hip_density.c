#include "qct/hip_density.h"

#include "core/filter.h"
#include "qct/edge.h"
#include "qct/hip_interval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INTEGRAL, CORTICAL, TRABECULAR, PEELED, COMPARTMENTS, REGIONS = 6 };
static const char *const compartment_names[COMPARTMENTS] = {"integral", "cortical", "trabecular",
                                                            "peeled"};
static const char *const region_names[REGIONS] = {
    "head", "neck", "trochanter", "intertrochanter", "total", "total_no_head"};

/* Sums over voxels of one region with one value of the split, [0] all values. */
struct sums {
  int64_t voxels; /* with data */
  int64_t no_data;
  int64_t extreme; /* above 1500 mg/cm3 */
  double density;  /* sum [mg/cm3] */
};

/* Sums of a region: all of it, the values of qct_cortex_split, and its peeled voxels. */
enum { ALL = 0, PEELED_PART = QCT_TRABECULAR + 1, PARTS };

/* Which of the six regions hold a voxel of this part of the femur. */
static bool belongs(int region, enum hip_region part) {
  if (part == HIP_SHAFT || part == HIP_OUTSIDE) return false;
  if (region == 4) return true;
  if (region == 5) return part != HIP_HEAD;
  return region == (int)part - HIP_HEAD;
}

static const float METAL_MGCC = 1500; /* no bone is denser */

static void add_voxel(struct sums *s, float density) {
  if (isnan(density)) {
    s->no_data++;
    return;
  }
  s->voxels++;
  s->density += (double)density;
  s->extreme += density > METAL_MGCC;
}

static void sum_regions(struct sums sums[REGIONS][PARTS], const struct volume *density,
                        const struct labels *labels, int label, const struct labels *split,
                        const struct labels *peeled, const struct hip_frame *frame) {
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
          add_voxel(&sums[region][ALL], density->voxels[at]);
          add_voxel(&sums[region][split->voxels[at]], density->voxels[at]);
          if (peeled->voxels[at]) add_voxel(&sums[region][PEELED_PART], density->voxels[at]);
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

/* Do voxels of the neck lie in the last slice of a bone that the scan cut? */
static bool neck_is_cut(const struct labels *labels, int label, const struct hip_frame *f) {
  const struct geometry *g = &labels->grid;
  double deepest = -(double)INFINITY;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        if (labels->voxels[geometry_index(g, i, j, k)] != label) continue;
        struct vec3 at = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        double depth = vec3_dot(vec3_sub(f->head, at), f->shaft_axis);
        if (depth > deepest && hip_frame_region(f, at) == HIP_NECK) deepest = depth;
      }
  return deepest > f->distal_mm - 0.75 * coarsest(g);
}

struct row {
  const char *place, *region, *compartment, *method; /* region: place and side */
  const struct volume *density;
  const struct calibration *calibration;
  const struct qct_hip_options *options;
  int guessed;      /* no thick cortex in the label: the model's cortical density is a guess */
  double distal_mm; /* where the bone ends */
  double end_mm;    /* where the region does */
  bool cut_neck;    /* the region is the neck and its lower edge meets the end of the bone */
};

static status add_row(struct record *r, const struct row *w, const struct sums *s, int compartment,
                      const char *kind, double value, const char *unit, double half_width) {
  const double tolerance_mm = 5; /* a thick slice */
  status st = ST_OK;
  char quantity[64];
  snprintf(quantity, sizeof quantity, "%s_%s", kind, w->compartment);
  bool enough = s->voxels >= w->options->min_voxels;
  bool reached = !(w->distal_mm < w->end_mm - tolerance_mm), whole = reached && !w->cut_neck;
  struct measurement *m =
      record_add(r, w->region, quantity, enough && whole ? value : (double)NAN, unit);
  CHECK(m, ST_MEMORY, "density of the %s", w->region);
  m->n = s->voxels;
  snprintf(m->method, sizeof m->method, "%s", w->method);
  measurement_source(m, compartment ? "treece2010" : "");
  if (!enough)
    measurement_flag(m, "%lld voxels, at least %d are needed", (long long)s->voxels,
                     w->options->min_voxels);
  if (w->cut_neck) measurement_flag(m, "the neck meets the end of the bone or of the scan");
  if (!reached)
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

/* What a compartment is: voxels, volume and mineral. */
struct amount {
  struct sums sums;
  double volume_cm3, mineral_mg;
  double
      thin; /* of a cortex by the model: share of its surface where it is thinner than the blur */
};

static struct sums join(const struct sums *a, const struct sums *b) {
  struct sums s = {a->voxels + b->voxels, a->no_data + b->no_data, a->extreme + b->extreme,
                   a->density + b->density};
  return s;
}

/* Amounts of a region; `edge_mg` is the mineral beyond its outline. */
static void amounts_of(struct amount out[COMPARTMENTS], const struct sums parts[PARTS],
                       double edge_mg, double voxel_cm3, const struct qct_hip_options *o) {
  struct amount *all = &out[0], *cortex = &out[1], *inner = &out[2];
  const struct sums *deep = &parts[QCT_TRABECULAR];
  all->sums = parts[ALL];
  cortex->sums = parts[QCT_CORTICAL];
  inner->sums = join(&parts[QCT_BESIDE_CORTEX], deep);
  out[PEELED].sums = parts[PEELED_PART];
  for (int k = 0; k < COMPARTMENTS; k++) {
    out[k].volume_cm3 = (double)out[k].sums.voxels * voxel_cm3;
    out[k].mineral_mg = out[k].sums.density * voxel_cm3;
  }
  if (o->as_is) return;
  all->mineral_mg += edge_mg;
  if (deep->voxels >= o->min_voxels)
    inner->mineral_mg = deep->density / (double)deep->voxels * inner->volume_cm3;
  cortex->mineral_mg = all->mineral_mg - inner->mineral_mg;
}

/* Which part of a voxel lies in each part of the femur, by points about 0.25 mm apart; the parts
 * are convex, so a voxel whose corners share one lies in it. */
static void part_shares(double shares[HIP_SHAFT + 1], const struct geometry *g,
                        const struct hip_frame *frame, int64_t i, int64_t j, int64_t k) {
  const double point_mm = 0.25;
  int n[3] = {2, 2, 2};
  for (int corners = 1; corners >= 0; corners--) {
    double one = 1.0 / (n[0] * n[1] * n[2]), most = 0;
    for (int r = 0; r <= HIP_SHAFT; r++) shares[r] = 0;
    for (int c = 0; c < n[0] * n[1] * n[2]; c++) {
      const int at[3] = {c % n[0], c / n[0] % n[1], c / (n[0] * n[1])};
      double off[3]; /* from the voxel's centre, in voxels */
      for (int a = 0; a < 3; a++) off[a] = corners ? at[a] - 0.5 : (at[a] + 0.5) / n[a] - 0.5;
      struct vec3 index = {(double)i + off[0], (double)j + off[1], (double)k + off[2]};
      shares[hip_frame_region(frame, geometry_to_world(g, index))] += one;
    }
    for (int r = 0; r <= HIP_SHAFT; r++) most = fmax(most, shares[r]);
    if (most > 1 - one / 2) return;
    for (int a = 0; a < 3; a++) n[a] = (int)ceil(g->spacing[a] / point_mm);
  }
}

/* What a voxel holds of a compartment [share of it, mg/cm3]. */
struct content {
  float share, mass;
};

/* The part `within` of a voxel; where its centre lies too it counts as one. */
static void add_content(struct amount *a, const struct content *c, double within, bool centre,
                        float density, double voxel_cm3) {
  bool counts = centre && c->share > 0.5F;
  if (isnan(density)) {
    a->sums.no_data += centre && c->share > 0;
    return;
  }
  a->sums.voxels += counts;
  a->sums.extreme += counts && density > METAL_MGCC;
  a->volume_cm3 += within * (double)c->share * voxel_cm3;
  a->mineral_mg += within * (double)c->mass * voxel_cm3;
}

/* Amounts of all regions from a shell; voxels just outside hold what blur carried there. */
static void amounts_of_shell(struct amount out[REGIONS][COMPARTMENTS], const struct qct_shell *s,
                             const struct volume *density, const struct hip_frame *frame,
                             double peel_mm) {
  const struct geometry *g = &s->grid;
  double voxel_cm3 = geometry_voxel_mm3(g) / 1000, shares[HIP_SHAFT + 1];
  for (int64_t k = 0, at = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++, at++) {
        float bone = s->bone->voxels[at], marrow = s->marrow->voxels[at];
        float mass = s->mass->voxels[at], soft = s->marrow_mass->voxels[at];
        if (bone <= 0 && !(mass < 0 || mass > 0)) continue;
        float raw = density->voxels[geometry_index(&density->grid, s->first[0] + i, s->first[1] + j,
                                                   s->first[2] + k)];
        const struct content contents[COMPARTMENTS] = {
            [INTEGRAL] = {bone, mass},
            [CORTICAL] = {bone - marrow, mass - soft},
            [TRABECULAR] = {marrow, soft},
            [PEELED] = {(double)s->depth->voxels[at] >= peel_mm, raw}};
        struct vec3 index = {(double)i, (double)j, (double)k};
        enum hip_region centre = hip_frame_region(frame, geometry_to_world(g, index));
        part_shares(shares, g, frame, i, j, k);
        for (int part = HIP_HEAD; part < HIP_SHAFT; part++)
          for (int region = 0; region < REGIONS && shares[part] > 0; region++) {
            if (!belongs(region, (enum hip_region)part)) continue;
            for (int c = 0; c < COMPARTMENTS; c++)
              if (c != PEELED || contents[PEELED].share > 0)
                add_content(&out[region][c], &contents[c], shares[part], (int)centre == part, raw,
                            voxel_cm3);
          }
      }
}

/* Where cortex is thinner than the blur (full width at half maximum) thickness and density cannot
 * be told apart: two profiles of one mass differ by less than noise. */
static void note_blur(struct amount out[REGIONS][COMPARTMENTS], const struct qct_shell *s,
                      const struct hip_frame *frame) {
  const double width = 2.3548; /* standard deviations */
  double all[REGIONS] = {0}, thin[REGIONS] = {0};
  for (int64_t v = 0; v < s->surface->vertex_count; v++) {
    enum hip_region part = hip_frame_region(frame, s->surface->vertices[v]);
    for (int region = 0; region < REGIONS; region++) {
      if (!belongs(region, part)) continue;
      all[region]++;
      thin[region] += (double)s->thickness_mm[v] < width * qct_shell_sigma(s, v);
    }
  }
  for (int region = 0; region < REGIONS; region++)
    if (all[region] > 0) out[region][CORTICAL].thin = thin[region] / all[region];
}

/* What the model leaves of an error: half of the 95 % interval of one quantity of a compartment; 0
 * for the other cortices, of which it is not known. */
static double model_half(const struct row *w, int compartment, const char *kind, double value) {
  char quantity[64];
  /* of a peeled part only the density was looked at, and taken to be a trabecular one */
  bool as_trabecular = compartment == PEELED && strcmp(kind, "vbmd") == 0;
  if (w->options->cortex != QCT_CORTEX_MODEL) return 0;
  snprintf(quantity, sizeof quantity, "%s_%s", kind,
           as_trabecular ? compartment_names[TRABECULAR] : w->compartment);
  return qct_hip_half_width(w->density->grid.spacing, w->place, quantity, value);
}

static status add_compartment(struct record *r, const struct row *w, const struct amount *a,
                              int compartment) {
  status st = ST_OK;
  double mean = a->sums.voxels ? a->mineral_mg / a->volume_cm3 : (double)NAN;
  double line = NAN, volume = a->volume_cm3, per = compartment == TRABECULAR ? volume : 1;
  if (w->calibration && a->sums.voxels)
    line = calibration_half_width(w->calibration, calibration_hu(w->calibration, mean));
  double of_volume = model_half(w, compartment, "volume", volume);
  double of_content = per * model_half(w, compartment, "bmc", a->mineral_mg);
  double of_density = model_half(w, compartment, "vbmd", mean);
  TRY(add_row(r, w, &a->sums, compartment, "volume", volume, "cm3", of_volume));
  TRY(add_row(r, w, &a->sums, compartment, "bmc", a->mineral_mg, "mg",
              hypot(line * volume, of_content)));
  TRY(add_row(r, w, &a->sums, compartment, "vbmd", mean, "mg/cm3", hypot(line, of_density)));
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

/* Mineral beyond the outline of one of the six regions. */
static double region_edge(const double edge_mg[HIP_SHAFT + 1], int region) {
  double sum = 0;
  for (int part = HIP_HEAD; part < HIP_SHAFT; part++)
    if (belongs(region, (enum hip_region)part)) sum += edge_mg[part];
  return sum;
}

/* How a compartment was made: the planes, the separation with its number, corrections, material. */
static void method_words(char out[96], const struct row *w, int compartment) {
  const struct qct_hip_options *o = w->options;
  char threshold[24] = "", peel[24] = "";
  if (o->cortex == QCT_CORTEX_FIXED)
    snprintf(threshold, sizeof threshold, " %.6g mg/cm3", o->threshold_mgcc);
  if (compartment == PEELED) snprintf(peel, sizeof peel, " peeled %.3g mm", o->peel_mm);
  bool corrected = !o->as_is && o->cortex != QCT_CORTEX_MODEL && compartment != PEELED;
  snprintf(out, 96, "frame planes/1 cortex %s%s%s%s, %s", qct_cortex_names[o->cortex], threshold,
           peel, corrected ? " edge-corrected" : "", material_name(w->density->material));
}

/* The model's cortical density was not read from this bone: what depends on it alone is withheld.
 */
static void note_guess(struct measurement *m, int compartment) {
  measurement_flag(m, "no thick cortex in the label: the %s is a guess",
                   compartment == INTEGRAL ? "blur at its edge" : "cortical density");
  if (compartment == CORTICAL && strcmp(m->quantity, "bmc_cortical") != 0)
    m->value = m->low = m->high = (double)NAN;
}

static status add_region(struct record *r, struct row *w, const struct amount amounts[COMPARTMENTS],
                         double resolved) {
  status st = ST_OK;
  const double half = 0.5; /* of the surface */
  bool no_interval =
      w->options->cortex == QCT_CORTEX_MODEL && !qct_hip_interval_known(w->density->grid.spacing);
  for (int k = 0; k < COMPARTMENTS; k++) {
    char method[96];
    size_t first = r->count;
    method_words(method, w, k);
    w->compartment = compartment_names[k];
    w->method = method;
    TRY(add_compartment(r, w, &amounts[k], k));
    for (size_t i = first; w->guessed && i < r->count; i++) note_guess(&r->rows[i], k);
    for (size_t i = first; no_interval && i < r->count; i++)
      measurement_flag(&r->rows[i], "no interval: its error is known for voxels of 1 x 1 x 3.5 mm "
                                    "at most");
    for (size_t i = first; amounts[k].thin > half && i < r->count; i++)
      measurement_flag(&r->rows[i],
                       "cortex thinner than the blur at %.0f %%: mass is measured, density assumed",
                       100 * amounts[k].thin);
    for (size_t i = first; k && resolved < half && i < r->count; i++)
      measurement_flag(&r->rows[i], "cortex resolved at %.0f %% of the surface", 100 * resolved);
  }
done:
  return st;
}

/* Trabecular voxels at least peel_mm from where the trabecular space ends. */
static status peel(struct labels **out, const struct labels *split, double peel_mm) {
  status st = ST_OK;
  TRY(labels_copy(out, split));
  int64_t n = geometry_voxels(&split->grid);
  for (int64_t i = 0; i < n; i++) (*out)->voxels[i] = split->voxels[i] > QCT_CORTICAL;
  if (peel_mm > 0) TRY(filter_grow(*out, 1, -peel_mm, 0));
done:
  return st;
}

/* Amounts of all regions by the model. */
static status measure_model(struct amount out[REGIONS][COMPARTMENTS], double *resolved,
                            int *guessed, const struct volume *density, const struct labels *labels,
                            int label, const struct hip_frame *frame, double peel_mm,
                            const struct qct_shell *shell) {
  status st = ST_OK;
  struct qct_shell *own = NULL;
  if (!shell) {
    TRY(qct_shell_make(&own, density, labels, label));
    shell = own;
  }
  *resolved = shell->resolved;
  *guessed = !shell->calibrated;
  amounts_of_shell(out, shell, density, frame, peel_mm);
  note_blur(out, shell, frame);
done:
  qct_shell_destroy(own);
  return st;
}

/* Amounts of all regions by a split of voxels. */
static status measure_split(struct amount out[REGIONS][COMPARTMENTS], double *resolved,
                            const struct volume *density, const struct labels *labels, int label,
                            const struct hip_frame *frame, const struct qct_hip_options *options) {
  status st = ST_OK;
  struct labels *split = NULL, *peeled = NULL;
  struct surface *surface = NULL;
  struct sums sums[REGIONS][PARTS];
  double edge_mg[HIP_SHAFT + 1] = {0};
  memset(sums, 0, sizeof sums);
  TRY(qct_bone_surface(&surface, labels, label));
  TRY(qct_cortex_split(&split, resolved, density, labels, label, surface, options));
  if (!options->as_is) TRY(qct_edge_mass(edge_mg, density, labels, label, surface, frame));
  TRY(peel(&peeled, split, options->peel_mm));
  sum_regions(sums, density, labels, label, split, peeled, frame);
  for (int region = 0; region < REGIONS; region++)
    amounts_of(out[region], sums[region], region_edge(edge_mg, region),
               geometry_voxel_mm3(&density->grid) / 1000, options);
done:
  labels_destroy(split);
  labels_destroy(peeled);
  surface_destroy(surface);
  return st;
}

status qct_hip_regions(struct record *r, const struct volume *density, const struct labels *labels,
                       int label, const struct hip_frame *frame,
                       const struct calibration *calibration, const struct qct_hip_options *options,
                       const struct qct_shell *shell) {
  static const struct qct_hip_options defaults = QCT_HIP_DEFAULTS;
  status st = ST_OK;
  struct amount amounts[REGIONS][COMPARTMENTS];
  double resolved = 1;
  int guessed = 0;
  if (!options) options = &defaults;
  memset(amounts, 0, sizeof amounts);
  TRY(check_inputs(density, labels, label, frame));
  CHECK(options->peel_mm >= 0 && options->peel_mm <= 10, ST_DOMAIN,
        "density of the femur's regions: peeled by %g mm; 0 to 10 mm are permitted",
        options->peel_mm);
  CHECK(!options->as_is || options->cortex != QCT_CORTEX_MODEL, ST_DOMAIN,
        "density of the femur's regions: sums without edge correction need the cortex half-max or "
        "fixed; the model corrects by itself");
  if (options->cortex == QCT_CORTEX_MODEL)
    TRY(measure_model(amounts, &resolved, &guessed, density, labels, label, frame, options->peel_mm,
                      shell));
  else
    TRY(measure_split(amounts, &resolved, density, labels, label, frame, options));
  bool cut_neck = neck_is_cut(labels, label, frame);
  for (int region = 0; region < REGIONS; region++) {
    char name[64];
    snprintf(name, sizeof name, "%s_%s", region_names[region], side_name(frame->side));
    struct row w = {.place = region_names[region],
                    .region = name,
                    .density = density,
                    .calibration = calibration,
                    .options = options,
                    .guessed = guessed,
                    .distal_mm = frame->distal_mm,
                    .end_mm = region_end(frame, region),
                    .cut_neck = cut_neck && region == HIP_NECK - HIP_HEAD};
    TRY(add_region(r, &w, amounts[region], resolved));
  }
done:
  return st;
}
