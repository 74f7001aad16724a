/* What a plot holds: filled by plot.c, drawn by plot_svg.c. Private to these two. */
#ifndef QCT_CORE_PLOT_MODEL_H
#define QCT_CORE_PLOT_MODEL_H

#include "core/plot.h"

enum plot_kind { POINTS, LINE, DASHED, BAND, ERRORS, BARS, STEPS };

struct plot_series {
  enum plot_kind kind;
  uint32_t colour;
  char *label; /* owned, NULL: not in the legend */
  int n;
  double *x, *y, *low, *high; /* owned; which are used depends on the kind */
  char **names;               /* owned, BARS */
};

struct plot_note_text {
  double x, y;
  char *text; /* owned */
};

struct plot_axis {
  char *label; /* owned */
  double low, high;
  bool fixed;
};

struct plot {
  int width, height;
  char *title; /* owned, may be NULL */
  struct plot_axis x, y;
  struct plot_series *series;
  int series_count;
  struct plot_note_text *notes;
  int note_count;
  bool failed; /* out of memory; told by plot_svg */
};

#endif
