#include "cli/command.h"

#include "phantom/cohort.h"

struct params {
  const char *out;
  int people, seed, sex;
  double years, rate, truth_step;
  bool null;
};

static const char *const sexes[] = {"any", "F", "M", NULL};
static const struct params defaults = {
    .people = 20, .seed = 1, .years = 10, .rate = 2.3, .truth_step = 4};

static const struct option options[] = {
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".csv", "table of people"),
    OPT_INT(struct params, people, "people", "people", 2, 100000, "how many"),
    OPT_INT(struct params, seed, "seed", "", 1, 1e9, "of the first person; the next ones count on"),
    OPT_CHOICE(struct params, sex, "sex", sexes, "women, men or both"),
    OPT_REAL(struct params, years, "years", "y", 0.1, 50, "of follow-up"),
    OPT_REAL(struct params, rate, "rate", "1/1000 y", 0.01, 500,
             "hip fractures in men; women twice"),
    OPT_FLAG(struct params, null, "null", "no measure matters: the best concordance is 0.5"),
    OPT_REAL(struct params, truth_step, "truth-step", "mm", 0.5, 4, "of the truth's quadrature"),
    OPTIONS_END};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL;
  const struct phantom_cohort c = {.people = p->people,
                                   .first_seed = (uint64_t)p->seed,
                                   .sex = "\0FM"[p->sex],
                                   .years = p->years,
                                   .rate = p->rate,
                                   .null = p->null,
                                   .truth_step_mm = p->truth_step};
  TRY(phantom_cohort_make(&table, &c));
  TRY(table_write(table, p->out, ctx->force));
done:
  table_destroy(table);
  return st;
}

static const struct example examples[] = {
    {"qct phantom cohort --out people.csv --people 6 --sex F",
     "six women, their true bone measures and fracture times"},
    {NULL, NULL}};
static const char *const sources[] = {"black2008", "carmona_hips", NULL};

const struct command cmd_phantom_cohort = {
    .name = "phantom cohort",
    .summary = "Draw digital people with true hip measures and a planted fracture",
    .about =
        "One row a person: sex, age [y], true percent cortical volume, narrow neck area [mm2] and "
        "trabecular density [mg/cm3, what a perfect K2HPO4 calibration reads] of the total hip, "
        "the linear predictor eta, time [y] and event (0 censored, 1 hip fracture, 2 death). The "
        "images of a person are made by `qct phantom hip --seed PERSON_SEED --sex SEX`.\n\n"
        "Hazard ratios per SD are those of a study of older men; Weibull shape 1.6, the factor 2 "
        "of women, death and loss rates are unverified choices. best_concordance is what the "
        "planted hazard itself reaches over all pairs: no model can beat it.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
