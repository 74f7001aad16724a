/* What every command that measures one femur takes: density, label map, frame, calibration. */
#ifndef QCT_CLI_FEMUR_OPTIONS_H
#define QCT_CLI_FEMUR_OPTIONS_H

#include "cli/command.h"
#include "cli/reference_options.h"
#include "core/calibration.h"
#include "core/frame.h"
#include "core/image.h"
#include "core/volume.h"

struct femur_paths {
  const char *density, *labels, *frame, *calibration;
  struct reference_paths reference; /* none: the frame as it is */
  int label;                        /* 0: by the frame's side */
  int material;                     /* index of femur_materials; 0: as the density states */
};
static const char *const femur_materials[] = {"as stated", "K2HPO4", "HA", "ash", "apparent", NULL};

/* `m` is a struct femur_paths in the parameters. */
#define FEMUR_ARGUMENTS(T, m)                                                                      \
  ARG_IN(T, m.density, "density", "calibrated bone density [mg/cm3] with its side file"),          \
      ARG_IN(T, m.labels, "labels", "label map on the same grid"),                                 \
      ARG_IN(T, m.frame, "frame", "hip frame of the femur (frame.json)"),                          \
      OPT_INT(T, m.label, "label", "", 0, 65535,                                                   \
              "value of the femur; 0: 76 for a right frame, 75 for a left one")
#define FEMUR_CALIBRATION(T, m)                                                                    \
  OPT_IN(T, m.calibration, "calibration", "calibration.json, for intervals")
#define FEMUR_MATERIAL(T, m)                                                                       \
  OPT_CHOICE(T, m.material, "material", femur_materials,                                           \
             "material of a density that does not state it")

struct femur_inputs {
  struct volume *density; /* owned */
  struct labels *labels;  /* owned */
  struct hip_frame frame;
  struct calibration kept;
  const struct calibration *calibration; /* NULL: none given */
  int label;
};

/** @param read  as of image_read: with QUANTITY_DENSITY an image in HU is refused */
static inline status femur_inputs_read(struct femur_inputs *in, const struct femur_paths *p,
                                       const struct image_read_options *read) {
  static const enum material materials[] = {MATERIAL_NONE, MATERIAL_K2HPO4, MATERIAL_HA,
                                            MATERIAL_ASH, MATERIAL_APPARENT};
  status st = ST_OK;
  TRY(image_read(&in->density, p->density, read));
  if (p->material) TRY(volume_assume_material(in->density, materials[p->material]));
  TRY(labels_read_on(&in->labels, p->labels, &in->density->grid));
  TRY(hip_frame_read(&in->frame, p->frame));
  if (p->calibration) {
    TRY(calibration_read_of(&in->kept, p->calibration, in->density));
    in->calibration = &in->kept;
  }
  in->label = p->label                      ? p->label
              : in->frame.side == SIDE_LEFT ? LABEL_FEMUR_LEFT
                                            : LABEL_FEMUR_RIGHT;
  const int other = in->frame.side == SIDE_LEFT ? LABEL_FEMUR_RIGHT : LABEL_FEMUR_LEFT;
  CHECK(in->label != other, ST_DOMAIN,
        "label %d is the femur of the other side than the frame's, %s", in->label,
        side_name(in->frame.side));
  TRY(reference_apply(&in->frame, in->labels, in->label, &p->reference));
done:
  return st;
}

static inline void femur_inputs_free(struct femur_inputs *in) {
  volume_destroy(in->density);
  labels_destroy(in->labels);
}

#endif
