#include "ml/bootstrap.h"

#include "core/parallel.h"
#include "core/random.h"
#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>

struct member {
  int64_t group, row;
};

static int by_group(const void *a, const void *b) {
  const struct member *p = a, *q = b;
  if (p->group != q->group) return p->group < q->group ? -1 : 1;
  return p->row < q->row ? -1 : p->row > q->row;
}

/* People as runs of `members`; starts[people] = n. */
static int64_t find_people(struct member *members, int64_t *starts, const int64_t *group,
                           int64_t n) {
  int64_t people = 0;
  for (int64_t i = 0; i < n; i++) members[i] = (struct member){group ? group[i] : i, i};
  qsort(members, (size_t)n, sizeof *members, by_group);
  for (int64_t i = 0; i < n; i++)
    if (i == 0 || members[i].group != members[i - 1].group) starts[people++] = i;
  starts[people] = n;
  return people;
}

static int64_t largest_person(const int64_t *starts, int64_t people) {
  int64_t most = 0;
  for (int64_t i = 0; i < people; i++)
    if (starts[i + 1] - starts[i] > most) most = starts[i + 1] - starts[i];
  return most;
}

/* Percentiles of one figure over the draws; values are strided by the number of figures. */
static status summarise(struct ml_interval *out, const double *values, int draws, int stride) {
  status st = ST_OK;
  int kept = 0;
  double *own = malloc((size_t)draws * sizeof *own);
  CHECK(own, ST_MEMORY, "bootstrap of %d draws", draws);
  for (int b = 0; b < draws; b++) {
    double v = values[(size_t)b * (size_t)stride];
    if (!isnan(v)) own[kept++] = v;
  }
  out->draws = kept;
  out->low = 2 * kept >= draws ? stat_percentile(own, kept, 2.5) : NAN;
  out->high = 2 * kept >= draws ? stat_percentile(own, kept, 97.5) : NAN;
done:
  free(own);
  return st;
}

status ml_bootstrap_many(struct ml_interval *out, int count, ml_statistics f, const void *user,
                         const int64_t *group, int64_t n, int draws, uint64_t seed) {
  status st = ST_OK;
  int failed = 0;
  struct member *members = malloc((size_t)(n + 1) * sizeof *members);
  int64_t *starts = malloc((size_t)(n + 1) * sizeof *starts);
  double *values = malloc((size_t)draws * (size_t)count * sizeof *values);
  CHECK(members && starts && values, ST_MEMORY, "bootstrap of %lld rows", (long long)n);
  int64_t people = find_people(members, starts, group, n);
  size_t most = (size_t)(people * largest_person(starts, people));
#pragma omp parallel num_threads(parallel_threads())
  {
    int64_t *rows = malloc((most + 1) * sizeof *rows);
    if (!rows) {
#pragma omp atomic write
      failed = 1;
    }
#pragma omp for schedule(static)
    for (int b = 0; b < draws; b++) {
      int64_t drawn = 0;
      double *own = values + (size_t)b * (size_t)count;
      for (int i = 0; i < count; i++) own[i] = NAN;
      if (!rows) continue;
      for (int64_t k = 0; k < people; k++) {
        int64_t p = (int64_t)random_below(seed, (uint64_t)b, (uint64_t)k, (uint64_t)people);
        for (int64_t i = starts[p]; i < starts[p + 1]; i++) rows[drawn++] = members[i].row;
      }
      f(own, user, rows, drawn);
    }
    free(rows);
  }
  CHECK(!failed, ST_MEMORY, "bootstrap of %lld rows", (long long)n);
  for (int i = 0; i < count; i++) TRY(summarise(&out[i], values + i, draws, count));
done:
  free(members);
  free(starts);
  free(values);
  return st;
}

struct one_figure {
  ml_statistic f;
  const void *user;
};

static void call_one(double *value, const void *user, const int64_t *rows, int64_t n) {
  const struct one_figure *one = user;
  *value = one->f(one->user, rows, n);
}

status ml_bootstrap(struct ml_interval *out, ml_statistic f, const void *user, const int64_t *group,
                    int64_t n, int draws, uint64_t seed) {
  const struct one_figure one = {f, user};
  return ml_bootstrap_many(out, 1, call_one, &one, group, n, draws, seed);
}
