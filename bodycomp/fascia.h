/* Body compartments by rule, when no label map of tissues is given: skin, subcutaneous fat, what
 * lies inside the fascia, bone.
 *
 * 1. body: core/body.h. Skin is its outer 2 mm.
 * 2. lean = -29..3000 HU in the body without the skin, opened by 1 voxel-ish 1.5 mm so that vessels
 * and septa in the subcutaneous fat do not count; nor do parts of a slice that lie wholly within 10
 * mm of the surface: thick skin, scars, dressings
 * 3. inside = lean closed by `close_mm` (Euclidean, 3-D), holes filled in every slice, largest
 * component; gaps of up to 70 mm in the rows of the front half, within 50 and from
 * beyond 12 mm on both sides of the middle, are
 * closed too: the linea alba is too thin to be seen
 * 4. subcutaneous = body without skin outside of `inside`; bone = above 160 HU inside, in
 * components of 0.5 ml at least Rows made from these compartments carry method=rule. Subcutaneous
 * fat and fat inside the fascia follow from them; visceral fat cannot be told from intermuscular
 * fat by this rule and is not given.
 *
 * Limits: arms that touch the trunk belong to it; a thin abdominal wall (muscle below about 4 mm)
 * or a hernia lets fat count as subcutaneous; in a body that leaves the image the subcutaneous fat
 * is a lower bound.
 */
#ifndef QCT_BODYCOMP_FASCIA_H
#define QCT_BODYCOMP_FASCIA_H

#include "core/body.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FASCIA_SKIN = 1, FASCIA_SUBCUTANEOUS = 2, FASCIA_INSIDE = 3, FASCIA_BONE = 4 };

struct fascia_options {
  double close_mm; /* bridging of gaps between muscles; 10 */
  double skin_mm;  /* 2 */
};
#define FASCIA_DEFAULTS                                                                            \
  { .close_mm = 10, .skin_mm = 2 }

/**
 * @param[out] out   labels of the enum above with names, owned by the caller
 * @param[out] info  of the body, may be NULL
 * @return what body_find and the filters return; ST_DOMAIN when no lean tissue is found
 */
status fascia_compartments(struct labels **out, struct body_info *info, const struct volume *hu,
                           const struct fascia_options *options);

#ifdef __cplusplus
}
#endif
#endif
