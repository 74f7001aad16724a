/* The report of `qct risk evaluate` and `qct risk compare`: figures and pictures of a model on one
 * page. */
#ifndef QCT_CLI_RISK_REPORT_H
#define QCT_CLI_RISK_REPORT_H

#include "cli/command.h"
#include "ml/assessment.h"

struct risk_page {
  const char *title, *name;           /* of the page and of the run */
  const struct ml_predictions *p;     /* borrowed */
  const char *other_name;             /* the run it is compared with; NULL: none */
  const struct ml_predictions *other; /* on the same people */
  const char *model;                  /* model_*.json of the run, for its importance; NULL: none */
  const char *time_unit;              /* of the follow-up; "" when not stated */
  const struct record *record;        /* all figures */
  const char *const *sources;         /* NULL-terminated keys */
};

/** Has everybody a probability in every repeat? */
bool risk_has_probabilities(const struct ml_predictions *p);

status risk_report_write(struct context *ctx, const struct risk_page *page, const char *path);

#endif
