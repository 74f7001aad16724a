#include "phantom/paint.h"

#include "core/parallel.h"
#include "core/progress.h"

#include <math.h>
#include <stdlib.h>

enum { TILE = 8 };
static const double texture_cell_mm = 0.85;

struct job {
  const struct scene *scene;
  const struct geometry *grid;
  struct paint_options options;
  struct vec3 axis[3];  /* world step of one voxel */
  struct vec3 box[3];   /* world edges of a voxel's box */
  double half_diagonal; /* of a voxel's box */
  int cells[3];         /* a voxel at an interface is first cut into these, about cubes */
  int fine[3];          /* a voxel in a texture is averaged over these */
  struct painted *out;
};

/* What one voxel adds up to. */
struct sum {
  double hu, coverage, bound;
};

static double half_length(struct vec3 edge) {
  return 0.5 * vec3_length(edge);
}

static void add(const struct job *job, struct sum *sum, const struct paint_sample *s, double share,
                double radius) {
  sum->hu += share * s->hu;
  if (s->label == job->options.coverage_label) sum->coverage += share;
  if (s->hard < radius)
    sum->bound += share * PAINT_HARD_HU;
  else if (s->soft < radius)
    sum->bound += share * PAINT_SOFT_HU;
}

static bool worth_splitting(const struct job *job, const struct paint_sample *s, double share,
                            double radius) {
  return (s->hard < radius && share * PAINT_HARD_HU > job->options.tolerance_hu) ||
         (s->soft < radius && share * PAINT_SOFT_HU > job->options.tolerance_hu);
}

static void cell(const struct job *job, paint_parts parts, struct vec3 centre,
                 const struct vec3 edge[3], double radius, double share, int depth,
                 struct sum *sum) {
  struct paint_sample s;
  job->scene->sample(job->scene->model, parts, centre, &s);
  if (depth == 0 || !worth_splitting(job, &s, share, radius)) {
    add(job, sum, &s, share, radius);
    return;
  }
  struct vec3 half[3];
  for (int a = 0; a < 3; a++) half[a] = vec3_scale(edge[a], 0.5);
  for (int c = 0; c < 8; c++) {
    struct vec3 p = centre;
    for (int a = 0; a < 3; a++) p = vec3_along(p, (c >> a & 1) ? 0.5 : -0.5, half[a]);
    cell(job, parts, p, half, radius / 2, share / 8, depth - 1, sum);
  }
}

static void divided_voxel(const struct job *job, paint_parts parts, struct vec3 centre,
                          const int n[3], int depth, struct sum *sum) {
  struct vec3 edge[3];
  double radius2 = 0;
  for (int a = 0; a < 3; a++) {
    edge[a] = vec3_scale(job->box[a], 1.0 / n[a]);
    radius2 += half_length(edge[a]) * half_length(edge[a]);
  }
  double share = 1.0 / ((double)n[0] * n[1] * n[2]);
  for (int k = 0; k < n[2]; k++)
    for (int j = 0; j < n[1]; j++)
      for (int i = 0; i < n[0]; i++) {
        struct vec3 p = vec3_along(centre, i + 0.5 - 0.5 * n[0], edge[0]);
        p = vec3_along(p, j + 0.5 - 0.5 * n[1], edge[1]);
        p = vec3_along(p, k + 0.5 - 0.5 * n[2], edge[2]);
        cell(job, parts, p, edge, sqrt(radius2), share, depth, sum);
      }
}

static void store(const struct job *job, int64_t index, uint16_t label, double hu,
                  double coverage) {
  job->out->hu->voxels[index] = (float)hu;
  job->out->labels->voxels[index] = label;
  if (job->out->coverage) job->out->coverage->voxels[index] = (float)coverage;
}

static double paint_voxel(const struct job *job, paint_parts parts, struct vec3 centre,
                          int64_t index) {
  struct paint_sample s;
  struct sum sum = {0, 0, 0};
  job->scene->sample(job->scene->model, parts, centre, &s);
  bool clear = s.hard > job->half_diagonal && s.soft > job->half_diagonal;
  bool one_cell = job->fine[0] * job->fine[1] * job->fine[2] == 1;
  if (!clear) { /* many samples: drop what cannot reach this voxel first */
    parts &= job->scene->parts(job->scene->model, centre, job->half_diagonal + 0.1);
    divided_voxel(job, parts, centre, job->cells, job->options.depth, &sum);
  } else if (s.textured && !one_cell)
    divided_voxel(job, parts, centre, job->fine, 0, &sum);
  else
    add(job, &sum, &s, 1, job->half_diagonal);
  store(job, index, s.label, sum.hu, sum.coverage);
  return sum.bound;
}

static struct vec3 voxel_centre(const struct job *job, double i, double j, double k) {
  const double *o = job->grid->origin;
  struct vec3 p = vec3_along(vec3_make(o[0], o[1], o[2]), i, job->axis[0]);
  return vec3_along(vec3_along(p, j, job->axis[1]), k, job->axis[2]);
}

