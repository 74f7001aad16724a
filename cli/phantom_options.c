#include "cli/phantom_options.h"

#include <stdio.h>
#include <string.h>

void setup_take_reals(double *to, const double *given, const double *usual, int n) {
  for (int i = 0; i < n; i++)
    if (!isnan(given[i]) && given[i] != usual[i]) to[i] = given[i];
}

void setup_take_choice(int *to, int given, int usual) {
  if (given != usual) *to = given;
}

static void take_scanner(struct scan_setup *to, const struct phantom_scan *given,
                         const struct phantom_scan *usual) {
  const struct scanner_options *s = &given->scanner, *d = &usual->scanner;
  setup_take_choice(&to->preset, given->preset, usual->preset);
  setup_take_reals(&to->kvp, &given->kvp, &usual->kvp, 1);
  setup_take_choice(&to->scanner.kernel, s->kernel, d->kernel);
  setup_take_reals(&to->scanner.noise_hu, &s->noise_hu, &d->noise_hu, 1);
  setup_take_reals(&to->scanner.sigma_mm, &s->sigma_mm, &d->sigma_mm, 1);
  setup_take_reals(&to->scanner.z_sigma_mm, &s->z_sigma_mm, &d->z_sigma_mm, 1);
  setup_take_reals(&to->scanner.thickness_mm, &s->thickness_mm, &d->thickness_mm, 1);
  setup_take_reals(&to->scanner.cup_hu, &s->cup_hu, &d->cup_hu, 1);
  setup_take_reals(&to->scanner.drift_slope, &s->drift_slope, &d->drift_slope, 1);
  setup_take_reals(&to->scanner.drift_offset_hu, &s->drift_offset_hu, &d->drift_offset_hu, 1);
  setup_take_reals(&to->scanner.circle_mm, &s->circle_mm, &d->circle_mm, 1);
  if (given->seed != usual->seed) to->scanner.seed = (uint64_t)given->seed;
  if (given->ideal) to->ideal = 1;
}

static void take_phantom(struct scan_setup *to, const struct setup_options *given,
                         const struct setup_options *usual) {
  const bool named = strcmp(given->phantom, usual->phantom) != 0;
  if (named)
    snprintf(to->phantom, sizeof to->phantom, "%s",
             strcmp(given->phantom, "none") == 0 ? "" : given->phantom);
  if (!given->certificate) return;
  snprintf(to->certificate, sizeof to->certificate, "%s", given->certificate);
  if (!named) to->phantom[0] = '\0'; /* the file's own key */
}

void setup_options_take(struct scan_setup *to, const struct setup_options *given,
                        const struct setup_options *usual) {
  take_scanner(to, &given->scan, &usual->scan);
  setup_take_reals(to->spacing, given->spacing, usual->spacing, 3);
  setup_take_reals(to->fov, given->fov, usual->fov, 3);
  setup_take_reals(to->size, given->size, usual->size, 3);
  setup_take_reals(to->pose, given->pose, usual->pose, 6);
  setup_take_reals(to->direction, given->direction, usual->direction, 9);
  if (given->bone != usual->bone) to->bone = (enum bone_mode)given->bone;
  if (given->no_table) to->table = 0;
  take_phantom(to, given, usual);
}
