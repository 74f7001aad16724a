/* Inside the wall: a network as the module's C++ files see it. One file a concern: module_torch.cc
 * (border, device, tensors), module_torch_net.cc (networks), module_torch_train.cc (losses,
 * optimiser), module_torch_script.cc (TorchScript), module_torch_map.cc (heat maps).
 *
 * Only tensors, nn::Module for names, jit::load and autograd are used, so that libtorch 1.13
 * and 2.x compile alike.
 */
#ifndef QCT_ML_MODULE_TORCH_HH
#define QCT_ML_MODULE_TORCH_HH

#include "ml/cnn_torch.h"

#include <torch/types.h>

#include <string>
#include <vector>

/* Loops over dimensions that both libtorch versions take. */
using dims_list = std::vector<int64_t>;

struct named_tensor {
  std::string name;
  torch::Tensor tensor;
  int role;
  bool last;
};

struct cnn_net {
  torch::Device device{torch::kCPU};
  std::vector<named_tensor> tensors; /* parameters, then buffers */
  std::vector<named_tensor> moments; /* of the optimiser */
  int64_t steps = 0;
  int dims = 3;
  bool training = false;
  uint64_t seed = 0; /* of this step's dropout */
  virtual ~cnn_net() = default;
  /* forward = head(features): the split that heat maps need */
  virtual torch::Tensor features(const torch::Tensor &image) = 0;
  virtual torch::Tensor head(const torch::Tensor &maps, const torch::Tensor &columns) = 0;
  virtual torch::Tensor forward(const torch::Tensor &image, const torch::Tensor &columns) {
    return head(features(image), columns);
  }
};

/* module_torch_net.cc */
cnn_net *net_make(const cnn_arch &arch);
/* module_torch_script.cc */
cnn_net *script_load(const char *path, const torch::Device &device);
std::string script_extra(const char *path, const char *name);
void script_save(cnn_net *net, const char *path, const char *name, const char *text);
/* module_torch_train.cc */
void optimiser_start(cnn_net *net, int sgd, int64_t steps);
double train_step(cnn_net *net, const cnn_batch &b, const cnn_step &s);
double evaluate_loss(cnn_net *net, const cnn_batch &b, const cnn_step &s);
/* module_torch_map.cc */
torch::Tensor map_make(torch::Tensor *weights, cnn_net *net, const cnn_batch &b, int index,
                       int which);
/* module_torch.cc */
torch::Tensor image_tensor(const cnn_net *net, const cnn_batch &b);
torch::Tensor columns_tensor(const cnn_net *net, const cnn_batch &b);

/* bfloat16 where it is safe, for as long as the object lives; CUDA only */
struct half_scope {
  explicit half_scope(bool on);
  ~half_scope();
  half_scope(const half_scope &) = delete;
  half_scope &operator=(const half_scope &) = delete;
  bool on, before;
};

#endif
