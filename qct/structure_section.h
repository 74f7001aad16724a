/* One cross-section of a bone as a fine raster, and everything that is computed on it.
 *
 * The raster lies in the plane of the section. `front` runs anteriorly, `up` superiorly (shaft:
 * laterally); bending in the coronal plane is bending about `front`. Pixels are squares of `step`
 * mm; pixel (0, 0) has its centre at (front0, up0) mm from the section's centre.
 *
 * Three families of weights, never mixed; the letter is the end of a quantity's name:
 *   g  geometric: the whole periosteal section
 *   c  cortical: the cortex only
 *   w  density weighted: mineral / rho_ref
 * Sums run over pixels, each counted with the share it covers and its own moment step^2/12. The
 * mineral of a scan is blurred in part: blur keeps mass and centroid and adds its own variance to
 * the second moments, so mass x variance is taken off those of w.
 *
 * With x = front, y = up, from the centroid of the family:
 *   csmi = sum w y^2 (bending in the coronal plane), csmi_si = sum w x^2, ixy = sum w x y,
 *   j = csmi + csmi_si, imax, imin = j/2 +- sqrt(((csmi - csmi_si)/2)^2 + ixy^2),
 *   theta = atan2(-2 ixy, csmi - csmi_si)/2
 *   z_superior, z_inferior = csmi / extent of the periosteal outline up or down from the centroid;
 *   z the smaller of the two (larger extent); zmax, zmin about the principal axes; zp = j / r_max
 *   centroid = height of the centroid above the inferior edge / width
 *   br = largest extent / act; local buckling is a concern above 10
 *   ed_beck = 2 sqrt((spw/2)^2 - f csa/pi), act_beck = (spw - ed_beck)/2, br_beck =
 * (spw/2)/act_beck: a circular ring that holds the share f of the area (families c and w only) Of
 * the section: spw = width of the outline along up, ed = marrow space on the line through the
 * outline's centroid along up; act = mean thickness of the cortex along the inward normals of the
 * outline, the same by quadrant; act_area = csa_c / mean of the two perimeters; br_dxa =
 * (spw/2)/act. A value that cannot be had is NaN: csa not positive, cortex empty, (spw/2)^2 < f
 * csa/pi. Source: beck1990 (structural analysis of the hip; the share f of the cortex, the density
 * of full mineralisation, the limit of local buckling); the formulas are closed forms of a section.
 */
#ifndef QCT_QCT_STRUCTURE_SECTION_H
#define QCT_QCT_STRUCTURE_SECTION_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct structure_raster {
  int nx, ny;  /* along front, up */
  double step; /* mm */
  double front0, up0;
  float *bone;        /* [ny][nx] share inside the periosteal surface, 0..1 */
  float *marrow;      /* share inside the endosteal surface; NULL: no cortex is known */
  float *mineral;     /* mg/cm3 of bone, also where blur has carried it; NULL: no density */
  double variance[3]; /* blur's, times the share of the mineral that is blurred: up up, front
                         front, up front [mm2] */
};

enum structure_family { STRUCTURE_G, STRUCTURE_C, STRUCTURE_W, STRUCTURE_FAMILIES };

enum structure_family_quantity {
  SF_AREA,
  SF_CSMI,
  SF_CSMI_SI,
  SF_IXY,
  SF_J,
  SF_IMAX,
  SF_IMIN,
  SF_THETA,
  SF_Z,
  SF_Z_SUPERIOR,
  SF_Z_INFERIOR,
  SF_ZMAX,
  SF_ZMIN,
  SF_ZP,
  SF_CENTROID,
  SF_BR,
  SF_ED_BECK,
  SF_ACT_BECK,
  SF_BR_BECK,
  SF_COUNT
};

enum structure_quantity {
  SQ_SPW,
  SQ_ED,
  SQ_ACT,
  SQ_ACT_AREA,
  SQ_BR_DXA,
  SQ_PERIMETER_OUTER,
  SQ_PERIMETER_INNER,
  SQ_ACT_SUPERIOR_ANTERIOR,
  SQ_ACT_SUPERIOR_POSTERIOR,
  SQ_ACT_INFERIOR_ANTERIOR,
  SQ_ACT_INFERIOR_POSTERIOR,
  SQ_MINERAL, /* per length */
  SQ_COUNT
};

enum { STRUCTURE_VALUES = STRUCTURE_FAMILIES * SF_COUNT + SQ_COUNT };
static inline int structure_of_family(enum structure_family f, enum structure_family_quantity q) {
  return (int)f * SF_COUNT + (int)q;
}
static inline int structure_of_section(enum structure_quantity q) {
  return STRUCTURE_FAMILIES * SF_COUNT + (int)q;
}

/* What a value is called and in which unit it is reported. */
struct structure_name {
  char key[48]; /* "csmi_w" */
  char unit[8]; /* "cm4" */
  double scale; /* reported = value x scale; values are in mm, mg */
  int family;   /* enum structure_family; STRUCTURE_FAMILIES: of the section */
};
/** @param lateral  the section's up is lateral (shaft): quadrants are named so */
struct structure_name structure_name_of(int value, int lateral);

/**
 * All values of a section, [STRUCTURE_VALUES], lengths in mm, masses in mg.
 * @param rho_ref      density of full mineralisation [mg/cm3]; NaN: family w stays NaN
 * @param beck_share   f of ed_beck, 0..1
 * @return ST_MEMORY; ST_DOMAIN when no pixel is bone
 */
status structure_values(double out[STRUCTURE_VALUES], const struct structure_raster *r,
                        double rho_ref, double beck_share);

#ifdef __cplusplus
}
#endif
#endif
