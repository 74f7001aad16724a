#include "calibration/history.h"

#include "calibration/hardening.h"
#include "calibration/learned_line.h"
#include "core/file.h"
#include "core/json.h"
#include "core/statistics.h"
#include "core/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double unseen_share = 0.0091; /* of slope: 0.91 mg/cm3 at 100 mg/cm3, wang2017 */
enum { LEAST_DIFFERENCES = 4, LAST_DAY = 2932896 /* 9999-12-31 */ };

/* ---- dates: civil calendar, algorithm of H. Hinnant (public domain) restated ---- */

static int64_t days_of(int64_t y, int m, int d) {
  y -= m <= 2;
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t yoe = y - era * 400;
  int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void cal_date_from_days(char out[16], int64_t days) {
  int64_t z = days + 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  int64_t doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  int d = (int)(doy - (153 * mp + 2) / 5 + 1);
  int m = (int)(mp < 10 ? mp + 3 : mp - 9);
  int y = (int)(yoe + era * 400 + (m <= 2));
  snprintf(out, 16, "%04d-%02d-%02d", y % 10000, m % 100, d % 100);
}

status cal_days_from_date(int64_t *days, const char *date) {
  status st = ST_OK;
  int y = 0;
  int m = 0;
  int d = 0;
  int used = 0;
  int n = sscanf(date, "%4d-%2d-%2d%n", &y, &m, &d, &used);
  CHECK(n == 3 && date[used] == '\0' && m >= 1 && m <= 12 && d >= 1 && d <= 31, ST_USAGE,
        "date \"%s\": write it as YYYY-MM-DD", date);
  char back[16];
  int64_t value = days_of(y, m, d);
  cal_date_from_days(back, value);
  CHECK(strcmp(back, date) == 0, ST_USAGE, "date \"%s\": there is no such day", date);
  *days = value;
done:
  return st;
}

/* ---- the file ---- */

static status check_key(const char *key, const char *what) {
  status st = ST_OK;
  struct cal_key_match m = cal_compare_keys(key, key);
  CHECK(!m.unknown, ST_DOMAIN,
        "%s: manufacturer, model, serial or station, and kVp must be known to match scanners; the "
        "key is %s (\"?\" is missing from the scan)",
        what, key);
done:
  return st;
}

static status scan_read(struct cal_scan *out, const struct store *s, const char *name) {
  status st = ST_OK;
  char path[64];
  char *text = NULL;
  cJSON *json = NULL;
  enum store_type type;
  int rank;
  int64_t dims[8];
  double days;
  snprintf(path, sizeof path, "scans/%s", name);
  TRY(store_shape(s, path, &type, &rank, dims));
  CHECK(rank == 1 && type == STORE_U8, ST_FORMAT, "calibration store: %s is no calibration", path);
  text = malloc((size_t)dims[0] + 1);
  CHECK(text, ST_MEMORY, "reading the calibration store");
  TRY(store_read(s, path, STORE_U8, text, dims[0]));
  text[dims[0]] = '\0';
  TRY(store_get_number(s, path, "days", &days));
  CHECK(
      fabs(days) <= LAST_DAY && days == floor(days), ST_FORMAT,
      "calibration store: %s was made on day %g since 1970, expected a whole number of at most %d",
      path, days, LAST_DAY);
  TRY(json_parse(&json, text, (size_t)dims[0], "calibration store"));
  TRY(calibration_from_json(&out->calibration, json, "calibration store"));
  out->days = (int64_t)days;
done:
  free(text);
  cJSON_Delete(json);
  return st;
}

static int by_key_and_day(const void *a, const void *b) {
  const struct cal_scan *p = a;
  const struct cal_scan *q = b;
  int order = strcmp(p->calibration.scanner_key, q->calibration.scanner_key);
  if (!order) order = strcmp(p->calibration.phantom, q->calibration.phantom);
  if (!order) order = (p->days > q->days) - (p->days < q->days);
  return order ? order : strcmp(p->calibration.id, q->calibration.id);
}

static status history_from_store(struct cal_history **out, const struct store *s) {
  status st = ST_OK;
  char **names = NULL;
  size_t count = 0;
  struct cal_history *h = calloc(1, sizeof *h);
  CHECK(h, ST_MEMORY, "reading the calibration store");
  if (store_has(s, "scans")) TRY(store_list(s, "scans", &names, &count));
  h->scans = calloc(count ? count : 1, sizeof *h->scans);
  CHECK(h->scans, ST_MEMORY, "reading a calibration store of %zu scans", count);
  for (size_t i = 0; i < count; i++) TRY(scan_read(&h->scans[h->count++], s, names[i]));
  qsort(h->scans, h->count, sizeof *h->scans, by_key_and_day);
  *out = h;
  h = NULL;
done:
  file_list_free(names, count);
  cal_history_destroy(h);
  return st;
}

status cal_history_read(struct cal_history **out, const char *path) {
  status st = ST_OK;
  struct store *s = NULL;
  TRY(store_open(&s, path));
  TRY(history_from_store(out, s));
done:
  store_close(s);
  return st;
}

void cal_history_destroy(struct cal_history *h) {
  if (!h) return;
  free(h->scans);
  free(h);
}

status cal_history_add(const char *path, const struct calibration *c, int64_t days, double wait_s) {
  status st = ST_OK;
  struct store *s = NULL;
  struct cal_history *h = NULL;
  cJSON *json = NULL;
  char *text = NULL;
  char name[64];
  TRY(check_key(c->scanner_key, "adding to the calibration store"));
  CHECK(days != INT64_MIN, ST_DOMAIN,
        "adding to the calibration store: the day of the scan is not in its header; give --date");
  for (int i = 0; i < c->warning_count; i++)
    CHECK(strncmp(c->warnings[i], "FORCED: ", 8), ST_DOMAIN,
          "adding to the calibration store: the fit was kept beyond its limits (%s), so it is no "
          "standard for other scans",
          c->warnings[i] + 8);
  TRY(store_open_update(&s, path, wait_s));
  TRY(history_from_store(&h, s));
  for (size_t i = 0; i < h->count; i++)
    CHECK(strcmp(h->scans[i].calibration.id, c->id) || h->scans[i].days != days, ST_DOMAIN,
          "adding to the calibration store: this phantom scan is there already");
  json = calibration_to_json(c);
  CHECK(json, ST_MEMORY, "adding to the calibration store");
  TRY(json_print(&text, json));
  snprintf(name, sizeof name, "scans/%06zu", h->count);
  int64_t length = (int64_t)strlen(text);
  TRY(store_write(s, name, STORE_U8, 1, &length, text));
  TRY(store_set_number(s, name, "days", (double)days));
  TRY(store_set_text(s, name, "scanner_key", c->scanner_key));
  TRY(store_set_text(s, name, "phantom", c->phantom));
  TRY(store_commit(s));
done:
  store_close(s);
  cal_history_destroy(h);
  cJSON_Delete(json);
  free(text);
  return st;
}

/* ---- matching ---- */

/* Scans of the same scanner and kVp as `key`, phantom and kernel as the best of them; by day. */
struct matches {
  const struct cal_scan **scan; /* owned array of borrowed scans */
  size_t count;
  bool kernel;
};

static status find_matches(struct matches *m, const struct cal_history *h, const char *key,
                           int64_t days) {
  status st = ST_OK;
  bool scanner = false;
  const struct cal_scan *best = NULL;
  m->scan = calloc(h->count ? h->count : 1, sizeof(const struct cal_scan *));
  CHECK(m->scan, ST_MEMORY, "matching the calibration store");
  for (size_t i = 0; i < h->count; i++) {
    const struct cal_scan *s = &h->scans[i];
    struct cal_key_match k = cal_compare_keys(s->calibration.scanner_key, key);
    scanner = scanner || k.scanner;
    if (!k.scanner || !k.kvp) continue;
    if (best && m->kernel && !k.kernel) continue;
    int64_t away = llabs(s->days - days);
    if (!best || (k.kernel && !m->kernel) || away < llabs(best->days - days)) best = s;
    m->kernel = m->kernel || k.kernel;
  }
  CHECK(scanner, ST_DOMAIN,
        "asynchronous calibration: the scanner of the scan (%s) has no phantom scan in the store",
        key);
  CHECK(
      best, ST_DOMAIN,
      "asynchronous calibration: the store has phantom scans of this scanner, but none at the tube "
      "voltage of the scan (%s); kVp changes slope and intercept",
      key);
  for (size_t i = 0; i < h->count; i++) {
    const struct cal_scan *s = &h->scans[i];
    if (strcmp(s->calibration.scanner_key, best->calibration.scanner_key) == 0 &&
        strcmp(s->calibration.phantom, best->calibration.phantom) == 0 &&
        s->calibration.material == best->calibration.material)
      m->scan[m->count++] = s;
  }
done:
  return st;
}

/* Scatter of (intercept, slope) from scan to scan: half the mean square of successive differences,
 * which a slow drift hardly enters. Returns the number of differences. */
static int scatter(double s[9], const struct matches *m) {
  int n = 0;
  memset(s, 0, 9 * sizeof *s);
  for (size_t i = 1; i < m->count; i++) {
    const struct calibration *a = &m->scan[i - 1]->calibration;
    const struct calibration *b = &m->scan[i]->calibration;
    double di = b->intercept - a->intercept;
    double ds = b->slope - a->slope;
    s[0] += di * di / 2;
    s[1] += di * ds / 2;
    s[4] += ds * ds / 2;
    n++;
  }
  for (int i = 0; i < 9 && n > 0; i++) s[i] /= n;
  s[3] = s[1];
  return n;
}

/* What the phantom scan was warned of holds for what is calibrated by it. */
static void take_warnings(struct calibration *c, const struct calibration *phantom) {
  for (int i = 0; i < phantom->warning_count; i++) {
    const char *text = phantom->warnings[i];
    bool forced = strncmp(text, "FORCED: ", 8) == 0;
    bool known = false;
    char words[160];
    snprintf(words, sizeof words, "%sphantom scan: %.120s", forced ? "FORCED: " : "",
             text + (forced ? 8 : 0));
    for (int k = 0; k < c->warning_count; k++) known = known || !strcmp(c->warnings[k], words);
    if (!known) cal_warn(c, "%s", words);
  }
}

/* What sessions differ in: `f` times the scatter from scan to scan. */
static void add_sessions(struct calibration *c, const struct matches *m, double f) {
  double s[9];
  int n = scatter(s, m);
  if (n < LEAST_DIFFERENCES) {
    cal_warn(c,
             "%zu phantom scans of this scanner: the scatter between scans is not in the interval",
             m->count);
    return;
  }
  for (int i = 0; i < 9; i++) s[i] *= f;
  cal_add_covariance(c, s, fmax(2, n * 2.0 / 3)); /* successive differences share scans */
}

static status check_people(const struct cal_tissue_table *t, const struct calibration *c) {
  status st = ST_OK;
  struct cal_key_match k = cal_compare_keys(t->scanner_key, c->scanner_key);
  CHECK(k.scanner && k.kvp, ST_DOMAIN,
        "asynchronous calibration: people of table %s were scanned on %s, this scan on %s; scanner "
        "and kVp must be the same",
        t->name, t->scanner_key[0] ? t->scanner_key : "an unknown scanner", c->scanner_key);
  CHECK(t->material == c->material, ST_DOMAIN,
        "asynchronous calibration: table %s is of %s, the phantom of %s", t->name,
        material_name(t->material), material_name(c->material));
done:
  return st;
}

/* From the phantom's body and session to the patient's; w is the share of the later scan. */
static status add_patient(struct calibration *c, const struct matches *m, double w,
                          double phantom_mm, const struct cal_tissue_table *people) {
  status st = ST_OK;
  double phantoms = w * w + (1 - w) * (1 - w);
  if (people) {
    TRY(check_people(people, c));
    TRY(cal_learned_size(c, phantom_mm, people));
    add_sessions(c, m, phantoms);
    goto done;
  }
  cal_hardening_correct(c, phantom_mm, cal_key_kvp(c->scanner_key));
  add_sessions(c, m, 1 + phantoms);
  double v[9] = {0};
  v[4] = pow(unseen_share * c->slope, 2);
  cal_add_covariance(c, v, (double)INFINITY);
done:
  return st;
}

status cal_async(struct calibration *out, const struct cal_history *h, const char *scanner_key,
                 int64_t days, const struct cal_async_options *options) {
  status st = ST_OK;
  static const struct cal_async_options defaults = CAL_ASYNC_DEFAULTS;
  const struct cal_async_options *o = options ? options : &defaults;
  struct matches m = {0};
  TRY(check_key(scanner_key, "asynchronous calibration"));
  CHECK(days != INT64_MIN, ST_DOMAIN,
        "asynchronous calibration: the day of the scan is not in its header; give --date");
  TRY(find_matches(&m, h, scanner_key, days));
  size_t after = 0;
  while (after < m.count && m.scan[after]->days < days) after++;
  const struct cal_scan *late = m.scan[after < m.count ? after : m.count - 1];
  const struct cal_scan *early = after > 0 ? m.scan[after - 1] : late;
  if (late->days == days || after == m.count) early = late; /* that very day, or after the last */
  int64_t away = llabs(late->days - days);
  if (llabs(early->days - days) < away) away = llabs(early->days - days);
  CHECK(away <= o->refuse_days || o->force, ST_DOMAIN,
        "asynchronous calibration: the nearest phantom scan is %lld days away, at most %d; "
        "--override takes it with a warning",
        (long long)away, o->refuse_days);
  double w = early == late ? 1 : (double)(days - early->days) / (double)(late->days - early->days);
  struct calibration c = late->calibration;
  const struct calibration *e = &early->calibration;
  c.warning_count = 0;
  c.slope = w * c.slope + (1 - w) * e->slope;
  c.intercept = w * c.intercept + (1 - w) * e->intercept;
  c.sigma_ref = w * c.sigma_ref + (1 - w) * e->sigma_ref;
  c.beta_ref = w * c.beta_ref + (1 - w) * e->beta_ref;
  c.effective_kev = w * c.effective_kev + (1 - w) * e->effective_kev;
  for (int i = 0; i < 9;
       i++) /* the certificate's errors are the same in both: no gain by averaging */
    c.covariance[i] = w * c.covariance[i] + (1 - w) * e->covariance[i];
  snprintf(c.method, sizeof c.method, "async-%.20s", late->calibration.method);
  snprintf(c.scanner_key, sizeof c.scanner_key, "%s", scanner_key);
  if (!m.kernel) cal_warn(&c, "the phantom was scanned with another kernel than the patient");
  if (away > o->warn_days)
    cal_warn(&c, "%snearest phantom scan %lld days away", away > o->refuse_days ? "FORCED: " : "",
             (long long)away);
  take_warnings(&c, &late->calibration);
  take_warnings(&c, e);
  if (early == late && late->days != days)
    cal_warn(&c, "no phantom scans on both sides of the patient's day: nearest taken");
  double phantom_mm = w * late->calibration.diameter_mm + (1 - w) * e->diameter_mm;
  c.diameter_mm = o->diameter_mm;
  TRY(add_patient(&c, &m, w, phantom_mm, o->people));
  TRY(calibration_seal(&c));
  *out = c;
done:
  free(m.scan);
  return st;
}
