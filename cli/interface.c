#include "cli/interface.h"

#include "cli/declaration.h"
#include "cli/parser.h"
#include "cli/writers.h"
#include "core/file.h"
#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>

const char *const interface_format_names[] = {"text",     "examples",  "json", "man",
                                              "markdown", "bash",      "zsh",  "slicer",
                                              "cwl",      "boutiques", NULL};

/* Suffix of the file of one command; NULL when the form is not one file a command. */
static const char *const suffixes[] = {NULL, NULL, NULL,   ".1",   ".md",
                                       NULL, NULL, ".xml", ".cwl", ".json"};

static status append_examples(struct text *out, const struct command *c) {
  for (const struct example *e = c->examples; e && e->command; e++)
    text_append(out, "%s\n", e->command);
  return ST_OK;
}

/* Prints and deletes `json`. */
static status append_json(struct text *out, cJSON *json) {
  status st = ST_OK;
  char *printed = NULL;
  CHECK(json, ST_MEMORY, "interface: out of memory");
  TRY(json_print(&printed, json));
  text_append(out, "%s\n", printed);
done:
  free(printed);
  cJSON_Delete(json);
  return st;
}

status interface_append(struct text *out, const struct command *const *list,
                        const struct command *c, int format) {
  status st = ST_OK;
  switch ((enum interface_format)format) {
  case INTERFACE_TEXT:
    break;
  case INTERFACE_EXAMPLES:
    CHECK(c, ST_USAGE, "--format examples needs a command");
    return append_examples(out, c);
  case INTERFACE_JSON:
    return append_json(out, c ? write_json_command(c) : write_json_program(list));
  case INTERFACE_MAN:
    c ? write_man_command(out, c) : write_man_program(out, list);
    break;
  case INTERFACE_MARKDOWN:
    c ? write_markdown_command(out, c) : write_markdown_program(out, list);
    break;
  case INTERFACE_BASH:
    CHECK(!c, ST_USAGE, "completion is made for all commands together");
    write_bash(out, list);
    break;
  case INTERFACE_ZSH:
    CHECK(!c, ST_USAGE, "completion is made for all commands together");
    write_zsh(out, list);
    break;
  case INTERFACE_SLICER:
    CHECK(c, ST_USAGE, "a descriptor is made for one command");
    write_slicer_command(out, c);
    break;
  case INTERFACE_CWL:
    CHECK(c, ST_USAGE, "a descriptor is made for one command");
    return append_json(out, write_cwl_command(c));
  case INTERFACE_BOUTIQUES:
    CHECK(c, ST_USAGE, "a descriptor is made for one command");
    return append_json(out, write_boutiques_command(c));
  }
done:
  return st;
}

static status write_one(const struct command *const *list, const struct command *c, int format,
                        const char *folder, bool force) {
  status st = ST_OK;
  struct text t = {0};
  char path[4096], name[128] = "";
  if (c) command_identifier(name, sizeof name, c, '-');
  const char *whole = format == INTERFACE_MAN ? "qct" : "index";
  const char *prefix = format != INTERFACE_MARKDOWN && c ? "qct-" : "";
  snprintf(path, sizeof path, "%s/%s%s%s", folder, prefix, c ? name : whole, suffixes[format]);
  TRY(interface_append(&t, list, c, format));
  TRY(text_check(&t, path));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}

status interface_write_folder(const struct command *const *list, int format, const char *folder,
                              bool force) {
  status st = ST_OK;
  CHECK(suffixes[format], ST_USAGE, "--format %s is not written into a folder",
        interface_format_names[format]);
  TRY(file_make_directory(folder));
  bool whole = format == INTERFACE_MAN || format == INTERFACE_MARKDOWN;
  if (whole) TRY(write_one(list, NULL, format, folder, force));
  for (const struct command *const *c = list; *c; c++)
    TRY(write_one(list, *c, format, folder, force));
done:
  return st;
}
