/* What the steps of one case share. Private to this folder.
 *
 * The accessors give a thing that an earlier step made: from memory when it was made in this run,
 * else from its file in the case's folder, so that a kept step costs nothing until it is needed.
 */
#ifndef QCT_STUDY_CASE_H
#define QCT_STUDY_CASE_H

#include "anatomy/femur.h"
#include "core/calibration.h"
#include "core/record.h"
#include "report/report.h"
#include "study/run.h"

enum { CASE_SIDES = 2, CASE_PATH = 4096 };
extern const enum side case_sides[CASE_SIDES]; /* right, left: index as femur_result.sides */

struct study_case {
  const struct study_options *options;
  const char *folder;
  char case_id[64];
  struct provenance *provenance;
  struct volume *hu, *density; /* owned, NULL until needed */
  struct labels *given;        /* owned; the label map that was given, NULL until needed */
  struct calibration calibration;
  bool calibrated;
  struct femur_result *femora;   /* owned, NULL until needed */
  struct study_summary *summary; /* borrowed; results of the steps so far */
  graph_watch watch;             /* may be NULL */
  void *watch_user;
};

void case_free(struct study_case *c);
/** Path below the case's folder. */
status case_path(char path[CASE_PATH], const struct study_case *c, const char *name);
/** The same of "parts/<stem>_<side>.<suffix>" and the like. */
status case_side_path(char path[CASE_PATH], const struct study_case *c, const char *format,
                      enum side side) __attribute__((format(printf, 3, 0)));

/* Borrowed; good until case_free. */
status case_hu(const struct volume **out, struct study_case *c);
/** NULL when none was given. @return ST_DOMAIN when it is not on the grid of the CT */
status case_given_labels(const struct labels **out, struct study_case *c);
status case_calibration(const struct calibration **out, struct study_case *c);
status case_density(const struct volume **out, struct study_case *c);
status case_femora(const struct femur_result **out, struct study_case *c);
/** Are neck and shaft axis known, or one of them assumed with a flag in frame.flags? */
bool case_has_axes(const struct femur *f);
/** The femur of a side with its frame. @return ST_DOMAIN with its reason when it may not be
 * measured */
status case_femur(const struct femur **out, struct study_case *c, int side_index);

/* The steps: status (*run)(void *case, int argument). */
status step_read(void *user, int argument);
status step_calibrate(void *user, int argument);
status step_femora(void *user, int argument);
status step_bmd(void *user, int side_index);
status step_fall(void *user, int side_index);
status step_report(void *user, int argument);

/* Sections of the report, in case_sections.c. */
status case_report_calibration(struct report *page, const struct calibration *calibration);
status case_report_regions(struct report *page, const struct record *part, enum side side);
void case_report_methods(struct report *page, struct study_case *c,
                         const struct calibration *calibration, const struct record *record);

/** femora.json <-> memory (labels apart). */
status femora_write(const struct femur_result *r, const char *path);
status femora_read(struct femur_result *r, const char *path);

#endif
