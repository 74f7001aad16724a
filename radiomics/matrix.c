#include "radiomics/matrix.h"

#include <math.h>
#include <stdlib.h>

static int by_level(const void *a, const void *b) {
  const struct rad_cell *x = a;
  const struct rad_cell *y = b;
  if (x->level != y->level) return x->level < y->level ? -1 : 1;
  return (x->second > y->second) - (x->second < y->second);
}

static int by_second(const void *a, const void *b) {
  const struct rad_cell *x = a;
  const struct rad_cell *y = b;
  if (x->second != y->second) return x->second < y->second ? -1 : 1;
  return (x->level > y->level) - (x->level < y->level);
}

static int sorted(const struct rad_cell *cells, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (by_level(&cells[i - 1], &cells[i]) > 0) return 0;
  return 1;
}

size_t rad_cells_join(struct rad_cell *cells, size_t n) {
  if (!n) return 0;
  if (!sorted(cells, n)) qsort(cells, n, sizeof *cells, by_level);
  size_t m = 0;
  for (size_t i = 1; i < n; i++) {
    if (cells[i].level == cells[m].level && cells[i].second == cells[m].second)
      cells[m].count += cells[i].count;
    else
      cells[++m] = cells[i];
  }
  return m + 1;
}

/* Sum of squared marginal sums over stretches of equal level (or second index). */
static double squares(const struct rad_cell *cells, size_t n, int second) {
  double sum = 0;
  double run = 0;
  for (size_t i = 0; i < n; i++) {
    int same = i && (second ? cells[i].second == cells[i - 1].second
                            : cells[i].level == cells[i - 1].level);
    if (!same) {
      sum += run * run;
      run = 0;
    }
    run += cells[i].count;
  }
  return sum + run * run;
}

static void emphases(double out[RAD_M_COUNT], const struct rad_cell *cells, size_t n,
                     double total) {
  for (size_t c = 0; c < n; c++) {
    double p = cells[c].count / total;
    double i2 = (double)cells[c].level * cells[c].level;
    double j2 = (double)cells[c].second * (double)cells[c].second;
    out[RAD_M_SHORT] += p / j2;
    out[RAD_M_LONG] += p * j2;
    out[RAD_M_LOW] += p / i2;
    out[RAD_M_HIGH] += p * i2;
    out[RAD_M_SHORT_LOW] += p / (i2 * j2);
    out[RAD_M_SHORT_HIGH] += p * i2 / j2;
    out[RAD_M_LONG_LOW] += p * j2 / i2;
    out[RAD_M_LONG_HIGH] += p * i2 * j2;
  }
}

static void spreads(double out[RAD_M_COUNT], const struct rad_cell *cells, size_t n, double total,
                    double epsilon) {
  double mean_i = 0;
  double mean_j = 0;
  for (size_t c = 0; c < n; c++) {
    double p = cells[c].count / total;
    mean_i += cells[c].count * cells[c].level; /* whole numbers: exact */
    mean_j += cells[c].count * (double)cells[c].second;
    out[RAD_M_ENTROPY] -= p * log2(p + epsilon);
    out[RAD_M_ENERGY] += p * p;
  }
  mean_i /= total;
  mean_j /= total;
  for (size_t c = 0; c < n; c++) {
    double p = cells[c].count / total;
    double di = cells[c].level - mean_i;
    double dj = (double)cells[c].second - mean_j;
    out[RAD_M_LEVEL_VARIANCE] += p * di * di;
    out[RAD_M_SECOND_VARIANCE] += p * dj * dj;
  }
}

void rad_matrix_features(double out[RAD_M_COUNT], struct rad_cell *cells, size_t n, double voxels,
                         double epsilon) {
  double total = 0;
  for (size_t c = 0; c < n; c++) total += cells[c].count;
  for (int f = 0; f < RAD_M_COUNT; f++) out[f] = total > 0 ? 0 : (double)NAN;
  if (!(total > 0)) return;
  emphases(out, cells, n, total);
  spreads(out, cells, n, total, epsilon);
  out[RAD_M_LEVEL_NU] = squares(cells, n, 0) / total;
  qsort(cells, n, sizeof *cells, by_second);
  out[RAD_M_SECOND_NU] = squares(cells, n, 1) / total;
  out[RAD_M_LEVEL_NU_NORM] = out[RAD_M_LEVEL_NU] / total;
  out[RAD_M_SECOND_NU_NORM] = out[RAD_M_SECOND_NU] / total;
  out[RAD_M_PERCENTAGE] = total / voxels;
}
