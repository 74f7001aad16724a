#include "cli/fall_run.h"

#include "core/log.h"
#include "fea/mesh_file.h"

#include <math.h>

status fall_command(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct fall_params *p = params;
  const struct image_read_options as_density = {.quantity = QUANTITY_DENSITY};
  struct fea_fall_options o = p->model;
  struct femur_inputs in = {0};
  struct fea_fall *f = NULL;
  struct picture *picture = NULL;
  struct fea_user_law user_law;
  int rank;
  TRY(curve_paths_check(&p->to, &o.beyond));
  CHECK(isnan(o.mass_kg) == isnan(o.height_m), ST_USAGE,
        "the force of a fall needs --mass and --height; only one is given");
  CHECK(isnan(o.fall_force_n) || (isnan(o.mass_kg) && isnan(o.tissue_mm)), ST_USAGE,
        "--fall-force is the force that arrives at the bone; give --mass, --height and "
        "--soft-tissue, or it");
  CHECK(isnan(o.tissue_mm) || !isnan(o.mass_kg), ST_USAGE,
        "--soft-tissue reduces the force of --mass and --height; they are not given");
  TRY(fea_command_rank(&rank));
  TRY(femur_inputs_read(&in, &p->femur, &as_density));
  o.interval = !p->no_interval;
  if (p->user_law) {
    TRY(fea_law_parse(&user_law, p->user_law));
    o.user_law = &user_law.law;
  }
  if (p->elements != FEA_HEX8) {
    struct fea_tet_options tets = p->tets;
    tets.element = p->elements;
    tets.smooth_mm = o.smooth_mm;
    TRY(fall_with_tets(ctx, in.density, in.labels, in.label, &in.frame, in.calibration, &o, &tets,
                       &p->to, p->mesh, rank));
    goto done;
  }
  TRY(fea_fall_run(&f, in.density, in.labels, in.label, &in.frame, in.calibration, &o));
  log_info("failure load %.0f N, stiffness %.0f N/mm (%s)", f->failure_load_n, f->stiffness_n_mm,
           f->words);
  solution_say(f->solution->residual, f->solution->balance, f->solution->energy_nmm,
               f->solution->work_nmm, f->curve);
  if (rank > 0) goto done;
  const struct voxel_result r = VOXEL_RESULT(f);
  if (p->to.picture) TRY(fea_fall_picture(&picture, f));
  TRY(voxel_outputs_write(ctx, &p->to, &r, picture));
  if (p->mesh) TRY(fea_model_write(f->model, 0, p->to.bins, p->mesh, ctx->force));
done:
  picture_destroy(picture);
  fea_fall_destroy(f);
  femur_inputs_free(&in);
  return st;
}
