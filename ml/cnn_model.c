#include "ml/cnn_model.h"

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "ml/federated.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CARD_SIZE = 60000 };

static const char newer[] =
    ". A file of a newer torch may hold operators that this one lacks: export "
    "it again with an older version";

static const char *const kind_names[] = {"resnet", "unet", "table", "script", NULL};

/* ---- architecture ---- */

status cnn_arch_check(const struct cnn_arch *a) {
  status st = ST_OK;
  CHECK(a->kind >= CNN_RESNET && a->kind <= CNN_TABLE, ST_DOMAIN, "network: unknown kind %d",
        a->kind);
  CHECK(a->kind == CNN_TABLE || a->dims == 2 || a->dims == 3, ST_DOMAIN,
        "network: %d dimensions; 2 or 3", a->dims);
  CHECK(a->kind == CNN_TABLE || (a->channels >= 1 && a->channels <= CNN_CHANNELS), ST_DOMAIN,
        "network: %d channels; 1 to %d", a->channels, CNN_CHANNELS);
  CHECK(a->outputs >= 1 && a->outputs <= CNN_OUTPUTS, ST_DOMAIN, "network: %d outputs; 1 to %d",
        a->outputs, CNN_OUTPUTS);
  CHECK(a->kind == CNN_TABLE || (a->width >= 1 && a->width <= 512), ST_DOMAIN,
        "network: %d features in the first stage; 1 to 512", a->width);
  CHECK(a->stages <= CNN_STAGES && a->stages >= (a->kind == CNN_UNET    ? 2
                                                 : a->kind == CNN_TABLE ? 0
                                                                        : 1),
        ST_DOMAIN, "network: %d stages; at most %d", a->stages, CNN_STAGES);
  for (int i = 0; a->kind == CNN_RESNET && i < a->stages; i++)
    CHECK(a->blocks[i] >= 1 && a->blocks[i] <= 64, ST_DOMAIN,
          "network: %d blocks in a stage; 1 to 64", a->blocks[i]);
  CHECK(a->kind != CNN_RESNET || a->stem == 3 || a->stem == 7, ST_DOMAIN,
        "network: stem %d; 3 or 7 wide", a->stem);
  CHECK(a->kind != CNN_TABLE || (a->columns >= 1 && (a->hidden >= 1 || a->stages == 0)), ST_DOMAIN,
        "network: %d columns, %d hidden features; a table network needs both", a->columns,
        a->hidden);
  CHECK(a->dropout >= 0 && a->dropout <= 0.9, ST_DOMAIN, "network: dropout %g; 0 to 0.9",
        a->dropout);
done:
  return st;
}

cJSON *cnn_arch_to_json(const struct cnn_arch *a) {
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  double blocks[CNN_STAGES];
  for (int i = 0; i < CNN_STAGES; i++) blocks[i] = a->blocks[i];
  json_add_text(json, "kind", kind_names[a->kind]);
  json_add_number(json, "dims", a->dims);
  json_add_number(json, "channels", a->channels);
  json_add_number(json, "outputs", a->outputs);
  json_add_number(json, "columns", a->columns);
  json_add_number(json, "width", a->width);
  json_add_number(json, "stages", a->stages);
  json_add_numbers(json, "blocks", blocks, CNN_STAGES);
  json_add_number(json, "stem", a->stem);
  json_add_number(json, "hidden", a->hidden);
  json_add_number(json, "dropout", a->dropout);
  return json;
}

static status get_int(int *out, const cJSON *json, const char *key, const char *what) {
  return json_get_whole(out, -1000000, 1000000, json, key,
                        what); /* cnn_arch_check has the ranges */
}