struct bounds {
  double largest, total;
};

static void paint_tile(const struct job *job, const int64_t lo[3], struct bounds *bounds) {
  const struct geometry *g = job->grid;
  int64_t size[3] = {g->nx, g->ny, g->nz}, hi[3];
  double middle[3], radius2 = 0;
  for (int a = 0; a < 3; a++) {
    hi[a] = lo[a] + TILE < size[a] ? lo[a] + TILE : size[a];
    middle[a] = 0.5 * (double)(lo[a] + hi[a] - 1);
    double edge =
        vec3_length(job->axis[a]) * (double)(hi[a] - lo[a] - 1) + vec3_length(job->box[a]);
    radius2 += 0.25 * edge * edge;
  }
  struct vec3 centre = voxel_centre(job, middle[0], middle[1], middle[2]);
  double radius = sqrt(radius2);
  /* parts farther than the tile's radius plus a voxel's cannot bound any cell of it */
  paint_parts parts =
      job->scene->parts(job->scene->model, centre, radius + job->half_diagonal + 0.1);
  struct paint_sample s;
  job->scene->sample(job->scene->model, parts, centre, &s);
  bool uniform = !s.textured && s.hard > radius && s.soft > radius;
  for (int64_t k = lo[2]; k < hi[2]; k++)
    for (int64_t j = lo[1]; j < hi[1]; j++)
      for (int64_t i = lo[0]; i < hi[0]; i++) {
        int64_t index = geometry_index(g, i, j, k);
        if (uniform) {
          store(job, index, s.label, s.hu, s.label == job->options.coverage_label);
          continue;
        }
        struct vec3 p = voxel_centre(job, (double)i, (double)j, (double)k);
        double bound = paint_voxel(job, parts, p, index);
        bounds->largest = fmax(bounds->largest, bound);
        bounds->total += bound;
      }
}

static void prepare(struct job *job) {
  const struct geometry *g = job->grid;
  double thickness = job->options.thickness_mm;
  if (!(thickness > 0)) thickness = g->spacing[2];
  double edge[3] = {g->spacing[0], g->spacing[1], thickness}, smallest = fmin(edge[0], edge[1]);
  double radius2 = 0;
  smallest = fmin(smallest, edge[2]);
  for (int a = 0; a < 3; a++) {
    job->axis[a] = vec3_scale(geometry_axis(g, a), g->spacing[a]);
    job->box[a] = vec3_scale(geometry_axis(g, a), edge[a]);
    job->cells[a] = (int)fmax(1, round(edge[a] / smallest));
    job->fine[a] = (int)ceil(edge[a] / texture_cell_mm - 1e-9);
    radius2 += 0.25 * edge[a] * edge[a];
  }
  job->half_diagonal = sqrt(radius2);
}

static status paint_all(struct job *job) {
  status st = ST_OK;
  const struct geometry *g = job->grid;
  int64_t tx = (g->nx + TILE - 1) / TILE, ty = (g->ny + TILE - 1) / TILE;
  int64_t tz = (g->nz + TILE - 1) / TILE, count = tx * ty * tz;
  struct bounds *bounds = calloc((size_t)count, sizeof *bounds);
  CHECK(bounds, ST_MEMORY, "painting: no memory for %lld tiles", (long long)count);
#pragma omp parallel for schedule(dynamic, 4) num_threads(parallel_threads())
  for (int64_t t = 0; t < count; t++) {
    int64_t lo[3] = {t % tx * TILE, t / tx % ty * TILE, t / (tx * ty) * TILE};
    paint_tile(job, lo, &bounds[t]);
  }
  double total = 0;
  for (int64_t t = 0; t < count; t++) {
    total += bounds[t].total;
    job->out->bound_hu = fmax(job->out->bound_hu, bounds[t].largest);
  }
  job->out->bound_mean_hu = total / (double)geometry_voxels(g);
done:
  free(bounds);
  return st;
}

status paint_scene(struct painted *out, const struct scene *scene, const struct geometry *grid,
                   const struct paint_options *options) {
  status st = ST_OK;
  struct painted result = {0};
  struct job job = {.scene = scene, .grid = grid, .options = PAINT_DEFAULTS, .out = &result};
  if (options) job.options = *options;
  CHECK(job.options.depth >= 0 && job.options.depth <= 5, ST_DOMAIN,
        "painting: depth %d, permitted 0..5", job.options.depth);
  TRY(geometry_check(grid, sizeof(float)));
  TRY(volume_create(&result.hu, grid, QUANTITY_HU));
  TRY(labels_create(&result.labels, grid));
  if (job.options.coverage_label) TRY(volume_create(&result.coverage, grid, QUANTITY_PROBABILITY));
  prepare(&job);
  TRY(paint_all(&job));
  *out = result;
  result = (struct painted){0};
done:
  painted_free(&result);
  return st;
}

void painted_free(struct painted *p) {
  volume_destroy(p->hu);
  labels_destroy(p->labels);
  volume_destroy(p->coverage);
  *p = (struct painted){0};
}
