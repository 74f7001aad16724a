#include "fea/record_rows.h"

#include <stdio.h>

struct measurement *fea_row(struct fea_rows_writer *w, const char *quantity, double value,
                            const char *unit, const char *source) {
  static struct measurement lost;
  char name[64];
  snprintf(name, sizeof name, "%s_%s", w->prefix, quantity);
  struct measurement *m = record_add(w->record, w->region, name, value, unit);
  if (!m) {
    w->failed = 1;
    return &lost;
  }
  snprintf(m->method, sizeof m->method, "%s", w->method);
  measurement_source(m, source);
  return m;
}

void fea_failure_rows(struct fea_rows_writer *w, const struct fea_failure *f, double load_n) {
  struct measurement *m =
      fea_row(w, "failure_load_strain_limit", load_n * f->factor_limit, "N", "schileo2014");
  measurement_flag(m, "decided by a single element");
  m = fea_row(w, "failure_load_pistoia", load_n * f->factor_pistoia, "N", "pistoia2002");
  measurement_flag(m, "rule made for micro-FE of the radius; for comparison only");
}

void fea_solution_rows(struct fea_rows_writer *w, const struct fea_model *m,
                       const struct fea_solution *s) {
  fea_row(w, "elements", (double)m->element_count, "", "");
  fea_row(w, "dropped", (double)(m->dropped_bone + m->dropped_cap), "", "");
  fea_row(w, "residual", s->residual, "", "");
  fea_row(w, "balance", s->balance, "", "");
}
