/* Options of the main job that hold for a case of any cohort: shared by `qct run` and `qct cohort`,
 * which hands those that were given to each case. An option of a new analysis goes here: a field,
 * its default, a line in RUN_OPTIONS, and a line in run_options_apply. */
#ifndef QCT_CLI_RUN_OPTIONS_H
#define QCT_CLI_RUN_OPTIONS_H

#include "cli/command.h"
#include "core/text.h"
#include "study/run.h"

#include <math.h>

struct run_options {
  const char *phantom, *certificate, *store, *table, *reference, *screen_model, *analyses, *skip,
      *add;
  int material;
  double size_mm, rho_ref;
  bool override, shear, quick;
};

#define RUN_DEFAULTS                                                                               \
  { .size_mm = 1, .rho_ref = (double)NAN }

extern const char *const run_material_names[];

#define RUN_OPTIONS(T, m)                                                                          \
  OPT_TEXT(T, m.phantom, "phantom", "key of a calibration phantom in the scan"),                   \
      OPT_IN(T, m.certificate, "certificate",                                                      \
             "the phantom's own certificate (JSON), instead of the built-in densities"),           \
      OPT_IN(T, m.store, "from-store",                                                             \
             "phantom scans of other days (qct calibrate phantom --store), for a scan without "    \
             "rods"),                                                                              \
      OPT_IN(T, m.table, "tissue-table",                                                           \
             "what tissues read on this scanner (qct calibrate learn), for a scan without rods"),  \
      OPT_FLAG(T, m.override, "override",                                                          \
               "keep a calibration beyond its limits, and say so beside its densities"),           \
      OPT_CHOICE(T, m.material, "assume-material", run_material_names,                             \
                 "material of densities calibrated by tissues, whose source states none; without " \
                 "one strength is withheld"),                                                      \
      OPT_FLAG(T, m.shear, "shear-correct", "resample a tilted gantry instead of refusing"),       \
      OPT_REAL(T, m.size_mm, "size", "mm", 0.3, 5, "edge of an element"),                          \
      OPT_FLAG(T, m.quick, "no-interval",                                                          \
               "do not solve the variants behind the interval of the failure load"),               \
      OPT_REAL(T, m.rho_ref, "rho-ref", "mg/cm3", 100, 3000,                                       \
               "density of fully mineralised bone, for density-weighted hip structure; else 1050 " \
               "when the material is HA"),                                                         \
      OPT_TEXT(T, m.reference, "t-reference",                                                      \
               "reference of T-scores: nhanes3, or a JSON file; none without it"),                 \
      OPT_IN(T, m.screen_model, "screen-model",                                                    \
             "network for --add screen, trained on frontal projections of a hip"),                 \
      OPT_TEXT(T, m.analyses, "analyses",                                                          \
               "only these, with what they need: calibrate, femora, bmd, structure, cortex, "      \
               "projected, fall, screen, vertebrae, spine, hu, muscle, heart"),                    \
      OPT_TEXT(T, m.skip, "skip",                                                                  \
               "analyses to leave out, with those that need them, e.g. bmd,fall"),                 \
      OPT_TEXT(T, m.add, "add", "optional analyses to do as well: screen")

/* Of commands that give scans to workers: members of T itself. */
#define WORKER_OPTIONS(T)                                                                          \
  OPT_INT(T, workers, "workers", "", 0, 1024,                                                      \
          "scans at once; 0: as many as cores and memory allow"),                                  \
      OPT_REAL(T, memory_gib, "memory", "GiB", 0.1, 65536,                                         \
               "for all workers together; else 80 % of what is free"),                             \
      OPT_REAL(T, limit_min, "limit", "min", 0, 100000, "most for one scan; 0: none"),             \
      OPT_IN(T, opt_out, "opt-out",                                                                \
             "ids, one a line, that are not measured; what was measured of them is removed")

/** Into the options of the main job. */
void run_options_apply(struct study_options *out, const struct run_options *o);

/* ---- for commands that start `qct run` ---- */

/* The options that were given, as words: "--size" "4". */
struct run_words {
  const char *items[65]; /* NULL-terminated */
  int count;
  char names[64][40];
  char numbers[24][32];
  int number_count;
};

/** Those of ctx->options that were given and are not in `own` (NULL-terminated).
 * @return ST_USAGE for more than there is room for */
status run_words_make(struct run_words *w, const struct context *ctx, const char *const *own);
/** Append a word as a shell would need it, after a blank. */
void run_shell_word(struct text *t, const char *word);
/** Path of this program. */
status run_program(char path[4096]);

#endif
