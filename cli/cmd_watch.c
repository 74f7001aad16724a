#include "cli/run_options.h"
#include "study/watch.h"

#include <math.h>

struct params {
  const char *folder, *out, *opt_out;
  int workers;
  double settle_s, every_s, memory_gib, limit_min;
  bool once;
  struct run_options run;
};

static const struct params defaults = {
    .settle_s = 60, .every_s = 10, .memory_gib = (double)NAN, .run = RUN_DEFAULTS};

static const struct option options[] = {
    ARG_TEXT(struct params, folder, "folder", "folder that a DICOM receiver fills"),
    OPT_OUT_REQUIRED(struct params, out, "out",
                     "result folder, as of qct cohort; made when absent"),
    OPT_REAL(struct params, settle_s, "settle", "s", 0, 86400,
             "a series is taken when none of its files is younger"),
    OPT_REAL(struct params, every_s, "every", "s", 0.1, 86400, "between two looks"),
    OPT_FLAG(struct params, once, "once", "look once, measure what is there, and end"),
    WORKER_OPTIONS(struct params),
    RUN_OPTIONS(struct params, run),
    OPTIONS_END};

/* Options of this command; the others go to every scan. */
static const char *const own[] = {"folder",  "out",    "settle", "every",   "once",
                                  "workers", "memory", "limit",  "opt-out", NULL};

static const struct example examples[] = {
    {"qct phantom hip --out incoming --spacing 3,3,3 --truth-step 4", "a series that has arrived"},
    {"qct watch incoming --out results --once --settle 0 --phantom mindways-model3-ct "
     "--analyses calibrate",
     "measure it; without --once it goes on until it is ended"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct run_words words = {.count = 0};
  struct text before = {0}, after = {0}, status_folder = {0};
  char program[4096], **ids = NULL;
  cJSON *provenance = NULL;
  const struct watch_options watch = {
      .settle_s = p->settle_s, .every_s = p->every_s, .looks = p->once};
  struct cohort_options o = {.workers = p->workers,
                             .threads = ctx->threads,
                             .memory_gib = p->memory_gib,
                             .size_mm = p->run.size_mm,
                             .limit_min = p->limit_min,
                             .program = program,
                             .run_words = words.items};
  TRY(run_program(program));
  TRY(run_words_make(&words, ctx, own));
  if (p->opt_out) TRY(cohort_read_ids(&ids, &o.opted_out_count, p->opt_out));
  o.opted_out = ids;
  run_shell_word(&status_folder, p->out);
  text_append(&before, "rm%s/status/", status_folder.data ? status_folder.data : "");
  text_append(&after, ".json && qct watch");
  run_shell_word(&after, p->folder);
  run_shell_word(&after, "--out");
  run_shell_word(&after, p->out);
  for (int i = 0; i < words.count; i++) run_shell_word(&after, words.items[i]);
  text_append(&after, " --once");
  TRY(text_check(&before, "command of a scan"));
  TRY(text_check(&after, "command of a scan"));
  o.again[0] = before.data;
  o.again[1] = after.data;
  provenance = provenance_to_json(ctx->provenance);
  CHECK(provenance, ST_MEMORY, "provenance of a watched folder");
  TRY(watch_run(p->folder, p->out, &watch, &o, provenance));
done:
  cohort_free_ids(ids, o.opted_out_count);
  cJSON_Delete(provenance);
  text_free(&before);
  text_free(&after);
  text_free(&status_folder);
  return st;
}

const struct command cmd_watch = {
    .name = "watch",
    .summary = "Measure scans as a DICOM receiver puts them into a folder",
    .about =
        "Looks into the folder again and again, groups files into series by their headers, and "
        "does "
        "`qct run` on every series of at least 20 files that has settled. Results lie as those of "
        "`qct cohort`: a folder a scan, measurements.csv, failures.csv and cohort.html, made anew "
        "after each look that measured something. A series that grew after it was measured is "
        "measured again; what was measured stays when the receiver's files are taken away.\n\n"
        "A series is called by the digest of its UID. The command may be ended and started at any "
        "moment. "
        "examples/receive.sh puts it behind DCMTK's storescp.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
