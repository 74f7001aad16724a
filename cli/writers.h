/* One writer for each form of the declarations; cli/interface.c chooses among them. */
#ifndef QCT_CLI_WRITERS_H
#define QCT_CLI_WRITERS_H

#include "cli/command.h"

#include "core/text.h"

/** Owned by the caller; NULL when out of memory. */
cJSON *write_json_command(const struct command *c);
cJSON *write_json_program(const struct command *const *list);

/** troff, man(7) macros, section 1. */
void write_man_command(struct text *out, const struct command *c);
void write_man_program(struct text *out, const struct command *const *list);

void write_markdown_command(struct text *out, const struct command *c);
void write_markdown_program(struct text *out, const struct command *const *list);

/** Slicer Execution Model XML. */
void write_slicer_command(struct text *out, const struct command *c);
/** CWL 1.2 CommandLineTool and Boutiques 0.5 descriptor; owned by the caller. */
cJSON *write_cwl_command(const struct command *c);
cJSON *write_boutiques_command(const struct command *c);

/** Completion of commands, options and choices; paths elsewhere. */
void write_bash(struct text *out, const struct command *const *list);
void write_zsh(struct text *out, const struct command *const *list);

#endif
