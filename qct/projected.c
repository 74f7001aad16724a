#include "qct/projected.h"

#include "core/parallel.h"
#include "qct/hip_interval.h"
#include "qct/shell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINER = 4 };                   /* pixels of the silhouette to one of the image, each way */
static const double PIECE = 0.5;      /* mm, largest part of a voxel that falls into one pixel */
static const double MARGIN = 6;       /* mm around the bone */
static const double TOLERANCE_MM = 5; /* a thick slice */

struct sheet { /* the silhouette's raster */
  int nx, nz;
  uint8_t *covered; /* owned */
};

static struct vec3 local_of(const struct hip_frame *f, const struct vec3 axes[3], struct vec3 p) {
  struct vec3 d = vec3_sub(p, f->origin);
  return vec3_make(vec3_dot(d, axes[0]), vec3_dot(d, axes[1]), vec3_dot(d, axes[2]));
}

static struct vec3 world_of(const struct hip_frame *f, const struct vec3 axes[3], double x,
                            double z) {
  return vec3_along(vec3_along(f->origin, x, axes[0]), z, axes[2]);
}

/* ---- silhouette ---- */

static double edge(const double a[2], const double b[2], double x, double z) {
  return (b[0] - a[0]) * (z - a[1]) - (b[1] - a[1]) * (x - a[0]);
}

/* Mark the pixels whose centre lies in a triangle; corners in pixels of the sheet. */
static void cover_triangle(struct sheet *s, const double c[3][2]) {
  double turn = edge(c[0], c[1], c[2][0], c[2][1]) < 0 ? -1 : 1;
  int i0 = (int)ceil(fmin(c[0][0], fmin(c[1][0], c[2][0])));
  int i1 = (int)floor(fmax(c[0][0], fmax(c[1][0], c[2][0])));
  int j0 = (int)ceil(fmin(c[0][1], fmin(c[1][1], c[2][1])));
  int j1 = (int)floor(fmax(c[0][1], fmax(c[1][1], c[2][1])));
  for (int j = j0 > 0 ? j0 : 0; j <= j1 && j < s->nz; j++)
    for (int i = i0 > 0 ? i0 : 0; i <= i1 && i < s->nx; i++)
      if (turn * edge(c[0], c[1], i, j) >= 0 && turn * edge(c[1], c[2], i, j) >= 0 &&
          turn * edge(c[2], c[0], i, j) >= 0)
        s->covered[(int64_t)j * s->nx + i] = 1;
}

/* Corners of the outer surface in the plane of the picture. Without thick cortex the fit's cortical
 * density is a guess and so are its edges: then the outline is the mask's. */
static status outer_corners(double (**out)[2], const struct qct_shell *s, const struct hip_frame *f,
                            const struct vec3 axes[3]) {
  status st = ST_OK;
  int64_t n = s->surface->vertex_count;
  *out = malloc((size_t)n * sizeof **out);
  CHECK(*out, ST_MEMORY, "projection of the femur: out of memory");
  for (int64_t i = 0; i < n; i++) {
    double in = s->calibrated ? (double)s->outer_mm[i] : 0;
    struct vec3 p = vec3_along(s->surface->vertices[i], -in, s->surface->normals[i]);
    struct vec3 l = local_of(f, axes, p);
    (*out)[i][0] = l.x;
    (*out)[i][1] = l.z;
  }
done:
  return st;
}

static status make_silhouette(struct qct_projected *p, struct sheet *sheet,
                              const struct qct_shell *s, const struct hip_frame *f,
                              const struct vec3 axes[3]) {
  status st = ST_OK;
  double(*corner)[2] = NULL, low[2] = {1e9, 1e9}, high[2] = {-1e9, -1e9};
  TRY(outer_corners(&corner, s, f, axes));
  for (int64_t i = 0; i < s->surface->vertex_count; i++)
    for (int a = 0; a < 2; a++) {
      low[a] = fmin(low[a], corner[i][a]);
      high[a] = fmax(high[a], corner[i][a]);
    }
  p->x0 = floor(low[0] - MARGIN);
  p->z0 = floor(low[1] - MARGIN);
  p->nx = (int)(ceil(high[0] + MARGIN) - p->x0) + 1;
  p->nz = (int)(ceil(high[1] + MARGIN) - p->z0) + 1;
  sheet->nx = p->nx * FINER;
  sheet->nz = p->nz * FINER;
  sheet->covered = calloc((size_t)sheet->nx * (size_t)sheet->nz, 1);
  p->abmd = calloc((size_t)p->nx * (size_t)p->nz, sizeof *p->abmd);
  p->covered = calloc((size_t)p->nx * (size_t)p->nz, sizeof *p->covered);
  CHECK(sheet->covered && p->abmd && p->covered, ST_MEMORY,
        "projection of the femur: out of memory");
  /* pixel i of the sheet has its centre at x0 - 0.5 + (i + 0.5)/FINER */
  for (int64_t t = 0; t < s->surface->triangle_count; t++) {
    double c[3][2];
    for (int k = 0; k < 3; k++) {
      const double *at = corner[s->surface->triangles[3 * t + k]];
      c[k][0] = (at[0] - p->x0 + 0.5) * FINER - 0.5;
      c[k][1] = (at[1] - p->z0 + 0.5) * FINER - 0.5;
    }
    cover_triangle(sheet, (const double(*)[2])c);
  }
done:
  free(corner);
  return st;
}

