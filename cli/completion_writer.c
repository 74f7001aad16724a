#include "cli/declaration.h"
#include "cli/parser.h"
#include "cli/writers.h"

#include <string.h>

static void append_globals(struct text *out) {
  for (const struct global_option *g = global_options; g->name; g++)
    text_append(out, " --%s", g->name);
}

static void append_option_names(struct text *out, const struct command *c) {
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++)
    if (!o->positional) text_append(out, " --%s", o->name);
}

/* Words that may follow `prefix` in the names of commands ("": first words), each once. */
static void append_next_words(struct text *out, const struct command *const *list,
                              const char *prefix) {
  size_t n = strlen(prefix);
  char last[64] = "", word[64];
  for (; *list; list++) {
    const char *name = (*list)->name;
    if (n && (strncmp(name, prefix, n) != 0 || name[n] != ' ')) continue;
    const char *rest = n ? name + n + 1 : name;
    size_t length = strcspn(rest, " ");
    if (length >= sizeof word) continue;
    memcpy(word, rest, length);
    word[length] = '\0';
    if (strcmp(word, last) != 0) text_append(out, " %s", word);
    memcpy(last, word, length + 1);
  }
}

static void append_groups(struct text *out, const struct command *const *list) {
  char last[64] = "", group[64];
  for (const struct command *const *c = list; *c; c++) {
    command_group(group, sizeof group, *c);
    if (!strchr((*c)->name, ' ') || strcmp(group, last) == 0) continue;
    text_append(out, "    '%s') words='", group);
    append_next_words(out, list, group);
    text_append(out, "' ;;\n");
    memcpy(last, group, sizeof last);
  }
}

static void append_choices(struct text *out, const struct command *c) {
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
    if (o->positional || o->kind != OPTION_CHOICE) continue;
    text_append(out, "    '%s --%s') values='", c->name, o->name);
    for (int i = 0; o->choices[i]; i++) text_append(out, "%s%s", i ? " " : "", o->choices[i]);
    text_append(out, "' ;;\n");
  }
}

/* Shared by both shells: from the words so far to `words` (commands, options) or `values`. */
static void append_tables(struct text *out, const struct command *const *list) {
  text_append(out, "_qct_words() {\n  local words=''\n  case \"$1\" in\n    '') words='");
  append_next_words(out, list, "");
  text_append(out, "' ;;\n");
  append_groups(out, list);
  text_append(out, "  esac\n  echo \"$words\"\n}\n\n");
  text_append(out, "_qct_options() {\n  local words=''\n  case \"$1\" in\n");
  for (const struct command *const *c = list; *c; c++) {
    text_append(out, "    '%s') words='", (*c)->name);
    append_option_names(out, *c);
    text_append(out, "' ;;\n");
  }
  text_append(out, "  esac\n  echo \"$words");
  append_globals(out);
  text_append(out, "\"\n}\n\n_qct_values() {\n  local values=''\n  case \"$1\" in\n");
  for (const struct command *const *c = list; *c; c++) append_choices(out, *c);
  text_append(out, "    *) ;;\n  esac\n  echo \"$values\"\n}\n\n");
  text_append(out, "_qct_is_command() {\n  case \"$1\" in\n    ");
  for (const struct command *const *c = list; *c; c++)
    text_append(out, "%s'%s'", c == list ? "" : "|", (*c)->name);
  text_append(out, ") return 0 ;;\n  esac\n  return 1\n}\n\n");
}

void write_bash(struct text *out, const struct command *const *list) {
  text_append(out, "# bash completion for qct; made by `qct help --format bash`\n");
  append_tables(out, list);
  text_append(
      out,
      "_qct() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  local name='' i word values\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=\"${COMP_WORDS[i]}\"\n"
      "    case \"$word\" in -*) continue ;; esac\n"
      "    if _qct_is_command \"$name\"; then break; fi\n"
      "    name=\"${name:+$name }$word\"\n"
      "  done\n"
      "  values=\"$(_qct_values \"$name $previous\")\"\n"
      "  if [ -n \"$values\" ]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$current\")\n"
      "  elif [ \"${current:0:1}\" = - ]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$(_qct_options \"$name\")\" -- \"$current\")\n"
      "  elif _qct_is_command \"$name\"; then\n"
      "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
      "  else\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$(_qct_words \"$name\")\" -- \"$current\")\n"
      "  fi\n"
      "}\n"
      "complete -o filenames -o bashdefault -F _qct qct\n");
}

void write_zsh(struct text *out, const struct command *const *list) {
  text_append(out, "#compdef qct\n# zsh completion for qct; made by `qct help --format zsh`\n");
  append_tables(out, list);
  text_append(out, "_qct() {\n"
                   "  local current=\"${words[CURRENT]}\" previous=\"${words[CURRENT-1]}\"\n"
                   "  local name='' i word values\n"
                   "  for ((i = 2; i < CURRENT; i++)); do\n"
                   "    word=\"${words[i]}\"\n"
                   "    case \"$word\" in -*) continue ;; esac\n"
                   "    if _qct_is_command \"$name\"; then break; fi\n"
                   "    name=\"${name:+$name }$word\"\n"
                   "  done\n"
                   "  values=\"$(_qct_values \"$name $previous\")\"\n"
                   "  if [[ -n \"$values\" ]]; then\n"
                   "    compadd -- ${=values}\n"
                   "  elif [[ \"$current\" = -* ]]; then\n"
                   "    compadd -- ${=$(_qct_options \"$name\")}\n"
                   "  elif _qct_is_command \"$name\"; then\n"
                   "    _files\n"
                   "  else\n"
                   "    compadd -- ${=$(_qct_words \"$name\")}\n"
                   "  fi\n"
                   "}\n"
                   "_qct \"$@\"\n");
}
