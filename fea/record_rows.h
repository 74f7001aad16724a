/* Rows of a strength analysis, all with the same region and method. Inner contract. */
#ifndef QCT_FEA_RECORD_ROWS_H
#define QCT_FEA_RECORD_ROWS_H

#include "core/record.h"
#include "fea/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_rows_writer {
  struct record *record; /* owned by the caller */
  const char *prefix;    /* put before each quantity with "_" */
  const char *region, *method;
  int failed; /* memory ran out; checked once, at the end */
};

/** Append a row; never NULL (a lost row takes the writes when memory ran out). */
struct measurement *fea_row(struct fea_rows_writer *w, const char *quantity, double value,
                            const char *unit, const char *source);
/** Rows failure_load_strain_limit and failure_load_pistoia [N] by the rules of fea/failure.h. */
void fea_failure_rows(struct fea_rows_writer *w, const struct fea_failure *f, double load_n);
/** Rows elements, dropped, residual, balance. */
void fea_solution_rows(struct fea_rows_writer *w, const struct fea_model *m,
                       const struct fea_solution *s);

#ifdef __cplusplus
}
#endif
#endif