status cnn_arch_from_json(struct cnn_arch *out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct cnn_arch a = {.kind = -1};
  char kind[16];
  double blocks[CNN_STAGES];
  TRY(json_get_text(kind, sizeof kind, json, "kind", what));
  for (int i = 0; kind_names[i]; i++)
    if (!strcmp(kind_names[i], kind)) a.kind = i;
  TRY(get_int(&a.dims, json, "dims", what));
  TRY(get_int(&a.channels, json, "channels", what));
  TRY(get_int(&a.outputs, json, "outputs", what));
  TRY(get_int(&a.columns, json, "columns", what));
  TRY(get_int(&a.width, json, "width", what));
  TRY(get_int(&a.stages, json, "stages", what));
  TRY(get_int(&a.stem, json, "stem", what));
  TRY(get_int(&a.hidden, json, "hidden", what));
  TRY(json_get_number(&a.dropout, json, "dropout", what));
  TRY(json_get_numbers(blocks, CNN_STAGES, json, "blocks", what));
  for (int i = 0; i < CNN_STAGES; i++) a.blocks[i] = (int)fmin(fmax(blocks[i], 0), 1e6);
  TRY(cnn_arch_check(&a));
  *out = a;
done:
  return st;
}

/* ---- making ---- */

static status model_start(struct cnn_model **out, const char *wish, int threads) {
  status st = ST_OK;
  char words[CNN_WORDS] = "";
  struct cnn_model *m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "a network");
  cnn_card_init(&m->card);
  TRY(cnn_torch_open(&m->torch));
  /* 2 GiB: weights, activations and cuDNN's work space of the networks here */
  if (m->torch->device(&m->device, wish, (int64_t)2 << 30, threads, words))
    FAIL(ST_DOMAIN, "choosing the device: %s", words);
  *out = m;
  m = NULL;
done:
  cnn_model_destroy(m);
  return st;
}

static void count_parameters(struct cnn_model *m) {
  struct cnn_tensor t;
  char words[CNN_WORDS];
  for (int64_t i = 0; i < m->torch->tensors(m->net, 0); i++)
    if (!m->torch->tensor(&t, m->net, i, words) && t.role <= CNN_SCALE) m->parameters += t.count;
}

status cnn_model_create(struct cnn_model **out, const struct cnn_arch *arch,
                        const struct cnn_card *card, const char *wish, int threads, uint64_t seed) {
  status st = ST_OK;
  struct cnn_model *m = NULL;
  char words[CNN_WORDS] = "";
  TRY(cnn_arch_check(arch));
  TRY(model_start(&m, wish, threads));
  m->arch = *arch;
  m->card = *card;
  if (m->torch->create(&m->net, arch, &m->device, words))
    TRY(cnn_torch_failed("making a network", words));
  TRY(cnn_torch_initialise(m->torch, m->net, seed));
  m->torch->about(words);
  snprintf(m->card.torch_version, sizeof m->card.torch_version, "%.40s", words);
  count_parameters(m);
  *out = m;
  m = NULL;
done:
  cnn_model_destroy(m);
  return st;
}

void cnn_model_destroy(struct cnn_model *m) {
  if (!m) return;
  if (m->net) m->torch->destroy(m->net);
  free(m);
}

/* ---- weights in a store ---- */

/* one tensor; counters as 64 bit integers, the rest as they are computed, in single precision */
static status store_tensor(struct store *s, const char *group, const struct cnn_tensor *t,
                           const double *data) {
  status st = ST_OK;
  char name[256];
  float *single = NULL;
  int64_t whole = 0;
  CHECK(snprintf(name, sizeof name, "%s/%s", group, t->name) < (int)sizeof name, ST_FORMAT,
        "the name of tensor %s is too long", t->name);
  const int64_t one = 1;
  if (t->role == CNN_COUNTER) {
    whole = (int64_t)data[0];
    TRY(store_write(s, name, STORE_I64, 1, &one, &whole));
    goto done;
  }
  single = malloc((size_t)(t->count > 0 ? t->count : 1) * sizeof *single);
  CHECK(single, ST_MEMORY, "writing tensor %s", t->name);
  for (int64_t k = 0; k < t->count; k++) single[k] = (float)data[k];
  TRY(store_write(s, name, STORE_F32, t->rank ? t->rank : 1, t->rank ? t->dims : &one, single));
done:
  free(single);
  return st;
}

