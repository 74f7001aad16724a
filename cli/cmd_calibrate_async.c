#include "calibration/history.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/image.h"
#include "core/log.h"

struct params {
  struct image_read_options read;
  const char *ct, *store, *out, *date, *people;
  struct cal_async_options async;
};

static const struct params defaults = {.async = CAL_ASYNC_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_IN_REQUIRED(struct params, store, "from-store",
                    "calibration store (HDF5) of qct calibrate phantom --store"),
    OPT_TEXT(struct params, date, "date",
             "day of the scan, YYYY-MM-DD; from the header when not given"),
    OPT_INT(struct params, async.warn_days, "warn-days", "d", 1, 3650,
            "a nearest phantom scan farther away is a warning"),
    OPT_INT(struct params, async.refuse_days, "refuse-days", "d", 1, 3650,
            "a nearest phantom scan farther away is refused"),
    OPT_IN(struct params, people, "tissue-table",
           "people of the scanner, from \"qct calibrate learn\": tells what a body's size does"),
    OPT_FLAG(struct params, async.force, "override", "take an older phantom scan, with a warning"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".json", "the calibration"),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --fov 340,360,36 --phantom b-mas-200 --out rods", "a phantom scan"},
    {"qct calibrate phantom rods/ct --phantom b-mas-200 --out calibration.json --store site.h5 "
     "--date 2024-03-01",
     "into the store"},
    {"qct calibrate async rods/ct --from-store site.h5 --date 2024-03-08 --out patient.json",
     "for a scan of a week later"},
    {NULL, NULL}};

static const char *const sources[] = {"wang2017", "reeves2018", "bonaretti2014",
                                      "xcom2010", "aapm220",    NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  struct params p = *(const struct params *)params;
  struct volume *ct = NULL;
  struct cal_tissue_table people;
  struct cal_history *history = NULL;
  struct calibration c;
  cJSON *provenance = NULL;
  char key[256];
  TRY(cal_history_read(&history, p.store));
  TRY(scan_read_hu(&ct, p.ct, &p.read));
  int64_t days = ct->acquisition.acquired_days;
  if (p.date) TRY(cal_days_from_date(&days, p.date));
  calibration_scanner_key(key, &ct->acquisition);
  TRY(cal_scan_diameter(&p.async.diameter_mm, ct));
  if (p.people) {
    TRY(cal_tissue_table_read(&people, p.people));
    p.async.people = &people;
  }
  TRY(cal_async(&c, history, key, days, &p.async));
  for (int i = 0; i < c.warning_count; i++) log_warning("%s", c.warnings[i]);
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance of the calibration");
  TRY(calibration_write(&c, p.out, provenance, ctx->force));
done:
  volume_destroy(ct);
  cal_history_destroy(history);
  cJSON_Delete(provenance);
  return st;
}

const struct command cmd_calibrate_async = {
    .name = "calibrate async",
    .summary = "Calibrate a scan from phantom scans of other days",
    .about =
        "The scanner and the kVp must be those of the scan; another kernel is a warning. Two "
        "phantom scans around the day are interpolated in time, else the nearest is taken. The "
        "interval holds the scatter between phantom scans.\n\n"
        "A body of another size than the one on the phantom hardens the beam. With --tissue-table "
        "the line is carried over to the size of this body; without it half of the most that "
        "hardening can do is corrected and the interval holds all of it.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
