#include "fea/compress.h"

#include "fea/figures.h"
#include "fea/record_rows.h"

#include <stdio.h>
#include <stdlib.h>

static const struct fea_compress_options defaults = FEA_COMPRESS_DEFAULTS;
const char *const fea_compress_names[] = {"glued", "sliding", "confined", NULL};

/* Smooth plates leave three rigid motions: hold one node of the lower face across, a second one
 * along one direction. */
static status pin(struct fea_model *m, int axis) {
  status st = ST_OK;
  const int p = (axis + 1) % 3, q = (axis + 2) % 3;
  const int64_t n[3] = {m->grid.nx, m->grid.ny, m->grid.nz};
  int64_t first = -1, second = -1, first_a = 0, at[3] = {0, 0, 0};
  for (at[q] = 0; at[q] <= n[q] && second < 0; at[q]++)
    for (at[p] = 0; at[p] <= n[p]; at[p]++) {
      if (!fea_model_node_active(m, at[0], at[1], at[2])) continue;
      if (first < 0) {
        first = fea_model_node(m, at[0], at[1], at[2]);
        first_a = at[p];
      } else if (at[p] != first_a)
        second = fea_model_node(m, at[0], at[1], at[2]);
    }
  CHECK(first >= 0 && second >= 0, ST_DOMAIN,
        "compression: the lower face has no two nodes to pin");
  TRY(fea_model_fix(m, first, p, 0));
  TRY(fea_model_fix(m, first, q, 0));
  TRY(fea_model_fix(m, second, q, 0));
done:
  return st;
}

static bool side_active(const struct fea_model *m, int plane_axis, int64_t index) {
  int64_t low[3] = {0, 0, 0}, high[3] = {m->grid.nx, m->grid.ny, m->grid.nz};
  low[plane_axis] = high[plane_axis] = index;
  for (int64_t k = low[2]; k <= high[2]; k++)
    for (int64_t j = low[1]; j <= high[1]; j++)
      for (int64_t i = low[0]; i <= high[0]; i++)
        if (fea_model_node_active(m, i, j, k)) return true;
  return false;
}

static status support(struct fea_model *m, double displacement_mm,
                      const struct fea_compress_options *o) {
  status st = ST_OK;
  const int64_t n[3] = {m->grid.nx, m->grid.ny, m->grid.nz};
  const int across[2] = {(o->axis + 1) % 3, (o->axis + 2) % 3};
  CHECK(side_active(m, o->axis, 0) && side_active(m, o->axis, n[o->axis]), ST_DOMAIN,
        "compression: the largest connected part (%lld voxels were dropped) does not reach both "
        "faces of the box; crop to the bone, or lower the threshold",
        (long long)m->dropped_bone);
  TRY(fea_model_fix_plane(m, o->axis, 0, o->axis, 0));
  TRY(fea_model_fix_plane(m, o->axis, n[o->axis], o->axis, -displacement_mm));
  switch ((enum fea_compress_kind)o->kind) {
  case FEA_GLUED:
    for (int a = 0; a < 2; a++) {
      TRY(fea_model_fix_plane(m, o->axis, 0, across[a], 0));
      TRY(fea_model_fix_plane(m, o->axis, n[o->axis], across[a], 0));
    }
    break;
  case FEA_SLIDING:
    TRY(pin(m, o->axis));
    break;
  case FEA_CONFINED:
    for (int a = 0; a < 2; a++)
      for (int side = 0; side < 2; side++)
        if (side_active(m, across[a], side ? n[across[a]] : 0))
          TRY(fea_model_fix_plane(m, across[a], side ? n[across[a]] : 0, across[a], 0));
    break;
  }
done:
  return st;
}

