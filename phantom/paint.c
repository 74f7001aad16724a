#include "phantom/paint.h"

#include "core/parallel.h"
#include "core/progress.h"

#include <math.h>
#include <stdlib.h>

enum { TILE = 8 };
static const double texture_cell_mm = 0.85;

/* How far the points that a cell may be sampled at lie from its middle, at most, where a hard or
 * only a soft interface is near: nearer than its corners, so a sample that is clear that far is
 * what all of them would be. */
struct reach {
  double hard, soft;
};

struct job {
  const struct scene *scene;
  const struct geometry *grid;
  struct paint_options options;
  struct vec3 axis[3];     /* world step of one voxel */
  struct vec3 box[3];      /* world edges of a voxel's box */
  double step[3], edge[3]; /* their lengths */
  double half_diagonal;    /* of a voxel's box */
  struct reach reach;      /* of the points of a voxel cut into `cells` */
  int cells[3];            /* a voxel at an interface is first cut into these, about cubes */
  bool one_cell;           /* these are 1, 1, 1 */
  int fine[3];             /* a voxel in a texture is averaged over these */
  struct painted *out;
};

/* What one voxel adds up to. */
struct sum {
  double hu, coverage, bound;
};

static double half_length(struct vec3 edge) {
  return 0.5 * vec3_length(edge);
}

/* Largest share of a cell that lies beyond an interface which is `clear` away from its middle: all
 * but the cell shrunk into that ball. */
static double beyond(double clear, double radius) {
  double part = clear / radius;
  return part < 1 ? 1 - part * part * part : 0;
}

static void add(const struct job *job, struct sum *sum, const struct paint_sample *s, double share,
                double radius) {
  sum->hu += share * s->hu;
  if (s->label == job->options.coverage_label) sum->coverage += share;
  if (s->hard < radius)
    sum->bound += share * PAINT_HARD_HU * beyond(s->hard, radius);
  else if (s->soft < radius)
    sum->bound += share * PAINT_SOFT_HU * beyond(s->soft, radius);
}

/* How often a cell is halved for an interface of this contrast. */
static int levels(const struct job *job, double share, double contrast, int depth) {
  int n = 0;
  for (; n < depth && share * contrast > job->options.tolerance_hu; n++) share /= 8;
  return n;
}

/* Share of the way from the middle to a corner at which the outermost points lie. */
static double outermost(int halvings) {
  return 1 - 1.0 / (double)(1 << halvings);
}

static struct reach cell_reach(const struct job *job, double radius, double share, int depth) {
  int hard = levels(job, share, PAINT_HARD_HU, depth);
  int soft = levels(job, share, PAINT_SOFT_HU, depth);
  return (struct reach){radius * outermost(hard), radius * outermost(soft)};
}

/* Can the points of a cell within `radius` differ from its middle, of which s is the sample? */
static bool worth_splitting(const struct paint_sample *s, const struct reach *reach,
                            double radius) {
  bool hard = s->hard < (s->textured ? radius : reach->hard);
  return hard || s->soft < (s->hard < radius ? reach->hard : reach->soft);
}

static void cell(const struct job *job, paint_parts parts, struct vec3 centre,
                 const struct vec3 edge[3], double radius, double share, int depth,
                 struct sum *sum);

static void halved_cell(const struct job *job, paint_parts parts, struct vec3 centre,
                        const struct vec3 edge[3], double radius, double share, int depth,
                        struct sum *sum) {
  struct vec3 half[3];
  for (int a = 0; a < 3; a++) half[a] = vec3_scale(edge[a], 0.5);
  for (int c = 0; c < 8; c++) {
    struct vec3 p = centre;
    for (int a = 0; a < 3; a++) p = vec3_along(p, (c >> a & 1) ? 0.5 : -0.5, half[a]);
    cell(job, parts, p, half, radius / 2, share / 8, depth - 1, sum);
  }
}