status cnn_model_store_weights(const struct cnn_model *m, struct store *s, const char *group,
                               int optimiser) {
  status st = ST_OK;
  double *data = NULL;
  char words[CNN_WORDS] = "";
  int64_t n = m->torch->tensors(m->net, optimiser);
  for (int64_t i = 0; i < n; i++) {
    struct cnn_tensor t;
    if (m->torch->tensor(&t, m->net, i, words)) TRY(cnn_torch_failed("reading weights", words));
    data = malloc((size_t)(t.count > 0 ? t.count : 1) * sizeof *data);
    CHECK(data, ST_MEMORY, "tensor %s", t.name);
    if (m->torch->get(data, m->net, i, words)) TRY(cnn_torch_failed("reading weights", words));
    TRY(store_tensor(s, group, &t, data));
    free(data);
    data = NULL;
  }
done:
  free(data);
  return st;
}

static status load_tensor(struct cnn_model *m, const struct store *s, const char *group,
                          int64_t i) {
  status st = ST_OK;
  double *data = NULL;
  struct cnn_tensor t;
  char name[256], words[CNN_WORDS] = "";
  if (m->torch->tensor(&t, m->net, i, words)) TRY(cnn_torch_failed("setting weights", words));
  CHECK(snprintf(name, sizeof name, "%s/%s", group, t.name) < (int)sizeof name, ST_FORMAT,
        "the name of tensor %s is too long", t.name);
  CHECK(store_has(s, name), ST_FORMAT,
        "the model file lacks the weights \"%s\" of its architecture", name);
  data = malloc((size_t)(t.count > 0 ? t.count : 1) * sizeof *data);
  CHECK(data, ST_MEMORY, "tensor %s", t.name);
  TRY(store_read(s, name, STORE_F64, data, t.count));
  for (int64_t k = 0; k < t.count; k++)
    CHECK(
        isfinite(data[k]), ST_DOMAIN,
        "the model's weights \"%s\" hold a value that is not a finite number; the file is damaged "
        "or its training diverged",
        t.name);
  if (m->torch->set(m->net, i, data, words)) TRY(cnn_torch_failed("setting weights", words));
done:
  free(data);
  return st;
}

status cnn_model_load_weights(struct cnn_model *m, const struct store *s, const char *group,
                              int optimiser) {
  status st = ST_OK;
  int64_t n = m->torch->tensors(m->net, optimiser);
  for (int64_t i = 0; i < n; i++) TRY(load_tensor(m, s, group, i));
done:
  return st;
}

/* ---- files ---- */

static status set_json(struct store *s, const char *key, cJSON *json) {
  status st = ST_OK;
  char *text = NULL;
  CHECK(json, ST_MEMORY, "writing %s of a model", key);
  TRY(json_print(&text, json));
  CHECK(strlen(text) < CARD_SIZE, ST_DOMAIN, "%s of the model has more than %d bytes", key,
        CARD_SIZE);
  TRY(store_set_text(s, "", key, text));
done:
  free(text);
  cJSON_Delete(json);
  return st;
}

status cnn_model_write(const struct cnn_model *m, const char *path, const cJSON *provenance,
                       bool force) {
  status st = ST_OK;
  struct store *s = NULL;
  CHECK(m->arch.kind != CNN_SCRIPT, ST_DOMAIN,
        "writing a model: a TorchScript network keeps its own file");
  TRY(store_create(&s, path, force));
  TRY(store_set_text(s, "", "format", "qct-network"));
  TRY(set_json(s, "model-card", cnn_card_to_json(&m->card)));
  TRY(set_json(s, "architecture", cnn_arch_to_json(&m->arch)));
  if (provenance) TRY(set_json(s, "provenance", cJSON_Duplicate(provenance, 1)));
  TRY(cnn_model_store_weights(m, s, "weights", 0));
  TRY(store_commit(s));
done:
  store_close(s);
  return st;
}

static status get_json(cJSON **out, const struct store *s, const char *key, const char *what) {
  status st = ST_OK;
  char *text = malloc(CARD_SIZE);
  CHECK(text, ST_MEMORY, "reading %s", what);
  TRY(store_get_text(s, "", key, text, CARD_SIZE));
  TRY(json_parse(out, text, strlen(text), what));
done:
  free(text);
  return st;
}