static status make_record(struct fea_compress *c) {
  status st = ST_OK;
  const double box = (double)geometry_voxels(&c->model->grid);
  struct fea_rows_writer w = {.prefix = "compress", .region = "cube", .method = c->words};
  TRY(record_create(&w.record, ""));
  c->record = w.record;
  fea_row(&w, "failure_load", c->load_n * c->failure.factor_pistoia, "N", "pistoia2002");
  fea_row(&w, "apparent_modulus", c->apparent_modulus_mpa, "MPa", "");
  fea_row(&w, "stiffness", c->stiffness_n_mm, "N/mm", "");
  fea_row(&w, "failure_load_strain_volume", c->load_n * c->failure.factor_volume, "N",
          "schileo2014");
  fea_row(&w, "failure_load_strain_limit", c->load_n * c->failure.factor_limit, "N", "schileo2014");
  fea_row(&w, "load", c->load_n, "N", "");
  fea_row(&w, "displacement", c->displacement_mm, "mm", "");
  fea_row(&w, "fraction", (double)c->model->element_count / box, "", "");
  fea_solution_rows(&w, c->model, c->solution);
  CHECK(!w.failed, ST_MEMORY, "compression: no memory for the record");
done:
  return st;
}

status fea_compress_run(struct fea_compress **out, struct fea_model *model, const char *words,
                        const struct fea_compress_options *options) {
  status st = ST_OK;
  const struct fea_compress_options *o = options ? options : &defaults;
  struct fea_compress *c = calloc(1, sizeof *c);
  const int64_t n[3] = {model->grid.nx, model->grid.ny, model->grid.nz};
  const double h = model->grid.spacing[0];
  double sum[3];
  CHECK(c, ST_MEMORY, "compression: no memory");
  CHECK(o->axis >= 0 && o->axis < 3 && o->strain > 0 && o->strain <= 0.2, ST_DOMAIN,
        "compression: axis %d with a shortening of %g; permitted are 0 .. 2 and up to 0.2", o->axis,
        o->strain);
  c->displacement_mm = o->strain * (double)n[o->axis] * h;
  TRY(fea_model_keep_largest(model));
  TRY(support(model, c->displacement_mm, o));
  TRY(fea_model_finish(model));
  TRY(fea_solve(&c->solution, model, 0, &o->solve));
  TRY(fea_fields_create(&c->fields, model, c->solution));
  TRY(fea_failure_find(&c->failure, model, c->fields, &o->failure));
  c->limits = o->failure;
  fea_solution_plane_reaction(c->solution, model, o->axis, n[o->axis], sum);
  c->load_n = -sum[o->axis];
  c->stiffness_n_mm = c->load_n / c->displacement_mm;
  c->apparent_modulus_mpa =
      c->load_n / (h * h * (double)(n[(o->axis + 1) % 3] * n[(o->axis + 2) % 3])) / o->strain;
  snprintf(c->words, sizeof c->words, "compress-%s/1 %c %s hex %g mm", fea_compress_names[o->kind],
           "xyz"[o->axis], words, h);
  c->model = model;
  TRY(make_record(c));
  if (o->beyond.rule) {
    TRY(fea_beyond_run(&c->curve, model, NULL, &o->beyond, &o->solve));
    TRY(fea_beyond_rows(c->record, "compress", "cube", c->words, c->curve, &o->beyond, h));
  }
  *out = c;
  c = NULL;
done:
  if (c) c->model = NULL; /* stays the caller's */
  fea_compress_destroy(c);
  return st;
}

void fea_compress_destroy(struct fea_compress *c) {
  if (!c) return;
  record_destroy(c->record);
  fea_curve_destroy(c->curve);
  fea_fields_destroy(c->fields);
  fea_solution_destroy(c->solution);
  fea_model_destroy(c->model);
  free(c);
}

status fea_compress_picture(struct picture **out, const struct fea_compress *c) {
  const struct geometry *g = &c->model->grid;
  char caption[160];
  const struct fea_view views[2] = {
      {.right = 0, .up = 2, .cut = g->ny / 2, .title = "cut through the middle"},
      {.right = 0, .up = 2, .cut = -1, .title = "largest through the cube"}};
  snprintf(caption, sizeof caption,
           "strain at the failure load of %.4g N; orange tension, blue "
           "compression",
           c->load_n * c->failure.factor_pistoia);
  return fea_figure(out, c->model, c->fields, NULL, &c->limits, c->failure.factor_pistoia, views, 2,
                    1000, caption);
}
