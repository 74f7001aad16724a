/* A feature table (core/table.h) as the matrices that models need: people, outcome, time, site,
 * feature groups.
 *
 * Rows are people or sides of people; the id column says which person a row belongs to, and all
 * rows of a person stay together in every split.
 */
#ifndef QCT_ML_DATASET_H
#define QCT_ML_DATASET_H

#include "core/table.h"
#include "ml/nested.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ml_dataset_options {
  const char *id;      /* column with the person; NULL: every row its own person */
  const char *outcome; /* 0/1 (2: competing event when `time` is given); required */
  const char *time;    /* follow-up time > 0, or NULL */
  const char *site;    /* or NULL */
  enum ml_task task;   /* ML_REGRESSION takes `outcome` as a number */
};

enum { ML_GROUPS = 16 };

struct ml_feature_group {
  char name[48];
  int count;
  int *columns; /* indices into ml_dataset.features, owned by the dataset */
};

struct ml_dataset {
  const struct table *table; /* borrowed */
  int64_t n;
  int *outcome;
  double *target;
  int64_t *person, *site; /* small integers in order of first appearance; NULL when not given */
  int feature_count;
  int *features; /* table columns of all features of all groups, without repeats; owned */
  double *x;     /* [n][feature_count], owned */
  int group_count;
  struct ml_feature_group groups[ML_GROUPS];
};

/**
 * @param groups   "name=pattern+pattern", patterns as in a shell (`vbmd*`); a group of the name
 * "all" with every numeric column that is not id, outcome, time or site is made when none is given;
 * columns named as outcomes are (time, event, death, ...) are taken by name only, with a warning
 * @return ST_DOMAIN: missing column, text column named as feature, a column matched by a pattern in
 * which more than half of the values are numbers but not all, outcome missing or not 0/1/2, time
 * <= 0, a pattern that matches nothing, fewer than 4 rows, one class only
 */
status ml_dataset_make(struct ml_dataset *out, const struct table *t,
                       const struct ml_dataset_options *options, const char *const *groups,
                       int group_count);
void ml_dataset_free(struct ml_dataset *d);

/** Matrix of one group, [n][count], owned by the caller. */
status ml_dataset_group(double **x, const struct ml_dataset *d, int group);

/** Warnings worth a reader's eyes about the data: leakage (|AUC - 1/2| > 0.49), constant features,
 * more than 40 % missing, events per feature below 10, n < 20 or events < 10, features that differ
 * between sites, people with the same value in each of three or more features. One row each in the
 * record, region = feature or group, quantity "warning_*". */
status ml_dataset_warnings(struct record *r, const struct ml_dataset *d);

#ifdef __cplusplus
}
#endif
#endif
