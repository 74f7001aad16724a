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
#include "core/vertebra_frame.h"
#include "qct/shell.h"
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
  struct femur_result *femora;          /* owned, NULL until needed */
  struct qct_shell *shells[CASE_SIDES]; /* owned, NULL until needed */
  struct labels *bodies;                /* owned; vertebral bodies, NULL until needed */
  struct vertebra_frames *vertebrae;    /* owned; NULL until needed */
  cJSON *origin;                        /* owned; the provenance as it was when the run began */
  struct case_graph *graph;     /* owned; the steps and their results so far (study/step.h) */
  graph_watch watch;            /* may be NULL */
  bool told_absent[CASE_SIDES]; /* was it told that this femur is not there? */
  void *watch_user;
};

void case_free(struct study_case *c);
/** Path below the case's folder. */
status case_path(char path[CASE_PATH], const struct study_case *c, const char *name);
/** `name` with "%s" replaced by the side's name; as it is when side < 0 (index into case_sides). */
void case_side_text(char *out, size_t size, const char *name, int side);
/** Path of such a name below the case's folder. */
status case_side_path(char path[CASE_PATH], const struct study_case *c, const char *name, int side);
/** SHA-256 of the input with that role, "" when there is none. Borrowed. */
const char *case_input_digest(const struct study_case *c, const char *role);

/* Borrowed; good until case_free. */
status case_hu(const struct volume **out, struct study_case *c);
/** NULL when none was given. @return ST_DOMAIN when it is not on the grid of the CT */
status case_given_labels(const struct labels **out, struct study_case *c);
status case_calibration(const struct calibration **out, struct study_case *c);
status case_density(const struct volume **out, struct study_case *c);
status case_femora(const struct femur_result **out, struct study_case *c);
/** Vertebral bodies with their frames, from labels or from the heights that a person named.
 * @return ST_DOMAIN when there are none: levels are never named automatically */
status case_vertebrae(const struct labels **bodies, const struct vertebra_frames **frames,
                      struct study_case *c);
/** Are neck and shaft axis known, or one of them assumed with a flag in frame.flags? */
bool case_has_axes(const struct femur *f);
/** The femur of a side with its frame. @return ST_DOMAIN with its reason when it may not be
 * measured */
status case_femur(const struct femur **out, struct study_case *c, int side_index);
/* A femur and what measuring it takes, all borrowed. */
struct case_hip {
  const struct femur *femur; /* label, frame, how it lies in the scan */
  const struct labels *labels;
  const struct volume *density;
  const struct calibration *calibration;
};
/** @return as case_femur, case_density */
status case_hip(struct case_hip *out, struct study_case *c, int side_index);
/** The cortical shell of a side's femur, fitted once a run: density, structure and projection use
 * it. @return ST_DOMAIN as case_femur and qct_shell_make */
status case_shell(const struct qct_shell **out, struct study_case *c, int side_index);
/** Give the memory of the shells back; they are fitted anew when needed again. */
void case_drop_shells(struct study_case *c);

/** femora.json <-> memory (labels apart). */
status femora_write(const struct femur_result *r, const char *path);
status femora_read(struct femur_result *r, const char *path);

#endif
