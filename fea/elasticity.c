#include "fea/elasticity.h"

#include <math.h>
#include <string.h>

static const char *const pair_names[3] = {"yz", "xz", "xy"};

void fea_elasticity_isotropic(struct fea_elasticity *out, double poisson) {
  const double lambda = poisson / ((1 + poisson) * (1 - 2 * poisson)), mu = 0.5 / (1 + poisson);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) out->normal[i][j] = i == j ? lambda + 2 * mu : lambda;
    out->shear[i] = mu;
  }
}

bool fea_elasticity_is_cubic(const struct fea_elasticity *e) {
  bool same = true;
  for (int i = 0; i < 3; i++) {
    same = same && e->shear[i] == e->shear[0] && e->normal[i][i] == e->normal[0][0];
    same = same && e->normal[i][(i + 1) % 3] == e->normal[0][1];
  }
  return same;
}

/* Cofactor of a symmetric 3 x 3 matrix. */
static double cofactor(double s[3][3], int i, int j) {
  const int a = (i + 1) % 3, b = (i + 2) % 3, c = (j + 1) % 3, d = (j + 2) % 3;
  return s[a][c] * s[b][d] - s[a][d] * s[b][c];
}

status fea_elasticity_orthotropic(struct fea_elasticity *out, const struct fea_orthotropy *ratio) {
  status st = ST_OK;
  double s[3][3]; /* strain by stress */
  for (int i = 0; i < 3; i++) {
    CHECK(ratio->young[i] > 0 && isfinite(ratio->young[i]), ST_DOMAIN,
          "orthotropy: modulus ratio %g along %c, permitted are numbers above 0", ratio->young[i],
          "xyz"[i]);
    CHECK(ratio->shear[i] > 0 && isfinite(ratio->shear[i]), ST_DOMAIN,
          "orthotropy: shear ratio %g of %s, permitted are numbers above 0", ratio->shear[i],
          pair_names[i]);
    CHECK(isfinite(ratio->poisson[i]), ST_DOMAIN, "orthotropy: Poisson's ratio of %s is no number",
          pair_names[i]);
    s[i][i] = 1 / ratio->young[i];
  }
  for (int p = 0; p < 3; p++) {
    const int i = p == 0, j = p == 2 ? 1 : 2; /* yz, xz, xy */
    s[i][j] = s[j][i] = -ratio->poisson[p] / ratio->young[i];
    CHECK(s[i][j] * s[i][j] < s[i][i] * s[j][j], ST_DOMAIN,
          "orthotropy: Poisson's ratio %g of %s must be below %g in size, the root of the ratio of "
          "the two moduli",
          ratio->poisson[p], pair_names[p], sqrt(s[j][j] / s[i][i]));
  }
  const double det =
      s[0][0] * cofactor(s, 0, 0) + s[0][1] * cofactor(s, 0, 1) + s[0][2] * cofactor(s, 0, 2);
  CHECK(det > 0, ST_DOMAIN,
        "orthotropy: with Poisson's ratios %g, %g, %g (yz, xz, xy) some strain would gain energy; "
        "lower them",
        ratio->poisson[0], ratio->poisson[1], ratio->poisson[2]);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) out->normal[i][j] = cofactor(s, i, j) / det;
    out->shear[i] = ratio->shear[i];
  }
done:
  return st;
}

status fea_orthotropy_fabric(struct fea_orthotropy *out, const struct fea_fabric *fabric) {
  status st = ST_OK;
  const double *m = fabric->eigenvalue, sum = m[0] + m[1] + m[2];
  for (int i = 0; i < 3; i++)
    CHECK(m[i] > 0, ST_DOMAIN, "fabric: eigenvalue %g, permitted are numbers above 0", m[i]);
  CHECK(fabs(sum - 3) <= 0.03, ST_DOMAIN,
        "fabric: eigenvalues %g, %g, %g have the sum %g; scale them to a sum of 3", m[0], m[1],
        m[2], sum);
  for (int p = 0; p < 3; p++) {
    const int i = p == 0, j = p == 2 ? 1 : 2;
    out->young[p] = pow(m[p], 2 * fabric->exponent);
    out->poisson[p] = fabric->poisson * pow(m[i] / m[j], fabric->exponent);
    out->shear[p] = fabric->shear * pow(m[i] * m[j], fabric->exponent);
  }
done:
  return st;
}
