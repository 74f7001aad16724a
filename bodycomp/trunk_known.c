/* What a given label map knows of a trunk that is else parted by rule. */
#include "bodycomp/trunk_slice.h"

/* TotalSegmentator's numbers. Source: totalseg2023 */
static const struct {
  int first, last, kind;
} known_kinds[] = {{1, 9, TRUNK_CAVITY},  {15, 15, TRUNK_CAVITY}, {18, 24, TRUNK_CAVITY},
                   {25, 50, FASCIA_BONE}, {52, 52, TRUNK_CAVITY}, {63, 68, TRUNK_CAVITY},
                   {69, 79, FASCIA_BONE}, {80, 89, TRUNK_MUSCLE}, {91, 116, FASCIA_BONE}};

int trunk_kind(int label) {
  for (size_t n = 0; n < sizeof known_kinds / sizeof *known_kinds; n++)
    if (label >= known_kinds[n].first && label <= known_kinds[n].last) return known_kinds[n].kind;
  return 0;
}

bool trunk_knows_organs(const struct labels *known) {
  if (known && labels_value(known, "abdominal_cavity")) return true;
  for (int64_t v = 0; known && v < geometry_voxels(&known->grid); v++)
    if (trunk_kind(known->voxels[v]) == TRUNK_CAVITY) return true;
  return false;
}

/* Bones are bone; organs and muscles are none, though contrast may make them as bright, and lie
 * inside the fascia, though it may gape. */
void trunk_mark_known(struct labels *l, const struct labels *known) {
  if (labels_value(known, "abdominal_cavity")) return;
  for (int64_t v = 0; v < geometry_voxels(&l->grid); v++) {
    int kind = l->voxels[v] ? trunk_kind(known->voxels[v]) : 0;
    if (kind == FASCIA_BONE)
      l->voxels[v] = FASCIA_BONE;
    else if (kind)
      l->voxels[v] = FASCIA_INSIDE;
  }
}

bool slice_part_by_cavity(struct slice *s, int cavity) {
  bool found = false;
  for (int64_t n = s->first; n < s->first + s->nx * s->ny; n++)
    found |= s->known->voxels[n] == cavity;
  for (int64_t n = s->first; found && n < s->first + s->nx * s->ny; n++) {
    uint16_t *label = &s->l->voxels[n];
    if (s->known->voxels[n] == cavity && *label)
      *label = TRUNK_CAVITY;
    else if (*label == FASCIA_INSIDE)
      *label = TRUNK_MUSCLE;
  }
  return found;
}

void slice_mark_known(struct slice *s) {
  for (int64_t n = s->first; s->known && n < s->first + s->nx * s->ny; n++) {
    int kind = trunk_kind(s->known->voxels[n]);
    if (kind && (s->l->voxels[n] == TRUNK_CAVITY || s->l->voxels[n] == TRUNK_MUSCLE))
      s->l->voxels[n] = (uint16_t)kind;
  }
}
