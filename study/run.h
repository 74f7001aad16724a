/* The main job: one CT, every analysis that it permits, one report.
 *
 *   read -> calibrate ------------+-> bmd (each side) ---+
 *     \---> femora and frames ----+-> fall (each side) --+-> report
 *                                 +-> ...                |
 *
 * Each analysis is a table in its own file, study/step_<name>.c (study/step.h), and a step of the
 * graph of study/graph.h: what the scan does not permit is withheld
 * with the reason, in the record and in the report, and the rest goes on. Density comes from the
 * rods of the phantom that is named, or of the one known phantom that fits rods in the scan, else
 * from the tissues in the scan; the report says which. Everything lies in one folder:
 *
 *   report.html                    the report
 *   record.csv, record.json        all measurements, withheld ones with their reason
 *   calibration.json               HU to density
 *   labels.nii.gz, labels.json     the femora
 *   frame_right.json, frame_left.json
 *   vertebrae.nii.gz, vertebra_frames.json   bodies and frames of the levels that have a name
 *   fall_right.h5, .xdmf, ...      strain fields of the fall
 *   pictures/, parts/              what the report is made of
 *   run.json                       the journal: states, reasons, seconds, digests
 *
 * No output holds a path of the machine, a name, an identifier or a date of the patient.
 */
#ifndef QCT_STUDY_RUN_H
#define QCT_STUDY_RUN_H

#include "core/provenance.h"
#include "core/volume.h"
#include "study/graph.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

struct study_options {
  const char *ct;           /* DICOM folder or image file */
  const char *labels;       /* label map on the CT's grid; NULL: the femora are found in the scan */
  const char *phantom;      /* registry key of rods expected in the scan; NULL: none */
  const char *certificate;  /* file with the rods' densities; NULL: the registry's */
  const char *store;        /* calibration store, for a scan without rods; NULL: none */
  const char *tissue_table; /* of the scanner, for a scan without rods; NULL: the published one */
  const char *series;       /* DICOM series UID; NULL: the obvious axial CT */
  const char *case_id;      /* NULL: made from the digest of the CT */
  bool override;            /* keep a calibration beyond its limits, with a warning, instead of
                               withholding what rests on it */
  bool shear_correct;       /* tilted gantry: resample instead of refusing */
  int assume_material;      /* enum material taken for a phantomless calibration whose source states
                               none: MATERIAL_K2HPO4, MATERIAL_HA, or MATERIAL_NONE (then strength is
                               withheld) */
  double size_mm;           /* edge of a finite element [mm] */
  bool interval;            /* solve the variants behind the interval of the failure load */
  double mass_kg;           /* NaN: what the header says, if it does */
  double height_m;
  double rho_ref;        /* density of fully mineralised bone for hip structure [mg/cm3]; NaN: 1050
                            for HA, else family w is withheld */
  const char *reference; /* of T-scores: "nhanes3" or a file (qct/t_score.h); NULL: none */
  const char *levels;    /* vertebrae that the user names: "L1=z,L2=z" [mm]; NULL: none */
  const char *screen_model; /* network that judges a frontal projection of each hip; NULL: none */
  const char *skip;         /* analyses left out: names of steps with commas between; NULL: none */
  const char *only; /* analyses done, with what they need; NULL: all that are not optional */
  const char *add;  /* optional analyses that are done; NULL: none */
  bool force;       /* do every step again; take over a folder that holds something else */
};
#define STUDY_DEFAULTS                                                                             \
  {                                                                                                \
    .assume_material = MATERIAL_K2HPO4, .size_mm = 1, .interval = true, .mass_kg = (double)NAN,    \
    .rho_ref = (double)NAN, .height_m = (double)NAN                                                \
  }

enum { STUDY_STEPS = 48 }; /* most steps of one case, each side counted */

struct study_step_outcome {
  char name[48], title[96];
  struct graph_result result;
};
struct study_summary {
  int count; /* steps reached */
  struct study_step_outcome steps[STUDY_STEPS];
  int measured; /* measurements with a value */
  int withheld; /* without */
  char report[4096];
};

/**
 * Run the main job into `folder` (made when absent).
 *
 * @param[out] summary     what came of each step; filled as far as the run came
 * @param      provenance  of the command, inputs recorded (their digests decide what is done
 * again); the sources of the methods are added
 * @param      watch       told of each step, NULL ok
 * @return ST_OK when the scan was read and a report written, however much had to be withheld;
 *         ST_USAGE when `folder` holds results of another scan or something else and !force; else
 *         what ended the run: then there is no report of this run
 */
status study_run(struct study_summary *summary, const struct study_options *options,
                 const char *folder, struct provenance *provenance, graph_watch watch,
                 void *watch_user);

#ifdef __cplusplus
}
#endif
#endif
