/* From the words of a command line to the parameters of a command, by its declaration.
 *
 * Accepted: `--name value`, `--name=value`, flags `--name` and `--no-name`, the global options
 * below anywhere, `--` before arguments that start with a dash, `-` as standard input or output. An
 * option given twice is refused unless it is a list. Numbers are plain decimals with a point, in
 * the declared unit.
 *
 * Checked here, so that no command has to: unknown and misspelt names (with a proposal), values
 * that are no numbers or outside the declared range, choices, missing arguments, inputs that do not
 * exist, output files that exist (unless --force) and two outputs on one path. An output folder
 * that exists is the command's business.
 */
#ifndef QCT_CLI_PARSER_H
#define QCT_CLI_PARSER_H

#include "cli/command.h"

enum { PARSER_OPTIONS_MAX = 96, PARSER_PIECES_MAX = 256 };

struct global_options {
  bool help, version, verbose, quiet, force, json;
  int threads; /* 0: all cores this process may use */
};

/* A global option as help, completion and the interface dump show it. */
struct global_option {
  const char *name;  /* long name */
  char letter;       /* short name, 0 none */
  const char *value; /* name of its value, NULL for a flag */
  const char *help;
};

/** The global options; ends with a NULL name. */
extern const struct global_option global_options[];

struct parsed {
  const struct command *command;
  void *params;                    /* owned: the defaults with the command line over them */
  bool given[PARSER_OPTIONS_MAX];  /* was option i on the command line? */
  char *pieces[PARSER_PIECES_MAX]; /* owned: split values */
  int piece_count;
  struct global_options globals;
};

/**
 * Parse the words after the command's name.
 * Stops early, with ST_OK and globals.help or .version set, when those are asked for.
 * @return ST_USAGE with the remedy in the message; ST_IO when an input does not exist;
 *         ST_MEMORY. parsed_free after either outcome.
 */
status parse_command(struct parsed *out, const struct command *command, int argc,
                     char *const *argv);
void parsed_free(struct parsed *p);

/** Value of a parameter for the provenance record, owned by the caller: paths are given as
 * "<role>", choices by name, numbers that were not given as null. */
cJSON *parameter_json(const struct option *o, const void *params);
/** Add every parameter and source of the command. */
status parameters_record(struct provenance *p, const struct parsed *parsed);

#endif
