#include "cli/dicom_options.h"
#include "report/dicom_report.h"

#include <string.h>

struct params {
  const char *record, *out, *case_id;
  struct dicom_options dicom;
};

static const struct params defaults = {.dicom = DICOM_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, record, "record", "measurements: record.csv or record.json"),
    ARG_OUT_AS(struct params, out, "result", ".dcm", "structured report"),
    OPT_TEXT(struct params, case_id, "case", "the one case of a record that holds several"),
    DICOM_OPTIONS(struct params, dicom), OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --out rods", "a phantom as a DICOM series"},
    {"qct run rods/ct --out case --phantom mindways-model3-ct --analyses calibrate",
     "measurements"},
    {"qct dicom report case/record.csv report.dcm", "the same for a picture archive"},
    {NULL, NULL}};

static status keep_case(struct record *r, const char *case_id) {
  status st = ST_OK;
  size_t n = 0;
  for (size_t i = 0; i < r->count; i++)
    if (strcmp(r->rows[i].case_id, case_id) == 0) r->rows[n++] = r->rows[i];
  CHECK(n, ST_USAGE, "--case %.60s: the record has no row of it", case_id);
  r->count = n;
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct record *r = NULL;
  const struct dicom_document document = dicom_options_document(&p->dicom);
  TRY(record_read(&r, p->record));
  if (p->case_id) TRY(keep_case(r, p->case_id));
  TRY(dicom_report_write(r, p->out, &document, ctx->force));
done:
  record_destroy(r);
  return st;
}

const struct command cmd_dicom_report = {
    .name = "dicom report",
    .summary = "Write measurements as a DICOM structured report",
    .about =
        "An enhanced SR after template 1500: a measurement group for each region, in it each "
        "quantity with its unit (UCUM), method, interval, publication and flags. A withheld value "
        "is there without a number, with the qualifier \"Measurement failure\" and its reason. "
        "Quantities, regions and methods are codes of this program's own scheme, 99QCT: the keys "
        "of the record.\n\n"
        "Nothing of a person is in it but what --patient-id and --study say, and the name of the "
        "case; dates are fixed, so that its bytes can be reproduced.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
