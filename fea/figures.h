/* Pictures of a solved voxel model, drawn from its fields: cuts and projections along the grid's
 * axes, with tension and compression apart, caps, supports and the failure site. */
#ifndef QCT_FEA_FIGURES_H
#define QCT_FEA_FIGURES_H

#include "core/picture.h"
#include "fea/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One panel: model axis `right` to the right and `up` upwards, seen along the third. */
struct fea_view {
  int right, up;
  int64_t cut; /* layer along the third axis; < 0: the largest measure of all layers */
  const char *title;
};

/**
 * Draw panels side by side on white with a colour bar: the measure of fea/failure.h times `scale`
 * (so that 1 is the limit), red where tension decides, blue where compression does; caps and bone
 * that is not judged grey; supports as ticks; the site as a ring. At least `least_width` px.
 * @param caption one line below; may be NULL
 */
status fea_figure(struct picture **out, const struct fea_model *model,
                  const struct fea_fields *fields, const struct fea_failure *failure,
                  const struct fea_failure_options *options, double scale,
                  const struct fea_view *views, int count, int least_width, const char *caption);

#ifdef __cplusplus
}
#endif
#endif
