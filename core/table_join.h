/* Working on whole tables: joining by key columns and describing what is missing. */
#ifndef QCT_CORE_TABLE_JOIN_H
#define QCT_CORE_TABLE_JOIN_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

enum table_join_kind {
  TABLE_JOIN_INNER, /* rows whose key stands in both */
  TABLE_JOIN_LEFT   /* all rows of the left table; nothing found is missing */
};

struct table_join_counts {
  size_t matched, left_only, right_only;
};

/**
 * Join two tables on key columns (present in both, of one kind). Columns of `right` that are not
 * keys are appended.
 * @return ST_DOMAIN: a key column missing, a key twice in `right` or (`left_once`) in `left` with
 * its values, a column in both that is no key, units of a key that differ
 */
status table_join(struct table **out, struct table_join_counts *counts, const struct table *left,
                  const struct table *right, const char *const *keys, int key_count,
                  enum table_join_kind kind, bool left_once);

/** One row a column: column, unit, kind (number/text), present, missing, share missing, minimum,
 * median, maximum. */
status table_describe(struct table **out, const struct table *t);

/**
 * REDCap data dictionary of a table (18 columns of the import format): names in lower case, digits
 * and underscores, first a letter, at most 26 characters, made unique with a number; text
 * validation number or none; the unit in the field note. Source: redcap_names
 */
status table_redcap(struct table **out, const struct table *t, const char *form);

/**
 * A table in an HDF5 store (core/store.h): columns/c00000/numbers or .../texts (NUL-ended, one
 * after the other), attributes name and unit; root attributes format "qct table", rows, columns,
 * provenance. Numbers keep every bit; a reader without this program finds plain arrays.
 * @param provenance JSON text or NULL
 */
status table_store_write(const struct table *t, const char *path, const char *provenance,
                         bool force);
/** The same into a store that is open and will hold more. */
struct store;
status table_store_put(struct store *s, const struct table *t, const char *provenance);
/** @return ST_FORMAT when it is no table, or broken */
status table_store_read(struct table **out, const char *path);

#ifdef __cplusplus
}
#endif
#endif
