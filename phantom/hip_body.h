/* Both hips with everything around them: femora, pelvis, joint, muscles, vessels, bladder, rectum,
 * fat, skin, and under the patient the table and a calibration phantom.
 *
 * World frame (LPS, mm): x = 0 is the midline, z = 0 the level of the head centres, y = 0 their
 * depth. Both sides are mirror images. A pose turns and shifts the person, not the table. Paint
 * order decides overlaps: the first solid that holds the point wins.
 */
#ifndef QCT_PHANTOM_HIP_BODY_H
#define QCT_PHANTOM_HIP_BODY_H

#include "phantom/bench.h"
#include "phantom/femur.h"
#include "phantom/paint.h"
#include "phantom/tissue.h"

#include "core/frame.h"

enum { HIP_MUSCLES = 17 };

struct hip_body {
  struct hip_person person;
  struct digital_femur femur;
  struct tissue_table tissue;
  struct bench bench;
  enum side implant_side; /* SIDE_UNKNOWN: none */
  double rotation[9];     /* person to world, row-major */
  struct vec3 shift;      /* world = rotation * person + shift */
  double muscle_hu;       /* with infiltration */
};

/** `pose`: rotations about x, y, z [deg] (applied in that order) and shifts [mm]; NULL none. */
void hip_body_init(struct hip_body *b, const struct hip_person *person,
                   const struct tissue_table *tissue, const double pose[6]);

/** World point to the side frame of its side, and back. */
struct vec3 hip_body_to_side(const struct hip_body *b, enum side side, struct vec3 world);
struct vec3 hip_body_to_world(const struct hip_body *b, enum side side, struct vec3 p);
/** Direction only. */
struct vec3 hip_body_direction(const struct hip_body *b, enum side side, struct vec3 d);

/** Skin of the person, at a point given in person coordinates (x from the midline). */
double hip_skin(const struct hip_person *h, struct vec3 p);
/** Pelvis of one side and its half of the sacrum, side frame. */
double hip_pelvis(const struct hip_person *h, struct vec3 p);
double hip_sacrum(const struct hip_person *h, struct vec3 p);

/** The scene of a body; borrows it. */
struct scene hip_scene(const struct hip_body *body);

#endif
