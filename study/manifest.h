/* Which scans a cohort is made of: from a table (manifest) or by looking through a folder.
 *
 * Manifest: CSV with one row a scan. Columns that mean something here, the rest are covariates that
 * go into the table of the cohort as they are:
 *   id         of the person in the trial: letters, digits, '-', '_', '.'; never a name
 *   session    of a repeated scan (visit), optional
 *   path       DICOM folder or image file; a relative one is relative to the manifest's folder
 *   labels, certificate, phantom, series       of `qct run`, for this scan
 *   mass [kg], height [m]                      likewise, 20 to 300 kg and 1 to 2.5 m; they are
 *                                              covariates as well
 *   age, sex, site, event, time, day ...       covariates; site and sex make groups in the report,
 *                                              day [d] is the time axis of scanner drift
 * Columns whose name is that of an identifier (name, birth date, ...) are left out with a warning.
 *
 * Folder: BIDS-like files sub-X[_ses-Y]..._ct.nii[.gz] with labels beside them as
 * ..._dseg.nii[.gz]; and every folder that holds DICOM files (with all below it) as one scan,
 * unless they are fewer than COHORT_SCOUT files. A folder's name may be a person's: such a scan is
 * called case-XXXXXXXX by the digest of its first file.
 */
#ifndef QCT_STUDY_MANIFEST_H
#define QCT_STUDY_MANIFEST_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  COHORT_SCOUT = 20,    /* fewer DICOM files than this are a scout or a report, not a CT */
  COHORT_CASES = 100000 /* most scans of a cohort */
};

struct cohort_case {
  char id[64];      /* of the row: id, or id_ses-SESSION */
  char folder[160]; /* below the result folder: sub-ID or sub-ID/ses-SESSION (BIDS) */
  char *ct, *labels, *certificate; /* owned paths; NULL: none */
  char phantom[64], series[72];    /* "": none */
  double mass_kg, height_m;        /* NaN: not given */
  int files;                       /* of a watched series; 0: not counted */
};

struct cohort {
  struct cohort_case *cases; /* owned, sorted by id */
  size_t count;
  struct table *covariates; /* owned; one row a case in the same order, without the id */
  int scouts;               /* DICOM folders left out: too few files */
  int loose;                /* image files left out: not named as BIDS has it */
};

/**
 * Read a manifest (a file) or look through a folder.
 * @return ST_IO; ST_FORMAT for a table without id or path; ST_DOMAIN for an id that is no id, that
 *         comes twice, or whose folder would be that of another; ST_DOMAIN when there is no scan
 */
status cohort_read(struct cohort **out, const char *path);
void cohort_destroy(struct cohort *c);

/** Ids in a file, one a line or the first column of a CSV; '#' starts a remark. Owned by the
 * caller, free_ids. @return ST_IO */
status cohort_read_ids(char ***ids, size_t *count, const char *path);
void cohort_free_ids(char **ids, size_t count);

/** Write the manifest that would make this cohort: id, path, labels. To standard output with "-".
 * It holds paths: it is for the person who has them already. */
status cohort_write_manifest(const struct cohort *c, const char *path, bool force);

/* ---- for the two readers; private ---- */
/** The id as it stands in tables, "X" or "X_ses-Y", into id and folder of a case. @return ST_DOMAIN
 * for what is no id */
status cohort_name_case(struct cohort_case *k, const char *id);
/** A new case at the end; NULL when out of memory or there are too many. */
struct cohort_case *cohort_add(struct cohort *c);
status cohort_read_table(struct cohort *c, const char *path);
status cohort_look_through(struct cohort *c, const char *folder);

#ifdef __cplusplus
}
#endif
#endif
