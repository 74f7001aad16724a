/* JSON by cJSON, with errors that name file, key, value and what was expected.
 *
 * Getters take a dotted key path ("fit.slope"). A missing or mistyped key is ST_FORMAT with the
 * document's name as given to json_read.
 */
#ifndef QCT_CORE_JSON_H
#define QCT_CORE_JSON_H

#include "core/status.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Read a document, at most 256 MiB; "-" is standard input. *out is owned: cJSON_Delete. */
status json_read(cJSON **out, const char *path);
/** Parse text; `what` names it in messages. */
status json_parse(cJSON **out, const char *data, size_t length, const char *what);
/** Write indented, numbers to 17 digits at most (shortest that reads back), through file_write. */
status json_write(const cJSON *json, const char *path, bool force);
/** The same text into a string owned by the caller (free). */
status json_print(char **out, const cJSON *json);

/** NULL when absent. Borrowed. */
const cJSON *json_find(const cJSON *json, const char *key);
/** @return ST_FORMAT when absent or of another type; `what` names the document */
status json_get_number(double *out, const cJSON *json, const char *key, const char *what);
status json_get_text(char *out, size_t size, const cJSON *json, const char *key, const char *what);
/** A whole number of low to high: never cast what json_get_number gives, files can say 1e66. */
status json_get_whole(int *out, int low, int high, const cJSON *json, const char *key,
                      const char *what);
/** n numbers of an array of exactly n; null is NaN. */
status json_get_numbers(double *out, int n, const cJSON *json, const char *key, const char *what);
/** Like the above, but absent or null leaves *out as it is and returns ST_OK. */
status json_opt_number(double *out, const cJSON *json, const char *key, const char *what);
status json_opt_whole(int *out, int low, int high, const cJSON *json, const char *key,
                      const char *what);
status json_opt_text(char *out, size_t size, const cJSON *json, const char *key, const char *what);

/** Add a number; NaN and infinities become null. */
void json_add_number(cJSON *object, const char *key, double value);
void json_add_text(cJSON *object, const char *key, const char *value);
void json_add_numbers(cJSON *object, const char *key, const double *values, int n);

#ifdef __cplusplus
}
#endif
#endif
