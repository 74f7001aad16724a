/* A body as a list of simple solids, the first that holds a point wins: for trunk and chest, whose
 * parts are ellipsoids, tapering elliptic cylinders along z and capsules. World LPS mm.
 *
 * Truth comes from the same solids: closed forms where a part is not cut by another, else midpoint
 * quadrature of the list at h, h/2, h/4 (value: the finest, error: the last change).
 */
#ifndef QCT_PHANTOM_STACK_H
#define QCT_PHANTOM_STACK_H

#include "phantom/output.h"
#include "phantom/paint.h"
#include "phantom/scanner.h"
#include "phantom/tissue.h"

enum stack_kind { STACK_ELLIPSOID, STACK_CYLINDER, STACK_CAPSULE };

struct stack_solid {
  int kind;
  struct vec3 centre; /* capsule: first end */
  struct vec3 axes;   /* semi-axes; capsule: x is the radius */
  struct vec3 end;    /* capsule: second end */
  double taper;       /* cylinder: share by which its section grows per mm of z */
  double low, high;   /* only between these z; -INFINITY, INFINITY: everywhere */
  double hu;
  int label;
  double fat_hu, infiltration; /* share 0..0.6 of fat in it as pockets, of label fat_label */
  double level;                /* of the noise; set by stack_infiltrate */
  int fat_label;
};

enum { STACK_SOLIDS = 60 };
struct stack {
  struct stack_solid solids[STACK_SOLIDS]; /* in paint order */
  int count;
  double air_hu;
  unsigned seed; /* of the pockets of fat */
};

/** Append; solids beyond STACK_SOLIDS are our own mistake. */
struct stack_solid *stack_add(struct stack *s, int kind, struct vec3 centre, struct vec3 axes,
                              double hu, int label);
/** Pockets of fat in a solid: a share of about `share` (its truth is by quadrature). */
void stack_infiltrate(struct stack_solid *n, double share, double fat_hu, int fat_label);
/** The scene; borrows the stack. */
struct scene stack_scene(const struct stack *s);

/* Label totals in a box, by quadrature. */
enum { STACK_LABELS = 1024 };
struct stack_sum {
  double mm3[STACK_LABELS]; /* per label */
  double hu[STACK_LABELS];  /* times mm3 */
};
/** Midpoints of spacing h over lo..hi; a slab of one point in z (hi.z == lo.z) gives mm2. */
void stack_quadrature(struct stack_sum *out, const struct stack *s, struct vec3 lo, struct vec3 hi,
                      double h);

/* How it is scanned. */
struct stack_scan {
  struct scanner_options scanner;
  int preset;
  double kvp; /* NaN: the preset's */
  double spacing[3], fov[3];
  struct vec3 centre; /* of the grid */
  struct paint_options paint;
  int ideal;
  const char *body_part; /* DICOM body part examined */
};
#define STACK_SCAN_DEFAULTS                                                                        \
  { .scanner = SCANNER_DEFAULTS, .kvp = (double)NAN, .paint = PAINT_DEFAULTS }

/** Paint and scan; fills ct, labels and, if asked, ideal of *out.
 * @return ST_DOMAIN for a grid of more than 4096 voxels a side */
status stack_make(struct phantom_result *out, const struct stack *s, const struct stack_scan *scan);
/** Adds how it is scanned: what params.json of every stack says. */
void stack_scan_json(cJSON *to, const struct stack_scan *scan);
/** Adds {"value", "error", "unit"} under `key`. */
void stack_truth_add(cJSON *to, const char *key, double value, double before, const char *unit);

#endif
