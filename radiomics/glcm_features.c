#include "radiomics/glcm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* scratch: px, py [R+1], differences, sums [2*top+1] each, then a symmetric matrix for MCC */
status rad_glcm_init(struct rad_glcm *g, int ranks, const int *level, int levels, double epsilon,
                     int with_mcc) {
  status st = ST_OK;
  size_t top = (size_t)level[ranks];
  size_t n = 2 * ((size_t)ranks + 1) + 3 * top + 3;
  if (with_mcc) n += (size_t)ranks * (size_t)ranks + 2 * (size_t)ranks;
  *g = (struct rad_glcm){ranks, level, levels, epsilon, with_mcc, NULL};
  g->scratch = malloc(n * sizeof *g->scratch);
  CHECK(g->scratch, ST_MEMORY, "radiomics: no memory for co-occurrence features of %d levels",
        ranks);
done:
  return st;
}

void rad_glcm_free(struct rad_glcm *g) {
  free(g->scratch);
  g->scratch = NULL;
}

struct marginals {
  double *px, *py;          /* [R + 1] */
  double *difference, *sum; /* [top + 1], [2 top + 1] */
  double total, mean_x, mean_y, var_x, var_y;
};

static void make_marginals(struct marginals *m, struct rad_glcm *g, const double *p) {
  int r = g->ranks;
  int top = g->level[r];
  m->px = g->scratch;
  m->py = m->px + r + 1;
  m->difference = m->py + r + 1;
  m->sum = m->difference + top + 1;
  memset(g->scratch, 0, sizeof(double) * (size_t)(2 * (r + 1) + 3 * top + 2));
  m->total = m->mean_x = m->mean_y = m->var_x = m->var_y = 0;
  for (int i = 1; i <= r; i++)
    for (int j = 1; j <= r; j++) m->total += p[i * (r + 1) + j];
  if (!(m->total > 0)) return;
  for (int i = 1; i <= r; i++)
    for (int j = 1; j <= r; j++) {
      double q = p[i * (r + 1) + j];
      if (q == 0) continue;
      q /= m->total;
      m->px[i] += q;
      m->py[j] += q;
      m->difference[abs(g->level[i] - g->level[j])] += q;
      m->sum[g->level[i] + g->level[j]] += q;
    }
  for (int i = 1; i <= r; i++) {
    m->mean_x += m->px[i] * g->level[i];
    m->mean_y += m->py[i] * g->level[i];
  }
  for (int i = 1; i <= r; i++) {
    double dx = g->level[i] - m->mean_x;
    double dy = g->level[i] - m->mean_y;
    m->var_x += m->px[i] * dx * dx;
    m->var_y += m->py[i] * dy * dy;
  }
}

/* Features that are sums over the whole matrix. */
static void joint_features(double *out, const struct rad_glcm *g, const struct marginals *m,
                           const double *p, double *hxy1, double *hxy2) {
  int r = g->ranks;
  for (int i = 1; i <= r; i++)
    for (int j = 1; j <= r; j++) {
      double q = p[i * (r + 1) + j];
      double independent = m->px[i] * m->py[j];
      if (independent > 0) *hxy2 -= independent * log2(independent + g->epsilon);
      if (q == 0) continue;
      q /= m->total;
      double li = g->level[i];
      double lj = g->level[j];
      double s = li + lj - m->mean_x - m->mean_y;
      double s2 = s * s;
      if (q > out[0]) out[0] = q;
      out[3] -= q * log2(q + g->epsilon);
      out[10] += q * q;
      out[19] += q * li * lj;
      out[20] += q * s2;
      out[21] += q * s2 * s;
      out[22] += q * s2 * s2;
      *hxy1 -= q * log2(independent + g->epsilon);
    }
}

static void difference_features(double *out, const struct rad_glcm *g, const struct marginals *m) {
  int top = g->level[g->ranks];
  double n = g->levels;
  for (int k = 0; k <= top; k++) {
    double q = m->difference[k];
    if (q == 0) continue;
    double k2 = (double)k * k;
    out[4] += q * k;
    out[6] -= q * log2(q + g->epsilon);
    out[11] += q * k2;
    out[13] += q / (1 + k);
    out[14] += q / (1 + k / n);
    out[15] += q / (1 + k2);
    out[16] += q / (1 + k2 / (n * n));
    if (k) out[17] += q / k2;
  }
  out[12] = out[4];
  for (int k = 0; k <= top; k++) {
    double d = k - out[4];
    out[5] += m->difference[k] * d * d;
  }
}

