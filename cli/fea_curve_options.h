/* Options and outputs of the strength beyond yield, the same in every command that offers it. */
#ifndef QCT_CLI_FEA_CURVE_OPTIONS_H
#define QCT_CLI_FEA_CURVE_OPTIONS_H

#include "cli/command.h"
#include "core/plot.h"
#include "fea/beyond.h"

/* `member` is the struct fea_beyond_options of struct T; curve and curve_picture its paths. */
#define FEA_BEYOND_OPTIONS(T, member)                                                              \
  OPT_CHOICE(T, member.rule, "nonlinear", fea_beyond_names,                                        \
             "load beyond yield too: rule of the material"),                                       \
      OPT_CHOICE(T, member.yield, "yield", fea_yield_names, "yield stress by density"),            \
      OPT_REAL(T, member.tension_mpa, "yield-tension", "MPa", 0.001, 1e4, "of --yield constant"),  \
      OPT_REAL(T, member.compression_mpa, "yield-compression", "MPa", 0.001, 1e4,                  \
               "of --yield constant"),                                                             \
      OPT_REAL(T, member.cortical_gcc, "cortical-ash", "g/cm3", 0, 3,                              \
               "of the rule keyak: ash density from which bone counts as cortical"),               \
      OPT_INT(T, member.steps, "load-steps", "", 1, 1000, "steps to the full displacement"),       \
      OPT_OUT(T, curve, "curve", "force-displacement curve beyond yield (CSV)"),                   \
      OPT_OUT(T, curve_picture, "curve-picture", "the same as a plot (SVG)")

/** Write what was asked for; ST_USAGE when a path is given without --nonlinear. */
static inline status fea_curve_write(const struct context *ctx, const struct fea_curve *c,
                                     const char *curve, const char *picture) {
  status st = ST_OK;
  struct table *table = NULL;
  struct text svg = {0};
  CHECK(c || (!curve && !picture), ST_USAGE, "curve: --curve and --curve-picture need --nonlinear");
  if (curve) {
    TRY(fea_curve_table(&table, c));
    TRY(table_write(table, curve, ctx->force));
  }
  if (picture) {
    TRY(fea_curve_svg(&svg, c));
    TRY(plot_write(picture, &svg, ctx->force));
  }
done:
  text_free(&svg);
  table_destroy(table);
  return st;
}

#endif
