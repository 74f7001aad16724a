// links: cli
// labels: property
/* Random words never crash the parser, and whatever it accepts lies inside the declared ranges. */
#include "cli/parser.h"

#include "core/random.h"
#include "tests/check.h"

static const char *const law_names[] = {"keller1994", "morgan2003", NULL};

struct params {
  const char *text, *out;
  struct text_list list;
  double size_mm, point_mm[3];
  int law, count;
  bool curve;
};
static const struct params defaults = {.size_mm = 1, .count = 4};
static const struct option options[] = {
    {.kind = OPTION_TEXT,
     .name = "text",
     .unit = "",
     .help = "a word",
     .positional = true,
     .optional = true,
     .offset = OPTION_AT(struct params, text, const char *)},
    OPT_REAL(struct params, size_mm, "size", "mm", 0.2, 5, "size"),
    OPT_REALS(struct params, point_mm, "point", "mm", 3, -10, 10, "point"),
    OPT_INT(struct params, count, "count", "", 1, 10, "count"),
    OPT_CHOICE(struct params, law, "law", law_names, "law"),
    OPT_LIST(struct params, list, "list", "list"),
    OPT_FLAG(struct params, curve, "curve", "curve"),
    OPT_OUT(struct params, out, "out", "output"),
    OPTIONS_END};
static const struct command command = {.name = "garbage",
                                       .options = options,
                                       .defaults = &defaults,
                                       .params_size = sizeof(struct params)};

static const char *const words[] = {"--size",
                                    "--size=",
                                    "0.5",
                                    "-3",
                                    "1e999",
                                    "nan",
                                    "--point",
                                    "1,2,3",
                                    "1,2",
                                    ",",
                                    ",,,",
                                    "--law",
                                    "morgan2003",
                                    "--count",
                                    "10",
                                    "11",
                                    "--list",
                                    "a,b,c",
                                    "--no-",
                                    "--no-curve",
                                    "--curve",
                                    "-",
                                    "--",
                                    "-j",
                                    "-j3",
                                    "--threads",
                                    "",
                                    "-q",
                                    "--out",
                                    "x",
                                    "--force",
                                    "--=",
                                    "---size",
                                    "--siz",
                                    "\xff\xfe",
                                    "%s%n",
                                    "9999999999999999999999999999999999999999",
                                    "-x"};
enum { WORDS = sizeof words / sizeof words[0], MOST = 12, ROUNDS = 20000 };

/* A word of the list, or one with a letter replaced. */
static char *draw_word(char *buffer, size_t size, uint64_t round, uint64_t i) {
  snprintf(buffer, size, "%s", words[random_below(7, round, 3 * i, WORDS)]);
  size_t n = strlen(buffer);
  if (n && random_below(7, round, 3 * i + 1, 4) == 0) {
    uint64_t bits = random_bits(7, round, 3 * i + 2);
    buffer[bits % n] = (char)(1 + (bits >> 32) % 255);
  }
  return buffer;
}

static void check_accepted(const struct params *p) {
  assert_true(p->size_mm >= 0.2 && p->size_mm <= 5);
  assert_true(p->count >= 1 && p->count <= 10);
  assert_true(p->law == 0 || p->law == 1);
  for (int k = 0; k < 3; k++) assert_true(fabs(p->point_mm[k]) <= 10);
  assert_true(p->list.count >= 0 && p->list.count <= 64);
  for (int k = 0; k < p->list.count; k++) assert_true(*p->list.items[k]);
}

static void random_words_are_parsed_or_refused(void **state) {
  (void)state;
  int accepted = 0, refused = 0;
  for (uint64_t round = 0; round < ROUNDS; round++) {
    char buffers[MOST][64], *argv[MOST];
    int argc = (int)random_below(8, round, 0, MOST + 1);
    for (int i = 0; i < argc; i++)
      argv[i] = draw_word(buffers[i], sizeof buffers[i], round, (uint64_t)i);
    struct parsed p;
    status st = parse_command(&p, &command, argc, argv);
    assert_true(st == ST_OK || (st == ST_USAGE && *status_message()));
    if (st == ST_OK && p.params && !p.globals.help) {
      check_accepted(p.params);
      accepted++;
    }
    refused += st == ST_USAGE;
    parsed_free(&p);
  }
  assert_true(accepted > ROUNDS / 100); /* both ways are walked */
  assert_true(refused > ROUNDS / 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_words_are_parsed_or_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
