#include "calibration/calibrate.h"
#include "cli/command.h"
#include "core/log.h"

struct params {
  const char *calibration, *out;
  int to, by;
};

static const char *const to_names[] = {"K2HPO4", "HA", NULL};
static const char *const by_names[] = {"choose", "faulkner1993", "goodsitt1992-80kv",
                                       "goodsitt1992-140kv", NULL};
static const struct params defaults = {.to = 1, .by = 0};

static const struct option options[] = {
    ARG_IN(struct params, calibration, "calibration", "calibration.json"),
    OPT_CHOICE(struct params, to, "to", to_names, "material wanted"),
    OPT_CHOICE(struct params, by, "relation", by_names,
               "published relation; they disagree, so one must be chosen"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".json", "the converted calibration"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --fov 340,360,36 --phantom mindways-model3-ct --out rods", "a phantom scan"},
    {"qct calibrate phantom rods/ct --phantom mindways-model3-ct --out k2hpo4.json", "in K2HPO4"},
    {"qct calibrate convert k2hpo4.json --to HA --relation faulkner1993 --out ha.json", "in HA"},
    {NULL, NULL}};

static const char *const sources[] = {"faulkner1993", "goodsitt1992", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct calibration c;
  cJSON *provenance = NULL;
  CHECK(p->by > 0, ST_USAGE,
        "converting a calibration: choose --relation faulkner1993, goodsitt1992-80kv or "
        "goodsitt1992-140kv; there is no default because they disagree");
  TRY(calibration_read(&c, p->calibration));
  int before = c.warning_count;
  TRY(cal_convert(&c, p->to ? MATERIAL_HA : MATERIAL_K2HPO4, (enum cal_conversion)(p->by - 1)));
  for (int i = before; i < c.warning_count; i++) log_warning("%s", c.warnings[i]);
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance of the calibration");
  TRY(calibration_write(&c, p->out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  return st;
}

const struct command cmd_calibrate_convert = {
    .name = "calibrate convert",
    .summary = "Convert a calibration between K2HPO4 and HA by a named relation",
    .about = "HA = 1.15 K2HPO4 - 7.32 mg/cm3 (faulkner1993), or K2HPO4 = 0.86 HA at 80 kV and 0.81 "
             "HA at 140 kV (goodsitt1992). The relation's name stays in the method and the "
             "warnings of the result.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