static void sum_areas(struct qct_projected *p, const struct sheet *sheet, const struct hip_frame *f,
                      const struct vec3 axes[3]) {
  const double pixel_cm2 = 0.01 / (FINER * FINER);
  for (int j = 0; j < sheet->nz; j++)
    for (int i = 0; i < sheet->nx; i++) {
      if (!sheet->covered[(int64_t)j * sheet->nx + i]) continue;
      struct vec3 at =
          world_of(f, axes, p->x0 - 0.5 + (i + 0.5) / FINER, p->z0 - 0.5 + (j + 0.5) / FINER);
      enum hip_region region = hip_frame_projected_region(f, at);
      p->regions[region].area_cm2 += pixel_cm2;
      if (region == HIP_NECK)
        p->neck_mm = fmax(p->neck_mm, vec3_dot(vec3_sub(f->head, at), f->shaft_axis));
      p->covered[(int64_t)(j / FINER) * p->nx + i / FINER] += 1.0F / (FINER * FINER);
    }
}

/* ---- mineral ---- */

/* Spread a mass [g] over the four pixels around (x, z). */
static void drop(const struct qct_projected *p, double *mass, double x, double z, double g) {
  double u = x - p->x0, v = z - p->z0;
  int i = (int)floor(u), j = (int)floor(v);
  u -= i;
  v -= j;
  for (int k = 0; k < 4; k++) {
    int a = i + (k & 1), b = j + (k >> 1);
    double share = (k & 1 ? u : 1 - u) * (k >> 1 ? v : 1 - v);
    if (a >= 0 && b >= 0 && a < p->nx && b < p->nz) mass[(int64_t)b * p->nx + a] += share * g;
  }
}

struct pieces { /* a voxel in equal parts, their places in index space */
  int n[3];
  int count;
};

static struct pieces pieces_of(const struct geometry *g) {
  struct pieces p = {{1, 1, 1}, 1};
  for (int a = 0; a < 3; a++) {
    p.n[a] = (int)ceil(g->spacing[a] / PIECE);
    p.count *= p.n[a];
  }
  return p;
}

static void drop_voxel(struct qct_projected *p, double *mass, const struct hip_frame *f,
                       const struct vec3 axes[3], const struct geometry *g,
                       const struct pieces *parts, struct vec3 index, double grams, double cm3) {
  for (int m = 0; m < parts->count; m++) {
    int a = m % parts->n[0], b = m / parts->n[0] % parts->n[1], c = m / (parts->n[0] * parts->n[1]);
    struct vec3 at = {index.x + (a + 0.5) / parts->n[0] - 0.5,
                      index.y + (b + 0.5) / parts->n[1] - 0.5,
                      index.z + (c + 0.5) / parts->n[2] - 0.5};
    struct vec3 world = geometry_to_world(g, at), l = local_of(f, axes, world);
    drop(p, mass, l.x, l.z, grams / parts->count);
    struct projected_amount *to = &p->regions[hip_frame_projected_region(f, world)];
    to->bmc_g += grams / parts->count;
    to->volume_cm3 += cm3 / parts->count;
  }
}

/* One after the other: the sums must not depend on the number of threads, and there are few voxels.
 */
static status sum_mineral(struct qct_projected *p, const struct qct_shell *s,
                          const struct hip_frame *f, const struct vec3 axes[3]) {
  status st = ST_OK;
  const struct geometry *g = &s->grid;
  const double voxel_cm3 = geometry_voxel_mm3(g) / 1000, pixel_cm2 = 0.01;
  struct pieces parts = pieces_of(g);
  double *mass = calloc((size_t)p->nx * (size_t)p->nz, sizeof *mass);
  CHECK(mass, ST_MEMORY, "projection of the femur: out of memory");
  for (int64_t k = 0, at = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++, at++) {
        double grams = (double)s->mass->voxels[at] * voxel_cm3 / 1000;
        if (!(grams < 0 || grams > 0)) continue;
        struct vec3 index = {(double)i, (double)j, (double)k};
        drop_voxel(p, mass, f, axes, g, &parts, index, grams,
                   (double)s->bone->voxels[at] * voxel_cm3);
      }
  for (int64_t i = 0; i < (int64_t)p->nx * p->nz; i++) p->abmd[i] = (float)(mass[i] / pixel_cm2);
done:
  free(mass);
  return st;
}

