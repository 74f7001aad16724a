#include "cli/voxel_outputs.h"

#include "core/file.h"
#include "core/log.h"
#include "fea/mesh_file.h"
#include "fea/store_fields.h"

static status write_curve(const struct context *ctx, const struct fea_curve *c, const char *curve,
                          const char *picture) {
  status st = ST_OK;
  struct table *table = NULL;
  struct text svg = {0};
  CHECK(c || (!curve && !picture), ST_USAGE, "curve: --curve and --curve-picture need --nonlinear");
  if (curve) {
    TRY(fea_curve_table(&table, c));
    TRY(table_write(table, curve, ctx->force));
  }
  if (picture) {
    TRY(fea_curve_svg(&svg, c));
    TRY(text_check(&svg, "curve"));
    TRY(file_write(picture, svg.data, svg.length, ctx->force));
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
  TRY(write_curve(ctx, r->curve, to->curve, to->curve_picture));
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
