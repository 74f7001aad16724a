#include "cli/voxel_outputs.h"

#include "core/file.h"
#include "core/log.h"
#include "core/plot.h"
#include "fea/mesh_file.h"
#include "fea/store_fields.h"

void solution_say(double residual, double balance, double energy_nmm, double work_nmm,
                  const struct fea_curve *c) {
  log_info(
      "checks: equations solved to %.1e, reactions in balance to %.0e, strain energy %.6g N mm "
      "for %.6g N mm of work",
      residual, balance, energy_nmm, work_nmm);
  if (c)
    log_info("beyond yield: largest force %.0f N at %.2f mm, %s", c->peak_n, c->peak_mm,
             c->fell ? "then falling" : "where the curve ends");
}

status curve_paths_check(const struct voxel_paths *to, const struct fea_beyond_options *beyond) {
  status st = ST_OK;
  CHECK(beyond->rule || (!to->curve && !to->curve_picture), ST_USAGE,
        "curve: --curve and --curve-picture need --nonlinear");
done:
  return st;
}

status curve_outputs_write(const struct context *ctx, const struct voxel_paths *to,
                           const struct fea_curve *c) {
  status st = ST_OK;
  struct table *table = NULL;
  struct text svg = {0};
  if (to->curve) {
    TRY(fea_curve_table(&table, c));
    TRY(table_write(table, to->curve, ctx->force));
  }
  if (to->curve_picture) {
    TRY(fea_curve_svg(&svg, c));
    TRY(plot_write(to->curve_picture, &svg, ctx->force));
  }
done:
  text_free(&svg);
  table_destroy(table);
  return st;
}

status voxel_outputs_write(struct context *ctx, const struct voxel_paths *to,
                           const struct voxel_result *r, const struct picture *picture) {
  status st = ST_OK;
  cJSON *provenance = context_provenance(ctx);
  TRY(context_write_record(ctx, r->record, to->out));
  if (to->fields)
    TRY(fea_store_fields(r->model, r->solution, r->fields, r->failure, r->words, to->fields,
                         provenance, ctx->force));
  if (to->inp) TRY(fea_model_write(r->model, 0, to->bins, to->inp, ctx->force));
  TRY(curve_outputs_write(ctx, to, r->curve));
  if (picture) TRY(picture_write_png(picture, to->picture, ctx->force));
done:
  cJSON_Delete(provenance);
  return st;
}

status fea_command_rank(int *rank) {
  status st = ST_OK;
  int ranks;
  TRY(fea_ranks(rank, &ranks));
  if (*rank > 0) log_set_sink(NULL, NULL);
done:
  return st;
}
