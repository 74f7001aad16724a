#include "calibration/figures.h"
#include "cli/command.h"
#include "core/file.h"
#include "core/log.h"

#include <stdio.h>
#include <string.h>

struct params {
  const char *store, *out, *figure, *since;
};

static const struct params defaults = {.out = "-"};

static const struct option options[] = {
    ARG_IN(struct params, store, "from-store",
           "calibration store (HDF5) of qct calibrate phantom --store"),
    OPT_TEXT(struct params, since, "since",
             "first day that counts, YYYY-MM-DD: after a service the baseline begins anew"),
    OPT_OUT_AS(struct params, out, "out", ".csv", "control chart; standard output when not given"),
    OPT_OUT_AS(struct params, figure, "figure", ".svg",
               "chart of each scanner; a second scanner gets -2 before the ending, and so on"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --fov 340,360,36 --phantom b-mas-200 --out rods", "a phantom scan"},
    {"qct calibrate phantom rods/ct --phantom b-mas-200 --out calibration.json --store site.h5 "
     "--date 2024-03-01",
     "into the store"},
    {"qct calibrate check site.h5 --out chart.csv", "has the scanner drifted?"},
    {NULL, NULL}};

static const char *const sources[] = {"weco1956", NULL};

/* Rules of alarms in words, in the order of enum cal_rule; the table has their names. */
static const char *const rule_words[] = {"off by more than 1 %", "beyond its prediction limit",
                                         "beyond its cumulative limit"};

static const char *unit_of(const char *series) {
  if (strcmp(series, "slope") == 0) return "mg/cm3/HU";
  return strcmp(series, "intercept") == 0 ? "mg/cm3" : "HU";
}

/* What left its baseline on the day of one scan, each series with its rules; false when nothing. */
static bool tell_day(struct text *words, const struct cal_quality *q, size_t scan) {
  const char *series = NULL;
  for (size_t i = 0; i < q->count; i++) {
    const struct cal_alarm *a = &q->alarms[i];
    if (a->notice || a->scan != scan) continue;
    bool same = series && strcmp(series, a->series) == 0;
    if (same)
      text_append(words, ", %s", rule_words[a->rule]);
    else
      text_append(words, "%s%s is %.5g %s, expected %.5g (%s", series ? "); " : "", a->series,
                  a->value, unit_of(a->series), a->expected, rule_words[a->rule]);
    series = a->series;
  }
  if (series) text_append(words, ")");
  return series != NULL;
}

/* One warning a day with alarms. */
static status say_alarms(const struct cal_history *h) {
  status st = ST_OK;
  struct cal_quality *q = NULL;
  struct text words = {0};
  size_t begin = 0;
  size_t end = 0;
  int days = 0;
  while (cal_history_next(h, &begin, &end)) {
    TRY(cal_quality_judge(&q, h->scans + begin, end - begin));
    for (size_t i = 0; i < end - begin; i++) {
      char day[16];
      words.length = 0;
      if (!tell_day(&words, q, i)) continue;
      cal_date_from_days(day, h->scans[begin + i].days);
      log_warning("%s, %s: %s", day, h->scans[begin].calibration.phantom, words.data);
      days++;
    }
    if (end - begin < 9)
      log_info("%s: %zu phantom scans, at least 9 needed before drift can be judged",
               h->scans[begin].calibration.scanner_key, end - begin);
    cal_quality_destroy(q);
    q = NULL;
  }
  log_info("%d day%s with alarms", days, days == 1 ? "" : "s");
done:
  cal_quality_destroy(q);
  text_free(&words);
  return st;
}

/* Leave out scans before a day: after a service the baseline begins anew. */
static status leave_out_before(struct cal_history *h, const char *date) {
  status st = ST_OK;
  int64_t first;
  size_t kept = 0;
  if (!date) goto done;
  TRY(cal_days_from_date(&first, date));
  for (size_t i = 0; i < h->count; i++)
    if (h->scans[i].days >= first) h->scans[kept++] = h->scans[i];
  h->count = kept;
done:
  return st;
}

static status draw(const struct cal_history *h, const char *path, bool force) {
  status st = ST_OK;
  struct text svg = {0};
  size_t begin = 0;
  size_t end = 0;
  int number = 0;
  while (cal_history_next(h, &begin, &end)) {
    char name[4096];
    if (end - begin < 9) continue;
    const char *dot = strrchr(file_name(path), '.');
    int stem = dot ? (int)(dot - path) : (int)strlen(path);
    number++;
    int n = number == 1 ? snprintf(name, sizeof name, "%s", path)
                        : snprintf(name, sizeof name, "%.*s-%d%s", stem, path, number, path + stem);
    CHECK(n < (int)sizeof name, ST_USAGE, "the path of the chart is too long");
    TRY(cal_figure_drift(&svg, h->scans + begin, end - begin, 860, 420));
    TRY(plot_write(name, &svg, force));
    text_free(&svg);
    svg = (struct text){0};
  }
  if (!number) log_warning("no chart drawn: no scanner has 9 phantom scans");
done:
  text_free(&svg);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct cal_history *history = NULL;
  struct table *table = NULL;
  TRY(cal_history_read(&history, p->store));
  TRY(leave_out_before(history, p->since));
  TRY(cal_quality_table(&table, history));
  TRY(say_alarms(history));
  TRY(table_write(table, p->out, ctx->force));
  if (p->figure) TRY(draw(history, p->figure, ctx->force));
done:
  cal_history_destroy(history);
  table_destroy(table);
  return st;
}

const struct command cmd_calibrate_check = {
    .name = "calibrate check",
    .summary = "Quality control of scanners from their phantom scans",
    .about =
        "One chart per scanner and phantom: slope, intercept and each rod against a baseline of "
        "earlier scans. Alarms (slope off by 1 %, prediction limit, cusum) name day and rod and "
        "come by chance less than once in 200 scans; notices (3 SD, Western Electric 4 of 5) "
        "stand in the table.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
