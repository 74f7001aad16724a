#include "fea/post_yield.h"

#include <math.h>

status fea_post_yield_make(struct fea_post_yield *out, double rho, int cortical, double size_mm) {
  status st = ST_OK;
  const double length = cortical ? 5 : 15;
  const double slope = cortical ? -1000 : -2080 * pow(rho, 1.45);
  const double width = cortical ? 0.0184 - 0.0100 * rho : 0.00189 + 0.0241 * rho;
  struct fea_post_yield law;
  CHECK(rho > 0 && size_mm > 0, ST_DOMAIN,
        "post-yield law: ash density %g g/cm3 and element of %g mm; both must be above 0", rho,
        size_mm);
  law.modulus = 14900 * pow(rho, 1.86);
  law.strength = 102 * pow(rho, 1.80);
  law.residual = 43.1 * pow(rho, 1.81);
  law.yield = law.strength / law.modulus;
  law.plateau = fmax(0, width) * length / size_mm;
  const double below = length * law.modulus - (length - size_mm) * slope;
  CHECK(
      below > 0, ST_DOMAIN,
      "post-yield law: an element of %g mm is too large for the softening of specimens of %g mm at "
      "ash density %g g/cm3; use smaller elements",
      size_mm, length, rho);
  law.softening = size_mm * law.modulus * slope / below;
  law.end = law.yield + law.plateau - (law.strength - law.residual) / law.softening;
  *out = law;
done:
  return st;
}

double fea_post_yield_stress(const struct fea_post_yield *law, double strain) {
  if (strain <= law->yield) return law->modulus * strain;
  const double soft = strain - law->yield - law->plateau;
  if (soft <= 0) return law->strength;
  return fmax(law->residual, law->strength + law->softening * soft);
}
