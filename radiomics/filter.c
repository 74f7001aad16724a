#include "radiomics/filter.h"

#include "radiomics/convolve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const rad_filter_names[] = {"none",       "mean",      "log",
                                        "laws",       "gabor",     "wavelet",
                                        "simoncelli", "riesz-log", "riesz-simoncelli",
                                        NULL};
const char *const rad_boundary_names[] = {"zero", "nearest", "periodic", "mirror", NULL};
const char *const rad_pooling_names[] = {"none", "max", "mean", NULL};

void rad_filter_init(struct rad_filter *f) {
  memset(f, 0, sizeof *f);
  f->boundary = RAD_BOUNDARY_MIRROR;
  f->support = 5;
  f->sigma_mm = 1.5;
  f->truncate = 4;
  f->lambda_mm = 2;
  f->gamma = 1.5;
  f->theta_deg = 22.5;
  f->level = 1;
  f->energy_distance = 7;
  snprintf(f->kernels, sizeof f->kernels, "L5E5E5");
  snprintf(f->wavelet, sizeof f->wavelet, "db3");
  snprintf(f->band, sizeof f->band, "LLH");
  f->order[0] = 1;
}

static bool one_of(const char *name, const char *const *names) {
  for (; *names; names++)
    if (!strcmp(name, *names)) return true;
  return false;
}

status rad_filter_check(const struct rad_filter *f, bool by_slice) {
  static const char *const wavelets[] = {"haar", "db2", "db3", "coif1", NULL};
  static const char *const laws[] = {"L3", "L5", "E3", "E5", "S3", "S5", "W5", "R5", NULL};
  status st = ST_OK;
  size_t axes = by_slice ? 2 : 3;
  if (f->kind == RAD_FILTER_MEAN)
    CHECK(f->support >= 1 && f->support % 2 == 1 && f->support < 1000, ST_USAGE,
          "mean filter: support %d voxels must be odd and within 1..999", f->support);
  if (f->kind == RAD_FILTER_LOG || f->kind == RAD_FILTER_RIESZ_LOG || f->kind == RAD_FILTER_GABOR)
    CHECK(f->sigma_mm > 0 && f->sigma_mm <= 100 && f->truncate > 0, ST_USAGE,
          "filter: sigma %g mm and truncation %g must be positive", f->sigma_mm, f->truncate);
  if (f->kind == RAD_FILTER_LAWS) {
    CHECK(strlen(f->kernels) == 2 * axes, ST_USAGE,
          "Laws filter: \"%s\" must name %zu kernels, such as %s", f->kernels, axes,
          by_slice ? "L5E5" : "L5E5E5");
    for (size_t a = 0; a < axes; a++) {
      char name[3] = {f->kernels[2 * a], f->kernels[2 * a + 1], 0};
      CHECK(one_of(name, laws), ST_USAGE,
            "Laws filter: unknown kernel %s; known are L3 L5 E3 E5 S3 S5 W5 R5", name);
    }
  }
  if (f->kind == RAD_FILTER_GABOR)
    CHECK(f->lambda_mm > 0 && f->gamma > 0 && (f->pooling == RAD_POOL_NONE || f->theta_deg > 0),
          ST_USAGE, "Gabor filter: lambda %g mm, gamma %g and the step %g deg must be positive",
          f->lambda_mm, f->gamma, f->theta_deg);
  if (f->kind == RAD_FILTER_WAVELET) {
    CHECK(one_of(f->wavelet, wavelets), ST_USAGE,
          "wavelet filter: unknown wavelet %s; known are haar db2 db3 coif1", f->wavelet);
    CHECK(strlen(f->band) == axes && strspn(f->band, "LH") == axes, ST_USAGE,
          "wavelet filter: band \"%s\" must be %zu letters of L and H", f->band, axes);
  }
  bool levels = f->kind == RAD_FILTER_WAVELET || f->kind == RAD_FILTER_SIMONCELLI ||
                f->kind == RAD_FILTER_RIESZ_SIMONCELLI;
  CHECK(!levels || (f->level >= 1 && f->level <= 10), ST_USAGE,
        "filter: level %d is not within 1..10", f->level);
  for (int a = 0; a < 3; a++)
    CHECK(f->order[a] >= 0 && f->order[a] <= 8, ST_USAGE,
          "Riesz filter: order %d is not within 0..8", f->order[a]);
done:
  return st;
}