static void close_amounts(struct qct_projected *p) {
  for (int r = HIP_NECK; r <= HIP_INTERTROCHANTER; r++) {
    p->total.bmc_g += p->regions[r].bmc_g;
    p->total.area_cm2 += p->regions[r].area_cm2;
    p->total.volume_cm3 += p->regions[r].volume_cm3;
  }
  for (int r = 0; r <= HIP_SHAFT + 1; r++) {
    struct projected_amount *a = r > HIP_SHAFT ? &p->total : &p->regions[r];
    a->abmd = a->area_cm2 > 0 ? a->bmc_g / a->area_cm2 : (double)NAN;
  }
}

static status check(const struct volume *density, const struct hip_frame *f) {
  status st = ST_OK;
  CHECK(density->quantity == QUANTITY_DENSITY, ST_DOMAIN,
        "projection of the femur: the volume holds %s; calibrate it first",
        quantity_name(density->quantity));
  CHECK(f->side != SIDE_UNKNOWN, ST_DOMAIN, "projection of the femur: the frame has no side");
  CHECK(fabs(vec3_length(f->neck_axis) - 1) < 1e-6 && fabs(vec3_length(f->shaft_axis) - 1) < 1e-6,
        ST_DOMAIN, "projection of the femur: the frame has no neck or shaft axis");
  CHECK(!f->metal, ST_DOMAIN,
        "projection of the femur: metal beside the head of the %s femur; measure the other side",
        side_name(f->side));
done:
  return st;
}

status qct_projected_make(struct qct_projected **out, const struct volume *density,
                          const struct labels *labels, int label, const struct hip_frame *frame,
                          const struct qct_shell *shell) {
  status st = ST_OK;
  struct qct_projected *p = calloc(1, sizeof *p);
  struct qct_shell *own = NULL;
  struct sheet sheet = {0, 0, NULL};
  struct vec3 axes[3];
  CHECK(p, ST_MEMORY, "projection of the femur: out of memory");
  TRY(check(density, frame));
  hip_frame_axes(frame, axes);
  if (!shell) {
    TRY(qct_shell_make(&own, density, labels, label));
    shell = own;
  }
  TRY(make_silhouette(p, &sheet, shell, frame, axes));
  sum_areas(p, &sheet, frame, axes);
  TRY(sum_mineral(p, shell, frame, axes));
  close_amounts(p);
  const double *s = density->grid.spacing;
  p->slice_mm = fmax(s[0], fmax(s[1], s[2]));
  memcpy(p->spacing, s, sizeof p->spacing);
  p->material = density->material;
  p->distal_mm = frame->distal_mm;
  p->origin_mm = vec3_dot(vec3_sub(frame->head, frame->origin), frame->shaft_axis);
  p->end_mm = isnan(frame->lesser_trochanter_mm) ? p->origin_mm + 2 * frame->head_radius_mm
                                                 : frame->lesser_trochanter_mm + 10;
  *out = p;
  p = NULL;
done:
  free(sheet.covered);
  qct_shell_destroy(own);
  qct_projected_destroy(p);
  return st;
}

void qct_projected_destroy(struct qct_projected *p) {
  if (!p) return;
  free(p->abmd);
  free(p->covered);
  free(p);
}

/* ---- rows ---- */

struct row {
  struct record *r;
  const struct qct_projected *p;
  const struct calibration *calibration;
  const struct t_reference *reference;
  const struct abmd_correction *correction;
  char place[48];   /* "projected_neck" */
  char region[64];  /* with the side */
  char reason[160]; /* withheld when not empty */
};

static status add(const struct row *w, const char *quantity, double value, const char *unit,
                  const char *source, struct measurement **out) {
  status st = ST_OK;
  struct measurement *m =
      record_add(w->r, w->region, quantity, w->reason[0] ? (double)NAN : value, unit);
  CHECK(m, ST_MEMORY, "rows of the projection");
  snprintf(m->method, sizeof m->method, "projected/1, shell, %s", material_name(w->p->material));
  measurement_source(m, source);
  if (w->reason[0]) measurement_flag(m, "%s", w->reason);
  if (w->correction)
    measurement_flag(m, "corrected by %.60s", w->correction->source);
  else
    measurement_flag(m, "uncorrected %s projection", material_name(w->p->material));
  if (w->p->slice_mm > 3) measurement_flag(m, "slices of %.3g mm", w->p->slice_mm);
  *out = m;
done:
  return st;
}

