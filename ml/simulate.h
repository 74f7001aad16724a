/* People with planted truth, for tests, teaching and power planning: features of chosen effect, two
 * sites with a shift, a subgroup in which the signal is weaker, censoring and competing death.
 *
 * Person i: age ~ N(70, 8) years, sex F or M, site. Features f1..fK ~ N(0, 1) with pairwise
 * correlation `correlation`; site 2 adds `site_shift` to each. Linear predictor: sum effect_j f_j;
 * in men multiplied by `male_signal`. Binary outcome: logistic with an intercept found by bisection
 * so that the mean probability is `prevalence`. Survival: Weibull (shape 1.6) with hazard ratio
 * exp(predictor), scale so that 1 - S(horizon) averages the prevalence; death competes with a
 * hazard giving `death` by the horizon; uniform loss of `loss` by the horizon; administrative end
 * at the horizon. Everything is a pure function of (seed, person).
 */
#ifndef QCT_ML_SIMULATE_H
#define QCT_ML_SIMULATE_H

#include "core/table.h"

#include <stdint.h>

enum { ML_SIMULATED_FEATURES = 200 };

struct ml_simulation {
  int people;         /* >= 20 */
  int features;       /* 1..ML_SIMULATED_FEATURES */
  int effects;        /* the first `effects` features matter */
  double effect;      /* log odds (hazard) ratio per SD of each of them */
  double correlation; /* 0..0.95 between features */
  double prevalence;  /* 0.01..0.99 */
  double site_shift;  /* SD */
  double male_signal; /* 1: the same in both sexes; 0: no signal in men */
  double missing;     /* share of feature cells that go missing at random, 0..0.5 */
  double horizon;     /* years */
  double death, loss; /* shares by the horizon, 0..0.9 */
  uint64_t seed;
};
#define ML_SIMULATION_DEFAULTS                                                                     \
  {                                                                                                \
    .people = 200, .features = 6, .effects = 2, .effect = 0.7, .correlation = 0.2,                 \
    .prevalence = 0.3, .male_signal = 1, .horizon = 5, .death = 0.1, .loss = 0.1, .seed = 1        \
  }

/** Columns: id, age [y], sex, site, f1.., fracture (0/1 ever by the horizon, deaths as 0), time
 * [y], event (0/1/2), truth (linear predictor; leave it out of any feature group). @return
 * ST_DOMAIN naming the parameter out of range */
status ml_simulate(struct table **out, const struct ml_simulation *s);

#endif
