/* What lies under the patient: the table, and a calibration phantom (a plate with rods, or plates).
 *
 * World frame, straight along z (or tilted). Geometry of the phantom is the certificate's where the
 * registry knows it, else assumed: plate 300 x 24 mm, rods of radius 8.5 mm at 56 mm pitch. The
 * assumed numbers are unverified and are written to truth.json.
 */
#ifndef QCT_PHANTOM_BENCH_H
#define QCT_PHANTOM_BENCH_H

#include "core/phantom_registry.h"
#include "phantom/paint.h"
#include "phantom/tissue.h"

struct bench {
  int table;                  /* 1: a table is there */
  int phantom;                /* 1: a calibration phantom is there */
  struct phantom_entry entry; /* its rods, in label order */
  int place[PHANTOM_RODS];    /* rod i lies at place[i] (0 = smallest x) */
  int missing;                /* rod left out, -1 none */
  int bubble;                 /* rod with an air bubble, -1 none */
  double bubble_radius_mm;
  double centre_x_mm; /* of the plate */
  double top_y_mm;    /* upper face of the plate (or of the table without a phantom) */
  double radius_mm, pitch_mm, plate_width_mm, plate_height_mm;
  double tilt; /* slope of x over z of the rods */
  double rise; /* slope of y over z of the rods */
  double rod_hu[PHANTOM_RODS];
  double hu_table_shell, hu_table_foam, hu_plate, hu_air;
};

/** No table, no phantom. */
void bench_init(struct bench *b, const struct tissue_table *tissue);
/** Put the phantom of the registry on the bench, rods in order of x. */
void bench_phantom(struct bench *b, const struct phantom_entry *entry,
                   const struct tissue_table *tissue);
/** Reverse the order of the rods in x. */
void bench_flip(struct bench *b);
/** Exchange the places of two rods. */
void bench_swap(struct bench *b, int first, int second);
/** Centre of rod i at the level z. */
struct vec3 bench_rod_centre(const struct bench *b, int rod, double z);

/** Fills `out` (whose hard and soft hold what is known so far) when the point lies in the bench. */
bool bench_sample(const struct bench *b, struct vec3 world, struct paint_sample *out);
/** Lower bound of the distance to anything of the bench. */
double bench_distance(const struct bench *b, struct vec3 world);

#endif
