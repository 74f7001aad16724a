/* `qct phantom hip`: a person, a scanner and a grid make a CT, labels and the truth. */
#ifndef QCT_PHANTOM_HIP_H
#define QCT_PHANTOM_HIP_H

#include "phantom/hip_truth.h"
#include "phantom/output.h"
#include "phantom/setup.h"

enum hip_view { HIP_VIEW_HIP, HIP_VIEW_PELVIS };
extern const char *const hip_view_names[];

struct hip_phantom {
  struct hip_person person;
  char sex;         /* 'F', 'M', or 0 */
  double age_years; /* NaN unknown */
  enum side side;
  struct scan_setup scan;
  int rods_flipped;
  int view; /* enum hip_view */
  double truth_step_mm;
};

/** The default person, left side, of scan_setup_defaults. */
void hip_phantom_defaults(struct hip_phantom *p);
/** Grid of the options: the field of view about the measured hip, turned by `direction`. */
status hip_phantom_grid(struct geometry *out, const struct hip_phantom *p);

struct phantom_result; /* phantom/output.h */
/** Everything. *out is freed by phantom_result_free. */
status hip_phantom_make(struct phantom_result *out, const struct hip_phantom *p);

cJSON *hip_phantom_to_json(const struct hip_phantom *p);
status hip_phantom_from_json(struct hip_phantom *p, const cJSON *json, const char *what);

#endif
