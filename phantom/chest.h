/* `qct phantom heart`: a chest with a heart in its sac, for heart fat and calcium.
 *
 * World LPS mm, z = 0 the middle of the heart. The sac is an ellipsoid about a smaller one of
 * blood and muscle; what lies between is fat, so its volume has a closed form,
 * 4/3 pi [(a+t)(b+t)(c+t) - abc]. Around it fat of the mediastinum, lungs, the airway and its fork,
 * aorta, spine, sternum, domes of the diaphragm, chest wall, fat, skin. Calcified spheres lie in
 * the sac's fat, in the ascending aorta and at the valve, each with density and mass.
 *
 * Labels: CHEST_SAC for all inside the sac (its fat, heart and calcium), CHEST_MEDIASTINUM, 10..14
 * as one lung each side (10 left, 12 right), 52 aorta, 16 trachea.
 *
 * truth.json: volume and fat of the sac by closed form, fat around it at the sac's levels by
 * quadrature, mass of every lesion.
 */
#ifndef QCT_PHANTOM_CHEST_H
#define QCT_PHANTOM_CHEST_H

#include "phantom/stack.h"

enum chest_label { CHEST_SAC = 250, CHEST_MEDIASTINUM = 251 };

struct chest_phantom {
  uint64_t seed;      /* 0: the mean person */
  double heart_mm[3]; /* semi-axes of blood and muscle */
  double fat_mm;      /* thickness of the fat in the sac */
  double calcium;     /* 1: with lesions */
  double truth_step_mm;
  struct stack_scan scan;
};

/** The mean person for seed 0, else drawn (heart 42..52 x 36..44 x 48..60 mm, fat 3..9 mm). */
void chest_phantom_defaults(struct chest_phantom *p, uint64_t seed);
/** @return ST_DOMAIN for the grid */
status chest_phantom_make(struct phantom_result *out, const struct chest_phantom *p);

#endif
