/* `qct phantom rods`: a cylinder of water or soft tissue lying on a calibration phantom, on the
 * table. For calibration: rod HU are exact at the energy used, so the ideal line is known.
 *
 * World frame: z along the rods, the cylinder's axis at x = y = 0.
 */
#ifndef QCT_PHANTOM_RODS_H
#define QCT_PHANTOM_RODS_H

#include "phantom/bench.h"
#include "phantom/output.h"
#include "phantom/scanner.h"

enum rods_body { RODS_WATER, RODS_SOFT_TISSUE, RODS_NO_BODY };
extern const char *const rods_body_names[]; /* "water", "soft-tissue", "none", NULL */

struct rods_phantom {
  char phantom[48];       /* registry key */
  char certificate[1024]; /* file instead of the built-in registry, "" none */
  int body;               /* enum rods_body; soft tissue is muscle with a ring of fat */
  double diameter_mm;     /* 150..450 */
  int bare;               /* 1: the body on the table, no phantom: a patient */
  int flipped;            /* order of the rods in x reversed */
  int swap[2];            /* rods exchanged (1-based), 0 none */
  int missing, bubble;    /* rod (1-based), 0 none */
  double shift_mm;        /* of the plate in x: beyond the field of view when large */
  double tilt_deg;        /* of the rods in the coronal plane */
  double rise_deg;        /* of the rods in the sagittal plane */
  double saturate_hu;     /* values above it read it; 0: none */
  struct scanner_options scanner;
  int preset;
  double kvp;       /* NaN: the preset's */
  double kev;       /* effective energy; NaN: that of preset and voltage (scanner_energy) */
  double fat_hu;    /* added to the HU of fat: people differ */
  double muscle_hu; /* added to the HU of muscle */
  double spacing[3], fov[3];
  struct paint_options paint;
  int ideal;
};

void rods_phantom_defaults(struct rods_phantom *p);
/** @return ST_USAGE for a rod number the phantom does not have, ST_DOMAIN for the grid */
status rods_phantom_make(struct phantom_result *out, const struct rods_phantom *p);

#endif
