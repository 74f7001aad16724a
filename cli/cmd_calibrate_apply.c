#include "calibration/calibrate.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/image.h"
#include "core/log.h"

#include <string.h>

struct params {
  struct image_read_options read;
  const char *ct, *calibration, *out;
  bool override;
};

static const struct params defaults = {0};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    ARG_IN(struct params, calibration, "calibration", "calibration.json"),
    OPT_FLAG(struct params, override, "override",
             "apply although the scanner differs, is not stated, or no voxel is below 0 HU; "
             "another kVp is "
             "refused all the same"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ENDS_IMAGE, "density volume"),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --fov 340,360,36 --phantom b-mas-200 --out rods",
     "a scan with a phantom in it"},
    {"qct calibrate phantom rods/ct --phantom b-mas-200 --out calibration.json", "its calibration"},
    {"qct calibrate apply rods/ct calibration.json --out density.nii.gz", "its density"},
    {NULL, NULL}};

static const char *const sources[] = {"reeves2018", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *ct = NULL;
  struct volume *density = NULL;
  struct calibration c;
  cJSON *provenance = NULL;
  TRY(calibration_read(&c, p->calibration));
  TRY(scan_read_hu(&ct, p->ct, &p->read));
  TRY(cal_apply(&density, &c, ct, p->override));
  for (int i = 0; i < c.warning_count; i++) log_warning("%s", c.warnings[i]);
  const char *kernel = strrchr(c.scanner_key, '|');
  if (kernel && kernel[1] != '?' && ct->acquisition.kernel[0] &&
      strcmp(kernel + 1, ct->acquisition.kernel) != 0)
    log_warning("the calibration was made with the kernel %s, the scan with %s", kernel + 1,
                ct->acquisition.kernel);
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance of the density");
  TRY(itk_image_write(density, p->out, provenance, ctx->force));
done:
  volume_destroy(ct);
  volume_destroy(density);
  cJSON_Delete(provenance);
  return st;
}

const struct command cmd_calibrate_apply = {
    .name = "calibrate apply",
    .summary = "Turn a CT into a density volume with a calibration",
    .about = "Voxels without data stay without. The side file carries the material and the "
             "calibration's id. Scan and calibration must share the scanner and the kVp.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
