/* Measurements: the one form in which every method hands out its numbers.
 *
 * A record is a list of rows: case, region, quantity, value, unit, low and high (95 % interval), n
 * (voxels, elements or people behind the value), method, source, flags. Quantities and regions are
 * lower-case keys
 * ("vbmd_trabecular", "femoral_neck_right"); the unit is always there ("" for a pure number). A
 * value that could not be had is NaN with the reason in `flags`; it is written as an empty cell,
 * never as 0.
 */
#ifndef QCT_CORE_RECORD_H
#define QCT_CORE_RECORD_H

#include "core/status.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct measurement {
  char case_id[64];
  char region[64];
  char quantity[64];
  double value; /* NaN: withheld, reason in flags */
  char unit[24];
  double low, high; /* 95 % interval; NaN when none is known */
  int64_t n;        /* -1 when it has no meaning */
  char method[96];  /* what was done, in keys: "half-max", "fall-ogo/2 keller1994" */
  char source[48];  /* key of core/sources.def; "qct": this toolkit's own definition */
  char flags[512];  /* "; "-separated words for a person; "" when all is well */
};

struct record {
  struct measurement *rows; /* owned */
  size_t count, capacity;
  char case_id[64]; /* given to each row that is added */
};

status record_create(struct record **out, const char *case_id);
void record_destroy(struct record *r);

/** Append a row; returns it for filling in (low, high NaN; n -1; source "qct"; other texts empty),
 * NULL when out of memory. The pointer is good until the next append. */
struct measurement *record_add(struct record *r, const char *region, const char *quantity,
                               double value, const char *unit);
/** Append a withheld value with its reason. */
struct measurement *record_withhold(struct record *r, const char *region, const char *quantity,
                                    const char *unit, const char *reason);
/** The publication behind a row, a key; "" leaves it as it is. */
void measurement_source(struct measurement *m, const char *key);
/** Append a flag to a row ("; " between). */
void measurement_flag(struct measurement *m, const char *fmt, ...) QCT_PRINTF(2, 3);
/** Half the width of its interval; NaN when none is known. */
double measurement_half_width(const struct measurement *m);
/** Copy all rows of `from` to the end of `to`. */
status record_append(struct record *to, const struct record *from);
/** First row with region and quantity, NULL if none. Borrowed. */
const struct measurement *record_find(const struct record *r, const char *region,
                                      const char *quantity);

/**
 * Write long CSV (.csv or "-"), or JSON (.json: rows + the provenance given, which may be NULL).
 * CSV header: case,region,quantity,value,unit,low,high,n,method,source,flags
 */
status record_write(const struct record *r, const char *path, const cJSON *provenance, bool force);
/** Either format, chosen by content. @return ST_FORMAT naming line and column */
status record_read(struct record **out, const char *path);
/** Array of row objects, owned by the caller. */
cJSON *record_to_json(const struct record *r);

#ifdef __cplusplus
}
#endif
#endif
