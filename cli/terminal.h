/* Where messages and progress go: standard error, as lines for a person and a bar on a terminal,
 * otherwise progress as one JSON object a line, at most one a second and stage.
 */
#ifndef QCT_CLI_TERMINAL_H
#define QCT_CLI_TERMINAL_H

#include "core/status.h"

#include <stdbool.h>

/** Install the sinks of core/log.h and core/progress.h. Warnings always show; notes and progress
 * unless quiet; details when verbose. Under MPI only the first rank speaks. */
void terminal_install(bool verbose, bool quiet);

/** "qct fea fall: <message>" for the thread's last failure; with the place in the source when
 * verbose. */
void terminal_error(const char *command, status code, bool verbose);

/** Columns for text on standard output: the terminal's, at most 100; 80 when it is no terminal. */
int terminal_columns(void);

#endif
