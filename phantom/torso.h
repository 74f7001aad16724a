/* `qct phantom torso`: the trunk at the level of L3, for muscle and fat.
 *
 * World LPS mm, z = 0 the middle of L3. Skin, subcutaneous fat, fascia, abdominal wall, psoas,
 * erector and quadratus muscles with planted pockets of fat, cavity with visceral fat, kidneys, tip
 * of the liver, bowel with gas, great vessels; a vertebra throughout. Fat behind the psoas, between
 * the muscles of the back and the spine, counts as intermuscular. Sections taper along z.
 *
 * Labels: TotalSegmentator's where it has one (2, 3 kidneys, 5 liver, 18, 20 bowel, 29 L3, 52, 63
 * vessels, 79 canal, 86..89 muscles), 203 wall, 204 skin and those of enum torso_label.
 *
 * truth.json: areas in the slice z = 0 and volumes over the field of view, of every compartment, by
 * quadrature of the solids. Shapes and sizes are choices of this toolkit; the ranges of skin, fat
 * and muscle cover published muscle areas at L3 (fhs_muscle).
 */
#ifndef QCT_PHANTOM_TORSO_H
#define QCT_PHANTOM_TORSO_H

#include "phantom/stack.h"

enum torso_label {
  TORSO_SUBCUTANEOUS = 240,
  TORSO_VISCERAL = 241,
  TORSO_INTERMUSCULAR = 242,
  TORSO_GAS = 243
};

struct torso_phantom {
  uint64_t seed;                       /* of the person; 0: the mean person */
  double half_width_mm, half_depth_mm; /* of the body */
  double fat_side_mm, fat_front_mm, fat_back_mm;
  double wall_mm;      /* abdominal wall */
  double muscle;       /* factor of the muscles of the back */
  double infiltration; /* share of fat in muscle */
  double truth_step_mm;
  struct stack_scan scan;
};

/** The mean person for seed 0, else drawn from the seed (half width 150..205 mm, fat 12..50 mm,
 * wall 9..16 mm, infiltration 0.02..0.25; fat that would leave a cavity of less than 192 x 112 mm
 * is thinned). */
void torso_phantom_defaults(struct torso_phantom *p, uint64_t seed);
/** @return ST_DOMAIN when fat and wall leave no cavity, or for the grid */
status torso_phantom_make(struct phantom_result *out, const struct torso_phantom *p);

#endif
