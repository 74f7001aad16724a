/* The networks: residual (he2016), U-Net (ronneberger2015), and layers on columns of a table. */
#include "ml/module_torch.hh"

#include <ATen/CPUGeneratorImpl.h>

#include <stdexcept>

namespace {

using torch::Tensor;

dims_list repeat(int dims, int64_t x) {
  return dims_list(static_cast<size_t>(dims), x);
}

/* Builds the list of named tensors while layers are made. */
struct maker {
  std::vector<named_tensor> *list;
  Tensor add(const std::string &name, const dims_list &shape, int role, bool last = false) {
    Tensor t = role == CNN_COUNTER ? torch::zeros(shape, torch::kLong) : torch::zeros(shape);
    if (role == CNN_SCALE || role == CNN_VARIANCE) t.fill_(1);
    if (role <= CNN_SCALE) t.set_requires_grad(true);
    list->push_back({name, t, role, last});
    return t;
  }
};

/* Indices into the list, since moving a network to a device replaces its tensors. */
struct conv {
  size_t weight = 0, bias = 0;
  bool has_bias = false, transposed = false;
  int dims = 3;
  int64_t stride = 1, pad = 0;
  void make(maker &m, const std::string &name, int d, int64_t in, int64_t out, int64_t width,
            int64_t step, bool with_bias, bool turn = false, bool last = false) {
    dims = d, stride = step, pad = turn ? 0 : width / 2, transposed = turn, has_bias = with_bias;
    dims_list shape = turn ? dims_list{in, out} : dims_list{out, in};
    for (int a = 0; a < d; a++) shape.push_back(width);
    weight = m.list->size();
    m.add(name + ".weight", shape, CNN_WEIGHT, last);
    bias = m.list->size();
    if (with_bias) m.add(name + ".bias", {out}, CNN_BIAS, last);
  }
  Tensor run(const std::vector<named_tensor> &t, const Tensor &x) const {
    const Tensor &w = t[weight].tensor;
    Tensor b = has_bias ? t[bias].tensor : Tensor();
    dims_list s = repeat(dims, stride), p = repeat(dims, pad);
    if (transposed)
      return dims == 3 ? torch::conv_transpose3d(x, w, b, s, p)
                       : torch::conv_transpose2d(x, w, b, s, p);
    return dims == 3 ? torch::conv3d(x, w, b, s, p) : torch::conv2d(x, w, b, s, p);
  }
};

struct batch_norm {
  size_t first = 0;
  void make(maker &m, const std::string &name, int64_t n) {
    first = m.list->size();
    m.add(name + ".weight", {n}, CNN_SCALE);
    m.add(name + ".bias", {n}, CNN_BIAS);
    m.add(name + ".running_mean", {n}, CNN_MEAN);
    m.add(name + ".running_var", {n}, CNN_VARIANCE);
    m.add(name + ".num_batches_tracked", {}, CNN_COUNTER);
  }
  Tensor run(const std::vector<named_tensor> &t, const Tensor &x, bool training) const {
    if (training) {
      torch::NoGradGuard none;
      Tensor counter = t[first + 4].tensor;
      counter.add_(1);
    }
    return torch::batch_norm(x, t[first].tensor, t[first + 1].tensor, t[first + 2].tensor,
                             t[first + 3].tensor, training, 0.1, 1e-5, true);
  }
};

struct instance_norm {
  size_t first = 0;
  void make(maker &m, const std::string &name, int64_t n) {
    first = m.list->size();
    m.add(name + ".weight", {n}, CNN_SCALE);
    m.add(name + ".bias", {n}, CNN_BIAS);
  }
  Tensor run(const std::vector<named_tensor> &t, const Tensor &x) const {
    return torch::instance_norm(x, t[first].tensor, t[first + 1].tensor, Tensor(), Tensor(), true,
                                0.1, 1e-5, true);
  }
};

struct linear {
  size_t first = 0;
  void make(maker &m, const std::string &name, int64_t in, int64_t out, bool last) {
    first = m.list->size();
    m.add(name + ".weight", {out, in}, CNN_WEIGHT, last);
    m.add(name + ".bias", {out}, CNN_BIAS, last);
  }
  Tensor run(const std::vector<named_tensor> &t, const Tensor &x) const {
    return torch::linear(x, t[first].tensor, t[first + 1].tensor);
  }
};

/* Dropout from a generator of its own, so that no global state decides what is learnt. */
Tensor drop(const cnn_net &net, const Tensor &x, double share, uint64_t layer) {
  if (!net.training || share <= 0) return x;
  at::Generator g = at::detail::createCPUGenerator(net.seed * 1000003u + layer);
  Tensor keep = torch::empty(x.sizes(), torch::kFloat).bernoulli_(1 - share, g);
  return x * keep.to(x.device()) / (1 - share);
}

/* Hidden layers and the last one, on a vector a person. */
struct vector_head {
  std::vector<linear> layers;
  double dropout = 0;
  void make(maker &m, int64_t in, int64_t hidden, int count, int64_t out, double share) {
    dropout = share;
    layers.resize(static_cast<size_t>(count) + 1);
    for (int i = 0; i < count; i++) {
      layers[static_cast<size_t>(i)].make(m, "head.hidden" + std::to_string(i + 1), in, hidden,
                                          false);
      in = hidden;
    }
    layers.back().make(m, "head.fc", in, out, true);
  }
  Tensor run(const cnn_net &net, Tensor x) const {
    for (size_t i = 0; i + 1 < layers.size(); i++) {
      x = torch::relu(layers[i].run(net.tensors, x));
      x = drop(net, x, dropout, i);
    }
    if (layers.size() == 1) x = drop(net, x, dropout, 0);
    return layers.back().run(net.tensors, x);
  }
};

/* ---- residual network ---- */

struct block {
  conv one, two, side;
  batch_norm norm1, norm2, norm_side;
  bool has_side = false;
  void make(maker &m, const std::string &name, int dims, int64_t in, int64_t out, int64_t stride) {
    one.make(m, name + ".conv1", dims, in, out, 3, stride, false);
    norm1.make(m, name + ".bn1", out);
    two.make(m, name + ".conv2", dims, out, out, 3, 1, false);
    norm2.make(m, name + ".bn2", out);
    has_side = stride != 1 || in != out;
    if (!has_side) return;
    side.make(m, name + ".downsample.0", dims, in, out, 1, stride, false);
    norm_side.make(m, name + ".downsample.1", out);
  }
  Tensor run(const std::vector<named_tensor> &t, const Tensor &x, bool training) const {
    Tensor y = norm1.run(t, one.run(t, x), training).relu_();
    y = norm2.run(t, two.run(t, y), training);
    Tensor s = has_side ? norm_side.run(t, side.run(t, x), training) : x;
    return y.add_(s).relu_();
  }
};

struct resnet : cnn_net {
  cnn_arch arch;
  conv stem;
  batch_norm stem_norm;
  std::vector<block> blocks;
  vector_head last;

