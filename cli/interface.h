/* The declarations in forms that other programs read: manual pages, the pages of the guide, shell
 * completion, JSON, and descriptors of workflow engines and viewers.
 */
#ifndef QCT_CLI_INTERFACE_H
#define QCT_CLI_INTERFACE_H

#include "cli/command.h"

#include "core/text.h"

enum interface_format {
  INTERFACE_TEXT,
  INTERFACE_EXAMPLES, /* the example commands of one command, one a line */
  INTERFACE_JSON,     /* one object: program, version, commands with every option */
  INTERFACE_MAN,      /* troff */
  INTERFACE_MARKDOWN,
  INTERFACE_BASH,
  INTERFACE_ZSH,
  INTERFACE_SLICER,   /* Slicer Execution Model XML */
  INTERFACE_CWL,      /* Common Workflow Language 1.2 */
  INTERFACE_BOUTIQUES /* Boutiques 0.5 */
};

/** Names in the order of the enum, NULL-terminated. */
extern const char *const interface_format_names[];

/**
 * Append one form of one command, or of the program as a whole when `c` is NULL.
 * @return ST_USAGE when the form exists only for the one or the other
 */
status interface_append(struct text *out, const struct command *const *list,
                        const struct command *c, int format);

/** Write one file a command into a folder, with one more for the program as a whole where
 * the form has one.
 * @return ST_USAGE for a form that is not one file a command; ST_IO */
status interface_write_folder(const struct command *const *list, int format, const char *folder,
                              bool force);

#endif
