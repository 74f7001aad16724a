#include "cli/run_options.h"
#include "core/csv.h"
#include "core/file.h"
#include "core/log.h"
#include "study/cohort.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *input, *out, *shard, *only, *opt_out;
  int workers;
  double memory_gib, limit_min;
  bool resume, gather, plan, list;
  struct run_options run;
};

static const struct params defaults = {.memory_gib = (double)NAN, .run = RUN_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, input, "scans",
           "manifest (CSV with id, path and covariates), or a folder that is looked through"),
    OPT_OUT(struct params, out, "out", "result folder of the cohort; made when absent"),
    OPT_FLAG(struct params, resume, "resume", "go on with the cohort in the result folder"),
    WORKER_OPTIONS(struct params),
    OPT_TEXT(struct params, shard, "shard",
             "i/n: only every n-th scan, from the i-th; then --gather"),
    OPT_TEXT(struct params, only, "only", "id of the one scan to do"),
    OPT_FLAG(struct params, gather, "gather",
             "measure nothing: tables and report of what is there"),
    OPT_FLAG(struct params, plan, "plan", "measure nothing: list scans, state and expected memory"),
    OPT_FLAG(struct params, list, "list",
             "measure nothing: print a manifest of the scans that were found, to be edited"),
    RUN_OPTIONS(struct params, run),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out study/sub-01/ct --seed 1 --spacing 3,3,3 --truth-step 4",
     "the CT of a first digital patient"},
    {"qct phantom hip --out study/sub-02/ct --seed 2 --spacing 3,3,3 --truth-step 4", "a second"},
    {"qct cohort study --list", "what is found; edit it and add age, sex, site, event"},
    {"qct cohort study --out results --phantom mindways-model3-ct --analyses calibrate",
     "every scan, one table; then open results/cohort.html"},
    {"qct cohort study --out results --phantom mindways-model3-ct --analyses calibrate --resume",
     "again: nothing changed, nothing is done twice"},
    {NULL, NULL}};

/* Options of this command; the others go to every scan. */
static const char *const own[] = {"scans", "out",   "resume", "workers", "memory",
                                  "limit", "shard", "only",   "opt-out", "gather",
                                  "plan",  "list",  NULL};

/* ---- options ---- */

static status parse_shard(struct cohort_options *o, const char *text) {
  status st = ST_OK;
  char rest = '\0';
  o->shard = o->shards = 1;
  if (!text) return ST_OK;
  CHECK(sscanf(text, "%d/%d%c", &o->shard, &o->shards, &rest) == 2 && o->shards >= 1 &&
            o->shards <= COHORT_CASES && o->shard >= 1 && o->shard <= o->shards,
        ST_USAGE, "--shard \"%.40s\": i/n with 1 <= i <= n, such as 2/10", text);
done:
  return st;
}

/* ---- what is printed ---- */

static status print_plan(const struct cohort *c, const struct params *p,
                         const struct cohort_options *o) {
  status st = ST_OK;
  const double mib = 1048576.0;
  printf("id,state,shard,memory [MiB]\n");
  for (size_t i = 0; i < c->count; i++) {
    struct cohort_outcome outcome = {.state = COHORT_WAITING};
    if (cohort_is_opted_out(o, c->cases[i].id))
      outcome.state = COHORT_OPTED_OUT;
    else if (p->out)
      TRY(cohort_outcome_read(&outcome, p->out, &c->cases[i]));
    printf("%s,%s,%d,%.0f\n", c->cases[i].id, cohort_state_name(outcome.state),
           (int)(i % (size_t)o->shards) + 1,
           (double)cohort_estimate(&c->cases[i], p->run.size_mm) / mib);
  }
done:
  return st;
}

static void print_summary(const struct cohort_summary *s, const char *out, bool gathered) {
  printf("state,cases\n");
  for (int i = 0; i < COHORT_STATES; i++)
    if (s->counts[i] || gathered)
      printf("%s,%zu\n", cohort_state_name((enum cohort_state)i), s->counts[i]);
  const double rate_from_s = 10; /* what ends sooner was kept, or tells nothing of an hour */
  char rate[48] = "";
  if (s->seconds >= rate_from_s)
    snprintf(rate, sizeof rate, ": %.0f an hour", 3600 * (double)s->tried / s->seconds);
  if (s->tried)
    log_info("%zu scans in %.0f s%s with %d workers of %d threads; largest worker %.0f MiB",
             s->tried, s->seconds, rate, s->workers, s->threads_each, s->peak_mib);
  if (gathered)
    log_info("%zu values measured, %zu withheld; the report is %s/cohort.html", s->measured,
             s->withheld, out);
}

/* ---- the command ---- */

static status tables(struct context *ctx, struct cohort_summary *summary, const struct cohort *c,
                     const struct params *p, const struct cohort_options *o) {
  status st = ST_OK;
  cJSON *provenance = NULL;
  if (!file_is_directory(p->input)) TRY(provenance_input(ctx->provenance, "scans", p->input));
  provenance = provenance_to_json(ctx->provenance);
  CHECK(provenance, ST_MEMORY, "provenance of a cohort");
  /* how it was run decides nothing: the files are the same after a kill, with other workers */
  cJSON *parameters = cJSON_GetObjectItemCaseSensitive(provenance, "parameters");
  for (int i = 0; own[i]; i++) cJSON_DeleteItemFromObjectCaseSensitive(parameters, own[i]);
  TRY(cohort_gather(summary, c, p->out, o, provenance));
done:
  cJSON_Delete(provenance);
  return st;
}

