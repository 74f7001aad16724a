#include "calibration/calibrate.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/image.h"
#include "core/log.h"

#include <math.h>

struct params {
  struct image_read_options read;
  const char *ct, *out, *reference;
  struct cal_physics_options physics;
  int material;
  bool override;
};

static const struct params defaults = {.physics = CAL_PHYSICS_DEFAULTS};

static const char *const material_names[] = {"K2HPO4", "HA", NULL};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_REAL(struct params, physics.kev, "keff", "keV", 31, 159, "effective energy of the scan"),
    OPT_REAL(struct params, physics.kev_sd, "keff-sd", "keV", 0, 20, "its standard deviation"),
    OPT_IN(struct params, reference, "calibration",
           "water-corrected phantom calibration of the same scanner and kVp: gives the energy"),
    OPT_CHOICE(struct params, material, "material", material_names, "material of the density"),
    OPT_REAL(struct params, physics.s_ha, "ha-displacement", "", 0, 1,
             "water displaced by HA in the phantom meant"),
    OPT_FLAG(struct params, override, "override", "keep tissues outside their expected HU"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".json", "the calibration"),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --fov 340,360,36 --out rods", "a body with air, fat and muscle"},
    {"qct calibrate physics rods/ct --keff 70 --out calibration.json", "at 70 keV"},
    {NULL, NULL}};

static const char *const sources[] = {"xcom2010", "elam2002", "icru44", "mindways2011", NULL};

static status energy_from(struct params *p, const struct volume *ct) {
  status st = ST_OK;
  struct calibration r;
  char key[256];
  TRY(calibration_read(&r, p->reference));
  CHECK(isfinite(r.effective_kev) && isfinite(r.sigma_ref), ST_DOMAIN,
        "effective energy: the calibration given (%s) was not fitted to rods with water-equivalent "
        "densities, so its energy is none of a phantom; a water-corrected phantom fit is needed",
        r.method);
  calibration_scanner_key(key, &ct->acquisition);
  struct cal_key_match m = cal_compare_keys(r.scanner_key, key);
  CHECK((m.scanner && m.kvp) || p->override, ST_DOMAIN,
        "effective energy: the calibration is of %s, the scan of %s; --override takes it all the "
        "same",
        r.scanner_key, key);
  p->physics.kev = r.effective_kev;
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  struct params p = *(const struct params *)params;
  struct volume *ct = NULL;
  struct calibration c;
  struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
  cJSON *provenance = NULL;
  CHECK(
      isfinite(p.physics.kev) != (p.reference != NULL), ST_USAGE,
      "give the effective energy once: --keff, or --calibration of a water-corrected phantom fit");
  TRY(scan_read_hu(&ct, p.ct, &p.read));
  if (p.reference) TRY(energy_from(&p, ct));
  o.method = CAL_PHYSICS;
  o.physics = p.physics;
  o.physics.material = p.material ? MATERIAL_HA : MATERIAL_K2HPO4;
  o.tissues.force = p.override;
  TRY(cal_from_tissues(&c, NULL, ct, NULL, &o));
  for (int i = 0; i < c.warning_count; i++) log_warning("%s", c.warnings[i]);
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance of the calibration");
  TRY(calibration_write(&c, p.out, provenance, ctx->force));
done:
  volume_destroy(ct);
  cJSON_Delete(provenance);
  return st;
}

const struct command cmd_calibrate_physics = {
    .name = "calibrate physics",
    .summary = "Fit HU to density from X-ray attenuation at a known effective energy",
    .about =
        "The slope follows from tabulated attenuation of the material against water at the "
        "effective energy; the patient's air, fat and muscle correct the drift of HU. The energy "
        "is never fitted from the patient's cortex: real cortices differ too much.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
