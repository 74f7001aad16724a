/* What the compiler cannot see in the declarations of all commands. */
#include "cli/declaration.h"

#include "tests/check.h"

static void every_declaration_is_sound(void **state) {
  (void)state;
  struct text faults = {0};
  for (const struct command *const *c = command_list; *c; c++) command_audit(&faults, *c);
  if (faults.length) fail_msg("\n%s", faults.data);
  text_free(&faults);
}

/* Options that mean the same are named, typed and measured the same everywhere. */
static void one_name_has_one_kind_and_unit(void **state) {
  (void)state;
  int faults = 0;
  for (const struct command *const *a = command_list; *a; a++)
    for (const struct option *o = (*a)->options; o && o->kind != OPTION_END; o++)
      for (const struct command *const *b = a + 1; *b; b++)
        for (const struct option *q = (*b)->options; q && q->kind != OPTION_END; q++) {
          if (o->positional || q->positional || strcmp(o->name, q->name) != 0) continue;
          bool path = o->kind == OPTION_IN || o->kind == OPTION_OUT;
          bool other = q->kind == OPTION_IN || q->kind == OPTION_OUT;
          if ((o->kind == q->kind || (path && other)) && strcmp(o->unit, q->unit) == 0) continue;
          print_message("--%s differs between %s [%s] and %s [%s]\n", o->name, (*a)->name, o->unit,
                        (*b)->name, q->unit);
          faults++;
        }
  assert_int_equal(faults, 0);
}

/* --out is a path in every command that has one. */
static void out_is_an_output(void **state) {
  (void)state;
  for (const struct command *const *c = command_list; *c; c++)
    for (const struct option *o = (*c)->options; o && o->kind != OPTION_END; o++)
      if (strcmp(o->name, "out") == 0 && o->kind != OPTION_OUT)
        fail_msg("%s: --out is no output path", (*c)->name);
}

/* A picture under the name of another format would be a lie. */
static void pictures_say_their_format(void **state) {
  (void)state;
  for (const struct command *const *c = command_list; *c; c++)
    for (const struct option *o = (*c)->options; o && o->kind != OPTION_END; o++)
      if ((strstr(o->name, "picture") || strcmp(o->name, "figure") == 0) && !o->ends &&
          o->kind == OPTION_OUT && strcmp(o->name, "pictures") != 0)
        fail_msg("%s: --%s takes any ending", (*c)->name, o->name);
}

static void an_unsound_declaration_is_found(void **state) {
  (void)state;
  struct params {
    double size_mm;
    const char *a, *b;
  };
  static const struct params defaults = {.size_mm = 9};
  static const struct option options[] = {
      ARG_IN_OPTIONAL(struct params, a, "a", "first"), ARG_IN(struct params, b, "b", "second"),
      OPT_REAL(struct params, size_mm, "size", "mm", 0.2, 5, "edge of an element."), OPTIONS_END};
  static const char *const sources[] = {"nobody1900", NULL};
  static const struct example examples[] = {{"ls", "wrong"}, {NULL, NULL}};
  const struct command unsound = {.name = "fea unsound",
                                  .summary = "Sum",
                                  .about = "about",
                                  .options = options,
                                  .defaults = &defaults,
                                  .params_size = sizeof defaults,
                                  .examples = examples,
                                  .sources = sources,
                                  .run = command_list[0]->run};
  struct text faults = {0};
  command_audit(&faults, &unsound);
  assert_non_null(strstr(faults.data, "default 9 of --size lies outside 0.2..5"));
  assert_non_null(strstr(faults.data, "help of size ends in '.'"));
  assert_non_null(strstr(faults.data, "b after an optional one"));
  assert_non_null(strstr(faults.data, "unknown source nobody1900"));
  assert_non_null(strstr(faults.data, "does not start with qct"));
  text_free(&faults);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_declaration_is_sound),
      cmocka_unit_test(one_name_has_one_kind_and_unit),
      cmocka_unit_test(out_is_an_output),
      cmocka_unit_test(pictures_say_their_format),
      cmocka_unit_test(an_unsound_declaration_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
