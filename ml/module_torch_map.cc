/* Heat maps: Grad-CAM from the split forward = head(features), and the gradient at the input. */
#include "ml/module_torch.hh"

#include <torch/csrc/autograd/autograd.h>

torch::Tensor map_make(torch::Tensor *weights, cnn_net *net, const cnn_batch &b, int index,
                       int which) {
  using torch::Tensor;
  net->training = false;
  Tensor image = image_tensor(net, b), columns = columns_tensor(net, b);
  if (which == CNN_MAP_GRADIENT) {
    image = image.detach().clone().set_requires_grad(true);
    Tensor y = net->forward(image, columns).select(1, index).sum();
    return torch::autograd::grad({y}, {image})[0].detach()[0];
  }
  Tensor maps;
  {
    torch::NoGradGuard none;
    maps = net->features(image);
  }
  maps = maps.detach().set_requires_grad(true);
  Tensor y = net->head(maps, columns).select(1, index).sum();
  Tensor gradient = torch::autograd::grad({y}, {maps})[0];
  Tensor alpha = gradient.flatten(2).mean(2)[0]; /* alpha_k */
  *weights = alpha.detach();
  dims_list shape(static_cast<size_t>(maps.dim() - 1), 1);
  shape[0] = alpha.size(0);
  return (maps[0] * alpha.view(shape)).sum(0).detach();
}
