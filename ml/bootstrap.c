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

status ml_bootstrap(struct ml_interval *out, ml_statistic f, const void *user, const int64_t *group,
                    int64_t n, int draws, uint64_t seed) {
  status st = ST_OK;
  int failed = 0;
  struct member *members = malloc((size_t)(n + 1) * sizeof *members);
  int64_t *starts = malloc((size_t)(n + 1) * sizeof *starts);
  double *values = malloc((size_t)draws * sizeof *values);
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
      int64_t count = 0;
      values[b] = NAN;
      if (!rows) continue;
      for (int64_t k = 0; k < people; k++) {
        int64_t p = (int64_t)random_below(seed, (uint64_t)b, (uint64_t)k, (uint64_t)people);
        for (int64_t i = starts[p]; i < starts[p + 1]; i++) rows[count++] = members[i].row;
      }
      values[b] = f(user, rows, count);
    }
    free(rows);
  }
  CHECK(!failed, ST_MEMORY, "bootstrap of %lld rows", (long long)n);
  int kept = 0;
  for (int b = 0; b < draws; b++)
    if (!isnan(values[b])) values[kept++] = values[b];
  out->draws = kept;
  out->low = 2 * kept >= draws ? stat_percentile(values, kept, 2.5) : NAN;
  out->high = 2 * kept >= draws ? stat_percentile(values, kept, 97.5) : NAN;
done:
  free(members);
  free(starts);
  free(values);
  return st;
}