static status read_ours(struct cnn_model *m, const char *path) {
  status st = ST_OK;
  struct store *s = NULL;
  cJSON *card = NULL, *arch = NULL;
  char words[CNN_WORDS] = "";
  TRY(store_open(&s, path));
  TRY(get_json(&card, s, "model-card", file_name(path)));
  TRY(get_json(&arch, s, "architecture", file_name(path)));
  TRY(cnn_card_from_json(&m->card, card, file_name(path)));
  TRY(cnn_arch_from_json(&m->arch, arch, file_name(path)));
  if (m->torch->create(&m->net, &m->arch, &m->device, words))
    TRY(cnn_torch_failed("making the network of a file", words));
  TRY(cnn_model_load_weights(m, s, "weights", 0));
done:
  cJSON_Delete(card);
  cJSON_Delete(arch);
  store_close(s);
  return st;
}

/* ---- TorchScript ---- */

static status beside(cJSON **out, const char *path, const char *name) {
  status st = ST_OK;
  char other[4096];
  int folder = (int)(file_name(path) - path);
  CHECK(snprintf(other, sizeof other, "%.*s%s", folder, path, name) < (int)sizeof other, ST_IO,
        "the path of %s is too long", name);
  if (file_exists(other)) TRY(json_read(out, other));
done:
  return st;
}

static status extra_json(cJSON **out, const struct cnn_model *m, const char *path,
                         const char *name) {
  status st = ST_OK;
  char *text = NULL, words[CNN_WORDS] = "";
  if (m->torch->extra(&text, path, name, words))
    FAIL(ST_FORMAT, "reading %s: %s%s", file_name(path), words,
         strstr(words, "not a TorchScript") ? "" : newer);
  if (text) TRY(json_parse(out, text, strlen(text), name));
done:
  free(text);
  return st;
}

static status script_card(struct cnn_model *m, const char *path) {
  status st = ST_OK;
  cJSON *own = NULL, *monai = NULL, *plans = NULL, *dataset = NULL;
  TRY(extra_json(&own, m, path, "model-card.json"));
  if (own) {
    TRY(cnn_card_from_json(&m->card, own, "model-card.json"));
    goto done;
  }
  TRY(extra_json(&monai, m, path, "metadata.json"));
  if (!monai) TRY(beside(&monai, path, "metadata.json"));
  if (monai) {
    TRY(cnn_card_from_monai(&m->card, monai, "metadata.json"));
    goto done;
  }
  TRY(beside(&plans, path, "plans.json"));
  TRY(beside(&dataset, path, "dataset.json"));
  CHECK(plans && dataset, ST_FORMAT,
        "reading %s: it has no model-card.json or metadata.json inside, and no metadata.json or "
        "plans.json with dataset.json beside it; without one the input of the network is unknown",
        file_name(path));
  TRY(cnn_card_from_nnunet(&m->card, plans, dataset, NULL, "plans.json"));
done:
  cJSON_Delete(own);
  cJSON_Delete(monai);
  cJSON_Delete(plans);
  cJSON_Delete(dataset);
  return st;
}

static status read_script(struct cnn_model *m, const char *path) {
  status st = ST_OK;
  char words[CNN_WORDS] = "";
  double *data = NULL;
  TRY(script_card(m, path));
  if (m->torch->load(&m->net, path, &m->device, words))
    FAIL(ST_FORMAT, "loading %s: %s%s", file_name(path), words, newer);
  m->arch = (struct cnn_arch){.kind = CNN_SCRIPT,
                              .dims = m->card.dims,
                              .channels = m->card.channel_count,
                              .outputs = m->card.output_count,
                              .columns = m->card.column_count};
  for (int64_t i = 0; i < m->torch->tensors(m->net, 0); i++) {
    struct cnn_tensor t;
    if (m->torch->tensor(&t, m->net, i, words)) TRY(cnn_torch_failed("reading weights", words));
    data = malloc((size_t)(t.count > 0 ? t.count : 1) * sizeof *data);
    CHECK(data, ST_MEMORY, "tensor %s", t.name);
    if (m->torch->get(data, m->net, i, words)) TRY(cnn_torch_failed("reading weights", words));
    for (int64_t k = 0; k < t.count; k++)
      CHECK(isfinite(data[k]), ST_DOMAIN,
            "the model's weights \"%s\" hold a value that is not a "
            "finite number; the file is damaged",
            t.name);
    free(data);
    data = NULL;
  }
done:
  free(data);
  return st;
}

