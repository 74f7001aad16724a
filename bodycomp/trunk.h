/* The trunk by rule when no label map of tissues is given: what fascia.h finds, its inside parted
 * into the muscles (abdominal wall, back, psoas) and the abdominal cavity, slice by slice.
 *
 *   1. fascia_compartments: skin, subcutaneous fat, inside of the fascia, bone
 *   2. the front of the spine: the first row, going back from 15 mm before the middle of the
 * inside, that is bone over half of its middle 28 mm, or has bone on both sides 8 to 24 mm from the
 *      middle; the cavity ends 16 mm behind it, at the middle of the vertebral body. What lies
 * between the walls of the body is bone, and so is the canal: the gap of 6 to 25 mm, as wide as 20,
 *      between body and arch in the middle of the vertebra
 *   3. the abdominal wall: on rays every degree from the middle of the cavity, from the fascia
 *      inwards through at least 3 mm of muscle or bone to the first 2 mm of fat, at most 30 mm; a
 *      ray where an organ lies against the wall takes the median of those within 40 degrees, and a
 *      median over 21 degrees smooths all
 *   4. cavity: inside, within 3, not bone, before 2 or (in the flanks, more than 62 mm from the
 *      middle) no deeper than 45 mm behind the front of the spine; muscle: the rest of the inside
 *   5. kidneys to the cavity: of the parts below, those larger than 10 cm2 whose middle is more
 *      than 55 mm out
 *   6. psoas to the muscles: muscle beside the vertebral body, within 65 mm of its middle and no
 *      more than 8 mm before its front (0 within 20 mm of the middle, where the vessels lie), gaps
 * of fat up to 6 mm closed (in pixels below 1.6 mm), opened by 2 mm, that hangs together with the
 *      muscle behind; the quadratus likewise: behind the line, within 95 mm, opened by 4 mm
 *   7. to the cavity: an organ (no fat, opened by 6 mm, not at the fascia, at most a tenth of it
 *      beside the spine deeper than 45 mm) of which more than 35 % lies in it; and the fat behind
 * the line, opened by 2 mm, beside the spine and not deeper than 45 mm (80 mm in the flanks), that
 *      hangs together with the cavity's
 *
 * Slices with lung in their back half, without a vertebra, or with fat behind less than half of the
 * wall (liver and spleen lie along it) are left as fascia.h has them and told. Rows made from these
 * compartments carry method=rule.
 *
 * Limits: those of fascia.h; an organ that touches the psoas may count with it, a muscle that
 * touches a kidney with the cavity, liver and spleen along the wall with the muscles; the canal
 * between two arches counts with muscle; organs brightened by contrast above 160 HU count as bone.
 * Source: none published (own rule).
 */
#ifndef QCT_BODYCOMP_TRUNK_H
#define QCT_BODYCOMP_TRUNK_H

#include "bodycomp/fascia.h"

#ifdef __cplusplus
extern "C" {
#endif

/* beside FASCIA_SKIN, FASCIA_SUBCUTANEOUS, FASCIA_INSIDE (slices not parted), FASCIA_BONE */
enum { TRUNK_MUSCLE = 5, TRUNK_CAVITY = 6 };

struct trunk_info {
  struct body_info body;
  int64_t parted;   /* slices with muscle and cavity */
  int64_t unparted; /* slices of the body without */
  double wall_seen; /* share of rays that met fat behind the wall, over the parted slices */
};

/**
 * @param[out] out   labels with names; owned by the caller, on the grid of `hu`
 * @param[out] info  may be NULL
 * @param hu         QUANTITY_HU, identity direction (filter_orient)
 * @param known      labels on the same grid, or NULL. Where one is named abdominal_cavity, it is
 * the cavity and the rest of the inside muscle, without a rule. Else TotalSegmentator numbers:
 * organs and vessels (1-9, 15, 18-24, 52, 63-68) lie in the cavity and end the wall, muscles
 * (80-89) are muscle, bones (25-50, 69-79, 91-116) bone; the rule is left with the wall and the
 * fat.
 * @return what fascia_compartments returns; ST_DOMAIN when no slice can be parted, or for another
 * grid
 */
status trunk_compartments(struct labels **out, struct trunk_info *info, const struct volume *hu,
                          const struct labels *known, const struct fascia_options *options);
/* What the rule missed by in 50 digital trunks in slices of 1, 3 and 5 mm (benchmarks/
 * bodycomp_truth.sh), for the flags of its rows; muscle alone and with the organs of a map. */
#define TRUNK_ERROR_MUSCLE "error of the rule in digital trunks: -5 to +4 %"
#define TRUNK_ERROR_MUSCLE_KNOWN "error of the rule in digital trunks: -3 to +1 %"
#define TRUNK_ERROR_VISCERAL "error of the rule in digital trunks: -4 to +4 %"
#define TRUNK_ERROR_SUBCUTANEOUS "error of the rule in digital trunks: -2 to -1 %"
/** Does a map hold an organ of the abdomen that `known` above would use? */
bool trunk_knows_organs(const struct labels *known);

#ifdef __cplusplus
}
#endif
#endif
