/* A command is declared once: a constant table of options bound by offset to a struct of
 * parameters.
 *
 * From the declaration come --help, the man page, bash and zsh completion, the JSON interface, the
 * guide's command page, range checks with units, "did you mean" and the provenance record. Adding a
 * command means one file cli/cmd_<name with underscores>.c that defines `const struct command
 * cmd_<same>` and one test tests/cli/<same>.test. Nothing else lists commands: the build collects
 * them.
 *
 *   struct params { const char *ct, *out; double size_mm; int law; bool curve; };
 *   static const struct params defaults = {.size_mm = 1};
 *   static const struct option options[] = {
 *       ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
 *       OPT_OUT(struct params, out, "out", "result folder"),
 *       OPT_REAL(struct params, size_mm, "size", "mm", 0.2, 5, "edge of an element"),
 *       OPT_CHOICE(struct params, law, "law", law_names, "material law"),
 *       OPTIONS_END};
 *   static status run(struct context *ctx, const void *params);
 *   const struct command cmd_fea_fall = {.name = "fea fall", .summary = ..., .options = options,
 * ...};
 *
 * Conventions: results go to the named output or standard output; everything else goes to standard
 * error through core/log.h and core/progress.h; `run` is thin (load, call one function, save).
 */
#ifndef QCT_CLI_COMMAND_H
#define QCT_CLI_COMMAND_H

#include "core/provenance.h"
#include "core/record.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
  OPTION_END,
  OPTION_FLAG,   /* bool */
  OPTION_INT,    /* int; low..high */
  OPTION_REAL,   /* double; low..high; a NaN default means "not given" */
  OPTION_REALS,  /* double[count], written a,b,c */
  OPTION_TEXT,   /* const char *; NULL default means "not given" */
  OPTION_CHOICE, /* int index into `choices` (NULL-terminated array of names) */
  OPTION_LIST,   /* struct text_list; the option may be repeated, commas split */
  OPTION_IN,     /* const char *: an input path (recorded in provenance by role and digest) */
  OPTION_OUT     /* const char *: an output path (refused when it exists, unless --force) */
};

struct text_list {
  int count;
  const char *items[64];
};

struct option {
  enum option_kind kind;
  const char *name; /* long name without dashes; also the role of a path */
  const char *unit; /* "mm", "HU", ...; "" none */
  double low, high; /* permitted range of numbers, inclusive */
  int count;        /* OPTION_REALS */
  const char *const *choices;
  const char *ends; /* OPTION_OUT: what the file's name may end in, blanks between; NULL: any */
  const char *help; /* one line, no full stop */
  size_t offset;
  bool positional; /* an argument, required unless `optional` */
  bool optional;   /* a positional that may be left out */
  bool required;   /* an option that must be given */
};

/* A member of another type than the option needs fails to compile. */
#define OPTION_AT(type, member, expected)                                                          \
  _Generic(&((type *)0)->member, expected * : offsetof(type, member))

