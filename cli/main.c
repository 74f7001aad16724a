/* The program: find the command, parse, run, print what went wrong, choose the exit status. */
#define _POSIX_C_SOURCE 200809L
#include "cli/command.h"
#include "cli/declaration.h"
#include "cli/find.h"
#include "cli/help.h"
#include "cli/parser.h"
#include "cli/terminal.h"
#include "cli/writers.h"
#include "core/file.h"
#include "core/parallel.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  EXIT_DONE = 0,
  EXIT_FAILED = 1,
  EXIT_USAGE = 2,
  EXIT_REFUSED = 3,
  EXIT_ABSENT = 4,
  EXIT_PARTIAL = 5
};

static int exit_status(status st) {
  switch (st) {
  case ST_OK:
    return EXIT_DONE;
  case ST_USAGE:
    return EXIT_USAGE;
  case ST_FORMAT:
  case ST_DOMAIN:
    return EXIT_REFUSED;
  case ST_UNSUPPORTED:
    return EXIT_ABSENT;
  case ST_PARTIAL:
    return EXIT_PARTIAL;
  case ST_IO:
  case ST_NUMERIC:
  case ST_MEMORY:
  case ST_EXTERNAL:
    break;
  }
  return EXIT_FAILED;
}

static status print_text(const struct text *t) {
  status st = ST_OK;
  TRY(text_check(t, "help"));
  fwrite(t->data, 1, t->length, stdout);
done:
  return st;
}

static status print_help(const struct command *c, const char *group) {
  struct text t = {0};
  int columns = terminal_columns();
  if (c)
    help_command(&t, c, columns);
  else
    help_list(&t, command_list, group, columns);
  status st = print_text(&t);
  text_free(&t);
  return st;
}

static status print_version(void) {
  printf("qct %s\n", program_version());
  const char *features = program_features();
  if (*features) printf("built with: %s\n", features);
  return ST_OK;
}

/* Libraries that start their own threads read these when they first need them. */
static void set_threads(int threads) {
  char number[16];
  parallel_set_threads(threads);
  snprintf(number, sizeof number, "%d", parallel_threads());
  setenv("ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", number, 1);
  setenv("OPENBLAS_NUM_THREADS", number, 1);
}

/* OpenMP's threads spin while they wait, which takes the cores from every other program on the
 * machine and makes a solve ten times slower where cores are shared. libgomp reads its policy
 * before main, so the program starts itself anew with the policy set; a policy of the user's
 * stands. */
static void let_threads_sleep(char *const *argv) {
  if (parallel_threads() < 2 || getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
  if (setenv("OMP_WAIT_POLICY", "passive", 1) == 0) execv("/proc/self/exe", argv);
}

static char *const *program_words; /* argv as given */

static status run_command(const struct parsed *p) {
  status st = ST_OK;
  struct context ctx = {.force = p->globals.force,
                        .json = p->globals.json,
                        .quiet = p->globals.quiet,
                        .options = p->command->options,
                        .params = p->params,
                        .given = p->given};
  terminal_install(p->globals.verbose, p->globals.quiet);
  set_threads(p->globals.threads);
  let_threads_sleep(program_words);
  ctx.threads = parallel_threads();
  TRY(provenance_create(&ctx.provenance, p->command->name));
  TRY(parameters_record(ctx.provenance, p));
  TRY(p->command->run(&ctx, p->params));
done:
  provenance_destroy(ctx.provenance);
  return st;
}

static status dispatch(const struct command *c, int argc, char *const *argv, bool *verbose) {
  status st = ST_OK;
  struct parsed p;
  TRY(parse_command(&p, c, argc, argv));
  *verbose = p.globals.verbose;
  if (p.globals.help)
    TRY(print_help(c, NULL));
  else if (p.globals.version)
    TRY(print_version());
  else
    TRY(run_command(&p));
done:
  parsed_free(&p);
  return st;
}

/* Global options may stand before the command; they are moved behind it. */
static int leading_options(int argc, char *const *argv) {
  int n = 0;
  while (n < argc && argv[n][0] == '-' && argv[n][1]) {
    bool with_value = !strcmp(argv[n], "-j") || !strcmp(argv[n], "--threads");
    n += with_value && n + 1 < argc ? 2 : 1;
  }
  return n;
}

static bool has_word(int argc, char *const *argv, const char *word, const char *letter) {
  for (int i = 0; i < argc; i++)
    if (!strcmp(argv[i], word) || !strcmp(argv[i], letter)) return true;
  return false;
}

static status without_command(int argc, char *const *argv) {
  bool help = has_word(argc, argv, "--help", "-h");
  int leading = leading_options(argc, argv);
  const char *word = leading < argc ? argv[leading] : NULL;
  if (!word && has_word(argc, argv, "--version", "--version")) return print_version();
  if (help && (!word || command_is_group(command_list, word))) return print_help(NULL, word);
  if (!word && argc > 0)
    return status_fail(ST_USAGE, __FILE__, __LINE__, "%s needs a command; `qct help` lists them",
                       argv[0]);
  return command_unknown(command_list, argc - leading, argv + leading);
}

/* Under the name qct-fea-fall (a link) the program is that one command, and answers --xml with its
 * description, as 3D Slicer asks of its modules. */
static const struct command *command_of_link(const char *program_name) {
  char identifier[128];
  const char *name = file_name(program_name);
  if (strncmp(name, "qct-", 4) != 0) return NULL;
  for (const struct command *const *c = command_list; *c; c++) {
    command_identifier(identifier, sizeof identifier, *c, '-');
    if (strcmp(identifier, name + 4) == 0) return *c;
  }
  return NULL;
}

static status run_link(const struct command *c, int argc, char **argv, bool *verbose) {
  if (argc != 1 || strcmp(argv[0], "--xml") != 0) return dispatch(c, argc, argv, verbose);
  struct text t = {0};
  write_slicer_command(&t, c);
  status st = print_text(&t);
  text_free(&t);
  return st;
}

static status program(int argc, char **argv, const char **name, bool *verbose) {
  status st = ST_OK;
  int used = 0, leading = leading_options(argc, argv);
  char **words = NULL;
  const struct command *c = command_find(command_list, argc - leading, argv + leading, &used);
  if (!c) return without_command(argc, argv);
  *name = c->name;
  int rest = argc - leading - used;
  words = calloc((size_t)(leading + rest) + 1, sizeof *words);
  CHECK(words, ST_MEMORY, "command line: out of memory");
  memcpy(words, argv, (size_t)leading * sizeof *words);
  memcpy(words + leading, argv + leading + used, (size_t)rest * sizeof *words);
  TRY(dispatch(c, leading + rest, words, verbose));
done:
  free(words);
  return st;
}

int main(int argc, char **argv) {
  const char *name = "";
  bool verbose = false;
  program_words = argv;
  signal(SIGXFSZ, SIG_IGN); /* a limit of file size is then an error of write, with a message */
  const struct command *linked = argc > 0 ? command_of_link(argv[0]) : NULL;
  if (linked) name = linked->name;
  status st = linked ? run_link(linked, argc - 1, argv + 1, &verbose)
                     : program(argc - 1, argv + 1, &name, &verbose);
  if (st == ST_OK && (fflush(stdout) != 0 || ferror(stdout)))
    st = status_fail(ST_IO, __FILE__, __LINE__, "cannot write to standard output");
  if (st != ST_OK) terminal_error(name, st, verbose);
  return exit_status(st);
}
