#include "ml/cnn_torch.h"

#include "core/module.h"
#include "core/random.h"

#include <math.h>
#include <stdlib.h>

status cnn_torch_open(const struct cnn_torch **out) {
  status st = ST_OK;
  const void *symbol = NULL;
  TRY(module_open(&symbol, "cnn_torch", "cnn_torch_module", "libtorch-dev"));
  const struct cnn_torch *torch = symbol;
  CHECK(torch->version == CNN_TORCH_VERSION, ST_UNSUPPORTED,
        "networks: module cnn_torch has version %d, the program needs %d; build both anew",
        torch->version, CNN_TORCH_VERSION);
  *out = torch;
done:
  return st;
}

status cnn_torch_failed(const char *what, const char *words) {
  return status_fail(ST_EXTERNAL, __FILE__, __LINE__, "%s: %s", what, words);
}

static double initial(const struct cnn_tensor *t, uint64_t seed, int64_t tensor, int64_t i) {
  if (t->role == CNN_SCALE || t->role == CNN_VARIANCE) return 1;
  if (t->role != CNN_WEIGHT) return 0;
  double sd = sqrt((t->last ? 1.0 : 2.0) / (double)(t->fan_in > 0 ? t->fan_in : 1));
  return sd * random_normal(seed, 7000 + (uint64_t)tensor, (uint64_t)i);
}

status cnn_torch_initialise(const struct cnn_torch *torch, struct cnn_net *net, uint64_t seed) {
  status st = ST_OK;
  double *data = NULL;
  char words[CNN_WORDS] = "";
  int64_t n = torch->tensors(net, 0);
  for (int64_t i = 0; i < n; i++) {
    struct cnn_tensor t;
    if (torch->tensor(&t, net, i, words)) TRY(cnn_torch_failed("first weights", words));
    data = malloc((size_t)(t.count > 0 ? t.count : 1) * sizeof *data);
    CHECK(data, ST_MEMORY, "first weights of %s", t.name);
    for (int64_t k = 0; k < t.count; k++) data[k] = initial(&t, seed, i, k);
    if (torch->set(net, i, data, words)) TRY(cnn_torch_failed("first weights", words));
    free(data);
    data = NULL;
  }
done:
  free(data);
  return st;
}
