/* TorchScript files: load, read extra files, write with new weights. */
#include "ml/module_torch.hh"

#include <torch/script.h>

#include <fstream>
#include <stdexcept>

namespace {

using torch::Tensor;

struct script_net : cnn_net {
  torch::jit::Module module;
  bool split = false; /* has methods features and head */
  Tensor call(const char *name, std::vector<torch::jit::IValue> in) {
    torch::jit::IValue out = module.get_method(name)(std::move(in));
    if (out.isTensor()) return out.toTensor();
    if (out.isTuple() && !out.toTupleRef().elements().empty() &&
        out.toTupleRef().elements()[0].isTensor())
      return out.toTupleRef()
          .elements()[0]
          .toTensor(); /* deep supervision: the first is the finest */
    if (out.isTensorList() && out.toTensorVector().size() > 0) return out.toTensorVector()[0];
    throw std::invalid_argument(std::string("method ") + name + " does not return a tensor");
  }
  Tensor features(const Tensor &image) override {
    if (!split)
      throw std::invalid_argument("the file has no methods features(x) and head(a); a heat map by "
                                  "Grad-CAM needs them (export forward = head(features(x)))");
    return call("features", {image});
  }
  Tensor head(const Tensor &maps, const Tensor &columns) override {
    return columns.defined() ? call("head", {maps, columns}) : call("head", {maps});
  }
  Tensor forward(const Tensor &image, const Tensor &columns) override {
    return columns.defined() ? call("forward", {image, columns}) : call("forward", {image});
  }
};

int role_of(const std::string &name, bool parameter) {
  if (parameter) return CNN_WEIGHT;
  if (name.find("num_batches_tracked") != std::string::npos) return CNN_COUNTER;
  return name.find("running_var") != std::string::npos ? CNN_VARIANCE : CNN_MEAN;
}

/* a zip archive with code/ or constants.pkl is TorchScript; one with data.pkl alone a checkpoint */
void check_archive(const char *path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::invalid_argument("the file cannot be read");
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (bytes.compare(0, 2, "PK") != 0)
    throw std::invalid_argument(
        "not a TorchScript archive (no zip file); export the model with torch.jit.script or "
        "torch.jit.trace");
  if (bytes.find("/constants.pkl") == std::string::npos ||
      bytes.find("/code/") == std::string::npos)
    throw std::invalid_argument(
        "not a TorchScript archive: no constants.pkl / code/; this is a checkpoint of weights "
        "(state_dict): load it into its network in Python and export with torch.jit.script or "
        "torch.jit.trace");
}

} // namespace

cnn_net *script_load(const char *path, const torch::Device &device) {
  check_archive(path);
  auto *net = new script_net;
  try {
    net->module = torch::jit::load(path, device);
    net->module.eval();
    net->split = net->module.find_method("features") && net->module.find_method("head");
    for (const auto &p : net->module.named_parameters())
      net->tensors.push_back({p.name, p.value, role_of(p.name, true), false});
    for (const auto &p : net->module.named_buffers())
      net->tensors.push_back({p.name, p.value, role_of(p.name, false), false});
  } catch (...) {
    delete net;
    throw;
  }
  return net;
}

std::string script_extra(const char *path, const char *name) {
  check_archive(path);
  torch::jit::ExtraFilesMap extra{{name, ""}};
  torch::jit::load(path, torch::Device(torch::kCPU), extra);
  return extra[name];
}

void script_save(cnn_net *net, const char *path, const char *name, const char *text) {
  auto *s = dynamic_cast<script_net *>(net);
  if (!s) throw std::invalid_argument("only a TorchScript network is written as TorchScript");
  torch::jit::ExtraFilesMap extra;
  if (name && *name) extra[name] = text;
  s->module.save(path, extra);
}
