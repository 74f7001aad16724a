/* Help for people, made from the declarations. */
#ifndef QCT_CLI_HELP_H
#define QCT_CLI_HELP_H

#include "cli/command.h"

#include "core/text.h"

/** All commands in groups by their first word, or those of one group (NULL: all). */
void help_list(struct text *out, const struct command *const *list, const char *group, int columns);
/** One command in full. */
void help_command(struct text *out, const struct command *c, int columns);

#endif
