/* One slice of a trunk on its way to compartments; private to trunk.c and trunk_parts.c. */
#ifndef QCT_BODYCOMP_TRUNK_SLICE_H
#define QCT_BODYCOMP_TRUNK_SLICE_H

#include "bodycomp/trunk.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* mm and HU */
enum {
  TRUNK_FAT_HU = -30,   /* at and below */
  TRUNK_BODY_HALF = 16, /* of a vertebral body, front to back */
  TRUNK_FLANK = 62,     /* beside the muscles of the back */
  TRUNK_DEEP = 45,      /* behind the front of the spine: the muscles of the back begin */
  TRUNK_LOOSE = 5       /* of fat that may lie between fascia and wall */
};
static const double trunk_wide_mm = 1.6; /* pixels too wide to average over, or to close gaps of */

struct slice {
  const struct volume *hu;
  const struct labels *known; /* or NULL */
  struct labels *l;
  int64_t k, first; /* index of voxel (0, 0, k) */
  int64_t nx, ny;
  double dx, dy;
  double middle_x, middle_y; /* of the inside, index */
  double spine_y;            /* front of the vertebra, index */
  double centre_y;           /* of the cavity, index */
};

static inline int slice_label(const struct slice *s, int64_t i, int64_t j) {
  return i >= 0 && j >= 0 && i < s->nx && j < s->ny ? s->l->voxels[s->first + j * s->nx + i] : 0;
}

/** What a given map says of a voxel: TRUNK_CAVITY, TRUNK_MUSCLE, FASCIA_BONE; 0: nothing. */
int trunk_kind(int label);
/** Put what a map knows over what fascia.h found, before the slices are parted. */
void trunk_mark_known(struct labels *l, const struct labels *known);
/** Part a slice by the cavity of the map; false when the slice holds none of it. */
bool slice_part_by_cavity(struct slice *s, int cavity);
/** Put the map's organs and muscles over what the rule found. */
void slice_mark_known(struct slice *s);

static inline int slice_known(const struct slice *s, int64_t i, int64_t j) {
  return s->known ? trunk_kind(s->known->voxels[s->first + j * s->nx + i]) : 0;
}

/* The middle of the vertebral body, where the cavity ends. */
static inline double slice_back(const struct slice *s) {
  return s->spine_y + TRUNK_BODY_HALF / s->dy;
}

/** Psoas, quadratus, kidneys and the fat around them to where they belong, in a slice that is
 * parted into TRUNK_MUSCLE and TRUNK_CAVITY by the wall and the line of slice_back. @return
 * ST_MEMORY */
status slice_sort_parts(struct slice *s);

#ifdef __cplusplus
}
#endif
#endif