static bool is_hdf5(const char *path) {
  unsigned char head[8] = {0};
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  size_t n = fread(head, 1, sizeof head, f);
  fclose(f);
  return n == 8 && !memcmp(head, "\211HDF\r\n\032\n", 8);
}

status cnn_model_read(struct cnn_model **out, const char *path, const char *wish, int threads) {
  status st = ST_OK;
  struct cnn_model *m = NULL;
  CHECK(file_exists(path), ST_IO, "reading a model: %s is not there", file_name(path));
  TRY(model_start(&m, wish, threads));
  if (is_hdf5(path))
    TRY(read_ours(m, path));
  else
    TRY(read_script(m, path));
  if (!m->card.licence[0])
    log_warning("model %s states no licence of its training data", m->card.name);
  count_parameters(m);
  *out = m;
  m = NULL;
done:
  cnn_model_destroy(m);
  return st;
}

/* ---- averaging ---- */

static status same_input(const struct cnn_model *a, const struct cnn_model *b) {
  status st = ST_OK;
  cJSON *x = cnn_card_to_json(&a->card), *y = cnn_card_to_json(&b->card);
  CHECK(cJSON_Compare(json_find(x, "input"), json_find(y, "input"), 1), ST_DOMAIN,
        "averaging models: the input blocks of their cards differ; the same weights would mean "
        "different things");
done:
  cJSON_Delete(x);
  cJSON_Delete(y);
  return st;
}

static status average_tensor(struct cnn_model *const *models, const int64_t *people, int count,
                             int64_t i) {
  status st = ST_OK;
  double **data = calloc((size_t)count + 1, sizeof *data);
  struct cnn_tensor t, first;
  char words[CNN_WORDS] = "";
  CHECK(data, ST_MEMORY, "averaging models");
  for (int m = 0; m < count; m++) {
    const struct cnn_torch *torch = models[m]->torch;
    if (torch->tensor(&t, models[m]->net, i, words)) TRY(cnn_torch_failed("averaging", words));
    if (m == 0) first = t;
    CHECK(!strcmp(t.name, first.name) && t.rank == first.rank &&
              !memcmp(t.dims, first.dims, sizeof t.dims),
          ST_DOMAIN,
          "averaging models: tensor %lld is %s in the first and %s in model %d, or of "
          "another shape",
          (long long)i, first.name, t.name, m + 1);
    data[m] = malloc((size_t)(t.count > 0 ? t.count : 1) * sizeof **data);
    CHECK(data[m], ST_MEMORY, "averaging %s", t.name);
    if (torch->get(data[m], models[m]->net, i, words)) TRY(cnn_torch_failed("averaging", words));
  }
  data[count] = calloc((size_t)(first.count > 0 ? first.count : 1), sizeof **data);
  CHECK(data[count], ST_MEMORY, "averaging %s", first.name);
  if (first.role == CNN_COUNTER)
    for (int m = 0; m < count; m++) data[count][0] += data[m][0];
  else
    TRY(ml_federated_average(data[count], (const double *const *)data, people, count,
                             (int)first.count));
  if (models[0]->torch->set(models[0]->net, i, data[count], words))
    TRY(cnn_torch_failed("averaging", words));
done:
  for (int m = 0; data && m <= count; m++) free(data[m]);
  free(data);
  return st;
}

status cnn_model_average(struct cnn_model *const *models, const int64_t *people, int count) {
  status st = ST_OK;
  int64_t total = 0;
  CHECK(count >= 2, ST_DOMAIN, "averaging models: %d given, at least 2 are needed", count);
  int64_t n = models[0]->torch->tensors(models[0]->net, 0);
  for (int m = 0; m < count; m++) {
    CHECK(people[m] > 0, ST_DOMAIN, "averaging models: model %d has %lld people, > 0 are needed",
          m + 1, (long long)people[m]);
    total += people[m];
    TRY(same_input(models[0], models[m]));
    int64_t other = models[m]->torch->tensors(models[m]->net, 0);
    CHECK(other == n, ST_DOMAIN, "averaging models: %lld tensors in the first, %lld in model %d",
          (long long)n, (long long)other, m + 1);
  }
  for (int64_t i = 0; i < n; i++) TRY(average_tensor(models, people, count, i));
  models[0]->card.people = total;
done:
  return st;
}
