/* The command that the first words of a command line name, or what was meant. */
#ifndef QCT_CLI_FIND_H
#define QCT_CLI_FIND_H

#include "cli/command.h"

/**
 * The command that the words name, longest name first ("fea fall" before "fea").
 * @param[out] used how many words the name takes; may be NULL
 * @return NULL when none matches
 */
const struct command *command_find(const struct command *const *list, int argc, char *const *argv,
                                   int *used);
/** Is `word` the first word of commands with longer names? */
bool command_is_group(const struct command *const *list, const char *word);
/** ST_USAGE with what was meant and where to look. */
status command_unknown(const struct command *const *list, int argc, char *const *argv);

#endif
