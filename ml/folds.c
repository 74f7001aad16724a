#include "ml/folds.h"

#include "core/random.h"

#include <stdlib.h>
#include <string.h>

struct person {
  int64_t group;
  int64_t first; /* row that stands for the person in the shuffle, so row order does not matter
                    within */
  int stratum;
  uint64_t key;
};

struct member {
  int64_t group, row;
};

static int by_group(const void *a, const void *b) {
  const struct member *p = a, *q = b;
  if (p->group != q->group) return p->group < q->group ? -1 : 1;
  return p->row < q->row ? -1 : p->row > q->row;
}

static int by_stratum_and_key(const void *a, const void *b) {
  const struct person *p = a, *q = b;
  if (p->stratum != q->stratum) return p->stratum < q->stratum ? -1 : 1;
  if (p->key != q->key) return p->key < q->key ? -1 : 1;
  return p->first < q->first ? -1 : p->first > q->first;
}

static status sorted_members(struct member **out, const int64_t *group, int64_t n) {
  status st = ST_OK;
  struct member *m = malloc((size_t)(n > 0 ? n : 1) * sizeof *m);
  CHECK(m, ST_MEMORY, "grouping %lld rows by person", (long long)n);
  for (int64_t i = 0; i < n; i++) m[i] = (struct member){group ? group[i] : i, i};
  qsort(m, (size_t)n, sizeof *m, by_group);
  *out = m;
done:
  return st;
}

/* People sorted by stratum, shuffled within; `members` sorted by group. */
static int64_t list_people(struct person *people, const struct member *members, const int *stratum,
                           int64_t n, uint64_t seed, int repeat) {
  int64_t count = 0;
  for (int64_t i = 0; i < n;) {
    int64_t j = i;
    int largest = 0;
    for (; j < n && members[j].group == members[i].group; j++)
      if (stratum && stratum[members[j].row] > largest) largest = stratum[members[j].row];
    struct person p = {members[i].group, members[i].row, largest, 0};
    p.key = random_bits(seed, (uint64_t)repeat, (uint64_t)members[i].row);
    people[count++] = p;
    i = j;
  }
  qsort(people, (size_t)count, sizeof *people, by_stratum_and_key);
  return count;
}

static int find_fold(const struct member *sorted, const int *fold_of_first, int64_t n,
                     int64_t group) {
  int64_t low = 0, high = n - 1;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (sorted[middle].group < group)
      low = middle + 1;
    else
      high = middle;
  }
  return fold_of_first[sorted[low].row];
}

status ml_folds(int *fold, const int64_t *group, const int *stratum, int64_t n, int k,
                uint64_t seed, int repeat) {
  status st = ST_OK;
  struct member *members = NULL;
  struct person *people = NULL;
  int *assigned = NULL;
  CHECK(k >= 2, ST_DOMAIN, "%d folds: at least 2 are needed", k);
  TRY(sorted_members(&members, group, n));
  people = malloc((size_t)(n > 0 ? n : 1) * sizeof *people);
  assigned = malloc((size_t)(n > 0 ? n : 1) * sizeof *assigned);
  CHECK(people && assigned, ST_MEMORY, "splitting %lld rows", (long long)n);
  int64_t count = list_people(people, members, stratum, n, seed, repeat);
  CHECK(count >= k, ST_DOMAIN, "%lld people cannot fill %d folds", (long long)count, k);
  /* deal the people of one stratum after the other round the folds, so that sizes differ by one at
   * most */
  for (int64_t i = 0, start = 0; i < count; i++) {
    if (i + 1 == count || people[i + 1].stratum != people[i].stratum) {
      CHECK(!stratum || i + 1 - start >= 2, ST_DOMAIN,
            "outcome %d has %lld person: at least 2 are needed to have it in training and in test",
            people[i].stratum, (long long)(i + 1 - start));
      start = i + 1;
    }
    assigned[people[i].first] = (int)(i % k);
  }
  for (int64_t i = 0; i < n; i++) fold[i] = find_fold(members, assigned, n, group ? group[i] : i);
done:
  free(members);
  free(people);
  free(assigned);
  return st;
}

status ml_folds_by_site(int *fold, int *k, const int64_t *group, const int64_t *site, int64_t n) {
  status st = ST_OK;
  int count = 0;
  int64_t *seen = malloc((size_t)(n > 0 ? n : 1) * sizeof *seen);
  CHECK(seen, ST_MEMORY, "splitting %lld rows by site", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    int s = 0;
    while (s < count && seen[s] != site[i]) s++;
    if (s == count) seen[count++] = site[i];
    fold[i] = s;
  }
  CHECK(count >= 2, ST_DOMAIN, "leave-one-site-out with %d site: at least 2 are needed", count);
  if (group) TRY(ml_folds_check(fold, group, n));
  *k = count;
done:
  free(seen);
  return st;
}

status ml_folds_check(const int *fold, const int64_t *group, int64_t n) {
  status st = ST_OK;
  struct member *members = NULL;
  TRY(sorted_members(&members, group, n));
  for (int64_t i = 1; i < n; i++)
    CHECK(members[i].group != members[i - 1].group ||
              fold[members[i].row] == fold[members[i - 1].row],
          ST_DOMAIN, "rows %lld and %lld are one person but lie in folds %d and %d",
          (long long)members[i - 1].row, (long long)members[i].row, fold[members[i - 1].row],
          fold[members[i].row]);
done:
  free(members);
  return st;
}
