/* What the phantoms of solids stacked along z take beside their own: heart and torso. */
#ifndef QCT_CLI_STACK_OPTIONS_H
#define QCT_CLI_STACK_OPTIONS_H

#include "cli/phantom_options.h"
#include "phantom/stack.h"

struct stack_options {
  struct phantom_scan scan;
  int seed;
  double spacing[3], fov_z, truth_step;
};

/* `m` is a struct stack_options in the parameters. */
#define STACK_OPTIONS(T, m)                                                                        \
  OPT_INT(T, m.seed, "seed", "", 0, 1e9, "of the person; 0 is the mean person"),                   \
      OPT_REALS(T, m.spacing, "spacing", "mm", 3, 0.1, 20, "voxel size x,y,z"),                    \
      OPT_REAL(T, m.fov_z, "length", "mm", 1, 600, "field of view along z"),                       \
      OPT_REAL(T, m.truth_step, "truth-step", "mm", 0.1, 4, "step of the quadrature"),             \
      PHANTOM_SCAN_OPTIONS(T, m.scan)

static inline void stack_options_take(struct stack_scan *to, const struct stack_options *o) {
  for (int a = 0; a < 3; a++) to->spacing[a] = o->spacing[a];
  to->fov[2] = o->fov_z;
  to->preset = o->scan.preset;
  to->kvp = o->scan.kvp;
  to->ideal = o->scan.ideal;
  phantom_scan_scanner(&to->scanner, &o->scan);
}

#endif
