/* Alignment to a reference femur, for commands that take or make a hip frame. */
#ifndef QCT_CLI_REFERENCE_OPTIONS_H
#define QCT_CLI_REFERENCE_OPTIONS_H

#include "anatomy/reference.h"
#include "cli/command.h"

struct reference_paths {
  const char *labels, *frame;
  int label; /* 0: by the frame's side */
  struct reference_options options;
};

/* `m` is a struct reference_paths in the parameters. */
#define REFERENCE_OPTIONS(T, m)                                                                    \
  OPT_IN(T, m.labels, "align-to",                                                                  \
         "label map of a reference femur: axes by its surface instead of landmarks"),              \
      OPT_IN(T, m.frame, "align-frame", "hip frame of the reference"),                             \
      OPT_INT(T, m.label, "align-label", "", 0, 65535,                                             \
              "value of the femur there; 0: 76 for a right frame, 75 for a left one"),             \
      OPT_FLAG(T, m.options.rigid, "align-rigid", "do not scale the reference"),                   \
      OPT_REAL(T, m.options.most_mm, "align-distance", "mm", 0.01, 20,                             \
               "refuse when the surfaces stay farther apart (RMS)")

/** The frame by the reference when one is given, else as it is. @return ST_USAGE when only one of
 * the two files is given; from the readers and femur_frame_by_reference */
status reference_apply(struct hip_frame *frame, const struct labels *labels, int label,
                       const struct reference_paths *p);

#endif
