#include "anatomy/vertebra.h"
#include "cli/command.h"
#include "core/image.h"
#include "core/log.h"

#include <math.h>
#include <stdio.h>

struct params {
  const char *labels, *bodies, *ct, *out;
  int kind;
};

static const struct params defaults = {.kind = VERTEBRA_AUTO};

static const struct option options[] = {
    ARG_IN(struct params, labels, "labels", "label map of vertebrae by level"),
    OPT_IN(struct params, bodies, "bodies",
           "map of vertebral bodies on the same grid (TotalSegmentator vertebrae_body)"),
    OPT_IN(struct params, ct, "ct",
           "CT or density on the same grid, for the picture and for where the scan ends"),
    OPT_CHOICE(struct params, kind, "kind", vertebra_kind_names,
               "what the labels hold: whole vertebrae, whose arch is cut off, or bodies"),
    OPT_OUT_REQUIRED(struct params, out, "out",
                     "folder for labels.nii.gz, frames.json, vertebrae.png"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom spine --out spine --view column --spacing 1,1,3 --format nifti",
     "a digital spine"},
    {"qct anatomy vertebrae spine/labels.nii.gz --ct spine/ct.nii.gz --out vertebrae",
     "bodies without arches, and a frame for each level"},
    {NULL, NULL}};

static const char *const sources[] = {"totalseg2023", "totalseg_spine", NULL};

static void report(const struct vertebra_result *r) {
  for (int i = 0; i < r->frames.count; i++) {
    const struct vertebra_frame *f = &r->frames.items[i];
    char heights[80] = ""; /* the flags say why there are none */
    if (!isnan(f->height_middle_mm))
      snprintf(heights, sizeof heights, ", heights %.1f %.1f %.1f mm (front, middle, back)",
               f->height_anterior_mm, f->height_middle_mm, f->height_posterior_mm);
    log_info("%s: %.1f ml%s%s%s", f->level, f->body_mm3 / 1000, heights, *f->flags ? "; " : "",
             f->flags);
  }
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    if (*r->refused[level]) log_warning("%s: %s", vertebra_level_name(level), r->refused[level]);
  if (*r->frames.flags) log_warning("%s", r->frames.flags);
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *ct = NULL;
  struct labels *labels = NULL, *bodies = NULL;
  struct vertebra_result *r = NULL;
  cJSON *provenance = NULL;
  if (p->ct) TRY(image_read(&ct, p->ct, &(struct image_read_options){.quantity = QUANTITY_HU}));
  TRY(labels_read_on(&labels, p->labels, ct ? &ct->grid : NULL));
  if (p->bodies) TRY(labels_read_on(&bodies, p->bodies, &labels->grid));
  TRY(vertebrae_from_labels(&r, labels, bodies, ct, (enum vertebra_kind)p->kind));
  provenance = context_provenance(ctx);
  TRY(vertebra_result_write(r, ct, p->out, provenance, ctx->force));
  report(r);
done:
  volume_destroy(ct);
  labels_destroy(labels);
  labels_destroy(bodies);
  vertebra_result_destroy(r);
  cJSON_Delete(provenance);
  return st;
}

const struct command cmd_anatomy_vertebrae = {
    .name = "anatomy vertebrae",
    .summary = "Take the vertebral bodies from a label map and frame each of them",
    .about =
        "Levels come from the map: by name (vertebrae_L1, L1) or by TotalSegmentator's numbers "
        "(26 S1, 27 L5 ... 50 C1); a level is never guessed. Whole vertebrae are cut at the front "
        "edge of the spinal canal; with --bodies the overlap of both maps is taken. A frame holds "
        "centre, axes, end-plate planes and heights [mm] at 15, 50 and 85 % of the depth.\n\n"
        "Heights come from the labels: each may be off by the step of the voxels along the body "
        "(height_step_mm). A body that touches the edge of the scan has no heights. Levels out of "
        "order, in pieces, or nearer than 15 or farther than 60 mm apart carry the flag "
        "level_order. A body shallower than 15, deeper than 50 or higher than 45 mm is refused. "
        "Look "
        "at the picture.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