static void sum_features(double *out, const struct rad_glcm *g, const struct marginals *m) {
  int top = 2 * g->level[g->ranks];
  for (int k = 2; k <= top; k++) {
    out[7] += m->sum[k] * k;
    if (m->sum[k] > 0) out[9] -= m->sum[k] * log2(m->sum[k] + g->epsilon);
  }
  for (int k = 2; k <= top; k++) {
    double d = k - out[7];
    out[8] += m->sum[k] * d * d;
  }
}

/* Second largest singular value of p/sqrt(px py): that is the maximal correlation. The matrix
 * A A' is deflated by its known first vector sqrt(px); cyclic Jacobi finds the rest. */
static double maximal_correlation(const struct rad_glcm *g, const struct marginals *m,
                                  const double *p) {
  int r = g->ranks;
  double *a = m->sum + 2 * g->level[r] + 1;
  int n = 0;
  int *used = malloc(sizeof(int) * (size_t)r);
  if (!used) return NAN;
  for (int i = 1; i <= r; i++)
    if (m->px[i] > 0) used[n++] = i;
  for (int i = 0; i < n; i++)
    for (int j = i; j < n; j++) {
      double sum = 0;
      for (int k = 1; k <= r; k++)
        if (m->py[k] > 0) sum += p[used[i] * (r + 1) + k] * p[used[j] * (r + 1) + k] / m->py[k];
      sum /= m->total * m->total * sqrt(m->px[used[i]] * m->px[used[j]]);
      sum -= sqrt(m->px[used[i]] * m->px[used[j]]);
      a[i * n + j] = a[j * n + i] = sum;
    }
  free(used);
  if (n < 2) return 1;
  for (int sweep = 0; sweep < 60; sweep++) {
    double off = 0;
    for (int i = 0; i < n; i++)
      for (int j = i + 1; j < n; j++) {
        double apq = a[i * n + j];
        off += apq * apq;
        if (fabs(apq) < 1e-300) continue;
        double theta = (a[j * n + j] - a[i * n + i]) / (2 * apq);
        double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
        double c = 1 / sqrt(t * t + 1);
        double s = t * c;
        for (int k = 0; k < n; k++) {
          double x = a[k * n + i];
          double y = a[k * n + j];
          a[k * n + i] = c * x - s * y;
          a[k * n + j] = s * x + c * y;
        }
        for (int k = 0; k < n; k++) {
          double x = a[i * n + k];
          double y = a[j * n + k];
          a[i * n + k] = c * x - s * y;
          a[j * n + k] = s * x + c * y;
        }
      }
    if (off < 1e-28) break;
  }
  double best = 0;
  for (int i = 0; i < n; i++)
    if (a[i * n + i] > best) best = a[i * n + i];
  return sqrt(best);
}

static double entropy(const double *p, int r, double epsilon) {
  double h = 0;
  for (int i = 1; i <= r; i++)
    if (p[i] > 0) h -= p[i] * log2(p[i] + epsilon);
  return h;
}

void rad_glcm_features(double *out, struct rad_glcm *g, const double *p) {
  struct marginals m;
  int count = RAD_GLCM_FEATURES + (g->with_mcc ? 1 : 0);
  make_marginals(&m, g, p);
  for (int f = 0; f < count; f++) out[f] = m.total > 0 ? 0 : (double)NAN;
  if (!(m.total > 0)) return;
  double hxy1 = 0;
  double hxy2 = 0;
  joint_features(out, g, &m, p, &hxy1, &hxy2);
  difference_features(out, g, &m);
  sum_features(out, g, &m);
  out[1] = m.mean_x;
  out[2] = m.var_x;
  double spread = sqrt(m.var_x * m.var_y);
  out[18] = spread > 0 ? (out[19] - m.mean_x * m.mean_y) / spread : 1;
  double hx = entropy(m.px, g->ranks, g->epsilon);
  double hy = entropy(m.py, g->ranks, g->epsilon);
  if (hy > hx) hx = hy;
  out[23] = m.var_x > 0 ? (out[3] - hxy1) / hx : 0;
  double gain = 1 - exp(-2 * (hxy2 - out[3]));
  out[24] = gain > 0 ? sqrt(gain) : 0;
  if (g->with_mcc) out[25] = maximal_correlation(g, &m, p);
}
