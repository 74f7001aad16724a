/* Cortical bone mapping: thickness, mass and density of the cortex at every vertex of a bone's
 * surface.
 *
 *   1. The outline of the label as a smooth surface (qct_outline_surface), about one vertex a mm2.
 *   2. Samples of a vertex are the voxels themselves that lie within 1 mm of its normal (0.6 slice
 *      distances along the slice axis), each at its own depth: nothing is interpolated, so nothing
 *      is blurred twice and several voxels share the noise. They end where the next bone begins
 *      outside and 4 mm behind the cortex inside.
 *   3. Blur along the normal: a box of slice thickness * |n . slice axis| and a Gaussian of
 *      variance sigma_plane^2 (1 - n_z^2) + sigma_slice^2 n_z^2.
 *   4. y1 and blur, per subject, in two passes. Where the half-maximum width is 3 mm or more all
 *      six parameters of the model are fitted; of those that come out at 2.5 mm or more, y1 is the
 *      median of their plateaus (mean of the samples that lie 2.5 sigma and half a box within both
 *      edges). With that y1 their blur is fitted again: sigma_plane is the median over |n_z| < 0.3,
 *      sigma_slice follows from |n_z| > 0.5 (without 50 of these it is 0, the box being the whole
 *      of it). Fewer than 50 plateaus: refused, y1 must be given. The median is this toolkit's
 *      choice: a top percentile would follow the noise.
 *   5. The fit with y1 and blur given (qct/cortex_line.h) at every vertex; the surface moves to the
 *      fitted outer edge, is smoothed, its normals made anew, and the fit repeated.
 *   6. Rejected (flag of qct/cortex_line.h): no edge, RMS above 15 % of y1 - y0, t or a
 *      density at a bound, edge more than 3 mm from the outline. They take the median of accepted
 * vertices within 5 mm. More than 20 % of them: `warning`.
 *
 * Vertices on the flat cut where the image ends are no cortex: no value, not counted as rejected.
 *
 * Thin cortex: y1 is taken to be that of the thick one. Where it is less dense, thickness reads
 * low in proportion; mass does not. Source: treece2010 (model, fixed y1, box, rejects in kind);
 * the limits of 4 and 6 are this toolkit's.
 */
#ifndef QCT_QCT_CORTEX_MAP_H
#define QCT_QCT_CORTEX_MAP_H

#include "core/calibration.h"
#include "core/frame.h"
#include "core/picture.h"
#include "core/record.h"
#include "core/surface.h"
#include "qct/cortex_line.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cortex_density { CORTEX_FROM_SUBJECT, CORTEX_GIVEN, CORTEX_PEAK };
/** "subject", "given", "peak" (the highest density of each line: for comparison only); NULL. */
extern const char *const cortex_density_names[];

struct cortex_options {
  int density;         /* enum cortex_density */
  double cortical;     /* y1 of CORTEX_GIVEN [mg/cm3], 300..2000 */
  double sigma_mm;     /* blur in the plane; NaN: from thick cortex */
  double thickness_mm; /* slice thickness; NaN: the header's, else the slice distance */
  double vertex_mm;    /* distance of vertices, 0.5..3 */
};
#define CORTEX_OPTIONS_DEFAULTS                                                                    \
  {                                                                                                \
    .density = CORTEX_FROM_SUBJECT, .cortical = (double)NAN, .sigma_mm = (double)NAN,              \
    .thickness_mm = (double)NAN, .vertex_mm = 1                                                    \
  }

struct cortex_map {
  struct surface *surface; /* owned: the outer edge, smoothed, with normals */
  /* owned, per vertex, NaN only on the cut; NaN half-maximum where it is not resolved */
  double *thickness_mm;
  double *mass;         /* t * y1 [mg/cm2] */
  double *trabecular;   /* y2, fitted behind the cortex [mg/cm3] */
  double *endocortical; /* y2 and the mean residual of the first 2 mm behind the cortex [mg/cm3]:
                           local density there, freed of what blur carries in from the cortex */
  double *residual;     /* RMS [mg/cm3]; NaN where nothing could be fitted */
  double *half_max_mm;  /* thickness by half-maximum of the same samples, for comparison */
  double *flag;         /* enum cortex_flag */
  double cortical;      /* y1 used [mg/cm3]; NaN for CORTEX_PEAK */
  double cortical_sd;   /* robust SD (1.4826 MAD) of y1 over thick places; NaN when given */
  double sigma_plane_mm, sigma_slice_mm, slice_mm, spacing[3];
  int64_t thick;    /* places that gave y1 and blur */
  int64_t measured; /* vertices that are not on the cut */
  int64_t rejected;
  int warning; /* rejected > 20 % of measured */
};

/**
 * @param density  QUANTITY_DENSITY, slices across the coarsest axis
 * @param labels   on its grid; `label` is the periosteal mask of one bone
 * @param options  NULL: defaults
 * @return ST_DOMAIN: no density, grids differ, label absent or in several large parts, fewer than
 *         50 thick places and no y1 given, slices thicker than 4 mm, a value outside its range;
 *         ST_MEMORY
 */
status qct_cortex_map(struct cortex_map **out, const struct volume *density,
                      const struct labels *labels, int label, const struct cortex_options *options);
void qct_cortex_map_destroy(struct cortex_map *m);

/**
 * Rows of the whole map ("femur_<side>" with a frame, else "bone") and, with a frame, of head,
 * neck, trochanter, intertrochanter and shaft: mean, median, P5, P95 (weighted by the vertices'
 * areas) of cortical_thickness [mm] and cortical_mass [mg/cm2]; means of endocortical and
 * trabecular density [mg/cm3]; half-maximum thickness; share of rejected vertices; y1 and blur.
 * Rows say in flags what limits them. Accepted vertices only; a region where less than half are
 * is withheld. The means of a femur have a 95 % interval: what those of digital people were off
 * (qct/hip_interval.h), of masses joined with the calibration's, of thicknesses with the spread of
 * y1 over this bone; none where y1 was given.
 * @param frame        of the same femur, or NULL
 * @param calibration  for intervals of masses; NULL: none of those
 */
status qct_cortex_rows(struct record *r, const struct cortex_map *m, const struct hip_frame *frame,
                       const struct calibration *calibration);

/** .vtp, .ply (with all scalars), .stl, .obj by suffix. */
status qct_cortex_write(const struct cortex_map *m, const char *path, bool force);

/** Four views coloured by thickness, 0..5 mm. @param side  +1 right, -1 left, 0 unknown */
status qct_cortex_picture(struct picture **out, const struct cortex_map *m, int side);

#ifdef __cplusplus
}
#endif
#endif