/* "1.5" -> "1-5" */
static void dashed(char out[24], double v) {
  snprintf(out, 24, "%.3f", v);
  size_t n = strlen(out);
  while (n > 3 && out[n - 1] == '0' && out[n - 2] != '.') out[--n] = 0;
  for (char *c = out; *c; c++)
    if (*c == '.') *c = '-';
}

void rad_filter_tag(char out[64], const struct rad_filter *f, bool by_slice) {
  const char *d = by_slice ? "2D" : "3D";
  char sigma[24];
  dashed(sigma, f->sigma_mm);
  switch (f->kind) {
  case RAD_FILTER_NONE:
    snprintf(out, 64, "original");
    break;
  case RAD_FILTER_MEAN:
    snprintf(out, 64, "mean-%d-%s", f->support, d);
    break;
  case RAD_FILTER_LOG:
    snprintf(out, 64, "log-sigma-%s-mm-%s", sigma, d);
    break;
  case RAD_FILTER_LAWS:
    snprintf(out, 64, "laws-%s-energy-%d-%s", f->kernels, f->energy_distance, d);
    break;
  case RAD_FILTER_GABOR:
    snprintf(out, 64, "gabor-sigma-%s-mm-%s", sigma, d);
    break;
  case RAD_FILTER_WAVELET:
    snprintf(out, 64, "wavelet-%s-%s-%d", f->wavelet, f->band, f->level);
    break;
  case RAD_FILTER_SIMONCELLI:
    snprintf(out, 64, "simoncelli-%d-%s", f->level, d);
    break;
  case RAD_FILTER_RIESZ_LOG:
    snprintf(out, 64, "riesz-%d%d%d-log-sigma-%s-mm-%s", f->order[0], f->order[1], f->order[2],
             sigma, d);
    break;
  case RAD_FILTER_RIESZ_SIMONCELLI:
    snprintf(out, 64, "riesz-%d%d%d-simoncelli-%d-%s", f->order[0], f->order[1], f->order[2],
             f->level, d);
    break;
  case RAD_FILTER_COUNT:
    out[0] = 0;
    break;
  }
}

static status run(double *out, const double *x, const struct geometry *g,
                  const struct rad_filter *f, bool by_slice) {
  int64_t n[3] = {g->nx, g->ny, g->nz};
  switch (f->kind) {
  case RAD_FILTER_MEAN: {
    int reach[3] = {f->support / 2, f->support / 2, by_slice ? 0 : f->support / 2};
    memcpy(out, x, (size_t)geometry_voxels(g) * sizeof *out);
    return rad_box_mean(out, n, reach, f->boundary);
  }
  case RAD_FILTER_LOG:
    return rad_filter_log(out, x, g, f, by_slice);
  case RAD_FILTER_LAWS:
  case RAD_FILTER_WAVELET:
    return rad_filter_separable(out, x, n, f, by_slice);
  case RAD_FILTER_GABOR:
    return rad_filter_gabor(out, x, g, f, by_slice);
  case RAD_FILTER_SIMONCELLI:
  case RAD_FILTER_RIESZ_LOG:
  case RAD_FILTER_RIESZ_SIMONCELLI:
    return rad_filter_spectral(out, x, g, f, by_slice);
  case RAD_FILTER_NONE:
  case RAD_FILTER_COUNT:
    break;
  }
  memcpy(out, x, (size_t)geometry_voxels(g) * sizeof *out);
  return ST_OK;
}

status rad_filter_apply(double **out, const double *x, const struct geometry *grid,
                        const struct rad_filter *f, bool by_slice) {
  status st = ST_OK;
  size_t n = (size_t)geometry_voxels(grid);
  double *filled = NULL;
  double *response = malloc(n * sizeof *response);
  CHECK(response, ST_MEMORY, "radiomics: no memory for a response map of %zu voxels", n);
  TRY(rad_filter_check(f, by_slice));
  double low = INFINITY;
  bool missing = false;
  for (size_t i = 0; i < n; i++) {
    missing |= isnan(x[i]);
    if (x[i] < low) low = x[i];
  }
  if (missing) {
    filled = malloc(n * sizeof *filled);
    CHECK(filled, ST_MEMORY, "radiomics: no memory for %zu voxels", n);
    for (size_t i = 0; i < n; i++) filled[i] = isnan(x[i]) ? low : x[i];
  }
  TRY(run(response, missing ? filled : x, grid, f, by_slice));
  for (size_t i = 0; missing && i < n; i++)
    if (isnan(x[i])) response[i] = NAN;
  *out = response;
  response = NULL;
done:
  free(response);
  free(filled);
  return st;
}
