// links: cli
// labels: error
/* What the parser accepts, what it refuses, and with which words. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "cli/find.h"
#include "cli/parser.h"

#include "core/json.h"
#include "tests/check.h"

static const char *const law_names[] = {"keller1994", "morgan2003", NULL};

struct params {
  const char *ct, *labels, *out, *other, *note, *picture;
  struct text_list regions;
  double size_mm, angle_deg, point_mm[3];
  int law, count;
  bool curve, smooth;
};
static const struct params defaults = {.size_mm = 1,
                                       .angle_deg = NAN,
                                       .count = 4,
                                       .smooth = true,
                                       .regions = {.count = 1, .items = {"neck"}}};
static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT volume"),
    ARG_IN_OPTIONAL(struct params, labels, "labels", "label map"),
    OPT_REAL(struct params, size_mm, "size", "mm", 0.2, 5, "edge of an element"),
    OPT_REAL(struct params, angle_deg, "angle", "deg", -30, 30, "tilt"),
    OPT_REALS(struct params, point_mm, "point", "mm", 3, -1e3, 1e3, "a point"),
    OPT_INT(struct params, count, "count", "", 1, 10, "how many"),
    OPT_CHOICE(struct params, law, "law", law_names, "material law"),
    OPT_LIST(struct params, regions, "regions", "regions to measure"),
    OPT_FLAG(struct params, curve, "curve", "write the curve"),
    OPT_FLAG(struct params, smooth, "smooth", "smooth first"),
    OPT_TEXT(struct params, note, "note", "free words"),
    OPT_OUT(struct params, other, "other", "second result"),
    OPT_OUT_AS(struct params, picture, "picture", ".png .svg .pdf", "picture"),
    OPT_OUT_REQUIRED(struct params, out, "out", "result file"),
    OPTIONS_END};
static const struct command fall = {.name = "fea fall",
                                    .options = options,
                                    .defaults = &defaults,
                                    .params_size = sizeof(struct params)};
static const struct command info = {.name = "info"};
static const struct command fea_mesh = {.name = "fea mesh"};
static const struct command *const list[] = {&fall, &fea_mesh, &info, NULL};

/* Words with blanks between; the parsed result stays valid until the next call. */
static status parse(struct parsed *p, const char *line) {
  static char text[1024];
  char *words[64];
  int n = 0;
  snprintf(text, sizeof text, "%s", line);
  for (char *w = strtok(text, " "); w; w = strtok(NULL, " ")) words[n++] = w;
  return parse_command(p, &fall, n, words);
}

/* A present file ct.nii and exists.h5 in a folder of our own. */
static int enter_folder(void **state) {
  static char folder[64];
  snprintf(folder, sizeof folder, "/tmp/qct-parse-XXXXXX");
  if (!mkdtemp(folder) || chdir(folder)) return -1;
  fclose(fopen("ct.nii", "w"));
  fclose(fopen("exists.h5", "w"));
  *state = folder;
  return 0;
}

static int leave_folder(void **state) {
  (void)state;
  return unlink("ct.nii") || unlink("exists.h5") || rmdir(*state);
}

static void values_reach_their_members(void **state) {
  (void)state;
  struct parsed p;
  assert_ok(parse(&p, "ct.nii --size 0.5 --angle=-12.5 --point 1,-2,3e1 --count 7 --law morgan2003 "
                      "--curve --no-smooth --note hello --out out.h5 -j 3"));
  const struct params *v = p.params;
  assert_string_equal(v->ct, "ct.nii");
  assert_null(v->labels);
  assert_near(v->size_mm, 0.5, 0);
  assert_near(v->angle_deg, -12.5, 0);
  assert_near(v->point_mm[0], 1, 0);
  assert_near(v->point_mm[1], -2, 0);
  assert_near(v->point_mm[2], 30, 0);
  assert_int_equal(v->count, 7);
  assert_int_equal(v->law, 1);
  assert_true(v->curve);
  assert_false(v->smooth);
  assert_string_equal(v->note, "hello");
  assert_string_equal(v->out, "out.h5");
  assert_int_equal(p.globals.threads, 3);
  parsed_free(&p);
}

