/* A folder that a DICOM receiver fills, measured as scans come in.
 *
 * Each look goes through the folder and all below it, groups files into series by their headers
 * (receivers put many into one folder), and takes those of at least COHORT_SCOUT files that have
 * settled: no file of them is younger than `settle_s`. A series is called case-XXXXXXXX by the
 * digest of its UID and measured as a case of a cohort (study/cohort.h); tables and report are
 * gathered after each look that measured something. A series that has grown since is done again.
 * What was measured stays when the receiver's files are gone.
 *
 * The files are read where they lie, by way of links in a folder for temporary files: their names
 * may be of persons.
 */
#ifndef QCT_STUDY_WATCH_H
#define QCT_STUDY_WATCH_H

#include "study/cohort.h"

#ifdef __cplusplus
extern "C" {
#endif

struct watch_options {
  double settle_s, every_s; /* quiet before a series is taken; between two looks */
  int looks;                /* then end; 0: until a signal */
};

/** @return as cohort_run; ST_IO when the folder cannot be listed */
status watch_run(const char *folder, const char *out, const struct watch_options *watch,
                 const struct cohort_options *options, const cJSON *provenance);

#ifdef __cplusplus
}
#endif
#endif
