#include "cli/reference_options.h"

#include "core/image.h"
#include "core/log.h"

status reference_apply(struct hip_frame *frame, const struct labels *labels, int label,
                       const struct reference_paths *p) {
  status st = ST_OK;
  struct labels *other = NULL;
  struct hip_frame other_frame;
  CHECK(!p->labels == !p->frame, ST_USAGE,
        "a reference is a label map and its frame: give --align-to and --align-frame");
  if (!p->labels) goto done;
  TRY(labels_read_on(&other, p->labels, NULL));
  TRY(hip_frame_read(&other_frame, p->frame));
  const struct reference_femur femur = {labels, label, frame};
  const struct reference_femur reference = {other,
                                            p->label                        ? p->label
                                            : other_frame.side == SIDE_LEFT ? LABEL_FEMUR_LEFT
                                                                            : LABEL_FEMUR_RIGHT,
                                            &other_frame};
  TRY(femur_frame_by_reference(frame, NULL, &femur, &reference, &p->options));
  log_info("%s", frame->flags);
done:
  labels_destroy(other);
  return st;
}
