/* Local thickness from a map of voxels, of bodies of known thickness at random places, and from
 * grey values, each voxel the share of it that is covered. Built by the target bench_thickness; run
 * by micro_thickness.sh.
 *
 * usage: bench_thickness FIRST PLACES
 * Middles anywhere in a voxel, directions anywhere: seeds FIRST, FIRST + 1, ... A body crosses the
 * image, and what lies near the faces is not counted, as a sphere cannot know what is cut off.
 * Plates come in two kinds: tilted, so that the ledges of their faces are at most 8 voxels long;
 * and flat, less tilted than that, which over the width of a sphere are plates along the grid.
 */
#include "core/random.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum body { BALL, ROD_AXIS, ROD_DIAGONAL, ROD_ANY, PLATE_TILTED, PLATE_FLAT, BODIES };
static const double LEDGE = 8; /* voxels */

struct place {
  enum body body;
  double radius; /* half the thickness of a plate [voxels] */
  double middle[3], direction[3];
  int64_t n; /* voxels along a side of the image */
};

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Tangent of the angle to the nearest axis of the grid. */
static double tilt(const double d[3]) {
  double most = fmax(fabs(d[0]), fmax(fabs(d[1]), fabs(d[2])));
  return sqrt(fmax(dot(d, d) - most * most, 0)) / most;
}

static void direct(double d[3], enum body body, uint64_t seed, uint64_t stream, uint64_t at) {
  do {
    for (uint64_t a = 0; a < 3; a++, stream += body == PLATE_TILTED ? 100 : 0) {
      d[a] = random_normal(seed, stream + 3 + a, at);
      if (body == ROD_AXIS) d[a] = a == 2;
      if (body == ROD_DIAGONAL) d[a] = 1;
      if (body == PLATE_FLAT)
        d[a] = a == 2 ? 1 : (random_uniform(seed, stream + 3 + a, at) - 0.5) * sqrt(2) / LEDGE;
    }
  } while (body == PLATE_TILTED && tilt(d) < 1 / LEDGE);
  double length = sqrt(dot(d, d));
  for (int a = 0; a < 3; a++) d[a] /= length;
}

static void draw(struct place *p, enum body body, double radius, uint64_t seed) {
  uint64_t stream = (uint64_t)body * 8, at = (uint64_t)(1000 * radius);
  p->body = body;
  p->radius = radius;
  p->n = (int64_t)ceil(2 * radius) + (body == BALL ? 8 : 16);
  for (uint64_t a = 0; a < 3; a++)
    p->middle[a] = (double)(p->n - 1) / 2 + random_uniform(seed, stream + a, at) - 0.5;
  direct(p->direction, body, seed, stream, at);
}

static bool inside(const struct place *p, double i, double j, double k) {
  const double x[3] = {i - p->middle[0], j - p->middle[1], k - p->middle[2]};
  double along = dot(x, p->direction), square = dot(x, x);
  if (p->body >= PLATE_TILTED) return fabs(along) < p->radius;
  if (p->body == BALL) return square < p->radius * p->radius;
  return square - along * along < p->radius * p->radius;
}

/* The share of a voxel that is covered, by 5 x 5 x 5 points. */
static float cover(const struct place *p, int64_t i, int64_t j, int64_t k) {
  int count = 0;
  for (int m = 0; m < 125; m++)
    count += inside(p, (double)i + (m % 5 - 2) / 5.0, (double)j + (m / 5 % 5 - 2) / 5.0,
                    (double)k + (m / 25 - 2) / 5.0);
  return (float)count / 125;
}

static void paint(struct labels *bone, struct volume *image, const struct place *p) {
  for (int64_t k = 0, at = 0; k < p->n; k++)
    for (int64_t j = 0; j < p->n; j++)
      for (int64_t i = 0; i < p->n; i++, at++) {
        if (image) image->voxels[at] = cover(p, i, j, k);
        bone->voxels[at] =
            image ? image->voxels[at] >= 0.5F : inside(p, (double)i, (double)j, (double)k);
      }
}

/* Mean thickness found less the true one [voxels]. */
static status error_of(double *error, const struct place *p, bool grey) {
  status st = ST_OK;
  struct labels *bone = NULL;
  struct volume *map = NULL, *image = NULL;
  struct geometry g = geometry_make(p->n, p->n, p->n, 1, 1, 1);
  double sum = 0, count = 0;
  int64_t rim = p->body == BALL ? 0 : (int64_t)fmin(p->radius + 2, (double)p->n / 2 - 3);
  TRY(labels_create(&bone, &g));
  if (grey) TRY(volume_create(&image, &g, QUANTITY_OTHER));
  paint(bone, image, p);
  TRY(micro_thickness(&map, bone, MICRO_BONE, image, 0.5));
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
  volume_destroy(image);
  return st;
}

static status print_cell(enum body body, double radius, bool grey, uint64_t first, int places) {
  status st = ST_OK;
  double sum = 0, worst = 0;
  for (int i = 0; i < places; i++) {
    struct place p;
    double error;
    draw(&p, body, radius, first + (uint64_t)i);
    TRY(error_of(&error, &p, grey));
    sum += error;
    if (fabs(error) > fabs(worst)) worst = error;
  }
  printf(" %+5.2f (%+.2f) |", sum / places, worst);
done:
  return st;
}

static status print_table(bool grey, uint64_t first, int places) {
  status st = ST_OK;
  static const double radii[] = {1.5, 2, 2.65, 4.2, 6.3, 9.2};
  printf("%s, mean (worst) of %d places, voxels\n| diameter | ball | rod along an axis | rod along "
         "(1, 1, 1) | rod along any line | tilted plate | flat plate |\n| --- | --- | --- | --- | "
         "--- | --- | --- |\n",
         grey ? "grey values" : "map of voxels", places);
  for (size_t r = 0; r < sizeof radii / sizeof *radii; r++) {
    printf("| %g |", 2 * radii[r]);
    for (int b = 0; b < BODIES; b++) TRY(print_cell((enum body)b, radii[r], grey, first, places));
    printf("\n");
  }
done:
  return st;
}

int main(int argc, char **argv) {
  if (argc < 3 || atoi(argv[2]) < 1) {
    fprintf(stderr, "usage: bench_thickness FIRST PLACES\n");
    return 2;
  }
  uint64_t first = (uint64_t)atoi(argv[1]);
  int places = atoi(argv[2]);
  if (print_table(false, first, places) == ST_OK &&
      print_table(true, first, places > 8 ? places / 4 : places) == ST_OK)
    return 0;
  fprintf(stderr, "%s\n", status_message());
  return 1;
}
