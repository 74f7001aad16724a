#include "ml/cnn_data.h"

#include "core/image.h"
#include "core/image_store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cnn_cached {
  struct cnn_input in; /* values NULL: not here */
  uint8_t *klass;
  char flags[192];
};

/* ---- columns of the table ---- */

static status find_column(int *out, const struct table *t, const char *name) {
  status st = ST_OK;
  *out = table_find(t, name);
  CHECK(*out >= 0, ST_DOMAIN, "the manifest has no column \"%s\"", name);
done:
  return st;
}

static status numbers_of(double **out, const struct table *t, const char *name) {
  status st = ST_OK;
  const double *from = NULL;
  double *x = NULL;
  TRY(table_numbers(&from, t, name, "manifest"));
  x = malloc((t->row_count + 1) * sizeof *x);
  CHECK(x, ST_MEMORY, "column %s", name);
  for (size_t i = 0; i < t->row_count; i++) {
    x[i] = from[i];
    CHECK(isfinite(x[i]), ST_DOMAIN, "row %zu of the manifest has no \"%s\"; leave the row out",
          i + 1, name);
  }
  *out = x;
  x = NULL;
done:
  free(x);
  return st;
}

static bool same_person(const struct table_column *c, size_t a, size_t b) {
  return c->numeric ? c->numbers[a] == c->numbers[b] : !strcmp(c->texts[a], c->texts[b]);
}

static status people(struct cnn_data *d) {
  status st = ST_OK;
  int c = -1;
  int64_t count = 0;
  if (d->o.id) TRY(find_column(&c, d->table, d->o.id));
  d->person = malloc((size_t)(d->n + 1) * sizeof *d->person);
  CHECK(d->person, ST_MEMORY, "people of a manifest");
  for (int64_t i = 0; i < d->n; i++) {
    d->person[i] = -1;
    for (int64_t j = 0; c >= 0 && j < i && d->person[i] < 0; j++)
      if (same_person(&d->table->columns[c], (size_t)i, (size_t)j)) d->person[i] = d->person[j];
    if (d->person[i] < 0) d->person[i] = count++;
  }
done:
  return st;
}

static void learn_scale(struct cnn_card *card, int c, const double *x, int64_t n) {
  double sum = 0, square = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i];
  double mean = sum / (double)n;
  for (int64_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
  double sd = n > 1 ? sqrt(square / (double)(n - 1)) : 0;
  card->column_mean[c] = mean;
  card->column_sd[c] = sd > 0 ? sd : 1;
}

static status joined_columns(struct cnn_data *d, struct cnn_card *card, bool learn) {
  status st = ST_OK;
  double *x = NULL;
  int count = learn ? d->o.column_count : card->column_count;
  if (!count) return ST_OK;
  CHECK(count <= CNN_COLUMNS, ST_DOMAIN, "%d columns to join; at most %d", count, CNN_COLUMNS);
  d->columns = malloc((size_t)(d->n * count + 1) * sizeof *d->columns);
  CHECK(d->columns, ST_MEMORY, "joined columns");
  for (int c = 0; c < count; c++) {
    const char *name = learn ? d->o.columns[c] : card->columns[c];
    TRY(numbers_of(&x, d->table, name));
    if (learn) {
      snprintf(card->columns[c], sizeof card->columns[c], "%s", name);
      learn_scale(card, c, x, d->n);
    }
    for (int64_t i = 0; i < d->n; i++)
      d->columns[i * count + c] = (float)((x[i] - card->column_mean[c]) / card->column_sd[c]);
    free(x);
    x = NULL;
  }
  card->column_count = count;
done:
  free(x);
  return st;
}

static status outcome(struct cnn_data *d, const struct cnn_card *card) {
  status st = ST_OK;
  if (!d->o.target) return ST_OK;
  TRY(numbers_of(&d->target, d->table, d->o.target));
  if (d->o.time) TRY(numbers_of(&d->time, d->table, d->o.time));
  if (card->task == CNN_REGRESS) return ST_OK;
  d->event = malloc((size_t)(d->n + 1) * sizeof *d->event);
  CHECK(d->event, ST_MEMORY, "outcome of a manifest");
  int most = card->task == CNN_SURVIVAL ? 2 : card->output_count > 1 ? card->output_count - 1 : 1;
  for (int64_t i = 0; i < d->n; i++) {
    double y = d->target[i];
    CHECK(y == floor(y) && y >= 0 && y <= most, ST_DOMAIN,
          "row %lld of the manifest: \"%s\" is %g; whole numbers 0 to %d are classes",
          (long long)i + 1, d->o.target, y, most);
    CHECK(!d->time || d->time[i] > 0, ST_DOMAIN, "row %lld of the manifest: \"%s\" is %g, not > 0",
          (long long)i + 1, d->o.time, d->time[i]);
    d->event[i] = (int)y;
  }
done:
  return st;
}

status cnn_data_open(struct cnn_data **out, const struct table *t, struct cnn_card *card,
                     bool learn, const struct cnn_data_options *o) {
  status st = ST_OK;
  int c;
  struct cnn_data *d = calloc(1, sizeof *d);
  CHECK(d, ST_MEMORY, "a manifest");
  d->table = t;
  d->o = *o;
  d->n = (int64_t)t->row_count;
  d->limit_bytes = (int64_t)(o->memory_gib * 1073741824.0);
  CHECK(d->n > 0, ST_DOMAIN, "the manifest has no row");
  if (o->image) TRY(find_column(&c, t, o->image));
  if (o->labels) TRY(find_column(&c, t, o->labels));
  TRY(people(d));
  TRY(joined_columns(d, card, learn));
  TRY(outcome(d, card));
  d->card = *card;
  d->cache = calloc((size_t)d->n, sizeof *d->cache);
  CHECK(d->cache, ST_MEMORY, "a manifest of %lld rows", (long long)d->n);
  *out = d;
  d = NULL;
done:
  cnn_data_close(d);
  return st;
}