static void what_is_not_given_keeps_its_default(void **state) {
  (void)state;
  struct parsed p;
  assert_ok(parse(&p, "ct.nii --out out.h5"));
  const struct params *v = p.params;
  assert_near(v->size_mm, 1, 0);
  assert_true(isnan(v->angle_deg));
  assert_true(v->smooth);
  assert_int_equal(v->regions.count, 1);
  assert_string_equal(v->regions.items[0], "neck");
  parsed_free(&p);
}

static void lists_split_at_commas_and_repeat(void **state) {
  (void)state;
  struct parsed p;
  assert_ok(parse(&p, "ct.nii --out o --regions head,shaft --regions total"));
  const struct params *v = p.params;
  assert_int_equal(v->regions.count, 3);
  assert_string_equal(v->regions.items[0], "head");
  assert_string_equal(v->regions.items[2], "total");
  parsed_free(&p);
}

static void a_negative_number_is_a_value(void **state) {
  (void)state;
  struct parsed p;
  assert_ok(parse(&p, "ct.nii --angle -5 --out o"));
  assert_near(((const struct params *)p.params)->angle_deg, -5, 0);
  parsed_free(&p);
}

static void two_dashes_end_the_options(void **state) {
  (void)state;
  struct parsed p;
  assert_fails(parse(&p, "--out o -- --ct.nii"), ST_IO, "\"--ct.nii\"");
  parsed_free(&p);
}

