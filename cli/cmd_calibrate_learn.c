#include "calibration/calibrate.h"
#include "calibration/learn.h"
#include "cli/command.h"
#include "core/image.h"
#include "core/log.h"
#include "core/progress.h"

#include <stdlib.h>

struct params {
  const char *phantom, *certificate, *out;
  struct text_list scans;
  bool override;
};

static const struct params defaults = {0};

static const struct option options[] = {
    ARG_INS(struct params, scans, "cts", "CTs of people with the phantom in the scan"),
    OPT_TEXT(struct params, phantom, "phantom", "key of the phantom"),
    OPT_IN(struct params, certificate, "certificate",
           "the phantom's own certificate (JSON), instead of the built-in densities"),
    OPT_FLAG(struct params, override, "override", "keep tissues outside their expected HU"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".json", "the table of tissues"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --fov 340,360,36 --phantom b-mas-200 --out p1 --scan-seed 1 --diameter 250",
     "a person on the phantom"},
    {"qct phantom rods --fov 340,360,36 --phantom b-mas-200 --out p2 --scan-seed 2 --diameter 260",
     "another"},
    {"qct phantom rods --fov 340,360,36 --phantom b-mas-200 --out p3 --scan-seed 3 --diameter 270",
     "and another"},
    {"qct calibrate learn p1/ct p2/ct p3/ct --phantom b-mas-200 --out tissues.json",
     "what air, fat and muscle read on this scanner"},
    {NULL, NULL}};

static const char *const sources[] = {"bartenschlager2023", "szyszko2024", "opportunistic_review",
                                      "bonaretti2014",      "aapm220",     NULL};

static status learn_one(struct calibration *phantom, struct calibration *tissues, const char *path,
                        const struct phantom_entry *entry, const struct cal_phantom_options *fit,
                        bool override) {
  status st = ST_OK;
  struct volume *ct = NULL;
  struct labels *rods = NULL;
  const struct image_read_options as_hu = {.quantity = QUANTITY_HU};
  struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
  o.tissues.force = override;
  TRY(image_read(&ct, path, &as_hu));
  TRY(cal_from_phantom(phantom, &rods, NULL, ct, entry, fit));
  o.tissues.labels = rods;
  TRY(cal_from_tissues(tissues, NULL, ct, NULL, &o));
done:
  volume_destroy(ct);
  labels_destroy(rods);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  int n = p->scans.count;
  struct calibration *phantom = calloc((size_t)n + 1, sizeof *phantom);
  struct calibration *tissues = calloc((size_t)n + 1, sizeof *tissues);
  struct phantom_entry entry;
  struct cal_tissue_table table;
  struct cal_phantom_options fit = CAL_PHANTOM_DEFAULTS;
  struct progress progress;
  cJSON *json = NULL;
  CHECK(phantom && tissues, ST_MEMORY, "learning from %d scans", n);
  CHECK(p->phantom || p->certificate, ST_USAGE,
        "which phantom is it? Give --phantom KEY or --certificate FILE");
  TRY(phantom_registry_find(&entry, p->phantom, p->certificate));
  fit.built_in = !p->certificate;
  progress_begin(&progress, "learn tissues", "scans", n);
  for (int i = 0; i < n && st == ST_OK; i++) {
    st = learn_one(&phantom[i], &tissues[i], p->scans.items[i], &entry, &fit, p->override);
    if (st != ST_OK) status_note("scan %d", i + 1);
    progress_update(&progress, i + 1, NULL);
  }
  progress_end(&progress);
  if (st != ST_OK) goto done;
  TRY(cal_learn(&table, phantom, tissues, n));
  if (n < 20) log_warning("%d people: 20 or more are advised for a table", n);
  if (!(table.joint.mean[CAL_JOINT_DIAMETER] > 0))
    log_warning("the field of view cuts the body in at least one scan: the table does not hold the "
                "size of the body, which hardens the beam");
  json = cal_tissue_table_to_json(&table);
  CHECK(json, ST_MEMORY, "writing the table");
  TRY(context_write_json(ctx, json, p->out));
done:
  free(phantom);
  free(tissues);
  cJSON_Delete(json);
  return st;
}

const struct command cmd_calibrate_learn = {
    .name = "calibrate learn",
    .summary = "Learn what air, fat and muscle read from scans with a phantom",
    .about =
        "Each scan is calibrated by its own phantom; the densities its tissues then have are "
        "averaged over people, with their covariance, and kept beside slope, intercept and the "
        "size of the body. The table serves \"qct calibrate internal --tissue-table\" for scans of "
        "the same scanner, kVp and region without a phantom. Scan people of all sizes: the line is "
        "predicted from size and tissues, and 4 people are wanted for each number that is fitted "
        "(8 for size alone, 24 for size and four tissues).",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
