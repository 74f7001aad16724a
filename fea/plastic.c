#include "fea/plastic.h"

#include <math.h>
#include <string.h>

static const double sqrt3 = 1.7320508075688772;

void fea_plastic_surface(struct fea_plastic_point *p, enum fea_yield kind, double tension,
                         double compression) {
  switch (kind) {
  case FEA_VON_MISES:
    p->alpha = 0;
    p->k = compression / sqrt3;
    break;
  case FEA_DRUCKER_PRAGER:
    p->alpha = (compression - tension) / (sqrt3 * (compression + tension));
    p->k = 2 * compression * tension / (sqrt3 * (compression + tension));
    break;
  }
}

void fea_elastic_matrix(double young, double poisson, double c[6][6]) {
  const double mu = young / (2 * (1 + poisson));
  const double lambda = young * poisson / ((1 + poisson) * (1 - 2 * poisson));
  memset(c, 0, 6 * sizeof c[0]);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) c[i][j] = lambda + (i == j ? 2 * mu : 0);
    c[3 + i][3 + i] = mu;
  }
}

/* Deviator, sqrt(J2) and I1 of a stress. */
static double invariants(const double stress[6], double deviator[6], double *i1) {
  double j2 = 0;
  *i1 = stress[0] + stress[1] + stress[2];
  for (int i = 0; i < 3; i++) {
    deviator[i] = stress[i] - *i1 / 3;
    deviator[3 + i] = stress[3 + i];
    j2 += deviator[i] * deviator[i] / 2 + stress[3 + i] * stress[3 + i];
  }
  return sqrt(j2);
}

double fea_plastic_function(const struct fea_plastic_point *p, const double stress[6]) {
  double deviator[6], i1;
  const double q = invariants(stress, deviator, &i1);
  return q + p->alpha * i1 - p->k;
}

/* Mean tension beyond the tip of the cone: all deviatoric stress is gone, the mean stays there. */
static void return_to_tip(double i1_tip, double bulk, double plastic[6], double stress[6],
                          const double deviator[6], double i1, double mu, double tangent[6][6]) {
  for (int i = 0; i < 3; i++) {
    plastic[i] += deviator[i] / (2 * mu) + (i1 - i1_tip) / (9 * bulk);
    plastic[3 + i] += deviator[3 + i] / mu;
    stress[i] = i1_tip / 3;
    stress[3 + i] = 0;
  }
  if (tangent) memset(tangent, 0, 6 * sizeof tangent[0]);
}

/* With N = s / q of the trial state (N:N = 2) and c = mu dg / q:
 * d stress = K I tr + 2 mu (1 - c) de + mu c N (N:de) - N (mu N:de + 3 K alpha tr) */
static void consistent(double tangent[6][6], const double n[6], double c, double mu, double bulk,
                       double alpha) {
  memset(tangent, 0, 6 * sizeof tangent[0]);
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      double t = 0;
      if (i < 3 && j < 3) t += bulk + 2 * mu * (1 - c) * ((i == j) - 1. / 3);
      if (i >= 3 && i == j) t += mu * (1 - c);
      /* N:de with engineering shear: n_j de_j in both cases; N:tr vanishes */
      t += mu * (c - 1) * n[i] * n[j];
      if (j < 3) t -= 3 * bulk * alpha * n[i];
      tangent[i][j] = t;
    }
}

int fea_plastic_return(const struct fea_plastic_point *p, const double strain[6], double plastic[6],
                       double stress[6], double tangent[6][6]) {
  const double mu = p->young / (2 * (1 + p->poisson));
  const double lambda = p->young * p->poisson / ((1 + p->poisson) * (1 - 2 * p->poisson));
  const double bulk = lambda + 2 * mu / 3;
  double deviator[6], i1, trace = 0, n[6];
  for (int i = 0; i < 3; i++) trace += strain[i] - plastic[i];
  for (int i = 0; i < 3; i++) {
    stress[i] = lambda * trace + 2 * mu * (strain[i] - plastic[i]);
    stress[3 + i] = mu * (strain[3 + i] - plastic[3 + i]);
  }
  const double q = invariants(stress, deviator, &i1);
  const double f = q + p->alpha * i1 - p->k;
  if (!(f > 1e-12 * p->k)) {
    if (tangent) fea_elastic_matrix(p->young, p->poisson, tangent);
    return 0;
  }
  const double left = q - f; /* sqrt(J2) after the return */
  if (left <= 0) {
    return_to_tip(p->k / p->alpha, bulk, plastic, stress, deviator, i1, mu, tangent);
    return 1;
  }
  for (int i = 0; i < 6; i++) {
    n[i] = deviator[i] / q;
    stress[i] -= f * n[i]; /* mu dg N with dg = f / mu */
    plastic[i] += f / mu * n[i] / (i < 3 ? 2 : 1);
  }
  if (tangent) consistent(tangent, n, f / q, mu, bulk, p->alpha);
  return 1;
}
