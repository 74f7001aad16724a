#include "qct/t_score.h"

#include "core/json.h"

#include <stdio.h>
#include <string.h>

/* made by the build from t_score_reference.json */
extern const unsigned char t_score_reference_data[];
extern const size_t t_score_reference_length;

static status check_format(const cJSON *json, const char *expected, const char *what) {
  status st = ST_OK;
  char format[48] = "";
  TRY(json_get_text(format, sizeof format, json, "format", what));
  CHECK(strcmp(format, expected) == 0, ST_FORMAT, "%s: format \"%s\", expected \"%s\"", what,
        format, expected);
done:
  return st;
}

status t_reference_read(struct t_reference *out, const char *name) {
  static const char *const sites[T_SITES] = {"neck", "total"};
  status st = ST_OK;
  struct t_reference r = {.key = ""};
  cJSON *json = NULL;
  if (strcmp(name, "nhanes3") == 0)
    TRY(json_parse(&json, (const char *)t_score_reference_data, t_score_reference_length,
                   "built-in reference"));
  else
    TRY(json_read(&json, name));
  const char *what = "T-score reference";
  TRY(check_format(json, "qct t-score reference 1", what));
  TRY(json_get_text(r.key, sizeof r.key, json, "key", what));
  TRY(json_get_text(r.source, sizeof r.source, json, "source", what));
  TRY(json_get_text(r.population, sizeof r.population, json, "population", what));
  for (int s = 0; s < T_SITES; s++) {
    char key[32];
    snprintf(key, sizeof key, "sites.%s.mean", sites[s]);
    TRY(json_get_number(&r.mean[s], json, key, what));
    snprintf(key, sizeof key, "sites.%s.sd", sites[s]);
    TRY(json_get_number(&r.sd[s], json, key, what));
    CHECK(r.sd[s] > 0, ST_DOMAIN,
          "T-score reference %s: SD of the %s is %g g/cm2, must be positive", r.key, sites[s],
          r.sd[s]);
  }
  *out = r;
done:
  cJSON_Delete(json);
  return st;
}

status abmd_correction_read(struct abmd_correction *out, const char *path) {
  status st = ST_OK;
  struct abmd_correction c = {.source = ""};
  cJSON *json = NULL;
  const char *what = "correction of areal density";
  TRY(json_read(&json, path));
  TRY(check_format(json, "qct abmd correction 1", what));
  TRY(json_get_text(c.source, sizeof c.source, json, "source", what));
  TRY(json_get_number(&c.intercept, json, "intercept", what));
  TRY(json_get_number(&c.slope, json, "slope", what));
  CHECK(c.slope > 0, ST_DOMAIN, "%s: slope %g, must be positive", what, c.slope);
  *out = c;
done:
  cJSON_Delete(json);
  return st;
}

double t_score(const struct t_reference *r, enum t_site site, double abmd) {
  return (abmd - r->mean[site]) / r->sd[site];
}

enum who_class who_class_of(double t) {
  const double arithmetic = 1e-9;
  if (t >= -1.0 - arithmetic) return WHO_NORMAL;
  return t <= -2.5 + arithmetic ? WHO_OSTEOPOROSIS : WHO_OSTEOPENIA;
}

const char *who_class_name(enum who_class c) {
  static const char *const names[] = {"normal", "osteopenia", "osteoporosis"};
  return names[c];
}
