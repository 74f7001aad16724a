/* What `anatomy femur` and `anatomy import` do with the femora they have. */
#ifndef QCT_CLI_FEMUR_WRITE_H
#define QCT_CLI_FEMUR_WRITE_H

#include "anatomy/compare.h"
#include "anatomy/femur.h"
#include "cli/command.h"
#include "core/image.h"
#include "core/log.h"

#include <math.h>
#include <stdio.h>

/* `m` names the folder in the parameters, `a` the label map to compare with. */
#define FEMUR_WRITE_OPTIONS(T, m, a)                                                               \
  OPT_OUT_REQUIRED(T, m, "out",                                                                    \
                   "folder for labels.nii.gz, frame_<side>.json, femur_<side>.png, femur.json"),   \
      OPT_IN(                                                                                      \
          T, a, "compare-with",                                                                    \
          "another label map on the same grid: adds compare.json (Dice, surface distances) and "   \
          "difference_<side>.png")

/** Write the folder and say in a line what was found on each side. `ct` may be NULL where
 * femur_result_write permits it; `against` NULL: nothing to compare with.
 * ST_DOMAIN when no side has a femur, before anything is written. */
static inline status femur_write(struct context *ctx, const struct femur_result *r,
                                 const struct volume *ct, const char *against, const char *out) {
  status st = ST_OK;
  struct labels *other = NULL;
  cJSON *provenance = NULL;
  CHECK(!*femur_result_reason(r), ST_DOMAIN, "no femur can be measured: %s",
        femur_result_reason(r));
  provenance = context_provenance(ctx);
  if (against) TRY(labels_read_on(&other, against, &r->labels->grid));
  TRY(femur_result_write(r, ct, out, provenance, ctx->force));
  if (other) TRY(compare_write(r, ct, other, out, provenance, ctx->force));
  for (int i = 0; i < 2; i++) {
    const struct femur *f = &r->sides[i];
    char score[64] = ""; /* of the search; a label map has none */
    if (!isnan(f->frame.head_score))
      snprintf(score, sizeof score, ", score of the head %.2f", f->frame.head_score);
    if (f->state != FEMUR_FOUND)
      log_info("%s femur: %s", side_name(f->side), f->reason);
    else
      log_info("%s femur: %.0f ml, head radius %.1f mm%s%s%s", side_name(f->side),
               f->label_mm3 / 1000, f->frame.head_radius_mm, score, *f->frame.flags ? "; " : "",
               f->frame.flags);
  }
done:
  labels_destroy(other);
  cJSON_Delete(provenance);
  return st;
}

#endif
