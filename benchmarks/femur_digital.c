/* usage: bench_femur FOLDER...
 * Each folder holds a digital patient (`qct phantom hip --format nifti`). One CSV row each: how far
 * the femur and the frame found from the CT alone lie from the truth, and those of a frame made
 * from the true label. */
#include "anatomy/compare.h"
#include "anatomy/femur.h"
#include "anatomy/frame.h"
#include "core/image.h"
#include "core/status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_frame(const struct hip_frame *f, const struct hip_frame *truth) {
  printf(",%.2f,%.3f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f", vec3_length(vec3_sub(f->head, truth->head)),
         f->head_radius_mm - truth->head_radius_mm, f->neck_shaft_deg - truth->neck_shaft_deg,
         vec3_angle_deg(f->neck_axis, truth->neck_axis),
         vec3_angle_deg(f->shaft_axis, truth->shaft_axis), f->offset_mm - truth->offset_mm,
         f->fal_mm - truth->fal_mm, f->lesser_trochanter_mm - truth->lesser_trochanter_mm);
}

static int64_t pelvis_voxels(const struct labels *found, const struct labels *truth, int femur) {
  int pelvis = femur == LABEL_FEMUR_LEFT ? LABEL_HIP_LEFT : LABEL_HIP_RIGHT;
  int64_t n = 0;
  for (int64_t i = 0; i < geometry_voxels(&truth->grid); i++)
    n += found->voxels[i] == femur && truth->voxels[i] == pelvis;
  return n;
}

static status one(const char *folder) {
  status st = ST_OK;
  char path[4096];
  struct volume *ct = NULL;
  struct labels *truth = NULL;
  struct femur_result *r = NULL;
  struct hip_frame frame, given;
  struct compare_result c;
  snprintf(path, sizeof path, "%s/ct.nii.gz", folder);
  TRY(image_read(&ct, path, &(struct image_read_options){.quantity = QUANTITY_HU}));
  snprintf(path, sizeof path, "%s/labels.nii.gz", folder);
  TRY(labels_read_on(&truth, path, &ct->grid));
  snprintf(path, sizeof path, "%s/frame.json", folder);
  TRY(hip_frame_read(&frame, path));
  double start = seconds();
  TRY(femur_find(&r, ct, NULL));
  double spent = seconds() - start;
  const struct femur *f = &r->sides[frame.side == SIDE_LEFT ? 1 : 0];
  printf("%s,%s,%.2f,%.1f", folder, f->state == FEMUR_FOUND ? "found" : f->reason,
         f->frame.head_score, spent);
  if (f->state == FEMUR_FOUND) {
    TRY(compare_labels(&c, r->labels, f->label, truth, f->label));
    printf(",%.4f,%.2f,%.2f,%.2f,%lld", c.dice, c.mean_mm, c.p95_mm, c.most_mm,
           (long long)pelvis_voxels(r->labels, truth, f->label));
    print_frame(&f->frame, &frame);
    TRY(femur_frame(&given, truth, f->label, frame.side, NULL));
    print_frame(&given, &frame);
  }
  printf("\n");
  fflush(stdout);
done:
  volume_destroy(ct);
  labels_destroy(truth);
  femur_result_destroy(r);
  return st;
}

int main(int argc, char **argv) {
  static const char *const frame[] = {"head_mm",   "radius_mm", "nsa_deg", "neck_deg",
                                      "shaft_deg", "offset_mm", "fal_mm",  "lesser_mm"};
  printf(
      "folder,state,score,cpu_s,dice,surface_mean_mm,surface_p95_mm,surface_most_mm,pelvis_voxels");
  for (int i = 0; i < 8; i++) printf(",%s", frame[i]);
  for (int i = 0; i < 8; i++) printf(",true_label_%s", frame[i]);
  printf("\n");
  for (int i = 1; i < argc; i++)
    if (one(argv[i]) != ST_OK) {
      fprintf(stderr, "%s: %s\n", argv[i], status_message());
      return 1;
    }
  return 0;
}
