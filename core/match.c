#include "core/match.h"

#include <string.h>

enum { LONGEST = 63 };

static int bounded_length(const char *s) {
  int n = 0;
  while (n < LONGEST && s[n]) n++;
  return n;
}

static int least(int a, int b) {
  return a < b ? a : b;
}

int match_distance(const char *a, const char *b) {
  int rows[3][LONGEST + 1];
  int n = bounded_length(a), m = bounded_length(b);
  int *before = rows[0], *last = rows[1], *row = rows[2];
  for (int j = 0; j <= m; j++) last[j] = before[j] = j;
  for (int i = 1; i <= n; i++) {
    row[0] = i;
    for (int j = 1; j <= m; j++) {
      int replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = least(replaced, least(last[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = least(row[j], before[j - 2] + 1);
    }
    int *spare = before;
    before = last;
    last = row;
    row = spare;
  }
  return last[m];
}

static int is_beginning(const char *word, const char *of) {
  size_t n = strlen(word);
  return n >= 2 && strncmp(word, of, n) == 0;
}

int match_nearest(const char *word, const char *const *candidates, size_t count) {
  int best = -1, best_distance = LONGEST;
  for (size_t i = 0; i < count; i++) {
    size_t longer = strlen(word), other = strlen(candidates[i]);
    if (other > longer) longer = other;
    int distance = match_distance(word, candidates[i]);
    int beginning = is_beginning(word, candidates[i]) || is_beginning(candidates[i], word);
    if (distance > (int)longer / 3 && !beginning) continue;
    if (distance < best_distance) {
      best = (int)i;
      best_distance = distance;
    }
  }
  return best;
}
