#include "ml/cnn_pack.h"

#include "core/file.h"
#include "core/image_store.h"
#include "core/progress.h"
#include "core/table_join.h"
#include "ml/cnn_data.h"

#include <stdio.h>
#include <string.h>

status cnn_manifest_open(struct cnn_manifest *out, const char *path) {
  status st = ST_OK;
  struct cnn_manifest m = {0};
  if (file_has_suffix(path, ".h5")) {
    TRY(table_store_read(&m.table, path));
    TRY(store_open(&m.store, path));
  } else {
    TRY(table_read(&m.table, path));
  }
  int n = (int)(file_name(path) - path);
  snprintf(m.folder, sizeof m.folder, "%.*s", n > 1 ? n - 1 : n, path); /* without the slash */
  *out = m;
  memset(&m, 0, sizeof m);
done:
  cnn_manifest_close(&m);
  return st;
}

void cnn_manifest_close(struct cnn_manifest *m) {
  table_destroy(m->table);
  store_close(m->store);
  memset(m, 0, sizeof *m);
}

/* The image of a row goes in; its name takes the place of its path. */
static status pack_cell(struct store *s, struct table *t, const struct cnn_data *d,
                        const char *column, int64_t row, bool is_label) {
  status st = ST_OK;
  char name[128];
  struct volume *v = NULL;
  struct labels *l = NULL;
  snprintf(name, sizeof name, "images/%06lld/%s", (long long)row + 1, column);
  if (is_label) {
    TRY(cnn_data_labels(&l, d, column, row));
    TRY(image_store_write_labels(s, name, l));
  } else {
    TRY(cnn_data_volume(&v, d, column, row));
    TRY(image_store_write_volume(s, name, v));
  }
  TRY(table_set_text(t, (size_t)row, (size_t)table_find(t, column), name));
done:
  if (st != ST_OK) status_note("row %lld of the manifest", (long long)row + 1);
  volume_destroy(v);
  labels_destroy(l);
  return st;
}

static status pack_row(struct store *s, struct table *t, const struct cnn_data *d, int64_t row) {
  status st = ST_OK;
  TRY(pack_cell(s, t, d, d->o.image, row, false));
  for (int c = 2; c <= CNN_CHANNELS; c++) {
    char column[128];
    snprintf(column, sizeof column, "%s%d", d->o.image, c);
    if (table_find(t, column) >= 0) TRY(pack_cell(s, t, d, column, row, false));
  }
  if (d->o.labels) TRY(pack_cell(s, t, d, d->o.labels, row, true));
done:
  return st;
}

status cnn_pack(const char *path, struct cnn_manifest *m, const char *image, const char *labels,
                const char *provenance, bool force) {
  status st = ST_OK;
  struct store *s = NULL;
  struct progress p;
  const struct cnn_data d = {
      .table = m->table,
      .o = {.image = image, .labels = labels, .folder = m->folder, .store = m->store}};
  int64_t n = (int64_t)m->table->row_count;
  progress_begin(&p, "pack", "images", n);
  CHECK(table_find(m->table, image) >= 0, ST_DOMAIN, "the manifest has no column \"%s\"", image);
  CHECK(!labels || table_find(m->table, labels) >= 0, ST_DOMAIN,
        "the manifest has no column \"%s\"", labels);
  TRY(store_create(&s, path, force));
  for (int64_t row = 0; row < n; row++) {
    TRY(pack_row(s, m->table, &d, row));
    progress_update(&p, row + 1, NULL);
  }
  TRY(table_store_put(s, m->table, provenance));
  TRY(store_commit(s));
done:
  progress_end(&p);
  store_close(s);
  return st;
}
