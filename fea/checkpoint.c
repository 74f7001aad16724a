#include "fea/checkpoint.h"

#include "core/file.h"
#include "core/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits. */
static uint64_t mix(uint64_t hash, const void *data, size_t size) {
  const unsigned char *byte = data;
  for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
  return hash;
}

void fea_checkpoint_key(char key[40], const struct fea_model *m, int load_case, int ranks) {
  const struct fea_case *c = &m->cases[load_case];
  uint64_t hash = UINT64_C(14695981039346656037);
  hash = mix(hash, m->modulus, (size_t)geometry_voxels(&m->grid) * sizeof *m->modulus);
  hash = mix(hash, &m->unit, sizeof m->unit);
  hash = mix(hash, m->grid.spacing, sizeof m->grid.spacing);
  for (int64_t f = 0; f < m->fixed_count; f++) {
    hash = mix(hash, &m->fixed[f].node, sizeof m->fixed[f].node);
    hash = mix(hash, &m->fixed[f].axis, sizeof m->fixed[f].axis);
    hash = mix(hash, &c->value_mm[f], sizeof c->value_mm[f]);
  }
  for (int64_t f = 0; f < c->force_count; f++) {
    hash = mix(hash, &c->force[f].node, sizeof c->force[f].node);
    hash = mix(hash, &c->force[f].axis, sizeof c->force[f].axis);
    hash = mix(hash, &c->force[f].newton, sizeof c->force[f].newton);
  }
  snprintf(key, 40, "%016" PRIx64 " case %d ranks %d", hash, load_case, ranks);
}

static void name_file(char *out, size_t size, const struct fea_solver *s, int load_case) {
  if (s->comm->ranks > 1)
    snprintf(out, size, "%s.case%d.rank%d.h5", s->options->checkpoint, load_case, s->comm->rank);
  else
    snprintf(out, size, "%s.case%d.h5", s->options->checkpoint, load_case);
}

status fea_checkpoint_write(const struct fea_solver *s, int load_case, const double *x) {
  status st = ST_OK;
  struct store *store = NULL;
  char path[1024], key[40];
  name_file(path, sizeof path, s, load_case);
  fea_checkpoint_key(key, s->model, load_case, s->comm->ranks);
  TRY(store_create(&store, path, true));
  TRY(store_write(store, "displacement_mm", STORE_F64, 1, &s->owned, x));
  TRY(store_set_text(store, "", "problem", key));
  TRY(store_commit(store));
done:
  store_close(store);
  return st;
}

status fea_checkpoint_read(const struct fea_solver *s, int load_case, double *x, bool *found) {
  status st = ST_OK;
  struct store *store = NULL;
  char path[1024], key[40], other[40] = "";
  *found = false;
  name_file(path, sizeof path, s, load_case);
  if (!file_exists(path)) return ST_OK;
  fea_checkpoint_key(key, s->model, load_case, s->comm->ranks);
  TRY(store_open(&store, path));
  TRY(store_get_text(store, "", "problem", other, sizeof other));
  CHECK(!strcmp(key, other), ST_DOMAIN,
        "checkpoint: %s is of another model or number of processes; remove it or name another "
        "checkpoint",
        path);
  TRY(store_read(store, "displacement_mm", STORE_F64, x, s->owned));
  *found = true;
done:
  store_close(store);
  return st;
}

void fea_checkpoint_remove(const struct fea_solver *s) {
  char path[1024];
  for (int c = 0; c < s->model->case_count; c++) {
    name_file(path, sizeof path, s, c);
    remove(path);
  }
}
