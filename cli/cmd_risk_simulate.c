#include "cli/command.h"
#include "ml/simulate.h"

struct params {
  const char *out;
  int people, features, effects, seed;
  double effect, correlation, prevalence, site_shift, male_signal, missing, horizon, death, loss;
};

static const struct params defaults = {.people = 200,
                                       .features = 6,
                                       .effects = 2,
                                       .seed = 1,
                                       .effect = 0.7,
                                       .correlation = 0.2,
                                       .prevalence = 0.3,
                                       .male_signal = 1,
                                       .horizon = 5,
                                       .death = 0.1,
                                       .loss = 0.1};

static const struct option options[] = {
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".csv", "table of people"),
    OPT_INT(struct params, people, "people", "people", 20, 1000000, "how many"),
    OPT_INT(struct params, features, "feature-count", "", 1, ML_SIMULATED_FEATURES,
            "how many features: f1, f2 and so on"),
    OPT_INT(struct params, effects, "effects", "", 0, ML_SIMULATED_FEATURES,
            "how many of them matter (the first ones)"),
    OPT_REAL(struct params, effect, "effect", "log odds per SD", -5, 5, "size of each effect"),
    OPT_REAL(struct params, correlation, "correlation", "", 0, 0.95, "between any two features"),
    OPT_REAL(struct params, prevalence, "prevalence", "", 0.01, 0.99, "share with a fracture"),
    OPT_REAL(struct params, site_shift, "site-shift", "SD", -5, 5,
             "added to every feature at site 2 (a scanner difference)"),
    OPT_REAL(struct params, male_signal, "male-signal", "", 0, 1,
             "share of the effects that holds in men (1: no subgroup gap)"),
    OPT_REAL(struct params, missing, "missing", "", 0, 0.5, "share of cells missing at random"),
    OPT_REAL(struct params, horizon, "horizon", "y", 0.1, 100, "end of follow-up"),
    OPT_REAL(struct params, death, "death", "", 0, 0.9, "share dead by the horizon (competing)"),
    OPT_REAL(struct params, loss, "loss", "", 0, 0.9, "share lost to follow-up by the horizon"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "same seed, same people"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 300 --effect 1 --out people.csv",
     "300 people, two of six features with an odds ratio of e per SD"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL;
  const struct ml_simulation s = {.people = p->people,
                                  .features = p->features,
                                  .effects = p->effects,
                                  .effect = p->effect,
                                  .correlation = p->correlation,
                                  .prevalence = p->prevalence,
                                  .site_shift = p->site_shift,
                                  .male_signal = p->male_signal,
                                  .missing = p->missing,
                                  .horizon = p->horizon,
                                  .death = p->death,
                                  .loss = p->loss,
                                  .seed = (uint64_t)p->seed};
  TRY(ml_simulate(&table, &s));
  TRY(table_write(table, p->out, ctx->force));
done:
  table_destroy(table);
  return st;
}

const struct command cmd_risk_simulate = {
    .name = "risk simulate",
    .summary = "Make a table of people with planted fracture risk",
    .about =
        "Features of chosen effect, two sites with a shift, a sex in which the signal is weaker, "
        "censoring and competing death, all from one seed: to test an analysis plan, to teach, "
        "to plan the size of a study.\n\n"
        "Columns: id, age [y], sex, site, f1.. [SD], fracture (0/1), time [y], event (0 censored, "
        "1 fracture, 2 death) and truth, the planted linear predictor, which no model may see.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
