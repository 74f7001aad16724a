#include "cli/radiomics_options.h"

#include <stdio.h>
#include <string.h>

void filter_from_options(struct rad_filter *f, const struct filter_options *o, bool by_slice) {
  rad_filter_init(f);
  f->kind = (enum rad_filter_kind)o->kind;
  f->boundary = (enum rad_boundary)o->boundary;
  f->pooling = (enum rad_pooling)o->pooling;
  f->support = o->support;
  f->sigma_mm = o->sigma_mm;
  f->truncate = o->truncate;
  f->energy_distance = o->energy;
  f->lambda_mm = o->lambda_mm;
  f->gamma = o->gamma;
  f->theta_deg = o->theta_deg;
  f->orthogonal = o->orthogonal;
  f->level = o->level;
  for (int a = 0; a < 3; a++) f->order[a] = (int)o->order[a];
  snprintf(f->kernels, sizeof f->kernels, "%s", o->kernels);
  snprintf(f->wavelet, sizeof f->wavelet, "%s", o->wavelet);
  snprintf(f->band, sizeof f->band, "%s", o->band);
  if (!by_slice) return;
  if (!strcmp(f->kernels, "L5E5E5")) f->kernels[4] = 0;
  if (!strcmp(f->band, "LLH")) memcpy(f->band, "LH", 3);
}