static void cached_free(struct cnn_cached *c) {
  cnn_input_free(&c->in);
  free(c->klass);
  c->klass = NULL;
}

void cnn_data_close(struct cnn_data *d) {
  if (!d) return;
  for (int64_t i = 0; d->cache && i < d->n; i++) cached_free(&d->cache[i]);
  free(d->cache);
  free(d->target);
  free(d->time);
  free(d->event);
  free(d->person);
  free(d->columns);
  free(d);
}

/* ---- images ---- */

/* What a cell says: a path, joined with the folder, or the name of an array. */
static status name_of(char out[4096], const struct cnn_data *d, const char *column, int64_t row) {
  status st = ST_OK;
  int c;
  TRY(find_column(&c, d->table, column));
  CHECK(!d->table->columns[c].numeric, ST_DOMAIN,
        "column \"%s\" of the manifest holds numbers, paths are needed", column);
  const char *name = d->table->columns[c].texts[row], *folder = d->o.folder;
  CHECK(name[0], ST_DOMAIN, "row %lld of the manifest has no \"%s\"", (long long)row + 1, column);
  bool whole = d->o.store || name[0] == '/' || !folder || !folder[0];
  int n = snprintf(out, 4096, "%s%s%s", whole ? "" : folder, whole ? "" : "/", name);
  CHECK(n < 4096, ST_IO, "row %lld of the manifest: the path is too long", (long long)row + 1);
done:
  return st;
}

status cnn_data_volume(struct volume **out, const struct cnn_data *d, const char *column,
                       int64_t row) {
  status st = ST_OK;
  const struct image_read_options as_is = {0};
  char name[4096];
  TRY(name_of(name, d, column, row));
  if (d->o.store)
    TRY(image_store_read_volume(out, d->o.store, name));
  else
    TRY(image_read(out, name, &as_is));
done:
  return st;
}

status cnn_data_labels(struct labels **out, const struct cnn_data *d, const char *column,
                       int64_t row) {
  status st = ST_OK;
  char name[4096];
  TRY(name_of(name, d, column, row));
  if (d->o.store)
    TRY(image_store_read_labels(out, d->o.store, name));
  else
    TRY(labels_read_on(out, name, NULL));
done:
  return st;
}

static status read_channels(struct volume *v[CNN_CHANNELS], struct cnn_data *d, int64_t row) {
  status st = ST_OK;
  TRY(cnn_data_volume(&v[0], d, d->o.image, row));
  for (int c = 1; c < d->card.channel_count; c++) {
    char column[128];
    snprintf(column, sizeof column, "%s%d", d->o.image, c + 1);
    TRY(cnn_data_volume(&v[c], d, column, row));
  }
done:
  return st;
}

static status load_case(struct cnn_cached *to, struct cnn_data *d, int64_t row) {
  status st = ST_OK;
  struct volume *v[CNN_CHANNELS] = {NULL};
  struct labels *labels = NULL;
  const double tolerance_mm = 0.01; /* single-precision headers of NIfTI */
  bool whole = d->card.task == CNN_SEGMENT || d->card.task == CNN_SYNTHESIS;
  TRY(read_channels(v, d, row));
  TRY(cnn_input_make(&to->in, (const struct volume *const *)v, &d->card, whole, to->flags,
                     sizeof to->flags));
  if (d->o.labels) {
    TRY(cnn_data_labels(&labels, d, d->o.labels, row));
    TRY(geometry_match(&labels->grid, "label map", &v[0]->grid, "image", tolerance_mm));
    TRY(cnn_input_labels(&to->klass, labels, &to->in, &d->card));
  }
done:
  if (st != ST_OK) {
    status_note("row %lld of the manifest", (long long)row + 1);
    cached_free(to);
  }
  for (int c = 0; c < CNN_CHANNELS; c++) volume_destroy(v[c]);
  labels_destroy(labels);
  return st;
}

status cnn_data_get(struct cnn_sample *out, struct cnn_data *d, int64_t row) {
  status st = ST_OK;
  struct cnn_cached *c = &d->cache[row], *own = NULL;
  *out = (struct cnn_sample){.flags = ""};
  if (!d->o.image) return ST_OK;
  if (!c->in.values) {
    own = calloc(1, sizeof *own);
    CHECK(own, ST_MEMORY, "a case");
    TRY(load_case(own, d, row));
    int64_t voxels = own->in.size[0] * own->in.size[1] * own->in.size[2];
    int64_t bytes = voxels * (4 * d->card.channel_count + (own->klass != NULL));
    if (d->cached_bytes + bytes <= d->limit_bytes) {
      *c = *own;
      d->cached_bytes += bytes;
      free(own);
      own = NULL;
    } else {
      c = own;
    }
  }
  out->values = c->in.values;
  out->klass = c->klass;
  memcpy(out->size, c->in.size, sizeof out->size);
  out->flags = c->flags;
  out->owned = own;
  own = NULL;
done:
  free(own);
  return st;
}

void cnn_sample_free(struct cnn_sample *s) {
  struct cnn_cached *own = s->owned;
  if (own) cached_free(own);
  free(own);
  s->owned = NULL;
}
