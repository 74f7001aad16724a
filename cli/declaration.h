/* Words made from an option's declaration, shared by help, manual pages, completion and messages.
 */
#ifndef QCT_CLI_DECLARATION_H
#define QCT_CLI_DECLARATION_H

#include "cli/command.h"

#include "core/text.h"

/** Number of options before OPTIONS_END. */
int option_count(const struct option *options);
/** "--size" or "CT" (a positional, in capitals), into buffer. */
void option_label(char *buffer, size_t size, const struct option *o);
/** Name of the value: "MM", "N", "PATH", "NAME"...; "" for a flag. */
void option_value_name(char *buffer, size_t size, const struct option *o);
/** "0.2 to 5 mm", "at least 1", "" without limits. */
void option_range(char *buffer, size_t size, const struct option *o);
/** Default as it would be typed; "" when there is none (not given, empty list, false). */
void option_default(struct text *out, const struct option *o, const void *defaults);
/** Is the range limited below / above? Limits beyond 1e300 or of INT_MIN and INT_MAX are none. */
bool option_has_low(const struct option *o);
bool option_has_high(const struct option *o);
/** "fea fall" -> "fea-fall" (separator '-') or "fea_fall". */
void command_identifier(char *buffer, size_t size, const struct command *c, char separator);
/** "qct fea fall CT [LABELS] --out PATH [options]". */
void command_usage(struct text *out, const struct command *c);
/** First word of the name, into buffer. */
void command_group(char *buffer, size_t size, const struct command *c);

/** Faults of a declaration that the compiler cannot see (default outside its range, name twice or
 * that of a global option, argument after an optional one, no example, unknown source...): one line
 * each in `out`, which stays empty when all is well. */
void command_audit(struct text *out, const struct command *c);

#endif
