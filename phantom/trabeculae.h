/* `qct phantom trabeculae`: micro-CT cubes of structures whose measures are known.
 *
 *   plates    parallel, thickness t, gap s: BV/TV t/(t+s), Tb.Th t, Tb.Sp s, Tb.N 1/(t+s),
 *             BS/TV 2/(t+s), Conn.D 0
 *   rods      along x, y and z through the nodes of a cubic lattice of period L, radius r:
 *             BV/TV 3 pi r^2/L^2 - 8 sqrt2 r^3/L^3 (three crossing cylinders: Steinmetz solids),
 *             Conn.D 2/L^3, thickness 2r away from the nodes
 *   spinodal  level set of a sum of plane waves of one length and random directions; the level is
 *             the normal quantile of the planted BV/TV
 * A stretch multiplies lengths along x, y, z; BV/TV stays, thickness and numbers are then given
 * only where they are exact. Truth holds closed forms for the endless structure and an
 * integration over the cube itself with two numbers of points. Lengths in mm.
 * Source: cahn1965 (spinodal waves); the rest closed forms.
 */
#ifndef QCT_PHANTOM_TRABECULAE_H
#define QCT_PHANTOM_TRABECULAE_H

#include "phantom/output.h"
#include "phantom/paint.h"

enum trabeculae_kind { TRABECULAE_PLATES, TRABECULAE_RODS, TRABECULAE_SPINODAL };
extern const char *const trabeculae_names[]; /* "plates", "rods", "spinodal", NULL */

enum { TRABECULAE_WAVES = 1000 };

struct trabeculae_phantom {
  int kind;
  double thickness_mm, gap_mm; /* plates */
  double radius_mm, period_mm; /* rods; period also the wavelength of spinodal */
  double bvtv;                 /* spinodal, 0.02..0.98 */
  int waves;                   /* spinodal, 20..TRABECULAE_WAVES */
  uint64_t seed;
  double stretch[3];
  double tilt_deg[2]; /* turns of the structure about x and y */
  double size_mm, spacing_mm;
  double mineral_mg_cm3; /* of bone; marrow is 0 */
  double blur_mm, noise_mg_cm3;
  struct paint_options paint;
};

void trabeculae_defaults(struct trabeculae_phantom *p);
/** A density volume [mg/cm3 HA] as `ct`, labels 1 = bone. @return ST_DOMAIN for sizes */
status trabeculae_make(struct phantom_result *out, const struct trabeculae_phantom *p);
/** BV/TV of the endless structure; the planted one for spinodal. */
double trabeculae_bvtv(const struct trabeculae_phantom *p);

#endif
