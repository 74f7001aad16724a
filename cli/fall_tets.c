#include "cli/fall_tets.h"

#include "core/file.h"
#include "core/log.h"
#include "fea/mesh_file.h"
#include "fea/tet_picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The model and its fields as a mesh file by suffix, bins for text jobs. */
static status tet_model_write(const struct fea_mesh *m, const struct fea_mesh_solution *solution,
                              const struct fea_mesh_fields *fields, const struct tet_frame *frame,
                              int bins, const char *path, bool force) {
  status st = ST_OK;
  struct fea_mesh copy = *m;
  double *lps = NULL;
  copy.modulus = malloc((size_t)m->element_count * sizeof *copy.modulus);
  CHECK(copy.modulus, ST_MEMORY, "mesh file: no memory");
  memcpy(copy.modulus, m->modulus, (size_t)m->element_count * sizeof *copy.modulus);
  if (!file_has_suffix(path, ".vtu")) {
    TRY(fea_mesh_bin(&copy, bins));
    TRY(fea_mesh_write(&copy, NULL, 0, path, force));
    goto done;
  }
  lps = malloc(3 * (size_t)m->node_count * sizeof *lps);
  CHECK(lps, ST_MEMORY, "mesh file: no memory");
  for (int64_t n = 0; n < m->node_count; n++) {
    const struct vec3 w = tet_to_world(frame, fea_mesh_point(m, n));
    lps[3 * n] = w.x, lps[3 * n + 1] = w.y, lps[3 * n + 2] = w.z;
  }
  const struct fea_mesh_field all[] = {
      {"position_lps_mm", 3, true, lps, NULL},
      {"displacement_mm", 3, true, solution->displacement, NULL},
      {"reaction_n", 3, true, solution->reaction, NULL},
      {"strain", 6, false, NULL, fields->strain},
      {"tension", 1, false, NULL, fields->tension},
      {"compression", 1, false, NULL, fields->compression},
      {"von_mises_mpa", 1, false, NULL, fields->von_mises_mpa},
      {"energy_mpa", 1, false, NULL, fields->energy_mpa},
  };
  TRY(fea_mesh_write(&copy, all, sizeof all / sizeof all[0], path, force));
done:
  free(copy.modulus);
  free(lps);
  return st;
}

static status write_all(struct context *ctx, const struct fea_tet_fall *f,
                        const struct voxel_paths *to, const char *mesh) {
  status st = ST_OK;
  struct picture *picture = NULL;
  char fields[4096];
  snprintf(fields, sizeof fields, "%s.vtu", to->fields ? to->fields : "");
  const char *const models[] = {to->fields ? fields : NULL, mesh, to->inp};
  TRY(context_write_record(ctx, f->record, to->out));
  for (int i = 0; i < 3; i++)
    if (models[i])
      TRY(tet_model_write(f->mesh, f->solution, f->fields, &f->frame, to->bins, models[i],
                          ctx->force));
  TRY(curve_outputs_write(ctx, to, f->curve));
  if (to->picture) {
    TRY(fea_tet_picture(&picture, f));
    TRY(picture_write_png(picture, to->picture, ctx->force));
  }
done:
  picture_destroy(picture);
  return st;
}

status fall_with_tets(struct context *ctx, const struct volume *density,
                      const struct labels *labels, int label, const struct hip_frame *frame,
                      const struct calibration *calibration, const struct fea_fall_options *options,
                      const struct fea_tet_options *tets, const struct voxel_paths *to,
                      const char *mesh, int rank) {
  status st = ST_OK;
  struct fea_tet_fall *f = NULL;
  TRY(fea_tet_fall_run(&f, density, labels, label, frame, calibration, options, tets));
  log_info("failure load %.0f N (surface nodes %.0f N), stiffness %.0f N/mm (%s)",
           f->failure_load_n, f->load_n * f->failure.factor_limit, f->stiffness_n_mm, f->words);
  log_info("%lld nodes; least scaled Jacobian of an element %.3f, edges of %lld straightened",
           (long long)f->mesh->node_count, f->quality.least, (long long)f->quality.straightened);
  solution_say(f->solution->residual, f->solution->balance, f->solution->energy_nmm,
               f->solution->work_nmm, f->curve);
  if (rank == 0) TRY(write_all(ctx, f, to, mesh));
done:
  fea_tet_fall_destroy(f);
  return st;
}