static status add_score(const struct row *w, enum t_site site, double abmd, double low,
                        double high) {
  status st = ST_OK;
  struct measurement *m;
  double t = t_score(w->reference, site, abmd);
  TRY(add(w, "t_score", t, "", w->reference->source, &m));
  m->low = t_score(w->reference, site, low);
  m->high = t_score(w->reference, site, high);
  snprintf(m->method, sizeof m->method, "projected/1, reference %s", w->reference->key);
  TRY(add(w, "who_class", (double)who_class_of(t), "", "iscd2023", &m));
  snprintf(m->method, sizeof m->method, "projected/1, reference %s", w->reference->key);
  if (!w->reason[0]) measurement_flag(m, "%s", who_class_name(who_class_of(t)));
done:
  return st;
}

/* 95 % interval of a value: its own error, and that of the calibration for what goes with the mean
 * density of the region by `per_mgcc`. */
static void add_interval(const struct row *w, struct measurement *m,
                         const struct projected_amount *a, double per_mgcc) {
  double half = qct_hip_half_width(w->p->spacing, w->place, m->quantity, m->value);
  if (isnan(m->value)) return;
  if (per_mgcc != 0) {
    if (!w->calibration || !(a->volume_cm3 > 0)) return;
    double mean = 1000 * a->bmc_g / a->volume_cm3;
    half = hypot(half, per_mgcc * calibration_half_width(w->calibration,
                                                         calibration_hu(w->calibration, mean)));
  }
  m->low = m->value - half;
  m->high = m->value + half;
}

static status add_amount(const struct row *w, const struct projected_amount *a, int site) {
  status st = ST_OK;
  struct measurement *m;
  double abmd = a->abmd, slope = 1;
  if (w->correction) {
    slope = w->correction->slope;
    abmd = w->correction->intercept + slope * abmd;
  }
  TRY(add(w, "area_projected", a->area_cm2, "cm2", "cann2014", &m));
  m->flags[w->reason[0] ? strlen(m->flags) : 0] = '\0'; /* an area needs no correction */
  add_interval(w, m, a, 0);
  TRY(add(w, "bmc_projected", a->bmc_g, "g", "cann2014", &m));
  add_interval(w, m, a, a->volume_cm3 / 1000);
  TRY(add(w, "abmd", abmd, "g/cm2", "cann2014", &m));
  add_interval(w, m, a, slope * a->volume_cm3 / 1000 / a->area_cm2);
  double low = m->low, high = m->high;
  if (w->reference && site < T_SITES) TRY(add_score(w, (enum t_site)site, abmd, low, high));
done:
  return st;
}

void qct_projected_reason(char out[160], const struct qct_projected *p, int region) {
  const double last_slice = 0.75 * p->slice_mm;
  double end = region == HIP_TROCHANTER ? p->origin_mm : p->end_mm;
  out[0] = '\0';
  if (region == HIP_NECK && p->neck_mm > p->distal_mm - last_slice)
    snprintf(out, 160, "the box of the neck meets the end of the bone or of the scan");
  if (region != HIP_NECK && p->distal_mm < end - TOLERANCE_MM)
    snprintf(out, 160, "the bone ends %.0f mm below the head centre, the region at %.0f mm",
             p->distal_mm, end);
}

status qct_projected_rows(struct record *r, const struct qct_projected *p,
                          const struct hip_frame *frame, const struct calibration *calibration,
                          const struct t_reference *reference,
                          const struct abmd_correction *correction) {
  static const struct {
    const char *name;
    int region, site;
  } rows[] = {{"neck", HIP_NECK, T_NECK},
              {"trochanter", HIP_TROCHANTER, T_SITES},
              {"intertrochanter", HIP_INTERTROCHANTER, T_SITES},
              {"total", 0, T_TOTAL}};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct row w = {.r = r,
                    .p = p,
                    .calibration = calibration,
                    .reference = reference,
                    .correction = correction};
    snprintf(w.place, sizeof w.place, "projected_%s", rows[i].name);
    snprintf(w.region, sizeof w.region, "%s_%s", w.place, side_name(frame->side));
    qct_projected_reason(w.reason, p, rows[i].region);
    TRY(add_amount(&w, rows[i].region ? &p->regions[rows[i].region] : &p->total, rows[i].site));
  }
done:
  return st;
}
