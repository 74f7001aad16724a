/* Shared by the parts of the scoreboard (verify.h). */
#ifndef QCT_RADIOMICS_SCOREBOARD_H
#define QCT_RADIOMICS_SCOREBOARD_H

#include "radiomics/image.h"
#include "radiomics/verify.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Append a row; *out is good until the next. */
status rad_scoreboard_add(struct rad_check **out, struct rad_scoreboard *b, const char *set,
                          const char *name, double value, double reference, double tolerance);
/** Features of label 1, unfiltered. */
status rad_analyse(struct rad_values *out, const struct volume *image, const struct labels *mask,
                   const struct rad_settings *s);
/** The CT phantom of a reference folder. */
status rad_reference_ct(struct volume **image, struct labels **mask, const char *folder);

#ifdef __cplusplus
}
#endif
#endif
