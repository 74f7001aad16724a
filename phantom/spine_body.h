/* A digital trunk around the digital spine: canal, discs, psoas, back muscles, abdominal wall,
 * aorta and cava, liver, spleen, kidneys, fat, skin, and under the patient the table and a
 * calibration phantom. World frame of phantom/spine_column.h; a pose turns and shifts the person
 * about the centre of L3, not the table. Paint order decides overlaps. Shapes are stylised: choices
 * of this toolkit.
 */
#ifndef QCT_PHANTOM_SPINE_BODY_H
#define QCT_PHANTOM_SPINE_BODY_H

#include "phantom/bench.h"
#include "phantom/paint.h"
#include "phantom/spine_column.h"
#include "phantom/tissue.h"

struct spine_body {
  struct spine_column column;
  struct tissue_table tissue;
  struct bench bench;
  double fat_mm;   /* subcutaneous */
  double aorta_hu; /* blood, or blood with contrast medium */
  double texture;  /* SD of the trabecular texture, share of the density */
  unsigned seed;   /* of the texture */
  double rotation[9];
  struct vec3 shift; /* world = rotation * person + shift */
};

/* Labels while painting: the arch of a vertebra is kept apart from its body by this offset. */
enum { SPINE_ARCH_OFFSET = 1000 };

/** `pose`: rotations about x, y, z [deg] and shifts [mm]; NULL none. */
void spine_body_init(struct spine_body *b, const struct spine_shape *shape,
                     const struct tissue_table *tissue, const double pose[6]);
/** TotalSegmentator's number of a level (the sacrum's for S1). */
int spine_label(int level);
/** Half width, half depth and middle depth (y) of the trunk at the skin [mm]. */
void spine_trunk(const struct spine_body *b, double *half_width, double *half_depth, double *y);
struct vec3 spine_person_to_world(const struct spine_body *b, struct vec3 p);
struct vec3 spine_direction_to_world(const struct spine_body *b, struct vec3 d);
/** Trabecular density [mg/cm3 K2HPO4-equivalent] at a point of a level's core, vertebra frame. */
double spine_core_density(const struct spine_body *b, int level, struct vec3 local);

/** The scene of a body; borrows it. */
struct scene spine_scene(const struct spine_body *body);

#endif
