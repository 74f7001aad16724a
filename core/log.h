/* Messages for a person that are not results: warnings that reach the report, notes, details.
 *
 * The library never prints. It hands each message to the sink that the program installed; without a
 * sink messages are dropped. Levels: LOG_WARNING always shown, LOG_INFO shown unless --quiet,
 * LOG_DETAIL shown with --verbose. No message may contain a patient's name, identifier or date.
 */
#ifndef QCT_CORE_LOG_H
#define QCT_CORE_LOG_H

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum log_level { LOG_WARNING, LOG_INFO, LOG_DETAIL };

typedef void (*log_sink)(void *user, enum log_level level, const char *text);

/** Install the process-wide sink; NULL removes it. Call once, before threads start. */
void log_set_sink(log_sink sink, void *user);

void log_message(enum log_level level, const char *fmt, ...) QCT_PRINTF(2, 3);

#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_message(LOG_INFO, __VA_ARGS__)
#define log_detail(...) log_message(LOG_DETAIL, __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
