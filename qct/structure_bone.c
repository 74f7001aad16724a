#include "qct/structure_bone.h"

#include "core/filter.h"
#include "core/parallel.h"
#include "qct/hip_density.h"

#include <math.h>
#include <stdlib.h>

static const double MARROW_MM = 2; /* the model's marrow varies no faster: SD of its smoothing */

void structure_bone_free(struct structure_bone *b) {
  if (!b->label) free(b->outer.vertices); /* else they are the label's */
  surface_destroy(b->label);
  free(b->inner.vertices);
  volume_destroy(b->marrow);
  volume_destroy(b->level);
  cubic_destroy(b->rest);
}

static status moved_surface(struct surface *out, const struct qct_shell *s, bool inner) {
  status st = ST_OK;
  *out = *s->surface;
  out->vertices = malloc((size_t)out->vertex_count * sizeof *out->vertices);
  CHECK(out->vertices, ST_MEMORY, "sections of the femur: out of memory");
  for (int64_t i = 0; i < out->vertex_count; i++) {
    double in = (double)s->outer_mm[i] + (inner ? (double)s->thickness_mm[i] : 0);
    out->vertices[i] = vec3_along(s->surface->vertices[i], -in, s->surface->normals[i]);
  }
done:
  return st;
}

/* Share of marrow space from a split of voxels: 1 inside the bone where there is no cortex. */
static status split_marrow(struct volume **out, double *resolved, const struct volume *image,
                           const struct labels *labels, int label,
                           const struct structure_options *o) {
  status st = ST_OK;
  struct qct_hip_options how = QCT_HIP_DEFAULTS;
  struct surface *surface = NULL;
  struct labels *split = NULL;
  how.cortex = o->cortex;
  how.threshold_mgcc = o->threshold_mgcc;
  TRY(qct_bone_surface(&surface, labels, label));
  TRY(qct_cortex_split(&split, resolved, image, labels, label, surface, &how));
  TRY(volume_create(out, &image->grid, QUANTITY_PROBABILITY));
  for (int64_t i = 0, n = geometry_voxels(&image->grid); i < n; i++)
    (*out)->voxels[i] = split->voxels[i] > QCT_CORTICAL;
done:
  surface_destroy(surface);
  labels_destroy(split);
  return st;
}

/* Density of the marrow space as a smooth field, continued beyond it. */
static status marrow_level(struct volume **out, const struct qct_shell *s) {
  status st = ST_OK;
  struct volume *mass = NULL, *share = NULL, *known = NULL;
  double sum = 0, count = 0;
  int64_t n = geometry_voxels(&s->grid);
  TRY(volume_copy(&known, s->marrow_mass));
  volume_fill_no_data(known, 0);
  TRY(filter_gaussian(&mass, known, MARROW_MM));
  TRY(filter_gaussian(&share, s->marrow, MARROW_MM));
  for (int64_t i = 0; i < n; i++) {
    sum += (double)known->voxels[i];
    count += (double)s->marrow->voxels[i];
  }
  float mean = count > 0 ? (float)(sum / count) : 0;
  for (int64_t i = 0; i < n; i++)
    mass->voxels[i] = share->voxels[i] > 1e-3F ? mass->voxels[i] / share->voxels[i] : mean;
  *out = mass;
  mass = NULL;
done:
  volume_destroy(known);
  volume_destroy(mass);
  volume_destroy(share);
  return st;
}

/* SD along the index axes of the blur that is no box of the voxels. */
static void blur_beside_box(double out[3], const struct qct_shell *s) {
  for (int a = 0; a < 3; a++) {
    double along = vec3_dot(geometry_axis(&s->grid, a), s->slice_axis), h = s->grid.spacing[a];
    double variance = s->sigma_mm * s->sigma_mm - h * h / 12;
    if (along * along > 0.5) variance = s->slice_sigma_mm * s->slice_sigma_mm;
    out[a] = sqrt(fmax(variance, 0));
  }
}

/* Mineral of the voxels; of a neck without the layer that lies on it, the capsule of the joint. */
static status take_mineral(struct volume **out, const struct structure_bone *b,
                           const struct qct_shell *s) {
  status st = ST_OK;
  const struct geometry *g = &s->grid;
  TRY(volume_copy(out, s->mass));
  volume_fill_no_data(*out, 0);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t at = 0; at < geometry_voxels(g); at++) {
    struct vec3 index = {(double)(at % g->nx), (double)(at / g->nx % g->ny),
                         (double)(at / (g->nx * g->ny))};
    if (s->layer_mass->voxels[at] > 0 &&
        hip_frame_region(b->frame, geometry_to_world(g, index)) == HIP_NECK)
      (*out)->voxels[at] -= s->layer_mass->voxels[at];
  }
done:
  return st;
}

/* That without what the voxels hold of the model. */
static status make_rest(struct structure_bone *b, const struct qct_shell *s) {
  status st = ST_OK;
  struct volume *model = NULL, *blurred = NULL, *rest = NULL;
  double sigma[3];
  int64_t n = geometry_voxels(&s->grid);
  TRY(volume_copy(&model, s->bone));
  for (int64_t i = 0; i < n; i++) {
    double marrow = (double)s->marrow->voxels[i];
    double cortex = (double)s->bone->voxels[i] - marrow;
    model->voxels[i] = (float)(b->cortical_mgcc * cortex + (double)b->level->voxels[i] * marrow);
  }
  blur_beside_box(sigma, s);
  TRY(filter_gaussian_axes(&blurred, model, sigma));
  TRY(take_mineral(&rest, b, s));
  for (int64_t i = 0; i < n; i++) rest->voxels[i] -= blurred->voxels[i];
  TRY(cubic_create(&b->rest, rest));
done:
  volume_destroy(rest);
  volume_destroy(model);
  volume_destroy(blurred);
  return st;
}

status structure_bone_of_shell(struct structure_bone *b, const struct qct_shell *s,
                               struct qct_structure *q, const struct labels *labels, int label) {
  status st = ST_OK;
  b->cortical_mgcc = s->cortical_mgcc;
  b->sigma_mm = s->sigma_mm;
  b->slice_sigma_mm = s->slice_sigma_mm;
  b->slice_axis = s->slice_axis;
  TRY(moved_surface(&b->outer, s, false));
  TRY(moved_surface(&b->inner, s, true));
  TRY(marrow_level(&b->level, s));
  TRY(make_rest(b, s));
  if (q->options.cortex == QCT_CORTEX_MODEL) {
    q->resolved = s->resolved;
    q->guessed = !s->calibrated;
    q->cortical_spread = s->cortical_sd / s->cortical_mgcc;
  } else {
    TRY(split_marrow(&b->marrow, &q->resolved, q->image, labels, label, &q->options));
  }
done:
  return st;
}

status structure_bone_of_label(struct structure_bone *b, const struct labels *labels, int label) {
  status st = ST_OK;
  TRY(qct_bone_surface(&b->label, labels, label));
  b->outer = *b->label;
done:
  return st;
}

void structure_bone_variance(double out[3], const struct structure_bone *b, struct vec3 up,
                             struct vec3 front) {
  double plane = b->sigma_mm * b->sigma_mm,
         slice = b->slice_mm * b->slice_mm / 12 + b->slice_sigma_mm * b->slice_sigma_mm;
  double u = vec3_dot(up, b->slice_axis), f = vec3_dot(front, b->slice_axis);
  out[0] = plane * (1 - u * u) + slice * u * u;
  out[1] = plane * (1 - f * f) + slice * f * f;
  out[2] = (slice - plane) * u * f;
}