#define ARG_IN(T, m, n, h)                                                                         \
  {                                                                                                \
    .kind = OPTION_IN, .name = n, .unit = "", .help = h, .positional = true,                       \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
#define ARG_IN_OPTIONAL(T, m, n, h)                                                                \
  {                                                                                                \
    .kind = OPTION_IN, .name = n, .unit = "", .help = h, .positional = true, .optional = true,     \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
#define ARG_OUT(T, m, n, h)                                                                        \
  {                                                                                                \
    .kind = OPTION_OUT, .name = n, .unit = "", .help = h, .positional = true,                      \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
#define ARG_TEXT(T, m, n, h)                                                                       \
  {                                                                                                \
    .kind = OPTION_TEXT, .name = n, .unit = "", .help = h, .positional = true,                     \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
#define ARG_CHOICE(T, m, n, names, h)                                                              \
  {                                                                                                \
    .kind = OPTION_CHOICE, .name = n, .unit = "", .choices = names, .help = h, .positional = true, \
    .offset = OPTION_AT(T, m, int)                                                                 \
  }
/** One or more input paths: the last positional, a struct text_list. */
#define ARG_INS(T, m, n, h)                                                                        \
  {                                                                                                \
    .kind = OPTION_LIST, .name = n, .unit = "path", .help = h, .positional = true,                 \
    .offset = OPTION_AT(T, m, struct text_list)                                                    \
  }
#define OPT_FLAG(T, m, n, h)                                                                       \
  { .kind = OPTION_FLAG, .name = n, .unit = "", .help = h, .offset = OPTION_AT(T, m, bool) }
#define OPT_INT(T, m, n, u, lo, hi, h)                                                             \
  {                                                                                                \
    .kind = OPTION_INT, .name = n, .unit = u, .low = lo, .high = hi, .help = h,                    \
    .offset = OPTION_AT(T, m, int)                                                                 \
  }
#define OPT_REAL(T, m, n, u, lo, hi, h)                                                            \
  {                                                                                                \
    .kind = OPTION_REAL, .name = n, .unit = u, .low = lo, .high = hi, .help = h,                   \
    .offset = OPTION_AT(T, m, double)                                                              \
  }
#define OPT_REALS(T, m, n, u, k, lo, hi, h)                                                        \
  {                                                                                                \
    .kind = OPTION_REALS, .name = n, .unit = u, .count = k, .low = lo, .high = hi, .help = h,      \
    .offset = OPTION_AT(T, m[0], double)                                                           \
  }
#define OPT_TEXT(T, m, n, h)                                                                       \
  { .kind = OPTION_TEXT, .name = n, .unit = "", .help = h, .offset = OPTION_AT(T, m, const char *) }
#define OPT_CHOICE(T, m, n, names, h)                                                              \
  {                                                                                                \
    .kind = OPTION_CHOICE, .name = n, .unit = "", .choices = names, .help = h,                     \
    .offset = OPTION_AT(T, m, int)                                                                 \
  }
#define OPT_LIST(T, m, n, h)                                                                       \
  {                                                                                                \
    .kind = OPTION_LIST, .name = n, .unit = "", .help = h,                                         \
    .offset = OPTION_AT(T, m, struct text_list)                                                    \
  }
#define OPT_IN(T, m, n, h)                                                                         \
  { .kind = OPTION_IN, .name = n, .unit = "", .help = h, .offset = OPTION_AT(T, m, const char *) }
#define OPT_OUT(T, m, n, h)                                                                        \
  { .kind = OPTION_OUT, .name = n, .unit = "", .help = h, .offset = OPTION_AT(T, m, const char *) }
/** Paths that must be given. */
#define OPT_OUT_REQUIRED(T, m, n, h)                                                               \
  {                                                                                                \
    .kind = OPTION_OUT, .name = n, .unit = "", .help = h, .required = true,                        \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
#define OPT_IN_REQUIRED(T, m, n, h)                                                                \
  {                                                                                                \
    .kind = OPTION_IN, .name = n, .unit = "", .help = h, .required = true,                         \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
/** Output files whose name must end in one of `e`: a file never holds another format than its name
 * says, and a wrong name is refused before the work. */
#define OPT_OUT_AS(T, m, n, e, h)                                                                  \
  {                                                                                                \
    .kind = OPTION_OUT, .name = n, .unit = "", .ends = e, .help = h,                               \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
#define OPT_OUT_AS_REQUIRED(T, m, n, e, h)                                                         \
  {                                                                                                \
    .kind = OPTION_OUT, .name = n, .unit = "", .ends = e, .help = h, .required = true,             \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
#define ARG_OUT_AS(T, m, n, e, h)                                                                  \
  {                                                                                                \
    .kind = OPTION_OUT, .name = n, .unit = "", .ends = e, .help = h, .positional = true,           \
    .offset = OPTION_AT(T, m, const char *)                                                        \
  }
/** Name of the case in the rows of a record (context_write_record puts it into rows without). */
#define OPT_CASE(T, m)                                                                             \
  OPT_TEXT(T, m, "case", "identifier put into every row, else the word case; never a name")
#define ENDS_RECORD ".csv .json"
#define ENDS_IMAGE ".nii.gz .nii .nrrd .mha"
#define OPTIONS_END                                                                                \
  { .kind = OPTION_END }

/* What main.c hands to a command. */
struct context {
  bool force; /* --force: overwrite outputs */
  bool json;  /* --json: results as JSON on standard output */
  bool quiet;
  int threads;                   /* as in parallel_threads() */
  struct provenance *provenance; /* command, parameters and sources are in; the digests of the
                                    declared input paths are added by context_provenance, the
                                    writers below or context_record_inputs (once) */
  /* used by cli/context.c */
  const struct option *options;
  const void *params;
  const bool *given;
  bool inputs_recorded;
};

struct example {
  const char *command; /* run as it stands by the tests, in an empty folder where the examples
                          before it of the same command have run; starts with "qct" */
  const char *about;   /* what it shows */
};

struct command {
  const char *name;    /* "fea fall" */
  const char *summary; /* one line, no full stop; verb first */
  const char *about;   /* paragraphs; blank line between; units and limits of validity */
  const struct option *options;
  const void *defaults;
  size_t params_size;
  const struct example *examples; /* ends with {NULL, NULL}; at least one */
  const char *const *sources;     /* keys of core/sources.def, NULL-terminated; may be NULL */
  status (*run)(struct context *ctx, const void *params);
};

/** All commands sorted by name; NULL-terminated. Generated by the build. */
extern const struct command *const command_list[];

/** Was the option (or argument) of this name on the command line? For what a default must not
 * override, such as a parameter read from a file. */
bool context_given(const struct context *ctx, const char *name);

/** Write a record, rows without a case under the name given with --case: to `path`, or to standard
 * output when NULL (CSV, or JSON with --json). */
status context_write_record(struct context *ctx, const struct record *r, const char *path);
/** Write a JSON result: to `path`, or to standard output when NULL. Provenance is added as
 * "provenance". */
status context_write_json(struct context *ctx, cJSON *json, const char *path);
/** Provenance as JSON with the digests of all declared inputs, owned by the caller; NULL with the
 * reason in status_message() when an input cannot be read. */
cJSON *context_provenance(struct context *ctx);
/** Add the digests of the declared inputs to ctx->provenance, once; for a command that hands
 * ctx->provenance to a writer of its own. */
status context_record_inputs(struct context *ctx);

#endif
