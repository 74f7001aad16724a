#include "cli/fall_run.h"

#include "core/file.h"
#include "core/log.h"
#include "fea/calculix.h"

static status write_outputs(struct context *ctx, const struct fall_params *p,
                            const struct fea_fall *f) {
  status st = ST_OK;
  struct picture *picture = NULL;
  cJSON *provenance = context_provenance(ctx);
  TRY(context_write_record(ctx, f->record, p->out));
  if (p->fields) TRY(fea_fall_write(f, p->fields, provenance, ctx->force));
  if (p->inp) TRY(fea_calculix_write(f->model, 0, p->bins, p->inp, ctx->force));
  TRY(fea_curve_write(ctx, f->curve, p->curve, p->curve_picture));
  if (p->picture) {
    TRY(fea_fall_picture(&picture, f));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
done:
  picture_destroy(picture);
  cJSON_Delete(provenance);
  return st;
}

status fall_command(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct fall_params *p = params;
  const struct image_read_options as_density = {.quantity = QUANTITY_DENSITY};
  struct fea_fall_options o = p->model;
  struct femur_inputs in = {0};
  struct fea_fall *f = NULL;
  struct fea_user_law user_law;
  int rank, ranks;
  TRY(fea_ranks(&rank, &ranks));
  if (rank > 0) log_set_sink(NULL, NULL);
  TRY(femur_inputs_read(&in, &p->femur, &as_density));
  o.interval = !p->no_interval;
  if (p->user_law) {
    TRY(fea_law_parse(&user_law, p->user_law));
    o.user_law = &user_law.law;
  }
  if (p->elements != FEA_HEX8) {
    struct fea_tet_options tets = p->tets;
    const struct fall_tets_outputs outputs = {p->out, p->fields, p->picture,
                                              p->inp, p->mesh,   p->bins};
    tets.element = p->elements;
    tets.smooth_mm = o.smooth_mm;
    CHECK(!p->curve && !p->curve_picture, ST_USAGE,
          "--curve is for voxels: take --elements hex8 or leave it out");
    TRY(fall_with_tets(ctx, in.density, in.labels, in.label, &in.frame, in.calibration, &o, &tets,
                       &outputs, rank));
    goto done;
  }
  TRY(fea_fall_run(&f, in.density, in.labels, in.label, &in.frame, in.calibration, &o));
  log_info("failure load %.0f N, stiffness %.0f N/mm (%s); residual %.1e, reactions balance to "
           "%.0e, work %.6g = 2 x energy %.6g N mm",
           f->failure_load_n, f->stiffness_n_mm, f->words, f->solution->residual,
           f->solution->balance, 2 * f->solution->work_nmm, f->solution->energy_nmm);
  if (rank == 0) TRY(write_outputs(ctx, p, f));
  if (rank == 0 && p->mesh) TRY(voxel_model_write(f->model, p->bins, p->mesh, ctx->force));
done:
  fea_fall_destroy(f);
  femur_inputs_free(&in);
  return st;
}
