/* The smooth solid that tetrahedra fill: a label as a level set, cut by planes.
 *
 * Steps: largest piece of the label, holes filled -> signed distance -> isotropic grid -> Gaussian
 * -> the level that encloses the label's volume, so smoothing does not shrink the bone. Positions
 * are in a local frame [mm]: p = ((w - origin) . axis[0], . axis[1], . axis[2]) of world w.
 */
#ifndef QCT_FEA_TET_DOMAIN_H
#define QCT_FEA_TET_DOMAIN_H

#include "core/surface.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tet_frame {
  struct vec3 origin, axis[3]; /* LPS mm; LPS unit vectors */
};
/** LPS itself. */
struct tet_frame tet_frame_lps(void);
struct vec3 tet_to_local(const struct tet_frame *f, struct vec3 world);
struct vec3 tet_to_world(const struct tet_frame *f, struct vec3 local);

/* normal . p - offset, >= 0 on the side that is kept (cut) or in contact. */
struct tet_plane {
  struct vec3 normal; /* unit, local */
  double offset;      /* mm */
};
static inline double tet_plane_side(const struct tet_plane *p, struct vec3 at) {
  return vec3_dot(p->normal, at) - p->offset;
}

/* Patches of the surface: the free surface, the two contact zones, and the flat cut. */
enum { TET_FREE, TET_CONTACT, TET_CONTACT_2, TET_CUT, TET_PATCHES };

struct tet_domain {
  struct tet_frame frame;
  struct volume *level;       /* owned, mm, negative inside */
  double shift;               /* the surface is level + shift = 0 */
  double label_mm3;           /* volume of the label that was meshed */
  int64_t dropped;            /* voxels of smaller pieces */
  double low[3], high[3];     /* local mm: reach of the surface on the kept side */
  int has_plane[TET_PATCHES]; /* of TET_CONTACT.. TET_CUT */
  struct tet_plane plane[TET_PATCHES];
};

/**
 * @param cut        local plane of the flat end, NULL: none; voxels more than 10 mm beyond are left
 *                   out
 * @param smooth_mm  sigma of the Gaussian, 0 .. 5
 * @param grow_mm    the surface is moved outwards by so much, -5 .. 5; 0: it keeps the label's
 * volume
 * @return ST_DOMAIN when the label is absent or nothing lies on the kept side; ST_MEMORY
 */
status tet_domain_create(struct tet_domain **out, const struct labels *labels, int label,
                         const struct tet_frame *frame, const struct tet_plane *cut,
                         double smooth_mm, double grow_mm);
void tet_domain_destroy(struct tet_domain *d);

/** Signed distance-like value [mm] and its gradient at a local point; NaN outside the grid. */
double tet_domain_level(const struct tet_domain *d, struct vec3 at, struct vec3 *gradient);
/** Nearest point of the surface, by Newton steps along the gradient. */
struct vec3 tet_domain_project(const struct tet_domain *d, struct vec3 at);
/** A point of two patches (or one, a == b) brought onto both. */
struct vec3 tet_domain_project_patch(const struct tet_domain *d, struct vec3 at, int a, int b);

/** Marching cubes of the level set in local coordinates, largest piece only. */
status tet_domain_surface(struct surface **out, const struct tet_domain *d);

#ifdef __cplusplus
}
#endif
#endif
