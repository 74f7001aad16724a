/* A network with its card: made new, read from our HDF5 file or from TorchScript, written to HDF5.
 *
 * File (HDF5): attribute "model-card" (JSON), attribute "architecture" (JSON), group "weights" with
 * one array a tensor, named as PyTorch names them ("layer1.0.conv1.weight").
 */
#ifndef QCT_ML_CNN_MODEL_H
#define QCT_ML_CNN_MODEL_H

#include "core/store.h"
#include "ml/cnn_card.h"
#include "ml/cnn_torch.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_model {
  struct cnn_card card;
  struct cnn_arch arch;
  struct cnn_device device;
  const struct cnn_torch *torch; /* borrowed */
  struct cnn_net *net;           /* owned; NULL in a model read for its card */
  int64_t parameters;
};

/** Sizes within what the kinds allow. @return ST_DOMAIN naming the value */
status cnn_arch_check(const struct cnn_arch *a);
cJSON *cnn_arch_to_json(const struct cnn_arch *a);
status cnn_arch_from_json(struct cnn_arch *out, const cJSON *json, const char *what);

/** @param wish "auto", "cpu", "cuda", "cuda:1"; @param threads of the CPU, 0: as they are
 * @return ST_UNSUPPORTED without the module; ST_DOMAIN; ST_EXTERNAL */
status cnn_model_create(struct cnn_model **out, const struct cnn_arch *arch,
                        const struct cnn_card *card, const char *wish, int threads, uint64_t seed);
void cnn_model_destroy(struct cnn_model *m);

/**
 * Read a model, ours or TorchScript (.pt, .ts, .pth by content). A TorchScript file brings its card
 * as extra file model-card.json or metadata.json, or has plans.json and dataset.json beside it.
 * @return ST_FORMAT: no card, weights that do not fit the architecture; ST_DOMAIN: a weight that is
 * not a number (named)
 */
status cnn_model_read(struct cnn_model **out, const char *path, const char *wish, int threads);
status cnn_model_write(const struct cnn_model *m, const char *path, const cJSON *provenance,
                       bool force);

/** All tensors to and from a group of an open store; with `optimiser` its moments too. */
status cnn_model_store_weights(const struct cnn_model *m, struct store *s, const char *group,
                               int optimiser);
status cnn_model_load_weights(struct cnn_model *m, const struct store *s, const char *group,
                              int optimiser);

/** Mean over models weighted by people; counters are summed. Models must agree in architecture,
 * tensor names and shapes, and in the input block of the card. The result is the first model,
 * changed.
 * @return ST_DOMAIN naming the first difference. Source: mcmahan2017 */
status cnn_model_average(struct cnn_model *const *models, const int64_t *people, int count);

#ifdef __cplusplus
}
#endif
#endif
