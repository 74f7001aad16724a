/* `qct phantom hip`: a person, a scanner and a grid make a CT, labels and the truth. */
#ifndef QCT_PHANTOM_HIP_H
#define QCT_PHANTOM_HIP_H

#include "phantom/hip_truth.h"
#include "phantom/output.h"
#include "phantom/scanner.h"

enum hip_view { HIP_VIEW_HIP, HIP_VIEW_PELVIS };
extern const char *const hip_view_names[];

struct hip_phantom {
  struct hip_person person;
  char sex;         /* 'F', 'M', or 0 */
  double age_years; /* NaN unknown */
  enum side side;
  char phantom[48];       /* registry key of the calibration phantom, "" none */
  char certificate[1024]; /* its file, "" the built-in registry */
  int rods_flipped;
  int table;
  enum bone_mode bone;
  struct scanner_options scanner;
  int preset;          /* of scanner_names */
  double kvp;          /* NaN: the preset's */
  double pose[6];      /* deg, mm */
  int view;            /* enum hip_view */
  double spacing[3];   /* mm */
  double fov[3];       /* mm; NaN: the view's */
  double size[3];      /* voxels; NaN: from the field of view */
  double direction[9]; /* NaN: identity */
  double truth_step_mm;
  struct paint_options paint;
  int ideal; /* 1: also the ideal image, density and coverage */
};

/** The defaults: the default person, left side, mindways-model3-ct under the patient. */
void hip_phantom_defaults(struct hip_phantom *p);
/** Grid of the options: the field of view about the measured hip, turned by `direction`. */
status hip_phantom_grid(struct geometry *out, const struct hip_phantom *p);

struct phantom_result; /* phantom/output.h */
/** Everything. *out is freed by phantom_result_free. */
status hip_phantom_make(struct phantom_result *out, const struct hip_phantom *p);

cJSON *hip_phantom_to_json(const struct hip_phantom *p);
status hip_phantom_from_json(struct hip_phantom *p, const cJSON *json, const char *what);

#endif
