/* How a digital person is laid on the table and scanned: what hips and spines have in common. */
#ifndef QCT_PHANTOM_SETUP_H
#define QCT_PHANTOM_SETUP_H

#include "phantom/bench.h"
#include "phantom/paint.h"
#include "phantom/scanner.h"

#include <cjson/cJSON.h>

struct scan_setup {
  char phantom[48];       /* registry key of the calibration phantom, "" none */
  char certificate[1024]; /* its file, "" the built-in registry */
  int table;
  enum bone_mode bone;
  struct scanner_options scanner;
  int preset;          /* of scanner_names */
  double kvp;          /* NaN: the preset's */
  double pose[6];      /* of the person: turns [deg] and shifts [mm] */
  double spacing[3];   /* mm */
  double fov[3];       /* mm; NaN: the view's */
  double size[3];      /* voxels; NaN: from the field of view */
  double direction[9]; /* NaN: identity */
  struct paint_options paint;
  int ideal; /* 1: also the image without blur and noise */
};

/** On the table with a mindways-model3-ct, in voxels of this spacing [mm]. */
void scan_setup_defaults(struct scan_setup *s, double pixel, double slice);

/** Grid about `centre` [mm], `extent` [mm] where the setup gives no field of view.
 * @return ST_DOMAIN naming spacing or number of voxels and the permitted range, after `what` */
status scan_setup_grid(struct geometry *out, const struct scan_setup *s, struct vec3 centre,
                       const double extent[3], const char *what);
/** Tissues at the energy of the scanner. @return as tissue_table_init */
status scan_setup_tissue(struct tissue_table *out, const struct scan_setup *s, double fat_density,
                         double marrow_yellow);
/** Table and calibration phantom, whose upper face lies at `top_y_mm`.
 * @return ST_USAGE, ST_IO, ST_FORMAT as phantom_registry_find */
status scan_setup_bench(struct bench *b, const struct scan_setup *s,
                        const struct tissue_table *tissue, double top_y_mm);
/** The scene on the grid, with the header of the scan; without blur and noise. */
status scan_setup_paint(struct painted *out, const struct scene *scene, const struct geometry *grid,
                        const struct scan_setup *s, const char *body_part);

/** What truth.json says of the scan. Owned by the caller. */
cJSON *scan_setup_truth_json(const struct scan_setup *s, const struct painted *painted);
/** Adds the setup to params.json, but for the certificate's path; and back, keys that are not there
 * stay. @return ST_FORMAT naming the key, after `what` */
void scan_setup_to_json(cJSON *to, const struct scan_setup *s);
status scan_setup_from_json(struct scan_setup *s, const cJSON *json, const char *what);

#endif
