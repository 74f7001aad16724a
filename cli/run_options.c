#include "cli/run_options.h"

/* in the order of `materials` below */
const char *const run_material_names[] = {"K2HPO4", "HA", "none", NULL};
static const enum material materials[] = {MATERIAL_K2HPO4, MATERIAL_HA, MATERIAL_NONE};

void run_options_apply(struct study_options *out, const struct run_options *o) {
  out->phantom = o->phantom;
  out->certificate = o->certificate;
  out->shear_correct = o->shear;
  out->assume_material = (int)materials[o->material];
  out->size_mm = o->size_mm;
  out->interval = !o->quick;
  out->rho_ref = o->rho_ref;
  out->reference = o->reference;
  out->skip = o->skip;
  out->add = o->add;
}
