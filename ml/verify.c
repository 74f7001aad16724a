#include "ml/verify.h"

#include "ml/discrimination.h"
#include "ml/regression.h"
#include "ml/reliability.h"
#include "ml/survival.h"

#include <math.h>
#include <stdio.h>

static const char proc[] = "R pROC 1.18", sklearn[] = "scikit-learn 1.2.1", glm[] = "R glm",
                  r_survival[] = "R survival 3.5-3";

/* twelve people, two models */
static const int y[12] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
static const double a[12] = {.10, .25, .30, .45, .50, .70, .40, .55, .60, .70, .80, .95};
static const double b[12] = {.20, .40, .35, .55, .65, .60, .30, .50, .62, .58, .75, .90};
static const double decision[12] = {-2, -1.5, -1, -.5, -.2, .3, -.4, .1, .6, 1.1, 1.4, 2.2};
/* ten people followed */
static const double t[10] = {1, 2, 3, 3, 4, 5, 6, 7, 8, 10};
static const int event[10] = {1, 1, 0, 1, 1, 0, 1, 0, 1, 0};
static const double risk[10] = {.9, .4, .7, .6, .8, .3, .5, .2, .5, .1};

struct answer {
  const char *claim, *from;
  double expected, computed, permitted;
};

static status add_all(struct evidence *e, const struct answer *list, size_t count) {
  status st = ST_OK;
  for (size_t i = 0; i < count; i++)
    TRY(evidence_add(e, list[i].claim, list[i].from, "", list[i].expected, list[i].computed,
                     list[i].permitted));
done:
  return st;
}
#define ADD_ALL(e, list) add_all(e, list, sizeof(list) / sizeof *(list))

static status discrimination(struct evidence *e) {
  status st = ST_OK;
  struct ml_auc_difference d;
  struct ml_confusion youden;
  TRY(ml_auc_compare(&d, a, b, y, 12));
  TRY(ml_youden(&youden, a, y, 12));
  const struct answer list[] = {
      {"AUC of model A", proc, 30.5 / 36, d.a.auc, 1e-14},
      {"AUC of model B", proc, 25.0 / 36, d.b.auc, 1e-14},
      {"DeLong variance of A", proc, 0.01427469, d.a.variance, 5e-9},
      {"DeLong variance of B", proc, 0.02746914, d.b.variance, 5e-9},
      {"DeLong covariance", proc, 0.01512346, d.covariance, 5e-9},
      {"paired test of the AUCs: z", proc, 1.4248513, d.z, 5e-8},
      {"paired test of the AUCs: p", proc, 0.1542002, d.p, 5e-8},
      {"logit interval of A, low", proc, 0.475976, d.a.low, 5e-7},
      {"logit interval of A, high", proc, 0.971311, d.a.high, 5e-7},
      {"Wald interval of A, low", proc, 0.6130521, d.a.wald_low, 5e-8},
      {"Youden's index of A", proc, 0.6666667, youden.sensitivity + youden.specificity - 1, 5e-8},
  };
  TRY(ADD_ALL(e, list));
done:
  return st;
}

static status reliability(struct evidence *e) {
  status st = ST_OK;
  struct ml_reliability r, s;
  struct ml_platt p;
  TRY(ml_reliability(&r, a, y, 12));
  TRY(ml_reliability(&s, b, y, 12));
  TRY(ml_platt_fit(&p, decision, y, 12));
  const struct answer list[] = {
      {"Brier score of A", sklearn, 0.1633333, r.brier, 5e-8},
      {"Brier score of B", sklearn, 0.2117333, s.brier, 5e-8},
      {"log loss of A", sklearn, 0.4917283, r.log_loss, 5e-8},
      {"log loss of B", sklearn, 0.6035248, s.log_loss, 5e-8},
      {"calibration slope of A", glm, 1.743312, r.slope, 5e-7},
      {"calibration slope of B", glm, 1.122645, s.slope, 5e-7},
      {"calibration intercept of A", glm, -0.203370, r.intercept, 5e-7},
      {"calibration in the large of A", glm, -0.128108, r.in_the_large, 5e-7},
      {"Platt's slope", sklearn, -1.233327, p.a, 5e-7},
      {"Platt's probability at 1", sklearn, 0.775280, ml_platt_probability(&p, 1), 5e-7},
  };
  TRY(ADD_ALL(e, list));
done:
  return st;
}

static status follow_up(struct evidence *e) {
  static const double survivors[6] = {.9, .8, .7, .5833333, .4375, .21875};
  status st = ST_OK;
  struct ml_concordance harrell, uno;
  struct ml_horizon early, late;
  struct ml_curve_point k[10];
  int64_t count = 0;
  TRY(ml_harrell(&harrell, risk, t, event, 10));
  TRY(ml_uno(&uno, risk, t, event, 10, INFINITY));
  TRY(ml_kaplan_meier(k, &count, t, event, 10));
  TRY(ml_at_horizon(&early, risk, risk, t, event, 10, 4.5, 0));
  TRY(ml_at_horizon(&late, risk, risk, t, event, 10, 7.5, 0));
  const struct answer list[] = {
      {"Harrell's C", r_survival, 0.7727273, harrell.c, 5e-8},
      {"Uno's C", r_survival, 0.8078820, uno.c, 5e-8},
      {"AUC at 4.5 years, censoring weighed", "separate script", 0.904, early.auc, 1e-9},
      {"AUC at 7.5 years, censoring weighed", "separate script", 0.8462963, late.auc, 5e-8},
      {"Brier score at 4.5 years, censoring weighed", "separate script", 0.1323333, early.brier,
       5e-8},
      {"Brier score at 7.5 years, censoring weighed", "separate script", 0.151, late.brier, 5e-8},
  };
  TRY(ADD_ALL(e, list));
  for (int64_t i = 0; i < 6; i++) {
    char claim[64];
    snprintf(claim, sizeof claim, "Kaplan-Meier, step %d", (int)i + 1);
    TRY(evidence_add(e, claim, r_survival, "", survivors[i], i < count ? k[i].value : (double)NAN,
                     5e-8));
  }
done:
  return st;
}

status ml_verify(struct evidence *e) {
  status st = ST_OK;
  double low, high;
  e->area = "risk models";
  TRY(discrimination(e));
  TRY(reliability(e));
  TRY(follow_up(e));
  ml_wilson(&low, &high, 58, 70);
  TRY(evidence_add(e, "Wilson interval of 58 in 70, low", "Nishiyama et al. 2014", "", 0.724, low,
                   5e-4));
  TRY(evidence_add(e, "Wilson interval of 58 in 70, high", "Nishiyama et al. 2014", "", 0.899, high,
                   5e-4));
  TRY(evidence_add(e, "McNemar's exact p of 1 against 6", "2 (C(7,0) + C(7,1)) / 2^7", "", 0.125,
                   ml_mcnemar_p(1, 6), 1e-12));
done:
  return st;
}
