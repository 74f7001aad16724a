#include "cli/command.h"

#include "cli/find.h"
#include "cli/help.h"
#include "cli/interface.h"
#include "cli/parser.h"
#include "cli/terminal.h"
#include "core/file.h"

#include <string.h>

struct params {
  struct text_list words;
  int format;
  const char *out;
};

static const struct params defaults = {.format = INTERFACE_TEXT};

static const struct option options[] = {
    {.kind = OPTION_LIST,
     .name = "command",
     .unit = "",
     .help = "the command, or the first word of a group; all commands when left out",
     .positional = true,
     .optional = true,
     .offset = OPTION_AT(struct params, words, struct text_list)},
    OPT_CHOICE(struct params, format, "format", interface_format_names, "what to write"),
    OPT_OUT(struct params, out, "out",
            "folder for one file a command (man, markdown, slicer, cwl, boutiques) instead of "
            "standard output"),
    OPTIONS_END};

/* "fea fall", "fea-fall" and "fea_fall" all name the command. */
static const struct command *find(const struct text_list *words, const char **group) {
  static char name[256];
  size_t n = 0;
  for (int i = 0; i < words->count; i++) {
    if (n && n + 1 < sizeof name) name[n++] = ' ';
    for (const char *c = words->items[i]; *c && n + 1 < sizeof name; c++)
      name[n++] = *c == '_' ? ' ' : *c;
  }
  name[n] = '\0';
  for (const struct command *const *c = command_list; *c; c++)
    if (strcmp((*c)->name, name) == 0) return *c;
  for (char *c = name; *c; c++)
    if (*c == '-') *c = ' ';
  for (const struct command *const *c = command_list; *c; c++)
    if (strcmp((*c)->name, name) == 0) return *c;
  *group = command_is_group(command_list, name) ? name : NULL;
  return NULL;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct text t = {0};
  const char *group = NULL;
  const struct command *c = p->words.count ? find(&p->words, &group) : NULL;
  int format = ctx->json ? INTERFACE_JSON : p->format;
  if (p->words.count && !c && !group) {
    char *words[8];
    int n = p->words.count < 8 ? p->words.count : 8;
    for (int i = 0; i < n; i++) words[i] = (char *)(size_t)p->words.items[i];
    TRY(command_unknown(command_list, n, words));
  }
  if (p->out) return interface_write_folder(command_list, format, p->out, ctx->force);
  if (format == INTERFACE_TEXT && c)
    help_command(&t, c, terminal_columns());
  else if (format == INTERFACE_TEXT)
    help_list(&t, command_list, group, terminal_columns());
  else
    TRY(interface_append(&t, command_list, c, format));
  TRY(text_check(&t, "help"));
  TRY(file_write("-", t.data, t.length, true));
done:
  text_free(&t);
  return st;
}

static const struct example examples[] = {
    {"qct help", "all commands"},
    {"qct help help", "one command in full"},
    {"qct help --json", "every declaration, for programs"},
    {"qct help --format man --out man", "manual pages, one file a command"},
    {NULL, NULL}};

const struct command cmd_help = {
    .name = "help",
    .summary = "Describe the commands",
    .about = "Everything shown is made from the declaration that also parses the command line, so "
             "it cannot be out of date. The formats serve people (text, man, markdown), shells "
             "(bash, zsh) and programs that build forms or workflows (json, 3D Slicer, CWL, "
             "Boutiques); `examples` lists the example commands one a line.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