static status work(struct context *ctx, const struct cohort *c, const struct params *p,
                   const struct cohort_options *o) {
  status st = ST_OK;
  struct cohort_summary summary = {.tried = 0};
  bool gather = p->gather || (!p->shard && !p->only);
  CHECK(p->out, ST_USAGE, "--out is needed: the result folder of the cohort");
  CHECK(!p->gather || (!p->shard && !p->only), ST_USAGE,
        "--gather makes tables of what is there; it does not go with --shard or --only");
  if (!p->gather) TRY(cohort_run(&summary, c, p->out, o));
  if (gather) TRY(tables(ctx, &summary, c, p, o));
  print_summary(&summary, p->out, gather);
  size_t failed = summary.counts[COHORT_FAILED] + summary.counts[COHORT_REFUSED];
  CHECK(!failed, ST_PARTIAL, "%zu of %zu scans failed or were refused; %s", failed, c->count,
        gather ? "failures.csv says why, and how to do each again"
               : "their reasons stand above, and in failures.csv after --gather");
  CHECK(!p->gather || !summary.counts[COHORT_WAITING], ST_PARTIAL,
        "%zu of %zu scans are not done yet; run their shards, then --gather again",
        summary.counts[COHORT_WAITING], c->count);
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct cohort *cohort = NULL;
  struct run_words words = {.count = 0};
  struct text command = {0};
  char program[4096], **ids = NULL;
  struct cohort_options o = {.workers = p->workers,
                             .threads = ctx->threads,
                             .memory_gib = p->memory_gib,
                             .size_mm = p->run.size_mm,
                             .limit_min = p->limit_min,
                             .only = p->only,
                             .resume = p->resume,
                             .force = ctx->force};
  TRY(parse_shard(&o, p->shard));
  TRY(run_program(program));
  TRY(run_words_make(&words, ctx, own));
  TRY(cohort_read(&cohort, p->input));
  if (p->opt_out) TRY(cohort_read_ids(&ids, &o.opted_out_count, p->opt_out));
  o.opted_out = ids;
  cohort_tell_unknown_ids(cohort, &o);
  o.program = program;
  o.run_words = words.items;
  if (p->list) {
    TRY(cohort_write_manifest(cohort, "-", true));
  } else if (p->plan) {
    TRY(print_plan(cohort, p, &o));
  } else {
    if (p->out) {
      text_append(&command, "qct cohort");
      run_shell_word(&command, p->input);
      run_shell_word(&command, "--out");
      run_shell_word(&command, p->out);
      for (int i = 0; i < words.count; i++) run_shell_word(&command, words.items[i]);
      text_append(&command, " --resume --only ");
      TRY(text_check(&command, "command of a scan"));
    }
    o.again[0] = command.data;
    o.again[1] = "";
    TRY(work(ctx, cohort, p, &o));
  }
done:
  cohort_free_ids(ids, o.opted_out_count);
  cohort_destroy(cohort);
  text_free(&command);
  return st;
}

const struct command cmd_cohort = {
    .name = "cohort",
    .summary = "Measure many scans unattended and make one table and one report of them",
    .about =
        "Does `qct run` on every scan of a manifest or folder, each in a process of its own, with "
        "as "
        "many at once as cores and memory allow, and gathers measurements.csv (one row a scan: "
        "covariates, state, all values), record.csv (all rows with intervals and reasons), "
        "status.csv, failures.csv and cohort.html. The result folder is laid out as BIDS "
        "derivatives: sub-X[/ses-Y] is the folder of `qct run` for one scan.\n\n"
        "A manifest is a CSV with id and path, relative to its folder; optional columns are "
        "session, "
        "labels, phantom, certificate, series, mass [kg], height [m], and any covariates (age, "
        "sex, "
        "site, event, time). In a folder, files named sub-X[_ses-Y]_ct.nii.gz are scans, and so is "
        "every folder that holds at least 20 DICOM files; such a scan is named by the digest of "
        "its "
        "first file, because a folder's name may be a person's.\n\n"
        "It may be killed at any moment: --resume goes on, doing only what is not done, by the "
        "digests of scans and options. --shard i/n does every n-th scan, for several machines that "
        "share the result folder; --gather then makes the tables. The tables are the same to the "
        "last byte whatever the order, the workers and the kills were.\n\n"
        "Those in the list of --opt-out are not measured; their folders below the result folder "
        "are "
        "removed at once, and tables and report with them until they are gathered again. Their "
        "status files stay, so that a later call without the list leaves them alone too; to take "
        "one "
        "back in, remove status/ID.json. The scans themselves are never touched.\n\n"
        "The exit status is 5 when some scans failed; the others are measured. Reasons and "
        "commands "
        "in the outputs hold no path of a scan.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