static void cell(const struct job *job, paint_parts parts, struct vec3 centre,
                 const struct vec3 edge[3], double radius, double share, int depth,
                 struct sum *sum) {
  struct paint_sample s;
  struct reach reach = cell_reach(job, radius, share, depth);
  job->scene->sample(job->scene->model, parts, centre, &s);
  if (depth > 0 && worth_splitting(&s, &reach, radius))
    halved_cell(job, parts, centre, edge, radius, share, depth, sum);
  else
    add(job, sum, &s, share, radius);
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

/* A voxel whose middle sample is `s`. */
static double paint_voxel(const struct job *job, paint_parts parts, struct vec3 centre,
                          const struct paint_sample *s, int64_t index) {
  struct sum sum = {0, 0, 0};
  bool clear = !worth_splitting(s, &job->reach, job->half_diagonal);
  bool smooth = job->fine[0] * job->fine[1] * job->fine[2] == 1;
  if (!clear) { /* many samples: drop what cannot reach this voxel first */
    parts = job->scene->parts(job->scene->model, parts, centre, job->half_diagonal + 0.1);
    if (job->one_cell && job->options.depth > 0) /* its middle is s */
      halved_cell(job, parts, centre, job->box, job->half_diagonal, 1, job->options.depth, &sum);
    else
      divided_voxel(job, parts, centre, job->cells, job->options.depth, &sum);
  } else if (s->textured && !smooth)
    divided_voxel(job, parts, centre, job->fine, 0, &sum);
  else
    add(job, &sum, s, 1, job->half_diagonal);
  store(job, index, s->label, sum.hu, sum.coverage);
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

/* A block of voxels, from lo up to hi. */
struct block {
  int64_t lo[3], hi[3];
  struct vec3 centre;
  double radius; /* around the boxes of all its voxels */
};

static void block_make(struct block *b, const struct job *job, const int64_t lo[3], int64_t edge) {
  const struct geometry *g = job->grid;
  const int64_t size[3] = {g->nx, g->ny, g->nz};
  double middle[3], radius2 = 0;
  for (int a = 0; a < 3; a++) {
    b->lo[a] = lo[a];
    b->hi[a] = lo[a] + edge < size[a] ? lo[a] + edge : size[a];
    middle[a] = 0.5 * (double)(b->lo[a] + b->hi[a] - 1);
    double along =
        vec3_length(job->axis[a]) * (double)(b->hi[a] - b->lo[a] - 1) + vec3_length(job->box[a]);
    radius2 += 0.25 * along * along;
  }
  b->centre = voxel_centre(job, middle[0], middle[1], middle[2]);
  b->radius = sqrt(radius2);
}

static void fill(const struct job *job, const struct block *b, const struct paint_sample *s) {
  for (int64_t k = b->lo[2]; k < b->hi[2]; k++)
    for (int64_t j = b->lo[1]; j < b->hi[1]; j++)
      for (int64_t i = b->lo[0]; i < b->hi[0]; i++)
        store(job, geometry_index(job->grid, i, j, k), s->label, s->hu,
              s->label == job->options.coverage_label);
}

/* The block of `edge` voxels a side at lo: filled where it is clear, else halved down to voxels. */
static void paint_block(const struct job *job, paint_parts parts, const int64_t lo[3], int64_t edge,
                        struct bounds *bounds) {
  struct block b;
  struct paint_sample s;
  block_make(&b, job, lo, edge);
  job->scene->sample(job->scene->model, parts, b.centre, &s);
  if (edge > 1 && !s.textured && s.hard > b.radius && s.soft > b.radius) {
    fill(job, &b, &s);
    return;
  }
  if (edge == 1) {
    int64_t index = geometry_index(job->grid, lo[0], lo[1], lo[2]);
    double bound = paint_voxel(job, parts, b.centre, &s, index);
    bounds->largest = fmax(bounds->largest, bound);
    bounds->total += bound;
    return;
  }
  /* parts farther than the block's radius plus a voxel's cannot bound any cell of it */
  parts =
      job->scene->parts(job->scene->model, parts, b.centre, b.radius + job->half_diagonal + 0.1);
  for (int c = 0; c < 8; c++) {
    const int64_t half = edge / 2, from[3] = {lo[0] + (c & 1) * half, lo[1] + (c >> 1 & 1) * half,
                                              lo[2] + (c >> 2) * half};
    if (from[0] < b.hi[0] && from[1] < b.hi[1] && from[2] < b.hi[2])
      paint_block(job, parts, from, half, bounds);
  }
}

static struct reach voxel_reach(const struct job *job, const double edge[3]) {
  double share = 1.0 / (job->cells[0] * job->cells[1] * job->cells[2]), hard2 = 0, soft2 = 0;
  struct reach cell = cell_reach(job, 1, share, job->options.depth);
  for (int a = 0; a < 3; a++) {
    double half = 0.5 * edge[a], n = job->cells[a];
    hard2 += half * half * pow(1 - (1 - cell.hard) / n, 2);
    soft2 += half * half * pow(1 - (1 - cell.soft) / n, 2);
  }
  return (struct reach){sqrt(hard2), sqrt(soft2)};
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
    job->step[a] = vec3_length(job->axis[a]);
    job->edge[a] = vec3_length(job->box[a]);
    job->cells[a] = (int)fmax(1, round(edge[a] / smallest));
    job->fine[a] = (int)ceil(edge[a] / texture_cell_mm - 1e-9);
    radius2 += 0.25 * edge[a] * edge[a];
  }
  job->one_cell = job->cells[0] * job->cells[1] * job->cells[2] == 1;
  job->half_diagonal = sqrt(radius2);
  job->reach = voxel_reach(job, edge);
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
    paint_block(job, ~(paint_parts)0, lo, TILE, &bounds[t]);
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
