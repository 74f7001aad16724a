/* A cohort: the main job on every scan, unattended, and one table of all.
 *
 *   result folder                      (BIDS-like derivatives)
 *     dataset_description.json         what made it
 *     participants.tsv                 the covariates of the manifest
 *     sub-X[/ses-Y]/                   the folder of `qct run` for one scan
 *     status/ID.json                   how its last attempt ended
 *     measurements.csv, .h5            one row a case: covariates, state, all measurements
 *     record.csv                       all rows of all cases, with intervals and reasons
 *     status.csv                       state, seconds, memory of each case
 *     failures.csv                     what failed, why, and the command that does it again
 *     cohort.html                      the report
 *
 * Each scan is a process of its own: `qct run`, whose journal keeps what is done (study/graph.h),
 * so a cohort that was killed anywhere goes on where it was, and a scan whose content changed is
 * noticed by its digest. Tables are made from the folders of the cases by cohort_gather, in the
 * order of the ids, so they are the same whatever the order, the workers and the kills were; shards
 * share a result folder, or their folders are copied into one.
 *
 * Nothing written holds the path of a scan: reasons have paths and file names taken out
 * (study/scrub.h), and the commands in failures.csv name the manifest and the id.
 */
#ifndef QCT_STUDY_COHORT_H
#define QCT_STUDY_COHORT_H

#include "study/manifest.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cohort_options {
  const char *program;          /* path of qct */
  const char *const *run_words; /* options for every `qct run`, NULL-terminated */
  const char *again[2];         /* the command that does one scan again: before and after its id */
  int workers;                  /* at once; 0: as many as threads and memory allow */
  int threads;                  /* of all workers together, >= 1 */
  double memory_gib;            /* of all workers together; NaN: 80 % of what is available */
  double size_mm;               /* edge of a finite element, for the estimate of memory */
  double limit_min;             /* most minutes of one scan; 0: none */
  int shard, shards;            /* this one, 1..shards */
  const char *only;             /* one id; NULL: all */
  char *const *opted_out;       /* ids not to be measured; what was measured of them is removed */
  size_t opted_out_count;
  bool resume; /* go on in a folder that holds a cohort */
  bool force;  /* do all again */
};

enum cohort_state {
  COHORT_WAITING,   /* not tried yet */
  COHORT_DONE,      /* a report was written */
  COHORT_REFUSED,   /* the input is not what the program takes */
  COHORT_FAILED,    /* anything else */
  COHORT_OPTED_OUT, /* left out by the list */
  COHORT_STATES
};
const char *cohort_state_name(enum cohort_state s);

/* How the last attempt at a case ended, as in status/ID.json. */
struct cohort_outcome {
  enum cohort_state state;
  int exit; /* of qct run, -1 when it was ended */
  double seconds;
  double peak_mib;
  int files;         /* of the case when it was measured; 0: not counted */
  char reason[1024]; /* without paths; "" when done */
};

struct cohort_summary {
  size_t counts[COHORT_STATES];
  size_t tried;    /* in this call */
  double seconds;  /* wall */
  double peak_mib; /* largest worker of this call */
  int workers, threads_each;
  size_t measured, withheld; /* values in the tables; after cohort_gather */
};

/** Expected peak memory of a case [bytes], from its header. */
int64_t cohort_estimate(const struct cohort_case *k, double size_mm);

/**
 * Do the cases of this shard (or the one named).
 * @return ST_USAGE when the folder holds something else, or a cohort without `resume` or `force`,
 * or `only` names no case; ST_EXTERNAL when interrupted; ST_OK however many cases failed
 */
status cohort_run(struct cohort_summary *summary, const struct cohort *c, const char *folder,
                  const struct cohort_options *options);

/** Tables and report from what lies in the folder. @param provenance for the files, borrowed */
status cohort_gather(struct cohort_summary *summary, const struct cohort *c, const char *folder,
                     const struct cohort_options *options, const cJSON *provenance);

/** Warn of ids in the list of those who opted out that are of no scan of the cohort: somebody whose
 * id is written otherwise would be measured. */
void cohort_tell_unknown_ids(const struct cohort *c, const struct cohort_options *o);

/* ---- private to this folder ---- */
bool cohort_is_opted_out(const struct cohort_options *o, const char *id);
/** Remove the folders of those on the list, whatever the manifest says of them, and the tables of
 * the cohort, which cohort_gather makes again. Their status files stay and say "opted out": a later
 * run without the list leaves them alone too. @return ST_IO when something could not be removed */
status cohort_drop_opted_out(const struct cohort *c, const char *folder,
                             const struct cohort_options *o);
/** An absent file is COHORT_WAITING. */
status cohort_outcome_read(struct cohort_outcome *out, const char *folder,
                           const struct cohort_case *k);
status cohort_outcome_write(const struct cohort_outcome *o, const char *folder,
                            const struct cohort_case *k);
/** FOLDER/NAME */
status cohort_path(char path[4096], const char *folder, const char *name);

#ifdef __cplusplus
}
#endif
#endif
