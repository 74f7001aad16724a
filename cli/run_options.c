#define _DEFAULT_SOURCE /* readlink */
#include "cli/run_options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* in the order of `materials` below */
const char *const run_material_names[] = {"K2HPO4", "HA", "none", NULL};
static const enum material materials[] = {MATERIAL_K2HPO4, MATERIAL_HA, MATERIAL_NONE};

void run_options_apply(struct study_options *out, const struct run_options *o) {
  out->phantom = o->phantom;
  out->certificate = o->certificate;
  out->store = o->store;
  out->tissue_table = o->table;
  out->override = o->override;
  out->shear_correct = o->shear;
  out->assume_material = (int)materials[o->material];
  out->size_mm = o->size_mm;
  out->interval = !o->quick;
  out->rho_ref = o->rho_ref;
  out->reference = o->reference;
  out->only = o->analyses;
  out->screen_model = o->screen_model;
  out->skip = o->skip;
  out->add = o->add;
}

/* ---- words ---- */

enum { WORDS = 64, NUMBERS = 24 };

static bool is_own(const char *name, const char *const *own) {
  for (; *own; own++)
    if (strcmp(*own, name) == 0) return true;
  return false;
}

static status add_option(struct run_words *w, const struct option *o, const void *params) {
  status st = ST_OK;
  const void *at = (const char *)params + o->offset;
  CHECK(w->count + 2 <= WORDS && w->number_count < NUMBERS, ST_USAGE, "too many options");
  CHECK(o->kind != OPTION_LIST && o->kind != OPTION_REALS, ST_USAGE,
        "--%s cannot be handed to every scan", o->name);
  char *name = w->names[w->count];
  snprintf(name, sizeof w->names[0], "--%s", o->name);
  w->items[w->count++] = name;
  if (o->kind == OPTION_FLAG) return ST_OK;
  char *number = w->numbers[w->number_count];
  if (o->kind == OPTION_REAL) snprintf(number, 32, "%.17g", *(const double *)at);
  if (o->kind == OPTION_INT) snprintf(number, 32, "%d", *(const int *)at);
  bool numeric = o->kind == OPTION_REAL || o->kind == OPTION_INT;
  w->number_count += numeric;
  w->items[w->count++] = numeric                    ? number
                         : o->kind == OPTION_CHOICE ? o->choices[*(const int *)at]
                                                    : *(const char *const *)at;
done:
  return st;
}

status run_words_make(struct run_words *w, const struct context *ctx, const char *const *own) {
  status st = ST_OK;
  for (int i = 0; ctx->options[i].kind != OPTION_END; i++)
    if (ctx->given[i] && !is_own(ctx->options[i].name, own))
      TRY(add_option(w, &ctx->options[i], ctx->params));
done:
  return st;
}

void run_shell_word(struct text *t, const char *word) {
  bool plain = word[0] && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-./,=+:@%")] == '\0';
  text_append(t, plain ? " " : " '");
  for (const char *c = word; *c; c++)
    if (*c == '\'')
      text_append(t, "'\\''");
    else
      text_append_raw(t, c, 1);
  if (!plain) text_append(t, "'");
}

status run_program(char path[4096]) {
  status st = ST_OK;
  ssize_t n = readlink("/proc/self/exe", path, 4095);
  CHECK(n > 0, ST_IO, "the program's own path is not known: /proc is not there");
  path[n] = '\0';
done:
  return st;
}
