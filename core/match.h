/* "Did you mean": the known word nearest to a mistyped one.
 *
 * Distance counts inserted, removed, replaced and swapped neighbouring letters (optimal string
 * alignment). A word is proposed when the distance is at most a third of the longer word, or when
 * one is the beginning of the other and at least two letters long.
 */
#ifndef QCT_CORE_MATCH_H
#define QCT_CORE_MATCH_H

#include <stddef.h>

/** Edits between a and b; words longer than 63 letters compare by their first 63. */
int match_distance(const char *a, const char *b);

/** Index in candidates[count] of the nearest plausible word, -1 when none is plausible. */
int match_nearest(const char *word, const char *const *candidates, size_t count);

#endif