  explicit resnet(const cnn_arch &a) : arch(a) {
    dims = a.dims;
    maker m{&tensors};
    int64_t in = a.width;
    stem.make(m, "conv1", dims, a.channels, in, a.stem, a.stem == 7 ? 2 : 1, false);
    stem_norm.make(m, "bn1", in);
    for (int s = 0; s < a.stages; s++) {
      int64_t out = static_cast<int64_t>(a.width) << s;
      for (int b = 0; b < a.blocks[s]; b++) {
        blocks.emplace_back();
        std::string name = "layer" + std::to_string(s + 1) + "." + std::to_string(b);
        blocks.back().make(m, name, dims, in, out, s > 0 && b == 0 ? 2 : 1);
        in = out;
      }
    }
    last.make(m, in + a.columns, a.hidden, a.hidden > 0, a.outputs, a.dropout);
  }
  Tensor features(const Tensor &image) override {
    Tensor x = stem_norm.run(tensors, stem.run(tensors, image), training).relu_();
    if (arch.stem == 7) {
      dims_list three = repeat(dims, 3), two = repeat(dims, 2), one = repeat(dims, 1);
      x = dims == 3 ? torch::max_pool3d(x, three, two, one) : torch::max_pool2d(x, three, two, one);
    }
    for (const block &b : blocks) x = b.run(tensors, x, training);
    return x;
  }
  Tensor head(const Tensor &maps, const Tensor &columns) override {
    Tensor x = maps.flatten(2).mean(2).to(torch::kFloat);
    if (arch.columns > 0) x = torch::cat({x, columns}, 1);
    return last.run(*this, x);
  }
};

/* ---- U-Net ---- */

struct double_conv {
  conv one, two;
  instance_norm norm1, norm2;
  void make(maker &m, const std::string &name, int dims, int64_t in, int64_t out, int64_t stride) {
    one.make(m, name + ".conv1", dims, in, out, 3, stride, false);
    norm1.make(m, name + ".norm1", out);
    two.make(m, name + ".conv2", dims, out, out, 3, 1, false);
    norm2.make(m, name + ".norm2", out);
  }
  Tensor run(const std::vector<named_tensor> &t, const Tensor &x) const {
    Tensor y = torch::leaky_relu(norm1.run(t, one.run(t, x)), 0.01);
    return torch::leaky_relu(norm2.run(t, two.run(t, y)), 0.01);
  }
};

struct unet : cnn_net {
  cnn_arch arch;
  std::vector<double_conv> down, up;
  std::vector<conv> widen;
  conv last;

