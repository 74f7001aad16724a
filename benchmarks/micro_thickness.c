/* Local thickness from a map of voxels, of bodies of known thickness at random places: the error
 * is half a voxel or so whatever the method, as the surface of a map is not known better. Built by
 * the target bench_thickness; run by micro_thickness.sh.
 *
 * usage: bench_thickness FIRST PLACES
 * Middles anywhere in a voxel, directions anywhere: seeds FIRST, FIRST + 1, ... A body crosses the
 * image, and what lies near the faces is not counted, as a sphere cannot know what is cut off.
 */
#include "core/random.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum body { BALL, ROD_AXIS, ROD_DIAGONAL, ROD_ANY, PLATE_ANY, BODIES };

struct place {
  enum body body;
  double radius; /* half the thickness of a plate [voxels] */
  double middle[3], direction[3];
  int64_t n; /* voxels along a side of the image */
};

static void draw(struct place *p, enum body body, double radius, uint64_t seed) {
  double length = 0;
  p->body = body;
  p->radius = radius;
  p->n = (int64_t)ceil(2 * radius) + (body == BALL ? 8 : 16);
  for (uint64_t a = 0; a < 3; a++) {
    uint64_t stream = (uint64_t)body * 8 + a, at = (uint64_t)(1000 * radius);
    p->middle[a] = (double)(p->n - 1) / 2 + random_uniform(seed, stream, at) - 0.5;
    p->direction[a] = random_normal(seed, stream + 3, at);
    if (body == ROD_AXIS) p->direction[a] = a == 2;
    if (body == ROD_DIAGONAL) p->direction[a] = 1;
    length += p->direction[a] * p->direction[a];
  }
  for (int a = 0; a < 3; a++) p->direction[a] /= sqrt(length);
}

static bool inside(const struct place *p, int64_t i, int64_t j, int64_t k) {
  const double x[3] = {(double)i - p->middle[0], (double)j - p->middle[1],
                       (double)k - p->middle[2]};
  double along = 0, square = 0;
  for (int a = 0; a < 3; a++) {
    along += x[a] * p->direction[a];
    square += x[a] * x[a];
  }
  if (p->body == PLATE_ANY) return fabs(along) < p->radius;
  if (p->body == BALL) return sqrt(square) < p->radius;
  return sqrt(fmax(square - along * along, 0)) < p->radius;
}

/* Mean thickness found less the true one [voxels]. */
static status error_of(double *error, const struct place *p) {
  status st = ST_OK;
  struct labels *bone = NULL;
  struct volume *map = NULL;
  struct geometry g = geometry_make(p->n, p->n, p->n, 1, 1, 1);
  double sum = 0, count = 0;
  int64_t rim = p->body == BALL ? 0 : (int64_t)fmin(p->radius + 2, (double)p->n / 2 - 3);
  TRY(labels_create(&bone, &g));
  for (int64_t k = 0, at = 0; k < p->n; k++)
    for (int64_t j = 0; j < p->n; j++)
      for (int64_t i = 0; i < p->n; i++) bone->voxels[at++] = inside(p, i, j, k);
  TRY(micro_thickness(&map, bone, MICRO_BONE, NULL, (double)NAN));
  for (int64_t k = rim; k < p->n - rim; k++)
    for (int64_t j = rim; j < p->n - rim; j++)
      for (int64_t i = rim; i < p->n - rim; i++) {
        int64_t at = geometry_index(&g, i, j, k);
        if (!bone->voxels[at]) continue;
        sum += (double)map->voxels[at];
        count++;
      }
  *error = sum / count - 2 * p->radius;
done:
  labels_destroy(bone);
  volume_destroy(map);
  return st;
}

static status print_cell(enum body body, double radius, uint64_t first, int places) {
  status st = ST_OK;
  double sum = 0, worst = 0;
  for (int i = 0; i < places; i++) {
    struct place p;
    double error;
    draw(&p, body, radius, first + (uint64_t)i);
    TRY(error_of(&error, &p));
    sum += error;
    if (fabs(error) > fabs(worst)) worst = error;
  }
  printf(" %+5.2f (%+.2f) |", sum / places, worst);
done:
  return st;
}

int main(int argc, char **argv) {
  static const double radii[] = {1.5, 2, 2.65, 4.2, 6.3, 9.2};
  if (argc < 3 || atoi(argv[2]) < 1) {
    fprintf(stderr, "usage: bench_thickness FIRST PLACES\n");
    return 2;
  }
  printf(
      "mean (worst) of %s places, voxels\n| diameter | ball | rod along an axis | rod along (1, 1, "
      "1) | rod along any line | plate across any line |\n| --- | --- | --- | --- | --- | --- |\n",
      argv[2]);
  for (size_t r = 0; r < sizeof radii / sizeof *radii; r++) {
    printf("| %g |", 2 * radii[r]);
    for (int b = 0; b < BODIES; b++)
      if (print_cell((enum body)b, radii[r], (uint64_t)atoi(argv[1]), atoi(argv[2])) != ST_OK) {
        fprintf(stderr, "%s\n", status_message());
        return 1;
      }
    printf("\n");
  }
  return 0;
}