static void refusals_say_why(void **state) {
  (void)state;
  static const struct {
    const char *line;
    status code;
    const char *words;
  } cases[] = {
      {"ct.nii --out o --siez 1", ST_USAGE, "did you mean --size"},
      {"ct.nii --out o --quite", ST_USAGE, "did you mean --quiet"},
      {"ct.nii --out o --zzzzz", ST_USAGE, "unknown option --zzzzz; `qct help fea fall`"},
      {"ct.nii --out o --size 12", ST_USAGE,
       "--size 12 is outside the permitted range: 0.2 to 5 mm"},
      {"ct.nii --out o --size 1mm", ST_USAGE, "\"1mm\" is not a number (0.2 to 5 mm)"},
      {"ct.nii --out o --size nan", ST_USAGE, "is not a number"},
      {"ct.nii --out o --size inf", ST_USAGE, "is not a number"},
      {"ct.nii --out o --size 0x1", ST_USAGE, "is not a number"},
      {"ct.nii --out o --count 2.5", ST_USAGE, "is not a whole number (1 to 10)"},
      {"ct.nii --out o --count 99999999999999999999", ST_USAGE, "is not a whole number"},
      {"ct.nii --out o --count 11", ST_USAGE, "outside the permitted range: 1 to 10"},
      {"ct.nii --out o --point 1,2", ST_USAGE, "takes 3 numbers"},
      {"ct.nii --out o --point 1,2,3,4", ST_USAGE, "takes 3 numbers"},
      {"ct.nii --out o --point 1,2,2000", ST_USAGE, "-1000 to 1000 mm"},
      {"ct.nii --out o --law morgan", ST_USAGE, "did you mean \"morgan2003\""},
      {"ct.nii --out o --law xyz", ST_USAGE, "Permitted: keller1994, morgan2003"},
      {"ct.nii --out o --law=", ST_USAGE, "the value is empty"},
      {"ct.nii --out o --curve=1", ST_USAGE, "--curve takes no value"},
      {"ct.nii --out o --size 1 --size 2", ST_USAGE, "--size is given twice"},
      {"ct.nii --out o --size", ST_USAGE, "--size needs a value: --size MM"},
      {"ct.nii --out o --size --curve", ST_USAGE, "--size needs a value"},
      {"ct.nii --out o --regions a,,b", ST_USAGE, "empty entry"},
      {"ct.nii --out o --no-size", ST_USAGE, "unknown option --no-size"},
      {"ct.nii ct.nii ct.nii --out o", ST_USAGE, "unexpected argument \"ct.nii\""},
      {"ct.nii", ST_USAGE, "--out is missing (result file)"},
      {"--out o", ST_USAGE, "CT is missing (CT volume)"},
      {"ct.nii --out exists.h5", ST_USAGE, "\"exists.h5\" exists; give --force"},
      {"ct.nii --out o --picture a.jpg", ST_USAGE,
       "--picture \"a.jpg\": the name must end in .png, .svg or .pdf"},
      {"ct.nii --out o --picture png", ST_USAGE, "the name must end in .png"},
      {"ct.nii --out o --other o", ST_USAGE, "both \"o\""},
      {"absent.nii --out o", ST_IO, "cannot read ct \"absent.nii\""},
      {"ct.nii --out o -j 100000", ST_USAGE, "--threads 100000 is outside"},
      {"ct.nii --out o -x", ST_USAGE, "unknown option -x"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct parsed p;
    assert_fails(parse(&p, cases[i].line), cases[i].code, cases[i].words);
    parsed_free(&p);
  }
}

static void force_permits_an_existing_output(void **state) {
  (void)state;
  struct parsed p;
  assert_ok(parse(&p, "ct.nii --out exists.h5 --force"));
  assert_true(p.globals.force);
  parsed_free(&p);
}

static void help_is_given_whatever_else_is_wrong(void **state) {
  (void)state;
  struct parsed p;
  assert_ok(parse(&p, "--nonsense --size a -h"));
  assert_true(p.globals.help);
  parsed_free(&p);
}

static void parameters_record_roles_not_paths(void **state) {
  (void)state;
  struct parsed p;
  char *text = NULL;
  assert_ok(parse(&p, "ct.nii --out secret-name.h5"));
  cJSON *json = cJSON_CreateObject();
  for (const struct option *o = options; o->kind != OPTION_END; o++)
    cJSON_AddItemToObject(json, o->name, parameter_json(o, p.params));
  assert_ok(json_print(&text, json));
  assert_null(strstr(text, "secret-name"));
  assert_null(strstr(text, "ct.nii"));
  assert_string_equal(json_find(json, "out")->valuestring, "<out>");
  assert_string_equal(json_find(json, "law")->valuestring, "keller1994");
  assert_true(cJSON_IsNull(json_find(json, "angle")));
  free(text);
  cJSON_Delete(json);
  parsed_free(&p);
}

static void the_longest_name_is_the_command(void **state) {
  (void)state;
  char *words[] = {"fea", "fall", "ct.nii"};
  int used = 0;
  assert_ptr_equal(command_find(list, 3, words, &used), &fall);
  assert_int_equal(used, 2);
  assert_null(command_find(list, 1, words, &used));
  assert_true(command_is_group(list, "fea"));
  assert_false(command_is_group(list, "info"));
}

static void unknown_commands_get_a_proposal(void **state) {
  (void)state;
  char *misspelt[] = {"fea", "fal"}, *joined[] = {"inof"}, *group[] = {"fea"},
       *far[] = {"zzzzzzzz"}, *swapped[] = {"fae", "mesh"};
  assert_fails(command_unknown(list, 2, misspelt), ST_USAGE, "did you mean \"fea fall\"");
  assert_fails(command_unknown(list, 1, joined), ST_USAGE, "did you mean \"info\"");
  assert_fails(command_unknown(list, 1, group), ST_USAGE, "needs a further word");
  assert_fails(command_unknown(list, 1, far), ST_USAGE, "`qct help` lists them");
  assert_fails(command_unknown(list, 2, swapped), ST_USAGE, "did you mean \"fea mesh\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_reach_their_members),
      cmocka_unit_test(what_is_not_given_keeps_its_default),
      cmocka_unit_test(lists_split_at_commas_and_repeat),
      cmocka_unit_test(a_negative_number_is_a_value),
      cmocka_unit_test(two_dashes_end_the_options),
      cmocka_unit_test(refusals_say_why),
      cmocka_unit_test(force_permits_an_existing_output),
      cmocka_unit_test(help_is_given_whatever_else_is_wrong),
      cmocka_unit_test(parameters_record_roles_not_paths),
      cmocka_unit_test(the_longest_name_is_the_command),
      cmocka_unit_test(unknown_commands_get_a_proposal),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