  explicit unet(const cnn_arch &a) : arch(a) {
    dims = a.dims;
    maker m{&tensors};
    int64_t in = a.channels;
    for (int s = 0; s < a.stages; s++) {
      down.emplace_back();
      int64_t out = static_cast<int64_t>(a.width) << s;
      down.back().make(m, "down" + std::to_string(s), dims, in, out, s ? 2 : 1);
      in = out;
    }
    for (int s = a.stages - 2; s >= 0; s--) {
      int64_t out = static_cast<int64_t>(a.width) << s;
      widen.emplace_back();
      widen.back().make(m, "widen" + std::to_string(s), dims, in, out, 2, 2, true, true);
      up.emplace_back();
      up.back().make(m, "up" + std::to_string(s), dims, 2 * out, out, 1);
      in = out;
    }
    last.make(m, "last", dims, in, a.outputs, 1, 1, true, false, true);
  }
  Tensor features(const Tensor &image) override {
    std::vector<Tensor> kept;
    Tensor x = image;
    for (const double_conv &d : down) kept.push_back(x = d.run(tensors, x));
    kept.pop_back();
    for (size_t i = 0; i < up.size(); i++) {
      x = torch::cat({widen[i].run(tensors, x), kept.back()}, 1);
      kept.pop_back();
      x = up[i].run(tensors, x);
    }
    return x;
  }
  Tensor head(const Tensor &maps, const Tensor &) override { return last.run(tensors, maps); }
};

/* ---- columns alone ---- */

struct table_net : cnn_net {
  vector_head last;
  explicit table_net(const cnn_arch &a) {
    maker m{&tensors};
    last.make(m, a.columns, a.hidden, a.stages, a.outputs, a.dropout);
  }
  Tensor features(const Tensor &) override { return Tensor(); }
  Tensor head(const Tensor &, const Tensor &columns) override { return last.run(*this, columns); }
};

} // namespace

cnn_net *net_make(const cnn_arch &a) {
  if (a.kind == CNN_RESNET) return new resnet(a);
  if (a.kind == CNN_UNET) return new unet(a);
  if (a.kind == CNN_TABLE) return new table_net(a);
  throw std::invalid_argument("unknown kind of network " + std::to_string(a.kind));
}
